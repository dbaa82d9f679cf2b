/* SPDX-License-Identifier: 0BSD
 *
 * The only door to the kernel and the clock. Each function is one system call with the kernel's own
 * meaning (section 2 of the manual) and returns its result or a negative errno; errno itself is not
 * used, because a child that shares our memory until its execve must not write it. No policy, no
 * state. The simulator in tests/sim links a simulated kernel in place of sys.c. */
#ifndef SYS_H
#define SYS_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct epoll_event;
struct iovec;
struct linux_dirent64;
struct msghdr;
struct rlimit;
struct sockaddr;
struct statfs;
struct statx;
struct termios;
struct timespec;
struct utsname;

/* files; paths are relative to dir (AT_FDCWD for none) */
int sys_open(const char *path, int flags);                       /* O_CLOEXEC is always added */
int sys_openat(int dir, const char *path, int flags, mode_t mode);      /* likewise */
int sys_open_below(int root, const char *path, int flags);       /* openat2(2), RESOLVE_IN_ROOT */
int sys_close(int fd);                                           /* of a negative errno: nothing */
ssize_t sys_read(int fd, void *p, size_t n);
ssize_t sys_write(int fd, const void *p, size_t n);
ssize_t sys_writev(int fd, const struct iovec *v, int n);
ssize_t sys_pread(int fd, void *p, size_t n, off_t at);
int sys_fstat(int fd, struct stat *st);
int sys_stat(const char *path, struct stat *st);
int sys_lstat(const char *path, struct stat *st);
int sys_stat_at(int dir, const char *path, struct stat *st);     /* no follow */
int sys_statx(int dir, const char *path, unsigned mask, struct statx *st);      /* no follow, no automount; "" is dir */
int sys_statfs(const char *path, struct statfs *st);
int sys_fstatfs(int fd, struct statfs *st);
int sys_access(const char *path, int mode);
ssize_t sys_readlinkat(int dir, const char *path, char *to, size_t n);  /* NUL-terminates; -E2BIG */
ssize_t sys_getdents(int fd, void *p, size_t n);
int sys_mkdir(const char *path, mode_t mode);
int sys_mkdirat(int dir, const char *path, mode_t mode);
int sys_unlink(const char *path);
int sys_unlinkat(int dir, const char *path, int flags);
int sys_rmdir(const char *path);
int sys_symlink(const char *target, const char *path);
int sys_rename(const char *from, const char *to);
int sys_exchange(const char *a, const char *b);                  /* RENAME_EXCHANGE */
int sys_chmod(const char *path, mode_t mode);
int sys_fchmod(int fd, mode_t mode);
int sys_chown(const char *path, uid_t uid, gid_t gid);
int sys_fchown(int fd, uid_t uid, gid_t gid);
int sys_fchown_any(int fd, uid_t uid, gid_t gid);                /* of O_PATH too, and of a link itself; -1: as it is */
int sys_mknod(const char *path, mode_t mode, dev_t dev);
int sys_mknodat(int dir, const char *path, mode_t mode, dev_t dev);
int sys_symlinkat(const char *target, int dir, const char *path);
int sys_renameat(int dir, const char *from, const char *to);     /* both in the one folder */
int sys_set_times(int dir, const char *path, const struct timespec times[2]);  /* no follow; NULL: of dir itself */
int sys_lock(int fd, int how);                                   /* flock(2) */
int sys_record_lock(int fd);                                     /* lockf(3)'s kind, the whole file; waits */
int sys_fsync(int fd);
int sys_touch(const char *path);                                 /* utimensat(2), now, no follow */
int sys_chdir(const char *path);
int sys_fchdir(int fd);
int sys_chroot(const char *path);
mode_t sys_umask(mode_t mask);
int sys_dup_to(int fd, int to, bool cloexec);                    /* dup3(2); fd == to is allowed */
int sys_dup_above(int fd, int lowest);                           /* F_DUPFD_CLOEXEC */
int sys_keep_on_exec(int fd, bool keep);                         /* FD_CLOEXEC */
int sys_nonblock(int fd, bool on);
int sys_close_range(unsigned from, unsigned to);
int sys_pipe(int fds[2], int flags);
int sys_ioctl(int fd, unsigned long request, void *arg);
int sys_memfd(const char *name, unsigned flags);
int sys_ftruncate(int fd, off_t n);
ssize_t sys_sendfile(int to, int from, size_t n);

