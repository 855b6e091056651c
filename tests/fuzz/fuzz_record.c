/* Hostile action records: what is read is written back to the same bytes. */
#include <string.h>

#include "fuzz_file.h"
#include "store/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_record record;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    if (lm_record_read(&record, arena, (const char *)data, size, NULL) == LM_OK) {
        lm_record_write(&text, &record);
        if (text.size != size || memcmp(text.data, data, size) != 0)
            __builtin_trap();
    }
    lm_buf_release(&text);
    lm_arena_free(arena);
    return 0;
}
