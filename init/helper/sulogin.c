/* SPDX-License-Identifier: 0BSD
 *
 * systemd-sulogin-shell: a shell on the console in rescue and emergency mode, why it is there, and
 * the way on when it ends. sulogin(8) asks for root's password where it is installed. */
#include "helper.h"

static const char *const shells[] = { "/bin/sh", "/usr/bin/sh", "/bin/mksh", "/usr/bin/mksh", "/bin/busybox" };

/* Units that failed are the reason, most of the time. */
static void say_why(const char *mode)
{
    char *failed[] = { "systemctl", "--failed", "--no-legend", "--plain", NULL };
    say("\nYou are in %s mode. After logging in, type \"systemctl --failed\" to see what failed,\n"
        "\"systemctl status UNIT\" for details, \"systemctl reboot\" to reboot, \"systemctl default\"\n"
        "or \"exit\" to go on into the default mode.", mode);
    say("\nFailed units:");
    (void)run_program("/proc/self/exe", failed);
    (void)sys_write(2, "\n", 1);
}

static int run_shell(void)
{
    static const char *const logins[] = { "/sbin/sulogin", "/usr/sbin/sulogin" };
    for (u32 i = 0; i < LEN(logins); i++) {
        char *argv[] = { "sulogin", NULL };
        if (sys_access(logins[i], 1) == 0)
            return run_program(logins[i], argv);
    }
    for (u32 i = 0; i < LEN(shells); i++) {
        char *argv[] = { "-sh", NULL };
        if (sys_access(shells[i], 1) == 0)
            return run_program(shells[i], argv);
    }
    say("There is no shell in this image; going on.");
    return 0;
}

int sulogin_main(int argc, char **argv)
{
    char *reload[] = { "systemctl", "daemon-reload", NULL }, *go_on[] = { "systemctl", "--job-mode=fail", "--no-block", "default", NULL };
    say_why(argc > 1 ? argv[1] : "rescue");
    (void)run_shell();
    say("Reloading system manager configuration\nStarting default target");
    if (run_program("/proc/self/exe", reload) != 0)
        say("Failed to reload daemon");
    if (run_program("/proc/self/exe", go_on) != 0)
        say("Failed to start default target");
    return 0;
}
