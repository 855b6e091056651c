/** The work of `download`: each source is fetched, checked, unpacked and listed. */
#include "download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmpipe/stage.h>

#include "base/glob.h"
#include "text/file_kind.h"

#include "corpus_writer.h"
#include "fetch.h"
#include "member.h"
#include "unpack.h"

#define BLOCK (256 * 1024)
#define SINGLE_MEMBER                                                                              \
    "data" /**< name of a source that is one file: its own is no part of the key */

struct unpacking {
    struct lm_ctx *ctx;
    struct lm_corpus_writer *writer;
    const struct lm_download_source *source;
    const struct lm_fetched *fetched;
    const char *last; /**< the member taken last, or NULL */
    char *block;      /**< BLOCK bytes */
    uint64_t skipped; /**< members that are no regular files */
    uint64_t hidden, unmatched;
};

/** Fills a block from wherever a member comes from. *got < BLOCK at its end only. */
typedef enum lm_status read_fn(void *from, char *block, size_t *got, struct lm_err *err);

static enum lm_status read_archive(void *from, char *block, size_t *got, struct lm_err *err)
{
    return lm_archive_read(from, block, BLOCK, got, err);
}

static enum lm_status read_file(void *from, char *block, size_t *got, struct lm_err *err)
{
    int fd = *(int *)from;
    size_t n = 0;
    while (n < BLOCK) {
        ssize_t part = read(fd, block + n, BLOCK - n);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return lm_fail_errno(err, errno, "cannot read a file");
        if (part == 0)
            break;
        n += (size_t)part;
    }
    *got = n;
    return LM_OK;
}

/** Copies one member into the corpus; *digest: of its bytes. */
static enum lm_status pump(struct unpacking *u, struct lm_digest *digest, const char *name,
                           read_fn *read_block, void *from, struct lm_err *err)
{
    size_t got = BLOCK;
    LM_TRY(lm_corpus_begin_member(u->writer, name, err));
    for (bool first = true; got == BLOCK; first = false) {
        if (lm_ctx_cancelled(u->ctx))
            return lm_fail(err, LM_CANCELLED, "interrupted");
        LM_TRY(read_block(from, u->block, &got, err));
        bool checked = first && u->source->unpack;
        const char *packing = checked ? lm_file_packing((const uint8_t *)u->block, got) : NULL;
        if (packing != NULL)
            return lm_fail(err, LM_UNSUPPORTED,
                           "is packed itself (%s) and only one level is unpacked; unpack it by "
                           "hand, or leave it out with include",
                           packing);
        LM_TRY(lm_corpus_write(u->writer, u->block, got, err));
        lm_ctx_progress(u->ctx, lm_corpus_bytes(u->writer), 0, "bytes unpacked");
    }
    return lm_corpus_end_member(u->writer, digest, err);
}

/** Globs decide when there are any; else all that is not hidden is taken. */
static bool is_wanted(struct unpacking *u, const char *name)
{
    const char *const *globs = u->source->include.items;
    if (u->source->include.count == 0 || u->fetched->name != NULL) { /* a list's: of its files */
        u->hidden += lm_member_is_hidden(name);
        return !lm_member_is_hidden(name);
    }
    for (size_t i = 0; i < u->source->include.count; i++)
        if (lm_glob_matches(globs[i], name))
            return true;
    u->unmatched++;
    return false;
}

/** Whether a member is taken, and its clean name. A name that cannot be one stops nothing that
 *  include leaves out. */
static enum lm_status name_member(struct unpacking *u, const char *raw, const char **name,
                                  bool *wanted, struct lm_err *err)
{
    struct lm_err fault = {0};
    enum lm_status status = lm_member_clean(name, lm_ctx_arena(u->ctx), raw, &fault);
    bool chosen = u->source->include.count > 0 && u->fetched->name == NULL;
    *wanted = (status == LM_OK || chosen) && is_wanted(u, status == LM_OK ? *name : raw);
    if (status == LM_OK || (!*wanted && chosen))
        return LM_OK;
    return lm_fail(err, status, "%s", fault.text);
}

/** Of a list each file has its name, and what is in an archive stands below it; a compressed one
 *  loses the end of its name that says so. */
