/* SPDX-License-Identifier: 0BSD
 *
 * Setters for plain values: booleans, numbers, time spans, enumerations, texts. A setter parses,
 * stores and returns; going back to the default is build.c's. It never loads another unit. */
#include "unit.h"

static int bad(struct build *b, const char *noun, struct str value)
{
    build_warn(b, LOG_WARNING, "Failed to parse %s, ignoring: %.*s", noun, (int)value.n, value.p);
    return 0;
}

/* ---- known, but without effect ------------------------------------------------------------- */

int set_gone(struct build *b, const struct directive *d, struct str value)
{
    (void)value;
    build_warn(b, LOG_WARNING, "Support for option %s= has been removed and it is ignored", directive_name(d));
    return 0;
}

/* Another name of the directive that the row names. */
int set_as(struct build *b, const struct directive *d, struct str value)
{
    return build_value(b, &directives[d->arg], value);
}

/* ---- numbers ------------------------------------------------------------------------------- */

typedef int parse_fn(struct str s, i32 *out);

/* `noun`: what it is in a message. */
static int set_number(struct build *b, const struct directive *d, struct str value, parse_fn *parse, const char *noun)
{
    i32 v;
    return parse(value, &v) < 0 ? bad(b, noun, value) : build_int(b, directive_id(d), v);
}

static int parse_flag(struct str s, i32 *out)
{
    bool v = false;
    int r = parse_bool(s, &v);
    *out = v;
    return r;
}
static int parse_mode_int(struct str s, i32 *out) { return parse_mode(s, (u32 *)out); }
static int parse_any(struct str s, i32 *out) { return parse_int(s, INT32_MIN, INT32_MAX, out); }
static int parse_io_priority(struct str s, i32 *out) { return parse_int(s, 0, 7, out); }

static int parse_unsigned(struct str s, i32 *out)
{
    u64 v = 0;
    int r = parse_u64(s, 0, &v);
    *out = (i32)v;
    return r == 0 && v > INT32_MAX ? -ERANGE : r;
}

#define NUMBER(name, parse, noun)                                                                      \
    int set_##name(struct build *b, const struct directive *d, struct str value)                       \
    {                                                                                                  \
        return set_number(b, d, value, parse, noun);                                                   \
    }
NUMBER(flag, parse_flag, "boolean value")
NUMBER(unsigned, parse_unsigned, "unsigned value")
NUMBER(tty_size, parse_unsigned, "unsigned value")
NUMBER(int, parse_any, "int value")
NUMBER(mode, parse_mode_int, "mode value")
NUMBER(signal, parse_signal, "signal name")
NUMBER(io_priority, parse_io_priority, "IO priority")
#undef NUMBER

/* Between two numbers: that it is out of range has a message of its own, all of it. */
static int set_between(struct build *b, const struct directive *d, struct str value, i32 lo, i32 hi, const char *wide,
                       const char *bad_format)
{
    i32 v;
    int r = parse_int(value, lo, hi, &v);
    if (r == 0)
        return build_int(b, directive_id(d), v);
    if (r == -ERANGE)
        return build_ignore(b, d, wide, value);
    BUF(quoted, 256);
    buf_fmt(&quoted, *bad_format == '\'' ? "%s '%.*s', ignoring: Invalid argument" : "%s, ignoring: %.*s",
            bad_format + (*bad_format == '\''), (int)MIN(value.n, 128u), value.p);
    build_warn(b, LOG_WARNING, "%s", buf_end(&quoted));
    return 0;
}

int set_nice(struct build *b, const struct directive *d, struct str value)
{
    return set_between(b, d, value, -20, 19, TEXT("Nice priority out of range"), "'Failed to parse nice priority");
}

int set_oom_adjust(struct build *b, const struct directive *d, struct str value)
{
    return set_between(b, d, value, -1000, 1000, TEXT("OOM score adjust value out of range"),
                       "'Failed to parse the OOM score adjust value");
}

int set_cpu_priority(struct build *b, const struct directive *d, struct str value)
{
    return set_between(b, d, value, 0, 99, TEXT("CPU scheduling priority is out of range"), "Failed to parse CPU scheduling priority");
}

int set_priority(struct build *b, const struct directive *d, struct str value)
{
    return set_between(b, d, value, -1, 32767, str_starts(value, "-") ?
                       TEXT("Sorry, swap priorities smaller than -1 may only be assigned by the kernel itself") :
                       TEXT("Swap priority out of range"), "Invalid swap priority");
}

