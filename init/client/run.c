/* SPDX-License-Identifier: 0BSD
 *
 * Other people's programs that a client runs and waits for: man, diff. */
#include "client.h"

int exec_found(char *const *argv)
{
    const char *path = env_of("PATH");
    struct str rest = str_of(path ? path : "/usr/local/bin:/usr/bin:/bin"), folder;
    char file[PATH_BYTES];
    int r = -ENOENT;
    if (strchr(argv[0], '/'))
        return sys_execve(argv[0], argv, client_environment);
    while ((folder = str_word(&rest, ":")).p && (r == -ENOENT || r == -ENOTDIR || r == -EACCES))
        r = sys_execve(path_fmt(file, "%.*s/%s", (int)folder.n, folder.p, argv[0]), argv, client_environment);
    return r;
}

int run_found(char *const *argv, bool quiet)
{
    struct death d;
    out_flush();
    pid_t pid = sys_fork();
    if (pid == 0) {
        int null = quiet ? sys_open("/dev/null", O_RDWR) : -1;
        for (int fd = 0; quiet && fd < 3; fd++)
            (void)sys_dup_to(null, fd, false);
        failed(z_fmt("execute %s", argv[0]), exec_found(argv));
        sys_exit(1);
    }
    int r = pid < 0 ? pid : sys_wait(pid, &d);
    return r < 0 ? r : d.code == CLD_EXITED ? d.status : -EPROTO;
}
