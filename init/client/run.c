/* SPDX-License-Identifier: 0BSD
 *
 * Other people's programs that a client runs and waits for: man, diff. */
#include "client.h"

int run_found(char *const *argv, bool quiet)
{
    struct death d;
    out_flush();
    pid_t pid = sys_fork();
    if (pid == 0) {
        int null = quiet ? sys_open("/dev/null", O_RDWR) : -1;
        const char *path = env_of("PATH");
        struct str rest = str_of(path ? path : "/usr/local/bin:/usr/bin:/bin"), folder;
        char program[PATH_BYTES];
        for (int fd = 0; quiet && fd < 3; fd++)
            (void)sys_dup_to(null, fd, false);
        while ((folder = str_word(&rest, ":")).p)
            (void)sys_execve(path_fmt(program, "%.*s/%s", (int)folder.n, folder.p, argv[0]), argv, client_environment);
        complain("Failed to execute %s: No such file or directory", argv[0]);
        sys_exit(1);
    }
    int r = pid < 0 ? pid : sys_wait(pid, &d);
    return r < 0 ? r : d.code == CLD_EXITED ? d.status : -EPROTO;
}
