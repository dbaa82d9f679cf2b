/* SPDX-License-Identifier: 0BSD
 *
 * What lies in the simulated machine: files, the cgroup tree, mounts, swaps, devices. Plain tables,
 * looked through from the start: there are a hundred rows. Nothing here fails by itself (sys.c does
 * that) and nothing happens by itself (proc.c and ops.c do). */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- files ---------------------------------------------------------------------------------- */

static struct file { u32 hash; char *path, *text; } files[256];
static u32 files_n;

static struct file *file_at(const char *path)
{
    u32 hash = str_hash(str_of(path));
    for (u32 i = 0; i < files_n; i++)
        if (files[i].hash == hash && STREQ(files[i].path, path))
            return &files[i];
    return NULL;
}

void disk_put(const char *path, const char *text)
{
    struct file *f = file_at(path);
    if (!f) {
        if (files_n == LEN(files))
            violated("the simulator has too few files");
        f = &files[files_n++];
        *f = (struct file){ str_hash(str_of(path)), strdup(path), NULL };
    }
    free(f->text);
    f->text = strdup(text);
}

void disk_gone(const char *path)
{
    struct file *f = file_at(path);
    if (!f)
        return;
    free(f->path);
    free(f->text);
    *f = files[--files_n];
}

const char *disk_text(const char *path)
{
    struct file *f = file_at(path);
    return f ? f->text : NULL;
}

static bool in_folder(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && path[n] == '/';
}

bool folder_exists(const char *path)
{
    if (STREQ(path, "/run") || STREQ(path, "/"))
        return true;
    for (u32 i = 0; i < files_n; i++)
        if (in_folder(files[i].path, path))
            return true;
    return false;
}

const char *folder_entry(const char *path, u32 *at)
{
    while (*at < files_n) {
        const char *p = files[(*at)++].path;
        if (in_folder(p, path) && !strchr(p + strlen(path) + 1, '/'))
            return p + strlen(path) + 1;
    }
    return NULL;
}

void files_print(void)
{
    for (u32 i = 0; i < files_n; i++)
        if (in_folder(files[i].path, "/etc/units") || in_folder(files[i].path, "/etc/systemd/system"))
            printf("# %s\n%s\n", files[i].path, files[i].text);
}

/* ---- cgroups -------------------------------------------------------------------------------- */

/* Paths below /sys/fs/cgroup; row 0 is the root. A slot keeps its number while it is used. */
static struct cgroup { bool used; u32 hash; int processes; char path[256]; } cgroups[512] = { { .used = true } };

int cgroup_at(const char *path)
{
    u32 hash = str_hash(str_of(path));
    for (int i = 1; i < (int)LEN(cgroups); i++)
        if (cgroups[i].used && cgroups[i].hash == hash && STREQ(cgroups[i].path, path))
            return i;
    return 0;
}

const char *cgroup_path(int i) { return cgroups[i].path; }

bool cgroup_within(int i, int above)
{
    size_t n = strlen(cgroups[above].path);
    return strncmp(cgroups[i].path, cgroups[above].path, n) == 0 && (!cgroups[i].path[n] || cgroups[i].path[n] == '/');
}

int cgroup_create(const char *path)
{
    char up[256];
    if (cgroup_at(path))
        return -EEXIST;
    if (!z_copy(up, sizeof up, str_of(path)))
        return -ENAMETOOLONG;
    char *slash = strrchr(up, '/');
    if (slash) {
        *slash = 0;
        if (!cgroup_at(up))
            return -ENOENT;
    }
    for (int i = 1; i < (int)LEN(cgroups); i++)
        if (!cgroups[i].used) {
            cgroups[i] = (struct cgroup){ .used = true, .hash = str_hash(str_of(path)) };
            z_copy(cgroups[i].path, sizeof cgroups[i].path, str_of(path));
            return 0;
        }
    return -ENOSPC;
}

