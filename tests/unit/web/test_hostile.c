/** The fuzz targets of formats (tests/fuzz), run for a short while on mutations of the seeds that
 * are committed beside them: what finds more runs by itself, for hours. */
#include <dirent.h>

#include <lmpipe/rng.h>

#include "base/io.h"
#include "tests/tap.h"

#define LLVMFuzzerTestOneInput try_json_records
#include "tests/fuzz/fuzz_json_records.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput try_csv
#define read_record read_csv_record
#include "tests/fuzz/fuzz_csv.c"
#undef read_record
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput try_warc
#include "tests/fuzz/fuzz_warc.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput try_html
#include "tests/fuzz/fuzz_html.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput try_clean
#include "tests/fuzz/fuzz_clean.c"
#undef LLVMFuzzerTestOneInput

enum { LARGEST = 8192 };

/* Bytes are changed, dropped, doubled; pieces are moved. */
static size_t mutate(uint8_t *data, size_t size, struct lm_rng rng, uint64_t round)
{
    uint64_t changes = 1 + lm_rng_below(rng, round, 0, 4);
    for (uint64_t i = 1; i <= changes && size > 1; i++) {
        size_t at = 1 + (size_t)lm_rng_below(rng, round, 4 * i, size - 1);
        size_t length = 1 + (size_t)lm_rng_below(rng, round, 4 * i + 1, size - at);
        uint64_t kind = lm_rng_below(rng, round, 4 * i + 2, 4);
        uint8_t byte = (uint8_t)lm_rng_below(rng, round, 4 * i + 3, 256);
        if (kind == 0) {
            data[at] = byte;
        } else if (kind == 1) {
            memmove(data + at, data + at + length, size - at - length);
            size -= length;
        } else if (kind == 2 && size + length <= LARGEST) {
            memmove(data + at + length, data + at, size - at);
            size += length;
        } else {
            data[at] = (uint8_t) "\"\\{}[],\n\r<>&;: 0"[byte % 16];
        }
    }
    return size;
}

/* The seed as it is, then mutations of it; in memory of its own, so that a byte too far is seen. */
static void try_seed(int (*target)(const uint8_t *, size_t), const char *seed, size_t seed_size,
                     struct lm_rng rng, uint64_t rounds)
{
    uint8_t data[LARGEST];
    for (uint64_t round = 0; round < rounds && seed_size <= LARGEST; round++) {
        memcpy(data, seed, seed_size);
        size_t size = round > 0 ? mutate(data, seed_size, rng, round) : seed_size;
        uint8_t *exact = malloc(size > 0 ? size : 1);
        if (exact == NULL)
            return;
        memcpy(exact, data, size);
        target(exact, size);
        free(exact);
    }
}

static size_t try_all(int (*target)(const uint8_t *, size_t), const char *name, uint64_t rounds)
{
    struct lm_arena *arena = lm_arena_create();
    const char *folder = lm_arena_printf(arena, "%s/../fuzz/seeds/%s", LM_TEST_DATA, name);
    DIR *listing = opendir(folder);
    size_t seeds = 0;
    for (const struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        char *bytes;
        size_t size;
        if (entry->d_name[0] == '.' ||
            lm_file_read(&bytes, &size, arena, lm_path_join(arena, folder, entry->d_name), LARGEST,
                         NULL) != LM_OK)
            continue;
        try_seed(target, bytes, size, lm_rng_stream(1, entry->d_name), rounds);
        seeds++;
    }
    if (listing != NULL)
        closedir(listing);
    lm_arena_free(arena);
    return seeds;
}

static void json_records(struct tap *tap)
{
    CHECK(try_all(try_json_records, "json_records", 3000) >= 5);
}

static void csv(struct tap *tap)
{
    CHECK(try_all(try_csv, "csv", 3000) >= 5);
}

static void warc(struct tap *tap)
{
    CHECK(try_all(try_warc, "warc", 3000) >= 5);
}

static void html(struct tap *tap)
{
    CHECK(try_all(try_html, "html", 600) >= 5);
}

static void clean_texts(struct tap *tap)
{
    CHECK(try_all(try_clean, "clean", 60) >= 12);
}

static const struct tap_test tests[] = {TAP_ROW(json_records) TAP_ROW(csv) TAP_ROW(warc)
                                            TAP_ROW(html) TAP_ROW(clean_texts)};

LM_TEST_FILE(tests)
