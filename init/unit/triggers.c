/* SPDX-License-Identifier: 0BSD
 *
 * Units that start another one when something happens: which one that is, what they need, and the checks
 * of systemd.socket(5), systemd.timer(5), systemd.path(5) and systemd.automount(5). Listens to nothing. */
#include "implicit.h"

#define BEFORE (DEP_AFTER | DEP_REVERSE)

/* The unit that DIRECTIVE names, or the one with this unit's name and the other suffix. */
static void triggers(struct build *b, u32 directive, const char *suffix)
{
    BUF(name, UNIT_NAME_BYTES);
    struct str named = build_text_of(b, directive);
    buf_str(&name, named.n ? named : str_cut(b->name, (size_t)str_rfind(b->name, '.')));
    if (!named.n)
        buf_z(&name, suffix);
    add_dep(b->id, DEP_TRIGGERS, STR(name));
    add_dep(b->id, BEFORE, STR(name));
}

static void needs_device(struct build *b, struct str interface)
{
    BUF(path, PATH_BYTES);
    BUF(name, UNIT_NAME_BYTES);
    if (!interface.n || str_is(interface, "lo"))
        return;
    buf_fmt(&path, TEXT("/sys/subsystem/net/devices/%.*s"), (int)interface.n, interface.p);
    if (unit_name_from_path(STR(path), ".device", &name) == 0)
        add_dep(b->id, DEP_BINDS_TO | DEP_AFTER, STR(name));
}

/* Words of a Listen setting: its kind, the address. */
static const char *complete_socket(struct build *b)
{
    const struct setting *s = NULL;
    bool accept = build_int_of(b, D_Accept), only_streams = true;
    u32 nodes = 0;
    while ((s = build_find(b, D_ListenStream, s))) {
        const char *kind = text_at(s->w[0]), *address = text_at(s->w[1]);
        bool stream = z_in("Stream\0SequentialPacket\0", kind);
        only_streams &= stream;
        if (*address != '/' || STREQ(kind, "MessageQueue"))
            continue;
        nodes += stream || z_in("Datagram\0FIFO\0", kind);
        needs_path(b, str_of(address));
    }
    needs_device(b, build_text_of(b, D_BindToDevice));
    if (!build_has(b, D_ListenStream))
        return TEXT("Unit has no Listen setting (ListenStream=, ListenDatagram=, ListenFIFO=, ...).");
    if (accept && !only_streams)
        return TEXT("Unit configured for accepting sockets, but sockets are non-accepting.");
    if (accept && !build_int_of(b, D_MaxConnections))
        return TEXT("MaxConnection= setting too small.");
    if (accept && build_has(b, D_Service))
        return TEXT("Explicit service configuration for accepting socket units not supported.");
    if (build_has(b, D_Symlinks) && nodes != 1)
        return TEXT("Unit has symlinks set but none or more than one node in the file system.");
    if (!accept)
        triggers(b, D_Service, ".service");
    return NULL;
}

static const char *complete_timer(struct build *b)
{
    triggers(b, D_Unit, ".service");
    if (build_int_of(b, D_Persistent))
        needs_path(b, S("/var/lib/systemd/timers"));
    return build_has(b, D_OnActiveSec) || build_has(b, D_OnCalendar) || build_int_of(b, D_OnClockChange) || build_int_of(b, D_OnTimezoneChange)
        ? NULL : TEXT("Timer unit lacks value setting.");
}

static const char *complete_path(struct build *b)
{
    triggers(b, D_Unit, ".service");
    for (const struct setting *s = NULL; (s = build_find(b, D_PathExists, s));)
        needs_path(b, str_of(text_at(s->w[1])));
    return build_has(b, D_PathExists) ? NULL : TEXT("Path unit lacks path setting.");
}

static const char *complete_automount(struct build *b)
{
    BUF(path, PATH_BYTES);
    if (unit_name_to_path(b->name, &path) < 0)
        return TEXT("The unit's name is not that of a path.");
    struct str where = STR(path);
    int slash = str_rfind(where, '/');
    if (!build_has(b, D_Where))
        (void)build_text(b, D_Where, where, false);
    if (str_is(build_text_of(b, D_Where), "/"))
        return TEXT("Cannot have an automount unit for the root directory.");
    if (!str_eq(where, build_text_of(b, D_Where)))
        return TEXT("Where= setting doesn't match unit name.");
    for (EACH(reserved, "fd\0pgrp\0minproto\0maxproto\0direct\0indirect\0"))
        if (fstab_option(build_text_of(b, D_ExtraOptions), reserved, NULL))
            return TEXT("ExtraOptions= setting may not contain reserved options.");
    triggers(b, 0, ".mount");
    needs_path(b, slash > 0 ? str_cut(where, (size_t)slash) : S("/"));
    return NULL;
}

const char *complete_trigger(struct build *b)
{
    switch (b->unit->type) {
    case UNIT_SOCKET: return complete_socket(b);
    case UNIT_TIMER: return complete_timer(b);
    case UNIT_PATH: return complete_path(b);
    default: return complete_automount(b);
    }
}
