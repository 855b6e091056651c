/**
 * Files as streams of members, by libarchive: a plain or compressed file (gzip, zstd, xz, bzip2)
 * is one member without a name, a zip or (compressed) tar has named ones. One level only: what
 * is packed inside a member stays packed. Nothing is ever written here and no name is trusted.
 */
#ifndef LM_STAGES_UNPACK_H
#define LM_STAGES_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

struct lm_archive;

/** One member. */
struct lm_archive_member {
    const char
        *name;    /**< as the archive has it, valid until the next member; NULL: a single stream */
    bool regular; /**< a file with bytes; else a folder, link, device … to be skipped */
    bool folder;
};

/** Opens a file. LM_FORMAT: damaged, or packed twice; LM_UNSUPPORTED; LM_IO, LM_NOT_FOUND,
 * LM_NOMEM. */
enum lm_status lm_archive_open(struct lm_archive **out, const char *path, struct lm_err *err);
/** The next member, or *end. LM_FORMAT: damaged or cut off. */
enum lm_status lm_archive_next(struct lm_archive *archive, struct lm_archive_member *out, bool *end,
                               struct lm_err *err);
/** Up to `size` bytes of the member; *got < size only at its end. LM_FORMAT: damaged, cut off,
 *  encrypted. */
enum lm_status lm_archive_read(struct lm_archive *archive, void *out, size_t size, size_t *got,
                               struct lm_err *err);
/** Bytes of the file read so far, for progress. */
uint64_t lm_archive_position(const struct lm_archive *archive);
void lm_archive_close(struct lm_archive *archive); /**< NULL is fine */

/** Name of the packing that data begins with ("gzip", "zip" …), or NULL. */
const char *lm_archive_sniff(const void *data, size_t size);

#endif
