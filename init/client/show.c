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
    bool none = v == UINT64_MAX;
    if (none && (z_ends(name, "NSec") || z_in(not_set, name)))
        buf_z(&value, "[not set]");
    else if (z_ends(name, "Timestamp"))
        buf_z(&value, time_text(v));
    else if (strstr(name, "USec"))
        buf_span(&value, v, 1);
    else if (none && (z_after(name, "Limit") || z_after(name, "Memory") || STREQ(name, "TasksMax")))
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

static const char *moment(usec at) { return at ? time_text(at) : "n/a"; }
static const char *yes_no(u64 b) { return b ? "yes" : "no"; }

static void format_command(const struct command *c)
{
    i32 code = (i32)c->code, status = (i32)c->status;
    bool exited = code == CLD_EXITED;
    buf_fmt(&value, "{ path=%s ; argv[]=%s ; ignore_errors=%s ; start_time=[%s] ; stop_time=[%s] ; "
                    "pid=%u ; code=%s ; status=%d%s%s }",
            c->path, c->argv, yes_no(c->ignore), moment(c->started), moment(c->exited), (u32)c->pid, code_name(code), status,
            exited ? "" : "/", exited ? "" : code ? signal_name(status) + 3 : "0");
}

/* The structures that have a form, alone or in an array; their fields, but of the first. */
static const char *const structures = "(aiai)\0(uo)\0(ss)\0a(ss)\0a(sb)\0" COMMANDS "\0";
static union { const char *text[2]; u64 number[2]; struct command command; } fields;

/* One structure that is no element of an array. */
static void format_struct(const char *signature, struct bus_in *in)
{
    get_align(in, 8);
    if (signature[1] == 'a') {               /* exit statuses, signals */
        for (u32 part = 0; part < 2; part++)
            for (u32 end = get_array(in, 4); array_next(in, end, 4);) {
                i32 v = (i32)get_u32(in);
                buf_fmt(&value, value.n ? " %s" : "%s", part ? signal_name(v) + 3 : z_fmt("%d", v));
            }
        return;
    }
    if (!fields_next(in, UINT32_MAX, signature + 1, &fields))
        return;
    if (signature[1] == 's' && (*fields.text[0] || *fields.text[1]))
        buf_fmt(&value, "%s \"%s\"", fields.text[0], fields.text[1]);
    else if (signature[1] == 'u' && fields.number[0])
        buf_u64(&value, fields.number[0]);
}

/* as: words on one line; ay: hex digits. */
static void format_list(char type, struct bus_in *in)
{
    for (u32 end = get_array(in, type == 'y' ? 1 : 4); array_next(in, end, 1);)
        if (type == 'y')
            buf_fmt(&value, "%02x", get_u8(in));
        else
            format_word(get_string(in));
}

/* Structures: a line each. */
static void put_lines(const char *name, const char *signature, struct bus_in *in)
{
    for (u32 end = get_array(in, 8); fields_next(in, end, signature + 2, &fields); put_value(name))
        if (signature[3] == 'a')
            format_command(&fields.command);
        else if (signature[3] == 'b')
            buf_fmt(&value, "%s (ignore_errors=%s)", fields.text[0], yes_no(fields.number[1]));
        else
            buf_fmt(&value, "%s (%s)", fields.text[1], fields.text[0]);
}

static void put_property(const struct prop *p)
{
    const char *name = p->name, *signature = p->signature;
    struct bus_in in = p->at;
    i32 v;
    if (strchr(signature, '(') && !z_in(structures, signature)) {
        if (show_empty())
            buf_z(&value, "[unprintable]");
        put_value(name);
        return;
    }
    switch (signature[0]) {
    case 's':
    case 'o': buf_z(&value, get_string(&in)); break;
    case 'b': buf_z(&value, yes_no(get_bool(&in))); break;
    case 't': format_u64(name, get_u64(&in)); break;
    case 'y': buf_u64(&value, get_u8(&in)); break;
    case 'u':
        buf_fmt(&value, strstr(name, "UMask") || strstr(name, "Mode") ? "%04o" : "%u", get_u32(&in));
        break;
    case 'i':
        v = (i32)get_u32(&in);
        if (v >= 0 || !z_ends(name, "ActionExitStatus"))
            buf_fmt(&value, "%d", v);
        else if (show_empty())
            buf_z(&value, "[not set]");
        break;
    case '(': format_struct(signature, &in); break;
    case 'a':
        if (signature[1] == '(') {
            put_lines(name, signature, &in);
            return;
        }
        format_list(signature[1], &in);
        break;
    default: return;
    }
    put_value(name);
}

int show_unit(const char *unit, bool first)
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
    return argc == 1 ? show_unit(NULL, true) : names_each(show_unit);
}
