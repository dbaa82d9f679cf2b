/* SPDX-License-Identifier: 0BSD
 *
 * Where units are: the folders of systemd.unit(5), an index of what lies in them, aliases and masks.
 * The index is built when units are to be looked up and dropped afterwards; nothing is cached, so
 * nothing can be stale. Opens files, reads no meaning from them. */
#include "unit.h"
#include "../sys.h"

#include <dirent.h>

/* The first folder that has a name wins. /etc/units is the compact folder: lying there means
 * enabled. Only what the kernel command line orders (systemd.mask= and the like, written to
 * generator.early) goes before it, or a broken unit there could not be masked to rescue a boot. */
static const char usual_dirs[] =
    "/etc/systemd/system.control\0/run/systemd/system.control\0/run/systemd/transient\0"
    "/run/systemd/generator.early\0/etc/units\0/etc/systemd/system\0/etc/systemd/system.attached\0/run/systemd/system\0/run/systemd/system.attached\0"
    "/run/systemd/generator\0/usr/local/lib/systemd/system\0/lib/systemd/system\0/usr/lib/systemd/system\0"
    "/run/systemd/generator.late\0";

const char *search_dirs = usual_dirs;
const char *search_root = "";

char *rooted(const char *path, char *full) { return path_fmt(full, "%s%s", search_root, path); }

#define HEADS 16384

static char index_text[INDEX_BYTES] __attribute__((aligned(4096)));
static struct index_entry entries[INDEX_MAX] __attribute__((aligned(4096)));
static u32 heads[HEADS] __attribute__((aligned(4096)));
static u32 entries_n = 1, text_n = 1, links_n;

/* Links to other names, with the hash of the name that each leads to: what else is a unit called? */
static struct { u32 target_hash, entry; } links[INDEX_MAX] __attribute__((aligned(4096)));

/* In a merged-/usr system /lib is a link, and its folder the one of /usr/lib: read once, as the former, as on Debian. */
static bool lib_is_usr;

static bool loops_told;                  /* while links are only compared, what is wrong with them is not told */

const char *index_name(const struct index_entry *e)
{
    return (e->kind == ENTRY_BUILTIN ? builtins : index_text) + e->name;
}

const char *index_target(const struct index_entry *e)
{
    bool builtin_alias = e->kind == ENTRY_BUILTIN && builtins[e->target] == '@';
    return builtin_alias ? builtins + e->target + 1 : e->kind == ENTRY_LINK ? index_text + e->target : "";
}

char *index_path(const struct index_entry *e, char *space)
{
    return path_fmt(space, "%s/%s", e->kind == ENTRY_BUILTIN ? "/usr/lib/systemd/system" : search_dirs + e->dir, index_name(e));
}

bool index_compact(const struct index_entry *e) { return STREQ(search_dirs + e->dir, "/etc/units"); }

/* ---- building ------------------------------------------------------------------------------ */

static u32 keep(struct str s)
{
    u32 at = text_n;
    if (s.n >= sizeof index_text - text_n)
        return 0;
    memcpy(index_text + at, s.p, s.n);
    index_text[at + s.n] = 0;
    text_n += (u32)s.n + 1;
    return at;
}

/* Entries of one name hang in the order of the folders, so the first found is the one that counts. */
static struct index_entry *entry_add(struct str name, u16 dir, u8 kind)
{
    if (entries_n == INDEX_MAX)
        return NULL;
    struct index_entry *e = &entries[entries_n];
    *e = (struct index_entry){ .dir = dir, .kind = kind };
    if (kind != ENTRY_BUILTIN && !(e->name = keep(name)))
        return NULL;
    u32 *at = &heads[str_hash(name) % HEADS];
    while (*at)
        at = &entries[*at].next;
    *at = entries_n++;
    return e;
}

/* Most systems have folders of few kinds, and most units none: what is not there is not asked for. The letter behind
 * the dot tells the kind. */
static u32 folder_kinds;

static u32 suffix_bit(const char *suffix) { return BIT(suffix[1] & 31); }

