/* SPDX-License-Identifier: 0BSD
 *
 * Processes of units, for the machines that have some: who a pid belongs to, the queue for spawn
 * slots, the cgroup (or, without cgroups, the sessions) of a unit, killing, and exit statuses. No
 * decision about a unit's state is made here. */
#include "kind.h"

#include <dirent.h>
#include <sys/inotify.h>

int inotify_fd = -1;

/* ---- pid -> unit --------------------------------------------------------------------------- */

/* Open addressing; grows with use, so a small system touches one page. A removed pid leaves a
 * tombstone (-1) until the next growth. */
static struct { pid_t pid; unit_id unit; } pids[PIDS_MAX * 2];
static u32 pids_size, pids_used;

static u32 pid_place(pid_t pid, bool insert)
{
    u32 i = (u32)pid * 2654435761u >> 7;
    for (;; i++) {
        i &= pids_size - 1;
        if (pids[i].pid == pid || pids[i].pid == 0 || (insert && pids[i].pid == -1))
            return i;
    }
}

static void pids_grow(void)
{
    u32 old = pids_size, live = 0;
    for (u32 i = 0; i < old; i++)
        live += pids[i].pid > 0;
    u32 size = old ? old : 256;
    while (live * 4 >= size && size < LEN(pids))
        size *= 2;
    /* Move what is there to the top end, then insert it again from there. */
    static struct { pid_t pid; unit_id unit; } keep[PIDS_MAX];
    u32 n = 0;
    for (u32 i = 0; i < old; i++)
        if (pids[i].pid > 0 && n < LEN(keep)) {
            keep[n].pid = pids[i].pid;
            keep[n++].unit = pids[i].unit;
        }
    memset(pids, 0, MAX(old, size) * sizeof *pids);
    pids_size = size;
    pids_used = n;
    for (u32 i = 0; i < n; i++) {
        u32 at = pid_place(keep[i].pid, true);
        pids[at].pid = keep[i].pid;
        pids[at].unit = keep[i].unit;
    }
}

void pid_add(pid_t pid, unit_id id)
{
    if (pids_used * 2 >= pids_size)
        pids_grow();
    u32 i = pid_place(pid, false);
    if (pids[i].pid != pid) {
        pids_used += pids[i].pid == 0;
        pids[i].pid = pid;
    }
    pids[i].unit = id;
}

void pid_remove(pid_t pid)
{
    u32 i = pids_size && pid > 0 ? pid_place(pid, false) : 0;
    if (pids_size && pid > 0 && pids[i].pid == pid)
        pids[i].pid = -1;
}

unit_id pid_unit(pid_t pid)
{
    if (!pids_size)
        return 0;
    u32 i = pid_place(pid, false);
    return pids[i].pid == pid ? pids[i].unit : 0;
}

/* ---- commands and the queue for slots ------------------------------------------------------ */

static unit_id waiting_first, waiting_last, waiting_turn;      /* turn: taken off the list, tries now */
usec spawn_waiting_since;

const struct setting *command_at(unit_id id, u32 directive, u32 n)
{
    const struct setting *s = setting_find(id, directive, NULL);
    while (s && n--)
        s = setting_find(id, directive, s);
    return s;
}

bool spawn_anyone_waiting(void) { return waiting_first != 0; }

unit_id spawn_next_waiting(void)
{
    unit_id id = waiting_turn = waiting_first;
    if (!id)
        return 0;
    waiting_first = RT(id)->next_waiting;
    if (!waiting_first)
        waiting_last = 0;
    RT(id)->spawn_waits = false;
    return id;
}

static void wait_for_slot(unit_id id)
{
    if (RT(id)->spawn_waits)
        return;
    bool front = id == waiting_turn;     /* found no slot: keeps its place */
    RT(id)->spawn_waits = true;
    RT(id)->next_waiting = front ? waiting_first : 0;
    if (!front && waiting_last)
        RT(waiting_last)->next_waiting = id;
    else
        waiting_first = id;
    if (!front || !waiting_last)
        waiting_last = id;
}

/* It goes elsewhere: what it waited to start is not wanted any more. */
void spawn_forget(unit_id id)
{
    unit_id before = 0;
    if (!RT(id)->spawn_waits)
        return;
    for (unit_id i = waiting_first; i != id; i = RT(i)->next_waiting)
        before = i;
    if (before)
        RT(before)->next_waiting = RT(id)->next_waiting;
    else
        waiting_first = RT(id)->next_waiting;
    if (waiting_last == id)
        waiting_last = before;
    RT(id)->spawn_waits = false;
}

