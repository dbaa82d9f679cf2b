/* SPDX-License-Identifier: 0BSD
 *
 * What follows from a unit's type and settings without being written: checks of systemd.service(5)
 * and systemd.mount(5), derived defaults, and the implicit and default dependencies of each type,
 * as rows. Loads nothing. */
#include "implicit.h"

#define BEFORE (DEP_AFTER | DEP_REVERSE)

/* Default dependencies: for units with DefaultDependencies=yes. */
static const struct default_dep { u8 type; u32 kinds; const char *name; } default_deps[] = {
    { UNIT_SERVICE, DEP_REQUIRES | DEP_AFTER, "sysinit.target" },
    { UNIT_SERVICE, DEP_AFTER, "basic.target" },
    { UNIT_SERVICE, DEP_CONFLICTS, "shutdown.target" }, { UNIT_SERVICE, BEFORE, "shutdown.target" },
    { UNIT_SOCKET, DEP_REQUIRES | DEP_AFTER, "sysinit.target" }, { UNIT_SOCKET, BEFORE, "sockets.target" },
    { UNIT_SOCKET, DEP_CONFLICTS, "shutdown.target" }, { UNIT_SOCKET, BEFORE, "shutdown.target" },
    { UNIT_TIMER, DEP_REQUIRES | DEP_AFTER, "sysinit.target" }, { UNIT_TIMER, BEFORE, "timers.target" },
    { UNIT_TIMER, DEP_CONFLICTS, "shutdown.target" }, { UNIT_TIMER, BEFORE, "shutdown.target" },
    { UNIT_PATH, DEP_REQUIRES | DEP_AFTER, "sysinit.target" }, { UNIT_PATH, BEFORE, "paths.target" },
    { UNIT_PATH, DEP_CONFLICTS, "shutdown.target" }, { UNIT_PATH, BEFORE, "shutdown.target" },
    { UNIT_TARGET, DEP_CONFLICTS, "shutdown.target" }, { UNIT_TARGET, BEFORE, "shutdown.target" },
    { UNIT_SLICE, DEP_CONFLICTS, "shutdown.target" }, { UNIT_SLICE, BEFORE, "shutdown.target" },
    { UNIT_SCOPE, DEP_CONFLICTS, "shutdown.target" }, { UNIT_SCOPE, BEFORE, "shutdown.target" },
    { UNIT_SWAP, DEP_CONFLICTS, "umount.target" }, { UNIT_SWAP, BEFORE, "umount.target" },
    { UNIT_SWAP, BEFORE, "swap.target" },
};

static void add_dep(unit_id id, u32 kinds, struct str name)
{
    unit_id other = unit_get(name);
    if (other)
        (void)edge_add(id, other, kinds);
}

/* ---- settings while they are in working space ---------------------------------------------- */

static bool has(const struct build *b, u32 directive) { return build_find(b, directive, NULL); }

static i32 int_of(const struct build *b, u32 directive)
{
    const struct setting *s = build_find(b, directive, NULL);
    return s ? (i32)s->w[0] : directives[directive].def;
}

static const char *text_of(const struct build *b, u32 directive)
{
    const struct setting *s = build_find(b, directive, NULL);
    return s ? text_at(s->w[0]) : NULL;
}

static int refuse(struct build *b, const char *why)
{
    log_line(LOG_ERR, "%s: %s Refusing.", b->path, why);
    return -ENOEXEC;
}

/* Paths this unit needs, as if RequiresMountsFor= named them. */
static int needs_path(struct build *b, struct str path)
{
    if (!path_valid(path) || str_is(path, "/"))
        return 0;
    return build_text(b, D_RequiresMountsFor, path, true);
}

/* ---- services ------------------------------------------------------------------------------ */

