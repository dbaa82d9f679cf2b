/* SPDX-License-Identifier: 0BSD
 *
 * Finding unit files as systemctl(1)'s verbs on files do, and reading their [Install]: through the search
 * path, links and drop-ins, one name at a time, so that it sees what the verb before it changed. Changes
 * nothing on disk. The loader has rules of its own (search.c): these are stricter. */
#include "install.h"

/* ---- space --------------------------------------------------------------------------------- */

static char space[INSTALL_BYTES] __attribute__((aligned(16))) SCRATCH;
static struct arena arena = { space, 16, sizeof space };
bool install_full;
struct install_change *install_changes;
static struct install_change **changes_end;

void install_begin(void)
{
    arena.used = 16;
    install_full = false;
    install_changes = NULL;
    changes_end = &install_changes;
}

/* A full space is told once; what is asked for then lies in one that is overwritten. */
void *install_take(size_t bytes)
{
    static char spare[PATH_BYTES * 2] __attribute__((aligned(16)));
    u32 at = bytes < sizeof spare ? arena_take(&arena, (u32)bytes, 8) : 0;
    if (!at && !install_full)
        log_line(LOG_ERR, "Limit INSTALL_BYTES reached (limits.h): not all is done.");
    install_full |= !at;
    return memset(at ? space + at : spare, 0, MIN(bytes, sizeof spare));
}

const char *install_keep(struct str s)
{
    s = str_cut(s, PATH_BYTES - 1);
    char *to = install_take(s.n + 1);
    if (s.n)
        memcpy(to, s.p, s.n);
    return to;
}

void items_add(struct items *list, const char *text)
{
    struct item *i = install_take(sizeof *i);
    if (install_full)
        return;
    i->text = text;
    *(list->first ? &list->last->next : &list->first) = i;
    list->last = i;
}

bool items_have(const struct items *list, const char *text)
{
    const struct item *i = list->first;
    while (i && !STREQ(i->text, text))
        i = i->next;
    return i;
}

int note(int type, const char *path, const char *source)
{
    struct install_change *c = install_take(sizeof *c);
    BUF(simple, PATH_BYTES);
    if (install_full)
        return -ENOSPC;
    path_simplify(str_of(path), false, &simple);
    *c = (struct install_change){ .path = install_keep(STR(simple)), .source = source, .type = type };
    *changes_end = c;
    changes_end = &c->next;
    return type;
}

/* ---- paths --------------------------------------------------------------------------------- */

const char *full_path(const char *path)
{
    char full[PATH_BYTES];
    return install_keep(str_of(rooted(path, full)));
}

const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Is `folder` the one that the path lies in, or with `deep` one above it? */
static bool lies_in(const char *path, const char *folder, bool deep)
{
    const char *rest = z_after(path, folder);
    return rest && *rest == '/' && rest[1] && (deep || !strchr(rest + 1, '/'));
}

static bool lies_in_any(const char *path, const char *folders, bool deep)
{
    for (EACH(folder, folders))
        if (lies_in(path, folder, deep))
            return true;
    return false;
}

bool below_search_dirs(const char *path, bool directly) { return lies_in_any(path, search_dirs, !directly); }
bool is_config(const char *path) { return lies_in_any(path, CONFIG "\0" RUNTIME "\0", false); }
bool is_compact(const char *path) { return lies_in(path, "/etc/units", false); }
bool is_transient(const char *path) { return lies_in(path, "/run/systemd/transient", false); }

bool is_generated(const char *path)
{
    return lies_in_any(path, "/run/systemd/generator\0/run/systemd/generator.early\0/run/systemd/generator.late\0", false);
}

/* Is this behind the last part of a path? */
static bool is_end(struct str rest)
{
    while (rest.n && rest.p[0] == '/')
        rest = str_from(rest, 1);
    return !rest.n;
}

