#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { SPIN_NS = 100000, PAUSES_PER_LOOK = 32, TAKEN_BITS = 24, LINE = 64 };

#define LARGEST_SLICE (((size_t)1 << TAKEN_BITS) - 1)

/* Tasks [first, first + count) of a call: the first `near` of them in as many runs as there are
 * threads, the rest in their order. */
struct job {
    lm_task_fn *fn;
    void *user;
    size_t first, near, count;
};

/* How many tasks of a run are taken: in the low TAKEN_BITS, behind the number of the job. A number
 * before the running job's says none, so nobody clears it. */
struct counter {
    _Alignas(LINE) _Atomic uint64_t taken;
};

struct lm_pool {
    size_t threads, started;
    struct seat *seats;
    struct counter *counters; /* of each worker's run, then of the rest */
    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
    atomic_size_t sleepers; /* workers inside or about to enter the wait */
    /* Number of the running job and the job, on one line of the cache, which workers look at all
     * the time. The number is odd while the rest changes, which late workers may look at: who finds
     * the same number before and after has read it whole. */
    _Alignas(LINE) _Atomic uint64_t number;
    _Atomic(lm_task_fn *) fn;
    _Atomic(void *) user;
    atomic_size_t first, near, count;
    atomic_bool is_stopping;
    _Alignas(LINE) atomic_size_t pending; /* tasks not finished; the caller looks at it */
    atomic_bool is_caller_asleep;
};

_Static_assert(offsetof(struct lm_pool, pending) - offsetof(struct lm_pool, number) == LINE,
               "a job is one line of the cache");

