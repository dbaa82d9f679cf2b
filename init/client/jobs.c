/* SPDX-License-Identifier: 0BSD
 *
 * Verbs that make something happen: jobs and how they end, signals, reload, the end of the machine. */
#include "client.h"

#include <linux/reboot.h>
#include <sys/mount.h>

/* ---- waiting for jobs ---------------------------------------------------------------------- */

/* Jobs whose end is awaited; their ids. */
static u32 waiting[LEN(names.name)], waiting_n;

static u32 job_id_of(const char *path)
{
    u64 id = 0;
    const char *text = z_after(path, BUS_PATH "/job/");
    (void)parse_u64(str_of(text), 10, &id);
    return (u32)id;
}

static const struct { const char *result, *why; } explanations[] = {
    { "resources", "of unavailable resources or another system error" },
    { "protocol", "the service did not take the steps required by its unit configuration" },
    { "timeout", "a timeout was exceeded" },
    { "exit-code", "the control process exited with error code" },
    { "signal", "a fatal signal was delivered to the control process" },
    { "core-dump", "a fatal signal was delivered causing the control process to dump core" },
    { "watchdog", "the service failed to send watchdog ping" },
    { "start-limit-hit", "start of the service was attempted too often" },
};

static void explain_failure(const char *unit)
{
    const char *result = "", *why = NULL;
    if (!z_ends(unit, ".service")) {
        complain("Job failed. See \"journalctl -xe\" for details.");
        return;
    }
    if (props_get(unit) == 0)
        result = prop_text("Result");
    for (u32 i = 0; i < LEN(explanations); i++)
        if (STREQ(explanations[i].result, result))
            why = explanations[i].why;
    complain("Job for %s failed%s%s.\nSee \"systemctl status %s\" and \"journalctl -xeu %s\" for details.", unit,
             why ? " because " : "", why ? why : "", unit, unit);
    if (STREQ(result, "start-limit-hit"))
        complain("To force a start use \"systemctl reset-failed %s\"\nfollowed by \"systemctl start %s\" again.", unit, unit);
}

/* 0 or 1, with a sentence about what went wrong. */
static int judge(const char *unit, const char *result)
{
    static const struct { const char *result, *format; } sentences[] = {
        { "canceled", "Job for %s canceled." }, { "timeout", "Job for %s timed out." },
        { "dependency", "A dependency job for %s failed. See 'journalctl -xe' for details." },
        { "invalid", "%s is not active, cannot reload." }, { "assert", "Assertion failed on job for %s." },
        { "unsupported", "Operation on or unit type of %s not supported on this system." },
        { "collected", "Queued job for %s was garbage collected." },
        { "once", "Unit %s was started already once and can't be started again." },
    };
    if (STREQ(result, "done") || STREQ(result, "skipped"))
        return 0;
    for (u32 i = 0; i < LEN(sentences); i++)
        if (STREQ(sentences[i].result, result)) {
            const char *at = strstr(sentences[i].format, "%s");
            if (!args.quiet)
                complain("%.*s%s%s", (int)(at - sentences[i].format), sentences[i].format, unit, at + 2);
            return 1;
        }
    if (!args.quiet)
        explain_failure(unit);
    return 1;
}

static int wait_for_jobs(void)
{
    int status = 0;
    while (waiting_n) {
        struct bus_msg m;
        int r = client_next_signal(&m, -1);
        if (r < 0)
            return complain("Failed to wait for response: %s", strerror(-r));
        if (!STREQ(m.member, "JobRemoved"))
            continue;
        u32 id = get_u32(&m.body), i = 0;
        (void)get_string(&m.body);
        const char *unit = get_string(&m.body), *result = get_string(&m.body);
        while (i < waiting_n && waiting[i] != id)
            i++;
        if (i == waiting_n)
            continue;
        BUF(name, UNIT_NAME_BYTES);
        BUF(what, 64);
        buf_z(&name, unit);
        buf_z(&what, result);
        waiting[i] = waiting[--waiting_n];
        status |= judge(buf_end(&name), buf_end(&what));
    }
    return status;
}

/* --wait: until none of the started units runs any more. Failed ones make the answer 1. */
static int wait_for_units(void)
{
    int status = 0;
    for (u32 i = 0; i < names.n;) {
        struct bus_msg m;
        if (props_get(names.name[i]) < 0)
            return complain("Failed to wait for units: %s", call_error());
        const char *state = prop_text("ActiveState");
        if (STREQ(state, "failed") || STREQ(state, "inactive")) {
            status |= *state == 'f';
            i++;
        } else if (client_next_signal(&m, -1) < 0) {
            return complain("Failed to wait for units: the connection is gone");
        }
    }
    return status;
}

