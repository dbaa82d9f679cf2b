/* SPDX-License-Identifier: 0BSD
 *
 * systemd-user-sessions: pam_nologin(8) lets users in from here on, and not any more when the system goes down. */
#include "tool.h"

#define NOTICE "System is going down. Unprivileged users are not permitted to log in anymore. For technical details, see pam_nologin(8).\n"

int sessions_main(int argc, char **argv)
{
    int status = 0;
    log_to.stderr_fd = 2;
    if (argc != 2)
        return complain("This program requires one argument.");
    if (STREQ(argv[1], "stop")) {
        int r = file_put("/run/nologin", S(NOTICE), 0644);
        return r < 0 ? complain("Failed to create /run/nologin: %s", strerror(-r)) : 0;
    }
    if (!STREQ(argv[1], "start"))
        return complain("Unknown verb '%s'.", argv[1]);
    for (EACH(path, "/run/nologin\0/etc/nologin\0")) {
        int r = sys_unlink(path);
        if (r < 0 && r != -ENOENT)
            status = complain("Failed to remove %s: %s", path, strerror(-r));
    }
    return status;
}
