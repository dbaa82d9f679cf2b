/* SPDX-License-Identifier: 0BSD
 *
 * What must always hold, looked at after each turn and at each state change, wish and end of a job
 * (the linker puts __wrap_ functions between the manager's parts: see run). Written from the manual
 * pages, not from the code it checks. The deliberate bugs of --break are at the end. */
#include "sim.h"

static u32 base_fds;
static struct { u32 id; u8 type; } at_start[UNITS_MAX];     /* the jobs when the turn began */
static bool fail_mode_used;              /* may leave two that conflict side by side, as in systemd */
static usec reloaded_at;
usec check_limits_since;

static const char *name_and_state(unit_id id)
{
    static char text[4][128];
    static u32 n;
    struct buf b = { text[n++ % 4], 0, 128, false };
    buf_fmt(&b, "%s (%s)", unit_name(id), substate_name(id));
    return buf_end(&b);
}

static bool is_service(unit_id id) { return UNIT(id)->type == UNIT_SERVICE; }
static bool starts(u8 type) { return type == JOB_START || type == JOB_VERIFY_ACTIVE; }
static bool stops(u8 type) { return type == JOB_STOP || type == JOB_RESTART; }

/* ---- processes, descriptors, deadlines ------------------------------------------------------ */

static bool service_at_end(unit_id id)
{
    return is_service(id) && (RT(id)->state == SV_DEAD || RT(id)->state == SV_FAILED);
}

static void check_down(unit_id id)
{
    const struct runtime *rt = RT(id);
    const char *what = rt->main_pid > 0 ? "knows a main process" : rt->control_pid > 0 ? "knows a control process"
                     : rt->spawn_waits ? "waits for a slot" : rt->pid_file_waits ? "waits for a PID file"
                     : rt->watch ? "has an inotify watch" : rt->execed_fd ? "waits for an execve"
                     : timer_get(TIMER_KEY(TIMER_STATE, id)) != USEC_INF ? "has a deadline"
                     : timer_get(TIMER_KEY(TIMER_WATCHDOG, id)) != USEC_INF ? "has a watchdog"
                     : rt->has_cgroup && rt->state == SV_FAILED && !jobs[id].id ? "has a cgroup" : NULL;
    if (what)
        violated("%s %s", name_and_state(id), what);
}

static void check_pids(unit_id id)
{
    const struct runtime *rt = RT(id);
    pid_t pids[] = { rt->main_pid, rt->control_pid };
    for (u32 i = 0; i < LEN(pids); i++)
        if (pids[i] > 0 && pid_unit(pids[i]) != id)
            violated("%s: process %d is in the table as %s's", name_and_state(id), (int)pids[i],
                     pid_unit(pids[i]) ? unit_name(pid_unit(pids[i])) : "nobody");
    if (rt->main_pid > 0 && !proc_exists(rt->main_pid))
        violated("%s: its main process %d does not exist", name_and_state(id), (int)rt->main_pid);
    if (rt->control_pid > 0 && !proc_exists(rt->control_pid))
        violated("%s: its control process %d does not exist", name_and_state(id), (int)rt->control_pid);
}

/* Nothing is left of a service that is down, if it may be killed. Without cgroups some escape. */
static void check_nobody_left(unit_id id)
{
    char path[PATH_BYTES / 8];
    if (sim.faults || !RT(id)->has_cgroup || unit_int(id, D_KillMode) != KILL_CONTROL_GROUP
        || !unit_int(id, D_SendSIGKILL) || procs_defy(id) || service_at_end(id) || RT(id)->state == SV_AUTO_RESTART)
        return;
    cgroup_of(id, path, sizeof path);
    int cgroup = cgroup_at(path);
    if (cgroup && procs_alive_in(cgroup))
        violated("%s goes down but %u processes of it run", name_and_state(id), procs_alive_in(cgroup));
}

/* The setting that bounds a state, or 0. */
static u32 limit_of(unit_id id)
{
    u8 state = RT(id)->state;
    i32 type = unit_int(id, D_Type);
    bool at_once = type == SERVICE_SIMPLE || type == SERVICE_IDLE || type == SERVICE_DBUS;
    if (!is_service(id))
        return 0;
    if (state == SV_START && at_once)
        return 0;
    if ((state >= SV_CONDITION && state <= SV_START_POST) || state == SV_RELOAD)
        return D_TimeoutStartSec;
    if (state == SV_RUNNING)
        return D_RuntimeMaxSec;
    return state >= SV_STOP && state <= SV_FINAL_SIGKILL ? D_TimeoutStopSec : 0;
}

