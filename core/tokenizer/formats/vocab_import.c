/* Which format a file has, its reading, its pin. */
#include "tokenizer/formats/vocab_import.h"

#include <lmpipe/gguf.h>

#include <string.h>

#include "base/io.h"
#include "tokenizer/formats/published.h"
#include "tokenizer/vocab.h"

#define LARGEST_FILE ((size_t)64 << 20)

/* GPT-2's two files by the ends of their names. */
static const struct {
    const char *vocab, *merges;
} pairs[] = {{"vocab.json", "merges.txt"}, {"encoder.json", "vocab.bpe"}};

enum { PAIRS = sizeof pairs / sizeof pairs[0] };

/* What of a path is read, and how. */
struct place {
    lm_import_fn *import;
    const char *path;   /* tokenizer.json, vocab.json or ranks */
    const char *merges; /* or NULL */
};

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), length = strlen(end);
    return size >= length && strcmp(text + size - length, end) == 0;
}

/* `path` with another end. */
static const char *neighbour(struct lm_arena *arena, const char *path, const char *end,
                             const char *other)
{
    return lm_arena_printf(arena, "%.*s%s", (int)(strlen(path) - strlen(end)), path, other);
}

static enum lm_status find_in_folder(struct place *place, struct lm_arena *arena,
                                     const char *folder, struct lm_err *err)
{
    place->path = lm_path_join(arena, folder, "tokenizer.json");
    place->import = lm_import_hf;
    for (size_t i = 0; i < PAIRS && place->path != NULL && !lm_path_exists(place->path); i++) {
        place->path = lm_path_join(arena, folder, pairs[i].vocab);
        place->merges = lm_path_join(arena, folder, pairs[i].merges);
        place->import = lm_import_gpt2;
        if (place->merges == NULL)
            place->path = NULL;
    }
    if (place->path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    if (!lm_path_exists(place->path))
        return lm_fail(err, LM_NOT_FOUND,
                       "%s holds neither tokenizer.json nor vocab.json and merges.txt; name a "
                       "file or another folder",
                       folder);
    return LM_OK;
}

/* One of GPT-2's two files; its neighbour is the other. LM_NOT_FOUND without a message: neither. */
static enum lm_status find_pair(struct place *place, struct lm_arena *arena,
                                const struct lm_vocab_source *source, struct lm_err *err)
{
    size_t i = 0;
    while (i < PAIRS && !ends_with(source->path, pairs[i].vocab) &&
           !ends_with(source->path, pairs[i].merges))
        i++;
    if (i == PAIRS)
        return LM_NOT_FOUND;
    if (source->is_alone)
        return lm_fail(err, LM_INVALID,
                       "%s is one of two files; name the folder that holds both, without sha256",
                       source->path);
    bool is_merges = ends_with(source->path, pairs[i].merges);
    place->path =
        is_merges ? neighbour(arena, source->path, pairs[i].merges, pairs[i].vocab) : source->path;
    place->merges =
        is_merges ? source->path : neighbour(arena, source->path, pairs[i].vocab, pairs[i].merges);
    place->import = lm_import_gpt2;
    return place->path != NULL && place->merges != NULL
               ? LM_OK
               : lm_fail(err, LM_NOMEM, "no memory for a path; free some");
}

static enum lm_status find_place(struct place *place, struct lm_arena *arena,
                                 const struct lm_vocab_source *source, struct lm_err *err)
{
    *place = (struct place){.path = source->path};
    if (lm_path_is_dir(source->path)) {
        if (source->sha256 != NULL)
            return lm_fail(err, LM_INVALID,
                           "%s is a folder, which a sha256 cannot pin; leave sha256 out",
                           source->path);
        return find_in_folder(place, arena, source->path, err);
    }
    enum lm_status status = find_pair(place, arena, source, err);
    return status == LM_NOT_FOUND ? LM_OK : status;
}

/* ---- reading ---- */

static enum lm_status read_pattern(struct lm_import *import, const char *name, struct lm_err *err)
{
    if (name == NULL)
        return LM_OK;
    for (int i = 0; lm_pattern_names[i] != NULL; i++) {
        if (strcmp(lm_pattern_names[i], name) == 0 && i != LM_PATTERN_REGEX) {
            import->pattern = (enum lm_pattern)i;
            import->has_pattern = true;
            return LM_OK;
        }
    }
    return lm_fail(err, LM_INVALID, "'%s' is no pattern to import with; name gpt2, cl100k or o200k",
                   name);
}

static enum lm_status check_pin(const struct lm_import *import,
                                const struct lm_vocab_source *source, struct lm_err *err)
{
    struct lm_digest want;
    char hex[LM_DIGEST_HEX];
    if (source->sha256 == NULL)
        return LM_OK;
    if (!lm_digest_parse(&want, source->sha256))
        return lm_fail(err, LM_INVALID,
                       "sha256 must be 64 hex digits; `sha256sum FILE` prints them");
    lm_digest_hex(hex, &want);
    if (strcmp(hex, import->sha256) != 0)
        return lm_fail(err, LM_MISMATCH,
                       "%s has the SHA-256 %s, not the one it is pinned to; take the file that was "
                       "meant, or pin it anew",
                       source->path, import->sha256);
    return LM_OK;
}

static enum lm_status read_files(struct lm_import *import, const struct place *place,
                                 struct lm_err *err)
{
    char *text;
    struct lm_digest digest;
    LM_TRY(lm_file_read(&text, &import->size, import->arena, place->path, LARGEST_FILE, err));
    import->text = text;
    lm_sha256_bytes(&digest, text, import->size);
    lm_digest_hex(import->sha256, &digest);
    if (place->merges == NULL)
        return LM_OK;
    LM_TRY(
        lm_file_read(&text, &import->merges_size, import->arena, place->merges, LARGEST_FILE, err));
    import->merges = text;
    return LM_OK;
}

/* A file that is JSON is a tokenizer.json, any other has ranks. */
static lm_import_fn *guess(const struct lm_import *import)
{
    size_t at = strspn(import->text, " \t\r\n");
    return import->text[at] == '{' ? lm_import_hf : lm_import_tiktoken;
}

enum lm_status lm_import_tell(struct lm_err *err, enum lm_status status, const char *path)
{
    struct lm_err inner;
    if (err == NULL)
        return status;
    inner = *err;
    bool says = strchr(inner.text, ';') != NULL;
    return lm_fail(err, status, "%s: %s%s", path, inner.text,
                   says ? "" : "; take the file from its source again");
}

/* A GGUF file, which may be too large to be read whole. */
static enum lm_status import_gguf(struct lm_vocab **out, struct lm_import *import,
                                  const struct lm_vocab_source *source, struct lm_err *err)
{
    struct lm_gguf *gguf = NULL;
    struct lm_vocab *vocab = NULL;
    struct lm_digest digest;
    if (source->sha256 != NULL) {
        LM_TRY(lm_sha256_file(&digest, NULL, source->path, err));
        lm_digest_hex(import->sha256, &digest);
        LM_TRY(check_pin(import, source, err));
    }
    LM_TRY(lm_gguf_open(&gguf, source->path, err));
    enum lm_status status = lm_gguf_load_vocab(&vocab, gguf, err);
    lm_gguf_close(gguf);
    LM_TRY(status);
    if (import->has_pattern && import->pattern != vocab->pattern) {
        status = lm_fail(err, LM_INVALID,
                         "%s: it says where to cut, and that is %s, not %s; leave the pattern out",
                         source->path, lm_pattern_names[vocab->pattern],
                         lm_pattern_names[import->pattern]);
        lm_vocab_free(vocab);
        return status;
    }
    *out = vocab;
    return LM_OK;
}

static enum lm_status import_with(struct lm_vocab **out, struct lm_import *import,
                                  const struct lm_vocab_source *source, struct lm_err *err)
{
    struct place place;
    LM_TRY(read_pattern(import, source->pattern, err));
    if (ends_with(source->path, ".gguf") && !lm_path_is_dir(source->path))
        return import_gguf(out, import, source, err);
    LM_TRY(find_place(&place, import->arena, source, err));
    LM_TRY(read_files(import, &place, err));
    LM_TRY(check_pin(import, source, err));
    lm_import_fn *run = place.import != NULL ? place.import : guess(import);
    enum lm_status status = run(out, import, err);
    return status == LM_OK ? LM_OK : lm_import_tell(err, status, place.path);
}

enum lm_status lm_vocab_import(struct lm_vocab **out, const struct lm_vocab_source *source,
                               struct lm_err *err)
{
    struct lm_import import = {.arena = lm_arena_create()};
    if (import.arena == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to read %s; free some", source->path);
    enum lm_status status = import_with(out, &import, source, err);
    lm_arena_free(import.arena);
    return status;
}
