/** One sampling: prompts, what the model wrote, and what is known about it. */
#ifndef LM_SAMPLE_SAMPLER_H
#define LM_SAMPLE_SAMPLER_H

#include <lmpipe/hash.h>
#include <lmpipe/model.h>
#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>
#include <lmpipe/tokens.h>

#include "base/json.h"

#include "sample_params.h"

/** A run of token ids. */
struct sample_ids {
    int32_t *items;
    size_t count;
};

/** What to continue: ids as they are fed, at least one; unconditional: end-of-text alone. */
struct sample_prompt {
    const char *source;               /**< "spec", "valid" or "unconditional" */
    struct sample_ids ids, reference; /**< reference: how the document really goes on */
    int64_t samples;
    struct lm_rng rng; /**< from the seed and the ids alone: other prompts never shift it */
};

/** One continuation. */
struct sample_text {
    const struct sample_method *method;
    const struct sample_prompt *prompt;
    int64_t index;
    struct sample_ids ids;
    float *nll; /**< nats, under the unfiltered model */
    bool is_ended;
    size_t place;         /**< first position in the automaton of texts (sample_novelty.c) */
    size_t copy, copy_at; /**< its longest run of tokens that stands in train, and where */
};

/** A metric and its 95 % interval over texts; NaN: too little text. */
struct sample_figure {
    double value, low, high;
};

enum { SAMPLE_NOVEL = 13, SAMPLE_DISTINCT = 4 };

extern const size_t sample_novel_n[SAMPLE_NOVEL]; /**< 1 … 6, 8, 10, 13, 16, 24, 32, 50 */

/** Metrics that are ratios of sums over texts. */
enum sample_ratio {
    SAMPLE_RATIO_NLL,
    SAMPLE_RATIO_REP_4,
    SAMPLE_RATIO_SELF_BLEU,
    SAMPLE_RATIO_COPY,
    SAMPLE_RATIO_NOVEL, /**< and one for each of sample_novel_n */
    SAMPLE_RATIOS = SAMPLE_RATIO_NOVEL + SAMPLE_NOVEL
};

/** Metrics of diversity and novelty of a group of texts. */
struct sample_figures {
    const char *of, *beside; /**< beside: the method that held-out text is as long as; or NULL */
    size_t samples, tokens, longest_copy;
    struct sample_figure distinct[SAMPLE_DISTINCT], ratios[SAMPLE_RATIOS], compression;
};

struct sampler {
    struct lm_ctx *ctx;
    struct lm_arena *arena;
    const struct sample_params *params;
    struct lm_model *model;
    struct lm_pool *pool; /**< for what is no pass of the model; NULL: this thread alone */
    struct lm_tokens *tokens;
    struct lm_vocab *vocab;
    struct sample_prompt *prompts;
    size_t prompt_count;
    struct sample_text *texts;
    size_t text_count;
    struct sample_ids *real; /**< held-out texts to compare with */
    size_t real_count;
    size_t *places;                 /**< of the held-out texts in the automaton */
    struct sample_figures *figures; /**< a method, held-out text as long, …; then all held-out */
    size_t figure_count;
};

/** LM_CANCELLED when the run is to stop; asked at least once a second by every loop. */
enum lm_status sample_poll(const struct sampler *sampler, struct lm_err *err);
/** Prompts of the spec, of held-out documents and the empty one (sample_prompts.c). */
enum lm_status sample_collect_prompts(struct sampler *sampler, struct lm_err *err);
/** Held-out texts for comparison: the starts of documents in a random order, then what follows
 *  these. LM_CANCELLED. */
enum lm_status sample_collect_real(struct sampler *sampler, struct lm_err *err);
/** All texts of the grid, in order of method, prompt, sample (sample_generate.c). LM_CANCELLED. */
enum lm_status sample_generate(struct sampler *sampler, struct lm_err *err);
/** Metrics of each method and of held-out text (sample_figures.c). LM_CANCELLED. */
enum lm_status sample_measure(struct sampler *sampler, struct lm_err *err);
/** The output and the results (sample_write.c). */
enum lm_status sample_write(struct sampler *sampler, struct lm_err *err);

#endif
