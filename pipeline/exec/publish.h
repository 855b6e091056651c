/** Copies of results below artifacts/<experiment>/, where people look for them. */
#ifndef LM_EXEC_PUBLISH_H
#define LM_EXEC_PUBLISH_H

#include "plan/plan.h"

/** "<root>/artifacts/<experiment>" in the arena; NULL: out of memory. */
const char *lm_publish_folder(struct lm_arena *arena, const struct lm_spec *spec);

/** Copies what the spec publishes of stages that are up to date, when it is not there already. A
 *  file is replaced at once, a folder as a whole: what is not of the result is not in it
 * afterwards. What is of another kind (a folder where a file belongs, a link) is moved to NAME.old
 * beside it. *out: the paths, with room for `spare` more, in the arena. LM_IO, LM_NOMEM. */
enum lm_status lm_publish_all(const struct lm_plan *plan, struct lm_arena *arena, const char ***out,
                              size_t *count, size_t spare, struct lm_err *err);

/** Calls `visit` for every published path that is there although its stage, which was selected, has
 *  no result now: it is of an earlier one. */
/** Removes the folders of instances that the spec has no more: what a run of all of it, without
 *  -S, published before. Calls `visit` for each. */
void lm_publish_remove_gone(const struct lm_plan *plan, struct lm_arena *arena,
                            void (*visit)(void *user, const char *path), void *user);
void lm_publish_each_stale(const struct lm_plan *plan, struct lm_arena *arena,
                           void (*visit)(void *user, size_t stage, const char *path), void *user);

#endif
