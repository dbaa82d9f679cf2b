/* SPDX-License-Identifier: 0BSD
 *
 * fstab(5) and the kernel command line -> unit files below /run/systemd/generator*, as
 * systemd-fstab-generator(8), -debug-generator(8) and -run-generator(8) write them; the loader then
 * reads them like any other file, and so can a person. Writes only there. */
#include "unit.h"
#include "../sys.h"

#include <dirent.h>

#define NORMAL "/run/systemd/generator"

/* ---- options ------------------------------------------------------------------------------- */

/* Takes "key=value" off a comma-separated list; a comma after a backslash belongs to the value. Without
 * a value that is empty. False at the end. */
static bool next_option(struct str *rest, struct str *key, struct str *value)
{
    size_t n = 0;
    if (!rest->n)
        return false;
    while (n < rest->n && !(rest->p[n] == ',' && (n == 0 || rest->p[n - 1] != '\\')))
        n++;
    *value = str_cut(*rest, n);
    *rest = str_from(*rest, n + 1);
    *key = str_line(value, '=');
    return true;
}

bool fstab_option(struct str options, const char *name, struct str *value)
{
    struct str key, v;
    bool found = false;
    while (next_option(&options, &key, &v))
        if (str_is(key, name)) {
            found = true;
            if (value)
                *value = v;
        }
    return found;
}

/* Whichever of the two comes last; neither: false. */
bool fstab_yes_no(struct str options, const char *yes, const char *no)
{
    struct str key, value;
    bool v = false;
    while (next_option(&options, &key, &value))
        v = str_is(key, yes) || (v && !str_is(key, no));
    return v;
}

static bool has_option(const struct fstab_line *l, const char *name) { return fstab_option(l->options, name, NULL); }

/* LABEL=x and its like: the link that udev makes, in whose name all but plain characters are \xHH. */
void fstab_node(struct str source, struct buf *out)
{
    for (EACH(tag, "LABEL=\0UUID=\0PARTLABEL=\0PARTUUID=\0")) {
        if (!str_starts(source, tag))
            continue;
        buf_z(out, "/dev/disk/by-");
        for (const char *c = tag; *c != '='; c++)
            buf_c(out, *c | 32);
        buf_c(out, '/');
        struct str value = str_from(source, strlen(tag));
        if (value.n > 1 && value.p[0] == '"' && str_ends(value, "\""))
            value = str_from(str_cut(value, value.n - 1), 1);
        for (size_t i = 0; i < value.n; i++) {
            u8 c = (u8)value.p[i];
            bool plain = c >= 0x80 || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9')
                      || (c && strchr("#+-.:=@_", c));
            buf_fmt(out, plain ? "%c" : "\\x%02x", c);
        }
        return;
    }
    buf_str(out, source);
}

bool fs_is_network(struct str type)
{
    i32 which;
    return name_find("afs\0ceph\0cifs\0smb3\0smbfs\0sshfs\0ncpfs\0ncp\0nfs\0nfs4\0gfs\0gfs2\0glusterfs\0pvfs2\0"
                     "ocfs2\0lustre\0davfs\0", str_from(type, str_starts(type, "fuse.") ? 5 : 0), &which) == 0;
}

/* Mounted by PID 1 before anything else, or below such a file system. */
bool fs_is_api(struct str where)
{
    for (EACH(path, "/dev\0/dev/shm\0/dev/pts\0/run\0/proc\0/sys\0"))
        if (str_is(where, path))
            return true;
    return path_below_any(where, "/sys/kernel/security\0/sys/fs/cgroup\0/sys/fs/pstore\0/sys/fs/bpf\0"
                          "/sys/firmware/efi/efivars\0/sys/fs/selinux\0/dev/console\0/proc/kmsg\0");
}

bool in_initrd(void)
{
    struct stat st;
    return !*search_root && sys_stat("/etc/initrd-release", &st) == 0;
}

/* ---- lines --------------------------------------------------------------------------------- */

static const char fstab_path[] = "/etc/fstab";

/* "\040" and the other octal escapes of fstab(5). */
static struct str unescape_field(struct str s, struct buf *space)
{
    u32 at = space->n;
    buf_octal(space, s);
    return (struct str){ space->p + at, space->n - at };
}

