#include "runs/recorded.h"

#include <string.h>

#include "base/io.h"

enum { LARGEST = 1 << 30 };

static enum lm_status read_stage(struct lm_recorded_stage *out, struct lm_arena *arena,
                                 const struct lm_json *object)
{
    const struct lm_json *outputs = lm_json_get(object, "outputs");
    const char *key = lm_json_string(lm_json_get(object, "key"), NULL);
    LM_TRY(lm_named_text(&out->id, arena, lm_json_get(object, "stage")));
    LM_TRY(lm_named_text(&out->type, arena, lm_json_get(object, "type")));
    LM_TRY(lm_named_text(&out->state, arena, lm_json_get(object, "state")));
    out->version = lm_json_int(lm_json_get(object, "version"), 0);
    out->is_keyed = key != NULL;
    if (key != NULL && !lm_digest_parse(&out->key, key))
        return LM_FORMAT;
    if (outputs == NULL)
        return LM_OK;
    LM_TRY(lm_named_digests(&out->outputs, &out->output_count, arena, outputs));
    return lm_named_values(&out->metrics, &out->metric_count, arena,
                           lm_json_get(object, "metrics"));
}

static enum lm_status read_all(struct lm_recorded *out, struct lm_arena *arena,
                               const struct lm_json *root)
{
    const struct lm_json *stages = lm_json_get(root, "stages");
    out->stage_count = lm_json_count(stages);
    out->stages = LM_NEW_ARRAY(arena, struct lm_recorded_stage, out->stage_count);
    if (!lm_json_is_array(stages) || out->stages == NULL)
        return out->stages == NULL ? LM_NOMEM : LM_FORMAT;
    LM_TRY(lm_named_text(&out->id, arena, lm_json_get(root, "run")));
    LM_TRY(lm_named_text(&out->experiment, arena, lm_json_get(root, "experiment")));
    LM_TRY(lm_named_text(&out->home, arena, lm_json_get(lm_json_get(root, "spec"), "path")));
    for (size_t i = 0; i < out->stage_count; i++)
        LM_TRY(read_stage(&out->stages[i], arena, lm_json_at(stages, i)));
    return LM_OK;
}

enum lm_status lm_recorded_read(struct lm_recorded *out, struct lm_arena *arena,
                                const struct lm_store *store, const char *id, struct lm_err *err)
{
    char *text;
    size_t size;
    struct lm_json *root = NULL;
    struct lm_recorded recorded = {0};
    const char *path = lm_arena_printf(arena, "%s/runs/%s/run.json", lm_store_path(store), id);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to read run %s; free some", id);
    LM_TRY(lm_file_read(&text, &size, arena, path, LARGEST, err));
    enum lm_status status = lm_json_parse(&root, text, size, err);
    if (status == LM_OK)
        status = read_all(&recorded, arena, root);
    lm_json_free(root);
    if (status == LM_FORMAT)
        return lm_fail(err, LM_FORMAT, "%s is damaged; remove the run with 'lmpipe exp rm %s'",
                       path, id);
    if (status == LM_NOMEM)
        return lm_fail(err, LM_NOMEM, "no memory to read run %s; free some", id);
    *out = recorded;
    return status;
}
