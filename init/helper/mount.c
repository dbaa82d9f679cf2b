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

/* ---- options ------------------------------------------------------------------------------- */

#define PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

/* Words that set flags; none: the word is not for the kernel. A word with "no" before it, or without its
 * "no", clears them, and with an 'r' before it reaches the mounts below. */
#define CLEARS (1u << 31)
#define WORDS(W) \
    W("ro", MS_RDONLY) W("rw", MS_RDONLY | CLEARS) W("nosuid", MS_NOSUID) W("nodev", MS_NODEV) W("noexec", MS_NOEXEC) \
    W("sync", MS_SYNCHRONOUS) W("async", MS_SYNCHRONOUS | CLEARS) W("dirsync", MS_DIRSYNC) W("mand", MS_MANDLOCK) \
    W("noatime", MS_NOATIME) W("nodiratime", MS_NODIRATIME) W("relatime", MS_RELATIME) W("strictatime", MS_STRICTATIME) \
    W("lazytime", MS_LAZYTIME) W("nosymfollow", 256 /* MS_NOSYMFOLLOW */) W("iversion", MS_I_VERSION) \
    W("silent", MS_SILENT) W("loud", MS_SILENT | CLEARS) W("bind", MS_BIND) W("remount", MS_REMOUNT) \
    W("shared", MS_SHARED) W("private", MS_PRIVATE) W("slave", MS_SLAVE) W("unbindable", MS_UNBINDABLE) \
    W("user", MS_NOEXEC | MS_NOSUID | MS_NODEV) W("users", MS_NOEXEC | MS_NOSUID | MS_NODEV) \
    W("owner", MS_NOSUID | MS_NODEV) W("group", MS_NOSUID | MS_NODEV) W("defaults", 0) W("auto", 0) W("noauto", 0) \
    W("nouser", 0) W("nofail", 0) W("fail", 0) W("_netdev", 0) W("loop", 0)
#define WORD_NAME(word, flags) word "\0"
#define WORD_FLAGS(word, flags) (u32)(flags),
static const char *const word_names = WORDS(WORD_NAME);
static const u32 word_flags[] = { WORDS(WORD_FLAGS) };

/* What the word does to the flags; false: it is the file system's. */
static bool find_word(struct str word, u32 *flags)
{
    i32 i;
    bool no = str_starts(word, "no");
    u32 change = 0;
    if (name_find(word_names, word, &i) < 0) {
        if (name_find(word_names, no ? str_from(word, 2) : str_of(z_fmt("no%.*s", (int)word.n, word.p)), &i) == 0)
            change = CLEARS;
        else if (str_starts(word, "r") && name_find(word_names, str_from(word, 1), &i) == 0)
            change = MS_REC;
        else
            return false;
    }
    *flags = word_flags[i] | change;
    return true;
}

