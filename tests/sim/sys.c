/* SPDX-License-Identifier: 0BSD
 *
 * The door (init/sys.h) to the simulated kernel: descriptors, readiness, time. Any call that can fail
 * in a real kernel fails here when its turn comes (fault()). Time moves in epoll_wait alone. What a
 * descriptor leads to is in files.c, proc.c and ops.c. */
#include "sim.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

#pragma GCC diagnostic ignored "-Wunused-parameter"

/* ---- calls that fail ------------------------------------------------------------------------ */

/* A negative errno when this call is to fail, else 0. */
static int fault(const char *call, int error)
{
    sim.calls++;
    if (sim.calls != sim.fault_at && !(sim.fault_rate && roll(100000) < sim.fault_rate))
        return 0;
    sim.faults++;
    trace("FAULT in call %llu: %s: %s", (unsigned long long)sim.calls, call, strerror(error));
    return -error;
}
#define MAY_FAIL(error) do { int e_ = fault(__func__, error); if (e_) return e_; } while (0)

/* ---- descriptors ---------------------------------------------------------------------------- */

enum object { CLOSED, SINK, TEXT, FOLDER, PIPE_READ, PIPE_WRITE, EPOLL, SIGNALS, INOTIFY, NOTIFY, LISTEN, CLIENT,
              UEVENTS, MOUNTS, SWAPS, CGROUP, CGROUP_KILL, NOTHING };
static const char *const object_names[] = { "closed", "sink", "text", "folder", "pipe-read", "pipe-write", "epoll",
    "signals", "inotify", "notify", "listen", "client", "uevents", "mounts", "swaps", "cgroup", "cgroup.kill", "nothing" };

static struct fd {
    u8 object;
    int which;                           /* pipe, cgroup, client */
    char *text;                          /* of TEXT, FOLDER: its path */
    u32 n, at;
    bool watched;
    u32 events;
    u64 tag;
} fds[256];

static int fd_from(int lowest, u8 object, int which)
{
    for (int fd = lowest; fd < (int)LEN(fds); fd++)
        if (fds[fd].object == CLOSED) {
            fds[fd] = (struct fd){ .object = object, .which = which };
            return fd;
        }
    return -EMFILE;
}

static int fd_new(u8 object, int which) { return fd_from(0, object, which); }

/* A closed one for a number that is none. */
static struct fd *fd_at(int fd)
{
    static struct fd none;
    return fd >= 0 && fd < (int)LEN(fds) ? &fds[fd] : &none;
}

static bool fd_is(int fd, u8 object) { return fd >= 0 && fd < (int)LEN(fds) && fds[fd].object == object; }

u32 fds_open(void)
{
    u32 n = 0;
    for (u32 i = 0; i < LEN(fds); i++)
        n += fds[i].object != CLOSED;
    return n;
}

int fd_cgroup(int fd) { return fd_is(fd, CGROUP) ? fds[fd].which : 0; }

/* ---- pipes: 64 of them, each with its writers and what lies in it ---------------------------- */

static struct pipe { int readers, writers; u32 n; char data[4096]; } pipes[64];

u64 pipes_held(void)
{
    u64 held = 0;
    for (u32 i = 0; i < LEN(fds); i++)
        if (fds[i].object == PIPE_WRITE && !(held >> fds[i].which & 1)) {
            held |= 1ull << fds[i].which;
            pipes[fds[i].which].writers++;
        }
    return held;
}

void pipes_release(u64 held)
{
    for (u32 i = 0; i < LEN(pipes); i++)
        if (held >> i & 1)
            pipes[i].writers--;
}

void report_send(const struct spawn_report *r)
{
    struct pipe *p = fd_is(exec_fds.report, PIPE_WRITE) ? &pipes[fds[exec_fds.report].which] : NULL;
    if (!p || p->n + sizeof *r > sizeof p->data)
        return;
    memcpy(p->data + p->n, r, sizeof *r);
    p->n += (u32)sizeof *r;
}

int sys_pipe(int out[2], int flags)
{
    MAY_FAIL(EMFILE);
    for (int i = 0; i < (int)LEN(pipes); i++)
        if (!pipes[i].readers && !pipes[i].writers) {
            pipes[i] = (struct pipe){ .readers = 1, .writers = 1 };
            out[0] = fd_new(PIPE_READ, i);
            out[1] = fd_new(PIPE_WRITE, i);
            return 0;
        }
    return -ENFILE;
}

