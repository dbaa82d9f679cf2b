/* SPDX-License-Identifier: 0BSD
 *
 * Texts of units: cat, and edit, which runs an editor on them. */
#include "client.h"

/* ---- cat ----------------------------------------------------------------------------------- */

void cat_text(const char *path, const char *text, u32 n, bool first)
{
    out("%s\6# %s\1\n", first ? "" : "\n", path);
    out_str((struct str){ text, n });
    if (n && text[n - 1] != '\n')
        out("\n");
}

static int cat_one(const char *unit, bool first)
{
    struct buf *real = z_buf();
    bool masked = false, found;
    char path[PATH_BYTES], *text;
    u32 n;
    struct index_entry *e = index_resolve(str_of(unit), real, &masked);
    if (masked) {
        out("%s# Unit %s is masked.\n", first ? "" : "\n", unit);
        return 0;
    }
    found = e && file_read_entry(e, &text, &n, path) == 0;
    if (found)
        cat_text(path, text, n, first);
    (void)props_get(NULL, unit);
    struct texts dropins = prop_texts("DropInPaths");
    for (const char *dropin; (dropin = text_next(&dropins)); found = true)
        if (file_read(dropin, &text, &n) == 0)
            cat_text(dropin, text, n, first && !found);
    return found ? 0 : complain("No files found for %s.", unit);
}

int cat_files(u32 n)
{
    char full[PATH_BYTES], *text;
    u32 size;
    for (u32 i = 0; i < n; i++) {
        int r = conf_file_read(rooted(conf_file_path(i), full) + strlen(search_root), &text, &size);
        if (r == -ENOENT)
            continue;
        if (r < 0)
            return complain("Failed to cat %s: %s", full, strerror(-r));
        cat_text(full, text, size, i == 0);
    }
    return 0;
}

int verb_cat(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    index_build();
    return names_each(cat_one);
}

/* ---- edit ---------------------------------------------------------------------------------- */

#define MARK_START "### Anything between here and the comment below will become the new contents of the file"
#define MARK_END "### Lines below this comment will be discarded"

/* A file that is edited, and the copy that the editor gets; full paths. */
static struct edit { char path[PATH_BYTES], copy[PATH_BYTES]; } edits[64];
static u32 edits_n;
static char text_space[4 * FILE_BYTES], old_space[FILE_BYTES + 1];
static struct buf text;

static void put_commented(const char *path, struct str contents)
{
    struct str line;
    contents = str_trim(contents);
    buf_fmt(&text, "\n\n### %s", path);
    while ((line = str_line(&contents, '\n')).p) {
        buf_z(&text, "\n# ");
        buf_str(&text, line);
    }
}

/* The text that a drop-in is edited in: what it is now, and below it the unit's other files, commented out. */
static int compose_override(const struct edit *e, const char *unit, struct index_entry *entry)
{
    char path[PATH_BYTES], full[PATH_BYTES], *contents;
    u32 n;
    int old = file_get(e->path, old_space, sizeof old_space);
    text.n = 0;
    buf_fmt(&text, "### Editing %s\n" MARK_START "\n\n", e->path);
    buf_str(&text, (struct str){ old_space, (size_t)MAX(old, 0) });
    buf_z(&text, old > 0 && old_space[old - 1] == '\n' ? "\n" MARK_END : "\n\n" MARK_END);
    if (!entry)
        return 0;
    int r = file_read_entry(entry, &contents, &n, path);
    if (r < 0)
        return failed(z_fmt("read \"%s\"", path), r);
    put_commented(rooted(path, full), (struct str){ contents, n });
    (void)props_get(NULL, unit);
    struct texts dropins = prop_texts("DropInPaths");
    for (const char *dropin; (dropin = text_next(&dropins));)
        if (!STREQ(rooted(dropin, full), e->path) && file_read(dropin, &contents, &n) == 0)
            put_commented(full, (struct str){ contents, n });
    return 0;
}

/* The unit file itself, or nothing. */
static int compose_copy(struct index_entry *entry)
{
    char path[PATH_BYTES], *contents;
    u32 n;
    text.n = 0;
    int r = entry ? file_read_entry(entry, &contents, &n, path) : 0;
    if (r < 0)
        return failed(z_fmt("read \"%s\"", path), r);
    if (entry)
        buf_put(&text, contents, n);
    return 0;
}

static bool overwrite(const char *path, const char *with)
{
    char answer[64] = "";
    struct stat st;
    if (STREQ(path, with) || sys_stat(path, &st) < 0)
        return true;
    while (*answer != 'y' && *answer != 'n') {
        out("\"%s\" already exists. Overwrite with \"%s\"? [(y)es, (n)o] ", path, with);
        out_flush();
        if (sys_read(0, answer, sizeof answer) <= 0)
            return false;
    }
    return *answer == 'y';
}

static int write_copy(struct edit *e)
{
    u64 random = 0;
    const char *name = strrchr(e->path, '/') + 1;
    (void)sys_random(&random, sizeof random);
    path_fmt(e->copy, "%.*s.#%s%x%x", (int)(name - e->path), e->path, name, (u32)random, (u32)(random >> 32));
    make_parents(e->path);
    int r = text.over ? -EFBIG : file_put(e->copy, STR(text), 0644);
    return r < 0 ? failed(z_fmt("create temporary file \"%s\"", e->copy), r) : 0;
}

/* The name under which the file is edited: that of an alias' unit, with the instance that was given. */
static const char *edited_name(const char *unit, const char *path)
{
    struct buf *whole = z_buf();
    const char *name = strrchr(path, '/') + 1;
    struct str given = str_of(unit);
    if (!unit_name_is_instance(given) || !unit_name_is_template(str_of(name))
        || unit_name_with_instance(str_of(name), unit_name_instance(given), whole) < 0)
        return name;
    return buf_end(whole);
}

