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

void out_flush(void)
{
    write_all(1, pending.p, pending.n);
    pending.n = 0;
}

void out_str(struct str s)
{
    if (s.n > pending.cap - pending.n)
        out_flush();
    if (s.n > pending.cap)
        write_all(1, s.p, s.n);
    else
        buf_str(&pending, s);
}

void out(const char *fmt, ...)
{
    static char line[8192];
    struct buf b = BUF_OVER(line);
    va_list ap;
    va_start(ap, fmt);
    buf_vfmt(&b, fmt, ap);
    va_end(ap);
    out_str((struct str){ b.p, b.n });
}

int complain(const char *fmt, ...)
{
    BUF(line, 2048);
    va_list ap;
    out_flush();
    va_start(ap, fmt);
    buf_vfmt(&line, fmt, ap);
    va_end(ap);
    line.n = MIN(line.n, line.cap - 1);
    buf_c(&line, '\n');
    write_all(2, line.p, line.n);
    return 1;
}

/* ---- what the terminal can ------------------------------------------------------------------ */

static bool on_terminal(void)
{
    static i8 known;
    struct termios t;
    if (!known)
        known = sys_ioctl(1, TCGETS, &t) == 0 ? 1 : -1;
    return known > 0;
}

const char *ink(enum ink i)
{
    static const char *const codes[] = { "\033[0m", "\033[0;1;39m", "\033[0;1;31m", "\033[0;1;32m", "\033[0;1;33m",
                                         "\033[0;38;5;245m", "\033[0;4m" };
    const char *term = env_of("TERM"), *forced = env_of("SYSTEMD_COLORS");
    bool on = false;
    if (!forced || parse_bool(str_of(forced), &on) < 0)
        on = on_terminal() && !env_of("NO_COLOR") && !(term && STREQ(term, "dumb"));
    return on ? codes[i] : "";
}

/* As systemd: no locale at all is taken for UTF-8, which is what small systems have. */
static bool is_utf8(void)
{
    const char *l = env_of("LC_ALL");
    l = l && *l ? l : env_of("LC_CTYPE");
    l = l && *l ? l : env_of("LANG");
    return !l || !*l || strstr(l, "UTF-8") || strstr(l, "utf8");
}

const char *glyph(enum glyph g)
{
    static const char *const utf8[] = { "●", "○", "×", "↻", "├─", "└─", "│ ", "  ", "•", "→" };
    static const char *const ascii[] = { "*", "*", "x", "C", "|-", "`-", "| ", "  ", "*", "->" };
    return (is_utf8() ? utf8 : ascii)[g];
}

u32 out_columns(void)
{
    const char *given = env_of("COLUMNS");
    struct winsize size = { 0 };
    u64 n = 0;
    if (!on_terminal())
        return UINT32_MAX;
    if (given && parse_u64(str_of(given), 10, &n) == 0 && n)
        return (u32)n;
    return sys_ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* ---- tables -------------------------------------------------------------------------------- */

enum { COLUMNS_MAX = 8 };
static struct { const char *text; u8 ink; } cells[UNITS_MAX * 7 + COLUMNS_MAX];
static u32 cells_n, columns;

void grid_begin(const char *headers)
{
    cells_n = columns = 0;
    for (const char *h = headers; *h; h += strlen(h) + 1)
        columns++;
    for (const char *h = headers; *h; h += strlen(h) + 1)
        grid_cell(*h == ' ' ? " " : h, UNDERLINE);
}

void grid_cell(const char *text, enum ink i)
{
    if (cells_n == LEN(cells))
        return;
    cells[cells_n].text = text;
    cells[cells_n++].ink = (u8)i;
}

/* A cell, padded; one that is too wide for the terminal ends in dots. */
static void put_cell(u32 i, u32 width, bool last)
{
    struct str s = str_of(cells[i].text);
    u32 have = text_width(s), ends = 0;
    bool cut = have > width && width > 3;
    for (u32 w = 0; cut && w < width - 3; ends++)
        w += ((u8)s.p[ends + 1] & 0xc0) != 0x80;
    const char *on = cells[i].ink == PLAIN ? "" : ink(cells[i].ink);
    out("%s%.*s%s", on, cut ? (int)ends : (int)s.n, s.p, cut ? "..." : "");
    for (have = MIN(have, width); have < width && !(last && !*on); have++)
        out_str(S(" "));
    out("%s%s", *on ? ink(PLAIN) : "", last ? "\n" : " ");
}

void grid_print(u32 hidden)
{
    u32 width[COLUMNS_MAX] = { 0 }, total = 0, last = 0, room = args.full ? UINT32_MAX : out_columns();
    u32 first = args.no_legend ? columns : 0;
    for (u32 i = first; i < cells_n; i++)
        width[i % columns] = MAX(width[i % columns], text_width(str_of(cells[i].text)));
    for (u32 c = 0; c < columns; c++)
        if (!(hidden & BIT(c))) {
            total += width[c] + 1;
            last = c;
        }
    if (total > room)
        width[last] = width[last] > total - room + 8 ? width[last] - (total - room) : MIN(width[last], 8u);
    for (u32 i = first; i < cells_n; i++)
        if (!(hidden & BIT(i % columns)))
            put_cell(i, width[i % columns], i % columns == last);
}
