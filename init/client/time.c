/* SPDX-License-Identifier: 0BSD
 *
 * Moments as people read them, in the local time zone. */
#include "client.h"

/* ---- the time zone: tzfile(5) of /etc/localtime (musl's reader needs a heap) ------------------ */

static u64 big_endian(const u8 *p, u32 bytes)
{
    u64 v = 0;
    for (u32 i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return v;
}

struct zone { i32 offset; const char *name; };

/* One block of the file: counts in its header of 44 bytes, then the tables. `wide` is 4 or 8. */
static bool zone_in(const u8 *p, size_t n, u32 wide, i64 when, struct zone *z, size_t *size)
{
    u32 count[6];                        /* isutc isstd leap time type char */
    if (n < 44 || memcmp(p, "TZif", 4) != 0)
        return false;
    for (u32 i = 0; i < 6; i++)
        count[i] = (u32)MIN(big_endian(p + 20 + 4 * i, 4), 65536u);
    u32 times = count[3], types = count[4], chars = count[5];
    *size = 44 + (size_t)times * (wide + 1) + types * 6 + chars + (size_t)count[2] * (wide + 4) + count[1] + count[0];
    if (*size > n || !types || !chars)
        return false;
    const u8 *time = p + 44, *index = time + times * wide, *type = index + times;
    u32 at = 0;
    for (u32 i = 0; i < times; i++) {
        i64 t = wide == 8 ? (i64)big_endian(time + 8 * i, 8) : (i32)big_endian(time + 4 * i, 4);
        if (t <= when)
            at = index[i];
    }
    type += 6 * MIN(at, types - 1);
    z->offset = (i32)big_endian(type, 4);
    z->name = (const char *)(p + 44 + times * (wide + 1) + types * 6 + MIN((u32)type[5], chars - 1));
    return true;
}

static struct zone zone_at(i64 when)
{
    static u8 file[65536];
    static ssize_t n = -1;
    struct zone z = { 0, "UTC" };
    const char *tz = env_of("TZ");
    size_t first, second;
    if (n < 0) {
        BUF(path, PATH_BYTES);
        n = 0;
        if (tz && *tz)
            buf_fmt(&path, "%s%s", *tz == '/' ? "" : "/usr/share/zoneinfo/", tz + (*tz == ':'));
        else
            buf_z(&path, "/etc/localtime");
        int fd = sys_open(buf_end(&path), O_RDONLY);
        if (fd >= 0) {
            n = MAX(sys_read(fd, file, sizeof file - 1), 0);
            sys_close(fd);
        }
    }
    if (zone_in(file, (size_t)n, 4, when, &z, &first) && file[4] >= '2')
        zone_in(file + first, (size_t)n - first, 8, when, &z, &second);
    return z;
}

/* ---- dates --------------------------------------------------------------------------------- */

/* Days since 1970 -> year, month, day, in the calendar that repeats every 400 years. */
static void date_of(i64 days, i32 *year, u32 *month, u32 *day)
{
    days += 719468;                      /* 0000-03-01, so that leap days come last */
    i64 era = (days >= 0 ? days : days - 146096) / 146097;
    u32 d = (u32)(days - era * 146097), y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
    u32 of_year = d - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (i32)(y + era * 400 + (*month <= 2));
}

static void put_time(usec real, bool log)
{
    static const char weekdays[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    i64 t = (i64)(real / USEC_SEC);
    struct zone z = zone_at(t);
    i32 year;
    u32 month, day;
    t += z.offset;
    i64 days = t >= 0 ? t / 86400 : (t - 86399) / 86400;
    u32 second = (u32)(t - days * 86400);
    date_of(days, &year, &month, &day);
    if (log)
        out("%.3s %02u ", months + 3 * (month - 1), day);
    else
        out("%.3s %04d-%02u-%02u ", weekdays + 3 * ((days % 7 + 7) % 7), year, month, day);
    out("%02u:%02u:%02u", second / 3600, second / 60 % 60, second % 60);
    if (!log)
        out(" %s", z.name);
}

void out_time(usec real)
{
    if (real && real != USEC_INF)
        put_time(real, false);
}

void out_log_time(usec real) { put_time(real, true); }

/* From how much on which two units are told; the second is left out where it is 0 here. */
static const struct { u64 from, unit; const char *word; u64 rest; const char *rest_word; } spans[] = {
#define S_ USEC_SEC
    { 31557600 * S_, 31557600 * S_, " year", 2629800 * S_, " month" }, { 2629800 * S_, 2629800 * S_, " month", 86400 * S_, " day" },
    { 604800 * S_, 604800 * S_, " week", 86400 * S_, " day" }, { 2 * 86400 * S_, 86400 * S_, " day", 0, NULL },
    { 25 * 3600 * S_, 86400 * S_, " day", 3600 * S_, "h" }, { 6 * 3600 * S_, 3600 * S_, "h", 0, NULL },
    { 3600 * S_, 3600 * S_, "h", 60 * S_, "min" }, { 300 * S_, 60 * S_, "min", 0, NULL },
    { 60 * S_, 60 * S_, "min", S_, "s" }, { S_, S_, "s", 0, NULL }, { 1000, 1000, "ms", 0, NULL }, { 1, 1, "us", 0, NULL },
#undef S_
};

static void out_count(u64 n, const char *word)
{
    out("%lu%s%s", (unsigned long)n, word, *word == ' ' && n != 1 ? "s" : "");
}

void out_when(usec real)
{
    usec now = sys_now_real();
    bool past = real <= now;
    u64 d = past ? now - real : real - now;
    u32 i = 0;
    out_time(real);
    out_str(S("; "));
    while (i < LEN(spans) && d < spans[i].from)
        i++;
    if (i == LEN(spans)) {
        out_str(S("now"));
        return;
    }
    out_count(d / spans[i].unit, spans[i].word);
    if (spans[i].rest) {
        out_str(S(" "));
        out_count(d % spans[i].unit / spans[i].rest, spans[i].rest_word);
    }
    out("%s", past ? " ago" : " left");
}
