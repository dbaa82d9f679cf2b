/* SPDX-License-Identifier: 0BSD
 *
 * Generators, systemd.generator(7): before units are loaded, those built in (unit/generate.c) and the programs
 * of packages write unit files below /run/systemd. At boot PID 1 does what is built in itself and waits, not for
 * ever, for the programs, if there are any. At a daemon-reload a child does all of it, beside what is there, and
 * PID 1 goes on; when it is done the new folders take the places of the old (loop.c, reload.c). */
#include "run.h"

#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define PLACE "/run/systemd"
#define BESIDE "/run/systemd/generators.next"
#define PROGRAMS_LIMIT (90 * USEC_SEC)
#define CHILD_LIMIT (100 * USEC_SEC)     /* it ends by itself sooner, unless a disk hangs */

/* How the child ended: what it wrote lies in its place, or beside it. */
enum { WROTE_IN_PLACE, WROTE_BESIDE, WROTE_NOTHING };

static pid_t child;
static usec child_until;

static struct generating what_to_generate(void)
{
    return (struct generating){ .target = boot_target(), .container = manager.in_container, .environment = exec_own_env };
}

/* ---- in the child: programs ---------------------------------------------------------------- */

static struct { pid_t pid; char path[256]; } programs[GENERATORS_MAX] SCRATCH;
static u32 programs_n;

static struct { char text[1024], *words[MANAGER_ENV_MAX * 2]; u32 n; } environment SCRATCH;

static void add_variable(char *assignment)
{
    size_t name = strcspn(assignment, "=") + 1;
    for (u32 i = 0; i < environment.n; i++)
        if (strncmp(environment.words[i], assignment, name) == 0)
            return;
    if (environment.n < LEN(environment.words) - 1)
        environment.words[environment.n++] = assignment;
}

/* "vm:kvm", "container:docker", or "": none. */
static void put_virtualization(struct buf *out)
{
    bool container;
    const char *id = host_virtualization(&container);
    if (manager.in_container && !container) {
        id = "container-other";
        for (char **e = exec_own_env; *e; e++)
            if (z_after(*e, "container=") && z_in("lxc\0lxc-libvirt\0systemd-nspawn\0docker\0podman\0rkt\0wsl\0proot\0pouch\0", *e + 10))
                id = *e + 10;
        container = true;
    }
    if (!STREQ(id, "none"))
        buf_fmt(out, "%s:%s", container ? "container" : "vm", id);
}

/* Ours go before what PID 1 was started with. */
static void make_environment(void)
{
    struct buf text = BUF_OVER(environment.text);
    add_variable("SYSTEMD_SCOPE=system");
    add_variable(in_initrd() ? "SYSTEMD_IN_INITRD=1" : "SYSTEMD_IN_INITRD=0");
    add_variable(sys_access("/run/systemd/first-boot", 0) == 0 ? "SYSTEMD_FIRST_BOOT=1" : "SYSTEMD_FIRST_BOOT=0");
    buf_z(&text, TEXT("SYSTEMD_ARCHITECTURE="));
    (void)specifier_expand(S("-.slice"), S("%a"), &text);
    buf_c(&text, 0);
    add_variable(text.p);
    u32 at = text.n;
    buf_z(&text, TEXT("SYSTEMD_VIRTUALIZATION="));
    u32 none = text.n;
    put_virtualization(&text);
    if (text.n > none) {
        buf_end(&text);
        add_variable(text.p + at);
    }
    for (u32 i = 0; i < exec_env_n; i++)
        add_variable((char *)exec_env[i]);
    for (char **own = exec_own_env; own && *own; own++)
        add_variable(*own);
}

