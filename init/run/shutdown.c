/* SPDX-License-Identifier: 0BSD
 *
 * The end. When all units are down PID 1 becomes a copy of itself in memory, so that its file does
 * not keep the root file system from being remounted; the copy kills what is left, takes off swaps and
 * mounts, and asks the kernel for the last step from a child (a PID 1 that returns from reboot(2) on a
 * machine that cannot power off would be a panic). Every call that may hang runs in a child with a
 * deadline, and what hung is named. Nothing of units is known here. */
#include "run.h"

#include <dirent.h>
#include <linux/reboot.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <termios.h>

static const char verbs[] = "1\0reboot\0poweroff\0halt\0kexec\0exit\0switch-root\0";     /* of enum objective */

/* ---- the manager's last steps -------------------------------------------------------------- */

static void close_all_but(int keep)
{
    if (keep > 3)
        (void)sys_close_range(3, (unsigned)keep - 1);
    (void)sys_close_range((unsigned)MAX(keep + 1, 3), ~0u);
}

static int copy_of_self(void)
{
    int from = sys_open("/proc/self/exe", O_RDONLY), to = sys_memfd("pith-shutdown", 0);
    struct stat st;
    int r = from < 0 ? from : to < 0 ? to : sys_fstat(from, &st);
    for (off_t left = r < 0 ? 0 : st.st_size; left > 0;) {
        ssize_t n = sys_sendfile(to, from, (size_t)left);
        if (n <= 0) {
            r = n < 0 ? (int)n : -EIO;
            break;
        }
        left -= n;
    }
    sys_close(from);
    if (r < 0 && to >= 0)
        sys_close(to);
    return r < 0 ? r : to;
}

/* Empties the initramfs we come from: its memory is of no use any more. Not into other mounts. Closes fd. */
static void remove_below(int fd, dev_t dev, u32 depth)
{
    struct dir d;
    struct stat st;
    dir_at(&d, fd);
    for (struct dirent *e; (e = dir_next(&d));) {
        if (sys_unlinkat(fd, e->d_name, 0) != -EISDIR || !depth)
            continue;
        int below = sys_openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        if (below >= 0 && sys_fstat(below, &st) == 0 && st.st_dev == dev)
            remove_below(below, dev, depth - 1);
        else
            sys_close(below);
        (void)sys_unlinkat(fd, e->d_name, AT_REMOVEDIR);
    }
}

static void forget_initramfs(int root)
{
    struct stat st;
    struct statfs fs;
    if (sys_fstatfs(root, &fs) == 0 && (fs.f_type == 0x858458f6 /* ramfs */ || fs.f_type == 0x01021994 /* tmpfs */)
        && sys_fstat(root, &st) == 0)
        remove_below(root, st.st_dev, 16);
    else
        sys_close(root);
}

static void end_processes(void);

/* Moves the API mounts into the new root and starts its init there. Comes back only if that failed.
 * What isolating left running (IgnoreOnIsolate=, the journal) would stay there as nobody's service. */
static void switch_root(void)
{
    static const char inits[] = "/sbin/init\0/usr/sbin/init\0/usr/lib/systemd/systemd\0/etc/init\0/bin/init\0/bin/sh\0";
    char *argv[] = { manager.new_init, NULL }, *envp[] = { NULL };
    end_processes();
    /* The kernel moves no mount that lies on a shared one. */
    (void)sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    for (EACH(api, "/dev\0/proc\0/sys\0/run\0")) {
        BUF(to, PATH_BYTES);
        buf_fmt(&to, "%s%s", manager.new_root, api);
        (void)sys_mkdir(buf_end(&to), 0755);
        if (sys_mount(api, to.p, NULL, MS_MOVE, NULL) < 0)
            (void)sys_umount(api, MNT_DETACH);
    }
    int old = sys_open("/", O_RDONLY | O_DIRECTORY);
    int r = sys_swap_roots(manager.new_root);
    if (r < 0) {
        status_line(STATUS_NOTICE, "0;1;31", "FAILED", "Failed to switch root to %s: %s", manager.new_root, strerror(-r));
        return;
    }
    forget_initramfs(old);
    (void)sys_sigmask(SIG_SETMASK, 0, NULL);
    if (manager.new_init[0])
        (void)sys_execve(manager.new_init, argv, envp);
    for (EACH(path, inits)) {
        argv[0] = (char *)path;
        (void)sys_execve(path, argv, envp);
    }
    status_line(STATUS_NOTICE, "0;1;31", "FAILED", "There is no init in %s that can be started.", manager.new_root);
}