/* ---- start, stop and their kin -------------------------------------------------------------- */

/* What several verbs mean the same by; `job` is how messages name it. */
static const struct { const char *verb, *method, *job; } job_verbs[] = {
    { "start", "StartUnit", "start" }, { "stop", "StopUnit", "stop" }, { "condstop", "StopUnit", "stop" },
    { "reload", "ReloadUnit", "reload" }, { "restart", "RestartUnit", "restart" },
    { "try-restart", "TryRestartUnit", "try-restart" }, { "condrestart", "TryRestartUnit", "try-restart" },
    { "reload-or-restart", "ReloadOrRestartUnit", "reload-or-restart" },
    { "reload-or-try-restart", "ReloadOrTryRestartUnit", "reload-or-try-restart" },
    { "try-reload-or-restart", "ReloadOrTryRestartUnit", "reload-or-try-restart" },
    { "condreload", "ReloadOrTryRestartUnit", "reload-or-try-restart" },
    { "force-reload", "ReloadOrTryRestartUnit", "reload-or-try-restart" },
    { "isolate", "StartUnit", "start" },
};

static int add_job(const char *method, const char *job, const char *unit, const char *mode)
{
    struct bus_msg reply;
    if (manager_call(&reply, method, "ss", unit, mode) == 0) {
        u32 id = job_id_of(get_string(&reply.body));
        if (id && !args.no_block)
            waiting[waiting_n++] = id;
        return 0;
    }
    const char *error = call_error_name();
    int status = call_exit_status();
    bool try = strncmp(method, "Try", 3) == 0 || strstr(method, "OrTry");
    if (STREQ(error, "UnitMasked") && try)
        return 0;
    complain("Failed to %s %s: %s", job, unit, call_error());
    if (!STREQ(error, "NoSuchUnit") && !STREQ(error, "UnitMasked") && !STREQ(error, "JobTypeNotApplicable"))
        complain("See system logs and 'systemctl status %s%s' for details.", *unit == '-' ? "-- " : "", unit);
    return status;
}

/* Starts (or whatever the method says) all of `names` and waits. */
static int run_jobs(const char *method, const char *job, const char *mode)
{
    struct bus_msg reply;
    int status = 0;
    waiting_n = 0;
    if (!args.no_block && manager_call(&reply, "Subscribe", "") < 0)
        return complain("Failed to wait for jobs: %s", call_error());
    for (u32 i = 0; i < names.n; i++) {
        int r = add_job(method, job, names.name[i], mode);
        status = status ? status : r;
    }
    int waited = wait_for_jobs();
    status = status ? status : waited;
    if (args.wait && !args.no_block) {
        waited = wait_for_units();
        status = status ? status : waited;
    }
    return status;
}

int verb_job(int argc, char **argv)
{
    u32 i = 0;
    bool isolate = STREQ(argv[0], "isolate");
    while (!STREQ(job_verbs[i].verb, argv[0]))
        i++;
    const char *method = job_verbs[i].method, *job = job_verbs[i].job;
    if (args.wait && !STREQ(job, "start") && !STREQ(job, "restart"))
        return complain("--wait may only be used with the 'start' or 'restart' commands.");
    if (!bus_is_there() || names_take(argc, argv, isolate ? ".target" : ".service", true))
        return 1;
    if (names.expanded && STREQ(job, "start") && !args.all && !args.quiet)
        complain("Warning: systemctl start called with a glob pattern.\n"
                 "Hint: unit globs expand to loaded units, so start will usually have no effect.\n"
                 "      Passing --all will also load units which are pulled in by other units.\n"
                 "      See systemctl(1) for more details.");
    return run_jobs(method, job, isolate ? "isolate" : args.job_mode ? args.job_mode : "replace");
}

/* ---- states -------------------------------------------------------------------------------- */

static int check_states(int argc, char **argv, const char *good, int otherwise)
{
    bool found = false;
    if (!bus_is_there() || names_take(argc, argv, ".service", true))
        return 1;
    for (u32 i = 0; i < names.n; i++) {
        if (props_get(names.name[i]) < 0)
            return complain("Failed to retrieve unit state: %s", call_error());
        const char *state = prop_text("ActiveState");
        if (!args.quiet)
            out("%s\n", state);
        found |= strstr(good, state) != NULL;
    }
    return found ? 0 : otherwise;
}

