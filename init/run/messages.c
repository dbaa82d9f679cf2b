/* SPDX-License-Identifier: 0BSD
 *
 * What people are told of jobs: one sentence for the log and one line for the console, as systemd
 * words them. */
#include "run.h"

struct words { const char *starting, *stopping, *started, *start_failed, *start_timeout, *stopped, *stop_failed, *stop_timeout; };
static const struct words generic = { "Starting %s...", "Stopping %s...", "Started %s.", "Failed to start %s.",
                                      "Timed out starting %s.", "Stopped %s.", "Stopped %s with error.",
                                      "Timed out stopping %s." };
static const struct words words[UNIT_TYPES] = {
    [UNIT_SERVICE] = { .stop_failed = "Stopped (with error) %s." },
    [UNIT_MOUNT] = { "Mounting %s...", "Unmounting %s...", "Mounted %s.", "Failed to mount %s.", "Timed out mounting %s.",
                     "Unmounted %s.", "Failed unmounting %s.", "Timed out unmounting %s." },
    [UNIT_SWAP] = { "Activating swap %s...", "Deactivating swap %s...", "Activated swap %s.", "Failed to activate swap %s.",
                    "Timed out activating swap %s.", "Deactivated swap %s.", "Failed deactivating swap %s.",
                    "Timed out deactivating swap %s." },
    [UNIT_TARGET] = { .started = "Reached target %s.", .stopped = "Stopped target %s." },
    [UNIT_DEVICE] = { .starting = "Expecting device %s...", .started = "Found device %s.",
                      .start_timeout = "Timed out waiting for device %s." },
    [UNIT_SLICE] = { .started = "Created slice %s.", .stopped = "Removed slice %s." },
};
#define WORDS(id, which) (words[UNIT(id)->type].which ? words[UNIT(id)->type].which : generic.which)

void unit_ident(unit_id id, struct buf *out)
{
    const char *description = unit_text(id, D_Description);
    buf_z(out, unit_name(id));
    if (description && !STREQ(description, unit_name(id)))
        buf_fmt(out, " - %s", description);
}

static const struct { enum level level; const char *color, *word; } result_words[] = {
    [RESULT_DONE] = { LOG_INFO, "0;32", "  OK  " }, [RESULT_CANCELED] = { LOG_INFO, NULL, NULL },
    [RESULT_TIMEOUT] = { LOG_ERR, "0;1;31", " TIME " }, [RESULT_FAILED] = { LOG_ERR, "0;1;31", "FAILED" },
    [RESULT_DEPENDENCY] = { LOG_WARNING, "0;1;33", "DEPEND" }, [RESULT_SKIPPED] = { LOG_NOTICE, "0;1;39", " INFO " },
    [RESULT_INVALID] = { LOG_INFO, NULL, NULL }, [RESULT_ASSERT] = { LOG_WARNING, "0;1;33", "ASSERT" },
    [RESULT_UNSUPPORTED] = { LOG_WARNING, "0;1;33", "UNSUPP" }, [RESULT_COLLECTED] = { LOG_INFO, NULL, NULL },
    [RESULT_ONCE] = { LOG_ERR, "0;1;31", " ONCE " },
};

static const char *sentence(unit_id id, int type, int result)
{
    if (type == JOB_START) {
        if (result == RESULT_DONE && UNIT(id)->type == UNIT_SERVICE && unit_int(id, D_Type) == SERVICE_ONESHOT)
            return "Finished %s.";
        switch (result) {
        case RESULT_DONE: return WORDS(id, started);
        case RESULT_FAILED: return WORDS(id, start_failed);
        case RESULT_TIMEOUT: return WORDS(id, start_timeout);
        case RESULT_DEPENDENCY: return "Dependency failed for %s.";
        case RESULT_ASSERT: return "Assertion failed for %s.";
        case RESULT_UNSUPPORTED: return "Starting of %s unsupported.";
        default: return NULL;
        }
    }
    if (type == JOB_STOP || type == JOB_RESTART)
        return result == RESULT_DONE ? WORDS(id, stopped) : result == RESULT_FAILED ? WORDS(id, stop_failed)
             : result == RESULT_TIMEOUT ? WORDS(id, stop_timeout) : NULL;
    if (type == JOB_RELOAD)
        return result == RESULT_DONE ? "Reloaded %s." : result == RESULT_FAILED ? "Reload failed for %s."
             : result == RESULT_TIMEOUT ? "Timed out reloading %s." : NULL;
    return type == JOB_VERIFY_ACTIVE && result == RESULT_SKIPPED ? "%s is inactive." : NULL;
}