int fstab_open(struct fstab *f)
{
    char *text;
    u32 n;
    f->number = 0;
    f->rest = (struct str){ NULL, 0 };
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
    struct str fields[6] = { [2] = S("auto"), [3] = S("defaults") }, rest = raw, word;
    u64 passno = 0;
    u32 n = 0;
    while (n < LEN(fields) && (word = str_word(&rest, BLANKS)).p)
        fields[n++] = unescape_field(word, &space);
    *l = (struct fstab_line){ .source = fstab_path, .number = f->number };
    if (memchr(raw.p, 0, raw.n) || n < 2 || (n == LEN(fields) && parse_u64(fields[5], 10, &passno) < 0))
        return "not a line of fstab(5)";
    fstab_node(fields[0], &what);
    l->what = STR(what);
    l->where = fields[1];
    l->type = fields[2];
    l->options = fields[3];
    l->passno = passno;
    l->noauto = fstab_yes_no(l->options, "noauto", "auto");
    l->nofail = fstab_yes_no(l->options, "nofail", "fail");
    if (what.over || space.over)
        return "the line is too long";
    if (!text_safe(l->what) || !text_safe(l->type) || !text_safe(l->options))
        return "a field has control characters";
    if (str_is(l->type, "swap"))
        return NULL;
    path_simplify(l->where, false, &where);
    l->where = STR(where);
    return path_valid(l->where) ? NULL : "the mount point is not a valid path";
}

static void warn(const struct fstab_line *l, const char *what, struct str about)
{
    log_line(LOG_WARNING, "%s:%u: %s%.*s", l->source, l->number, what, (int)about.n, about.p);
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
        warn(l, wrong, S(", ignoring it."));
    }
    return false;
}

/* ---- writing files ------------------------------------------------------------------------- */

/* A file of this text, or with NULL a link to the target. The name is what follows NORMAL. */
static void make_unit(const struct buf *text, const char *target, const char *name, ...) PRINTF(3, 4);
static void make_unit(const struct buf *text, const char *target, const char *name, ...)
{
    BUF(path, PATH_BYTES);
    va_list ap;
    buf_fmt(&path, "%s" NORMAL, search_root);
    va_start(ap, name);
    buf_vfmt(&path, name, ap);
    va_end(ap);
    make_parents(buf_end(&path));
    sys_unlink(path.p);
    int r = text ? file_put(path.p, STR(*text), 0644) : sys_symlink(target, path.p);
    if (r < 0 || (text && text->over))
        log_line(LOG_ERR, "Failed to create %s %s: %s", text ? "unit file" : "symlink", path.p, r < 0 ? strerror(-r) : "too long");
}

/* "Key=value", the value so that the loader, which expands it, gets it back; nothing for no value. */
static void put_line(struct buf *out, const char *key, struct str value)
{
    if (!value.n)
        return;
    buf_fmt(out, "%s=", key);
    for (size_t i = 0; i < value.n; i++)
        buf_fmt(out, value.p[i] == '%' ? "%%%%" : "%c", value.p[i]);
    buf_c(out, '\n');
}

/* ---- from lines to units ------------------------------------------------------------------- */

static void put_dependencies(struct buf *out, struct str options)
{
    for (EACH(option, "x-systemd.after\0After\0x-systemd.requires\0After\0x-systemd.requires\0Requires\0"
                      "x-systemd.before\0Before\0x-systemd.requires-mounts-for\0RequiresMountsFor\0")) {
        const char *line = option + strlen(option) + 1;
        for (struct str rest = options, key, value; next_option(&rest, &key, &value);) {
            BUF(name, UNIT_NAME_BYTES);
            if (!str_is(key, option))
                continue;
            if (STREQ(line, "RequiresMountsFor"))
                put_line(out, line, value);
            else if (unit_name_mangle(value, false, ".mount", &name) >= 0)
                put_line(out, line, STR(name));
        }
        option = line;
    }
}

