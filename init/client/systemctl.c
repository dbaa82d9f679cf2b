/* SPDX-License-Identifier: 0BSD
 *
 * systemctl(1): its options and its verbs, as tables. The help is made of the same tables. */
#include "client.h"

#define SYSTEMCTL_OPTIONS(O) \
    O(FLAG, 'h', "help", help) O(FLAG, 0, "version", version) O(LIST, 't', "type", types) O(LIST, 0, "state", states) \
    O(FLAG, 0, "failed", failed) O(LIST, 'p', "property", properties) O(LIST, 'P', "P", values) O(FLAG, 0, "value", value) \
    O(FLAG, 'a', "all", all) O(FLAG, 'l', "full", full) O(FLAG, 0, "no-legend", no_legend) O(FLAG, 0, "plain", plain) \
    O(FLAG, 0, "reverse", reverse) O(FLAG, 0, "after", after) O(FLAG, 0, "before", before) O(FLAG, 'q', "quiet", quiet) \
    O(FLAG, 0, "no-block", no_block) O(FLAG, 0, "wait", wait) O(FLAG, 0, "now", now) O(TEXT, 0, "job-mode", job_mode) \
    O(FLAG, 0, "runtime", runtime) O(TEXT, 0, "root", root) O(FLAG, 0, "no-reload", no_reload) O(COUNT, 'f', "force", force) \
    O(TEXT, 0, "preset-mode", preset_mode) \
    O(TEXT, 's', "signal", signal) O(TEXT, 0, "kill-whom", whom) O(TEXT, 0, "kill-who", whom) O(TEXT, 'n', "lines", lines) \
    O(FLAG, 0, "dry-run", dry_run) O(TEXT, 0, "message", message) O(TEXT, 0, "reboot-argument", reboot_argument) \
    O(FLAG, 0, "show-types", ignored) O(FLAG, 'i', "ignore-inhibitors", ignored) \
    O(TEXT, 0, "check-inhibitors", ignored_text) O(FLAG, 0, "no-pager", ignored) O(FLAG, 0, "no-wall", ignored) \
    O(FLAG, 0, "no-ask-password", ignored) O(TEXT, 'o', "output", ignored_text) O(FLAG, 0, "system", ignored) \
    O(FLAG, 'r', "recursive", ignored) O(REFUSED, 0, "user", ignored) O(REFUSED, 0, "global", ignored) \
    O(REFUSED, 'H', "host", ignored) O(REFUSED, 'M', "machine", ignored) O(REFUSED, 0, "image", ignored)
static const struct options options = OPTIONS_OF(SYSTEMCTL_OPTIONS);

/* BUS: needs PID 1, and is called when it was reached. NAMES: its operands are units (a service where no
 * type is said), found in `names`. ROOT: works on files, also with --root=. TREE: the same, of a manager that knows
 * the units of that tree. */
enum { BUS = 1, NAMES = 2, ROOT = 4, TREE = 8 };

/* Lines of the help: verbs that one function does, and how many operands they take. */
#define VERBS(V) \
    V("list-units [PATTERN...]", verb_list_units, BUS) \
    V("list-unit-files [PATTERN...]", verb_list_unit_files, ROOT) \
    V("list-jobs [PATTERN...]", verb_list_jobs, BUS) \
    V("list-dependencies [UNIT...]", verb_list_dependencies, BUS | TREE) \
    V("status [UNIT|PID...]", verb_status, BUS) \
    V("show [UNIT...]", verb_show, BUS | NAMES | TREE) \
    V("cat UNIT...", verb_cat, BUS | NAMES | TREE) \
    V("is-active UNIT...", verb_is_active, BUS | NAMES) \
    V("is-failed UNIT...", verb_is_failed, BUS | NAMES) \
    V("is-enabled UNIT...", verb_is_enabled, ROOT) \
    V("is-system-running", verb_is_system_running, ROOT) \
    V("start|stop|restart|reload|try-restart|reload-or-restart|try-reload-or-restart UNIT...", verb_job, 0) \
    V("reload-or-try-restart|force-reload|condrestart|condreload|condstop UNIT...", verb_job, 0) \
    V("isolate UNIT", verb_job, 0) \
    V("kill UNIT...", verb_kill, BUS | NAMES) \
    V("reset-failed [UNIT...]", verb_reset_failed, BUS | NAMES) \
    V("cancel [JOB...]", verb_cancel, BUS) \
    V("enable|disable|reenable|preset|mask|unmask|revert UNIT...", verb_files, ROOT) \
    V("link PATH...", verb_files, ROOT) \
    V("preset-all", verb_preset_all, ROOT) \
    V("add-wants|add-requires TARGET UNIT...", verb_add_dependency, ROOT) \
    V("edit UNIT...", verb_edit, BUS | NAMES | TREE) \
    V("get-default", verb_get_default, ROOT) \
    V("set-default TARGET", verb_set_default, ROOT) \
    V("daemon-reload", verb_daemon_reload, 0) \
    V("default|rescue|emergency|poweroff|halt|kexec", verb_power, 0) \
    V("reboot [ARG]", verb_power, 0) \
    V("exit [CODE]", verb_power, 0) \
    V("switch-root [ROOT [INIT]]", verb_switch_root, BUS)
