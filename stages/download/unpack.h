/**
 * Files as streams of members: a plain or compressed file (gzip, zstd, xz, bzip2) is one member
 * without a name, a zip or (compressed) tar has named ones. One level only: what is packed inside a
 * member stays packed. Nothing is ever written here and no name is trusted.
 *
 * What is damaged is refused: checksums and lengths of every compressed stream and every zip member
 * that is read, archives that end early, members that are missing, bytes behind the end. (Zeros may
 * follow a tar, gzip or bzip2; what a plain tar's members hold has no checksum.)
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
    /** As the archive has it, valid until the next member; NULL: not UTF-8 and not convertible. */
    const char *name;
    bool single;    /**< the file is one stream: no member, and no name */
    bool regular;   /**< a file with bytes; else a folder, link, device … to be skipped */
    bool folder;    /**< a folder */
    bool encrypted; /**< cannot be read */
};

/** True: give up with LM_CANCELLED. Asked once a block, so also while members are passed over. */
typedef bool lm_archive_poll_fn(void *user);

/** Opens a file. LM_FORMAT: damaged, or packed twice; LM_UNSUPPORTED: a packing that is not read
 *  here, a part of a split zip; LM_IO, LM_NOT_FOUND, LM_NOMEM, LM_CANCELLED. */
enum lm_status lm_archive_open(struct lm_archive **out, const char *path, lm_archive_poll_fn *poll,
                               void *user, struct lm_err *err);
/** The next member, or *end after all checks have passed. LM_FORMAT: damaged, cut off, members
 *  missing, bytes behind the end; LM_CANCELLED. */
enum lm_status lm_archive_next(struct lm_archive *archive, struct lm_archive_member *out, bool *end,
                               struct lm_err *err);
/** Up to `size` bytes of the member; *got < size only at its end. LM_FORMAT: damaged, cut off;
 *  LM_UNSUPPORTED: encrypted; LM_CANCELLED. */
enum lm_status lm_archive_read(struct lm_archive *archive, void *out, size_t size, size_t *got,
                               struct lm_err *err);
void lm_archive_close(struct lm_archive *archive); /**< NULL is fine */

#endif
