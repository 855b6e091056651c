#include "plan/forecast.h"

#include <math.h>
#include <string.h>

#include "plan/likes.h"
#include "plan/plan.h"
#include "plan/probe.h"

#define SERIAL_SHARE 0.1  /**< of the work of a stage, when nothing is known */
#define TINY 0.1          /**< seconds: starting and ending are most of them */
#define KEPT_SHARE 0.75   /**< of the work on a part of the input that is not done again */
#define TYPICAL_PEAK 1e11 /**< operations a second of one thread */
#define PEAK_PATIENCE 10  /**< seconds: measuring takes less than one */

static enum lm_status no_memory(const struct lm_plan *plan, struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "%s: no memory to estimate it; free some", plan->spec->path);
}

/* ---- what a stage reads ---- */

static size_t port_place(const struct lm_stage *type, const struct lm_port *port)
{
    size_t place = (size_t)(port - type->outputs);
    return place < LM_SIZES_MAX ? place : SIZE_MAX;
}

/** Sizes of the outputs of a result. */
static void put_known_sizes(struct lm_forecast *out, const struct lm_stage *type,
                            const struct lm_record *record)
{
    out->disk = 0;
    for (size_t i = 0; type->outputs[i].name != NULL && i < LM_SIZES_MAX; i++) {
        const struct lm_output *output = lm_record_output(record, lm_port_key(&type->outputs[i]));
        out->sizes[i] = 0;
        for (size_t k = 0; output != NULL && k < output->file_count; k++)
            out->sizes[i] += output->files[k].size;
        out->disk += out->sizes[i];
    }
}

/** Bytes that an input hands over; of a choice the first candidate stands for all. */
static uint64_t input_bytes(const struct lm_plan *plan, const struct lm_spec_stage *stage, size_t i)
{
    const struct lm_spec_input *input = &stage->inputs[i];
    bool is_none = input->role == LM_INPUT_METRIC ||
                   (input->role == LM_INPUT_CANDIDATE && stage->choices[input->choice].first != i);
    if (is_none || input->from == NULL)
        return 0;
    size_t place = port_place(plan->spec->stages[input->stage].type, input->from);
    return place != SIZE_MAX ? plan->stages[input->stage].forecast.sizes[place] : 0;
}

static double file_bytes(const struct lm_spec_stage *stage)
{
    double sum = 0;
    for (size_t i = 0; i < stage->file_count; i++)
        if (stage->files[i].seen != NULL && S_ISREG(stage->files[i].seen->st_mode))
            sum += (double)stage->files[i].seen->st_size;
    return sum;
}

/** The type's estimate with what is known of the inputs, and what it is for. */
static enum lm_status ask_type(struct lm_plan *plan, size_t stage, size_t threads,
                               struct lm_err *err)
{
    struct lm_plan_stage *s = &plan->stages[stage];
    const struct lm_spec_stage *spec = &plan->spec->stages[stage];
    struct lm_arena_mark mark = lm_arena_mark(plan->arena);
    uint64_t *bytes = LM_NEW_ARRAY(plan->arena, uint64_t, spec->input_count);
    double read = file_bytes(spec);
    if (bytes == NULL)
        return no_memory(plan, err);
    for (size_t i = 0; i < spec->input_count; i++) {
        bytes[i] = input_bytes(plan, spec, i);
        read += (double)bytes[i];
    }
    lm_spec_estimate(plan->spec, stage, threads, bytes, &s->estimate);
    lm_arena_rewind(plan->arena, mark);
    const struct lm_stage_cost *cost = spec->type->cost;
    s->forecast = (struct lm_forecast){.read = read};
    s->forecast.work = s->estimate.work > 0 ? s->estimate.work : read;
    s->forecast.said = (double)s->estimate.memory;
    if (cost != NULL && (read > 0 || s->estimate.memory > 0)) {
        double typical = cost->memory + cost->memory_share * read;
        s->forecast.said += cost->memory_most > 0 ? fmin(typical, cost->memory_most) : typical;
    }
    return LM_OK;
}

/* ---- time ---- */

/** How many threads' worth of work a stage gets done, when `serial` of it is done by one alone
 *  (Amdahl 1967). */
static double speedup(double serial, double threads)
{
    return 1 / (serial + (1 - serial) / threads);
}

/** The share of an execution that one thread did alone, by the processor time it took. */
static double serial_share(const struct lm_cost *like)
{
    double threads = like->value[LM_COST_THREADS], seconds = like->value[LM_COST_SECONDS];
    double kept = seconds > 0 ? like->value[LM_COST_CPU_SECONDS] / seconds : 0;
    if (threads < 2 || !(kept > 0))
        return SERIAL_SHARE;
    return fmin(fmax((threads / kept - 1) / (threads - 1), 0), 1);
}

