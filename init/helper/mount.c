/* SPDX-License-Identifier: 0BSD
 *
 * pith-mount: mounts, unmounts and swaps on behalf of a unit, in a process that may hang as long as it
 * likes. Instead of mount(8), which a tiny image need not have; mount.TYPE helpers are used where
 * they exist (NFS, FUSE). All words are given, "" means none:
 *   mount WHAT WHERE TYPE OPTIONS MODE rw-only   remount WHAT WHERE TYPE OPTIONS
 *   umount WHERE lazy force                      swapon WHAT PRIORITY OPTIONS   swapoff WHAT */
#include "helper.h"

#include <linux/loop.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

static char *const no_environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };

void say(const char *fmt, ...)
{
    BUF(line, 1024);
    va_list ap;
    va_start(ap, fmt);
    buf_vfmt(&line, fmt, ap);
    va_end(ap);
    line.n = MIN(line.n, line.cap - 1);
    buf_c(&line, '\n');
    (void)sys_write(2, line.p, line.n);
}

int run_program(const char *path, char *const *argv)
{
    struct death d;
    pid_t pid = sys_fork();
    if (pid == 0) {
        /* Not beyond our own end: an old shell would share the terminal with the next one. */
        (void)sys_prctl(1 /* PR_SET_PDEATHSIG */, SIGHUP, 0);
        (void)sys_execve(path, argv, no_environment);
        sys_exit(127);
    }
    int r = pid < 0 ? pid : sys_wait(pid, &d);
    return r < 0 ? r : d.code == CLD_EXITED ? d.status : 128 + d.status;
}

/* ---- options ------------------------------------------------------------------------------- */

#define PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

/* A word that clears its flag begins with '!' here. 0: the word is not for the kernel. */
static const struct { const char *word; unsigned long flag; } words[] = {
    { "ro", MS_RDONLY }, { "!rw", MS_RDONLY }, { "nosuid", MS_NOSUID }, { "!suid", MS_NOSUID }, { "nodev", MS_NODEV },
    { "!dev", MS_NODEV }, { "noexec", MS_NOEXEC }, { "!exec", MS_NOEXEC }, { "sync", MS_SYNCHRONOUS },
    { "!async", MS_SYNCHRONOUS }, { "dirsync", MS_DIRSYNC }, { "mand", MS_MANDLOCK }, { "!nomand", MS_MANDLOCK },
    { "noatime", MS_NOATIME }, { "!atime", MS_NOATIME }, { "nodiratime", MS_NODIRATIME },
    { "!diratime", MS_NODIRATIME }, { "relatime", MS_RELATIME }, { "!norelatime", MS_RELATIME },
    { "strictatime", MS_STRICTATIME }, { "!nostrictatime", MS_STRICTATIME }, { "lazytime", MS_LAZYTIME },
    { "!nolazytime", MS_LAZYTIME }, { "nosymfollow", 256 /* MS_NOSYMFOLLOW */ }, { "!symfollow", 256 },
    { "iversion", MS_I_VERSION }, { "!noiversion", MS_I_VERSION }, { "silent", MS_SILENT }, { "!loud", MS_SILENT },
    { "bind", MS_BIND }, { "rbind", MS_BIND | MS_REC }, { "remount", MS_REMOUNT },
    { "shared", MS_SHARED }, { "rshared", MS_SHARED | MS_REC }, { "private", MS_PRIVATE },
    { "rprivate", MS_PRIVATE | MS_REC }, { "slave", MS_SLAVE }, { "rslave", MS_SLAVE | MS_REC },
    { "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC },
    { "user", MS_NOEXEC | MS_NOSUID | MS_NODEV }, { "users", MS_NOEXEC | MS_NOSUID | MS_NODEV },
    { "owner", MS_NOSUID | MS_NODEV }, { "group", MS_NOSUID | MS_NODEV }, { "defaults", 0 }, { "auto", 0 },
    { "noauto", 0 }, { "nouser", 0 }, { "nofail", 0 }, { "fail", 0 }, { "_netdev", 0 }, { "loop", 0 },
};

static bool take_word(struct str word, struct mount_options *o)
{
    for (u32 i = 0; i < LEN(words); i++) {
        bool clears = words[i].word[0] == '!';
        if (!str_is(word, words[i].word + clears))
            continue;
        if (words[i].flag & PROPAGATION)
            o->propagation = words[i].flag;
        else if (clears)
            o->flags &= ~words[i].flag;
        else
            o->flags |= words[i].flag;
        o->read_write_given |= str_is(word, "rw");
        o->loop |= str_is(word, "loop");
        return true;
    }
    return str_starts(word, "x-") || str_starts(word, "X-") || str_starts(word, "comment=");
}

void mount_options_parse(struct str options, struct mount_options *o)
{
    static char data[PATH_BYTES];
    *o = (struct mount_options){ .data = BUF_OVER(data) };
    bool quoted = false;
    for (size_t from = 0, i = 0; i <= options.n; i++) {
        if (i < options.n && options.p[i] == '"')
            quoted = !quoted;
        if (i < options.n && (options.p[i] != ',' || quoted || (i && options.p[i - 1] == '\\')))
            continue;
        struct str word = str_cut(str_from(options, from), i - from);
        from = i + 1;
        if (word.n && !take_word(word, o)) {
            if (o->data.n)
                buf_c(&o->data, ',');
            buf_str(&o->data, word);
        }
    }
    buf_end(&o->data);
}

/* ---- mounting ------------------------------------------------------------------------------ */

static int make_path(const char *path, mode_t mode)
{
    BUF(part, PATH_BYTES);
    struct stat st;
    for (const char *p = path; *p; p++) {
        buf_c(&part, *p);
        if (p[1] == '/' || !p[1])
            (void)sys_mkdir(buf_end(&part), mode);
    }
    return sys_stat(path, &st);
}

/* mount.TYPE(8), if there is one. -ENOENT: there is none. */
static int mount_by_program(const char *what, const char *where, const char *type, const char *options)
{
    static const char *const folders[] = { "/sbin", "/usr/sbin", "/usr/local/sbin" };
    const char *dot = strchr(type, '.');
    for (u32 i = 0; i < LEN(folders); i++) {
        BUF(path, 256);
        buf_fmt(&path, "%s/mount.%.*s", folders[i], dot ? (int)(dot - type) : 255, type);
        if (sys_access(buf_end(&path), 1) < 0)
            continue;
        char *argv[] = { path.p, (char *)what, (char *)where, "-o", (char *)(*options ? options : "defaults"),
                         dot ? "-t" : NULL, (char *)type, NULL };
        int status = run_program(path.p, argv);
        return status > 0 ? -EIO : status;
    }
    return -ENOENT;
}

/* A regular file is mounted through a loop device, which goes with the mount. */
static int attach_loop(const char *file, bool read_only, char *device, u32 size)
{
    struct buf path = { device, 0, size, false };
    int control = sys_open("/dev/loop-control", O_RDWR), backing = sys_open(file, read_only ? O_RDONLY : O_RDWR);
    int r = control < 0 ? control : backing < 0 ? backing : -EBUSY;
    for (u32 attempt = 0; attempt < 16 && r == -EBUSY; attempt++) {
        struct loop_config config = { .fd = (u32)backing, .info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0) };
        int number = sys_ioctl(control, LOOP_CTL_GET_FREE, NULL);
        path.n = 0;
        buf_fmt(&path, "/dev/loop%d", number);
        int loop = number < 0 ? number : sys_open(buf_end(&path), O_RDWR);
        r = loop < 0 ? loop : sys_ioctl(loop, LOOP_CONFIGURE, &config);
        if (r == 0)
            return loop;                 /* stays open until we exit: the mount holds it then */
        if (loop >= 0)
            sys_close(loop);
    }
    return r;
}

