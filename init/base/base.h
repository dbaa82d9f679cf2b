/* SPDX-License-Identifier: 0BSD
 *
 * base/: leaf helpers that know nothing of units, jobs or processes. Everything here is pure
 * memory but log.c, which writes, and file.c, which reads. An include here may only name libc, limits.h and sys.h. */
#ifndef BASE_H
#define BASE_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;

/* Times are microseconds of CLOCK_MONOTONIC unless a name ends in _real; USEC_INF means never. */
typedef u64 usec;
#define USEC_INF UINT64_MAX
#define USEC_MS  1000ull
#define USEC_SEC 1000000ull
#define USEC_MIN (60 * USEC_SEC)

#define LEN(a) (sizeof(a) / sizeof *(a))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
/* No number with a point is ever printed, so nobody need save the registers of such arguments. */
#if defined(__x86_64__) && !defined(__clang__)
#define PRINTF(f, a) __attribute__((format(printf, f, a), target("general-regs-only")))
#else
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#endif
#define BIT(n) (1u << (n))

/* An array that is empty between turns, all zeros if that matters: trim_memory() takes its pages away (link.ld). */
#define SCRATCH __attribute__((section(".bss.scratch")))
/* A text that is rarely shown. What it names is not in the file but packed (texts.c), so it may only be a format of
 * buf_vfmt() or what %s there writes. Most functions below that take a format make one of it by themselves; name them in
 * brackets for a format that is no literal. */
#ifdef PACK_TEXTS
static const bool text_plain;            /* always false; the compiler checks formats that it cannot rule out */
#define TEXT(literal) (text_plain || sizeof(literal) < 12 ? (literal) : ({ \
    static const char text_[] __attribute__((section("cold_texts"), aligned(1))) = literal; text_; }))
#else
#define TEXT(literal) literal
#endif
#define STREQ(a, b) (strcmp((a), (b)) == 0)

static inline usec usec_add(usec a, usec b) { return a > USEC_INF - b ? USEC_INF : a + b; }

/* ---- str.c: slices ------------------------------------------------------------------------ */

/* A piece of somebody else's text; never owns, need not end in NUL. */
struct str { const char *p; size_t n; };

/* for (EACH(z, "one\0two\0")): each word of a text of words. */
#define EACH(z, words) const char *z = words; *z; z += strlen(z) + 1

#define S(lit) ((struct str){ (lit), sizeof(lit) - 1 })
#define BLANKS " \t\n\r"

struct str str_of(const char *z);                    /* z may be NULL: the empty slice */
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *z);
bool str_starts(struct str a, const char *prefix);
bool str_ends(struct str a, const char *suffix);
struct str str_from(struct str a, size_t at);        /* the rest from byte `at` */
struct str str_cut(struct str a, size_t n);          /* at most the first n bytes */
struct str str_trim(struct str a);                   /* without blanks at both ends */
bool in_set(char c, const char *set);
int str_find(struct str a, char c);                  /* index or -1 */
int str_rfind(struct str a, char c);
struct str str_line(struct str *rest, char sep);     /* takes up to sep; p == NULL at the end */
struct str str_word(struct str *rest, const char *separators);   /* skips separators first */
const char *z_after(const char *z, const char *prefix);   /* behind the prefix, or NULL */
bool z_ends(const char *z, const char *suffix);
bool z_copy(char *to, size_t size, struct str from);      /* false: it did not fit */
const char *z_next(const char *list);                /* the next of NUL-separated texts; "" ends the list */
bool z_in(const char *list, const char *word);         /* is it one of them? */
const char *z_lookup(const char *pairs, const char *key);       /* of "key\0value\0..."; NULL: not there */
bool glob_match(const char *pattern, const char *text);   /* * ? [a-z] [!a]: fnmatch(3), no flags */
bool utf8_valid(struct str a);
bool text_safe(struct str a);                        /* no control characters */
bool str_safe(struct str a);                         /* nor quotes, nor backslashes: string_is_safe() */
u32 str_hash(struct str a);

/* ---- buf.c: a bounded writer; overflow is sticky and truncates ----------------------------- */

