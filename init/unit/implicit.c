/* SPDX-License-Identifier: 0BSD
 *
 * What follows from a unit's type and settings without being written: checks of systemd.service(5)
 * and systemd.mount(5), derived defaults, and the implicit and default dependencies of each type,
 * as rows. Loads nothing. */
#include "implicit.h"

#define BEFORE (DEP_AFTER | DEP_REVERSE)

/* Who a default dependency is for: units of a type, and mounts by what they are. */
enum {
    SERVICE = BIT(UNIT_SERVICE), SOCKET = BIT(UNIT_SOCKET), TIMER = BIT(UNIT_TIMER), PATH = BIT(UNIT_PATH),
    STARTED = SERVICE | SOCKET | TIMER | PATH, MOUNT = BIT(UNIT_MOUNT), SWAP = BIT(UNIT_SWAP), SLICE = BIT(UNIT_SLICE),
    SCOPE = BIT(UNIT_SCOPE), STOPPED = STARTED | BIT(UNIT_TARGET) | SLICE | SCOPE,
    LOCAL = BIT(16), NETWORK = BIT(17), IN_MEMORY = BIT(18),
    FOR_LOCAL = BIT(19), FOR_REMOTE = BIT(20), FOR_SYSROOT = BIT(21), FOR_INITRD = BIT(22), FOR_INITRD_USR = BIT(23),
    CALENDAR = BIT(24), AUTOMOUNT = BIT(UNIT_AUTOMOUNT),
};

/* For units with DefaultDependencies=yes: X(who, kinds, target). Mounts in memory go before memory may be
 * short. */
#define DEFAULT_DEPS(X)                                                                                 \
    X(STARTED, DEP_REQUIRES | DEP_AFTER, "sysinit") X(SERVICE, DEP_AFTER, "basic")                      \
    X(SOCKET, BEFORE, "sockets") X(TIMER, BEFORE, "timers") X(PATH, BEFORE, "paths")                    \
    X(STOPPED, DEP_CONFLICTS, "shutdown") X(STOPPED, BEFORE, "shutdown")                                \
    X(FOR_LOCAL, BEFORE, "local-fs") X(FOR_REMOTE, BEFORE, "remote-fs")                                 \
    X(FOR_SYSROOT, BEFORE, "initrd-root-fs") X(FOR_INITRD, BEFORE, "initrd-fs")                         \
    X(FOR_INITRD_USR, BEFORE, "initrd-usr-fs")                                                          \
    X(AUTOMOUNT, BEFORE, "local-fs") X(AUTOMOUNT, DEP_AFTER, "local-fs-pre")                            \
    X(AUTOMOUNT, DEP_CONFLICTS, "umount") X(AUTOMOUNT, BEFORE, "umount")                                \
    X(CALENDAR, DEP_AFTER, "time-sync") X(CALENDAR, DEP_AFTER, "time-set")                              \
    X(LOCAL, DEP_AFTER, "local-fs-pre") X(NETWORK, DEP_AFTER, "remote-fs-pre")                          \
    X(MOUNT | SWAP, DEP_CONFLICTS, "umount") X(MOUNT | SWAP, BEFORE, "umount")                          \
    X(NETWORK, DEP_AFTER, "network") X(NETWORK, DEP_WANTS | DEP_AFTER, "network-online")                \
    X(IN_MEMORY, DEP_AFTER, "swap") X(SWAP, BEFORE, "swap")
#define X(who, kinds, target) { who, kinds },
static const struct { u32 who, kinds; } default_deps[] = { DEFAULT_DEPS(X) };
#undef X
#define X(who, kinds, target) target ".target\0"
static const char default_targets[] = DEFAULT_DEPS(X);
#undef X

void add_dep(unit_id id, u32 kinds, struct str name)
{
    unit_id other = unit_get(name);
    if (other)
        (void)edge_add(id, other, kinds);
}

/* ---- settings while they are in working space ---------------------------------------------- */

bool build_has(const struct build *b, u32 directive) { return build_find(b, directive, NULL); }

