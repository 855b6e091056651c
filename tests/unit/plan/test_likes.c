/* Which execution on record tells what a stage will cost. */
#include "plan/likes.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/pool.h"
#include "tap.h"
#include "unit/pipeline/fakes.h"

struct bench {
    struct fake_folder folder;
    struct lm_store *store;
    struct lm_likes *likes;
    char host[65], cpu[64];
};

static bool bench_open(struct bench *b)
{
    struct utsname system;
    memset(b, 0, sizeof *b);
    uname(&system);
    snprintf(b->host, sizeof b->host, "%s", system.nodename);
    lm_cpu_name(b->cpu);
    return fake_folder_make(&b->folder) &&
           lm_store_open(&b->store, lm_path_join(b->folder.arena, b->folder.path, "store"), NULL) ==
               LM_OK;
}

static void bench_close(struct bench *b)
{
    lm_store_close(b->store);
    fake_folder_remove(&b->folder);
}

/** Adds an execution of `train` that took `seconds`, by which it is known again. */
static bool add(struct bench *b, const char *variant, double width, double work, double seconds)
{
    struct lm_costs added = {.arena = b->folder.arena};
    struct lm_cost row = {.text = {"train", variant, b->host, b->cpu}};
    row.value[LM_COST_THREADS] = 2;
    row.value[LM_COST_SECONDS] = seconds;
    row.value[LM_COST_WORK] = work;
    row.value[LM_COST_SHAPE] = width;
    return lm_costs_add(&added, &row) && lm_costs_save(&added, b->store, NULL) == LM_OK;
}

/** Seconds of the nearest; 0: none. Negative: it is far. */
static double nearest(struct bench *b, const char *variant, double width, double work)
{
    bool far = false;
    const double shape[LM_SHAPE_MAX] = {width};
    const struct lm_like_query query = {&fake_stage_train, variant, 2, work, 0, shape};
    if (lm_likes_open(&b->likes, b->folder.arena, b->store, NULL) != LM_OK)
        return -1;
    const struct lm_cost *like = lm_likes_find(b->likes, &query, &far);
    return like == NULL ? 0 : (far ? -1 : 1) * like->value[LM_COST_SECONDS];
}

static void test_nearest(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    CHECK_NEAR(nearest(&b, "", 64, 1e12), 0, 0);
    REQUIRE(add(&b, "v3", 64, 1e12, 10) && add(&b, "v3", 256, 1e12, 20) &&
            add(&b, "v3", 64, 1e15, 30) && add(&b, "v3 bf16", 100, 1e12, 40));
    CHECK_NEAR(nearest(&b, "", 70, 2e12), 10, 0);
    CHECK_NEAR(nearest(&b, "", 200, 2e12), 20, 0);
    CHECK_NEAR(nearest(&b, "", 70, 3e15), 30, 0);
    CHECK_NEAR(nearest(&b, "bf16", 70, 2e12), 40, 0);
    CHECK_NEAR(nearest(&b, "muon", 70, 2e12), 0, 0);
    CHECK_NEAR(nearest(&b, "", 70, 0), 0, 0); /* of unknown work nothing is known */
    CHECK_NEAR(nearest(&b, "", 4096, 2e12), -20, 0);
    bench_close(&b);
}

/* A short execution tells less, one of another host less than one of this, and one of another
 * processor or version nothing. */
static void test_elsewhere(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    char host[65], cpu[64];
    memcpy(host, b.host, sizeof host);
    memcpy(cpu, b.cpu, sizeof cpu);
    strcpy(b.cpu, "another processor");
    REQUIRE(add(&b, "v3", 64, 1e12, 10) && add(&b, "v2", 64, 1e12, 11));
    memcpy(b.cpu, cpu, sizeof cpu);
    CHECK_NEAR(nearest(&b, "", 64, 1e12), 0, 0);
    strcpy(b.host, "another host");
    REQUIRE(add(&b, "v3", 64, 1e12, 12));
    CHECK_NEAR(nearest(&b, "", 64, 1e12), 12, 0);
    memcpy(b.host, host, sizeof host);
    REQUIRE(add(&b, "v3", 90, 1e12, 13));
    CHECK_NEAR(nearest(&b, "", 64, 1e12), 13, 0);
    REQUIRE(add(&b, "v3", 64, 1e10, 0.01));
    CHECK_NEAR(nearest(&b, "", 64, 1e12), 13, 0);
    bench_close(&b);
}

static void test_peak(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    nearest(&b, "", 64, 1);
    CHECK_NEAR(b.likes->peak, 0, 0);
    lm_likes_keep_peak(b.likes, b.store, 5e10);
    CHECK_NEAR(b.likes->peak, 5e10, 0);
    nearest(&b, "", 64, 1);
    CHECK_NEAR(b.likes->peak, 5e10, 0);
    bench_close(&b);
}

static const struct tap_test tests[] = {TAP_ROW(test_nearest) TAP_ROW(test_elsewhere)
                                            TAP_ROW(test_peak)};
LM_TEST_FILE(tests)
