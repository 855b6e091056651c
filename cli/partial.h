/** `--partial`: what a stage has so far, in place of its result. */
#ifndef LM_CLI_PARTIAL_H
#define LM_CLI_PARTIAL_H

#include "loaded.h"

/** The row of commands that can show it. */
#define LM_PARTIAL_ROW                                                                             \
    {                                                                                              \
        .name = "partial", .kind = LM_O_FLAG, .offset = offsetof(struct lm_spec_args, partial),    \
        .help = "of a training that has not ended: what its newest checkpoint holds"               \
    }

/** Opens it when `args` ask for it and the stage has no result yet, and says on stderr of which
 * step it is; *out NULL: the result is to be shown. A stage that has just ended is planned again,
 * in `loaded`. LM_EXIT_OK, or the exit status after the error was printed. lm_partial_close is the
 * caller's, before the plan is freed. */
int lm_partial_look(struct lm_partial **out, struct lm_loaded *loaded, struct lm_cli *cli,
                    size_t stage, const struct lm_spec_args *args);

#endif