/* One part more, which is no link; of what is not there the rest is taken as it stands. */
static int chase_part(char *done, struct str part, struct str *rest, bool follow, char *link)
{
    char full[PATH_BYTES], joined[PATH_BYTES];
    struct stat st;
    path_fmt(joined, "%s/%.*s", done, (int)part.n, part.p);
    int r = sys_lstat(rooted(joined, full), &st);
    if (r == 0 && S_ISLNK(st.st_mode) && follow)
        return (int)sys_readlinkat(AT_FDCWD, full, link, PATH_BYTES);
    z_copy(done, PATH_BYTES, str_of(joined));
    if (r == -ENOENT) {
        for (struct str p; (p = str_word(rest, "/")).p;) {
            if (str_is(p, ".."))
                return -ENOENT;
            z_copy(done, PATH_BYTES, str_of(path_fmt(joined, "%s/%.*s", done, (int)p.n, p.p)));
        }
        return 0;
    }
    return r;
}

int chase(const char *path, bool follow_last, char *out)
{
    char todo[PATH_BYTES], link[PATH_BYTES], next[PATH_BYTES];
    u32 hops = 0;
    *out = 0;
    if (!z_copy(todo, sizeof todo, str_of(path)))
        return -ENAMETOOLONG;
    struct str rest = str_of(todo), part;
    while ((part = str_word(&rest, "/")).p) {
        if (str_is(part, "."))
            continue;
        if (str_is(part, "..")) {
            out[MAX(str_rfind(str_of(out), '/'), 0)] = 0;
            continue;
        }
        int n = chase_part(out, part, &rest, follow_last || !is_end(rest), link);
        if (n < 0)
            return n;
        if (n > 0 && ++hops > 32)
            return -ELOOP;
        if (n > 0) {
            if (*link == '/')
                *out = 0;
            path_fmt(next, "%s/%.*s", link, (int)rest.n, rest.p);
            memcpy(todo, next, sizeof todo);
            rest = str_of(todo);
        }
    }
    if (!*out)
        z_copy(out, PATH_BYTES, S("/"));
    return 0;
}

/* ---- [Install] ----------------------------------------------------------------------------- */

/* Template and DefaultInstance=: the instance that stands for it. */
static struct str name_with_default(const struct info *info, struct buf *with)
{
    struct str name = str_of(info->name);
    if (!unit_name_is_template(name) || !info->instance
        || unit_name_with_instance(name, str_of(info->instance), with) < 0)
        return name;
    return STR(*with);
}

int install_expand(const struct info *info, struct str text, struct buf *out)
{
    BUF(instance, UNIT_NAME_BYTES);
    struct str name = name_with_default(info, &instance);
    for (size_t i = 0; i < text.n; i++) {
        size_t n = text.p[i] == '%' && i + 1 < text.n ? 2 : 1;
        char c = text.p[i + n - 1];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z', digit = c >= '0' && c <= '9';
        if (n == 2 && (digit || (letter && !strchr("ijnNpaAbBHlqmMovwWgGuU", c))))
            return -EBADSLT;
        int r = specifier_expand(name, (struct str){ text.p + i, n }, out);
        if (r < 0)
            return r == -ENOENT || r == -ENODATA ? -EUNATCH : r;
        if (out->over || out->n >= UNIT_NAME_BYTES)
            return -ENAMETOOLONG;
        i += n - 1;
    }
    buf_end(out);
    return 0;
}

/* One file that is being read. */
struct source { struct context *c; struct info *info; const char *path; u32 line; };

static int syntax(const struct source *s, const char *why, struct str value)
{
    log_line(LOG_WARNING, "%s:%u: %s%.*s", s->path, s->line, why, (int)value.n, value.p);
    return 0;
}

static int take_also(struct source *s, struct str word)
{
    BUF(name, UNIT_NAME_BYTES + 1);
    int r = install_expand(s->info, word, &name);
    if (r < 0) {
        syntax(s, z_fmt("Failed to resolve unit name in Also=\"%.*s\": %s", (int)word.n, word.p, strerror(-r)), S(""));
        return r;
    }
    s->info->also = true;
    return install_add(s->c, install_keep(STR(name)), NULL, true, NULL);
}

