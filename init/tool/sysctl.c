/* SPDX-License-Identifier: 0BSD
 *
 * systemd-sysctl: writes what sysctl.d(5) says into /proc/sys. All files are read first: the last assignment of a name
 * counts, and a name of its own goes before patterns. */
#include "tool.h"

enum { OPTIONS_MAX = 4096 };                 /* there are about 1,000 names in /proc/sys, more with many interfaces */

struct assignment_of { const char *key, *value /* NULL: not for patterns */; bool may_fail; };

static struct assignment_of all[OPTIONS_MAX];
static u32 all_n;

/* "net.ipv4.ip_forward" or "net/ipv4/ip_forward": the first separator tells; in the first form the two are exchanged.
 * In place. */
static char *normalize(char *name)
{
    char *first = name + strcspn(name, "/.");
    struct buf *simple = z_buf();
    bool exchange = *first == '.';
    for (char *p = first; exchange && *p; p++)
        *p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
    path_simplify(str_of(name), false, simple);
    char *z = buf_end(simple);
    z += z[0] == '/' && z[1];
    return z;
}

static struct assignment_of *find(const char *key)
{
    for (u32 i = 0; i < all_n; i++)
        if (STREQ(all[i].key, key))
            return &all[i];
    return NULL;
}

/* The one that was overwritten goes, so that the order is that of the last assignments. */
static int put(const char *key, const char *value, bool may_fail)
{
    struct assignment_of *old = find(key);
    if (old && (old->value == value || (old->value && value && STREQ(old->value, value)))) {
        old->may_fail |= may_fail;
        return 0;
    }
    if (old) {
        memmove(old, old + 1, (size_t)(&all[all_n] - (old + 1)) * sizeof *old);
        all_n--;
    }
    if (all_n == OPTIONS_MAX)
        return config_say(LOG_ERR, "Limit OPTIONS_MAX (%u names) reached, ignoring %s.", OPTIONS_MAX, key);
    struct assignment_of a = { keep(str_of(key)), value ? keep(str_of(value)) : NULL, may_fail };
    if (!a.key || (value && !a.value))
        return -ENOMEM;
    all[all_n++] = a;
    return 0;
}

static int take(char *line)
{
    char *value = strchr(line, '=');
    bool minus = line[0] == '-';
    if (!value && !minus) {
        config_say(LOG_WARNING, "Line is not an assignment, ignoring: %s", line);
        return -EINVAL;
    }
    struct str name = str_trim((struct str){ line + minus, (value ? (size_t)(value - line) : strlen(line)) - minus });
    struct str text = value ? str_trim(str_of(value + 1)) : (struct str){ NULL, 0 };
    const char *key = normalize(z_fmt("%.*s", (int)name.n, name.p));
    if (!is_glob(key) && !prefix_wanted(key))
        return 0;
    return put(key, text.p, minus && value);
}

/* ---- writing ------------------------------------------------------------------------------- */

static int write_value(const char *key, const char *value)
{
    static char now[1 << 16];
    char path[PATH_BYTES];
    path_fmt(path, "/proc/sys/%s", key);
    if (!path_valid(str_of(path)))
        return -EINVAL;
    int n = file_get(path, now, sizeof now);
    if (n >= 0 && str_eq(str_trim((struct str){ now, (size_t)n }), str_of(value)))
        return 0;                            /* some of these act at every write */
    return file_put(path, str_of(z_fmt("%s\n", value)), 0);
}

static int write_or_warn(const struct assignment_of *a, const char *key)
{
    int r = write_value(key, a->value);
    if (r >= 0 || a->may_fail || (!args.strict && (r == -EROFS || r == -EPERM || r == -EACCES)))
        return 0;
    bool ignore = r == -ENOENT && !args.strict;
    log_line(ignore ? LOG_WARNING : LOG_ERR, "Couldn't write '%s' to '%s'%s: %s", a->value, key, ignore ? ", ignoring" : "", strerror(-r));
    return ignore ? 0 : r;
}

static const struct assignment_of *pattern;

static int write_match(const char *path)
{
    const char *key = z_after(path, "/proc/sys/");
    return !key || find(key) || !prefix_wanted(key) ? 0 : write_or_warn(pattern, key);
}

static int write_all(void)
{
    int first = 0;
    for (u32 i = 0; i < all_n; i++) {
        const struct assignment_of *a = pattern = &all[i];
        int r = 0;
        if (!a->value)
            continue;
        if (is_glob(a->key))
            r = glob_each(z_fmt("/proc/sys/%s", a->key), true, write_match);
        else
            r = write_or_warn(a, a->key);
        first = first < 0 ? first : r;
    }
    return first;
}

#define OPTIONS(O) TOOL_OPTIONS(O) O(EACH_ONE, 0, "prefix", prefixes) O(FLAG, 0, "strict", strict)

static const struct options options = OPTIONS_OF(OPTIONS);

int sysctl_main(int argc, char **argv)
{
    static const struct config config = { "sysctl.d", "#;", "Failed to open file '%s', ignoring: %s", take, true };
    int status;
    if (tool_begin(&options, &config, "Applies kernel sysctl settings.", &argc, argv, &status))
        return status;
    for (u32 i = 0; i < args.prefixes.n; i++) {
        const char *key = normalize((char *)(uintptr_t)args.prefixes.items[i]), *below = z_after(key, "proc/sys/");
        args.prefixes.items[i] = keep(str_of(below ? below : key));
    }
    int r = config_read(&config, argc, argv);
    int q = write_all();
    return r < 0 || q < 0;
}
