/* SPDX-License-Identifier: 0BSD
 *
 * fstab(5), and what the kernel command line says of the root and of /usr, -> units, as
 * systemd-fstab-generator(8) of systemd 252 writes them. What each line says, for helpers too. Writes
 * through generate.c only. */
#include "generate.h"
#include "../sys.h"

/* ---- options ------------------------------------------------------------------------------- */

/* Takes "key=value" off a comma-separated list; a comma after a backslash belongs to the value. Without
 * a value that is empty. False at the end. */
static bool next_option(struct str *rest, struct str *key, struct str *value)
{
    size_t n = 0;
    if (!rest->n)
        return false;
    while (n < rest->n && rest->p[n] != ',')
        n += rest->p[n] == '\\' ? 2 : 1;
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

/* Is it "x-systemd.NAME=value", or comment=systemd.NAME=value, as it was once spelt? */
static bool is_systemd_option(struct str key, struct str *value, const char *name)
{
    const char *prefix = "x-systemd.";
    if (str_is(key, "comment")) {
        key = str_line(value, '=');
        prefix += 2;
    }
    return str_starts(key, prefix) && str_is(str_from(key, strlen(prefix)), name);
}

static bool systemd_option(const struct fstab_line *l, const char *name, struct str *value)
{
    bool found = false;
    for (struct str rest = l->options, key, v; next_option(&rest, &key, &v);)
        if (is_systemd_option(key, &v, name)) {
            found = true;
            *value = v;
        }
    return found;
}

/* LABEL=x and its like: the link that udev makes, in whose name all but plain characters are \xHH. */
void fstab_node(struct str source, struct buf *out)
{
    for (EACH(tag, "LABEL=\0UUID=\0PARTLABEL=\0PARTUUID=\0")) {
        if (!str_starts(source, tag))
            continue;
        buf_z(out, TEXT("/dev/disk/by-"));
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
    char path[PATH_BYTES];
    return sys_access(rooted("/etc/initrd-release", path), 0) == 0;
}

/* ---- lines --------------------------------------------------------------------------------- */

/* "\040" and the other octal escapes of fstab(5). */
static struct str unescape_field(struct str s, struct buf *space)
{
    u32 at = space->n;
    buf_octal(space, s);
    return (struct str){ space->p + at, space->n - at };
}

int fstab_open(struct fstab *f, const char *path)
{
    char *text;
    u32 n;
    f->number = 0;
    f->path = path;
    f->rest = (struct str){ NULL, 0 };
    int r = file_read(path, &text, &n);
    if (r == 0)
        f->rest = (struct str){ text, n };
    else if (r != -ENOENT)
        log_line(LOG_ERR, "%s: %s, no file systems of it are mounted.", path,
                 r == -EFBIG ? "larger than limit FILE_BYTES (limits.h)" : strerror(-r));
    return r;
}

/* The last field as getmntent(3) reads it: digits, whatever follows them; the field before must be a number. */
static u64 pass_number(const struct str *fields)
{
    u64 n = 0;
    size_t digits = 0;
    while (digits < fields[5].n && in_set(fields[5].p[digits], "0123456789"))
        digits++;
    if (parse_u64(fields[4], 10, &n) < 0 || parse_u64(str_cut(fields[5], digits), 10, &n) < 0)
        n = 0;
    return n;
}

/* NULL: the line is fine. */
static const char *parse_line(struct fstab *f, struct str raw, struct fstab_line *l)
{
    struct buf space = BUF_OVER(f->space), what = BUF_OVER(f->what), where = BUF_OVER(f->where);
    struct str fields[6] = { [2] = S("auto"), [3] = S("defaults") }, rest = raw, word;
    u32 n = 0;
    while (n < LEN(fields) && (word = str_word(&rest, BLANKS)).p)
        fields[n++] = unescape_field(word, &space);
    *l = (struct fstab_line){ .source = f->path, .folder = "", .number = f->number };
    if (memchr(raw.p, 0, raw.n))
        return "not a line of fstab(5)";
    fstab_node(fields[0], &what);
    l->what = STR(what);
    l->where = fields[1];
    l->type = fields[2];
    l->options = fields[3];
    l->passno = pass_number(fields);
    l->noauto = fstab_yes_no(l->options, "noauto", "auto");
    l->nofail = fstab_yes_no(l->options, "nofail", "fail");
    if (what.over || space.over)
        return "the line is too long";
    if (!text_safe(l->what) || !text_safe(l->where) || !text_safe(l->type) || !text_safe(l->options))
        return "a field has control characters";
    if (str_is(l->type, "swap"))
        return NULL;
    path_simplify(l->where, false, &where);
    l->where = STR(where);
    return NULL;
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

/* ---- what a mount needs -------------------------------------------------------------------- */

static void put_dependencies(struct buf *out, struct str options)
{
    for (EACH(option, "after\0After\0requires\0After\0requires\0Requires\0before\0Before\0"
                      "requires-mounts-for\0RequiresMountsFor\0")) {
        const char *line = z_next(option);
        for (struct str rest = options, key, value; next_option(&rest, &key, &value);) {
            BUF(name, UNIT_NAME_BYTES);
            if (!str_starts(key, "x-systemd.") || !str_is(str_from(key, 10), option))
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

/* fsck in pass order, fstab(5), which systemd 252 does not do: a check waits for those of lower passes (the
 * root's, pass 1, goes before all others by its unit). */
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
            (void)write_unit(&text, "fstab", "/%s.d/50-pass.conf", passes[i].name);
    }
}

/* ---- helper services ----------------------------------------------------------------------- */

/* [Service] with one command of ours on a device or a mount point. */
static void put_service(struct buf *out, const char *program, struct str operand)
{
    BUF(escaped, PATH_BYTES * 2);
    buf_cescape(&escaped, operand);
    buf_fmt(out, TEXT("\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=@/proc/self/exe %s \""), program);
    put_value(out, STR(escaped));
    buf_z(out, TEXT("\"\nTimeoutSec=0\n"));
}

static void put_head(struct buf *out, const char *description, struct str of, const char *page)
{
    buf_fmt(out, TEXT("# Automatically generated by systemd-fstab-generator\n\n[Unit]\nDescription=%s "), description);
    put_value(out, of);
    buf_fmt(out, TEXT("\nDocumentation=man:%s(8)\nDefaultDependencies=no\nConflicts=shutdown.target\n"), page);
}

/* The checks of an initrd's /sysroot and /sysusr/usr: the shipped ones are for / and /usr. */
static void write_initrd_fsck(const struct fstab_line *l, const char *unit)
{
    WORKSPACE(text, 1);
    BUF(device, UNIT_NAME_BYTES);
    if (unit_name_from_path(l->what, ".device", &device) < 0)
        return;
    put_head(&text, "File System Check on", l->what, unit);
    buf_fmt(&text, TEXT("BindsTo=%s\nAfter=%s%s local-fs-pre.target\nBefore=shutdown.target\n"), buf_end(&device), device.p,
            STREQ(unit, "systemd-fsck-root.service") ? " initrd-root-device.target" : "");
    put_service(&text, "systemd-fsck", l->what);
    (void)write_unit(&text, l->source, "/%s", unit);
}

static const char *initrd_fsck(struct str where)
{
    return !in_initrd() ? NULL : str_is(where, "/sysroot") ? "systemd-fsck-root.service"
         : str_is(where, "/sysusr/usr") ? "systemd-fsck-usr.service" : NULL;
}

static void put_fsck(struct buf *out, const struct fstab_line *l)
{
    BUF(name, UNIT_NAME_BYTES);
    bool root = str_is(l->where, "/"), usr = str_is(l->where, "/usr");
    const char *in_sysroot = initrd_fsck(l->where);
    if (in_initrd() && (root || usr))
        return;
    if (!is_device_path(l->what)) {
        BUF(about, PATH_BYTES);
        buf_fmt(&about, TEXT("\"%.*s\", but it is not a device."), (int)l->what.n, l->what.p);
        warn(l, "Checking was requested for ", STR(about));
        return;
    }
    if (!fsck_exists(l->type))
        return;
    if (root) {
        write_link("/usr/lib/systemd/system/systemd-fsck-root.service",
                   "/local-fs.target.wants/systemd-fsck-root.service");
        return;
    }
    if (in_sysroot) {
        write_initrd_fsck(l, in_sysroot);
        buf_z(&name, in_sysroot);
    } else {
        buf_z(&name, TEXT("systemd-fsck@"));
        if (unit_path_escape(l->what, &name) < 0)
            return;
        buf_z(&name, ".service");
    }
    buf_fmt(out, TEXT("%s=%s\nAfter=%s\n"), usr ? "Wants" : "Requires", buf_end(&name), name.p);
    if (!in_sysroot && passes_n < LEN(passes)) {
        passes[passes_n].pass = l->passno;
        z_copy(passes[passes_n++].name, UNIT_NAME_BYTES, STR(name));
    }
}

/* x-systemd.makefs: a service that makes the file system or swap area before anything else looks at the device.
 * False: it cannot be made, so what needs it is not pulled in. */
static bool write_makefs(const struct fstab_line *l, const char *unit)
{
    WORKSPACE(text, 1);
    BUF(name, UNIT_NAME_BYTES);
    bool swap = str_is(l->type, "swap");
    const char *stem = swap ? "systemd-mkswap@" : "systemd-makefs@", *fsck = initrd_fsck(l->where);
    char program[64 + UNIT_NAME_BYTES], link[PATH_BYTES];
    buf_z(&name, stem);
    if (!is_device_path(l->what)) {
        warn(l, "Cannot format something that is not a device node: ", l->what);
        return false;
    }
    if (!l->type.n || str_is(l->type, "auto")) {
        BUF(about, PATH_BYTES);
        buf_fmt(&about, TEXT("%.*s, filesystem type is not specified"), (int)l->what.n, l->what.p);
        warn(l, "Cannot format partition ", STR(about));
        return false;
    }
    if (unit_path_escape(l->what, &name) < 0 || name.over)
        return false;
    put_head(&text, swap ? "Make Swap on" : "Make File System on", l->what, swap ? "systemd-mkswap@.service" : "systemd-makefs@.service");
    buf_fmt(&text, TEXT("BindsTo=%%i.device\nAfter=%%i.device\nBefore=shutdown.target %s\n"), unit);
    if (!swap)
        put_line(&text, "Before", fsck ? str_of(fsck) : (struct str){ NULL, 0 });
    if (!swap && !fsck)
        buf_z(&text, TEXT("Before=systemd-fsck@%i.service\n"));
    struct buf words = BUF_OVER(program);
    buf_z(&words, TEXT("systemd-makefs "));
    put_value(&words, str_cut(l->type, 64));
    put_service(&text, buf_end(&words), l->what);
    if (write_unit(&text, l->source, "/%s.service", buf_end(&name)) < 0)
        return false;
    write_link(path_fmt(link, "../%s.service", name.p), "/%s.requires/%s.service", unit, name.p);
    return true;
}

/* x-systemd.growfs: once it is mounted. */
static void write_growfs(const struct fstab_line *l, const char *unit)
{
    WORKSPACE(text, 1);
    BUF(name, UNIT_NAME_BYTES);
    char link[PATH_BYTES];
    buf_z(&name, TEXT("systemd-growfs@"));
    if (unit_path_escape(l->where, &name) < 0 || name.over)
        return;
    put_head(&text, "Grow File System on", l->where, "systemd-growfs@.service");
    buf_fmt(&text, TEXT("BindsTo=%%i.mount\nAfter=systemd-repart.service %%i.mount\nBefore=shutdown.target %s\n%s"), l->target,
            str_is(l->where, "/") ? "After=systemd-remount-fs.service\n" : "");
    put_service(&text, "systemd-growfs", l->where);
    if (write_unit(&text, l->source, "/%s.service", buf_end(&name)) == 0)
        write_link(path_fmt(link, "../%s.service", name.p), "/%s.wants/%s.service", unit, name.p);
}

/* ---- from lines to units ------------------------------------------------------------------- */

/* A span for the loader, which reads it once more; what is none is told. */
static bool good_timeout(const struct fstab_line *l, struct str value)
{
    usec t;
    BUF(about, PATH_BYTES);
    if (parse_span(value, USEC_SEC, &t) == 0)
        return true;
    struct str of = str_is(l->type, "swap") ? l->what : l->where;
    buf_fmt(&about, TEXT("%.*s, ignoring: %.*s"), (int)of.n, of.p, (int)value.n, value.p);
    warn(l, "Failed to parse timeout for ", STR(about));
    return false;
}

/* x-systemd.device-timeout= and _netdev act on the device's unit, by drop-ins. */
static void write_device_dropins(const struct fstab_line *l)
{
    BUF(name, UNIT_NAME_BYTES);
    BUF(text, 512);
    struct str timeout;
    bool timed = systemd_option(l, "device-timeout", &timeout) && good_timeout(l, timeout);
    if (!is_device_path(l->what)) {
        if (timed)
            warn(l, "x-systemd.device-timeout ignored for ", l->what);
        return;
    }
    if (unit_name_from_path(l->what, ".device", &name) < 0)
        return;
    buf_end(&name);
    if (timed) {
        buf_fmt(&text, TEXT("[Unit]\nJobRunningTimeoutSec=%.*s\n"), (int)timeout.n, timeout.p);
        (void)write_unit(&text, NULL, "/%s.d/50-device-timeout.conf", name.p);
    }
    if (has_option(l, "_netdev") && !str_is(l->type, "swap") && !extrinsic_mount(l->where, l->options)) {
        text.n = 0;
        buf_z(&text, TEXT("[Unit]\nAfter=network-online.target network.target\nWants=network-online.target\n"));
        (void)write_unit(&text, NULL, "/%s.d/50-netdev-dependencies.conf", name.p);
    }
}

static void link_wants(const char *target, const char *kind, const char *folder, const char *unit)
{
    char to[PATH_BYTES];
    write_link(path_fmt(to, "../%s", unit), "%s/%s.%s/%s", folder, target, kind, unit);
}

/* The links that make targets pull the unit in. */
static void link_targets(const struct fstab_line *l, const char *name)
{
    bool own_targets = false;
    for (struct str rest = l->options, key, value; next_option(&rest, &key, &value);) {
        char target[UNIT_NAME_BYTES];
        bool wanted = str_is(key, "x-systemd.wanted-by");
        if ((!wanted && !str_is(key, "x-systemd.required-by")) || !unit_name_valid(value))
            continue;
        if (str_is(l->where, "/")) {
            BUF(about, UNIT_NAME_BYTES);
            buf_fmt(&about, TEXT("\"%.*s=\" option for root device"), (int)key.n, key.p);
            warn(l, "Ignoring ", STR(about));
            continue;
        }
        z_copy(target, sizeof target, value);
        link_wants(target, wanted ? "wants" : "requires", l->folder, name);
        own_targets = true;
    }
    if (!l->noauto && !own_targets)
        link_wants(l->target, l->nofail ? "wants" : "requires", l->folder, name);
}

/* An .automount unit is written for the day it can be started; until then its mount is what is started, and
 * only wanted: what nobody has looked at yet must not keep the machine from booting. */
static void write_automount(struct fstab_line *l, const char *mount)
{
    WORKSPACE(text, 0);
    BUF(name, UNIT_NAME_BYTES);
    struct str value;
    if (unit_name_from_path(l->where, ".automount", &name) < 0)
        return;
    buf_fmt(&text, TEXT("# Automatically generated by systemd-fstab-generator\n\n[Unit]\nSourcePath=%s\n"
            "Documentation=man:fstab(5) man:systemd-fstab-generator(8)\n\n[Automount]\n"), l->source);
    put_line(&text, "Where", l->where);
    if (fstab_option(l->options, "x-systemd.idle-timeout", &value) && good_timeout(l, value))
        put_line(&text, "TimeoutIdleSec", value);
    if (write_unit(&text, l->source, "%s/%s", l->folder, buf_end(&name)) < 0)
        return;
    warn(l, "x-systemd.automount: pith does not start automount units yet, it is mounted at once: ", l->where);
    link_wants(l->target, "wants", l->folder, mount);
}

/* The options without those that were for the generator alone. */
static void put_options(struct buf *out, const struct fstab_line *l)
{
    WORKSPACE(text, 1);
    for (struct str rest = l->options, key, value; next_option(&rest, &key, &value);) {
        const char *from = key.p;
        struct str whole = { from, (size_t)(value.p ? value.p + value.n - from : (ptrdiff_t)key.n) };
        if (!str_is(l->type, "swap") && is_systemd_option(key, &value, "device-timeout"))
            continue;
        buf_fmt(&text, "%s%.*s", text.n ? "," : "", (int)whole.n, whole.p);
    }
    if (!str_is(STR(text), "defaults"))
        put_line(out, "Options", STR(text));
}

/* mount.nfs would go on trying in the background for a week; here it stays in front, as its unit's process. */
static void nfs_in_front(struct fstab_line *l, char *space)
{
    if ((!str_is(l->type, "nfs") && !str_is(l->type, "nfs4")) || !fstab_yes_no(l->options, "bg", "fg"))
        return;
    path_fmt(space, "x-systemd.mount-timeout=infinity,retry=10000,nofail,%.*s,fg", (int)l->options.n, l->options.p);
    l->options = str_of(space);
    l->nofail = true;
}

static void put_unit_section(struct buf *text, const struct fstab_line *l)
{
    buf_fmt(text, TEXT("# Automatically generated by systemd-fstab-generator\n\n[Unit]\n"
            "Documentation=man:fstab(5) man:systemd-fstab-generator(8)\nSourcePath=%s\n"), l->source);
    if (!str_is(l->type, "swap")) {
        put_dependencies(text, l->options);
        if (!l->nofail)
            put_line(text, "Before", str_of(l->target));
        if (l->passno)
            put_fsck(text, l);
    }
    if (str_starts(l->what, "/dev/")) {
        buf_z(text, TEXT("After=blockdev@"));
        (void)unit_path_escape(l->what, text);
        buf_z(text, ".target\n");
    }
}

static void root_has_no_choice(struct fstab_line *l, bool *automount)
{
    if (l->noauto)
        warn(l, "Ignoring \"noauto\" option for root device", S(""));
    if (l->nofail)
        warn(l, "Ignoring \"nofail\" option for root device", S(""));
    if (*automount)
        warn(l, "Ignoring \"automount\" option for root device", S(""));
    l->noauto = l->nofail = *automount = false;
}

/* A line that is a mount or a swap area -> its unit and what pulls that in. */
static void write_line(struct fstab_line *l)
{
    static char more[PATH_BYTES];
    WORKSPACE(text, 0);
    BUF(name, UNIT_NAME_BYTES);
    bool swap = str_is(l->type, "swap");
    struct str path = swap ? l->what : l->where, value;
    bool automount = !swap && systemd_option(l, "automount", &value);
    if (str_is(path, "/"))
        root_has_no_choice(l, &automount);
    if (unit_name_from_path(path, swap ? ".swap" : ".mount", &name) < 0) {
        warn(l, "Failed to generate unit name: ", path);
        return;
    }
    if (!automount)
        nfs_in_front(l, more);
    if (swap)
        l->target = "swap.target";
    put_unit_section(&text, l);
    buf_fmt(&text, "\n[%s]\n", swap ? "Swap" : "Mount");
    put_line(&text, "What", l->what);
    if (!swap) {
        put_line(&text, "Where", l->where);
        if (!str_is(l->type, "auto"))
            put_line(&text, "Type", l->type);
        if (fstab_option(l->options, "x-systemd.mount-timeout", &value) && good_timeout(l, value))
            put_line(&text, "TimeoutSec", value);
        if (has_option(l, "x-systemd.rw-only"))
            put_line(&text, "ReadWriteOnly", S("yes"));
    }
    put_options(&text, l);
    if (write_unit(&text, l->source, "%s/%s", l->folder, buf_end(&name)) < 0)
        return;
    write_device_dropins(l);
    if (has_option(l, "x-systemd.makefs") && !write_makefs(l, name.p))
        return;
    if (has_option(l, "x-systemd.growfs") && swap)
        warn(l, "growing swap devices is currently unsupported: ", l->what);
    else if (has_option(l, "x-systemd.growfs"))
        write_growfs(l, name.p);
    if (automount)
        write_automount(l, name.p);
    else
        link_targets(l, name.p);
}

/* ---- all lines ----------------------------------------------------------------------------- */

/* Links on the way to a mount point are followed, as far as it is there: its unit has the name of the place. */
static bool follow_links(const char *below, struct str where, struct buf *out)
{
    char todo[PATH_BYTES], target[PATH_BYTES], full[PATH_BYTES];
    struct str rest = str_of(todo), part;
    if (!z_copy(todo, sizeof todo, where))
        return false;
    rest = str_of(todo);
    ssize_t n = 0;
    for (u32 hops = 0; hops < 32 && (part = str_word(&rest, "/")).p;) {
        u32 mark = out->n;
        if (str_is(part, "..")) {
            if (n == -ENOENT)
                return false;
            out->n = (u32)MAX(str_rfind(STR(*out), '/'), 0);
            continue;
        }
        if (str_is(part, "."))
            continue;
        buf_c(out, '/');
        buf_str(out, part);
        path_fmt(full, "%s%s%s", search_root, below, buf_end(out));
        n = sys_readlinkat(AT_FDCWD, full, target, sizeof target);
        if (n < 0)
            continue;
        hops++;
        out->n = *target == '/' ? 0 : mark;
        path_fmt(full, "%s/%.*s", target, (int)rest.n, rest.p);
        z_copy(todo, sizeof todo, str_of(full));
        rest = str_of(todo);
    }
    if (!out->n)
        buf_c(out, '/');
    return !str_word(&rest, "/").p && !out->over;
}

static bool is_for_us(const struct generating *g, const struct fstab_line *l)
{
    bool fixed_sys = sys_access("/sys", 2 /* W_OK */) == -EROFS, swap = str_is(l->type, "swap");
    const char *what = fixed_sys && (str_is(l->what, "sysfs") || is_device_path(l->what)) ? "device"
                     : swap && g->container ? "swap" : NULL;
    if (what)
        log_line(LOG_INFO, "Running in a container, ignoring fstab %s entry for %.*s.", what, (int)l->what.n, l->what.p);
    else if (swap && !cmdline_flag("systemd.swap", true))
        log_line(LOG_INFO, "Swap unit generation disabled on kernel command line, ignoring fstab swap entry for %.*s.",
                 (int)l->what.n, l->what.p);
    else if (swap && sys_access("/proc/swaps", 0) < 0)
        log_line(LOG_INFO, "Swap not supported, ignoring fstab swap entry for %.*s.", (int)l->what.n, l->what.p);
    else
        return swap || !str_is(l->type, "autofs");
    return false;
}

/* One file; with `below` it is the one of the system that an initrd has mounted there. */
static __attribute__((noinline)) bool write_file(const struct generating *g, const char *path, const char *below)
{
    static struct fstab f SCRATCH;
    struct fstab_line l;
    char where[PATH_BYTES];
    if (fstab_open(&f, path) < 0)
        return false;
    while (fstab_next(&f, &l)) {
        struct buf real = BUF_OVER(where);
        if ((*below && !has_option(&l, "x-initrd.mount") && !str_is(l.where, "/usr")) || !is_for_us(g, &l))
            continue;
        if (!str_is(l.type, "swap")) {
            if (str_find(l.where, '/') < 0) {
                BUF(about, PATH_BYTES);
                buf_fmt(&about, TEXT("%.*s is not a valid path, ignoring."), (int)l.where.n, l.where.p);
                warn(&l, "Mount point ", STR(about));
                continue;
            }
            buf_z(&real, below);
            struct buf rest = { real.p + real.n, 0, real.cap - real.n, false };
            if (follow_links(below, l.where, &rest)) {
                real.n += *below && rest.n == 1 ? 0 : rest.n;
                l.where = STR(real);
            }
            if (!path_valid(l.where)) {
                warn(&l, "the mount point is not a valid path", S(", ignoring it."));
                continue;
            }
            if (fs_is_api(l.where))
                continue;
        }
        bool network = has_option(&l, "_netdev") || fs_is_network(l.type);
        l.target = *below ? "initrd-fs.target" : network ? "remote-fs.target" : "local-fs.target";
        write_line(&l);
    }
    return true;
}

/* ---- the root and /usr of the kernel command line ------------------------------------------ */

enum { ROOT, ROOT_TYPE, ROOT_FLAGS, USR, USR_TYPE, USR_FLAGS, WORDS };
static struct { char word[WORDS][PATH_BYTES]; i32 rw; } wanted SCRATCH;       /* rw: -1 neither was said */

static void read_words(void)
{
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    memset(&wanted, 0, sizeof wanted);
    wanted.rw = -1;
    while (cmdline_next(&c) > 0) {
        i32 i;
        if (!c.value && z_in("rw\0ro\0", c.key)) {
            wanted.rw = c.key[1] == 'w';
        } else if (c.value && name_find("root\0rootfstype\0rootflags\0mount.usr\0mount.usrfstype\0mount.usrflags\0",
                                        str_of(c.key), &i) == 0) {
            char *word = wanted.word[i], full[PATH_BYTES];
            bool more = (i == ROOT_FLAGS || i == USR_FLAGS) && *word;       /* flags add up */
            z_copy(word, PATH_BYTES, str_of(path_fmt(full, "%s%s%s", more ? word : "", more ? "," : "", c.value)));
        }
    }
}

static bool is_ipv4(struct str s)
{
    u32 dots = 0;
    for (size_t i = 0; i < s.n; i++) {
        dots += s.p[i] == '.';
        if (!in_set(s.p[i], "0123456789."))
            return false;
    }
    return dots == 3;
}

/* What others in the initrd mount: the network's, as dracut spells them, and what is found by its partition type. */
static bool mounted_by_others(struct str root)
{
    for (EACH(prefix, "nfs:\0nfs4:\0[\0cifs://\0iscsi:\0live:\0"))
        if (str_starts(root, prefix))
            return true;
    return str_is(root, "gpt-auto") || str_is(root, "dhcp") || str_is(root, "dhcp6") || str_is(root, "/dev/nfs")
        || is_ipv4(str_cut(root, (size_t)MAX(str_find(root, ':'), 0))) || (str_starts(root, "/") && !path_below(root, "/dev"));
}

static void write_word_mount(const char *what, const char *where, const char *type, const char *options, const char *target)
{
    struct fstab_line l = { .source = "/proc/cmdline", .folder = "", .what = str_of(what), .where = str_of(where),
                            .type = str_of(type), .options = str_of(options), .target = target };
    l.passno = is_device_path(l.what);
    write_line(&l);
}

static bool says_rw(struct str options) { return fstab_option(options, "ro", NULL) || fstab_option(options, "rw", NULL); }

/* root= -> sysroot.mount. */
static __attribute__((noinline)) void write_sysroot(void)
{
    struct str root = str_of(wanted.word[ROOT]), flags = str_of(wanted.word[ROOT_FLAGS]);
    BUF(what, PATH_BYTES);
    BUF(device, UNIT_NAME_BYTES);
    BUF(dropin, 1024);
    char options[PATH_BYTES];
    bool memory = str_is(root, "tmpfs");
    const char *type = memory && !*wanted.word[ROOT_TYPE] ? "tmpfs" : wanted.word[ROOT_TYPE];
    if (!root.n || mounted_by_others(root))
        return;
    if (memory)
        buf_z(&what, "rootfs");
    else
        fstab_node(root, &what);
    bool say = wanted.rw >= 0 || !says_rw(flags), rw = wanted.rw > 0 || (wanted.rw < 0 && memory);
    bool mode = STREQ(type, "tmpfs") && memory && !fstab_option(flags, "mode", NULL);
    path_fmt(options, "%s%s%s%s", flags.p, say && flags.n ? "," : "", !say ? "" : rw ? "rw" : "ro", mode ? ",mode=0755" : "");
    if (is_device_path(STR(what)) && unit_name_from_path(STR(what), ".device", &device) >= 0) {
        buf_fmt(&dropin, TEXT("[Unit]\nRequires=%s\nAfter=%s\n"), buf_end(&device), device.p);
        (void)write_unit(&dropin, NULL, "/initrd-root-device.target.d/50-root-device.conf");
    }
    write_word_mount(buf_end(&what), "/sysroot", type, options, "initrd-root-fs.target");
}

/* mount.usr= and its kin -> sysusr-usr.mount, which is bound to /sysroot/usr; what is not said is as for the root.
 * False: none of them is there. */
static __attribute__((noinline)) bool write_sysroot_usr(void)
{
    char options[PATH_BYTES];
    BUF(what, PATH_BYTES);
    const char *word[3];
    bool any = false;
    for (u32 i = 0; i < LEN(word); i++) {
        const char *own = wanted.word[USR + i];
        any |= *own;
        word[i] = *own ? own : wanted.word[ROOT + i];
    }
    if (!any || !*word[0])
        return false;
    if (z_in("gpt-auto\0/dev/nfs\0", word[0]))
        return true;
    fstab_node(str_of(word[0]), &what);
    bool say = !says_rw(str_of(word[2]));
    path_fmt(options, "%s%s%s", word[2], say && *word[2] ? "," : "", !say ? "" : wanted.rw > 0 ? "rw" : "ro");
    write_word_mount(buf_end(&what), "/sysusr/usr", word[1], options, "initrd-usr-fs.target");
    write_word_mount("/sysusr/usr", "/sysroot/usr", "", "bind", "initrd-fs.target");
    return true;
}

/* systemd.volatile=state: /var in memory, unless something else is there for it. */
static void write_volatile(void)
{
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    char how[16] = "";
    bool flag;
    while (cmdline_next(&c) > 0)
        if (STREQ(c.key, "systemd.volatile"))
            z_copy(how, sizeof how, c.value ? str_of(c.value) : S("yes"));
    if (!STREQ(how, "state")) {
        if (*how && (parse_bool(str_of(how), &flag) < 0 || flag))
            log_line(LOG_WARNING, "systemd.volatile=%s is not supported by pith, only \"state\" is; ignoring.", how);
        return;
    }
    if (in_initrd())
        return;
    struct fstab_line l = { .source = "/proc/cmdline", .folder = ".late", .what = S("tmpfs"), .where = S("/var"),
                            .type = S("tmpfs"), .options = S("mode=0755,size=25%,nr_inodes=1m"), .target = "local-fs.target" };
    write_line(&l);
}

void generate_fstab(const struct generating *g)
{
    bool initrd = in_initrd();
    passes_n = 0;
    write_volatile();
    if (initrd) {
        read_words();
        write_sysroot();
        if (!write_sysroot_usr())
            link_wants("initrd-usr-fs.target", "requires", "", "sysroot.mount");
    }
    if (!cmdline_flag("fstab", true) || (initrd && !cmdline_flag("rd.fstab", true)))
        return;
    bool any = write_file(g, "/etc/fstab", "");
    if (initrd)
        (void)write_file(g, "/sysroot/etc/fstab", "/sysroot");
    else if (any)                        /* the shipped local-fs.target wants it anyway */
        write_link("/usr/lib/systemd/system/systemd-remount-fs.service", "/local-fs.target.wants/systemd-remount-fs.service");
    write_passes();
}
