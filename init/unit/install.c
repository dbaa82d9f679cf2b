/* SPDX-License-Identifier: 0BSD
 *
 * The verbs of systemctl(1) on unit files: which links each makes and removes below search_root. Runs in
 * clients, not in PID 1. What is done and what fails is noted in order (install_changes); the words for it
 * are the client's. */
#include "install.h"

#include <dirent.h>

static const char *config_of(const struct install_options *o) { return o->runtime ? RUNTIME : CONFIG; }

/* ---- making links -------------------------------------------------------------------------- */

/* Two targets of one link that mean the same unit: the same file, or the same name in the search path. */
static bool same_target(const char *link, const char *a, const char *b)
{
    char x[PATH_BYTES], y[PATH_BYTES], full[PATH_BYTES];
    struct stat s, t;
    int above = str_rfind(str_of(link), '/');
    path_fmt(x, "%.*s%s%s", *a == '/' ? 0 : above, link, *a == '/' ? "" : "/", a);
    path_fmt(y, "%.*s%s%s", *b == '/' ? 0 : above, link, *b == '/' ? "" : "/", b);
    if (STREQ(x, y) || (sys_stat(rooted(x, full), &s) == 0 && sys_stat(rooted(y, full), &t) == 0
                        && s.st_dev == t.st_dev && s.st_ino == t.st_ino))
        return true;
    return STREQ(base_of(x), base_of(y)) && below_search_dirs(x, false) && below_search_dirs(y, false);
}

/* 1: the link is there, made or found. */
static int make_link(const char *target, const char *path, bool force)
{
    char old[PATH_BYTES], full[PATH_BYTES], beside[PATH_BYTES];
    make_parents(rooted(path, full));
    int r = sys_symlink(target, full);
    if (r == 0)
        return note(CHANGE_SYMLINK, full, target), 1;
    if (r != -EEXIST)
        return note(r, full, NULL);
    ssize_t n = sys_readlinkat(AT_FDCWD, full, old, sizeof old);
    if (n < 0)
        return note(n == -EINVAL ? -EEXIST : (int)n, full, NULL);
    if (same_target(path, old, target))
        return 1;
    if (!force)
        return note(-EEXIST, full, install_keep(str_of(old)));
    path_fmt(beside, "%.*s/.#%s%u", str_rfind(str_of(full), '/'), full, base_of(path), (u32)sys_getpid());
    r = sys_symlink(target, beside);
    r = r < 0 ? r : sys_rename(beside, full);
    if (r < 0)
        return note(r, full, NULL);
    note(CHANGE_UNLINK, full, NULL);
    note(CHANGE_SYMLINK, full, target);
    return 1;
}

/* Alias=multi-user.target.wants/foo.service and the like, from before WantedBy=. */
static int check_folder_alias(const struct info *info, const char *alias)
{
    BUF(template, UNIT_NAME_BYTES);
    const char *name = base_of(alias);
    struct str dir = { alias, (size_t)(name - 1 - alias) }, link = str_of(name), own = str_of(info->name);
    struct str unit = str_cut(dir, dir.n - (str_ends(dir, ".wants") ? 6 : str_ends(dir, ".requires") ? 9 : 0));
    if (unit.n == dir.n || !unit_name_valid(unit))
        return note(-EXDEV, alias, NULL);
    bool instance = unit_name_is_instance(link), template_link = unit_name_is_template(link);
    if (unit_name_valid(link) && !template_link && str_eq(link, own))
        return 0;
    if (instance || template_link)
        unit_name_template(link, &template);
    if (unit_name_valid(link) && unit_name_is_template(own) && str_eq(STR(template), own)
        && (instance || unit_name_is_template(unit)))
        return 0;
    return note(-EXDEV, alias, info->name);
}

/* *out: the name the link gets. -ELOOP: it is the unit itself, which is no fault. */
static int check_alias(const struct info *info, const char *alias, struct buf *out)
{
    struct str name = str_of(info->name);
    buf_z(out, alias);
    if (strchr(alias, '/'))
        return check_folder_alias(info, alias);
    if (unit_name_valid(str_of(alias)) && unit_name_is_template(str_of(alias)) && unit_name_is_instance(name)) {
        out->n = 0;
        int r = unit_name_with_instance(str_of(alias), unit_name_instance(name), out);
        if (r < 0)
            return r;
    }
    int r = install_alias_ok(buf_end(out), info->name, false);
    return r >= 0 || r == -ELOOP ? r : note(-EXDEV, out->p, info->name);
}

