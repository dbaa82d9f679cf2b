/* SPDX-License-Identifier: 0BSD
 *
 * systemd-tmpfiles: the lines of tmpfiles.d(5), in which order they are acted on, and the program's options. What a line
 * does is in make.c and clean.c. */
#include "tmpfiles.h"

#include <stdlib.h>
#include <sys/sysmacros.h>

enum { EX_DATAERR = 65, EX_CANTCREAT = 73 };
enum phase { CREATE = 1, REMOVE = 2, CLEAN = 4 };

/* All items of one path, the first of them; patterns are kept apart from paths. */
struct entry { u16 first, next /* in its bucket */, parent; bool glob; };

static struct item items[ITEMS_MAX];
static struct entry entries[ITEMS_MAX];
static u16 heads[1024];
static u32 items_n = 1, entries_n = 1;       /* 0: none */
static bool invalid;                         /* a line was refused: EX_DATAERR */

/* ---- types --------------------------------------------------------------------------------- */

static const char all_types[] = "fFdDvqQpLcbCwetTaAhHxXrRzZm";
static const char glob_types[] = "wxXrRemzZtTaAhH", owning_types[] = "fFdeDvqQpLcbCwxXrR", folder_types[] = "dDvqQ";
static const char no_argument[] = "dvqQeDpxXrRmzZ";
static const char wants_argument[] =
    "w\0Write file\0c\0Device file\0b\0Device file\0t\0Set extended attribute\0T\0Set extended attribute\0"
    "a\0Set ACLs\0A\0Set ACLs\0h\0Set file attribute\0H\0Set file attribute\0";
static const char no_base64[] =
    "L\0symlink targets\0C\0copy sources\0c\0device node creation\0b\0device node creation\0t\0extended attributes\0"
    "T\0extended attributes\0a\0ACLs\0A\0ACLs\0h\0file attributes\0H\0file attributes\0";

/* ---- the table ----------------------------------------------------------------------------- */

static u16 find_entry(const char *path, bool glob)
{
    u16 at = heads[str_hash(str_of(path)) % LEN(heads)];
    while (at && (entries[at].glob != glob || !STREQ(items[entries[at].first].path, path)))
        at = entries[at].next;
    return at;
}

bool path_has_item(const char *path)
{
    if (find_entry(path, false))
        return true;
    for (u32 e = 1; e < entries_n; e++)
        if (entries[e].glob && path_match(items[entries[e].first].path, path))
            return true;
    return false;
}

/* Of two lines for one path the second must say the same, if both make or remove it. */
static bool compatible(const struct item *a, const struct item *b)
{
    const u32 rights = 0x1ff;                /* the flags before the modifiers */
    if (!in_set((char)a->type, owning_types) || !in_set((char)b->type, owning_types))
        return true;
    return a->argument_n == b->argument_n && (!a->argument_n || memcmp(a->argument, b->argument, a->argument_n) == 0)
        && (a->flags & rights) == (b->flags & rights) && a->uid == b->uid && a->gid == b->gid && a->mode == b->mode
        && a->age == b->age && a->by_file == b->by_file && a->by_folder == b->by_folder && a->device == b->device;
}

static bool is_append(const struct item *i) { return i->type == 'w' && i->flags & APPEND_OR_FORCE; }

static bool is_duplicate(u16 first, const struct item *i)
{
    for (u16 at = first; at; at = items[at].same)
        if (!compatible(&items[at], i) && !(is_append(&items[at]) && is_append(i)))
            return true;
    return false;
}

/* What makes a path goes before what changes it. */
static int order(const struct item *a, const struct item *b)
{
    bool owns_a = in_set((char)a->type, owning_types), owns_b = in_set((char)b->type, owning_types);
    return owns_a != owns_b ? (owns_a ? -1 : 1) : (int)a->type - (int)b->type;
}

static int add(const struct item *i)
{
    bool glob = in_set((char)i->type, glob_types);
    u16 e = find_entry(i->path, glob);
    if (e && is_duplicate(entries[e].first, i)) {
        config_say(LOG_NOTICE, "Duplicate line for path \"%s\", ignoring.", i->path);
        return 0;
    }
    if (items_n == ITEMS_MAX) {
        config_say(LOG_ERR, "Limit ITEMS_MAX (%u lines) reached, ignoring.", ITEMS_MAX);
        return -ENOSPC;
    }
    u16 at = (u16)items_n++;
    items[at] = *i;
    if (!e) {
        u16 *head = &heads[str_hash(str_of(i->path)) % LEN(heads)];
        e = (u16)entries_n++;
        entries[e] = (struct entry){ 0, *head, 0, glob };
        *head = e;
    }
    u16 *before = &entries[e].first;
    while (*before && order(&items[*before], i) <= 0)
        before = &items[*before].same;
    items[at].same = *before;
    *before = at;
    return 0;
}

