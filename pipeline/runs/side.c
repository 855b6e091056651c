#include "runs/side.h"

#include <string.h>

#include "base/io.h"
#include "runs/events.h"
#include "runs/run_files.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to set runs beside one another; free some");
}

/* ---- baselines ---- */

static enum lm_status open_baseline(struct lm_side *out, struct lm_arena *arena, const char *path,
                                    struct lm_err *err)
{
    struct lm_baseline *baseline = LM_NEW(arena, struct lm_baseline);
    if (baseline == NULL)
        return no_memory(err);
    LM_TRY(lm_baseline_read(baseline, arena, path, err));
    struct lm_recorded *run = &out->run;
    *run = (struct lm_recorded){
        .experiment = baseline->experiment,
        .home = path,
        .stages = LM_NEW_ARRAY(arena, struct lm_recorded_stage, baseline->stage_count),
        .stage_count = baseline->stage_count};
    if (run->stages == NULL)
        return no_memory(err);
    lm_name_map_init(&run->by_id, arena);
    for (size_t i = 0; i < run->stage_count; i++) {
        const struct lm_baseline_stage *from = &baseline->stages[i];
        run->stages[i] = (struct lm_recorded_stage){.id = from->id,
                                                    .type = from->type,
                                                    .version = from->version,
                                                    .state = "unknown",
                                                    .outputs = from->outputs,
                                                    .output_count = from->output_count,
                                                    .metrics = from->metrics,
                                                    .metric_count = from->metric_count};
        if (!lm_name_map_put(&run->by_id, from->id, i))
            return no_memory(err);
    }
    out->baseline = baseline;
    return LM_OK;
}

/* ---- names ---- */

static enum lm_status open_whole(struct lm_side *out, struct lm_history *history, const char *name,
                                 struct lm_err *err)
{
    size_t place = 0;
    *out = (struct lm_side){.name = name, .label = name, .only = SIZE_MAX};
    if (lm_baseline_is_one(name))
        return open_baseline(out, history->arena, name, err);
    LM_TRY(lm_history_find(&place, history, name, err));
    LM_TRY(lm_recorded_read(&out->run, history->arena, history->store, history->ids[place], err));
    out->is_run = out->has_params = true;
    bool is_tag = false;
    for (size_t i = 0; i < history->tag_count; i++)
        is_tag = is_tag || strcmp(history->tags[i].name, name) == 0;
    out->label = is_tag || lm_path_exists(name) ? name : out->run.id;
    return LM_OK;
}

static enum lm_status find_stage(struct lm_side *side, struct lm_arena *arena, const char *id,
                                 struct lm_err *err)
{
    bool is_spec = side->is_run && lm_path_exists(side->name);
    const char *whose =
        lm_arena_printf(arena, "%s%s", is_spec ? "the last run of " : "", side->name);
    return whose != NULL ? lm_recorded_find(&side->only, arena, &side->run, whose, id, err)
                         : no_memory(err);
}

enum lm_status lm_side_find(struct lm_side *out, struct lm_history *history, const char *name,
                            struct lm_err *err)
{
    const char *colon = strrchr(name, ':');
    enum lm_status status = open_whole(out, history, name, err);
    if (status != LM_INVALID || colon == NULL || colon == name || colon[1] == '\0')
        return status;
    const char *left = lm_arena_strndup(history->arena, name, (size_t)(colon - name));
    if (left == NULL)
        return no_memory(err);
    LM_TRY(open_whole(out, history, left, err));
    LM_TRY(find_stage(out, history->arena, colon + 1, err));
    out->name = name;
    return LM_OK;
}

/* ---- what a spec says now ---- */

/** Reads back what a line of a record would tell of a stage, so that both are told alike. */
static enum lm_status read_planned(struct lm_recorded_stage *out, struct lm_arena *arena,
                                   const struct lm_plan *plan, size_t i, struct lm_buf *room,
                                   struct lm_err *err)
{
    struct lm_json *root = NULL;
    const struct lm_plan_stage *planned = &plan->stages[i];
    lm_buf_clear(room);
    lm_run_parameters_put(room, plan->spec, i);
    LM_TRY(lm_buf_status(room, err));
    LM_TRY(lm_json_parse(&root, room->data, room->size, err));
    enum lm_status status = lm_recorded_read_stage(out, arena, root);
    lm_json_free(root);
    root = NULL;
    if (status != LM_OK || !planned->keyed)
        return status == LM_OK ? LM_OK : no_memory(err);
    out->state = lm_state_name(planned->state);
    lm_buf_clear(room);
    lm_run_key_put(room, planned);
    LM_TRY(lm_buf_status(room, err));
    LM_TRY(lm_json_parse(&root, room->data, room->size, err));
    status = lm_recorded_read_key(out, arena, root);
    lm_json_free(root);
    return status == LM_OK ? LM_OK : no_memory(err);
}

enum lm_status lm_side_of_plan(struct lm_side *out, struct lm_arena *arena,
                               const struct lm_plan *plan, struct lm_err *err)
{
    const struct lm_spec *spec = plan->spec;
    enum lm_status status = LM_OK;
    struct lm_buf room;
    *out = (struct lm_side){
        .name = spec->path,
        .run = {.experiment = spec->experiment,
                .home = spec->home,
                .stages = LM_NEW_ARRAY(arena, struct lm_recorded_stage, spec->stage_count)},
        .has_params = true,
        .only = SIZE_MAX};
    if (out->run.stages == NULL)
        return no_memory(err);
    lm_name_map_init(&out->run.by_id, arena);
    lm_buf_init(&room, 0);
    for (size_t i = 0; i < spec->stage_count && status == LM_OK; i++) {
        struct lm_recorded_stage *stage = &out->run.stages[out->run.stage_count];
        if (!plan->stages[i].selected)
            continue;
        status = read_planned(stage, arena, plan, i, &room, err);
        if (status == LM_OK && !lm_name_map_put(&out->run.by_id, stage->id, out->run.stage_count++))
            status = no_memory(err);
    }
    lm_buf_release(&room);
    return status;
}

const struct lm_recorded_stage *lm_side_stage(const struct lm_side *side, const char *id)
{
    size_t place = side->only != SIZE_MAX ? side->only : lm_name_map_find(&side->run.by_id, id);
    return place != SIZE_MAX ? &side->run.stages[place] : NULL;
}
