/* SPDX-License-Identifier: 0BSD
 *
 * Folders, and small files, whole: those of /proc, /sys and /etc that hold a line or a table. Unit files and what
 * else may be large or hostile are read elsewhere (unit/search.c). */
#include "base.h"
#include "../limits.h"
#include "../sys.h"

#include <dirent.h>

int file_get(const char *path, char *text, u32 size)
{
    u32 n = 0;
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    ssize_t got = fd;
    while (fd >= 0 && n < size - 1 && (got = sys_read(fd, text + n, size - 1 - n)) > 0)
        n += (u32)got;
    sys_close(fd);
    text[n] = 0;
    return got < 0 && !n ? (int)got : (int)n;
}

int file_line(const char *path, char *text, u32 size)
{
    int n = file_get(path, text, size);
    text[strcspn(text, "\n")] = 0;
    return n;
}

int file_put(const char *path, struct str text, u32 create)
{
    int flags = create ? O_WRONLY | O_NOCTTY | O_CREAT | O_TRUNC : O_WRONLY | O_NOCTTY;
    int fd = sys_openat(AT_FDCWD, path, flags, create);
    ssize_t n = fd < 0 ? fd : sys_write(fd, text.p, text.n);
    sys_close(fd);
    return n < 0 ? (int)n : 0;
}

struct str file_text(const char *path, char *space, u32 size)
{
    int n = file_get(path, space, size);
    return (struct str){ space, n > 0 ? (size_t)n : 0 };
}

struct str file_value(struct str text, const char *key)
{
    size_t n = strlen(key);
    for (struct str line; (line = str_line(&text, '\n')).p;)
        if (str_starts(line, key) && line.n > n && line.p[n] == '=')
            return str_from(line, n + 1);
    return (struct str){ "", 0 };
}

bool name_is_hidden(const char *name)
{
    const char *dot = strrchr(name, '.');
    return *name == '.' || z_ends(name, "~") || z_in("lost+found\0aquota.user\0aquota.group\0", name)
        || (dot && z_in("rpmnew\0rpmsave\0rpmorig\0dpkg-old\0dpkg-new\0dpkg-tmp\0dpkg-dist\0dpkg-bak\0dpkg-backup\0"
                        "dpkg-remove\0ucf-new\0ucf-old\0ucf-dist\0swp\0bak\0old\0new\0", dot + 1));
}

void make_folders(const char *path, mode_t mode)
{
    BUF(part, PATH_BYTES);
    for (const char *p = path; *p; p++) {
        if (*p == '/' && p > path)
            (void)sys_mkdir(buf_end(&part), mode);
        buf_c(&part, *p);
    }
}

int dir_at(struct dir *d, int fd)
{
    d->at = d->n = 0;
    return d->fd = fd;
}

int dir_open(struct dir *d, const char *path) { return dir_at(d, sys_open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK)); }

struct dirent *dir_next(struct dir *d)
{
    struct dirent *e;
    do {
        if (d->at == d->n) {
            ssize_t n = d->fd < 0 ? d->fd : sys_getdents(d->fd, d->entries, sizeof d->entries);
            if (n <= 0) {
                dir_close(d);
                return NULL;
            }
            d->at = 0;
            d->n = (u32)n;
        }
        e = (void *)(d->entries + d->at);
        d->at += e->d_reclen;
    } while (STREQ(e->d_name, ".") || STREQ(e->d_name, ".."));
    return e;
}

void dir_close(struct dir *d)
{
    sys_close(d->fd);
    d->fd = -1;
}

/* ---- globs --------------------------------------------------------------------------------- */

static bool glob_take(const char *path, const char *after, char *found)
{
    bool better = !after || (strcmp(path, after) > 0 && (!*found || strcmp(path, found) < 0));
    return better && z_copy(found, PATH_BYTES, str_of(path));
}

/* One level: the folder before the part with the pattern is read, the rest is tried on each name that
 * matches. True: one has been found that is as good as any. */
static bool glob_level(const char *pattern, const char *after, char *found, u32 depth)
{
    struct stat st;
    const char *wild = pattern + strcspn(pattern, "*?[");
    if (!*wild)
        return sys_lstat(pattern, &st) == 0 && glob_take(pattern, after, found) && !after;
    while (wild > pattern && wild[-1] != '/')
        wild--;
    char part[256], next[PATH_BYTES];
    struct dir d;
    bool done = false;
    const char *rest = wild + strcspn(wild, "/");
    int above = (int)(wild - pattern);
    if (!z_copy(part, sizeof part, (struct str){ wild, (size_t)(rest - wild) }))
        return false;                    /* no file has such a name */
    dir_open(&d, above ? path_fmt(next, "%.*s", above, pattern) : ".");
    for (struct dirent *e; depth && !done && (e = dir_next(&d));)
        if ((e->d_name[0] != '.' || *part == '.') && glob_match(part, e->d_name))
            done = glob_level(path_fmt(next, "%.*s%s%s", above, pattern, e->d_name, rest), after, found, depth - 1);
    dir_close(&d);
    return done;
}

bool glob_after(const char *pattern, const char *after, char *found)
{
    *found = 0;
    (void)glob_level(pattern, after, found, 8);
    return *found;
}