/* ---- one line ------------------------------------------------------------------------------ */

static int refuse(const char *what, const char *word)
{
    invalid = true;
    return config_say(LOG_ERR, what, word);
}

static int take_type(struct item *i, const char *action, bool *boot, bool *base64, bool *credential)
{
    static const char letters[] = "+-=";
    i->type = (u8)action[0];
    for (const char *p = action + 1; *p; p++) {
        const char *plain = strchr(letters, *p);
        u32 bit = plain ? (u32)APPEND_OR_FORCE << (plain - letters) : 0;
        bool *flag = *p == '!' ? boot : *p == '~' ? base64 : *p == '^' ? credential : NULL;
        if ((plain && i->flags & bit) || (!plain && (!flag || *flag)))
            return refuse("Unknown modifiers in command '%s'", action);
        i->flags |= bit;
        if (flag)
            *flag = true;
    }
    return 0;
}

static int say_unresolvable(void)
{
    static bool told;
    if (!told && !*search_root) {
        config_say(LOG_NOTICE, "Failed to resolve specifier: uninitialized /etc/ detected, skipping.");
        log_line(LOG_NOTICE, "All rules containing unresolvable specifiers will be skipped.");
    }
    told = true;
    return 1;
}

static const char letters[] = "abBHlmovwWhCLStgGuUTV%";

/* 1: skip the line. */
static int take_path(struct item *i, const char *word)
{
    BUF(text, PATH_BYTES);
    BUF(simple, PATH_BYTES);
    int r = config_expand(str_of(word), letters, &text);
    if (r == -EUNATCH)
        return say_unresolvable();
    if (r < 0) {
        invalid |= r == -EBADSLT;
        return config_say(LOG_ERR, "Failed to replace specifiers in '%s': %s", word, strerror(-r));
    }
    const char *below = z_after(text.p, "/var/run/");
    if (below && *below) {
        /* a legacy name; two lines for one path must be seen to be that */
        const char *now = z_fmt("/run/%s", below);
        text.n = 0;
        buf_z(&text, now);
    }
    if (buf_end(&text)[0] != '/')
        return refuse("Path '%s' not absolute.", text.p);
    path_simplify(STR(text), false, &simple);
    i->path = buf_end(&simple);
    if (!in_set((char)i->type, all_types))
        return refuse("Unknown command type '%s'.", z_fmt("%c", i->type));
    if (!(i->path = keep(STR(simple))))
        return -ENOMEM;
    return 0;
}

/* C escapes; none may be left over. */
static int unescape(struct str s, struct buf *to)
{
    for (; s.n; s = str_from(s, 1)) {
        u32 rune = (u8)s.p[0];
        bool byte = true;
        char text[4];
        if (s.p[0] == '\\') {
            int used = unescape_one(str_from(s, 1), &rune, &byte);
            if (used < 0)
                return used;
            s = str_from(s, (size_t)used);
        }
        if (byte)
            buf_c(to, (char)rune);
        else
            buf_put(to, text, utf8_put(text, rune));
    }
    buf_end(to);
    return 0;
}

/* What it stands for is not longer, and is kept for good. */
static int decode_base64(struct item *i)
{
    char *text = keep((struct str){ i->argument, i->argument_n });
    struct buf to = { text, 0, i->argument_n, false };
    int r = text ? parse_base64((struct str){ text, i->argument_n }, &to) : -ENOMEM;
    i->argument = text;
    i->argument_n = to.n;
    return r;
}

/* What f, F, w, L and C write, link to, copy. 1: skip the line. */
static int expand_argument(struct item *i)
{
    BUF(plain, 16384);
    BUF(text, 16384);
    if (!i->argument || !in_set((char)i->type, "CLfFw"))
        return 0;
    int r = unescape(str_of(i->argument), &plain);
    if (r < 0)
        log_line(LOG_ERR, "Failed to unescape parameter to write: %s", i->argument);
    else
        r = config_expand(STR(plain), letters, &text);
    if (r == -EUNATCH)
        return say_unresolvable();
    if (r < 0 || !(i->argument = keep(STR(text))))
        return refuse("Failed to substitute specifiers in argument: %s", strerror(-r));
    i->argument_n = text.n;
    return 0;
}

