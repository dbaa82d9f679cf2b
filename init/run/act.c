/* SPDX-License-Identifier: 0BSD
 *
 * Jobs that are ready -> what their units are told to do; and what the whole system is told to do
 * (FailureAction= and its kin). The answers of the machines become results of jobs here. */
#include "run.h"

/* ---- one job ------------------------------------------------------------------------------- */

static void start_timer_of_job(unit_id id, bool running)
{
    struct job *j = &jobs[id];
    usec now = sys_now(), limit;
    u32 key = TIMER_KEY(TIMER_JOB, id);
    if (!running) {
        if (j->installed_at)
            return;
        j->installed_at = now;
        limit = usec_add(now, unit_span(id, D_JobTimeoutSec));
    } else {
        j->running_at = now;
        limit = usec_add(now, unit_span(id, D_JobRunningTimeoutSec));
        if (timer_get(key) <= limit)
            return;
    }
    timer_set(key, limit);
}

/* JobTimeoutSec= runs while a job waits for others, too. */
static void start_timers_of_fresh_jobs(void)
{
    for (unit_id id = 1; jobs_fresh && id < tab->units_n; id++)
        if (jobs[id].id)
            start_timer_of_job(id, false);
    jobs_fresh = 0;
}

void job_timed_out(unit_id id)
{
    struct system_action a = { .action = (u8)unit_int(id, D_JobTimeoutAction), .exit_status = -1, .unit = id, .failed = true };
    if (!jobs[id].id)
        return;
    log_unit(id, LOG_WARNING, "Job %s/%s timed out.", unit_name(id), name_of(job_type_names, jobs[id].type));
    job_finish(id, RESULT_TIMEOUT, true, false);
    if (a.action != ACTION_NONE)
        schedule_system_action(&a);
}

/* Units it is bound to must be up by now, whatever became of their jobs. */
static bool bound_units_are_up(unit_id id)
{
    for (u32 e = UNIT(id)->out; e; e = tab->edges[e].next_out) {
        const u32 both = DEP_BINDS_TO | DEP_AFTER;
        if ((tab->edges[e].kinds & both) == both && !is_active(unit_active[tab->edges[e].to]))
            return false;
    }
    return true;
}

static void log_condition(unit_id id, const struct setting *failed)
{
    BUF(ident, 512);
    unit_ident(id, &ident);
    if (failed && failed->w[0] & COND_TRIGGER)
        log_line(LOG_INFO, "%s was skipped because no trigger condition checks were met.", buf_end(&ident));
    else if (failed)
        log_line(LOG_INFO, "%s was skipped because of an unmet condition check (%s=%s%s).", buf_end(&ident),
                 directive_name(&directives[failed->id]), failed->w[0] & COND_NEGATE ? "!" : "", text_at(failed->w[1]));
}

static bool test_conditions(unit_id id, bool asserts)
{
    const struct setting *failed;
    struct runtime *rt = RT(id);
    bool ok = conditions_met(id, asserts, &failed);
    rt->condition_at = sys_now();
    if (asserts)
        rt->assert_ok = ok;
    else
        rt->condition_ok = ok;
    if (!asserts && !ok)
        log_condition(id, failed);
    if (asserts && !ok)
        log_unit(id, LOG_NOTICE, "Starting requested but asserts failed (%s=%s).", directive_name(&directives[failed->id]),
                 text_at(failed->w[1]));
    return ok;
}

enum { CONDITION_FAILED = -ECOMM, ASSERT_FAILED = -EPROTO, BOUND_UNIT_DOWN = -ENOLINK };

static int start_unit(unit_id id)
{
    u8 now = unit_active[id];
    if (is_active(now))
        return -EALREADY;
    if (UNIT(id)->load != LOAD_LOADED)
        return -EINVAL;
    if (now != ACTIVATING && !test_conditions(id, false))
        return CONDITION_FAILED;
    if (now != ACTIVATING && !test_conditions(id, true))
        return ASSERT_FAILED;
    if (!bound_units_are_up(id))
        return BOUND_UNIT_DOWN;
    if (UNIT(id)->type == UNIT_DEVICE)
        device_check(id);
    return kind_of(id)->step(id, &(struct event){ .type = EV_START });
}

static int stop_unit(unit_id id)
{
    if (is_inactive(unit_active[id]))
        return -EALREADY;
    return kind_of(id)->step(id, &(struct event){ .type = EV_STOP });
}

static int reload_unit(unit_id id)
{
    u8 now = unit_active[id];
    if (now == RELOADING)
        return -EAGAIN;
    if (now != ACTIVE) {
        log_unit(id, LOG_WARNING, "Unit cannot be reloaded because it is inactive.");
        return -ENOEXEC;
    }
    return kind_of(id)->step(id, &(struct event){ .type = EV_RELOAD });
}

static int verify_active(unit_id id)
{
    return is_active(unit_active[id]) ? -EALREADY : unit_active[id] == ACTIVATING ? -EAGAIN : -EBADR;
}

