/* SPDX-License-Identifier: 0BSD
 *
 * The directive table, the names of enumerated values, and the reading side of settings: a unit
 * keeps only what its files set, all else is the row's default. No parsing, no messages. */
#include "unit.h"

#include <signal.h>
#include <sys/resource.h>

/* ---- names of values ----------------------------------------------------------------------- */

/* What it is in messages ("Failed to parse IT, ignoring"; all of the message if that begins with a capital), then the
 * names. A '?' before it: booleans are taken too, false for 0 and true for 1. */
static const char *const enum_tables[ENUM_TABLES] = {
    [E_SERVICE_TYPE] = "service type\0simple\0exec\0forking\0oneshot\0dbus\0notify\0idle\0",
    [E_RESTART] = "service restart specifier\0no\0on-success\0on-failure\0on-abnormal\0on-watchdog\0on-abort\0always\0",
    [E_KILL_MODE] = "kill mode specification\0control-group\0process\0mixed\0none\0",
    [E_NOTIFY] = "notify access specifier\0none\0all\0exec\0main\0",
    [E_JOB_MODE] = "job mode\0fail\0replace\0replace-irreversibly\0isolate\0flush\0ignore-dependencies\0"
                   "ignore-requirements\0triggering\0",
    [E_ACTION] = "=\0none\0reboot\0reboot-force\0reboot-immediate\0poweroff\0poweroff-force\0poweroff-immediate\0"
                 "exit\0exit-force\0",
    [E_COLLECT] = "garbage collection mode\0inactive\0inactive-or-failed\0",
    [E_TIMEOUT_MODE] = "timeout failure mode\0terminate\0abort\0kill\0",
    [E_PRESERVE] = "?runtime directory preserve mode\0no\0yes\0restart\0",
    [E_LEVEL] = "log level", [E_FACILITY] = "log facility",
    [E_IPV6_ONLY] = "bind IPv6 only value\0default\0both\0ipv6-only\0" "2\0yes\0" "2\0true\0" "2\0on\0" "2\0001\0" "1\0no\0"
                    "1\0false\0" "1\0off\0" "1\0000\0",
    [E_IP_TOS] = "IP TOS value\0" "16\0low-delay\0" "8\0throughput\0" "4\0reliability\0" "2\0low-cost\0",
    [E_PROTOCOL] = "socket protocol\0" "132\0sctp\0" "136\0udplite\0",
    [E_TIMESTAMPING] = "?timestamping value\0off\0us\0ns\0" "1\0usec\0\xc2\xb5s\0" "2\0nsec\0",
    [E_EXIT_TYPE] = "service exit type\0main\0cgroup\0",
    [E_OOM_POLICY] = "OOM policy\0continue\0stop\0kill\0",
    [E_IO_CLASS] = "IO scheduling class\0none\0realtime\0best-effort\0idle\0",
    [E_CPU_POLICY] = "CPU scheduling policy\0other\0fifo\0rr\0batch\0" "5\0idle\0",
    [E_NUMA] = "Invalid NUMA policy type\0default\0preferred\0bind\0interleave\0local\0",
    [E_KEYRING] = "keyring mode\0inherit\0private\0shared\0",
    [E_PROTECT_PROC] = "/proc/ protection mode\0default\0noaccess\0invisible\0ptraceable\0",
    [E_PROC_SUBSET] = "/proc/ subset mode\0all\0pid\0",
    [E_PROTECT_SYSTEM] = "?protect system value\0no\0yes\0full\0strict\0",
    [E_PROTECT_HOME] = "?protect home value\0no\0yes\0read-only\0tmpfs\0",
    [E_UTMP] = "utmp mode\0init\0login\0user\0",
    [E_DEVICE_POLICY] = "device policy\0auto\0closed\0strict\0",
    [E_OOM_MODE] = "Invalid syntax\0auto\0kill\0",
    [E_OOM_PREFERENCE] = "=\0none\0avoid\0omit\0",
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

const char effect_reasons[] =
    "2\0it needs SELinux's library and policy, which pith does not load\0"
    "Smack is in no kernel that pith is made for\0"
    "disk images need dm-verity and a reader of partitions; a mount unit and RootDirectory= do the same\0"
    "it needs programs for the kernel's BPF machine, which pith does not make\0"
    "USB gadgets are not configured by pith\0"
    "the keys of encrypted credentials are systemd's own\0"
    "PAM's modules cannot be loaded into a static program\0"
    "it speaks to systemd-oomd, which pith does not have\0"
    "there is one log, without namespaces\0";

/* ---- the rows ------------------------------------------------------------------------------ */

/* The signatures that properties have on the bus, each once; a setter holds where its own is. */
#define SIGNATURES(X)                                                                                                 \
    X(none, "") X(as, "as") X(s, "s") X(b, "b") X(u, "u") X(i, "i") X(t, "t") X(a_sasbttttuii, "a(sasbttttuii)")      \
    X(aiai, "(aiai)") X(a_sb, "a(sb)") X(x, "x") X(q, "q") X(a_ssbt, "a(ssbt)") X(a_ss, "a(ss)")                      \
    X(a_ssba_ss, "a(ssba(ss))") X(a_sba_ss, "a(sba(ss))") X(ay, "ay") X(aay, "aay") X(bs, "(bs)") X(bas, "(bas)")     \
    X(a_say, "a(say)") X(a_st, "a(st)") X(a_iayu, "a(iayu)") X(a_iiqq, "a(iiqq)") X(a_stt, "a(stt)")
static const struct signatures {
#define X(name, text) char name[sizeof text];
    SIGNATURES(X)
#undef X
} signatures = {
#define X(name, text) text,
    SIGNATURES(X)
#undef X
};

/* The setters by name; a row holds an index. E: what an empty value means is the setter's matter. */
#define SETTERS(X, E)                                                                                                 \
    X(gone, NOTHING, none) X(as, NOTHING, none) X(deps, NOTHING, none)                         \
    X(isolate, NOTHING, none) X(mounts_for, ITEM, as) X(docs, ITEM, as) X(string, TEXT, s) X(path, TEXT, s)           \
    X(workdir, TEXT, s) X(pid_file, TEXT, s) X(user, TEXT, s) X(users, ITEM, as) X(slice, TEXT, s) E(flag, BOOL, b)   \
    E(unsigned, UNSIGNED, u) X(nice, INT, i) X(oom_adjust, INT, i) X(priority, INT, i) X(exit_status, INT, i)         \
    E(mode, MODE, u) E(signal, SIGNAL, i) E(enum, ENUM, s) E(sec, SPAN, t) E(sec_fix0, SPAN, t)                       \
    X(timeout_both, NOTHING, none) X(exec, EXEC, a_sasbttttuii) X(status_set, STATUS, aiai) X(environ, ITEM, as)      \
    X(env_file, ENV_FILE, a_sb) X(env_names, ITEM, as) E(std_input, STDIO, s) E(std_output, STDIO, s)                 \
    E(rlimit, LIMIT, t) X(dirs, ITEM, as) X(condition, CONDITION, none) X(install, NOTHING, none)                     \
    X(choice, CHOICE, i) E(int, INT, i) E(long, WIDE, x) E(bytes, WIDE, t) E(nsec, WIDE, t) X(io_priority, INT, i)    \
    E(cpu_priority, INT, i) X(error, INT, i) X(tty_size, INT, q) X(plain, TEXT, s) X(path_fatal, TEXT, s)             \
    X(paths, ITEM, as) X(ns_paths, ITEM, as) X(search_path, ITEM, as) E(bind, ROW, a_ssbt) X(tmpfs, ROW, a_ss)        \
    X(image_options, ROW, a_ss) X(images, ROW, a_ssba_ss) X(ext_images, ROW, a_sba_ss) X(root_hash, ROW, ay)          \
    E(input_data, ROW, ay) X(log_fields, ROW, aay) X(log_namespace, TEXT, s) X(coredump, WIDE, t)                     \
    X(secure_bits, INT, i) E(caps, WIDE, t) X(namespaces, WIDE, t) X(mount_flags, WIDE, t) X(personality, TEXT, s)    \
    X(label, ROW, bs) X(cpus, ROW, ay) X(syscalls, ROW, bas) X(families, ROW, bas) X(filesystems, ROW, bas)           \
    X(interfaces, ROW, bas) X(archs, ITEM, as) E(set_cred, ROW, a_say) E(load_cred, ROW, a_ss) X(weight, WIDE, t)     \
    X(quota, WIDE, t) X(memory, WIDE, t) X(tasks_max, WIDE, t) X(device_allow, ROW, a_ss) X(io_device, ROW, a_st)     \
    X(delegate, NOTHING, none) X(controllers, NOTHING, none) X(prefixes, ROW, a_iayu) X(bpf_paths, ITEM, as)          \
    X(bpf_program, ROW, a_ss) X(socket_bind, ROW, a_iiqq) X(pressure_limit, UNSIGNED, u) E(listen, ROW, a_ss)         \
    E(timer, ROW, a_stt) E(path_spec, ROW, a_ss) X(trigger, NOTHING, none) X(socket_service, NOTHING, none)           \
    X(sockets, NOTHING, none) X(fd_name, TEXT, s) X(ifname, TEXT, s) X(bus_name, TEXT, s)

enum setter_id {
#define X(name, value, signature) SET_##name,
    SETTERS(X, X)
#undef X
};
#define X(name, value, signature) set_fn set_##name;
SETTERS(X, X)
#undef X
const struct setter setters[] = {
#define X(name, value, signature) { set_##name, offsetof(struct signatures, signature), V_##value, false },
#define E(name, value, signature) { set_##name, offsetof(struct signatures, signature), V_##value, true },
    SETTERS(X, E)
#undef X
#undef E
};

const char *directive_signature(const struct directive *d)
{
    return (const char *)&signatures + setters[d->setter].signature;
}

#undef S
enum { U = SEC_UNIT, S = SEC_SERVICE, K = SEC_SOCKET, M = SEC_MOUNT, A = SEC_AUTOMOUNT, W = SEC_SWAP,
       T = SEC_TIMER, P = SEC_PATH, L = SEC_SLICE, C = SEC_SCOPE, I = SEC_INSTALL,
       EXEC = S | K | M | W, CGROUP = EXEC | L | C, KILL = EXEC | C };

#define SECS(n) ((n) * 10)
const struct directive directives[DIRECTIVES] = {
#define ROW(id, name, effect, sections, set, arg, def) { sections, SET_##set, effect, arg, (i64)(def) },
#include "directives.def"
};

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
#define ROW(id, name, ...) + sizeof #name
static char names[
#include "directives.def"
] SCRATCH;
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

const char *enum_names(u32 table)
{
    return table == E_LEVEL ? level_names : table == E_FACILITY ? facility_names : z_next(enum_tables[table]);
}

const char *enum_noun(u32 table) { return enum_tables[table] + (*enum_tables[table] == '?'); }

int enum_find(u32 table, struct str s, i32 *value)
{
    bool truth;
    int r = name_find(enum_names(table), s, value);
    if (r < 0 && *enum_tables[table] == '?' && parse_bool(s, &truth) == 0) {
        *value = truth;
        return 0;
    }
    return r;
}

const char *directive_enum_name(const struct directive *d, i32 value)
{
    return name_of(enum_names(d->arg), value);
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

u64 unit_wide(unit_id id, u32 directive)
{
    const struct setting *s = setting_find(id, directive, NULL);
    return s ? (u64)s->w[0] | (u64)s->w[1] << 32 : (u64)(i64)directives[directive].def;
}

/* Of one of the kernel's tables of single numbers. */
static u64 kernel_number(const char *path)
{
    char text[32];
    u64 v = UINT64_MAX;
    if (file_line(path, text, sizeof text) > 0)
        (void)parse_u64(str_of(text), 10, &v);
    return v;
}

u64 unit_amount(unit_id id, u32 directive)
{
    const struct setting *s = setting_find(id, directive, NULL);
    u64 of = 0, share = s ? (u64)s->w[0] | (u64)s->w[1] << 32 : (u64)(i64)directives[directive].def;
    if (s ? s->n < 3 : directive != D_TasksMax)
        return share;
    if (!s && (UNIT(id)->type == UNIT_SLICE || UNIT(id)->type == UNIT_SCOPE))
        return UINT64_MAX;
    if (directive == D_TasksMax)
        of = MIN(kernel_number("/proc/sys/kernel/threads-max"), kernel_number("/proc/sys/kernel/pid_max"));
    else
        of = machine_memory() / 4096;
    return of * share / 10000 * (directive == D_TasksMax ? 1 : 4096);
}

const char *unit_text(unit_id id, u32 directive)
{
    const struct setting *s = setting_find(id, directive, NULL);
    return s && s->w[0] ? text_at(s->w[0]) : NULL;
}