static int read_credential(struct item *i)
{
    static char text[1 << 20];
    const char *folder = env_of("CREDENTIALS_DIRECTORY");
    if (!i->argument)
        return config_say(LOG_ERR, "Reading from credential requested, but no credential name specified.");
    if (i->argument[strcspn(i->argument, "/:")] || STREQ(i->argument, ".."))
        return config_say(LOG_ERR, "Credential name not valid: %s", i->argument);
    int n = folder ? file_get(z_fmt("%s/%s", folder, i->argument), text, sizeof text) : -ENXIO;
    if (n < 0)
        return 1;                            /* nobody gave one */
    i->argument = keep((struct str){ text, (size_t)n });
    i->argument_n = (u32)n;
    return i->argument ? 0 : -ENOMEM;
}

/* A source that is not written is the one of the factory; one that is not there makes the line nothing. */
static int take_source(struct item *i)
{
    BUF(simple, PATH_BYTES);
    struct stat st;
    if (!i->argument)
        i->argument = z_fmt("/usr/share/factory%s", i->path);
    else if (i->type == 'C' && i->argument[0] != '/')
        return refuse("Source path '%s' is not absolute.", i->argument);
    if (i->type == 'C')
        path_simplify(str_of(z_fmt("%s%s", search_root, i->argument)), false, &simple);
    else
        buf_z(&simple, i->argument);
    i->argument_n = simple.n;
    if (!(i->argument = keep(STR(simple))))
        return -ENOMEM;
    return i->type == 'C' && sys_lstat(i->argument, &st) == -ENOENT;
}

static int take_device(struct item *i)
{
    struct str minor_part = str_of(i->argument), major_part = str_line(&minor_part, ':');
    u64 major_n, minor_n;
    if (parse_u64(major_part, 10, &major_n) < 0 || parse_u64(minor_part, 10, &minor_n) < 0 || major_n > 4095 || minor_n > 0xfffff)
        return refuse("Can't parse device file major/minor '%s'.", i->argument);
    i->device = makedev((u32)major_n, (u32)minor_n);
    return 0;
}

static int check_argument(struct item *i, bool base64)
{
    const char type[2] = { (char)i->type, 0 }, *what;
    if (i->argument && in_set(*type, no_argument))
        config_say(LOG_WARNING, "%s lines don't take argument fields, ignoring.", type);
    if (base64 && (what = z_lookup(no_base64, type)))
        return refuse("base64 decoding not supported for %s.", what);
    if (!i->argument && (what = z_lookup(wants_argument, type)))
        return refuse("%s requires argument.", what);
    return in_set(*type, "cb") ? take_device(i) : 0;
}

static int take_argument(struct item *i, bool base64, bool credential)
{
    int r = base64 ? 0 : expand_argument(i);
    if (r == 0 && in_set((char)i->type, "LC"))
        r = take_source(i);
    if (r == 0 && credential)
        r = read_credential(i);
    if (r == 0 && base64 && i->argument && (r = decode_base64(i)) < 0)
        config_say(LOG_ERR, "Failed to base64 decode specified argument '%s': %s", i->argument, strerror(-r));
    return r;
}

/* "user", or ":user" for what is made now. */
static int take_owner(struct item *i, const char *file, const char *word, u32 has, u32 only_new, u32 *id)
{
    if (!*word)
        return 0;
    if (*word == ':') {
        i->flags |= only_new;
        word++;
    }
    if (find_account(file, word, id) < 0)
        return refuse(has == HAS_USER ? "Failed to resolve user '%s': No such process" : "Failed to resolve group '%s'.", word);
    i->flags |= has;
    return 0;
}

static int take_mode(struct item *i, const char *word)
{
    const char *p = word;
    i->mode = in_set((char)i->type, folder_types) ? 0755 : 0644;
    if (!*word)
        return 0;
    for (; *p == '~' || *p == ':'; p++)
        i->flags |= *p == '~' ? MASK_MODE : NEW_MODE;
    i->flags |= HAS_MODE;
    return parse_mode(str_of(p), &i->mode) < 0 ? refuse("Invalid mode '%s'.", word) : 0;
}

