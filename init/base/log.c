/* SPDX-License-Identifier: 0BSD
 *
 * One line at a time to where lines go. A line is never waited for: what cannot be written at once
 * is counted and the count is told with the next line that gets through.
 *
 * In PID 1 lines are gathered and handed on once a turn (log_flush), as one datagram of lines
 * "<6>name: text" to the journal's socket: a turn that starts 50 services costs one system call
 * for its 100 lines, and a slow console slows the journal's process, not PID 1. */
#include "base.h"
#include "../sys.h"

#include <sys/socket.h>

struct log_target log_to = { .kmsg_fd = -1, .socket_fd = -1, .stderr_fd = -1, .max = LOG_INFO,
                             .ident = "pith" };

static char pending[4096];
static u32 pending_n;

bool log_wants(enum level level) { return level <= log_to.max; }

static void hand_on(const char *p, u32 n)
{
    if (log_to.socket_fd >= 0 && sys_send(log_to.socket_fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return;
    /* Without a journal: kmsg takes one record a write, which nobody sees before the next if it has no newline. */
    struct str rest = { p, n }, line;
    while ((line = str_line(&rest, '\n')).p)
        if (log_to.kmsg_fd < 0 || sys_write(log_to.kmsg_fd, line.p, line.n + 1) < 0)
            log_to.dropped++;
}

void log_flush(void)
{
    if (pending_n)
        hand_on(pending, pending_n);
    pending_n = 0;
}

void (log_line)(enum level level, const char *fmt, ...)
{
    BUF(line, 1024);
    va_list ap;
    if (!log_wants(level))
        return;
    if (log_to.stderr_fd < 0) {
        buf_fmt(&line, "<%d>%s: ", (int)(level | 3 << 3), log_to.ident);    /* facility daemon */
        if (log_to.dropped)
            buf_fmt(&line, "(%u lines lost) ", log_to.dropped);
        log_to.dropped = 0;
    }
    va_start(ap, fmt);
    buf_vfmt(&line, fmt, ap);
    va_end(ap);
    line.n = MIN(line.n, line.cap - 1);
    buf_c(&line, '\n');
    if (log_to.stderr_fd >= 0) {
        (void)sys_write(log_to.stderr_fd, line.p, line.n);
        return;
    }
    if (line.n > sizeof pending - pending_n)
        log_flush();
    memcpy(pending + pending_n, line.p, line.n);
    pending_n += line.n;
}