/* ---- what is waiting to be read ------------------------------------------------------------- */

static u64 signals_pending;
static struct { char text[256]; pid_t from; } notes[64];
static u32 notes_n;
static struct { char text[128]; u32 n; } uevents[16];
static u32 uevents_n;
static struct { int wd; u32 mask; } inotify_queue[256];
static u32 inotify_n;
static struct { int wd; char path[PATH_BYTES / 8]; u32 mask; } inotify_watches[256];
static int last_wd;
static bool changed[2];                  /* the table of mounts, of swaps */
static u32 connects;
static struct client { bool used, closed; u32 n; char data[65536]; } clients[CLIENTS];

void signal_raise(int sig) { signals_pending |= 1ull << (sig - 1); }
void table_changed(bool swap) { changed[swap] = true; }

void notify_send(pid_t from, const char *text)
{
    if (notes_n == LEN(notes))
        return;
    z_copy(notes[notes_n].text, sizeof notes[0].text, str_of(text));
    notes[notes_n++].from = from;
    trace("process %d says %s", (int)from, text);
}

void uevent_send(const char *path, const char *action)
{
    struct buf b = BUF_OVER(uevents[0].text);
    if (uevents_n == LEN(uevents))
        return;
    b.p = uevents[uevents_n].text;
    buf_fmt(&b, "%s@/devices/sim%cACTION=%s%cDEVNAME=%s%cSUBSYSTEM=block%c", action, 0, action, 0, path + 5, 0, 0);
    uevents[uevents_n++].n = b.n;
    trace("device %s: %s", path, action);
}

static void inotify_queue_event(int wd, u32 mask)
{
    bool again = inotify_n && inotify_queue[inotify_n - 1].wd == wd && inotify_queue[inotify_n - 1].mask == mask;
    if (again || inotify_n == LEN(inotify_queue))
        return;
    inotify_queue[inotify_n].wd = wd;
    inotify_queue[inotify_n++].mask = mask;
}

void inotify_event(const char *path, u32 mask)
{
    for (u32 i = 0; i < LEN(inotify_watches); i++)
        if (inotify_watches[i].wd && inotify_watches[i].mask & mask && STREQ(inotify_watches[i].path, path))
            inotify_queue_event(inotify_watches[i].wd, mask);
}

static void inotify_drop(u32 i)
{
    inotify_queue_event(inotify_watches[i].wd, IN_IGNORED);
    inotify_watches[i].wd = 0;
}

void inotify_gone(const char *path)
{
    for (u32 i = 0; i < LEN(inotify_watches); i++)
        if (inotify_watches[i].wd && STREQ(inotify_watches[i].path, path))
            inotify_drop(i);
}

u32 watches_open(void)
{
    u32 n = 0;
    for (u32 i = 0; i < LEN(inotify_watches); i++)
        n += inotify_watches[i].wd != 0;
    return n;
}

static bool something_there(const char *path)
{
    const char *cgroup = z_after(path, "/sys/fs/cgroup/");
    if (!cgroup)
        return folder_exists(path);
    BUF(folder, PATH_BYTES);
    buf_str(&folder, str_cut(str_of(cgroup), (size_t)MAX(str_rfind(str_of(cgroup), '/'), 0)));
    return cgroup_at(buf_end(&folder));
}

/* One inode has one watch: asking again gives the number that is there. */
int sys_inotify_add(int fd, const char *path, uint32_t mask)
{
    MAY_FAIL(ENOSPC);
    u32 free_at = LEN(inotify_watches);
    if (!something_there(path))
        return -ENOENT;
    for (u32 i = 0; i < LEN(inotify_watches); i++) {
        if (inotify_watches[i].wd && STREQ(inotify_watches[i].path, path)) {
            inotify_watches[i].mask = mask;
            return inotify_watches[i].wd;
        }
        if (!inotify_watches[i].wd && free_at == LEN(inotify_watches))
            free_at = i;
    }
    if (free_at == LEN(inotify_watches))
        return -ENOSPC;
    inotify_watches[free_at].wd = ++last_wd;
    inotify_watches[free_at].mask = mask;
    z_copy(inotify_watches[free_at].path, sizeof inotify_watches[0].path, str_of(path));
    return last_wd;
}

