/* SPDX-License-Identifier: 0BSD
 *
 * What became of units -> results of jobs -> what follows for other units, by queues, until quiet.
 * The one place where a state change has consequences. Logs nothing: finished jobs and actions are
 * handed on as records (job.h). */
#include "job.h"

static struct change changes[CHANGES_MAX] SCRATCH;
static u32 change_first, change_n;

struct finished finished[UNITS_MAX] SCRATCH;
u32 finished_n;
struct system_action system_actions[16];
u32 system_actions_n;
struct report settle_report;

/* Jobs that are to be finished, in order. A unit may be in it more than once. */
static struct { unit_id unit; u8 result; bool recursive, already; u32 id; } ends[UNITS_MAX] SCRATCH;
static u32 end_first, end_n;

/* Units to look at again for BindsTo=, Upholds= and StopWhenUnneeded=. */
static unit_id checks[UNITS_MAX] SCRATCH;
static u8 check_set[UNITS_MAX] SCRATCH;
static u32 checks_n;

void change_push(struct change c)
{
    if (change_n == CHANGES_MAX)
        return;                          /* cannot be: collect() stops while there is no room */
    changes[(change_first + change_n++) % CHANGES_MAX] = c;
}

u32 changes_room(void) { return CHANGES_MAX - change_n; }

/* What keeps a unit that has StopWhenUnneeded=. */
#define PINS (DEP_REQUIRES | DEP_REQUISITE | DEP_WANTS | DEP_BINDS_TO | DEP_UPHOLDS)

/* ---- ends of jobs -------------------------------------------------------------------------- */

void job_finish(unit_id id, int result, bool recursive, bool already)
{
    if (!jobs[id].id || end_n == LEN(ends))
        return;
    u32 at = (end_first + end_n++) % LEN(ends);
    ends[at].unit = id;
    ends[at].id = jobs[id].id;
    ends[at].result = (u8)result;
    ends[at].recursive = recursive;
    ends[at].already = already;
}

static void record(unit_id id, int result, bool already)
{
    if (finished_n < LEN(finished))
        finished[finished_n++] = (struct finished){ jobs[id].id, id, jobs[id].type, (u8)result, already };
}

void job_drop(unit_id id, int result)
{
    struct job *j = &jobs[id];
    if (!j->id)
        return;
    record(id, result, false);
    *j = (struct job){ .queued = j->queued, .next = j->next };
    jobs_n--;
    job_queue_neighbours(id);
}

static void check_later(unit_id id)
{
    if (check_set[id])
        return;
    check_set[id] = 1;
    checks[checks_n++] = id;
}

static void check_bound(unit_id to)
{
    for (EDGES(e, to, IN, DEP_BINDS_TO))
        check_later(e->from);
}

/* Start jobs of the units at the other end of these edges fail with "dependency". */
static void fail_dependants(unit_id id, u32 kinds)
{
    for (EDGES(e, id, IN, kinds)) {
        const struct job *j = &jobs[e->from];
        if (j->id && (j->type == JOB_START || j->type == JOB_VERIFY_ACTIVE))
            job_finish(e->from, RESULT_DEPENDENCY, true, false);
    }
}

static void wish(int type, unit_id id, int mode)
{
    u32 had = settle_report.n;
    int r = job_add(type, id, mode, &settle_report);
    if (r < 0 && settle_report.n == had && had < LEN(settle_report.lines))
        settle_report.lines[settle_report.n++] = (struct report_line){ REPORT_IGNORED, (u8)type, 0, id, 0, r };
}

/* Starts and stops of each unit that nobody asked for, since settle_forgive(): one that is upheld but cannot
 * run, or two that start each other by OnFailure=, would go on without end. */
static u8 tries[UNITS_MAX] SCRATCH;
static bool tried;

static bool may_try(unit_id id, u32 most)
{
    tried = true;
    return tries[id] < most && ++tries[id];
}

void settle_forgive(void)
{
    if (tried)
        memset(tries, 0, tab->units_n);
    tried = false;
}

static void start_all(unit_id id, u32 kind, u32 mode_directive)
{
    int mode = unit_int(id, mode_directive);
    for (EDGES(e, id, OUT, kind))
        if (may_try(e->to, 200))
            wish(JOB_START, e->to, mode);
}

