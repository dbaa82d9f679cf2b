/* SPDX-License-Identifier: 0BSD
 *
 * Setters of systemd.exec(5) and of command lines: ExecStart=, environment, standard streams,
 * limits, users, folders. They check and store text; users are looked up by the child. */
#include "unit.h"

/* ---- command lines (systemd.service(5), "COMMAND LINES") ----------------------------------- */

#define COMMAND_WORD (WORD_UNQUOTE | WORD_UNESCAPE)

struct command { u32 w[3 + 1024]; };      /* flags, path, argc, argv */

#define OWN_ARGV0 BIT(7)                 /* '@'; not stored */
#define PRIVILEGE (EXEC_FULL_PRIVILEGE | EXEC_NO_SETUID | EXEC_AMBIENT_MAGIC)

static struct str take_prefixes(struct str first, struct command *c)
{
    /* What a character changes, unless one of these is set. */
    static const struct { char sign; u8 unless, changes; } signs[] = {
        { '-', EXEC_IGNORE_FAILURE, EXEC_IGNORE_FAILURE }, { '@', OWN_ARGV0, OWN_ARGV0 },
        { ':', EXEC_NO_EXPAND, EXEC_NO_EXPAND }, { '+', PRIVILEGE, EXEC_FULL_PRIVILEGE },
        { '!', PRIVILEGE, EXEC_NO_SETUID },
        { '!', EXEC_FULL_PRIVILEGE | EXEC_AMBIENT_MAGIC, EXEC_NO_SETUID | EXEC_AMBIENT_MAGIC },
    };
    for (; first.n; first = str_from(first, 1)) {
        u32 i = 0;
        while (i < LEN(signs) && (signs[i].sign != first.p[0] || c->w[0] & signs[i].unless))
            i++;
        if (i == LEN(signs))
            break;
        c->w[0] ^= signs[i].changes;
    }
    return first;
}

/* Every part of a path, and a name, has at most 255 bytes. ".." is for the kernel to follow. */
static bool parts_fit(struct str path)
{
    for (struct str part; (part = str_word(&path, "/")).p;)
        if (part.n > 255)
            return false;
    return true;
}

static const char *path_complaint(struct str path)
{
    if (!str_safe(path))
        return TEXT("Executable name contains special characters%s: %.*s");
    if (str_ends(path, "/"))
        return TEXT("Executable path specifies a directory%s: %.*s");
    if (!parts_fit(path) || (path.p[0] != '/' && (str_find(path, '/') >= 0 || str_is(path, ".") || str_is(path, ".."))))
        return TEXT("Neither a valid executable name nor an absolute path%s: %.*s");
    return NULL;
}

/* `why` takes "" or ", ignoring", and the text. */
static int refuse(struct build *b, const struct command *c, const char *why, struct str text)
{
    bool ignore = c->w[0] & EXEC_IGNORE_FAILURE;
    (build_warn)(b, ignore ? LOG_WARNING : LOG_ERR, why, ignore ? ", ignoring" : "", (int)text.n, text.p);
    return ignore ? -EAGAIN : -ENOEXEC;
}

static int refuse_specifier(struct build *b, const struct command *c, const char *quote, struct str text, int error)
{
    bool ignore = c->w[0] & EXEC_IGNORE_FAILURE;
    build_warn(b, ignore ? LOG_WARNING : LOG_ERR, "Failed to resolve unit specifiers in %s%.*s%s%s: %s", quote, (int)text.n,
               text.p, quote, ignore ? ", ignoring" : "", strerror(-error));
    return ignore ? -EAGAIN : -ENOEXEC;
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
static int take_arguments(struct build *b, struct command *c, struct str line, struct str *rest, bool *more)
{
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
        WORKSPACE(word, 1);
        WORKSPACE(full, 2);
        int r = build_word(b, rest, COMMAND_WORD, &word);
        if (r == 0)
            return 0;
        if (r < 0) {
            build_warn(b, LOG_ERR, "Unbalanced quoting, ignoring: \"%.*s\"", (int)line.n, line.p);
            return c->w[0] & EXEC_IGNORE_FAILURE ? -EAGAIN : -ENOEXEC;
        }
        r = specifier_expand(b->name, STR(word), &full);
        if (r < 0)
            return refuse_specifier(b, c, "", STR(word), r);
        if (add_word(c, STR(full)) < 0)
            return refuse(b, c, TEXT("Command line is too long (1,024 words, ARENA_BYTES)%s: %.*s"), line);
    }
}

