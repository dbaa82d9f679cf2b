/* SPDX-License-Identifier: 0BSD
 *
 * From the kernel's hand-over to the first transaction: descriptors, the API file systems, console,
 * identity, limits, our own sockets, then units. Nothing here is fatal: each step that cannot be
 * taken (a container, an old kernel, a read-only tree) is told once and left out. */
#include "run.h"

#include <linux/reboot.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>

/* ---- mounts -------------------------------------------------------------------------------- */

/* systemd's table (mount-setup.c), flag for flag: no nodev on /dev (device nodes) nor noexec (mmap of
 * /dev/zero in old X servers), exec on /run (generators) and /dev/shm; the size limits keep a program
 * that writes to a misspelt /dev/null from filling memory. Of each: its type; where it goes; its flags,
 * beside nosuid: x noexec, d nodev, s strictatime, and c: also wanted in a container; its options; those
 * for an older kernel. */
static const char api_mounts[] =
    "proc\0/proc\0cxd\0\0\0" "sysfs\0/sys\0cxd\0\0\0" "devtmpfs\0/dev\0cs\0mode=755,size=4m\0mode=755\0"
    "securityfs\0/sys/kernel/security\0xd\0\0\0" "tmpfs\0/dev/shm\0cds\0mode=1777\0\0"
    "devpts\0/dev/pts\0cx\0mode=620,gid=5\0mode=620\0" "tmpfs\0/run\0cds\0mode=755,size=20%,nr_inodes=800k\0mode=755\0"
    "cgroup2\0/sys/fs/cgroup\0cxd\0nsdelegate,memory_recursiveprot\0nsdelegate\0" "pstore\0/sys/fs/pstore\0xd\0\0\0"
    "efivarfs\0/sys/firmware/efi/efivars\0xd\0\0\0" "bpf\0/sys/fs/bpf\0xd\0mode=700\0\0";

static bool is_mounted(const char *path)
{
    struct stat here, up;
    BUF(parent, 128);
    buf_fmt(&parent, "%s/..", path);
    return sys_stat(path, &here) == 0 && sys_stat(buf_end(&parent), &up) == 0 && here.st_dev != up.st_dev;
}

static void mount_api(const char *type, const char *where, const char *letters, const char *data, const char *fallback)
{
    bool wanted = strchr(letters, 'c');
    unsigned long flags = MS_NOSUID | (strchr(letters, 'x') ? MS_NOEXEC : 0) | (strchr(letters, 'd') ? MS_NODEV : 0)
                        | (strchr(letters, 's') ? MS_STRICTATIME : 0);
    if ((manager.in_container && !wanted) || is_mounted(where))
        return;
    (void)sys_mkdir(where, 0755);
    int r = sys_mount(type, where, type, flags, data);
    if (r == -EINVAL)
        r = sys_mount(type, where, type, flags, fallback);
    if (r == -EINVAL)
        r = sys_mount(type, where, type, flags, NULL);
    /* Kernels without securityfs, pstore or bpf are common: not worth a word. */
    if (r < 0 && r != -ENODEV && r != -ENOENT && wanted)
        log_line(LOG_WARNING, "Failed to mount %s at %s: %s", type, where, strerror(-r));
}

static void mount_api_all(void)
{
    for (const char *field[5] = { api_mounts }; *field[0]; field[0] = z_next(field[4])) {
        for (u32 i = 1; i < LEN(field); i++)
            field[i] = z_next(field[i - 1]);
        mount_api(field[0], field[1], field[2], field[3], field[4]);
    }
}

static void make_dev(void)
{
    for (EACH(link, "/dev/core\0/proc/kcore\0/dev/fd\0/proc/self/fd\0/dev/stdin\0/proc/self/fd/0\0"
                    "/dev/stdout\0/proc/self/fd/1\0/dev/stderr\0/proc/self/fd/2\0")) {
        const char *to = z_next(link);
        (void)sys_symlink(to, link);
        link = to;
    }
    /* Only where no devtmpfs could be mounted: -EEXIST otherwise. */
    (void)sys_mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3));
    (void)sys_mknod("/dev/console", S_IFCHR | 0600, makedev(5, 1));
    (void)sys_mknod("/dev/kmsg", S_IFCHR | 0644, makedev(1, 11));
}

static void make_run(void)
{
    for (EACH(dir, "/run/systemd\0/run/systemd/system\0/run/systemd/journal\0/run/lock\0"))
        (void)sys_mkdir(dir, 0755);
    if (manager.in_container)
        return;
    /* Mounts of the host are seen in the namespaces of services (systemd.exec(5), MountFlags=). */
    (void)sys_mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
}