/* What runs at the other end of these edges is to stop. */
static void stop_all(unit_id id, enum edge_end end, u32 kinds)
{
    for (EDGES(e, id, end, kinds)) {
        unit_id other = end == IN ? e->from : e->to;
        if (is_active_or_starting(unit_active[other]))
            wish(JOB_STOP, other, MODE_REPLACE);
    }
}

static void end_job(unit_id id, int result, bool recursive, bool already)
{
    struct job *j = &jobs[id];
    int type = j->type;
    record(id, result, already);
    if (result == RESULT_DONE && type == JOB_RESTART) {
        /* It is down: the second half of a restart. The job goes on under its number. */
        finished[finished_n - 1].type = JOB_RESTART;
        j->type = JOB_START;
        j->running = j->started = false;
        j->cursor = 0;
        job_queue(id);
        job_queue_neighbours(id);
        return;
    }
    if (result == RESULT_FAILED || result == RESULT_INVALID)
        jobs_failed++;
    *j = (struct job){ .queued = j->queued, .next = j->next };
    jobs_n--;
    if (result != RESULT_DONE && recursive) {
        if (type == JOB_START || type == JOB_VERIFY_ACTIVE)
            fail_dependants(id, DEP_REQUIRES | DEP_REQUISITE | DEP_BINDS_TO);
        else if (type == JOB_STOP)
            fail_dependants(id, DEP_CONFLICTS);
    }
    if (result == RESULT_DONE && recursive && (type == JOB_START || type == JOB_RELOAD)
        && !is_active(unit_active[id]))
        fail_dependants(id, DEP_REQUISITE);
    if (result == RESULT_TIMEOUT || result == RESULT_DEPENDENCY)
        start_all(id, DEP_ON_FAILURE, D_OnFailureJobMode);
    job_queue_neighbours(id);
    check_later(id);
    if (is_inactive(unit_active[id]))
        check_bound(id);                 /* it may have been waited for only */
}

static bool drain_ends(void)
{
    bool any = false;
    while (end_n) {
        u32 at = end_first;
        end_first = (end_first + 1) % LEN(ends);
        end_n--;
        any = true;
        /* Another job may be there by now, or it ended already. */
        if (jobs[ends[at].unit].id == ends[at].id)
            end_job(ends[at].unit, ends[at].result, ends[at].recursive, ends[at].already);
    }
    return any;
}

/* ---- one state change ---------------------------------------------------------------------- */

/* Does the new state end the unit's job? True: the change was not what the job was about. */
static bool process_job(const struct change *c)
{
    struct job *j = &jobs[c->unit];
    u8 is = c->is;
    int result = is == FAILED ? RESULT_FAILED : RESULT_DONE;
    bool done = is_active(is), on_the_way = is == ACTIVATING, down = is_inactive(is);
    if (!j->running)
        job_queue(c->unit);              /* it may have been told to wait for a better state */
    switch (j->type) {
    case JOB_START:
    case JOB_VERIFY_ACTIVE: break;
    case JOB_RELOAD:
        if (!j->running)
            return false;
        done = is == ACTIVE;
        on_the_way |= is == RELOADING;
        if (c->reload_failed && done)
            result = RESULT_FAILED;
        break;
    case JOB_STOP:
    case JOB_RESTART:
        done = down;
        on_the_way = is == DEACTIVATING;
        result = done ? RESULT_DONE : RESULT_FAILED;
        down = true;                     /* whatever else it is, it does not stop */
        break;
    default: return false;
    }
    bool unexpected = !done && !on_the_way && j->running;
    if (done || (unexpected && down))
        job_finish(c->unit, result, true, false);
    return unexpected;
}

