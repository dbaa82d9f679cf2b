/* SPDX-License-Identifier: 0BSD
 *
 * Properties of org.freedesktop.systemd1 objects, with systemd's names and types: what the runtime
 * knows as one line a property, all that files set from the directive table. Reads settled state. */
#include "run.h"

/* One walk writes all properties, or the one that is wanted. */
struct props { struct bus_out *m; const char *want; bool found; };

/* True: the value of this property is to be written now. */
static bool prop(struct props *p, const char *name, const char *signature)
{
    if (p->want && !STREQ(p->want, name))
        return false;
    p->found = true;
    if (!p->want) {
        put_struct(p->m);
        put_string(p->m, name);
    }
    put_variant(p->m, signature);
    return true;
}

static void prop_string(struct props *p, const char *name, const char *v) { if (prop(p, name, "s")) put_string(p->m, v ? v : ""); }
static void prop_bool(struct props *p, const char *name, bool v) { if (prop(p, name, "b")) put_bool(p->m, v); }
static void prop_u32(struct props *p, const char *name, u32 v) { if (prop(p, name, "u")) put_u32(p->m, v); }
static void prop_i32(struct props *p, const char *name, i32 v) { if (prop(p, name, "i")) put_u32(p->m, (u32)v); }
static void prop_u64(struct props *p, const char *name, u64 v) { if (prop(p, name, "t")) put_u64(p->m, v); }

/* A moment, as realtime and as monotonic time. The realtime is told by today's clock: a moment before
 * the clock was set is then right too. 0: never. */
static void prop_time(struct props *p, const char *name, usec at)
{
    BUF(full, 64);
    usec offset = sys_now_real() - sys_now();
    prop_u64(p, name, at ? at + offset : 0);
    buf_fmt(&full, "%sMonotonic", name);
    prop_u64(p, buf_end(&full), at);
}

/* ---- paths --------------------------------------------------------------------------------- */

void unit_object_path(unit_id id, struct buf *out)
{
    bus_path_of(BUS_PATH "/unit/", str_of(unit_name(id)), out);
    buf_end(out);
}

void job_object_path(u32 job_id, struct buf *out)
{
    if (job_id)
        buf_fmt(out, BUS_PATH "/job/%u", job_id);
    else
        buf_c(out, '/');
    buf_end(out);
}

/* ---- lists --------------------------------------------------------------------------------- */

static void put_edges(struct bus_out *m, unit_id id, u32 kind, bool inverse)
{
    u32 token = array_open(m, 4);
    for (u32 e = inverse ? UNIT(id)->in : UNIT(id)->out; e; e = inverse ? tab->edges[e].next_in : tab->edges[e].next_out)
        if (tab->edges[e].kinds & kind)
            put_string(m, unit_name(inverse ? tab->edges[e].from : tab->edges[e].to));
    array_close(m, token, 4);
}

static void put_names(struct bus_out *m, unit_id id)
{
    u32 token = array_open(m, 4);
    for (u32 i = 1; i < tab->names_n; i++)
        if (tab->names[i].unit == id)
            put_string(m, text_at(tab->names[i].text));
    array_close(m, token, 4);
}

static void put_items(struct bus_out *m, unit_id id, u32 directive)
{
    u32 token = array_open(m, 4);
    for (const struct setting *s = NULL; (s = setting_find(id, directive, s));)
        put_string(m, text_at(s->w[0]));
    array_close(m, token, 4);
}

