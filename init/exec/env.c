/* SPDX-License-Identifier: 0BSD
 *
 * The child's environment and argument list: systemd.exec(5) "ENVIRONMENT VARIABLES IN SPAWNED
 * PROCESSES", systemd.service(5) "COMMAND LINES". Written into the child's own space. */
#include "exec.h"

/* Text that must live until execve. */
static char *keep(struct child *c, const char *p, size_t n)
{
    char *at = c->text.p + c->text.n;
    buf_put(&c->text, p, n);
    buf_c(&c->text, 0);
    return c->text.over ? NULL : at;
}

static int env_index(const struct child *c, struct str name)
{
    for (u32 i = 0; i < c->envc; i++)
        if (strncmp(c->envp[i], name.p, name.n) == 0 && c->envp[i][name.n] == '=')
            return (int)i;
    return -1;
}

const char *env_get(const struct child *c, struct str name)
{
    int i = env_index(c, name);
    return i < 0 ? NULL : c->envp[i] + name.n + 1;
}

/* The assignment itself is kept, not a copy. */
static int env_keep(struct child *c, char *assignment)
{
    if (!assignment)
        return -E2BIG;
    const char *eq = strchr(assignment, '=');
    int i = env_index(c, (struct str){ assignment, (size_t)(eq - assignment) });
    if (i >= 0) {
        c->envp[i] = assignment;
        return 0;
    }
    if (c->envc + 1 >= c->words_max)
        return -E2BIG;
    c->envp[c->envc++] = assignment;
    c->envp[c->envc] = NULL;
    return 0;
}

int env_put(struct child *c, const char *assignment)
{
    return env_keep(c, keep(c, assignment, strlen(assignment)));
}

int env_set(struct child *c, const char *name, const char *value)
{
    char *at = c->text.p + c->text.n;
    buf_z(&c->text, name);
    buf_c(&c->text, '=');
    buf_z(&c->text, value);
    buf_c(&c->text, 0);
    return env_keep(c, c->text.over ? NULL : at);
}

static int env_number(struct child *c, const char *name, u64 v)
{
    BUF(text, 24);
    buf_u64(&text, v);
    return env_set(c, name, buf_end(&text));
}

