/*
 * What many cores would make of a training step: its tasks, cut as for so many threads, are run one
 * after the other and timed; then each region is scheduled over the cores as the pool would do it.
 * Memory that cores share is not modelled.
 *   bench_grid SHAPE [as LAYERS] [cores N] [precision f32|bf16] [kernels NAME]
 * SHAPE: layers,heads,width,vocab,batch,time. `as`: the times of all but head and update stand for
 * a model of so many layers.
 */
#include <lmpipe/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/grid.h"
#include "model/trace.h"

static const size_t cores[] = {8, 16, 32, 48, 64, 96, 128};

enum { MOST_TASKS = 1 << 20, REPEATS = 3 };

/* A task of a step: the quickest of its repeats, since whatever disturbs only slows down. */
struct task {
    double seconds;
    enum lm_phase phase;
    bool first; /* of its region */
};

struct look {
    struct task *tasks;
    size_t count; /* of the running repeat */
    bool again;
};

static void take(void *user, enum lm_phase phase, size_t task, double seconds)
{
    struct look *look = user;
    if (look->count == MOST_TASKS)
        return;
    struct task *at = &look->tasks[look->count++];
    bool quicker = !look->again || seconds < at->seconds;
    *at = (struct task){quicker ? seconds : at->seconds, phase, task == 0};
}

/* Seconds of one core, and of `threads` side by side, by phase. */
static void schedule(const struct look *look, size_t threads, double work[LM_PHASES],
                     double span[LM_PHASES])
{
    double *costs = malloc((look->count + 1) * sizeof *costs);
    for (size_t at = 0, count; at < look->count && costs != NULL; at += count) {
        double sum = 0;
        for (count = 0; at + count < look->count && (count == 0 || !look->tasks[at + count].first);
             count++) {
            costs[count] = look->tasks[at + count].seconds;
            sum += costs[count];
        }
        double share = lm_grid_efficiency(costs, count, threads);
        work[look->tasks[at].phase] += sum;
        span[look->tasks[at].phase] += sum > 0 ? sum / (share * (double)threads) : 0;
    }
    free(costs);
}

static enum lm_status train(struct lm_model *model, const long long s[6], struct lm_err *err)
{
    size_t rows = (size_t)(s[4] * s[5]);
    int32_t *tokens = malloc(2 * rows * sizeof *tokens);
    if (tokens == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu tokens", rows);
    struct lm_rng rng = lm_rng_stream(1, "bench");
    for (size_t i = 0; i < 2 * rows; i++)
        tokens[i] = (int32_t)lm_rng_below(rng, 0, i, (uint64_t)s[3]);
    const struct lm_step_options adamw = {.lr = 1e-4, .beta1 = 0.9, .beta2 = 0.95, .clip = 1};
    enum lm_status status =
        lm_model_accumulate(model, tokens, tokens + rows, s[4], s[5], 1, NULL, err);
    free(tokens);
    return status == LM_OK ? lm_model_step(model, &adamw, NULL, err) : status;
}

/* One line of the table. */
static enum lm_status look_at(struct lm_model *model, const long long s[6], double times,
                              size_t threads, struct lm_err *err)
{
    struct look look = {.tasks = malloc(MOST_TASKS * sizeof(struct task))};
    if (look.tasks == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the times of tasks");
    const struct lm_trace trace = {threads, take, &look};
    enum lm_status status = LM_OK;
    lm_model_trace(model, &trace);
    for (int i = 0; i < REPEATS && status == LM_OK; i++) {
        look.count = 0;
        look.again = i > 0;
        status = train(model, s, err);
    }
    lm_model_trace(model, NULL);
    double works[LM_PHASES] = {0}, spans[LM_PHASES] = {0};
    schedule(&look, threads, works, spans);
    free(look.tasks);
    double work = 0, span = 0;
    printf("| %zu |", threads);
    for (int i = 0; i < LM_PHASES; i++) {
        double by = i == LM_PHASE_HEAD || i == LM_PHASE_UPDATE ? 1 : times;
        work += by * works[i];
        span += by * spans[i];
        printf(" %.2f |", works[i] / (spans[i] * (double)threads));
    }
    printf(" %.2f | %.2f |\n", work / (span * (double)threads), work);
    fflush(stdout);
    return status;
}

static const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 2; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return otherwise;
}

int main(int argc, char **argv)
{
    long long s[6];
    if (argc < 2 || argc % 2 != 0 ||
        sscanf(argv[1], "%lld,%lld,%lld,%lld,%lld,%lld", &s[0], &s[1], &s[2], &s[3], &s[4],
               &s[5]) != 6) {
        fputs("usage: bench_grid LAYERS,HEADS,WIDTH,VOCAB,BATCH,TIME [as LAYERS] [cores N] "
              "[precision P] "
              "[kernels K]\n",
              stderr);
        return 2;
    }
    const struct lm_model_config config = {
        .vocab = s[3], .context = s[5], .layers = s[0], .heads = s[1], .width = s[2]};
    const struct lm_model_options how = {
        .training = true,
        .seed = 1,
        .threads = 1,
        .kernels = option(argc, argv, "kernels", NULL),
        .precision = lm_precision_find(option(argc, argv, "precision", "f32")),
        .max_batch = s[4],
        .max_time = s[5],
    };
    double times = strtod(option(argc, argv, "as", argv[1]), NULL) / (double)s[0];
    struct lm_model *model = NULL;
    struct lm_err err = {0};
    enum lm_status status = lm_model_create(&model, &config, &how, &err);
    if (status == LM_OK)
        status = train(model, s, &err); /* touches memory for the first time */
    puts("| cores | forward | attention | head | backward | update | all | core-seconds |\n"
         "|---|---|---|---|---|---|---|---|");
    size_t only = strtoul(option(argc, argv, "cores", "0"), NULL, 10);
    for (size_t i = 0; i < sizeof cores / sizeof cores[0] && status == LM_OK; i++)
        if (only == 0 || only == cores[i])
            status = look_at(model, s, times, cores[i], &err);
    if (status != LM_OK)
        fprintf(stderr, "bench_grid: %s\n", err.text);
    lm_model_free(model);
    return status == LM_OK ? 0 : 1;
}
