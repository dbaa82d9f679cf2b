/* SPDX-License-Identifier: 0BSD
 *
 * Small files and folders of /proc, /sys and /run, which are read at once and do not wait. */
#include "base.h"
#include "../sys.h"

ssize_t file_text(const char *path, char *text, size_t size)
{
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fd;
    ssize_t n = sys_read(fd, text, size - 1);
    sys_close(fd);
    if (n >= 0)
        text[n] = 0;
    return n;
}

void dir_open(struct dir *d, int at, const char *path)
{
    d->fd = sys_openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    d->n = d->at = 0;
}

struct dirent *dir_next(struct dir *d)
{
    while (d->fd >= 0) {
        if (d->at >= d->n) {
            d->n = sys_getdents(d->fd, d->entries, sizeof d->entries);
            d->at = 0;
            if (d->n <= 0)
                break;
        }
        struct dirent *e = (void *)(d->entries + d->at);
        d->at += e->d_reclen;
        if (!STREQ(e->d_name, ".") && !STREQ(e->d_name, ".."))
            return e;
    }
    if (d->fd >= 0)
        sys_close(d->fd);
    d->fd = -1;
    return NULL;
}
