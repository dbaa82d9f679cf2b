/* SPDX-License-Identifier: 0BSD
 *
 * Moments as people read them, in the local time zone. */
#include "client.h"

/* ---- the time zone: tzfile(5) of /etc/localtime (musl's reader needs a heap) ------------------ */

__attribute__((noinline)) static u64 big_endian(const u8 *p, u32 bytes)
{
    u64 v = 0;
    for (u32 i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return v;
}

struct zone { i32 offset; const char *name; };

/* One block of the file: counts in its header of 44 bytes, then the tables, their times of `wide` bytes.
 * What is in force at `when`, into *z. Returns where the block ends; NULL: it is none. */
static const u8 *zone_in(const u8 *p, const u8 *end, u32 wide, i64 when, struct zone *z)
{
    u32 count[6], at = 0;                /* isutc isstd leap time type char */
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
        if ((wide == 8 ? (i64)t : (i32)t) <= when)
            at = index[i];
    }
    type += 6 * MIN(at, types - 1);
    z->offset = (i32)big_endian(type, 4);
    z->name = (const char *)name + MIN((u32)type[5], chars - 1);
    return behind;
}

static struct zone zone_at(i64 when)
{
    static char space[65536];
    static struct str file;
    struct zone z = { 0, "UTC" };
    const char *tz = env_of("TZ");
    if (tz)
        tz += *tz == ':';
    if (!file.p)
        file = file_text(tz && *tz ? z_fmt("%s%s", *tz == '/' ? "" : "/usr/share/zoneinfo/", tz) : "/etc/localtime",
                         space, sizeof space);
    /* A first block for those who know only 32 bits, and from version 2 on the same with 64. */
    const u8 *p = (const u8 *)file.p, *second = zone_in(p, p + file.n, 4, when, &z);
    if (second && p[4] >= '2')
        (void)zone_in(second, p + file.n, 8, when, &z);
    return z;
}

/* ---- dates --------------------------------------------------------------------------------- */

static bool is_leap(u32 year) { return year % (year % 100 ? 4 : 400) == 0; }

static const char *format_time(usec real, bool log)
{
    static const char *const weekdays = "WedThuFriSatSunMonTue", *const months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const u8 lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    struct zone z = zone_at((i64)(real / USEC_SEC));
    /* Since 1969, which a zone west of Greenwich may need. */
    u64 t = real / USEC_SEC + 365 * 86400 + (u64)(i64)z.offset;
    u32 days = (u32)(t / 86400), second = (u32)(t % 86400), day = days, year = 1969, month = 0;
    for (u32 n; day >= (n = 365 + is_leap(year)); year++)
        day -= n;
    for (u32 n; day >= (n = lengths[month] + (month == 1 && is_leap(year))); month++)
        day -= n;
    char *clock = z_fmt("%02u:%02u:%02u", second / 3600, second / 60 % 60, second % 60);
    return log ? z_fmt("%.3s %02u %s", months + 3 * month, day + 1, clock)
               : z_fmt("%.3s %04u-%02u-%02u %s %s", weekdays + 3 * (days % 7), year, month + 1, day + 1, clock, z.name);
}

const char *time_text(usec real) { return real && real != USEC_INF ? format_time(real, false) : ""; }

const char *log_time_text(usec real) { return format_time(real, true); }

/* From how many seconds on which unit is told, and which row's unit tells the rest (0: none does). */
enum { MONTH = 1, DAY = 3, HOUR = 5, MINUTE = 7, SECOND = 9 };
static const struct { u32 from, unit; char word[7]; u8 rest; } spans[] = {
    { 31557600, 31557600, " year", MONTH }, [MONTH] = { 2629800, 2629800, " month", DAY },
    { 604800, 604800, " week", DAY }, [DAY] = { 2 * 86400, 86400, " day", 0 }, { 25 * 3600, 86400, " day", HOUR },
    [HOUR] = { 6 * 3600, 3600, "h", 0 }, { 3600, 3600, "h", MINUTE }, [MINUTE] = { 300, 60, "min", 0 },
    { 60, 60, "min", SECOND }, [SECOND] = { 1, 1, "s", 0 },
};

__attribute__((noinline)) static char *count(u64 n, u32 row)
{
    const char *word = spans[row].word;
    return z_fmt("%lu%s%s", (unsigned long)n, word, *word == ' ' && n != 1 ? "s" : "");
}

const char *when_text(usec real)
{
    usec now = sys_now_real(), micro = real <= now ? now - real : real - now;
    u64 d = micro / USEC_SEC;
    const char *at = time_text(real), *side = real <= now ? "ago" : "left";
    u32 i = 0;
    if (!micro)
        return z_fmt("%s; now", at);
    if (!d)
        return z_fmt(micro < 1000 ? "%s; %luus %s" : "%s; %lums %s", at,
                     (unsigned long)(micro < 1000 ? micro : micro / 1000), side);
    while (d < spans[i].from)
        i++;
    u32 unit = spans[i].unit, rest = spans[i].rest;
    char *first = count(d / unit, i);
    return rest ? z_fmt("%s; %s %s %s", at, first, count(d % unit / spans[rest].unit, rest), side)
                : z_fmt("%s; %s %s", at, first, side);
}
