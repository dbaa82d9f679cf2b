/* SPDX-License-Identifier: 0BSD
 *
 * The name it is called by -> the program it is. No other logic. */
#include "client/client.h"
#include "helper/helper.h"
#include "journal/journal.h"
#include "run/run.h"

#include <linux/prctl.h>

/* link: `make install` puts a link of this name into /usr/bin or /usr/sbin; 0: called by pith itself only. */
enum { BIN = 1, SBIN };
struct applet { char name[23]; u8 link; int (*main)(int argc, char **argv); };

static int init_main(int argc, char **argv)
{
    if (sys_getpid() != 1)
        return init_client_main(argc, argv);
    boot_machine(argc, argv);
    boot_units();
    run_loop();
}

static int links_main(int argc, char **argv);

static const struct applet applets[] = {
    { "systemctl", BIN, systemctl_main },
    { "halt", SBIN, power_main },
    { "poweroff", SBIN, power_main },
    { "reboot", SBIN, power_main },
    { "shutdown", SBIN, power_main },
    { "systemd-journald", 0, journal_main },
    { "systemd-fsck", 0, fsck_main },
    { "systemd-remount-fs", 0, remount_main },
    { "systemd-sulogin-shell", 0, sulogin_main },
    { "pith-mount", 0, mount_main },
    { "pith-disklinks", 0, disklinks_main },
    { "pith-shutdown", 0, shutdown_main },
    { "links", 0, links_main },
};

static int links_main(int argc, char **argv)
{
    BUF(out, 1024);
    (void)argc;
    (void)argv;
    for (u32 i = 0; i < LEN(applets); i++)
        if (applets[i].link)
            buf_fmt(&out, "/usr/%s/%s\n", applets[i].link == BIN ? "bin" : "sbin", applets[i].name);
    return sys_write(1, out.p, out.n) < 0;
}

static const struct applet *find(const char *name)
{
    const char *slash = strrchr(name, '/');
    for (u32 i = 0; i < LEN(applets); i++)
        if (STREQ(applets[i].name, slash ? slash + 1 : name))
            return &applets[i];
    return NULL;
}

int main(int argc, char **argv, char **envp)
{
    const struct applet *a = argc > 0 ? find(argv[0]) : NULL;
    (void)sys_small_pages();
    client_environment = envp;
    if (!a && argc > 1 && sys_getpid() != 1 && (a = find(argv[1])))
        argc--, argv++;                  /* pith systemctl ... */
    if (a && !a->link)
        (void)sys_prctl(PR_SET_NAME, (unsigned long)a->name, 0);     /* for ps(1): all are one file */
    return a ? a->main(argc, argv) : init_main(argc, argv);
}
