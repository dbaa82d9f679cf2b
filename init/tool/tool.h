/* SPDX-License-Identifier: 0BSD
 *
 * tool/: programs that bring a system's files into the state that folders of configuration describe, under systemd's
 * names: units run them at boot, people and package scripts by hand. They may block, and take hostile trees for granted.
 * May include base/, unit/, helper/ (programs), client/ (options, output) and sys.h. */
#ifndef TOOL_H
#define TOOL_H

#include "../client/client.h"
#include "../helper/helper.h"

int tmpfiles_main(int argc, char **argv);    /* systemd-tmpfiles(8) */
int sysusers_main(int argc, char **argv);    /* systemd-sysusers(8) */
int sysctl_main(int argc, char **argv);      /* systemd-sysctl.service(8) */
int modules_main(int argc, char **argv);     /* systemd-modules-load.service(8) */
int seed_main(int argc, char **argv);        /* systemd-random-seed.service(8) */
int sessions_main(int argc, char **argv);    /* systemd-user-sessions.service(8) */

/* config.c: the options that all have, and files read line by line */
#define TOOL_OPTIONS(O) \
    O(FLAG, 'h', "help", help) O(FLAG, 0, "version", version) O(FLAG, 0, "cat-config", cat_config) \
    O(FLAG, 0, "no-pager", ignored)
#define ROOT_OPTIONS(O) O(TEXT, 0, "root", root) O(REFUSED, 0, "image", ignored) O(TEXT, 0, "replace", replace)

struct config {
    const char *folder, *comments;           /* NAME.d; a line that begins with one of these is a comment */
    const char *complaint;                   /* of a file that cannot be read: its name, and why */
    int (*take)(char *line);                 /* each line, without blanks at both ends, not empty; may be written into */
    bool all_count;                          /* an error is no reason not to read the next file, and counts wherever it was */
};
/* Does what options ask for; true: nothing is left to be done, *status is what to exit with. */
bool tool_begin(const struct options *options, const struct config *c, const char *about, int *argc, char **argv, int *status);
/* Reads NAME.d, or what argv names. The first error that counts: of a file that was named, or any. */
int config_read(const struct config *c, int argc, char **argv);
int config_say(enum level level, const char *fmt, ...) PRINTF(2, 3);    /* FILE:LINE: ...; returns -EBADMSG */
extern bool config_inline;                   /* argv has lines, not files */
/* The words of a line, "-" is "": how many there were, or -EINVAL. The last is the rest, as it is. */
int config_fields(char *line, char **field, u32 n);
/* %-specifiers, those of `letters`; others stay as they are. -EUNATCH: the machine has not got what it stands for. */
int config_expand(struct str text, const char *letters, struct buf *out);
char *keep(struct str text);                 /* a text that outlives its file; NULL: told */
bool prefix_wanted(const char *path);        /* by --prefix= and --exclude-prefix= */

int parse_id(struct str text, u32 *id);      /* of a user or group, as systemd reads it */
/* 0 or -ESRCH: the id of a user (file "passwd") or a group ("group") of the tree, by name or number. */
int find_account(const char *file, const char *name, u32 *id);

/* walk.c: paths whose parts others may change while we look at them. 0 or a descriptor, or a negative errno. */
enum walk_flags { WALK_SAFE = 1 /* no way from what one user owns to another's: -ENOLINK, told */,
                  WALK_NOFOLLOW = 2 /* the last part may be a link */, WALK_NO_AUTOFS = 4 /* -EREMOTE */, WALK_QUIET = 8 };
int walk(const char *path, u32 flags);       /* O_PATH; links stay below --root, with which path begins */
int remove_below(int fd);                    /* all that a folder holds; closes it; stays on its file system */
int remove_at(int dir, const char *name);    /* whatever that is; no link is followed */
struct owner { u32 uid, gid; };              /* UINT32_MAX: as it is */
int copy_at(int from, const char *name, int to, const char *new_name, struct owner owner, u32 depth);
const char *fd_path(int fd);                 /* /proc/self/fd/N */
const char *path_of(int fd);                 /* what that leads to */

#endif
