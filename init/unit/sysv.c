/* SPDX-License-Identifier: 0BSD
 *
 * Init scripts in /etc/init.d, their LSB or chkconfig headers and the links in /etc/rcN.d -> services in
 * generator.late, as systemd-sysv-generator(8) of systemd 252 writes them. A script that has a unit file of its
 * name is passed over. Reads scripts, runs none. */
#include "generate.h"
#include "../sys.h"

#include <dirent.h>

#define SCRIPTS "/etc/init.d"

/* The runlevels of a start, and what wants and follows their services. */
static const char runlevels[] = "rc1.d\0rc2.d\0rc3.d\0rc4.d\0rc5.d\0";
static const u8 runlevel_target[] = { 0, 1, 1, 1, 2 };
static const char runlevel_targets[] = "rescue.target\0multi-user.target\0graphical.target\0";

struct script {
    char name[UNIT_NAME_BYTES], file[256];
    i32 priority;                        /* of its start links, -1: it has none */
    u32 targets;                         /* bits of runlevel_targets */
    bool has_lsb, loaded;
};
static struct script scripts[INIT_SCRIPTS_MAX] SCRATCH;
static u32 scripts_n;

/* ---- which there are ----------------------------------------------------------------------- */

static bool translate_name(struct str file, struct buf *out)
{
    if (str_ends(file, ".sh"))
        file = str_cut(file, file.n - 3);
    return unit_name_mangle(file, false, ".service", out) >= 0;
}

static struct script *find_script(struct str name)
{
    for (u32 i = 0; i < scripts_n; i++)
        if (str_is(name, scripts[i].name))
            return &scripts[i];
    return NULL;
}

/* A unit file, link, mask or template that no generator made. */
static bool has_native_unit(struct str name)
{
    BUF(template, UNIT_NAME_BYTES);
    char path[PATH_BYTES];
    if (unit_name_is_instance(name))
        unit_name_template(name, &template);
    for (struct str n = name; n.n; n = str_eq(n, name) ? STR(template) : str_cut(n, 0))
        for (struct index_entry *e = NULL; (e = index_next(e, n));)
            if (e->kind != ENTRY_DIR && !z_after(index_path(e, path), "/run/systemd/generator"))
                return true;
    return false;
}

static void add_script(const char *file)
{
    BUF(name, UNIT_NAME_BYTES);
    struct stat st;
    char path[PATH_BYTES], full[PATH_BYTES];
    path_fmt(path, SCRIPTS "/%s", file);
    if (file[0] == '.' || sys_stat(rooted(path, full), &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR)
        || !translate_name(str_of(file), &name) || find_script(STR(name)) || has_native_unit(STR(name)))
        return;
    if (scripts_n == LEN(scripts)) {
        log_line(LOG_ERR, "%s: limit INIT_SCRIPTS_MAX reached (limits.h), ignoring it.", path);
        return;
    }
    log_line(LOG_WARNING, "SysV service '%s' lacks a native systemd unit file. Automatically generating a unit file for "
             "compatibility. Please update package to include a native systemd unit file, in order to make it more safe and robust.", path);
    struct script *s = &scripts[scripts_n++];
    *s = (struct script){ .priority = -1 };
    z_copy(s->name, sizeof s->name, STR(name));
    z_copy(s->file, sizeof s->file, str_of(file));
}

/* The units are looked up only where there is a script: most machines have none. */
static void find_scripts(void)
{
    struct dir d;
    char path[PATH_BYTES];
    bool indexed = false;
    scripts_n = 0;
    (void)dir_open(&d, rooted(SCRIPTS, path));
    for (struct dirent *e; (e = dir_next(&d));) {
        if (!indexed)
            index_build();
        indexed = true;
        add_script(e->d_name);
    }
}

/* "S20name": starts in this runlevel. */
static void read_runlevel(const char *folder, u32 target)
{
    struct dir d;
    char path[PATH_BYTES];
    (void)dir_open(&d, path_fmt(path, "%s/etc/%s", search_root, folder));
    for (struct dirent *e; (e = dir_next(&d));) {
        BUF(name, UNIT_NAME_BYTES);
        i32 priority;
        struct str link = str_of(e->d_name);
        if (link.n < 4 || link.p[0] != 'S' || parse_int((struct str){ link.p + 1, 2 }, 0, 99, &priority) < 0
            || !in_set(link.p[1], "0123456789") || !translate_name(str_from(link, 3), &name))
            continue;
        struct script *s = find_script(STR(name));
        if (!s)
            continue;
        s->priority = MAX(s->priority, priority);
        s->targets |= BIT(target);
    }
}

