#include "tap.h"

#include "base/buf.h"
#include "param/param_rows.h"
#include "unit/pipeline/fakes.h"

/** Two sources, one of them with mirrors. */
static struct fake_fetch sample(struct fake_source sources[2], const char *mirrors[2])
{
    struct fake_fetch fetch;
    lm_params_defaults(&fetch, fake_fetch_rows);
    for (size_t i = 0; i < 2; i++)
        lm_params_defaults(&sources[i], fake_source_rows);
    sources[0].name = "one \"quoted\"\n\xc3\xa9";
    sources[1].name = "two";
    sources[1].sha256 = "ab";
    sources[1].allow_unpinned = true;
    mirrors[0] = "https://a";
    mirrors[1] = "file:///b";
    sources[1].mirrors = (struct lm_list){mirrors, 2};
    fetch.sources = (struct lm_list){sources, 2};
    fetch.patience = 0.1;
    return fetch;
}

static void visit(void *user, const struct lm_param_leaf *leaf)
{
    struct lm_buf *out = user;
    lm_buf_printf(out, "%s %s%s%s ", leaf->name, lm_param_type_name(leaf->type),
                  leaf->hidden ? " hidden" : "", leaf->item ? " item" : "");
    lm_param_print(out, leaf->type, leaf->value);
    lm_buf_putc(out, '\n');
}

static void test_walk(struct tap *tap)
{
    struct fake_source sources[2];
    const char *mirrors[2];
    struct fake_fetch fetch = sample(sources, mirrors);
    struct lm_buf out;
    lm_buf_init(&out, 0);
    sources[0].name = "one";
    lm_params_walk(fake_fetch_rows, &fetch, visit, &out);
    CHECK_STR(
        out.data,
        "sources list 2\nsources.0.name str one\nsources.0.url url unset\nsources.0.path path "
        "unset\n"
        "sources.0.mirrors list 0\nsources.0.sha256 str unset\nsources.0.license str unknown\n"
        "sources.0.allow_unpinned bool false\nsources.1.name str two\nsources.1.url url hidden "
        "unset\n"
        "sources.1.path path hidden unset\nsources.1.mirrors list hidden 2\n"
        "sources.1.mirrors.0 url hidden item https://a\nsources.1.mirrors.1 url hidden item "
        "file:///b\n"
        "sources.1.sha256 str ab\nsources.1.license str unknown\nsources.1.allow_unpinned bool "
        "true\n"
        "patience duration hidden 0.1s\n");
    lm_buf_release(&out);
}

/** What stands in a record or list that is not in the key is not in it either. */
static void test_hidden_inside(struct tap *tap)
{
    struct outer {
        struct fake_split split;
        struct lm_list more; /* struct fake_split */
    };
    static const struct lm_param rows[] = {
        {LM_FIELD(struct outer, split), .type = LM_P_RECORD, .flags = LM_PARAM_NOT_IN_KEY,
         .fields = fake_split_rows, .fields_size = sizeof(struct fake_split), .help = "x"},
        {LM_FIELD(struct outer, more), .type = LM_P_LIST, .item = LM_P_RECORD,
         .flags = LM_PARAM_NOT_IN_KEY, .fields = fake_split_rows,
         .fields_size = sizeof(struct fake_split), .help = "x"},
        {0}};
    struct fake_split one = {.by = "hash", .valid = 0.5};
    struct outer outer = {.split = one, .more = {&one, 1}};
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_params_walk(rows, &outer, visit, &out);
    CHECK_STR(out.data, "split.by enum hidden hash\nsplit.valid float hidden 0.5\n"
                        "more list hidden 1\nmore.0.by enum hidden hash\n"
                        "more.0.valid float hidden 0.5\n");
    lm_buf_release(&out);
}

static void write_json(struct lm_buf *out, const struct lm_param *rows, const void *params)
{
    struct lm_json_writer writer;
    lm_buf_init(out, 0);
    lm_json_begin(&writer, out, false);
    lm_params_write_json(rows, params, &writer);
}

static void test_json_both_ways(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct fake_source sources[2];
    const char *mirrors[2];
    struct fake_fetch fetch = sample(sources, mirrors), back;
    struct lm_json *json = NULL;
    struct lm_buf first, second;
    write_json(&first, fake_fetch_rows, &fetch);
    REQUIRE(lm_json_parse(&json, first.data, first.size, NULL) == LM_OK);
    CHECK_INT(lm_params_read_json(&back, fake_fetch_rows, json, arena, NULL), LM_OK);
    lm_json_free(json);
    write_json(&second, fake_fetch_rows, &back);
    CHECK_STR(second.data, first.data);
    CHECK_INT(back.sources.count, 2);
    CHECK_STR(((const struct fake_source *)back.sources.items)[0].name, "one \"quoted\"\n\xc3\xa9");
    CHECK(((const struct fake_source *)back.sources.items)[0].url == NULL);
    lm_buf_release(&first);
    lm_buf_release(&second);
    lm_arena_free(arena);
}

