#include "data/objective.h"

#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"

#define FILE_NAME "objective.json"

enum { VERSION = 1, LARGEST = 64 << 20 };

const char *const lm_objective_names[] = {"lm", "classify", "translate", "similar", NULL};

static const enum lm_example_form forms[LM_OBJECTIVES] = {
    [LM_OBJECTIVE_CLASSIFY] = LM_EXAMPLE_CHOICE,
    [LM_OBJECTIVE_TRANSLATE] = LM_EXAMPLE_GENERATE,
    [LM_OBJECTIVE_SIMILAR] = LM_EXAMPLE_SIMILARITY,
};

enum lm_objective_kind lm_objective_find(const char *name)
{
    size_t kind = 0;
    while (kind < LM_OBJECTIVES && strcmp(lm_objective_names[kind], name) != 0)
        kind++;
    return (enum lm_objective_kind)kind;
}

struct lm_example_options lm_objective_examples(const struct lm_objective *objective)
{
    return (struct lm_example_options){.form = forms[objective->kind],
                                       .valid = objective->valid,
                                       .test = objective->test,
                                       .lowest = objective->lowest,
                                       .highest = objective->highest};
}

/* ---- writing ---- */

static void put_similar(struct lm_json_writer *writer, const struct lm_objective *objective)
{
    lm_json_member_string(writer, "pooling", objective->pooling);
    lm_json_member_string(writer, "pair_loss", objective->pair_loss);
    lm_json_member_double(writer, "temperature", objective->temperature);
    lm_json_member_double(writer, "lowest", objective->lowest);
    lm_json_member_double(writer, "highest", objective->highest);
}

static void put_labels(struct lm_json_writer *writer, const struct lm_objective *objective)
{
    lm_json_key(writer, "labels");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < objective->label_count; i++)
        lm_json_put_bytes(writer, objective->labels[i].data, objective->labels[i].size);
    lm_json_close(writer, ']');
}

enum lm_status lm_objective_save(const struct lm_objective *objective, const char *folder,
                                 struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena == NULL ? NULL : lm_path_join(arena, folder, FILE_NAME);
    struct lm_buf out;
    struct lm_json_writer writer;
    lm_buf_init(&out, LARGEST);
    lm_json_begin(&writer, &out, true);
    lm_json_open(&writer, '{');
    lm_json_member_int(&writer, "lmpipe_objective", VERSION);
    lm_json_member_string(&writer, "objective", lm_objective_names[objective->kind]);
    lm_json_member_int(&writer, "length", objective->length);
    lm_json_member_double(&writer, "valid", objective->valid);
    lm_json_member_double(&writer, "test", objective->test);
    if (objective->kind == LM_OBJECTIVE_SIMILAR)
        put_similar(&writer, objective);
    if (objective->kind == LM_OBJECTIVE_CLASSIFY)
        put_labels(&writer, objective);
    lm_json_close(&writer, '}');
    lm_buf_putc(&out, '\n');
    enum lm_status status = path == NULL ? lm_fail(err, LM_NOMEM, "out of memory for " FILE_NAME)
                                         : lm_file_write_buf(path, &out, err);
    lm_buf_release(&out);
    lm_arena_free(arena);
    return status;
}

/* ---- reading ---- */

static enum lm_status take_labels(struct lm_objective *out, struct lm_arena *arena,
                                  const struct lm_json *list, struct lm_err *err)
{
    out->label_count = lm_json_count(list);
    out->labels = LM_NEW_ARRAY(arena, struct lm_example_text, out->label_count);
    if (!lm_json_is_array(list) || out->label_count < 2)
        return lm_fail(err, LM_FORMAT, "\"labels\" must name two at least; train again");
    for (size_t i = 0; i < out->label_count && out->labels != NULL; i++) {
        size_t size = 0;
        const char *text = lm_json_string(lm_json_at(list, i), &size);
        if (text == NULL)
            return lm_fail(err, LM_FORMAT, "a label is no text; train again");
        out->labels[i] = (struct lm_example_text){lm_arena_strndup(arena, text, size), size};
        if (out->labels[i].data == NULL)
            out->labels = NULL;
    }
    return out->labels != NULL ? LM_OK
                               : lm_fail(err, LM_NOMEM, "out of memory for labels; give fewer");
}

