/* SPDX-License-Identifier: 0BSD
 *
 * systemctl show: properties as text, by their D-Bus type and, as systemd does, by their name. */
#include "client.h"

static bool show_empty(void) { return args.all || args.properties.n; }

/* What stands before a value. */
static void put_name(const char *name)
{
    if (!args.value)
        out("%s=", name);
}

static void put_value(const char *name, const char *value)
{
    if (!*value && !show_empty())
        return;
    put_name(name);
    out_str(str_of(value));
    out_str(S("\n"));
}

static void put_formatted(const char *name, const char *fmt, ...) PRINTF(2, 3);
static void put_formatted(const char *name, const char *fmt, ...)
{
    BUF(value, 512);
    va_list ap;
    va_start(ap, fmt);
    buf_vfmt(&value, fmt, ap);
    va_end(ap);
    put_value(name, buf_end(&value));
}

/* ---- simple values ------------------------------------------------------------------------- */

static void put_u64_value(const char *name, u64 v)
{
    static const char *const not_set[] = { "MemoryCurrent", "TasksCurrent", "CPUWeight", "StartupCPUWeight", "IOWeight",
                                           "StartupIOWeight", NULL };
    BUF(span, 64);
    bool infinite = strncmp(name, "Limit", 5) == 0 || strncmp(name, "Memory", 6) == 0 || STREQ(name, "TasksMax");
    for (u32 i = 0; not_set[i] && v == UINT64_MAX; i++)
        if (STREQ(not_set[i], name)) {
            put_value(name, "[not set]");
            return;
        }
    if (z_ends(name, "Timestamp")) {
        if (!v && !show_empty())
            return;
        put_name(name);
        out_time(v);
        out_str(S("\n"));
    } else if (strstr(name, "USec")) {
        buf_span(&span, v, 1);
        put_value(name, buf_end(&span));
    } else if (v == UINT64_MAX && (infinite || z_ends(name, "NSec"))) {
        put_value(name, infinite ? "infinity" : "[not set]");
    } else {
        put_formatted(name, "%lu", (unsigned long)v);
    }
}

static void put_i32_value(const char *name, i32 v)
{
    if (z_ends(name, "ActionExitStatus") && v < 0) {
        if (show_empty())
            put_value(name, "[not set]");
    } else {
        put_formatted(name, "%d", v);
    }
}

/* Text that a shell would take apart is quoted. */
static void put_quoted(struct str s)
{
    bool quote = !s.n;
    for (size_t i = 0; i < s.n; i++)
        quote |= (u8)s.p[i] <= ' ' || strchr("\"\\`$'()<>|&;!*?[]{}~#=%", s.p[i]) != NULL;
    /* = and % alone need none */
    if (quote && s.n) {
        quote = false;
        for (size_t i = 0; i < s.n; i++)
            quote |= (u8)s.p[i] <= ' ' || strchr("\"\\`$'()<>|&;!*?[]", s.p[i]) != NULL;
    }
    if (!quote) {
        out_str(s);
        return;
    }
    out_str(S("\""));
    for (size_t i = 0; i < s.n; i++)
        out("%s%c", strchr("\"\\`$", s.p[i]) ? "\\" : "", s.p[i]);
    out_str(S("\""));
}

/* as: words on one line; ay: hex digits. */
static void put_array(const char *name, struct bus_in *in, char type)
{
    u32 end = get_array(in, type == 'y' ? 1 : 4);
    bool first = true;
    if (in->at >= end && !show_empty())
        return;
    put_name(name);
    for (; !in->bad && in->at < end; first = false)
        if (type == 'y') {
            out("%02x", get_u8(in));
        } else {
            out("%s", first ? "" : " ");
            put_quoted(str_of(get_string(in)));
        }
    out_str(S("\n"));
}

/* ---- structures ---------------------------------------------------------------------------- */

static const char *code_name(i32 code)
{
    static const char *const names_[] = { "(null)", "exited", "killed", "dumped", "trapped", "stopped", "continued" };
    return names_[code > 0 && code < (i32)LEN(names_) ? code : 0];
}

static void put_moment(const char *what, usec at)
{
    out(" ; %s=", what);
    if (at)
        out("[");
    out_time(at);
    out("%s", at ? "]" : "[n/a]");
}

