/* SPDX-License-Identifier: 0BSD
 *
 * Names of units and their escaping: systemd.unit(5), systemd-escape(1). Pure text. */
#include "unit.h"

/* In the order of enum unit_type. */
const char type_names[] =
    "service\0mount\0swap\0socket\0target\0device\0automount\0timer\0path\0slice\0scope\0";

const char *unit_type_name(int type) { return name_of(type_names, type); }

int unit_type_of(struct str name)
{
    int dot = str_rfind(name, '.');
    i32 type;
    return dot < 0 || name_find(type_names, str_from(name, (size_t)dot + 1), &type) < 0 ? -EINVAL : type;
}

/* Without the type. A place of -1 is that of no dot, and all of the name. */
static struct str stem_of(struct str name) { return str_cut(name, (size_t)str_rfind(name, '.')); }

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
        || (c && strchr(":-_.\\", c));
}

bool unit_name_valid(struct str name)
{
    if (!name.n || name.n >= UNIT_NAME_BYTES || unit_type_of(name) < 0)
        return false;
    struct str stem = stem_of(name);
    if (!stem.n || stem.p[0] == '@')
        return false;
    for (size_t i = 0; i < stem.n; i++)
        if (!name_char(stem.p[i]) && stem.p[i] != '@')
            return false;
    return true;
}

bool unit_name_is_template(struct str name) { return str_ends(stem_of(name), "@") && !unit_name_is_instance(name); }

bool unit_name_is_instance(struct str name) { return unit_name_instance(name).n; }

struct str unit_name_prefix(struct str name)
{
    struct str stem = stem_of(name);
    return str_cut(stem, (size_t)str_find(stem, '@'));
}

struct str unit_name_instance(struct str name)
{
    struct str stem = stem_of(name);
    int at = str_find(stem, '@');
    return str_from(stem, at < 0 ? stem.n : (size_t)at + 1);
}

static void put_name(struct str name, struct str instance, struct buf *out)
{
    buf_str(out, unit_name_prefix(name));
    buf_c(out, '@');
    buf_str(out, instance);
    buf_str(out, str_from(name, (size_t)MAX(str_rfind(name, '.'), 0)));
}

void unit_name_template(struct str name, struct buf *out) { put_name(name, S(""), out); }

int unit_name_with_instance(struct str name, struct str instance, struct buf *out)
{
    u32 at = out->n;
    if (str_rfind(name, '.') < 0 || str_find(name, '@') < 0)
        return -EINVAL;
    put_name(name, instance, out);
    return out->over || !unit_name_valid(str_from(STR(*out), at)) ? -EINVAL : 0;
}

/* ---- escaping ------------------------------------------------------------------------------ */

static void put_char(struct buf *out, char c, bool plain)
{
    buf_fmt(out, plain || c == '/' ? "%c" : "\\x%02x", c == '/' ? '-' : (u8)c);
}

void unit_name_escape(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        put_char(out, c, name_char(c) && c != '-' && c != '\\' && (c != '.' || i));
    }
}

int unit_name_unescape(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\\') {
            if (i + 3 >= text.n || text.p[i + 1] != 'x' || parse_hex(text.p[i + 2]) < 0
                || parse_hex(text.p[i + 3]) < 0)
                return -EINVAL;
            buf_c(out, (char)(parse_hex(text.p[i + 2]) << 4 | parse_hex(text.p[i + 3])));
            i += 3;
        } else {
            buf_c(out, c == '-' ? '/' : c);
        }
    }
    return out->over ? -ENAMETOOLONG : 0;
}

/* True when one of the path's parts is "..". */
static bool has_dotdot(struct str path)
{
    for (struct str part; (part = str_word(&path, "/")).p;)
        if (str_is(part, ".."))
            return true;
    return false;
}

int unit_path_escape(struct str path, struct buf *out)
{
    BUF(simple, PATH_BYTES);
    path_simplify(path, false, &simple);
    struct str s = STR(simple);
    if (has_dotdot(s) || simple.over)
        return -EINVAL;
    if (str_starts(s, "/"))
        s = str_from(s, 1);
    if (!s.n)
        buf_c(out, '-');
    unit_name_escape(s, out);
    return 0;
}

