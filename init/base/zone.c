/* SPDX-License-Identifier: 0BSD
 *
 * Dates, and what time zones make of them: tzfile(5), with the rule at its end for the years after its table. musl's
 * reader needs a heap. One zone is open at a time; nothing here knows which one a caller means. */
#include "base.h"
#include "../limits.h"

/* ---- dates --------------------------------------------------------------------------------- */

static bool is_leap(i64 year) { return year % (year % 100 ? 4 : 400) == 0; }

i32 month_days(i64 year, i32 month)
{
    return month == 1 ? 28 + is_leap(year) : 30 + ((month ^ month / 7 ^ 1) & 1);
}

/* Days from 1970-01-01 to the first of March of a year, which begins the year here: February is its last month. */
static i64 days_before(i64 year) { return year * 365 + year / 4 - year / 100 + year / 400 - 719468; }

i64 date_seconds(const struct date *d)
{
    i64 months = (i64)d->year * 12 + d->month - 2, year = months / 12, month = months % 12;
    i64 days = days_before(year) + (153 * month + 2) / 5 + d->day - 1;
    return days * 86400 + (i64)d->hour * 3600 + (i64)d->minute * 60 + d->second;
}

void date_of(i64 seconds, struct date *d)
{
    i64 days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        days--;
        rest += 86400;
    }
    i64 year = (days + 719468) * 400 / 146097 + 1;
    while (days < days_before(year))
        year--;
    i32 day = (i32)(days - days_before(year)), month = (5 * day + 2) / 153;
    d->year = (i32)(year + (month >= 10));
    d->month = (month + 2) % 12;
    d->day = day - (153 * month + 2) / 5 + 1;
    d->hour = (i32)(rest / 3600);
    d->minute = (i32)(rest / 60 % 60);
    d->second = (i32)(rest % 60);
    d->weekday = (i32)(((days + 3) % 7 + 7) % 7);
}

/* ---- the rule behind the table: CET-1CEST,M3.5.0,M10.5.0/3 ------------------------------------ */

/* A name of a zone: letters, or anything in <>. */
static struct str rule_name(const char **p)
{
    bool angled = **p == '<';
    const char *from = *p += angled;
    while (**p && (angled ? **p != '>' : in_set((char)(**p | 0x20), "abcdefghijklmnopqrstuvwxyz")))
        ++*p;
    struct str name = { from, (size_t)(*p - from) };
    *p += angled && **p;
    return name;
}

