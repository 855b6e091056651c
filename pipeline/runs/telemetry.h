/** What a stage told while it was executed: the values of its gauges (lm_ctx_gauge) and their
 *  course, for run.json and run.html. */
#ifndef LM_RUNS_TELEMETRY_H
#define LM_RUNS_TELEMETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>

#include "runs/series.h"

enum { LM_GAUGES_MAX = 4096 }; /**< further names of one stage are not kept */

/** First and last value of a gauge. */
struct lm_gauge {
    const char *name;
    double first, value;
    uint64_t first_ns, last_ns; /**< monotonic */
    struct lm_series *course;   /**< by seconds since begin_ns; NULL: a name with a dot */
};

/** Zero-initialised (but for arena and begin_ns) is empty. */
struct lm_telemetry {
    struct lm_arena *arena; /**< of everything below */
    uint64_t begin_ns;      /**< of the attempt */
    struct lm_gauge *gauges;
    size_t count, capacity;
};

/** Notes a value told at `now_ns`; without memory it is lost. The name is copied. */
void lm_telemetry_note(struct lm_telemetry *telemetry, const char *name, double value,
                       uint64_t now_ns);
/** The gauge of a name, or NULL; also for telemetry NULL. */
const struct lm_gauge *lm_telemetry_find(const struct lm_telemetry *telemetry, const char *name);
/** Last value of a gauge; 0 when it was never told. */
double lm_telemetry_value(const struct lm_telemetry *telemetry, const char *name);
/** Mean change a second of a gauge that counts up; 0 when it was watched for less than half a
 *  second. */
double lm_gauge_rate(const struct lm_gauge *gauge);

#endif
