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

/* glibc's words, which systemd's messages have. The numbers are those of x86_64, aarch64 and most others. */
static const char errno_texts[] =
    "1\0Operation not permitted\0No such file or directory\0No such process\0Interrupted system call\0"
    "Input/output error\0No such device or address\0Argument list too long\0Exec format error\0"
    "Bad file descriptor\0No child processes\0Resource temporarily unavailable\0Cannot allocate memory\0"
    "Permission denied\0Bad address\0Block device required\0Device or resource busy\0File exists\0"
    "Invalid cross-device link\0No such device\0Not a directory\0Is a directory\0Invalid argument\0"
    "Too many open files in system\0Too many open files\0Inappropriate ioctl for device\0Text file busy\0"
    "File too large\0No space left on device\0Illegal seek\0Read-only file system\0Too many links\0"
    "Broken pipe\0Numerical argument out of domain\0Numerical result out of range\0"
    "Resource deadlock avoided\0File name too long\0No locks available\0Function not implemented\0"
    "Directory not empty\0Too many levels of symbolic links\0" "57\0Invalid slot\0" "61\0No data available\0Timer expired\0"
    "71\0Protocol error\0" "74\0Bad message\0Value too large for defined data type\0" "84\0"
    "Invalid or incomplete multibyte or wide character\0" "88\0Socket operation on non-socket\0" "90\0"
    "Message too long\0" "95\0Operation not supported\0" "97\0Address family not supported by protocol\0"
    "Address already in use\0Cannot assign requested address\0Network is down\0Network is unreachable\0"
    "103\0Software caused connection abort\0Connection reset by peer\0No buffer space available\0"
    "Transport endpoint is already connected\0Transport endpoint is not connected\0" "110\0"
    "Connection timed out\0Connection refused\0Host is down\0No route to host\0"
    "Operation already in progress\0Operation now in progress\0Stale file handle\0"
    "Structure needs cleaning\0" "121\0Remote I/O error\0Disk quota exceeded\0No medium found\0"
    "Wrong medium type\0Operation canceled\0";

char *strerror(int error)
{
    static char other[32];
    const char *text = name_of(errno_texts, error);
    struct buf b = BUF_OVER(other);
    if (text)
        return (char *)(uintptr_t)text;
    buf_fmt(&b, "Unknown error %d", error);
    return buf_end(&b);
}