static const char *service_complaint(const struct build *b)
{
    const struct setting *start = build_find(b, D_ExecStart, NULL);
    i32 type = int_of(b, D_Type), restart = int_of(b, D_Restart);
    bool action = int_of(b, D_SuccessAction) != ACTION_NONE;
    if (!start && !has(b, D_ExecStop) && !action)
        return "Service has no ExecStart=, ExecStop=, or SuccessAction=.";
    if (type != SERVICE_ONESHOT && !start)
        return "Service has no ExecStart= setting, which is only allowed for Type=oneshot services.";
    if (!int_of(b, D_RemainAfterExit) && !start && !action)
        return "Service has no ExecStart= and no SuccessAction= settings and does not have "
               "RemainAfterExit=yes set.";
    if (type != SERVICE_ONESHOT && build_find(b, D_ExecStart, start))
        return "Service has more than one ExecStart= setting, which is only allowed for Type=oneshot "
               "services.";
    if (type == SERVICE_ONESHOT && (restart == RESTART_ALWAYS || restart == RESTART_ON_SUCCESS))
        return "Service has Restart= set to either always or on-success, which isn't allowed for "
               "Type=oneshot services.";
    if (type == SERVICE_ONESHOT && has(b, D_RestartForceExitStatus))
        return "Service has RestartForceExitStatus= set, which isn't allowed for Type=oneshot services.";
    if (type == SERVICE_DBUS && !has(b, D_BusName))
        return "Service is of type D-Bus but no D-Bus service name has been specified.";
    return NULL;
}

static int service_paths(struct build *b)
{
    static const struct { u16 id; const char *base; } dirs[] = {
        { D_RuntimeDirectory, "/run" }, { D_StateDirectory, "/var/lib" }, { D_CacheDirectory, "/var/cache" },
        { D_LogsDirectory, "/var/log" }, { D_ConfigurationDirectory, "/etc" },
    };
    const char *cwd = text_of(b, D_WorkingDirectory);
    int r = cwd && cwd[0] == '/' && !build_find(b, D_WorkingDirectory, NULL)->w[1] ? needs_path(b, str_of(cwd)) : 0;
    for (u32 i = 0; i < LEN(dirs); i++) {
        if (!has(b, dirs[i].id))
            continue;
        /* One path stands for all: systemd names each, but they share the mounts above them. */
        BUF(path, PATH_BYTES);
        buf_fmt(&path, "%s/%s", dirs[i].base, text_of(b, dirs[i].id));
        if (r == 0)
            r = needs_path(b, (struct str){ path.p, path.n });
    }
    return r;
}

static int complete_service(struct build *b)
{
    int r = 0;
    if (!has(b, D_Type))
        r = build_int(b, D_Type, has(b, D_BusName) ? SERVICE_DBUS : has(b, D_ExecStart) ? SERVICE_SIMPLE
                                                                                      : SERVICE_ONESHOT);
    const char *complaint = service_complaint(b);
    if (complaint)
        return refuse(b, complaint);
    i32 type = int_of(b, D_Type);
    if (r == 0 && type == SERVICE_ONESHOT && !has(b, D_TimeoutStartSec))
        r = build_span(b, D_TimeoutStartSec, USEC_INF);
    bool notifies = type == SERVICE_NOTIFY || has(b, D_WatchdogSec);
    if (r == 0 && notifies && int_of(b, D_NotifyAccess) == NOTIFY_NONE)
        r = build_int(b, D_NotifyAccess, NOTIFY_MAIN);
    if (type == SERVICE_DBUS)
        build_warn(b, LOG_NOTICE, "Type=dbus: pith is not on the bus yet, starting as Type=simple.");
    /* A terminal is reset and hung up like systemd does when it is the service's input. */
    return r == 0 ? service_paths(b) : r;
}

/* ---- mounts and swaps ---------------------------------------------------------------------- */

static bool extrinsic_mount(struct str where, struct str options)
{
    return str_is(where, "/") || str_is(where, "/usr") || path_below(where, S("/run/initramfs"))
        || path_below(where, S("/sys")) || path_below(where, S("/proc")) || path_below(where, S("/dev"))
        || fstab_option(options, "x-initrd.mount", NULL);
}

static bool is_bind(struct str options, const char *type)
{
    return fstab_option(options, "bind", NULL) || fstab_option(options, "rbind", NULL)
        || (type && (STREQ(type, "bind") || STREQ(type, "rbind")));
}

static bool is_network(struct str options, const char *type)
{
    return fstab_option(options, "_netdev", NULL) || fs_is_network(str_of(type));
}

static bool is_device_path(struct str path)
{
    return path_below(path, S("/dev")) || path_below(path, S("/sys"));
}

static void need_device(unit_id id, struct str what, u32 kinds)
{
    BUF(name, UNIT_NAME_BYTES);
    if (is_device_path(what) && !str_is(what, "/dev/root") && !str_is(what, "/dev/nfs")
        && unit_name_from_path(what, ".device", &name) == 0)
        add_dep(id, kinds, (struct str){ name.p, name.n });
}

