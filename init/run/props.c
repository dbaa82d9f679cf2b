/* SPDX-License-Identifier: 0BSD
 *
 * Properties of org.freedesktop.systemd1 objects, with systemd's names and types: what the runtime
 * knows as one line a property, all that files set from the directive table. Reads settled state. */
#include "run.h"

#include <sys/resource.h>

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
    u32 token = array_open(m, 8);
    for (const struct setting *s = NULL; (s = condition_next(id, asserts, s));) {
        u32 result = s->w[0] >> 16;
        put_struct(m);
        put_values(m, "sbbsi", directive_name(&directives[s->id]), !!(s->w[0] & COND_TRIGGER), !!(s->w[0] & COND_NEGATE),
                   text_at(s->w[1]), result == CONDITION_UNTESTED ? 0 : result == CONDITION_SUCCEEDED ? 1 : -1);
    }
    array_close(m, token, 8);
}

/* ---- values from the directive table ------------------------------------------------------- */

/* How one process of a command line went, if it was the last main or control process. */
static void put_command(struct bus_out *m, unit_id id, u32 directive, u32 n, const struct setting *s,
                        const char *const *flags, u32 flags_n)
{
    static const struct ran never;
    struct runtime *rt = RT(id);
    const struct ran *ran = directive == rt->control_id && n == rt->control_n ? &rt->control
                          : directive == D_ExecStart && n == rt->main_n ? &rt->main : &never;
    put_struct(m);
    put_string(m, text_at(s->w[1]));
    u32 argv = array_open(m, 4);
    for (u32 i = 0; i < s->w[2]; i++)
        put_string(m, text_at(s->w[3 + i]));
    array_close(m, argv, 4);
    if (flags)
        put_strings(m, flags, flags_n);
    else
        put_bool(m, s->w[0] & EXEC_IGNORE_FAILURE);
    put_values(m, "ttttuii", realtime(ran->started), ran->started, realtime(ran->exited),
               ran->exited, ran->pid, ran->code, ran->status);
}

/* What is said in ExecStartEx= and its kin instead of "may it fail". */
static const char *const command_flags[] = { "ignore-failure", "no-env-expand", "privileged", "no-setuid", "ambient" };

static void put_command_ex(struct bus_out *m, unit_id id, u32 directive, u32 n, const struct setting *s)
{
    const char *names[LEN(command_flags)];
    u32 flags = s->w[0], count = 0;
    if (flags & EXEC_AMBIENT_MAGIC)
        flags &= ~EXEC_NO_SETUID;
    for (u32 i = 0; i < LEN(command_flags); i++)
        if (flags & BIT(i))
            names[count++] = command_flags[i];
    put_command(m, id, directive, n, s, names, count);
}

static void put_commands(struct bus_out *m, unit_id id, u32 directive, bool ex)
{
    u32 token = array_open(m, 8), n = 0;
    for (const struct setting *s = NULL; (s = setting_find(id, directive, s)); n++)
        if (ex)
            put_command_ex(m, id, directive, n, s);
        else
            put_command(m, id, directive, n, s, NULL, 0);
    array_close(m, token, 8);
}

/* (exit statuses, signals), each sorted */
static void put_status_set(struct bus_out *m, unit_id id, u32 directive)
{
    u8 set[512 / 8] = { 0 };
    for (const struct setting *s = NULL; (s = setting_find(id, directive, s));)
        set[s->w[0] / 8 % sizeof set] |= (u8)BIT(s->w[0] % 8);
    put_struct(m);
    for (u32 part = 0; part < 512; part += 256) {
        u32 token = array_open(m, 4);
        for (u32 i = part; i < part + 256; i++)
            if (set[i / 8] & BIT(i % 8))
                put_u32(m, i - part);
        array_close(m, token, 4);
    }
}

static void prop_limit(struct props *p, const char *name, unit_id id, u32 directive)
{
    const struct setting *s = setting_find(id, directive, NULL);
    u64 both[2] = { UINT64_MAX, UINT64_MAX };
    BUF(soft, 64);
    buf_fmt(&soft, "%sSoft", name);
    if (s)
        memcpy(both, s->w, sizeof both);
    else if (directive == D_LimitNOFILE)
        both[0] = 1024, both[1] = 524288;        /* see do_limits() of exec/child.c */
    else
        (void)sys_setrlimit((int)directives[directive].arg, NULL, (struct rlimit *)(void *)both);
    prop_value(p, 't', name, both[1]);
    prop_value(p, 't', buf_end(&soft), both[0]);
}

