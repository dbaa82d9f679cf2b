/* SPDX-License-Identifier: 0BSD
 *
 * systemd-sulogin-shell: a shell on the console in rescue and emergency mode, why it is there, and
 * the way on when it ends. sulogin(8) asks for root's password where it is installed. */
#include "helper.h"

/* Units that failed are the reason of an emergency, most of the time; rescue mode was asked for. */
static void say_why(const char *mode)
{
    static char *failed[] = { "systemctl", "--failed", "--no-legend", "--plain", NULL };
    (log_line)(LOG_ERR, packed_text(TEXT_SULOGIN), mode);
    if (*mode != 'e')
        return;
    log_line(LOG_ERR, "\nFailed units:");
    (void)run_program("/proc/self/exe", failed);
}

static void run_shell(void)
{
    static const char *const names = "sulogin\0sh\0mksh\0busybox\0";
    for (const char *name = names; *name; name = z_next(name)) {
        const char *path = find_program(name);
        char *argv[] = { name == names ? "sulogin" : "-sh", NULL };
        if (path) {
            (void)run_program(path, argv);
            return;
        }
    }
    log_line(LOG_ERR, "No shell in this image, going on.");
}

int sulogin_main(int argc, char **argv)
{
    char *reload[] = { "systemctl", "daemon-reload", NULL };
    char *go_on[] = { "systemctl", "--job-mode=fail", "--no-block", "default", NULL };
    log_to.stderr_fd = 2;
    say_why(argc > 1 ? argv[1] : "rescue");
    run_shell();
    log_line(LOG_ERR, "Reloading system manager configuration\nStarting default target");
    if (run_program("/proc/self/exe", reload) != 0)
        log_line(LOG_ERR, "Failed to reload daemon");
    if (run_program("/proc/self/exe", go_on) != 0)
        log_line(LOG_ERR, "Failed to start default target");
    return 0;
}
