/* SPDX-License-Identifier: 0BSD
 *
 * Pure value parsers, as systemd.syntax(7), systemd.time(7) and systemd.exec(5) define the values.
 * Each returns 0 or a negative errno and leaves its output alone on failure. Nothing here logs. */
#include "base.h"

#include <sys/resource.h>

int parse_bool(struct str s, bool *out)
{
    u32 n = 0;
    for (EACH(w, "0\0" "1\0n\0y\0f\0t\0no\0yes\0false\0true\0off\0on\0")) {
        size_t k = 0;
        while (k < s.n && (s.p[k] | 0x20) == (w[k] | 0x20))
            k++;
        if (k == s.n && !w[k]) {
            *out = n & 1;
            return 0;
        }
        n++;
    }
    return -EINVAL;
}

int parse_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#define DIGITS "0123456789"
static bool is_digit(struct str s) { return s.n && s.p[0] >= '0' && s.p[0] <= '9'; }

/* Reads digits at the front of *s; -ERANGE when they do not fit, -EINVAL when there are none. */
static int take_digits(struct str *s, u32 base, u64 *out)
{
    u64 v = 0;
    bool any = false, over = false;
    for (; s->n; s->p++, s->n--) {
        int d = parse_hex(s->p[0]);
        if (d < 0 || (u32)d >= base)
            break;
        over |= v > (UINT64_MAX - (u64)d) / base;
        v = v * base + (u64)d;
        any = true;
    }
    if (!any)
        return -EINVAL;
    if (over)
        return -ERANGE;
    *out = v;
    return 0;
}

static struct str skip(struct str s, const char *set)
{
    while (s.n && in_set(s.p[0], set))
        s = str_from(s, 1);
    return s;
}

static struct str skip_blanks(struct str s) { return skip(s, BLANKS); }

int parse_u64(struct str s, u32 base, u64 *out)
{
    u64 v;
    s = skip_blanks(s);
    if (str_starts(s, "+"))
        s = str_from(s, 1);
    else if (str_starts(s, "-"))
        return is_digit(str_from(s, 1)) ? -ERANGE : -EINVAL;
    if (base == 0) {
        bool hex = s.n > 2 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x';
        base = hex ? 16 : s.n > 1 && s.p[0] == '0' ? 8 : 10;
        s = str_from(s, hex ? 2 : 0);
    }
    int r = take_digits(&s, base, &v);
    if (s.n)
        return -EINVAL;
    if (r == 0)
        *out = v;
    return r;
}

int parse_int(struct str s, i32 lo, i32 hi, i32 *out)
{
    u64 v;
    s = str_trim(s);
    bool negative = str_starts(s, "-");
    if (negative)
        s = str_from(s, 1);
    if (negative && !is_digit(s))
        return -EINVAL;
    int r = parse_u64(s, 10, &v);
    if (r < 0)
        return r;
    if (v > 0x80000000u)
        return -ERANGE;
    i64 n = negative ? -(i64)v : (i64)v;
    if (n < lo || n > hi)
        return -ERANGE;
    *out = (i32)n;
    return 0;
}

int parse_mode(struct str s, u32 *out)
{
    u64 v;
    if (str_starts(s, "+"))
        return -EINVAL;
    int r = parse_u64(s, 8, &v);
    if (r == 0 && v > 07777)
        r = -ERANGE;
    if (r == 0)
        *out = (u32)v;
    return r;
}

/* ---- time spans ---------------------------------------------------------------------------- */

const char span_words[] =
    "y year years\0month months M\0w week weeks\0d day days\0h hr hour hours\0min minute minutes m\0s sec second seconds\0"
    "ms msec\0us usec \xce\xbcs \xc2\xb5s\0";
const usec span_units[] = { 31557600 * USEC_SEC, 2629800 * USEC_SEC, 604800 * USEC_SEC, 86400 * USEC_SEC, 3600 * USEC_SEC,
                            USEC_MIN, USEC_SEC, USEC_MS, 1 };

