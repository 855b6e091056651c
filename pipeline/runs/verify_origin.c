/* The recorded run that had a result last: its spec, and what was set by -S. */
#include <lmpipe/verify.h>

#include <string.h>

#include "base/json.h"
#include "runs/history.h"

/** The stage of a run that has one of the results, or NULL. */
static const struct lm_recorded_stage *stage_of(size_t *maker, const struct lm_recorded *run,
                                                const struct lm_verify_maker *makers, size_t count)
{
    for (size_t i = 0; i < run->stage_count; i++)
        for (size_t k = 0; k < count && run->stages[i].is_keyed; k++)
            if (run->stages[i].output_count > 0 &&
                lm_digest_compare(&run->stages[i].key, &makers[k].key) == 0) {
                *maker = k;
                return &run->stages[i];
            }
    return NULL;
}

static const char *copy(struct lm_arena *arena, const struct lm_json *object, const char *name)
{
    const char *text = lm_json_string(lm_json_get(object, name), NULL);
    return text != NULL ? lm_arena_strdup(arena, text) : NULL;
}

/** False: out of memory. */
static bool copy_settings(struct lm_verify_origin *out, struct lm_arena *arena,
                          const struct lm_recorded *run)
{
    const char *text = lm_named_text_find(run->head, run->head_count, "settings");
    struct lm_json *list = NULL;
    bool whole = true;
    if (text == NULL || lm_json_parse(&list, text, strlen(text), NULL) != LM_OK)
        return true;
    out->settings = LM_NEW_ARRAY(arena, struct lm_setting, lm_json_count(list));
    for (size_t i = 0; i < lm_json_count(list) && out->settings != NULL; i++) {
        struct lm_setting *setting = &out->settings[out->setting_count++];
        setting->name = copy(arena, lm_json_at(list, i), "name");
        setting->value = copy(arena, lm_json_at(list, i), "value");
        whole = whole && setting->name != NULL && setting->value != NULL;
    }
    lm_json_free(list);
    return whole && out->settings != NULL;
}

static enum lm_status copy_origin(struct lm_verify_origin *out, struct lm_arena *arena,
                                  const struct lm_recorded *run,
                                  const struct lm_recorded_stage *stage, struct lm_err *err)
{
    out->run = lm_arena_strdup(arena, run->id);
    out->spec = lm_arena_strdup(arena, run->home);
    out->experiment = lm_arena_strdup(arena, run->experiment);
    out->stage = lm_arena_strdup(arena, stage->id);
    bool whole = copy_settings(out, arena, run) && out->run != NULL && out->spec != NULL &&
                 out->experiment != NULL && out->stage != NULL;
    return whole ? LM_OK : lm_fail(err, LM_NOMEM, "out of memory reading a run");
}

/** LM_NOT_FOUND: another run. */
static enum lm_status look_at(struct lm_verify_origin *out, struct lm_arena *arena,
                              const struct lm_history *history, size_t place,
                              const struct lm_verify_maker *makers, size_t count,
                              struct lm_err *err)
{
    struct lm_recorded run;
    struct lm_arena *scratch = lm_arena_create();
    enum lm_status status = LM_NOT_FOUND;
    if (scratch == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory reading a run");
    if (lm_recorded_read(&run, scratch, history->store, history->ids[place], NULL) == LM_OK) {
        const struct lm_recorded_stage *stage = stage_of(&out->maker, &run, makers, count);
        if (stage != NULL)
            status = copy_origin(out, arena, &run, stage, err);
    }
    lm_arena_free(scratch);
    return status;
}

enum lm_status lm_verify_origin(struct lm_verify_origin *out, struct lm_arena *arena,
                                const struct lm_store *store, const struct lm_verify_maker *makers,
                                size_t count, struct lm_err *err)
{
    struct lm_history history;
    struct lm_arena *own = lm_arena_create();
    *out = (struct lm_verify_origin){.maker = 0};
    if (own == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory reading runs");
    enum lm_status status = lm_history_load(&history, own, store, err);
    if (status == LM_OK && history.count == 0)
        status = LM_NOT_FOUND;
    bool found = status != LM_OK;
    for (size_t i = history.count; !found && i-- > 0;) {
        status = look_at(out, arena, &history, i, makers, count, err);
        found = status != LM_NOT_FOUND;
    }
    lm_history_release(&history);
    lm_arena_free(own);
    return status == LM_NOT_FOUND ? lm_fail(err, LM_NOT_FOUND, "no recorded run has this result")
                                  : status;
}
