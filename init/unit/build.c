/* SPDX-License-Identifier: 0BSD
 *
 * One unit while its files are read: the settings so far, where we are for messages, and the
 * dispatch of an assignment to its setter. Decides only whether a directive is known here. */
#include "unit.h"

static char scratch_space[3][VALUE_BYTES];

char *scratch(u32 which) { return scratch_space[which]; }

void build_warn(struct build *b, enum level level, const char *fmt, ...)
{
    BUF(line, 768);
    va_list ap;
    if (b->quiet)
        return;
    va_start(ap, fmt);
    buf_vfmt(&line, fmt, ap);
    va_end(ap);
    log_line(level, "%s:%u: %s", b->path, b->line, buf_end(&line));
}

int build_put(struct build *b, u32 id, const u32 *w, u32 n)
{
    if (n > 0xffff || BUILD_WORDS - b->n < n + 1) {
        build_warn(b, LOG_ERR, "The unit has more settings than limit BUILD_WORDS allows (limits.h).");
        return -ENOEXEC;
    }
    struct setting *s = (void *)(b->words + b->n);
    s->id = (u16)id;
    s->n = (u16)n;
    memcpy(s->w, w, n * sizeof *w);
    b->n += n + 1;
    return 0;
}

void build_clear(struct build *b, u32 id)
{
    u32 to = 0;
    for (u32 at = 0; at < b->n;) {
        const struct setting *s = (const void *)(b->words + at);
        u32 n = s->n + 1u;
        if (s->id != id) {
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

int build_text(struct build *b, u32 id, struct str s, bool more)
{
    u32 w = text_keep(s);
    if (!w)
        return -ENOEXEC;
    return more ? build_put(b, id, &w, 1) : build_set(b, id, &w, 1);
}

/* The sections that mean something in this unit's files. */
static u32 legal_sections(const struct build *b)
{
    int type = unit_type_of(b->name);
    return SEC_UNIT | SEC_INSTALL | section_of_type(type);
}

static u32 section_find(struct str name)
{
    for (u32 bit = 1; section_name(bit); bit <<= 1)
        if (str_is(name, section_name(bit)))
            return bit;
    return 0;
}

/* 0: taken, or complained about and left out. -ENOEXEC: the unit is refused. */
int build_assign(struct build *b, struct str section, struct str key, struct str value)
{
    u32 sec = section_find(section);
    if (str_starts(section, "X-") || str_starts(key, "X-"))
        return 0;
    if (!section.n) {
        build_warn(b, LOG_WARNING, "Assignment outside of section. Ignoring.");
        return 0;
    }
    if (!(sec & legal_sections(b)))
        return 0;                       /* the section itself was complained about */
    if (sec == SEC_INSTALL && !b->install_mask)
        return 0;
    const struct directive *d = directive_find(key, sec);
    if (!d) {
        build_warn(b, LOG_WARNING, "Unknown key name '%.*s' in section '%.*s', ignoring.",
                   (int)key.n, key.p, (int)section.n, section.p);
        return 0;
    }
    return setters[d->setter].set(b, d, value);
}
