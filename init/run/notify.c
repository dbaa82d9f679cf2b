/* SPDX-License-Identifier: 0BSD
 *
 * /run/systemd/notify: sd_notify(3). A datagram and its sender's credentials -> an event of the
 * sender's unit. Whether the sender may is the unit's business (kind/service.c). */
#include "run.h"

#include <sys/socket.h>
#include <sys/un.h>

int notify_open(void)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/notify" };
    static const int on = 1, bytes = 8 << 20;
    int fd = sys_socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    (void)sys_unlink(a.sun_path);
    int r = sys_bind(fd, (const void *)&a, sizeof a);
    if (r == 0)
        r = sys_chmod(a.sun_path, 0777);
    if (r == 0)
        r = sys_setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    if (r == 0) {
        (void)sys_setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
        return fd;
    }
    sys_close(fd);
    return r;
}

static void take_line(struct notify *n, struct str key, struct str value)
{
    u64 v = 0;
    bool number = parse_u64(value, 10, &v) == 0;
    if (str_is(key, "READY"))
        n->ready = str_is(value, "1");
    else if (str_is(key, "RELOADING"))
        n->reloading = str_is(value, "1");
    else if (str_is(key, "STOPPING"))
        n->stopping = str_is(value, "1");
    else if (str_is(key, "WATCHDOG"))
        *(str_is(value, "trigger") ? &n->watchdog_trigger : &n->watchdog) = true;
    else if (str_is(key, "STATUS")) {
        n->has_status = utf8_valid(value);
        n->status = value;
    } else if (!number) {
        return;
    } else if (str_is(key, "ERRNO")) {
        n->has_errno = v < 4096;
        n->error = (int)v;
    } else if (str_is(key, "MAINPID")) {
        n->has_main_pid = v <= INT32_MAX;
        n->main_pid = (pid_t)v;
    } else if (str_is(key, "WATCHDOG_USEC")) {
        n->watchdog_usec = v;
    } else if (str_is(key, "EXTEND_TIMEOUT_USEC")) {
        n->extend_usec = v;
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
