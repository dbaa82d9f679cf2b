/* SPDX-License-Identifier: 0BSD
 *
 * What clients ask: the methods of org.freedesktop.systemd1, as a table. A verb becomes a wish (a
 * job) or a look at settled state; it never reaches a machine. Who may is asked for each call. */
#include "run.h"

#include <sys/epoll.h>

/* One call being answered. */
struct call {
    struct conn *c;
    const struct bus_msg *m;
    struct bus_in in;
    struct bus_out out;
    const char *returns;                 /* the signature of the answer */
    unit_id unit;                        /* of the object path, or 0 */
    u8 arg;                              /* of the method's row */
};

static u32 serial;                       /* of all that is sent: 0 is none */

static void begin(struct call *k)
{
    k->out = conn_message_begin();
    out_return(&k->out, ++serial, k->m->serial, k->returns);
}

/* An error with a point in front is one of D-Bus, the others are systemd's. */
#define FREEDESKTOP "."
#define INVALID FREEDESKTOP "InvalidArgs"

static void begin_error(struct call *k, const char *name, const char *text)
{
    BUF(full, 128);
    buf_fmt(&full, "%s%s", *name == '.' ? "org.freedesktop.DBus.Error" : BUS_NAME ".", name);
    k->out = conn_message_begin();
    out_error(&k->out, ++serial, k->m->serial, buf_end(&full), text);
}

static void finish(struct call *k)
{
    if (k->m->flags & FLAG_NO_REPLY)
        return;
    if (!out_end(&k->out)) {
        begin_error(k, FREEDESKTOP "LimitsExceeded", "Limit MESSAGE_OUT_BYTES reached (limits.h).");
        out_end(&k->out);
    }
    conn_send(k->c, k->out.b.p, k->out.b.n);
    conn_message_done(k->out.b.n);
}

static void fail(struct call *k, const char *name, const char *fmt, ...) PRINTF(3, 4);
static void fail(struct call *k, const char *name, const char *fmt, ...)
{
    BUF(text, 768);
    va_list ap;
    va_start(ap, fmt);
    buf_vfmt(&text, fmt, ap);
    va_end(ap);
    begin_error(k, name, buf_end(&text));
    finish(k);
}
#define fail(k, name, fmt, ...) (fail)(k, name, TEXT(fmt), ##__VA_ARGS__)

static void done(struct call *k)
{
    begin(k);
    finish(k);
}

static void return_string(struct call *k, const char *z)
{
    begin(k);
    put_string(&k->out, z);
    finish(k);
}

static void return_unit(struct call *k, unit_id id)
{
    begin(k);
    put_unit_path(&k->out, id);
    finish(k);
}

static void return_job(struct call *k, u32 job_id)
{
    begin(k);
    put_job_path(&k->out, job_id);
    finish(k);
}

/* An array of structs. */
static u32 begin_rows(struct call *k)
{
    begin(k);
    return array_open(&k->out, 8);
}

static void finish_rows(struct call *k, u32 token)
{
    array_close(&k->out, token, 8);
    finish(k);
}

/* ---- units by name ------------------------------------------------------------------------- */

static bool usable(const char *name)
{
    return unit_name_valid(str_of(name)) && !unit_name_is_template(str_of(name));
}

/* Of a method that acts on a unit: the object itself, or what the first argument names. False: that was answered. */
static bool find_subject(struct call *k)
{
    const char *name = k->unit ? NULL : get_string(&k->in);
    if (name && !usable(name))
        fail(k, INVALID, "Unit name %s is not valid.", name);
    else if (name && !(k->unit = load_unit(name)))
        fail(k, FREEDESKTOP "LimitsExceeded", "Limit UNITS_MAX reached (limits.h).");
    return k->unit;
}

static void m_get_unit(struct call *k)
{
    const char *name = get_string(&k->in);
    unit_id id = unit_find(str_of(name));
    if (id)
        return_unit(k, id);
    else
        fail(k, "NoSuchUnit", "Unit %s not loaded.", name);
}

static void m_load_unit(struct call *k) { return_unit(k, k->unit); }

