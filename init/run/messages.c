/* SPDX-License-Identifier: 0BSD
 *
 * What people are told of jobs: one sentence for the log and one line for the console, as systemd
 * words them. */
#include "run.h"

/* A row: to start, starting, started, stopping, stopped, waiting for the start; the last is a sentence. */
enum word { TO_START, STARTING, STARTED, STOPPING, STOPPED, AWAITING, STOP_FAILED };
static const char *words_of(unit_id id)
{
    switch (UNIT(id)->type) {
    case UNIT_SERVICE: return "start\0Starting\0Started\0Stopping\0Stopped\0starting\0Stopped (with error) %s.\0";
    case UNIT_MOUNT: return "mount\0Mounting\0Mounted\0Unmounting\0Unmounted\0mounting\0Failed unmounting %s.\0";
    case UNIT_SWAP: return "activate swap\0Activating swap\0Activated swap\0Deactivating swap\0Deactivated swap\0"
                           "activating swap\0Failed deactivating swap %s.\0";
    case UNIT_TARGET: return "start\0Starting\0Reached target\0Stopping\0Stopped target\0starting\0Stopped %s with error.\0";
    case UNIT_DEVICE: return "start\0Expecting device\0Found device\0Stopping\0Stopped\0waiting for device\0"
                             "Stopped %s with error.\0";
    case UNIT_SLICE: return "start\0Starting\0Created slice\0Stopping\0Removed slice\0starting\0Stopped %s with error.\0";
    default: return "start\0Starting\0Started\0Stopping\0Stopped\0starting\0Stopped %s with error.\0";
    }
}

static const char *word(unit_id id, enum word which) { return name_of(words_of(id), which); }

/* Units of paths that say nothing of themselves are described by the path, all others by their name. */
const char *unit_description(unit_id id)
{
    static char text[UNIT_NAME_BYTES + 8];
    struct buf b = BUF_OVER(text);
    const char *own = unit_text(id, D_Description), *name = unit_name(id);
    u32 type = BIT(UNIT(id)->type);
    if (own || !(type & (BIT(UNIT_MOUNT) | BIT(UNIT_SWAP) | BIT(UNIT_DEVICE) | BIT(UNIT_SLICE))))
        return own ? own : name;
    if (STREQ(name, "-.mount"))
        return "Root Mount";
    if (type == BIT(UNIT_SLICE))
        buf_z(&b, "Slice ");
    return unit_name_to_path(str_of(name), &b) < 0 ? name : buf_end(&b);
}

void unit_ident(unit_id id, struct buf *out)
{
    const char *description = unit_description(id);
    buf_z(out, unit_name(id));
    if (!STREQ(description, unit_name(id)))
        buf_fmt(out, " - %s", description);
}

/* The word of a result on the console; "": none. */
static const char result_words[][7] = {
    [RESULT_DONE] = "  OK  ", [RESULT_TIMEOUT] = " TIME ", [RESULT_FAILED] = "FAILED", [RESULT_DEPENDENCY] = "DEPEND",
    [RESULT_SKIPPED] = " INFO ", [RESULT_ASSERT] = "ASSERT", [RESULT_UNSUPPORTED] = "UNSUPP", [RESULT_ONCE] = " ONCE ",
};

static enum level result_level(int result)
{
    switch (result) {
    case RESULT_TIMEOUT:
    case RESULT_FAILED:
    case RESULT_ONCE: return LOG_ERR;
    case RESULT_DEPENDENCY:
    case RESULT_ASSERT:
    case RESULT_UNSUPPORTED: return LOG_WARNING;
    case RESULT_SKIPPED: return LOG_NOTICE;
    default: return LOG_INFO;
    }
}

static const char *level_color(enum level level)
{
    return level == LOG_ERR ? "0;1;31" : level == LOG_WARNING ? "0;1;33" : level == LOG_NOTICE ? "0;1;39" : "0;32";
}

