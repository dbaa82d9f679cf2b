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

static const char *const verbs[] = { [LEAVE_REBOOT] = "reboot", [LEAVE_POWEROFF] = "poweroff", [LEAVE_HALT] = "halt",
                                     [LEAVE_KEXEC] = "kexec", [LEAVE_EXIT] = "exit", [LEAVE_SWITCH_ROOT] = "switch-root" };

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

/* Empties the initramfs we come from: its memory is of no use any more. Not into other mounts. */
static void remove_below(int dir, dev_t dev, u32 depth)
{
    char dents[2048];
    struct stat st;
    for (ssize_t n; (n = sys_getdents(dir, dents, sizeof dents)) > 0;)
        for (ssize_t at = 0; at < n;) {
            struct dirent *d = (void *)(dents + at);
            at += d->d_reclen;
            if (STREQ(d->d_name, ".") || STREQ(d->d_name, ".."))
                continue;
            if (sys_unlinkat(dir, d->d_name, 0) != -EISDIR || !depth)
                continue;
            int below = sys_openat(dir, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
            if (below >= 0 && sys_fstat(below, &st) == 0 && st.st_dev == dev)
                remove_below(below, dev, depth - 1);
            sys_close(below);
            (void)sys_unlinkat(dir, d->d_name, AT_REMOVEDIR);
        }
}

static void forget_initramfs(int root)
{
    struct stat st;
    struct statfs fs;
    if (root < 0)
        return;
    if (sys_fstatfs(root, &fs) == 0 && (fs.f_type == 0x858458f6 /* ramfs */ || fs.f_type == 0x01021994 /* tmpfs */)
        && sys_fstat(root, &st) == 0)
        remove_below(root, st.st_dev, 16);
    sys_close(root);
}

static void end_processes(void);

/* Moves the API mounts into the new root and starts its init there. Comes back only if that failed.
 * What isolating left running (IgnoreOnIsolate=, the journal) would stay there as nobody's service. */
static void switch_root(void)
{
    static const char *const api[] = { "/dev", "/proc", "/sys", "/run" };
    static const char *const inits[] = { "/sbin/init", "/usr/sbin/init", "/usr/lib/systemd/systemd", "/etc/init",
                                         "/bin/init", "/bin/sh" };
    char *argv[] = { manager.new_init, NULL }, *envp[] = { NULL };
    end_processes();
    /* The kernel moves no mount that lies on a shared one. */
    (void)sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    for (u32 i = 0; i < LEN(api); i++) {
        BUF(to, PATH_BYTES);
        buf_fmt(&to, "%s%s", manager.new_root, api[i]);
        (void)sys_mkdir(buf_end(&to), 0755);
        if (sys_mount(api[i], to.p, NULL, MS_MOVE, NULL) < 0)
            (void)sys_umount(api[i], MNT_DETACH);
    }
    int old = sys_open("/", O_RDONLY | O_DIRECTORY);
    int r = sys_swap_roots(manager.new_root);
    if (r < 0) {
        status_line(STATUS_NOTICE, "0;1;31", "FAILED", "Failed to switch root to %s: %s", manager.new_root, strerror(-r));
        return;
    }
    forget_initramfs(old);
    (void)sys_sigmask(SIG_SETMASK, 0, NULL);
    for (u32 i = 0; i <= LEN(inits); i++) {
        const char *path = i ? inits[i - 1] : manager.new_init;
        argv[0] = (char *)path;
        if (*path)
            (void)sys_execve(path, argv, envp);
    }
    status_line(STATUS_NOTICE, "0;1;31", "FAILED", "There is no init in %s that can be started.", manager.new_root);
}

void leave_machine(void)
{
    BUF(status, 16);
    buf_fmt(&status, "%d", manager.exit_status);
    char *argv[] = { "pith-shutdown", (char *)verbs[manager.objective], buf_end(&status), manager.reboot_arg,
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
    static const char *const fields[] = { "Dirty:", "Writeback:", "NFS_Unstable:" };
    static char text[8192];
    u64 sum = 0, v;
    (void)file_get("/proc/meminfo", text, sizeof text);
    for (u32 i = 0; i < LEN(fields); i++) {
        const char *at = strstr(text, fields[i]);
        struct str rest = str_of(at ? at + strlen(fields[i]) : "");
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
    char dents[4096], text[256];
    u32 n = 0;
    int fd = sys_open("/proc", O_RDONLY | O_DIRECTORY);
    for (ssize_t got; fd >= 0 && (got = sys_getdents(fd, dents, sizeof dents)) > 0;)
        for (ssize_t at = 0; at < got;) {
            struct dirent *d = (void *)(dents + at);
            u64 pid;
            at += d->d_reclen;
            if (parse_u64(str_of(d->d_name), 10, &pid) < 0 || pid <= 1)
                continue;
            BUF(path, 300);
            buf_fmt(&path, "/proc/%s/cmdline", d->d_name);
            if (file_get(buf_end(&path), text, sizeof text) <= 0 || text[0] == '@')
                continue;
            n++;
            if (fn)
                fn((pid_t)pid, text);
        }
    sys_close(fd);
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

static struct str read_table(const char *path)
{
    ssize_t n = file_get(path, table, sizeof table);
    return (struct str){ table, (size_t)MAX(n, 0) };
}

static u32 swapoff_all(void)
{
    struct str rest = read_table("/proc/swaps"), line;
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
static bool is_api(const char *type)
{
    static const char *const types[] = { "proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "securityfs", "pstore",
                                         "efivarfs", "bpf", "mqueue", "hugetlbfs", "debugfs", "tracefs", "configfs",
                                         "fusectl", "autofs", "binfmt_misc", "selinuxfs", "rpc_pipefs", "nsfs" };
    for (u32 i = 0; i < LEN(types); i++)
        if (STREQ(types[i], type))
            return true;
    return false;
}

static bool stays(const char *path)
{
    struct str p = str_of(path);
    return STREQ(path, "/") || STREQ(path, "/usr") || STREQ(path, "/run")
        || path_below_any(p, "/run/initramfs\0/dev\0/proc\0/sys\0");
}

/* Who holds a mount: the first process found with its root, folder or an open file there. */
static const char *holder;
static void find_holder(pid_t pid, const char *name)
{
    static const char *const links[] = { "root", "cwd", "exe" };
    static char found[300], target[PATH_BYTES];
    for (u32 i = 0; i < LEN(links); i++) {
        BUF(path, 64);
        buf_fmt(&path, "/proc/%d/%s", (int)pid, links[i]);
        if (sys_readlinkat(AT_FDCWD, buf_end(&path), target, sizeof target) > 0 && path_below(str_of(target), holder)) {
            struct buf b = BUF_OVER(found);
            buf_fmt(&b, "%d (%s)", (int)pid, name);
            say("%s is held by process %s", holder, buf_end(&b));
        }
    }
}

struct mount_line { struct str id, where, options, type; };

static bool parse_mount(struct str line, struct mount_line *m)
{
    struct str words = line, word;
    for (u32 i = 0; i < 6; i++) {
        word = str_word(&words, " ");
        if (i == 0)
            m->id = word;
        else if (i == 4)
            m->where = word;
        else if (i == 5)
            m->options = word;
    }
    while ((word = str_word(&words, " ")).p && !str_is(word, "-"))
        ;
    m->type = str_word(&words, " ");
    return m->type.p != NULL;
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
    return (has_word(options, "nosuid") ? MS_NOSUID : 0) | (has_word(options, "nodev") ? MS_NODEV : 0)
         | (has_word(options, "noexec") ? MS_NOEXEC : 0) | (has_word(options, "noatime") ? MS_NOATIME : 0)
         | (has_word(options, "relatime") ? MS_RELATIME : 0);
}

/* One file system: read-only first (what is written is safe then whatever follows), then off. True:
 * something changed. *left counts what could not be taken off. */
static bool detach(const struct mount_line *m, bool last, u32 *left)
{
    BUF(where, PATH_BYTES);
    BUF(type, 64);
    buf_octal(&where, m->where);
        buf_end(&where);
    buf_octal(&type, m->type);
        buf_end(&type);
    bool memory = STREQ(type.p, "tmpfs") || STREQ(type.p, "ramfs") || STREQ(type.p, "rootfs") || STREQ(type.p, "overlay");
    bool changed = false;
    if (is_api(type.p))
        return false;
    if (!memory && !has_word(m->options, "ro") && !in_container) {
        struct last_step s = { .what = "Remounting read-only", .path = where.p, .flags = kept_flags(m->options) };
        int r = bounded(do_remount_ro, &s, 30);
        changed = r == 0;
        if (r < 0 && last)
            say("Failed to remount %s read-only: %s", where.p, strerror(-r));
        *left += r < 0 && stays(where.p);
    }
    if (stays(where.p))
        return changed;
    struct last_step s = { .what = "Unmounting", .path = where.p, .flags = UMOUNT_NOFOLLOW | (last ? MNT_DETACH : 0) };
    int r = bounded(do_umount, &s, 30);
    if (r == 0) {
        say("Unmounted %s.", where.p);
        return true;
    }
    ++*left;
    if (last) {
        say("Failed to unmount %s: %s", where.p, strerror(-r));
        holder = where.p;
        each_process(find_holder);
    }
    return changed;
}

/* Newest first. The table changes with each step, so it is read again after a change. */
static bool detach_round(bool last, u32 *left)
{
    static u32 starts[4096];
    struct str all = read_table("/proc/self/mountinfo"), rest = all, line;
    u32 n = 0;
    bool changed = false;
    *left = 0;
    while (n < LEN(starts) && (line = str_line(&rest, '\n')).p)
        starts[n++] = (u32)(line.p - all.p);
    while (n-- > 0) {
        struct mount_line m = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
        struct str from = str_from(all, starts[n]);
        if (parse_mount(str_line(&from, '\n'), &m))
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

static void tell_exit_status(const char *channel, const char *status)
{
    BUF(line, 64);
    struct termios t;
    i32 n;
    if (!*channel || parse_int(str_of(status), -1, 255, &n) < 0)
        return;
    int fd = sys_open(channel, O_WRONLY | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return;
    if (sys_ioctl(fd, TCGETS, &t) == 0) {
        t.c_oflag &= ~(unsigned)OPOST;
        (void)sys_ioctl(fd, TCSETS, &t);
    }
    buf_fmt(&line, "EXIT_STATUS=%d\n", MAX(n, 0));
    (void)sys_write(fd, line.p, line.n);
    (void)sys_ioctl(fd, TCSBRK, (void *)1);      /* drain: bytes must be out before the power is */
}

static void ask_kernel(const char *verb, const char *arg)
{
    if (STREQ(verb, "kexec"))
        (void)sys_reboot(LINUX_REBOOT_CMD_KEXEC, NULL);
    if (STREQ(verb, "halt"))
        (void)sys_reboot(LINUX_REBOOT_CMD_HALT, NULL);
    if (STREQ(verb, "poweroff") || STREQ(verb, "exit"))
        (void)sys_reboot(LINUX_REBOOT_CMD_POWER_OFF, NULL);
    if (*arg)
        (void)sys_reboot(LINUX_REBOOT_CMD_RESTART2, arg);
    (void)sys_reboot(LINUX_REBOOT_CMD_RESTART, NULL);
}

int shutdown_main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "poweroff", *status = argc > 2 ? argv[2] : "-1";
    const char *arg = argc > 3 ? argv[3] : "", *channel = argc > 4 ? argv[4] : "";
    struct death d;
    i32 code;
    if (sys_getpid() != 1)
        return 1;
    in_container = argc > 5 && *argv[5];
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
    tell_exit_status(channel, status);
    say("%s.", STREQ(verb, "reboot") ? "Rebooting" : STREQ(verb, "halt") ? "Halting system" : STREQ(verb, "kexec")
        ? "Rebooting with kexec" : "Powering off");
    if (in_container)
        return parse_int(str_of(status), 0, 255, &code) == 0 ? code : 0;
    pid_t pid = sys_fork();
    if (pid == 0) {
        ask_kernel(verb, arg);
        sys_exit(1);
    }
    if (pid > 0)
        (void)sys_wait(pid, &d);
    /* Halted, or in a namespace where nobody may reboot: the end of PID 1 is the end of it. */
    if (pid > 0 && d.status == 1)
        return parse_int(str_of(status), 0, 255, &code) == 0 ? code : 0;
    for (;;)
        (void)sys_signal_wait(0, 1000000);
}
