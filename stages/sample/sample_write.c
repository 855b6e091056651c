#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"

#include "sampler.h"

static void put_ids(struct lm_json_writer *writer, const char *key, const struct sample_ids *ids)
{
    lm_json_key(writer, key);
    lm_json_open(writer, '[');
    for (size_t i = 0; i < ids->count; i++)
        lm_json_put_int(writer, ids->items[i]);
    lm_json_close(writer, ']');
}

/* Rounded to 1e-4: shorter files, and nothing reads more digits. */
static void put_nll(struct lm_json_writer *writer, const struct sample_text *text)
{
    lm_json_key(writer, "nll");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < text->ids.count; i++)
        lm_json_put_double(writer, floor((double)text->nll[i] * 1e4 + 0.5) / 1e4);
    lm_json_close(writer, ']');
}

static enum lm_status put_text(struct lm_json_writer *writer, const struct sampler *sampler,
                               const struct sample_ids *ids, struct lm_err *err)
{
    size_t size = 0;
    lm_decode(sampler->vocab, ids->items, ids->count, true, NULL, 0, &size);
    uint8_t *bytes = lm_arena_alloc(sampler->arena, size);
    if (bytes == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a text; give fewer max_tokens");
    lm_decode(sampler->vocab, ids->items, ids->count, true, bytes, size, &size);
    lm_json_key(writer, "text");
    lm_json_put_bytes(writer, bytes, size);
    return LM_OK;
}

static void put_method(struct lm_buf *out, const struct sample_method *method)
{
    const struct lm_sampling rules = lm_sample_rules(method);
    char signature[LM_SIGNATURE_SIZE];
    struct lm_json_writer writer;
    lm_sampling_signature(signature, &rules);
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "kind", "method");
    lm_json_member_string(&writer, "name", method->name);
    lm_json_member_double(&writer, "temperature", method->temperature);
    lm_json_member_int(&writer, "top_k", method->top_k);
    lm_json_member_double(&writer, "top_p", method->top_p);
    lm_json_member_double(&writer, "min_p", method->min_p);
    lm_json_member_double(&writer, "repetition_penalty", method->repetition_penalty);
    lm_json_member_double(&writer, "typical_p", method->typical_p);
    lm_json_member_double(&writer, "eta", method->eta);
    lm_json_member_int(&writer, "beams", method->beams);
    lm_json_member_double(&writer, "length_penalty", method->length_penalty);
    lm_json_member_int(&writer, "contrastive_k", method->contrastive_k);
    lm_json_member_double(&writer, "contrastive_alpha", method->contrastive_alpha);
    lm_json_member_string(&writer, "signature", signature);
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}

/* The ids that were fed; none when there was no prompt. */
static enum lm_status put_prompt(struct lm_json_writer *writer, const struct sampler *sampler,
                                 const struct sample_prompt *prompt, struct lm_err *err)
{
    bool is_empty = strcmp(prompt->source, "unconditional") == 0;
    const struct sample_ids ids = {prompt->ids.items, is_empty ? 0 : prompt->ids.count};
    lm_json_key(writer, "prompt");
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "source", prompt->source);
    put_ids(writer, "ids", &ids);
    LM_TRY(put_text(writer, sampler, &ids, err));
    lm_json_close(writer, '}');
    return LM_OK;
}

static enum lm_status put_sample(struct lm_buf *out, const struct sampler *sampler,
                                 const struct sample_text *text, struct lm_err *err)
{
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "kind", "sample");
    lm_json_member_string(&writer, "method", text->method->name);
    lm_json_member_int(&writer, "sample", text->index);
    LM_TRY(put_prompt(&writer, sampler, text->prompt, err));
    put_ids(&writer, "ids", &text->ids);
    put_nll(&writer, text);
    LM_TRY(put_text(&writer, sampler, &text->ids, err));
    lm_json_member_string(&writer, "end", text->is_ended ? "end-of-text" : "length");
    lm_json_key(&writer, "copy");
    lm_json_open(&writer, '{');
    lm_json_member_int(&writer, "at", (int64_t)text->copy_at);
    lm_json_member_int(&writer, "tokens", (int64_t)text->copy);
    lm_json_close(&writer, '}');
    if (text->prompt->reference.count > 0) {
        lm_json_key(&writer, "reference");
        lm_json_open(&writer, '{');
        put_ids(&writer, "ids", &text->prompt->reference);
        LM_TRY(put_text(&writer, sampler, &text->prompt->reference, err));
        lm_json_close(&writer, '}');
    }
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
    return LM_OK;
}

