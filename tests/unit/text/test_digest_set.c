#include "text/digest_set.h"

#include "tap.h"

static void holds_what_was_added(struct tap *tap)
{
    struct lm_digest_set set = {0};

    enum { MANY = 20000 };

    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < MANY; i++) {
            struct lm_digest digest;
            bool is_new = pass != 0;
            uint32_t mark = pass == 0 ? (uint32_t)i : 7;
            lm_sha256_bytes(&digest, &i, sizeof i);
            REQUIRE(lm_digest_set_add(&set, &digest, &mark, &is_new));
            CHECK(is_new == (pass == 0));
            CHECK_INT(mark, i); /* of the first one */
        }
    CHECK_INT(set.count, MANY);
    lm_digest_set_release(&set);
}

/* Digests that start alike land in one place of the table. */
static void near_misses_differ(struct tap *tap)
{
    struct lm_digest_set set = {0};
    struct lm_digest digest = {{0}};
    for (int i = 0; i < 256; i++) {
        bool is_new = false;
        uint32_t mark = 0;
        digest.bytes[LM_DIGEST_SIZE - 1] = (uint8_t)i;
        REQUIRE(lm_digest_set_add(&set, &digest, &mark, &is_new));
        CHECK(is_new);
    }
    lm_digest_set_release(&set);
}

static const struct tap_test tests[] = {TAP_ROW(holds_what_was_added) TAP_ROW(near_misses_differ)};

LM_TEST_MAIN(tests)
