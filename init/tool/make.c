/* SPDX-License-Identifier: 0BSD
 *
 * systemd-tmpfiles --create: what each type of line brings about, as systemd 252 does it. Folders on the way to a path
 * are opened one by one (walk.c), what is made or changed is held by a descriptor: none of it can be exchanged for a
 * link in between. */
#include "tmpfiles.h"

#include <dirent.h>

static int fail(const char *fmt, const char *path, int r)
{
    log_line(LOG_ERR, fmt, path, strerror(-r));
    return r;
}

static bool force(const struct item *i) { return i->flags & APPEND_OR_FORCE; }

/* ---- rights -------------------------------------------------------------------------------- */

/* Users may make hard links to what is not theirs: such a file is left alone. */
static bool may_be_foreign(const struct stat *st)
{
    char text[8];
    return !S_ISDIR(st->st_mode) && st->st_nlink > 1
        && (file_line("/proc/sys/fs/protected_hardlinks", text, sizeof text) <= 0 || text[0] == '0');
}

static u32 masked_mode(u32 mode, u32 current)
{
    for (u32 bits = 0111; bits <= 0444; bits <<= 1)
        if (!(current & bits))
            mode &= ~bits;
    return S_ISDIR(current) ? mode : mode & 0777;
}

static int set_mode(int fd, const char *path, u32 mode)
{
    int r = sys_chmod(fd_path(fd), mode);
    return r < 0 ? fail("fchmod() of %s failed: %s", path, r) : 0;
}

int set_rights(const struct item *i, int fd, const char *path, enum made made)
{
    struct stat st;
    u32 flags = i->flags;
    if (!(flags & (HAS_USER | HAS_GROUP | HAS_MODE)))
        return 0;
    int r = sys_fstat(fd, &st);
    if (r < 0)
        return fail("fstat(%s) failed: %s", path, r);
    if (may_be_foreign(&st)) {
        log_line(LOG_ERR, "Refusing to set permissions on hardlinked file %s while the fs.protected_hardlinks sysctl is turned off.", path);
        return -EPERM;
    }
    if (made == WAS_THERE)
        flags &= ~((flags & (NEW_USER | NEW_GROUP | NEW_MODE)) >> 4);    /* HAS_USER and so on */
    u32 uid = flags & HAS_USER ? i->uid : st.st_uid, gid = flags & HAS_GROUP ? i->gid : st.st_gid;
    u32 now = st.st_mode & 07777;
    u32 mode = !(flags & HAS_MODE) ? now : flags & MASK_MODE ? masked_mode(i->mode, st.st_mode) : i->mode;
    bool owner = uid != st.st_uid || gid != st.st_gid, link = S_ISLNK(st.st_mode);
    /* In between it has only the bits that it has before and after. */
    if (owner && mode != now && !link && (mode & now) != now && (r = set_mode(fd, path, mode & now)) < 0)
        return r;
    if (owner && (r = sys_fchown_any(fd, uid != st.st_uid ? uid : UINT32_MAX, gid != st.st_gid ? gid : UINT32_MAX)) < 0)
        return fail("fchownat() of %s failed: %s", path, r);
    return (owner || mode != now) && !link ? set_mode(fd, path, mode) : 0;
}

/* ---- the way to it ------------------------------------------------------------------------- */

static bool has_dots(const char *path)
{
    for (struct str rest = str_of(path), part; (part = str_word(&rest, "/")).p;)
        if (str_is(part, ".."))
            return true;
    return false;
}

/* The folder that the path's last part, *name, is in. */
static int open_parent(const struct item *i, const char *path, const char **name)
{
    const char *ignoring = i->flags & MAY_FAIL ? ", ignoring" : "";
    enum level level = i->flags & MAY_FAIL ? LOG_INFO : LOG_ERR;
    *name = strrchr(path, '/') + 1;
    if (!**name || STREQ(*name, ".."))
        return fail("Failed to extract filename from path '%s': %s", path, **name ? -EINVAL : -EADDRNOTAVAIL);
    const char *folder = *name == path + 1 ? "/" : z_fmt("%.*s", (int)(*name - path - 1), path);
    if (has_dots(path)) {
        log_line(level, "Failed to open parent of '%s': path not normalized%s.", path, ignoring);
        return -EINVAL;
    }
    int fd = walk(folder, i->flags & MAY_FAIL ? WALK_SAFE | WALK_QUIET : WALK_SAFE);
    if (fd < 0 && fd != -ENOLINK)
        log_line(level, "Failed to open path '%s'%s: %s", folder, ignoring, strerror(-fd));
    return fd;
}