static void m_get_unit_by_pid(struct call *k)
{
    u32 pid = get_u32(&k->in);
    unit_id id = unit_of_process((pid_t)(pid ? pid : k->c->pid));
    if (id)
        return_unit(k, id);
    else
        fail(k, "NoUnitForPID", "PID %u does not belong to any loaded unit.", pid);
}

/* ---- jobs ---------------------------------------------------------------------------------- */

/* Beside the types of jobs: reload what can be reloaded, else restart it. */
enum { RELOAD_OR_RESTART = 64, RELOAD_OR_TRY_RESTART };

static int job_type_of(u8 wish, unit_id id)
{
    if (wish == RELOAD_OR_RESTART)
        return unit_can_reload(id) ? JOB_RELOAD_OR_START : JOB_RESTART;
    if (wish == RELOAD_OR_TRY_RESTART)
        return unit_can_reload(id) ? JOB_TRY_RELOAD : JOB_TRY_RESTART;
    return wish;
}

static bool manual_ok(unit_id id, int type)
{
    bool both = type == JOB_RESTART || type == JOB_TRY_RESTART;
    bool start = both || type == JOB_START || type == JOB_RELOAD_OR_START, stop = both || type == JOB_STOP;
    return !(start && unit_int(id, D_RefuseManualStart)) && !(stop && unit_int(id, D_RefuseManualStop));
}

/* What is not there can neither be stopped nor killed. True: that was answered. */
static bool is_nothing(struct call *k)
{
    u8 load = UNIT(k->unit)->load;
    bool nothing = (load == LOAD_NOT_FOUND || load == LOAD_ERROR || load == LOAD_BAD_SETTING)
                && unit_active[k->unit] == INACTIVE;
    if (nothing)
        fail(k, "NoSuchUnit", "Unit %s not loaded.", unit_name(k->unit));
    return nothing;
}

static void m_job(struct call *k)
{
    static struct report r;
    unit_id id = k->unit;
    const char *mode_name = get_string(&k->in);
    i32 mode;
    int type = job_type_of(k->arg, id);
    if (type == JOB_STOP && is_nothing(k))
        return;
    if (name_find(enum_names(E_JOB_MODE), str_of(mode_name), &mode) < 0) {
        fail(k, INVALID, "Job mode %s invalid", mode_name);
    } else if (!manual_ok(id, type)) {
        (fail)(k, "OnlyByDependency", packed_text(TEXT_REFUSED), unit_name(id));
    } else {
        r.n = 0;
        int error = job_add(type, id, mode, &r);
        log_report(&r);
        if (error == 0)
            return_job(k, r.job_id);
        else if (r.error[0])
            fail(k, r.name ? r.name : INVALID, "%s", r.error);
        else
            fail(k, FREEDESKTOP "Failed", "%s", strerror(-error));
    }
}

/* The unit of the job that the argument numbers. 0: there is none, and that was answered. */
static unit_id job_subject(struct call *k)
{
    u32 job_id = get_u32(&k->in);
    for (UNITS(id))
        if (jobs[id].id == job_id && job_id)
            return id;
    fail(k, "NoSuchJob", "Job %u does not exist.", job_id);
    return 0;
}

static void m_get_job(struct call *k)
{
    unit_id id = job_subject(k);
    if (id)
        return_job(k, jobs[id].id);
}

static void m_cancel_job(struct call *k)
{
    unit_id id = job_subject(k);
    if (!id)
        return;
    job_finish(id, RESULT_CANCELED, true, false);
    done(k);
}

static void m_clear_jobs(struct call *k)
{
    for (UNITS(id))
        if (jobs[id].id)
            job_finish(id, RESULT_CANCELED, false, false);
    done(k);
}

/* ---- lists --------------------------------------------------------------------------------- */

static void put_job_row(struct bus_out *m, unit_id id)
{
    put_struct(m);
    put_values(m, "usss", jobs[id].id, unit_name(id), name_of(job_type_names, jobs[id].type),
               jobs[id].running ? "running" : "waiting");
    put_job_path(m, jobs[id].id);
    put_unit_path(m, id);
}

