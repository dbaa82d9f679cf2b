/* SPDX-License-Identifier: 0BSD
 *
 * kind/: one state machine a unit type. A machine sees its own unit, the event, exec/ and sys.h; it
 * never touches another unit, a job or the loop. News leaves through set_state() alone. May include
 * base/, unit/, job/ (for the states), exec/ and sys.h. */
#ifndef KIND_H
#define KIND_H

#include "../exec/exec.h"
#include "../job/job.h"

/* ---- what happens to units ----------------------------------------------------------------- */

enum event_type {
    EV_START, EV_STOP, EV_RELOAD,        /* of its job: the answer says how it went */
    EV_SPAWN,                            /* a slot is free for the process it waits to start */
    EV_MAIN_EXIT, EV_CONTROL_EXIT,       /* with the death; the pid fields are still set */
    EV_EXECED,                           /* execve of the main process has happened (Type=exec) */
    EV_EMPTY,                            /* no process is left in its cgroup or group */
    EV_TIMEOUT, EV_WATCHDOG,
    EV_NOTIFY,                           /* sd_notify: see struct notify */
    EV_PID_FILE,                         /* something happened in the folder of PIDFile= */
    EV_PRESENT, EV_ABSENT,               /* a device, mount or swap is there / is gone */
    EV_RESET_FAILED,
};
struct notify {
    bool ready, reloading, stopping, watchdog, watchdog_trigger, has_status, has_errno, has_main_pid;
    pid_t sender, main_pid;
    int error;
    usec watchdog_usec, extend_usec;     /* USEC_INF: not in the message */
    struct str status;
};
struct event {
    u8 type;
    struct death death;
    const struct notify *notify;
};

/* What a machine answers to EV_START, EV_STOP, EV_RELOAD: */
enum { STEP_DONE = 0,                    /* under way or finished; the states tell */
       STEP_STARTED = 1 };               /* the same, and worth a "Starting ..." */
/* or -EALREADY (nothing to do: the job is done), -EAGAIN (not now: after the next state change),
 * -EBADR (not possible), -EOPNOTSUPP (not supported), -ECANCELED (start limit), or another errno. */

struct kind {
    int (*step)(unit_id id, const struct event *e);
    const u8 *active;                    /* state -> enum active */
    const char *names;                   /* of SubState: a table of names.c; state 0 is "dead" */
    u8 states, failed;                   /* how many; which one is "failed" */
};
const struct kind *kind_of(unit_id id);

/* ---- what is known of a unit while it lives ------------------------------------------------ */

enum result { SUCCESS, FAILURE_RESOURCES, FAILURE_PROTOCOL, FAILURE_TIMEOUT, FAILURE_EXIT_CODE, FAILURE_SIGNAL,
              FAILURE_CORE_DUMP, FAILURE_WATCHDOG, FAILURE_START_LIMIT, FAILURE_OOM, SKIP_CONDITION };
extern const char result_names[];

/* One process that a unit ran, for `systemctl status`. */
struct ran { pid_t pid; int code, status; usec started, exited; };

struct runtime {
    u8 state, result, reload_result;
    bool condition_ok : 1, assert_ok : 1, perpetual : 1;
    bool main_known : 1, forbid_restart : 1, flush_restarts : 1;
    bool ready : 1, said_reloading : 1, said_stopping : 1, spawn_waits : 1, pid_file_waits : 1;
    bool emptied : 1;                    /* its cgroup has been seen empty, and nothing was started since */
    bool restarting : 1;                 /* stopped in order to start again: RestartKillSignal= */
    bool there : 1;                      /* mounted, swapped on, plugged in: by the kernel's word */
    bool has_cgroup : 1;
    bool news : 1;                       /* is among changed_units */
    bool exec_failed : 1;                /* the main process reported a step that failed */
    u16 command_id;                      /* the list the control process is from, 0: none */
    u8 command_n, main_n;                /* which command of its list runs */
    u8 control_n;                        /* which one `control` tells of, */
    u16 control_id;                      /* and of which list */
    u16 status_slot;                     /* text of STATUS=, 0: none */
    unit_id next_waiting;                /* for a spawn slot */
    pid_t main_pid, control_pid;
    pid_t main_group, control_group;     /* sessions whose processes may be left (no cgroup) */
    int watch;                           /* inotify on the cgroup or PIDFile= folder, 0: none */
    int execed_fd;                       /* closes when execve happens, 0: none */
    int error;                           /* ERRNO= */
    u32 restarts;
    u16 starts;                          /* in the interval of the start limit */
    usec starts_since, watchdog, condition_at, assert_at;
    usec changed, inactive_exit, active_enter, active_exit, inactive_enter;
    struct ran main, control;
    u8 invocation[16];
};
struct runtime *runtime_of(unit_id id) __attribute__((const));  /* a call is shorter than the address */
#define RT(id) runtime_of(id)

