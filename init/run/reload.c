/* SPDX-License-Identifier: 0BSD
 *
 * Loading by name, and daemon-reload: the new table is built beside the old one, everything that is
 * alive keeps its number, then they change places. A table that cannot be built is dropped and all
 * stays as it was. */
#include "run.h"

#include <sys/epoll.h>

/* ---- by name ------------------------------------------------------------------------------- */

void unit_load_again(unit_id id)
{
    struct unit *u = UNIT(id);
    if (u->queued)
        return;
    u->load = LOAD_STUB;
    u->queued = true;
    u->next = 0;
    if (tab->load_last)
        UNIT(tab->load_last)->next = (u16)id;
    else
        tab->load_first = id;
    tab->load_last = id;
}

/* The unit of that name, loaded now if it is new or was not found before. An alias leads to the unit
 * it stands for. */
unit_id load_unit(const char *name)
{
    unit_id id = unit_find(str_of(name));
    if (id && UNIT(id)->load != LOAD_NOT_FOUND && UNIT(id)->load != LOAD_STUB)
        return id;
    bool built = index_built();
    if (!built)
        index_build();
    if (id && UNIT(id)->load == LOAD_NOT_FOUND)
        unit_load_again(id);
    else if (!id)
        id = unit_get(str_of(name));
    load_pending();
    if (!built)
        index_drop();
    devices_check();
    return unit_find(str_of(name));
}

int start_by_name(const char *name, int type, int mode, struct report *r)
{
    unit_id id = load_unit(name);
    if (!id) {
        struct buf b = BUF_OVER(r->error);
        buf_fmt(&b, "Unit name %s is not valid.", name);
        buf_end(&b);
        return -EINVAL;
    }
    return job_add(type, id, mode, r);
}

/* ---- daemon-reload ------------------------------------------------------------------------- */

/* Something runs, waits, failed or is remembered: the unit keeps its number. */
static bool is_alive(unit_id id)
{
    struct runtime *rt = RT(id);
    return UNIT(id)->used && (unit_active[id] != INACTIVE || jobs[id].id || rt->main_pid > 0 || rt->control_pid > 0
                              || rt->there || rt->has_cgroup || rt->watch || rt->restarts);
}

static void forget_runtime(unit_id id)
{
    timer_set(TIMER_KEY(TIMER_STATE, id), USEC_INF);
    timer_set(TIMER_KEY(TIMER_JOB, id), USEC_INF);
    timer_set(TIMER_KEY(TIMER_WATCHDOG, id), USEC_INF);
    if (RT(id)->status_slot)
        status_text_set(id, str_of(""));
    *RT(id) = (struct runtime){ 0 };
    unit_active[id] = INACTIVE;
}

/* Takes a unit of the old table into the new one, at the same number. */
static bool adopt(struct table *old, unit_id id)
{
    BUF(name, UNIT_NAME_BYTES);
    BUF(slice, UNIT_NAME_BYTES);
    struct table *new = tab;
    const struct unit *was = &old->units[id];
    tab = old;
    bool alive = is_alive(id);
    buf_z(&name, alive ? unit_name(id) : "");
    if (RT(id)->has_cgroup)
        buf_z(&slice, was->slice ? text_at(was->slice) : unit_text(id, D_Slice) ? unit_text(id, D_Slice) : "");
    tab = new;
    if (!alive)
        return true;
    if (!table_adopt(id, buf_end(&name)))
        return false;
    UNIT(id)->generated = was->generated;
    UNIT(id)->perpetual = was->perpetual;
    if (slice.n)                         /* its file may name another slice now, or be gone */
        UNIT(id)->slice = text_keep((struct str){ slice.p, slice.n });
    return true;
}

/* All that lives, before anything is loaded: a new unit must not be given a number that is taken. */
static bool adopt_living(struct table *old)
{
    for (u32 id = 1; id < old->units_n; id++)
        if (!adopt(old, (unit_id)id))
            return false;
    return true;
}

void reload_now(void)
{
    struct table *old = tab;
    u32 old_n = old->units_n;
    log_line(LOG_INFO, "Reloading.");
    table_begin();
    index_build();
    bool ok = adopt_living(old);
    if (ok) {
        load_compact();
        load_pending();
        ok = !tab->full;
    }
    index_drop();
    if (!ok) {
        log_line(LOG_ERR, "The units do not fit any more: the reload is undone, all stays as it was.");
        table_abort();
        control_reloaded(-ENOSPC);
        return;
    }
    for (u32 id = 1; id < old_n; id++)
        if (!tab->units[id].used || id >= tab->units_n
            || (!is_alive(id) && !STREQ(old->arena.base + old->units[id].name, unit_name(id))))
            forget_runtime((unit_id)id);         /* gone, or its number is another's now */
    table_commit();
    for (UNITS(id)) {
        jobs[id].cursor = 0;
        jobs[id].blocked_by = 0;
        if (jobs[id].id)
            job_queue(id);
    }
    jobs_verify_order(&settle_report);
    mounts_read();
    swaps_read();
    devices_check();
    control_reloaded(0);
}

/* ---- memory -------------------------------------------------------------------------------- */

void trim_memory(void)
{
    extern char scratch_begin[] __attribute__((weak)), scratch_end[] __attribute__((weak));
    extern char __executable_start[] __attribute__((weak)), code_end[] __attribute__((weak));
    transaction_trim();
    /* What of our file a boot needed; what is needed again, the kernel maps again. */
    if (code_end)
        (void)sys_madvise_free(__executable_start, (size_t)(code_end - __executable_start));
    (void)sys_madvise_free(scratch_begin, (size_t)(scratch_end - scratch_begin));
    spawn_trim();
    /* Loading went deeper into the stack than anything after it will. */
    (void)sys_madvise_free((char *)__builtin_frame_address(0) - 65536, 65536 - 4096);
}
