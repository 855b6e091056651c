/** The patterns whose scanners are written by hand (lmpipe/tokenizer.h), piece by piece. */
#ifndef LM_TEXT_PRETOKEN_H
#define LM_TEXT_PRETOKEN_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/tokenizer.h>

/** Length ≥ 1 of the next piece of text[0..size), size ≥ 1. Ill-formed bytes are one "other"
 * character each. */
size_t lm_pretoken_next(enum lm_pattern pattern, const uint8_t *text, size_t size);

#endif
