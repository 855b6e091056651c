/** Groups of texts and what is measured of them: those of a method, the held-out text beside them.
 */
#ifndef LM_SAMPLE_GROUPS_H
#define LM_SAMPLE_GROUPS_H

#include "sampler.h"
#include "suffix_automaton.h"

/** The beginning of a text. */
struct sample_part {
    const int32_t *ids;
    size_t count;
    size_t place;     /**< first position in the automaton */
    const float *nll; /**< NULL: not known */
};

struct sample_group {
    const char *of, *beside; /**< beside: the method whose texts these are as long as; or NULL */
    struct sample_part *texts;
    size_t count;
};

struct sample_groups {
    struct sample_group *items;
    size_t count;
};

/** What is summed up over texts for each ratio. */
struct sample_ratios {
    double *over[SAMPLE_RATIOS], *under[SAMPLE_RATIOS]; /**< (count) */
    size_t count;
};

/** Distinct-n with intervals; repetition and self-BLEU of each text (sample_diversity.c). LM_NOMEM.
 */
enum lm_status sample_diversity(struct sample_figures *out, struct sample_ratios *ratios,
                                const struct sample_group *group, struct lm_arena *arena,
                                struct lm_err *err);

/** The bytes of a text. */
struct sample_bytes {
    const uint8_t *data;
    size_t size;
};

/** Bytes of all texts over those of their compressed code: the more they repeat, the higher
 *  (sample_compression.c). The interval is by the jackknife over 20 parts of the texts (Efron &
 *  Tibshirani 1993, chapter 11), from LM_BOOTSTRAP_LEAST texts on; NaN without a byte. LM_NOMEM. */
enum lm_status sample_compression(struct sample_figure *out, const struct sample_bytes *texts,
                                  size_t count, struct lm_arena *arena, struct lm_err *err);
/** Novel n-grams and copied spans of each text (sample_novelty.c). */
void sample_novelty(struct sample_figures *out, struct sample_ratios *ratios,
                    const struct sample_group *group, const struct suffix_automaton *automaton);
/** An automaton of all texts through which the training tokens have run; every text gets its place
 *  and its longest copy. The caller frees it. LM_NOMEM, LM_CANCELLED, failures of reading. */
enum lm_status sample_stream_training(struct suffix_automaton **out, struct sampler *sampler,
                                      struct lm_err *err);

#endif
