/* SPDX-License-Identifier: 0BSD
 *
 * systemd-fsck [DEVICE]: checks one file system before it is mounted, by fsck.TYPE; without an operand
 * the root, if it is still mounted read-only. Exit codes of fsck(8) are acted on as systemd does. */
#include "helper.h"

#include <sys/sysmacros.h>

enum { FSCK_CORRECTED = 1, FSCK_REBOOT = 2, FSCK_UNCORRECTED = 4 };

/* The device the root is on, by its number ("/dev/root" is no file); NULL: none. */
static const char *root_device(void)
{
    struct stat st;
    char text[1024];
    if (sys_stat("/", &st) < 0)
        return NULL;
    struct str name = file_value(file_text(z_fmt("/sys/dev/block/%u:%u/uevent", major(st.st_dev), minor(st.st_dev)),
                                           text, sizeof text), "DEVNAME");
    return name.n ? z_fmt("/dev/%.*s", (int)name.n, name.p) : NULL;
}

struct wishes { bool skip, force; const char *repair; };

static struct wishes read_command_line(void)
{
    struct wishes w = { false, false, NULL };
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    while (cmdline_next(&c) > 0) {
        if (STREQ(c.key, "fsck.mode") && c.value) {
            w.skip = STREQ(c.value, "skip");
            w.force = STREQ(c.value, "force");
        } else if (STREQ(c.key, "fsck.repair") && c.value) {
            w.repair = z_lookup("yes\0-y\0no\0-n\0", c.value);
        } else if (STREQ(c.key, "fastboot") || STREQ(c.key, "forcefsck")) {
            *(c.key[1] == 'a' ? &w.skip : &w.force) = true;
        }
    }
    return w;
}

static int reboot_now(void)
{
    char *argv[] = { "systemctl", "--no-block", "start", "reboot.target", "--job-mode=replace-irreversibly", NULL };
    log_line(LOG_ERR, "<3>fsck: the root file system was repaired: rebooting.");
    return run_program("/proc/self/exe", argv);
}

/* What fsck's exit status means for us: 0 go on, 1 do not mount. */
static int judge(const char *device, int status, bool root)
{
    if (status < 0 || status >= 128 || status & ~(FSCK_CORRECTED | FSCK_REBOOT))
        log_line(LOG_ERR, "<3>fsck of %s failed with exit status %d.", device, status);
    else if (status & FSCK_CORRECTED)
        log_line(LOG_ERR, "<4>%s: errors were found and corrected.", device);
    if (status < 0)
        return 0;
    if (root && status & FSCK_REBOOT && status < 128) {
        (void)reboot_now();
        return 1;
    }
    if (status >= 128 || status & (FSCK_REBOOT | FSCK_UNCORRECTED))
        return 1;
    if (status & ~FSCK_CORRECTED)
        log_line(LOG_ERR, "fsck: ignoring the error.");
    return 0;
}

/* Was it mounted earlier, by an initrd? Then nobody may check it: fsck(8), -M. */
static bool is_mounted(const char *device)
{
    static char text[65536];
    struct stat st;
    if (sys_stat(device, &st) < 0)
        return false;
    const char *number = z_fmt("%u:%u", major(st.st_rdev), minor(st.st_rdev));
    for (struct str rest = file_text("/proc/self/mountinfo", text, sizeof text), line; (line = str_line(&rest, '\n')).p;) {
        (void)str_word(&line, " ");
        (void)str_word(&line, " ");
        if (str_is(str_word(&line, " "), number))
            return true;
    }
    return false;
}

int fsck_main(int argc, char **argv)
{
    struct probed p;
    const char *device = argc > 1 ? argv[1] : root_device(), *program;
    struct wishes w = read_command_line();
    log_to.stderr_fd = 2;
    if (w.skip)
        return 0;
    if (argc < 2 && sys_access("/", 2) == 0) {
        log_line(LOG_ERR, "The root file system is mounted writable, skipping its check.");
        return 0;
    }
    if (argc > 1 && is_mounted(device))
        return 0;
    if (!device || probe_device(device, &p) < 0 || !(program = find_program(z_fmt("fsck.%s", p.type))))
        return 0;                        /* nothing to check it with: no error */
    char *node = (char *)device, *repair = (char *)(w.repair ? w.repair : "-a");
    char *command[] = { (char *)program, repair, w.force ? "-f" : node, w.force ? node : NULL, NULL };
    return judge(device, run_program(program, command), argc < 2);
}
