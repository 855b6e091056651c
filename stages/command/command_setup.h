/** What a program runs with: its folder with copies of files, its arguments, its environment. */
#ifndef LM_COMMAND_SETUP_H
#define LM_COMMAND_SETUP_H

#include <lmpipe/stage.h>

#include "command_guard.h"
#include "command_params.h"

/** Makes the folder and home, copies the files, fills in the places of the arguments; all in the
 *  arena of the context. LM_INVALID: an argument cannot be filled in; LM_IO, LM_NOMEM. */
enum lm_status command_setup(struct command_start *out, struct lm_ctx *ctx,
                             const struct command_params *params, struct lm_err *err);

#endif
