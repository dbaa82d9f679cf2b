/* SPDX-License-Identifier: 0BSD
 *
 * job/: the graph. Jobs are what is wanted of units; a transaction turns one wish into a set of jobs
 * that does not contradict itself, settling turns what became of units into results of jobs and new
 * wishes. Pure memory: no system call, no clock, no message. May include base/ and unit/. */
#ifndef JOB_H
#define JOB_H

#include "../unit/unit.h"

/* ---- states as the graph sees them --------------------------------------------------------- */

/* In this order each of the questions below is one range. */
enum active { INACTIVE, FAILED, ACTIVE, RELOADING, ACTIVATING, DEACTIVATING, ACTIVE_STATES };

/* Of each unit; written by set_state() (kind/kind.c) alone. */
extern u8 unit_active[UNITS_MAX];

static inline bool is_active(u8 a) { return a == ACTIVE || a == RELOADING; }
static inline bool is_inactive(u8 a) { return a == INACTIVE || a == FAILED; }
static inline bool is_active_or_starting(u8 a) { return is_active(a) || a == ACTIVATING; }

/* ---- jobs ---------------------------------------------------------------------------------- */

/* The first five may be installed; the others collapse to one of them by the unit's state. */
enum job_type { JOB_START, JOB_VERIFY_ACTIVE, JOB_STOP, JOB_RELOAD, JOB_RESTART, JOB_NOP,
                JOB_TRY_RESTART, JOB_TRY_RELOAD, JOB_RELOAD_OR_START, JOB_NONE = 255 };
enum job_result { RESULT_DONE, RESULT_CANCELED, RESULT_TIMEOUT, RESULT_FAILED, RESULT_DEPENDENCY,
                  RESULT_SKIPPED, RESULT_INVALID, RESULT_ASSERT, RESULT_UNSUPPORTED, RESULT_COLLECTED,
                  RESULT_ONCE };
extern const char job_type_names[], job_result_names[];

/* A unit has at most one job; it is found under the unit's number. id 0: none. */
struct job {
    u32 id;
    u8 type;
    bool running : 1, irreversible : 1, ignore_order : 1, queued : 1, started : 1;
    u16 blocked_by;                      /* not ready: this unit's job goes first */
    u16 next;                            /* in the queue of jobs that may be ready */
    u32 cursor;                          /* the edge where the search for a blocker stopped */
    usec installed_at, running_at;       /* filled in by run/ */
};
extern struct job jobs[UNITS_MAX];
extern u32 jobs_n;                       /* installed now */
extern u32 jobs_fresh;                   /* installed since run/ looked for new ones */
extern u32 jobs_failed;                  /* since start: for the state "degraded" */

int job_merge_types(int a, int b);       /* the type that does both, or -EEXIST: they contradict */
int job_collapse(int type, unit_id id);  /* TRY_RESTART -> RESTART or NOP, ... */
bool job_is_redundant(int type, u8 active);
bool job_applicable(int type, unit_id id);
bool unit_can_start(unit_id id);
bool unit_can_stop(unit_id id);
bool unit_can_reload(unit_id id);

/* The next edge from a unit (OUT) or to it (IN) that says one of `kinds`; NULL: no more. */
enum edge_end { OUT, IN };
const struct edge *edge_next(unit_id id, enum edge_end end, u32 kinds, const struct edge *after);
#define EDGES(e, id, end, kinds) const struct edge *e = NULL; (e = edge_next(id, end, kinds, e));

/* ---- transaction.c ------------------------------------------------------------------------- */

/* Why a wish was not granted, and what was dropped to grant it. */
enum report_kind { REPORT_CYCLE, REPORT_CYCLE_MORE, REPORT_DELETED, REPORT_UNBREAKABLE, REPORT_IGNORED };
struct report_line { u8 kind, type, other_type; unit_id unit, other; int error; };
struct report {
    u32 n;
    struct report_line lines[96];
    char error[512];                     /* for the client, as systemd words it */
    const char *name;                    /* the D-Bus error's name behind org.freedesktop.systemd1. */
    u32 job_id;                          /* of the wish itself */
};

/* Grants a wish: 0, or a negative errno with the report's error filled in; then nothing changed. */
int job_add(int type, unit_id id, int mode, struct report *report);
int load_state_errno(unit_id id);        /* 0: loaded */
void jobs_verify_order(struct report *report);       /* of installed jobs, after a reload */
void transaction_trim(void);             /* the last one, whose arrays are going to be emptied */

/* ---- ready.c ------------------------------------------------------------------------------- */

void job_queue(unit_id id);              /* may be ready: look at it again */
void job_queue_neighbours(unit_id id);   /* its job went or turned: who waited for it */
unit_id job_next_ready(void);            /* 0: none */

/* ---- settle.c ------------------------------------------------------------------------------ */

/* A state change, as set_state() reports it; or, with `was` == `is`, a wish of the unit's machine. */
struct change {
    unit_id unit;
    u8 was, is;
    bool will_restart : 1;               /* failed or ended, but it comes back by itself */
    bool reload_failed : 1;
    bool wants_restart : 1;              /* its RestartSec= is over */
    bool start_limit : 1;                /* StartLimitAction= */
};
void change_push(struct change c);
u32 changes_room(void);                  /* how many more fit */

/* What settling hands on: finished jobs (for messages and clients), actions the whole system is to
 * take, and units that may be forgotten. */
struct finished { u32 id; unit_id unit; u8 type, result; bool already; };
extern struct finished finished[UNITS_MAX];
extern u32 finished_n;
struct system_action { u8 action; i16 exit_status; unit_id unit; bool failed; };
extern struct system_action system_actions[16];
extern u32 system_actions_n;
extern struct report settle_report;      /* of wishes that came from settling */

void job_finish(unit_id id, int result, bool recursive, bool already);   /* takes effect in settle() */
void job_drop(unit_id id, int result);   /* at once, without consequences: for a transaction */
bool settle(void);                       /* true: something was done */
void settle_forgive(void);               /* every ten seconds: units may be started by themselves again */
bool settle_wanted(void);                /* there is something to do */

#endif
