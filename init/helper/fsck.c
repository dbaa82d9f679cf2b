/* SPDX-License-Identifier: 0BSD
 *
 * systemd-fsck [DEVICE]: checks one file system before it is mounted, by fsck.TYPE; without an operand
 * the root, if it is still mounted read-only. Exit codes of fsck(8) are acted on as systemd does. */
#include "helper.h"

#include <sys/sysmacros.h>

enum { FSCK_CORRECTED = 1, FSCK_REBOOT = 2, FSCK_UNCORRECTED = 4 };

/* The device the root is on, by its number: "/dev/root" is no file. */
static int root_device(struct buf *out)
{
    struct stat st;
    char text[1024];
    BUF(path, 64);
    int r = sys_stat("/", &st);
    if (r < 0)
        return r;
    buf_fmt(&path, "/sys/dev/block/%u:%u/uevent", major(st.st_dev), minor(st.st_dev));
    int fd = sys_open(buf_end(&path), O_RDONLY);
    ssize_t n = fd < 0 ? fd : sys_read(fd, text, sizeof text);
    if (fd >= 0)
        sys_close(fd);
    struct str rest = { text, (size_t)MAX(n, 0) }, line;
    while ((line = str_line(&rest, '\n')).p)
        if (str_starts(line, "DEVNAME=")) {
            buf_fmt(out, "/dev/%.*s", (int)line.n - 8, line.p + 8);
            buf_end(out);
            return 0;
        }
    return -ENODEV;
}

struct wishes { bool skip, force; const char *repair; };

static struct wishes read_command_line(void)
{
    struct wishes w = { false, false, "-a" };
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    while (cmdline_next(&c) > 0) {
        if (STREQ(c.key, "fsck.mode") && c.value) {
            w.skip = STREQ(c.value, "skip");
            w.force = STREQ(c.value, "force");
        } else if (STREQ(c.key, "fsck.repair") && c.value) {
            w.repair = STREQ(c.value, "yes") ? "-y" : STREQ(c.value, "no") ? "-n" : "-a";
        } else if (STREQ(c.key, "fastboot") || STREQ(c.key, "forcefsck")) {
            *(c.key[1] == 'a' ? &w.skip : &w.force) = true;
        }
    }
    return w;
}

/* Where fsck.TYPE is. False: nowhere. */
static bool find_checker(const char *type, struct buf *path)
{
    static const char *const folders[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin" };
    for (u32 i = 0; i < LEN(folders); i++) {
        path->n = 0;
        buf_fmt(path, "%s/fsck.%s", folders[i], type);
        if (sys_access(buf_end(path), 1) == 0)
            return true;
    }
    return false;
}

static int reboot_now(void)
{
    char *argv[] = { "systemctl", "--no-block", "start", "reboot.target", "--job-mode=replace-irreversibly", NULL };
    say("<3>fsck: the root file system was repaired: rebooting.");
    return run_program("/proc/self/exe", argv);
}

/* What fsck's exit status means for us: 0 go on, 1 do not mount. */
static int judge(const char *device, int status, bool root)
{
    if (status < 0 || status >= 128 || status & ~(FSCK_CORRECTED | FSCK_REBOOT))
        say("<3>fsck of %s failed with exit status %d.", device, status);
    else if (status & FSCK_CORRECTED)
        say("<4>%s: errors were found and corrected.", device);
    if (status < 0)
        return 0;
    if (root && status & FSCK_REBOOT && status < 128) {
        (void)reboot_now();
        return 1;
    }
    if (status >= 128 || status & (FSCK_REBOOT | FSCK_UNCORRECTED))
        return 1;
    if (status & ~FSCK_CORRECTED)
        say("fsck: ignoring the error.");
    return 0;
}

int fsck_main(int argc, char **argv)
{
    BUF(root, 256);
    BUF(program, 256);
    struct probed p;
    const char *device = argc > 1 ? argv[1] : NULL;
    struct wishes w = read_command_line();
    if (w.skip)
        return 0;
    if (!device) {
        if (sys_access("/", 2) == 0) {
            say("The root file system is mounted writable, skipping its check.");
            return 0;
        }
        if (root_device(&root) < 0)
            return 0;
        device = root.p;
    }
    if (probe_device(device, &p) < 0 || !find_checker(p.type, &program))
        return 0;                        /* nothing to check it with: no error */
    char *command[] = { program.p, (char *)w.repair, w.force ? "-f" : (char *)device, w.force ? (char *)device : NULL, NULL };
    return judge(device, run_program(program.p, command), argc < 2);
}