static enum lm_status place_member(const struct unpacking *u, const char **name, bool single,
                                   struct lm_err *err)
{
    static const char *const packed[] = {".gz", ".zst", ".xz", ".bz2", ".dz"};
    struct lm_arena *arena = lm_ctx_arena(u->ctx);
    const char *file = u->fetched->name;
    size_t length = file != NULL ? strlen(file) : 0;
    if (file == NULL)
        return LM_OK;
    if (!single) {
        const char *joined = lm_path_join(arena, file, *name);
        return joined != NULL ? lm_member_clean(name, arena, joined, err)
                              : lm_fail(err, LM_NOMEM, "out of memory for a list of files");
    }
    for (size_t i = 0; i < sizeof packed / sizeof packed[0] && u->source->unpack; i++) {
        size_t end = strlen(packed[i]);
        bool is_name = length > end && file[length - end - 1] != '/';
        if (is_name && strcmp(file + length - end, packed[i]) == 0) {
            *name = lm_arena_strndup(arena, file, length - end);
            return *name != NULL ? LM_OK
                                 : lm_fail(err, LM_NOMEM, "out of memory for a list of files");
        }
    }
    *name = file;
    return LM_OK;
}

static enum lm_status take_member(struct unpacking *u, struct lm_archive *archive,
                                  const struct lm_archive_member *member, const char *name,
                                  struct lm_err *err)
{
    struct lm_digest ignored;
    char shown[LM_MEMBER_SHOWN];
    enum lm_status status = LM_OK;
    if (member->encrypted)
        status = lm_fail(err, LM_UNSUPPORTED,
                         "is encrypted; decrypt it by hand, or leave it out with include");
    if (status == LM_OK)
        status = pump(u, &ignored, name, read_archive, archive, err);
    if (status == LM_OK || status == LM_CANCELLED || member->single)
        return status;
    return lm_wrap(err, status, "member \"%s\"", lm_member_show(shown, name));
}

static enum lm_status unpack_member(struct unpacking *u, struct lm_archive *archive,
                                    const struct lm_archive_member *member, struct lm_err *err)
{
    static const char unnamed[] = "\xff"; /* not UTF-8, and shown as such */
    const char *name = SINGLE_MEMBER;
    bool wanted = true;
    if (member->single && u->source->include.count > 0 && u->fetched->name == NULL)
        return lm_fail(err, LM_INVALID,
                       "include chooses members of archives and folders, but this is a single "
                       "file; remove include");
    if (!member->single && !member->regular) {
        u->skipped += !member->folder;
        return LM_OK;
    }
    if (!member->single)
        LM_TRY(name_member(u, member->name != NULL ? member->name : unnamed, &name, &wanted, err));
    if (!wanted)
        return LM_OK;
    LM_TRY(place_member(u, &name, member->single, err));
    u->last = member->single ? NULL : name;
    return take_member(u, archive, member, name, err);
}

static bool is_cancelled(void *user)
{
    return lm_ctx_cancelled(user);
}

/** Goes on to the next member; what fails there has no name yet. */
static enum lm_status next_member(const struct unpacking *u, struct lm_archive *archive,
                                  struct lm_archive_member *member, bool *end, struct lm_err *err)
{
    char shown[LM_MEMBER_SHOWN];
    if (lm_ctx_cancelled(u->ctx))
        return lm_fail(err, LM_CANCELLED, "interrupted");
    enum lm_status status = lm_archive_next(archive, member, end, err);
    if (status == LM_OK || status == LM_CANCELLED || u->last == NULL)
        return status;
    return lm_wrap(err, status, "after member \"%s\"", lm_member_show(shown, u->last));
}

static enum lm_status unpack_file(struct unpacking *u, struct lm_err *err)
{
    struct lm_archive *archive = NULL;
    struct lm_archive_member member = {0};
    bool end = false;
    LM_TRY(lm_archive_open(&archive, u->fetched->path, is_cancelled, u->ctx, err));
    enum lm_status status = next_member(u, archive, &member, &end, err);
    while (status == LM_OK && !end) {
        status = unpack_member(u, archive, &member, err);
        if (status == LM_OK)
            status = next_member(u, archive, &member, &end, err);
    }
    lm_archive_close(archive);
    return status;
}

