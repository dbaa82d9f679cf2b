/* SPDX-License-Identifier: 0BSD
 *
 * The bounded writer that all text goes through, in place of stdio (16 KB of text). What does not
 * fit is cut off and the writer says so in `over`; nothing is ever written behind `cap`. */
#include "base.h"
#include "../limits.h"

void buf_over(struct buf *b, char *p, u32 cap) { *b = (struct buf){ p, 0, cap, false }; }

void buf_put(struct buf *b, const void *p, size_t n)
{
    if (n > b->cap - b->n) {
        n = b->cap - b->n;
        b->over = true;
    }
    memcpy(b->p + b->n, p, n);
    b->n += (u32)n;
}

void buf_c(struct buf *b, char c) { buf_put(b, &c, 1); }

void buf_str(struct buf *b, struct str s) { buf_put(b, s.p, s.n); }

/* Digits of v in `base`, at least `width` of them, padded on the left with `pad`. */
static void put_number(struct buf *b, u64 v, u32 base, u32 width, char pad, bool negative)
{
    char digits[24];
    u32 n = 0;
    do
        digits[sizeof digits - ++n] = "0123456789abcdef"[v % base];
    while ((v /= base) && n < sizeof digits);
    u32 used = n + negative;
    if (negative && pad == '0')
        buf_c(b, '-');
    for (; used < width; used++)
        buf_c(b, pad);
    if (negative && pad != '0')
        buf_c(b, '-');
    buf_put(b, digits + sizeof digits - n, n);
}

void buf_u64(struct buf *b, u64 v) { put_number(b, v, 10, 0, ' ', false); }

/* One conversion of buf_vfmt(): what stands between '%' and the letter. */
struct conversion { bool left, zero, is_long; int width, precision; };

/* Whatever its type, an argument takes eight bytes; an int of them are four. */
static u64 next_arg(va_list *ap) { return va_arg(*ap, u64); }

/* A width or a precision: digits, or a star. */
static const char *read_number(const char *f, int *out, va_list *ap)
{
    *out = 0;
    if (*f == '*') {
        *out = (int)next_arg(ap);
        return f + 1;
    }
    for (; *f >= '0' && *f <= '9'; f++)
        *out = *out * 10 + (*f - '0');
    return f;
}

static const char *read_conversion(const char *f, struct conversion *c, va_list *ap)
{
    *c = (struct conversion){ .precision = -1 };
    for (; *f == '-' || *f == '0'; f++)
        *(*f == '-' ? &c->left : &c->zero) = true;
    f = read_number(f, &c->width, ap);
    if (*f == '.')
        f = read_number(f + 1, &c->precision, ap);
    for (; *f == 'l' || *f == 'z'; f++)
        c->is_long = true;
    return f;
}

/* TEXT()s, apart from the rest for the sake of the small stacks of light children. */
static void put_text(struct buf *b, const struct conversion *c, const char *z);
static __attribute__((noinline)) void put_packed(struct buf *b, const struct conversion *c, const char *text)
{
    char space[TEXT_BYTES];
    put_text(b, c, text_shown(text, space));
}

static __attribute__((noinline)) void packed_vfmt(struct buf *b, const char *text, va_list args)
{
    char space[TEXT_BYTES];
    buf_vfmt(b, text_shown(text, space), args);
}

static void put_text(struct buf *b, const struct conversion *c, const char *z)
{
    if (text_is_packed(z)) {
        put_packed(b, c, z);
        return;
    }
    size_t n = c->precision >= 0 ? strnlen(z, (size_t)c->precision) : strlen(z);
    int width = c->width ? (int)text_width((struct str){ z, n }) : 0;
    for (int i = width; !c->left && i < c->width; i++)
        buf_c(b, ' ');
    buf_put(b, z, n);
    for (int i = width; c->left && i < c->width; i++)
        buf_c(b, ' ');
}

void buf_z(struct buf *b, const char *z) { put_text(b, &(struct conversion){ .precision = -1 }, z); }

/* The part of printf(3) this program uses: %s %c %d %u %x %o %% with - 0 width .n .* l z. */
void buf_vfmt(struct buf *b, const char *fmt, va_list args)
{
    if (text_is_packed(fmt)) {
        packed_vfmt(b, fmt, args);
        return;
    }
    va_list ap;
    va_copy(ap, args);
    for (const char *f = fmt; *f; f++) {
        if (*f != '%') {
            const char *plain = f;
            while (f[1] && f[1] != '%')
                f++;
            buf_put(b, plain, (size_t)(f - plain) + 1);
            continue;
        }
        struct conversion c;
        f = read_conversion(f + 1, &c, &ap);
        u64 v = *f == '%' ? 0 : next_arg(&ap);
        if (*f == 's') {
            put_text(b, &c, v ? (const char *)(uintptr_t)v : "(null)");
        } else if (*f == 'c' || *f == '%') {
            buf_c(b, *f == 'c' ? (char)v : '%');
        } else {
            bool negative = *f == 'd' && (c.is_long ? (i64)v < 0 : (i32)v < 0);
            v = negative ? 0 - v : v;
            put_number(b, c.is_long ? v : (u32)v, *f == 'x' ? 16 : *f == 'o' ? 8 : 10, (u32)c.width, c.zero ? '0' : ' ', negative);
        }
    }
    va_end(ap);
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vfmt(b, fmt, ap);
    va_end(ap);
}

