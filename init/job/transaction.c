/* SPDX-License-Identifier: 0BSD
 *
 * One wish -> a set of jobs that can all be had: pull in what it needs, drop what contradicts it and
 * does not matter, break ordering cycles, merge, and only then install. Reads states, writes job
 * slots; what was dropped and why is in the report. All lists are arrays, nothing recurses. */
#include "job.h"
#include "../sys.h"                      /* to give memory back, nothing else */

typedef u32 tr_id;                       /* 0: none; 16 bits where it is stored */

struct tr_job {
    unit_id unit;
    u8 type;
    bool dead : 1, matters : 1, ignore_order : 1, conflicted : 1;
    u16 next;                            /* another job of the same unit */
    u32 pulls, pulled;                   /* links where this is the subject, the object */
};
struct tr_link { u16 subject, object; bool matters, dead; u32 next_pull, next_pulled; };

static struct tr_job tr[TRANSACTION_JOBS] SCRATCH;
static struct tr_link links[TRANSACTION_LINKS] SCRATCH;
static u16 of_unit[UNITS_MAX] SCRATCH;         /* first job of a unit */
static u8 mark[UNITS_MAX] SCRATCH;               /* for the search for cycles */
static u32 tr_n, links_n;
static tr_id anchor;
static struct report *rep;

/* Of a job that is added: its link matters, it is there because of a conflict, who pulls it in goes if it cannot be
 * added, it pulls in nothing. */
enum { LINK_MATTERS = 1, LINK_CONFLICTS = 2, REQUIRED = 4, ALONE = 8, NEEDED = LINK_MATTERS | REQUIRED };

#define JOBS(j) tr_id j = 1; j < tr_n; j++

static void report_line(u8 kind, unit_id unit, u8 type, unit_id other, u8 other_type, int error)
{
    if (rep->n < LEN(rep->lines))
        rep->lines[rep->n++] = (struct report_line){ kind, type, other_type, unit, other, error };
}

static int fail(int error, const char *name, const char *fmt, ...) PRINTF(3, 4);
static int fail(int error, const char *name, const char *fmt, ...)
{
    struct buf b = BUF_OVER(rep->error);
    va_list ap;
    va_start(ap, fmt);
    buf_vfmt(&b, fmt, ap);
    va_end(ap);
    buf_end(&b);
    rep->name = name;
    return error;
}
#define fail(error, name, fmt, ...) (fail)(error, name, TEXT(fmt), ##__VA_ARGS__)

static int limit_reached(const char *limit)
{
    return fail(-ENOSPC, "LimitsExceeded", "Limit %s reached (limits.h).", limit);
}

static const char *job_name(int type) { return name_of(job_type_names, type); }

/* ---- jobs and links ------------------------------------------------------------------------ */

static tr_id find_job(unit_id unit, int type)
{
    tr_id j = of_unit[unit];
    while (j && tr[j].type != type)
        j = tr[j].next;
    return j;
}

static int add_link(tr_id subject, tr_id object, u32 flags)
{
    if (links_n == TRANSACTION_LINKS)
        return limit_reached("TRANSACTION_LINKS");
    struct tr_job *from = &tr[subject], *to = &tr[object];
    links[links_n] = (struct tr_link){ (u16)subject, (u16)object, flags & LINK_MATTERS, false, from->pulls, to->pulled };
    from->pulls = to->pulled = links_n++;
    if (flags & LINK_CONFLICTS)
        to->conflicted = true;
    return 0;
}

/* Takes a job from its unit's list and puts it on another, of which `next` is the first. */
static void kill_job(tr_id j, tr_id next)
{
    struct tr_job *job = &tr[j];
    u16 *at = &of_unit[job->unit];
    while (*at && *at != j)
        at = &tr[*at].next;
    if (*at)
        *at = job->next;
    job->dead = true;
    job->next = (u16)next;
}

/* Deletes a job and, with dependants, every job that cannot do without it. The work list runs
 * through `next`, which a dead job does not need any more. */
static void delete_job(tr_id first, bool dependants)
{
    tr_id work = first;
    struct tr_link *l;
    kill_job(first, 0);
    while (work) {
        const struct tr_job *j = &tr[work];
        work = j->next;
        for (u32 i = j->pulls; i; i = l->next_pull) {
            l = &links[i];
            l->dead = true;
        }
        for (u32 i = j->pulled; i; i = l->next_pulled) {
            l = &links[i];
            if (dependants && !l->dead && l->matters && !tr[l->subject].dead) {
                kill_job(l->subject, work);
                work = l->subject;
            }
            l->dead = true;
        }
    }
}

