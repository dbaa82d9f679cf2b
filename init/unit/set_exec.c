/* SPDX-License-Identifier: 0BSD
 *
 * Setters of systemd.exec(5) and of command lines: ExecStart=, environment, standard streams,
 * limits, users, folders. They check and store text; users are looked up by the child. */
#include "unit.h"

static u32 id_of(const struct directive *d) { return (u32)(d - directives); }

/* ---- command lines (systemd.service(5), "COMMAND LINES") ----------------------------------- */

/* The next word; what looks like an escape and is none stays as it is, with a warning. */
static int take_word(struct build *b, struct str *rest, struct buf *word)
{
    struct str again = *rest;
    int r = word_next(rest, BLANKS, WORD_UNQUOTE | WORD_UNESCAPE, word);
    if (r != -EINVAL)
        return r;
    *rest = again;
    r = word_next(rest, BLANKS, WORD_UNQUOTE | WORD_UNESCAPE | WORD_UNESCAPE_RELAX, word);
    if (r >= 0)
        build_warn(b, LOG_WARNING, "Ignoring unknown escape sequences: \"%.*s\"", (int)again.n, again.p);
    return r;
}

struct command { u32 w[3 + 1024]; u32 flags; bool own_argv0; };      /* flags, path, argc, argv */

static struct str take_prefixes(struct str first, struct command *c)
{
    for (; first.n; first = str_from(first, 1)) {
        u32 privilege = c->flags & (EXEC_FULL_PRIVILEGE | EXEC_NO_SETUID | EXEC_AMBIENT_MAGIC);
        char p = first.p[0];
        if (p == '-' && !(c->flags & EXEC_IGNORE_FAILURE))
            c->flags |= EXEC_IGNORE_FAILURE;
        else if (p == '@' && !c->own_argv0)
            c->own_argv0 = true;
        else if (p == ':' && !(c->flags & EXEC_NO_EXPAND))
            c->flags |= EXEC_NO_EXPAND;
        else if (p == '+' && !privilege)
            c->flags |= EXEC_FULL_PRIVILEGE;
        else if (p == '!' && !privilege)
            c->flags |= EXEC_NO_SETUID;
        else if (p == '!' && privilege == EXEC_NO_SETUID)
            c->flags ^= EXEC_NO_SETUID | EXEC_AMBIENT_MAGIC;
        else
            break;
    }
    return first;
}

static bool name_safe(struct str path)
{
    return text_safe(path) && str_find(path, '"') < 0 && str_find(path, '\'') < 0 && str_find(path, '\\') < 0;
}

static const char *path_complaint(struct str path)
{
    if (!path.n)
        return "Empty path in command line";
    if (!name_safe(path))
        return "Executable name contains special characters";
    if (str_ends(path, "/"))
        return "Executable path specifies a directory";
    if (path.p[0] != '/' ? str_find(path, '/') >= 0 || str_is(path, ".") || str_is(path, "..")
                         : !path_valid(path))
        return "Neither a valid executable name nor an absolute path";
    return NULL;
}

static int refuse(struct build *b, const struct command *c, const char *why, struct str value)
{
    bool ignore = c->flags & EXEC_IGNORE_FAILURE;
    build_warn(b, ignore ? LOG_WARNING : LOG_ERR, "%s%s: %.*s", why, ignore ? ", ignoring" : "",
               (int)value.n, value.p);
    return ignore ? 0 : -ENOEXEC;
}

static int add_word(struct command *c, struct str word)
{
    if (c->w[2] == LEN(c->w) - 3)
        return -E2BIG;
    u32 text = text_keep(word);
    if (!text)
        return -ENOSPC;
    c->w[3 + c->w[2]++] = text;
    return 0;
}

/* A ";" that stands alone and unquoted ends the command; "\;" is the word ";". */
static bool lone(struct str s, const char *token)
{
    size_t n = strlen(token);
    return str_starts(s, token) && (s.n == n || (s.p[n] && strchr(BLANKS, s.p[n])));
}

