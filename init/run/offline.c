/* SPDX-License-Identifier: 0BSD
 *
 * A manager that manages nothing: loads the unit files of another tree and answers what a client asks of them
 * (control.c), so that systemctl --root= shows what PID 1 would. Runs as a client's child, ends with it, starts
 * nothing. */
#include "run.h"

#include <sys/epoll.h>

/* All units that have a file, for what depends on a unit stands in the others' files. Generators are not run. */
static void load_all(void)
{
    index_build();
    load_compact();
    for (struct index_entry *e = NULL; (e = index_all(e));) {
        struct str name = str_of(index_name(e));
        if (e->kind != ENTRY_DIR && unit_name_valid(name) && !unit_name_is_template(name) && unit_get(name))
            load_pending();
    }
}

/* offline ROOT DESCRIPTOR */
int offline_main(int argc, char **argv)
{
    u64 fd = 0;
    if (argc != 3 || parse_u64(str_of(argv[2]), 10, &fd) < 0 || fd > 1023)
        return 1;
    search_root = argv[1];
    log_to.max = LOG_EMERG;              /* the same complaints as at boot; here nobody asked for them */
    cmdline_set("");
    (void)watch_init();
    conns_init();
    load_all();
    struct conn *c = &conns[0];
    *c = (struct conn){ .fd = (int)fd };
    if (sys_nonblock(c->fd, true) < 0 || watch_add(c->fd, EPOLLIN, WATCH_CLIENT, 0) < 0)
        return 1;
    while (c->fd >= 0) {
        struct epoll_event event;
        int n = sys_epoll_wait(watch_epoll, &event, 1, -1);
        if (n < 0 && n != -EINTR)
            return 1;
        if (n > 0)
            control_ready(0, event.events);
    }
    return 0;
}
