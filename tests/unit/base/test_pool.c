#include "base/pool.h"

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "tap.h"

static const size_t thread_counts[] = {1, 2, 3, 5};

struct work {
    unsigned done[5000];
    size_t threads;
    atomic_size_t bad_workers;
    uint64_t scratch[8];
};

static void count_task(void *user, size_t task, size_t worker)
{
    struct work *work = user;
    work->done[task]++; /* unsynchronised on purpose: TSan sees a task that runs twice at once */
    if (worker >= work->threads)
        atomic_fetch_add(&work->bad_workers, 1);
    else
        work->scratch[worker] += task; /* one thread a worker index */
}

static void test_every_task_once(struct tap *tap)
{
    static const size_t counts[] = {0, 1, 2, 3, 7, 64, 5000};
    for (size_t t = 0; t < 4; t++) {
        struct lm_pool *pool = lm_pool_create(thread_counts[t]);
        REQUIRE(pool != NULL);
        CHECK_INT(lm_pool_threads(pool), thread_counts[t]);
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            static struct work work;
            memset(&work, 0, sizeof work);
            work.threads = thread_counts[t];
            for (int round = 0; round < 20; round++)
                lm_pool_run(pool, counts[c], count_task, &work);
            uint64_t sum = 0;
            for (size_t i = 0; i < 5000; i++)
                CHECK_INT(work.done[i], i < counts[c] ? 20 : 0);
            for (size_t w = 0; w < 8; w++)
                sum += work.scratch[w];
            CHECK_INT(sum, counts[c] ? 20 * (counts[c] * (counts[c] - 1) / 2) : 0);
            CHECK_INT(work.bad_workers, 0);
        }
        lm_pool_free(pool);
    }
}

/* Some tasks in runs, the others behind them. */
static void test_near_tasks_once(struct tap *tap)
{
    static const size_t nears[] = {0, 1, 2, 9, 300};
    for (size_t t = 0; t < 4; t++) {
        struct lm_pool *pool = lm_pool_create(thread_counts[t]);
        static struct work work;
        memset(&work, 0, sizeof work);
        work.threads = thread_counts[t];
        unsigned want[310] = {0};
        for (size_t round = 0; round < 2000; round++) {
            size_t near = nears[round % 5], count = near + round % 7;
            lm_pool_run_near(pool, near, count, count_task, &work);
            for (size_t i = 0; i < count; i++)
                want[i]++;
        }
        for (size_t i = 0; i < 310; i++)
            CHECK_INT(work.done[i], want[i]);
        CHECK_INT(work.bad_workers, 0);
        lm_pool_free(pool);
    }
}

struct places {
    size_t worker[64];
    atomic_size_t begun;
};

/* Waits until each of two threads has begun a task. */
static void place_task(void *user, size_t task, size_t worker)
{
    struct places *places = user;
    places->worker[task] = worker;
    atomic_fetch_add(&places->begun, 1);
    while (atomic_load(&places->begun) < 2)
        nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
}

/* Each thread begins with its own run, and a run is taken from the front. */
static void test_own_run_first(struct tap *tap)
{
    struct lm_pool *pool = lm_pool_create(2);
    for (size_t round = 0; round < 20; round++) {
        struct places places = {0};
        lm_pool_run_near(pool, 64, 64, place_task, &places);
        CHECK_INT(places.worker[0], 0);
        CHECK_INT(places.worker[32], 1);
    }
    lm_pool_free(pool);
}

/* Many short runs of changing size: late wakers must never touch another run's tasks. */
static void test_many_runs(struct tap *tap)
{
    for (size_t t = 0; t < 4; t++) {
        struct lm_pool *pool = lm_pool_create(thread_counts[t]);
        static struct work work[2];
        memset(work, 0, sizeof work);
        work[0].threads = work[1].threads = thread_counts[t];
        uint64_t want = 0;
        for (size_t round = 0; round < 5000; round++) {
            size_t count = 1 + round % 9;
            lm_pool_run(pool, count, count_task, &work[round % 2]);
            want += count;
            if (round % 1000 == 0) /* long enough for workers to fall asleep */
                nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        }
        uint64_t got = 0;
        for (size_t i = 0; i < 5000; i++)
            got += work[0].done[i] + work[1].done[i];
        CHECK_INT(got, want);
        lm_pool_free(pool);
    }
}

static void slow_task(void *user, size_t task, size_t worker)
{
    atomic_size_t *sum = user;
    (void)worker;
    nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
    atomic_fetch_add(sum, task + 1);
}

/* Tasks longer than the spin: caller and workers sleep and wake. */
static void test_long_tasks(struct tap *tap)
{
    struct lm_pool *pool = lm_pool_create(3);
    atomic_size_t sum = 0;
    for (int round = 0; round < 50; round++)
        lm_pool_run(pool, 1 + (size_t)round % 6, slow_task, &sum);
    size_t want = 0;
    for (size_t round = 0; round < 50; round++)
        want += (1 + round % 6) * (2 + round % 6) / 2;
    CHECK_INT(sum, want);
    lm_pool_free(pool);
}

static void test_without_a_pool(struct tap *tap)
{
    static struct work work;
    memset(&work, 0, sizeof work);
    work.threads = 1;
    CHECK_INT(lm_pool_threads(NULL), 1);
    lm_pool_run(NULL, 100, count_task, &work);
    for (size_t i = 0; i < 100; i++)
        CHECK_INT(work.done[i], 1);
    lm_pool_free(NULL);
    for (int i = 0; i < 20; i++) /* never used */
        lm_pool_free(lm_pool_create(4));
}

static const struct tap_test tests[] = {
    TAP_ROW(test_every_task_once) TAP_ROW(test_near_tasks_once) TAP_ROW(test_own_run_first)
        TAP_ROW(test_many_runs) TAP_ROW(test_long_tasks) TAP_ROW(test_without_a_pool)};
LM_TEST_FILE(tests)
