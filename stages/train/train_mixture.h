/** A mixture of named sources: which documents of the token set are whose, and what was learnt of
 *  each. */
#ifndef LM_TRAIN_MIXTURE_H
#define LM_TRAIN_MIXTURE_H

#include <lmpipe/stage.h>

#include "base/json.h"
#include "train_data.h"
#include "train_params.h"

struct train_mixture {
    struct train_part *parts; /**< in the text's order; NULL: the mixture names no sources */
    double *weights;          /**< as they are given */
    size_t count;
};

/** Reads the file of sources (docs/formats/sources.md) into the arena and holds it against the
 *  mixture's names and the token set. LM_INVALID: an unknown name, or a source that is not named;
 *  LM_RANGE: a source without documents in train; LM_MISMATCH: the file is of another text;
 *  LM_FORMAT, LM_IO, LM_NOMEM. */
enum lm_status train_mixture_read(struct train_mixture *out, struct lm_arena *arena,
                                  const char *path, const struct train_params *params,
                                  uint64_t documents, struct lm_err *err);
/** The member "sources": of each its normalised weight, and the targets and epochs of the first
 *  `rows` rows. Nothing when no sources are named. */
void train_mixture_put(struct lm_json_writer *writer, const struct train_mixture *mixture,
                       const struct train_data *data, uint64_t rows);
/** The same as metrics: weight.NAME, tokens.NAME, epochs.NAME. */
void train_mixture_report(struct lm_ctx *ctx, const struct train_mixture *mixture,
                          const struct train_data *data, uint64_t rows);

#endif
