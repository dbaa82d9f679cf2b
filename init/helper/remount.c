/* SPDX-License-Identifier: 0BSD
 *
 * systemd-remount-fs: gives the root, /usr and the API file systems the options fstab names for them;
 * then writes the machine's id down if it had to live in /run because the root was read-only.
 * systemd-sysroot-fstab-check: in an initrd, whether the fstab of the root that is mounted by now has anything that is
 * to be mounted from here; then the units are generated once more and started. */
#include "helper.h"

#include <sys/mount.h>

static int remount(const struct fstab_line *l)
{
    const char *where = z_fmt("%.*s", (int)l->where.n, l->where.p);
    struct mount_options o;
    mount_options_parse(l->options, &o);
    int r = sys_mount(NULL, where, NULL, (o.flags & ~(unsigned long)(MS_BIND | MS_REC)) | MS_REMOUNT, o.data.p);
    if (r < 0)
        log_line(LOG_ERR, "Failed to remount %s with %.*s: %s", where,
                 (int)l->options.n, l->options.p, strerror(-r));
    return r;
}

/* machine-id(5): bound from /run over the file, or only in /run if there was no file to bind over. */
static void commit_machine_id(void)
{
    char space[64];
    struct str id = file_text("/run/machine-id", space, sizeof space);
    if (!id.n || sys_access("/etc", 2) < 0)
        return;
    (void)sys_umount("/etc/machine-id", MNT_DETACH);
    if (file_put("/etc/machine-id", id, 0444) < 0)
        log_line(LOG_ERR, "Failed to write /etc/machine-id, which is new at each boot.");
}

int remount_main(int argc, char **argv)
{
    static struct fstab f;
    struct fstab_line l;
    int status = 0;
    (void)argc;
    (void)argv;
    log_to.stderr_fd = 2;
    if (fstab_open(&f, "/etc/fstab") == 0)
        while (fstab_next(&f, &l))
            if (!str_is(l.type, "swap") && (str_is(l.where, "/") || str_is(l.where, "/usr") || fs_is_api(l.where)))
                status |= remount(&l) < 0;
    commit_machine_id();
    return status;
}

/* Without a wait: initrd-fs.target comes after us. */
static int start_them(void)
{
    char *reload[] = { "systemctl", "daemon-reload", NULL };
    char *start[] = { "systemctl", "--no-block", "start", "initrd-fs.target", "swap.target", NULL };
    int status = run_program("/proc/self/exe", reload);
    return status ? status : run_program("/proc/self/exe", start);
}

int sysroot_fstab_main(int argc, char **argv)
{
    static struct fstab f;
    struct fstab_line l;
    bool any = false;
    (void)argc;
    (void)argv;
    log_to.stderr_fd = 2;
    if (cmdline_flag("fstab", true) && cmdline_flag("rd.fstab", true) && fstab_open(&f, "/sysroot/etc/fstab") == 0)
        while (fstab_next(&f, &l))
            any |= str_is(l.where, "/usr") || fstab_option(l.options, "x-initrd.mount", NULL);
    return any && start_them();
}
