#include "unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "text/file_kind.h"

#include "web/gunzip.h"
#include "zip_end.h"

#define BLOCK 65536
#define MOST_PADDING ((uint64_t)1 << 30) /**< bytes behind the end of an archive in a file */
#define HEAD 512 /**< bytes looked at to tell what a file is; a tar's first header */

/* A reader of members (tar, zip, single streams) reads through a reader of one compression, so that
 * the whole of a compressed file is decompressed and verified, however early its archive ends. */

/** The file's bytes without its compression. */
struct plain {
    int fd;
    uint64_t size;            /**< of the file */
    struct lm_gunzip *gunzip; /**< gzip */
    struct archive *filter;   /**< zstd, xz, bzip2; both NULL: the file as it is */
    bool is_empty;            /**< of the filter: it holds nothing */
    lm_archive_poll_fn *poll;
    void *user;
    char *block;       /**< BLOCK bytes */
    size_t held;       /**< bytes of the block that were looked at and not yet handed out */
    uint64_t at;       /**< bytes handed out */
    uint64_t last;     /**< end of the last byte handed out that is not zero */
    struct lm_err err; /**< of a failure, which passes through libarchive */
};

struct lm_archive {
    struct archive *reader;
    struct plain plain;
    /* libarchive converts names through the thread's locale; C.UTF-8 is set while it works, so
     * that names of zip and pax members come out as UTF-8 whatever the process uses. */
    locale_t utf8;
    const char *path;
    struct lm_zip_end zip; /**< is_zip: it is read as one */
    uint64_t members;      /**< so far, folders too */
    bool is_empty;         /**< no bytes, or a zip without members: libarchive does not open it */
    bool is_broken_tar;    /**< looks like a tar, read as a single stream */
};

static enum lm_status out_of_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory while unpacking");
}

static enum lm_status fail_reader(struct archive *reader, struct lm_err *err)
{
    const char *why = archive_error_string(reader);
    if (archive_errno(reader) == ENOMEM)
        return out_of_memory(err);
    return lm_fail(
        err, LM_FORMAT,
        "is damaged, cut off or packed in an unknown way (%s); fetch it again, or unpack "
        "it by hand",
        why != NULL ? why : "no reason given");
}

/** What failed below libarchive is told before what libarchive makes of it. */
static enum lm_status fail_archive(struct lm_archive *archive, struct lm_err *err)
{
    if (archive->plain.err.status == LM_OK)
        return fail_reader(archive->reader, err);
    if (err != NULL)
        *err = archive->plain.err;
    return archive->plain.err.status;
}

/* ---- the file without its compression ---- */

/** Filters of libarchive by the name of their packing; gzip is read by gunzip.c. */
static const struct {
    const char *packing;
    int (*support)(struct archive *);
} filters[] = {
    {"zstd", archive_read_support_filter_zstd},
    {"xz", archive_read_support_filter_xz},
    {"bzip2", archive_read_support_filter_bzip2},
};

static enum lm_status open_filter(struct plain *plain, int (*support)(struct archive *),
                                  struct lm_err *err)
{
    struct archive_entry *entry;
    struct archive *r = plain->filter = archive_read_new();
    if (r == NULL || support(r) < ARCHIVE_WARN ||
        archive_read_support_format_raw(r) < ARCHIVE_WARN ||
        archive_read_support_format_empty(r) < ARCHIVE_WARN)
        return out_of_memory(err);
    if (archive_read_open_fd(r, plain->fd, BLOCK) != ARCHIVE_OK)
        return fail_reader(r, err);
    int result = archive_read_next_header(r, &entry);
    plain->is_empty = result == ARCHIVE_EOF;
    if (!plain->is_empty && result != ARCHIVE_OK)
        return fail_reader(r, err);
    if (archive_filter_count(r) > 2)
        return lm_fail(err, LM_UNSUPPORTED,
                       "is compressed twice; one level is unpacked, unpack it once by hand");
    return LM_OK;
}

