/* Kind choice: the continuation with the highest score is the one chosen; k that share it get 1/k.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "task_kind.h"

static const struct lm_task_item *item_of(const struct task_run *run, size_t item)
{
    return &run->items.items[item];
}

static bool has_pmi(const struct task_run *run)
{
    for (size_t n = 0; n < run->task.norm_count; n++)
        if (run->task.norms[n] == LM_TASK_PMI)
            return true;
    return false;
}

/* ---- probes ---- */

/* One a choice, and another one without its context where the norm asks for it. */
static size_t probe_count(const struct task_run *run, size_t item)
{
    return item_of(run, item)->choice_count * (has_pmi(run) ? 2 : 1);
}

static void fill_probes(const struct task_run *run, size_t i, struct task_probe *probes)
{
    const struct lm_task_item *item = item_of(run, i);
    size_t k = item->choice_count;
    bool has_target = run->task.has_target;
    for (size_t c = 0; c < k; c++) {
        probes[c] = (struct task_probe){.parts = {item->context, item->choices[c], item->target},
                                        .scored = has_target ? 2 : 1};
        if (has_pmi(run))
            probes[k + c] =
                (struct task_probe){.parts = {has_target ? item->target : item->choices[c]}};
    }
}

/* ---- scores ---- */

/* Whose loss a choice is scored by. */
enum judge { MODEL, UNIGRAM, BIGRAM };

static double nll_of(const struct task_probe *probe, enum judge judge)
{
    return judge == MODEL ? probe->nll : probe->grams[judge - UNIGRAM];
}

static double bytes_of(const struct task_probe *probe)
{
    double bytes = 0;
    for (size_t p = probe->scored; p < TASK_PARTS; p++)
        bytes += (double)probe->parts[p].size;
    return bytes;
}

/* The score of choice c of k whose probes these are. */
static double score_of(const struct task_probe *probes, size_t k, size_t c, enum lm_task_norm norm,
                       enum judge judge)
{
    double nll = nll_of(&probes[c], judge);
    if (norm == LM_TASK_TOKEN)
        return -nll / (double)probes[c].tokens;
    if (norm == LM_TASK_BYTE)
        return -nll / bytes_of(&probes[c]);
    return norm == LM_TASK_PMI ? nll_of(&probes[k + c], judge) - nll : -nll;
}

/* The shortest choice, as a rule of thumb that needs no model. */
static double score_of_length(const struct task_probe *probes, size_t c)
{
    return -(double)probes[c].parts[1].size;
}

/* Who has the highest score: how many, and the first of them. */
struct verdict {
    size_t first, count;
    double share; /* of the answer: 1/count when it is among them */
};

static struct verdict judge_item(const struct task_run *run, size_t i, enum lm_task_norm norm,
                                 enum judge judge, bool by_length)
{
    const struct lm_task_item *item = item_of(run, i);
    const struct task_probe *probes = run->probes + run->first[i];
    size_t k = item->choice_count;
    struct verdict out = {0, 0, 0};
    double best = 0;
    bool is_answer = false;
    for (size_t c = 0; c < k; c++) {
        double score = by_length ? score_of_length(probes, c) : score_of(probes, k, c, norm, judge);
        if (c == 0 || score > best) {
            best = score;
            out = (struct verdict){c, 0, 0};
            is_answer = false;
        }
        if (score == best) {
            out.count++;
            is_answer = is_answer || (int64_t)c == item->answer;
        }
    }
    out.share = is_answer ? 1 / (double)out.count : 0;
    return out;
}

static double mean_share(const struct task_run *run, enum lm_task_norm norm, enum judge judge,
                         bool by_length)
{
    double sum = 0;
    for (size_t i = 0; i < run->items.count; i++)
        sum += judge_item(run, i, norm, judge, by_length).share;
    return sum / (double)run->items.count;
}

/* The choices' scores, as they are compared, as probabilities. */
static enum lm_status calibrate(struct task_run *run, struct lm_err *err)
{
    double scores[LM_TASK_CHOICES];
    struct lm_arena *arena = run->evaluation->arena;
    LM_TRY(task_calibration_open(&run->calibration, arena, run->items.count, err));
    for (size_t i = 0; i < run->items.count; i++) {
        const struct lm_task_item *item = item_of(run, i);
        const struct task_probe *probes = run->probes + run->first[i];
        for (size_t c = 0; c < item->choice_count; c++)
            scores[c] = score_of(probes, item->choice_count, c, run->task.norms[0], MODEL);
        task_calibration_item(&run->calibration, i, scores, item->choice_count,
                              (size_t)item->answer, run->score[i]);
    }
    return task_calibration_close(&run->calibration, arena, err);
}

