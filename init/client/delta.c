/* SPDX-License-Identifier: 0BSD
 *
 * systemd-delta(1): configuration files that are there twice, or extended by drop-ins. With --root= of another tree. */
#include "client.h"

#include <dirent.h>
#include <stdlib.h>

#define DELTA_OPTIONS(O) \
    O(FLAG, 'h', "help", help) O(FLAG, 0, "version", version) O(FLAG, 0, "no-pager", ignored) O(OPTIONAL, 0, "diff", diff) \
    O(LIST, 't', "type", types) O(TEXT, 0, "root", root)
static const struct options options = OPTIONS_OF(DELTA_OPTIONS);

static const char prefixes[] =
    "/etc\0/run\0/usr/local/lib\0/usr/local/share\0/usr/lib\0/usr/share\0/lib\0";
static const char suffixes[] =
    "sysctl.d\0tmpfiles.d\0modules-load.d\0binfmt.d\0systemd/system\0systemd/user\0systemd/system-preset\0systemd/user-preset\0"
    "udev/rules.d\0modprobe.d\0";

/* In the order of the names; the default is all but the unchanged. */
enum { MASKED = 1, EQUIVALENT = 2, REDIRECTED = 4, OVERRIDDEN = 8, EXTENDED = 16, UNCHANGED = 32 };
static const char kind_names[] = "masked\0equivalent\0redirected\0overridden\0extended\0unchanged\0default\0";
static u32 wanted;
static bool with_diff;

/* ---- what is in the folders of one suffix ------------------------------------------------------- */

/* A name ("foo.service", "foo.service.d/a.conf") and the first and the last prefix that has it. */
static struct file { u32 name; const char *top, *bottom; } files[4096];
static u32 files_n;
static char name_space[64 * LEN(files)];
static struct arena names_kept;
static const char *suffix;

static const char *name_at(u32 i) { return name_space + files[i].name; }
static char *path_in(const char *prefix, u32 i) { return z_fmt("%s/%s/%s", prefix, suffix, name_at(i)); }

static int add(const char *prefix, const char *name)
{
    u32 i = 0, kept;
    while (i < files_n && !STREQ(name_at(i), name))
        i++;
    if (i == files_n) {
        kept = files_n < LEN(files) ? arena_text(&names_kept, str_of(name)) : 0;
        if (!kept)
            return complain("More than %u files below one name.", (u32)LEN(files));
        files[files_n++] = (struct file){ kept, prefix, prefix };
    }
    files[i].bottom = prefix;
    return 0;
}

/* The names in a folder, sorted: folders of drop-ins, or files. */
struct listing { char *names[2048]; u32 n, used; char text[64 << 10]; };

static int list_folder(struct listing *l, const char *path, bool folders)
{
    char full[PATH_BYTES];
    struct dir d;
    int r = dir_open(&d, rooted(path, full));
    l->n = l->used = 0;
    if (r < 0 && r != -ENOENT)
        return complain("Failed to open %s: %s", full, strerror(-r));
    for (struct dirent *e; (e = dir_next(&d));) {
        u32 bytes = (u32)strlen(e->d_name) + 1;
        bool good = folders ? e->d_type == DT_DIR && z_ends(e->d_name, ".d")
                            : (e->d_type == DT_REG || e->d_type == DT_LNK) && e->d_name[0] != '.' && !z_ends(e->d_name, "~");
        if (!good || l->n == LEN(l->names) || bytes > sizeof l->text - l->used)
            continue;
        l->names[l->n++] = memcpy(l->text + l->used, e->d_name, bytes);
        l->used += bytes;
    }
    qsort(l->names, l->n, sizeof *l->names, by_text);
    return 0;
}

static int look_in(const char *prefix)
{
    static struct listing outer, inner;
    char *folder = z_fmt("%s/%s", prefix, suffix);
    int status = 0;
    if (z_after(suffix, "systemd/") && !z_ends(suffix, "-preset")) {
        status = list_folder(&outer, folder, true);
        for (u32 i = 0; i < outer.n && !status; i++) {
            status = list_folder(&inner, z_fmt("%s/%s/%s", prefix, suffix, outer.names[i]), false);
            for (u32 k = 0; k < inner.n && !status; k++)
                if (z_ends(inner.names[k], ".conf"))
                    status = add(prefix, z_fmt("%s/%s", outer.names[i], inner.names[k]));
        }
    }
    status = status ? status : list_folder(&outer, z_fmt("%s/%s", prefix, suffix), false);
    for (u32 i = 0; i < outer.n && !status; i++)
        status = add(prefix, outer.names[i]);
    return status;
}

/* ---- what that means ----------------------------------------------------------------------------- */

static u32 found;

/* One line, if such are wanted. */
static bool tell(u32 type, const char *top, const char *bottom)
{
    static const char labels[] = "\3[MASKED]\1    \0\4[EQUIVALENT]\1\0\2[REDIRECTED]\1\0\2[OVERRIDDEN]\1\0\2[EXTENDED]\1  \0";
    const char *label = labels;
    if (!(wanted & type))
        return false;
    for (u32 t = MASKED; t < type; t <<= 1)
        label = z_next(label);
    out("%s %s %s %s\n", label, top, is_utf8() ? "\xe2\x86\x92" : "->", bottom);
    found++;
    return true;
}