struct buf { char *p; u32 n, cap; bool over; };

/* A writer over a local array, empty; and what is in it. */
#define BUF(name, size) char name##_mem[size]; struct buf name; buf_over(&name, name##_mem, size)
#define STR(buf) ((struct str){ (buf).p, (buf).n })
#define BUF_OVER(array) ((struct buf){ (array), 0, sizeof(array), false })

void buf_over(struct buf *b, char *p, u32 cap);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_c(struct buf *b, char c);
void buf_z(struct buf *b, const char *z);
void buf_str(struct buf *b, struct str s);
void buf_u64(struct buf *b, u64 v);
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_vfmt(struct buf *b, const char *fmt, va_list ap);
void buf_pad(struct buf *b, u32 from, u32 width);    /* blanks until `width` columns since `from` */
void buf_span(struct buf *b, usec t, usec accuracy); /* "1min 30s", as format_timespan() */
void buf_bytes(struct buf *b, u64 bytes);            /* "1.5M", as format_bytes() */
void buf_cescape(struct buf *b, struct str s);       /* C escapes for quotes, \ and controls */
char *buf_end(struct buf *b);                        /* NUL-terminates (truncating) and returns p */
/* Text in one of four buffers of PATH_BYTES that take turns: for clients and helpers, not for PID 1. */
char *z_fmt(const char *fmt, ...) PRINTF(1, 2);
#define z_fmt(fmt, ...) (z_fmt)(TEXT(fmt), ##__VA_ARGS__)
struct buf *z_buf(void);                             /* the same, empty */
/* The same in space of the caller's, PATH_BYTES of it. */
char *path_fmt(char *space, const char *fmt, ...) PRINTF(2, 3);
u32 text_width(struct str s);                        /* columns on a terminal; escapes count 0 */

void buf_octal(struct buf *b, struct str s);         /* without the \040 escapes of the kernel and fstab(5) */

/* ---- file.c: small files, whole, and folders. 0 or bytes, or a negative errno ---------------- */

int file_get(const char *path, char *text, u32 size);   /* NUL-terminated; empty on failure */
int file_line(const char *path, char *text, u32 size);  /* its first line; bytes of all that was read */
int file_put(const char *path, struct str text, u32 create);   /* create: 0, or the mode of a new file */
struct str file_text(const char *path, char *space, u32 size);         /* as file_get() */
struct str file_value(struct str text, const char *key);       /* of the first line "key=value"; or empty */
/* The first path that a glob matches, behind `after` in strcmp's order; after NULL: any. found: PATH_BYTES. */
bool glob_after(const char *pattern, const char *after, char *found);
bool name_is_hidden(const char *name);               /* hidden, or an editor's or package manager's backup */
void make_folders(const char *path, mode_t mode);    /* all that a '/' in the path ends */
static inline void make_parents(const char *path) { make_folders(path, 0755); }

/* The entries of a folder but "." and ".."; the last call closes it, dir_close() does before that. */
struct dir { int fd; u32 at, n; char entries[4096] __attribute__((aligned(8))); };
struct dirent;
int dir_open(struct dir *d, const char *path);       /* negative: dir_next() says NULL at once */
int dir_at(struct dir *d, int fd);                   /* of a folder that is open, or not */
struct dirent *dir_next(struct dir *d);
void dir_close(struct dir *d);

/* ---- glob.c: paths with wildcards -------------------------------------------------------------- */

bool is_glob(const char *text);                      /* has one of * ? [ */
bool path_match(const char *pattern, const char *path);        /* as fnmatch(3) with PATHNAME and PERIOD */
/* Every path that is there and matches; braces are alternatives; at most 16 parts with wildcards. follow: folders may be
 * links. The first negative result, or 0. */
typedef int path_fn(const char *path);
int glob_each(const char *pattern, bool follow, path_fn *fn);
int open_folder(int at, const char *name, bool follow);        /* to read it, without a trace in its access time */

/* ---- arena.c: bump storage; offset 0 is never handed out ----------------------------------- */

struct arena { char *base; u32 used, cap; };

