/* SPDX-License-Identifier: 0BSD
 *
 * Random unit files: a handful of services of all types, targets, mounts and a swap, with random
 * dependencies between them, beside the units that pith ships. Most orderings point one way, so that
 * cycles are the exception. Writes text, nothing else. */
#include "sim.h"

static char names[48][32];
static u32 names_n;

const char *graph_name(u32 *n) { return *n < names_n ? names[(*n)++] : NULL; }
const char *graph_pick(void) { return names[roll(names_n)]; }

static void add_name(const char *fmt, u32 i)
{
    struct buf b = BUF_OVER(names[names_n]);
    if (strchr(fmt, '%'))
        buf_fmt(&b, fmt[0] == 's' ? "s%u.service" : "t%u.target", i);
    else
        buf_z(&b, fmt);
    buf_end(&b);
    names_n++;
}

static void put_choice(struct buf *b, const char *key, const char *const *values, u32 n)
{
    buf_fmt(b, "%s=%s\n", key, values[roll(n)]);
}
#define CHOICE(b, key, ...) do { static const char *const v_[] = { __VA_ARGS__ }; put_choice(b, key, v_, LEN(v_)); } while (0)

/* ---- [Unit] --------------------------------------------------------------------------------- */

/* How often each dependency is, in 100; `after`: it is mostly written with After=, as people do. */
static const struct { const char *key; u32 weight; bool after; } dependencies[] = {
    { "Wants", 24, true }, { "Requires", 20, true }, { "BindsTo", 8, true }, { "PartOf", 9, false }, { "Requisite", 4, true },
    { "Conflicts", 9, false }, { "After", 9, false }, { "Before", 5, false }, { "Upholds", 2, false },
    { "OnFailure", 4, false }, { "OnSuccess", 2, false }, { "PropagatesStopTo", 2, false },
    { "PropagatesReloadTo", 2, false },
};

static void put_dependency(struct buf *b, u32 self)
{
    u32 dice = roll(100), k = 0;
    /* Mostly on what has a lower number: it is ordered before us. */
    u32 other = self && !chance(120) ? roll(self) : roll(names_n);
    while (k + 1 < LEN(dependencies) && dice >= dependencies[k].weight)
        dice -= dependencies[k++].weight;
    buf_fmt(b, "%s=%s\n", dependencies[k].key, names[other]);
    if (dependencies[k].after && !chance(250))
        buf_fmt(b, "After=%s\n", names[other]);
}

static void put_unit_section(struct buf *b, u32 self)
{
    buf_fmt(b, "[Unit]\nDescription=Unit %u of the simulation\n", self);
    for (u32 n = roll(4); n; n--)
        put_dependency(b, self);
    if (chance(300))
        buf_z(b, "DefaultDependencies=no\n");
    if (chance(60))
        buf_z(b, "StopWhenUnneeded=yes\n");
    if (chance(80))
        buf_fmt(b, "JobTimeoutSec=%u\n", 1 + roll(20));
    if (chance(60))
        buf_fmt(b, "JobRunningTimeoutSec=%u\n", 1 + roll(10));
    if (chance(50))
        buf_z(b, "ConditionPathExists=/there-is-none\n");
    if (chance(30))
        buf_z(b, "AssertPathExists=/there-is-none\n");
    if (chance(60))
        buf_z(b, "IgnoreOnIsolate=yes\n");
    if (chance(100))
        buf_z(b, "AllowIsolate=yes\n");
    if (chance(150))
        buf_fmt(b, "StartLimitIntervalSec=%u\nStartLimitBurst=%u\n", roll(20), roll(6));
    if (chance(60))
        CHOICE(b, "OnFailureJobMode", "replace", "fail", "isolate", "replace-irreversibly", "ignore-dependencies");
}

/* ---- [Service] ------------------------------------------------------------------------------ */

static void put_commands(struct buf *b, const char *key, u32 often)
{
    for (u32 n = chance(often) ? 1 + roll(2) : 0; n; n--)
        buf_fmt(b, "%s=%s/sim any\n", key, chance(150) ? "-" : "");
}

