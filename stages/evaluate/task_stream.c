/* Kind stream: texts from their beginning to their end. */
#include <math.h>
#include <stdio.h>

#include "base/elem.h"
#include "stats/paired.h"

#include "task_kind.h"

#define LN2 0.69314718055994530942

static size_t probe_count(const struct task_run *run, size_t item)
{
    (void)run;
    (void)item;
    return 1;
}

static void fill_probe(const struct task_run *run, size_t i, struct task_probe *probe)
{
    *probe = (struct task_probe){.parts = {run->items.items[i].target}};
}

static enum lm_status score(struct task_run *run, struct lm_err *err)
{
    LM_TRY(task_run_probes(run, probe_count, fill_probe, err));
    for (size_t i = 0; i < run->items.count; i++) {
        run->score[i] = (double)run->probes[i].hits / (double)run->probes[i].tokens;
        run->nll[i] = run->probes[i].nll;
    }
    return LM_OK;
}

/* Words as the perplexities of PTB and WikiText count them: what stands between white space, and
 * each line's end. */
static uint64_t words_of(struct lm_text text)
{
    uint64_t words = 0;
    bool is_inside = false;
    for (size_t i = 0; i < text.size; i++) {
        bool is_space = text.data[i] == ' ' || (text.data[i] >= '\t' && text.data[i] <= '\r');
        words += text.data[i] == '\n' || (!is_space && !is_inside);
        is_inside = !is_space;
    }
    return words;
}

/* Sums by item: what is divided by what. */
struct sums {
    double *tokens, *bytes, *words;
};

static enum lm_status sum_up(struct sums *out, const struct task_run *run, struct lm_err *err)
{
    size_t count = run->items.count;
    out->tokens = LM_NEW_ARRAY(run->evaluation->arena, double, 3 * count);
    if (out->tokens == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the sums of a task; give it a limit");
    out->bytes = out->tokens + count;
    out->words = out->bytes + count;
    for (size_t i = 0; i < count; i++) {
        out->tokens[i] = (double)run->probes[i].tokens;
        out->bytes[i] = (double)run->items.items[i].target.size;
        out->words[i] = (double)words_of(run->items.items[i].target);
    }
    return LM_OK;
}

static double total(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

static double bits(double nats)
{
    return nats / LN2;
}

static enum lm_status put_groups(struct scores *scores, const struct task_run *run,
                                 const struct sums *sums, struct lm_err *err)
{
    for (size_t l = 0; l < run->groups.level_count; l++) {
        const struct task_level *level = &run->groups.levels[l];
        double *nll, *bytes;
        LM_TRY(task_groups_sum(&nll, &bytes, run->evaluation->arena, level, run->nll, sums->bytes,
                               run->items.count, err));
        for (size_t g = 0; g < level->count; g++) {
            char name[160];
            snprintf(name, sizeof name, "%s.bpb", level->names[g]);
            scores_put(scores, name, bits(nll[g] / bytes[g]));
        }
    }
    return LM_OK;
}

/* How many bits a byte the model needs more than the bigram, paired by item. */
static enum lm_status put_over_bigram(struct scores *scores, const struct task_run *run,
                                      const double *bytes, struct lm_err *err)
{
    const struct evaluation *evaluation = run->evaluation;
    const struct lm_resampling how = evaluate_resampling(evaluation, task_stream_of(run, "items"));
    struct lm_difference over;
    double *nats = LM_NEW_ARRAY(evaluation->arena, double, run->items.count);
    if (nats == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the floors of a task; give it a limit");
    for (size_t i = 0; i < run->items.count; i++)
        nats[i] = run->nll[i] - run->probes[i].grams[1];
    LM_TRY(lm_paired_difference(&over, nats, bytes, run->items.count, 0.95, &how, evaluation->arena,
                                err));
    scores_put_interval(scores, "bigram.diff", bits(over.value), bits(over.low), bits(over.high));
    return LM_OK;
}

static enum lm_status put(struct scores *scores, struct task_run *run, struct lm_err *err)
{
    static const char *const floors[] = {"floor.unigram", "floor.bigram"};
    size_t count = run->items.count;
    struct sums sums = {0};
    LM_TRY(sum_up(&sums, run, err));
    run->headline = bits(total(run->nll, count) / total(sums.bytes, count));
    LM_TRY(task_put_ratio(scores, run, "bpb", run->nll, sums.bytes, bits, err));
    LM_TRY(task_put_ratio(scores, run, "ppl", run->nll, sums.tokens, lm_exp, err));
    if (total(sums.words, count) > 0)
        LM_TRY(task_put_ratio(scores, run, "word_ppl", run->nll, sums.words, lm_exp, err));
    LM_TRY(put_groups(scores, run, &sums, err));
    for (size_t f = 0; f < 2 && run->evaluation->counts != NULL; f++) {
        double nll = 0;
        for (size_t i = 0; i < count; i++)
            nll += run->probes[i].grams[f];
        scores_put(scores, floors[f], bits(nll / total(sums.bytes, count)));
    }
    if (run->evaluation->counts != NULL)
        LM_TRY(put_over_bigram(scores, run, sums.bytes, err));
    scores_put_count(scores, "items", count);
    scores_put_count(scores, "tokens", (uint64_t)total(sums.tokens, count));
    scores_put_count(scores, "bytes", (uint64_t)total(sums.bytes, count));
    scores_put_count(scores, "words", (uint64_t)total(sums.words, count));
    return LM_OK;
}

static void record(struct lm_item_record *out, const struct task_run *run, size_t i)
{
    out->score = run->score[i];
    out->nll = run->nll[i];
    out->bytes = (int64_t)run->items.items[i].target.size;
}

static void put_item(struct lm_json_writer *writer, const struct task_run *run, size_t i)
{
    lm_json_member_int(writer, "tokens", run->probes[i].tokens);
    lm_json_member_int(writer, "correct", run->probes[i].hits);
    lm_json_member_int(writer, "words", (int64_t)words_of(run->items.items[i].target));
}

static void sign(struct lm_buf *out, const struct task_run *run)
{
    lm_buf_printf(
        out,
        "each text by itself after one end-of-text, which is not scored behind it; stride "
        "%llu; bpb by bytes of text; ppl per token; word_ppl per word, words being what "
        "stands between white space and each line's end",
        (unsigned long long)run->evaluation->stride);
}

const struct task_kind task_stream = {"bpb", "bits per byte", score, put, record, put_item, sign};