/* Takes a unit at the front of *s, if there is one: the longest word that fits. `scale` of them are a microsecond. */
static bool take_unit(struct str *s, u32 scale, usec *unit)
{
    struct str t = skip_blanks(*s), word;
    size_t longest = 0;
    const usec *of = span_units;
    if (!t.n)
        return false;
    for (EACH(words, span_words)) {
        for (struct str rest = str_of(words); (word = str_word(&rest, " ")).p;)
            if (word.n > longest && str_eq(str_cut(t, word.n), word)) {
                longest = word.n;
                *unit = *of * scale;
            }
        of++;
    }
    if (!longest && scale > 1 && t.p[0] == 'n') {
        longest = str_starts(t, "nsec") ? 4 : str_starts(t, "ns") ? 2 : 0;
        *unit = longest ? 1 : *unit;
    }
    if (longest)
        *s = str_from(t, longest);
    return longest;
}

/* One "12.5min" of a span; moves *s and adds to *sum. */
static int take_span(struct str *s, u32 scale, usec unit, usec *sum)
{
    struct str fraction = { NULL, 0 };
    u64 whole = 0;
    if (str_starts(*s, "-"))
        return -ERANGE;
    if (str_starts(*s, "+"))
        *s = str_from(*s, 1);
    int r = take_digits(s, 10, &whole);
    if (r == -ERANGE || whole > INT64_MAX)
        return -ERANGE;                  /* as strtoll(3), which systemd calls */
    if (r < 0 && !str_starts(*s, "."))
        return r;
    if (str_starts(*s, ".")) {
        fraction = *s = str_from(*s, 1);
        *s = skip(*s, DIGITS);
        fraction.n -= s->n;
        if (!fraction.n)
            return -EINVAL;
    }
    if (!take_unit(s, scale, &unit) && s->n && !strchr(BLANKS, s->p[0]))
        return -EINVAL;
    if (whole >= USEC_INF / unit || whole * unit >= USEC_INF - *sum)
        return -ERANGE;
    *sum += whole * unit;
    usec digit_unit = unit / 10;
    for (size_t i = 0; i < fraction.n; i++, digit_unit /= 10)
        *sum = usec_add(*sum, (u64)(fraction.p[i] - '0') * digit_unit);
    return *sum == USEC_INF ? -ERANGE : 0;
}

static int parse_scaled_span(struct str s, u32 scale, usec unit, u64 *out)
{
    usec sum = 0;
    s = str_trim(s);
    if (!s.n)
        return -EINVAL;
    if (str_is(s, "infinity")) {
        *out = USEC_INF;
        return 0;
    }
    while ((s = skip_blanks(s)).n) {
        int r = take_span(&s, scale, unit, &sum);
        if (r < 0)
            return r;
    }
    *out = sum;
    return 0;
}

int parse_span(struct str s, usec unit, usec *out) { return parse_scaled_span(s, 1, unit, out); }
int parse_nspan(struct str s, u64 *out) { return parse_scaled_span(s, 1000, 1, out); }

/* ---- sizes and shares ---------------------------------------------------------------------- */

int parse_size(struct str s, u32 base, u64 *out)
{
    static const char suffixes[] = "EPTGMKB";
    u64 sum = 0;
    u32 next = 0;                      /* suffixes must come in falling order */
    do {
        u64 whole, factor = 1, part = 0;
        s = skip_blanks(s);
        if (str_starts(s, "-"))
            return is_digit(str_from(s, 1)) ? -ERANGE : -EINVAL;
        if (str_starts(s, "+"))
            s = str_from(s, 1);
        int r = take_digits(&s, 10, &whole);
        if (r < 0)
            return r;
        bool point = str_starts(s, ".");
        struct str digits = str_from(s, point);
        s = point ? skip(digits, DIGITS) : digits;
        digits.n -= s.n;
        s = skip_blanks(s);
        const char *at = s.n && s.p[0] ? strchr(suffixes, s.p[0]) : NULL;
        u32 which = at ? (u32)(at - suffixes) : (u32)sizeof suffixes - 1;
        if (which < next || (!at && s.n))
            return -EINVAL;
        for (u32 i = which; i < 6; i++)
            factor *= base;
        for (size_t i = digits.n; i-- > 0;)
            part = (part + (u64)(digits.p[i] - '0') * factor) / 10;
        if (whole > (UINT64_MAX - part) / factor)
            return -ERANGE;
        u64 value = whole * factor + part;
        if (value > UINT64_MAX - sum)
            return -ERANGE;
        sum += value;
        s = str_from(s, at ? 1 : 0);
        next = which + 1;
    } while (s.n);
    *out = sum;
    return 0;
}

