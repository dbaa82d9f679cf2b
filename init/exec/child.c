/* SPDX-License-Identifier: 0BSD
 *
 * The child: takes the steps of steps.def in order, reports the one that fails, and exits with its
 * status. It may run in PID 1's memory (spawn.c), so nothing here writes anything but its own
 * struct child, logs, or returns. */
#include "exec.h"

#include <linux/prctl.h>
#include <sys/resource.h>

static int do_setsid(struct child *c)
{
    (void)c;
    int r = sys_setsid();
    return r < 0 && r != -EPERM ? r : 0;
}

/* Dispositions are PID 1's, which are the defaults. While a child shares our memory its mask stays full
 * until execve: a signal that dumps core would take all who share that memory with it. */
static int do_signals(struct child *c)
{
    if (!c->shares_memory)
        (void)sys_sigmask(SIG_SETMASK, 0, NULL);
    return unit_int(c->s->unit, D_IgnoreSIGPIPE) ? sys_signal_ignore(SIGPIPE) : 0;
}

/* The journal's process is given what nobody else has: our log and the socket of all streams. */
static int do_fds(struct child *c)
{
    const struct setting *cmd = c->s->command;
    if (!STREQ(text_at(cmd->w[1]), "/proc/self/exe") || !STREQ(text_at(cmd->w[3]), "systemd-journald"))
        return 0;
    int log = sys_dup_above(exec_fds.log_read, 10), listen = sys_dup_above(exec_fds.journal_listen, 10);
    if (log < 0 || listen < 0)
        return log < 0 ? log : listen;
    int r = sys_dup_to(log, 3, false);
    return r < 0 ? r : sys_dup_to(listen, 4, false);
}

/* Only where clone3() could not put us there. */
static int do_cgroup(struct child *c)
{
    if (!c->s->cgroup[0] || !exec_cgroups || c->shares_memory)
        return 0;
    int r = file_put(cgroup_file(c->s->cgroup, "cgroup.procs"), S("0"), 0);
    return r == -ENOENT ? 0 : r;
}

static int do_oom_adjust(struct child *c)
{
    if (!unit_has(c->s->unit, D_OOMScoreAdjust))
        return 0;
    BUF(text, 16);
    buf_fmt(&text, "%d", unit_int(c->s->unit, D_OOMScoreAdjust));
    int r = file_put("/proc/self/oom_score_adj", STR(text), 0);
    return r == -EACCES || r == -EPERM ? 0 : r;     /* as systemd: not allowed is not an error */
}

static int do_nice(struct child *c)
{
    return unit_has(c->s->unit, D_Nice) ? sys_setpriority(unit_int(c->s->unit, D_Nice)) : 0;
}

/* A limit; as much of it as may be had where that is too much for us. */
static int set_limit(int which, struct rlimit limit)
{
    struct rlimit old;
    int r = sys_setrlimit(which, &limit, NULL);
    if (r != -EPERM || sys_setrlimit(which, NULL, &old) < 0)
        return r;
    limit.rlim_max = MIN(limit.rlim_max, old.rlim_max);
    limit.rlim_cur = MIN(limit.rlim_cur, limit.rlim_max);
    return sys_setrlimit(which, &limit, NULL);
}

/* Services get 1024:524288 open files whatever PID 1 has: programs that use select(2) must not see
 * more than 1024 unasked, those that know may raise it. */
static int do_limits(struct child *c)
{
    struct rlimit limit = { 1024, 524288 };
    int r = unit_has(c->s->unit, D_LimitNOFILE) ? 0 : set_limit(RLIMIT_NOFILE, limit);
    for (const struct setting *s = NULL; r == 0 && (s = setting_next(c->s->unit, s));) {
        if (s->id >= DIRECTIVES || setters[directives[s->id].setter].value != V_LIMIT)
            continue;
        memcpy(&limit, s->w, sizeof limit);
        r = set_limit((int)directives[s->id].arg, limit);
    }
    return r;
}

