/* SPDX-License-Identifier: 0BSD
 *
 * One line of tmpfiles.d, for the three files that systemd-tmpfiles is: what a line says (tmpfiles.c), bringing that
 * about (make.c), and taking away (clean.c). */
#ifndef TMPFILES_H
#define TMPFILES_H

#include "tool.h"

enum item_flags {
    HAS_USER = 1, HAS_GROUP = 2, HAS_MODE = 4, HAS_AGE = 8,
    NEW_USER = 16, NEW_GROUP = 32, NEW_MODE = 64,    /* ":": only of what is made now */
    MASK_MODE = 128,                         /* "~": without bits that nobody has */
    KEEP_FIRST = 256,                        /* "~" of an age: what is in the folder itself stays */
    APPEND_OR_FORCE = 512, MAY_FAIL = 1024, REPLACE = 2048,      /* the modifiers + - = */
};
enum age_by { BY_ATIME = 1, BY_BTIME = 2, BY_CTIME = 4, BY_MTIME = 8 };

struct item {
    const char *path, *argument;             /* path: with --root before it */
    u32 argument_n, uid, gid, mode, flags;
    usec age;
    dev_t device;
    u8 type, by_file, by_folder, done;
    u16 same;                                /* the next item of the same path */
};

enum { ITEMS_MAX = 8192 };                   /* Debian's packages have 1,100 lines in all */

/* Is there a line for this path, or a pattern that matches it? */
bool path_has_item(const char *path);

enum made { IS_NEW, WAS_THERE };
int item_make(struct item *i);               /* make.c; what goes wrong is told */
int set_rights(const struct item *i, int fd, const char *path, enum made made);
int item_remove(struct item *i);             /* clean.c */
void item_clean(struct item *i);

#endif