/* ---- descriptors --------------------------------------------------------------------------- */

/* The kernel may start us with some of 0, 1 and 2 closed: what we open next must not become one. What
 * somebody left open above them (a container's runtime) would go on to every service. */
static void repair_descriptors(void)
{
    struct stat st;
    for (int fd = 0; fd <= 2; fd++)
        if (sys_fstat(fd, &st) == -EBADF && sys_open("/dev/null", O_RDWR) < 0)
            (void)sys_open("/", O_PATH);
    (void)sys_close_range(3, ~0u);
}

/* Out of the way of 3, 4 and so on, which children are given. */
static int high(int fd)
{
    int above = fd < 0 ? fd : sys_dup_above(fd, 16);
    sys_close(fd);
    return above;
}

static void own_descriptors(void)
{
    exec_fds.null = high(sys_open("/dev/null", O_RDWR | O_NOCTTY));
    for (int fd = 0; fd <= 2 && exec_fds.null >= 0; fd++)
        (void)sys_dup_to(exec_fds.null, fd, false);
    exec_fds.self = high(sys_open("/proc/self/exe", O_PATH));
    if (exec_fds.self < 0)
        exec_fds.self = high(sys_open(manager.exec_path, O_PATH));
    log_to.kmsg_fd = sys_open("/dev/kmsg", O_WRONLY | O_NOCTTY);
}

static void warn(int r, const char *what)
{
    if (r < 0)
        log_line(LOG_WARNING, "%s: %s", what, strerror(-r));
}

/* ---- identity ------------------------------------------------------------------------------ */

static void set_hostname(const char *from_cmdline)
{
    char text[256] = "";
    struct utsname u;
    if (!z_copy(text, sizeof text, str_of(from_cmdline)) || !text[0])
        (void)file_line("/etc/hostname", text, sizeof text);
    if (!text[0] && sys_uname(&u) == 0 && u.nodename[0] && !STREQ(u.nodename, "(none)"))
        return;                          /* the kernel or a container has given us one */
    if (!text[0] || text[0] == '#')
        z_copy(text, sizeof text, S("localhost"));
    struct str name = str_trim(str_of(text));
    (void)sys_sethostname(name.p, MIN(name.n, 64u));
}

/* The kernel gives lo 127.0.0.1 and ::1 when it comes up. */
static void loopback_up(void)
{
    struct ifreq req = { .ifr_name = "lo" };
    int fd = sys_socket(AF_INET, SOCK_DGRAM, 0);
    int r = fd < 0 ? fd : sys_ioctl(fd, SIOCGIFFLAGS, &req);
    if (r >= 0 && !(req.ifr_flags & IFF_UP)) {
        req.ifr_flags |= IFF_UP;
        r = sys_ioctl(fd, SIOCSIFFLAGS, &req);
    }
    if (r != -EAFNOSUPPORT)
        warn(r, "Failed to bring up the loopback device");
    sys_close(fd);
}

static bool id_valid(const char *text)
{
    u32 n = 0;
    bool zero = true;
    for (; text[n]; n++) {
        if (parse_hex(text[n]) < 0)
            return false;
        zero &= text[n] == '0';
    }
    return n == 32 && !zero;
}

static void make_id(char *id)
{
    struct buf b = { id, 0, 33, false };
    new_invocation(0);                   /* the one of no unit: random bytes of the same form */
    for (u32 i = 0; i < 16; i++)
        buf_fmt(&b, "%02x", RT(0)->invocation[i]);
    buf_end(&b);
}

static int write_id(const char *path, const char *id)
{
    BUF(line, 40);
    buf_fmt(&line, "%s\n", id);
    return file_put(path, (struct str){ line.p, line.n }, 0444);
}

/* machine-id(5). Where /etc cannot be written the id lies in /run, bound over the file if there is
 * one; remounting the root (helper/remount.c) writes it down once that can be. */
static void set_machine_id(const char *from_cmdline)
{
    char text[64], id[33];
    ssize_t n = file_line("/etc/machine-id", text, sizeof text);
    if (id_valid(text))
        return;
    if (n < 0 || STREQ(text, "uninitialized"))
        write_id("/run/systemd/first-boot", "");
    if (id_valid(from_cmdline))
        z_copy(id, sizeof id, str_of(from_cmdline));
    else
        make_id(id);
    if (write_id("/etc/machine-id", id) == 0)
        return;
    if (write_id("/run/machine-id", id) < 0 || n < 0)
        return;
    int r = sys_mount("/run/machine-id", "/etc/machine-id", NULL, MS_BIND, NULL);
    if (r == 0)
        r = sys_mount(NULL, "/etc/machine-id", NULL, MS_BIND | MS_RDONLY | MS_REMOUNT, NULL);
    warn(r, "Failed to bind /run/machine-id over /etc/machine-id");
}

