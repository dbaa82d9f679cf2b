/* SPDX-License-Identifier: 0BSD
 *
 * What the tools share: options, reading NAME.d line by line, fields, specifiers, users. No tool's own logic. */
#include "tool.h"

#define RESIDENT (4u << 20)                  /* texts of lines: all of Debian's tmpfiles.d are 300 KB */

static char kept_text[RESIDENT];
static struct arena kept = { kept_text, 1, sizeof kept_text };

char *keep(struct str text)
{
    u32 at = arena_text(&kept, text);
    if (!at)
        log_line(LOG_ERR, "The configuration is larger than %u bytes, the rest is left out.", RESIDENT);
    return at ? kept_text + at : NULL;
}

/* ---- options ------------------------------------------------------------------------------- */

static const char *wrong_options(const struct config *c, int argc)
{
    if (args.replace && args.replace[0] != '/')
        return "The argument to --replace= must be an absolute path.";
    if (args.replace && !z_ends(args.replace, ".conf"))
        return "The argument to --replace= must have the extension '.conf'.";
    if (args.replace && args.cat_config)
        return "Option --replace= is not supported with --cat-config";
    if (args.replace && argc < 2)
        return "When --replace= is given, some configuration items must be specified";
    if (args.cat_config && argc > 1 && c->all_count)
        return "Positional arguments are not allowed with --cat-config";
    return NULL;
}

bool tool_begin(const struct options *options, const struct config *c, const char *about, int *argc, char **argv, int *status)
{
    const char *slash = strrchr(argv[0], '/'), *wrong;
    log_to.stderr_fd = 2;
    *status = 1;
    if (options_parse(options, argc, argv) < 0)
        return true;
    root_set();
    if ((wrong = wrong_options(c, *argc))) {
        complain("%s", wrong);
        return true;
    }
    bool told = options_told(options, z_fmt("%s [OPTIONS...] [CONFIGURATION FILE...]\n\n%s", slash ? slash + 1 : argv[0], about), NULL, NULL);
    if (!told && !args.cat_config) {
        (void)sys_umask(0);                  /* modes are as they are written */
        return false;
    }
    *status = !told && args.cat_config && cat_files(conf_files_find(conf_folders, c->folder, ".conf"));
    out_flush();
    return true;
}

bool prefix_wanted(const char *path)
{
    for (u32 i = 0; i < args.exclude_prefixes.n; i++)
        if (path_below(str_of(path), args.exclude_prefixes.items[i]))
            return false;
    for (u32 i = 0; i < args.prefixes.n; i++)
        if (path_below(str_of(path), args.prefixes.items[i]))
            return true;
    return !args.prefixes.n;
}

/* ---- files --------------------------------------------------------------------------------- */

bool config_inline;
static const char *config_name;
static u32 config_line;

static void config_line_is(const char *name, u32 line)
{
    config_name = name;
    config_line = line;
}

int config_say(enum level level, const char *fmt, ...)
{
    BUF(text, 2048);
    va_list ap;
    va_start(ap, fmt);
    buf_vfmt(&text, fmt, ap);
    va_end(ap);
    log_line(level, "%s:%u: %s", config_name, config_line, buf_end(&text));
    return -EBADMSG;
}

static int take_lines(const struct config *c, const char *name, char *text, u32 n)
{
    int first = 0;
    config_line_is(name, 0);
    for (struct str rest = { text, n }, line; (line = str_line(&rest, '\n')).p;) {
        config_line++;
        line = str_trim(line);
        if (!line.n || in_set(line.p[0], c->comments))
            continue;
        ((char *)(uintptr_t)line.p)[line.n] = 0;
        int r = c->take((char *)(uintptr_t)line.p);
        first = first < 0 ? first : r;
    }
    return first;
}

/* Standard input for "-"; a file of a folder may be gone by now. */
static int read_one(const struct config *c, const char *name, bool from_folder)
{
    static char input[FILE_BYTES + 1], path[PATH_BYTES];
    char *text = input;
    u32 n = 0;
    int r = 0;
    if (!from_folder && STREQ(name, "-")) {
        ssize_t got;
        while ((got = sys_read(0, input + n, FILE_BYTES - n)) > 0)
            n += (u32)got;
        return take_lines(c, "<stdin>", input, n);
    }
    if (from_folder)
        r = conf_file_read(rooted(name, path) + strlen(search_root), &text, &n);
    else
        r = conf_file_search(name, conf_folders, c->folder, path, &text, &n);
    if (r == -ENOENT && from_folder)
        return 0;
    if (r < 0) {
        log_line(LOG_ERR, c->complaint, from_folder ? path : name, strerror(-r));
        return r;
    }
    return take_lines(c, path, text, n);
}

