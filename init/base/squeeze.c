/* SPDX-License-Identifier: 0BSD
 *
 * What ci/squeeze made small, as it was: a row of tokens, each a byte or "as N bytes, D back", their bits coded with
 * adaptive probabilities. Pure memory; what it reads is part of the program, so nothing of it is checked. */
#include "base.h"

enum { IS_MATCH = 0, AGAIN = 2, LENGTH = 16, NUMBER = 288, DISTANCE = LENGTH + NUMBER, BYTES = DISTANCE + 2 * NUMBER,
       PROBS = BYTES + 8 * 256 };

static u16 probs[PROBS];                     /* that the next bit here is 1, in 4096ths */
static const u8 *in;
static u32 range, code;

static u32 bit(u32 at)
{
    u32 bound = (range >> 12) * probs[at], one = code < bound;
    if (one) {
        range = bound;
        probs[at] = (u16)(probs[at] + ((4096 - probs[at]) >> 5));
    } else {
        code -= bound;
        range -= bound;
        probs[at] = (u16)(probs[at] - (probs[at] >> 5));
    }
    for (; range < 1u << 24; range <<= 8)
        code = code << 8 | *in++;
    return one;
}

/* At least 1: how many bits are below its highest, in unary; then these. */
static u32 number(u32 base)
{
    u32 k = 0, n = 1;
    while (bit(base + k))
        k++;
    for (u32 i = k; i--;)
        n = n << 1 | bit(base + 16 * (k + 1) + i);
    return n;
}

void unsqueeze(const u8 *from, u8 *to, const u8 *end)
{
    u32 distance = 0, was = 0;
    in = from;
    range = UINT32_MAX;
    for (u32 i = 0; i < 4; i++)
        code = code << 8 | *in++;
    for (u32 i = 0; i < PROBS; i++)
        probs[i] = 2048;
    for (u8 before = 0; to < end; before = to[-1]) {
        if (!bit(IS_MATCH + was)) {
            u32 m = 1, base = BYTES + 256u * (before >> 5);
            while (m < 256)
                m = m << 1 | bit(base + m);
            *to++ = (u8)m;
            was = 0;
            continue;
        }
        bool again = !was && bit(AGAIN);
        u32 n = number(LENGTH) + 1;
        if (!again)
            distance = number(DISTANCE + (n > 2 ? NUMBER : 0));
        for (; n; n--, to++)
            *to = *(to - distance);
        was = 1;
    }
}
