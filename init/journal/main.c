/* SPDX-License-Identifier: 0BSD
 *
 * Until the journal has files of its own, the kernel's log is where lines are kept: what services
 * write to their stdout and stderr arrives here on a stream each (systemd's stdout protocol), PID 1's
 * own lines on descriptor 3, and each goes to /dev/kmsg as "name[pid] unit: text", so that `systemctl
 * status` finds all lines of a unit, whoever of it wrote them. A slow console slows this process, nobody
 * else. Without /dev/kmsg (a container) lines go to the console. */
#include "journal.h"
#include "../base/base.h"
#include "../limits.h"
#include "../sys.h"

#include <sys/epoll.h>
#include <sys/socket.h>

enum { LOG_FD = 3, LISTEN_FD = 4 };

/* What a stream begins with, a line each. All but these make no difference here. */
enum { IDENT, UNIT_ID, PRIORITY, LEVEL_PREFIX, TO_CONSOLE = 6, HEADER_LINES };

/* One stream a process: 4,096 services with one each. A line that is not complete waits in one of
 * a few buffers; when all are taken the oldest part of a line is written as a line. */
#define STREAMS_MAX 4096
#define LINE_BYTES 2048
#define LINES_MAX 64

struct stream {
    int fd;
    u32 pid;
    u16 line;                            /* buffer + 1 of its incomplete line */
    u8 header[HEADER_LINES], header_n;   /* the numbers of its header lines; how many were read */
    bool root;                           /* who connected is: its word on the unit counts */
    char ident[40], unit[LOG_UNIT_BYTES];        /* unit: with a blank before it, or "" */
};
static struct stream streams[STREAMS_MAX];
static u32 streams_n;                    /* high-water mark */
static char lines[LINES_MAX][LINE_BYTES];
static u16 line_n[LINES_MAX];
static u16 line_owner[LINES_MAX];        /* stream + 1 */
static int epoll = -1, kmsg = -1, console = -1;

/* ---- writing lines ------------------------------------------------------------------------- */

static ssize_t write_line(int fd, const struct stream *s, u32 priority, struct str text)
{
    BUF(out, LINE_BYTES + 128 + LOG_UNIT_BYTES);
    if (fd == kmsg)
        buf_fmt(&out, "<%u>", priority);
    buf_fmt(&out, "%s[%u]%s: ", s->ident, s->pid, fd == kmsg ? s->unit : "");
    buf_str(&out, text);
    buf_c(&out, '\n');
    /* The kernel's limit for one record is about 1,000 bytes. */
    return sys_write(fd, out.p, fd == kmsg ? MIN(out.n, 960u) : out.n);
}

static void put_line(const struct stream *s, struct str text)
{
    u32 priority = s->header[PRIORITY];
    if (s->header[LEVEL_PREFIX] && text.n > 2 && text.p[0] == '<' && text.p[1] >= '0' && text.p[1] <= '7' && text.p[2] == '>') {
        priority = (priority & ~7u) | (u32)(text.p[1] - '0');
        text = str_from(text, 3);
    }
    if ((text.n && write_line(kmsg, s, priority, text) < 0) || s->header[TO_CONSOLE])
        (void)write_line(console, s, priority, text);
}

/* ---- streams ------------------------------------------------------------------------------- */

static void take_line(struct stream *s, struct str line)
{
    u64 v = 0;
    if (s->header_n == HEADER_LINES) {
        put_line(s, line);
        return;
    }
    /* "[" is where the name ends for who reads the log. */
    if (s->header_n == IDENT)
        z_copy(s->ident, sizeof s->ident, str_cut(str_cut(line.n ? line : S("unknown"), (size_t)str_find(line, '[')),
                                                  sizeof s->ident - 1));
    if (s->header_n == UNIT_ID && line.n && s->root) {
        s->unit[0] = ' ';
        z_copy(s->unit + 1, sizeof s->unit - 1, str_cut(line, sizeof s->unit - 2));
    }
    (void)parse_u64(line, 10, &v);
    s->header[s->header_n++] = (u8)v;
}

/* Takes what was gathered as a line and gives its buffer back. */
static void end_line(struct stream *s)
{
    u32 i = s->line - 1u, n = line_n[i];
    s->line = line_owner[i] = line_n[i] = 0;
    take_line(s, (struct str){ lines[i], n });
}

