/* SPDX-License-Identifier: 0BSD
 *
 * The only place that loads units: a work list of names, each read with its drop-ins and link
 * folders, checked, and given its implied dependencies (implicit.c). A bad unit is refused with
 * file and line; the others go on. */
#include "unit.h"
#include "implicit.h"
#include "../sys.h"

#include <dirent.h>

static u32 build_words[BUILD_WORDS] SCRATCH;

static bool type_needs_file(int type)
{
    return type != UNIT_DEVICE && type != UNIT_SLICE && type != UNIT_SCOPE;
}

/* ---- reading one file ---------------------------------------------------------------------- */

/* What stands outside of a section that means something here is told once, or not at all. */
static void complain(struct build *b, enum lexed what, struct str section)
{
    if (what == LEX_SECTION) {
        if (!str_starts(section, "X-") && !b->section)
            build_warn(b, LOG_WARNING, "Unknown section '%.*s'. Ignoring.", (int)section.n, section.p);
    } else if (!section.p) {
        build_warn(b, LOG_WARNING, "Assignment outside of section. Ignoring.");
    } else if (what != LEX_ASSIGNMENT && b->section) {
        (build_warn)(b, LOG_WARNING, what == LEX_NO_VALUE ? "Missing '=', ignoring line."
                                                        : TEXT("Missing key name before '=', ignoring line."));
    }
}

/* All assignments of a text into b. What is wrong with one line ends the reading of the text: -ENOEXEC
 * with a value that no unit may have, another with what is no unit file at all. */
static int read_text(struct build *b, char *text, u32 n)
{
    struct lexer lex = lex_open(text, n, b->path);
    struct assignment a = { 0 };
    b->section = 0;
    for (;;) {
        enum lexed what = lex_next(&lex, &a);
        b->line = a.line;
        if (what == LEX_END)
            return 0;
        b->unit->complained |= what >= LEX_NO_VALUE;
        if (what == LEX_REFUSE)
            return lex.error;
        if (what == LEX_SECTION)
            b->section = build_section(b, a.section);
        complain(b, what, a.section);
        if (what == LEX_ASSIGNMENT && a.section.p && build_assign(b, a.section, a.key, a.value) < 0)
            return -ENOEXEC;
    }
}

static const char *read_complaint(int error)
{
    return error == -EFBIG ? "the file is larger than limit FILE_BYTES (limits.h)"
         : error == -ENOTSUP ? "not a regular file" : strerror(-error);
}

/* ---- drop-ins ------------------------------------------------------------------------------ */

/* group: the unit's own names go before its aliases and those before its type, whatever the folder. */
struct dropin { u16 dir, group; bool masked; char name[UNIT_NAME_BYTES], folder[UNIT_NAME_BYTES]; };
static struct { u32 n, group; bool full; struct dropin at[DROPINS_MAX]; } dropins SCRATCH;

static struct dropin *dropin_find(const char *name, u32 *at)
{
    for (*at = 0; *at < dropins.n; ++*at) {
        int order = strcmp(dropins.at[*at].name, name);
        if (order >= 0)
            return order ? NULL : &dropins.at[*at];
    }
    return NULL;
}

/* One *.conf, kept in order of names: of equal names the one in the earlier folder counts. */
static void dropin_add(const char *name, const struct index_entry *e, bool masked)
{
    u32 at;
    struct dropin *d = dropin_find(name, &at);
    if (d && (d->group != dropins.group || d->dir <= e->dir))
        return;
    if (!d && dropins.n == DROPINS_MAX) {
        dropins.full = true;
        return;
    }
    if (!d) {
        d = &dropins.at[at];
        memmove(d + 1, d, (dropins.n++ - at) * sizeof *d);
    }
    *d = (struct dropin){ .dir = e->dir, .group = (u16)dropins.group, .masked = masked };
    z_copy(d->name, sizeof d->name, str_of(name));
    z_copy(d->folder, sizeof d->folder, str_of(index_name(e)));
}

