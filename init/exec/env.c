/* SPDX-License-Identifier: 0BSD
 *
 * The child's environment and argument list: systemd.exec(5) "ENVIRONMENT VARIABLES IN SPAWNED
 * PROCESSES", systemd.service(5) "COMMAND LINES". Written into the child's own space. */
#include "exec.h"

/* Whatever does not fit, text or pointers, is noted in text.over, which sticks; then nothing is started
 * and it is enough to look at the end. */

static char *here(const struct child *c) { return c->text.p + c->text.n; }

static int no_room(const struct child *c) { return c->text.over ? -E2BIG : 0; }

static int env_index(const struct child *c, struct str name)
{
    for (u32 i = 0; i < c->envc; i++)
        if (strncmp(c->envp[i], name.p, name.n) == 0 && c->envp[i][name.n] == '=')
            return (int)i;
    return -1;
}

static const char *env_get(const struct child *c, struct str name)
{
    int i = env_index(c, name);
    return i < 0 ? NULL : c->envp[i] + name.n + 1;
}

/* The assignment itself is kept, not a copy. */
static void env_keep(struct child *c, const char *assignment)
{
    if (c->text.over)
        return;
    int i = env_index(c, (struct str){ assignment, strcspn(assignment, "=") });
    if (i < 0 && c->envc + 1 >= c->words_max) {
        c->text.over = true;
        return;
    }
    if (i < 0) {
        i = (int)c->envc++;
        c->envp[c->envc] = NULL;
    }
    c->envp[i] = (char *)assignment;
}

static void env_fmt(struct child *c, const char *fmt, ...) PRINTF(2, 3);
static void env_fmt(struct child *c, const char *fmt, ...)
{
    char *at = here(c);
    va_list ap;
    va_start(ap, fmt);
    buf_vfmt(&c->text, fmt, ap);
    va_end(ap);
    buf_c(&c->text, 0);
    env_keep(c, at);
}

static void env_set(struct child *c, const char *name, const char *value)
{
    if (value)
        env_fmt(c, "%s=%s", name, value);
}

int env_put(struct child *c, const char *assignment)
{
    env_fmt(c, "%s", assignment);
    return no_room(c);
}

static void env_remove(struct child *c, const char *name_or_assignment)
{
    for (u32 i = 0; i < c->envc;) {
        const char *rest = z_after(c->envp[i], name_or_assignment);
        if (rest && (!*rest || (*rest == '=' && !strchr(name_or_assignment, '='))))
            memmove(&c->envp[i], &c->envp[i + 1], (c->envc-- - i) * sizeof *c->envp);
        else
            i++;
    }
}

/* ---- EnvironmentFile= ---------------------------------------------------------------------- */

/* What follows a backslash in a value. */
static void put_env_escape(char quote, char next, struct buf *out)
{
    if (next == '\n')
        return;                          /* the value goes on in the next line */
    if (quote == '"' && !strchr("\"\\`$", next))
        buf_c(out, '\\');
    buf_c(out, next);
}

static char take(struct str *s)
{
    s->n--;
    return *s->p++;
}

/* A value of an environment file (systemd.exec(5)) into out: quotes open only where a value or a
 * part of it begins, blanks around unquoted text go. */
static void read_env_value(struct str *s, struct buf *out)
{
    char quote = 0;
    bool begins = true;                  /* only blanks, or a closed quote, came before */
    u32 solid = out->n;                  /* unquoted blanks behind this are dropped */
    while (s->n) {
        char ch = take(s);
        bool blank = !quote && ch && strchr(" \t\r", ch);
        if (!quote && ch == '\n')
            break;
        if (ch == '\\' && quote != '\'') {
            if (s->n)                    /* else it is the last byte: it goes */
                put_env_escape(quote, take(s), out);
            begins = false;
        } else if (quote ? ch == quote : begins && (ch == '"' || ch == '\'')) {
            begins = quote != 0;
            quote = quote ? 0 : ch;
        } else if (!blank || !begins) {
            buf_c(out, ch);
            begins = begins && quote;
        }
        if (!blank)
            solid = out->n;
    }
    out->n = solid;
}

/* A comment goes on after a backslash at its end. */
static void skip_line(struct str *s)
{
    while (s->n) {
        char ch = take(s);
        if (ch == '\\' && s->n)
            take(s);
        else if (ch == '\n')
            break;
    }
}

