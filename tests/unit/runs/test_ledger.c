#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "runs/ledger.h"
#include "tap.h"

#define TOP "test_ledger.tmp"
#define FILE_PATH TOP "/lines"

static bool append(const char *const *texts, size_t count)
{
    struct lm_buf lines;
    lm_buf_init(&lines, 0);
    for (size_t i = 0; i < count; i++)
        lm_ledger_put(&lines, texts[i], strlen(texts[i]));
    bool done =
        lm_dir_create(TOP, NULL) == LM_OK && lm_ledger_append(FILE_PATH, &lines, NULL) == LM_OK;
    lm_buf_release(&lines);
    return done;
}

/** All texts, each ended by '|'; those passed over to *damaged. */
static const char *read_all(struct lm_arena *arena, size_t *damaged)
{
    struct lm_ledger ledger;
    char *text;
    const char *all = "";
    size_t size;
    if (lm_ledger_open(&ledger, arena, FILE_PATH, NULL) != LM_OK)
        return "failed";
    while (lm_ledger_next(&ledger, &text, &size))
        all = lm_arena_printf(arena, "%s%s|", all, strlen(text) == size ? text : "size?");
    *damaged = ledger.damaged;
    return all;
}

/** Changes one byte, or cuts the file there (c 0). */
static bool damage(long at, char c)
{
    FILE *file = fopen(FILE_PATH, "r+b");
    if (file == NULL)
        return false;
    bool done = c == '\0' ? ftruncate(fileno(file), at) == 0
                          : fseek(file, at, SEEK_SET) == 0 && fputc(c, file) == c;
    return fclose(file) == 0 && done;
}

static void keeps_what_is_added(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    size_t damaged = 9;
    lm_dir_remove(TOP, NULL);
    CHECK_STR(read_all(arena, &damaged), ""); /* no file, no lines */
    REQUIRE(append((const char *const[]){"one", "{\"a\": 1}"}, 2));
    REQUIRE(append((const char *const[]){"three"}, 1));
    CHECK_STR(read_all(arena, &damaged), "one|{\"a\": 1}|three|");
    CHECK_INT(damaged, 0);
    CHECK(lm_dir_remove(FILE_PATH, NULL) == LM_OK && lm_dir_create(FILE_PATH, NULL) == LM_OK);
    CHECK_STR(read_all(arena, &damaged), ""); /* a folder has none, and takes none */
    CHECK(!append((const char *const[]){"four"}, 1));
    lm_arena_free(arena);
}

static void passes_over_damage(struct tap *tap)
{
    enum { LINE = 16 + 1 + 3 + 1 };

    struct lm_arena *arena = lm_arena_create();
    size_t damaged = 0;
    for (long at = 0; at < LINE - 1; at++) {
        lm_dir_remove(TOP, NULL);
        REQUIRE(append((const char *const[]){"one", "two"}, 2));
        REQUIRE(damage(at, '~'));
        CHECK_STR(read_all(arena, &damaged), "two|");
        CHECK_INT(damaged, 1);
    }
    lm_arena_free(arena);
}

static void goes_on_behind_a_torn_line(struct tap *tap)
{
    enum { LINE = 16 + 1 + 3 + 1 };

    struct lm_arena *arena = lm_arena_create();
    size_t damaged = 0;
    for (long size = LINE + 1; size < 2 * LINE - 1; size++) {
        lm_dir_remove(TOP, NULL);
        REQUIRE(append((const char *const[]){"one", "two"}, 2));
        REQUIRE(damage(size, '\0'));
        CHECK_STR(read_all(arena, &damaged), "one|");
        REQUIRE(append((const char *const[]){"three"}, 1));
        CHECK_STR(read_all(arena, &damaged), "one|three|");
        CHECK_INT(damaged, 1);
    }
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(keeps_what_is_added) TAP_ROW(passes_over_damage)
                                            TAP_ROW(goes_on_behind_a_torn_line)};
LM_TEST_FILE(tests)
