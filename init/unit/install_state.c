/* SPDX-License-Identifier: 0BSD
 *
 * What links and presets say of a unit file: is it enabled, should it be? Reads only. Links and presets
 * are read once for each building of the index (search.c), so that a list of all unit files costs one
 * pass over the folders. */
#include "install.h"

#include <dirent.h>

const char file_state_names[] =
    "enabled\0enabled-runtime\0linked\0linked-runtime\0alias\0masked\0masked-runtime\0static\0"
    "disabled\0indirect\0generated\0transient\0bad\0";

/* ---- links --------------------------------------------------------------------------------- */

/* All links to units, one after the other: the folder's place in search_dirs, 'w' for one in a .wants or
 * .requires folder there or 't', its name, the last part of its target. */
static char links[INSTALL_LINKS_BYTES] SCRATCH;
static u32 links_n, links_age;
static struct buf links_buf;

static void read_links(const char *path, u32 place, bool top)
{
    struct dir d;
    char target[PATH_BYTES], full[PATH_BYTES], below[PATH_BYTES];
    dir_open(&d, rooted(path, full));
    for (struct dirent *e; (e = dir_next(&d));) {
        if (e->d_name[0] == '.')
            continue;
        if (top && e->d_type != DT_REG && (z_ends(e->d_name, ".wants") || z_ends(e->d_name, ".requires")))
            read_links(path_fmt(below, "%s/%s", path, e->d_name), place, false);
        if (e->d_type == DT_REG || e->d_type == DT_DIR
            || sys_readlinkat(d.fd, e->d_name, target, sizeof target) < 0)
            continue;
        u32 start = links_buf.n;
        buf_fmt(&links_buf, "%u %c%s", place, top ? 't' : 'w', e->d_name);
        buf_c(&links_buf, 0);
        buf_z(&links_buf, base_of(target));
        buf_c(&links_buf, 0);
        if (links_buf.over)
            links_buf.n = start;
    }
}

static void read_all_links(void)
{
    if (links_age == index_builds && links_n)
        return;
    links_buf = BUF_OVER(links);
    for (EACH(folder, search_dirs))
        read_links(folder, (u32)(folder - search_dirs), true);
    if (links_buf.over)
        log_line(LOG_ERR, "Limit INSTALL_LINKS_BYTES reached (limits.h): some units are taken for disabled.");
    buf_c(&links_buf, 0);
    links_n = links_buf.n;
    links[MIN(links_n, (u32)sizeof links) - 1] = 0;
    links_age = index_builds;
}

/* Is this one of the names that [Install] would make links of? */
static bool is_known_name(const struct info *info, const char *name)
{
    BUF(instance, UNIT_NAME_BYTES);
    struct str own = str_of(info->name);
    return STREQ(name, info->name) || items_have(&info->lists[ALIAS], name)
        || (info->instance && unit_name_is_template(own)
            && unit_name_with_instance(own, str_of(info->instance), &instance) == 0 && str_is(STR(instance), name));
}

static bool is_of_template(const char *link, const char *name)
{
    BUF(template, UNIT_NAME_BYTES);
    struct str l = str_of(link);
    if (!unit_name_is_instance(l) && !unit_name_is_template(l))
        return false;
    unit_name_template(l, &template);
    return str_is(STR(template), name);
}

/* What one link says: 0: nothing, 1: enabled, 2: linked, for it is the unit file itself. */
static int link_says(const struct info *info, bool top, const char *name, const char *target, bool own_counts, bool match)
{
    bool own = STREQ(name, info->name) && (!top || own_counts);
    bool leads = top ? STREQ(target, info->name) : !own && is_of_template(name, info->name);
    if (own && leads)
        return 2;
    return (own || leads) && (!match || is_known_name(info, name));
}

/* 1: the state is found. Where the unit file's folder was passed, links of its own name mean nothing. */
static int state_of_links(const struct info *info, bool match, int *state)
{
    u32 own = UINT32_MAX;
    bool runtime = false, vendor = false, linked = false, linked_runtime = false;
    for (EACH(folder, search_dirs))
        if (own == UINT32_MAX && str_starts(str_of(info->path), z_fmt("%s/", folder)))
            own = (u32)(folder - search_dirs);
    for (const char *at = links; *at; at = z_next(z_next(at))) {
        const char *name = strchr(at, ' ') + 2;
        u64 place = 0;
        (void)parse_u64((struct str){ at, (size_t)(name - 2 - at) }, 10, &place);
        const char *folder = search_dirs + place;
        bool config = STREQ(folder, CONFIG), in_run = z_after(folder, "/run/") != NULL;
        int says = link_says(info, name[-1] == 't', name, z_next(at), place <= own, match);
        if (says == 1 && config) {
            *state = FILE_ENABLED;
            return 1;
        }
        runtime |= says == 1 && in_run;
        vendor |= says == 1 && !in_run;
        linked |= says == 2 && config;
        linked_runtime |= says == 2 && in_run;
    }
    bool instance = unit_name_is_instance(str_of(info->name));
    *state = runtime ? FILE_ENABLED_RUNTIME : vendor && instance ? FILE_STATIC : linked ? FILE_LINKED : FILE_LINKED_RUNTIME;
    return runtime || (vendor && instance) || linked || linked_runtime;
}

/* ---- the state ----------------------------------------------------------------------------- */