int sys_inotify_rm(int fd, int wd)
{
    for (u32 i = 0; i < LEN(inotify_watches); i++)
        if (inotify_watches[i].wd == wd) {
            inotify_drop(i);
            return 0;
        }
    return -EINVAL;
}

/* ---- clients -------------------------------------------------------------------------------- */

void client_connect_now(void) { connects++; }
bool client_alive(u32 i) { return clients[i].used && !clients[i].closed; }
void client_hang_up(u32 i) { clients[i].closed = true; }

void client_say(u32 i, const void *p, u32 n)
{
    struct client *c = &clients[i];
    if (c->n + n > sizeof c->data)
        return;
    memcpy(c->data + c->n, p, n);
    c->n += n;
}

int sys_accept(int fd, int flags)
{
    MAY_FAIL(EMFILE);
    if (!connects)
        return -EAGAIN;
    connects--;
    for (int i = 0; i < CLIENTS; i++)
        if (!clients[i].used) {
            clients[i] = (struct client){ .used = true };
            client_say((u32)i, "\0AUTH EXTERNAL 30\r\nBEGIN\r\n", 26);
            return fd_new(CLIENT, i);
        }
    return -ECONNABORTED;
}

/* ---- readiness and time --------------------------------------------------------------------- */

static u32 readiness(struct fd *f)
{
    switch ((enum object)f->object) {
    case PIPE_READ: return pipes[f->which].n ? EPOLLIN : pipes[f->which].writers ? 0 : EPOLLHUP;
    case SIGNALS: return signals_pending ? EPOLLIN : 0;
    case INOTIFY: return inotify_n ? EPOLLIN : 0;
    case NOTIFY: return notes_n ? EPOLLIN : 0;
    case LISTEN: return connects && f->which ? EPOLLIN : 0;
    case UEVENTS: return uevents_n ? EPOLLIN : 0;
    case CLIENT: return EPOLLOUT | (clients[f->which].n || clients[f->which].closed ? EPOLLIN : 0);
    case MOUNTS: return changed[false] ? EPOLLPRI | EPOLLERR : 0;
    case SWAPS: return changed[true] ? EPOLLPRI | EPOLLERR : 0;
    case SINK: return EPOLLOUT;
    default: return 0;
    }
}

void fds_print(void)
{
    for (u32 i = 0; i < LEN(fds); i++)
        if (fds[i].object)
            printf("  fd %u: %s %d%s%s\n", i, object_names[fds[i].object], fds[i].which, fds[i].watched ? ", watched" : "",
                   fds[i].watched && readiness(&fds[i]) & (fds[i].events | EPOLLHUP) ? ", ready" : "");
}

static int collect_ready(struct epoll_event *ev, int n)
{
    int k = 0;
    for (u32 i = 0; i < LEN(fds) && k < n; i++) {
        u32 is = fds[i].watched ? readiness(&fds[i]) & (fds[i].events | EPOLLHUP | EPOLLERR) : 0;
        if (!is)
            continue;
        ev[k].events = is;
        ev[k++].data.u64 = fds[i].tag;
        if (fds[i].object == MOUNTS || fds[i].object == SWAPS)
            changed[fds[i].object == SWAPS] = false;       /* told once, like the kernel's */
    }
    return k;
}

int sys_epoll_wait(int ep, struct epoll_event *ev, int n, int timeout_ms)
{
    usec until = timeout_ms < 0 ? USEC_INF : sim.now + (usec)timeout_ms * USEC_MS;
    if (sim.wake)
        until = MIN(until, MAX(sim.wake, sim.now));
    MAY_FAIL(EINTR);
    for (;;) {
        int k = collect_ready(ev, n);
        if (k)
            return k;
        if (procs_unreaped())
            violated("%u zombies while PID 1 sleeps", procs_unreaped());
        usec next = MIN(proc_next(), ops_next());
        sim.quiet = next == USEC_INF && until == USEC_INF;
        if (sim.quiet)
            return 0;
        if (next > until) {
            sim.idle_turns = until > sim.now ? 0 : sim.idle_turns;
            sim.now = until;
            return 0;
        }
        if (next > sim.now) {
            sim.idle_turns = 0;
            sim.now = next + (!sim.well_behaved && chance(300) ? roll_ms(0, 20) : 0);      /* sometimes late: several at once */
        }
        ops_step();
        proc_step();
    }
}

