/* SPDX-License-Identifier: 0BSD
 *
 * The generators that are built in, under the names of systemd's: what is not a unit file becomes one below
 * /run/systemd/generator*, which the loader then reads like any other file, and so can a person. fstab and
 * init scripts have files of their own; here are the small ones (getty, rc.local, the kernel command line)
 * and what all write with. Writes only there; runs nothing: the programs of others are run in run/generators.c. */
#include "generate.h"
#include "../sys.h"

#include <dirent.h>
#include <sys/ioctl.h>
#include <termios.h>

#define GENERATED "/run/systemd/generator"
#define SHIPPED "/usr/lib/systemd/system/"

/* ---- writing files ------------------------------------------------------------------------- */

static char *generated_path(char *space, const char *name, va_list ap)
{
    struct buf path = { space, 0, PATH_BYTES, false };
    buf_fmt(&path, "%s" GENERATED, search_root);
    buf_vfmt(&path, name, ap);
    make_parents(buf_end(&path));
    return space;
}

int (write_unit)(const struct buf *text, const char *source, const char *name, ...)
{
    char path[PATH_BYTES];
    va_list ap;
    va_start(ap, name);
    generated_path(path, name, ap);
    va_end(ap);
    int fd = text->over ? -EFBIG : sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY, 0644);
    ssize_t n = fd < 0 ? fd : sys_write(fd, text->p, text->n);
    sys_close(fd);
    if (n == -EEXIST && source)
        log_line(LOG_ERR, "Failed to create unit file '%s', as it already exists. Duplicate entry in '%s'?", path, source);
    else if (n != (ssize_t)text->n)
        log_line(LOG_ERR, "Failed to create unit file '%s': %s", path, strerror(n < 0 ? (int)-n : ENOSPC));
    return n < 0 ? (int)n : 0;
}

void (write_link)(const char *target, const char *name, ...)
{
    char path[PATH_BYTES];
    va_list ap;
    va_start(ap, name);
    generated_path(path, name, ap);
    va_end(ap);
    int r = sys_symlink(target, path);
    if (r < 0 && r != -EEXIST)
        log_line(LOG_ERR, "Failed to create symlink %s: %s", path, strerror(-r));
}

void put_value(struct buf *out, struct str value)
{
    for (size_t i = 0; i < value.n; i++)
        buf_fmt(out, value.p[i] == '%' ? "%%%%" : "%c", value.p[i]);
}

void put_line(struct buf *out, const char *key, struct str value)
{
    if (!value.n)
        return;
    buf_fmt(out, "%s=", key);
    put_value(out, value);
    buf_c(out, '\n');
}

/* ---- the kernel command line --------------------------------------------------------------- */

/* In an initrd only what says rd. is meant for it; the rest is for the system behind it, which in turn
 * passes over rd. An empty key: not for us. */
static const char *meant_for_us(const char *key, bool initrd)
{
    const char *rd = z_after(key, "rd.");
    return !initrd == !rd ? rd ? rd : key : "";
}

static void want_early(const char *target, const char *unit)
{
    char to[PATH_BYTES];
    write_link(path_fmt(to, SHIPPED "%s", unit), ".early/%s.wants/%s", target, unit);
}

/* systemd.debug_shell, on tty9 or where it says. */
static void write_debug_shell(const char *target, const char *value)
{
    WORKSPACE(text, 0);
    bool on = true;
    if (value && parse_bool(str_of(value), &on) == 0)
        value = NULL;
    if (!on)
        return;
    const char *tty = value && z_after(value, "/dev/") ? z_after(value, "/dev/") : value;
    want_early(target, "debug-shell.service");
    if (!tty || STREQ(tty, "tty9") || !text_safe(str_of(tty)))
        return;
    buf_z(&text, TEXT("[Unit]\nDescription=Early root shell on /dev/"));
    put_value(&text, str_of(tty));
    buf_z(&text, TEXT(" FOR DEBUGGING ONLY\nConditionPathExists=\n[Service]\nTTYPath=/dev/"));
    put_value(&text, str_of(tty));
    buf_c(&text, '\n');
    (void)write_unit(&text, NULL, ".early/debug-shell.service.d/50-tty.conf");
}

/* systemd-debug-generator: systemd.mask= and systemd.wants=, links that go before all others. */
static void generate_debug(const struct generating *g)
{
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    bool initrd = in_initrd();
    while (cmdline_next(&c) > 0) {
        BUF(name, UNIT_NAME_BYTES);
        const char *key = meant_for_us(c.key, initrd);
        if (cmdline_key_is(key, "systemd.debug_shell"))
            write_debug_shell(g->target, c.value);
        else if (!c.value || !z_in("systemd.mask\0systemd.wants\0", key)
                 || unit_name_mangle(str_of(c.value), false, ".service", &name) < 0)
            continue;
        else if (key[8] == 'm')
            write_link("/dev/null", ".early/%s", buf_end(&name));
        else
            want_early(g->target, buf_end(&name));
    }
}

static const char about_run[] =
    "[Unit]\nDescription=Command from Kernel Command Line\nDocumentation=man:systemd-run-generator(8)\n"
    "SourcePath=/proc/cmdline\n";

