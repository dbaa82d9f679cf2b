/* SPDX-License-Identifier: 0BSD
 *
 * systemd-tmpfiles --remove and --clean: what goes, and what is too young to. */
#include "tmpfiles.h"

#include <dirent.h>
#include <linux/stat.h>
#include <sys/file.h>

enum { DEPTH_MAX = 256 };                    /* systemd's */

/* ---- --remove ------------------------------------------------------------------------------ */

static struct item *item;                    /* whose pattern it is */

static int remove_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    int dir = -EPERM, r = -EPERM;            /* "/" is not removed */
    if (slash[1])
        r = dir = sys_open(slash == path ? "/" : z_fmt("%.*s", (int)(slash - path), path), O_PATH | O_DIRECTORY);
    if (dir >= 0 && item->type == 'R') {
        r = remove_at(dir, slash + 1);
    } else if (dir >= 0) {
        r = sys_unlinkat(dir, slash + 1, 0);
        if (r == -EISDIR)
            r = sys_unlinkat(dir, slash + 1, AT_REMOVEDIR);
    }
    sys_close(dir);
    if (r < 0 && r != -ENOENT)
        log_line(LOG_ERR, "%s(%s): %s", item->type == 'R' ? "rm_rf" : "rm", path, strerror(-r));
    return r == -ENOENT ? 0 : r;
}

int item_remove(struct item *i)
{
    item = i;
    if (i->type == 'r' || i->type == 'R')
        return glob_each(i->path, false, remove_path);
    if (i->type != 'D')
        return 0;
    int fd = open_folder(AT_FDCWD, i->path, false);
    int r = fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? 0 : fd < 0 ? fd : remove_below(fd);
    if (r < 0)
        log_line(LOG_ERR, "rm_rf(%s): %s", i->path, strerror(-r));
    return r;
}

/* ---- --clean ------------------------------------------------------------------------------- */

/* Addresses that sockets are bound to, as the kernel lists them. */
static bool socket_alive(const char *path)
{
    static char text[1 << 20];
    static struct str all;
    if (!all.p)
        all = file_text("/proc/net/unix", text, sizeof text);
    if (!all.n || all.n == sizeof text - 1)
        return true;                         /* we do not know */
    for (struct str rest = all, line; (line = str_line(&rest, '\n')).p;) {
        int at = str_find(line, '/');
        if (at >= 0 && str_is(str_from(line, (size_t)at), path))
            return true;
    }
    return false;
}

struct cutoff { i64 seconds; u32 nanoseconds; };

static bool newer(const struct statx *x, u32 bit, const struct statx_timestamp *t, const struct cutoff *c)
{
    return x->stx_mask & bit && t->tv_sec >= 0
        && (t->tv_sec > c->seconds || (t->tv_sec == c->seconds && t->tv_nsec >= c->nanoseconds));
}

static bool is_old(const struct statx *x, u8 by, const struct cutoff *c)
{
    return !((by & BY_MTIME && newer(x, STATX_MTIME, &x->stx_mtime, c)) || (by & BY_ATIME && newer(x, STATX_ATIME, &x->stx_atime, c))
             || (by & BY_CTIME && newer(x, STATX_CTIME, &x->stx_ctime, c)) || (by & BY_BTIME && newer(x, STATX_BTIME, &x->stx_btime, c)));
}

/* One folder on the way down. */
struct place { int fd; struct statx x; bool mount, keep; u32 depth; };

static bool other_mount(const struct place *l, const struct statx *x)
{
    return x->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT ? x->stx_attributes & STATX_ATTR_MOUNT_ROOT
         : x->stx_dev_major != l->x.stx_dev_major || x->stx_dev_minor != l->x.stx_dev_minor;
}

static void clean_folder(struct place *l, struct buf *path, const struct cutoff *c);

static void clean_subfolder(const struct place *l, const char *name, const struct statx *x, struct buf *path, const struct cutoff *c)
{
    struct place below = { -1, *x, false, false, l->depth + 1 };
    if (l->mount && STREQ(name, "lost+found") && !x->stx_uid)
        return;
    if (below.depth > DEPTH_MAX) {
        log_line(LOG_WARNING, "Reached max depth on \"%s\".", path->p);
    } else {
        below.fd = open_folder(l->fd, name, false);
        if (below.fd < 0) {
            if (below.fd != -ENOENT)
                log_line(LOG_WARNING, "Opening directory \"%s\" failed, ignoring: %s", path->p, strerror(-below.fd));
            return;
        }
        if (sys_lock(below.fd, LOCK_EX | LOCK_NB) < 0) {
            sys_close(below.fd);             /* somebody says: not this one */
            return;
        }
        clean_folder(&below, path, c);
    }
    if (l->keep || !is_old(x, item->by_folder, c))
        return;
    int r = sys_unlinkat(l->fd, name, AT_REMOVEDIR);
    if (r < 0 && r != -ENOENT && r != -ENOTEMPTY)
        log_line(LOG_WARNING, "Failed to remove directory \"%s\", ignoring: %s", path->p, strerror(-r));
}

