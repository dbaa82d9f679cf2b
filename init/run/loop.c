/* SPDX-License-Identifier: 0BSD
 *
 * The turn. Everything PID 1 does happens in one of its phases, in this order. */
#include "run.h"

#include <sys/epoll.h>

struct manager manager;

static struct epoll_event ready[64];
static int ready_n;
static bool deaths_left;

/* The only place that blocks. */
static void wait_for_events(int timeout_ms)
{
    ready_n = sys_epoll_wait(watch_epoll, ready, LEN(ready), timeout_ms);
    ready_n = MAX(ready_n, 0);
    sys_hold_clock(true);                /* what follows from one wait happens at one time */
}

/* Events that are ready of one kind, each to its reader. */
static void collect_kind(u8 kind)
{
    for (int i = 0; i < ready_n; i++) {
        struct watch w = watch_of(ready[i].data.u64);
        if (w.kind != kind)
            continue;
        switch ((enum watch_kind)kind) {
        case WATCH_REPORT: reports_read(w.fd); break;
        case WATCH_MOUNTINFO: mounts_read(); break;
        case WATCH_SWAPS: swaps_read(); break;
        case WATCH_UEVENT: uevents_read(); break;
        case WATCH_NOTIFY: notify_read(w.fd); break;
        case WATCH_INOTIFY: inotify_read(); break;
        case WATCH_EXECED:
            if (RT(w.slot)->execed_fd == w.fd)
                deliver_type(w.slot, EV_EXECED);
            break;
        case WATCH_SPAWN:
            if (spawn_bell() == w.fd) {
                watch_remove(w.fd);
                spawn_bell_rang();
                spawn_waiting_since = 0;     /* the slots do not hang */
            }
            break;
        case WATCH_SIGNALS: signals_read(w.fd); break;
        case WATCH_CONTROL: control_accept(); break;
        case WATCH_CLIENT:
            if (conns[w.slot].fd == w.fd)
                control_ready(w.slot, ready[i].events);
            break;
        case WATCH_CONSOLE: console_flush(); break;
        }
    }
}

/* What happened, in the order of meaning: why a child failed before its death; what the kernel
 * mounted before the mount helper's death; what a service said before its death; clients last, so
 * that their answers tell the truth. */
static void collect(void)
{
    static const u8 order[] = { WATCH_REPORT, WATCH_MOUNTINFO, WATCH_SWAPS, WATCH_UEVENT, WATCH_NOTIFY,
                                WATCH_INOTIFY, WATCH_EXECED, WATCH_SPAWN, WATCH_SIGNALS };
    for (u32 i = 0; i < LEN(order); i++)
        collect_kind(order[i]);
    if (deaths_left)
        deaths_left = collect_deaths();
}

void deaths_may_be_left(void) { deaths_left = true; }

static void collect_deadlines(void)
{
    static usec forgiven;
    u32 key;
    usec now = sys_now();
    if (now - forgiven > 10 * USEC_SEC) {
        settle_forgive();
        forgiven = now;
    }
    for (u32 n = 0; n < 256 && changes_room() > 8 && timer_pop(now, &key); n++) {
        unit_id id = (unit_id)(key / 3);
        if (key % 3 == TIMER_JOB)
            job_timed_out(id);
        else
            deliver_type(id, key % 3 == TIMER_STATE ? EV_TIMEOUT : EV_WATCHDOG);
    }
}

static void collect_clients(void)
{
    static const u8 order[] = { WATCH_CLIENT, WATCH_CONTROL, WATCH_CONSOLE };
    for (u32 i = 0; i < LEN(order); i++)
        collect_kind(order[i]);
}

/* What came to an end is told before what begins because of it. */
static u32 told;
static void tell_finished(void)
{
    while (told < finished_n)
        message_finished(&finished[told++]);
}

/* Settles and acts until nothing follows from anything. Bounded: a circle of units that start and
 * stop each other goes on in the next turn, after the others had theirs. */
static bool settle_and_act(void)
{
    for (u32 round = 0; round < 64; round++) {
        settle();
        tell_finished();
        act();
        if (!settle_wanted() && !system_actions_n)
            return false;
    }
    return true;
}

/* Lines go to the journal while it runs, else to the kernel's log. */
static void choose_log(void)
{
    unit_id journal = unit_find(S("systemd-journald.service"));
    bool runs = journal && RT(journal)->state == SV_RUNNING && RT(journal)->main_pid > 0;
    log_to.socket_fd = runs ? manager.log_socket : -1;
}

static void answer(void)
{
    tell_finished();
    for (u32 i = 0; i < finished_n; i++) {
        if (!jobs[finished[i].unit].id)
            timer_set(TIMER_KEY(TIMER_JOB, finished[i].unit), USEC_INF);
        control_job_removed(&finished[i]);
    }
    finished_n = told = 0;
    for (u32 i = 0; i < changed_n; i++) {
        RT(changed_units[i])->news = false;
        control_unit_changed(changed_units[i]);
    }
    changed_n = 0;
    log_report(&settle_report);
    settle_report.n = 0;
    boot_finished_check();
    control_flush();
    if (index_built())
        index_drop();                    /* was for clients, or for the boot */
    status_of_jobs();
    console_flush();
    choose_log();
    log_flush();
}

/* How long the next wait may be. */
static int arm(bool more)
{
    usec now = sys_now(), until = MIN(timer_next(), status_deadline());
    if (more || deaths_left)
        return 0;
    if (manager.tidy_at)
        until = MIN(until, manager.tidy_at);
    if (manager.reload_wanted)           /* a child still reads the old table: nothing tells when it is done */
        until = MIN(until, now + 10 * USEC_MS);
    if (!spawn_anyone_waiting())
        spawn_waiting_since = 0;
    else if (!spawn_waiting_since)
        spawn_waiting_since = now;       /* what we do ourselves keeps the slots' children waiting, not us */
    if (spawn_waiting_since)
        until = MIN(until, spawn_waiting_since + 101 * USEC_MS);
    if (until == USEC_INF)
        return -1;
    if (until <= now)
        return 0;
    return (int)MIN((until - now + USEC_MS - 1) / USEC_MS, 3600000u);
}

int turn(int timeout_ms)
{
    wait_for_events(timeout_ms);
    collect();
    collect_deadlines();
    bool more = settle_and_act();
    collect_clients();
    more |= settle_and_act();
    sys_hold_clock(true);                /* a thousand services take a while to start */
    answer();
    if (manager.reload_wanted && !spawn_busy()) {
        manager.reload_wanted = false;
        reload_now();
        more = true;
    }
    if (manager.tidy_at && !more && sys_now() >= manager.tidy_at) {
        manager.tidy_at = 0;
        boot_tidy();
    }
    return arm(more);
}

void run_loop(void)
{
    for (int timeout_ms = 0; manager.objective == RUNNING_ON;)
        timeout_ms = turn(timeout_ms);
    sys_hold_clock(false);               /* from here on PID 1 waits elsewhere too */
    leave_machine();
}
