/* SPDX-License-Identifier: 0BSD
 *
 * The name it is called by -> the program it is. No other logic. */
#include "client/client.h"
#include "helper/helper.h"
#include "journal/journal.h"
#include "run/run.h"

#include <linux/prctl.h>

struct applet { const char *name; int (*main)(int argc, char **argv); const char *link; };

static int init_main(int argc, char **argv)
{
    if (sys_getpid() != 1)
        return init_client_main(argc, argv);
    boot_machine(argc, argv);
    boot_units();
    run_loop();
}

static int links_main(int argc, char **argv);

/* link: where `make install` puts a link of this name; NULL: called by pith itself only. */
static const struct applet applets[] = {
    { "systemctl", systemctl_main, "/usr/bin/systemctl" },
    { "halt", power_main, "/usr/sbin/halt" },
    { "poweroff", power_main, "/usr/sbin/poweroff" },
    { "reboot", power_main, "/usr/sbin/reboot" },
    { "shutdown", power_main, "/usr/sbin/shutdown" },
    { "systemd-journald", journal_main, NULL },
    { "systemd-fsck", fsck_main, NULL },
    { "systemd-remount-fs", remount_main, NULL },
    { "systemd-sulogin-shell", sulogin_main, NULL },
    { "pith-mount", mount_main, NULL },
    { "pith-disklinks", disklinks_main, NULL },
    { "pith-shutdown", shutdown_main, NULL },
    { "links", links_main, NULL },
};

static int links_main(int argc, char **argv)
{
    BUF(out, 4096);
    (void)argc;
    (void)argv;
    for (u32 i = 0; i < LEN(applets); i++)
        if (applets[i].link)
            buf_fmt(&out, "%s\n", applets[i].link);
    return sys_write(1, out.p, out.n) < 0;
}

static const struct applet *find(const char *name)
{
    const char *base = strrchr(name, '/');
    for (u32 i = 0; i < LEN(applets); i++)
        if (STREQ(applets[i].name, base ? base + 1 : name))
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
