#include "tap.h"

#include "base/json.h"
#include "unit/pipeline/fakes.h"

/* That specs satisfy the schema and bad ones do not is shown by tests/cli/schema.t. */
static struct lm_json *schema(struct tap *tap)
{
    char *data = NULL;
    size_t size = 0;
    struct lm_json *json = NULL;
    FILE *file = open_memstream(&data, &size);
    lm_schema_print(fake_types, file);
    fclose(file);
    CHECK(lm_json_parse(&json, data, size, NULL) == LM_OK);
    free(data);
    return json;
}

static const struct lm_json *path(const struct lm_json *json, const char *keys)
{
    char key[64];
    while (json != NULL && *keys != '\0') {
        size_t length = strcspn(keys, "/");
        snprintf(key, sizeof key, "%.*s", (int)length, keys);
        json =
            lm_json_is_array(json) ? lm_json_at(json, (size_t)atol(key)) : lm_json_get(json, key);
        keys += length + (keys[length] == '/');
    }
    return json;
}

static void test_schema(struct tap *tap)
{
    struct lm_json *json = schema(tap);
    REQUIRE(json != NULL);
    CHECK_STR(lm_json_string(lm_json_get(json, "$schema"), NULL),
              "https://json-schema.org/draft/2020-12/schema");
    const struct lm_json *train = path(json, "$defs/stage/allOf/3");
    CHECK_STR(lm_json_string(path(train, "if/properties/uses/const"), NULL), "train");
    const struct lm_json *with = path(train, "then/properties/with/properties");
    CHECK_NEAR(lm_json_double(path(with, "lr/anyOf/0/exclusiveMinimum"), -1), 0, 0);
    CHECK_NEAR(lm_json_double(path(with, "lr/anyOf/0/maximum"), -1), 1, 0);
    CHECK_STR(lm_json_string(path(with, "schedule/anyOf/0/enum/1"), NULL), "linear");
    CHECK_STR(lm_json_string(path(with, "steps/description"), NULL), "updates");
    CHECK(path(with, "numerics") != NULL);
    CHECK(path(json, "$defs/stage/allOf/0/then/properties/with/properties/numerics") == NULL);
    CHECK_STR(lm_json_string(path(json, "$defs/stage/allOf/0/then/properties/with/properties/"
                                        "sources/anyOf/0/items/required/0"),
                             NULL),
              "name");
    CHECK_INT(lm_json_count(path(json, "$defs/stage/properties/uses/enum")), 6);
    lm_json_free(json);
}

/** A printing function's text; the caller frees it. */
static char *page(const char *type, bool json, bool markdown)
{
    char *data = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&data, &size);
    if (markdown)
        lm_stages_print_markdown(&fake_stage_train, file);
    else
        lm_stages_print(fake_types, type, json, file);
    fclose(file);
    return data;
}

static void test_stages(struct tap *tap)
{
    char *text = page(NULL, false, false);
    CHECK(strncmp(text, "download   Fetches files\n", 25) == 0);
    free(text);
    text = page("train", false, false);
    CHECK(strstr(text, "\n  lr                       float, default 0.0006, in (0, 1]\n") != NULL);
    CHECK(strstr(text, "peak learning rate; Brown et al. 2020, table 2.1\n") != NULL);
    CHECK(strstr(text, "\n  warmup                   int, default derived\n") != NULL);
    free(text);
    text = page("download", false, false);
    CHECK(strstr(text, "\n  sources.N.name           str, required\n") != NULL);
    free(text);
    text = page(NULL, true, false);
    struct lm_json *json = NULL;
    REQUIRE(lm_json_parse(&json, text, strlen(text), NULL) == LM_OK);
    CHECK_INT(lm_json_count(json), 6);
    CHECK_STR(lm_json_string(path(json, "3/params/2/range"), NULL), "(0, 1]");
    CHECK_STR(lm_json_string(path(json, "0/params/0/fields/4/name"), NULL), "sha256");
    lm_json_free(json);
    free(text);
}

static void test_markdown(struct tap *tap)
{
    char *text = page(NULL, false, true);
    CHECK(strncmp(text, "# `train`\n", 10) == 0);
    CHECK(strstr(text, "\n| `schedule` | enum | cosine | cosine \\| linear \\| constant | shape of "
                       "the learning rate |\n") != NULL);
    CHECK(strstr(text, "\n| `cache` | size | 1M |  | read-ahead; not in the key |\n") != NULL);
    CHECK(strstr(text, "\n| `init` | model | model to start from; a folder; optional |\n") != NULL);
    free(text);
}

static const struct tap_test tests[] = {TAP_ROW(test_schema) TAP_ROW(test_stages)
                                            TAP_ROW(test_markdown)};
LM_TEST_FILE(tests)
