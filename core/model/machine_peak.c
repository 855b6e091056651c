/* What this machine can do at most, measured: arithmetic in registers, and reading memory. */
#include <lmpipe/model.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/pool.h"
#include "model/block.h"
#include "model/kernels/peak.h"

#define WINDOW_NS UINT64_C(25000000) /* of one kind of arithmetic */
#define SLICE_NS UINT64_C(200000)    /* long beside the clock's step, short beside a time slice */

enum {
    SLICES = 8, /* at least, however late it gets: other programs may hold the processor */
    READ_FLOATS = 1 << 24, /* of a thread, at least: more than its share of any cache */
    READ_TASKS = 16,       /* of a thread */
    READ_PASSES = 3
};

/* A measurement all threads take part in at the same time. */
struct gauge {
    float (*run)(size_t rounds);
    double flops; /* of a round */
    size_t threads;
    atomic_size_t ready; /* threads that wait for the others */
    double *rates;       /* of each thread */
    float *sinks;        /* what the loops returned */
};

/* Operations a second of one slice; rounds grow until a slice is long enough to be timed. */
static double slice(struct gauge *gauge, size_t task, size_t *rounds)
{
    for (;;) {
        uint64_t begin = lm_clock_monotonic_ns();
        gauge->sinks[task] = gauge->run(*rounds);
        uint64_t took = lm_clock_monotonic_ns() - begin;
        if (took >= SLICE_NS)
            return gauge->flops * (double)*rounds / ((double)took * 1e-9);
        *rounds *= 2;
    }
}

/* One thread's best slice while all threads compute: an interruption spoils a slice, not the
 * result; clocks that rise or threads that share a core are seen as they are under load. */
static void measure(void *user, size_t task, size_t worker)
{
    (void)worker;
    struct gauge *gauge = user;
    size_t rounds = 1 << 10;
    atomic_fetch_add(&gauge->ready, 1);
    while (atomic_load(&gauge->ready) < gauge->threads)
        sched_yield();
    uint64_t begin = lm_clock_monotonic_ns();
    for (size_t i = 0; i < SLICES || lm_clock_monotonic_ns() - begin < WINDOW_NS; i++) {
        double rate = slice(gauge, task, &rounds);
        if (rate > gauge->rates[task])
            gauge->rates[task] = rate;
    }
}

/* Sum of the threads' rates. */
static double measure_all(struct lm_pool *pool, struct gauge *gauge)
{
    double sum = 0;
    atomic_init(&gauge->ready, 0);
    for (size_t i = 0; i < gauge->threads; i++)
        gauge->rates[i] = 0;
    lm_pool_run(pool, gauge->threads, measure, gauge);
    for (size_t i = 0; i < gauge->threads; i++)
        sum += gauge->rates[i];
    return sum;
}

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM,
                   "no memory or no threads to measure the machine with; use fewer threads, or "
                   "raise the limit of processes (ulimit -u)");
}

enum lm_status lm_machine_peak(struct lm_machine_peak *out, const char *kernels, size_t threads,
                               struct lm_err *err)
{
    const struct lm_peak_kernel *fp32 = lm_peak_pick(kernels);
    const struct lm_peak_bf16 *bf16 = lm_peak_pick_bf16(kernels);
    *out = (struct lm_machine_peak){0};
    if (fp32 == NULL)
        return lm_fail(err, LM_UNSUPPORTED,
                       "kernels \"%s\" do not run on this processor; take auto, or one of avx512, "
                       "avx2, c",
                       kernels);
    struct gauge gauge = {.threads = threads > 0 ? threads : 1};
    struct lm_pool *pool = gauge.threads > 1 ? lm_pool_create(gauge.threads) : NULL;
    gauge.rates = calloc(gauge.threads, sizeof *gauge.rates);
    gauge.sinks = calloc(gauge.threads, sizeof *gauge.sinks);
    bool ready = gauge.rates != NULL && gauge.sinks != NULL && (gauge.threads == 1 || pool != NULL);
    if (ready) {
        gauge.run = fp32->fp32;
        gauge.flops = fp32->flops;
        out->kernels = fp32->name;
        out->fp32 = measure_all(pool, &gauge);
    }
    if (ready && bf16 != NULL) {
        gauge.run = bf16->bf16;
        gauge.flops = bf16->flops;
        out->bf16 = measure_all(pool, &gauge);
    }
    lm_pool_free(pool);
    free(gauge.rates);
    free(gauge.sinks);
    return ready ? LM_OK : no_memory(err);
}

/* ---- memory ---- */

struct reader {
    const struct lm_peak_kernel *kernel;
    float *block;
    size_t piece; /* floats of a task */
    float *sinks;
};

/* Pages that were never written all lie on one page of zeros. */
static void touch(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct reader *reader = user;
    for (size_t i = 0; i < reader->piece; i++)
        reader->block[task * reader->piece + i] = 1;
}

static void read_piece(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct reader *reader = user;
    reader->sinks[task] = reader->kernel->read(reader->block + task * reader->piece, reader->piece);
}

enum lm_status lm_machine_read_rate(double *out, size_t threads, struct lm_err *err)
{
    size_t count = threads > 0 ? threads : 1, tasks = count * READ_TASKS;
    size_t floats = (count < 4 ? 4 : count) * (size_t)READ_FLOATS;
    struct reader reader = {.kernel = lm_peak_pick(NULL)};
    reader.piece = floats / tasks / LM_PEAK_READ_UNIT * LM_PEAK_READ_UNIT;
    reader.block = lm_block_map(floats * sizeof(float));
    reader.sinks = calloc(tasks, sizeof *reader.sinks);
    struct lm_pool *pool = count > 1 ? lm_pool_create(count) : NULL;
    bool ready = reader.block != NULL && reader.sinks != NULL && (count == 1 || pool != NULL);
    uint64_t best = UINT64_MAX;
    *out = 0;
    if (ready)
        lm_pool_run(pool, tasks, touch, &reader);
    for (size_t i = 0; ready && i < READ_PASSES; i++) {
        uint64_t begin = lm_clock_monotonic_ns();
        lm_pool_run(pool, tasks, read_piece, &reader);
        uint64_t took = lm_clock_monotonic_ns() - begin;
        best = took < best ? took : best;
    }
    if (ready)
        *out = (double)(tasks * reader.piece * sizeof(float)) / ((double)best * 1e-9);
    lm_pool_free(pool);
    free(reader.sinks);
    lm_block_unmap(reader.block, floats * sizeof(float));
    return ready ? LM_OK : no_memory(err);
}
