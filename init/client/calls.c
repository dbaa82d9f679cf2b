/* SPDX-License-Identifier: 0BSD
 *
 * Calls to PID 1 and what comes back: errors, properties, lists of units; names from the command line. */
#include "client.h"

#include <sys/socket.h>

struct bus_msg reply;
const char *call_error, *call_error_name;

bool is_booted(void)
{
    struct stat st;
    return sys_stat("/run/systemd/system", &st) == 0;
}

/* With --root= a child of ours answers in PID 1's place, for that tree. */
static int connect_offline(void)
{
    BUF(number, 16);
    int pair[2], r = sys_socketpair(AF_UNIX, SOCK_STREAM, pair);
    pid_t pid = r < 0 ? r : sys_fork();
    if (pid == 0) {
        buf_u64(&number, (u64)pair[1]);
        char *argv[] = { "pith-offline", (char *)search_root, buf_end(&number), NULL };
        (void)sys_keep_on_exec(pair[1], true);
        (void)sys_execve("/proc/self/exe", argv, client_environment);
        sys_exit(1);
    }
    if (pid < 0)
        return pid;
    sys_close(pair[1]);
    return client_talk_on(pair[0]);
}

bool bus_is_there(void)
{
    static int connected = 1;            /* 1: not tried yet */
    if (connected > 0)
        connected = args.root ? connect_offline() : client_connect(BUS_SOCKET);
    if (connected == 0)
        return true;
    if (!args.root && !is_booted()) {
        complain("System has not been booted with systemd or pith as init system (PID 1). Can't operate.");
        connected = -EHOSTDOWN;
    }
    (void)failed("connect to bus", connected);
    return false;
}

/* ---- calls --------------------------------------------------------------------------------- */

/* Sends what was begun. NULL for `what`: nothing is said. */
static int finish(struct bus_out *m, const char *what, const char *which)
{
    int r = client_call(m, &reply);
    if (r == 0)
        return 0;
    const char *name = r == -EREMOTEIO ? reply.error : "", *own = z_after(name, BUS_NAME ".");
    call_error_name = own ? own : name;
    call_error = !*name ? strerror(-r) : *reply.signature == 's' ? get_string(&reply.body) : name;
    return what ? complain("Failed to %s%s: %s", what, which, call_error) : 1;
}

int ask(const char *what, const char *which, const char *member, const char *signature, ...)
{
    struct bus_out m = client_begin(BUS_PATH, BUS_MANAGER, member, signature);
    va_list ap;
    va_start(ap, signature);
    for (const char *s = signature; *s; s++) {
        const void *p = in_set(*s, "sa") ? va_arg(ap, const void *) : NULL;
        u32 n = *s == 's' ? 0 : va_arg(ap, u32);
        switch (*s) {
        case 's': put_string(&m, p); break;
        case 'a': put_strings(&m, p, n), s++; break;
        case 'y': put_u8(&m, (u8)n); break;
        default: put_u32(&m, n);
        }
    }
    va_end(ap);
    return finish(&m, what, which);
}

int request(const char *what, const char *member) { return ask(what, "", member, ""); }

int call_exit_status(void)
{
    static const char *const statuses =
        "3\0JobTypeNotApplicable\0" "4\0NoIsolation\0" "4\0OnlyByDependency\0" "4\0TransactionIsDestructive\0"
        "4\0org.freedesktop.DBus.Error.AccessDenied\0" "5\0NoSuchUnit\0" "6\0LoadFailed\0";
    i32 status = 1;
    (void)name_find(statuses, str_of(call_error_name), &status);
    return status;
}

/* ---- properties ---------------------------------------------------------------------------- */

static struct bus_in properties;
static u32 properties_end;

int props_get(const char *what, const char *unit)
{
    struct buf *path = z_buf();
    buf_z(path, BUS_PATH);
    if (unit)
        bus_path_of("/unit/", str_of(unit), path);
    struct bus_out m = client_begin(buf_end(path), BUS_PROPERTIES, "GetAll", "s");
    put_string(&m, "");
    int r = finish(&m, what, "");
    properties = reply.body;
    properties_end = r ? 0 : get_array(&properties, 8);
    return r;
}

