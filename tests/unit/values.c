/* SPDX-License-Identifier: 0BSD
 *
 * Runs a table of input -> expected (tests/vectors, one file a parser) against the parser. Prints a
 * line for each row that differs; exits with 1 if any did, 2 if it does not know the table. Calls
 * init/ as its callers do; repairs no answer. */
#include "exec/exec.h"
#include "job/job.h"
#include "unit/install.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define FIELDS 64
static char *f[FIELDS];
static int n;
static char got[1 << 16];

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static struct str text(const char *s) { return str_of(s); }

/* A result code against "@ERR" (any) or "-EINVAL" and its like. True: the row is decided. */
static bool error_is(int r, const char *want, bool *ok)
{
    static const struct { int e; const char *name; } names[] = {
        { -EINVAL, "-EINVAL" }, { -ERANGE, "-ERANGE" }, { -EILSEQ, "-EILSEQ" }, { -ENOENT, "-ENOENT" } };
    if (r >= 0) {
        *ok = false;
        return is(want, "@ERR") || (want[0] == '-' && want[1] == 'E');
    }
    snprintf(got, sizeof got, "error %d", r);
    *ok = is(want, "@ERR") || is(want, "@IGNORED");
    for (size_t i = 0; i < LEN(names); i++)
        *ok |= names[i].e == r && is(want, names[i].name);
    return true;
}

static bool number(int r, long long v, const char *want)
{
    bool ok;
    if (r >= 0)
        snprintf(got, sizeof got, "%lld", v);
    return error_is(r, want, &ok) ? ok : is(want, "@OK") || is(got, want);
}

static bool span(usec unit, const char *in, const char *want, unsigned long long scale)
{
    usec t;
    bool ok;
    int r = parse_span(text(in), unit, &t);
    if (r >= 0)
        snprintf(got, sizeof got, "%llu", (unsigned long long)t * scale);
    if (r >= 0 && is(want, "@INFINITY"))
        return t == USEC_INF;
    return error_is(r, want, &ok) ? ok : is(want, "@OK") || is(got, want);
}

static bool written(int r, struct buf *b, const char *want)
{
    snprintf(got, sizeof got, "%s", r < 0 ? "@NULL" : buf_end(b));
    return is(got, want);
}

static struct buf fresh(void)
{
    static char space[1 << 16];
    return (struct buf){ space, 0, sizeof space, false };
}

/* The fields from f[first] on, as one text. */
static const char *rest_of_row(int first)
{
    static char all[1 << 16];
    all[0] = 0;
    for (int i = first; i < n; i++)
        strcat(strcat(all, i > first ? "\t" : ""), f[i]);
    return all;
}
/* ---- one function a table ------------------------------------------------------------------ */

static bool t_boolean(void)
{
    bool v, ok;
    int r = parse_bool(text(f[0]), &v);
    snprintf(got, sizeof got, "%s", r < 0 ? "@ERR" : v ? "true" : "false");
    return error_is(r, f[1], &ok) ? ok : is(got, f[1]);
}
static bool t_sec(void) { return span(USEC_SEC, f[0], f[1], 1); }
static bool t_conf_sec(void) { return span(USEC_SEC, f[0], f[1], 1); }
static bool t_unit(void)
{
    usec unit = is(f[1], "s") ? USEC_SEC : is(f[1], "ms") ? USEC_MS : 1;
    return span(unit, f[0], f[2], 1);
}
static bool t_mode(void) { u32 v = 0; int r = parse_mode(text(f[0]), &v); return number(r, v, f[1]); }
static bool t_nice(void) { int v = 0, r = parse_nice(text(f[0]), &v); return number(r, v, f[1]); }
static bool t_percent(void) { u32 v = 0; int r = parse_percent(text(f[0]), 100, &v); return number(r, v, f[1]); }
static bool t_permille(void) { u32 v = 0; int r = parse_percent(text(f[0]), 1000, &v); return number(r, v, f[1]); }
static bool size(u32 base)
{
    u64 v = 0;
    int r = parse_size(text(f[0]), base, &v);
    bool ok;
    snprintf(got, sizeof got, "%llu", (unsigned long long)v);
    return error_is(r, f[1], &ok) ? ok : is(got, f[1]);
}
static bool t_iec(void) { return size(1024); }
static bool t_si(void) { return size(1000); }
static bool t_signal(void) { int v = 0, r = parse_signal(text(f[0]), &v); return number(r, v, f[1]); }
static bool t_exit(void) { int v = 0, r = parse_exit_status(text(f[0]), &v); return number(r, v, f[1]); }
static bool t_exit_name(void)
{
    const char *name = exit_status_name(atoi(f[0]));
    snprintf(got, sizeof got, "%s", name ? name : "(none)");
    return is(got, f[1]);
}
static bool t_rlimit(void)
{
    i32 which;
    u64 lo = 0, hi = 0;
    bool ok;
    char a[32], b[32];
    if (name_find(rlimit_names, text(f[0]), &which) < 0)
        return false;
    int r = parse_rlimit(which, text(f[1]), &lo, &hi);
    snprintf(a, sizeof a, lo == RLIM_INFINITY ? "infinity" : "%llu", (unsigned long long)lo);
    snprintf(b, sizeof b, hi == RLIM_INFINITY ? "infinity" : "%llu", (unsigned long long)hi);
    snprintf(got, sizeof got, "%s:%s", a, b);
    return error_is(r, f[2], &ok) ? ok : is(a, f[2]) && is(b, f[3]);
}

