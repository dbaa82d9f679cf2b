/* SPDX-License-Identifier: 0BSD
 *
 * Moments as people read them, in the local time zone. */
#include "client.h"

enum style { LOCAL, UTC, LOG };

static const char *format_time(usec real, enum style style)
{
    static const char *const weekdays = "MonTueWedThuFriSatSun", *const months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static bool opened;
    struct date d;
    zone_local = env_of("TZ");
    if (!opened)
        (void)zone_open(NULL);
    opened = true;
    i64 when = (i64)(real / USEC_SEC);
    struct zone z = style == UTC ? (struct zone){ 0, false, "UTC" } : zone_at(when);
    if (real > TIME_TEXT_MAX)
        return "--- XXXX-XX-XX XX:XX:XX";
    date_of(when + z.offset, &d);
    char *clock = z_fmt("%02u:%02u:%02u", d.hour, d.minute, d.second);
    return style == LOG ? z_fmt("%.3s %02u %s", months + 3 * d.month, d.day, clock)
                        : z_fmt("%.3s %04u-%02u-%02u %s %s", weekdays + 3 * d.weekday, d.year, d.month + 1, d.day, clock, z.name);
}

const char *time_text(usec real) { return real && real != USEC_INF ? format_time(real, LOCAL) : ""; }

const char *time_text_utc(usec real) { return real && real != USEC_INF ? format_time(real, UTC) : ""; }

const char *log_time_text(usec real) { return format_time(real, LOG); }

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

const char *distance_text(usec real)
{
    usec now = sys_now_real(), micro = real <= now ? now - real : real - now;
    u64 d = micro / USEC_SEC;
    const char *side = real <= now ? "ago" : "left";
    u32 i = 0;
    if (!micro)
        return "now";
    if (!d)
        return z_fmt(micro < 1000 ? "%luus %s" : "%lums %s", (unsigned long)(micro < 1000 ? micro : micro / 1000), side);
    while (d < spans[i].from)
        i++;
    u32 unit = spans[i].unit, rest = spans[i].rest;
    char *first = count(d / unit, i);
    return rest ? z_fmt("%s %s %s", first, count(d % unit / spans[rest].unit, rest), side) : z_fmt("%s %s", first, side);
}

const char *when_text(usec real)
{
    const char *distance = distance_text(real);
    return z_fmt("%s; %s", time_text(real), distance);
}