static void delete_unit(unit_id unit)
{
    while (of_unit[unit])
        delete_job(of_unit[unit], true);
}

/* ---- step 0: the wish and all it pulls in -------------------------------------------------- */

int load_state_errno(unit_id id)
{
    static const i16 errors[] = { [LOAD_STUB] = -EIO, [LOAD_LOADED] = 0, [LOAD_NOT_FOUND] = -ENOENT,
                                  [LOAD_BAD_SETTING] = -ENOEXEC, [LOAD_ERROR] = -EIO, [LOAD_MASKED] = -ERFKILL };
    return errors[UNIT(id)->load];
}

static int check_loaded(unit_id id)
{
    int r = load_state_errno(id);
    const char *name = unit_name(id);
    switch (r) {
    case 0: return 0;
    case -ENOENT: return fail(r, "NoSuchUnit", "Unit %s not found.", name);
    case -ERFKILL: return fail(r, "UnitMasked", "Unit %s is masked.", name);
    case -ENOEXEC: return fail(r, "BadUnitSetting", "Unit %s has a bad unit file setting.", name);
    default: return fail(r, UNIT(id)->load_error == EINVAL ? ".InvalidArgs" : ".Failed", "Unit %s failed to load properly, "
                         "please adjust/correct and reload service manager: %s", name, strerror(UNIT(id)->load_error));
    }
}

/* One job being expanded: where it is in its unit's edges. */
struct frame { u32 edge; u16 job; u8 list; bool required; };
static struct frame frames[UNITS_MAX] SCRATCH;
static u32 frames_n;

/* What an edge pulls in: a job of one of the types `by`, at the `from` end of an edge (OUT) or its `to` end
 * (IN) that says one of `kinds`, wants one of type `pulls` at the other end. */
#define STARTS (BIT(JOB_START) | BIT(JOB_RESTART))
static const struct pull { u16 kinds, by; u8 end, pulls, flags; } pulls[] = {
    { DEP_REQUIRES | DEP_BINDS_TO, STARTS, OUT, JOB_START, NEEDED },
    { DEP_WANTS | DEP_UPHOLDS, STARTS, OUT, JOB_START, 0 },
    { DEP_REQUISITE, STARTS, OUT, JOB_VERIFY_ACTIVE, NEEDED },
    { DEP_CONFLICTS, STARTS, OUT, JOB_STOP, NEEDED | LINK_CONFLICTS },
    { DEP_CONFLICTS, STARTS, IN, JOB_STOP, 0 },
#define TIED (DEP_REQUIRES | DEP_REQUISITE | DEP_BINDS_TO | DEP_PART_OF)
    { TIED, BIT(JOB_STOP), IN, JOB_STOP, NEEDED },
    { TIED, BIT(JOB_RESTART), IN, JOB_TRY_RESTART, NEEDED },
    { DEP_STOP_TO, BIT(JOB_STOP), OUT, JOB_STOP, NEEDED },
    { DEP_RELOAD_TO, BIT(JOB_RELOAD), OUT, JOB_TRY_RELOAD, 0 },
};

/* The kinds of edges that pull anything. A target's list has an edge for each service: it is passed through for every
 * service that is started or restarted. */
static u32 kinds_pulled(int type, u8 end)
{
    u32 kinds = 0;
    for (u32 i = 0; i < LEN(pulls); i++)
        if (pulls[i].end == end && pulls[i].by & BIT(type))
            kinds |= pulls[i].kinds;
    return kinds;
}

/* Adds a job for `unit`, pulled in by `by` (0: the wish itself), and opens a frame if it is new. */
static int add_job(tr_id by, int type, unit_id unit, u32 flags)
{
    tr_id j = find_job(unit, type);
    bool fresh = !j;
    int r = type == JOB_STOP ? 0 : check_loaded(unit);
    if (r < 0)
        return r;
    if (!job_applicable(type, unit))
        return fail(-EBADR, "JobTypeNotApplicable", "Job type %s is not applicable for unit %s.",
                    job_name(type), unit_name(unit));
    if (fresh) {
        if (tr_n == TRANSACTION_JOBS)
            return limit_reached("TRANSACTION_JOBS");
        j = tr_n++;
        tr[j] = (struct tr_job){ .unit = unit, .type = (u8)type, .next = of_unit[unit] };
        of_unit[unit] = (u16)j;
    }
    r = by ? add_link(by, j, flags) : 0;
    if (r == 0 && fresh && !(flags & ALONE) && type != JOB_NOP && type != JOB_VERIFY_ACTIVE) {
        if (frames_n == LEN(frames))
            return limit_reached("UNITS_MAX");
        frames[frames_n++] = (struct frame){ .job = (u16)j, .edge = UNIT(unit)->out, .required = flags & REQUIRED };
    }
    return r;
}

