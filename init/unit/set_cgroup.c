/* SPDX-License-Identifier: 0BSD
 *
 * Setters of systemd.resource-control(5): weights, limits, devices, networks. What a share of memory is and which
 * devices there are is asked when it is used. */
#include "unit.h"

static const char *invalid(int r) { return r == -ERANGE ? "Numerical result out of range" : "Invalid argument"; }

/* ---- numbers ------------------------------------------------------------------------------- */

static const struct weight { u32 from, to; const char *noun; } weights[] = {
    { 1, 10000, "weight" }, { 1, 10000, "CPU weight" }, { 10, 1000, "block IO weight" }, { 2, 262144, "CPU shares" },
};

static int parse_weight(struct str s, u32 kind, u64 *out)
{
    u64 v;
    if (kind == 1 && str_is(s, "idle")) {
        *out = 0;
        return 0;
    }
    int r = parse_u64(s, 0, &v);
    if (r == 0 && (v < weights[kind].from || v > weights[kind].to))
        r = -ERANGE;
    if (r == 0)
        *out = v;
    return r;
}

static void warn_old(struct build *b, const struct directive *d, const char *instead)
{
    const char *name = directive_name(d);
    build_warn(b, LOG_WARNING, "Unit uses %s=; please use %s instead. Support for %s= will be removed soon.", name, instead, name);
}

/* The argument: a row of weights[]. */
int set_weight(struct build *b, const struct directive *d, struct str value)
{
    u64 v;
    if (d->arg == 3)
        warn_old(b, d, "CPUWeight=");
    if (parse_weight(value, d->arg, &v) == 0)
        return build_wide(b, directive_id(d), v);
    build_warn(b, LOG_WARNING, "Invalid %s, ignoring: %.*s", weights[d->arg].noun, (int)value.n, value.p);
    return 0;
}

/* Of one CPU in a second, in microseconds. */
int set_quota(struct build *b, const struct directive *d, struct str value)
{
    u32 v;
    if (parse_percent_any(value, 10000, &v) == 0 && v)
        return build_wide(b, directive_id(d), (u64)v * 100);
    build_warn(b, LOG_WARNING, "Invalid CPU quota '%.*s', ignoring.", (int)value.n, value.p);
    return 0;
}

/* An amount, or, with a third word, a share of 10,000 of what there is. */
static int put_amount(struct build *b, const struct directive *d, u64 v, bool share)
{
    return build_set(b, directive_id(d), (u32[]){ (u32)v, (u32)(v >> 32), 1 }, share ? 3 : 2);
}

int set_memory(struct build *b, const struct directive *d, struct str value)
{
    u64 v = UINT64_MAX;
    u32 share;
    bool shared = parse_percent(value, 10000, &share) == 0;
    int r = shared || str_is(value, "infinity") ? 0 : parse_size(value, 1024, &v);
    if (r < 0) {
        build_warn(b, LOG_WARNING, "Invalid memory limit '%.*s', ignoring: %s", (int)value.n, value.p, invalid(r));
        return 0;
    }
    if (shared)
        v = share;
    if ((v == UINT64_MAX && !str_is(value, "infinity")) || (!v && !(d->arg & MEMORY_ZERO))) {
        build_warn(b, LOG_WARNING, "Memory limit '%.*s' out of range, ignoring.", (int)value.n, value.p);
        return 0;
    }
    if (d->arg & MEMORY_OLD)
        warn_old(b, d, "MemoryMax=");
    return put_amount(b, d, v, shared);
}

int set_tasks_max(struct build *b, const struct directive *d, struct str value)
{
    u64 v = UINT64_MAX;
    u32 share;
    bool shared = parse_percent(value, 10000, &share) == 0;
    int r = shared || str_is(value, "infinity") ? 0 : parse_u64(value, 0, &v);
    if (r < 0) {
        build_warn(b, LOG_WARNING, "Invalid maximum tasks value '%.*s', ignoring: %s", (int)value.n, value.p, invalid(r));
        return 0;
    }
    if (shared)
        v = share;
    if (!v || (v == UINT64_MAX && !str_is(value, "infinity"))) {
        build_warn(b, LOG_WARNING, "Maximum tasks value '%.*s' out of range, ignoring.", (int)value.n, value.p);
        return 0;
    }
    return put_amount(b, d, v, shared);
}

