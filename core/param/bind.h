/** Stage types whose parameters declare what they make. */
#ifndef LM_PARAM_BIND_H
#define LM_PARAM_BIND_H

#include <lmpipe/arena.h>
#include <lmpipe/stage.h>

/** The type with the outputs and metrics that these parameters declare: a copy in the arena, or
 *  `type` itself when it declares them alone. NULL: out of memory. */
const struct lm_stage *lm_stage_bind(const struct lm_stage *type, const void *params,
                                     struct lm_arena *arena);
/** Do two bound types have outputs of the same names and kinds, in one order? */
bool lm_stage_has_outputs_of(const struct lm_stage *a, const struct lm_stage *b);

#endif