/* ---- what a script says -------------------------------------------------------------------- */

enum state { NORMAL, DESCRIPTION, LSB, LSB_DESCRIPTION, USAGE_CONTINUES };

struct reading {
    struct script *of;
    bool links;                          /* first time: names it provides; second time: all else */
    bool reload;
    enum state state;
    u32 line;
    struct buf *deps;                    /* lines of [Unit] */
    struct buf shortly, chkconfig, at_length, pid_file;
    char space[4][1024];
};

static bool begins(struct str s, const char *word)
{
    for (; *word; word++, s = str_from(s, 1))
        if (!s.n || (s.p[0] >= 'A' && s.p[0] <= 'Z' ? s.p[0] | 32 : s.p[0]) != *word)
            return false;
    return true;
}

static bool contains(struct str s, const char *word)
{
    while (s.n && !begins(s, word))
        s = str_from(s, 1);
    return s.n;
}

/* The words of a usage message, or "{reload|", "|reload}" and the like in one. */
static bool offers_reload(struct str s)
{
    for (EACH(form, "{reload|\0{reload}\0{reload\"\0|reload|\0|reload}\0|reload\"\0"))
        if (contains(s, form))
            return true;
    return false;
}

static void warn(const struct reading *r, const char *what, struct str about, const char *end)
{
    log_line(LOG_WARNING, "[" SCRIPTS "/%s:%u] %s%.*s%s", r->of->file, r->line, what, (int)about.n, about.p, end);
}

static const char facilities[] =
    "local_fs\0\0network\0network-online.target\0named\0nss-lookup.target\0portmap\0rpcbind.target\0"
    "remote_fs\0remote-fs.target\0syslog\0\0time\0time-sync.target\0";

/* The unit a facility stands for. False: none, or the script itself. */
static bool translate_facility(const struct reading *r, struct str name, struct buf *out)
{
    struct str n = str_from(name, str_starts(name, "$")), file = str_of(r->of->file);
    char key[UNIT_NAME_BYTES];
    const char *known = z_copy(key, sizeof key, n) ? z_lookup(facilities, key) : NULL;
    out->n = 0;
    if (known) {
        buf_z(out, known);
    } else if (n.p != name.p) {
        buf_str(out, n);
        buf_z(out, ".target");
        if (!unit_name_valid(STR(*out))) {
            warn(r, "Could not build name for facility ", name, ": Invalid argument");
            return false;
        }
    } else if (!str_eq(n, str_cut(file, file.n - (str_ends(file, ".sh") ? 3 : 0)))) {
        return translate_name(n, out);
    }
    return out->n;
}

static void put_dep(struct reading *r, const char *key, const char *unit) { buf_fmt(r->deps, "%s=%s\n", key, unit); }

static void take_provided(struct reading *r, struct buf *unit)
{
    int type = unit_type_of(STR(*unit));
    const char *name = buf_end(unit);
    struct index_entry *e = index_find(STR(*unit));
    if (type == UNIT_SERVICE && r->links && !(e && e->kind == ENTRY_BUILTIN))
        write_link(r->of->name, ".late/%s", name);
    if (type != UNIT_SERVICE && type != UNIT_TARGET && r->links)
        log_line(LOG_WARNING, "Unknown unit type for unit '%s'", name);
    if (type != UNIT_TARGET || r->links)
        return;
    /* What it stands for is there once it has started; a target never starts the script. */
    put_dep(r, "Before", name);
    put_dep(r, "Wants", name);
    if (STREQ(name, "network-online.target")) {
        put_dep(r, "Before", "network.target");
        put_dep(r, "Wants", "network.target");
    }
}

static void take_ordered(struct reading *r, struct buf *unit, bool before)
{
    const char *name = buf_end(unit);
    if (r->links)
        return;
    put_dep(r, before ? "Before" : "After", name);
    if (!before && STREQ(name, "network-online.target"))
        put_dep(r, "Wants", name);
}

