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

static bool exists(const char *path)
{
    struct stat st;
    return sys_stat(path, &st) == 0;
}

static bool dir_not_empty(const char *path)
{
    struct dir d;
    struct dirent *e;
    dir_open(&d, path);
    while ((e = dir_next(&d)) && e->d_name[0] == '.')
        ;
    dir_close(&d);
    return e;
}

static bool is_mount_point(const char *path, const struct stat *here)
{
    struct stat up;
    char parent[PATH_BYTES];
    return sys_stat(path_fmt(parent, "%s/..", path), &up) == 0 && (here->st_dev != up.st_dev || here->st_ino == up.st_ino);
}

/* /usr is newer than the stamp in the folder. */
static bool needs_update(const char *path)
{
    struct stat usr, stamp;
    char file[PATH_BYTES];
    return sys_stat("/usr", &usr) == 0
        && (sys_stat(path_fmt(file, "%s/.updated", path), &stamp) < 0 || usr.st_mtim.tv_sec > stamp.st_mtim.tv_sec);
}

static int found(const char *path)
{
    (void)path;
    return -EEXIST;
}

static bool path_condition(u32 type, const char *path)
{
    struct stat st;
    struct statfs fs;
    bool there = (type == COND_PATH_IS_SYMBOLIC_LINK ? sys_lstat : sys_stat)(path, &st) == 0;
    switch (type) {
    case COND_PATH_EXISTS_GLOB: return glob_each(path, true, found) == -EEXIST;
    case COND_PATH_IS_READ_WRITE: return sys_statfs(path, &fs) == 0 && !(fs.f_flags & ST_RDONLY);
    case COND_DIRECTORY_NOT_EMPTY: return dir_not_empty(path);
    case COND_NEEDS_UPDATE: return needs_update(path);
    }
    if (!there)
        return false;
    switch (type) {
    case COND_PATH_IS_DIRECTORY: return S_ISDIR(st.st_mode);
    case COND_PATH_IS_SYMBOLIC_LINK: return S_ISLNK(st.st_mode);
    case COND_PATH_IS_MOUNT_POINT: return is_mount_point(path, &st);
    case COND_FILE_NOT_EMPTY: return S_ISREG(st.st_mode) && st.st_size > 0;
    case COND_FILE_IS_EXECUTABLE: return S_ISREG(st.st_mode) && st.st_mode & 0111;
    default: return true;
    }
}

/* ---- the machine --------------------------------------------------------------------------- */

/* Of a text of pairs: the second of the first pair whose first word is `text`, or begins it. */
static const char *pair_of(const char *pairs, const char *text, bool begins)
{
    for (EACH(word, pairs)) {
        const char *rest = z_after(text, word);
        word += strlen(word) + 1;
        if (rest && (begins || !*rest))
            return word;
    }
    return NULL;
}

static bool truth_is(const char *want, bool have)
{
    bool truth;
    return parse_bool(str_of(want), &truth) == 0 && truth == have;
}

/* systemd-detect-virt(1), by the traces that need no privileged instruction. */
static const char *virtualization(bool *container)
{
    static const char vendors[] =
        "KVM\0kvm\0Amazon EC2\0amazon\0QEMU\0qemu\0VMware\0vmware\0VMW\0vmware\0innotek GmbH\0oracle\0"
        "VirtualBox\0oracle\0Xen\0xen\0Bochs\0bochs\0Parallels\0parallels\0BHYVE\0bhyve\0"
        "Hyper-V\0microsoft\0Google Compute Engine\0google\0";
    static char text[256];
    *container = true;
    if (file_get("/run/systemd/container", text, sizeof text) > 0) {
        text[strcspn(text, "\n")] = 0;
        return text;
    }
    if (exists("/run/.containerenv"))
        return "podman";
    if (exists("/.dockerenv"))
        return "docker";
    *container = false;
    for (EACH(name, "product_name\0sys_vendor\0board_vendor\0bios_vendor\0")) {
        char path[PATH_BYTES];
        (void)file_get(path_fmt(path, "/sys/class/dmi/id/%s", name), text, sizeof text);
        const char *id = pair_of(vendors, text, true);
        if (id)
            return id;
    }
    (void)file_get("/sys/hypervisor/type", text, sizeof text);
    return z_after(text, "xen") ? "xen" : "none";
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
        return file_get("/proc/self/uid_map", map, sizeof map) > 0
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
    struct dir d;
    char text[32];
    bool any = false, online = false;
    dir_open(&d, "/sys/class/power_supply");
    for (struct dirent *e; (e = dir_next(&d));) {
        char path[PATH_BYTES];
        any |= file_get(path_fmt(path, "/sys/class/power_supply/%s/online", e->d_name), text, sizeof text) > 0;
        online |= text[0] == '1';
    }
    return online || !any;
}

