/** A plan: the state of every stage, updated as upstream results become known. */
#ifndef LM_PLAN_PLAN_H
#define LM_PLAN_PLAN_H

#include "base/buf.h"
#include "plan/forecast.h"
#include "plan/last.h"
#include "spec/spec.h"
#include "store/lock.h"
#include "store/store.h"

struct lm_plan_stage {
    bool selected, forced;
    enum lm_state state; /**< LM_HIT, LM_RUN, LM_MAYBE, LM_RESUME before running */
    int64_t resume; /**< LM_RESUME: position of its checkpoint; LM_RUN: of the state from which it
                       continues, or -1 */
    uint64_t all_steps;      /**< of the stage, when it has a prefix */
    uint64_t kept;           /**< bytes of what it reads on which work is kept; at most so many */
    bool has_prefix;         /**< it may begin from a state, or leave one: */
    struct lm_digest prefix; /**< what that is named by */
    const char *reason;
    bool keyed; /**< key and key_text are known */
    struct lm_digest key;
    const char *key_text;
    struct lm_record *record;     /**< LM_HIT and finished stages */
    const struct lm_digest *last; /**< key of the last result, or NULL */
    const char *last_text;        /**< its key text, once asked for; NULL: no longer in the store */
    const struct lm_record *last_record; /**< of it, once asked for; or NULL */
    bool last_asked;
    const char *stuck; /**< it can't be executed: nothing is left to choose from; NULL: it can */
    bool lost; /**< while a plan is made: the key has a record whose objects are not sound */
    struct lm_estimate estimate; /**< by its type; of a stage that is selected and no hit */
    struct lm_forecast forecast; /**< likewise; of a hit only the sizes */
};

struct lm_plan {
    const struct lm_spec *spec;
    struct lm_store *store;
    struct lm_lock lock; /**< shares the store, when the options say so */
    struct lm_arena *arena;
    const struct lm_plan_options *options;
    struct lm_plan_stage *stages; /**< parallel to spec->stages */
    struct lm_taken *taken;       /**< likewise: the inputs they take */
    const struct lm_probe *probe; /**< what the worker knows; NULL until a stage asked */
    const char *numerics_blas, *numerics_portable; /**< of it */
    bool is_whole;                                 /**< all stages are selected */
    struct lm_against *against; /**< what was decided against the baseline (plan/against.h) */
    struct lm_lasts last;
    size_t processors, memory; /**< lm_machine_limits */
    struct lm_likes *likes;    /**< what stages have cost; NULL until a stage is to run */
    struct lm_plan_totals totals;
    bool is_trusting; /**< records are taken as they are, and their objects verified at the end;
                         files as they were when the spec was read */
    struct lm_arena **kept; /**< what threads found out for it */
    size_t kept_count;
    struct lm_diag_list
        warnings; /**< refused: what the first is about keeps `run` from beginning */
    bool refused;
    const char *cramped; /**< it will not fit on the disk, and what to do; NULL: it will */
};
/** Computes key, state and reason of a stage once all its inputs have records (their stages are
 *  LM_HIT or LM_DONE); else LM_MAYBE, or LM_RUN when it is certain without them. Called by
 *  lm_plan_create for all, and by the executor whenever an upstream stage has finished. LM_IO: a
 *  file that the parameters name cannot be read; LM_NOT_FOUND: no worker for the probe. */
enum lm_status lm_plan_update(struct lm_plan *plan, size_t stage, struct lm_err *err);

/** Key text of the last result of a stage; NULL when there is none or it is gone. */
const char *lm_plan_last_text(struct lm_plan *plan, size_t stage);
/** Key text with what is known now, in the plan's arena: without input lines unless keyed. */
const char *lm_plan_known_text(struct lm_plan *plan, size_t stage, struct lm_err *err);

/** Finds out which of its inputs a stage takes, once all it depends on has ended: plan->taken.
 *  LM_NOT_FOUND: there is nothing left to choose from, and why. LM_NOMEM. */
enum lm_status lm_plan_take(struct lm_plan *plan, size_t stage, struct lm_err *err);
/** What was chosen and why, a line each: "chose model@lr=0.001: best model by …"; "" for nothing.
 *  In the plan's arena. */
const char *lm_plan_choices(const struct lm_plan *plan, size_t stage);
/** Is the result of this stage known and here? */
bool lm_plan_is_settled(const struct lm_plan *plan, size_t stage);
/** The first output that the stage's type declares and the record lacks (made by a version without
 *  it: a miss); NULL: it is whole. */
const struct lm_port *lm_plan_lacking(const struct lm_plan *plan, size_t stage,
                                      const struct lm_record *record);
/** Has this stage ended as far as gates are concerned: is its result here, will there be none? */
bool lm_plan_has_ended(const struct lm_plan *plan, size_t stage);
/** Decides all gates by the records of their stages, in the plan's arena, parallel to spec->gates:
 *  the one place where a gate is decided. Gates of stages that have not ended are undecided. */
enum lm_status lm_plan_decide(struct lm_gate_row **out, const struct lm_plan *plan,
                              struct lm_err *err);
/** Appends the JSON of lm_ctx_experiment for a stage that is keyed. */
enum lm_status lm_plan_write_experiment(struct lm_buf *out, const struct lm_plan *plan,
                                        size_t stage, struct lm_err *err);

/** What a stage has made: its result, or what it would be of a checkpoint. */
struct lm_plan_made {
    const struct lm_plan *plan;
    size_t stage;
    const struct lm_record *record; /**< sealed; NULL: nothing */
    const char *folder;             /**< its files are below out/ here; NULL: in the store */
};
/** As lm_plan_artifact. */
enum lm_status lm_plan_artifact_of(const struct lm_plan_made *made, const char *port,
                                   const char *name, const char **path, const char **manifest,
                                   struct lm_err *err);

/** lm_spec_check_pins of a stage, by the digests that the store remembers. */
void lm_plan_check_pins(const struct lm_plan *plan, size_t stage, struct lm_diag_list *diags);

/** Fills in `selected` and `forced`. LM_NOT_FOUND: a stage of that name does not exist. */
enum lm_status lm_plan_select(struct lm_plan *plan, const struct lm_selection *selection,
                              struct lm_err *err);

#endif
