/* SPDX-License-Identifier: 0BSD
 *
 * Small files and folders, read by name. Nothing is kept open. */
#include "base.h"
#include "../limits.h"
#include "../sys.h"

#include <dirent.h>

int file_small(const char *path, char *text, u32 size)
{
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    ssize_t n = fd < 0 ? fd : sys_read(fd, text, size - 1);
    text[MAX(n, 0)] = 0;
    if (fd >= 0)
        sys_close(fd);
    return (int)n;
}

void make_parents(const char *path)
{
    BUF(part, PATH_BYTES);
    for (const char *p = path; *p; p++) {
        if (*p == '/' && p > path)
            (void)sys_mkdir(buf_end(&part), 0755);
        buf_c(&part, *p);
    }
}

int dir_open(struct dir *d, const char *path)
{
    d->at = d->n = 0;
    return d->fd = sys_open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
}

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
    if (d->fd >= 0)
        sys_close(d->fd);
    d->fd = -1;
}