int verb_is_active(int argc, char **argv) { return check_states(argc, argv, " active reloading", 3); }
int verb_is_failed(int argc, char **argv) { return check_states(argc, argv, "failed", 1); }

int verb_is_system_running(int argc, char **argv)
{
    struct stat st;
    struct bus_msg m;
    const char *state = "offline";
    (void)argc;
    (void)argv;
    if (!args.root && sys_stat("/run/systemd/system", &st) == 0) {
        if (!bus_is_there())
            return 1;
        (void)manager_call(&m, "Subscribe", "");
        do
            state = props_get(NULL) < 0 ? "unknown" : prop_text("SystemState");
        while (args.wait && (STREQ(state, "initializing") || STREQ(state, "starting")) && client_next_signal(&m, -1) > 0);
    }
    if (!args.quiet)
        out("%s\n", state);
    return !STREQ(state, "running");
}

/* ---- small requests ------------------------------------------------------------------------ */

int verb_kill(int argc, char **argv)
{
    struct bus_msg reply;
    int signal = SIGTERM, status = 0;
    if (args.signal && parse_signal(str_of(args.signal), &signal) < 0)
        return complain("Failed to parse signal string %s.", args.signal);
    if (!bus_is_there() || names_take(argc, argv, ".service", true))
        return 1;
    for (u32 i = 0; i < names.n; i++)
        if (manager_call(&reply, "KillUnit", "ssi", names.name[i], args.whom ? args.whom : "all", signal) < 0)
            status = complain("Failed to kill unit %s: %s", names.name[i], call_error());
    return status;
}

int verb_reset_failed(int argc, char **argv)
{
    struct bus_msg reply;
    int status = 0;
    if (!bus_is_there() || names_take(argc, argv, ".service", true))
        return 1;
    if (argc == 1)
        return manager_call(&reply, "ResetFailed", "") < 0 ? complain("Failed to reset failed state: %s", call_error()) : 0;
    for (u32 i = 0; i < names.n; i++)
        if (manager_call(&reply, "ResetFailedUnit", "s", names.name[i]) < 0)
            status = complain("Failed to reset failed state of unit %s: %s", names.name[i], call_error());
    return status;
}

int verb_cancel(int argc, char **argv)
{
    struct bus_msg reply;
    int status = 0;
    if (!bus_is_there())
        return 1;
    if (argc == 1)
        return manager_call(&reply, "ClearJobs", "") < 0 ? complain("Failed to cancel all jobs: %s", call_error()) : 0;
    for (int i = 1; i < argc; i++) {
        u64 id = 0;
        if (parse_u64(str_of(argv[i]), 10, &id) < 0)
            return complain("Failed to parse job id \"%s\"", argv[i]);
        if (manager_call(&reply, "CancelJob", "u", (u32)id) < 0)
            status = complain("Failed to cancel job %lu: %s", (unsigned long)id, call_error());
    }
    return status;
}

int verb_daemon_reload(int argc, char **argv)
{
    struct bus_msg reply;
    (void)argc;
    (void)argv;
    if (!bus_is_there())
        return 1;
    return manager_call(&reply, "Reload", "") < 0 ? complain("Failed to reload daemon: %s", call_error()) : 0;
}

int verb_switch_root(int argc, char **argv)
{
    struct bus_msg reply;
    if (argc > 3)
        return complain("Too many arguments.");
    if (!bus_is_there())
        return 1;
    return manager_call(&reply, "SwitchRoot", "ss", argc > 1 ? argv[1] : "/sysroot", argc > 2 ? argv[2] : "") < 0
         ? complain("Failed to switch root: %s", call_error()) : 0;
}

/* ---- the end of the machine ----------------------------------------------------------------- */

/* verb; the target it starts and how; what --force calls; what --force --force asks the kernel */
static const struct power { const char *verb, *target, *mode, *method; unsigned reboot; } powers[] = {
    { "poweroff", "poweroff.target", "replace-irreversibly", "PowerOff", LINUX_REBOOT_CMD_POWER_OFF },
    { "reboot", "reboot.target", "replace-irreversibly", "Reboot", LINUX_REBOOT_CMD_RESTART },
    { "halt", "halt.target", "replace-irreversibly", "Halt", LINUX_REBOOT_CMD_HALT },
    { "kexec", "kexec.target", "replace-irreversibly", "KExec", LINUX_REBOOT_CMD_KEXEC },
    { "exit", "exit.target", "replace-irreversibly", "Exit", 0 },
    { "default", "default.target", "isolate", NULL, 0 },
    { "rescue", "rescue.target", "isolate", NULL, 0 },
    { "emergency", "emergency.target", "isolate", NULL, 0 },
};

