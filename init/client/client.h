/* SPDX-License-Identifier: 0BSD
 *
 * client/: what a person types. Asks PID 1 over its socket, works on unit files, prints. Runs as a
 * process of its own, so it may block. May include base/, unit/ (files on disk), bus/ and sys.h. */
#ifndef CLIENT_H
#define CLIENT_H

#include "../bus/bus.h"
#include "../sys.h"
#include "../unit/unit.h"

int systemctl_main(int argc, char **argv);
int power_main(int argc, char **argv);       /* halt poweroff reboot shutdown */
int init_client_main(int argc, char **argv); /* our binary called as init, but not by the kernel */

extern char **client_environment;
const char *env_of(const char *name);        /* NULL: not set */

/* ---- out.c: standard output, gathered; colours and columns ---------------------------------- */

void out(const char *fmt, ...) PRINTF(1, 2);
void out_str(struct str s);
void out_flush(void);
int complain(const char *fmt, ...) PRINTF(1, 2);     /* a line on standard error; returns 1 */

enum ink { PLAIN, BOLD, RED, GREEN, YELLOW, GREY, UNDERLINE };
const char *ink(enum ink i);                 /* "" on what is no terminal */
enum glyph { GLYPH_ACTIVE, GLYPH_INACTIVE, GLYPH_FAILED, GLYPH_RELOADING, GLYPH_BRANCH, GLYPH_LAST,
             GLYPH_VERTICAL, GLYPH_SPACE, GLYPH_BULLET, GLYPH_ARROW };
const char *glyph(enum glyph g);             /* ASCII where the locale is not UTF-8 */
u32 out_columns(void);                       /* UINT32_MAX when nobody looks */

void out_time(usec real);                    /* "Sun 2026-11-22 10:00:00 UTC"; 0: nothing */
void out_when(usec real);                    /* the same and "; 3s ago" */
void out_log_time(usec real);                /* "Nov 22 10:00:00" */

/* A table: cells are added row by row, texts stay their owner's until it is printed. */
void grid_begin(const char *headers);       /* NUL-separated, ends with an empty one */
void grid_cell(const char *text, enum ink i);
void grid_print(u32 hidden);                /* without the columns whose bits are set */

/* ---- options.c ----------------------------------------------------------------------------- */

enum option_kind { OPT_FLAG, OPT_COUNT, OPT_TEXT, OPT_LIST, OPT_NOTHING, OPT_NOTHING_TEXT, OPT_REFUSED };
struct option { const char *name; char letter; u8 kind; void *to; };
struct list { const char *items[64]; u32 n; };
bool list_has(const struct list *l, const char *item);
/* getopt_long(3)'s manners. What is no option is left in argv[1..argc). 0, or -EINVAL: told. */
int options_parse(const struct option *table, int *argc, char **argv);

struct args {
    struct list types, states, properties, values;
    bool all, failed, full, no_legend, value, no_block, wait, quiet, now, runtime, no_reload, plain;
    bool reverse, before, after, help, version, no_wtmp, dry_run, halt, poweroff, reboot, kexec, cancel, user;
    u8 force;
    const char *job_mode, *signal, *whom, *root, *lines, *message, *reboot_argument;
};
extern struct args args;

/* ---- calls.c: talking to PID 1 -------------------------------------------------------------- */

bool bus_is_there(void);                     /* connects; false: told why not */
/* Calls a method of the manager; the signature's letters (s u i y) are the arguments after it.
 * 0, or a negative errno with call_error() set. */
int manager_call(struct bus_msg *reply, const char *member, const char *signature, ...);
int object_call(struct bus_msg *reply, const char *path, const char *iface, const char *member,
                const char *signature, ...);
const char *call_error(void);                /* the text of the last failure */
const char *call_error_name(void);           /* behind org.freedesktop.systemd1., "" */
int call_exit_status(void);                  /* what systemctl exits with for it (LSB) */

/* Properties of one object, all at once; what is looked up is valid until the next call. */
int props_get(const char *unit);             /* NULL: the manager */
bool prop_find(const char *name, struct bus_in *at, const char **signature);
const char *prop_text(const char *name);     /* "" */
u64 prop_number(const char *name);           /* 0 */
struct prop { const char *name, *signature; struct bus_in at; };
bool prop_next(struct prop *p);              /* all of them; zeroed: from the first */

/* One unit of ListUnits. */
struct unit_row { const char *name, *description, *load, *active, *sub, *job; u32 job_id; };
bool unit_row_next(struct bus_in *in, u32 end, struct unit_row *u);
int list_units_call(struct bus_msg *reply, const struct list *states, const char *const *patterns, u32 n);

/* Names of units from the command line: completed, globs resolved among the loaded units. */
struct names { const char *name[1024]; u32 n; bool expanded; };
extern struct names names;
int names_take(int argc, char **argv, const char *suffix, bool globs);       /* 0 or 1: told */

/* ---- the verbs ----------------------------------------------------------------------------- */

typedef int verb_fn(int argc, char **argv);  /* argv[0] is the verb; returns the exit status */
verb_fn verb_list_units, verb_list_unit_files, verb_list_jobs, verb_list_dependencies,     /* list.c */
    verb_show, verb_status,                                                                 /* show.c status.c */
    verb_job, verb_is_active, verb_is_failed, verb_is_system_running, verb_kill,            /* jobs.c */
    verb_reset_failed, verb_daemon_reload, verb_power, verb_switch_root, verb_cancel,
    verb_files, verb_is_enabled, verb_get_default, verb_set_default, verb_cat;              /* files.c */
void status_log(const char *unit, u32 main_pid, usec since);     /* the last lines it wrote: kmsg.c */
enum glyph active_glyph(const char *active, enum ink *i);

#endif
