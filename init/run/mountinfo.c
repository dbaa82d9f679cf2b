/* SPDX-License-Identifier: 0BSD
 *
 * /proc/self/mountinfo and /proc/swaps: what the kernel says is mounted and swapped on, whoever did
 * it. Each is a unit, made here if no file names it. */
#include "run.h"

static int mounts_fd = -1, swaps_fd = -1;
static u8 seen[UNITS_MAX] SCRATCH;               /* in this reading */

int mounts_open(void) { return mounts_fd = sys_open("/proc/self/mountinfo", O_RDONLY); }
int swaps_open(void) { return swaps_fd = sys_open("/proc/swaps", O_RDONLY); }

static char text[MOUNTS_BYTES] SCRATCH;

/* The whole file, with room for a NUL behind it; read from the start each time. */
static u32 read_table(int fd)
{
    u32 n = 0;
    for (ssize_t got; (got = sys_pread(fd, text + n, sizeof text - 1 - n, n)) > 0;)
        n += (u32)got;
    if (n == sizeof text - 1)
        table_limit("MOUNTS_BYTES");
    return n;
}

/* A field of a line, without the kernel's escapes; in place. */
static const char *field(struct str *line)
{
    struct str word = str_word(line, " \t");
    struct buf b = { (char *)word.p, 0, (u32)word.n + 1, false };
    if (!word.p)
        return "";
    buf_octal(&b, word);
    *line = str_from(*line, 1);          /* the NUL takes the place of what separates */
    return buf_end(&b);
}

bool mount_line(struct str line, struct mount_line *m)
{
    const char *word = "";
    for (u32 i = 0; i < 5; i++)
        m->where = field(&line);
    m->options = field(&line);
    while (line.n && !STREQ(word, "-"))
        word = field(&line);
    m->type = field(&line);
    m->what = field(&line);
    m->super_options = field(&line);
    return *m->what;
}

const char *mounted_text(unit_id id, u32 directive, struct buf *b)
{
    const char *where = unit_text(id, D_Where), *found = unit_text(id, directive);
    struct str rest = { text, where && RT(id)->there ? read_table(mounts_fd) : 0 }, line;
    struct mount_line m;
    while ((line = str_line(&rest, '\n')).p)
        if (mount_line(line, &m) && STREQ(m.where, where)) {     /* the last one is what is seen */
            /* Both lists begin with rw or ro. */
            bool ro = m.options[1] == 'o' || m.super_options[1] == 'o';
            b->n = 0;
            buf_fmt(b, "r%c%s%s", ro ? 'o' : 'w', m.options + 2, m.super_options + 2);
            found = directive == D_What ? m.what : directive == D_FsType ? m.type : buf_end(b);
        }
    return found;
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

static void note_present(unit_id id)
{
    if (!id)
        return;
    seen[id] = 1;
    if (!RT(id)->there)
        deliver_type(id, EV_PRESENT);
}

static void one_mount(struct str line)
{
    struct mount_line m;
    if (mount_line(line, &m) && !fs_is_api(str_of(m.where)) && !STREQ(m.type, "autofs"))
        note_present(unit_for(m.where, ".mount", m.what, m.type, m.options));
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

/* Not the heading: that is no path. */
static void one_swap(struct str line)
{
    const char *what = field(&line);
    unit_id id = swap_unit_of(what);
    if (*what == '/')
        note_present(id ? id : unit_for(what, ".swap", what, NULL, NULL));
}

static void read_lines(int fd, void (*take)(struct str line), int type)
{
    struct str rest = { text, read_table(fd) }, line;
    if (!rest.n)
        return;
    while ((line = str_line(&rest, '\n')).p)
        take(line);
    forget_unseen(type);
}

void mounts_read(void) { read_lines(mounts_fd, one_mount, UNIT_MOUNT); }
void swaps_read(void) { read_lines(swaps_fd, one_swap, UNIT_SWAP); }