static void raise_limits(void)
{
    char text[32];
    u64 most = 1048576;
    struct rlimit limit;
    if (file_line("/proc/sys/fs/nr_open", text, sizeof text) > 0)
        (void)parse_u64(str_of(text), 10, &most);
    limit = (struct rlimit){ most, most };
    if (sys_setrlimit(RLIMIT_NOFILE, &limit, NULL) < 0 && sys_setrlimit(RLIMIT_NOFILE, NULL, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)sys_setrlimit(RLIMIT_NOFILE, &limit, NULL);
    }
    (void)file_put("/proc/sys/net/unix/max_dgram_qlen", S("512"), 0);
    (void)file_put("/proc/sys/kernel/printk_devkmsg", S("on\n"), 0);
}

static void own_cgroup(void)
{
    struct statfs fs;
    if (sys_statfs("/sys/fs/cgroup", &fs) < 0 || fs.f_type != 0x63677270 /* CGROUP2_SUPER_MAGIC */)
        return;
    int r = sys_mkdir("/sys/fs/cgroup/init.scope", 0755);
    exec_cgroups = r == 0 || r == -EEXIST;
    if (!exec_cgroups)
        log_line(LOG_WARNING, "The cgroup tree cannot be written (%s): services are tracked by their sessions.", strerror(-r));
}

/* ---- the kernel command line --------------------------------------------------------------- */

struct boot_options { char target[UNIT_NAME_BYTES], hostname[256], machine_id[64]; };
static struct boot_options options;

/* Words that stand alone and choose a target, as sysvinit and systemd know them. NULL: it is none of them. */
static const char *target_of(const char *word)
{
    return z_in("emergency\0-b\0", word) ? "emergency.target" : z_in("rescue\0single\0-s\0s\0S\0" "1\0", word) ? "rescue.target"
         : z_in("2\0" "3\0" "4\0", word) ? "multi-user.target" : STREQ(word, "5") ? "graphical.target" : NULL;
}

static void add_env(const char *assignment)
{
    static char space[8192];
    static u32 used;
    size_t n = strlen(assignment) + 1, name = strcspn(assignment, "=") + 1;
    if (exec_env_n == MANAGER_ENV_MAX || n > sizeof space - used || name >= n) {
        log_line(LOG_WARNING, "systemd.setenv=%s: not an assignment, or limit MANAGER_ENV_MAX reached (limits.h).", assignment);
        return;
    }
    memcpy(space + used, assignment, n);
    u32 i = 0;
    while (i < exec_env_n && strncmp(exec_env[i], assignment, name) != 0)
        i++;
    exec_env[i] = space + used;
    exec_env_n += i == exec_env_n;
    used += (u32)n;
}

/* "systemd.<key>=" */
static void take_systemd(const char *key, const char *value)
{
    i32 level;
    bool flag;
    struct str v = str_of(value);
    if (cmdline_key_is(key, "log_color"))
        manager.no_color = parse_bool(v, &flag) == 0 && !flag;
    if (!value)
        return;
    if (cmdline_key_is(key, "unit"))
        z_copy(options.target, sizeof options.target, v);
    else if (cmdline_key_is(key, "setenv"))
        add_env(value);
    else if (cmdline_key_is(key, "hostname"))
        z_copy(options.hostname, sizeof options.hostname, v);
    else if (cmdline_key_is(key, "machine_id"))
        z_copy(options.machine_id, sizeof options.machine_id, v);
    else if (cmdline_key_is(key, "show_status") && parse_bool(v, &flag) == 0)
        manager.quiet = !flag;
    else if (cmdline_key_is(key, "log_level") && name_find(level_names, v, &level) == 0)
        log_to.max = (enum level)level;
}

static void take_option(const char *key, const char *value)
{
    const char *of_systemd = z_after(key, "systemd.");
    if (of_systemd)
        take_systemd(of_systemd, value);
    else if (!value && STREQ(key, "quiet"))
        manager.quiet = true;
    else if (!value && STREQ(key, "debug"))
        log_to.max = LOG_DEBUG;
    else if (value && cmdline_key_is(key, "pith.exit"))
        z_copy(manager.exit_channel, sizeof manager.exit_channel, str_of(value));
    else if (value && STREQ(key, "TERM"))
        manager.no_color |= STREQ(value, "dumb");
}