static int open_it(int dir, const char *name) { return sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0); }

/* With "=": a part that has another type than it must have goes away. -ENOENT: it is not there, or not any more. */
static int remove_if_wrong(int dir, const char *name, u32 type, const char *follow)
{
    struct stat st, parent;
    int r = follow ? walk(follow, 0) : open_it(dir, name), fd = r;
    if (r >= 0)
        r = sys_fstat(fd, &st);
    sys_close(fd);
    if (r < 0)
        return r == -ENOENT ? r : fail("Failed to stat \"%s\": %s", name, r);
    if (follow && sys_fstat(dir, &parent) == 0 && parent.st_uid && parent.st_uid != st.st_uid) {
        log_line(LOG_ERR, "Unsafe transition from \"%s\" to \"%s\".", path_of(dir), name);
        return -ENOLINK;
    }
    if ((st.st_mode & S_IFMT) == type)
        return 0;
    log_line(LOG_NOTICE, "Wrong file type 0o%o; rm -rf \"%s/%s\"", st.st_mode & S_IFMT, path_of(dir), name);
    r = remove_at(dir, name);
    return r < 0 ? fail("Failed to remove \"%s\": %s", name, r) : -ENOENT;
}

static int clear_way(const char *path, u32 type)
{
    char name[NAME_BYTES];
    struct str rest = str_of(path + strlen(search_root)), part;
    int dir = walk(*search_root ? search_root : "/", 0), r = dir;
    while (r >= 0 && (part = str_word(&rest, "/")).p) {
        if (!z_copy(name, sizeof name, part) || STREQ(name, "..")) {
            log_line(LOG_ERR, "\"%.*s\" is not a valid filename.", (int)part.n, part.p);
            r = -EINVAL;
        } else if (!rest.n) {
            r = type ? remove_if_wrong(dir, name, type, NULL) : 0;
        } else {
            char below[PATH_BYTES];              /* the path so far: links stay below --root */
            path_fmt(below, "%.*s", (int)(part.p + part.n - path), path);
            r = remove_if_wrong(dir, name, S_IFDIR, below);
            if (r == -ENOENT && (r = remove_if_wrong(dir, name, S_IFDIR, NULL)) == -ENOENT)
                r = sys_mkdirat(dir, name, 0755);
            int next = r < 0 ? r : walk(below, 0);
            sys_close(dir);
            dir = r = next;
        }
    }
    sys_close(dir);
    return r < 0 && r != -ENOENT ? r : 0;
}

/* Folders on the way have this mode whatever they inherit. Links lead to what is below --root: walk(), not mkdir(2). */
static void make_folders_above(const char *path)
{
    char folder[PATH_BYTES];
    int dir = 0;
    for (const char *from = path + strlen(search_root) + 1, *p; dir >= 0 && (p = strchr(from, '/')); from = p + 1) {
        const char *name = z_fmt("%.*s", (int)(p - from), from);
        dir = walk(path_fmt(folder, "%.*s", (int)(from - path - (from > path + 1)), path), 0);
        int fd = dir < 0 || sys_mkdirat(dir, name, 0755) < 0 ? -1 : sys_openat(dir, name, O_PATH | O_NOFOLLOW | O_DIRECTORY, 0);
        if (fd >= 0)
            (void)sys_chmod(fd_path(fd), 0755);
        sys_close(fd);
        sys_close(dir);
    }
}

static int make_way(const struct item *i, u32 type)
{
    if (i->flags & REPLACE)
        return clear_way(i->path, type);
    if (!has_dots(i->path))
        make_folders_above(i->path);
    return 0;
}

/* ---- files --------------------------------------------------------------------------------- */