/* Is there a checker for this type? None is no error: systemd-fsck@.service(8). */
static bool fsck_exists(struct str type)
{
    bool any = !type.n || str_is(type, "auto");
    for (EACH(folder, "/usr/sbin\0/sbin\0/usr/bin\0/bin\0/usr/local/sbin\0")) {
        char path[PATH_BYTES];
        path_fmt(path, "%s%s/fsck%s%.*s", search_root, folder, any ? "" : ".", any ? 0 : (int)type.n, type.p);
        if (sys_access(path, 1 /* X_OK */) == 0)
            return true;
    }
    return false;
}

/* Those that are checked, in order of lines. 64 file systems; later ones are checked without an order. */
static struct { u64 pass; char name[UNIT_NAME_BYTES]; } passes[64] SCRATCH;
static u32 passes_n;

/* fsck in pass order, fstab(5): a check waits for those of lower passes (the root's, pass 1, goes before
 * all others by its unit). */
static void write_passes(void)
{
    for (u32 i = 0; i < passes_n; i++) {
        WORKSPACE(text, 0);
        buf_z(&text, "[Unit]\n");
        u32 none = text.n;
        for (u32 k = 0; k < passes_n; k++)
            if (passes[k].pass < passes[i].pass)
                put_line(&text, "After", str_of(passes[k].name));
        if (text.n > none)
            make_unit(&text, NULL, "/%s.d/50-pass.conf", passes[i].name);
    }
}

static void put_fsck(struct buf *out, const struct fstab_line *l)
{
    BUF(name, UNIT_NAME_BYTES);
    if (!str_starts(l->what, "/dev/")) {
        warn(l, "Checking was requested, but this is not a device: ", l->what);
        return;
    }
    if (!fsck_exists(l->type))
        return;
    if (str_is(l->where, "/")) {
        make_unit(NULL, "/usr/lib/systemd/system/systemd-fsck-root.service",
                  "/local-fs.target.wants/systemd-fsck-root.service");
        return;
    }
    buf_z(&name, "systemd-fsck@");
    if (unit_path_escape(l->what, &name) < 0)
        return;
    buf_z(&name, ".service");
    buf_fmt(out, "%s=%s\nAfter=%s\n", str_is(l->where, "/usr") ? "Wants" : "Requires", buf_end(&name), name.p);
    if (passes_n < LEN(passes)) {
        passes[passes_n].pass = l->passno;
        z_copy(passes[passes_n++].name, UNIT_NAME_BYTES, STR(name));
    }
}

/* x-systemd.device-timeout= and _netdev act on the device's unit, by drop-ins. */
static void write_device_dropins(const struct fstab_line *l)
{
    BUF(name, UNIT_NAME_BYTES);
    BUF(text, 512);
    struct str timeout;
    usec t;
    if (!str_starts(l->what, "/dev/") || unit_name_from_path(l->what, ".device", &name) < 0)
        return;
    buf_end(&name);
    if (fstab_option(l->options, "x-systemd.device-timeout", &timeout) && timeout.n) {
        buf_fmt(&text, "[Unit]\nJobRunningTimeoutSec=%.*s\n", (int)timeout.n, timeout.p);
        if (parse_span(timeout, USEC_SEC, &t) == 0)
            make_unit(&text, NULL, "/%s.d/50-device-timeout.conf", name.p);
        else
            warn(l, "Failed to parse timeout, ignoring: ", timeout);
    }
    if (has_option(l, "_netdev")) {
        text.n = 0;
        buf_z(&text, "[Unit]\nAfter=network-online.target network.target\nWants=network-online.target\n");
        make_unit(&text, NULL, "/%s.d/50-netdev-dependencies.conf", name.p);
    }
}

/* The links that make targets pull the unit in. */
static void link_targets(const struct fstab_line *l, const char *name)
{
    struct str key, value;
    bool own_targets = false;
    char unit[PATH_BYTES];
    path_fmt(unit, "../%s", name);
    for (struct str rest = l->options; next_option(&rest, &key, &value);) {
        bool wanted = str_is(key, "x-systemd.wanted-by");
        if ((!wanted && !str_is(key, "x-systemd.required-by")) || !unit_name_valid(value) || str_is(l->where, "/"))
            continue;
        make_unit(NULL, unit, "/%.*s.%s/%s", (int)value.n, value.p, wanted ? "wants" : "requires", name);
        own_targets = true;
    }
    if (!l->noauto && !own_targets)
        make_unit(NULL, unit, "/%s.%s/%s", l->target, l->nofail ? "wants" : "requires", name);
}

