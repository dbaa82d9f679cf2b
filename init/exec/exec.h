/* SPDX-License-Identifier: 0BSD
 *
 * exec/: from a unit's settings to a running process. The parent's half is spawn.c; all else runs in
 * the child, which never comes back: plain system calls, then execve, or a report and _exit with
 * systemd's exit status for the step that failed (steps.def). May include base/, unit/ and sys.h. */
#ifndef EXEC_H
#define EXEC_H

#include "../unit/unit.h"
#include "../sys.h"

/* What a child is to be, beside the settings of its unit; filled in by a state machine. */
struct spawn {
    unit_id unit;
    const struct setting *command;       /* words: flags, path, argc, argv (unit.h) */
    u32 flags;
    pid_t main_pid;                      /* $MAINPID, 0: not set */
    const char *result, *exit_code;      /* $SERVICE_RESULT, $EXIT_CODE; NULL: not set */
    char exit_status[16];                /* $EXIT_STATUS: a number or a signal's name */
    usec watchdog;                       /* $WATCHDOG_USEC; 0: not set */
    u8 invocation[16];
    char cgroup[PATH_BYTES / 8];         /* below /sys/fs/cgroup; "": none */
};
enum spawn_flags {
    SPAWN_CONTROL = BIT(0),              /* not the main process: no stdin of its own, no $NOTIFY_SOCKET */
    SPAWN_STDIN = BIT(1),                /* StandardInput= applies */
    SPAWN_BELL = BIT(2),                 /* tell when execve has happened (Type=exec) */
    SPAWN_IDLE = BIT(3),                 /* wait for quiet before execve (Type=idle) */
    SPAWN_NOTIFY = BIT(4),               /* $NOTIFY_SOCKET */
    SPAWN_HEAVY = BIT(5),                /* do not wait for a slot */
    SPAWN_NEW_CGROUP = BIT(6),           /* most likely its cgroup is not there */
};

enum step {
#define STEP(name, status, ...) STEP_##name = status,
#include "steps.def"
#undef STEP
};
const char *step_name(int status);

/* Descriptors that all children are given a copy of; set once by run/boot.c. */
struct exec_fds {
    int null, self;                      /* /dev/null and our own binary */
    int report;                          /* struct spawn_report of children that fail */
    int idle_read, idle_write;           /* closed by PID 1 when nothing is left to do */
    int log_read, journal_listen;        /* for the journal's process only: its 3 and 4 */
};
extern struct exec_fds exec_fds;
extern const char *exec_env[MANAGER_ENV_MAX];        /* the manager's environment, "A=B" */
extern u32 exec_env_n;
extern char **exec_own_env;              /* what PID 1 was started with */
extern bool exec_cgroups;                /* cgroup2 is mounted and writable */

/* Starts the child. Returns its pid, or -EAGAIN: all spawn slots are taken, the bell will ring; or
 * another negative errno. *bell: with SPAWN_BELL the descriptor whose end tells of the execve. */
pid_t spawn(const struct spawn *s, int *bell);
/* A descriptor that becomes readable when a slot is free again; -1: none is awaited. */
int spawn_bell(void);
void spawn_bell_rang(void);
void spawn_trim(void);                   /* gives back the slots' pages when none is used */
bool spawn_busy(void);                   /* a child still shares our memory */

/* What a child that failed before execve left in the report pipe. */
struct spawn_report { pid_t pid; int step, error; };

/* Paths are below /sys/fs/cgroup. cgroup_file(): the whole path of a file in it, "": its own; until the next call. */
const char *cgroup_file(const char *path, const char *file);
int cgroup_make(const char *path);       /* and its parents */
int cgroup_open(const char *path);       /* O_PATH */
int cgroup_populated(const char *path);  /* 1, 0, or a negative errno */
int cgroup_kill(const char *path, int sig, pid_t except);   /* processes signaled; SIGKILL: all at once */
int cgroup_remove(const char *path);     /* the folder and those below it */

/* ---- the child ----------------------------------------------------------------------------- */

struct child {
    const struct spawn *s;
    struct buf text;                     /* argv and environment are written here */
    char **words;                        /* argv, NULL, envp, NULL */
    u32 words_max;
    char **argv, **envp;
    u32 argc, envc;
    uid_t uid;
    gid_t gid;
    bool has_user, has_group;
    const char *user, *home, *shell;
    gid_t groups[64];
    u32 groups_n;
    bool shares_memory;
    int failed_status;                   /* a step that stands for several statuses says which */
};
_Noreturn void child_main(struct child *c);
int env_put(struct child *c, const char *assignment);    /* "A=B"; replaces an earlier A */
int argv_expand(struct child *c);        /* the command's words with $VARIABLES */
int env_file_each(struct child *c, char *text, u32 n, int (*put)(struct child *, const char *));

/* dirs.c: the five folders of systemd.exec(5), with the exit status of a failure and $NAME_DIRECTORY. */
enum { EXEC_DIRS = 5 };
struct exec_dir { u16 id, mode; u8 status; char base[11], name[14]; };
extern const struct exec_dir exec_dirs[EXEC_DIRS];

/* The steps, one function a family; a negative errno if it failed. */
int step_environment(struct child *c);
int step_user(struct child *c);
int step_group(struct child *c);
int step_stdin(struct child *c);
int step_stdout(struct child *c);
int step_stderr(struct child *c);
int step_directories(struct child *c);
int step_credentials(struct child *c);
int tty_make_sane(int fd);               /* also for PID 1's own console */

#endif
