/* Which format a file has, its reading, its pin. */
#include "tokenizer/formats/vocab_import.h"

#include <string.h>

#include "base/io.h"
#include "tokenizer/formats/import_shared.h"
#include "tokenizer/vocab.h"

#define LARGEST_FILE ((size_t)64 << 20)

/* The formats, in the order in which they are looked for: in a folder those with a name, by it; a
 * file by the end of its name, else by how it begins. */
static const struct format {
    const char *end;    /* of the name of the file */
    const char *merges; /* of the other's, when there are two */
    char first;         /* what its text begins with, white space aside; 0: anything */
    bool is_anywhere;   /* the name is not looked for in folders */
    bool is_binary;     /* read by its own means */
    lm_import_fn *run;
} formats[] = {
    {.end = "tokenizer.json", .run = lm_import_hf},
    {.end = "vocab.json", .merges = "merges.txt", .run = lm_import_gpt2},
    {.end = "encoder.json", .merges = "vocab.bpe", .run = lm_import_gpt2},
    {.end = ".gguf", .is_anywhere = true, .is_binary = true, .run = lm_import_gguf},
    {.end = "", .first = '{', .is_anywhere = true, .run = lm_import_hf},
    {.end = "", .is_anywhere = true, .run = lm_import_tiktoken},
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), length = strlen(end);
    return size >= length && strcmp(text + size - length, end) == 0;
}

/* ---- where it is ---- */

/* `path` with another end. */
static const char *neighbour(struct lm_arena *arena, const char *path, const char *end,
                             const char *other)
{
    return lm_arena_printf(arena, "%.*s%s", (int)(strlen(path) - strlen(end)), path, other);
}

static enum lm_status find_in_folder(const struct format **out, struct lm_import *import,
                                     const char *folder, struct lm_err *err)
{
    for (const struct format *format = formats; !format->is_anywhere; format++) {
        import->path = lm_path_join(import->arena, folder, format->end);
        if (import->path == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
        *out = format;
        if (lm_path_exists(import->path))
            return LM_OK;
    }
    return lm_fail(err, LM_NOT_FOUND,
                   "%s holds neither tokenizer.json nor vocab.json and merges.txt; name a file or "
                   "another folder",
                   folder);
}

/* By its name alone; NULL when that does not tell. */
static const struct format *find_by_name(const char *path)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i].end[0] != '\0' &&
            (ends_with(path, formats[i].end) ||
             (formats[i].merges != NULL && ends_with(path, formats[i].merges))))
            return &formats[i];
    return NULL;
}

static const struct format *find_by_text(const struct lm_import *import)
{
    char first = import->text[strspn(import->text, " \t\r\n")];
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i].end[0] == '\0' && (formats[i].first == 0 || formats[i].first == first))
            return &formats[i];
    return NULL;
}

/* Either of two files may be named; the one with the tokens comes first. */
static enum lm_status find_pair(struct lm_import *import, const struct format *format,
                                struct lm_err *err)
{
    const char *named = import->path;
    bool is_merges = ends_with(named, format->merges);
    import->path = is_merges ? neighbour(import->arena, named, format->merges, format->end) : named;
    import->merges_path =
        is_merges ? named : neighbour(import->arena, named, format->end, format->merges);
    return import->path != NULL && import->merges_path != NULL
               ? LM_OK
               : lm_fail(err, LM_NOMEM, "no memory for a path; free some");
}

/* What of the source is read; *format NULL when only its text tells. */
static enum lm_status find(const struct format **format, struct lm_import *import,
                           const struct lm_vocab_source *source, struct lm_err *err)
{
    bool is_folder = lm_path_is_dir(source->path);
    import->path = source->path;
    *format = is_folder ? NULL : find_by_name(source->path);
    if (is_folder && source->sha256 != NULL)
        return lm_fail(err, LM_INVALID,
                       "%s is a folder, which a sha256 cannot pin; leave sha256 out", source->path);
    if (is_folder)
        LM_TRY(find_in_folder(format, import, source->path, err));
    bool is_pair = *format != NULL && (*format)->merges != NULL;
    if (is_pair && !is_folder && source->is_alone)
        return lm_fail(err, LM_INVALID,
                       "%s is one of two files; name the folder that holds both, without sha256",
                       source->path);
    if (is_pair)
        LM_TRY(find_pair(import, *format, err));
    const char *folder = is_folder ? source->path
                         : is_pair ? lm_path_dir(import->arena, source->path)
                                   : NULL;
    return folder == NULL ? LM_OK
                          : lm_siblings_read(&import->beside, import->arena, folder, is_pair, err);
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

static enum lm_status check_pin(const char *hex, const struct lm_vocab_source *source,
                                struct lm_err *err)
{
    struct lm_digest want;
    char pinned[LM_DIGEST_HEX];
    if (source->sha256 == NULL)
        return LM_OK;
    if (!lm_digest_parse(&want, source->sha256))
        return lm_fail(err, LM_INVALID,
                       "sha256 must be 64 hex digits; `sha256sum FILE` prints them");
    lm_digest_hex(pinned, &want);
    if (strcmp(pinned, hex) != 0)
        return lm_fail(err, LM_MISMATCH,
                       "%s has the SHA-256 %s, not the one it is pinned to; take the file that was "
                       "meant, or pin it anew",
                       source->path, hex);
    return LM_OK;
}

static enum lm_status read_text(const char **out, size_t *size, struct lm_digest *digest,
                                const struct lm_import *import, const char *path,
                                struct lm_err *err)
{
    char *bytes;
    LM_TRY(lm_file_read(&bytes, size, import->arena, path, LARGEST_FILE, err));
    if (digest != NULL)
        lm_sha256_bytes(digest, bytes, *size);
    *out = bytes;
    enum lm_status status = lm_import_text(out, size, err);
    return status == LM_OK ? LM_OK : lm_import_tell(err, status, path, 0);
}

static enum lm_status read_files(struct lm_import *import, const struct lm_vocab_source *source,
                                 bool is_binary, struct lm_err *err)
{
    struct lm_digest digest;
    enum lm_status status = LM_OK;
    if (!is_binary)
        status = read_text(&import->text, &import->size, &digest, import, import->path, err);
    else if (source->sha256 != NULL)
        status = lm_sha256_file(&digest, NULL, import->path, err);
    LM_TRY(status);
    if (!is_binary || source->sha256 != NULL)
        lm_digest_hex(import->sha256, &digest);
    LM_TRY(check_pin(import->sha256, source, err));
    if (import->merges_path == NULL)
        return LM_OK;
    return read_text(&import->merges, &import->merges_size, NULL, import, import->merges_path, err);
}

static enum lm_status import_with(struct lm_vocab **out, struct lm_import *import,
                                  const struct lm_vocab_source *source, struct lm_err *err)
{
    const struct format *format;
    LM_TRY(read_pattern(import, source->pattern, err));
    LM_TRY(find(&format, import, source, err));
    LM_TRY(read_files(import, source, format != NULL && format->is_binary, err));
    if (format == NULL)
        format = find_by_text(import);
    return format->run(out, import, err);
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
