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

/* kind: the signature of one value, s (v is where the text lies), t, u, i or b. */
static void prop_value(struct props *p, char kind, const char *name, u64 v)
{
    const char signature[] = { kind, 0 };
    if (prop(p, name, signature))
        put_values(p->m, signature, v);
}

/* A moment, as realtime and as monotonic time. The realtime is told by today's clock: a moment before
 * the clock was set is then right too. 0: never. */
static usec realtime(usec at) { return at ? at + sys_now_real() - sys_now() : 0; }

static void prop_time(struct props *p, const char *name, usec at)
{
    BUF(full, 64);
    prop_value(p, 't', name, realtime(at));
    buf_fmt(&full, "%sMonotonic", name);
    prop_value(p, 't', buf_end(&full), at);
}

/* Several: each row is a kind, as above or T for a moment, and a name; the values follow in that order. */
static void prop_rows(struct props *p, const char *rows, ...)
{
    va_list ap;
    va_start(ap, rows);
    for (EACH(row, rows)) {
        u64 v = va_arg(ap, u64);         /* whatever its type, an argument takes eight bytes */
        if (*row == 'T')
            prop_time(p, row + 1, v);
        else
            prop_value(p, *row, row + 1, v);
    }
    va_end(ap);
}

/* ---- paths --------------------------------------------------------------------------------- */

void unit_object_path(unit_id id, struct buf *out)
{
    bus_path_of(BUS_PATH "/unit/", str_of(unit_name(id)), out);
    buf_end(out);
}

void put_unit_path(struct bus_out *m, unit_id id)
{
    BUF(path, 512);
    unit_object_path(id, &path);
    put_string(m, path.p);
}

void put_job_path(struct bus_out *m, u32 job_id)
{
    BUF(path, 64);
    if (job_id)
        buf_fmt(&path, BUS_PATH "/job/%u", job_id);
    else
        buf_c(&path, '/');
    put_string(m, buf_end(&path));
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
        put_values(m, "sbbsi", directive_name(&directives[s->id]), !!(s->w[0] & COND_TRIGGER), !!(s->w[0] & COND_NEGATE),
                   text_at(s->w[1]), !rt->condition_at ? 0 : (asserts ? rt->assert_ok : rt->condition_ok) ? 1 : -1);
    }
    array_close(m, token, 8);
}

/* ---- values from the directive table ------------------------------------------------------- */

/* How one process of a command line went, if it was the last main or control process. */
static void put_command(struct bus_out *m, unit_id id, u32 directive, u32 n, const struct setting *s)
{
    static const struct ran never;
    struct runtime *rt = RT(id);
    const struct ran *ran = directive == D_ExecStart && n == rt->main_n && rt->main.pid ? &rt->main : &never;
    put_struct(m);
    put_string(m, text_at(s->w[1]));
    u32 argv = array_open(m, 4);
    for (u32 i = 0; i < s->w[2]; i++)
        put_string(m, text_at(s->w[3 + i]));
    array_close(m, argv, 4);
    put_values(m, "bttttuii", !!(s->w[0] & EXEC_IGNORE_FAILURE), realtime(ran->started), ran->started, realtime(ran->exited),
               ran->exited, ran->pid, ran->code, ran->status);
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
        put_values(m, "sb", text_at(s->w[0]), s->w[1] != 0);
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
    prop_value(p, 't', name, (u64)s->w[2] | (u64)s->w[3] << 32);
    prop_value(p, 't', buf_end(&soft), (u64)s->w[0] | (u64)s->w[1] << 32);
}

static const char *stdio_text(unit_id id, u32 directive, struct buf *b)
{
    static const char in[] = "null\0tty\0tty-force\0tty-fail\0socket\0fd\0data\0file\0",
                      out[] = "inherit\0null\0tty\0journal\0kmsg\0socket\0fd\0file\0append\0truncate\0";
    const struct setting *s = setting_find(id, directive, NULL);
    u32 kind = s ? s->w[0] : (u32)directives[directive].def;
    buf_z(b, name_of(directive == D_StandardInput ? in : out, kind & 0xff));
    if (kind & STDIO_CONSOLE)
        buf_z(b, "+console");
    if (s && s->w[1])
        buf_fmt(b, ":%s", text_at(s->w[1]));
    return buf_end(b);
}