/* systemd-run-generator: systemd.run= is one service, and a default.target that is only it. */
static void generate_run(const struct generating *g)
{
    WORKSPACE(text, 0);
    WORKSPACE(commands, 1);
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    char actions[2][32] = { "exit", "exit" };
    bool wanted = false, initrd = in_initrd();
    static const char *const action_names[] = { "SuccessAction", "FailureAction" };
    (void)g;
    while (cmdline_next(&c) > 0) {
        const char *key = meant_for_us(c.key, initrd);
        struct str value = str_of(c.value);
        if (!c.value)
            continue;
        if (cmdline_key_is(key, "systemd.run"))
            put_line(&commands, "ExecStart", value);
        else if (cmdline_key_is(key, "systemd.run_success_action"))
            wanted = z_copy(actions[0], sizeof actions[0], value);
        else if (cmdline_key_is(key, "systemd.run_failure_action"))
            z_copy(actions[1], sizeof actions[1], value);
    }
    if (!commands.n && !wanted)
        return;
    buf_fmt(&text, TEXT("# Automatically generated by systemd-run-generator\n\n%s"), about_run);
    for (u32 i = 0; i < LEN(actions); i++)
        if (!STREQ(actions[i], "none"))
            put_line(&text, action_names[i], str_of(actions[i]));
    buf_z(&text, TEXT("\n[Service]\nType=oneshot\nStandardOutput=journal+console\n"));
    buf_str(&text, STR(commands));
    (void)write_unit(&text, NULL, "/kernel-command-line.service");
    text.n = 0;
    buf_fmt(&text, TEXT("%sRequires=kernel-command-line.service\nAfter=kernel-command-line.service\n"), about_run);
    (void)write_unit(&text, NULL, "/kernel-command-line.target");
    /* Before /etc and /etc/units, which may say what the default is. */
    write_link(GENERATED "/kernel-command-line.target", ".early/default.target");
}

/* ---- gettys -------------------------------------------------------------------------------- */

/* What the shipped units run is not part of a small image: there they would only fail, again and again. A unit
 * file of the image's own runs what it likes. */
static bool getty_can_run(const char *unit)
{
    char path[PATH_BYTES];
    if (sys_access(rooted("/sbin/agetty", path), 1 /* X_OK */) == 0)
        return true;
    for (EACH(folder, search_dirs))
        if (sys_access(path_fmt(path, "%s%s/%s", search_root, folder, unit), 0) == 0)
            return true;
    return false;
}

static void want_getty(const char *stem, const char *type, struct str tty)
{
    BUF(name, UNIT_NAME_BYTES);
    char unit[UNIT_NAME_BYTES], to[PATH_BYTES];
    path_fmt(to, "%s%s", stem, type);
    z_copy(unit, sizeof unit, str_of(to));
    buf_z(&name, stem);
    if (tty.n && unit_path_escape(tty, &name) < 0)
        return;
    buf_z(&name, type);
    if (unit_name_valid(STR(name)) && getty_can_run(unit))
        write_link(path_fmt(to, SHIPPED "%s", unit), "/getty.target.wants/%s", buf_end(&name));
}

static struct str below_dev(struct str tty) { return str_from(tty, str_starts(tty, "/dev/") ? 5 : 0); }

