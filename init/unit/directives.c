/* SPDX-License-Identifier: 0BSD
 *
 * The directive table, the names of enumerated values, and the reading side of settings: a unit
 * keeps only what its files set, all else is the row's default. No parsing, no messages. */
#include "unit.h"

#include <signal.h>
#include <sys/resource.h>

/* ---- names of values ----------------------------------------------------------------------- */

static const char service_types[] =
    "simple\0exec\0forking\0oneshot\0dbus\0notify\0idle\0";
static const char restarts[] =
    "no\0on-success\0on-failure\0on-abnormal\0on-watchdog\0on-abort\0always\0";
static const char kill_modes[] =
    "control-group\0process\0mixed\0none\0";
static const char notify_accesses[] =
    "none\0all\0exec\0main\0";
static const char job_modes[] =
    "fail\0replace\0replace-irreversibly\0isolate\0flush\0ignore-dependencies\0ignore-requirements\0"
    "triggering\0";
static const char actions[] =
    "none\0reboot\0reboot-force\0reboot-immediate\0poweroff\0poweroff-force\0poweroff-immediate\0"
    "exit\0exit-force\0";
static const char collects[] =
    "inactive\0inactive-or-failed\0";
static const char timeout_modes[] =
    "terminate\0abort\0kill\0";
static const char preserves[] =
    "no\0yes\0restart\0";

const char *const enum_tables[ENUM_TABLES] = {
    [E_SERVICE_TYPE] = service_types, [E_RESTART] = restarts, [E_KILL_MODE] = kill_modes,
    [E_NOTIFY] = notify_accesses, [E_JOB_MODE] = job_modes, [E_ACTION] = actions,
    [E_COLLECT] = collects, [E_TIMEOUT_MODE] = timeout_modes, [E_PRESERVE] = preserves,
    [E_LEVEL] = level_names, [E_FACILITY] = facility_names,
};

/* ---- states, also for systemctl --state=help; their enums are here, in job.h and kind.h ----- */

const char load_names[] = "stub\0loaded\0not-found\0bad-setting\0error\0masked\0";
_Static_assert(LOAD_STUB == 0 && LOAD_LOADED == 1 && LOAD_NOT_FOUND == 2 && LOAD_BAD_SETTING == 3 && LOAD_ERROR == 4
               && LOAD_MASKED == 5, "the order of the names");
const char active_names[] = "inactive\0failed\0active\0reloading\0activating\0deactivating\0";
const char device_states[] = "dead\0tentative\0plugged\0", simple_states[] = "dead\0active\0";
const char service_states[] = "dead\0condition\0start-pre\0start\0start-post\0running\0exited\0reload\0stop\0"
    "stop-watchdog\0stop-sigterm\0stop-sigkill\0stop-post\0final-watchdog\0final-sigterm\0final-sigkill\0failed\0"
    "auto-restart\0";
const char mount_states[] = "dead\0mounting\0mounting-done\0mounted\0remounting\0unmounting\0remounting-sigterm\0"
    "remounting-sigkill\0unmounting-sigterm\0unmounting-sigkill\0failed\0";
const char swap_states[] = "dead\0activating\0activating-done\0active\0" "5\0deactivating\0" "8\0deactivating-sigterm\0"
    "deactivating-sigkill\0failed\0";

/* ---- the rows ------------------------------------------------------------------------------ */

/* The setters by name; a row holds an index. */
#define SETTERS(X)                                                                                     \
    X(todo, V_NOTHING) X(gone, V_NOTHING) X(as, V_NOTHING) X(deps, V_NOTHING) X(isolate, V_NOTHING)    \
    X(mounts_for, V_ITEM) X(docs, V_ITEM) X(string, V_TEXT) X(path, V_TEXT) X(workdir, V_TEXT)         \
    X(pid_file, V_TEXT) X(user, V_TEXT) X(users, V_ITEM) X(slice, V_TEXT) X(flag, V_BOOL)              \
    X(unsigned, V_UNSIGNED) X(nice, V_INT) X(oom_adjust, V_INT) X(priority, V_INT)                     \
    X(exit_status, V_INT) X(mode, V_MODE) X(signal, V_SIGNAL) X(enum, V_ENUM) X(sec, V_SPAN)           \
    X(sec_fix0, V_SPAN) X(timeout_both, V_NOTHING) X(exec, V_EXEC) X(status_set, V_STATUS)             \
    X(environ, V_ITEM) X(env_file, V_ENV_FILE) X(env_names, V_ITEM) X(std_input, V_STDIO)              \
    X(std_output, V_STDIO) X(rlimit, V_LIMIT) X(dirs, V_ITEM) X(condition, V_CONDITION)                \
    X(install, V_NOTHING)

enum setter_id {
#define X(name, value) SET_##name,
    SETTERS(X)
#undef X
};
#define X(name, value) set_fn set_##name;
SETTERS(X)
#undef X
const struct setter setters[] = {
#define X(name, value) { set_##name, value },
    SETTERS(X)
#undef X
};

