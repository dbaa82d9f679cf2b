/* SPDX-License-Identifier: 0BSD
 *
 * client/: what a person types. Asks PID 1 over its socket, works on unit files, prints. Runs as a
 * process of its own, so it may block. May include base/, unit/ (files on disk), job/ (verify.c: what a
 * start would take), bus/ and sys.h. */
#ifndef CLIENT_H
#define CLIENT_H

#include "../bus/bus.h"
#include "../sys.h"
#include "../unit/unit.h"

/* Constants of clients and tools are squeezed together (unpacked.ld), which is less than each packed. */
#undef TEXT
#define TEXT(literal) literal

int systemctl_main(int argc, char **argv);
int power_main(int argc, char **argv);       /* halt poweroff reboot shutdown */
int init_client_main(int argc, char **argv); /* our binary called as init, but not by the kernel */
int escape_main(int argc, char **argv);      /* systemd-escape */
int analyze_main(int argc, char **argv);     /* systemd-analyze */
int delta_main(int argc, char **argv);       /* systemd-delta */

extern char **client_environment;
const char *env_of(const char *name);        /* NULL: not set */

#define VERSION_TEXT "systemd 252 (pith)\n"        /* of --version */

/* ---- out.c: standard output, gathered; colours and columns ---------------------------------- */

/* In what out() and complain() write, a byte of these is an ink or a glyph: "\4" or "%c" with GREEN.
 * Inks are nothing on what is no terminal; glyphs are ASCII where the locale is not UTF-8. */
enum ink { PLAIN = 1, BOLD, RED, GREEN, YELLOW, GREY, UNDERLINE };
enum glyph { GLYPH_ACTIVE = 14, GLYPH_INACTIVE, GLYPH_FAILED, GLYPH_RELOADING, GLYPH_BRANCH, GLYPH_LAST,
             GLYPH_VERTICAL, GLYPH_SPACE, GLYPH_BULLET };

void out(const char *fmt, ...) PRINTF(1, 2);         /* at most 16 KiB at once */
void out_str(struct str s);                          /* as it is: no inks, any length */
void out_flush(void);
int complain(const char *fmt, ...) PRINTF(1, 2);     /* a line on standard error; returns 1 */
int failed(const char *what, int r);                 /* "Failed to WHAT: " and the negative errno in words; returns 1 */
bool is_utf8(void);
bool is_terminal(int fd);
u32 out_columns(void);                       /* UINT32_MAX when nobody looks, and with --full */

/* A table: cells are added row by row, texts stay their owner's until it is printed. */
void grid_begin(const char *headers);       /* NUL-separated, ends with an empty one */
void grid_cell(const char *text, enum ink i);
void grid_print(u32 hidden);                /* without the columns whose bits are set */

/* time.c: moments of CLOCK_REALTIME, made with z_fmt(); a further moment takes up to five of its turns */
#define TIME_TEXT_MAX (253402214400 * USEC_SEC - 1)     /* what is later than the year 9999 is not written */
const char *time_text(usec real);            /* "Sun 2026-11-22 10:00:00 UTC"; 0 and USEC_INF: "" */
const char *time_text_utc(usec real);
const char *distance_text(usec real);        /* "3s ago" */
const char *when_text(usec real);            /* the same and "; 3s ago" */
const char *log_time_text(usec real);        /* "Nov 22 10:00:00" */

int parse_timestamp(const char *text, usec *to);     /* systemd.time(7); 0 or a negative errno: dates.c */

/* run.c: a program of $PATH, with nothing to read and to write if quiet. Its exit status, or a negative errno. */
int run_found(char *const *argv, bool quiet);
int exec_found(char *const *argv);           /* execvp(3); a negative errno */

/* ---- options.c ----------------------------------------------------------------------------- */

struct list { const char *items[64]; u32 n; };
bool decimal(const char *z, u64 *n);          /* a whole number; false: it is none */
bool has(const char *const *items, u32 n, const char *item);
bool list_has(const struct list *l, const char *item);
int by_text(const void *a, const void *b);    /* for qsort() of texts */
bool matches(int argc, char **argv, const char *name);   /* one of the patterns that are operands, or there are none */

