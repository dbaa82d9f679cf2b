/* SPDX-License-Identifier: 0BSD
 *
 * /init of the measured guest: reads the plan, leaves a watcher behind, notes the time and becomes the init that is
 * measured. The watcher sees the services start, kills them, sees them again, looks at memory, tells /dev/ttyS1 and
 * powers off. Nothing here depends on which init it is: that is all in the plan and the tree (../peers).
 *
 * While the init works, the watcher is asleep or has the idle scheduling class; it has /proc in a mount namespace of its
 * own, so what the init finds is a bare kernel: nothing is mounted.
 *
 * The plan, /bench/plan: a line with the number of services; a line with words (`respawn`, `hide-cgroups`,
 * `profile-up`, `profile-respawn`); then the
 * init's argv, one word a line. */
#define _GNU_SOURCE
#include "profile.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#define SERVICES_MAX 4096
#define NAP_MS 100
#define UP_LIMIT_MS 300000               /* of guest time; systemd takes 28 s for 1,000 */
#define RESPAWN_LIMIT_MS 30000
#define SETTLE_MS 2000                   /* what an init does after its boot (trimming memory) is done by then */
#define PAUSE 34                         /* the number of pause(2), which noop.S waits in */

struct plan { unsigned n; int respawn, hide_cgroups, profile_up, profile_respawn; char *argv[16]; };
struct seen { unsigned n; uint64_t first, last; pid_t pids[SERVICES_MAX]; };

static struct { uint64_t ticks; struct timespec time; } *volatile start;
static FILE *out;
static unsigned processes_before;

/* rdtsc counts guest instructions under -icount, as does CLOCK_MONOTONIC, from which its unit is learnt. */
static uint64_t ticks(void) { return __builtin_ia32_rdtsc(); }