/* "55%", with unit 1000 also "55.5%" and "555‰", with 10000 also "55.55%", "555.5‰" and "5555‱". */
int parse_percent_any(struct str s, u32 unit, u32 *out)
{
    u64 whole;
    u32 part = 0, scale = str_ends(s, "%") ? 100 : str_ends(s, "\xe2\x80\xb0") ? 1000 : str_ends(s, "\xe2\x80\xb1") ? 10000 : 0;
    if (!scale || scale > unit)
        return -EINVAL;
    s = str_cut(s, s.n - (scale == 100 ? 1 : 3));
    scale = unit / scale;
    int point = str_find(s, '.');
    if (point >= 0) {
        struct str digits = str_from(s, (size_t)point + 1);
        u32 place = scale / 10;
        if (!digits.n || skip(digits, DIGITS).n || digits.n > (scale == 100 ? 2 : scale == 10 ? 1 : 0))
            return -EINVAL;
        for (size_t i = 0; i < digits.n; i++, place /= 10)
            part += (u32)(digits.p[i] - '0') * place;
        s = str_cut(s, (size_t)point);
    }
    int r = parse_u64(s, 10, &whole);
    if (r < 0)
        return r;
    if (whole > (INT32_MAX - part) / scale)
        return -ERANGE;
    *out = (u32)whole * scale + part;
    return 0;
}

int parse_percent(struct str s, u32 unit, u32 *out)
{
    u32 v;
    int r = parse_percent_any(s, unit, &v);
    if (r == 0 && v > unit)
        r = -ERANGE;
    if (r == 0)
        *out = v;
    return r;
}

/* ---- sets and bytes ------------------------------------------------------------------------ */

int parse_cpus(struct str s, u8 bits[CPUS_MAX / 8], u32 *last)
{
    BUF(word, 64);
    u8 more[CPUS_MAX / 8] = { 0 };
    u32 end = *last;
    int r;
    while ((r = word_next(&s, BLANKS ",", WORD_UNQUOTE, &word)) > 0) {
        i32 from, to;
        int dash = str_find(STR(word), '-');
        struct str first = dash < 0 ? STR(word) : str_cut(STR(word), (size_t)dash);
        if (parse_int(first, 0, INT32_MAX, &from) < 0 || parse_int(str_from(STR(word), (size_t)(dash + 1)), 0, INT32_MAX, &to) < 0)
            return -EINVAL;
        if (from > to)
            end = MAX(end, 1u);
        else if (to >= CPUS_MAX)
            return -ERANGE;
        for (i32 i = from; i <= to; i++)
            more[i / 8] |= (u8)BIT(i % 8);
        end = from <= to ? MAX(end, (u32)to + 1) : end;
    }
    if (r < 0)
        return -EINVAL;
    for (u32 i = 0; i < sizeof more; i++)
        bits[i] |= more[i];
    *last = end;
    return 0;
}

static int base64_digit(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52
         : c == '+' ? 62 : c == '/' ? 63 : -1;
}

int parse_base64(struct str s, struct buf *out)
{
    u32 bits = 0, n = 0;
    for (; s.n && s.p[0] != '='; s = str_from(s, 1)) {
        int d = base64_digit(s.p[0]);
        if (in_set(s.p[0], BLANKS))
            continue;
        if (d < 0)
            return -EINVAL;
        bits = bits << 6 | (u32)d;
        if (++n % 4 > 1 || n % 4 == 0)
            buf_c(out, (char)(bits >> (n % 4 == 2 ? 4 : n % 4 == 3 ? 2 : 0)));
    }
    u32 pad = 0;
    for (; s.n; s = str_from(s, 1))
        if (s.p[0] == '=')
            pad++;
        else if (!in_set(s.p[0], BLANKS))
            return -EINVAL;
    if ((n + pad) % 4)
        return -EPIPE;                   /* systemd's word for what is cut off */
    return pad > 2 || (n % 4 == 2 && bits & 15) || (n % 4 == 3 && bits & 3) ? -EINVAL : 0;
}

int parse_hex_bytes(struct str s, struct buf *out)
{
    if (s.n % 2)
        return -EINVAL;
    for (; s.n; s = str_from(s, 2)) {
        int high = parse_hex(s.p[0]), low = parse_hex(s.p[1]);
        if (high < 0 || low < 0)
            return -EINVAL;
        buf_c(out, (char)(high << 4 | low));
    }
    return 0;
}

