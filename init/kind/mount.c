/* SPDX-License-Identifier: 0BSD
 *
 * Mounts: systemd.mount(5). mount(2) and umount2(2) run in a helper process, which may hang as long
 * as it likes; whether something is mounted is the kernel's word (run/mountinfo.c: EV_PRESENT,
 * EV_ABSENT), which comes before the helper's exit. */
#include "kind.h"

const u8 mount_active[] = {
    [MT_DEAD] = INACTIVE, [MT_MOUNTING] = ACTIVATING, [MT_MOUNTING_DONE] = ACTIVATING, [MT_MOUNTED] = ACTIVE,
    [MT_REMOUNTING] = RELOADING, [MT_UNMOUNTING] = DEACTIVATING, [MT_REMOUNTING_SIGTERM] = RELOADING,
    [MT_REMOUNTING_SIGKILL] = RELOADING, [MT_UNMOUNTING_SIGTERM] = DEACTIVATING,
    [MT_UNMOUNTING_SIGKILL] = DEACTIVATING, [MT_FAILED] = FAILED,
};
const char *const mount_states[] = {
    [MT_DEAD] = "dead", [MT_MOUNTING] = "mounting", [MT_MOUNTING_DONE] = "mounting-done",
    [MT_MOUNTED] = "mounted", [MT_REMOUNTING] = "remounting", [MT_UNMOUNTING] = "unmounting",
    [MT_REMOUNTING_SIGTERM] = "remounting-sigterm", [MT_REMOUNTING_SIGKILL] = "remounting-sigkill",
    [MT_UNMOUNTING_SIGTERM] = "unmounting-sigterm", [MT_UNMOUNTING_SIGKILL] = "unmounting-sigkill",
    [MT_FAILED] = "failed",
};
_Static_assert(MOUNT_STATES == MT_FAILED + 1, "a state is missing above");

static void note_result(unit_id id, u8 result)
{
    if (RT(id)->result == SUCCESS)
        RT(id)->result = result;
}

/* No helper runs any more: as the kernel says. */
static void rest(unit_id id, u8 result)
{
    struct runtime *rt = RT(id);
    bool failed_reload = rt->state >= MT_REMOUNTING && rt->reload_result != SUCCESS && rt->state != MT_UNMOUNTING;
    note_result(id, result);
    spawn_forget(id);
    deadline_in(id, USEC_INF);
    rt->command_id = 0;
    if (rt->there) {
        set_state_with(id, MT_MOUNTED, false, failed_reload);
        return;
    }
    if (rt->result != SUCCESS)
        log_unit(id, LOG_WARNING, "Failed with result '%s'.", name_of(result_names, rt->result));
    set_state(id, rt->result == SUCCESS ? MT_DEAD : MT_FAILED);
    group_forget(id);
}

/* Starts a helper and goes to the state that waits for it. */
static void run_helper(unit_id id, u32 helper, u8 state)
{
    struct runtime *rt = RT(id);
    struct spawn s = { .command = setting_find(id, helper, NULL), .flags = SPAWN_CONTROL };
    rt->command_id = (u16)helper;
    deadline_in(id, unit_span(id, D_MountTimeoutSec));
    pid_t pid = s.command ? run_command(id, &s) : -ENOENT;
    if (pid < 0) {
        rest(id, FAILURE_RESOURCES);
        return;
    }
    if (pid > 0) {
        rt->control_pid = rt->control_group = pid;
        rt->control = (struct ran){ .pid = pid, .started = sys_now() };
    }
    if (rt->state != state)
        set_state(id, state);
}

static void signal_helper(unit_id id, u8 state, enum kill_op op, u8 result)
{
    note_result(id, result);
    if (kill_unit(id, op) <= 0) {
        rest(id, SUCCESS);
        return;
    }
    deadline_in(id, unit_span(id, D_MountTimeoutSec));
    set_state(id, state);
}

/* ---- events -------------------------------------------------------------------------------- */

static int on_start(unit_id id)
{
    struct runtime *rt = RT(id);
    if (rt->state == MT_MOUNTING || rt->state == MT_MOUNTING_DONE)
        return STEP_DONE;
    if (rt->state != MT_DEAD && rt->state != MT_FAILED)
        return rt->state == MT_MOUNTED ? -EALREADY : -EAGAIN;
    if (start_limit_hit(id)) {
        log_unit(id, LOG_WARNING, "Start request repeated too quickly.");
        rt->result = FAILURE_START_LIMIT;
        set_state(id, MT_FAILED);
        return -ECANCELED;
    }
    new_invocation(id);
    rt->result = rt->reload_result = SUCCESS;
    run_helper(id, X_Attach, MT_MOUNTING);
    return rt->state == MT_MOUNTING ? STEP_STARTED : STEP_DONE;
}

static int on_stop(unit_id id)
{
    struct runtime *rt = RT(id);
    switch (rt->state) {
    case MT_DEAD:
    case MT_FAILED: return -EALREADY;
    case MT_UNMOUNTING:
    case MT_UNMOUNTING_SIGTERM:
    case MT_UNMOUNTING_SIGKILL: return STEP_DONE;
    case MT_MOUNTING:
    case MT_MOUNTING_DONE: signal_helper(id, MT_UNMOUNTING_SIGTERM, OP_TERMINATE, SUCCESS); return STEP_DONE;
    case MT_REMOUNTING: signal_helper(id, MT_UNMOUNTING_SIGTERM, OP_TERMINATE, SUCCESS); return STEP_DONE;
    case MT_REMOUNTING_SIGTERM: set_state(id, MT_UNMOUNTING_SIGTERM); return STEP_DONE;
    case MT_REMOUNTING_SIGKILL: set_state(id, MT_UNMOUNTING_SIGKILL); return STEP_DONE;
    default:
        rt->starts = 0;
        rt->result = SUCCESS;
        rt->command_n = 0;
        run_helper(id, X_Detach, MT_UNMOUNTING);
        return rt->state == MT_UNMOUNTING ? STEP_STARTED : STEP_DONE;
    }
}