static void check_deadline(unit_id id)
{
    u32 limit = limit_of(id);
    usec at = timer_get(TIMER_KEY(TIMER_STATE, id));
    bool current = RT(id)->changed > reloaded_at;        /* not a setting that came with a reload */
    if (limit && current && unit_span(id, limit) != USEC_INF && at == USEC_INF)
        violated("%s has no deadline though %s is finite", name_and_state(id), directive_name(&directives[limit]));
    if (is_service(id) && RT(id)->state == SV_AUTO_RESTART && at == USEC_INF && !jobs[id].id)
        violated("%s will never come back: no deadline and no job", name_and_state(id));
    if (UNIT(id)->type == UNIT_MOUNT && unit_active[id] != INACTIVE && unit_active[id] != FAILED
        && RT(id)->state != MT_MOUNTED && at == USEC_INF && unit_span(id, D_MountTimeoutSec) != USEC_INF)
        violated("%s has no deadline", name_and_state(id));
}

static void check_unit(unit_id id)
{
    if (RT(id)->state >= kind_of(id)->states || unit_active[id] != active_of(id, RT(id)->state))
        violated("%s: its states do not agree", name_and_state(id));
    check_pids(id);
    check_deadline(id);
    if (service_at_end(id))
        check_down(id);
    bool up = !is_inactive(unit_active[id]);
    if (up && UNIT(id)->type == UNIT_MOUNT && RT(id)->state == MT_MOUNTED && (RT(id)->control_pid > 0 || RT(id)->spawn_waits))
        violated("%s has a helper still", name_and_state(id));
}

static void check_descriptors(void)
{
    u32 n = base_fds + (spawn_bell() >= 0) + (exec_fds.idle_write >= 0 ? 2 : 0), watches = 0;
    for (UNITS(id)) {
        n += RT(id)->execed_fd > 0;
        watches += RT(id)->watch > 0;
    }
    for (u32 i = 0; i < CONNS_MAX; i++)
        n += conns[i].fd >= 0;
    if (fds_open() > n || (fds_open() < n && !sim.faults))
        violated("%u descriptors are open, %u are accounted for", fds_open(), n);
    if (watches_open() > watches)
        violated("%u inotify watches, %u units have one", watches_open(), watches);
}

/* Rows of processes that nobody knows any more. */
static void check_pid_rows(pid_t from)
{
    for (pid_t pid = MAX(from, 1001); pid <= proc_last(); pid++) {
        unit_id id = pid_unit(pid);
        if (id && RT(id)->main_pid != pid && RT(id)->control_pid != pid)
            violated("the row of process %d was left behind by %s", (int)pid, name_and_state(id));
    }
}

/* ---- jobs ----------------------------------------------------------------------------------- */

/* systemd.unit(5), Before=: stopping goes in the reverse order, and a stop goes before a start. */
static unit_id blocker(unit_id id, bool *any_unmarked, const u8 *moves)
{
    const struct job *j = &jobs[id];
    unit_id found = 0;
    for (u32 out = 0; out < 2 && !j->ignore_order; out++)
        for (u32 e = out ? UNIT(id)->out : UNIT(id)->in; e; e = out ? tab->edges[e].next_out : tab->edges[e].next_in) {
            unit_id other = out ? tab->edges[e].to : tab->edges[e].from;
            const struct job *o = &jobs[other];
            if (!(tab->edges[e].kinds & DEP_AFTER) || !o->id || o->type == JOB_NOP || o->ignore_order)
                continue;
            if (out ? !stops(j->type) : stops(o->type)) {
                if (!moves || !moves[other] || !found)
                    found = other;
                if (moves && !moves[other])
                    *any_unmarked = true;
            }
        }
    return found;
}

static bool in_transition(unit_id id)
{
    u8 is = unit_active[id];
    return is == ACTIVATING || is == DEACTIVATING || is == RELOADING;
}