static int take_default_instance(struct source *s, struct str value)
{
    BUF(text, UNIT_NAME_BYTES + 1);
    BUF(whole, UNIT_NAME_BYTES);
    struct str name = str_of(s->info->name);
    if (unit_name_is_instance(name))
        return 0;
    if (!unit_name_is_template(name))
        return syntax(s, TEXT("DefaultInstance= only makes sense for template units, ignoring."), S(""));
    int r = install_expand(s->info, value, &text);
    if (r < 0) {
        syntax(s, z_fmt("Failed to resolve instance name in DefaultInstance=\"%.*s\": %s", (int)value.n, value.p,
                        strerror(-r)), S(""));
        return r;
    }
    if (text.n && unit_name_with_instance(name, STR(text), &whole) < 0) {
        syntax(s, z_fmt("Invalid DefaultInstance= value \"%s\".", buf_end(&text)), S(""));
        return -EINVAL;
    }
    s->info->instance = text.n ? install_keep(STR(text)) : NULL;
    return 0;
}

/* Words are kept as they are, quotes undone; their specifiers wait for all that the files say. */
static int take_words(struct source *s, u32 list, struct str value)
{
    static const char *const types = "service\0socket\0target\0device\0timer\0path\0";
    const char *type = unit_type_name(unit_type_of(str_of(s->info->name)));
    WORKSPACE(word, 0);
    int r;
    if (list == ALIAS && !z_in(types, type))
        return syntax(s, z_fmt("Alias= is not allowed for %s units, ignoring.", type), S(""));
    if (!value.n && list != ALSO)
        s->info->lists[list] = (struct items){ 0 };
    u32 flags = list == ALSO ? WORD_KEEP_ESCAPES : WORD_UNQUOTE | WORD_KEEP_ESCAPES;
    while ((r = word_next(&value, BLANKS, flags, &word)) > 0)
        if (list != ALSO)
            items_add(&s->info->lists[list], install_keep(STR(word)));
        else if ((r = take_also(s, STR(word))) < 0)
            return r;
    return r < 0 ? syntax(s, TEXT("Invalid syntax, ignoring: "), value) : 0;
}

/* Not a section that units have: told. */
static void check_section(struct source *s, struct str name)
{
    if (!section_find(name) && !str_starts(name, "X-"))
        syntax(s, z_fmt("Unknown section '%.*s'. Ignoring.", (int)name.n, name.p), S(""));
}

static int take_install(struct context *c, struct info *info, const char *path, char *text, u32 n)
{
    static const char keys[] = "WantedBy\0RequiredBy\0Alias\0Also\0DefaultInstance\0";
    struct lexer lex = lex_open(text, n, path);
    struct assignment a = { 0 };
    struct source s = { c, info, path, 0 };
    enum lexed what;
    int r = 0;
    while (r >= 0 && (what = lex_next(&lex, &a)) != LEX_END) {
        i32 key;
        s.line = lex.line;
        if (what == LEX_REFUSE)
            return -EBADMSG;
        if (what == LEX_SECTION)
            check_section(&s, a.section);
        if (what == LEX_SECTION || (a.section.p && !str_is(a.section, "Install")))
            continue;
        if (!a.section.p)
            syntax(&s, TEXT("Assignment outside of section. Ignoring."), S(""));
        else if (what != LEX_ASSIGNMENT)
            syntax(&s, what == LEX_NO_VALUE ? TEXT("Missing '=', ignoring line.") : TEXT("Missing key name before '=', ignoring line."), S(""));
        else if (name_find(keys, a.key, &key) == 0)
            r = key == DEFAULT_INSTANCE ? take_default_instance(&s, a.value) : take_words(&s, (u32)key, a.value);
        else if (!str_starts(a.key, "X-"))
            syntax(&s, z_fmt("Unknown key '%.*s' in section [Install], ignoring.", (int)a.key.n, a.key.p), S(""));
    }
    return r;
}

/* ---- one file ------------------------------------------------------------------------------ */

static bool may_be_template(int type)
{
    return type == UNIT_SERVICE || type == UNIT_SOCKET || type == UNIT_TARGET || type == UNIT_TIMER || type == UNIT_PATH;
}

/* A unit that is shipped in the program, at the place where its file would lie. */
static int load_builtin(struct context *c, struct info *info, const char *path, u32 flags)
{
    const char *packed = lies_in(path, "/usr/lib/systemd/system", false) ? builtin_find(str_of(base_of(path))) : NULL;
    static char text[FILE_BYTES / 16] SCRATCH;
    if (!packed)
        return -ENOENT;
    info->mode = *packed == '@' ? MODE_ALIAS : MODE_REGULAR;
    if (*packed == '@')
        info->target = install_keep(str_of(z_fmt("/usr/lib/systemd/system/%s", packed + 1)));
    else if (flags & SEARCH_LOAD)
        return take_install(c, info, path, text, (u32)(unpack(packed, builtin_pairs, text) - text));
    return 0;
}

