/* SPDX-License-Identifier: 0BSD
 *
 * Command line options as a table, with the manners of getopt_long(3): options and operands may
 * mix, long names may be shortened, -- ends them. (musl's own pulls in stdio.) */
#include "client.h"

struct args args;

bool list_has(const struct list *l, const char *item)
{
    for (u32 i = 0; i < l->n; i++)
        if (STREQ(l->items[i], item))
            return true;
    return false;
}

/* Items separated by commas; the text is cut in place. */
static void list_add(struct list *l, char *text)
{
    for (char *end; text && l->n < LEN(l->items); text = end) {
        end = strchr(text, ',');
        if (end)
            *end++ = 0;
        l->items[l->n++] = text;
    }
}

static bool takes_text(const struct option *o)
{
    return o->kind == OPT_TEXT || o->kind == OPT_LIST || o->kind == OPT_NOTHING_TEXT;
}

static int apply(const struct option *o, const char *program, char *text)
{
    switch ((enum option_kind)o->kind) {
    case OPT_FLAG: *(bool *)o->to = true; break;
    case OPT_COUNT: ++*(u8 *)o->to; break;
    case OPT_TEXT: *(const char **)o->to = text; break;
    case OPT_LIST: list_add(o->to, text); break;
    case OPT_REFUSED:
        complain("%s: option '--%s' is not supported by pith.", program, o->name);
        return -EINVAL;
    case OPT_NOTHING:
    case OPT_NOTHING_TEXT: break;
    }
    return 0;
}

/* NULL: told. */
static const struct option *find_long(const struct option *table, const char *program, const char *name, size_t n)
{
    const struct option *found = NULL;
    bool ambiguous = false;
    for (const struct option *o = table; o->name; o++) {
        if (strncmp(o->name, name, n) != 0)
            continue;
        if (!o->name[n])
            return o;
        ambiguous |= found && found->to != o->to;
        found = o;
    }
    if (found && !ambiguous)
        return found;
    complain("%s: %s option '--%.*s'", program, found ? "ambiguous" : "unrecognized", (int)n, name);
    return NULL;
}

static int take_long(const struct option *table, const char *program, char *word, char ***next)
{
    size_t n = strcspn(word, "=");
    const struct option *o = find_long(table, program, word, n);
    char *text = word[n] ? word + n + 1 : NULL;
    if (!o)
        return -EINVAL;
    if (text && !takes_text(o)) {
        complain("%s: option '--%s' doesn't allow an argument", program, o->name);
        return -EINVAL;
    }
    if (!text && takes_text(o) && !(text = *(*next)++)) {
        complain("%s: option '--%s' requires an argument", program, o->name);
        return -EINVAL;
    }
    return apply(o, program, text);
}

static int take_letters(const struct option *table, const char *program, char *word, char ***next)
{
    for (; *word; word++) {
        const struct option *o = table;
        while (o->name && o->letter != *word)
            o++;
        if (!o->name) {
            complain("%s: invalid option -- '%c'", program, *word);
            return -EINVAL;
        }
        if (!takes_text(o)) {
            int r = apply(o, program, NULL);
            if (r < 0)
                return r;
            continue;
        }
        char *text = word[1] ? word + 1 : *(*next)++;
        if (text)
            return apply(o, program, text);
        complain("%s: option requires an argument -- '%c'", program, *word);
        return -EINVAL;
    }
    return 0;
}

int options_parse(const struct option *table, int *argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/'), *program = slash ? slash + 1 : argv[0];
    char **next = argv + 1, **kept = argv + 1;
    bool ended = false;
    while (*next) {
        char *word = *next++;
        int r = 0;
        if (ended || word[0] != '-' || !word[1])
            *kept++ = word;
        else if (STREQ(word, "--"))
            ended = true;
        else
            r = word[1] == '-' ? take_long(table, program, word + 2, &next) : take_letters(table, program, word + 1, &next);
        if (r < 0)
            return r;
    }
    *kept = NULL;
    *argc = (int)(kept - argv);
    return 0;
}
