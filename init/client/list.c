/* SPDX-License-Identifier: 0BSD
 *
 * Verbs that print tables: units, unit files, jobs; and the tree of dependencies. */
#include "client.h"

#include <stdlib.h>
#include <strings.h>

enum glyph active_glyph(const char *active, enum ink *i)
{
    /* ink, glyph; what is not here is active or on its way to it: a green dot */
    static const char *const looks = "failed\0\003\020\0reloading\0\004\021\0inactive\0\001\017\0maintenance\0\004\017\0"
                                "deactivating\0\001\016\0";
    const char *look = z_lookup(looks, active);
    *i = look ? (enum ink)look[0] : GREEN;
    return look ? (enum glyph)look[1] : GLYPH_ACTIVE;
}

/* By type, then by name, of rows that begin with their name. */
static int by_type(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b, *tx = strrchr(x, '.'), *ty = strrchr(y, '.');
    int r = tx && ty ? strcmp(tx, ty) : 0;
    return r ? r : strcmp(x, y);
}

static bool type_wanted(const char *name)
{
    const char *dot = strrchr(name, '.');
    return !args.types.n || (dot && list_has(&args.types, dot + 1));
}

/* ---- units --------------------------------------------------------------------------------- */

static struct unit_row rows[UNITS_MAX];

static u32 collect_rows(void)
{
    u32 n = 0, end = get_array(&reply.body, 8);
    struct unit_row u;
    while (n < LEN(rows) && fields_next(&reply.body, end, UNIT_ROW, &u))
        if (type_wanted(u.name) && (args.all || args.states.n || u.job_id || !STREQ(u.active, "inactive")))
            rows[n++] = u;
    qsort(rows, n, sizeof rows[0], by_type);
    return n;
}

static void unit_legend(u32 n, bool jobs)
{
    bool all = args.all || list_has(&args.states, "inactive"), some = !all && args.states.n;
    if (n)
        out("\n%s\n", packed_text(TEXT_LEGEND));
    if (jobs)
        out("JOB    = Pending job for the unit.\n\n");
    out("%c%u loaded units listed.\1%s\n", some ? PLAIN : n ? BOLD : RED, n,
        all || some ? "" : " Pass --all to see loaded but inactive units, too.");
    if (!some)
        out("To show all installed unit files use 'systemctl list-unit-files'.\n");
}

int verb_list_units(int argc, char **argv)
{
    bool jobs = false;
    if (list_units((const char *const *)argv + 1, (u32)MAX(argc - 1, 0)))
        return 1;
    u32 n = collect_rows();
    grid_begin(" \0UNIT\0LOAD\0ACTIVE\0SUB\0JOB\0DESCRIPTION\0");
    for (u32 i = 0; i < n; i++) {
        const struct unit_row *u = &rows[i];
        bool bad = !z_in("loaded\0stub\0", u->load), failed = STREQ(u->active, "failed");
        enum ink active = failed && !bad ? RED : PLAIN;
        grid_cell(bad || failed ? "\016" : " ", bad ? YELLOW : active);
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
    u32 n = 0;
    if (request("list jobs", "ListJobs"))
        return 1;
    u32 end = get_array(&reply.body, 8);
    struct { u64 id; const char *unit, *type, *state, *job_path, *unit_path; } job;
    grid_begin("JOB\0UNIT\0TYPE\0STATE\0");
    while (n < LEN(numbers) && fields_next(&reply.body, end, "usssoo", &job)) {
        if (!matches(argc, argv, job.unit))
            continue;
        struct buf b = BUF_OVER(numbers[n]);
        buf_u64(&b, job.id);
        enum ink i = STREQ(job.state, "running") ? BOLD : PLAIN;
        grid_cell(buf_end(&b), PLAIN);
        grid_cell(job.unit, i);
        grid_cell(job.type, PLAIN);
        grid_cell(job.state, i);
        n++;
    }
    if (n)
        grid_print(0);
    if (!args.no_legend)
        n ? out("\n\2%u jobs listed\1.\n", n) : out("\4No jobs %s.\1\n", argc > 1 ? "listed" : "running");
    return 0;
}

/* ---- unit files ---------------------------------------------------------------------------- */

struct file_row { const char *name; i8 state; bool compact; };
static struct file_row files[UNITS_MAX];

static u32 collect_files(int argc, char **argv)
{
    u32 n = 0;
    for (struct index_entry *e = NULL; (e = index_all(e)) && n < LEN(files);) {
        const char *name = index_name(e);
        if (e->kind == ENTRY_DIR || !unit_name_valid(str_of(name)) || index_find(str_of(name)) != e || !type_wanted(name)
            || !matches(argc, argv, name))
            continue;
        int state = install_state(name);
        if (state == -EISDIR)
            continue;
        if (state < 0)
            state = FILE_BAD;
        if (!args.states.n || list_has(&args.states, name_of(file_state_names, state)))
            files[n++] = (struct file_row){ name, (i8)state, index_compact(e) };
    }
    qsort(files, n, sizeof files[0], by_type);
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
        i8 state = files[i].state;
        u32 s = BIT(state);
        const char *preset = install_preset(files[i].name, state);
        bool good = s & (BIT(FILE_ENABLED) | BIT(FILE_ALIAS));
        bool bad = s & (BIT(FILE_MASKED) | BIT(FILE_MASKED_RUNTIME) | BIT(FILE_DISABLED) | BIT(FILE_BAD));
        grid_cell(files[i].name, PLAIN);
        grid_cell(name_of(file_state_names, state), good ? GREEN : bad ? RED : PLAIN);
        grid_cell(*preset ? preset : "-", !*preset ? GREY : *preset == 'e' ? GREEN : RED);
        grid_cell(files[i].compact ? "/etc/units" : "", PLAIN);
        compact |= files[i].compact;
    }
    grid_print(compact ? 0 : BIT(3));
    if (!args.no_legend)
        out("\n%u unit files listed.\n", n);
    return !n;
}

