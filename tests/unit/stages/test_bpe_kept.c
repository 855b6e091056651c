/* A vocabulary whose making was stopped, wherever that was, has the bytes of one that was not, and
 * what was counted is not counted again. */
#include <sys/stat.h>
#include <unistd.h>

#include <lmpipe/rng.h>
#include <lmpipe/stage.h>

#include "base/io.h"
#include "ctx.h"
#include "data/jsonl.h"
#include "param/param_rows.h"
#include "stages/bpe/bpe_params.h"
#include "tests/tap.h"

extern const struct lm_stage lm_stage_bpe;
extern lm_run_fn lm_run_bpe;

enum { DOCUMENTS = 3600, FEW = 300 /* banks of blocks are of 1 MiB */ };

struct fixture {
    struct lm_arena *arena;
    char folder[64];
    struct bpe_params params;
    uint64_t interrupt_at;
    long cancel_after;
    size_t threads;
    char notes[10000];
};

static void write_text(struct fixture *f, uint64_t documents)
{
    struct lm_rng rng = lm_rng_stream(5, "words");
    struct lm_jsonl_writer *writer = NULL;
    static char text[300000];
    if (lm_jsonl_create(&writer, lm_path_join(f->arena, f->folder, "train.jsonl"), NULL) != LM_OK)
        abort();
    for (uint64_t i = 0; i < documents; i++) {
        size_t size = 0;
        const size_t goal = i % 700 == 3 ? 250000 : 700; /* long ones make later blocks longer */
        for (uint64_t k = 0; size < goal; k++)
            size += (size_t)snprintf(text + size, 60, "w%u ",
                                     (unsigned)lm_rng_below(rng, i, k, k % 3 == 0 ? 50000 : 60));
        if (lm_jsonl_put(writer, text, size, NULL) != LM_OK)
            abort();
    }
    if (lm_jsonl_finish(writer, NULL) != LM_OK)
        abort();
}

static void fixture_open(struct fixture *f, uint64_t documents)
{
    *f = (struct fixture){.threads = 1, .cancel_after = -1};
    snprintf(f->folder, sizeof f->folder, "/tmp/lmpipe-test-XXXXXX");
    f->arena = lm_arena_create();
    if (f->arena == NULL || mkdtemp(f->folder) == NULL)
        abort();
    lm_params_defaults(&f->params, lm_stage_bpe.params);
    f->params.vocab_size = 400;
    f->params.max_piece_bytes = 4;
    write_text(f, documents);
}

static void fixture_close(struct fixture *f)
{
    lm_dir_remove(f->folder, NULL);
    lm_arena_free(f->arena);
}

static enum lm_status run(struct fixture *f, struct lm_err *err)
{
    struct lm_ctx *ctx = NULL;
    FILE *events = tmpfile();
    const struct lm_job_input input = {"text", "text", f->folder};
    const struct lm_job job = {.stage = &lm_stage_bpe,
                               .params = &f->params,
                               .inputs = &input,
                               .input_count = 1,
                               .folder = lm_path_join(f->arena, f->folder, "run"),
                               .checkpoints = lm_path_join(f->arena, f->folder, "key"),
                               .interrupt_at = f->interrupt_at,
                               .threads = f->threads};
    LM_TRY(lm_stage_bpe.resolve(&f->params, f->arena, err));
    LM_TRY(lm_ctx_create(&ctx, &job, events, -1, err));
    if (f->cancel_after >= 0)
        lm_ctx_cancel_after(ctx, f->cancel_after);
    enum lm_status status = lm_run_bpe(ctx, &f->params, err);
    lm_ctx_free(ctx);
    rewind(events);
    f->notes[fread(f->notes, 1, sizeof f->notes - 1, events)] = '\0';
    fclose(events);
    return status;
}

/* Documents that were counted before. */
static long taken(const struct fixture *f)
{
    const char *of = strstr(f->notes, "the pieces of ");
    return of != NULL ? strtol(of + strlen("the pieces of "), NULL, 10) : 0;
}

static const char *vocab(struct fixture *f)
{
    char *text = NULL;
    const char *path = lm_arena_printf(f->arena, "%s/run/out/vocab", f->folder);
    return lm_file_read(&text, NULL, f->arena, path, 1 << 20, NULL) == LM_OK ? text : "";
}

static char *left_out(const struct fixture *f)
{
    const char *note = strstr(f->notes, "not trained on");
    return note != NULL ? lm_arena_strndup(f->arena, note - 40, 40) : NULL;
}

static void stopped_is_as_if_never(struct tap *tap)
{
    struct fixture f;
    struct lm_err err = {LM_OK, ""};
    fixture_open(&f, DOCUMENTS);
    REQUIRE(run(&f, &err) == LM_OK);
    const char *want = vocab(&f), *told = left_out(&f);
    CHECK(!lm_path_exists(lm_path_join(f.arena, f.folder, "key/a"))); /* small: nothing is kept */
    struct stat info;
    REQUIRE(told != NULL && stat(lm_path_join(f.arena, f.folder, "train.jsonl"), &info) == 0);
    long before = 0;
    for (uint64_t i = 1; i <= 3; i++) {
        f.interrupt_at = (uint64_t)info.st_size * i / 3;
        f.threads = 1 + i % 3;
        CHECK_INT(run(&f, &err), LM_CANCELLED);
        CHECK(taken(&f) >= before && (i < 2 || taken(&f) > 0)); /* never less than before */
        before = taken(&f);
    }
    /* All is counted; stopped while merges are learned. */
    f.interrupt_at = 0;
    for (f.cancel_after = 0; run(&f, &err) == LM_CANCELLED && f.cancel_after < 100;)
        f.cancel_after++;
    CHECK(f.cancel_after > 4 && f.cancel_after < 100);
    CHECK_INT(taken(&f), DOCUMENTS);
    CHECK_STR(vocab(&f), want);
    CHECK_STR(left_out(&f), told);
    fixture_close(&f);
}

/* Damaged, cut short, gone: begun anew, to the same bytes. */
static void damage_is_a_miss(struct tap *tap)
{
    struct fixture f;
    struct lm_err err = {LM_OK, ""};
    fixture_open(&f, FEW);
    REQUIRE(run(&f, &err) == LM_OK);
    const char *want = vocab(&f);
    for (int kind = 0; kind < 3; kind++) {
        lm_dir_remove(lm_path_join(f.arena, f.folder, "key"), NULL);
        f.interrupt_at = 1000;
        REQUIRE(run(&f, &err) == LM_CANCELLED);
        const char *path = lm_path_join(f.arena, f.folder, "key/keep/work-key");
        FILE *file = fopen(path, "r+b");
        REQUIRE(file != NULL && fseek(file, 5000, SEEK_SET) == 0 && fputc(77, file) != EOF);
        fclose(file);
        CHECK(kind != 1 || truncate(path, 4000) == 0);
        CHECK(kind != 2 || unlink(path) == 0);
        f.interrupt_at = 0;
        CHECK_INT(run(&f, &err), LM_OK);
        CHECK_INT(taken(&f), 0);
        CHECK(strstr(f.notes, "starting anew") != NULL);
        CHECK_STR(vocab(&f), want);
    }
    fixture_close(&f);
}

static const struct tap_test tests[] = {TAP_ROW(stopped_is_as_if_never) TAP_ROW(damage_is_a_miss)};

LM_TEST_FILE(tests)