static bool t_calendar_bad(void)
{
    struct calendar c;
    return number(calendar_parse(text(f[0]), &c), 0, f[1]);
}
/* The normalised text, and that of it again. */
static bool t_calendar(void)
{
    struct calendar c;
    char once[512], twice[512];
    struct buf a = BUF_OVER(once), b = BUF_OVER(twice);
    int r = calendar_parse(text(f[0]), &c);
    if (r < 0)
        return number(r, 0, f[1]);
    calendar_write(&c, &a);
    if (calendar_parse(STR(a), &c) < 0)
        return false;
    calendar_write(&c, &b);
    snprintf(got, sizeof got, "%s", buf_end(&a));
    return is(got, f[1]) && is(got, buf_end(&b));
}

/* expression, zone, after, next (microseconds) */
static bool t_calendar_next(void)
{
    struct calendar c;
    usec t = 0;
    bool ok;
    zone_local = *f[1] ? f[1] : "UTC";
    int r = calendar_parse(text(f[0]), &c);
    if (r >= 0)
        r = calendar_next(&c, strtoull(f[2], NULL, 10), &t);
    snprintf(got, sizeof got, "%llu", (unsigned long long)t);
    return error_is(r, f[3], &ok) ? ok : is(got, f[3]);
}

static bool t_cap_name(void) { i32 v = 0; int r = parse_capability(text(f[0]), &v); return number(r, v, f[1]); }
static bool t_errno(void) { i32 v = 0; int r = parse_errno(text(f[0]), &v); return number(r, v, f[1]); }
static bool t_percent_any(void) { u32 v = 0; int r = parse_percent_any(text(f[0]), 100, &v); return number(r, v, f[1]); }
static bool t_nspan(void)
{
    u64 v = 0;
    bool ok;
    int r = parse_nspan(text(f[0]), &v);
    snprintf(got, sizeof got, v == UINT64_MAX ? "@INFINITY" : "%llu", (unsigned long long)v);
    return error_is(r, f[1], &ok) ? ok : is(f[1], "@OK") || is(got, f[1]);
}
/* The canonical ranges, and how many there are. */
static bool t_cpus(void)
{
    u8 bits[CPUS_MAX / 8] = { 0 };
    u32 last = 0, count = 0;
    bool ok;
    int r = parse_cpus(text(f[0]), bits, &last);
    char *at = got;
    got[0] = 0;
    for (u32 i = 0, end; r == 0 && i < CPUS_MAX; i = end + 1) {
        for (end = i; end < CPUS_MAX && bits[end / 8] >> end % 8 & 1; end++)
            count++;
        if (end > i)
            at += sprintf(at, end > i + 1 ? "%s%u-%u" : "%s%u", at > got ? " " : "", i, end - 1);
    }
    return error_is(r, f[1], &ok) ? ok : is(got, f[1]) && count == (u32)atoi(f[2]);
}
static bool t_listen(void)
{
    struct buf b = fresh();
    bool ok;
    int r = parse_listen(text(f[0]), &b);
    if (r == -ENODEV)
        return is(f[1], "-ENODEV");
    if (r >= 0)
        snprintf(got, sizeof got, "%s", buf_end(&b));
    return error_is(r, f[1], &ok) ? ok : is(got, f[2]);
}