static void m_list_jobs(struct call *k)
{
    u32 token = begin_rows(k);
    for (UNITS(id))
        if (jobs[id].id)
            put_job_row(&k->out, id);
    finish_rows(k, token);
}

static void put_unit_row(struct bus_out *m, unit_id id)
{
    put_struct(m);
    put_values(m, "ssssss", unit_name(id), unit_description(id), load_state_name(id), active_name(id), substate_name(id), "");
    put_unit_path(m, id);
    put_values(m, "us", jobs[id].id, jobs[id].id ? name_of(job_type_names, jobs[id].type) : "");
    put_job_path(m, jobs[id].id);
}

/* The texts of an array of strings, matched against; empty matches all. */
struct patterns { struct bus_in in; u32 end; bool any; };

static struct patterns get_patterns(struct bus_in *in)
{
    struct patterns p = { .end = get_array(in, 4) };
    p.in = *in;
    p.any = in->at < p.end;
    in->at = in->bad ? in->at : p.end;
    return p;
}

static bool patterns_match(struct patterns p, const char *text)
{
    while (!p.in.bad && p.in.at < p.end)
        if (glob_match(get_string(&p.in), text))
            return true;
    return !p.any;
}

static bool state_matches(struct patterns states, unit_id id)
{
    return !states.any || patterns_match(states, load_state_name(id)) || patterns_match(states, substate_name(id))
        || patterns_match(states, active_name(id));
}

static bool name_matches(struct patterns names, unit_id id)
{
    if (patterns_match(names, unit_name(id)))
        return true;
    for (u32 i = 1; names.any && i < tab->names_n; i++)
        if (tab->names[i].unit == id && patterns_match(names, text_at(tab->names[i].text)))
            return true;
    return false;
}

enum { BY_STATES = 1, BY_NAMES = 2 };

static void m_list_units(struct call *k)
{
    struct patterns states = { .any = false }, names = states;
    if (k->arg & BY_STATES)
        states = get_patterns(&k->in);
    if (k->arg & BY_NAMES)
        names = get_patterns(&k->in);
    u32 token = begin_rows(k);
    for (UNITS(id))
        if (UNIT(id)->used && state_matches(states, id) && name_matches(names, id))
            put_unit_row(&k->out, id);
    finish_rows(k, token);
}

static void m_list_units_by_names(struct call *k)
{
    struct patterns names = get_patterns(&k->in);
    u32 token = begin_rows(k);
    while (!names.in.bad && names.in.at < names.end) {
        unit_id id = load_unit(get_string(&names.in));
        if (id)
            put_unit_row(&k->out, id);
    }
    finish_rows(k, token);
}

/* ---- acting on units ----------------------------------------------------------------------- */

static void m_kill(struct call *k)
{
    const char *who = get_string(&k->in);
    int sig = (int)get_u32(&k->in);
    i32 whom;
    if (is_nothing(k))
        return;
    if (name_find("all\0main\0control\0all-fail\0main-fail\0control-fail\0", str_of(who), &whom) < 0) {
        fail(k, INVALID, "Invalid who argument %s", who);
    } else if (sig <= 0 || sig > 64) {
        fail(k, INVALID, "Signal number out of range.");
    } else {
        int r = kill_unit_who(k->unit, name_of("all\0main\0control\0", whom % 3), sig);
        if (r == -ESRCH && whom)
            fail(k, "NoSuchProcess", "No %s process to kill", who);
        else if (r < 0 && r != -ESRCH)
            fail(k, FREEDESKTOP "Failed", "Failed to kill: %s", strerror(-r));
        else
            done(k);
    }
}

static void m_reset_failed_unit(struct call *k)
{
    if (is_nothing(k))
        return;
    deliver_type(k->unit, EV_RESET_FAILED);
    done(k);
}

static void m_reset_failed(struct call *k)
{
    for (UNITS(id))
        if (UNIT(id)->used)
            deliver_type(id, EV_RESET_FAILED);
    done(k);
}