static int write_argument(const struct item *i, int fd, const char *path)
{
    for (u32 at = 0; i->argument && at < i->argument_n;) {
        ssize_t n = sys_write(fd, i->argument + at, i->argument_n - at);
        if (n <= 0)
            return fail("Failed to write file \"%s\": %s", path, n ? (int)n : -EIO);
        at += (u32)n;
    }
    return 0;
}

enum { OPEN_TO_WRITE = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY };

static int not_regular(const char *path)
{
    log_line(LOG_ERR, "%s exists and is not a regular file.", path);
    return -EEXIST;
}

static int create_file(const struct item *i, int dir, const char *name)
{
    struct stat st;
    enum made made = IS_NEW;
    int fd = sys_openat(dir, name, OPEN_TO_WRITE | O_CREAT | O_EXCL, i->mode), r = fd;
    if (fd == -EEXIST) {
        made = WAS_THERE;
        fd = open_it(dir, name);
        r = fd < 0 ? fail("Failed to re-open file %s: %s", i->path, fd) : sys_fstat(fd, &st);
        if (r == 0 && !S_ISREG(st.st_mode))
            r = not_regular(i->path);
    } else {
        r = fd < 0 ? fail("Failed to create file %s: %s", i->path, fd) : write_argument(i, fd, i->path);
    }
    if (r >= 0)
        r = set_rights(i, fd, i->path, made);
    sys_close(fd);
    return r;
}

static int truncate_file(const struct item *i, int dir, const char *name)
{
    struct stat st;
    enum made made = WAS_THERE;
    int fd = sys_openat(dir, name, OPEN_TO_WRITE, 0), read_only = 0;
    if (fd == -ENOENT) {
        made = IS_NEW;
        fd = sys_openat(dir, name, OPEN_TO_WRITE | O_CREAT, i->mode);
    }
    if (fd == -EROFS) {                      /* no failure if it is as it must be */
        read_only = fd;
        made = WAS_THERE;
        fd = open_it(dir, name);
        if (fd == -ENOENT) {
            log_line(LOG_ERR, "Cannot create file %s on a read-only file system.", i->path);
            return -EROFS;
        }
    }
    int r = fd < 0 ? fail("Failed to open/create file %s: %s", i->path, fd) : sys_fstat(fd, &st);
    if (r == 0 && !S_ISREG(st.st_mode))
        r = not_regular(i->path);
    if (r == 0 && st.st_size > 0 && (r = sys_ftruncate(fd, 0)) < 0)
        r = fail("Failed to truncate file %s: %s", i->path, read_only ? read_only : r);
    if (r == 0)
        r = write_argument(i, fd, i->path);
    if (r == 0)
        r = set_rights(i, fd, i->path, made);
    sys_close(fd);
    return r;
}

static int copy_files(const struct item *i, int dir, const char *name)
{
    struct stat from, to;
    struct owner owner = { i->flags & HAS_USER ? i->uid : UINT32_MAX, i->flags & HAS_GROUP ? i->gid : UINT32_MAX };
    int copied = copy_at(AT_FDCWD, i->argument, dir, name, owner, 0);
    int fd = open_it(dir, name);
    if (fd < 0)
        return copied < 0 ? fail("Failed to copy files to %s: %s", i->path, copied) : fail("Failed to openat(%s): %s", i->path, fd);
    int r = sys_fstat(fd, &to);
    if (r == 0)
        r = sys_stat(i->argument, &from);
    if (r < 0)
        (void)fail("Failed to stat(%s): %s", i->argument, r);
    else if (!((from.st_mode ^ to.st_mode) & S_IFMT))
        r = set_rights(i, fd, i->path, IS_NEW);
    sys_close(fd);
    return r;
}

/* ---- folders ------------------------------------------------------------------------------- */