/* What is there, links followed. False: nothing. */
static bool look_at(const char *path, struct stat *st)
{
    int fd = file_open(path, O_PATH), r = fd < 0 ? fd : sys_fstat(fd, st);
    sys_close(fd);
    return r >= 0;
}

static void show_diff(const char *top, const char *bottom)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    char *argv[] = { "diff", "-us", "--", rooted(bottom, from), rooted(top, to), NULL };
    out("\n");
    (void)run_found(argv, false);
    out("\n");
}

static void compare(const char *top, const char *bottom)
{
    struct stat a = { 0 }, b = { 0 };
    char full[PATH_BYTES], target[PATH_BYTES];
    bool there = look_at(top, &a), link = sys_readlinkat(AT_FDCWD, rooted(top, full), target, sizeof target) >= 0;
    if ((link && STREQ(target, "/dev/null")) || (there && (S_ISCHR(a.st_mode) || S_ISBLK(a.st_mode) || (S_ISREG(a.st_mode) && !a.st_size))))
        tell(MASKED, top, bottom);
    else if (link)
        tell(there && look_at(bottom, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino ? EQUIVALENT : REDIRECTED, top, bottom);
    else if (tell(OVERRIDDEN, top, bottom) && with_diff)
        show_diff(top, bottom);
}

/* Is the folder a link to one that is looked at too (/lib to /usr/lib)? */
static bool is_another(const char *prefix)
{
    struct stat a, b;
    if (!look_at(z_fmt("%s/%s", prefix, suffix), &a))
        return false;
    for (EACH(other, prefixes)) {
        if (STREQ(other, prefix))
            return false;
        if (look_at(z_fmt("%s/%s", other, suffix), &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
            return true;
    }
    return false;
}

static void show_extensions(u32 unit, const char *only)
{
    const char *top = path_in(files[unit].top, unit);
    for (u32 i = 0; i < files_n; i++) {
        const char *rest = z_after(name_at(i), name_at(unit));
        if (rest && z_after(rest, ".d/") && (!only || z_after(files[i].top, only)))
            tell(EXTENDED, top, path_in(files[i].top, i));
    }
}

/* Of one name below all prefixes; `only`: if the last that has it begins so. */
static int process(const char *name, const char *only)
{
    int status = 0;
    suffix = name;
    files_n = 0;
    names_kept = (struct arena){ name_space, 1, sizeof name_space };
    for (EACH(prefix, prefixes))
        if (!is_another(prefix))
            status |= look_in(prefix);
    for (u32 i = 0; i < files_n; i++) {
        const char *top = path_in(files[i].top, i);
        if (only && !z_after(path_in(files[i].bottom, i), only))
            ;
        else if (files[i].top != files[i].bottom)
            compare(top, path_in(files[i].bottom, i));
        else if (wanted & UNCHANGED)
            out("[UNCHANGED]  %s\n", top);
        show_extensions(i, only);
    }
    return status;
}

static int process_all(const char *only)
{
    int status = 0;
    for (EACH(name, suffixes))
        status |= process(name, only);
    return status;
}

static int process_given(const char *given)
{
    BUF(path, PATH_BYTES);
    path_simplify(str_of(given), false, &path);
    if (*buf_end(&path) != '/')
        return process(path.p, NULL);
    for (EACH(prefix, prefixes)) {
        const char *rest = z_after(path.p, prefix);
        if (rest)
            return rest[strspn(rest, "/")] ? process(rest + strspn(rest, "/"), prefix) : process_all(path.p);
    }
    return complain("Invalid suffix specification %s.", path.p);
}

/* ---- the program ----------------------------------------------------------------------------- */

/* 0, or 1: told. */
static int take_options(void)
{
    i32 which;
    for (u32 i = 0; i < args.types.n; i++) {
        if (name_find(kind_names, str_of(args.types.items[i]), &which) < 0)
            return complain("Failed to parse flags field.");
        wanted |= which == 6 ? UNCHANGED - 1 : BIT(which);
    }
    if (!wanted)
        wanted = UNCHANGED - 1;
    with_diff = wanted & OVERRIDDEN;
    if (args.diff && parse_bool(str_of(args.diff), &with_diff) < 0)
        return complain("Failed to parse boolean argument to --diff: %s.", args.diff);
    if (args.diff && with_diff)
        wanted |= OVERRIDDEN;
    root_set();
    return 0;
}

int delta_main(int argc, char **argv)
{
    int status = 0;
    log_to.stderr_fd = 2;
    if (options_parse(&options, &argc, argv) < 0)
        return 1;
    if (!options_told(&options, "systemd-delta [OPTIONS...] [SUFFIX...]\n\nFind overridden configuration files.", NULL,
                      "systemd-delta(1)")) {
        status = take_options();
        bool bad = status;
        for (int i = 1; i < argc && !bad; i++)
            status |= process_given(argv[i]);
        if (argc == 1 && !bad)
            status |= process_all(NULL);
        if (!status)
            out("%s%u overridden configuration files found.\n", found ? "\n" : "", found);
    }
    out_flush();
    return status;
}