static int link_aliases(const struct info *info, const char *config, bool force)
{
    int r = 0;
    for (const struct item *i = info->lists[ALIAS].first; i; i = i->next) {
        BUF(alias, UNIT_NAME_BYTES + 1);
        BUF(name, UNIT_NAME_BYTES + 1);
        char path[PATH_BYTES];
        int q = install_expand(info, str_of(i->text), &alias);
        if (q < 0)
            note(q, i->text, NULL);
        else
            q = check_alias(info, buf_end(&alias), &name);
        if (q == -ELOOP)
            continue;
        if (q >= 0)
            q = make_link(info->path, path_fmt(path, "%s/%s", config, buf_end(&name)), force);
        r = r < 0 ? r : q;
    }
    return r;
}

/* The name of the link in .wants: that of a template is its default instance. Negative: it cannot be enabled. */
static int name_of_link(const struct info *info, struct buf *name, bool *template)
{
    struct info instance = { 0 };
    struct str own = str_of(info->name);
    *template = unit_name_is_template(own) && !info->instance;
    if (!unit_name_is_template(own) || *template)
        return buf_str(name, own), 0;
    int r = unit_name_with_instance(own, str_of(info->instance), name);
    instance.name = buf_end(name);
    r = r < 0 ? r : install_search(NULL, &instance, SEARCH_FOLLOW);
    return r < 0 ? r : instance.mode == MODE_MASKED ? note(-ERFKILL, full_path(instance.path), NULL) : 0;
}

/* A template without an instance can only be wanted by what has one. In presets that is no fault. */
static int check_wanting(struct str unit, bool template, const char *name, bool preset, const char *text)
{
    bool valid = unit_name_valid(unit);
    if (valid && (!template || unit_name_is_instance(unit) || unit_name_is_template(unit)))
        return 0;
    if (preset)
        return -EAGAIN;
    return valid ? note(-EIDRM, text, install_keep(str_of(name))) : note(-EUCLEAN, text, NULL);
}

static int link_wants(const struct info *info, u32 list, const char *config, bool preset)
{
    const char *suffix = list == WANTED_BY ? "wants" : "requires";
    BUF(name, UNIT_NAME_BYTES);
    bool template;
    int r = 0, q;
    if (!info->lists[list].first)
        return 0;
    if ((q = name_of_link(info, &name, &template)) < 0)
        return q;
    for (const struct item *i = info->lists[list].first; i; i = i->next) {
        BUF(unit, UNIT_NAME_BYTES + 1);
        char path[PATH_BYTES];
        q = install_expand(info, str_of(i->text), &unit);
        if (q < 0)
            note(q, i->text, NULL);
        else
            q = check_wanting(STR(unit), template, buf_end(&name), preset, buf_end(&unit));
        if (q == -EAGAIN)
            continue;
        if (q < 0) {
            r = r < 0 ? r : q;
            continue;
        }
        q = make_link(info->path, path_fmt(path, "%s/%s.%s/%s", config, buf_end(&unit), suffix, buf_end(&name)), true);
        if ((q < 0 && r >= 0) || r == 0)
            r = q;
        if (!install_exists(unit.p))
            note(CHANGE_NOT_PRESENT, unit.p, full_path(info->path));
    }
    return r;
}

/* All links of one unit; a positive number when there were any to make. */
static int link_unit(const struct info *info, const struct install_options *o, bool preset)
{
    char path[PATH_BYTES];
    const char *config = config_of(o);
    if (!below_search_dirs(info->path, true)) {
        int r = make_link(info->path, path_fmt(path, "%s/%s", config, info->name), o->force);
        if (r < 0)
            return r;
    }
    int r = link_aliases(info, config, o->force);
    int wanted = link_wants(info, WANTED_BY, config, preset);
    r = r ? r : wanted;
    int required = link_wants(info, REQUIRED_BY, config, preset);
    return r ? r : required;
}

