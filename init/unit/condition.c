/* SPDX-License-Identifier: 0BSD
 *
 * Condition...= and Assert...= of systemd.unit(5), asked when the unit starts. A test says yes, no, or a negative errno:
 * what cannot be told holds in no case, with "!" or without. Looks, changes nothing. */
#include "unit.h"
#include "../sys.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

static const struct condition_env *environment;

/* ---- paths --------------------------------------------------------------------------------- */

static bool exists(const char *path)
{
    struct stat st;
    return sys_stat(path, &st) == 0;
}

static int dir_not_empty(const char *path)
{
    struct dir d;
    struct dirent *e;
    int fd = dir_open(&d, path);
    while ((e = dir_next(&d)) && name_is_hidden(e->d_name))
        ;
    dir_close(&d);
    return fd < 0 ? fd != -ENOENT && fd != -ENOTDIR : e != NULL;
}

/* Which mount a path lies in, and where it really is. */
static int mount_id(const char *path, char *real)
{
    char link[64], text[512];
    struct buf b = BUF_OVER(link);
    u64 id;
    int fd = sys_open(path, O_PATH);
    if (fd < 0)
        return fd;
    buf_fmt(&b, TEXT("/proc/self/fd/%d"), fd);
    if (sys_readlinkat(AT_FDCWD, buf_end(&b), real, PATH_BYTES) < 0)
        *real = 0;
    b.n = 0;
    buf_fmt(&b, TEXT("/proc/self/fdinfo/%d"), fd);
    int r = file_get(buf_end(&b), text, sizeof text);
    sys_close(fd);
    for (struct str rest = str_of(text), line; r > 0 && (line = str_line(&rest, '\n')).p;)
        if (str_starts(line, "mnt_id:") && parse_u64(str_trim(str_from(line, 7)), 10, &id) == 0)
            return (int)id;
    return -ENOENT;
}

static bool is_mount_point(const char *path)
{
    char real[PATH_BYTES], parent[PATH_BYTES], unused[PATH_BYTES];
    int here = mount_id(path, real), slash = str_rfind(str_of(real), '/');
    if (here < 0 || *real != '/')
        return false;
    return STREQ(real, "/") || mount_id(path_fmt(parent, "%.*s", MAX(slash, 1), real), unused) != here;
}

/* A device-mapper device that encrypts, or one that stands on nothing but such a one. */
static bool is_encrypted(const char *path)
{
    struct stat st;
    char sys[PATH_BYTES], text[256], uuid[PATH_BYTES];
    if (sys_stat(path, &st) < 0)
        return false;
    dev_t dev = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
    struct buf b = BUF_OVER(sys);
    buf_fmt(&b, TEXT("/sys/dev/block/%u:%u"), major(dev), minor(dev));
    for (u32 depth = 0; major(dev) && depth < 10; depth++) {
        struct dir d;
        char below[256] = "";
        if (file_get(path_fmt(uuid, "%s/dm/uuid", buf_end(&b)), text, sizeof text) > 0 && z_after(text, "CRYPT-"))
            return true;
        dir_open(&d, path_fmt(uuid, "%s/slaves", buf_end(&b)));
        for (struct dirent *e; (e = dir_next(&d));) {
            bool more = *below;
            if (more)
                dir_close(&d);
            if (more || !z_copy(below, sizeof below, str_of(e->d_name)))
                return false;
        }
        if (!*below)
            return false;
        buf_fmt(&b, "/slaves/%s", below);
    }
    return false;
}

/* What the kernel command line says on that, or whether /usr is newer than the stamp in the folder. */
static bool needs_update(const char *path)
{
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    struct stat usr, stamp;
    struct statfs fs;
    char file[PATH_BYTES], text[256];
    bool forced;
    u64 t;
    while (cmdline_next(&c) > 0)
        if (cmdline_key_is(c.key, "systemd.condition-needs-update") && (!c.value || parse_bool(str_of(c.value), &forced) == 0))
            return c.value ? forced : true;
    if (in_initrd() || (sys_statfs(path, &fs) == 0 && fs.f_flags & ST_RDONLY))
        return false;
    path_fmt(file, "%s/.updated", path);
    if (sys_lstat(file, &stamp) < 0 || sys_lstat("/usr/", &usr) < 0)
        return true;
    if (usr.st_mtim.tv_sec != stamp.st_mtim.tv_sec)
        return usr.st_mtim.tv_sec > stamp.st_mtim.tv_sec;
    if (!usr.st_mtim.tv_nsec || stamp.st_mtim.tv_nsec)
        return usr.st_mtim.tv_nsec > stamp.st_mtim.tv_nsec;
    /* A file system of whole seconds: the exact time stands in the file. */
    (void)file_get(file, text, sizeof text);
    return parse_u64(file_value(str_of(text), "TIMESTAMP_NSEC"), 10, &t) < 0
        || (u64)usr.st_mtim.tv_sec * 1000000000u + (u64)usr.st_mtim.tv_nsec > t;
}

