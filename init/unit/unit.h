/* SPDX-License-Identifier: 0BSD
 *
 * unit/: text -> table. Reads unit files, drop-ins, links, fstab and the kernel command line into
 * units, their settings and their dependencies. Decides nothing, starts nothing, watches nothing.
 * May include base/, limits.h and sys.h. */
#ifndef UNIT_H
#define UNIT_H

#include "../base/base.h"
#include "../limits.h"

#include <sys/stat.h>

/* ---- the vocabulary ------------------------------------------------------------------------ */

enum unit_type { UNIT_SERVICE, UNIT_MOUNT, UNIT_SWAP, UNIT_SOCKET, UNIT_TARGET, UNIT_DEVICE,
                 UNIT_AUTOMOUNT, UNIT_TIMER, UNIT_PATH, UNIT_SLICE, UNIT_SCOPE, UNIT_TYPES };

enum load_state { LOAD_STUB, LOAD_LOADED, LOAD_NOT_FOUND, LOAD_BAD_SETTING, LOAD_ERROR, LOAD_MASKED };

/* Where the fragment came from; the order is that of the search path (search.c). */
enum origin { FROM_NOWHERE, FROM_COMPACT, FROM_FILE, FROM_BUILTIN };

/* Dependencies. The cell (from, to) holds what `from` says of `to`; its inverse needs no cell. */
enum dep {
    DEP_REQUIRES = BIT(0), DEP_REQUISITE = BIT(1), DEP_WANTS = BIT(2), DEP_BINDS_TO = BIT(3),
    DEP_PART_OF = BIT(4), DEP_UPHOLDS = BIT(5), DEP_CONFLICTS = BIT(6), DEP_AFTER = BIT(7),
    DEP_ON_FAILURE = BIT(8), DEP_ON_SUCCESS = BIT(9), DEP_TRIGGERS = BIT(10), DEP_RELOAD_TO = BIT(11),
    DEP_STOP_TO = BIT(12), DEP_JOINS_NS = BIT(13), DEP_REFERENCES = BIT(14), DEP_IN_SLICE = BIT(15),
    DEP_REVERSE = BIT(16),              /* in a directive's row: "from" and "to" change places */
};
extern const char dep_names[];                         /* pairs of words, from bit 0 on: Requires, RequiredBy */

/* 0: no unit. Below UNITS_MAX, so 16 bits where it is stored many times; as an argument it is a register. */
typedef u32 unit_id;

/* What the files say of one unit. A few bytes; all else is in its settings and edges. */
struct unit {
    u32 name, path;                     /* text in the arena; path 0: no fragment */
    u32 settings, settings_n;           /* words in the arena */
    u32 slice;                          /* text; not 0: its cgroup is there since before the reload */
    u32 out, in;                        /* first edge from and to this unit */
    u16 out_n, in_n;
    u16 in_kinds;                       /* all that edges to this unit have been of */
    u16 next;                           /* waiting to be loaded, or free */
    u8 type, load, origin;
    u8 load_error;                      /* errno, with LOAD_ERROR */
    bool used : 1, queued : 1, perpetual : 1, enabled_here : 1;
    bool generated : 1;                 /* no file: device, slice, mount seen in mountinfo */
    bool kept : 1;                      /* alive since before the reload: stays a unit of its own */
    bool fresh : 1;                     /* loaded, edges that need both ends not yet added */
    bool aliased : 1;                   /* has had more names than one */
    bool complained : 1;                /* its files were warned about: for systemd-analyze verify */
};

struct edge { u16 from, to, kinds, unused; u32 next_out, next_in; };

struct name_entry { u32 text; u16 unit, next; };

/* Everything that is known of units at one time. A reload fills the other table and swaps. */
struct table {
    struct arena arena;
    u32 units_n, names_n, edges_n;      /* high-water marks; index 0 is never used */
    u32 names_free_count;               /* entries whose unit is gone */
    unit_id free, load_first, load_last;
    u16 hash_mask;
    bool full;                          /* a limit was reached and has been told */
    bool marked;                        /* between table_mark() and table_undo() or _keep() */
    struct unit units[UNITS_MAX] __attribute__((aligned(4096)));
    struct edge edges[EDGES_MAX];
    struct name_entry names[NAMES_MAX];
    u16 hash[32768];
} __attribute__((aligned(4096)));
extern struct table *tab;

