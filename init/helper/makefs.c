/* SPDX-License-Identifier: 0BSD
 *
 * systemd-makefs TYPE DEVICE: makes a file system or swap area by mkfs.TYPE or mkswap where there is nothing yet,
 * for x-systemd.makefs of fstab. systemd-growfs MOUNT-POINT: makes a mounted file system as large as its device,
 * for x-systemd.growfs. Both as systemd's programs of these names; neither shrinks or replaces anything. */
#include "helper.h"

#include <linux/btrfs.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

/* ---- making -------------------------------------------------------------------------------- */

/* Systemd asks libblkid, which knows far more than probe_device() does. What neither is known nor zero could be
 * anything: it is left alone. */
static int is_empty(const char *device)
{
    static char block[65536];
    int fd = sys_open(device, O_RDONLY | O_NONBLOCK), empty = fd < 0 ? fd : 1;
    for (off_t at = 0; empty == 1 && at < 4 << 20; at += (off_t)sizeof block) {
        ssize_t n = sys_pread(fd, block, sizeof block, at);
        for (ssize_t i = 0; i < n && empty; i++)
            empty = !block[i];
        if (n < (ssize_t)sizeof block)
            break;
    }
    sys_close(fd);
    return empty;
}

/* Words of a command; "@" stands for the label, "%" for the UUID, "!" for the device. */
static const char commands[] =
    "ext2\0-q -L @ -U % -I 256 -m 0 -E discard,lazy_itable_init=1 -T default !\0"
    "ext3\0-q -L @ -U % -I 256 -O has_journal -m 0 -E discard,lazy_itable_init=1 -T default !\0"
    "ext4\0-q -L @ -U % -I 256 -O has_journal -m 0 -E discard,lazy_itable_init=1 -T default !\0"
    "btrfs\0-q -L @ -U % !\0" "f2fs\0-q -g -f -l @ -U % -t 1 !\0" "xfs\0-q -L @ -m uuid=% -m reflink=1 !\0"
    "vfat\0-i % -n @ -F 32 !\0" "swap\0-L @ -U % !\0";