/* Before PID 1 sleeps: a job that runs has something under way, one that waits has a reason. */
static void check_job_has_cause(unit_id id)
{
    const struct job *j = &jobs[id];
    bool awaited = UNIT(id)->type == UNIT_DEVICE && j->type == JOB_START;
    if (j->queued)
        violated("%s: its %s job is queued while PID 1 sleeps", name_and_state(id), name_of(job_type_names, j->type));
    if (j->running && !in_transition(id) && !awaited)
        violated("%s: its %s job runs but nothing is under way", name_and_state(id), name_of(job_type_names, j->type));
    if (!j->running && !in_transition(id) && !blocker(id, NULL, NULL))
        violated("%s: its %s job waits for nothing", name_and_state(id), name_of(job_type_names, j->type));
}

/* Jobs that wait for each other in a circle. */
static void check_no_deadlock(void)
{
    static u8 moves[UNITS_MAX];
    u32 left = 0, before;
    memset(moves, 0, tab->units_n);
    do {
        before = left;
        left = 0;
        for (UNITS(id)) {
            bool stuck = false;
            if (!jobs[id].id || moves[id])
                continue;
            if (!jobs[id].running && blocker(id, &stuck, moves) && stuck)
                left++;
            else
                moves[id] = 1;
        }
    } while (left != before && left);
    for (UNITS(id))
        if (jobs[id].id && !moves[id])
            trace("%s/%s waits for %s", unit_name(id), name_of(job_type_names, jobs[id].type),
                  unit_name(blocker(id, &(bool){ false }, moves)));
    for (UNITS(id))
        if (jobs[id].id && !moves[id])
            violated("%s: its %s job waits in a circle with %u others", name_and_state(id),
                     name_of(job_type_names, jobs[id].type), left - 1);
}

static void check_jobs(bool sleeps)
{
    u32 n = 0;
    for (UNITS(id)) {
        const struct job *j = &jobs[id];
        if (!j->id)
            continue;
        n++;
        if (!UNIT(id)->used)
            violated("a job for unit number %u, which is not used", id);
        if (j->type > JOB_NOP)
            violated("%s: a job of type %u is installed", name_and_state(id), j->type);
        if (sleeps)
            check_job_has_cause(id);
    }
    if (n != jobs_n)
        violated("%u jobs are there, %u are counted", n, jobs_n);
    if (sleeps && n)
        check_no_deadlock();
}

/* ---- promises of dependencies, when nothing is under way ------------------------------------ */

static bool settled(unit_id id)
{
    return (is_service(id) || UNIT(id)->type == UNIT_TARGET) && !jobs[id].id;
}

/* Does starting `from` pull in `to`, over any number of units? */
static bool pulls_in(unit_id from, unit_id to, u32 kinds)
{
    static u8 seen[UNITS_MAX];
    static unit_id stack[UNITS_MAX];
    u32 n = 0;
    memset(seen, 0, tab->units_n);
    for (stack[n++] = from; n;) {
        unit_id id = stack[--n];
        for (u32 e = UNIT(id)->out; e; e = tab->edges[e].next_out) {
            unit_id other = tab->edges[e].to;
            if (!(tab->edges[e].kinds & kinds) || seen[other])
                continue;
            seen[other] = 1;
            stack[n++] = other;
        }
    }
    return seen[to];
}

/* Does anything stop with it? Then a third unit may be the reason that it is left alone. */
static bool others_depend_on(unit_id id)
{
    const u32 follows = DEP_REQUIRES | DEP_REQUISITE | DEP_BINDS_TO | DEP_PART_OF;
    for (u32 e = UNIT(id)->in; e; e = tab->edges[e].next_in)
        if (tab->edges[e].kinds & follows)
            return true;
    for (u32 e = UNIT(id)->out; e; e = tab->edges[e].next_out)
        if (tab->edges[e].kinds & DEP_STOP_TO)
            return true;
    return false;
}

/* Two that conflict but need each other, so that to stop the one for the other would stop both; or that a
 * third requires. */
static bool contradictory(unit_id a, unit_id b)
{
    if (others_depend_on(a) || others_depend_on(b))
        return true;
    const u32 strict = DEP_REQUIRES | DEP_BINDS_TO;
    const u32 all = strict | DEP_WANTS | DEP_UPHOLDS | DEP_PART_OF | DEP_REQUISITE | DEP_STOP_TO;
    if (pulls_in(a, b, all) || pulls_in(b, a, all))
        return true;
    for (UNITS(id))
        if (UNIT(id)->used && pulls_in(id, a, strict) && pulls_in(id, b, strict))
            return true;
    return false;
}

