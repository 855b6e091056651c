/** What a program has made: is it there and of its shape, and which numbers does it hold? */
#ifndef LM_COMMAND_OUTPUTS_H
#define LM_COMMAND_OUTPUTS_H

#include <lmpipe/stage.h>

#include "command_params.h"

/** LM_INVALID: an output is missing, or a folder where a file is meant, or the reverse; a file of
 *  scores is no flat JSON of numbers. The numbers are metrics of the stage. LM_IO, LM_NOMEM. */
enum lm_status command_outputs_take(struct lm_ctx *ctx, const struct command_params *params,
                                    struct lm_err *err);

#endif
