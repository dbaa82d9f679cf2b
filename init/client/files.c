/* SPDX-License-Identifier: 0BSD
 *
 * Verbs on unit files: enable and its kin. They work on the files directly (unit/install.c), with --root= on
 * those of another tree; PID 1 is told to read them again. Here are the words for what was done: systemctl's
 * own where it works on files, and those it hears from its manager where one runs. */
#include "client.h"

/* systemd's client asks its manager, whose words for an error are others. */
static bool manager_speaks(void) { return !args.root && is_booted(); }

static int reload(void)
{
    char *argv[] = { "daemon-reload", NULL };
    if (args.no_reload || !manager_speaks())
        return 0;
    return verb_daemon_reload(1, argv);
}

static void explain_static(void) { complain("%s", packed_text(TEXT_STATIC)); }

/* ---- what was done ------------------------------------------------------------------------- */

/* For each type of change what systemctl says of it offline, and for an error what the manager says. In them %
 * is the path, $ the source; offline an error is what follows "Failed to VERB". */
static const struct { short type; const char *offline, *manager; } change_texts[] = {
    { CHANGE_UNLINK, "Removed \"%\".", NULL },
    { CHANGE_MASKED, "Unit % is masked, ignoring.", NULL },
    { CHANGE_MASKED_GENERATOR, "Unit % is masked via a generator and cannot be unmasked.", NULL },
    { CHANGE_DANGLING, "Unit % is an alias to a unit that is not present, ignoring.", NULL },
    { CHANGE_NOT_PRESENT, "Unit $ is added as a dependency to a non-existent unit %.", NULL },
    { CHANGE_AUXILIARY_FAILED, "Failed to enable auxiliary unit %, ignoring.", NULL },
    { CHANGE_COMPACT, "Unit file % is enabled by lying in /etc/units, nothing to do.", NULL },
    { -EEXIST, " unit, file \"%\" already exists", "File % already exists" },
    { -ERFKILL, " unit, unit % is masked.", "Unit file % is masked." },
    { -EADDRNOTAVAIL, " unit, unit % is transient or generated.", "Unit % is transient or generated." },
    { -ETXTBSY, " unit, file % is under the systemd unit hierarchy already.", "File % is under the systemd unit hierarchy already." },
    { -EBADSLT, " unit, invalid specifier in \"%\".", "Invalid specifier in %." },
    { -EIDRM, " $, destination unit % is a non-template unit.", "Destination unit % is a non-template unit." },
    { -EUCLEAN, " unit, \"%\" is not a valid unit name.", "\"%\" is not a valid unit name." },
    { -ELOOP, " unit, refusing to operate on linked unit file %.", "Refusing to operate on alias name or linked unit file: %" },
    { -EXDEV, " unit, cannot alias $ as %.", "Cannot alias $ as %." },
    { -ENOENT, " unit, unit % does not exist.", "Unit file % does not exist." },
    { -EUNATCH, " unit, cannot resolve specifiers in \"%\".", "Cannot resolve specifiers in %." },
    { -EBUSY, " unit: % is enabled by lying in /etc/units.\nMove the file away to disable it, or empty it to mask it (: >%), "
              "then run 'systemctl daemon-reload'.", "% is enabled by lying in /etc/units.\nMove the file away to disable "
              "it, or empty it to mask it (: >%), then run 'systemctl daemon-reload'." },
};

static void put_text(struct buf *to, const char *text, const struct install_change *c)
{
    for (; *text; text++)
        if (*text == '%' || *text == '$')
            buf_z(to, *text == '%' ? c->path : c->source);
        else
            buf_c(to, *text);
}

/* The error as the manager's answer has it, or as what follows "Failed to VERB". */
static void put_error(struct buf *to, const struct install_change *c, bool manager)
{
    if (c->type == -EXDEV && !c->source)
        return put_text(to, manager ? "Invalid unit reference %." : " unit, invalid unit reference \"%\".", c);
    if (c->type == -EBUSY && c->source)
        return put_text(to, (manager ? "% is read before all other folders.\nEmpty the file to mask it (: >%), then run "
                             "'systemctl daemon-reload'." : " unit: % is read before all other folders.\nEmpty the file to mask "
                             "it (: >%), then run 'systemctl daemon-reload'."), c);
    for (u32 i = 0; i < LEN(change_texts); i++)
        if (change_texts[i].type == c->type) {
            put_text(to, manager ? change_texts[i].manager : change_texts[i].offline, c);
            if (c->type == -EEXIST)
                put_text(to, !c->source ? "." : manager ? " and is a symlink to $." : " and is a symlink to \"$\".", c);
            return;
        }
    put_text(to, manager ? "File %: " : " unit, file \"%\": ", c);
    buf_z(to, strerror(-c->type));
}