static void default_mount_deps(unit_id id, struct str where, struct str options, const char *type)
{
    bool network = is_network(options, type), sysroot = in_initrd() && path_below(where, S("/sysroot"));
    const char *target = sysroot ? (str_is(where, "/sysroot") ? "initrd-root-fs.target" : "initrd-fs.target")
                       : network ? "remote-fs.target" : "local-fs.target";
    if (!fstab_yes_no(options, "nofail", "fail"))
        add_dep(id, BEFORE, str_of(target));
    add_dep(id, DEP_AFTER, network ? S("remote-fs-pre.target") : S("local-fs-pre.target"));
    add_dep(id, DEP_CONFLICTS, S("umount.target"));
    add_dep(id, BEFORE, S("umount.target"));
    if (network) {
        add_dep(id, DEP_AFTER, S("network.target"));
        add_dep(id, DEP_WANTS | DEP_AFTER, S("network-online.target"));
    }
    if (type && STREQ(type, "tmpfs"))
        add_dep(id, DEP_AFTER, S("swap.target"));    /* unmounted before memory may be short */
}

/* A command line of our own helper (helper/mount.c): all words are given. */
static int put_helper(struct build *b, u32 id, const char *const *argv, u32 argc)
{
    u32 w[16] = { 0, text_keep(S("/proc/self/exe")), argc };
    for (u32 i = 0; i < argc; i++) {
        w[3 + i] = text_keep(str_of(argv[i]));
        if (!w[3 + i])
            return -ENOSPC;
    }
    w[0] = EXEC_NO_EXPAND;
    return w[1] ? build_set(b, id, w, 3 + argc) : -ENOSPC;
}

static int put_mount_helpers(struct build *b)
{
    const char *where = text_of(b, D_Where), *what = text_of(b, D_What), *type = text_of(b, D_FsType);
    const char *options = text_of(b, D_Options);
    BUF(mode, 8);
    buf_fmt(&mode, "%o", (u32)int_of(b, D_DirectoryMode));
    const char *attach[] = { "pith-mount", "mount", what ? what : "", where, type ? type : "auto",
                             options ? options : "", buf_end(&mode), int_of(b, D_ReadWriteOnly) ? "rw-only" : "" };
    const char *remount[] = { "pith-mount", "remount", what ? what : "", where, type ? type : "auto",
                              options ? options : "" };
    const char *detach[] = { "pith-mount", "umount", where, int_of(b, D_LazyUnmount) ? "lazy" : "",
                             int_of(b, D_ForceUnmount) ? "force" : "" };
    int r = put_helper(b, X_Attach, attach, LEN(attach));
    if (r == 0)
        r = put_helper(b, X_Remount, remount, LEN(remount));
    return r == 0 ? put_helper(b, X_Detach, detach, LEN(detach)) : r;
}

static int complete_mount(struct build *b)
{
    BUF(path, PATH_BYTES);
    struct str name = str_of(unit_name(b->id));
    int r = unit_name_to_path(name, &path);
    struct str where = { path.p, path.n };
    if (r < 0)
        return refuse(b, "The unit's name is not that of a path.");
    if (!has(b, D_Where))
        r = build_text(b, D_Where, where, false);
    else if (!str_is(where, text_of(b, D_Where)))
        return refuse(b, "Where= setting doesn't match unit name.");
    struct str what = str_of(text_of(b, D_What)), options = str_of(text_of(b, D_Options));
    const char *type = text_of(b, D_FsType);
    if (!what.n && !UNIT(b->id)->generated)
        return refuse(b, "What= setting is missing.");
    if (!str_is(where, "/")) {
        int slash = str_rfind(where, '/');
        r = needs_path(b, str_cut(where, (size_t)slash));
        if (!is_bind(options, type))
            need_device(b->id, what, (fstab_option(options, "x-systemd.device-bound", NULL)
                                      ? DEP_BINDS_TO : DEP_REQUIRES) | DEP_AFTER);
    }
    if (r == 0 && str_starts(what, "/") && !is_device_path(what) && !is_network(options, type))
        r = needs_path(b, what);
    if (int_of(b, D_DefaultDependencies) && !extrinsic_mount(where, options))
        default_mount_deps(b->id, where, options, type);
    return r == 0 ? put_mount_helpers(b) : r;
}