static const struct setting *stdio_setting(unit_id id, u32 directive, u32 *kind)
{
    const struct setting *s = setting_find(id, directive, NULL);
    *kind = s ? s->w[0] : (u32)directives[directive].def;
    return s;
}

static void prop_stdio(struct props *p, const char *name, unit_id id, u32 directive)
{
    static const char in[] = "null\0tty\0tty-force\0tty-fail\0socket\0fd\0data\0file\0",
                      out[] = "inherit\0null\0tty\0journal\0kmsg\0socket\0fd\0file\0append\0truncate\0";
    bool input = directive == D_StandardInput;
    u32 kind;
    const struct setting *s = stdio_setting(id, directive, &kind);
    BUF(text, 64);
    BUF(fd_name, 64);
    buf_fmt(&text, "%s%s", name_of(input ? in : out, kind & 0xff), kind & STDIO_CONSOLE ? "+console" : "");
    prop_value(p, 's', name, (uintptr_t)buf_end(&text));
    buf_fmt(&fd_name, "%sFileDescriptorName", name);
    prop_value(p, 's', buf_end(&fd_name), (uintptr_t)(s && (kind & 0xff) == (input ? (u32)IN_FD : (u32)OUT_FD) ? text_at(s->w[1]) : ""));
}

/* Fields as a signature says; see V_ROW in unit.h. */
static const u32 *put_fields(struct bus_out *m, const char *signature, const u32 *w)
{
    for (const char *c = signature; *c && *c != ')'; c++) {
        if (*c == '(') {
            put_struct(m);
        } else if (*c == 's') {
            put_string(m, text_at(*w++));
        } else if (*c == 't' || *c == 'x') {
            put_u64(m, (u64)w[0] | (u64)w[1] << 32);
            w += 2;
        } else if (*c == 'q') {
            put_u16(m, (u16)*w++);
        } else if (*c == 'a') {
            u32 n = *w++, align = c[1] == '(' ? 8 : c[1] == 'y' ? 1 : 4, token = array_open(m, align);
            const char *bytes = (const char *)w;
            for (u32 i = 0; i < n; i++)
                if (align == 1)
                    put_u8(m, (u8)bytes[i]);
                else if (align == 8)
                    w = put_fields(m, c + 1, w);
                else
                    put_string(m, text_at(*w++));
            w += align == 1 ? (n + 3) / 4 : 0;
            array_close(m, token, align);
            c += c[1] == '(' ? strcspn(c, ")") : 1;
        } else {
            put_u32(m, *w++);
        }
    }
    return w;
}

/* Each setting an element; with `newest` the last one comes first, as systemd has some lists. */
static void put_elements(struct bus_out *m, const char *signature, unit_id id, u32 directive, bool newest)
{
    static const struct setting *found[256] SCRATCH;
    u32 n = 0, token = array_open(m, signature[1] == '(' ? 8 : 4);
    for (const struct setting *s = NULL; (s = setting_find(id, directive, s));) {
        if (newest && n < LEN(found))
            found[n++] = s;
        else
            (void)put_fields(m, signature + 1, s->w);
    }
    while (n--)
        (void)put_fields(m, signature + 1, found[n]->w);
    array_close(m, token, signature[1] == '(' ? 8 : 4);
}

static void put_calendars(struct bus_out *m, unit_id id)
{
    static const struct setting *found[256] SCRATCH;
    u32 n = 0, token = array_open(m, 8);
    for (const struct setting *s = NULL; n < LEN(found) && (s = setting_find(id, D_OnCalendar, s));)
        found[n++] = s;
    while (n--) {
        put_struct(m);
        put_values(m, "sst", "OnCalendar", text_at(found[n]->w[0]), (u64)0);
    }
    array_close(m, token, 8);
}

/* What a type or another setting makes of a number that no file sets; 0: nothing. */
static i64 default_of(unit_id id, u32 i)
{
    int type = UNIT(id)->type;
    switch (i) {
    case D_RestartKillSignal: return unit_int(id, D_KillSignal);
    case D_Backlog: return INT32_MAX;
    case D_SystemCallErrorNumber: return INT32_MAX - 1;      /* SECCOMP_ERROR_NUMBER_KILL */
    case D_TimerSlackNSec: return 50000;                     /* the kernel's */
    case D_TriggerLimitBurst: return type == UNIT_PATH || unit_int(id, D_Accept) ? 200 : 20;
    case D_KeyringMode: return type == UNIT_SERVICE ? 1 : 2;
    case D_TimeoutAbortSec: return (i64)unit_span(id, D_TimeoutStopSec);
    default: return 0;
    }
}

