/* SPDX-License-Identifier: 0BSD
 *
 * Services: systemd.service(5). step() says which state an event leads to; enter() does what that
 * state begins with and says whether it goes on to another at once. Nothing else moves a service. */
#include "kind.h"

const u8 service_active[] = {
    [SV_DEAD] = INACTIVE, [SV_CONDITION] = ACTIVATING, [SV_START_PRE] = ACTIVATING, [SV_START] = ACTIVATING,
    [SV_START_POST] = ACTIVATING, [SV_RUNNING] = ACTIVE, [SV_EXITED] = ACTIVE, [SV_RELOAD] = RELOADING,
    [SV_STOP] = DEACTIVATING, [SV_STOP_WATCHDOG] = DEACTIVATING, [SV_STOP_SIGTERM] = DEACTIVATING,
    [SV_STOP_SIGKILL] = DEACTIVATING, [SV_STOP_POST] = DEACTIVATING, [SV_FINAL_WATCHDOG] = DEACTIVATING,
    [SV_FINAL_SIGTERM] = DEACTIVATING, [SV_FINAL_SIGKILL] = DEACTIVATING, [SV_FAILED] = FAILED,
    [SV_AUTO_RESTART] = ACTIVATING,
};
/* States that end by themselves: the list of commands that runs, or the signal that was sent, and what
 * follows. The two ways down, stop and final, have the same four states in the same order. */
static const struct row {
    u16 list;
    u8 next, failed, broken;             /* it ended well; badly; could not be run at all */
    u8 flags;                            /* of its processes */
} rows[] = {
    [SV_CONDITION]      = { D_ExecCondition, SV_START_PRE, SV_STOP_SIGTERM, SV_DEAD, SPAWN_STDIN },
    [SV_START_PRE]      = { D_ExecStartPre, SV_START, SV_STOP_SIGTERM, SV_DEAD, SPAWN_STDIN },
    [SV_START]          = { D_ExecStart, SV_START_POST, SV_STOP_SIGTERM, SV_STOP_SIGTERM, SPAWN_STDIN },
    [SV_START_POST]     = { D_ExecStartPost, SV_RUNNING, SV_STOP_SIGTERM, SV_STOP, 0 },
    [SV_RELOAD]         = { D_ExecReload, SV_RUNNING, SV_RUNNING, SV_RUNNING, 0 },
    [SV_STOP]           = { D_ExecStop, SV_STOP_SIGTERM, SV_STOP_SIGTERM, SV_STOP_SIGTERM, 0 },
    [SV_STOP_WATCHDOG]  = { .next = SV_STOP_POST },
    [SV_STOP_SIGTERM]   = { .next = SV_STOP_POST },
    [SV_STOP_SIGKILL]   = { .next = SV_STOP_POST },
    [SV_STOP_POST]      = { D_ExecStopPost, SV_FINAL_SIGTERM, SV_FINAL_SIGTERM, SV_FINAL_SIGTERM, SPAWN_STDIN },
    [SV_FINAL_WATCHDOG] = { .next = SV_DEAD },
    [SV_FINAL_SIGTERM]  = { .next = SV_DEAD },
    [SV_FINAL_SIGKILL]  = { .next = SV_DEAD },
};
_Static_assert(LEN(rows) == SV_FAILED && SERVICE_STATES == SV_AUTO_RESTART + 1, "a state is missing above");

/* The first of the three states that signal, SV_..._WATCHDOG, on the way down that a state is on. */
static u8 signals_of(u8 state) { return state < SV_STOP_POST ? SV_STOP_WATCHDOG : SV_FINAL_WATCHDOG; }
enum { BY_WATCHDOG, BY_SIGTERM, BY_SIGKILL };

static bool going_down(u8 state) { return state >= SV_STOP_WATCHDOG && state <= SV_FINAL_SIGKILL; }

static i32 type_of(unit_id id) { return unit_int(id, D_Type); }

static bool main_alive(unit_id id) { return RT(id)->main_pid > 0; }

static bool control_alive(unit_id id) { return RT(id)->control_pid > 0; }

static bool has_job(unit_id id, u8 type) { return jobs[id].id && jobs[id].type == type; }

static usec stop_timeout(unit_id id) { return unit_span(id, D_TimeoutStopSec); }

static usec start_timeout(unit_id id) { return unit_span(id, D_TimeoutStartSec); }

/* ---- processes ----------------------------------------------------------------------------- */

/* One that may not be killed, or cannot be, is nobody's when the service is down. */
static void forget_main(unit_id id)
{
    pid_remove(RT(id)->main_pid);
    RT(id)->main_pid = 0;
}

