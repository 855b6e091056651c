#include "clean_corpus.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"

#define LARGEST_MANIFEST ((size_t)1 << 30)

static enum lm_status fault(const char *what, struct lm_err *err)
{
    lm_fail(err, LM_FORMAT, "manifest.json of the corpus: %s; run the download stage again", what);
    return LM_FORMAT;
}

/* Relative, and never upwards. */
static bool is_path_sound(const char *path)
{
    if (path == NULL || path[0] == '/' || path[0] == '\0')
        return false;
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return false;
    }
    return true;
}

static int compare_files(const void *a, const void *b)
{
    const struct clean_file *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return strcmp(x->path, y->path);
}

static enum lm_status add_files(struct clean_corpus *corpus, struct lm_arena *arena, size_t source,
                                const struct lm_json *files, struct lm_err *err)
{
    for (size_t i = 0; i < lm_json_count(files); i++) {
        const struct lm_json *file = lm_json_at(files, i);
        const char *path = lm_json_string(lm_json_get(file, "path"), NULL);
        if (!is_path_sound(path))
            return fault("a file without a sound path", err);
        const char *digest = lm_json_string(lm_json_get(file, "sha256"), NULL);
        char *copy = lm_arena_strdup(arena, path);
        char *copied = lm_arena_strdup(arena, digest != NULL ? digest : "");
        if (copy == NULL || copied == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for the manifest; free some");
        int64_t bytes = lm_json_int(lm_json_get(file, "bytes"), 0);
        corpus->files[corpus->file_count++] = (struct clean_file){
            .path = copy, .digest = copied, .source = source, .bytes = bytes > 0 ? bytes : 0};
        corpus->sources[source].bytes += bytes;
        corpus->sources[source].files++;
    }
    return LM_OK;
}

/* A source of the manifest with its files, while they are brought into order. */
struct entry {
    const char *name;
    const struct lm_json *json;
};

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static enum lm_status list_entries(struct entry **out, size_t *files, struct lm_arena *arena,
                                   const struct lm_json *sources, struct lm_err *err)
{
    size_t count = lm_json_count(sources);
    struct entry *entries = LM_NEW_ARRAY(arena, struct entry, count);
    if (entries == NULL) {
        lm_fail(err, LM_NOMEM, "no memory for the manifest; free some");
        return LM_NOMEM;
    }
    *files = 0;
    for (size_t i = 0; i < count; i++) {
        entries[i].json = lm_json_at(sources, i);
        entries[i].name = lm_json_string(lm_json_get(entries[i].json, "name"), NULL);
        if (entries[i].name == NULL)
            return fault("a source without a name", err);
        *files += lm_json_count(lm_json_get(entries[i].json, "files"));
    }
    qsort(entries, count, sizeof *entries, compare_entries);
    *out = entries;
    return LM_OK;
}

static enum lm_status fill(struct clean_corpus *corpus, struct lm_arena *arena,
                           const struct lm_json *root, struct lm_err *err)
{
    const struct lm_json *sources = lm_json_get(root, "sources");
    struct entry *entries = NULL;
    size_t files = 0;
    if (lm_json_int(lm_json_get(root, "lmpipe_corpus"), 0) != 1 || !lm_json_is_array(sources))
        return fault("not a corpus of version 1", err);
    LM_TRY(list_entries(&entries, &files, arena, sources, err));
    corpus->source_count = lm_json_count(sources);
    corpus->sources = LM_NEW_ARRAY(arena, struct clean_source, corpus->source_count);
    corpus->files = LM_NEW_ARRAY(arena, struct clean_file, files);
    if (corpus->sources == NULL || corpus->files == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the manifest; free some");
    for (size_t i = 0; i < corpus->source_count; i++) {
        const char *license = lm_json_string(lm_json_get(entries[i].json, "license"), NULL);
        corpus->sources[i].name = lm_arena_strdup(arena, entries[i].name);
        corpus->sources[i].license = lm_arena_strdup(arena, license == NULL ? "" : license);
        if (corpus->sources[i].name == NULL || corpus->sources[i].license == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for the manifest; free some");
        LM_TRY(add_files(corpus, arena, i, lm_json_get(entries[i].json, "files"), err));
    }
    qsort(corpus->files, corpus->file_count, sizeof *corpus->files, compare_files);
    for (size_t i = 0; i < corpus->file_count; i++) {
        corpus->files[i].before = corpus->bytes;
        corpus->bytes += corpus->files[i].bytes;
    }
    return LM_OK;
}

/* As `sha256sum` of a source's files, sorted by their names, and once more of what it prints. */
static enum lm_status sum(struct clean_corpus *corpus, struct lm_err *err)
{
    for (size_t i = 0, at = 0; i < corpus->source_count; i++) {
        bool is_told = corpus->sources[i].files > 0;
        struct lm_digest digest;
        struct lm_sha256 *hash = lm_sha256_create();
        if (hash == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for the manifest; free some");
        for (size_t end = at + corpus->sources[i].files; at < end; at++) {
            const struct clean_file *file = &corpus->files[at];
            const char *const parts[] = {file->digest, "  ", clean_file_member(file), "\n"};
            for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
                lm_sha256_update(hash, parts[k], strlen(parts[k]));
            is_told = is_told && file->digest[0] != '\0';
        }
        lm_sha256_final(hash, &digest);
        lm_sha256_free(hash);
        if (is_told)
            lm_digest_hex(corpus->sources[i].digest, &digest);
    }
    return LM_OK;
}

enum lm_status clean_corpus_read(struct clean_corpus *out, struct lm_arena *arena,
                                 const char *folder, struct lm_err *err)
{
    struct clean_corpus corpus = {0};
    struct lm_json *root = NULL;
    char *text;
    size_t size;
    const char *path = lm_path_join(arena, folder, "manifest.json");
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    LM_TRY(lm_file_read(&text, &size, arena, path, LARGEST_MANIFEST, err));
    LM_TRY(lm_json_parse(&root, text, size, err));
    enum lm_status status = fill(&corpus, arena, root, err);
    lm_json_free(root);
    if (status == LM_OK)
        status = sum(&corpus, err);
    if (status == LM_OK)
        *out = corpus;
    return status;
}

const char *clean_file_member(const struct clean_file *file)
{
    const char *source = strchr(file->path, '/');
    const char *member = source != NULL ? strchr(source + 1, '/') : NULL;
    return member != NULL ? member + 1 : file->path;
}