/* (type, trigger, negate, parameter, result) each. */
static void put_conditions(struct bus_out *m, unit_id id, bool asserts)
{
    struct runtime *rt = RT(id);
    u32 token = array_open(m, 8);
    for (const struct setting *s = NULL; (s = setting_next(id, s));) {
        if (s->id >= DIRECTIVES || setters[directives[s->id].setter].value != V_CONDITION
            || asserts != !!(s->w[0] & COND_ASSERT))
            continue;
        put_struct(m);
        put_string(m, directive_name(&directives[s->id]));
        put_bool(m, s->w[0] & COND_TRIGGER);
        put_bool(m, s->w[0] & COND_NEGATE);
        put_string(m, text_at(s->w[1]));
        put_u32(m, !rt->condition_at ? 0 : (asserts ? rt->assert_ok : rt->condition_ok) ? 1 : (u32)-1);
    }
    array_close(m, token, 8);
}

/* ---- values from the directive table ------------------------------------------------------- */

/* How one process of a command line went, if it was the last main or control process. */
static void put_command(struct bus_out *m, unit_id id, u32 directive, u32 n, const struct setting *s)
{
    struct runtime *rt = RT(id);
    bool main = directive == D_ExecStart && n == rt->main_n && rt->main.pid;
    const struct ran *ran = main ? &rt->main : NULL;
    usec offset = sys_now_real() - sys_now();
    put_struct(m);
    put_string(m, text_at(s->w[1]));
    u32 argv = array_open(m, 4);
    for (u32 i = 0; i < s->w[2]; i++)
        put_string(m, text_at(s->w[3 + i]));
    array_close(m, argv, 4);
    put_bool(m, s->w[0] & EXEC_IGNORE_FAILURE);
    put_u64(m, ran && ran->started ? ran->started + offset : 0);
    put_u64(m, ran ? ran->started : 0);
    put_u64(m, ran && ran->exited ? ran->exited + offset : 0);
    put_u64(m, ran ? ran->exited : 0);
    put_u32(m, ran ? (u32)ran->pid : 0);
    put_u32(m, ran ? (u32)ran->code : 0);
    put_u32(m, ran ? (u32)ran->status : 0);
}

static void put_commands(struct bus_out *m, unit_id id, u32 directive)
{
    u32 token = array_open(m, 8), n = 0;
    for (const struct setting *s = NULL; (s = setting_find(id, directive, s)); n++)
        put_command(m, id, directive, n, s);
    array_close(m, token, 8);
}

/* (exit statuses, signals) */
static void put_status_set(struct bus_out *m, unit_id id, u32 directive)
{
    put_struct(m);
    for (u32 part = 0; part < 2; part++) {
        u32 token = array_open(m, 4);
        for (const struct setting *s = NULL; (s = setting_find(id, directive, s));)
            if ((s->w[0] >= 256) == part)
                put_u32(m, s->w[0] - 256 * part);
        array_close(m, token, 4);
    }
}

static void put_env_files(struct bus_out *m, unit_id id)
{
    u32 token = array_open(m, 8);
    for (const struct setting *s = NULL; (s = setting_find(id, D_EnvironmentFile, s));) {
        put_struct(m);
        put_string(m, text_at(s->w[0]));
        put_bool(m, s->w[1]);
    }
    array_close(m, token, 8);
}

static void prop_limit(struct props *p, const char *name, unit_id id, u32 directive)
{
    const struct setting *s = setting_find(id, directive, NULL);
    BUF(soft, 64);
    buf_fmt(&soft, "%sSoft", name);
    if (!s)
        return;
    prop_u64(p, name, (u64)s->w[2] | (u64)s->w[3] << 32);
    prop_u64(p, buf_end(&soft), (u64)s->w[0] | (u64)s->w[1] << 32);
}

static const char *stdio_text(unit_id id, u32 directive, char *space, u32 size)
{
    static const char *const in[] = { "null", "tty", "tty-force", "tty-fail", "socket", "fd", "data", "file" };
    static const char *const out[] = { "inherit", "null", "tty", "journal", "kmsg", "socket", "fd", "file", "append", "truncate" };
    const struct setting *s = setting_find(id, directive, NULL);
    u32 kind = s ? s->w[0] : (u32)directives[directive].def;
    struct buf b = { space, 0, size, false };
    buf_z(&b, directive == D_StandardInput ? in[kind & 0xff] : out[kind & 0xff]);
    if (kind & STDIO_CONSOLE)
        buf_z(&b, "+console");
    if (s && s->w[1])
        buf_fmt(&b, ":%s", text_at(s->w[1]));
    return buf_end(&b);
}