static struct info *next_todo(struct context *c)
{
    struct info *i = c->todo;
    if (i)
        c->todo = i->next;
    return i;
}

/* Enables all of the context and what its Also= bring into it. */
static int apply(struct context *c, const struct install_options *o, u32 flags, bool preset)
{
    int r = 0;
    for (struct info *i; (i = next_todo(c));) {
        int q = install_traverse(c, i, flags, NULL);
        if (q < 0 && !i->auxiliary)
            return note(q, i->name, NULL);
        if (q < 0) {
            note(CHANGE_AUXILIARY_FAILED, i->name, NULL);
            continue;
        }
        bool masked = i->mode == MODE_MASKED, compact = is_compact(i->path);
        if (masked || (compact && i->mode == MODE_REGULAR)) {
            note(masked ? CHANGE_MASKED : CHANGE_COMPACT, full_path(i->path), NULL);
            r += r >= 0;
        } else if (i->mode == MODE_REGULAR) {
            q = link_unit(i, o, preset);
            if (r >= 0)
                r = q < 0 ? q : r + q;
        }
        if (install_full)
            return -ENOSPC;
    }
    return r;
}

static int discover_and_check(struct context *c, const char *name, u32 flags, struct info **out)
{
    int r = install_discover(c, name, flags, out, true);
    if (r < 0)
        return r;
    const char *path = (*out)->path;
    if ((*out)->mode == MODE_MASKED)
        return note(-ERFKILL, full_path(path), NULL);
    if (is_generated(path) || is_transient(path))
        return note(-EADDRNOTAVAIL, full_path(path), NULL);
    return 0;
}

int install_enable(const char *const *names, u32 n, const struct install_options *o)
{
    struct context c = { 0 };
    struct info *info;
    for (u32 i = 0; i < n; i++) {
        int r = discover_and_check(&c, names[i], SEARCH_LOAD | SEARCH_FOLLOW, &info);
        if (r < 0)
            return r;
    }
    return apply(&c, o, SEARCH_LOAD, false);
}

/* ---- removing links ------------------------------------------------------------------------ */

/* Empty folders on the way up to `stop`. */
static void remove_parents(const char *path, const char *stop)
{
    char folder[PATH_BYTES], full[PATH_BYTES];
    z_copy(folder, sizeof folder, str_of(path));
    do
        folder[MAX(str_rfind(str_of(folder), '/'), 0)] = 0;
    while (z_after(folder, stop) && !STREQ(folder, stop) && sys_rmdir(rooted(folder, full)) == 0);
}

/* Does the link have a marked name, that of an instance of one, or lead to one? */
static int is_marked(const struct items *marked, const char *path)
{
    BUF(template, UNIT_NAME_BYTES);
    char real[PATH_BYTES], full[PATH_BYTES];
    struct str name = str_of(base_of(path));
    if (items_have(marked, name.p))
        return 1;
    if (unit_name_is_template(name) || unit_name_is_instance(name)) {
        unit_name_template(name, &template);
        if (items_have(marked, buf_end(&template)))
            return 1;
    }
    int r = chase(path, true, real);
    if (r < 0)
        return r == -ENOENT ? 0 : note(r, rooted(path, full), NULL);
    return (!*search_root && items_have(marked, real)) || items_have(marked, base_of(real));
}

/* What is being removed. `again`: a link was removed to which others, looked at before, may lead. */
struct removal { struct items *marked; const char *config; bool dry_run, again; };

static int remove_link(struct removal *r, const char *path)
{
    char full[PATH_BYTES];
    int gone = is_marked(r->marked, path);
    if (gone <= 0)
        return gone;
    gone = r->dry_run ? 0 : sys_unlink(rooted(path, full));
    if (gone < 0 && gone != -ENOENT)
        return note(gone, full, NULL);
    if (!r->dry_run)
        remove_parents(path, r->config);
    note(CHANGE_UNLINK, rooted(path, full), NULL);
    if (!items_have(r->marked, path)) {
        items_add(r->marked, install_keep(str_of(path)));
        r->again |= !r->dry_run;
    }
    return 0;
}