static int on_reload(unit_id id)
{
    if (RT(id)->state != MT_MOUNTED)
        return is_inactive(unit_active[id]) ? -ENOEXEC : -EAGAIN;
    RT(id)->reload_result = SUCCESS;
    run_helper(id, X_Remount, MT_REMOUNTING);
    return STEP_STARTED;
}

static void on_exit(unit_id id, const struct death *d)
{
    struct runtime *rt = RT(id);
    u8 f = result_of(id, d, false, 0);
    rt->control.code = d->code;
    rt->control.status = d->status;
    rt->control.exited = sys_now();
    pid_remove(rt->control_pid);
    rt->control_pid = 0;
    log_exit(id, rt->command_id == X_Attach ? "Mount process" : "Unmount process", d, f == SUCCESS);
    switch (rt->state) {
    case MT_MOUNTING:
        if (f == SUCCESS) {
            log_unit(id, LOG_WARNING, "Mount process finished, but there is no mount.");
            f = FAILURE_PROTOCOL;
        }
        rest(id, f);
        break;
    case MT_REMOUNTING:
    case MT_REMOUNTING_SIGTERM:
    case MT_REMOUNTING_SIGKILL:
        rt->reload_result = f;
        rest(id, SUCCESS);
        break;
    case MT_UNMOUNTING:
        /* Something is mounted over it still: take off the next layer. */
        if (f == SUCCESS && rt->there && rt->command_n < 32) {
            rt->command_n++;
            run_helper(id, X_Detach, MT_UNMOUNTING);
            break;
        }
        rest(id, rt->there ? f : SUCCESS);
        break;
    default: rest(id, f); break;
    }
}

static void on_timeout(unit_id id)
{
    struct runtime *rt = RT(id);
    switch (rt->state) {
    case MT_MOUNTING:
    case MT_MOUNTING_DONE:
        log_unit(id, LOG_WARNING, "Mounting timed out. Terminating.");
        signal_helper(id, MT_UNMOUNTING_SIGTERM, OP_TERMINATE, FAILURE_TIMEOUT);
        break;
    case MT_REMOUNTING:
        log_unit(id, LOG_WARNING, "Remounting timed out. Terminating remount process.");
        rt->reload_result = FAILURE_TIMEOUT;
        signal_helper(id, MT_REMOUNTING_SIGTERM, OP_TERMINATE, SUCCESS);
        break;
    case MT_REMOUNTING_SIGTERM:
        log_unit(id, LOG_WARNING, "Remounting timed out. Killing.");
        signal_helper(id, MT_REMOUNTING_SIGKILL, OP_KILL, SUCCESS);
        break;
    case MT_UNMOUNTING:
        log_unit(id, LOG_WARNING, "Unmounting timed out. Terminating.");
        signal_helper(id, MT_UNMOUNTING_SIGTERM, OP_TERMINATE, FAILURE_TIMEOUT);
        break;
    case MT_UNMOUNTING_SIGTERM:
        log_unit(id, LOG_WARNING, "Mount process timed out. Killing.");
        signal_helper(id, MT_UNMOUNTING_SIGKILL, OP_KILL, FAILURE_TIMEOUT);
        break;
    default:
        log_unit(id, LOG_WARNING, "Mount process still around after SIGKILL. Ignoring.");
        pid_remove(rt->control_pid);
        rt->control_pid = 0;
        rest(id, FAILURE_TIMEOUT);
        break;
    }
}

static void on_present(unit_id id)
{
    struct runtime *rt = RT(id);
    rt->there = true;
    if (rt->state == MT_DEAD || rt->state == MT_FAILED) {
        new_invocation(id);
        rt->result = SUCCESS;
        set_state(id, MT_MOUNTED);       /* somebody else mounted it */
    } else if (rt->state == MT_MOUNTING) {
        set_state(id, MT_MOUNTING_DONE);
    }
}

static void on_absent(unit_id id)
{
    struct runtime *rt = RT(id);
    rt->there = false;
    if (rt->state == MT_MOUNTED)
        rest(id, SUCCESS);
    else if (rt->state == MT_MOUNTING_DONE)
        set_state(id, MT_MOUNTING);
}

int mount_step(unit_id id, const struct event *e)
{
    struct runtime *rt = RT(id);
    switch ((enum event_type)e->type) {
    case EV_START: return on_start(id);
    case EV_STOP: return on_stop(id);
    case EV_RELOAD: return on_reload(id);
    case EV_SPAWN:
        if (rt->command_id)
            run_helper(id, rt->command_id, rt->state);
        break;
    case EV_CONTROL_EXIT: on_exit(id, &e->death); break;
    case EV_TIMEOUT: on_timeout(id); break;
    case EV_PRESENT: on_present(id); break;
    case EV_ABSENT: on_absent(id); break;
    case EV_RESET_FAILED:
        rt->starts = 0;
        if (rt->state == MT_FAILED) {
            rt->result = SUCCESS;
            set_state(id, MT_DEAD);
        }
        break;
    default: break;
    }
    return STEP_DONE;
}