/* A job that was required could not be added: whoever requires it goes too, up to one that only
 * wanted it. 0: it ended there; else the wish itself failed. */
static int unwind(int error)
{
    while (frames_n) {
        struct frame f = frames[--frames_n];
        if (f.job == anchor)
            return error;
        unit_id unit = tr[f.job].unit;
        u8 type = tr[f.job].type;
        delete_job(f.job, true);
        if (!f.required) {
            report_line(REPORT_IGNORED, unit, type, 0, 0, error);
            return 0;
        }
    }
    return error;
}

/* Expands the topmost frame by one edge; pops it when there is none left. */
static int expand_frame(void)
{
    struct frame *f = &frames[frames_n - 1];
    struct tr_job *j = &tr[f->job];
    u8 end = f->list, type = j->type;
    tr_id job = f->job;
    u32 kinds = kinds_pulled(type, end);
    while (f->edge && !(tab->edges[f->edge].kinds & kinds))
        f->edge = end == OUT ? tab->edges[f->edge].next_out : tab->edges[f->edge].next_in;
    if (!f->edge) {
        if (end == IN)
            frames_n--;
        else                             /* a target's list has all services, and seldom what is looked for */
            f->list = IN, f->edge = UNIT(j->unit)->in_kinds & kinds_pulled(type, IN) ? UNIT(j->unit)->in : 0;
        return 0;
    }
    const struct edge *e = &tab->edges[f->edge];
    unit_id other = end == OUT ? e->to : e->from;
    f->edge = end == OUT ? e->next_out : e->next_in;
    for (const struct pull *p = pulls; p < pulls + LEN(pulls); p++) {
        if (p->end != end || !(p->kinds & e->kinds) || !(p->by & BIT(type)))
            continue;
        int pulled = job_collapse(p->pulls, other);
        int r = pulled == JOB_NOP ? 0 : add_job(job, pulled, other, p->flags);
        if (r == -EBADR || r == 0)
            continue;                    /* not applicable: as if it were not there */
        if (p->flags & REQUIRED)
            return unwind(r);
        if (r != -ENOENT && r != -ERFKILL)
            report_line(REPORT_IGNORED, other, (u8)pulled, j->unit, type, r);
    }
    return 0;
}

/* Adds a job and all that it pulls in. */
static int add_all(tr_id by, int type, unit_id unit, u32 flags)
{
    int r = add_job(by, type, unit, flags);
    while (r == 0 && frames_n)
        r = expand_frame();
    return r;
}

static int add_wish(int type, unit_id unit, int mode)
{
    bool alone = mode == MODE_IGNORE_DEPENDENCIES;
    anchor = tr_n;                       /* its number */
    int r = add_all(0, type, unit, NEEDED | (alone || mode == MODE_IGNORE_REQUIREMENTS ? ALONE : 0));
    tr[anchor].ignore_order = alone;
    return r;
}

/* Isolating: everything that runs and is not part of it stops. */
static int add_isolate_jobs(void)
{
    int r = 0;
    for (UNITS(id)) {
        bool idle = is_inactive(unit_active[id]) && !jobs[id].id;
        if (idle || !UNIT(id)->used || of_unit[id] || UNIT(id)->perpetual || unit_int(id, D_IgnoreOnIsolate))
            continue;
        r = add_all(anchor, JOB_STOP, id, LINK_MATTERS);
        if (r < 0 && r != -EBADR)
            return r;
    }
    return 0;
}

/* ---- steps 1 to 4: what matters, what is superfluous --------------------------------------- */

/* 1: jobs that the wish cannot do without. The frames' array serves as the stack. */
static void mark_what_matters(void)
{
    u32 n = 0;
    tr[anchor].matters = true;
    frames[n++].job = (u16)anchor;
    while (n) {
        tr_id j = frames[--n].job;
        for (u32 l = tr[j].pulls; l; l = links[l].next_pull) {
            tr_id object = links[l].object;
            if (links[l].dead || !links[l].matters || tr[object].matters)
                continue;
            tr[object].matters = true;
            if (n < LEN(frames))
                frames[n++].job = (u16)object;
        }
    }
}

