#include "tokenizer/alphabet.h"

#include "base/utf8.h"
#include "tap.h"

/* bytes_to_unicode() of GPT-2's encoder.py: printable bytes map to themselves, the others, in
 * order, to 256, 257 … */
static void equals_the_published_table(struct tap *tap)
{
    uint32_t next = 256;
    for (unsigned byte = 0; byte < 256; byte++) {
        bool is_printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) ||
                            (byte >= 0xAE && byte <= 0xFF);
        uint32_t want = is_printable ? byte : next++, got = 0;
        struct lm_buf text, back;
        lm_buf_init(&text, 0);
        lm_buf_init(&back, 0);
        lm_alphabet_write(&text, &(uint8_t){(uint8_t)byte}, 1);
        CHECK(lm_utf8_decode(&got, (const uint8_t *)text.data, text.size) == text.size);
        CHECK_INT(got, want);
        CHECK(lm_alphabet_read(&back, text.data, text.size) == text.size);
        CHECK(back.size == 1 && (uint8_t)back.data[0] == byte);
        lm_buf_release(&text);
        lm_buf_release(&back);
    }
    CHECK_INT(next, 256 + 68);
}

static void refuses_the_rest(struct tap *tap)
{
    static const struct {
        const char *text;
        size_t good; /* bytes before what stands for no byte */
    } cases[] = {{"ab c", 2},         {"\xC2\xAD", 0}, {"a\xC5\x84", 1}, {"\xC5\x83", 2},
                 {"\xE4\xB8\xAD", 0}, {"x\xFF", 1},    {"\n", 0},        {"\x7F", 0},
                 {"\xC4\xA0the", 5},  {"\xC4", 0},     {"", 0}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_buf out;
        lm_buf_init(&out, 0);
        CHECK_INT(lm_alphabet_read(&out, cases[i].text, strlen(cases[i].text)), cases[i].good);
        lm_buf_release(&out);
    }
}

static const struct tap_test tests[] = {TAP_ROW(equals_the_published_table)
                                            TAP_ROW(refuses_the_rest)};

LM_TEST_FILE(tests)