static int state_of(const struct info *info)
{
    const struct items *l = info->lists;
    bool rules = l[WANTED_BY].first || l[REQUIRED_BY].first || l[ALIAS].first;
    int state;
    if (is_compact(info->path))
        return rules ? FILE_ENABLED : FILE_STATIC;
    if (is_generated(info->path))
        return FILE_GENERATED;
    if (is_transient(info->path))
        return FILE_TRANSIENT;
    read_all_links();
    if (state_of_links(info, true, &state))
        return state;
    if (state_of_links(info, false, &state))
        return FILE_INDIRECT;
    return rules ? FILE_DISABLED : info->also ? FILE_INDIRECT : FILE_STATIC;
}

int install_state(const char *name)
{
    struct context c = { 0 };
    struct info *info;
    install_begin();
    if (!unit_name_valid(str_of(name)))
        return -EINVAL;
    int r = install_discover(&c, name, SEARCH_LOAD | SEARCH_FOLLOW, &info, false);
    if (r < 0)
        return r;
    if (info->mode == MODE_MASKED)
        return z_after(info->path, "/run/") ? FILE_MASKED_RUNTIME : FILE_MASKED;
    if (!STREQ(name, base_of(info->path)) && !unit_name_is_instance(str_of(info->name)))
        return FILE_ALIAS;
    return state_of(info);
}

int install_get_default(struct buf *out)
{
    struct context c = { 0 };
    struct info *info;
    install_begin();
    int r = install_discover(&c, "default.target", SEARCH_FOLLOW, &info, false);
    if (r == 0)
        buf_z(out, info->name);
    return r;
}

/* ---- presets ------------------------------------------------------------------------------- */

/* The rules, one after the other: '+' or '-', the pattern; the instances; an empty text. */
static char presets[256 << 10] SCRATCH;
static struct buf rules;
static u32 rules_age;

static void put_rule(char sign, struct str text)
{
    u32 start = rules.n;
    struct str rest = text, pattern = sign == '+' ? str_word(&rest, BLANKS) : text;
    buf_c(&rules, sign);
    buf_str(&rules, pattern);
    buf_c(&rules, 0);
    while (sign == '+' && (pattern = str_word(&rest, BLANKS)).p) {
        buf_str(&rules, pattern);
        buf_c(&rules, 0);
    }
    buf_c(&rules, 0);
    if (rules.over || rules.n >= sizeof presets)
        rules.n = start;
}

/* What stands behind the word, or a NULL text. */
static struct str behind_word(struct str line, const char *word)
{
    struct str rest = str_from(line, strlen(word));
    if (!str_starts(line, word) || !rest.n || !in_set(rest.p[0], BLANKS))
        return (struct str){ NULL, 0 };
    return str_trim(rest);
}

static void read_preset(const char *path, struct str text)
{
    struct str raw;
    char full[PATH_BYTES];
    for (u32 n = 1; (raw = str_line(&text, '\n')).p; n++) {
        struct str line = str_trim(raw), yes = behind_word(line, "enable"), no = behind_word(line, "disable");
        if (!line.n || in_set(line.p[0], "#;"))
            continue;
        struct str rest = yes, name = yes.p ? str_word(&rest, BLANKS) : no;
        bool bad = !name.p || (yes.p && str_trim(rest).n && !(unit_name_valid(name) && unit_name_is_template(name)));
        if (bad)
            log_line(LOG_WARNING, "%s:%u: Couldn't parse line '%.*s'. Ignoring.", rooted(path, full), n, (int)line.n, line.p);
        else
            put_rule(yes.p ? '+' : '-', yes.p ? yes : no);
    }
}

void presets_read(void)
{
    char path[PATH_BYTES], *text;
    u32 bytes;
    if (rules_age == index_builds + 1)
        return;
    rules = BUF_OVER(presets);
    rules.cap--;
    for (u32 i = 0, n = conf_files_find(conf_folders, "systemd/system-preset", ".preset"); i < n; i++) {
        z_copy(path, sizeof path, str_of(conf_file_path(i)));
        if (conf_file_read(path, &text, &bytes) == 0)
            read_preset(path, (struct str){ text, bytes });
    }
    if (rules.over)
        log_line(LOG_ERR, "The presets are longer than %u bytes: some have no effect.", (u32)sizeof presets);
    presets[rules.n] = 0;
    rules_age = index_builds + 1;
}

/* A rule with instances: it is about the template itself, for which `instances` are given, and about them. */
static bool rule_names(const char *rule, const char *name, struct items *instances)
{
    BUF(whole, UNIT_NAME_BYTES);
    if (!instances || !*z_next(rule) || !is_of_template(name, rule + 1))
        return false;
    bool template = unit_name_is_template(str_of(name)), found = false;
    for (EACH(instance, z_next(rule))) {
        whole.n = 0;
        if (unit_name_with_instance(str_of(name), str_of(instance), &whole) < 0)
            continue;
        found |= template || str_is(STR(whole), name);
        if (template)
            items_add(instances, install_keep(STR(whole)));
    }
    return found;
}

int preset_query(const char *name, struct items *instances)
{
    presets_read();
    for (const char *rule = presets; *rule;) {
        if (rule_names(rule, name, instances) || glob_match(rule + 1, name))
            return *rule == '+';
        for (rule = z_next(rule); *rule; rule = z_next(rule))
            ;
        rule++;
    }
    return 1;
}

const char *install_preset(const char *name, int state)
{
    if (state == FILE_ALIAS || state == FILE_STATIC || state == FILE_GENERATED || state == FILE_TRANSIENT)
        return "";
    return preset_query(name, NULL) ? "enabled" : "disabled";
}
