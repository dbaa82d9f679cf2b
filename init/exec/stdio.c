/* SPDX-License-Identifier: 0BSD
 *
 * The child's descriptors 0, 1 and 2: StandardInput=, StandardOutput=, StandardError=, terminals and
 * the connection to the journal (systemd.exec(5), "LOGGING AND STANDARD INPUT/OUTPUT"). */
#include "exec.h"

#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

#define JOURNAL_STDOUT "/run/systemd/journal/stdout"

static const char *tty_path(unit_id id)
{
    const char *path = unit_text(id, D_TTYPath);
    return path ? path : "/dev/console";
}

/* An open descriptor becomes exactly this one; it is closed in any case. */
static int move_to(int from, int fd)
{
    int r = sys_dup_to(from, fd, false);
    if (from != fd)
        sys_close(from);
    return MIN(r, 0);
}

static int open_as(const char *path, int flags, mode_t mode, int fd)
{
    int got = sys_openat(AT_FDCWD, path, flags | O_NOCTTY, mode);
    return got < 0 ? got : move_to(got, fd);
}

static int null_as(int fd) { return sys_dup_to(exec_fds.null, fd, false); }

/* ---- terminals ----------------------------------------------------------------------------- */

/* What stty(1) calls "sane", with the modes of PID 1's own console (boot.c says why these). */
int tty_make_sane(int fd)
{
    struct termios t;
    int r = sys_ioctl(fd, TCGETS, &t);
    if (r < 0)
        return r;
    t.c_iflag &= ~(unsigned)(IGNBRK | BRKINT | ISTRIP | INLCR | IGNCR);
    t.c_iflag |= ICRNL | IMAXBEL | IUTF8 | IXON;
    t.c_oflag |= ONLCR | OPOST;
    t.c_cflag |= CREAD;
    t.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
    static const u8 chars[] = { [VINTR] = 03, [VQUIT] = 034, [VERASE] = 0177, [VKILL] = 025, [VEOF] = 04,
                                [VSTART] = 021, [VSTOP] = 023, [VSUSP] = 032, [VLNEXT] = 026, [VWERASE] = 027,
                                [VREPRINT] = 022 };
    for (u32 i = 0; i < LEN(chars); i++)
        if (chars[i])
            t.c_cc[i] = chars[i];
    t.c_cc[VTIME] = 0;
    t.c_cc[VMIN] = 1;
    t.c_cc[VEOL] = t.c_cc[VEOL2] = 0;
    return sys_ioctl(fd, TCSETS, &t);
}

/* Before and after a terminal is used: TTYReset=, TTYVHangup=. Opening may wait for a carrier. */
static void reset_tty(unit_id id)
{
    const char *path = tty_path(id);
    bool hangup = unit_int(id, D_TTYVHangup), reset = unit_int(id, D_TTYReset);
    int fd = hangup || reset ? sys_open(path, O_RDWR | O_NOCTTY | O_NONBLOCK) : -1;
    if (fd < 0)
        return;
    if (hangup)
        (void)sys_ioctl(fd, TIOCVHANGUP, NULL);
    sys_close(fd);
    fd = sys_open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0 && reset)
        (void)tty_make_sane(fd);
    if (fd >= 0)
        sys_close(fd);
}

/* Waits until another session lets go of the terminal. */
static void wait_for_tty(const char *path)
{
    char event[512];
    int fd = sys_inotify_init();
    if (fd >= 0 && sys_inotify_add(fd, path, IN_CLOSE) >= 0)
        if (sys_poll_one(fd, 1, 1000) > 0)
            (void)sys_read(fd, event, sizeof event);
    if (fd >= 0)
        sys_close(fd);
}

/* Becomes the session that owns the terminal; descriptor 0. */
static int acquire_tty(struct child *c, u32 kind)
{
    const char *path = tty_path(c->s->unit);
    reset_tty(c->s->unit);
    for (;;) {
        int fd = sys_open(path, O_RDWR | O_NOCTTY);
        if (fd < 0)
            return fd;
        int r = sys_ioctl(fd, TIOCSCTTY, (void *)(uintptr_t)(kind == IN_TTY_FORCE));
        if (r >= 0 || r == -ENOTTY || (r == -EPERM && kind == IN_TTY_FORCE))
            return move_to(fd, 0);
        sys_close(fd);
        if (r != -EPERM || kind != IN_TTY)
            return r;
        wait_for_tty(path);
    }
}

/* ---- the journal --------------------------------------------------------------------------- */

/* The program's name; of pith's own helpers the one they are called by. */
static const char *identifier(const struct child *c)
{
    const char *name = unit_text(c->s->unit, D_SyslogIdentifier), *path = text_at(c->s->command->w[1]);
    if (STREQ(path, "/proc/self/exe"))
        path = text_at(c->s->command->w[3]);
    const char *slash = strrchr(path, '/');
    return name ? name : slash ? slash + 1 : path;
}

/* A stream to the journal with the header of systemd's stdout protocol: identifier, unit, priority,
 * whether lines may carry <N>, and where else they go. */
