/** A look at the tasks of a model's regions, for whoever models more threads than there are
 *  (bench/bench_grid.c). */
#ifndef LM_MODEL_TRACE_H
#define LM_MODEL_TRACE_H

#include <lmpipe/model.h>

struct lm_trace {
    size_t threads; /**< that outputs are cut for */
    /** Task `task` of a region took `seconds`; 0 is the first of the next region. */
    void (*task)(void *user, enum lm_phase phase, size_t task, double seconds);
    void *user;
};

/** From now on tasks run one after the other on the calling thread, cut as for trace->threads, and
 *  each is told. Results are the same. NULL: as before. The trace is the caller's. */
void lm_model_trace(struct lm_model *model, const struct lm_trace *trace);

#endif
