/* SPDX-License-Identifier: 0BSD
 *
 * Verbs that make units change: jobs and how they end, signals, small requests. */
#include "client.h"

/* ---- waiting for jobs ---------------------------------------------------------------------- */

/* Jobs whose end is awaited; their ids. */
static u32 waiting[LEN(names.name)], waiting_n;

/* systemd's words for what a result means, "%s" is the unit's name. */
static const char *const sentences =
    "canceled\0Job for %s canceled.\0timeout\0Job for %s timed out.\0"
    "dependency\0A dependency job for %s failed. See 'journalctl -xe' for details.\0"
    "invalid\0%s is not active, cannot reload.\0assert\0Assertion failed on job for %s.\0"
    "unsupported\0Operation on or unit type of %s not supported on this system.\0"
    "collected\0Queued job for %s was garbage collected.\0"
    "once\0Unit %s was started already once and can't be started again.\0";
static const char *const explanations =
    "resources\0of unavailable resources or another system error\0"
    "protocol\0the service did not take the steps required by its unit configuration\0"
    "timeout\0a timeout was exceeded\0exit-code\0the control process exited with error code\0"
    "signal\0a fatal signal was delivered to the control process\0"
    "core-dump\0a fatal signal was delivered causing the control process to dump core\0"
    "watchdog\0the service failed to send watchdog ping\0"
    "start-limit-hit\0start of the service was attempted too often\0";

static int explain_failure(const char *unit)
{
    if (!z_ends(unit, ".service"))
        return complain("Job failed. See \"journalctl -xe\" for details.");
    const char *result = props_get(NULL, unit) ? "" : prop_text("Result"), *why = z_lookup(explanations, result);
    complain("Job for %s failed%s%s.\nSee \"systemctl status %s\" and \"journalctl -xeu %s\" for details.", unit,
             why ? " because " : "", why ? why : "", unit, unit);
    if (STREQ(result, "start-limit-hit"))
        complain("To force a start use \"systemctl reset-failed %s\"\nfollowed by \"systemctl start %s\" again.", unit, unit);
    return 1;
}

/* 0 or 1, with a sentence about what went wrong. */
static int judge(const char *unit, const char *result)
{
    if (z_in("done\0skipped\0", result))
        return 0;
    const char *sentence = z_lookup(sentences, result);
    if (args.quiet)
        return 1;
    if (sentence)
        return complain(sentence, unit);
    return explain_failure(z_fmt("%s", unit));
}

static int wait_for_jobs(void)
{
    int status = 0;
    while (waiting_n) {
        struct bus_msg m;
        int r = client_next_signal(&m, -1);
        if (r < 0)
            return failed("wait for response", r);
        struct { u64 id; const char *path, *unit, *result; } job;
        u32 i = 0;
        if (!STREQ(m.member, "JobRemoved") || !fields_next(&m.body, UINT32_MAX, "uoss", &job))
            continue;
        while (i < waiting_n && waiting[i] != job.id)
            i++;
        if (i == waiting_n)
            continue;
        waiting[i] = waiting[--waiting_n];
        status |= judge(job.unit, job.result);
    }
    return status;
}

/* --wait: until the unit runs no more. Failed ones make the answer 1. */
static int wait_for_unit(const char *unit, bool first)
{
    struct bus_msg m;
    (void)first;
    for (;;) {
        if (props_get("wait for units", unit))
            return 1;
        const char *state = prop_text("ActiveState");
        if (z_in("failed\0inactive\0", state))
            return *state == 'f';
        if (client_next_signal(&m, -1) < 0)
            return complain("Failed to wait for units: the connection is gone");
    }
}

/* ---- start, stop and their kin -------------------------------------------------------------- */

static int add_job(const char *method, const char *job, const char *unit, const char *mode)
{
    if (!ask(NULL, NULL, method, "ss", unit, mode)) {
        const char *id = z_after(get_string(&reply.body), BUS_PATH "/job/");
        u64 n;
        if (!args.no_block && decimal(id, &n))
            waiting[waiting_n++] = (u32)n;
        if (!args.quiet && unit_changed(unit))
            warn_changed(unit);
        return 0;
    }
    if (STREQ(call_error_name, "UnitMasked") && strstr(method, "Try"))
        return 0;
    int status = call_exit_status();
    complain("Failed to %s %s: %s", job, unit, call_error);
    if (!z_in("UnitMasked\0NoSuchUnit\0JobTypeNotApplicable\0", call_error_name))
        complain("See system logs and 'systemctl status %s%s' for details.", *unit == '-' ? "-- " : "", unit);
    return status;
}

