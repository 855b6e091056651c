#include "store/hold.h"

#include "store_fixture.h"

static void test_hold(struct tap *tap)
{
    struct fixture f;
    struct lm_lock one, two, own;
    struct stat st;
    setup(&f);
    const char *file = lm_path_join(f.arena, f.path, "locks/store");
    REQUIRE(lm_store_share(f.store, &one, NULL) == LM_OK);
    CHECK_INT(lm_store_share(f.store, &two, NULL), LM_OK);
    CHECK_INT(lm_store_own(f.store, &own, &f.err), LM_IO);
    CHECK(strstr(f.err.text, "a run or another command") != NULL);
    lm_lock_release(&one, NULL);
    CHECK_INT(lm_store_own(f.store, &own, NULL), LM_IO);
    lm_lock_release(&two, NULL);
    REQUIRE(lm_store_own(f.store, &own, NULL) == LM_OK);
    CHECK_INT(lm_store_own(f.store, &two, NULL), LM_IO);
    CHECK(stat(file, &st) == 0 && st.st_size > 0); /* whose it is, for people */
    lm_store_disown(&own);
    CHECK(stat(file, &st) == 0 && st.st_size == 0);
    CHECK_INT(lm_store_share(f.store, &one, NULL), LM_OK);
    lm_lock_release(&one, NULL);
    lm_store_disown(&own); /* free already */
    teardown(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_hold)};
LM_TEST_FILE(tests)
