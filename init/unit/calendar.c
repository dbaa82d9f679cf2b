/* SPDX-License-Identifier: 0BSD
 *
 * Calendar expressions, systemd.time(7): text -> lists of numbers, the normalised text of them, and the next moment
 * they mean. Reads a time zone's file to do that; no timer is kept here. */
#include "unit.h"
#include "../sys.h"

#define SECOND 1000000

/* ---- reading ------------------------------------------------------------------------------- */

struct reader { const char *p; struct calendar *c; };
struct list { u16 first, n; };                   /* that may become one of c's */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool ends(char c, const char *set) { return !c || in_set(c, set); }

static void skip_spaces(struct reader *r)
{
    while (*r->p == ' ')
        r->p++;
}

static int add_part(struct reader *r, struct list *l, i32 from, i32 to, i32 step)
{
    if (r->c->used == CALENDAR_PARTS)
        return -ENOBUFS;
    r->c->parts[r->c->used++] = (struct calendar_part){ from, to, step };
    l->n++;
    return 0;
}

/* Digits, and with `micro` a fraction of at most a second's size in any length, rounded. */
static int read_number(struct reader *r, bool micro, i32 *out)
{
    u64 v = 0;
    bool over = false;
    if (!is_digit(*r->p))
        return -EINVAL;
    for (; is_digit(*r->p); r->p++) {
        over |= v > INT32_MAX;
        v = over ? v : v * 10 + (u64)(*r->p - '0');
    }
    if (over)
        return -ERANGE;
    if (micro) {
        v *= SECOND;
        if (r->p[0] == '.' && r->p[1] != '.') {
            u32 unit = SECOND / 10;
            r->p++;
            if (!is_digit(*r->p))
                return -EINVAL;
            for (; unit && is_digit(*r->p); unit /= 10)
                v += (u64)(*r->p++ - '0') * unit;
            v += !unit && *r->p >= '5' && *r->p <= '9';
            while (is_digit(*r->p))
                r->p++;
        }
    }
    if (v > INT32_MAX)
        return -ERANGE;
    *out = (i32)v;
    return 0;
}

/* "*", or numbers, ranges and steps with commas between. */
static int read_list(struct reader *r, bool micro, struct list *l)
{
    *l = (struct list){ r->c->used, 0 };
    if (*r->p == '*') {
        r->p++;
        return micro ? add_part(r, l, 0, -1, SECOND) : 0;
    }
    for (;; r->p++) {
        i32 from, to = -1, step = 0;
        int e = read_number(r, micro, &from);
        if (e == 0 && r->p[0] == '.' && r->p[1] == '.') {
            r->p += 2;
            step = micro ? SECOND : 1;
            e = read_number(r, micro, &to);
        }
        if (e < 0)
            return e;
        if (*r->p == '/') {
            r->p++;
            e = read_number(r, micro, &step);
            if (e < 0 || !step)
                return e < 0 ? e : -ERANGE;
        } else if (from > INT32_MAX - step) {
            return -ERANGE;
        } else if (micro && to >= 0 && from + step > to) {
            return -EINVAL;              /* a range below what its step is when none is said */
        }
        if (!ends(*r->p, " ,-~:"))
            return -EINVAL;
        e = add_part(r, l, from, to, step);
        if (e < 0 || *r->p != ',')
            return e;
    }
}

static void keep(struct reader *r, int which, struct list l)
{
    r->c->first[which] = l.first;
    r->c->n[which] = l.n;
}

/* One number alone in a list. */
static int put_number(struct reader *r, int which, i32 v)
{
    struct list l = { r->c->used, 0 };
    int e = add_part(r, &l, v, -1, 0);
    keep(r, which, l);
    return e;
}

static const char weekday_words[] = "Monday\0Tuesday\0Wednesday\0Thursday\0Friday\0Saturday\0Sunday\0";

static bool starts_with_case(const char *p, const char *word, size_t n)
{
    size_t i = 0;
    while (i < n && (p[i] == word[i] || ((p[i] ^ word[i]) == 0x20 && (word[i] | 0x20) >= 'a' && (word[i] | 0x20) <= 'z')))
        i++;
    return i == n;
}

/* The day whose whole or short name is next, behind which it goes; -1: none is. */
static int read_weekday(struct reader *r)
{
    int day = 0;
    for (EACH(w, weekday_words)) {
        if (starts_with_case(r->p, w, 3)) {
            r->p += starts_with_case(r->p, w, strlen(w)) ? strlen(w) : 3;
            return day;
        }
        day++;
    }
    return -1;
}