static int create_folder(const struct item *i, int dir, const char *name)
{
    int made = sys_mkdirat(dir, name, i->mode);
    int fd = sys_openat(dir, name, O_PATH | O_NOFOLLOW | O_DIRECTORY, 0);
    if (fd == -ENOTDIR) {
        log_line(LOG_ERR, "\"%s\" already exists and is not a directory.", i->path);
        return 0;
    }
    if (fd < 0 && made < 0) {
        log_line(i->flags & MAY_FAIL ? LOG_INFO : LOG_ERR, "Failed to create directory or subvolume \"%s\"%s: %s", i->path,
                 i->flags & MAY_FAIL ? ", ignoring" : "", strerror(-made));
        return made == -EEXIST ? 0 : made;
    }
    if (fd < 0)
        return fail("Failed to open directory/subvolume we just created '%s': %s", i->path, fd);
    int r = set_rights(i, fd, i->path, made < 0 ? WAS_THERE : IS_NEW);
    sys_close(fd);
    return r;
}

/* ---- links, pipes, devices ----------------------------------------------------------------- */

static u32 type_of(const struct item *i)
{
    return i->type == 'L' ? S_IFLNK : i->type == 'p' ? S_IFIFO : i->type == 'c' ? S_IFCHR : S_IFBLK;
}

static const char *noun_of(const struct item *i) { return i->type == 'L' ? "symlink" : i->type == 'p' ? "FIFO" : "device node"; }

static int make_node(const struct item *i, int dir, const char *name)
{
    return i->type == 'L' ? sys_symlinkat(i->argument, dir, name) : sys_mknodat(dir, name, type_of(i) | i->mode, i->device);
}

static bool is_as_wanted(const struct item *i, int fd)
{
    struct stat st;
    char target[PATH_BYTES];
    return sys_fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type_of(i)
        && (i->type != 'L' || (sys_readlinkat(fd, "", target, sizeof target) >= 0 && STREQ(target, i->argument)));
}

/* Under another name and then over the old one, so that there always is one; a folder has to go first. */
static int replace_node(const struct item *i, int dir, const char *name)
{
    u32 random = 0;
    (void)sys_random(&random, sizeof random);
    const char *other = z_fmt(".#%.200s%08x", name, random);
    int r = make_node(i, dir, other);
    if (r == 0 && (r = sys_renameat(dir, other, name)) < 0) {
        (void)sys_unlinkat(dir, other, 0);
        if (r == -EISDIR || r == -EEXIST || r == -ENOTEMPTY) {
            r = remove_at(dir, name);
            if (r < 0)
                return fail("rm -rf %s failed: %s", i->path, r);
            r = make_node(i, dir, name);
        }
    }
    return r;
}

static int create_node(const struct item *i, int dir, const char *name)
{
    int made = make_node(i, dir, name), fd = open_it(dir, name), r = 0;
    if (fd < 0 && made == -EPERM && in_set((char)i->type, "cb"))
        return 0;                            /* in a container */
    if (fd >= 0 && !is_as_wanted(i, fd)) {
        sys_close(fd);
        if (!force(i)) {
            if (i->type != 'L')
                log_line(LOG_WARNING, "\"%s\" already exists and is not a %s.", i->path, noun_of(i));
            return 0;
        }
        made = replace_node(i, dir, name);
        if (made == -EPERM && in_set((char)i->type, "cb"))
            return 0;
        fd = made < 0 ? made : open_it(dir, name);
        if (fd >= 0 && !is_as_wanted(i, fd))
            r = -EBADF;
    }
    if (fd < 0)
        r = made < 0 ? made : fd;
    if (r < 0)
        log_line(LOG_ERR, i->type == 'p' ? "Failed to create %s %s: %s" : "Failed to create %s '%s': %s", noun_of(i), i->path, strerror(-r));
    else
        r = set_rights(i, fd, i->path, made < 0 ? WAS_THERE : IS_NEW);
    sys_close(fd);
    return r;
}

/* ---- what patterns find -------------------------------------------------------------------- */

static struct item *item;                    /* whose pattern it is */

static int write_to(const char *path)
{
    const char *name;
    int dir = open_parent(item, path, &name);
    if (dir < 0)
        return dir;
    /* Links are followed here, and the kinds of files are not looked at: that is what w is for. */
    int fd = sys_openat(dir, name, O_WRONLY | O_NONBLOCK | O_NOCTTY | (force(item) ? O_APPEND : 0), 0), r = 0;
    sys_close(dir);
    if (fd < 0)
        return fd == -ENOENT || item->flags & MAY_FAIL ? 0 : fail("Failed to open file \"%s\": %s", path, fd);
    r = write_argument(item, fd, path);
    if (r == 0)
        r = set_rights(item, fd, path, WAS_THERE);
    sys_close(fd);
    return r;
}