/* (cgroup, pid, command line) of each process: `status` shows them as a tree. */
static void m_get_unit_processes(struct call *k)
{
    pid_t pids[] = { RT(k->unit)->main_pid, RT(k->unit)->control_pid };
    u32 token = begin_rows(k);
    for (u32 i = 0; i < LEN(pids); i++)
        if (pids[i] > 0) {
            put_struct(&k->out);
            put_values(&k->out, "sus", "", pids[i], "");
        }
    finish_rows(k, token);
}

/* ---- the manager --------------------------------------------------------------------------- */

static void m_subscribe(struct call *k)
{
    k->c->subscribed = k->arg;
    done(k);
}

/* Answered when one that begins from now on has happened (control_reloaded). */
static void m_daemon_reload(struct call *k)
{
    manager.reload_wanted = true;
    k->c->owed[0] = k->m->serial;
}

void control_reloading(void)
{
    for (u32 i = 0; i < CONNS_MAX; i++)
        if (conns[i].owed[0]) {
            conns[i].owed[1] = conns[i].owed[0];
            conns[i].owed[0] = 0;
        }
}

void control_reloaded(int error)
{
    for (u32 i = 0; i < CONNS_MAX; i++) {
        struct bus_msg m = { .serial = conns[i].owed[1] };
        struct call k = { .c = &conns[i], .m = &m, .returns = "" };
        conns[i].owed[1] = 0;
        if (k.c->fd < 0 || !m.serial)
            continue;
        if (error < 0)
            fail(&k, FREEDESKTOP "LimitsExceeded", "The units do not fit any more (see the log): nothing was changed.");
        else
            done(&k);
    }
}

static void m_get_default_target(struct call *k)
{
    BUF(name, UNIT_NAME_BYTES);
    index_build();
    int r = install_get_default(&name);
    index_drop();
    if (r < 0)
        fail(k, FREEDESKTOP "FileNotFound", "default.target does not exist or is masked");
    else
        return_string(k, buf_end(&name));
}

static void m_leave(struct call *k)
{
    if (k->arg == LEAVE_EXIT) {
        manager.exit_status = MAX(manager.exit_status, 0);
        k->arg = LEAVE_POWEROFF;
    }
    done(k);
    leave(k->arg);
}

static void m_set_exit_code(struct call *k)
{
    manager.exit_status = get_u8(&k->in);
    done(k);
}

static void m_switch_root(struct call *k)
{
    const char *root = get_string(&k->in), *init = get_string(&k->in);
    if (!path_valid(str_of(root)) || (*init && !path_valid(str_of(init)))) {
        fail(k, INVALID, "New root directory %s is not a valid path.", root);
        return;
    }
    z_copy(manager.new_root, sizeof manager.new_root, str_of(root));
    z_copy(manager.new_init, sizeof manager.new_init, str_of(init));
    m_leave(k);
}

/* ---- properties and the rest of the standard interfaces ------------------------------------ */

static bool is_manager(const struct call *k) { return STREQ(k->m->path, BUS_PATH); }

static void m_get(struct call *k)
{
    const char *iface = get_string(&k->in), *name = get_string(&k->in);
    begin(k);
    bool found = k->unit ? put_unit_property(&k->out, k->unit, iface, name)
               : is_manager(k) && put_manager_property(&k->out, name);
    if (found)
        finish(k);
    else
        fail(k, FREEDESKTOP "UnknownProperty", "Unknown interface %s or property %s.", iface, name);
}

static void m_get_all(struct call *k)
{
    const char *iface = get_string(&k->in);
    begin(k);
    if (k->unit)
        put_unit_properties(&k->out, k->unit, iface);
    else
        put_manager_properties(&k->out);
    finish(k);
}

/* ---- the methods --------------------------------------------------------------------------- */

enum iface { MANAGER, UNIT_OBJECT, PROPERTIES, PEER };
static const char *const ifaces[] = { BUS_MANAGER, BUS_NAME ".Unit", BUS_PROPERTIES, "org.freedesktop.DBus.Peer" };
/* Who may, and whether the unit that it is about is looked for first. */
enum { ANYBODY, ROOT, OF_UNIT };