/* -ELOOP: it is a link. */
static int load_file(struct context *c, struct info *info, const char *path, u32 flags)
{
    struct str name = str_of(info->name);
    int type = unit_type_of(name);
    char full[PATH_BYTES], *text;
    struct stat st;
    u32 n;
    if ((unit_name_is_template(name) || unit_name_is_instance(name)) && !may_be_template(type)) {
        log_line(LOG_ERR, "%s: unit type %s cannot be templated, ignoring.", rooted(path, full), unit_type_name(type));
        return -EINVAL;
    }
    int r = sys_lstat(rooted(path, full), &st);
    if (r < 0 || S_ISLNK(st.st_mode))
        return r < 0 ? r : -ELOOP;
    if (S_ISCHR(st.st_mode) || (S_ISREG(st.st_mode) && !st.st_size)) {
        info->mode = MODE_MASKED;
        return 0;
    }
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? -EISDIR : flags & SEARCH_LOAD ? -EBADFD : -ENOTTY;
    if (flags & SEARCH_LOAD) {
        r = file_read(path, &text, &n);
        r = r < 0 ? r : take_install(c, info, full, text, n);
    }
    info->mode = r < 0 ? MODE_UNKNOWN : MODE_REGULAR;
    return r;
}

/* Is what a link leads to no unit but a mask? */
static int is_mask(const char *target)
{
    char real[PATH_BYTES], full[PATH_BYTES];
    struct stat st;
    if (STREQ(target, "/dev/null"))
        return 1;
    int r = chase(target, true, real);
    r = r < 0 ? r : sys_lstat(rooted(real, full), &st);
    return r < 0 ? r : S_ISCHR(st.st_mode) || (S_ISREG(st.st_mode) && !st.st_size);
}

/* May a link of this name stand for the unit it leads to? -EINVAL, -EXDEV: no; -ELOOP: it is the unit.
 * With `tell` it is said why not. */
int install_alias_ok(const char *alias, const char *target, bool tell)
{
    struct str a = str_of(base_of(alias)), t = str_of(base_of(target));
    int type = unit_type_of(a), r = 0;
    bool named = unit_name_is_template(a) || unit_name_is_instance(a), instance = unit_name_is_instance(t);
    const char *why = NULL;
    if (!unit_name_valid(a)) {
        why = z_fmt("not a valid unit name \"%s\": Invalid argument", a.p), r = -EINVAL;
    } else if (!may_be_template(type) && type != UNIT_DEVICE) {
        why = "symlinks are not allowed for units of this type, rejecting.", r = -EINVAL;
    } else if (named && !may_be_template(type)) {
        why = z_fmt("templates not allowed for %s units, rejecting.", unit_type_name(type)), r = -EINVAL;
    } else if (str_eq(a, t)) {
        return -ELOOP;
    } else if (!unit_name_valid(t)) {
        if (tell)
            log_line(LOG_NOTICE, "%s points to \"%s\" which is not a valid unit name: Invalid argument", alias, t.p);
        return -EXDEV;
    } else if (unit_name_is_instance(a) ? !instance && !unit_name_is_template(t)
                                        : instance || unit_name_is_template(a) != unit_name_is_template(t)) {
        why = z_fmt("symlink target name type \"%s\" does not match source, rejecting.", t.p), r = -EXDEV;
    } else if (instance && !str_eq(unit_name_instance(a), unit_name_instance(t))) {
        why = z_fmt("unit symlink target \"%s\" instance name doesn't match, rejecting.", t.p), r = -EXDEV;
    } else if (unit_type_of(t) != type) {
        why = z_fmt("symlink target \"%s\" has incompatible suffix, rejecting.", t.p), r = -EXDEV;
    }
    if (r < 0 && tell)
        log_line(LOG_NOTICE, "%s: %s", alias, why);
    return r;
}