/* A unit came up or went down by itself: what it needs or binds follows. */
static void retroactive(const struct change *c)
{
    unit_id id = c->unit;
    if (is_inactive(c->was) && is_active_or_starting(c->is)) {
        for (EDGES(e, id, OUT, DEP_REQUIRES | DEP_BINDS_TO | DEP_UPHOLDS | DEP_WANTS))
            if (!(e->kinds & DEP_AFTER) && !is_active_or_starting(unit_active[e->to]))
                wish(JOB_START, e->to, e->kinds & (DEP_REQUIRES | DEP_BINDS_TO | DEP_UPHOLDS) ? MODE_REPLACE : MODE_FAIL);
        stop_all(id, OUT, DEP_CONFLICTS);
        stop_all(id, IN, DEP_CONFLICTS);
    } else if (is_active_or_starting(c->was) && (is_inactive(c->is) || c->is == DEACTIVATING)) {
        stop_all(id, IN, DEP_BINDS_TO);
        stop_all(id, OUT, DEP_STOP_TO);
    }
}

static void want_action(unit_id id, u32 directive, u32 status_directive, bool failed)
{
    i32 action = unit_int(id, directive);
    if (action != ACTION_NONE && system_actions_n < LEN(system_actions))
        system_actions[system_actions_n++] = (struct system_action){
            (u8)action, (i16)unit_int(id, status_directive), id, failed };
}

static void process_change(const struct change *c)
{
    unit_id id = c->unit;
    if (c->start_limit)
        want_action(id, D_StartLimitAction, D_FailureActionExitStatus, true);
    if (c->wants_restart)
        wish(JOB_RESTART, id, MODE_REPLACE);     /* what is bound to it restarts with it */
    if (c->start_limit || c->wants_restart)
        return;
    bool unexpected = jobs[id].id ? process_job(c) : true;
    if (unexpected)
        retroactive(c);
    if (c->was != FAILED && c->is == FAILED && !c->will_restart)
        start_all(id, DEP_ON_FAILURE, D_OnFailureJobMode);
    if (!is_inactive(c->was) && c->is == INACTIVE && !c->will_restart)
        start_all(id, DEP_ON_SUCCESS, D_OnSuccessJobMode);
    if (c->was != FAILED && c->is == FAILED)
        want_action(id, D_FailureAction, D_FailureActionExitStatus, true);
    else if (!is_inactive(c->was) && c->is == INACTIVE)
        want_action(id, D_SuccessAction, D_SuccessActionExitStatus, false);
    check_later(id);
    if (is_inactive(c->is) || is_active(c->is))
        for (EDGES(e, id, OUT, PINS))
            check_later(e->to);
    if (is_inactive(c->is))
        check_bound(id);
}

/* ---- lasting conditions -------------------------------------------------------------------- */

static bool unneeded(unit_id id)
{
    if (!is_active(unit_active[id]) || !unit_int(id, D_StopWhenUnneeded))
        return false;
    for (EDGES(e, id, IN, PINS))
        if (!is_inactive(unit_active[e->from]) || jobs[e->from].id)
            return false;
    return true;
}

static bool bound_to_inactive(unit_id id)
{
    if (is_active(unit_active[id]))
        for (EDGES(e, id, OUT, DEP_BINDS_TO))
            if (is_inactive(unit_active[e->to]) && !jobs[e->to].id)
                return true;
    return false;
}

static bool upheld(unit_id id)
{
    if (is_inactive(unit_active[id]) && UNIT(id)->load == LOAD_LOADED)
        for (EDGES(e, id, IN, DEP_UPHOLDS))
            if (is_active(unit_active[e->from]))
                return true;
    return false;
}

static bool drain_checks(void)
{
    bool any = false;
    for (u32 i = 0; i < checks_n; i++) {
        unit_id id = checks[i];
        check_set[id] = 0;
        if (!UNIT(id)->used)
            continue;
        any = true;
        if (jobs[id].id)
            continue;
        bool stop = unneeded(id) || bound_to_inactive(id);
        if (stop && may_try(id, 16))
            wish(JOB_STOP, id, MODE_FAIL);
        else if (!stop && upheld(id) && may_try(id, 16))
            wish(JOB_START, id, MODE_FAIL);
    }
    checks_n = 0;
    return any;
}

bool settle_wanted(void) { return change_n || end_n || checks_n; }

bool settle(void)
{
    bool any = false;
    while (settle_wanted()) {
        any = true;
        if (change_n) {
            struct change c = changes[change_first];
            change_first = (change_first + 1) % CHANGES_MAX;
            change_n--;
            process_change(&c);
            drain_ends();
        } else if (!drain_ends()) {
            drain_checks();
        }
    }
    return any;
}