void sys_hold_clock(bool hold) { (void)hold; }
uint64_t sys_now(void) { return sim.now; }
uint64_t sys_now_real(void) { return sim.now + 1700000000ull * USEC_SEC; }

int sys_epoll_create(void) { MAY_FAIL(EMFILE); return fd_new(EPOLL, 0); }

int sys_epoll_ctl(int ep, int op, int fd, uint32_t events, uint64_t tag)
{
    if (fd < 0 || fd >= (int)LEN(fds) || !fds[fd].object)
        return -EBADF;
    if (op == EPOLL_CTL_ADD && fds[fd].watched)
        return -EEXIST;
    if (op != EPOLL_CTL_ADD && !fds[fd].watched)
        return -ENOENT;
    if (op == EPOLL_CTL_ADD)
        MAY_FAIL(ENOSPC);
    fds[fd].watched = op != EPOLL_CTL_DEL;
    fds[fd].events = events;
    fds[fd].tag = tag;
    return 0;
}

int sys_signalfd(uint64_t mask) { MAY_FAIL(ENFILE); return fd_new(SIGNALS, 0); }
int sys_inotify_init(void) { MAY_FAIL(EMFILE); return fd_new(INOTIFY, 0); }
int sys_poll_one(int fd, short events, int timeout_ms) { return -ENOSYS; }

int sys_random(void *p, size_t n)
{
    MAY_FAIL(EAGAIN);
    for (size_t i = 0; i < n; i++)
        ((u8 *)p)[i] = (u8)roll(256);
    return (int)n;
}

/* ---- open ----------------------------------------------------------------------------------- */

static int open_text(const char *text, u32 n)
{
    int fd = fd_new(TEXT, 0);
    if (fd < 0)
        return fd;
    fds[fd].text = malloc(n + 1);
    memcpy(fds[fd].text, text, n);
    fds[fd].n = n;
    return fd;
}

static int open_cgroup(const char *path, int flags)
{
    static const char *const names[] = { "cgroup.events", "cgroup.procs", "cgroup.kill" };
    struct str s = str_of(path);
    BUF(folder, PATH_BYTES);
    int slash = str_rfind(s, '/'), name = -1;
    for (u32 i = 0; i < LEN(names); i++)
        if (STREQ(path + slash + 1, names[i]))
            name = (int)i;
    buf_str(&folder, name < 0 ? s : str_cut(s, (size_t)MAX(slash, 0)));
    int at = cgroup_at(buf_end(&folder));
    if (!at)
        return -ENOENT;
    if (name < 0 || flags & O_DIRECTORY)
        return fd_new(CGROUP, at);
    BUF(text, 8192);
    if (name == 2)
        return fd_new(CGROUP_KILL, at);
    if (name == 1)
        proc_list(at, &text);
    else
        buf_fmt(&text, "populated %d\nfrozen 0\n", cgroup_has_processes(at));
    return open_text(text.p, text.n);
}

static int open_proc(const char *path)
{
    BUF(text, 512);
    struct str rest = str_from(str_of(path), 6), pid = str_word(&rest, "/");
    u64 n;
    if (parse_u64(pid, 10, &n) < 0)
        return -ENOENT;
    int r = proc_stat((pid_t)n, &text, str_is(str_from(rest, 1), "cgroup") || str_is(rest, "cgroup"));
    return r < 0 ? r : open_text(text.p, text.n);
}

int sys_openat(int dir, const char *path, int flags, mode_t mode)
{
    MAY_FAIL(chance(500) ? EMFILE : ENOMEM);
    const char *cgroup = z_after(path, "/sys/fs/cgroup/");
    if (cgroup)
        return open_cgroup(cgroup, flags);
    if (STREQ(path, "/proc/self/mountinfo") || STREQ(path, "/proc/swaps"))
        return fd_new(STREQ(path, "/proc/swaps") ? SWAPS : MOUNTS, 0);
    if (STREQ(path, "/proc/cmdline"))
        return open_text("quiet=0\n", 8);
    if (STREQ(path, "/dev/console") || STREQ(path, "/dev/kmsg"))
        return fd_new(SINK, STREQ(path, "/dev/kmsg"));
    if (STREQ(path, "/dev/null") || STREQ(path, "/proc/self/exe") || STREQ(path, "/"))
        return fd_new(NOTHING, 0);
    const char *text = disk_text(path);
    if (text)
        return open_text(text, (u32)strlen(text));
    if (!text && z_after(path, "/proc/"))
        return open_proc(path);
    if (!folder_exists(path))
        return -ENOENT;
    int fd = fd_new(FOLDER, 0);
    if (fd >= 0)
        fds[fd].text = strdup(path);
    return fd;
}

