/* SPDX-License-Identifier: 0BSD
 *
 * systemd-analyze verify and condition: unit files are loaded as PID 1 would load them, with what they depend on, and
 * what would be in the way of a start is told. Nothing is started, and PID 1 is not asked. */
#include "client.h"
#include "../job/job.h"

#include <dirent.h>

/* ---- where units are looked for ----------------------------------------------------------------- */

static char path_words[8 * PATH_BYTES];
static struct buf path_list = BUF_OVER(path_words);

static void path_add(struct str folder)
{
    u32 at = path_list.n;
    while (folder.n > 1 && str_ends(folder, "/"))
        folder.n--;
    if (!str_starts(folder, "/"))
        return;
    buf_str(&path_list, folder);
    buf_c(&path_list, 0);
    if (path_list.over || path_list.cap - path_list.n < 2) {
        path_list.n = at;
        complain("More folders of units than fit into %u bytes.", (u32)sizeof path_words);
    }
    for (u32 i = 0; i < at; i += (u32)strlen(path_words + i) + 1)
        if (STREQ(path_words + i, path_words + at))
            path_list.n = at;                    /* twice */
}

void search_path_set(const char *first)
{
    static const char *usual;
    const char *given = env_of("SYSTEMD_UNIT_PATH");
    bool append = !given || z_ends(given, ":") || (*first && *given);
    struct str rest = str_of(given), word;
    usual = usual ? usual : search_dirs;
    path_list.n = 0;
    for (EACH(folder, first))
        path_add(str_of(folder));
    while ((word = str_word(&rest, ":")).p)
        path_add(word);
    if (append)
        for (EACH(folder, usual))
            path_add(str_of(folder));
    memset(path_words + path_list.n, 0, 2);
    search_dirs = path_words;
}

/* ---- files that are given ------------------------------------------------------------------------ */

static bool is_there(const char *path)
{
    char full[PATH_BYTES];
    return sys_access(rooted(path, full), F_OK) == 0;
}

/* FILE:NAME: a copy under that name, in a folder that is removed at the end. */
static char aliases_in[64];

static const char *alias_of(const char *file, const char *name)
{
    char *text, *path;
    u32 n, random = 0;
    if (!*aliases_in) {
        (void)sys_random(&random, sizeof random);
        struct buf folder = BUF_OVER(aliases_in);
        buf_fmt(&folder, "/tmp/systemd-analyze-%06x", random & 0xffffff);
        (void)sys_mkdir(buf_end(&folder), 0700);
    }
    path = z_fmt("%s/%s", aliases_in, strrchr(name, '/') ? strrchr(name, '/') + 1 : name);
    int r = file_read(file, &text, &n);
    if (r == 0)
        r = file_put(path, (struct str){ text, n }, 0644);
    return r < 0 ? NULL : path;
}

static void aliases_remove(void)
{
    struct dir d;
    if (!*aliases_in)
        return;
    dir_open(&d, aliases_in);
    for (struct dirent *e; (e = dir_next(&d));)
        (void)sys_unlink(z_fmt("%s/%s", aliases_in, e->d_name));
    (void)sys_rmdir(aliases_in);
}

/* ---- loading ------------------------------------------------------------------------------------- */

enum { FILES_MAX = 1024 };
static const char *files[FILES_MAX];             /* as they are given, or their copies under another name */
static u32 given_n;
static unit_id given[FILES_MAX];                 /* their units, if they are loaded */

/* The unit's name that a path stands for: a template becomes its instance "i". False: it is none. */
static bool name_of_file(const char *file, struct buf *name)
{
    struct str base = str_of(strrchr(file, '/') ? strrchr(file, '/') + 1 : file);
    if (!unit_name_valid(base))
        return false;
    if (unit_name_is_template(base))
        return unit_name_with_instance(base, S("i"), name) == 0;
    buf_str(name, base);
    return true;
}

