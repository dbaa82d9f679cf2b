/* SPDX-License-Identifier: 0BSD
 *
 * Deadlines: a heap of (time, key) with each key's place in it. A deadline is a number; what its
 * passing means is for whoever set the key. No clock is read here. */
#include "base.h"
#include "../limits.h"

static struct { usec when; u32 key; } heap[TIMERS_MAX];
static u16 place[TIMERS_MAX];            /* key -> 1 + index in the heap, 0: not set */
static u32 heap_n;

static void put(u32 i, usec when, u32 key)
{
    heap[i].when = when;
    heap[i].key = key;
    place[key] = (u16)(i + 1);
}

static void sift(u32 i, usec when, u32 key)
{
    for (; i && heap[(i - 1) / 2].when > when; i = (i - 1) / 2)
        put(i, heap[(i - 1) / 2].when, heap[(i - 1) / 2].key);
    for (u32 child; (child = 2 * i + 1) < heap_n; i = child) {
        if (child + 1 < heap_n && heap[child + 1].when < heap[child].when)
            child++;
        if (heap[child].when >= when)
            break;
        put(i, heap[child].when, heap[child].key);
    }
    put(i, when, key);
}

void timer_set(u32 key, usec when)
{
    u32 at = place[key];
    if (when == USEC_INF) {
        if (!at)
            return;
        place[key] = 0;
        heap_n--;
        if (at - 1 < heap_n)
            sift(at - 1, heap[heap_n].when, heap[heap_n].key);
        return;
    }
    sift(at ? at - 1 : heap_n++, when, key);
}

usec timer_get(u32 key) { return place[key] ? heap[place[key] - 1].when : USEC_INF; }

usec timer_next(void) { return heap_n ? heap[0].when : USEC_INF; }

bool timer_pop(usec now, u32 *key)
{
    if (!heap_n || heap[0].when > now)
        return false;
    *key = heap[0].key;
    timer_set(*key, USEC_INF);
    return true;
}