static void forget_execed(unit_id id)
{
    if (RT(id)->execed_fd <= 0)
        return;
    watch_remove(RT(id)->execed_fd);
    sys_close(RT(id)->execed_fd);
    RT(id)->execed_fd = 0;
}

/* $SERVICE_RESULT, $EXIT_CODE, $EXIT_STATUS of the commands after the main process. */
static void tell_result(unit_id id, struct spawn *s)
{
    struct runtime *rt = RT(id);
    s->result = name_of(result_names, rt->result);
    if (!rt->main.exited)
        return;
    bool exited = rt->main.code == CLD_EXITED;
    struct buf b = BUF_OVER(s->exit_status);
    s->exit_code = exited ? "exited" : rt->main.code == CLD_DUMPED ? "dumped" : "killed";
    if (exited)
        buf_fmt(&b, "%d", rt->main.status);
    else
        buf_z(&b, signal_name(rt->main.status) + 3);
    buf_end(&b);
}

/* Runs command number command_n of a state's list as control process. 1: it runs or waits to run; 0: the
 * list is at its end; or a negative errno. */
static int run_control(unit_id id, u8 state)
{
    struct runtime *rt = RT(id);
    const struct row *row = &rows[state];
    struct spawn s = { .command = command_at(id, row->list, rt->command_n), .flags = SPAWN_CONTROL | row->flags };
    forget_control(id);
    rt->command_id = s.command ? row->list : 0;
    if (!s.command)
        return rt->command_n = 0;
    if (state > SV_START)
        s.main_pid = rt->main_pid;
    if (state >= SV_STOP)
        tell_result(id, &s);
    if (unit_int(id, D_NotifyAccess) >= NOTIFY_ALL)
        s.flags |= SPAWN_NOTIFY;
    deadline_in(id, state >= SV_STOP ? stop_timeout(id) : start_timeout(id));
    rt->control_id = rt->command_id;
    rt->control_n = rt->command_n;
    pid_t pid = run_command(id, &s);
    if (pid > 0 && state == SV_START)
        rt->main_group = pid;            /* its daemon stays in this session */
    return pid < 0 ? pid : 1;
}

/* Runs the main process: what run_command() says. */
static pid_t run_main(unit_id id, const struct setting *command)
{
    i32 type = type_of(id);
    struct spawn s = { .command = command, .flags = SPAWN_STDIN, .watchdog = RT(id)->watchdog };
    if (type == SERVICE_EXEC)
        s.flags |= SPAWN_BELL;
    if (type == SERVICE_IDLE)
        s.flags |= SPAWN_IDLE;
    if (unit_int(id, D_NotifyAccess) != NOTIFY_NONE)
        s.flags |= SPAWN_NOTIFY;
    return run_command(id, &s);
}

/* ---- PID files ----------------------------------------------------------------------------- */

/* The service says which process is its main one. Not trusted, it may only name one of its own. 1, or -EPERM. */
static int take_main_pid(unit_id id, pid_t pid, bool trusted)
{
    if (unit_of_process(pid) != id && !trusted) {
        log_unit(id, LOG_WARNING, "New main PID %d does not belong to service, refusing.", (int)pid);
        return -EPERM;
    }
    note_main_pid(id, pid);
    return 1;
}

/* 1: a new main process is known, 0: the same as before, or a negative errno. */
static int load_pid_file(unit_id id, bool warn)
{
    const char *path = unit_text(id, D_PIDFile);
    char text[32];
    struct stat st;
    u64 pid;
    if (!path)
        return -ENOENT;
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    ssize_t n = fd < 0 ? fd : sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ? -EINVAL : sys_read(fd, text, sizeof text);
    if (fd >= 0)
        sys_close(fd);
    if (n < 0 || parse_u64(str_trim((struct str){ text, (size_t)n }), 10, &pid) < 0 || pid <= 1 || pid > INT32_MAX) {
        if (warn)
            log_unit(id, LOG_NOTICE, "Can't open or read PID file %s (yet?) after start: %s", path,
                     n < 0 ? strerror((int)-n) : "not a number");
        return n < 0 ? (int)n : -EINVAL;
    }
    if (RT(id)->main_known && RT(id)->main_pid == (pid_t)pid)
        return 0;
    if (sys_kill((pid_t)pid, 0) == -ESRCH)
        return -ESRCH;
    /* A file that others may write must not make us take a foreign process for ours. */
    return take_main_pid(id, (pid_t)pid, st.st_uid == 0 && !(st.st_mode & 022));
}

static void find_main_pid(unit_id id)
{
    if (RT(id)->main_known || !unit_int(id, D_GuessMainPID) || unit_has(id, D_PIDFile))
        return;
    pid_t pid = guess_main_pid(id);
    if (pid > 0)
        note_main_pid(id, pid);
}

