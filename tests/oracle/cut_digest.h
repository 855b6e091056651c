/** Where an expression cuts texts, as 8 hex digits: of the SHA-256 of the ends of all pieces, as
 *  "END " in decimal, with a newline behind each text. tools/fixtures/foreign_regex.mjs does the
 * same. */
#ifndef LM_TEST_CUT_DIGEST_H
#define LM_TEST_CUT_DIGEST_H

#include <lmpipe/hash.h>
#include <lmpipe/tokenizer.h>

#include "base/buf.h"

#define CUT_DIGEST 9

struct cut_text {
    uint8_t *bytes;
    size_t size;
};

static inline enum lm_status cut_one(struct lm_buf *out, struct lm_pretokenizer *cutter,
                                     const struct cut_text *text, struct lm_err *err)
{
    size_t at = 0, count = 1, ends[64];
    while (count > 0) {
        LM_TRY(lm_pretokenize(cutter, text->bytes, text->size, &at, ends, 64, &count, err));
        for (size_t i = 0; i < count; i++)
            lm_buf_printf(out, "%zu ", ends[i]);
    }
    lm_buf_putc(out, '\n');
    return lm_buf_status(out, err);
}

static inline enum lm_status cut_digest(char digest[CUT_DIGEST], const char *expression,
                                        const struct cut_text *texts, size_t count,
                                        struct lm_err *err)
{
    struct lm_pretokenizer *cutter = NULL;
    struct lm_buf ends;
    struct lm_digest whole;
    char hex[LM_DIGEST_HEX];
    LM_TRY(lm_pretokenizer_create(&cutter, LM_PATTERN_REGEX, expression, err));
    lm_buf_init(&ends, 0);
    enum lm_status status = LM_OK;
    for (size_t i = 0; i < count && status == LM_OK; i++)
        status = cut_one(&ends, cutter, &texts[i], err);
    lm_sha256_bytes(&whole, ends.data, ends.size);
    lm_digest_hex(hex, &whole);
    for (size_t i = 0; i + 1 < CUT_DIGEST; i++)
        digest[i] = hex[i];
    digest[CUT_DIGEST - 1] = '\0';
    lm_buf_release(&ends);
    lm_pretokenizer_free(cutter);
    return status;
}

#endif