/* Names on the bus that are not those in the file; the settings of several directives are the first one's. */
static const struct { u16 id; const char *name; } renamed[] = {
    { D_EnvironmentFile, "EnvironmentFiles" }, { D_CPUQuota, "CPUQuotaPerSecUSec" }, { D_ListenStream, "Listen" },
    { D_OnActiveSec, "TimersMonotonic" }, { D_OnCalendar, "TimersCalendar" }, { D_PathExists, "Paths" },
    { D_ListenDatagram, "" }, { D_ListenSequentialPacket, "" }, { D_ListenFIFO, "" }, { D_ListenNetlink, "" },
    { D_ListenSpecial, "" }, { D_ListenMessageQueue, "" }, { D_ListenUSBFunction, "" }, { D_OnBootSec, "" }, { D_OnStartupSec, "" },
    { D_OnUnitActiveSec, "" }, { D_OnUnitInactiveSec, "" }, { D_PathExistsGlob, "" }, { D_PathChanged, "" }, { D_PathModified, "" },
    { D_DirectoryNotEmpty, "" }, { D_StandardInputText, "" }, { D_PermissionsStartOnly, "" }, { D_SELinuxContextFromNet, "" },
};

/* "TimeoutStopSec" is "TimeoutStopUSec" on the bus. */
static const char *property_name(const struct directive *d, struct buf *b)
{
    const char *name = directive_name(d);
    for (u32 i = 0; i < LEN(renamed); i++)
        if (renamed[i].id == directive_id(d))
            return renamed[i].name;
    buf_z(b, name);
    if (z_ends(name, "Sec") && !z_ends(name, "NSec")) {
        b->n -= 3;
        buf_z(b, "USec");
    }
    return buf_end(b);
}

static void put_mask(struct bus_out *m, const char *names, u32 mask)
{
    i32 bit;
    u32 token = array_open(m, 4);
    for (EACH(name, names))
        if (name_find(names, str_of(name), &bit) == 0 && mask & BIT(bit))
            put_string(m, name);
    array_close(m, token, 4);
}

/* The folders, each once and sorted; the links to them have a property of their own. */
static void put_dirs(struct props *p, unit_id id, u32 i, const char *name)
{
    static struct str found[256] SCRATCH;
    u32 n = 0;
    BUF(symlink, 64);
    for (const struct setting *s = NULL; n < LEN(found) && (s = setting_find(id, i, s));) {
        struct str rest = str_of(text_at(s->w[0])), dir = str_line(&rest, ':');
        u32 at = n;
        while (at && (memcmp(found[at - 1].p, dir.p, MIN(found[at - 1].n, dir.n)) ? memcmp(found[at - 1].p, dir.p,
               MIN(found[at - 1].n, dir.n)) > 0 : found[at - 1].n > dir.n))
            at--;
        if (at && str_eq(found[at - 1], dir))
            continue;
        memmove(found + at + 1, found + at, (n - at) * sizeof *found);
        found[at] = dir;
        n++;
        if (n == LEN(found))
            break;
    }
    if (prop(p, name, "as")) {
        u32 token = array_open(p->m, 4);
        for (u32 k = 0; k < n; k++)
            put_str(p->m, found[k]);
        array_close(p->m, token, 4);
    }
    buf_fmt(&symlink, "%sSymlink", name);
    if (i == D_ConfigurationDirectory || !prop(p, buf_end(&symlink), "a(sst)"))
        return;
    u32 token = array_open(p->m, 8);
    for (const struct setting *s = NULL; (s = setting_find(id, i, s));) {
        struct str rest = str_of(text_at(s->w[0])), dir = str_line(&rest, ':');
        if (!rest.p || !rest.n)
            continue;
        put_struct(p->m);
        put_str(p->m, dir);
        put_str(p->m, rest);
        put_u64(p->m, 0);
    }
    array_close(p->m, token, 8);
}

