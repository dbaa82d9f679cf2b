/* SPDX-License-Identifier: 0BSD
 *
 * systemd-sysusers: the users and groups of sysusers.d(5) that are not there yet, with ids as systemd 252 gives them. What
 * the files passwd, group, shadow and gshadow become is in userdb.c. Reads these files only: no name services. */
#include "sysusers.h"

static struct account accounts[ACCOUNTS_MAX];
static u32 accounts_n;
struct account *new_users[ACCOUNTS_MAX], *new_groups[ACCOUNTS_MAX];
u32 new_users_n, new_groups_n;
struct member members[ACCOUNTS_MAX];
u32 members_n;

/* ---- numbers that may be given ------------------------------------------------------------- */

static struct range { u32 low, high; } ranges[64];
static u32 ranges_n;
enum { SYSTEM_LOW = 1, SYSTEM_HIGH = 999 };
static u32 search = UINT32_MAX;              /* the last that was given, from above */

static bool add_range(struct str text)
{
    struct str high = text, low = str_line(&high, '-');
    u32 a, b;
    bool single = low.n == text.n;
    if (ranges_n == LEN(ranges) || parse_id(low, &a) < 0 || parse_id(single ? low : high, &b) < 0 || a > b)
        return false;
    ranges[ranges_n++] = (struct range){ a, b };
    return true;
}

static bool in_ranges(u32 id)
{
    for (u32 i = 0; i < ranges_n; i++)
        if (ranges[i].low <= id && id <= ranges[i].high)
            return true;
    return false;
}

static bool next_lower(void)
{
    bool found = false;
    u32 best = 0;
    for (u32 i = 0; i < ranges_n; i++) {
        u32 id = MIN(ranges[i].high, search - 1);
        if (search && ranges[i].low < search && (!found || id > best)) {
            best = id;
            found = true;
        }
    }
    search = found ? best : search;
    return found;
}

/* Of Debian's systemd, which does not read login.defs(5). */
static void default_range(void) { ranges[ranges_n++] = (struct range){ SYSTEM_LOW, SYSTEM_HIGH }; }

/* ---- a line -------------------------------------------------------------------------------- */

static bool valid_name(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++) {
        char c = name[i], small = (char)(c | 0x20);
        if (!(small >= 'a' && small <= 'z') && c != '_' && !(i && (c == '-' || (c >= '0' && c <= '9'))))
            return false;
    }
    return n && n < 32;
}

static bool valid_text(const char *text) { return utf8_valid(str_of(text)) && text_safe(str_of(text)) && !strchr(text, ':'); }

static bool valid_path(const char *path) { return valid_text(path) && path_valid(str_of(path)); }

static const char system_specifiers[] = "aAbBHlmMovwWTV%";

/* The field with its specifiers; a path also simplified. NULL: told. */
static char *expand(const char *field, bool path)
{
    BUF(text, PATH_BYTES);
    BUF(simple, PATH_BYTES);
    int r = config_expand(str_of(field), system_specifiers, &text);
    if (r < 0) {
        config_say(LOG_ERR, "Failed to replace specifiers in '%s': %s", field, strerror(-r));
        return NULL;
    }
    if (path)
        path_simplify(STR(text), false, &simple);
    return keep(path ? STR(simple) : STR(text));
}

enum { ACTION, NAME, ID, DESCRIPTION, HOME, SHELL, REST, COLUMNS };

static int bad(const char *what, const char *word)
{
    config_say(LOG_ERR, what, word);
    return -EINVAL;
}

static int check_fields(char **f)
{
    static const char complaints[COLUMNS][64] = {
        [NAME] = "'%s' is not a valid user or group name.", [DESCRIPTION] = "'%s' is not a valid GECOS field.",
        [HOME] = "'%s' is not a valid home directory field.", [SHELL] = "'%s' is not a valid login shell field." };
    for (u32 i = NAME; i < REST; i++) {
        if (!*f[i] || STREQ(f[i], "-")) {
            f[i] = NULL;
            continue;
        }
        if (!(f[i] = expand(f[i], i == HOME || i == SHELL)))
            return -EINVAL;
        if (i != ID && !(i == NAME ? valid_name : i == DESCRIPTION ? valid_text : valid_path)(f[i]))
            return bad(complaints[i], f[i]);
    }
    return 0;
}

