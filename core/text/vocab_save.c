#include "text/vocab.h"

#include <inttypes.h>

#include <lmpipe/hash.h>

#include "base/io.h"
#include "text/alphabet.h"
#include "text/unicode.h"

static void write_token(struct lm_buf *out, const struct lm_vocab *vocab, int32_t id)
{
    size_t size;
    const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
    lm_alphabet_write(out, bytes, size);
}

enum lm_status lm_vocab_save(const struct lm_vocab *vocab, const char *path, struct lm_err *err)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_buf_printf(&out, "lmpipe-vocab 1\npattern %s\nunicode %s\nbyte_order raw\nmerging pairs\n",
                  lm_pattern_names[vocab->pattern], lm_unicode_version);
    lm_buf_printf(&out, "merges %d\nspecials %d\nend_of_text %d\n", vocab->tokens - LM_BYTES,
                  vocab->specials, vocab->end_of_text);
    for (int32_t id = LM_BYTES; id < vocab->tokens; id++) {
        write_token(&out, vocab, vocab->pairs[id - LM_BYTES].left);
        lm_buf_putc(&out, ' ');
        write_token(&out, vocab, vocab->pairs[id - LM_BYTES].right);
        lm_buf_putc(&out, '\n');
    }
    for (int32_t id = vocab->tokens; id < vocab->tokens + vocab->specials; id++) {
        write_token(&out, vocab, id);
        lm_buf_putc(&out, '\n');
    }
    if (!out.failed)
        lm_buf_printf(&out, "check %016" PRIx64 "\n", lm_hash64(out.data, out.size, 0));
    enum lm_status status = lm_buf_status(&out, err);
    if (status == LM_OK)
        status = lm_file_write(path, out.data, out.size, err);
    lm_buf_release(&out);
    return status;
}
