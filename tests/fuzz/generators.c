/* SPDX-License-Identifier: 0BSD
 *
 * Fuzzer for what is made into units: fstab, an initrd's second fstab, the kernel command line, init scripts with their
 * links. The generators may complain; they never crash or hang, and write nothing but plain files, folders and links below
 * /run/systemd/generator*. What they wrote is then loaded.
 *
 * Input: one byte of choices, then up to five texts, each to a byte of 255: the command line, fstab, two scripts, the
 * name of the second. */
#include "unit/unit.h"
#include "sys.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char root[] = "/dev/shm/fuzz-generators-XXXXXX";

static int erase(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    return f->level ? remove(path) : 0;
}

static void make(const char *path, struct str text, mode_t mode)
{
    char full[PATH_BYTES];
    path_fmt(full, "%s/%s", root, path);
    make_parents(full);
    (void)sys_unlink(full);
    (void)file_put(full, text, mode);
}

/* Anything but /run that the tree did not have before is a hole. */
static u32 found;
static int count(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    (void)f;
    found += strncmp(path + sizeof root - 1, "/run/", 5) != 0;
    return 0;
}
static u32 outside(void)
{
    found = 0;
    (void)nftw(root, count, 16, FTW_PHYS);
    return found;
}

static void load_all(void)
{
    index_build();
    for (struct index_entry *e = NULL; (e = index_all(e));)
        if (e->kind != ENTRY_DIR && e->kind != ENTRY_BUILTIN && !unit_name_is_template(str_of(index_name(e))))
            (void)unit_get(str_of(index_name(e)));
    (void)unit_get(S("default.target"));
    load_pending();
    index_drop();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);
int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
    static char line[4096];
    static char *own[] = { "container_ttys=pts/0 /dev/pts/1 x", "SYSTEMD_GETTY_AUTO=1", NULL };
    static bool begun;
    struct str rest = { (const char *)data + 1, n - 1 }, text[5];
    if (!n)
        return 0;
    if (!begun) {
        begun = true;
        log_to.stderr_fd = sys_open("/dev/null", O_WRONLY);
        if (!mkdtemp(root))
            abort();
        search_root = root;
    }
    (void)nftw(root, erase, 16, FTW_DEPTH | FTW_PHYS);
    for (u32 i = 0; i < LEN(text); i++)
        if (!(text[i] = str_line(&rest, (char)255)).p)
            text[i] = S("");
    z_copy(line, sizeof line, str_cut(text[0], sizeof line - 1));
    cmdline_set(line);
    make("etc/fstab", text[1], 0644);
    make("sysroot/etc/fstab", text[1], 0644);
    make("etc/init.d/one", text[2], 0755);
    char name[64] = "etc/init.d/", script[40] = "two.sh";
    if (text[4].n && str_find(text[4], '/') < 0 && !str_starts(text[4], "."))
        z_copy(script, sizeof script, str_cut(text[4], sizeof script - 1));
    z_copy(name + 11, sizeof name - 11, str_of(script));
    make(name, text[3], 0755);
    make("etc/rc2.d/S20one", text[2], 0755);
    make("etc/rc5.d/S30two", text[2], 0755);
    make("sbin/agetty", S("x"), 0755);
    make("sbin/fsck.ext4", S("x"), 0755);
    make("dev/hvc0", S(""), 0644);
    if (data[0] & 1)
        make("etc/initrd-release", S(""), 0644);
    if (data[0] & 2)
        make("etc/rc.local", S("x"), 0755);
    u32 before = outside();
    struct generating g = { .target = "default.target", .container = data[0] & 4, .environment = own };
    generated_clear("/run/systemd", true);
    table_begin();
    generate_all(&g);
    if (outside() > before + 1 /* /run itself */)
        abort();
    load_all();
    table_abort();
    return 0;
}
