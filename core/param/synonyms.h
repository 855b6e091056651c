/** What else things are called: lists of names separated by spaces, such as struct lm_param.also.
 */
#ifndef LM_PARAM_SYNONYMS_H
#define LM_PARAM_SYNONYMS_H

#include <stdbool.h>

#include <lmpipe/arena.h>
#include <lmpipe/param.h>

#include "base/buf.h"

/** Is `word` in the list (NULL: empty)? Case, _ and - do not count: learningRate is learning_rate.
 */
bool lm_synonyms_have(const char *list, const char *word);
/** Appends "; also called learning_rate, lr_max"; nothing for NULL. */
void lm_synonyms_print(struct lm_buf *out, const char *list);
/** What was probably meant by `word`, which is no row of rows[]: a row that is also called so, a
 *  row nearly called so, or one in a record ("split.valid"). In the arena, or borrowed; NULL:
 *  nothing is near. */
const char *lm_param_meant(struct lm_arena *arena, const struct lm_param *rows, const char *word);

#endif
