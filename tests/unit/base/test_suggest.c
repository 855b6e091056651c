#include "base/suggest.h"

#include <stdint.h>

#include "tap.h"

/* Wagner & Fischer's textbook pair, and swaps as Damerau (1964) counts them. */
static void distance_counts_edits(struct tap *tap)
{
    CHECK_INT(lm_edit_distance("kitten", "sitting"), 3);
    CHECK_INT(lm_edit_distance("", "abc"), 3);
    CHECK_INT(lm_edit_distance("abc", "abc"), 0);
    CHECK_INT(lm_edit_distance("recieve", "receive"), 1);
    CHECK_INT(lm_edit_distance("CA", "abc"), 3);
    CHECK_INT(lm_edit_distance("Steps", "steps"), 0);
}

static void long_names_are_far(struct tap *tap)
{
    char name[80];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CHECK(lm_edit_distance(name, name) == SIZE_MAX);
    name[63] = '\0';
    CHECK_INT(lm_edit_distance(name, name), 0);
}

static void nearest_name_is_meant(struct tap *tap)
{
    static const char *const names[] = {"run", "plan", "publish", NULL, "graph", "warmup_steps"};
    CHECK_STR(lm_suggest("plam", names, 6), "plan");
    CHECK_STR(lm_suggest("pubish", names, 6), "publish");
    CHECK_STR(lm_suggest("warmup", names, 6), "warmup_steps");
    CHECK_STR(lm_suggest("rnu", names, 6), "run");
    CHECK(lm_suggest("zzz", names, 6) == NULL);
    CHECK(lm_suggest("x", names, 6) == NULL);
    CHECK(lm_suggest("", names, 6) == NULL);
    CHECK(lm_suggest("plan", names, 0) == NULL);
}

static const struct tap_test tests[] = {TAP_ROW(distance_counts_edits) TAP_ROW(long_names_are_far)
                                            TAP_ROW(nearest_name_is_meant)};

LM_TEST_FILE(tests)
