#include "width.h"

#include "tap.h"

static void widths_follow_annex_11(struct tap *tap)
{
    CHECK_INT(lm_text_width("loss 2.841"), 10);
    CHECK_INT(lm_text_width("红楼梦"), 6);
    CHECK_INT(lm_text_width("▇▅▄▃"), 4);
    CHECK_INT(lm_text_width("e\xcc\x81"), 1);
    CHECK_INT(lm_text_width("\xff\xfe"), 2);
    CHECK_INT(lm_text_width("한글"), 4);
    CHECK_INT(lm_text_width(""), 0);
}

static void prefix_never_cuts_a_character(struct tap *tap)
{
    CHECK_INT(lm_text_fit("红楼梦", 5), 6);
    CHECK_INT(lm_text_fit("红楼梦", 6), 9);
    CHECK_INT(lm_text_fit("abc", 2), 2);
    CHECK_INT(lm_text_fit("e\xcc\x81x", 1), 3);
    CHECK_INT(lm_text_fit("abc", 0), 0);
}

static const struct tap_test tests[] = {TAP_ROW(widths_follow_annex_11)
                                            TAP_ROW(prefix_never_cuts_a_character)};

LM_TEST_FILE(tests)
