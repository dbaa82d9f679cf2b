/* SPDX-License-Identifier: 0BSD
 *
 * systemd-sysusers' files: passwd(5), group(5), shadow(5), gshadow(5) read, and written anew with what is to be added:
 * under another name first, then all of them at once, the old ones kept as passwd- and so on. Lines that are there stay
 * as they are. */
#include "sysusers.h"

#include <stdlib.h>

static const char *const paths[] = { "/etc/group", "/etc/gshadow", "/etc/passwd", "/etc/shadow" };
enum { FILES = LEN(paths) };

static char loaded[2][FILE_BYTES];
static struct str texts[2];                  /* group, passwd */
static char space[2 * FILE_BYTES], old_space[FILE_BYTES];

static char *full(enum db which) { return z_fmt("%s%s", search_root, paths[which]); }

int db_lock(void)
{
    int fd = sys_openat(AT_FDCWD, z_fmt("%s/etc/.pwd.lock", search_root), O_WRONLY | O_CREAT | O_NOCTTY | O_NOFOLLOW, 0600);
    int r = fd < 0 ? fd : sys_record_lock(fd);
    return r < 0 ? r : fd;
}

static int load(const char *path, char *text, struct str *out_text)
{
    int n = file_get(path, text, FILE_BYTES);
    *out_text = (struct str){ text, n > 0 ? (size_t)n : 0 };
    return n == -ENOENT ? 0 : n == FILE_BYTES - 1 ? -EFBIG : MIN(n, 0);
}

int db_load(void)
{
    int r = load(full(DB_GROUP), loaded[0], &texts[0]);
    return r < 0 ? r : load(full(DB_PASSWD), loaded[1], &texts[1]);
}

static struct str field(struct str line, u32 n)
{
    struct str f = str_line(&line, ':');
    while (n--)
        f = str_line(&line, ':');
    return f.p ? f : (struct str){ "", 0 };
}

struct str db_name(enum db which, u32 id)
{
    struct str rest = texts[which == DB_PASSWD];
    u32 have;
    for (struct str line; (line = str_line(&rest, '\n')).p;)
        if (parse_id(field(line, 2), &have) == 0 && have == id)
            return field(line, 0);
    return (struct str){ "", 0 };
}

bool db_id(enum db which, const char *name, u32 *id)
{
    struct str rest = texts[which == DB_PASSWD];
    for (struct str line; (line = str_line(&rest, '\n')).p;)
        if (str_is(field(line, 0), name) && parse_id(field(line, 2), id) == 0)
            return true;
    return false;
}

/* ---- members ------------------------------------------------------------------------------- */

/* Behind "name:x:5:": the members the group has, with those it gets, sorted. False: it gets none, nothing is written. */
static bool put_members(struct buf *to, struct str group, struct str have)
{
    static const char *list[ACCOUNTS_MAX];
    u32 n = 0;
    bool more = false;
    for (struct str rest = have, one; n < LEN(list) && (one = str_word(&rest, ",")).p;)
        if ((list[n] = keep(one)))
            n++;
    for (u32 i = 0; i < members_n; i++)
        if (str_is(group, members[i].group) && !has(list, n, members[i].user) && n < LEN(list)) {
            list[n++] = members[i].user;
            more = true;
        }
    qsort(list, n, sizeof *list, by_text);
    for (u32 i = 0, put = 0; more && i < n; i++)
        if (!i || !STREQ(list[i], list[i - 1]))
            buf_fmt(to, put++ ? ",%s" : "%s", list[i]);
    return more;
}

/* ---- a file -------------------------------------------------------------------------------- */

static u32 today;                            /* in days */

static const struct account *new_user(struct str name)
{
    for (u32 i = 0; i < new_users_n; i++)
        if (str_is(name, new_users[i]->name))
            return new_users[i];
    return NULL;
}

/* A line that is there. True: it is another one now. */
static bool put_old(enum db which, struct buf *to, struct str line)
{
    struct str name = field(line, 0);
    u32 start = to->n;
    bool changed = false;
    if (which == DB_GROUP || which == DB_GSHADOW) {
        for (u32 i = 0; i < 3; i++) {
            buf_str(to, field(line, i));
            buf_c(to, ':');
        }
        changed = put_members(to, name, field(line, 3));
    } else if (which == DB_SHADOW && new_user(name)) {
        struct str date = field(line, 2);
        buf_put(to, line.p, (size_t)(date.p - line.p));
        buf_u64(to, today);
        buf_str(to, str_from(line, (size_t)(date.p + date.n - line.p)));
        changed = true;
    }
    if (!changed) {
        to->n = start;
        buf_str(to, line);
    }
    buf_c(to, '\n');
    return changed;
}

static bool has_line(struct str text, const char *name)
{
    for (struct str line; (line = str_line(&text, '\n')).p;)
        if (str_is(field(line, 0), name))
            return true;
    return false;
}

