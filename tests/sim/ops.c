/* SPDX-License-Identifier: 0BSD
 *
 * What happens to the manager from outside: clients that speak D-Bus on the control socket and ask for
 * everything that systemctl can, people that kill processes, mount, plug in and press Ctrl-Alt-Del.
 * When is decided by dice; only the kernel's time (sys.c) calls it. */
#include "sim.h"

static usec next_at;
bool ops_odd;
u64 ops_n;

static const char *const job_modes[] = { "replace", "replace", "replace", "replace", "fail", "replace-irreversibly",
                                         "ignore-dependencies", "ignore-requirements" };

usec ops_next(void) { return sim.ending || sim.well_behaved ? USEC_INF : next_at; }

/* ---- clients -------------------------------------------------------------------------------- */

static u32 serial;

static u32 any_client(void)
{
    for (u32 i = 0; i < CLIENTS; i++) {
        u32 c = (i + ops_n) % CLIENTS;
        if (client_alive(c))
            return c;
    }
    return CLIENTS;
}

static void call(const char *member, const char *signature, const char *a, const char *b, u32 number)
{
    static char space[2048];
    struct bus_out m = { .b = BUF_OVER(space) };
    u32 client = any_client();
    if (client == CLIENTS)
        return;
    bool properties = STREQ(member, "GetAll");
    out_call(&m, ++serial, "org.freedesktop.systemd1", properties && a[0] ? a : BUS_PATH,
             properties ? BUS_PROPERTIES : BUS_MANAGER, member, signature);
    if (properties)
        put_string(&m, b);
    for (const char *s = properties ? "" : signature; *s; s++)
        if (*s == 's')
            put_string(&m, s == signature ? a : b);
        else
            put_u32(&m, number);
    out_end(&m);
    client_say(client, m.b.p, m.b.n);
    if (STREQ(member, "Reload") || STREQ(member, "ResetFailed"))
        check_limits_since = sim.now;
    trace("client %u: %s %s %s", client, member, a ? a : "", b ? b : "");
}

void op_unit(const char *member, const char *unit, const char *mode) { call(member, "ss", unit, mode, 0); }
void op_plain(const char *member) { call(member, "", NULL, NULL, 0); }
void op_reset_failed(void) { op_plain("ResetFailed"); }

static void op_kill(void)
{
    static const char *const who[] = { "all", "main", "control" };
    static const int signals[] = { SIGTERM, SIGKILL, SIGHUP, SIGUSR1, SIGCONT };
    call("KillUnit", "ssi", graph_pick(), who[roll(3)], (u32)signals[roll(LEN(signals))]);
}

static void op_job(void)
{
    static const char *const verbs[] = { "StartUnit", "StartUnit", "StartUnit", "StopUnit", "StopUnit", "RestartUnit",
                                         "TryRestartUnit", "ReloadUnit", "ReloadOrRestartUnit", "ReloadOrTryRestartUnit" };
    u32 mode = chance(850) ? 0 : roll(LEN(job_modes));
    ops_odd |= mode >= 4;
    op_unit(verbs[roll(LEN(verbs))], graph_pick(), job_modes[mode]);
}

static void op_isolate(void) { op_unit("StartUnit", chance(600) ? "default.target" : graph_pick(), "isolate"); }

static void op_cancel(void)
{
    u32 id = 0;
    for (UNITS(u))
        if (jobs[u].id && (!id || chance(300)))
            id = jobs[u].id;
    if (id)
        call("CancelJob", "u", NULL, NULL, id);
}

/* ---- the world ------------------------------------------------------------------------------ */

static void murder(void)
{
    pid_t pid = proc_any();
    if (pid) {
        trace("somebody kills %d", (int)pid);
        (void)proc_kill(pid, SIGKILL);
    }
}

static void device_moves(void)
{
    const char *path = chance(500) ? "/dev/sim0" : "/dev/sim1";
    device_set(path, !device_there(path));
}

static void mount_moves(void)
{
    static const char *const places[] = { "/m", "/m/n", "/elsewhere" };
    const char *where = places[roll(3)];
    trace("somebody mounts or unmounts %s", where);
    if (!table_remove(false, where))
        table_add(false, where, "tmpfs");
}

static void connect_or_leave(void)
{
    u32 c = roll(CLIENTS);
    if (client_alive(c))
        client_hang_up(c);
    else
        client_connect_now();
}

static void one_thing(void)
{
    u32 dice = roll(1000);
    if (dice < 620)
        op_job();
    else if (dice < 640)
        op_isolate();
    else if (dice < 680)
        op_plain("ResetFailed");
    else if (dice < 700)
        op_kill();
    else if (dice < 715) {
        if (sim.edits)
            graph_change();
        op_plain("Reload");
    } else if (dice < 720) {
        check_limits_since = sim.now;
        signal_raise(SIGHUP);
    } else if (dice < 740)
        op_cancel();
    else if (dice < 745)
        op_plain("ClearJobs");
    else if (dice < 760)
        op_plain("ListUnits");
    else if (dice < 770)
        call("GetAll", "s", "", "", 0);
    else if (dice < 780)
        op_plain(chance(500) ? "Subscribe" : "ListJobs");
    else if (dice < 820)
        connect_or_leave();
    else if (dice < 850)
        device_moves();
    else if (dice < 880)
        mount_moves();
    else
        murder();
}

void ops_step(void)
{
    if (ops_next() > sim.now)
        return;
    if (any_client() == CLIENTS)
        client_connect_now();
    for (u32 n = chance(200) ? 1 + roll(5) : 1; n; n--) {
        ops_n++;
        one_thing();
    }
    next_at = sim.now + (chance(250) ? roll_ms(0, 20) : chance(150) ? roll_ms(0, 60000) : roll_ms(0, 4000));
}

/* Everything of ours is stopped and forgotten: what is left then was leaked. */
void ops_stop_everything(void)
{
    const char *name;
    if (any_client() == CLIENTS) {
        client_connect_now();
        return;
    }
    for (u32 i = 0; (name = graph_name(&i));)
        op_unit("StopUnit", name, "replace");
}
