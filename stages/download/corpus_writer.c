#include "corpus_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"

#include "member.h"

struct corpus_file {
    const char *name; /**< within the source */
    uint64_t bytes;
    struct lm_digest digest;
};

struct corpus_source {
    const char *name, *license;
    struct corpus_file *files;
    size_t count, capacity;
    struct corpus_source *next;
};

struct lm_corpus_writer {
    struct lm_arena *arena;
    const char *folder, *source_folder;
    struct lm_corpus_limits limits;
    struct corpus_source *first, *current;
    uint64_t files, bytes;
    struct lm_sha256 *hash;
    struct corpus_file member;
    const char *path; /**< of the open member */
    int fd;
};

static enum lm_status out_of_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory for the list of files");
}

enum lm_status lm_corpus_create(struct lm_corpus_writer **out, struct lm_arena *arena,
                                const char *folder, const struct lm_corpus_limits *limits,
                                struct lm_err *err)
{
    struct lm_corpus_writer *writer = LM_NEW(arena, struct lm_corpus_writer);
    if (writer == NULL)
        return out_of_memory(err);
    *writer =
        (struct lm_corpus_writer){.arena = arena, .folder = folder, .limits = *limits, .fd = -1};
    writer->hash = lm_sha256_create();
    if (writer->hash == NULL)
        return out_of_memory(err);
    *out = writer;
    return LM_OK;
}

enum lm_status lm_corpus_begin_source(struct lm_corpus_writer *writer, const char *name,
                                      const char *license, struct lm_err *err)
{
    struct corpus_source *source = LM_NEW(writer->arena, struct corpus_source);
    const char *files = lm_path_join(writer->arena, writer->folder, "files");
    if (source == NULL || files == NULL)
        return out_of_memory(err);
    writer->source_folder = lm_path_join(writer->arena, files, name);
    if (writer->source_folder == NULL)
        return out_of_memory(err);
    *source = (struct corpus_source){.name = name, .license = license};
    if (writer->current != NULL)
        writer->current->next = source;
    else
        writer->first = source;
    writer->current = source;
    return lm_dir_create(writer->source_folder, err);
}

enum lm_status lm_corpus_begin_member(struct lm_corpus_writer *writer, const char *name,
                                      struct lm_err *err)
{
    char shown[LM_MEMBER_SHOWN];
    if (writer->files >= writer->limits.max_files)
        return lm_fail(err, LM_RANGE, "more than %llu files; raise max_files if this is meant",
                       (unsigned long long)writer->limits.max_files);
    writer->path = lm_path_join(writer->arena, writer->source_folder, name);
    const char *folder = writer->path ? lm_path_dir(writer->arena, writer->path) : NULL;
    if (folder == NULL)
        return out_of_memory(err);
    LM_TRY(lm_dir_create(folder, err));
    writer->fd = open(writer->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (writer->fd < 0 && (errno == EEXIST || errno == EISDIR))
        return lm_fail(err, LM_FORMAT,
                       "two members are named \"%s\"; unpack and check the archive by hand",
                       lm_member_show(shown, name));
    if (writer->fd < 0)
        return lm_fail_errno(err, errno, "cannot create %s", writer->path);
    writer->member = (struct corpus_file){.name = name};
    return LM_OK;
}

enum lm_status lm_corpus_write(struct lm_corpus_writer *writer, const void *data, size_t size,
                               struct lm_err *err)
{
    if (size > writer->limits.max_bytes - writer->bytes)
        return lm_fail(err, LM_RANGE,
                       "the corpus would be larger than %llu bytes; raise max_bytes if this is "
                       "meant",
                       (unsigned long long)writer->limits.max_bytes);
    LM_TRY(lm_write_all(writer->fd, data, size, writer->path, err));
    lm_sha256_update(writer->hash, data, size);
    writer->member.bytes += size;
    writer->bytes += size;
    return LM_OK;
}

enum lm_status lm_corpus_end_member(struct lm_corpus_writer *writer, struct lm_digest *digest,
                                    struct lm_err *err)
{
    struct corpus_source *source = writer->current;
    int fd = writer->fd;
    writer->fd = -1;
    if (close(fd) != 0)
        return lm_fail_errno(err, errno, "cannot write %s", writer->path);
    lm_sha256_final(writer->hash, &writer->member.digest);
    struct corpus_file *files = lm_arena_grow(writer->arena, source->files, source->count,
                                              &source->capacity, sizeof *files);
    if (files == NULL)
        return out_of_memory(err);
    source->files = files;
    *digest = writer->member.digest;
    source->files[source->count++] = writer->member;
    writer->files++;
    return LM_OK;
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static int compare_folded(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    while (*x != '\0' && lower(*x) == lower(*y)) {
        x++;
        y++;
    }
    return (int)lower(*x) - (int)lower(*y);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct corpus_file *)a)->name, ((const struct corpus_file *)b)->name);
}