i32 build_int_of(const struct build *b, u32 directive)
{
    const struct setting *s = build_find(b, directive, NULL);
    return s ? (i32)s->w[0] : directives[directive].def;
}

/* The text of a setting that holds one; 0: not set, which is the empty text too. */
static u32 word_of(const struct build *b, u32 directive)
{
    const struct setting *s = build_find(b, directive, NULL);
    return s ? s->w[0] : 0;
}

struct str build_text_of(const struct build *b, u32 directive) { return str_of(text_at(word_of(b, directive))); }

void needs_path(struct build *b, struct str path)
{
    const struct setting *s = NULL;
    while ((s = build_find(b, D_RequiresMountsFor, s)))
        if (str_is(path, text_at(s->w[0])))
            return;
    if (path_valid(path))
        (void)build_text(b, D_RequiresMountsFor, path, true);
}

/* For units that an image may do without: systemd orders what uses them against names that do not exist. */
static void add_if_there(unit_id id, u32 kinds, struct str name)
{
    if (index_find(name))
        add_dep(id, kinds, name);
}

/* ---- what runs processes ------------------------------------------------------------------- */

/* StateDirectory= and its kin: the paths, and that what is kept can be written. */
static void exec_directories(struct build *b)
{
    static const u16 dirs[] = { D_RuntimeDirectory, D_StateDirectory, D_CacheDirectory, D_LogsDirectory,
                                D_ConfigurationDirectory };
    const u16 *dir = dirs;
    for (EACH(base, "/run\0/var/lib\0/var/cache\0/var/log\0/etc\0")) {
        const struct setting *s = NULL;
        while ((s = build_find(b, *dir, s))) {
            BUF(path, PATH_BYTES);
            buf_fmt(&path, "%s/%s", base, text_at(s->w[0]));
            needs_path(b, STR(path));
        }
        dir++;
    }
    if (build_has(b, D_StateDirectory) || build_has(b, D_CacheDirectory) || build_has(b, D_LogsDirectory))
        add_dep(b->id, DEP_AFTER, S("systemd-remount-fs.service"));
}

static bool is_logged(i32 kind) { return (kind & 0xff) == OUT_JOURNAL || (kind & 0xff) == OUT_KMSG; }

/* systemd.exec(5), "IMPLICIT DEPENDENCIES". */
static void exec_deps(struct build *b)
{
    const struct setting *cwd = build_find(b, D_WorkingDirectory, NULL);
    if (cwd && !cwd->w[1])
        needs_path(b, str_of(text_at(cwd->w[0])));
    needs_path(b, build_text_of(b, D_RootDirectory));
    needs_path(b, build_text_of(b, D_RootImage));
    exec_directories(b);
    if (build_int_of(b, D_PrivateTmp)) {
        add_dep(b->id, DEP_AFTER | DEP_WANTS, S("tmp.mount"));
        needs_path(b, S("/var/tmp"));
        add_dep(b->id, DEP_AFTER, S("systemd-tmpfiles-setup.service"));
    }
    if (is_logged(build_int_of(b, D_StandardOutput)) || is_logged(build_int_of(b, D_StandardError)))
        add_if_there(b->id, DEP_AFTER, S("systemd-journald.socket"));
}

static bool socket_has_exec(const struct build *b)
{
    return build_has(b, D_ExecStartPre) || build_has(b, D_ExecStartPost) || build_has(b, D_ExecStopPre) || build_has(b, D_ExecStopPost);
}

/* ---- services ------------------------------------------------------------------------------ */