/* Those that one directive alone does not make, or two. */
static void put_special(struct props *p, unit_id id, u32 i)
{
    const struct setting *s = setting_find(id, i, NULL);
    u32 bytes = s && setters[directives[i].setter].value == V_ROW ? 1 + (s->w[0] + 3) / 4 : 0;
    switch (i) {
    case D_Delegate:
        prop_value(p, 'b', "Delegate", s && s->w[0]);
        if (prop(p, "DelegateControllers", "as"))
            put_mask(p->m, controller_names, s ? s->w[1] : 0);
        break;
    case D_DisableControllers:
        if (prop(p, "DisableControllers", "as"))
            put_mask(p->m, controller_names, s ? s->w[0] : 0);
        break;
    case D_CPUAffinity: prop_value(p, 'b', "CPUAffinityFromNUMA", s && s->n > bytes); break;
    case D_RootHash:
    case D_RootHashSignature:
        prop_value(p, 's', i == D_RootHash ? "RootHashPath" : "RootHashSignaturePath",
                   (uintptr_t)(s && s->n > bytes ? text_at(s->w[bytes]) : ""));
        break;
    case D_SyslogLevel:
        prop_value(p, 'i', "SyslogPriority", (u32)(unit_int(id, D_SyslogFacility) << 3 | unit_int(id, D_SyslogLevel)));
        break;
    case D_Unit: {
        BUF(name, UNIT_NAME_BYTES);
        struct str own = str_of(unit_name(id));
        buf_str(&name, str_cut(own, (size_t)str_rfind(own, '.')));
        buf_z(&name, ".service");
        prop_value(p, 's', "Unit", (uintptr_t)(s ? text_at(s->w[0]) : buf_end(&name)));
        break;
    }
    default: break;
    }
}

static void put_number(struct props *p, unit_id id, u32 i, const char *name, const char *signature)
{
    const struct directive *d = &directives[i];
    u32 kind = setters[d->setter].value;
    u64 v = i == D_WatchdogSec && !RT(id)->inactive_exit ? USEC_INF : kind == V_SPAN ? unit_span(id, i) : d->setter == directives[D_MemoryMax].setter || i == D_TasksMax ? unit_amount(id, i)
          : kind == V_WIDE ? unit_wide(id, i) : (u32)unit_int(id, i);
    i64 other = unit_has(id, i) ? 0 : default_of(id, i);
    if (prop(p, name, signature))
        (void)put_fields(p->m, signature, (u32[]){ (u32)(other ? other : (i64)v), (u32)((other ? (u64)other : v) >> 32) });
}

static void put_directive(struct props *p, unit_id id, u32 i)
{
    const struct directive *d = &directives[i];
    const char *signature = directive_signature(d);
    BUF(space, 64);
    BUF(mounted, PATH_BYTES);
    const char *name = property_name(d, &space), *text;
    static const u32 nothing[4];
    static char optional[PATH_BYTES] SCRATCH;
    /* Properties of one directive begin with its name, but one. */
    if (!*name || (p->want && !z_after(p->want, name) && i != D_SyslogLevel))
        return;
    switch ((enum value)setters[d->setter].value) {
    case V_BOOL: case V_INT: case V_SIGNAL: case V_UNSIGNED: case V_MODE: case V_SPAN: case V_CHOICE: case V_WIDE:
        put_number(p, id, i, name, signature);
        break;
    case V_ENUM:
        text = directive_enum_name(d, i == D_KeyringMode && !unit_has(id, i) ? (i32)default_of(id, i) : unit_int(id, i));
        prop_value(p, 's', name, (uintptr_t)text);
        break;
    case V_TEXT:
        text = i == D_What || i == D_FsType || i == D_Options ? mounted_text(id, i, &mounted) : unit_text(id, i);
        if (i == D_WorkingDirectory && text && setting_find(id, i, NULL)->w[1])
            text = path_fmt(optional, "!%s", text);
        prop_value(p, 's', name, (uintptr_t)(text || i != D_FileDescriptorName ? text : unit_name(id)));
        break;
    case V_STDIO: prop_stdio(p, name, id, i); break;
    case V_EXEC:
        if (prop(p, name, signature))
            put_commands(p->m, id, i, false);
        if (UNIT(id)->type == UNIT_SERVICE) {
            BUF(ex, 64);
            buf_fmt(&ex, "%sEx", name);
            if (prop(p, buf_end(&ex), "a(sasasttttuii)"))
                put_commands(p->m, id, i, true);
        }
        break;
    case V_STATUS: if (prop(p, name, signature)) put_status_set(p->m, id, i); break;
    case V_LIMIT: prop_limit(p, name, id, i); break;
    case V_ITEM: case V_ENV_FILE: case V_ROW:
        if (i == D_OnCalendar) {
            if (prop(p, name, "a(sst)"))
                put_calendars(p->m, id);
        } else if (d->setter == directives[D_RuntimeDirectory].setter) {
            put_dirs(p, id, i, name);
        } else if (!prop(p, name, signature)) {
            break;
        } else if (*signature == 'a' && signature[1] != 'y') {
            put_elements(p->m, signature, id, i, i == D_OnActiveSec || i == D_PathExists || i == D_DeviceAllow
                         || i == D_SocketBindAllow || i == D_SocketBindDeny);
        } else {
            const struct setting *s = setting_find(id, i, NULL);
            (void)put_fields(p->m, signature, s ? s->w : nothing);
        }
        break;
    case V_CONDITION:
    case V_NOTHING: break;
    }
    put_special(p, id, i);
}

