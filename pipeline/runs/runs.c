/* The promise of include/lmpipe/runs.h. */
#include <lmpipe/runs.h>

#include "base/io.h"
#include "runs/export.h"
#include "runs/history.h"

static enum lm_status export_run(struct lm_arena *arena, struct lm_store *store, const char *name,
                                 const char *path, size_t *left, struct lm_err *err)
{
    struct lm_history history;
    struct lm_recorded run;
    struct lm_baseline baseline;
    struct lm_buf out;
    const char *id = NULL;
    LM_TRY(lm_history_load(&history, arena, store, err));
    LM_TRY(lm_history_find(&id, &history, name, err));
    LM_TRY(lm_recorded_read(&run, arena, store, id, err));
    LM_TRY(lm_export(&baseline, left, arena, store, &run, err));
    lm_buf_init(&out, 0);
    lm_baseline_write(&out, &baseline);
    enum lm_status status = lm_buf_status(&out, err);
    if (status == LM_OK)
        status = lm_file_write_atomic(path, out.data, out.size, err);
    lm_buf_release(&out);
    return status == LM_NOT_FOUND ? LM_IO : status; /* of a file to write: its folder */
}

enum lm_status lm_run_export(struct lm_store *store, const char *run, const char *path,
                             size_t *left, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    enum lm_status status = arena != NULL
                                ? export_run(arena, store, run, path, left, err)
                                : lm_fail(err, LM_NOMEM, "no memory to export the run; free some");
    lm_arena_free(arena);
    return status;
}