static const char *service_complaint(const struct build *b)
{
    const struct setting *start = build_find(b, D_ExecStart, NULL);
    i32 type = build_int_of(b, D_Type), restart = build_int_of(b, D_Restart);
    bool action = build_int_of(b, D_SuccessAction) != ACTION_NONE;
    if (!start && !build_has(b, D_ExecStop) && !action)
        return packed_text(TEXT_NO_COMMAND);
    if (type != SERVICE_ONESHOT && !start)
        return packed_text(TEXT_NO_START);
    if (!build_int_of(b, D_RemainAfterExit) && !start && !action)
        return packed_text(TEXT_NO_START_STAYS);
    if (type != SERVICE_ONESHOT && build_find(b, D_ExecStart, start))
        return packed_text(TEXT_MANY_STARTS);
    if (type == SERVICE_ONESHOT && (restart == RESTART_ALWAYS || restart == RESTART_ON_SUCCESS))
        return packed_text(TEXT_RESTARTS);
    if (type == SERVICE_ONESHOT && build_has(b, D_RestartForceExitStatus))
        return packed_text(TEXT_FORCED_RESTARTS);
    if (type == SERVICE_DBUS && !build_has(b, D_BusName))
        return packed_text(TEXT_NO_BUS_NAME);
    return NULL;
}

/* What settings of systemd.exec(5) say of others that are not set. */
static void complete_exec(struct build *b)
{
    static const struct { u16 flag; u8 caps[2]; } without[] = {
        { D_PrivateDevices, { 27, 17 } }, { D_ProtectKernelModules, { 16, 16 } }, { D_ProtectKernelLogs, { 34, 34 } },
        { D_ProtectClock, { 25, 35 } } };                /* MKNOD RAWIO, MODULE, SYSLOG, TIME ALARM */
    const struct setting *s = build_find(b, D_CapabilityBoundingSet, NULL);
    u64 caps = s ? (u64)s->w[0] | (u64)s->w[1] << 32 : UINT64_MAX, less = caps;
    for (u32 i = 0; i < LEN(without); i++)
        if (build_int_of(b, without[i].flag))
            less &= ~(1ull << without[i].caps[0] | 1ull << without[i].caps[1]);
    if (less != caps)
        build_wide(b, D_CapabilityBoundingSet, less);
    if (build_int_of(b, D_PrivateDevices) && build_int_of(b, D_DevicePolicy) == 0)
        build_int(b, D_DevicePolicy, 1);
    if (build_int_of(b, D_ProtectClock) && (build_int_of(b, D_DevicePolicy) || build_has(b, D_DeviceAllow)))
        (void)build_put(b, D_DeviceAllow, (u32[]){ text_keep(S("char-rtc")), text_keep(S("r")) }, 2);
    if (!build_int_of(b, D_DynamicUser))
        return;
    for (const u16 *flag = (const u16[]){ D_PrivateTmp, D_RemoveIPC, D_NoNewPrivileges, D_RestrictSUIDSGID, 0 }; *flag; flag++)
        build_int(b, *flag, 1);
    if (!build_int_of(b, D_ProtectSystem))
        build_int(b, D_ProtectSystem, 3);                /* strict */
    if (!build_int_of(b, D_ProtectHome))
        build_int(b, D_ProtectHome, 2);                  /* read-only */
}

/* Output that nothing was said of goes where a two-way input comes from, else to the journal. */
static void complete_stdio(struct build *b)
{
    u32 in = build_has(b, D_StandardInput) ? word_of(b, D_StandardInput) : IN_NULL;
    bool two_way = in >= IN_TTY && in <= IN_FD;
    if (in == IN_NULL && build_has(b, D_StandardInputData))
        (void)build_set(b, D_StandardInput, (u32[]){ IN_DATA, 0 }, 2);
    if (two_way && !build_has(b, D_StandardOutput))
        (void)build_set(b, D_StandardOutput, (u32[]){ OUT_INHERIT, 0 }, 2);
    if (!two_way && build_has(b, D_StandardOutput) && build_int_of(b, D_StandardOutput) == OUT_INHERIT)
        build_clear(b, D_StandardOutput);
}