/** The part of the work that a checkpoint or a state leaves to do. */
static double part_left(const struct lm_plan_stage *s)
{
    if (s->kept > 0 && s->forecast.read > 0)
        return 1 - KEPT_SHARE * fmin((double)s->kept / s->forecast.read, 1);
    double left = 1 - (double)s->resume / s->estimate.positions;
    return s->resume >= 0 && s->estimate.positions > 0 ? fmax(left, 0) : 1;
}

static void put_time(struct lm_forecast *out, const struct lm_cost *like, double left,
                     double threads)
{
    double scale = left * out->work / like->value[LM_COST_WORK], serial = serial_share(like);
    out->seconds = scale * like->value[LM_COST_SECONDS] *
                   speedup(serial, like->value[LM_COST_THREADS]) / speedup(serial, threads);
    out->busy = scale * like->value[LM_COST_CPU_SECONDS];
}

/** By what is typical of the type: a pace of bytes, or a share of the peak. */
static void guess_time(struct lm_forecast *out, const struct lm_plan_stage *s,
                       const struct lm_stage *type, double peak, double threads)
{
    double pace = type->cost != NULL ? type->cost->pace : 0;
    double serial = type->max_threads == 1 ? 1 : SERIAL_SHARE;
    pace *= s->estimate.work > 0 ? peak : 1;
    if (!(pace > 0) || !(out->work > 0))
        return;
    out->busy = part_left(s) * out->work / pace;
    out->seconds = out->busy / speedup(serial, threads);
    out->time_from = LM_BASIS_GUESS;
}

/* ---- memory and disk ---- */

/** What the type says, by as much more or less as a like execution took. */
static void put_memory(struct lm_forecast *out, const struct lm_cost *like)
{
    double said = like->value[LM_COST_SAID], took = like->value[LM_COST_MEMORY];
    out->memory = (uint64_t)(said > 0 && out->said > 0 ? out->said * took / said : took);
}

/** By how much outputs are larger at this shape than at the other. */
static double growth(const struct lm_stage_cost *cost, double shape, double other)
{
    bool grows = cost != NULL && cost->power != 0 && shape > 0 && other > 0;
    return grows ? pow(shape / other, cost->power) : 1;
}

static void put_sizes(struct lm_forecast *out, const struct lm_plan_stage *s,
                      const struct lm_stage *type, const struct lm_cost *like)
{
    const struct lm_stage_cost *cost = type->cost;
    bool guessed = false;
    double ratio =
        like != NULL && like->value[LM_COST_READ] > 0 ? out->read / like->value[LM_COST_READ] : 1;
    double grown = growth(cost, s->estimate.shape[0],
                          like != NULL   ? like->value[LM_COST_SHAPE]
                          : cost != NULL ? cost->at
                                         : 0);
    for (size_t i = 0; type->outputs[i].name != NULL && i < LM_SIZES_MAX; i++) {
        bool is_said = s->estimate.sizes[i] > 0;
        double typical = cost != NULL ? cost->sizes[i] * out->read * grown : 0;
        out->sizes[i] = is_said        ? s->estimate.sizes[i]
                        : like != NULL ? (uint64_t)(like->value[LM_COST_SIZES + i] * ratio * grown)
                                       : (uint64_t)typical;
        guessed = guessed || !is_said;
        out->disk += out->sizes[i];
    }
    out->disk += s->estimate.state;
    if (out->disk > 0)
        out->disk_from = !guessed       ? LM_BASIS_COMPUTED
                         : like != NULL ? LM_BASIS_RECORD
                                        : LM_BASIS_GUESS;
}

/* ---- a stage ---- */

/** The last result of the very stage tells something, though what it reads is not known. */
static void recall_last(struct lm_forecast *out, const struct lm_plan_stage *s,
                        const struct lm_stage *type)
{
    const struct lm_record *last = s->last_record;
    if (last == NULL)
        return;
    if (out->time_from == LM_BASIS_NONE && !(s->estimate.work > 0)) {
        out->seconds = out->busy = last->seconds;
        out->time_from = LM_BASIS_GUESS;
    }
    if (out->disk == 0) {
        put_known_sizes(out, type, last);
        out->disk_from = out->disk > 0 ? LM_BASIS_GUESS : LM_BASIS_NONE;
    }
}

static void put_forecast(struct lm_plan *plan, size_t stage, double threads)
{
    struct lm_plan_stage *s = &plan->stages[stage];
    struct lm_forecast *out = &s->forecast;
    const struct lm_stage *type = plan->spec->stages[stage].type;
    bool far = false;
    const struct lm_like_query query = {type,      s->estimate.variant, threads,
                                        out->work, out->read,           s->estimate.shape};
    const struct lm_cost *like = lm_likes_find(plan->likes, &query, &far);
    put_sizes(out, s, type, like);
    if (like != NULL) {
        put_time(out, like, part_left(s), threads);
        put_memory(out, like);
        bool tiny = like->value[LM_COST_SECONDS] < TINY && out->seconds >= 1;
        out->memory_from = far ? LM_BASIS_GUESS : LM_BASIS_RECORD;
        out->time_from = far || tiny ? LM_BASIS_GUESS : LM_BASIS_RECORD;
        out->disk_from = far && out->disk_from == LM_BASIS_RECORD ? LM_BASIS_GUESS : out->disk_from;
        return;
    }
    out->memory = (uint64_t)out->said;
    if (out->memory > 0) /* exact is an estimate to which nothing typical is added */
        out->memory_from =
            out->said > (double)s->estimate.memory ? LM_BASIS_GUESS : LM_BASIS_COMPUTED;
    guess_time(out, s, type, plan->likes->peak, threads);
    recall_last(out, s, type);
}

