/* SPDX-License-Identifier: 0BSD
 *
 * Condition...= and Assert...= of systemd.unit(5), asked when the unit starts. Looks, changes nothing. */
#include "unit.h"
#include "../sys.h"

#include <dirent.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

/* ---- paths --------------------------------------------------------------------------------- */

static bool dir_not_empty(const char *path)
{
    char dents[1024];
    int fd = sys_open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool found = false;
    for (ssize_t n; !found && (n = sys_getdents(fd, dents, sizeof dents)) > 0;)
        for (ssize_t at = 0; at < n && !found;) {
            struct dirent *d = (void *)(dents + at);
            at += d->d_reclen;
            found = d->d_name[0] != '.';
        }
    sys_close(fd);
    return found;
}

static bool is_mount_point(const char *path)
{
    struct stat here, up;
    BUF(parent, PATH_BYTES);
    buf_fmt(&parent, "%s/..", path);
    if (sys_stat(path, &here) < 0 || sys_stat(buf_end(&parent), &up) < 0)
        return false;
    return here.st_dev != up.st_dev || (here.st_ino == up.st_ino && here.st_dev == up.st_dev);
}

/* One level of a glob: the folder before the part with the pattern is read, the rest is tried on
 * each name that matches. */
static bool glob_exists(const char *pattern, u32 depth)
{
    struct stat st;
    const char *wild = pattern + strcspn(pattern, "*?[");
    if (!*wild)
        return sys_stat(pattern, &st) == 0;
    while (wild > pattern && wild[-1] != '/')
        wild--;
    BUF(folder, PATH_BYTES);
    BUF(part, 256);
    const char *rest = wild + strcspn(wild, "/");
    buf_put(&folder, pattern, (size_t)(wild - pattern));
    buf_put(&part, wild, (size_t)(rest - wild));
    int fd = sys_open(folder.n ? buf_end(&folder) : ".", O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    char dents[2048];
    bool found = false;
    buf_end(&part);
    for (ssize_t n; fd >= 0 && depth && !found && (n = sys_getdents(fd, dents, sizeof dents)) > 0;)
        for (ssize_t at = 0; at < n && !found;) {
            struct dirent *d = (void *)(dents + at);
            at += d->d_reclen;
            if ((d->d_name[0] == '.' && part.p[0] != '.') || !glob_match(part.p, d->d_name))
                continue;
            BUF(next, PATH_BYTES);
            buf_fmt(&next, "%.*s%s%s", (int)folder.n, folder.p, d->d_name, rest);
            found = glob_exists(buf_end(&next), depth - 1);
        }
    if (fd >= 0)
        sys_close(fd);
    return found;
}

static bool path_condition(u32 type, const char *path)
{
    struct stat st;
    struct statfs fs;
    switch (type) {
    case COND_PATH_EXISTS: return sys_stat(path, &st) == 0;
    case COND_PATH_EXISTS_GLOB: return glob_exists(path, 8);
    case COND_PATH_IS_DIRECTORY: return sys_stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    case COND_PATH_IS_SYMBOLIC_LINK: return sys_lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
    case COND_PATH_IS_MOUNT_POINT: return is_mount_point(path);
    case COND_PATH_IS_READ_WRITE: return sys_statfs(path, &fs) == 0 && !(fs.f_flags & ST_RDONLY);
    case COND_DIRECTORY_NOT_EMPTY: return dir_not_empty(path);
    case COND_FILE_NOT_EMPTY: return sys_stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
    case COND_FILE_IS_EXECUTABLE:
        return sys_stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111;
    default: {                           /* COND_NEEDS_UPDATE: /usr is newer than the folder's stamp */
        struct stat usr;
        BUF(stamp, PATH_BYTES);
        buf_fmt(&stamp, "%s/.updated", path);
        if (sys_stat("/usr", &usr) < 0)
            return false;
        return sys_stat(buf_end(&stamp), &st) < 0 || usr.st_mtim.tv_sec > st.st_mtim.tv_sec;
    }
    }
}

/* ---- the machine --------------------------------------------------------------------------- */

static ssize_t read_small(const char *path, char *text, u32 size)
{
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return fd;
    ssize_t n = sys_read(fd, text, size - 1);
    sys_close(fd);
    if (n >= 0)
        text[n] = 0;
    return n;
}

/* systemd-detect-virt(1), by the traces that need no privileged instruction. */
static const char *virtualization(bool *container)
{
    static const struct { const char *trace, *id; } vendors[] = {
        { "KVM", "kvm" }, { "Amazon EC2", "amazon" }, { "QEMU", "qemu" }, { "VMware", "vmware" },
        { "VMW", "vmware" }, { "innotek GmbH", "oracle" }, { "VirtualBox", "oracle" }, { "Xen", "xen" },
        { "Bochs", "bochs" }, { "Parallels", "parallels" }, { "BHYVE", "bhyve" },
        { "Hyper-V", "microsoft" }, { "Google Compute Engine", "google" },
    };
    static const char *const files[] = { "/sys/class/dmi/id/product_name", "/sys/class/dmi/id/sys_vendor",
                                         "/sys/class/dmi/id/board_vendor", "/sys/class/dmi/id/bios_vendor" };
    static char text[256];
    struct stat st;
    *container = true;
    if (read_small("/run/systemd/container", text, sizeof text) > 0) {
        text[strcspn(text, "\n")] = 0;
        return text;
    }
    if (sys_stat("/run/.containerenv", &st) == 0)
        return "podman";
    if (sys_stat("/.dockerenv", &st) == 0)
        return "docker";
    *container = false;
    for (u32 i = 0; i < LEN(files); i++)
        for (u32 k = 0; k < LEN(vendors) && read_small(files[i], text, sizeof text) > 0; k++)
            if (z_after(text, vendors[k].trace))
                return vendors[k].id;
    if (read_small("/sys/hypervisor/type", text, sizeof text) > 0 && z_after(text, "xen"))
        return "xen";
    return "none";
}

static bool virtualization_is(const char *want)
{
    bool container, truth;
    const char *id = virtualization(&container);
    bool none = STREQ(id, "none");
    if (parse_bool(str_of(want), &truth) == 0)
        return truth == !none;
    if (STREQ(want, "vm"))
        return !none && !container;
    if (STREQ(want, "container"))
        return !none && container;
    if (STREQ(want, "private-users")) {
        char map[128];
        return read_small("/proc/self/uid_map", map, sizeof map) > 0
            && !str_starts(str_trim(str_of(map)), "0          0");
    }
    return STREQ(want, id);
}

static bool kernel_word(const char *want)
{
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    bool with_value = strchr(want, '=') != NULL;
    while (cmdline_next(&c) > 0) {
        BUF(whole, 1024);
        buf_fmt(&whole, "%s%s%s", c.key, c.value ? "=" : "", c.value ? c.value : "");
        if (STREQ(with_value ? buf_end(&whole) : c.key, want))
            return true;
    }
    return false;
}

static bool on_ac_power(void)
{
    char dents[2048], text[32];
    bool any = false, online = false;
    int fd = sys_open("/sys/class/power_supply", O_RDONLY | O_DIRECTORY);
    for (ssize_t n; fd >= 0 && (n = sys_getdents(fd, dents, sizeof dents)) > 0;)
        for (ssize_t at = 0; at < n;) {
            struct dirent *d = (void *)(dents + at);
            at += d->d_reclen;
            BUF(path, 512);
            buf_fmt(&path, "/sys/class/power_supply/%s/online", d->d_name);
            if (d->d_name[0] == '.' || read_small(buf_end(&path), text, sizeof text) <= 0)
                continue;
            any = true;
            online |= text[0] == '1';
        }
    if (fd >= 0)
        sys_close(fd);
    return online || !any;
}

static bool capability_in_bounding_set(const char *want)
{
    static const char *const names[] = {
        "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
        "setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw",
        "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
        "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
        "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
        "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
    };
    for (u32 i = 0; i < LEN(names); i++) {
        const char *w = want;
        if ((w[0] | 32) == 'c' && (w[1] | 32) == 'a' && (w[2] | 32) == 'p' && w[3] == '_')
            w += 4;
        u32 k = 0;
        while (w[k] && names[i][k] && (w[k] == '_' ? '_' : w[k] | 32) == names[i][k])
            k++;
        if (!w[k] && !names[i][k])
            return sys_prctl(23 /* PR_CAPBSET_READ */, i, 0) == 1;
    }
    return false;
}

static bool security_is(const char *want)
{
    static const struct { const char *name, *path; } modules[] = {
        { "selinux", "/sys/fs/selinux" }, { "apparmor", "/sys/kernel/security/apparmor" },
        { "smack", "/sys/fs/smackfs" }, { "tomoyo", "/sys/kernel/security/tomoyo/version" },
        { "ima", "/sys/kernel/security/ima" }, { "uefi-secureboot", "/sys/firmware/efi/secureboot" },
        { "tpm2", "/sys/class/tpmrm/tpmrm0" },
    };
    struct stat st;
    for (u32 i = 0; i < LEN(modules); i++)
        if (STREQ(want, modules[i].name))
            return sys_stat(modules[i].path, &st) == 0;
    return false;
}

/* "< 5.10", ">= 6", or a glob on the release. */
static bool kernel_version_is(const char *want)
{
    static const struct { const char *op; bool less, equal, more; } ops[] = {
        { "<=", true, true, false }, { ">=", false, true, true }, { "!=", true, false, true },
        { "<", true, false, false }, { ">", false, false, true }, { "=", false, true, false },
    };
    struct utsname u;
    if (sys_uname(&u) < 0)
        return false;
    for (u32 i = 0; i < LEN(ops); i++) {
        const char *v = z_after(want, ops[i].op);
        if (!v)
            continue;
        struct str a = str_of(u.release), b = str_trim(str_of(v)), x, y;
        while (true) {
            u64 m = 0, n = 0;
            x = str_word(&a, ".-");
            y = str_word(&b, ".-");
            if (!y.p || parse_u64(x, 10, &m) < 0 || parse_u64(y, 10, &n) < 0)
                return ops[i].equal;
            if (m != n)
                return m < n ? ops[i].less : ops[i].more;
        }
    }
    return glob_match(want, u.release);
}

/* "5", ">= 2", "< 4G" against a number. */
static bool compare_number(const char *want, u64 have, bool size)
{
    struct str s = str_trim(str_of(want));
    size_t op = s.n ? strspn(s.p, "<>=!") : 0;
    struct str sign = str_cut(s, op);
    u64 n;
    s = str_trim(str_from(s, op));
    if ((size ? parse_size(s, 1024, &n) : parse_u64(s, 10, &n)) < 0)
        return false;
    if (!sign.n || str_is(sign, ">="))
        return have >= n;
    return str_is(sign, "<") ? have < n : str_is(sign, "<=") ? have <= n : str_is(sign, ">") ? have > n
         : str_is(sign, "!=") ? have != n : have == n;
}

static bool memory_is(const char *want)
{
    char text[256];
    u64 kib = 0;
    if (read_small("/proc/meminfo", text, sizeof text) > 0) {
        struct str rest = str_of(text);
        (void)str_word(&rest, " ");
        (void)parse_u64(str_word(&rest, " "), 10, &kib);
    }
    return compare_number(want, kib * 1024, true);
}

static bool cpus_are(const char *want)
{
    char text[4096];
    u64 n = 0;
    struct str rest = { NULL, 0 }, word;
    if (read_small("/proc/stat", text, sizeof text) > 0)
        rest = str_of(text);
    while ((word = str_word(&rest, "\n")).p)
        n += str_starts(word, "cpu") && word.n > 3 && word.p[3] != ' ';
    return compare_number(want, n, false);
}

static bool host_is(char which, const char *want)
{
    BUF(have, 256);
    const char spec[] = { '%', which, 0 };
    if (specifier_expand(S("x.service"), str_of(spec), &have) < 0)
        return false;
    return glob_match(want, buf_end(&have));
}

static bool environment_has(const char *want)
{
    static char env[8192];
    ssize_t n = read_small("/proc/self/environ", env, sizeof env);
    size_t len = strlen(want);
    for (char *p = env; n > 0 && p < env + n; p += strlen(p) + 1)
        if (strncmp(p, want, len) == 0 && (!p[len] || (!strchr(want, '=') && p[len] == '=')))
            return true;
    return false;
}

static bool machine_condition(u32 type, const char *want)
{
    bool truth;
    struct stat st;
    switch (type) {
    case COND_KERNEL_COMMAND_LINE: return kernel_word(want);
    case COND_VIRTUALIZATION: return virtualization_is(want);
    case COND_CAPABILITY: return capability_in_bounding_set(want);
    case COND_AC_POWER: return parse_bool(str_of(want), &truth) == 0 && truth == on_ac_power();
    case COND_SECURITY: return security_is(want);
    case COND_FIRST_BOOT:
        return parse_bool(str_of(want), &truth) == 0 && truth == (sys_stat("/run/systemd/first-boot", &st) == 0);
    case COND_HOST: return host_is('H', want) || host_is('m', want);
    case COND_ARCHITECTURE: return host_is('a', STREQ(want, "native") ? "*" : want);
    case COND_KERNEL_VERSION: return kernel_version_is(want);
    case COND_USER:
    case COND_GROUP: return STREQ(want, "root") || STREQ(want, "0") || STREQ(want, "@system");
    case COND_MEMORY: return memory_is(want);
    case COND_CPUS: return cpus_are(want);
    default: return environment_has(want);
    }
}

/* All plain ones must hold and, if there are any with "|", one of those. */
bool conditions_met(unit_id id, bool asserts, const struct setting **failed)
{
    bool triggered = false, any_trigger = false;
    const struct setting *first_trigger = NULL;
    *failed = NULL;
    for (const struct setting *s = NULL; (s = setting_next(id, s));) {
        if (s->id >= DIRECTIVES || setters[directives[s->id].setter].value != V_CONDITION
            || asserts != !!(s->w[0] & COND_ASSERT))
            continue;
        u32 type = s->w[0] & 0xff;
        const char *want = text_at(s->w[1]);
        bool holds = (type <= COND_NEEDS_UPDATE ? path_condition(type, want) : machine_condition(type, want))
                  != !!(s->w[0] & COND_NEGATE);
        if (s->w[0] & COND_TRIGGER) {
            any_trigger = true;
            triggered |= holds;
            first_trigger = first_trigger ? first_trigger : s;
        } else if (!holds) {
            *failed = s;
            return false;
        }
    }
    if (any_trigger && !triggered)
        *failed = first_trigger;
    return !any_trigger || triggered;
}