/* The folders of the files that are there, before all others. */
static void path_of_files(u32 n)
{
    static char words[4 * PATH_BYTES];
    struct buf list = { words, 0, sizeof words - 1, false };
    for (u32 i = 0; i < n; i++) {
        char path[PATH_BYTES];
        BUF(template, PATH_BYTES);
        z_copy(path, sizeof path, str_of(absolute(files[i])));
        char *base = strrchr(path, '/') + 1;
        bool found = is_there(path);
        if (!found && unit_name_is_instance(str_of(base))) {
            buf_fmt(&template, "%.*s", (int)(base - path), path);
            unit_name_template(str_of(base), &template);
            found = is_there(buf_end(&template));
        }
        if (found)
            buf_fmt(&list, "%.*s%c", (int)(base - path - 1), path, 0);
    }
    words[list.over ? 0 : list.n] = 0;
    if (list.over)
        complain("The folders of the files have names that are longer than %u bytes together, looking in the usual ones only.",
                 (u32)sizeof words);
    search_path_set(words);
}

/* Its load state in words, and 1, if it is not loaded. */
static int tell_load_state(unit_id id)
{
    const char *name = unit_name(id);
    switch (UNIT(id)->load) {
    case LOAD_LOADED: return 0;
    case LOAD_NOT_FOUND: return complain("Unit %s not found.", name);
    case LOAD_MASKED: return complain("Unit %s is masked.", name);
    case LOAD_BAD_SETTING: return complain("Unit %s has a bad unit file setting.", name);
    default: return complain("Unit %s failed to load properly, please adjust/correct and reload service manager: %s", name,
                             strerror(EIO));
    }
}

/* With its dependencies, or with --recursive-errors=no without them. 0: told. */
static unit_id load(const char *file)
{
    BUF(name, UNIT_NAME_BYTES);
    if (!name_of_file(file, &name)) {
        complain("Failed to prepare filename %s: Invalid argument", file);
        return 0;
    }
    unit_id id = unit_get(STR(name));
    if (id && args.recursive_errors && STREQ(args.recursive_errors, "no")) {
        load_alone(id);
        id = unit_find(STR(name));               /* it may have been another name of this one */
        load_alone(id);
    } else {
        load_pending();
        id = unit_find(STR(name));
    }
    return tell_load_state(id) ? 0 : id;
}

/* ---- verify -------------------------------------------------------------------------------------- */

/* Would the kernel run it? 0 or a negative errno. */
static int check_program(const char *path)
{
    struct stat st;
    int fd = file_open(path, O_PATH), r = fd < 0 ? fd : sys_fstat(fd, &st);
    sys_close(fd);
    return r < 0 ? r : S_ISDIR(st.st_mode) ? -EISDIR : !S_ISREG(st.st_mode) ? -EBADFD : st.st_mode & 0111 ? 0 : -EACCES;
}

static int find_program(const char *name)
{
    int r = -ENOENT;
    if (strchr(name, '/'))
        return check_program(name);
    for (EACH(folder, "/usr/local/sbin\0/usr/local/bin\0/usr/sbin\0/usr/bin\0/sbin\0/bin\0"))
        if (r < 0)
            r = check_program(z_fmt("%s/%s", folder, name));
    return r;
}

/* The first command of each kind, as systemd. */
static int verify_commands(unit_id id)
{
    static const u16 kinds[] = { D_ExecCondition, D_ExecStartPre, D_ExecStart, D_ExecStartPost, D_ExecReload, D_ExecStop,
                                 D_ExecStopPost };
    int status = 0;
    for (u32 i = 0; i < LEN(kinds); i++) {
        const struct setting *s = setting_find(id, kinds[i], NULL);
        bool own = s && STREQ(text_at(s->w[1]), "/proc/self/exe");   /* pith itself, which no tree has */
        int r = s && !own && !(s->w[0] & EXEC_IGNORE_FAILURE) ? find_program(text_at(s->w[1])) : 0;
        if (r < 0)
            status = complain("%s: Command %s is not executable: %s", unit_name(id), text_at(s->w[1]), strerror(-r));
    }
    return status;
}