static void check_promises(void)
{
    for (u32 e = 1; e < tab->edges_n; e++) {
        unit_id a = tab->edges[e].from, b = tab->edges[e].to;
        u32 k = tab->edges[e].kinds;
        if (!settled(a) || !settled(b) || !UNIT(a)->used || !UNIT(b)->used)
            continue;
        if (k & DEP_CONFLICTS && !fail_mode_used && is_active(unit_active[a]) && is_active(unit_active[b])
            && !contradictory(a, b))
            violated("%s and %s conflict and are both up", name_and_state(a), name_and_state(b));
        if (k & DEP_BINDS_TO && is_active(unit_active[a]) && is_inactive(unit_active[b]))
            violated("%s is bound to %s", name_and_state(a), name_and_state(b));
    }
}

/* ---- the turn ------------------------------------------------------------------------------- */

static void remember_jobs(void)
{
    for (UNITS(id)) {
        at_start[id].id = jobs[id].id;
        at_start[id].type = jobs[id].type;
    }
}

void check_begin(void)
{
    base_fds = 0;
    u32 dynamic = (spawn_bell() >= 0) + (exec_fds.idle_write >= 0 ? 2 : 0);
    base_fds = fds_open() - dynamic;
    remember_jobs();
}

void check_turn(int timeout_ms)
{
    bool sleeps = timeout_ms != 0;
    if (++sim.idle_turns > 3000)
        violated("PID 1 spins: 3000 turns and the clock has not moved (timeout %d ms)", timeout_ms);
    for (UNITS(id))
        if (UNIT(id)->used)
            check_unit(id);
    check_jobs(sleeps);
    check_descriptors();
    check_pid_rows(proc_last() - 20);
    if (sleeps && !jobs_n && !ops_odd && !sim.faults && !sim.edits && !sim.ending)
        check_promises();
    if (sim.quiet && jobs_n)
        violated("%u jobs and nothing will ever happen", jobs_n);
    remember_jobs();
}

bool at_rest(void)
{
    const char *name;
    for (u32 i = 0; (name = graph_name(&i));) {
        unit_id id = unit_find(str_of(name));
        if (id && !is_inactive(unit_active[id]))
            return false;
    }
    return !jobs_n;
}

void check_rest(void)
{
    check_pid_rows(0);
    for (UNITS(id))
        for (u32 i = TIMER_STATE; i <= TIMER_WATCHDOG; i++)
            if (is_inactive(unit_active[id]) && i != TIMER_JOB && timer_get(TIMER_KEY(i, id)) != USEC_INF)
                violated("unit number %u has a deadline left", id);
}

/* ---- at each state change ------------------------------------------------------------------- */

static u8 phase_of(u8 state)
{
    static const u8 phases[SERVICE_STATES] = {
        [SV_CONDITION] = 1, [SV_START_PRE] = 2, [SV_START] = 3, [SV_START_POST] = 4, [SV_RUNNING] = 5, [SV_RELOAD] = 5,
        [SV_EXITED] = 5, [SV_STOP] = 10, [SV_STOP_WATCHDOG] = 11, [SV_STOP_SIGTERM] = 11, [SV_STOP_SIGKILL] = 12,
        [SV_STOP_POST] = 13, [SV_FINAL_WATCHDOG] = 14, [SV_FINAL_SIGTERM] = 14, [SV_FINAL_SIGKILL] = 15,
        [SV_DEAD] = 20, [SV_FAILED] = 20, [SV_AUTO_RESTART] = 21,
    };
    return phases[state];
}

/* A service goes forward through its phases until it is down, and starts again from there only. */
static void check_transition(unit_id id, u8 to)
{
    u8 from = RT(id)->state;
    bool down = from == SV_DEAD || from == SV_FAILED;
    if (from == SV_AUTO_RESTART ? to != SV_DEAD && to != SV_FAILED : !down && phase_of(to) < phase_of(from))
        violated("%s goes to %s", name_and_state(id), name_of(service_states, to));
    if (from == SV_DEAD && (to == SV_RELOAD || to == SV_STOP_WATCHDOG || to == SV_FINAL_WATCHDOG))
        violated("%s goes to %s", name_and_state(id), name_of(service_states, to));
}

