/**
 * Persistent thread pool: a fixed list of tasks, picked up dynamically. Which thread runs
 * which task never matters to results: tasks are cut by shape, never by thread count.
 */
#ifndef LM_BASE_POOL_H
#define LM_BASE_POOL_H

#include <stddef.h>

struct lm_pool;

/** Work of task `task` in [0, count); `worker` in [0, threads) may index scratch memory. */
typedef void lm_task_fn(void *user, size_t task, size_t worker);

/** Pool of `threads` ≥ 1 workers counting the caller, or NULL when threads cannot be made.
 *  Idle workers spin for about 100 µs, then sleep: waking one takes a virtual machine some 50 µs,
 *  and pure spinning collapses on a shared machine. */
struct lm_pool *lm_pool_create(size_t threads);
void lm_pool_free(struct lm_pool *pool);            /**< NULL is fine */
size_t lm_pool_threads(const struct lm_pool *pool); /**< NULL counts as 1 */

/** Runs fn(user, 0..count-1), the caller taking part; returns when all are done. pool NULL:
 *  serially. Calls do not nest. */
void lm_pool_run(struct lm_pool *pool, size_t count, lm_task_fn *fn, void *user);

/** The same, where neighbours among the first `near` ≤ count tasks work on the same memory: those
 *  are cut into a run for each thread, which does its own from front to back, then what is left of
 *  others'; then the threads share the other tasks, in their order. So a thread finds what it wrote
 *  in a call before. */
void lm_pool_run_near(struct lm_pool *pool, size_t near, size_t count, lm_task_fn *fn, void *user);

/** Processors this process may run on (affinity and cgroup quota), ≥ 1. */
size_t lm_cpu_count(void);
/** "model name" of the first processor, cut to 63 bytes; "unknown" when the system does not say. */
void lm_cpu_name(char out[64]);
/** Memory this process may use in bytes: the smaller of all RAM and the limits of its control
 *  groups. It does not depend on what other programs hold. */
size_t lm_memory_limit(void);
/** Both of them, for half the cost. */
void lm_machine_limits(size_t *processors, size_t *memory);
/** The part of it that is to be had just now: MemAvailable of /proc/meminfo when that is less. */
size_t lm_memory_available(void);

#endif