static char *partial(struct stream *s)
{
    static u32 turn;
    for (u32 i = 0; !s->line && i < LINES_MAX; i++)
        if (!line_owner[i]) {
            line_owner[i] = (u16)(s - streams + 1);
            s->line = (u16)(i + 1);
        }
    if (!s->line) {                      /* all taken: somebody's half line is written as it is */
        end_line(&streams[line_owner[turn++ % LINES_MAX] - 1]);
        return partial(s);
    }
    return lines[s->line - 1];
}

static void take_data(struct stream *s, struct str data)
{
    while (data.n) {
        char *space = partial(s);
        u16 *have = &line_n[s->line - 1];
        int nl = str_find(data, '\n');
        size_t wanted = nl < 0 ? data.n : (size_t)nl, n = MIN(wanted, (size_t)(LINE_BYTES - *have));
        bool whole = nl >= 0 && n == wanted;
        memcpy(space + *have, data.p, n);
        *have = (u16)(*have + n);
        data = str_from(data, n + whole);
        if (whole || n < wanted)
            end_line(s);
    }
}

static void close_stream(struct stream *s)
{
    if (s->line)
        end_line(s);
    (void)sys_epoll_ctl(epoll, EPOLL_CTL_DEL, s->fd, 0, 0);
    sys_close(s->fd);
    *s = (struct stream){ 0 };
}

static void read_stream(struct stream *s)
{
    static char data[16384];
    ssize_t n = sys_recv(s->fd, data, sizeof data, MSG_DONTWAIT);
    if (n > 0)
        take_data(s, (struct str){ data, (size_t)n });
    else if (n != -EAGAIN)
        close_stream(s);
}

static struct stream *free_stream(void)
{
    for (u32 i = 0; i < streams_n; i++)
        if (!streams[i].fd)
            return &streams[i];
    return streams_n < STREAMS_MAX ? &streams[streams_n++] : NULL;
}

static void accept_streams(void)
{
    struct { i32 pid; u32 uid, gid; } cred = { 0 };
    unsigned size = sizeof cred;
    for (u32 n = 0; n < 64; n++) {
        int fd = sys_accept(LISTEN_FD, SOCK_NONBLOCK);
        if (fd < 0)
            return;
        struct stream *s = free_stream();
        if (!s) {
            struct stream own = { .pid = 1, .ident = "pith-journal", .header[PRIORITY] = LOG_ERR | 3 << 3 };
            put_line(&own, S("Limit STREAMS_MAX reached: a service's output is not read."));
            sys_close(fd);
            return;
        }
        (void)sys_getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size);
        *s = (struct stream){ .fd = fd, .pid = (u32)cred.pid, .root = !cred.uid, .header[PRIORITY] = LOG_INFO | 3 << 3 };
        (void)sys_epoll_ctl(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, (u64)(s - streams) + 16);
        read_stream(s);
    }
}

/* PID 1's lines: "<30>pith[1]: text", several in a datagram. */
static void read_log(void)
{
    static char data[8192];
    for (u32 i = 0; i < 64; i++) {
        ssize_t n = sys_recv(LOG_FD, data, sizeof data - 1, MSG_DONTWAIT);
        if (n <= 0)
            return;
        struct str rest = { data, (size_t)n }, line;
        while ((line = str_line(&rest, '\n')).p) {
            /* With its newline: a record without one stays open, and nobody sees it before the next. */
            if (kmsg >= 0 && sys_write(kmsg, line.p, line.n + 1) >= 0)
                continue;
            struct str text = str_from(line, (size_t)MAX(str_find(line, '>') + 1, 0));
            (void)sys_write(console, text.p, text.n + 1);
        }
    }
}

int journal_main(int argc, char **argv)
{
    struct epoll_event ev[64];
    (void)argc;
    (void)argv;
    kmsg = sys_open("/dev/kmsg", O_WRONLY | O_NOCTTY);
    console = sys_open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK);
    epoll = sys_epoll_create();
    if (epoll < 0 || sys_epoll_ctl(epoll, EPOLL_CTL_ADD, LOG_FD, EPOLLIN, 0) < 0
        || sys_epoll_ctl(epoll, EPOLL_CTL_ADD, LISTEN_FD, EPOLLIN, 1) < 0)
        return 1;
    for (;;) {
        int n = sys_epoll_wait(epoll, ev, LEN(ev), -1);
        for (int i = 0; i < n; i++) {
            if (ev[i].data.u64 == 0)
                read_log();
            else if (ev[i].data.u64 == 1)
                accept_streams();
            else if (streams[ev[i].data.u64 - 16].fd)
                read_stream(&streams[ev[i].data.u64 - 16]);
        }
    }
}