static i32 rule_number(const char **p)
{
    i32 n = 0;
    while (**p >= '0' && **p <= '9' && n < 100000)
        n = n * 10 + *(*p)++ - '0';
    return n;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static i32 rule_clock(const char **p)
{
    i32 sum = 0, unit = 3600, sign = **p == '-' ? -1 : 1;
    *p += **p == '-' || **p == '+';
    do {
        sum += rule_number(p) * unit;
        unit /= 60;
    } while (unit && **p == ':' && ++*p);
    return sign * sum;
}

/* ,Mm.w.d[/time] ,Jn[/time] ,n[/time]: the moment in that year, in local seconds. */
static i64 rule_moment(const char **p, i32 year)
{
    struct date d = { .year = year, .day = 1 };
    *p += **p == ',';
    bool julian = **p == 'J';
    if (**p == 'M') {
        ++*p;
        i32 month = rule_number(p) - 1, week = (*p += **p == '.', rule_number(p)), day = (*p += **p == '.', rule_number(p));
        d.month = MIN((u32)month, 11u);
        date_of(date_seconds(&d), &d);
        d.day += (day + 6 - d.weekday) % 7 + 7 * (week - 1);
        while (d.day > month_days(year, d.month))
            d.day -= 7;
    } else {
        *p += julian;
        d.day += rule_number(p) - julian;
        d.day += julian && is_leap(year) && d.day >= 60;
    }
    i32 clock = 2 * 3600;
    if (**p == '/') {
        ++*p;
        clock = rule_clock(p);
    }
    return date_seconds(&d) + clock;
}

/* ---- the open zone ------------------------------------------------------------------------- */

static char file_space[65536] SCRATCH;
static struct str file;
static char rule[128], words[2][16];             /* the line at the file's end; names outside and in summer time */

static u64 big_endian(const u8 *p, u32 bytes)
{
    u64 v = 0;
    for (u32 i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return v;
}

/* What holds at `when` by the rule. False: there is none. */
static bool zone_by_rule(i64 when, struct zone *z)
{
    const char *p = rule;
    struct date d;
    if (!*p)
        return false;
    (void)z_copy(words[0], sizeof words[0], rule_name(&p));
    *z = (struct zone){ -rule_clock(&p), false, words[0] };
    if (!*p)
        return true;
    (void)z_copy(words[1], sizeof words[1], rule_name(&p));
    i32 summer = in_set(*p, "+-0123456789") ? -rule_clock(&p) : z->offset + 3600;
    date_of(when + z->offset, &d);
    i64 from = rule_moment(&p, d.year) - z->offset, to = rule_moment(&p, d.year) - summer;
    if (from < to ? when >= from && when < to : when >= from || when < to)
        *z = (struct zone){ summer, true, words[1] };
    return true;
}

/* One block of the file: counts in its header of 44 bytes, then the tables, their times of `wide` bytes. What is in
 * force at `when`, into *z. Returns where the block ends; NULL: it is none. */
static const u8 *zone_in(const u8 *p, const u8 *end, u32 wide, i64 when, struct zone *z)
{
    u32 count[6], at = 0;                        /* isutc isstd leap time type char */
    bool last = true;
    if (end - p < 44 || memcmp(p, "TZif", 4) != 0)
        return NULL;
    for (u32 i = 0; i < 6; i++)
        count[i] = (u32)MIN(big_endian(p + 20 + 4 * i, 4), 65536u);
    u32 times = count[3], types = count[4], chars = count[5];
    const u8 *time = p + 44, *index = time + times * wide, *type = index + times, *name = type + types * 6;
    const u8 *behind = name + chars + count[2] * (wide + 4) + count[1] + count[0];
    if (behind > end || !types || !chars)
        return NULL;
    for (u32 i = 0; i < times; i++) {
        u64 t = big_endian(time + wide * i, wide);
        last = (wide == 8 ? (i64)t : (i32)t) <= when;
        if (last)
            at = index[i];
    }
    if (wide == 8 && last && zone_by_rule(when, z))
        return behind;
    type += 6 * MIN(at, types - 1);
    z->offset = (i32)big_endian(type, 4);
    z->summer = type[4];
    z->name = (const char *)name + MIN((u32)type[5], chars - 1);
    return behind;
}

struct zone zone_at(i64 when)
{
    struct zone z = { 0, false, "UTC" };
    if (!file.n)
        (void)zone_by_rule(when, &z);
    /* A first block for those who know only 32 bits, and from version 2 on the same with 64. */
    const u8 *p = (const u8 *)file.p, *second = file.n ? zone_in(p, p + file.n, 4, when, &z) : NULL;
    if (second && p[4] >= '2')
        (void)zone_in(second, p + file.n, 8, when, &z);
    return z;
}

const char *zone_local;

bool zone_open(const char *name)
{
    if (!name && zone_local && *zone_local) {
        const char *local = zone_local + (*zone_local == ':');
        if (zone_open(local))
            return true;
        return z_copy(rule, sizeof rule, str_of(local));         /* not a file's name: the rule itself, tzset(3) */
    }
    char path[PATH_BYTES];
    struct zone z;
    file = (struct str){ NULL, 0 };
    rule[0] = 0;
    if (name && STREQ(name, "UTC"))
        return true;
    if (name && *name != '/')
        for (const char *c = name; *c; c++)
            if (!in_set((char)(*c | 0x20), "abcdefghijklmnopqrstuvwxyz") && !in_set(*c, "0123456789-_+/"))
                return false;
    if (name && (!*name || z_ends(name, "/")))
        return false;
    file = file_text(!name ? "/etc/localtime" : *name == '/' ? name : path_fmt(path, "/usr/share/zoneinfo/%s", name),
                     file_space, sizeof file_space);
    const u8 *p = (const u8 *)file.p, *end = p + file.n;
    const u8 *behind = file.n ? zone_in(p, end, 4, 0, &z) : NULL, *far = behind && p[4] >= '2' ? zone_in(behind, end, 8, 0, &z) : NULL;
    if (far && far < end && *far == '\n') {
        struct str rest = { (const char *)far + 1, (size_t)(end - far - 1) };
        if (!z_copy(rule, sizeof rule, str_line(&rest, '\n')))
            rule[0] = 0;
    }
    if (!behind)
        file.n = 0;
    return behind;
}

i64 zone_moment(i64 local, i64 near)
{
    i32 now = zone_at(near).offset, before = zone_at(local - 86400).offset, after = zone_at(local + 86400).offset;
    if (local - now >= near && local - now - near < 86400 && zone_at(local - now).offset == now)
        return local - now;
    return zone_at(local - before).offset == before || zone_at(local - after).offset != after ? local - before
                                                                                               : local - after;
}