void leave_machine(void)
{
    BUF(status, 16);
    buf_fmt(&status, "%d", manager.exit_status);
    char *argv[] = { "pith-shutdown", (char *)name_of(verbs, manager.objective), buf_end(&status), manager.reboot_arg,
                     manager.exit_channel, manager.in_container ? "container" : "", NULL };
    static char *const envp[] = { NULL };
    log_flush();
    console_flush();
    if (manager.objective == LEAVE_SWITCH_ROOT) {
        struct report r = { 0 };
        switch_root();
        manager.objective = RUNNING_ON;
        (void)start_by_name("emergency.target", JOB_START, MODE_ISOLATE, &r);
        run_loop();
    }
    int copy = copy_of_self();
    if (copy >= 0) {
        close_all_but(copy);
        (void)sys_execfd(copy, argv, envp);
    }
    /* No memory for a copy: as we are. The root stays busy if its file was replaced. */
    sys_exit(shutdown_main((int)LEN(argv) - 1, argv));
}

/* ---- the copy: words for people ------------------------------------------------------------ */

static bool in_container;
static int console = -1, kmsg = -1;

static void say(const char *fmt, ...) PRINTF(1, 2);
static void say(const char *fmt, ...)
{
    BUF(line, 512);
    va_list ap;
    buf_z(&line, "<5>pith-shutdown: ");
    u32 skip = line.n;
    va_start(ap, fmt);
    buf_vfmt(&line, fmt, ap);
    va_end(ap);
    line.n = MIN(line.n, line.cap - 1);
    buf_c(&line, '\n');
    /* The kernel's own output cannot be stopped by a terminal; ours is not waited for. */
    if (kmsg < 0 || sys_write(kmsg, line.p, line.n) < 0)
        (void)sys_write(console, line.p + skip, line.n - skip);
}
#define say(fmt, ...) (say)(TEXT(fmt), ##__VA_ARGS__)

/* ---- bounded steps ------------------------------------------------------------------------- */

struct last_step { const char *what, *path; unsigned long flags; int result; };

static int do_umount(const struct last_step *s) { return sys_umount(s->path, (int)s->flags); }
static int do_remount_ro(const struct last_step *s)
{
    return sys_mount(NULL, s->path, NULL, MS_REMOUNT | MS_RDONLY | s->flags, NULL);
}
static int do_swapoff(const struct last_step *s) { return sys_swapoff(s->path); }
static int do_sync(const struct last_step *s)
{
    (void)s;
    return sys_sync();
}

/* Runs one call in a child, for at most `seconds`. The call's result, or -ETIMEDOUT: the child is
 * stuck in the kernel and left behind. */
static int bounded(int (*call)(const struct last_step *), const struct last_step *s, u32 seconds)
{
    usec until = sys_now() + seconds * USEC_SEC;
    struct death d;
    pid_t pid = sys_fork();
    if (pid == 0) {
        int r = call(s);
        sys_exit(r < 0 ? MIN(-r, 250) : 0);
    }
    if (pid < 0)
        return pid;
    for (;;) {
        if (sys_reap(pid, &d) > 0)
            return d.code == CLD_EXITED ? -d.status : -EINTR;
        usec now = sys_now();
        if (now >= until)
            break;
        (void)sys_signal_wait(1ull << (SIGCHLD - 1), (int)MIN((until - now) / USEC_MS + 1, 1000u));
    }
    sys_kill(pid, SIGKILL);
    say("%s %s hangs, going on without it.", s->what, s->path);
    return -ETIMEDOUT;
}

