/* SPDX-License-Identifier: 0BSD
 *
 * systemd-analyze calendar, timestamp, timespan: what an expression of systemd.time(7) means. Calendars are unit/calendar.c's,
 * spans base/parse.c's; moments as a person writes them are read here, those to be shown are written by time.c. */
#include "client.h"

/* ---- moments -------------------------------------------------------------------------------- */

static const char month_words[] =
    "January\0February\0March\0April\0May\0June\0July\0August\0September\0October\0November\0December\0";
static const char weekday_words[] = "Monday\0Tuesday\0Wednesday\0Thursday\0Friday\0Saturday\0Sunday\0";

/* How many bytes at the text's front are a word of the list, whole or its first three letters, in whatever case; 0: none. */
static size_t word_at(const char *text, const char *words, i32 *which)
{
    *which = 0;
    for (EACH(word, words)) {
        size_t n = 0;
        while (word[n] && (text[n] | 0x20) == (word[n] | 0x20))
            n++;
        if (n >= 3)
            return word[n] ? 3 : n;
        ++*which;
    }
    return 0;
}

/* strptime(3)'s number: blanks, then at most `digits` of them. */
static bool take_number(const char **p, u32 digits, i32 lowest, i32 highest, i32 *to)
{
    const char *at = *p + strspn(*p, BLANKS);
    i32 v = 0;
    if (*at < '0' || *at > '9')
        return false;
    for (; digits && *at >= '0' && *at <= '9' && v * 10 <= highest; digits--)
        v = v * 10 + *at++ - '0';
    *p = at;
    *to = v;
    return v >= lowest && v <= highest;
}

/* A text by a format of strptime(3): y Y b d H M S as they are, a blank is any blanks, all else itself. What is
 * behind it; NULL: it is not of that form. */
static const char *date_as(const char *p, const char *format, struct date *d)
{
    for (; *format; format++) {
        bool good = true;
        i32 n = 0;
        switch (*format) {
        case 'y': good = take_number(&p, 2, 0, 99, &n), d->year = n + (n < 69 ? 2000 : 1900); break;
        case 'Y': good = take_number(&p, 4, 0, 9999, &d->year); break;
        case 'm': good = take_number(&p, 2, 1, 12, &d->month), d->month--; break;
        case 'd': good = take_number(&p, 2, 1, 31, &d->day); break;
        case 'H': good = take_number(&p, 2, 0, 23, &d->hour); break;
        case 'M': good = take_number(&p, 2, 0, 59, &d->minute); break;
        case 'S': good = take_number(&p, 2, 0, 61, &d->second); break;
        case ' ': p += strspn(p, BLANKS); break;
        case 'b': p += n = (i32)word_at(p, month_words, &d->month), good = n; break;
        default: good = *p == *format, p += good;
        }
        if (!good)
            return NULL;
    }
    return p;
}

/* ".123456" and nothing behind it; digits too many are rounded. */
static bool fraction(const char *p, usec *micro)
{
    u32 unit = 100000;
    *micro = 0;
    if (*p++ != '.' || *p < '0' || *p > '9')
        return false;
    for (; unit && *p >= '0' && *p <= '9'; unit /= 10)
        *micro += (u32)(*p++ - '0') * unit;
    *micro += !unit && *p >= '5' && *p <= '9';
    return !p[strspn(p, "0123456789")];
}

/* A date, a clock or both: what is not said is of *d, which is now. */
static int date_and_clock(const char *t, struct date *d, usec *micro)
{
    static const char formats[] = "y-m-d H:M:S\0Y-m-d H:M:S\0b d H:M:S\0y-m-d H:M\0Y-m-d H:M\0y-m-d\0Y-m-d\0H:M:S\0H:M\0";
    const struct date now = *d;
    for (EACH(format, formats)) {
        *d = now;
        if (!z_ends(format, "S"))
            d->second = 0;
        if (z_ends(format, "d"))
            d->hour = d->minute = 0;
        const char *rest = date_as(t, format, d);
        if (rest && (!*rest || (z_ends(format, "S") && *rest == '.')))
            return !*rest || fraction(rest, micro) ? 0 : -EINVAL;
    }
    return -EINVAL;
}

/* When the clock shows `local`. As glibc's mktime(3), which reads it as of Greenwich first, of two moments takes the one
 * that is nearer from there. */
static i64 local_moment(i64 local)
{
    i64 when = local;
    for (int i = 0; i < 4; i++) {
        i64 shown = when + zone_at(when).offset;
        if (shown == local)
            return when;
        when += local - shown;
    }
    return zone_moment(local, 0);                /* the hour that the begin of summer time leaves out */
}

/* The same where it was said that it is summer time, or not: with the offset that is nearest in time, looked for as far
 * as mktime(3) does; if there is none, summer time is one hour. */
