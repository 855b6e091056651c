#include <math.h>

#include "page/numtext.h"
#include "tap.h"

#define MINUS "\xe2\x88\x92"
#define NBSP "\xc2\xa0"

static void counts_are_grouped(struct tap *tap)
{
    CHECK_STR(lm_num_count(0).text, "0");
    CHECK_STR(lm_num_count(999).text, "999");
    CHECK_STR(lm_num_count(1000).text, "1,000");
    CHECK_STR(lm_num_count(-1234567).text, MINUS "1,234,567");
    CHECK_STR(lm_num_count(INT64_MIN).text, MINUS "9,223,372,036,854,775,808");
    CHECK_STR(lm_num_count(INT64_MAX).text, "9,223,372,036,854,775,807");
}

static void fixed_digits(struct tap *tap)
{
    CHECK_STR(lm_num_fixed(1234.5678, 2).text, "1,234.57");
    CHECK_STR(lm_num_fixed(-0.001, 2).text, "0.00"); /* no negative zero */
    CHECK_STR(lm_num_fixed(-0.5, 1).text, MINUS "0.5");
    CHECK_STR(lm_num_fixed((double)NAN, 2).text, "n/a");
    CHECK_STR(lm_num_fixed((double)INFINITY, 2).text, "n/a");
    CHECK_STR(lm_num_fixed(1e300, 3).text, "1.000e+300");
}

static void short_numbers(struct tap *tap)
{
    CHECK_STR(lm_num_short(0.00083, 3).text, "0.00083");
    CHECK_STR(lm_num_short(1e-5, 3).text, "1e-05");
    CHECK_STR(lm_num_short(123456, 3).text, "123,456");
    CHECK_STR(lm_num_short(2.0, 4).text, "2");
    CHECK_STR(lm_num_short(-2.25, 4).text, MINUS "2.25");
}

static void units(struct tap *tap)
{
    CHECK_STR(lm_num_percent(0.3071, 1).text, "30.7" NBSP "%");
    CHECK_STR(lm_num_percent((double)NAN, 1).text, "n/a");
    CHECK_STR(lm_num_bytes(812).text, "812" NBSP "B");
    CHECK_STR(lm_num_bytes(1424000).text, "1.42" NBSP "MB");
    CHECK_STR(lm_num_bytes(999999).text, "1.00" NBSP "MB"); /* never "1000 kB" */
    CHECK_STR(lm_num_bytes(99960).text, "100" NBSP "kB");
    CHECK_STR(lm_num_large(9999).text, "9,999");
    CHECK_STR(lm_num_large(2143296).text, "2.14" NBSP "M");
    CHECK_STR(lm_num_large(124439808).text, "124" NBSP "M");
}

static void durations(struct tap *tap)
{
    CHECK_STR(lm_num_seconds(0.0213).text, "0.02 s");
    CHECK_STR(lm_num_seconds(61.24).text, "61.2 s");
    CHECK_STR(lm_num_seconds(250).text, "4m10s");
    CHECK_STR(lm_num_seconds(7500).text, "2h05m");
    CHECK_STR(lm_num_seconds(-1).text, "0.00 s");
    CHECK_STR(lm_num_seconds((double)NAN).text, "0.00 s");
}

static const struct tap_test tests[] = {TAP_ROW(counts_are_grouped) TAP_ROW(fixed_digits) TAP_ROW(
    short_numbers) TAP_ROW(units) TAP_ROW(durations)};
LM_TEST_FILE(tests)
