#include "model/grid.h"

#include <math.h>

enum {
    MOST_THREADS = 256, /* more are treated as so many */
    PACK_COST = 24,     /* columns of outputs that cost what packing their rows does */
};

#define ENOUGH 0.9

/* From coarse to fine. Columns are whole units of a packed operand (LM_GEMM_UNIT), rows whole
 * blocks of registers but for the first ones. */
static const struct lm_grid grids[] = {
    {128, (size_t)-1}, {128, 576}, {64, 576}, {64, 288}, {64, 192}, {32, 192}, {32, 96},
};

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t cuts(size_t all, size_t part)
{
    return all / part + (all % part > 0);
}

static size_t parts_of(struct lm_grid grid, const struct lm_grid_job *job)
{
    return cuts(job->m, grid.rows) * cuts(job->n, grid.cols);
}

size_t lm_grid_count(struct lm_grid grid, const struct lm_grid_job *jobs, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += parts_of(grid, &jobs[i]);
    return sum;
}

struct lm_grid_part lm_grid_at(struct lm_grid grid, const struct lm_grid_job *jobs, size_t task)
{
    struct lm_grid_part out = {0};
    for (; task >= parts_of(grid, &jobs[out.job]); out.job++)
        task -= parts_of(grid, &jobs[out.job]);
    const struct lm_grid_job *job = &jobs[out.job];
    size_t across = cuts(job->n, grid.cols);
    out.row = task / across * grid.rows;
    out.rows = min_size(job->m - out.row, grid.rows);
    out.col = task % across * (across > 1 ? grid.cols : 0);
    out.cols = min_size(job->n - out.col, grid.cols);
    return out;
}

/* When each thread is free again, and what was done. */
struct schedule {
    double busy[MOST_THREADS];
    size_t threads;
    double work;
};

static void schedule_add(struct schedule *schedule, double cost)
{
    size_t first = 0;
    for (size_t i = 1; i < schedule->threads; i++)
        first = schedule->busy[i] < schedule->busy[first] ? i : first;
    schedule->busy[first] += cost;
    schedule->work += cost;
}

/* Efficiency, where doing the same in one piece each would have cost `work`. */
static double schedule_share(const struct schedule *schedule, double work)
{
    double end = 0;
    for (size_t i = 0; i < schedule->threads; i++)
        end = fmax(end, schedule->busy[i]);
    return work / ((double)schedule->threads * end);
}

static struct schedule schedule_of(size_t threads)
{
    return (struct schedule){.threads = threads < MOST_THREADS ? threads : MOST_THREADS};
}

double lm_grid_efficiency(const double *costs, size_t count, size_t threads)
{
    struct schedule schedule = schedule_of(threads);
    for (size_t i = 0; i < count; i++)
        schedule_add(&schedule, costs[i]);
    return schedule_share(&schedule, schedule.work);
}

static double cost_of(const struct lm_grid_job *job, size_t rows, size_t cols)
{
    return (double)rows * (double)(cols + PACK_COST) * (double)job->k;
}

static double efficiency_of(struct lm_grid grid, const struct lm_grid_job *jobs, size_t count,
                            size_t threads)
{
    struct schedule schedule = schedule_of(threads);
    double work = 0;
    for (size_t i = 0; i < count; i++)
        work += cost_of(&jobs[i], jobs[i].m, jobs[i].n);
    for (size_t i = 0; i < lm_grid_count(grid, jobs, count); i++) {
        struct lm_grid_part part = lm_grid_at(grid, jobs, i);
        schedule_add(&schedule, cost_of(&jobs[part.job], part.rows, part.cols));
    }
    return schedule_share(&schedule, work);
}

struct lm_grid lm_grid_choose(const struct lm_grid_job *jobs, size_t count, size_t threads)
{
    size_t best = 0;
    double most = threads > 1 ? 0 : 1;
    for (size_t i = 0; i < sizeof grids / sizeof grids[0] && most < ENOUGH; i++) {
        double share = efficiency_of(grids[i], jobs, count, threads);
        if (share > most) {
            most = share;
            best = i;
        }
    }
    return grids[best];
}
