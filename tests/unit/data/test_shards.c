#include "data/shards.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lmpipe/hash.h>

#include "base/io.h"
#include "data/jsonl.h"
#include "data/zstd_stream.h"
#include "tap.h"

enum { SHARDS = 4, DOCUMENTS = 3000 };

struct place {
    struct lm_arena *arena;
    char folder[64];
};

static void begin(struct place *place)
{
    snprintf(place->folder, sizeof place->folder, "/tmp/lmpipe-test-XXXXXX");
    place->arena = lm_arena_create();
    if (place->arena == NULL || mkdtemp(place->folder) == NULL)
        abort();
}

static void end(struct place *place)
{
    lm_dir_remove(place->folder, NULL);
    lm_arena_free(place->arena);
}

static const char *path_of(struct place *place, const char *name)
{
    return lm_path_join(place->arena, place->folder, name);
}

static void put(struct place *place, const char *name, const void *data, size_t size)
{
    if (lm_file_write(path_of(place, name), data, size, NULL) != LM_OK)
        abort();
}

static enum lm_status find(struct place *place, struct lm_shards *out, struct lm_err *err)
{
    return lm_shards_find(out, place->arena, place->folder, "train", err);
}

/* Number i, long enough that shards have several blocks. */
static const char *text_of(struct place *place, size_t i)
{
    return lm_arena_printf(place->arena, "document %zu %0*d", i, (int)(i % 700), 0);
}

/* Shard 1 stays empty; odd ones are compressed. */
static void write_shards(struct tap *tap, struct place *place)
{
    struct lm_jsonl_writer *writer = NULL;
    size_t at = 0;
    for (size_t i = 0; i < SHARDS; i++) {
        const char *name = lm_shard_name(place->arena, "train", i, SHARDS, i % 2 == 1);
        REQUIRE(lm_jsonl_create(&writer, path_of(place, name), NULL) == LM_OK);
        for (; i != 1 && at < DOCUMENTS * (i + 1) / SHARDS; at++) {
            const char *text = text_of(place, at);
            REQUIRE(lm_jsonl_put(writer, text, strlen(text), NULL) == LM_OK);
        }
        REQUIRE(lm_jsonl_finish(writer, NULL) == LM_OK);
    }
}

static void check_document(struct tap *tap, struct place *place,
                           const struct lm_jsonl_document *document, size_t number)
{
    CHECK_STR((const char *)document->text, text_of(place, number));
}

static void shards_are_read_as_one(struct tap *tap)
{
    struct place place;
    struct lm_shards shards;
    begin(&place);
    write_shards(tap, &place);
    REQUIRE(find(&place, &shards, NULL) == LM_OK);
    CHECK_INT(shards.count, SHARDS);
    for (size_t bytes = 0; bytes < 200000; bytes = bytes * 7 + 3000) { /* 0: document by document */
        struct lm_jsonl_reader *reader = NULL;
        struct lm_jsonl_block block = {0};
        struct lm_jsonl_document document;
        size_t count = 0;
        bool is_end = false;
        REQUIRE(lm_jsonl_open_shards(&reader, shards.paths, shards.count, NULL) == LM_OK);
        do {
            bool is_over = false;
            REQUIRE((bytes == 0 ? lm_jsonl_next(reader, &document, &is_end, NULL)
                                : lm_jsonl_read_block(reader, &block, bytes, NULL)) == LM_OK);
            if (bytes == 0 && !is_end)
                check_document(tap, &place, &document, count++);
            while (bytes > 0 && block.size > 0 && !is_over) {
                REQUIRE(lm_jsonl_block_next(&block, &document, &is_over, NULL) == LM_OK);
                if (!is_over)
                    check_document(tap, &place, &document, count++);
            }
            is_end = bytes == 0 ? is_end : block.size == 0;
        } while (!is_end);
        CHECK_INT(count, DOCUMENTS);
        CHECK_INT(lm_jsonl_offset(reader), shards.bytes);
        lm_jsonl_close(reader);
        lm_jsonl_block_release(&block);
    }
    end(&place);
}

static void sets_of_files_must_be_whole(struct tap *tap)
{
    struct place place;
    struct lm_shards shards;
    struct lm_err err = {.text = ""};
    begin(&place);
    CHECK_INT(find(&place, &shards, &err), LM_NOT_FOUND);
    put(&place, "train-00001-of-00003.jsonl", "", 0);
    put(&place, "train-00003-of-00003.jsonl.zst", "", 0);
    put(&place, "train-00004-of-00003.jsonl", "", 0); /* no shards: */
    put(&place, "train-1-of-3.jsonl", "", 0);
    put(&place, "training.jsonl", "", 0);
    put(&place, "valid.jsonl", "", 0);
    CHECK_INT(find(&place, &shards, &err), LM_FORMAT);
    CHECK(strstr(err.text, "shard 2 of 3 of train is missing") != NULL);
    put(&place, "train-00002-of-00003.jsonl", "", 0);
    REQUIRE(find(&place, &shards, &err) == LM_OK);
    CHECK_INT(shards.count, 3);
    CHECK_STR(shards.paths[2], path_of(&place, "train-00003-of-00003.jsonl.zst"));
    static const char *const others[] = {"train.jsonl", "train-00002-of-00003.jsonl.zst",
                                         "train-00002-of-00004.jsonl"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        put(&place, others[i], "", 0);
        CHECK_INT(find(&place, &shards, &err), LM_FORMAT);
        unlink(path_of(&place, others[i]));
    }
    end(&place);
}

/* A compressed file is known by what it holds; one that is not sound is told, cut anywhere. */
static void damage_is_told(struct tap *tap)
{
    struct place place;
    struct lm_digest digest, want;
    struct lm_err err = {.text = ""};
    char *data;
    size_t size;
    begin(&place);
    write_shards(tap, &place);
    const char *name = path_of(&place, "train-00004-of-00004.jsonl.zst");
    struct lm_jsonl_writer *writer = NULL;
    REQUIRE(lm_jsonl_create(&writer, path_of(&place, "plain.jsonl"), NULL) == LM_OK);
    for (size_t at = DOCUMENTS * 3 / SHARDS; at < DOCUMENTS; at++)
        REQUIRE(lm_jsonl_put(writer, text_of(&place, at), strlen(text_of(&place, at)), NULL) ==
                LM_OK);
    REQUIRE(lm_jsonl_finish(writer, NULL) == LM_OK);
    REQUIRE(lm_sha256_file(&want, NULL, path_of(&place, "plain.jsonl"), NULL) == LM_OK);
    REQUIRE(lm_zstd_digest(&digest, name, NULL) == LM_OK);
    CHECK(lm_digest_compare(&digest, &want) == 0);
    REQUIRE(lm_file_read(&data, &size, place.arena, name, 1 << 30, NULL) == LM_OK);
    for (size_t cut = 0; cut < size; cut += cut < 16 ? 1 : size / 13) {
        put(&place, "cut.zst", data, cut);
        CHECK_INT(lm_zstd_digest(&digest, path_of(&place, "cut.zst"), &err), LM_FORMAT);
        CHECK(strstr(err.text, "cut.zst") != NULL);
    }
    data[size / 2] ^= 1;
    put(&place, "cut.zst", data, size);
    CHECK_INT(lm_zstd_digest(&digest, path_of(&place, "cut.zst"), &err), LM_FORMAT);
    end(&place);
}

static const struct tap_test tests[] = {
    TAP_ROW(shards_are_read_as_one) TAP_ROW(sets_of_files_must_be_whole) TAP_ROW(damage_is_told)};

LM_TEST_FILE(tests)
