/* SPDX-License-Identifier: 0BSD
 *
 * systemd-modules-load: kernel modules that modules-load.d(5) and modules_load= on the command line name. By the image's
 * modprobe(8), which knows options and deny-lists; where there is none, by modules.dep and modules.alias alone. */
#include "tool.h"

#include <sys/utsname.h>

static char folder[PATH_BYTES];                  /* /lib/modules/VERSION */

/* Is the module of this path ("kernel/fs/ext4.ko.xz")? `name` has underscores. */
static bool is_of(struct str path, const char *name)
{
    struct str base = str_from(path, (size_t)(str_rfind(path, '/') + 1));
    for (; base.n && *name; base = str_from(base, 1), name++)
        if (*name != (base.p[0] == '-' ? '_' : base.p[0]))
            return false;
    return !*name && str_starts(base, ".ko");
}

static struct str list_text(const char *list)
{
    static char text[4u << 20];
    return file_text(z_fmt("%s/%s", folder, list), text, sizeof text);
}

/* The line of a list of modules, up to a colon: the path; *rest what is behind it. */
static struct str find_line(const char *list, const char *name, struct str *rest)
{
    struct str all = list_text(list);
    for (struct str line; (line = str_line(&all, '\n')).p;) {
        *rest = line;
        struct str path = str_line(rest, ':');
        if (is_of(path, name))
            return path;
    }
    return (struct str){ NULL, 0 };
}

/* "alias PATTERN MODULE": the first that matches becomes the name. */
static void resolve_alias(char *name, size_t size)
{
    struct str all = list_text("modules.alias"), module;
    for (struct str line; (line = str_line(&all, '\n')).p;) {
        char pattern[512];
        bool alias = str_is(str_word(&line, BLANKS), "alias") && z_copy(pattern, sizeof pattern, str_word(&line, BLANKS));
        if (alias && glob_match(pattern, name) && (module = str_trim(line)).n) {
            z_copy(name, size, module);
            return;
        }
    }
}

static int insert(struct str path)
{
    int fd = sys_open(z_fmt("%s/%.*s", folder, (int)path.n, path.p), O_RDONLY);
    int r = fd < 0 ? fd : sys_init_module(fd, "", str_ends(path, ".ko") ? 0 : 4 /* MODULE_INIT_COMPRESSED_FILE */);
    sys_close(fd);
    return r == -EEXIST ? 0 : r;
}

/* What it depends on stands behind it, each before what it itself depends on: the last one first. */
static int insert_with_all(struct str path, struct str needs)
{
    int r = 0;
    while (r == 0 && (needs = str_trim(needs)).n) {
        size_t at = (size_t)(str_rfind(needs, ' ') + 1);
        r = insert(str_from(needs, at));
        needs = str_cut(needs, at);
    }
    return r == 0 ? insert(path) : r;
}

static void use_underscores(char *name)
{
    for (; *name; name++)
        *name = *name == '-' ? '_' : *name;
}

static int load(char *module)
{
    char name[256];
    struct str needs;
    if (!z_copy(name, sizeof name, str_of(module)))
        return -ENAMETOOLONG;
    use_underscores(name);
    if (find_line("modules.builtin", name, &needs).p) {
        log_line(LOG_INFO, "Module '%s' is built in", name);
        return 0;
    }
    struct str path = find_line("modules.dep", name, &needs);
    if (!path.p) {
        resolve_alias(name, sizeof name);
        use_underscores(name);
        path = find_line("modules.dep", name, &needs);
    }
    if (!path.p) {                           /* no reason to fail, as with systemd */
        log_line(LOG_ERR, "Failed to find module '%s'", name);
        return 0;
    }
    if (sys_access(z_fmt("/sys/module/%s", name), F_OK) == 0)
        return 0;
    const char *modprobe = find_program("modprobe");
    char *argv[] = { "modprobe", "-q", "-b", name, NULL };
    int r = modprobe ? run_program(modprobe, argv) : insert_with_all(path, needs);
    if (r == 0)
        log_line(LOG_INFO, "Inserted module '%s'", name);
    else
        log_line(LOG_ERR, "Failed to insert module '%s': %s", name, r > 0 ? "modprobe failed" : strerror(-r));
    return r == 0 || r == -ENODEV || r == -ENOENT ? 0 : -EIO;
}

static int load_from_cmdline(void)
{
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    int first = 0;
    while (cmdline_next(&c) > 0) {
        const char *key = z_after(c.key, "rd.");
        if (!cmdline_key_is(key ? key : c.key, "modules_load") || !c.value)
            continue;
        for (struct str rest = str_of(c.value), one; (one = str_word(&rest, ",")).p;) {
            int r = load(z_fmt("%.*s", (int)one.n, one.p));
            first = first < 0 ? first : r;
        }
    }
    return first;
}

static const struct options options = OPTIONS_OF(TOOL_OPTIONS);

int modules_main(int argc, char **argv)
{
    static const struct config config = { "modules-load.d", "#;", "Failed to open %s: %s", load, true };
    struct utsname u;
    int status, r = 0;
    if (tool_begin(&options, &config, "Loads statically configured kernel modules.", &argc, argv, &status))
        return status;
    if (sys_uname(&u) == 0)
        path_fmt(folder, "/lib/modules/%.200s", u.release);
    if (argc < 2)
        r = load_from_cmdline();
    int q = config_read(&config, argc, argv);
    return r < 0 || q < 0;
}