static void read_command_line(void)
{
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    bool initrd = in_initrd();
    while (cmdline_next(&c) > 0) {
        /* In an initrd what chooses a target is meant for the system behind it, unless it says rd. */
        const char *rd = z_after(c.key, "rd."), *key = initrd && rd ? rd : c.key;
        if (initrd ? rd || !cmdline_key_is(c.key, "systemd.unit") : !rd)
            take_option(key, c.value);
        const char *target = initrd && !rd ? NULL : target_of(key);
        if (target && !c.value)
            z_copy(options.target, sizeof options.target, str_of(target));
    }
}

/* ---- sockets and watches ------------------------------------------------------------------- */

int socket_at(const char *path, int type, mode_t mode)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = sys_socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
    z_copy(a.sun_path, sizeof a.sun_path, str_of(path));
    if (fd < 0)
        return fd;
    (void)sys_unlink(path);
    int r = sys_bind(fd, (const void *)&a, sizeof a);
    if (r == 0 && type == SOCK_STREAM)
        r = sys_listen(fd, 4096);
    if (r == 0)
        r = sys_chmod(path, mode);
    if (r == 0)
        return fd;
    sys_close(fd);
    return r;
}

int control_fd = -1;
int control_open(void) { return control_fd = socket_at(BUS_SOCKET, SOCK_STREAM, 0666); }

static void watch(int fd, u32 events, u8 kind, const char *what)
{
    warn(fd < 0 ? fd : watch_add(fd, events, kind, 0), what);
}

static void open_sources(void)
{
    int pair[2] = { -1, -1 }, report[2] = { -1, -1 }, idle[2] = { -1, -1 };
    watch_init();
    conns_init();
    (void)sys_pipe(report, O_NONBLOCK);
    (void)sys_pipe(idle, O_NONBLOCK);
    exec_fds.report = high(report[1]);
    exec_fds.idle_read = idle[0];
    exec_fds.idle_write = idle[1];
    inotify_fd = sys_inotify_init();
    watch(sys_signalfd(~0ull), EPOLLIN, WATCH_SIGNALS, "signals");
    watch(report[0], EPOLLIN, WATCH_REPORT, "reports of children");
    watch(inotify_fd, EPOLLIN, WATCH_INOTIFY, "inotify");
    watch(notify_open(), EPOLLIN, WATCH_NOTIFY, "/run/systemd/notify");
    watch(mounts_open(), EPOLLPRI, WATCH_MOUNTINFO, "/proc/self/mountinfo");
    watch(swaps_open(), EPOLLPRI, WATCH_SWAPS, "/proc/swaps");
    watch(control_open(), EPOLLIN, WATCH_CONTROL, BUS_SOCKET);
    if (!manager.in_container)
        watch(uevents_open(), EPOLLIN, WATCH_UEVENT, "uevents");
    exec_fds.journal_listen = high(socket_at("/run/systemd/journal/stdout", SOCK_STREAM, 0666));
    if (sys_socketpair(AF_UNIX, SOCK_DGRAM, pair) == 0) {
        exec_fds.log_read = high(pair[1]);
        manager.log_socket = pair[0];
    }
}

/* ---- early boot ---------------------------------------------------------------------------- */

static bool detect_container(char **envp)
{
    for (; *envp; envp++)
        if (z_after(*envp, "container=") && (*envp)[10])
            return true;
    for (EACH(sign, "/run/systemd/container\0/run/.containerenv\0/.dockerenv\0/run/host/container-manager\0"))
        if (sys_access(sign, 0) == 0)
            return true;
    return false;
}

/* A container's kernel command line is the host's; ours are the words we were started with. */
static void take_arguments(int argc, char **argv)
{
    BUF(line, 4096);
    for (int i = 1; i < argc; i++)
        buf_fmt(&line, "\"%s\" ", argv[i]);
    cmdline_set(buf_end(&line));
}

