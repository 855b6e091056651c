/** What `log` prints of a stage: notes, curve, how it ended; also while it runs. */
#ifndef LM_CLI_LOG_SHOW_H
#define LM_CLI_LOG_SHOW_H

#include "loaded.h"

struct lm_log_show {
    bool follow; /**< until the stage has ended, also in a run that takes it up again */
    bool json;   /**< the events as they are kept, a line each, and how it ended */
};

/** Prints the newest log of a stage. LM_EXIT_OK, or the exit status after the error was printed. */
int lm_log_show(struct lm_cli *cli, const struct lm_loaded *loaded, size_t stage,
                const struct lm_log_show *how);

#endif
