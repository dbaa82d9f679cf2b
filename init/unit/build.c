/* SPDX-License-Identifier: 0BSD
 *
 * One unit while its files are read: the settings so far, where we are for messages, the dispatch of
 * an assignment to its setter, and what setters share. Decides only whether a directive is known here. */
#include "unit.h"

static char scratch_space[3][VALUE_BYTES] SCRATCH;

void scratch(struct buf *b, u32 which) { buf_over(b, scratch_space[which], VALUE_BYTES); }

void (build_warn)(struct build *b, enum level level, const char *fmt, ...)
{
    BUF(line, 768);
    va_list ap;
    UNIT(b->id)->complained |= level <= LOG_WARNING;
    if (b->quiet)
        return;
    va_start(ap, fmt);
    buf_vfmt(&line, fmt, ap);
    va_end(ap);
    log_line(level, "%s:%u: %s", b->path, b->line, buf_end(&line));
}

const struct setting *build_find(const struct build *b, u32 id, const struct setting *after)
{
    const u32 *at = after ? after->w + after->n : b->words;
    for (const struct setting *s; at < b->words + b->n; at = s->w + s->n) {
        s = (const void *)at;
        if (s->id == id)
            return s;
    }
    return NULL;
}

int build_put(struct build *b, u32 id, const u32 *w, u32 n)
{
    if (n > 0xffff || BUILD_WORDS - b->n < n + 1) {
        build_warn(b, LOG_ERR, "The unit has more settings than limit BUILD_WORDS allows (limits.h).");
        b->failed = true;
        return -ENOEXEC;
    }
    struct setting *s = (void *)(b->words + b->n);
    s->id = (u16)id;
    s->n = (u16)n;
    memcpy(s->w, w, n * sizeof *w);
    b->n += n + 1;
    return 0;
}

/* Before all others: what is asked last is asked first. */
int build_put_first(struct build *b, u32 id, const u32 *w, u32 n)
{
    u32 old = b->n;
    if (build_put(b, id, w, n) < 0)
        return -ENOEXEC;
    u32 added = b->n - old;
    memmove(b->words + added, b->words, old * sizeof(u32));
    struct setting *s = (void *)b->words;
    s->id = (u16)id;
    s->n = (u16)n;
    memcpy(s->w, w, n * sizeof *w);
    return 0;
}

void build_clear(struct build *b, u32 id)
{
    u32 to = 0;
    for (u32 at = 0; at < b->n;) {
        const struct setting *s = (const void *)(b->words + at);
        u32 n = s->n + 1u;
        if (s->id != id) {
            if (to != at)
                memmove(b->words + to, s, n * sizeof(u32));
            to += n;
        }
        at += n;
    }
    b->n = to;
}

int build_set(struct build *b, u32 id, const u32 *w, u32 n)
{
    build_clear(b, id);
    return build_put(b, id, w, n);
}

int build_int(struct build *b, u32 id, i32 v) { return build_set(b, id, (u32[]){ (u32)v }, 1); }

int build_wide(struct build *b, u32 id, u64 v) { return build_set(b, id, (u32[]){ (u32)v, (u32)(v >> 32) }, 2); }
int build_span(struct build *b, u32 id, usec t) { return build_wide(b, id, t); }

int build_text(struct build *b, u32 id, struct str s, bool more)
{
    u32 w = text_keep(s);
    b->failed |= !w;
    if (!w)
        return -ENOEXEC;
    return more ? build_put(b, id, &w, 1) : build_set(b, id, &w, 1);
}

u32 build_section(const struct build *b, struct str name)
{
    return section_find(name) & (SEC_UNIT | SEC_INSTALL | section_of_type(UNIT(b->id)->type));
}

/* 0: taken, or complained about and left out. -ENOEXEC: the unit is refused. */
int build_assign(struct build *b, struct str section, struct str key, struct str value)
{
    u32 sec = b->section;
    if (!sec || (sec == SEC_INSTALL && !b->install_mask))
        return 0;                       /* the section itself was complained about */
    const struct directive *d = directive_find(key, sec);
    if (!d && str_starts(key, "X-"))
        return 0;
    if (!d) {
        build_warn(b, LOG_WARNING, "Unknown key '%.*s' in section [%.*s], ignoring.",
                   (int)key.n, key.p, (int)section.n, section.p);
        return 0;
    }
    return build_value(b, d, value);
}

/* What is kept and shown, but not acted on, is told: once a unit, and not when that makes no difference. */
bool effects_untold;

