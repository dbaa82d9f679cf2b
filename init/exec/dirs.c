/* SPDX-License-Identifier: 0BSD
 *
 * RuntimeDirectory=, StateDirectory=, CacheDirectory=, LogsDirectory=, ConfigurationDirectory=: made
 * by the child before it gives up root, with their modes and owner (systemd.exec(5)). */
#include "exec.h"

static const struct { u16 id, mode; const char *base; int step; } dirs[] = {
    { D_RuntimeDirectory, D_RuntimeDirectoryMode, "/run", 233 },
    { D_StateDirectory, D_StateDirectoryMode, "/var/lib", 238 },
    { D_CacheDirectory, D_CacheDirectoryMode, "/var/cache", 239 },
    { D_LogsDirectory, D_LogsDirectoryMode, "/var/log", 240 },
    { D_ConfigurationDirectory, D_ConfigurationDirectoryMode, "/etc", 241 },
};

/* Parents as root with 0755; a symbolic link put where a folder is to be is not followed. */
static int make_path(struct child *c, const char *path, mode_t mode, bool own)
{
    struct stat st;
    BUF(part, PATH_BYTES);
    for (const char *p = path; *p; p++) {
        if (*p == '/' && p > path)
            (void)sys_mkdir(buf_end(&part), 0755);
        buf_c(&part, *p);
    }
    int r = sys_mkdir(buf_end(&part), mode);
    if (r < 0 && r != -EEXIST)
        return r;
    int fd = sys_openat(AT_FDCWD, part.p, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
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

static int make_link(const char *base, struct str target, struct str link)
{
    BUF(from, PATH_BYTES);
    BUF(to, PATH_BYTES);
    buf_fmt(&from, "%s/%.*s", base, (int)link.n, link.p);
    buf_fmt(&to, "%s/%.*s", base, (int)target.n, target.p);
    int r = sys_symlink(buf_end(&to), buf_end(&from));
    return r == -EEXIST ? 0 : r;
}

int step_directories(struct child *c)
{
    for (u32 i = 0; i < LEN(dirs); i++)
        for (const struct setting *s = NULL; (s = setting_find(c->s->unit, dirs[i].id, s));) {
            struct str name = str_of(text_at(s->w[0]));
            int colon = str_find(name, ':');
            struct str plain = colon < 0 ? name : str_cut(name, (size_t)colon);
            BUF(path, PATH_BYTES);
            buf_fmt(&path, "%s/%.*s", dirs[i].base, (int)plain.n, plain.p);
            sys_umask(0);
            int r = make_path(c, buf_end(&path), (mode_t)unit_int(c->s->unit, dirs[i].mode),
                              dirs[i].id != D_ConfigurationDirectory);
            if (r == 0 && colon >= 0)
                r = make_link(dirs[i].base, plain, str_from(name, (size_t)colon + 1));
            if (r < 0) {
                c->failed_status = dirs[i].step;
                return r;
            }
        }
    return 0;
}
