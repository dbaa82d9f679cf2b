/* SPDX-License-Identifier: 0BSD
 *
 * The server's connections: authentication, cutting the stream into messages, and answers that a
 * client has not read yet. What waits lies in pages that all connections share; a client that does
 * not read, sends half a message or rubbish costs at most CONN_PAGES_EACH of them and is then
 * dropped. Never blocks. */
#include "bus.h"
#include "../sys.h"

#include <sys/epoll.h>
#include <sys/socket.h>

struct conn conns[CONNS_MAX];

enum phase { AUTH_NUL, AUTH_LINES, READY };

/* ---- pages --------------------------------------------------------------------------------- */

static char pages[CONN_PAGES][4096] __attribute__((aligned(4096)));
static u16 page_next[CONN_PAGES];
static u16 free_page;                    /* page 0 is never used */
static u32 pages_used;

void conns_init(void)
{
    for (u32 i = 0; i < CONNS_MAX; i++)
        conns[i].fd = -1;
}

static u16 page_take(void)
{
    u16 i = free_page;
    if (i)
        free_page = page_next[i];
    else if (pages_used + 1 < CONN_PAGES)
        i = (u16)++pages_used;
    page_next[i] = 0;
    return i;
}

static void page_give(u16 i)
{
    (void)sys_madvise_free(pages[i], sizeof pages[i]);
    page_next[i] = free_page;
    free_page = i;
}

/* Appends to a chain that holds n bytes and begins `at` bytes into its first page. */
static bool chain_put(u16 *first, u16 *last, u32 *n, u32 at, const u8 *p, u32 count)
{
    if ((*n + count) / sizeof pages[0] >= CONN_PAGES_EACH)
        return false;
    while (count) {
        u32 end = (at + *n) % sizeof pages[0];
        if (!*first || (end == 0 && *n + at)) {
            u16 page = page_take();
            if (!page)
                return false;
            if (*first)
                page_next[*last] = page;
            else
                *first = page;
            *last = page;
        }
        u32 part = MIN(count, (u32)sizeof pages[0] - end);
        memcpy(pages[*last] + end, p, part);
        p += part;
        *n += part;
        count -= part;
    }
    return true;
}

static void chain_free(u16 *first)
{
    while (*first) {
        u16 i = *first;
        *first = page_next[i];
        page_give(i);
    }
}

/* ---- sending ------------------------------------------------------------------------------- */

void conn_close(struct conn *c)
{
    if (c->fd < 0)
        return;
    watch_remove(c->fd);
    sys_close(c->fd);
    chain_free(&c->in_first);
    chain_free(&c->out_first);
    *c = (struct conn){ .fd = -1 };
}

static void want_write(struct conn *c, bool want)
{
    if (c->waits_write == want)
        return;
    c->waits_write = want;
    (void)watch_change(c->fd, EPOLLIN | (want ? EPOLLOUT : 0), WATCH_CLIENT, (u16)(c - conns));
}

void conn_send(struct conn *c, const void *p, u32 n)
{
    ssize_t sent = 0;
    if (c->fd < 0 || c->closing)
        return;
    if (!c->out_n)
        sent = sys_send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && sent != -EAGAIN) {
        c->closing = true;
        return;
    }
    u32 done = sent > 0 ? (u32)sent : 0;
    if (done < n && !chain_put(&c->out_first, &c->out_last, &c->out_n, c->out_at, (const u8 *)p + done, n - done)) {
        log_line(LOG_WARNING, "Control client with PID %u does not read its answers, dropping it.", c->pid);
        c->closing = true;
    }
    want_write(c, c->out_n > 0);
}

void conn_writable(struct conn *c)
{
    while (c->out_n) {
        u32 part = MIN(c->out_n, (u32)sizeof pages[0] - c->out_at);
        ssize_t sent = sys_send(c->fd, pages[c->out_first] + c->out_at, part, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0) {
            if (sent != -EAGAIN)
                c->closing = true;
            break;
        }
        c->out_n -= (u32)sent;
        c->out_at += (u32)sent;
        if (c->out_at == sizeof pages[0] || !c->out_n) {
            u16 page = c->out_first;
            c->out_first = page_next[page];
            page_give(page);
            c->out_at = 0;
        }
    }
    if (!c->closing)
        want_write(c, c->out_n > 0);
}

static char out_space[MESSAGE_OUT_BYTES] __attribute__((aligned(4096)));

struct bus_out conn_message_begin(void) { return (struct bus_out){ .b = BUF_OVER(out_space) }; }

void conn_message_done(u32 n)
{
    if (n > 16384)
        (void)sys_madvise_free(out_space + 16384, n);
}