/* man(1) itself is asked: it knows where its pages are. */
static int verify_page(unit_id id, const char *page)
{
    size_t n = strlen(page);
    const char *open = z_ends(page, ")") ? strrchr(page, '(') : NULL;
    char *argv[] = { "man", (char *)page, NULL, NULL };
    if (open) {
        argv[1] = z_fmt("%.*s", (int)(page + n - 1 - open - 1), open + 1);
        argv[2] = z_fmt("%.*s", (int)(open - page), page);
    }
    int r = run_found(argv, true);
    if (r < 0)
        return complain("%s: Can't show %s: %s", unit_name(id), page, strerror(-r));
    return r ? complain("%s: Command 'man %s' failed with code %d", unit_name(id), page, r) : 0;
}

static int verify_documentation(unit_id id, bool man)
{
    int status = 0;
    for (const struct setting *s = NULL; man && (s = setting_find(id, D_Documentation, s));) {
        const char *page = z_after(text_at(s->w[0]), "man:");
        if (page && *page && verify_page(id, page))
            status = 1;
    }
    return status;
}

/* What a socket's file says; 0: nothing, or nothing that has an effect yet. */
static u32 word_of(unit_id id, const char *key)
{
    const struct setting *s = setting_find(id, directive_id(directive_find(str_of(key), SEC_SOCKET)), NULL);
    return s && s->n ? s->w[0] : 0;
}

/* The service that a socket starts, or with Accept=yes one of them. */
static unit_id service_of(unit_id socket)
{
    BUF(name, UNIT_NAME_BYTES);
    const struct edge *e = edge_next(socket, OUT, DEP_TRIGGERS, NULL);
    u32 given_name = word_of(socket, "Service");
    struct str prefix = unit_name_prefix(str_of(unit_name(socket)));
    if (e)
        return e->to;
    if (given_name)
        buf_z(&name, text_at(given_name));
    else if (word_of(socket, "Accept"))
        buf_fmt(&name, "%.*s@0.service", (int)prefix.n, prefix.p);
    else
        buf_fmt(&name, "%.*s.service", str_rfind(str_of(unit_name(socket)), '.'), unit_name(socket));
    unit_id id = unit_get(STR(name));
    load_pending();
    return id ? unit_find(STR(name)) : 0;
}

static int verify_socket(unit_id id)
{
    unit_id service = UNIT(id)->type == UNIT_SOCKET ? service_of(id) : 0;
    if (!service || UNIT(service)->load == LOAD_LOADED)
        return 0;
    return complain("%s: service %s not loaded, socket cannot be started.", unit_name(id), unit_name(service));
}

/* Would a start job be granted, with all that it pulls in? */
static int verify_start(unit_id id)
{
    static struct report report;
    bool alone = args.recursive_errors && STREQ(args.recursive_errors, "no");
    report.n = 0;
    int r = job_add(JOB_START, id, alone ? MODE_IGNORE_DEPENDENCIES : MODE_REPLACE, &report);
    for (u32 i = 0; i < report.n; i++) {
        const struct report_line *l = &report.lines[i];
        struct buf *text = z_buf();
        (void)report_text(l, text);
        complain("%s: %s", unit_name(l->unit), buf_end(text));
        if (l->kind == REPORT_UNBREAKABLE)
            complain("Requested transaction contains an unfixable cyclic ordering dependency: %s", report.error);
    }
    return r < 0 ? complain("%s: Failed to create %s/start: %s", unit_name(id), unit_name(id), report.error) : 0;
}

/* What is told of files only counts with --recursive-errors=: of all that was loaded, or of those given. */
static int warned(void)
{
    bool one = args.recursive_errors && STREQ(args.recursive_errors, "one");
    if (!args.recursive_errors)
        return 0;
    for (u32 i = 0; i < given_n; i++)
        if (UNIT(given[i])->complained)
            return 1;
    for (UNITS(id))
        if (!one && UNIT(id)->complained)
            return 1;
    return 0;
}