/* Waits for the PID file to be written: its folder is watched. */
static void await_pid_file(unit_id id)
{
    BUF(folder, PATH_BYTES);
    struct str path = str_of(unit_text(id, D_PIDFile));
    buf_str(&folder, str_cut(path, (size_t)MAX(str_rfind(path, '/'), 1)));
    RT(id)->pid_file_waits = true;
    watch_folder(id, buf_end(&folder));
}

/* ---- entering a state ---------------------------------------------------------------------- */

static u8 enter_list(unit_id id, u8 state)
{
    struct runtime *rt = RT(id);
    int r = run_control(id, state);
    if (r < 0 && state == SV_RELOAD)
        rt->reload_result = FAILURE_RESOURCES;
    else if (r < 0)
        note_result(id, FAILURE_RESOURCES);
    return r < 0 ? rows[state].broken : r ? state : rows[state].next;
}

/* Without ExecStart= the unit must still be seen to start: SuccessAction= and others hang on it. */
static u8 enter_without_command(unit_id id)
{
    if (RT(id)->state != SV_START)
        set_state(id, SV_START);
    return SV_START_POST;
}

static u8 enter_start(unit_id id)
{
    i32 type = type_of(id);
    const struct setting *command = command_at(id, D_ExecStart, RT(id)->main_n);
    if (!command)
        return enter_without_command(id);
    if (type == SERVICE_FORKING)
        return enter_list(id, SV_START);
    bool at_once = type == SERVICE_SIMPLE || type == SERVICE_IDLE || type == SERVICE_DBUS;
    deadline_in(id, at_once ? USEC_INF : start_timeout(id));
    pid_t pid = run_main(id, command);
    if (pid < 0)
        note_result(id, FAILURE_RESOURCES);
    return pid < 0 ? SV_STOP_SIGTERM : pid && at_once ? SV_START_POST : SV_START;
}

static void arm_watchdog(unit_id id)
{
    usec every = RT(id)->watchdog;
    timer_set(TIMER_KEY(TIMER_WATCHDOG, id), every && every != USEC_INF ? usec_add(sys_now(), every) : USEC_INF);
}

static u8 enter_start_post(unit_id id)
{
    arm_watchdog(id);
    return enter_list(id, SV_START_POST);
}

/* Is there anything left that makes the service "active"? */
static bool service_good(unit_id id)
{
    if (RT(id)->main_known)
        return main_alive(id);
    return !group_empty(id);
}

static u8 enter_running(unit_id id)
{
    struct runtime *rt = RT(id);
    forget_control(id);
    rt->command_id = rt->command_n = 0;
    if (rt->result != SUCCESS)
        return SV_STOP_SIGTERM;
    if (service_good(id)) {
        if (rt->said_reloading)
            return SV_RELOAD;
        if (rt->said_stopping)
            return SV_STOP_SIGTERM;
        deadline_in(id, unit_span(id, D_RuntimeMaxSec));
        return SV_RUNNING;
    }
    deadline_in(id, USEC_INF);
    return unit_int(id, D_RemainAfterExit) ? SV_EXITED : SV_STOP;
}

static u8 enter_reload(unit_id id)
{
    if (!RT(id)->said_reloading)
        return enter_list(id, SV_RELOAD);
    deadline_in(id, start_timeout(id));  /* it reloads by itself and will say READY=1 */
    return SV_RELOAD;
}

static u8 enter_stop_by_signal(unit_id id, u8 state)
{
    struct runtime *rt = RT(id);
    u8 first = signals_of(state);
    int by = state - first;
    enum kill_op op = by == BY_WATCHDOG ? OP_WATCHDOG : by == BY_SIGKILL ? OP_KILL
                    : state == SV_STOP_SIGTERM && has_job(id, JOB_RESTART) ? OP_RESTART : OP_TERMINATE;
    bool as_if = rt->said_stopping && state == SV_STOP_SIGTERM && main_alive(id);
    if (as_if)
        rt->said_stopping = false;       /* STOPPING=1: as if it had been signaled */
    if (as_if || kill_unit(id, op) > 0) {
        deadline_in(id, by == BY_WATCHDOG && unit_has(id, D_TimeoutAbortSec) ? unit_span(id, D_TimeoutAbortSec)
                                                                             : stop_timeout(id));
        return state;
    }
    return by != BY_SIGKILL && unit_int(id, D_SendSIGKILL) ? first + BY_SIGKILL : rows[state].next;
}