int env_file_each(struct child *c, char *text, u32 n, int (*put)(struct child *, const char *))
{
    struct str s = { text, n };
    int r = 0;
    if (!utf8_valid(s) || memchr(text, 0, n))
        return -EINVAL;
    while (r == 0 && s.n) {
        size_t key = 0;
        if (strchr(BLANKS, *s.p)) {
            take(&s);
            continue;
        }
        if (*s.p == '#' || *s.p == ';') {
            skip_line(&s);
            continue;
        }
        while (key < s.n && s.p[key] != '=' && s.p[key] != '\n')
            key++;
        struct str name = str_trim(str_cut(s, key));
        s = str_from(s, key);
        if (!s.n || take(&s) == '\n')
            continue;                    /* a line without an assignment */
        char *at = here(c);
        buf_str(&c->text, name);
        buf_c(&c->text, '=');
        read_env_value(&s, &c->text);
        buf_c(&c->text, 0);
        r = c->text.over ? -E2BIG : put(c, at);
    }
    return r;
}

static bool name_char(char ch, bool first)
{
    return ((ch | 32) >= 'a' && (ch | 32) <= 'z') || ch == '_' || (!first && ch >= '0' && ch <= '9');
}

static int put_from_file(struct child *c, const char *assignment)
{
    const char *p = assignment;
    while (name_char(*p, p == assignment))
        p++;
    if (*p == '=' && p > assignment)     /* not a variable's name: left out, as systemd does */
        env_keep(c, assignment);
    return no_room(c);
}

static int read_env_file(struct child *c, const char *path)
{
    static char text[HEAVY_TEXT / 2];    /* only heavy children come here: it is their copy */
    u32 n = 0;
    int fd = sys_open(path, O_RDONLY | O_NOCTTY);
    if (fd < 0)
        return fd;
    for (ssize_t got; (got = sys_read(fd, text + n, sizeof text - n)) != 0;) {
        if (got < 0 || n + (u32)got == sizeof text) {
            sys_close(fd);
            return got < 0 ? (int)got : -EFBIG;
        }
        n += (u32)got;
    }
    sys_close(fd);
    return env_file_each(c, text, n, put_from_file);
}

/* The path may be a glob: all that match, in the order of their names. No match is as no file. */
static int env_of_glob(struct child *c, const char *pattern, bool optional)
{
    char paths[2][PATH_BYTES] = { "" };
    u32 n = 0;
    while (glob_after(pattern, paths[n & 1], paths[~n & 1])) {
        int r = read_env_file(c, paths[~n++ & 1]);
        if (r < 0 && !optional)
            return r;
    }
    return n || optional ? 0 : -ENOENT;
}

static int env_of_files(struct child *c)
{
    int r = 0;
    for (const struct setting *s = NULL; r == 0 && (s = setting_find(c->s->unit, D_EnvironmentFile, s));)
        r = env_of_glob(c, text_at(s->w[0]), s->w[1]);
    return r;
}

/* ---- the environment ----------------------------------------------------------------------- */

static u64 big_endian(const u8 *p)
{
    u64 v;
    memcpy(&v, p, sizeof v);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(v) : v;
}

static void env_of_manager(struct child *c)
{
    const struct spawn *s = c->s;
    int me = sys_getpid();
    for (u32 i = 0; i < exec_env_n; i++)
        env_keep(c, exec_env[i]);
    env_fmt(c, "INVOCATION_ID=%016lx%016lx", big_endian(s->invocation), big_endian(s->invocation + 8));
    if (s->flags & SPAWN_NOTIFY)
        env_keep(c, "NOTIFY_SOCKET=/run/systemd/notify");
    if (s->main_pid)
        env_fmt(c, "MAINPID=%d", (int)s->main_pid);
    if (s->watchdog) {
        env_fmt(c, "WATCHDOG_PID=%d", me);
        env_fmt(c, "WATCHDOG_USEC=%lu", s->watchdog);
    }
    env_set(c, "SERVICE_RESULT", s->result);
    env_set(c, "EXIT_CODE", s->exit_code);
    env_set(c, "EXIT_STATUS", s->exit_code ? s->exit_status : NULL);
    env_fmt(c, "SYSTEMD_EXEC_PID=%d", me);
}

/* PassEnvironment=: what PID 1 itself was started with. */
static void env_passed(struct child *c)
{
    for (const struct setting *s = NULL; (s = setting_find(c->s->unit, D_PassEnvironment, s));)
        for (char **own = exec_own_env; own && *own; own++) {
            const char *value = z_after(*own, text_at(s->w[0]));
            if (value && *value == '=')
                env_keep(c, *own);
        }
}

/* ExecSearchPath= is also the services' $PATH. */
static void env_of_search_path(struct child *c)
{
    char *at = here(c), sep = '=';
    buf_z(&c->text, "PATH");
    for (const struct setting *s = NULL; (s = setting_find(c->s->unit, D_ExecSearchPath, s)); sep = ':')
        if (s->n)
            buf_fmt(&c->text, "%c%s", sep, text_at(s->w[0]));
    buf_c(&c->text, 0);
    if (strchr(at, '='))
        env_keep(c, at);
}

