#include "report_lineage.h"

#include <stdio.h>
#include <string.h>

#include "report_input.h"
#include "report_page.h"
#include "report_text.h"

enum { LONGEST_CHAIN = 16, STAGE_ID = 128 };

/* ---- the wiring ---- */

static const struct lm_json *stage_of(const struct report *report, const char *id)
{
    return id != NULL ? lm_json_get(lm_json_get(report->experiment, "stages"), id) : NULL;
}

/* The stage of the i-th artifact at a port ("base.model" is of base); NULL: none is connected. */
static const char *producer(struct report *report, const struct lm_json *wiring, const char *port,
                            size_t i)
{
    const char *artifact = lm_json_string(lm_json_at(lm_json_get(wiring, port), i), NULL);
    const char *dot = artifact != NULL ? strrchr(artifact, '.') : NULL;
    return dot != NULL ? lm_arena_strndup(report->arena, artifact, (size_t)(dot - artifact)) : NULL;
}

static const struct lm_json *inputs_of(const struct report *report, const char *id)
{
    return lm_json_get(stage_of(report, id), "in");
}

static bool is_type(const struct report *report, const char *id, const char *type)
{
    const char *uses = id != NULL ? report_stage_type(report, id) : NULL;
    return uses != NULL && strcmp(uses, type) == 0;
}

/* The stage whose model was evaluated; else the one that wrote the log. */
static const char *model_stage(struct report *report)
{
    const struct lm_json *own = lm_json_get(report->experiment, "in");
    const char *scores = producer(report, own, "scores", 0);
    const char *model = producer(report, inputs_of(report, scores), "model", 0);
    return model != NULL ? model : producer(report, own, "log", 0);
}

/* ---- what a training began from, and what it was trained on ---- */

/* Is a parameter that names a file or folder given? Its value is in no fact. */
static bool has_file(const struct report *report, const char *id, const char *param)
{
    const struct lm_json *files = lm_json_get(stage_of(report, id), "files");
    for (size_t i = 0; i < lm_json_count(files); i++) {
        const char *name = lm_json_string(lm_json_at(files, i), NULL);
        if (name != NULL && strcmp(name, param) == 0)
            return true;
    }
    return false;
}

static const char *init_text(struct report *report, const char *id)
{
    const struct lm_json *stage = stage_of(report, id), *params = lm_json_get(stage, "params");
    const char *digest = lm_json_string(lm_json_get(lm_json_get(params, "init"), "sha256"), NULL);
    const char *init = producer(report, lm_json_get(stage, "in"), "init", 0);
    if (init != NULL)
        return report_say(report, TEXT_MODEL_OF_STAGE, init);
    if (digest != NULL && digest[0] != '\0')
        return report_say(report, TEXT_STORED_MODEL_OF, digest);
    if (has_file(report, id, "init.path"))
        return report_say(report, TEXT_STORED_MODEL);
    return report_say(report, TEXT_RANDOM_WEIGHTS,
                      report_exact_text(lm_json_get(stage, "seed")).text);
}

/* The stages of all data ports, in their order. */
static const char *data_text(struct report *report, const char *id)
{
    static const char *const ports[] = {"tokens", "more", "extra_tokens", "examples"};
    const struct lm_json *wiring = inputs_of(report, id);
    const char *text = "";
    for (size_t p = 0; p < sizeof ports / sizeof ports[0]; p++)
        for (size_t i = 0; i < lm_json_count(lm_json_get(wiring, ports[p])); i++) {
            const char *stage = producer(report, wiring, ports[p], i);
            if (stage == NULL)
                continue;
            text = text[0] != '\0' ? report_say(report, TEXT_LIST, text, stage) : stage;
        }
    return text;
}

/* "; its embeddings and 2 lowest layers were frozen", "; objective classify" */
static const char *options_text(struct report *report, const char *id)
{
    const struct lm_json *params = report_stage_params(report, id);
    const char *objective = lm_json_string(lm_json_get(params, "objective"), NULL);
    int64_t frozen = lm_json_int(lm_json_get(params, "frozen_layers"), 0);
    struct lm_num layers = lm_num_count(frozen);
    const char *ice = frozen <= 0  ? ""
                      : frozen > 1 ? report_say(report, TEXT_FROZEN_MANY, layers.text)
                                   : report_say(report, TEXT_FROZEN_ONE);
    if (objective == NULL || strcmp(objective, "lm") == 0)
        return ice;
    return report_say(report, TEXT_OF_OBJECTIVE, objective, ice);
}

static const char *stage_sentence(struct report *report, const char *id)
{
    const char *type = report_stage_type(report, id);
    if (!is_type(report, id, "train"))
        return report_say(report, TEXT_BROUGHT_IN, id, type != NULL ? type : "?");
    const char *data = data_text(report, id);
    if (data[0] == '\0')
        data = report_say(report, TEXT_DATA_NOT_KNOWN);
    return report_say(report, TEXT_TRAINED, id, init_text(report, id), data,
                      options_text(report, id));
}

/* ---- all of it ---- */

/* Does the data section describe the only data? Then the text of the tokens is the card's. */
static bool is_described(struct report *report, const char *id)
{
    const struct lm_json *wiring = inputs_of(report, id);
    const struct lm_json *own = lm_json_get(report->experiment, "in");
    const char *tokens = producer(report, wiring, "tokens", 0);
    const char *text = producer(report, inputs_of(report, tokens), "text", 0);
    const char *card = producer(report, own, "card", 0);
    bool is_more = producer(report, wiring, "more", 0) != NULL ||
                   producer(report, wiring, "extra_tokens", 0) != NULL ||
                   producer(report, wiring, "examples", 0) != NULL ||
                   producer(report, wiring, "init", 0) != NULL || has_file(report, id, "init.path");
    return !is_more && text != NULL && card != NULL && strcmp(text, card) == 0;
}

static bool is_selected(const struct report *report, const char *id)
{
    const struct lm_json *params = report_stage_params(report, id);
    const char *keep = lm_json_string(lm_json_get(params, "keep"), NULL);
    return keep != NULL && strcmp(keep, "best") == 0;
}

static const char *last_sentence(const struct report *report, bool is_known)
{
    if (!is_known)
        return report_say(report, TEXT_TRAINED_ON_UNKNOWN);
    if (report->lineage.is_described)
        return report_say(report, TEXT_TRAINED_ON_CARD);
    return report_say(report, report->card != NULL ? TEXT_CARD_IS_NOT_ALL : TEXT_NO_CARD);
}

enum lm_status report_lineage_find(struct report *report, struct lm_err *err)
{
    struct report_lineage *lineage = &report->lineage;
    const char *id = model_stage(report);
    bool is_known = id != NULL;
    lineage->train = is_type(report, id, "train") ? id : NULL;
    lineage->is_selected = is_selected(report, lineage->train);
    lineage->is_described = lineage->train != NULL && is_described(report, id);
    lineage->text = "";
    if (lineage->train != NULL) {
        lineage->init = init_text(report, id);
        lineage->data = data_text(report, id);
    }
    for (size_t k = 0; id != NULL && k < LONGEST_CHAIN; k++) {
        lineage->text = report_join(report, lineage->text, stage_sentence(report, id));
        id = producer(report, inputs_of(report, id), "init", 0);
    }
    lineage->text = report_join(report, lineage->text, last_sentence(report, is_known));
    return !*report->lacks_memory ? LM_OK
                                  : lm_fail(err, LM_NOMEM,
                                            "no memory for the model's history; free some and run "
                                            "again");
}
