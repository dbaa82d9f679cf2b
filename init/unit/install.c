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
    struct index_entry *entry;
    bool masked, compact;
    char lists[5][4096];                 /* in the order of `keys` */
};
static const char *const keys[] = { "WantedBy", "RequiredBy", "Alias", "Also", "DefaultInstance" };
enum { WANTED_BY, REQUIRED_BY, ALIAS, ALSO, DEFAULT_INSTANCE };

static void take_install(struct info *info, char *text, u32 n, const char *path)
{
    struct lexer lex = lex_open(text, n, path);
    struct assignment a = { 0 };
    enum lexed what;
    while ((what = lex_next(&lex, &a)) != LEX_END && what != LEX_REFUSE)
        for (u32 i = 0; i < LEN(keys); i++) {
            if (what != LEX_ASSIGNMENT || !str_is(a.section, "Install") || !str_is(a.key, keys[i]))
                continue;
            struct buf b = { info->lists[i], (u32)strlen(info->lists[i]), sizeof info->lists[i], false };
            if (!a.value.n || i == DEFAULT_INSTANCE)
                b.n = 0;
            struct buf full = { scratch(0), 0, VALUE_BYTES, false };
            if (specifier_expand(str_of(info->name), a.value, &full) == 0) {
                buf_put(&b, full.p, full.n);
                buf_c(&b, ' ');
            }
            buf_end(&b);
        }
}

/* Drop-ins may add to [Install] too. */
static void take_dropins(struct info *info)
{
    BUF(folder, UNIT_NAME_BYTES + 4);
    static char dents[8192];
    buf_fmt(&folder, "%s.d", info->name);
    for (struct index_entry *e = NULL; (e = index_next(e, (struct str){ folder.p, folder.n }));) {
        BUF(path, PATH_BYTES);
        buf_z(&path, search_root);
        index_path(e, &path);
        int fd = sys_open(buf_end(&path), O_RDONLY | O_DIRECTORY);
        for (ssize_t n; fd >= 0 && (n = sys_getdents(fd, dents, sizeof dents)) > 0;)
            for (ssize_t at = 0; at < n;) {
                struct dirent *d = (void *)(dents + at);
                at += d->d_reclen;
                BUF(file, PATH_BYTES);
                char *text;
                u32 size;
                buf_fmt(&file, "%s/%s", path.p + strlen(search_root), d->d_name);
                if (z_ends(d->d_name, ".conf") && file_read(buf_end(&file), &text, &size) == 0)
                    take_install(info, text, size, file.p);
            }
        if (fd >= 0)
            sys_close(fd);
    }
}

/* Finds a unit's file and reads its [Install]. -ENOENT: there is none. */
static int look_up(struct str name, struct info *info)
{
    BUF(real, UNIT_NAME_BYTES);
    BUF(path, PATH_BYTES);
    char *text;
    u32 n;
    memset(info, 0, sizeof *info);
    info->entry = index_resolve(name, &real, &info->masked);
    if (!info->entry || !z_copy(info->name, sizeof info->name, (struct str){ real.p, real.n }))
        return -ENOENT;
    int r = info->masked ? 0 : file_read_entry(info->entry, &text, &n, &path);
    if (info->masked)
        index_path(info->entry, &path);
    z_copy(info->path, sizeof info->path, (struct str){ path.p, path.n });
    info->compact = info->entry->kind != ENTRY_BUILTIN && search_dirs[info->entry->dir].compact;
    if (r < 0)
        return r;
    info->masked |= !info->masked && n == 0 && info->entry->kind == ENTRY_FILE;
    if (!info->masked) {
        take_install(info, text, n, path.p);
        take_dropins(info);
    }
    return 0;
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
    return str_eq((struct str){ template.p, template.n }, name);
}

