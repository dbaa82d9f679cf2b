/* SPDX-License-Identifier: 0BSD
 *
 * systemd-random-seed: what the kernel's random numbers are stirred with at the next boot. Nothing is credited. */
#include "tool.h"

#define SEED "/var/lib/systemd/random-seed"

/* The old seed is mixed in and, if the kernel has good numbers by now, replaced at once: none is used twice. */
static int load(void)
{
    u8 seed[512];
    int fd = sys_open(SEED, O_RDONLY);
    ssize_t n = fd < 0 ? fd : sys_read(fd, seed, sizeof seed);
    sys_close(fd);
    if (n > 0)
        n = file_put("/dev/urandom", (struct str){ (char *)seed, (size_t)n }, 0);
    return n == -ENOENT ? 0 : MIN((int)n, 0);
}

static int save(void)
{
    u8 seed[32];
    int r = sys_random(seed, sizeof seed);
    if (r < (int)sizeof seed)
        return r < 0 && r != -EAGAIN ? r : 0;        /* not ready: the old one stays */
    make_parents(SEED);
    int fd = sys_openat(AT_FDCWD, SEED ".new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    ssize_t n = fd < 0 ? fd : sys_write(fd, seed, sizeof seed);
    if (n >= 0)
        n = sys_fsync(fd);
    sys_close(fd);
    return n < 0 ? (int)n : sys_rename(SEED ".new", SEED);
}

int seed_main(int argc, char **argv)
{
    bool loads = argc == 2 && STREQ(argv[1], "load");
    int r = 0;
    log_to.stderr_fd = 2;
    if (!loads && !(argc == 2 && STREQ(argv[1], "save")))
        return complain(argc == 2 ? "Unknown verb '%s'." : "This program requires one argument.", argv[argc - 1]);
    if (loads)
        r = load();
    int q = save();
    r = r < 0 ? r : q;
    return r < 0 && r != -EROFS ? complain("Failed to %s the random seed: %s", argv[1], strerror(-r)) : 0;
}
