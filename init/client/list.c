/* SPDX-License-Identifier: 0BSD
 *
 * Verbs that print tables: units, unit files, jobs; and the tree of dependencies. */
#include "client.h"

#include <stdlib.h>
#include <strings.h>

enum glyph active_glyph(const char *active, enum ink *i)
{
    *i = STREQ(active, "active") || STREQ(active, "reloading") ? GREEN : STREQ(active, "failed") ? RED
       : STREQ(active, "inactive") || STREQ(active, "deactivating") ? PLAIN : GREEN;
    return STREQ(active, "failed") ? GLYPH_FAILED : STREQ(active, "reloading") ? GLYPH_RELOADING
         : STREQ(active, "inactive") || STREQ(active, "maintenance") ? GLYPH_INACTIVE : GLYPH_ACTIVE;
}

/* By type, then by name. */
static int by_type(const char *a, const char *b)
{
    const char *ta = strrchr(a, '.'), *tb = strrchr(b, '.');
    int r = ta && tb ? strcmp(ta, tb) : 0;
    return r ? r : strcmp(a, b);
}

static bool type_wanted(const char *name)
{
    const char *dot = strrchr(name, '.');
    return !args.types.n || (dot && list_has(&args.types, dot + 1));
}

static bool matches(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (glob_match(argv[i], name))
            return true;
    return argc < 2;
}

/* ---- units --------------------------------------------------------------------------------- */

static struct unit_row rows[UNITS_MAX];

static int compare_rows(const void *a, const void *b)
{
    return by_type(((const struct unit_row *)a)->name, ((const struct unit_row *)b)->name);
}

static u32 collect_rows(struct bus_msg *reply)
{
    u32 n = 0, end = get_array(&reply->body, 8);
    struct unit_row u;
    while (n < LEN(rows) && unit_row_next(&reply->body, end, &u))
        if (type_wanted(u.name) && (args.all || args.states.n || u.job_id || !STREQ(u.active, "inactive")))
            rows[n++] = u;
    qsort(rows, n, sizeof rows[0], compare_rows);
    return n;
}

static void unit_legend(u32 n, bool jobs)
{
    if (n)
        out_str(S("\nLOAD   = Reflects whether the unit definition was properly loaded.\n"
                  "ACTIVE = The high-level unit activation state, i.e. generalization of SUB.\n"
                  "SUB    = The low-level unit activation state, values depend on unit type.\n"));
    if (jobs)
        out_str(S("JOB    = Pending job for the unit.\n\n"));
    bool all = args.all || list_has(&args.states, "inactive"), some = !all && args.states.n;
    out("%s%u loaded units listed.%s", some ? "" : ink(n ? BOLD : RED), n, some ? "" : ink(PLAIN));
    out("%s\n", all || some ? "" : " Pass --all to see loaded but inactive units, too.");
    if (!some)
        out_str(S("To show all installed unit files use 'systemctl list-unit-files'.\n"));
}

int verb_list_units(int argc, char **argv)
{
    struct bus_msg reply;
    bool jobs = false;
    if (!bus_is_there() || list_units_call(&reply, &args.states, (const char *const *)argv + 1, (u32)MAX(argc - 1, 0)) < 0)
        return 1;
    u32 n = collect_rows(&reply);
    grid_begin(" \0UNIT\0LOAD\0ACTIVE\0SUB\0JOB\0DESCRIPTION\0");
    for (u32 i = 0; i < n; i++) {
        const struct unit_row *u = &rows[i];
        bool bad = !STREQ(u->load, "loaded") && !STREQ(u->load, "stub"), failed = STREQ(u->active, "failed");
        enum ink active = failed && !bad ? RED : PLAIN;
        grid_cell(bad || failed ? glyph(GLYPH_ACTIVE) : " ", bad ? YELLOW : active);
        grid_cell(u->name, active);
        grid_cell(u->load, bad ? RED : PLAIN);
        grid_cell(u->active, active);
        grid_cell(u->sub, active);
        grid_cell(u->job_id ? u->job : "", PLAIN);
        grid_cell(u->description, PLAIN);
        jobs |= u->job_id;
    }
    grid_print((args.plain ? BIT(0) : 0) | (jobs ? 0 : BIT(5)));
    if (!args.no_legend)
        unit_legend(n, jobs);
    return 0;
}