/* sync(2) with patience as long as the kernel makes progress: at most three times 10 s without. */
static u64 dirty_kib(void)
{
    static char text[8192];
    u64 sum = 0, v;
    (void)file_get("/proc/meminfo", text, sizeof text);
    for (EACH(field, "Dirty:\0Writeback:\0NFS_Unstable:\0")) {
        const char *at = strstr(text, field);
        struct str rest = str_of(at ? at + strlen(field) : "");
        if (parse_u64(str_word(&rest, " "), 10, &v) == 0)
            sum += v;
    }
    return sum;
}

static void sync_all(void)
{
    struct last_step s = { .what = "Writing", .path = "of caches" };
    u64 before = UINT64_MAX;
    for (u32 stalls = 0; stalls < 3;) {
        if (bounded(do_sync, &s, 10) != -ETIMEDOUT)
            return;
        u64 now = dirty_kib();
        stalls = now < before ? 0 : stalls + 1;
        before = now;
    }
}

/* ---- processes ----------------------------------------------------------------------------- */

/* Calls fn for each process but us and the kernel's; those whose name begins with '@' (and that are
 * root's, systemd's rule for storage daemons of the root file system) are left alone. */
static u32 each_process(void (*fn)(pid_t pid, const char *name))
{
    struct dir d;
    char text[256];
    u32 n = 0;
    u64 pid;
    (void)dir_open(&d, "/proc");
    for (struct dirent *e; (e = dir_next(&d));) {
        if (parse_u64(str_of(e->d_name), 10, &pid) < 0 || pid <= 1)
            continue;
        BUF(path, 300);
        buf_fmt(&path, "/proc/%s/cmdline", e->d_name);
        if (file_get(buf_end(&path), text, sizeof text) <= 0 || text[0] == '@')
            continue;
        n++;
        if (fn)
            fn((pid_t)pid, text);
    }
    return n;
}

static int signal_to_send;
static void send_signal(pid_t pid, const char *name)
{
    (void)name;
    (void)sys_kill(pid, signal_to_send);
}

static void name_process(pid_t pid, const char *name) { say("Waiting for process: %d (%s)", (int)pid, name); }

static void reap_all(void)
{
    struct death d;
    while (sys_reap(-1, &d) > 0)
        ;
}

/* Signals everything and waits until all are gone, at most `seconds`; names who is late. */
static void broadcast(int sig, u32 seconds)
{
    usec start = sys_now(), until = start + seconds * USEC_SEC;
    bool told = false;
    (void)sys_kill(-1, SIGSTOP);         /* nobody forks away while we look */
    signal_to_send = sig;
    if (!each_process(send_signal))
        (void)sys_kill(-1, sig);         /* no /proc: everybody */
    (void)sys_kill(-1, SIGCONT);
    for (;;) {
        reap_all();
        usec now = sys_now();
        if (!each_process(NULL) || now >= until)
            return;
        if (!told && now - start > 3 * USEC_SEC) {
            told = true;
            each_process(name_process);
        }
        (void)sys_signal_wait(1ull << (SIGCHLD - 1), 200);
    }
}

static void end_processes(void)
{
    say("Sending SIGTERM to remaining processes...");
    broadcast(SIGTERM, 10);
    if (each_process(NULL)) {
        say("Sending SIGKILL to remaining processes...");
        broadcast(SIGKILL, 5);
    }
}

/* ---- swaps and mounts ---------------------------------------------------------------------- */

static char table[256 << 10];