static void put_service(struct buf *b, u32 self)
{
    static const char *const types[] = { "simple", "exec", "oneshot", "forking", "notify", "idle" };
    u32 type = roll(LEN(types));
    bool oneshot = type == 2;
    buf_fmt(b, "[Service]\nType=%s\n", types[type]);
    put_commands(b, "ExecCondition", 60);
    put_commands(b, "ExecStartPre", 150);
    if (!oneshot)
        buf_fmt(b, "ExecStart=%s/sim any\n", chance(60) ? "-" : "");
    else
        put_commands(b, "ExecStart", 950);
    put_commands(b, "ExecStartPost", 120);
    put_commands(b, "ExecReload", 300);
    put_commands(b, "ExecStop", 200);
    put_commands(b, "ExecStopPost", 150);
    if (type == 3 && chance(500))
        buf_fmt(b, "PIDFile=/run/u%u.pid\n", self);
    if (oneshot || chance(200))
        CHOICE(b, "RemainAfterExit", "yes", "no", "yes");
    if (chance(650) && oneshot)
        CHOICE(b, "Restart", "no", "on-failure", "on-abnormal", "on-abort", "on-watchdog");
    else if (chance(650))
        CHOICE(b, "Restart", "no", "always", "on-success", "on-failure", "on-abnormal", "on-abort", "on-watchdog", "always");
    if (chance(500))
        CHOICE(b, "RestartSec", "0", "10ms", "1", "5");
    buf_fmt(b, "TimeoutStartSec=%u\nTimeoutStopSec=%u\n", 1 + roll(10), 1 + roll(5));
    if (chance(150))
        CHOICE(b, "KillMode", "mixed", "process", "mixed", "none");
    if (chance(40))
        buf_z(b, "SendSIGKILL=no\n");
    if (chance(60))
        CHOICE(b, "TimeoutStopFailureMode", "abort", "kill", "terminate");
    if (chance(60))
        CHOICE(b, "TimeoutStartFailureMode", "abort", "kill", "terminate");
    if (chance(60))
        buf_fmt(b, "RuntimeMaxSec=%u\n", 1 + roll(30));
    if (chance(80))
        CHOICE(b, "WatchdogSec", "500ms", "2", "20");
    if (chance(60))
        CHOICE(b, "NotifyAccess", "all", "none", "exec", "main");
    if (chance(60))
        CHOICE(b, "SuccessExitStatus", "1", "SIGKILL", "1 2 SIGABRT");
    if (chance(40))
        CHOICE(b, "RestartPreventExitStatus", "1", "SIGSEGV");
    if (chance(40) && !oneshot)
        CHOICE(b, "RestartForceExitStatus", "0", "2");
    if (chance(80))
        CHOICE(b, "User", "nobody", "daemon");       /* a heavy child */
    if (chance(60))
        buf_z(b, "RuntimeDirectory=sim\n");
    if (chance(100))
        CHOICE(b, "Slice", "a.slice", "a-b.slice", "system.slice");
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void put_unit(u32 self)
{
    static char text[8192];
    struct buf b = BUF_OVER(text);
    BUF(path, 128);
    put_unit_section(&b, self);
    if (z_ends(names[self], ".service"))
        put_service(&b, self);
    else if (z_ends(names[self], ".mount"))
        buf_fmt(&b, "[Mount]\nWhat=%s\nType=tmpfs\nTimeoutSec=%u\n", chance(400) ? "/dev/sim1" : "tmpfs", 1 + roll(5));
    else if (z_ends(names[self], ".swap"))
        buf_fmt(&b, "[Swap]\nWhat=/dev/sim0\nTimeoutSec=%u\n", 1 + roll(5));
    buf_fmt(&path, "%s/%s", sim.compact ? "/etc/units" : "/etc/systemd/system", names[self]);
    disk_put(buf_end(&path), buf_end(&b));
}

static void put_default_target(void)
{
    BUF(text, 4096);
    buf_z(&text, "[Unit]\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n");
    for (u32 i = 0; i < names_n; i++)
        if (chance(500))
            buf_fmt(&text, "Wants=%s\n", names[i]);
    disk_put("/etc/systemd/system/default.target", buf_end(&text));
}

void graph_make(void)
{
    u32 services = 2 + roll(chance(300) ? 30 : 10);
    if (chance(500))
        add_name("m.mount", 0);
    if (chance(300))
        add_name("m-n.mount", 0);
    if (chance(300))
        add_name("dev-sim0.swap", 0);
    for (u32 i = 0; i < services; i++)
        add_name(chance(180) ? "t%" : "s%", i);
    for (u32 i = 0; i < names_n; i++)
        put_unit(i);
    put_default_target();
    disk_put("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    if (chance(700))
        device_set("/dev/sim0", true);
    if (chance(700))
        device_set("/dev/sim1", true);
}

void graph_change(void)
{
    for (u32 n = roll(3); n; n--) {
        u32 i = roll(names_n);
        BUF(path, 128);
        buf_fmt(&path, "%s/%s", sim.compact ? "/etc/units" : "/etc/systemd/system", names[i]);
        if (chance(150))
            disk_gone(buf_end(&path));
        else
            put_unit(i);
    }
}

/* Without what makes units start when others end, and without cycles: so that stopping everything
 * comes to an end. */
void graph_pacify(void)
{
    static char text[8192];
    for (u32 i = 0; i < names_n; i++) {
        struct buf b = BUF_OVER(text);
        BUF(path, 128);
        buf_fmt(&path, "%s/%s", sim.compact ? "/etc/units" : "/etc/systemd/system", names[i]);
        struct str rest = str_of(disk_text(buf_end(&path))), line;
        while ((line = str_line(&rest, '\n')).p)
            if (!str_starts(line, "On") && !str_starts(line, "Upholds") && !str_starts(line, "After")
                && !str_starts(line, "Before"))
                buf_fmt(&b, "%.*s\n", (int)line.n, line.p);
        if (rest.p)
            disk_put(path.p, buf_end(&b));
    }
}
