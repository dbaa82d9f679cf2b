/* SPDX-License-Identifier: 0BSD
 *
 * enable, disable and is-enabled of SysV scripts in /etc/init.d: handed to systemd-sysv-install where a
 * distribution has one; else the links in /etc/rcN.d are made here, as Debian's update-rc.d makes them of the
 * script's LSB header. What makes units of the scripts is a generator. */
#include "client.h"

#include <dirent.h>

#define SYSV_INSTALL "/lib/systemd/systemd-sysv-install"
static const char levels[] = "0123456S";

/* ---- the links ----------------------------------------------------------------------------- */

/* Calls fn with each S or K link of the script in the folder of one level; how many there were, or its error. */
typedef int link_fn(const char *folder, const char *link);
static int each_link(char level, const char *script, link_fn *fn)
{
    struct dir d;
    char folder[PATH_BYTES], path[PATH_BYTES];
    int n = 0, r = 0;
    dir_open(&d, rooted(path_fmt(path, "/etc/rc%c.d", level), folder));
    for (struct dirent *e; (e = dir_next(&d));) {
        const char *name = e->d_name;
        bool link = (*name == 'S' || *name == 'K') && decimal(z_fmt("%.2s", name + 1), &(u64){ 0 })
                 && strlen(name) > 3 && STREQ(name + 3, script);
        if (link && r >= 0)
            r = fn ? fn(folder, name) : 0;
        n += link;
    }
    return r < 0 ? r : n;
}

/* A list of the script's LSB header: "Default-Start" -> "2 3 4 5". */
static const char *header(const char *path, const char *key)
{
    static char found[256];
    char *text;
    u32 n;
    bool inside = false;
    *found = 0;
    if (file_read(path, &text, &n) < 0 || !n)
        return NULL;
    struct str rest = { text, n };
    for (struct str line; (line = str_line(&rest, '\n')).p;) {
        if (str_starts(line, "### BEGIN INIT INFO"))
            inside = true;
        if (str_starts(line, "### END INIT INFO"))
            break;
        struct str value = str_from(line, 2 + strlen(key));
        if (inside && str_starts(line, "# ") && str_starts(str_from(line, 2), key) && str_starts(value, ":"))
            z_copy(found, sizeof found, str_trim(str_from(value, 1)));
    }
    return found;
}

static void make_links(const char *script, char kind, const char *key)
{
    char full[PATH_BYTES], path[PATH_BYTES];
    struct str list = str_of(header(z_fmt("/etc/init.d/%s", script), key)), level;
    while ((level = str_word(&list, BLANKS)).p) {
        path_fmt(path, "/etc/rc%.*s.d/%c01%s", (int)level.n, level.p, kind, script);
        make_parents(rooted(path, full));
        (void)sys_symlink(z_fmt("../init.d/%s", script), full);
    }
}

static int turn(const char *folder, const char *link, char kind)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    if (*link == kind)
        return 0;
    return sys_rename(path_fmt(from, "%s/%s", folder, link), path_fmt(to, "%s/%c%s", folder, kind, link + 1));
}
static int turn_on(const char *folder, const char *link) { return turn(folder, link, 'S'); }
static int turn_off(const char *folder, const char *link) { return turn(folder, link, 'K'); }
static int is_on(const char *folder, const char *link) { (void)folder; return *link == 'S' ? -EEXIST : 0; }

/* Its links become those of a script that is started, or is not. */
static int toggle(const char *script, const char *verb)
{
    int found = 0;
    const char *list = NULL;
    for (EACH(folder, "/etc/insserv/overrides\0/etc/init.d\0/usr/share/insserv/overrides\0"))
        list = list ? list : header(z_fmt("%s/%s", folder, script), "Default-Start");
    struct str rest = str_of(list), level;
    if (!rest.n)
        return complain("update-rc.d: error: %s Default-Start contains no runlevels, aborting.", script);
    while ((level = str_word(&rest, BLANKS)).p) {
        if (level.n != 1 || !strchr("S2345", *level.p)) {
            complain("update-rc.d: warning: %s action will have no effect on runlevel %.*s", verb, (int)level.n, level.p);
            continue;
        }
        int n = each_link(*level.p, script, *verb == 'e' ? turn_on : turn_off);
        if (n < 0)
            return complain("update-rc.d: error: %s", strerror(-n));
        found += n;
    }
    return found ? 0 : complain("update-rc.d: error: no runlevel symlinks to modify, aborting!");
}

