#include <unistd.h>

#include "tap.h"
#include "text_samples.h"
#include "tokenizer/piece_runs.h"

enum { TABLES = 3, KINDS = 600 };

struct sums {
    int64_t of[KINDS], given, wrong;
    size_t calls, stop_at;
};

/* Kind `kind` as a piece; every third is long, some of the long ones beyond a block of reading. */
static size_t make_piece(uint8_t *out, size_t kind)
{
    size_t size = kind % 3 == 0 ? 16 + kind % 90 : 3 + kind % 13;
    if (kind % 200 == 0)
        size = 70000;
    memset(out, 'x', size);
    out[0] = (uint8_t)(kind & 255);
    out[1] = (uint8_t)(kind >> 8);
    return size;
}

static bool take(void *user, const uint8_t *bytes, size_t size, int64_t count)
{
    struct sums *sums = user;
    static uint8_t want[70000];
    size_t kind = bytes[0] | (size_t)bytes[1] << 8;
    bool is_right = kind < KINDS && make_piece(want, kind) == size &&
                    memcmp(bytes, want, size) == 0 && sums->of[kind] == 0;
    sums->wrong += !is_right;
    if (is_right)
        sums->of[kind] = count;
    return ++sums->calls != sums->stop_at;
}

struct fixture {
    struct lm_piece_table tables[TABLES];
    struct lm_piece_spill spills[TABLES];
    struct lm_piece_table *table_list[TABLES];
    const struct lm_piece_spill *spill_list[TABLES];
    int64_t want[KINDS];
};

/* Puts random kinds into tables, which become runs after every `spill_every` of them. */
static void fill(struct tap *tap, struct fixture *f, size_t spill_every, const char *folder)
{
    static uint8_t piece[70000];
    struct lm_rng rng = lm_rng_stream(19, "runs");
    *f = (struct fixture){0};
    for (size_t t = 0; t < TABLES; t++) {
        lm_piece_spill_init(&f->spills[t]);
        f->table_list[t] = &f->tables[t];
        f->spill_list[t] = &f->spills[t];
    }
    for (size_t i = 0; i < 5000; i++) {
        size_t kind = (size_t)lm_rng_below(rng, i, 0, KINDS), t = i % TABLES;
        int64_t times = 1 + (int64_t)lm_rng_below(rng, i, 1, UINT64_C(1) << 40);
        REQUIRE(lm_piece_table_put(&f->tables[t], piece, make_piece(piece, kind), times));
        f->want[kind] += times;
        if (spill_every > 0 && i % spill_every == spill_every - 1)
            CHECK_INT(lm_piece_spill_table(&f->spills[t], &f->tables[t], folder, NULL), LM_OK);
    }
}

static void release(struct fixture *f)
{
    for (size_t t = 0; t < TABLES; t++) {
        lm_piece_table_release(&f->tables[t]);
        lm_piece_spill_release(&f->spills[t]);
    }
}

static void sums_are_exact(struct tap *tap)
{
    static const size_t every[] = {0, 7, 100, 2500};
    for (size_t i = 0; i < 4; i++) {
        struct fixture f;
        struct sums sums = {.stop_at = SIZE_MAX};
        fill(tap, &f, every[i], "/tmp");
        size_t runs = f.spills[0].count + f.spills[1].count + f.spills[2].count;
        CHECK_INT(runs, every[i] == 0 ? 0 : 5000 / every[i]);
        CHECK_INT(lm_piece_union(f.table_list, f.spill_list, TABLES, take, &sums, NULL), LM_OK);
        CHECK_INT(sums.wrong, 0);
        for (size_t kind = 0; kind < KINDS; kind++)
            CHECK_INT(sums.of[kind], f.want[kind]);
        release(&f);
    }
}

static void nothing_at_all(struct tap *tap)
{
    struct lm_piece_table table = {0}, *const tables[] = {&table};
    struct lm_piece_spill spill;
    const struct lm_piece_spill *const spills[] = {&spill};
    struct sums sums = {.stop_at = SIZE_MAX};
    lm_piece_spill_init(&spill);
    CHECK_INT(lm_piece_union(tables, spills, 1, take, &sums, NULL), LM_OK);
    CHECK_INT(sums.calls, 0);
}

static void failures(struct tap *tap)
{
    struct fixture f;
    struct lm_err err;
    struct sums sums = {.stop_at = 3};
    fill(tap, &f, 500, "/tmp");
    CHECK_INT(lm_piece_union(f.table_list, f.spill_list, TABLES, take, &sums, &err), LM_NOMEM);
    CHECK_INT(sums.calls, 3);
    /* A file that lost its end. */
    REQUIRE(ftruncate(f.spills[0].fd, (off_t)f.spills[0].size - 5) == 0);
    sums = (struct sums){.stop_at = SIZE_MAX};
    CHECK_INT(lm_piece_union(f.table_list, f.spill_list, TABLES, take, &sums, &err), LM_IO);
    release(&f);
    REQUIRE(lm_piece_table_put(&f.tables[0], (const uint8_t *)"ab", 2, 1));
    CHECK_INT(lm_piece_spill_table(&f.spills[0], &f.tables[0], "/nowhere/at/all", &err),
              LM_NOT_FOUND);
    CHECK(strstr(err.text, "/nowhere/at/all") != NULL);
    release(&f);
}

static const struct tap_test tests[] = {TAP_ROW(sums_are_exact) TAP_ROW(nothing_at_all)
                                            TAP_ROW(failures)};

LM_TEST_FILE(tests)