/* The table of systemd.service(5), Restart=: the results that it restarts after. */
static bool shall_restart(unit_id id)
{
    enum { FAILURES = BIT(SKIP_CONDITION) - 1 - BIT(SUCCESS) };
    static const u16 after[] = {
        [RESTART_ALWAYS] = FAILURES | BIT(SUCCESS), [RESTART_ON_SUCCESS] = BIT(SUCCESS), [RESTART_ON_FAILURE] = FAILURES,
        [RESTART_ON_ABNORMAL] = FAILURES & ~BIT(FAILURE_EXIT_CODE), [RESTART_ON_WATCHDOG] = BIT(FAILURE_WATCHDOG),
        [RESTART_ON_ABORT] = BIT(FAILURE_SIGNAL) | BIT(FAILURE_CORE_DUMP),
    };
    struct runtime *rt = RT(id);
    struct death d = { .code = rt->main.code, .status = rt->main.status };
    if (rt->forbid_restart || has_job(id, JOB_STOP) || (rt->main.exited && status_in(id, D_RestartPreventExitStatus, &d)))
        return false;
    return (rt->main.exited && status_in(id, D_RestartForceExitStatus, &d)) || after[unit_int(id, D_Restart)] & BIT(rt->result);
}

static void log_end(unit_id id)
{
    u8 result = RT(id)->result;
    if (result == SUCCESS)
        log_unit(id, LOG_INFO, "Deactivated successfully.");
    else if (result == SKIP_CONDITION)
        log_unit(id, LOG_INFO, "Skipped due to '%s'.", name_of(result_names, result));
    else
        log_failed(id);
}

/* The end: dead, failed, or on the way back. */
static u8 enter_dead(unit_id id, bool may_restart)
{
    struct runtime *rt = RT(id);
    u8 end = rt->result == SUCCESS || rt->result == SKIP_CONDITION ? SV_DEAD : SV_FAILED;
    bool restart = may_restart && shall_restart(id);
    const char *pid_file = unit_text(id, D_PIDFile);
    usec delay = unit_span(id, D_RestartSec);
    forget_main(id);
    forget_execed(id);
    forget_control(id);
    timer_set(TIMER_KEY(TIMER_WATCHDOG, id), USEC_INF);
    log_end(id);
    rt->restarting = restart;
    rt->command_id = rt->command_n = rt->main_n = 0;
    rt->pid_file_waits = false;
    set_state_with(id, end, restart, false);
    if (pid_file)
        (void)sys_unlink(pid_file);
    remove_runtime_dirs(id);
    deadline_in(id, USEC_INF);
    rt->flush_restarts = !restart;
    rt->forbid_restart = false;
    if (restart) {
        unwatch(id);                     /* the cgroup stays: it is used again at once */
        deadline_in(id, delay);
        return SV_AUTO_RESTART;
    }
    group_forget(id);
    return end;
}

static u8 enter(unit_id id, u8 state)
{
    switch (state) {
    case SV_CONDITION:
    case SV_START_PRE:
    case SV_STOP:
    case SV_STOP_POST: return enter_list(id, state);
    case SV_START: return enter_start(id);
    case SV_START_POST: return enter_start_post(id);
    case SV_RUNNING: return enter_running(id);
    case SV_RELOAD: return enter_reload(id);
    case SV_DEAD: return enter_dead(id, true);
    default: return going_down(state) ? enter_stop_by_signal(id, state) : state;
    }
}

static bool waits_for_empty(unit_id id, u8 state)
{
    if (main_alive(id) || control_alive(id) || RT(id)->spawn_waits || RT(id)->pid_file_waits)
        return false;
    return (going_down(state) && state != SV_STOP_POST)
        || (state == SV_RUNNING && !RT(id)->main_known)
        || (state == SV_START && type_of(id) == SERVICE_NOTIFY);
}

static void on_empty(unit_id id);

/* Goes to a state and on from there until one stays. */
static void go(unit_id id, u8 state)
{
    struct runtime *rt = RT(id);
    bool failed_reload = rt->state == SV_RELOAD && rt->reload_result != SUCCESS;
    spawn_forget(id);
    for (u32 steps = 0; steps < 32; steps++) {
        u8 next = enter(id, state);
        if (next == state || next == SV_FAILED || next == SV_AUTO_RESTART) {
            state = next;
            break;
        }
        if (next == SV_DEAD && state == SV_DEAD)
            break;
        /* A new list starts with its first command. */
        rt->command_n = 0;
        state = next;
    }
    if (state != rt->state)
        set_state_with(id, state, false, failed_reload);
    if (waits_for_empty(id, state)) {
        watch_empty(id);
        if (group_empty(id))
            on_empty(id);
    } else if (!rt->pid_file_waits) {
        unwatch(id);
    }
}

/* The first command of a list. */
static void begin(unit_id id, u8 state)
{
    RT(id)->command_n = 0;
    go(id, state);
}

