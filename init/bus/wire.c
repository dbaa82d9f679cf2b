/* SPDX-License-Identifier: 0BSD
 *
 * Marshalling and unmarshalling: D-Bus specification, "Type system" and "Message Protocol". We write
 * our own byte order and read both. Pure memory. */
#include "bus.h"

/* ---- writing ------------------------------------------------------------------------------- */

static void align(struct bus_out *m, u32 to)
{
    while (m->b.n & (to - 1) && !m->b.over)
        buf_c(&m->b, 0);
}

void put_u8(struct bus_out *m, u8 v) { buf_put(&m->b, &v, 1); }

void put_u16(struct bus_out *m, u16 v)
{
    align(m, 2);
    buf_put(&m->b, &v, sizeof v);
}

void put_u32(struct bus_out *m, u32 v)
{
    align(m, 4);
    buf_put(&m->b, &v, sizeof v);
}

void put_u64(struct bus_out *m, u64 v)
{
    align(m, 8);
    buf_put(&m->b, &v, sizeof v);
}

void put_bool(struct bus_out *m, bool v) { put_u32(m, v); }

void put_str(struct bus_out *m, struct str s)
{
    put_u32(m, (u32)s.n);
    buf_str(&m->b, s);
    buf_c(&m->b, 0);
}

void put_string(struct bus_out *m, const char *z) { put_str(m, str_of(z)); }

void put_values(struct bus_out *m, const char *signature, ...)
{
    va_list ap;
    va_start(ap, signature);
    for (; *signature; signature++) {
        u64 v = va_arg(ap, u64);         /* whatever its type, an argument takes eight bytes */
        if (*signature == 's')
            put_string(m, (const char *)(uintptr_t)v);
        else if (*signature == 't')
            put_u64(m, v);
        else
            put_u32(m, (u32)v);
    }
    va_end(ap);
}

void put_signature(struct bus_out *m, const char *z)
{
    put_u8(m, (u8)strlen(z));
    buf_put(&m->b, z, strlen(z) + 1);
}

void put_variant(struct bus_out *m, const char *signature) { put_signature(m, signature); }

void put_struct(struct bus_out *m) { align(m, 8); }

u32 array_open(struct bus_out *m, u32 element_align)
{
    put_u32(m, 0);
    u32 token = m->b.n - 4;
    align(m, element_align);             /* not counted in the length */
    return token;
}

void array_close(struct bus_out *m, u32 token, u32 element_align)
{
    u32 start = (token + 4 + element_align - 1) & ~(element_align - 1);
    u32 length = m->b.n - start;
    if (!m->b.over)
        memcpy(m->b.p + token, &length, sizeof length);
}

void put_strings(struct bus_out *m, const char *const *list, u32 n)
{
    u32 token = array_open(m, 4);
    for (u32 i = 0; i < n; i++)
        put_string(m, list[i]);
    array_close(m, token, 4);
}

/* Types of the header fields by their codes. */
static const char field_types[] = " osssussg";

/* The header of m; its fields are those of h. */
static void out_begin(struct bus_out *m, const struct bus_msg *h)
{
    static const u16 one = 1;
    m->b.n = 0;
    m->b.over = false;
    put_u8(m, *(const u8 *)&one ? 'l' : 'B');
    put_u8(m, h->type);
    put_u8(m, h->type == MSG_CALL ? 0 : FLAG_NO_REPLY);
    put_u8(m, 1);
    put_u32(m, 0);
    put_u32(m, h->serial);
    u32 token = array_open(m, 8);
    for (u8 i = FIELD_PATH; i < FIELDS; i++) {
        const char type[] = { field_types[i], 0 }, *text = h->field[i];
        if (i == FIELD_REPLY ? !h->reply_to : !text || (i == FIELD_SIGNATURE && !*text))
            continue;
        put_struct(m);
        put_u8(m, i);
        put_variant(m, type);
        if (i == FIELD_REPLY)
            put_u32(m, h->reply_to);
        else if (i == FIELD_SIGNATURE)
            put_signature(m, text);
        else
            put_string(m, text);
    }
    array_close(m, token, 8);
    align(m, 8);
    m->body = m->b.n;
}

void out_call(struct bus_out *m, u32 serial, const char *dest, const char *path, const char *iface,
              const char *member, const char *signature)
{
    out_begin(m, &(struct bus_msg){ .type = MSG_CALL, .serial = serial, .dest = dest, .path = path, .iface = iface,
                                   .member = member, .signature = signature });
}