static int found(const char *path)
{
    (void)path;
    return -EEXIST;
}

static int test_path(u32 type, const char *path)
{
    struct stat st;
    struct statfs fs;
    int r;
    switch (type) {
    case COND_PATH_EXISTS_GLOB: return glob_each(path, true, found) == -EEXIST;
    case COND_PATH_IS_READ_WRITE: return (r = sys_statfs(path, &fs)) < 0 ? r != -ENOENT : !(fs.f_flags & ST_RDONLY);
    case COND_DIRECTORY_NOT_EMPTY: return dir_not_empty(path);
    case COND_NEEDS_UPDATE: return needs_update(path);
    case COND_PATH_IS_MOUNT_POINT: return is_mount_point(path);
    case COND_PATH_IS_ENCRYPTED: return is_encrypted(path);
    }
    if ((type == COND_PATH_IS_SYMBOLIC_LINK ? sys_lstat : sys_stat)(path, &st) < 0)
        return false;
    switch (type) {
    case COND_PATH_IS_DIRECTORY: return S_ISDIR(st.st_mode);
    case COND_PATH_IS_SYMBOLIC_LINK: return S_ISLNK(st.st_mode);
    case COND_FILE_NOT_EMPTY: return S_ISREG(st.st_mode) && st.st_size > 0;
    case COND_FILE_IS_EXECUTABLE: return S_ISREG(st.st_mode) && st.st_mode & 0111;
    default: return true;
    }
}

/* ---- comparing ----------------------------------------------------------------------------- */

enum { LESS = 1, EQUAL = 2, MORE = 4, AS_TEXT = 8, AS_GLOB = 16 };

/* Takes an operator at the front of *z: which outcomes of a comparison it accepts, and of what kind that is; none: 0.
 * Numbers have no globs, and "=" of theirs is no comparison of texts. */
static u32 take_operator(const char **z, bool numbers)
{
    static const struct { char op[4]; u8 accepts; } ops[] = {
        { "$=", EQUAL | AS_GLOB }, { "!$=", LESS | MORE | AS_GLOB }, { "<>", LESS | MORE }, { "<=", LESS | EQUAL },
        { ">=", MORE | EQUAL }, { "<", LESS }, { ">", MORE }, { "==", EQUAL }, { "=", EQUAL | AS_TEXT },
        { "!=", LESS | MORE | AS_TEXT },
    };
    for (u32 i = 0; i < LEN(ops); i++) {
        const char *rest = z_after(*z, ops[i].op);
        if (!rest)
            continue;
        if (numbers && ops[i].accepts & AS_GLOB)
            return 0;
        *z = rest;
        return numbers ? ops[i].accepts & ~(u32)AS_TEXT : ops[i].accepts;
    }
    return 0;
}

static u32 compare(u64 a, u64 b) { return a < b ? LESS : a == b ? EQUAL : MORE; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (u8)((c | 32) - 'a') < 26; }

/* Takes a separator off both, if one has it. 0: go on; else who has none is the newer, who has it the older one. */
static u32 take_separator(char c, const char **a, const char **b)
{
    if (**a != c && **b != c)
        return 0;
    u32 order = compare(**a != c, **b != c);
    if (order != EQUAL)
        return order;
    ++*a;
    ++*b;
    return 0;
}

/* A run of digits, or of letters, of both: numbers are newer than words, longer than shorter. */
static u32 compare_run(const char **a, const char **b)
{
    bool digits = is_digit(**a) || is_digit(**b);
    const char *aa = *a, *bb = *b;
    while (digits ? is_digit(*aa) : is_letter(*aa))
        aa++;
    while (digits ? is_digit(*bb) : is_letter(*bb))
        bb++;
    u32 order = digits ? compare(*a != aa, *b != bb) : EQUAL;
    while (digits && **a == '0')
        ++*a;
    while (digits && **b == '0')
        ++*b;
    u64 m = (u64)(aa - *a), n = (u64)(bb - *b);
    int text = strncmp(*a, *b, MIN(m, n));
    u32 by_text = text < 0 ? LESS : text ? MORE : EQUAL;
    u32 first = digits ? compare(m, n) : by_text, second = digits ? by_text : compare(m, n);
    *a = aa;
    *b = bb;
    return order != EQUAL ? order : first != EQUAL ? first : second;
}

