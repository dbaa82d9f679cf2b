/* SPDX-License-Identifier: 0BSD
 *
 * dump ROOT [-c KERNEL-COMMAND-LINE] [-a] [UNIT...]: loads the compact folder and the UNITs below
 * ROOT as a boot would, and prints them in an order that does not depend on how they were read:
 * names, settings, dependencies; messages go to standard error. Shown are units from files and units
 * asked for; -a adds the dependencies that every unit has. Knows no rule of its own. */
#include "unit/unit.h"
#include "sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static bool all;

/* The answer must not depend on the host being a container: fstab's device lines count. */
int __real_sys_access(const char *path, int mode);
int __wrap_sys_access(const char *path, int mode)
{
    return STREQ(path, "/sys") ? 0 : __real_sys_access(path, mode);
}

/* ---- lines, sorted ------------------------------------------------------------------------- */

static char lines[4096][1024];
static u32 lines_n;

static void line(const char *fmt, ...) PRINTF(1, 2);
static void line(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (lines_n < LEN(lines))
        vsnprintf(lines[lines_n++], sizeof lines[0], fmt, ap);
    va_end(ap);
}

/* In the order of what stands before the separator; equal ones stay as they came. */
static void print_lines(char separator)
{
    static u16 order[LEN(lines)];
    for (u32 i = 0; i < lines_n; i++) {
        u32 at = i;
        size_t n = strcspn(lines[i], (char[]){ separator, 0 }) + 1;
        while (at && strncmp(lines[order[at - 1]], lines[i], n) > 0)
            at--;
        memmove(order + at + 1, order + at, (i - at) * sizeof *order);
        order[at] = (u16)i;
    }
    for (u32 i = 0; i < lines_n; i++)
        printf("  %s\n", lines[order[i]]);
    lines_n = 0;
}

/* ---- which units ----------------------------------------------------------------------------- */

static bool asked[UNITS_MAX];

static bool from_a_file(unit_id id) { return UNIT(id)->path && UNIT(id)->origin != FROM_BUILTIN; }

/* Shipped units and what only they name are not what a case is about. */
static bool shown(unit_id id)
{
    bool named = asked[id] || from_a_file(id);
    if (UNIT(id)->origin != FROM_BUILTIN && UNIT(id)->type != UNIT_SLICE) {
        for (u32 e = UNIT(id)->in; e; e = tab->edges[e].next_in)
            named |= from_a_file(tab->edges[e].from);
        for (u32 e = UNIT(id)->out; e; e = tab->edges[e].next_out)
            named |= from_a_file(tab->edges[e].to);
    }
    return UNIT(id)->used && named;
}

/* ---- one unit ------------------------------------------------------------------------------ */


static const char *setting_name(u32 id)
{
    static const char *const own[] = { "DropIn", "Attach", "Detach", "Remount" };
    return id < DIRECTIVES ? directive_name(&directives[id]) : own[id - DIRECTIVES];
}

static void put_words(struct buf *b, const struct setting *s)
{
    buf_fmt(b, "%s%s%s%s", s->w[0] & EXEC_IGNORE_FAILURE ? "-" : "", s->w[0] & EXEC_NO_EXPAND ? ":" : "",
            s->w[0] & EXEC_FULL_PRIVILEGE ? "+" : "", text_at(s->w[1]));
    for (u32 i = 0; i < s->w[2]; i++)
        buf_fmt(b, "|%s", text_at(s->w[3 + i]));
}

static void put_value(struct buf *b, const struct setting *s)
{
    const struct directive *d = &directives[MIN(s->id, DIRECTIVES - 1u)];
    u32 kind = s->id == X_DropIn ? V_ITEM : s->id >= DIRECTIVES ? V_EXEC : setters[d->setter].value;
    usec wide = s->n > 1 ? (usec)s->w[0] | (usec)s->w[1] << 32 : 0;
    switch (kind) {
    case V_NOTHING: case V_ROW: buf_z(b, "(set)"); break;
    case V_WIDE: buf_fmt(b, "%llu", (unsigned long long)wide); break;
    case V_BOOL: buf_z(b, s->w[0] ? "yes" : "no"); break;
    case V_MODE: buf_fmt(b, "0%o", s->w[0]); break;
    case V_SIGNAL: buf_z(b, signal_name((int)s->w[0])); break;
    case V_SPAN: wide == USEC_INF ? buf_z(b, "infinity") : buf_span(b, wide, 1); break;
    case V_ENUM: buf_z(b, directive_enum_name(d, (i32)s->w[0])); break;
    case V_TEXT: case V_ITEM: buf_z(b, text_at(s->w[0])); break;
    case V_EXEC: put_words(b, s); break;
    case V_ENV_FILE: buf_fmt(b, "%s%s", s->w[1] ? "-" : "", text_at(s->w[0])); break;
    case V_STDIO: buf_fmt(b, "%u %s", s->w[0], text_at(s->w[1])); break;
    case V_CONDITION: buf_fmt(b, "%s%s%s", s->w[0] & COND_TRIGGER ? "|" : "", s->w[0] & COND_NEGATE ? "!" : "",
                              text_at(s->w[1])); break;
    default: buf_fmt(b, "%d", (i32)s->w[0]);
    }
}

