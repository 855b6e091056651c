/* Hostile text shards. */
#include "data/jsonl.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lm_jsonl_reader *reader = NULL;
    struct lm_jsonl_document document;
    struct fuzz_file file;
    bool is_end = false;
    fuzz_file_open(&file, data, size);
    if (lm_jsonl_open(&reader, file.path, NULL) == LM_OK)
        while (lm_jsonl_next(reader, &document, &is_end, NULL) == LM_OK && !is_end)
            if (document.text[document.size] != 0)
                __builtin_trap();
    lm_jsonl_close(reader);
    struct lm_jsonl_block block = {0};
    reader = NULL;
    if (lm_jsonl_open(&reader, file.path, NULL) == LM_OK)
        while (lm_jsonl_read_block(reader, &block, 64, NULL) == LM_OK && block.size > 0)
            while (lm_jsonl_block_next(&block, &document, &is_end, NULL) == LM_OK && !is_end)
                if (document.text[document.size] != 0)
                    __builtin_trap();
    lm_jsonl_block_release(&block);
    lm_jsonl_close(reader);
    fuzz_file_close(&file);
    return 0;
}