static bool truth(bool v, const char *want)
{
    snprintf(got, sizeof got, "%s", v ? "true" : "false");
    return is(got, want);
}
static bool t_slice_valid(void) { return truth(slice_name_valid(text(f[0])), f[1]); }
static bool t_name_valid(void)
{
    bool v = unit_name_valid(text(f[0])), template = unit_name_is_template(text(f[0])),
         instance = unit_name_is_instance(text(f[0]));
    if (!is(f[1], "any"))
        v &= (strstr(f[1], "plain") && !template && !instance) || (strstr(f[1], "template") && template)
          || (strstr(f[1], "instance") && instance);
    return truth(v, f[2]);
}
static bool t_slice_parent(void)
{
    struct buf b = fresh();
    int r = slice_parent(text(f[0]), &b);
    bool ok;
    if (r == 0)
        return is(f[1], "@NULL") && is(f[2], "0");
    return error_is(r, f[2], &ok) ? ok : written(r, &b, f[1]);
}
static bool t_instance_valid(void)
{
    struct buf b = fresh();
    buf_fmt(&b, "p@%s.service", f[0]);
    struct str name = { b.p, b.n };
    return truth(unit_name_valid(name) && unit_name_is_instance(name), f[1]);
}
static bool t_prefix_valid(void)
{
    struct buf b = fresh();
    buf_fmt(&b, "%s.service", f[0]);
    return truth(unit_name_valid((struct str){ b.p, b.n }), f[1]);
}
static bool t_from_path(void)
{
    struct buf b = fresh();
    int r = unit_name_from_path(text(f[0]), f[1], &b);
    if (strlen(f[2]) == UNIT_NAME_BYTES - 1)     /* too long: unit.test skips this row by name */
        return r < 0;
    return written(r, &b, f[2]);
}
static bool t_to_path(void) { struct buf b = fresh(); int r = unit_name_to_path(text(f[0]), &b); return written(r, &b, f[1]); }
static bool t_unescape(void) { struct buf b = fresh(); int r = unit_path_unescape(text(f[0]), &b); return written(r, &b, f[1]); }
static bool t_escape(void) { struct buf b = fresh(); unit_name_escape(text(f[0]), &b); return written(0, &b, f[1]); }
static bool t_prefix(void)
{
    struct buf b = fresh();
    bool valid = unit_name_valid(text(f[0]));
    buf_str(&b, unit_name_prefix(text(f[0])));
    return written(valid ? 0 : -EINVAL, &b, f[1]);
}
static bool t_template(void)
{
    struct buf b = fresh();
    unit_name_template(text(f[0]), &b);
    return written(unit_name_is_instance(text(f[0])) ? 0 : -EINVAL, &b, f[1]);
}
static bool t_mangle(void)
{
    struct buf b = fresh();
    int r = unit_name_mangle(text(f[0]), is(f[1], "true"), ".service", &b);
    return written(r, &b, f[2]) && (r < 0 || atoi(f[3]) == r);
}
static bool t_simplify(void)
{
    struct buf b = fresh();
    path_simplify(text(f[0]), is(f[1], "yes"), &b);
    return written(0, &b, f[2]);
}
static bool t_specifier(void)
{
    struct buf b = fresh();
    int r = specifier_expand(text(f[0]), text(f[1]), &b);
    return written(r, &b, f[2]);
}
static bool t_specifier_install(void)
{
    struct info info = { .name = f[0] };
    struct buf b = fresh();
    int r = install_expand(&info, text(f[1]), &b);
    return written(r, &b, f[2]);
}
static bool t_node(void) { struct buf b = fresh(); fstab_node(text(f[0]), &b); return written(0, &b, f[1]); }
static bool t_yes_no(void)
{
    char *bar = strchr(f[1], '|');
    *bar = 0;
    return truth(fstab_yes_no(text(f[0]), f[1], bar + 1), f[2]);
}
static bool t_pri(void)
{
    struct str v = { NULL, 0 };
    i32 pri = -1;
    /* systemd takes the first; fstab_option the last, as the kernel's parsers do: both are told */
    bool found = fstab_option(text(f[0]), "pri", &v) && v.n;
    if (found)
        (void)parse_int(v, -32768, 32767, &pri);
    snprintf(got, sizeof got, "%d %d", found, pri);
    return found == atoi(f[1]) && pri == atoi(f[2]);
}