#define UNIT(id) (&tab->units[id])
#define UNITS(id) unit_id id = 1; id < tab->units_n; id++

/* ---- names.c: unit names, systemd.unit(5) -------------------------------------------------- */

int unit_type_of(struct str name);                     /* by the suffix, or -EINVAL */
const char *unit_type_name(int type);
bool unit_name_valid(struct str name);                 /* with any type's suffix; templates too */
bool unit_name_is_template(struct str name);           /* foo@.service */
bool unit_name_is_instance(struct str name);           /* foo@bar.service */
struct str unit_name_prefix(struct str name);          /* foo of foo@bar.service and foo.service */
struct str unit_name_instance(struct str name);        /* bar, or empty */
void unit_name_template(struct str name, struct buf *out);
int unit_name_with_instance(struct str name, struct str instance, struct buf *out);
void unit_name_escape(struct str text, struct buf *out);
int unit_name_unescape(struct str text, struct buf *out);
int unit_path_escape(struct str path, struct buf *out);        /* /foo/bar -> foo-bar */
int unit_path_unescape(struct str text, struct buf *out);
int unit_name_from_path(struct str path, const char *suffix, struct buf *out);
int unit_name_to_path(struct str name, struct buf *out);
int unit_name_mangle(struct str text, bool globs, const char *suffix, struct buf *out);
bool slice_name_valid(struct str name);
int slice_parent(struct str name, struct buf *out);            /* 0: none, 1: written */
void path_simplify(struct str path, bool keep_slash, struct buf *out);
bool path_valid(struct str path);                              /* absolute, no "..", no ctrl */
bool path_fits(struct str path);                               /* no part of it and not the whole is too long for the kernel */
bool path_below(struct str path, const char *above);           /* equal or inside */
bool path_below_any(struct str path, const char *words);       /* ... of one of them */

/* ---- table.c: units, names, edges ---------------------------------------------------------- */

unit_id unit_find(struct str name);                    /* 0: not known */
unit_id unit_get(struct str name);                     /* makes a stub that waits to be loaded */
unit_id unit_named(unit_id by, struct str name);       /* the same, but files may not fill all places */
int unit_alias(unit_id id, struct str name);           /* another name; a stub of it is merged */
const char *unit_name(unit_id id);
const char *text_at(u32 offset);
u32 text_keep(struct str s);                           /* into the table's arena; 0: full */
int edge_add(unit_id from, unit_id to, u32 kinds);     /* with DEP_REVERSE: the other way round */
u32 edge_kinds(unit_id from, unit_id to);              /* 0: none */
void unit_release(unit_id id);                         /* nobody names it any more */
void unit_drop_edges(unit_id id, u32 kinds);           /* of what it says itself */
int table_limit(const char *limit);                    /* says once that a limit is reached: -ENOSPC */

struct table_mark { u32 arena, units, names, edges; };
struct table_mark table_mark(void);
void table_undo(struct table_mark m);                  /* all units made since are gone */
void table_keep(void);                                 /* they stay */
bool table_crowded(void);                              /* a reload would make room */
void table_begin(void);                                /* the other table, empty, becomes `tab` */
void table_commit(void);                               /* the old one's pages are given back */
void table_abort(void);
bool table_adopt(unit_id id, const char *name);        /* in a new table: this name at this id */

/* ---- directives.c: the table and a unit's settings ----------------------------------------- */

enum section { SEC_UNIT = BIT(0), SEC_SERVICE = BIT(1), SEC_SOCKET = BIT(2), SEC_MOUNT = BIT(3),
               SEC_AUTOMOUNT = BIT(4), SEC_SWAP = BIT(5), SEC_TIMER = BIT(6), SEC_PATH = BIT(7),
               SEC_SLICE = BIT(8), SEC_SCOPE = BIT(9), SEC_INSTALL = BIT(10) };

enum directive_id {
#define ROW(id, ...) D_##id,
#include "directives.def"
    DIRECTIVES
};

/* Settings that no file can set: paths of drop-ins, and the helpers that mount and swap units run. */
enum { X_DropIn = DIRECTIVES, X_Attach, X_Detach, X_Remount, X_Times };

