#include "protocol/result.h"

#include <math.h>
#include <stdlib.h>

#include "tests/comma_locale.h"
#include "tests/tap.h"

/** What lm_result_write wrote, without its newline; the caller frees it. */
static char *written(struct tap *tap, const struct lm_result *result, size_t *size)
{
    char *text = NULL;
    FILE *events = open_memstream(&text, size);
    CHECK(lm_result_write(events, result, NULL) == LM_OK);
    fclose(events);
    CHECK(*size > 0 && text[*size - 1] == '\n' && memchr(text, '\n', *size) == text + *size - 1);
    --*size;
    return text;
}

static void test_success(struct tap *tap)
{
    struct lm_output_file files[] = {
        {.name = "a", .size = 3, .logical = "sha256:00", .mtime_ns = 5},
        {.name = "b/\"c\"\n", .size = UINT32_MAX + UINT64_C(7), .logical = "lmdb:01"}};
    struct lm_output_file single = {.size = 1, .logical = "sha256:02"};
    struct lm_output outputs[] = {{.port = "text", .folder = true, .files = files, .file_count = 2},
                                  {.port = "card", .files = &single, .file_count = 1}};
    struct lm_metric metrics[] = {
        {"loss", 4.0625e-3}, {"odd", (double)NAN}, {"big", (double)INFINITY}, {"less", -0.1}};
    const struct lm_source_digest sources[] = {{"sources.0.url", {{0x12}}},
                                               {"sources.10.url", {{0xfe, 0x01}}}};
    const struct lm_result result = {.outputs = outputs,
                                     .output_count = 2,
                                     .metrics = metrics,
                                     .metric_count = 4,
                                     .sources = sources,
                                     .source_count = 2,
                                     .headline = "a \"headline\""};
    struct lm_result got;
    size_t size;
    struct lm_arena *arena = lm_arena_create();
    files[1].object.bytes[0] = 0xab;
    bool comma = comma_begin(","); /* a host of the library may have one */
    char *text = written(tap, &result, &size);
    enum lm_status status = lm_result_read(&got, arena, text, size, NULL);
    if (comma)
        comma_end();
    REQUIRE(status == LM_OK && got.status == LM_OK && got.error == NULL);
    REQUIRE(got.output_count == 2 && got.metric_count == 4);
    CHECK(got.outputs[0].folder && got.outputs[0].file_count == 2);
    CHECK_STR(got.outputs[0].files[1].name, "b/\"c\"\n");
    CHECK(got.outputs[0].files[1].size == files[1].size);
    CHECK(got.outputs[0].files[1].object.bytes[0] == 0xab);
    CHECK(got.outputs[0].files[0].mtime_ns == 5);
    CHECK(!got.outputs[1].folder && got.outputs[1].files[0].name == NULL);
    CHECK_STR(got.outputs[1].files[0].logical, "sha256:02");
    CHECK(got.metrics[0].value == 4.0625e-3 && got.metrics[3].value == -0.1);
    CHECK(isnan(got.metrics[1].value) && isinf(got.metrics[2].value));
    REQUIRE(got.source_count == 2);
    CHECK_STR(got.sources[1].param, "sources.10.url");
    CHECK(memcmp(&got.sources[1].digest, &sources[1].digest, LM_DIGEST_SIZE) == 0);
    CHECK_STR(got.headline, "a \"headline\"");
    free(text);
    lm_arena_free(arena);
}

static void test_failure(struct tap *tap)
{
    const struct lm_result result = {
        .status = LM_IO, .error = "no room\x01; make some", .error_number = 28};
    struct lm_result got;
    size_t size;
    struct lm_arena *arena = lm_arena_create();
    char *text = written(tap, &result, &size);
    REQUIRE(lm_result_read(&got, arena, text, size, NULL) == LM_OK);
    CHECK(got.status != LM_OK);
    CHECK_STR(got.error, "no room\x01; make some");
    CHECK_INT(got.error_number, 28);
    free(text);
    lm_arena_free(arena);
}

/* What another version or a dying worker may have written is refused, and never half believed. */
static void test_damage(struct tap *tap)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"outputs\":[]}",
        "{\"outputs\":[{}],\"metrics\":[]}",
        "{\"outputs\":[{\"port\":\"a\",\"folder\":false,\"files\":[]}],\"metrics\":[]}",
        "{\"outputs\":[{\"port\":\"a\",\"folder\":false,\"files\":[{\"object\":\"zz\"}]}]}",
        "{\"error\":7}",
    };

    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct lm_result got;
        struct lm_err err = {LM_OK, ""};
        CHECK(lm_result_read(&got, arena, texts[i], strlen(texts[i]), &err) != LM_OK);
        CHECK(err.text[0] != '\0');
    }
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_success) TAP_ROW(test_failure)
                                            TAP_ROW(test_damage)};
LM_TEST_FILE(tests)