static void put_sentence(struct buf *b, const char *format, unit_id id)
{
    const char *at = strstr(format, "%s");
    buf_put(b, format, (size_t)(at - format));
    unit_ident(id, b);
    buf_z(b, at + 2);
}

void message_started(unit_id id)
{
    int type = jobs[id].type;
    BUF(line, 768);
    if (type == JOB_RELOAD)
        put_sentence(&line, "Reloading %s...", id);
    else
        put_sentence(&line, type == JOB_START ? WORDS(id, starting) : WORDS(id, stopping), id);
    log_line(LOG_INFO, "%s", buf_end(&line));
    if (type != JOB_RELOAD)
        status_line(STATUS_NORMAL, NULL, "", "%s", line.p);
}

void message_finished(const struct finished *f)
{
    unit_id id = f->unit;
    const char *format = f->already ? NULL : sentence(id, f->type, f->result);
    bool skipped = f->type == JOB_START && f->result == RESULT_DONE && !RT(id)->condition_ok && !is_active(unit_active[id]);
    if (f->result == RESULT_TIMEOUT || f->result == RESULT_DEPENDENCY)
        log_unit(id, LOG_NOTICE, "Job %s/%s failed with result '%s'.", unit_name(id), name_of(job_type_names, f->type),
                 name_of(job_result_names, f->result));
    if (!format || skipped)
        return;
    BUF(line, 768);
    put_sentence(&line, format, id);
    log_line(result_words[f->result].level, "%s", buf_end(&line));
    if (f->type == JOB_RELOAD || !result_words[f->result].word)
        return;
    status_line(f->result == RESULT_DONE ? STATUS_NORMAL : STATUS_NOTICE, result_words[f->result].color,
                result_words[f->result].word, "%s", line.p);
    if (f->type == JOB_START && f->result == RESULT_FAILED)
        status_line(STATUS_NORMAL, NULL, NULL, "See 'systemctl status %s' for details.", unit_name(id));
}

/* ---- what a transaction had to drop -------------------------------------------------------- */

void log_report(const struct report *r)
{
    for (u32 i = 0; i < r->n; i++) {
        const struct report_line *l = &r->lines[i];
        const char *type = name_of(job_type_names, l->type), *other = name_of(job_type_names, l->other_type);
        switch ((enum report_kind)l->kind) {
        case REPORT_CYCLE:
        case REPORT_CYCLE_MORE:
            log_unit(l->unit, LOG_WARNING, "Found %s on %s/%s", l->kind == REPORT_CYCLE ? "ordering cycle" : "dependency",
                     unit_name(l->other), other);
            break;
        case REPORT_DELETED: {
            BUF(ident, 512);
            log_unit(l->unit, LOG_ERR, "Job %s/%s deleted to break ordering cycle starting with %s/%s",
                     unit_name(l->other), other, unit_name(l->unit), type);
            unit_ident(l->other, &ident);
            status_line(STATUS_NOTICE, "0;1;31", " SKIP ", "Ordering cycle found, skipping %s", buf_end(&ident));
            break;
        }
        case REPORT_UNBREAKABLE:
            log_unit(l->unit, LOG_ERR, "Unable to break cycle starting with %s/%s", unit_name(l->unit), type);
            break;
        case REPORT_IGNORED:
            log_unit(l->unit, LOG_WARNING, "Cannot add dependency job for unit %s, ignoring: %s", unit_name(l->unit),
                     l->error == -ENOENT ? "a unit it requires was not found" : l->error == -ERFKILL ? "a unit it requires is masked"
                     : l->error == -ENOEXEC ? "bad unit file setting"
                     : l->error == -EDEADLK ? "it would undo a job that is not to be undone" : strerror(-l->error));
            break;
        }
    }
}
