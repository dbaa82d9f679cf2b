/* SPDX-License-Identifier: 0BSD
 *
 * Types without processes: targets and slices, which are active or not; and those that later issues
 * bring (socket, timer, path, automount, scope), which say so when they are to start. */
#include "kind.h"

const u8 simple_active[] = { [SI_DEAD] = INACTIVE, [SI_ACTIVE] = ACTIVE };
int simple_step(unit_id id, const struct event *e)
{
    if (e->type == EV_RELOAD)
        return -EBADR;
    if (e->type != EV_START && e->type != EV_STOP)
        return STEP_DONE;
    u8 to = e->type == EV_START ? SI_ACTIVE : SI_DEAD;
    if (RT(id)->state == to)
        return -EALREADY;
    if (to == SI_ACTIVE)
        new_invocation(id);
    set_state(id, to);
    if (to == SI_DEAD && UNIT(id)->type == UNIT_SLICE)
        (void)cgroup_remove(unit_cgroup(id));
    return STEP_DONE;
}

int unsupported_step(unit_id id, const struct event *e)
{
    if (e->type != EV_START)
        return e->type == EV_STOP ? -EALREADY : STEP_DONE;
    log_unit(id, LOG_WARNING, "Units of type %s are not supported by pith yet.", unit_type_name(UNIT(id)->type));
    return -EOPNOTSUPP;
}
