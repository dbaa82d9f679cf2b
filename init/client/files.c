/* SPDX-License-Identifier: 0BSD
 *
 * Verbs on unit files: enable and its kin, cat. They work on the files directly, with --root= on those
 * of another tree; PID 1 is told to read them again. */
#include "client.h"

static int reload(void)
{
    char *argv[] = { "daemon-reload", NULL };
    if (args.root || args.no_reload || !is_booted())
        return 0;
    return verb_daemon_reload(1, argv);
}

typedef int install_fn(struct str name, const struct install_options *o, struct buf *report);
static const char *const file_verbs = "enable\0disable\0reenable\0mask\0unmask\0",
                  *const then_jobs = "enable\0start\0disable\0stop\0mask\0stop\0";       /* with --now */
static install_fn *const file_fns[] = { install_enable, install_disable, install_disable, install_mask, install_unmask };

/* Does one thing to all `names` and says what was done and what went wrong, as unit/install.c reports it.
 * 1: all done, 0: nothing to install, negative: failed. */
static int do_all(install_fn *fn, const char *verb)
{
    static char report_space[8 << 10];
    struct install_options o = { .runtime = args.runtime, .force = args.force, .verb = verb };
    static struct buf report = BUF_OVER(report_space);
    int result = 0;
    report.n = 0;
    install_utf8 = is_utf8();
    index_build();
    for (u32 i = 0; fn == install_enable && i < names.n && result >= 0; i++)      /* all or none */
        result = install_check(str_of(names.name[i]), &o, &report);
    for (u32 i = 0, n = result < 0 ? 0 : names.n; i < n; i++) {
        int r = fn(str_of(names.name[i]), &o, &report);
        result = result < 0 || r < 0 ? MIN(result, r) : MAX(result, r);
    }
    if ((!args.quiet || result < 0) && report.n)
        complain("%.*s", (int)(report.n - 1), report.p);
    return result;
}

int verb_files(int argc, char **argv)
{
    const char *verb = argv[0];
    bool reenable = STREQ(verb, "reenable");
    i32 i = 0;
    (void)name_find(file_verbs, str_of(verb), &i);
    const char *now = args.now ? z_lookup(then_jobs, verb) : NULL;
    if (!args.root && sys_geteuid() != 0)
        return complain("Failed to %s unit: Access denied: this is for root only.", verb);
    if (args.root && now)                /* nothing runs in that tree, and PID 1 is another's */
        return complain("--now cannot be used with --root=.");
    int r = do_all(file_fns[i], verb);
    if (r >= 0 && reenable)
        r = do_all(install_enable, verb);
    if (r == 0 && z_in("enable\0reenable\0", verb) && !args.quiet)
        complain("%s", packed_text(TEXT_STATIC));
    if (reload() || r < 0)
        return 1;
    argv[0] = (char *)now;
    return now ? verb_job(argc, argv) : 0;
}

int verb_is_enabled(int argc, char **argv)
{
    bool enabled = false;
    (void)argc;
    (void)argv;
    index_build();
    for (u32 i = 0; i < names.n; i++) {
        int state = install_state(str_of(names.name[i]));
        if (state < 0)
            return failed(z_fmt("get unit file state for %s", names.name[i]), state);
        enabled |= state == FILE_ENABLED || state == FILE_ENABLED_RUNTIME || state == FILE_STATIC || state == FILE_ALIAS
                || state == FILE_INDIRECT || state == FILE_GENERATED;
        if (!args.quiet)
            out("%s\n", name_of(file_state_names, state));
    }
    return !enabled;
}

int verb_get_default(int argc, char **argv)
{
    struct buf *name = z_buf();
    (void)argc;
    (void)argv;
    index_build();
    int r = install_get_default(name);
    if (r < 0)
        return failed("get default target", r);
    out("%s\n", buf_end(name));
    return 0;
}

int verb_set_default(int argc, char **argv)
{
    if (names_take(argc, argv, ".target", false))
        return 1;
    return do_all(install_set_default, "set default") < 0 ? 1 : reload();
}

/* ---- cat ----------------------------------------------------------------------------------- */

void cat_text(const char *path, const char *text, u32 n, bool first)
{
    out("%s\6# %s\1\n", first ? "" : "\n", path);
    out_str((struct str){ text, n });
    if (n && text[n - 1] != '\n')
        out("\n");
}

static int cat_one(const char *unit, bool first)
{
    struct buf *real = z_buf();
    bool masked = false, found;
    char path[PATH_BYTES], *text;
    u32 n;
    struct index_entry *e = index_resolve(str_of(unit), real, &masked);
    if (masked) {
        out("%s# Unit %s is masked.\n", first ? "" : "\n", unit);
        return 0;
    }
    found = e && file_read_entry(e, &text, &n, path) == 0;
    if (found)
        cat_text(path, text, n, first);
    (void)props_get(NULL, unit);
    struct texts dropins = prop_texts("DropInPaths");
    for (const char *dropin; (dropin = text_next(&dropins)); found = true)
        if (file_read(dropin, &text, &n) == 0)
            cat_text(dropin, text, n, first && !found);
    return found ? 0 : complain("No files found for %s.", unit);
}

int cat_files(u32 n)
{
    char full[PATH_BYTES], *text;
    u32 size;
    for (u32 i = 0; i < n; i++) {
        int r = conf_file_read(rooted(conf_file_path(i), full) + strlen(search_root), &text, &size);
        if (r == -ENOENT)
            continue;
        if (r < 0)
            return complain("Failed to cat %s: %s", full, strerror(-r));
        cat_text(full, text, size, i == 0);
    }
    return 0;
}

int verb_cat(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    index_build();
    return names_each(cat_one);
}