#define VERB_LINE(line, fn, flags) line "\0"
#define VERB_FN(line, fn, flags) fn,
#define VERB_FLAGS(line, fn, flags) flags,
static const char verb_lines[] = VERBS(VERB_LINE);
static verb_fn *const verb_fns[] = { VERBS(VERB_FN) };
static const u8 verb_flags[] = { VERBS(VERB_FLAGS) };

const char preset_mode_names[] = "full\0enable-only\0disable-only\0";

/* Those of a table of names, below a heading that says what they are. */
static void put_words(const char *heading, const char *what, const char *words)
{
    if (!args.no_legend)
        out(heading, what);
    for (EACH(word, words))
        if (*word > '9')                 /* not a number */
            out("%s\n", word);
}

/* -t help and --state=help */
static bool words_listed(void)
{
    static const char *const lists[] = { load_names, active_names, file_state_names, device_states, mount_states,
                                         service_states, simple_states, swap_states, simple_states };
    u32 i = 0;
    if (list_has(&args.types, "help")) {
        put_words("Available unit types:\n", "", type_names);
        return true;
    }
    if (!list_has(&args.states, "help"))
        return false;
    for (EACH(what, "load\0active\0file\0device\0mount\0service\0slice\0swap\0target\0")) {
        put_words(i < 3 ? &"\nAvailable unit %s states:\n"[!i] : "\nAvailable %s unit substates:\n", what, lists[i]);
        i++;
    }
    return true;
}

static bool args_ok(void)
{
    u64 n;
    if (args.failed)
        args.states.items[args.states.n++] = "failed";
    if (args.values.n) {
        args.properties = args.values;
        args.value = true;
    }
    args.no_legend |= args.quiet;
    for (u32 i = 0; i < args.types.n; i++)
        if (unit_type_of(str_of(z_fmt("x.%s", args.types.items[i]))) < 0) {
            complain("Unknown unit type or load state '%s'.\nUse -t help to see a list of allowed values.", args.types.items[i]);
            return false;
        }
    i32 mode;
    if (args.preset_mode && name_find(preset_mode_names, str_of(args.preset_mode), &mode) < 0) {
        complain("Failed to parse preset mode: %s.", args.preset_mode);
        return false;
    }
    root_set();
    if (args.lines && (!decimal(args.lines, &n) || n > UINT32_MAX)) {
        complain("Failed to parse lines '%s'", args.lines);
        return false;
    }
    return true;
}

static int run_verb(int argc, char **argv)
{
    int v = verb_find(verb_lines, argc, argv);
    if (v < 0)
        return 1;
    u8 flags = verb_flags[v];
    if (args.root && !(flags & (ROOT | TREE)))
        return complain("Verb '%s' cannot be used with --root= or --image=.", argv[0]);
    if ((flags & BUS && !bus_is_there()) || (flags & NAMES && names_take(argc, argv, ".service", true)))
        return 1;
    return verb_fns[v](argc, argv);
}

int systemctl_main(int argc, char **argv)
{
    char *no_verb[] = { "list-units", NULL };
    int status = 0;
    log_to.stderr_fd = 2;
    log_to.max = LOG_NOTICE;
    if (options_parse(&options, &argc, argv) < 0)
        return 1;
    if (words_listed())
        ;
    else if (!args_ok())
        status = 1;
    else if (!options_told(&options, "systemctl [OPTIONS...] COMMAND ...\n\nQuery or send control commands to the system manager.",
                           verb_lines, "systemctl(1)"))
        status = run_verb(MAX(argc - 1, 1), argc > 1 ? argv + 1 : no_verb);
    out_flush();
    return status;
}