/** Names that differ in case only would be one file on some systems. */
static enum lm_status check_folded(struct lm_corpus_writer *writer, struct lm_err *err)
{
    const struct corpus_source *source = writer->current;
    char shown[LM_MEMBER_SHOWN];
    const char **names = LM_NEW_ARRAY(writer->arena, const char *, source->count);
    if (names == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < source->count; i++)
        names[i] = source->files[i].name;
    qsort(names, source->count, sizeof *names, compare_folded);
    for (size_t i = 1; i < source->count; i++)
        if (compare_folded(&names[i - 1], &names[i]) == 0)
            return lm_fail(err, LM_FORMAT,
                           "two members differ from \"%s\" in upper and lower case only; rename "
                           "one, or choose with include",
                           lm_member_show(shown, names[i]));
    return LM_OK;
}

enum lm_status lm_corpus_end_source(struct lm_corpus_writer *writer, uint64_t *files,
                                    struct lm_err *err)
{
    struct corpus_source *source = writer->current;
    if (source->count > 1) {
        LM_TRY(check_folded(writer, err));
        qsort(source->files, source->count, sizeof *source->files, compare_names);
    }
    *files = source->count;
    return LM_OK;
}

static void put_source(struct lm_json_writer *json, struct lm_arena *arena,
                       const struct corpus_source *source, bool *failed)
{
    lm_json_open(json, '{');
    lm_json_member_string(json, "name", source->name);
    lm_json_member_string(json, "license", source->license);
    lm_json_key(json, "files");
    lm_json_open(json, '[');
    for (size_t i = 0; i < source->count; i++) {
        const struct corpus_file *file = &source->files[i];
        char hex[LM_DIGEST_HEX];
        const char *path = lm_arena_printf(arena, "files/%s/%s", source->name, file->name);
        *failed = *failed || path == NULL;
        lm_digest_hex(hex, &file->digest);
        lm_json_open(json, '{');
        lm_json_member_string(json, "path", path != NULL ? path : "");
        lm_json_member_int(json, "bytes", (int64_t)file->bytes);
        lm_json_member_string(json, "sha256", hex);
        lm_json_close(json, '}');
    }
    lm_json_close(json, ']');
    lm_json_close(json, '}');
}

enum lm_status lm_corpus_finish(struct lm_corpus_writer *writer, struct lm_err *err)
{
    enum lm_status status;
    struct lm_buf buf;
    struct lm_json_writer json;
    bool failed = false;
    const char *path = lm_path_join(writer->arena, writer->folder, "manifest.json");
    if (path == NULL)
        return out_of_memory(err);
    lm_buf_init(&buf, 0);
    lm_json_begin(&json, &buf, true);
    lm_json_open(&json, '{');
    lm_json_member_int(&json, "lmpipe_corpus", 1);
    lm_json_key(&json, "sources");
    lm_json_open(&json, '[');
    for (const struct corpus_source *s = writer->first; s != NULL; s = s->next)
        put_source(&json, writer->arena, s, &failed);
    lm_json_close(&json, ']');
    lm_json_close(&json, '}');
    lm_buf_putc(&buf, '\n');
    status = failed ? out_of_memory(err) : lm_file_write_buf(path, &buf, err);
    lm_buf_release(&buf);
    return status;
}

uint64_t lm_corpus_files(const struct lm_corpus_writer *writer)
{
    return writer->files;
}

uint64_t lm_corpus_bytes(const struct lm_corpus_writer *writer)
{
    return writer->bytes;
}

void lm_corpus_free(struct lm_corpus_writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->fd >= 0)
        close(writer->fd);
    lm_sha256_free(writer->hash);
}
