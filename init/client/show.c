/* SPDX-License-Identifier: 0BSD
 *
 * systemctl show: properties as text, by their D-Bus type and, as systemd does, by their name. */
#include "client.h"

/* The value that is being written; at least as long as the longest an option or unit file may have. */
static char value_space[2 * VALUE_BYTES];
static struct buf value = BUF_OVER(value_space);

static bool show_empty(void) { return args.all || args.properties.n; }

/* Prints what was written to `value` as the property's, or as one line of it. */
static void put_value(const char *name)
{
    if (value.n || show_empty()) {
        if (!args.value)
            out("%s=", name);
        out_str((struct str){ value.p, value.n });
        out("\n");
    }
    value.n = 0;
}

/* ---- simple values ------------------------------------------------------------------------- */

static void format_u64(const char *name, u64 v)
{
    static const char *const not_set = "MemoryCurrent\0TasksCurrent\0CPUWeight\0StartupCPUWeight\0IOWeight\0StartupIOWeight\0";
    bool infinite = z_after(name, "Limit") || z_after(name, "Memory") || STREQ(name, "TasksMax");
    if (v == UINT64_MAX && (z_ends(name, "NSec") || z_in(not_set, name)))
        buf_z(&value, "[not set]");
    else if (z_ends(name, "Timestamp"))
        buf_z(&value, time_text(v));
    else if (strstr(name, "USec"))
        buf_span(&value, v, 1);
    else if (v == UINT64_MAX && infinite)
        buf_z(&value, "infinity");
    else
        buf_u64(&value, v);
}

/* Text that a shell would take apart is quoted. */
static void format_word(const char *z)
{
    bool quote = !*z;
    for (const char *c = z; *c; c++)
        quote |= (u8)*c <= ' ' || strchr("\"\\`$'()<>|&;!*?[]", *c) != NULL;
    if (value.n)
        buf_c(&value, ' ');
    if (!quote) {
        buf_z(&value, z);
        return;
    }
    buf_c(&value, '"');
    for (; *z; z++)
        buf_fmt(&value, strchr("\"\\`$", *z) ? "\\%c" : "%c", *z);
    buf_c(&value, '"');
}

/* ---- structures ---------------------------------------------------------------------------- */

const char *code_name(i32 code)
{
    const char *name = name_of("1\0exited\0killed\0dumped\0trapped\0stopped\0continued\0", code);
    return name ? name : "(null)";
}

static void format_moment(const char *what, usec at)
{
    buf_fmt(&value, at ? " ; %s=[%s]" : " ; %s=[n/a]", what, time_text(at));
}

static void format_command(const struct command *c)
{
    buf_fmt(&value, "{ path=%s ; argv[]=%s ; ignore_errors=%s", c->path, c->argv, c->ignore ? "yes" : "no");
    format_moment("start_time", c->started);
    format_moment("stop_time", c->exited);
    i32 code = (i32)c->code, status = (i32)c->status;
    buf_fmt(&value, " ; pid=%u ; code=%s ; status=%d", (u32)c->pid, code_name(code), status);
    if (code != CLD_EXITED)
        buf_fmt(&value, "/%s", code ? signal_name(status) + 3 : "0");
    buf_z(&value, " }");
}

/* Fields of structures that are shown: (ss), (sb), (uo), and commands. */
static union { const char *text[2]; u64 number[2]; struct command command; } fields;

/* One structure that is no element of an array. */
static void format_struct(const char *signature, struct bus_in *in)
{
    get_align(in, 8);
    if (STREQ(signature, "(aiai)")) {        /* exit statuses, signals */
        for (u32 part = 0; part < 2; part++)
            for (u32 end = get_array(in, 4); array_next(in, end, 4);) {
                i32 v = (i32)get_u32(in);
                buf_fmt(&value, value.n ? " %s" : "%s", part ? signal_name(v) + 3 : z_fmt("%d", v));
            }
    } else if (STREQ(signature, "(uo)")) {
        if (fields_next(in, UINT32_MAX, signature + 1, &fields) && fields.number[0])
            buf_u64(&value, fields.number[0]);
    } else if (STREQ(signature, "(ss)")) {
        if (fields_next(in, UINT32_MAX, signature + 1, &fields) && (*fields.text[0] || *fields.text[1]))
            buf_fmt(&value, "%s \"%s\"", fields.text[0], fields.text[1]);
    } else if (show_empty()) {
        buf_z(&value, "[unprintable]");
    }
}

/* as: words on one line; ay: hex digits; structures: a line each. False: it printed its lines. */
static bool format_array(const char *name, const char *signature, struct bus_in *in)
{
    char type = signature[1];
    bool files = STREQ(signature, "a(sb)"), commands = STREQ(signature, COMMANDS);
    u32 end = get_array(in, type == '(' ? 8 : type == 'y' ? 1 : 4);
    if (type != '(') {
        while (array_next(in, end, 1))
            if (type == 'y')
                buf_fmt(&value, "%02x", get_u8(in));
            else
                format_word(get_string(in));
        return true;
    }
    if (!files && !commands && !STREQ(signature, "a(ss)")) {
        if (show_empty())
            buf_z(&value, "[unprintable]");
        return true;
    }
    while (fields_next(in, end, signature + 2, &fields)) {
        if (commands)
            format_command(&fields.command);
        else if (files)
            buf_fmt(&value, "%s (ignore_errors=%s)", fields.text[0], fields.number[1] ? "yes" : "no");
        else
            buf_fmt(&value, "%s (%s)", fields.text[1], fields.text[0]);
        put_value(name);
    }
    return false;
}

static void put_property(const struct prop *p)
{
    struct bus_in in = p->at;
    i32 v;
    switch (p->signature[0]) {
    case 's':
    case 'o': buf_z(&value, get_string(&in)); break;
    case 'b': buf_z(&value, get_bool(&in) ? "yes" : "no"); break;
    case 't': format_u64(p->name, get_u64(&in)); break;
    case 'y': buf_u64(&value, get_u8(&in)); break;
    case 'u':
        buf_fmt(&value, strstr(p->name, "UMask") || strstr(p->name, "Mode") ? "%04o" : "%u", get_u32(&in));
        break;
    case 'i':
        v = (i32)get_u32(&in);
        if (v >= 0 || !z_ends(p->name, "ActionExitStatus"))
            buf_fmt(&value, "%d", v);
        else if (show_empty())
            buf_z(&value, "[not set]");
        break;
    case '(': format_struct(p->signature, &in); break;
    case 'a':
        if (!format_array(p->name, p->signature, &in))
            return;
        break;
    default: return;
    }
    put_value(p->name);
}

static int show_one(const char *unit, bool first)
{
    if (props_get("get properties", unit))
        return 1;
    if (!first)
        out("\n");
    for (struct prop p = { 0 }; prop_next(&p);)
        if (!args.properties.n || list_has(&args.properties, p.name))
            put_property(&p);
    return 0;
}

int verb_show(int argc, char **argv)
{
    (void)argv;
    return argc == 1 ? show_one(NULL, true) : names_each(show_one);
}