/* What complete_...() return is why the unit is refused. NULL: it is not. */
static const char *complete_service(struct build *b)
{
    complete_exec(b);
    complete_stdio(b);
    if (build_has(b, D_Delegate) && word_of(b, D_Delegate) && !build_has(b, D_OOMPolicy))
        build_int(b, D_OOMPolicy, OOM_CONTINUE);
    if (!build_has(b, D_Type))
        build_int(b, D_Type, build_has(b, D_BusName) ? SERVICE_DBUS : build_has(b, D_ExecStart) ? SERVICE_SIMPLE : SERVICE_ONESHOT);
    const char *complaint = service_complaint(b);
    if (complaint)
        return complaint;
    i32 type = build_int_of(b, D_Type);
    if (type == SERVICE_ONESHOT && !build_has(b, D_TimeoutStartSec))
        build_span(b, D_TimeoutStartSec, USEC_INF);
    const struct setting *watchdog = build_find(b, D_WatchdogSec, NULL);
    if ((type == SERVICE_NOTIFY || (watchdog && (watchdog->w[0] | watchdog->w[1]))) && build_int_of(b, D_NotifyAccess) == NOTIFY_NONE)
        build_int(b, D_NotifyAccess, NOTIFY_MAIN);
    if (type == SERVICE_DBUS)
        build_warn(b, LOG_NOTICE, "Type=dbus: pith is not on the bus yet, starting as Type=simple.");
    if (type == SERVICE_DBUS)
        add_dep(b->id, DEP_REQUIRES | DEP_AFTER, S("dbus.socket"));
    return NULL;
}

/* ---- mounts and swaps ---------------------------------------------------------------------- */

bool extrinsic_mount(struct str where, struct str options)
{
    return str_is(where, "/") || str_is(where, "/usr") || str_is(where, "/etc")
        || path_below_any(where, "/run/initramfs\0/sys\0/proc\0/dev\0")
        || (fstab_option(options, "x-initrd.mount", NULL) && !in_initrd());
}

static bool has_option(struct str options, const char *any)
{
    for (EACH(word, any))
        if (fstab_option(options, word, NULL))
            return true;
    return false;
}

static bool is_bind(struct str options, struct str type)
{
    return has_option(options, "bind\0rbind\0") || str_is(type, "bind") || str_is(type, "rbind");
}

bool is_device_path(struct str path) { return path_below_any(path, "/dev\0/sys\0"); }

static void need_device(unit_id id, struct str what, u32 kinds)
{
    BUF(name, UNIT_NAME_BYTES);
    if (!is_device_path(what) || str_is(what, "/dev/root") || str_is(what, "/dev/nfs")
        || unit_name_from_path(what, ".device", &name) < 0)
        return;
    add_dep(id, kinds, STR(name));
    /* blockdev@.target is where encrypted and assembled devices order themselves. */
    if (!str_starts(what, "/dev/") || !index_find(S("blockdev@.target")))
        return;
    BUF(target, UNIT_NAME_BYTES);
    buf_fmt(&target, TEXT("blockdev@%.*s.target"), (int)(name.n - strlen(".device")), name.p);
    add_dep(id, DEP_AFTER, STR(target));
}

static u32 mount_traits(struct str where, struct str options, struct str type, bool network)
{
    u32 traits = MOUNT | (network ? NETWORK : LOCAL) | (str_is(type, "tmpfs") ? IN_MEMORY : 0);
    if (fstab_yes_no(options, "nofail", "fail"))
        return traits;
    if (in_initrd() && path_below(where, "/sysroot"))
        return traits | (str_is(where, "/sysroot") ? FOR_SYSROOT : FOR_INITRD);
    if (in_initrd() && path_below(where, "/sysusr/usr"))
        return traits | FOR_INITRD_USR;
    return traits | (network ? FOR_REMOTE : FOR_LOCAL);
}

/* A command line of our own helper (helper/mount.c): all words are given. */
static void put_helper(struct build *b, u32 id, const char *verb, const u32 *words, u32 n)
{
    u32 w[16] = { EXEC_NO_EXPAND, text_keep(S("/proc/self/exe")), 2 + n, text_keep(S("pith-mount")),
                  text_keep(str_of(verb)) };
    memcpy(w + 5, words, n * sizeof *w);
    b->failed |= !w[1] || !w[3] || !w[4];
    (void)build_set(b, id, w, 5 + n);
}

static u32 keep_if(i32 wanted, const char *word) { return wanted ? text_keep(str_of(word)) : 0; }

