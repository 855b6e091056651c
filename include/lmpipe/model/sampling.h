/** How the next token is chosen: a chain of rules and a draw, or a search. */
#ifndef LMPIPE_MODEL_SAMPLING_H
#define LMPIPE_MODEL_SAMPLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

/** Rules of the chain, in the order in which they are applied when no other is given. Each sees
 *  what the one before kept, with the probabilities of that. */
enum lm_rule {
    LM_RULE_REPETITION_PENALTY, /**< Keskar et al. 2019, section 4.1 */
    LM_RULE_TEMPERATURE,        /**< Ackley et al. 1985: logits are divided by it */
    LM_RULE_TOP_K,              /**< Fan et al. 2018, section 5.4: the k most likely */
    LM_RULE_TYPICAL_P,          /**< Meister et al. 2023, section 3: the smallest set of that
                                     probability whose −ln p is nearest to the entropy */
    LM_RULE_TOP_P,              /**< Holtzman et al. 2020, section 3.1: the most likely ones, up to
                                     that probability */
    LM_RULE_MIN_P,              /**< Nguyen et al. 2024, section 3: p ≥ min_p times the largest */
    LM_RULE_ETA, /**< Hewitt et al. 2022, section 3: p ≥ min(eta, √eta·e^−entropy) */
    LM_RULES
};

/** "repetition_penalty", "temperature", "top_k", "typical_p", "top_p", "min_p", "eta", NULL. */
extern const char *const lm_rule_names[LM_RULES + 1];

/**
 * A decoding method. Zero-initialised is greedy: always the most likely token, the lowest id among
 * equals. 0 switches a rule off (a repetition_penalty of 1, too). Candidates are ordered by (logit
 * descending, id ascending), and one is drawn by inverse CDF in that order.
 */
struct lm_sampling {
    double temperature; /**< 0 is greedy, behind the penalty alone; a tiny one draws from the ties,
                             an infinite one from all alike */
    double top_p, min_p, repetition_penalty, typical_p, eta;
    int64_t top_k;
    int64_t tokens; /**< ids from here on pad the vocabulary and are never drawn; 0: there are none
                     */
    size_t order_count;            /**< 0: the order of enum lm_rule */
    unsigned char order[LM_RULES]; /**< enum lm_rule, each at most once and all that are in use */
    /** Beam search (Graves 2012; lengths as Wu et al. 2016, section 7) of so many texts at a time,
     *  which draws nothing; 0: off. The best text has the largest Σ log p / ((5 + n) / 6)^
     *  length_penalty, n being its tokens with the one that ends it. */
    int64_t beams;
    double length_penalty; /**< 0: plain log probability */
    /** Contrastive search (Su et al. 2022, section 4.2) among so many most likely tokens; 0: off.
     *  The one with the largest (1 − alpha)·p − alpha·(largest cosine of its state, behind the last
     *  norm, with one of the tokens before it) is taken, the lowest rank among equals. */
    int64_t contrastive_k;
    double contrastive_alpha;
    bool has_end; /**< a search must know which token ends a text: */
    int32_t end;
};

enum { LM_BEAMS_MAX = 64, LM_SIGNATURE_SIZE = 320 };

/** Is a rule in use? */
bool lm_sampling_uses(const struct lm_sampling *method, enum lm_rule rule);
/** The rules in use, in the order of the method; returns how many. */
size_t lm_sampling_order(enum lm_rule out[LM_RULES], const struct lm_sampling *method);
/** LM_INVALID, "FIELD: what is wrong; what to do": a value out of range, rules that exclude one
 *  another, an order that is none. The functions below take what passes. */
enum lm_status lm_sampling_check(const struct lm_sampling *method, struct lm_err *err);
/** What decides the choice, in its order: "temperature:0.8|top_p:0.95|draw", "greedy",
 *  "beams:4|length_penalty:0.6". */
void lm_sampling_signature(char out[LM_SIGNATURE_SIZE], const struct lm_sampling *method);

/** One draw from logits (V) at u in [0,1), by a method that is no search. `history` (count ids) is
 *  what the penalty sees. `scratch`: lm_sampling_scratch(V) bytes, aligned as malloc's.
 * Probabilities are those of float exponentials, summed up in double. */
int32_t lm_sampling_draw(const struct lm_sampling *method, const float *logits, int64_t vocab,
                         const int32_t *history, int64_t count, double u, void *scratch);
size_t lm_sampling_scratch(int64_t vocab);

#endif