static void take_facilities(struct reading *r, struct str words, bool provides, bool before)
{
    char space[UNIT_NAME_BYTES];
    struct buf word = BUF_OVER(space);
    BUF(unit, UNIT_NAME_BYTES);
    while (word.n = 0, word_next(&words, BLANKS, WORD_UNQUOTE | WORD_RELAX, &word) > 0) {
        if (word.over || !translate_facility(r, STR(word), &unit))
            continue;
        if (provides)
            take_provided(r, &unit);
        else
            take_ordered(r, &unit, before);
    }
}

static void append(struct buf *out, struct str text)
{
    text = str_trim(text);
    if (text.n)
        buf_fmt(out, "%s%.*s", out->n ? " " : "", (int)text.n, text.p);
}

static void set_text(struct buf *out, struct str text)
{
    out->n = 0;
    append(out, text);
}

/* Red Hat's headers: a description that backslashes continue, and where the daemon's PID file is. */
static void take_chkconfig(struct reading *r, struct str t)
{
    bool more = str_ends(t, "\\");
    struct str plain = str_cut(t, t.n - more);
    if (r->state == DESCRIPTION) {
        append(&r->chkconfig, plain);
        r->state = more ? DESCRIPTION : NORMAL;
    } else if (begins(t, "description:")) {
        set_text(&r->chkconfig, str_from(plain, 12));
        r->state = more ? DESCRIPTION : NORMAL;
    } else if (begins(t, "pidfile:")) {
        struct str file = str_trim(str_from(t, 8));
        if (str_starts(file, "/"))
            set_text(&r->pid_file, file);
        else
            warn(r, "PID file not absolute. Ignoring.", str_of(NULL), "");
    }
}

static void take_lsb(struct reading *r, struct str t, struct str raw)
{
    static const char orders[] = "required-start:\0should-start:\0x-start-before:\0x-start-after:\0";
    enum state was = r->state;
    r->state = LSB;
    if (begins(t, "provides:")) {
        take_facilities(r, str_from(t, 9), true, false);
        return;
    }
    for (EACH(order, orders))
        if (begins(t, order)) {
            take_facilities(r, str_from(t, strlen(order)), false, begins(t, "x-start-before:"));
            return;
        }
    if (begins(t, "description:")) {
        r->state = LSB_DESCRIPTION;
        set_text(&r->at_length, str_from(t, 12));
    } else if (begins(t, "short-description:")) {
        set_text(&r->shortly, str_from(t, 18));
    } else if (was == LSB_DESCRIPTION && (str_starts(raw, "#\t") || str_starts(raw, "#  "))) {
        r->state = LSB_DESCRIPTION;
        append(&r->at_length, t);
    }
}

static void take_line(struct reading *r, struct str raw)
{
    struct str t = str_trim(raw);
    if (!str_starts(t, "#")) {
        /* The usage message tells whether it can reload. */
        if (r->state == USAGE_CONTINUES || (r->state == NORMAL && contains(t, "usage"))) {
            bool reload = offers_reload(t);
            r->reload |= reload;
            r->state = !reload && str_ends(t, "\\") ? USAGE_CONTINUES : NORMAL;
        }
        return;
    }
    if (r->state == NORMAL && str_is(t, "### BEGIN INIT INFO")) {
        r->state = LSB;
        r->of->has_lsb = true;
        return;
    }
    bool lsb = r->state == LSB || r->state == LSB_DESCRIPTION;
    if (lsb && str_is(t, "### END INIT INFO")) {
        r->state = NORMAL;
        return;
    }
    t = str_trim(str_from(t, 1));
    if (lsb)
        take_lsb(r, t, raw);
    else if (r->state != USAGE_CONTINUES)
        take_chkconfig(r, t);
}

static bool read_script(struct reading *r)
{
    char path[PATH_BYTES], *text;
    u32 n;
    struct buf *texts[] = { &r->shortly, &r->chkconfig, &r->at_length, &r->pid_file };
    for (u32 i = 0; i < LEN(texts); i++)
        buf_over(texts[i], r->space[i], sizeof r->space[i]);
    path_fmt(path, SCRIPTS "/%s", r->of->file);
    int error = file_read(path, &text, &n);
    if (error < 0 && error != -ENOENT)
        log_line(LOG_ERR, "Failed to open %s: %s", path, error == -EFBIG ? "larger than limit FILE_BYTES (limits.h)" : strerror(-error));
    struct str rest = { text, error < 0 ? 0 : n }, line;
    while ((line = str_line(&rest, '\n')).p) {
        r->line++;
        take_line(r, line);
    }
    return error == 0;
}

/* ---- what becomes of it -------------------------------------------------------------------- */

