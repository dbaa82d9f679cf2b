/* SPDX-License-Identifier: 0BSD
 *
 * Bytes -> lines -> sections and assignments, as systemd.syntax(7) says: continuation lines,
 * comments between them, blanks around keys and values. Joins continued lines in the text itself.
 * Knows nothing of what a key means. */
#include "unit.h"

struct lexer lex_open(char *text, u32 n, const char *path)
{
    if (str_starts((struct str){ text, n }, "\xef\xbb\xbf"))
        text += 3, n -= 3;
    return (struct lexer){ .p = text, .end = text + n, .path = path };
}

/* One line as it stands in the file, without its end. False at the end of the text. */
static bool raw_line(struct lexer *l, struct str *line)
{
    if (l->p >= l->end)
        return false;
    char *nl = memchr(l->p, '\n', (size_t)(l->end - l->p));
    char *stop = nl ? nl : l->end;
    *line = (struct str){ l->p, (size_t)(stop - l->p) };
    l->p = nl ? nl + 1 : l->end;
    l->line++;
    if (str_ends(*line, "\r"))
        line->n--;
    return true;
}

static bool is_comment(struct str line)
{
    line = str_trim(line);
    return line.n && (line.p[0] == '#' || line.p[0] == ';');
}

/* An odd number of backslashes at the end: the next line belongs to this one. */
static bool continues(struct str line)
{
    size_t n = 0;
    while (n < line.n && line.p[line.n - 1 - n] == '\\')
        n++;
    return n & 1;
}

/* One logical line. The joined text grows in place of the text already read, which is never
 * shorter. */
static bool logical_line(struct lexer *l, struct str *out)
{
    struct str line;
    char *start = NULL, *to = NULL;
    while (raw_line(l, &line)) {
        if (is_comment(line))
            continue;
        if (!start)
            start = to = (char *)line.p;
        if (to != line.p)
            memmove(to, line.p, line.n);
        to += line.n;
        struct str joined = { start, (size_t)(to - start) };
        if (!continues(joined)) {
            *out = joined;
            return true;
        }
        to[-1] = ' ';
    }
    *out = (struct str){ start, (size_t)(to - start) };
    return start != NULL;
}

static enum lexed lex_section(struct lexer *l, struct str line, struct assignment *a)
{
    struct str name = str_from(str_cut(line, line.n - 1), 1);
    if (!str_ends(line, "]") || !text_safe(name)) {
        log_line(LOG_ERR, "%s:%u: Invalid section header '%.*s'", l->path, l->line, (int)line.n, line.p);
        return LEX_REFUSE;
    }
    a->section = l->section = name;
    return LEX_SECTION;
}

/* What is wrong with a line. An error refuses the whole text. */
static enum lexed bad_line(const struct lexer *l, enum level level, const char *why)
{
    if (!l->quiet || level == LOG_ERR)
        log_line(level, "%s:%u: %s", l->path, l->line, why);
    return level == LOG_ERR ? LEX_REFUSE : LEX_BAD_LINE;
}

enum lexed lex_next(struct lexer *l, struct assignment *a)
{
    struct str line;
    do
        if (!logical_line(l, &line))
            return LEX_END;
    while (!(line = str_trim(line)).n);
    a->line = l->line;
    if (memchr(line.p, 0, line.n))
        return bad_line(l, LOG_WARNING, "Line contains a NUL byte, ignoring it.");
    if (!utf8_valid(line))
        return bad_line(l, LOG_ERR, "String is not UTF-8 clean.");
    if (line.p[0] == '[')
        return lex_section(l, line, a);
    int eq = str_find(line, '=');
    if (eq <= 0)
        return bad_line(l, LOG_WARNING, eq < 0 ? "Missing '=', ignoring line."
                                               : "Missing key name before '=', ignoring line.");
    a->section = l->section;
    a->key = str_trim(str_cut(line, (size_t)eq));
    a->value = str_trim(str_from(line, (size_t)eq + 1));
    return LEX_ASSIGNMENT;
}