/* One command of a line. -EAGAIN: it was bad but may be, the line ends here. */
static int take_command(struct build *b, const struct directive *d, struct str *rest, bool *more)
{
    static struct command c SCRATCH;
    WORKSPACE(word, 1);
    WORKSPACE(path, 2);
    struct str whole = *rest;
    BUF(simple, PATH_BYTES);
    c.w[0] = c.w[2] = 0;
    *more = false;
    int r = build_word(b, rest, COMMAND_WORD, &word);
    if (r < 0)
        build_warn(b, LOG_ERR, "Unbalanced quoting, ignoring: \"%.*s\"", (int)whole.n, whole.p);
    if (r <= 0)
        return 0;
    if (str_is(STR(word), ";")) {
        *more = true;
        return 0;
    }
    struct str first = take_prefixes(STR(word), &c);
    r = specifier_expand(b->name, first, &path);
    if (r < 0 || path.n >= PATH_BYTES)
        return refuse_specifier(b, &c, "'", first, r < 0 ? r : -ENAMETOOLONG);
    struct str full = STR(path);
    if (!full.n)
        return refuse(b, &c, TEXT("Empty path in command line%s: '%.*s'"), whole);
    const char *complaint = path_complaint(full);
    if (complaint)
        return refuse(b, &c, complaint, full);
    path_simplify(full, false, &simple);
    c.w[1] = text_keep(STR(simple));
    if (!c.w[1] || (!(c.w[0] & OWN_ARGV0) && add_word(&c, full) < 0))
        return -ENOEXEC;
    r = take_arguments(b, &c, whole, rest, more);
    if (r < 0)
        return r;
    if (c.w[2] == 0)
        return refuse(b, &c, TEXT("Empty executable name or zeroeth argument%s: %.*s"), whole);
    c.w[0] &= ~OWN_ARGV0;
    return build_put(b, directive_id(d), c.w, 3 + c.w[2]);
}

int set_exec(struct build *b, const struct directive *d, struct str value)
{
    bool more = true;
    int r = 0;
    while (r == 0 && more && value.n)
        r = take_command(b, d, &value, &more);
    return r == -EAGAIN ? 0 : r;
}

/* ---- environment --------------------------------------------------------------------------- */

static bool env_name_valid(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!(((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || (c >= '0' && c <= '9' && i)))
            return false;
    }
    return name.n > 0;
}

static bool is_assignment(const struct directive *d, struct str *item)
{
    int eq = str_find(*item, '=');
    (void)d;
    return eq > 0 && env_name_valid(str_cut(*item, (size_t)eq)) && utf8_valid(*item) && item->n < VALUE_BYTES;
}

int set_environ(struct build *b, const struct directive *d, struct str value)
{
    struct str item;
    int r = 0;
    b->no_specifier = TEXT("Failed to resolve specifiers in %.*s, ignoring: %s");
    while (r == 0 && build_item(b, &value, COMMAND_WORD, &item)) {
        struct setting *s = NULL;        /* the last one of a name counts, in the first one's place */
        if (!is_assignment(d, &item)) {
            build_ignore(b, d, TEXT("Invalid environment assignment"), item);
            continue;
        }
        size_t n = (size_t)str_find(item, '=') + 1;
        u32 tries = 0;
        while ((s = (struct setting *)(uintptr_t)build_find(b, directive_id(d), s)) && ++tries < SEARCH_MAX
               && strncmp(text_at(s->w[0]), item.p, n) != 0)
            ;
        if (s && tries < SEARCH_MAX)
            s->w[0] = text_keep(item);
        else
            r = build_text(b, directive_id(d), item, true);
    }
    return r;
}

static bool is_env_name(const struct directive *d, struct str *item)
{
    return env_name_valid(*item) || (directive_id(d) == D_UnsetEnvironment && is_assignment(d, item));
}

int set_env_names(struct build *b, const struct directive *d, struct str value)
{
    bool unset = directive_id(d) == D_UnsetEnvironment;
    b->no_specifier = unset ? "Failed to resolve unit specifiers in %.*s, ignoring: %s"
                            : TEXT("Failed to resolve specifiers in %.*s, ignoring: %s");
    b->no_syntax = unset ? TEXT("Trailing garbage in UnsetEnvironment") : TEXT("Trailing garbage in PassEnvironment");
    return build_list(b, d, value, unset ? COMMAND_WORD : WORD_UNQUOTE, is_env_name,
                      unset ? "Invalid environment name or assignment UnsetEnvironment"
                            : TEXT("Invalid environment name for PassEnvironment"));
}

/* Words: the path, whether it may be missing. */
int set_env_file(struct build *b, const struct directive *d, struct str value)
{
    bool optional = str_starts(value, "-");
    value = str_from(value, optional);
    if (!build_path(b, d, &value))
        return 0;
    u32 text = text_keep(value);
    return text ? build_put(b, directive_id(d), (u32[]){ text, optional }, 2) : -ENOEXEC;
}

/* ---- standard streams ---------------------------------------------------------------------- */

