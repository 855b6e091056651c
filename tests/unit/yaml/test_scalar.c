#include "tap.h"

#include "yaml/scalar.h"

#define INT(t, v)                                                                                  \
    {                                                                                              \
        t,                                                                                         \
        {                                                                                          \
            .type = LM_SCALAR_INT, .integer = v, .real = (double)(v)                               \
        }                                                                                          \
    }
#define REAL(t, v)                                                                                 \
    {                                                                                              \
        t,                                                                                         \
        {                                                                                          \
            .type = LM_SCALAR_FLOAT, .real = v                                                     \
        }                                                                                          \
    }
#define KIND(t, k)                                                                                 \
    {                                                                                              \
        t,                                                                                         \
        {                                                                                          \
            .type = k                                                                              \
        }                                                                                          \
    }

/* YAML 1.2.2, section 10.3.2, with its own examples; but numbers led by zero are refused. */
static const struct {
    const char *text;
    struct lm_scalar want;
} cases[] = {
    KIND("null", LM_SCALAR_NULL),
    KIND("~", LM_SCALAR_NULL),
    KIND("", LM_SCALAR_NULL),
    KIND("Null", LM_SCALAR_NULL),
    KIND("nULL", LM_SCALAR_STR),
    {"true", {.type = LM_SCALAR_BOOL, .boolean = true}},
    {"FALSE", {.type = LM_SCALAR_BOOL}},
    KIND("no", LM_SCALAR_STR),
    KIND("yes", LM_SCALAR_STR),
    KIND("on", LM_SCALAR_STR),
    INT("0", 0),
    INT("-19", -19),
    INT("+12", 12),
    INT("0o17", 15),
    INT("0x3A", 58),
    INT("0x1F", 31),
    INT("9223372036854775807", INT64_MAX),
    INT("-9223372036854775808", INT64_MIN),
    KIND("9223372036854775808", LM_SCALAR_TOO_LARGE),
    KIND("0xFFFFFFFFFFFFFFFFF", LM_SCALAR_TOO_LARGE),
    REAL("0.", 0),
    REAL("-0.0", 0),
    REAL(".5", 0.5),
    REAL("+12e03", 12000),
    REAL("-2E+05", -200000),
    REAL("1.0e-3", 0.001),
    REAL("6e-4", 6e-4),
    REAL(".inf", INFINITY),
    REAL("-.Inf", -INFINITY),
    KIND("014", LM_SCALAR_ZERO_LED),
    KIND("-007.5", LM_SCALAR_ZERO_LED),
    KIND("00", LM_SCALAR_ZERO_LED),
    KIND("1_000", LM_SCALAR_STR),
    KIND("3e-4x", LM_SCALAR_STR),
    KIND("0x", LM_SCALAR_STR),
    KIND("0o8", LM_SCALAR_STR),
    KIND("1.2.3", LM_SCALAR_STR),
    KIND("12:30:45", LM_SCALAR_STR),
    KIND("-", LM_SCALAR_STR),
    KIND(".", LM_SCALAR_STR),
    KIND("e5", LM_SCALAR_STR),
    KIND("1e", LM_SCALAR_STR),
    KIND("-0x1", LM_SCALAR_STR),
    KIND("inf", LM_SCALAR_STR),
};

static void test_core_schema(struct tap *tap)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_scalar got = lm_scalar_resolve(cases[i].text, true);
        struct lm_scalar want = cases[i].want;
        bool good = got.type == want.type && got.boolean == want.boolean &&
                    got.integer == want.integer && !(got.real < want.real) &&
                    !(got.real > want.real);
        if (!good)
            printf("# case '%s': type %d, not %d\n", cases[i].text, got.type, want.type);
        CHECK(good);
    }
    CHECK(isnan(lm_scalar_resolve(".nan", true).real));
    CHECK_INT(lm_scalar_resolve("12", false).type, LM_SCALAR_STR);
    CHECK(!signbit(lm_scalar_resolve("-0.0", true).real));
}

static void test_durations(struct tap *tap)
{
    double s = -1;
    CHECK(lm_scalar_duration(&s, "90s") && s == 90);
    CHECK(lm_scalar_duration(&s, "10m") && s == 600);
    CHECK(lm_scalar_duration(&s, "1.5h") && s == 5400);
    CHECK(lm_scalar_duration(&s, "2d") && s == 172800);
    static const char *const bad[] = {"90",     "s",   "",     "-1s",   "1h30m",
                                      "1e400s", "5 m", "010s", ".infs", "1e308d"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!lm_scalar_duration(&s, bad[i]));
}

static void test_sizes(struct tap *tap)
{
    int64_t v = -1;
    CHECK(lm_scalar_size(&v, "4096") && v == 4096);
    CHECK(lm_scalar_size(&v, "512K") && v == 524288);
    CHECK(lm_scalar_size(&v, "2G") && v == INT64_C(2147483648));
    CHECK(lm_scalar_size(&v, "8388607T") && v == INT64_C(8388607) << 40);
    static const char *const bad[] = {"8388608T", "2g", "-1", "1.5G", "G", "", "2GB", "0512"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!lm_scalar_size(&v, bad[i]));
}

static void test_printing_reads_back(struct tap *tap)
{
    static const double seconds[] = {0, 0.1, 1, 59, 60, 90, 3600, 5400, 86400, 1e-9, 123456.789};
    static const int64_t sizes[] = {0, 1, 1023, 1024, 1536, 1048576, INT64_C(3) << 30, INT64_MAX};
    char text[40];
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        double back = -1;
        CHECK(lm_scalar_duration(&back, lm_scalar_print_duration(text, seconds[i])));
        CHECK(!(back < seconds[i]) && !(back > seconds[i]));
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int64_t back = -1;
        CHECK(lm_scalar_size(&back, lm_scalar_print_size(text, sizes[i])));
        CHECK_INT(back, sizes[i]);
    }
    CHECK_STR(lm_scalar_print_duration(text, 600), "10m");
    CHECK_STR(lm_scalar_print_size(text, 2147483648), "2G");
}

static void test_texts(struct tap *tap)
{
    static const struct {
        const char *text, *printed;
    } rows[] = {
        {"model.tokens", "model.tokens"},
        {"a/b-c_D.9", "a/b-c_D.9"},
        {"no", "no"},
        {"", "\"\""},
        {"true", "\"true\""},
        {"Null", "\"Null\""},
        {"~", "\"~\""},
        {"1.50", "\"1.50\""},
        {"-a", "\"-a\""},
        {"a b", "\"a b\""},
        {"/abs", "\"/abs\""},
        {"$${x}", "\"$${x}\""},
        {"\"\\\n\t\r", "\"\\\"\\\\\\n\\t\\r\""},
        {"\x01\x7f", "\"\\u0001\\u007f\""},
        {"\u00fc \U0001F600", "\"\u00fc \U0001F600\""},
        {"\xc2\x85\u2028\u202e\ufeff", "\"\\u0085\\u2028\\u202e\\ufeff\""},
        {"\U000E0041", "\"\\U000e0041\""},
        {"a\xff", "\"a\\ufffd\""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_buf out;
        lm_buf_init(&out, 0);
        lm_scalar_print_text(&out, rows[i].text);
        CHECK_STR(out.data, rows[i].printed);
        lm_buf_release(&out);
    }
}

static const struct tap_test tests[] = {TAP_ROW(test_core_schema) TAP_ROW(test_durations) TAP_ROW(
    test_sizes) TAP_ROW(test_printing_reads_back) TAP_ROW(test_texts)};
LM_TEST_FILE(tests)
