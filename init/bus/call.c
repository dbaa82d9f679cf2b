/* SPDX-License-Identifier: 0BSD
 *
 * The client's end: connect, call, wait. Blocks, so nothing of it runs in PID 1. */
#include "bus.h"
#include "../sys.h"

#include <sys/socket.h>
#include <sys/un.h>

static int fd = -1;
static u32 serial;
static u8 in_space[MESSAGE_OUT_BYTES];   /* what was received and not used yet */
static u32 in_n, in_used;
static char out_space[MESSAGE_IN_BYTES];

/* Signals that came while a reply was awaited: JobRemoved of a job that ended at once, 200 bytes for
 * each of UNITS_MAX units that one command may name. */
static u8 kept[UNITS_MAX * 256];
static u32 kept_n, kept_at;
static bool kept_lost;

static int send_all(const char *p, size_t n)
{
    while (n) {
        ssize_t sent = sys_send(fd, p, n, MSG_NOSIGNAL);
        if (sent == -EINTR)
            continue;
        if (sent < 0)
            return (int)sent;
        p += sent;
        n -= (size_t)sent;
    }
    return 0;
}

static int receive(int timeout_ms)
{
    memmove(in_space, in_space + in_used, in_n - in_used);
    in_n -= in_used;
    in_used = 0;
    if (in_n == sizeof in_space)
        return -EMSGSIZE;
    if (timeout_ms >= 0) {
        int r = sys_poll_one(fd, 1 /* POLLIN */, timeout_ms);
        if (r <= 0)
            return r == 0 ? -ETIMEDOUT : r;
    }
    ssize_t n = sys_recv(fd, in_space + in_n, sizeof in_space - in_n, 0);
    if (n <= 0)
        return n == 0 ? -ECONNRESET : (int)n;
    in_n += (u32)n;
    return 0;
}

static int read_auth_line(struct buf *line)
{
    for (;;) {
        struct str rest = { (const char *)in_space + in_used, in_n - in_used };
        int nl = str_find(rest, '\n');
        if (nl >= 0) {
            line->n = 0;
            buf_str(line, str_trim(str_cut(rest, (size_t)nl)));
            in_used += (u32)nl + 1;
            return 0;
        }
        int r = receive(-1);
        if (r < 0)
            return r;
    }
}

int client_connect(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (!z_copy(to.sun_path, sizeof to.sun_path, str_of(path)))
        return -ENAMETOOLONG;
    int new = sys_socket(AF_UNIX, SOCK_STREAM, 0);
    if (new < 0)
        return new;
    int r = sys_connect(new, (const void *)&to, sizeof to);
    return r < 0 ? r : client_talk_on(new);
}

int client_talk_on(int connected)
{
    BUF(hello, 128);
    BUF(uid, 16);
    BUF(line, 256);
    fd = connected;
    buf_u64(&uid, sys_geteuid());
    buf_c(&hello, 0);
    buf_z(&hello, "AUTH EXTERNAL ");
    for (u32 i = 0; i < uid.n; i++)
        buf_fmt(&hello, "%02x", (u8)uid.p[i]);
    buf_z(&hello, "\r\nBEGIN\r\n");
    int r = send_all(hello.p, hello.n);
    if (r == 0)
        r = read_auth_line(&line);
    return r == 0 && !str_starts((struct str){ line.p, line.n }, "OK") ? -EACCES : r;
}

struct bus_out client_begin(const char *path, const char *iface, const char *member, const char *signature)
{
    struct bus_out m = { .b = BUF_OVER(out_space) };
    out_call(&m, ++serial, BUS_NAME, path, iface, member, signature);
    return m;
}

/* The next whole message. */
static int next_message(struct bus_msg *m, int timeout_ms)
{
    for (;;) {
        int length = message_length(in_space + in_used, in_n - in_used, sizeof in_space);
        if (length < 0)
            return length;
        if (length > 0 && (u32)length <= in_n - in_used) {
            int r = message_read(in_space + in_used, (u32)length, m);
            in_used += (u32)length;
            return r;
        }
        int r = receive(timeout_ms);
        if (r < 0)
            return r;
    }
}

static void keep_signal(const struct bus_msg *m)
{
    const u8 *start = m->body.p + m->body.n - m->total;
    if (kept_at == kept_n)
        kept_at = kept_n = 0;
    if (m->total <= sizeof kept - kept_n) {
        memcpy(kept + kept_n, start, m->total);
        kept_n += m->total;
    } else {
        kept_lost = true;                /* an answer that never comes must not be waited for */
    }
}

int client_call(struct bus_out *m, struct bus_msg *reply)
{
    if (!out_end(m))
        return -E2BIG;
    int r = send_all(m->b.p, m->b.n);
    while (r == 0) {
        r = next_message(reply, -1);
        if (r == 0 && reply->type == MSG_SIGNAL)
            keep_signal(reply);
        else if (r == 0 && reply->reply_to == serial)
            return reply->type == MSG_ERROR ? -EREMOTEIO : 0;
    }
    return r;
}

int client_next_signal(struct bus_msg *m, int timeout_ms)
{
    if (kept_at < kept_n) {
        int length = message_length(kept + kept_at, kept_n - kept_at, sizeof kept);
        if (length > 0 && message_read(kept + kept_at, (u32)length, m) == 0) {
            kept_at += (u32)length;
            return 1;
        }
        kept_at = kept_n;
    }
    for (;;) {
        int r = kept_lost ? -ENOBUFS : next_message(m, timeout_ms);
        if (r == -ETIMEDOUT)
            return 0;
        if (r < 0)
            return r;
        if (m->type == MSG_SIGNAL)
            return 1;
    }
}