/* X_Times: when what a unit was read from was last changed; two words each. */
enum { TIME_FRAGMENT, TIME_DROPINS, TIME_SOURCE, TIMES };

/* What a stored value is; it follows from the setter. V_ROW: fields as the setter's signature says, one setting an
 * element where that is an array of structures or texts: a text, b i u q: a word, t x: two, low first, ay: a word with
 * the number of bytes, then these, a...: a word with the number of elements. */
enum value { V_NOTHING, V_BOOL, V_INT, V_UNSIGNED, V_MODE, V_SIGNAL, V_SPAN, V_ENUM, V_TEXT, V_ITEM,
             V_EXEC, V_LIMIT, V_STATUS, V_CONDITION, V_ENV_FILE, V_STDIO, V_CHOICE, V_WIDE, V_ROW };

/* Whether a row is acted on: if never, the reason's number in effect_reasons[]. */
enum effect { ACTS, NOT_YET, NO_SELINUX, NO_SMACK, NO_IMAGES, NO_BPF, NO_USB, NO_KEYS, NO_PAM, NO_OOMD, NO_NAMESPACES };
extern const char controller_names[], namespace_names[], mount_flag_names[];
#define NAMESPACES 0x7e020000u                         /* all that namespace_names has */
#define CONTROLLERS_DELEGATED 0xadu                    /* cpu cpuset io memory pids */
extern const char effect_reasons[];                    /* from NO_SELINUX on */

struct build;
struct directive { u64 sections : 11, setter : 7, effect : 4, arg : 17; i64 def : 25; };      /* 8 bytes */
typedef int set_fn(struct build *b, const struct directive *d, struct str value);
struct setter { set_fn *set; u8 signature, value : 7, own_empty : 1; } __attribute__((packed));
extern const struct directive directives[DIRECTIVES];
extern const struct setter setters[];
const char *directive_signature(const struct directive *d);    /* on the bus */

static inline u32 directive_id(const struct directive *d) { return (u32)(d - directives); }
const char *directive_name(const struct directive *d);  /* for this turn */
const struct directive *directive_find(struct str name, u32 section);   /* section 0: any */
u32 section_of_type(int type);                         /* the section named after the type, or 0 */
const char *section_name(u32 section);                 /* exactly one */
u32 section_find(struct str name);                     /* 0: none has this name */

#define FOREVER -1                                     /* a default of infinity */

/* One setting in the arena: header, then n words. Lists are several settings of one id. */
struct setting { u16 id, n; u32 w[]; };
const struct setting *setting_next(unit_id id, const struct setting *s);       /* NULL: first */
const struct setting *setting_find(unit_id id, u32 directive, const struct setting *after);
bool unit_has(unit_id id, u32 directive);
i32 unit_int(unit_id id, u32 directive);               /* bool, int, mode, signal, enum; or default */
usec unit_span(unit_id id, u32 directive);
u64 unit_wide(unit_id id, u32 directive);              /* a size, weight or mask; UINT64_MAX: infinity, not set */
u64 unit_amount(unit_id id, u32 directive);            /* the same, where a share of what the machine has may be said */
const char *unit_text(unit_id id, u32 directive);      /* NULL: not set */
const char *directive_enum_name(const struct directive *d, i32 value);
const char *enum_names(u32 table);                     /* for name_of() and name_find() */
const char *enum_noun(u32 table);
int enum_find(u32 table, struct str s, i32 *value);    /* where it may be a boolean too, that */

/* Enumerations of directive values: names in directives.c, by the row's argument; each table begins with what the
 * value is called in a message. */
enum enum_table { E_SERVICE_TYPE, E_RESTART, E_KILL_MODE, E_NOTIFY, E_JOB_MODE, E_ACTION, E_COLLECT,
                  E_TIMEOUT_MODE, E_PRESERVE, E_LEVEL, E_FACILITY, E_IPV6_ONLY, E_IP_TOS, E_PROTOCOL, E_TIMESTAMPING,
                  E_EXIT_TYPE, E_OOM_POLICY, E_IO_CLASS, E_CPU_POLICY, E_NUMA, E_KEYRING, E_PROTECT_PROC, E_PROC_SUBSET,
                  E_PROTECT_SYSTEM, E_PROTECT_HOME, E_UTMP, E_DEVICE_POLICY, E_OOM_MODE, E_OOM_PREFERENCE, ENUM_TABLES };