pid_t run_command(unit_id id, struct spawn *s)
{
    struct runtime *rt = RT(id);
    int execed = 0;
    s->unit = id;
    memcpy(s->invocation, rt->invocation, sizeof s->invocation);
    cgroup_of(id, s->cgroup, sizeof s->cgroup);
    if (!rt->has_cgroup)
        s->flags |= SPAWN_NEW_CGROUP;
    bool turn = id == waiting_turn;
    if ((turn || waiting_first) && spawn_waiting_since && sys_now() - spawn_waiting_since > 100 * USEC_MS)
        s->flags |= SPAWN_HEAVY;         /* the slots hang in execve: do without */
    else if (waiting_first && !turn && !(s->flags & SPAWN_HEAVY))
        return wait_for_slot(id), 0;     /* first come, first served */
    pid_t pid = spawn(s, &execed);
    if (pid == -EAGAIN) {
        wait_for_slot(id);
        return 0;
    }
    if (pid < 0) {
        log_unit(id, LOG_WARNING, "Failed to run %s: %s", text_at(s->command->w[1]), strerror(-pid));
        return pid;
    }
    rt->has_cgroup = exec_cgroups;
    rt->emptied = false;
    if (execed > 0) {
        rt->execed_fd = execed;
        (void)watch_add(execed, 1 /* EPOLLIN */, WATCH_EXECED, (u16)id);
    }
    if (s->flags & SPAWN_CONTROL) {
        rt->control_pid = rt->control_group = pid;
        rt->control = (struct ran){ .pid = pid, .started = sys_now() };
        pid_add(pid, id);
    } else {
        rt->main_group = pid;
        note_main_pid(id, pid);
    }
    return pid;
}

void note_main_pid(unit_id id, pid_t pid)
{
    struct runtime *rt = RT(id);
    if (rt->main_pid != pid)
        pid_remove(rt->main_pid);
    rt->main_pid = pid;
    rt->main_known = true;
    if (rt->main.pid != pid)
        rt->main = (struct ran){ .pid = pid, .started = sys_now() };
    pid_add(pid, id);
}

void forget_control(unit_id id)
{
    pid_remove(RT(id)->control_pid);
    RT(id)->control_pid = 0;
}

void note_control_end(unit_id id, const struct death *d)
{
    struct ran *ran = &RT(id)->control;
    ran->code = d->code;
    ran->status = d->status;
    ran->exited = sys_now();
    forget_control(id);
}

/* ---- cgroups ------------------------------------------------------------------------------- */

/* "a-b.slice" lies in "a.slice/a-b.slice". */
static void put_slice(struct buf *b, struct str slice)
{
    struct str stem = str_cut(slice, slice.n - 6);
    if (str_is(stem, "-"))
        return;
    for (size_t i = 1; i <= stem.n; i++)
        if (i == stem.n || stem.p[i] == '-')
            buf_fmt(b, "%.*s.slice/", (int)i, stem.p);
}

void cgroup_of(unit_id id, char *path, u32 size)
{
    struct buf b = { path, 0, size, false };
    const char *slice = RT(id)->has_cgroup && UNIT(id)->slice ? text_at(UNIT(id)->slice) : unit_text(id, D_Slice);
    if (UNIT(id)->type == UNIT_SLICE) {
        put_slice(&b, str_of(unit_name(id)));
        b.n -= b.n > 0;
    } else {
        put_slice(&b, str_of(slice ? slice : "system.slice"));
        buf_z(&b, unit_name(id));
    }
    if (b.over)
        b.n = 0;                         /* too deep for a path: without a cgroup */
    buf_end(&b);
}

const char *unit_cgroup(unit_id id)
{
    static char path[PATH_BYTES / 8];
    cgroup_of(id, path, sizeof path);
    return path;
}

/* Is there still a process in a session that the unit started? A session's number is not given to
 * a new process while one is left. */
static bool session_alive(pid_t group) { return group > 0 && sys_kill(-group, 0) != -ESRCH; }

bool group_empty(unit_id id)
{
    struct runtime *rt = RT(id);
    if (!rt->has_cgroup)
        return !session_alive(rt->main_group) && !session_alive(rt->control_group);
    return cgroup_populated(unit_cgroup(id)) <= 0;
}

/* Watches, and whose they are. Two units that watch one folder have one number of the kernel between them.
 * wd -1: the kernel would not watch; then every death of a process that nobody knows makes run/ look again. */
static struct { int wd; unit_id unit; } watches[WATCHES_MAX];

unit_id watch_unit(int wd, u32 *at)
{
    while (*at < LEN(watches)) {
        u32 i = (*at)++;
        if (watches[i].unit && watches[i].wd == wd)
            return watches[i].unit;
    }
    return 0;
}

void unwatch(unit_id id)
{
    if (!RT(id)->watch)
        return;
    u32 i = (u32)RT(id)->watch - 1, at = 0;
    watches[i].unit = 0;
    RT(id)->watch = 0;
    if (watches[i].wd >= 0 && !watch_unit(watches[i].wd, &at))
        (void)sys_inotify_rm(inotify_fd, watches[i].wd);
}

