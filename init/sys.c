/* SPDX-License-Identifier: 0BSD
 *
 * The system calls, made directly (see sys.h for why not through libc). One line each; what needs
 * more than a line is at the end, with the assembler of each architecture at the top. */
#define _GNU_SOURCE
#include "sys.h"
#include "limits.h"

#include <dirent.h>
#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#if defined(__x86_64__)
#define R1 "rdi"
#define R2 "rsi"
#define R3 "rdx"
#define R4 "r10"
#define R5 "r8"
#define R6 "r9"
#define TRAP(n, ...) ({ long r_; \
    __asm__ volatile("syscall" : "=a"(r_) : "a"(n), ##__VA_ARGS__ : "rcx", "r11", "memory"); r_; })

/* clone3 with a stack of its own: in the child %rsp is that stack, so it may only use registers
 * until it has called the function. */
static long clone_on_stack(struct clone_args *a, size_t n, void (*fn)(void *), void *arg)
{
    long r;
    register void (*r8)(void *) __asm__("r8") = fn;
    register void *r9 __asm__("r9") = arg;
    __asm__ volatile("syscall\n\t"
                     "test %%rax,%%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp,%%ebp\n\t"
                     "mov %%r9,%%rdi\n\t"
                     "call *%%r8\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(r) : "a"(SYS_clone3), "D"(a), "S"(n), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return r;
}
#elif defined(__aarch64__)
#define R1 "x0"
#define R2 "x1"
#define R3 "x2"
#define R4 "x3"
#define R5 "x4"
#define R6 "x5"
#define TRAP(n, ...) ({ register long n_ __asm__("x8") = n; register long r_ __asm__("x0"); \
    __asm__ volatile("svc 0" : "=r"(r_) : "r"(n_), ##__VA_ARGS__ : "memory"); r_; })

static long clone_on_stack(struct clone_args *a, size_t n, void (*fn)(void *), void *arg)
{
    register long x8 __asm__("x8") = SYS_clone3;
    register long x0 __asm__("x0") = (long)a;
    register long x1 __asm__("x1") = (long)n;
    register void (*x9)(void *) __asm__("x9") = fn;
    register void *x10 __asm__("x10") = arg;
    __asm__ volatile("svc 0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x10\n\t"
                     "blr x9\n\t"
                     "brk #0\n"
                     "1:"
                     : "+r"(x0) : "r"(x8), "r"(x1), "r"(x9), "r"(x10) : "x30", "memory");
    return x0;
}
#else
#error "one block of assembler is missing for this architecture"
#endif

/* C(number, arguments...): as many registers as there are arguments, each as wide as its argument:
 * the kernel takes of a register what its own declaration says. What it declares as long has to be
 * long here. */
#define C(...) CALL_N(__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0)(__VA_ARGS__)
#define CALL_N(n, a, b, c, d, e, f, count, ...) CALL##count
#define IN(i, v) register __typeof__(0 ? (v) : (v)) a##i __asm__(R##i) = v
#define CALL0(n) TRAP(n)
#define CALL1(n, a) ({ IN(1, a); TRAP(n, "r"(a1)); })
#define CALL2(n, a, b) ({ IN(1, a); IN(2, b); TRAP(n, "r"(a1), "r"(a2)); })
#define CALL3(n, a, b, c) ({ IN(1, a); IN(2, b); IN(3, c); TRAP(n, "r"(a1), "r"(a2), "r"(a3)); })
#define CALL4(n, a, b, c, d) \
    ({ IN(1, a); IN(2, b); IN(3, c); IN(4, d); TRAP(n, "r"(a1), "r"(a2), "r"(a3), "r"(a4)); })
#define CALL5(n, a, b, c, d, e) \
    ({ IN(1, a); IN(2, b); IN(3, c); IN(4, d); IN(5, e); TRAP(n, "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)); })
#define CALL6(n, a, b, c, d, e, f) \
    ({ IN(1, a); IN(2, b); IN(3, c); IN(4, d); IN(5, e); IN(6, f); \
       TRAP(n, "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a6)); })
#define R(type, n, ...) return (type)C(SYS_##n, ##__VA_ARGS__)

/* ---- files --------------------------------------------------------------------------------- */

int sys_open(const char *path, int flags) { R(int, openat, AT_FDCWD, path, flags | O_CLOEXEC, 0); }
int sys_openat(int dir, const char *path, int flags, mode_t mode)
{
    R(int, openat, dir, path, flags | O_CLOEXEC, mode);
}
int sys_open_below(int root, const char *path, int flags)
{
    struct { uint64_t flags, mode, resolve; } how = { (uint64_t)(flags | O_CLOEXEC), 0, 0x10 /* RESOLVE_IN_ROOT */ };
    R(int, openat2, root, path, &how, sizeof how);
}
int sys_close(int fd) { R(int, close, fd); }
ssize_t sys_read(int fd, void *p, size_t n) { R(ssize_t, read, fd, p, n); }
ssize_t sys_write(int fd, const void *p, size_t n) { R(ssize_t, write, fd, p, n); }
ssize_t sys_writev(int fd, const struct iovec *v, int n) { R(ssize_t, writev, fd, v, n); }
ssize_t sys_pread(int fd, void *p, size_t n, off_t at) { R(ssize_t, pread64, fd, p, n, at); }
int sys_fstat(int fd, struct stat *st) { R(int, fstat, fd, st); }
int sys_stat(const char *path, struct stat *st) { R(int, newfstatat, AT_FDCWD, path, st, 0); }
int sys_lstat(const char *path, struct stat *st)
{
    R(int, newfstatat, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}
int sys_stat_at(int dir, const char *path, struct stat *st) { R(int, newfstatat, dir, path, st, AT_SYMLINK_NOFOLLOW); }
int sys_statx(int dir, const char *path, unsigned mask, struct statx *st)
{
    R(int, statx, dir, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH, mask, st);
}
int sys_statfs(const char *path, struct statfs *st) { R(int, statfs, path, st); }
int sys_fstatfs(int fd, struct statfs *st) { R(int, fstatfs, fd, st); }
int sys_access(const char *path, int mode) { R(int, faccessat, AT_FDCWD, path, mode); }
ssize_t sys_getdents(int fd, void *p, size_t n) { R(ssize_t, getdents64, fd, p, n); }
int sys_mkdir(const char *path, mode_t mode) { R(int, mkdirat, AT_FDCWD, path, mode); }
int sys_mkdirat(int dir, const char *path, mode_t mode) { R(int, mkdirat, dir, path, mode); }
int sys_unlink(const char *path) { R(int, unlinkat, AT_FDCWD, path, 0); }
int sys_unlinkat(int dir, const char *path, int flags) { R(int, unlinkat, dir, path, flags); }
int sys_rmdir(const char *path) { R(int, unlinkat, AT_FDCWD, path, AT_REMOVEDIR); }
int sys_symlink(const char *target, const char *path) { R(int, symlinkat, target, AT_FDCWD, path); }
int sys_rename(const char *from, const char *to)
{
    R(int, renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int sys_exchange(const char *a, const char *b) { R(int, renameat2, AT_FDCWD, a, AT_FDCWD, b, 2); }
int sys_chmod(const char *path, mode_t mode) { R(int, fchmodat, AT_FDCWD, path, mode); }
int sys_fchmod(int fd, mode_t mode) { R(int, fchmod, fd, mode); }
int sys_chown(const char *path, uid_t u, gid_t g)
{
    R(int, fchownat, AT_FDCWD, path, u, g, AT_SYMLINK_NOFOLLOW);
}
int sys_fchown(int fd, uid_t u, gid_t g) { R(int, fchown, fd, u, g); }
int sys_fchown_any(int fd, uid_t u, gid_t g) { R(int, fchownat, fd, "", u, g, AT_EMPTY_PATH); }
int sys_mknodat(int dir, const char *path, mode_t m, dev_t d) { R(int, mknodat, dir, path, m, d); }
int sys_symlinkat(const char *target, int dir, const char *path) { R(int, symlinkat, target, dir, path); }
int sys_renameat(int dir, const char *from, const char *to) { R(int, renameat2, dir, from, dir, to, 0); }
int sys_set_times(int dir, const char *path, const struct timespec times[2])
{
    R(int, utimensat, dir, path, times, path ? AT_SYMLINK_NOFOLLOW : 0);
}
int sys_lock(int fd, int how) { R(int, flock, fd, how); }
int sys_record_lock(int fd)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    R(int, fcntl, fd, F_SETLKW, &whole);
}
int sys_fsync(int fd) { R(int, fsync, fd); }
int sys_mknod(const char *path, mode_t m, dev_t d) { R(int, mknodat, AT_FDCWD, path, m, d); }
int sys_touch(const char *path)
{
    R(int, utimensat, AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}
int sys_chdir(const char *path) { R(int, chdir, path); }
int sys_fchdir(int fd) { R(int, fchdir, fd); }
int sys_chroot(const char *path) { R(int, chroot, path); }
mode_t sys_umask(mode_t mask) { R(mode_t, umask, mask); }
int sys_dup_above(int fd, int lowest) { R(int, fcntl, fd, F_DUPFD_CLOEXEC, (long)lowest); }
int sys_keep_on_exec(int fd, bool keep) { R(int, fcntl, fd, F_SETFD, (long)!keep); }
int sys_pipe(int fds[2], int flags) { R(int, pipe2, fds, flags | O_CLOEXEC); }
int sys_ioctl(int fd, unsigned long request, void *arg) { R(int, ioctl, fd, request, arg); }
int sys_memfd(const char *name, unsigned flags) { R(int, memfd_create, name, flags | MFD_CLOEXEC); }
int sys_ftruncate(int fd, off_t n) { R(int, ftruncate, fd, n); }
ssize_t sys_sendfile(int to, int from, size_t n) { R(ssize_t, sendfile, to, from, NULL, n); }

/* ---- sockets ------------------------------------------------------------------------------- */

int sys_socket(int domain, int type, int proto) { R(int, socket, domain, type | SOCK_CLOEXEC, proto); }
int sys_socketpair(int d, int type, int fds[2]) { R(int, socketpair, d, type | SOCK_CLOEXEC, 0, fds); }
int sys_bind(int fd, const struct sockaddr *a, unsigned n) { R(int, bind, fd, a, n); }
int sys_listen(int fd, int backlog) { R(int, listen, fd, backlog); }
int sys_accept(int fd, int flags) { R(int, accept4, fd, NULL, NULL, flags | SOCK_CLOEXEC); }
int sys_connect(int fd, const struct sockaddr *a, unsigned n) { R(int, connect, fd, a, n); }
int sys_setsockopt(int fd, int level, int name, const void *p, unsigned n)
{
    R(int, setsockopt, fd, level, name, p, n);
}
int sys_getsockopt(int fd, int level, int name, void *p, unsigned *n)
{
    R(int, getsockopt, fd, level, name, p, n);
}
ssize_t sys_send(int fd, const void *p, size_t n, int fl) { R(ssize_t, sendto, fd, p, n, fl, NULL, 0); }
ssize_t sys_recv(int fd, void *p, size_t n, int fl) { R(ssize_t, recvfrom, fd, p, n, fl, NULL, NULL); }
ssize_t sys_sendmsg(int fd, const struct msghdr *m, int flags) { R(ssize_t, sendmsg, fd, m, flags); }
ssize_t sys_recvmsg(int fd, struct msghdr *m, int fl)
{
    R(ssize_t, recvmsg, fd, m, fl | MSG_CMSG_CLOEXEC);
}
int sys_shutdown(int fd, int how) { R(int, shutdown, fd, how); }

/* ---- events and time ----------------------------------------------------------------------- */

int sys_epoll_create(void) { R(int, epoll_create1, EPOLL_CLOEXEC); }
int sys_epoll_wait(int ep, struct epoll_event *ev, int n, int timeout_ms)
{
    R(int, epoll_pwait, ep, ev, n, timeout_ms, NULL, 8);
}
int sys_signalfd(uint64_t mask) { R(int, signalfd4, -1, &mask, 8, O_CLOEXEC | O_NONBLOCK); }
int sys_inotify_init(void) { R(int, inotify_init1, O_CLOEXEC | O_NONBLOCK); }
int sys_inotify_add(int fd, const char *p, uint32_t mask) { R(int, inotify_add_watch, fd, p, mask); }
int sys_inotify_rm(int fd, int watch) { R(int, inotify_rm_watch, fd, watch); }
int sys_random(void *p, size_t n) { R(int, getrandom, p, n, 1 /* GRND_NONBLOCK */); }

static uint64_t clock_us(clockid_t clock)
{
    struct timespec t;
    (void)C(SYS_clock_gettime, clock, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
static uint64_t held;
uint64_t sys_now(void) { return held ? held : clock_us(CLOCK_MONOTONIC); }
void sys_hold_clock(bool hold) { held = hold ? clock_us(CLOCK_MONOTONIC) : 0; }
uint64_t sys_now_real(void) { return clock_us(CLOCK_REALTIME); }

int sys_epoll_ctl(int ep, int op, int fd, uint32_t events, uint64_t tag)
{
    struct epoll_event ev = { .events = events, .data = { .u64 = tag } };
    R(int, epoll_ctl, ep, op, fd, &ev);
}

int sys_poll_one(int fd, short events, int timeout_ms)
{
    struct pollfd p = { .fd = fd, .events = events };
    struct timespec t = { .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000l };
    int r = (int)C(SYS_ppoll, &p, 1, timeout_ms < 0 ? NULL : &t, NULL, 8);
    return r > 0 ? p.revents : r;
}

/* ---- processes ----------------------------------------------------------------------------- */

int sys_execve(const char *path, char *const *argv, char *const *envp)
{
    R(int, execve, path, argv, envp);
}
int sys_execfd(int fd, char *const *argv, char *const *envp)
{
    R(int, execveat, fd, "", argv, envp, AT_EMPTY_PATH);
}
pid_t sys_getpid(void) { R(pid_t, getpid); }
pid_t sys_getppid(void) { R(pid_t, getppid); }
uid_t sys_getuid(void) { R(uid_t, getuid); }
uid_t sys_geteuid(void) { R(uid_t, geteuid); }
int sys_kill(pid_t pid, int sig) { R(int, kill, pid, sig); }
int sys_setsid(void) { R(int, setsid); }
int sys_prctl(int op, unsigned long a, unsigned long b) { R(int, prctl, op, a, b, 0, 0); }
int sys_sigmask(int how, uint64_t set, uint64_t *old) { R(int, rt_sigprocmask, how, &set, old, 8); }
int sys_setrlimit(int which, const struct rlimit *new, struct rlimit *old)
{
    R(int, prlimit64, 0, which, new, old);
}
int sys_setpriority(int nice) { R(int, setpriority, PRIO_PROCESS, 0, nice); }
int sys_setgroups(size_t n, const gid_t *g) { R(int, setgroups, n, g); }
int sys_setgid(gid_t g) { R(int, setresgid, g, g, g); }
int sys_setuid(uid_t u) { R(int, setresuid, u, u, u); }
int sys_getgroups(int n, gid_t *g) { R(int, getgroups, n, g); }

_Noreturn void sys_exit(int status)
{
    for (;;)
        (void)C(SYS_exit_group, status);
}

pid_t sys_fork(void)
{
    R(pid_t, clone, SIGCHLD, 0l);
}

pid_t sys_clone(const struct sys_clone *c, void (*child)(void *), void *arg)
{
    struct clone_args a = {
        .flags = c->flags,
        .exit_signal = SIGCHLD,
        .cgroup = c->cgroup_fd > 0 ? (uint64_t)c->cgroup_fd : 0,
        .child_tid = (uint64_t)(uintptr_t)c->child_tid,
        .stack = (uint64_t)(uintptr_t)c->stack,
        .stack_size = c->stack_bytes,
    };
    if (c->stack)
        return (pid_t)clone_on_stack(&a, sizeof a, child, arg);
    pid_t pid = (pid_t)C(SYS_clone3, &a, sizeof a);
    if (pid == 0) {
        child(arg);
        sys_exit(255);
    }
    return pid;
}

static int wait_death(pid_t which, struct death *d, int options)
{
    siginfo_t si;
    memset(&si, 0, sizeof si);
    int r = (int)C(SYS_waitid, which > 0 ? P_PID : P_ALL, which > 0 ? which : 0, &si,
                   WEXITED | options, NULL);
    if (r < 0 || si.si_pid == 0)
        return r;
    *d = (struct death){ .pid = si.si_pid, .code = si.si_code, .status = si.si_status };
    return 1;
}
int sys_reap(pid_t which, struct death *d) { return wait_death(which, d, WNOHANG); }
int sys_wait(pid_t pid, struct death *d) { return wait_death(pid, d, 0); }

/* The kernel's struct sigaction, which is not libc's. */
struct kernel_sigaction { void (*handler)(int); unsigned long flags; void *restorer; uint64_t mask; };
static int set_handler(int sig, void (*handler)(int))
{
    struct kernel_sigaction sa = { .handler = handler };
    R(int, rt_sigaction, sig, &sa, NULL, 8);
}
int sys_signal_reset(int sig) { return set_handler(sig, SIG_DFL); }
int sys_signal_ignore(int sig) { return set_handler(sig, SIG_IGN); }

int sys_signal_wait(uint64_t set, int timeout_ms)
{
    struct timespec t = { .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000l };
    R(int, rt_sigtimedwait, &set, NULL, timeout_ms < 0 ? NULL : &t, 8);
}

/* ---- the machine --------------------------------------------------------------------------- */

int sys_mount(const char *what, const char *where, const char *type, unsigned long flags, const char *data)
{
    R(int, mount, what, where, type, flags, data);
}
int sys_umount(const char *where, int flags) { R(int, umount2, where, flags); }
int sys_swapon(const char *what, int flags) { R(int, swapon, what, flags); }
int sys_swapoff(const char *what) { R(int, swapoff, what); }
int sys_sync(void) { R(int, sync); }
int sys_uname(struct utsname *u) { R(int, uname, u); }
int sys_sethostname(const char *name, size_t n) { R(int, sethostname, name, n); }
int sys_init_module(int fd, const char *params, int flags) { R(int, finit_module, fd, params, flags); }
int sys_unshare(int flags) { R(int, unshare, (long)flags); }
int sys_mlockall(void) { R(int, mlockall, MCL_CURRENT | MCL_FUTURE); }

int sys_reboot(unsigned cmd, const char *arg)
{
    R(int, reboot, 0xfee1dead, 672274793, cmd, arg);
}

int sys_settimezone_utc(void)
{
    struct timezone tz = { 0, 0 };
    R(int, settimeofday, NULL, &tz);
}

int sys_swap_roots(const char *new_root)
{
    int r = sys_chdir(new_root);
    if (r == 0)
        r = sys_mount(".", "/", NULL, MS_MOVE, NULL);
    if (r == 0)
        r = sys_chroot(".");
    return r == 0 ? sys_chdir("/") : r;
}

int sys_mprotect(void *p, size_t n, int protection) { R(int, mprotect, p, n, protection); }

int sys_madvise_free(void *p, size_t n)
{
    uintptr_t from = ((uintptr_t)p + 4095) & ~(uintptr_t)4095, to = ((uintptr_t)p + n) & ~(uintptr_t)4095;
    if (to <= from)
        return 0;
    R(int, madvise, from, to - from, MADV_DONTNEED);
}

/* Kernels with transparent huge pages give 2 MiB, zeroed, for the first byte touched in each 2 MiB of .bss. */
int sys_small_pages(void)
{
    extern char __bss_start[], _end[];
    uintptr_t from = (uintptr_t)__bss_start & ~(uintptr_t)4095;
    R(int, madvise, from, (uintptr_t)_end - from, MADV_NOHUGEPAGE);
}

/* ---- more than one call -------------------------------------------------------------------- */

ssize_t sys_readlinkat(int dir, const char *path, char *to, size_t n)
{
    ssize_t r = (ssize_t)C(SYS_readlinkat, dir, path, to, n);
    if (r >= 0 && (size_t)r >= n)
        return -E2BIG;
    if (r >= 0)
        to[r] = 0;
    return r;
}

int sys_dup_to(int fd, int to, bool cloexec)
{
    if (fd == to)
        return sys_keep_on_exec(fd, !cloexec);
    R(int, dup3, fd, to, cloexec ? O_CLOEXEC : 0);
}

int sys_nonblock(int fd, bool on)
{
    int flags = (int)C(SYS_fcntl, fd, F_GETFL, 0);
    if (flags < 0)
        return flags;
    R(int, fcntl, fd, F_SETFL, (long)(on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

int sys_close_range(unsigned from, unsigned to)
{
    int r = (int)C(SYS_close_range, from, to, 0);
    if (r == -ENOSYS)                 /* Linux 5.9 has it; a seccomp profile may not */
        for (unsigned fd = from; fd <= to && fd < 1024; fd++)
            sys_close((int)fd);
    return r == -ENOSYS ? 0 : r;
}