static void tell_done(const struct install_change *c)
{
    static char line[3 * PATH_BYTES];
    struct buf b = BUF_OVER(line);
    if (args.quiet)
        return;
    if (c->type == CHANGE_SYMLINK)
        buf_fmt(&b, "Created symlink %s %s %s.", c->path, is_utf8() ? "\xe2\x86\x92" : "->", c->source);
    for (u32 i = 0; i < LEN(change_texts); i++)
        if (change_texts[i].type == c->type)
            put_text(&b, change_texts[i].offline, c);
    complain("%s", buf_end(&b));
}

/* Says all that was done. `verb`: "enable"; `what`: what the manager's client failed to do: "enable unit". 0 or 1. */
static int tell(int r, const char *verb, const char *what)
{
    static char line[4 * PATH_BYTES];
    bool manager = manager_speaks(), told = false, good = false;
    const struct install_change *bad = NULL;
    for (const struct install_change *c = install_changes; c; c = c->next) {
        good |= c->type >= 0;
        bad = bad ? bad : c->type < 0 ? c : NULL;
    }
    for (const struct install_change *c = install_changes; c && !(manager && r < 0); c = c->next) {
        struct buf b = BUF_OVER(line);
        if (c->type >= 0)
            tell_done(c);
        if (c->type >= 0 || manager)
            continue;
        put_error(&b, c, false);
        complain("Failed to %s%s", verb, buf_end(&b));
        told = true;
    }
    if (manager && bad && (r < 0 || !good)) {
        struct buf b = BUF_OVER(line);
        put_error(&b, bad, true);
        return complain("Failed to %s: %s", what, buf_end(&b));
    }
    if (r < 0 && !told)
        complain(manager ? "Failed to %s: %s" : "Failed to %s: %s.", manager ? what : verb, strerror(-r));
    return r < 0;
}

static struct install_options chosen(void)
{
    i32 mode = 0;
    if (args.preset_mode)
        (void)name_find(preset_mode_names, str_of(args.preset_mode), &mode);
    return (struct install_options){ .runtime = args.runtime, .force = args.force, .preset_mode = (u8)mode };
}

/* ---- the verbs ----------------------------------------------------------------------------- */

static const char *const file_verbs = "enable\0disable\0reenable\0preset\0mask\0unmask\0link\0revert\0",
                  *const then_jobs = "enable\0start\0disable\0stop\0mask\0stop\0";       /* with --now */
static install_fn *const file_fns[] = { install_enable, install_disable, install_reenable, install_preset_units,
                                        install_mask, install_unmask, install_link, install_revert };

static bool may_change(const char *what)
{
    if (args.root || sys_geteuid() == 0)
        return true;
    complain("Failed to %s: Access denied: this is for root only.", what);
    return false;
}

/* What a verb makes of the names that are given. 1: told why not. */
static int check_names(const char *verb)
{
    bool was_path = false;
    for (u32 i = 0; i < names.n; i++) {
        const char *slash = strrchr(names.name[i], '/');
        if (STREQ(verb, "link") && !slash)
            return args.root ? complain("Non-absolute paths are not allowed when --root is used: %s", names.name[i])
                             : complain("Link argument must contain at least one directory separator.\n"
                                        "If you intended to link a file in the current directory, try ./%s instead.",
                                        names.name[i]);
        if (z_in("mask\0unmask\0", verb) && manager_speaks() && !install_exists(names.name[i]))
            complain("Unit %s does not exist, proceeding anyway.", names.name[i]);
        if (slash && STREQ(verb, "disable")) {
            names.name[i] = slash + 1;
            was_path = true;
        }
    }
    if (was_path)
        complain("Warning: Can't execute disable on the unit file path. Proceeding with the unit name.");
    return 0;
}