enum oom_policy { OOM_CONTINUE, OOM_STOP, OOM_KILL };
enum listen { LISTEN_STREAM, LISTEN_DATAGRAM, LISTEN_SEQPACKET, LISTEN_FIFO, LISTEN_NETLINK, LISTEN_SPECIAL, LISTEN_QUEUE,
              LISTEN_USB };
enum memory_flags { MEMORY_ZERO = 1, MEMORY_OLD = 2 };
enum io_device { IO_WEIGHT, IO_LATENCY, IO_LIMIT, IO_OLD_WEIGHT, IO_OLD_LIMIT };
enum service_type { SERVICE_SIMPLE, SERVICE_EXEC, SERVICE_FORKING, SERVICE_ONESHOT, SERVICE_DBUS,
                    SERVICE_NOTIFY, SERVICE_IDLE };
enum restart { RESTART_NO, RESTART_ON_SUCCESS, RESTART_ON_FAILURE, RESTART_ON_ABNORMAL,
               RESTART_ON_WATCHDOG, RESTART_ON_ABORT, RESTART_ALWAYS };
enum kill_mode { KILL_CONTROL_GROUP, KILL_PROCESS, KILL_MIXED, KILL_NONE };
enum notify_access { NOTIFY_NONE, NOTIFY_ALL, NOTIFY_EXEC, NOTIFY_MAIN };
enum job_mode { MODE_FAIL, MODE_REPLACE, MODE_REPLACE_IRREVERSIBLY, MODE_ISOLATE, MODE_FLUSH,
                MODE_IGNORE_DEPENDENCIES, MODE_IGNORE_REQUIREMENTS, MODE_TRIGGERING };
enum action { ACTION_NONE, ACTION_REBOOT, ACTION_REBOOT_FORCE, ACTION_REBOOT_IMMEDIATE,
              ACTION_POWEROFF, ACTION_POWEROFF_FORCE, ACTION_POWEROFF_IMMEDIATE, ACTION_EXIT,
              ACTION_EXIT_FORCE };
enum timeout_mode { TIMEOUT_TERMINATE, TIMEOUT_ABORT, TIMEOUT_KILL };
enum preserve { PRESERVE_NO, PRESERVE_YES, PRESERVE_RESTART };

/* StandardInput=, StandardOutput=: word 0 is one of these | console flag, word 1 a text or 0. */
enum std_in { IN_NULL, IN_TTY, IN_TTY_FORCE, IN_TTY_FAIL, IN_SOCKET, IN_FD, IN_DATA, IN_FILE };
enum std_out { OUT_INHERIT, OUT_NULL, OUT_TTY, OUT_JOURNAL, OUT_KMSG, OUT_SOCKET, OUT_FD, OUT_FILE,
               OUT_APPEND, OUT_TRUNCATE };
#define STDIO_CONSOLE BIT(8)
extern const char output_names[];

/* ExecStart= and its kin: words are flags, path, argc, argv... */
enum exec_flags { EXEC_IGNORE_FAILURE = BIT(0), EXEC_NO_EXPAND = BIT(1), EXEC_FULL_PRIVILEGE = BIT(2),
                  EXEC_NO_SETUID = BIT(3), EXEC_AMBIENT_MAGIC = BIT(4) };