#define UNIT_ROW "a(ssssssouso)"
#define METHODS(X)                                                                               \
    X(MANAGER, GetUnit, "s", "o", ANYBODY, get_unit, 0)                                          \
    X(MANAGER, LoadUnit, "s", "o", ANYBODY | OF_UNIT, load_unit, 0)                              \
    X(MANAGER, GetUnitByPID, "u", "o", ANYBODY, get_unit_by_pid, 0)                              \
    X(MANAGER, StartUnit, "ss", "o", ROOT | OF_UNIT, job, JOB_START)                             \
    X(MANAGER, StopUnit, "ss", "o", ROOT | OF_UNIT, job, JOB_STOP)                               \
    X(MANAGER, ReloadUnit, "ss", "o", ROOT | OF_UNIT, job, JOB_RELOAD)                           \
    X(MANAGER, RestartUnit, "ss", "o", ROOT | OF_UNIT, job, JOB_RESTART)                         \
    X(MANAGER, TryRestartUnit, "ss", "o", ROOT | OF_UNIT, job, JOB_TRY_RESTART)                  \
    X(MANAGER, ReloadOrRestartUnit, "ss", "o", ROOT | OF_UNIT, job, RELOAD_OR_RESTART)           \
    X(MANAGER, ReloadOrTryRestartUnit, "ss", "o", ROOT | OF_UNIT, job, RELOAD_OR_TRY_RESTART)    \
    X(MANAGER, KillUnit, "ssi", "", ROOT | OF_UNIT, kill, 0)                                     \
    X(MANAGER, ResetFailedUnit, "s", "", ROOT | OF_UNIT, reset_failed_unit, 0)                   \
    X(MANAGER, ResetFailed, "", "", ROOT, reset_failed, 0)                                       \
    X(MANAGER, ListUnits, "", UNIT_ROW, ANYBODY, list_units, 0)                                  \
    X(MANAGER, ListUnitsFiltered, "as", UNIT_ROW, ANYBODY, list_units, BY_STATES)                \
    X(MANAGER, ListUnitsByPatterns, "asas", UNIT_ROW, ANYBODY, list_units, BY_STATES | BY_NAMES) \
    X(MANAGER, ListUnitsByNames, "as", UNIT_ROW, ANYBODY, list_units_by_names, 0)                \
    X(MANAGER, ListJobs, "", "a(usssoo)", ANYBODY, list_jobs, 0)                                 \
    X(MANAGER, GetJob, "u", "o", ANYBODY, get_job, 0)                                            \
    X(MANAGER, CancelJob, "u", "", ROOT, cancel_job, 0)                                          \
    X(MANAGER, ClearJobs, "", "", ROOT, clear_jobs, 0)                                           \
    X(MANAGER, GetUnitProcesses, "s", "a(sus)", ANYBODY | OF_UNIT, get_unit_processes, 0)        \
    X(MANAGER, Subscribe, "", "", ANYBODY, subscribe, true)                                      \
    X(MANAGER, Unsubscribe, "", "", ANYBODY, subscribe, false)                                   \
    X(MANAGER, Reload, "", "", ROOT, daemon_reload, 0)                                           \
    X(MANAGER, GetDefaultTarget, "", "s", ANYBODY, get_default_target, 0)                        \
    X(MANAGER, PowerOff, "", "", ROOT, leave, LEAVE_POWEROFF)                                    \
    X(MANAGER, Reboot, "", "", ROOT, leave, LEAVE_REBOOT)                                        \
    X(MANAGER, Halt, "", "", ROOT, leave, LEAVE_HALT)                                            \
    X(MANAGER, KExec, "", "", ROOT, leave, LEAVE_KEXEC)                                          \
    X(MANAGER, Exit, "", "", ROOT, leave, LEAVE_EXIT)                                            \
    X(MANAGER, SetExitCode, "y", "", ROOT, set_exit_code, 0)                                     \
    X(MANAGER, SwitchRoot, "ss", "", ROOT, switch_root, LEAVE_SWITCH_ROOT)                       \
    X(UNIT_OBJECT, Start, "s", "o", ROOT | OF_UNIT, job, JOB_START)                              \
    X(UNIT_OBJECT, Stop, "s", "o", ROOT | OF_UNIT, job, JOB_STOP)                                \
    X(UNIT_OBJECT, Reload, "s", "o", ROOT | OF_UNIT, job, JOB_RELOAD)                            \
    X(UNIT_OBJECT, Restart, "s", "o", ROOT | OF_UNIT, job, JOB_RESTART)                          \
    X(UNIT_OBJECT, TryRestart, "s", "o", ROOT | OF_UNIT, job, JOB_TRY_RESTART)                   \
    X(UNIT_OBJECT, ReloadOrRestart, "s", "o", ROOT | OF_UNIT, job, RELOAD_OR_RESTART)            \
    X(UNIT_OBJECT, ReloadOrTryRestart, "s", "o", ROOT | OF_UNIT, job, RELOAD_OR_TRY_RESTART)     \
    X(UNIT_OBJECT, Kill, "si", "", ROOT | OF_UNIT, kill, 0)                                      \
    X(UNIT_OBJECT, ResetFailed, "", "", ROOT | OF_UNIT, reset_failed_unit, 0)                    \
    X(PROPERTIES, Get, "ss", "v", ANYBODY, get, 0)                                               \
    X(PROPERTIES, GetAll, "s", "a{sv}", ANYBODY, get_all, 0)                                     \
    X(PEER, Ping, "", "", ANYBODY, done_, 0)