static i64 moment_of_name(i64 local, bool summer)
{
    enum { STEP = 601200, STEPS = 447 };         /* a week less an hour; eight and a half years */
    i64 when = local_moment(local);
    struct zone here = zone_at(when);
    if (here.summer == summer)
        return local - here.offset;
    for (i64 away = STEP; away < STEP * STEPS; away += STEP)
        for (i64 side = -1; side <= 1; side += 2) {
            struct zone z = zone_at(when + side * away);
            if (z.summer == summer)
                return local - z.offset;
        }
    return when + (summer ? -3600 : 3600);
}

/* What a moment is written in: `summer` is 0 or 1 where a name of the local zone said so, -1: not said. */
struct in_zone { bool utc; int summer; };

/* "yesterday", "Fri 2012-10-12 13:12". */
static int moment_in_zone(const char *t, struct in_zone in, usec now, usec *to)
{
    struct date d;
    usec micro = 0;
    int day = 0, weekday = -1;
    i64 seconds = (i64)(now / USEC_SEC);
    date_of(in.utc ? seconds : seconds + zone_at(seconds).offset, &d);
    for (EACH(word, "yesterday\0today\0tomorrow\0")) {
        if (STREQ(t, word))
            break;
        day++;
    }
    if (day < 3) {
        d.day += day - 1;
        d.hour = d.minute = d.second = 0;
    } else {
        size_t skip = word_at(t, weekday_words, &day);
        if (skip && t[skip] == ' ') {
            weekday = day;
            t += skip + 1;
        }
        int r = date_and_clock(t, &d, &micro);
        if (r < 0)
            return r;
    }
    i64 local = date_seconds(&d), when = in.utc ? local : in.summer < 0 ? local_moment(local) : moment_of_name(local, in.summer);
    date_of(date_seconds(&(struct date){ .year = d.year, .month = d.month, .day = d.day }), &d);
    if ((weekday >= 0 && d.weekday != weekday) || when < 0)
        return -EINVAL;
    *to = (usec)when * USEC_SEC + micro;
    return *to > TIME_TEXT_MAX ? -EINVAL : 0;
}

/* "5min", so long before or behind now. */
static int moment_away(struct str span, bool before, usec now, usec *to)
{
    usec away;
    int r = parse_span(span, USEC_SEC, &away);
    if (r < 0)
        return r;
    if (before ? away > now : away > TIME_TEXT_MAX - now)
        return -EINVAL;
    *to = before ? now - away : now + away;
    return 0;
}

/* Takes the name of a zone off the end of *t, if it has one. */
static bool take_zone(struct str *t, const char *name)
{
    size_t n = strlen(name);
    if (!n || t->n <= n || t->p[t->n - n - 1] != ' ')
        return false;
    for (size_t i = 0; i < n; i++)
        if ((t->p[t->n - n + i] ^ name[i]) & ~0x20)
            return false;
    *t = str_cut(*t, t->n - n - 1);
    return true;
}

/* Without the name of a zone that is not the local one. */
static int moment_here(struct str t, usec now, usec *to)
{
    char zones[2][16] = { "", "" };
    struct in_zone in = { false, -1 };
    if (str_starts(t, "@"))
        return parse_span(str_from(t, 1), USEC_SEC, to);
    if (str_is(t, "now"))
        return *to = now, 0;
    if (str_starts(t, "+") || str_starts(t, "-"))
        return moment_away(str_from(t, 1), *t.p == '-', now, to);
    if (str_ends(t, " ago"))
        return moment_away(str_cut(t, t.n - 4), true, now, to);
    if (str_ends(t, " left"))
        return moment_away(str_cut(t, t.n - 5), false, now, to);
    in.utc = take_zone(&t, "UTC");
    if (!in.utc) {
        zone_names(zones);
        in.summer = take_zone(&t, zones[0]) ? 0 : take_zone(&t, zones[1]) ? 1 : -1;
    }
    return moment_in_zone(z_fmt("%.*s", (int)t.n, t.p), in, now, to);
}

int parse_timestamp(const char *text, usec *to)
{
    char zones[2][16] = { "", "" };
    const char *space = strrchr(text, ' '), *zone = space ? space + 1 : "", *local = zone_local;
    struct str t = str_of(text);
    usec now = sys_now_real();
    int r;
    if (t.n >= PATH_BYTES)
        return -EINVAL;
    if (!*zone || *zone == '/' || take_zone(&(struct str){ t.p, t.n }, "UTC") || !zone_open(zone))
        return moment_here(t, now, to);
    zone_local = zone;
    zone_names(zones);
    if (STREQ(zone, zones[0]) || STREQ(zone, zones[1]))
        r = moment_here(t, now, to);
    else
        r = moment_in_zone(z_fmt("%.*s", (int)(space - text), text), (struct in_zone){ false, -1 }, now, to);
    zone_local = local;
    (void)zone_open(NULL);
    return r;
}