/* What is said of such an end beside the words above; %s is the unit. NULL: nothing. */
static const char *sentence(int type, int result)
{
    static const struct { u8 type, result; const char *format; } sentences[] = {
        { JOB_START, RESULT_DEPENDENCY, "Dependency failed for %s." }, { JOB_START, RESULT_ASSERT, "Assertion failed for %s." },
        { JOB_START, RESULT_UNSUPPORTED, "Starting of %s unsupported." }, { JOB_RELOAD, RESULT_DONE, "Reloaded %s." },
        { JOB_RELOAD, RESULT_FAILED, "Reload failed for %s." }, { JOB_RELOAD, RESULT_TIMEOUT, "Timed out reloading %s." },
        { JOB_VERIFY_ACTIVE, RESULT_SKIPPED, "%s is inactive." },
    };
    for (u32 i = 0; i < LEN(sentences); i++)
        if (sentences[i].type == type && sentences[i].result == result)
            return sentences[i].format;
    return NULL;
}

static void put_end(struct buf *b, unit_id id, int type, int result)
{
    BUF(ident, 512);
    unit_ident(id, &ident);
    const char *name = buf_end(&ident), *format = sentence(type, result);
    bool start = type == JOB_START, stop = type == JOB_STOP || type == JOB_RESTART;
    bool oneshot = start && UNIT(id)->type == UNIT_SERVICE && unit_int(id, D_Type) == SERVICE_ONESHOT;
    if (!format && stop && result == RESULT_FAILED)
        format = word(id, STOP_FAILED);
    if (format)
        buf_fmt(b, format, name);
    else if ((start || stop) && result == RESULT_DONE)
        buf_fmt(b, "%s %s.", oneshot ? "Finished" : word(id, start ? STARTED : STOPPED), name);
    else if (start && result == RESULT_FAILED)
        buf_fmt(b, "Failed to %s %s.", word(id, TO_START), name);
    else if ((start || stop) && result == RESULT_TIMEOUT) {
        buf_fmt(b, "Timed out %s %s.", word(id, start ? AWAITING : STOPPING), name);
        b->p[10] |= 0x20;                /* "Stopping" within a sentence */
    }
}

void message_started(unit_id id)
{
    int type = jobs[id].type;
    BUF(line, 768);
    buf_fmt(&line, "%s ", type == JOB_RELOAD ? "Reloading" : word(id, type == JOB_START ? STARTING : STOPPING));
    unit_ident(id, &line);
    buf_z(&line, "...");
    log_line(LOG_INFO, "%s", buf_end(&line));
    if (type != JOB_RELOAD)
        status_line(STATUS_NORMAL, NULL, "", "%s", line.p);
}

void message_finished(const struct finished *f)
{
    unit_id id = f->unit;
    BUF(line, 768);
    bool skipped = f->type == JOB_START && f->result == RESULT_DONE && !RT(id)->condition_ok && !is_active(unit_active[id]);
    if (f->result == RESULT_TIMEOUT || f->result == RESULT_DEPENDENCY)
        log_unit(id, LOG_NOTICE, "Job %s/%s failed with result '%s'.", unit_name(id), name_of(job_type_names, f->type),
                 name_of(job_result_names, f->result));
    if (!f->already && !skipped)
        put_end(&line, id, f->type, f->result);
    if (!line.n)
        return;
    enum level level = result_level(f->result);
    const char *shown = result_words[f->result];
    log_line(level, "%s", buf_end(&line));
    if (f->type == JOB_RELOAD || !*shown)
        return;
    status_line(f->result == RESULT_DONE ? STATUS_NORMAL : STATUS_NOTICE, level_color(level), shown, "%s", line.p);
    if (f->type == JOB_START && f->result == RESULT_FAILED)
        status_line(STATUS_NORMAL, NULL, NULL, "See 'systemctl status %s' for details.", unit_name(id));
}

/* ---- what a transaction had to drop -------------------------------------------------------- */

void log_report(const struct report *r)
{
    for (u32 i = 0; i < r->n; i++) {
        const struct report_line *l = &r->lines[i];
        BUF(text, 768);
        enum level level = report_text(l, &text);
        log_unit(l->unit, level, "%s", buf_end(&text));
        if (l->kind == REPORT_DELETED) {
            BUF(ident, 512);
            unit_ident(l->other, &ident);
            status_line(STATUS_NOTICE, "0;1;31", " SKIP ", "Ordering cycle found, skipping %s", buf_end(&ident));
        }
    }
}
