/* SPDX-License-Identifier: 0BSD
 *
 * Which jobs may run now. A job that may not watches one job that goes before it and is looked at
 * again when that one is gone, so the work is linear in the number of ordering edges: a target after
 * a thousand services looks at each of them about once. */
#include "job.h"

static unit_id queue_first, queue_last;

void job_queue(unit_id id)
{
    struct job *j = &jobs[id];
    if (!j->id || j->queued || j->running)
        return;
    j->queued = true;
    j->next = 0;
    if (queue_last)
        jobs[queue_last].next = (u16)id;
    else
        queue_first = id;
    queue_last = id;
}

static bool stops(const struct job *j) { return j->type == JOB_STOP || j->type == JOB_RESTART; }

/* Does the edge (after, before) make the job of unit `id`, one of its ends, wait? Stopping goes in
 * the reverse order of starting, and a stop goes before any other job. */
static bool edge_blocks(const struct edge *e, unit_id id)
{
    bool out = e->from == id;
    const struct job *theirs = &jobs[out ? e->to : e->from];
    if (!theirs->id || theirs->type == JOB_NOP || theirs->ignore_order)
        return false;
    return out ? !stops(&jobs[id]) : stops(theirs);
}

/* Looks for a blocker from an edge on: first the list of what we come after, then of what comes
 * after us. */
static bool find_blocker(unit_id id, u32 from)
{
    struct job *j = &jobs[id];
    const struct edge *e;
    enum edge_end end = from && tab->edges[from].from != id ? IN : OUT;
    u32 at = from ? from : UNIT(id)->out;
    for (; end <= IN; at = UNIT(id)->in, end++)
        for (; at; at = end == IN ? e->next_in : e->next_out) {
            e = &tab->edges[at];
            if (e->kinds & DEP_AFTER && edge_blocks(e, id)) {
                j->cursor = at;
                j->blocked_by = end == IN ? e->from : e->to;
                return true;
            }
        }
    return false;
}

static bool ready(unit_id id)
{
    struct job *j = &jobs[id];
    if (j->ignore_order || j->type == JOB_NOP)
        return true;
    /* On from where the last blocker was; then once from the start, for jobs that came since. */
    if (j->cursor && find_blocker(id, j->cursor))
        return false;
    if (find_blocker(id, 0))
        return false;
    j->cursor = 0;
    j->blocked_by = 0;
    return true;
}

static void queue_waiter(unit_id waiter, unit_id on)
{
    if (jobs[waiter].id && jobs[waiter].blocked_by == on) {
        jobs[waiter].blocked_by = 0;
        job_queue(waiter);
    }
}

void job_queue_neighbours(unit_id id)
{
    for (EDGES(e, id, IN, DEP_AFTER))
        queue_waiter(e->from, id);
    for (EDGES(e, id, OUT, DEP_AFTER))
        queue_waiter(e->to, id);
}

unit_id job_next_ready(void)
{
    while (queue_first) {
        unit_id id = queue_first;
        queue_first = jobs[id].next;
        if (!queue_first)
            queue_last = 0;
        jobs[id].queued = false;
        if (jobs[id].id && !jobs[id].running && ready(id))
            return id;
    }
    return 0;
}