static u32 folder_kind(struct str name)
{
    for (EACH(suffix, ".d\0.wants\0.requires\0.upholds\0"))
        if (str_ends(name, suffix))
            return suffix_bit(suffix);
    return 0;
}

bool index_has_folders(const char *suffix) { return folder_kinds & suffix_bit(suffix); }

static void link_add(const struct index_entry *e, struct str to)
{
    links[links_n].target_hash = str_hash(str_from(to, (size_t)(str_rfind(to, '/') + 1)));
    links[links_n++].entry = (u32)(e - entries);
}

/* One name of a folder. -ENOSPC: the index is full. */
static int index_name_in(int fd, u16 dir, struct str name, u8 type)
{
    char target[PATH_BYTES];
    struct index_entry *e;
    u32 kind = type == DT_REG ? 0 : folder_kind(name);
    folder_kinds |= kind;
    if (kind)
        return entry_add(name, dir, ENTRY_DIR) ? 0 : -ENOSPC;
    if (!unit_name_valid(name))
        return 0;
    ssize_t n = type == DT_REG ? -EINVAL : sys_readlinkat(fd, name.p, target, sizeof target);
    e = entry_add(name, dir, n >= 0 ? ENTRY_LINK : ENTRY_FILE);
    if (e && n >= 0) {
        struct str to = { target, (size_t)n };
        e->target = keep(to);
        link_add(e, to);
    }
    return e && (n < 0 || e->target) ? 0 : -ENOSPC;
}

static int index_dir(const char *folder)
{
    struct dir d;
    char path[PATH_BYTES];
    int fd = dir_open(&d, rooted(folder, path)), r = 0;
    if (fd < 0 && fd != -ENOENT)
        log_line(LOG_WARNING, "%s: %s, ignoring this unit folder.", path, strerror(-fd));
    for (struct dirent *e; r == 0 && (e = dir_next(&d));)
        if (e->d_name[0] != '.')
            r = index_name_in(fd, (u16)(folder - search_dirs), str_of(e->d_name), e->d_type);
    dir_close(&d);
    return r;
}

static bool same_folder(const char *a, const char *b)
{
    struct stat x, y;
    char path[PATH_BYTES];
    return sys_stat(rooted(a, path), &x) == 0 && sys_stat(rooted(b, path), &y) == 0 && x.st_dev == y.st_dev
        && x.st_ino == y.st_ino;
}

const char *dropin_dir(u16 dir)
{
    const char *folder = search_dirs + dir;
    return lib_is_usr && STREQ(folder, "/lib/systemd/system") ? "/usr/lib/systemd/system" : folder;
}

u32 index_builds;

void index_build(void)
{
    int r = 0;
    index_drop();
    index_builds++;
    lib_is_usr = same_folder("/lib/systemd/system", "/usr/lib/systemd/system");
    for (EACH(folder, search_dirs))
        if (r == 0 && (!lib_is_usr || !STREQ(folder, "/usr/lib/systemd/system")))
            r = index_dir(folder);
    for (u32 at = 0; builtins[at];) {
        struct index_entry *e = entry_add(str_of(builtins + at), 0, ENTRY_BUILTIN);
        u32 text = at + (u32)strlen(builtins + at) + 1;
        if (e) {
            e->name = at;
            e->target = text;
            if (builtins[text] == '@')
                link_add(e, str_of(builtins + text + 1));
        }
        at = text + (u32)strlen(builtins + text) + 1;
    }
    if (r < 0)
        log_line(LOG_ERR, "Limit INDEX_MAX or INDEX_BYTES reached (limits.h): "
                 "some names in the unit folders are left out.");
}

const char *builtin_find(struct str name)
{
    for (const char *at = builtins; *at; at = z_next(z_next(at)))
        if (str_is(name, at))
            return z_next(at);
    return NULL;
}

bool index_built(void) { return entries_n > 1; }

