/* SPDX-License-Identifier: 0BSD
 *
 * Simulated processes. The child's half of exec/ is replaced by child_main() below: what is to be run
 * is noted and a plan is made, from the words of its command line or by dice: how long its execve
 * takes or why it fails, what it says and when, how it ends, what it does with SIGTERM, whom it leaves
 * behind. Knows the kernel's rules (zombies, sessions, cgroups, orphans); knows no unit's state. */
#include "sim.h"

#include <linux/sched.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- plans ---------------------------------------------------------------------------------- */

enum act { ACT_NONE, ACT_SAY, ACT_FORK, ACT_MOUNT, ACT_UMOUNT, ACT_SWAPON, ACT_SWAPOFF };
struct plan {
    usec exec_in, acts_in, dies_in, daemon_dies_in;    /* since it was cloned, since its execve; USEC_INF: never */
    u8 act;
    int fail_step;                       /* execve or a step before it fails */
    int code, status;
    bool deaf, undead, child, no_pid_file, fails;
    char say[64], where[128], what[128];
};

enum phase { NOBODY, COPY, RUNS, ZOMBIE };
struct proc {
    pid_t pid, parent, session;
    u8 phase;
    bool unkillable;                     /* yet: a death that takes its time is under way */
    char unit[64];                       /* by name: numbers may change with a daemon-reload */
    u32 hash;
    int cgroup;
    u32 *tid;
    u64 pipes;
    usec exec_at, acts_at, dies_at;
    int pending;                         /* a signal that waits for execve */
    char pid_file[128];
    struct plan plan;
};
static struct proc procs[512];
static u32 procs_n;                      /* rows used */
static pid_t last_pid = 1000;
static u32 runs[UNITS_MAX];

static const struct plan lives = { .acts_in = USEC_INF, .dies_in = USEC_INF, .daemon_dies_in = USEC_INF, .code = CLD_EXITED };

static u32 ms_of(const char *word)
{
    const char *at = strchr(word, '@');
    return at ? (u32)atoi(at + 1) : 0;
}

/* "exit=3@500" and the like: times are milliseconds. */
static void take_word(struct plan *p, const char *word)
{
    const char *v;
    usec at = ms_of(word) * USEC_MS;
    if ((v = z_after(word, "exit=")) || (v = z_after(word, "sig=")) || (v = z_after(word, "core="))) {
        p->code = word[0] == 'e' ? CLD_EXITED : word[0] == 's' ? CLD_KILLED : CLD_DUMPED;
        p->status = atoi(v);
        p->dies_in = at;
    } else if (z_after(word, "ready")) {
        p->act = ACT_SAY;
        z_copy(p->say, sizeof p->say, S("READY=1"));
        p->acts_in = at;
    } else if ((v = z_after(word, "says="))) {
        p->act = ACT_SAY;
        z_copy(p->say, sizeof p->say, str_cut(str_of(v), strcspn(v, "@")));
        p->acts_in = at;
    } else if (z_after(word, "fork")) {
        p->act = ACT_FORK;
        p->acts_in = at;
    } else if ((v = z_after(word, "daemon="))) {
        p->daemon_dies_in = (usec)atoi(v) * USEC_MS;
    } else if (z_after(word, "exec@")) {
        p->exec_in = at;
    } else if ((v = z_after(word, "fail="))) {
        p->fail_step = atoi(v);
    }
    p->deaf |= STREQ(word, "deaf");
    p->undead |= STREQ(word, "undead");
    p->child |= STREQ(word, "child");
    p->no_pid_file |= STREQ(word, "nopid");
}

static void roll_death(struct plan *p, u32 lo, u32 hi)
{
    static const int signals[] = { SIGSEGV, SIGKILL, SIGTERM, SIGHUP, SIGABRT, SIGPIPE };
    p->dies_in = roll_ms(lo, hi);
    p->code = CLD_EXITED;
    p->status = 0;
    if (chance(250))
        p->status = (int)roll(4);
    else if (chance(100)) {
        p->status = signals[roll(LEN(signals))];
        p->code = p->status == SIGSEGV || p->status == SIGABRT ? CLD_DUMPED : CLD_KILLED;
    }
}

