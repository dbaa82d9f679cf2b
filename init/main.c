/* SPDX-License-Identifier: 0BSD
 *
 * The name it is called by -> the program it is. No other logic. */
#include "client/client.h"
#include "helper/helper.h"
#include "journal/journal.h"
#include "run/run.h"
#include "tool/tool.h"

#include <linux/prctl.h>
#include <sys/mman.h>

/* The applets. `make install` puts links of the first names into /usr/bin and /usr/sbin; the others are called by
 * pith itself only. */
enum { IN_BIN = 6, WITH_LINK = 10, SQUEEZED = 14 /* programs before this one: unpacked.ld */ };
static const char applet_names[] =
    "systemctl\0systemd-analyze\0systemd-delta\0systemd-escape\0systemd-tmpfiles\0systemd-sysusers\0halt\0poweroff\0"
    "reboot\0shutdown\0systemd-sysctl\0systemd-modules-load\0systemd-random-seed\0systemd-user-sessions\0"
    "systemd-fsck\0systemd-remount-fs\0systemd-sysroot-fstab-check\0systemd-makefs\0systemd-growfs\0"
    "systemd-sulogin-shell\0pith-mount\0pith-disklinks\0systemd-journald\0pith-shutdown\0pith-offline\0links\0";

/* Of clients and tools. A millisecond: too long for helpers, of which a boot runs many. */
static void unpack_constants(void)
{
    extern const u8 squeezed[];
    extern u8 unpacked[], unpacked_end[];
    size_t n = (size_t)(unpacked_end - unpacked);
    (void)sys_mprotect(unpacked, n, PROT_READ | PROT_WRITE);
    unsqueeze(squeezed, unpacked, unpacked_end);
    (void)sys_mprotect(unpacked, n, PROT_READ);
}

static int init_main(int argc, char **argv)
{
    if (sys_getpid() != 1) {
        unpack_constants();
        return init_client_main(argc, argv);
    }
    boot_machine(argc, argv);
    boot_units();
    run_loop();
}

static int links_main(int argc, char **argv);

static int (*const mains[])(int argc, char **argv) = {
    systemctl_main, analyze_main, delta_main, escape_main, tmpfiles_main, sysusers_main, power_main, power_main,
    power_main, power_main, sysctl_main, modules_main, seed_main, sessions_main,
    fsck_main, remount_main, sysroot_fstab_main, makefs_main, growfs_main,
    sulogin_main, mount_main, disklinks_main, journal_main, shutdown_main, offline_main, links_main,
};

static int links_main(int argc, char **argv)
{
    BUF(out, 1024);
    (void)argc;
    (void)argv;
    for (i32 i = 0; i < WITH_LINK; i++)
        buf_fmt(&out, "/usr/%s/%s\n", i < IN_BIN ? "bin" : "sbin", name_of(applet_names, i));
    return sys_write(1, out.p, out.n) < 0;
}

/* The applet's number, -1: none. */
static i32 find(const char *name)
{
    const char *slash = strrchr(name, '/');
    i32 applet = -1;
    (void)name_find(applet_names, str_of(slash ? slash + 1 : name), &applet);
    return applet;
}

int main(int argc, char **argv, char **envp)
{
    i32 applet = argc > 0 ? find(argv[0]) : -1;
    (void)sys_small_pages();
    client_environment = envp;
    if (applet < 0 && argc > 1 && sys_getpid() != 1 && (applet = find(argv[1])) >= 0)
        argc--, argv++;                  /* pith systemctl ... */
    if (applet >= 0 && applet < SQUEEZED)
        unpack_constants();
    if (applet >= WITH_LINK)             /* for ps(1): all are one file */
        (void)sys_prctl(PR_SET_NAME, (unsigned long)name_of(applet_names, applet), 0);
    return (applet < 0 ? init_main : mains[applet])(argc, argv);
}