static void put_mount_helpers(struct build *b)
{
    BUF(mode, 8);
    buf_fmt(&mode, "%o", (u32)build_int_of(b, D_DirectoryMode));
    u32 type = word_of(b, D_FsType), where = word_of(b, D_Where);
    u32 attach[] = { word_of(b, D_What), where, type ? type : text_keep(S("auto")), word_of(b, D_Options),
                     text_keep(STR(mode)), keep_if(build_int_of(b, D_ReadWriteOnly), "rw-only") };
    u32 detach[] = { where, keep_if(build_int_of(b, D_LazyUnmount), "lazy"), keep_if(build_int_of(b, D_ForceUnmount), "force") };
    put_helper(b, X_Attach, "mount", attach, 6);
    put_helper(b, X_Remount, "remount", attach, 4);
    put_helper(b, X_Detach, "umount", detach, 3);
}

/* Where a mount unit mounts: its name says so, but one with a hash does not: then Where= must lead to that name. */
static const char *mount_where(struct build *b, struct buf *path)
{
    BUF(name, UNIT_NAME_BYTES);
    int r = unit_name_to_path(b->name, path);
    if (r < 0 && (r != -ENAMETOOLONG || !build_has(b, D_Where)))
        return TEXT("The unit's name is not that of a path.");
    if (r == 0)
        return NULL;
    buf_str(path, build_text_of(b, D_Where));
    r = unit_name_from_path(STR(*path), ".mount", &name);
    return r < 0 || !str_eq(STR(name), b->name) ? TEXT("Where= setting doesn't match unit name.") : NULL;
}

static const char *complete_mount(struct build *b, u32 *traits)
{
    BUF(path, PATH_BYTES);
    const char *complaint = mount_where(b, &path);
    if (complaint)
        return complaint;
    struct str where = STR(path), what = build_text_of(b, D_What);
    struct str options = build_text_of(b, D_Options), type = build_text_of(b, D_FsType);
    bool network = fstab_option(options, "_netdev", NULL) || fs_is_network(type);
    if (!build_has(b, D_Where))
        (void)build_text(b, D_Where, where, false);
    else if (!str_eq(where, build_text_of(b, D_Where)))
        return TEXT("Where= setting doesn't match unit name.");
    if (!what.n && !b->unit->generated)
        return TEXT("What= setting is missing.");
    bool bind = is_bind(options, type), extrinsic = extrinsic_mount(where, options);
    if (!str_is(where, "/")) {
        int slash = str_rfind(where, '/');
        needs_path(b, slash > 0 ? str_cut(where, (size_t)slash) : S("/"));
        if (!bind)
            need_device(b->id, what, (fstab_option(options, "x-systemd.device-bound", NULL)
                                      ? DEP_BINDS_TO : DEP_REQUIRES) | DEP_AFTER);
    }
    if (bind || fstab_option(options, "loop", NULL) || !network)
        needs_path(b, what);
    if (!bind && !network && has_option(options, "usrquota\0grpquota\0quota\0usrjquota\0grpjquota\0"))
        for (EACH(name, "quotacheck.service\0quotaon.service\0")) {
            add_if_there(b->id, DEP_WANTS, str_of(name));
            add_if_there(b->id, BEFORE, str_of(name));
        }
    if (extrinsic && !build_has(b, D_Slice))
        (void)build_text(b, D_Slice, S("-.slice"), false);
    *traits = extrinsic ? 0 : mount_traits(where, options, type, network);
    put_mount_helpers(b);
    return NULL;
}

static const char *complete_swap(struct build *b)
{
    u32 what = word_of(b, D_SwapWhat);
    struct str path = str_of(text_at(what));
    if (!what)
        return b->unit->generated ? NULL : TEXT("What= setting is missing.");
    BUF(priority, 16);
    buf_fmt(&priority, "%d", build_int_of(b, D_SwapPriority));
    need_device(b->id, path, DEP_REQUIRES | DEP_AFTER);
    put_helper(b, X_Attach, "swapon", (u32[]){ what, text_keep(STR(priority)), word_of(b, D_Options) }, 3);
    put_helper(b, X_Detach, "swapoff", &what, 1);
    needs_path(b, path);
    if (!is_device_path(path))
        add_dep(b->id, DEP_AFTER, S("systemd-remount-fs.service"));
    return NULL;
}

