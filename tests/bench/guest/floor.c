/* SPDX-License-Identifier: 0BSD
 *
 * The floor: the least that a PID 1 can do for services that are to be kept running. It reads no configuration, knows
 * one program, starts it N times and starts it again when it dies. What an init costs above this is its own.
 *
 *   floor N              vfork and execve
 *   floor N into         a cgroup each, made with mkdir, entered by clone3(INTO_CGROUP | VFORK)
 *   floor N procs        a cgroup each, entered by writing cgroup.procs */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVICES_MAX 4096

static pid_t pids[SERVICES_MAX];
static enum { NONE, INTO, PROCS } mode;

static char *const noop_argv[] = { "/bench/noop", NULL };
static char *const noop_env[] = { NULL };

/* "/cgroup/1234" and what may follow */
static char *cgroup_path(char *p, unsigned i, const char *file)
{
    char *start = p;
    for (const char *s = "/cgroup/"; *s; s++)
        *p++ = *s;
    for (unsigned d = 1000; d; d /= 10)
        *p++ = (char)('0' + i / d % 10);
    do *p++ = *file; while (*file++);
    return start;
}

/* In assembly because the child shares our stack, and what it pushes there must not be what we return through. */
static pid_t clone_into(int cgroup)
{
    struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
             cgroup; } args = { .flags = CLONE_VM | CLONE_VFORK | 0x200000000ull, .exit_signal = SIGCHLD,
                                .cgroup = (uint64_t)cgroup };
    long r;
    __asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\t"
                     "mov $59, %%eax\n\tmov %[path], %%rdi\n\tmov %[argv], %%rsi\n\tmov %[env], %%rdx\n\tsyscall\n\t"
                     "mov $60, %%eax\n\tsyscall\n1:"
                     : "=a"(r)
                     : "a"(435L), "D"(&args), "S"(sizeof args), [path] "r"(noop_argv[0]), [argv] "r"(noop_argv),
                       [env] "r"(noop_env)
                     : "rcx", "r11", "rdx", "memory");
    return (pid_t)r;
}

static void join(unsigned i)
{
    char path[64];
    int fd = open(cgroup_path(path, i, "/cgroup.procs"), O_WRONLY);
    (void)!write(fd, "0", 1);
    close(fd);
}

static void begin(unsigned i)
{
    char path[64];
    if (mode == INTO) {
        int fd = open(cgroup_path(path, i, ""), O_PATH | O_DIRECTORY | O_CLOEXEC);
        pids[i] = clone_into(fd);
        close(fd);
        return;
    }
    pid_t pid = vfork();
    if (pid == 0) {
        if (mode == PROCS)
            join(i);
        execve(noop_argv[0], noop_argv, noop_env);
        _exit(1);
    }
    pids[i] = pid;
}

int main(int argc, char **argv)
{
    char path[64];
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
    mode = argc < 3 ? NONE : argv[2][0] == 'i' ? INTO : PROCS;
    if (n > SERVICES_MAX)
        return 1;
    if (mode != NONE) {
        mkdir("/cgroup", 0755);
        mount("cgroup2", "/cgroup", "cgroup2", 0, NULL);
    }
    for (unsigned i = 0; i < n; i++) {
        if (mode != NONE)
            mkdir(cgroup_path(path, i, ""), 0755);
        begin(i);
    }
    for (;;) {
        pid_t pid = wait(NULL);
        for (unsigned i = 0; i < n; i++)
            if (pids[i] == pid) {
                begin(i);
                break;
            }
    }
}