/* Condition...=, Assert...=: words are type | flags | result << 16, parameter. The last one comes first, as in systemd. */
enum condition {
    COND_PATH_EXISTS, COND_PATH_EXISTS_GLOB, COND_PATH_IS_DIRECTORY, COND_PATH_IS_SYMBOLIC_LINK,
    COND_PATH_IS_MOUNT_POINT, COND_PATH_IS_READ_WRITE, COND_PATH_IS_ENCRYPTED, COND_DIRECTORY_NOT_EMPTY,
    COND_FILE_NOT_EMPTY, COND_FILE_IS_EXECUTABLE, COND_NEEDS_UPDATE /* paths up to here */,
    COND_KERNEL_COMMAND_LINE, COND_VIRTUALIZATION, COND_CAPABILITY, COND_AC_POWER, COND_SECURITY,
    COND_FIRST_BOOT, COND_HOST, COND_ARCHITECTURE, COND_KERNEL_VERSION, COND_USER, COND_GROUP, COND_MEMORY,
    COND_CPUS, COND_ENVIRONMENT, COND_CPU_FEATURE, COND_OS_RELEASE, COND_FIRMWARE, COND_CREDENTIAL,
    COND_CONTROL_GROUP_CONTROLLER, COND_CPU_PRESSURE, COND_MEMORY_PRESSURE, COND_IO_PRESSURE,
    COND_ASSERT = BIT(8), COND_NEGATE = BIT(9), COND_TRIGGER = BIT(10),
};
/* condition.c */
const char *host_virtualization(bool *container);      /* systemd-detect-virt(1): "kvm", "docker", "none" */
u64 machine_memory(void);                               /* bytes */
enum condition_result { CONDITION_UNTESTED, CONDITION_SUCCEEDED, CONDITION_FAILED, CONDITION_ERROR };
struct condition_env { const char *const *set; u32 set_n; char **own; };       /* what ConditionEnvironment= sees */
bool conditions_met(unit_id id, bool asserts, const struct condition_env *env);  /* all of them; notes the results */
const struct setting *condition_next(unit_id id, bool asserts, const struct setting *s);       /* NULL: first */
enum condition_result condition_test(const struct setting *s, const struct condition_env *env, int *error);
void condition_note(const struct setting *s, enum condition_result result);
const struct setting *condition_that_failed(unit_id id);       /* which one to tell of; NULL: none is known */

/* ---- calendar.c: OnCalendar=, systemd.time(7) ------------------------------------------------ */

/* From..to/step; to < 0: a point, and with a step from there on. Six lists of those, in one array. */
struct calendar_part { i32 from, to, step; };
enum { CAL_YEAR, CAL_MONTH, CAL_DAY, CAL_HOUR, CAL_MINUTE, CAL_MICROSECOND, CAL_LISTS };
struct calendar {
    u16 first[CAL_LISTS], n[CAL_LISTS];                /* n 0: any */
    u16 used;
    u8 weekdays;                                       /* bits from Monday on; 0: any */
    bool month_end;                                    /* days count from there */
    bool utc;
    i8 summer;                                         /* local time as one of the two; -1: not said */
    char zone[64];                                     /* "": local time, or utc */
    struct calendar_part parts[CALENDAR_PARTS];
};
int calendar_parse(struct str text, struct calendar *c);       /* 0, -EINVAL, -ERANGE, -ENOBUFS: too long */
void calendar_write(const struct calendar *c, struct buf *out);        /* normalised */
void zone_names(char names[2][16]);                    /* of the local time outside and in summer, "": none; opens it */
int calendar_next(const struct calendar *c, usec after_real, usec *next);      /* 0, -ENOENT: never again */

/* ---- lex.c: bytes -> assignments ----------------------------------------------------------- */

struct lexer { char *p, *end; u32 line; i32 error; bool bom_seen; struct str section; const char *path; };
struct assignment { struct str section, key, value; u32 line; };
enum lexed { LEX_END, LEX_ASSIGNMENT, LEX_SECTION, LEX_NO_VALUE, LEX_NO_KEY,
             LEX_REFUSE /* told; the errno is in the lexer */ };
struct lexer lex_open(char *text, u32 n, const char *path);    /* changes the text in place */
enum lexed lex_next(struct lexer *l, struct assignment *a);

/* ---- build.c: one unit being read ---------------------------------------------------------- */