static void put_uuid(struct buf *out, bool fat)
{
    u8 bytes[16] = { 0 };
    (void)sys_random(bytes, sizeof bytes);
    bytes[6] = (bytes[6] & 15) | 64;     /* version 4, of random bytes */
    bytes[8] = (bytes[8] & 63) | 128;
    for (u32 i = 0; i < (fat ? 4 : sizeof bytes); i++)
        buf_fmt(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
}

/* The device's name, as much of it as the file system has room for; FAT knows only capitals. */
static void put_label(struct buf *out, const char *device, const char *type)
{
    const char *name = strrchr(device, '/');
    struct str label = str_cut(str_of(name ? name + 1 : device), STREQ(type, "vfat") ? 11 : STREQ(type, "xfs") ? 12 : STREQ(type, "swap") ? 15 : 16);
    for (size_t i = 0; i < label.n; i++) {
        char c = label.p[i];
        bool small = c >= 'a' && c <= 'z', plain = small || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (STREQ(type, "vfat"))
            c = small ? (char)(c & ~32) : plain ? c : '_';
        buf_c(out, c);
    }
}

static int make(const char *type, char *device)
{
    BUF(space, 1024);
    char *argv[32];
    u32 n = 1;
    const char *program = find_program(STREQ(type, "swap") ? "mkswap" : z_fmt("mkfs.%s", type));
    const char *form = z_lookup(commands, type);
    if (!program) {
        (log_line)(LOG_ERR, STREQ(type, "swap") ? "mkswap binary not available." : "mkfs binary for %s is not available.", type);
        return 1;
    }
    argv[0] = (char *)program;
    for (struct str rest = str_of(form ? form : "!"), word; n < LEN(argv) - 1 && (word = str_word(&rest, " ")).p;) {
        char *start = space.p + space.n;
        for (size_t i = 0; i < word.n; i++)
            if (word.p[i] == '@')
                put_label(&space, device, type);
            else if (word.p[i] == '%')
                put_uuid(&space, STREQ(type, "vfat"));
            else
                buf_c(&space, word.p[i]);
        buf_c(&space, 0);
        argv[n++] = str_is(word, "!") ? device : start;
    }
    argv[n] = NULL;
    int status = run_program(program, argv);
    if (status == 0)
        log_line(LOG_INFO, "%s successfully formatted as %s", device, type);
    else
        log_line(LOG_ERR, "%s failed with exit status %d.", program, status);
    return status != 0;
}

int makefs_main(int argc, char **argv)
{
    struct probed p;
    log_to.stderr_fd = 2;
    if (argc != 3) {
        log_line(LOG_ERR, "This program expects two arguments.");
        return 1;
    }
    int r = probe_device(argv[2], &p);
    if (r == 0) {
        log_line(LOG_INFO, "'%s' is not empty (contains file system of type %s), exiting.", argv[2], p.type);
        return 0;
    }
    if (r == -ENODATA)
        r = is_empty(argv[2]);
    if (r < 0)
        log_line(LOG_ERR, "Failed to probe \"%s\": %s", argv[2], strerror(-r));
    if (r == 0)
        log_line(LOG_ERR, "'%s' holds something that is not known here, refusing to format it.", argv[2]);
    return r <= 0 ? 1 : make(argv[1], argv[2]);
}

/* ---- growing ------------------------------------------------------------------------------- */

#define EXT4_RESIZE _IOW('f', 16, u64)
#define XFS_GEOMETRY _IOR('X', 100, struct xfs_geometry)
#define XFS_GROW _IOW('X', 110, struct xfs_grow)
struct xfs_geometry { u32 block_size, skipped[6], imaxpct; u64 skipped_too[10]; };       /* xfs_fsop_geom_v1: 112 bytes */
struct xfs_grow { u64 blocks; u32 imaxpct; };
_Static_assert(sizeof(struct xfs_geometry) == 112 && sizeof(struct xfs_grow) == 16, "part of the ioctl's number");

/* Bytes of the device that the file system is on; 0: none. */
static u64 device_size(int fd)
{
    struct stat st;
    char text[32];
    u64 sectors = 0;
    if (sys_fstat(fd, &st) == 0
        && file_line(z_fmt("/sys/dev/block/%u:%u/size", major(st.st_dev), minor(st.st_dev)), text, sizeof text) > 0)
        (void)parse_u64(str_of(text), 10, &sectors);
    return sectors * 512;
}

static int grow(int fd, u32 magic, u64 block_size)
{
    static struct btrfs_ioctl_vol_args btrfs;
    u64 size = device_size(fd);
    if (magic == 0x9123683e /* btrfs, which may be on many devices */) {
        memcpy(btrfs.name, "max", 4);
        return sys_ioctl(fd, BTRFS_IOC_RESIZE, &btrfs);
    }
    if (!size)
        return -ENODEV;
    if (magic == 0xef53 /* ext4 */) {
        u64 blocks = size / block_size;
        return sys_ioctl(fd, EXT4_RESIZE, &blocks);
    }
    if (magic != 0x58465342 /* xfs */)
        return -EOPNOTSUPP;
    struct xfs_geometry geometry;
    int r = sys_ioctl(fd, XFS_GEOMETRY, &geometry);
    if (r < 0)
        return r;
    struct xfs_grow grown = { size / geometry.block_size, geometry.imaxpct };
    return sys_ioctl(fd, XFS_GROW, &grown);
}

int growfs_main(int argc, char **argv)
{
    struct statfs fs;
    log_to.stderr_fd = 2;
    if (argc != 2) {
        log_line(LOG_ERR, "systemd-growfs excepts exactly one argument (the mount point).");
        return 1;
    }
    int fd = sys_open(argv[1], O_RDONLY | O_DIRECTORY), r = fd < 0 ? fd : sys_fstatfs(fd, &fs);
    if (r < 0) {
        log_line(LOG_ERR, "Failed to open \"%s\": %s", argv[1], strerror(-r));
        return 1;
    }
    r = grow(fd, (u32)fs.f_type, (u64)fs.f_bsize);
    if (r == -ENODEV)
        log_line(LOG_ERR, "File system \"%s\" not backed by block device.", argv[1]);
    else if (r < 0)
        log_line(LOG_ERR, "Failed to resize \"%s\": %s", argv[1], strerror(-r));
    else
        log_line(LOG_INFO, "Successfully resized \"%s\".", argv[1]);
    return r < 0;
}