/* ---- jobs ---------------------------------------------------------------------------------- */

int verb_list_jobs(int argc, char **argv)
{
    static char numbers[UNITS_MAX][8];
    struct bus_msg reply;
    u32 n = 0;
    if (!bus_is_there())
        return 1;
    if (manager_call(&reply, "ListJobs", "") < 0)
        return complain("Failed to list jobs: %s", call_error());
    struct bus_in *in = &reply.body;
    u32 end = get_array(in, 8);
    grid_begin("JOB\0UNIT\0TYPE\0STATE\0");
    while (get_align(in, 8), !in->bad && in->at < end && n < LEN(numbers)) {
        u32 id = get_u32(in);
        const char *unit = get_string(in), *type = get_string(in), *state = get_string(in);
        (void)get_string(in);
        (void)get_string(in);
        if (!matches(argc, argv, unit))
            continue;
        struct buf b = BUF_OVER(numbers[n]);
        buf_u64(&b, id);
        enum ink i = STREQ(state, "running") ? BOLD : PLAIN;
        grid_cell(buf_end(&b), PLAIN);
        grid_cell(unit, i);
        grid_cell(type, PLAIN);
        grid_cell(state, i);
        n++;
    }
    if (n)
        grid_print(0);
    if (!args.no_legend)
        n ? out("\n%s%u jobs listed%s.\n", ink(BOLD), n, ink(PLAIN))
          : out("%sNo jobs %s.%s\n", ink(GREEN), argc > 1 ? "listed" : "running", ink(PLAIN));
    return 0;
}

/* ---- unit files ---------------------------------------------------------------------------- */

struct file_row { const char *name; i8 state; bool compact; };
static struct file_row files[UNITS_MAX];

static int compare_files(const void *a, const void *b)
{
    return by_type(((const struct file_row *)a)->name, ((const struct file_row *)b)->name);
}

static u32 collect_files(int argc, char **argv)
{
    u32 n = 0;
    for (struct index_entry *e = NULL; (e = index_all(e)) && n < LEN(files);) {
        const char *name = index_name(e);
        if (e->kind == ENTRY_DIR || !unit_name_valid(str_of(name)) || index_find(str_of(name)) != e || !type_wanted(name)
            || !matches(argc, argv, name))
            continue;
        int state = install_state(str_of(name));
        const char *word = name_of(file_state_names, state < 0 ? FILE_BAD : state);
        if (!args.states.n || list_has(&args.states, word))
            files[n++] = (struct file_row){ name, (i8)(state < 0 ? FILE_BAD : state),
                                            e->kind != ENTRY_BUILTIN && search_dirs[e->dir].compact };
    }
    qsort(files, n, sizeof files[0], compare_files);
    return n;
}

/* systemd's columns; where one of the files lies in /etc/units a fourth says so. */
int verb_list_unit_files(int argc, char **argv)
{
    bool compact = false;
    index_build();
    u32 n = collect_files(argc, argv);
    grid_begin("UNIT FILE\0STATE\0PRESET\0FROM\0");
    for (u32 i = 0; i < n; i++) {
        i8 s = files[i].state;
        bool preset = file_has_preset(s);
        grid_cell(files[i].name, PLAIN);
        grid_cell(name_of(file_state_names, s), s == FILE_ENABLED || s == FILE_ALIAS ? GREEN
                   : s == FILE_MASKED || s == FILE_MASKED_RUNTIME || s == FILE_DISABLED || s == FILE_BAD ? RED : PLAIN);
        grid_cell(preset ? "enabled" : "-", preset ? GREEN : GREY);
        grid_cell(files[i].compact ? "/etc/units" : "", PLAIN);
        compact |= files[i].compact;
    }
    grid_print(compact ? 0 : BIT(3));
    if (!args.no_legend)
        out("\n%u unit files listed.\n", n);
    return 0;
}

/* ---- dependencies -------------------------------------------------------------------------- */

/* Names on the way from the root to here, and all that were printed when --plain. Their texts are kept
 * in one space that grows with the depth and is cut back. */