/* Letters of times before a colon: small ones of files, great ones of folders. */
static bool take_age_by(struct item *i, struct str letters_of)
{
    static const char known[] = "abcm";
    u8 by[2] = { 0, 0 };
    for (; letters_of.n; letters_of = str_from(letters_of, 1)) {
        const char *at = strchr(known, letters_of.p[0] | 0x20);
        if (in_set(letters_of.p[0], BLANKS))
            continue;
        if (!at || !*at)
            return false;
        by[!(letters_of.p[0] & 0x20)] |= (u8)BIT(at - known);
    }
    i->by_file = by[0] ? by[0] : i->by_file;
    i->by_folder = by[1] ? by[1] : i->by_folder;
    return by[0] || by[1];
}

static int take_age(struct item *i, const char *word)
{
    struct str age = str_of(word);
    i->by_file = BY_ATIME | BY_BTIME | BY_CTIME | BY_MTIME;
    i->by_folder = BY_ATIME | BY_BTIME | BY_MTIME;
    if (!*word)
        return 0;
    if (str_starts(age, "~")) {
        i->flags |= KEEP_FIRST;
        age = str_from(age, 1);
    }
    int colon = str_find(age, ':');
    if (colon >= 0) {
        if (!take_age_by(i, str_cut(age, (size_t)colon)))
            return refuse("Invalid age-by '%s'.", z_fmt("%.*s", colon, age.p));
        age = str_from(age, (size_t)colon + 1);
    }
    i->flags |= HAS_AGE;
    return parse_span(age, USEC_SEC, &i->age) < 0 ? refuse("Invalid age '%s'.", age.p) : 0;
}

enum { ACTION, PATH, MODE, USER, GROUP, AGE, ARGUMENT, COLUMNS };

static int take_line(char *line)
{
    char *f[COLUMNS];
    struct item i = { 0 };
    bool boot = false, base64 = false, credential = false;
    int n = config_fields(line, f, COLUMNS);
    if (n < 0)
        return refuse("Failed to parse line: %s", strerror(-n));
    if (n < 2 || !*f[ACTION])
        return n < 2 ? refuse("Syntax error.%s", "") : refuse("Command too short '%s'.", "");
    int r = take_type(&i, f[ACTION], &boot, &base64, &credential);
    if (r < 0 || (boot && !args.boot))
        return r;
    if (*f[ARGUMENT] && !STREQ(f[ARGUMENT], "-")) {
        i.argument = keep(str_of(f[ARGUMENT]));
        i.argument_n = (u32)strlen(f[ARGUMENT]);
    }
    if ((r = take_path(&i, f[PATH])) || (r = check_argument(&i, base64)) || !prefix_wanted(i.path))
        return MIN(r, 0);
    if ((r = take_argument(&i, base64, credential)))
        return MIN(r, 0);
    if (*search_root && !(i.path = keep(str_of(z_fmt("%s%s", search_root, STREQ(i.path, "/") ? "" : i.path)))))
        return -ENOMEM;
    if ((r = take_owner(&i, "passwd", f[USER], HAS_USER, NEW_USER, &i.uid)) < 0
        || (r = take_owner(&i, "group", f[GROUP], HAS_GROUP, NEW_GROUP, &i.gid)) < 0
        || (r = take_mode(&i, f[MODE])) < 0 || (r = take_age(&i, f[AGE])) < 0)
        return r;
    return add(&i);
}

/* Lines that are refused do not keep the others from being acted on: they have an exit status of their own. */
static int take(char *line)
{
    bool before = invalid;
    invalid = false;
    int r = take_line(line);
    r = invalid ? 0 : r;
    invalid |= before;
    return r;
}

/* ---- what follows from all lines together -------------------------------------------------- */

/* X has no age of its own: it is that of the folder line nearest above. */
static void set_ages(void)
{
    for (u32 k = 1; k < items_n; k++) {
        const struct item *nearest = NULL;
        struct item *x = &items[k];
        for (u32 m = 1; x->type == 'X' && m < items_n; m++) {
            const struct item *j = &items[m];
            if (!in_set((char)j->type, folder_types))
                continue;
            if (STREQ(j->path, x->path)) {
                nearest = j;
                break;
            }
            if (nearest ? path_below(str_of(j->path), nearest->path) && path_match(x->path, j->path)
                        : path_below(str_of(x->path), j->path))
                nearest = j;
        }
        if (nearest && nearest->flags & HAS_AGE) {
            x->age = nearest->age;
            x->flags |= HAS_AGE;
        }
    }
}

