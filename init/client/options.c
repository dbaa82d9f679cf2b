/* SPDX-License-Identifier: 0BSD
 *
 * Command line options as a table, with the manners of getopt_long(3): options and operands may
 * mix, long names may be shortened, -- ends them. (musl's own pulls in stdio.) */
#include "client.h"

struct args args;

bool decimal(const char *z, u64 *n) { return parse_u64(str_of(z), 10, n) == 0; }

bool has(const char *const *items, u32 n, const char *item)
{
    for (u32 i = 0; i < n; i++)
        if (STREQ(items[i], item))
            return true;
    return false;
}

int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

bool list_has(const struct list *l, const char *item) { return has(l->items, l->n, item); }

bool matches(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (glob_match(argv[i], name))
            return true;
    return argc < 2;
}

/* Items with a separator between; the text is cut in place. */
static void list_add(struct list *l, char *text, char separator)
{
    for (char *end; text && l->n < LEN(l->items); text = end) {
        end = separator ? strchr(text, separator) : NULL;
        if (end)
            *end++ = 0;
        l->items[l->n++] = text;
    }
}

/* What is being parsed. */
static const char *program;
static char **next;                      /* the word behind this one */

static int fail(const char *fmt, const char *word, size_t n)
{
    return complain(fmt, program, (int)n, word), -EINVAL;
}

static int refuse(const char *name, const char *why)
{
    return complain("%s: option '--%s' %s", program, name, why), -EINVAL;
}

static bool takes_text(const struct option *o) { return o->kind == TEXT || o->kind == LIST || o->kind == EACH_ONE; }

/* `text`: what is joined to the option, or NULL. */
static int apply(const struct option *o, const char *name, char *text)
{
    void *to = (char *)&args + o->field;
    bool wants = takes_text(o);
    if (text && !wants && o->kind != OPTIONAL)
        return refuse(name, "doesn't allow an argument");
    if (wants && !text && !(text = *next++))
        return name[1] ? refuse(name, "requires an argument")
                       : fail("%s: option requires an argument -- '%.*s'", name, 1);
    switch ((enum option_kind)o->kind) {
    case FLAG: *(bool *)to = true; break;
    case COUNT: ++*(u8 *)to; break;
    case TEXT: *(const char **)to = text; break;
    case OPTIONAL: *(const char **)to = text ? text : "yes"; break;
    case LIST: list_add(to, text, ','); break;
    case EACH_ONE: list_add(to, text, 0); break;
    case REFUSED: return refuse(name, "is not supported by pith.");
    }
    return 0;
}

static int take_long(const struct options *table, char *word)
{
    size_t n = strcspn(word, "=");
    const struct option *o = table->rows, *found = NULL;
    const char *found_name = NULL;
    bool ambiguous = false;
    for (const char *name = table->names; *name; name = z_next(name), o++) {
        if (strncmp(name, word, n) != 0)
            continue;
        bool exact = !name[n];
        ambiguous = !exact && (ambiguous || (found && found->field != o->field));
        found = o;
        found_name = name;
        if (exact)
            break;
    }
    if (!found || ambiguous)
        return fail(found ? "%s: ambiguous option '--%.*s'" : "%s: unrecognized option '--%.*s'", word, n);
    return apply(found, found_name, word[n] ? word + n + 1 : NULL);
}

static int take_letters(const struct options *table, char *word)
{
    int r = 0;
    for (; *word && r == 0; word++) {
        const struct option *o = table->rows;
        const char *name = table->names;
        for (; *name && o->letter != *word; o++)
            name = z_next(name);
        if (!*name)
            return fail("%s: invalid option -- '%.*s'", word, 1);
        if (takes_text(o))
            return apply(o, z_fmt("%c", *word), word[1] ? word + 1 : NULL);
        r = apply(o, name, NULL);
    }
    return r;
}

int options_parse(const struct options *table, int *argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    char **kept = argv + 1;
    bool ended = false;
    int r = 0;
    program = slash ? slash + 1 : argv[0];
    for (next = argv + 1; *next && r == 0;) {
        char *word = *next++;
        if (ended || word[0] != '-' || !word[1])
            *kept++ = word;
        else if (STREQ(word, "--"))
            ended = true;
        else
            r = word[1] == '-' ? take_long(table, word + 2) : take_letters(table, word + 1);
    }
    *kept = NULL;
    *argc = (int)(kept - argv);
    return r;
}

int verb_find(const char *lines, int argc, char **argv)
{
    const char *operands = NULL;
    int found = -1, i = 0;
    for (EACH(line, lines)) {
        struct str verbs = { line, strcspn(line, " ") }, word;
        const char *behind = line + verbs.n;
        while (!operands && (word = str_line(&verbs, '|')).p)
            if (str_is(word, argv[0])) {
                found = i;
                operands = behind;
            }
        i++;
    }
    if (found < 0)
        return complain("Unknown command verb %s.", argv[0]), -EINVAL;
    int most = *operands ? strchr(operands + 1, ' ') ? 2 : 1 : 0;
    if ((argc == 1 && *operands && operands[1] != '[') || (argc == 2 && most == 2 && !strchr(operands, '[')))
        return complain("Too few arguments."), -EINVAL;
    if (argc - 1 > most && !strstr(operands, "..."))
        return complain("Too many arguments."), -EINVAL;
    return found;
}

/* All that do something, in lines of a screen's width. */
static void put_options(const struct options *table)
{
    const struct option *o = table->rows;
    u32 column = 80;
    for (const char *name = table->names; *name; name = z_next(name), o++) {
        struct buf *word = z_buf();
        if (o->field >= offsetof(struct args, ignored_text))
            continue;
        buf_fmt(word, o->letter ? "  -%c " : "  ", o->letter);
        if (name[1])
            buf_fmt(word, "--%s%s", name, o->kind == OPTIONAL ? "[=]" : takes_text(o) ? "=" : "");
        out(column + word->n > 80 ? "\n%s" : "%s", buf_end(word));
        column = column + word->n > 80 ? word->n : column + word->n;
    }
    out("\n");
}

bool options_told(const struct options *table, const char *usage, const char *lines, const char *page)
{
    if (!args.help) {
        out(args.version ? VERSION_TEXT : "");
        return args.version;
    }
    out(lines ? "%s\n\nCommands:\n" : "%s\n", usage);
    for (EACH(line, lines ? lines : ""))
        out("  %s\n", line);
    out("\nOptions:");
    put_options(table);
    if (page)
        out("\nSee the %s man page for details.\n", page);
    return true;
}
