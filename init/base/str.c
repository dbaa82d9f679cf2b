/* SPDX-License-Identifier: 0BSD
 *
 * Slices of text, glob matching and UTF-8 validity. No allocation, no output. */
#include "base.h"

struct str str_of(const char *z) { return (struct str){ z ? z : "", z ? strlen(z) : 0 }; }

bool str_eq(struct str a, struct str b) { return a.n == b.n && memcmp(a.p, b.p, a.n) == 0; }

/* Most texts that are looked for are not there, and differ in the first letter: no length is taken first. */
static size_t common(struct str a, const char *z)
{
    size_t n = 0;
    while (n < a.n && z[n] && a.p[n] == z[n])
        n++;
    return n;
}

bool str_is(struct str a, const char *z)
{
    size_t n = common(a, z);
    return n == a.n && !z[n];
}

bool str_starts(struct str a, const char *prefix) { return !prefix[common(a, prefix)]; }

bool str_ends(struct str a, const char *suffix)
{
    size_t n = strlen(suffix);
    return a.n >= n && memcmp(a.p + a.n - n, suffix, n) == 0;
}

struct str str_from(struct str a, size_t at)
{
    at = MIN(at, a.n);
    return (struct str){ a.p + at, a.n - at };
}

struct str str_cut(struct str a, size_t n) { return (struct str){ a.p, MIN(n, a.n) }; }

/* Sets are of three or four: a loop beats strchr(3), which begins by filling words. */
bool in_set(char c, const char *set)
{
    while (*set && *set != c)
        set++;
    return *set;
}

struct str str_trim(struct str a)
{
    while (a.n && (u8)a.p[0] <= ' ' && in_set(a.p[0], BLANKS))
        a.p++, a.n--;
    while (a.n && (u8)a.p[a.n - 1] <= ' ' && in_set(a.p[a.n - 1], BLANKS))
        a.n--;
    return a;
}

int str_find(struct str a, char c)
{
    const char *at = a.n ? memchr(a.p, c, a.n) : NULL;
    return at ? (int)(at - a.p) : -1;
}

int str_rfind(struct str a, char c)
{
    for (size_t i = a.n; i-- > 0;)
        if (a.p[i] == c)
            return (int)i;
    return -1;
}

struct str str_line(struct str *rest, char sep)
{
    struct str line = *rest;
    if (!rest->p || !rest->n)
        return (struct str){ NULL, 0 };
    int at = str_find(*rest, sep);
    if (at < 0) {
        *rest = (struct str){ rest->p + rest->n, 0 };
        return line;
    }
    line.n = (size_t)at;
    *rest = str_from(*rest, (size_t)at + 1);
    return line;
}

struct str str_word(struct str *rest, const char *separators)
{
    while (rest->n && in_set(rest->p[0], separators))
        rest->p++, rest->n--;
    struct str word = { rest->n ? rest->p : NULL, 0 };
    while (rest->n && !in_set(rest->p[0], separators))
        rest->p++, rest->n--, word.n++;
    return word;
}

const char *z_after(const char *z, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(z, prefix, n) == 0 ? z + n : NULL;
}

bool z_ends(const char *z, const char *suffix) { return str_ends(str_of(z), suffix); }

bool z_copy(char *to, size_t size, struct str from)
{
    if (from.n >= size)
        return false;
    memcpy(to, from.p, from.n);
    to[from.n] = 0;
    return true;
}

const char *z_next(const char *list) { return list + strlen(list) + 1; }

bool z_in(const char *list, const char *word)
{
    while (*list && !STREQ(list, word))
        list = z_next(list);
    return *list;
}

const char *z_lookup(const char *pairs, const char *key)
{
    for (const char *value; *pairs; pairs = z_next(value)) {
        value = z_next(pairs);
        if (STREQ(pairs, key))
            return value;
    }
    return NULL;
}

/* Matches one character against a bracket expression at p; *end is set behind the ']'. An
 * expression that is not closed is no expression: *end stays NULL. */
static bool bracket_match(const char *p, char c, const char **end)
{
    bool negate = p[1] == '!' || p[1] == '^', hit = false;
    const char *q = p + 1 + negate;
    *end = NULL;
    for (bool first = true; *q && (*q != ']' || first); first = false) {
        char lo = *q == '\\' && q[1] ? *++q : *q;
        char hi = lo;
        q++;
        if (q[0] == '-' && q[1] && q[1] != ']') {
            hi = q[1];
            q += 2;
        }
        hit |= (u8)lo <= (u8)c && (u8)c <= (u8)hi;
    }
    if (*q != ']')
        return false;
    *end = q + 1;
    return hit != negate;
}

/* Matches the pattern up to the next '*'. Returns the pattern behind what matched, NULL if the
 * text does not match; *text moves. */
static const char *segment_match(const char *p, const char **text)
{
    const char *t = *text, *end;
    for (; *p && *p != '*'; t++) {
        if (!*t)
            return NULL;
        if (*p == '[') {
            bool hit = bracket_match(p, *t, &end);
            if (end) {
                if (!hit)
                    return NULL;
                p = end;
                continue;
            }
        }
        if (*p == '?') {
            p++;
            continue;
        }
        if (*p == '\\' && p[1])
            p++;
        if (*p++ != *t)
            return NULL;
    }
    *text = t;
    return p;
}

bool glob_match(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;
    for (;;) {
        const char *t = text;
        const char *p = segment_match(pattern, &t);
        if (p && (*p == '*' || !*t)) {
            if (!*p)
                return true;
            while (*p == '*')
                p++;
            if (!*p)
                return true;
            star = pattern = p;
            retry = text = t;
            continue;
        }
        /* Only the last star needs to be tried again: earlier ones match as early as they can. */
        if (!star || !*retry)
            return false;
        pattern = star;
        text = ++retry;
    }
}

bool utf8_valid(struct str a)
{
    for (size_t i = 0; i < a.n;) {
        u8 c = (u8)a.p[i];
        u64 eight;
        if (c < 0x80) {                  /* most text is: eight at a time */
            i++;
            while (a.n - i >= sizeof eight) {
                memcpy(&eight, a.p + i, sizeof eight);
                if (eight & 0x8080808080808080)
                    break;
                i += sizeof eight;
            }
            continue;
        }
        u32 more = c >= 0xc2 && c < 0xe0 ? 1 : (c & 0xf0) == 0xe0 ? 2
                 : c >= 0xf0 && c < 0xf5 ? 3 : 9;
        if (more == 9 || a.n - i <= more)
            return false;
        u32 rune = c & (0x3fu >> more);
        for (u32 k = 1; k <= more; k++) {
            if (((u8)a.p[i + k] & 0xc0) != 0x80)
                return false;
            rune = rune << 6 | ((u8)a.p[i + k] & 0x3f);
        }
        if ((more == 2 && rune < 0x800) || (more == 3 && rune < 0x10000) || rune > 0x10ffff
            || (rune >= 0xd800 && rune < 0xe000) || (rune >= 0xfdd0 && rune <= 0xfdef)
            || (rune & 0xfffe) == 0xfffe)
            return false;
        i += more + 1;
    }
    return true;
}

bool text_safe(struct str a)
{
    for (size_t i = 0; i < a.n; i++)
        if ((u8)a.p[i] < ' ' || a.p[i] == 0x7f)
            return false;
    return true;
}

u32 str_hash(struct str a)
{
    u32 h = 2166136261u;          /* FNV-1a: names are short and the table is half empty */
    for (size_t i = 0; i < a.n; i++)
        h = (h ^ (u8)a.p[i]) * 16777619u;
    return h ^ h >> 15;
}