static int refuse_others(char **f)
{
    u32 i = f[DESCRIPTION] ? DESCRIPTION : f[HOME] ? HOME : SHELL;
    if (!f[i])
        return 0;
    config_say(LOG_ERR, "Lines of type '%c' don't take a %s field.", f[ACTION][0],
               i == DESCRIPTION ? "GECOS" : i == HOME ? "home directory" : "login shell");
    return -EINVAL;
}

static int take_range(char **f)
{
    if (f[NAME])
        return bad("Lines of type '%s' don't take a name field.", "r");
    if (!f[ID])
        return bad("Lines of type '%s' require an ID range in the third field.", "r");
    int r = refuse_others(f);
    return r < 0 || add_range(str_of(f[ID])) ? r : bad("Invalid UID range %s.", f[ID]);
}

static int take_member(char **f)
{
    if (!f[ID])
        return bad("Lines of type '%s' require a group name in the third field.", "m");
    if (!valid_name(f[ID]))
        return bad("'%s' is not a valid user or group name.", f[ID]);
    int r = refuse_others(f);
    if (r < 0 || members_n == LEN(members))
        return r < 0 ? r : bad("Limit ACCOUNTS_MAX reached, ignoring %s.", f[NAME]);
    members[members_n++] = (struct member){ f[ID], f[NAME] };
    return 0;
}

static int bad_id(const char *what, const char *text, int r)
{
    config_say(LOG_ERR, "Failed to parse %s: '%s': %s", what, text, strerror(-r));
    return r;
}

/* "5", "5:6", "-:6", "5:group", "-:group", "/path" */
static int take_ids(struct account *a, char *text)
{
    bool *set = a->user ? &a->uid_set : &a->gid_set;
    if (text[0] == '/') {
        struct buf *simple = z_buf();
        path_simplify(str_of(text), false, simple);
        *(a->user ? &a->uid_path : &a->gid_path) = keep(STR(*simple));
        return 0;
    }
    char *colon = a->user ? strchr(text, ':') : NULL;
    struct str id = { text, colon ? (size_t)(colon - text) : strlen(text) };
    int r = colon ? parse_id(str_of(colon + 1), &a->gid) : 0;
    if (colon && r == 0)
        a->gid_set = a->strict = true;
    else if (colon && valid_name(colon + 1))
        a->group_name = colon + 1;
    else if (colon)
        return bad_id("GID", text, r);
    if (a->user && str_is(id, "-"))
        return 0;
    r = parse_id(id, a->user ? &a->uid : &a->gid);
    *set = r == 0;
    return r == 0 ? 0 : bad_id(a->user ? "UID" : "GID", text, r);
}

static struct account *find(const char *name, bool user)
{
    for (u32 i = 0; i < accounts_n; i++)
        if (accounts[i].user == user && STREQ(accounts[i].name, name))
            return &accounts[i];
    return NULL;
}

static bool same(const char *a, const char *b) { return a == b || (a && b && STREQ(a, b)); }

static bool same_shell(const char *a, const char *b)
{
    static const char none[] = "/bin/nologin\0/sbin/nologin\0/usr/bin/nologin\0/usr/sbin/nologin\0/bin/false\0/usr/bin/false\0"
                               "/bin/true\0/usr/bin/true\0";
    if (same(a, b) || !a || !b || (z_in(none, a) && z_in(none, b)))
        return same(a, b) || (a && b);
    int fd_a = walk(z_fmt("%s%s", search_root, a), 0), fd_b = walk(z_fmt("%s%s", search_root, b), 0);
    struct stat sa, sb;
    bool equal = sys_fstat(fd_a, &sa) == 0 && sys_fstat(fd_b, &sb) == 0 && sa.st_ino == sb.st_ino && sa.st_dev == sb.st_dev;
    sys_close(fd_a);
    sys_close(fd_b);
    return equal;
}

const char *shell_of(const struct account *a)
{
    if (a->shell)
        return a->shell;
    if (!a->uid_set || a->uid != 0)
        return "/usr/sbin/nologin";
    int fd = walk(z_fmt("%s/bin/bash", search_root), 0);
    sys_close(fd);
    return fd >= 0 ? "/bin/bash" : "/bin/sh";
}

