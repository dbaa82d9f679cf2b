/* SPDX-License-Identifier: 0BSD
 *
 * Setters of sockets, timers and paths: what is listened on, when, where. They record; what is triggered is an edge. */
#include "unit.h"

/* ---- sockets ------------------------------------------------------------------------------- */

static const char families_of_netlink[] =
    "route\0" "2\0usersock\0firewall\0inet-diag\0nflog\0xfrm\0selinux\0iscsi\0audit\0fib-lookup\0connector\0netfilter\0ip6-fw\0"
    "dnrtmsg\0kobject-uevent\0generic\0" "18\0scsitransport\0ecryptfs\0rdma\0";

/* A family's name or number, and a group. */
static int netlink_address(struct str s, struct buf *out)
{
    i32 family, group = 0;
    struct str name = str_word(&s, BLANKS), rest = str_word(&s, BLANKS);
    if (name_find(families_of_netlink, name, &family) < 0 && parse_int(name, 0, INT32_MAX, &family) < 0)
        return -EINVAL;
    if ((rest.p && parse_int(rest, 0, INT32_MAX, &group) < 0) || s.n)
        return -EINVAL;
    buf_str(out, name);
    buf_fmt(out, " %u", group);
    return 0;
}

/* All are settings of ListenStream=, in their order: words are the kind's name, the address. */
int set_listen(struct build *b, const struct directive *d, struct str value)
{
    static const char kinds[] = "Stream\0Datagram\0SequentialPacket\0FIFO\0Netlink\0Special\0MessageQueue\0USBFunction\0";
    WORKSPACE(address, 2);
    bool file = d->arg >= LISTEN_FIFO && d->arg != LISTEN_NETLINK;
    if (!value.n) {
        build_clear(b, D_ListenStream);
        return 0;
    }
    if (file ? !build_path(b, d, &value) : !build_expand(b, &value))
        return 0;
    if (d->arg <= LISTEN_FIFO)
        (void)build_run(b, d, &value);
    int r = 0;
    if (file)
        buf_str(&address, value);
    else
        r = d->arg == LISTEN_NETLINK ? netlink_address(value, &address) : parse_listen(value, &address);
    if (r < 0) {
        build_warn(b, LOG_WARNING, "Failed to parse address value in '%.*s', ignoring: %s", (int)value.n, value.p,
                   r == -ERANGE ? TEXT("Numerical result out of range") : r == -ENODEV ? TEXT("No such device") : TEXT("Invalid argument"));
        return 0;
    }
    return build_put(b, D_ListenStream, (u32[]){ text_keep(str_of(name_of(kinds, (i32)d->arg))), text_keep(STR(address)) }, 2);
}

int set_ifname(struct build *b, const struct directive *d, struct str value)
{
    if (str_is(value, "*")) {
        build_clear(b, directive_id(d));
        return 0;
    }
    return interface_valid(value) ? build_text(b, directive_id(d), value, false)
                                  : build_ignore(b, d, TEXT("Invalid interface name"), value);
}

int set_fd_name(struct build *b, const struct directive *d, struct str value)
{
    if (!build_expand(b, &value))
        return 0;
    for (size_t i = 0; i < value.n; i++)
        if ((u8)value.p[i] < ' ' || (u8)value.p[i] >= 127 || value.p[i] == ':' || value.n > 255)
            return build_ignore(b, d, TEXT("Invalid file descriptor name"), value);
    return build_text(b, directive_id(d), value, false);
}

/* ---- other units --------------------------------------------------------------------------- */

static int put_trigger(struct build *b, struct str name, u32 kinds)
{
    unit_id other = unit_named(b->id, name);
    return other && edge_add(b->id, other, kinds) == 0 ? 0 : -ENOEXEC;
}

/* Service= of a socket. */
int set_socket_service(struct build *b, const struct directive *d, struct str value)
{
    if (!build_expand(b, &value))
        return 0;
    if (!str_ends(value, ".service") || !unit_name_valid(value))
        return build_ignore(b, d, TEXT("Unit must be of type service"), value);
    return build_text(b, directive_id(d), value, false);
}

/* Unit= of a timer or path. */
int set_trigger(struct build *b, const struct directive *d, struct str value)
{
    if (build_find(b, directive_id(d), NULL))
        return build_ignore(b, d, TEXT("Multiple units to trigger specified"), value);
    if (!build_expand(b, &value))
        return 0;
    if (unit_type_of(value) < 0 || !unit_name_valid(value))
        return build_ignore(b, d, TEXT("Unit type not valid"), value);
    if (unit_find(value) == b->id)
        return build_ignore(b, d, TEXT("Units cannot trigger themselves"), value);
    return build_text(b, directive_id(d), value, false);
}

int set_sockets(struct build *b, const struct directive *d, struct str value)
{
    struct str name;
    int r = 0;
    while (r == 0 && build_item(b, &value, 0, &name))
        r = str_ends(name, ".socket") && unit_name_valid(name) ? put_trigger(b, name, DEP_WANTS | DEP_AFTER)
                                                               : build_ignore(b, d, TEXT("Unit must be of type socket"), name);
    return r;
}

/* ---- timers and paths ---------------------------------------------------------------------- */

/* OnActiveSec= and its kin are settings of OnActiveSec=: words are the name of its property, the span, 0 (next). Those
 * of OnCalendar= are the normalised text. */
int set_timer(struct build *b, const struct directive *d, struct str value)
{
    static struct calendar c SCRATCH;
    usec t;
    if (!value.n) {
        build_clear(b, D_OnActiveSec);
        build_clear(b, D_OnCalendar);
        return 0;
    }
    if (!build_expand(b, &value))
        return 0;
    if (d->arg == D_OnCalendar) {
        WORKSPACE(text, 2);
        if (calendar_parse(value, &c) < 0)
            return build_ignore(b, d, TEXT("Failed to parse calendar specification"), value);
        calendar_write(&c, &text);
        return build_text(b, D_OnCalendar, STR(text), true);
    }
    BUF(name, 64);
    if (parse_span(value, USEC_SEC, &t) < 0)
        return build_ignore(b, d, TEXT("Failed to parse timer value"), value);
    buf_z(&name, directive_name(d));
    name.n -= 3;
    buf_z(&name, "USec");
    return build_put(b, D_OnActiveSec, (u32[]){ text_keep(STR(name)), (u32)t, (u32)(t >> 32), 0, 0 }, 5);
}

/* All are settings of PathExists=: words are the directive's name, the path. */
int set_path_spec(struct build *b, const struct directive *d, struct str value)
{
    if (!value.n) {
        build_clear(b, D_PathExists);
        return 0;
    }
    if (!build_path(b, d, &value))
        return 0;
    return build_put(b, D_PathExists, (u32[]){ text_keep(str_of(directive_name(d))), text_keep(value) }, 2);
}