static int verify_files(u32 n, bool man)
{
    int status = 0;
    path_of_files(n);
    effects_untold = true;               /* a file is right or wrong whoever reads it */
    index_build();
    for (u32 i = 0; i < n; i++) {
        unit_id id = load(files[i]);
        if (id)
            given[given_n++] = id;
        else
            status = 1;
    }
    for (u32 i = 0; i < given_n; i++)
        status |= verify_start(given[i]) | verify_socket(given[i]) | verify_commands(given[i]) | verify_documentation(given[i], man);
    return status | warned();
}

int verb_verify(int argc, char **argv)
{
    bool man = true;
    int status = 0;
    u32 n = 0;
    if (args.man && parse_bool(str_of(args.man), &man) < 0)
        return complain("Failed to parse boolean argument to --man: %s.", args.man);
    if (argc - 1 > FILES_MAX)
        return complain("More than %d files.", FILES_MAX);
    for (int i = 1; i < argc && !status; i++) {
        char *colon = strchr(argv[i], ':');
        if (colon)
            *colon = 0;
        files[n++] = colon ? alias_of(argv[i], colon + 1) : argv[i];
        if (!files[n - 1])
            status = complain("Couldn't process aliases: No such file or directory");
    }
    status = status ? status : verify_files(n, man);
    aliases_remove();
    return status;
}

/* ---- condition ----------------------------------------------------------------------------------- */

/* In the order of systemd, the last one first; the first that is not met and must be ends it. */
static bool test_conditions(unit_id id, bool asserts)
{
    static const struct setting *list[256];
    const struct condition_env env = { .own = client_environment };
    int n = 0, triggered = -1;
    bool met = true;
    for (const struct setting *s = NULL; (s = condition_next(id, asserts, s)) && n < (int)LEN(list);)
        list[n++] = s;
    for (int i = 0; met && i < n; i++) {
        u32 flags = list[i]->w[0];
        int error;
        bool trigger = flags & COND_TRIGGER, holds = condition_test(list[i], &env, &error) == CONDITION_SUCCEEDED;
        complain("%s: %s=%s%s%s %s.", unit_name(id), directive_name(&directives[list[i]->id]), trigger ? "|" : "",
                 flags & COND_NEGATE ? "!" : "", text_at(list[i]->w[1]), holds ? "succeeded" : "failed");
        met = holds || trigger;
        if (trigger && triggered <= 0)
            triggered = holds;
    }
    met &= triggered != 0;
    if (n)
        complain("%s %s.", asserts ? "Asserts" : "Conditions", met ? "succeeded" : "failed");
    return met;
}

/* The lines as a unit file's. 0, or 1: told. */
static int read_conditions(unit_id id, int argc, char **argv)
{
    static char space[VALUE_BYTES];
    struct buf text = BUF_OVER(space);
    buf_z(&text, "[Unit]\n");
    for (int i = 1; i < argc; i++) {
        struct str line = str_of(argv[i]), name = str_trim(str_cut(line, strcspn(line.p, "=")));
        const struct directive *d = directive_find(name, SEC_UNIT);
        if (name.n == line.n || str_find(line, '\n') >= 0 || !d || setters[d->setter].value != V_CONDITION)
            return complain("Cannot parse \"%s\".", argv[i]);
        buf_fmt(&text, "%s\n", argv[i]);
    }
    load_text(id, text.p, text.n, "(cmdline)");
    return 0;
}

int verb_condition(int argc, char **argv)
{
    unit_id id;
    if (args.unit) {
        struct buf *name = z_buf();
        files[0] = args.unit;
        if (unit_name_mangle(str_of(args.unit), false, ".service", name) > 0)
            files[0] = buf_end(name);
        path_of_files(1);
        index_build();
        id = load(files[0]);
        if (!id)
            return 1;
    } else {
        id = unit_get(S("test.service"));
        if (read_conditions(id, argc, argv))
            return 1;
    }
    bool asserts = test_conditions(id, true), conditions = test_conditions(id, false);
    return !(asserts && conditions);
}
