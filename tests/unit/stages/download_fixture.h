/** A `download` job in a temporary folder: parameters at their defaults, a context, its outputs. */
#ifndef LM_TESTS_DOWNLOAD_FIXTURE_H
#define LM_TESTS_DOWNLOAD_FIXTURE_H

#include <stdlib.h>
#include <unistd.h>

#include <lmpipe/hash.h>
#include <lmpipe/stage.h>

#include "base/io.h"
#include "base/json.h"
#include "ctx.h"
#include "param/param_rows.h"
#include "stages/download/download.h"
#include "tests/tap.h"

extern const struct lm_stage lm_stage_download;
extern lm_run_fn lm_run_download;

#define MAX_SOURCES 4

struct fixture {
    struct lm_arena *arena;
    char folder[64];
    struct lm_download_source sources[MAX_SOURCES];
    struct lm_download_params params;
    struct lm_job job;
    struct lm_ctx *ctx; /**< of the last run */
    struct lm_err err;
    FILE *events;
    bool offline;
    long cancel_after; /**< polls, or -1 */
    unsigned runs;
};

static void fixture_open(struct fixture *f, size_t sources)
{
    *f = (struct fixture){.cancel_after = -1};
    snprintf(f->folder, sizeof f->folder, "/tmp/lmpipe-test-XXXXXX");
    f->arena = lm_arena_create();
    f->events = tmpfile();
    if (f->arena == NULL || f->events == NULL || mkdtemp(f->folder) == NULL)
        abort();
    lm_params_defaults(&f->params, lm_stage_download.params);
    const struct lm_param *rows = lm_stage_download.params[0].fields;
    for (size_t i = 0; i < sources; i++) {
        lm_params_defaults(&f->sources[i], rows);
        f->sources[i].name = lm_arena_printf(f->arena, "source%zu", i);
    }
    f->params.sources = (struct lm_list){f->sources, sources};
    f->params.retry_delay = 0.01;
}

static inline void fixture_close(struct fixture *f)
{
    lm_ctx_free(f->ctx);
    lm_dir_remove(f->folder, NULL);
    lm_arena_free(f->arena);
    fclose(f->events);
}

/** Path in the fixture's folder. */
static inline char *at(struct fixture *f, const char *name)
{
    return lm_path_join(f->arena, f->folder, name);
}

/** Resolves and runs; outputs in the folder out<n>/out/corpus, n = 1, 2 … */
static inline enum lm_status fixture_run(struct fixture *f)
{
    lm_ctx_free(f->ctx);
    f->ctx = NULL;
    f->err = (struct lm_err){0};
    LM_TRY(lm_stage_download.resolve(&f->params, f->arena, &f->err));
    f->job = (struct lm_job){
        .stage = &lm_stage_download,
        .params = &f->params,
        .folder = lm_arena_printf(f->arena, "%s/out%u", f->folder, ++f->runs),
        .checkpoints = at(f, "checkpoints"),
        .threads = 1,
        .offline = f->offline,
    };
    LM_TRY(lm_ctx_create(&f->ctx, &f->job, f->events, -1, &f->err));
    if (f->cancel_after >= 0)
        lm_ctx_cancel_after(f->ctx, f->cancel_after);
    return lm_run_download(f->ctx, &f->params, &f->err);
}

/** Bytes of a file of the last run's corpus, "" when it is not there. */
static inline const char *corpus_file(struct fixture *f, const char *name)
{
    char *text = NULL;
    size_t size;
    const char *path =
        lm_arena_printf(f->arena, "%s/out%u/out/corpus/%s", f->folder, f->runs, name);
    return lm_file_read(&text, &size, f->arena, path, 1 << 24, NULL) == LM_OK ? text : "";
}

static inline const char *manifest(struct fixture *f)
{
    return corpus_file(f, "manifest.json");
}

/** All that was noted so far. */
static inline const char *notes(struct fixture *f)
{
    static const size_t room = 1 << 16;
    char *text = lm_arena_alloc(f->arena, room);
    rewind(f->events);
    text[fread(text, 1, room - 1, f->events)] = '\0';
    fseek(f->events, 0, SEEK_END);
    return text;
}

static inline const char *hex_of(struct fixture *f, const void *data, size_t size)
{
    struct lm_digest digest;
    char *hex = lm_arena_alloc(f->arena, LM_DIGEST_HEX);
    lm_sha256_bytes(&digest, data, size);
    lm_digest_hex(hex, &digest);
    return hex;
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