/* a(sasbttttuii) */
static void put_commands(const char *name, struct bus_in *in)
{
    u32 end = get_array(in, 8);
    while (!in->bad && in->at < end) {
        get_align(in, 8);
        put_name(name);
        out("{ path=%s ; argv[]=", get_string(in));
        u32 argv_end = get_array(in, 4);
        for (bool first = true; !in->bad && in->at < argv_end; first = false)
            out("%s%s", first ? "" : " ", get_string(in));
        out(" ; ignore_errors=%s", get_bool(in) ? "yes" : "no");
        usec started = get_u64(in);
        (void)get_u64(in);
        usec exited = get_u64(in);
        (void)get_u64(in);
        put_moment("start_time", started);
        put_moment("stop_time", exited);
        u32 pid = get_u32(in);
        i32 code = (i32)get_u32(in), status = (i32)get_u32(in);
        out(" ; pid=%u ; code=%s ; status=%d", pid, code_name(code), status);
        if (code != CLD_EXITED)
            out("/%s", code ? signal_name(status) + 3 : "0");
        out_str(S(" }\n"));
    }
}

/* (aiai): exit statuses, signals */
static void put_status_set(const char *name, struct bus_in *in)
{
    BUF(text, 2048);
    for (u32 part = 0; part < 2; part++)
        for (u32 end = get_array(in, 4); !in->bad && in->at < end;) {
            i32 v = (i32)get_u32(in);
            if (part)
                buf_fmt(&text, "%s%s", text.n ? " " : "", signal_name(v) + 3);
            else
                buf_fmt(&text, "%s%d", text.n ? " " : "", v);
        }
    put_value(name, buf_end(&text));
}

static void put_struct_value(const char *name, const char *signature, struct bus_in *in)
{
    get_align(in, 8);
    if (STREQ(signature, "(aiai)")) {
        put_status_set(name, in);
    } else if (STREQ(signature, "(uo)")) {
        u32 job = get_u32(in);
        if (job)
            put_formatted(name, "%u", job);
        else
            put_value(name, "");
    } else if (STREQ(signature, "(ss)")) {
        const char *a = get_string(in), *b = get_string(in);
        if (*a || *b)
            put_formatted(name, "%s \"%s\"", a, b);
        else
            put_value(name, "");
    } else if (show_empty()) {
        put_value(name, "[unprintable]");
    }
}

/* Arrays of structures: one line each. */
static void put_structs(const char *name, const char *signature, struct bus_in *in)
{
    if (STREQ(signature, "a(sasbttttuii)")) {
        put_commands(name, in);
        return;
    }
    bool files = STREQ(signature, "a(sb)"), pairs = STREQ(signature, "a(ss)");
    if (!files && !pairs) {
        if (show_empty())
            put_value(name, "[unprintable]");
        return;
    }
    for (u32 end = get_array(in, 8); !in->bad && in->at < end;) {
        get_align(in, 8);
        const char *a = get_string(in);
        if (files)
            put_formatted(name, "%s (ignore_errors=%s)", a, get_bool(in) ? "yes" : "no");
        else
            put_formatted(name, "%s (%s)", get_string(in), a);
    }
}

static void put_property(const struct prop *p)
{
    struct bus_in in = p->at;
    switch (p->signature[0]) {
    case 's':
    case 'o': put_value(p->name, get_string(&in)); break;
    case 'b': put_value(p->name, get_bool(&in) ? "yes" : "no"); break;
    case 't': put_u64_value(p->name, get_u64(&in)); break;
    case 'i': put_i32_value(p->name, (i32)get_u32(&in)); break;
    case 'y': put_formatted(p->name, "%u", get_u8(&in)); break;
    case 'u':
        put_formatted(p->name, strstr(p->name, "UMask") || strstr(p->name, "Mode") ? "%04o" : "%u", get_u32(&in));
        break;
    case '(': put_struct_value(p->name, p->signature, &in); break;
    case 'a':
        if (p->signature[1] == '(')
            put_structs(p->name, p->signature, &in);
        else
            put_array(p->name, &in, p->signature[1]);
        break;
    default: break;
    }
}

static int show_one(const char *unit, bool first)
{
    if (props_get(unit) < 0)
        return complain("Failed to get properties: %s", call_error());
    if (!first)
        out_str(S("\n"));
    for (struct prop p = { 0 }; prop_next(&p);)
        if (!args.properties.n || list_has(&args.properties, p.name))
            put_property(&p);
    return 0;
}

int verb_show(int argc, char **argv)
{
    int status = 0;
    if (!bus_is_there())
        return 1;
    if (argc == 1)
        return show_one(NULL, true);
    if (names_take(argc, argv, ".service", true))
        return 1;
    for (u32 i = 0; i < names.n; i++)
        status |= show_one(names.name[i], i == 0);
    return status;
}