static int now(const struct power *p)
{
    if (sys_geteuid() != 0)
        return complain("Must be root.");
    sys_sync();
    int r = args.reboot_argument ? sys_reboot(LINUX_REBOOT_CMD_RESTART2, args.reboot_argument) : sys_reboot(p->reboot, NULL);
    return r < 0 ? complain("Failed to %s: %s", p->verb, strerror(-r)) : 0;
}

/* Where PID 1 looks for the argument of the last reboot(2): systemd's place. */
static int write_reboot_argument(const char *text)
{
    int fd = sys_openat(AT_FDCWD, "/run/systemd/reboot-param", O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0600);
    ssize_t n = fd < 0 ? fd : sys_write(fd, text, strlen(text));
    if (fd >= 0)
        sys_close(fd);
    return n < 0 ? complain("Failed to write reboot parameter file: %s", strerror((int)-n)) : 0;
}

static bool kexec_loaded(void)
{
    char c = '0';
    int fd = sys_open("/sys/kernel/kexec_loaded", O_RDONLY);
    if (fd < 0)
        return false;
    (void)sys_read(fd, &c, 1);
    sys_close(fd);
    return c == '1';
}

static int go_down(const struct power *p)
{
    struct bus_msg reply;
    if (STREQ(p->verb, "kexec") && !kexec_loaded())
        return complain("No kernel is loaded that kexec could start; load one with kexec -l first.");
    if (args.reboot_argument && args.force < 2 && write_reboot_argument(args.reboot_argument))
        return 1;
    if (args.force >= 2 && p->reboot)
        return now(p);
    if (args.dry_run)
        return 0;
    if (!bus_is_there())
        return complain("It is possible to perform action directly, see discussion of --force --force in man:systemctl(1).");
    if (args.message)
        (void)complain("%s", args.message);
    if (args.force && p->method)
        return manager_call(&reply, p->method, "") < 0 ? complain("Failed to %s: %s", p->verb, call_error()) : 0;
    args.no_block |= p->method != NULL;
    names.n = 1;
    names.name[0] = p->target;
    return run_jobs("StartUnit", "start", p->mode);
}

int verb_power(int argc, char **argv)
{
    const struct power *p = powers;
    struct bus_msg reply;
    while (!STREQ(p->verb, argv[0]))
        p++;
    if (argc > 1 && STREQ(p->verb, "reboot")) {
        args.reboot_argument = argv[1];
    } else if (argc > 1 && STREQ(p->verb, "exit")) {
        i32 code;
        if (parse_int(str_of(argv[1]), 0, 255, &code) < 0)
            return complain("Invalid exit code.");
        if (!bus_is_there())
            return 1;
        if (manager_call(&reply, "SetExitCode", "y", code) < 0)
            return complain("Failed to set exit code: %s", call_error());
    } else if (argc > 1) {
        return complain("Too many arguments.");
    }
    return go_down(p);
}

/* ---- halt poweroff reboot shutdown by their own names ---------------------------------------- */

static const struct option halt_options[] = {
    { "help", 0, OPT_FLAG, &args.help }, { "halt", 0, OPT_FLAG, &args.halt }, { "poweroff", 'p', OPT_FLAG, &args.poweroff },
    { "reboot", 0, OPT_FLAG, &args.reboot }, { "force", 'f', OPT_COUNT, &args.force },
    { "wtmp-only", 'w', OPT_FLAG, &args.dry_run }, { "no-wtmp", 'd', OPT_NOTHING, NULL },
    { "no-sync", 'n', OPT_NOTHING, NULL }, { "no-wall", 0, OPT_NOTHING, NULL }, { "i", 'i', OPT_NOTHING, NULL },
    { "h", 'h', OPT_NOTHING, NULL }, { 0 },
};
static const struct option shutdown_options[] = {
    { "help", 0, OPT_FLAG, &args.help }, { "halt", 'H', OPT_FLAG, &args.halt }, { "poweroff", 'P', OPT_FLAG, &args.poweroff },
    { "reboot", 'r', OPT_FLAG, &args.reboot }, { "kexec", 'K', OPT_FLAG, &args.kexec }, { "h", 'h', OPT_NOTHING, NULL },
    { "k", 'k', OPT_FLAG, &args.dry_run }, { "no-wall", 0, OPT_NOTHING, NULL }, { "c", 'c', OPT_FLAG, &args.cancel },
    { "a", 'a', OPT_NOTHING, NULL }, { "t", 't', OPT_NOTHING_TEXT, NULL }, { "f", 'f', OPT_NOTHING, NULL },
    { "F", 'F', OPT_NOTHING, NULL }, { 0 },
};