static _Noreturn void become(char *path)
{
    char *argv[] = { path, PLACE "/generator", PLACE "/generator.early", PLACE "/generator.late", NULL };
    struct rlimit files;
    (void)sys_setsid();
    (void)sys_prctl(1 /* PR_SET_PDEATHSIG */, SIGTERM, 0);
    if (sys_setrlimit(RLIMIT_NOFILE, NULL, &files) == 0 && files.rlim_cur > 1024) {
        files.rlim_cur = 1024;           /* select(2) */
        (void)sys_setrlimit(RLIMIT_NOFILE, &files, NULL);
    }
    (void)sys_sigmask(SIG_SETMASK, 0, NULL);
    log_line(LOG_ERR, "Failed to execute %s: %s", path, strerror(-sys_execve(path, argv, environment.words)));
    log_flush();
    sys_exit(1);
}

static void start_program(const char *path)
{
    if (!z_copy(programs[programs_n].path, sizeof programs[0].path, str_of(path))) {
        log_line(LOG_WARNING, "%s: the name is too long, not running this generator.", path);
        return;
    }
    log_flush();
    pid_t pid = sys_fork();
    if (pid == 0)
        become(programs[programs_n].path);
    if (pid < 0)
        log_line(LOG_ERR, "Failed to run %s: %s", path, strerror(-pid));
    else
        programs[programs_n++].pid = pid;
}

static void program_ended(const struct death *d)
{
    u32 i = 0;
    while (i < programs_n && programs[i].pid != d->pid)
        i++;
    if (i == programs_n)
        return;
    if (d->code != CLD_EXITED)
        log_line(LOG_ERR, "%s terminated by signal %s.", programs[i].path, signal_name(d->status) + 3);
    else if (d->status)
        log_line(LOG_ERR, "%s failed with exit status %i.", programs[i].path, d->status);
    programs[i] = programs[--programs_n];
}

/* Until at most `left` run; those that do when time is up are killed. */
static void await_programs(u32 left, usec until)
{
    struct death d;
    while (programs_n > left) {
        int r = sys_reap(-1, &d);
        usec now = sys_now();
        if (r > 0) {
            program_ended(&d);
        } else if (r < 0) {
            return;
        } else if (now < until) {
            (void)sys_signal_wait(1ull << (SIGCHLD - 1), (int)MIN((until - now) / USEC_MS + 1, 10000u));
        } else {
            for (u32 i = 0; i < programs_n; i++) {
                log_line(LOG_ERR, "%s did not end within 1min 30s, killing it.", programs[i].path);
                (void)sys_kill(-programs[i].pid, SIGKILL);
            }
            until = usec_add(now, 10 * USEC_SEC);
        }
    }
}

static void run_programs(void)
{
    static struct programs all SCRATCH;
    usec until = sys_now() + PROGRAMS_LIMIT;
    all = (struct programs){ .folder = generator_folders };
    make_environment();
    for (const char *path; (path = programs_next(&all));) {
        await_programs(GENERATORS_MAX - 1, until);
        if (programs_n < GENERATORS_MAX)
            start_program(path);
    }
    await_programs(0, until);
}

static void prepare_child(void)
{
    sys_hold_clock(false);
    (void)sys_setsid();
    (void)sys_umask(022);
    if (log_to.kmsg_fd >= 0)             /* what programs say of themselves is told with the kernel's messages */
        (void)sys_dup_to(log_to.kmsg_fd, 2, false);
}

