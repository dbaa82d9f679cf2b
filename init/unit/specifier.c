/* SPDX-License-Identifier: 0BSD
 *
 * %-specifiers of systemd.unit(5), "SPECIFIERS", for the system manager. What needs the machine
 * (ids, os-release, host name) is read when a file first asks for it. */
#include "unit.h"
#include "../sys.h"

#include <sys/utsname.h>

const char *specifier_fragment = "";     /* path of the file being read, for %y and %Y */

/* Fixed answers of the system manager. */
static const struct { char letter; const char *text; } fixed[] = {
    { 'C', "/var/cache" }, { 'E', "/etc" }, { 'g', "root" }, { 'G', "0" }, { 'h', "/root" },
    { 'L', "/var/log" }, { 's', "/bin/sh" }, { 'S', "/var/lib" }, { 't', "/run" }, { 'T', "/tmp" },
    { 'u', "root" }, { 'U', "0" }, { 'V', "/var/tmp" }, { '%', "%" },
};

/* Letters that stand for a field of os-release(5). */
static const struct { char letter; const char *key; } os_fields[] = {
    { 'A', "IMAGE_VERSION" }, { 'B', "BUILD_ID" }, { 'M', "IMAGE_ID" }, { 'o', "ID" },
    { 'w', "VERSION_ID" }, { 'W', "VARIANT_ID" },
};

/* Reads a small file into text; 0 or a negative errno. */
static int small_file(const char *path, char *text, u32 size, struct str *out)
{
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return fd;
    ssize_t n = sys_read(fd, text, size);
    sys_close(fd);
    if (n < 0)
        return (int)n;
    *out = str_trim((struct str){ text, (size_t)n });
    return 0;
}

static int put_os_field(const char *key, struct buf *out)
{
    char text[4096];
    struct str rest, line;
    if (small_file("/etc/os-release", text, sizeof text, &rest) < 0
        && small_file("/usr/lib/os-release", text, sizeof text, &rest) < 0)
        return -ENOENT;
    while ((line = str_line(&rest, '\n')).p) {
        int eq = str_find(line, '=');
        if (eq <= 0 || !str_is(str_cut(line, (size_t)eq), key))
            continue;
        struct str value = str_from(line, (size_t)eq + 1);
        BUF(word, 256);
        if (word_next(&value, "\n", WORD_UNQUOTE, &word) > 0)
            buf_put(out, word.p, word.n);
        return 0;
    }
    return 0;                            /* a field that is not there is the empty text */
}

/* 32 hex digits, with or without dashes. */
static int put_id(const char *path, struct buf *out)
{
    char text[64];
    struct str id = { NULL, 0 };
    int r = small_file(path, text, sizeof text, &id);
    if (r < 0)
        return r;
    u32 digits = 0;
    for (size_t i = 0; i < id.n; i++) {
        if (id.p[i] == '-')
            continue;
        if (parse_hex(id.p[i]) < 0)
            return -EINVAL;
        buf_c(out, id.p[i]);
        digits++;
    }
    return digits == 32 ? 0 : -ENODATA;
}

static void put_host(struct utsname *u, char which, struct buf *out)
{
    if (which == 'v') {
        buf_z(out, u->release);
    } else if (which == 'a') {
        bool x86 = STREQ(u->machine, "x86_64"), arm = STREQ(u->machine, "aarch64");
        buf_z(out, x86 ? "x86-64" : arm ? "arm64" : u->machine);
    } else {
        struct str host = str_of(u->nodename);
        int dot = which == 'l' ? str_find(host, '.') : -1;
        buf_str(out, dot < 0 ? host : str_cut(host, (size_t)dot));
    }
}

/* %i %I %j %J %n %N %p %P %f: parts of the unit's own name. */
static int put_name_part(struct str unit, char which, struct buf *out)
{
    struct str prefix = unit_name_prefix(unit), instance = unit_name_instance(unit);
    bool has_instance = unit_name_is_instance(unit);
    int dash = str_rfind(prefix, '-');
    struct str last = str_from(prefix, (size_t)dash + 1);
    switch (which) {
    case 'n': buf_str(out, unit); return 0;
    case 'N': buf_str(out, str_cut(unit, (size_t)MAX(str_rfind(unit, '.'), 0))); return 0;
    case 'p': buf_str(out, prefix); return 0;
    case 'P': return unit_name_unescape(prefix, out);
    case 'i': buf_str(out, instance); return 0;
    case 'I': return unit_name_unescape(instance, out);
    case 'j': buf_str(out, last); return 0;
    case 'J': return unit_name_unescape(last, out);
    default:                             /* %f */
        if (has_instance)
            return unit_path_unescape(instance, out);
        buf_c(out, '/');
        return unit_name_unescape(prefix, out);
    }
}

static int put_specifier(struct str unit, char c, struct buf *out)
{
    struct utsname u;
    for (u32 i = 0; i < LEN(fixed); i++)
        if (fixed[i].letter == c) {
            buf_z(out, fixed[i].text);
            return 0;
        }
    for (u32 i = 0; i < LEN(os_fields); i++)
        if (os_fields[i].letter == c)
            return put_os_field(os_fields[i].key, out);
    if (strchr("nNpPiIjJf", c))
        return put_name_part(unit, c, out);
    if (strchr("vaHlq", c)) {
        int r = sys_uname(&u);
        if (r == 0)
            put_host(&u, c, out);
        return r;
    }
    if (c == 'b')
        return put_id("/proc/sys/kernel/random/boot_id", out);
    if (c == 'm')
        return put_id("/etc/machine-id", out);
    if (c == 'd')
        return buf_fmt(out, "/run/credentials/%.*s", (int)unit.n, unit.p), 0;
    if (c == 'y' || c == 'Y') {
        struct str path = str_of(specifier_fragment);
        buf_str(out, c == 'y' ? path : str_cut(path, (size_t)MAX(str_rfind(path, '/'), 0)));
        return 0;
    }
    buf_c(out, '%');                     /* not a specifier: stays as it is */
    buf_c(out, c);
    return 0;
}

int specifier_expand(struct str unit, struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '%' || i + 1 == text.n) {
            buf_c(out, text.p[i]);
            continue;
        }
        int r = put_specifier(unit, text.p[++i], out);
        if (r < 0)
            return r;
    }
    return out->over ? -E2BIG : 0;
}
