/**
 * What is known of one running stage, and its line for people:
 *   train 3,200/20,000 16% loss 2.841 ▇▅▄▃ lr 5.8e-4 gn 0.61 12.4k tok/s 61% mfu eta 14:05
 */
#ifndef LM_CLI_LIVE_LINE_H
#define LM_CLI_LIVE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { LM_SPARK_POINTS = 8, LM_GAUGES = 8, LM_GAUGE_NAME = 24 };

/** The course of a value in a few points: means over equal spans of all values so far. */
struct lm_spark {
    double points[2 * LM_SPARK_POINTS];
    size_t count;
    uint64_t span, filled; /**< values a point; values in the last one */
    double sum;
};

void lm_spark_add(struct lm_spark *spark, double value);
/** At most LM_SPARK_POINTS block characters from low to high; nothing for fewer than 2 points. */
void lm_spark_print(struct lm_buf *out, const struct lm_spark *spark);

struct lm_live_gauge {
    char name[LM_GAUGE_NAME];
    double value;
    struct lm_spark history;
};

struct lm_live_stage {
    const char *id;
    bool running;
    uint64_t began_ns, said_ns; /**< start; last plain line */
    uint64_t done, total;
    char unit[16];
    char doing[48];                /**< what it does beside that; "": nothing */
    uint64_t first_done, first_ns; /**< first progress seen: a resumed stage starts later */
    struct lm_live_gauge gauges[LM_GAUGES];
    size_t gauge_count;
};

/** Forgets what an earlier attempt of the stage told. */
void lm_live_stage_begin(struct lm_live_stage *stage, uint64_t now_ns);
void lm_live_stage_progress(struct lm_live_stage *stage, uint64_t done, uint64_t total,
                            const char *unit, uint64_t now_ns);
/** What it does beside its progress ("validating"); NULL: nothing. */
void lm_live_stage_doing(struct lm_live_stage *stage, const char *what);
/** Gauges beyond LM_GAUGES are not shown, nor are those for the run's record: names with a dot,
 *  and totals. */
void lm_live_stage_gauge(struct lm_live_stage *stage, const char *name, double value);
/** Seconds left by the mean speed so far, or a negative number when that says nothing yet. */
double lm_live_stage_left(const struct lm_live_stage *stage, uint64_t now_ns);
/** Appends all that follows the id: " 3,200/20,000 16% …". utf8 false: no sparkline. What does
 *  not fit into `columns` (0: any width) is left out, the least important first: other gauges
 *  from the last, gradient norm, learning rate, sparkline, valid loss, MFU, speed, loss; never
 * amount, time and what it does beside. */
void lm_live_stage_print(struct lm_buf *out, const struct lm_live_stage *stage, uint64_t now_ns,
                         bool utf8, size_t columns);

/** Appends the same as a line that stays: any width, no sparkline, with the unit; how long it has
 * been running when it has told nothing yet. */
void lm_live_stage_plain(struct lm_buf *out, const struct lm_live_stage *stage, uint64_t now_ns);
/** The same without a time; nothing when nothing was told. `columns` 0: any width, with the unit;
 *  else what fits, as lm_live_stage_print. */
void lm_live_stage_facts(struct lm_buf *out, const struct lm_live_stage *stage, size_t columns);

#endif
