/* SPDX-License-Identifier: 0BSD
 *
 * systemd-remount-fs: gives the root, /usr and the API file systems the options fstab names for them;
 * then writes the machine's id down if it had to live in /run because the root was read-only. */
#include "helper.h"

#include <sys/mount.h>

static int remount(const struct fstab_line *l)
{
    BUF(where, PATH_BYTES);
    struct mount_options o;
    buf_str(&where, l->where);
    mount_options_parse(l->options, &o);
    int r = sys_mount(NULL, buf_end(&where), NULL, (o.flags & ~(unsigned long)(MS_BIND | MS_REC)) | MS_REMOUNT, o.data.p);
    if (r < 0)
        say("Failed to remount %s with the options of /etc/fstab (%.*s): %s", where.p, (int)l->options.n, l->options.p,
            strerror(-r));
    return r;
}

static bool copy_file(const char *from, const char *to)
{
    char text[64];
    int in = sys_open(from, O_RDONLY);
    ssize_t n = in < 0 ? in : sys_read(in, text, sizeof text);
    int fd = n <= 0 ? -1 : sys_openat(AT_FDCWD, to, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0444);
    bool ok = fd >= 0 && sys_write(fd, text, (size_t)n) == n;
    if (fd >= 0)
        sys_close(fd);
    if (in >= 0)
        sys_close(in);
    return ok;
}

/* machine-id(5): bound from /run over the file, or only in /run if there was no file to bind over. */
static void commit_machine_id(void)
{
    struct stat st;
    if (sys_stat("/run/machine-id", &st) < 0 || sys_access("/etc", 2) < 0)
        return;
    (void)sys_umount("/etc/machine-id", MNT_DETACH);
    if (!copy_file("/run/machine-id", "/etc/machine-id"))
        say("Failed to write /etc/machine-id; the machine will have another id after a reboot.");
}

int remount_main(int argc, char **argv)
{
    static struct fstab f;
    struct fstab_line l;
    int status = 0;
    (void)argc;
    (void)argv;
    log_to.stderr_fd = 2;
    if (fstab_open(&f) == 0)
        while (fstab_next(&f, &l))
            if (!str_is(l.type, "swap") && (str_is(l.where, "/") || str_is(l.where, "/usr") || fs_is_api(l.where)))
                status |= remount(&l) < 0;
    commit_machine_id();
    return status;
}
