/* SPDX-License-Identifier: 0BSD
 *
 * Standard output of the client programs: gathered writing, colours, glyphs, tables. */
#include "client.h"

#include <sys/ioctl.h>
#include <termios.h>

char **client_environment;

const char *env_of(const char *name)
{
    size_t n = strlen(name);
    for (char **e = client_environment; e && *e; e++)
        if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
            return *e + n + 1;
    return NULL;
}

/* ---- what the terminal can ------------------------------------------------------------------ */

bool is_terminal(int fd)
{
    struct termios t;
    return sys_ioctl(fd, TCGETS, &t) == 0;
}

static bool has_colours(void)
{
    static bool known, on;
    const char *term = env_of("TERM");
    if (!known && parse_bool(str_of(env_of("SYSTEMD_COLORS")), &on) < 0)
        on = is_terminal(1) && !env_of("NO_COLOR") && !(term && STREQ(term, "dumb"));
    known = true;
    return on;
}

/* As systemd: no locale at all is taken for UTF-8, which is what small systems have. */
bool is_utf8(void)
{
    for (EACH(name, "LC_ALL\0LC_CTYPE\0LANG\0")) {
        const char *l = env_of(name);
        if (l && *l)
            return strstr(l, "UTF-8") || strstr(l, "utf8");
    }
    return true;
}

u32 out_columns(void)
{
    const char *given = env_of("COLUMNS");
    struct winsize size = { 0 };
    u64 n = 0;
    if (args.full || !is_terminal(1))
        return UINT32_MAX;
    if (given && decimal(given, &n) && n)
        return (u32)n;
    return sys_ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* ---- writing ------------------------------------------------------------------------------- */

static char space[32768];
static struct buf pending = { space, 0, sizeof space, false };

static void write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t done = sys_write(fd, p, n);
        if (done == -EPIPE || (done < 0 && done != -EINTR && done != -EAGAIN))
            return;                      /* nobody reads: a pipe to head(1) */
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
}

static void flush_to(int fd)
{
    write_all(fd, pending.p, pending.n);
    pending.n = 0;
}

void out_flush(void) { flush_to(1); }

void out_str(struct str s)
{
    if (s.n > pending.cap - pending.n)
        out_flush();
    if (s.n > pending.cap)
        write_all(1, s.p, s.n);
    else
        buf_str(&pending, s);
}

static const char *nth(const char *words, int n)
{
    while (n--)
        words = z_next(words);
    return words;
}

/* An ink is written only where it changes: what is plain from the start gets no code. */
static void put_ink(char c)
{
    static const char *const codes = "\033[0m\0\033[0;1;39m\0\033[0;1;31m\0\033[0;1;32m\0\033[0;1;33m\0"
                                     "\033[0;38;5;245m\0\033[0;4m\0";
    static char current = PLAIN;
    if (c != current && has_colours()) {
        current = c;
        buf_z(&pending, nth(codes, c - PLAIN));
    }
}

static void put_glyph(char c)
{
    static const char *const utf8 = "●\0○\0×\0↻\0├─\0└─\0│ \0  \0•\0",
                      *const ascii = "*\0*\0x\0C\0|-\0`-\0| \0  \0*\0";
    buf_z(&pending, nth(is_utf8() ? utf8 : ascii, c - GLYPH_ACTIVE));
}

static void out_v(const char *fmt, va_list ap)
{
    static char line[16384];
    static struct buf b = BUF_OVER(line);
    b.n = 0;
    buf_vfmt(&b, fmt, ap);
    for (u32 i = 0; i < b.n; i++) {
        char c = line[i];
        if (pending.cap - pending.n < 16)        /* the longest of these is an ink's code: 13 bytes */
            out_flush();
        if (c >= PLAIN && c <= UNDERLINE)
            put_ink(c);
        else if (c >= GLYPH_ACTIVE && c <= GLYPH_BULLET)
            put_glyph(c);
        else
            buf_c(&pending, c);
    }
}

void out(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    out_v(fmt, ap);
    va_end(ap);
}

int complain(const char *fmt, ...)
{
    va_list ap;
    out_flush();
    va_start(ap, fmt);
    out_v(fmt, ap);
    va_end(ap);
    out("\n");
    flush_to(2);
    return 1;
}

int failed(const char *what, int r) { return complain("Failed to %s: %s", what, strerror(-r)); }

/* ---- tables -------------------------------------------------------------------------------- */

enum { COLUMNS_MAX = 8 };
static struct { const char *text; char ink; } cells[UNITS_MAX * 7 + COLUMNS_MAX];
static u32 cells_n, columns;

void grid_begin(const char *headers)
{
    cells_n = columns = 0;
    for (; *headers; headers = z_next(headers), columns++)
        grid_cell(headers, UNDERLINE);
}

void grid_cell(const char *text, enum ink i)
{
    if (cells_n < LEN(cells)) {
        cells[cells_n].text = text;
        cells[cells_n++].ink = (char)i;
    }
}

static u32 cell_width(u32 i) { return text_width(str_of(cells[i].text)); }

/* A cell, padded; one that is too wide for the terminal ends in dots. */
static void put_cell(u32 i, u32 width, bool last)
{
    const char *text = cells[i].text;
    char ink = cells[i].ink;
    u32 have = cell_width(i);
    int n = INT32_MAX;
    bool cut = have > width && width > 3;
    if (cut)
        for (n = 0, have = 3; have < width; n++)
            have += ((u8)text[n + 1] & 0xc0) != 0x80;
    if (have > width || (last && (ink == PLAIN || !has_colours())))
        have = width;
    out("%c%.*s%s%*s%s", ink, n, text, cut ? "..." : "", (int)(width - have), "", last ? "\1\n" : "\1 ");
}

void grid_print(u32 hidden)
{
    u32 width[COLUMNS_MAX] = { 0 }, total = 0, last = 0, room = out_columns();
    u32 first = args.no_legend ? columns : 0;
    for (u32 c = 0; c < columns; c++) {
        if (hidden & BIT(c))
            continue;
        for (u32 i = first + c; i < cells_n; i += columns) {
            u32 w = cell_width(i);
            width[c] = MAX(width[c], w);
        }
        total += width[c] + 1;
        last = c;
    }
    if (total > room)
        width[last] = width[last] > total - room + 8 ? width[last] - (total - room) : MIN(width[last], 8u);
    for (u32 i = first, c = 0; i < cells_n; i++, c = i % columns)
        if (!(hidden & BIT(c)))
            put_cell(i, width[c], c == last);
}
