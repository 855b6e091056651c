#include "base/clock.h"

#include <time.h>

#include "tap.h"

static void test_clocks(struct tap *tap)
{
    uint64_t a = lm_clock_monotonic_ns(), b = lm_clock_monotonic_ns();
    CHECK(b >= a);
    nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
    CHECK(lm_clock_monotonic_ns() - a >= 3000000);
    uint64_t seconds = lm_clock_unix_ns() / 1000000000u, now = (uint64_t)time(NULL);
    CHECK(seconds + 2 >= now && seconds <= now + 2);
}

static void test_format(struct tap *tap)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},          {951782400, "2000-02-29T00:00:00Z"},
        {1795459500, "2026-11-23T18:45:00Z"}, {2147483648, "2038-01-19T03:14:08Z"},
        {-1, "1969-12-31T23:59:59Z"},         {INT64_MAX, "?"},
    };

    char text[32];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_STR(lm_clock_format(text, rows[i].seconds), rows[i].text);
}

static const struct tap_test tests[] = {TAP_ROW(test_clocks) TAP_ROW(test_format)};
LM_TEST_FILE(tests)