int set_exit_status(struct build *b, const struct directive *d, struct str value)
{
    i32 v;
    int r = parse_int(value, 0, 255, &v);
    if (r == 0)
        return build_int(b, directive_id(d), v);
    build_warn(b, LOG_WARNING, "Failed to parse exit status '%.*s', ignoring: %s", (int)value.n, value.p,
               r == -ERANGE ? TEXT("Numerical result out of range") : TEXT("Invalid argument"));
    return 0;
}

int set_long(struct build *b, const struct directive *d, struct str value)
{
    u64 v;
    bool minus = str_starts(value, "-");
    if (parse_u64(str_from(value, minus), 10, &v) < 0 || v > INT64_MAX)
        return bad(b, "long value", value);
    return build_wide(b, directive_id(d), minus ? -v : v);
}

int set_bytes(struct build *b, const struct directive *d, struct str value)
{
    u64 v;
    return parse_size(value, 1024, &v) < 0 ? bad(b, "size value", value) : build_wide(b, directive_id(d), v);
}

int set_nsec(struct build *b, const struct directive *d, struct str value)
{
    u64 v;
    return parse_nspan(value, &v) < 0 ? bad(b, "nsec value", value) : build_wide(b, directive_id(d), v);
}

static int bad_enum(struct build *b, const struct directive *d, struct str value)
{
    const char *noun = enum_noun(d->arg);
    if (*noun == '=')
        build_warn(b, LOG_WARNING, "Failed to parse %s=, ignoring: %.*s", directive_name(d), (int)value.n, value.p);
    else if (*noun >= 'A' && *noun <= 'Z' && noun[1] > 'Z')
        build_warn(b, LOG_WARNING, "%s, ignoring: %.*s", noun, (int)value.n, value.p);
    else
        bad(b, noun, value);
    return 0;
}

int set_enum(struct build *b, const struct directive *d, struct str value)
{
    i32 v;
    if (!value.n && (d->arg == E_KILL_MODE || d->arg == E_OOM_MODE)) {
        build_clear(b, directive_id(d));
        return 0;
    }
    if (enum_find(d->arg, value, &v) < 0)
        return bad_enum(b, d, value);
    if (d->arg == E_KILL_MODE && v == KILL_NONE)
        build_warn(b, LOG_WARNING, "%s", packed_text(TEXT_KILL_NONE));
    return build_int(b, directive_id(d), v);
}

/* Where the number is taken as well, and shown. */
int set_choice(struct build *b, const struct directive *d, struct str value)
{
    static const i32 most[ENUM_TABLES] = { [E_LEVEL] = 7, [E_FACILITY] = 127, [E_IO_CLASS] = 7, [E_CPU_POLICY] = INT32_MAX,
                                           [E_IP_TOS] = 255 };
    i32 v;
    bool good = enum_find(d->arg, value, &v) == 0 || (most[d->arg] && parse_int(value, 0, most[d->arg], &v) == 0);
    return good ? build_int(b, directive_id(d), v) : bad_enum(b, d, value);
}

int set_isolate(struct build *b, const struct directive *d, struct str value)
{
    bool v;
    (void)d;
    if (parse_bool(value, &v) < 0)
        return bad(b, "boolean", value);
    return build_int(b, D_OnFailureJobMode, v ? MODE_ISOLATE : MODE_REPLACE);
}

/* SuccessExitStatus= and its kin: words 0..255 are statuses, 256 + n signals. */
int set_status_set(struct build *b, const struct directive *d, struct str value)
{
    struct str word;
    int r = 0;
    while (r == 0 && (word = str_word(&value, BLANKS)).p) {
        i32 v, add = parse_exit_status(word, &v) < 0 ? 256 : 0;
        if (add && parse_signal(word, &v) < 0)
            bad(b, "value", word);
        else
            r = build_put(b, directive_id(d), (u32[]){ (u32)(v + add) }, 1);
    }
    return r;
}

/* ---- time spans ---------------------------------------------------------------------------- */