int unit_path_unescape(struct str text, struct buf *out)
{
    BUF(plain, PATH_BYTES);
    if (!text.n)
        return -EINVAL;
    if (str_is(text, "-")) {
        buf_c(out, '/');
        return 0;
    }
    int r = unit_name_unescape(text, &plain);
    struct str s = STR(plain);
    if (r < 0 || str_starts(s, "/") || str_ends(s, "/") || !s.n)
        return -EINVAL;
    for (struct str rest = s, part; (part = str_line(&rest, '/')).p;)
        if (!part.n || str_is(part, ".") || str_is(part, ".."))
            return -EINVAL;
    buf_c(out, '/');
    buf_str(out, s);
    return 0;
}

int unit_name_from_path(struct str path, const char *suffix, struct buf *out)
{
    u32 at = out->n;
    int r = unit_path_escape(path, out);
    if (r < 0)
        return r;
    buf_z(out, suffix);
    /* TODO of a later issue: systemd shortens longer names and appends a hash. */
    return out->over || out->n - at >= UNIT_NAME_BYTES ? -ENAMETOOLONG : 0;
}

int unit_name_to_path(struct str name, struct buf *out)
{
    if (!unit_name_valid(name))
        return -EINVAL;
    return unit_path_unescape(unit_name_prefix(name), out);
}

/* What a person types -> a unit name: paths become mounts or devices, characters that may not be in
 * a name are escaped, a missing type is `suffix`. 1: changed, 0: taken as it is. */
int unit_name_mangle(struct str text, bool globs, const char *suffix, struct buf *out)
{
    u32 at = out->n;
    if (!text.n)
        return -EINVAL;
    if (unit_name_valid(text)) {
        buf_str(out, text);
        return 0;
    }
    bool glob = false;
    for (size_t i = 0; globs && i < text.n; i++)
        glob |= strchr("*?[", text.p[i]) != NULL;
    if (!glob && text.p[0] == '/') {
        bool device = str_starts(text, "/dev/") || str_starts(text, "/sys/");
        return unit_name_from_path(text, device ? ".device" : ".mount", out) < 0 ? -EINVAL : 1;
    }
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        put_char(out, c, name_char(c) || c == '@' || (glob && strchr("*?[]!", c)));
    }
    struct str made = { out->p + at, out->n - at };
    if (!glob && unit_type_of(made) < 0)
        buf_z(out, suffix);
    if (out->over)
        return -ENAMETOOLONG;
    made = (struct str){ out->p + at, out->n - at };
    return glob && str_eq(made, text) ? 0 : 1;
}

/* ---- slices -------------------------------------------------------------------------------- */

bool slice_name_valid(struct str name)
{
    if (!unit_name_valid(name) || unit_type_of(name) != UNIT_SLICE || str_find(name, '@') >= 0)
        return false;
    struct str stem = stem_of(name);
    if (str_is(stem, "-"))
        return true;
    for (size_t i = 0; i < stem.n; i++)
        if (stem.p[i] == '-' && (i == 0 || i + 1 == stem.n || stem.p[i + 1] == '-'))
            return false;
    return true;
}

int slice_parent(struct str name, struct buf *out)
{
    if (!slice_name_valid(name))
        return -EINVAL;
    struct str stem = stem_of(name);
    if (str_is(stem, "-"))
        return 0;
    int dash = str_rfind(stem, '-');
    buf_str(out, dash < 0 ? S("-") : str_cut(stem, (size_t)dash));
    buf_z(out, ".slice");
    return 1;
}

/* ---- paths --------------------------------------------------------------------------------- */

void path_simplify(struct str path, bool keep_slash, struct buf *out)
{
    bool absolute = str_starts(path, "/"), first = true;
    u32 at = out->n;
    struct str rest = path, part;
    if (!path.n)
        return;
    if (absolute)
        buf_c(out, '/');
    while ((part = str_word(&rest, "/")).p) {
        if (str_is(part, "."))
            continue;
        if (absolute && first && str_is(part, ".."))
            continue;                    /* /.. is / */
        if (!first)
            buf_c(out, '/');
        buf_str(out, part);
        first = false;
    }
    if (out->n == at)
        buf_c(out, '.');
    if (keep_slash && str_ends(path, "/") && out->p[out->n - 1] != '/')
        buf_c(out, '/');
}

bool path_valid(struct str path)
{
    return str_starts(path, "/") && path.n < PATH_BYTES && !has_dotdot(path);
}

bool path_below(struct str path, const char *above)
{
    size_t n = strlen(above);
    return str_starts(path, above) && (n == 1 || path.n == n || path.p[n] == '/');
}

bool path_below_any(struct str path, const char *words)
{
    for (EACH(above, words))
        if (path_below(path, above))
            return true;
    return false;
}
