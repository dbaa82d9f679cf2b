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
    unit_id unit;                        /* of the object path, or 0 */
};

typedef void method_fn(struct call *k);
struct method { const char *iface, *name, *in, *out; bool changes; method_fn *fn; };

static void begin(struct call *k, const char *signature)
{
    k->out = conn_message_begin();
    out_return(&k->out, ++k->c->serial, k->m->serial, signature);
}

static void finish(struct call *k)
{
    if (k->m->flags & FLAG_NO_REPLY)
        return;
    if (!out_end(&k->out)) {
        k->out = conn_message_begin();
        out_error(&k->out, ++k->c->serial, k->m->serial, "org.freedesktop.DBus.Error.LimitsExceeded",
                  "Limit MESSAGE_OUT_BYTES reached (limits.h).");
        out_end(&k->out);
    }
    conn_send(k->c, k->out.b.p, k->out.b.n);
    conn_message_done(k->out.b.n);
}

static void fail(struct call *k, const char *name, const char *fmt, ...) PRINTF(3, 4);
static void fail(struct call *k, const char *name, const char *fmt, ...)
{
    BUF(text, 768);
    BUF(full, 128);
    va_list ap;
    va_start(ap, fmt);
    buf_vfmt(&text, fmt, ap);
    va_end(ap);
    buf_fmt(&full, "%s%s", strchr(name, '.') ? "" : BUS_NAME ".", name);
    k->out = conn_message_begin();
    out_error(&k->out, ++k->c->serial, k->m->serial, buf_end(&full), buf_end(&text));
    finish(k);
}

#define INVALID "org.freedesktop.DBus.Error.InvalidArgs"

static void done(struct call *k)
{
    begin(k, "");
    finish(k);
}

static void return_path(struct call *k, const char *path)
{
    begin(k, "o");
    put_string(&k->out, path);
    finish(k);
}

static void fail_by_report(struct call *k, const struct report *r, int error)
{
    if (r->error[0])
        fail(k, r->name ? r->name : INVALID, "%s", r->error);
    else
        fail(k, "org.freedesktop.DBus.Error.Failed", "%s", strerror(-error));
}

/* ---- units by name ------------------------------------------------------------------------- */

static unit_id unit_by_name(struct call *k, const char *name)
{
    if (!unit_name_valid(str_of(name)) || unit_name_is_template(str_of(name))) {
        fail(k, INVALID, "Unit name %s is not valid.", name);
        return 0;
    }
    unit_id id = load_unit(name);
    if (!id)
        fail(k, "org.freedesktop.DBus.Error.LimitsExceeded", "Limit UNITS_MAX reached (limits.h).");
    return id;
}

static void m_get_unit(struct call *k)
{
    const char *name = get_string(&k->in);
    unit_id id = unit_find(str_of(name));
    BUF(path, 512);
    if (!id) {
        fail(k, "NoSuchUnit", "Unit %s not loaded.", name);
        return;
    }
    unit_object_path(id, &path);
    return_path(k, path.p);
}

static void m_load_unit(struct call *k)
{
    unit_id id = unit_by_name(k, get_string(&k->in));
    BUF(path, 512);
    if (!id)
        return;
    unit_object_path(id, &path);
    return_path(k, path.p);
}

static void m_get_unit_by_pid(struct call *k)
{
    u32 pid = get_u32(&k->in);
    unit_id id = unit_of_process((pid_t)(pid ? pid : k->c->pid));
    BUF(path, 512);
    if (!id) {
        fail(k, "NoUnitForPID", "PID %u does not belong to any loaded unit.", pid);
        return;
    }
    unit_object_path(id, &path);
    return_path(k, path.p);
}

/* ---- jobs ---------------------------------------------------------------------------------- */

static bool manual_ok(struct call *k, unit_id id, int type)
{
    bool start = type == JOB_START || type == JOB_RESTART || type == JOB_TRY_RESTART || type == JOB_RELOAD_OR_START;
    bool stop = type == JOB_STOP || type == JOB_RESTART || type == JOB_TRY_RESTART;
    if ((start && unit_int(id, D_RefuseManualStart)) || (stop && unit_int(id, D_RefuseManualStop))) {
        fail(k, "OnlyByDependency", "Operation refused, unit %s may be requested by dependency only "
             "(it is configured to refuse manual start/stop).", unit_name(id));
        return false;
    }
    return true;
}