/* What a negative answer means for the job. */
static void finish_by_error(unit_id id, int r)
{
    u8 result = RESULT_FAILED;
    switch (r) {
    case -EALREADY:
    case CONDITION_FAILED: result = RESULT_DONE; break;
    case -EBADR: result = RESULT_SKIPPED; break;
    case -ENOEXEC: result = RESULT_INVALID; break;
    case ASSERT_FAILED: result = RESULT_ASSERT; break;
    case -EOPNOTSUPP: result = RESULT_UNSUPPORTED; break;
    case BOUND_UNIT_DOWN: result = RESULT_DEPENDENCY; break;
    }
    job_finish(id, result, true, r == -EALREADY);
}

static void run_job(unit_id id)
{
    struct job *j = &jobs[id];
    u32 job_id = j->id;
    int r;
    j->running = true;
    start_timer_of_job(id, true);
    switch (j->type) {
    case JOB_START: r = start_unit(id); break;
    case JOB_STOP:
    case JOB_RESTART: r = stop_unit(id); break;
    case JOB_RELOAD: r = reload_unit(id); break;
    case JOB_VERIFY_ACTIVE: r = verify_active(id); break;
    default: r = -EALREADY; break;
    }
    if (j->id != job_id)
        return;
    if (r == -EAGAIN)
        j->running = false;              /* looked at again after the unit's next change */
    else if (r < 0)
        finish_by_error(id, r);
    else if (r == STEP_STARTED && !j->started) {
        j->started = true;
        message_started(id);
    }
}

static void start_waiting_processes(void)
{
    unit_id id;
    while (changes_room() > 8 && (id = spawn_next_waiting())) {
        kind_of(id)->step(id, &(struct event){ .type = EV_SPAWN });
        if (RT(id)->spawn_waits)
            break;                       /* there is still no slot */
    }
    if (spawn_bell() >= 0)
        (void)watch_add(spawn_bell(), 1 /* EPOLLIN */, WATCH_SPAWN, 0);     /* -EEXIST: it is known */
}

/* ---- the whole system ---------------------------------------------------------------------- */

static int exit_status_of(const struct system_action *a)
{
    struct runtime *rt = RT(a->unit);
    if (a->exit_status >= 0)
        return a->exit_status;
    if (UNIT(a->unit)->type != UNIT_SERVICE || !rt->main.exited)
        return MAX(manager.exit_status, (int)a->failed);     /* `systemctl exit 7` has set it */
    return rt->main.code == CLD_EXITED ? rt->main.status : 255;
}

void schedule_system_action(const struct system_action *a)
{
    if (system_actions_n < LEN(system_actions))
        system_actions[system_actions_n++] = *a;
}

static void do_system_action(const struct system_action *a)
{
    static const char verbs[] =
        "1\0Rebooting\0Forcibly rebooting\0Rebooting immediately\0Powering off\0Forcibly powering off\0"
        "Powering off immediately\0Exiting\0Exiting immediately\0";
    _Static_assert(ACTION_REBOOT == 1 && ACTION_REBOOT_IMMEDIATE == 3 && ACTION_POWEROFF == 4 && ACTION_EXIT == 7
                   && ACTION_EXIT_FORCE == 8, "the order of the words");
    struct report r = { 0 };
    const char *arg = unit_text(a->unit, D_RebootArgument), *verb = name_of(verbs, a->action);
    bool reboot = a->action <= ACTION_REBOOT_IMMEDIATE;
    const char *target = reboot ? "reboot.target" : "poweroff.target";
    bool gentle = a->action == ACTION_REBOOT || a->action == ACTION_POWEROFF || a->action == ACTION_EXIT;
    if (!verb)
        return;
    if (gentle && machine_state() == MACHINE_STOPPING) {     /* how it ends has been said: reboot, typed in systemd.run= */
        log_line(LOG_NOTICE, "Shutdown is already active. Skipping emergency action request %s.",
                 directive_enum_name(&directives[D_FailureAction], a->action));
        return;
    }
    log_line(a->failed ? LOG_WARNING : LOG_NOTICE, "%s: unit %s %s", verb, unit_name(a->unit), a->failed ? "failed" : "succeeded");
    if (a->action >= ACTION_EXIT)
        manager.exit_status = exit_status_of(a);
    if (arg)
        z_copy(manager.reboot_arg, sizeof manager.reboot_arg, str_of(arg));
    if (!gentle)
        leave(reboot ? LEAVE_REBOOT : LEAVE_POWEROFF);
    else if (start_by_name(target, JOB_START, MODE_REPLACE_IRREVERSIBLY, &r) < 0)
        log_line(LOG_ERR, "Failed to start %s: %s", target, r.error);
}

void leave(enum objective o)
{
    if (manager.objective == RUNNING_ON)
        manager.objective = o;
}

void act(void)
{
    unit_id id;
    struct system_action todo[LEN(system_actions)];
    u32 n = system_actions_n;
    memcpy(todo, system_actions, n * sizeof *todo);
    system_actions_n = 0;
    for (u32 i = 0; i < n; i++)
        do_system_action(&todo[i]);
    start_timers_of_fresh_jobs();
    while (changes_room() > 8 && (id = job_next_ready()))
        run_job(id);
    start_waiting_processes();
}