/* ---- names with numbers -------------------------------------------------------------------- */

/* The kernel's real-time signals as glibc and systemd count them: musl takes 34 for itself and
 * calls 35 SIGRTMIN, but SIGRTMIN+3 must stay 37 for everybody who sends it. */
#define RTMIN 34
#define RTMAX 64

int parse_signal(struct str s, int *out)
{
    i32 n;
    bool prefixed = str_starts(s, "SIG");
    if (!prefixed && s.n && !(s.p[0] >= 'A' && s.p[0] <= 'Z')) {
        int r = parse_int(s, 1, RTMAX, &n);
        if (r == 0)
            *out = n;
        return r;
    }
    if (prefixed)
        s = str_from(s, 3);
    if (name_find(signal_names, s, &n) == 0) {
        *out = n;
        return 0;
    }
    bool low = str_starts(s, "RTMIN"), high = str_starts(s, "RTMAX");
    s = str_from(s, 5);
    if (!low && !high)
        return -EINVAL;
    n = 0;
    if (s.n) {
        if (s.p[0] != (low ? '+' : '-') || !is_digit(str_from(s, 1)))
            return -EINVAL;
        int r = parse_int(str_from(s, 1), 0, RTMAX - RTMIN, &n);
        if (r < 0)
            return r;
    }
    *out = low ? RTMIN + n : RTMAX - n;
    return 0;
}

int parse_exit_status(struct str s, int *out)
{
    i32 n;
    int r = name_find(exit_status_names, s, &n);
    if (r < 0)
        r = parse_int(s, 0, 255, &n);
    if (r == 0)
        *out = n;
    return r;
}

int parse_nice(struct str s, int *out)
{
    i32 n;
    if (str_starts(s, "+") && str_starts(str_from(s, 1), "-"))
        return -EINVAL;
    int r = parse_int(s, -20, 19, &n);
    if (r == 0)
        *out = n;
    return r;
}

static int parse_limit_nice(struct str s, u64 *out)
{
    u64 v;
    char sign = s.n ? s.p[0] : 0;
    int r = parse_u64(str_from(s, sign == '+' || sign == '-' ? 1 : 0), 10, &v);
    if (r < 0)
        return r;
    if (v > (sign == '+' ? 19 : sign == '-' ? 20 : 40))
        return -ERANGE;
    *out = sign == '+' ? 20 - v : sign == '-' ? 20 + v : v;
    return 0;
}

static int parse_limit(int which, struct str s, u64 *out)
{
    usec t;
    int r;
    if (str_is(s, "infinity")) {
        *out = RLIM_INFINITY;
        return 0;
    }
    const u32 plain = BIT(RLIMIT_NOFILE) | BIT(RLIMIT_NPROC) | BIT(RLIMIT_LOCKS) | BIT(RLIMIT_SIGPENDING) | BIT(RLIMIT_RTPRIO);
    if (which == RLIMIT_NICE)
        return parse_limit_nice(s, out);
    if (which != RLIMIT_CPU && which != RLIMIT_RTTIME)
        return BIT(which) & plain ? parse_u64(s, 10, out) : parse_size(s, 1024, out);
    usec unit = which == RLIMIT_CPU ? USEC_SEC : 1;
    r = parse_span(s, unit, &t);
    if (r == 0)
        *out = (t + unit - 1) / unit;
    return r;
}

int parse_rlimit(int which, struct str s, u64 *soft, u64 *hard)
{
    u64 lo, hi;
    int colon = str_find(s, ':');
    int r = parse_limit(which, colon < 0 ? s : str_cut(s, (size_t)colon), &lo);
    if (r < 0)
        return r;
    hi = lo;
    if (colon >= 0)
        r = parse_limit(which, str_from(s, (size_t)colon + 1), &hi);
    if (r < 0)
        return r;
    if (lo > hi)
        return -EILSEQ;
    *soft = lo;
    *hard = hi;
    return 0;
}

/* ---- words and escapes --------------------------------------------------------------------- */

u32 utf8_put(char *to, u32 c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    u32 n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (u32 i = n; --i > 0; c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)(0xf00u >> n | c);
    return n;
}