/* "TimeoutStopSec" is "TimeoutStopUSec" on the bus. */
static const char *property_name(const struct directive *d, char *space)
{
    struct str name = str_of(directive_name(d));
    struct buf b = { space, 0, 64, false };
    if (d - directives == D_EnvironmentFile)
        return "EnvironmentFiles";
    if (!str_ends(name, "Sec"))
        return directive_name(d);
    buf_fmt(&b, "%.*sUSec", (int)name.n - 3, name.p);
    return buf_end(&b);
}

static void put_directive(struct props *p, unit_id id, u32 i)
{
    const struct directive *d = &directives[i];
    char space[64], stdio[PATH_BYTES];
    const char *name = property_name(d, space);
    switch ((enum value)setters[d->setter].value) {
    case V_BOOL: prop_bool(p, name, unit_int(id, i)); break;
    case V_INT:
    case V_SIGNAL: prop_i32(p, name, unit_int(id, i)); break;
    case V_UNSIGNED:
    case V_MODE: prop_u32(p, name, (u32)unit_int(id, i)); break;
    case V_SPAN: prop_u64(p, name, unit_span(id, i)); break;
    case V_ENUM: prop_string(p, name, directive_enum_name(d, unit_int(id, i))); break;
    case V_TEXT: prop_string(p, name, unit_text(id, i)); break;
    case V_ITEM: if (prop(p, name, "as")) put_items(p->m, id, i); break;
    case V_EXEC: if (prop(p, name, "a(sasbttttuii)")) put_commands(p->m, id, i); break;
    case V_STATUS: if (prop(p, name, "(aiai)")) put_status_set(p->m, id, i); break;
    case V_ENV_FILE: if (prop(p, name, "a(sb)")) put_env_files(p->m, id); break;
    case V_STDIO: prop_string(p, name, stdio_text(id, i, stdio, sizeof stdio)); break;
    case V_LIMIT: prop_limit(p, name, id, i); break;
    case V_CONDITION:
    case V_NOTHING: break;
    }
}

/* Rows of a section; in [Service] those that are today's names for settings of [Unit] are left out. */
static void put_section(struct props *p, unit_id id, u32 section)
{
    for (u32 i = 0; i < DIRECTIVES; i++)
        if (directives[i].sections & section && !(section != SEC_UNIT && directives[i].sections & SEC_UNIT)
            && i != D_Description)
            put_directive(p, id, i);
}

/* ---- org.freedesktop.systemd1.Unit --------------------------------------------------------- */

static void put_job(struct bus_out *m, unit_id id)
{
    BUF(path, 64);
    job_object_path(jobs[id].id, &path);
    put_struct(m);
    put_u32(m, jobs[id].id);
    put_string(m, path.p);
}

static const char *const load_names[] = { [LOAD_STUB] = "stub", [LOAD_LOADED] = "loaded", [LOAD_NOT_FOUND] = "not-found",
                                          [LOAD_BAD_SETTING] = "bad-setting", [LOAD_ERROR] = "error",
                                          [LOAD_MASKED] = "masked" };
const char *load_state_name(unit_id id) { return load_names[UNIT(id)->load]; }

