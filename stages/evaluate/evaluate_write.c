#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/elem.h"
#include "base/io.h"
#include "base/json.h"

#include "evaluate_examples.h"
#include "evaluate_scores.h"
#include "evaluate_tasks.h"
#include "evaluation.h"
#include "stats/bootstrap.h"

#define LN2 0.69314718055994530942

/* Nats per token to bits per byte of the split's text. */
static double bits_per_byte(const struct evaluate_split *split, double nll)
{
    return nll * (double)split->tokens / (LN2 * (double)split->bytes);
}

/* Its bits per byte, and how many more of them the model needs, paired by document. */
static void put_baseline(struct scores *scores, const struct evaluate_split *split, size_t kind)
{
    const struct evaluate_baseline *baseline = &split->baselines[kind];
    char name[40];
    if (baseline->tokens == 0)
        return;
    snprintf(name, sizeof name, "%s.bpb", evaluate_baseline_names[kind]);
    scores_put(scores, name, bits_per_byte(split, baseline->nll / (double)baseline->tokens));
    snprintf(name, sizeof name, "%s.diff", evaluate_baseline_names[kind]);
    scores_put_interval(scores, name, baseline->diff / LN2, baseline->diff_low / LN2,
                        baseline->diff_high / LN2);
    snprintf(name, sizeof name, "%s.diff.detectable", evaluate_baseline_names[kind]);
    scores_put(scores, name, baseline->detectable / LN2);
}

static void put_split(struct scores *scores, const struct evaluation *evaluation,
                      const struct evaluate_split *split)
{
    double tokens = (double)split->tokens, nll = split->nll_sum / tokens;
    scores_put(scores, "bpb", bits_per_byte(split, nll));
    scores_put(scores, "bpb.lo", split->bpb_low / LN2);
    scores_put(scores, "bpb.hi", split->bpb_high / LN2);
    scores_put(scores, "ppl", lm_exp(nll));
    scores_put(scores, "ppl.lo", lm_exp(split->nll_low));
    scores_put(scores, "ppl.hi", lm_exp(split->nll_high));
    scores_put(scores, "acc", split->hits / tokens);
    scores_put(scores, "acc.lo", split->acc_low);
    scores_put(scores, "acc.hi", split->acc_high);
    scores_put(scores, "nll", nll);
    scores_put(scores, "calibration", split->entropy_error);
    scores_put(scores, "ece", split->ece);
    scores_put(scores, "brier", split->brier);
    scores_put(scores, "in_context_gain", evaluate_context_gain(evaluation, split));
    scores_put_count(scores, "tokens", split->tokens);
    scores_put_count(scores, "bytes", split->bytes);
    scores_put_count(scores, "documents", split->documents);
    for (size_t b = 0; b < EVALUATE_BASELINES; b++)
        put_baseline(scores, split, b);
}

static void put_shape(struct scores *scores, const struct evaluation *evaluation)
{
    const struct lm_model_config *config = &evaluation->config;
    char differs[300];
    scores->prefix = "model";
    scores_put_count(scores, "parameters", (uint64_t)lm_model_parameters(config));
    scores_put_count(scores, "layers", (uint64_t)config->layers);
    scores_put_count(scores, "heads", (uint64_t)config->heads);
    scores_put_count(scores, "width", (uint64_t)config->width);
    scores_put_count(scores, "context", (uint64_t)config->context);
    scores_put_count(scores, "vocab", (uint64_t)config->vocab);
    lm_model_config_describe(differs, sizeof differs, config);
    if (differs[0] != '\0')
        lm_json_member_string(&scores->writer, "model.beyond_gpt2", differs);
    if (evaluation->tokens == NULL)
        return;
    scores->prefix = "train";
    scores_put_count(scores, "tokens", lm_tokens_count(evaluation->tokens, LM_TRAIN));
    scores_put_count(scores, "bytes", lm_tokens_bytes(evaluation->tokens, LM_TRAIN));
    scores_put_count(scores, "documents", lm_tokens_documents(evaluation->tokens, LM_TRAIN));
}

