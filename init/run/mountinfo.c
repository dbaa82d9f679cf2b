/* SPDX-License-Identifier: 0BSD
 *
 * /proc/self/mountinfo and /proc/swaps: what the kernel says is mounted and swapped on, whoever did
 * it. Each is a unit, made here if no file names it. */
#include "run.h"

static int mounts_fd = -1, swaps_fd = -1;
static u8 seen[UNITS_MAX];               /* in this reading */

int mounts_open(void) { return mounts_fd = sys_open("/proc/self/mountinfo", O_RDONLY); }
int swaps_open(void) { return swaps_fd = sys_open("/proc/swaps", O_RDONLY); }

static char text[MOUNTS_BYTES];

/* The whole file; read from the start each time. -EFBIG: it does not fit. */
static ssize_t read_table(int fd)
{
    size_t n = 0;
    for (ssize_t got; (got = sys_pread(fd, text + n, sizeof text - n, (off_t)n)) > 0;) {
        n += (size_t)got;
        if (n == sizeof text) {
            table_limit("MOUNTS_BYTES");
            break;
        }
    }
    return (ssize_t)n;
}

/* Octal escapes of the kernel, in place. */
static void unescape(char *z)
{
    char *to = z;
    u64 c;
    for (; *z; z++, to++) {
        *to = *z;
        if (*z == '\\' && strnlen(z, 4) == 4 && parse_u64((struct str){ z + 1, 3 }, 8, &c) == 0) {
            *to = (char)c;
            z += 3;
        }
    }
    *to = 0;
}

/* A unit for a path; loaded when it is new. */
static unit_id unit_for(const char *path, const char *suffix, const char *what, const char *type, const char *options)
{
    BUF(name, UNIT_NAME_BYTES);
    if (unit_name_from_path(str_of(path), suffix, &name) < 0)
        return 0;
    struct str s = { name.p, name.n };
    unit_id id = unit_find(s);
    /* What it is mounted from is not in any file: told again after a reload. */
    bool forgot = id && UNIT(id)->generated && !UNIT(id)->path
               && !unit_has(id, UNIT(id)->type == UNIT_MOUNT ? D_What : D_SwapWhat);
    if (id && UNIT(id)->load == LOAD_LOADED && !forgot)
        return id;
    bool built = index_built();
    if (!built)
        index_build();
    if (!id)
        id = unit_get(s);
    if (id) {
        UNIT(id)->perpetual = STREQ(path, "/") && STREQ(suffix, ".mount");
        if (UNIT(id)->load == LOAD_NOT_FOUND || forgot)
            unit_load_again(id);
        load_generated(id, what, type, options);
    }
    if (!built)
        index_drop();
    return id && UNIT(id)->load == LOAD_LOADED ? id : 0;
}

static void one_mount(struct str line)
{
    char *field[6] = { NULL }, *type = NULL, *what = NULL;
    char *p = (char *)line.p;
    p[line.n] = 0;
    for (u32 i = 0; i < 6 && p; i++) {
        field[i] = p;
        p = strchr(p, ' ');
        if (p)
            *p++ = 0;
    }
    char *dash = p ? (*p == '-' ? p - 1 : strstr(p, " - ")) : NULL;
    if (!dash)
        return;
    type = dash + 3;
    what = strchr(type, ' ');
    if (!what)
        return;
    *what++ = 0;
    char *end = strchr(what, ' ');
    if (end)
        *end = 0;
    unescape(field[4]);
    unescape(what);
    if (fs_is_api(str_of(field[4])) || STREQ(type, "autofs"))
        return;
    unit_id id = unit_for(field[4], ".mount", what, type, field[5]);
    if (!id)
        return;
    seen[id] = 1;
    if (!RT(id)->there)
        deliver_type(id, EV_PRESENT);
}

static void forget_unseen(int type)
{
    for (UNITS(id))
        if (UNIT(id)->type == type && UNIT(id)->used) {
            if (RT(id)->there && !seen[id])
                deliver_type(id, EV_ABSENT);
            seen[id] = 0;
        }
}

void mounts_read(void)
{
    ssize_t n = mounts_fd < 0 ? -1 : read_table(mounts_fd);
    struct str rest = { text, n > 0 ? (size_t)n : 0 }, line;
    if (n <= 0)
        return;
    while ((line = str_line(&rest, '\n')).p)
        one_mount(line);
    forget_unseen(UNIT_MOUNT);
}

/* The kernel names a swap area by its device; a unit's file may do so by a link in /dev/disk. */
static unit_id swap_unit_of(const char *path)
{
    struct stat device, st;
    if (sys_stat(path, &device) < 0 || !S_ISBLK(device.st_mode))
        return 0;
    for (UNITS(id)) {
        const char *what = UNIT(id)->used && UNIT(id)->type == UNIT_SWAP ? unit_text(id, D_SwapWhat) : NULL;
        if (what && sys_stat(what, &st) == 0 && S_ISBLK(st.st_mode) && st.st_rdev == device.st_rdev)
            return id;
    }
    return 0;
}

void swaps_read(void)
{
    ssize_t n = swaps_fd < 0 ? -1 : read_table(swaps_fd);
    struct str rest = { text, n > 0 ? (size_t)n : 0 }, line;
    if (n <= 0)
        return;
    (void)str_line(&rest, '\n');         /* the heading */
    while ((line = str_line(&rest, '\n')).p) {
        struct str words = line, path = str_word(&words, " \t");
        BUF(what, PATH_BYTES);
        buf_str(&what, path);
        unescape(buf_end(&what));
        unit_id id = swap_unit_of(what.p);
        if (!id)
            id = unit_for(what.p, ".swap", what.p, NULL, NULL);
        if (!id)
            continue;
        seen[id] = 1;
        if (!RT(id)->there)
            deliver_type(id, EV_PRESENT);
    }
    forget_unseen(UNIT_SWAP);
}