int sys_open_below(int root, const char *path, int flags) { return sys_openat(root, path, flags, 0); }
int sys_open(const char *path, int flags) { return sys_openat(AT_FDCWD, path, flags, 0); }

int sys_close(int fd)
{
    struct fd *f = fd_at(fd);
    if (fd < 0)
        return fd;                       /* nothing, by sys.h */
    if (!f->object)
        violated("close(%d): it is not open", fd);
    if (broken("close") && f->object == TEXT)
        return 0;
    if (f->object == PIPE_READ)
        pipes[f->which].readers--;
    if (f->object == PIPE_WRITE)
        pipes[f->which].writers--;
    if (f->object == CLIENT)
        clients[f->which].used = false;
    free(f->text);
    *f = (struct fd){ .object = CLOSED };
    return 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

static ssize_t read_signals(void *p, size_t size)
{
    struct signalfd_siginfo *si = p;
    size_t n = 0;
    for (u32 sig = 1; sig <= 64 && n < size / sizeof *si; sig++)
        if (signals_pending >> (sig - 1) & 1) {
            signals_pending &= ~(1ull << (sig - 1));
            si[n++] = (struct signalfd_siginfo){ .ssi_signo = sig };
        }
    return n ? (ssize_t)(n * sizeof *si) : -EAGAIN;
}

static ssize_t read_inotify(void *p, size_t size)
{
    u32 n = MIN(inotify_n, (u32)(size / sizeof(struct inotify_event)));
    for (u32 i = 0; i < n; i++)
        ((struct inotify_event *)p)[i] = (struct inotify_event){ .wd = inotify_queue[i].wd, .mask = inotify_queue[i].mask };
    memmove(inotify_queue, inotify_queue + n, (inotify_n - n) * sizeof inotify_queue[0]);
    inotify_n -= n;
    return n ? (ssize_t)(n * sizeof(struct inotify_event)) : -EAGAIN;
}

static ssize_t read_pipe(struct pipe *p, void *to, size_t size)
{
    u32 n = (u32)MIN(size, p->n);
    if (!n)
        return p->writers ? -EAGAIN : 0;
    memcpy(to, p->data, n);
    memmove(p->data, p->data + n, p->n - n);
    p->n -= n;
    return n;
}

ssize_t sys_read(int fd, void *p, size_t n)
{
    MAY_FAIL(fd_is(fd, TEXT) ? EIO : EINTR);
    struct fd *f = fd_at(fd);
    switch ((enum object)f->object) {
    case TEXT:
        n = MIN(n, f->n - f->at);
        memcpy(p, f->text + f->at, n);
        f->at += (u32)n;
        return (ssize_t)n;
    case SIGNALS: return read_signals(p, n);
    case INOTIFY: return read_inotify(p, n);
    case PIPE_READ: return read_pipe(&pipes[f->which], p, n);
    case FOLDER: return -EISDIR;
    default: return -EBADF;
    }
}

ssize_t sys_pread(int fd, void *p, size_t n, off_t at)
{
    static char text[16384];
    struct buf b = BUF_OVER(text);
    MAY_FAIL(ENOMEM);
    if (!fd_is(fd, MOUNTS) && !fd_is(fd, SWAPS))
        return -EBADF;
    table_print(fds[fd].object == SWAPS, &b);
    n = (size_t)at >= b.n ? 0 : MIN(n, b.n - (size_t)at);
    memcpy(p, text + at, n);
    return (ssize_t)n;
}

ssize_t sys_getdents(int fd, void *p, size_t n)
{
    MAY_FAIL(EIO);
    struct fd *f = fd_at(fd);
    size_t used = 0;
    const char *name;
    if (f->object != FOLDER)
        return f->object == CGROUP ? 0 : f->object ? -ENOTDIR : -EBADF;
    while (n - used >= sizeof(struct dirent) && (name = folder_entry(f->text, &f->at))) {
        struct dirent *d = (void *)((char *)p + used);
        size_t length = (offsetof(struct dirent, d_name) + strlen(name) + 8) & ~(size_t)7;
        memset(d, 0, length);
        d->d_ino = 1;
        d->d_type = DT_REG;
        d->d_reclen = (unsigned short)length;
        strcpy(d->d_name, name);
        used += length;
    }
    return (ssize_t)used;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* The manager's own log is part of the trace. */
static void take_log(const char *p, size_t n)
{
    struct str s = { p, n }, line;
    while ((line = str_line(&s, '\n')).p)
        if (line.n)
            trace("        %.*s", (int)MIN(line.n, 200u), line.p);
}

ssize_t sys_write(int fd, const void *p, size_t n)
{
    MAY_FAIL(fd_is(fd, SINK) ? EAGAIN : EIO);
    if (fd_is(fd, SINK) && fds[fd].which)
        take_log(p, n);
    if (fd_is(fd, CGROUP_KILL))
        proc_kill_cgroup(fds[fd].which);
    return (ssize_t)n;
}

ssize_t sys_send(int fd, const void *p, size_t n, int flags)
{
    MAY_FAIL(EAGAIN);
    if (fd_is(fd, CLIENT))
        return clients[fds[fd].which].closed ? -EPIPE : (ssize_t)(chance(20) ? n / 2 : n);
    take_log(p, n);
    return (ssize_t)n;
}

ssize_t sys_recv(int fd, void *p, size_t n, int flags)
{
    MAY_FAIL(fd_is(fd, UEVENTS) ? ENOBUFS : EAGAIN);
    if (fd_is(fd, UEVENTS)) {
        if (!uevents_n)
            return -EAGAIN;
        n = MIN(n, uevents[0].n);
        memcpy(p, uevents[0].text, n);
        memmove(uevents, uevents + 1, --uevents_n * sizeof uevents[0]);
        return (ssize_t)n;
    }
    if (!fd_is(fd, CLIENT))
        return -EBADF;
    struct client *c = &clients[fds[fd].which];
    if (!c->n)
        return c->closed ? 0 : -EAGAIN;
    n = chance(30) ? MIN(n, c->n / 2u + 1) : MIN(n, c->n);      /* sometimes half a message */
    memcpy(p, c->data, n);
    memmove(c->data, c->data + n, c->n - n);
    c->n -= (u32)n;
    return (ssize_t)n;
}

ssize_t sys_recvmsg(int fd, struct msghdr *m, int flags)
{
    MAY_FAIL(EAGAIN);
    struct { i32 pid; u32 uid, gid; } cred = { 0 };
    if (!notes_n)
        return -EAGAIN;
    size_t n = MIN(strlen(notes[0].text), m->msg_iov->iov_len);
    memcpy(m->msg_iov->iov_base, notes[0].text, n);
    cred.pid = notes[0].from;
    struct cmsghdr *c = m->msg_control;
    *c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof cred), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS };
    memcpy(CMSG_DATA(c), &cred, sizeof cred);
    m->msg_controllen = CMSG_SPACE(sizeof cred);
    m->msg_flags = 0;
    memmove(notes, notes + 1, --notes_n * sizeof notes[0]);
    return (ssize_t)n;
}