static int connect_journal(struct child *c, u32 kind, int fd)
{
    static const struct { sa_family_t family; char path[sizeof JOURNAL_STDOUT]; } to = { AF_UNIX, JOURNAL_STDOUT };
    unit_id id = c->s->unit;
    int s = sys_socket(AF_UNIX, SOCK_STREAM, 0);
    if (s < 0)
        return s;
    int r = sys_connect(s, (const void *)&to, sizeof to);
    BUF(header, 1024);
    buf_fmt(&header, "%s\n%s\n%d\n%d\n0\n%d\n%d\n", identifier(c), unit_name(id),
            unit_int(id, D_SyslogFacility) << 3 | unit_int(id, D_SyslogLevel), unit_int(id, D_SyslogLevelPrefix),
            (kind & 0xff) == OUT_KMSG, !!(kind & STDIO_CONSOLE));
    if (r == 0)
        r = (int)sys_send(s, header.p, header.n, MSG_NOSIGNAL);
    if (r >= 0)
        return move_to(s, fd);
    sys_close(s);
    return r;
}

/* Without a journal: kmsg takes lines too, and failing that nothing is kept. */
static int journal_as(struct child *c, u32 kind, int fd)
{
    if (connect_journal(c, kind, fd) == 0)
        return 0;
    if (kind & STDIO_CONSOLE && open_as("/dev/console", O_WRONLY, 0, fd) == 0)
        return 0;
    return open_as("/dev/kmsg", O_WRONLY, 0, fd) == 0 ? 0 : null_as(fd);
}

/* ---- the three streams --------------------------------------------------------------------- */

static u32 input_kind(const struct child *c)
{
    const struct setting *s = setting_find(c->s->unit, D_StandardInput, NULL);
    return c->s->flags & SPAWN_STDIN && s ? s->w[0] : IN_NULL;
}

static bool is_tty(u32 input) { return input >= IN_TTY && input <= IN_TTY_FAIL; }

/* StandardInputText=, StandardInputData=: a file in memory, read from its begin. */
static int data_as(const struct child *c, int to)
{
    char path[64];
    struct buf b = BUF_OVER(path);
    const struct setting *s = setting_find(c->s->unit, D_StandardInputData, NULL);
    int fd = sys_memfd("stdin", 1 /* MFD_CLOEXEC */);
    if (fd < 0)
        return fd;
    for (u32 at = 0; s && at < s->w[0];) {
        ssize_t n = sys_write(fd, (const char *)(s->w + 1) + at, s->w[0] - at);
        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        at += (u32)n;
    }
    buf_fmt(&b, "/proc/self/fd/%d", fd);
    return open_as(buf_end(&b), O_RDONLY, 0, to);
}

int step_stdin(struct child *c)
{
    const struct setting *s = setting_find(c->s->unit, D_StandardInput, NULL);
    u32 kind = input_kind(c);
    switch (kind) {
    case IN_TTY:
    case IN_TTY_FORCE:
    case IN_TTY_FAIL: return acquire_tty(c, kind);
    case IN_FILE: return open_as(text_at(s->w[1]), O_RDWR, 0, 0) == 0 ? 0 : open_as(text_at(s->w[1]), O_RDONLY, 0, 0);
    case IN_DATA: return data_as(c, 0);
    case IN_SOCKET:
    case IN_FD: return -EOPNOTSUPP;    /* sockets are not passed yet (units of type socket) */
    default: return null_as(0);
    }
}

static int output_as(struct child *c, const struct setting *s, u32 kind, int fd)
{
    bool tty = is_tty(input_kind(c));
    int how = O_WRONLY | O_CREAT;
    switch (kind & 0xff) {
    case OUT_INHERIT: return fd == 1 && !tty ? null_as(1) : sys_dup_to(fd - 1, fd, false);
    case OUT_TTY: return tty ? sys_dup_to(0, fd, false) : open_as(tty_path(c->s->unit), O_WRONLY, 0, fd);
    case OUT_JOURNAL:
    case OUT_KMSG: return journal_as(c, kind, fd);
    case OUT_FILE: return open_as(text_at(s->w[1]), how, 0644, fd);
    case OUT_APPEND: return open_as(text_at(s->w[1]), how | O_APPEND, 0644, fd);
    case OUT_TRUNCATE: return open_as(text_at(s->w[1]), how | O_TRUNC, 0644, fd);
    case OUT_SOCKET:
    case OUT_FD: return -EOPNOTSUPP;
    default: return null_as(fd);
    }
}

/* Unset, the output goes where a terminal as input is, else to the journal. */
int step_stdout(struct child *c)
{
    const struct setting *s = setting_find(c->s->unit, D_StandardOutput, NULL);
    return output_as(c, s, s ? s->w[0] : is_tty(input_kind(c)) ? OUT_INHERIT : exec_default_output[0], 1);
}

int step_stderr(struct child *c)
{
    const struct setting *s = setting_find(c->s->unit, D_StandardError, NULL);
    const struct setting *out = setting_find(c->s->unit, D_StandardOutput, NULL);
    u32 kind = s ? s->w[0] : exec_default_output[1];
    /* The same file for both is opened once, so that neither overwrites the other. */
    if (s && out && s->w[0] == out->w[0] && s->w[1] && out->w[1] && STREQ(text_at(s->w[1]), text_at(out->w[1])))
        kind = OUT_INHERIT;
    return output_as(c, s, kind, 2);
}
