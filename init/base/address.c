/* SPDX-License-Identifier: 0BSD
 *
 * Addresses as text: of networks, and those that sockets listen on. No socket is made here, nothing is looked up. */
#include "base.h"
#include "../sys.h"

/* ---- numbers of the internet ----------------------------------------------------------------- */

static int parse_ip4(struct str s, u8 *out)
{
    u8 bytes[4];
    if (str_ends(s, "."))
        return -EINVAL;
    for (int i = 0; i < 4; i++) {
        i32 v;
        struct str part = str_line(&s, '.');
        if (!part.p || !part.n || part.n > 3 || !in_set(part.p[0], "0123456789") || (part.n > 1 && part.p[0] == '0')
            || parse_int(part, 0, 255, &v) < 0)
            return -EINVAL;
        bytes[i] = (u8)v;
    }
    if (s.n)
        return -EINVAL;
    memcpy(out, bytes, 4);
    return 0;
}

static int parse_ip6(struct str s, u8 *out)
{
    u8 bytes[16] = { 0 };
    u32 n = 0;
    int gap = -1;
    if (str_starts(s, "::")) {
        gap = 0;
        s = str_from(s, 2);
    }
    while (s.n) {
        int colon = str_find(s, ':');
        struct str part = colon < 0 ? s : str_cut(s, (size_t)colon);
        if (colon < 0 && str_find(part, '.') >= 0) {
            if (n > 12 || parse_ip4(part, bytes + n) < 0)
                return -EINVAL;
            n += 4;
            break;
        }
        u32 v = 0;
        if (!part.n || part.n > 4 || n == 16)
            return -EINVAL;
        for (size_t i = 0; i < part.n; i++) {
            if (parse_hex(part.p[i]) < 0)
                return -EINVAL;
            v = v << 4 | (u32)parse_hex(part.p[i]);
        }
        bytes[n++] = (u8)(v >> 8);
        bytes[n++] = (u8)v;
        if (colon < 0)
            break;
        s = str_from(s, (size_t)colon + 1);
        if (str_starts(s, ":")) {
            if (gap >= 0)
                return -EINVAL;
            gap = (int)n;
            s = str_from(s, 1);
        } else if (!s.n) {
            return -EINVAL;
        }
    }
    if (gap < 0 ? n != 16 : n > 14)
        return -EINVAL;
    memset(out, 0, 16);
    if (gap < 0)
        gap = (int)n;
    memcpy(out, bytes, (size_t)gap);
    memcpy(out + 16 - (n - (u32)gap), bytes + gap, n - (u32)gap);
    return 0;
}

int parse_ip(struct str s, struct address *a)
{
    a->n = str_find(s, ':') < 0 ? 4 : 16;
    a->prefix = a->n * 8;
    return a->n == 4 ? parse_ip4(s, a->bytes) : parse_ip6(s, a->bytes);
}

int parse_prefix(struct str s, struct address *a)
{
    int slash = str_find(s, '/');
    i32 bits;
    int r = parse_ip(slash < 0 ? s : str_cut(s, (size_t)slash), a);
    if (r < 0 || slash < 0)
        return r;
    r = parse_int(str_from(s, (size_t)slash + 1), 0, (i32)a->n * 8, &bits);
    if (r < 0)
        return r;
    a->prefix = (u32)bits;
    for (u32 i = 0; i < a->n; i++)       /* what the mask does not cover counts for nothing */
        a->bytes[i] &= (u8)(a->prefix >= 8 * i + 8 ? 0xff : a->prefix <= 8 * i ? 0 : 0xff << (8 - a->prefix % 8));
    return 0;
}

/* Where the longest run of zeros begins, of at least two groups; 8: there is none. */
static u32 zeros_at(const u8 *bytes, u32 *n)
{
    u32 best = 8;
    *n = 1;
    for (u32 i = 0; i < 8; i++) {
        u32 end = i;
        while (end < 8 && !bytes[2 * end] && !bytes[2 * end + 1])
            end++;
        if (end - i > *n) {
            best = i;
            *n = end - i;
        }
    }
    return best;
}

