/* SPDX-License-Identifier: 0BSD
 *
 * Fuzzer for [Install] and the links: a tree of hostile unit files, links, drop-ins and presets is made of the input and
 * a verb is run on it. It may fail, never crash, hang, or touch anything outside of the tree; and what was done once is
 * not done again: the second time makes no further links.
 *
 * Input: verb, options, two names; then files: where, name, kind, and the text up to a byte of 255. */
#include "unit/unit.h"
#include "sys.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const folders[] = { "/usr/lib/systemd/system", "/etc/systemd/system", "/run/systemd/system",
    "/usr/local/lib/systemd/system", "/run/systemd/generator", "/run/systemd/transient", "/etc/units",
    "/etc/systemd/system/a.service.d", "/usr/lib/systemd/system/t@.service.d", "/etc/systemd/system/x.target.wants",
    "/etc/systemd/system/a.service.requires", "/etc/systemd/system-preset", "/usr/lib/systemd/system-preset", "/opt" };
static const char *const names[] = { "a.service", "b.service", "t@.service", "t@i.service", "x.target", "s.socket", "m.mount",
    "default.target", "10.conf", "20.conf", "1.preset", "2.preset", "al.service", "/opt/a.service", "none.service", "bad" };
static install_fn *const verbs[] = { install_enable, install_disable, install_reenable, install_link, install_preset_units,
    install_preset_all, install_mask, install_unmask, install_revert, install_set_default, install_add_dependency };

static char root[] = "/dev/shm/fuzz-install-XXXXXX", outside[64];

static int erase(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    return f->level ? remove(path) : 0;
}

static void make(const char *folder, const char *name, u8 kind, const u8 *text, size_t n)
{
    char path[512], target[512];
    snprintf(path, sizeof path, "%s%s/%s", root, folder, *name == '/' ? "a.service" : name);
    make_parents(path);
    if (kind % 4 == 3) {
        snprintf(target, sizeof target, "%.*s", (int)(n < 200 ? n : 200), (const char *)text);
        (void)symlink(target, path);
    } else if (kind % 16 == 2) {
        (void)mkdir(path, 0755);
    } else {
        (void)unlink(path);
        FILE *f = fopen(path, "we");
        if (f) {
            fwrite(text, 1, n, f);
            fclose(f);
        }
    }
}

static u32 changes(int type)
{
    u32 n = 0;
    for (struct install_change *c = install_changes; c; c = c->next)
        n += type == INT32_MIN ? c->type < 0 : c->type == type;
    return n;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (!mkdtemp(root))
        abort();
    snprintf(outside, sizeof outside, "%s.outside", root);
    search_root = root;
    log_to.max = LOG_EMERG;
    return 0;
}

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
    struct stat st;
    if (n < 4)
        return 0;
    nftw(root, erase, 16, FTW_DEPTH | FTW_PHYS);
    u8 verb = p[0] % LEN(verbs), flags = p[1];
    const char *what[] = { names[p[2] % LEN(names)], names[p[3] % LEN(names)] };
    for (size_t at = 4; at + 3 < n;) {
        const u8 *text = p + at + 3, *end = memchr(text, 255, n - at - 3);
        size_t length = end ? (size_t)(end - text) : n - at - 3;
        make(folders[p[at] % LEN(folders)], names[p[at + 1] % LEN(names)], p[at + 2], text, length);
        at += 3 + length + 1;
    }
    struct install_options o = { flags & 1, flags & 2, flags & 4, flags & 8, (u8)((flags >> 4) % 3) };
    install_begin();
    index_builds++;
    int r = verbs[verb](what, 1 + (flags >> 7), &o);
    if (r >= 0 && (verb == 0 || verb == 6) && !changes(INT32_MIN)) {
        install_begin();
        (void)verbs[verb](what, 1 + (flags >> 7), &o);
        if (changes(CHANGE_SYMLINK) && !(flags & 2))
            abort();
    }
    for (u32 i = 0; i < LEN(names); i++) {
        index_builds++;
        int state = install_state(names[i]);
        if (state >= FILE_STATES)
            abort();
        (void)install_preset(names[i], FILE_ENABLED);
    }
    BUF(target, UNIT_NAME_BYTES);
    (void)install_get_default(&target);
    if (lstat(outside, &st) == 0)
        abort();
    return 0;
}
