/**
 * The lines of a run's stages, a foldable part of the log each: groups of GitHub, sections of
 * GitLab. Neither may be interleaved, but stages are. So the stage that began first has the log:
 * its lines appear as they come. Those of the others are held back until they end, or have the log
 * themselves.
 */
#ifndef LM_CLI_CI_GROUPS_H
#define LM_CLI_CI_GROUPS_H

#include <stdbool.h>
#include <stdio.h>

#include "ci.h"

struct lm_groups;

/** NULL: memory is out, or the system has no such thing. `out` is borrowed. */
struct lm_groups *lm_groups_create(enum lm_ci_system system, FILE *out);
/** Writes what is held back, closes what is open, frees; NULL is fine. */
void lm_groups_free(struct lm_groups *groups);
/** A stage begins; one that has begun already (another attempt) goes on. */
void lm_groups_begin(struct lm_groups *groups, const char *stage);
/** A harmless line of a stage, without its end. False: the stage has not begun, or memory is out;
 *  then it is for the caller to write, outside (lm_groups_close). */
bool lm_groups_line(struct lm_groups *groups, const char *stage, const char *line);
/** A stage has ended: what is held back of it is written. What is written next stands outside. */
void lm_groups_end(struct lm_groups *groups, const char *stage);
/** What is written next stands outside of all parts. NULL is fine. */
void lm_groups_close(struct lm_groups *groups);

#endif