static int read_arguments(const struct config *c, int argc, char **argv)
{
    int first = 0;
    for (int i = 1; i < argc && (first == 0 || c->all_count); i++) {
        config_line_is("(argument)", (u32)i);
        int r = config_inline ? c->take(argv[i]) : read_one(c, argv[i], false);
        first = first < 0 ? first : r;
    }
    return first;
}

int config_read(const struct config *c, int argc, char **argv)
{
    int first = 0;
    if (argc > 1 && !args.replace)
        return read_arguments(c, argc, argv);
    u32 n = conf_files_find(conf_folders, c->folder, ".conf");
    if (args.replace)
        n = conf_files_replace(args.replace);
    for (u32 i = 0; i < n && (first == 0 || c->all_count); i++) {
        bool here = conf_file_replaced(i);
        int r = here ? read_arguments(c, argc, argv) : read_one(c, conf_file_path(i), true);
        first = first == 0 && (here || c->all_count) ? r : first;
    }
    return first;
}

int config_fields(char *line, char **field, u32 n)
{
    struct str rest = str_of(line);
    u32 i = 0;
    int r = 1;
    for (u32 k = 0; k < n; k++)
        field[k] = "";
    for (; i < n - 1 && r > 0; i += r > 0) {
        BUF(word, PATH_BYTES);
        r = word_next(&rest, BLANKS, WORD_UNQUOTE, &word);
        if (r < 0)
            return r;
        if (r > 0 && !(i > 1 && str_is(STR(word), "-")) && !(field[i] = keep(STR(word))))
            return -ENOMEM;
    }
    field[n - 1] = (char *)(uintptr_t)rest.p;
    return (int)i + (rest.n > 0);
}

int config_expand(struct str text, const char *letters, struct buf *to)
{
    int r = 0;
    to->n = 0;
    for (; text.n && r == 0; text = str_from(text, 1)) {
        char c = text.p[0] == '%' && text.n > 1 ? text.p[1] : 0, small = (char)(c | 0x20);
        bool special = c && in_set(c, letters);
        if (special)
            r = specifier_expand(S("none.target"), str_cut(text, 2), to) < 0 ? -EUNATCH : 0;
        else if ((small >= 'a' && small <= 'z') || (c >= '0' && c <= '9'))
            r = -EBADSLT;
        else
            buf_c(to, text.p[0]);
        text = str_from(text, special);
    }
    buf_end(to);
    return r == 0 && to->over ? -ENAMETOOLONG : r;
}

/* ---- users and groups ---------------------------------------------------------------------- */

/* As systemd: a number and nothing else, and none that stands for "no id" in 16 or 32 bits. */
int parse_id(struct str text, u32 *id)
{
    u64 n;
    if (!text.n || text.p[0] < '0' || text.p[0] > '9' || (text.p[0] == '0' && text.n > 1))
        return -EINVAL;
    int r = parse_u64(text, 10, &n);
    if (r < 0 || n > UINT32_MAX)
        return r < 0 ? r : -ERANGE;
    if (n == UINT32_MAX || n == 0xffff)
        return -ENXIO;
    *id = (u32)n;
    return 0;
}

int find_account(const char *file, const char *name, u32 *id)
{
    static char text[FILE_BYTES], path[PATH_BYTES];
    char *f[3];
    u64 n = 0;
    bool group = STREQ(file, "group");
    if (parse_id(str_of(name), id) == 0)
        return 0;
    if (!STREQ(name, "root")
        && (account_find(file_text(rooted(group ? "/etc/group" : "/etc/passwd", path), text, sizeof text), name, f, 3) < 3
            || !account_id(f[2], &n))) {
        if (*search_root || !STREQ(name, group ? "nogroup" : "nobody"))
            return -ESRCH;
        n = 65534;                           /* they exist without a file */
    }
    *id = (u32)n;
    return 0;
}
