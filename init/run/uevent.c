/* SPDX-License-Identifier: 0BSD
 *
 * Devices: which of those that units wait for are there. The kernel's uevents (and udev's, where one
 * runs) say when to look; devtmpfs and sysfs, which never wait, say what is there. */
#include "run.h"

#include <linux/netlink.h>
#include <sys/socket.h>

static int uevent_fd = -1;

int uevents_open(void)
{
    struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = 1 | 2 };   /* the kernel's and udev's */
    static const int bytes = 1 << 20;
    int fd = sys_socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (fd < 0)
        return fd;
    (void)sys_setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
    int r = sys_bind(fd, (const void *)&a, sizeof a);
    if (r < 0) {
        sys_close(fd);
        return r;
    }
    return uevent_fd = fd;
}

/* The path whose existence means that the device is there. */
static bool device_path(unit_id id, struct buf *out)
{
    BUF(path, PATH_BYTES);
    if (unit_name_to_path(str_of(unit_name(id)), &path) < 0)
        return false;
    const char *net = z_after(buf_end(&path), "/sys/subsystem/net/devices/");
    buf_fmt(out, "%s%s", net ? "/sys/class/net/" : "", net ? net : path.p);
    return true;
}

/* Links below /dev/disk are somebody's work after the uevent: their folder is watched for them. */
static void watch_links(unit_id id, const char *path)
{
    BUF(folder, PATH_BYTES);
    struct str s = str_of(path);
    if (!str_starts(s, "/dev/disk/"))
        return;
    buf_str(&folder, str_cut(s, (size_t)str_rfind(s, '/')));
    if (sys_access(buf_end(&folder), 0) < 0)
        (void)sys_mkdir("/dev/disk", 0755), (void)sys_mkdir(folder.p, 0755);
    if (!RT(id)->watch)
        watch_folder(id, folder.p);
    make_disk_links();
}

void device_check(unit_id id)
{
    struct stat st;
    BUF(path, PATH_BYTES);
    if (!device_path(id, &path))
        return;
    bool there = sys_stat(buf_end(&path), &st) == 0;
    if (there != RT(id)->there)
        deliver_type(id, there ? EV_PRESENT : EV_ABSENT);
    if (there)
        unwatch(id);
    else if (jobs[id].id)
        watch_links(id, path.p);
}

void devices_check(void)
{
    for (UNITS(id))
        if (UNIT(id)->used && UNIT(id)->type == UNIT_DEVICE)
            device_check(id);
}

/* ---- /dev/disk/by-*, where no udev makes them ---------------------------------------------- */

static pid_t links_helper;
static bool links_again;

/* Reading a disk may take for ever: a process of our own does it (client/disklinks.c). */
void make_disk_links(void)
{
    static char *const argv[] = { "pith-disklinks", NULL }, *const envp[] = { NULL };
    if (sys_access("/run/udev/control", 0) == 0)
        return;
    links_again = links_helper > 0;
    if (links_helper > 0)
        return;
    links_helper = sys_fork();
    if (links_helper == 0) {
        (void)sys_sigmask(SIG_SETMASK, 0, NULL);
        (void)sys_execfd(exec_fds.self, argv, envp);
        sys_exit(203);
    }
}

/* At boot, for disks whose drivers are part of the kernel: their uevents came before us. */
void make_first_disk_links(void)
{
    char dents[256];
    int fd = sys_open("/sys/class/block", O_RDONLY | O_DIRECTORY);
    if (fd >= 0 && sys_getdents(fd, dents, sizeof dents) > 48)      /* more than "." and ".." */
        make_disk_links();
    sys_close(fd);
}

void helper_died(const struct death *d)
{
    if (generators_died(d) || d->pid != links_helper)
        return;
    links_helper = 0;
    devices_check();
    if (links_again)
        make_disk_links();
}

/* ---- messages ------------------------------------------------------------------------------ */

static const char *field(const char *message, u32 n, const char *key)
{
    for (u32 at = 0; at < n; at += (u32)strnlen(message + at, n - at) + 1) {
        const char *value = z_after(message + at, key);
        if (value)
            return value;
    }
    return NULL;
}

static void check_by_name(const char *prefix, const char *name)
{
    BUF(path, PATH_BYTES);
    BUF(unit, UNIT_NAME_BYTES);
    buf_fmt(&path, "%s%s", prefix, name);
    unit_id id = unit_name_from_path((struct str){ path.p, path.n }, ".device", &unit) < 0 ? 0
               : unit_find((struct str){ unit.p, unit.n });
    if (id)
        device_check(id);
}

static void one_event(const char *message, u32 n)
{
    const char *devname = field(message, n, "DEVNAME="), *subsystem = field(message, n, "SUBSYSTEM=");
    const char *interface = field(message, n, "INTERFACE="), *links = field(message, n, "DEVLINKS=");
    if (devname)
        check_by_name(devname[0] == '/' ? "" : "/dev/", devname);
    if (interface)
        check_by_name("/sys/subsystem/net/devices/", interface);
    struct str rest = str_of(links), link;
    while ((link = str_word(&rest, " ")).p) {
        BUF(path, PATH_BYTES);
        buf_str(&path, link);
        check_by_name("", buf_end(&path));
    }
    if (subsystem && STREQ(subsystem, "block"))
        make_disk_links();
}

void uevents_read(void)
{
    static char message[8192];
    for (u32 i = 0; i < 256; i++) {
        ssize_t n = sys_recv(uevent_fd, message, sizeof message - 1, MSG_DONTWAIT);
        if (n == -ENOBUFS) {             /* some were lost: look at everything */
            devices_check();
            continue;
        }
        if (n <= 0)
            return;
        message[n] = 0;
        one_event(message, (u32)n);
    }
}
