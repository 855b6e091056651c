/* What stages have cost is remembered, a row a shape, and forgotten when it is damaged. */
#include "store/costs.h"

#include "store_fixture.h"

static struct lm_cost row_of(const char *type, double width, double seconds)
{
    struct lm_cost row = {.text = {type, "v1 fp32", "host", "cpu"}};
    row.value[LM_COST_THREADS] = 2;
    row.value[LM_COST_SECONDS] = seconds;
    row.value[LM_COST_WORK] = 1e12;
    row.value[LM_COST_SHAPE] = width;
    row.value[LM_COST_SIZES + LM_SIZES_MAX - 1] = 0.1;
    return row;
}

static void save(struct tap *tap, struct fixture *f, const struct lm_cost *row)
{
    struct lm_costs added = {.arena = f->arena};
    REQUIRE(lm_costs_add(&added, row));
    CHECK_INT(lm_costs_save(&added, f->store, &f->err), LM_OK);
}

static size_t load(struct tap *tap, struct fixture *f, struct lm_costs *costs)
{
    CHECK_INT(lm_costs_load(costs, f->arena, f->store, &f->err), LM_OK);
    return costs->count;
}

static void test_remembers(struct tap *tap)
{
    struct fixture f;
    struct lm_costs costs, none = {0};
    setup(&f);
    CHECK_INT(load(tap, &f, &costs), 0);
    CHECK_INT(lm_costs_save(&none, f.store, &f.err), LM_OK);
    CHECK(!lm_path_exists(lm_path_join(f.arena, f.path, "costs")));
    struct lm_cost row = row_of("train", 64, 1.0 / 3);
    row.text[LM_COST_HOST] = "a\tname\nof two lines";
    save(tap, &f, &row);
    REQUIRE(load(tap, &f, &costs) == 1);
    CHECK_STR(costs.rows[0].text[LM_COST_TYPE], "train");
    CHECK_STR(costs.rows[0].text[LM_COST_VARIANT], "v1 fp32");
    CHECK_STR(costs.rows[0].text[LM_COST_HOST], "a name of two lines");
    CHECK(memcmp(costs.rows[0].value, row.value, sizeof row.value) == 0);
    teardown(&f);
}

/* The newest of a shape is it; another type, width or host is another. */
static void test_one_a_shape(struct tap *tap)
{
    struct fixture f;
    struct lm_costs costs;
    setup(&f);
    struct lm_cost rows[] = {row_of("train", 64, 1), row_of("train", 64.5, 2),
                             row_of("train", 128, 3), row_of("clean", 64, 4),
                             row_of("train", 64, 5)};
    rows[4].text[LM_COST_HOST] = "other";
    for (size_t i = 0; i < 5; i++)
        save(tap, &f, &rows[i]);
    REQUIRE(load(tap, &f, &costs) == 4);
    for (size_t i = 0; i < 4; i++)
        CHECK_NEAR(costs.rows[i].value[LM_COST_SECONDS], (double)i + 2, 0);
    teardown(&f);
}

static void test_keeps_the_newest(struct tap *tap)
{
    struct fixture f;
    struct lm_costs costs, many = {0};
    setup(&f);
    double work = 1;
    many.arena = f.arena;
    for (int i = 0; i < 5 * LM_COSTS_KEPT; i++) {
        struct lm_cost row = row_of("train", 64, i);
        row.value[LM_COST_WORK] = work *= 1.1;
        REQUIRE(lm_costs_add(&many, &row));
    }
    save(tap, &f, &(struct lm_cost){.text = {"bpe", "", "", ""}});
    CHECK_INT(lm_costs_save(&many, f.store, &f.err), LM_OK);
    REQUIRE(load(tap, &f, &costs) == LM_COSTS_KEPT + 1);
    CHECK_STR(costs.rows[0].text[LM_COST_TYPE], "bpe");
    CHECK_NEAR(costs.rows[1].value[LM_COST_SECONDS], 4 * LM_COSTS_KEPT, 0);
    teardown(&f);
}

/* Each byte of the file in turn: it is forgotten, and written anew by the next who has something to
 * say. So is a folder in its place. */
static void test_damage(struct tap *tap)
{
    struct fixture f;
    struct lm_costs costs;
    char *text;
    size_t size, found = 0;
    setup(&f);
    struct lm_cost row = row_of("train", 64, 1);
    save(tap, &f, &row);
    const char *path = lm_path_join(f.arena, f.path, "costs");
    REQUIRE(lm_file_read(&text, &size, f.arena, path, 1 << 20, NULL) == LM_OK);
    for (size_t i = 0; i < size; i++) {
        text[i] ^= 4;
        lm_file_write(path, text, size, NULL);
        found += load(tap, &f, &costs);
        text[i] ^= 4;
        lm_file_write(path, text, i, NULL); /* cut short */
        found += load(tap, &f, &costs);
    }
    CHECK_INT(found, 0);
    save(tap, &f, &row);
    CHECK_INT(load(tap, &f, &costs), 1);
    REQUIRE(unlink(path) == 0 && lm_dir_create(path, NULL) == LM_OK);
    CHECK_INT(load(tap, &f, &costs), 0);
    save(tap, &f, &row);
    CHECK_INT(load(tap, &f, &costs), 1);
    teardown(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_remembers) TAP_ROW(test_one_a_shape)
                                            TAP_ROW(test_keeps_the_newest) TAP_ROW(test_damage)};
LM_TEST_FILE(tests)
