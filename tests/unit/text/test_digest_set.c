#include "text/digest_set.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "tap.h"

enum { MANY = 20000 };

static void hold(struct tap *tap, struct lm_digest_set set)
{
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < MANY; i++) {
            struct lm_digest digest;
            bool is_new = pass != 0;
            uint32_t mark = pass == 0 ? (uint32_t)i : 7;
            lm_sha256_bytes(&digest, &i, sizeof i);
            REQUIRE(lm_digest_set_add(&set, &digest, &mark, &is_new, NULL) == LM_OK);
            CHECK(is_new == (pass == 0));
            CHECK_INT(mark, i); /* of the first one */
        }
    CHECK_INT(set.count, MANY);
    CHECK(set.is_mapped == (set.folder != NULL));
    lm_digest_set_release(&set);
}

static void holds_what_was_added(struct tap *tap)
{
    hold(tap, (struct lm_digest_set){0});
}

static void files_hold_the_same(struct tap *tap)
{
    hold(tap, (struct lm_digest_set){.folder = "/tmp", .most = 100000});
}

/* A limit on the size of files stands for a full disk: what was added stays, and goes on to be met.
 */
static void full_disks_are_errors(struct tap *tap)
{
    struct lm_digest_set set = {.folder = "/tmp", .most = 100000};
    struct rlimit old, small = {.rlim_cur = 200000};
    struct lm_err err = {.text = ""};
    struct lm_digest digest;
    enum lm_status status = LM_OK;
    bool is_new = true;
    uint32_t mark = 0;
    size_t added = 0;
    REQUIRE(getrlimit(RLIMIT_FSIZE, &old) == 0);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    for (; status == LM_OK && added < MANY; added += status == LM_OK) {
        lm_sha256_bytes(&digest, &added, sizeof added);
        status = lm_digest_set_add(&set, &digest, &mark, &is_new, &err);
    }
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    CHECK_INT(status, LM_IO);
    CHECK(strstr(err.text, "/tmp") != NULL);
    CHECK(added < MANY && set.count == added);
    for (size_t i = 0; i < added; i++) {
        lm_sha256_bytes(&digest, &i, sizeof i);
        REQUIRE(lm_digest_set_add(&set, &digest, &mark, &is_new, NULL) == LM_OK);
        CHECK(!is_new);
    }
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
        digest.bytes[15] = (uint8_t)i;
        REQUIRE(lm_digest_set_add(&set, &digest, &mark, &is_new, NULL) == LM_OK);
        CHECK(is_new);
    }
    lm_digest_set_release(&set);
}

static const struct tap_test tests[] = {TAP_ROW(holds_what_was_added) TAP_ROW(
    files_hold_the_same) TAP_ROW(full_disks_are_errors) TAP_ROW(near_misses_differ)};

LM_TEST_FILE(tests)
