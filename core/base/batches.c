#include "base/batches.h"

#include <stdlib.h>

struct outcome {
    enum lm_status status;
    struct lm_err err;
};

/* A batch and how reading it ended. */
struct slot {
    void *batch;
    size_t tasks;
    struct outcome read;
};

struct run {
    const struct lm_batch_steps *steps;
    struct slot slots[LM_BATCHES], *reading, *working, *writing;
    struct outcome *outcomes, written; /* of the tasks worked on; of writing */
    size_t capacity;
    bool is_end;
};

enum { WRITE, READ, WORK }; /* the first tasks of a round, and where the others begin */

static void read_slot(struct run *run, struct slot *slot)
{
    slot->tasks = 0;
    slot->read.status = LM_OK;
    if (run->is_end)
        return;
    slot->read.status = run->steps->read(run->steps->user, slot->batch, &slot->tasks, &run->is_end,
                                         &slot->read.err);
    run->is_end = run->is_end || slot->read.status != LM_OK;
}

static void run_task(void *user, size_t index, size_t worker)
{
    struct run *run = user;
    const struct lm_batch_steps *steps = run->steps;
    if (index >= WORK) {
        struct outcome *outcome = &run->outcomes[index - WORK];
        outcome->status =
            steps->work(steps->user, run->working->batch, index - WORK, worker, &outcome->err);
    } else if (index == READ) {
        read_slot(run, run->reading);
    } else if (run->writing->tasks > 0 && steps->write != NULL) {
        run->written.status = steps->write(steps->user, run->writing->batch, &run->written.err);
    }
}

static enum lm_status pass_on(struct lm_err *err, const struct outcome *outcome)
{
    if (outcome->status != LM_OK && err != NULL)
        *err = outcome->err;
    return outcome->status;
}

/* What went wrong first in the order of batches. */
static enum lm_status round_status(const struct run *run, struct lm_err *err)
{
    LM_TRY(pass_on(err, &run->written));
    for (size_t i = 0; i < run->working->tasks; i++)
        LM_TRY(pass_on(err, &run->outcomes[i]));
    return pass_on(err, &run->working->read);
}

static enum lm_status make_room(struct run *run, struct lm_err *err)
{
    if (run->working->tasks <= run->capacity)
        return LM_OK;
    free(run->outcomes);
    run->capacity = run->working->tasks;
    run->outcomes = calloc(run->capacity, sizeof *run->outcomes);
    if (run->outcomes != NULL)
        return LM_OK;
    run->capacity = 0;
    return lm_fail(err, LM_NOMEM, "no memory for %zu tasks; free some", run->working->tasks);
}

static enum lm_status run_rounds(struct run *run, struct lm_pool *pool, struct lm_err *err)
{
    const struct lm_batch_steps *steps = run->steps;
    bool is_on = true;
    for (size_t round = 0; is_on; round++) {
        run->reading = &run->slots[round % LM_BATCHES];
        run->working = &run->slots[(round + 2) % LM_BATCHES]; /* read in the last round */
        run->writing = &run->slots[(round + 1) % LM_BATCHES]; /* and in the one before */
        if (steps->turn != NULL)
            LM_TRY(steps->turn(steps->user, run->working->tasks > 0 ? run->working->batch : NULL,
                               err));
        LM_TRY(make_room(run, err));
        lm_pool_run(pool, WORK + run->working->tasks, run_task, run);
        LM_TRY(round_status(run, err));
        is_on = !run->is_end || run->reading->tasks > 0 || run->working->tasks > 0 ||
                run->reading->read.status != LM_OK;
    }
    return LM_OK;
}

enum lm_status lm_batches_run(const struct lm_batch_steps *steps, struct lm_pool *pool,
                              struct lm_err *err)
{
    struct run run = {.steps = steps};
    for (size_t i = 0; i < LM_BATCHES; i++)
        run.slots[i].batch = steps->batches[i];
    enum lm_status status = run_rounds(&run, pool, err);
    free(run.outcomes);
    return status;
}
