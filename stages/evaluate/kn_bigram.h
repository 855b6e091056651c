/**
 * Baselines from counts over a token stream: a unigram and an interpolated Kneser–Ney bigram
 * (Kneser & Ney 1995, interpolated form of Chen & Goodman 1999, section 4.1.6), discount d = 0.75.
 * The token before the stream is end-of-text. With V tokens in the vocabulary, N in the stream,
 * c(w), c(v,w) counts, T types seen, N1+(·w) different predecessors of w, N1+(v·) different
 * successors of v, B = different bigrams, c(v) = sum over w of c(v,w):
 *
 *   p_unigram(w)  = max(c(w) − d, 0) / N + (d·T / N) · 1/V
 *   p_continue(w) = max(N1+(·w) − d, 0) / B + (d·|{w: N1+(·w) > 0}| / B) · 1/V
 *   p_bigram(w|v) = max(c(v,w) − d, 0) / c(v) + (d·N1+(v·) / c(v)) · p_continue(w)
 *   p_bigram(w|v) = p_continue(w) when c(v) = 0
 */
#ifndef LM_EVALUATE_KN_BIGRAM_H
#define LM_EVALUATE_KN_BIGRAM_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

struct kn_bigram;

/** Empty counts for ids in [0, vocab); `start` stands before the stream. NULL: out of memory. */
struct kn_bigram *kn_bigram_create(int64_t vocab, int32_t start);
void kn_bigram_free(struct kn_bigram *counts); /**< NULL is fine */
/** Counts the next tokens of the stream. LM_NOMEM, LM_RANGE for an id outside the vocabulary. */
enum lm_status kn_bigram_add(struct kn_bigram *counts, const int32_t *tokens, size_t count,
                             struct lm_err *err);
/** −ln p_unigram(w) and −ln p_bigram(w | v), nats. Nothing counted: ln V. */
double kn_unigram_nll(const struct kn_bigram *counts, int32_t w);
double kn_bigram_nll(const struct kn_bigram *counts, int32_t v, int32_t w);
/** Is w the most likely token, and behind v? 1/k when k tokens share the highest probability, 0
 * when another one has a higher one. V steps where it is the most likely, mostly few where it is
 * not. */
double kn_unigram_first(const struct kn_bigram *counts, int32_t w);
double kn_bigram_first(const struct kn_bigram *counts, int32_t v, int32_t w);
/** c(w) and N. */
uint64_t kn_count(const struct kn_bigram *counts, int32_t w);
uint64_t kn_total(const struct kn_bigram *counts);

#endif