static int read_weekdays(struct reader *r)
{
    int from = -1;
    for (bool first = true;; first = false) {
        int day = read_weekday(r);
        if (day < 0)
            return first ? 0 : -EINVAL;          /* there are no days in it, but a date */
        if (!ends(*r->p, "-., ") || from > day)
            return -EINVAL;
        for (int i = from < 0 ? day : from; i <= day; i++)
            r->c->weekdays |= (u8)BIT(i);
        bool range = *r->p == '.' || *r->p == '-';
        if (range && (from >= 0 || (*r->p == '.' && r->p[1] != '.')))
            return -EINVAL;
        if (ends(*r->p, " ")) {
            skip_spaces(r);
            return 0;
        }
        r->p += *r->p == '.' ? 2 : 1;
        from = range ? day : -1;
        if (ends(*r->p, " ")) {                  /* a comma may be the last, a range not be open */
            skip_spaces(r);
            return range ? -EINVAL : 0;
        }
    }
}

/* @SECONDS since 1970. */
static int read_moment(struct reader *r)
{
    u64 v = 0;
    struct date d;
    struct str digits = { ++r->p, 0 };
    while (is_digit(*r->p))
        r->p++;
    digits.n = (size_t)(r->p - digits.p);
    int e = parse_u64(digits, 10, &v);
    if (e < 0 || v > 67768036191676799ull)       /* the last second whose year fits in an int, as gmtime(3) has it */
        return e < 0 ? e : -ERANGE;
    if (v > 7258118400ull)                       /* 2200: beyond what any list may hold */
        return -EINVAL;
    date_of((i64)v, &d);
    const i32 numbers[CAL_LISTS] = { d.year, d.month + 1, d.day, d.hour, d.minute, d.second * SECOND };
    for (int i = 0; i < CAL_LISTS; i++)
        (void)put_number(r, i, numbers[i]);
    r->c->utc = true;
    return 1;
}

/* [[year-]month-]day. 1: it was a moment, and there is no time behind it. */
static int read_date(struct reader *r)
{
    const char *begin = r->p;
    struct list l[3];
    u32 n = 0;
    if (!*r->p)
        return 0;
    if (*r->p == '@')
        return read_moment(r);
    for (;;) {
        int e = read_list(r, false, &l[n++]);
        if (e < 0)
            return e;
        if (n == 1 && ends(*r->p, ":")) {        /* it is a time */
            r->p = begin;
            r->c->used = 0;
            return 0;
        }
        if (n > 1 && ends(*r->p, " "))
            break;
        if (n == 3 || r->c->month_end || (*r->p != '-' && *r->p != '~'))
            return -EINVAL;
        r->c->month_end = *r->p++ == '~';
    }
    skip_spaces(r);
    for (u32 i = 0; i < n; i++)
        keep(r, (int)(CAL_DAY + 1 - n + i), l[i]);
    return 0;
}

/* hour:minute[:second]; midnight when there is none. */
static int read_clock(struct reader *r)
{
    bool given = *r->p;
    for (int which = CAL_HOUR; which < CAL_LISTS; which++) {
        struct list l;
        if (!given || (which == CAL_MICROSECOND && !*r->p)) {
            int e = put_number(r, which, 0);
            if (e < 0)
                return e;
            continue;
        }
        if (which > CAL_HOUR && *r->p++ != ':')
            return -EINVAL;
        int e = read_list(r, which == CAL_MICROSECOND, &l);
        if (e < 0)
            return e;
        keep(r, which, l);
    }
    return *r->p ? -EINVAL : 0;
}

/* ---- words for the whole, time zones ------------------------------------------------------- */

static const char shorthands[] =
    "minutely\0*:*:00\0hourly\0*:00:00\0daily\0" "00:00:00\0monthly\0*-01 00:00:00\0annually\0" "01-01 00:00:00\0"
    "yearly\0" "01-01 00:00:00\0anually\0" "01-01 00:00:00\0weekly\0Mon 00:00:00\0quarterly\0" "01,04,07,10-01 00:00:00\0"
    "biannually\0" "01,07-01 00:00:00\0bi-annually\0" "01,07-01 00:00:00\0semiannually\0" "01,07-01 00:00:00\0"
    "semi-annually\0" "01,07-01 00:00:00\0";