static u32 swapoff_all(void)
{
    struct str rest = file_text("/proc/swaps", table, sizeof table), line;
    u32 left = 0;
    (void)str_line(&rest, '\n');
    while ((line = str_line(&rest, '\n')).p) {
        BUF(path, PATH_BYTES);
        buf_octal(&path, str_word(&line, " \t"));
        buf_end(&path);
        struct last_step s = { .what = "Deactivating swap", .path = path.p };
        say("Deactivating swap %s.", path.p);
        left += bounded(do_swapoff, &s, 60) < 0;
    }
    return left;
}

/* Kernel interfaces: they hold no data. */
static const char api_types[] =
    "proc\0sysfs\0devtmpfs\0devpts\0cgroup\0cgroup2\0securityfs\0pstore\0efivarfs\0bpf\0mqueue\0hugetlbfs\0debugfs\0tracefs\0"
    "configfs\0fusectl\0autofs\0binfmt_misc\0selinuxfs\0rpc_pipefs\0nsfs\0";

static bool stays(const char *path)
{
    return z_in("/\0/usr\0/run\0", path) || path_below_any(str_of(path), "/run/initramfs\0/dev\0/proc\0/sys\0");
}

/* Who holds a mount: the first process found with its root, folder or an open file there. */
static const char *holder;
static void find_holder(pid_t pid, const char *name)
{
    static char target[PATH_BYTES];
    for (EACH(link, "root\0cwd\0exe\0")) {
        BUF(path, 64);
        buf_fmt(&path, "/proc/%d/%s", (int)pid, link);
        if (sys_readlinkat(AT_FDCWD, buf_end(&path), target, sizeof target) > 0 && path_below(str_of(target), holder))
            say("%s is held by process %d (%s)", holder, (int)pid, name);
    }
}

static bool has_word(struct str options, const char *word)
{
    struct str one;
    while ((one = str_line(&options, ',')).p)
        if (str_is(one, word))
            return true;
    return false;
}

/* Flags that a remount would drop if they were not given again. */
static unsigned long kept_flags(struct str options)
{
    static const struct { char word[12]; u32 flag; } kept[] = { { "nosuid", MS_NOSUID }, { "nodev", MS_NODEV },
        { "noexec", MS_NOEXEC }, { "noatime", MS_NOATIME }, { "relatime", MS_RELATIME } };
    unsigned long flags = 0;
    for (u32 i = 0; i < LEN(kept); i++)
        flags |= has_word(options, kept[i].word) ? kept[i].flag : 0;
    return flags;
}

/* One file system: read-only first (what is written is safe then whatever follows), then off. True:
 * something changed. *left counts what could not be taken off. */
static bool detach(const struct mount_line *m, bool last, u32 *left)
{
    bool memory = z_in("tmpfs\0ramfs\0rootfs\0overlay\0", m->type), changed = false;
    if (z_in(api_types, m->type))
        return false;
    if (!memory && !has_word(str_of(m->options), "ro") && !in_container) {
        struct last_step s = { .what = "Remounting read-only", .path = m->where, .flags = kept_flags(str_of(m->options)) };
        int r = bounded(do_remount_ro, &s, 30);
        changed = r == 0;
        if (r < 0 && last)
            say("Failed to remount %s read-only: %s", m->where, strerror(-r));
        *left += r < 0 && stays(m->where);
    }
    if (stays(m->where))
        return changed;
    struct last_step s = { .what = "Unmounting", .path = m->where, .flags = UMOUNT_NOFOLLOW | (last ? MNT_DETACH : 0) };
    int r = bounded(do_umount, &s, 30);
    if (r == 0) {
        say("Unmounted %s.", m->where);
        return true;
    }
    ++*left;
    if (last) {
        say("Failed to unmount %s: %s", m->where, strerror(-r));
        holder = m->where;
        each_process(find_holder);
    }
    return changed;
}

