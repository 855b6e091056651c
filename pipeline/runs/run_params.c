/* Parameters of a stage as a flat JSON object, for people and programs that compare runs. */
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "base/url.h"
#include "param/param_rows.h"
#include "runs/run_files.h"
#include "spec/matrix.h"
#include "yaml/scalar.h"

struct putting {
    struct lm_json_writer *writer;
    const struct lm_spec *spec;
    size_t stage;
};

/** A text without secrets: as it is written where ${env.NAME} stands in it, an address as keys show
 *  it, a path below the root from there. */
static void put_text(const struct putting *putting, const struct lm_param_leaf *leaf)
{
    struct lm_arena *arena = putting->spec->arena;
    struct lm_arena_mark mark = lm_arena_mark(arena);
    const struct lm_spec_value *given = lm_spec_value(putting->spec, putting->stage, leaf->name);
    const char *text;
    memcpy(&text, leaf->value, sizeof text);
    if (given != NULL && given->written != NULL)
        text = given->written;
    const char *below = leaf->type == LM_P_PATH ? lm_path_below(text, putting->spec->root) : NULL;
    text = leaf->type == LM_P_URL ? lm_url_show(arena, text) : below != NULL ? below : text;
    lm_json_put_bytes(putting->writer, text, strlen(text));
    lm_arena_rewind(arena, mark);
}

static void put_value(const struct putting *putting, const struct lm_param_leaf *leaf)
{
    struct lm_json_writer *writer = putting->writer;
    if (lm_param_is_unset(leaf->type, leaf->value))
        lm_json_put_null(writer);
    else if (leaf->type == LM_P_BOOL)
        lm_json_put_bool(writer, *(const bool *)leaf->value);
    else if (leaf->type == LM_P_INT || leaf->type == LM_P_SIZE)
        lm_json_put_int(writer, *(const int64_t *)leaf->value);
    else if (leaf->type == LM_P_FLOAT || leaf->type == LM_P_DURATION)
        lm_json_put_double(writer, *(const double *)leaf->value);
    else
        put_text(putting, leaf);
}

/** A list is its items; an empty one is said to be empty. */
static void put_leaf(void *user, const struct lm_param_leaf *leaf)
{
    const struct putting *putting = user;
    struct lm_list list = {.count = 1};
    if (leaf->type == LM_P_RECORD)
        return;
    if (leaf->type == LM_P_LIST)
        memcpy(&list, leaf->value, sizeof list);
    if (leaf->type == LM_P_LIST && list.count > 0)
        return;
    lm_json_key(putting->writer, leaf->name);
    if (leaf->type == LM_P_LIST) {
        lm_json_open(putting->writer, '[');
        lm_json_close(putting->writer, ']');
    } else {
        put_value(putting, leaf);
    }
}

static void put_axis(struct lm_json_writer *writer, const struct lm_axis *axis,
                     const struct lm_axis_value *value)
{
    const struct lm_node *node =
        value->node->kind == LM_NODE_MAP ? lm_node_get(value->node, "name") : value->node;
    struct lm_scalar scalar = lm_scalar_resolve(node->text, node->plain);
    lm_json_key(writer, axis->name);
    if (scalar.type == LM_SCALAR_INT)
        lm_json_put_int(writer, scalar.integer);
    else if (scalar.type == LM_SCALAR_FLOAT)
        lm_json_put_double(writer, scalar.real);
    else if (scalar.type == LM_SCALAR_BOOL)
        lm_json_put_bool(writer, scalar.boolean);
    else
        lm_json_put_bytes(writer, node->text, strlen(node->text));
}

/** The values of the matrix that an instance stands for. */
static void put_point(struct lm_json_writer *writer, const struct lm_spec *spec,
                      const struct lm_spec_stage *stage)
{
    uint64_t axes = spec->families[stage->family].axes;
    if (axes == 0 || stage->point == NULL)
        return;
    lm_json_key(writer, "point");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < spec->matrix->axis_count; i++) {
        size_t a = spec->matrix->by_name[i];
        const struct lm_axis *axis = &spec->matrix->axes[a];
        if (axes >> a & 1)
            put_axis(writer, axis, &axis->values[stage->point[a]]);
    }
    lm_json_close(writer, '}');
}

void lm_run_params_put(struct lm_json_writer *writer, const struct lm_spec *spec, size_t i)
{
    const struct lm_spec_stage *stage = &spec->stages[i];
    struct putting putting = {.writer = writer, .spec = spec, .stage = i};
    put_point(writer, spec, stage);
    if (stage->type->flags & LM_STAGE_SEED)
        lm_json_member_int(writer, "seed", (int64_t)stage->seed);
    if (stage->type->flags & LM_STAGE_NUMERIC)
        lm_json_member_string(writer, "numerics", stage->portable ? "portable" : "blas");
    lm_json_key(writer, "params");
    lm_json_open(writer, '{');
    lm_params_walk(stage->type->params, stage->params, put_leaf, &putting);
    lm_json_close(writer, '}');
}