/* The argument: what is not said is infinity. */
int set_sec(struct build *b, const struct directive *d, struct str value)
{
    usec t;
    if (!value.n && (d->arg || directive_id(d) == D_TimeoutAbortSec)) {
        build_clear(b, directive_id(d));
        return 0;
    }
    return parse_span(value, USEC_SEC, &t) < 0 ? bad(b, d->arg ? "sec_def_infinity value" : "sec value", value)
                                               : build_span(b, directive_id(d), t);
}

static bool parse_timeout(struct build *b, const struct directive *d, struct str value, usec *t)
{
    bool good = parse_span(value, USEC_SEC, t) == 0;
    if (!good)
        build_warn(b, LOG_WARNING, "Failed to parse %s= parameter, ignoring: %.*s", directive_name(d), (int)value.n, value.p);
    else if (!*t)
        *t = USEC_INF;                           /* "0 means never" for starting and stopping */
    return good;
}

int set_sec_fix0(struct build *b, const struct directive *d, struct str value)
{
    usec t;
    return parse_timeout(b, d, value, &t) ? build_span(b, directive_id(d), t) : 0;
}

int set_timeout_both(struct build *b, const struct directive *d, struct str value)
{
    usec t;
    if (!value.n || !parse_timeout(b, d, value, &t))
        return 0;
    int r = build_span(b, D_TimeoutStartSec, t);
    return r < 0 ? r : build_span(b, D_TimeoutStopSec, t);
}

/* ---- texts --------------------------------------------------------------------------------- */

int set_string(struct build *b, const struct directive *d, struct str value)
{
    return build_expand(b, &value) ? build_text(b, directive_id(d), value, false) : 0;
}

/* Two elements or more, of letters, digits, '_' and '-'; none begins with a digit. */
static bool bus_name_valid(struct str s)
{
    bool begin = true, dots = false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool digit = c >= '0' && c <= '9', letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '-';
        if (c == '.' ? begin : !letter && !(digit && !begin))
            return false;
        dots |= c == '.';
        begin = c == '.';
    }
    return dots && !begin && s.n < 256;
}

int set_bus_name(struct build *b, const struct directive *d, struct str value)
{
    if (!build_expand(b, &value))
        return 0;
    return bus_name_valid(value) ? build_text(b, directive_id(d), value, false) : build_ignore(b, d, TEXT("Invalid bus name"), value);
}

/* Without specifiers. */
int set_plain(struct build *b, const struct directive *d, struct str value)
{
    return build_text(b, directive_id(d), value, false);
}

int set_path(struct build *b, const struct directive *d, struct str value)
{
    return build_path(b, d, &value) ? build_text(b, directive_id(d), value, false) : 0;
}

bool build_run(struct build *b, const struct directive *d, struct str *path)
{
    if (!str_starts(*path, "/var/run/"))
        return false;
    build_warn(b, LOG_NOTICE, "%s= references a path below legacy directory /var/run/, updating %.*s \xe2\x86\x92 %.*s; "
               "please update the unit file accordingly.", directive_name(d), (int)path->n, path->p, (int)path->n - 4, path->p + 4);
    *path = str_from(*path, 4);
    return true;
}

int set_pid_file(struct build *b, const struct directive *d, struct str value)
{
    BUF(path, PATH_BYTES);
    if (!build_expand(b, &value))
        return 0;
    (void)build_run(b, d, &value);
    if (!str_starts(value, "/"))
        buf_z(&path, "/run/");
    path_simplify(value, false, &path);
    if (!path_valid(STR(path))) {
        build_ignore(b, d, TEXT("= path is not normalized"), STR(path));
        return -ENOEXEC;                 /* in spite of the message, as in systemd */
    }
    return build_text(b, directive_id(d), STR(path), false);
}

/* WorkingDirectory=: word 0 the path or "~", word 1 whether it may be missing. */
int set_workdir(struct build *b, const struct directive *d, struct str value)
{
    bool optional = str_starts(value, "-");
    value = str_from(value, optional);
    if (!str_is(value, "~") && !build_path(b, d, &value))
        return optional ? 0 : -ENOEXEC;
    u32 text = text_keep(value);
    return text ? build_set(b, directive_id(d), (u32[]){ text, optional }, 2) : -ENOEXEC;
}

int set_slice(struct build *b, const struct directive *d, struct str value)
{
    if (!build_expand(b, &value))
        return 0;
    return slice_name_valid(value) ? build_text(b, directive_id(d), value, false)
                                   : build_ignore(b, d, TEXT("= name is not valid"), value);
}
