/* SPDX-License-Identifier: 0BSD
 *
 * systemd-analyze time, blame, critical-chain: when PID 1 says that things came up, as systemd words it. */
#include "client.h"

#include <stdlib.h>

/* Of the boot, in microseconds; in a container there is no kernel's part, and all counts from our own start. */
static struct { usec firmware, loader, kernel_done, initrd, userspace, finish, offset; } boot;

static usec since_offset(const char *name)
{
    usec t = prop_number(name);
    return t > boot.offset ? t - boot.offset : 0;
}

static const char *span(usec t)
{
    struct buf *text = z_buf();
    buf_span(text, t, USEC_MS);
    return buf_end(text);
}

/* 0, or 1: told. */
static int boot_get(void)
{
    if (props_get("get timestamp properties", NULL))
        return 1;
    boot.finish = prop_number("FinishTimestampMonotonic");
    if (!boot.finish)
        return complain("Bootup is not yet finished (org.freedesktop.systemd1.Manager.FinishTimestampMonotonic=0).\n"
                        "Please try again later.\nHint: Use 'systemctl list-jobs' to see active jobs");
    boot.userspace = prop_number("UserspaceTimestampMonotonic");
    if (prop_number("SecurityStartTimestampMonotonic")) {        /* not set in a container */
        boot.firmware = prop_number("FirmwareTimestampMonotonic");
        boot.loader = prop_number("LoaderTimestampMonotonic");
        boot.initrd = prop_number("InitRDTimestampMonotonic");
        boot.kernel_done = boot.initrd ? boot.initrd : boot.userspace;
    } else {
        boot.offset = boot.userspace;
        boot.userspace = 0;
        boot.finish -= boot.offset;
    }
    return 0;
}

int verb_time(int argc, char **argv)
{
    struct { usec time; const char *whose; } parts[] = {
        { 0, "firmware" }, { 0, "loader" }, { 0, "kernel" }, { 0, "initrd" },
    };
    (void)argc;
    (void)argv;
    if (boot_get())
        return 1;
    parts[0].time = boot.firmware - boot.loader;
    parts[1].time = boot.loader;
    parts[2].time = boot.kernel_done;
    parts[3].time = boot.initrd ? boot.userspace - boot.initrd : 0;
    out("Startup finished in ");
    for (u32 i = 0; i < LEN(parts); i++)
        if (parts[i].time)
            out("%s (%s) + ", span(parts[i].time), parts[i].whose);
    out("%s (userspace) ", span(boot.finish - boot.userspace));
    if (boot.kernel_done)
        out("= %s ", span(boot.firmware + boot.finish));
    if (props_get(NULL, "default.target")) {
        out("\ncould not find default.target.\n");
        return 0;
    }
    usec reached = prop_number("ActiveEnterTimestampMonotonic"), base = boot.userspace ? boot.userspace : boot.offset;
    if (reached)
        out("\n%s reached after %s in userspace.\n", prop_text("Id"), span(reached > base ? reached - base : 0));
    else
        out("\n%s was never reached.\n", prop_text("Id"));
    return 0;
}

/* ---- units ----------------------------------------------------------------------------------- */

struct unit_time { const char *name; usec activating, activated, time; bool seen; };
static struct unit_time units[UNITS_MAX];
static u32 units_n;
static char name_space[UNITS_MAX * 64];
static struct arena names_kept = { name_space, 1, sizeof name_space };

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct unit_time *)a)->name, ((const struct unit_time *)b)->name);
}

/* What takes longest first; a tie is the name's. */
static int by_time(const void *a, const void *b)
{
    const struct unit_time *x = a, *y = b;
    return x->time == y->time ? strcmp(x->name, y->name) : x->time > y->time ? -1 : 1;
}

static struct unit_time *unit_time(const char *name)
{
    struct unit_time key = { .name = name };
    return bsearch(&key, units, units_n, sizeof *units, by_name);
}

/* All units that were ever started, sorted by name. 0, or 1: told. */
static int units_get(void)
{
    struct unit_row row;
    u32 kept = 0;
    if (boot_get() || list_units(NULL, 0))
        return 1;
    for (u32 end = get_array(&reply.body, 8); fields_next(&reply.body, end, UNIT_ROW, &row);) {
        u32 at = units_n < LEN(units) ? arena_text(&names_kept, str_of(row.name)) : 0;
        if (!at)
            return complain("More units than limit UNITS_MAX allows (limits.h).");
        units[units_n++].name = name_space + at;
    }
    for (u32 i = 0; i < units_n; i++) {
        struct unit_time u = { .name = units[i].name };
        if (props_get("get timestamp properties of unit", u.name))
            return 1;
        u.activating = since_offset("InactiveExitTimestampMonotonic");
        u.activated = since_offset("ActiveEnterTimestampMonotonic");
        usec gone = since_offset("InactiveEnterTimestampMonotonic");
        u.time = u.activated >= u.activating ? u.activated - u.activating : gone >= u.activating ? gone - u.activating : 0;
        if (u.activating)
            units[kept++] = u;
    }
    units_n = kept;
    qsort(units, units_n, sizeof *units, by_name);
    return 0;
}

