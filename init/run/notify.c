/* SPDX-License-Identifier: 0BSD
 *
 * /run/systemd/notify: sd_notify(3). A datagram and its sender's credentials -> an event of the
 * sender's unit. Whether the sender may is the unit's business (kind/service.c). */
#include "run.h"

#include <sys/socket.h>

int notify_open(void)
{
    static const int on = 1, bytes = 8 << 20;
    int fd = socket_at("/run/systemd/notify", SOCK_DGRAM, 0777);
    if (fd < 0)
        return fd;
    (void)sys_setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    (void)sys_setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
    return fd;
}

/* From ERRNO= on, values are numbers. */
enum key { KEY_READY, KEY_RELOADING, KEY_STOPPING, KEY_WATCHDOG, KEY_STATUS, KEY_ERRNO, KEY_MAINPID, KEY_WATCHDOG_USEC,
           KEY_EXTEND_TIMEOUT_USEC };
static const char keys[] =
    "READY\0RELOADING\0STOPPING\0WATCHDOG\0STATUS\0ERRNO\0MAINPID\0WATCHDOG_USEC\0EXTEND_TIMEOUT_USEC\0";

static void take_line(struct notify *n, struct str name, struct str value)
{
    i32 key;
    u64 v = 0;
    bool one = str_is(value, "1");
    if (name_find(keys, name, &key) < 0 || (key >= KEY_ERRNO && parse_u64(value, 10, &v) < 0))
        return;
    switch ((enum key)key) {
    case KEY_READY: n->ready = one; break;
    case KEY_RELOADING: n->reloading = one; break;
    case KEY_STOPPING: n->stopping = one; break;
    case KEY_WATCHDOG: *(str_is(value, "trigger") ? &n->watchdog_trigger : &n->watchdog) = true; break;
    case KEY_STATUS:
        n->has_status = utf8_valid(value);
        n->status = value;
        break;
    case KEY_ERRNO:
        n->has_errno = v < 4096;
        n->error = (int)v;
        break;
    case KEY_MAINPID:
        n->has_main_pid = v <= INT32_MAX;
        n->main_pid = (pid_t)v;
        break;
    case KEY_WATCHDOG_USEC: n->watchdog_usec = v; break;
    case KEY_EXTEND_TIMEOUT_USEC: n->extend_usec = v; break;
    }
}

static void one_message(char *text, u32 size, pid_t sender)
{
    struct notify n = { .sender = sender, .watchdog_usec = USEC_INF, .extend_usec = USEC_INF };
    struct str rest = { text, size }, line;
    unit_id id = unit_of_process(sender);
    if (!id || UNIT(id)->type != UNIT_SERVICE)
        return;
    while ((line = str_line(&rest, '\n')).p) {
        int eq = str_find(line, '=');
        if (eq > 0)
            take_line(&n, str_cut(line, (size_t)eq), str_from(line, (size_t)eq + 1));
    }
    deliver(id, &(struct event){ .type = EV_NOTIFY, .notify = &n });
}

static void close_passed(const struct cmsghdr *c)
{
    const int *fds = (const void *)CMSG_DATA(c);
    for (u32 i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
        sys_close(fds[i]);               /* FDSTORE=1 and BARRIER=1 come later; leaking would be worse */
}

void notify_read(int fd)
{
    static char text[4096];
    union { struct cmsghdr align; char space[CMSG_SPACE(12) + CMSG_SPACE(64 * sizeof(int))]; } control;
    for (u32 i = 0; i < 64; i++) {
        struct { i32 pid; u32 uid, gid; } cred = { 0 };
        struct iovec io = { text, sizeof text };
        struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
        ssize_t n = sys_recvmsg(fd, &m, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0)
            return;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
            if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
                memcpy(&cred, CMSG_DATA(c), sizeof cred);
            else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
                close_passed(c);
        }
        if (m.msg_flags & MSG_TRUNC || cred.pid <= 0) {
            log_line(LOG_WARNING, "Received notify message from PID %d that is too long or without credentials. Ignoring.",
                     (int)cred.pid);
            continue;
        }
        one_message(text, (u32)n, cred.pid);
    }
}