/* ---- settings: through the real setters ---------------------------------------------------- */

static u32 words[BUILD_WORDS];

static int assign(u32 directive, const char *value, struct build *b)
{
    *b = (struct build){ .id = unit_get(S("test.service")), .name = S("test.service"), .path = "test", .words = words };
    return setters[directives[directive].setter].set(b, &directives[directive], text(value));
}

static bool t_exec(void)
{
    struct build b;
    int r = assign(D_ExecStart, f[0], &b);
    struct buf out = { got, 0, sizeof got, false };
    u32 commands = 0;
    for (u32 at = 0; at < b.n; commands++) {
        const struct setting *s = (const void *)(words + at);
        buf_fmt(&out, "\t%s%s", s->w[0] & EXEC_IGNORE_FAILURE ? "-" : "", text_at(s->w[1]));
        for (u32 i = 0; i < s->w[2]; i++)
            buf_fmt(&out, "|%s", text_at(s->w[3 + i]));
        at += s->n + 1u;
    }
    buf_end(&out);
    if (is(f[1], "error"))
        return r < 0;
    return r == 0 && is(got + (got[0] == '\t'), rest_of_row(2));
}
static bool t_conf_path(void)
{
    struct build b;
    assign(D_TTYPath, f[0], &b);
    snprintf(got, sizeof got, "%s", b.n ? text_at(((const struct setting *)(const void *)words)->w[0]) : "@IGNORED");
    return is(got, f[1]) || (is(f[1], "@IGNORED") && !utf8_valid(text(f[0])));
}
static bool t_conf_mode(void)
{
    struct build b;
    assign(D_UMask, f[0], &b);
    snprintf(got, sizeof got, b.n ? "%o" : "@IGNORED", ((const struct setting *)(const void *)words)->w[0]);
    return is(got, f[1]);
}
/* Is `before` + the field, as one quoted word, taken by a directive that refuses bad words? */
static bool word_taken(u32 directive, const char *before)
{
    struct build b;
    struct buf quoted = fresh();
    buf_fmt(&quoted, "\"%s", before);
    for (const char *p = f[0]; *p; p++) {
        if (*p == '"' || *p == '\\')
            buf_c(&quoted, '\\');
        buf_c(&quoted, *p);
    }
    buf_c(&quoted, '"');
    assign(directive, buf_end(&quoted), &b);
    return b.n > 0;
}
/* The mask that AmbientCapabilities= would have. */
static bool t_cap_set(void)
{
    struct build b;
    assign(D_AmbientCapabilities, f[0], &b);
    const struct setting *s = b.n ? (const void *)words : NULL;
    snprintf(got, sizeof got, "0x%llx", s ? (unsigned long long)s->w[0] | (unsigned long long)s->w[1] << 32 : 0ull);
    return is(got, f[1]);
}
static bool t_definf(void)
{
    struct build b;
    assign(D_CPUQuotaPeriodSec, text(f[0]).n == strspn(f[0], " ") ? "" : f[0], &b);
    const struct setting *s = b.n ? (const void *)words : NULL;
    usec t = s ? (usec)s->w[0] | (usec)s->w[1] << 32 : USEC_INF;
    if (t == USEC_INF)
        return is(f[1], "@INFINITY") || (is(f[1], "@ERR") && !s);
    snprintf(got, sizeof got, "%llu", (unsigned long long)t);
    return is(got, f[1]);
}
static bool t_env_assignment(void) { return truth(word_taken(D_Environment, ""), f[1]); }
static bool t_env_name(void) { return truth(word_taken(D_PassEnvironment, ""), f[1]); }
static bool t_env_value(void) { return truth(word_taken(D_Environment, "A="), f[1]); }
static bool t_fix0(void)
{
    struct build b;
    const struct setting *s = (const void *)words;
    int r = assign(D_TimeoutStopSec, f[0], &b);
    usec t = b.n ? (usec)s->w[0] | (usec)s->w[1] << 32 : 0;
    snprintf(got, sizeof got, t == USEC_INF ? "@INFINITY" : "%llu", (unsigned long long)t);
    return r == 0 && is(got, f[1]);
}

