/* SPDX-License-Identifier: 0BSD
 *
 * Fuzzer for the loader: files, drop-ins, links and link folders of any content are loaded, with what they name. A unit
 * may be refused; nothing crashes, hangs or loses the good unit beside it.
 *
 * Input: files, each a byte that says where, a byte that says which name, and its text up to a byte of 255. */
#include "unit/unit.h"
#include "sys.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const folders[] = { "/etc/units", "/etc/systemd/system", "/run/systemd/generator", "/usr/lib/systemd/system",
    "/run/systemd/generator.early", "/etc/systemd/system/a.service.d", "/usr/lib/systemd/system/t@.service.d", "/etc/systemd/system/service.d",
    "/etc/systemd/system/x.target.wants", "/etc/units/a.service.requires", "/usr/lib/systemd/system/a-.service.d" };
static const char *const names[] = { "a.service", "b.service", "t@.service", "t@i.service", "x.target", "s.socket", "m.mount",
    "dev-sda.swap", "10.conf", "20.conf", "p.path", "t.timer", "sl-ice.slice", "au.automount", "dev-x.device", "a-b.service" };

static char root[] = "/dev/shm/fuzz-loader-XXXXXX";

static int erase(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    return f->level ? remove(path) : 0;
}

static void make(const char *folder, const char *name, u8 kind, struct str text)
{
    char path[PATH_BYTES], target[256];
    path_fmt(path, "%s%s/%s", root, folder, name);
    make_parents(path);
    (void)sys_unlink(path);
    if (kind > 200 && z_copy(target, sizeof target, str_cut(text, sizeof target - 1)))
        (void)sys_symlink(target, path);
    else
        (void)file_put(path, text, 0644);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);
int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
    static bool begun;
    struct str rest = { (const char *)data, n }, file;
    if (!begun) {
        begun = true;
        log_to.stderr_fd = sys_open("/dev/null", O_WRONLY);
        if (!mkdtemp(root))
            abort();
        search_root = root;
        cmdline_set("");
    }
    (void)nftw(root, erase, 16, FTW_DEPTH | FTW_PHYS);
    while ((file = str_line(&rest, (char)255)).p)
        if (file.n >= 2)
            make(folders[(u8)file.p[0] % LEN(folders)], names[(u8)file.p[1] % LEN(names)], (u8)file.p[0], str_from(file, 2));
    make("/etc/systemd/system", "zz-good.service", 0, S("[Service]\nExecStart=/good\n"));
    table_begin();
    index_build();
    load_compact();
    for (u32 i = 0; i < LEN(names); i++)
        if (unit_name_valid(str_of(names[i])) && !unit_name_is_template(str_of(names[i])))
            (void)unit_get(str_of(names[i]));
    unit_id good = unit_get(S("zz-good.service"));
    load_pending();
    if (!tab->full && UNIT(good)->load != LOAD_LOADED)
        abort();
    for (UNITS(id)) {                    /* what is kept can be read */
        static char *own[] = { "PATH=/bin", NULL };
        const struct condition_env env = { .own = own };
        for (const struct setting *s = NULL; UNIT(id)->used && (s = setting_next(id, s));)
            if (s->id < DIRECTIVES && setters[directives[s->id].setter].value == V_TEXT)
                (void)strlen(text_at(s->w[0]));
        if (UNIT(id)->used && UNIT(id)->load == LOAD_LOADED)
            (void)conditions_met(id, false, &env);
    }
    index_drop();
    table_abort();
    return 0;
}
