/** Phrases of a language: plain text with places "{1}" to "{9}" for what is filled in, so that
 *  languages may order it their way. */
#ifndef LM_PAGE_PHRASE_H
#define LM_PAGE_PHRASE_H

#include <lmpipe/arena.h>

enum { LM_PHRASE_PLACES = 9 };

/** The phrase filled with parts[0] at "{1}" and so on, in the arena. A part that is NULL or empty
 *  takes the space before its place with it. NULL: out of memory. */
const char *lm_phrase_fill(struct lm_arena *arena, const char *phrase,
                           const char *const parts[LM_PHRASE_PLACES]);

#endif
