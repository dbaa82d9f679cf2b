/* SPDX-License-Identifier: 0BSD
 *
 * Lines of passwd(5), group(5) and their shadows, read by hand: name services may wait for a network, and a static
 * binary has none. Reads no file. */
#include "unit.h"

/* Splits a line of name:x:id:... in place. */
u32 account_split(struct str line, char **field, u32 max)
{
    u32 n = 0;
    char *p = (char *)line.p;
    p[line.n] = 0;
    while (n < max) {
        field[n++] = p;
        char *colon = strchr(p, ':');
        if (!colon)
            break;
        *colon = 0;
        p = colon + 1;
    }
    return n;
}

bool account_id(const char *s, u64 *v) { return parse_u64(str_of(s), 10, v) == 0 && *v < UINT32_MAX; }

/* The line whose name, or if `want` is a number whose id, is `want`. */
u32 account_find(struct str rest, const char *want, char **field, u32 max)
{
    struct str line;
    u64 id = 0, have;
    bool by_id = account_id(want, &id);
    while ((line = str_line(&rest, '\n')).p) {
        u32 fields = account_split(line, field, max);
        if (fields >= 3 && (STREQ(field[0], want) || (by_id && account_id(field[2], &have) && have == id)))
            return fields;
    }
    return 0;
}
