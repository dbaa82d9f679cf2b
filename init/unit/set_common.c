/* SPDX-License-Identifier: 0BSD
 *
 * Setters for plain values: booleans, numbers, time spans, enumerations, texts. A setter parses,
 * stores and returns; going back to the default is build.c's. It never loads another unit. */
#include "unit.h"

static int bad(struct build *b, const struct directive *d, struct str value)
{
    build_warn(b, LOG_WARNING, "Failed to parse %s= value, ignoring: %.*s", directive_name(d), (int)value.n, value.p);
    return 0;
}

/* ---- known, but without effect ------------------------------------------------------------- */

int set_todo(struct build *b, const struct directive *d, struct str value)
{
    (void)value;
    /* Once a file and directive: the mark is an empty setting, which also tells `show` and status. */
    if (build_find(b, directive_id(d), NULL))
        return 0;
    bool complained = UNIT(b->id)->complained;   /* the file itself is good */
    build_warn(b, LOG_WARNING, "%s= is not supported by pith yet, ignoring.", directive_name(d));
    UNIT(b->id)->complained = complained;
    return build_put(b, directive_id(d), b->words, 0);
}

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

static int set_number(struct build *b, const struct directive *d, struct str value, parse_fn *parse)
{
    i32 v;
    return parse(value, &v) < 0 ? bad(b, d, value) : build_int(b, directive_id(d), v);
}

static int parse_flag(struct str s, i32 *out)
{
    bool v = false;
    int r = parse_bool(s, &v);
    *out = v;
    return r;
}
static int parse_mode_int(struct str s, i32 *out) { return parse_mode(s, (u32 *)out); }
static int parse_oom_adjust(struct str s, i32 *out) { return parse_int(s, -1000, 1000, out); }
static int parse_priority(struct str s, i32 *out) { return parse_int(s, -1, 32767, out); }

static int parse_unsigned(struct str s, i32 *out)
{
    u64 v = 0;
    int r = parse_u64(s, 0, &v);
    *out = (i32)v;
    return r == 0 && v > INT32_MAX ? -ERANGE : r;
}

#define NUMBER(name, parse)                                                                            \
    int set_##name(struct build *b, const struct directive *d, struct str value)                       \
    {                                                                                                  \
        return set_number(b, d, value, parse);                                                         \
    }
NUMBER(flag, parse_flag)
NUMBER(unsigned, parse_unsigned)
NUMBER(mode, parse_mode_int)
NUMBER(signal, parse_signal)
NUMBER(nice, parse_nice)
NUMBER(oom_adjust, parse_oom_adjust)
NUMBER(priority, parse_priority)
NUMBER(exit_status, parse_exit_status)
#undef NUMBER

int set_enum(struct build *b, const struct directive *d, struct str value)
{
    i32 v;
    return name_find(enum_tables[d->arg], value, &v) < 0 ? bad(b, d, value) : build_int(b, directive_id(d), v);
}

int set_isolate(struct build *b, const struct directive *d, struct str value)
{
    bool v;
    if (parse_bool(value, &v) < 0)
        return bad(b, d, value);
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
            bad(b, d, word);
        else
            r = build_put(b, directive_id(d), (u32[]){ (u32)(v + add) }, 1);
    }
    return r;
}

/* ---- time spans ---------------------------------------------------------------------------- */

static int set_span(struct build *b, const struct directive *d, struct str value, usec zero)
{
    usec t;
    if (parse_span(value, USEC_SEC, &t) < 0)
        return bad(b, d, value);
    return build_span(b, directive_id(d), t ? t : zero);
}

int set_sec(struct build *b, const struct directive *d, struct str value) { return set_span(b, d, value, 0); }

/* "0 means never" for starting and stopping. */
int set_sec_fix0(struct build *b, const struct directive *d, struct str value)
{
    return set_span(b, d, value, USEC_INF);
}

int set_timeout_both(struct build *b, const struct directive *d, struct str value)
{
    usec t;
    if (!value.n)
        return 0;
    if (parse_span(value, USEC_SEC, &t) < 0)
        return bad(b, d, value);
    t = t ? t : USEC_INF;
    int r = build_span(b, D_TimeoutStartSec, t);
    return r < 0 ? r : build_span(b, D_TimeoutStopSec, t);
}

/* ---- texts --------------------------------------------------------------------------------- */

int set_string(struct build *b, const struct directive *d, struct str value)
{
    return build_expand(b, &value) ? build_text(b, directive_id(d), value, false) : 0;
}

int set_path(struct build *b, const struct directive *d, struct str value)
{
    return build_path(b, d, &value) ? build_text(b, directive_id(d), value, false) : 0;
}

int set_pid_file(struct build *b, const struct directive *d, struct str value)
{
    BUF(path, PATH_BYTES);
    if (!build_expand(b, &value))
        return 0;
    if (str_starts(value, "/var/run/")) {
        build_warn(b, LOG_NOTICE, "PIDFile= references a path below legacy directory /var/run/, "
                   "updating %.*s -> %.*s; please update the unit file accordingly.",
                   (int)value.n, value.p, (int)value.n - 4, value.p + 4);
        value = str_from(value, 4);
    }
    if (!str_starts(value, "/"))
        buf_z(&path, "/run/");
    path_simplify(value, false, &path);
    if (!path_valid(STR(path)))
        return build_ignore(b, d, "= path is not normalized", STR(path));
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
                                   : build_ignore(b, d, "= name is not valid", value);
}