/* What masks: an empty file, or a device, as /dev/null. */
static bool null_or_empty(const struct stat *st)
{
    return S_ISREG(st->st_mode) ? !st->st_size : S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

static const char *kind_name(u32 kind) { return kind == DEP_WANTS ? "Wants" : kind == DEP_REQUIRES ? "Requires" : "Upholds"; }

/* Does a link of this name mean the unit that it leads to? A template's instance is found by its template. */
static bool names_agree(unit_id id, struct str name, struct str target)
{
    BUF(template, UNIT_NAME_BYTES);
    target = str_from(target, (size_t)(str_rfind(target, '/') + 1));
    if (str_eq(name, target))
        return !unit_name_is_template(name) || unit_name_is_instance(str_of(unit_name(id)));
    if (unit_name_is_instance(name))
        unit_name_template(name, &template);
    return template.n && str_eq(STR(template), target);
}

/* One name in a folder of wanted units: a link. `target` is where it leads, "": nowhere, it is none. */
static void scan_wanted(struct build *b, const struct index_entry *e, u32 kind, const char *z, const char *target)
{
    struct str name = str_of(z);
    char path[PATH_BYTES];
    const char *complaint = !*target ? "is not a symlink" : !unit_name_valid(name) ? "is not a valid unit name" : NULL;
    if (name_is_hidden(z))
        return;
    index_path(e, path);
    if (complaint) {
        log_line(LOG_WARNING, "%s: %s dependency dropin %s/%s %s, ignoring.", b->name.p, kind_name(kind), path, z, complaint);
        return;
    }
    if (!names_agree(b->id, name, str_of(target)))
        log_line(LOG_WARNING, "%s: %s dependency dropin %s/%s target %s has different name", b->name.p, kind_name(kind), path, z,
                 target);
    unit_id other = dependency_named(b, name);
    if (other)
        edge_add(b->id, other, kind);
}

/* One folder: of drop-ins, or with `kind` of wanted units. A link to /dev/null or an empty file takes back the same name
 * in later folders. */
static void scan_folder(struct build *b, const struct index_entry *e, u32 kind)
{
    struct dir d;
    struct stat st;
    char target[PATH_BYTES], path[PATH_BYTES], full[PATH_BYTES];
    u32 at;
    dir_open(&d, rooted(index_path(e, path), full));
    for (struct dirent *f; (f = dir_next(&d));) {
        const char *z = f->d_name;
        if (f->d_type == DT_REG || sys_readlinkat(d.fd, z, target, sizeof target) < 0)
            *target = 0;
        bool masked = STREQ(target, "/dev/null")
                   || (kind && !*target && sys_stat(path_fmt(full, "%s%s/%s", search_root, path, z), &st) == 0 && null_or_empty(&st));
        if (kind && !masked && !dropin_find(z, &at))
            scan_wanted(b, e, kind, z, target);
        else if (kind || (z_ends(z, ".conf") && *z != '.' && strlen(z) < UNIT_NAME_BYTES))
            dropin_add(z, e, masked);
    }
}

/* All folders of one name in all places of the search path. */
static void scan_named(struct build *b, struct str stem, const char *suffix, u32 kind)
{
    BUF(name, UNIT_NAME_BYTES + 16);
    buf_str(&name, stem);
    buf_z(&name, suffix);
    for (struct index_entry *e = NULL; (e = index_next(e, STR(name)));)
        if (e->kind == ENTRY_DIR)
            scan_folder(b, e, kind);
}

/* The next shorter prefix of a name: foo- of foo-bar and of foo-bar-. Empty: there is none. */
static struct str shorter_prefix(struct str prefix)
{
    int dash = str_rfind(prefix, '-');
    if (dash > 0 && (size_t)dash + 1 == prefix.n)
        dash = str_rfind(str_cut(prefix, (size_t)dash), '-');
    return str_cut(prefix, dash > 0 ? (size_t)dash + 1 : 0);
}

/* The folders of a name and of what stands for it: its template, and foo-.service for foo-bar.service, foo-@x.service
 * and foo-@.service for foo-bar@x.service (systemd.unit(5)). */
static void scan_all_names(struct build *b, struct str name, const char *suffix, u32 kind)
{
    BUF(other, UNIT_NAME_BYTES);
    struct str instance = unit_name_instance(name), prefix = shorter_prefix(unit_name_prefix(name));
    struct str type = str_from(name, (size_t)str_rfind(name, '.'));
    scan_named(b, name, suffix, kind);
    if (instance.n) {
        unit_name_template(name, &other);
        scan_all_names(b, STR(other), suffix, kind);
    }
    if (!prefix.n)
        return;
    other.n = 0;
    buf_fmt(&other, "%.*s%s%.*s%.*s", (int)prefix.n, prefix.p, instance.n ? "@" : "", (int)instance.n, instance.p, (int)type.n,
            type.p);
    scan_all_names(b, STR(other), suffix, kind);
}

/* The folders of a unit: those of its own name before those of its aliases, those before its type's. */
static void scan_unit(struct build *b, const char *suffix, u32 kind)
{
    dropins.n = dropins.group = 0;
    dropins.full = false;
    if (!index_has_folders(suffix))
        return;
    scan_all_names(b, b->name, suffix, kind);
    dropins.group++;
    for (u32 i = 1; i < tab->names_n && b->unit->aliased; i++)
        if (tab->names[i].unit == b->id && tab->names[i].text != b->unit->name)
            scan_all_names(b, str_of(text_at(tab->names[i].text)), suffix, kind);
    dropins.group++;
    scan_named(b, str_from(b->name, (size_t)str_rfind(b->name, '.') + 1), suffix, kind);
}

static const char *dropin_path(const struct dropin *d, char *path)
{
    return path_fmt(path, "%s/%s/%s", dropin_dir(d->dir), d->folder, d->name);
}

/* Its assignments into b. A bad drop-in is read up to where it is bad, as in systemd; a limit refuses the unit. */
static int read_dropin(struct build *b, const struct dropin *d)
{
    char path[PATH_BYTES], *text;
    u32 n;
    dropin_path(d, path);
    if (build_text(b, X_DropIn, str_of(path), true) < 0)
        return -ENOEXEC;
    int r = d->masked ? 0 : file_read(path, &text, &n);
    if (r < 0)
        log_line(LOG_WARNING, "%s: %s, ignoring this drop-in.", path, read_complaint(r));
    if (r < 0 || d->masked)
        return 0;
    b->times[TIME_DROPINS] = MAX(b->times[TIME_DROPINS], file_time);
    b->path = path;
    b->line = 0;
    r = read_text(b, text, n);
    return b->failed || (r < 0 && tab->full) ? -ENOEXEC : 0;
}

static int read_dropins(struct build *b)
{
    scan_unit(b, ".d", 0);
    if (dropins.full) {
        log_line(LOG_ERR, "%s: limit DROPINS_MAX reached (limits.h), refusing the unit.", b->name.p);
        return -ENOEXEC;
    }
    for (u32 i = 0; i < dropins.n; i++)
        if (read_dropin(b, &dropins.at[i]) < 0)
            return -ENOEXEC;
    return 0;
}

/* ---- what changed since ---------------------------------------------------------------------- */

/* Is a file newer than it was? What is gone is. */
static bool is_newer(const char *path, usec was)
{
    struct stat st;
    char full[PATH_BYTES];
    if (path_below_any(str_of(path), "/proc\0/sys\0"))
        return false;
    return sys_stat(rooted(path, full), &st) < 0 || time_of(&st) > was;
}

static bool still_masked(const char *path)
{
    struct stat st;
    char full[PATH_BYTES];
    return sys_stat(rooted(path, full), &st) == 0 && null_or_empty(&st);
}

/* Are its drop-ins others by name? A device node in place of one is the mask that it was. */
static bool dropins_changed(unit_id id, usec was)
{
    struct build b = { .id = id, .unit = UNIT(id), .name = str_of(unit_name(id)) };
    const struct setting *s = NULL;
    char path[PATH_BYTES];
    scan_unit(&b, ".d", 0);
    for (u32 i = 0; i < dropins.n; i++) {
        s = setting_find(id, X_DropIn, s);
        if (!s || !STREQ(text_at(s->w[0]), dropin_path(&dropins.at[i], path)))
            return true;
        if (!dropins.at[i].masked && is_newer(path, was))
            return true;
    }
    return setting_find(id, X_DropIn, s) != NULL;
}

bool unit_needs_reload(unit_id id)
{
    const struct unit *u = UNIT(id);
    const struct setting *s = setting_find(id, X_Times, NULL);
    usec times[TIMES] = { 0 };
    const char *source = unit_text(id, D_SourcePath);
    if (s)
        memcpy(times, s->w, s->n * sizeof(u32));
    if (u->path && u->origin != FROM_BUILTIN
        && (u->load == LOAD_MASKED ? !still_masked(text_at(u->path)) : is_newer(text_at(u->path), times[TIME_FRAGMENT])))
        return true;
    return u->load == LOAD_LOADED && ((source && is_newer(source, times[TIME_SOURCE])) || dropins_changed(id, times[TIME_DROPINS]));
}

/* As many of the times as are not zero at the end. */
static int put_times(struct build *b)
{
    struct stat st;
    char full[PATH_BYTES];
    u32 n = TIMES;
    const struct setting *source = build_find(b, D_SourcePath, NULL);
    if (source && sys_stat(rooted(text_at(source->w[0]), full), &st) == 0)
        b->times[TIME_SOURCE] = time_of(&st);
    while (n && !b->times[n - 1])
        n--;
    return n ? build_put(b, X_Times, (const u32 *)(const void *)b->times, n * 2) : 0;
}

/* ---- one unit ------------------------------------------------------------------------------ */

/* The settings in working space become the unit's own. */
static int commit(struct build *b)
{
    struct unit *u = b->unit;
    u32 at = arena_take(&tab->arena, MAX(b->n, 1u) * sizeof(u32), sizeof(u32));
    if (!at)
        return table_limit("ARENA_BYTES");
    memcpy(tab->arena.base + at, b->words, b->n * sizeof(u32));
    u->settings = at;
    u->settings_n = b->n;
    return 0;
}

/* Reads the fragment that `e` names. A load state. */
static int read_fragment(struct build *b, struct index_entry *e)
{
    struct unit *u = b->unit;
    char path[PATH_BYTES], *text;
    u32 n;
    int r = file_read_entry(e, &text, &n, path);
    b->path = path;
    u->path = text_keep(str_of(path));
    u->origin = e->kind == ENTRY_BUILTIN ? FROM_BUILTIN : index_compact(e) ? FROM_COMPACT : FROM_FILE;
    if (r < 0) {
        log_line(LOG_ERR, "%s: %s, refusing the unit.", path, read_complaint(r));
        u->load_error = (u8)-r;
        return r == -ENOENT ? LOAD_NOT_FOUND : LOAD_ERROR;
    }
    if (n == 0 && e->kind == ENTRY_FILE)
        return LOAD_MASKED;
    b->times[TIME_FRAGMENT] = file_time;
    b->quiet = e->told;
    e->told = true;
    if (u->origin == FROM_COMPACT || u->enabled_here)
        b->install_mask = SEC_INSTALL;
    specifier_fragment = text_at(u->path);       /* for its drop-ins, too */
    r = read_text(b, text, n);
    b->quiet = false;
    if (r == -ENOEXEC)
        log_line(LOG_NOTICE, "%s: Unit configuration has fatal error, unit will not be started.", b->name.p);
    u->load_error = (u8)-r;
    return r == -ENOEXEC ? LOAD_BAD_SETTING : r < 0 ? LOAD_ERROR : LOAD_LOADED;
}

/* What load_generated() was told; for that one call. */
static struct { unit_id id; const char *where, *what, *type, *options; } given;

static int take_given(struct build *b)
{
    BUF(path, PATH_BYTES);
    if (b->unit->type != UNIT_MOUNT)
        return build_text(b, D_SwapWhat, str_of(given.what), false);
    int r = build_text(b, D_What, str_of(given.what), false);
    if (r == 0 && unit_name_to_path(b->name, &path) < 0)
        r = build_text(b, D_Where, str_of(given.where), false);
    if (r == 0)
        r = build_text(b, D_FsType, str_of(given.type), false);
    if (r == 0 && given.options)
        r = build_text(b, D_Options, str_of(given.options), false);
    return r;
}

static int load_body(struct build *b, struct index_entry *e)
{
    int state = LOAD_LOADED;
    if (e)
        state = read_fragment(b, e);
    else if (type_needs_file(b->unit->type) && !b->unit->generated)
        state = LOAD_NOT_FOUND;
    if (state != LOAD_LOADED)
        return state;
    if (!e && given.id == b->id && take_given(b) < 0)
        return LOAD_ERROR;
    if (read_dropins(b) < 0)
        return LOAD_BAD_SETTING;
    b->path = e ? text_at(b->unit->path) : b->name.p;
    const u8 *kind = (const u8[]){ DEP_WANTS, DEP_REQUIRES, DEP_UPHOLDS };
    for (EACH(suffix, ".wants\0.requires\0.upholds\0"))
        scan_unit(b, suffix, *kind++);
    if (unit_complete(b) < 0)
        return LOAD_BAD_SETTING;
    b->unit->load_error = ENOSPC;
    return put_times(b) < 0 || commit(b) < 0 ? LOAD_ERROR : LOAD_LOADED;
}

/* A name that turns out to be an alias is handed to the unit whose name it is. */
static bool load_as_alias(const struct build *b, struct str real)
{
    if (str_eq(real, b->name) || b->unit->kept)
        return false;
    unit_id target = unit_get(real);
    return target && unit_alias(target, b->name) == 0;
}

/* All names that links give the unit, before its drop-ins are looked for: those of its aliases count, too. */
static void take_aliases(const struct build *b, struct str name)
{
    BUF(alias, UNIT_NAME_BYTES);
    for (u32 at = 0; index_alias(&at, name, b->name, &alias);)
        if (unit_find(STR(alias)) != b->id && unit_alias(b->id, STR(alias)) == 0)
            take_aliases(b, STR(alias));
}

static void load_one(unit_id id)
{
    struct unit *u = UNIT(id);
    struct build b = { .id = id, .unit = u, .words = build_words };
    BUF(real, UNIT_NAME_BYTES);
    bool masked;
    b.name = str_of(unit_name(id));
    specifier_fragment = "";
    struct index_entry *e = index_resolve(b.name, &real, &masked);
    if (load_as_alias(&b, STR(real)))
        return;
    if (masked) {
        char path[PATH_BYTES];
        u->path = text_keep(str_of(index_path(e, path)));
        u->load = LOAD_MASKED;
        return;
    }
    take_aliases(&b, b.name);
    u->load = (u8)load_body(&b, e);
    if (u->load != LOAD_LOADED) {        /* of what was refused, only when that was written is kept */
        b.n = 0;
        if (put_times(&b) == 0)
            (void)commit(&b);
    }
    u->fresh = u->load == LOAD_LOADED;
}

void load_pending(void)
{
    do {
        while (tab->load_first) {
            unit_id id = tab->load_first;
            tab->load_first = UNIT(id)->next;
            if (!tab->load_first)
                tab->load_last = 0;
            UNIT(id)->queued = false;
            if (UNIT(id)->used)
                load_one(id);
        }
        link_fresh_units();              /* may name mounts that are to be loaded */
    } while (tab->load_first);
}

void load_alone(unit_id id)
{
    if (UNIT(id)->load == LOAD_STUB)
        load_one(id);
    link_fresh_units();
}

void load_text(unit_id id, char *text, u32 n, const char *path)
{
    struct build b = { .id = id, .unit = UNIT(id), .words = build_words, .name = str_of(unit_name(id)), .path = path };
    b.unit->load = read_text(&b, text, n) < 0 ? LOAD_BAD_SETTING : commit(&b) < 0 ? LOAD_ERROR : LOAD_LOADED;
}

void load_generated(unit_id id, const char *where, const char *what, const char *type, const char *options)
{
    given.id = id;
    given.where = where;
    given.what = what;
    given.type = type;
    given.options = options;
    UNIT(id)->generated = true;
    load_pending();
    given.id = 0;
}

/* ---- the compact folder -------------------------------------------------------------------- */

/* A template there is enabled as the instance that its DefaultInstance= names. */
static void load_compact_template(struct index_entry *e)
{
    BUF(name, UNIT_NAME_BYTES);
    struct assignment a = { 0 };
    char path[PATH_BYTES], *text;
    u32 n;
    if (file_read_entry(e, &text, &n, path) < 0)
        return;
    struct lexer lex = lex_open(text, n, path);
    for (enum lexed what; (what = lex_next(&lex, &a)) != LEX_END && what != LEX_REFUSE;)
        if (what == LEX_ASSIGNMENT && str_is(a.section, "Install") && str_is(a.key, "DefaultInstance")) {
            name.n = 0;
            (void)unit_name_with_instance(str_of(index_name(e)), a.value, &name);
        }
    if (name.n)
        (void)unit_named(0, STR(name));
}

void load_compact(void)
{
    for (struct index_entry *e = NULL; (e = index_all(e));) {
        if (e->kind > ENTRY_LINK || !index_compact(e))
            continue;
        if (unit_name_is_template(str_of(index_name(e))))
            load_compact_template(e);
        else
            (void)unit_named(0, str_of(index_name(e)));
    }
    load_pending();
}
