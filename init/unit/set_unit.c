/* SPDX-License-Identifier: 0BSD
 *
 * Setters of [Unit] and [Install]: dependencies, documentation, mounts, conditions. They record
 * names; only load.c loads what was named. */
#include "unit.h"

/* A template stands for its instance of this unit's own instance, or of its prefix. 0: not a unit's name. */
unit_id dependency_named(const struct build *b, struct str name)
{
    BUF(instance, UNIT_NAME_BYTES);
    if (unit_name_is_template(name)) {
        struct str own = unit_name_instance(b->name);
        if (unit_name_with_instance(name, own.n ? own : unit_name_prefix(b->name), &instance) < 0)
            return 0;
        name = STR(instance);
    }
    return unit_name_valid(name) ? unit_named(b->id, name) : 0;
}

/* An instance that wants another of its template, named after itself, would want one more, without end. */
static bool without_end(const struct build *b, struct str name, struct str written)
{
    if (!unit_name_is_instance(name) || !str_eq(unit_name_prefix(name), unit_name_prefix(b->name))
        || unit_type_of(name) != unit_type_of(b->name))
        return false;
    for (size_t i = 0; i + 1 < written.n; i++)
        if (written.p[i] == '%' && memchr("inN", written.p[++i], 3))
            return true;
    return false;
}

int set_deps(struct build *b, const struct directive *d, struct str value)
{
    struct str name;
    for (struct str before = value; build_item(b, &value, WORD_KEEP_ESCAPES | BUILD_NAMES, &name); before = value) {
        struct str written = str_cut(before, (size_t)(value.p - before.p));
        if (without_end(b, name, written))
            continue;
        unit_id other = dependency_named(b, name);
        if (!other && !tab->full) {
            build_warn(b, LOG_WARNING, "Failed to add dependency on %.*s, ignoring: Invalid argument", (int)name.n, name.p);
            continue;
        }
        if (!other || edge_add(b->id, other, d->arg) < 0)
            return -ENOEXEC;
    }
    return 0;
}

/* The simplified path goes to working space 1, where the word was. */
static bool mount_path(const struct directive *d, struct str *item)
{
    WORKSPACE(simple, 1);
    (void)d;
    path_simplify(*item, false, &simple);
    *item = STR(simple);
    return path_valid(*item);
}

int set_mounts_for(struct build *b, const struct directive *d, struct str value)
{
    return build_list(b, d, value, WORD_UNQUOTE, mount_path, TEXT("= path is not absolute"));
}

static bool is_url(const struct directive *d, struct str *item)
{
    (void)d;
    for (EACH(scheme, "http://\0https://\0file:/\0info:\0man:\0"))
        if (str_starts(*item, scheme))
            return true;
    return false;
}

int set_docs(struct build *b, const struct directive *d, struct str value)
{
    return build_list(b, d, value, WORD_UNQUOTE, is_url, "Invalid URL");
}

/* An empty value takes back all conditions (or all asserts), of whatever kind. */
static void clear_conditions(struct build *b, u32 assert_bit)
{
    for (u32 i = 0; i < DIRECTIVES; i++)
        if (directives[i].setter == directives[D_ConditionPathExists].setter
            && (directives[i].arg & COND_ASSERT) == assert_bit)
            build_clear(b, i);
}

/* Blanks may stand behind a sign, but before a path. */
static bool take_sign(struct str *value, const char *sign, bool path)
{
    bool there = str_starts(*value, sign);
    *value = str_from(*value, there);
    if (there && !path)
        *value = str_trim(*value);
    return there;
}

int set_condition(struct build *b, const struct directive *d, struct str value)
{
    u32 kind = d->arg;
    if (!value.n) {
        clear_conditions(b, kind & COND_ASSERT);
        return 0;
    }
    bool path = (kind & 0xff) <= COND_NEEDS_UPDATE;
    if (take_sign(&value, "|", path))
        kind |= COND_TRIGGER;
    if (take_sign(&value, "!", path))
        kind |= COND_NEGATE;
    if (path)
        b->no_specifier = TEXT("Failed to resolve unit specifiers in %.*s, ignoring: %s");
    if (path ? !build_path(b, d, &value) : !build_expand(b, &value))
        return 0;
    u32 text = text_keep(value);
    return text ? build_put_first(b, directive_id(d), (u32[]){ kind, text }, 2) : -ENOEXEC;
}

/* [Install], where lying in the folder means enabled: the links that `enable` would make become
 * edges and names at once. */
int set_install(struct build *b, const struct directive *d, struct str value)
{
    struct str name;
    u32 id = directive_id(d);
    if (id == D_DefaultInstance)
        return build_text(b, id, value, false);
    while (build_item(b, &value, WORD_UNQUOTE | WORD_KEEP_ESCAPES | BUILD_NAMES, &name)) {
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
        unit_id other = unit_named(b->id, name);
        if (!other)
            continue;
        if (id == D_Also)
            UNIT(other)->enabled_here = true;
        else
            edge_add(other, b->id, id == D_RequiredBy ? DEP_REQUIRES : DEP_WANTS);
    }
    return 0;
}