/* Takes the arguments up to the end or a ";" (then *more). */
static int take_arguments(struct build *b, struct command *c, struct str *rest, bool *more)
{
    struct str whole = *rest;
    for (;;) {
        *rest = str_trim(*rest);
        if (lone(*rest, ";")) {
            *rest = str_from(*rest, 1);
            *more = true;
            return 0;
        }
        if (lone(*rest, "\\;")) {
            *rest = str_from(*rest, 2);
            if (add_word(c, S(";")) < 0)
                return -ENOEXEC;
            continue;
        }
        struct buf word = { scratch(1), 0, VALUE_BYTES, false }, full = { scratch(2), 0, VALUE_BYTES, false };
        int r = take_word(b, rest, &word);
        if (r == 0)
            return 0;
        if (r < 0) {
            int refused = refuse(b, c, "Unbalanced quoting or invalid escape sequence", whole);
            return refused < 0 ? refused : -EAGAIN;
        }
        if (specifier_expand(b->name, (struct str){ word.p, word.n }, &full) < 0)
            return refuse(b, c, "Failed to resolve unit specifiers in", (struct str){ word.p, word.n });
        if (add_word(c, (struct str){ full.p, full.n }) < 0)
            return refuse(b, c, "Command line is too long (1,024 words, ARENA_BYTES)", whole);
    }
}

/* One command of a line. -EAGAIN: it was bad but may be, the line ends here. */
static int take_command(struct build *b, const struct directive *d, struct str *rest, bool *more)
{
    static struct command c;
    struct buf word = { scratch(1), 0, VALUE_BYTES, false }, path = { scratch(2), 0, PATH_BYTES, false };
    struct str whole = *rest;
    BUF(simple, PATH_BYTES);
    c.w[2] = c.flags = 0;
    c.own_argv0 = *more = false;
    int r = take_word(b, rest, &word);
    if (r < 0)
        return refuse(b, &c, "Unbalanced quoting or invalid escape sequence", whole);
    if (r == 0)
        return 0;
    if (str_is((struct str){ word.p, word.n }, ";")) {
        *more = true;
        return 0;
    }
    struct str first = take_prefixes((struct str){ word.p, word.n }, &c);
    if (specifier_expand(b->name, first, &path) < 0 || path.over)
        return refuse(b, &c, "Failed to resolve unit specifiers in", first);
    struct str full = { path.p, path.n };
    const char *complaint = path_complaint(full);
    if (complaint)
        return refuse(b, &c, complaint, full);
    path_simplify(full, false, &simple);
    c.w[1] = text_keep((struct str){ simple.p, simple.n });
    if (!c.w[1] || (!c.own_argv0 && add_word(&c, full) < 0))
        return -ENOEXEC;
    r = take_arguments(b, &c, rest, more);
    if (r < 0)
        return r == -EAGAIN ? 0 : r;
    if (c.w[2] == 0 || !*text_at(c.w[3]))
        return refuse(b, &c, "Empty executable name or zeroeth argument", whole);
    c.w[0] = c.flags;
    return build_put(b, id_of(d), c.w, 3 + c.w[2]);
}

