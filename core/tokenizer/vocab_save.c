#include "tokenizer/vocab.h"

#include <inttypes.h>
#include <string.h>

#include <lmpipe/hash.h>

#include "base/new_file.h"
#include "tokenizer/alphabet.h"

static void write_token(struct lm_buf *out, const struct lm_vocab *vocab, int32_t id)
{
    size_t size;
    const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
    lm_alphabet_write(out, bytes, size);
}

/* An id that is not the one after the last must be written. */
static void end_line(struct lm_buf *out, int32_t id, int32_t *next)
{
    if (id != *next)
        lm_buf_printf(out, "\t%d", id);
    lm_buf_putc(out, '\n');
    *next = id + 1;
}

static bool are_bytes(const struct lm_vocab *vocab, const int32_t ids[LM_BYTES])
{
    return memcmp(vocab->byte_ids, ids, sizeof vocab->byte_ids) == 0;
}

static const char *byte_order(const struct lm_vocab *vocab)
{
    int32_t raw[LM_BYTES], gpt2[LM_BYTES];
    for (int32_t i = 0; i < LM_BYTES; i++)
        raw[i] = i;
    lm_alphabet_ids(gpt2);
    return are_bytes(vocab, raw) ? "raw" : are_bytes(vocab, gpt2) ? "gpt2" : "listed";
}

static void write_header(struct lm_buf *out, const struct lm_vocab *vocab)
{
    const char *order = byte_order(vocab), *regex = vocab->regex;
    char unicode[24];
    lm_vocab_unicode(unicode, vocab);
    lm_buf_printf(out, "lmpipe-vocab 1\npattern %s\n", lm_pattern_names[vocab->pattern]);
    if (regex != NULL) {
        lm_buf_puts(out, "regex ");
        lm_alphabet_write(out, (const uint8_t *)regex, strlen(regex));
        lm_buf_putc(out, '\n');
    }
    lm_buf_printf(out, "unicode %s\nbyte_order %s\nmerging %s\n", unicode, order,
                  lm_merging_names[vocab->merging]);
    lm_buf_printf(out, "merges %d\nspecials %d\nend_of_text %d\n", vocab->merge_count,
                  vocab->specials, vocab->end_of_text);
    if (strcmp(order, "listed") != 0)
        return;
    lm_buf_puts(out, "bytes");
    for (size_t i = 0; i < LM_BYTES; i++)
        lm_buf_printf(out, " %d", vocab->byte_ids[i]);
    lm_buf_putc(out, '\n');
}

static void write_merges(struct lm_buf *out, const struct lm_vocab *vocab, int32_t *next)
{
    for (int32_t rank = 0; rank < vocab->merge_count; rank++) {
        const struct lm_merge *merge = &vocab->merges[rank];
        if (merge->left >= 0) {
            write_token(out, vocab, merge->left);
            lm_buf_putc(out, ' ');
            write_token(out, vocab, merge->right);
        } else {
            write_token(out, vocab, merge->id);
        }
        end_line(out, merge->id, next);
    }
}

enum lm_status lm_vocab_save(const struct lm_vocab *vocab, const char *path, struct lm_err *err)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    write_header(&out, vocab);
    int32_t next = 0;
    for (size_t i = 0; i < LM_BYTES; i++)
        next = vocab->byte_ids[i] >= next ? vocab->byte_ids[i] + 1 : next;
    write_merges(&out, vocab, &next);
    for (int32_t id = 0; id < vocab->size; id++) {
        if (vocab->tokens[id].kind != LM_TOKEN_SPECIAL)
            continue;
        write_token(&out, vocab, id);
        end_line(&out, id, &next);
    }
    if (!out.failed)
        lm_buf_printf(&out, "check %016" PRIx64 "\n", lm_hash64(out.data, out.size, 0));
    enum lm_status status = lm_new_file_write_buf(path, &out, LM_NEW_DURABLE, err);
    lm_buf_release(&out);
    return status;
}