static int prepare_edit(const char *unit, bool first)
{
    struct buf *real = z_buf();
    bool masked;
    char path[PATH_BYTES] = "", full[PATH_BYTES] = "", below[PATH_BYTES];
    struct index_entry *entry = index_resolve(str_of(unit), real, &masked);
    struct edit *e = &edits[edits_n];
    struct stat st;
    (void)first;
    if (masked)
        return complain("Cannot edit %s: unit is masked.", unit);
    if (!entry && !args.force) {
        complain("No files found for %s.", unit);
        return complain("Run 'systemctl edit --force --full %s' to create a new unit.", unit);
    }
    if (edits_n == LEN(edits))
        return complain("More than %u units to edit at once.", (u32)LEN(edits));
    if (entry)
        rooted(index_path(entry, path), full);
    path_fmt(below, args.full ? "%s" : "%s.d/override.conf", entry ? edited_name(unit, path) : unit);
    rooted(z_fmt("/etc/systemd/system/%s", below), e->path);
    if (args.runtime) {
        const char *over = z_fmt("%s", e->path);
        bool hidden = sys_stat(e->path, &st) == 0;
        rooted(z_fmt("/run/systemd/system/%s", below), e->path);
        if (hidden)
            return complain("Refusing to create \"%s\" because it would be overridden by \"%s\" anyway.", e->path, over);
    }
    if (args.full && entry && !overwrite(e->path, full))
        return complain("%s skipped.", unit);
    if (args.full || !entry ? compose_copy(entry) : compose_override(e, unit, entry))
        return 1;
    edits_n++;
    return write_copy(e);
}

static _Noreturn void become_editor(void)
{
    static const char *const names_[] = { "SYSTEMD_EDITOR", "EDITOR", "VISUAL" };
    static char words[PATH_BYTES];
    const char *argv[16 + LEN(edits)], *editor = NULL;
    u32 n = 0;
    for (u32 i = 0; i < LEN(names_) && !editor; i++)
        editor = env_of(names_[i]);
    z_copy(words, sizeof words, str_of(editor));
    for (char *word = words; *(word += strspn(word, BLANKS)) && n < 15;) {
        argv[n++] = word;
        word += strcspn(word, BLANKS);
        if (*word)
            *word++ = 0;
    }
    bool given = n;
    n += !given;
    for (u32 i = 0; i < edits_n; i++)
        argv[n++] = edits[i].copy;
    argv[n] = NULL;
    if (given)
        (void)exec_found((char **)argv);
    for (EACH(name, "editor\0nano\0vim\0vi\0")) {
        argv[0] = name;
        int r = exec_found((char **)argv);
        if (r != -ENOENT) {
            failed(z_fmt("execute %s", name), r);
            sys_exit(1);
        }
    }
    complain("Cannot edit units, no editor available. Please set either $SYSTEMD_EDITOR, $EDITOR or $VISUAL.");
    sys_exit(1);
}

static int run_editor(void)
{
    struct death d;
    out_flush();
    pid_t pid = sys_fork();
    if (pid == 0)
        become_editor();
    int r = pid < 0 ? pid : sys_wait(pid, &d);
    if (r < 0)
        return failed("run an editor", r);
    if (d.code != CLD_EXITED)
        return complain("(editor) terminated by signal %s.", signal_name(d.status) + 3);
    return d.status ? complain("(editor) failed with exit status %d.", d.status) : 0;
}

/* What stands between the markers becomes the file, if it is anything. */
static int take_copy(const struct edit *e)
{
    int n = file_get(e->copy, text_space, sizeof text_space);
    if (n < 0)
        return failed(z_fmt("read temporary file \"%s\"", e->copy), n);
    char *start = strstr(text_space, MARK_START), *from = start ? start + sizeof MARK_START - 1 : text_space,
         *end = strstr(from, MARK_END), *last = text_space + n;
    struct str kept = str_trim((struct str){ from, (size_t)((end ? end : last) - from) });
    if (kept.p + kept.n == last)         /* nothing to cut off: it stays as it is */
        kept = (struct str){ text_space, (size_t)n };
    else
        (void)file_put(e->copy, kept, 0644);
    if (!kept.n) {
        complain("Editing \"%s\" canceled: temporary file is empty.", e->path);
        return 0;
    }
    int r = sys_rename(e->copy, e->path);
    return r < 0 ? failed(z_fmt("rename \"%s\" to \"%s\"", e->copy, e->path), r) : 0;
}

int verb_edit(int argc, char **argv)
{
    char *again[] = { "daemon-reload", NULL };
    (void)argc;
    (void)argv;
    if (!is_terminal(1) || !is_terminal(2))
        return complain("Cannot edit units if not on a tty.");
    if (!names.n)
        return complain("No units matched the specified patterns.");
    buf_over(&text, text_space, sizeof text_space);
    index_build();
    int status = names_each(prepare_edit);
    status = status ? status : run_editor();
    for (u32 i = 0; i < edits_n && !status; i++)
        status = take_copy(&edits[i]);
    if (!status && !args.root && !args.no_reload)
        status = verb_daemon_reload(1, again);
    for (u32 i = 0; i < edits_n; i++) {
        (void)sys_unlink(edits[i].copy);
        if (!args.full) {
            *strrchr(edits[i].path, '/') = 0;
            (void)sys_rmdir(edits[i].path);
        }
    }
    return status;
}