struct args {
    struct list types, states, properties, values;
    bool all, failed, full, no_legend, value, no_block, wait, quiet, now, runtime, no_reload, plain;
    bool reverse, before, after, help, version, dry_run, halt, poweroff, reboot, kexec, cancel;
    bool path, instance, unescape, mangle;       /* systemd-escape */
    const char *suffix, *template;
    const char *man, *recursive_errors, *unit, *iterations, *base_time, *fuzz;   /* systemd-analyze */
    const char *diff;                            /* systemd-delta */
    u8 force;
    bool cat_config, create, clean, remove, boot, strict, inline_lines, default_prefixes;
    struct list prefixes, exclude_prefixes;
    const char *replace;
    const char *job_mode, *signal, *whom, *root, *lines, *preset_mode, *message, *reboot_argument;
    const char *ignored_text;            /* from here on: what says nothing to us, and is no part of the help */
    bool ignored;
};
extern struct args args;

/* A table of options is a macro of rows O(KIND, letter or 0, "long-name", field of args); TABLE_OF makes
 * of it what options_parse() and options_help() take: the names, and the rest of each row. */
enum option_kind { FLAG, COUNT, TEXT, OPTIONAL /* TEXT, and "yes" without one */, LIST,
                   EACH_ONE /* a list, by giving the option again */, REFUSED };
struct option { char letter; u8 kind; u16 field; };
struct options { const char *names; const struct option *rows; };
#define OPTION_NAME(kind, letter, name, field) name "\0"
#define OPTION_ROW(kind, letter, name, field) { letter, kind, offsetof(struct args, field) },
#define OPTIONS_OF(table) { table(OPTION_NAME), (const struct option[]){ table(OPTION_ROW) } }

/* Which line of "verb|verb OPERAND [OPERAND...]\0..." argv[0] is, and that the operands are as many as it says.
 * -EINVAL: told. */
int verb_find(const char *lines, int argc, char **argv);

/* getopt_long(3)'s manners. What is no option is left in argv[1..argc). 0, or -EINVAL: told. */
int options_parse(const struct options *table, int *argc, char **argv);
/* --help and --version; true: that was asked for. `lines`: of verbs, or NULL; `page`: of the manual, or NULL. */
bool options_told(const struct options *table, const char *usage, const char *lines, const char *page);

/* ---- calls.c: talking to PID 1 -------------------------------------------------------------- */

extern struct bus_msg reply;                 /* to the last call; valid until the next */
extern const char *call_error, *call_error_name;     /* of the last, if it failed, and as valid; the name without our prefix */

bool is_booted(void);                        /* by systemd or pith */
bool bus_is_there(void);                     /* connects; false: told why not */
/* Calls a method of the manager. The signature's letters are the arguments after it: s u i y as they are,
 * "as" as an array of texts and its length. 0; or 1 with call_error, after "Failed to WHAT WHICH: why" has
 * been said (unless `what` is NULL; where WHICH is not "", WHAT ends in a blank). */
int ask(const char *what, const char *which, const char *member, const char *signature, ...);
int request(const char *what, const char *member);   /* the same, of nothing and with no arguments */
int call_exit_status(void);                  /* what systemctl exits with for call_error_name (LSB) */

/* While there is a further element of the array that ends at `end`: moves to it. `align`: its type's. */
bool array_next(struct bus_in *in, u32 end, u32 align);

/* Properties of one object, all at once; what is looked up is valid until the next call. */
struct prop { const char *name, *signature; struct bus_in at; };
int props_get(const char *what, const char *unit);   /* NULL: the manager; 0 or 1 as ask() */
bool prop_next(struct prop *p);              /* all of them; zeroed: from the first */
bool prop_find(const char *name, struct prop *p);    /* false: it is an empty array */
const char *prop_text(const char *name);     /* "" */
u64 prop_number(const char *name);           /* 0 */
bool unit_changed(const char *unit);         /* NeedDaemonReload, asked for alone; clobbers the reply */
void warn_changed(const char *unit);
/* The texts of one property that is a text or an array of them, one a call; NULL at the end. */
struct texts { struct bus_in in; u32 end; };
struct texts prop_texts(const char *name);
const char *text_next(struct texts *t);

