/* SPDX-License-Identifier: 0BSD
 *
 * The last lines of a unit, from the kernel's log, where they are kept until there is a journal:
 * what its processes wrote and what PID 1 said of it. */
#include "client.h"

#include <sys/utsname.h>

enum { LINES_MOST = 127 };

struct line { usec at; char text[1024]; };

/* Is this line of PID 1's ("Started a.service - An example.", "a.service: Main process exited") about the unit?
 * Also when it speaks of a file (/etc/units/a.service:3), but not when it is another's that mentions the unit. */
static bool is_about(struct str text, const char *unit)
{
    size_t n = strlen(unit);
    for (struct str word; (word = str_word(&text, BLANKS)).p;) {
        if (*word.p == '/')
            word = str_from(word, (size_t)str_rfind(word, '/') + 1);
        if (str_starts(word, unit) && (word.n == n || strchr(":./", word.p[n])))
            return true;
        if (unit_type_of(word) >= 0 || unit_type_of(str_cut(word, word.n - 1)) >= 0)
            return false;
    }
    return false;
}

/* "6,339,5140900,-;name[pid] unit: text", see journal/main.c; PID 1 says no unit. */
static bool take_record(struct str record, const char *unit, usec since, struct line *l)
{
    struct str head = str_line(&record, ';'), text = str_line(&record, '\n');
    struct str at = head, who = str_line(&text, ']');
    for (u32 i = 0; i < 3; i++)
        at = str_line(&head, ',');
    if (who.n < 3 || !text.n || parse_u64(at, 10, &l->at) < 0 || l->at < since)
        return false;
    const char *tag = z_fmt(" %.*s: ", LOG_UNIT_BYTES - 2, unit);
    if (str_starts(text, tag))
        text = str_from(text, strlen(tag) - 2);
    else if (memcmp(who.p + who.n - 2, "[1", 2) != 0 || !is_about(text, unit))
        return false;
    struct buf b = BUF_OVER(l->text);
    buf_fmt(&b, "%.*s]%.*s", (int)who.n, who.p, (int)text.n, text.p);
    buf_end(&b);
    return true;
}

void status_log(const char *unit, usec since)
{
    static struct line ring[LINES_MOST + 1];     /* the last `wanted`, and one into which the next is read */
    static char record[8192];
    static struct utsname u;
    u64 wanted = 10;
    u32 n = 0;
    if (args.lines)
        (void)decimal(args.lines, &wanted);
    int fd = sys_open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
    if (fd < 0 || !wanted || sys_uname(&u) < 0)
        return;
    /* The kernel stamps its log by another clock, some ms off PID 1's: rather a line of the run before. */
    since -= MIN(since, 250 * USEC_MS);
    u32 slots = (u32)MIN(wanted, (u64)LINES_MOST) + 1;
    for (ssize_t got; (got = sys_read(fd, record, sizeof record)) > 0 || got == -EPIPE;)
        if (got > 0)
            n += take_record((struct str){ record, (size_t)got }, unit, since, &ring[n % slots]);
    sys_close(fd);
    usec boot = sys_now_real() - sys_now();
    for (u32 first = n < slots ? 0 : n - slots + 1, i = first; i < n; i++) {
        const struct line *l = &ring[i % slots];
        out(i == first ? "\n%s %s %s\n" : "%s %s %s\n", log_time_text(boot + l->at), u.nodename, l->text);
    }
}
