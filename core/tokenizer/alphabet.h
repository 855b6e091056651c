/**
 * GPT-2's printable alphabet (Radford et al. 2019, encoder.py): every byte as one visible
 * character, so that tokens are words of a text file without spaces: 0x20 is U+0120 "Ġ".
 * The printable characters of Latin-1 stand for themselves, the other 68 bytes for U+0100 and up.
 */
#ifndef LM_TOKENIZER_ALPHABET_H
#define LM_TOKENIZER_ALPHABET_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/** Appends bytes in the alphabet. */
void lm_alphabet_write(struct lm_buf *out, const uint8_t *bytes, size_t size);

/** Appends the bytes that text stands for; returns how much of the text was read, == size when
 *  all of it belongs to the alphabet. */
size_t lm_alphabet_read(struct lm_buf *out, const char *text, size_t size);

/** Room for lm_alphabet_show. */
#define LM_SHOWN 96

/** The first bytes in the alphabet, for messages: one line whatever they are. Returns `out`. */
const char *lm_alphabet_show(char out[LM_SHOWN], const void *bytes, size_t size);

/** Ids of the bytes in GPT-2's vocabulary, and in others by Hugging Face: their places in the order
 *  of the characters that stand for them; "!" is 0. */
void lm_alphabet_ids(int32_t ids[256]);

#endif
