#include "store/record.h"

#include <math.h>

#include <lmpipe/rng.h>

#include "comma_locale.h"
#include "tap.h"

#define KEY_TEXT "lmpipe-key 1\nstage make 1\nparam word str \"file x\"\ncheck xxh3:0\n"

static struct lm_record sample(struct lm_arena *arena)
{
    struct lm_record record = {.key_text = KEY_TEXT,
                               .headline = "two\nlines\x1b[2J",
                               .host = "host",
                               .seconds = 1.5,
                               .finished = 1700000000,
                               .output_count = 2,
                               .metric_count = 3};
    record.outputs = LM_NEW_ARRAY(arena, struct lm_output, 2);
    record.metrics = LM_NEW_ARRAY(arena, struct lm_metric, 3);
    record.outputs[0] = (struct lm_output){.port = "text", .folder = true, .file_count = 2};
    record.outputs[0].files = LM_NEW_ARRAY(arena, struct lm_output_file, 2);
    record.outputs[1] = (struct lm_output){.port = "card", .file_count = 1};
    record.outputs[1].files = LM_NEW_ARRAY(arena, struct lm_output_file, 1);
    struct lm_output_file *files[] = {&record.outputs[0].files[0], &record.outputs[0].files[1],
                                      &record.outputs[1].files[0]};
    const char *const names[] = {"sub/words and more", "data.mdb", NULL};
    for (size_t i = 0; i < 3; i++) {
        char hex[LM_DIGEST_HEX];
        lm_sha256_bytes(&files[i]->object, &i, sizeof i);
        lm_digest_hex(hex, &files[i]->object);
        files[i]->name = names[i];
        files[i]->size = 10 + i;
        files[i]->logical = lm_arena_printf(arena, "%s:%s", i == 1 ? "lmdb" : "sha256", hex);
    }
    struct lm_source_digest *sources = LM_NEW_ARRAY(arena, struct lm_source_digest, 1);
    sources[0] = (struct lm_source_digest){"sources.0.url", record.outputs[0].files[0].object};
    record.sources = sources;
    record.source_count = 1;
    record.metrics[0] = (struct lm_metric){"valid.bpb", 0.1};
    record.metrics[1] = (struct lm_metric){"valid.ppl", (double)INFINITY};
    record.metrics[2] = (struct lm_metric){"odd", (double)NAN};
    lm_sha256_bytes(&record.key, KEY_TEXT, strlen(KEY_TEXT));
    return record;
}

static void test_round_trip(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_record record = sample(arena), back = {0};
    struct lm_buf text, again;
    lm_buf_init(&text, 0);
    lm_buf_init(&again, 0);
    REQUIRE(lm_record_seal(&record, arena, NULL) == LM_OK);
    CHECK_STR(record.outputs[0].files[0].name, "data.mdb"); /* sorted */
    CHECK(strncmp(record.outputs[0].manifest, "lmdb:", 5) == 0);
    CHECK(strstr(record.outputs[0].manifest, "  sub/words and more\n") != NULL);
    CHECK_STR(record.outputs[1].digest, record.outputs[1].files[0].logical);
    lm_record_write(&text, &record);
    REQUIRE(lm_record_read(&back, arena, text.data, text.size, NULL) == LM_OK);
    CHECK_STR(back.key_text, KEY_TEXT);
    CHECK_STR(back.headline, "two lines [2J");
    CHECK_STR(lm_record_output(&back, "text")->digest, record.outputs[0].digest);
    CHECK_STR(lm_record_output(&back, "text")->manifest, record.outputs[0].manifest);
    CHECK(lm_record_output(&back, "none") == NULL);
    CHECK(lm_record_metric(&back, "valid.bpb") == 0.1);
    CHECK(isinf(lm_record_metric(&back, "valid.ppl")));
    CHECK(isnan(lm_record_metric(&back, "odd")) && isnan(lm_record_metric(&back, "none")));
    CHECK_INT(back.finished, 1700000000);
    REQUIRE(back.source_count == 1);
    CHECK_STR(back.sources[0].param, "sources.0.url");
    CHECK(lm_digest_compare(&back.sources[0].digest, &record.sources[0].digest) == 0);
    lm_record_write(&again, &back);
    CHECK(again.size == text.size && memcmp(again.data, text.data, text.size) == 0);
    lm_buf_release(&text);
    lm_buf_release(&again);
    lm_arena_free(arena);
}

/** A host of the library that has a decimal comma neither writes nor takes records for damaged. */
static void test_comma(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_record record = sample(arena), back = {0};
    struct lm_buf text, comma;
    lm_buf_init(&text, 0);
    lm_buf_init(&comma, 0);
    REQUIRE(lm_record_seal(&record, arena, NULL) == LM_OK);
    lm_record_write(&text, &record);
    if (!comma_begin(","))
        printf("# no locale with a decimal comma could be made here\n");
    lm_record_write(&comma, &record);
    enum lm_status status = lm_record_read(&back, arena, text.data, text.size, NULL);
    comma_end();
    CHECK(status == LM_OK && lm_record_metric(&back, "valid.bpb") == 0.1);
    CHECK(back.seconds == 1.5);
    CHECK(comma.size == text.size && memcmp(comma.data, text.data, text.size) == 0);
    lm_buf_release(&text);
    lm_buf_release(&comma);
    lm_arena_free(arena);
}