/* What update-rc.d does where there is no insserv; the exit status of systemd-sysv-install. */
static int install_links(const char *script, const char *verb)
{
    int found = 0;
    if (STREQ(verb, "is-enabled"))
        return each_link('S', script, is_on) >= 0 && each_link('5', script, is_on) >= 0;
    for (const char *level = levels; *level; level++)
        found += MAX(each_link(*level, script, NULL), 0);
    if (!found) {
        make_links(script, 'S', "Default-Start");
        make_links(script, 'K', "Default-Stop");
    }
    return toggle(script, verb);
}

/* ---- the program --------------------------------------------------------------------------- */

/* The exit status, or negative: told. */
static int run_sysv_install(const char *verb, const char *script)
{
    const char *argv[5] = { SYSV_INSTALL };
    struct death d;
    u32 n = 1;
    if (sys_access(SYSV_INSTALL, 1) < 0)
        return install_links(script, verb);
    if (*search_root)
        argv[n++] = z_fmt("--root=%s", search_root);
    argv[n++] = verb;
    argv[n] = script;
    if (!args.quiet)
        complain("Executing: %s%s%s %s %s", SYSV_INSTALL, n == 3 ? " " : "", n == 3 ? argv[1] : "", verb, script);
    out_flush();
    pid_t pid = sys_fork();
    if (pid == 0) {
        int r = sys_execve(SYSV_INSTALL, (char **)argv, client_environment);
        complain("Failed to execute %s: %s", SYSV_INSTALL, strerror(-r));
        sys_exit(1);
    }
    int r = pid < 0 ? pid : sys_wait(pid, &d);
    return r < 0 ? r : d.code == CLD_EXITED ? d.status : -EPROTO;
}

/* One name. 1: it is a script that is enabled, or was dealt with; *done: it is no unit besides. */
static int take_script(const char *verb, const char *name, bool *done)
{
    char full[PATH_BYTES], script[UNIT_NAME_BYTES];
    bool ask = STREQ(verb, "is-enabled");
    if (!z_ends(name, ".service") || *name == '/')
        return 0;
    int native = install_look_up(name);
    if (native < 0 && native != -ELOOP && native != -ERFKILL && native != -EADDRNOTAVAIL)
        return (void)failed("look up unit file state", native), native;
    z_copy(script, sizeof script, str_cut(str_of(name), strlen(name) - 8));
    if ((native && ask) || sys_access(rooted(z_fmt("/etc/init.d/%s", script), full), 0) < 0)
        return 0;
    if (!args.quiet)
        complain(native ? "Synchronizing state of %s with SysV service script with " SYSV_INSTALL "."
                        : "%s is not a native service, redirecting to systemd-sysv-install.", name);
    int status = run_sysv_install(verb, script);
    *done = !native;
    if (ask && status >= 0 && !args.quiet)
        out(status ? "disabled\n" : "enabled\n");
    return ask && status >= 0 ? !status : status ? -EBADE : 0;
}

int sysv_files(const char *verb)
{
    u32 kept = 0;
    int result = 0;
    const char *skip = env_of("SYSTEMCTL_SKIP_SYSV");
    bool on = false;
    if (!z_in("enable\0disable\0is-enabled\0", verb) || (skip && parse_bool(str_of(skip), &on) == 0 && on))
        return 0;
    install_begin();
    for (u32 i = 0; i < names.n; i++) {
        bool done = false;
        int r = take_script(verb, names.name[i], &done);
        if (r < 0)
            return r;
        result |= r;
        if (!done)
            names.name[kept++] = names.name[i];
    }
    names.n = kept;
    return result;
}