/* The dice, by what the process is there for. `main` is any daemon's process. */
static void roll_plan(struct plan *p, i32 type, bool main)
{
    p->exec_in = chance(30) ? roll_ms(100, 3000) : roll_ms(0, 3);
    p->fail_step = chance(25) ? (chance(500) ? 203 : 217) : 0;
    p->deaf = chance(80);
    p->undead = chance(5);
    p->child = chance(80);
    p->no_pid_file = chance(80);
    if (!main || type == SERVICE_ONESHOT) {
        roll_death(p, 0, chance(900) ? 300 : 20000);
        if (chance(20))
            p->dies_in = USEC_INF;
    } else if (type == SERVICE_FORKING) {
        p->act = ACT_FORK;
        p->acts_in = roll_ms(0, 200);
        p->daemon_dies_in = chance(400) ? roll_ms(10, 60000) : USEC_INF;
        if (chance(100))
            roll_death(p, 0, 200);
        if (chance(30))
            p->acts_in = USEC_INF;
    } else if (chance(500)) {
        roll_death(p, 0, chance(300) ? 200 : 60000);
    }
    if (main && type == SERVICE_NOTIFY && !chance(60)) {
        static const char *const says[] = { "READY=1", "READY=1\nSTATUS=up", "STATUS=hm", "RELOADING=1", "STOPPING=1",
                                            "READY=1\nWATCHDOG=1", "EXTEND_TIMEOUT_USEC=9000000", "WATCHDOG=trigger",
                                            "MAINPID=1", "ERRNO=2\nREADY=1" };
        p->act = ACT_SAY;
        p->acts_in = roll_ms(0, 500);
        z_copy(p->say, sizeof p->say, str_of(says[chance(850) ? 0 : roll(LEN(says))]));
    }
}

/* pith-mount WHAT ...: what it does to the tables of the kernel. */
static void plan_mount_helper(struct plan *p, const struct setting *command)
{
    static const struct { const char *verb; u8 act; u32 where, what; } verbs[] = {
        { "mount", ACT_MOUNT, 3, 2 }, { "umount", ACT_UMOUNT, 2, 2 }, { "remount", ACT_NONE, 3, 2 },
        { "swapon", ACT_SWAPON, 2, 2 }, { "swapoff", ACT_SWAPOFF, 2, 2 },
    };
    for (u32 i = 0; i < LEN(verbs); i++)
        if (STREQ(text_at(command->w[4]), verbs[i].verb)) {
            p->act = verbs[i].act;
            z_copy(p->where, sizeof p->where, str_of(text_at(command->w[3 + verbs[i].where])));
            z_copy(p->what, sizeof p->what, str_of(text_at(command->w[3 + verbs[i].what])));
        }
    p->acts_in = p->dies_in = sim.well_behaved || sim.ending ? 10 * USEC_MS : roll_ms(0, 300);
    if (sim.well_behaved || sim.ending)
        return;
    p->fails = chance(100);              /* says it went wrong, and it did */
    p->status = p->fails ? 32 : 0;
    if (chance(30))
        p->dies_in = USEC_INF;           /* hangs, before or after */
    if (chance(30))
        p->acts_in = USEC_INF;
    p->deaf = chance(100);
}

static struct plan plan_for(const struct spawn *s)
{
    struct plan p = lives;
    const struct setting *c = s->command;
    i32 type = UNIT(s->unit)->type == UNIT_SERVICE ? unit_int(s->unit, D_Type) : SERVICE_ONESHOT;
    bool control = s->flags & SPAWN_CONTROL, forks = type == SERVICE_FORKING && RT(s->unit)->command_id == D_ExecStart;
    bool ours = STREQ(text_at(c->w[1]), "/sim");
    if (STREQ(text_at(c->w[3]), "pith-mount")) {
        plan_mount_helper(&p, c);
        return p;
    }
    for (u32 i = 1; i < c->w[2] && ours; i++)
        if (!STREQ(text_at(c->w[3 + i]), "any"))
            take_word(&p, text_at(c->w[3 + i]));
        else if (!sim.ending)
            roll_plan(&p, type, !control || forks);
        else
            ours = false;
    if (!ours && (type == SERVICE_ONESHOT || (control && !forks)))
        p.dies_in = 5 * USEC_MS;
    if (!ours && type == SERVICE_NOTIFY)
        take_word(&p, "ready@5");
    if (!ours && forks)
        take_word(&p, "fork@5");
    return p;
}