/* Looks through one folder of links. */
static bool folder_enables(const struct info *info, const char *path)
{
    static char dents[32768];
    bool found = false;
    BUF(full, PATH_BYTES);
    buf_fmt(&full, "%s%s", search_root, path);
    int fd = sys_open(buf_end(&full), O_RDONLY | O_DIRECTORY);
    for (ssize_t n; fd >= 0 && !found && (n = sys_getdents(fd, dents, sizeof dents)) > 0;)
        for (ssize_t at = 0; at < n && !found;) {
            struct dirent *d = (void *)(dents + at);
            char target[PATH_BYTES];
            at += d->d_reclen;
            found = sys_readlinkat(fd, d->d_name, target, sizeof target) >= 0
                 && link_is_of(info, str_of(d->d_name), target);
        }
    if (fd >= 0)
        sys_close(fd);
    return found;
}

/* Links below one configuration folder, or an alias in it. *linked: only a link of its own name. */
static bool enabled_below(const struct info *info, const char *config, bool *linked)
{
    for (struct index_entry *e = NULL; (e = index_all(e));) {
        BUF(path, PATH_BYTES);
        if (e->kind == ENTRY_BUILTIN || !STREQ(search_dirs[e->dir].path, config))
            continue;
        index_path(e, &path);
        if (e->kind == ENTRY_DIR && !z_ends(index_name(e), ".d") && folder_enables(info, buf_end(&path)))
            return true;
        if (e->kind != ENTRY_LINK)
            continue;
        if (STREQ(index_name(e), info->name))
            *linked = true;
        else if (link_is_of(info, str_of(index_name(e)), index_target(e)) && !STREQ(index_target(e), "/dev/null"))
            return true;
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

static int make_parents(const char *full)
{
    BUF(part, PATH_BYTES);
    for (const char *p = full; *p; p++) {
        if (*p == '/' && p > full)
            (void)sys_mkdir(buf_end(&part), 0755);
        buf_c(&part, *p);
    }
    return 0;
}

bool install_utf8 = true;
static const char *arrow(void) { return install_utf8 ? "\xe2\x86\x92" : "->"; }

/* path -> target; an equal link is left alone. */
static int make_link(const char *path, const char *target, const struct install_options *o, struct buf *report)
{
    char old[PATH_BYTES];
    BUF(full, PATH_BYTES);
    buf_fmt(&full, "%s%s", search_root, path);
    make_parents(buf_end(&full));
    int r = sys_symlink(target, full.p);
    if (r == -EEXIST) {
        ssize_t n = sys_readlinkat(AT_FDCWD, full.p, old, sizeof old);
        if (n >= 0 && STREQ(old, target))
            return 0;
        if (!o->force) {
            buf_fmt(report, "Failed to %s unit, file \"%s\" already exists%s%s%s.\n", o->verb, path,
                    n >= 0 ? " and is a symlink to \"" : "", n >= 0 ? old : "", n >= 0 ? "\"" : "");
            return -EEXIST;
        }
        buf_fmt(report, "Removed \"%s\".\n", path);
        sys_unlink(full.p);
        r = sys_symlink(target, full.p);
    }
    if (r < 0)
        buf_fmt(report, "Failed to %s unit, file \"%s\": %s\n", o->verb, path, strerror(-r));
    else
        buf_fmt(report, "Created symlink %s %s %s.\n", path, arrow(), target);
    return r;
}

static int link_all(const struct info *info, u32 list, const char *suffix, const struct install_options *o,
                    struct buf *report)
{
    struct str rest = str_of(info->lists[list]), word;
    BUF(instance, UNIT_NAME_BYTES);
    struct str link = str_of(info->name);
    int r = 0;
    if (unit_name_is_template(link)) {
        struct str which = str_trim(str_of(info->lists[DEFAULT_INSTANCE]));
        if (suffix && (!which.n || unit_name_with_instance(link, which, &instance) < 0))
            return 0;                    /* nothing to enable without an instance */
        link = suffix ? (struct str){ instance.p, instance.n } : link;
    }
    while ((word = str_word(&rest, BLANKS)).p) {
        BUF(path, PATH_BYTES);
        const char *config = o->runtime ? RUNTIME : CONFIG;
        if (!unit_name_valid(word) || (!suffix && unit_type_of(word) != unit_type_of(link))) {
            if (suffix)
                buf_fmt(report, "Failed to %s unit, \"%.*s\" is not a valid unit name.\n", o->verb,
                        (int)word.n, word.p);
            else
                buf_fmt(report, "Failed to %s unit, cannot alias %s as %.*s.\n", o->verb, info->name,
                        (int)word.n, word.p);
            r = r ? r : -EINVAL;
            continue;
        }
        if (suffix)
            buf_fmt(&path, "%s/%.*s.%s/%.*s", config, (int)word.n, word.p, suffix, (int)link.n, link.p);
        else
            buf_fmt(&path, "%s/%.*s", config, (int)word.n, word.p);
        int made = make_link(buf_end(&path), info->path, o, report);
        r = r ? r : made;
    }
    return r;
}

static int enable_one(struct str name, const struct install_options *o, struct buf *report, u32 depth)
{
    /* Also= is followed eight deep: a frame is a screen of text, a real chain has one. */
    static struct info infos[8];
    struct info *info = &infos[depth];
    int r = look_up(name, info);
    if (r < 0) {
        buf_fmt(report, "Failed to %s unit: Unit file %.*s does not exist.\n", o->verb, (int)name.n, name.p);
        return -ENOENT;
    }
    if (info->masked) {
        buf_fmt(report, "Failed to %s unit: Unit file %s is masked.\n", o->verb, info->path);
        return -ERFKILL;
    }
    if (info->compact) {
        buf_fmt(report, "Unit file %s is enabled by lying in /etc/units, nothing to do.\n", info->path);
        return 1;
    }
    r = link_all(info, ALIAS, NULL, o, report);
    int k = link_all(info, WANTED_BY, "wants", o, report);
    r = r ? r : k;
    k = link_all(info, REQUIRED_BY, "requires", o, report);
    r = r ? r : k;
    bool rules = has_rules(info) || info->lists[ALSO][0];
    struct str rest = str_of(info->lists[ALSO]), also;
    while (r >= 0 && depth + 1 < LEN(infos) && (also = str_word(&rest, BLANKS)).p)
        if (!str_is(also, info->name)) {
            k = enable_one(also, o, report, depth + 1);
            r = k < 0 ? k : r;
        }
    return r < 0 ? r : rules;
}

int install_enable(struct str name, const struct install_options *o, struct buf *report)
{
    return enable_one(name, o, report, 0);
}

/* ---- removing links ------------------------------------------------------------------------ */

static u32 remove_in(const struct info *info, const char *folder, bool top, struct buf *report)
{
    static char dents[32768];
    u32 removed = 0;
    BUF(full, PATH_BYTES);
    buf_fmt(&full, "%s%s", search_root, folder);
    int fd = sys_open(buf_end(&full), O_RDONLY | O_DIRECTORY);
    for (ssize_t n; fd >= 0 && (n = sys_getdents(fd, dents, sizeof dents)) > 0;)
        for (ssize_t at = 0; at < n;) {
            struct dirent *d = (void *)(dents + at);
            char target[PATH_BYTES];
            at += d->d_reclen;
            /* A link of the unit's own name at the top is the unit (linked), or a mask. */
            if (sys_readlinkat(fd, d->d_name, target, sizeof target) < 0 || STREQ(target, "/dev/null")
                || !link_is_of(info, str_of(d->d_name), target))
                continue;
            if (sys_unlinkat(fd, d->d_name, 0) == 0) {
                buf_fmt(report, "Removed \"%s/%s\".\n", folder, d->d_name);
                removed++;
            }
        }
    if (fd >= 0)
        sys_close(fd);
    if (removed && !top)
        (void)sys_rmdir(full.p);
    return removed;
}

int install_disable(struct str name, const struct install_options *o, struct buf *report)
{
    static struct info info;
    const char *config = o->runtime ? RUNTIME : CONFIG;
    int r = look_up(name, &info);
    if (r < 0) {
        buf_fmt(report, "Failed to %s unit: Unit file %.*s does not exist.\n", o->verb, (int)name.n, name.p);
        return -ENOENT;
    }
    if (info.compact && !info.masked) {
        buf_fmt(report, "Failed to %s unit: %s is enabled by lying in /etc/units.\n"
                "Move the file away to disable it, or empty it to mask it (: >%s), then run "
                "'systemctl daemon-reload'.\n", o->verb, info.path, info.path);
        return -EBUSY;
    }
    for (struct index_entry *e = NULL; (e = index_all(e));) {
        BUF(path, PATH_BYTES);
        if (e->kind != ENTRY_DIR || !STREQ(search_dirs[e->dir].path, config) || z_ends(index_name(e), ".d"))
            continue;
        index_path(e, &path);
        remove_in(&info, buf_end(&path), false, report);
    }
    remove_in(&info, config, true, report);
    bool rules = has_rules(&info) || info.lists[ALSO][0];
    struct str also;
    BUF(others, sizeof info.lists[ALSO]);
    buf_z(&others, info.lists[ALSO]);
    struct str rest = { others.p, others.n };
    BUF(self, UNIT_NAME_BYTES);
    buf_z(&self, info.name);
    buf_end(&self);
    if (o->depth < 8) {
        struct install_options deeper = *o;
        deeper.depth++;
        while ((also = str_word(&rest, BLANKS)).p)
            if (!str_is(also, self.p))
                (void)install_disable(also, &deeper, report);
    }
    return rules;
}

int install_mask(struct str name, const struct install_options *o, struct buf *report)
{
    static struct info info;
    BUF(path, PATH_BYTES);
    BUF(full, PATH_BYTES);
    struct stat st;
    int r = look_up(name, &info);
    if (r == 0 && info.compact) {
        buf_fmt(report, "Failed to %s unit: %s is read before all other folders.\n"
                "Empty the file to mask it (: >%s), then run 'systemctl daemon-reload'.\n", o->verb, info.path, info.path);
        return -EBUSY;
    }
    buf_fmt(&path, "%s/%.*s", o->runtime ? RUNTIME : CONFIG, (int)name.n, name.p);
    buf_fmt(&full, "%s%s", search_root, buf_end(&path));
    if (sys_lstat(buf_end(&full), &st) == 0 && !S_ISLNK(st.st_mode)) {
        buf_fmt(report, "Failed to %s unit: File %s already exists.\n", o->verb, path.p);
        return -EEXIST;
    }
    if (r < 0)
        buf_fmt(report, "Unit %.*s does not exist, proceeding anyway.\n", (int)name.n, name.p);
    struct install_options force = *o;
    force.force = true;
    return make_link(path.p, "/dev/null", &force, report);
}

int install_unmask(struct str name, const struct install_options *o, struct buf *report)
{
    static const char *const places[] = { CONFIG, RUNTIME };
    char target[PATH_BYTES];
    for (u32 i = o->runtime; i < LEN(places); i++) {
        BUF(path, PATH_BYTES);
        BUF(full, PATH_BYTES);
        buf_fmt(&path, "%s/%.*s", places[i], (int)name.n, name.p);
        buf_fmt(&full, "%s%s", search_root, buf_end(&path));
        if (sys_readlinkat(AT_FDCWD, buf_end(&full), target, sizeof target) < 0 || !STREQ(target, "/dev/null"))
            continue;
        int r = sys_unlink(full.p);
        if (r < 0) {
            buf_fmt(report, "Failed to %s unit, file \"%s\": %s\n", o->verb, path.p, strerror(-r));
            return r;
        }
        buf_fmt(report, "Removed \"%s\".\n", path.p);
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
    int r = look_up(name, &info);
    if (r < 0 || info.masked) {
        buf_fmt(report, "Failed to set default target: Unit file %.*s does not exist%s.\n", (int)name.n, name.p,
                info.masked ? " (masked)" : "");
        return -ENOENT;
    }
    struct install_options force = *o;
    force.force = true;
    return make_link(CONFIG "/default.target", info.path, &force, report);
}

int install_get_default(struct buf *out)
{
    bool masked;
    struct index_entry *e = index_resolve(S("default.target"), out, &masked);
    if (!e || masked)
        return -ENOENT;
    return 0;
}
