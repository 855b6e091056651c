/**
 * Suffix automaton (Blumer et al. 1985) over short texts; a long stream run through it once
 * tells, for every position of the texts, the longest token sequence ending there that also
 * occurs in the stream: novelty of n-grams for all n at once, exactly, in one pass.
 */
#ifndef LM_SAMPLE_SUFFIX_AUTOMATON_H
#define LM_SAMPLE_SUFFIX_AUTOMATON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct suffix_automaton;

/** For at most `capacity` tokens and separators in all. NULL: out of memory. */
struct suffix_automaton *suffix_automaton_create(size_t capacity);
void suffix_automaton_free(struct suffix_automaton *automaton); /**< NULL is fine */
/** Appends a text (ids ≥ 0) and a separator that equals no token; returns the index of its first
 *  token for suffix_automaton_match. The sum of counts + 1 must stay within the capacity. */
size_t suffix_automaton_add(struct suffix_automaton *automaton, const int32_t *ids, size_t count);
/** Runs more of the stream through; after the last suffix_automaton_add. */
void suffix_automaton_stream(struct suffix_automaton *automaton, const int32_t *ids, size_t count);
/** Settles the result after the stream; false: out of memory. */
bool suffix_automaton_finish(struct suffix_automaton *automaton);
/** Longest sequence that ends at token `index` and occurs in the stream; never crosses the start
 *  of its text. After suffix_automaton_finish. */
size_t suffix_automaton_match(const struct suffix_automaton *automaton, size_t index);

#endif