/* ---- birth ---------------------------------------------------------------------------------- */

static struct proc *proc_new(pid_t parent)
{
    u32 i = 0;
    while (i < procs_n && procs[i].phase != NOBODY)
        i++;
    if (i == LEN(procs))
        violated("more than %u processes", i);
    procs_n = MAX(procs_n, i + 1);
    procs[i] = (struct proc){ .pid = ++last_pid, .parent = parent, .session = last_pid, .acts_at = USEC_INF,
                              .exec_at = USEC_INF, .dies_at = USEC_INF };
    return &procs[i];
}

static struct proc *proc_at(pid_t pid)
{
    for (u32 i = 0; i < procs_n; i++)
        if (procs[i].pid == pid && procs[i].phase != NOBODY)
            return &procs[i];
    return NULL;
}

static jmp_buf back;
static const struct child *born;

void child_main(struct child *c)
{
    born = c;
    longjmp(back, 1);
}

const char *step_name(int status) { return status == 203 ? "EXEC" : "USER"; }

pid_t proc_clone(const struct sys_clone *c, void (*child)(void *), void *arg)
{
    if (setjmp(back) == 0)
        child(arg);
    const struct spawn *s = born->s;
    struct proc *p = proc_new(1);
    const char *pid_file = unit_text(s->unit, D_PIDFile);
    p->phase = COPY;
    z_copy(p->unit, sizeof p->unit, str_cut(str_of(unit_name(s->unit)), sizeof p->unit - 1));
    p->hash = str_hash(str_of(p->unit));
    p->cgroup = c->flags & CLONE_INTO_CGROUP ? fd_cgroup(c->cgroup_fd) : cgroup_at(s->cgroup);
    if (p->cgroup)
        cgroup_join(p->cgroup, 1);
    p->tid = c->flags & CLONE_CHILD_CLEARTID ? c->child_tid : NULL;
    p->pipes = pipes_held();
    p->plan = plan_for(s);
    p->exec_at = sim.now + p->plan.exec_in;
    if (pid_file && !p->plan.no_pid_file)
        z_copy(p->pid_file, sizeof p->pid_file, str_of(pid_file));
    runs[s->unit] += !(s->flags & SPAWN_CONTROL);
    trace("clone -> %d: %s %s", (int)p->pid, unit_name(s->unit),
          s->flags & SPAWN_CONTROL ? "control" : "main");
    return p->pid;
}

pid_t proc_helper(void)
{
    struct proc *p = proc_new(1);
    p->phase = RUNS;
    p->plan = lives;
    p->dies_at = sim.now + 20 * USEC_MS;
    return p->pid;
}

/* A child of a process of ours, in the same session and cgroup. */
static struct proc *proc_fork(struct proc *of, usec dies_in)
{
    struct proc *p = proc_new(of->pid);
    p->phase = RUNS;
    p->session = of->session;
    memcpy(p->unit, of->unit, sizeof p->unit);
    p->hash = of->hash;
    p->plan = lives;
    p->plan.deaf = of->plan.deaf;
    p->dies_at = usec_add(sim.now, dies_in);
    p->cgroup = of->cgroup;
    if (p->cgroup)
        cgroup_join(p->cgroup, 1);
    trace("process %d forks %d", (int)of->pid, (int)p->pid);
    return p;
}

u32 proc_runs(unit_id id) { return runs[id]; }

/* ---- death ---------------------------------------------------------------------------------- */

static void leave_memory(struct proc *p)
{
    if (p->tid)
        *p->tid = 0;
    p->tid = NULL;
    pipes_release(p->pipes);
    p->pipes = 0;
}

