/* SPDX-License-Identifier: 0BSD
 *
 * The tables of units, names and dependencies. Units are named by small numbers that never move;
 * pointers live within one call. There are two tables: a reload fills the other one and swaps, with
 * every unit that is alive at the same number. Undoing a load is setting back four marks. */
#include "unit.h"
#include "../sys.h"

static struct table tables[2];
static char arenas[2][ARENA_BYTES] __attribute__((aligned(4096)));
struct table *tab = &tables[0];

/* In the order of enum dep. */
const char dep_names[] =
    "Requires\0RequiredBy\0Requisite\0RequisiteOf\0Wants\0WantedBy\0BindsTo\0BoundBy\0PartOf\0ConsistsOf\0"
    "Upholds\0UpheldBy\0Conflicts\0ConflictedBy\0After\0Before\0OnFailure\0OnFailureOf\0OnSuccess\0OnSuccessOf\0"
    "Triggers\0TriggeredBy\0PropagatesReloadTo\0ReloadPropagatedFrom\0PropagatesStopTo\0StopPropagatedFrom\0"
    "JoinsNamespaceOf\0JoinsNamespaceOf\0References\0ReferencedBy\0InSlice\0SliceOf\0";

static struct arena *arena(void)
{
    if (!tab->arena.base) {              /* the first text comes before all else */
        tab->arena = (struct arena){ arenas[tab - tables], 1, ARENA_BYTES };
        tab->units_n = tab->names_n = tab->edges_n = 1;
    }
    return &tab->arena;
}

const char *text_at(u32 offset) { return offset ? tab->arena.base + offset : ""; }

const char *unit_name(unit_id id) { return text_at(tab->units[id].name); }

int table_limit(const char *limit)
{
    if (!tab->full)
        log_line(LOG_ERR, "Limit %s reached (limits.h): what came later is left out.", limit);
    tab->full = true;
    return -ENOSPC;
}

u32 text_keep(struct str s)
{
    u32 at = arena_text(arena(), s);
    if (!at)
        table_limit("ARENA_BYTES");
    return at;
}

/* ---- names --------------------------------------------------------------------------------- */

/* The hash is an array that starts with 256 places and doubles as names come: a small system
 * touches one page of it. */
static void hash_insert(u16 entry)
{
    struct name_entry *n = &tab->names[entry];
    u16 *head = &tab->hash[str_hash(str_of(text_at(n->text))) & tab->hash_mask];
    n->next = *head;
    *head = entry;
}

static void rehash(u32 size)
{
    memset(tab->hash, 0, size * sizeof *tab->hash);
    tab->hash_mask = (u16)(size - 1);
    for (u32 i = 1; i < tab->names_n; i++)
        if (tab->names[i].unit)
            hash_insert((u16)i);
}

static void hash_grow(void)
{
    u32 size = tab->hash_mask ? (tab->hash_mask + 1u) * 2 : 256;
    if (size <= LEN(tab->hash) && (tab->names_n >= size - size / 4 || !tab->hash_mask))
        rehash(size);
}

static struct name_entry *name_lookup(struct str name)
{
    if (!tab->hash_mask)
        return NULL;
    for (u16 i = tab->hash[str_hash(name) & tab->hash_mask]; i; i = tab->names[i].next)
        if (str_is(name, text_at(tab->names[i].text)))
            return &tab->names[i];
    return NULL;
}

static int name_add(unit_id id, u32 text)
{
    if (tab->names_n == NAMES_MAX)
        return table_limit("NAMES_MAX");
    hash_grow();
    tab->names[tab->names_n] = (struct name_entry){ .text = text, .unit = (u16)id };
    hash_insert((u16)tab->names_n++);
    return 0;
}

unit_id unit_find(struct str name)
{
    struct name_entry *n = name_lookup(name);
    return n ? n->unit : 0;
}

/* ---- units --------------------------------------------------------------------------------- */