char *buf_end(struct buf *b)
{
    if (b->n == b->cap) {
        b->n--;
        b->over = true;
    }
    b->p[b->n] = 0;
    return b->p;
}

char *path_fmt(char *space, const char *fmt, ...)
{
    va_list ap;
    struct buf b = { space, 0, PATH_BYTES, false };
    va_start(ap, fmt);
    buf_vfmt(&b, fmt, ap);
    va_end(ap);
    return buf_end(&b);
}

struct buf *z_buf(void)
{
    static char spaces[4][PATH_BYTES];
    static struct buf bufs[4];
    static u32 turn;
    u32 i = turn++ % LEN(bufs);
    buf_over(&bufs[i], spaces[i], PATH_BYTES);
    return &bufs[i];
}

char *(z_fmt)(const char *fmt, ...)
{
    struct buf *b = z_buf();
    va_list ap;
    va_start(ap, fmt);
    buf_vfmt(b, fmt, ap);
    va_end(ap);
    return buf_end(b);
}

void buf_pad(struct buf *b, u32 from, u32 width)
{
    u32 have = text_width((struct str){ b->p + from, b->n - from });
    for (; have < width; have++)
        buf_c(b, ' ');
}

u32 text_width(struct str s)
{
    u32 width = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\033') {
            while (i + 1 < s.n && s.p[i] != 'm')
                i++;
            continue;
        }
        width += ((u8)s.p[i] & 0xc0) != 0x80;     /* continuation bytes of UTF-8 take no column */
    }
    return width;
}

void buf_span(struct buf *b, usec t, usec accuracy)
{
    const char *words = span_words;
    bool something = false;
    if (t == USEC_INF) {
        buf_z(b, "infinity");
        return;
    }
    if (t == 0) {
        buf_z(b, "0");
        return;
    }
    accuracy = MAX(accuracy, 1u);
    for (u32 i = 0; i < LEN(span_units) && t && !(something && t < accuracy); i++, words = z_next(words)) {
        if (t < span_units[i])
            continue;
        u64 whole = t / span_units[i], rest = t % span_units[i];
        if (something)
            buf_c(b, ' ');
        buf_u64(b, whole);
        /* Below a minute the rest is written as a fraction, to the accuracy asked for. */
        u32 digits = 0;
        for (u64 unit = span_units[i]; unit > accuracy; unit /= 10)
            digits++;
        if (t < USEC_MIN && rest && digits) {
            for (u64 k = accuracy; k > 1; k /= 10)
                rest /= 10;
            buf_fmt(b, ".%0*lu", (int)digits, (unsigned long)rest);
            rest = 0;
        }
        t = rest;
        buf_put(b, words, strcspn(words, " "));
        something = true;
    }
}

void buf_bytes(struct buf *b, u64 bytes)
{
    static const char suffixes[] = "EPTGMK";
    for (u32 i = 0; i < 6; i++) {
        u64 unit = 1ull << (60 - 10 * i);
        if (bytes < unit)
            continue;
        u64 tenths = unit > 1024 ? bytes / (unit / 1024) * 10 / 1024 : bytes * 10 / unit;
        buf_fmt(b, "%lu.%lu%c", (unsigned long)(bytes / unit), (unsigned long)(tenths % 10),
                suffixes[i]);
        return;
    }
    buf_fmt(b, "%luB", (unsigned long)bytes);
}

void buf_cescape(struct buf *b, struct str s)
{
    static const char named[] = "\a\b\f\n\r\t\v\\\"'", letters[] = "abfnrtv\\\"'";
    for (size_t i = 0; i < s.n; i++) {
        u8 c = (u8)s.p[i];
        const char *at = c ? strchr(named, c) : NULL;
        if (at) {
            buf_c(b, '\\');
            buf_c(b, letters[at - named]);
        } else if (c < ' ' || c >= 127) {
            buf_fmt(b, "\\%03o", c);
        } else {
            buf_c(b, (char)c);
        }
    }
}

void buf_octal(struct buf *b, struct str s)
{
    u64 c;
    for (; s.n; s = str_from(s, 1)) {
        bool escape = s.p[0] == '\\' && s.n > 3 && parse_u64((struct str){ s.p + 1, 3 }, 8, &c) == 0 && c < 256;
        bool twice = str_starts(s, "\\\\");
        buf_c(b, escape ? (char)c : s.p[0]);
        s = str_from(s, escape ? 3 : twice);
    }
}