void write_ip(const struct address *a, struct buf *out)
{
    u32 n, gap = zeros_at(a->bytes, &n);
    if (a->n == 4) {
        buf_fmt(out, "%u.%u.%u.%u", a->bytes[0], a->bytes[1], a->bytes[2], a->bytes[3]);
        return;
    }
    for (u32 i = 0; i < 8; i++) {
        if (i == gap) {
            buf_z(out, "::");
            i += n - 1;
            continue;
        }
        buf_fmt(out, "%s%x", i && i != gap + n ? ":" : "", (u32)a->bytes[2 * i] << 8 | a->bytes[2 * i + 1]);
    }
}

/* ---- what sockets listen on ------------------------------------------------------------------ */

bool interface_valid(struct str name)
{
    bool digits = true;
    for (size_t i = 0; i < name.n; i++) {
        if ((u8)name.p[i] <= ' ' || (u8)name.p[i] >= 127 || in_set(name.p[i], ":/%"))
            return false;
        digits &= in_set(name.p[i], "0123456789");
    }
    return name.n && name.n < 16 && !digits && !str_is(name, ".") && !str_is(name, "..") && !str_is(name, "all")
        && !str_is(name, "default");
}

static int parse_port(struct str s, u32 *port)
{
    u64 v;
    int r = parse_u64(s, 0, &v);
    if (r == 0 && v > 65535)
        r = -ERANGE;
    if (r == 0 && !v)
        r = -EINVAL;
    if (r == 0)
        *port = (u32)v;
    return r;
}

/* [ip6]:port, or with %link behind it */
static int listen_ip6(struct str s, struct buf *out)
{
    struct address a;
    u32 port;
    int close = str_rfind(s, ']');
    if (close < 0 || parse_ip6(str_cut(str_from(s, 1), (size_t)close - 1), a.bytes) < 0)
        return -EINVAL;
    a.n = 16;
    s = str_from(s, (size_t)close + 1);
    if (!str_starts(s, ":"))
        return -EINVAL;
    s = str_from(s, 1);
    int link = str_find(s, '%');
    struct str name = link < 0 ? S("") : str_from(s, (size_t)link + 1);
    int r = parse_port(link < 0 ? s : str_cut(s, (size_t)link), &port);
    if (r < 0)
        return r;
    if (link >= 0) {
        BUF(path, 64);
        if (!interface_valid(name))
            return -EINVAL;
        buf_fmt(&path, "/sys/class/net/%.*s", (int)name.n, name.p);
        if (sys_access(buf_end(&path), 0) < 0)
            return -ENODEV;
    }
    buf_c(out, '[');
    write_ip(&a, out);
    buf_fmt(out, "]:%u%s%.*s", port, link < 0 ? "" : "%", (int)name.n, name.p);
    return 0;
}

static int listen_vsock(struct str s, struct buf *out)
{
    u64 cid = 0, port;
    struct str first = str_line(&s, ':');
    if (!s.n || (first.n && parse_u64(first, 0, &cid) < 0) || parse_u64(s, 0, &port) < 0
        || cid > UINT32_MAX || port > UINT32_MAX)
        return -EINVAL;
    buf_z(out, "vsock:");
    if (first.n)
        buf_u64(out, cid);
    buf_c(out, ':');
    buf_u64(out, port);
    return 0;
}

int parse_listen(struct str s, struct buf *out)
{
    struct address a;
    u32 port;
    int colon = str_rfind(s, ':');
    if (str_starts(s, "/") || str_starts(s, "@")) {
        buf_str(out, s);
        return s.n < 2 || s.n > (s.p[0] == '@' ? 108 : 107) || memchr(s.p, 0, s.n) ? -EINVAL : 0;
    }
    if (str_starts(s, "["))
        return listen_ip6(s, out);
    if (str_starts(s, "vsock:"))
        return listen_vsock(str_from(s, 6), out);
    if (colon >= 0) {
        if (parse_ip4(str_cut(s, (size_t)colon), a.bytes) < 0)
            return -EINVAL;
        int r = parse_port(str_from(s, (size_t)colon + 1), &port);
        a.n = 4;
        write_ip(&a, out);
        buf_fmt(out, ":%u", port);
        return r;
    }
    int r = parse_port(s, &port);        /* a port alone: all addresses, IPv6's where the kernel has it */
    if (r == 0)
        buf_fmt(out, sys_access("/proc/net/if_inet6", 0) < 0 ? "0.0.0.0:%u" : "[::]:%u", port);
    return r;
}