/* "TimeoutStopSec" is "TimeoutStopUSec" on the bus. */
static const char *property_name(const struct directive *d, struct buf *b)
{
    const char *name = directive_name(d);
    if (d - directives == D_EnvironmentFile)
        return "EnvironmentFiles";
    buf_z(b, name);
    if (z_ends(name, "Sec")) {
        b->n -= 3;
        buf_z(b, "USec");
    }
    return buf_end(b);
}

static void put_directive(struct props *p, unit_id id, u32 i)
{
    const struct directive *d = &directives[i];
    BUF(space, 64);
    BUF(stdio, PATH_BYTES);
    const char *name = property_name(d, &space), *text = NULL;
    if (p->want && !z_after(p->want, name))      /* a limit has two: LimitCPU, LimitCPUSoft */
        return;
    switch ((enum value)setters[d->setter].value) {
    case V_BOOL: prop_value(p, 'b', name, unit_int(id, i) != 0); return;
    case V_INT:
    case V_SIGNAL: prop_value(p, 'i', name, (u32)unit_int(id, i)); return;
    case V_UNSIGNED:
    case V_MODE: prop_value(p, 'u', name, (u32)unit_int(id, i)); return;
    case V_SPAN: prop_value(p, 't', name, unit_span(id, i)); return;
    case V_ENUM: text = directive_enum_name(d, unit_int(id, i)); break;
    case V_TEXT:
        text = i == D_What || i == D_FsType || i == D_Options ? mounted_text(id, i, &stdio) : unit_text(id, i);
        break;
    case V_STDIO: text = stdio_text(id, i, &stdio); break;
    case V_ITEM: if (prop(p, name, "as")) put_items(p->m, id, i); return;
    case V_EXEC: if (prop(p, name, "a(sasbttttuii)")) put_commands(p->m, id, i); return;
    case V_STATUS: if (prop(p, name, "(aiai)")) put_status_set(p->m, id, i); return;
    case V_ENV_FILE: if (prop(p, name, "a(sb)")) put_env_files(p->m, id); return;
    case V_LIMIT: prop_limit(p, name, id, i); return;
    case V_CONDITION:
    case V_NOTHING: return;
    }
    prop_value(p, 's', name, (uintptr_t)text);
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
    put_struct(m);
    put_u32(m, jobs[id].id);
    put_job_path(m, jobs[id].id);
}

const char *load_state_name(unit_id id)
{
    return name_of(load_names, UNIT(id)->load);
}
const char *active_name(unit_id id) { return name_of(active_names, unit_active[id]); }

static void put_load_error(struct bus_out *m, unit_id id)
{
    BUF(text, 512);
    const char *error = "", *format = "";
    switch (UNIT(id)->load) {
    case LOAD_NOT_FOUND: error = BUS_NAME ".NoSuchUnit"; format = "Unit %s not found."; break;
    case LOAD_MASKED: error = BUS_NAME ".UnitMasked"; format = "Unit %s is masked."; break;
    case LOAD_BAD_SETTING: error = BUS_NAME ".BadUnitSetting"; format = "Unit %s has a bad unit file setting."; break;
    case LOAD_ERROR:
        error = BUS_NAME ".LoadFailed";
        format = "Unit %s failed to load properly, please see system logs and adjust unit file to fix the problem.";
        break;
    default: break;
    }
    buf_fmt(&text, format, unit_name(id));
    put_struct(m);
    put_values(m, "ss", error, buf_end(&text));
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
    const char *path = text_at(UNIT(id)->path), *slash = strrchr(path, '/');
    int state = slash ? install_state(unit_name(id)) : 0;
    prop_rows(p, "sUnitFileState\0sUnitFilePreset\0", slash ? name_of(file_state_names, state < 0 ? FILE_BAD : state) : "",
              slash ? install_preset(slash + 1, FILE_ENABLED) : "");
}