static unit_id take_slot(void)
{
    unit_id id = tab->marked ? 0 : tab->free;      /* what may be undone lies above the mark */
    if (id) {
        tab->free = tab->units[id].next;
    } else if (tab->units_n < UNITS_MAX) {
        id = (unit_id)tab->units_n++;
    } else {
        table_limit("UNITS_MAX");
        return 0;
    }
    tab->units[id] = (struct unit){ .used = true };
    return id;
}

static void queue_load(unit_id id)
{
    struct unit *u = UNIT(id);
    if (u->queued)
        return;
    u->queued = true;
    u->next = 0;
    if (tab->load_last)
        tab->units[tab->load_last].next = (u16)id;
    else
        tab->load_first = id;
    tab->load_last = id;
}

unit_id unit_get(struct str name)
{
    unit_id id = unit_find(name);
    if (id)
        return id;
    if (!unit_name_valid(name) || unit_name_is_template(name))
        return 0;
    u32 text = text_keep(name);
    id = text ? take_slot() : 0;
    if (!id)
        return 0;
    UNIT(id)->name = text;
    UNIT(id)->type = (u8)unit_type_of(name);
    if (name_add(id, text) < 0) {
        unit_release(id);
        return 0;
    }
    queue_load(id);
    return id;
}

unit_id unit_named(unit_id by, struct str name)
{
    if (tab->units_n < UNITS_MAX - UNITS_RESERVED || tab->free || UNIT(by)->origin == FROM_BUILTIN || unit_find(name))
        return unit_get(name);
    table_limit("UNITS_MAX");
    return 0;
}

/* Puts the unit `name` at the slot `id` of a new table, so that what runs keeps its number. */
bool table_adopt(unit_id id, const char *name)
{
    struct unit *u = UNIT(id);
    u32 text = text_keep(str_of(name));
    if (!text || u->used)
        return false;
    for (; tab->units_n <= id; tab->units_n++)
        if (tab->units_n != id) {
            tab->units[tab->units_n].next = (u16)tab->free;
            tab->free = (unit_id)tab->units_n;
        }
    *u = (struct unit){ .used = true, .kept = true, .name = text, .type = (u8)unit_type_of(str_of(name)) };
    if (name_add(id, text) < 0)
        return false;
    queue_load(id);
    return true;
}

/* Moves the edges of a stub to the unit that turned out to have this name too. */
static void merge_stub(unit_id stub, unit_id id)
{
    for (u32 e = UNIT(stub)->out; e; e = tab->edges[e].next_out) {
        if (tab->edges[e].to != id)
            edge_add(id, tab->edges[e].to, tab->edges[e].kinds);
        tab->edges[e].kinds = 0;
    }
    for (u32 e = UNIT(stub)->in; e; e = tab->edges[e].next_in) {
        if (tab->edges[e].from != id)
            edge_add(tab->edges[e].from, id, tab->edges[e].kinds);
        tab->edges[e].kinds = 0;
    }
    for (u32 i = 1; i < tab->names_n; i++)
        if (tab->names[i].unit == stub)
            tab->names[i].unit = (u16)id;
    UNIT(stub)->name = UNIT(id)->name;
    UNIT(stub)->load = LOAD_LOADED;
    UNIT(stub)->used = false;           /* its slot is not used again: edges still name it */
}

int unit_alias(unit_id id, struct str name)
{
    struct name_entry *n = name_lookup(name);
    if (n && n->unit == id)
        return 0;
    if (n && (UNIT(n->unit)->kept || (UNIT(n->unit)->load != LOAD_STUB && UNIT(n->unit)->load != LOAD_NOT_FOUND)))
        return -EEXIST;
    UNIT(id)->aliased = true;
    if (n) {
        merge_stub(n->unit, id);
        return 0;
    }
    u32 text = text_keep(name);
    return text ? name_add(id, text) : -ENOSPC;
}

void unit_release(unit_id id)
{
    struct unit *u = UNIT(id);
    for (u32 i = 1; i < tab->names_n; i++)
        if (tab->names[i].unit == id)
            tab->names[i].unit = 0;     /* the chain stays; lookups of it find no unit */
    *u = (struct unit){ .next = (u16)tab->free };
    tab->free = id;
}