static void fail_to(unit_id id, u8 state, u8 result)
{
    note_result(id, result);
    begin(id, state);
}

/* ---- events -------------------------------------------------------------------------------- */

static int on_start(unit_id id)
{
    struct runtime *rt = RT(id);
    if ((rt->state >= SV_STOP && rt->state <= SV_FINAL_SIGKILL) || rt->state == SV_AUTO_RESTART)
        return -EAGAIN;
    if (rt->state != SV_DEAD && rt->state != SV_FAILED)
        return rt->state >= SV_RUNNING && rt->state <= SV_RELOAD ? -EALREADY : STEP_DONE;
    if (start_limit_hit(id)) {
        group_forget(id);                /* kept for the restart that is refused now */
        log_end(id);
        if (rt->state != SV_FAILED)
            set_state(id, SV_FAILED);
        change_push((struct change){ .unit = id, .was = FAILED, .is = FAILED, .start_limit = true });
        return -ECANCELED;
    }
    new_invocation(id);
    rt->result = rt->reload_result = SUCCESS;
    rt->main_known = rt->forbid_restart = false;
    rt->ready = rt->said_reloading = rt->said_stopping = rt->pid_file_waits = false;
    rt->main_n = 0;
    rt->main = rt->control = (struct ran){ 0 };
    rt->error = 0;
    rt->watchdog = unit_span(id, D_WatchdogSec);
    status_text_set(id, str_of(""));
    if (rt->flush_restarts)
        rt->restarts = 0;
    rt->flush_restarts = false;
    begin(id, SV_CONDITION);
    return rt->state == SV_DEAD || rt->state == SV_FAILED || rt->state == SV_RUNNING || rt->spawn_waits
         ? STEP_DONE : STEP_STARTED;
}

static int on_stop(unit_id id)
{
    struct runtime *rt = RT(id);
    if (rt->state == SV_DEAD || rt->state == SV_FAILED)
        return -EALREADY;
    rt->forbid_restart = true;
    if (rt->state == SV_STOP || (rt->state >= SV_STOP_SIGTERM && rt->state <= SV_FINAL_SIGKILL))
        return STEP_DONE;
    if (rt->state == SV_AUTO_RESTART) {
        bool again = has_job(id, JOB_RESTART);
        deadline_in(id, USEC_INF);
        rt->forbid_restart = false;
        set_state(id, SV_DEAD);
        if (!again)
            group_forget(id);
        return STEP_DONE;
    }
    bool orderly = rt->state == SV_RUNNING || rt->state == SV_EXITED;
    begin(id, orderly ? SV_STOP : SV_STOP_SIGTERM);
    return orderly && rt->state != SV_DEAD && rt->state != SV_FAILED ? STEP_STARTED : STEP_DONE;
}

static int on_reload(unit_id id)
{
    struct runtime *rt = RT(id);
    if (is_inactive(unit_active[id]))
        return -ENOEXEC;
    if (rt->state != SV_RUNNING && rt->state != SV_EXITED)
        return -EAGAIN;
    rt->reload_result = SUCCESS;
    begin(id, SV_RELOAD);
    if (rt->state == SV_RELOAD)
        return STEP_STARTED;
    return rt->reload_result == SUCCESS ? -EALREADY : -EIO;
}

/* A forking service's starter has ended well: who is the daemon? */
static void on_forked(unit_id id, u8 then)
{
    bool has_post = unit_has(id, D_ExecStartPost);
    if (!unit_has(id, D_PIDFile)) {
        find_main_pid(id);
        begin(id, then);
        return;
    }
    /* The file may be written by ExecStartPost=; then it is looked for once more after that. */
    bool may_come_later = then == SV_START_POST && has_post;
    if (load_pid_file(id, !may_come_later) < 0 && !may_come_later) {
        await_pid_file(id);
        if (load_pid_file(id, false) < 0) {
            if (!group_empty(id))
                return;
            RT(id)->pid_file_waits = false;
            fail_to(id, SV_STOP_SIGTERM, FAILURE_PROTOCOL);
            return;
        }
    }
    RT(id)->pid_file_waits = false;
    begin(id, then);
}

static void on_main_exit_in_start(unit_id id, u8 f)
{
    i32 type = type_of(id);
    if (type == SERVICE_ONESHOT) {
        begin(id, f == SUCCESS ? SV_START_POST : SV_STOP_SIGTERM);
    } else if (type == SERVICE_NOTIFY) {
        if (f != SUCCESS)
            begin(id, SV_STOP_SIGTERM);
        else if (!unit_int(id, D_RemainAfterExit) || unit_int(id, D_NotifyAccess) == NOTIFY_MAIN)
            fail_to(id, SV_STOP_SIGTERM, FAILURE_PROTOCOL);
    } else {
        begin(id, SV_RUNNING);
    }
}

