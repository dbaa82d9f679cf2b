/* SPDX-License-Identifier: 0BSD
 *
 * The epoll set. Adding and removing is everybody's; waiting is run/loop.c's alone. */
#include "base.h"
#include "../sys.h"

#include <sys/epoll.h>

int watch_epoll = -1;

int watch_init(void) { return watch_epoll = sys_epoll_create(); }

static u64 tag_of(int fd, u8 kind, u16 slot) { return (u64)kind << 48 | (u64)slot << 32 | (u32)fd; }

struct watch watch_of(u64 tag) { return (struct watch){ (u8)(tag >> 48), (u16)(tag >> 32), (int)(u32)tag }; }

int watch_add(int fd, u32 events, u8 kind, u16 slot)
{
    return sys_epoll_ctl(watch_epoll, EPOLL_CTL_ADD, fd, events, tag_of(fd, kind, slot));
}

int watch_change(int fd, u32 events, u8 kind, u16 slot)
{
    return sys_epoll_ctl(watch_epoll, EPOLL_CTL_MOD, fd, events, tag_of(fd, kind, slot));
}

void watch_remove(int fd) { (void)sys_epoll_ctl(watch_epoll, EPOLL_CTL_DEL, fd, 0, 0); }
