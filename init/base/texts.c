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

#ifdef PACK_TEXTS
extern const char __start_cold_texts[], __stop_cold_texts[];

bool text_is_packed(const char *text)
{
    return (size_t)(text - __start_cold_texts) < (size_t)(__stop_cold_texts - __start_cold_texts);
}

/* Their section is none of the file, but each text has its address there: texts are unpacked from the last mark before it. */
const char *text_shown(const char *text, char space[TEXT_BYTES])
{
    u32 wanted = (u32)(text - __start_cold_texts);
    if (!text_is_packed(text))
        return text;
    const struct text_mark *m = text_marks;
    while (m[1].at <= wanted)
        m++;
    const char *packed = packed_texts + m->packed;
    for (u32 at = m->at;; packed = z_next(packed)) {
        char *end = unpack(packed, text_pairs, space);
        *end = 0;
        if (at >= wanted)
            return space;
        at += (u32)(end - space) + 1;
    }
}
#else
bool text_is_packed(const char *text)
{
    (void)text;
    return false;
}

const char *text_shown(const char *text, char space[TEXT_BYTES])
{
    (void)space;
    return text;
}
#endif

const char *packed_text(int number)
{
    static const u8 numbers[] = {
#define T(number, text) number,
#define N(name, text) TEXT_##name,
#include "texts.def"
    };
    static char text[TEXT_BYTES];
    const struct text_mark *m = text_marks;
    while (m->at != 0xffff)
        m++;
    const char *packed = packed_texts + m->packed;
    for (u32 i = 0; i < LEN(numbers); i++, packed = z_next(packed))
        if (numbers[i] == number) {
            *unpack(packed, text_pairs, text) = 0;
            return text;
        }
    return NULL;
}
