/** Examples of good text for the classifier: files, folders of them, texts of other clean stages.
 */
#ifndef LM_STAGES_CLEAN_POSITIVE_H
#define LM_STAGES_CLEAN_POSITIVE_H

#include <stddef.h>

#include <lmpipe/stage.h>

#include "clean_params.h"

/** The input that takes texts of other stages. */
#define CLEAN_POSITIVE_PORT "positive"

/** Takes a document, borrowed. */
typedef enum lm_status clean_positive_fn(void *user, const void *text, size_t size,
                                         struct lm_err *err);

/** Hands all documents over in one order: those of the input's train splits, then those of
 *  `positive`: of JSON lines the member "text", of any other file the whole. LM_FORMAT: a file is
 *  neither; LM_CANCELLED, LM_IO, LM_NOMEM, what `take` fails with. */
enum lm_status clean_positive_each(const struct clean_classifier_params *params, struct lm_ctx *ctx,
                                   clean_positive_fn *take, void *user, struct lm_err *err);

#endif
