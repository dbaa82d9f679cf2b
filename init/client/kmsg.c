/* SPDX-License-Identifier: 0BSD
 *
 * The last lines a unit wrote, from the kernel's log, where they are kept until there is a journal
 * (journal/main.c). A line is the unit's if one of its processes wrote it or PID 1 names it. */
#include "client.h"

#include <sys/utsname.h>

enum { LINES_MOST = 128 };

struct line { usec at; char text[1024]; };

/* "6,339,5140900,-;name[pid]: text" */
static bool take_record(struct str record, const char *unit, u32 pid, usec since, struct line *l)
{
    struct str head = str_line(&record, ';'), text = str_line(&record, '\n');
    u64 at, who = 0;
    (void)str_line(&head, ',');
    (void)str_line(&head, ',');
    if (!text.p || parse_u64(str_line(&head, ','), 10, &at) < 0 || at < since)
        return false;
    int open = str_find(text, '['), colon = str_find(text, ':');
    if (open < 0 || colon < open)
        return false;
    struct str number = str_cut(str_from(text, (size_t)open + 1), (size_t)(colon - open - 2));
    if (parse_u64(number, 10, &who) < 0)
        return false;
    z_copy(l->text, sizeof l->text, str_cut(text, sizeof l->text - 1));
    l->at = at;
    return who == 1 ? strstr(l->text, unit) != NULL : who == pid;
}

void status_log(const char *unit, u32 main_pid, usec since)
{
    static struct line ring[LINES_MOST];
    char record[8192];
    struct utsname u;
    u64 wanted = 10;
    u32 n = 0;
    if (args.lines && parse_u64(str_of(args.lines), 10, &wanted) < 0)
        return;
    int fd = sys_open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
    if (fd < 0 || !wanted || sys_uname(&u) < 0)
        return;
    wanted = MIN(wanted, (u64)LINES_MOST);
    for (ssize_t got; (got = sys_read(fd, record, sizeof record)) > 0 || got == -EPIPE;)
        if (got > 0)
            n += take_record((struct str){ record, (size_t)got }, unit, main_pid, since, &ring[n % wanted]);
    sys_close(fd);
    usec boot = sys_now_real() - sys_now();
    if (n)
        out_str(S("\n"));
    for (u32 i = n > wanted ? n - (u32)wanted : 0; i < n; i++) {
        out_log_time(boot + ring[i % wanted].at);
        out(" %s %s\n", u.nodename, ring[i % wanted].text);
    }
}
