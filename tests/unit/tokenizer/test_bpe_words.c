#include "tap.h"
#include "tokenizer/bpe_words.h"

static void words_are_packed(struct tap *tap)
{
    struct lm_words words = {0};
    int32_t byte_ids[256];
    uint8_t bytes[300];
    for (unsigned i = 0; i < 256; i++)
        byte_ids[i] = (int32_t)(255 - i);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t size = 2; size <= sizeof bytes; size++)
        REQUIRE(
            lm_words_add(&words, bytes, size, INT64_C(0x123456789ABCDE) + (int64_t)size, byte_ids));
    CHECK_INT(words.count, sizeof bytes - 1);
    size_t at = 0;
    CHECK_INT(words.longs.count, sizeof bytes - LM_WORD_LONGEST);
    for (size_t size = 2; size <= LM_WORD_LONGEST; size++) {
        const uint32_t *word = words.cells + at;
        CHECK_INT(word[0], size);
        CHECK_INT(lm_word_count(word), INT64_C(0x123456789ABCDE) + (int64_t)size);
        for (size_t i = 0; i < size; i++)
            CHECK_INT(word[LM_WORD_HEAD + i], 255 - (i & 255));
        at += LM_WORD_HEAD + size;
    }
    CHECK_INT(at, words.size);
    uint32_t index = 0;
    for (size_t size = LM_WORD_LONGEST + 1; size <= sizeof bytes; size++)
        for (size_t i = 0; i < size; i++, index++) {
            CHECK_INT(words.longs.symbols[index], 255 - (i & 255));
            CHECK_INT(words.longs.previous[index], i == 0 ? LM_NO_SYMBOL : index - 1);
            CHECK_INT(words.longs.next[index], i + 1 == size ? LM_NO_SYMBOL : index + 1);
            CHECK_INT(lm_long_word_count(&words.longs, index),
                      INT64_C(0x123456789ABCDE) + (int64_t)size);
        }
    CHECK_INT(index, words.longs.size);
    lm_words_release(&words);
}

static const struct tap_test tests[] = {TAP_ROW(words_are_packed)};

LM_TEST_FILE(tests)
