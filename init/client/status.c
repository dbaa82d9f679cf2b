/* SPDX-License-Identifier: 0BSD
 *
 * systemctl status: what a person wants to know of a unit or of the system, on one screen. */
#include "client.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/utsname.h>

/* ---- processes, by cgroup ------------------------------------------------------------------ */

/* First word of a small file of /proc; "" if the process is gone. */
static ssize_t read_proc(u32 pid, const char *file, char *text, u32 size)
{
    BUF(path, 64);
    buf_fmt(&path, "/proc/%u/%s", pid, file);
    int fd = sys_open(buf_end(&path), O_RDONLY);
    ssize_t n = fd < 0 ? fd : sys_read(fd, text, size - 1);
    if (fd >= 0)
        sys_close(fd);
    text[n > 0 ? n : 0] = 0;
    return n;
}

static void put_process(u32 pid, const char *prefix, u32 width, bool last)
{
    char text[1024];
    ssize_t n = read_proc(pid, "cmdline", text, sizeof text);
    for (ssize_t i = 0; i < n - 1; i++)
        if ((u8)text[i] < ' ')
            text[i] = ' ';
    bool dead = n <= 0;                  /* a zombie has no words any more, only a name */
    if (dead) {
        (void)read_proc(pid, "comm", text, sizeof text);
        text[strcspn(text, "\n")] = 0;
    }
    u32 room = out_columns(), used = text_width(str_of(prefix)) + width + 3;
    int most = args.full || room == UINT32_MAX ? 1023 : (int)MAX(room, used + 8) - (int)used;
    out("%s%s%s%*u %s%.*s%s%s\n", ink(GREY), prefix, glyph(last ? GLYPH_LAST : GLYPH_BRANCH), (int)width, pid,
        dead ? "[" : "", most, text, dead ? "]" : "", ink(PLAIN));
}

