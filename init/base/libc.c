/* SPDX-License-Identifier: 0BSD
 *
 * Functions of the C library, by their own names, that the linker takes in place of musl's. Some of
 * those are made for long inputs (3.4 KiB, here 0.3); strerror() wants a locale, and Debian builds what
 * has an array on the stack with a canary: both lie in the storage of a thread that there is not (see
 * init/start.c; tests/symbols.test looks for such uses). Nothing else may live here. */
#include "base.h"

#include <stdlib.h>

char *strstr(const char *text, const char *wanted)
{
    for (size_t n = strlen(wanted); strncmp(text, wanted, n) != 0; text++)
        if (!*text)
            return NULL;
    return (char *)(uintptr_t)text;
}

size_t strcspn(const char *text, const char *set)
{
    size_t n = 0;
    while (text[n] && !strchr(set, text[n]))
        n++;
    return n;
}

size_t strspn(const char *text, const char *set)
{
    size_t n = 0;
    while (text[n] && strchr(set, text[n]))
        n++;
    return n;
}

static void swap_bytes(char *a, char *b, size_t n)
{
    for (; n--; a++, b++) {
        char c = *a;
        *a = *b;
        *b = c;
    }
}

/* Shell's sort. What is sorted here is shown to a person: some thousand rows at most. */
void qsort(void *rows, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    char *base = rows;
    for (size_t gap = n / 2; gap; gap /= 2)
        for (size_t i = gap; i < n; i++)
            for (char *at = base + i * size; at >= base + gap * size && compare(at - gap * size, at) > 0; at -= gap * size)
                swap_bytes(at - gap * size, at, size);
}

char *strerror(int error)
{
    static char other[32];
    const char *text = packed_text(error);
    struct buf b = BUF_OVER(other);
    if (text)
        return (char *)(uintptr_t)text;
    buf_fmt(&b, "Unknown error %d", error);
    return buf_end(&b);
}
