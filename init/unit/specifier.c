/* SPDX-License-Identifier: 0BSD
 *
 * %-specifiers of systemd.unit(5), "SPECIFIERS", for the system manager. What needs the machine
 * (ids, os-release, host name) is read when a file first asks for it. */
#include "unit.h"
#include "../sys.h"

#include <sys/utsname.h>

#define LITTLE(name) name IS_LITTLE
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define IS_LITTLE "-le"
#else
#define IS_LITTLE ""
#endif

const char *specifier_fragment = "";     /* path of the unit's own file, for %y and %Y; "": it has none */

/* Letters, and behind each its fixed answer in the system manager. */
static const char fixed[] =
    "C/var/cache\0E/etc\0groot\0G0\0h/root\0L/var/log\0s/bin/sh\0S/var/lib\0t/run\0T/tmp\0uroot\0U0\0V/var/tmp\0%%\0";

/* Letters, and behind each the field of os-release(5) that it stands for. */
static const char os_fields[] = "AIMAGE_VERSION\0BBUILD_ID\0MIMAGE_ID\0oID\0wVERSION_ID\0WVARIANT_ID\0";

/* The value of the last line "key=value" of a file like os-release(5) or machine-info(5); nothing: the empty text. */
static void put_field(const char *file, const char *key, struct buf *out)
{
    u32 at = out->n;
    for (struct str rest = str_of(file), value; (value = str_line(&rest, '\n')).p;) {
        BUF(word, 512);
        if (!str_is(str_line(&value, '='), key))
            continue;
        out->n = at;
        if (word_next(&value, "\n", WORD_UNQUOTE, &word) > 0)
            buf_str(out, STR(word));
    }
}

int specifier_os_field(const char *key, struct buf *out)
{
    char text[4096], path[PATH_BYTES];
    if (file_get(rooted("/etc/os-release", path), text, sizeof text) < 0
        && file_get(rooted("/usr/lib/os-release", path), text, sizeof text) < 0)
        return -EUNATCH;
    put_field(text, key, out);
    return 0;
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

/* What uname(2) says, in systemd's words, where these are others: all of "arm", and what begins with it. */
static const char architectures[] =
    "x86_64\0x86-64\0aarch64\0arm64\0aarch64_be\0arm64-be\0i386\0x86\0i486\0x86\0i586\0x86\0i686\0x86\0"
    "ppc64le\0ppc64-le\0ppcle\0ppc-le\0mips\0" LITTLE("mips") "\0mips64\0" LITTLE("mips64") "\0sh5\0sh64\0"
    "crisv32\0cris\0arceb\0arc-be\0";

static void put_host(struct utsname *u, char which, struct buf *out)
{
    struct str host = str_of(u->nodename);
    int dot = which == 'H' ? -1 : str_find(host, '.');
    const char *name = z_lookup(architectures, u->machine);
    char text[1024];
    u32 at = out->n;
    if (which == 'v') {
        buf_z(out, u->release);
    } else if (which == 'a') {
        bool arm = z_after(u->machine, "armv");
        buf_z(out, name ? name : !arm ? u->machine : z_ends(u->machine, "b") ? "arm-be" : "arm");
    } else {
        if (which == 'q' && file_get("/etc/machine-info", text, sizeof text) > 0)
            put_field(text, "PRETTY_HOSTNAME", out);
        if (out->n == at)
            buf_str(out, dot < 0 ? host : str_cut(host, (size_t)dot));
    }
}

/* %i %I %j %J %n %N %p %P %f: parts of the unit's own name. */
static int put_name_part(struct str unit, char which, struct buf *out)
{
    struct str part = unit_name_prefix(unit), instance = unit_name_instance(unit);
    if (which == 'f')
        return unit_path_unescape(instance.n ? instance : part, out);
    if (which == 'n') {
        part = unit;
    } else if (which == 'N') {
        part = str_cut(unit, (size_t)MAX(str_rfind(unit, '.'), 0));
    } else if ((which | 32) == 'i') {
        part = instance;
    } else if ((which | 32) == 'j') {
        part = str_from(part, (size_t)str_rfind(part, '-') + 1);
    }
    if (strchr("PIJ", which))
        return unit_name_unescape(part, out);
    buf_str(out, part);
    return 0;
}

/* %y and %Y: where the unit's own file really lies, and its folder. */
static int put_fragment(char which, struct buf *out)
{
    char path[PATH_BYTES], link[32], real[PATH_BYTES];
    int fd = *specifier_fragment ? sys_open(rooted(specifier_fragment, path), O_PATH) : -ENOENT;
    struct buf b = BUF_OVER(link);
    buf_fmt(&b, TEXT("/proc/self/fd/%d"), fd);
    struct str full = str_of(specifier_fragment);
    if (fd >= 0 && sys_readlinkat(AT_FDCWD, buf_end(&b), real, sizeof real) > 0 && str_starts(str_of(real), search_root))
        full = str_of(real + strlen(search_root));
    sys_close(fd);
    buf_str(out, which == 'y' ? full : str_cut(full, (size_t)MAX(str_rfind(full, '/'), 0)));
    return full.n ? 0 : -ENOENT;
}

/* %c, %r, %R: the unit's control group, that of its slice, and the root of all. Deprecated, and as odd as in systemd:
 * they know nothing of a Slice= that comes later. */
static void put_cgroup(struct str unit, char which, struct buf *out)
{
    log_line(LOG_WARNING, "%.*s: Specifier '%%%c' used in unit configuration, which is deprecated. Please update your unit "
             "file, as it does not work as intended.", (int)unit.n, unit.p, which);
    if (which != 'R')
        buf_z(out, "/system.slice");
    if (which == 'c')
        buf_fmt(out, "/%.*s", (int)unit.n, unit.p);
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
            return specifier_os_field(field + 1, out);
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
        return buf_fmt(out, TEXT("/run/credentials/%.*s"), (int)unit.n, unit.p), 0;
    if (c == 'y' || c == 'Y')
        return put_fragment(c, out);
    if (c == 'c' || c == 'r' || c == 'R')
        return put_cgroup(unit, c, out), 0;
    if ((u8)((c | 32) - 'a') < 26 || (u8)(c - '0') < 10)
        return -EBADSLT;                 /* kept for specifiers to come */
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
    return out->over ? -ENAMETOOLONG : 0;
}

int specifier_expand_name(struct str unit, struct str text, struct buf *out)
{
    for (size_t i = 0; i + 1 < text.n; i++)
        if (text.p[i] == '%' && memchr("IJPfyYcrRCdELSthsTV", text.p[++i], 19))
            return -EBADSLT;
    u32 at = out->n;
    int r = specifier_expand(unit, text, out);
    return r < 0 ? r : out->n - at > UNIT_NAME_BYTES ? -ENAMETOOLONG : 0;
}