void out_return(struct bus_out *m, u32 serial, u32 reply_to, const char *signature)
{
    out_begin(m, &(struct bus_msg){ .type = MSG_RETURN, .serial = serial, .reply_to = reply_to, .signature = signature });
}

void out_error(struct bus_out *m, u32 serial, u32 reply_to, const char *name, const char *text)
{
    out_begin(m, &(struct bus_msg){ .type = MSG_ERROR, .serial = serial, .reply_to = reply_to, .error = name,
                                   .signature = "s" });
    put_string(m, text);
}

void out_signal(struct bus_out *m, u32 serial, const char *path, const char *iface, const char *member,
                const char *signature)
{
    out_begin(m, &(struct bus_msg){ .type = MSG_SIGNAL, .serial = serial, .path = path, .iface = iface,
                                   .member = member, .signature = signature });
}

bool out_end(struct bus_out *m)
{
    u32 body = m->b.n - m->body;
    if (m->b.over)
        return false;
    memcpy(m->b.p + 4, &body, sizeof body);
    return true;
}

/* ---- reading ------------------------------------------------------------------------------- */

void get_align(struct bus_in *in, u32 to)
{
    u32 at = (in->at + to - 1) & ~(to - 1);
    if (at > in->n || at < in->at)
        in->bad = true;
    else
        in->at = at;
}

static const u8 *take(struct bus_in *in, u32 n, u32 to)
{
    static const u8 zero[8];
    get_align(in, to);
    if (in->bad || n > in->n - in->at) {
        in->bad = true;
        return zero;
    }
    in->at += n;
    return in->p + in->at - n;
}

u8 get_u8(struct bus_in *in) { return *take(in, 1, 1); }

u16 get_u16(struct bus_in *in)
{
    u16 v;
    memcpy(&v, take(in, 2, 2), 2);
    return in->swap ? __builtin_bswap16(v) : v;
}

u32 get_u32(struct bus_in *in)
{
    u32 v;
    memcpy(&v, take(in, 4, 4), 4);
    return in->swap ? __builtin_bswap32(v) : v;
}

u64 get_u64(struct bus_in *in)
{
    u64 v;
    memcpy(&v, take(in, 8, 8), 8);
    return in->swap ? __builtin_bswap64(v) : v;
}

bool get_bool(struct bus_in *in)
{
    u32 v = get_u32(in);
    in->bad |= v > 1;
    return v == 1;
}

static const char *text_of(struct bus_in *in, u32 n)
{
    if (in->bad || n >= in->n - in->at || in->p[in->at + n] || memchr(in->p + in->at, 0, n)) {
        in->bad = true;
        return "";
    }
    const char *z = (const char *)in->p + in->at;
    in->at += n + 1;
    return z;
}

const char *get_string(struct bus_in *in) { return text_of(in, get_u32(in)); }

const char *get_signature(struct bus_in *in) { return text_of(in, get_u8(in)); }

u32 get_array(struct bus_in *in, u32 element_align)
{
    u32 n = get_u32(in);
    get_align(in, element_align);
    if (in->bad || n > in->n - in->at || n > 64u << 20) {
        in->bad = true;
        return in->at;
    }
    return in->at + n;
}

static u32 type_align(char c)
{
    return strchr("ybvg", c) && c != 'b' ? 1 : strchr("nq", c) ? 2 : strchr("xtd({", c) ? 8 : 4;
}

/* Skips one complete type of a signature, not its value; false: not a type. `depth` bounds nesting. */
static bool skip_type(const char **sig, u32 depth)
{
    char c = *(*sig)++;
    if (!c || !depth)
        return false;
    if (c == 'a')
        return skip_type(sig, depth - 1);
    if (c == '(' || c == '{') {
        while (**sig && **sig != ')' && **sig != '}')
            if (!skip_type(sig, depth - 1))
                return false;
        return *(*sig)++ == (c == '(' ? ')' : '}');
    }
    return strchr("ybnqiuxtdsogvh", c) != NULL;
}

