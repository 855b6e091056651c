/* Stage type import: the work. */
#include <lmpipe/gguf.h>
#include <lmpipe/hash.h>
#include <lmpipe/model.h>
#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

#include <string.h>

#include "base/io.h"
#include "import_params.h"
#include "import_parts.h"

/** What is read. */
struct imported {
    struct lm_model *model;
    struct lm_vocab *vocab;
};

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);
    return size > tail && strcmp(text + size - tail, end) == 0;
}

/* ---- where ---- */

/* An empty folder for links, of this key alone. */
static enum lm_status make_folder(const char **out, struct lm_ctx *ctx, struct lm_err *err)
{
    const char *keep = NULL;
    LM_TRY(lm_ctx_keep(ctx, &keep, err));
    *out = lm_path_join(lm_ctx_arena(ctx), keep, "parts");
    if (*out == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    LM_TRY(lm_dir_remove(*out, err));
    return lm_dir_create(*out, err);
}

/* A folder, or a .gguf file. */
static enum lm_status find_source(const char **out, struct lm_ctx *ctx,
                                  const struct import_params *p, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(ctx);
    const char *corpus = lm_ctx_input(ctx, "corpus"), *folder = NULL;
    *out = p->path;
    if (corpus == NULL && !ends_with(p->path, ".safetensors"))
        return LM_OK;
    LM_TRY(make_folder(&folder, ctx, err));
    *out = folder;
    if (corpus == NULL) {
        LM_TRY(import_link(folder, arena, "config.json", p->config, err));
        return import_link(folder, arena, "model.safetensors", p->path, err);
    }
    LM_TRY(import_link_corpus(folder, arena, corpus, err));
    const char *gguf = lm_path_join(arena, folder, "model.gguf");
    if (gguf == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    if (lm_path_exists(gguf))
        *out = gguf;
    return LM_OK;
}

/* The key says the digest alone: the file must have it. */
static enum lm_status check_pin(const struct import_params *p, struct lm_err *err)
{
    struct lm_digest digest;
    char hex[LM_DIGEST_HEX];
    if (p->sha256[0] == '\0')
        return LM_OK;
    if (lm_path_is_dir(p->path))
        return lm_fail(err, LM_INVALID,
                       "%s is a folder, which a sha256 cannot pin; leave sha256 out", p->path);
    LM_TRY(lm_sha256_file(&digest, NULL, p->path, err));
    lm_digest_hex(hex, &digest);
    if (strcmp(hex, p->sha256) == 0)
        return LM_OK;
    return lm_fail(err, LM_MISMATCH, "%s has sha256 %s, not %s; if it is right, pin that", p->path,
                   hex, p->sha256);
}

/* ---- what ---- */

static enum lm_status load_gguf(struct imported *out, const char *path, bool needs_vocab,
                                const struct lm_model_options *options, struct lm_err *err)
{
    struct lm_gguf *gguf = NULL;
    LM_TRY(lm_gguf_open(&gguf, path, err));
    enum lm_status status = lm_gguf_load_model(&out->model, gguf, options, err);
    if (status == LM_OK && needs_vocab)
        status = lm_gguf_load_vocab(&out->vocab, gguf, err);
    lm_gguf_close(gguf);
    return status;
}

static enum lm_status load(struct imported *out, struct lm_ctx *ctx, const struct import_params *p,
                           const char *source, struct lm_err *err)
{
    const struct lm_model_options options = {.threads = 1, .kernels = lm_ctx_kernels(ctx)};
    bool has_pattern = strcmp(p->vocab.pattern, IMPORT_PATTERN_OF_FILE) != 0;
    bool is_apart = p->vocab.path[0] != '\0';
    const struct lm_vocab_source vocab = {.path = is_apart ? p->vocab.path : source,
                                          .pattern = has_pattern ? p->vocab.pattern : NULL,
                                          .is_alone = is_apart};
    if (ends_with(source, ".gguf") && !lm_path_is_dir(source))
        LM_TRY(load_gguf(out, source, !is_apart, &options, err));
    else
        LM_TRY(lm_model_import_hf(&out->model, source, &options, err));
    return out->vocab == NULL ? lm_vocab_import(&out->vocab, &vocab, err) : LM_OK;
}

/* More rows than tokens pad the matrix; fewer cannot be. */
static enum lm_status check(const struct imported *imported, struct lm_err *err)
{
    int64_t tokens = lm_vocab_size(imported->vocab);
    int64_t rows = lm_model_config(imported->model)->vocab;
    if (tokens <= rows)
        return LM_OK;
    return lm_fail(err, LM_FORMAT,
                   "the vocabulary has %lld tokens, the model %lld; they do not belong together",
                   (long long)tokens, (long long)rows);
}

static enum lm_status write(struct lm_ctx *ctx, const struct imported *imported, struct lm_err *err)
{
    const char *folder = lm_ctx_output(ctx, "model");
    const char *beside = lm_path_join(lm_ctx_arena(ctx), folder, "vocab");
    if (beside == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    LM_TRY(lm_model_save(imported->model, folder, err));
    LM_TRY(lm_vocab_save(imported->vocab, beside, err));
    return lm_vocab_save(imported->vocab, lm_ctx_output(ctx, "vocab"), err);
}

static void tell(struct lm_ctx *ctx, const struct imported *imported)
{
    const struct lm_model_config *config = lm_model_config(imported->model);
    int64_t parameters = lm_model_parameters(config);
    lm_ctx_result(ctx, "parameters", (double)parameters);
    lm_ctx_result(ctx, "tokens", (double)lm_vocab_size(imported->vocab));
    lm_ctx_headline(ctx, "%lld parameters", (long long)parameters);
}

extern lm_run_fn lm_run_import;

enum lm_status lm_run_import(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    const struct import_params *p = params;
    struct imported imported = {NULL, NULL};
    const char *source = NULL;
    lm_ctx_doing(ctx, "reading the model");
    LM_TRY(check_pin(p, err));
    LM_TRY(find_source(&source, ctx, p, err));
    enum lm_status status = load(&imported, ctx, p, source, err);
    if (status == LM_OK)
        status = check(&imported, err);
    lm_ctx_doing(ctx, "writing the model");
    if (status == LM_OK)
        status = write(ctx, &imported, err);
    if (status == LM_OK)
        tell(ctx, &imported);
    lm_model_free(imported.model);
    lm_vocab_free(imported.vocab);
    return status;
}
