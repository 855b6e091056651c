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

#define BLOCK 65536
#define TAR_BLOCK 512

struct lm_archive {
    struct archive *reader;
    /* libarchive converts names through the thread's locale; C.UTF-8 is set while it works, so
     * that names of zip and pax members come out as UTF-8 whatever the process uses. */
    locale_t utf8;
    const char *path;
    int fd;
    unsigned members;
};

struct magic {
    const char *name;
    unsigned char bytes[6];
    size_t size;
};

static const struct magic magics[] = {
    {"gzip", {0x1f, 0x8b, 8}, 3},
    {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4},
    {"xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6},
    {"bzip2", {'B', 'Z', 'h'}, 3},
    {"zip", {'P', 'K', 3, 4}, 4},
    {"zip", {'P', 'K', 5, 6}, 4},
    {"7-zip", {'7', 'z', 0xbc, 0xaf, 0x27, 0x1c}, 6},
    {"rar", {'R', 'a', 'r', '!', 0x1a, 7}, 6},
    {"compress", {0x1f, 0x9d}, 2},
    {"lz4", {0x04, 0x22, 0x4d, 0x18}, 4},
};

const char *lm_archive_sniff(const void *data, size_t size)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (size >= magics[i].size && memcmp(data, magics[i].bytes, magics[i].size) == 0)
            return magics[i].name;
    return NULL;
}

static enum lm_status fail_reader(struct lm_archive *archive, struct lm_err *err)
{
    const char *why = archive_error_string(archive->reader);
    int number = archive_errno(archive->reader);
    if (number == ENOMEM)
        return lm_fail(err, LM_NOMEM, "out of memory while unpacking");
    return lm_fail(err, LM_FORMAT, "is damaged or cut off (%s); fetch it again",
                   why != NULL ? why : "no reason given");
}

/** Formats by what the file begins with: only a file that looks like a zip is read as one. */
static enum lm_status choose_formats(struct lm_archive *archive, struct lm_err *err)
{
    unsigned char head[6];
    ssize_t n = pread(archive->fd, head, sizeof head, 0);
    if (n < 0)
        return lm_fail_errno(err, errno, "cannot read %s", archive->path);
    const char *packing = lm_archive_sniff(head, (size_t)n);
    struct archive *r = archive->reader;
    bool zip = packing != NULL && strcmp(packing, "zip") == 0;
    int bad = 0;
    bad |= archive_read_support_format_empty(r) < ARCHIVE_WARN;
    if (zip) {
        bad |= archive_read_support_format_zip_seekable(r) < ARCHIVE_WARN;
    } else {
        bad |= archive_read_support_filter_gzip(r) < ARCHIVE_WARN;
        bad |= archive_read_support_filter_zstd(r) < ARCHIVE_WARN;
        bad |= archive_read_support_filter_xz(r) < ARCHIVE_WARN;
        bad |= archive_read_support_filter_bzip2(r) < ARCHIVE_WARN;
        bad |= archive_read_support_format_tar(r) < ARCHIVE_WARN;
        bad |= archive_read_support_format_raw(r) < ARCHIVE_WARN;
    }
    return bad ? lm_fail(err, LM_NOMEM, "out of memory while unpacking") : LM_OK;
}

enum lm_status lm_archive_open(struct lm_archive **out, const char *path, struct lm_err *err)
{
    enum lm_status status = LM_OK;
    struct lm_archive *archive = calloc(1, sizeof *archive);
    if (archive == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory while unpacking");
    archive->path = path;
    archive->fd = open(path, O_RDONLY | O_CLOEXEC);
    archive->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    archive->reader = archive_read_new();
    if (archive->fd < 0)
        status = lm_fail_errno(err, errno, "cannot open %s", path);
    else if (archive->utf8 == (locale_t)0)
        status = lm_fail(err, LM_UNSUPPORTED,
                         "the locale C.UTF-8 is missing; install the package libc-bin");
    else if (archive->reader == NULL)
        status = lm_fail(err, LM_NOMEM, "out of memory while unpacking");
    if (status == LM_OK)
        status = choose_formats(archive, err);
    if (status == LM_OK && archive_read_open_fd(archive->reader, archive->fd, BLOCK) != ARCHIVE_OK)
        status = fail_reader(archive, err);
    if (status == LM_OK && archive_filter_count(archive->reader) > 2)
        status = lm_fail(err, LM_UNSUPPORTED,
                         "is compressed twice; lmpipe unpacks one level, unpack it once by hand");
    if (status != LM_OK) {
        lm_archive_close(archive);
        return status;
    }
    *out = archive;
    return LM_OK;
}

/** A plain tar that ends without its closing block of zeros was cut between two members. */
static enum lm_status check_tar_end(struct lm_archive *archive, struct lm_err *err)
{
    static const char zeros[TAR_BLOCK];
    char last[TAR_BLOCK];
    struct archive *r = archive->reader;
    if (archive->members == 0 || archive_filter_count(r) > 1 ||
        (archive_format(r) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_TAR)
        return LM_OK;
    struct stat info;
    if (fstat(archive->fd, &info) != 0)
        return lm_fail_errno(err, errno, "cannot read %s", archive->path);
    if (pread(archive->fd, last, sizeof last, info.st_size - TAR_BLOCK) != TAR_BLOCK ||
        memcmp(last, zeros, sizeof last) != 0)
        return lm_fail(err, LM_FORMAT,
                       "is cut off (no end-of-archive block); fetch or pack it again");
    return LM_OK;
}

enum lm_status lm_archive_next(struct lm_archive *archive, struct lm_archive_member *out, bool *end,
                               struct lm_err *err)
{
    struct archive_entry *entry = NULL;
    locale_t before = uselocale(archive->utf8);
    int result = archive_read_next_header(archive->reader, &entry);
    const char *name = result == ARCHIVE_EOF ? NULL : archive_entry_pathname(entry);
    uselocale(before);
    *end = result == ARCHIVE_EOF;
    if (*end)
        return check_tar_end(archive, err);
    if (result < ARCHIVE_WARN)
        return fail_reader(archive, err);
    archive->members++;
    bool raw = archive_format(archive->reader) == ARCHIVE_FORMAT_RAW;
    if (!raw && name == NULL)
        return lm_fail(err, LM_FORMAT, "holds a member whose name is not UTF-8; pack it again");
    bool link = archive_entry_hardlink(entry) != NULL;
    out->name = raw ? NULL : name;
    out->folder = archive_entry_filetype(entry) == AE_IFDIR;
    out->regular = archive_entry_filetype(entry) == AE_IFREG && !link;
    return LM_OK;
}

enum lm_status lm_archive_read(struct lm_archive *archive, void *out, size_t size, size_t *got,
                               struct lm_err *err)
{
    size_t n = 0;
    while (n < size) {
        la_ssize_t part = archive_read_data(archive->reader, (char *)out + n, size - n);
        if (part == ARCHIVE_RETRY)
            continue;
        if (part < 0)
            return fail_reader(archive, err);
        if (part == 0)
            break;
        n += (size_t)part;
    }
    *got = n;
    return LM_OK;
}

uint64_t lm_archive_position(const struct lm_archive *archive)
{
    la_int64_t bytes = archive_filter_bytes(archive->reader, -1);
    return bytes > 0 ? (uint64_t)bytes : 0;
}

void lm_archive_close(struct lm_archive *archive)
{
    if (archive == NULL)
        return;
    archive_read_free(archive->reader);
    if (archive->utf8 != (locale_t)0)
        freelocale(archive->utf8);
    if (archive->fd >= 0)
        close(archive->fd);
    free(archive);
}
