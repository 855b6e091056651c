/** What `run` prints to stdout when it has ended. */
#ifndef LM_CLI_RUN_TABLE_H
#define LM_CLI_RUN_TABLE_H

#include "cli.h"

/** A line a stage: stage, state, time, headline; then the gates. Errors go to stderr. */
void lm_run_table_print(const struct lm_run_result *result, struct lm_cli *cli);
/** The paths of what was published, a line each. */
void lm_run_table_published(const struct lm_run_result *result, struct lm_cli *cli);
/** "hit", "done", "failed" …; borrowed. */
const char *lm_state_word(enum lm_state state);
/** Colour of a state for lm_stream_paint. */
const char *lm_state_color(enum lm_state state);

#endif