/* `names` are the plain kinds; `files` those with a path ("file:/x"), numbered from `file` on. */
static int set_stream(struct build *b, const struct directive *d, struct str value, const char *names,
                      const char *files, u32 file, u32 fd)
{
    i32 kind = (i32)file;
    u32 text = 0;
    WORKSPACE(simple, 1);
    for (EACH(prefix, files)) {
        if (str_starts(value, prefix)) {
            value = str_from(value, strlen(prefix));
            if (!build_expand(b, &value))
                return -ENOEXEC;
            path_simplify(value, false, &simple);
            if (!path_valid(STR(simple))) {
                build_warn(b, LOG_ERR, "%s= path is not absolute: %.*s", directive_name(d), (int)simple.n, simple.p);
                return -ENOEXEC;
            }
            return build_set(b, directive_id(d), (u32[]){ (u32)kind, text_keep(STR(simple)) }, 2);
        }
        kind++;
    }
    if (str_starts(value, "fd:")) {
        kind = (i32)fd;
        text = value.n > 3 ? text_keep(str_from(value, 3)) : 0;
    } else if (name_find(names, value, &kind) < 0) {
        return build_ignore(b, d, fd == IN_FD ? "Failed to parse input specifier"
                                              : TEXT("Failed to parse output specifier"), value);
    }
    if (str_starts(value, "syslog"))
        build_warn(b, LOG_NOTICE, "Standard output type %.*s is obsolete, automatically updating to journal%.*s. Please update "
                   "your unit file, and consider removing the setting altogether.", (int)value.n, value.p, (int)value.n - 6, value.p + 6);
    return build_set(b, directive_id(d), (u32[]){ (u32)kind, text }, 2);
}

int set_std_input(struct build *b, const struct directive *d, struct str value)
{
    return set_stream(b, d, value, "null\0tty\0tty-force\0tty-fail\0socket\0fd\0data\0", "file:\0", IN_FILE, IN_FD);
}

const char output_names[] = "inherit\0null\0tty\0journal\0kmsg\0socket\0fd\0" "3\0syslog\0"
                            "259\0journal+console\0kmsg+console\0" "259\0syslog+console\0";
int set_std_output(struct build *b, const struct directive *d, struct str value)
{
    _Static_assert(OUT_JOURNAL == 3 && (OUT_JOURNAL | STDIO_CONSOLE) == 259, "the numbers in the names");
    return set_stream(b, d, value, output_names, "file:\0append:\0truncate:\0", OUT_FILE, OUT_FD);
}

/* ---- the rest ------------------------------------------------------------------------------ */

/* Limit...=: words are soft low, soft high, hard low, hard high. */
int set_rlimit(struct build *b, const struct directive *d, struct str value)
{
    u64 w[2];
    int r = parse_rlimit((int)d->arg, value, &w[0], &w[1]);
    if (r < 0)
        return build_ignore(b, d, r == -EILSEQ ? "Soft resource limit chosen higher than hard limit"
                                               : TEXT("Failed to parse resource value"), value);
    return build_set(b, directive_id(d), (u32[]){ (u32)w[0], (u32)(w[0] >> 32), (u32)w[1], (u32)(w[1] >> 32) }, 4);
}

/* A user or group that could be in passwd(5), or a number; what is in there is the child's matter. */
static bool is_user(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((u8)s.p[i] <= ' ' || s.p[i] == 0x7f || strchr(":/\\", s.p[i]))
            return false;
    return s.n && s.n < 256 && s.p[0] != '-' && !str_is(s, ".") && !str_is(s, "..");
}

static int add_user(struct build *b, const struct directive *d, struct str user, bool more)
{
    if (is_user(user))
        return build_text(b, directive_id(d), user, more);
    build_warn(b, LOG_ERR, "Invalid user/group name or numeric ID: %s=%.*s", directive_name(d), (int)user.n, user.p);
    return -ENOEXEC;
}

int set_user(struct build *b, const struct directive *d, struct str value)
{
    return build_expand(b, &value) ? add_user(b, d, value, false) : -ENOEXEC;
}

int set_users(struct build *b, const struct directive *d, struct str value)
{
    struct str item;
    int r = 0;
    while (r == 0 && build_item(b, &value, WORD_UNQUOTE, &item))
        r = add_user(b, d, item, true);
    return r;
}

/* A path below /run, /var/lib, ...; the simplified one goes to working space 1, where the word was. */
static bool relative_path(const struct directive *d, struct str *item)
{
    WORKSPACE(path, 1);
    (void)d;
    buf_c(&path, '/');
    path_simplify(*item, false, &path);
    bool good = !str_starts(*item, "/") && !str_starts(*item, "private/") && !str_is(*item, "private")
             && path_valid(STR(path));
    if (good)
        *item = str_from(STR(path), 1);
    return good;
}

/* RuntimeDirectory= and its kin. */
int set_dirs(struct build *b, const struct directive *d, struct str value)
{
    struct str first = str_trim(value);
    if (str_starts(first, "/") && str_find(first, ' ') < 0)
        return build_ignore(b, d, TEXT("= path is absolute"), first);
    return build_list(b, d, value, WORD_UNQUOTE | WORD_KEEP_ESCAPES, relative_path, TEXT("= path is not a relative path below its base"));
}
