/* SPDX-License-Identifier: 0BSD
 *
 * Calls to PID 1 and what comes back: errors, properties, lists of units; names from the command line. */
#include "client.h"

static int connected = 1;                /* 1: not tried yet */
static char error_text[1024];
static char error_name[128];

bool bus_is_there(void)
{
    struct stat st;
    if (connected > 0)
        connected = client_connect(BUS_SOCKET);
    if (connected == 0)
        return true;
    if (sys_stat("/run/systemd/system", &st) < 0) {
        complain("System has not been booted with systemd or pith as init system (PID 1). Can't operate.");
        connected = -EHOSTDOWN;
    }
    complain("Failed to connect to bus: %s", strerror(-connected));
    return false;
}

/* ---- calls --------------------------------------------------------------------------------- */

static int finish_call(struct bus_out *m, struct bus_msg *reply)
{
    int r = client_call(m, reply);
    if (r == -EREMOTEIO) {
        const char *name = z_after(reply->error, BUS_NAME ".");
        struct bus_in in = reply->body;
        z_copy(error_name, sizeof error_name, str_of(name ? name : reply->error));
        z_copy(error_text, sizeof error_text, str_of(*reply->signature == 's' ? get_string(&in) : reply->error));
    } else if (r < 0) {
        error_name[0] = 0;
        z_copy(error_text, sizeof error_text, str_of(strerror(-r)));
    }
    return r;
}

static int call(struct bus_msg *reply, const char *path, const char *iface, const char *member, const char *signature,
                va_list ap)
{
    struct bus_out m = client_begin(path, iface, member, signature);
    for (const char *s = signature; *s; s++)
        if (*s == 's')
            put_string(&m, va_arg(ap, const char *));
        else if (*s == 'y')
            put_u8(&m, (u8)va_arg(ap, int));
        else
            put_u32(&m, va_arg(ap, u32));
    return finish_call(&m, reply);
}

int manager_call(struct bus_msg *reply, const char *member, const char *signature, ...)
{
    va_list ap;
    va_start(ap, signature);
    int r = call(reply, BUS_PATH, BUS_MANAGER, member, signature, ap);
    va_end(ap);
    return r;
}

int object_call(struct bus_msg *reply, const char *path, const char *iface, const char *member, const char *signature, ...)
{
    va_list ap;
    va_start(ap, signature);
    int r = call(reply, path, iface, member, signature, ap);
    va_end(ap);
    return r;
}

const char *call_error(void) { return error_text; }
const char *call_error_name(void) { return error_name; }

int call_exit_status(void)
{
    static const char statuses[] =
        "3\0JobTypeNotApplicable\0org.freedesktop.DBus.Error.AccessDenied\0" "4\0OnlyByDependency\0"
        "4\0NoIsolation\0" "4\0TransactionIsDestructive\0NoSuchUnit\0LoadFailed\0";
    i32 status;
    return name_find(statuses, str_of(error_name), &status) == 0 ? status : 1;
}

/* ---- properties ---------------------------------------------------------------------------- */

static struct bus_in properties;
static u32 properties_end;

int props_get(const char *unit)
{
    struct bus_msg reply;
    BUF(path, 512);
    if (unit)
        bus_path_of(BUS_PATH "/unit/", str_of(unit), &path);
    else
        buf_z(&path, BUS_PATH);
    int r = object_call(&reply, buf_end(&path), BUS_PROPERTIES, "GetAll", "s", "");
    properties = reply.body;
    properties_end = r < 0 ? 0 : get_array(&properties, 8);
    return r;
}

bool prop_next(struct prop *p)
{
    if (!p->name)
        p->at = properties;
    else
        skip_value(&p->at, &p->signature);
    get_align(&p->at, 8);
    if (p->at.bad || p->at.at >= properties_end)
        return false;
    p->name = get_string(&p->at);
    p->signature = get_signature(&p->at);
    return !p->at.bad;
}

bool prop_find(const char *name, struct bus_in *at, const char **signature)
{
    struct prop p = { 0 };
    while (prop_next(&p))
        if (STREQ(p.name, name)) {
            *at = p.at;
            *signature = p.signature;
            return true;
        }
    return false;
}

const char *prop_text(const char *name)
{
    struct bus_in at;
    const char *signature;
    return prop_find(name, &at, &signature) && *signature == 's' ? get_string(&at) : "";
}

u64 prop_number(const char *name)
{
    struct bus_in at;
    const char *signature;
    if (!prop_find(name, &at, &signature))
        return 0;
    return *signature == 't' ? get_u64(&at) : strchr("uib", *signature) ? get_u32(&at) : 0;
}

/* ---- lists of units ------------------------------------------------------------------------ */

bool unit_row_next(struct bus_in *in, u32 end, struct unit_row *u)
{
    get_align(in, 8);
    if (in->bad || in->at >= end)
        return false;
    u->name = get_string(in);
    u->description = get_string(in);
    u->load = get_string(in);
    u->active = get_string(in);
    u->sub = get_string(in);
    (void)get_string(in);
    (void)get_string(in);
    u->job_id = get_u32(in);
    u->job = get_string(in);
    (void)get_string(in);
    return !in->bad;
}

int list_units_call(struct bus_msg *reply, const struct list *states, const char *const *patterns, u32 n)
{
    struct bus_out m = client_begin(BUS_PATH, BUS_MANAGER, "ListUnitsByPatterns", "asas");
    put_strings(&m, states->items, states->n);
    put_strings(&m, patterns, n);
    int r = finish_call(&m, reply);
    if (r < 0)
        complain("Failed to list units: %s", call_error());
    return r;
}

/* ---- names --------------------------------------------------------------------------------- */

struct names names;
static char names_space[128 << 10];
static u32 names_used;

static void name_add(struct str name)
{
    if (names.n == LEN(names.name) || name.n >= sizeof names_space - names_used)
        return;
    names.name[names.n++] = names_space + names_used;
    z_copy(names_space + names_used, sizeof names_space - names_used, name);
    names_used += (u32)name.n + 1;
}

static int resolve_globs(const char *const *globs, u32 n)
{
    struct bus_msg reply;
    struct unit_row u;
    int r = n ? list_units_call(&reply, &args.states, globs, n) : 0;
    if (r < 0 || !n)
        return r;
    u32 end = get_array(&reply.body, 8);
    names.expanded = true;
    while (unit_row_next(&reply.body, end, &u))
        if (args.all || !STREQ(u.active, "inactive") || u.job_id)
            name_add(str_of(u.name));
    return 0;
}

int names_take(int argc, char **argv, const char *suffix, bool globs)
{
    const char *patterns[64];
    u32 patterns_n = 0;
    names.n = names_used = 0;
    names.expanded = false;
    for (int i = 1; i < argc; i++) {
        BUF(name, UNIT_NAME_BYTES);
        int r = unit_name_mangle(str_of(argv[i]), globs, suffix, &name);
        if (r < 0)
            return complain("Failed to mangle name: %s", strerror(-r));
        if (r > 0 && !args.quiet && strstr(buf_end(&name), "\\x") && !strstr(argv[i], "\\x"))
            complain("Invalid unit name \"%s\" escaped as \"%s\" (maybe you should use systemd-escape?).", argv[i], name.p);
        name_add((struct str){ name.p, name.n });
        if (globs && strpbrk(names.name[names.n - 1], "*?[") && patterns_n < LEN(patterns))
            patterns[patterns_n++] = names.name[--names.n];
    }
    return resolve_globs(patterns, patterns_n) < 0;
}