/* ---- sockets -------------------------------------------------------------------------------- */

int sys_socket(int domain, int type, int protocol)
{
    MAY_FAIL(EMFILE);
    if (domain == AF_NETLINK)
        return fd_new(UEVENTS, 0);
    if (domain != AF_UNIX)
        return fd_new(NOTHING, 0);
    return fd_new(type & SOCK_DGRAM ? NOTIFY : LISTEN, 0);
}

int sys_bind(int fd, const struct sockaddr *a, unsigned n)
{
    MAY_FAIL(EADDRINUSE);
    fds[fd].which = a->sa_family == AF_UNIX && STREQ(a->sa_data, BUS_SOCKET);
    return 0;
}

int sys_socketpair(int domain, int type, int out[2])
{
    MAY_FAIL(EMFILE);
    out[0] = fd_new(NOTHING, 0);
    out[1] = fd_new(NOTHING, 0);
    return 0;
}

int sys_getsockopt(int fd, int level, int name, void *p, unsigned *n)
{
    struct { i32 pid; u32 uid, gid; } cred = { 4000, 0, 0 };
    MAY_FAIL(ENOMEM);
    memcpy(p, &cred, MIN(*n, sizeof cred));
    return 0;
}

int sys_listen(int fd, int backlog) { return 0; }
int sys_setsockopt(int fd, int level, int name, const void *p, unsigned n) { return 0; }
int sys_connect(int fd, const struct sockaddr *a, unsigned n) { return -ENOSYS; }
ssize_t sys_sendmsg(int fd, const struct msghdr *m, int flags) { return -ENOSYS; }
int sys_shutdown(int fd, int how) { return -ENOSYS; }

