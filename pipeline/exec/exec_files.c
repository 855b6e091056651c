/* What a run leaves: published results, decisions on gates, run.json, run.html, files for CI. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/new_file.h"
#include "exec/exec.h"
#include "exec/publish.h"

typedef void write_fn(struct lm_buf *out, const struct lm_run_facts *facts);

static const struct page {
    const char *name;
    write_fn *write;
    const char *end; /**< of a whole one; NULL: of a CI job, which always writes it */
    bool named;      /**< worth naming to people */
} pages[] = {
    {"run.html", lm_run_page_write, "</html>\n", true},
    {"junit-run.xml", lm_run_junit_write, NULL, true},
    {"metrics.json", lm_run_metrics_write, NULL, true},
    {"provenance.json", lm_run_provenance_write, NULL, true},
    {"summary.md", lm_run_job_summary_write, NULL, true},
    {"run.json", lm_run_record_write, "}\n", false}}; /* the last: says that the rest is there */

enum { PAGES = sizeof pages / sizeof pages[0], RECORD = PAGES - 1 };

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory ending the run");
}

static enum lm_status fill_rows(const struct lm_exec *exec, struct lm_run_result *out,
                                struct lm_err *err)
{
    out->rows = LM_NEW_ARRAY(exec->arena, struct lm_run_row, exec->spec->stage_count);
    if (out->rows == NULL)
        return no_memory(err);
    for (size_t i = 0; i < exec->spec->stage_count; i++) {
        const struct lm_run_stage *stage = &exec->stages[i];
        const struct lm_plan_stage *planned = &exec->now.stages[i];
        if (!planned->selected)
            continue;
        out->rows[out->row_count++] = (struct lm_run_row){
            .stage = exec->spec->stages[i].id,
            .state = stage->state,
            .seconds = stage->execution != NULL ? stage->execution->seconds : 0,
            .headline = planned->record != NULL ? planned->record->headline : "",
            .error = stage->error};
    }
    return LM_OK;
}

static int exit_code(const struct lm_exec *exec, const struct lm_run_result *result)
{
    if (exec->killed)
        return 128 + exec->stop_signal;
    if (exec->broken != NULL)
        return 3;
    if (exec->differs != NULL)
        return 6;
    if (exec->failed)
        return 1;
    for (size_t i = 0; i < exec->spec->stage_count; i++)
        if (exec->stages[i].state == LM_STOPPED)
            return 75;
    if (exec->irreproducible)
        return 6;
    return lm_gates_exit_code(result->gates, result->gate_count);
}

static const char *state_word(int code, size_t executed)
{
    if (code == 75 || code > 128)
        return "interrupted";
    return code != 0 ? "failed" : executed > 0 ? "done" : "hit";
}

/** Takes away what an earlier run has left. */
static enum lm_status drop(const char *path, struct lm_err *err)
{
    if (lm_path_is_dir(path))
        return lm_dir_remove(path, err);
    return unlink(path) == 0 || errno == ENOENT
               ? LM_OK
               : lm_fail_errno(err, errno, "cannot remove %s", path);
}

/** A run is not worse for want of its page. One without a word is none. */
static void write_page(struct lm_exec *exec, const char *path, const struct page *page,
                       const struct lm_run_facts *facts)
{
    struct lm_buf buf;
    struct lm_err err = {LM_OK, ""};
    lm_buf_init(&buf, 0);
    page->write(&buf, facts);
    enum lm_status status = buf.size > 0 || buf.failed
                                ? lm_new_file_write_buf(path, &buf, LM_NEW_ASIDE, &err)
                                : drop(path, &err);
    if (status != LM_OK)
        lm_exec_note(exec, NULL, err.text);
    lm_buf_release(&buf);
}

/** Is it a file of its own, to its end? */
static bool is_whole(const char *path, const char *end)
{
    char tail[16];
    struct stat info = {0};
    const size_t size = strlen(end);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool whole = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (size_t)info.st_size >= size &&
                 lm_read_at(fd, tail, size, (uint64_t)info.st_size - size) == size &&
                 memcmp(tail, end, size) == 0;
    close(fd);
    return whole;
}