/** Every double and every int64 survives. */
static void test_json_is_lossless(struct tap *tap)
{
    static const double reals[] = {0.1, 1e-300, 5e-324, 1.7976931348623157e308, 1.0 / 3, 6e-4};
    static const int64_t wholes[] = {INT64_MAX, INT64_MIN + 1, 0, INT64_C(9007199254740993),
                                     LM_UNSET_INT};
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        struct fake_train in = {.lr = reals[i],
                                .min_lr = LM_UNSET_FLOAT,
                                .steps = wholes[i % 5],
                                .schedule = "x"},
                          out;
        struct lm_json *json = NULL;
        struct lm_buf text;
        write_json(&text, fake_train_rows, &in);
        REQUIRE(lm_json_parse(&json, text.data, text.size, NULL) == LM_OK);
        CHECK_INT(lm_params_read_json(&out, fake_train_rows, json, arena, NULL), LM_OK);
        CHECK(memcmp(&out.lr, &in.lr, sizeof out.lr) == 0);
        CHECK(lm_is_unset(out.min_lr));
        CHECK_INT(out.steps, in.steps);
        lm_json_free(json);
        lm_buf_release(&text);
    }
    lm_arena_free(arena);
}

static void test_json_wrong(struct tap *tap)
{
    static const char *const bad[] = {
        "{}", "{\"vocab_size\":\"7\"}", "{\"vocab_size\":true}", "{\"vocab_size\":[7]}", "[]",
    };
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fake_encode out;
        struct lm_json *json = NULL;
        struct lm_err err;
        REQUIRE(lm_json_parse(&json, bad[i], strlen(bad[i]), NULL) == LM_OK);
        CHECK_INT(lm_params_read_json(&out, fake_encode_rows, json, arena, &err), LM_FORMAT);
        lm_json_free(json);
    }
    lm_arena_free(arena);
}

static void test_defaults(struct tap *tap)
{
    struct fake_train train;
    struct fake_clean clean;
    lm_params_defaults(&train, fake_train_rows);
    lm_params_defaults(&clean, fake_clean_rows);
    CHECK_INT(train.steps, 100);
    CHECK_INT(train.warmup, LM_UNSET_INT);
    CHECK_STR(train.schedule, "cosine");
    CHECK_NEAR(clean.split.valid, 0.05, 0);
    CHECK(clean.dedup && clean.rules.count == 0);
    CHECK(lm_param_is_default(&fake_train_rows[0], &train.steps));
    CHECK(lm_param_is_unset(LM_P_INT, &train.warmup));
    train.steps = 99;
    CHECK(!lm_param_is_default(&fake_train_rows[0], &train.steps));
}

static void visit_names(void *user, const struct lm_param_leaf *leaf)
{
    struct lm_buf *out = user;
    lm_buf_printf(out, "%s=%s ", leaf->name, leaf->key);
}

/** A renamed row keeps its name in keys, alone and in records and lists. */
static void test_key_names(struct tap *tap)
{
    struct inner {
        double share;
    };

    struct outer {
        struct inner one;
        struct lm_list many;
    };

    static const struct lm_param inner_rows[] = {
        {LM_FIELD(struct inner, share), .key = "part", .type = LM_P_FLOAT}, {0}};
    static const struct lm_param outer_rows[] = {
        {LM_FIELD(struct outer, one), .key = "single", .type = LM_P_RECORD, .fields = inner_rows},
        {LM_FIELD(struct outer, many), .type = LM_P_LIST, .item = LM_P_RECORD, .fields = inner_rows,
         .fields_size = sizeof(struct inner)},
        {0},
    };
    struct inner items[2] = {{1}, {2}};
    struct outer outer = {.many = {items, 2}};
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_params_walk(outer_rows, &outer, visit_names, &out);
    CHECK_STR(out.data, "one.share=single.part many=many many.0.share=many.0.part "
                        "many.1.share=many.1.part ");
    lm_buf_release(&out);
}

static const struct tap_test tests[] = {TAP_ROW(test_walk) TAP_ROW(test_key_names) TAP_ROW(
    test_hidden_inside) TAP_ROW(test_json_both_ways) TAP_ROW(test_json_is_lossless)
                                            TAP_ROW(test_json_wrong) TAP_ROW(test_defaults)};
LM_TEST_FILE(tests)