static void die(struct proc *p, int code, int status)
{
    leave_memory(p);
    trace("process %d (%s) %s %d", (int)p->pid, p->unit,
          code == CLD_EXITED ? "exits" : "dies by", status);
    if (p->cgroup)
        cgroup_join(p->cgroup, -1);
    p->cgroup = 0;
    for (u32 i = 0; i < procs_n; i++)    /* orphans are ours now */
        if (procs[i].phase != NOBODY && procs[i].parent == p->pid)
            procs[i].parent = 1;
    p->exec_at = p->acts_at = p->dies_at = USEC_INF;
    p->plan.code = code;
    p->plan.status = status;
    p->phase = p->parent == 1 ? ZOMBIE : NOBODY;
    if (p->phase == ZOMBIE)
        signal_raise(SIGCHLD);
}

static void signal_one(struct proc *p, int sig)
{
    if (p->phase == ZOMBIE || sig == 0 || sig == SIGCONT)
        return;
    if (p->phase == COPY && sig != SIGKILL) {
        p->pending = sig;                /* its mask is full until execve */
        return;
    }
    if (sig == SIGKILL && p->plan.undead && !p->unkillable) {
        p->unkillable = true;            /* in the middle of a call that cannot be broken off */
        p->dies_at = sim.now + 30 * USEC_SEC;
        p->plan.code = CLD_KILLED;
        p->plan.status = SIGKILL;
    }
    if (p->unkillable || (p->plan.deaf && sig != SIGKILL))
        return;
    die(p, CLD_KILLED, sig);
}

int proc_kill(pid_t pid, int sig)
{
    int n = 0;
    if (pid == -1 || pid == 0 || pid == 1)
        violated("PID 1 kills %d with %d", (int)pid, sig);
    for (u32 i = 0; i < procs_n; i++) {
        struct proc *p = &procs[i];
        if (p->phase == NOBODY || (pid > 0 ? p->pid != pid : p->session != -pid))
            continue;
        n++;
        if (sig)
            trace("kill(%d, %d)", (int)pid, sig);
        signal_one(p, sig);
    }
    return n ? 0 : -ESRCH;
}

void proc_kill_cgroup(int cgroup)
{
    trace("cgroup.kill %s", cgroup_path(cgroup));
    for (u32 i = 0; i < procs_n; i++)
        if (procs[i].phase != NOBODY && procs[i].cgroup && cgroup_within(procs[i].cgroup, cgroup))
            signal_one(&procs[i], SIGKILL);
}

int proc_reap(struct death *d)
{
    bool any = false;
    for (u32 i = 0; i < procs_n; i++) {
        struct proc *p = &procs[i];
        any |= p->phase != NOBODY && p->parent == 1;
        if (p->phase != ZOMBIE)
            continue;
        *d = (struct death){ p->pid, p->plan.code, p->plan.status };
        p->phase = NOBODY;
        while (procs_n && procs[procs_n - 1].phase == NOBODY)
            procs_n--;
        return 1;
    }
    return any ? 0 : -ECHILD;
}

/* ---- life ----------------------------------------------------------------------------------- */

static void executed(struct proc *p)
{
    p->exec_at = USEC_INF;
    if (p->plan.fail_step) {
        report_send(&(struct spawn_report){ p->pid, p->plan.fail_step, -ENOENT });
        die(p, CLD_EXITED, p->plan.fail_step);
        return;
    }
    leave_memory(p);
    p->phase = RUNS;
    p->acts_at = usec_add(sim.now, p->plan.acts_in);
    p->dies_at = usec_add(sim.now, p->plan.dies_in);
    if (p->plan.child)
        proc_fork(p, sim.well_behaved ? USEC_INF : roll_ms(10, 40000));
    if (p->pending)
        signal_one(p, p->pending);
}

static void write_pid_file(const char *path, pid_t pid)
{
    BUF(text, 16);
    BUF(folder, 128);
    buf_fmt(&text, "%d\n", (int)pid);
    disk_put(path, buf_end(&text));
    buf_str(&folder, str_cut(str_of(path), (size_t)str_rfind(str_of(path), '/')));
    inotify_event(buf_end(&folder), 8 /* IN_CLOSE_WRITE */);
}