static void m_done_(struct call *k) { done(k); }

/* What the methods do, each once: a row above says which by its number. */
#define VERBS(X)                                                                                          \
    X(get_unit) X(load_unit) X(get_unit_by_pid) X(job) X(kill) X(reset_failed_unit) X(reset_failed)       \
    X(list_units) X(list_units_by_names) X(list_jobs) X(get_job) X(cancel_job) X(clear_jobs)              \
    X(get_unit_processes) X(subscribe) X(daemon_reload) X(get_default_target) X(leave) X(set_exit_code)   \
    X(switch_root) X(get) X(get_all) X(done_)
enum verb {
#define X(fn) VERB_##fn,
    VERBS(X)
#undef X
};
static void (*const verbs[])(struct call *k) = {
#define X(fn) m_##fn,
    VERBS(X)
#undef X
};

struct method { u8 verb, iface, who, arg; };
static const struct method methods[] = {
#define X(iface, name, in, out, who, fn, arg) { VERB_##fn, iface, who, arg },
    METHODS(X)
#undef X
};
/* Of each row: its name, what it takes, what it returns. */
static const char method_texts[] =
#define X(iface, name, in, out, ...) #name "\0" in "\0" out "\0"
    METHODS(X)
#undef X
    ;

/* ---- a call -------------------------------------------------------------------------------- */

/* *name and *takes become the texts of its row; k learns the others. */
static const struct method *find_method(struct call *k, const char **takes)
{
    const char *name = method_texts;
    for (const struct method *m = methods; m < methods + LEN(methods); m++) {
        *takes = name + strlen(name) + 1;
        k->returns = *takes + strlen(*takes) + 1;
        k->arg = m->arg;
        if (STREQ(name, k->m->member) && (!*k->m->iface || STREQ(ifaces[m->iface], k->m->iface)))
            return m;
        name = k->returns + strlen(k->returns) + 1;
    }
    return NULL;
}

/* Is there an object of this path, and does it have this interface? */
static bool resolve_object(struct call *k, u8 iface)
{
    BUF(name, UNIT_NAME_BYTES);
    if (is_manager(k) || STREQ(k->m->path, "/"))
        return iface != UNIT_OBJECT;
    if (iface == MANAGER || !bus_path_to(k->m->path, BUS_PATH "/unit/", &name) || !usable(buf_end(&name)))
        return false;
    k->unit = load_unit(name.p);
    return k->unit != 0;
}