static bool capability_in_bounding_set(const char *want)
{
    i32 which;
    return parse_capability(str_of(want), &which) == 0 && sys_prctl(23 /* PR_CAPBSET_READ */, (u32)which, 0) == 1;
}

static bool security_is(const char *want)
{
    const char *path = pair_of("selinux\0/sys/fs/selinux\0apparmor\0/sys/kernel/security/apparmor\0"
                               "smack\0/sys/fs/smackfs\0tomoyo\0/sys/kernel/security/tomoyo/version\0"
                               "ima\0/sys/kernel/security/ima\0uefi-secureboot\0/sys/firmware/efi/secureboot\0"
                               "tpm2\0/sys/class/tpmrm/tpmrm0\0", want, false);
    return path && exists(path);
}

enum { LESS = 1, EQUAL = 2, MORE = 4 };

/* Takes an operator at the front of *z: which outcomes of a comparison it accepts; none: 0. */
static u32 take_operator(const char **z)
{
    static const struct { char op[3]; u8 accepts; } ops[] = {
        { "<=", LESS | EQUAL }, { ">=", MORE | EQUAL }, { "!=", LESS | MORE },
        { "<", LESS }, { ">", MORE }, { "=", EQUAL },
    };
    for (u32 i = 0; i < LEN(ops); i++) {
        const char *rest = z_after(*z, ops[i].op);
        if (!rest)
            continue;
        *z = rest;
        return ops[i].accepts;
    }
    return 0;
}

static u32 compare(u64 a, u64 b) { return a < b ? LESS : a == b ? EQUAL : MORE; }

/* "< 5.10", ">= 6", or a glob on the release. */
static bool kernel_version_is(const char *want)
{
    struct utsname u;
    if (sys_uname(&u) < 0)
        return false;
    u32 accepts = take_operator(&want), order = EQUAL;
    if (!accepts)
        return glob_match(want, u.release);
    struct str a = str_of(u.release), b = str_trim(str_of(want)), y;
    while (order == EQUAL && (y = str_word(&b, ".-")).p) {
        u64 m = 0, n = 0;
        struct str x = str_word(&a, ".-");
        if (parse_u64(x, 10, &m) < 0 || parse_u64(y, 10, &n) < 0)
            break;
        order = compare(m, n);
    }
    return accepts & order;
}

/* "5", ">= 2", "< 4G" against a number. */
static bool compare_number(const char *want, u64 have, bool size)
{
    u64 n;
    want += strspn(want, BLANKS);
    u32 accepts = take_operator(&want);
    struct str s = str_trim(str_of(want));
    if ((size ? parse_size(s, 1024, &n) : parse_u64(s, 10, &n)) < 0)
        return false;
    return (accepts ? accepts : MORE | EQUAL) & compare(have, n);
}

u64 machine_memory(void)
{
    char text[256];
    u64 kib = 0;
    if (file_get("/proc/meminfo", text, sizeof text) > 0) {
        struct str rest = str_of(text);
        (void)str_word(&rest, " ");
        (void)parse_u64(str_word(&rest, " "), 10, &kib);
    }
    return kib * 1024;
}

static bool cpus_are(const char *want)
{
    char text[4096];
    u64 n = 0;
    struct str rest = { NULL, 0 }, word;
    if (file_get("/proc/stat", text, sizeof text) > 0)
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
    ssize_t n = file_get("/proc/self/environ", env, sizeof env);
    size_t len = strlen(want);
    for (char *p = env; n > 0 && p < env + n; p += strlen(p) + 1)
        if (strncmp(p, want, len) == 0 && (!p[len] || (!strchr(want, '=') && p[len] == '=')))
            return true;
    return false;
}

static bool machine_condition(u32 type, const char *want)
{
    switch (type) {
    case COND_KERNEL_COMMAND_LINE: return kernel_word(want);
    case COND_VIRTUALIZATION: return virtualization_is(want);
    case COND_CAPABILITY: return capability_in_bounding_set(want);
    case COND_AC_POWER: return truth_is(want, on_ac_power());
    case COND_SECURITY: return security_is(want);
    case COND_FIRST_BOOT: return truth_is(want, exists("/run/systemd/first-boot"));
    case COND_HOST: return host_is('H', want) || host_is('m', want);
    case COND_ARCHITECTURE: return host_is('a', STREQ(want, "native") ? "*" : want);
    case COND_KERNEL_VERSION: return kernel_version_is(want);
    case COND_USER:
    case COND_GROUP: return STREQ(want, "root") || STREQ(want, "0") || STREQ(want, "@system");
    case COND_MEMORY: return compare_number(want, machine_memory(), true);
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