#undef S
enum { U = SEC_UNIT, S = SEC_SERVICE, K = SEC_SOCKET, M = SEC_MOUNT, A = SEC_AUTOMOUNT, W = SEC_SWAP,
       T = SEC_TIMER, P = SEC_PATH, L = SEC_SLICE, C = SEC_SCOPE, I = SEC_INSTALL,
       EXEC = S | K | M | W, CGROUP = EXEC | L | C, KILL = EXEC | C };

#define SECS(n) ((n) * 10)
#define ROW(sections, set, arg, def) { sections, SET_##set, arg, (i64)(def) },
const struct directive directives[DIRECTIVES] = {
#define D(name, ...) ROW(__VA_ARGS__)
#define N(id, name, ...) ROW(__VA_ARGS__)
#include "directives.def"
};
#undef D
#undef N
#undef ROW

static const char section_names[] =
    "Unit\0Service\0Socket\0Mount\0Automount\0Swap\0Timer\0Path\0Slice\0Scope\0Install\0";

const char *section_name(u32 section) { return name_of(section_names, __builtin_ctz(section)); }

u32 section_find(struct str name)
{
    i32 bit;
    return name_find(section_names, name, &bit) < 0 ? 0 : BIT(bit);
}

u32 section_of_type(int type)
{
    static const u16 sections[UNIT_TYPES] = {
        [UNIT_SERVICE] = S, [UNIT_SOCKET] = K, [UNIT_MOUNT] = M, [UNIT_AUTOMOUNT] = A,
        [UNIT_SWAP] = W, [UNIT_TIMER] = T, [UNIT_PATH] = P, [UNIT_SLICE] = L, [UNIT_SCOPE] = C,
    };
    return sections[type];
}

/* The names of all rows unpacked, where each of them is, and the rows by a hash of their names: 0, or one more than the
 * first, then the next. Made when they are first asked for. */
#define D(name, ...) + sizeof #name
#define N(id, name, ...) + sizeof #name
static char names[
#include "directives.def"
] SCRATCH;
#undef D
#undef N
static u16 name_at[DIRECTIVES] SCRATCH, first_of[512] SCRATCH, next_of[DIRECTIVES] SCRATCH;

static void read_names(void)
{
    const char *packed = directive_texts;
    char *name = names;
    if (name_at[1])
        return;
    for (u32 i = 0; i < DIRECTIVES; i++, packed = z_next(packed)) {
        char *end = unpack(packed, directive_pairs, name);
        u16 *first = &first_of[str_hash((struct str){ name, (size_t)(end - name) }) % LEN(first_of)];
        name_at[i] = (u16)(name - names);
        next_of[i] = *first;
        *first = (u16)(i + 1);
        *end = 0;
        name = end + 1;
    }
}

const char *directive_name(const struct directive *d)
{
    read_names();
    return names + name_at[directive_id(d)];
}

const struct directive *directive_find(struct str name, u32 section)
{
    read_names();
    for (u32 i = first_of[str_hash(name) % LEN(first_of)]; i; i = next_of[i - 1]) {
        const struct directive *d = &directives[i - 1];
        if ((!section || d->sections & section) && str_is(name, directive_name(d)))
            return d;
    }
    return NULL;
}

const char *directive_enum_name(const struct directive *d, i32 value)
{
    return name_of(enum_tables[d->arg], value);
}

/* ---- a unit's settings --------------------------------------------------------------------- */

const struct setting *setting_next(unit_id id, const struct setting *s)
{
    const struct unit *u = UNIT(id);
    const u32 *first = (const u32 *)(const void *)(tab->arena.base + u->settings);
    const u32 *at = s ? s->w + s->n : first;
    return u->settings_n && at < first + u->settings_n ? (const void *)at : NULL;
}

const struct setting *setting_find(unit_id id, u32 directive, const struct setting *after)
{
    const struct unit *u = UNIT(id);
    const u32 *first = (const u32 *)(const void *)(tab->arena.base + u->settings), *end = first + u->settings_n;
    const struct setting *s = (const void *)(after ? after->w + after->n : first);
    while ((const u32 *)s < end && s->id != directive)
        s = (const void *)(s->w + s->n);
    return (const u32 *)s < end ? s : NULL;
}

bool unit_has(unit_id id, u32 directive) { return setting_find(id, directive, NULL); }

i32 unit_int(unit_id id, u32 directive)
{
    const struct setting *s = setting_find(id, directive, NULL);
    return s ? (i32)s->w[0] : directives[directive].def;
}

usec unit_span(unit_id id, u32 directive)
{
    const struct setting *s = setting_find(id, directive, NULL);
    if (s)
        return (usec)s->w[0] | (usec)s->w[1] << 32;
    i64 tenths = directives[directive].def;
    return tenths == FOREVER ? USEC_INF : (usec)tenths * 100 * USEC_MS;
}

const char *unit_text(unit_id id, u32 directive)
{
    const struct setting *s = setting_find(id, directive, NULL);
    return s && s->w[0] ? text_at(s->w[0]) : NULL;
}