static void print_settings(unit_id id)
{
    for (const struct setting *s = NULL; (s = setting_next(id, s));) {
        BUF(b, 900);
        if (!all && (s->id >= X_Attach || (s->id == D_Slice && z_ends(text_at(s->w[0]), "system.slice"))))
            continue;
        if (s->id == D_DefaultInstance)
            continue;
        put_value(&b, s);
        line("%s=%s", setting_name(s->id), buf_end(&b));
    }
    print_lines('=');
}

/* One dependency, as this unit has it: "Wants+After x.target" or, inverse, "WantedBy x.target". */
static void put_edge(const struct edge *e, bool inverse, u32 kinds, unit_id other)
{
    u32 have = e->kinds;
    BUF(b, 900);
    for (const char *name = dep_names; *name; name = z_next(z_next(name)), kinds >>= 1, have >>= 1)
        if (have & kinds & 1)
            buf_fmt(&b, "%s%s", b.n ? "+" : "", inverse ? z_next(name) : name);
    if (b.n)
        line("%s %s", buf_end(&b), unit_name(other));
}

/* The plumbing of every unit (slices, sysinit.target) is left out, unless -a; what units that are
 * not shown say of this one is told here. */
static void print_edges(unit_id id)
{
    for (u32 e = UNIT(id)->out; e; e = tab->edges[e].next_out) {
        unit_id to = tab->edges[e].to;
        if (all || !(UNIT(to)->origin == FROM_BUILTIN || UNIT(to)->type == UNIT_SLICE))
            put_edge(&tab->edges[e], false, ~0u, to);
    }
    for (u32 e = UNIT(id)->in; e; e = tab->edges[e].next_in)
        if (!shown(tab->edges[e].from))
            put_edge(&tab->edges[e], true, all ? ~0u : ~(u32)(DEP_AFTER | DEP_CONFLICTS), tab->edges[e].from);
    print_lines(0);
}

static void print_unit(unit_id id)
{
    const struct unit *u = UNIT(id);
    printf("%s: %s%s%s%s\n", unit_name(id), name_of(load_names, u->load), u->path ? " " : "", text_at(u->path),
           u->origin == FROM_BUILTIN ? " (shipped)" : u->origin == FROM_COMPACT ? " (enabled here)" : "");
    for (u32 i = 1; i < tab->names_n; i++)
        if (tab->names[i].unit == id && tab->names[i].text != u->name)
            line("name %s", text_at(tab->names[i].text));
    print_lines(0);
    print_settings(id);
    print_edges(id);
}

/* ---- all of them --------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(unit_name(*(const unit_id *)a), unit_name(*(const unit_id *)b));
}

int main(int argc, char **argv)
{
    static unit_id order[UNITS_MAX];
    u32 n = 0;
    int i = 2;
    search_root = argv[1];
    log_to.stderr_fd = 2;
    cmdline_set("");
    for (; i < argc && argv[i][0] == '-'; i++)
        if (STREQ(argv[i], "-c"))
            cmdline_set(argv[++i]);
        else
            all = true;
    generate_all("default.target");
    index_build();
    load_compact();
    for (; i < argc; i++) {
        unit_id id = unit_get(str_of(argv[i]));
        load_pending();
        asked[unit_find(str_of(argv[i]))] = true;
        if (!id)
            fprintf(stderr, "%s: not a unit's name\n", argv[i]);
    }
    asked[0] = false;
    for (UNITS(id))
        if (shown(id))
            order[n++] = id;
    qsort(order, n, sizeof *order, by_name);
    for (u32 k = 0; k < n; k++)
        print_unit(order[k]);
    return 0;
}
