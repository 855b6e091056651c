#include "stats/resampling.h"

#include <stdatomic.h>

enum { LANES = 8, DRAWS = 1 << 14 /* of a span */ };

struct spans {
    const struct lm_resampling *how;
    size_t count, length;
    lm_span_fn *work;
    void *user;
    atomic_bool is_stopped;
};

static void work_on_span(void *user, size_t task, size_t worker)
{
    struct spans *spans = user;
    const struct lm_resampling *how = spans->how;
    size_t first = task * spans->length;
    size_t left = spans->count - first;
    if (worker == 0 && how->is_cancelled != NULL && how->is_cancelled(how->user))
        atomic_store(&spans->is_stopped, true);
    if (!atomic_load(&spans->is_stopped))
        spans->work(spans->user, first, first + (left < spans->length ? left : spans->length),
                    worker);
}

enum lm_status lm_resampling_run(const struct lm_resampling *how, size_t count, size_t items,
                                 lm_span_fn *work, void *user, struct lm_err *err)
{
    size_t groups = DRAWS / LANES / (items > 0 ? items : 1);
    struct spans spans = {.how = how,
                          .count = count,
                          .length = LANES * (groups > 0 ? groups : 1),
                          .work = work,
                          .user = user};
    lm_pool_run(how->pool, (count + spans.length - 1) / spans.length, work_on_span, &spans);
    if (atomic_load(&spans.is_stopped))
        return lm_fail(err, LM_CANCELLED, "interrupted; run again to resume");
    return LM_OK;
}