static enum lm_status score(struct task_run *run, struct lm_err *err)
{
    LM_TRY(task_run_probes(run, probe_count, fill_probes, err));
    for (size_t i = 0; i < run->items.count; i++) {
        struct verdict verdict = judge_item(run, i, run->task.norms[0], MODEL, false);
        run->score[i] = verdict.share;
        run->choice[i] = (int64_t)verdict.first;
        run->tie[i] = verdict.count > 1;
        run->nll[i] = run->probes[run->first[i] + (size_t)item_of(run, i)->answer].nll;
    }
    return calibrate(run, err);
}

/* ---- results ---- */

/* What the bigram would choose, and how much more the model has right of the same items. */
static enum lm_status put_bigram(struct scores *scores, const struct task_run *run,
                                 struct lm_err *err)
{
    double *theirs = LM_NEW_ARRAY(run->evaluation->arena, double, run->items.count);
    double sum = 0;
    if (theirs == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the floors of a task; give it a limit");
    for (size_t i = 0; i < run->items.count; i++) {
        theirs[i] = judge_item(run, i, run->task.norms[0], BIGRAM, false).share;
        sum += theirs[i];
    }
    scores_put(scores, "floor.bigram", sum / (double)run->items.count);
    return task_put_over(scores, run, "bigram", theirs, err);
}

static enum lm_status put_floors(struct scores *scores, const struct task_run *run,
                                 struct lm_err *err)
{
    const struct evaluation *evaluation = run->evaluation;
    enum lm_task_norm norm = run->task.norms[0];
    scores_put(scores, "floor.length", mean_share(run, norm, MODEL, true));
    if (!lm_template_is_constant(&run->task.answer)) {
        struct lm_text *answers = LM_NEW_ARRAY(evaluation->arena, struct lm_text, run->items.count);
        double share;
        if (answers == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for the answers of a task; give it a limit");
        for (size_t i = 0; i < run->items.count; i++)
            answers[i] = (struct lm_text){(const char *)&item_of(run, i)->answer, sizeof(int64_t)};
        LM_TRY(task_majority(&share, evaluation->arena, answers, run->items.count, err));
        scores_put(scores, "floor.majority", share);
    }
    if (evaluation->counts == NULL)
        return LM_OK;
    scores_put(scores, "floor.unigram", mean_share(run, norm, UNIGRAM, false));
    return put_bigram(scores, run, err);
}

static enum lm_status put(struct scores *scores, struct task_run *run, struct lm_err *err)
{
    double chance = 0;
    for (size_t i = 0; i < run->items.count; i++)
        chance += 1 / (double)item_of(run, i)->choice_count / (double)run->items.count;
    LM_TRY(task_put_accuracy(scores, run, err));
    for (size_t n = 1; n < run->task.norm_count; n++) {
        char name[40];
        snprintf(name, sizeof name, "acc_%s", lm_task_norms[run->task.norms[n]]);
        scores_put(scores, name, mean_share(run, run->task.norms[n], MODEL, false));
    }
    scores_put(scores, "chance", chance);
    scores_put(scores, "centred", (run->headline - chance) / (1 - chance));
    run->evaluation->centred_sum += (run->headline - chance) / (1 - chance);
    run->evaluation->centred_count++;
    scores_put(scores, "ece", run->calibration.ece);
    scores_put(scores, "brier", run->calibration.brier);
    task_put_ties(scores, run);
    task_put_counts(scores, run, true);
    return put_floors(scores, run, err);
}

/* The text that is scored, or what it follows. */
static struct lm_text shown(const struct task_run *run, size_t i, int64_t choice)
{
    return item_of(run, i)->choices[choice];
}

static void record(struct lm_item_record *out, const struct task_run *run, size_t i)
{
    const struct lm_task_item *item = item_of(run, i);
    out->score = run->score[i];
    out->nll = run->nll[i];
    out->bytes = (int64_t)bytes_of(&run->probes[run->first[i] + (size_t)item->answer]);
    out->choice = run->choice[i];
    out->tie = run->tie[i];
}

static void put_item(struct lm_json_writer *writer, const struct task_run *run, size_t i)
{
    const struct lm_task_item *item = item_of(run, i);
    lm_json_member_int(writer, "answer", item->answer);
    task_put_text(writer, "context", item->context, true);
    task_put_text(writer, "expected", shown(run, i, item->answer), false);
    task_put_text(writer, "predicted", shown(run, i, run->choice[i]), false);
}

static void sign(struct lm_buf *out, const struct task_run *run)
{
    static const char *const meanings[] = {[LM_TASK_SUM] = "sum of ln p",
                                           [LM_TASK_TOKEN] = "sum of ln p / tokens",
                                           [LM_TASK_BYTE] = "sum of ln p / bytes",
                                           [LM_TASK_PMI] =
                                               "sum of ln p less the same after end-of-text alone"};
    lm_buf_printf(out, "highest %s of %s; k that share it count 1/k", meanings[run->task.norms[0]],
                  run->task.has_target ? "the target behind each choice" : "each choice");
}

const struct task_kind task_choice = {"acc", "accuracy", score, put, record, put_item, sign};