int run_jobs(const char *job, const char *mode)
{
    struct buf *method = z_buf();
    int status = 0;
    waiting_n = 0;
    bool up = true;                      /* reload-or-restart -> ReloadOrRestartUnit */
    for (const char *c = job; *c; up = *c++ == '-')
        if (*c != '-')
            buf_c(method, up ? (char)(*c - 'a' + 'A') : *c);
    buf_z(method, "Unit");
    (void)buf_end(method);
    if (!args.no_block && request("wait for jobs", "Subscribe"))
        return 1;
    for (u32 i = 0; i < names.n; i++) {
        int r = add_job(method->p, job, names.name[i], mode);
        status = status ? status : r;
    }
    int waited = wait_for_jobs();
    status = status ? status : waited;
    if (args.wait && !args.no_block) {
        waited = names_each(wait_for_unit);
        status = status ? status : waited;
    }
    return status;
}

int run_start(const char *unit, const char *mode)
{
    static char name[UNIT_NAME_BYTES];
    z_copy(name, sizeof name, str_of(unit));
    names.name[0] = name;
    names.n = 1;
    return run_jobs("start", mode);
}

int verb_job(int argc, char **argv)
{
    /* What means the same as another; `job` is how messages and methods name it. */
    static const char *const same =
        "isolate\0start\0condstop\0stop\0condrestart\0try-restart\0condreload\0reload-or-try-restart\0"
        "try-reload-or-restart\0reload-or-try-restart\0force-reload\0reload-or-try-restart\0";
    bool isolate = STREQ(argv[0], "isolate");
    const char *other = z_lookup(same, argv[0]), *job = other ? other : argv[0];
    if (args.wait && !z_in("start\0restart\0", job))
        return complain("--wait may only be used with the 'start' or 'restart' commands.");
    if (!bus_is_there() || names_take(argc, argv, isolate ? ".target" : ".service", true))
        return 1;
    if (names.expanded && STREQ(job, "start") && !args.all && !args.quiet)
        complain("Warning: systemctl start called with a glob pattern.\n"
                 "Hint: unit globs expand to loaded units, so start will usually have no effect.\n"
                 "      Passing --all will also load units which are pulled in by other units.\n"
                 "      See systemctl(1) for more details.");
    return run_jobs(job, isolate ? "isolate" : args.job_mode ? args.job_mode : "replace");
}

/* ---- states -------------------------------------------------------------------------------- */

static int check_states(const char *good, int otherwise)
{
    bool found = false;
    for (u32 i = 0; i < names.n; i++) {
        if (props_get("retrieve unit state", names.name[i]))
            return 1;
        const char *state = prop_text("ActiveState");
        if (!args.quiet)
            out("%s\n", state);
        found |= strstr(good, state) != NULL;
    }
    return found ? 0 : otherwise;
}

int verb_is_active(int argc, char **argv) { return (void)argc, (void)argv, check_states(" active reloading", 3); }
int verb_is_failed(int argc, char **argv) { return (void)argc, (void)argv, check_states("failed", 1); }

int verb_is_system_running(int argc, char **argv)
{
    struct bus_msg m;
    const char *state = "offline";
    (void)argc;
    (void)argv;
    if (!args.root && is_booted()) {
        if (!bus_is_there())
            return 1;
        (void)request(NULL, "Subscribe");
        do
            state = props_get(NULL, NULL) ? "unknown" : prop_text("SystemState");
        while (args.wait && z_in("initializing\0starting\0", state) && client_next_signal(&m, -1) > 0);
    }
    if (!args.quiet)
        out("%s\n", state);
    return !STREQ(state, "running");
}

/* ---- small requests ------------------------------------------------------------------------ */

static int kill_signal = SIGTERM;

static int kill_one(const char *unit, bool first)
{
    (void)first;
    return ask("kill unit ", unit, "KillUnit", "ssi", unit, args.whom ? args.whom : "all", kill_signal);
}

int verb_kill(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    if (args.signal && parse_signal(str_of(args.signal), &kill_signal) < 0)
        return complain("Failed to parse signal string %s.", args.signal);
    return names_each(kill_one);
}

static int reset_failed(const char *unit, bool first)
{
    (void)first;
    return ask("reset failed state of unit ", unit, "ResetFailedUnit", "s", unit);
}

int verb_reset_failed(int argc, char **argv)
{
    (void)argv;
    return argc == 1 ? request("reset failed state", "ResetFailed") : names_each(reset_failed);
}

int verb_cancel(int argc, char **argv)
{
    int status = 0;
    if (argc == 1)
        return request("cancel all jobs", "ClearJobs");
    for (int i = 1; i < argc; i++) {
        u64 id = 0;
        if (!decimal(argv[i], &id))
            return complain("Failed to parse job id \"%s\"", argv[i]);
        status |= ask("cancel job ", argv[i], "CancelJob", "u", (u32)id);
    }
    return status;
}

int verb_daemon_reload(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return bus_is_there() ? request("reload daemon", "Reload") : 1;
}