static int remove_below(struct removal *r, const char *folder, u32 depth)
{
    struct dir d;
    char path[PATH_BYTES];
    int result = 0, fd = dir_open(&d, rooted(folder, path));
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    for (struct dirent *e; (e = dir_next(&d));) {
        int q = 0;
        if (e->d_name[0] == '.')
            continue;
        path_fmt(path, "%s/%s", folder, e->d_name);
        if (e->d_type == DT_DIR && depth < 16)
            q = remove_below(r, path, depth + 1);
        else if (e->d_type == DT_LNK && unit_name_valid(str_of(e->d_name)))
            q = remove_link(r, path);
        result = result ? result : q;
    }
    return result;
}

/* Removes all links below a configuration folder that lead to what is marked. */
static int remove_marked(struct items *marked, const char *config, bool dry_run)
{
    struct removal r = { marked, config, dry_run, false };
    int result = 0;
    if (!marked->first)
        return 0;
    do {
        r.again = false;
        int q = remove_below(&r, config, 0);
        result = result ? result : q;
    } while (r.again && !install_full);
    return install_full ? -ENOSPC : result;
}

/* What of one unit is to be removed. 1: its links; 0: nothing. */
static int mark(struct context *c, struct info *i)
{
    char full[PATH_BYTES];
    int r = install_traverse(c, i, SEARCH_LOAD | SEARCH_FOLLOW, NULL);
    const char *place = i->path ? rooted(i->path, full) : i->name;
    if (r == -ENOLINK)
        note(CHANGE_DANGLING, place, NULL);
    else if (r < 0 && !(r == -ENOENT && i->auxiliary))
        note(r, place, NULL);
    else if (r == 0 && i->mode == MODE_MASKED)
        return note(CHANGE_MASKED, place, NULL), 0;
    else if (r == 0 && i->mode != MODE_REGULAR)
        return 0;
    else if (r == 0 && is_compact(i->path))
        return i->auxiliary ? 0 : note(-EBUSY, place, NULL);
    return 1;
}

static int mark_all(struct context *c, struct items *marked)
{
    for (struct info *i; (i = next_todo(c));) {
        int r = mark(c, i);
        if (r < 0 || install_full)
            return install_full ? -ENOSPC : r;
        if (r && !items_have(marked, i->name))
            items_add(marked, i->name);
    }
    return 0;
}

int install_disable(const char *const *names, u32 n, const struct install_options *o)
{
    struct context c = { 0 };
    struct items marked = { 0 };
    for (u32 i = 0; i < n; i++) {
        if (!unit_name_valid(str_of(names[i])))
            return note(-EUCLEAN, names[i], NULL);
        int r = install_add(&c, names[i], NULL, false, NULL);
        if (r < 0)
            return r;
    }
    int r = mark_all(&c, &marked);
    return r < 0 ? r : remove_marked(&marked, config_of(o), o->dry_run);
}

/* A linked unit is disabled by its name, which removes the link, and enabled by its file. */
int install_reenable(const char *const *names, u32 n, const struct install_options *o)
{
    const char **base = install_take(n * sizeof *base), **file = install_take(n * sizeof *file);
    if (install_full)
        return -ENOSPC;
    for (u32 i = 0; i < n; i++) {
        struct context c = { 0 };
        struct info *info = NULL;
        base[i] = base_of(names[i]);
        if (!*base[i])
            return -EISDIR;
        if (!strchr(names[i], '/') && install_discover(&c, base[i], SEARCH_LOAD | SEARCH_FOLLOW, &info, false) < 0)
            info = NULL;
        file[i] = info && info->path && *search_root ? info->path : names[i];
    }
    int r = install_disable(base, n, o);
    return r < 0 ? r : install_enable(file, n, o);
}

/* ---- link, mask, revert -------------------------------------------------------------------- */

static int check_link(const char *path)
{
    char full[PATH_BYTES];
    struct stat st;
    if (*path != '/')
        return -EINVAL;
    if (!unit_name_valid(str_of(base_of(path))))
        return -EUCLEAN;
    int r = sys_lstat(rooted(path, full), &st);
    if (r < 0 || !S_ISREG(st.st_mode))
        return r < 0 ? r : S_ISDIR(st.st_mode) ? -EISDIR : S_ISLNK(st.st_mode) ? -ELOOP : -EBADFD;
    if (*search_root)
        return 1;                        /* there systemd does not see where the file lies */
    return below_search_dirs(path, true) ? 0 : below_search_dirs(path, false) ? -ETXTBSY : 1;
}

