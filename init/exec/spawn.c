/* SPDX-License-Identifier: 0BSD
 *
 * The parent's half: how a child comes to be. Most children ("light" ones) share our memory until
 * their execve: no page tables are copied, and since they run beside us on stacks of their own, not
 * in our place as after vfork(2), a disk that hangs in execve hangs only them. They may read what
 * does not change (settings, the slot) and write nothing but their slot; sys.h keeps them from
 * errno. What may touch files before execve (users, folders, environment files, terminals) is done
 * by "heavy" children, which get a copy of our memory as after fork(2).
 *
 * A slot is free again when the kernel clears its `tid` (CLONE_CHILD_CLEARTID), which happens when
 * the child leaves our memory. Nothing tells us of that; so the child in the last free slot carries
 * a pipe that execve closes: the bell. Never waits. */
#include "exec.h"

#include <linux/sched.h>

struct exec_fds exec_fds = { -1, -1, -1, -1, -1, -1, -1 };
const char *exec_env[MANAGER_ENV_MAX];
u32 exec_env_n;
char **exec_own_env;
bool exec_cgroups;

struct slot {
    u32 tid;                             /* not 0: a child uses it */
    struct spawn s;
    struct child c;
    char text[SPAWN_TEXT];
    char *words[SPAWN_WORDS];
    _Alignas(16) char stack[SPAWN_STACK];
};
static struct slot slots[SPAWN_SLOTS];
static int bell_fd = -1;

/* Settings that need a file, or may need one, before execve. */
static const u16 heavy_settings[] = {
    D_User, D_Group, D_SupplementaryGroups, D_EnvironmentFile, D_WorkingDirectory, D_RuntimeDirectory,
    D_StateDirectory, D_CacheDirectory, D_LogsDirectory, D_ConfigurationDirectory,
};

static bool stream_is_light(unit_id id, u32 directive)
{
    const struct setting *s = setting_find(id, directive, NULL);
    u32 kind = s ? s->w[0] : (u32)directives[directive].def;
    if (directive == D_StandardInput)
        return kind == IN_NULL;
    return kind == OUT_INHERIT || kind == OUT_NULL || kind == OUT_JOURNAL || kind == OUT_KMSG;
}

/* Can this child be started in a slot? Then its words and text must fit there. */
static bool is_light(const struct spawn *s)
{
    u32 words = s->command->w[2] + exec_env_n + 20, text = 400;
    if (s->flags & (SPAWN_IDLE | SPAWN_HEAVY) || !stream_is_light(s->unit, D_StandardInput)
        || !stream_is_light(s->unit, D_StandardOutput) || !stream_is_light(s->unit, D_StandardError))
        return false;
    for (u32 i = 0; i < s->command->w[2]; i++) {
        const char *word = text_at(s->command->w[3 + i]);
        if (strchr(word, '$'))
            text += (u32)strlen(word);
    }
    for (const struct setting *e = NULL; (e = setting_next(s->unit, e));) {
        for (u32 i = 0; i < LEN(heavy_settings); i++)
            if (e->id == heavy_settings[i])
                return false;
        words += e->id == D_Environment || e->id == D_PassEnvironment;
    }
    return words <= SPAWN_WORDS && text <= SPAWN_TEXT;
}

static struct slot *free_slot(u32 *free_n)
{
    struct slot *found = NULL;
    *free_n = 0;
    for (u32 i = 0; i < SPAWN_SLOTS; i++)
        if (!__atomic_load_n(&slots[i].tid, __ATOMIC_ACQUIRE)) {
            found = &slots[i];
            ++*free_n;
        }
    return found;
}

bool spawn_busy(void)
{
    u32 n;
    free_slot(&n);
    return n < SPAWN_SLOTS;
}

void spawn_trim(void)
{
    if (!spawn_busy())
        (void)sys_madvise_free(slots, sizeof slots);
}

