/* SPDX-License-Identifier: 0BSD
 *
 * Small files and folders, whole: those of /proc, /sys and /etc that hold a line or a table. Unit files and what
 * else may be large or hostile are read elsewhere (unit/search.c). */
#include "base.h"
#include "../sys.h"

#include <dirent.h>

ssize_t file_get(const char *path, char *text, size_t size)
{
    size_t n = 0;
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    ssize_t got = fd;
    while (fd >= 0 && n < size - 1 && (got = sys_read(fd, text + n, size - 1 - n)) > 0)
        n += (size_t)got;
    sys_close(fd);
    text[n] = 0;
    return got < 0 && !n ? got : (ssize_t)n;
}

ssize_t file_line(const char *path, char *text, size_t size)
{
    ssize_t n = file_get(path, text, size);
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

struct str file_text(const char *path, char *space, size_t size)
{
    ssize_t n = file_get(path, space, size);
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

void dir_open(struct dir *d, const char *path)
{
    d->fd = sys_open(path, O_RDONLY | O_DIRECTORY);
    d->n = d->at = 0;
}

struct dirent *dir_next(struct dir *d)
{
    for (;;) {
        if (d->at >= d->n) {
            d->at = 0;
            d->n = (i32)sys_getdents(d->fd, d->entries, sizeof d->entries);
            if (d->n <= 0) {
                sys_close(d->fd);
                d->fd = -1;
                return NULL;
            }
        }
        struct dirent *e = (void *)(d->entries + d->at);
        d->at += e->d_reclen;
        if (e->d_name[0] != '.')
            return e;
    }
}