u32 arena_take(struct arena *a, u32 bytes, u32 align);         /* 0: full */
u32 arena_text(struct arena *a, struct str s);                 /* a NUL-terminated copy; 0: full */

/* ---- parse.c: pure value parsers. 0 or -EINVAL/-ERANGE; outputs untouched on failure -------- */

int parse_bool(struct str s, bool *out);                       /* systemd.syntax(7) */
int parse_u64(struct str s, u32 base, u64 *out);               /* base 0: 0x, 0, decimal */
int parse_int(struct str s, i32 lo, i32 hi, i32 *out);
int parse_mode(struct str s, u32 *out);                        /* octal, up to 07777 */
int parse_span(struct str s, usec unit, usec *out);            /* systemd.time(7) */
extern const usec span_units[9];                               /* from years down to microseconds */
extern const char span_words[];                                /* of each: its words, the first is ours */
int parse_size(struct str s, u32 base, u64 *out);              /* bytes; base 1000 or 1024 */
/* unit 100: %, 1000: also permille, 10000: also permyriad; up to all of it. The other has no bound. */
int parse_percent(struct str s, u32 unit, u32 *out);
int parse_percent_any(struct str s, u32 unit, u32 *out);
int parse_nspan(struct str s, u64 *out);                       /* a time span in nanoseconds, also by default */
#define CPUS_MAX 8192                                          /* as in systemd */
/* Numbers and ranges; the bits that stand for them are set. *last: one more than the highest, at least that. */
int parse_cpus(struct str s, u8 bits[CPUS_MAX / 8], u32 *last);
int parse_base64(struct str s, struct buf *out);
int parse_hex_bytes(struct str s, struct buf *out);
int parse_signal(struct str s, int *out);
int parse_exit_status(struct str s, int *out);                 /* name or 0..255 */
int parse_nice(struct str s, int *out);
int parse_rlimit(int which, struct str s, u64 *soft, u64 *hard);
int parse_hex(char c);                                         /* digit or -1 */
int unescape_one(struct str s, u32 *out, bool *byte);          /* text after a backslash: bytes used */
u32 utf8_put(char *to, u32 rune);                              /* bytes written, at most 4 */

enum word_flags { WORD_UNQUOTE = 1, WORD_UNESCAPE = 2, WORD_RELAX = 4, WORD_UNESCAPE_RELAX = 8,
                  WORD_KEEP_EMPTY = 16 /* separators are not coalesced */,
                  WORD_KEEP_ESCAPES = 32 };
int word_next(struct str *rest, const char *separators, u32 flags, struct buf *out);

/* ---- names.c: numbers <-> names ------------------------------------------------------------ */

/* A table is one text: words, each with its NUL, an empty one at the end. The first stands for 0, each
 * other for one more than the word before; a word of digits is the number of the word behind it. */
/* texts.c: packed texts, and those of texts.def by their number, an errno or one of these */
enum text {
    TEXT_NONE = 199,                     /* above every errno that has a text */
#define T(number, text)
#define N(name, text) TEXT_##name,
#include "texts.def"
#undef T
#undef N
};
enum { TEXT_BYTES = 1024 };
extern const char packed_texts[];                      /* made by ci/pack, like all that is packed */
extern const u8 text_pairs[][2];
struct text_mark { u16 at, packed; };
extern const struct text_mark text_marks[];
const char *packed_text(int number);                       /* NULL: there is none; valid until the next call */
bool text_is_packed(const char *text);
const char *text_shown(const char *text, char space[TEXT_BYTES]);         /* what a TEXT() says, or the text itself */
char *unpack(const char *packed, const u8 (*pairs)[2], char *to);      /* the end of what it wrote; no NUL */

/* squeeze.c: what ci/squeeze wrote, up to `end` */
void unsqueeze(const u8 *from, u8 *to, const u8 *end);

const char *name_of(const char *table, i32 value);             /* NULL: unknown */
int name_find(const char *table, struct str s, i32 *out);      /* 0, or -EINVAL */