int set_exec(struct build *b, const struct directive *d, struct str value)
{
    bool more = true;
    if (!value.n)
        build_clear(b, id_of(d));
    while (more && value.n) {
        int r = take_command(b, d, &value, &more);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- environment --------------------------------------------------------------------------- */

static bool env_name_valid(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9' && i)))
            return false;
    }
    return name.n > 0;
}

static bool env_assignment_valid(struct str s)
{
    int eq = str_find(s, '=');
    return eq > 0 && env_name_valid(str_cut(s, (size_t)eq)) && utf8_valid(s) && s.n < VALUE_BYTES;
}

/* Words of a list, unquoted, unescaped, specifiers expanded, in working space 0. */
static int next_word(struct build *b, struct str *rest, u32 flags, struct str *item)
{
    struct buf word = { scratch(1), 0, VALUE_BYTES, false }, full = { scratch(0), 0, VALUE_BYTES, false };
    struct str whole = *rest;
    int r = flags & WORD_UNESCAPE ? take_word(b, rest, &word) : word_next(rest, BLANKS, flags, &word);
    if (r > 0 && (specifier_expand(b->name, (struct str){ word.p, word.n }, &full) < 0 || full.over))
        r = -EINVAL;
    if (r < 0)
        build_warn(b, LOG_WARNING, "Invalid syntax, ignoring: %.*s", (int)whole.n, whole.p);
    *item = (struct str){ full.p, full.n };
    return r;
}

int set_environ(struct build *b, const struct directive *d, struct str value)
{
    struct str item;
    if (!value.n)
        build_clear(b, id_of(d));
    while (next_word(b, &value, WORD_UNQUOTE | WORD_UNESCAPE, &item) > 0)
        if (!env_assignment_valid(item))
            build_warn(b, LOG_WARNING, "Invalid environment assignment, ignoring: %.*s", (int)item.n, item.p);
        else if (build_text(b, id_of(d), item, true) < 0)
            return -ENOEXEC;
    return 0;
}

int set_env_names(struct build *b, const struct directive *d, struct str value)
{
    struct str item;
    if (!value.n)
        build_clear(b, id_of(d));
    while (next_word(b, &value, WORD_UNQUOTE | WORD_UNESCAPE, &item) > 0)
        if (!env_name_valid(item) && !(id_of(d) == D_UnsetEnvironment && env_assignment_valid(item)))
            build_warn(b, LOG_WARNING, "Invalid environment name or assignment, ignoring: %.*s",
                       (int)item.n, item.p);
        else if (build_text(b, id_of(d), item, true) < 0)
            return -ENOEXEC;
    return 0;
}

/* Words: the path, whether it may be missing. */
int set_env_file(struct build *b, const struct directive *d, struct str value)
{
    struct buf full = { scratch(0), 0, VALUE_BYTES, false };
    BUF(simple, PATH_BYTES);
    if (!value.n) {
        build_clear(b, id_of(d));
        return 0;
    }
    bool optional = str_starts(value, "-");
    value = str_from(value, optional);
    if (specifier_expand(b->name, value, &full) < 0 || full.over || !full.n || full.p[0] != '/') {
        build_warn(b, LOG_WARNING, "EnvironmentFile= path is not absolute, ignoring: %.*s",
                   (int)value.n, value.p);
        return 0;
    }
    path_simplify((struct str){ full.p, full.n }, false, &simple);
    u32 w[2] = { text_keep((struct str){ simple.p, simple.n }), optional };
    return w[0] ? build_put(b, id_of(d), w, 2) : -ENOEXEC;
}

/* ---- standard streams ---------------------------------------------------------------------- */

static int store_stream(struct build *b, const struct directive *d, u32 kind, struct str text)
{
    u32 w[2] = { kind, text.n ? text_keep(text) : 0 };
    return build_set(b, id_of(d), w, 2);
}

/* Values that carry a path: "file:/x". */
static int store_path(struct build *b, const struct directive *d, u32 kind, struct str path)
{
    struct buf full = { scratch(0), 0, VALUE_BYTES, false };
    BUF(simple, PATH_BYTES);
    if (specifier_expand(b->name, path, &full) < 0 || full.over)
        return -ENOEXEC;
    path_simplify((struct str){ full.p, full.n }, false, &simple);
    struct str s = { simple.p, simple.n };
    if (!path_valid(s)) {
        build_warn(b, LOG_ERR, "%s= path is not absolute: %.*s", directive_name(d), (int)s.n, s.p);
        return -ENOEXEC;
    }
    return store_stream(b, d, kind, s);
}

int set_std_input(struct build *b, const struct directive *d, struct str value)
{
    static const char kinds[] =
        "null\0tty\0tty-force\0tty-fail\0socket\0fd\0data\0";
    i32 kind;
    if (!value.n) {
        build_clear(b, id_of(d));
        return 0;
    }
    if (str_starts(value, "file:"))
        return store_path(b, d, IN_FILE, str_from(value, 5));
    if (str_starts(value, "fd:"))
        return store_stream(b, d, IN_FD, str_from(value, 3));
    if (name_find(kinds, value, &kind) < 0) {
        build_warn(b, LOG_WARNING, "Failed to parse input specifier, ignoring: %.*s", (int)value.n, value.p);
        return 0;
    }
    return store_stream(b, d, (u32)kind, str_cut(value, 0));
}

int set_std_output(struct build *b, const struct directive *d, struct str value)
{
    static const char kinds[] =
        "inherit\0null\0tty\0journal\0kmsg\0socket\0fd\0" "259\0journal+console\0kmsg+console\0";
    _Static_assert((OUT_JOURNAL | STDIO_CONSOLE) == 259, "the number in `kinds`");
    i32 kind;
    if (!value.n) {
        build_clear(b, id_of(d));
        return 0;
    }
    if (str_starts(value, "file:"))
        return store_path(b, d, OUT_FILE, str_from(value, 5));
    if (str_starts(value, "append:"))
        return store_path(b, d, OUT_APPEND, str_from(value, 7));
    if (str_starts(value, "truncate:"))
        return store_path(b, d, OUT_TRUNCATE, str_from(value, 9));
    if (str_starts(value, "fd:"))
        return store_stream(b, d, OUT_FD, str_from(value, 3));
    if (str_is(value, "syslog") || str_is(value, "syslog+console")) {
        build_warn(b, LOG_NOTICE, "Standard output type %.*s is obsolete, automatically updating to journal.",
                   (int)value.n, value.p);
        return store_stream(b, d, OUT_JOURNAL | (value.n > 6 ? STDIO_CONSOLE : 0), str_cut(value, 0));
    }
    if (name_find(kinds, value, &kind) < 0) {
        build_warn(b, LOG_WARNING, "Failed to parse output specifier, ignoring: %.*s", (int)value.n, value.p);
        return 0;
    }
    return store_stream(b, d, (u32)kind, str_cut(value, 0));
}

/* ---- the rest ------------------------------------------------------------------------------ */

/* Limit...=: words are soft low, soft high, hard low, hard high. */
int set_rlimit(struct build *b, const struct directive *d, struct str value)
{
    u64 soft, hard;
    if (!value.n) {
        build_clear(b, id_of(d));
        return 0;
    }
    int r = parse_rlimit((int)d->arg, value, &soft, &hard);
    if (r < 0) {
        build_warn(b, LOG_WARNING, r == -EILSEQ ? "Soft resource limit chosen higher than hard limit, ignoring: %.*s"
                   : "Failed to parse resource value, ignoring: %.*s", (int)value.n, value.p);
        return 0;
    }
    u32 w[4] = { (u32)soft, (u32)(soft >> 32), (u32)hard, (u32)(hard >> 32) };
    return build_set(b, id_of(d), w, 4);
}

/* A user or group that could be in passwd(5), or a number; what is in there is the child's matter. */
static bool user_valid(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((u8)s.p[i] <= ' ' || s.p[i] == 0x7f || strchr(":/\\", s.p[i]))
            return false;
    return s.n && s.n < 256 && s.p[0] != '-' && !str_is(s, ".") && !str_is(s, "..");
}

int set_user(struct build *b, const struct directive *d, struct str value)
{
    struct str item;
    if (!value.n) {
        build_clear(b, id_of(d));
        return 0;
    }
    if (next_word(b, &value, 0, &item) <= 0 || value.n || !user_valid(item)) {
        build_warn(b, LOG_ERR, "Invalid user/group name or numeric ID: %s=%.*s", directive_name(d), (int)item.n, item.p);
        return -ENOEXEC;
    }
    return build_text(b, id_of(d), item, false);
}

int set_users(struct build *b, const struct directive *d, struct str value)
{
    struct str item;
    if (!value.n)
        build_clear(b, id_of(d));
    while (next_word(b, &value, WORD_UNQUOTE, &item) > 0) {
        if (!user_valid(item)) {
            build_warn(b, LOG_ERR, "Invalid user/group name or numeric ID: %.*s", (int)item.n, item.p);
            return -ENOEXEC;
        }
        if (build_text(b, id_of(d), item, true) < 0)
            return -ENOEXEC;
    }
    return 0;
}

/* RuntimeDirectory= and its kin: paths below /run, /var/lib, ... */
int set_dirs(struct build *b, const struct directive *d, struct str value)
{
    struct str item;
    if (!value.n)
        build_clear(b, id_of(d));
    while (next_word(b, &value, WORD_UNQUOTE | WORD_RETAIN, &item) > 0) {
        BUF(path, PATH_BYTES);
        buf_c(&path, '/');
        path_simplify(item, false, &path);
        if (str_starts(item, "/") || path.over || !path_valid((struct str){ path.p, path.n })
            || str_starts(item, "private/") || str_is(item, "private")) {
            build_warn(b, LOG_WARNING, "%s= path is not a relative path below its base, ignoring: %.*s",
                       directive_name(d), (int)item.n, item.p);
            continue;
        }
        if (build_text(b, id_of(d), str_from((struct str){ path.p, path.n }, 1), true) < 0)
            return -ENOEXEC;
    }
    return 0;
}