static bool put_new(enum db which, struct buf *to, struct str old)
{
    bool users = which >= DB_PASSWD;
    for (u32 i = 0; i < (users ? new_users_n : new_groups_n); i++) {
        const struct account *a = users ? new_users[i] : new_groups[i];
        if (which == DB_PASSWD)
            buf_fmt(to, "%s:x:%u:%u:%s:%s:%s", a->name, a->uid, a->gid, a->description ? a->description : "", a->home ? a->home : "/", shell_of(a));
        else if (which == DB_SHADOW && has_line(old, a->name))
            continue;
        else if (which == DB_SHADOW)
            buf_fmt(to, "%s:!*:%u::::::", a->name, today);
        else if (which == DB_GROUP)
            buf_fmt(to, "%s:x:%u:", a->name, a->gid);
        else
            buf_fmt(to, "%s:!*::", a->name);
        if (!users)
            (void)put_members(to, str_of(a->name), S(""));
        buf_c(to, '\n');
    }
    return users ? new_users_n : new_groups_n;
}

static bool is_nis(struct str line) { return str_starts(line, "+") || str_starts(line, "-"); }

/* The file as it must be. 0: it is so already. */
static int compose(enum db which, struct buf *to)
{
    struct str old, rest, line, left;
    bool changed = false;
    int r = load(full(which), old_space, &old);
    rest = left = old;
    while ((line = str_line(&rest, '\n')).p && !is_nis(line)) {      /* NIS's lines stay at the end */
        changed |= put_old(which, to, line);
        left = rest;
    }
    changed |= put_new(which, to, old);
    while ((line = str_line(&left, '\n')).p)
        buf_fmt(to, "%.*s\n", (int)line.n, line.p);
    return r < 0 ? r : to->over ? -EFBIG : changed;
}

/* ---- all of them --------------------------------------------------------------------------- */

static int write_file(const char *path, struct str text, const struct stat *like, u32 mode)
{
    (void)sys_unlink(path);
    int fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    int r = fd;
    while (r >= 0 && text.n) {
        ssize_t n = sys_write(fd, text.p, text.n);
        r = n <= 0 ? n ? (int)n : -EIO : 0;
        text = str_from(text, n > 0 ? (size_t)n : 0);
    }
    if (r >= 0 && like)
        (void)sys_fchown(fd, like->st_uid, like->st_gid);
    if (r >= 0)
        r = sys_fchmod(fd, like ? like->st_mode & 07777 : mode);
    if (r >= 0)
        r = sys_fsync(fd);
    sys_close(fd);
    if (r < 0 && r != -EEXIST)
        (void)sys_unlink(path);
    return r;
}

static char *other(enum db which) { return z_fmt("%s/etc/.#%s.pith", search_root, paths[which] + 5); }

static int back_up(enum db which)
{
    struct stat st;
    struct str old;
    if (sys_stat(full(which), &st) < 0)
        return 0;
    char *name = z_fmt("%s/etc/.#%s-.pith", search_root, paths[which] + 5), *backup = z_fmt("%s-", full(which));
    int r = load(full(which), old_space, &old);
    if (r == 0)
        r = write_file(name, old, &st, 0);
    if (r >= 0) {
        (void)sys_set_times(AT_FDCWD, name, (struct timespec[]){ st.st_atim, st.st_mtim });
        r = sys_rename(name, backup);
    }
    return r;
}

int db_write(bool dry_run)
{
    static const u32 modes[] = { 0644, 0, 0644, 0 };
    struct stat st;
    bool pending[FILES] = { false };
    int r = 0;
    u64 epoch;
    const char *given = env_of("SOURCE_DATE_EPOCH");
    today = (u32)((given && decimal(given, &epoch) ? epoch : sys_now_real() / USEC_SEC) / 86400);
    for (u32 i = 0; i < FILES && r >= 0; i++) {
        if (i >= DB_PASSWD ? !new_users_n : !new_groups_n && !members_n)
            continue;
        if (dry_run) {
            log_line(LOG_INFO, "Would write %s%s", paths[i], is_utf8() ? "\xe2\x80\xa6" : "...");
            continue;
        }
        struct buf to = BUF_OVER(space);
        r = compose(i, &to);
        if (r > 0) {
            bool there = sys_stat(full(i), &st) == 0;
            r = write_file(other(i), STR(to), there ? &st : NULL, modes[i]);
            pending[i] = r >= 0;
        }
        if (r < 0)
            log_line(LOG_ERR, "Failed to write %s: %s", full(i), strerror(-r));
    }
    for (u32 i = 0; i < FILES && r >= 0; i++)
        if (pending[i] && (r = back_up(i)) < 0)
            log_line(LOG_ERR, "Failed to backup %s: %s", full(i), strerror(-r));
    for (u32 i = 0; i < FILES; i++) {
        if (!pending[i])
            continue;
        int q = r < 0 ? sys_unlink(other(i)) : sys_rename(other(i), full(i));
        if (q < 0 && r >= 0)
            log_line(LOG_ERR, "Failed to rename %s to %s: %s", other(i), full(i), strerror(-q));
        r = r < 0 ? r : q;
    }
    return r;
}