static void skip_nested(struct bus_in *in, const char **sig, u32 depth)
{
    const char *start = *sig;
    char c = *start;
    if (!depth || !skip_type(sig, 32)) {
        in->bad = true;
        return;
    }
    if (c == 'y' || c == 'g') {
        if (c == 'y')
            (void)get_u8(in);
        else
            (void)get_signature(in);
    } else if (c == 'n' || c == 'q') {
        (void)take(in, 2, 2);
    } else if (strchr("xtd", c)) {
        (void)get_u64(in);
    } else if (c == 's' || c == 'o') {
        (void)get_string(in);
    } else if (c == 'v') {
        const char *inner = get_signature(in);
        skip_nested(in, &inner, depth - 1);
    } else if (c == 'a') {
        u32 end = get_array(in, type_align(start[1]));
        if (!in->bad)
            in->at = end;                /* the elements need not be looked at to be passed over */
    } else if (c == '(' || c == '{') {
        get_align(in, 8);
        for (const char *field = start + 1; !in->bad && *field != ')' && *field != '}';)
            skip_nested(in, &field, depth - 1);
    } else {
        (void)get_u32(in);               /* b i u h */
    }
}

void skip_value(struct bus_in *in, const char **signature) { skip_nested(in, signature, 32); }

/* ---- messages ------------------------------------------------------------------------------ */

int message_length(const u8 *p, u32 n, u32 limit)
{
    struct bus_in in = { p, MIN(n, 16u), 0, false, false };
    static const u16 one = 1;
    if (n < 16)
        return 0;
    u8 order = get_u8(&in), type = get_u8(&in);
    (void)get_u8(&in);
    u8 version = get_u8(&in);
    in.swap = order != (*(const u8 *)&one ? 'l' : 'B');
    u32 body = get_u32(&in);
    (void)get_u32(&in);
    u32 fields = get_u32(&in);
    if ((order != 'l' && order != 'B') || version != 1 || type < MSG_CALL || fields > 1u << 26 || body > 1u << 27)
        return -EBADMSG;
    u64 total = (((u64)16 + fields + 7) & ~7ull) + body;
    return total > limit ? -EMSGSIZE : (int)total;
}

static void read_field(struct bus_in *in, struct bus_msg *m)
{
    get_align(in, 8);
    u8 field = get_u8(in);
    const char *sig = get_signature(in);
    if (field < FIELD_PATH || field >= FIELDS)
        skip_value(in, &sig);            /* fields of later versions are passed over */
    else if (sig[0] != field_types[field] || sig[1])
        in->bad = true;
    else if (field == FIELD_REPLY)
        m->reply_to = get_u32(in);
    else
        m->field[field] = field == FIELD_SIGNATURE ? get_signature(in) : get_string(in);
}

int message_read(const u8 *p, u32 n, struct bus_msg *m)
{
    static const u16 one = 1;
    struct bus_in in = { p, n, 0, false, false };
    *m = (struct bus_msg){ .total = n };
    for (u32 i = 0; i < FIELDS; i++)
        m->field[i] = "";
    in.swap = get_u8(&in) != (*(const u8 *)&one ? 'l' : 'B');
    m->type = get_u8(&in);
    m->flags = get_u8(&in);
    (void)get_u8(&in);
    u32 body = get_u32(&in);
    m->serial = get_u32(&in);
    u32 end = get_array(&in, 8);
    while (!in.bad && in.at < end)
        read_field(&in, m);
    get_align(&in, 8);
    if (in.bad || in.at > n || n - in.at != body || !m->serial)
        return -EBADMSG;
    if ((m->type == MSG_CALL && (!*m->path || !*m->member)) || (m->type == MSG_SIGNAL && (!*m->path || !*m->iface))
        || ((m->type == MSG_RETURN || m->type == MSG_ERROR) && !m->reply_to))
        return -EBADMSG;
    m->body = (struct bus_in){ p + in.at, body, 0, in.swap, false };
    return 0;
}

/* ---- object paths -------------------------------------------------------------------------- */

void bus_path_of(const char *prefix, struct str name, struct buf *out)
{
    buf_z(out, prefix);
    if (!name.n)
        buf_c(out, '_');
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9' && i);
        if (plain)
            buf_c(out, c);
        else
            buf_fmt(out, "_%02x", (u8)c);
    }
}

bool bus_path_to(const char *path, const char *prefix, struct buf *name)
{
    const char *p = z_after(path, prefix);
    for (; p && *p; p++) {
        if (*p == '_' && parse_hex(p[1]) >= 0 && parse_hex(p[2]) >= 0) {
            buf_c(name, (char)(parse_hex(p[1]) << 4 | parse_hex(p[2])));
            p += 2;
        } else {
            buf_c(name, *p);
        }
    }
    return p && !name->over;
}
