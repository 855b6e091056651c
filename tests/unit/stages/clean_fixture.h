/** A `clean` job in a temporary folder: a corpus of texts, parameters at their defaults, its
 * outputs. */
#ifndef LM_TESTS_CLEAN_FIXTURE_H
#define LM_TESTS_CLEAN_FIXTURE_H

#include <stdlib.h>
#include <unistd.h>

#include <lmpipe/hash.h>
#include <lmpipe/stage.h>

#include "base/io.h"
#include "base/json.h"
#include "ctx.h"
#include "param/param_rows.h"
#include "stages/clean/clean_params.h"
#include "tests/tap.h"

extern const struct lm_stage lm_stage_clean;
extern lm_run_fn lm_run_clean;

/** A file of the corpus; files of one source follow one another. */
struct corpus_text {
    const char *source, *name, *text;
    size_t size; /**< 0: NUL-terminated */
};

struct fixture {
    struct lm_arena *arena;
    char folder[64];
    struct clean_params params;
    struct lm_ctx *ctx; /**< of the last run */
    struct lm_err err;
    unsigned runs;
    size_t threads, memory; /**< memory 0: as much as is usual */
    long cancel_after;      /**< polls, or -1 */
    bool has_digests;       /**< of files, in the manifest */
    uint64_t interrupt_at;  /**< bytes, 0: never; work is kept where it is not 0 */
    const char *state;      /**< folder of work that is kept, or NULL: with the checkpoints */
    const char *key;        /**< folder of checkpoints, or NULL: that of the fixture */
    bool afresh;
    FILE *events; /**< or NULL */
};

static inline void fixture_open(struct fixture *f)
{
    *f = (struct fixture){.cancel_after = -1, .threads = 1};
    snprintf(f->folder, sizeof f->folder, "/tmp/lmpipe-test-XXXXXX");
    f->arena = lm_arena_create();
    if (f->arena == NULL || mkdtemp(f->folder) == NULL)
        abort();
    lm_params_defaults(&f->params, lm_stage_clean.params);
}

static inline void split_by_position(struct fixture *f, double valid, double test)
{
    f->params.split.by = "position";
    f->params.split.valid = valid;
    f->params.split.test = test;
}

static inline void fixture_close(struct fixture *f)
{
    lm_ctx_free(f->ctx);
    lm_dir_remove(f->folder, NULL);
    lm_arena_free(f->arena);
}

static inline void write_text(struct fixture *f, const char *folder, const struct corpus_text *text,
                              struct lm_json_writer *writer)
{
    const char *name = lm_arena_printf(f->arena, "files/%s/%s", text->source, text->name);
    const char *path = lm_path_join(f->arena, folder, name);
    size_t size = text->size ? text->size : strlen(text->text);
    if (lm_dir_create(lm_path_dir(f->arena, path), NULL) != LM_OK ||
        lm_file_write(path, text->text, size, NULL) != LM_OK)
        abort();
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "path", name);
    lm_json_member_int(writer, "bytes", (int64_t)size);
    if (f->has_digests) {
        struct lm_digest digest;
        char hex[LM_DIGEST_HEX];
        lm_sha256_bytes(&digest, text->text, size);
        lm_digest_hex(hex, &digest);
        lm_json_member_string(writer, "sha256", hex);
    }
    lm_json_close(writer, '}');
}

/** Makes the corpus of the next run; returns its folder. */
static inline const char *write_corpus(struct fixture *f, const struct corpus_text *texts,
                                       size_t count)
{
    const char *folder = lm_arena_printf(f->arena, "%s/corpus%u", f->folder, f->runs);
    struct lm_buf out;
    struct lm_json_writer writer;
    lm_buf_init(&out, 0);
    lm_json_begin(&writer, &out, false);
    lm_json_open(&writer, '{');
    lm_json_member_int(&writer, "lmpipe_corpus", 1);
    lm_json_key(&writer, "sources");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(texts[i].source, texts[i - 1].source) != 0) {
            lm_json_open(&writer, '{');
            lm_json_member_string(&writer, "name", texts[i].source);
            lm_json_member_string(&writer, "license", "CC0");
            lm_json_key(&writer, "files");
            lm_json_open(&writer, '[');
        }
        write_text(f, folder, &texts[i], &writer);
        if (i + 1 == count || strcmp(texts[i].source, texts[i + 1].source) != 0) {
            lm_json_close(&writer, ']');
            lm_json_close(&writer, '}');
        }
    }
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    if (lm_dir_create(folder, NULL) != LM_OK ||
        lm_file_write(lm_path_join(f->arena, folder, "manifest.json"), out.data, out.size, NULL) !=
            LM_OK)
        abort();
    lm_buf_release(&out);
    return folder;
}

/** Resolves and runs on a corpus folder. */
static inline enum lm_status fixture_run_on(struct fixture *f, const char *corpus)
{
    lm_ctx_free(f->ctx);
    f->ctx = NULL;
    f->err = (struct lm_err){LM_OK, ""};
    LM_TRY(lm_stage_clean.resolve(&f->params, f->arena, &f->err));
    const struct lm_job_input input = {"corpus", "corpus", corpus};
    const struct lm_job job = {.stage = &lm_stage_clean,
                               .params = &f->params,
                               .inputs = &input,
                               .input_count = 1,
                               .folder =
                                   lm_arena_printf(f->arena, "%s/run%u", f->folder, ++f->runs),
                               .checkpoints = f->key != NULL ? f->key : f->folder,
                               .state = f->state,
                               .interrupt_at = f->interrupt_at,
                               .afresh = f->afresh,
                               .threads = f->threads,
                               .memory = f->memory};
    LM_TRY(lm_ctx_create(&f->ctx, &job, f->events, -1, &f->err));
    if (f->cancel_after >= 0)
        lm_ctx_cancel_after(f->ctx, f->cancel_after);
    return lm_run_clean(f->ctx, &f->params, &f->err);
}

static inline enum lm_status fixture_run(struct fixture *f, const struct corpus_text *texts,
                                         size_t count)
{
    return fixture_run_on(f, write_corpus(f, texts, count));
}

/** Bytes of an output of the last run ("text/train.jsonl", "card"), "" when it is not there. */
static inline const char *output(struct fixture *f, const char *name)
{
    char *text = NULL;
    size_t size;
    const char *path = lm_arena_printf(f->arena, "%s/run%u/out/%s", f->folder, f->runs, name);
    return lm_file_read(&text, &size, f->arena, path, (size_t)1 << 30, NULL) == LM_OK ? text : "";
}

/** All three splits, one after the other. */
static inline const char *all_text(struct fixture *f)
{
    return lm_arena_printf(f->arena, "%s--\n%s--\n%s", output(f, "text/train.jsonl"),
                           output(f, "text/valid.jsonl"), output(f, "text/test.jsonl"));
}

/** Error texts are held to what they must say. */
#define CHECK_HAS(text, part)                                                                      \
    do {                                                                                           \
        const char *tap_text = (text);                                                             \
        if (strstr(tap_text, (part)) == NULL) {                                                    \
            tap->failed++;                                                                         \
            printf("# %s:%d: \"%s\" lacks \"%s\"\n", __FILE__, __LINE__, tap_text, (part));        \
        }                                                                                          \
    } while (0)

#endif