static u16 nearest_above(const char *path)
{
    char above[PATH_BYTES];
    u16 e = 0;
    z_copy(above, sizeof above, str_of(path));
    for (char *slash; !e && (slash = strrchr(above, '/')) && slash > above;) {
        *slash = 0;
        e = find_entry(above, false);
        e = e ? e : find_entry(above, true);
    }
    return e;
}

/* ---- acting -------------------------------------------------------------------------------- */

static bool below_autofs(const char *path)
{
    char fixed[PATH_BYTES];
    size_t n = strcspn(path, "*?[");
    z_copy(fixed, sizeof fixed, str_of(path));
    if (path[n]) {
        fixed[n] = 0;
        char *slash = strrchr(fixed, '/');
        slash[slash == fixed] = 0;
    }
    int fd = walk(fixed, WALK_NO_AUTOFS);
    sys_close(fd);
    return fd == -EREMOTE;
}

static int act(struct item *i, u8 phase)
{
    if (!(phase & ~i->done))
        return 0;
    i->done |= phase;
    if (below_autofs(i->path)) {
        log_line(LOG_NOTICE, "Skipping %s", i->path);
        return 0;
    }
    int r = phase & CREATE ? item_make(i) : 0;
    if (i->flags & MAY_FAIL)
        r = 0;
    int q = phase & REMOVE ? item_remove(i) : 0;
    if (phase & CLEAN)
        item_clean(i);
    return r < 0 ? r : q;
}

/* What is above is made before; what is below is taken away before. */
static int act_on_entry(u16 e, u8 phase)
{
    int first = 0, r;
    if (phase & CREATE && entries[e].parent)
        first = act_on_entry(entries[e].parent, phase);
    for (u16 c = 1; phase & (REMOVE | CLEAN) && c < entries_n; c++)
        if (entries[c].parent == e && (r = act_on_entry(c, phase)) < 0)
            first = first < 0 ? first : r;
    for (u16 k = entries[e].first; k; k = items[k].same)
        if ((r = act(&items[k], phase)) < 0)
            first = first < 0 ? first : r;
    return first;
}

static int act_on_all(u8 phase)
{
    int first = 0, r;
    for (u32 globs = 0; phase && globs < 2; globs++)         /* patterns change what paths have made */
        for (u16 e = 1; e < entries_n; e++)
            if (entries[e].glob == globs && (r = act_on_entry(e, phase)) < 0)
                first = first < 0 ? first : r;
    return first;
}

/* ---- the program --------------------------------------------------------------------------- */

#define OPTIONS(O) TOOL_OPTIONS(O) ROOT_OPTIONS(O) \
    O(FLAG, 0, "create", create) O(FLAG, 0, "clean", clean) O(FLAG, 0, "remove", remove) O(FLAG, 0, "boot", boot) \
    O(EACH_ONE, 0, "prefix", prefixes) O(EACH_ONE, 0, "exclude-prefix", exclude_prefixes) \
    O(FLAG, 'E', "E", default_prefixes) O(REFUSED, 0, "user", ignored)

static const struct options options = OPTIONS_OF(OPTIONS);

int tmpfiles_main(int argc, char **argv)
{
    static const struct config config = { "tmpfiles.d", "#", "Failed to open '%s': %s", take, false };
    int status;
    if (tool_begin(&options, &config, "Creates, deletes and cleans up volatile and temporary files and directories.",
                   &argc, argv, &status))
        return status;
    if (!args.create && !args.clean && !args.remove)
        return complain("You need to specify at least one of --clean, --create or --remove.");
    for (EACH(folder, "/dev\0/proc\0/run\0/sys\0"))
        if (args.default_prefixes && args.exclude_prefixes.n < LEN(args.exclude_prefixes.items))
            args.exclude_prefixes.items[args.exclude_prefixes.n++] = folder;
    if (sys_access("/proc/self/fd", F_OK) < 0)
        return complain("/proc/ is not mounted, but required for successful operation of systemd-tmpfiles. Please mount /proc/. "
                        "Alternatively, consider using the --root= or --image= switches.");
    if (config_read(&config, argc, argv) < 0)
        return 1;
    set_ages();
    for (u16 e = 1; e < entries_n; e++)
        entries[e].parent = nearest_above(items[entries[e].first].path);
    int r = act_on_all((args.remove ? REMOVE : 0) | (args.clean ? CLEAN : 0));
    int q = act_on_all(args.create ? CREATE : 0);
    return invalid ? EX_DATAERR : r < 0 || q < 0 ? EX_CANTCREAT : 0;
}
