/* SPDX-License-Identifier: 0BSD
 *
 * Paths with wildcards: matched against a path, and against what is there. As glob(3) does it, with braces; folders are
 * read without a trace. */
#include "base.h"
#include "../limits.h"
#include "../sys.h"

#include <dirent.h>

bool is_glob(const char *text) { return text[strcspn(text, "*?[")]; }

static bool part_match(struct str pattern, struct str name)
{
    char p[NAME_BYTES], n[NAME_BYTES];
    if (str_starts(name, ".") && !str_starts(pattern, "."))
        return false;                        /* a leading period must be written */
    return z_copy(p, sizeof p, pattern) && z_copy(n, sizeof n, name) && glob_match(p, n);
}

bool path_match(const char *pattern, const char *path)
{
    for (;; pattern++, path++) {
        size_t p = strcspn(pattern, "/"), n = strcspn(path, "/");
        if (!part_match((struct str){ pattern, p }, (struct str){ path, n }))
            return false;
        pattern += p;
        path += n;
        if (!*pattern || !*path)
            return !*pattern && !*path;
    }
}

int open_folder(int at, const char *name, bool follow)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW);
    int fd = sys_openat(at, name, flags | O_NOATIME, 0);
    return fd == -EPERM ? sys_openat(at, name, flags, 0) : fd;
}

static char path[PATH_BYTES];                /* of what is being looked at */
static path_fn *take;
static bool links;

static int expand(u32 n, const char *pattern, u32 depth);

/* The path, its first n bytes, gets one part more; then the rest of the pattern. */
static int go_on(u32 n, struct str part, const char *rest, u32 depth)
{
    struct buf b = { path, n, sizeof path, false };
    struct stat st;
    buf_c(&b, '/');
    buf_str(&b, part);
    buf_end(&b);
    if (b.over)
        return -ENAMETOOLONG;
    return *rest ? expand(b.n, rest + 1, depth) : sys_lstat(path, &st) < 0 ? 0 : take(path);
}

static int expand(u32 n, const char *pattern, u32 depth)
{
    struct str part = { pattern, strcspn(pattern, "/") };
    const char *rest = pattern + part.n;
    struct dir d;
    int first = 0;
    char wanted[NAME_BYTES];
    if (!z_copy(wanted, sizeof wanted, part))
        return 0;
    if (!wanted[strcspn(wanted, "*?[\\")])
        return go_on(n, part, rest, depth);
    if (!depth)
        return -ELOOP;
    path[n] = 0;
    (void)dir_at(&d, open_folder(AT_FDCWD, n ? path : "/", links));
    for (struct dirent *e; (e = dir_next(&d));)
        if (part_match(part, str_of(e->d_name))) {
            int r = go_on(n, str_of(e->d_name), rest, depth - 1);
            first = first < 0 ? first : r;
        }
    return first;
}

/* The brace that closes the one at p, or the next comma at its level. */
static const char *brace_end(const char *p, bool comma)
{
    for (u32 depth = 0; *++p;) {
        if (*p == '\\' && p[1])
            p++;
        else if (!depth && (*p == '}' || (comma && *p == ',')))
            return p;
        else if (*p == '{')
            depth++;
        else if (*p == '}')
            depth--;
    }
    return NULL;
}

int glob_each(const char *given, bool follow, path_fn *fn)
{
    char pattern[PATH_BYTES];
    if (!z_copy(pattern, sizeof pattern, str_of(given)))     /* it may be one of z_fmt()'s */
        return -ENAMETOOLONG;
    const char *open = strchr(pattern, '{'), *close = open ? brace_end(open, false) : NULL;
    int first = 0;
    take = fn;
    links = follow;
    if (!close)
        return expand(0, pattern + 1, 16);
    for (const char *from = open; from < close;) {
        char one[PATH_BYTES];
        const char *to = brace_end(from, true);
        path_fmt(one, "%.*s%.*s%s", (int)(open - pattern), pattern, (int)(to - from - 1), from + 1, close + 1);
        int r = glob_each(one, follow, fn);
        first = first < 0 ? first : r;
        from = to;
    }
    return first;
}
