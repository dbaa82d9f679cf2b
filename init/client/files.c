/* SPDX-License-Identifier: 0BSD
 *
 * Verbs on unit files: enable and its kin, cat. They work on the files directly, with --root= on those
 * of another tree; PID 1 is told to read them again. */
#include "client.h"

static int reload(void)
{
    char *argv[] = { "daemon-reload", NULL };
    struct stat st;
    if (args.root || args.no_reload || sys_stat("/run/systemd/system", &st) < 0)
        return 0;
    return verb_daemon_reload(1, argv);
}

/* What was done and what went wrong, as unit/install.c reports it. */
static char report_space[64 << 10];

static void put_report(struct buf *report)
{
    out_flush();
    if (!args.quiet && report->n)
        (void)complain("%.*s", (int)(report->n - 1), buf_end(report));
}

static void explain_static(void)
{
    const char *b = glyph(GLYPH_BULLET);
    complain("The unit files have no installation config (WantedBy=, RequiredBy=, Also=,\n"
             "Alias= settings in the [Install] section, and DefaultInstance= for template\n"
             "units). This means they are not meant to be enabled using systemctl.\n \n"
             "Possible reasons for having this kind of units are:\n"
             "%s A unit may be statically enabled by being symlinked from another unit's\n"
             "  .wants/ or .requires/ directory.\n"
             "%s A unit's purpose may be to act as a helper for some other unit which has\n"
             "  a requirement dependency on it.\n"
             "%s A unit may be started when needed via activation (socket, path, timer,\n"
             "  D-Bus, udev, scripted systemctl call, ...).\n"
             "%s In case of template units, the unit is meant to be enabled with some\n"
             "  instance name specified.", b, b, b, b);
}

typedef int install_fn(struct str name, const struct install_options *o, struct buf *report);
static const struct { const char *verb; install_fn *fn; const char *now; } file_verbs[] = {
    { "enable", install_enable, "start" }, { "disable", install_disable, "stop" },
    { "reenable", install_disable, NULL }, { "mask", install_mask, "stop" }, { "unmask", install_unmask, NULL },
};

/* Does one thing to all `names`. 1: all done, 0: nothing to install, negative: failed. */
static int do_all(install_fn *fn, const char *verb)
{
    struct install_options o = { .runtime = args.runtime, .force = args.force, .verb = verb };
    struct buf report = BUF_OVER(report_space);
    int result = 0;
    for (u32 i = 0; i < names.n && result >= 0; i++) {
        int r = fn(str_of(names.name[i]), &o, &report);
        result = r < 0 ? r : MAX(result, r);
    }
    put_report(&report);
    return result;
}

int verb_files(int argc, char **argv)
{
    u32 i = 0;
    while (!STREQ(file_verbs[i].verb, argv[0]))
        i++;
    const char *now = args.now ? file_verbs[i].now : NULL;
    if (names_take(argc, argv, ".service", false))
        return 1;
    if (!args.root && sys_geteuid() != 0)
        return complain("Failed to %s unit: Access denied: this is for root only.", argv[0]);
    install_utf8 = glyph(GLYPH_ARROW)[0] != '-';
    index_build();
    int r = do_all(file_verbs[i].fn, argv[0]);
    if (r >= 0 && STREQ(argv[0], "reenable")) {
        index_build();
        r = do_all(install_enable, "enable");
    }
    if (r == 0 && (STREQ(argv[0], "enable") || STREQ(argv[0], "reenable")) && !args.quiet)
        explain_static();
    if (reload() || r < 0)
        return 1;
    argv[0] = (char *)now;
    return now ? verb_job(argc, argv) : 0;
}

int verb_is_enabled(int argc, char **argv)
{
    bool enabled = false;
    if (names_take(argc, argv, ".service", false))
        return 1;
    index_build();
    for (u32 i = 0; i < names.n; i++) {
        int state = install_state(str_of(names.name[i]));
        if (state < 0)
            return complain("Failed to get unit file state for %s: %s", names.name[i], strerror(-state));
        enabled |= state == FILE_ENABLED || state == FILE_ENABLED_RUNTIME || state == FILE_STATIC || state == FILE_ALIAS
                || state == FILE_INDIRECT || state == FILE_GENERATED;
        if (!args.quiet)
            out("%s\n", name_of(file_state_names, state));
    }
    return !enabled;
}

int verb_get_default(int argc, char **argv)
{
    BUF(name, UNIT_NAME_BYTES);
    (void)argc;
    (void)argv;
    index_build();
    int r = install_get_default(&name);
    if (r < 0)
        return complain("Failed to get default target: %s", strerror(-r));
    out("%s\n", buf_end(&name));
    return 0;
}

int verb_set_default(int argc, char **argv)
{
    if (names_take(argc, argv, ".target", false))
        return 1;
    install_utf8 = glyph(GLYPH_ARROW)[0] != '-';
    index_build();
    return do_all(install_set_default, "set default") < 0 ? 1 : reload();
}

/* ---- cat ----------------------------------------------------------------------------------- */

static void put_text(const char *path, struct str text, bool first)
{
    out("%s%s# %s%s\n", first ? "" : "\n", ink(GREY), path, ink(PLAIN));
    out_str(text);
    if (text.n && text.p[text.n - 1] != '\n')
        out_str(S("\n"));
}

static int cat_one(const char *unit, bool first)
{
    struct bus_in in;
    BUF(real, UNIT_NAME_BYTES);
    BUF(path, PATH_BYTES);
    const char *signature;
    bool masked = false;
    char *text;
    u32 n, end = 0;
    struct index_entry *e = index_resolve(str_of(unit), &real, &masked);
    if (masked) {
        out("%s# Unit %s is masked.\n", first ? "" : "\n", unit);
        return 0;
    }
    if (e && file_read_entry(e, &text, &n, &path) == 0)
        put_text(buf_end(&path), (struct str){ text, n }, first);
    else
        e = NULL;
    if (props_get(unit) == 0 && prop_find("DropInPaths", &in, &signature))
        for (end = get_array(&in, 4); !in.bad && in.at < end; e = (void *)1) {
            const char *dropin = get_string(&in);
            if (file_read(dropin, &text, &n) == 0)
                put_text(dropin, (struct str){ text, n }, first && !e);
        }
    return e ? 0 : complain("No files found for %s.", unit);
}

int verb_cat(int argc, char **argv)
{
    int status = 0;
    if (!bus_is_there() || names_take(argc, argv, ".service", true))
        return 1;
    index_build();
    for (u32 i = 0; i < names.n; i++)
        status |= cat_one(names.name[i], i == 0);
    return status;
}
