#include "base/csv_field.h"

#include "tap.h"

static void test_fields(struct tap *tap)
{
    static const struct {
        const char *text, *field;
    } rows[] = {{"", ""},
                {"plain text; of any sort'", "plain text; of any sort'"},
                {"a,b", "\"a,b\""},
                {"say \"a\"", "\"say \"\"a\"\"\""},
                {"two\nlines", "\"two\nlines\""},
                {"\r", "\"\r\""}};

    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lm_buf_clear(&out);
        lm_buf_putc(&out, ',');
        lm_csv_put(&out, rows[i].text);
        CHECK_STR(out.data + 1, rows[i].field);
    }
    lm_buf_release(&out);
}

static const struct tap_test tests[] = {TAP_ROW(test_fields)};
LM_TEST_FILE(tests)
