/** What a lock file has to do with a plan: which one is a spec's, whether results are as it pins
 *  them, and how it is brought up to date. */
#ifndef LM_PLAN_LOCKED_H
#define LM_PLAN_LOCKED_H

#include "plan/lock_file.h"
#include "plan/plan.h"

/** The lock file of a spec. */
struct lm_locked {
    const char *path;  /**< absolute, links resolved */
    const char *shown; /**< for people: beside the spec as they typed it */
    bool is_there;
    struct lm_lockfile file; /**< what it says; nothing when it is not there */
};

/** What writing changed: stages. */
struct lm_locked_changes {
    size_t added, changed, removed;
};

/** Finds and reads it. LM_INVALID: the spec has none (it is standard input), it is damaged, a link
 *  that leads nowhere, or of another version, or cannot be read. LM_NOMEM. */
enum lm_status lm_locked_open(struct lm_locked *out, struct lm_arena *arena,
                              const struct lm_spec *spec, struct lm_err *err);
/** Why a stage cannot be as locked, which can be known before it runs: it is not in the file, its
 *  type or the type's version is another, a source from here is another, or a local file is not
 *  what the spec pins it to. Texts in the plan's arena; no text when there is no reason. LM_IO,
 *  LM_NOMEM. */
enum lm_status lm_locked_expect(struct lm_diag *why, const struct lm_locked *locked,
                                const struct lm_plan *plan, size_t stage, struct lm_err *err);
/** Likewise of the result of a stage, which the plan has: an output is another than the one that is
 *  pinned, or what a source gave. */
enum lm_status lm_locked_compare(struct lm_diag *why, const struct lm_locked *locked,
                                 const struct lm_plan *plan, size_t stage, struct lm_err *err);
/** Brings the file up to date with the results of the stages that are selected, all of which have
 *  one: their blocks are written anew, others stay. When the whole spec is selected as it is typed,
 *  without -S, the blocks of stages that it has no more go. The file is read again first, and
 *  stays untouched when it says all that already; several may write it at once. LM_INVALID: what is
 *  there by now cannot be read; LM_IO, LM_NOMEM. */
enum lm_status lm_locked_write(const struct lm_locked *locked, const struct lm_plan *plan,
                               struct lm_locked_changes *changes, struct lm_err *err);

#endif