int install_link(const char *const *paths, u32 n, const struct install_options *o)
{
    struct items todo = { 0 };
    char path[PATH_BYTES];
    int r = 0;
    for (u32 i = 0; i < n; i++) {
        int q = check_link(paths[i]);
        if (q < 0)
            return note(q, paths[i], NULL);
        if (q && !items_have(&todo, paths[i]))
            items_add(&todo, paths[i]);
    }
    for (const struct item *i = todo.first; i; i = i->next) {
        int q = make_link(i->text, path_fmt(path, "%s/%s", config_of(o), base_of(i->text)), o->force);
        r = q < 0 && r >= 0 ? q : r;
    }
    return r;
}

int install_mask(const char *const *names, u32 n, const struct install_options *o)
{
    char path[PATH_BYTES], full[PATH_BYTES];
    struct stat st;
    int r = 0;
    for (u32 i = 0; i < n; i++) {
        int q = -EINVAL;
        path_fmt(path, "/etc/units/%s", names[i]);
        if (unit_name_valid(str_of(names[i])))
            q = sys_lstat(rooted(path, full), &st) == 0 ? note(-EBUSY, full, "")
              : make_link("/dev/null", path_fmt(path, "%s/%s", config_of(o), names[i]), o->force);
        r = q < 0 && r >= 0 ? q : r;
    }
    return r;
}

/* 1: a link to /dev/null or an empty file; 0: another or none. */
static int is_masking(const char *path)
{
    char target[PATH_BYTES], full[PATH_BYTES];
    struct stat st;
    if (sys_readlinkat(AT_FDCWD, rooted(path, full), target, sizeof target) >= 0 && STREQ(target, "/dev/null"))
        return 1;
    int r = sys_stat(full, &st);
    return r < 0 ? r == -ENOENT ? 0 : r : S_ISCHR(st.st_mode) || (S_ISREG(st.st_mode) && !st.st_size);
}

int install_unmask(const char *const *names, u32 n, const struct install_options *o)
{
    struct items todo = { 0 }, marked = { 0 };
    char path[PATH_BYTES], full[PATH_BYTES];
    int r = 0;
    for (u32 i = 0; i < n; i++) {
        struct info info = { .name = names[i] };
        if (!unit_name_valid(str_of(names[i])))
            return -EINVAL;
        if (!*search_root && install_search(NULL, &info, 0) >= 0 && info.mode == MODE_MASKED && is_generated(info.path))
            note(CHANGE_MASKED_GENERATOR, names[i], info.path);
        int q = is_masking(path_fmt(path, "%s/%s", config_of(o), names[i]));
        if (q < 0)
            return q;
        if (q && !items_have(&todo, names[i]))
            items_add(&todo, names[i]);
    }
    for (const struct item *i = todo.first; i; i = i->next) {
        int q = sys_unlink(rooted(path_fmt(path, "%s/%s", config_of(o), i->text), full));
        if (q < 0 && q != -ENOENT)
            r = r < 0 ? r : note(q, full, NULL);
        if (q < 0)
            continue;
        note(CHANGE_UNLINK, full, NULL);
        items_add(&marked, install_keep(str_of(path)));
    }
    int q = remove_marked(&marked, config_of(o), false);
    return r < 0 ? r : q;
}

/* Is this a place where revert removes drop-ins? */
static bool is_revertible(const char *path)
{
    return is_config(path) || is_transient(path) || z_after(path, "/etc/systemd/system.control/")
        || z_after(path, "/run/systemd/system.control/");
}

static bool is_vendor(const char *path)
{
    return z_after(path, "/usr/") || z_after(path, "/lib/") || (!*search_root && is_generated(path));
}

/* What lies at a path: its mode, 0 for nothing. */
static int look(const char *path, u32 *mode)
{
    char full[PATH_BYTES];
    struct stat st;
    int r = sys_lstat(rooted(path, full), &st);
    *mode = r < 0 ? 0 : st.st_mode;
    return r < 0 && r != -ENOENT ? note(r, full, NULL) : 0;
}