int spawn_bell(void) { return bell_fd; }

void spawn_bell_rang(void)
{
    sys_close(bell_fd);
    bell_fd = -1;
}

/* ---- cgroup of the child ------------------------------------------------------------------- */

/* The cgroup is made by us, or execve could come before it. */
static int open_cgroup(const struct spawn *s, u64 *flags)
{
    if (!s->cgroup[0] || !exec_cgroups)
        return -1;
    int fd = s->flags & SPAWN_NEW_CGROUP ? -ENOENT : cgroup_open(s->cgroup);
    if (fd == -ENOENT && cgroup_make(s->cgroup) >= 0)
        fd = cgroup_open(s->cgroup);
    if (fd >= 0)
        *flags |= CLONE_INTO_CGROUP;
    return fd;
}

static void light_child(void *arg) { child_main(&((struct slot *)arg)->c); }
static void heavy_child(void *arg) { child_main(arg); }

static pid_t start_light(const struct spawn *s, struct slot *slot, struct sys_clone *clone)
{
    slot->s = *s;
    slot->c = (struct child){ .s = &slot->s, .text = BUF_OVER(slot->text), .words = slot->words,
                              .words_max = SPAWN_WORDS, .shares_memory = true };
    slot->tid = 1;
    clone->flags |= CLONE_VM | CLONE_CHILD_CLEARTID;
    clone->child_tid = &slot->tid;
    clone->stack = slot->stack;
    clone->stack_bytes = sizeof slot->stack;
    pid_t pid = sys_clone(clone, light_child, slot);
    if (pid < 0)
        slot->tid = 0;
    return pid;
}

static pid_t start_heavy(const struct spawn *s, struct sys_clone *clone)
{
    static char text[HEAVY_TEXT];
    static char *words[HEAVY_WORDS];
    static struct child c;
    c = (struct child){ .s = s, .text = BUF_OVER(text), .words = words, .words_max = HEAVY_WORDS };
    return sys_clone(clone, heavy_child, &c);
}

pid_t spawn(const struct spawn *s, int *bell)
{
    struct sys_clone clone = { .cgroup_fd = -1 };
    struct slot *slot = NULL;
    int pipe_fds[2] = { -1, -1 };
    u32 free_n = 0;
    if (is_light(s)) {
        slot = free_slot(&free_n);
        /* The last one is kept while a bell is out, which rings soon or has: taken without a bell, nobody would
         * wake us for it. */
        if (!slot || (free_n == 1 && bell_fd >= 0))
            return -EAGAIN;
    }
    bool ring = slot && free_n == 1;
    if ((ring || s->flags & SPAWN_BELL) && sys_pipe(pipe_fds, O_NONBLOCK) < 0) {
        if (s->flags & SPAWN_BELL)
            return -EMFILE;
        slot = NULL;                     /* without a bell the last slot stays free */
    }
    clone.cgroup_fd = open_cgroup(s, &clone.flags);
    pid_t pid = slot ? start_light(s, slot, &clone) : start_heavy(s, &clone);
    if ((pid == -ENOSYS || pid == -EPERM || pid == -EINVAL || pid == -EOPNOTSUPP) && clone.flags) {
        /* No clone3 here, or no CLONE_INTO_CGROUP (a seccomp profile): join it in the child. */
        clone = (struct sys_clone){ .cgroup_fd = clone.cgroup_fd };
        pid = start_heavy(s, &clone);
    }
    if (clone.cgroup_fd >= 0)
        sys_close(clone.cgroup_fd);
    if (pipe_fds[1] >= 0)
        sys_close(pipe_fds[1]);
    if (s->flags & SPAWN_BELL && pid > 0)
        *bell = pipe_fds[0];
    else if (ring && pid > 0)
        bell_fd = pipe_fds[0];
    else if (pipe_fds[0] >= 0)
        sys_close(pipe_fds[0]);
    return pid;
}
