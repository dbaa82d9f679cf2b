/* SPDX-License-Identifier: 0BSD
 *
 * systemd-analyze calendar, timestamp, timespan: what an expression of systemd.time(7) means. Calendars are unit/calendar.c's,
 * spans base/parse.c's; moments as a person writes them are read here, those to be shown are written by time.c. */
#include "client.h"

/* ---- moments -------------------------------------------------------------------------------- */

static const char month_words[] = "Jan\0Feb\0Mar\0Apr\0May\0Jun\0Jul\0Aug\0Sep\0Oct\0Nov\0Dec\0";
static const char weekday_words[] = "Monday\0Tuesday\0Wednesday\0Thursday\0Friday\0Saturday\0Sunday\0";

/* How many bytes of the text are the word, in whatever case; 0: it does not begin with it. */
static size_t word_at(const char *text, const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((text[i] | 0x20) != (word[i] | 0x20))
            return 0;
    return n;
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
        case 'b':
            good = false;
            for (EACH(word, month_words)) {
                good |= word_at(p, word, 3) > 0;
                d->month = good ? d->month : n++;
                if (good)
                    break;
            }
            d->month = n;
            p += good ? 3 : 0;
            break;
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

/* "yesterday", "Fri 2012-10-12 13:12" in a zone: UTC, the local one, or another that is open. */
static int moment_in_zone(const char *t, bool utc, int summer, usec now, usec *to)
{
    struct date d;
    usec micro = 0;
    int weekday = -1, n = 0;
    i64 seconds = (i64)(now / USEC_SEC);
    date_of(utc ? seconds : seconds + zone_at(seconds).offset, &d);
    for (EACH(word, "yesterday\0today\0tomorrow\0")) {
        if (STREQ(t, word))
            break;
        n++;
    }
    if (n < 3) {
        d.day += n - 1;
        d.hour = d.minute = d.second = 0;
    } else {
        int day = 0;
        for (EACH(word, weekday_words)) {
            size_t whole = word_at(t, word, strlen(word)), skip = whole && t[whole] == ' ' ? whole : word_at(t, word, 3);
            if (skip && t[skip] == ' ') {
                weekday = day;
                t += skip + 1;
                break;
            }
            day++;
        }
        int r = date_and_clock(t, &d, &micro);
        if (r < 0)
            return r;
    }
    i64 local = date_seconds(&d), when = utc ? local : zone_moment(local);
    if (summer >= 0 && !utc && zone_at(when).summer != summer)
        when = local - zone_offset(summer, when);
    date_of(local, &d);
    if ((weekday >= 0 && d.weekday != weekday) || when < 0)
        return -EINVAL;
    *to = (usec)when * USEC_SEC + micro;
    return 0;
}
