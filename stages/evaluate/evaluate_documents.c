#include <math.h>

#include "evaluation.h"
#include "stats/bootstrap.h"
#include "stats/paired.h"

enum { ARRAYS = 4 + 3 * EVALUATE_BASELINES };

static enum lm_status create_sums(struct evaluate_split *out, struct lm_arena *arena,
                                  struct lm_err *err)
{
    double *memory = LM_NEW_ARRAY(arena, double, ARRAYS * out->documents);
    double **const arrays[] = {&out->document_nll, &out->document_tokens, &out->document_bytes,
                               &out->document_hits};
    if (memory == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %llu documents; hold out fewer",
                       (unsigned long long)out->documents);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++, memory += out->documents)
        *arrays[i] = memory;
    for (size_t b = 0; b < EVALUATE_BASELINES; b++) {
        struct evaluate_baseline *baseline = &out->baselines[b];
        baseline->difference = memory;
        baseline->covered = memory + out->documents;
        baseline->bytes = memory + 2 * out->documents;
        baseline->diff = baseline->diff_low = baseline->diff_high = (double)NAN;
        baseline->detectable = (double)NAN;
        memory += 3 * out->documents;
    }
    return LM_OK;
}

static void sum_document(struct evaluate_split *out, const struct lm_document *document, uint64_t d)
{
    for (uint64_t i = document->first; i < document->first + document->tokens; i++) {
        out->document_nll[d] += (double)out->nll[i];
        out->document_hits[d] += out->rank[i] == 0;
    }
    out->document_tokens[d] = (double)document->tokens;
    out->document_bytes[d] = (double)document->bytes;
    out->nll_sum += out->document_nll[d];
    out->hits += out->document_hits[d];
}

enum lm_status evaluate_documents(struct evaluation *evaluation, enum lm_split split,
                                  struct lm_err *err)
{
    struct evaluate_split *out = &evaluation->splits[split];
    LM_TRY(create_sums(out, evaluation->arena, err));
    for (uint64_t d = 0, next = 0; d < out->documents; d++) {
        struct lm_document document = lm_tokens_document(evaluation->tokens, split, d);
        LM_TRY(evaluate_poll(evaluation, err));
        if (document.first != next || document.first + document.tokens > out->tokens)
            return lm_fail(err, LM_FORMAT,
                           "document %llu of %s is not where its tokens are; encode again",
                           (unsigned long long)d, lm_split_names[split]);
        sum_document(out, &document, d);
        next += document.tokens;
    }
    return LM_OK;
}

/* The documents that the baseline has seen are its sample; of the last it may have seen a part. */
static enum lm_status find_difference(struct evaluation *evaluation,
                                      const struct evaluate_split *split,
                                      struct evaluate_baseline *baseline, struct lm_rng rng,
                                      struct lm_err *err)
{
    double over = 0, under = 0;
    for (uint64_t d = 0; d < baseline->documents; d++) {
        double tokens = split->document_tokens[d];
        if (tokens > 0)
            baseline->bytes[d] = split->document_bytes[d] * (baseline->covered[d] / tokens);
        over += baseline->difference[d];
        under += baseline->bytes[d];
    }
    struct lm_bootstrap_ratio ratio = {.over = baseline->difference, .under = baseline->bytes};
    baseline->diff = under > 0 ? over / under : (double)NAN;
    const struct lm_resampling how = evaluate_resampling(evaluation, rng);
    LM_TRY(lm_bootstrap_run(&ratio, 1, (size_t)baseline->documents, &how, evaluation->arena, err));
    baseline->detectable =
        lm_paired_linear(baseline->difference, baseline->bytes, (size_t)baseline->documents, 0.95)
            .detectable;
    baseline->diff_low = ratio.low;
    baseline->diff_high = ratio.high;
    return LM_OK;
}

enum lm_status evaluate_intervals(struct evaluation *evaluation, enum lm_split split,
                                  struct lm_err *err)
{
    struct evaluate_split *out = &evaluation->splits[split];
    struct lm_bootstrap_ratio ratios[] = {
        {.over = out->document_nll, .under = out->document_bytes},
        {.over = out->document_nll, .under = out->document_tokens},
        {.over = out->document_hits, .under = out->document_tokens},
    };
    const char *const streams[LM_SPLITS] = {"bootstrap.train", "bootstrap.valid", "bootstrap.test"};
    struct lm_rng rng = lm_rng_stream(lm_ctx_seed(evaluation->ctx), streams[split]);
    const struct lm_resampling how = evaluate_resampling(evaluation, rng);
    LM_TRY(lm_bootstrap_run(ratios, 3, (size_t)out->documents, &how, evaluation->arena, err));
    out->bpb_low = ratios[0].low;
    out->bpb_high = ratios[0].high;
    out->nll_low = ratios[1].low;
    out->nll_high = ratios[1].high;
    out->acc_low = ratios[2].low;
    out->acc_high = ratios[2].high;
    for (size_t b = 0; b < EVALUATE_BASELINES; b++) {
        if (out->baselines[b].tokens > 0)
            LM_TRY(find_difference(evaluation, out, &out->baselines[b], rng, err));
    }
    return LM_OK;
}
