/**
 * The live view of a run, on stderr. On a terminal: one line per running stage, redrawn in place at
 * most 8 times a second, below the lines that stay. Else plain lines at changes of state and every
 * 10 seconds; or the events as JSON, a line each; or nothing.
 */
#ifndef LM_CLI_LIVE_H
#define LM_CLI_LIVE_H

#include "cli.h"

struct lm_live;

/** What --progress may be, by enum lm_progress. */
extern const char *const lm_progress_names[];

/** `progress` is the user's wish; AUTO becomes the terminal view or plain lines. The view borrows
 *  `cli`. NULL when memory is out. */
struct lm_live *lm_live_create(const struct lm_cli *cli, enum lm_progress progress);
/** Takes the moving lines away and frees the view; NULL is fine. */
void lm_live_free(struct lm_live *live);
/** The lm_run_event_fn; `user` is the struct lm_live. */
void lm_live_event(void *user, const struct lm_run_event *event);

#endif
