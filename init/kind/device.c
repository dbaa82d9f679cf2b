/* SPDX-License-Identifier: 0BSD
 *
 * Devices: nothing starts them, they are waited for. run/uevent.c says when one is there. */
#include "kind.h"

const u8 device_active[] = { [DV_DEAD] = INACTIVE, [DV_TENTATIVE] = ACTIVATING, [DV_PLUGGED] = ACTIVE };
const char *const device_states[] = { [DV_DEAD] = "dead", [DV_TENTATIVE] = "tentative", [DV_PLUGGED] = "plugged" };

int device_step(unit_id id, const struct event *e)
{
    struct runtime *rt = RT(id);
    switch (e->type) {
    case EV_PRESENT:
        rt->there = true;
        if (rt->state != DV_PLUGGED)
            set_state(id, DV_PLUGGED);
        return STEP_DONE;
    case EV_ABSENT:
        rt->there = false;
        if (rt->state != DV_DEAD)
            set_state(id, DV_DEAD);
        return STEP_DONE;
    case EV_START: return rt->state == DV_PLUGGED ? -EALREADY : STEP_STARTED;   /* the job waits */
    case EV_STOP: return rt->state == DV_DEAD ? -EALREADY : -EBADR;
    default: return STEP_DONE;
    }
}