int set_pressure_limit(struct build *b, const struct directive *d, struct str value)
{
    u32 v;
    if (parse_percent(value, 10000, &v) < 0)
        return build_ignore(b, d, TEXT("Failed to parse memory pressure limit value"), value);
    return build_int(b, directive_id(d), (i32)(((u64)v * UINT32_MAX + 5000) / 10000));
}

/* ---- controllers --------------------------------------------------------------------------- */

/* Bits by these; "devices" and what comes after are BPF programs. */
const char controller_names[] =
    "cpu\0cpuacct\0cpuset\0io\0blkio\0memory\0devices\0pids\0bpf-firewall\0bpf-devices\0bpf-foreign\0bpf-socket-bind\0"
    "bpf-restrict-network-interfaces\0";

/* Words: does it, which controllers. */
int set_delegate(struct build *b, const struct directive *d, struct str value)
{
    const struct setting *s = build_find(b, directive_id(d), NULL);
    u32 mask = s ? s->w[1] : 0;
    bool on;
    struct str word;
    int type = UNIT(b->id)->type;
    if (type != UNIT_SERVICE && type != UNIT_SCOPE) {
        build_warn(b, LOG_WARNING, "Delegate= setting not supported for this unit type, ignoring.");
        return 0;
    }
    if (!value.n)
        return build_set(b, directive_id(d), (u32[]){ 1, 0 }, 2);
    if (parse_bool(value, &on) == 0)
        return build_set(b, directive_id(d), (u32[]){ on, on ? CONTROLLERS_DELEGATED : 0 }, 2);
    while (build_item(b, &value, WORD_UNQUOTE, &word)) {
        i32 bit;
        if (name_find(controller_names, word, &bit) < 0)
            build_warn(b, LOG_WARNING, "Invalid controller name '%.*s', ignoring", (int)word.n, word.p);
        else
            mask |= BIT(bit);
    }
    return build_set(b, directive_id(d), (u32[]){ 1, mask }, 2);
}

int set_controllers(struct build *b, const struct directive *d, struct str value)
{
    const struct setting *s = build_find(b, directive_id(d), NULL);
    u32 mask = 0;
    struct str word, whole = value;
    if (!value.n) {
        build_clear(b, directive_id(d));
        return 0;
    }
    while ((word = str_word(&value, BLANKS)).p) {
        i32 bit;
        if (name_find(controller_names, word, &bit) == 0)
            mask |= BIT(bit);
    }
    if (!mask) {
        build_warn(b, LOG_WARNING, "Invalid cgroup string: %.*s, ignoring", (int)whole.n, whole.p);
        return 0;
    }
    return build_int(b, directive_id(d), (i32)(mask | (s ? s->w[0] : 0)));
}

/* ---- devices ------------------------------------------------------------------------------- */

/* The first word, a path with specifiers, to space 2; the rest without the blanks before it. */
static int take_device(struct build *b, const struct directive *d, struct str *rest, struct str *path, bool strict)
{
    WORKSPACE(word, 1);
    WORKSPACE(simple, 2);
    (void)d;
    if (word_next(rest, BLANKS, WORD_UNQUOTE, &word) <= 0)
        return -EINVAL;
    *path = STR(word);
    if (!build_expand(b, path))
        return -ENOENT;
    if (strict && (str_starts(*path, "block-") || str_starts(*path, "char-"))) {
        buf_str(&simple, *path);
    } else {
        path_simplify(*path, false, &simple);
        if (strict && !path_below_any(STR(simple), "/dev\0/run/systemd/inaccessible\0")) {
            build_warn(b, LOG_WARNING, "Invalid device node path '%.*s', ignoring.", (int)simple.n, simple.p);
            return -ENOENT;
        }
    }
    *path = STR(simple);
    return 0;
}

