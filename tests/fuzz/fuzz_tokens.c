/* Hostile token files: what opens can be read to its end, or says why not. */
#include <lmpipe/tokens.h>

#include <stdbool.h>

#include "fuzz_file.h"

enum { PART = 4096 };

/* Is all of it sound? */
static bool read_split(struct lm_tokens *tokens, enum lm_split split)
{
    int32_t ids[PART];
    struct lm_err err = {0};
    uint64_t count = lm_tokens_count(tokens, split), last = 0;
    for (uint64_t at = 0; at < count; at += PART) {
        size_t part = count - at < PART ? (size_t)(count - at) : PART;
        if (lm_tokens_read(tokens, split, at, part, ids, &err) != LM_OK) {
            if (err.text[0] == '\0')
                __builtin_trap();
            return false;
        }
        for (size_t i = 0; i < part; i++)
            if (ids[i] < 0 || ids[i] >= lm_tokens_vocab(tokens))
                __builtin_trap();
    }
    if (lm_tokens_check_documents(tokens, split, &err) != LM_OK) {
        if (err.text[0] == '\0')
            __builtin_trap();
        return false;
    }
    for (uint64_t i = 0; i < lm_tokens_documents(tokens, split); i++) {
        struct lm_document document = lm_tokens_document(tokens, split, i);
        if (document.first != last || document.tokens == 0)
            __builtin_trap();
        last += document.tokens;
    }
    if (last != count)
        __builtin_trap();
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lm_tokens *tokens = NULL;
    struct lm_digest digest;
    struct lm_err err = {0};
    struct fuzz_file file;
    fuzz_file_open(&file, data, size);
    enum lm_status status = lm_tokens_open(&tokens, file.path, &err);
    if (status != LM_OK && err.text[0] == '\0')
        __builtin_trap();
    bool is_whole = status == LM_OK;
    for (int split = 0; split < LM_SPLITS && status == LM_OK; split++)
        is_whole = read_split(tokens, (enum lm_split)split) && is_whole;
    lm_tokens_close(tokens);
    if (lm_tokens_digest(&digest, file.path, &err) == LM_OK && !is_whole)
        __builtin_trap();
    fuzz_file_close(&file);
    return 0;
}
