/** What the tests of core/text share: draws, documents from memory, real files. */
#ifndef LM_TESTS_TEXT_SAMPLES_H
#define LM_TESTS_TEXT_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/rng.h>
#include <lmpipe/tokenizer.h>

#include "base/io.h"
#include "base/utf8.h"
#include "sanitized.h"

/** Tests repeat `many` times, a twentieth of it when every access is checked. */
#define LM_REPEAT(many) (LM_SANITIZED ? (many) / 20 : (many))

/** Documents held in memory, for lm_bpe_train. */
struct memory_documents {
    const char *const *texts;
    const size_t *sizes; /* NULL: NUL-terminated */
    size_t count, at;
};

static inline bool next_memory_document(void *user, const uint8_t **text, size_t *size)
{
    struct memory_documents *documents = user;
    if (documents->at == documents->count)
        return false;
    *text = (const uint8_t *)documents->texts[documents->at];
    *size = documents->sizes ? documents->sizes[documents->at]
                             : strlen(documents->texts[documents->at]);
    documents->at++;
    return true;
}

/** Vocabulary learned from one text; NULL on failure. */
static inline struct lm_vocab *learn_from(const void *text, size_t size, int64_t vocab_size,
                                          enum lm_pattern pattern)
{
    static const char *const specials[] = {"<|endoftext|>"};
    const struct lm_bpe_options options = {.vocab_size = vocab_size,
                                           .pattern = pattern,
                                           .min_frequency = 1,
                                           .specials = specials,
                                           .special_count = 1};
    const char *const texts[] = {text};
    struct memory_documents documents = {texts, &size, 1, 0};
    struct lm_vocab *vocab = NULL;
    lm_bpe_train(&vocab, &options, next_memory_document, &documents, NULL, NULL, NULL);
    return vocab;
}

/** Length of the first piece of text[0..size), size ≥ 1, by a pattern that is no expression. */
static inline size_t first_piece(enum lm_pattern pattern, const uint8_t *text, size_t size)
{
    struct lm_pretokenizer *pretokenizer = NULL;
    size_t at = 0, end = 0, count;
    if (lm_pretokenizer_create(&pretokenizer, pattern, NULL, NULL) != LM_OK)
        return 0;
    lm_pretokenize(pretokenizer, text, size, &at, &end, 1, &count, NULL);
    lm_pretokenizer_free(pretokenizer);
    return end;
}

/** Characters on which splitters differ: borders of classes, breakers of UTF-8 and of habits. */
static const uint32_t tricky_characters[] = {
    ' ',    ' ',      ' ',    '\n',   '\n',   '\t',   '\r',   '\v',   '\f',    0x85,    0xA0,
    '\'',   '\'',     's',    't',    'r',    'e',    'v',    'm',    'l',     'd',     'S',
    'a',    'Z',      '0',    '9',    '_',    '!',    '.',    '<',    0x00,    0x1C,    0x1F,
    0x7F,   0xAA,     0xB2,   0xBD,   0xD7,   0xDF,   0x17F,  0x301,  0x0E33,  0x200B,  0x200D,
    0x1680, 0x2003,   0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF, 0x2160,  0x4E2D,  0x3007,
    0x1C5,  0x2B0,    0x1F88, 0x212A, 0x10D0, '/',    'A',    'b',    'T',     'E',     'V',
    'L',    'M',      'D',    '\'',   'R',    0x660,  0x93F,  0xAC00, 0x1F600, 0x1D7D8, 0x20000,
    0xFFFD, 0x10FFFF, 0xE000, 0x2019, 0xFF21};

/** Up to `most` tricky characters as UTF-8 into out (4 * most bytes); returns the size. */
static inline size_t draw_tricky(uint8_t *out, size_t most, struct lm_rng rng, uint64_t index)
{
    size_t count = (size_t)lm_rng_below(rng, index, 0, most + 1), size = 0;
    size_t kinds = sizeof tricky_characters / sizeof tricky_characters[0];
    for (size_t i = 0; i < count; i++)
        size +=
            lm_utf8_encode(out + size, tricky_characters[lm_rng_below(rng, index, i + 1, kinds)]);
    return size;
}

/** Up to `most` bytes, from few values when `narrow`, so that merges happen. */
static inline size_t draw_bytes(uint8_t *out, size_t most, struct lm_rng rng, uint64_t index)
{
    size_t size = (size_t)lm_rng_below(rng, index, 0, most + 1);
    uint64_t kinds = index % 3 == 0 ? 256 : index % 3 == 1 ? 4 : 40;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(lm_rng_below(rng, index, i + 1, kinds) + (kinds == 256 ? 0 : 'a' - 4));
    return size;
}

#endif