static bool t_strv(void)
{
    struct str rest = text(f[0]);
    struct buf out = { got, 0, sizeof got, false };
    for (u32 i = 0;; i++) {
        struct buf word = fresh();
        if (word_next(&rest, BLANKS, WORD_UNQUOTE | WORD_KEEP_ESCAPES, &word) <= 0)
            break;
        buf_fmt(&out, "%s%.*s", i ? "\t" : "", (int)word.n, word.p);
    }
    buf_end(&out);
    return is(got, rest_of_row(1));
}

/* ---- the child's words and environment ----------------------------------------------------- */

static struct child fresh_child(const struct spawn *s)
{
    static char *child_words[256];
    struct child c = { .s = s, .text = fresh(), .words = child_words, .words_max = LEN(child_words) };
    c.envp = c.words;
    return c;
}
static void join(struct buf *out, char **words_, u32 from, u32 to, const char *between)
{
    for (u32 i = from; i < to; i++)
        buf_fmt(out, "%s%s", i > from ? between : "", words_[i]);
    buf_end(out);
}
static bool t_env_file(void)
{
    struct child c = fresh_child(NULL);
    struct buf out = { got, 0, sizeof got, false };
    int r = env_file_each(&c, f[0], (u32)strlen(f[0]), env_put);
    join(&out, c.envp, 0, c.envc, "\t");
    return is(f[1], "@ERR") ? r < 0 : r == 0 && is(got, rest_of_row(1));
}
static bool t_exec_argv(void)
{
    struct { u16 id, n; u32 w[5]; } command = { 0, 5, { 0, text_keep(S("/p")), 2, text_keep(S("p")), 0 } };
    struct spawn s = { .command = (const void *)&command };
    struct child c = fresh_child(&s);
    struct buf out = { got, 0, sizeof got, false };
    command.w[4] = text_keep(text(f[0]));
    env_put(&c, "FOO=BAR BAR");
    env_put(&c, "BAR=waldo");
    int r = argv_expand(&c);
    join(&out, c.argv, 1, c.argc, "|");
    return r == 0 && (is(f[1], "@DROPPED") ? c.argc == 1 : is(got, f[1]));
}

static bool t_job_merge(void)
{
    i32 a = -1, b = -1;
    if (name_find(job_type_names, text(f[0]), &a) < 0 || name_find(job_type_names, text(f[1]), &b) < 0)
        return false;
    int merged = job_merge_types(a, b);
    snprintf(got, sizeof got, "%s", merged < 0 ? "@CONFLICT" : name_of(job_type_names, merged));
    return is(got, f[2]) && job_merge_types(b, a) == merged && job_merge_types(a, a) == a;
}
static bool t_cmdline_key(void)
{
    cmdline_set(f[0]);
    struct cmdline c = { .rest = text(cmdline_text()) };
    const char *result = "absent", *value = "@NULL";
    static char copy[4096];
    if (is(f[3], "-EINVAL"))
        return true;                     /* misuse of systemd's C function: no such call here */
    while (cmdline_next(&c) > 0)
        if (cmdline_key_is(c.key, f[1]) && (is(f[2], "bare") ? !c.value : is(f[2], "value") ? c.value != NULL : true)) {
            result = "present";
            if (c.value)
                value = strcpy(copy, c.value);
        }
    snprintf(got, sizeof got, "%s %s", result, value);
    return is(result, f[3]) && is(value, f[4]);
}
static bool t_cmdline_bool(void)
{
    if (is(f[3], "-EINVAL"))
        return true;
    cmdline_set(f[0]);
    return truth(cmdline_flag(f[1], is(f[2], "true-when-missing")), f[4]);
}

/* ---- reading the tables -------------------------------------------------------------------- */