static void put_load_error(struct bus_out *m, unit_id id)
{
    BUF(name, 128);
    BUF(text, 512);
    const char *error = "", *format = "";
    switch (UNIT(id)->load) {
    case LOAD_NOT_FOUND: error = "NoSuchUnit"; format = "Unit %s not found."; break;
    case LOAD_MASKED: error = "UnitMasked"; format = "Unit %s is masked."; break;
    case LOAD_BAD_SETTING: error = "BadUnitSetting"; format = "Unit %s has a bad unit file setting."; break;
    case LOAD_ERROR:
        error = "LoadFailed";
        format = "Unit %s failed to load properly, please see system logs and adjust unit file to fix the problem.";
        break;
    default: break;
    }
    if (*error)
        buf_fmt(&name, BUS_NAME ".%s", error);
    buf_fmt(&text, format, unit_name(id));
    put_struct(m);
    put_string(m, buf_end(&name));
    put_string(m, buf_end(&text));
}

static void put_invocation(struct bus_out *m, unit_id id)
{
    u32 token = array_open(m, 1);
    for (u32 i = 0; i < 16 && RT(id)->inactive_exit; i++)
        put_u8(m, RT(id)->invocation[i]);
    array_close(m, token, 1);
}

/* What [Install] and links say. PID 1 keeps nothing of that: the folders are read, once a turn. */
static void put_file_state(struct props *p, unit_id id)
{
    if (p->want && !z_after(p->want, "UnitFile"))
        return;
    if (!index_built())
        index_build();
    int state = *text_at(UNIT(id)->path) ? install_state(str_of(unit_name(id))) : -ENOENT;
    prop_string(p, "UnitFileState", state < 0 ? "" : name_of(file_state_names, state));
    prop_string(p, "UnitFilePreset", state < 0 || !file_has_preset(state) ? "" : "enabled");
}

static void unit_identity(struct props *p, unit_id id)
{
    const char *description = unit_text(id, D_Description);
    prop_string(p, "Id", unit_name(id));
    if (prop(p, "Names", "as"))
        put_names(p->m, id);
    prop_string(p, "Following", "");
    prop_string(p, "Description", description ? description : unit_name(id));
    prop_string(p, "LoadState", load_state_name(id));
    prop_string(p, "ActiveState", name_of(active_names, unit_active[id]));
    prop_string(p, "FreezerState", "running");
    prop_string(p, "SubState", substate_name(id));
    prop_string(p, "FragmentPath", text_at(UNIT(id)->path));
    put_file_state(p, id);
    if (prop(p, "DropInPaths", "as"))
        put_items(p->m, id, X_DropIn);
    if (prop(p, "LoadError", "(ss)"))
        put_load_error(p->m, id);
    if (prop(p, "InvocationID", "ay"))
        put_invocation(p->m, id);
}

static void unit_history(struct props *p, unit_id id)
{
    struct runtime *rt = RT(id);
    prop_time(p, "StateChangeTimestamp", rt->changed);
    prop_time(p, "InactiveExitTimestamp", rt->inactive_exit);
    prop_time(p, "ActiveEnterTimestamp", rt->active_enter);
    prop_time(p, "ActiveExitTimestamp", rt->active_exit);
    prop_time(p, "InactiveEnterTimestamp", rt->inactive_enter);
    prop_bool(p, "ConditionResult", rt->condition_ok);
    prop_bool(p, "AssertResult", rt->assert_ok);
    prop_time(p, "ConditionTimestamp", rt->condition_at);
    prop_time(p, "AssertTimestamp", rt->condition_at);
}

static void unit_abilities(struct props *p, unit_id id)
{
    prop_bool(p, "CanStart", unit_can_start(id) && !unit_int(id, D_RefuseManualStart));
    prop_bool(p, "CanStop", unit_can_stop(id) && !unit_int(id, D_RefuseManualStop));
    prop_bool(p, "CanReload", unit_can_reload(id));
    prop_bool(p, "CanIsolate", unit_can_start(id) && unit_int(id, D_AllowIsolate));
    prop_bool(p, "CanFreeze", false);
    prop_bool(p, "Transient", false);
    prop_bool(p, "Perpetual", UNIT(id)->perpetual);
    prop_bool(p, "NeedDaemonReload", false);
    if (prop(p, "Job", "(uo)"))
        put_job(p->m, id);
    if (prop(p, "Conditions", "a(sbbsi)"))
        put_conditions(p->m, id, false);
    if (prop(p, "Asserts", "a(sbbsi)"))
        put_conditions(p->m, id, true);
}

