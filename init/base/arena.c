/* SPDX-License-Identifier: 0BSD
 *
 * Bump storage for text and settings. It is given back whole (a reload builds the next one beside
 * it) or down to a mark, which is a plain copy of `used`. */
#include "base.h"

u32 arena_take(struct arena *a, u32 bytes, u32 align)
{
    u32 at = (MAX(a->used, 1u) + align - 1) & ~(align - 1);
    if (at > a->cap || bytes > a->cap - at)
        return 0;
    a->used = at + bytes;
    return at;
}

u32 arena_text(struct arena *a, struct str s)
{
    u32 at = s.n < a->cap ? arena_take(a, (u32)s.n + 1, 1) : 0;
    if (!at)
        return 0;
    memcpy(a->base + at, s.p, s.n);
    a->base[at + s.n] = 0;
    return at;
}