/* A line that is a mount or a swap area -> its unit and what pulls that in. */
static void write_line(struct fstab_line *l)
{
    WORKSPACE(text, 0);
    BUF(name, UNIT_NAME_BYTES);
    bool swap = str_is(l->type, "swap");
    struct str path = swap ? l->what : l->where, value;
    usec t;
    if (str_is(path, "/")) {
        if (l->noauto || l->nofail)
            log_line(LOG_WARNING, "Ignoring \"noauto\" and \"nofail\" options for root device");
        l->noauto = l->nofail = false;
    }
    if (unit_name_from_path(path, swap ? ".swap" : ".mount", &name) < 0) {
        warn(l, "cannot make a unit name of ", path);
        return;
    }
    buf_fmt(&text, "# Automatically generated by pith from %s\n\n[Unit]\n"
            "Documentation=man:fstab(5) man:systemd-fstab-generator(8)\nSourcePath=%s\n", l->source, l->source);
    if (swap) {
        l->target = "swap.target";
    } else {
        put_dependencies(&text, l->options);
        if (!l->nofail)
            put_line(&text, "Before", str_of(l->target));
        if (l->passno && !in_initrd())
            put_fsck(&text, l);
    }
    buf_fmt(&text, "\n[%s]\n", swap ? "Swap" : "Mount");
    put_line(&text, "What", l->what);
    if (!swap) {
        put_line(&text, "Where", l->where);
        if (!str_is(l->type, "auto"))
            put_line(&text, "Type", l->type);
        if (fstab_option(l->options, "x-systemd.mount-timeout", &value) && parse_span(value, USEC_SEC, &t) == 0)
            put_line(&text, "TimeoutSec", value);
        if (has_option(l, "x-systemd.rw-only"))
            put_line(&text, "ReadWriteOnly", S("yes"));
    } else if (fstab_option(l->options, "pri", &value)) {
        put_line(&text, "Priority", value);
    }
    if (!str_is(l->options, "defaults"))
        put_line(&text, "Options", l->options);
    make_unit(&text, NULL, "/%s", buf_end(&name));
    write_device_dropins(l);
    link_targets(l, name.p);
}

/* Out of line: in the frame of the command line's its own would be far away. */
static __attribute__((noinline)) void generate_fstab(void)
{
    static struct fstab f SCRATCH;
    struct fstab_line l;
    bool container = sys_access("/sys", 2 /* W_OK */) == -EROFS;
    passes_n = 0;
    if (fstab_open(&f) < 0)
        return;
    while (fstab_next(&f, &l)) {
        bool network = has_option(&l, "_netdev") || fs_is_network(l.type);
        l.target = network ? "remote-fs.target" : "local-fs.target";
        for (EACH(later, "x-systemd.automount\0x-systemd.makefs\0x-systemd.growfs\0"))
            if (has_option(&l, later))
                warn(&l, later, S(" is not supported by pith yet, ignoring it."));
        if (container && str_starts(l.what, "/dev/"))
            log_line(LOG_INFO, "Running in a container, ignoring fstab device entry for %.*s.",
                     (int)l.what.n, l.what.p);
        else if (str_is(l.type, "swap") || (!fs_is_api(l.where) && !str_is(l.type, "autofs")))
            write_line(&l);
    }
    write_passes();
}

/* ---- the kernel command line --------------------------------------------------------------- */

/* root= in an initrd becomes sysroot.mount. */
static __attribute__((noinline)) void generate_sysroot(void)
{
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    char root[PATH_BYTES] = "", type[PATH_BYTES] = "", flags[PATH_BYTES] = "", options[PATH_BYTES];
    char *const to[] = { root, type, flags };
    BUF(what, PATH_BYTES);
    const char *rw = "ro";
    while (cmdline_next(&c) > 0) {
        i32 i;
        if (c.value && name_find("root\0rootfstype\0rootflags\0", str_of(c.key), &i) == 0)
            path_fmt(to[i], "%s", c.value);
        else if (z_in("rw\0ro\0", c.key))
            rw = c.key[1] == 'w' ? "rw" : "ro";
    }
    if (!*root)
        return;
    path_fmt(options, "%s%s%s", flags, *flags ? "," : "", rw);
    bool memory = STREQ(root, "tmpfs");
    if (memory)
        buf_z(&what, "rootfs");
    else
        fstab_node(str_of(root), &what);
    struct fstab_line l = { .source = "/proc/cmdline", .what = STR(what), .where = S("/sysroot"),
                            .type = str_of(memory && !*type ? root : type), .options = str_of(options),
                            .target = "initrd-root-fs.target" };
    write_line(&l);
}