static void handle(struct conn *c, const struct bus_msg *m)
{
    struct call k = { .c = c, .m = m, .in = m->body };
    const char *takes;
    if (m->type != MSG_CALL)
        return;
    const struct method *method = find_method(&k, &takes);
    if (!method) {
        fail(&k, FREEDESKTOP "UnknownMethod", "Unknown method %s or interface %s.", m->member, m->iface);
    } else if (!resolve_object(&k, method->iface)) {
        fail(&k, FREEDESKTOP "UnknownObject", "Unknown object '%s'.", m->path);
    } else if (!STREQ(m->signature, takes)) {
        fail(&k, INVALID, "Invalid arguments '%s' to call %s.%s(), expecting '%s'.", m->signature, ifaces[method->iface],
             m->member, takes);
    } else if (method->who & ROOT && c->uid != 0) {
        fail(&k, FREEDESKTOP "AccessDenied", "Access denied: %s() is for root only, and you are uid %u.", m->member, c->uid);
    } else {
        if (!(method->who & OF_UNIT) || find_subject(&k))
            verbs[method->verb](&k);
        /* What could not be read was read as 0 and "": the message was broken. */
        if (k.in.bad)
            c->closing = true;
    }
}

void control_ready(u16 slot, u32 events)
{
    struct conn *c = &conns[slot];
    if (events & EPOLLOUT)
        conn_writable(c);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !c->closing)
        conn_readable(c, handle);
    if (c->closing)
        conn_close(c);
}

void control_accept(void)
{
    int r = 0;
    for (u32 i = 0; i < CONNS_MAX && r >= 0; i++)
        r = conn_accept(control_fd);
}

/* ---- signals ------------------------------------------------------------------------------- */

static bool anyone_subscribed(void)
{
    for (u32 i = 0; i < CONNS_MAX; i++)
        if (conns[i].fd >= 0 && conns[i].subscribed)
            return true;
    return false;
}

static struct bus_out signal_begin(const char *path, const char *iface, const char *member, const char *signature)
{
    struct bus_out m = conn_message_begin();
    out_signal(&m, ++serial, path, iface, member, signature);
    return m;
}

static void signal_send(struct bus_out *m)
{
    if (out_end(m))
        for (u32 i = 0; i < CONNS_MAX; i++)
            if (conns[i].fd >= 0 && conns[i].subscribed)
                conn_send(&conns[i], m->b.p, m->b.n);
}

/* `systemctl start` waits for it. */
void control_job_removed(const struct finished *f)
{
    bool restart_goes_on = f->type == JOB_RESTART && f->result == RESULT_DONE;
    if (restart_goes_on || !anyone_subscribed())
        return;
    struct bus_out m = signal_begin(BUS_PATH, BUS_MANAGER, "JobRemoved", "uoss");
    put_u32(&m, f->id);
    put_job_path(&m, f->id);
    put_values(&m, "ss", unit_name(f->unit), name_of(job_result_names, f->result));
    signal_send(&m);
}

/* `systemctl start --wait` waits for it. */
void control_unit_changed(unit_id id)
{
    BUF(path, 512);
    if (!anyone_subscribed())
        return;
    unit_object_path(id, &path);
    struct bus_out m = signal_begin(path.p, BUS_PROPERTIES, "PropertiesChanged", "sa{sv}as");
    put_string(&m, ifaces[UNIT_OBJECT]);
    u32 token = array_open(&m, 8);
    for (EACH(told, "ActiveState\0SubState\0Job\0")) {
        put_struct(&m);
        put_string(&m, told);
        put_unit_property(&m, id, ifaces[UNIT_OBJECT], told);
    }
    array_close(&m, token, 8);
    array_close(&m, array_open(&m, 4), 4);
    signal_send(&m);
}

/* `systemctl is-system-running --wait` waits for it. */
void control_startup_finished(void)
{
    usec userspace = manager.finished_at - manager.userspace_at;
    struct bus_out m = signal_begin(BUS_PATH, BUS_MANAGER, "StartupFinished", "tttttt");
    put_values(&m, "tttttt", (usec)0, (usec)0, manager.userspace_at, (usec)0, userspace, manager.finished_at);
    signal_send(&m);
}

void control_flush(void)
{
    for (u32 i = 0; i < CONNS_MAX; i++)
        if (conns[i].fd >= 0 && conns[i].closing)
            conn_close(&conns[i]);
}
