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
struct suffix_reader;

/** For at most `capacity` tokens and separators in all. NULL: out of memory. */
struct suffix_automaton *suffix_automaton_create(size_t capacity);
void suffix_automaton_free(struct suffix_automaton *automaton); /**< NULL is fine */
/** Appends a text (ids ≥ 0) and a separator that equals no token; returns the index of its first
 *  token for suffix_automaton_match. The sum of counts + 1 must stay within the capacity. */
size_t suffix_automaton_add(struct suffix_automaton *automaton, const int32_t *ids, size_t count);
/** Reads the stream, or pieces of it: as many readers as there are threads. After the last
 *  suffix_automaton_add; the automaton must outlive it. A token costs one or two steps of a hash
 *  table, the reader 4 bytes a state. NULL: out of memory. */
struct suffix_reader *suffix_reader_create(const struct suffix_automaton *automaton);
void suffix_reader_free(struct suffix_reader *reader); /**< NULL is fine */
/** Another piece of the stream begins. What lies across its beginning is found when it begins as
 *  many tokens early as the longest text has, less one. */
void suffix_reader_restart(struct suffix_reader *reader);
/** Runs more of the stream through. */
void suffix_reader_take(struct suffix_reader *reader, const int32_t *ids, size_t count);
/** Adds what a reader has seen; before suffix_automaton_finish, in any order. */
void suffix_automaton_join(struct suffix_automaton *automaton, const struct suffix_reader *reader);
/** Settles the result after the stream; false: out of memory. */
bool suffix_automaton_finish(struct suffix_automaton *automaton);
/** Longest sequence that ends at token `index` and occurs in the stream; never crosses the start
 *  of its text. After suffix_automaton_finish. */
size_t suffix_automaton_match(const struct suffix_automaton *automaton, size_t index);

#endif
