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

/* All assignments of a text into b. -ENOEXEC: refused. */
static int read_text(struct build *b, char *text, u32 n)
{
    struct lexer lex = lex_open(text, n, b->path);
    struct assignment a = { 0 };
    specifier_fragment = b->path;
    b->section = 0;
    for (;;) {
        enum lexed what = lex_next(&lex, &a);
        b->line = a.line;
        if (what == LEX_END)
            return 0;
        if (what == LEX_REFUSE)
            return -ENOEXEC;
        if (what == LEX_SECTION)
            b->section = build_section(b, a.section);
        if (what == LEX_SECTION && !b->section && !str_starts(a.section, "X-"))
            build_warn(b, LOG_WARNING, "Unknown section '%.*s'. Ignoring.", (int)a.section.n, a.section.p);
        if (what == LEX_ASSIGNMENT && build_assign(b, a.section, a.key, a.value) < 0)
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

/* One name in a folder: a drop-in, or with `kinds` a unit that is wanted. A link to /dev/null takes back
 * the same name in later folders. */
static void scan_name(unit_id id, const struct index_entry *e, u32 kinds, const char *z, bool masked)
{
    struct str name = str_of(z);
    u32 at;
    if (!kinds ? !str_ends(name, ".conf") || name.n >= UNIT_NAME_BYTES || *z == '.'
               : !unit_name_valid(name) || dropin_find(z, &at))
        return;
    unit_id other = kinds && !masked ? unit_named(0, name) : 0;
    if (other)
        edge_add(id, other, kinds);
    else if (!kinds || masked)
        dropin_add(z, e, masked);
}

static void scan_folder(unit_id id, const struct index_entry *e, u32 kinds)
{
    struct dir d;
    char target[PATH_BYTES];
    char path[PATH_BYTES], full[PATH_BYTES];
    dir_open(&d, rooted(index_path(e, path), full));
    for (struct dirent *f; (f = dir_next(&d));) {
        bool masked = f->d_type != DT_REG && sys_readlinkat(d.fd, f->d_name, target, sizeof target) >= 0
                   && STREQ(target, "/dev/null");
        scan_name(id, e, kinds, f->d_name, masked);
    }
}

/* All folders of one name in all places of the search path. */
static void scan_named(unit_id id, struct str stem, const char *suffix, u32 kinds)
{
    BUF(name, UNIT_NAME_BYTES + 16);
    buf_str(&name, stem);
    buf_z(&name, suffix);
    for (struct index_entry *e = NULL; (e = index_next(e, STR(name)));)
        if (e->kind == ENTRY_DIR)
            scan_folder(id, e, kinds);
}

/* Calls scan for the unit's name and what stands for it: its template, and for drop-ins foo-.service for
 * foo-bar.service (systemd.unit(5)). */
static void scan_all_names(unit_id id, struct str name, const char *suffix, u32 kinds)
{
    BUF(t, UNIT_NAME_BYTES);
    scan_named(id, name, suffix, kinds);
    if (unit_name_is_instance(name)) {
        unit_name_template(name, &t);
        scan_named(id, STR(t), suffix, kinds);
    }
    if (kinds)
        return;
    struct str prefix = unit_name_prefix(name);
    struct str type = str_from(name, (size_t)str_rfind(name, '.'));
    for (size_t i = prefix.n; i-- > 1;) {
        if (prefix.p[i - 1] != '-' || i == prefix.n)
            continue;
        t.n = 0;
        buf_str(&t, str_cut(prefix, i));
        if (str_find(name, '@') >= 0)
            buf_c(&t, '@');
        buf_str(&t, type);
        scan_named(id, STR(t), suffix, kinds);
    }
}

static int read_dropins(struct build *b)
{
    dropins.n = dropins.group = 0;
    dropins.full = false;
    if (!index_has_folders(".d"))
        return 0;
    scan_all_names(b->id, b->name, ".d", 0);
    dropins.group++;
    for (u32 i = 1; i < tab->names_n && b->unit->aliased; i++)    /* drop-ins of its aliases count too */
        if (tab->names[i].unit == b->id && tab->names[i].text != b->unit->name)
            scan_all_names(b->id, str_of(text_at(tab->names[i].text)), ".d", 0);
    dropins.group++;
    scan_named(b->id, str_from(b->name, (size_t)str_rfind(b->name, '.') + 1), ".d", 0);
    if (dropins.full) {
        log_line(LOG_ERR, "%s: limit DROPINS_MAX reached (limits.h), refusing the unit.", b->name.p);
        return -ENOEXEC;
    }
    for (u32 i = 0; i < dropins.n; i++) {
        if (dropins.at[i].masked)
            continue;
        char path[PATH_BYTES], *text;
        u32 n;
        path_fmt(path, "%s/%s/%s", search_dirs + dropins.at[i].dir, dropins.at[i].folder, dropins.at[i].name);
        int r = file_read(path, &text, &n);
        if (r < 0) {
            log_line(LOG_WARNING, "%s: %s, ignoring this drop-in.", path, read_complaint(r));
            continue;
        }
        b->path = path;
        b->line = 0;
        if (read_text(b, text, n) < 0 || build_text(b, X_DropIn, str_of(path), true) < 0)
            return -ENOEXEC;
    }
    return 0;
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
        return r == -ENOENT ? LOAD_NOT_FOUND : LOAD_ERROR;
    }
    if (n == 0 && e->kind == ENTRY_FILE)
        return LOAD_MASKED;
    b->quiet = e->told;
    e->told = true;
    if (u->origin == FROM_COMPACT || u->enabled_here)
        b->install_mask = SEC_INSTALL;
    r = read_text(b, text, n);
    b->quiet = false;
    return r < 0 ? LOAD_BAD_SETTING : LOAD_LOADED;
}

/* What load_generated() was told; for that one call. */
static struct { unit_id id; const char *what, *type, *options; } given;

static int take_given(struct build *b)
{
    if (b->unit->type != UNIT_MOUNT)
        return build_text(b, D_SwapWhat, str_of(given.what), false);
    int r = build_text(b, D_What, str_of(given.what), false);
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
    for (EACH(suffix, ".wants\0.requires\0.upholds\0")) {
        dropins.n = 0;
        if (index_has_folders(suffix))
            scan_all_names(b->id, b->name, suffix, *kind);
        kind++;
    }
    if (unit_complete(b) < 0)
        return LOAD_BAD_SETTING;
    return commit(b) < 0 ? LOAD_ERROR : LOAD_LOADED;
}

/* A name that turns out to be an alias is handed to the unit whose name it is. */
static bool load_as_alias(const struct build *b, struct str real)
{
    if (str_eq(real, b->name) || b->unit->kept)
        return false;
    unit_id target = unit_get(real);
    return target && unit_alias(target, b->name) == 0;
}

static void load_one(unit_id id)
{
    struct unit *u = UNIT(id);
    struct build b = { .id = id, .unit = u, .words = build_words };
    BUF(real, UNIT_NAME_BYTES);
    bool masked;
    b.name = str_of(unit_name(id));
    struct index_entry *e = index_resolve(b.name, &real, &masked);
    if (load_as_alias(&b, STR(real)))
        return;
    if (masked) {
        char path[PATH_BYTES];
        u->path = text_keep(str_of(index_path(e, path)));
        u->load = LOAD_MASKED;
        return;
    }
    u->load = (u8)load_body(&b, e);
    u->fresh = u->load == LOAD_LOADED;
    if (u->load == LOAD_BAD_SETTING)
        log_line(LOG_ERR, "%s: Unit configuration has fatal error, unit will not be started.", b.name.p);
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

void load_generated(unit_id id, const char *what, const char *type, const char *options)
{
    given.id = id;
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
