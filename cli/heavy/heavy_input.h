/** Text that a command reads. */
#ifndef LM_CLI_HEAVY_INPUT_H
#define LM_CLI_HEAVY_INPUT_H

#include <lmpipe/status.h>

#include "base/buf.h"

/** Appends the whole file at `path`, or all of standard input when it is NULL or "-". LM_NOT_FOUND,
 * LM_IO, LM_NOMEM. */
enum lm_status lm_heavy_input(struct lm_buf *out, const char *path, struct lm_err *err);

#endif
