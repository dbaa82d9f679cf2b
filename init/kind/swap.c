/* SPDX-License-Identifier: 0BSD
 *
 * Swaps: systemd.swap(5). swapon(2) and swapoff(2), which may take minutes, run in a helper; whether
 * a swap is in use is the kernel's word (/proc/swaps: EV_PRESENT, EV_ABSENT). */
#include "kind.h"

const u8 swap_active[] = {
    [SW_DEAD] = INACTIVE, [SW_ACTIVATING] = ACTIVATING, [SW_ACTIVATING_DONE] = ACTIVE, [SW_ACTIVE] = ACTIVE,
    [SW_DEACTIVATING] = DEACTIVATING, [SW_DEACTIVATING_SIGTERM] = DEACTIVATING,
    [SW_DEACTIVATING_SIGKILL] = DEACTIVATING, [SW_FAILED] = FAILED,
};
const char *const swap_states[] = {
    [SW_DEAD] = "dead", [SW_ACTIVATING] = "activating", [SW_ACTIVATING_DONE] = "activating-done",
    [SW_ACTIVE] = "active", [SW_DEACTIVATING] = "deactivating",
    [SW_DEACTIVATING_SIGTERM] = "deactivating-sigterm", [SW_DEACTIVATING_SIGKILL] = "deactivating-sigkill",
    [SW_FAILED] = "failed",
};
_Static_assert(SWAP_STATES == SW_FAILED + 1, "a state is missing above");

static void rest(unit_id id, u8 result)
{
    struct runtime *rt = RT(id);
    if (rt->result == SUCCESS)
        rt->result = result;
    spawn_forget(id);
    deadline_in(id, USEC_INF);
    rt->command_id = 0;
    if (rt->there) {
        set_state(id, SW_ACTIVE);
        return;
    }
    if (rt->result != SUCCESS)
        log_unit(id, LOG_WARNING, "Failed with result '%s'.", name_of(result_names, rt->result));
    set_state(id, rt->result == SUCCESS ? SW_DEAD : SW_FAILED);
    group_forget(id);
}

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
    struct runtime *rt = RT(id);
    if (rt->result == SUCCESS)
        rt->result = result;
    if (kill_unit(id, op) <= 0) {
        rest(id, SUCCESS);
        return;
    }
    deadline_in(id, unit_span(id, D_MountTimeoutSec));
    set_state(id, state);
}

static int on_start(unit_id id)
{
    struct runtime *rt = RT(id);
    if (rt->state == SW_ACTIVATING)
        return STEP_DONE;
    if (rt->state != SW_DEAD && rt->state != SW_FAILED)
        return is_active(unit_active[id]) ? -EALREADY : -EAGAIN;
    if (start_limit_hit(id)) {
        log_unit(id, LOG_WARNING, "Start request repeated too quickly.");
        rt->result = FAILURE_START_LIMIT;
        set_state(id, SW_FAILED);
        return -ECANCELED;
    }
    new_invocation(id);
    rt->result = SUCCESS;
    run_helper(id, X_Attach, SW_ACTIVATING);
    return rt->state == SW_ACTIVATING ? STEP_STARTED : STEP_DONE;
}

static int on_stop(unit_id id)
{
    struct runtime *rt = RT(id);
    switch (rt->state) {
    case SW_DEAD:
    case SW_FAILED: return -EALREADY;
    case SW_DEACTIVATING:
    case SW_DEACTIVATING_SIGTERM:
    case SW_DEACTIVATING_SIGKILL: return STEP_DONE;
    case SW_ACTIVATING: signal_helper(id, SW_DEACTIVATING_SIGTERM, OP_TERMINATE, SUCCESS); return STEP_DONE;
    default:
        rt->starts = 0;
        rt->result = SUCCESS;
        run_helper(id, X_Detach, SW_DEACTIVATING);
        return rt->state == SW_DEACTIVATING ? STEP_STARTED : STEP_DONE;
    }
}

static void on_exit(unit_id id, const struct death *d)
{
    struct runtime *rt = RT(id);
    u8 f = result_of(id, d, false, 0);
    pid_remove(rt->control_pid);
    rt->control_pid = 0;
    rt->control.code = d->code;
    rt->control.status = d->status;
    rt->control.exited = sys_now();
    log_exit(id, "Swap process", d, f == SUCCESS);
    rest(id, rt->state == SW_ACTIVATING && f == SUCCESS && !rt->there ? FAILURE_PROTOCOL : f);
}

static void on_timeout(unit_id id)
{
    switch (RT(id)->state) {
    case SW_ACTIVATING:
        log_unit(id, LOG_WARNING, "Activation timed out. Stopping.");
        signal_helper(id, SW_DEACTIVATING_SIGTERM, OP_TERMINATE, FAILURE_TIMEOUT);
        break;
    case SW_DEACTIVATING:
        log_unit(id, LOG_WARNING, "Deactivation timed out. Stopping.");
        signal_helper(id, SW_DEACTIVATING_SIGTERM, OP_TERMINATE, FAILURE_TIMEOUT);
        break;
    case SW_DEACTIVATING_SIGTERM:
        log_unit(id, LOG_WARNING, "Swap process timed out. Killing.");
        signal_helper(id, SW_DEACTIVATING_SIGKILL, OP_KILL, FAILURE_TIMEOUT);
        break;
    default:
        log_unit(id, LOG_WARNING, "Swap process still around after SIGKILL. Ignoring.");
        pid_remove(RT(id)->control_pid);
        RT(id)->control_pid = 0;
        rest(id, FAILURE_TIMEOUT);
        break;
    }
}

int swap_step(unit_id id, const struct event *e)
{
    struct runtime *rt = RT(id);
    switch ((enum event_type)e->type) {
    case EV_START: return on_start(id);
    case EV_STOP: return on_stop(id);
    case EV_RELOAD: return -EBADR;
    case EV_SPAWN:
        if (rt->command_id)
            run_helper(id, rt->command_id, rt->state);
        break;
    case EV_CONTROL_EXIT: on_exit(id, &e->death); break;
    case EV_TIMEOUT: on_timeout(id); break;
    case EV_PRESENT:
        rt->there = true;
        if (rt->state == SW_DEAD || rt->state == SW_FAILED) {
            rt->result = SUCCESS;
            set_state(id, SW_ACTIVE);
        }
        break;
    case EV_ABSENT:
        rt->there = false;
        if (rt->state == SW_ACTIVE)
            rest(id, SUCCESS);
        break;
    case EV_RESET_FAILED:
        rt->starts = 0;
        if (rt->state == SW_FAILED) {
            rt->result = SUCCESS;
            set_state(id, SW_DEAD);
        }
        break;
    default: break;
    }
    return STEP_DONE;
}