/* Takes " word" from the end of the text, whatever the case of its letters. */
static bool take_end(struct str *text, const char *word)
{
    size_t n = strlen(word);
    if (!n || text->n <= n || text->p[text->n - n - 1] != ' ' || !starts_with_case(text->p + text->n - n, word, n))
        return false;
    *text = str_cut(*text, text->n - n - 1);
    return true;
}

/* What the clock here is called in winter and in summer, of this year. */
static void local_names(char names[2][16])
{
    i64 now = (i64)(sys_now_real() / USEC_SEC);
    (void)zone_open(NULL);
    for (int i = 0; i < 12; i++) {
        struct zone z = zone_at(now - i * 30 * 86400);
        (void)z_copy(names[z.summer], 16, str_of(z.name));
    }
}

static void read_zone(struct str *text, struct calendar *c)
{
    char names[2][16] = { "", "" };
    int space = str_rfind(*text, ' ');
    if (take_end(text, "UTC")) {
        c->utc = true;
        return;
    }
    local_names(names);
    for (i8 i = 0; i < 2; i++)
        if (take_end(text, names[i])) {
            c->summer = i;
            return;
        }
    if (space < 0 || !z_copy(c->zone, sizeof c->zone, str_from(*text, (size_t)space + 1)))
        return;
    if (c->zone[0] == '/' || !zone_open(c->zone))
        c->zone[0] = 0;
    else
        *text = str_cut(*text, (size_t)space);
    if (STREQ(c->zone, "UTC")) {
        c->zone[0] = 0;
        c->utc = true;
    }
}

/* ---- order and limits ---------------------------------------------------------------------- */

static int part_order(const struct calendar_part *a, const struct calendar_part *b)
{
    i32 d = a->from != b->from ? (a->from < b->from ? -1 : 1) : a->to != b->to ? (a->to < b->to ? -1 : 1)
          : a->step != b->step ? (a->step < b->step ? -1 : 1) : 0;
    return d;
}

static void full_year(i32 *year)
{
    if (*year >= 0 && *year < 100)
        *year += *year < 70 ? 2000 : 1900;
}

/* Ranges end at their last step, what happens once has none; sorted, each once. */
static void normalise(struct calendar *c, int which)
{
    struct calendar_part *p = c->parts + c->first[which];
    u32 n = 0;
    for (u32 i = 0; i < c->n[which]; i++) {
        struct calendar_part v = p[i];
        if (which == CAL_YEAR) {
            full_year(&v.from);
            full_year(&v.to);
        }
        if (v.to > v.from && v.step > 0)
            v.to -= (v.to - v.from) % v.step;
        if (v.from == v.to || (v.to > v.from && v.step > v.to - v.from)) {
            v.step = 0;
            v.to = -1;
        }
        u32 at = n;
        while (at && part_order(&p[at - 1], &v) > 0)
            at--;
        if (at && part_order(&p[at - 1], &v) == 0)
            continue;
        memmove(p + at + 1, p + at, (n - at) * sizeof *p);
        p[at] = v;
        n++;
    }
    c->n[which] = (u16)n;
}

static bool within(const struct calendar *c, int which)
{
    static const struct { i32 from, to; } bounds[CAL_LISTS] = {
        { 1970, 2199 }, { 1, 12 }, { 1, 31 }, { 0, 23 }, { 0, 59 }, { 0, 60 * SECOND - 1 } };
    i32 from = bounds[which].from, to = bounds[which].to;
    bool end = which == CAL_DAY && c->month_end;
    to -= end ? 3 : 0;
    for (u32 i = 0; i < c->n[which]; i++) {
        struct calendar_part p = c->parts[c->first[which] + i];
        if (p.from < from || p.from > to || p.step > to - from)
            return false;
        if (p.to >= 0 ? p.to < from || p.to > to || p.from + p.step > p.to
                      : end ? p.from - p.step < from : p.from + p.step > to)
            return false;
    }
    return true;
}