/* Words: path, rights. */
int set_device_allow(struct build *b, const struct directive *d, struct str value)
{
    struct str path, rights = value;
    int r = take_device(b, d, &rights, &path, true);
    if (r == -EINVAL)
        build_warn(b, LOG_WARNING, "Failed to extract device path and rights from '%.*s', ignoring.", (int)value.n, value.p);
    for (size_t i = 0; r == 0 && i < rights.n; i++)
        if (!in_set(rights.p[i], "rwm")) {
            build_warn(b, LOG_WARNING, "Invalid device rights '%.*s', ignoring.", (int)rights.n, rights.p);
            r = -EINVAL;
        }
    if (r < 0)
        return 0;
    return build_put(b, directive_id(d), (u32[]){ text_keep(path), text_keep(rights.n ? rights : S("rwm")) }, 2);
}

/* A path and a number; a path that is there already gets the new number. */
static int put_device(struct build *b, const struct directive *d, struct str path, u64 v)
{
    u32 tries = 0;
    for (struct setting *s = NULL; tries++ < SEARCH_MAX && (s = (struct setting *)(uintptr_t)build_find(b, directive_id(d), s));)
        if (d->arg == IO_LIMIT && str_is(path, text_at(s->w[0]))) {
            s->w[1] = (u32)v;
            s->w[2] = (u32)(v >> 32);
            return 0;
        }
    return build_put(b, directive_id(d), (u32[]){ text_keep(path), (u32)v, (u32)(v >> 32) }, 3);
}

int set_io_device(struct build *b, const struct directive *d, struct str value)
{
    static const char *const nouns[] = {
        [IO_WEIGHT] = "device path or weight", [IO_LATENCY] = "device path or latency",
        [IO_LIMIT] = "device node or bandwidth", [IO_OLD_WEIGHT] = "device node or weight",
        [IO_OLD_LIMIT] = "device node or bandwidth",
    };
    struct str path, rest = value;
    u64 v = UINT64_MAX;
    bool old = d->arg >= IO_OLD_WEIGHT, weight = d->arg == IO_WEIGHT || d->arg == IO_OLD_WEIGHT;
    if (old)
        warn_old(b, d, TEXT("IO*= settings"));
    int r = take_device(b, d, &rest, &path, false);
    if (r == -ENOENT)
        return 0;
    if (r < 0 || !rest.n) {
        build_warn(b, LOG_WARNING, "Invalid %s specified in '%.*s', ignoring.", nouns[d->arg], (int)value.n, value.p);
        return 0;
    }
    r = weight ? parse_weight(rest, old ? 2 : 0, &v) : d->arg == IO_LATENCY ? parse_span(rest, USEC_SEC, &v)
      : str_is(rest, "infinity") ? 0 : parse_size(rest, 1000, &v);
    if (r == 0 && v)
        return put_device(b, d, path, v);
    int n = (int)rest.n;
    if (weight)
        (build_warn)(b, LOG_WARNING, old ? TEXT("Invalid block IO weight '%.*s', ignoring: %s") : TEXT("IO weight '%.*s' invalid, ignoring: %s"),
                   n, rest.p, invalid(r));
    else if (d->arg == IO_LATENCY)
        build_warn(b, LOG_WARNING, "Failed to parse timer value, ignoring: %.*s", n, rest.p);
    else
        (build_warn)(b, LOG_WARNING, old ? TEXT("Invalid Block IO Bandwidth '%.*s', ignoring.") : TEXT("Invalid IO limit '%.*s', ignoring."),
                   n, rest.p);
    return 0;
}

/* ---- networks ------------------------------------------------------------------------------ */

static int put_prefix(struct build *b, const struct directive *d, const struct address *a)
{
    u32 w[7] = { a->n == 4 ? 2 : 10 /* AF_INET, AF_INET6 */, a->n };
    memcpy(w + 2, a->bytes, a->n);
    w[2 + a->n / 4] = a->prefix;
    u32 tries = 0;
    for (const struct setting *s = NULL; tries++ < SEARCH_MAX && (s = build_find(b, directive_id(d), s));)
        if (s->n == 3 + a->n / 4 && memcmp(s->w, w, s->n * sizeof *w) == 0)
            return 0;
    return build_put(b, directive_id(d), w, 3 + a->n / 4);
}