/* More starts than a fixed window that begins with the first of them can allow. */
static void check_start_limit(unit_id id)
{
    static struct { usec at[16]; u32 n; char name[32]; } log[256];
    usec interval = unit_span(id, D_StartLimitIntervalSec);
    u32 burst = (u32)unit_int(id, D_StartLimitBurst), slot = str_hash(str_of(unit_name(id))) % LEN(log), n = 0;
    if (!STREQ(log[slot].name, unit_name(id))) {
        log[slot].n = 0;
        z_copy(log[slot].name, sizeof log[slot].name, str_cut(str_of(unit_name(id)), 31));
    }
    log[slot].at[log[slot].n++ % 16] = sim.now;
    if (!interval || interval == USEC_INF || !burst || burst > 6)
        return;
    for (u32 i = 0; i < MIN(log[slot].n, 16u); i++)
        n += log[slot].at[i] + interval > sim.now && log[slot].at[i] > check_limits_since;
    if (n > 2 * burst + 1)
        violated("%s: %u starts within StartLimitIntervalSec=, StartLimitBurst=%u", name_and_state(id), n, burst);
}

static void check_order(unit_id id, u8 active)
{
    const struct job *j = &jobs[id];
    bool begins = is_inactive(unit_active[id]) && !is_inactive(active), ends = is_active(unit_active[id]) && active == DEACTIVATING;
    if (!j->id || !j->running || !(begins ? j->type == JOB_START : ends && stops(j->type)))
        return;
    unit_id before = blocker(id, NULL, NULL);
    if (before)
        violated("%s %s while the %s job of %s goes first", name_and_state(id), begins ? "starts" : "stops",
                 name_of(job_type_names, jobs[before].type), name_and_state(before));
}

static void state_changes(unit_id id, u8 to)
{
    trace("%s: %s -> %s", unit_name(id), substate_name(id), name_of(kind_of(id)->names, to));
    if (is_service(id)) {
        check_transition(id, to);
        if (to == SV_DEAD || to == SV_FAILED)
            check_nobody_left(id);
        if (is_inactive(unit_active[id]) && !is_inactive(active_of(id, to)) && to != SV_AUTO_RESTART)
            check_start_limit(id);
    }
    if (is_service(id) ? to != SV_AUTO_RESTART : UNIT(id)->type == UNIT_TARGET)
        check_order(id, active_of(id, to));
}

void __real_set_state(unit_id id, u8 state);
void __wrap_set_state(unit_id id, u8 state);
void __wrap_set_state(unit_id id, u8 state)
{
    state_changes(id, state);
    __real_set_state(id, state);
}

void __real_set_state_with(unit_id id, u8 state, bool will_restart, bool reload_failed);
void __wrap_set_state_with(unit_id id, u8 state, bool will_restart, bool reload_failed);
void __wrap_set_state_with(unit_id id, u8 state, bool will_restart, bool reload_failed)
{
    state_changes(id, state);
    __real_set_state_with(id, state, will_restart, reload_failed);
}

/* ---- at each wish --------------------------------------------------------------------------- */

static bool has_job(unit_id id) { return jobs[id].id && jobs[id].type != JOB_NOP; }
static bool will_go(unit_id id) { return has_job(id) ? stops(jobs[id].type) : is_inactive(unit_active[id]); }
static bool will_come(unit_id id) { return has_job(id) ? jobs[id].type != JOB_STOP : is_active(unit_active[id]); }

static void check_stop_granted(unit_id id)
{
    const u32 follows = DEP_REQUIRES | DEP_REQUISITE | DEP_BINDS_TO | DEP_PART_OF;
    for (u32 e = UNIT(id)->in; e; e = tab->edges[e].next_in) {
        unit_id other = tab->edges[e].from;
        if (tab->edges[e].kinds & follows && !will_go(other) && unit_can_stop(other))
            violated("%s is to stop, but not %s", name_and_state(id), name_and_state(other));
    }
}

static void check_start_granted(unit_id id)
{
    for (u32 e = UNIT(id)->out; e; e = tab->edges[e].next_out) {
        unit_id other = tab->edges[e].to;
        u32 k = tab->edges[e].kinds;
        if (k & (DEP_REQUIRES | DEP_BINDS_TO) && !will_come(other))
            violated("%s is to start, but not %s", name_and_state(id), name_and_state(other));
        if (k & DEP_CONFLICTS && !will_go(other) && unit_can_stop(other))
            violated("%s is to start, but %s is not to stop", name_and_state(id), name_and_state(other));
    }
}

