/* SPDX-License-Identifier: 0BSD
 *
 * The simulator's own part: options, dice, the trace, and episodes. An episode is one life of PID 1 on
 * one random machine: boot, some hundred turns of wishes, deaths and mishaps, then all is stopped and
 * must be as it was. Each runs in a child, so that a crash is a failure like any other and nothing
 * is left over from the one before. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct sim sim;

/* ---- dice ----------------------------------------------------------------------------------- */

static u64 dice;

static u64 next_random(u64 *state)       /* splitmix64 */
{
    u64 z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

u32 roll(u32 n) { return (u32)((next_random(&dice) >> 32) * n >> 32); }
bool chance(u32 of_1000) { return roll(1000) < of_1000; }
usec roll_ms(u32 lo, u32 hi) { return (lo + roll(hi - lo + 1)) * USEC_MS; }

bool broken(const char *what) { return sim.breaks && STREQ(sim.breaks, what); }

/* ---- the trace ------------------------------------------------------------------------------ */

static struct { u64 turn; usec at; char text[200]; } lines[400];
static u64 lines_n;
static bool loud;

static void print_line(u64 i)
{
    printf("%6llu %8llu.%03llu  %s\n", (unsigned long long)lines[i % LEN(lines)].turn,
           (unsigned long long)(lines[i % LEN(lines)].at / USEC_SEC),
           (unsigned long long)(lines[i % LEN(lines)].at / USEC_MS % 1000), lines[i % LEN(lines)].text);
}

void trace(const char *fmt, ...)
{
    struct buf b = BUF_OVER(lines[lines_n % LEN(lines)].text);
    va_list ap;
    lines[lines_n % LEN(lines)].turn = sim.turn;
    lines[lines_n % LEN(lines)].at = sim.now;
    va_start(ap, fmt);
    buf_vfmt(&b, fmt, ap);
    va_end(ap);
    buf_end(&b);
    if (loud)
        print_line(lines_n);
    lines_n++;
}

static u32 lines_wanted = 60;

void violated(const char *fmt, ...)
{
    char what[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    files_print();
    printf("The last events (turn, time, what):\n");
    lines_wanted = MIN(lines_wanted, (u32)LEN(lines));
    for (u64 i = lines_n > lines_wanted ? lines_n - lines_wanted : 0; i < lines_n; i++)
        print_line(i);
    procs_print();
    fds_print();
    printf("VIOLATED in turn %llu: %s\n", (unsigned long long)sim.turn, what);
    fflush(stdout);
    _exit(3);
}

/* ---- an episode ----------------------------------------------------------------------------- */

static void machine_rolls(void)
{
    sim.now = USEC_SEC;
    sim.cgroups = chance(800);
    sim.tty = chance(300);
    sim.compact = chance(200);
    sim.edits = chance(500);
    if (sim.fault_rate)
        sim.fault_rate = chance(400) ? 0 : roll(sim.fault_rate) + 1;
}

static void boot(void)
{
    static char *argv[] = { "/sbin/init", NULL, NULL };
    u32 rate = sim.fault_rate;
    u64 at = sim.fault_at;
    sim.fault_rate = 0;                  /* what fails at boot is left out; what that breaks is no news */
    sim.fault_at = 0;
    boot_machine(1, argv);
    check_begin();
    sim.fault_rate = rate;
    sim.fault_at = at;
    sim.calls = 0;
    boot_units();
}

static void one_turn(void)
{
    static int timeout_ms;
    sim.turn++;
    timeout_ms = turn(timeout_ms);
    if (manager.objective != RUNNING_ON) {
        trace("the machine would leave now (%d)", (int)manager.objective);
        manager.objective = RUNNING_ON;
    }
    check_turn(timeout_ms);
}

/* Without what starts units when others stop, then stops until nothing of ours is up. */
static void end(void)
{
    usec next = 0, give_up = sim.now + 3600 * USEC_SEC;
    sim.ending = true;
    sim.fault_rate = 0;
    sim.fault_at = 0;
    graph_pacify();
    for (u32 i = 0; i < CLIENTS; i++)    /* one whose credentials could not be read has no say */
        client_hang_up(i);
    signal_raise(SIGHUP);
    while (!at_rest() || next < give_up - 3590 * USEC_SEC) {
        if (sim.now >= next) {
            ops_stop_everything();
            next = sim.now + 5 * USEC_SEC;
        }
        if (sim.now > give_up)
            violated("what was stopped an hour ago is not down");
        if (sim.quiet)
            sim.now = next;
        sim.quiet = false;
        one_turn();
    }
    check_rest();
}

struct life { u64 turns, calls, faults, ops; };

static struct life episode(u64 seed, u64 turns)
{
    dice = seed;
    machine_rolls();
    graph_make();
    boot();
    while (sim.turn < turns)
        one_turn();
    end();
    return (struct life){ sim.turn, sim.calls, sim.faults, ops_n };
}

/* In a child. False: it failed, and has said so. */
static bool episode_apart(u64 seed, u64 turns, struct life *total)
{
    int ends[2], status;
    struct life r = { 0 };
    fflush(stdout);
    if (pipe(ends) < 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        r = episode(seed, turns);
        _exit(write(ends[1], &r, sizeof r) != sizeof r);
    }
    close(ends[1]);
    (void)!read(ends[0], &r, sizeof r);
    close(ends[0]);
    waitpid(pid, &status, 0);
    total->turns += r.turns;
    total->calls += r.calls;
    total->faults += r.faults;
    total->ops += r.ops;
    if (status == 0)
        return true;
    if (WIFSIGNALED(status))
        printf("CRASHED: signal %d%s\n", WTERMSIG(status), WTERMSIG(status) == SIGALRM ? ": one turn did not end" : "");
    return false;
}

/* ---- what can be asked for ------------------------------------------------------------------ */

static int usage(void)
{
    printf("usage: sim [--seed N] [--turns N] [--length N] [--faults RATE] [--fault-at CALL] [--one] [--loud] [--break BUG]\n"
           "       sim --sweep [--seed N]    the Nth call fails, for every N of one life\n"
           "       sim --cases [NAME]        the directed cases\n");
    return 2;
}

static void tell(u64 seed, const char *rest)
{
    printf("seed %llu failed; again, alone: tests/sim/run --one --seed %llu%s%s\n", (unsigned long long)seed,
           (unsigned long long)seed, rest, sim.breaks ? " --break ..." : "");
}

static int run_random(u64 seed, u64 turns, u64 length)
{
    struct life total = { 0 };
    u64 state = seed, episodes = 0;
    char rest[96];
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (; total.turns < turns; episodes++) {
        u64 each = next_random(&state) >> 16;
        if (episode_apart(each, length, &total))
            continue;
        snprintf(rest, sizeof rest, " --length %llu --faults %u", (unsigned long long)length, sim.fault_rate);
        tell(each, rest);
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("seed %llu: %llu turns in %llu lives, %llu kernel calls, %llu made to fail, %llu wishes and mishaps: %.1f s\n",
           (unsigned long long)seed, (unsigned long long)total.turns, (unsigned long long)episodes,
           (unsigned long long)total.calls, (unsigned long long)total.faults, (unsigned long long)total.ops,
           (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    return 0;
}

/* The Nth call fails, for every N after boot_machine() until a life has no more. */
static int run_sweep(u64 seed)
{
    struct life total = { 0 };
    char rest[96];
    for (u64 n = 1;; n++) {
        struct life one = { 0 };
        sim.fault_at = n;
        if (!episode_apart(seed, 60, &one)) {
            snprintf(rest, sizeof rest, " --length 60 --fault-at %llu", (unsigned long long)n);
            tell(seed, rest);
            return 1;
        }
        total.turns += one.turns;
        if (n > one.calls) {
            printf("seed %llu: each of %llu calls failed once, %llu turns\n", (unsigned long long)seed, (unsigned long long)n - 1,
                   (unsigned long long)total.turns);
            return 0;
        }
    }
}

int main(int argc, char **argv)
{
    u64 seed = 1, turns = 1000000, length = 2000;
    bool one = false, sweep = false;
    for (int i = 1; i < argc; i++) {
        const char *v = i + 1 < argc ? argv[i + 1] : "";
        if (STREQ(argv[i], "--cases"))
            return cases_run(*v ? v : NULL) ? 1 : 0;
        if (STREQ(argv[i], "--one"))
            one = true;
        else if (STREQ(argv[i], "--loud"))
            loud = true, setvbuf(stdout, NULL, _IOLBF, 0);
        else if (STREQ(argv[i], "--sweep"))
            sweep = true;
        else if (!*v)
            return usage();
        else if (STREQ(argv[i], "--seed"))
            seed = strtoull(argv[++i], NULL, 0);
        else if (STREQ(argv[i], "--turns"))
            turns = strtoull(argv[++i], NULL, 0);
        else if (STREQ(argv[i], "--length"))
            length = strtoull(argv[++i], NULL, 0);
        else if (STREQ(argv[i], "--faults"))
            sim.fault_rate = (u32)atoi(argv[++i]);
        else if (STREQ(argv[i], "--fault-at"))
            sim.fault_at = strtoull(argv[++i], NULL, 0);
        else if (STREQ(argv[i], "--lines"))
            lines_wanted = (u32)atoi(argv[++i]);
        else if (STREQ(argv[i], "--break"))
            sim.breaks = argv[++i];
        else
            return usage();
    }
    if (sweep)
        return run_sweep(seed);
    if (!one)
        return run_random(seed, turns, length);
    struct life r = episode(seed, length);
    printf("seed %llu: %llu turns, %llu kernel calls\n", (unsigned long long)seed, (unsigned long long)r.turns,
           (unsigned long long)r.calls);
    return 0;
}