static int do_chdir(struct child *c)
{
    const struct setting *s = setting_find(c->s->unit, D_WorkingDirectory, NULL);
    sys_umask((mode_t)unit_int(c->s->unit, D_UMask));
    if (!s)
        return c->shares_memory ? 0 : sys_chdir("/");
    const char *path = text_at(s->w[0]);
    if (STREQ(path, "~"))
        path = c->home ? c->home : "/root";
    int r = sys_chdir(path);
    return r < 0 && s->w[1] ? sys_chdir("/") : r;
}

static int do_no_new_privs(struct child *c)
{
    return unit_int(c->s->unit, D_NoNewPrivileges) ? sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0) : 0;
}

/* Type=idle: wait until PID 1 has closed its end, at most 5 s (systemd.service(5)). */
static void wait_for_quiet(const struct child *c)
{
    if (c->s->flags & SPAWN_IDLE && exec_fds.idle_read >= 0) {
        sys_close(exec_fds.idle_write);
        (void)sys_poll_one(exec_fds.idle_read, 1 /* POLLIN */, 5000);
    }
}

/* The next folder of ExecSearchPath=, or of the path of systemd.exec(5). NULL: no more. */
static const char *next_folder(const struct child *c, const struct setting **s, const char *last)
{
    static const char usual[] = "/usr/local/sbin\0/usr/local/bin\0/usr/sbin\0/usr/bin\0/sbin\0/bin\0";
    if (*s || !last)
        *s = setting_find(c->s->unit, D_ExecSearchPath, *s);
    if (*s && (*s)->n)
        return text_at((*s)->w[0]);
    if (last && (last < usual || last >= usual + sizeof usual))
        return NULL;
    const char *next = last ? z_next(last) : usual;
    return *next ? next : NULL;
}

/* A command without a slash is looked for there. */
static int exec_in_path(struct child *c, const char *name)
{
    int result = -ENOENT;
    const struct setting *s = NULL;
    for (const char *folder = NULL; (folder = next_folder(c, &s, folder));) {
        BUF(path, 512);
        buf_fmt(&path, "%s/%s", folder, name);
        int r = path.over ? -ENAMETOOLONG : sys_execve(buf_end(&path), c->argv, c->envp);
        if (r != -ENOENT && r != -ENOTDIR)
            result = r;
        if (r != -ENOENT && r != -ENOTDIR && r != -EACCES)
            break;
    }
    return result;
}

static int do_exec(struct child *c)
{
    const char *path = text_at(c->s->command->w[1]);
    wait_for_quiet(c);
    int r = sys_sigmask(SIG_SETMASK, 0, NULL);
    if (r < 0)
        return r;
    /* pith's own helpers: the open file, which also works without /proc */
    if (STREQ(path, "/proc/self/exe"))
        return sys_execfd(exec_fds.self, c->argv, c->envp);
    if (path[0] != '/')
        return exec_in_path(c, path);
    return sys_execve(path, c->argv, c->envp);
}

/* ---- the table and the walk through it ----------------------------------------------------- */

static int (*const runs[])(struct child *) = {
#define STEP(name, status, run, privileged) run,
#include "steps.def"
#undef STEP
};
static const struct { u8 status; bool privileged; } steps[] = {
#define STEP(name, status, run, privileged) { status, privileged },
#include "steps.def"
#undef STEP
};

const char *step_name(int status)
{
    const char *name = exit_status_name(status);
    return name ? name : "UNKNOWN";
}

_Noreturn void child_main(struct child *c)
{
    bool privileged = c->s->command->w[0] & EXEC_FULL_PRIVILEGE;
    for (u32 i = 0; i < LEN(steps); i++) {
        if (privileged && !steps[i].privileged)
            continue;
        int r = runs[i](c);
        if (r >= 0)
            continue;
        int status = c->failed_status ? c->failed_status : steps[i].status;
        struct spawn_report report = { sys_getpid(), status, r };
        (void)sys_write(exec_fds.report, &report, sizeof report);
        sys_exit(status);
    }
    sys_exit(255);
}