/* The type is not given: what the superblock says, else all that the kernel knows. */
static int mount_any_type(const char *what, const char *where, const struct mount_options *o)
{
    static char text[8192];
    struct probed p;
    if (probe_device(what, &p) == 0)
        return sys_mount(what, where, p.type, o->flags, o->data.p);
    int fd = sys_open("/proc/filesystems", O_RDONLY), r = -ENODEV;
    ssize_t n = fd < 0 ? fd : sys_read(fd, text, sizeof text - 1);
    struct str rest = { text, (size_t)MAX(n, 0) }, line;
    while ((line = str_line(&rest, '\n')).p && (r == -ENODEV || r == -EINVAL)) {
        BUF(type, 64);
        buf_str(&type, str_trim(line));
        if (!str_starts(line, "nodev"))
            r = sys_mount(what, where, buf_end(&type), o->flags, o->data.p);
    }
    return r;
}

static int mount_typed(const char *what, const char *where, const char *type, const struct mount_options *o)
{
    if (o->flags & MS_BIND) {
        int r = sys_mount(what, where, NULL, o->flags & (MS_BIND | MS_REC), NULL);
        unsigned long more = o->flags & ~(unsigned long)(MS_BIND | MS_REC);
        return r == 0 && more ? sys_mount(NULL, where, NULL, MS_REMOUNT | MS_BIND | more, NULL) : r;
    }
    return *type && !STREQ(type, "auto") ? sys_mount(what, where, type, o->flags, o->data.p) : mount_any_type(what, where, o);
}

static void explain(const char *what, const char *where, const char *type, int error)
{
    struct stat st;
    if (error == -ENOENT && *what == '/' && sys_stat(what, &st) < 0)
        say("mount: %s: special device %s does not exist.", where, what);
    else if (error == -ENODEV)
        say("mount: %s: unknown filesystem type '%s' (a kernel module that is missing?).", where, type);
    else if (error == -EINVAL)
        say("mount: %s: wrong fs type, bad option, or bad superblock on %s.", where, what);
    else if (error == -EBUSY)
        say("mount: %s: %s already mounted or mount point busy.", where, what);
    else
        say("mount: %s: mount of %s failed: %s.", where, what, strerror(-error));
}

