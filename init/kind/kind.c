/* SPDX-License-Identifier: 0BSD
 *
 * What all machines share: the table of kinds, the runtime records, set_state(). */
#include "kind.h"

static struct runtime runtimes[UNITS_MAX];

struct runtime *runtime_of(unit_id id) { return &runtimes[id]; }

const struct kind *kind_of(unit_id id)
{
    enum { UNSUPPORTED, SIMPLE, DEVICE, SERVICE, MOUNT, SWAP };
    static const struct kind kinds[] = {
        [UNSUPPORTED] = { unsupported_step, simple_active, simple_states, SIMPLE_STATES, SIMPLE_STATES },
        [SIMPLE] = { simple_step, simple_active, simple_states, SIMPLE_STATES, SIMPLE_STATES },
        [DEVICE] = { device_step, device_active, device_states, DEVICE_STATES, DEVICE_STATES },
        [SERVICE] = { service_step, service_active, service_states, SERVICE_STATES, SV_FAILED },
        [MOUNT] = { mount_step, mount_active, mount_states, MOUNT_STATES, MT_FAILED },
        [SWAP] = { mount_step, mount_active, swap_states, MOUNT_STATES, MT_FAILED },
    };
    static const u8 of_type[UNIT_TYPES] = {
        [UNIT_SERVICE] = SERVICE, [UNIT_MOUNT] = MOUNT, [UNIT_SWAP] = SWAP, [UNIT_DEVICE] = DEVICE,
        [UNIT_TARGET] = SIMPLE, [UNIT_SLICE] = SIMPLE,
    };
    return &kinds[of_type[UNIT(id)->type]];
}

const char result_names[] =
    "success\0resources\0protocol\0timeout\0exit-code\0signal\0core-dump\0watchdog\0start-limit-hit\0"
    "oom-kill\0exec-condition\0";

void (log_unit)(unit_id id, enum level level, const char *fmt, ...)
{
    BUF(line, 768);
    va_list ap;
    if (!log_wants(level))
        return;
    va_start(ap, fmt);
    buf_vfmt(&line, fmt, ap);
    va_end(ap);
    log_line(level, "%s: %s", unit_name(id), buf_end(&line));
}

/* ---- states -------------------------------------------------------------------------------- */

unit_id changed_units[UNITS_MAX] SCRATCH;
u32 changed_n;

u8 active_of(unit_id id, u8 state) { return kind_of(id)->active[state]; }

const char *substate_name(unit_id id) { return name_of(kind_of(id)->names, RT(id)->state); }

void set_state_with(unit_id id, u8 state, bool will_restart, bool reload_failed)
{
    struct runtime *rt = RT(id);
    u8 was = unit_active[id], is = active_of(id, state);
    usec now = sys_now();
    rt->state = state;
    rt->changed = now;
    if (!rt->news) {
        rt->news = true;
        changed_units[changed_n++] = id;
    }
    if (is_inactive(was) && !is_inactive(is))
        rt->inactive_exit = now;
    else if (!is_inactive(was) && is_inactive(is))
        rt->inactive_enter = now;
    if (!is_active(was) && is_active(is))
        rt->active_enter = now;
    else if (is_active(was) && !is_active(is))
        rt->active_exit = now;
    unit_active[id] = is;
    change_push((struct change){ .unit = id, .was = was, .is = is, .will_restart = will_restart,
                                 .reload_failed = reload_failed });
}

void set_state(unit_id id, u8 state) { set_state_with(id, state, false, false); }

void note_result(unit_id id, u8 result)
{
    if (RT(id)->result == SUCCESS)
        RT(id)->result = result;
}

void log_failed(unit_id id)
{
    log_unit(id, LOG_WARNING, "Failed with result '%s'.", name_of(result_names, RT(id)->result));
}

void reset_failed(unit_id id)
{
    struct runtime *rt = RT(id);
    rt->restarts = rt->starts = 0;
    if (rt->state == kind_of(id)->failed) {
        rt->result = SUCCESS;
        set_state(id, 0);
    }
}

void deadline_in(unit_id id, usec t)
{
    timer_set(TIMER_KEY(TIMER_STATE, id), t == USEC_INF ? USEC_INF : usec_add(sys_now(), t));
}

/* ---- small services ------------------------------------------------------------------------ */

/* Random bytes come 256 at a time: a call for each start would cost more than the rest of it. */
void new_invocation(unit_id id)
{
    static u8 pool[256];
    static u32 left;
    u8 *to = RT(id)->invocation;
    if (left < 16) {
        if (sys_random(pool, sizeof pool) != sizeof pool)
            for (u32 i = 0; i < sizeof pool; i++)      /* before the pool is seeded: unique will do */
                pool[i] = (u8)(pool[i] * 31 + i + (sys_now() >> (i & 31)));
        left = sizeof pool;
    }
    memcpy(to, pool + sizeof pool - left, 16);
    left -= 16;
    to[6] = (u8)((to[6] & 0x0f) | 0x40);
    to[8] = (u8)((to[8] & 0x3f) | 0x80);
}

bool start_limit_hit(unit_id id)
{
    struct runtime *rt = RT(id);
    usec interval = unit_span(id, D_StartLimitIntervalSec), now = sys_now();
    u32 burst = (u32)unit_int(id, D_StartLimitBurst);
    if (interval == 0 || burst == 0)
        return false;
    if (!rt->starts || (interval != USEC_INF && now - rt->starts_since >= interval)) {
        rt->starts_since = now;
        rt->starts = 0;
    }
    if (rt->starts < burst) {
        rt->starts++;
        return false;
    }
    log_unit(id, LOG_WARNING, "Start request repeated too quickly.");
    rt->result = FAILURE_START_LIMIT;
    return true;
}

static char status_texts[STATUS_MAX][STATUS_BYTES];
static unit_id status_owner[STATUS_MAX];

const char *status_text(unit_id id) { return RT(id)->status_slot ? status_texts[RT(id)->status_slot] : ""; }

void status_text_set(unit_id id, struct str text)
{
    u16 slot = RT(id)->status_slot;
    if (!text.n && slot) {
        status_owner[slot] = 0;
        RT(id)->status_slot = 0;
        return;
    }
    for (u16 i = 1; !slot && i < STATUS_MAX; i++)
        if (!status_owner[i])
            slot = i;
    if (!slot || !text.n)
        return;                          /* limit STATUS_MAX: the text is a courtesy */
    status_owner[slot] = id;
    RT(id)->status_slot = slot;
    z_copy(status_texts[slot], STATUS_BYTES, str_cut(text, STATUS_BYTES - 1));
}