static void sign_tokens(struct lm_buf *out, const struct evaluation *evaluation)
{
    lm_buf_printf(
        out,
        "bpb = sum of nll over all tokens, end-of-text included, / (ln 2 x "
        "bytes of text); ppl per token of a vocabulary of %lld; context %llu; stride %llu; "
        "documents in one stream after one end-of-text; intervals: 95 %% studentised "
        "bootstrap, %lld resamples of documents, none from fewer than %d; differences to "
        "baselines: paired by document; ece: %d bins of equal mass by the first choice's "
        "probability",
        (long long)evaluation->config.vocab, (unsigned long long)evaluation->context,
        (unsigned long long)evaluation->stride, (long long)evaluation->params->resamples,
        LM_BOOTSTRAP_LEAST, LM_CALIBRATION_BINS);
}

/* All that decides what the metrics mean, in one line (after sacreBLEU's signatures). */
static enum lm_status put_signature(struct scores *scores, const struct evaluation *evaluation,
                                    struct lm_err *err)
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_buf_puts(&text, "lmpipe-evaluate 3; ");
    if (evaluation->tokens != NULL)
        sign_tokens(&text, evaluation);
    if (evaluation->examples != NULL) {
        lm_buf_puts(&text, evaluation->tokens != NULL ? "; " : "");
        evaluate_examples_sign(&text, evaluation);
    }
    enum lm_status status = lm_buf_status(&text, err);
    if (status == LM_OK)
        lm_json_member_string(&scores->writer, "signature", text.data);
    lm_buf_release(&text);
    return status;
}

/* Of the test split when there is one: the validation split chose the weights. */
static void put_headline(struct evaluation *evaluation)
{
    if (evaluation->config.diverged_at > 0) {
        lm_ctx_headline(evaluation->ctx, "training diverged at step %lld",
                        (long long)evaluation->config.diverged_at);
        return;
    }
    if (evaluation->examples != NULL) {
        evaluate_examples_headline(evaluation);
        return;
    }
    enum lm_split split = evaluation->splits[LM_TEST].tokens > 0 ? LM_TEST : LM_VALID;
    const struct evaluate_split *out = &evaluation->splits[split];
    if (out->tokens == 0) {
        lm_ctx_headline(evaluation->ctx, "%s", evaluation->task_headline);
        return;
    }
    lm_ctx_headline(evaluation->ctx, "%s %.2f bpb", lm_split_names[split],
                    bits_per_byte(out, out->nll_sum / (double)out->tokens));
}

static enum lm_status put_all(struct scores *scores, struct evaluation *evaluation,
                              struct lm_err *err)
{
    for (size_t k = 0; k < 2; k++) {
        scores->prefix = lm_split_names[evaluate_held_out[k]];
        if (evaluation->splits[evaluate_held_out[k]].tokens > 0)
            put_split(scores, evaluation, &evaluation->splits[evaluate_held_out[k]]);
        if (evaluation->examples != NULL)
            LM_TRY(evaluate_examples_put(scores, evaluation, evaluate_held_out[k], err));
    }
    LM_TRY(evaluate_tasks(scores, evaluation, err));
    if (evaluation->examples != NULL)
        evaluate_examples_objective(scores, evaluation);
    if (evaluation->config.diverged_at > 0) {
        lm_json_member_int(&scores->writer, "diverged", 1);
        lm_ctx_result(scores->ctx, "diverged", 1);
    }
    put_shape(scores, evaluation);
    return put_signature(scores, evaluation, err);
}

enum lm_status evaluate_write_scores(struct evaluation *evaluation, struct lm_err *err)
{
    struct lm_buf out;
    struct scores scores = {.ctx = evaluation->ctx};
    lm_buf_init(&out, 0);
    lm_json_begin(&scores.writer, &out, true);
    lm_json_open(&scores.writer, '{');
    enum lm_status status = put_all(&scores, evaluation, err);
    lm_json_close(&scores.writer, '}');
    lm_buf_putc(&out, '\n');
    if (status == LM_OK)
        status = lm_file_write_buf(lm_ctx_output(evaluation->ctx, "scores"), &out, err);
    lm_buf_release(&out);
    put_headline(evaluation);
    return status;
}