/* Versions, in the order of the UAPI group's version format, as strverscmp_improved() of systemd. */
static u32 compare_versions(const char *a, const char *b)
{
    for (;;) {
        u32 order;
        while (*a && !is_digit(*a) && !is_letter(*a) && !strchr("~-^.", *a))
            a++;
        while (*b && !is_digit(*b) && !is_letter(*b) && !strchr("~-^.", *b))
            b++;
        if ((order = take_separator('~', &a, &b)))
            return order;
        if (!*a || !*b)
            return compare((u8)*a, (u8)*b);
        for (const char *c = "-^."; *c; c++)
            if ((order = take_separator(*c, &a, &b)))
                return order;
        if ((order = compare_run(&a, &b)) != EQUAL)
            return order;
    }
}

static bool compare_texts(u32 accepts, const char *have, const char *want)
{
    u32 order = accepts & AS_GLOB ? (glob_match(want, have) ? EQUAL : LESS)
              : accepts & AS_TEXT ? (STREQ(want, have) ? EQUAL : LESS) : compare_versions(have, want);
    return accepts & order;
}

/* "5", ">= 2", "< 4G" against a number. */
static int compare_number(const char *want, u64 have, bool size)
{
    u64 n;
    u32 accepts = take_operator(&want, true);
    struct str s = str_trim(str_of(want));
    int r = size ? parse_size(s, 1024, &n) : parse_u64(s, 0, &n);
    return r < 0 ? r : !!((accepts ? accepts : MORE | EQUAL) & compare(have, n));
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

static int truth_is(const char *want, bool have)
{
    bool truth;
    int r = parse_bool(str_of(want), &truth);
    return r < 0 ? r : truth == have;
}

#if defined(__x86_64__)
#include <cpuid.h>

/* Register, bit and name: 1 ecx, 1 edx, 7 ebx, 80000001 ecx and edx, 80000007 edx are a to f; bits from '0' on. */
static const char cpu_flags[] =
    "a0pni\0a1pclmul\0a3monitor\0a9ssse3\0a<fma3\0a=cx16\0aCsse4_1\0aDsse4_2\0aFmovbe\0aGpopcnt\0aIaes\0aJxsave\0aKosxsave\0"
    "aLavx\0aMf16c\0aNrdrand\0b0fpu\0b1vme\0b2de\0b3pse\0b4tsc\0b5msr\0b6pae\0b7mce\0b8cx8\0b9apic\0b;sep\0b<mtrr\0b=pge\0"
    "b>mca\0b?cmov\0b@pat\0bApse36\0bCclflush\0bGmmx\0bHfxsr\0bIsse\0bJsse2\0bLht\0c3bmi1\0c5avx2\0c8bmi2\0cBrdseed\0cCadx\0"
    "cMsha_ni\0d0lahf_lm\0d5abm\0e;syscall\0eKrdtscp\0eMlm\0f8constant_tsc\0";

static bool cpu_has(const char *want)
{
    u32 r[6] = { 0 }, unused;
    (void)__get_cpuid(1, &unused, &unused, &r[0], &r[1]);
    (void)__get_cpuid_count(7, 0, &unused, &r[2], &unused, &unused);
    (void)__get_cpuid(0x80000001u, &unused, &unused, &r[3], &r[4]);
    (void)__get_cpuid(0x80000007u, &unused, &unused, &unused, &r[5]);
    for (EACH(flag, cpu_flags))
        if (STREQ(flag + 2, want))
            return r[flag[0] - 'a'] >> (flag[1] - '0') & 1;
    return false;
}

/* What the processor says it is played by; "": by nothing. */
static const char *hypervisor(void)
{
    static const char names[] =
        "XenVMMXenVMM\0xen\0KVMKVMKVM\0kvm\0Linux KVM Hv\0kvm\0TCGTCGTCGTCG\0qemu\0VMwareVMware\0vmware\0"
        "Microsoft Hv\0microsoft\0bhyve bhyve \0bhyve\0QNXQVMBSQG\0qnx\0ACRNACRNACRN\0acrn\0SRESRESRESRE\0sre\0"
        "Apple VZ\0apple\0";
    u32 eax, id[4] = { 0 };
    if (!__get_cpuid(1, &eax, &id[0], &id[1], &id[2]) || !(id[1] & 0x80000000u))
        return "";
    memset(id, 0, sizeof id);
    __cpuid(0x40000000u, eax, id[0], id[1], id[2]);
    const char *name = z_lookup(names, (const char *)id);
    return name ? name : "vm-other";
}
#else
static bool cpu_has(const char *want) { return (void)want, false; }
static const char *hypervisor(void) { return ""; }
#endif

static int test_cpu_feature(u32 type, const char *want)
{
    BUF(lower, 32);
    (void)type;
    for (; *want; want++)
        buf_c(&lower, *want >= 'A' && *want <= 'Z' ? *want | 32 : *want);
    return cpu_has(buf_end(&lower));
}

/* systemd-detect-virt(1). */
const char *host_virtualization(bool *container)
{
    static const char vendors[] =
        "KVM\0kvm\0OpenStack\0kvm\0KubeVirt\0kvm\0Amazon EC2\0amazon\0QEMU\0qemu\0VMware\0vmware\0VMW\0vmware\0"
        "innotek GmbH\0oracle\0VirtualBox\0oracle\0Oracle Corporation\0oracle\0Xen\0xen\0Bochs\0bochs\0"
        "Parallels\0parallels\0BHYVE\0bhyve\0Hyper-V\0microsoft\0Apple Virtualization\0apple\0"
        "Google Compute Engine\0google\0";
    static char text[256];
    const char *dmi = "", *cpu;
    *container = true;
    if (file_line("/run/systemd/container", text, sizeof text) > 0)
        return text;
    if (exists("/run/.containerenv"))
        return "podman";
    if (exists("/.dockerenv"))
        return "docker";
    *container = false;
    for (EACH(name, "product_name\0sys_vendor\0board_vendor\0bios_vendor\0product_version\0")) {
        char path[PATH_BYTES];
        (void)file_get(path_fmt(path, "/sys/class/dmi/id/%s", name), text, sizeof text);
        const char *id = *dmi ? NULL : pair_of(vendors, text, true);
        dmi = id ? id : dmi;
    }
    if (z_in("oracle\0xen\0amazon\0parallels\0google\0", dmi))
        return dmi;                      /* these may look like KVM to the processor */
    cpu = hypervisor();
    if (*cpu && !STREQ(cpu, "vm-other"))
        return cpu;
    (void)file_get("/sys/hypervisor/type", text, sizeof text);
    return *dmi ? dmi : z_after(text, "xen") ? "xen" : *cpu ? cpu : "none";
}

static bool has_mapping(const char *file)
{
    char text[256];
    u64 want = 0, n;
    if (file_get(file, text, sizeof text) <= 0)
        return false;
    struct str rest = str_of(text), word;
    for (u32 i = 0; i < 3 && (word = str_word(&rest, BLANKS)).p; i++, want = i == 2 ? UINT32_MAX : 0)
        if (parse_u64(word, 10, &n) < 0 || n != want)
            return true;
    return str_trim(rest).n;
}

static int test_virtualization(u32 type, const char *want)
{
    bool container, truth;
    char text[16];
    (void)type;
    if (STREQ(want, "private-users"))
        return has_mapping("/proc/self/uid_map") || has_mapping("/proc/self/gid_map")
            || (file_line("/proc/self/setgroups", text, sizeof text) > 0 && STREQ(text, "deny"));
    const char *id = host_virtualization(&container);
    bool none = STREQ(id, "none");
    if (parse_bool(str_of(want), &truth) == 0)
        return truth == !none;
    if (STREQ(want, "vm") || STREQ(want, "container"))
        return !none && container == (*want == 'c');
    return !none && STREQ(want, id);
}

static int test_kernel_word(u32 type, const char *want)
{
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    bool with_value = strchr(want, '=') != NULL;
    (void)type;
    while (cmdline_next(&c) > 0) {
        BUF(whole, 4096);
        buf_fmt(&whole, "%s%s%s", c.key, c.value ? "=" : "", c.value ? c.value : "");
        if (STREQ(with_value ? buf_end(&whole) : c.key, want))
            return true;
    }
    return false;
}

/* One power supply: 1 gives power, -1 a battery that is used up, 0 neither. */
static int power_supply(const char *name)
{
    char path[PATH_BYTES], text[32];
    (void)file_line(path_fmt(path, "/sys/class/power_supply/%s/type", name), text, sizeof text);
    bool battery = STREQ(text, "Battery");
    if (file_line(path_fmt(path, "/sys/class/power_supply/%s/%s", name, battery ? "status" : "online"), text, sizeof text) <= 0)
        return 0;
    return battery ? -STREQ(text, "Discharging") : *text != '0';
}

static int test_ac_power(u32 type, const char *want)
{
    struct dir d;
    bool discharging = false, online = false;
    (void)type;
    dir_open(&d, "/sys/class/power_supply");
    for (struct dirent *e; (e = dir_next(&d));) {
        int power = power_supply(e->d_name);
        online |= power > 0;
        discharging |= power < 0;
    }
    return truth_is(want, online || !discharging);
}

static int test_capability(u32 type, const char *want)
{
    i32 which;
    (void)type;
    return parse_capability(str_of(want), &which) < 0 ? -EINVAL : sys_prctl(23 /* PR_CAPBSET_READ */, (u32)which, 0) == 1;
}

static int test_security(u32 type, const char *want)
{
    char text[16];
    bool truth;
    (void)type;
    if (STREQ(want, "apparmor"))
        return file_line("/sys/module/apparmor/parameters/enabled", text, sizeof text) > 0
            && parse_bool(str_of(text), &truth) == 0 && truth;
    if (STREQ(want, "audit")) {
        int fd = sys_socket(16 /* AF_NETLINK */, SOCK_RAW, 9 /* NETLINK_AUDIT */);
        sys_close(fd);
        return fd != -EAFNOSUPPORT && fd != -EPROTONOSUPPORT && fd != -EPERM;
    }
    if (STREQ(want, "uefi-secureboot"))  /* four bytes of attributes, and one of value */
        return file_get("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", text, sizeof text) == 5
            && text[4] == 1;
    if (STREQ(want, "tpm2"))
        return exists("/sys/class/tpmrm") && exists("/sys/firmware/efi")
            && (exists("/sys/firmware/acpi/tables/TPM2") || exists("/sys/kernel/security/tpm0/binary_bios_measurements"));
    const char *path = pair_of("selinux\0/sys/fs/selinux/enforce\0smack\0/sys/fs/smackfs/\0"
                               "tomoyo\0/sys/kernel/security/tomoyo/version\0ima\0/sys/kernel/security/ima/\0", want, false);
    return path && exists(path);
}

static int test_first_boot(u32 type, const char *want) { return (void)type, truth_is(want, exists("/run/systemd/first-boot")); }

/* "< 5.10 >= 5.4", or globs on the release; between the first operator and its value there may be blanks. */
static int test_kernel_version(u32 type, const char *want)
{
    struct utsname u;
    struct str rest = str_of(want);
    BUF(word, 256);
    (void)type;
    if (sys_uname(&u) < 0)
        return -EINVAL;
    for (bool first = true;; first = false) {
        int r = word_next(&rest, BLANKS, WORD_UNQUOTE, &word);
        if (r <= 0)
            return r < 0 ? r : true;
        const char *z = buf_end(&word);
        z += strspn(z, BLANKS);
        u32 accepts = take_operator(&z, false);
        z += strspn(z, BLANKS);
        if (!*z && first && word_next(&rest, BLANKS, 0, &word) > 0)
            z = buf_end(&word);
        if (!*z)
            return -EINVAL;
        if (!compare_texts(accepts ? accepts : EQUAL | AS_GLOB, u.release, z))
            return false;
    }
}

/* ID=debian VERSION_ID>=11 */
static int test_os_release(u32 type, const char *want)
{
    struct str rest = str_of(want);
    BUF(word, 256);
    BUF(have, 512);
    int r;
    (void)type;
    while ((r = word_next(&rest, BLANKS, WORD_UNQUOTE, &word)) > 0) {
        const char *z = buf_end(&word);
        size_t n = strcspn(z, "<>=!$");
        char key[64];
        const char *value = z + n;
        u32 accepts = take_operator(&value, false);
        if (!n || !z_copy(key, sizeof key, (struct str){ z, n }) || !accepts || !*value || strchr(BLANKS, *value))
            return -EINVAL;
        have.n = 0;
        if ((r = specifier_os_field(key, &have)) < 0)
            return r;
        if (!compare_texts(accepts, buf_end(&have), value))
            return false;
    }
    return r < 0 ? r : true;
}

/* Also what a container may use of it: its own root has a limit. */
u64 machine_memory(void)
{
    char text[256];
    u64 kib = 0, limit = UINT64_MAX;
    struct str rest = file_text("/proc/meminfo", text, sizeof text);
    (void)str_word(&rest, " ");
    (void)parse_u64(str_word(&rest, " "), 10, &kib);
    if (file_line("/sys/fs/cgroup/memory.max", text, sizeof text) > 0)
        (void)parse_u64(str_of(text), 10, &limit);
    return MIN(kib * 1024, limit);
}

static int test_memory(u32 type, const char *want) { return (void)type, compare_number(want, machine_memory(), true); }

/* Those that we may run on. */
static int test_cpus(u32 type, const char *want)
{
    char text[4096];
    u64 n = 0;
    (void)type;
    struct str rest = file_text("/proc/self/status", text, sizeof text), line;
    while ((line = str_line(&rest, '\n')).p)
        for (size_t i = 13; str_starts(line, "Cpus_allowed:") && i < line.n; i++)
            n += parse_hex(line.p[i]) > 0 ? (u64)__builtin_popcount((u32)parse_hex(line.p[i])) : 0;
    return compare_number(want, n, false);
}

static void put_host(char which, struct buf *have)
{
    const char spec[] = { '%', which, 0 };
    if (specifier_expand(S("x.service"), str_of(spec), have) < 0)
        have->n = 0;
    for (u32 i = 0; i < have->n; i++)
        have->p[i] |= have->p[i] >= 'A' && have->p[i] <= 'Z' ? 32 : 0;
    buf_end(have);
}

/* A machine id, with or without dashes, or a glob on the host's name, of whatever case. */
static int test_host(u32 type, const char *want)
{
    BUF(have, 256);
    BUF(lower, 256);
    u32 digits = 0;
    bool id = true;
    (void)type;
    for (const char *p = want; *p; p++) {
        digits += parse_hex(*p) >= 0;
        id &= parse_hex(*p) >= 0 || *p == '-';
        buf_c(&lower, *p >= 'A' && *p <= 'Z' ? *p | 32 : *p);
    }
    id &= digits == 32;
    put_host(id ? 'm' : 'H', &have);
    if (!id)
        return glob_match(buf_end(&lower), have.p);
    const char *p = have.p;
    for (u32 i = 0; i < lower.n; i++)
        if (lower.p[i] != '-' && lower.p[i] != *p++)
            return false;
    return true;
}

static int test_architecture(u32 type, const char *want)
{
    BUF(have, 64);
    (void)type;
    put_host('a', &have);
#if defined(__x86_64__)
    return STREQ(STREQ(want, "native") ? "x86-64" : want, have.p);
#elif defined(__aarch64__)
    return STREQ(STREQ(want, "native") ? "arm64" : want, have.p);
#else
    return STREQ(want, "native") || STREQ(want, have.p);
#endif
}

/* smbios-field(NAME OPERATOR VALUE), what stands in the parentheses. */
static int test_smbios(const char *z)
{
    size_t n = strcspn(z, "<>=!$");
    struct str name = str_trim((struct str){ z, n });
    BUF(want, 512);
    char path[PATH_BYTES], have[512];
    const char *value = z + n;
    u32 accepts = take_operator(&value, false);
    struct str rest = str_of(value);
    if (!name.n || !accepts || str_find(name, '/') >= 0 || name.p[0] == '.' || word_next(&rest, BLANKS, WORD_UNQUOTE, &want) <= 0
        || rest.n)
        return -EINVAL;
    int r = file_get(path_fmt(path, "/sys/class/dmi/id/%.*s", (int)name.n, name.p), have, sizeof have);
    if (r < 0)
        return r == -ENOENT ? false : r;
    struct str text = str_trim(str_of(have));
    have[text.p + text.n - have] = 0;
    return compare_texts(accepts, text.p, buf_end(&want));
}

static int test_firmware(u32 type, const char *want)
{
    char arg[512], text[4096];
    const char *compatible = z_after(want, "device-tree-compatible("), *smbios = z_after(want, "smbios-field(");
    (void)type;
    if (STREQ(want, "device-tree"))
        return exists("/sys/firmware/devicetree/");
    if (STREQ(want, "uefi"))
        return exists("/sys/firmware/efi/");
    if (!compatible && !smbios)
        return false;
    struct str inner = str_of(compatible ? compatible : smbios);
    if (!str_ends(inner, ")") || !z_copy(arg, sizeof arg, str_cut(inner, inner.n - 1)))
        return smbios ? -EINVAL : false;
    if (smbios)
        return test_smbios(arg);
    int n = file_get("/proc/device-tree/compatible", text, sizeof text);
    for (const char *p = text; n > 0 && p < text + n; p += strlen(p) + 1)
        if (STREQ(p, arg))
            return true;
    return false;
}

/* PID 1 looks no one up: it is root, and knows that. */
static int test_user(u32 type, const char *want)
{
    return STREQ(want, "root") || STREQ(want, "0") || (type == COND_USER && STREQ(want, "@system"));
}

/* The nth assignment of the environment; NULL: no more. */
static const char *env_nth(u32 n)
{
    const struct condition_env *e = environment;
    if (!e || n < e->set_n)
        return e ? e->set[n] : NULL;
    for (char **own = e->own; own && *own; own++)
        if (n-- == e->set_n)
            return *own;
    return NULL;
}

static const char *env_value(const char *name)
{
    const char *a, *value;
    for (u32 i = 0; (a = env_nth(i)); i++)
        if ((value = z_after(a, name)) && *value == '=')
            return value + 1;
    return NULL;
}

static int test_environment(u32 type, const char *want)
{
    const char *a, *rest;
    (void)type;
    for (u32 i = 0; (a = env_nth(i)); i++)
        if ((rest = z_after(a, want)) && (!*rest || (*rest == '=' && !strchr(want, '='))))
            return true;
    return false;
}

static int test_credential(u32 type, const char *want)
{
    char path[PATH_BYTES];
    struct str name = str_of(want);
    (void)type;
    if (!name.n || name.n > 255 || !text_safe(name) || str_find(name, '/') >= 0 || str_find(name, ':') >= 0
        || STREQ(want, ".") || STREQ(want, ".."))
        return false;
    for (EACH(variable, "CREDENTIALS_DIRECTORY\0ENCRYPTED_CREDENTIALS_DIRECTORY\0")) {
        const char *folder = env_value(variable);
        if (folder && *folder == '/' && exists(path_fmt(path, "%s/%s", folder, want)))
            return true;
    }
    return false;
}

/* ---- control groups, pressure -------------------------------------------------------------- */

static bool is_cgroup2(void)
{
    struct statfs fs;
    return sys_statfs("/sys/fs/cgroup", &fs) == 0 && (u64)fs.f_type == 0x63677270;
}

/* All of the controllers that are known by name; none of them known is as good as all. */
static int test_controller(u32 type, const char *want)
{
    char text[256], path[PATH_BYTES];
    bool all = true;
    (void)type;
    if (STREQ(want, "v2") || STREQ(want, "v1"))
        return is_cgroup2() == (want[1] == '2');
    (void)file_line("/sys/fs/cgroup/cgroup.controllers", text, sizeof text);
    for (struct str rest = str_of(want), word; (word = str_word(&rest, BLANKS)).p;) {
        char name[32];
        bool have = false;
        if (!z_copy(name, sizeof name, word)
            || !z_in("cpu\0cpuacct\0cpuset\0io\0blkio\0memory\0devices\0pids\0bpf-firewall\0bpf-devices\0bpf-foreign\0"
                     "bpf-socket-bind\0bpf-restrict-network-interfaces\0", name))
            continue;
        for (struct str there = str_of(text), one; (one = str_word(&there, BLANKS)).p;)
            have |= str_is(one, name);
        have |= !is_cgroup2() && exists(path_fmt(path, "/sys/fs/cgroup/%s", name));
        all &= have;
    }
    return all;
}

/* "12.5%" in hundredths of a percent; negative: it is none. */
static int parse_permyriad(struct str s)
{
    static const struct { char sign[4]; u8 places; } units[] = { { "%", 2 }, { "\xe2\x80\xb0", 1 }, { "\xe2\x80\xb1", 0 } };
    u32 value = 0, places = 0;
    size_t i = 0;
    for (bool point = false; i < s.n && (is_digit(s.p[i]) || (s.p[i] == '.' && !point)); i++) {
        if (s.p[i] == '.') {
            point = true;
            continue;
        }
        value = value * 10 + (u32)(s.p[i] - '0');
        places += point;
        if (value > 10000)
            return -ERANGE;
    }
    for (u32 u = 0; u < LEN(units); u++)
        if (i && str_is(str_from(s, i), units[u].sign) && places <= units[u].places) {
            for (; places < units[u].places; places++)
                value *= 10;
            return value > 10000 ? -ERANGE : (int)value;
        }
    return -EINVAL;
}

/* One average of a line of a pressure file, in hundredths of a percent. */
static int read_pressure(const char *path, const char *line_name, const char *average)
{
    char text[512];
    int r = file_get(path, text, sizeof text);
    for (struct str rest = str_of(text), line, word; r > 0 && (line = str_line(&rest, '\n')).p;) {
        if (!str_is(str_word(&line, " "), line_name))
            continue;
        while ((word = str_word(&line, " ")).p)
            if (str_starts(word, average) && word.n > strlen(average) && word.p[strlen(average)] == '=') {
                BUF(percent, 32);
                buf_fmt(&percent, "%.*s%%", (int)(word.n - strlen(average) - 1), word.p + strlen(average) + 1);
                return parse_permyriad(STR(percent));
            }
    }
    return r < 0 ? r : -ENODATA;
}

/* [SLICE:]PERCENT[/10sec|1min|5min] */
static int test_pressure(u32 type, const char *want)
{
    const char *what = type == COND_MEMORY_PRESSURE ? "memory" : type == COND_CPU_PRESSURE ? "cpu" : "io";
    want += strspn(want, ":");
    const char *value = strchr(want, ':'), *slash, *average = "avg300", *kind = "full";
    char path[PATH_BYTES];
    struct buf b = BUF_OVER(path);
    if (!exists("/proc/pressure"))
        return true;
    if (!value) {
        value = want;
        kind = type == COND_CPU_PRESSURE ? "some" : "full";
        buf_fmt(&b, TEXT("/proc/pressure/%s"), what);
    } else {
        struct str slice = str_trim((struct str){ want, (size_t)(value++ - want) });
        if (!is_cgroup2() || !test_controller(0, what))
            return true;
        buf_z(&b, TEXT("/sys/fs/cgroup"));
        if (!slice_name_valid(slice))
            return -EINVAL;
        for (size_t i = 0; i < slice.n && !str_is(slice, "-.slice"); i++)   /* a-b.slice: /a.slice/a-b.slice */
            if (slice.p[i] == '-' || slice.p[i] == '.')
                buf_fmt(&b, "/%.*s.slice", (int)i, slice.p);
        buf_fmt(&b, TEXT("/%s.pressure"), what);
    }
    if ((slash = strchr(value, '/'))) {
        const char *span = slash + 1 + strspn(slash + 1, BLANKS);
        average = pair_of("10sec\0avg10\0" "1min\0avg60\0" "5min\0avg300\0", span, true);
    }
    int limit = parse_permyriad(str_trim((struct str){ value, slash ? (size_t)(slash - value) : strlen(value) }));
    if (!average || limit < 0)
        return average ? limit : -EINVAL;
    int now = read_pressure(buf_end(&b), kind, average);
    if (now == -ENODATA && *kind == 'f')
        now = read_pressure(path, "some", average);
    return now == -ENOENT ? true : now < 0 ? now : now <= limit;
}

/* ---- all of a unit's ----------------------------------------------------------------------- */

static int (*const tests[])(u32 type, const char *want) = {
    [COND_PATH_EXISTS ... COND_NEEDS_UPDATE] = test_path,
    [COND_KERNEL_COMMAND_LINE] = test_kernel_word, [COND_VIRTUALIZATION] = test_virtualization,
    [COND_CAPABILITY] = test_capability, [COND_AC_POWER] = test_ac_power, [COND_SECURITY] = test_security,
    [COND_FIRST_BOOT] = test_first_boot, [COND_HOST] = test_host, [COND_ARCHITECTURE] = test_architecture,
    [COND_KERNEL_VERSION] = test_kernel_version, [COND_USER] = test_user, [COND_GROUP] = test_user,
    [COND_MEMORY] = test_memory, [COND_CPUS] = test_cpus, [COND_ENVIRONMENT] = test_environment,
    [COND_CPU_FEATURE] = test_cpu_feature, [COND_OS_RELEASE] = test_os_release, [COND_FIRMWARE] = test_firmware,
    [COND_CREDENTIAL] = test_credential, [COND_CONTROL_GROUP_CONTROLLER] = test_controller,
    [COND_CPU_PRESSURE ... COND_IO_PRESSURE] = test_pressure,
};

static bool is_condition(const struct setting *s, bool asserts)
{
    return s->id < DIRECTIVES && setters[directives[s->id].setter].value == V_CONDITION
        && asserts == !!(s->w[0] & COND_ASSERT);
}

const struct setting *condition_next(unit_id id, bool asserts, const struct setting *s)
{
    while ((s = setting_next(id, s)) && !is_condition(s, asserts))
        ;
    return s;
}

void condition_note(const struct setting *s, enum condition_result result)
{
    u32 *word = (u32 *)(uintptr_t)s->w;  /* settings lie in the arena of this table, which is ours */
    *word = (*word & 0xffff) | (u32)result << 16;
}

enum condition_result condition_test(const struct setting *s, const struct condition_env *env, int *error)
{
    environment = env;
    *error = tests[s->w[0] & 0xff](s->w[0] & 0xff, text_at(s->w[1]));
    return *error < 0 ? CONDITION_ERROR : !!*error != !!(s->w[0] & COND_NEGATE) ? CONDITION_SUCCEEDED : CONDITION_FAILED;
}

/* All plain ones must hold and, if there are any with "|", one of those. The rest is not asked. */
bool conditions_met(unit_id id, bool asserts, const struct condition_env *env)
{
    bool triggered = false, any_trigger = false;
    for (const struct setting *s = NULL; (s = condition_next(id, asserts, s));) {
        int error;
        enum condition_result result = condition_test(s, env, &error);
        condition_note(s, result);
        if (result == CONDITION_ERROR)
            log_line(LOG_WARNING, "%s: Couldn't determine result for %s=%s%s%s, assuming failed: %s", unit_name(id),
                     directive_name(&directives[s->id]), s->w[0] & COND_TRIGGER ? "|" : "", s->w[0] & COND_NEGATE ? "!" : "",
                     text_at(s->w[1]), strerror(-error));
        if (!(s->w[0] & COND_TRIGGER) && result != CONDITION_SUCCEEDED)
            return false;
        any_trigger |= !!(s->w[0] & COND_TRIGGER);
        triggered |= s->w[0] & COND_TRIGGER && result == CONDITION_SUCCEEDED;
    }
    return !any_trigger || triggered;
}

const struct setting *condition_that_failed(unit_id id)
{
    const struct setting *trigger = NULL;
    bool triggered = false;
    for (const struct setting *s = NULL; (s = condition_next(id, false, s));) {
        bool good = s->w[0] >> 16 == CONDITION_SUCCEEDED;
        if (!(s->w[0] & COND_TRIGGER) && !good)
            return s;
        triggered |= s->w[0] & COND_TRIGGER && good;
        if (!good && !trigger)
            trigger = s;
    }
    return triggered ? NULL : trigger;
}
