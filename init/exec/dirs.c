/* SPDX-License-Identifier: 0BSD
 *
 * RuntimeDirectory=, StateDirectory=, CacheDirectory=, LogsDirectory=, ConfigurationDirectory=: made
 * by the child before it gives up root, with their modes and owner (systemd.exec(5)). */
#include "exec.h"

const struct exec_dir exec_dirs[EXEC_DIRS] = {
    { D_RuntimeDirectory, D_RuntimeDirectoryMode, 233, "/run", "RUNTIME" },
    { D_StateDirectory, D_StateDirectoryMode, 238, "/var/lib", "STATE" },
    { D_CacheDirectory, D_CacheDirectoryMode, 239, "/var/cache", "CACHE" },
    { D_LogsDirectory, D_LogsDirectoryMode, 240, "/var/log", "LOGS" },
    { D_ConfigurationDirectory, D_ConfigurationDirectoryMode, 241, "/etc", "CONFIGURATION" },
};

/* Parents as root with 0755; a symbolic link put where a folder is to be is not followed. */
static int make_path(struct child *c, const char *path, mode_t mode, bool own)
{
    struct stat st;
    make_parents(path);
    int r = sys_mkdir(path, mode);
    if (r < 0 && r != -EEXIST)
        return r;
    int fd = sys_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (fd < 0)
        return fd;
    r = sys_fstat(fd, &st);
    if (r == 0 && own && c->has_user && (st.st_uid != c->uid || st.st_gid != c->gid))
        r = sys_fchown(fd, c->uid, c->gid);
    if (r == 0)
        r = sys_fchmod(fd, mode);        /* after chown(2), which clears set-id bits */
    sys_close(fd);
    return r;
}

static int make_link(const char *base, const char *target, size_t n)
{
    BUF(from, PATH_BYTES);
    BUF(to, PATH_BYTES);
    buf_fmt(&from, "%s/%s", base, target + n + 1);
    buf_fmt(&to, "%s/%.*s", base, (int)n, target);
    int r = sys_symlink(buf_end(&to), buf_end(&from));
    return r == -EEXIST ? 0 : r;
}

static int make_dir(struct child *c, const struct exec_dir *d, const char *name)
{
    size_t n = strcspn(name, ":");
    BUF(path, PATH_BYTES);
    buf_fmt(&path, "%s/%.*s", d->base, (int)n, name);
    sys_umask(0);
    int r = make_path(c, buf_end(&path), (mode_t)unit_int(c->s->unit, d->mode), d->id != D_ConfigurationDirectory);
    return r == 0 && name[n] ? make_link(d->base, name, n) : r;
}

int step_directories(struct child *c)
{
    for (const struct exec_dir *d = exec_dirs; d < exec_dirs + EXEC_DIRS; d++)
        for (const struct setting *s = NULL; (s = setting_find(c->s->unit, d->id, s));) {
            int r = make_dir(c, d, text_at(s->w[0]));
            if (r < 0) {
                c->failed_status = d->status;
                return r;
            }
        }
    return 0;
}
