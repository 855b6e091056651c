#include <string.h>

#include "base/buf.h"

#include "sampler.h"

enum { SHORTEST_REST = 16 }; /* tokens that must follow a held-out prompt */

enum lm_status sample_poll(const struct sampler *sampler, struct lm_err *err)
{
    return lm_ctx_cancelled(sampler->ctx)
               ? lm_fail(err, LM_CANCELLED, "interrupted; run again to resume")
               : LM_OK;
}

/* Stream of a prompt: SHA-256 over its ids, 4 bytes each, little-endian, names it. */
static bool find_stream(struct sample_prompt *prompt, const struct sampler *sampler)
{
    struct lm_buf bytes;
    struct lm_digest digest;
    char name[16 + LM_DIGEST_HEX] = "sample.";
    lm_buf_init(&bytes, 0);
    for (size_t i = 0; i < prompt->ids.count; i++)
        lm_buf_put_u32(&bytes, (uint32_t)prompt->ids.items[i]);
    bool is_done = !bytes.failed;
    if (is_done)
        lm_sha256_bytes(&digest, bytes.data, bytes.size);
    lm_buf_release(&bytes);
    if (!is_done)
        return false;
    lm_digest_hex(name + strlen(name), &digest);
    prompt->rng = lm_rng_stream(lm_ctx_seed(sampler->ctx), name);
    return true;
}

/* The ids as they are, nothing before them, as `model generate` does; of none end-of-text. */
static struct sample_prompt *add_prompt(struct sampler *sampler, const char *source,
                                        const int32_t *ids, size_t count, int64_t samples)
{
    struct sample_prompt *prompt = &sampler->prompts[sampler->prompt_count];
    const int32_t nothing = lm_tokens_end_of_text(sampler->tokens);
    if (count == 0) {
        ids = &nothing;
        count = 1;
    }
    int32_t *items = LM_NEW_ARRAY(sampler->arena, int32_t, count);
    if (items == NULL)
        return NULL;
    memcpy(items, ids, count * sizeof *ids);
    *prompt = (struct sample_prompt){.source = source, .ids = {items, count}};
    prompt->samples = samples;
    sampler->prompt_count++;
    return find_stream(prompt, sampler) ? prompt : NULL;
}

static enum lm_status add_spec_prompts(struct sampler *sampler, struct lm_err *err)
{
    const struct lm_list *list = &sampler->params->prompts;
    const char *const *texts = list->items;
    struct lm_encoder *encoder = lm_encoder_create(sampler->vocab);
    enum lm_status status =
        encoder != NULL ? LM_OK : lm_fail(err, LM_NOMEM, "no memory for an encoder; free some");
    for (size_t i = 0; i < list->count && status == LM_OK; i++) {
        const int32_t *ids;
        size_t count;
        status = lm_encode(encoder, texts[i], strlen(texts[i]), &ids, &count, err);
        if (status == LM_OK &&
            add_prompt(sampler, "spec", ids, count, sampler->params->samples) == NULL)
            status = lm_fail(err, LM_NOMEM, "no memory for the prompts; give fewer");
    }
    lm_encoder_free(encoder);
    return status;
}

static enum lm_status read_ids(struct sample_ids *out, struct sampler *sampler, uint64_t first,
                               size_t count, struct lm_err *err)
{
    out->items = LM_NEW_ARRAY(sampler->arena, int32_t, count);
    if (out->items == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for held-out text; free some");
    out->count = count;
    return lm_tokens_read(sampler->tokens, LM_VALID, first, count, out->items, err);
}

static size_t at_most(size_t a, int64_t b)
{
    return a < (size_t)b ? a : (size_t)b;
}

static enum lm_status add_document(struct sampler *sampler, const struct lm_document *document,
                                   struct lm_err *err)
{
    size_t head = (size_t)sampler->params->prompt_tokens;
    size_t rest = at_most(document->tokens - 1 - head, sampler->params->max_tokens);
    struct sample_ids ids;
    LM_TRY(read_ids(&ids, sampler, document->first, head + rest, err));
    struct sample_prompt *prompt =
        add_prompt(sampler, "valid", ids.items, head, sampler->params->samples);
    if (prompt == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the prompts; give fewer");
    prompt->reference = (struct sample_ids){ids.items + head, rest};
    return LM_OK;
}

static enum lm_status add_documents(struct sampler *sampler, struct lm_err *err)
{
    uint64_t count = lm_tokens_documents(sampler->tokens, LM_VALID);
    struct lm_rng rng = lm_rng_stream(lm_ctx_seed(sampler->ctx), "prompts");
    int64_t left = sampler->params->from_valid;
    for (uint64_t i = 0; i < count && left > 0; i++) {
        struct lm_document document =
            lm_tokens_document(sampler->tokens, LM_VALID, lm_rng_permute(rng, 0, i, count));
        LM_TRY(sample_poll(sampler, err));
        if (document.tokens < (uint64_t)sampler->params->prompt_tokens + 1 + SHORTEST_REST)
            continue;
        LM_TRY(add_document(sampler, &document, err));
        left--;
    }
    if (left > 0)
        lm_ctx_note(sampler->ctx,
                    "%lld held-out prompts left out: too few documents of %lld tokens",
                    (long long)left, (long long)sampler->params->prompt_tokens + 1 + SHORTEST_REST);
    return LM_OK;
}

enum lm_status sample_collect_prompts(struct sampler *sampler, struct lm_err *err)
{
    const struct sample_params *params = sampler->params;
    size_t most = params->prompts.count + (size_t)params->from_valid + 1;
    sampler->prompts = LM_NEW_ARRAY(sampler->arena, struct sample_prompt, most);
    if (sampler->prompts == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the prompts; give fewer");
    LM_TRY(add_spec_prompts(sampler, err));
    LM_TRY(add_documents(sampler, err));
    if (params->unconditional > 0 &&
        add_prompt(sampler, "unconditional", NULL, 0, params->unconditional) == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the prompts; give fewer");
    return LM_OK;
}

/* As many texts as the largest group of samples has. */
static size_t largest_group(const struct sampler *sampler)
{
    int64_t texts = 0;
    for (size_t i = 0; i < sampler->prompt_count; i++)
        texts += sampler->prompts[i].samples;
    return (size_t)texts;
}

enum lm_status sample_collect_real(struct sampler *sampler, struct lm_err *err)
{
    uint64_t count = lm_tokens_documents(sampler->tokens, LM_VALID);
    struct lm_rng rng = lm_rng_stream(lm_ctx_seed(sampler->ctx), "real");
    size_t wanted = largest_group(sampler);
    sampler->real = LM_NEW_ARRAY(sampler->arena, struct sample_ids, wanted);
    if (sampler->real == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for held-out text; free some");
    for (uint64_t round = 0, found = 1; found > 0 && sampler->real_count < wanted; round++) {
        found = 0;
        for (uint64_t i = 0; i < count && sampler->real_count < wanted; i++) {
            struct lm_document document =
                lm_tokens_document(sampler->tokens, LM_VALID, lm_rng_permute(rng, 0, i, count));
            uint64_t skip = round * (uint64_t)sampler->params->max_tokens;
            LM_TRY(sample_poll(sampler, err));
            if (document.tokens < skip + 1 + SHORTEST_REST)
                continue;
            found++;
            LM_TRY(read_ids(
                &sampler->real[sampler->real_count++], sampler, document.first + skip,
                at_most((size_t)(document.tokens - 1 - skip), sampler->params->max_tokens), err));
        }
    }
    return LM_OK;
}
