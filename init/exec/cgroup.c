/* SPDX-License-Identifier: 0BSD
 *
 * cgroup2 as a box for a unit's processes: make, look, kill, remove. Paths are below /sys/fs/cgroup.
 * All of it is cgroupfs, which never waits for a disk. No limits are set here. */
#include "exec.h"

#include <dirent.h>

const char *cgroup_file(const char *path, const char *file)
{
    static char full[PATH_BYTES / 4];
    struct buf b = BUF_OVER(full);
    buf_fmt(&b, "/sys/fs/cgroup/%s%s%s", path, *file ? "/" : "", file);
    return buf_end(&b);
}

int cgroup_make(const char *path)
{
    const char *full = cgroup_file(path, "");
    int r = sys_mkdir(full, 0755);
    if (r == -ENOENT) {
        make_parents(full);
        r = sys_mkdir(full, 0755);
    }
    return r == -EEXIST ? 0 : r;
}

int cgroup_open(const char *path)
{
    return sys_open(cgroup_file(path, ""), O_PATH | O_DIRECTORY);
}

int cgroup_populated(const char *path)
{
    char text[128];
    ssize_t n = file_get(cgroup_file(path, "cgroup.events"), text, sizeof text);
    if (n < 0)
        return n == -ENOENT || n == -ENODEV ? 0 : (int)n;
    return strstr(text, "populated 1") != NULL;
}

/* Calls itself for folders below; the tree a unit may make (Delegate=) is bounded by `depth`. */
static int each_below(const char *path, u32 depth, int (*fn)(const char *, u32))
{
    struct dir d;
    struct dirent *e;
    int r = 0;
    for (dir_open(&d, cgroup_file(path, "")); (e = dir_next(&d));) {
        if (e->d_type != DT_DIR)
            continue;
        BUF(below, PATH_BYTES / 8);
        buf_fmt(&below, "%s/%s", path, e->d_name);
        int k = fn(buf_end(&below), depth - 1);
        r = r < 0 || k < 0 ? MIN(r, k) : r + k;
    }
    return r;
}

static int kill_sig;
static pid_t kill_except;

/* Signals what cgroup.procs lists, several times, for processes that fork meanwhile. */
static int kill_listed(const char *path, u32 depth)
{
    char text[4096];
    int signaled = 0, fd = sys_open(cgroup_file(path, "cgroup.procs"), O_RDONLY);
    u32 have = 0;
    for (ssize_t n; fd >= 0 && (n = sys_read(fd, text + have, sizeof text - have)) > 0;) {
        struct str rest = { text, have + (size_t)n };
        int last = str_rfind(rest, '\n');
        struct str lines = str_cut(rest, (size_t)(last + 1)), line;
        while ((line = str_line(&lines, '\n')).p) {
            u64 pid;
            if (parse_u64(line, 10, &pid) == 0 && pid > 1 && (pid_t)pid != kill_except
                && sys_kill((pid_t)pid, kill_sig) == 0) {
                if (kill_sig != SIGKILL && kill_sig != SIGCONT)
                    sys_kill((pid_t)pid, SIGCONT);
                signaled++;
            }
        }
        have = (u32)(rest.n - (size_t)(last + 1));
        memmove(text, rest.p + last + 1, have);
    }
    if (fd >= 0)
        sys_close(fd);
    int below = depth ? each_below(path, depth, kill_listed) : 0;
    return signaled + MAX(below, 0);
}

int cgroup_kill(const char *path, int sig, pid_t except)
{
    if (sig == SIGKILL && !except) {
        int fd = sys_open(cgroup_file(path, "cgroup.kill"), O_WRONLY);
        if (fd >= 0) {                   /* Linux 5.14: all at once, forks included */
            int populated = cgroup_populated(path);
            ssize_t n = sys_write(fd, "1", 1);
            sys_close(fd);
            if (n == 1)
                return populated > 0;
        }
    }
    kill_sig = sig;
    kill_except = except;
    return kill_listed(path, 4);
}

static int remove_tree(const char *path, u32 depth)
{
    if (depth)
        each_below(path, depth, remove_tree);
    return sys_rmdir(cgroup_file(path, ""));
}

int cgroup_remove(const char *path)
{
    int r = sys_rmdir(cgroup_file(path, ""));
    return r == -EBUSY && cgroup_populated(path) == 0 ? remove_tree(path, 4) : r;
}
