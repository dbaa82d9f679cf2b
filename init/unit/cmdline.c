/* SPDX-License-Identifier: 0BSD
 *
 * The kernel command line, word by word: kernel-command-line(7). In a container, where the kernel's
 * is not ours, the arguments of PID 1 stand in its place (boot.c sets them). */
#include "unit.h"
#include "../sys.h"

static char line[4096];
static bool line_known;

const char *cmdline_text(void)
{
    if (!line_known)
        line_known = file_get("/proc/cmdline", line, sizeof line) >= 0;
    return line;
}

void cmdline_set(const char *text)
{
    z_copy(line, sizeof line, str_cut(str_of(text), sizeof line - 1));
    line_known = true;
}

int cmdline_next(struct cmdline *c)
{
    WORKSPACE(word, 2);
    /* Quotes group words and go; backslashes stay, they belong to the value. */
    struct str s = c->rest;
    char quote = 0;
    while (s.n && in_set(s.p[0], BLANKS))
        s = str_from(s, 1);
    if (!s.n)
        return 0;
    for (; s.n && (quote || !in_set(s.p[0], BLANKS)); s = str_from(s, 1)) {
        char ch = s.p[0];
        if (quote && ch == quote)
            quote = 0;
        else if (!quote && (ch == '"' || ch == '\''))
            quote = ch;
        else
            buf_c(&word, ch);
    }
    c->rest = s;
    char *text = buf_end(&word);
    size_t n = strcspn(text, "=");
    c->value = text[n] ? text + n + 1 : NULL;
    z_copy(c->key, sizeof c->key, (struct str){ text, MIN(n, 255) });
    return 1;
}

bool cmdline_key_is(const char *key, const char *name)
{
    for (; *key && *name; key++, name++)
        if (*key != *name && !((*key == '-' || *key == '_') && (*name == '-' || *name == '_')))
            return false;
    return !*key && !*name;
}

/* The last word of this name decides; without a value it is true. */
bool cmdline_flag(const char *name, bool missing)
{
    struct cmdline c = { .rest = str_of(cmdline_text()) };
    bool v = missing;
    while (cmdline_next(&c) > 0)
        if (cmdline_key_is(c.key, name)) {
            if (!c.value)
                v = true;
            else
                (void)parse_bool(str_of(c.value), &v);
        }
    return v;
}
