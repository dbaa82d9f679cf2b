/* SPDX-License-Identifier: 0BSD
 *
 * systemctl status: what a person wants to know of a unit or of the system, on one screen. */
#include "client.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/utsname.h>

/* ---- processes, by cgroup ------------------------------------------------------------------ */

/* The name of a process; "" if it is gone. */
static const char *comm_of(u32 pid)
{
    static char text[64];
    (void)file_line(z_fmt("/proc/%u/comm", pid), text, sizeof text);
    return text;
}

/* The folder of the group that is shown, and what its lines begin with: blanks and a glyph for each level. Both
 * grow with the depth and are cut back. */
static char group_space[PATH_BYTES], prefix_space[64];
static struct buf group = BUF_OVER(group_space), prefix = BUF_OVER(prefix_space);

static void put_process(u32 pid, u32 depth, u32 width, enum glyph branch)
{
    static char text[1024];
    struct str words = file_text(z_fmt("/proc/%u/cmdline", pid), text, sizeof text);
    for (u32 i = 0; i + 1 < words.n; i++)
        if ((u8)text[i] < ' ')
            text[i] = ' ';
    u32 room = out_columns(), used = prefix.n + depth + width + 3;
    int most = (int)MIN(MAX(room, used + 8) - used, 1023u);
    /* A zombie has no words any more, only a name. */
    out(words.n ? "\6%s%c%*u %.*s\1\n" : "\6%s%c%*u [%.*s]\1\n", prefix.p, branch, (int)width, pid, most,
        words.n ? text : comm_of(pid));
}