static void env_of_user(struct child *c)
{
    env_set(c, "HOME", c->home);
    env_set(c, "LOGNAME", c->user);
    env_set(c, "USER", c->user);
    env_set(c, "SHELL", c->shell);
}

static void env_of_directories(struct child *c)
{
    for (const struct exec_dir *d = exec_dirs; d < exec_dirs + EXEC_DIRS; d++) {
        char *at = here(c), sep = '=';
        if (!unit_has(c->s->unit, d->id))
            continue;
        buf_fmt(&c->text, "%s_DIRECTORY", d->name);
        for (const struct setting *s = NULL; (s = setting_find(c->s->unit, d->id, s)); sep = ':')
            buf_fmt(&c->text, "%c%s/%.*s", sep, d->base, (int)strcspn(text_at(s->w[0]), ":"), text_at(s->w[0]));
        buf_c(&c->text, 0);
        env_keep(c, at);
    }
}

static bool has_terminal(unit_id id)
{
    const struct setting *in = setting_find(id, D_StandardInput, NULL), *out = setting_find(id, D_StandardOutput, NULL);
    return (in && in->w[0] >= IN_TTY && in->w[0] <= IN_TTY_FAIL) || (out && out->w[0] == OUT_TTY)
        || unit_has(id, D_TTYPath);
}

/* $TERM: of the kernel command line or "linux" on the console's virtual terminals, else vt220. */
static void env_of_terminal(struct child *c)
{
    if (!has_terminal(c->s->unit) || env_get(c, S("TERM")))
        return;
    const char *tty = unit_text(c->s->unit, D_TTYPath), *vt = tty ? z_after(tty, "/dev/tty") : NULL;
    env_keep(c, vt && *vt >= '0' && *vt <= '9' ? "TERM=linux" : "TERM=vt220");
}

int step_environment(struct child *c)
{
    unit_id id = c->s->unit;
    c->envp = c->words;
    c->envc = 0;
    c->envp[0] = NULL;
    env_of_manager(c);
    env_of_user(c);
    env_of_directories(c);
    env_of_terminal(c);
    env_of_search_path(c);
    env_passed(c);
    for (const struct setting *s = NULL; (s = setting_find(id, D_Environment, s));)
        env_keep(c, text_at(s->w[0]));
    int r = env_of_files(c);
    for (const struct setting *s = NULL; (s = setting_find(id, D_UnsetEnvironment, s));)
        env_remove(c, text_at(s->w[0]));
    return r < 0 ? r : argv_expand(c);
}

/* ---- arguments ----------------------------------------------------------------------------- */

static void argv_put(struct child *c, const char *word)
{
    if (c->text.over || c->argv + c->argc + 1 >= c->words + c->words_max) {
        c->text.over = true;
        return;
    }
    c->argv[c->argc++] = (char *)word;
    c->argv[c->argc] = NULL;
}

/* ${NAME} inside a word, and $$; anything else stays. */
static void expand_inside(struct child *c, const char *word)
{
    char *at = here(c);
    for (const char *p = word; *p; p++) {
        size_t n = 0;
        while (p[0] == '$' && p[1] == '{' && name_char(p[2 + n], n == 0))
            n++;
        if (n && p[2 + n] == '}') {
            const char *value = env_get(c, (struct str){ p + 2, n });
            if (value)
                buf_z(&c->text, value);
            p += n + 2;
            continue;
        }
        buf_c(&c->text, *p);
        p += p[0] == '$' && p[1] == '$';
    }
    buf_c(&c->text, 0);
    argv_put(c, at);
}

/* A word that is one $NAME: its value's words, none if it is not set. */
static int expand_split(struct child *c, const char *name)
{
    struct str rest = str_of(env_get(c, str_of(name)));
    for (;;) {
        char *at = here(c);
        struct buf word = { at, 0, c->text.cap - c->text.n, false };
        int r = word_next(&rest, BLANKS, WORD_UNQUOTE | WORD_RELAX, &word);
        if (r <= 0)
            return r;
        c->text.n += word.n;
        buf_c(&c->text, 0);
        argv_put(c, at);
    }
}

int argv_expand(struct child *c)
{
    const struct setting *cmd = c->s->command;
    c->argv = c->envp + c->envc + 1;
    c->argc = 0;
    for (u32 i = 0; i < cmd->w[2]; i++) {
        const char *word = text_at(cmd->w[3 + i]);
        if (cmd->w[0] & EXEC_NO_EXPAND || !strchr(word, '$')) {
            argv_put(c, word);
        } else if (word[0] == '$' && word[1] != '{' && word[1] != '$') {
            int r = expand_split(c, word + 1);
            if (r < 0)
                return r;
        } else {
            expand_inside(c, word);
        }
    }
    /* What could not be filled in leaves the program's own name: execve needs one. */
    if (!c->argc)
        argv_put(c, text_at(cmd->w[1]));
    return no_room(c);
}
