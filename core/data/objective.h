/** What a model was trained to do with examples, and which of them it has not seen: objective.json
 *  of a model's folder (docs/formats/model.md). A language model has no such file. */
#ifndef LM_DATA_OBJECTIVE_H
#define LM_DATA_OBJECTIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "data/examples.h"

enum lm_objective_kind {
    LM_OBJECTIVE_LM,
    LM_OBJECTIVE_CLASSIFY,
    LM_OBJECTIVE_TRANSLATE,
    LM_OBJECTIVE_SIMILAR,
    LM_OBJECTIVES
};

/** "lm", "classify", "translate", "similar", NULL: for parameter tables. */
extern const char *const lm_objective_names[];
/** Objective by name; LM_OBJECTIVES for a name that is none. */
enum lm_objective_kind lm_objective_find(const char *name);

struct lm_objective {
    enum lm_objective_kind kind;
    const char *pooling;            /**< similar: a name of <lmpipe/model.h> */
    const char *pair_loss;          /**< similar: likewise */
    double temperature;             /**< similar, contrastive */
    int64_t length;                 /**< most tokens of a row */
    double valid, test;             /**< shares of the examples held out */
    double lowest, highest;         /**< similar: the scores' range */
    struct lm_example_text *labels; /**< classify: their names in the order of the head's rows */
    size_t label_count;
};

/** How examples of this objective are read. */
struct lm_example_options lm_objective_examples(const struct lm_objective *objective);

/** Writes folder/objective.json; equal objectives give equal bytes. LM_IO, LM_NOMEM. */
enum lm_status lm_objective_save(const struct lm_objective *objective, const char *folder,
                                 struct lm_err *err);
/** Reads it into the arena; kind is LM_OBJECTIVE_LM when there is no such file. LM_FORMAT with what
 *  is wrong, LM_IO, LM_NOMEM. */
enum lm_status lm_objective_load(struct lm_objective *out, struct lm_arena *arena,
                                 const char *folder, struct lm_err *err);

#endif