static void unit_edges(struct props *p, unit_id id)
{
    u32 kind = BIT(0);
    for (const char *forward = dep_names, *inverse; kind < DEP_IN_SLICE; forward = z_next(inverse), kind <<= 1) {
        inverse = z_next(forward);
        if (prop(p, forward, "as"))
            put_edges(p->m, id, kind, false);
        if (!STREQ(inverse, forward) && prop(p, inverse, "as"))
            put_edges(p->m, id, kind, true);
    }
    if (UNIT(id)->type == UNIT_SLICE && prop(p, "SliceOf", "as"))
        put_edges(p->m, id, DEP_IN_SLICE, true);
}

/* ---- the types' interfaces ----------------------------------------------------------------- */

static u64 cgroup_number(unit_id id, const char *file)
{
    char group[PATH_BYTES / 8], text[32];
    BUF(path, PATH_BYTES / 4);
    u64 v = UINT64_MAX;
    if (!RT(id)->has_cgroup)
        return v;
    cgroup_of(id, group, sizeof group);
    buf_fmt(&path, "/sys/fs/cgroup/%s/%s", group, file);
    if (file_line(buf_end(&path), text, sizeof text) > 0)
        (void)parse_u64(str_of(text), 10, &v);
    return v;
}

static void put_control_group(struct props *p, unit_id id)
{
    char group[PATH_BYTES / 8] = "";
    BUF(path, PATH_BYTES / 4);
    bool there = RT(id)->has_cgroup || (UNIT(id)->type == UNIT_SLICE && exec_cgroups);
    if (there)
        cgroup_of(id, group, sizeof group);
    buf_fmt(&path, "%s%s", there ? "/" : "", group);
    prop_string(p, "ControlGroup", buf_end(&path));
    prop_u64(p, "MemoryCurrent", cgroup_number(id, "memory.current"));
    prop_u64(p, "TasksCurrent", cgroup_number(id, "pids.current"));
}

static void put_ran(struct props *p, const struct ran *ran)
{
    prop_time(p, "ExecMainStartTimestamp", ran->started);
    prop_time(p, "ExecMainExitTimestamp", ran->exited);
    prop_u32(p, "ExecMainPID", (u32)ran->pid);
    prop_i32(p, "ExecMainCode", ran->code);
    prop_i32(p, "ExecMainStatus", ran->status);
}

static void put_service(struct props *p, unit_id id)
{
    struct runtime *rt = RT(id);
    prop_u32(p, "MainPID", (u32)MAX(rt->main_pid, 0));
    prop_u32(p, "ControlPID", (u32)MAX(rt->control_pid, 0));
    prop_string(p, "StatusText", status_text(id));
    prop_i32(p, "StatusErrno", rt->error);
    prop_string(p, "Result", name_of(result_names, rt->result));
    prop_string(p, "ReloadResult", name_of(result_names, rt->reload_result));
    prop_u32(p, "NRestarts", rt->restarts);
    put_ran(p, &rt->main);
}

static void put_type(struct props *p, unit_id id)
{
    struct runtime *rt = RT(id);
    int type = UNIT(id)->type;
    if (type == UNIT_SERVICE)
        put_service(p, id);
    if (type == UNIT_MOUNT || type == UNIT_SWAP) {
        prop_u32(p, "ControlPID", (u32)MAX(rt->control_pid, 0));
        prop_string(p, "Result", name_of(result_names, rt->result));
    }
    if (type == UNIT_SERVICE || type == UNIT_MOUNT || type == UNIT_SWAP || type == UNIT_SLICE)
        put_control_group(p, id);
    u32 section = section_of_type(type);
    if (section)
        put_section(p, id, section);
}

