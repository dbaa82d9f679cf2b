/* SPDX-License-Identifier: 0BSD
 *
 * The last lines a unit wrote, from the kernel's log, where they are kept until there is a journal
 * (journal/main.c). A line is the unit's if one of its processes wrote it or PID 1 names it. */
#include "client.h"

#include <sys/utsname.h>

enum { LINES_MOST = 127 };

struct line { usec at; char text[1024]; };

/* "6,339,5140900,-;name[pid]: text" */
static bool take_record(struct str record, const char *unit, u32 pid, usec since, struct line *l)
{
    struct str head = str_line(&record, ';'), text = str_line(&record, '\n');
    struct str at = head;
    u64 who = 0;
    for (u32 i = 0; i < 3; i++)
        at = str_line(&head, ',');
    if (!text.p || parse_u64(at, 10, &l->at) < 0 || l->at < since)
        return false;
    z_copy(l->text, sizeof l->text, str_cut(text, sizeof l->text - 1));
    const char *open = strchr(l->text, '['), *colon = strchr(l->text, ':');
    if (!open || colon < open + 2 || parse_u64((struct str){ open + 1, (size_t)(colon - open - 2) }, 10, &who) < 0)
        return false;
    return who == 1 ? strstr(l->text, unit) != NULL : who && who == pid;
}

void status_log(const char *unit, u32 main_pid, usec since)
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
    u32 slots = (u32)MIN(wanted, (u64)LINES_MOST) + 1;
    for (ssize_t got; (got = sys_read(fd, record, sizeof record)) > 0 || got == -EPIPE;)
        if (got > 0)
            n += take_record((struct str){ record, (size_t)got }, unit, main_pid, since, &ring[n % slots]);
    sys_close(fd);
    usec boot = sys_now_real() - sys_now();
    for (u32 first = n < slots ? 0 : n - slots + 1, i = first; i < n; i++) {
        const struct line *l = &ring[i % slots];
        out(i == first ? "\n%s %s %s\n" : "%s %s %s\n", log_time_text(boot + l->at), u.nodename, l->text);
    }
}
