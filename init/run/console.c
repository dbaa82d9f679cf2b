/* SPDX-License-Identifier: 0BSD
 *
 * The console: status lines, colour, and the line that says what is being waited for. Writing never
 * waits: what the terminal does not take at once lies in a ring, and what does not fit there is
 * counted and told. */
#include "run.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int console_fd = -1;
static bool is_tty, color, watched;
static char ring[16384];
static u32 ring_at, ring_n, lost;
static bool ephemeral_shown;

void console_open(void)
{
    struct termios t;
    if (console_fd >= 0) {
        watch_remove(console_fd);
        sys_close(console_fd);
    }
    watched = false;
    console_fd = sys_open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK);
    is_tty = console_fd >= 0 && sys_ioctl(console_fd, TCGETS, &t) == 0;
    color = is_tty && !manager.no_color;
}

bool console_color(void) { return color; }

void console_sane(void)
{
    if (is_tty)
        (void)tty_make_sane(console_fd);
}

static void want_write(bool want)
{
    if (want == watched || console_fd < 0 || watch_epoll < 0)
        return;
    int r = want ? watch_add(console_fd, EPOLLOUT, WATCH_CONSOLE, 0) : 0;
    if (!want)
        watch_remove(console_fd);
    watched = want && r == 0;
}

void console_flush(void)
{
    for (u32 tries = 0; ring_n && tries < 8; tries++) {
        u32 part = MIN(ring_n, (u32)sizeof ring - ring_at);
        ssize_t n = console_fd < 0 ? -EIO : sys_write(console_fd, ring + ring_at, part);
        if (n == -EAGAIN)
            break;
        if (n <= 0) {                    /* hung up (TTYVHangup=): it is another open file now */
            if (tries)
                ring_n = 0;
            console_open();
            continue;
        }
        ring_at = (ring_at + (u32)n) % sizeof ring;
        ring_n -= (u32)n;
    }
    want_write(ring_n > 0);
}

void console_write(const char *p, u32 n)
{
    if (n > sizeof ring - ring_n) {
        lost++;
        return;
    }
    for (u32 i = 0; i < n; i++)
        ring[(ring_at + ring_n + i) % sizeof ring] = p[i];
    ring_n += n;
}

static void put_word(struct buf *b, const char *code, const char *word)
{
    if (!word)
        return;
    if (!*word)
        buf_z(b, "         ");           /* as wide as "[  OK  ] " */
    else if (color && code)
        buf_fmt(b, "[\033[%sm%s\033[0m] ", code, word);
    else
        buf_fmt(b, "[%s] ", word);
}

void status_line(enum status_kind kind, const char *code, const char *word, const char *fmt, ...)
{
    BUF(b, 1024);
    va_list ap;
    if (manager.quiet && kind != STATUS_NOTICE)
        return;
    if (kind == STATUS_EPHEMERAL && !is_tty)
        return;
    if (ephemeral_shown)
        buf_z(&b, "\r\033[K");
    if (lost)
        buf_fmt(&b, "(%u lines lost: the console is slow)\n", lost);
    lost = 0;
    put_word(&b, code, word);
    va_start(ap, fmt);
    buf_vfmt(&b, fmt, ap);
    va_end(ap);
    ephemeral_shown = kind == STATUS_EPHEMERAL;
    b.n = MIN(b.n, b.cap - 1);
    if (!ephemeral_shown)
        buf_c(&b, '\n');
    console_write(b.p, b.n);
    console_flush();
}

/* ---- the line that moves ------------------------------------------------------------------- */

#define SHOW_AFTER (5 * USEC_SEC)
#define SHOW_EVERY (USEC_SEC / 3)
#define SWITCH_EVERY 9                   /* steps until another unit is named */

static usec next_at = USEC_INF;
static u32 step;

usec status_deadline(void) { return jobs_n && !manager.quiet && is_tty ? next_at : USEC_INF; }

/* Six places, three of them lit, going back and forth. */
static void put_cylon(struct buf *b, u32 position)
{
    u32 at = position % 14;
    at = at > 7 ? 14 - at : at;
    for (u32 i = 0; i < 6; i++)
        if (i + 1 == at || i == at || i + 2 == at) {
            bool middle = i + 1 == at;
            if (color)
                buf_fmt(b, "\033[%sm*\033[0m", middle ? "0;1;31" : "0;31");
            else
                buf_c(b, '*');
        } else {
            buf_c(b, ' ');
        }
}

static usec limit_of(unit_id id)
{
    usec job = timer_get(TIMER_KEY(TIMER_JOB, id)), state = timer_get(TIMER_KEY(TIMER_STATE, id));
    return MIN(job, state);
}

static void show_job(unit_id id, u32 number, u32 running)
{
    const struct job *j = &jobs[id];
    usec now = sys_now(), since = j->running_at ? j->running_at : j->installed_at, limit = limit_of(id);
    BUF(cylon, 128);
    BUF(line, 768);
    put_cylon(&cylon, step);
    if (running > 1)
        buf_fmt(&line, "(%u of %u) ", number, running);
    buf_fmt(&line, "A %s job is running for ", name_of(job_type_names, j->type));
    unit_ident(id, &line);
    buf_z(&line, " (");
    buf_span(&line, now - since, USEC_SEC);
    buf_z(&line, " / ");
    if (limit == USEC_INF)
        buf_z(&line, "no limit");
    else
        buf_span(&line, limit - since + USEC_SEC / 2, USEC_SEC);
    buf_c(&line, ')');
    status_line(STATUS_EPHEMERAL, NULL, buf_end(&cylon), "%s", buf_end(&line));
}

void status_of_jobs(void)
{
    usec now = sys_now();
    u32 running = 0, number = 0;
    if (!jobs_n) {
        next_at = USEC_INF;
        step = 0;
        return;
    }
    if (next_at == USEC_INF)
        next_at = now + SHOW_AFTER;
    if (now < next_at)
        return;
    next_at = now + SHOW_EVERY;
    for (UNITS(id))
        running += jobs[id].id && jobs[id].running;
    if (!running)
        return;
    u32 which = step / SWITCH_EVERY % running;
    for (UNITS(id))
        if (jobs[id].id && jobs[id].running && number++ == which) {
            show_job(id, number, running);
            break;
        }
    step++;
}
