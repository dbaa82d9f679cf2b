/* SPDX-License-Identifier: 0BSD
 *
 * fstab(5) and the kernel command line -> unit files below /run/systemd/generator*, as
 * systemd-fstab-generator(8), -debug-generator(8) and -run-generator(8) write them; the loader then
 * reads them like any other file, and so can a person. Writes only there. */
#include "unit.h"
#include "../sys.h"

#define EARLY "/run/systemd/generator.early"
#define NORMAL "/run/systemd/generator"

/* ---- options ------------------------------------------------------------------------------- */

/* One option of a comma-separated list; a comma after a backslash belongs to the value. */
static struct str next_option(struct str *rest)
{
    size_t n = 0;
    if (!rest->n)
        return (struct str){ NULL, 0 };
    while (n < rest->n && !(rest->p[n] == ',' && (n == 0 || rest->p[n - 1] != '\\')))
        n++;
    struct str option = str_cut(*rest, n);
    *rest = str_from(*rest, n + 1);
    return option;
}

bool fstab_option(struct str options, const char *name, struct str *value)
{
    bool found = false;
    struct str option;
    while ((option = next_option(&options)).p) {
        int eq = str_find(option, '=');
        if (!str_is(eq < 0 ? option : str_cut(option, (size_t)eq), name))
            continue;
        found = true;
        if (value)
            *value = eq < 0 ? (struct str){ NULL, 0 } : str_from(option, (size_t)eq + 1);
    }
    return found;
}

/* Whichever of the two comes last; neither: false. */
bool fstab_yes_no(struct str options, const char *yes, const char *no)
{
    bool v = false;
    struct str option;
    while ((option = next_option(&options)).p) {
        int eq = str_find(option, '=');
        struct str key = eq < 0 ? option : str_cut(option, (size_t)eq);
        if (str_is(key, yes))
            v = true;
        else if (str_is(key, no))
            v = false;
    }
    return v;
}