int calendar_parse(struct str text, struct calendar *c)
{
    BUF(plain, 4096);
    struct reader r = { NULL, c };
    memset(c, 0, offsetof(struct calendar, parts));
    c->summer = -1;
    if (text.n >= sizeof plain_mem)
        return -ENOBUFS;
    if (memchr(text.p ? text.p : "", 0, text.n))
        return -EINVAL;
    read_zone(&text, c);
    if (!text.n)
        return -EINVAL;
    for (const char *word = shorthands; *word; word = z_next(z_next(word)))
        if (text.n == strlen(word) && starts_with_case(text.p, word, text.n))
            text = str_of(z_next(word));
    buf_str(&plain, text);
    r.p = buf_end(&plain);
    int e = read_weekdays(&r);
    if (e == 0)
        e = read_date(&r);
    if (e == 0)
        e = read_clock(&r);
    if (e < 0)
        return e;
    if (*r.p)
        return -EINVAL;
    if (c->weekdays == 127)
        c->weekdays = 0;
    c->month_end &= c->n[CAL_DAY] > 0;
    for (int i = 0; i < CAL_LISTS; i++)
        normalise(c, i);
    for (int i = 0; i < CAL_LISTS; i++)
        if (!within(c, i))
            return -EINVAL;
    return 0;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_weekdays(u32 days, struct buf *out)
{
    const char *comma = "";
    for (int from = 0, to; from < 7; from = to + 1) {
        for (to = from; days & BIT(to); to++)
            ;
        if (to == from)
            continue;
        const char *first = weekday_words, *last = weekday_words;
        for (int i = 0; i < to - 1; i++) {
            first = i < from ? z_next(first) : first;
            last = z_next(last);
        }
        buf_fmt(out, "%s%.3s", comma, first);
        if (to > from + 1)
            buf_fmt(out, "%s%.3s", to > from + 2 ? ".." : ",", last);
        comma = ",";
    }
    buf_c(out, ' ');
}

static void write_number(struct buf *out, i32 v, i32 unit, int width)
{
    buf_fmt(out, width == 4 ? "%04u" : width == 2 ? "%02u" : "%u", v / unit);
    if (v % unit)
        buf_fmt(out, ".%06u", v % unit);
}

static void write_list(const struct calendar *c, int which, struct buf *out)
{
    const struct calendar_part *p = c->parts + c->first[which], *end = p + c->n[which];
    i32 unit = which == CAL_MICROSECOND ? SECOND : 1;
    int width = which == CAL_YEAR ? 4 : 2;
    bool star = p == end;
    for (const struct calendar_part *q = p; unit > 1 && q < end; q++)
        star |= q->from == 0 && q->to < 0 && q->step == unit;
    if (star) {
        buf_c(out, '*');
        return;
    }
    for (const char *comma = ""; p < end; p++, comma = ",") {
        buf_z(out, comma);
        write_number(out, p->from, unit, width);
        if (p->to > 0) {
            buf_z(out, "..");
            write_number(out, p->to, unit, width);
        }
        if (p->step > 0 && !(p->to > 0 && p->step == unit)) {
            buf_c(out, '/');
            write_number(out, p->step, unit, 0);
        }
    }
}

void calendar_write(const struct calendar *c, struct buf *out)
{
    char names[2][16] = { "", "" };
    if (c->weekdays)
        write_weekdays(c->weekdays, out);
    for (int i = 0; i < CAL_LISTS; i++) {
        write_list(c, i, out);
        buf_z(out, i == CAL_MONTH && c->month_end ? "~" : i < CAL_DAY ? "-" : i == CAL_DAY ? " " : i < CAL_MICROSECOND ? ":" : "");
    }
    if (c->summer >= 0)
        local_names(names);
    const char *zone = c->utc ? "UTC" : c->summer >= 0 ? names[c->summer] : c->zone;
    if (*zone)
        buf_fmt(out, " %s", zone);
}

/* ---- the next moment ----------------------------------------------------------------------- */

/* The fields in the order of the lists; `micro` is the seconds too. */
struct moment { struct date d; i32 micro; };

/* What the clock would show: fields that are too large carried over, and moments that the change to summer time leaves
 * out moved behind it. Returns the moment in seconds since 1970. */
static i64 search_begin;

static i64 carry(const struct calendar *c, struct date *d)
{
    i64 local = date_seconds(d), when = c->utc ? local : zone_moment(local, search_begin);
    date_of(c->utc ? when : when + zone_at(when).offset, d);
    return when;
}

/* A day counted from the end of the month, from its begin; -1: the month has none. */
static i32 day_from_end(const struct date *d, i32 day)
{
    i32 n = month_days(d->year, d->month), v = n + 1 - day;
    return v >= 1 && v <= n ? v : -1;
}

/* The least value of a list that is not below *v, into it. 1: it changed, -ENOENT: there is none. */
static int least(const struct calendar *c, int which, const struct date *d, i32 *v)
{
    i32 best = INT32_MAX;
    const struct calendar_part *p = c->parts + c->first[which], *end = p + c->n[which];
    if (p == end)
        return 0;
    for (; p < end; p++) {
        i32 from = p->from, to = p->to;
        if (which == CAL_DAY && c->month_end) {
            from = day_from_end(d, p->from);
            to = day_from_end(d, p->to);
            if (to > 0) {
                i32 was = from;
                from = to;
                to = was;
            }
        }
        if (from >= *v)
            best = MIN(best, from);
        else if (p->step > 0) {
            i32 k = from + p->step * ((*v - from + p->step - 1) / p->step);
            if (to < 0 || k <= to)
                best = MIN(best, k);
        }
    }
    if (best == INT32_MAX)
        return -ENOENT;
    int changed = *v != best;
    *v = best;
    return changed;
}

/* Is this a date? 1: it is; 0: the clock shows another, later one, which it is now; negative: an earlier one. */
static int check_date(const struct calendar *c, struct moment *m)
{
    struct date d = m->d;
    i32 *now[] = { &d.year, &d.month, &d.day, &d.hour, &d.minute, &d.second };
    const i32 *was[] = { &m->d.year, &m->d.month, &m->d.day, &m->d.hour, &m->d.minute, &m->d.second };
    if (d.year > 2199)
        return -ERANGE;
    (void)carry(c, &d);
    for (u32 i = 0; i < LEN(now); i++)
        if (*now[i] != *was[i]) {
            if (*now[i] < *was[i])
                return -EDEADLK;
            if (i + 1 < LEN(now))                /* the next smaller field begins anew, or days would be left out */
                *now[i + 1] = i + 1 == 2;
            m->d = d;
            return 0;
        }
    return 1;
}

/* All fields below `which` at their least. */
static void reset_below(struct moment *m, int which)
{
    if (which < CAL_MONTH)
        m->d.month = 0;
    if (which < CAL_DAY)
        m->d.day = 1;
    if (which < CAL_HOUR)
        m->d.hour = 0;
    if (which < CAL_MINUTE)
        m->d.minute = 0;
    m->d.second = m->micro = 0;
}

/* One field as its list wants it. 1: go on with the next, 0: begin again from the year, -ENOENT: never. */
static int fit_field(const struct calendar *c, struct moment *m, int which)
{
    i32 *fields[] = { &m->d.year, &m->d.month, &m->d.day, &m->d.hour, &m->d.minute };
    i32 seconds = m->d.second * SECOND + m->micro, *field = which < CAL_MICROSECOND ? fields[which] : &seconds;
    *field += which == CAL_MONTH;
    int r = least(c, which, &m->d, field);
    *field -= which == CAL_MONTH;
    if (which == CAL_MICROSECOND) {
        m->micro = seconds % SECOND;
        m->d.second = seconds / SECOND;
    } else if (r > 0) {
        reset_below(m, which);
    }
    if (r >= 0)
        r = check_date(c, m);
    if (which == CAL_YEAR)
        return r == 1 ? 1 : -ENOENT;
    if (r < 0) {                                 /* none is left in this year, month, ...: on to the next one */
        ++*fields[which - 1];
        reset_below(m, which - 1);
        return 0;
    }
    if (r > 0 && which == CAL_DAY && c->weekdays) {
        struct date d = m->d;
        (void)carry(c, &d);
        if (!(c->weekdays & BIT(d.weekday))) {
            m->d.day++;
            reset_below(m, CAL_DAY);
            return 0;
        }
    }
    return r;
}

#define ROUNDS 1000      /* of looking, as in systemd: a clock that jumps in odd ways ends here, not PID 1 */

int calendar_next(const struct calendar *c, usec after_real, usec *next)
{
    struct moment m;
    usec from = after_real + 1;
    i64 start = (i64)(from / USEC_SEC);
    if (after_real > 253402300799ull * USEC_SEC)
        return -EINVAL;
    if (!c->utc)
        (void)zone_open(c->zone[0] ? c->zone : NULL);
    search_begin = start;
    date_of(c->utc ? start : start + zone_at(start).offset, &m.d);
    m.micro = (i32)(from % USEC_SEC);
    for (int round = 0; round < ROUNDS; round++) {
        int r = 1;
        (void)carry(c, &m.d);
        for (int which = 0; which < CAL_LISTS && r > 0; which++)
            r = fit_field(c, &m, which);
        if (r < 0)
            return r;
        if (!r)
            continue;
        usec found = (usec)carry(c, &m.d) * USEC_SEC + (u32)m.micro;
        if (found >= from) {
            *next = found;
            return 0;
        }
        m.d.hour++;                              /* the hour that summer time's end has twice */
    }
    return -EDEADLK;
}
