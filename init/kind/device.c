/* SPDX-License-Identifier: 0BSD
 *
 * Devices: nothing starts them, they are waited for. run/uevent.c says when one is there. */
#include "kind.h"

const u8 device_active[] = { [DV_DEAD] = INACTIVE, [DV_TENTATIVE] = ACTIVATING, [DV_PLUGGED] = ACTIVE };
int device_step(unit_id id, const struct event *e)
{
    struct runtime *rt = RT(id);
    switch (e->type) {
    case EV_PRESENT:
    case EV_ABSENT:
        rt->there = e->type == EV_PRESENT;
        if (rt->state != (rt->there ? DV_PLUGGED : DV_DEAD))
            set_state(id, rt->there ? DV_PLUGGED : DV_DEAD);
        return STEP_DONE;
    case EV_START: return rt->state == DV_PLUGGED ? -EALREADY : STEP_STARTED;   /* the job waits */
    case EV_STOP: return rt->state == DV_DEAD ? -EALREADY : -EBADR;
    default: return STEP_DONE;
    }
}