static bool contradicts_installed(tr_id j)
{
    const struct job *installed = &jobs[tr[j].unit];
    return installed->id && job_merge_types(tr[j].type, installed->type) < 0;
}

/* 2: in mode "fail" nothing that runs is stopped, nothing that is queued is reversed, for a job that
 * does not matter. */
static void minimise_impact(void)
{
    for (JOBS(j)) {
        if (tr[j].dead || tr[j].matters)
            continue;
        bool stops = tr[j].type == JOB_STOP && is_active_or_starting(unit_active[tr[j].unit]);
        if (stops || contradicts_installed(j))
            delete_job(j, true);
    }
}

/* 3: units of which all jobs would change nothing. */
static void drop_redundant(void)
{
    for (JOBS(first)) {
        unit_id unit = tr[first].unit;
        bool keep = false;
        if (tr[first].dead || of_unit[unit] != first)
            continue;
        for (tr_id j = first; j; j = tr[j].next)
            keep |= j == anchor || !job_is_redundant(tr[j].type, unit_active[unit]) || contradicts_installed(j);
        while (!keep && of_unit[unit])
            delete_job(of_unit[unit], false);
    }
}

static bool is_pulled(tr_id j)
{
    for (u32 l = tr[j].pulled; l; l = links[l].next_pulled)
        if (!links[l].dead)
            return true;
    return false;
}

/* 4: jobs that nobody pulls in any more. A deleted one may leave others behind: they come later in
 * the array or are found by another pass. */
static void collect_garbage(void)
{
    bool again = true;
    while (again) {
        again = false;
        for (JOBS(j))
            if (!tr[j].dead && j != anchor && !is_pulled(j)) {
                delete_job(j, true);
                again = true;
            }
    }
}

/* ---- step 5: ordering cycles --------------------------------------------------------------- */

enum { NEW, ON_PATH, CLEAR };

/* The type the unit's job will have, once those of the transaction are merged with the installed one.
 * Of those that contradict each other, one: check_mergeable() drops the other, then order is looked at again. */
static int type_of(unit_id unit)
{
    int type = jobs[unit].id ? jobs[unit].type : JOB_NONE;
    for (tr_id j = of_unit[unit]; j; j = tr[j].next) {
        int merged = type == JOB_NONE ? -EEXIST : job_merge_types(type, tr[j].type);
        type = merged < 0 ? tr[j].type : job_collapse(merged, unit);
    }
    return type;
}

static bool ignores_order(unit_id unit)
{
    return of_unit[unit] ? tr[of_unit[unit]].ignore_order : jobs[unit].ignore_order;
}

static bool restarts_stop;               /* restart jobs are looked at as stops; or as the starts they become */

/* Does the job at one end of an ordering edge go before the one at the other? `later` is the end
 * that comes after the other when both start. */
static bool goes_before(unit_id mine, unit_id theirs, unit_id later)
{
    int a = type_of(mine), b = type_of(theirs);
    if (a == JOB_NONE || b == JOB_NONE || a == JOB_NOP || b == JOB_NOP || ignores_order(mine) || ignores_order(theirs))
        return false;
    int type = later == mine ? a : b;
    bool later_first = type == JOB_STOP || (type == JOB_RESTART && restarts_stop);
    return later_first == (mine == later);
}

static bool unit_matters(unit_id unit)
{
    for (tr_id j = of_unit[unit]; j; j = tr[j].next)
        if (tr[j].matters)
            return true;
    return false;
}

static void report_cycle(u8 kind, unit_id start, unit_id unit)
{
    report_line(kind, start, (u8)type_of(start), unit, (u8)type_of(unit), 0);
}

/* The path in frames[] from unit `start` to the top is a cycle. Drops the last job on it that does
 * not matter; -EAGAIN then. */
static int break_cycle(unit_id start, u32 depth)
{
    unit_id victim = 0;
    for (u32 i = depth; i-- > 0;) {
        unit_id unit = frames[i].job;
        report_cycle(i + 1 == depth ? REPORT_CYCLE : REPORT_CYCLE_MORE, start, unit);
        bool waits = !jobs[unit].running || (jobs[unit].type == JOB_RESTART && !restarts_stop);
        if (!victim && (of_unit[unit] ? !unit_matters(unit) : tr_n == 1 && waits))
            victim = unit;
        if (unit == start)
            break;
    }
    if (!victim) {
        report_cycle(REPORT_UNBREAKABLE, start, 0);
        return fail(-ENOEXEC, "TransactionOrderIsCyclic", "Transaction order is cyclic. See system logs for details.");
    }
    report_cycle(REPORT_DELETED, start, victim);
    delete_unit(victim);
    if (tr_n == 1)                       /* not of a transaction: see jobs_verify_order() */
        job_drop(victim, RESULT_CANCELED);
    return -EAGAIN;
}