/* A metric of a group: a member of its line and, but for held-out text beside a method, a result
 * "GROUP.NAME"; with the ends of its interval where there is one. */
static void put_figure(struct lm_json_writer *writer, const struct sampler *sampler,
                       const struct sample_figures *of, const char *name,
                       struct sample_figure figure)
{
    static const char *const ends[] = {"", ".lo", ".hi"};
    const double values[] = {figure.value, figure.low, figure.high};
    for (size_t i = 0; i < 3; i++) {
        char key[96];
        if (isnan(figure.value) || isnan(values[i]))
            continue;
        snprintf(key, sizeof key, "%s%s", name, ends[i]);
        lm_json_member_double(writer, key, values[i]);
        snprintf(key, sizeof key, "%s.%s%s", of->of, name, ends[i]);
        if (of->beside == NULL)
            lm_ctx_result(sampler->ctx, key, values[i]);
    }
}

static void put_figures(struct lm_buf *out, const struct sampler *sampler,
                        const struct sample_figures *figures)
{
    static const char *const ratios[SAMPLE_RATIO_NOVEL] = {
        [SAMPLE_RATIO_NLL] = "nll",
        [SAMPLE_RATIO_REP_4] = "rep_4",
        [SAMPLE_RATIO_SELF_BLEU] = "self_bleu",
        [SAMPLE_RATIO_COPY] = "mean_copy",
    };
    struct lm_json_writer writer;
    char name[32];
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "kind", "figures");
    lm_json_member_string(&writer, "of", figures->of);
    if (figures->beside != NULL)
        lm_json_member_string(&writer, "beside", figures->beside);
    lm_json_member_int(&writer, "samples", (int64_t)figures->samples);
    lm_json_member_int(&writer, "tokens", (int64_t)figures->tokens);
    for (size_t n = 1; n <= SAMPLE_DISTINCT; n++) {
        snprintf(name, sizeof name, "distinct_%zu", n);
        put_figure(&writer, sampler, figures, name, figures->distinct[n - 1]);
    }
    put_figure(&writer, sampler, figures, "compression", figures->compression);
    for (size_t r = 0; r < SAMPLE_RATIOS; r++) {
        if (r < SAMPLE_RATIO_NOVEL)
            snprintf(name, sizeof name, "%s", ratios[r]);
        else
            snprintf(name, sizeof name, "novel_%zu", sample_novel_n[r - SAMPLE_RATIO_NOVEL]);
        put_figure(&writer, sampler, figures, name, figures->ratios[r]);
    }
    const struct sample_figure longest = {(double)figures->longest_copy, (double)NAN, (double)NAN};
    put_figure(&writer, sampler, figures, "longest_copy", longest);
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}

enum lm_status sample_write(struct sampler *sampler, struct lm_err *err)
{
    const struct sample_method *methods = sampler->params->methods.items;
    struct lm_buf out;
    enum lm_status status = LM_OK;
    lm_buf_init(&out, 0);
    for (size_t m = 0; m < sampler->params->methods.count; m++)
        put_method(&out, &methods[m]);
    for (size_t i = 0; i < sampler->text_count && status == LM_OK; i++)
        status = put_sample(&out, sampler, &sampler->texts[i], err);
    for (size_t g = 0; g < sampler->figure_count; g++)
        put_figures(&out, sampler, &sampler->figures[g]);
    if (status == LM_OK)
        status = lm_file_write_buf(lm_ctx_output(sampler->ctx, "samples"), &out, err);
    lm_buf_release(&out);
    return status;
}