int parse_capability(struct str s, i32 *out);                  /* cap_..., or its number */
int parse_errno(struct str s, i32 *out);                       /* E..., or its number up to 4095 */
extern const char capability_names[];                          /* without cap_ */
extern const char signal_names[], rlimit_names[], exit_status_names[], level_names[], facility_names[];
const char *signal_name(int sig);                              /* "SIGTERM", "SIGRTMIN+3"; static */
const char *exit_status_name(int status);                      /* "EXEC", or NULL */

/* ---- address.c: of sockets and networks ------------------------------------------------------ */

struct address { u8 bytes[16]; u32 n /* 4: IPv4, 16: IPv6 */, prefix; };
int parse_ip(struct str s, struct address *a);
int parse_prefix(struct str s, struct address *a);             /* "any", "localhost", ... are the caller's */
void write_ip(const struct address *a, struct buf *out);
/* What ListenStream= and its kin may say, as text in one form: /path, @name, a.b.c.d:port, [ip6]:port, [ip6]:port%link,
 * vsock:cid:port. 0, -EINVAL, -ERANGE, or -ENODEV: no such link. */
int parse_listen(struct str s, struct buf *out);
bool interface_valid(struct str name);

/* ---- zone.c: dates and time zones ----------------------------------------------------------- */

struct date { i32 year, month /* from 0 */, day, hour, minute, second, weekday /* from Monday, 0 */; };
void date_of(i64 seconds, struct date *d);                     /* since 1970, of whatever clock */
i64 date_seconds(const struct date *d);                        /* fields may be too large; weekday is not read */
i32 month_days(i64 year, i32 month);
struct zone { i32 offset; bool summer; const char *name; };    /* seconds east of Greenwich */
extern const char *zone_local;                                 /* $TZ; NULL: /etc/localtime */
bool zone_open(const char *name);                              /* NULL: the local one; false: no such, so UTC */
struct zone zone_at(i64 when);                                 /* of the open zone */
/* When the clock shows `local`. Of two such moments the next one from `near` on if that is within a day, else the first. */
i64 zone_moment(i64 local, i64 near);

/* ---- timers.c: deadlines by key (< TIMERS_MAX), one each; USEC_INF takes one away ----------- */

void timer_set(u32 key, usec when);
usec timer_get(u32 key);
usec timer_next(void);                    /* the nearest, or USEC_INF */
bool timer_pop(usec now, u32 *key);       /* takes one that has passed */

/* ---- watch.c: which descriptor's event is whose. A tag is kind, slot and descriptor; never a
 * pointer, so an event of a descriptor that was closed in the same round is recognised. --------- */

enum watch_kind { WATCH_SIGNALS, WATCH_NOTIFY, WATCH_REPORT, WATCH_INOTIFY, WATCH_MOUNTINFO, WATCH_UEVENT,
                  WATCH_CONTROL, WATCH_CLIENT, WATCH_SPAWN, WATCH_EXECED, WATCH_CONSOLE, WATCH_SWAPS };
struct watch { u8 kind; u16 slot; int fd; };
extern int watch_epoll;                   /* waited on in run/loop.c alone */
int watch_init(void);
int watch_add(int fd, u32 events, u8 kind, u16 slot);
int watch_change(int fd, u32 events, u8 kind, u16 slot);
void watch_remove(int fd);                /* before close: a child may hold a copy of it */
struct watch watch_of(u64 tag);

/* ---- log.c --------------------------------------------------------------------------------- */

enum level { LOG_EMERG, LOG_ALERT, LOG_CRIT, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

/* One line for the log. Never blocks, never fails; what cannot be written is counted. */
void log_line(enum level level, const char *fmt, ...) PRINTF(2, 3);
#define log_line(level, fmt, ...) (log_line)(level, TEXT(fmt), ##__VA_ARGS__)
void log_flush(void);                     /* once a turn, and before anything that may not return */

/* Where lines go. In PID 1: the journal's socket once it is there, else /dev/kmsg, else the
 * console; in a client: standard error. A negative descriptor means "not open". */
struct log_target {
    int kmsg_fd, socket_fd, stderr_fd;
    enum level max;                       /* lines above it are dropped before they are formatted */
    const char *ident;                    /* the name before a line */
    u32 dropped;
};
extern struct log_target log_to;
bool log_wants(enum level level);

#endif