/* Text as udev writes it in the names of links: all but plain characters become \xHH. */
static void put_udev_escaped(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        u8 c = (u8)s.p[i];
        if (c < 0x80 && !((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') && !strchr("#+-.:=@_", c))
            buf_fmt(out, "\\x%02x", c);
        else
            buf_c(out, (char)c);
    }
}

void fstab_node(struct str source, struct buf *out)
{
    static const struct { const char *tag, *folder; } tags[] = {
        { "LABEL=", "label" }, { "UUID=", "uuid" }, { "PARTLABEL=", "partlabel" }, { "PARTUUID=", "partuuid" },
    };
    for (u32 i = 0; i < LEN(tags); i++) {
        if (!str_starts(source, tags[i].tag))
            continue;
        struct str value = str_from(source, strlen(tags[i].tag));
        if (value.n > 1 && value.p[0] == '"' && str_ends(value, "\""))
            value = str_from(str_cut(value, value.n - 1), 1);
        buf_fmt(out, "/dev/disk/by-%s/", tags[i].folder);
        put_udev_escaped(value, out);
        return;
    }
    buf_str(out, source);
}

bool fs_is_network(const char *type)
{
    static const char *const types[] = {
        "afs", "ceph", "cifs", "smb3", "smbfs", "sshfs", "ncpfs", "ncp", "nfs", "nfs4", "gfs", "gfs2",
        "glusterfs", "pvfs2", "ocfs2", "lustre", "davfs",
    };
    const char *plain = z_after(type, "fuse.");
    for (u32 i = 0; i < LEN(types); i++)
        if (STREQ(plain ? plain : type, types[i]))
            return true;
    return false;
}

/* Mounted by PID 1 before anything else, or below such a file system. */
bool fs_is_api(struct str where)
{
    static const char *const exact[] = { "/dev", "/dev/shm", "/dev/pts", "/run", "/proc", "/sys" };
    static const char *const below[] = { "/sys/kernel/security", "/sys/fs/cgroup", "/sys/fs/pstore",
                                         "/sys/fs/bpf", "/sys/firmware/efi/efivars", "/sys/fs/selinux",
                                         "/dev/console", "/proc/kmsg" };
    for (u32 i = 0; i < LEN(exact); i++)
        if (str_is(where, exact[i]))
            return true;
    for (u32 i = 0; i < LEN(below); i++)
        if (path_below(where, str_of(below[i])))
            return true;
    return false;
}

bool in_initrd(void)
{
    struct stat st;
    return !*search_root && sys_stat("/etc/initrd-release", &st) == 0;
}

/* ---- writing files ------------------------------------------------------------------------- */

static int make_dirs(const char *path)
{
    BUF(part, PATH_BYTES);
    int r = 0;
    for (const char *p = path; *p; p++) {
        if (*p == '/' && p > path) {
            buf_end(&part);
            r = sys_mkdir(part.p, 0755);
        }
        buf_c(&part, *p);
    }
    return r == -EEXIST ? 0 : r;
}

static int write_unit(const char *folder, struct str name, const struct buf *text)
{
    BUF(path, PATH_BYTES);
    buf_fmt(&path, "%s%s/%.*s", search_root, folder, (int)name.n, name.p);
    make_dirs(buf_end(&path));
    int fd = sys_openat(AT_FDCWD, path.p, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    ssize_t n = fd < 0 ? fd : sys_write(fd, text->p, text->n);
    if (fd >= 0)
        sys_close(fd);
    if (n < 0 || text->over)
        log_line(LOG_ERR, "Failed to create unit file %s: %s", path.p, n < 0 ? strerror(-(int)n) : "too long");
    return n < 0 ? (int)n : 0;
}

static int link_unit(const char *folder, const char *from, const char *target)
{
    BUF(path, PATH_BYTES);
    buf_fmt(&path, "%s%s/%s", search_root, folder, from);
    make_dirs(buf_end(&path));
    sys_unlink(path.p);
    int r = sys_symlink(target, path.p);
    if (r < 0)
        log_line(LOG_ERR, "Failed to create symlink %s: %s", path.p, strerror(-r));
    return r;
}

/* Text that the loader will expand again. */
static void put_escaped(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%')
            buf_c(out, '%');
        buf_c(out, s.p[i]);
    }
}

/* ---- fstab lines --------------------------------------------------------------------------- */


/* "\040" and the other octal escapes of fstab(5). */
static struct str unescape_field(struct str s, struct buf *space)
{
    u32 at = space->n;
    buf_octal(space, s);
    return (struct str){ space->p + at, space->n - at };
}

static void put_dependencies(struct buf *out, struct str options, const char *option, const char *const *keys)
{
    struct str rest = options, one;
    while ((one = next_option(&rest)).p) {
        BUF(name, UNIT_NAME_BYTES);
        int eq = str_find(one, '=');
        if (eq < 0 || !str_is(str_cut(one, (size_t)eq), option))
            continue;
        struct str value = str_from(one, (size_t)eq + 1);
        bool is_path = STREQ(option, "x-systemd.requires-mounts-for");
        if (is_path)
            put_escaped(&name, value);
        else if (unit_name_mangle(value, false, ".mount", &name) < 0)
            continue;
        for (u32 i = 0; keys[i]; i++)
            buf_fmt(out, "%s=%.*s\n", keys[i], (int)name.n, name.p);
    }
}

static void put_all_dependencies(struct buf *out, struct str options)
{
    static const char *const after[] = { "After", NULL }, *const before[] = { "Before", NULL },
                      *const needs[] = { "After", "Requires", NULL }, *const mounts[] = { "RequiresMountsFor", NULL };
    put_dependencies(out, options, "x-systemd.after", after);
    put_dependencies(out, options, "x-systemd.requires", needs);
    put_dependencies(out, options, "x-systemd.before", before);
    put_dependencies(out, options, "x-systemd.requires-mounts-for", mounts);
}

/* Is there a checker for this type? None is no error: systemd-fsck@.service(8). */
static bool fsck_exists(struct str type)
{
    static const char *const folders[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin" };
    for (u32 i = 0; i < LEN(folders); i++) {
        BUF(path, 256);
        bool any = !type.n || str_is(type, "auto");
        buf_fmt(&path, "%s%s/fsck%s%.*s", search_root, folders[i], any ? "" : ".", any ? 0 : (int)type.n, type.p);
        if (sys_access(buf_end(&path), 1 /* X_OK */) == 0)
            return true;
    }
    return false;
}

/* fsck in pass order, fstab(5): a check waits for those of lower passes (the root's, pass 1, goes before
 * all others by its unit). 64 file systems; later ones are checked without an order. */
static struct { u64 pass; char name[UNIT_NAME_BYTES]; } passes[64] SCRATCH;
static u32 passes_n;

static void keep_pass(u64 pass, struct str name)
{
    BUF(text, PATH_BYTES);
    BUF(path, UNIT_NAME_BYTES + 32);
    if (passes_n == LEN(passes))
        return;
    passes[passes_n].pass = pass;
    z_copy(passes[passes_n++].name, UNIT_NAME_BYTES, name);
    for (u32 i = 0; i < passes_n; i++) {
        text.n = path.n = 0;
        buf_fmt(&path, "%s.d/50-pass.conf", passes[i].name);
        buf_z(&text, "[Unit]\n");
        for (u32 k = 0; k < passes_n; k++)
            if (passes[k].pass < passes[i].pass)
                buf_fmt(&text, "After=%s\n", passes[k].name);
        if (text.n > 7)
            write_unit(NORMAL, (struct str){ path.p, path.n }, &text);
    }
}

static void put_fsck(struct buf *out, const struct fstab_line *l)
{
    BUF(name, UNIT_NAME_BYTES);
    if (!str_starts(l->what, "/dev/")) {
        log_line(LOG_WARNING, "Checking was requested for \"%.*s\", but it is not a device.",
                 (int)l->what.n, l->what.p);
        return;
    }
    if (!fsck_exists(l->type))
        return;
    if (str_is(l->where, "/")) {
        link_unit(NORMAL, "local-fs.target.wants/systemd-fsck-root.service",
                  "/usr/lib/systemd/system/systemd-fsck-root.service");
        return;
    }
    buf_z(&name, "systemd-fsck@");
    if (unit_path_escape(l->what, &name) < 0)
        return;
    buf_z(&name, ".service");
    buf_fmt(out, "%s=%s\nAfter=%s\n", str_is(l->where, "/usr") ? "Wants" : "Requires", buf_end(&name), name.p);
    keep_pass(l->passno, (struct str){ name.p, name.n });
}

/* x-systemd.device-timeout= and _netdev act on the device's unit, by drop-ins. */
static void write_device_dropins(const struct fstab_line *l)
{
    BUF(name, UNIT_NAME_BYTES + 64);
    BUF(text, 512);
    struct str timeout;
    usec t;
    if (!str_starts(l->what, "/dev/") || unit_name_from_path(l->what, ".device", &name) < 0)
        return;
    u32 n = name.n;
    if (fstab_option(l->options, "x-systemd.device-timeout", &timeout) && timeout.n) {
        if (parse_span(timeout, USEC_SEC, &t) < 0) {
            log_line(LOG_WARNING, "Failed to parse timeout for %.*s, ignoring: %.*s", (int)l->where.n,
                     l->where.p, (int)timeout.n, timeout.p);
        } else {
            buf_z(&name, ".d/50-device-timeout.conf");
            buf_fmt(&text, "[Unit]\nJobRunningTimeoutSec=%.*s\n", (int)timeout.n, timeout.p);
            write_unit(NORMAL, (struct str){ name.p, name.n }, &text);
        }
    }
    if (fstab_option(l->options, "_netdev", NULL)) {
        name.n = n;
        text.n = 0;
        buf_z(&name, ".d/50-netdev-dependencies.conf");
        buf_z(&text, "[Unit]\nAfter=network-online.target network.target\nWants=network-online.target\n");
        write_unit(NORMAL, (struct str){ name.p, name.n }, &text);
    }
}

/* The links that make targets pull the unit in. */
static void link_targets(const struct fstab_line *l, struct str name)
{
    struct str rest = l->options, one;
    bool own_targets = false;
    while ((one = next_option(&rest)).p) {
        int eq = str_find(one, '=');
        struct str key = str_cut(one, (size_t)MAX(eq, 0));
        bool wanted = str_is(key, "x-systemd.wanted-by"), required = str_is(key, "x-systemd.required-by");
        if ((!wanted && !required) || str_is(l->where, "/"))
            continue;
        BUF(path, PATH_BYTES);
        BUF(target, PATH_BYTES);
        buf_fmt(&path, "%.*s.%s/%.*s", (int)one.n - eq - 1, one.p + eq + 1, wanted ? "wants" : "requires",
                (int)name.n, name.p);
        buf_fmt(&target, NORMAL "/%.*s", (int)name.n, name.p);
        link_unit(NORMAL, buf_end(&path), buf_end(&target));
        own_targets = true;
    }
    if (l->noauto || own_targets)
        return;
    BUF(path, PATH_BYTES);
    BUF(target, PATH_BYTES);
    buf_fmt(&path, "%s.%s/%.*s", l->target, l->nofail ? "wants" : "requires", (int)name.n, name.p);
    buf_fmt(&target, "../%.*s", (int)name.n, name.p);
    link_unit(NORMAL, buf_end(&path), buf_end(&target));
}

static void write_mount(struct fstab_line *l)
{
    struct buf text = { scratch(0), 0, VALUE_BYTES, false };
    BUF(name, UNIT_NAME_BYTES);
    struct str timeout;
    usec t;
    if (str_is(l->where, "/")) {
        if (l->noauto || l->nofail)
            log_line(LOG_WARNING, "Ignoring \"noauto\" and \"nofail\" options for root device");
        l->noauto = l->nofail = false;
    }
    if (unit_name_from_path(l->where, ".mount", &name) < 0) {
        log_line(LOG_WARNING, "%s: cannot make a unit name of %.*s, ignoring.", l->source,
                 (int)l->where.n, l->where.p);
        return;
    }
    buf_fmt(&text, "# Automatically generated by pith from %s\n\n[Unit]\n"
            "Documentation=man:fstab(5) man:systemd-fstab-generator(8)\nSourcePath=%s\n", l->source, l->source);
    put_all_dependencies(&text, l->options);
    if (!l->nofail)
        buf_fmt(&text, "Before=%s\n", l->target);
    if (l->passno && !in_initrd())
        put_fsck(&text, l);
    buf_z(&text, "\n[Mount]\nWhat=");
    put_escaped(&text, l->what);
    buf_z(&text, "\nWhere=");
    put_escaped(&text, l->where);
    if (l->type.n && !str_is(l->type, "auto")) {
        buf_z(&text, "\nType=");
        put_escaped(&text, l->type);
    }
    if (fstab_option(l->options, "x-systemd.mount-timeout", &timeout) && parse_span(timeout, USEC_SEC, &t) == 0)
        buf_fmt(&text, "\nTimeoutSec=%.*s", (int)timeout.n, timeout.p);
    if (fstab_option(l->options, "x-systemd.rw-only", NULL))
        buf_z(&text, "\nReadWriteOnly=yes");
    if (l->options.n && !str_is(l->options, "defaults")) {
        buf_z(&text, "\nOptions=");
        put_escaped(&text, l->options);
    }
    buf_c(&text, '\n');
    write_unit(NORMAL, (struct str){ name.p, name.n }, &text);
    write_device_dropins(l);
    link_targets(l, (struct str){ name.p, name.n });
}

static void write_swap(struct fstab_line *l)
{
    struct buf text = { scratch(0), 0, VALUE_BYTES, false };
    BUF(name, UNIT_NAME_BYTES);
    struct str value;
    if (unit_name_from_path(l->what, ".swap", &name) < 0) {
        log_line(LOG_WARNING, "%s: cannot make a unit name of %.*s, ignoring.", l->source, (int)l->what.n, l->what.p);
        return;
    }
    l->target = "swap.target";
    buf_fmt(&text, "# Automatically generated by pith from %s\n\n[Unit]\n"
            "Documentation=man:fstab(5) man:systemd-fstab-generator(8)\nSourcePath=%s\n\n[Swap]\nWhat=",
            l->source, l->source);
    put_escaped(&text, l->what);
    if (fstab_option(l->options, "pri", &value) && value.n)
        buf_fmt(&text, "\nPriority=%.*s", (int)value.n, value.p);
    if (l->options.n && !str_is(l->options, "defaults")) {
        buf_z(&text, "\nOptions=");
        put_escaped(&text, l->options);
    }
    buf_c(&text, '\n');
    write_unit(NORMAL, (struct str){ name.p, name.n }, &text);
    write_device_dropins(l);
    link_targets(l, (struct str){ name.p, name.n });
}

static bool sys_is_read_only(void)
{
    return sys_access("/sys", 2 /* W_OK */) == -EROFS;
}

/* ---- lines --------------------------------------------------------------------------------- */

static const char fstab_path[] = "/etc/fstab";

int fstab_open(struct fstab *f)
{
    char *text;
    u32 n;
    *f = (struct fstab){ .number = 0 };
    int r = file_read(fstab_path, &text, &n);
    if (r == 0)
        f->rest = (struct str){ text, n };
    else if (r != -ENOENT)
        log_line(LOG_ERR, "%s: %s, no file systems of it are mounted.", fstab_path,
                 r == -EFBIG ? "larger than limit FILE_BYTES (limits.h)" : strerror(-r));
    return r;
}

/* NULL: the line is fine. */
static const char *parse_line(struct fstab *f, struct str raw, struct fstab_line *l)
{
    struct buf space = BUF_OVER(f->space), what = BUF_OVER(f->what), where = BUF_OVER(f->where);
    struct str fields[6] = { { NULL, 0 } }, rest = raw;
    u32 n = 0;
    *l = (struct fstab_line){ .source = fstab_path, .options = S("defaults"), .type = S("auto") };
    while (n < 6 && (fields[n] = str_word(&rest, BLANKS)).p)
        n++;
    if (memchr(raw.p, 0, raw.n) || n < 2 || (n >= 6 && parse_u64(fields[5], 10, &l->passno) < 0))
        return "not a line of fstab(5)";
    fstab_node(unescape_field(fields[0], &space), &what);
    l->what = (struct str){ what.p, what.n };
    l->where = unescape_field(fields[1], &space);
    if (n > 2)
        l->type = unescape_field(fields[2], &space);
    if (n > 3)
        l->options = unescape_field(fields[3], &space);
    l->noauto = fstab_yes_no(l->options, "noauto", "auto");
    l->nofail = fstab_yes_no(l->options, "nofail", "fail");
    if (what.over || space.over)
        return "the line is too long";
    if (str_is(l->type, "swap"))
        return NULL;
    path_simplify(l->where, false, &where);
    l->where = (struct str){ where.p, where.n };
    return path_valid(l->where) ? NULL : "the mount point is not a valid path";
}

bool fstab_next(struct fstab *f, struct fstab_line *l)
{
    struct str line;
    while ((line = str_line(&f->rest, '\n')).p) {
        f->number++;
        line = str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        const char *wrong = parse_line(f, line, l);
        if (!wrong)
            return true;
        log_line(LOG_WARNING, "%s:%u: %s, ignoring it.", fstab_path, f->number, wrong);
    }
    return false;
}

/* ---- from lines to units ------------------------------------------------------------------- */

static void warn_unsupported(const struct fstab_line *l, u32 number)
{
    static const char *const later[] = { "x-systemd.automount", "x-systemd.makefs", "x-systemd.growfs" };
    for (u32 i = 0; i < LEN(later); i++)
        if (fstab_option(l->options, later[i], NULL))
            log_line(LOG_WARNING, "%s:%u: %s is not supported by pith yet, ignoring it.", fstab_path, number, later[i]);
}

static void generate_fstab(void)
{
    static struct fstab f SCRATCH;
    struct fstab_line l;
    passes_n = 0;
    if (fstab_open(&f) < 0)
        return;
    while (fstab_next(&f, &l)) {
        BUF(type, 64);
        buf_str(&type, l.type);
        bool network = fstab_option(l.options, "_netdev", NULL) || fs_is_network(buf_end(&type));
        warn_unsupported(&l, f.number);
        l.target = network ? "remote-fs.target" : "local-fs.target";
        if (sys_is_read_only() && str_starts(l.what, "/dev/"))
            log_line(LOG_INFO, "Running in a container, ignoring fstab device entry for %.*s.", (int)l.what.n, l.what.p);
        else if (str_is(l.type, "swap"))
            write_swap(&l);
        else if (!fs_is_api(l.where) && !str_is(l.type, "autofs"))
            write_mount(&l);
    }
}

/* ---- the kernel command line --------------------------------------------------------------- */

/* root= in an initrd becomes sysroot.mount. */
static void generate_sysroot(void)
{
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    BUF(root, PATH_BYTES);
    BUF(type, 64);
    BUF(options, 1024);
    bool rw = false;
    while (cmdline_next(&c) > 0) {
        struct buf *to = c.value ? STREQ(c.key, "root") ? &root : STREQ(c.key, "rootfstype") ? &type
                                 : STREQ(c.key, "rootflags") ? &options : NULL : NULL;
        if (to) {
            to->n = 0;
            buf_z(to, c.value);
        } else if (STREQ(c.key, "rw") || STREQ(c.key, "ro")) {
            rw = STREQ(c.key, "rw");
        }
    }
    if (!root.n)
        return;
    BUF(what, PATH_BYTES);
    if (options.n)
        buf_c(&options, ',');
    buf_z(&options, rw ? "rw" : "ro");
    if (STREQ(buf_end(&root), "tmpfs")) {
        buf_z(&what, "rootfs");
        if (!type.n)
            buf_z(&type, "tmpfs");
    } else {
        fstab_node(str_of(root.p), &what);
    }
    struct fstab_line l = {
        .source = "/proc/cmdline", .what = { what.p, what.n }, .where = S("/sysroot"),
        .type = { type.p, type.n }, .options = { options.p, options.n }, .target = "initrd-root-fs.target",
    };
    write_mount(&l);
}

/* In an initrd only what says rd. is meant for it; the rest is for the system behind it, which in turn
 * passes over rd. NULL: not for us. */
static const char *meant_for_us(const char *key)
{
    const char *rd = z_after(key, "rd.");
    return in_initrd() ? rd : rd ? NULL : key;
}

/* systemd.run=: one service, and a default.target that is only it. */
static void generate_run(void)
{
    struct buf text = { scratch(0), 0, VALUE_BYTES, false };
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    char success[32] = "exit", failure[32] = "exit";
    bool any = false;
    BUF(commands, 4096);
    while (cmdline_next(&c) > 0) {
        const char *key = meant_for_us(c.key);
        if (!c.value || !key)
            continue;
        if (cmdline_key_is(key, "systemd.run")) {
            buf_z(&commands, "ExecStart=");
            put_escaped(&commands, str_of(c.value));
            buf_c(&commands, '\n');
            any = true;
        } else if (cmdline_key_is(key, "systemd.run_success_action")) {
            z_copy(success, sizeof success, str_of(c.value));
        } else if (cmdline_key_is(key, "systemd.run_failure_action")) {
            z_copy(failure, sizeof failure, str_of(c.value));
        }
    }
    if (!any)
        return;
    buf_z(&text, "# Automatically generated by pith from the kernel command line\n\n[Unit]\n"
          "Description=Command from Kernel Command Line\nDocumentation=man:systemd-run-generator(8)\n"
          "SourcePath=/proc/cmdline\n");
    if (!STREQ(success, "none"))
        buf_fmt(&text, "SuccessAction=%s\n", success);
    if (!STREQ(failure, "none"))
        buf_fmt(&text, "FailureAction=%s\n", failure);
    buf_z(&text, "\n[Service]\nType=oneshot\nStandardOutput=journal+console\n");
    buf_put(&text, commands.p, commands.n);
    write_unit(NORMAL, S("kernel-command-line.service"), &text);
    text.n = 0;
    buf_z(&text, "[Unit]\nDescription=Command from Kernel Command Line\n"
          "Documentation=man:systemd-run-generator(8)\nSourcePath=/proc/cmdline\n"
          "Requires=kernel-command-line.service\nAfter=kernel-command-line.service\n");
    write_unit(NORMAL, S("kernel-command-line.target"), &text);
    link_unit(EARLY, "default.target", NORMAL "/kernel-command-line.target");
}

/* systemd.mask=, systemd.wants=: links that go before all others. */
static void generate_links(void)
{
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    while (cmdline_next(&c) > 0) {
        BUF(name, UNIT_NAME_BYTES);
        BUF(path, PATH_BYTES);
        const char *key = meant_for_us(c.key);
        bool mask = key && cmdline_key_is(key, "systemd.mask"), wants = key && cmdline_key_is(key, "systemd.wants");
        if ((!mask && !wants) || !c.value || unit_name_mangle(str_of(c.value), false, ".service", &name) < 0)
            continue;
        if (mask) {
            link_unit(EARLY, buf_end(&name), "/dev/null");
            continue;
        }
        buf_fmt(&path, "default.target.wants/%s", buf_end(&name));
        link_unit(EARLY, buf_end(&path), "/usr/lib/systemd/system");
    }
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* Empties a folder of an earlier run: files and links, one level of folders. */
static void clear_folder(const char *path, u32 depth)
{
    char dents[4096];
    BUF(full, PATH_BYTES);
    buf_fmt(&full, "%s%s", search_root, path);
    int fd = sys_open(buf_end(&full), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    for (ssize_t n; fd >= 0 && (n = sys_getdents(fd, dents, sizeof dents)) > 0;)
        for (ssize_t at = 0; at < n;) {
            struct { u64 ino; i64 off; u16 len; u8 type; char name[]; } *d = (void *)(dents + at);
            at += d->len;
            if (STREQ(d->name, ".") || STREQ(d->name, ".."))
                continue;
            BUF(below, PATH_BYTES);
            buf_fmt(&below, "%s/%s", path, d->name);
            if (d->type == 4 /* DT_DIR */ && depth)
                clear_folder(buf_end(&below), depth - 1);
            if (sys_unlinkat(fd, d->name, 0) == -EISDIR)
                sys_unlinkat(fd, d->name, AT_REMOVEDIR);
        }
    if (fd >= 0)
        sys_close(fd);
}

int generate_all(void)
{
    clear_folder(EARLY, 1);
    clear_folder(NORMAL, 1);
    if (in_initrd())
        generate_sysroot();
    else if (cmdline_flag("fstab", true))
        generate_fstab();
    generate_run();
    generate_links();
    return 0;
}