static bool equivalent(const struct account *a, const struct account *b)
{
    return same(a->uid_path, b->uid_path) && same(a->gid_path, b->gid_path) && same(a->description, b->description)
        && a->uid_set == b->uid_set && (!a->uid_set || a->uid == b->uid) && a->gid_set == b->gid_set
        && (!a->gid_set || a->gid == b->gid) && same(a->home, b->home) && (!a->user || same_shell(shell_of(a), shell_of(b)));
}

static int add_account(const struct account *a)
{
    const struct account *old = find(a->name, a->user);
    if (old) {
        if (!equivalent(old, a))
            config_say(LOG_WARNING, "Conflict with earlier configuration for %s '%s', ignoring line.", a->user ? "user" : "group", a->name);
        return 0;
    }
    if (accounts_n == LEN(accounts))
        return bad("Limit ACCOUNTS_MAX reached, ignoring %s.", a->name);
    accounts[accounts_n++] = *a;
    return 0;
}

static int take(char *line)
{
    char *f[COLUMNS];
    int n = config_fields(line, f, COLUMNS), r = 0;
    if (n < 2)
        return bad(n < 0 ? "Syntax error.%s" : "Missing action and name columns.%s", "");
    if (*f[REST])
        return bad("Trailing garbage.%s", "");
    if (strlen(f[ACTION]) != 1)
        return bad("Unknown modifier '%s'.", f[ACTION]);
    if (!in_set(f[ACTION][0], "ugmr"))
        return bad("Unknown command type '%s'.", f[ACTION]);
    if ((r = check_fields(f)) < 0)
        return r;
    char type = f[ACTION][0];
    if (type == 'r')
        return take_range(f);
    if (!f[NAME])
        return bad("Lines of type '%s' require a user name in the second field.", f[ACTION]);
    if (type == 'm')
        return take_member(f);
    struct account a = { .name = f[NAME], .description = f[DESCRIPTION], .home = f[HOME], .shell = f[SHELL], .user = type == 'u' };
    if (!a.user && (r = refuse_others(f)) < 0)
        return r;
    return f[ID] && (r = take_ids(&a, f[ID])) < 0 ? r : add_account(&a);
}

/* Users and groups that only lines of type m mention. */
static void add_implicit(void)
{
    for (u32 i = 0; i < members_n; i++) {
        if (!find(members[i].user, true))
            (void)add_account(&(struct account){ .name = members[i].user, .user = true });
        if (!find(members[i].group, true) && !find(members[i].group, false))
            (void)add_account(&(struct account){ .name = members[i].group });
    }
}

/* ---- giving ids ---------------------------------------------------------------------------- */

static const struct account *given(struct account *const *list, u32 n, u32 id, bool user)
{
    for (u32 i = 0; i < n; i++)
        if ((user ? list[i]->uid : list[i]->gid) == id)
            return list[i];
    return NULL;
}

static bool uid_free(u32 id, const char *name, bool as_group)
{
    const struct account *group = given(new_groups, new_groups_n, id, false);
    struct str owner;
    if (given(new_users, new_users_n, id, true) || db_name(DB_PASSWD, id).n)
        return false;
    if (!as_group)
        return true;
    owner = db_name(DB_GROUP, id);
    return !(group && !STREQ(group->name, name)) && !(owner.n && !str_is(owner, name));
}

static bool gid_free(u32 id, bool as_user)
{
    return !given(new_groups, new_groups_n, id, false) && !db_name(DB_GROUP, id).n
        && !(as_user && (given(new_users, new_users_n, id, true) || db_name(DB_PASSWD, id).n));
}

static bool stat_in_root(const char *path, struct stat *st) { return path && sys_stat(z_fmt("%s%s", search_root, path), st) == 0; }

/* Ids of the files that lines name: a user's also stands for a missing group's, and the other way round. */
static bool id_of_file(const struct account *a, bool user, u32 *id)
{
    struct stat st;
    if (!user && stat_in_root(a->gid_path, &st))
        *id = st.st_gid;
    else if (stat_in_root(a->uid_path, &st))
        *id = user ? st.st_uid : st.st_gid;
    else if (user && stat_in_root(a->gid_path, &st))
        *id = st.st_gid;
    else
        return false;
    return *id > 0 && in_ranges(*id);
}

static int none_free(const char *what, const char *name)
{
    log_line(LOG_ERR, "No free %s ID available for %s.", what, name);
    return -ENOENT;
}