static void nap(unsigned ms)
{
    nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

static void schedule_as(int policy)
{
    sched_setscheduler(0, policy, &(struct sched_param){ .sched_priority = policy == SCHED_FIFO });
}

static _Noreturn void finish(int status)
{
    fprintf(out, "EXIT_STATUS=%d\n", status);
    fflush(out);
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}

static _Noreturn void give_up(const char *what)
{
    fprintf(out, "error=%s\n", what);
    finish(1);
}

/* ---- looking at /proc ---------------------------------------------------------------------- */

static int read_proc(pid_t pid, const char *file, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/bench/proc/%d/%s", pid, file);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    return n > 0;
}

/* Calls fn for each process that has a program, with that program's path. */
static void each_process(void (*fn)(pid_t, const char *exe, void *), void *arg)
{
    char path[64], exe[256];
    DIR *dir = opendir("/bench/proc");
    for (struct dirent *d; (d = readdir(dir));) {
        pid_t pid = atoi(d->d_name);
        snprintf(path, sizeof path, "/bench/proc/%d/exe", pid);
        ssize_t n = pid > 0 && pid != getpid() ? readlink(path, exe, sizeof exe - 1) : -1;
        if (n <= 0)
            continue;
        exe[n] = 0;
        fn(pid, exe, arg);
    }
    closedir(dir);
}

static int is_service(const char *exe) { return strcmp(exe, "/bench/noop") == 0; }

static void look_at_service(pid_t pid, const char *exe, void *arg)
{
    struct seen *s = arg;
    char text[256];
    uint64_t at;
    int call;
    if (!is_service(exe) || s->n == SERVICES_MAX || !read_proc(pid, "syscall", text, sizeof text))
        return;
    if (sscanf(text, "%d 0x%lx", &call, &at) != 2 || call != PAUSE)
        return;                          /* it has not come that far */
    s->pids[s->n++] = pid;
    s->first = s->first && s->first < at ? s->first : at;
    s->last = s->last > at ? s->last : at;
}

/* Waits until all services run that started after a time. The number of processes is cheap to ask for, so a look into
 * /proc waits for that, and then for one nap more: those that were forked last may not have run yet, and the idle class
 * too is given a tick or two while others want to run. */
static int wait_for_services(unsigned n, uint64_t after, unsigned limit_ms, struct seen *s)
{
    struct sysinfo info;
    for (unsigned ms = 0; ms < limit_ms; ms += NAP_MS) {
        nap(NAP_MS);
        if (sysinfo(&info) < 0 || info.procs < processes_before + n)
            continue;
        nap(NAP_MS);
        *s = (struct seen){ 0 };
        each_process(look_at_service, s);
        if (s->n == n && s->first > after)
            return 1;
    }
    return 0;
}

/* ---- memory -------------------------------------------------------------------------------- */

struct memory { unsigned processes, pss, anon, pss1, anon1; };

static unsigned kib_of(const char *text, const char *name)
{
    const char *p = strstr(text, name);
    return p ? (unsigned)atoi(p + strlen(name)) : 0;
}

static void add_memory(pid_t pid, const char *exe, void *arg)
{
    struct memory *m = arg;
    char text[4096];
    if (is_service(exe) || !read_proc(pid, "smaps_rollup", text, sizeof text))
        return;
    unsigned pss = kib_of(text, "\nPss:"), anon = kib_of(text, "\nAnonymous:");
    m->processes++;
    m->pss += pss;
    m->anon += anon;
    if (pid == 1) {
        m->pss1 = pss;
        m->anon1 = anon;
    }
}

static void tell_memory(void)
{
    struct memory m = { 0 };
    each_process(add_memory, &m);
    fprintf(out, "processes=%u\npss=%u\nanon=%u\npss1=%u\nanon1=%u\n", m.processes, m.pss, m.anon, m.pss1, m.anon1);
}

/* Runs of pages that are there in an area of PID 1. */
static void tell_pages(uint64_t from, uint64_t to)
{
    uint64_t page, run = 0;
    int fd = open("/bench/proc/1/pagemap", O_RDONLY);
    for (; from <= to; from += 4096) {
        if (from == to || pread(fd, &page, sizeof page, (off_t)(from / 4096 * 8)) != sizeof page)
            page = 0;
        if (page >> 63 && !run)
            run = from;
        if (!(page >> 63) && run) {
            fprintf(out, "pages 0x%lx 0x%lx\n", run, from);
            run = 0;
        }
    }
    close(fd);
}

/* The areas of PID 1 and their pages, for who wants to know where its memory goes. */
static void tell_areas(void)
{
    char line[256], area[256] = "";
    uint64_t from = 0, to = 0, a, b;
    FILE *in = fopen("/bench/proc/1/smaps", "r");
    while (in && fgets(line, sizeof line, in)) {
        if (sscanf(line, "%lx-%lx ", &a, &b) == 2 && strchr(line, '-')) {
            snprintf(area, sizeof area, "%.*s", (int)strcspn(line, "\n"), line);
            from = a;
            to = b;
        } else if (strncmp(line, "Pss:", 4) == 0 && atoi(line + 4) > 0) {
            fprintf(out, "area %d %s\n", atoi(line + 4), area);
            tell_pages(from, to);
        }
    }
}

/* ---- the two halves of /init --------------------------------------------------------------- */

static double ns_per_tick(void)
{
    struct timespec now;
    uint64_t t = ticks();
    clock_gettime(CLOCK_MONOTONIC, &now);
    double ns = (double)(now.tv_sec - start->time.tv_sec) * 1e9 + (double)(now.tv_nsec - start->time.tv_nsec);
    return ns / (double)(t - start->ticks);
}

static void tell_time(const char *what, uint64_t from, uint64_t to)
{
    fprintf(out, "%s=%.0f\n", what, (double)(to - from) * ns_per_tick());
}

/* All die before the init sees the first death: nothing else runs meanwhile. */
static uint64_t kill_all(const struct seen *s)
{
    schedule_as(SCHED_FIFO);
    uint64_t at = ticks();
    for (unsigned i = 0; i < s->n; i++)
        kill(s->pids[i], SIGKILL);
    schedule_as(SCHED_IDLE);
    return at;
}

static _Noreturn void watcher(const struct plan *p)
{
    static struct seen s;
    if (!wait_for_services(p->n, 0, UP_LIMIT_MS, &s))
        give_up("not all services started");
    if (p->profile_up)
        profile_stop();
    tell_time("up", start->ticks, s.last);
    tell_time("first", start->ticks, s.first);
    nap(SETTLE_MS);
    tell_memory();
    tell_areas();
    if (p->respawn) {
        if (p->profile_respawn)
            profile_start();
        uint64_t killed = kill_all(&s);
        if (!wait_for_services(p->n, killed, RESPAWN_LIMIT_MS, &s))
            give_up("not all services were started again");
        if (p->profile_respawn)
            profile_stop();
        tell_time("respawn", killed, s.last);
    }
    if (p->profile_up || p->profile_respawn)
        profile_tell(out);
    finish(0);
}

static void open_own_files(void)
{
    struct sysinfo info;
    unshare(CLONE_NEWNS);
    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    mount("proc", "/bench/proc", "proc", 0, NULL);
    mount("dev", "/bench/dev", "devtmpfs", 0, NULL);
    out = fopen("/bench/dev/ttyS1", "w");
    sysinfo(&info);
    processes_before = info.procs - 1;   /* PID 1 is one of them, and stays; so is this */
    setsid();
    schedule_as(SCHED_IDLE);
}

static void read_plan(struct plan *p)
{
    static char text[4096];
    char *line = text;
    int fd = open("/bench/plan", O_RDONLY), i = 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    p->n = (unsigned)atoi(strsep(&line, "\n"));
    char *words = strsep(&line, "\n");
    p->respawn = words && strstr(words, "respawn");
    p->profile_up = words && strstr(words, "profile-up");
    p->profile_respawn = words && strstr(words, "profile-respawn");
    p->hide_cgroups = words && strstr(words, "hide-cgroups");
    for (char *word; i < 15 && (word = strsep(&line, "\n")) && *word;)
        p->argv[i++] = word;
}

/* For an init that mounts cgroup2 itself: something else is there already, and read-only. */
static void hide_cgroups(void)
{
    mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
    mount("none", "/sys/fs/cgroup", "tmpfs", MS_RDONLY, NULL);
}

int main(void)
{
    static struct plan p;
    char *env[] = { "HOME=/", "TERM=linux", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
    int ready[2];
    char byte;
    read_plan(&p);
    start = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p.hide_cgroups)
        hide_cgroups();
    if (pipe(ready) == 0 && fork() == 0) {
        open_own_files();
        if (p.profile_up)
            profile_start();
        close(ready[0]);
        close(ready[1]);
        watcher(&p);
    }
    close(ready[1]);
    (void)!read(ready[0], &byte, 1);     /* its end: the watcher is ready */
    close(ready[0]);
    clock_gettime(CLOCK_MONOTONIC, &start->time);
    start->ticks = ticks();
    execve(p.argv[0], p.argv, env);
    return 1;
}