static int load_link(struct info *info, const char *path)
{
    char full[PATH_BYTES], target[PATH_BYTES], whole[PATH_BYTES], simple[PATH_BYTES];
    ssize_t n = sys_readlinkat(AT_FDCWD, rooted(path, full), target, sizeof target);
    if (n < 0) {
        log_line(LOG_WARNING, "Failed to read symlink %s: %s", full, strerror(-(int)n));
        return (int)n;
    }
    int above = str_rfind(str_of(path), '/');
    path_fmt(whole, "%.*s/%s", *target == '/' ? 0 : above, path, target);
    int r = chase(whole, false, simple);
    if (r < 0) {
        log_line(LOG_WARNING, "Failed to resolve symlink %s pointing to %s: %s", full, target, strerror(-r));
        return r;
    }
    bool inside = below_search_dirs(simple, false);
    if (inside) {
        r = install_alias_ok(base_of(path), simple, true);
        if (r < 0)
            return r;
        if (!below_search_dirs(simple, true))
            log_line(LOG_WARNING, "Suspicious symlink %s \xe2\x86\x92 %s, treating as alias.", full, rooted(simple, whole));
    }
    r = is_mask(simple);
    if (r < 0 && r != -ENOENT)
        return r;
    info->target = install_keep(str_of(simple));
    info->mode = r > 0 ? MODE_MASKED : inside ? MODE_ALIAS : MODE_LINKED;
    return 0;
}

static int load(struct context *c, struct info *info, const char *path, u32 flags)
{
    int r = load_file(c, info, path, flags);
    if (r == -ENOENT && flags & SEARCH_BUILTIN)
        return load_builtin(c, info, path, flags);
    return r == -ELOOP ? load_link(info, path) : r;
}

/* ---- the search path ----------------------------------------------------------------------- */

/* The drop-ins of one name, in order; of one file name the first found counts. */
static void find_dropins(const char *name, const char **paths, u32 *n)
{
    for (u32 i = conf_files_find(search_dirs, z_fmt("%s.d", name), ".conf"); i--;) {
        const char *path = conf_file_path(i);
        u32 at = 0;
        int order = 1;
        while (at < *n && (order = strcmp(base_of(paths[at]), base_of(path))) < 0)
            at++;
        if ((at < *n && order == 0) || *n == DROPINS_MAX)
            continue;
        memmove(paths + at + 1, paths + at, (*n - at) * sizeof *paths);
        paths[at] = install_keep(str_of(path));
        ++*n;
    }
}

static int load_dropins(struct context *c, struct info *info, const char *template)
{
    const char *paths[DROPINS_MAX + 1];
    char *text, full[PATH_BYTES];
    u32 n = 0, bytes;
    int r = 0;
    find_dropins(info->name, paths, &n);
    if (template)
        find_dropins(template, paths, &n);
    for (u32 i = 0; i < n && r >= 0; i++) {
        r = conf_file_read(paths[i], &text, &bytes);
        if (r == 0 && bytes)
            r = take_install(c, info, rooted(paths[i], full), text, bytes);
    }
    return r;
}

/* -ENOENT: nowhere in the search path. */
static int search_name(struct context *c, struct info *info, const char *name, u32 flags)
{
    char path[PATH_BYTES];
    for (EACH(folder, search_dirs)) {
        if (flags & SEARCH_FILES && z_after(folder, "/run/systemd/generator"))
            continue;
        int r = load(c, info, path_fmt(path, "%s/%s", folder, name), flags & ~SEARCH_BUILTIN);
        if (r >= 0)
            info->path = install_keep(str_of(path));
        if (r != -ENOENT && r != -ENOTDIR && r != -EACCES)
            return r;
    }
    int r = load_builtin(c, info, path_fmt(path, "/usr/lib/systemd/system/%s", name), flags);
    if (r >= 0)
        info->path = install_keep(str_of(path));
    return r;
}

