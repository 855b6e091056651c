#include "tap.h"

#include "ctx.h"
#include "stages/command/command_log.h"

#define TOP "test_command_log.tmp"

extern const struct lm_stage lm_stage_encode;

/** The last words of a program that printed `count` bytes in pieces of `step`. */
static const char *words_of(struct tap *tap, struct lm_ctx *ctx, const char *text, size_t count,
                            size_t step)
{
    struct command_log log;
    CHECK_INT(command_log_init(&log, ctx, NULL), LM_OK);
    for (size_t at = 0; at < count; at += step)
        command_log_add(&log, text + at, step < count - at ? step : count - at, true);
    command_log_end(&log);
    return command_log_words(&log, lm_ctx_arena(ctx));
}

static void test_words(struct tap *tap)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", ""},
        {"\n\n", ""},
        {"one", "one"},
        {"one\ntwo\n", "two"},
        {"one\ntwo\n \t\n\n", "two"},
        {"one\r\ntwo\r\n", "two"},
        {"10 %\r20 %\rfailed", "failed"},
        {"\n\nfirst", "first"},
        {"a\tb\x1b[1m", "a b[1m"},
        {"x\xff\xfey", "x\xef\xbf\xbd\xef\xbf\xbdy"},
        {"\xe2\x80\xaegnp.exe", "gnp.exe"},
    };

    static const struct lm_job job = {.stage = &lm_stage_encode, .folder = TOP, .checkpoints = TOP};
    struct lm_ctx *ctx = NULL;
    char long_line[5000];
    REQUIRE(lm_ctx_create(&ctx, &job, NULL, -1, NULL) == LM_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t step = 1; step < 5; step++)
            CHECK_STR(words_of(tap, ctx, cases[i].text, strlen(cases[i].text), step),
                      cases[i].words);
    memset(long_line, 'a', sizeof long_line);
    const char *words = words_of(tap, ctx, long_line, sizeof long_line, 1000);
    CHECK_INT(strlen(words), 301 + strlen("…"));
    lm_ctx_free(ctx);
}

/* The log has an end, whatever is printed. */
static void test_much(struct tap *tap)
{
    static const struct lm_job job = {.stage = &lm_stage_encode, .folder = TOP, .checkpoints = TOP};
    static char chunk[100000];
    struct lm_ctx *ctx = NULL;
    struct command_log log;
    uint64_t printed = 0;
    REQUIRE(lm_ctx_create(&ctx, &job, NULL, -1, NULL) == LM_OK);
    REQUIRE(command_log_init(&log, ctx, NULL) == LM_OK);
    for (size_t i = 0; i < 400; i++, printed += sizeof chunk) {
        memset(chunk, 'a' + (int)(i % 26), sizeof chunk);
        command_log_add(&log, chunk, sizeof chunk, false);
    }
    command_log_add(&log, "the end", 7, false);
    CHECK_INT(log.written, COMMAND_LOG_HEAD);
    CHECK_INT(log.written + log.skipped, printed + 7);
    CHECK(log.end.size >= COMMAND_LOG_TAIL && log.end.size <= 2 * COMMAND_LOG_TAIL);
    CHECK(memcmp(log.end.data + log.end.size - 9, "jjthe end", 9) == 0);
    CHECK_STR(command_log_words(&log, lm_ctx_arena(ctx)), "");
    lm_ctx_free(ctx);
}

static const struct tap_test tests[] = {TAP_ROW(test_words) TAP_ROW(test_much)};
LM_TEST_FILE(tests)