struct seat {
    struct lm_pool *pool;
    pthread_t thread;
    size_t worker;
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* Spins until `is_over` or for SPIN_NS; whether it was over. */
static bool spin(bool (*is_over)(struct lm_pool *, uint64_t), struct lm_pool *pool, uint64_t seen)
{
    uint64_t start = lm_clock_monotonic_ns();
    do
        for (int i = 0; i < PAUSES_PER_LOOK; i++) {
            if (is_over(pool, seen))
                return true;
            relax();
        }
    while (lm_clock_monotonic_ns() - start < SPIN_NS);
    return false;
}

static bool has_news(struct lm_pool *pool, uint64_t seen)
{
    uint64_t number = atomic_load(&pool->number);
    return (number != seen && number % 2 == 0) || atomic_load(&pool->is_stopping);
}

static bool is_finished(struct lm_pool *pool, uint64_t seen)
{
    (void)seen;
    return atomic_load(&pool->pending) == 0;
}

/* The next task of a run of `count`; false when none is left, or the job is over. */
static bool take(struct counter *counter, uint64_t number, size_t count, size_t *task)
{
    const uint64_t start = number << TAKEN_BITS;
    uint64_t seen = atomic_load(&counter->taken);
    for (;;) {
        const uint64_t taken = seen < start ? start : seen;
        if (taken - start >= count)
            return false;
        if (atomic_compare_exchange_weak(&counter->taken, &seen, taken + 1)) {
            *task = (size_t)(taken - start);
            return true;
        }
    }
}

/* Does what is left of a run; returns how many tasks. */
static size_t work_run(struct lm_pool *pool, const struct job *job, size_t run, uint64_t number,
                       size_t worker)
{
    const size_t near = job->near, threads = pool->threads;
    const size_t low = run < threads ? near * run / threads : near;
    const size_t high = run < threads ? near * (run + 1) / threads : job->count;
    size_t task, done = 0;
    for (; take(&pool->counters[run], number, high - low, &task); done++)
        job->fn(job->user, job->first + low + task, worker);
    return done;
}

/* Takes tasks of job `number` until none is left: its own run, those of others, the rest. */
static void work(struct lm_pool *pool, uint64_t number, size_t worker)
{
    const struct job job = {atomic_load(&pool->fn), atomic_load(&pool->user),
                            atomic_load(&pool->first), atomic_load(&pool->near),
                            atomic_load(&pool->count)};
    size_t done = 0;
    if (number % 2 != 0 || atomic_load(&pool->number) != number)
        return;
    for (size_t i = 0; i < pool->threads && job.near > 0; i++)
        done += work_run(pool, &job, (worker + i) % pool->threads, number, worker);
    done += work_run(pool, &job, pool->threads, number, worker);
    if (done > 0 && atomic_fetch_sub(&pool->pending, done) == done &&
        atomic_load(&pool->is_caller_asleep)) {
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_signal(&pool->done);
        pthread_mutex_unlock(&pool->mutex);
    }
}

static void sleep_until_news(struct lm_pool *pool, uint64_t seen)
{
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1); /* before the look: publish() looks after the change */
    while (!has_news(pool, seen))
        pthread_cond_wait(&pool->wake, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void *serve(void *argument)
{
    struct seat *seat = argument;
    struct lm_pool *pool = seat->pool;
    uint64_t seen = 0;
    for (;;) {
        if (!spin(has_news, pool, seen))
            sleep_until_news(pool, seen);
        if (atomic_load(&pool->is_stopping))
            return NULL;
        /* Who looked last for tasks to take over has this line; the first task needs it. */
        __builtin_prefetch(&pool->counters[seat->worker], 1);
        seen = atomic_load(&pool->number);
        work(pool, seen, seat->worker);
    }
}

static bool start_threads(struct lm_pool *pool)
{
    for (size_t i = 0; i + 1 < pool->threads; i++) {
        struct seat *seat = &pool->seats[i];
        *seat = (struct seat){.pool = pool, .worker = i + 1};
        if (pthread_create(&seat->thread, NULL, serve, seat) != 0)
            return false;
        pool->started++;
    }
    return true;
}

static struct counter *create_counters(size_t count)
{
    struct counter *counters = aligned_alloc(LINE, count * sizeof *counters);
    for (size_t i = 0; i < count && counters != NULL; i++)
        atomic_init(&counters[i].taken, 0);
    return counters;
}

struct lm_pool *lm_pool_create(size_t threads)
{
    struct lm_pool *pool = aligned_alloc(LINE, sizeof *pool);
    if (pool == NULL)
        return NULL;
    memset(pool, 0, sizeof *pool);
    pool->threads = threads < 1 ? 1 : threads;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->seats = calloc(pool->threads, sizeof *pool->seats);
    pool->counters = create_counters(pool->threads + 1);
    if (pool->seats == NULL || pool->counters == NULL || !start_threads(pool)) {
        lm_pool_free(pool);
        return NULL;
    }
    return pool;
}

void lm_pool_free(struct lm_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->is_stopping, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->started; i++)
        pthread_join(pool->seats[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->counters);
    free(pool->seats);
    free(pool);
}

size_t lm_pool_threads(const struct lm_pool *pool)
{
    return pool == NULL ? 1 : pool->threads;
}

/* Makes a job visible and wakes the sleepers; returns its number. The lines of the cache that it
 * writes are with other processors: releasing stores wait for them all at once, and the last one,
 * which the look at the sleepers must come after, waits for them. */
static uint64_t publish(struct lm_pool *pool, const struct job *job)
{
    uint64_t number = atomic_load(&pool->number) + 2;
    __builtin_prefetch(&pool->pending, 1);
    __builtin_prefetch(&pool->counters[0], 1);
    atomic_store_explicit(&pool->number, number - 1, memory_order_release);
    atomic_store_explicit(&pool->fn, job->fn, memory_order_release);
    atomic_store_explicit(&pool->user, job->user, memory_order_release);
    atomic_store_explicit(&pool->first, job->first, memory_order_release);
    atomic_store_explicit(&pool->near, job->near, memory_order_release);
    atomic_store_explicit(&pool->count, job->count, memory_order_release);
    atomic_store_explicit(&pool->pending, job->count, memory_order_release);
    atomic_store(&pool->number, number);
    if (atomic_load(&pool->sleepers) > 0) {
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->mutex);
    }
    return number;
}

static void await(struct lm_pool *pool)
{
    if (spin(is_finished, pool, 0))
        return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->is_caller_asleep, true);
    while (atomic_load(&pool->pending) != 0)
        pthread_cond_wait(&pool->done, &pool->mutex);
    atomic_store(&pool->is_caller_asleep, false);
    pthread_mutex_unlock(&pool->mutex);
}

void lm_pool_run_near(struct lm_pool *pool, size_t near, size_t count, lm_task_fn *fn, void *user)
{
    if (pool == NULL || pool->threads == 1 || count == 1) {
        for (size_t task = 0; task < count; task++)
            fn(user, task, 0);
        return;
    }
    struct job job = {.fn = fn, .user = user};
    for (; job.first < count; job.first += job.count) {
        size_t left = count - job.first;
        job.count = left < LARGEST_SLICE ? left : LARGEST_SLICE;
        job.near = count < LARGEST_SLICE ? near : 0;
        work(pool, publish(pool, &job), 0);
        await(pool);
    }
}

void lm_pool_run(struct lm_pool *pool, size_t count, lm_task_fn *fn, void *user)
{
    lm_pool_run_near(pool, 0, count, fn, user);
}