/** Copies the file at `path`, which must still be what was hashed. */
static enum lm_status copy_path(struct unpacking *u, const char *name, const char *path,
                                const struct lm_digest *want, struct lm_err *err)
{
    struct lm_digest digest;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return lm_fail_errno(err, errno, "cannot open %s", path);
    enum lm_status status = pump(u, &digest, name, read_file, &fd, err);
    close(fd);
    if (status == LM_OK && lm_digest_compare(&digest, want) != 0)
        status = lm_fail(err, LM_IO, "%s changed while it was read; run again", path);
    return status;
}

/** Copies file `index` of a folder. */
static enum lm_status copy_file(struct unpacking *u, const char *name, size_t index,
                                struct lm_err *err)
{
    const char *path =
        lm_path_join(lm_ctx_arena(u->ctx), u->fetched->path, u->fetched->names.items[index]);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for the list of files");
    return copy_path(u, name, path, &u->fetched->digests[index], err);
}

/** A file as it was fetched. */
static enum lm_status copy_whole(struct unpacking *u, struct lm_err *err)
{
    const char *name = SINGLE_MEMBER;
    if (u->source->include.count > 0 && u->fetched->name == NULL)
        return lm_fail(err, LM_INVALID,
                       "include chooses members, and unpack: false leaves the file whole; remove "
                       "one of the two");
    LM_TRY(place_member(u, &name, true, err));
    return copy_path(u, name, u->fetched->path, &u->fetched->digest, err);
}

/** What is no file is left out, but a link that leads nowhere where a file was wanted: its text
 * would be missing without a word. */
static enum lm_status pass_over(struct unpacking *u, const char *name, struct lm_err *err)
{
    struct stat info;
    const char *clean = NULL;
    char shown[LM_MEMBER_SHOWN];
    const char *path = lm_path_join(lm_ctx_arena(u->ctx), u->fetched->path, name);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for the list of files");
    bool is_named = lm_member_clean(&clean, lm_ctx_arena(u->ctx), name, NULL) == LM_OK;
    if (!is_wanted(u, is_named ? clean : name))
        return LM_OK;
    u->skipped++;
    if (stat(path, &info) == 0)
        return LM_OK;
    return lm_fail(err, LM_NOT_FOUND,
                   "\"%s\" is a link that leads nowhere; fix it, remove it, or leave it out with "
                   "include",
                   lm_member_show(shown, name));
}

static enum lm_status copy_folder(struct unpacking *u, struct lm_err *err)
{
    const struct lm_names *names = &u->fetched->names;
    for (size_t i = 0; i < u->fetched->others.count; i++)
        LM_TRY(pass_over(u, u->fetched->others.items[i], err));
    for (size_t i = 0; i < names->count; i++) {
        const char *name = NULL;
        bool wanted = false;
        LM_TRY(name_member(u, names->items[i], &name, &wanted, err));
        if (wanted)
            LM_TRY(copy_file(u, name, i, err));
    }
    return LM_OK;
}

/** What was left out is said, and nothing left is an error. */
static enum lm_status account(const struct unpacking *u, uint64_t files, struct lm_err *err)
{
    if (u->skipped > 0)
        lm_ctx_note(u->ctx, "source '%s': %llu links and devices left out", u->source->name,
                    (unsigned long long)u->skipped);
    if (u->hidden > 0)
        lm_ctx_note(u->ctx, "source '%s': %llu hidden files left out (include can take them)",
                    u->source->name, (unsigned long long)u->hidden);
    if (files > 0)
        return LM_OK;
    if (u->unmatched > 0)
        return lm_fail(err, LM_INVALID,
                       "none of %llu files matches include; * matches any run of "
                       "characters",
                       (unsigned long long)u->unmatched);
    return lm_fail(err, LM_INVALID, "holds no file, or only an empty one; check the location");
}

/** What came from an address that is not pinned: for people, and for lock files. */
static void tell_unpinned(struct lm_ctx *ctx, const struct lm_download_source *source, size_t index,
                          const struct lm_digest *digest)
{
    char hex[LM_DIGEST_HEX], param[48];
    lm_digest_hex(hex, digest);
    lm_ctx_note(ctx, "source '%s' is not pinned; to pin it, write   sha256: %s", source->name, hex);
    snprintf(param, sizeof param, "sources.%zu.url", index);
    if (source->url[0] != '\0')
        lm_ctx_source(ctx, param, digest);
}