/* Newest first. The table changes with each step, so it is read again after a change. */
static bool detach_round(bool last, u32 *left)
{
    static u32 starts[4096];
    struct str all = file_text("/proc/self/mountinfo", table, sizeof table), rest = all, line;
    u32 n = 0;
    bool changed = false;
    *left = 0;
    while (n < LEN(starts) && (line = str_line(&rest, '\n')).p)
        starts[n++] = (u32)(line.p - all.p);
    while (n-- > 0) {
        struct mount_line m;
        struct str from = str_from(all, starts[n]);
        if (mount_line(str_line(&from, '\n'), &m))
            changed |= detach(&m, last, left);
    }
    return changed;
}

static void detach_all(void)
{
    u32 left = 0, swaps = 0;
    for (u32 round = 0; round < 16; round++) {
        bool changed = detach_round(false, &left);
        if (!in_container)
            swaps = swapoff_all();
        if (!left && !swaps)
            break;
        if (!changed) {
            (void)detach_round(true, &left);
            break;
        }
    }
    say("All filesystems and swaps %s.", left || swaps ? "that could be were detached" : "detached");
}

/* ---- the last word ------------------------------------------------------------------------- */

static void tell_exit_status(const char *channel, int status)
{
    BUF(line, 64);
    struct termios t;
    int fd = *channel ? sys_open(channel, O_WRONLY | O_NOCTTY | O_NONBLOCK) : -1;
    if (fd < 0)
        return;
    if (sys_ioctl(fd, TCGETS, &t) == 0) {
        t.c_oflag &= ~(unsigned)OPOST;
        (void)sys_ioctl(fd, TCSETS, &t);
    }
    buf_fmt(&line, "EXIT_STATUS=%d\n", status);
    (void)sys_write(fd, line.p, line.n);
    (void)sys_ioctl(fd, TCSBRK, (void *)1);      /* drain: bytes must be out before the power is */
}

static void ask_kernel(enum objective verb, const char *arg)
{
    if (verb == LEAVE_KEXEC)
        (void)sys_reboot(LINUX_REBOOT_CMD_KEXEC, NULL);
    if (verb == LEAVE_HALT)
        (void)sys_reboot(LINUX_REBOOT_CMD_HALT, NULL);
    if (verb == LEAVE_POWEROFF || verb == LEAVE_EXIT)
        (void)sys_reboot(LINUX_REBOOT_CMD_POWER_OFF, NULL);
    if (*arg)
        (void)sys_reboot(LINUX_REBOOT_CMD_RESTART2, arg);
    (void)sys_reboot(LINUX_REBOOT_CMD_RESTART, NULL);
}

/* argv: us, the verb, the exit status (-1: none), the argument of reboot(2), the exit channel, "container" or "". */
int shutdown_main(int argc, char **argv)
{
    static const char words[] = "Rebooting\0Powering off\0Halting system\0Rebooting with kexec\0Powering off\0Powering off\0";
    struct death d;
    i32 verb, code;
    if (sys_getpid() != 1 || argc < 6 || name_find(verbs, str_of(argv[1]), &verb) < 0)
        return 1;
    if (parse_int(str_of(argv[2]), 0, 255, &code) < 0)
        code = 0;
    in_container = *argv[5];
    (void)sys_sigmask(SIG_SETMASK, ~0ull, NULL);
    console = sys_open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK);
    kmsg = sys_open("/dev/kmsg", O_WRONLY | O_NOCTTY);
    (void)sys_mlockall();
    (void)sys_chdir("/");
    (void)sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    if (!in_container)
        sync_all();
    end_processes();
    detach_all();
    if (!in_container)
        sync_all();
    tell_exit_status(argv[4], code);
    say("%s.", name_of(words, verb - LEAVE_REBOOT));
    if (in_container)
        return code;
    pid_t pid = sys_fork();
    if (pid == 0) {
        ask_kernel((enum objective)verb, argv[3]);
        sys_exit(1);
    }
    if (pid > 0)
        (void)sys_wait(pid, &d);
    /* Halted, or in a namespace where nobody may reboot: the end of PID 1 is the end of it. */
    if (pid > 0 && d.status == 1)
        return code;
    for (;;)
        (void)sys_signal_wait(0, 1000000);
}