/* Depth first from one unit along "goes before". */
static int search_cycle(unit_id from)
{
    u32 n = 0;
    frames[n++] = (struct frame){ .job = (u16)from, .edge = UNIT(from)->in };
    mark[from] = ON_PATH;
    while (n) {
        struct frame *f = &frames[n - 1];
        unit_id unit = f->job;
        if (!f->edge && f->list == 0) {
            f->list = 1;
            f->edge = UNIT(unit)->out;
            continue;
        }
        if (!f->edge) {
            mark[unit] = CLEAR;
            n--;
            continue;
        }
        const struct edge *e = &tab->edges[f->edge];
        unit_id other = f->list == 0 ? e->from : e->to;
        f->edge = f->list == 0 ? e->next_in : e->next_out;
        if (!(e->kinds & DEP_AFTER) || mark[other] == CLEAR || !goes_before(unit, other, e->from))
            continue;
        if (mark[other] == ON_PATH)
            return break_cycle(other, n);
        mark[other] = ON_PATH;
        frames[n++] = (struct frame){ .job = (u16)other, .edge = UNIT(other)->in };
    }
    return 0;
}

static int verify_order(bool stopping)
{
    restarts_stop = stopping;
    memset(mark, NEW, tab->units_n);
    for (JOBS(j)) {
        int r = tr[j].dead || mark[tr[j].unit] != NEW ? 0 : search_cycle(tr[j].unit);
        if (r < 0)
            return r;
    }
    return 0;
}

/* A reload may bring an order in which jobs that are queued wait for each other. */
void jobs_verify_order(struct report *report)
{
    transaction_trim();
    rep = report;
    for (u32 pass = 0; pass < 2; pass++) {
        restarts_stop = pass == 0;
        memset(mark, NEW, tab->units_n);
        for (UNITS(id))
            if (jobs[id].id && mark[id] == NEW && search_cycle(id) == -EAGAIN) {
                memset(mark, NEW, tab->units_n);
                id = 0;                  /* from the start */
            }
    }
}

/* ---- step 6: one job a unit ---------------------------------------------------------------- */

/* Of two jobs of a unit that contradict each other, the one to drop: 0: neither can go. A stop goes rather than
 * a start, unless another unit conflicts. */
static tr_id less_wanted(tr_id a, tr_id b)
{
    const struct tr_job *j = &tr[a], *k = &tr[b];
    if (j->matters || k->matters)
        return !j->matters ? a : !k->matters ? b : 0;
    if (j->type == JOB_STOP)
        return j->conflicted ? b : a;
    return k->type == JOB_STOP && !k->conflicted ? b : a;
}

/* Drops one of two jobs of a unit that contradict each other: -EAGAIN. */
static int check_unit(unit_id unit)
{
    for (tr_id a = of_unit[unit]; a; a = tr[a].next)
        for (tr_id b = tr[a].next; b; b = tr[b].next) {
            if (job_merge_types(tr[a].type, tr[b].type) >= 0)
                continue;
            tr_id victim = less_wanted(a, b);
            if (!victim)
                return (fail)(-EDEADLK, "TransactionJobsConflicting",
                            packed_text(TEXT_CONFLICT), job_name(tr[a].type), job_name(tr[b].type),
                            unit_name(unit));
            delete_job(victim, true);
            return -EAGAIN;
        }
    return 0;
}

static int check_mergeable(void)
{
    int r = 0;
    for (JOBS(j))
        if (r == 0 && of_unit[tr[j].unit] == j)
            r = check_unit(tr[j].unit);
    return r;
}

/* All jobs of a unit become its first; their links are not needed any more. */
static void merge_jobs(void)
{
    for (JOBS(j)) {
        struct tr_job *first = &tr[j], *other;
        if (of_unit[first->unit] != j)
            continue;
        for (; first->next; first->next = other->next) {
            other = &tr[first->next];
            first->type = (u8)job_collapse(job_merge_types(first->type, other->type), first->unit);
            first->matters |= other->matters;
            first->ignore_order |= other->ignore_order;
            other->dead = true;
            if (anchor == first->next)
                anchor = j;
        }
    }
}

