#include <math.h>

#include "evaluation.h"
#include "stats/bootstrap.h"

static bool ask_cancelled(void *ctx)
{
    return lm_ctx_cancelled(ctx);
}

static enum lm_status create_sums(struct evaluate_split *out, struct lm_arena *arena,
                                  struct lm_err *err)
{
    double *memory = LM_NEW_ARRAY(arena, double, 4 * out->documents);
    if (memory == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %llu documents; hold out fewer",
                       (unsigned long long)out->documents);
    out->document_nll = memory;
    out->document_tokens = memory + out->documents;
    out->document_bytes = memory + 2 * out->documents;
    out->document_hits = memory + 3 * out->documents;
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

static enum lm_status find_intervals(struct evaluation *evaluation, struct evaluate_split *out,
                                     enum lm_split split, struct lm_err *err)
{
    struct lm_bootstrap_ratio ratios[] = {
        {.over = out->document_nll, .under = out->document_bytes},
        {.over = out->document_nll, .under = out->document_tokens},
        {.over = out->document_hits, .under = out->document_tokens},
    };
    const char *const streams[LM_SPLITS] = {"bootstrap.train", "bootstrap.valid", "bootstrap.test"};
    struct lm_rng rng = lm_rng_stream(lm_ctx_seed(evaluation->ctx), streams[split]);
    LM_TRY(lm_bootstrap_run(ratios, 3, (size_t)out->documents,
                            (size_t)evaluation->params->resamples, rng, evaluation->arena,
                            ask_cancelled, evaluation->ctx, err));
    out->bpb_low = ratios[0].low;
    out->bpb_high = ratios[0].high;
    out->nll_low = ratios[1].low;
    out->nll_high = ratios[1].high;
    out->acc_low = ratios[2].low;
    out->acc_high = ratios[2].high;
    return LM_OK;
}

enum lm_status evaluate_documents(struct evaluation *evaluation, enum lm_split split,
                                  struct lm_err *err)
{
    struct evaluate_split *out = &evaluation->splits[split];
    LM_TRY(create_sums(out, evaluation->arena, err));
    for (uint64_t d = 0; d < out->documents; d++) {
        struct lm_document document = lm_tokens_document(evaluation->tokens, split, d);
        if (document.first + document.tokens > out->tokens)
            return lm_fail(err, LM_FORMAT,
                           "document %llu of %s ends beyond its tokens; encode again",
                           (unsigned long long)d, lm_split_names[split]);
        sum_document(out, &document, d);
    }
    out->bpb_low = out->bpb_high = out->nll_low = out->nll_high = (double)NAN;
    out->acc_low = out->acc_high = (double)NAN;
    return out->documents >= 2 ? find_intervals(evaluation, out, split, err) : LM_OK;
}
