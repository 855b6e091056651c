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

/** All that is remembered, in an arena. */
struct lm_lasts {
    struct lm_last *rows; /**< one a stage */
    size_t count;
    const char *owner;         /**< path of the spec below the root; NULL: nobody's */
    struct lm_name_map places; /**< of rows, by stage */
};

/** Reads what is remembered: nothing when there is no file. What is damaged is forgotten;
 *  `experiment` is the folder's name. LM_IO, LM_NOMEM. */
enum lm_status lm_last_load(struct lm_lasts *out, struct lm_arena *arena, const char *root,
                            const char *experiment, struct lm_err *err);
/** Row of a stage, or NULL. */
const struct lm_last *lm_last_find(const struct lm_lasts *lasts, const char *stage);
/** Makes the experiment's folder the spec's, and writes its file anew when half of it was noted
 *  twice. `known`: what it said a moment ago, or NULL. LM_INVALID: it belongs to another spec that
 * is still there (lm_spec_check_owner). LM_IO, LM_NOMEM. */
enum lm_status lm_last_claim(const struct lm_spec *spec, const struct lm_lasts *known,
                             struct lm_err *err);
/** Notes the key of a stage's result; the folder is claimed. Not made durable: it only remembers.
 *  LM_IO. */
enum lm_status lm_last_note(const struct lm_spec *spec, const char *stage,
                            const struct lm_digest *key, struct lm_err *err);

#endif
