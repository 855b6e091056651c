#include "plan/likes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/pool.h"

/** The row of the machine itself: its `work` is the peak of one thread. */
#define MACHINE "-"
#define MACHINE_VARIANT "peak fp32"

/** Values whose ratios say how far one execution is from another, and how much each matters. */
static const struct measure {
    size_t value;
    double weight;
} measures[] = {{LM_COST_SHAPE, 1},       {LM_COST_SHAPE + 1, 0.5}, {LM_COST_SHAPE + 2, 0.5},
                {LM_COST_SHAPE + 3, 0.5}, {LM_COST_THREADS, 0.5},   {LM_COST_WORK, 0.1}};

enum { MEASURES = sizeof measures / sizeof measures[0] };

#define FAR 2.1           /**< in natural logarithms: a shape of eight times the size */
#define ELSEWHERE 1.0     /**< another host with such a processor */
#define SHORT_SECONDS 0.3 /**< an execution that was shorter was mostly start and end */

struct row {
    const struct lm_cost *cost;
    double ln[MEASURES];
    double base; /**< distance that it has from everything */
};

/** Those of a type. */
struct lm_likes_of {
    const struct lm_stage *type;
    struct row *rows; /**< newest first */
    size_t count;
};

static double ln_of(double value)
{
    return value > 0 ? log(value) : 0;
}

const char *lm_likes_variant(char out[64], const struct lm_stage *type, const char *said)
{
    snprintf(out, 64, "v%u%s%s", type->version, said[0] != '\0' ? " " : "", said);
    return out;
}

enum lm_status lm_likes_open(struct lm_likes **out, struct lm_arena *arena,
                             const struct lm_store *store, struct lm_err *err)
{
    struct utsname system = {0};
    struct lm_likes *likes = LM_NEW(arena, struct lm_likes);
    if (likes == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for what stages have cost; free some");
    likes->arena = arena;
    uname(&system);
    snprintf(likes->host, sizeof likes->host, "%s", system.nodename);
    lm_cpu_name(likes->cpu);
    LM_TRY(lm_costs_load(&likes->costs, arena, store, err));
    for (size_t i = 0; i < likes->costs.count; i++) {
        const struct lm_cost *row = &likes->costs.rows[i];
        if (strcmp(row->text[LM_COST_TYPE], MACHINE) == 0 &&
            strcmp(row->text[LM_COST_VARIANT], MACHINE_VARIANT) == 0 &&
            strcmp(row->text[LM_COST_CPU], likes->cpu) == 0)
            likes->peak = row->value[LM_COST_WORK];
    }
    *out = likes;
    return LM_OK;
}

/** Takes a row among those of its type, when it is of this processor. */
static void take(struct lm_likes_of *of, const struct lm_likes *likes, const struct lm_cost *cost)
{
    if (strcmp(cost->text[LM_COST_TYPE], of->type->name) != 0 ||
        strcmp(cost->text[LM_COST_CPU], likes->cpu) != 0 || !(cost->value[LM_COST_WORK] > 0))
        return;
    struct row *row = &of->rows[of->count++];
    row->cost = cost;
    row->base = strcmp(cost->text[LM_COST_HOST], likes->host) == 0 ? 0 : ELSEWHERE;
    double seconds = cost->value[LM_COST_SECONDS];
    row->base += seconds < SHORT_SECONDS ? 1 : SHORT_SECONDS / seconds;
    for (size_t i = 0; i < MEASURES; i++)
        row->ln[i] = ln_of(cost->value[measures[i].value]);
}

/** The rows of a type, gathered once; NULL: out of memory. */
static const struct lm_likes_of *rows_of(struct lm_likes *likes, const struct lm_stage *type)
{
    for (size_t i = 0; i < likes->type_count; i++)
        if (likes->types[i].type == type)
            return &likes->types[i];
    struct lm_likes_of *types =
        LM_NEW_ARRAY(likes->arena, struct lm_likes_of, likes->type_count + 1);
    struct row *rows = LM_NEW_ARRAY(likes->arena, struct row, likes->costs.count);
    if (types == NULL || rows == NULL)
        return NULL;
    if (likes->type_count > 0)
        memcpy(types, likes->types, likes->type_count * sizeof *types);
    likes->types = types;
    struct lm_likes_of *of = &types[likes->type_count++];
    *of = (struct lm_likes_of){.type = type, .rows = rows};
    for (size_t i = likes->costs.count; i > 0; i--)
        take(of, likes, &likes->costs.rows[i - 1]);
    return of;
}

const struct lm_cost *lm_likes_find(struct lm_likes *likes, const struct lm_like_query *query,
                                    bool *far)
{
    char variant[64];
    double ln[MEASURES], best = INFINITY;
    const struct lm_cost *found = NULL;
    const struct lm_likes_of *of = rows_of(likes, query->type);
    if (of == NULL || of->count == 0 || !(query->work > 0))
        return NULL;
    lm_likes_variant(variant, query->type, query->variant);
    for (size_t i = 0; i < LM_SHAPE_MAX; i++)
        ln[i] = ln_of(query->shape[i]);
    ln[LM_SHAPE_MAX] = ln_of(query->threads);
    ln[LM_SHAPE_MAX + 1] = ln_of(query->work);
    for (size_t i = 0; i < of->count; i++) {
        const struct row *row = &of->rows[i];
        double distance = row->base;
        for (size_t k = 0; k < MEASURES && distance < best; k++)
            distance += measures[k].weight * fabs(ln[k] - row->ln[k]);
        if (distance < best && strcmp(row->cost->text[LM_COST_VARIANT], variant) == 0) {
            best = distance;
            found = row->cost;
        }
    }
    *far = best > FAR;
    return found;
}

void lm_likes_keep_peak(struct lm_likes *likes, const struct lm_store *store, double peak)
{
    struct lm_costs added = {.arena = likes->arena};
    struct lm_cost row = {.text = {MACHINE, MACHINE_VARIANT, likes->host, likes->cpu}};
    likes->peak = peak;
    row.value[LM_COST_WORK] = peak;
    row.value[LM_COST_THREADS] = 1;
    if (lm_costs_add(&added, &row))
        lm_costs_save(&added, store, NULL);
}
