/**
 * What an experiment's folder remembers, in ROOT/artifacts/<experiment>/.lmpipe: the spec that it
 * belongs to, and the key of each stage's last result. Runs of one spec may write at once: each
 * note is one appended line, and the last one of a stage counts (docs/formats/store.md).
 */
#ifndef LM_PLAN_LAST_H
#define LM_PLAN_LAST_H

#include "spec/spec.h"

struct lm_last {
    const char *stage;
    struct lm_digest key;
};

/** What is remembered, one row a stage, by name; *owner is the path of the spec below the root,
 * NULL when nobody's. What is damaged is forgotten; `experiment` is the folder's name. LM_IO,
 * LM_NOMEM. */
enum lm_status lm_last_load(struct lm_last **out, size_t *count, const char **owner,
                            struct lm_arena *arena, const char *root, const char *experiment,
                            struct lm_err *err);
/** Row of a stage, or NULL. */
const struct lm_last *lm_last_find(const struct lm_last *rows, size_t count, const char *stage);
/** Makes the experiment's folder the spec's, and writes its file anew without what was noted twice.
 *  LM_INVALID: it belongs to another spec that is still there (lm_spec_check_owner). LM_IO,
 *  LM_NOMEM. */
enum lm_status lm_last_claim(const struct lm_spec *spec, struct lm_err *err);
/** Notes the key of a stage's result; the folder is claimed. Not made durable: it only remembers.
 *  LM_IO. */
enum lm_status lm_last_note(const struct lm_spec *spec, const char *stage,
                            const struct lm_digest *key, struct lm_err *err);

#endif