/* ---- steps 9 and 10: apply ----------------------------------------------------------------- */

static int check_destructive(int mode)
{
    for (JOBS(j)) {
        const struct job *installed = &jobs[tr[j].unit];
        if (tr[j].dead || !contradicts_installed(j) || (mode != MODE_FAIL && !installed->irreversible))
            continue;
        return (fail)(-EDEADLK, "TransactionIsDestructive",
                    packed_text(TEXT_DESTRUCTIVE),
                    unit_name(tr[anchor].unit), job_name(tr[anchor].type), unit_name(tr[j].unit),
                    job_name(installed->type), job_name(tr[j].type));
    }
    return 0;
}

/* Puts one job in its unit's slot; a job that is there already is merged with it or canceled. */
static void install(tr_id t, bool irreversible)
{
    static u32 last_id;
    const struct tr_job *new = &tr[t];
    unit_id unit = new->unit;
    struct job *j = &jobs[unit];
    int type = j->id ? job_merge_types(j->type, new->type) : new->type;
    if (type < 0)
        job_drop(unit, RESULT_CANCELED);
    if (j->id) {
        if (type != j->type || new->type == JOB_RELOAD)
            j->running = false;          /* more is wanted than what is being done: again */
        j->type = (u8)job_collapse(type, unit);
        if (new->ignore_order && !j->ignore_order)
            job_queue_neighbours(unit);  /* nobody has to wait for it any more */
    } else {
        *j = (struct job){ .id = ++last_id, .type = new->type, .queued = j->queued, .next = j->next };
        jobs_n++;
        jobs_fresh++;
    }
    j->irreversible |= irreversible;
    j->ignore_order |= new->ignore_order;
    if (t == anchor)
        rep->job_id = j->id;
    job_queue(unit);
}

static void apply(int mode)
{
    if (mode == MODE_ISOLATE || mode == MODE_FLUSH)
        for (UNITS(id))
            if (jobs[id].id && !of_unit[id] && !unit_int(id, D_IgnoreOnIsolate))
                job_drop(id, RESULT_CANCELED);
    for (JOBS(j))
        if (!tr[j].dead)
            install(j, mode == MODE_REPLACE_IRREVERSIBLY);
    /* Units whose job waits for one that was just installed are found by looking at it again. */
    for (JOBS(j))
        if (!tr[j].dead)
            job_queue(tr[j].unit);
}

static int activate(int mode)
{
    int r;
    mark_what_matters();                                     /*  1 */
    if (mode == MODE_FAIL)
        minimise_impact();                                   /*  2 */
    drop_redundant();                                        /*  3 */
    do {
        if (mode != MODE_ISOLATE)
            collect_garbage();                               /*  4 */
        r = verify_order(true);                              /*  5 */
        if (r == 0)
            r = verify_order(false);
        if (r == 0)
            r = check_mergeable();                           /*  6 */
    } while (r == -EAGAIN);                                  /*  7 */
    if (r < 0)
        return r;
    merge_jobs();
    drop_redundant();                                        /*  8 */
    r = check_destructive(mode);                             /*  9 */
    if (r == 0)
        apply(mode);                                         /* 10 */
    return r;
}

void transaction_trim(void)
{
    for (JOBS(j))
        of_unit[tr[j].unit] = 0;
    tr_n = links_n = 1;
}

static int check_wish(int type, unit_id id, int mode)
{
    if (mode == MODE_ISOLATE && type != JOB_START)
        return fail(-EINVAL, NULL, "Isolate is only valid for start.");
    if (mode == MODE_ISOLATE && !unit_int(id, D_AllowIsolate))
        return fail(-EPERM, "NoIsolation", "Operation refused, unit may not be isolated.");
    return 0;
}

int job_add(int type, unit_id id, int mode, struct report *report)
{
    rep = report;
    rep->job_id = 0;
    rep->error[0] = 0;
    rep->name = NULL;
    type = job_collapse(type, id);
    int r = check_wish(type, id, mode);
    if (r < 0)
        return r;
    for (JOBS(j))
        of_unit[tr[j].unit] = 0;         /* of the last transaction */
    tr_n = links_n = 1;
    frames_n = 0;
    r = add_wish(type, id, mode);
    if (r == 0 && mode == MODE_ISOLATE)
        r = add_isolate_jobs();
    return r == 0 ? activate(mode) : r;
}
