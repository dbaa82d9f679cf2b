/* SPDX-License-Identifier: 0BSD
 *
 * Who the child is to be: User=, Group=, SupplementaryGroups=. passwd(5) and group(5) are read by
 * hand: name services may wait for a network, and a static binary has none. Heavy children only. */
#include "exec.h"

static char passwd[HEAVY_TEXT], group[HEAVY_TEXT];

/* root and nobody exist without a file, and so does any number: images often have no passwd. */
static int user_without_file(struct child *c, const char *want)
{
    u64 id;
    if (STREQ(want, "root"))
        id = 0;
    else if (STREQ(want, "nobody"))
        id = 65534;
    else if (!account_id(want, &id))
        return -ESRCH;
    c->uid = (uid_t)id;
    c->gid = (gid_t)id;
    c->has_group = true;
    c->user = want;
    c->home = id == 0 ? "/root" : "/";
    c->shell = id == 0 ? "/bin/sh" : "/usr/sbin/nologin";
    return 0;
}

int step_user(struct child *c)
{
    const char *want = unit_text(c->s->unit, D_User);
    char *f[7];
    u64 gid, uid;
    if (!want)
        return 0;
    c->has_user = true;
    if (account_find(file_text("/etc/passwd", passwd, sizeof passwd), want, f, 7) < 7 || !account_id(f[2], &uid) || !account_id(f[3], &gid))
        return user_without_file(c, want);
    c->uid = (uid_t)uid;
    c->gid = (gid_t)gid;
    c->has_group = true;
    c->user = f[0];
    c->home = f[5];
    c->shell = f[6][0] ? f[6] : "/bin/sh";
    return 0;
}

static struct str read_groups(void) { return file_text("/etc/group", group, sizeof group); }

static int find_group(const char *want, gid_t *gid)
{
    char *f[4];
    u64 id;
    if (account_find(read_groups(), want, f, 4) >= 3 && account_id(f[2], &id))
        *gid = (gid_t)id;
    else if (account_id(want, &id))
        *gid = (gid_t)id;
    else if (STREQ(want, "root"))
        *gid = 0;
    else
        return -ESRCH;
    return 0;
}

static int add_group(struct child *c, gid_t gid)
{
    for (u32 i = 0; i < c->groups_n; i++)
        if (c->groups[i] == gid)
            return 0;
    if (c->groups_n == LEN(c->groups))
        return -E2BIG;
    c->groups[c->groups_n++] = gid;
    return 0;
}

/* initgroups(3): the groups that list the user. */
static int add_listed_groups(struct child *c)
{
    struct str rest = read_groups(), line;
    int r = 0;
    while (r == 0 && (line = str_line(&rest, '\n')).p) {
        char *f[4];
        u64 id;
        if (account_split(line, f, 4) < 4 || !account_id(f[2], &id))
            continue;
        struct str members = str_of(f[3]), one;
        while (r == 0 && (one = str_line(&members, ',')).p)
            if (str_is(str_trim(one), c->user))
                r = add_group(c, (gid_t)id);
    }
    return r;
}

int step_group(struct child *c)
{
    const char *want = unit_text(c->s->unit, D_Group);
    int r = 0;
    if (want) {
        r = find_group(want, &c->gid);
        c->has_group = true;
    }
    if (r == 0 && c->has_group)
        r = add_group(c, c->gid);
    if (r == 0 && c->user)
        r = add_listed_groups(c);
    for (const struct setting *s = NULL; r == 0 && (s = setting_find(c->s->unit, D_SupplementaryGroups, s));) {
        gid_t gid;
        r = find_group(text_at(s->w[0]), &gid);
        if (r == 0)
            r = add_group(c, gid);
        c->has_group = true;
    }
    return r;
}

/* Groups first, the user last: it takes the right to do the others. */
int step_credentials(struct child *c)
{
    int r = 0;
    if (c->s->command->w[0] & (EXEC_NO_SETUID | EXEC_AMBIENT_MAGIC))
        return 0;
    if (c->has_group && !(sys_geteuid() != 0 && c->uid == sys_geteuid())) {
        r = sys_setgroups(c->groups_n, c->groups);
        if (r == 0)
            r = sys_setgid(c->gid);
    }
    if (r == 0 && c->has_user && c->uid != sys_geteuid())
        r = sys_setuid(c->uid);
    return r;
}