/* sockets; CLOEXEC is always added */
int sys_socket(int domain, int type, int protocol);
int sys_socketpair(int domain, int type, int fds[2]);
int sys_bind(int fd, const struct sockaddr *a, unsigned n);
int sys_listen(int fd, int backlog);
int sys_accept(int fd, int flags);
int sys_connect(int fd, const struct sockaddr *a, unsigned n);
int sys_setsockopt(int fd, int level, int name, const void *p, unsigned n);
int sys_getsockopt(int fd, int level, int name, void *p, unsigned *n);
ssize_t sys_send(int fd, const void *p, size_t n, int flags);
ssize_t sys_recv(int fd, void *p, size_t n, int flags);
ssize_t sys_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t sys_recvmsg(int fd, struct msghdr *m, int flags);
int sys_shutdown(int fd, int how);

/* events and time */
uint64_t sys_now(void);                                          /* CLOCK_MONOTONIC, us */
void sys_hold_clock(bool hold);                                  /* sys_now() says this moment until the next call */
uint64_t sys_now_real(void);                                     /* CLOCK_REALTIME, us */
int sys_epoll_create(void);
int sys_epoll_ctl(int ep, int op, int fd, uint32_t events, uint64_t tag);
int sys_epoll_wait(int ep, struct epoll_event *ev, int n, int timeout_ms);
int sys_signalfd(uint64_t mask);
int sys_inotify_init(void);
int sys_inotify_add(int fd, const char *path, uint32_t mask);
int sys_inotify_rm(int fd, int watch);
int sys_poll_one(int fd, short events, int timeout_ms);          /* >0: revents */
int sys_random(void *p, size_t n);                               /* getrandom, not blocking */

/* processes */
struct sys_clone {
    uint64_t flags;           /* CLONE_*; 0 is fork(2). SIGCHLD is the exit signal */
    int cgroup_fd;            /* with CLONE_INTO_CGROUP */
    uint32_t *child_tid;      /* with CLONE_CHILD_CLEARTID */
    void *stack;              /* lowest byte; NULL: the parent's, copied */
    size_t stack_bytes;
};
struct death { pid_t pid; int code, status; };                   /* code: CLD_EXITED, ... */

pid_t sys_clone(const struct sys_clone *c, void (*child)(void *), void *arg);  /* child never returns */
pid_t sys_fork(void);
int sys_execve(const char *path, char *const *argv, char *const *envp);
int sys_execfd(int fd, char *const *argv, char *const *envp);
_Noreturn void sys_exit(int status);
pid_t sys_getpid(void);
pid_t sys_getppid(void);
uid_t sys_getuid(void);
uid_t sys_geteuid(void);
int sys_reap(pid_t which, struct death *d);                      /* 1, 0: none now, -ECHILD; -1: any */
int sys_wait(pid_t pid, struct death *d);                        /* blocks: clients and children only */
int sys_kill(pid_t pid, int sig);                                /* negative: a process group */
int sys_setsid(void);
int sys_prctl(int op, unsigned long a, unsigned long b);
int sys_sigmask(int how, uint64_t set, uint64_t *old);           /* bit n-1 is signal n */
int sys_signal_reset(int sig);                                   /* SIG_DFL */
int sys_signal_ignore(int sig);
int sys_signal_wait(uint64_t set, int timeout_ms);               /* rt_sigtimedwait: signal */
int sys_setrlimit(int which, const struct rlimit *new, struct rlimit *old);
int sys_setpriority(int nice);
int sys_setgroups(size_t n, const gid_t *g);
int sys_setgid(gid_t g);
int sys_setuid(uid_t u);
int sys_getgroups(int n, gid_t *g);

/* the machine */
int sys_mount(const char *what, const char *where, const char *type, unsigned long flags, const char *data);
int sys_umount(const char *where, int flags);
int sys_swapon(const char *what, int flags);
int sys_swapoff(const char *what);
int sys_reboot(unsigned cmd, const char *arg);
int sys_sync(void);
int sys_uname(struct utsname *u);
int sys_sethostname(const char *name, size_t n);
int sys_settimezone_utc(void);
int sys_swap_roots(const char *new_root);                        /* chdir, MS_MOVE to /, chroot . */
int sys_init_module(int fd, const char *params, int flags);
int sys_unshare(int flags);
int sys_mprotect(void *p, size_t n, int protection);
int sys_madvise_free(void *p, size_t n);                         /* whole pages inside [p, p+n) */
int sys_small_pages(void);                                       /* for all of .bss */
int sys_mlockall(void);

#endif
