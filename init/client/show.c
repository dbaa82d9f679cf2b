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

static const char *yes_no(u64 b) { return b ? "yes" : "no"; }

/* ---- simple values ------------------------------------------------------------------------- */

/* Names of the bits, in the order of the table. */
static void format_bits(const char *table, const char *prefix, u64 bits)
{
    i32 bit;
    for (EACH(name, table))
        if (name_find(table, str_of(name), &bit) == 0 && bits >> bit & 1)
            buf_fmt(&value, "%s%s%s", value.n ? " " : "", prefix, name);
}

/* Whether the property is one of these. */
static const char *const not_set = "MemoryCurrent\0TasksCurrent\0CPUWeight\0StartupCPUWeight\0IOWeight\0StartupIOWeight\0"
                                   "CPUShares\0StartupCPUShares\0BlockIOWeight\0StartupBlockIOWeight\0",
                  *const no_data = "IPIngressBytes\0IPIngressPackets\0IPEgressBytes\0IPEgressPackets\0",
                  *const infinite = "TasksMax\0DefaultMemoryLow\0DefaultMemoryMin\0MemoryLow\0MemoryHigh\0MemoryMax\0"
                                    "MemorySwapMax\0MemoryLimit\0MemoryAvailable\0",
                  *const moments = "NextElapseUSecRealtime\0LastTriggerUSec\0TimeUSec\0RTCTimeUSec\0",
                  *const cpu_sets = "CPUAffinity\0NUMAMask\0AllowedCPUs\0AllowedMemoryNodes\0EffectiveCPUs\0EffectiveMemoryNodes\0",
                  *const in_base64 = "StandardInputData\0RootHashSignature\0",
                  *const unprintable = "LoadCredential\0LoadCredentialEncrypted\0ActivationDetails\0";

static void format_u64(const char *name, u64 v)
{
    bool none = v == UINT64_MAX;
    if (none && (z_ends(name, "NSec") || z_in(not_set, name)))
        buf_z(&value, "[not set]");
    else if (z_ends(name, "Timestamp") || z_in(moments, name))
        buf_z(&value, time_text(v));
    else if (strstr(name, "USec"))
        buf_span(&value, v, 1);
    else if (none && (z_after(name, "Limit") || z_in(infinite, name)))
        buf_z(&value, "infinity");
    else if (none && z_in(no_data, name))
        buf_z(&value, "[no data]");
    else if (STREQ(name, "CoredumpFilter"))
        buf_fmt(&value, "0x%lx", (unsigned long)v);
    else if (STREQ(name, "MountFlags"))
        format_bits(mount_flag_names, "", v);
    else if (z_ends(name, "CapabilityBoundingSet") || STREQ(name, "AmbientCapabilities"))
        format_bits(capability_names, "cap_", v);
    else if (STREQ(name, "RestrictNamespaces") && (!(v & NAMESPACES) || (v & NAMESPACES) == NAMESPACES))
        buf_z(&value, yes_no(!(v & NAMESPACES)));
    else if (STREQ(name, "RestrictNamespaces"))
        format_bits(namespace_names, "", v);
    else if (!v && z_ends(name, "CPUWeight"))
        buf_z(&value, "idle");
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

static void format_command(const struct command *c)
{
    i32 code = (i32)c->code, status = (i32)c->status;
    bool exited = code == CLD_EXITED;
    buf_fmt(&value, "{ path=%s ; argv[]=%s ; ignore_errors=%s ; start_time=[%s] ; stop_time=[%s] ; "
                    "pid=%u ; code=%s ; status=%d%s%s }",
            c->path, c->argv, yes_no(c->ignore), moment(c->started), moment(c->exited), (u32)c->pid, code_name(code), status,
            exited ? "" : "/", exited ? "" : code ? signal_name(status) + 3 : "0");
}

static void format_command_ex(const struct command *c, const char *flags)
{
    u32 from = value.n;
    format_command(c);
    /* The same but for one field. */
    static char rest[2 * VALUE_BYTES];
    buf_c(&value, 0);
    char *field = strstr(value.p + from, " ; ignore_errors=");
    if (!field || !z_copy(rest, sizeof rest, str_of(strstr(field + 3, " ;"))))
        return;
    value.n = (u32)(field - value.p);
    buf_fmt(&value, " ; flags=%s%s", flags, rest);
}

/* The structures that have a form, alone or in an array; their fields, but of the first. */
#define COMMANDS_EX "a(sasasttttuii)"
static const char *const structures = "(aiai)\0(uo)\0(ss)\0(bs)\0(bas)\0a(ss)\0a(sb)\0a(st)\0a(sst)\0a(stt)\0a(ssbt)\0a(iayu)\0a(iiqq)\0"
                                      "a(ssba(ss))\0a(sba(ss))\0" COMMANDS "\0" COMMANDS_EX "\0";
static union {
    const char *text[4];
    u64 number[4];
    struct command command;
    struct { const char *path, *argv, *flags; u64 rest[7]; } ex;
} fields;

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
    if (signature[1] == 'b' && signature[2] == 's')
        buf_fmt(&value, "%s%s", fields.number[0] ? "-" : "", fields.text[1]);
    else if (signature[1] == 'b')            /* what is allowed, or, with ~, what is not */
        buf_fmt(&value, "%s%s", fields.number[0] ? "" : "~", fields.text[1]);
    else if (signature[1] == 's' && (*fields.text[0] || *fields.text[1]))
        buf_fmt(&value, "%s \"%s\"", fields.text[0], fields.text[1]);
    else if (signature[1] == 'u' && fields.number[0])
        buf_u64(&value, fields.number[0]);
}