/* The next structure of an array that ends at `end` (UINT32_MAX: one that is no element): its fields, as many
 * as the signature says, up to its ')'. `to` is a struct of a pointer for each text, a u64 for each number; of
 * an "as" the texts are joined, valid until the next. */
bool fields_next(struct bus_in *in, u32 end, const char *signature, void *to);

/* A command of a service, of a property of COMMANDS' type. */
#define COMMANDS "a(sasbttttuii)"
struct command { const char *path, *argv; u64 ignore, started, started_mono, exited, exited_mono, pid, code, status; };

/* One unit of ListUnits. */
#define UNIT_ROW "ssssssouso"
struct unit_row {
    const char *name, *description, *load, *active, *sub, *following, *path;
    u64 job_id;
    const char *job, *job_path;
};
int list_units(const char *const *patterns, u32 n);  /* those of --state= too; 0 or 1: told */

/* Names of units from the command line: completed, globs resolved among the loaded units. */
enum { NAMES_GIVEN_MAX = 1024 };
struct names { const char *name[NAMES_GIVEN_MAX]; u32 n; bool expanded; };
extern struct names names;
int names_take(int argc, char **argv, const char *suffix, bool globs);       /* 0 or 1: told */
/* The same of verbs on unit files, which may be paths; `operation`: what they are for, as a complaint has it. */
int names_take_files(int argc, char **argv, const char *suffix, const char *operation);
void root_set(void);                         /* --root=, absolute: what begins with it is told from what does not */
const char *absolute(const char *path);      /* and simple; made with z_fmt() */
int names_each(int (*fn)(const char *unit, bool first));     /* the first status that is not 0 */

/* ---- jobs.c -------------------------------------------------------------------------------- */

/* Does `job` ("start", "try-restart") to all `names` and waits as the options say; the exit status. */
int run_jobs(const char *job, const char *mode);
int run_start(const char *unit, const char *mode);   /* starts one unit */

/* ---- the verbs ----------------------------------------------------------------------------- */

typedef int verb_fn(int argc, char **argv);  /* argv[0] is the verb; returns the exit status */
verb_fn verb_list_units, verb_list_unit_files, verb_list_jobs, verb_list_dependencies,     /* list.c */
    verb_show, verb_status,                                                                 /* show.c status.c */
    verb_job, verb_is_active, verb_is_failed, verb_is_system_running, verb_kill,            /* jobs.c */
    verb_reset_failed, verb_daemon_reload, verb_cancel,
    verb_power, verb_switch_root,                                                           /* power.c */
    verb_files, verb_is_enabled, verb_get_default, verb_set_default, verb_preset_all,       /* files.c */
    verb_add_dependency, verb_cat, verb_edit;                                               /* edit.c */
verb_fn verb_time, verb_blame, verb_critical_chain,                                          /* boot_times.c */
    verb_calendar, verb_timestamp, verb_timespan,                                           /* dates.c */
    verb_verify, verb_condition;                                                            /* verify.c */
int sysv_files(const char *verb);            /* sysv.c: takes the scripts out of `names`; negative: told; 1: enabled */
extern const char preset_mode_names[];
void search_path_set(const char *first);     /* words of folders, then $SYSTEMD_UNIT_PATH, then the usual ones */
int show_unit(const char *unit, bool first); /* its properties, as show does; NULL: the manager's */
int cat_files(u32 n);                        /* those of conf_files_find(), with their paths; 0 or 1: told */
void cat_text(const char *path, const char *text, u32 n, bool first);
void status_log(const char *unit, usec since);                   /* its last lines: kmsg.c */
enum glyph active_glyph(const char *active, enum ink *i);
const char *code_name(i32 code);             /* of CLD_EXITED and its kin */

#endif