static int compare_u32(const void *a, const void *b)
{
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

static u32 read_pids(const char *group, u32 *pids, u32 max)
{
    static char text[65536];
    BUF(path, PATH_BYTES);
    u32 n = 0;
    u64 pid;
    buf_fmt(&path, "%s/cgroup.procs", group);
    int fd = sys_open(buf_end(&path), O_RDONLY);
    ssize_t size = fd < 0 ? fd : sys_read(fd, text, sizeof text);
    if (fd >= 0)
        sys_close(fd);
    struct str rest = { text, (size_t)MAX(size, 0) }, line;
    while (n < max && (line = str_line(&rest, '\n')).p)
        if (parse_u64(line, 10, &pid) == 0)
            pids[n++] = (u32)pid;
    qsort(pids, n, sizeof pids[0], compare_u32);
    return n;
}

static bool group_has_processes(const char *group)
{
    char text[256];
    BUF(path, PATH_BYTES);
    buf_fmt(&path, "%s/cgroup.events", group);
    int fd = sys_open(buf_end(&path), O_RDONLY);
    ssize_t n = fd < 0 ? fd : sys_read(fd, text, sizeof text - 1);
    if (fd >= 0)
        sys_close(fd);
    text[MAX(n, 0)] = 0;
    return strstr(text, "populated 1") != NULL;
}

/* Groups below one, sorted; only those in which something runs. */
static u32 read_groups(const char *group, char (*below)[256], u32 max)
{
    char dents[4096];
    u32 n = 0;
    int fd = sys_open(group, O_RDONLY | O_DIRECTORY);
    for (ssize_t size; fd >= 0 && (size = sys_getdents(fd, dents, sizeof dents)) > 0;)
        for (ssize_t at = 0; at < size;) {
            struct dirent *d = (void *)(dents + at);
            BUF(path, PATH_BYTES);
            at += d->d_reclen;
            if (d->d_type != DT_DIR || d->d_name[0] == '.' || n == max)
                continue;
            buf_fmt(&path, "%s/%s", group, d->d_name);
            if (group_has_processes(buf_end(&path)))
                z_copy(below[n++], 256, str_of(d->d_name));
        }
    if (fd >= 0)
        sys_close(fd);
    qsort(below, n, 256, (int (*)(const void *, const void *))strcmp);
    return n;
}

static void put_group(const char *group, const char *prefix, u32 depth)
{
    /* Six levels are what slices make in practice: 6 x 128 names. */
    static char groups[6][128][256];
    /* In the root there are the kernel's own threads: nobody asks for those. */
    u32 pids[512], n = STREQ(group, "/sys/fs/cgroup") ? 0 : read_pids(group, pids, LEN(pids)), width = 1;
    if (depth == LEN(groups))
        return;
    u32 below = read_groups(group, groups[depth], LEN(groups[0]));
    for (u32 most = n ? pids[n - 1] : 0; most >= 10; most /= 10)
        width++;
    for (u32 i = 0; i < n; i++)
        put_process(pids[i], prefix, width, i + 1 == n && !below);
    for (u32 i = 0; i < below; i++) {
        BUF(path, PATH_BYTES);
        BUF(deeper, 256);
        bool last = i + 1 == below;
        out("%s%s%s\n", prefix, glyph(last ? GLYPH_LAST : GLYPH_BRANCH), groups[depth][i]);
        buf_fmt(&path, "%s/%s", group, groups[depth][i]);
        buf_fmt(&deeper, "%s%s", prefix, glyph(last ? GLYPH_SPACE : GLYPH_VERTICAL));
        put_group(buf_end(&path), buf_end(&deeper), depth + 1);
    }
}

static void put_cgroup(const char *label, const char *group, const char *prefix)
{
    BUF(path, PATH_BYTES);
    out("%s%s\n", label, *group ? group : "/");
    buf_fmt(&path, "/sys/fs/cgroup%s", group);
    put_group(buf_end(&path), prefix, 0);
}

/* ---- a unit -------------------------------------------------------------------------------- */

static void put_title(void)
{
    enum ink i;
    enum glyph g = active_glyph(prop_text("ActiveState"), &i);
    const char *id = prop_text("Id"), *description = prop_text("Description");
    out("%s%s%s %s", ink(i), glyph(g), ink(PLAIN), id);
    out(STREQ(id, description) ? "%.0s\n" : " - %s\n", description);
}

/* " (/etc/units/a.service; enabled; preset: enabled)". PID 1 keeps no [Install]: the files are asked. */
static void put_file(const char *path)
{
    if (!index_built())
        index_build();
    int s = install_state(str_of(prop_text("Id")));
    out(" (%s", path);
    if (s >= 0)
        out("; %s%s%s%s", ink(s == FILE_ENABLED ? GREEN : s == FILE_DISABLED ? YELLOW : PLAIN), name_of(file_state_names, s),
            ink(PLAIN), file_has_preset(s) ? "; preset: enabled" : "");
    out_str(S(")"));
}

static void put_loaded(void)
{
    struct bus_in in;
    const char *signature, *load = prop_text("LoadState"), *path = prop_text("FragmentPath"), *reason = "";
    bool bad = !STREQ(load, "loaded") && !STREQ(load, "masked");
    if (prop_find("LoadError", &in, &signature)) {
        get_align(&in, 8);
        (void)get_string(&in);
        reason = get_string(&in);
    }
    out("     Loaded: %s%s%s", ink(bad ? RED : PLAIN), load, ink(PLAIN));
    if (*reason)
        out(" (Reason: %s)", reason);
    else if (*path)
        put_file(path);
    out_str(S("\n"));
}

static void put_dropins(void)
{
    struct bus_in in;
    const char *signature;
    BUF(folder, PATH_BYTES);
    bool any = false;
    if (!prop_find("DropInPaths", &in, &signature))
        return;
    for (u32 end = get_array(&in, 4); !in.bad && in.at < end; any = true) {
        struct str path = str_of(get_string(&in)), dir = str_cut(path, (size_t)MAX(str_rfind(path, '/'), 0));
        bool same = any && str_eq(dir, (struct str){ folder.p, folder.n });
        if (!same) {
            folder.n = 0;
            buf_str(&folder, dir);
            out("%s%.*s\n             %s", any ? "\n             " : "    Drop-In: ", (int)dir.n, dir.p, glyph(GLYPH_LAST));
        }
        out("%s%.*s", same ? ", " : "", (int)(path.n - dir.n - 1), path.p + dir.n + 1);
    }
    if (any)
        out_str(S("\n"));
}

static void put_active(void)
{
    enum ink i;
    const char *active = prop_text("ActiveState"), *sub = prop_text("SubState"), *result = prop_text("Result");
    bool up = STREQ(active, "active") || STREQ(active, "reloading"), down = STREQ(active, "inactive") || STREQ(active, "failed");
    usec enter = prop_number("ActiveEnterTimestamp"), leave = prop_number("ActiveExitTimestamp");
    usec since = up ? enter : down ? prop_number("InactiveEnterTimestamp")
               : STREQ(active, "activating") ? prop_number("InactiveExitTimestamp") : leave;
    (void)active_glyph(active, &i);
    out("     Active: %s%s", ink(i), active);
    out(STREQ(active, sub) ? "%.0s" : " (%s)", sub);
    out("%s", ink(PLAIN));
    if (*result && !STREQ(result, "success"))
        out(" (Result: %s)", result);
    if (since) {
        out_str(S(" since "));
        out_when(since);
    }
    out_str(S("\n"));
    if (since && down && enter && leave >= enter && !z_ends(prop_text("Id"), ".target")) {
        BUF(span, 64);
        buf_span(&span, leave - enter, USEC_MS);
        out("   Duration: %s\n", buf_end(&span));
    }
}

/* Which conditions were not met. */
static void put_conditions(void)
{
    struct bus_in in;
    const char *signature;
    usec at = prop_number("ConditionTimestamp");
    if (prop_number("ConditionResult") || !at || !prop_find("Conditions", &in, &signature))
        return;
    out("  Condition: start %scondition failed%s at ", ink(YELLOW), ink(PLAIN));
    out_when(at);
    out_str(S("\n"));
    for (u32 end = get_array(&in, 8); !in.bad && in.at < end;) {
        get_align(&in, 8);
        const char *type = get_string(&in);
        bool trigger = get_bool(&in), negate = get_bool(&in);
        const char *parameter = get_string(&in);
        if ((i32)get_u32(&in) < 0)
            out("             %s %s=%s%s%s was not met\n", glyph(GLYPH_LAST), type, trigger ? "|" : "", negate ? "!" : "", parameter);
    }
}

static void put_texts(const char *name, const char *label)
{
    struct bus_in in;
    const char *signature;
    if (!prop_find(name, &in, &signature))
        return;
    if (*signature == 's') {
        const char *text = get_string(&in);
        if (*text)
            out("%s %s\n", label, text);
        return;
    }
    for (u32 end = get_array(&in, 4); !in.bad && in.at < end; label = "            ")
        out("%s %s\n", label, get_string(&in));
}

static const char *code_word(i32 code)
{
    return code == CLD_EXITED ? "exited" : code == CLD_DUMPED ? "dumped" : "killed";
}

static void put_exit(i32 code, i32 status)
{
    out("(code=%s, ", code_word(code));
    if (code == CLD_EXITED) {
        const char *word = exit_status_name(status);
        out(word ? "status=%d/%s)" : "status=%d)", status, word);
    } else {
        out("signal=%s)", signal_name(status) + 3);
    }
}

/* Commands that have run, one line each. */
static void put_processes(void)
{
    for (struct prop p = { 0 }; prop_next(&p);) {
        struct bus_in in = p.at;
        if (!STREQ(p.signature, "a(sasbttttuii)"))
            continue;
        for (u32 end = get_array(&in, 8); !in.bad && in.at < end;) {
            BUF(argv, 2048);
            get_align(&in, 8);
            (void)get_string(&in);
            for (u32 argv_end = get_array(&in, 4); !in.bad && in.at < argv_end;)
                buf_fmt(&argv, "%s%s", argv.n ? " " : "", get_string(&in));
            bool ignore = get_bool(&in);
            for (u32 i = 0; i < 4; i++)
                (void)get_u64(&in);
            u32 pid = get_u32(&in);
            i32 code = (i32)get_u32(&in), status = (i32)get_u32(&in);
            if (!code)
                continue;
            bool clean = (code == CLD_EXITED && !status) || (code == CLD_KILLED && (status == SIGTERM || status == SIGINT
                          || status == SIGHUP || status == SIGPIPE));
            out("    Process: %u %s=%s %s", pid, p.name, buf_end(&argv), ink(clean ? PLAIN : ignore ? YELLOW : RED));
            put_exit(code, status);
            out("%s\n", ink(PLAIN));
        }
    }
}

static void put_comm(u32 pid)
{
    char comm[64];
    if (read_proc(pid, "comm", comm, sizeof comm) > 0)
        out(" (%.*s)", (int)strcspn(comm, "\n"), comm);
}

static void put_pids(void)
{
    u32 main = (u32)prop_number("MainPID"), exited = (u32)prop_number("ExecMainPID"), control = (u32)prop_number("ControlPID");
    put_processes();
    if (main || exited) {
        i32 code = (i32)prop_number("ExecMainCode");
        out("   Main PID: %u", main ? main : exited);
        if (main) {
            put_comm(main);
        } else if (code) {
            out_str(S(" "));
            put_exit(code, (i32)prop_number("ExecMainStatus"));
        }
    }
    if (control) {
        out("%s%u", main || exited ? "; Control PID: " : "  Cntrl PID: ", control);
        put_comm(control);
    }
    if (main || exited || control)
        out_str(S("\n"));
}

static void put_resources(void)
{
    u64 tasks = prop_number("TasksCurrent"), memory = prop_number("MemoryCurrent");
    const char *group = prop_text("ControlGroup");
    if (tasks && tasks != UINT64_MAX)
        out("      Tasks: %lu\n", (unsigned long)tasks);
    if (memory && memory != UINT64_MAX) {
        BUF(bytes, 32);
        buf_bytes(&bytes, memory);
        out("     Memory: %s\n", buf_end(&bytes));
    }
    if (*group)
        put_cgroup("     CGroup: ", group, "             ");
}

/* Exit statuses are those of the LSB: 0 running, 3 not running, 4 not known. */
static int status_one(const char *unit, bool first)
{
    if (props_get(unit) < 0)
        return complain("Failed to get properties: %s", call_error());
    const char *active = prop_text("ActiveState"), *text = prop_text("StatusText");
    if (STREQ(prop_text("LoadState"), "not-found") && STREQ(active, "inactive")) {
        complain("Unit %s could not be found.", unit);
        return 4;
    }
    if (!first)
        out_str(S("\n"));
    put_title();
    put_loaded();
    put_dropins();
    put_active();
    put_texts("TriggeredBy", "TriggeredBy:");
    put_texts("Triggers", "   Triggers:");
    put_conditions();
    put_texts("Where", "      Where:");
    put_texts("What", "       What:");
    put_texts("Documentation", "       Docs:");
    put_pids();
    if (*text)
        out("     Status: \"%s\"\n", text);
    u64 error = prop_number("StatusErrno");
    if (error)
        out("      Error: %lu (%s)\n", (unsigned long)error, strerror((int)error));
    put_resources();
    status_log(unit, (u32)prop_number("ExecMainPID"), prop_number("InactiveExitTimestampMonotonic"));
    return STREQ(active, "active") || STREQ(active, "reloading") ? 0 : 3;
}

/* ---- the system ---------------------------------------------------------------------------- */

static int status_system(void)
{
    struct utsname u;
    if (props_get(NULL) < 0 || sys_uname(&u) < 0)
        return complain("Failed to read server status: %s", call_error());
    const char *state = prop_text("SystemState");
    enum ink i = STREQ(state, "running") ? GREEN : STREQ(state, "degraded") ? RED : YELLOW;
    out("%s%s%s %s\n    State: %s%s%s\n", ink(i), glyph(GLYPH_ACTIVE), ink(PLAIN), u.nodename, ink(i), state, ink(PLAIN));
    out("    Units: %lu loaded (incl. loaded aliases)\n     Jobs: %lu queued\n   Failed: %lu units\n    Since: ",
        (unsigned long)prop_number("NNames"), (unsigned long)prop_number("NJobs"), (unsigned long)prop_number("NFailedUnits"));
    out_when(prop_number("UserspaceTimestamp"));
    out("\n  systemd: %s\n", prop_text("Version"));
    put_cgroup("   CGroup: ", prop_text("ControlGroup"), "           ");
    return 0;
}

/* A pid stands for the unit it belongs to. */
static int resolve_pids(int argc, char **argv)
{
    static char found[16][UNIT_NAME_BYTES];
    u64 pid;
    for (int i = 1; i < argc; i++) {
        struct bus_msg reply;
        if (parse_u64(str_of(argv[i]), 10, &pid) < 0 || i > (int)LEN(found))
            continue;
        if (manager_call(&reply, "GetUnitByPID", "u", (u32)pid) < 0)
            return complain("Failed to get unit for PID %lu: %s", (unsigned long)pid, call_error());
        struct buf b = BUF_OVER(found[i - 1]);
        if (bus_path_to(get_string(&reply.body), BUS_PATH "/unit/", &b))
            argv[i] = buf_end(&b);
    }
    return 0;
}

int verb_status(int argc, char **argv)
{
    int status = 0;
    if (!bus_is_there())
        return 1;
    if (argc == 1 && !args.all && !args.states.n && !args.types.n)
        return status_system();
    char *everything[] = { argv[0], "*", NULL };
    if (argc == 1 ? names_take(2, everything, ".service", true)
                  : resolve_pids(argc, argv) || names_take(argc, argv, ".service", true))
        return 1;
    for (u32 i = 0; i < names.n; i++) {
        int r = status_one(names.name[i], i == 0);
        status = status ? status : r;
    }
    return status;
}
