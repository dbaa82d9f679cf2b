/* SPDX-License-Identifier: 0BSD
 *
 * [Install] as systemctl(1) acts on it: the links of enable, disable, mask, unmask and set-default,
 * and the state of a unit file. Works on the files below search_root; runs in clients, not in PID 1.
 * The index must have been built. */
#include "unit.h"
#include "../sys.h"

#include <dirent.h>

#define CONFIG "/etc/systemd/system"
#define RUNTIME "/run/systemd/system"

const char file_state_names[] =
    "enabled\0enabled-runtime\0linked\0linked-runtime\0alias\0masked\0masked-runtime\0static\0"
    "disabled\0indirect\0generated\0transient\0bad\0";

bool file_has_preset(int state)
{
    return state != FILE_ALIAS && state != FILE_STATIC && state != FILE_GENERATED && state != FILE_TRANSIENT;
}

/* ---- what a unit's files say --------------------------------------------------------------- */

struct info {
    char name[UNIT_NAME_BYTES], path[PATH_BYTES];
    bool masked, compact;
    char lists[5][4096];                 /* in the order of `keys` */
};
static const char keys[] = "WantedBy\0RequiredBy\0Alias\0Also\0DefaultInstance\0";
enum { WANTED_BY, REQUIRED_BY, ALIAS, ALSO, DEFAULT_INSTANCE };

static void take_install(struct info *info, char *text, u32 n, const char *path)
{
    struct lexer lex = lex_open(text, n, path);
    struct assignment a = { 0 };
    enum lexed what;
    while ((what = lex_next(&lex, &a)) != LEX_END && what != LEX_REFUSE) {
        i32 i;
        if (what != LEX_ASSIGNMENT || !str_is(a.section, "Install") || name_find(keys, a.key, &i) < 0)
            continue;
        struct buf list = BUF_OVER(info->lists[i]);
        WORKSPACE(full, 0);
        if (a.value.n && i != DEFAULT_INSTANCE)
            list.n = (u32)strlen(list.p);
        if (specifier_expand(str_of(info->name), a.value, &full) == 0) {
            buf_str(&list, STR(full));
            buf_c(&list, ' ');
        }
        buf_end(&list);
    }
}

/* Drop-ins may add to [Install] too. */
static void take_dropins(struct info *info)
{
    BUF(folder, UNIT_NAME_BYTES + 4);
    buf_fmt(&folder, "%s.d", info->name);
    for (struct index_entry *e = NULL; (e = index_next(e, STR(folder)));) {
        struct dir d;
        char path[PATH_BYTES], full[PATH_BYTES], *text;
        u32 size;
        dir_open(&d, rooted(index_path(e, path), full));
        for (struct dirent *f; (f = dir_next(&d));)
            if (z_ends(f->d_name, ".conf")
                && file_read(path_fmt(full, "%s/%s", path, f->d_name), &text, &size) == 0)
                take_install(info, text, size, full);
    }
}

/* Finds a unit's file and reads its [Install]. -ENOENT: there is none, only the name. */
static int look_up(struct str name, struct info *info)
{
    char *text;
    u32 n = 0;
    int r = 0;
    memset(info, 0, sizeof *info);
    struct buf real = BUF_OVER(info->name);
    struct index_entry *e = index_resolve(name, &real, &info->masked);
    if (!e) {
        z_copy(info->name, sizeof info->name, name);
        return -ENOENT;
    }
    buf_end(&real);
    info->compact = index_compact(e);
    if (info->masked)
        index_path(e, info->path);
    else
        r = file_read_entry(e, &text, &n, info->path);
    info->masked |= r == 0 && n == 0 && e->kind == ENTRY_FILE;
    if (r == 0 && !info->masked) {
        take_install(info, text, n, info->path);
        take_dropins(info);
    }
    return r;
}

static bool has_rules(const struct info *info)
{
    return info->lists[WANTED_BY][0] || info->lists[REQUIRED_BY][0] || info->lists[ALIAS][0];
}

/* ---- the state ----------------------------------------------------------------------------- */