/* Rows of a section; in [Service] those that are today's names for settings of [Unit] are left out. */
static void put_section(struct props *p, unit_id id, u32 section)
{
    for (u32 i = 0; i < DIRECTIVES; i++)
        if (directives[i].sections & section && !(section != SEC_UNIT && directives[i].sections & SEC_UNIT)
            && i != D_Description && !(i == D_Slice && section == SEC_SLICE))
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
        error = UNIT(id)->load_error == EINVAL ? "org.freedesktop.DBus.Error.InvalidArgs" : "org.freedesktop.DBus.Error.Failed";
        format = "Unit %s failed to load properly, please adjust/correct and reload service manager: %s";
        break;
    default: break;
    }
    buf_fmt(&text, format, unit_name(id), strerror(UNIT(id)->load_error));
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
    static const char *const nothing[1];
    prop_rows(p, "sAccessSELinuxContext\0sId\0sFollowing\0sDescription\0sLoadState\0sActiveState\0sFreezerState\0sSubState\0sFragmentPath\0",
              "", unit_name(id), "", unit_description(id), load_state_name(id), active_name(id), "running", substate_name(id),
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
    for (EACH(name, "Markers\0Refs\0"))
        if (prop(p, name, "as"))
            put_strings(p->m, nothing, 0);
    if (prop(p, "ActivationDetails", "a(ss)"))
        array_close(p->m, array_open(p->m, 8), 8);
}

static void unit_history(struct props *p, unit_id id)
{
    const struct runtime *rt = RT(id);
    prop_rows(p, "TStateChangeTimestamp\0TInactiveExitTimestamp\0TActiveEnterTimestamp\0TActiveExitTimestamp\0"
                 "TInactiveEnterTimestamp\0bConditionResult\0bAssertResult\0TConditionTimestamp\0TAssertTimestamp\0",
              rt->changed, rt->inactive_exit, rt->active_enter, rt->active_exit, rt->inactive_enter, rt->condition_ok,
              rt->assert_ok, rt->condition_at, rt->assert_at);
}

/* Which of its folders `systemctl clean` would take away. */
static void put_can_clean(struct bus_out *m, unit_id id)
{
    static const u16 dirs[] = { D_RuntimeDirectory, D_StateDirectory, D_CacheDirectory, D_LogsDirectory, D_ConfigurationDirectory };
    u32 token = array_open(m, 4), i = 0;
    for (EACH(name, "runtime\0state\0cache\0logs\0configuration\0"))
        if (unit_has(id, dirs[i++]) || (i == 2 && unit_has(id, D_Persistent) && unit_int(id, D_Persistent)))
            put_string(m, name);
    array_close(m, token, 4);
}