int install_search(struct context *c, struct info *info, u32 flags)
{
    BUF(template, UNIT_NAME_BYTES);
    const char *other = NULL;
    if (info->mode)
        return 0;
    if (info->path)
        return load(c, info, info->path, flags | SEARCH_BUILTIN);
    if (unit_name_is_instance(str_of(info->name))) {
        unit_name_template(str_of(info->name), &template);
        other = buf_end(&template);
    }
    int r = search_name(c, info, info->name, flags);
    if (r == -ENOENT && other)
        r = search_name(c, info, other, flags);
    if (r < 0 || info->mode == MODE_MASKED || !(flags & SEARCH_LOAD))
        return r;
    return load_dropins(c, info, other);
}

struct info *install_known(const struct context *c, const char *name)
{
    struct info *i = c->first;
    while (i && !STREQ(i->name, name))
        i = i->next;
    return i;
}

int install_add(struct context *c, const char *name, const char *path, bool auxiliary, struct info **out)
{
    name = name ? name : base_of(path);
    if (!unit_name_valid(str_of(name)))
        return -EINVAL;
    struct info *i = install_known(c, name);
    if (i) {
        i->auxiliary &= auxiliary;
    } else {
        i = install_take(sizeof *i);
        if (install_full)
            return -ENOSPC;
        i->name = install_keep(str_of(name));
        i->path = path;
        i->auxiliary = auxiliary;
        *(c->last ? &c->last->next : &c->first) = i;
        c->last = i;
        if (!c->todo)
            c->todo = i;
    }
    if (out)
        *out = i;
    return 0;
}

/* From a link to what it leads to; -EXDEV: that has another name and is a unit of its own. */
static int follow(struct context *c, struct info *i, u32 flags, bool any_name)
{
    if (!any_name && !STREQ(base_of(i->target), i->name))
        return -EXDEV;
    i->path = i->target;
    i->target = NULL;
    i->mode = MODE_UNKNOWN;
    return load(c, i, i->path, flags | SEARCH_BUILTIN);
}

/* An alias: on to the unit it stands for, with the instance that was asked for. */
static int follow_alias(struct context *c, struct info **at, u32 flags)
{
    struct info *i = *at;
    BUF(whole, UNIT_NAME_BYTES);
    const char *name = base_of(i->target);
    if (unit_name_is_instance(str_of(i->name)) && unit_name_is_template(str_of(name))) {
        int r = unit_name_with_instance(str_of(name), unit_name_instance(str_of(i->name)), &whole);
        if (r < 0)
            return r;
        name = buf_end(&whole);
        if (STREQ(name, i->name))
            return follow(c, i, flags, true);
    }
    int r = install_add(c, name, NULL, false, at);
    r = r < 0 ? r : install_search(c, *at, flags);
    return r == -ENOENT ? -ENOLINK : r;
}

int install_traverse(struct context *c, struct info *start, u32 flags, struct info **out)
{
    struct info *i = start;
    int r = install_search(c, i, flags);
    for (u32 hops = 0; r >= 0 && (i->mode == MODE_ALIAS || i->mode == MODE_LINKED); hops++) {
        if (hops == 64 || (!(flags & SEARCH_FOLLOW) && is_config(i->path)))
            return -ELOOP;
        r = follow(c, i, flags, i->mode == MODE_LINKED);
        if (r == -EXDEV && i->target)
            r = follow_alias(c, &i, flags);
    }
    if (r >= 0 && out)
        *out = i;
    return r < 0 ? r : 0;
}

int install_discover(struct context *c, const char *name_or_path, u32 flags, struct info **out, bool tell)
{
    struct info *i;
    bool path = *name_or_path == '/';
    int r = install_add(c, path ? NULL : name_or_path, path ? name_or_path : NULL, false, &i);
    r = r < 0 ? r : install_traverse(c, i, flags, out);
    if (r < 0 && tell)
        note(r, name_or_path, NULL);
    return r;
}

int install_look_up(const char *name)
{
    struct context c = { 0 };
    if (!unit_name_valid(str_of(name)))
        return -EINVAL;
    int r = install_discover(&c, name, SEARCH_FILES, NULL, false);
    return r < 0 && r != -ENOENT ? r : r == 0;
}

bool install_exists(const char *name)
{
    struct context c = { 0 };
    u32 used = arena.used;
    int r = unit_name_valid(str_of(name)) ? install_discover(&c, name, 0, NULL, false) : 0;
    arena.used = install_full ? arena.used : used;
    return r != -ENOENT;
}