static enum lm_status take_similar(struct lm_objective *out, struct lm_arena *arena,
                                   const struct lm_json *root, struct lm_err *err)
{
    const char *pooling = lm_json_string(lm_json_get(root, "pooling"), NULL);
    const char *pair_loss = lm_json_string(lm_json_get(root, "pair_loss"), NULL);
    out->temperature = lm_json_double(lm_json_get(root, "temperature"), 0);
    out->lowest = lm_json_double(lm_json_get(root, "lowest"), 0);
    out->highest = lm_json_double(lm_json_get(root, "highest"), 0);
    if (pooling == NULL || pair_loss == NULL || !(out->temperature > 0) ||
        !(out->lowest < out->highest))
        return lm_fail(err, LM_FORMAT,
                       "pooling, pair_loss, temperature, lowest or highest is not sound; train "
                       "again");
    out->pooling = lm_arena_strdup(arena, pooling);
    out->pair_loss = lm_arena_strdup(arena, pair_loss);
    return out->pooling != NULL && out->pair_loss != NULL
               ? LM_OK
               : lm_fail(err, LM_NOMEM, "out of memory for names; free some");
}

static enum lm_status take(struct lm_objective *out, struct lm_arena *arena,
                           const struct lm_json *root, struct lm_err *err)
{
    struct lm_objective objective = {0};
    const char *name = lm_json_string(lm_json_get(root, "objective"), NULL);
    objective.kind = name != NULL ? lm_objective_find(name) : LM_OBJECTIVES;
    objective.length = lm_json_int(lm_json_get(root, "length"), 0);
    objective.valid = lm_json_double(lm_json_get(root, "valid"), -1);
    objective.test = lm_json_double(lm_json_get(root, "test"), -1);
    if (lm_json_int(lm_json_get(root, "lmpipe_objective"), 0) != VERSION)
        return lm_fail(err, LM_FORMAT, "not an objective of version 1; train again");
    if (objective.kind == LM_OBJECTIVE_LM || objective.kind == LM_OBJECTIVES)
        return lm_fail(err, LM_FORMAT, "\"objective\" is not a known one; train again");
    if (objective.length < 1 || !(objective.valid >= 0) || !(objective.test >= 0) ||
        !(objective.valid + objective.test < 1))
        return lm_fail(err, LM_FORMAT, "length, valid or test is out of range; train again");
    if (objective.kind == LM_OBJECTIVE_SIMILAR)
        LM_TRY(take_similar(&objective, arena, root, err));
    if (objective.kind == LM_OBJECTIVE_CLASSIFY)
        LM_TRY(take_labels(&objective, arena, lm_json_get(root, "labels"), err));
    *out = objective;
    return LM_OK;
}

enum lm_status lm_objective_load(struct lm_objective *out, struct lm_arena *arena,
                                 const char *folder, struct lm_err *err)
{
    struct lm_json *root = NULL;
    char *text = NULL;
    size_t size = 0;
    const char *path = lm_path_join(arena, folder, FILE_NAME);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for " FILE_NAME);
    if (!lm_path_exists(path)) {
        *out = (struct lm_objective){.kind = LM_OBJECTIVE_LM};
        return LM_OK;
    }
    LM_TRY(lm_file_read(&text, &size, arena, path, LARGEST, err));
    enum lm_status status = lm_json_parse(&root, text, size, err);
    if (status == LM_OK)
        status = take(out, arena, root, err);
    if (status != LM_OK)
        lm_wrap(err, status, FILE_NAME " of the model");
    lm_json_free(root);
    return status;
}