bool cgroup_has_processes(int above)
{
    for (int i = 1; i < (int)LEN(cgroups); i++)
        if (cgroups[i].used && cgroups[i].processes > 0 && cgroup_within(i, above))
            return true;
    return false;
}

int cgroup_destroy(const char *path)
{
    int at = cgroup_at(path);
    BUF(events, PATH_BYTES);
    if (!at)
        return -ENOENT;
    for (int i = 1; i < (int)LEN(cgroups); i++)
        if (i != at && cgroups[i].used && cgroup_within(i, at))
            return -EBUSY;
    if (cgroups[at].processes > 0)
        return -EBUSY;
    cgroups[at].used = false;
    buf_fmt(&events, "/sys/fs/cgroup/%s/cgroup.events", path);
    inotify_gone(buf_end(&events));
    return 0;
}

/* cgroup.events tells of each cgroup above too; only those that somebody watches matter. */
void cgroup_join(int at, int n)
{
    bool had = cgroups[at].processes > 0;
    cgroups[at].processes += n;
    if (had == (cgroups[at].processes > 0))
        return;
    BUF(events, PATH_BYTES);
    buf_fmt(&events, "/sys/fs/cgroup/%s/cgroup.events", cgroups[at].path);
    inotify_event(buf_end(&events), 2 /* IN_MODIFY */);
}

u32 cgroups_count(void)
{
    u32 n = 0;
    for (u32 i = 1; i < LEN(cgroups); i++)
        n += cgroups[i].used;
    return n;
}

/* ---- mounts and swaps ----------------------------------------------------------------------- */

static struct row { bool used, swap; char where[128], what[128]; } rows[64];

static struct row *row_at(bool swap, const char *where)
{
    for (u32 i = LEN(rows); i-- > 0;)    /* the topmost of several */
        if (rows[i].used && rows[i].swap == swap && STREQ(rows[i].where, where))
            return &rows[i];
    return NULL;
}

bool table_has(bool swap, const char *where) { return row_at(swap, where); }

void table_add(bool swap, const char *where, const char *what)
{
    for (u32 i = 0; i < LEN(rows); i++)
        if (!rows[i].used) {
            rows[i] = (struct row){ .used = true, .swap = swap };
            z_copy(rows[i].where, sizeof rows[i].where, str_of(where));
            z_copy(rows[i].what, sizeof rows[i].what, str_of(what));
            table_changed(swap);
            return;
        }
}

bool table_remove(bool swap, const char *where)
{
    struct row *r = row_at(swap, where);
    if (!r)
        return false;
    r->used = false;
    table_changed(swap);
    return true;
}

void table_print(bool swap, struct buf *out)
{
    if (swap)
        buf_z(out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    else
        buf_z(out, "21 1 0:1 / / rw - ext4 /dev/root rw\n22 21 0:2 / /proc rw - proc proc rw\n"
              "23 21 0:3 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    for (u32 i = 0; i < LEN(rows); i++)
        if (rows[i].used && rows[i].swap == swap && swap)
            buf_fmt(out, "%s\tpartition\t1024\t0\t-2\n", rows[i].where);
        else if (rows[i].used && rows[i].swap == swap)
            buf_fmt(out, "%u 21 0:%u / %s rw,relatime - ext4 %s rw\n", i + 30, i + 30, rows[i].where, rows[i].what);
}

/* ---- devices -------------------------------------------------------------------------------- */

static char devices_known[8][32];

bool device_there(const char *path)
{
    for (u32 i = 0; i < LEN(devices_known); i++)
        if (STREQ(devices_known[i], path))
            return true;
    return false;
}

void device_set(const char *path, bool there)
{
    if (device_there(path) == there)
        return;
    for (u32 i = 0; i < LEN(devices_known); i++)
        if (STREQ(devices_known[i], there ? "" : path)) {
            z_copy(devices_known[i], sizeof devices_known[i], str_of(there ? path : ""));
            break;
        }
    uevent_send(path, there ? "add" : "remove");
}
