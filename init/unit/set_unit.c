/* SPDX-License-Identifier: 0BSD
 *
 * Setters of [Unit] and [Install]: dependencies, documentation, mounts, conditions. They record
 * names; only load.c loads what was named. */
#include "unit.h"

static u32 id_of(const struct directive *d) { return (u32)(d - directives); }

/* The next word of a list, unquoted and with specifiers expanded, in working space 0. False at the
 * end; words that are no good are told and skipped. */
static bool next_item(struct build *b, const struct directive *d, struct str *rest, struct str *item)
{
    for (;;) {
        struct buf word = { scratch(1), 0, VALUE_BYTES, false }, full = { scratch(0), 0, VALUE_BYTES, false };
        int r = word_next(rest, BLANKS, WORD_UNQUOTE | WORD_RETAIN, &word);
        if (r <= 0) {
            if (r < 0)
                build_warn(b, LOG_WARNING, "Invalid syntax, ignoring: %s=%.*s", directive_name(d), (int)rest->n, rest->p);
            return false;
        }
        if (specifier_expand(b->name, (struct str){ word.p, word.n }, &full) < 0 || full.over) {
            build_warn(b, LOG_WARNING, "Failed to resolve unit specifiers in '%.*s', ignoring.",
                       (int)word.n, word.p);
            continue;
        }
        *item = (struct str){ full.p, full.n };
        return true;
    }
}

int set_deps(struct build *b, const struct directive *d, struct str value)
{
    struct str name;
    if (!value.n) {
        build_warn(b, LOG_WARNING, "Dependencies cannot be reset: %s= is ignored.", directive_name(d));
        return 0;
    }
    while (next_item(b, d, &value, &name)) {
        if (!unit_name_valid(name) || unit_name_is_template(name)) {
            build_warn(b, LOG_WARNING, "Failed to add dependency on %.*s, ignoring: Invalid argument",
                       (int)name.n, name.p);
            continue;
        }
        unit_id other = unit_get(name);
        if (!other || edge_add(b->id, other, d->arg) < 0)
            return -ENOEXEC;
    }
    return 0;
}

int set_mounts_for(struct build *b, const struct directive *d, struct str value)
{
    struct str path;
    while (next_item(b, d, &value, &path)) {
        BUF(simple, PATH_BYTES);
        path_simplify(path, false, &simple);
        path = (struct str){ simple.p, simple.n };
        if (!path_valid(path)) {
            build_warn(b, LOG_WARNING, "%s= path is not absolute, ignoring: %.*s", directive_name(d),
                       (int)path.n, path.p);
            continue;
        }
        if (build_text(b, id_of(d), path, true) < 0)
            return -ENOEXEC;
    }
    return 0;
}

int set_docs(struct build *b, const struct directive *d, struct str value)
{
    static const char *const schemes[] = { "http://", "https://", "file:/", "info:", "man:" };
    struct str url;
    if (!value.n)
        build_clear(b, id_of(d));
    while (next_item(b, d, &value, &url)) {
        bool good = false;
        for (u32 i = 0; i < LEN(schemes); i++)
            good |= str_starts(url, schemes[i]);
        if (!good)
            build_warn(b, LOG_WARNING, "Invalid URL, ignoring: %.*s", (int)url.n, url.p);
        else if (build_text(b, id_of(d), url, true) < 0)
            return -ENOEXEC;
    }
    return 0;
}

/* An empty value takes back all conditions (or all asserts), of whatever kind. */
static void clear_conditions(struct build *b, u32 assert_bit)
{
    for (u32 i = 0; i < DIRECTIVES; i++)
        if (directives[i].setter == directives[D_ConditionPathExists].setter
            && (directives[i].arg & COND_ASSERT) == assert_bit)
            build_clear(b, i);
}

int set_condition(struct build *b, const struct directive *d, struct str value)
{
    struct buf full = { scratch(0), 0, VALUE_BYTES, false };
    u32 flags = 0;
    if (!value.n) {
        clear_conditions(b, d->arg & COND_ASSERT);
        return 0;
    }
    if (str_starts(value, "|")) {
        flags |= COND_TRIGGER;
        value = str_trim(str_from(value, 1));
    }
    if (str_starts(value, "!")) {
        flags |= COND_NEGATE;
        value = str_trim(str_from(value, 1));
    }
    if (specifier_expand(b->name, value, &full) < 0 || full.over) {
        build_warn(b, LOG_WARNING, "Failed to resolve unit specifiers in '%.*s', ignoring.",
                   (int)value.n, value.p);
        return 0;
    }
    struct str text = { full.p, full.n };
    bool is_path = (d->arg & 0xff) <= COND_NEEDS_UPDATE;
    if (is_path && !str_starts(text, "/")) {
        build_warn(b, LOG_WARNING, "%s= path is not absolute, ignoring: %.*s", directive_name(d), (int)text.n, text.p);
        return 0;
    }
    u32 w[2] = { d->arg | flags, text_keep(text) };
    return w[1] ? build_put(b, id_of(d), w, 2) : -ENOEXEC;
}

/* [Install], where lying in the folder means enabled: the links that `enable` would make become
 * edges and names at once. */
int set_install(struct build *b, const struct directive *d, struct str value)
{
    struct str name;
    u32 id = id_of(d);
    if (id == D_DefaultInstance)
        return build_text(b, id, value, false);
    while (next_item(b, d, &value, &name)) {
        if (!unit_name_valid(name)) {
            build_warn(b, LOG_WARNING, "Invalid unit name in %s=, ignoring: %.*s", directive_name(d), (int)name.n, name.p);
            continue;
        }
        if (id == D_Alias) {
            if (unit_type_of(name) != unit_type_of(b->name) || unit_alias(b->id, name) < 0)
                build_warn(b, LOG_WARNING, "Alias=%.*s: the name is taken or of another type, ignoring.",
                           (int)name.n, name.p);
            continue;
        }
        unit_id other = unit_get(name);
        if (!other)
            continue;
        if (id == D_Also)
            UNIT(other)->enabled_here = true;
        else
            edge_add(other, b->id, id == D_RequiredBy ? DEP_REQUIRES : DEP_WANTS);
    }
    return 0;
}