bool array_next(struct bus_in *in, u32 end, u32 align)
{
    get_align(in, align);
    return !in->bad && in->at < end;
}

bool prop_next(struct prop *p)
{
    if (!p->name)
        p->at = properties;
    else
        skip_value(&p->at, &p->signature);
    if (!array_next(&p->at, properties_end, 8))
        return false;
    p->name = get_string(&p->at);
    p->signature = get_signature(&p->at);
    return !p->at.bad;
}

bool prop_find(const char *name, struct prop *p)
{
    *p = (struct prop){ 0 };
    while (prop_next(p))
        if (STREQ(p->name, name))
            return true;
    return false;
}

const char *prop_text(const char *name)
{
    struct prop p;
    return prop_find(name, &p) && *p.signature == 's' ? get_string(&p.at) : "";
}

u64 prop_number(const char *name)
{
    struct prop p;
    if (!prop_find(name, &p))
        return 0;
    return *p.signature == 't' ? get_u64(&p.at) : strchr("uib", *p.signature) ? get_u32(&p.at) : 0;
}

bool unit_changed(const char *unit)
{
    BUF(path, 4 * UNIT_NAME_BYTES);      /* the caller's texts are in those that take turns */
    bus_path_of(BUS_PATH "/unit/", str_of(unit), &path);
    struct bus_out m = client_begin(buf_end(&path), BUS_PROPERTIES, "Get", "ss");
    put_string(&m, BUS_NAME ".Unit");
    put_string(&m, "NeedDaemonReload");
    if (finish(&m, NULL, NULL))
        return false;
    (void)get_signature(&reply.body);
    return get_u32(&reply.body) == 1 && !reply.body.bad;
}

void warn_changed(const char *unit)
{
    complain("Warning: The unit file, source configuration file or drop-ins of %s changed on disk. "
             "Run 'systemctl daemon-reload' to reload units.", unit);
}

struct texts prop_texts(const char *name)
{
    struct prop p;
    struct texts t = { .end = 0 };
    if (prop_find(name, &p)) {
        t.end = *p.signature == 's' ? p.at.at + 1 : get_array(&p.at, 4);
        t.in = p.at;
    }
    return t;
}

const char *text_next(struct texts *t)
{
    return array_next(&t->in, t->end, 1) ? get_string(&t->in) : NULL;
}

static const char *get_words(struct bus_in *in)
{
    static char space[2][VALUE_BYTES];
    static u32 turn;                     /* a structure may have two */
    struct buf words;
    buf_over(&words, space[turn ^= 1], VALUE_BYTES);
    for (u32 end = get_array(in, 4); array_next(in, end, 4);)
        buf_fmt(&words, words.n ? " %s" : "%s", get_string(in));
    return buf_end(&words);
}

bool fields_next(struct bus_in *in, u32 end, const char *signature, void *to)
{
    if (!array_next(in, end, 8))
        return false;
    for (u64 *field = to; *signature && *signature != ')'; signature++)
        switch (*signature) {
        case 's':
        case 'o': *field++ = (uintptr_t)get_string(in); break;
        case 'a': *field++ = (uintptr_t)get_words(in); signature++; break;       /* "as" */
        case 't': *field++ = get_u64(in); break;
        case 'q': *field++ = get_u16(in); break;
        default: *field++ = get_u32(in);
        }
    return !in->bad;
}

/* ---- lists of units ------------------------------------------------------------------------ */

int list_units(const char *const *patterns, u32 n)
{
    return ask("list units", "", "ListUnitsByPatterns", "asas", args.states.items, args.states.n, patterns, n);
}

/* ---- names --------------------------------------------------------------------------------- */

struct names names;
static char names_space[NAMES_GIVEN_MAX * UNIT_NAME_BYTES];
static struct arena names_arena = { names_space, 1, sizeof names_space };

static int too_many(void)
{
    return complain("More than %u units for one command (NAMES_GIVEN_MAX).", NAMES_GIVEN_MAX - 1);
}