/* On the way down the next state begins when the last process that we know of is gone; the end, when no other is
 * left either. */
static void go_down(unit_id id)
{
    u8 state = RT(id)->state;
    if (!going_down(state) || main_alive(id) || control_alive(id))
        return;
    u8 next = rows[state].next;
    begin(id, next == SV_DEAD && !group_empty(id) ? state : next);
}

/* What the end of the main process means where the service is. */
static void on_main_gone(unit_id id, u8 f)
{
    switch (RT(id)->state) {
    case SV_START_POST:
    case SV_RELOAD:
        if (!control_alive(id))
            begin(id, SV_STOP);
        break;
    case SV_START: on_main_exit_in_start(id, f); break;
    case SV_RUNNING: begin(id, SV_RUNNING); break;
    default: go_down(id);                /* but not from SV_STOP: ExecStop= still runs */
    }
}

static void on_main_exit(unit_id id, const struct death *d)
{
    struct runtime *rt = RT(id);
    i32 type = type_of(id);
    const struct setting *command = command_at(id, D_ExecStart, type == SERVICE_FORKING ? 0 : rt->main_n);
    u8 f = result_of(id, d, type != SERVICE_ONESHOT, command ? command->w[0] : 0);
    rt->main.code = d->code;
    rt->main.status = d->status;
    rt->main.exited = sys_now();
    pid_remove(rt->main_pid);
    rt->main_pid = 0;
    /* A daemon may have moved to another process and said so in its PID file. */
    if (unit_has(id, D_PIDFile) && rt->state == SV_RUNNING && load_pid_file(id, false) > 0)
        return;
    log_exit(id, "Main process", d, f == SUCCESS);
    note_result(id, f);
    if (type == SERVICE_ONESHOT && f == SUCCESS && rt->state == SV_START && command_at(id, D_ExecStart, rt->main_n + 1u)) {
        rt->main_n++;
        go(id, SV_START);
        return;
    }
    on_main_gone(id, f);
}

/* The last command of a list has ended. */
static void on_list_done(unit_id id, u8 f)
{
    struct runtime *rt = RT(id);
    u8 state = rt->state;
    switch (state) {
    case SV_RELOAD:
        rt->reload_result = f;
        if (f == SUCCESS && load_pid_file(id, false) < 0)
            find_main_pid(id);
        break;
    case SV_START:
    case SV_START_POST:
        if (f == SUCCESS && type_of(id) == SERVICE_FORKING) {
            on_forked(id, rows[state].next);
            return;
        }
        break;
    case SV_CONDITION:
    case SV_START_PRE:
    case SV_STOP: break;
    default: go_down(id); return;
    }
    begin(id, f == SUCCESS ? rows[state].next : rows[state].failed);
}

static void on_control_exit(unit_id id, const struct death *d)
{
    struct runtime *rt = RT(id);
    u32 directive = rt->command_id;
    const struct setting *command = directive ? command_at(id, directive, rt->command_n) : NULL;
    bool daemon = directive == D_ExecStart && type_of(id) != SERVICE_ONESHOT;
    u8 f = result_of(id, d, daemon, command ? command->w[0] : 0);
    const char *who = "Control process";
    note_control_end(id, d);
    if (rt->state == SV_CONDITION) {
        who = "Condition check process";
        if (f == FAILURE_EXIT_CODE && d->status < 255)
            f = SKIP_CONDITION;
        rt->condition_ok = f == SUCCESS;
    }
    log_exit(id, who, d, f == SUCCESS || f == SKIP_CONDITION);
    if (rt->state != SV_RELOAD)
        note_result(id, f);
    bool killed_off = going_down(rt->state) && rt->state != SV_STOP_POST;
    if (f == SUCCESS && !killed_off && directive && command_at(id, directive, rt->command_n + 1u)) {
        rt->command_n++;
        go(id, rt->state);
        return;
    }
    rt->command_id = rt->command_n = 0;
    on_list_done(id, f);
}

/* No process is left. */
static void on_empty(unit_id id)
{
    struct runtime *rt = RT(id);
    if (rt->spawn_waits || control_alive(id))
        return;
    bool start = rt->state == SV_START, notifies = start && type_of(id) == SERVICE_NOTIFY;
    bool awaits_file = rt->pid_file_waits && (start || rt->state == SV_START_POST);
    if (rt->state == SV_RUNNING) {
        begin(id, SV_RUNNING);
    } else if ((notifies || awaits_file) && !main_alive(id)) {
        if (start && !notifies)
            log_unit(id, LOG_WARNING, "Daemon never wrote its PID file. Failing.");
        rt->pid_file_waits = false;
        fail_to(id, start ? SV_STOP_POST : SV_STOP, FAILURE_PROTOCOL);
    } else {
        go_down(id);
    }
}