static void acts(struct proc *p)
{
    p->acts_at = USEC_INF;
    const struct plan *plan = &p->plan;
    switch ((enum act)plan->act) {
    case ACT_SAY: notify_send(p->pid, plan->say); break;
    case ACT_FORK: {
        struct proc *daemon = proc_fork(p, plan->daemon_dies_in);
        if (p->pid_file[0])
            write_pid_file(p->pid_file, daemon->pid);
        if (plan->dies_in == USEC_INF)
            die(p, CLD_EXITED, 0);
        break;
    }
    case ACT_MOUNT:
    case ACT_SWAPON:
        if (!plan->fails)
            table_add(plan->act == ACT_SWAPON, plan->where, plan->what);
        break;
    case ACT_UMOUNT:
    case ACT_SWAPOFF:
        if (!plan->fails)
            (void)table_remove(plan->act == ACT_SWAPOFF, plan->where);
        break;
    case ACT_NONE: break;
    }
}

usec proc_next(void)
{
    usec next = USEC_INF;
    for (u32 i = 0; i < procs_n; i++)
        if (procs[i].phase == COPY || procs[i].phase == RUNS)
            next = MIN(next, MIN(procs[i].exec_at, MIN(procs[i].acts_at, procs[i].dies_at)));
    return next;
}

void proc_step(void)
{
    for (u32 i = 0; i < procs_n; i++) {
        struct proc *p = &procs[i];
        if (p->phase == COPY && p->exec_at <= sim.now)
            executed(p);
        if (p->phase == RUNS && p->acts_at <= sim.now)
            acts(p);
        if (p->phase == RUNS && p->dies_at <= sim.now)
            die(p, p->plan.code, p->plan.status);
    }
}

/* ---- looking -------------------------------------------------------------------------------- */

int proc_stat(pid_t pid, struct buf *out, bool cgroup)
{
    struct proc *p = proc_at(pid);
    if (!p)
        return -ENOENT;
    if (cgroup)
        buf_fmt(out, "0::/%s\n", p->cgroup ? cgroup_path(p->cgroup) : "");
    else
        buf_fmt(out, "%d (sim) S %d %d %d 0 -1\n", (int)pid, (int)p->parent, (int)p->session, (int)p->session);
    return 0;
}

void proc_list(int cgroup, struct buf *out)
{
    for (u32 i = 0; i < procs_n; i++)
        if ((procs[i].phase == COPY || procs[i].phase == RUNS) && procs[i].cgroup == cgroup)
            buf_fmt(out, "%d\n", (int)procs[i].pid);
}

bool proc_exists(pid_t pid) { return proc_at(pid); }
pid_t proc_last(void) { return last_pid; }

u32 procs_alive_in(int cgroup)
{
    u32 n = 0;
    for (u32 i = 0; i < procs_n; i++)
        n += (procs[i].phase == COPY || procs[i].phase == RUNS) && procs[i].cgroup == cgroup;
    return n;
}

bool procs_defy(unit_id id)
{
    u32 hash = str_hash(str_of(unit_name(id)));
    for (u32 i = 0; i < procs_n; i++)
        if (procs[i].phase != NOBODY && procs[i].hash == hash && procs[i].plan.undead)
            return true;
    return false;
}

u32 procs_unreaped(void)
{
    u32 n = 0;
    for (u32 i = 0; i < procs_n; i++)
        n += procs[i].phase == ZOMBIE;
    return n;
}

pid_t proc_any(void)
{
    u32 at = procs_n ? roll(procs_n) : 0;
    return procs_n && procs[at].phase == RUNS ? procs[at].pid : 0;
}

void procs_print(void)
{
    static const char *const phases[] = { "", "before execve", "running", "zombie" };
    for (u32 i = 0; i < procs_n; i++)
        if (procs[i].phase != NOBODY)
            printf("  process %d, parent %d, %s, %s, cgroup %s\n", (int)procs[i].pid, (int)procs[i].parent,
                   procs[i].unit, phases[procs[i].phase], cgroup_path(procs[i].cgroup));
}
