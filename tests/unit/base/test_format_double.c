#include <float.h>
#include <stdint.h>

#include <lmpipe/rng.h>

#include "base/buf.h"
#include "tap.h"

static void test_rows(struct tap *tap)
{
    static const struct {
        double v;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {0.001, "0.001"},
        {0.0001, "0.0001"},
        {1e-5, "1e-05"},
        {6e-4, "0.0006"},
        {1.25e-7, "1.25e-07"},
        {1400, "1400"},
        {123456.789, "123456.789"},
        {1e15, "1000000000000000"},
        {123456789012345680.0, "1.2345678901234568e+17"},
        {1e16, "1e+16"},
        {1e100, "1e+100"},
        {-2.5e-100, "-2.5e-100"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {5e-324, "5e-324"},
        {-4.9406564584124654e-324 * 3, "-1.5e-323"},
        {9007199254740993.0, "9007199254740992"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {9.5367431640625e-07, "9.5367431640625e-07"},
        {HUGE_VAL, "inf"},
        {-HUGE_VAL, "-inf"},
        {NAN, "nan"},
        {-NAN, "nan"},
    };

    char text[32];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_STR(lm_format_double(text, rows[i].v), rows[i].text);
}

static int significant_digits(const char *text)
{
    int digits = 0, trailing = 0;
    for (const char *at = text; *at && *at != 'e'; at++) {
        if (*at < '0' || *at > '9' || (digits == 0 && *at == '0'))
            continue;
        digits++;
        trailing = *at == '0' ? trailing + 1 : 0;
    }
    return digits - trailing;
}

/* All bit patterns: reads back, and no shorter form does. */
static void test_round_trip(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(1, "bits");
    for (uint64_t i = 0; i < 200000; i++) {
        uint64_t bits = lm_rng_u64(rng, 0, i);
        if (i % 4 == 0)
            bits &= 0x800FFFFFFFFFFFFFu; /* subnormals */
        double v;
        memcpy(&v, &bits, sizeof v);
        if (i % 4 ==
            1) { /* numbers as people write them: up to 15 digits and 11 behind the point */
            uint64_t whole = 1;
            for (uint64_t k = 0; k < bits % 15; k++)
                whole *= 10;
            v = (double)((bits >> 8) % whole) / pow(10, (double)((bits >> 4) % 12));
        }
        if (!isfinite(v))
            continue;
        char text[32], shorter[40];
        lm_format_double(text, v);
        CHECK(strlen(text) < sizeof text);
        CHECK(strtod(text, NULL) == v);
        int digits = significant_digits(text);
        if (digits < 2)
            continue;
        snprintf(shorter, sizeof shorter, "%.*e", digits - 2, v);
        CHECK(strtod(shorter, NULL) != v);
    }
}

static const struct tap_test tests[] = {TAP_ROW(test_rows) TAP_ROW(test_round_trip)};
LM_TEST_FILE(tests)