void index_drop(void)
{
    if (entries_n == 1 && text_n == 1)
        return;
    sys_madvise_free(index_text, sizeof index_text);
    sys_madvise_free(entries, sizeof entries);
    sys_madvise_free(links, sizeof links);
    memset(heads, 0, sizeof heads);
    sys_madvise_free(heads, sizeof heads);
    entries_n = text_n = 1;
    folder_kinds = 0;
    links_n = 0;
}

/* ---- looking up ---------------------------------------------------------------------------- */

struct index_entry *index_next(struct index_entry *after, struct str name)
{
    u32 at = after ? after->next : heads[str_hash(name) % HEADS];
    for (; at; at = entries[at].next)
        if (str_is(name, index_name(&entries[at])))
            return &entries[at];
    return NULL;
}

struct index_entry *index_find(struct str name) { return index_next(NULL, name); }

struct index_entry *index_all(struct index_entry *after)
{
    struct index_entry *e = after ? after + 1 : &entries[1];
    return e < &entries[entries_n] ? e : NULL;
}

/* An entry for the name itself, or for its template. */
static struct index_entry *find_or_template(struct str name)
{
    BUF(template, UNIT_NAME_BYTES);
    struct index_entry *e = index_find(name);
    if (e || !unit_name_is_instance(name))
        return e;
    unit_name_template(name, &template);
    return index_find(STR(template));
}

static bool in_search_dirs(struct str folder)
{
    for (EACH(path, search_dirs))
        if (str_is(folder, path))
            return true;
    return false;
}

/* The name a link gives its unit: its target's, if that lies in a unit folder under another name.
 * Empty: the link is the unit itself (a linked file elsewhere). NULL: it leads to another type. */
static struct str alias_of(const struct index_entry *e, struct buf *space)
{
    struct str target = str_of(index_target(e));
    if (e->kind == ENTRY_BUILTIN)
        return target;
    char joined[PATH_BYTES];
    path_fmt(joined, "%s/%s", *target.p == '/' ? "" : search_dirs + e->dir, target.p);
    /* "../system/foo.service" and the like */
    struct str rest = str_of(joined), part;
    while ((part = str_word(&rest, "/")).p) {
        if (str_is(part, "..")) {
            space->n = (u32)MAX(str_rfind(STR(*space), '/'), 0);
        } else if (!str_is(part, ".")) {
            buf_c(space, '/');
            buf_str(space, part);
        }
    }
    struct str full = STR(*space);
    int slash = str_rfind(full, '/');
    struct str base = str_from(full, (size_t)slash + 1);
    if (slash < 0 || !in_search_dirs(str_cut(full, (size_t)slash)) || !unit_name_valid(base)
        || str_is(base, index_name(e)))
        return str_cut(full, 0);
    if (unit_type_of(base) == unit_type_of(str_of(index_name(e))))
        return base;
    log_line(loops_told ? LOG_DEBUG : LOG_NOTICE, "%s/%s: links to a unit of another type, ignoring it.", search_dirs + e->dir, index_name(e));
    return (struct str){ NULL, 0 };
}

struct index_entry *index_resolve(struct str name, struct buf *id_name, bool *masked)
{
    *masked = false;
    id_name->n = 0;
    buf_str(id_name, name);
    for (u32 hops = 0; hops < 16; hops++) {
        struct str current = STR(*id_name);
        struct index_entry *e = find_or_template(current);
        if (!e || !*index_target(e))
            return e && e->kind == ENTRY_DIR ? NULL : e;
        if (STREQ(index_target(e), "/dev/null")) {
            *masked = true;
            return e;
        }
        BUF(space, PATH_BYTES);
        struct str alias = alias_of(e, &space);
        if (!alias.n)
            return alias.p ? e : NULL;
        BUF(next, UNIT_NAME_BYTES);
        if (unit_name_is_template(alias) && unit_name_is_instance(current)) {
            if (unit_name_with_instance(alias, unit_name_instance(current), &next) < 0)
                return NULL;
        } else {
            buf_str(&next, alias);
        }
        if (str_eq(STR(next), current))
            return e;                    /* foo@x.service -> foo@.service: the template itself */
        id_name->n = 0;
        buf_put(id_name, next.p, next.n);
    }
    log_line(loops_told ? LOG_DEBUG : LOG_WARNING, "%.*s: too many levels of alias links.", (int)name.n, name.p);
    return NULL;
}