/* Does a link of this name and target belong to the unit? */
static bool link_is_of(const struct info *info, struct str link, const char *target)
{
    BUF(template, UNIT_NAME_BYTES);
    struct str name = str_of(info->name), base = str_of(target);
    base = str_from(base, (size_t)str_rfind(base, '/') + 1);
    if (str_eq(link, name) || str_eq(base, name))
        return true;
    if (!unit_name_is_template(name) || !unit_name_is_instance(link))
        return false;
    unit_name_template(link, &template);
    return str_eq(STR(template), name);
}

/* The links of the unit in one folder: counts them; with a report, removes them and counts those. */
static u32 links_in(const struct info *info, const char *folder, struct buf *report)
{
    struct dir d;
    char target[PATH_BYTES], full[PATH_BYTES];
    u32 n = 0;
    dir_open(&d, rooted(folder, full));
    for (struct dirent *e; (e = dir_next(&d));) {
        if (sys_readlinkat(d.fd, e->d_name, target, sizeof target) < 0 || !link_is_of(info, str_of(e->d_name), target))
            continue;
        if (report) {
            /* A link of the unit's own name at the top is the unit (linked), or a mask. */
            if (STREQ(target, "/dev/null") || sys_unlinkat(d.fd, e->d_name, 0) < 0)
                continue;
            buf_fmt(report, "Removed \"%s/%s\".\n", full, e->d_name);
        }
        n++;
    }
    return n;
}

/* What lies in one configuration folder: links, and folders of links. NULL: first. */
static struct index_entry *next_below(const char *config, struct index_entry *e, char *path)
{
    while ((e = index_all(e)))
        if ((e->kind == ENTRY_LINK || (e->kind == ENTRY_DIR && !z_ends(index_name(e), ".d")))
            && STREQ(search_dirs + e->dir, config)) {
            index_path(e, path);
            break;
        }
    return e;
}

/* Links below one configuration folder, or an alias in it. *linked: only a link of its own name. */
static bool enabled_below(const struct info *info, const char *config, bool *linked)
{
    char path[PATH_BYTES];
    for (struct index_entry *e = NULL; (e = next_below(config, e, path));) {
        const char *name = index_name(e), *target = index_target(e);
        if (e->kind == ENTRY_DIR ? links_in(info, path, NULL)
                                 : !STREQ(name, info->name) && !STREQ(target, "/dev/null")
                                   && link_is_of(info, str_of(name), target))
            return true;
        *linked |= STREQ(name, info->name);
    }
    return false;
}

static int state_of(const struct info *info)
{
    struct str folder = str_cut(str_of(info->path), (size_t)MAX(str_rfind(str_of(info->path), '/'), 0));
    bool linked = false, linked_runtime = false;
    if (info->masked)
        return str_starts(folder, "/run/") ? FILE_MASKED_RUNTIME : FILE_MASKED;
    if (info->compact)
        return has_rules(info) ? FILE_ENABLED : FILE_STATIC;
    if (str_starts(folder, "/run/systemd/generator"))
        return FILE_GENERATED;
    if (str_is(folder, "/run/systemd/transient"))
        return FILE_TRANSIENT;
    if (enabled_below(info, CONFIG, &linked))
        return FILE_ENABLED;
    if (enabled_below(info, RUNTIME, &linked_runtime))
        return FILE_ENABLED_RUNTIME;
    if (linked || linked_runtime)
        return linked ? FILE_LINKED : FILE_LINKED_RUNTIME;
    return has_rules(info) ? FILE_DISABLED : info->lists[ALSO][0] ? FILE_INDIRECT : FILE_STATIC;
}

int install_state(struct str name)
{
    static struct info info;
    int r = look_up(name, &info);
    if (r < 0)
        return r;
    if (!info.masked && !str_is(name, info.name) && !unit_name_is_instance(str_of(info.name)))
        return FILE_ALIAS;
    return state_of(&info);
}

/* ---- making links -------------------------------------------------------------------------- */

static const char *config_of(const struct install_options *o) { return o->runtime ? RUNTIME : CONFIG; }

bool install_utf8 = true;
static const char *arrow(void) { return install_utf8 ? "\xe2\x86\x92" : "->"; }