static void watch_path(unit_id id, const char *path, u32 mask)
{
    unwatch(id);
    for (u32 i = 0; i < LEN(watches); i++) {
        if (watches[i].unit)
            continue;
        watches[i].wd = path ? sys_inotify_add(inotify_fd, path, mask) : -1;
        watches[i].unit = id;
        RT(id)->watch = (int)i + 1;
        return;
    }
}

void watch_empty(unit_id id)
{
    watch_path(id, RT(id)->has_cgroup ? cgroup_file(unit_cgroup(id), "cgroup.events") : NULL, IN_MODIFY);
}

void watch_folder(unit_id id, const char *path)
{
    watch_path(id, path, IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_MODIFY);
}

void group_forget(unit_id id)
{
    struct runtime *rt = RT(id);
    unwatch(id);
    rt->main_group = rt->control_group = 0;
    if (!rt->has_cgroup)
        return;
    (void)cgroup_remove(unit_cgroup(id));
    rt->has_cgroup = false;
    UNIT(id)->slice = 0;
}

/* ---- killing ------------------------------------------------------------------------------- */

static int signal_of(unit_id id, enum kill_op op)
{
    static const u16 directive[] = { [OP_TERMINATE] = D_KillSignal, [OP_RESTART] = D_RestartKillSignal,
                                     [OP_KILL] = D_FinalKillSignal, [OP_WATCHDOG] = D_WatchdogSignal };
    i32 sig = unit_int(id, directive[op]);
    return sig ? sig : unit_int(id, D_KillSignal);
}

static bool kill_one(pid_t pid, int sig, bool hup)
{
    if (sys_kill(pid, sig) < 0)
        return false;
    if (sig != SIGKILL && sig != SIGCONT)
        sys_kill(pid, SIGCONT);          /* a stopped process would not see it */
    if (hup)
        sys_kill(pid, SIGHUP);
    return true;
}

/* The rest of the unit's processes: those of its cgroup, or of its sessions. */
static bool kill_rest(unit_id id, int sig)
{
    struct runtime *rt = RT(id);
    bool any = false;
    if (rt->has_cgroup) {
        const char *path = unit_cgroup(id);
        rt->emptied |= !rt->emptied && cgroup_populated(path) == 0;
        return !rt->emptied && cgroup_kill(path, sig, sig == SIGKILL ? 0 : rt->main_pid) > 0;
    }
    if (rt->main_group > 0)
        any |= kill_one(-rt->main_group, sig, false);
    if (rt->control_group > 0)
        any |= kill_one(-rt->control_group, sig, false);
    return any;
}

int kill_unit(unit_id id, enum kill_op op)
{
    struct runtime *rt = RT(id);
    i32 mode = unit_int(id, D_KillMode);
    int sig = signal_of(id, op);
    bool hup = unit_int(id, D_SendSIGHUP) && op != OP_KILL && sig != SIGHUP;
    bool wait = false, all = mode == KILL_CONTROL_GROUP || (mode == KILL_MIXED && op == OP_KILL);
    if (mode == KILL_NONE)
        return 0;
    if (rt->main_pid > 0 && kill_one(rt->main_pid, sig, hup))
        wait = true;
    if (rt->control_pid > 0)
        wait |= kill_one(rt->control_pid, sig, hup);
    if (!all)
        return wait;
    return kill_rest(id, sig) || wait;
}

int kill_unit_who(unit_id id, const char *who, int sig)
{
    struct runtime *rt = RT(id);
    bool all = STREQ(who, "all");
    int r = -ESRCH;
    if (rt->main_pid > 0 && (all || STREQ(who, "main")))
        r = sys_kill(rt->main_pid, sig);
    if (rt->control_pid > 0 && (all || STREQ(who, "control")))
        r = sys_kill(rt->control_pid, sig);
    return all && kill_rest(id, sig) ? 0 : r;
}

/* ---- looking at /proc ---------------------------------------------------------------------- */

static ssize_t read_proc(pid_t pid, const char *file, char *text, u32 size)
{
    BUF(path, 64);
    buf_fmt(&path, "/proc/%d/%s", (int)pid, file);
    return file_get(buf_end(&path), text, size);
}

/* A field of /proc/PID/stat behind the name: 1 state, 2 parent, 4 session. */
static pid_t stat_field(pid_t pid, u32 field)
{
    char text[512];
    u64 v = 0;
    if (read_proc(pid, "stat", text, sizeof text) <= 0)
        return 0;
    char *close = strrchr(text, ')');
    struct str rest = str_of(close ? close + 1 : ""), word = { NULL, 0 };
    for (u32 i = 0; i < field; i++)
        word = str_word(&rest, " ");
    return word.p && parse_u64(word, 10, &v) == 0 ? (pid_t)v : 0;
}