/* ---- authentication ------------------------------------------------------------------------ */

static void say(struct conn *c, const char *line) { conn_send(c, line, (u32)strlen(line)); }

/* One line of the SASL dialogue. Who the client is we know from the socket, not from what it says. */
static void auth_line(struct conn *c, struct str line)
{
    if (str_starts(line, "AUTH EXTERNAL ") || str_is(line, "DATA") || str_starts(line, "DATA "))
        say(c, "OK 70697468706974687069746870697468\r\n");
    else if (str_is(line, "AUTH EXTERNAL"))
        say(c, "DATA\r\n");
    else if (str_is(line, "NEGOTIATE_UNIX_FD"))
        say(c, "ERROR file descriptors are not passed here\r\n");
    else if (str_is(line, "BEGIN"))
        c->phase = READY;
    else if (str_starts(line, "AUTH"))
        say(c, "REJECTED EXTERNAL\r\n");
    else
        say(c, "ERROR\r\n");
}

/* Takes what it can of the data; returns the bytes used. */
static u32 take_auth(struct conn *c, const u8 *p, u32 n)
{
    u32 used = 0;
    if (c->phase == AUTH_NUL && n) {
        c->closing |= p[0] != 0;
        c->phase = AUTH_LINES;
        used = 1;
    }
    while (c->phase == AUTH_LINES && !c->closing) {
        struct str rest = { (const char *)p + used, n - used };
        int nl = str_find(rest, '\n');
        if (nl < 0) {
            c->closing |= rest.n > 4096;
            break;
        }
        used += (u32)nl + 1;
        auth_line(c, str_trim(str_cut(rest, (size_t)nl)));
    }
    return used;
}

/* ---- receiving ----------------------------------------------------------------------------- */

/* Whole messages (and lines before them) of the data; returns the bytes used. */
static u32 take_messages(struct conn *c, const u8 *p, u32 n, conn_message *handle)
{
    u32 used = c->phase == READY ? 0 : take_auth(c, p, n);
    while (c->phase == READY && !c->closing) {
        struct bus_msg m;
        int length = message_length(p + used, n - used, MESSAGE_IN_BYTES);
        if (length == 0 || (length > 0 && (u32)length > n - used))
            break;
        if (length < 0 || message_read(p + used, (u32)length, &m) < 0) {
            log_line(LOG_WARNING, "Control client with PID %u sent %s, dropping it.", c->pid,
                     length == -EMSGSIZE ? "a message over MESSAGE_IN_BYTES (limits.h)" : "a broken message");
            c->closing = true;
            break;
        }
        handle(c, &m);
        used += (u32)length;
    }
    return used;
}

/* Room for one message that is not complete and for what a socket holds beside it. */
static u8 in_space[MESSAGE_IN_BYTES * 2];

void conn_readable(struct conn *c, conn_message *handle)
{
    /* What came before goes in front of what comes now. */
    u32 n = 0;
    for (u16 page = c->in_first; page; page = page_next[page]) {
        u32 part = MIN(c->in_n - n, (u32)sizeof pages[0]);
        memcpy(in_space + n, pages[page], part);
        n += part;
    }
    chain_free(&c->in_first);
    c->in_n = 0;
    ssize_t got = sys_recv(c->fd, in_space + n, sizeof in_space - n, MSG_DONTWAIT);
    if (got <= 0 && got != -EAGAIN)
        c->closing = true;
    n += got > 0 ? (u32)got : 0;
    u32 used = take_messages(c, in_space, n, handle);
    if (used < n && !c->closing && !chain_put(&c->in_first, &c->in_last, &c->in_n, 0, in_space + used, n - used))
        c->closing = true;
}

int conn_accept(int listener)
{
    struct { i32 pid; u32 uid, gid; } cred = { 0 };
    unsigned size = sizeof cred;
    int fd = sys_accept(listener, SOCK_NONBLOCK);
    if (fd < 0)
        return fd;
    for (u32 i = 0; i < CONNS_MAX; i++) {
        struct conn *c = &conns[i];
        if (c->fd >= 0)
            continue;
        if (sys_getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
            cred.uid = UINT32_MAX;
        *c = (struct conn){ .fd = fd, .uid = cred.uid, .pid = (u32)cred.pid };
        int r = watch_add(fd, EPOLLIN, WATCH_CLIENT, (u16)i);
        if (r < 0)
            conn_close(c);
        return r < 0 ? r : (int)i;
    }
    sys_close(fd);                       /* limit CONNS_MAX: the client sees the end at once */
    return -EMFILE;
}
