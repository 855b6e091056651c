#include "human.h"

#include "tap.h"

static void numbers_read_well(struct tap *tap)
{
    char out[32];
    CHECK_STR(lm_human_count(out, 0), "0");
    CHECK_STR(lm_human_count(out, 999), "999");
    CHECK_STR(lm_human_count(out, 124439808), "124,439,808");
    CHECK_STR(lm_human_count(out, UINT64_MAX), "18,446,744,073,709,551,615");
    CHECK_STR(lm_human_si(out, 3.2), "3.2");
    CHECK_STR(lm_human_si(out, 870), "870");
    CHECK_STR(lm_human_si(out, 12400), "12.4k");
    CHECK_STR(lm_human_si(out, 999600), "1.0M");
    CHECK_STR(lm_human_bytes(out, 870), "870 B");
    CHECK_STR(lm_human_bytes(out, 1400000), "1.4 MB");
    CHECK_STR(lm_human_exponent(out, 5.8e-4), "5.8e-4");
    CHECK_STR(lm_human_exponent(out, 1), "1.0e0");
    CHECK_STR(lm_human_exponent(out, 1e12), "1.0e12");
    CHECK_STR(lm_human_exponent(out, 2.5e-10), "2.5e-10");
}

static void times_read_well(struct tap *tap)
{
    char out[32];
    CHECK_STR(lm_human_clock(out, 42), "0:42");
    CHECK_STR(lm_human_clock(out, 845), "14:05");
    CHECK_STR(lm_human_clock(out, 7390), "2:03:10");
    CHECK_STR(lm_human_clock(out, -3), "0:00");
}

static const struct tap_test tests[] = {TAP_ROW(numbers_read_well) TAP_ROW(times_read_well)};

LM_TEST_FILE(tests)
