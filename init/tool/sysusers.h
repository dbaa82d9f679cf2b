/* SPDX-License-Identifier: 0BSD
 *
 * Users and groups to be made, between what lines say (sysusers.c) and the files they go to (userdb.c). */
#ifndef SYSUSERS_H
#define SYSUSERS_H

#include "tool.h"

enum { ACCOUNTS_MAX = 4096 };                /* Debian has 250 packages with users of their own; an image has 30 users */

struct account {
    const char *name, *group_name, *uid_path, *gid_path, *description, *home, *shell;
    u32 uid, gid;
    bool user, uid_set, gid_set;
    bool strict;                             /* the group must be there, and the user's id need not be free as a group's */
    bool is_new, new_group;
};
struct member { const char *group, *user; };

extern struct account *new_users[ACCOUNTS_MAX], *new_groups[ACCOUNTS_MAX];   /* in the order they were given ids */
extern u32 new_users_n, new_groups_n;
extern struct member members[ACCOUNTS_MAX];
extern u32 members_n;
const char *shell_of(const struct account *a);

enum db { DB_GROUP, DB_GSHADOW, DB_PASSWD, DB_SHADOW };
int db_lock(void);                           /* as lckpwdf(3) */
int db_load(void);
struct str db_name(enum db which, u32 id);   /* empty: nobody has it */
bool db_id(enum db which, const char *name, u32 *id);
int db_write(bool dry_run);                  /* what is new, with backups of what was */

#endif