struct build {
    unit_id id;
    struct unit *unit;
    struct str name;                    /* the unit's name while its text is read */
    const char *path;                   /* file and line for messages */
    u32 line;
    u32 section;                        /* where an assignment belongs; 0: what stands here means nothing */
    u32 install_mask;                   /* SEC_INSTALL when [Install] means something here */
    bool quiet;                         /* this file's complaints were already told */
    bool failed;                        /* a limit was reached, and told: the unit is refused */
    u32 *words, n;                      /* settings so far; BUILD_WORDS of them */
    usec times[TIMES];
    struct str value;                   /* all of the assignment that is being read */
    const char *no_syntax, *no_specifier;       /* a setter's own words; NULL: the usual ones */
};
void build_warn(struct build *b, enum level level, const char *fmt, ...) PRINTF(3, 4);
#define build_warn(b, level, fmt, ...) (build_warn)(b, level, TEXT(fmt), ##__VA_ARGS__)
#define SEARCH_MAX 2048      /* settings of one id that are looked at for an equal one, so that hostile files cost little */
const struct setting *build_find(const struct build *b, u32 id, const struct setting *after);
int build_put(struct build *b, u32 id, const u32 *w, u32 n);       /* one more setting */
int build_put_first(struct build *b, u32 id, const u32 *w, u32 n);
void build_clear(struct build *b, u32 id);
int build_set(struct build *b, u32 id, const u32 *w, u32 n);       /* clear + put */
int build_int(struct build *b, u32 id, i32 v);
int build_span(struct build *b, u32 id, usec t);
int build_wide(struct build *b, u32 id, u64 v);
int build_text(struct build *b, u32 id, struct str s, bool more);  /* set or, with more, put */
int build_value(struct build *b, const struct directive *d, struct str value);
u32 build_section(const struct build *b, struct str name);         /* 0: means nothing in this unit's files */
extern bool effects_untold;                            /* not to tell which settings pith does not act on */
int build_assign(struct build *b, struct str section, struct str key, struct str value);

/* What setters share. `why` begins with "=" when the directive's name goes before it. */
int build_ignore(struct build *b, const struct directive *d, const char *why, struct str value);   /* 0 */
bool build_expand(struct build *b, struct str *value);             /* specifiers, to space 0 */
bool build_path(struct build *b, const struct directive *d, struct str *value);    /* absolute, simplified */
bool build_run(struct build *b, const struct directive *d, struct str *path);      /* /var/run is /run, and that is told */
bool build_item(struct build *b, struct str *rest, u32 word_flags, struct str *item);
#define BUILD_NAMES BIT(8)               /* with word_flags: specifiers of unit names only */
unit_id dependency_named(const struct build *b, struct str name);  /* 0: no unit's name, or a limit */
typedef bool item_fn(const struct directive *d, struct str *item); /* false: no good; may change it */
int build_list(struct build *b, const struct directive *d, struct str value, u32 word_flags, item_fn *good,
               const char *why);
int build_word(struct build *b, struct str *rest, u32 word_flags, struct buf *word);   /* as word_next() */

/* A writer over working space 0, 1 or 2; they have VALUE_BYTES each. */
#define WORKSPACE(name, which) struct buf name; scratch(&name, which)
void scratch(struct buf *b, u32 which);

/* ---- specifier.c --------------------------------------------------------------------------- */

int specifier_expand(struct str unit, struct str text, struct buf *out);
int specifier_expand_name(struct str unit, struct str text, struct buf *out);  /* those that may be in a unit's name */
int specifier_os_field(const char *key, struct buf *out);      /* of os-release(5); -EUNATCH: there is no such file */
extern const char *specifier_fragment;                  /* what %y says; set while a unit's files are read */

/* ---- search.c: where units are ------------------------------------------------------------- */

/* The tree that is looked at; "" is the running system. Without a final slash. */
extern const char *search_root;
char *rooted(const char *path, char *full);            /* with search_root before it; full: PATH_BYTES */

extern const char *search_dirs;                        /* words: the folders in order */

void index_build(void);                                /* reads all unit folders */
extern u32 index_builds;                               /* how often: what was read beside it is as old */
void index_drop(void);                                 /* gives its pages back */
bool index_built(void);
bool index_has_folders(const char *suffix);            /* is there any X.wants, X.d? */
struct index_entry { u32 name, target, next; u16 dir /* in search_dirs */; u8 kind; bool told; };
enum entry_kind { ENTRY_FILE, ENTRY_LINK, ENTRY_DIR, ENTRY_BUILTIN };
struct index_entry *index_find(struct str name);       /* a unit file or link; first folder wins */
struct index_entry *index_next(struct index_entry *after, struct str name);  /* folders too; NULL: first */
struct index_entry *index_all(struct index_entry *after);      /* every entry; NULL: first */
const char *index_name(const struct index_entry *e);
const char *index_target(const struct index_entry *e); /* of a link */
bool index_compact(const struct index_entry *e);       /* lies in /etc/units, which means enabled */
char *index_path(const struct index_entry *e, char *space);    /* full path, without the root; PATH_BYTES */
/* Follows aliases of `name` to the entry that holds its text. NULL: not found. *id_name becomes the
 * name the unit really has. *masked: it ends at /dev/null or in an empty file. */
