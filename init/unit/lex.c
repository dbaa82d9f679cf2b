/* SPDX-License-Identifier: 0BSD
 *
 * Bytes -> lines -> sections and assignments, as systemd.syntax(7) says: continuation lines,
 * comments between them, blanks around keys and values. Joins continued lines in the text itself.
 * Knows nothing of what a key means. */
#include "unit.h"

struct lexer lex_open(char *text, u32 n, const char *path)
{
    return (struct lexer){ .p = text, .end = text + n, .path = path };
}

/* What ends a line: \n, \r and NUL, and what two or three different ones make together. */
static u32 line_end(char c) { return c == '\n' ? 1 : c == '\r' ? 2 : c == 0 ? 4 : 0; }

/* One line as it stands in the file, without its end. False at the end of the text. */
static bool raw_line(struct lexer *l, struct str *line)
{
    char *p = l->p;
    if (p >= l->end)
        return false;
    while (p < l->end && !((u8)*p <= '\r' && line_end(*p)))
        p++;
    *line = (struct str){ l->p, (size_t)(p - l->p) };
    for (u32 seen = 0, end; p < l->end && !(seen & 4) && (end = line_end(*p)) && !(seen & end); p++)
        seen |= end;
    l->p = p;
    l->line++;
    return true;
}

/* Before the byte order mark is taken away: a comment behind it is none. */
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

/* `why` takes the text, which may be no UTF-8: what is none of it is shown as U+FFFD. */
static enum lexed refuse(struct lexer *l, int error, const char *why, struct str text)
{
    char space[TEXT_BYTES];
    why = text_shown(why, space);
    l->error = error;
    BUF(clean, 512);
    while (text.n && !clean.over) {
        size_t n = 1;
        while (n < 4 && !utf8_valid(str_cut(text, n)))
            n++;
        bool good = utf8_valid(str_cut(text, n));
        buf_str(&clean, good ? str_cut(text, n) : S("\xef\xbf\xbd"));
        text = str_from(text, good ? n : 1);
    }
    log_line(LOG_ERR, "%s:%u: %s%s%s", l->path, l->line, why, buf_end(&clean), z_ends(why, "'") ? "'" : "");
    return LEX_REFUSE;
}

/* One logical line, or LEX_END or LEX_REFUSE. The joined text grows in place of the text already read,
 * which is never shorter. */
static enum lexed logical_line(struct lexer *l, struct str *out)
{
    struct str line;
    char *start = NULL, *to = NULL;
    while (raw_line(l, &line)) {
        if (line.n >= LONG_LINE_MAX)
            return l->line--, refuse(l, -ENOBUFS, TEXT("Line too long"), S(""));     /* systemd counts lines that it could read */
        if (is_comment(line))
            continue;
        if (!l->bom_seen && str_starts(line, "\xef\xbb\xbf")) {
            line = str_from(line, 3);
            l->bom_seen = true;
        }
        if (!start)
            start = to = (char *)line.p;
        if (to + line.n - start > LONG_LINE_MAX)
            return refuse(l, -ENOBUFS, TEXT("Continuation line too long"), S(""));
        if (to != line.p)
            memmove(to, line.p, line.n);
        to += line.n;
        *out = (struct str){ start, (size_t)(to - start) };
        if (!continues(*out))
            return LEX_ASSIGNMENT;
        to[-1] = ' ';
    }
    l->line++;                           /* a continued line that the text's end cuts off */
    return start ? LEX_ASSIGNMENT : LEX_END;
}

static enum lexed lex_section(struct lexer *l, struct str line, struct assignment *a)
{
    struct str name = str_from(str_cut(line, line.n - 1), 1);
    if (line.n < 2 || !str_ends(line, "]"))
        return refuse(l, -EBADMSG, TEXT("Invalid section header '"), line);
    if (!str_safe(name))
        return refuse(l, -EBADMSG, TEXT("Bad characters in section header '"), line);
    a->section = l->section = name;
    return LEX_SECTION;
}

enum lexed lex_next(struct lexer *l, struct assignment *a)
{
    struct str line;
    enum lexed what;
    do
        if ((what = logical_line(l, &line)) != LEX_ASSIGNMENT)
            return what;
    while (!(line = str_trim(line)).n);
    a->line = l->line;
    if (!utf8_valid(line))
        return refuse(l, -EINVAL, TEXT("String is not UTF-8 clean, ignoring assignment: "), line);
    if (line.p[0] == '[')
        return lex_section(l, line, a);
    int eq = str_find(line, '=');
    a->section = l->section;
    a->key = str_trim(str_cut(line, (size_t)MAX(eq, 0)));
    a->value = str_trim(str_from(line, (size_t)(eq + 1)));
    return eq > 0 ? LEX_ASSIGNMENT : eq < 0 ? LEX_NO_VALUE : LEX_NO_KEY;
}
