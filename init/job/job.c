/* SPDX-License-Identifier: 0BSD
 *
 * Jobs as data: names, the small algebra of types (what merges, what collapses, what is redundant),
 * and which type of unit can do what. */
#include "job.h"

u8 unit_active[UNITS_MAX];
struct job jobs[UNITS_MAX];
u32 jobs_n, jobs_fresh, jobs_failed;

const char job_type_names[] =
    "start\0verify-active\0stop\0reload\0restart\0nop\0try-restart\0try-reload\0reload-or-start\0";
const char job_result_names[] =
    "done\0canceled\0timeout\0failed\0dependency\0skipped\0invalid\0assert\0unsupported\0collected\0"
    "once\0";

/* Lower triangle: what one job for both wishes has to be; -1: they contradict each other. */
static const i8 merging[JOB_RESTART + 1][JOB_RESTART] = {
    /*                      with START           VERIFY_ACTIVE  STOP  RELOAD */
    [JOB_VERIFY_ACTIVE] = { JOB_START },
    [JOB_STOP]          = { -1,                  -1 },
    [JOB_RELOAD]        = { JOB_RELOAD_OR_START, JOB_RELOAD,    -1 },
    [JOB_RESTART]       = { JOB_RESTART,         JOB_RESTART,   -1,   JOB_RESTART },
};

int job_merge_types(int a, int b)
{
    if (a == b || b == JOB_NOP)
        return a;
    if (a == JOB_NOP)
        return b;
    int type = a > b ? merging[a][b] : merging[b][a];
    return type < 0 ? -EEXIST : type;
}

int job_collapse(int type, unit_id id)
{
    u8 now = unit_active[id];
    switch (type) {
    case JOB_TRY_RESTART: return is_active_or_starting(now) ? JOB_RESTART : JOB_NOP;
    case JOB_TRY_RELOAD: return is_active(now) ? JOB_RELOAD : JOB_NOP;
    case JOB_RELOAD_OR_START: return is_active(now) ? JOB_RELOAD : JOB_START;
    default: return type;
    }
}

bool job_is_redundant(int type, u8 active)
{
    switch (type) {
    case JOB_START:
    case JOB_VERIFY_ACTIVE: return is_active(active);
    case JOB_STOP: return is_inactive(active);
    case JOB_NOP: return true;
    default: return false;               /* a reload or a restart always does something */
    }
}

/* ---- what types of units can do ------------------------------------------------------------ */

bool unit_can_start(unit_id id)
{
    return UNIT(id)->load == LOAD_LOADED && UNIT(id)->type != UNIT_DEVICE;
}

bool unit_can_stop(unit_id id)
{
    return UNIT(id)->type != UNIT_DEVICE && !UNIT(id)->perpetual;
}

bool unit_can_reload(unit_id id)
{
    return UNIT(id)->type == UNIT_MOUNT || (UNIT(id)->type == UNIT_SERVICE && unit_has(id, D_ExecReload));
}

bool job_applicable(int type, unit_id id)
{
    switch (type) {
    case JOB_STOP: return !UNIT(id)->perpetual;
    case JOB_RESTART:
    case JOB_TRY_RESTART: return unit_can_stop(id) && unit_can_start(id);
    case JOB_RELOAD:
    case JOB_TRY_RELOAD: return unit_can_reload(id);
    case JOB_RELOAD_OR_START: return unit_can_start(id) && unit_can_reload(id);
    default: return true;                /* devices start from outside, but can be waited for */
    }
}

/* ---- edges --------------------------------------------------------------------------------- */

const struct edge *edge_next(unit_id id, enum edge_end end, u32 kinds, const struct edge *after)
{
    u32 e = after ? (end == IN ? after->next_in : after->next_out) : end == IN ? UNIT(id)->in : UNIT(id)->out;
    for (; e; e = end == IN ? after->next_in : after->next_out) {
        after = &tab->edges[e];
        if (after->kinds & kinds)
            return after;
    }
    return NULL;
}

/* ---- what a transaction reports ---------------------------------------------------------------- */

enum level report_text(const struct report_line *l, struct buf *text)
{
    const char *type = name_of(job_type_names, l->type), *other = name_of(job_type_names, l->other_type);
    const char *name = unit_name(l->unit), *other_name = unit_name(l->other);
    switch ((enum report_kind)l->kind) {
    case REPORT_CYCLE:
    case REPORT_CYCLE_MORE:
        buf_fmt(text, TEXT("Found %s on %s/%s"), l->kind == REPORT_CYCLE ? "ordering cycle" : "dependency", other_name, other);
        return LOG_WARNING;
    case REPORT_DELETED:
        buf_fmt(text, TEXT("Job %s/%s deleted to break ordering cycle starting with %s/%s"), other_name, other, name, type);
        return LOG_ERR;
    case REPORT_UNBREAKABLE:
        buf_fmt(text, TEXT("Unable to break cycle starting with %s/%s"), name, type);
        return LOG_ERR;
    case REPORT_IGNORED:
        break;
    }
    buf_fmt(text, TEXT("Cannot add dependency job for unit %s, ignoring: %s"), name,
            l->error == -ENOENT ? "a unit it requires was not found" : l->error == -ERFKILL ? "a unit it requires is masked"
            : l->error == -ENOEXEC ? "bad unit file setting"
            : l->error == -EDEADLK ? "it would undo a job that is not to be undone" : strerror(-l->error));
    return LOG_WARNING;
}