static void tell_effect(struct build *b, const struct directive *d)
{
    const struct setting *s = build_find(b, directive_id(d), NULL);
    u32 kind = setters[d->setter].value; /* what becomes an edge leaves no setting */
    if (effects_untold || !d->effect || (!s && kind != V_NOTHING) || (kind == V_BOOL && (i32)s->w[0] == (i32)d->def))
        return;
    bool yet = d->effect == NOT_YET;
    build_warn(b, LOG_WARNING, "%s= is kept, but pith does not act on it%s%s.", directive_name(d), yet ? " yet" : ": ",
               yet ? "" : name_of(effect_reasons, d->effect));
}

/* An empty value goes back to the default, but where the setter has a meaning of its own for it ('!'). */
int build_value(struct build *b, const struct directive *d, struct str value)
{
    const struct setter *s = &setters[d->setter];
    bool known = d->effect && build_find(b, directive_id(d), NULL);
    int r = 0;
    b->value = value;
    b->no_syntax = b->no_specifier = NULL;
    if (value.n || s->value == V_NOTHING || s->value == V_CONDITION || directive_id(d) == D_RequiresMountsFor
        || s->own_empty)
        r = s->set(b, d, value);
    else
        build_clear(b, directive_id(d));
    if (!known)
        tell_effect(b, d);
    return r;
}

/* ---- what setters share -------------------------------------------------------------------- */

int build_ignore(struct build *b, const struct directive *d, const char *why, struct str value)
{
    char space[TEXT_BYTES];
    why = text_shown(why, space);
    build_warn(b, LOG_WARNING, "%s%s%s: %.*s", *why == '=' ? directive_name(d) : "", why,
               strstr(why, ", ignoring") ? "" : ", ignoring", (int)value.n, value.p);
    return 0;
}

static bool expand(struct build *b, struct str *value, int (*how)(struct str, struct str, struct buf *))
{
    WORKSPACE(full, 0);
    int r = how(b->name, *value, &full);
    if (r == 0)
        *value = STR(full);
    else
        (build_warn)(b, LOG_WARNING, b->no_specifier ? b->no_specifier : "Failed to resolve unit specifiers in '%.*s', ignoring: %s",
                   (int)value->n, value->p, strerror(-r));
    return r == 0;
}

bool build_expand(struct build *b, struct str *value) { return expand(b, value, specifier_expand); }

bool build_path(struct build *b, const struct directive *d, struct str *value)
{
    WORKSPACE(path, 1);
    if (!build_expand(b, value))
        return false;
    if (!str_starts(*value, "/") || !text_safe(*value))
        return build_ignore(b, d, "= path is not absolute", *value);
    path_simplify(*value, false, &path);
    *value = STR(path);
    if (path.n >= PATH_BYTES)
        build_warn(b, LOG_ERR, "%s= path has invalid length (%u bytes), ignoring.", directive_name(d), path.n);
    else if (!path_valid(STR(path)))
        build_ignore(b, d, "= path is not normalized", *value);
    return path.n < PATH_BYTES && path_valid(STR(path));
}

/* Where asked to unescape: what looks like an escape and is none stays as it is, with a warning. */
int build_word(struct build *b, struct str *rest, u32 word_flags, struct buf *word)
{
    struct str whole = *rest;
    int r = word_next(rest, BLANKS, word_flags, word);
    if (r != -EINVAL || !(word_flags & WORD_UNESCAPE))
        return r;
    *rest = whole;
    r = word_next(rest, BLANKS, word_flags | WORD_UNESCAPE_RELAX, word);
    if (r >= 0)
        build_warn(b, LOG_WARNING, "Ignoring unknown escape sequences: \"%.*s\"", (int)word->n, word->p);
    return r;
}

/* The next word of a list, with specifiers expanded, in working space 0. False at the end; words that
 * are no good are told and skipped. */
bool build_item(struct build *b, struct str *rest, u32 word_flags, struct str *item)
{
    WORKSPACE(word, 1);
    int r;
    do {
        r = word_next(rest, BLANKS, word_flags & ~BUILD_NAMES, &word);
        *item = STR(word);
    } while (r > 0 && !expand(b, item, word_flags & BUILD_NAMES ? specifier_expand_name : specifier_expand));
    if (r < 0)
        build_ignore(b, NULL, b->no_syntax ? b->no_syntax : "Invalid syntax", b->value);
    return r > 0;
}

/* Each word that is good is one more setting. */
int build_list(struct build *b, const struct directive *d, struct str value, u32 word_flags, item_fn *good,
               const char *why)
{
    struct str item;
    int r = 0;
    while (r == 0 && build_item(b, &value, word_flags, &item))
        r = good(d, &item) ? build_text(b, directive_id(d), item, true) : build_ignore(b, d, why, item);
    return r;
}
