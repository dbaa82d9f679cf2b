/* SPDX-License-Identifier: 0BSD
 *
 * What the files that act on [Install] share (install_find.c, install_state.c, install.c); no other
 * includes this. Paths are without search_root. */
#ifndef INSTALL_H
#define INSTALL_H

#include "unit.h"
#include "../sys.h"

#define CONFIG "/etc/systemd/system"
#define RUNTIME "/run/systemd/system"

/* One text of a list; all of this lies in the space that install_begin() empties. */
struct item { const char *text; struct item *next; };
struct items { struct item *first, *last; };
void items_add(struct items *list, const char *text);
bool items_have(const struct items *list, const char *text);

enum install_mode { MODE_UNKNOWN, MODE_REGULAR, MODE_LINKED, MODE_ALIAS, MODE_MASKED };
enum install_list { WANTED_BY, REQUIRED_BY, ALIAS, ALSO, DEFAULT_INSTANCE, INSTALL_LISTS };

/* A unit file that a verb deals with. */
struct info {
    struct info *next;
    const char *name, *path;             /* path NULL: not found yet */
    const char *target;                  /* of a link: where it leads */
    const char *instance;                /* DefaultInstance=, or NULL */
    struct items lists[ALSO];
    u8 mode;
    bool also, auxiliary;                /* has Also=; is only named by another's */
};

/* All of one pass: those before `todo` are done with; what is found on the way comes behind. */
struct context { struct info *first, *last, *todo; };

enum search_flags { SEARCH_LOAD = 1, SEARCH_FOLLOW = 2 /* links in CONFIG and RUNTIME too */, SEARCH_BUILTIN = 4,
                    SEARCH_FILES = 8 /* nothing generated */ };

/* install_find.c */
void *install_take(size_t bytes);                      /* never NULL; once it is full, install_full is set */
const char *install_keep(struct str s);
extern bool install_full;
int note(int type, const char *path, const char *source);      /* what was done or failed; returns the type */
const char *full_path(const char *path);               /* kept, with search_root before it */
const char *base_of(const char *path);
bool is_config(const char *path);                      /* lies in CONFIG or RUNTIME */
bool is_compact(const char *path);
bool is_generated(const char *path);
bool is_transient(const char *path);
bool below_search_dirs(const char *path, bool directly);
int chase(const char *path, bool follow_last, char *out);      /* links resolved; what is not there stays */
int install_expand(const struct info *info, struct str text, struct buf *out);
struct info *install_known(const struct context *c, const char *name);
int install_add(struct context *c, const char *name, const char *path, bool auxiliary, struct info **out);
int install_search(struct context *c, struct info *info, u32 flags);
int install_traverse(struct context *c, struct info *start, u32 flags, struct info **out);
int install_discover(struct context *c, const char *name_or_path, u32 flags, struct info **out, bool tell);
/* May a link of this name stand for the unit? -EINVAL, -EXDEV: no; -ELOOP: it is the unit. */
int install_alias_ok(const char *alias, const char *target, bool tell);

/* install_state.c */
void presets_read(void);                               /* unless they are known */
int preset_query(const char *name, struct items *instances);   /* 1: enable, 0: disable */

#endif
