/* SPDX-License-Identifier: 0BSD
 *
 * %-specifiers of systemd.unit(5), "SPECIFIERS", for the system manager. What needs the machine
 * (ids, os-release, host name) is read when a file first asks for it. */
#include "unit.h"
#include "../sys.h"

#include <sys/utsname.h>

const char *specifier_fragment = "";     /* path of the file being read, for %y and %Y */

/* Letters, and behind each its fixed answer in the system manager. */
static const char fixed[] =
    "C/var/cache\0E/etc\0groot\0G0\0h/root\0L/var/log\0s/bin/sh\0S/var/lib\0t/run\0T/tmp\0uroot\0U0\0V/var/tmp\0%%\0";

/* Letters, and behind each the field of os-release(5) that it stands for. */
static const char os_fields[] = "AIMAGE_VERSION\0BBUILD_ID\0MIMAGE_ID\0oID\0wVERSION_ID\0WVARIANT_ID\0";

static int put_os_field(const char *key, struct buf *out)
{
    char text[4096], path[PATH_BYTES];
    if (file_get(rooted("/etc/os-release", path), text, sizeof text) < 0
        && file_get(rooted("/usr/lib/os-release", path), text, sizeof text) < 0)
        return -ENOENT;
    for (struct str rest = str_of(text), value; (value = str_line(&rest, '\n')).p;) {
        BUF(word, 256);
        if (!str_is(str_line(&value, '='), key))
            continue;
        if (word_next(&value, "\n", WORD_UNQUOTE, &word) > 0)
            buf_str(out, STR(word));
        break;
    }
    return 0;                            /* a field that is not there is the empty text */
}

/* 32 hex digits, with or without dashes. */
static int put_id(const char *path, struct buf *out)
{
    char text[64];
    int r = file_get(path, text, sizeof text);
    struct str id = str_trim(str_of(text));
    u32 digits = 0;
    for (size_t i = 0; i < id.n; i++) {
        if (id.p[i] == '-')
            continue;
        if (parse_hex(id.p[i]) < 0)
            return -EINVAL;
        buf_c(out, id.p[i]);
        digits++;
    }
    return r < 0 ? r : digits == 32 ? 0 : -ENODATA;
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
    struct str part = unit_name_prefix(unit), instance = unit_name_instance(unit);
    if (which == 'f') {
        if (instance.n)
            return unit_path_unescape(instance, out);
        buf_c(out, '/');
    } else if (which == 'n') {
        part = unit;
    } else if (which == 'N') {
        part = str_cut(unit, (size_t)MAX(str_rfind(unit, '.'), 0));
    } else if ((which | 32) == 'i') {
        part = instance;
    } else if ((which | 32) == 'j') {
        part = str_from(part, (size_t)str_rfind(part, '-') + 1);
    }
    if (strchr("fPIJ", which))
        return unit_name_unescape(part, out);
    buf_str(out, part);
    return 0;
}

static int put_specifier(struct str unit, char c, struct buf *out)
{
    struct utsname u;
    char full[PATH_BYTES];
    for (EACH(text, fixed))
        if (*text == c) {
            buf_z(out, text + 1);
            return 0;
        }
    for (EACH(field, os_fields))
        if (*field == c)
            return put_os_field(field + 1, out);
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
        return put_id(rooted("/etc/machine-id", full), out);
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
    for (;;) {
        int at = str_find(text, '%');
        if (at < 0 || (size_t)at + 1 == text.n)
            break;
        buf_put(out, text.p, (u32)at);
        int r = put_specifier(unit, text.p[at + 1], out);
        if (r < 0)
            return r;
        text = str_from(text, (size_t)at + 2);
    }
    buf_str(out, text);
    return out->over ? -E2BIG : 0;
}
