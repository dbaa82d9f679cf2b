/* SPDX-License-Identifier: 0BSD
 *
 * pith-disklinks: makes /dev/disk/by-uuid, by-label, by-partuuid and by-partlabel, which fstab's UUID=
 * and its like name, on systems without udev. PID 1 runs it when a block device appears. */
#include "helper.h"

#include <dirent.h>

static void link_device(const char *key, struct str value, const char *name)
{
    BUF(path, PATH_BYTES);
    char old[PATH_BYTES];
    if (!value.n)
        return;
    fstab_node(str_of(z_fmt("%s=%.*s", key, (int)value.n, value.p)), &path);
    const char *target = z_fmt("../../%s", name), *link = buf_end(&path);
    if (sys_readlinkat(AT_FDCWD, link, old, sizeof old) >= 0 && STREQ(old, target))
        return;
    make_parents(link);
    (void)sys_unlink(link);
    (void)sys_symlink(target, link);
}

static void take_device(const char *name)
{
    char text[4096];
    struct probed p;
    if (strncmp(name, "ram", 3) == 0)
        return;
    struct str uevent = file_text(z_fmt("/sys/class/block/%s/uevent", name), text, sizeof text);
    /* The kernel's own words; DEVNAME has the slashes that are '!' in the folder's name. */
    BUF(device, 256);
    buf_fmt(&device, "/dev/");
    buf_str(&device, file_value(uevent, "DEVNAME"));
    const char *node = buf_end(&device), *below = node + 5;
    link_device("PARTUUID", file_value(uevent, "PARTUUID"), below);
    link_device("PARTLABEL", file_value(uevent, "PARTNAME"), below);
    if (probe_device(node, &p) < 0)
        return;
    link_device("UUID", str_of(p.uuid), below);
    link_device("LABEL", str_of(p.label), below);
}

int disklinks_main(int argc, char **argv)
{
    struct dir d;
    (void)argc;
    (void)argv;
    dir_open(&d, "/sys/class/block");
    for (struct dirent *e; (e = dir_next(&d));)
        take_device(e->d_name);
    return 0;
}