/* ---- names ---------------------------------------------------------------------------------- */

/* What is a mount point needs not be mounted: all of the API file systems are there. */
int sys_stat(const char *path, struct stat *st)
{
    MAY_FAIL(ENOMEM);
    bool node = z_after(path, "/dev/sim") || z_after(path, "/dev/disk");
    bool there = node ? device_there(path) : disk_text(path) || folder_exists(path) || z_ends(path, "/..")
              || str_starts(str_of(path), "/proc") || str_starts(str_of(path), "/sys") || str_starts(str_of(path), "/dev");
    *st = (struct stat){ .st_dev = z_ends(path, "/..") ? 1 : 2, .st_mode = disk_text(path) ? S_IFREG | 0644 : S_IFDIR | 0755 };
    return there ? 0 : -ENOENT;
}

int sys_lstat(const char *path, struct stat *st) { return sys_stat(path, st); }
int sys_fstat(int fd, struct stat *st)
{
    MAY_FAIL(ENOMEM);
    if (!fd_at(fd)->object)
        return -EBADF;
    *st = (struct stat){ .st_dev = 2, .st_mode = fd_is(fd, FOLDER) ? S_IFDIR | 0755 : S_IFREG | 0644 };
    return 0;
}

int sys_statfs(const char *path, struct statfs *st)
{
    MAY_FAIL(ENOMEM);
    *st = (struct statfs){ .f_type = sim.cgroups && STREQ(path, "/sys/fs/cgroup") ? 0x63677270 : 0 };
    return 0;
}

int sys_access(const char *path, int mode) { return disk_text(path) || folder_exists(path) ? 0 : -ENOENT; }
ssize_t sys_readlinkat(int dir, const char *path, char *to, size_t n) { return -EINVAL; }

int sys_mkdir(const char *path, mode_t mode)
{
    MAY_FAIL(ENOSPC);
    const char *cgroup = z_after(path, "/sys/fs/cgroup/");
    return cgroup ? cgroup_create(cgroup) : 0;
}

int sys_rmdir(const char *path)
{
    MAY_FAIL(EBUSY);
    const char *cgroup = z_after(path, "/sys/fs/cgroup/");
    return cgroup ? cgroup_destroy(cgroup) : -ENOENT;
}

int sys_unlink(const char *path)
{
    MAY_FAIL(EROFS);
    disk_gone(path);
    return 0;
}

int sys_unlinkat(int dir, const char *path, int flags) { return -ENOENT; }

/* ---- duplicates ----------------------------------------------------------------------------- */

int sys_dup_above(int fd, int lowest)
{
    const struct fd *f = fd_at(fd);
    MAY_FAIL(EMFILE);
    if (!f->object)
        return -EBADF;
    int to = fd_from(lowest, f->object, f->which);
    if (to >= 0 && f->object == PIPE_READ)
        pipes[f->which].readers++;
    if (to >= 0 && f->object == PIPE_WRITE)
        pipes[f->which].writers++;
    return to;
}

int sys_dup_to(int fd, int to, bool cloexec) { return to; }

/* ---- processes ------------------------------------------------------------------------------ */

pid_t sys_clone(const struct sys_clone *c, void (*child)(void *), void *arg)
{
    MAY_FAIL(chance(500) ? EAGAIN : ENOMEM);
    return proc_clone(c, child, arg);
}

pid_t sys_fork(void) { MAY_FAIL(EAGAIN); return proc_helper(); }
int sys_reap(pid_t which, struct death *d) { return proc_reap(d); }
int sys_kill(pid_t pid, int sig) { return proc_kill(pid, sig); }
pid_t sys_getpid(void) { return 1; }
pid_t sys_getppid(void) { return 0; }
uid_t sys_getuid(void) { return 0; }
uid_t sys_geteuid(void) { return 0; }