static int power_help(const char *name, bool shutdown)
{
    out("%s [OPTIONS...]%s\n\n%s\n\nOptions:\n     --help      Show this help\n", name,
        shutdown ? " [TIME] [WALL...]" : STREQ(name, "reboot") ? " [ARG]" : "",
        shutdown ? "Shut down the system." : "Halt, power off or reboot the system.");
    if (shutdown)
        out_str(S("  -H --halt      Halt the machine\n  -P --poweroff  Power-off the machine (also -h)\n"
                  "  -r --reboot    Reboot the machine\n  -k             Do nothing but say so\n"
                  "     --no-wall   Accepted; no wall message is sent\n\nTIME is \"now\" or +0: pith does not wait.\n"));
    else
        out_str(S("     --halt      Halt the machine\n  -p --poweroff  Switch off the machine\n"
                  "     --reboot    Reboot the machine\n"
                  "  -f --force     Without stopping units, at once\n"
                  "  -w --wtmp-only Do nothing\n  -d --no-wtmp   Accepted; pith writes no wtmp record\n"));
    out_str(S("\nSee the halt(8) man page for details.\n"));
    return 0;
}

static const struct power *power_of(const char *name, bool shutdown)
{
    const char *verb = args.halt ? "halt" : args.reboot ? "reboot" : args.kexec ? "kexec" : shutdown ? "poweroff"
                     : args.poweroff && !STREQ(name, "reboot") ? "poweroff" : name;
    const struct power *p = powers;
    while (!STREQ(p->verb, verb))
        p++;
    return p;
}

int power_main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
    bool shutdown = STREQ(name, "shutdown");
    if (options_parse(shutdown ? shutdown_options : halt_options, &argc, argv) < 0)
        return 1;
    if (args.help) {
        power_help(name, shutdown);
        out_flush();
        return 0;
    }
    if (args.cancel)
        return complain("shutdown: nothing is scheduled, pith acts at once.");
    const struct power *p = power_of(name, shutdown);
    if (shutdown && argc > 1 && !STREQ(argv[1], "now") && !STREQ(argv[1], "+0"))
        return complain("shutdown: %s: pith does not wait; use \"now\", or: sleep SECONDS && shutdown now", argv[1]);
    if (!shutdown && argc > 1 && STREQ(p->verb, "reboot"))
        args.reboot_argument = argv[1];
    else if (!shutdown && argc > 1)
        return complain("Too many arguments.");
    if (args.force && !shutdown)
        args.force = 2;
    return go_down(p);
}

/* telinit's words, for what calls `init 0` or `init 6`: the kernel did not start us, so we ask PID 1. */
int init_client_main(int argc, char **argv)
{
    static const struct { char level; const char *target; } levels[] = {
        { '0', "poweroff.target" }, { '6', "reboot.target" }, { '1', "rescue.target" }, { 's', "rescue.target" },
        { 'S', "rescue.target" }, { '2', "multi-user.target" }, { '3', "multi-user.target" }, { '4', "multi-user.target" },
        { '5', "graphical.target" },
    };
    const char *word = argc > 1 ? argv[1] : "";
    for (u32 i = 0; i < LEN(levels); i++)
        if (word[0] == levels[i].level && !word[1]) {
            names.n = 1;
            names.name[0] = levels[i].target;
            return bus_is_there() ? run_jobs("StartUnit", "start", i < 2 ? "replace-irreversibly" : "isolate") : 1;
        }
    if (STREQ(word, "q") || STREQ(word, "Q"))
        return verb_daemon_reload(1, argv);
    complain("pith is PID 1 or a program by one of its names: systemctl, halt, poweroff, reboot, shutdown.\n"
             "To boot it, give the kernel init=/usr/sbin/init; to ask it something, use systemctl.\n"
             "init 0|1|2|3|4|5|6|s|q starts a target of the running system.");
    return 1;
}
