/* Counts that a trainer keeps teach another one what they would have taught it. */
#include <unistd.h>

#include "base/io.h"
#include "tap.h"
#include "tokenizer/bpe_train.h"

#define PATH "test_piece_kept.tmp"

static const char *const specials[] = {"<|endoftext|>"};

static struct lm_bpe_trainer *make_trainer(size_t threads, size_t memory)
{
    struct lm_bpe_trainer *trainer = NULL;
    const struct lm_bpe_options options = {.vocab_size = 400,
                                           .pattern = LM_PATTERN_GPT2,
                                           .min_frequency = 2,
                                           .specials = specials,
                                           .special_count = 1,
                                           .max_piece_bytes = 300,
                                           .threads = threads,
                                           .count_memory = memory,
                                           .spill_folder = "."};
    return lm_bpe_trainer_create(&trainer, &options, NULL) == LM_OK ? trainer : NULL;
}

/* Document i; every tenth has a piece that is left out. */
static bool count(struct lm_bpe_trainer *trainer, size_t i, size_t worker)
{
    char text[600];
    int size = snprintf(text, sizeof text, "word%zu words of %zu, and a%0*zu longer one", i % 90, i,
                        (int)(i % 10 == 0 ? 400 : 30), i % 7);
    return lm_bpe_trainer_add(trainer, worker, (const uint8_t *)text, (size_t)size, NULL) == LM_OK;
}

static const char *learned(struct lm_bpe_trainer *trainer, struct lm_arena *arena)
{
    struct lm_vocab *vocab = NULL;
    char *text = NULL;
    if (lm_bpe_trainer_learn(&vocab, trainer, NULL, NULL, NULL) == LM_OK &&
        lm_vocab_save(vocab, "test_piece_kept.vocab", NULL) == LM_OK)
        lm_file_read(&text, NULL, arena, "test_piece_kept.vocab", 1 << 20, NULL);
    lm_vocab_free(vocab);
    unlink("test_piece_kept.vocab");
    return text != NULL ? text : "";
}

enum { DOCUMENTS = 3000 };

static void kept_counts_are_counts(struct tap *tap)
{
    static const size_t memories[] = {0, 200000}; /* the tables are spilled, too */
    struct lm_arena *arena = lm_arena_create();
    struct lm_bpe_trainer *whole = make_trainer(1, 0);
    bool is_sound = false;
    REQUIRE(arena != NULL && whole != NULL);
    for (size_t i = 0; i < DOCUMENTS; i++)
        REQUIRE(count(whole, i, 0));
    struct lm_bpe_left_out out = lm_bpe_trainer_left_out(whole);
    const char *want = learned(whole, arena);
    CHECK(strlen(want) > 400 && out.pieces == DOCUMENTS / 10);
    for (size_t m = 0; m < 2; m++) {
        struct lm_spool spool;
        unlink(PATH);
        struct lm_bpe_left_out left_out = {0};
        size_t next = 0;
        for (size_t process = 0; process < 3; process++) { /* of other numbers of threads each */
            struct lm_bpe_trainer *trainer = make_trainer(process + 1, memories[m]);
            REQUIRE(trainer != NULL && lm_spool_open(&spool, PATH, 1, true, NULL) == LM_OK);
            CHECK(lm_bpe_trainer_take_up(trainer, &is_sound, &spool, &left_out, NULL) == LM_OK);
            CHECK(is_sound);
            for (size_t end = next + DOCUMENTS / 3; next < end; next++) {
                REQUIRE(count(trainer, next, next % (process + 1)));
                if (next % 400 == 0)
                    CHECK(lm_bpe_trainer_keep(trainer, &spool, NULL) == LM_OK);
            }
            CHECK(lm_bpe_trainer_keep(trainer, &spool, NULL) == LM_OK);
            left_out = lm_bpe_trainer_left_out(trainer);
            if (process == 2)
                CHECK_STR(learned(trainer, arena), want);
            lm_bpe_trainer_free(trainer);
            lm_spool_close(&spool);
        }
        CHECK(left_out.pieces == out.pieces && left_out.bytes == out.bytes &&
              left_out.of_bytes == out.of_bytes);
    }
    lm_bpe_trainer_free(whole);
    lm_arena_free(arena);
    unlink(PATH);
}

static void altered_counts_are_not_taken(struct tap *tap)
{
    struct lm_spool spool;
    struct lm_bpe_trainer *trainer = make_trainer(1, 0);
    const struct lm_bpe_left_out none = {0};
    bool is_sound = true;
    REQUIRE(trainer != NULL && lm_spool_open(&spool, PATH, 1, true, NULL) == LM_OK);
    for (size_t i = 0; i < 50; i++)
        REQUIRE(count(trainer, i, 0));
    CHECK(lm_bpe_trainer_keep(trainer, &spool, NULL) == LM_OK);
    CHECK(lm_bpe_trainer_keep(trainer, &spool, NULL) == LM_OK); /* nothing new: nothing */
    CHECK_INT(spool.count, 1);
    lm_bpe_trainer_free(trainer);
    CHECK(pwrite(spool.fd, "x", 1, (off_t)spool.frames[0].at + 9) == 1);
    trainer = make_trainer(1, 0);
    REQUIRE(trainer != NULL);
    CHECK(lm_bpe_trainer_take_up(trainer, &is_sound, &spool, &none, NULL) == LM_OK);
    CHECK(!is_sound);
    lm_bpe_trainer_free(trainer);
    lm_spool_close(&spool);
    unlink(PATH);
}

static const struct tap_test tests[] = {TAP_ROW(kept_counts_are_counts)
                                            TAP_ROW(altered_counts_are_not_taken)};

LM_TEST_FILE(tests)