static bool take_word(struct str word, struct mount_options *o)
{
    u32 flags;
    if (!find_word(word, &flags))
        return str_starts(word, "x-") || str_starts(word, "X-") || str_starts(word, "comment=");
    if (flags & PROPAGATION)
        o->propagation = flags;
    else if (flags & CLEARS)
        o->flags &= ~(unsigned long)(flags & ~CLEARS);
    else
        o->flags |= flags;
    o->loop |= str_is(word, "loop");
    return true;
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

/* mount.TYPE(8), if there is one. -ENOENT: there is none. */
static int mount_by_program(const char *what, const char *where, const char *type, const char *options)
{
    const char *dot = strchr(type, '.'), *path = find_program(z_fmt("mount.%.*s", dot ? (int)(dot - type) : 200, type));
    char *argv[] = { (char *)path, (char *)what, (char *)where, "-o", (char *)(*options ? options : "defaults"),
                     dot ? "-t" : NULL, (char *)type, NULL };
    int status = path ? run_program(path, argv) : -ENOENT;
    return status > 0 ? -EIO : status;
}

/* A regular file is mounted through a loop device, which goes with the mount. A negative errno, or the
 * device; it stays open until we exit, the mount holds it then. */
static int attach_loop(const char *file, bool read_only, const char **device)
{
    struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0) };
    int control = sys_open("/dev/loop-control", O_RDWR), backing = sys_open(file, read_only ? O_RDONLY : O_RDWR);
    int r = control < 0 ? control : backing < 0 ? backing : -EBUSY;
    config.fd = (u32)backing;
    for (u32 attempt = 0; attempt < 16 && r == -EBUSY; attempt++) {
        int number = sys_ioctl(control, LOOP_CTL_GET_FREE, NULL);
        *device = z_fmt("/dev/loop%d", number);
        int loop = number < 0 ? number : sys_open(*device, O_RDWR);
        r = loop < 0 ? loop : sys_ioctl(loop, LOOP_CONFIGURE, &config);
        if (r < 0 && loop >= 0)
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
    struct str rest = file_text("/proc/filesystems", text, sizeof text), line;
    int r = -ENODEV;
    while ((line = str_line(&rest, '\n')).p && (r == -ENODEV || r == -EINVAL)) {
        struct str type = str_trim(line);
        if (!str_starts(line, "nodev"))
            r = sys_mount(what, where, z_fmt("%.*s", (int)type.n, type.p), o->flags, o->data.p);
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
        log_line(LOG_ERR, "mount: %s: special device %s does not exist.", where, what);
    else if (error == -ENODEV)
        log_line(LOG_ERR, "mount: %s: unknown filesystem type '%s' (a kernel module that is missing?).", where, type);
    else if (error == -EINVAL)
        log_line(LOG_ERR, "mount: %s: wrong fs type, bad option, or bad superblock on %s.", where, what);
    else if (error == -EBUSY)
        log_line(LOG_ERR, "mount: %s: %s already mounted or mount point busy.", where, what);
    else
        log_line(LOG_ERR, "mount: %s: mount of %s failed: %s.", where, what, strerror(-error));
}

static int do_mount(char **argv)
{
    const char *source = argv[0], *what = source, *where = argv[1], *type = argv[2], *options = argv[3];
    u32 mode = 0755;
    struct stat st;
    struct mount_options o;
    mount_options_parse(str_of(options), &o);
    if (z_in("bind\0rbind\0", type))
        o.flags |= STREQ(type, "bind") ? MS_BIND : MS_BIND | MS_REC;
    (void)parse_mode(str_of(argv[4]), &mode);
    /* A bind mount of a file needs a file to lie on. */
    bool file = o.flags & MS_BIND && sys_stat(what, &st) == 0 && !S_ISDIR(st.st_mode);
    if (!file)
        make_folders(z_fmt("%s/", where), mode);
    int r = mount_by_program(what, where, type, options);
    if (r != -ENOENT)
        return r;
    if (!(o.flags & MS_BIND) && sys_stat(what, &st) == 0 && (S_ISREG(st.st_mode) || o.loop)) {
        r = attach_loop(source, o.flags & MS_RDONLY, &what);
        if (r < 0) {
            log_line(LOG_ERR, "mount: %s: failed to set up a loop device for %s: %s.", where, source, strerror(-r));
            return r;
        }
    }
    r = mount_typed(what, where, type, &o);
    if ((r == -EROFS || r == -EACCES) && !(o.flags & (MS_RDONLY | MS_BIND)) && !STREQ(argv[5], "rw-only")) {
        log_line(LOG_ERR, "mount: %s: WARNING: source write-protected, mounted read-only.", where);
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
        log_line(LOG_ERR, "umount: %s: %s.", argv[0], r == -EBUSY ? "target is busy" : strerror(-r));
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
        log_line(LOG_ERR, "swapon: %s: swapon failed: %s", argv[0],
                 r == -EINVAL ? "no swap area on it (mkswap makes one)" : strerror(-r));
    return r == -EBUSY ? 0 : r;
}

static int do_swapoff(char **argv)
{
    int r = sys_swapoff(argv[0]);
    if (r < 0 && r != -EINVAL)
        log_line(LOG_ERR, "swapoff: %s: swapoff failed: %s", argv[0], strerror(-r));
    return r == -EINVAL ? 0 : r;
}

static const struct { char name[8]; int operands; int (*fn)(char **argv); } commands[] = {
    { "mount", 6, do_mount }, { "remount", 4, do_remount }, { "umount", 3, do_umount }, { "swapon", 3, do_swapon },
    { "swapoff", 1, do_swapoff },
};

int mount_main(int argc, char **argv)
{
    log_to.stderr_fd = 2;
    for (u32 i = 0; i < LEN(commands) && argc > 1; i++)
        if (STREQ(commands[i].name, argv[1]) && argc - 2 == commands[i].operands)
            return commands[i].fn(argv + 2) < 0 ? 32 : 0;        /* 32: mount failure, as mount(8) */
    log_line(LOG_ERR, "pith-mount is for mount and swap units: use mount(8).");
    return 1;
}
