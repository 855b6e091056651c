/** What evaluate knows of a task while it is at it, and what each kind adds. */
#ifndef LM_EVALUATE_TASK_KIND_H
#define LM_EVALUATE_TASK_KIND_H

#include <lmpipe/rng.h>

#include "compare/item_record.h"
#include "evaluate_scores.h"
#include "task_calibration.h"
#include "task_groups.h"
#include "task_score.h"

/** One task; arrays by item, in the evaluation's arena. */
struct task_run {
    struct evaluation *evaluation;
    struct task_scorer *scorer;
    struct lm_task task;
    struct lm_task_items items;
    struct task_groups groups;
    struct task_probe *probes; /**< of the items, one after another */
    size_t *first;             /**< (items + 1) the first probe of each */
    double *score, *nll;       /**< of the item records */
    int64_t *choice;           /**< choice: the first of the best */
    bool *tie;
    struct lm_text *outputs;             /**< generate */
    struct task_calibration calibration; /**< choice */
    bool *touched;   /**< shares a run of tokens with the training text; NULL: not asked */
    size_t untested; /**< too short to be looked for */
    double headline; /**< the metric of the headline; NaN: not defined */
};

/** How tasks of a kind are scored. */
struct task_kind {
    const char *metric; /**< of the headline, "acc" */
    const char *title;  /**< how people call it, "accuracy" */
    /** What the model makes of the items. LM_NUMERIC, LM_CANCELLED, LM_NOMEM. */
    enum lm_status (*score)(struct task_run *run, struct lm_err *err);
    /** Puts the metrics under the scores' prefix, which is the task's name. */
    enum lm_status (*put)(struct scores *scores, struct task_run *run, struct lm_err *err);
    /** What of an item's record applies beside id and group, and the members behind it. */
    void (*record)(struct lm_item_record *out, const struct task_run *run, size_t item);
    void (*put_item)(struct lm_json_writer *writer, const struct task_run *run, size_t item);
    /** Appends what the metrics mean. */
    void (*sign)(struct lm_buf *out, const struct task_run *run);
};

/** By enum lm_task_kind. */
extern const struct task_kind task_stream, task_choice, task_cloze, task_generate, task_similarity;

/** Makes and scores the probes: `count` of each item, filled in by `fill`. */
enum lm_status
task_run_probes(struct task_run *run, size_t (*count)(const struct task_run *, size_t),
                void (*fill)(const struct task_run *, size_t item, struct task_probe *probes),
                struct lm_err *err);
/** The draws behind intervals: of items ("items"), the same for all metrics, or of "groups". */
struct lm_rng task_stream_of(const struct task_run *run, const char *what);
/** Accuracy from run->score, with its intervals, by group, and clustered; run->headline. */
enum lm_status task_put_accuracy(struct scores *scores, struct task_run *run, struct lm_err *err);
/** How much more a model scores than a baseline does on the same items, `theirs` by item, put as
 *  "NAME.diff": accuracies with the interval of paired shares, and over new groups of the first
 *  level. LM_NOMEM, LM_CANCELLED. */
enum lm_status task_put_over(struct scores *scores, const struct task_run *run, const char *name,
                             const double *theirs, struct lm_err *err);
/** hits / count with Wilson's interval, put as `name`. */
void task_put_wilson(struct scores *scores, const char *name, double hits, double count);
/** A ratio of sums over items with its bootstrap interval, put as `name` after `scale`. */
enum lm_status task_put_ratio(struct scores *scores, const struct task_run *run, const char *name,
                              const double *over, const double *under, double (*scale)(double),
                              struct lm_err *err);
/** Counts of items that were cut from the left, and of continuations that begin inside a token. */
void task_put_counts(struct scores *scores, const struct task_run *run, bool with_straddlers);
/** Items with a tie. */
void task_put_ties(struct scores *scores, const struct task_run *run);
/** The share of the most frequent of `count` texts. */
enum lm_status task_majority(double *out, struct lm_arena *arena, const struct lm_text *texts,
                             size_t count, struct lm_err *err);
/** A text as a member: at most 200 bytes of it, its beginning or its end, at a character's border.
 */
void task_put_text(struct lm_json_writer *writer, const char *key, struct lm_text text,
                   bool is_end);

#endif