/* path -> target; an equal link is left alone, and so is whatever is no link. */
static int make_link(const char *path, const char *target, bool force, const struct install_options *o,
                     struct buf *report)
{
    char old[PATH_BYTES], full[PATH_BYTES];
    make_parents(rooted(path, full));
    int r = sys_symlink(target, full);
    if (r == -EEXIST) {
        bool link = sys_readlinkat(AT_FDCWD, full, old, sizeof old) >= 0;
        if (link && STREQ(old, target))
            return 0;
        if (!link || !force) {
            buf_fmt(report, "Failed to %s unit, file \"%s\" already exists%s%s%s.\n", o->verb, full,
                    link ? " and is a symlink to \"" : "", link ? old : "", link ? "\"" : "");
            return -EEXIST;
        }
        buf_fmt(report, "Removed \"%s\".\n", full);
        sys_unlink(full);
        r = sys_symlink(target, full);
    }
    if (r < 0)
        buf_fmt(report, "Failed to %s unit, file \"%s\": %s\n", o->verb, full, strerror(-r));
    else
        buf_fmt(report, "Created symlink %s %s %s.\n", full, arrow(), target);
    return r;
}

/* `list` of the unit's [Install] as links: its aliases (no suffix), or what is to want or require it. */
static int link_all(const struct info *info, u32 list, const char *suffix, const struct install_options *o,
                    struct buf *report)
{
    struct str rest = str_of(info->lists[list]), word;
    BUF(instance, UNIT_NAME_BYTES);
    struct str link = str_of(info->name), which = str_trim(str_of(info->lists[DEFAULT_INSTANCE]));
    bool template = suffix && unit_name_is_template(link), masked;
    int r = 0;
    if (template && which.n && unit_name_with_instance(link, which, &instance) == 0) {
        link = STR(instance);
        template = false;
    }
    while ((word = str_word(&rest, BLANKS)).p) {
        char path[PATH_BYTES];
        BUF(real, UNIT_NAME_BYTES);
        const char *to = z_fmt("%.*s", (int)word.n, word.p);
        bool valid = unit_name_valid(word);
        int made = -EINVAL;
        if (!suffix && (!valid || unit_type_of(word) != unit_type_of(link))) {
            buf_fmt(report, "Failed to %s unit, cannot alias %s as %s.\n", o->verb, info->name, to);
        } else if (!valid) {
            buf_fmt(report, "Failed to %s unit, \"%s\" is not a valid unit name.\n", o->verb, to);
        } else if (template && !strchr(to, '@')) {       /* which of its instances? */
            buf_fmt(report, "Failed to %s %s, destination unit %s is a non-template unit.\n", o->verb, info->name, to);
        } else {
            path_fmt(path, suffix ? "%s/%s.%s/%.*s" : "%s/%s", config_of(o), to, suffix, (int)link.n, link.p);
            made = make_link(path, info->path, suffix || o->force, o, report);
            if (suffix && !index_resolve(word, &real, &masked))
                buf_fmt(report, "Unit %s%s is added as a dependency to a non-existent unit %s.\n", search_root, info->path, to);
        }
        r = r ? r : made;
    }
    return r;
}

static int add_links(const struct info *info, const struct install_options *o, struct buf *report)
{
    int alias = link_all(info, ALIAS, NULL, o, report);
    int wanted = link_all(info, WANTED_BY, "wants", o, report);
    int required = link_all(info, REQUIRED_BY, "requires", o, report);
    return alias ? alias : wanted ? wanted : required;
}

static void remove_links(const struct info *info, const struct install_options *o, struct buf *report)
{
    char path[PATH_BYTES], full[PATH_BYTES];
    for (struct index_entry *e = NULL; (e = next_below(config_of(o), e, path));)
        if (e->kind == ENTRY_DIR && links_in(info, path, report))
            (void)sys_rmdir(rooted(path, full));
    links_in(info, config_of(o), report);
}

/* A unit's file that is refused. systemctl has one sentence for files of another tree and one for PID 1's answer. */
static void refuse(const struct install_options *o, struct buf *report, const char *what, const char *why)
{
    buf_fmt(report, *search_root ? "Failed to %s unit, unit %s%s %s.\n" : "Failed to %s unit: Unit file %s%s %s.\n", o->verb,
            *what == '/' ? search_root : "", what, why);
}

static int look_up_usable(struct str name, struct info *info, const struct install_options *o, struct buf *report)
{
    int r = look_up(name, info);
    if (r < 0)
        refuse(o, report, info->name, "does not exist");
    else if (info->masked)
        refuse(o, report, info->path, "is masked");
    return r < 0 ? r : info->masked ? -ERFKILL : 0;
}