enum lm_status lm_forecast_all(struct lm_plan *plan, size_t threads, struct lm_err *err)
{
    plan->totals = (struct lm_plan_totals){.threads = threads};
    if (!lm_plan_is_stale(plan))
        return LM_OK;
    LM_TRY(lm_likes_open(&plan->likes, plan->arena, plan->store, err));
    for (size_t i = 0; i < plan->spec->stage_count; i++) {
        struct lm_plan_stage *s = &plan->stages[i];
        if (s->record != NULL)
            put_known_sizes(&s->forecast, plan->spec->stages[i].type, s->record);
        if (!s->selected || s->state == LM_HIT)
            continue;
        LM_TRY(ask_type(plan, i, threads, err));
        put_forecast(plan, i, (double)lm_spec_threads(plan->spec, i, threads));
    }
    lm_forecast_total(plan);
    return LM_OK;
}

/* ---- the peak ---- */

/** A stage whose time would be known if the peak were. */
static bool awaits_peak(const struct lm_plan *plan, size_t i)
{
    const struct lm_plan_stage *s = &plan->stages[i];
    const struct lm_stage_cost *cost = plan->spec->stages[i].type->cost;
    return s->selected && s->state != LM_HIT && s->forecast.time_from == LM_BASIS_NONE &&
           s->estimate.work > 0 && cost != NULL && cost->pace > 0;
}

enum lm_status lm_plan_guess(struct lm_plan *plan, struct lm_err *err)
{
    size_t count = 0;
    double peak = 0;
    for (size_t i = 0; i < plan->spec->stage_count; i++)
        count += awaits_peak(plan, i);
    if (count == 0 || plan->options->worker == NULL)
        return LM_OK;
    LM_TRY(lm_probe_peak(&peak, plan->arena, plan->options->worker, PEAK_PATIENCE, err));
    lm_likes_keep_peak(plan->likes, plan->store, peak);
    for (size_t i = 0; i < plan->spec->stage_count; i++)
        if (awaits_peak(plan, i))
            guess_time(&plan->stages[i].forecast, &plan->stages[i], plan->spec->stages[i].type,
                       peak, (double)lm_spec_threads(plan->spec, i, plan->totals.threads));
    lm_forecast_total(plan);
    return LM_OK;
}

double lm_forecast_weight(const struct lm_plan *plan, size_t stage)
{
    struct lm_forecast typical = plan->stages[stage].forecast;
    if (typical.time_from == LM_BASIS_NONE)
        guess_time(&typical, &plan->stages[stage], plan->spec->stages[stage].type, TYPICAL_PEAK, 1);
    return typical.busy;
}

/* ---- what it was ---- */

enum lm_status lm_forecast_row(struct lm_cost *row, struct lm_plan *plan, size_t stage,
                               double flops, struct lm_err *err)
{
    struct lm_plan_stage *s = &plan->stages[stage];
    const struct lm_stage *type = plan->spec->stages[stage].type;
    char variant[64];
    LM_TRY(ask_type(plan, stage, (size_t)row->value[LM_COST_THREADS], err));
    struct lm_forecast was = s->forecast;
    was.work *= s->kept > 0 ? part_left(s) : 1;
    put_known_sizes(&s->forecast, type, s->record); /* for those after it */
    if (flops > 0 && s->estimate.flops > 0)
        was.work *= flops / s->estimate.flops;
    if (!(was.work > 0) || plan->likes == NULL)
        return LM_NOT_FOUND;
    row->text[LM_COST_TYPE] = type->name;
    row->text[LM_COST_VARIANT] =
        lm_arena_strdup(plan->arena, lm_likes_variant(variant, type, s->estimate.variant));
    row->text[LM_COST_HOST] = plan->likes->host;
    row->text[LM_COST_CPU] = plan->likes->cpu;
    row->value[LM_COST_WORK] = was.work;
    row->value[LM_COST_READ] = was.read;
    row->value[LM_COST_SAID] = was.said;
    for (size_t i = 0; i < LM_SHAPE_MAX; i++)
        row->value[LM_COST_SHAPE + i] = s->estimate.shape[i];
    for (size_t i = 0; i < LM_SIZES_MAX; i++)
        row->value[LM_COST_SIZES + i] = (double)s->forecast.sizes[i];
    return row->text[LM_COST_VARIANT] != NULL ? LM_OK : no_memory(plan, err);
}
