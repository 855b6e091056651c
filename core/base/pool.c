#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"

enum { SPIN_NS = 20000, PAUSES_PER_LOOK = 32 };

/* Tasks of one run: next task in the low half, run number in the high half. The job's fields
 * change only under a ticket of their own number whose tasks are CLOSED, so a worker that comes
 * late and read some of a newer job fails its compare-and-swap and uses nothing of it. */
typedef _Atomic uint64_t ticket_t;

#define LARGEST_SLICE ((size_t)1 << 31)
#define CLOSED UINT32_MAX /* more than any count */

struct lm_pool {
    size_t threads, started;
    struct seat *seats;
    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
    ticket_t ticket;
    /* The job of the ticket's run; atomic because late workers may look while it changes. */
    _Atomic(lm_task_fn *) fn;
    _Atomic(void *) user;
    atomic_size_t first, count;
    atomic_size_t pending;  /* tasks not finished */
    atomic_size_t sleepers; /* workers inside or about to enter the wait */
    atomic_bool is_caller_asleep, is_stopping;
};

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

static uint64_t run_number(uint64_t ticket)
{
    return ticket >> 32;
}

static bool has_news(struct lm_pool *pool, uint64_t seen)
{
    return run_number(atomic_load(&pool->ticket)) != seen || atomic_load(&pool->is_stopping);
}

static bool is_finished(struct lm_pool *pool, uint64_t seen)
{
    (void)seen;
    return atomic_load(&pool->pending) == 0;
}

/* Takes tasks of run `run` until none is left. */
static void work(struct lm_pool *pool, uint64_t run, size_t worker)
{
    uint64_t ticket = atomic_load(&pool->ticket);
    while (run_number(ticket) == run) {
        size_t task = (size_t)(ticket & UINT32_MAX);
        size_t count = atomic_load(&pool->count), first = atomic_load(&pool->first);
        lm_task_fn *fn = atomic_load(&pool->fn);
        void *user = atomic_load(&pool->user);
        if (task >= count)
            return;
        if (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket + 1))
            continue; /* ticket now holds the newer value */
        fn(user, first + task, worker);
        if (atomic_fetch_sub(&pool->pending, 1) == 1 && atomic_load(&pool->is_caller_asleep)) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->mutex);
        }
        ticket = atomic_load(&pool->ticket);
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
        seen = run_number(atomic_load(&pool->ticket));
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

struct lm_pool *lm_pool_create(size_t threads)
{
    struct lm_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return NULL;
    pool->threads = threads < 1 ? 1 : threads;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->seats = calloc(pool->threads, sizeof *pool->seats);
    if (pool->seats == NULL || !start_threads(pool)) {
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
    free(pool->seats);
    free(pool);
}

size_t lm_pool_threads(const struct lm_pool *pool)
{
    return pool == NULL ? 1 : pool->threads;
}

/* The part of a job that one ticket counts. */
struct job {
    lm_task_fn *fn;
    void *user;
    size_t first, count;
};

/* Makes a new run visible and wakes the sleepers; returns its number. */
static uint64_t publish(struct lm_pool *pool, const struct job *job)
{
    uint64_t run = run_number(atomic_load(&pool->ticket));
    atomic_store(&pool->ticket, ((run + 1) & UINT32_MAX) << 32 | CLOSED);
    atomic_store(&pool->fn, job->fn);
    atomic_store(&pool->user, job->user);
    atomic_store(&pool->first, job->first);
    atomic_store(&pool->count, job->count);
    atomic_store(&pool->pending, job->count);
    run = (run + 2) & UINT32_MAX;
    atomic_store(&pool->ticket, run << 32);
    if (atomic_load(&pool->sleepers) > 0) {
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->mutex);
    }
    return run;
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

void lm_pool_run(struct lm_pool *pool, size_t count, lm_task_fn *fn, void *user)
{
    if (pool == NULL || pool->threads == 1 || count == 1) {
        for (size_t task = 0; task < count; task++)
            fn(user, task, 0);
        return;
    }
    struct job job = {fn, user, 0, 0};
    for (; job.first < count; job.first += job.count) {
        size_t left = count - job.first;
        job.count = left < LARGEST_SLICE ? left : LARGEST_SLICE;
        work(pool, publish(pool, &job), 0);
        await(pool);
    }
}