/** The same of a list, as lines for the file that sums names. */
static void tell_unpinned_list(const struct lm_fetch *fetch, struct lm_ctx *ctx,
                               const struct lm_download_source *source, size_t index)
{
    char hex[LM_DIGEST_HEX];
    const struct lm_fetched *file;
    lm_ctx_note(ctx,
                "source '%s' is not pinned; to pin it, write these lines into a file, and sums: "
                "FILE",
                source->name);
    for (size_t i = 0; (file = lm_fetch_file(fetch, index, i)) != NULL; i++) {
        lm_digest_hex(hex, &file->digest);
        lm_ctx_note(ctx, "%s  %s", hex, file->name);
    }
}

static enum lm_status take_file(struct unpacking *u, const struct lm_fetched *fetched,
                                struct lm_err *err)
{
    enum lm_status status;
    u->fetched = fetched;
    u->last = NULL;
    if (fetched->folder)
        status = copy_folder(u, err);
    else
        status = u->source->unpack ? unpack_file(u, err) : copy_whole(u, err);
    if (status != LM_OK && !fetched->folder && status != LM_CANCELLED)
        return lm_wrap(err, status, "%s", fetched->shown);
    LM_TRY(status);
    return lm_fetched_check(fetched, err);
}

static enum lm_status take_source(const struct lm_fetch *fetch, struct unpacking u, size_t index,
                                  struct lm_err *err)
{
    const struct lm_download_source *source = u.source;
    struct lm_corpus_writer *writer = u.writer;
    const struct lm_fetched *file = lm_fetch_file(fetch, index, 0);
    uint64_t files = 0;
    if (source->urls[0] != '\0' && source->allow_unpinned)
        tell_unpinned_list(fetch, u.ctx, source, index);
    else if (source->allow_unpinned && file != NULL)
        tell_unpinned(u.ctx, source, index, &file->digest);
    LM_TRY(lm_corpus_begin_source(writer, source->name, source->license, err));
    for (size_t i = 0; file != NULL; file = lm_fetch_file(fetch, index, ++i))
        LM_TRY(take_file(&u, file, err));
    LM_TRY(lm_corpus_end_source(writer, &files, err));
    return account(&u, files, err);
}

static enum lm_status take_sources(const struct lm_fetch *fetch, struct lm_ctx *ctx,
                                   const struct lm_download_params *params,
                                   struct lm_corpus_writer *writer, struct lm_err *err)
{
    const struct lm_download_source *sources = params->sources.items;
    size_t count = params->sources.count;
    enum lm_status status = LM_OK;
    struct unpacking u = {.ctx = ctx, .writer = writer};
    u.block = malloc(BLOCK);
    if (u.block == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    for (size_t i = 0; i < count && status == LM_OK; i++) {
        u.source = &sources[i];
        status = take_source(fetch, u, i, err);
        if (status != LM_OK)
            status = lm_wrap(err, status, "source '%s'", sources[i].name);
    }
    free(u.block);
    LM_TRY(status);
    LM_TRY(lm_corpus_finish(writer, err));
    lm_ctx_result(ctx, "sources", (double)count);
    lm_ctx_result(ctx, "files", (double)lm_corpus_files(writer));
    lm_ctx_result(ctx, "bytes", (double)lm_corpus_bytes(writer));
    lm_ctx_headline(ctx, "%llu %s, %.1f MB", (unsigned long long)lm_corpus_files(writer),
                    lm_corpus_files(writer) == 1 ? "file" : "files",
                    (double)lm_corpus_bytes(writer) / 1e6);
    return LM_OK;
}

extern lm_run_fn lm_run_download;

enum lm_status lm_run_download(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    const struct lm_download_params *p = params;
    struct lm_corpus_writer *writer = NULL;
    struct lm_fetch *fetch = NULL;
    const struct lm_corpus_limits limits = {(uint64_t)p->max_bytes, (uint64_t)p->max_files};
    LM_TRY(lm_fetch_create(&fetch, ctx, p, err));
    enum lm_status status = lm_fetch_all(fetch, err);
    if (status == LM_OK)
        status = lm_corpus_create(&writer, lm_ctx_arena(ctx), lm_ctx_output(ctx, "corpus"), &limits,
                                  err);
    if (status == LM_OK)
        status = take_sources(fetch, ctx, p, writer, err);
    lm_corpus_free(writer);
    lm_fetch_free(fetch);
    return status;
}
