#include "text/pretoken.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "text/unicode.h"

const char *const lm_pattern_names[] = {"gpt2", "chars", "bytes", NULL};

enum { KIND_OTHER = 0, KIND = LM_UC_LETTER | LM_UC_NUMBER | LM_UC_SPACE };

/* Length of the character at text[0]; *kind: letter, number, space or other. An ill-formed byte is
 * one "other" character. */
static inline size_t read_char(unsigned *kind, const uint8_t *text, size_t size)
{
    uint32_t code_point = text[0];
    size_t length = code_point < 0x80 ? 1 : lm_utf8_decode(&code_point, text, size);
    *kind = length == 0 ? (unsigned)KIND_OTHER : lm_unicode(code_point) & KIND;
    return length == 0 ? 1 : length;
}

/* End of the run of `kind` that holds text[at]; *last is where its last character starts. */
static size_t run_end(size_t *last, const uint8_t *text, size_t size, size_t at, unsigned kind)
{
    while (at < size) {
        unsigned next;
        size_t length = read_char(&next, text + at, size - at);
        if (next != kind)
            break;
        *last = at;
        at += length;
    }
    return at;
}

/* Length of 's 't 're 've 'm 'll 'd at text[0] (an apostrophe), or 0. */
static size_t contraction(const uint8_t *text, size_t size)
{
    static const char *const tails[] = {"s", "t", "re", "ve", "m", "ll", "d"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        size_t length = strlen(tails[i]);
        if (length < size && memcmp(text + 1, tails[i], length) == 0)
            return 1 + length;
    }
    return 0;
}

/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * (Radford et al. 2019, encoder.py of the GPT-2 release). */
static size_t next_gpt2(const uint8_t *text, size_t size)
{
    if (text[0] == '\'') {
        size_t length = contraction(text, size);
        if (length != 0)
            return length;
    }
    size_t at = text[0] == ' ' && size > 1, last = 0;
    unsigned kind;
    size_t length = read_char(&kind, text + at, size - at);
    if (kind != LM_UC_SPACE)
        return run_end(&last, text, size, at + length, kind);
    size_t end = run_end(&last, text, size, 0, LM_UC_SPACE);
    /* The run gives its last character to what follows, unless it is that character alone. */
    return end == size || last == 0 ? end : last;
}

static size_t next_char(const uint8_t *text, size_t size)
{
    unsigned kind;
    return read_char(&kind, text, size);
}

static size_t next_byte(const uint8_t *text, size_t size)
{
    (void)text;
    (void)size;
    return 1;
}

typedef size_t scan_fn(const uint8_t *text, size_t size);

static scan_fn *const scanners[] = {next_gpt2, next_char, next_byte};

size_t lm_pretoken_next(enum lm_pattern pattern, const uint8_t *text, size_t size)
{
    return scanners[pattern](text, size);
}

/* ---- documents ---- */

struct lm_pretokenizer {
    scan_fn *scan;
};

enum lm_status lm_pretokenizer_create(struct lm_pretokenizer **out, enum lm_pattern pattern,
                                      struct lm_err *err)
{
    struct lm_pretokenizer *pretokenizer = calloc(1, sizeof *pretokenizer);
    if (pretokenizer == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a pretokenizer; free some");
    pretokenizer->scan = scanners[pattern];
    *out = pretokenizer;
    return LM_OK;
}

void lm_pretokenizer_free(struct lm_pretokenizer *pretokenizer)
{
    free(pretokenizer);
}

enum lm_status lm_pretokenize(struct lm_pretokenizer *pretokenizer, const uint8_t *text,
                              size_t size, size_t *at, size_t *ends, size_t capacity, size_t *count,
                              struct lm_err *err)
{
    (void)err;
    size_t place = *at, pieces = 0;
    while (place < size && pieces < capacity) {
        place += pretokenizer->scan(text + place, size - place);
        ends[pieces++] = place;
    }
    *at = place;
    *count = pieces;
    return LM_OK;
}