static int make_user(struct account *a)
{
    u32 id;
    if (db_id(DB_PASSWD, a->name, &id)) {
        a->uid = id;
        a->uid_set = true;
        return 0;
    }
    if (a->uid_set && !uid_free(a->uid, a->name, !a->strict)) {
        log_line(LOG_INFO, "Suggested user ID %u for %s already used.", a->uid, a->name);
        a->uid_set = false;
    }
    if (!a->uid_set && ((id_of_file(a, true, &id) && uid_free(id, a->name, true))
                        || (a->gid_set && uid_free(id = a->gid, a->name, true)))) {
        a->uid = id;
        a->uid_set = true;
    }
    if (!a->uid_set) {
        do
            if (!next_lower())
                return none_free("user", a->name);
        while (!uid_free(search, a->name, true));
        a->uid = search;
        a->uid_set = true;
    }
    a->is_new = true;
    new_users[new_users_n++] = a;
    log_line(LOG_INFO, "Creating user '%s' (%s) with UID %u and GID %u.", a->name, a->description ? a->description : "n/a", a->uid, a->gid);
    return 0;
}

/* Also of a user, whose group has its name then. */
static int make_group(struct account *a)
{
    u32 id;
    if (db_id(DB_GROUP, a->name, &id)) {
        a->gid = id;
        a->gid_set = true;
        return 0;
    }
    if (a->gid_set && a->strict) {           /* this one must be there */
        if (!gid_free(a->gid, false))
            return 0;
        log_line(LOG_ERR, "Failed to create %s: please create GID %u", a->name, a->gid);
        return -EINVAL;
    }
    if (a->gid_set && !gid_free(a->gid, false)) {
        log_line(LOG_INFO, "Suggested group ID %u for %s already used.", a->gid, a->name);
        a->gid_set = false;
    }
    if (!a->gid_set && ((a->uid_set && gid_free(id = a->uid, true)) || (id_of_file(a, false, &id) && gid_free(id, true)))) {
        a->gid = id;
        a->gid_set = true;
    }
    if (!a->gid_set) {
        do
            if (!next_lower())
                return none_free("group", a->name);
        while (!gid_free(search, true));
        a->gid = search;
        a->gid_set = true;
    }
    a->new_group = true;
    new_groups[new_groups_n++] = a;
    log_line(LOG_INFO, "Creating group '%s' with GID %u.", a->name, a->gid);
    return 0;
}

static int make_user_with_group(struct account *a)
{
    struct account *group = NULL;
    int r = 0;
    if (!a->gid_set) {
        group = find(a->group_name ? a->group_name : a->name, false);
        if (!group && a->group_name)
            group = find(a->group_name, true);
    }
    if (group && group->new_group) {
        a->gid_set = group->gid_set;
        a->gid = group->gid;
        a->strict = true;
    } else if (a->group_name) {
        if (!db_id(DB_GROUP, a->group_name, &a->gid)) {
            log_line(LOG_ERR, "Group %s not found.", a->group_name);
            return -ENOENT;
        }
        a->gid_set = a->strict = true;
    } else {
        r = make_group(a);
    }
    return r < 0 ? r : make_user(a);
}

/* ---- the program --------------------------------------------------------------------------- */

#define OPTIONS(O) TOOL_OPTIONS(O) ROOT_OPTIONS(O) O(FLAG, 0, "dry-run", dry_run) O(FLAG, 0, "inline", inline_lines)

static const struct options options = OPTIONS_OF(OPTIONS);

int sysusers_main(int argc, char **argv)
{
    static const struct config config = { "sysusers.d", "#", "Failed to open '%s', ignoring: %s", take, false };
    int status, r, lock = 0;
    if (tool_begin(&options, &config, "Creates system user accounts.", &argc, argv, &status))
        return status;
    config_inline = args.inline_lines;
    if (config_read(&config, argc, argv) < 0)
        return 1;
    if (!ranges_n)
        default_range();
    add_implicit();
    if (!args.dry_run && (lock = db_lock()) < 0)
        return complain("Failed to take /etc/passwd lock: %s", strerror(-lock));
    if ((r = db_load()) < 0)
        return complain("Failed to load user database: %s", strerror(-r));
    for (u32 i = 0; i < accounts_n; i++)
        if (!accounts[i].user)
            (void)make_group(&accounts[i]);
    for (u32 i = 0; i < accounts_n; i++)
        if (accounts[i].user)
            (void)make_user_with_group(&accounts[i]);
    return db_write(args.dry_run) < 0;
}