int verb_blame(int argc, char **argv)
{
    int width = 0;
    (void)argc;
    (void)argv;
    if (units_get())
        return 1;
    qsort(units, units_n, sizeof *units, by_time);
    for (u32 i = 0; i < units_n && units[i].time; i++)
        width = MAX(width, (int)strlen(span(units[i].time)));
    for (u32 i = 0; i < units_n && units[i].time; i++)
        out("%*s %s\n", width, span(units[i].time), units[i].name);
    return 0;
}

/* ---- the chain ------------------------------------------------------------------------------- */

static usec fuzz;

/* Those that are still to be printed, of all levels: a level's are the last ones. */
static struct unit_time *pending[4096];
static u32 pending_n;

/* The last of what a unit comes after: what became active latest, and at most `fuzz` before that. Sorted. */
static void pending_add(const char *name)
{
    u32 from = pending_n, keep = from;
    usec latest = 0;
    if (props_get(NULL, name))
        return;
    struct texts after = prop_texts("After");
    for (const char *other; (other = text_next(&after)) && pending_n < LEN(pending);) {
        struct unit_time *u = unit_time(other);
        if (!u || !u->activated || u->activated > boot.finish)
            continue;
        u32 at = pending_n++;
        for (; at > from && pending[at - 1]->activated < u->activated; at--)
            pending[at] = pending[at - 1];
        pending[at] = u;
        latest = MAX(latest, u->activated);
    }
    while (keep < pending_n && latest - pending[keep]->activated <= fuzz)
        keep++;
    pending_n = keep;
}

static void put_branch(const char *branches, bool last, const struct unit_time *u, const char *text)
{
    out("%s%c", branches, last ? GLYPH_LAST : GLYPH_BRANCH);
    if (u && u->time)
        out("\3%s @%s +%s\1\n", u->name, span(u->activating > boot.userspace ? u->activating - boot.userspace : 0), span(u->time));
    else if (u && u->activated > boot.userspace)
        out("%s @%s\n", u->name, span(u->activated - boot.userspace));
    else
        out("%s\n", text);
}

/* `branches`: what the lines of this level begin with, a glyph for each level above. */
static void put_chain(const char *name, struct buf *branches)
{
    u32 from = pending_n, level = branches->n;
    struct unit_time *self = unit_time(name);
    if (self)
        self->seen = true;
    pending_add(name);
    for (u32 i = from, end = pending_n; i < end; i++) {
        struct unit_time *u = pending[i];
        bool last = i + 1 == end;
        put_branch(buf_end(branches), last, u, u->name);
        buf_c(branches, last ? GLYPH_SPACE : GLYPH_VERTICAL);
        if (u->seen)
            put_branch(buf_end(branches), true, NULL, "...");
        else if (level + 2 < branches->cap)
            put_chain(u->name, branches);
        branches->n = level;
    }
    pending_n = from;
}

static void put_chain_of(const char *given)
{
    BUF(branches, 256);                          /* as many levels; no boot has so many steps */
    struct buf *id = z_buf();
    if (props_get("get ID", given))
        return;
    buf_z(id, prop_text("Id"));
    const struct unit_time *u = unit_time(buf_end(id));
    for (u32 i = 0; i < units_n; i++)
        units[i].seen = false;
    if (u && u->time)
        out("\3%s +%s\1\n", u->name, span(u->time));
    else if (u && u->activated > boot.userspace)
        out("%s @%s\n", u->name, span(u->activated - boot.userspace));
    else if (u)
        out("%s\n", u->name);
    put_chain(id->p, &branches);
}

int verb_critical_chain(int argc, char **argv)
{
    if (args.fuzz && parse_span(str_of(args.fuzz), USEC_SEC, &fuzz) < 0)
        return complain("Failed to parse --fuzz= parameter: %s", args.fuzz);
    if (units_get())
        return 1;
    out("The time when unit became active or started is printed after the \"@\" character.\n"
        "The time the unit took to start is printed after the \"+\" character.\n\n");
    for (int i = 1; i < argc; i++)
        put_chain_of(argv[i]);
    if (argc == 1)
        put_chain_of("default.target");
    return 0;
}