static void on_pid_file(unit_id id)
{
    struct runtime *rt = RT(id);
    if (!rt->pid_file_waits || load_pid_file(id, false) < 0)
        return;
    rt->pid_file_waits = false;
    unwatch(id);
    begin(id, rt->state == SV_START ? SV_START_POST : SV_RUNNING);
}

/* ---- time ---------------------------------------------------------------------------------- */

/* A state took too long: its way down goes on a step. `mode` says by which signal. */
static void time_out(unit_id id, u8 state, i32 mode)
{
    static const u8 by[] = { [TIMEOUT_TERMINATE] = BY_SIGTERM, [TIMEOUT_ABORT] = BY_WATCHDOG, [TIMEOUT_KILL] = BY_SIGKILL };
    static const char then[][12] = { [BY_SIGTERM] = "Terminating", [BY_WATCHDOG] = "Aborting", [BY_SIGKILL] = "Killing" };
    bool skip = mode == TIMEOUT_KILL && !unit_int(id, D_SendSIGKILL);
    u8 to = signals_of(state) + by[mode];
    (log_unit)(id, LOG_WARNING, state <= SV_START_POST ? "%s operation timed out. %s." : state == SV_STOP
             ? "%.0sStopping timed out. %s." : "State '%s' timed out. %s.", substate_name(id),
             skip ? "Skipping SIGKILL" : then[by[mode]]);
    RT(id)->pid_file_waits = false;
    fail_to(id, skip ? rows[to].next : to, FAILURE_TIMEOUT);
}

/* The wish may be refused, or its job be canceled while it waits for others: looked at again. */
static void ask_for_restart(unit_id id)
{
    struct runtime *rt = RT(id);
    bool stopping = has_job(id, JOB_STOP), asked = has_job(id, JOB_RESTART);
    if (!stopping && !asked && !rt->restarting) {
        log_unit(id, LOG_WARNING, "Failed to schedule restart job.");
        note_result(id, FAILURE_RESOURCES);
        enter_dead(id, false);
        return;
    }
    deadline_in(id, USEC_SEC);
    if (stopping)
        log_unit(id, LOG_INFO, "Stop job pending for unit, skipping automatic restart.");
    if (stopping || asked)
        return;
    rt->restarts++;
    rt->flush_restarts = rt->restarting = false;
    log_unit(id, LOG_INFO, "Scheduled restart job, restart counter is at %u.", rt->restarts);
    change_push((struct change){ .unit = id, .was = ACTIVATING, .is = ACTIVATING, .wants_restart = true });
}

static void on_timeout(unit_id id)
{
    struct runtime *rt = RT(id);
    u8 state = rt->state;
    i32 stop_mode = unit_int(id, D_TimeoutStopFailureMode);
    switch (state) {
    case SV_CONDITION:
    case SV_START_PRE:
    case SV_START:
    case SV_START_POST: time_out(id, state, unit_int(id, D_TimeoutStartFailureMode)); break;
    case SV_STOP:
    case SV_STOP_POST: time_out(id, state, stop_mode); break;
    case SV_STOP_SIGTERM:
    case SV_FINAL_SIGTERM: time_out(id, state, stop_mode == TIMEOUT_ABORT ? TIMEOUT_ABORT : TIMEOUT_KILL); break;
    case SV_STOP_WATCHDOG:
    case SV_FINAL_WATCHDOG: time_out(id, state, TIMEOUT_KILL); break;
    case SV_RUNNING:
        log_unit(id, LOG_WARNING, "Service reached runtime time limit. Stopping.");
        fail_to(id, SV_STOP, FAILURE_TIMEOUT);
        break;
    case SV_RELOAD:
        log_unit(id, LOG_WARNING, "Reload operation timed out. Killing reload process.");
        if (control_alive(id))
            sys_kill(rt->control_pid, SIGKILL);
        rt->said_reloading = false;
        rt->reload_result = FAILURE_TIMEOUT;
        begin(id, SV_RUNNING);
        break;
    case SV_STOP_SIGKILL:
    case SV_FINAL_SIGKILL:
        log_unit(id, LOG_WARNING, "Processes still around after %s", state == SV_STOP_SIGKILL ? "SIGKILL. Ignoring."
                 : "final SIGKILL. Entering failed mode.");
        fail_to(id, rows[state].next, FAILURE_TIMEOUT);
        break;
    case SV_AUTO_RESTART: ask_for_restart(id); break;
    }
}