/* ---- dependencies -------------------------------------------------------------------------- */

/* Names on the way from the root to here, and all that were printed when --plain. Their texts are kept
 * in one space that grows with the depth and is cut back. */
static char tree_space[256 << 10];
static struct arena tree = { tree_space, 1, sizeof tree_space };
static const char *path[4096];
static u32 path_n;

static int compare_deps(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    bool tx = z_ends(x, ".target"), ty = z_ends(y, ".target");
    return tx != ty ? (tx ? 1 : -1) : strcasecmp(x, y);
}

static u32 get_dependencies(const char *unit, const char **list, u32 max)
{
    static const char *const kinds[] = {
        "Requires\0Requisite\0Wants\0ConsistsOf\0BindsTo\0Upholds\0",
        "RequiredBy\0RequisiteOf\0WantedBy\0PartOf\0BoundBy\0UpheldBy\0", "After\0", "Before\0",
    };
    u32 n = 0;
    if (props_get(NULL, unit))
        return 0;
    for (const char *kind = kinds[args.after ? 2 : args.before ? 3 : args.reverse]; *kind; kind = z_next(kind)) {
        struct texts t = prop_texts(kind);
        for (const char *name; n < max && (name = text_next(&t));) {
            u32 kept = has(list, n, name) ? 0 : arena_text(&tree, str_of(name));
            if (kept)
                list[n++] = tree_space + kept;
        }
    }
    qsort(list, n, sizeof list[0], compare_deps);
    return n;
}

static void put_branch(const char *name, u32 level, u32 branches, enum glyph end)
{
    for (u32 i = level; i--;)
        out("%c", branches & BIT(i) && !args.plain ? GLYPH_VERTICAL : GLYPH_SPACE);
    if (!args.plain)
        out("%c", end);
    out("%s\n", name);
}

static void put_tree(const char *unit, u32 level, u32 branches)
{
    static const char *lists[8192];
    static u32 lists_n;
    u32 used = tree.used, base = lists_n;
    bool circular = false;
    if (level > 30 || path_n == LEN(path))
        return;
    path[path_n++] = unit;
    u32 n = get_dependencies(unit, lists + base, (u32)LEN(lists) - base);
    lists_n += n;
    for (u32 i = 0; i < n; i++) {
        const char *name = lists[base + i];
        enum ink color = PLAIN;
        enum glyph g = GLYPH_INACTIVE;
        if (has(path, path_n, name)) {
            circular = true;
            continue;
        }
        if (!args.plain && !props_get(NULL, name))
            g = active_glyph(prop_text("ActiveState"), &color);
        if (args.plain)
            out("  ");
        else
            out("%c%c\1 ", color, g);
        put_branch(name, level, branches, i + 1 == n && !circular ? GLYPH_LAST : GLYPH_BRANCH);
        if (args.all || z_ends(name, ".target"))
            put_tree(name, level + 1, branches << 1 | (i + 1 < n));
    }
    if (circular && !args.plain) {
        out("  ");
        put_branch("...", level, branches, GLYPH_LAST);
    }
    lists_n = base;
    if (args.plain)
        return;                          /* each is shown once: the path stays */
    path_n--;
    tree.used = used;
}

static int put_whole_tree(const char *unit, bool first)
{
    out(first ? "%s\n" : "\n%s\n", unit);
    put_tree(unit, 0, 0);
    return 0;
}

int verb_list_dependencies(int argc, char **argv)
{
    char *fallback[] = { argv[0], "default.target", NULL };
    if (names_take(MAX(argc, 2), argc > 1 ? argv : fallback, ".service", true))
        return 1;
    return names_each(put_whole_tree);
}