unit_id unit_of_process(pid_t pid)
{
    char text[PATH_BYTES / 4];
    unit_id id = pid_unit(pid);
    if (id)
        return id;
    if (exec_cgroups && read_proc(pid, "cgroup", text, sizeof text) > 0) {
        const char *path = strstr(text, "0::");
        struct str rest = str_of(path ? path + 3 : ""), part;
        while ((part = str_word(&rest, "/\n")).p) {
            unit_id found = unit_name_valid(part) ? unit_find(part) : 0;
            if (found && UNIT(found)->type != UNIT_SLICE)
                id = found;
        }
        return id;
    }
    pid_t session = stat_field(pid, 4);
    for (UNITS(u))
        if (session > 0 && (RT(u)->main_group == session || RT(u)->control_group == session))
            return u;
    return 0;
}

pid_t guess_main_pid(unit_id id)
{
    char text[4096];
    struct str rest, line;
    pid_t found = 0;
    if (!RT(id)->has_cgroup)
        return 0;
    rest = file_text(cgroup_file(unit_cgroup(id), "cgroup.procs"), text, sizeof text);
    while ((line = str_line(&rest, '\n')).p) {
        u64 pid;
        if (parse_u64(line, 10, &pid) < 0 || (pid_t)pid == RT(id)->control_pid || stat_field((pid_t)pid, 2) != sys_getpid())
            continue;
        if (found)
            return 0;                    /* more than one: not to be told apart */
        found = (pid_t)pid;
    }
    return found;
}

/* ---- folders below /run -------------------------------------------------------------------- */

/* Removes a tree that does not leave its file system, eight folders deep: what services keep in
 * /run. It is a tmpfs, which does not wait. */
static void remove_tree(int at, const char *name, dev_t dev, u32 depth)
{
    struct stat st;
    struct dir d;
    if (sys_unlinkat(at, name, 0) != -EISDIR)
        return;
    d.fd = sys_openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    d.at = d.n = 0;
    bool below = depth && d.fd >= 0 && sys_fstat(d.fd, &st) == 0 && st.st_dev == dev;
    for (struct dirent *e; (e = dir_next(&d));)
        if (below)
            remove_tree(d.fd, e->d_name, dev, depth - 1);
    (void)sys_unlinkat(at, name, AT_REMOVEDIR);
}

void remove_runtime_dirs(unit_id id)
{
    i32 preserve = unit_int(id, D_RuntimeDirectoryPreserve);
    struct stat st;
    if (preserve == PRESERVE_YES || (preserve == PRESERVE_RESTART && RT(id)->restarting))
        return;
    for (const struct setting *s = NULL; (s = setting_find(id, D_RuntimeDirectory, s));) {
        const char *name = text_at(s->w[0]);
        BUF(path, PATH_BYTES);
        buf_fmt(&path, "/run/%.*s", (int)strcspn(name, ":"), name);
        if (sys_stat("/run", &st) == 0)
            remove_tree(AT_FDCWD, buf_end(&path), st.st_dev, 8);
    }
}

/* ---- exit statuses ------------------------------------------------------------------------- */

bool status_in(unit_id id, u32 directive, const struct death *d)
{
    u32 want = d->code == CLD_EXITED ? (u32)d->status : 256 + (u32)d->status;
    for (const struct setting *s = NULL; (s = setting_find(id, directive, s));)
        if (s->w[0] == want)
            return true;
    return false;
}

bool clean_exit(unit_id id, const struct death *d, bool daemon)
{
    if (d->code == CLD_EXITED && d->status == 0)
        return true;
    if (d->code == CLD_KILLED && daemon
        && (d->status == SIGHUP || d->status == SIGINT || d->status == SIGTERM || d->status == SIGPIPE))
        return true;
    return status_in(id, D_SuccessExitStatus, d);
}

u8 result_of(unit_id id, const struct death *d, bool daemon, u32 command_flags)
{
    if (command_flags & EXEC_IGNORE_FAILURE || clean_exit(id, d, daemon))
        return SUCCESS;
    return d->code == CLD_EXITED ? FAILURE_EXIT_CODE : d->code == CLD_DUMPED ? FAILURE_CORE_DUMP : FAILURE_SIGNAL;
}

void log_exit(unit_id id, const char *who, const struct death *d, bool success)
{
    bool exited = d->code == CLD_EXITED;
    const char *name = exited ? exit_status_name(d->status) : signal_name(d->status) + 3;
    log_unit(id, success ? LOG_DEBUG : exited ? LOG_NOTICE : LOG_WARNING, "%s exited, code=%s, status=%d/%s%s", who,
             exited ? "exited" : d->code == CLD_DUMPED ? "dumped" : "killed", d->status, name ? name : "n/a",
             success ? " (success)" : "");
}