static void add_job(struct call *k, unit_id id, int type, const char *mode_name)
{
    static struct report r;
    BUF(path, 64);
    i32 mode;
    if (name_find(enum_tables[E_JOB_MODE], str_of(mode_name), &mode) < 0) {
        fail(k, INVALID, "Job mode %s invalid", mode_name);
        return;
    }
    if (!manual_ok(k, id, type))
        return;
    r.n = 0;
    int error = job_add(type, id, mode, &r);
    log_report(&r);
    if (error < 0) {
        fail_by_report(k, &r, error);
        return;
    }
    job_object_path(r.job_id, &path);
    return_path(k, path.p);
}

static void by_name(struct call *k, int type)
{
    const char *name = get_string(&k->in), *mode = get_string(&k->in);
    unit_id id = unit_by_name(k, name);
    if (id)
        add_job(k, id, type, mode);
}

static int reload_type(unit_id id, bool only_running)
{
    if (unit_can_reload(id))
        return only_running ? JOB_TRY_RELOAD : JOB_RELOAD_OR_START;
    return only_running ? JOB_TRY_RESTART : JOB_RESTART;
}

static void by_name_reload(struct call *k, bool only_running)
{
    const char *name = get_string(&k->in), *mode = get_string(&k->in);
    unit_id id = unit_by_name(k, name);
    if (id)
        add_job(k, id, reload_type(id, only_running), mode);
}

static void m_start(struct call *k) { by_name(k, JOB_START); }
static void m_stop(struct call *k) { by_name(k, JOB_STOP); }
static void m_restart(struct call *k) { by_name(k, JOB_RESTART); }
static void m_try_restart(struct call *k) { by_name(k, JOB_TRY_RESTART); }
static void m_reload(struct call *k) { by_name(k, JOB_RELOAD); }
static void m_reload_or_restart(struct call *k) { by_name_reload(k, false); }
static void m_reload_or_try_restart(struct call *k) { by_name_reload(k, true); }

static void u_start(struct call *k) { add_job(k, k->unit, JOB_START, get_string(&k->in)); }
static void u_stop(struct call *k) { add_job(k, k->unit, JOB_STOP, get_string(&k->in)); }
static void u_restart(struct call *k) { add_job(k, k->unit, JOB_RESTART, get_string(&k->in)); }
static void u_try_restart(struct call *k) { add_job(k, k->unit, JOB_TRY_RESTART, get_string(&k->in)); }
static void u_reload(struct call *k) { add_job(k, k->unit, JOB_RELOAD, get_string(&k->in)); }

static unit_id unit_of_job(u32 job_id)
{
    for (UNITS(id))
        if (jobs[id].id == job_id && job_id)
            return id;
    return 0;
}

static void m_get_job(struct call *k)
{
    u32 job_id = get_u32(&k->in);
    BUF(path, 64);
    if (!unit_of_job(job_id)) {
        fail(k, "NoSuchJob", "Job %u does not exist.", job_id);
        return;
    }
    job_object_path(job_id, &path);
    return_path(k, path.p);
}

