#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/elem.h"
#include "base/io.h"
#include "base/json.h"

#include "evaluation.h"

#define LN2 0.69314718055994530942

/* The flat file and the results of the context, kept in step. A number that was not measured
 * (NaN) is in neither. */
struct scores {
    struct lm_ctx *ctx;
    struct lm_json_writer writer;
    const char *prefix;
};

static void put(struct scores *scores, const char *name, double value)
{
    char key[80];
    if (!isfinite(value))
        return;
    snprintf(key, sizeof key, "%s.%s", scores->prefix, name);
    lm_json_member_double(&scores->writer, key, value);
    lm_ctx_result(scores->ctx, key, value);
}

static void put_count(struct scores *scores, const char *name, uint64_t value)
{
    char key[80];
    snprintf(key, sizeof key, "%s.%s", scores->prefix, name);
    lm_json_member_int(&scores->writer, key, (int64_t)value);
    lm_ctx_result(scores->ctx, key, (double)value);
}

/* Nats per token to bits per byte of the split's text. */
static double bits_per_byte(const struct evaluate_split *split, double nll)
{
    return nll * (double)split->tokens / (LN2 * (double)split->bytes);
}

static void put_split(struct scores *scores, const struct evaluate_split *split)
{
    double tokens = (double)split->tokens, nll = split->nll_sum / tokens;
    put(scores, "bpb", bits_per_byte(split, nll));
    put(scores, "bpb.lo", split->bpb_low / LN2);
    put(scores, "bpb.hi", split->bpb_high / LN2);
    put(scores, "ppl", lm_exp(nll));
    put(scores, "ppl.lo", lm_exp(split->nll_low));
    put(scores, "ppl.hi", lm_exp(split->nll_high));
    put(scores, "acc", split->hits / tokens);
    put(scores, "acc.lo", split->acc_low);
    put(scores, "acc.hi", split->acc_high);
    put(scores, "nll", nll);
    put(scores, "calibration", split->entropy_error);
    put_count(scores, "tokens", split->tokens);
    put_count(scores, "bytes", split->bytes);
    put_count(scores, "documents", split->documents);
    put(scores, "untrained.bpb", bits_per_byte(split, split->untrained_nll));
    put(scores, "unigram.bpb", bits_per_byte(split, split->unigram_nll));
    put(scores, "bigram.bpb", bits_per_byte(split, split->bigram_nll));
}

static void put_shape(struct scores *scores, const struct evaluation *evaluation)
{
    const struct lm_model_config *config = &evaluation->config;
    scores->prefix = "model";
    put_count(scores, "parameters", (uint64_t)lm_model_parameters(config));
    put_count(scores, "layers", (uint64_t)config->layers);
    put_count(scores, "heads", (uint64_t)config->heads);
    put_count(scores, "width", (uint64_t)config->width);
    put_count(scores, "context", (uint64_t)config->context);
    put_count(scores, "vocab", (uint64_t)config->vocab);
    scores->prefix = "train";
    put_count(scores, "tokens", lm_tokens_count(evaluation->tokens, LM_TRAIN));
    put_count(scores, "bytes", lm_tokens_bytes(evaluation->tokens, LM_TRAIN));
    put_count(scores, "documents", lm_tokens_documents(evaluation->tokens, LM_TRAIN));
}

/* All that decides what the figures mean, in one line (after sacreBLEU's signatures). */
static void put_signature(struct scores *scores, const struct evaluation *evaluation)
{
    char text[400];
    snprintf(text, sizeof text,
             "lmpipe-evaluate 1; bpb = sum of nll over all tokens, end-of-text included, / (ln 2 x "
             "bytes of text); ppl per token of a vocabulary of %lld; context %llu; stride %llu; "
             "documents in one stream after one end-of-text; intervals: 95 %% percentile "
             "bootstrap, %lld resamples of documents",
             (long long)evaluation->config.vocab, (unsigned long long)evaluation->context,
             (unsigned long long)evaluation->stride, (long long)evaluation->params->resamples);
    lm_json_member_string(&scores->writer, "signature", text);
}

static void put_headline(struct evaluation *evaluation)
{
    for (size_t k = 0; k < 2; k++) {
        enum lm_split split = evaluate_held_out[k];
        const struct evaluate_split *out = &evaluation->splits[split];
        if (out->tokens == 0)
            continue;
        lm_ctx_headline(evaluation->ctx, "%s %.2f bpb", lm_split_names[split],
                        bits_per_byte(out, out->nll_sum / (double)out->tokens));
        return;
    }
}

enum lm_status evaluate_write_scores(struct evaluation *evaluation, struct lm_err *err)
{
    struct lm_buf out;
    struct scores scores = {.ctx = evaluation->ctx};
    lm_buf_init(&out, 0);
    lm_json_begin(&scores.writer, &out, true);
    lm_json_open(&scores.writer, '{');
    for (size_t k = 0; k < 2; k++) {
        scores.prefix = lm_split_names[evaluate_held_out[k]];
        if (evaluation->splits[evaluate_held_out[k]].tokens > 0)
            put_split(&scores, &evaluation->splits[evaluate_held_out[k]]);
    }
    put_shape(&scores, evaluation);
    put_signature(&scores, evaluation);
    lm_json_close(&scores.writer, '}');
    lm_buf_putc(&out, '\n');
    enum lm_status status = lm_buf_status(&out, err);
    if (status == LM_OK)
        status = lm_file_write(lm_ctx_output(evaluation->ctx, "scores"), out.data, out.size, err);
    lm_buf_release(&out);
    put_headline(evaluation);
    return status;
}