/* Some are listed as consoles but cannot be used, as a serial port that is not there. */
static bool is_terminal(const char *tty)
{
    struct termios t;
    char path[PATH_BYTES];
    int fd = sys_open(path_fmt(path, "%s/dev/%s", search_root, tty), O_RDWR | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    bool yes = fd >= 0 && sys_ioctl(fd, TCGETS, &t) == 0;
    sys_close(fd);
    return yes;
}

static bool is_virtual_terminal(struct str tty)
{
    u64 number;
    return str_starts(tty, "tty") && parse_u64(str_from(tty, 3), 10, &number) == 0;
}

static const char *own_variable(const struct generating *g, const char *prefix)
{
    const char *value = NULL;
    for (char **e = g->environment; e && *e && !value; e++)
        value = z_after(*e, prefix);
    return value;
}

/* systemd-getty-generator: a prompt on each console of the kernel that is not a virtual terminal, and on the
 * consoles of virtualizers; in a container on its console and the terminals it was given. */
static void generate_getty(const struct generating *g)
{
    char active[256], path[PATH_BYTES];
    const char *said = own_variable(g, "SYSTEMD_GETTY_AUTO=");
    bool wanted = cmdline_flag("systemd.getty_auto", true);
    if (said && *said)
        (void)parse_bool(str_of(said), &wanted);
    if (!wanted)
        return;
    struct str rest, tty;
    if (g->container) {
        want_getty("console-getty", ".service", str_of(NULL));
        for (rest = str_of(own_variable(g, "container_ttys=")); (tty = str_word(&rest, BLANKS)).p;) {
            tty = below_dev(tty);
            if (str_starts(tty, "pts/") && tty.n > 4)
                want_getty("container-getty@", ".service", str_from(tty, 4));
        }
        return;
    }
    if (!getty_can_run("serial-getty@.service"))
        return;
    (void)file_line(rooted("/sys/class/tty/console/active", path), active, sizeof active);
    for (rest = str_of(active); (tty = str_word(&rest, BLANKS)).p;) {
        char name[64];
        if (!is_virtual_terminal(tty) && z_copy(name, sizeof name, tty) && is_terminal(name))
            want_getty("serial-getty@", ".service", tty);
    }
    for (EACH(console, "hvc0\0xvc0\0hvsi0\0sclp_line0\0ttysclp0\0" "3270/tty1\0"))
        if (sys_access(path_fmt(path, "%s/dev/%s", search_root, console), 0) == 0)
            want_getty("serial-getty@", ".service", str_of(console));
}

/* ---- rc.local ------------------------------------------------------------------------------ */

/* systemd-rc-local-generator. */
static void generate_rc_local(const struct generating *g)
{
    char path[PATH_BYTES];
    (void)g;
    int r = sys_access(rooted("/etc/rc.local", path), 1 /* X_OK */);
    if (r == 0)
        write_link(SHIPPED "rc-local.service", "/multi-user.target.wants/rc-local.service");
    else if (r == -EACCES)
        log_line(LOG_INFO, "/etc/rc.local is not marked executable, skipping.");
    else if (r != -ENOENT)
        log_line(LOG_WARNING, "Couldn't determine if /etc/rc.local exists and is executable, skipping: %s", strerror(-r));
}

/* ---- programs, and which generators there are ---------------------------------------------- */

const char generator_folders[] =
    "/run/systemd/system-generators\0/etc/systemd/system-generators\0/usr/local/lib/systemd/system-generators\0"
    "/usr/lib/systemd/system-generators\0/lib/systemd/system-generators\0";

/* In the order of their work: an init script is passed over if anything else has made a unit of its name. */
static const char builtin_names[] =
    "systemd-fstab-generator\0systemd-debug-generator\0systemd-run-generator\0systemd-getty-generator\0"
    "systemd-rc-local-generator\0systemd-sysv-generator\0";
static void (*const builtin_generators[])(const struct generating *g) = {
    generate_fstab, generate_debug, generate_run, generate_getty, generate_rc_local, generate_sysv,
};

enum program { NOTHING, MASK, NO_PROGRAM, PROGRAM };

/* What lies there; an empty file or a link to /dev/null takes the name away from the folders after it. */
static enum program program_at(const char *folder, const char *name, char *path)
{
    struct stat st;
    if (sys_stat(path_fmt(path, "%s%s/%s", search_root, folder, name), &st) < 0)
        return NOTHING;
    if (S_ISCHR(st.st_mode) || (S_ISREG(st.st_mode) && !st.st_size))
        return MASK;
    return S_ISREG(st.st_mode) && st.st_mode & 0111 ? PROGRAM : NO_PROGRAM;
}

/* Is the name in a folder before this one? */
static bool is_hidden(const char *name, const char *folder)
{
    char path[PATH_BYTES];
    for (const char *f = generator_folders; f != folder; f = z_next(f)) {
        enum program what = program_at(f, name, path);
        if (what == MASK || what == PROGRAM)
            return true;
    }
    return false;
}

/* Folders from here on belong to packages: what they have under the name of a generator of ours is systemd's. */
static const char *of_packages(void) { return z_next(z_next(z_next(generator_folders))); }

const char *programs_next(struct programs *p)
{
    for (; *p->folder; p->folder = z_next(p->folder)) {
        char folder[PATH_BYTES];
        struct stat st;
        if (!p->open && str_starts(str_of(p->folder), "/lib/") && (sys_lstat(rooted("/lib", folder), &st) < 0 || S_ISLNK(st.st_mode)))
            continue;                    /* the same as /usr/lib */
        if (!p->open)
            (void)dir_open(&p->dir, rooted(p->folder, folder));
        p->open = true;
        for (struct dirent *e; (e = dir_next(&p->dir));)
            if (e->d_name[0] != '.' && program_at(p->folder, e->d_name, p->path) == PROGRAM
                && !is_hidden(e->d_name, p->folder) && !(p->folder >= of_packages() && z_in(builtin_names, e->d_name)))
                return p->path;
        p->open = false;
    }
    return NULL;
}

void generate_all(const struct generating *g)
{
    const char *name = builtin_names;
    char path[PATH_BYTES];
    bool any = false;                    /* most images have none of these folders: asked once, not for each name */
    for (const char *folder = generator_folders; folder != of_packages(); folder = z_next(folder))
        any |= sys_access(rooted(folder, path), 0) == 0;
    for (u32 i = 0; i < LEN(builtin_generators); i++, name = z_next(name))
        if (!any || !is_hidden(name, of_packages()))
            builtin_generators[i](g);
}

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

void generated_clear(const char *parent, bool make)
{
    for (EACH(folder, "generator\0generator.early\0generator.late\0")) {
        char path[PATH_BYTES];
        path_fmt(path, "%s%s/%s", search_root, parent, folder);
        clear_folder(path, 2);
        if (!make)
            continue;
        make_folders(path, 0755);
        (void)sys_mkdir(path, 0755);
    }
}
