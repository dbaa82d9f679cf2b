/* SPDX-License-Identifier: 0BSD
 *
 * Setters for plain values: booleans, numbers, time spans, enumerations, texts. A setter parses,
 * stores and returns; an empty value goes back to the default. It never loads another unit. */
#include "unit.h"

static int bad(struct build *b, const struct directive *d, struct str value)
{
    build_warn(b, LOG_WARNING, "Failed to parse %s= value, ignoring: %.*s", directive_name(d), (int)value.n, value.p);
    return 0;
}

static u32 id_of(const struct directive *d) { return (u32)(d - directives); }

static int store(struct build *b, const struct directive *d, i32 v)
{
    u32 w = (u32)v;
    return build_set(b, id_of(d), &w, 1);
}

static int reset(struct build *b, const struct directive *d)
{
    build_clear(b, id_of(d));
    return 0;
}

/* ---- known, but without effect ------------------------------------------------------------- */

int set_todo(struct build *b, const struct directive *d, struct str value)
{
    (void)value;
    /* Once a file and directive: the mark is an empty setting, which also tells `show` and status. */
    for (u32 at = 0; at < b->n; at += ((const struct setting *)(const void *)(b->words + at))->n + 1u)
        if (((const struct setting *)(const void *)(b->words + at))->id == id_of(d))
            return 0;
    build_warn(b, LOG_WARNING, "%s= is not supported by pith yet, ignoring.", directive_name(d));
    return build_put(b, id_of(d), b->words, 0);
}

int set_gone(struct build *b, const struct directive *d, struct str value)
{
    (void)value;
    build_warn(b, LOG_WARNING, "Support for option %s= has been removed and it is ignored", directive_name(d));
    return 0;
}

/* ---- numbers ------------------------------------------------------------------------------- */

int set_flag(struct build *b, const struct directive *d, struct str value)
{
    bool v;
    if (!value.n)
        return reset(b, d);
    return parse_bool(value, &v) < 0 ? bad(b, d, value) : store(b, d, v);
}

int set_unsigned(struct build *b, const struct directive *d, struct str value)
{
    u64 v;
    if (!value.n)
        return reset(b, d);
    return parse_u64(value, 0, &v) < 0 || v > INT32_MAX ? bad(b, d, value) : store(b, d, (i32)v);
}

int set_mode(struct build *b, const struct directive *d, struct str value)
{
    u32 v;
    if (!value.n)
        return reset(b, d);
    return parse_mode(value, &v) < 0 ? bad(b, d, value) : store(b, d, (i32)v);
}

int set_signal(struct build *b, const struct directive *d, struct str value)
{
    int v;
    if (!value.n)
        return reset(b, d);
    return parse_signal(value, &v) < 0 ? bad(b, d, value) : store(b, d, v);
}

int set_nice(struct build *b, const struct directive *d, struct str value)
{
    int v;
    if (!value.n)
        return reset(b, d);
    return parse_nice(value, &v) < 0 ? bad(b, d, value) : store(b, d, v);
}

int set_oom_adjust(struct build *b, const struct directive *d, struct str value)
{
    i32 v;
    if (!value.n)
        return reset(b, d);
    return parse_int(value, -1000, 1000, &v) < 0 ? bad(b, d, value) : store(b, d, v);
}

int set_priority(struct build *b, const struct directive *d, struct str value)
{
    i32 v;
    if (!value.n)
        return reset(b, d);
    return parse_int(value, -1, 32767, &v) < 0 ? bad(b, d, value) : store(b, d, v);
}

int set_exit_status(struct build *b, const struct directive *d, struct str value)
{
    int v;
    if (!value.n)
        return reset(b, d);
    return parse_exit_status(value, &v) < 0 ? bad(b, d, value) : store(b, d, v);
}

int set_enum(struct build *b, const struct directive *d, struct str value)
{
    i32 v;
    if (!value.n)
        return reset(b, d);
    return name_find(enum_tables[d->arg], value, &v) < 0 ? bad(b, d, value) : store(b, d, v);
}

int set_isolate(struct build *b, const struct directive *d, struct str value)
{
    bool v;
    if (parse_bool(value, &v) < 0)
        return bad(b, d, value);
    return store(b, &directives[D_OnFailureJobMode], v ? MODE_ISOLATE : MODE_REPLACE);
}

/* SuccessExitStatus= and its kin: words 0..255 are statuses, 256 + n signals. */
int set_status_set(struct build *b, const struct directive *d, struct str value)
{
    struct str word;
    if (!value.n)
        return reset(b, d);
    while ((word = str_word(&value, BLANKS)).p) {
        int v, r = parse_exit_status(word, &v);
        if (r < 0) {
            r = parse_signal(word, &v);
            v += 256;
        }
        u32 w = (u32)v;
        if (r < 0)
            bad(b, d, word);
        else if (build_put(b, id_of(d), &w, 1) < 0)
            return -ENOEXEC;
    }
    return 0;
}

/* ---- time spans ---------------------------------------------------------------------------- */

static int store_span(struct build *b, u32 id, usec t)
{
    u32 w[2] = { (u32)t, (u32)(t >> 32) };
    return build_set(b, id, w, 2);
}

static int span_of(struct build *b, const struct directive *d, struct str value, bool fix0, usec *t)
{
    if (parse_span(value, USEC_SEC, t) < 0) {
        bad(b, d, value);
        return -EINVAL;
    }
    if (fix0 && *t == 0)
        *t = USEC_INF;                  /* "0 means never" for starting and stopping */
    return 0;
}