/* ---- slices -------------------------------------------------------------------------------- */

/* system.slice; for instances of foo@.service system-foo.slice. */
static void default_slice(struct str name, struct buf *out)
{
    buf_z(out, "system");
    if (unit_name_is_instance(name)) {
        BUF(plain, UNIT_NAME_BYTES);
        buf_c(out, '-');
        /* A dash in the prefix would be another level. */
        if (unit_name_unescape(unit_name_prefix(name), &plain) < 0)
            plain.n = 0;
        for (u32 i = 0; i < plain.n; i++)
            if (plain.p[i] == '/')
                buf_z(out, "\\x2d");
            else
                unit_name_escape((struct str){ plain.p + i, 1 }, out);
    }
    buf_z(out, ".slice");
}

static const char *slice_deps(struct build *b)
{
    struct str name = b->name;
    BUF(slice, UNIT_NAME_BYTES);
    if (b->unit->type == UNIT_SLICE) {
        if (slice_parent(name, &slice) <= 0)
            return slice_name_valid(name) ? NULL : TEXT("The slice's name is not valid.");
    } else if (build_has(b, D_Slice)) {
        buf_str(&slice, build_text_of(b, D_Slice));
    } else {
        default_slice(name, &slice);
        (void)build_text(b, D_Slice, STR(slice), false);
    }
    add_dep(b->id, DEP_REQUIRES | DEP_AFTER | DEP_IN_SLICE, STR(slice));
    return NULL;
}

/* -.slice and system.slice are always there; so is a perpetual unit's default. */
static void complete_slice(struct build *b)
{
    struct str name = b->name;
    bool root = str_is(name, "-.slice");
    if (!root && !str_is(name, "system.slice"))
        return;
    b->unit->perpetual = true;
    build_int(b, D_DefaultDependencies, 0);
    if (!build_has(b, D_Description))
        (void)build_text(b, D_Description, root ? S("Root Slice") : S("System Slice"), false);
}

static void add_default_deps(unit_id id, u32 traits)
{
    u32 i = 0;
    for (EACH(target, default_targets)) {
        if (default_deps[i].who & traits)
            add_dep(id, default_deps[i].kinds, str_of(target));
        i++;
    }
}

/* ---- all together -------------------------------------------------------------------------- */

int unit_complete(struct build *b)
{
    u32 type = BIT(b->unit->type), traits = type;
    const char *complaint = NULL;
    if (type == SERVICE)
        complaint = complete_service(b);
    else if (type == MOUNT)
        complaint = complete_mount(b, &traits);
    else if (type == SWAP)
        complaint = complete_swap(b);
    else if (type & (SOCKET | TIMER | PATH | AUTOMOUNT))
        complaint = complete_trigger(b);
    else if (type == SLICE)
        complete_slice(b);
    else if (type == BIT(UNIT_DEVICE) && !build_has(b, D_JobRunningTimeoutSec))
        /* A device is waited for as long as anything may take to start (systemd.device(5)). */
        build_span(b, D_JobRunningTimeoutSec, 90 * USEC_SEC);
    if (type == TIMER && build_has(b, D_OnCalendar))
        traits |= CALENDAR;
    /* What the kernel or others made is left alone by an isolate, unless the unit says otherwise. */
    const u32 stays = BIT(UNIT_DEVICE) | MOUNT | SWAP | SLICE | BIT(UNIT_AUTOMOUNT) | SCOPE;
    if (type & stays && !build_has(b, D_IgnoreOnIsolate))
        build_int(b, D_IgnoreOnIsolate, 1);
    if (build_has(b, D_JobTimeoutSec) && !build_has(b, D_JobRunningTimeoutSec)) {
        const struct setting *s = build_find(b, D_JobTimeoutSec, NULL);
        build_span(b, D_JobRunningTimeoutSec, (usec)s->w[0] | (usec)s->w[1] << 32);
    }
    if (!complaint && !b->unit->perpetual && (type & (SERVICE | MOUNT | SWAP) || (type == SOCKET && socket_has_exec(b))))
        exec_deps(b);
    if (!complaint && type & (SERVICE | MOUNT | SWAP | SOCKET | SLICE | SCOPE))
        complaint = slice_deps(b);
    if (complaint)
        log_line(LOG_ERR, "%s: %s Refusing.", b->path, complaint);
    if (complaint || b->failed)
        return -ENOEXEC;
    if (build_int_of(b, D_DefaultDependencies))
        add_default_deps(b->id, traits);
    return 0;
}