static char tree_space[256 << 10];
static const char *path[4096];
static u32 path_n, tree_used;

static const char *keep(const char *name)
{
    size_t n = strlen(name) + 1;
    if (n > sizeof tree_space - tree_used)
        return NULL;
    char *at = tree_space + tree_used;
    memcpy(at, name, n);
    tree_used += (u32)n;
    return at;
}

static bool on_path(const char *name)
{
    for (u32 i = 0; i < path_n; i++)
        if (STREQ(path[i], name))
            return true;
    return false;
}

static int compare_deps(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    bool tx = z_ends(x, ".target"), ty = z_ends(y, ".target");
    return tx != ty ? (tx ? 1 : -1) : strcasecmp(x, y);
}

static u32 get_dependencies(const char *unit, const char **list, u32 max)
{
    static const char *const kinds[][6] = {
        { "Requires", "Requisite", "Wants", "ConsistsOf", "BindsTo", "Upholds" },
        { "RequiredBy", "RequisiteOf", "WantedBy", "PartOf", "BoundBy", "UpheldBy" },
        { "After" }, { "Before" },
    };
    u32 n = 0, which = args.after ? 2 : args.before ? 3 : args.reverse;
    if (props_get(unit) < 0)
        return 0;
    for (u32 k = 0; k < 6 && kinds[which][k]; k++) {
        struct bus_in in;
        const char *signature;
        if (!prop_find(kinds[which][k], &in, &signature))
            continue;
        for (u32 end = get_array(&in, 4); !in.bad && in.at < end && n < max;) {
            const char *name = get_string(&in);
            u32 i = 0;
            while (i < n && !STREQ(list[i], name))
                i++;
            if (i == n && (name = keep(name)))
                list[n++] = name;
        }
    }
    qsort(list, n, sizeof list[0], compare_deps);
    return n;
}

static void put_branch(const char *name, u32 level, u32 branches, bool last)
{
    for (u32 i = level; i-- && !args.plain;)
        out("%s", glyph(branches & BIT(i) ? GLYPH_VERTICAL : GLYPH_SPACE));
    for (u32 i = 0; i < level && args.plain; i++)
        out_str(S("  "));
    out("%s%s\n", args.plain ? "" : glyph(last ? GLYPH_LAST : GLYPH_BRANCH), name);
}

static void put_tree(const char *unit, u32 level, u32 branches)
{
    static const char *lists[8192];
    static u32 lists_n;
    u32 used = tree_used, base = lists_n;
    bool circular = false;
    if (level > 30 || path_n == LEN(path))
        return;
    path[path_n++] = unit;
    u32 n = get_dependencies(unit, lists + base, (u32)LEN(lists) - base);
    lists_n += n;
    for (u32 i = 0; i < n; i++) {
        const char *name = lists[base + i];
        enum ink color = PLAIN;
        if (on_path(name)) {
            circular = true;
            continue;
        }
        if (args.plain) {
            out_str(S("  "));
        } else {
            enum glyph g = GLYPH_INACTIVE;
            if (props_get(name) == 0)
                g = active_glyph(prop_text("ActiveState"), &color);
            out("%s%s%s ", ink(color), glyph(g), ink(PLAIN));
        }
        put_branch(name, level, branches, i + 1 == n && !circular);
        if (args.all || z_ends(name, ".target"))
            put_tree(name, level + 1, branches << 1 | (i + 1 < n));
    }
    if (circular && !args.plain) {
        out_str(S("  "));
        put_branch("...", level, branches, true);
    }
    lists_n = base;
    if (args.plain)
        return;                          /* each is shown once: the path stays */
    path_n--;
    tree_used = used;
}

int verb_list_dependencies(int argc, char **argv)
{
    char *fallback[] = { argv[0], "default.target", NULL };
    if (!bus_is_there() || names_take(MAX(argc, 2), argc > 1 ? argv : fallback, ".service", true))
        return 1;
    for (u32 i = 0; i < names.n; i++) {
        out("%s%s\n", i ? "\n" : "", names.name[i]);
        put_tree(names.name[i], 0, 0);
    }
    return 0;
}