/* ---- edges --------------------------------------------------------------------------------- */

/* The cell (from, to), looked for where the shorter list is: multi-user.target has a thousand
 * edges, the service at the other end has five. */
static struct edge *edge_find(unit_id from, unit_id to)
{
    if (UNIT(from)->out_n <= UNIT(to)->in_n) {
        for (u32 e = UNIT(from)->out; e; e = tab->edges[e].next_out)
            if (tab->edges[e].to == to)
                return &tab->edges[e];
    } else {
        for (u32 e = UNIT(to)->in; e; e = tab->edges[e].next_in)
            if (tab->edges[e].from == from)
                return &tab->edges[e];
    }
    return NULL;
}

u32 edge_kinds(unit_id from, unit_id to)
{
    struct edge *e = edge_find(from, to);
    return e ? e->kinds : 0;
}

int edge_add(unit_id from, unit_id to, u32 kinds)
{
    if (kinds & DEP_REVERSE)
        return edge_add(to, from, kinds & ~(u32)DEP_REVERSE);
    if (!from || !to || from == to)
        return 0;
    struct edge *e = edge_find(from, to);
    UNIT(to)->in_kinds |= (u16)kinds;
    if (e) {
        e->kinds |= (u16)kinds;
        return 0;
    }
    if (tab->edges_n == EDGES_MAX)
        return table_limit("EDGES_MAX");
    u32 at = tab->edges_n++;
    struct unit *f = UNIT(from), *t = UNIT(to);
    tab->edges[at] = (struct edge){ .from = (u16)from, .to = (u16)to, .kinds = (u16)kinds,
                                    .next_out = f->out, .next_in = t->in };
    f->out = t->in = at;
    f->out_n++;
    t->in_n++;
    return 0;
}

void unit_drop_edges(unit_id id, u32 kinds)
{
    for (u32 e = UNIT(id)->out; e; e = tab->edges[e].next_out)
        tab->edges[e].kinds &= (u16)~kinds;
}

/* ---- marks and swapping -------------------------------------------------------------------- */

struct table_mark table_mark(void)
{
    tab->marked = true;
    return (struct table_mark){ arena()->used, tab->units_n, tab->names_n, tab->edges_n };
}

/* Edges go in the order opposite to that in which they came, so each is the head of its lists. */
void table_undo(struct table_mark m)
{
    while (tab->edges_n > m.edges) {
        struct edge *e = &tab->edges[--tab->edges_n];
        UNIT(e->from)->out = e->next_out;
        UNIT(e->from)->out_n--;
        UNIT(e->to)->in = e->next_in;
        UNIT(e->to)->in_n--;
    }
    tab->names_n = m.names;
    rehash(tab->hash_mask + 1u);
    memset(tab->units + m.units, 0, (tab->units_n - m.units) * sizeof *tab->units);
    tab->units_n = m.units;
    tab->arena.used = m.arena;
    tab->load_first = tab->load_last = 0;
    tab->marked = false;
}

void table_keep(void) { tab->marked = false; }

/* Edges, names and text are only ever added; what is gone is left out by the next reload. */
bool table_crowded(void)
{
    return tab->edges_n > EDGES_MAX / 4 * 3 || tab->names_n > NAMES_MAX / 4 * 3
        || tab->arena.used > ARENA_BYTES / 4 * 3 || (tab->units_n > UNITS_MAX / 4 * 3 && !tab->free);
}

static void give_back(struct table *t)
{
    u32 i = (u32)(t - tables);
    sys_madvise_free(arenas[i], sizeof arenas[i]);
    memset(t, 0, offsetof(struct table, units));
    sys_madvise_free(t->units, sizeof *t - offsetof(struct table, units));
    t->units_n = t->names_n = t->edges_n = 1;
}

void table_begin(void)
{
    tab = &tables[tab == &tables[0]];
    give_back(tab);
}

void table_commit(void) { give_back(&tables[tab == &tables[0]]); }

void table_abort(void)
{
    give_back(tab);
    tab = &tables[tab == &tables[0]];
}