/* ---- what needs both ends ------------------------------------------------------------------ */

#define PULLS (DEP_REQUIRES | DEP_REQUISITE | DEP_WANTS | DEP_BINDS_TO | DEP_UPHOLDS)

/* A target comes after what it pulls in, unless that is ordered otherwise. */
static void order_target(unit_id target, unit_id other)
{
    if (UNIT(target)->type != UNIT_TARGET || UNIT(target)->load != LOAD_LOADED
        || UNIT(other)->load != LOAD_LOADED || !unit_int(target, D_DefaultDependencies)
        || !unit_int(other, D_DefaultDependencies) || edge_kinds(other, target) & DEP_AFTER)
        return;
    (void)edge_add(target, other, DEP_AFTER);
}

/* Adds "after (and requires) the mounts above this path" for one path. Mounts that have a file are
 * loaded for it; their edges come when they are. */
static void link_mounts_of(unit_id id, struct str path)
{
    for (size_t n = path.n; n > 0;) {
        BUF(name, UNIT_NAME_BYTES);
        struct str prefix = str_cut(path, n);
        if (unit_name_from_path(prefix, ".mount", &name) == 0) {
            struct str s = STR(name);
            unit_id mount = unit_find(s);
            if (!mount && index_find(s))
                mount = unit_get(s);
            if (mount && mount != id && UNIT(mount)->load == LOAD_LOADED)
                (void)edge_add(id, mount, DEP_AFTER | (UNIT(mount)->path ? DEP_REQUIRES : 0));
        }
        int slash = str_rfind(prefix, '/');
        n = slash > 0 ? (size_t)slash : n > 1 ? 1 : 0;
    }
}

static void link_mounts(unit_id id)
{
    for (const struct setting *s = NULL; (s = setting_find(id, D_RequiresMountsFor, s));)
        link_mounts_of(id, str_of(text_at(s->w[0])));
}

bool unit_needs_mount(unit_id id, unit_id mount)
{
    const char *where = unit_text(mount, D_Where);
    for (const struct setting *s = NULL; where && (s = setting_find(id, D_RequiresMountsFor, s));)
        if (path_below(str_of(text_at(s->w[0])), where))
            return true;
    return false;
}

void load_mounts_for(unit_id mount)
{
    for (UNITS(id))
        if (id != mount && UNIT(id)->used && unit_needs_mount(id, mount))
            (void)edge_add(id, mount, DEP_AFTER | (UNIT(mount)->path ? DEP_REQUIRES : 0));
}

static void link_one(unit_id id)
{
    for (u32 e = UNIT(id)->in; e; e = tab->edges[e].next_in)
        if (tab->edges[e].kinds & PULLS)
            order_target(tab->edges[e].from, id);
    if (UNIT(id)->type == UNIT_TARGET)
        for (u32 e = UNIT(id)->out; e; e = tab->edges[e].next_out)
            if (tab->edges[e].kinds & PULLS)
                order_target(id, tab->edges[e].to);
    link_mounts(id);
    if (UNIT(id)->type == UNIT_MOUNT)
        load_mounts_for(id);
}

void link_fresh_units(void)
{
    u32 n = tab->units_n;
    for (unit_id id = 1; id < n; id++)
        if (UNIT(id)->fresh) {
            UNIT(id)->fresh = false;
            link_one(id);
        }
}
