/* Hostile vocabularies of other programs. The first byte chooses the format and, of GPT-2's two
 * files, which the others are. What is imported gives every text back. */
#include <lmpipe/tokenizer.h>

#include <string.h>

#include "base/buf.h"
#include "fuzz_round_trip.h"
#include "tokenizer/formats/vocab_import.h"

enum { HF, TIKTOKEN, VOCAB_JSON, MERGES_TXT, KINDS };

/* All bytes in GPT-2's order, then "ab". */
static const char *small_vocab(struct lm_arena *arena)
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_buf_putc(&text, '{');
    for (unsigned c = 0, id = 0; c <= 0x143; c++) {
        if ((c >= 0x21 && c <= 0x7E) || (c >= 0xA1 && c <= 0xAC) || c >= 0xAE)
            lm_buf_printf(&text, "\"\\u%04x\":%u,", c, id++);
    }
    lm_buf_puts(&text, "\"ab\":256,\"<|x|>\":257}");
    const char *out = text.failed ? NULL : lm_arena_strndup(arena, text.data, text.size);
    lm_buf_release(&text);
    return out;
}

static enum lm_status import(struct lm_vocab **out, struct lm_arena *arena, unsigned kind,
                             const char *text, size_t size)
{
    static const char merges[] = "#version: 0.2\na b\n";
    struct lm_import import = {.arena = arena, .text = text, .size = size};
    switch (kind) {
    case HF:
        return lm_import_hf(out, &import, NULL);
    case TIKTOKEN:
        import.has_pattern = true;
        return lm_import_tiktoken(out, &import, NULL);
    case VOCAB_JSON:
        import.merges = merges;
        import.merges_size = sizeof merges - 1;
        return lm_import_gpt2(out, &import, NULL);
    default:
        import.merges = text;
        import.merges_size = size;
        import.text = small_vocab(arena);
        import.size = import.text == NULL ? 0 : strlen(import.text);
        return lm_import_gpt2(out, &import, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lm_vocab *vocab = NULL;
    struct lm_arena *arena = lm_arena_create();
    if (size == 0 || arena == NULL) {
        lm_arena_free(arena);
        return 0;
    }
    char *text = lm_arena_strndup(arena, (const char *)data + 1, size - 1);
    if (text != NULL && import(&vocab, arena, data[0] % KINDS, text, size - 1) == LM_OK)
        fuzz_round_trip(vocab, data, size);
    lm_vocab_free(vocab);
    lm_arena_free(arena);
    return 0;
}
