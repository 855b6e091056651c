/* Under a decimal comma, of one byte or of several, numbers go out and come in as under none. */
#include "base/c_locale.h"

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "base/buf.h"
#include "base/json.h"
#include "comma_locale.h"
#include "tap.h"

static const char *const points[] = {",", "<U066B>"};

static void check_out(struct tap *tap)
{
    char text[32];
    struct lm_buf buf;
    struct lm_json_writer writer;
    struct lm_err err;
    struct lm_arena *arena = lm_arena_create();
    lm_buf_init(&buf, 0);
    CHECK_STR(lm_format_double(text, 1e-5), "1e-05");
    CHECK_STR(lm_format_double(text, 1.0 / 3), "0.3333333333333333");
    CHECK_STR(lm_format_double(text, -1234567.875), "-1234567.875");
    lm_buf_printf(&buf, "%g %.1f %.3e", 0.05, 1234567.5, 1.5);
    lm_buf_putc(&buf, ' ');
    lm_json_begin(&writer, &buf, false);
    lm_json_put_double(&writer, 0.1);
    CHECK_STR(buf.data, "0.05 1234567.5 1.500e+00 0.1");
    CHECK_STR(lm_arena_printf(arena, "%g", 2.5), "2.5");
    lm_fail(&err, LM_RANGE, "%g", 0.25);
    lm_wrap(&err, LM_RANGE, "%.1f", 1.5);
    CHECK_STR(err.text, "1.5: 0.25");
    lm_buf_release(&buf);
    lm_arena_free(arena);
}

static void check_in(struct tap *tap)
{
    static const char text[] = "[0.05, -1.5e-3, 12345678.25, 7, 1e-5]";
    static const double want[] = {0.05, -1.5e-3, 12345678.25, 7, 1e-5};
    struct lm_json *root = NULL;
    char *end = NULL;
    CHECK(lm_c_strtod("0.05x", &end) == 0.05 && *end == 'x');
    CHECK(lm_c_strtod("0,05", &end) == 0 && *end == ',');
    REQUIRE(lm_json_parse(&root, text, sizeof text - 1, NULL) == LM_OK);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        CHECK(lm_json_double(lm_json_at(root, i), -1) == want[i]);
    lm_json_free(root);
}

/* The locale of the host is its own again afterwards. */
static void test_numbers(struct tap *tap)
{
    check_out(tap);
    check_in(tap);
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        if (!comma_begin(points[i]))
            SKIP("no locale with a decimal comma can be made: install localedef");
        check_out(tap);
        check_in(tap);
        CHECK(comma_is_set());
        comma_end();
    }
}

static const struct tap_test tests[] = {TAP_ROW(test_numbers)};
LM_TEST_FILE(tests)