/* The one place where a unit's state is written: state, time, and a record for settle(). */
void set_state(unit_id id, u8 state);
void set_state_with(unit_id id, u8 state, bool will_restart, bool reload_failed);
extern unit_id changed_units[UNITS_MAX];       /* since the last answer(), each once: for clients */
extern u32 changed_n;
u8 active_of(unit_id id, u8 state);
const char *substate_name(unit_id id);
void note_result(unit_id id, u8 result); /* the first failure stays */
void log_failed(unit_id id);
void reset_failed(unit_id id);           /* EV_RESET_FAILED */
void new_invocation(unit_id id);
/* Counts a start: true if StartLimitBurst= within StartLimitIntervalSec= is exceeded; said and noted. */
bool start_limit_hit(unit_id id);
void status_text_set(unit_id id, struct str text);
const char *status_text(unit_id id);     /* "" */
void log_unit(unit_id id, enum level level, const char *fmt, ...) PRINTF(3, 4);
#define log_unit(id, level, fmt, ...) (log_unit)(id, level, TEXT(fmt), ##__VA_ARGS__)

/* Deadlines of a unit (base/timers.c). */
enum { TIMER_STATE, TIMER_JOB, TIMER_WATCHDOG };
#define TIMER_KEY(which, id) ((u32)(id) * 3 + (which))        /* a unit's lie together: fewer pages */
void deadline_in(unit_id id, usec t);    /* of its state; USEC_INF: none */

/* ---- process.c: processes of units --------------------------------------------------------- */

void pid_add(pid_t pid, unit_id id);
void pid_remove(pid_t pid);
unit_id pid_unit(pid_t pid);             /* 0: not the main or control process of a unit */

const struct setting *command_at(unit_id id, u32 directive, u32 n);    /* NULL: there is none */
/* Starts a process; the unit's control process with SPAWN_CONTROL, else its main one. The pid; 0: it waits
 * for a slot and the unit gets EV_SPAWN; negative errno. */
pid_t run_command(unit_id id, struct spawn *s);
void note_main_pid(unit_id id, pid_t pid);                      /* a child of ours, or taken for one */
void note_control_end(unit_id id, const struct death *d);
void forget_control(unit_id id);
unit_id spawn_next_waiting(void);        /* takes it off the list; 0: nobody waits */
void spawn_forget(unit_id id);           /* it does not wait any more */
bool spawn_anyone_waiting(void);
extern usec spawn_waiting_since;

void cgroup_of(unit_id id, char *path, u32 size);
const char *unit_cgroup(unit_id id);     /* the same, until the next call */
bool group_empty(unit_id id);            /* no process of the unit is left */
void watch_empty(unit_id id);            /* EV_EMPTY will come (cgroup.events); look once more after it */
void watch_folder(unit_id id, const char *path);       /* EV_PID_FILE will come */
void unwatch(unit_id id);
unit_id watch_unit(int wd, u32 *at);     /* whose inotify watch this is: one after the other, 0: no more */
void group_forget(unit_id id);           /* removes the cgroup */
enum kill_op { OP_TERMINATE, OP_RESTART, OP_KILL, OP_WATCHDOG };
int kill_unit(unit_id id, enum kill_op op);    /* 1: there is something to wait for, 0: not */
int kill_unit_who(unit_id id, const char *who, int sig);       /* systemctl kill */
pid_t guess_main_pid(unit_id id);        /* the one process of its cgroup, or 0 */
unit_id unit_of_process(pid_t pid);      /* by cgroup or session; 0: none of ours */
void remove_runtime_dirs(unit_id id);

bool status_in(unit_id id, u32 directive, const struct death *d);
bool clean_exit(unit_id id, const struct death *d, bool daemon);
u8 result_of(unit_id id, const struct death *d, bool daemon, u32 command_flags);
void log_exit(unit_id id, const char *who, const struct death *d, bool success);

extern int inotify_fd;                   /* of all units; opened by run/ */

/* ---- the machines -------------------------------------------------------------------------- */

int service_step(unit_id id, const struct event *e);
int mount_step(unit_id id, const struct event *e);
int device_step(unit_id id, const struct event *e);
int simple_step(unit_id id, const struct event *e);
int unsupported_step(unit_id id, const struct event *e);
extern const u8 service_active[], mount_active[], device_active[], simple_active[];
enum service_state { SV_DEAD, SV_CONDITION, SV_START_PRE, SV_START, SV_START_POST, SV_RUNNING, SV_EXITED,
                     SV_RELOAD, SV_STOP, SV_STOP_WATCHDOG, SV_STOP_SIGTERM, SV_STOP_SIGKILL, SV_STOP_POST,
                     SV_FINAL_WATCHDOG, SV_FINAL_SIGTERM, SV_FINAL_SIGKILL, SV_FAILED, SV_AUTO_RESTART,
                     SERVICE_STATES };
/* Of swaps too, which are never remounted. */
enum mount_state { MT_DEAD, MT_MOUNTING, MT_MOUNTING_DONE, MT_MOUNTED, MT_REMOUNTING, MT_UNMOUNTING,
                   MT_REMOUNTING_SIGTERM, MT_REMOUNTING_SIGKILL, MT_UNMOUNTING_SIGTERM,
                   MT_UNMOUNTING_SIGKILL, MT_FAILED, MOUNT_STATES };
enum device_state { DV_DEAD, DV_TENTATIVE, DV_PLUGGED, DEVICE_STATES };
enum simple_state { SI_DEAD, SI_ACTIVE, SIMPLE_STATES };

#endif