static void env_remove(struct child *c, struct str name_or_assignment)
{
    int eq = str_find(name_or_assignment, '=');
    for (u32 i = 0; i < c->envc;) {
        struct str have = str_of(c->envp[i]);
        int have_eq = str_find(have, '=');
        bool hit = eq < 0 ? str_eq(str_cut(have, (size_t)have_eq), name_or_assignment)
                          : str_eq(have, name_or_assignment);
        if (hit)
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

/* A value of an environment file (systemd.exec(5)) into out: quotes open only where a value or a
 * part of it begins, blanks around unquoted text go. */
static void read_env_value(struct str *s, struct buf *out)
{
    char quote = 0;
    bool begins = true;                  /* only blanks, or a closed quote, came before */
    u32 solid = 0;                       /* unquoted blanks behind this are dropped */
    while (s->n) {
        char ch = s->p[0];
        *s = str_from(*s, 1);
        if (!quote && ch == '\n')
            break;
        if (ch == '\\' && quote != '\'') {
            if (s->n)                    /* else it is the last byte: it goes */
                put_env_escape(quote, s->p[0], out);
            *s = str_from(*s, 1);
            solid = out->n;
            begins = false;
        } else if (quote ? ch == quote : begins && (ch == '"' || ch == '\'')) {
            begins = quote != 0;
            quote = quote ? 0 : ch;
            solid = out->n;
        } else if (quote || !begins || !strchr(" \t\r", ch)) {
            buf_c(out, ch);
            begins = begins && quote;
            if (quote || !strchr(" \t\r", ch))
                solid = out->n;
        }
    }
    out->n = solid;
}

static struct str skip_line(struct str s)
{
    /* a comment goes on after a backslash at its end */
    while (s.n) {
        char ch = s.p[0];
        s = str_from(s, ch == '\\' && s.n > 1 ? 2 : 1);
        if (ch == '\n')
            break;
    }
    return s;
}

int env_file_each(struct child *c, char *text, u32 n, int (*put)(struct child *, const char *))
{
    struct str s = { text, n };
    if (!utf8_valid(s) || memchr(text, 0, n))
        return -EINVAL;
    while (s.n) {
        while (s.n && strchr(BLANKS, s.p[0]))
            s = str_from(s, 1);
        if (!s.n)
            break;
        if (s.p[0] == '#' || s.p[0] == ';') {
            s = skip_line(s);
            continue;
        }
        size_t key = 0;
        while (key < s.n && s.p[key] != '=' && s.p[key] != '\n')
            key++;
        if (key == s.n || s.p[key] == '\n') {
            s = str_from(s, key + 1);    /* a line without an assignment */
            continue;
        }
        char *at = c->text.p + c->text.n;
        buf_str(&c->text, str_trim(str_cut(s, key)));
        buf_c(&c->text, '=');
        s = str_from(s, key + 1);
        struct buf value = { c->text.p + c->text.n, 0, c->text.cap - c->text.n, false };
        read_env_value(&s, &value);
        c->text.n += value.n;
        buf_c(&c->text, 0);
        if (value.over || c->text.over)
            return -E2BIG;
        int r = put(c, at);
        if (r < 0)
            return r;
    }
    return 0;
}

static int put_from_file(struct child *c, const char *assignment)
{
    const char *p = assignment;
    for (; *p != '='; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_' || (*p >= '0' && *p <= '9' && p > assignment)))
            return 0;                    /* not a variable's name: left out, as systemd does */
    return p == assignment ? 0 : env_keep(c, (char *)assignment);
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

int step_env_files(struct child *c)
{
    for (const struct setting *s = NULL; (s = setting_find(c->s->unit, D_EnvironmentFile, s));) {
        int r = read_env_file(c, text_at(s->w[0]));
        if (r < 0 && !s->w[1])
            return r;
    }
    return 0;
}

/* ---- the environment ----------------------------------------------------------------------- */

static int env_of_manager(struct child *c)
{
    const struct spawn *s = c->s;
    BUF(hex, 40);
    int r = 0;
    for (u32 i = 0; i < exec_env_n && r == 0; i++)
        r = env_keep(c, (char *)exec_env[i]);
    for (u32 i = 0; i < sizeof s->invocation; i++)
        buf_fmt(&hex, "%02x", s->invocation[i]);
    if (r == 0)
        r = env_set(c, "INVOCATION_ID", buf_end(&hex));
    if (r == 0 && s->flags & SPAWN_NOTIFY)
        r = env_set(c, "NOTIFY_SOCKET", "/run/systemd/notify");
    if (r == 0 && s->main_pid)
        r = env_number(c, "MAINPID", (u64)s->main_pid);
    if (r == 0 && s->watchdog) {
        r = env_number(c, "WATCHDOG_PID", (u64)sys_getpid());
        if (r == 0)
            r = env_number(c, "WATCHDOG_USEC", s->watchdog);
    }
    if (r == 0 && s->result)
        r = env_set(c, "SERVICE_RESULT", s->result);
    if (r == 0 && s->exit_code) {
        r = env_set(c, "EXIT_CODE", s->exit_code);
        if (r == 0)
            r = env_set(c, "EXIT_STATUS", s->exit_status);
    }
    return r == 0 ? env_number(c, "SYSTEMD_EXEC_PID", (u64)sys_getpid()) : r;
}

static int env_of_user(struct child *c)
{
    int r = 0;
    if (!c->user)
        return 0;
    if (c->home)
        r = env_set(c, "HOME", c->home);
    if (r == 0)
        r = env_set(c, "LOGNAME", c->user);
    if (r == 0)
        r = env_set(c, "USER", c->user);
    if (r == 0 && c->shell)
        r = env_set(c, "SHELL", c->shell);
    return r;
}

static int env_of_directories(struct child *c)
{
    static const struct { u16 id; const char *name, *base; } dirs[] = {
        { D_RuntimeDirectory, "RUNTIME_DIRECTORY", "/run" }, { D_StateDirectory, "STATE_DIRECTORY", "/var/lib" },
        { D_CacheDirectory, "CACHE_DIRECTORY", "/var/cache" }, { D_LogsDirectory, "LOGS_DIRECTORY", "/var/log" },
        { D_ConfigurationDirectory, "CONFIGURATION_DIRECTORY", "/etc" },
    };
    for (u32 i = 0; i < LEN(dirs); i++) {
        char *at = c->text.p + c->text.n;
        const struct setting *first = setting_find(c->s->unit, dirs[i].id, NULL);
        if (!first)
            continue;
        buf_fmt(&c->text, "%s=", dirs[i].name);
        for (const struct setting *s = first; s; s = setting_find(c->s->unit, dirs[i].id, s))
            buf_fmt(&c->text, "%s%s/%.*s", s == first ? "" : ":", dirs[i].base,
                    (int)strcspn(text_at(s->w[0]), ":"), text_at(s->w[0]));
        buf_c(&c->text, 0);
        int r = env_keep(c, c->text.over ? NULL : at);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool has_terminal(unit_id id)
{
    const struct setting *in = setting_find(id, D_StandardInput, NULL), *out = setting_find(id, D_StandardOutput, NULL);
    return (in && in->w[0] >= IN_TTY && in->w[0] <= IN_TTY_FAIL) || (out && out->w[0] == OUT_TTY)
        || unit_has(id, D_TTYPath);
}

/* $TERM: of the kernel command line or "linux" on the console's virtual terminals, else vt220. */
static int env_of_terminal(struct child *c)
{
    if (!has_terminal(c->s->unit) || env_get(c, S("TERM")))
        return 0;
    const char *tty = unit_text(c->s->unit, D_TTYPath);
    bool vt = tty && z_after(tty, "/dev/tty") && tty[8] >= '0' && tty[8] <= '9';
    return env_set(c, "TERM", vt ? "linux" : "vt220");
}

int step_environment(struct child *c)
{
    unit_id id = c->s->unit;
    c->envp = c->words;
    c->envc = 0;
    c->envp[0] = NULL;
    int r = env_of_manager(c);
    if (r == 0)
        r = env_of_user(c);
    if (r == 0)
        r = env_of_directories(c);
    if (r == 0)
        r = env_of_terminal(c);
    for (const struct setting *s = NULL; r == 0 && (s = setting_find(id, D_Environment, s));)
        r = env_keep(c, (char *)text_at(s->w[0]));
    if (r == 0)
        r = step_env_files(c);
    for (const struct setting *s = NULL; r == 0 && (s = setting_find(id, D_UnsetEnvironment, s));)
        env_remove(c, str_of(text_at(s->w[0])));
    return r == 0 ? argv_expand(c) : r;
}

/* ---- arguments ----------------------------------------------------------------------------- */

static bool name_char(char ch, bool first)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_' || (!first && ch >= '0' && ch <= '9');
}

static int argv_put(struct child *c, char *word)
{
    if (!word || (u32)(c->argv - c->words) + c->argc + 1 >= c->words_max)
        return -E2BIG;
    c->argv[c->argc++] = word;
    c->argv[c->argc] = NULL;
    return 0;
}

/* ${NAME} inside a word, and $$; anything else stays. */
static void expand_inside(struct child *c, const char *word)
{
    for (const char *p = word; *p; p++) {
        if (p[0] == '$' && p[1] == '$') {
            buf_c(&c->text, '$');
            p++;
            continue;
        }
        size_t n = 0;
        while (p[0] == '$' && p[1] == '{' && name_char(p[2 + n], n == 0))
            n++;
        if (n && p[2 + n] == '}') {
            const char *value = env_get(c, (struct str){ p + 2, n });
            if (value)
                buf_z(&c->text, value);
            p += n + 2;
        } else {
            buf_c(&c->text, *p);
        }
    }
    buf_c(&c->text, 0);
}

/* A word that is one $NAME: its value's words, none if it is not set. */
static int expand_split(struct child *c, const char *name)
{
    const char *value = env_get(c, str_of(name));
    struct str rest = str_of(value);
    while (value) {
        char *at = c->text.p + c->text.n;
        struct buf word = { at, 0, c->text.cap - c->text.n, false };
        int r = word_next(&rest, BLANKS, WORD_UNQUOTE | WORD_RELAX, &word);
        if (r <= 0)
            return r < 0 ? r : 0;
        c->text.n += word.n;
        buf_c(&c->text, 0);
        r = argv_put(c, c->text.over ? NULL : at);
        if (r < 0)
            return r;
    }
    return 0;
}

int argv_expand(struct child *c)
{
    const struct setting *cmd = c->s->command;
    c->argv = c->envp + c->envc + 1;
    c->argc = 0;
    for (u32 i = 0; i < cmd->w[2]; i++) {
        const char *word = text_at(cmd->w[3 + i]);
        int r;
        if (cmd->w[0] & EXEC_NO_EXPAND || !strchr(word, '$')) {
            r = argv_put(c, (char *)word);
        } else if (word[0] == '$' && word[1] && word[1] != '{' && word[1] != '$') {
            r = expand_split(c, word + 1);
        } else {
            char *at = c->text.p + c->text.n;
            expand_inside(c, word);
            r = argv_put(c, c->text.over ? NULL : at);
        }
        if (r < 0)
            return r;
    }
    /* What could not be filled in leaves the program's own name: execve needs one. */
    return c->argc ? 0 : argv_put(c, (char *)text_at(cmd->w[1]));
}