/** Nothing but zeros may follow what the filter took. */
static enum lm_status check_rest(struct plain *plain, struct lm_err *err)
{
    char block[HEAD];
    la_int64_t at = archive_filter_bytes(plain->filter, -1);
    for (ssize_t n = 1; n > 0; at += n) {
        n = pread(plain->fd, block, sizeof block, at);
        if (n < 0)
            return lm_fail_errno(err, errno, "cannot read the file");
        for (ssize_t i = 0; i < n; i++)
            if (block[i] != 0)
                return lm_fail(err, LM_FORMAT,
                               "has bytes behind the end of its compressed data (at byte %lld), or "
                               "a damaged part; fetch it again, or cut them off",
                               (long long)at + (long long)i);
    }
    return LM_OK;
}

static enum lm_status read_filter(struct plain *plain, size_t size, size_t *got, struct lm_err *err)
{
    la_ssize_t n = plain->is_empty ? 0 : archive_read_data(plain->filter, plain->block, size);
    if (n < 0)
        return fail_reader(plain->filter, err);
    *got = (size_t)n;
    return n == 0 ? check_rest(plain, err) : LM_OK;
}

static enum lm_status read_whole(struct plain *plain, size_t size, size_t *got, struct lm_err *err)
{
    ssize_t n;
    do
        n = read(plain->fd, plain->block, size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return lm_fail_errno(err, errno, "cannot read the file");
    *got = (size_t)n;
    return LM_OK;
}

/** The next bytes into the block; *got == 0 at the end only, when all checks have passed. */
static enum lm_status plain_read(struct plain *plain, size_t *got, struct lm_err *err)
{
    if (plain->poll != NULL && plain->poll(plain->user))
        return lm_fail(err, LM_CANCELLED, "interrupted");
    if (plain->gunzip != NULL)
        return lm_gunzip_read(plain->gunzip, plain->block, BLOCK, got, err);
    return plain->filter != NULL ? read_filter(plain, BLOCK, got, err)
                                 : read_whole(plain, BLOCK, got, err);
}

/** Hands the block out to `n` bytes. */
static void plain_account(struct plain *plain, size_t n)
{
    size_t end = n;
    while (end > 0 && plain->block[end - 1] == 0)
        end--;
    plain->last = end > 0 ? plain->at + end : plain->last;
    plain->at += n;
}

static la_ssize_t on_read(struct archive *reader, void *user, const void **out)
{
    struct plain *plain = user;
    size_t n = plain->held;
    plain->held = 0;
    if (n == 0 && plain_read(plain, &n, &plain->err) != LM_OK) {
        archive_set_error(reader, EIO, "%s", plain->err.text);
        return ARCHIVE_FATAL;
    }
    plain_account(plain, n);
    *out = plain->block;
    return (la_ssize_t)n;
}

/** Reads what the archive reader left; at its end the checks of the compression are done. */
static enum lm_status plain_drain(struct plain *plain, struct lm_err *err)
{
    size_t n = plain->held;
    plain->held = 0;
    if (n == 0)
        LM_TRY(plain_read(plain, &n, err));
    for (uint64_t start = plain->at; n > 0;) {
        plain_account(plain, n);
        if (plain->at - start > MOST_PADDING)
            return lm_fail(err, LM_FORMAT,
                           "has more than 1 GiB behind the end of its archive; cut it off");
        LM_TRY(plain_read(plain, &n, err));
    }
    return LM_OK;
}

/* ---- opening ---- */

/** Begins to read the file as what its first bytes say; *packing: its compression or NULL. */
static enum lm_status open_plain(struct plain *plain, const char *packing, struct lm_err *err)
{
    plain->block = malloc(BLOCK);
    if (plain->block == NULL)
        return out_of_memory(err);
    if (packing == NULL)
        return LM_OK;
    if (strcmp(packing, "gzip") == 0)
        return lm_gunzip_open(&plain->gunzip, plain->fd, err);
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
        if (strcmp(packing, filters[i].packing) == 0)
            return open_filter(plain, filters[i].support, err);
    return lm_fail(
        err, LM_UNSUPPORTED,
        "is packed in a way that is not read here (%s); unpack it by hand, or pack it as "
        "tar, zip, gzip, zstd, xz or bzip2",
        packing);
}

static enum lm_status check_zip(const struct lm_archive *archive, struct lm_err *err)
{
    if (!archive->zip.is_zip)
        return lm_fail(err, LM_FORMAT,
                       "is a zip that is cut off, or has bytes behind its end (no end record where "
                       "the file ends); fetch it again");
    if (archive->zip.is_split)
        return lm_fail(err, LM_UNSUPPORTED, "is one part of a split zip; join the parts by hand");
    return LM_OK;
}

/** A zip is read through its directory at the end, so not as a stream. */
static enum lm_status open_zip(struct lm_archive *archive, struct lm_err *err)
{
    LM_TRY(check_zip(archive, err));
    archive->is_empty = archive->zip.members == 0;
    if (archive->is_empty)
        return LM_OK;
    if (archive_read_support_format_zip_seekable(archive->reader) < ARCHIVE_WARN)
        return out_of_memory(err);
    return archive_read_open_fd(archive->reader, archive->plain.fd, BLOCK) == ARCHIVE_OK
               ? LM_OK
               : fail_reader(archive->reader, err);
}

static bool looks_like_tar(const struct plain *plain, size_t size)
{
    return size >= HEAD && memcmp(plain->block + 257, "ustar", 5) == 0;
}

static enum lm_status open_stream(struct lm_archive *archive, const char *packing,
                                  struct lm_err *err)
{
    struct plain *plain = &archive->plain;
    struct archive *r = archive->reader;
    LM_TRY(open_plain(plain, packing, err));
    LM_TRY(plain_read(plain, &plain->held, err));
    const char *inner =
        packing != NULL ? lm_file_packing((const uint8_t *)plain->block, plain->held) : NULL;
    if (inner != NULL && strcmp(inner, "tar") != 0)
        return lm_fail(
            err, LM_UNSUPPORTED,
            "is compressed twice (%s in %s); one level is unpacked, unpack it once by hand", inner,
            packing);
    archive->is_broken_tar = looks_like_tar(plain, plain->held);
    if (archive_read_support_format_empty(r) < ARCHIVE_WARN ||
        archive_read_support_format_tar(r) < ARCHIVE_WARN ||
        archive_read_support_format_raw(r) < ARCHIVE_WARN)
        return out_of_memory(err);
    archive->is_empty = plain->held == 0;
    if (archive->is_empty)
        return LM_OK;
    return archive_read_open(r, plain, NULL, on_read, NULL) == ARCHIVE_OK
               ? LM_OK
               : fail_archive(archive, err);
}

static enum lm_status open_all(struct lm_archive *archive, struct lm_err *err)
{
    uint8_t head[HEAD];
    struct stat info;
    struct plain *plain = &archive->plain;
    if (plain->fd < 0)
        return lm_fail_errno(err, errno, "cannot open %s", archive->path);
    if (archive->utf8 == (locale_t)0)
        return lm_fail(err, LM_UNSUPPORTED,
                       "the locale C.UTF-8 is missing; install the package libc-bin");
    if (archive->reader == NULL)
        return out_of_memory(err);
    ssize_t n = pread(plain->fd, head, sizeof head, 0);
    if (n < 0 || fstat(plain->fd, &info) != 0)
        return lm_fail_errno(err, errno, "cannot read %s", archive->path);
    plain->size = (uint64_t)info.st_size;
    LM_TRY(lm_zip_end_read(&archive->zip, plain->fd, plain->size, err));
    const char *packing = lm_file_packing(head, (size_t)n);
    bool is_tar = packing != NULL && strcmp(packing, "tar") == 0;
    bool is_zip = packing != NULL && strcmp(packing, "zip") == 0;
    /* With a program before it, a zip is known by its end alone. */
    if (is_zip || (archive->zip.is_zip && packing == NULL && archive->zip.members > 0))
        return open_zip(archive, err);
    archive->zip.is_zip = false;
    return open_stream(archive, is_tar ? NULL : packing, err);
}

enum lm_status lm_archive_open(struct lm_archive **out, const char *path, lm_archive_poll_fn *poll,
                               void *user, struct lm_err *err)
{
    struct lm_archive *archive = calloc(1, sizeof *archive);
    if (archive == NULL)
        return out_of_memory(err);
    archive->path = path;
    archive->plain.poll = poll;
    archive->plain.user = user;
    archive->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    archive->reader = archive_read_new();
    archive->plain.fd = open(path, O_RDONLY | O_CLOEXEC);
    enum lm_status status = open_all(archive, err);
    if (status != LM_OK) {
        lm_archive_close(archive);
        return status;
    }
    *out = archive;
    return LM_OK;
}

/* ---- members ---- */

/** All members of a zip's directory were met. */
static enum lm_status end_zip(const struct lm_archive *archive, struct lm_err *err)
{
    if (archive->zip.members != LM_ZIP_MANY && archive->zip.members != archive->members)
        return lm_fail(err, LM_FORMAT,
                       "is damaged: its directory lists %llu members and %llu are there; fetch it "
                       "again",
                       (unsigned long long)archive->zip.members,
                       (unsigned long long)archive->members);
    return LM_OK;
}

/** A tar ends with a block of zeros, or it was cut between two members, and nothing follows it. */
static enum lm_status end_stream(struct lm_archive *archive, struct lm_err *err)
{
    struct archive *r = archive->reader;
    bool is_tar = (archive_format(r) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
    uint64_t end = (uint64_t)archive_filter_bytes(r, 0);
    bool has_end = end > (uint64_t)archive_read_header_position(r);
    LM_TRY(plain_drain(&archive->plain, err));
    if (!is_tar)
        return LM_OK;
    if (!has_end)
        return lm_fail(err, LM_FORMAT,
                       "is cut off (no end-of-archive block); fetch or pack it again");
    if (archive->plain.last > end)
        return lm_fail(err, LM_FORMAT,
                       "has bytes behind the end of the archive (at byte %llu of it), such as a "
                       "second archive; pack all in one, or cut them off",
                       (unsigned long long)end);
    return LM_OK;
}

static enum lm_status describe(struct lm_archive *archive, struct archive_entry *entry,
                               struct lm_archive_member *out, struct lm_err *err)
{
    bool link = archive_entry_hardlink(entry) != NULL;
    *out = (struct lm_archive_member){
        .name = archive_entry_pathname(entry),
        .single = archive_format(archive->reader) == ARCHIVE_FORMAT_RAW,
        .folder = archive_entry_filetype(entry) == AE_IFDIR,
        .regular = archive_entry_filetype(entry) == AE_IFREG && !link,
        .encrypted = archive_entry_is_encrypted(entry) == 1,
    };
    archive->members++;
    if (out->single && archive->is_broken_tar)
        return lm_fail(err, LM_FORMAT, "is a tar whose first header is damaged; fetch it again");
    return LM_OK;
}

enum lm_status lm_archive_next(struct lm_archive *archive, struct lm_archive_member *out, bool *end,
                               struct lm_err *err)
{
    struct archive_entry *entry = NULL;
    *end = archive->is_empty;
    if (*end)
        return LM_OK;
    locale_t before = uselocale(archive->utf8);
    int result = archive_read_next_header(archive->reader, &entry);
    /* Of a tar, a warning is about a name or a pax header; of a zip, that its two records of a
     * member contradict each other. ARCHIVE_RETRY is a damaged header of a tar. */
    bool is_bad = result != ARCHIVE_OK && result != ARCHIVE_EOF &&
                  (result != ARCHIVE_WARN || archive->zip.is_zip);
    enum lm_status status = LM_OK;
    *end = result == ARCHIVE_EOF;
    if (is_bad)
        status = fail_archive(archive, err);
    else if (*end)
        status = archive->zip.is_zip ? end_zip(archive, err) : end_stream(archive, err);
    else
        status = describe(archive, entry, out, err);
    uselocale(before);
    return status;
}

enum lm_status lm_archive_read(struct lm_archive *archive, void *out, size_t size, size_t *got,
                               struct lm_err *err)
{
    size_t n = 0;
    while (n < size) {
        la_ssize_t part = archive_read_data(archive->reader, (char *)out + n, size - n);
        if (part < 0)
            return fail_archive(archive, err);
        if (part == 0)
            break;
        n += (size_t)part;
    }
    *got = n;
    return LM_OK;
}

void lm_archive_close(struct lm_archive *archive)
{
    if (archive == NULL)
        return;
    archive_read_free(archive->reader);
    archive_read_free(archive->plain.filter);
    lm_gunzip_close(archive->plain.gunzip);
    if (archive->utf8 != (locale_t)0)
        freelocale(archive->utf8);
    if (archive->plain.fd >= 0)
        close(archive->plain.fd);
    free(archive->plain.block);
    free(archive);
}
