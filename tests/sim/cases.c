/* SPDX-License-Identifier: 0BSD
 *
 * Directed cases: a few units, what is done, and what must be true after some time. Processes do what the
 * words of their command lines say (proc.c). The table of Restart= is that of systemd.service(5), cell by
 * cell. Each case is a life of its own, in a child. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a life --------------------------------------------------------------------------------- */

static int timeout_ms;

static void run_until(usec when)
{
    sim.wake = when;
    for (u32 more = 20; sim.now < when || more; more -= sim.now >= when) {
        sim.turn++;
        timeout_ms = turn(timeout_ms);
        check_turn(timeout_ms);
    }
    sim.wake = 0;
}

static void wait_ms(u32 ms) { run_until(sim.now + ms * USEC_MS); }

static void boot(void)
{
    static char *argv[] = { "/sbin/init", NULL, NULL };
    sim = (struct sim){ .now = USEC_SEC, .cgroups = true, .well_behaved = true };
    disk_put("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    disk_put("/etc/systemd/system/default.target", "[Unit]\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n");
    boot_machine(1, argv);
    check_begin();
    boot_units();
    wait_ms(1000);
}

/* "x.service" with these lines; [Service] is added before the first ExecStart= or Type=. */
static void unit(const char *name, const char *text)
{
    BUF(path, 128);
    buf_fmt(&path, "/etc/systemd/system/%s", name);
    disk_put(buf_end(&path), text);
}

static unit_id wish(int type, const char *name, int mode, int *r)
{
    static struct report report;
    report.n = 0;
    unit_id id = load_unit(name);
    *r = job_add(type, id, mode, &report);
    timeout_ms = 0;
    return id;
}

static void start(const char *name)
{
    int r;
    wish(JOB_START, name, MODE_REPLACE, &r);
    if (r < 0)
        violated("%s cannot be started", name);
}

static void stop(const char *name)
{
    int r;
    wish(JOB_STOP, name, MODE_REPLACE, &r);
}

static void expect(const char *name, const char *substate)
{
    unit_id id = unit_find(str_of(name));
    if (!id || !STREQ(substate_name(id), substate))
        violated("%s is %s, not %s", name, id ? substate_name(id) : "unknown", substate);
}

static void expect_runs(const char *name, u32 n)
{
    unit_id id = unit_find(str_of(name));
    if (proc_runs(id) != n)
        violated("%s was run %u times, not %u", name, proc_runs(id), n);
}

/* ---- the cases ------------------------------------------------------------------------------ */

static void start_limit(void)
{
    unit("a.service", "[Unit]\nStartLimitIntervalSec=60\nStartLimitBurst=4\n[Service]\nExecStart=/sim exit=1@10\nRestart=always\n");
    start("a.service");
    wait_ms(5000);
    expect("a.service", "failed");
    expect_runs("a.service", 4);
}

static void restart_delay(void)
{
    unit("a.service", "[Service]\nExecStart=/sim exit=1@10\nRestart=on-failure\nRestartSec=3\n");
    start("a.service");
    wait_ms(2500);
    expect("a.service", "auto-restart");
    wait_ms(700);
    expect_runs("a.service", 2);
}

static void stop_ladder(void)
{
    unit("a.service", "[Service]\nExecStart=/sim deaf\nTimeoutStopSec=2\n");
    start("a.service");
    wait_ms(100);
    stop("a.service");
    wait_ms(1500);
    expect("a.service", "stop-sigterm");
    wait_ms(1000);
    expect("a.service", "failed");
}

static void start_timeout(void)
{
    unit("a.service", "[Service]\nType=notify\nExecStart=/sim\nTimeoutStartSec=2\n");
    start("a.service");
    wait_ms(1000);
    expect("a.service", "start");
    wait_ms(1500);
    expect("a.service", "failed");
}

static void cycle(void)
{
    unit("a.service", "[Unit]\nWants=b.service\nAfter=b.service\n[Service]\nExecStart=/sim\n");
    unit("b.service", "[Unit]\nAfter=a.service\n[Service]\nExecStart=/sim\n");
    start("a.service");
    wait_ms(1000);
    expect("a.service", "running");
    expect("b.service", "dead");
}

static void isolate(void)
{
    int r;
    unit("t.target", "[Unit]\nAllowIsolate=yes\nWants=b.service\n");
    unit("a.service", "[Service]\nExecStart=/sim\n");
    unit("b.service", "[Service]\nExecStart=/sim\n");
    unit("c.service", "[Unit]\nIgnoreOnIsolate=yes\n[Service]\nExecStart=/sim\n");
    start("a.service");
    start("c.service");
    wait_ms(1000);
    wish(JOB_START, "t.target", MODE_ISOLATE, &r);
    wait_ms(1000);
    expect("a.service", "dead");
    expect("b.service", "running");
    expect("c.service", "running");
}

static void merging(void)
{
    int r;
    unit("a.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/sim exit=0@500\n");
    start("a.service");
    wait_ms(100);
    start("a.service");
    wish(JOB_RESTART, "a.service", MODE_REPLACE, &r);
    wait_ms(3000);
    expect("a.service", "exited");
    expect_runs("a.service", 2);
}

static void stop_order(void)
{
    unit("a.service", "[Service]\nExecStart=/sim\nExecStop=/sim exit=0@1000\n");
    unit("b.service", "[Unit]\nRequires=a.service\nAfter=a.service\n[Service]\nExecStart=/sim\nExecStop=/sim exit=0@1000\n");
    start("b.service");
    wait_ms(200);
    stop("a.service");
    wait_ms(500);
    expect("a.service", "running");
    expect("b.service", "stop");
    wait_ms(1000);
    expect("a.service", "stop");
    expect("b.service", "dead");
}

static void dependency_failed(void)
{
    unit("a.service", "[Service]\nType=oneshot\nExecStart=/sim exit=1@100\n");
    unit("b.service", "[Unit]\nRequires=a.service\nAfter=a.service\n[Service]\nExecStart=/sim\n");
    unit("c.service", "[Unit]\nWants=a.service\nAfter=a.service\n[Service]\nExecStart=/sim\n");
    start("c.service");
    start("b.service");
    wait_ms(1000);
    expect("a.service", "failed");
    expect("b.service", "dead");
    expect("c.service", "running");
}

static void forking(void)
{
    unit("a.service", "[Service]\nType=forking\nPIDFile=/run/a.pid\nExecStart=/sim fork@100 daemon=2000\n");
    start("a.service");
    wait_ms(1000);
    expect("a.service", "running");
    wait_ms(3000);
    expect("a.service", "dead");
}

/* Two that wait for PID files in one folder: the kernel gives both the same inotify watch. */
static void two_pid_files(void)
{
    unit("a.service", "[Service]\nType=forking\nPIDFile=/run/a.pid\nExecStart=/sim nopid fork@10\nTimeoutStartSec=20\n");
    unit("b.service", "[Service]\nType=forking\nPIDFile=/run/b.pid\nExecStart=/sim nopid fork@10\nTimeoutStartSec=20\n");
    start("a.service");
    start("b.service");
    wait_ms(1000);
    expect("a.service", "start");
    BUF(text, 16);
    buf_fmt(&text, "%d\n", (int)proc_last());
    disk_put("/run/b.pid", buf_end(&text));
    inotify_event("/run", 8 /* IN_CLOSE_WRITE */);
    wait_ms(1000);
    expect("b.service", "running");
    expect("a.service", "start");
    text.n = 0;
    buf_fmt(&text, "%d\n", (int)proc_last() - 1);
    disk_put("/run/a.pid", buf_end(&text));
    inotify_event("/run", 8);
    wait_ms(1000);
    expect("a.service", "running");
}

static void bound_stops(void)
{
    unit("a.service", "[Service]\nExecStart=/sim exit=0@2000\n");
    unit("b.service", "[Unit]\nBindsTo=a.service\nAfter=a.service\n[Service]\nExecStart=/sim\n");
    unit("c.service", "[Unit]\nRequires=a.service\nAfter=a.service\n[Service]\nExecStart=/sim\n");
    start("b.service");
    start("c.service");
    wait_ms(3000);
    expect("a.service", "dead");
    expect("b.service", "dead");
    expect("c.service", "running");      /* Requires= does not follow a unit that ends by itself */
}

/* JobTimeoutSec= runs from when the job is queued, also while it waits for others. */
static void job_timeout_while_waiting(void)
{
    unit("a.service", "[Service]\nType=oneshot\nExecStart=/sim exit=0@60000\nTimeoutStartSec=infinity\n");
    unit("b.service", "[Unit]\nAfter=a.service\nJobTimeoutSec=3\n[Service]\nExecStart=/sim\n");
    start("a.service");
    start("b.service");
    wait_ms(5000);
    if (jobs[unit_find(S("b.service"))].id)
        violated("b.service's job waits longer than JobTimeoutSec=");
}

static const struct { const char *name; void (*run)(void); } cases[] = {
    { "start-limit", start_limit }, { "restart-delay", restart_delay }, { "stop-ladder", stop_ladder },
    { "start-timeout", start_timeout }, { "cycle", cycle }, { "isolate", isolate }, { "merging", merging },
    { "stop-order", stop_order }, { "dependency-failed", dependency_failed }, { "forking", forking },
    { "two-pid-files", two_pid_files }, { "bound-stops", bound_stops },
    { "job-timeout-while-waiting", job_timeout_while_waiting },
};

/* ---- Restart=, cell by cell ----------------------------------------------------------------- */

/* systemd.service(5), table 1. Columns as there: always, on-success, on-failure, on-abnormal, on-abort,
 * on-watchdog. */
static const char *const policies[] = { "no", "always", "on-success", "on-failure", "on-abnormal", "on-abort", "on-watchdog" };
static const struct { const char *what, *start; const char *restarts; } endings[] = {
    { "clean exit", "exit=0@100", "-xx----" }, { "clean signal", "sig=15@100", "-xx----" },
    { "unclean exit", "exit=1@100", "-x-x---" }, { "unclean signal", "sig=9@100", "-x-xxx-" },
    { "core dump", "core=11@100", "-x-xxx-" }, { "timeout", "", "-x-xx--" }, { "watchdog", "ready@10", "-x-xx-x" },
};

static void restart_cell(u32 policy, u32 ending)
{
    BUF(text, 512);
    bool times_out = STREQ(endings[ending].what, "timeout"), watchdog = STREQ(endings[ending].what, "watchdog");
    buf_fmt(&text, "[Service]\nType=%s\nExecStart=/sim %s\nRestart=%s\nRestartSec=1h\nTimeoutStartSec=1\n%s",
            times_out || watchdog ? "notify" : "simple", endings[ending].start, policies[policy], watchdog ? "WatchdogSec=1\n" : "");
    unit("a.service", buf_end(&text));
    boot();
    start("a.service");
    wait_ms(5000);
    bool restarts = RT(unit_find(S("a.service")))->state == SV_AUTO_RESTART;
    if (restarts != (endings[ending].restarts[policy] == 'x'))
        violated("Restart=%s after %s: %s", policies[policy], endings[ending].what, restarts ? "restarted" : "not restarted");
}

/* ---- all of them ---------------------------------------------------------------------------- */

static bool apart(const char *name, void (*run)(void), u32 policy, u32 ending)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        if (run) {
            boot();
            run();
        } else {
            restart_cell(policy, ending);
        }
        _exit(0);
    }
    waitpid(pid, &status, 0);
    if (status)
        printf("case %s failed\n", name);
    return status == 0;
}

int cases_run(const char *only)
{
    int failed = 0, n = 0;
    for (u32 i = 0; i < LEN(cases); i++)
        if (!only || STREQ(only, cases[i].name)) {
            failed += !apart(cases[i].name, cases[i].run, 0, 0);
            n++;
        }
    for (u32 p = 0; !only && p < LEN(policies); p++)
        for (u32 e = 0; e < LEN(endings); e++, n++)
            failed += !apart("restart-table", NULL, p, e);
    printf("%d cases, %d failed\n", n, failed);
    return failed;
}
