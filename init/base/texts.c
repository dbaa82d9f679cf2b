/* SPDX-License-Identifier: 0BSD
 *
 * Packed texts (ci/pack), and those of them that have a number: texts.def. */
#include "base.h"

#include <errno.h>

/* A byte is itself or what its pair stands for. Pairs nest less than 256 deep. */
static char *unpack_byte(u8 c, const u8 (*pairs)[2], char *to)
{
    if (pairs[c][0])
        return unpack_byte(pairs[c][1], pairs, unpack_byte(pairs[c][0], pairs, to));
    *to = (char)c;
    return to + 1;
}

char *unpack(const char *packed, const u8 (*pairs)[2], char *to)
{
    for (; *packed; packed++)
        to = unpack_byte((u8)*packed, pairs, to);
    return to;
}

const char *packed_text(int number)
{
    static const u8 numbers[] = {
#define T(number, text) number,
#define N(name, text) TEXT_##name,
#include "texts.def"
    };
    static char text[TEXT_BYTES];
    const char *packed = packed_texts;
    for (u32 i = 0; i < LEN(numbers); i++, packed = z_next(packed))
        if (numbers[i] == number) {
            *unpack(packed, text_pairs, text) = 0;
            return text;
        }
    return NULL;
}
