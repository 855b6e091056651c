/** What is compared of a text: case, punctuation and layout are not. */
#include "text/exact.h"

#include "tests/tap.h"

static void folds(struct tap *tap)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"Hello, World!", "hello world"},
        {"  a \t\n b  ", "a b"},
        {"well-known", "wellknown"},
        {"3.14 + 2", "314 + 2"},
        {"A $5 <b> `x` ~ ^ | =", "a $5 <b> `x` ~ ^ | ="},
        {"\xC3\x89t\xC3\xA9", "\xC3\xA9t\xC3\xA9"},               /* Été */
        {"\xCE\xA3\xCF\x82\xCF\x83", "\xCF\x83\xCF\x83\xCF\x83"}, /* both small sigmas */
        {"\xE2\x80\x9C"
         "A\xE2\x80\x9D\xE2\x80\xA6",
         "a"}, /* quotes, ellipsis */
        {"\xE7\xAC\xAC\xE3\x80\x82\xE4\xB8\x80\xEF\xBC\x8C", "\xE7\xAC\xAC\xE4\xB8\x80"},
        {"a\xC2\xA0"
         "b\xE3\x80\x80"
         "c",
         "a b c"}, /* other spaces */
        {"...", ""},
        {"- -", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_buf out;
        lm_buf_init(&out, 0);
        lm_exact_fold(&out, (const uint8_t *)rows[i][0], strlen(rows[i][0]));
        CHECK_STR(out.data != NULL ? out.data : "", rows[i][1]);
        lm_buf_release(&out);
    }
}

/* Every byte lies in one unit. */
static void units(struct tap *tap)
{
    static const char text[] = "One\nline.\n\n \nONE line\n\n***\nlast";
    static const size_t lines[] = {4, 6, 1, 2, 9, 1, 4, 4}, paragraphs[] = {13, 10, 8};
    struct lm_buf scratch;
    struct lm_exact_unit unit, first = {0};
    lm_buf_init(&scratch, 0);
    for (int is_paragraph = 0; is_paragraph < 2; is_paragraph++) {
        size_t count = 0, at = 0;
        for (; at < sizeof text - 1; at += unit.size, count++) {
            REQUIRE(lm_exact_next(&unit, (const uint8_t *)text, sizeof text - 1, at, is_paragraph,
                                  &scratch, NULL) == LM_OK);
            CHECK_INT(unit.size, is_paragraph ? paragraphs[count] : lines[count]);
            CHECK_INT(unit.is_blank,
                      !is_paragraph && (count == 2 || count == 3 || count == 5 || count == 6));
            first = is_paragraph && count == 0 ? unit : first;
            if (is_paragraph && count == 1)
                CHECK(lm_digest_compare(&unit.digest, &first.digest) == 0);
        }
        CHECK_INT(at, sizeof text - 1);
    }
    lm_buf_release(&scratch);
}

static const struct tap_test tests[] = {TAP_ROW(folds) TAP_ROW(units)};

LM_TEST_FILE(tests)