static int complete_swap(struct build *b)
{
    const char *what = text_of(b, D_SwapWhat);
    if (!what)
        return UNIT(b->id)->generated ? 0 : refuse(b, "What= setting is missing.");
    const char *options = text_of(b, D_Options);
    BUF(priority, 16);
    buf_fmt(&priority, "%d", int_of(b, D_SwapPriority));
    const char *attach[] = { "pith-mount", "swapon", what, buf_end(&priority), options ? options : "" };
    const char *detach[] = { "pith-mount", "swapoff", what };
    need_device(b->id, str_of(what), DEP_BINDS_TO | DEP_AFTER);
    int r = put_helper(b, X_Attach, attach, LEN(attach));
    if (r == 0)
        r = put_helper(b, X_Detach, detach, LEN(detach));
    return r == 0 && !is_device_path(str_of(what)) ? needs_path(b, str_of(what)) : r;
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

static int slice_deps(struct build *b)
{
    struct str name = str_of(unit_name(b->id));
    BUF(slice, UNIT_NAME_BYTES);
    int type = UNIT(b->id)->type, r = 0;
    if (type == UNIT_SLICE) {
        if (slice_parent(name, &slice) <= 0)
            return slice_name_valid(name) ? 0 : refuse(b, "The slice's name is not valid.");
    } else if (has(b, D_Slice)) {
        buf_z(&slice, text_of(b, D_Slice));
    } else {
        default_slice(name, &slice);
        r = build_text(b, D_Slice, (struct str){ slice.p, slice.n }, false);
    }
    add_dep(b->id, DEP_REQUIRES | DEP_AFTER | DEP_IN_SLICE, (struct str){ slice.p, slice.n });
    return r;
}

/* -.slice and system.slice are always there; so is a perpetual unit's default. */
static int complete_slice(struct build *b)
{
    struct str name = str_of(unit_name(b->id));
    if (!str_is(name, "-.slice") && !str_is(name, "system.slice"))
        return 0;
    UNIT(b->id)->perpetual = true;
    int r = build_int(b, D_DefaultDependencies, 0);
    if (r == 0 && !has(b, D_Description))
        r = build_text(b, D_Description, str_is(name, "-.slice") ? S("Root Slice") : S("System Slice"), false);
    return r;
}

/* ---- all together -------------------------------------------------------------------------- */

int unit_complete(struct build *b)
{
    struct unit *u = UNIT(b->id);
    int r = 0;
    switch (u->type) {
    case UNIT_SERVICE: r = complete_service(b); break;
    case UNIT_MOUNT: r = complete_mount(b); break;
    case UNIT_SWAP: r = complete_swap(b); break;
    case UNIT_SLICE: r = complete_slice(b); break;
    case UNIT_DEVICE:
        /* A device is waited for as long as anything may take to start (systemd.device(5)). */
        if (!has(b, D_JobRunningTimeoutSec))
            r = build_span(b, D_JobRunningTimeoutSec, 90 * USEC_SEC);
        break;
    default: break;
    }
    /* What the kernel or others made is left alone by an isolate, unless the unit says otherwise. */
    const u32 stays = BIT(UNIT_DEVICE) | BIT(UNIT_MOUNT) | BIT(UNIT_SWAP) | BIT(UNIT_SLICE) | BIT(UNIT_AUTOMOUNT) | BIT(UNIT_SCOPE);
    if (r == 0 && stays & BIT(u->type) && !has(b, D_IgnoreOnIsolate))
        r = build_int(b, D_IgnoreOnIsolate, 1);
    if (r < 0)
        return r;
    bool in_slice = u->type == UNIT_SERVICE || u->type == UNIT_MOUNT || u->type == UNIT_SWAP
                 || u->type == UNIT_SOCKET || u->type == UNIT_SLICE || u->type == UNIT_SCOPE;
    if (in_slice)
        r = slice_deps(b);
    for (u32 i = 0; i < LEN(default_deps) && int_of(b, D_DefaultDependencies); i++)
        if (default_deps[i].type == u->type && !str_is(b->name, default_deps[i].name))
            add_dep(b->id, default_deps[i].kinds, str_of(default_deps[i].name));
    return r;
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
            struct str s = { name.p, name.n };
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
        if (path_below(str_of(text_at(s->w[0])), str_of(where)))
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