/* New, empty folders lie over the old ones, for us and what we start; not for anybody else. */
static bool work_beside(void)
{
    if (sys_unshare(CLONE_NEWNS) < 0 || sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return false;
    generated_clear(PLACE "/generators.next", true);
    for (EACH(name, "generator\0generator.early\0generator.late\0")) {
        char from[PATH_BYTES], to[PATH_BYTES];
        path_fmt(to, PLACE "/%s", name);
        (void)sys_mkdir(to, 0755);
        if (sys_mount(path_fmt(from, BESIDE "/%s", name), to, NULL, MS_BIND, NULL) < 0)
            sys_exit(WROTE_NOTHING);     /* some are over, some not: neither here nor there */
    }
    return true;
}

static _Noreturn void reload_child(void)
{
    prepare_child();
    bool beside = work_beside();
    if (!beside)
        generated_clear(PLACE, true);
    struct generating g = what_to_generate();
    generate_all(&g);
    run_programs();
    log_flush();
    sys_exit(beside ? WROTE_BESIDE : WROTE_IN_PLACE);
}

/* ---- in PID 1 ------------------------------------------------------------------------------ */

static bool are_there_programs(void)
{
    static struct programs all SCRATCH;
    all = (struct programs){ .folder = generator_folders };
    bool any = programs_next(&all);
    if (any)
        dir_close(&all.dir);
    return any;
}

static void show_waiting(usec since)
{
    BUF(line, 128);
    buf_z(&line, TEXT("Generators are running ("));
    buf_span(&line, sys_now() - since, USEC_SEC);
    buf_z(&line, " / ");
    buf_span(&line, PROGRAMS_LIMIT, USEC_SEC);
    status_line(STATUS_EPHEMERAL, NULL, "*** ", "%s)", buf_end(&line));
}

/* At boot there is nothing else to do; signals wait. */
static void await_child(usec since)
{
    struct death d;
    while (sys_reap(child, &d) == 0) {
        usec now = sys_now();
        if (now >= since + CHILD_LIMIT) {
            log_line(LOG_ERR, "The generators do not end, going on without them.");
            (void)sys_kill(child, SIGKILL);
            break;
        }
        (void)sys_signal_wait(1ull << (SIGCHLD - 1), 1000);
        if (now >= since + 5 * USEC_SEC)
            show_waiting(since);
    }
    child = 0;
    deaths_may_be_left();
}

void generators_at_boot(void)
{
    struct generating g = what_to_generate();
    bool programs_too = are_there_programs();
    generated_clear(PLACE, programs_too);
    generate_all(&g);
    if (!programs_too)
        return;
    usec since = sys_now();
    sys_hold_clock(false);
    log_flush();
    child = sys_fork();
    if (child == 0) {
        prepare_child();
        run_programs();
        log_flush();
        sys_exit(WROTE_IN_PLACE);
    }
    if (child < 0)
        log_line(LOG_ERR, "Failed to run the generators: %s", strerror(-child));
    else
        await_child(since);
}

bool generators_run(void) { return child > 0; }
usec generators_deadline(void) { return child > 0 ? child_until : USEC_INF; }

void generators_start(void)
{
    log_flush();
    child = sys_fork();
    if (child == 0)
        reload_child();
    if (child > 0) {
        child_until = sys_now() + CHILD_LIMIT;
        return;
    }
    log_line(LOG_ERR, "Failed to run the generators, units stay as they were generated: %s", strerror(-child));
    child = 0;
    manager.reload_ready = true;
}

void generators_check(void)
{
    if (sys_now() < generators_deadline())
        return;
    log_line(LOG_ERR, "The generators do not end, units stay as they were generated.");
    (void)sys_kill(child, SIGKILL);
    child = 0;
    manager.reload_ready = true;
}

bool generators_died(const struct death *d)
{
    if (child <= 0 || d->pid != child)
        return false;
    child = 0;
    manager.reload_ready = true;
    if (d->code != CLD_EXITED || d->status > WROTE_BESIDE) {
        log_line(LOG_ERR, "The generators failed, units stay as they were generated.");
        return true;
    }
    for (EACH(name, "generator\0generator.early\0generator.late\0")) {
        char from[PATH_BYTES], to[PATH_BYTES];
        int r = d->status != WROTE_BESIDE ? 0 : sys_exchange(path_fmt(from, BESIDE "/%s", name), path_fmt(to, PLACE "/%s", name));
        if (r < 0)
            log_line(LOG_ERR, "Failed to put %s in its place: %s", from, strerror(-r));
    }
    return true;
}