/* The numbers of start links order what has no LSB header against all else. */
static void put_order(struct buf *out, const struct script *s)
{
    for (const struct script *o = scripts; o < scripts + scripts_n && s->priority >= 0; o++)
        if (o != s && o->loaded && o->priority >= 0 && o->priority != s->priority && !(s->has_lsb && o->has_lsb))
            buf_fmt(out, "%s=%s\n", o->priority < s->priority ? "After" : "Before", o->name);
}

static void put_safe_line(struct buf *out, const char *key, const char *before, struct str value)
{
    if (!value.n || !text_safe(value))
        return;
    buf_fmt(out, "%s=%s", key, before);
    put_value(out, value);
    buf_c(out, '\n');
}

static void put_service(struct buf *out, struct reading *r, const char *path)
{
    buf_fmt(out, TEXT("\n[Service]\nType=forking\nRestart=no\nTimeoutSec=5min\nIgnoreSIGPIPE=no\nKillMode=process\n"
            "GuessMainPID=no\nRemainAfterExit=%s\n"), r->pid_file.n ? "no" : "yes");
    put_safe_line(out, "PIDFile", "", STR(r->pid_file));
    if (r->of->has_lsb)
        buf_z(out, TEXT("SuccessExitStatus=5 6\n"));       /* not installed, not configured */
    for (EACH(verb, "start\0Start\0stop\0Stop\0reload\0Reload\0")) {
        const char *key = z_next(verb);
        if (*verb != 'r' || r->reload) {
            buf_fmt(out, "Exec%s=", key);
            put_value(out, str_of(path));
            buf_fmt(out, " %s\n", verb);
        }
        verb = key;
    }
}

static void write_script(struct script *s)
{
    static struct reading r SCRATCH;
    WORKSPACE(text, 0);
    WORKSPACE(deps, 1);
    char path[PATH_BYTES], link[PATH_BYTES], target[PATH_BYTES];
    r = (struct reading){ .of = s, .deps = &deps };
    if (!s->loaded || !read_script(&r))
        return;
    struct buf *about = r.shortly.n ? &r.shortly : r.chkconfig.n ? &r.chkconfig : &r.at_length;
    path_fmt(path, SCRIPTS "/%s", s->file);
    buf_z(&text, TEXT("# Automatically generated by systemd-sysv-generator\n\n[Unit]\nDocumentation=man:systemd-sysv-generator(8)\n"));
    put_line(&text, "SourcePath", str_of(path));
    put_safe_line(&text, "Description", s->has_lsb ? "LSB: " : "SYSV: ", STR(*about));
    for (u32 i = 0; i < LEN(runlevel_target); i++)
        if (s->targets & BIT(runlevel_target[i]) && (i == 0 || runlevel_target[i - 1] != runlevel_target[i]))
            buf_fmt(&text, "Before=%s\n", name_of(runlevel_targets, runlevel_target[i]));
    buf_str(&text, STR(deps));
    text.over |= deps.over;
    put_order(&text, s);
    put_service(&text, &r, path);
    path_fmt(link, "%s/run/systemd/generator.late/%s", search_root, s->name);
    if (sys_readlinkat(AT_FDCWD, link, target, sizeof target) >= 0) {
        log_line(LOG_WARNING, "Overwriting existing symlink %s with real service.", link);
        sys_unlink(link);
    }
    if (write_unit(&text, NULL, ".late/%s", s->name) < 0)
        return;
    path_fmt(target, "../%s", s->name);
    for (i32 i = 0; i < 3; i++)
        if (s->targets & BIT(i))
            write_link(target, ".late/%s.wants/%s", name_of(runlevel_targets, i), s->name);
}

/* Names first: a script that has a name goes before one that only provides it. */
static void read_names(struct script *s)
{
    static struct reading r SCRATCH;
    WORKSPACE(deps, 1);
    r = (struct reading){ .of = s, .deps = &deps, .links = true };
    s->loaded = read_script(&r);
}

void generate_sysv(const struct generating *g)
{
    (void)g;
    find_scripts();
    u32 i = 0;
    for (EACH(folder, scripts_n ? runlevels : ""))
        read_runlevel(folder, runlevel_target[i++]);
    for (i = 0; i < scripts_n; i++)
        read_names(&scripts[i]);
    for (i = 0; i < scripts_n; i++)
        write_script(&scripts[i]);
    index_drop();
}
