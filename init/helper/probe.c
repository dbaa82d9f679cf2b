/* SPDX-License-Identifier: 0BSD
 *
 * What a block device holds: type, UUID and label by the superblocks of the file systems that small
 * systems use. Magic numbers and places are those of the kernel's headers and of each on-disk format. */
#include "helper.h"

enum uuid_form { UUID_NONE, UUID_16, UUID_FAT };

/* All of one format: where its magic is, and its UUID and label. Ordered: earlier ones win. */
static const struct format {
    char type[9], magic[10];
    u8 magic_n, uuid_form, label_n;
    i16 uuid_at, label_at;               /* from the magic */
    u32 magic_at;
} formats[] = {
    { "swap", "SWAPSPACE2", 10, UUID_16, 16, 1024 + 12 - 4086, 1024 + 28 - 4086, 4086 },
    { "xfs", "XFSB", 4, UUID_16, 12, 32, 108, 0 },
    { "squashfs", "hsqs", 4, UUID_NONE, 0, 0, 0, 0 },
    { "erofs", "\xe2\xe1\xf5\xe0", 4, UUID_16, 16, 48, 64, 1024 },
    { "f2fs", "\x10\x20\xf5\xf2", 4, UUID_16, 0, 108, 0, 1024 },
    { "btrfs", "_BHRfS_M", 8, UUID_16, 32, 32 - 64, 299 - 64, 65536 + 64 },
    { "exfat", "EXFAT   ", 8, UUID_FAT, 0, 100 - 3, 0, 3 },
    { "vfat", "FAT32   ", 8, UUID_FAT, 11, 67 - 82, 71 - 82, 82 },
    { "vfat", "FAT1", 4, UUID_FAT, 11, 39 - 54, 43 - 54, 54 },       /* FAT12, FAT16 */
    { "iso9660", "CD001", 5, UUID_NONE, 32, 0, 32808 - 32769, 32769 },
    { "ext4", "\x53\xef", 2, UUID_16, 16, 104 - 56, 120 - 56, 1024 + 56 },
};

static void put_uuid(struct buf *b, const u8 *p, u8 form)
{
    for (u32 i = 0; i < 16 && form == UUID_16; i++)
        buf_fmt(b, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", p[i]);
    if (form == UUID_FAT)
        buf_fmt(b, "%02X%02X-%02X%02X", p[3], p[2], p[1], p[0]);
    buf_end(b);
}

/* ext2, ext3 and ext4 share a magic number: features tell them apart. */
static const char *ext_type(const u8 *super)
{
    bool journal = super[92] & 4, extents = super[96] & 0x40 || super[96] & 0x80 || super[96] & 0x02 || super[100] & 0x78;
    return extents ? "ext4" : journal ? "ext3" : "ext2";
}

int probe_device(const char *path, struct probed *p)
{
    static u8 head[65536 + 1024];
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK);
    ssize_t n = fd < 0 ? fd : sys_pread(fd, head, sizeof head, 0);
    if (fd >= 0)
        sys_close(fd);
    if (n < 0)
        return (int)n;
    memset(head + n, 0, sizeof head - (size_t)n);
    *p = (struct probed){ 0 };
    for (u32 i = 0; i < LEN(formats); i++) {
        const struct format *f = &formats[i];
        const u8 *magic = head + f->magic_at;
        if (memcmp(magic, f->magic, f->magic_n) != 0)
            continue;
        struct buf uuid = BUF_OVER(p->uuid);
        p->type = STREQ(f->type, "ext4") ? ext_type(head + 1024) : f->type;
        put_uuid(&uuid, magic + f->uuid_at, f->uuid_form);
        struct str label = str_trim((struct str){ (const char *)magic + f->label_at, f->label_n });
        z_copy(p->label, sizeof p->label, str_cut(label, strnlen(label.p, label.n)));
        return 0;
    }
    return -ENODATA;
}
