/* SPDX-License-Identifier: 0BSD
 *
 * Folders of configuration as systemd has them: NAME.d below /etc, /run, /usr/local/lib, /usr/lib and /lib. Of files of
 * one name the first folder's counts, so a link to /dev/null or an empty file of that name puts another out of force;
 * they are read in the order of their names, whichever folder they are in. Below search_root. What the files mean is
 * their readers' matter. For helpers, tools and clients; not for units, which have an index of their own (search.c). */
#include "unit.h"
#include "../sys.h"

#include <dirent.h>
#include <stdlib.h>

const char conf_folders[] = "/etc\0/run\0/usr/local/lib\0/usr/lib\0/lib\0";

struct conf_file { u16 folder; u16 replaced; u32 name; };

static struct conf_file files[CONF_FILES_MAX];
static u32 files_n;
static char names[CONF_FILES_BYTES];
static u32 names_n;
static const char *folders;              /* what was looked through, and the name below each */
static char below[UNIT_NAME_BYTES];

static int by_name(const void *a, const void *b)
{
    return strcmp(names + ((const struct conf_file *)a)->name, names + ((const struct conf_file *)b)->name);
}

static struct conf_file *find(const char *name)
{
    for (u32 i = 0; i < files_n; i++)
        if (STREQ(names + files[i].name, name))
            return &files[i];
    return NULL;
}

static int add(const char *folder, const char *name)
{
    size_t n = strlen(name) + 1;
    if (find(name))
        return 0;                        /* an earlier folder's */
    if (files_n == LEN(files) || n > sizeof names - names_n)
        return -ENOSPC;
    memcpy(names + names_n, name, n);
    files[files_n++] = (struct conf_file){ (u16)(folder - folders), false, names_n };
    names_n += (u32)n;
    return 0;
}

u32 conf_files_find(const char *in, const char *name, const char *suffix)
{
    char path[PATH_BYTES];
    struct dir d;
    int r = 0;
    folders = in;
    z_copy(below, sizeof below, str_of(name));
    files_n = names_n = 0;
    for (EACH(folder, folders)) {
        (void)dir_at(&d, file_open(path_fmt(path, "%s/%s", folder, below), O_RDONLY | O_DIRECTORY | O_NONBLOCK));
        for (struct dirent *e; (e = dir_next(&d));)
            if (r == 0 && z_ends(e->d_name, suffix))
                r = add(folder, e->d_name);
    }
    if (r < 0)
        log_line(LOG_ERR, "Limit CONF_FILES_MAX or CONF_FILES_BYTES reached (limits.h): some files of %s are left out.", below);
    qsort(files, files_n, sizeof *files, by_name);
    return files_n;
}

char *conf_file_path(u32 i) { return z_fmt("%s/%s/%s", folders + files[i].folder, below, names + files[i].name); }

bool conf_file_replaced(u32 i) { return files[i].replaced; }

/* The folder's place in the list, or that of the end: of a path's own folder. */
static u32 rank_of(struct str folder)
{
    u32 rank = 0;
    for (EACH(f, folders)) {
        if (str_is(folder, z_fmt("%s/%s", f, below)))
            break;
        rank = (u32)(z_next(f) - folders);
    }
    return rank;
}

u32 conf_files_replace(const char *path)
{
    const char *slash = strrchr(path, '/');
    u32 rank = rank_of((struct str){ path, slash ? (size_t)(slash - path) : 0 });
    struct conf_file *f = find(slash ? slash + 1 : path);
    if (!f && add(folders + rank, slash ? slash + 1 : path) == 0)
        f = &files[files_n - 1];
    else if (f && f->folder < rank)
        f = NULL;                        /* overridden itself: its place is none */
    if (f)
        *f = (struct conf_file){ (u16)rank, true, f->name };
    qsort(files, files_n, sizeof *files, by_name);
    return files_n;
}

int conf_file_read(const char *path, char **text, u32 *n)
{
    struct stat st;
    int fd = file_open(path, O_PATH), r = fd < 0 ? fd : sys_fstat(fd, &st);
    sys_close(fd);
    char target[16], full[PATH_BYTES];
    *n = 0;
    /* /dev/null, which puts a file out of force; that need not be there below another root */
    if (r == 0 ? S_ISCHR(st.st_mode) : sys_readlinkat(AT_FDCWD, rooted(path, full), target, sizeof target) > 0 && STREQ(target, "/dev/null"))
        return 0;
    return r < 0 ? r : file_read(path, text, n);
}

int conf_file_search(const char *name, const char *in, const char *folder, char *path, char **text, u32 *n)
{
    const char *root = search_root;
    int r = -ENOENT;
    if (*name == '/') {
        search_root = "";                /* as it stands */
        r = conf_file_read(path_fmt(path, "%s", name), text, n);
        search_root = root;
        return r;
    }
    for (EACH(f, in)) {
        char full[PATH_BYTES];
        if (r == -ENOENT && (r = conf_file_read(path_fmt(full, "%s/%s/%s", f, folder, name), text, n)) != -ENOENT)
            rooted(full, path);
    }
    return r;
}
