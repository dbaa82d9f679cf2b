/* SPDX-License-Identifier: 0BSD
 *
 * Trees that others may change while we look at them: paths are walked part by part with descriptors, no link is
 * followed where none may be, and nothing that an unprivileged user owns leads to what he does not. Removing and
 * copying trees likewise. Knows nothing of tmpfiles.d. */
#include "tool.h"

#include <dirent.h>
#include <linux/stat.h>
#include <sys/statfs.h>

enum { DEPTH_MAX = 512 };                    /* a folder costs a descriptor and 4 KiB of stack */

const char *fd_path(int fd) { return z_fmt("/proc/self/fd/%d", fd); }

const char *path_of(int fd)
{
    struct buf *b = z_buf();
    ssize_t n = sys_readlinkat(AT_FDCWD, fd_path(fd), b->p, b->cap);
    return n < 0 ? "n/a" : b->p;
}

/* ---- walking ------------------------------------------------------------------------------- */

/* From what an unprivileged user owns only to what the same one owns, or he could lead us anywhere by a link. */
static bool unsafe(const struct stat *a, const struct stat *b) { return a->st_uid != 0 && a->st_uid != b->st_uid; }

static const char *owner_of(int fd)
{
    static char passwd[1 << 16], name[2][32];
    static u32 turn;
    char *f[3];
    struct stat st;
    struct buf id = BUF_OVER(name[turn ^= 1]);
    buf_u64(&id, sys_fstat(fd, &st) < 0 ? UINT32_MAX : st.st_uid);
    if (!account_find(file_text("/etc/passwd", passwd, sizeof passwd), buf_end(&id), f, 3))
        return id.p;
    z_copy(id.p, id.cap, str_of(f[0]));
    return id.p;
}

static int say_unsafe(int a, int b, u32 flags, const char *path)
{
    if (!(flags & WALK_QUIET))
        log_line(LOG_WARNING, "Detected unsafe path transition %s (owned by %s) %s %s (owned by %s) during canonicalization of %s.",
                 path_of(a), owner_of(a), is_utf8() ? "\xe2\x86\x92" : "->", path_of(b), owner_of(b), path);
    return -ENOLINK;
}

static bool is_autofs(int fd)
{
    struct statfs fs;
    return sys_fstatfs(fd, &fs) == 0 && fs.f_type == 0x0187;
}

struct walk { int fd; struct stat st; u32 depth, links; char todo[2 * PATH_BYTES]; };

static int open_root(void) { return sys_open(*search_root ? search_root : "/", O_PATH | O_DIRECTORY); }

/* Goes on at `next`, which `from` leads to and which is checked; the old place is closed. */
static int step_to(struct walk *w, int from, int next, u32 flags, const char *path)
{
    struct stat st;
    int r = next < 0 ? next : sys_fstat(next, &st);
    if (r == 0 && flags & WALK_SAFE && from >= 0 && unsafe(&w->st, &st))
        r = say_unsafe(from, next, flags, path);
    if (r == 0 && flags & WALK_NO_AUTOFS && is_autofs(next))
        r = -EREMOTE;
    if (r < 0) {
        sys_close(next);
        return r;
    }
    sys_close(w->fd);
    w->fd = next;
    w->st = st;
    return 0;
}

/* The link that `fd` is goes before what is left to walk. */
static int follow(struct walk *w, int fd, struct str rest, u32 flags, const char *path)
{
    char target[PATH_BYTES], left[2 * PATH_BYTES];
    ssize_t n = sys_readlinkat(fd, "", target, sizeof target);
    if (n < 0 || ++w->links > 32)
        return n < 0 ? (int)n : -ELOOP;
    struct buf b = BUF_OVER(left);
    buf_fmt(&b, "%s/", target);
    buf_str(&b, rest);
    if (b.over || !z_copy(w->todo, sizeof w->todo, STR(b)))
        return -ENAMETOOLONG;
    if (target[0] != '/')
        return 0;
    w->depth = 0;
    return step_to(w, fd, open_root(), flags, path);
}

/* One part of the path. */
static int step(struct walk *w, struct str *rest, const char *name, u32 flags, const char *path)
{
    struct stat st;
    if (STREQ(name, "..")) {
        if (!w->depth)
            return 0;
        w->depth--;
        return step_to(w, w->fd, sys_openat(w->fd, "..", O_PATH | O_DIRECTORY, 0), flags, path);
    }
    int fd = sys_openat(w->fd, name, O_PATH | O_NOFOLLOW, 0);
    int r = fd < 0 ? fd : sys_fstat(fd, &st);
    bool last = !str_trim(*rest).n;
    if (r < 0 || !S_ISLNK(st.st_mode) || (last && flags & WALK_NOFOLLOW)) {
        w->depth++;
        return r < 0 ? r : step_to(w, w->fd, fd, flags, path);
    }
    if (flags & WALK_SAFE && unsafe(&w->st, &st))
        r = say_unsafe(w->fd, fd, flags, path);
    w->st = st;                              /* who owns the link leads us from here */
    if (r == 0)
        r = follow(w, fd, *rest, flags, path);
    *rest = str_of(w->todo);
    sys_close(fd);
    return r;
}