/* In an initrd only what says rd. is meant for it; the rest is for the system behind it, which in turn
 * passes over rd. An empty key: not for us. */
static const char *meant_for_us(const char *key)
{
    const char *rd = z_after(key, "rd.");
    return !in_initrd() == !rd ? rd ? rd : key : "";
}

static const char about_run[] =
    "[Unit]\nDescription=Command from Kernel Command Line\nDocumentation=man:systemd-run-generator(8)\n"
    "SourcePath=/proc/cmdline\n";

/* systemd.mask= and systemd.wants=: links that go before all others. systemd.run=: one service, and a
 * default.target that is only it. */
static void generate_ordered(const char *target)
{
    WORKSPACE(text, 0);
    WORKSPACE(commands, 1);
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    char actions[2][32] = { "exit", "exit" };
    static const char *const action_names[] = { "SuccessAction", "FailureAction" };
    while (cmdline_next(&c) > 0) {
        BUF(name, UNIT_NAME_BYTES);
        char path[PATH_BYTES];
        const char *key = meant_for_us(c.key);
        struct str value = str_of(c.value);
        if (!c.value)
            continue;
        if (cmdline_key_is(key, "systemd.run"))
            put_line(&commands, "ExecStart", value);
        else if (cmdline_key_is(key, "systemd.run_success_action"))
            z_copy(actions[0], sizeof actions[0], value);
        else if (cmdline_key_is(key, "systemd.run_failure_action"))
            z_copy(actions[1], sizeof actions[1], value);
        else if (unit_name_mangle(value, false, ".service", &name) < 0)
            continue;
        else if (cmdline_key_is(key, "systemd.mask"))
            make_unit(NULL, "/dev/null", ".early/%s", buf_end(&name));
        else if (cmdline_key_is(key, "systemd.wants"))
            make_unit(NULL, path_fmt(path, "/usr/lib/systemd/system/%s", buf_end(&name)), ".early/%s.wants/%s", target,
                      buf_end(&name));
    }
    if (!commands.n)
        return;
    buf_fmt(&text, "# Automatically generated by pith from the kernel command line\n\n%s", about_run);
    for (u32 i = 0; i < LEN(actions); i++)
        if (!STREQ(actions[i], "none"))
            put_line(&text, action_names[i], str_of(actions[i]));
    buf_z(&text, "\n[Service]\nType=oneshot\nStandardOutput=journal+console\n");
    buf_str(&text, STR(commands));
    make_unit(&text, NULL, "/kernel-command-line.service");
    text.n = 0;
    buf_fmt(&text, "%sRequires=kernel-command-line.service\nAfter=kernel-command-line.service\n", about_run);
    make_unit(&text, NULL, "/kernel-command-line.target");
    make_unit(NULL, NORMAL "/kernel-command-line.target", ".early/default.target");
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* Empties a folder of an earlier run: files and links, one level of folders. */
static void clear_folder(const char *path, u32 depth)
{
    struct dir d;
    dir_open(&d, path);
    for (struct dirent *e; (e = dir_next(&d));) {
        char below[PATH_BYTES];
        path_fmt(below, "%s/%s", path, e->d_name);
        if (e->d_type == DT_DIR && depth)
            clear_folder(below, depth - 1);
        if (sys_unlink(below) == -EISDIR)
            sys_rmdir(below);
    }
}

int generate_all(const char *target)
{
    for (EACH(folder, NORMAL ".early\0" NORMAL "\0")) {
        char path[PATH_BYTES];
        clear_folder(rooted(folder, path), 1);
    }
    if (in_initrd())
        generate_sysroot();
    else if (cmdline_flag("fstab", true))
        generate_fstab();
    generate_ordered(target);
    return 0;
}