/* Words: family, address as bytes, length of the prefix. */
int set_prefixes(struct build *b, const struct directive *d, struct str value)
{
    static const char named[] = "any\0000.0.0.0/0 ::/0\0localhost\000127.0.0.0/8 ::1/128\0link-local\000169.254.0.0/16 fe80::/64\0"
                                "multicast\000224.0.0.0/4 ff00::/8\0";
    struct str word;
    int r = 0;
    while (r == 0 && (word = str_word(&value, BLANKS)).p) {
        BUF(name, 64);
        buf_str(&name, word);
        const char *means = z_lookup(named, buf_end(&name));
        struct str rest = means ? str_of(means) : word, prefix;
        struct address a;
        while (r == 0 && (prefix = str_word(&rest, " ")).p)
            r = parse_prefix(prefix, &a) == 0 ? put_prefix(b, d, &a)
                                              : build_ignore(b, d, TEXT("Address prefix is invalid, ignoring assignment"), word);
    }
    return r;
}

/* One path an assignment, each once. */
int set_bpf_paths(struct build *b, const struct directive *d, struct str value)
{
    if (!build_path(b, d, &value))
        return 0;
    for (const struct setting *s = NULL; (s = build_find(b, directive_id(d), s));)
        if (str_is(value, text_at(s->w[0])))
            return 0;
    return build_text(b, directive_id(d), value, true);
}

/* Words: where it is attached, path. */
int set_bpf_program(struct build *b, const struct directive *d, struct str value)
{
    static const char hooks[] = "ingress\0egress\0sock_create\0sock_ops\0device\0bind4\0bind6\0connect4\0connect6\0post_bind4\0"
        "post_bind6\0sendmsg4\0sendmsg6\0sysctl\0recvmsg4\0recvmsg6\0getsockopt\0setsockopt\0";
    i32 hook;
    int colon = str_find(value, ':');
    struct str path = str_from(value, (size_t)(colon + 1)), name = str_cut(value, (size_t)MAX(colon, 0));
    if (colon <= 0 || !path.n)
        build_warn(b, LOG_WARNING, "Invalid syntax in %s=, ignoring: %.*s", directive_name(d), (int)value.n, value.p);
    else if (name_find(hooks, name, &hook) < 0)
        build_warn(b, LOG_WARNING, "Unknown BPF attach type=%.*s, ignoring: %.*s", (int)name.n, name.p, (int)value.n, value.p);
    else if (build_path(b, d, &path))
        return build_put(b, directive_id(d), (u32[]){ text_keep(name), text_keep(path) }, 2);
    return 0;
}

/* [ipv4|ipv6:][tcp|udp:][port[-port]], or "any". */
static bool parse_socket_bind(struct str s, u32 *w)
{
    struct str part;
    u32 step = 0;
    memset(w, 0, 4 * sizeof *w);
    if (!s.n || str_ends(s, ":"))
        return false;
    while ((part = str_line(&s, ':')).p) {
        i32 from, to, n;
        if (!part.n)
            return false;
        if (step < 1 && name_find("2\0ipv4\0" "10\0ipv6\0", part, &n) == 0) {
            w[0] = (u32)n;
            step = 1;
        } else if (step < 2 && name_find("6\0tcp\0" "17\0udp\0", part, &n) == 0) {
            w[1] = (u32)n;
            step = 2;
        } else if (step < 3) {
            int dash = str_find(part, '-');
            step = 3;
            if (str_is(part, "any"))
                continue;
            if (parse_int(dash < 0 ? part : str_cut(part, (size_t)dash), 1, 65535, &from) < 0
                || parse_int(str_from(part, (size_t)(dash + 1)), 1, 65535, &to) < 0 || from > to)
                return false;
            w[2] = (u32)(to - from + 1);
            w[3] = (u32)from;
        } else {
            return false;
        }
    }
    return true;
}

/* Words: family, protocol, number of ports, the first one; 0: any. */
int set_socket_bind(struct build *b, const struct directive *d, struct str value)
{
    u32 w[4];
    if (parse_socket_bind(value, w))
        return build_put(b, directive_id(d), w, 4);
    build_warn(b, LOG_WARNING, "Unable to parse %s= assignment, ignoring: %.*s", directive_name(d), (int)value.n, value.p);
    return 0;
}