/* ---- bytes --------------------------------------------------------------------------------- */

static void format_base64(const u8 *p, u32 n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (; n; p += 3, n = n > 3 ? n - 3 : 0) {
        u32 v = (u32)p[0] << 16 | (n > 1 ? (u32)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);
        for (u32 i = 0; i < 4; i++)
            buf_c(&value, i > n ? '=' : digits[v >> (18 - 6 * i) & 63]);
    }
}

static void format_ranges(const u8 *p, u32 n)
{
    for (u32 i = 0, end; i < 8 * n; i = end + 1) {
        for (end = i; end < 8 * n && p[end / 8] >> end % 8 & 1; end++)
            ;
        if (end > i)
            buf_fmt(&value, end > i + 1 ? "%s%u-%u" : "%s%u", value.n ? " " : "", i, end - 1);
    }
}

static void format_bytes(const char *name, struct bus_in *in)
{
    u32 end = get_array(in, 1), n = in->bad ? 0 : end - in->at;
    const u8 *p = in->p + in->at;
    if (z_in(cpu_sets, name)) {
        format_ranges(p, n);
    } else if (z_in(in_base64, name)) {
        format_base64(p, n);
    } else {
        for (u32 i = 0; i < n; i++)
            buf_fmt(&value, "%02x", p[i]);
    }
    in->at = end;
}

/* as: words on one line; aay: texts. */
static void format_list(char type, struct bus_in *in)
{
    for (u32 end = get_array(in, 4); array_next(in, end, 4);)
        if (type == 's') {
            format_word(get_string(in));
        } else {
            u32 to = get_array(in, 1);
            if (in->bad)
                return;
            buf_fmt(&value, "%s%.*s", value.n ? " " : "", (int)(to - in->at), (const char *)in->p + in->at);
            in->at = to;
        }
}

/* ---- arrays of structures ------------------------------------------------------------------ */

/* All on one line, with blanks between. */
static void format_images(const char *signature, struct bus_in *in)
{
    bool mounts = signature[3] == 's';
    for (u32 end = get_array(in, 8); fields_next(in, end, mounts ? "ssb" : "sb", &fields);) {
        buf_fmt(&value, "%s%s%s%s%s", value.n ? " " : "", fields.number[1 + mounts] ? "-" : "", fields.text[0],
                mounts ? ":" : "", mounts ? fields.text[1] : "");
        for (u32 stop = get_array(in, 8); fields_next(in, stop, "ss", &fields);)
            buf_fmt(&value, ":%s:%s", fields.text[0], fields.text[1]);
    }
}

static void format_prefixes(struct bus_in *in)
{
    for (u32 end = get_array(in, 8); array_next(in, end, 8);) {
        struct address a = { .n = 4 };
        (void)get_u32(in);
        u32 to = get_array(in, 1);
        a.n = in->bad ? 0 : MIN(to - in->at, 16u);
        memcpy(a.bytes, in->p + in->at, a.n);
        in->at = to;
        buf_z(&value, value.n ? " " : "");
        write_ip(&a, &value);
        buf_fmt(&value, "/%u", get_u32(in));
    }
}

