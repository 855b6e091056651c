/**
 * The end of a zip file (APPNOTE.TXT 6.3.10, sections 4.3.14 to 4.3.16), read because libarchive
 * looks for it in the last bytes only, takes what it finds there and does not count members.
 */
#ifndef LM_STAGES_ZIP_END_H
#define LM_STAGES_ZIP_END_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/status.h>

#define LM_ZIP_MANY UINT64_MAX /**< number of members not told */

struct lm_zip_end {
    bool is_zip;      /**< an end record closes the file, and its directory lies before it */
    bool is_split;    /**< one of several parts */
    uint64_t members; /**< that the directory holds, or LM_ZIP_MANY */
};

/** Looks at the end of the file. LM_IO, LM_NOMEM. */
enum lm_status lm_zip_end_read(struct lm_zip_end *out, int fd, uint64_t size, struct lm_err *err);

#endif
