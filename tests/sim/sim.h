/* SPDX-License-Identifier: 0BSD
 *
 * sim/: the real manager (base unit job kind run, the parent's half of exec, the server's half of bus)
 * on a simulated kernel and clock. Everything random comes from one seed, so a seed is a run. What
 * the parts share stands here; none of it may be included by init/. */
#ifndef SIM_H
#define SIM_H

#include "../../init/run/run.h"

/* ---- main.c: dice, the trace, the verdict --------------------------------------------------- */

u32 roll(u32 n);                         /* 0 .. n-1 */
bool chance(u32 of_1000);
usec roll_ms(u32 lo, u32 hi);            /* a span in microseconds */
void trace(const char *fmt, ...) PRINTF(1, 2);     /* the last ones are printed with a failure */
_Noreturn void violated(const char *fmt, ...) PRINTF(1, 2);

struct sim {
    usec now;
    u64 turn;
    usec wake;                           /* not 0: epoll_wait returns by then (cases.c) */
    bool quiet;                          /* nothing will ever happen by itself any more */
    bool cgroups, tty, compact, edits;   /* what the machine is like, whether files are edited */
    bool ending;                         /* no more wishes: everything is to come to rest */
    bool well_behaved;                   /* processes do what their words say, no dice */
    u64 fault_at, calls;                 /* this call fails, once */
    u32 fault_rate;                      /* and these, of 100,000 */
    u32 faults;
    u64 idle_turns;                      /* since time moved */
    const char *breaks;                  /* a deliberate bug (--break): must be found */
};
extern struct sim sim;
bool broken(const char *what);

/* ---- files.c: files, folders, cgroups, mounts, swaps, devices ------------------------------- */

void disk_put(const char *path, const char *text);     /* makes or replaces */
void disk_gone(const char *path);
const char *disk_text(const char *path);               /* NULL: there is none */
bool folder_exists(const char *path);
const char *folder_entry(const char *path, u32 *at);   /* names in it, one by one; NULL: no more */
void files_print(void);                                /* the unit files, for a report */

int cgroup_at(const char *path);                       /* 0: none */
int cgroup_create(const char *path);
int cgroup_destroy(const char *path);
void cgroup_join(int cgroup, int n);                   /* n: processes more or less */
bool cgroup_has_processes(int cgroup);                 /* it or one below it */
const char *cgroup_path(int cgroup);
bool cgroup_within(int cgroup, int above);
u32 cgroups_count(void);

void table_add(bool swap, const char *where, const char *what);
bool table_remove(bool swap, const char *where);
bool table_has(bool swap, const char *where);
void table_print(bool swap, struct buf *out);
bool device_there(const char *path);
void device_set(const char *path, bool there);

/* ---- sys.c: descriptors and events; what other parts of the simulation may do to them ------- */

void signal_raise(int sig);
void inotify_event(const char *path, u32 mask);
void inotify_gone(const char *path);                   /* what was watched was removed */
void table_changed(bool swap);
void uevent_send(const char *path, const char *action);
void notify_send(pid_t from, const char *text);
void report_send(const struct spawn_report *r);
u64 pipes_held(void);                                  /* write ends that a child gets copies of */
void pipes_release(u64 held);
u32 fds_open(void);
u32 watches_open(void);
int fd_cgroup(int fd);
void client_connect_now(void);                         /* to the control socket */
void client_hang_up(u32 client);
bool client_alive(u32 client);
void client_say(u32 client, const void *p, u32 n);
void fds_print(void);
#define CLIENTS 8

/* ---- proc.c: processes ---------------------------------------------------------------------- */

pid_t proc_clone(const struct sys_clone *c, void (*child)(void *), void *arg);
pid_t proc_helper(void);                               /* sys_fork(): a helper that soon ends */
int proc_kill(pid_t pid, int sig);
int proc_reap(struct death *d);
usec proc_next(void);                                  /* when one does something */
void proc_step(void);                                  /* what is due */
int proc_stat(pid_t pid, struct buf *out, bool cgroup);
void proc_list(int cgroup, struct buf *out);           /* cgroup.procs */
void proc_kill_cgroup(int cgroup);
bool proc_exists(pid_t pid);                           /* not yet reaped */
u32 procs_alive_in(int cgroup);
bool procs_defy(unit_id id);                           /* one of them cannot even be killed */
u32 procs_unreaped(void);
pid_t proc_any(void);                                  /* somebody to murder, or 0 */
pid_t proc_last(void);
u32 proc_runs(unit_id id);                             /* main processes it has had */
void procs_print(void);

/* ---- graph.c: random units ------------------------------------------------------------------ */

void graph_make(void);                                 /* writes unit files */
void graph_change(void);                               /* edits some, for a daemon-reload */
void graph_pacify(void);                             /* nothing starts because something else ends */
const char *graph_name(u32 *n);                        /* the i-th unit of ours, or NULL */
const char *graph_pick(void);

/* ---- ops.c: what people and the world do ---------------------------------------------------- */

usec ops_next(void);
void ops_step(void);
void ops_stop_everything(void);                        /* one stop for each unit */
void op_unit(const char *member, const char *unit, const char *mode);
void op_plain(const char *member);
void op_reset_failed(void);
extern bool ops_odd;                                   /* modes were used that may break promises */
extern u64 ops_n;

/* ---- check.c: what must always hold --------------------------------------------------------- */

void check_begin(void);                                /* after boot: the measure for leaks */
void check_turn(int timeout_ms);
void check_rest(void);                                 /* when all is stopped */
bool at_rest(void);
extern usec check_limits_since;                        /* starts before that do not count any more */

/* ---- cases.c: directed cases ---------------------------------------------------------------- */

int cases_run(const char *only);                       /* how many failed */

#endif
