/* SPDX-License-Identifier: 0BSD
 *
 * systemctl(1): its options and its verbs, as tables. */
#include "client.h"

static const struct option options[] = {
    { "help", 'h', OPT_FLAG, &args.help }, { "version", 0, OPT_FLAG, &args.version },
    { "type", 't', OPT_LIST, &args.types }, { "property", 'p', OPT_LIST, &args.properties },
    { "P", 'P', OPT_LIST, &args.values }, { "all", 'a', OPT_FLAG, &args.all },
    { "reverse", 0, OPT_FLAG, &args.reverse }, { "after", 0, OPT_FLAG, &args.after },
    { "before", 0, OPT_FLAG, &args.before }, { "show-types", 0, OPT_NOTHING, NULL },
    { "failed", 0, OPT_FLAG, &args.failed }, { "full", 'l', OPT_FLAG, &args.full },
    { "job-mode", 0, OPT_TEXT, &args.job_mode }, { "ignore-inhibitors", 'i', OPT_NOTHING, NULL },
    { "check-inhibitors", 0, OPT_NOTHING_TEXT, NULL }, { "no-block", 0, OPT_FLAG, &args.no_block },
    { "wait", 0, OPT_FLAG, &args.wait }, { "no-legend", 0, OPT_FLAG, &args.no_legend },
    { "no-pager", 0, OPT_NOTHING, NULL }, { "no-wall", 0, OPT_NOTHING, NULL },
    { "dry-run", 0, OPT_FLAG, &args.dry_run }, { "quiet", 'q', OPT_FLAG, &args.quiet },
    { "no-reload", 0, OPT_FLAG, &args.no_reload }, { "root", 0, OPT_TEXT, &args.root },
    { "force", 'f', OPT_COUNT, &args.force }, { "no-ask-password", 0, OPT_NOTHING, NULL },
    { "kill-whom", 0, OPT_TEXT, &args.whom }, { "kill-who", 0, OPT_TEXT, &args.whom },
    { "signal", 's', OPT_TEXT, &args.signal }, { "runtime", 0, OPT_FLAG, &args.runtime },
    { "lines", 'n', OPT_TEXT, &args.lines }, { "output", 'o', OPT_NOTHING_TEXT, NULL },
    { "plain", 0, OPT_FLAG, &args.plain }, { "state", 0, OPT_LIST, &args.states },
    { "value", 0, OPT_FLAG, &args.value }, { "now", 0, OPT_FLAG, &args.now },
    { "message", 0, OPT_TEXT, &args.message }, { "reboot-argument", 0, OPT_TEXT, &args.reboot_argument },
    { "system", 0, OPT_NOTHING, NULL }, { "recursive", 'r', OPT_NOTHING, NULL },
    { "user", 0, OPT_REFUSED, NULL }, { "global", 0, OPT_REFUSED, NULL }, { "host", 'H', OPT_REFUSED, NULL },
    { "machine", 'M', OPT_REFUSED, NULL }, { "image", 0, OPT_REFUSED, NULL }, { 0 },
};

enum { OFFLINE = 1 };                    /* works without PID 1, and with --root= */

/* least, most: operands (most 0: none, -1: any number) */
static const struct verb { const char *name; i8 least, most; u8 flags; verb_fn *fn; } verbs[] = {
    { "list-units", 0, -1, 0, verb_list_units }, { "list-unit-files", 0, -1, OFFLINE, verb_list_unit_files },
    { "list-jobs", 0, -1, 0, verb_list_jobs }, { "list-dependencies", 0, -1, 0, verb_list_dependencies },
    { "start", 1, -1, 0, verb_job }, { "stop", 1, -1, 0, verb_job }, { "restart", 1, -1, 0, verb_job },
    { "reload", 1, -1, 0, verb_job }, { "try-restart", 1, -1, 0, verb_job }, { "isolate", 1, 1, 0, verb_job },
    { "reload-or-restart", 1, -1, 0, verb_job }, { "try-reload-or-restart", 1, -1, 0, verb_job },
    { "reload-or-try-restart", 1, -1, 0, verb_job }, { "force-reload", 1, -1, 0, verb_job },
    { "condrestart", 1, -1, 0, verb_job }, { "condreload", 1, -1, 0, verb_job }, { "condstop", 1, -1, 0, verb_job },
    { "status", 0, -1, 0, verb_status }, { "show", 0, -1, 0, verb_show }, { "cat", 1, -1, 0, verb_cat },
    { "is-active", 1, -1, 0, verb_is_active }, { "is-failed", 1, -1, 0, verb_is_failed },
    { "is-enabled", 1, -1, OFFLINE, verb_is_enabled }, { "is-system-running", 0, 0, OFFLINE, verb_is_system_running },
    { "kill", 1, -1, 0, verb_kill }, { "reset-failed", 0, -1, 0, verb_reset_failed }, { "cancel", 0, -1, 0, verb_cancel },
    { "enable", 1, -1, OFFLINE, verb_files }, { "disable", 1, -1, OFFLINE, verb_files },
    { "reenable", 1, -1, OFFLINE, verb_files }, { "mask", 1, -1, OFFLINE, verb_files },
    { "unmask", 1, -1, OFFLINE, verb_files }, { "get-default", 0, 0, OFFLINE, verb_get_default },
    { "set-default", 1, 1, OFFLINE, verb_set_default }, { "daemon-reload", 0, 0, 0, verb_daemon_reload },
    { "default", 0, 0, 0, verb_power }, { "rescue", 0, 0, 0, verb_power }, { "emergency", 0, 0, 0, verb_power },
    { "poweroff", 0, 0, 0, verb_power }, { "reboot", 0, 1, 0, verb_power }, { "halt", 0, 0, 0, verb_power },
    { "kexec", 0, 0, 0, verb_power }, { "exit", 0, 1, 0, verb_power }, { "switch-root", 0, 2, 0, verb_switch_root },
    { 0 },
};