/* 0, or 1: told. */
static int name_add(const char *name)
{
    u32 kept = names.n < NAMES_GIVEN_MAX ? arena_text(&names_arena, str_of(name)) : 0;
    if (!kept)
        return too_many();
    names.name[names.n++] = names_space + kept;
    return 0;
}

static int resolve_globs(const char *const *globs, u32 n)
{
    struct unit_row u;
    if (!n)
        return 0;
    if (list_units(globs, n))
        return 1;
    u32 end = get_array(&reply.body, 8);
    names.expanded = true;
    while (fields_next(&reply.body, end, UNIT_ROW, &u))
        if ((args.all || !STREQ(u.active, "inactive") || u.job_id) && name_add(u.name))
            return 1;
    return 0;
}

/* One operand that is no pattern and no path; what had to be escaped is told. 0, or 1: told. */
static int mangle(const char *given, const char *suffix, const char *operation, struct buf *name)
{
    int r = unit_name_mangle(str_of(given), false, suffix, name);
    if (r < 0)
        return failed(operation ? z_fmt("mangle unit name or path '%s'", given) : "mangle name", r);
    bool escaped = r > 0 && strstr(buf_end(name), "\\x") && !strstr(given, "\\x"), glob = strpbrk(given, "*?[") && operation;
    u32 added = unit_type_of(str_of(given)) < 0 ? (u32)strlen(suffix) : 0;
    if (escaped && glob && !args.quiet)
        complain("Glob pattern passed %s, but globs are not supported for this.", operation);
    if (escaped && !args.quiet)
        complain("Invalid unit name \"%s\" escaped as \"%.*s\"%s.", given, (int)(name->n - added), name->p,
                 glob ? "" : " (maybe you should use systemd-escape?)");
    return 0;
}

int names_take(int argc, char **argv, const char *suffix, bool globs)
{
    static const char *patterns[NAMES_GIVEN_MAX];
    u32 patterns_n = 0;
    names.n = 0;
    names_arena.used = 1;
    names.expanded = false;
    for (int i = 1; i < argc; i++) {
        BUF(name, UNIT_NAME_BYTES);
        if (i == NAMES_GIVEN_MAX)
            return too_many();
        bool pattern = globs && strpbrk(argv[i], "*?[");
        int r = pattern ? unit_name_mangle(str_of(argv[i]), true, suffix, &name) : mangle(argv[i], suffix, NULL, &name);
        if (r < 0)
            return failed("mangle name", r);
        if ((r > 0 && !pattern) || name_add(buf_end(&name)))
            return 1;
        if (globs && strpbrk(name.p, "*?["))
            patterns[patterns_n++] = names.name[--names.n];
    }
    return resolve_globs(patterns, patterns_n);
}

void root_set(void)
{
    static char root[PATH_BYTES];
    if (args.root && !*args.root)
        args.root = NULL;
    if (!args.root)
        return;
    z_copy(root, sizeof root, str_of(absolute(args.root)));
    search_root = STREQ(root, "/") ? "" : root;
}

const char *absolute(const char *path)
{
    char cwd[PATH_BYTES];
    struct buf *simple = z_buf();
    const char *whole = path;
    if (*path != '/' && sys_readlinkat(AT_FDCWD, "/proc/self/cwd", cwd, sizeof cwd) > 0)
        whole = z_fmt("%s/%s", cwd, path);
    path_simplify(str_of(whole), false, simple);
    return buf_end(simple);
}

int names_take_files(int argc, char **argv, const char *suffix, const char *operation)
{
    names.n = 0;
    names_arena.used = 1;
    for (int i = 1; i < argc; i++) {
        BUF(name, UNIT_NAME_BYTES);
        if (strchr(argv[i], '/') && STREQ(suffix, ".service")) {       /* a target is no path */
            if (name_add(absolute(argv[i])))
                return 1;
            continue;
        }
        if (mangle(argv[i], suffix, operation, &name))
            return 1;
        if (name_add(buf_end(&name)))
            return 1;
    }
    return 0;
}

int names_each(int (*fn)(const char *unit, bool first))
{
    int status = 0;
    for (u32 i = 0; i < names.n; i++) {
        int r = fn(names.name[i], i == 0);
        status = status ? status : r;
    }
    return status;
}