/* ---- the verbs ------------------------------------------------------------------------------- */

enum { CALENDAR = 1, TIMESTAMP = 2, TIMESPAN = 4 };

/* What it would be for another verb. */
static void hint(const char *text, u32 as)
{
    static struct calendar c;
    usec t;
    const char *hints = "Hint: this expression is a valid %s. Use 'systemd-analyze %s \"%s\"' instead?";
    if (as & CALENDAR && calendar_parse(str_of(text), &c) >= 0)
        complain(hints, "calendar specification", "calendar", text);
    if (as & TIMESTAMP && parse_timestamp(text, &t) >= 0)
        complain(hints, "timestamp", "timestamp", text);
    if (as & TIMESPAN && parse_span(str_of(text), USEC_SEC, &t) >= 0)
        complain(hints, "timespan", "timespan", text);
}

static int width = 16;                           /* of "Normalized form:" */

/* Without the blanks at its end. */
static void row(const char *label, const char *text)
{
    struct str s = str_of(*text ? text : "-");
    while (s.n && in_set(s.p[s.n - 1], BLANKS))
        s.n--;
    out("%*s ", width, label);
    out_str(s);
    out("\n");
}

/* A moment in the local zone and, if that is not the same, in UTC. */
static void rows_of(const char *label, usec t)
{
    char zones[2][16] = { "", "" };
    zone_names(zones);
    row(label, time_text(t));
    if (*zones[1] || zone_at((i64)(sys_now_real() / USEC_SEC)).offset)
        row("(in UTC):", time_text_utc(t));
}

static int show_calendar(const char *text, usec from, u32 rounds)
{
    static struct calendar c;
    static char space[16384];                    /* CALENDAR_PARTS of three numbers of ten digits */
    struct buf normal = BUF_OVER(space);
    int r = calendar_parse(str_of(text), &c);
    if (r < 0) {
        complain("Failed to parse calendar specification '%s': %s", text, strerror(-r));
        hint(text, TIMESTAMP | TIMESPAN);
        return 1;
    }
    calendar_write(&c, &normal);
    if (!STREQ(buf_end(&normal), text))
        row("Original form:", text);
    row("Normalized form:", space);
    for (u32 i = 0; i < rounds; i++) {
        usec next;
        r = calendar_next(&c, from, &next);
        if (r == -ENOENT) {
            if (i == 0)
                row("Next elapse:", "never");
            break;
        }
        if (r < 0)
            return complain("Failed to determine next elapse for '%s': %s", text, strerror(-r));
        rows_of(i ? z_fmt("Iter. #%u:", i + 1) : "Next elapse:", next);
        row("From now:", distance_text(next));
        from = next;
    }
    return 0;
}

int verb_calendar(int argc, char **argv)
{
    usec from = sys_now_real();
    u64 rounds = 1;
    int status = 0;
    if (args.iterations && (!decimal(args.iterations, &rounds) || rounds > UINT32_MAX))
        return complain("Failed to parse iterations: %s", args.iterations);
    if (args.base_time && parse_timestamp(args.base_time, &from) < 0)
        return complain("Failed to parse --base-time= parameter: %s", args.base_time);
    for (int i = 1; i < argc; i++) {
        status |= show_calendar(argv[i], from, (u32)rounds);
        out(argv[i + 1] ? "\n" : "");
    }
    return status;
}

static int show_timestamp(const char *text)
{
    usec t;
    int r = parse_timestamp(text, &t);
    if (r < 0) {
        complain("Failed to parse \"%s\": %s", text, strerror(-r));
        hint(text, CALENDAR | TIMESPAN);
        return 1;
    }
    row("Original form:", text);
    rows_of("Normalized form:", t);
    u64 seconds = t / USEC_SEC, micro = t % USEC_SEC;
    row("UNIX seconds:", z_fmt(micro ? "@%lu.%06lu" : "@%lu", (unsigned long)seconds, (unsigned long)micro));
    row("From now:", distance_text(t));
    return 0;
}

int verb_timestamp(int argc, char **argv)
{
    int status = 0;
    for (int i = 1; i < argc; i++) {
        status |= show_timestamp(argv[i]);
        out(argv[i + 1] ? "\n" : "");
    }
    return status;
}

int verb_timespan(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct buf *human = z_buf();
        usec t;
        int r = parse_span(str_of(argv[i]), USEC_SEC, &t);
        if (r < 0) {
            complain("Failed to parse time span '%s': %s", argv[i], strerror(-r));
            hint(argv[i], CALENDAR | TIMESTAMP);
            return 1;
        }
        buf_span(human, t, 1);
        width = 9;
        row("Original:", argv[i]);
        row(is_utf8() ? "\xce\xbcs:" : "us:", z_fmt("%lu", (unsigned long)t));
        row("Human:", buf_end(human));
        out(argv[i + 1] ? "\n" : "");
    }
    return 0;
}
