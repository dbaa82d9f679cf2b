/* SPDX-License-Identifier: 0BSD
 *
 * Mounts and swaps: systemd.mount(5), systemd.swap(5). One machine: a thing of the kernel's that is
 * attached and detached. mount(2), umount2(2), swapon(2) and swapoff(2) run in a helper process, which
 * may hang as long as it likes; whether something is there is the kernel's word (/proc/self/mountinfo,
 * /proc/swaps: EV_PRESENT, EV_ABSENT), which comes before the helper's exit. Swaps are not remounted. */
#include "kind.h"

const u8 mount_active[] = {
    [MT_DEAD] = INACTIVE, [MT_MOUNTING] = ACTIVATING, [MT_MOUNTING_DONE] = ACTIVATING, [MT_MOUNTED] = ACTIVE,
    [MT_REMOUNTING] = RELOADING, [MT_UNMOUNTING] = DEACTIVATING, [MT_REMOUNTING_SIGTERM] = RELOADING,
    [MT_REMOUNTING_SIGKILL] = RELOADING, [MT_UNMOUNTING_SIGTERM] = DEACTIVATING,
    [MT_UNMOUNTING_SIGKILL] = DEACTIVATING, [MT_FAILED] = FAILED,
};
_Static_assert(MOUNT_STATES == MT_FAILED + 1, "a state is missing above");

static bool is_swap(unit_id id) { return UNIT(id)->type == UNIT_SWAP; }

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
        log_failed(id);
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
    if (!s.command || run_command(id, &s) < 0)
        rest(id, FAILURE_RESOURCES);
    else if (rt->state != state)
        set_state(id, state);
}

static void signal_helper(unit_id id, u8 state, u8 result)
{
    note_result(id, result);
    if (kill_unit(id, state == MT_REMOUNTING_SIGKILL || state == MT_UNMOUNTING_SIGKILL ? OP_KILL : OP_TERMINATE) <= 0) {
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
    case MT_MOUNTING_DONE:
    case MT_REMOUNTING: signal_helper(id, MT_UNMOUNTING_SIGTERM, SUCCESS); return STEP_DONE;
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
    if (is_swap(id))
        return -EBADR;
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
    note_control_end(id, d);
    log_exit(id, is_swap(id) ? "Swap process" : rt->command_id == X_Attach ? "Mount process" : "Unmount process", d,
             f == SUCCESS);
    switch (rt->state) {
    case MT_MOUNTING:
        if (f == SUCCESS && !rt->there) {
            f = FAILURE_PROTOCOL;
            if (!is_swap(id))
                log_unit(id, LOG_WARNING, "Mount process finished, but there is no mount.");
        }
        break;
    case MT_REMOUNTING:
    case MT_REMOUNTING_SIGTERM:
    case MT_REMOUNTING_SIGKILL:
        rt->reload_result = f;
        f = SUCCESS;
        break;
    case MT_UNMOUNTING:
        if (is_swap(id))
            break;
        /* Something is mounted over it still: take off the next layer. */
        if (f == SUCCESS && rt->there && rt->command_n < 32) {
            rt->command_n++;
            run_helper(id, X_Detach, MT_UNMOUNTING);
            return;
        }
        if (!rt->there)
            f = SUCCESS;
        break;
    }
    rest(id, f);
}

/* What takes too long is terminated, then killed, then left alone. */
static void on_timeout(unit_id id)
{
    struct runtime *rt = RT(id);
    bool swap = is_swap(id);
    const char *what, *then = swap ? "Stopping" : "Terminating";
    u8 to = MT_UNMOUNTING_SIGTERM, result = FAILURE_TIMEOUT;
    switch (rt->state) {
    case MT_MOUNTING:
    case MT_MOUNTING_DONE: what = swap ? "Activation" : "Mounting"; break;
    case MT_UNMOUNTING: what = swap ? "Deactivation" : "Unmounting"; break;
    case MT_UNMOUNTING_SIGTERM:
        what = swap ? "Swap process" : "Mount process";
        then = "Killing";
        to = MT_UNMOUNTING_SIGKILL;
        break;
    case MT_REMOUNTING:
        what = "Remounting";
        then = "Terminating remount process";
        to = MT_REMOUNTING_SIGTERM;
        rt->reload_result = FAILURE_TIMEOUT;
        result = SUCCESS;
        break;
    case MT_REMOUNTING_SIGTERM:
        what = "Remounting";
        then = "Killing";
        to = MT_REMOUNTING_SIGKILL;
        result = SUCCESS;
        break;
    default:
        log_unit(id, LOG_WARNING, "%s process still around after SIGKILL. Ignoring.", swap ? "Swap" : "Mount");
        forget_control(id);
        rest(id, FAILURE_TIMEOUT);
        return;
    }
    log_unit(id, LOG_WARNING, "%s timed out. %s.", what, then);
    signal_helper(id, to, result);
}

static void on_present(unit_id id)
{
    struct runtime *rt = RT(id);
    rt->there = true;
    if (rt->state == MT_DEAD || rt->state == MT_FAILED) {
        new_invocation(id);
        rt->result = SUCCESS;
        set_state(id, MT_MOUNTED);       /* somebody else attached it */
    } else if (rt->state == MT_MOUNTING && !is_swap(id)) {
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
    case EV_RESET_FAILED: reset_failed(id); break;
    default: break;
    }
    return STEP_DONE;
}
