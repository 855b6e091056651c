/**
 * How outputs of matrix products are cut into tasks. Any cut gives the same bits (products.h), so
 * this one may depend on the number of threads: the coarsest that keeps them all busy.
 */
#ifndef LM_MODEL_GRID_H
#define LM_MODEL_GRID_H

#include <stdbool.h>
#include <stddef.h>

/** A product whose outputs, m × n, are to be cut; each costs k multiplications. */
struct lm_grid_job {
    size_t m, n, k;
};

/** Tasks have at most so many rows and columns of outputs. */
struct lm_grid {
    size_t rows, cols;
};

/** A task: the part of a job's outputs. */
struct lm_grid_part {
    size_t job, row, rows, col, cols;
};

/** The coarsest grid for `jobs` with which `threads` that take tasks in their order do 9/10 of what
 *  they could; the best one, when none does. */
struct lm_grid lm_grid_choose(const struct lm_grid_job *jobs, size_t count, size_t threads);

/** Tasks of all jobs, one job after the other. */
size_t lm_grid_count(struct lm_grid grid, const struct lm_grid_job *jobs, size_t count);
/** Task `task` of them. */
struct lm_grid_part lm_grid_at(struct lm_grid grid, const struct lm_grid_job *jobs, size_t task);

/** Share of `threads`' time that tasks take which cost `costs` and are taken in their order as
 *  threads become free. 1: all are always busy. (Graham 1966: list scheduling.) NaN without any. */
double lm_grid_efficiency(const double *costs, size_t count, size_t threads);

#endif