static void unit_identity(struct props *p, unit_id id)
{
    prop_rows(p, "sId\0sFollowing\0sDescription\0sLoadState\0sActiveState\0sFreezerState\0sSubState\0sFragmentPath\0",
              unit_name(id), "", unit_description(id), load_state_name(id), active_name(id), "running", substate_name(id),
              text_at(UNIT(id)->path));
    if (prop(p, "Names", "as"))
        put_names(p->m, id);
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
    const struct runtime *rt = RT(id);
    prop_rows(p, "TStateChangeTimestamp\0TInactiveExitTimestamp\0TActiveEnterTimestamp\0TActiveExitTimestamp\0"
                 "TInactiveEnterTimestamp\0bConditionResult\0bAssertResult\0TConditionTimestamp\0TAssertTimestamp\0",
              rt->changed, rt->inactive_exit, rt->active_enter, rt->active_exit, rt->inactive_enter, rt->condition_ok,
              rt->assert_ok, rt->condition_at, rt->condition_at);
}

static void unit_abilities(struct props *p, unit_id id)
{
    bool start = unit_can_start(id);
    prop_rows(p, "bCanStart\0bCanStop\0bCanReload\0bCanIsolate\0bCanFreeze\0bTransient\0bPerpetual\0bNeedDaemonReload\0",
              start && !unit_int(id, D_RefuseManualStart), unit_can_stop(id) && !unit_int(id, D_RefuseManualStop),
              unit_can_reload(id), start && unit_int(id, D_AllowIsolate), false, false, UNIT(id)->perpetual, false);
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
    prop_rows(p, "sControlGroup\0tMemoryCurrent\0tTasksCurrent\0", buf_end(&path), cgroup_number(id, "memory.current"),
              cgroup_number(id, "pids.current"));
}

static void put_service(struct props *p, unit_id id)
{
    const struct runtime *rt = RT(id);
    const struct ran *ran = &rt->main;
    prop_rows(p, "sReloadResult\0uNRestarts\0TExecMainStartTimestamp\0TExecMainExitTimestamp\0uExecMainPID\0"
                 "iExecMainCode\0iExecMainStatus\0",
              name_of(result_names, rt->reload_result), rt->restarts, ran->started, ran->exited, ran->pid, ran->code, ran->status);
}

static void put_type(struct props *p, unit_id id)
{
    int type = UNIT(id)->type;
    bool runs = type == UNIT_SERVICE || type == UNIT_MOUNT || type == UNIT_SWAP;
    if (type == UNIT_SERVICE)
        prop_rows(p, "uMainPID\0sStatusText\0iStatusErrno\0", MAX(RT(id)->main_pid, 0), status_text(id), RT(id)->error);
    if (runs)
        prop_rows(p, "uControlPID\0sResult\0", MAX(RT(id)->control_pid, 0), name_of(result_names, RT(id)->result));
    if (type == UNIT_SERVICE)
        put_service(p, id);
    if (runs || type == UNIT_SLICE)
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

/* iface "" means all of them: the type's first, as systemd writes and systemctl shows them. */
static void put_unit(struct props *p, unit_id id, const char *iface)
{
    if (!*iface || is_type_interface(id, iface))
        put_type(p, id);
    if (!*iface || STREQ(iface, BUS_NAME ".Unit")) {
        unit_identity(p, id);
        unit_edges(p, id);
        unit_history(p, id);
        unit_abilities(p, id);
        put_section(p, id, SEC_UNIT);
    }
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
    unit_id basic = unit_find(S("basic.target"));
    if (is_up_or_coming("shutdown.target"))
        return MACHINE_STOPPING;
    if (manager.finished && (is_up_or_coming("rescue.target") || is_up_or_coming("emergency.target")))
        return 4;
    if (!manager.finished)
        return basic && unit_active[basic] == ACTIVE ? 1 : 0;
    return failed_units() ? 3 : 2;
}

static void put_manager(struct props *p)
{
    prop_rows(p, "sVersion\0sFeatures\0TKernelTimestamp\0TUserspaceTimestamp\0TFinishTimestamp\0uNNames\0uNFailedUnits\0"
                 "uNJobs\0uNInstalledJobs\0uNFailedJobs\0bConfirmSpawn\0bShowStatus\0sSystemState\0sControlGroup\0",
              "252 (pith)", "", (usec)1, manager.userspace_at, manager.finished_at, tab->names_n - 1, failed_units(), jobs_n, jobs_n,
              jobs_failed, false, !manager.quiet, name_of(machine_state_names, (i32)machine_state()), "");
    if (prop(p, "Environment", "as"))
        put_strings(p->m, exec_env, exec_env_n);
    if (prop(p, "ExitCode", "y"))
        put_u8(p->m, (u8)MAX(manager.exit_status, 0));
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