static int compare_u32(const void *a, const void *b)
{
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

static u32 read_pids(u32 *pids, u32 max)
{
    static char text[65536];
    u32 n = 0;
    u64 pid;
    struct str rest = file_text(z_fmt("%s/cgroup.procs", group.p), text, sizeof text), line;
    while (n < max && (line = str_line(&rest, '\n')).p)
        if (parse_u64(line, 10, &pid) == 0)
            pids[n++] = (u32)pid;
    qsort(pids, n, sizeof pids[0], compare_u32);
    return n;
}

static bool group_has_processes(const char *folder)
{
    static char text[256];
    (void)file_get(z_fmt("%s/cgroup.events", folder), text, sizeof text);
    return strstr(text, "populated 1") != NULL;
}

/* Groups below one, sorted; only those in which something runs. */
static u32 read_groups(char (*below)[256], u32 max)
{
    u32 n = 0;
    static struct dir d;
    dir_open(&d, group.p);
    for (struct dirent *e; (e = dir_next(&d));)
        if (e->d_type == DT_DIR && n < max && group_has_processes(z_fmt("%s/%s", group.p, e->d_name)))
            z_copy(below[n++], 256, str_of(e->d_name));
    qsort(below, n, 256, (int (*)(const void *, const void *))strcmp);
    return n;
}

static void put_group(u32 depth)
{
    /* Six levels are what slices make in practice: 6 x 128 names. */
    static char groups[6][128][256];
    /* In the root there are the kernel's own threads: nobody asks for those. */
    static u32 pids[512];
    u32 n = STREQ(buf_end(&group), "/sys/fs/cgroup") ? 0 : read_pids(pids, LEN(pids));
    if (depth == LEN(groups))
        return;
    u32 below = read_groups(groups[depth], LEN(groups[0])), group_n = group.n, prefix_n = prefix.n;
    u32 width = n ? (u32)strlen(z_fmt("%u", pids[n - 1])) : 0;
    (void)buf_end(&prefix);
    for (u32 i = 0; i < n; i++)
        put_process(pids[i], depth, width, i + 1 == n && !below ? GLYPH_LAST : GLYPH_BRANCH);
    for (u32 i = 0; i < below; i++) {
        bool last = i + 1 == below;
        const char *name = groups[depth][i];
        out("%s%c%s\n", buf_end(&prefix), last ? GLYPH_LAST : GLYPH_BRANCH, name);
        buf_fmt(&group, "/%s", name);
        buf_c(&prefix, last ? GLYPH_SPACE : GLYPH_VERTICAL);
        put_group(depth + 1);
        group.n = group_n;
        prefix.n = prefix_n;
    }
}

/* `blanks` stand before the lines below. */
static void put_cgroup(const char *path, u32 blanks)
{
    out("%*sCGroup: %s\n", (int)blanks - 8, "", *path ? path : "/");
    group.n = prefix.n = 0;
    buf_fmt(&group, "/sys/fs/cgroup%s", STREQ(path, "/") ? "" : path);
    buf_fmt(&prefix, "%*s", (int)blanks, "");
    put_group(0);
}

/* ---- a unit -------------------------------------------------------------------------------- */

#define UP "active\0reloading\0"

/* " (/etc/units/a.service; enabled; preset: enabled)" */
static void put_file(const char *path)
{
    const char *state = prop_text("UnitFileState"), *preset = prop_text("UnitFilePreset");
    if (z_in("alias\0static\0generated\0transient\0", state))
        preset = "";                     /* says nothing there */
    out(*state ? " (%s; %c%s\1%s%s)" : " (%s)", path,
        STREQ(state, "enabled") ? GREEN : STREQ(state, "disabled") ? YELLOW : PLAIN, state, *preset ? "; preset: " : "", preset);
}

static void put_loaded(void)
{
    struct prop p;
    const char *load = prop_text("LoadState"), *path = prop_text("FragmentPath"), *reason = "";
    if (prop_find("LoadError", &p)) {
        const char *error[2];
        if (fields_next(&p.at, UINT32_MAX, "ss", error))
            reason = error[1];
    }
    out("     Loaded: %c%s\1", z_in("loaded\0masked\0", load) ? PLAIN : RED, load);
    if (*reason)
        out(" (Reason: %s)", reason);
    else if (*path)
        put_file(path);
    out("\n");
}

static void put_dropins(void)
{
    struct texts paths = prop_texts("DropInPaths");
    struct str folder = { NULL, 0 };
    for (const char *path; (path = text_next(&paths));) {
        struct str dir = { path, (size_t)(strrchr(path, '/') - path) };
        if (folder.p && str_eq(dir, folder))
            out(", ");
        else
            out("%s%.*s\n             \023", folder.p ? "\n             " : "    Drop-In: ", (int)dir.n, path);
        out("%s", path + dir.n + 1);
        folder = dir;
    }
    if (folder.p)
        out("\n");
}

static void put_active(enum ink i)
{
    const char *active = prop_text("ActiveState"), *sub = prop_text("SubState"), *result = prop_text("Result");
    bool down = z_in("inactive\0failed\0", active);
    usec enter = prop_number("ActiveEnterTimestamp"), leave = prop_number("ActiveExitTimestamp");
    usec since = z_in(UP, active) ? enter : down ? prop_number("InactiveEnterTimestamp")
               : STREQ(active, "activating") ? prop_number("InactiveExitTimestamp") : leave;
    out(STREQ(active, sub) ? "     Active: %c%s\1" : "     Active: %c%s (%s)\1", i, active, sub);
    if (*result && !STREQ(result, "success"))
        out(" (Result: %s)", result);
    out(since ? " since %s\n" : "\n", when_text(since));
    if (since && down && enter && leave >= enter && !z_ends(prop_text("Id"), ".target")) {
        struct buf *span = z_buf();
        buf_span(span, leave - enter, USEC_MS);
        out("   Duration: %s\n", buf_end(span));
    }
}

struct unmet { const char *type; u64 trigger, negate; const char *parameter; u64 result; };

/* How many of a list were not met; the first `n` of them are printed with what goes before each. */
static u32 walk_conditions(const char *list, u32 n)
{
    struct prop p;
    struct unmet c;
    u32 unmet = 0;
    if (!prop_find(list, &p))
        return 0;
    for (u32 end = get_array(&p.at, 8); fields_next(&p.at, end, "sbbsi", &c);) {
        if ((i32)c.result >= 0)
            continue;
        unmet++;
        if (n)
            out("             %c %s=%s%s%s was not met\n", unmet < n ? GLYPH_BRANCH : GLYPH_LAST, c.type, c.trigger ? "|" : "",
                c.negate ? "!" : "", c.parameter);
    }
    return unmet;
}

/* The one assert that is told of: the last that is no trigger, else that of the triggers none was met. */
static void put_failed_assert(void)
{
    struct prop p;
    struct unmet c, failed = { 0 };
    if (!prop_find("Asserts", &p))
        return;
    for (u32 end = get_array(&p.at, 8); fields_next(&p.at, end, "sbbsi", &c);)
        if ((i32)c.result < 0 && (!c.trigger || !failed.type))
            failed = c;
    if (failed.trigger)
        out("             none of the trigger assertions were met\n");
    else if (failed.type)
        out("             %s=%s%s was not met\n", failed.type, failed.negate ? "!" : "", failed.parameter);
}

static void put_conditions(void)
{
    usec at = prop_number("ConditionTimestamp");
    if (!prop_number("ConditionResult") && at) {
        out("  Condition: start \5condition failed\1 at %s\n", when_text(at));
        (void)walk_conditions("Conditions", walk_conditions("Conditions", 0));
    }
    at = prop_number("AssertTimestamp");
    if (!prop_number("AssertResult") && at) {
        out("     Assert: start %cassertion failed\1 at %s\n", RED, when_text(at));
        put_failed_assert();
    }
}

static void put_texts(const char *name, const char *label)
{
    struct texts t = prop_texts(name);
    for (const char *text; (text = text_next(&t)) && *text; label = "")
        out(*label ? "%11s: %s\n" : "%13s%s\n", label, text);
}

static void put_exit(i32 code, i32 status)
{
    const char *word = code == CLD_EXITED ? exit_status_name(status) : NULL;
    if (code != CLD_EXITED)
        out("(code=%s, signal=%s)", code == CLD_DUMPED ? "dumped" : "killed", signal_name(status) + 3);
    else
        out("(code=exited, status=%d%s%s)", status, word ? "/" : "", word ? word : "");
}

/* Commands that have run, one line each. */
static void put_processes(void)
{
    static struct command c;
    for (struct prop p = { 0 }; prop_next(&p);) {
        struct bus_in in = p.at;
        if (!STREQ(p.signature, COMMANDS))
            continue;
        for (u32 end = get_array(&in, 8); fields_next(&in, end, p.signature + 2, &c);) {
            if (!c.code)
                continue;
            bool clean = c.code == CLD_EXITED ? !c.status : c.code == CLD_KILLED && (c.status == SIGTERM || c.status == SIGINT
                         || c.status == SIGHUP || c.status == SIGPIPE);
            out("    Process: %lu %s=%.4096s %c", (unsigned long)c.pid, p.name, c.argv, clean ? PLAIN : c.ignore ? YELLOW : RED);
            put_exit((i32)c.code, (i32)c.status);
            out("\1\n");
        }
    }
}

static void put_pid(const char *label, u32 pid)
{
    const char *comm = comm_of(pid);
    out(*comm ? "%s%u (%s)" : "%s%u", label, pid, comm);
}

static void put_pids(u32 running, u32 control)
{
    u32 exited = (u32)prop_number("ExecMainPID");
    i32 code = (i32)prop_number("ExecMainCode");
    put_processes();
    if (running) {
        put_pid("   Main PID: ", running);
    } else if (exited) {
        out(code ? "   Main PID: %u " : "   Main PID: %u", exited);
        if (code)
            put_exit(code, (i32)prop_number("ExecMainStatus"));
    }
    if (control)
        put_pid(running || exited ? "; Control PID: " : "  Cntrl PID: ", control);
    if (running || exited || control)
        out("\n");
}

static void put_resources(bool runs)
{
    u64 tasks = prop_number("TasksCurrent"), memory = prop_number("MemoryCurrent");
    const char *path = prop_text("ControlGroup");
    if (tasks && tasks != UINT64_MAX)
        out("      Tasks: %lu\n", (unsigned long)tasks);
    if (memory && memory != UINT64_MAX) {
        struct buf *bytes = z_buf();
        buf_bytes(bytes, memory);
        out("     Memory: %s\n", buf_end(bytes));
    }
    if (*path && (runs || STREQ(path, "/") || group_has_processes(z_fmt("/sys/fs/cgroup%s", path))))
        put_cgroup(path, 13);
}

/* Exit statuses are those of the LSB: 0 running, 3 not running, 4 not known. */
static int status_one(const char *unit, bool first)
{
    enum ink i;
    if (props_get("get properties", unit))
        return 1;
    const char *active = prop_text("ActiveState"), *text = prop_text("StatusText"), *id = prop_text("Id");
    const char *description = prop_text("Description");
    if (STREQ(prop_text("LoadState"), "not-found") && STREQ(active, "inactive")) {
        complain("Unit %s could not be found.", unit);
        return 4;
    }
    enum glyph g = active_glyph(active, &i);
    bool same = STREQ(id, description);
    out("%s%c%c\1 %s%s%s\n", first ? "" : "\n", i, g, id, same ? "" : " - ", same ? "" : description);
    put_loaded();
    put_dropins();
    put_active(i);
    put_texts("TriggeredBy", "TriggeredBy");
    put_texts("Triggers", "Triggers");
    put_conditions();
    put_texts("Where", "Where");
    put_texts("What", "What");
    put_texts("Documentation", "Docs");
    u32 running = (u32)prop_number("MainPID"), control = (u32)prop_number("ControlPID");
    put_pids(running, control);
    if (*text)
        out("     Status: \"%s\"\n", text);
    u64 error = prop_number("StatusErrno");
    if (error)
        out("      Error: %lu (%s)\n", (unsigned long)error, strerror((int)error));
    put_resources(running || control);
    bool changed = prop_number("NeedDaemonReload");
    static char name[UNIT_NAME_BYTES];
    z_copy(name, sizeof name, str_of(id));
    status_log(id, prop_number("InactiveExitTimestampMonotonic"));
    if (changed)
        warn_changed(name);
    return z_in(UP, active) ? 0 : 3;
}

/* ---- the system ---------------------------------------------------------------------------- */

static int status_system(void)
{
    static struct utsname u;
    if (props_get("read server status", NULL) || sys_uname(&u) < 0)
        return 1;
    const char *state = prop_text("SystemState");
    enum ink i = STREQ(state, "running") ? GREEN : STREQ(state, "degraded") ? RED : YELLOW;
    out("%c\016\1 %s\n    State: %c%s\1\n", i, u.nodename, i, state);
    out("    Units: %u loaded (incl. loaded aliases)\n     Jobs: %u queued\n   Failed: %u units\n"
        "    Since: %s\n  systemd: %s\n",
        (u32)prop_number("NNames"), (u32)prop_number("NJobs"), (u32)prop_number("NFailedUnits"),
        when_text(prop_number("UserspaceTimestamp")), prop_text("Version"));
    put_cgroup(prop_text("ControlGroup"), 11);
    return 0;
}

/* A pid stands for the unit it belongs to. */
static int resolve_pids(int argc, char **argv)
{
    static char found[16][UNIT_NAME_BYTES];
    u64 pid;
    for (int i = 1; i < argc && i <= (int)LEN(found); i++) {
        if (!decimal(argv[i], &pid))
            continue;
        if (ask("get unit for PID ", argv[i], "GetUnitByPID", "u", (u32)pid))
            return 1;
        struct buf b = BUF_OVER(found[i - 1]);
        if (bus_path_to(get_string(&reply.body), BUS_PATH "/unit/", &b))
            argv[i] = buf_end(&b);
    }
    return 0;
}

int verb_status(int argc, char **argv)
{
    char *everything[] = { argv[0], "*", NULL };
    if (argc == 1 && !args.all && !args.states.n && !args.types.n)
        return status_system();
    if (argc == 1) {
        argv = everything;
        argc = 2;
    }
    if (resolve_pids(argc, argv) || names_take(argc, argv, ".service", true))
        return 1;
    return names_each(status_one);
}