static void on_watchdog(unit_id id)
{
    struct runtime *rt = RT(id);
    BUF(limit, 32);
    if (rt->state < SV_START_POST || rt->state > SV_RELOAD)
        return;
    buf_span(&limit, rt->watchdog, USEC_SEC / 1000);
    log_unit(id, LOG_ERR, "Watchdog timeout (limit %s)!", buf_end(&limit));
    fail_to(id, SV_STOP_WATCHDOG, FAILURE_WATCHDOG);
}

/* ---- sd_notify(3) -------------------------------------------------------------------------- */

static bool may_notify(unit_id id, pid_t sender)
{
    struct runtime *rt = RT(id);
    i32 access = unit_int(id, D_NotifyAccess);
    bool ok = access == NOTIFY_ALL || (access == NOTIFY_MAIN && sender == rt->main_pid)
           || (access == NOTIFY_EXEC && (sender == rt->main_pid || sender == rt->control_pid));
    if (!ok && access == NOTIFY_NONE)
        log_unit(id, LOG_WARNING, "Got notification message from PID %d, but reception is disabled.", (int)sender);
    else if (!ok)
        log_unit(id, LOG_WARNING, "Got notification message from PID %d, but reception only permitted for %s PID %d",
                 (int)sender, access == NOTIFY_MAIN ? "main" : "main and control", (int)rt->main_pid);
    return ok;
}

static void notify_main_pid(unit_id id, pid_t pid)
{
    struct runtime *rt = RT(id);
    bool early = rt->state == SV_START || rt->state == SV_START_POST || rt->state == SV_RUNNING || rt->state == SV_RELOAD;
    if (!early || pid == rt->main_pid || pid <= 1)
        return;
    (void)take_main_pid(id, pid, false);
}

static void extend_timeout(unit_id id, usec by)
{
    u32 key = TIMER_KEY(TIMER_STATE, id);
    usec until = usec_add(sys_now(), by);
    if (timer_get(key) != USEC_INF && timer_get(key) < until)
        timer_set(key, until);
}

static void on_notify(unit_id id, const struct notify *n)
{
    struct runtime *rt = RT(id);
    if (!may_notify(id, n->sender))
        return;
    if (n->has_main_pid)
        notify_main_pid(id, n->main_pid);
    if (n->has_status)
        status_text_set(id, n->status);
    if (n->has_errno)
        rt->error = n->error;
    if (n->extend_usec != USEC_INF)
        extend_timeout(id, n->extend_usec);
    if (n->watchdog_usec != USEC_INF)
        rt->watchdog = n->watchdog_usec;
    if (n->watchdog || n->watchdog_usec != USEC_INF)
        arm_watchdog(id);
    if (n->watchdog_trigger)
        on_watchdog(id);
    if (n->stopping && !n->ready) {
        rt->said_stopping = true;
        if (rt->state == SV_RUNNING)
            begin(id, SV_STOP_SIGTERM);
    } else if (n->ready) {
        rt->said_reloading = rt->said_stopping = false;
        rt->ready = true;
        if (type_of(id) == SERVICE_NOTIFY && rt->state == SV_START)
            begin(id, SV_START_POST);
        else if (rt->state == SV_RELOAD && !control_alive(id))
            begin(id, SV_RUNNING);
    } else if (n->reloading) {
        rt->said_reloading = true;
        if (rt->state == SV_RUNNING)
            begin(id, SV_RELOAD);
    }
}

static void on_execed(unit_id id)
{
    struct runtime *rt = RT(id);
    forget_execed(id);
    /* A child that failed before execve closes the pipe too; then its death is on the way. */
    if (type_of(id) == SERVICE_EXEC && rt->state == SV_START && main_alive(id) && !rt->exec_failed)
        begin(id, SV_START_POST);
}

int service_step(unit_id id, const struct event *e)
{
    struct runtime *rt = RT(id);
    switch ((enum event_type)e->type) {
    case EV_START: return on_start(id);
    case EV_STOP: return on_stop(id);
    case EV_RELOAD: return on_reload(id);
    case EV_SPAWN: go(id, rt->state); break;
    case EV_MAIN_EXIT: on_main_exit(id, &e->death); break;
    case EV_CONTROL_EXIT: on_control_exit(id, &e->death); break;
    case EV_EXECED: on_execed(id); break;
    case EV_EMPTY:
        if (group_empty(id))
            on_empty(id);
        break;
    case EV_TIMEOUT: on_timeout(id); break;
    case EV_WATCHDOG: on_watchdog(id); break;
    case EV_NOTIFY: on_notify(id, e->notify); break;
    case EV_PID_FILE: on_pid_file(id); break;
    case EV_RESET_FAILED: reset_failed(id); break;
    case EV_PRESENT:
    case EV_ABSENT: break;
    }
    return STEP_DONE;
}