static int do_mount(char **argv)
{
    const char *what = argv[0], *where = argv[1], *type = argv[2], *options = argv[3];
    u32 mode = 0755;
    char loop[32];
    struct stat st;
    struct mount_options o;
    mount_options_parse(str_of(options), &o);
    if (STREQ(type, "bind") || STREQ(type, "rbind"))
        o.flags |= STREQ(type, "bind") ? MS_BIND : MS_BIND | MS_REC;
    (void)parse_mode(str_of(argv[4]), &mode);
    /* A bind mount of a file needs a file to lie on. */
    bool file = o.flags & MS_BIND && sys_stat(what, &st) == 0 && !S_ISDIR(st.st_mode);
    if (!file)
        (void)make_path(where, mode);
    int r = mount_by_program(what, where, type, options);
    if (r != -ENOENT)
        return r;
    if (!(o.flags & MS_BIND) && sys_stat(what, &st) == 0 && (S_ISREG(st.st_mode) || o.loop)) {
        r = attach_loop(what, o.flags & MS_RDONLY, loop, sizeof loop);
        if (r < 0) {
            say("mount: %s: failed to set up a loop device for %s: %s.", where, what, strerror(-r));
            return r;
        }
        what = loop;
    }
    r = mount_typed(what, where, type, &o);
    if ((r == -EROFS || r == -EACCES) && !(o.flags & (MS_RDONLY | MS_BIND)) && !STREQ(argv[5], "rw-only")) {
        say("mount: %s: WARNING: source write-protected, mounted read-only.", where);
        o.flags |= MS_RDONLY;
        r = mount_typed(what, where, type, &o);
    }
    if (r == 0 && o.propagation)
        r = sys_mount(NULL, where, NULL, o.propagation, NULL);
    if (r < 0)
        explain(what, where, type, r);
    return r;
}

static int do_remount(char **argv)
{
    struct mount_options o;
    mount_options_parse(str_of(argv[3]), &o);
    o.flags &= ~(unsigned long)(MS_REC | MS_BIND) | (STREQ(argv[2], "bind") ? MS_BIND : 0);
    int r = sys_mount(argv[0], argv[1], NULL, o.flags | MS_REMOUNT, o.data.p);
    if (r < 0)
        explain(argv[0], argv[1], argv[2], r);
    return r;
}

static int do_umount(char **argv)
{
    int flags = (*argv[1] ? MNT_DETACH : 0) | (*argv[2] ? MNT_FORCE : 0);
    int r = sys_umount(argv[0], flags | UMOUNT_NOFOLLOW);
    if (r == -EINVAL)
        return 0;                        /* not mounted: what was wanted */
    if (r < 0)
        say("umount: %s: %s.", argv[0], r == -EBUSY ? "target is busy" : strerror(-r));
    return r;
}

/* ---- swaps --------------------------------------------------------------------------------- */

static int do_swapon(char **argv)
{
    struct str value;
    i32 priority = -1;
    int flags = 0;
    bool given = fstab_option(str_of(argv[2]), "pri", &value) && parse_int(value, 0, 32767, &priority) == 0;
    if (parse_int(str_of(argv[1]), 0, 32767, &priority) == 0 || given)
        flags = 0x8000 /* SWAP_FLAG_PREFER */ | priority;
    if (fstab_option(str_of(argv[2]), "discard", &value))
        flags |= 0x10000 | (str_is(value, "once") ? 0x20000 : str_is(value, "pages") ? 0x40000 : 0);
    int r = sys_swapon(argv[0], flags);
    if (r < 0 && r != -EBUSY)
        say("swapon: %s: swapon failed: %s", argv[0], r == -EINVAL ? "no swap area on it (mkswap makes one)" : strerror(-r));
    return r == -EBUSY ? 0 : r;
}

static int do_swapoff(char **argv)
{
    int r = sys_swapoff(argv[0]);
    if (r < 0 && r != -EINVAL)
        say("swapoff: %s: swapoff failed: %s", argv[0], strerror(-r));
    return r == -EINVAL ? 0 : r;
}

static const struct { const char *name; int operands; int (*fn)(char **argv); } commands[] = {
    { "mount", 6, do_mount }, { "remount", 4, do_remount }, { "umount", 3, do_umount }, { "swapon", 3, do_swapon },
    { "swapoff", 1, do_swapoff },
};

int mount_main(int argc, char **argv)
{
    for (u32 i = 0; i < LEN(commands) && argc > 1; i++)
        if (STREQ(commands[i].name, argv[1]) && argc - 2 == commands[i].operands)
            return commands[i].fn(argv + 2) < 0 ? 32 : 0;        /* 32: mount failure, as mount(8) */
    say("pith-mount is started by pith for mount and swap units; people use mount(8) and systemctl.");
    return 1;
}