static bool clean_file(const struct place *l, const char *name, const struct statx *x, const char *path, const struct cutoff *c)
{
    u32 type = x->stx_mode & S_IFMT;
    if (x->stx_mode & S_ISVTX || type == S_IFCHR || type == S_IFBLK || l->keep)
        return false;
    if (l->mount && type == S_IFREG && !x->stx_uid && z_in(".journal\0aquota.user\0aquota.group\0", name))
        return false;
    if ((type == S_IFSOCK && socket_alive(path)) || !is_old(x, item->by_file, c))
        return false;
    int r = sys_unlinkat(l->fd, name, 0);
    if (r < 0 && r != -ENOENT)
        log_line(LOG_WARNING, "Failed to remove \"%s\", ignoring: %s", path, strerror(-r));
    return true;
}

/* Closes l->fd. The folder's times are as they were before, but for what others do meanwhile. */
static void clean_folder(struct place *l, struct buf *path, const struct cutoff *c)
{
    struct dir d;
    struct statx x;
    bool deleted = false;
    u32 n = path->n;
    (void)dir_at(&d, open_folder(l->fd, ".", false));
    for (struct dirent *e; (e = dir_next(&d));) {
        int r = sys_statx(l->fd, e->d_name, STATX_BASIC_STATS | STATX_BTIME, &x);
        if (r < 0 && r != -ENOENT && r != -EACCES)
            log_line(LOG_ERR, "statx(%s/%s) failed: %s", buf_end(path), e->d_name, strerror(-r));
        if (r < 0 || other_mount(l, &x))
            continue;
        buf_fmt(path, "/%s", e->d_name);
        if (path_has_item(buf_end(path)) || path->over)
            ;                                /* a line of its own says what becomes of it */
        else if (S_ISDIR(x.stx_mode))
            clean_subfolder(l, e->d_name, &x, path, c);
        else
            deleted |= clean_file(l, e->d_name, &x, path->p, c);
        path->n = n;
        path->over = false;
    }
    const struct timespec times[2] = { { l->x.stx_atime.tv_sec, l->x.stx_atime.tv_nsec },
                                       { l->x.stx_mtime.tv_sec, l->x.stx_mtime.tv_nsec } };
    buf_end(path);
    if (deleted)
        (void)sys_set_times(l->fd, NULL, times);
    sys_close(l->fd);
}

static int clean_one(const char *path)
{
    BUF(full, PATH_BYTES);
    struct place l = { .keep = item->flags & KEEP_FIRST };
    struct statx up;
    usec now = sys_now_real();
    if (!(item->flags & HAS_AGE) || now < item->age)
        return 0;
    struct cutoff c = { (i64)((now - item->age) / USEC_SEC), (u32)((now - item->age) % USEC_SEC * 1000) };
    l.fd = open_folder(AT_FDCWD, path, false);
    if (l.fd < 0) {
        if (l.fd != -ENOENT && l.fd != -ENOTDIR && l.fd != -ELOOP)
            log_line(LOG_ERR, "Failed to open directory %s: %s", path, strerror(-l.fd));
        return 0;
    }
    if (sys_statx(l.fd, "", STATX_BASIC_STATS, &l.x) < 0 || sys_statx(l.fd, "..", STATX_BASIC_STATS, &up) < 0) {
        sys_close(l.fd);
        return 0;
    }
    l.mount = l.x.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT ? l.x.stx_attributes & STATX_ATTR_MOUNT_ROOT
            : other_mount(&l, &up) || l.x.stx_ino == up.stx_ino;
    buf_z(&full, STREQ(path, "/") ? "" : path);
    clean_folder(&l, &full, &c);
    return 0;
}

void item_clean(struct item *i)
{
    item = i;
    if (in_set((char)i->type, "dDvqQxC"))
        (void)clean_one(i->path);
    else if (i->type == 'e' || i->type == 'X')
        (void)glob_each(i->path, false, clean_one);
}