static void format_row(const char *name, const char *signature)
{
    const char *const *text = fields.text;
    const u64 *number = fields.number;
    if (signature[3] == 'a' && signature[5] == 'b')
        format_command(&fields.command);
    else if (signature[3] == 'a') {
        struct command c = { fields.ex.path, fields.ex.argv, 0, 0, 0, 0, 0, 0, 0, 0 };
        memcpy(&c.started, fields.ex.rest, sizeof fields.ex.rest);
        format_command_ex(&c, fields.ex.flags);
    } else if (signature[2] == 'i') {
        const char *family = number[0] == 2 ? "ipv4:" : number[0] == 10 ? "ipv6:" : "",
                   *protocol = number[1] == 6 ? "tcp" : number[1] == 17 ? "udp" : "";
        buf_fmt(&value, number[2] ? number[2] > 1 ? "%s%s%u-%u" : "%s%s%u" : "%s%sany", family, protocol, (u32)number[3],
                (u32)(number[3] + number[2] - 1));
    } else if (signature[3] == 'b') {
        buf_fmt(&value, "%s (ignore_errors=%s)", text[0], yes_no(number[1]));
    } else if (STREQ(signature, "a(stt)")) {
        buf_fmt(&value, "{ %s=", text[0]);
        buf_span(&value, number[1], 1);
        buf_fmt(&value, " ; next_elapse=");
        buf_span(&value, number[2], 1);
        buf_z(&value, " }");
    } else if (STREQ(name, "TimersCalendar")) {
        buf_fmt(&value, "{ %s=%s ; next_elapse=%s }", text[0], text[1], number[2] ? time_text(number[2]) : "(null)");
    } else if (signature[3] == 't') {
        buf_fmt(&value, "%s ", text[0]);
        if (strstr(name, "Latency"))
            buf_span(&value, number[1], 1);
        else
            buf_u64(&value, number[1]);
    } else {
        bool colon = STREQ(name, "BPFProgram") || STREQ(name, "RootImageOptions") || z_ends(name, "Symlink");
        bool turned = STREQ(name, "Listen") || STREQ(name, "Paths");
        buf_fmt(&value, turned ? "%s (%s)" : colon ? "%s:%s" : "%s %s", text[turned], text[!turned]);
    }
}

/* Structures: a line each, but those that systemd puts on one. */
static void put_lines(const char *name, const char *signature, struct bus_in *in)
{
    bool binds = STREQ(signature, "a(ssbt)"), tmpfs = STREQ(name, "TemporaryFileSystem");
    if (signature[2] == 'i' && signature[3] == 'a') {
        format_prefixes(in);
        put_value(name);
    } else if (z_ends(signature, "a(ss))")) {
        format_images(signature, in);
        put_value(name);
    } else if (binds || tmpfs) {
        for (u32 end = get_array(in, 8); fields_next(in, end, signature + 2, &fields);)
            buf_fmt(&value, binds ? "%s%s%s:%s%s" : "%s%s%s%s%s", value.n ? " " : "", binds && fields.number[2] ? "-" : "",
                    fields.text[0], binds ? fields.text[1] : *fields.text[1] ? ":" : "",
                    !binds ? fields.text[1] : fields.number[3] ? ":rbind" : "");
        put_value(name);
    } else {
        for (u32 end = get_array(in, 8); fields_next(in, end, signature + 2, &fields); put_value(name))
            format_row(name, signature);
    }
}

static void put_i32(const char *name, i32 v)
{
    const char *policy = STREQ(name, "NUMAPolicy") ? name_of(enum_names(E_NUMA), v) : NULL;
    if (v < 0 && z_ends(name, "ActionExitStatus"))
        buf_z(&value, show_empty() ? "[not set]" : "");
    else if (STREQ(name, "NUMAPolicy"))
        buf_z(&value, policy ? policy : "n/a");
    else
        buf_fmt(&value, "%d", v);
}

static void put_property(const struct prop *p)
{
    const char *name = p->name, *signature = p->signature;
    struct bus_in in = p->at;
    if ((strchr(signature, '(') && !z_in(structures, signature)) || z_in(unprintable, name) || *signature == 'q') {
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
    case 'x': buf_fmt(&value, "%ld", (long)get_u64(&in)); break;
    case 'y': buf_u64(&value, get_u8(&in)); break;
    case 'u': {
        u32 v = get_u32(&in);
        if (v == UINT32_MAX && (STREQ(name, "UID") || STREQ(name, "GID")))
            buf_z(&value, "[not set]");
        else
            buf_fmt(&value, strstr(name, "UMask") || strstr(name, "Mode") ? "%04o" : "%u", v);
        break;
    }
    case 'i': put_i32(name, (i32)get_u32(&in)); break;
    case '(': format_struct(signature, &in); break;
    case 'a':
        if (signature[1] == '(') {
            put_lines(name, signature, &in);
            return;
        }
        if (signature[1] == 'y')
            format_bytes(name, &in);
        else
            format_list(signature[1], &in);
        break;
    default: return;
    }
    put_value(name);
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
