/* SPDX-License-Identifier: 0BSD
 *
 * What a service program does that a shell script cannot: sd_notify(3) from its own process, daemon(3)
 * with a pid file, and saying what it was started with. For the guests of tests/boot.
 *
 *   daemon notify FILE        READY=1 once FILE appears; RELOADING=1 and READY=1 on SIGHUP; STOPPING=1 on SIGTERM
 *   daemon fork [PIDFILE]     two forks as daemons do it; the pid of the last in PIDFILE; waits for a signal
 *   daemon stubborn           ignores SIGTERM, says so, waits
 *   daemon wait               waits for a signal; starts faster than anything of toybox
 *   daemon limits             prints what getrlimit and its like tell */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void notify(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (!path || fd < 0 || strlen(path) >= sizeof a.sun_path)
        exit(3);
    strcpy(a.sun_path, path);
    if (a.sun_path[0] == '@')
        a.sun_path[0] = 0;
    if (sendto(fd, text, strlen(text), 0, (void *)&a, offsetof(struct sockaddr_un, sun_path) + strlen(path)) < 0)
        exit(4);
    close(fd);
}

static void wait_for_file(const char *path)
{
    while (access(path, F_OK) < 0)
        usleep(20000);
}

static int be_notify(const char *gate)
{
    sigset_t set;
    int sig;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    notify("STATUS=waiting for the gate");
    wait_for_file(gate);
    notify("READY=1\nSTATUS=open");
    while (sigwait(&set, &sig) == 0 && sig == SIGHUP) {
        notify("RELOADING=1");
        notify("READY=1\nSTATUS=reloaded");
    }
    notify("STOPPING=1\nSTATUS=closing");
    return 0;
}

static int be_daemon(const char *pid_file)
{
    if (fork() > 0) {
        /* as daemons should: the parent ends when all is in place, and nothing but the daemon is left */
        wait(NULL);
        if (pid_file)
            wait_for_file(pid_file);
        return 0;
    }
    setsid();
    if (fork() > 0)
        _exit(0);
    if (pid_file) {
        char next[256];
        snprintf(next, sizeof next, "%s.new", pid_file);
        FILE *f = fopen(next, "w");
        if (!f)
            return 2;
        fprintf(f, "%d\n", getpid());
        fclose(f);
        rename(next, pid_file);
    }
    for (;;)
        pause();
}

_Noreturn static void be_stubborn(void)
{
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    int fd = open("/run/stubborn", O_CREAT | O_WRONLY, 0644);
    close(fd);
    for (;;)
        pause();
}

static int say_limits(void)
{
    struct rlimit r;
    getrlimit(RLIMIT_NOFILE, &r);
    printf("nofile=%lu:%lu ", (unsigned long)r.rlim_cur, (unsigned long)r.rlim_max);
    getrlimit(RLIMIT_CORE, &r);
    printf("core=%ld nice=%d", (long)r.rlim_cur, getpriority(PRIO_PROCESS, 0));
    printf("\n");
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "notify") == 0 && argc > 2)
        return be_notify(argv[2]);
    if (strcmp(what, "fork") == 0)
        return be_daemon(argc > 2 ? argv[2] : NULL);
    if (strcmp(what, "stubborn") == 0)
        be_stubborn();
    if (strcmp(what, "wait") == 0)
        return pause();
    if (strcmp(what, "limits") == 0)
        return say_limits();
    return 1;
}
