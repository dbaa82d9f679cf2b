/* SPDX-License-Identifier: 0BSD
 *
 * pith-disklinks: makes /dev/disk/by-uuid, by-label, by-partuuid and by-partlabel, which fstab's UUID=
 * and its like name, on systems without udev. PID 1 runs it when a block device appears. */
#include "helper.h"

#include <dirent.h>

static char dents[65536];

static void link_device(const char *folder, const char *value, const char *name)
{
    BUF(node, PATH_BYTES);
    BUF(target, 128);
    BUF(dir, 64);
    char old[PATH_BYTES];
    if (!*value)
        return;
    buf_fmt(&node, "%s=%s", folder, value);
    BUF(path, PATH_BYTES);
    fstab_node(str_of(buf_end(&node)), &path);
    buf_fmt(&target, "../../%s", name);
    for (char *p = buf_end(&path) + 5; (p = strchr(p, '/')); p++) {
        dir.n = 0;
        buf_put(&dir, path.p, (size_t)(p - path.p));
        (void)sys_mkdir(buf_end(&dir), 0755);
    }
    if (sys_readlinkat(AT_FDCWD, path.p, old, sizeof old) >= 0 && STREQ(old, buf_end(&target)))
        return;
    (void)sys_unlink(path.p);
    (void)sys_symlink(target.p, path.p);
}

/* PARTUUID and PARTNAME are the kernel's own words. */
static void read_uevent(const char *name)
{
    static char text[4096];
    BUF(path, 256);
    buf_fmt(&path, "/sys/class/block/%s/uevent", name);
    int fd = sys_open(buf_end(&path), O_RDONLY);
    ssize_t n = fd < 0 ? fd : sys_read(fd, text, sizeof text);
    if (fd >= 0)
        sys_close(fd);
    struct str rest = { text, (size_t)MAX(n, 0) }, line;
    while ((line = str_line(&rest, '\n')).p) {
        BUF(value, 256);
        buf_str(&value, str_from(line, (size_t)str_find(line, '=') + 1));
        if (str_starts(line, "PARTUUID="))
            link_device("PARTUUID", buf_end(&value), name);
        else if (str_starts(line, "PARTNAME="))
            link_device("PARTLABEL", buf_end(&value), name);
    }
}

static void take_device(const char *name)
{
    BUF(path, 256);
    struct probed p;
    if (strncmp(name, "ram", 3) == 0)
        return;
    buf_fmt(&path, "/dev/%s", name);
    for (u32 i = 5; i < path.n; i++)
        if (path.p[i] == '!')
            path.p[i] = '/';
    read_uevent(name);
    if (probe_device(buf_end(&path), &p) < 0)
        return;
    link_device("UUID", p.uuid, path.p + 5);
    link_device("LABEL", p.label, path.p + 5);
}

int disklinks_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    int fd = sys_open("/sys/class/block", O_RDONLY | O_DIRECTORY);
    for (ssize_t n; fd >= 0 && (n = sys_getdents(fd, dents, sizeof dents)) > 0;)
        for (ssize_t at = 0; at < n;) {
            struct dirent *d = (void *)(dents + at);
            at += d->d_reclen;
            if (d->d_name[0] != '.')
                take_device(d->d_name);
        }
    return 0;
}