static void add_once(struct items *list, const char *path)
{
    if (!items_have(list, path))
        items_add(list, install_keep(str_of(path)));
}

/* What there is of a unit besides the vendor's file: drop-ins, and if there is that file, what hides it. */
static int find_reverted(const char *name, struct items *todo)
{
    char path[PATH_BYTES];
    const char *shipped = builtin_find(str_of(name));
    bool vendor = shipped && *shipped != '@';
    u32 mode;
    for (EACH(folder, search_dirs)) {
        int r = look(path_fmt(path, "%s/%s", folder, name), &mode);
        if (r < 0)
            return r;
        vendor |= S_ISREG(mode) && is_vendor(path);
        r = look(path_fmt(path, "%s/%s.d", folder, name), &mode);
        if (r < 0)
            return r;
        if (S_ISDIR(mode) && is_revertible(path))
            add_once(todo, path);
    }
    for (EACH(folder, search_dirs)) {
        int r = vendor ? look(path_fmt(path, "%s/%s", folder, name), &mode) : 1;
        if (r)
            return MIN(r, 0);
        if ((S_ISREG(mode) || S_ISLNK(mode)) && is_config(path))
            add_once(todo, path);
    }
    return 0;
}

/* A file, or a folder with all that is in it. `full` has room for what is below; the files right in it are listed. */
static int remove_tree(char *full, struct items *files, u32 depth)
{
    struct dir d;
    size_t n = strlen(full);
    struct buf path = { full, (u32)n, PATH_BYTES, false };
    int r = 0, fd = dir_at(&d, sys_open(full, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_NOFOLLOW));
    if (fd == -ENOTDIR || fd == -ELOOP)
        return sys_unlink(full);
    if (fd < 0)
        return fd;
    for (struct dirent *e; (e = dir_next(&d));) {
        path.n = (u32)n;
        buf_fmt(&path, "/%s", e->d_name);
        buf_end(&path);
        if (files && e->d_type != DT_DIR && e->d_name[0] != '.' && !z_ends(e->d_name, "~"))
            items_add(files, install_keep(str_of(full)));
        int q = path.over ? -ENAMETOOLONG : e->d_type != DT_DIR ? sys_unlink(full)
              : depth < 16 ? remove_tree(full, NULL, depth + 1) : -ELOOP;
        r = r < 0 ? r : q;
    }
    full[n] = 0;
    return r < 0 ? r : sys_rmdir(full);
}

int install_revert(const char *const *names, u32 n, const struct install_options *o)
{
    struct items todo = { 0 }, marked = { 0 };
    int r = 0, q;
    (void)o;
    for (u32 i = 0; i < n; i++)
        if ((r = unit_name_valid(str_of(names[i])) ? find_reverted(names[i], &todo) : -EINVAL) < 0)
            return r;
    for (const struct item *i = todo.first; i; i = i->next) {
        struct items files = { 0 };
        char full[PATH_BYTES];
        q = remove_tree(rooted(i->text, full), &files, 0);
        if (q < 0 && q != -ENOENT && r >= 0) {
            r = q;
            continue;
        }
        for (const struct item *f = files.first; f; f = f->next)
            note(CHANGE_UNLINK, f->text, NULL);
        note(CHANGE_UNLINK, full, NULL);
        items_add(&marked, i->text);
    }
    q = remove_marked(&marked, RUNTIME, false);
    r = r < 0 ? r : q;
    q = remove_marked(&marked, CONFIG, false);
    return r < 0 ? r : q;
}

/* ---- the default target, further dependencies ---------------------------------------------- */

int install_set_default(const char *const *names, u32 n, const struct install_options *o)
{
    struct context c = { 0 };
    struct info *info;
    (void)n;
    (void)o;
    if (unit_type_of(str_of(names[0])) != UNIT_TARGET || STREQ(names[0], "default.target"))
        return -EINVAL;
    int r = discover_and_check(&c, names[0], 0, &info);
    return r < 0 ? r : make_link(info->path, CONFIG "/default.target", true);
}

