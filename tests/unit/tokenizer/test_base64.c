#include "tap.h"
#include "text_samples.h"
#include "tokenizer/formats/base64.h"

/* RFC 4648, section 10. */
static const char *const vectors[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"f"
                                          "o",
                                          "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"},
                                         {"\xFB\xFF\xBF", "+/+/"}};

static void the_vectors_of_the_standard(struct tap *tap)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct lm_buf text, bytes;
        lm_buf_init(&text, 0);
        lm_buf_init(&bytes, 0);
        lm_base64_write(&text, (const uint8_t *)vectors[i][0], strlen(vectors[i][0]));
        CHECK_STR(text.data ? text.data : "", vectors[i][1]);
        CHECK(lm_base64_read(&bytes, vectors[i][1], strlen(vectors[i][1])));
        CHECK_STR(bytes.data ? bytes.data : "", vectors[i][0]);
        lm_buf_release(&text);
        lm_buf_release(&bytes);
    }
}

static void only_one_text_for_one_string(struct tap *tap)
{
    static const char *const bad[] = {"Zg",    "Zg=",  "Z===", "====",     "Zh==", "Zm9=",  "Zm 9",
                                      "Zm9\n", "Zm-_", "=Zg=", "Zg==Zg==", "Z",    "Zm9v\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lm_buf bytes;
        lm_buf_init(&bytes, 0);
        CHECK(!lm_base64_read(&bytes, bad[i], strlen(bad[i])));
        lm_buf_release(&bytes);
    }
    struct lm_buf bytes;
    lm_buf_init(&bytes, 0);
    CHECK(!lm_base64_read(&bytes, "Z\0==", 4));
    lm_buf_release(&bytes);
}

static void every_string_comes_back(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(1, "base64");
    for (uint64_t i = 0; i < LM_REPEAT(20000u) && tap->failed == 0; i++) {
        uint8_t bytes[50];
        struct lm_buf text, back;
        size_t size = draw_bytes(bytes, sizeof bytes, rng, i * 3);
        lm_buf_init(&text, 0);
        lm_buf_init(&back, 0);
        lm_base64_write(&text, bytes, size);
        CHECK_INT(text.size, (size + 2) / 3 * 4);
        CHECK(lm_base64_read(&back, text.data, text.size));
        CHECK(back.size == size && (size == 0 || memcmp(back.data, bytes, size) == 0));
        lm_buf_release(&text);
        lm_buf_release(&back);
    }
}

static const struct tap_test tests[] = {TAP_ROW(the_vectors_of_the_standard) TAP_ROW(
    only_one_text_for_one_string) TAP_ROW(every_string_comes_back)};

LM_TEST_FILE(tests)
