/**
 * Many runs beside one another: what differs in them, how good each is, which differences the items
 * they were scored on can show, how much seeds vary, and what each cost. Used by the stage type
 * compare and by the command that compares recorded runs: records in, one struct out, which
 * compare_page.h writes.
 *
 * Two sources of variance are kept apart everywhere. Intervals over items (documents, examples)
 * say what other items of the kind would give; intervals over repeats (seeds) say what other
 * trainings would. Neither covers the other.
 */
#ifndef LM_COMPARE_COMPARISON_H
#define LM_COMPARE_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/name_map.h"
#include "compare/pairing.h"
#include "stats/spread.h"

/* ---- what goes in ---- */

/** A parameter as text. */
struct lm_compare_param {
    const char *name, *value;
};

/** A score as a number: "valid.bpb". */
struct lm_compare_number {
    const char *name;
    double value;
};

/** Items of a run that are in memory already: those of items/FILE. */
struct lm_compare_items {
    const char *file;
    struct lm_items items;
};

/** A run; all borrowed. */
struct lm_compare_run {
    /** What it is called, no two alike. As "lr=0.001,seed=2", also behind "NAME@", it gives the
     *  values of axes; anything else is a name. Bytes may be written as %XX. */
    const char *label;
    const struct lm_compare_param *params; /**< beside those that the scores tell */
    size_t param_count;
    const struct lm_json *scores;           /**< flat object; or NULL */
    const struct lm_compare_number *values; /**< instead of it */
    size_t value_count;
    const char *items;                    /**< folder of evaluate's items, or NULL */
    const struct lm_compare_items *given; /**< instead of a folder */
    size_t given_count;
    const char *log;    /**< file of train's log, or NULL */
    const char *failed; /**< why it has neither, in words; or NULL */
};

/** Of what and how. */
struct lm_compare_options {
    const char *title;          /**< of the page */
    const char *metric;         /**< "valid.bpb" */
    enum lm_better better;      /**< LM_BETTER_NONE: the metric's own */
    const char *reference;      /**< label or id of the run all are compared to; NULL: the best */
    const char *const *repeats; /**< names of axes that only repeat: seeds */
    size_t repeat_count;
    double confidence; /**< 0.95 */
    size_t resamples;
    uint64_t seed;
    bool (*is_cancelled)(void *user); /**< NULL: never */
    void *user;
    struct lm_pool *pool; /**< threads that take part; NULL: the caller's alone */
};

/* ---- what comes out ---- */

/** An axis: its values in order, numbers by size, then text by bytes. */
struct lm_compare_axis {
    const char *name;
    bool is_number, is_log, is_repeat; /**< is_log: steps are factors */
    size_t count, capacity;
    const char **texts;
    double *numbers;            /**< NaN for text */
    struct lm_name_map by_text; /**< places of texts */
};

/** A metric of the table. */
struct lm_compare_column {
    const char *name;
    bool has_interval;
};

/** "better", "worse", "no difference shown", "the reference", "not compared". */
enum lm_compare_verdict {
    LM_VERDICT_BETTER,
    LM_VERDICT_WORSE,
    LM_VERDICT_NO_DIFFERENCE,
    LM_VERDICT_REFERENCE,
    LM_VERDICT_NOT_COMPARED,
    LM_VERDICTS
};

extern const char *const lm_compare_verdict_words[LM_VERDICTS];

enum lm_compare_state {
    LM_RUN_RANKED,   /**< its metric is finite */
    LM_RUN_OTHER,    /**< scored on other items than those ranked, or without any */
    LM_RUN_UNRANKED, /**< the metric is missing or not finite */
    LM_RUN_DIVERGED,
    LM_RUN_FAILED
};

/** Training, as the log tells it. */
struct lm_compare_curve {
    size_t count;
    double *step, *loss, *valid; /**< NaN where a line has none */
    double tokens;               /**< trained on, of the last line; NaN: not known */
};

/** A run in the table. */
struct lm_compare_row {
    const struct lm_compare_run *run;
    const char *label;
    size_t *places; /**< (axes) which value it has; SIZE_MAX: none */
    enum lm_compare_state state;
    const char *why;         /**< of a state but ranked, or of not being compared; or NULL */
    double value, low, high; /**< the metric, and its interval over items as the scores have it */
    struct lm_difference difference; /**< to the reference, simultaneous over items */
    enum lm_compare_verdict verdict;
    double best_share;               /**< of resamples in which it is the best; NaN: not compared */
    size_t only_own, only_reference; /**< right/wrong: items that one of both has right */
    double mcnemar; /**< two-sided p, times the comparisons made; NaN: no such metric */
    struct lm_compare_curve curve;
    double flops;                 /**< of training; NaN: not known */
    const struct lm_items *items; /**< behind the metric; NULL: none */
};