static bool is_type_interface(unit_id id, const char *iface)
{
    const char *type = z_after(iface, BUS_NAME "."), *mine = unit_type_name(UNIT(id)->type);
    return type && (type[0] | 32) == mine[0] && STREQ(type + 1, mine + 1);
}

/* iface "" means all of them. */
static void put_unit(struct props *p, unit_id id, const char *iface)
{
    if (!*iface || STREQ(iface, BUS_NAME ".Unit")) {
        unit_identity(p, id);
        unit_edges(p, id);
        unit_history(p, id);
        unit_abilities(p, id);
        put_section(p, id, SEC_UNIT);
    }
    if (!*iface || is_type_interface(id, iface))
        put_type(p, id);
}

bool put_unit_property(struct bus_out *m, unit_id id, const char *iface, const char *name)
{
    struct props p = { m, name, false };
    put_unit(&p, id, iface);
    return p.found;
}

void put_unit_properties(struct bus_out *m, unit_id id, const char *iface)
{
    struct props p = { m, NULL, false };
    u32 token = array_open(m, 8);
    put_unit(&p, id, iface);
    array_close(m, token, 8);
}

/* ---- org.freedesktop.systemd1.Manager ------------------------------------------------------ */

const char machine_state_names[] =
    "initializing\0starting\0running\0degraded\0maintenance\0stopping\0";

u32 failed_units(void)
{
    u32 n = 0;
    for (UNITS(id))
        n += UNIT(id)->used && unit_active[id] == FAILED;
    return n;
}

static bool is_up_or_coming(const char *name)
{
    unit_id id = unit_find(str_of(name));
    return id && (is_active_or_starting(unit_active[id]) || (jobs[id].id && jobs[id].type == JOB_START));
}

u32 machine_state(void)
{
    unit_id basic = unit_find(S("basic.target")), down = unit_find(S("shutdown.target"));
    if (down && jobs[down].id && jobs[down].type == JOB_START)
        return 5;
    if (manager.finished && (is_up_or_coming("rescue.target") || is_up_or_coming("emergency.target")))
        return 4;
    if (!manager.finished)
        return basic && unit_active[basic] == ACTIVE ? 1 : 0;
    if (is_up_or_coming("rescue.target") || is_up_or_coming("emergency.target"))
        return 4;
    return failed_units() ? 3 : 2;
}

static void put_manager(struct props *p)
{
    prop_string(p, "Version", "252 (pith)");
    prop_string(p, "Features", "");
    prop_time(p, "KernelTimestamp", 1);
    prop_time(p, "UserspaceTimestamp", manager.userspace_at);
    prop_time(p, "FinishTimestamp", manager.finished_at);
    prop_u32(p, "NNames", tab->names_n - 1);
    prop_u32(p, "NFailedUnits", failed_units());
    prop_u32(p, "NJobs", jobs_n);
    prop_u32(p, "NInstalledJobs", jobs_n);
    prop_u32(p, "NFailedJobs", jobs_failed);
    if (prop(p, "Environment", "as"))
        put_strings(p->m, exec_env, exec_env_n);
    prop_bool(p, "ConfirmSpawn", false);
    prop_bool(p, "ShowStatus", !manager.quiet);
    prop_string(p, "SystemState", name_of(machine_state_names, (i32)machine_state()));
    if (prop(p, "ExitCode", "y"))
        put_u8(p->m, (u8)MAX(manager.exit_status, 0));
    prop_string(p, "ControlGroup", "");
}

bool put_manager_property(struct bus_out *m, const char *name)
{
    struct props p = { m, name, false };
    put_manager(&p);
    return p.found;
}

void put_manager_properties(struct bus_out *m)
{
    struct props p = { m, NULL, false };
    u32 token = array_open(m, 8);
    put_manager(&p);
    array_close(m, token, 8);
}