int walk(const char *given, u32 flags)
{
    static struct walk w;
    char name[NAME_BYTES], path[PATH_BYTES];
    if (!z_copy(path, sizeof path, str_of(given)))       /* it may be one of z_fmt()'s */
        return -ENAMETOOLONG;
    const char *below = z_after(path, search_root);
    w.fd = -1;
    w.depth = w.links = 0;
    int r = step_to(&w, -1, open_root(), 0, path);
    z_copy(w.todo, sizeof w.todo, str_of(below ? below : path));
    struct str rest = str_of(w.todo), part;
    while (r == 0 && (part = str_word(&rest, "/")).p) {
        if (str_is(part, "."))
            continue;
        while (rest.n && rest.p[0] == '/')
            rest = str_from(rest, 1);
        r = z_copy(name, sizeof name, part) ? step(&w, &rest, name, flags, path) : -ENAMETOOLONG;
    }
    if (r == 0)
        return w.fd;
    sys_close(w.fd);
    return r;
}

/* ---- removing ------------------------------------------------------------------------------ */

static int remove_tree(int fd, dev_t device, u32 depth);

static bool is_mount(int dir, const char *name)
{
    struct statx x;
    return sys_statx(dir, name, STATX_TYPE, &x) == 0 && x.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

static int remove_one(int dir, const char *name, dev_t device, u32 depth)
{
    struct stat st;
    int r = sys_stat_at(dir, name, &st), below = 0;
    if (r < 0)
        return r;
    if (!S_ISDIR(st.st_mode))
        return sys_unlinkat(dir, name, 0);
    if ((device && st.st_dev != device) || is_mount(dir, name))
        return 0;                            /* not ours to empty */
    if (depth >= DEPTH_MAX)
        return -ELOOP;
    below = open_folder(dir, name, false);
    if (below >= 0)
        below = remove_tree(below, st.st_dev, depth + 1);
    r = sys_unlinkat(dir, name, AT_REMOVEDIR);
    return below < 0 ? below : r;
}

/* A folder that somebody fills while it is read would keep us here: what is new after the first pass stays. */
static int remove_tree(int fd, dev_t device, u32 depth)
{
    struct dir d;
    int first = dir_at(&d, fd) < 0 ? fd : 0;
    for (struct dirent *e; (e = dir_next(&d));) {
        int r = remove_one(fd, e->d_name, device, depth);
        if (r < 0 && r != -ENOENT && first == 0)
            first = r;
    }
    return first;
}

int remove_below(int fd)
{
    struct stat st;
    return sys_fstat(fd, &st) < 0 ? -EBADF : remove_tree(fd, st.st_dev, 0);
}

int remove_at(int dir, const char *name) { return remove_one(dir, name, 0, 0); }

/* ---- copying ------------------------------------------------------------------------------- */

static void set_owner(int fd, const struct stat *st, struct owner o)
{
    (void)sys_fchown_any(fd, o.uid == UINT32_MAX ? st->st_uid : o.uid, o.gid == UINT32_MAX ? st->st_gid : o.gid);
    if (!S_ISLNK(st->st_mode))
        (void)sys_chmod(fd_path(fd), st->st_mode & 07777);
}

static int copy_file(int from, const char *name, const struct stat *st, int to, const char *new_name)
{
    int in = sys_openat(from, name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0);
    int out_fd = in < 0 ? in : sys_openat(to, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, st->st_mode & 0777);
    ssize_t n = out_fd;
    while (n >= 0 && (n = sys_sendfile(out_fd, in, 1 << 20)) > 0)
        ;
    if (n < 0 && out_fd >= 0)
        (void)sys_unlinkat(to, new_name, 0);
    sys_close(in);
    sys_close(out_fd);
    return n < 0 ? (int)n : 0;
}

static bool is_empty(int at, const char *name)
{
    struct dir d;
    bool empty = dir_at(&d, open_folder(at, name, false)) >= 0 && !dir_next(&d);
    dir_close(&d);
    return empty;
}

/* An empty folder that is there is filled, and stays as it is otherwise. */
static int copy_folder(int from, const char *name, const struct stat *st, int to, const char *new_name,
                       struct owner owner, u32 depth, bool *was_there)
{
    struct dir d;
    int first = 0;
    *was_there = is_empty(to, new_name);
    int r = depth >= DEPTH_MAX ? -ENAMETOOLONG : *was_there ? 0 : sys_mkdirat(to, new_name, st->st_mode & 07777);
    *was_there |= r < 0;
    int target = r < 0 ? r : sys_openat(to, new_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (target < 0)
        return target;
    int fd = dir_at(&d, sys_openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0));
    first = fd < 0 ? fd : 0;
    for (struct dirent *e; (e = dir_next(&d));)
        if ((r = copy_at(fd, e->d_name, target, e->d_name, owner, depth + 1)) < 0)
            first = r;
    sys_close(target);
    return first;
}

int copy_at(int from, const char *name, int to, const char *new_name, struct owner owner, u32 depth)
{
    struct stat st;
    char target[PATH_BYTES];
    bool was_there = false;
    int r = sys_stat_at(from, name, &st);
    if (r < 0)
        return r;
    if (S_ISDIR(st.st_mode))
        r = copy_folder(from, name, &st, to, new_name, owner, depth, &was_there);
    else if (S_ISREG(st.st_mode))
        r = copy_file(from, name, &st, to, new_name);
    else if (S_ISLNK(st.st_mode))
        r = (r = (int)sys_readlinkat(from, name, target, sizeof target)) < 0 ? r : sys_symlinkat(target, to, new_name);
    else
        r = sys_mknodat(to, new_name, st.st_mode, st.st_rdev);
    if (was_there || (r < 0 && !S_ISDIR(st.st_mode)))     /* nothing of it is ours */
        return r;
    int fd = sys_openat(to, new_name, O_PATH | O_NOFOLLOW, 0);
    if (fd >= 0) {
        set_owner(fd, &st, owner);
        (void)sys_set_times(to, new_name, (struct timespec[]){ st.st_atim, st.st_mtim });
    }
    sys_close(fd);
    return r;
}