int install_add_dependency(const char *const *names, u32 n, const struct install_options *o)
{
    struct context c = { 0 };
    struct info *target, *info;
    if (!unit_name_valid(str_of(names[0])))
        return note(-EUCLEAN, names[0], NULL);
    int r = discover_and_check(&c, names[0], SEARCH_FOLLOW, &target);
    for (u32 i = 1; i < n && r >= 0; i++) {
        r = discover_and_check(&c, names[i], SEARCH_FOLLOW, &info);
        if (r < 0)
            break;
        struct items *list = &info->lists[o->requires ? REQUIRED_BY : WANTED_BY];
        *list = (struct items){ 0 };
        items_add(list, target->name);
    }
    return r < 0 ? r : apply(&c, o, SEARCH_FOLLOW, false);
}

/* ---- presets ------------------------------------------------------------------------------- */

/* What presets say of one unit: into one context what is to be enabled, into the other what is not. */
static int prepare_preset(struct context *plus, struct context *minus, const char *name)
{
    struct context c = { 0 };
    struct items instances = { 0 };
    struct info *info;
    if (install_known(plus, name) || install_known(minus, name))
        return 0;
    int r = install_discover(&c, name, SEARCH_FOLLOW, &info, true);
    if (r < 0)
        return r;
    if (!STREQ(name, info->name) || is_compact(info->path))
        return 0;                        /* an alias, or enabled by where it lies */
    if (!unit_name_valid(str_of(name)))
        return -EINVAL;
    if (!preset_query(name, &instances))
        return install_discover(minus, name, SEARCH_FOLLOW, &info, true);
    if (!instances.first)
        return discover_and_check(plus, name, SEARCH_LOAD | SEARCH_FOLLOW, &info);
    for (const struct item *i = instances.first; i && r >= 0; i = i->next)
        r = discover_and_check(plus, i->text, SEARCH_LOAD | SEARCH_FOLLOW, &info);
    return r;
}

static int execute_preset(struct context *plus, struct context *minus, const struct install_options *o)
{
    struct items marked = { 0 };
    int r = 0;
    if (o->preset_mode != PRESET_ENABLE_ONLY) {
        r = mark_all(minus, &marked);
        if (r < 0)
            return r;
        r = remove_marked(&marked, config_of(o), false);
    }
    int q = o->preset_mode != PRESET_DISABLE_ONLY ? apply(plus, o, SEARCH_LOAD, true) : 0;
    return r < 0 ? r : q < 0 ? q : r + q;
}

int install_preset_units(const char *const *names, u32 n, const struct install_options *o)
{
    struct context plus = { 0 }, minus = { 0 };
    presets_read();
    for (u32 i = 0; i < n; i++) {
        int r = prepare_preset(&plus, &minus, names[i]);
        if (r < 0)
            return r;
    }
    return execute_preset(&plus, &minus, o);
}

/* What may be wrong with one unit without stopping a preset of all. */
static bool is_units_own_fault(int r)
{
    static const short faults[] = { EEXIST, ERFKILL, EADDRNOTAVAIL, EBADSLT, EIDRM, EUCLEAN, ELOOP, ENOENT, EUNATCH, EXDEV };
    for (u32 i = 0; i < LEN(faults); i++)
        if (r == -faults[i])
            return true;
    return false;
}

int install_preset_all(const char *const *names, u32 n, const struct install_options *o)
{
    struct context plus = { 0 }, minus = { 0 };
    char path[PATH_BYTES];
    (void)names;
    (void)n;
    presets_read();
    for (EACH(folder, search_dirs)) {
        struct dir d;
        int r = dir_open(&d, rooted(folder, path));
        if (r < 0 && r != -ENOENT)
            return r;
        for (struct dirent *e; (e = dir_next(&d));) {
            if ((e->d_type != DT_LNK && e->d_type != DT_REG) || !unit_name_valid(str_of(e->d_name)))
                continue;
            r = prepare_preset(&plus, &minus, e->d_name);
            if (install_full || (r < 0 && !is_units_own_fault(r))) {
                dir_close(&d);
                return install_full ? -ENOSPC : r;
            }
        }
    }
    return execute_preset(&plus, &minus, o);
}
