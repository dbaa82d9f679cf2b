/* SPDX-License-Identifier: 0BSD
 *
 * Signals, deaths and reports of children -> events of units. Decides nothing. */
#include "run.h"

#include <sys/inotify.h>
#include <sys/signalfd.h>

void deliver(unit_id id, const struct event *e)
{
    if (changes_room() < 8)
        settle();
    (void)kind_of(id)->step(id, e);
}

void deliver_type(unit_id id, u8 type) { deliver(id, &(struct event){ .type = type }); }

/* ---- deaths -------------------------------------------------------------------------------- */

static void one_death(const struct death *d)
{
    unit_id id = pid_unit(d->pid);
    struct event e = { .death = *d };
    if (!id) {
        helper_died(d);
        groups_check();
        return;
    }
    if (RT(id)->main_pid == d->pid)
        e.type = EV_MAIN_EXIT;
    else if (RT(id)->control_pid == d->pid)
        e.type = EV_CONTROL_EXIT;
    else
        return pid_remove(d->pid);
    deliver(id, &e);
}

/* At most 256 a turn, so that a storm of deaths does not keep clients from their answers. */
bool collect_deaths(void)
{
    struct death d;
    for (u32 n = 0; n < 256; n++) {
        int r = sys_reap(-1, &d);
        if (r <= 0)
            return false;
        one_death(&d);
    }
    return true;
}

/* ---- reports of children that failed before execve ----------------------------------------- */

void reports_read(int fd)
{
    struct spawn_report r;
    for (u32 n = 0; n < 256 && sys_read(fd, &r, sizeof r) == sizeof r; n++) {
        unit_id id = pid_unit(r.pid);
        if (!id)
            continue;
        const struct setting *command = NULL;
        bool main = RT(id)->main_pid == r.pid;
        RT(id)->exec_failed |= main;
        if (!main && RT(id)->command_id)
            command = command_at(id, RT(id)->command_id, RT(id)->command_n);
        else
            command = command_at(id, D_ExecStart, RT(id)->main_n);
        log_unit(id, command && command->w[0] & EXEC_IGNORE_FAILURE ? LOG_INFO : LOG_ERR,
                 "Failed at step %s spawning %s: %s", step_name(r.step), command ? text_at(command->w[1]) : "a process",
                 strerror(-r.error));
    }
}

/* ---- inotify: cgroups that become empty, PID files ----------------------------------------- */

void inotify_read(void)
{
    _Alignas(8) char text[4096];
    ssize_t n = sys_read(inotify_fd, text, sizeof text);
    for (ssize_t at = 0; at < n;) {
        struct inotify_event *ev = (void *)(text + at);
        at += (ssize_t)(sizeof *ev + ev->len);
        unit_id id;
        for (u32 i = 0; (id = watch_unit(ev->wd, &i));)
            if (UNIT(id)->type == UNIT_DEVICE)
                device_check(id);
            else
                deliver_type(id, RT(id)->pid_file_waits ? EV_PID_FILE : EV_EMPTY);
    }
}

/* Without cgroups only the death of one of its processes tells that a group may be empty now. */
void groups_check(void)
{
    if (exec_cgroups)
        return;
    for (UNITS(id))
        if (UNIT(id)->used && RT(id)->watch)
            deliver_type(id, EV_EMPTY);
}

/* ---- signals ------------------------------------------------------------------------------- */

void signals_read(int fd)
{
    struct signalfd_siginfo si[16];
    ssize_t n = sys_read(fd, si, sizeof si);
    for (ssize_t i = 0; i < n / (ssize_t)sizeof *si; i++)
        if (si[i].ssi_signo == SIGCHLD)
            deaths_may_be_left();
        else
            on_signal((int)si[i].ssi_signo, si[i].ssi_code);
}

/* From 34 on, and SIGUSR1, SIGUSR2, SIGTERM, SIGWINCH, SIGPWR. */
static const char signal_units[] =
    "34\0default.target\0rescue.target\0emergency.target\0halt.target\0poweroff.target\0reboot.target\0kexec.target\0"
    "10\0halt.target\0" "12\0poweroff.target\0" "15\0reboot.target\0" "28\0kbrequest.target\0" "30\0sigpwr.target\0";
_Static_assert(SIGUSR1 == 10 && SIGUSR2 == 12 && SIGTERM == 15 && SIGWINCH == 28 && SIGPWR == 30, "the numbers above");
static const u8 signal_leaves[] = { LEAVE_HALT, LEAVE_POWEROFF, LEAVE_REBOOT, LEAVE_KEXEC };      /* from 47 on */

/* ctrl-alt-del: the kernel sends SIGINT. Seven times within two seconds means now. */
static void on_ctrl_alt_del(void)
{
    struct report r = { 0 };
    usec now = sys_now();
    if (now - manager.cad_since > 2 * USEC_SEC) {
        manager.cad_since = now;
        manager.cad_count = 0;
    }
    if (++manager.cad_count > 7) {
        status_line(STATUS_NOTICE, "0;1;31", "  !!  ", "Ctrl-Alt-Del was pressed more than 7 times within 2s, rebooting immediately");
        leave(LEAVE_REBOOT);
        return;
    }
    (void)start_by_name("ctrl-alt-del.target", JOB_START, MODE_REPLACE_IRREVERSIBLY, &r);
}

/* What signals mean. systemd's numbers (34+n, whatever libc calls SIGRTMIN) and SIGINT, SIGHUP, SIGPWR,
 * SIGWINCH are as there. SIGTERM, SIGUSR1 and SIGUSR2 are what reboot(8), halt(8) and poweroff(8) of
 * busybox, toybox and sysvinit's heirs send to PID 1 (halt: USR1, power off: USR2, reboot: TERM): an image
 * that has one of those must go down by it, while systemd's own meanings (re-execution, reconnecting
 * to the bus, a dump) have commands of their own. */
void on_signal(int sig, int code)
{
    (void)code;
    if (sig == SIGHUP) {
        manager.reload_wanted = true;
        return;
    }
    if (sig == SIGINT) {
        on_ctrl_alt_del();
        return;
    }
    if (sig >= 47 && sig < 47 + (int)LEN(signal_leaves))
        leave(signal_leaves[sig - 47]);
    struct report r = { 0 };
    const char *unit = name_of(signal_units, sig);
    if (!unit)
        return;
    int mode = sig >= 34 && sig <= 36 ? MODE_ISOLATE : sig == SIGPWR || sig == SIGWINCH ? MODE_REPLACE : MODE_REPLACE_IRREVERSIBLY;
    log_line(LOG_INFO, "Received %s, starting %s.", signal_name(sig), unit);
    if (start_by_name(unit, JOB_START, mode, &r) < 0)
        log_line(LOG_WARNING, "Failed to start %s: %s", unit, r.error);
}