/* PID 1 never does these while it runs. */
void sys_exit(int status) { violated("PID 1 exits with %d", status); }
int sys_execve(const char *path, char *const *a, char *const *e) { violated("PID 1 executes %s", path); }
int sys_execfd(int fd, char *const *argv, char *const *envp) { violated("PID 1 executes %s", argv[0]); }
int sys_wait(pid_t pid, struct death *d) { violated("PID 1 waits for %d", (int)pid); }
int sys_reboot(unsigned cmd, const char *arg) { return cmd ? -EINVAL : 0; }

/* ---- what does not matter here -------------------------------------------------------------- */

int sys_madvise_free(void *p, size_t n)
{
    uintptr_t from = ((uintptr_t)p + 4095) & ~(uintptr_t)4095, to = ((uintptr_t)p + n) & ~(uintptr_t)4095;
    return to > from ? madvise((void *)from, to - from, MADV_DONTNEED) : 0;
}

int sys_ioctl(int fd, unsigned long request, void *arg) { return sim.tty ? 0 : -ENOTTY; }
int tty_make_sane(int fd) { return fd; }
ssize_t sys_writev(int fd, const struct iovec *v, int n) { return -ENOSYS; }
int sys_fstatfs(int fd, struct statfs *st) { return -ENOSYS; }
int sys_mkdirat(int dir, const char *path, mode_t mode) { return -ENOSYS; }
int sys_symlink(const char *target, const char *path) { return -EEXIST; }
int sys_rename(const char *from, const char *to) { return -ENOSYS; }
int sys_exchange(const char *a, const char *b) { return -ENOSYS; }
int sys_chmod(const char *path, mode_t mode) { return 0; }
int sys_fchmod(int fd, mode_t mode) { return 0; }
int sys_chown(const char *path, uid_t uid, gid_t gid) { return 0; }
int sys_fchown(int fd, uid_t uid, gid_t gid) { return 0; }
int sys_mknod(const char *path, mode_t mode, dev_t dev) { return -EEXIST; }
int sys_touch(const char *path) { return 0; }
int sys_chdir(const char *path) { return 0; }
int sys_fchdir(int fd) { return 0; }
int sys_chroot(const char *path) { return 0; }
mode_t sys_umask(mode_t mask) { return 0; }
int sys_keep_on_exec(int fd, bool keep) { return 0; }
int sys_nonblock(int fd, bool on) { return 0; }
int sys_close_range(unsigned from, unsigned to) { return 0; }
int sys_memfd(const char *name, unsigned flags) { return -ENOSYS; }
int sys_ftruncate(int fd, off_t n) { return 0; }
ssize_t sys_sendfile(int to, int from, size_t n) { return -ENOSYS; }
int sys_setsid(void) { return 1; }
int sys_prctl(int op, unsigned long a, unsigned long b) { return 0; }
int sys_sigmask(int how, uint64_t set, uint64_t *old) { return 0; }
int sys_signal_reset(int sig) { return 0; }
int sys_signal_ignore(int sig) { return 0; }
int sys_signal_wait(uint64_t set, int timeout_ms) { return -ENOSYS; }
int sys_setrlimit(int which, const struct rlimit *new, struct rlimit *old) { return 0; }
int sys_setpriority(int nice) { return 0; }
int sys_setgroups(size_t n, const gid_t *g) { return 0; }
int sys_setgid(gid_t g) { return 0; }
int sys_setuid(uid_t u) { return 0; }
int sys_getgroups(int n, gid_t *g) { return 0; }
int sys_mount(const char *what, const char *where, const char *type, unsigned long flags, const char *data) { return 0; }
int sys_umount(const char *where, int flags) { return 0; }
int sys_swapon(const char *what, int flags) { return 0; }
int sys_swapoff(const char *what) { return 0; }
int sys_sync(void) { return 0; }
int sys_uname(struct utsname *u) { *u = (struct utsname){ .nodename = "sim", .release = "6.1", .machine = "x86_64" }; return 0; }
int sys_sethostname(const char *name, size_t n) { return 0; }
int sys_settimezone_utc(void) { return 0; }
int sys_swap_roots(const char *new_root) { return 0; }
int sys_init_module(int fd, const char *params, int flags) { return 0; }
int sys_unshare(int flags) { return 0; }
int sys_mlockall(void) { return 0; }
int sys_small_pages(void) { return 0; }
