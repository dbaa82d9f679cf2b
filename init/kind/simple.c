/* SPDX-License-Identifier: 0BSD
 *
 * Types without processes: targets and slices, which are active or not; and those that later issues
 * bring (socket, timer, path, automount, scope), which say so when they are to start. */
#include "kind.h"

const u8 simple_active[] = { [SI_DEAD] = INACTIVE, [SI_ACTIVE] = ACTIVE };
const char *const simple_states[] = { [SI_DEAD] = "dead", [SI_ACTIVE] = "active" };

static int step(unit_id id, const struct event *e)
{
    bool active = RT(id)->state == SI_ACTIVE;
    if (e->type == EV_START && active)
        return -EALREADY;
    if (e->type == EV_STOP && !active)
        return -EALREADY;
    if (e->type == EV_START) {
        new_invocation(id);
        set_state(id, SI_ACTIVE);
    } else if (e->type == EV_STOP) {
        set_state(id, SI_DEAD);
    } else if (e->type == EV_RELOAD) {
        return -EBADR;
    }
    return STEP_DONE;
}

int target_step(unit_id id, const struct event *e) { return step(id, e); }

int slice_step(unit_id id, const struct event *e)
{
    int r = step(id, e);
    char path[PATH_BYTES / 8];
    if (e->type == EV_STOP && r == STEP_DONE) {
        cgroup_of(id, path, sizeof path);
        (void)cgroup_remove(path);
    }
    return r;
}

int unsupported_step(unit_id id, const struct event *e)
{
    if (e->type != EV_START)
        return e->type == EV_STOP ? -EALREADY : STEP_DONE;
    log_unit(id, LOG_WARNING, "Units of type %s are not supported by pith yet.", unit_type_name(UNIT(id)->type));
    return -EOPNOTSUPP;
}