/** Do the pages that are there tell of this run's results and end, each of them whole? */
static bool are_told(const struct lm_exec *exec, const char *folder)
{
    for (size_t i = 0; i < PAGES; i++) {
        const char *path = lm_path_join(exec->arena, folder, pages[i].name);
        if (path == NULL || (pages[i].end != NULL && !is_whole(path, pages[i].end)) ||
            (i == RECORD && !lm_run_record_tells(path, &exec->facts)))
            return false;
    }
    return true;
}

/** One page of a run: written when it is `due`. Of an earlier job of CI, which this run is none
 * of, it goes then. */
static void leave_page(struct lm_exec *exec, struct lm_run_result *out, const struct page *page,
                       const char *path, bool due)
{
    bool is_here = page->end != NULL || exec->options->ci;
    if (is_here && due)
        write_page(exec, path, page, &exec->facts);
    else if (!is_here && due)
        drop(path, NULL);
    if (is_here && page->named && lm_path_exists(path))
        out->published[out->published_count++] = path;
}

/** Beside what is published: when something ran, or they tell of a run with other results or
 * another end, or one is damaged, and always for a job of CI. Else they stay: they say how long it
 * took what ran. */
static void write_pages(struct lm_exec *exec, struct lm_run_result *out)
{
    const char *folder = lm_publish_folder(exec->arena, exec->spec);
    if (folder == NULL || out->published == NULL || lm_dir_create(folder, NULL) != LM_OK)
        return;
    bool due = exec->options->ci || exec->executed > 0 || !are_told(exec, folder);
    for (size_t i = 0; i < PAGES; i++) {
        const char *path = lm_path_join(exec->arena, folder, pages[i].name);
        if (path != NULL)
            leave_page(exec, out, &pages[i], path, due);
    }
}

/** What the command line shows of a run of CI beside its table. */
static void tell_job(struct lm_exec *exec, struct lm_run_result *out,
                     const struct lm_run_facts *facts)
{
    struct lm_buf buf;
    if (!exec->options->ci)
        return;
    lm_run_findings(&out->findings, exec->arena, facts, NULL);
    lm_buf_init(&buf, 0);
    lm_run_job_summary_write(&buf, facts);
    if (lm_buf_status(&buf, NULL) == LM_OK)
        out->summary = lm_arena_strndup(exec->arena, buf.data, buf.size);
    lm_buf_release(&buf);
}

/** What an earlier run published of a stage that has no result now: a CI job must not take it for
 *  its own, and people are told. */
static void take_stale(void *user, size_t stage, const char *path)
{
    struct lm_exec *exec = user;
    bool gone = exec->options->ci && drop(path, NULL) == LM_OK;
    const char *text = lm_arena_printf(exec->arena,
                                       gone ? "%s was of an earlier result and has been removed"
                                            : "%s is of an earlier result; this run has none",
                                       path);
    if (text != NULL)
        lm_exec_note(exec, &exec->tasks[stage], text);
}

static enum lm_status forget(size_t *removed, struct lm_arena *arena, const char *folder,
                             const char *name, struct lm_err *err)
{
    const char *path = lm_path_join(arena, folder, name);
    struct stat info;
    if (path == NULL)
        return no_memory(err);
    if (lstat(path, &info) != 0)
        return LM_OK;
    LM_TRY(drop(path, err));
    ++*removed;
    return LM_OK;
}