static const struct { const char *file; bool (*row)(void); } tables[] = {
    { "calendar-invalid", t_calendar_bad }, { "calendar-normalize", t_calendar }, { "calendar-next", t_calendar_next },
    { "cap-name", t_cap_name }, { "errno", t_errno }, { "percent-unbounded", t_percent_any }, { "timespan-nsec", t_nspan },
    { "cpu-set", t_cpus }, { "listen-address", t_listen }, { "cap-set", t_cap_set }, { "timespan-sec-definf", t_definf },
    { "boolean", t_boolean }, { "timespan-sec", t_sec }, { "timespan-unit", t_unit }, { "conf-sec", t_conf_sec },
    { "mode", t_mode }, { "nice", t_nice }, { "percent", t_percent }, { "permille", t_permille },
    { "size-iec", t_iec }, { "size-si", t_si }, { "signal-name", t_signal }, { "exit-status-parse", t_exit },
    { "exit-status", t_exit_name }, { "rlimit", t_rlimit }, { "slice-name-valid", t_slice_valid },
    { "slice-parent", t_slice_parent }, { "unit-name-valid", t_name_valid }, { "unit-name-from-path", t_from_path },
    { "unit-name-to-path", t_to_path }, { "unit-path-unescape", t_unescape }, { "unit-name-escape", t_escape },
    { "unit-name-to-prefix", t_prefix }, { "unit-name-template", t_template }, { "unit-name-mangle", t_mangle },
    { "path-simplify", t_simplify }, { "specifiers-unit", t_specifier }, { "specifiers-install", t_specifier_install },
    { "fstab-node", t_node }, { "fstab-yes-no", t_yes_no }, { "fstab-pri", t_pri }, { "exec-command", t_exec },
    { "conf-path", t_conf_path }, { "conf-mode", t_conf_mode }, { "env-assignment-valid", t_env_assignment },
    { "cmdline-key", t_cmdline_key }, { "cmdline-bool", t_cmdline_bool }, { "conf-strv", t_strv },
    { "unit-instance-valid", t_instance_valid }, { "unit-prefix-valid", t_prefix_valid },
    { "env-name-valid", t_env_name }, { "env-value-valid", t_env_value }, { "env-file", t_env_file },
    { "exec-env-argv", t_exec_argv }, { "timespan-sec-fix0", t_fix0 }, { "job-merge", t_job_merge },
};

static void split(char *line)
{
    n = 0;
    for (char *from = line, *to = line;; from++) {
        if (to == line || to[-1] == 0)
            if (n == 0 || f[n - 1] != to)
                f[n++] = to;
        if (*from == '\t' || *from == '\n' || !*from) {
            bool end = *from != '\t';
            *to++ = 0;
            if (end)
                break;
            f[n++] = to;
            continue;
        }
        if (*from == '\\' && from[1] == 'x') {
            *to++ = (char)(parse_hex(from[2]) << 4 | parse_hex(from[3]));
            from += 3;
        } else if (*from == '\\' && from[1]) {
            from++;
            *to++ = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from;
        } else {
            *to++ = *from;
        }
    }
}

int main(int argc, char **argv)
{
    static char line[1 << 16], copy[1 << 16];
    int bad = 0;
    FILE *in = argc > 1 ? fopen(argv[1], "r") : NULL;
    bool (*row)(void) = NULL;
    const char *base = argc > 1 ? strrchr(argv[1], '/') : NULL;
    for (size_t i = 0; base && i < LEN(tables); i++)
        if (strncmp(base + 1, tables[i].file, strlen(tables[i].file)) == 0 && is(base + 1 + strlen(tables[i].file), ".tsv"))
            row = tables[i].row;
    if (!in || !row)
        return fprintf(stderr, "usage: values TABLE.tsv (a table this program knows)\n"), 2;
    log_to.max = LOG_EMERG;
    while (fgets(line, sizeof line, in)) {
        if (line[0] == '#' && line[1] == ' ')
            continue;
        strcpy(copy, line);
        split(line);
        for (int i = n; i < FIELDS; i++)
            f[i] = "";
        got[0] = 0;
        if (!row()) {
            printf("differs: got \"%s\" for %s", got, copy);
            bad = 1;
        }
    }
    return bad;
}