int __real_job_add(int type, unit_id id, int mode, struct report *report);
int __wrap_job_add(int type, unit_id id, int mode, struct report *report);
int __wrap_job_add(int type, unit_id id, int mode, struct report *report)
{
    int collapsed = job_collapse(type, id);
    int r = __real_job_add(type, id, mode, report);
    trace("wish %s %s %s -> %s", name_of(job_type_names, type), unit_name(id), name_of(enum_names(E_JOB_MODE), mode),
          r < 0 ? report->error : "granted");
    for (UNITS(u))                       /* a start may be part of a restart for a while, which goes on */
        if (jobs[u].id && jobs[u].type == JOB_RESTART)
            at_start[u].type = JOB_RESTART;
    fail_mode_used |= mode == MODE_FAIL;
    ops_odd |= mode == MODE_IGNORE_DEPENDENCIES || mode == MODE_IGNORE_REQUIREMENTS;
    if (r < 0 || mode == MODE_IGNORE_DEPENDENCIES || mode == MODE_IGNORE_REQUIREMENTS)
        return r;
    if (collapsed == JOB_STOP)
        check_stop_granted(id);
    if (collapsed == JOB_START && jobs[id].id)
        check_start_granted(id);
    return r;
}

void __real_reload_now(void);
void __wrap_reload_now(void);
void __wrap_reload_now(void)
{
    reloaded_at = check_limits_since = sim.now;
    __real_reload_now();
}

/* ---- at the end of each job ----------------------------------------------------------------- */

void __real_message_finished(const struct finished *f);
void __wrap_message_finished(const struct finished *f);
void __wrap_message_finished(const struct finished *f)
{
    unit_id id = f->unit;
    bool failed = f->result == RESULT_FAILED || f->result == RESULT_TIMEOUT || f->result == RESULT_DEPENDENCY
               || f->result == RESULT_ASSERT || f->result == RESULT_INVALID || f->result == RESULT_UNSUPPORTED;
    trace("job %u %s/%s: %s", f->id, unit_name(id), name_of(job_type_names, f->type), name_of(job_result_names, f->result));
    for (u32 e = UNIT(id)->in; failed && starts(f->type) && e; e = tab->edges[e].next_in) {
        unit_id other = tab->edges[e].from;
        bool same = jobs[other].id && jobs[other].id == at_start[other].id && at_start[other].type == JOB_START;
        if (tab->edges[e].kinds & (DEP_REQUIRES | DEP_REQUISITE | DEP_BINDS_TO) && same && jobs[other].type == JOB_START)
            violated("the start of %s failed, the one of %s goes on", name_and_state(id), name_and_state(other));
    }
    __real_message_finished(f);
}

/* ---- deliberate bugs ------------------------------------------------------------------------ */

void __real_job_queue_neighbours(unit_id id);
void __wrap_job_queue_neighbours(unit_id id);
void __wrap_job_queue_neighbours(unit_id id)
{
    if (!broken("wakeups"))
        __real_job_queue_neighbours(id);
}

void __real_pid_remove(pid_t pid);
void __wrap_pid_remove(pid_t pid);
void __wrap_pid_remove(pid_t pid)
{
    if (!broken("pids"))
        __real_pid_remove(pid);
}

void __real_timer_set(u32 key, usec when);
void __wrap_timer_set(u32 key, usec when);
void __wrap_timer_set(u32 key, usec when)
{
    if (!broken("deadlines") || when == USEC_INF)
        __real_timer_set(key, when);
}

bool __real_start_limit_hit(unit_id id);
bool __wrap_start_limit_hit(unit_id id);
bool __wrap_start_limit_hit(unit_id id) { return !broken("limits") && __real_start_limit_hit(id); }

int __real_kill_unit(unit_id id, enum kill_op op);
int __wrap_kill_unit(unit_id id, enum kill_op op);
int __wrap_kill_unit(unit_id id, enum kill_op op) { return broken("kills") ? 0 : __real_kill_unit(id, op); }

unit_id __real_job_next_ready(void);
unit_id __wrap_job_next_ready(void);
unit_id __wrap_job_next_ready(void)
{
    for (UNITS(id))
        if (broken("order") && jobs[id].id && !jobs[id].running && jobs[id].blocked_by && is_inactive(unit_active[id])) {
            jobs[id].blocked_by = 0;
            return id;
        }
    return __real_job_next_ready();
}