/* The numeric escapes: \xHH \OOO \uHHHH \UHHHHHHHH. NUL is refused everywhere. */
static int unescape_number(struct str s, u32 *out, bool *byte)
{
    u32 digits = s.p[0] == 'x' ? 2 : s.p[0] == 'u' ? 4 : s.p[0] == 'U' ? 8 : 3;
    u32 base = digits == 3 ? 8 : 16, from = base == 16;
    u64 v = 0;
    if (s.n < from + digits)
        return -EINVAL;
    for (u32 i = from; i < from + digits; i++) {
        int d = parse_hex(s.p[i]);
        if (d < 0 || (u32)d >= base)
            return -EINVAL;
        v = v * base + (u32)d;
    }
    *byte = digits <= 3;
    if (v == 0 || v > (*byte ? 255 : 0x10ffff) || (v >= 0xd800 && v < 0xe000))
        return -EINVAL;
    *out = (u32)v;
    return (int)(from + digits);
}

int unescape_one(struct str s, u32 *out, bool *byte)
{
    static const char letters[] = "abfnrtv\\\"'s", values[] = "\a\b\f\n\r\t\v\\\"' ";
    if (!s.n || !s.p[0])
        return -EINVAL;
    const char *at = strchr(letters, s.p[0]);
    if (at) {
        *out = (u8)values[at - letters];
        *byte = true;
        return 1;
    }
    if (strchr("xuU01234567", s.p[0]))
        return unescape_number(s, out, byte);
    return -EINVAL;
}

/* What follows a backslash, into out. */
static int put_escape(struct str *s, u32 flags, struct buf *out)
{
    u32 c;
    bool byte;
    char text[4];
    if (!s->n) {
        if (flags & WORD_UNESCAPE_RELAX)
            buf_c(out, '\\');
        return flags & (WORD_RELAX | WORD_UNESCAPE_RELAX) ? 0 : -EINVAL;
    }
    int used = flags & WORD_UNESCAPE ? unescape_one(*s, &c, &byte) : -EINVAL;
    if (used > 0) {
        if (byte)
            buf_c(out, (char)c);
        else
            buf_put(out, text, utf8_put(text, c));
    } else if (flags & WORD_UNESCAPE && !(flags & WORD_UNESCAPE_RELAX)) {
        return -EINVAL;
    } else {
        if (flags & WORD_UNESCAPE_RELAX)
            buf_c(out, '\\');
        buf_c(out, s->p[0]);
        used = 1;
    }
    *s = str_from(*s, (size_t)used);
    return 0;
}

/* How much is neither quotes nor backslashes nor separators. None of these comes after the backslash in ASCII. */
static size_t plain_length(struct str s, const char *separators)
{
    size_t n = 0;
    while (n < s.n && (s.p[n] > '\\' || (!in_set(s.p[n], separators) && !in_set(s.p[n], "\"'\\"))))
        n++;
    return n;
}

/* Takes the first word of *rest into out, which it empties first: 1, 0 when there is none, -EINVAL
 * for an open quote or a bad escape (RELAX lets both pass), -E2BIG when out is too small. */
int word_next(struct str *rest, const char *separators, u32 flags, struct buf *out)
{
    struct str s = *rest;
    char quote = 0;
    out->n = 0;
    out->over = false;
    if (!(flags & WORD_KEEP_EMPTY))
        s = skip(s, separators);
    if (!s.n) {
        *rest = s;
        return 0;
    }
    for (;;) {
        size_t plain = plain_length(s, separators);
        buf_put(out, s.p, plain);
        s = str_from(s, plain);
        char c = s.n ? s.p[0] : 0;
        if (!s.n || (!quote && in_set(c, separators)))
            break;
        s = str_from(s, 1);
        if (c == quote && quote) {
            quote = 0;
        } else if (!quote && (c == '"' || c == '\'') && flags & WORD_UNQUOTE) {
            quote = c;
        } else if (c == '\\' && flags & (WORD_UNESCAPE | WORD_UNQUOTE) && !(flags & WORD_KEEP_ESCAPES)) {
            int r = put_escape(&s, flags, out);
            if (r < 0)
                return r;
        } else {
            buf_c(out, c);
        }
    }
    if (quote && !(flags & WORD_RELAX))
        return -EINVAL;
    *rest = flags & WORD_KEEP_EMPTY ? str_from(s, 1) : skip(s, separators);
    return out->over ? -E2BIG : 1;
}