/* What other name a link gives the unit `name`, the nth: the link's own, or of a template's link the instance. */
static bool link_name(u32 nth, struct str name, struct buf *alias)
{
    BUF(template, UNIT_NAME_BYTES);
    const struct index_entry *e = &entries[links[nth].entry];
    struct str target = str_of(index_target(e)), base = str_from(target, (size_t)(str_rfind(target, '/') + 1));
    struct str own = str_of(index_name(e));
    alias->n = 0;
    if (unit_type_of(own) != unit_type_of(name))
        return false;
    if (unit_name_is_instance(name))
        unit_name_template(name, &template);
    if (!str_eq(base, name) && !str_eq(base, STR(template)))
        return false;
    if (unit_name_is_template(own))
        return unit_name_is_instance(name) && unit_name_with_instance(own, unit_name_instance(name), alias) == 0;
    buf_str(alias, own);
    return true;
}

bool index_alias(u32 *at, struct str name, struct str unit, struct buf *alias)
{
    BUF(template, UNIT_NAME_BYTES);
    BUF(real, UNIT_NAME_BYTES);
    u32 hash = str_hash(name), template_hash = hash;
    bool masked;
    if (unit_name_is_instance(name)) {
        unit_name_template(name, &template);
        template_hash = str_hash(STR(template));
    }
    while (*at < links_n) {
        u32 i = (*at)++;
        if ((links[i].target_hash != hash && links[i].target_hash != template_hash) || !link_name(i, name, alias)
            || str_eq(STR(*alias), unit))
            continue;
        loops_told = true;
        bool found = index_resolve(STR(*alias), &real, &masked) && !masked && str_eq(STR(real), unit);
        loops_told = false;
        if (found)
            return true;
    }
    return false;
}

/* ---- reading ------------------------------------------------------------------------------- */

static char file_space[FILE_BYTES + 1] SCRATCH;
usec file_time;

static int read_all(int fd, char **text, u32 *n)
{
    struct stat st;
    int r = sys_fstat(fd, &st);
    if (r == 0 && S_ISDIR(st.st_mode))
        r = -EISDIR;
    else if (r == 0 && !S_ISREG(st.st_mode))
        r = -ENOTSUP;                    /* devices, pipes, sockets: never read */
    file_time = r == 0 ? time_of(&st) : 0;
    for (*n = 0; r == 0;) {
        ssize_t got = sys_read(fd, file_space + *n, sizeof file_space - *n);
        if (got <= 0) {
            r = (int)got;
            break;
        }
        *n += (u32)got;
        if (*n > FILE_BYTES)
            r = -EFBIG;
        else if (*n == st.st_size)
            break;                       /* no read that only says so */
    }
    *text = file_space;
    return r;
}

/* Below a root of its own the kernel follows links as if that were "/": none leads out of it. */
int file_open(const char *path, int flags)
{
    if (!*search_root)
        return sys_open(path, flags);
    int root = sys_open(search_root, O_PATH | O_DIRECTORY);
    int fd = root < 0 ? root : sys_open_below(root, path, flags);
    sys_close(root);
    return fd;
}

int file_read(const char *path, char **text, u32 *n)
{
    int fd = file_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fd;
    int r = read_all(fd, text, n);
    sys_close(fd);
    return r;
}

int file_read_entry(const struct index_entry *e, char **text, u32 *n, char *path)
{
    index_path(e, path);
    if (e->kind != ENTRY_BUILTIN)
        return file_read(path, text, n);
    file_time = 0;
    *n = (u32)(unpack(builtins + e->target, builtin_pairs, file_space) - file_space);
    *text = file_space;
    return 0;
}