enum lm_status lm_run_forget(const struct lm_spec *spec, size_t *removed, struct lm_err *err)
{
    struct lm_arena *arena = spec->arena;
    struct lm_lasts lasts;
    const char *folder = lm_publish_folder(arena, spec);
    *removed = 0;
    if (folder == NULL)
        return no_memory(err);
    LM_TRY(lm_last_load(&lasts, arena, spec->root, spec->experiment, err));
    if (lasts.owner == NULL || lm_spec_check_owner(spec, lasts.owner, NULL) != LM_OK)
        return LM_OK;
    for (size_t i = 0; i < PAGES; i++)
        LM_TRY(forget(removed, arena, folder, pages[i].name, err));
    for (size_t i = 0; i < spec->stage_count; i++)
        for (size_t k = 0; k < spec->stages[i].publish_count; k++)
            LM_TRY(forget(removed, arena, folder, spec->stages[i].publish[k].path, err));
    return LM_OK;
}

static void tell_gone(void *user, const char *path)
{
    struct lm_exec *exec = user;
    const char *text =
        lm_arena_printf(exec->arena, "%s: removed, the matrix has no such point now", path);
    if (text != NULL)
        lm_exec_note(exec, NULL, text);
}

/** A run that is not as locked publishes nothing, and takes away what a job of CI must not take for
 *  its own. */
static void publish_nothing(struct lm_exec *exec, struct lm_run_result *out)
{
    struct lm_err err = {LM_OK, ""};
    size_t removed = 0;
    if (!exec->options->ci)
        return; /* nor are there pages, for want of room to name them */
    out->published = LM_NEW_ARRAY(exec->arena, const char *, PAGES);
    if (lm_run_forget(exec->spec, &removed, &err) != LM_OK)
        lm_exec_note(exec, NULL, err.text);
}

static void publish(struct lm_exec *exec, struct lm_run_result *out)
{
    struct lm_err err = {LM_OK, ""};
    if (exec->differs != NULL) {
        publish_nothing(exec, out);
        return;
    }
    if (lm_publish_all(&exec->now, exec->arena, &out->published, &out->published_count, PAGES,
                       &err) != LM_OK)
        lm_exec_break(exec, err.text);
    lm_publish_each_stale(&exec->now, exec->arena, take_stale, exec);
    lm_publish_remove_gone(&exec->now, exec->arena, tell_gone, exec);
}

/** A few stored bytes are read again by every run that made some, when nobody needs them any more:
 * what is found damaged is made anew next time. */
static void look_for_rot(struct lm_exec *exec)
{
    enum { OBJECTS = 4 };

    if (exec->executed > 0 && exec->broken == NULL && !exec->killed)
        lm_store_sample(exec->store, OBJECTS);
    lm_exec_tell_damage(exec);
}

enum lm_status lm_exec_leave(struct lm_exec *exec, struct lm_run_result *out, struct lm_err *err)
{
    struct lm_run_result result = {
        .arena = exec->arena, .id = exec->id, .executed = exec->executed};
    struct lm_run_facts *facts = &exec->facts;
    struct lm_err forgetful = {LM_OK, ""};
    facts->executed = exec->executed;
    facts->result = &result;
    lm_exec_keep_costs(exec);
    LM_TRY(lm_plan_decide(&result.gates, &exec->now, err));
    result.gate_count = exec->spec->gate_count;
    publish(exec, &result);
    facts->published = result.published_count;
    look_for_rot(exec);
    lm_exec_lock_write(exec);
    LM_TRY(fill_rows(exec, &result, err));
    result.exit_code = exit_code(exec, &result);
    result.error = exec->broken != NULL ? exec->broken : exec->differs;
    facts->seconds = (double)(lm_clock_monotonic_ns() - exec->begin_ns) * 1e-9;
    facts->state = state_word(result.exit_code, exec->executed);
    if (lm_run_root_keep(facts, true, &forgetful) != LM_OK ||
        lm_run_keep_end(facts, &forgetful) != LM_OK)
        lm_exec_note(exec, NULL, forgetful.text);
    write_pages(exec, &result);
    tell_job(exec, &result, facts);
    facts->result = NULL; /* it is the caller's from here on */
    struct lm_run_event event = {
        .kind = LM_EV_RUN_END, .text = facts->state, .value = facts->seconds};
    lm_events_emit(&exec->events, &event, true);
    *out = result;
    return LM_OK;
}