/** Runs that differ in repeats alone. */
struct lm_compare_group {
    const char *label;    /**< "lr=0.001" */
    const size_t *places; /**< of its first row; those of repeats mean nothing */
    size_t *rows;         /**< indices of its ranked rows */
    size_t count;
    struct lm_spread spread;    /**< over repeats */
    double low, high;           /**< of the mean, over items; NaN: none */
    struct lm_difference items; /**< to the reference group, simultaneous over items */
    enum lm_compare_verdict items_verdict;
    struct lm_spread_difference repeats; /**< the same over repeats */
    enum lm_compare_verdict repeats_verdict;
};

struct lm_comparison {
    struct lm_arena *arena;
    const struct lm_compare_options *options;
    struct lm_pairing pairing;
    enum lm_better better;
    struct lm_compare_row *rows; /**< the best first; behind the ranked ones the others */
    size_t count, ranked;
    size_t compared;  /**< the first of them, whose differences are resampled: all (at most 300
                  best, or 2,000 beside a reference), or none */
    size_t reference; /**< row that all are compared to; SIZE_MAX: none */
    bool is_best_reference; /**< picked as the best: paid for in the intervals */
    size_t items;           /**< behind the paired differences; 0: none */
    const char *unpaired;   /**< why there are no paired differences; NULL: there are */
    const char *uncertain;  /**< why these have no intervals and no verdicts; NULL: they have */
    struct lm_compare_axis *axes;
    size_t axis_count, axis_capacity;
    const char **params; /**< names of the parameters that differ */
    size_t param_count;
    struct lm_compare_column *columns; /**< metrics with intervals, the chosen one first */
    size_t column_count, column_capacity;
    struct lm_compare_group *groups; /**< the best first; none unless something is repeated */
    size_t group_count, reference_group;
    const char *summary;  /**< one sentence */
    const char *headline; /**< a few words for a run's table */
};

/**
 * Compares `count` ≥ 1 runs, in any order: the result does not depend on it. Everything is in the
 * arena or borrowed from the runs, which must stay. LM_INVALID: a metric that no run has and whose
 * better side is not known, a reference that is not among the runs; LM_FORMAT: a log or items that
 * are damaged; LM_CANCELLED, LM_NOMEM, LM_IO.
 */
enum lm_status lm_compare_runs(struct lm_comparison *out, struct lm_arena *arena,
                               const struct lm_compare_run *runs, size_t count,
                               const struct lm_compare_options *options, struct lm_err *err);

/** A parameter of a row as text, or NULL. */
const char *lm_compare_param_of(const struct lm_comparison *comparison,
                                const struct lm_compare_row *row, const char *name);
/** Visits the names of a run's scores; stops when `visit` returns false. */
void lm_compare_each_score(const struct lm_compare_run *run,
                           bool (*visit)(void *user, const char *name), void *user);
/** A number of a row's scores, NaN when it has none. */
double lm_compare_score(const struct lm_compare_row *row, const char *name, const char *suffix);

/* Steps (compare_*.c). */
/** Brings rows into their order, by state, then the best first; counts those ranked; finds the
 *  reference. LM_INVALID. */
enum lm_status lm_compare_order(struct lm_comparison *out, struct lm_err *err);
enum lm_status lm_compare_axes(struct lm_comparison *out, struct lm_err *err);
enum lm_status lm_compare_params(struct lm_comparison *out, struct lm_err *err);
enum lm_status lm_compare_logs(struct lm_comparison *out, struct lm_err *err);
enum lm_status lm_compare_pairs(struct lm_comparison *out, struct lm_err *err);
struct lm_paired_resamples;
/** `runs`: those compared, in shared resamples; NULL: none. */
enum lm_status lm_compare_groups(struct lm_comparison *out, const struct lm_paired_resamples *runs,
                                 struct lm_err *err);
enum lm_status lm_compare_summary(struct lm_comparison *out, struct lm_err *err);
/** The verdict that an interval of a difference gives. */
enum lm_compare_verdict lm_compare_verdict(enum lm_better better, double low, double high);

#endif