int install_check(struct str name, const struct install_options *o, struct buf *report)
{
    static struct info info;
    return look_up_usable(name, &info, o, report);
}

/* Enables or disables a unit and what its Also= names. */
static int change(struct str name, bool enable, const struct install_options *o, struct buf *report)
{
    /* Also= is followed eight deep: a frame is a screen of text, a real chain has one. */
    static struct info infos[8];
    struct info *info = &infos[o->depth];
    struct install_options deeper = *o;
    int r = look_up(name, info);
    if (r < 0 && enable) {               /* named by Also=: the others have been checked */
        buf_fmt(report, "Failed to enable auxiliary unit %s, ignoring.\n", info->name);
        return 0;
    }
    if (r < 0 && !o->depth)
        refuse(o, report, info->name, "does not exist");
    if (info->masked) {
        buf_fmt(report, "Unit %s%s is masked, ignoring.\n", search_root, info->path);
        return 1;
    }
    if (info->compact && enable) {
        buf_fmt(report, "Unit file %s is enabled by lying in /etc/units, nothing to do.\n", info->path);
        return 1;
    }
    if (info->compact) {
        buf_fmt(report, packed_text(TEXT_COMPACT_DISABLE), o->verb, info->path, info->path);
        return -EBUSY;
    }
    if (enable)
        r = add_links(info, o, report);
    else
        remove_links(info, o, report);   /* of a unit that is gone, too */
    struct str rest = str_of(info->lists[ALSO]), also;
    for (deeper.depth++; deeper.depth < LEN(infos) && (also = str_word(&rest, BLANKS)).p;)
        if (!str_is(also, info->name)) {
            int k = change(also, enable, &deeper, report);
            r = enable && k < 0 ? k : r;
        }
    return r < 0 ? *search_root && !enable ? 0 : r : has_rules(info) || info->lists[ALSO][0];
}

int install_enable(struct str name, const struct install_options *o, struct buf *report)
{
    return change(name, true, o, report);
}

int install_disable(struct str name, const struct install_options *o, struct buf *report)
{
    return change(name, false, o, report);
}

/* ---- masks --------------------------------------------------------------------------------- */

int install_mask(struct str name, const struct install_options *o, struct buf *report)
{
    static struct info info;
    char path[PATH_BYTES];
    int r = look_up(name, &info);
    if (r == 0 && info.compact) {
        buf_fmt(report, packed_text(TEXT_COMPACT_MASK), o->verb, info.path, info.path);
        return -EBUSY;
    }
    if (r < 0 && !*search_root)
        buf_fmt(report, "Unit %s does not exist, proceeding anyway.\n", info.name);
    path_fmt(path, "%s/%.*s", config_of(o), (int)name.n, name.p);
    return make_link(path, "/dev/null", o->force, o, report);
}

int install_unmask(struct str name, const struct install_options *o, struct buf *report)
{
    static const char *const places[] = { CONFIG, RUNTIME };
    char target[PATH_BYTES], path[PATH_BYTES], full[PATH_BYTES];
    for (u32 i = o->runtime; i < LEN(places); i++) {
        path_fmt(path, "%s/%.*s", places[i], (int)name.n, name.p);
        if (sys_readlinkat(AT_FDCWD, rooted(path, full), target, sizeof target) < 0
            || !STREQ(target, "/dev/null"))
            continue;
        int r = sys_unlink(full);
        if (r < 0) {
            buf_fmt(report, "Failed to %s unit, file \"%s\": %s\n", o->verb, full, strerror(-r));
            return r;
        }
        buf_fmt(report, "Removed \"%s\".\n", full);
    }
    return 0;
}

/* ---- the default target -------------------------------------------------------------------- */

int install_set_default(struct str name, const struct install_options *o, struct buf *report)
{
    static struct info info;
    if (unit_type_of(name) != UNIT_TARGET) {
        buf_fmt(report, "Failed to set default target: Invalid argument\n");
        return -EINVAL;
    }
    int r = look_up_usable(name, &info, o, report);
    if (r < 0)
        return r;
    return make_link(CONFIG "/default.target", info.path, true, o, report);
}

int install_get_default(struct buf *out)
{
    bool masked;
    struct index_entry *e = index_resolve(S("default.target"), out, &masked);
    return !e || masked ? -ENOENT : 0;
}
