/* SPDX-License-Identifier: 0BSD
 *
 * run/: the manager process: descriptors, time, the order of the turn, boot, shutdown, control. May
 * include everything but client/ and journal/. */
#ifndef RUN_H
#define RUN_H

#include "../bus/bus.h"
#include "../kind/kind.h"

/* ---- the manager --------------------------------------------------------------------------- */

enum objective { RUNNING_ON, LEAVE_REBOOT, LEAVE_POWEROFF, LEAVE_HALT, LEAVE_KEXEC, LEAVE_EXIT, LEAVE_SWITCH_ROOT };

struct manager {
    enum objective objective;
    int exit_status;                     /* of the machine, for whoever waits outside */
    bool quiet, no_color, booting, finished, in_container, stopping;
    bool reload_wanted;
    u32 reload_asked_by, reload_serial;  /* the client that waits for it, + 1 */
    usec userspace_at, finished_at;      /* CLOCK_MONOTONIC */
    usec tidy_at;                        /* when boot_tidy() is due; 0: it is not */
    char reboot_arg[128], new_root[PATH_BYTES], new_init[PATH_BYTES];
    char exit_channel[256];              /* pith.exit=: where EXIT_STATUS=n is written at the end */
    const char *exec_path;               /* our own file, as the kernel was told */
    int log_socket;                      /* to the journal's process, when it runs */
    u32 cad_count;
    usec cad_since;
};
extern struct manager manager;

/* ---- loop.c, collect.c, act.c: the turn ---------------------------------------------------- */

_Noreturn void run_loop(void);
int turn(int timeout_ms);                /* one turn; what the simulator calls */
void deliver(unit_id id, const struct event *e);       /* to a machine; settles when it must */
void deliver_type(unit_id id, u8 type);
void act(void);                          /* runs ready jobs and starts waiting processes */
void schedule_system_action(const struct system_action *a);
void leave(enum objective o);            /* at the end of this turn */

bool collect_deaths(void);               /* true: there may be more */
void deaths_may_be_left(void);
void reports_read(int fd);
void signals_read(int fd);
void on_signal(int sig, int code);
void job_timed_out(unit_id id);
void groups_check(void);
void helper_died(const struct death *d); /* a child that belongs to no unit */
void boot_finished_check(void);          /* is the last job of the boot done? */
void boot_tidy(void);

/* ---- loading and wishing ------------------------------------------------------------------- */

/* Loads a unit by name (0: no slot or not a name); its index is built for the occasion. */
unit_id load_unit(const char *name);
void unit_load_again(unit_id id);        /* a name that was not found before */
int start_by_name(const char *name, int type, int mode, struct report *r);
void log_report(const struct report *r);
void reload_now(void);                   /* daemon-reload */
void devices_check(void);                /* looks which awaited devices are there */

/* ---- messages.c, console.c ----------------------------------------------------------------- */

void message_started(unit_id id);        /* "Starting ..." */
void message_finished(const struct finished *f);
enum status_kind { STATUS_NORMAL, STATUS_NOTICE, STATUS_EPHEMERAL };
void status_line(enum status_kind kind, const char *color, const char *word, const char *fmt, ...) PRINTF(4, 5);
void status_of_jobs(void);               /* the line that moves: what is being waited for */
usec status_deadline(void);
const char *unit_description(unit_id id);              /* valid until the next call */
void unit_ident(unit_id id, struct buf *out);          /* "foo.service - Description" */
bool console_color(void);                /* may a line have colours? */
void console_open(void);
void console_sane(void);                 /* the modes of a terminal that a person can type at */
void console_flush(void);
void console_write(const char *p, u32 n);

/* ---- sources of events --------------------------------------------------------------------- */

int notify_open(void);
void notify_read(int fd);
int mounts_open(void);
void mounts_read(void);
struct mount_line { const char *where, *options, *type, *what, *super_options; };
bool mount_line(struct str line, struct mount_line *m);        /* of mountinfo; takes it apart in place */
/* What=, Options= or Type= of a unit; of a mount that is there not as its file says it, but as the kernel does. */
const char *mounted_text(unit_id id, u32 directive, struct buf *b);
int swaps_open(void);
void swaps_read(void);
int uevents_open(void);
void uevents_read(void);
void device_check(unit_id id);
void make_disk_links(void);
void make_first_disk_links(void);
void inotify_read(void);

/* ---- boot.c, shutdown.c -------------------------------------------------------------------- */

void boot_machine(int argc, char **argv);     /* early boot: mounts, console, identity */
const char *boot_target(void);
void boot_units(void);                        /* the first transaction */
const char *os_name(void);
void trim_memory(void);                       /* gives back what only loading and starting needed */
_Noreturn void leave_machine(void);           /* after the loop: the copied image takes over */
int shutdown_main(int argc, char **argv);     /* the copied image */
enum { MACHINE_STOPPING = 5 };               /* its end is wanted and cannot be taken back */
u32 machine_state(void);
extern const char machine_state_names[];

int offline_main(int argc, char **argv);      /* offline.c: answers about another tree */

/* ---- control.c, props.c -------------------------------------------------------------------- */

int socket_at(const char *path, int type, mode_t mode);     /* boot.c; a stream listens */
int control_open(void);                 /* the listening socket */
extern int control_fd;
const char *load_state_name(unit_id id);
const char *active_name(unit_id id);
void control_accept(void);
void control_ready(u16 slot, u32 events);
void control_job_removed(const struct finished *f);    /* signals to who subscribed */
void control_unit_changed(unit_id id);
void control_startup_finished(void);
void control_reloaded(int error);
void control_flush(void);

void unit_object_path(unit_id id, struct buf *out);
void put_unit_path(struct bus_out *m, unit_id id);
void put_job_path(struct bus_out *m, u32 job_id);    /* "/": none */
/* Writes one property (with name) or all of an interface; false: there is none of that name. */
bool put_unit_property(struct bus_out *m, unit_id id, const char *iface, const char *name);
void put_unit_properties(struct bus_out *m, unit_id id, const char *iface);
bool put_manager_property(struct bus_out *m, const char *name);
void put_manager_properties(struct bus_out *m);

#endif