static int help(void)
{
    out_str(S(
"systemctl [OPTIONS...] COMMAND ...\n\n"
"Query or send control commands to the system manager.\n\n"
"Unit Commands:\n"
"  list-units [PATTERN...]             List units currently in memory\n"
"  is-active PATTERN...                Check whether units are active\n"
"  is-failed PATTERN...                Check whether units are failed\n"
"  status [PATTERN...|PID...]          Show runtime status of one or more units\n"
"  show [PATTERN...]                   Show properties of units or the manager\n"
"  cat PATTERN...                      Show files and drop-ins of units\n"
"  list-dependencies [UNIT...]         Show units which are required or wanted\n"
"  start|stop|restart|reload UNIT...   Start (activate), stop, restart, reload units\n"
"  try-restart UNIT...                 Restart units if active\n"
"  reload-or-restart UNIT...           Reload units if possible, otherwise restart\n"
"  try-reload-or-restart UNIT...       The same, if they are active\n"
"  isolate UNIT                        Start one unit and stop all others\n"
"  kill UNIT...                        Send signal to processes of a unit\n"
"  reset-failed [PATTERN...]           Reset failed state for all or given units\n\n"
"Unit File Commands:\n"
"  list-unit-files [PATTERN...]        List installed unit files\n"
"  enable|disable|reenable UNIT...     Enable or disable unit files\n"
"  mask|unmask UNIT...                 Mask or unmask units\n"
"  is-enabled UNIT...                  Check whether unit files are enabled\n"
"  get-default, set-default TARGET     Get or set the target that is booted into\n\n"
"Job Commands:\n"
"  list-jobs [PATTERN...]              List jobs\n"
"  cancel [JOB...]                     Cancel all or one or more jobs\n\n"
"System Commands:\n"
"  is-system-running                   Check whether system is fully running\n"
"  default, rescue, emergency          Enter that mode\n"
"  halt, poweroff, reboot [ARG], kexec, exit [CODE]\n"
"  switch-root [ROOT [INIT]]           Change to a different root file system\n"
"  daemon-reload                       Reload all unit files\n\n"
"Options:\n"
"  -t --type=TYPE     --state=STATE    List units of these types or states only\n"
"     --failed                         Shorthand for --state=failed\n"
"  -p --property=NAME -P NAME --value  Show these properties; only their values\n"
"  -a --all                            Show all units and properties\n"
"  -l --full                           Don't ellipsize output\n"
"     --no-legend     --plain          Without headings; without tree or dots\n"
"     --no-block      --wait           Don't wait; wait until units stop again\n"
"     --now                            Start or stop the unit too (enable, disable, mask)\n"
"     --runtime       --root=PATH      Until the next boot; in another tree\n"
"  -f --force                          Overwrite links; power: don't stop units, twice: at once\n"
"  -s --signal=SIGNAL --kill-whom=WHOM Which signal to send to whom (main, control, all)\n"
"  -n --lines=INTEGER                  Number of log lines to show\n"
"     --message=TEXT                   Why the system goes down\n"
"     --reverse --after --before       Which dependencies to list\n"
"     --job-mode=MODE                  How a new job deals with others\n"
"  -q --quiet         --no-pager       Suppress output; (there is no pager)\n"
"  -h --help          --version\n\n"
"See the systemctl(1) man page for details.\n"));
    return 0;
}

static bool args_ok(void)
{
    if (args.failed)
        args.states.items[args.states.n++] = "failed";
    if (args.values.n) {
        args.properties = args.values;
        args.value = true;
    }
    args.no_legend |= args.quiet;
    for (u32 i = 0; i < args.types.n; i++) {
        BUF(dotted, 64);
        buf_fmt(&dotted, "x.%s", args.types.items[i]);
        if (unit_type_of((struct str){ dotted.p, dotted.n }) < 0) {
            complain("Unknown unit type or load state '%s'.", args.types.items[i]);
            return false;
        }
    }
    if (args.root)
        search_root = STREQ(args.root, "/") ? "" : args.root;
    return true;
}

static int run_verb(const struct verb *v, int argc, char **argv)
{
    if (argc - 1 < v->least)
        return complain("Too few arguments.");
    if (v->most >= 0 && argc - 1 > v->most)
        return complain("Too many arguments.");
    if (args.root && !(v->flags & OFFLINE))
        return complain("Verb '%s' cannot be used with --root= or --image=.", v->name);
    return v->fn(argc, argv);
}

int systemctl_main(int argc, char **argv)
{
    log_to.stderr_fd = 2;
    log_to.max = LOG_WARNING;
    if (options_parse(options, &argc, argv) < 0 || !args_ok())
        return 1;
    char *no_verb[] = { "list-units", NULL };
    char **rest = argc > 1 ? argv + 1 : no_verb;
    const struct verb *v = verbs;
    int status = 0;
    while (v->name && !STREQ(v->name, rest[0]))
        v++;
    if (args.help)
        status = help();
    else if (args.version)
        out_str(S("systemd 252 (pith)\n"));
    else if (v->name)
        status = run_verb(v, MAX(argc - 1, 1), rest);
    else
        status = complain("Unknown command verb %s.", rest[0]);
    out_flush();
    return status;
}