/** The manifest is what sha256sum would print. */
static void test_manifest(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_output_file file = {.name = "empty",
                                  .logical = "sha256:e3b0c44298fc1c149afbf4c8996f"
                                             "b92427ae41e4649b934ca495991b7852b855"};
    struct lm_output output = {.port = "p", .folder = true, .files = &file, .file_count = 1};
    struct lm_record record = {.outputs = &output, .output_count = 1};
    REQUIRE(lm_record_seal(&record, arena, NULL) == LM_OK);
    CHECK_STR(output.manifest,
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  empty\n");
    /* printf 'e3b0…b855  empty\n' | sha256sum */
    CHECK_STR(output.digest, "sha256:"
                             "a9e456cbcd4f490b6f3353ce720a3f4f9bb381b27fc060d3aee4e70ee7b37f3d");
    lm_arena_free(arena);
}

/** One random edit of a text: a flipped bit, a cut, an insertion, a deletion, a doubled part. */
static size_t edit(char *text, size_t size, struct lm_rng rng, uint64_t i)
{
    size_t at = (size_t)lm_rng_below(rng, i, 1, size);
    size_t length = 1 + (size_t)lm_rng_below(rng, i, 2, 40);
    length = length > size - at ? size - at : length;
    switch (lm_rng_below(rng, i, 0, 5)) {
    case 0:
        text[at] = (char)(text[at] ^ (char)(1u << lm_rng_below(rng, i, 3, 7)));
        return size;
    case 1:
        return at;
    case 2:
        memmove(text + at + 1, text + at, size - at);
        text[at] = (char)lm_rng_below(rng, i, 3, 256);
        return size + 1;
    case 3:
        memmove(text + at, text + at + length, size - at - length);
        return size - length;
    default:
        memmove(text + at + length, text + at, size - at);
        return size + length;
    }
}

/** 2,000 damages: every one is seen; the parser survives those that carry a right checksum. */
static void test_damage(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_rng rng = lm_rng_stream(3, "damage");
    struct lm_record record = sample(arena), back;
    struct lm_buf text;
    size_t unchanged = 0;
    lm_buf_init(&text, 0);
    REQUIRE(lm_record_seal(&record, arena, NULL) == LM_OK);
    lm_record_write(&text, &record);
    for (uint64_t i = 0; i < 2000; i++) {
        struct lm_arena_mark mark = lm_arena_mark(arena);
        char *copy = lm_arena_alloc(arena, text.size + 64);
        memcpy(copy, text.data, text.size);
        size_t size = edit(copy, text.size, rng, i);
        bool same = size == text.size && memcmp(copy, text.data, size) == 0;
        unchanged += same;
        CHECK(lm_record_read(&back, arena, copy, size, NULL) == (same ? LM_OK : LM_FORMAT));
        lm_arena_rewind(arena, mark);
    }
    CHECK(unchanged < 100);
    lm_buf_release(&text);
    lm_arena_free(arena);
}

/** The same with the checksum made right: the reader must refuse or read, never fall. */
static void test_hostile(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_rng rng = lm_rng_stream(4, "hostile");
    struct lm_record record = sample(arena), back;
    struct lm_buf text;
    size_t line = strlen("check xxh3:") + 17, refused = 0;
    lm_buf_init(&text, 0);
    REQUIRE(lm_record_seal(&record, arena, NULL) == LM_OK);
    lm_record_write(&text, &record);
    for (uint64_t i = 0; i < 4000; i++) {
        struct lm_arena_mark mark = lm_arena_mark(arena);
        char *copy = lm_arena_alloc(arena, text.size + 128);
        memcpy(copy, text.data, text.size - line);
        size_t size = edit(copy, text.size - line, rng, i);
        size += (size_t)snprintf(copy + size, 64, "check xxh3:%016llx\n",
                                 (unsigned long long)lm_hash64(copy, size, 0));
        refused += lm_record_read(&back, arena, copy, size, NULL) != LM_OK;
        lm_arena_rewind(arena, mark);
    }
    CHECK(refused > 1000);
    lm_buf_release(&text);
    lm_arena_free(arena);
}

static void test_names(struct tap *tap)
{
    static const char *const fine[] = {"a", "a/b", "...", "a b", "ü/…", ".hidden", NULL};
    static const char *const bad[] = {"",       "/a",  "a/",  "a//b", ".",        "..",
                                      "a/../b", "a\n", "./a", "\x7f", "\xff\xfe", NULL};
    for (size_t i = 0; fine[i] != NULL; i++)
        CHECK(lm_output_name_is_fine(fine[i]));
    for (size_t i = 0; bad[i] != NULL; i++)
        CHECK(!lm_output_name_is_fine(bad[i]));
}

static const struct tap_test tests[] = {TAP_ROW(test_round_trip) TAP_ROW(test_comma) TAP_ROW(
    test_manifest) TAP_ROW(test_damage) TAP_ROW(test_hostile) TAP_ROW(test_names)};
LM_TEST_FILE(tests)