static void unit_abilities(struct props *p, unit_id id)
{
    bool start = unit_can_start(id);
    prop_rows(p, "bCanStart\0bCanStop\0bCanReload\0bCanIsolate\0bCanFreeze\0bTransient\0bPerpetual\0",
              start && !unit_int(id, D_RefuseManualStart), unit_can_stop(id) && !unit_int(id, D_RefuseManualStop),
              unit_can_reload(id), start && unit_int(id, D_AllowIsolate) && !unit_int(id, D_RefuseManualStart), false, false,
              UNIT(id)->perpetual);
    if (prop(p, "CanClean", "as"))
        put_can_clean(p->m, id);
    if (prop(p, "NeedDaemonReload", "b")) {
        if (!index_built())
            index_build();
        put_values(p->m, "b", unit_needs_reload(id));
    }
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
    for (const char *forward = dep_names, *inverse; kind < DEP_REFERENCES; forward = z_next(inverse), kind <<= 1) {
        inverse = z_next(forward);
        if (prop(p, forward, "as"))
            put_edges(p->m, id, kind, false);
        if (!STREQ(inverse, forward) && prop(p, inverse, "as"))
            put_edges(p->m, id, kind, true);
    }
    if (prop(p, "SliceOf", "as"))
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
    bool there = RT(id)->has_cgroup || (UNIT(id)->type == UNIT_SLICE && exec_cgroups && RT(id)->state);
    if (there)
        cgroup_of(id, group, sizeof group);
    buf_fmt(&path, "%s%s", there ? "/" : "", group);
    prop_rows(p, "sControlGroup\0tMemoryCurrent\0tTasksCurrent\0", buf_end(&path), cgroup_number(id, "memory.current"),
              cgroup_number(id, "pids.current"));
    /* What is not counted. */
    for (EACH(name, "MemoryAvailable\0CPUUsageNSec\0IPIngressBytes\0IPIngressPackets\0IPEgressBytes\0IPEgressPackets\0"
                    "IOReadBytes\0IOReadOperations\0IOWriteBytes\0IOWriteOperations\0"))
        prop_value(p, 't', name, UINT64_MAX);
    prop_value(p, 't', "ControlGroupId", 0);
    for (EACH(name, "EffectiveCPUs\0EffectiveMemoryNodes\0"))
        if (prop(p, name, "ay"))
            array_close(p->m, array_open(p->m, 1), 1);
}

static void put_service(struct props *p, unit_id id)
{
    const struct runtime *rt = RT(id);
    const struct ran *ran = &rt->main;
    prop_rows(p, "sReloadResult\0uNRestarts\0TExecMainStartTimestamp\0TExecMainExitTimestamp\0uExecMainPID\0"
                 "iExecMainCode\0iExecMainStatus\0",
              name_of(result_names, rt->reload_result), rt->restarts, ran->started, ran->exited, ran->pid, ran->code, ran->status);
}

/* What clients expect of types and features that do nothing yet. */
static void put_unsupported(struct props *p, unit_id id)
{
    int type = UNIT(id)->type;
    bool exec = type == UNIT_SERVICE || type == UNIT_SOCKET || type == UNIT_MOUNT || type == UNIT_SWAP;
    if (exec)
        prop_rows(p, "uUID\0uGID\0bSameProcessGroup\0", (u64)UINT32_MAX, (u64)UINT32_MAX, (u64)(type == UNIT_MOUNT));
    if (exec && type != UNIT_SERVICE)
        prop_value(p, 'b', "NonBlocking", 0);
    if (type == UNIT_SERVICE)
        prop_rows(p, "TWatchdogTimestamp\0uNFileDescriptorStore\0sCleanResult\0", (usec)0, (u64)0, "success");
    if (type == UNIT_SOCKET)
        prop_rows(p, "uControlPID\0uNConnections\0uNAccepted\0uNRefused\0", (u64)0, (u64)0, (u64)0, (u64)0);
    if (type == UNIT_TIMER)
        prop_rows(p, "tNextElapseUSecRealtime\0tNextElapseUSecMonotonic\0TLastTriggerUSec\0", (u64)0, USEC_INF, (usec)0);
    if (type == UNIT_SOCKET || type == UNIT_TIMER || type == UNIT_PATH || type == UNIT_AUTOMOUNT)
        prop_value(p, 's', "Result", (uintptr_t)"success");
    if (type == UNIT_SLICE) {
        BUF(parent, UNIT_NAME_BYTES);
        int r = slice_parent(str_of(unit_name(id)), &parent);
        prop_value(p, 's', "Slice", (uintptr_t)(r > 0 ? buf_end(&parent) : ""));
    }
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
    if (runs || type == UNIT_SLICE || type == UNIT_SOCKET || type == UNIT_SCOPE)
        put_control_group(p, id);
    put_unsupported(p, id);
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
    prop_rows(p, "sVersion\0sFeatures\0TKernelTimestamp\0TUserspaceTimestamp\0TSecurityStartTimestamp\0TFinishTimestamp\0uNNames\0uNFailedUnits\0"
                 "uNJobs\0uNInstalledJobs\0uNFailedJobs\0bConfirmSpawn\0bShowStatus\0sSystemState\0sControlGroup\0",
              "252 (pith)", "", (usec)1, manager.userspace_at,
              manager.in_container ? 0 : manager.userspace_at /* by that systemd-analyze tells whose kernel it is */, manager.finished_at, tab->names_n - 1, failed_units(), jobs_n, jobs_n,
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