struct index_entry *index_resolve(struct str name, struct buf *id_name, bool *masked);
int file_open(const char *path, int flags);            /* from search_root, out of which no link leads */
int file_read(const char *path, char **text, u32 *n);  /* <= FILE_BYTES, regular; from search_root */
/* The next alias that a link to `name`, which is the unit's or an alias of it, gives the unit. *at: 0 at first. */
bool index_alias(u32 *at, struct str name, struct str unit, struct buf *alias);
const char *dropin_dir(u16 dir);                       /* of search_dirs, as systemd names it for drop-ins */
extern usec file_time;                                 /* when the file that was read last was changed */
static inline usec time_of(const struct stat *st)
{
    return (usec)st->st_mtim.tv_sec * USEC_SEC + (usec)st->st_mtim.tv_nsec / 1000;
}
int file_read_entry(const struct index_entry *e, char **text, u32 *n, char *path);     /* path: as index_path() */

const char *builtin_find(struct str name);             /* its packed text, or "@target"; NULL: none is shipped */

extern const char builtins[], directive_texts[];       /* made and packed by ci/pack */
extern const u8 builtin_pairs[][2], directive_pairs[][2];

/* ---- accounts.c: passwd(5) and its kin --------------------------------------------------------- */

u32 account_split(struct str line, char **field, u32 max);     /* a line of name:x:id:..., in place; how many fields */
bool account_id(const char *text, u64 *id);            /* is it a number that may be one? */
u32 account_find(struct str text, const char *want, char **field, u32 max);    /* by name or number: fields; 0: no such line */

/* ---- conf_files.c: NAME.d folders of configuration -------------------------------------------- */

extern const char conf_folders[];                      /* words: /etc and the others, in order of precedence */
/* Looks through FOLDER/NAME of all the words for files that end in the suffix; how many there are, sorted by name.
 * They are known until the next call. */
u32 conf_files_find(const char *folders, const char *name, const char *suffix);
char *conf_file_path(u32 i);                           /* without the root; z_fmt()'s */
u32 conf_files_replace(const char *path);              /* --replace=: the file's place is taken by something else */
bool conf_file_replaced(u32 i);
int conf_file_read(const char *path, char **text, u32 *n);     /* as file_read(); /dev/null is empty */
/* A file by its path (the root is not put before it), or by its name in the first folder that has it; `path` is where it
 * was, with the root. */
int conf_file_search(const char *name, const char *folders, const char *folder, char *path, char **text, u32 *n);

/* ---- load.c -------------------------------------------------------------------------------- */

void load_pending(void);                               /* loads stubs until none is left */
void load_alone(unit_id id);                           /* only this one: what it names stays a stub */
void load_text(unit_id id, char *text, u32 n, const char *path);       /* this, as its file */
void load_compact(void);                               /* all of /etc/units */
bool unit_needs_reload(unit_id id);                    /* files changed since it was loaded; wants the index */
/* Loads a mount or swap that is there without a file; what a file says goes before this. */
void load_generated(unit_id id, const char *where, const char *what, const char *type, const char *options);
void load_mounts_for(unit_id mount);                   /* a mount that appeared: who needs it */
bool unit_needs_mount(unit_id id, unit_id mount);

/* ---- install_find.c, install_state.c, install.c: [Install] and links ------------------------- */

enum file_state { FILE_ENABLED, FILE_ENABLED_RUNTIME, FILE_LINKED, FILE_LINKED_RUNTIME, FILE_ALIAS,
                  FILE_MASKED, FILE_MASKED_RUNTIME, FILE_STATIC, FILE_DISABLED, FILE_INDIRECT,
                  FILE_GENERATED, FILE_TRANSIENT, FILE_BAD, FILE_STATES };
