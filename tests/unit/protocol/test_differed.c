#include "protocol/differed.h"

#include <stdlib.h>

#include "tests/tap.h"

static void test_round_trip(struct tap *tap)
{
    static const struct lm_differed told = {"line 2, \"odd\"\nmember", "", "gr\xc3\xbc\xc3\x9f \\"};
    struct lm_differed got = {NULL};
    struct lm_arena *arena = lm_arena_create();
    char *text = NULL;
    size_t size = 0;
    FILE *events = open_memstream(&text, &size);
    CHECK_INT(lm_differed_write(events, &told, NULL), LM_OK);
    fclose(events);
    CHECK(size > 0 && memchr(text, '\n', size) == text + size - 1);
    REQUIRE(lm_differed_read(&got, arena, text, size, NULL) == LM_OK);
    CHECK_STR(got.place, told.place);
    CHECK_STR(got.stored, "");
    CHECK_STR(got.now, told.now);
    free(text);
    lm_arena_free(arena);
}

static void test_refused(struct tap *tap)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{\"event\":\"differed\",\"place\":\"x\",\"stored\":\"y\"}",
        "{\"event\":\"result\",\"place\":\"x\",\"stored\":\"y\",\"now\":\"z\"}",
        "{\"event\":\"differed\",\"place\":1,\"stored\":\"y\",\"now\":\"z\"}"};
    struct lm_differed got = {NULL};
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_INT(lm_differed_read(&got, arena, bad[i], strlen(bad[i]), NULL), LM_FORMAT);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_round_trip) TAP_ROW(test_refused)};
LM_TEST_FILE(tests)