static void m_cancel_job(struct call *k)
{
    u32 job_id = get_u32(&k->in);
    unit_id id = unit_of_job(job_id);
    if (!id) {
        fail(k, "NoSuchJob", "Job %u does not exist.", job_id);
        return;
    }
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

static void put_job_row(struct bus_out *m, unit_id id)
{
    BUF(job, 64);
    BUF(unit, 512);
    job_object_path(jobs[id].id, &job);
    unit_object_path(id, &unit);
    put_struct(m);
    put_u32(m, jobs[id].id);
    put_string(m, unit_name(id));
    put_string(m, name_of(job_type_names, jobs[id].type));
    put_string(m, jobs[id].running ? "running" : "waiting");
    put_string(m, job.p);
    put_string(m, unit.p);
}

static void m_list_jobs(struct call *k)
{
    begin(k, "a(usssoo)");
    u32 token = array_open(&k->out, 8);
    for (UNITS(id))
        if (jobs[id].id)
            put_job_row(&k->out, id);
    array_close(&k->out, token, 8);
    finish(k);
}

/* ---- lists --------------------------------------------------------------------------------- */

static void put_unit_row(struct bus_out *m, unit_id id)
{
    BUF(unit, 512);
    BUF(job, 64);
    const char *description = unit_text(id, D_Description);
    unit_object_path(id, &unit);
    job_object_path(jobs[id].id, &job);
    put_struct(m);
    put_string(m, unit_name(id));
    put_string(m, description ? description : unit_name(id));
    put_string(m, load_state_name(id));
    put_string(m, name_of(active_names, unit_active[id]));
    put_string(m, substate_name(id));
    put_string(m, "");
    put_string(m, unit.p);
    put_u32(m, jobs[id].id);
    put_string(m, jobs[id].id ? name_of(job_type_names, jobs[id].type) : "");
    put_string(m, job.p);
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
        || patterns_match(states, name_of(active_names, unit_active[id]));
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

static void list_units(struct call *k, struct patterns states, struct patterns names)
{
    begin(k, "a(ssssssouso)");
    u32 token = array_open(&k->out, 8);
    for (UNITS(id))
        if (UNIT(id)->used && state_matches(states, id) && name_matches(names, id))
            put_unit_row(&k->out, id);
    array_close(&k->out, token, 8);
    finish(k);
}

static void m_list_units(struct call *k)
{
    struct patterns all = { .any = false };
    list_units(k, all, all);
}

static void m_list_units_filtered(struct call *k)
{
    struct patterns states = get_patterns(&k->in), all = { .any = false };
    list_units(k, states, all);
}

static void m_list_units_by_patterns(struct call *k)
{
    struct patterns states = get_patterns(&k->in), names = get_patterns(&k->in);
    list_units(k, states, names);
}

static void m_list_units_by_names(struct call *k)
{
    struct patterns names = get_patterns(&k->in);
    struct bus_in in = names.in;
    while (!in.bad && in.at < names.end)
        (void)load_unit(get_string(&in));
    begin(k, "a(ssssssouso)");
    u32 token = array_open(&k->out, 8);
    while (!names.in.bad && names.in.at < names.end) {
        unit_id id = unit_find(str_of(get_string(&names.in)));
        if (id)
            put_unit_row(&k->out, id);
    }
    array_close(&k->out, token, 8);
    finish(k);
}

/* ---- acting on units ----------------------------------------------------------------------- */

static void kill_unit_call(struct call *k, unit_id id, const char *who, int sig)
{
    if (!STREQ(who, "all") && !STREQ(who, "main") && !STREQ(who, "control")) {
        fail(k, INVALID, "Invalid who argument %s", who);
        return;
    }
    if (sig <= 0 || sig > 64) {
        fail(k, INVALID, "Signal number out of range.");
        return;
    }
    int r = kill_unit_who(id, who, sig);
    if (r == -ESRCH)
        fail(k, "NoSuchProcess", "No %s process to kill", STREQ(who, "all") ? "" : who);
    else if (r < 0)
        fail(k, "org.freedesktop.DBus.Error.Failed", "Failed to kill: %s", strerror(-r));
    else
        done(k);
}

static void m_kill(struct call *k)
{
    const char *name = get_string(&k->in), *who = get_string(&k->in);
    int sig = (int)get_u32(&k->in);
    unit_id id = unit_by_name(k, name);
    if (id)
        kill_unit_call(k, id, who, sig);
}

static void u_kill(struct call *k)
{
    const char *who = get_string(&k->in);
    kill_unit_call(k, k->unit, who, (int)get_u32(&k->in));
}

static void m_reset_failed_unit(struct call *k)
{
    unit_id id = unit_by_name(k, get_string(&k->in));
    if (!id)
        return;
    deliver_type(id, EV_RESET_FAILED);
    done(k);
}

static void u_reset_failed(struct call *k)
{
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
    unit_id id = unit_by_name(k, get_string(&k->in));
    if (!id)
        return;
    struct runtime *rt = RT(id);
    pid_t pids[] = { rt->main_pid, rt->control_pid };
    begin(k, "a(sus)");
    u32 token = array_open(&k->out, 8);
    for (u32 i = 0; i < LEN(pids); i++)
        if (pids[i] > 0) {
            put_struct(&k->out);
            put_string(&k->out, "");
            put_u32(&k->out, (u32)pids[i]);
            put_string(&k->out, "");
        }
    array_close(&k->out, token, 8);
    finish(k);
}

/* ---- the manager --------------------------------------------------------------------------- */

static void m_subscribe(struct call *k)
{
    k->c->subscribed = true;
    done(k);
}

static void m_unsubscribe(struct call *k)
{
    k->c->subscribed = false;
    done(k);
}

/* Answered when it has happened (control_reloaded). */
static void m_daemon_reload(struct call *k)
{
    manager.reload_wanted = true;
    manager.reload_asked_by = (u32)(k->c - conns) + 1;
    manager.reload_serial = k->m->serial;
}

void control_reloaded(int error)
{
    if (!manager.reload_asked_by)
        return;
    struct bus_msg m = { .serial = manager.reload_serial };
    struct call k = { .c = &conns[manager.reload_asked_by - 1], .m = &m };
    manager.reload_asked_by = 0;
    if (k.c->fd < 0)
        return;
    if (error < 0)
        fail(&k, "org.freedesktop.DBus.Error.LimitsExceeded", "The units do not fit any more (see the log): nothing was changed.");
    else
        done(&k);
}

static void m_get_default_target(struct call *k)
{
    BUF(name, UNIT_NAME_BYTES);
    index_build();
    int r = install_get_default(&name);
    index_drop();
    if (r < 0) {
        fail(k, "org.freedesktop.DBus.Error.FileNotFound", "default.target does not exist or is masked");
        return;
    }
    begin(k, "s");
    put_string(&k->out, buf_end(&name));
    finish(k);
}

static void leave_by_call(struct call *k, enum objective o)
{
    done(k);
    leave(o);
}
static void m_poweroff(struct call *k) { leave_by_call(k, LEAVE_POWEROFF); }
static void m_reboot(struct call *k) { leave_by_call(k, LEAVE_REBOOT); }
static void m_halt(struct call *k) { leave_by_call(k, LEAVE_HALT); }
static void m_kexec(struct call *k) { leave_by_call(k, LEAVE_KEXEC); }

static void m_exit(struct call *k)
{
    manager.exit_status = MAX(manager.exit_status, 0);
    leave_by_call(k, LEAVE_POWEROFF);
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
    leave_by_call(k, LEAVE_SWITCH_ROOT);
}

/* ---- properties and the rest of the standard interfaces ------------------------------------ */

static bool is_manager(const struct call *k) { return STREQ(k->m->path, BUS_PATH); }

static void p_get(struct call *k)
{
    const char *iface = get_string(&k->in), *name = get_string(&k->in);
    begin(k, "v");
    bool found = k->unit ? put_unit_property(&k->out, k->unit, iface, name)
               : is_manager(k) && put_manager_property(&k->out, name);
    if (found)
        finish(k);
    else
        fail(k, "org.freedesktop.DBus.Error.UnknownProperty", "Unknown interface %s or property %s.", iface, name);
}

static void p_get_all(struct call *k)
{
    const char *iface = get_string(&k->in);
    begin(k, "a{sv}");
    if (k->unit)
        put_unit_properties(&k->out, k->unit, iface);
    else
        put_manager_properties(&k->out);
    finish(k);
}

static void p_ping(struct call *k) { done(k); }

#define MANAGER BUS_MANAGER
#define UNIT_IFACE BUS_NAME ".Unit"

static const struct method methods[] = {
    { MANAGER, "GetUnit", "s", "o", false, m_get_unit },
    { MANAGER, "LoadUnit", "s", "o", false, m_load_unit },
    { MANAGER, "GetUnitByPID", "u", "o", false, m_get_unit_by_pid },
    { MANAGER, "StartUnit", "ss", "o", true, m_start },
    { MANAGER, "StopUnit", "ss", "o", true, m_stop },
    { MANAGER, "ReloadUnit", "ss", "o", true, m_reload },
    { MANAGER, "RestartUnit", "ss", "o", true, m_restart },
    { MANAGER, "TryRestartUnit", "ss", "o", true, m_try_restart },
    { MANAGER, "ReloadOrRestartUnit", "ss", "o", true, m_reload_or_restart },
    { MANAGER, "ReloadOrTryRestartUnit", "ss", "o", true, m_reload_or_try_restart },
    { MANAGER, "KillUnit", "ssi", "", true, m_kill },
    { MANAGER, "ResetFailedUnit", "s", "", true, m_reset_failed_unit },
    { MANAGER, "ResetFailed", "", "", true, m_reset_failed },
    { MANAGER, "ListUnits", "", "a(ssssssouso)", false, m_list_units },
    { MANAGER, "ListUnitsFiltered", "as", "a(ssssssouso)", false, m_list_units_filtered },
    { MANAGER, "ListUnitsByPatterns", "asas", "a(ssssssouso)", false, m_list_units_by_patterns },
    { MANAGER, "ListUnitsByNames", "as", "a(ssssssouso)", false, m_list_units_by_names },
    { MANAGER, "ListJobs", "", "a(usssoo)", false, m_list_jobs },
    { MANAGER, "GetJob", "u", "o", false, m_get_job },
    { MANAGER, "CancelJob", "u", "", true, m_cancel_job },
    { MANAGER, "ClearJobs", "", "", true, m_clear_jobs },
    { MANAGER, "GetUnitProcesses", "s", "a(sus)", false, m_get_unit_processes },
    { MANAGER, "Subscribe", "", "", false, m_subscribe },
    { MANAGER, "Unsubscribe", "", "", false, m_unsubscribe },
    { MANAGER, "Reload", "", "", true, m_daemon_reload },
    { MANAGER, "GetDefaultTarget", "", "s", false, m_get_default_target },
    { MANAGER, "PowerOff", "", "", true, m_poweroff },
    { MANAGER, "Reboot", "", "", true, m_reboot },
    { MANAGER, "Halt", "", "", true, m_halt },
    { MANAGER, "KExec", "", "", true, m_kexec },
    { MANAGER, "Exit", "", "", true, m_exit },
    { MANAGER, "SetExitCode", "y", "", true, m_set_exit_code },
    { MANAGER, "SwitchRoot", "ss", "", true, m_switch_root },
    { UNIT_IFACE, "Start", "s", "o", true, u_start },
    { UNIT_IFACE, "Stop", "s", "o", true, u_stop },
    { UNIT_IFACE, "Reload", "s", "o", true, u_reload },
    { UNIT_IFACE, "Restart", "s", "o", true, u_restart },
    { UNIT_IFACE, "TryRestart", "s", "o", true, u_try_restart },
    { UNIT_IFACE, "Kill", "si", "", true, u_kill },
    { UNIT_IFACE, "ResetFailed", "", "", true, u_reset_failed },
    { BUS_PROPERTIES, "Get", "ss", "v", false, p_get },
    { BUS_PROPERTIES, "GetAll", "s", "a{sv}", false, p_get_all },
    { "org.freedesktop.DBus.Peer", "Ping", "", "", false, p_ping },
};

/* ---- a call -------------------------------------------------------------------------------- */

static const struct method *find_method(const struct bus_msg *m)
{
    for (u32 i = 0; i < LEN(methods); i++)
        if (STREQ(methods[i].name, m->member) && (!*m->iface || STREQ(methods[i].iface, m->iface)))
            return &methods[i];
    return NULL;
}

/* The unit an object path names. False: there is no such object. */
static bool resolve_object(struct call *k)
{
    BUF(name, UNIT_NAME_BYTES);
    if (is_manager(k) || STREQ(k->m->path, "/"))
        return true;
    if (!bus_path_to(k->m->path, BUS_PATH "/unit/", &name))
        return false;
    struct str s = { name.p, name.n };
    buf_end(&name);
    if (!unit_name_valid(s) || unit_name_is_template(s))
        return false;
    k->unit = load_unit(name.p);
    return k->unit != 0;
}

static void handle(struct conn *c, const struct bus_msg *m)
{
    struct call k = { .c = c, .m = m, .in = m->body };
    if (m->type != MSG_CALL)
        return;
    const struct method *method = find_method(m);
    if (!method) {
        fail(&k, "org.freedesktop.DBus.Error.UnknownMethod", "Unknown method %s or interface %s.", m->member, m->iface);
    } else if (!resolve_object(&k) || (!k.unit && STREQ(method->iface, UNIT_IFACE))) {
        fail(&k, "org.freedesktop.DBus.Error.UnknownObject", "Unknown object '%s'.", m->path);
    } else if (!STREQ(m->signature, method->in)) {
        fail(&k, INVALID, "Invalid arguments '%s' to call %s.%s(), expecting '%s'.", m->signature, method->iface,
             method->name, method->in);
    } else if (method->changes && c->uid != 0) {
        fail(&k, "org.freedesktop.DBus.Error.AccessDenied", "Access denied: %s() is for root only, and you are uid %u.",
             method->name, c->uid);
    } else {
        method->fn(&k);
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

/* JobRemoved to everybody who asked: `systemctl start` waits for it. */
void control_announce(const struct finished *f)
{
    BUF(path, 64);
    bool restart_goes_on = f->type == JOB_RESTART && f->result == RESULT_DONE;
    if (restart_goes_on)
        return;
    job_object_path(f->id, &path);
    for (u32 i = 0; i < CONNS_MAX; i++) {
        struct conn *c = &conns[i];
        if (c->fd < 0 || !c->subscribed)
            continue;
        struct bus_out m = conn_message_begin();
        out_signal(&m, ++c->serial, BUS_PATH, BUS_MANAGER, "JobRemoved", "uoss");
        put_u32(&m, f->id);
        put_string(&m, path.p);
        put_string(&m, unit_name(f->unit));
        put_string(&m, name_of(job_result_names, f->result));
        if (out_end(&m))
            conn_send(c, m.b.p, m.b.n);
    }
}

void control_flush(void)
{
    for (u32 i = 0; i < CONNS_MAX; i++)
        if (conns[i].fd >= 0 && conns[i].closing)
            conn_close(&conns[i]);
}
