#include "stages/evaluate/strided_window.h"
#include "tap.h"

enum { MOST = 90 };

/* Every token fresh in exactly one window, in order, with the context the stride promises. */
static void check_plan(struct tap *tap, uint64_t count, uint64_t context, uint64_t stride)
{
    uint64_t next = 0, windows = strided_window_count(count, context, stride);
    for (uint64_t w = 0; w < windows; w++) {
        struct strided_window window = strided_window_at(w, count, context, stride);
        CHECK_INT(window.fresh, next);
        CHECK(window.end > window.fresh && window.end - window.first <= context);
        CHECK(w == 0 || window.fresh - window.first == context - stride);
        next = window.end;
    }
    CHECK_INT(next, count);
}

static void covers_every_token_once(struct tap *tap)
{
    for (uint64_t count = 0; count < MOST; count++) {
        for (uint64_t context = 1; context < 17; context++) {
            for (uint64_t stride = 1; stride <= context; stride++)
                check_plan(tap, count, context, stride);
        }
    }
}

static void short_text_is_one_window(struct tap *tap)
{
    CHECK_INT(strided_window_count(0, 8, 4), 0);
    CHECK_INT(strided_window_count(8, 8, 4), 1);
    CHECK_INT(strided_window_count(9, 8, 4), 2);
    CHECK_INT(strided_window_count(12, 8, 4), 2);
    CHECK_INT(strided_window_count(13, 8, 4), 3);
}

static const struct tap_test tests[] = {TAP_ROW(covers_every_token_once)
                                            TAP_ROW(short_text_is_one_window)};
LM_TEST_FILE(tests)