int verb_files(int argc, char **argv)
{
    const char *verb = argv[0], *now = args.now ? z_lookup(then_jobs, verb) : NULL;
    struct install_options o = chosen();
    i32 i = 0;
    (void)name_find(file_verbs, str_of(verb), &i);
    if (args.root && now)                /* nothing runs in that tree, and PID 1 is another's */
        return complain("--now cannot be used with --root=.");
    if (names_take_files(argc, argv, ".service", z_fmt("to %s", verb)) || !may_change(z_fmt("%s unit", verb))
        || sysv_files(verb) < 0)
        return 1;
    if (!names.n)
        return reload();                 /* they were all scripts */
    if (check_names(verb))
        return 1;
    install_begin();
    int r = file_fns[i](names.name, names.n, &o);
    if (tell(r, verb, z_fmt("%s unit", verb)))
        return 1;
    if (reload())
        return 1;
    if (r == 0 && z_in("enable\0reenable\0", verb) && !args.quiet)
        explain_static();
    argv[0] = (char *)now;
    for (u32 k = 0; now && k < names.n; k++)
        argv[k + 1] = strrchr(names.name[k], '/') ? strrchr(names.name[k], '/') + 1 : (char *)names.name[k];
    argv[now ? names.n + 1 : 0] = NULL;
    return now ? verb_job((int)names.n + 1, argv) : 0;
}

int verb_preset_all(int argc, char **argv)
{
    struct install_options o = chosen();
    (void)argc;
    (void)argv;
    if (!may_change("preset all units"))
        return 1;
    install_begin();
    return tell(install_preset_all(NULL, 0, &o), "preset", "preset all units") ? 1 : reload();
}

int verb_add_dependency(int argc, char **argv)
{
    struct install_options o = chosen();
    static char target[UNIT_NAME_BYTES];
    o.requires = STREQ(argv[0], "add-requires");
    char *first[] = { argv[0], argv[1], NULL };
    if (!may_change("add dependency") || names_take_files(2, first, ".target", "as target"))
        return 1;
    z_copy(target, sizeof target, str_of(names.name[0]));
    if (names_take_files(argc - 1, argv + 1, ".service", "as dependency"))
        return 1;
    memmove(names.name + 1, names.name, names.n * sizeof *names.name);
    names.n++;
    names.name[0] = target;
    install_begin();
    return tell(install_add_dependency(names.name, names.n, &o), "add dependency on", "add dependency") ? 1 : reload();
}

/* is-enabled --full: the links that disable would remove. */
static void put_links(const char *unit)
{
    struct install_options o = { .runtime = args.runtime, .dry_run = true };
    install_begin();
    (void)install_disable(&unit, 1, &o);
    for (const struct install_change *c = install_changes; c; c = c->next)
        if (c->type == CHANGE_UNLINK)
            out("  %s\n", c->path);
}

int verb_is_enabled(int argc, char **argv)
{
    if (names_take_files(argc, argv, ".service", "to check"))
        return 1;
    int scripts = sysv_files("is-enabled");
    bool enabled = scripts > 0;
    if (scripts < 0)
        return 1;
    index_build();
    for (u32 i = 0; i < names.n; i++) {
        int state = install_state(names.name[i]);
        if (state < 0)
            return failed(z_fmt("get unit file state for %s", names.name[i]), state);
        enabled |= state == FILE_ENABLED || state == FILE_ENABLED_RUNTIME || state == FILE_STATIC || state == FILE_ALIAS
                || state == FILE_INDIRECT || state == FILE_GENERATED;
        if (args.quiet)
            continue;
        out("%s\n", name_of(file_state_names, state));
        if (args.full)
            put_links(names.name[i]);
    }
    return !enabled;
}

/* "": told why there is none. */
static const char *default_target(void)
{
    struct buf *name = z_buf();
    int r = install_get_default(name);
    if (r < 0)
        (void)failed("get default target", r);
    return buf_end(name);
}

int verb_get_default(int argc, char **argv)
{
    const char *name = default_target();
    (void)argc;
    (void)argv;
    if (*name)
        out("%s\n", name);
    return !*name;
}

int verb_set_default(int argc, char **argv)
{
    struct install_options o = chosen();
    if (names_take_files(argc, argv, ".target", "set-default") || !may_change("set default target"))
        return 1;
    install_begin();
    if (tell(install_set_default(names.name, 1, &o), "set default", "set default target") || reload())
        return 1;
    const char *is = args.quiet ? names.name[0] : default_target();
    if (*is && !STREQ(is, names.name[0]))
        complain("Note: \"%s\" is the default unit (possibly a runtime override).", is);
    return !*is;
}