extern const char file_state_names[], load_names[], active_names[], type_names[];
extern const char service_states[], mount_states[], swap_states[], device_states[], simple_states[];   /* of SubState */
int install_state(const char *name);                   /* enum file_state, or negative; links are read once an index */
const char *install_preset(const char *name, int state);       /* "enabled", "disabled", or "" where it means nothing */

/* What a verb did and what went wrong, in order; a negative errno has happened to `path`. */
enum change_type { CHANGE_SYMLINK, CHANGE_UNLINK, CHANGE_MASKED, CHANGE_MASKED_GENERATOR, CHANGE_DANGLING,
                   CHANGE_NOT_PRESENT, CHANGE_AUXILIARY_FAILED, CHANGE_COMPACT };
struct install_change { struct install_change *next; const char *path, *source; int type; };
extern struct install_change *install_changes;
void install_begin(void);                              /* before each verb: forgets the last one's changes */

enum preset_mode { PRESET_FULL, PRESET_ENABLE_ONLY, PRESET_DISABLE_ONLY };
struct install_options { bool runtime, force, dry_run, requires; u8 preset_mode; };
/* Negative: failed; of enable, reenable: 0 when nothing was there to install. */
typedef int install_fn(const char *const *names, u32 n, const struct install_options *o);
install_fn install_enable, install_disable, install_reenable, install_link, install_preset_units, install_preset_all,
    install_mask, install_unmask, install_revert,
    install_set_default, install_add_dependency;       /* the target is names[0] */
int install_get_default(struct buf *out);
int install_look_up(const char *name);                 /* 1: there is such a unit file, not generated; 0: none */
bool install_exists(const char *name);                 /* false: the search path has no such unit file */

/* ---- generate.c, fstab.c, sysv.c, cmdline.c: texts that become unit files in /run/systemd/generator* ---- */

/* The kernel command line (or PID 1's arguments in a container), word by word; key and value point
 * into scratch. 1, 0 at the end. */
struct cmdline { struct str rest; char key[256]; char *value; };
const char *cmdline_text(void);                        /* read once */
void cmdline_set(const char *text);                    /* instead of /proc/cmdline */
int cmdline_next(struct cmdline *c);
bool cmdline_key_is(const char *key, const char *name);        /* - and _ are the same */
bool cmdline_flag(const char *name, bool missing);

/* What is booted; where; what PID 1 was started with, "A=B", NULL at the end. */
struct generating { const char *target; bool container; char **environment; };
void generate_all(const struct generating *g);         /* the generators that are built in, by their names */
void generated_clear(const char *parent, bool make);   /* the three folders there: empty; made if they are not there */
/* The programs in the folders of systemd.generator(7), one path a call; NULL at the end. */
struct programs { const char *folder; bool open; struct dir dir; char path[PATH_BYTES]; };
extern const char generator_folders[];
const char *programs_next(struct programs *p);         /* begins with p->folder = generator_folders, all else 0 */

struct fstab {
    struct str rest;
    const char *path;
    u32 number;
    char space[PATH_BYTES * 2], what[PATH_BYTES], where[PATH_BYTES];
};
struct fstab_line {
    const char *source, *target;         /* the file for SourcePath=; local-fs.target or its like */
    const char *folder;                  /* "", or ".late": where its unit goes */
    u32 number;                          /* of the line in it */
    struct str what, where, type, options;
    u64 passno;
    bool noauto, nofail;
};
int fstab_open(struct fstab *f, const char *path);     /* below search_root */
bool fstab_next(struct fstab *f, struct fstab_line *l);        /* bad lines are told and skipped */
bool fstab_option(struct str options, const char *name, struct str *value);    /* last one wins */
bool fstab_yes_no(struct str options, const char *yes, const char *no);
void fstab_node(struct str source, struct buf *out);   /* LABEL=x -> /dev/disk/by-label/x */
bool fs_is_network(struct str type);
bool fs_is_api(struct str where);                      /* mounted by PID 1: not for fstab */
bool is_device_path(struct str path);
bool extrinsic_mount(struct str where, struct str options);    /* stays when all else is unmounted */
bool in_initrd(void);

#endif