void boot_machine(int argc, char **argv)
{
    manager.exit_status = manager.log_socket = -1;      /* here, not there: 8 KiB of .bss stay out of the file */
    (void)sys_sigmask(SIG_SETMASK, ~0ull, NULL);
    repair_descriptors();
    manager.userspace_at = sys_now();
    manager.exec_path = argv[0];
    exec_own_env = argv + argc + 1;      /* the environment lies behind argv */
    manager.in_container = detect_container(exec_own_env);
    if (manager.in_container)
        take_arguments(argc, argv);
    log_to.ident = "pith[1]";
    (void)sys_umask(0);
    (void)sys_chdir("/");
    (void)sys_setsid();
    mount_api_all();
    make_dev();
    own_descriptors();
    make_run();
    if (!manager.in_container) {
        (void)sys_settimezone_utc();     /* seals the kernel's "time warp": the RTC runs in UTC */
        (void)sys_reboot(LINUX_REBOOT_CMD_CAD_OFF, NULL);
    }
    add_env("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    read_command_line();
    console_open();
    console_sane();
    set_hostname(options.hostname);
    loopback_up();
    set_machine_id(options.machine_id);
    raise_limits();
    own_cgroup();
    open_sources();
}

/* ---- units --------------------------------------------------------------------------------- */

/* Units that are up before anything is started, by what they are. */
static void adopt_what_is_there(void)
{
    for (EACH(slice, "-.slice\0system.slice\0")) {
        unit_id id = unit_get(str_of(slice));
        load_pending();
        if (id && unit_active[id] == INACTIVE)
            set_state(id, SI_ACTIVE);
    }
    mounts_read();
    swaps_read();
}

static bool try_target(const char *name, int mode)
{
    struct report r = { 0 };
    int error = start_by_name(name, JOB_START, mode, &r);
    log_report(&r);
    if (error < 0)                       /* what may not be isolated is started beside the rest */
        log_line(mode == MODE_ISOLATE ? LOG_DEBUG : LOG_ERR, "Failed to start %s: %s", name, r.error);
    return error == 0;
}

/* What the kernel command line says is to be booted. */
const char *boot_target(void)
{
    static char text[UNIT_NAME_BYTES];
    struct buf name = BUF_OVER(text);
    if (options.target[0] && unit_name_mangle(str_of(options.target), false, ".target", &name) >= 0)
        return buf_end(&name);
    return options.target[0] ? options.target : in_initrd() ? "initrd.target" : "default.target";
}

void boot_units(void)
{
    const char *target = boot_target();
    status_line(STATUS_NORMAL, NULL, NULL, console_color() ? "\nWelcome to \033[1m%s\033[0m!\n" : "\nWelcome to %s!\n", os_name());
    (void)generate_all(target);
    index_build();
    adopt_what_is_there();
    make_first_disk_links();
    load_compact();
    settle();
    manager.booting = true;
    if (try_target(target, MODE_ISOLATE) || try_target(target, MODE_REPLACE))
        return;
    status_line(STATUS_NOTICE, "0;1;31", "FAILED", "%s cannot be started, falling back to rescue.target.", target);
    if (!try_target("rescue.target", MODE_REPLACE))
        (void)try_target("emergency.target", MODE_REPLACE);
}

/* PRETTY_NAME of os-release(5). */
const char *os_name(void)
{
    static char name[128];
    char *text;
    u32 n;
    if (file_read(in_initrd() ? "/etc/initrd-release" : "/etc/os-release", &text, &n) < 0
        && file_read("/usr/lib/os-release", &text, &n) < 0)
        return "Linux";
    struct str value = file_value((struct str){ text, n }, "PRETTY_NAME");
    struct buf b = BUF_OVER(name);
    return word_next(&value, "\n", WORD_UNQUOTE, &b) > 0 ? buf_end(&b) : "Linux";
}

static void put_part(struct buf *b, usec t, const char *what)
{
    buf_span(b, t, USEC_MS);
    buf_fmt(b, " (%s)", what);
}

/* Once, when the last job of the boot is done. */
void boot_finished_check(void)
{
    if (manager.finished || jobs_n || !manager.booting)
        return;
    BUF(line, 256);
    BUF(total, 64);
    manager.finished = true;
    manager.finished_at = sys_now();
    put_part(&line, manager.userspace_at, "kernel");
    buf_z(&line, " + ");
    put_part(&line, manager.finished_at - manager.userspace_at, "userspace");
    buf_span(&total, manager.finished_at, USEC_MS);
    log_line(LOG_INFO, "Startup finished in %s = %s.", buf_end(&line), buf_end(&total));
    control_startup_finished();
    if (exec_fds.idle_write >= 0) {
        sys_close(exec_fds.idle_write);
        sys_close(exec_fds.idle_read);
        exec_fds.idle_read = exec_fds.idle_write = -1;
    }
    manager.tidy_at = manager.finished_at + 100 * USEC_MS;     /* the last children have left our memory by then */
}

/* What nobody should wait for during a boot. */
void boot_tidy(void)
{
    if (exec_cgroups)                    /* moving waits for an RCU grace period, 16 ms */
        (void)file_put("/sys/fs/cgroup/init.scope/cgroup.procs", S("0"), 0);
    trim_memory();
}