static int adjust_folder(const char *path)
{
    struct stat st;
    int fd = walk(path, WALK_SAFE), r = fd;
    if (fd < 0)
        return fd == -ENOLINK ? fd : fd == -ENOENT ? 0 : fail("Failed to open directory '%s': %s", path, fd);
    if (sys_fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
        log_line(LOG_WARNING, "'%s' already exists and is not a directory.", path);
        r = 0;
    } else {
        r = set_rights(item, fd, path, WAS_THERE);
    }
    sys_close(fd);
    return r;
}

static int adjust(const char *path)
{
    int fd = walk(path, WALK_SAFE | WALK_NOFOLLOW);
    if (fd < 0)
        return fd == -ENOLINK ? fd : fail("Failed to open path %s: %s", path, fd);
    int r = set_rights(item, fd, path, WAS_THERE);
    sys_close(fd);
    return r;
}

/* The descriptor is closed here. `path` grows and shrinks. */
static int adjust_tree(int fd, struct buf *path, u32 depth)
{
    struct stat st;
    struct dir d;
    u32 n = path->n;
    int first = set_rights(item, fd, buf_end(path), WAS_THERE);
    if (sys_fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        int folder = depth > 512 ? -ELOOP : dir_at(&d, sys_open(fd_path(fd), O_RDONLY | O_DIRECTORY | O_NONBLOCK));
        if (folder < 0)
            first = fail("Failed to open directory '%s': %s", path->p, folder);
        for (struct dirent *e; folder >= 0 && (e = dir_next(&d));) {
            int below = open_it(fd, e->d_name), r = 0;
            if (below < 0)
                continue;                    /* gone */
            buf_fmt(path, "/%s", e->d_name);
            r = adjust_tree(below, path, depth + 1);
            first = first < 0 ? first : r;
            path->n = n;
        }
    }
    sys_close(fd);
    return first;
}

static int adjust_all(const char *path)
{
    BUF(full, PATH_BYTES);
    int fd = sys_open(path, O_PATH | O_NOFOLLOW);
    buf_z(&full, path);
    return fd < 0 ? fail("Opening '%s' failed: %s", path, fd) : adjust_tree(fd, &full, 0);
}

static int note(const char *path)
{
    static bool told;
    if (!told)
        log_line(LOG_NOTICE, "%s: extended attributes, ACLs and file attributes (lines t, a, h) are not set by pith, ignoring.", path);
    told = true;
    return 0;
}

/* ---- by type ------------------------------------------------------------------------------- */

static int create(const struct item *i)
{
    const char *name;
    static const char types[] = "fFdDvqQpLcb";
    static const u32 wanted[] = { S_IFREG, S_IFREG, S_IFDIR, S_IFDIR, S_IFDIR, S_IFDIR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFCHR, S_IFBLK };
    const char *at = strchr(types, i->type);
    int r = make_way(i, at ? wanted[at - types] : 0);       /* C has any type */
    int dir = r < 0 ? r : open_parent(i, i->path, &name);
    if (dir < 0)
        return dir;
    switch (i->type) {
    case 'f': case 'F': r = i->type == 'F' || force(i) ? truncate_file(i, dir, name) : create_file(i, dir, name); break;
    case 'C': r = copy_files(i, dir, name); break;
    case 'p': case 'L': case 'c': case 'b': r = create_node(i, dir, name); break;
    default: r = create_folder(i, dir, name);
    }
    sys_close(dir);
    return r;
}

int item_make(struct item *i)
{
    item = i;
    switch (i->type) {
    case 'x': case 'X': case 'r': case 'R': return 0;
    case 'w': return glob_each(i->path, false, write_to);
    case 'e': return glob_each(i->path, false, adjust_folder);
    case 'z': case 'm': return glob_each(i->path, false, adjust);
    case 'Z': return glob_each(i->path, false, adjust_all);
    case 't': case 'T': case 'a': case 'A': case 'h': case 'H': return glob_each(i->path, false, note);
    default: return create(i);
    }
}