int set_sec(struct build *b, const struct directive *d, struct str value)
{
    usec t;
    if (!value.n)
        return reset(b, d);
    return span_of(b, d, value, false, &t) < 0 ? 0 : store_span(b, id_of(d), t);
}

int set_sec_as(struct build *b, const struct directive *d, struct str value)
{
    return set_sec(b, &directives[d->arg], value);
}

int set_sec_fix0(struct build *b, const struct directive *d, struct str value)
{
    usec t;
    if (!value.n)
        return reset(b, d);
    return span_of(b, d, value, true, &t) < 0 ? 0 : store_span(b, id_of(d), t);
}

int set_timeout_start(struct build *b, const struct directive *d, struct str value)
{
    return set_sec_fix0(b, d, value);
}

int set_timeout_abort(struct build *b, const struct directive *d, struct str value)
{
    return set_sec(b, d, value);
}

int set_timeout_both(struct build *b, const struct directive *d, struct str value)
{
    usec t;
    if (!value.n || span_of(b, d, value, true, &t) < 0)
        return 0;
    int r = store_span(b, D_TimeoutStartSec, t);
    return r < 0 ? r : store_span(b, D_TimeoutStopSec, t);
}

/* JobTimeoutSec= also bounds the running time unless that is given too. */
int set_job_timeout(struct build *b, const struct directive *d, struct str value)
{
    return set_sec_fix0(b, d, value);
}

/* ---- texts --------------------------------------------------------------------------------- */

/* Expands specifiers into working space 0. */
static int expand(struct build *b, const struct directive *d, struct str value, struct buf *out)
{
    *out = (struct buf){ scratch(0), 0, VALUE_BYTES, false };
    if (specifier_expand(b->name, value, out) == 0 && !out->over)
        return 0;
    build_warn(b, LOG_WARNING, "Failed to resolve unit specifiers in '%.*s', ignoring.", (int)value.n, value.p);
    (void)d;
    return -EINVAL;
}

int set_string(struct build *b, const struct directive *d, struct str value)
{
    struct buf t;
    if (!value.n)
        return reset(b, d);
    return expand(b, d, value, &t) < 0 ? 0 : build_text(b, id_of(d), (struct str){ t.p, t.n }, false);
}

int set_string_as(struct build *b, const struct directive *d, struct str value)
{
    return set_string(b, &directives[d->arg], value);
}

/* An absolute path, simplified, into working space 1. */
static int expand_path(struct build *b, const struct directive *d, struct str value, struct buf *out)
{
    struct buf t;
    if (expand(b, d, value, &t) < 0)
        return -EINVAL;
    struct str s = { t.p, t.n };
    if (!str_starts(s, "/") || !text_safe(s)) {
        build_warn(b, LOG_WARNING, "%s= path is not absolute, ignoring: %.*s", directive_name(d), (int)s.n, s.p);
        return -EINVAL;
    }
    *out = (struct buf){ scratch(1), 0, PATH_BYTES, false };
    path_simplify(s, false, out);
    return out->over ? -EINVAL : 0;
}

int set_path(struct build *b, const struct directive *d, struct str value)
{
    struct buf t;
    if (!value.n)
        return reset(b, d);
    return expand_path(b, d, value, &t) < 0 ? 0 : build_text(b, id_of(d), (struct str){ t.p, t.n }, false);
}

int set_pid_file(struct build *b, const struct directive *d, struct str value)
{
    struct buf t, path = { scratch(1), 0, PATH_BYTES, false };
    if (!value.n)
        return reset(b, d);
    if (expand(b, d, value, &t) < 0)
        return 0;
    struct str s = { t.p, t.n };
    if (str_starts(s, "/var/run/")) {
        build_warn(b, LOG_NOTICE, "PIDFile= references a path below legacy directory /var/run/, "
                   "updating %.*s -> %.*s; please update the unit file accordingly.",
                   (int)s.n, s.p, (int)s.n - 4, s.p + 4);
        s = str_from(s, 4);
    }
    if (!str_starts(s, "/"))
        buf_z(&path, "/run/");
    path_simplify(s, false, &path);
    s = (struct str){ path.p, path.n };
    if (path.over || !path_valid(s)) {
        build_warn(b, LOG_WARNING, "PIDFile= path is not normalized, ignoring: %.*s", (int)s.n, s.p);
        return 0;
    }
    return build_text(b, id_of(d), s, false);
}

/* WorkingDirectory=: word 0 the path or "~", word 1 whether it may be missing. */
int set_workdir(struct build *b, const struct directive *d, struct str value)
{
    struct buf t;
    bool optional = str_starts(value, "-");
    if (!value.n)
        return reset(b, d);
    if (optional)
        value = str_from(value, 1);
    struct str s = value;
    if (!str_is(value, "~")) {
        if (expand_path(b, d, value, &t) < 0)
            return optional ? 0 : -ENOEXEC;
        s = (struct str){ t.p, t.n };
    }
    u32 w[2] = { text_keep(s), optional };
    return w[0] ? build_set(b, id_of(d), w, 2) : -ENOEXEC;
}

int set_slice(struct build *b, const struct directive *d, struct str value)
{
    struct buf t;
    if (!value.n)
        return reset(b, d);
    if (expand(b, d, value, &t) < 0)
        return 0;
    if (!slice_name_valid((struct str){ t.p, t.n })) {
        build_warn(b, LOG_WARNING, "Slice= name is not valid, ignoring: %.*s", (int)t.n, t.p);
        return 0;
    }
    return build_text(b, id_of(d), (struct str){ t.p, t.n }, false);
}
