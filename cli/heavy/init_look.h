/** What `init` finds out by looking at a user's text: kind, field, script, size. */
#ifndef LM_HEAVY_INIT_LOOK_H
#define LM_HEAVY_INIT_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "base/io.h"
#include "text/documents.h"

enum { LM_INIT_FIELD = 128 };

struct lm_init_look {
    size_t files;               /**< that hold text */
    uint64_t bytes;             /**< of them, as they lie there */
    uint64_t text;              /**< of their text, estimated from what was read */
    uint64_t documents;         /**< likewise */
    enum lm_documents_by by;    /**< how they are best cut */
    const char *kind;           /**< "plain text", "JSON lines", "several kinds" */
    char field[LM_INIT_FIELD];  /**< by JSON lines and tables: where the text is; else "" */
    const char *encoding;       /**< of bytes that are not UTF-8 ("gb18030"); NULL: they are */
    const char *packing;        /**< "gzip", … of the first file that is packed; NULL: none is */
    const char *script;         /**< most of its letters: "Latin", "Han" … */
    bool is_dense;              /**< a script of thousands of characters, words not spaced */
    size_t characters;          /**< distinct ones that were seen */
    struct lm_names extensions; /**< of the files that hold text, with the dot; "" for none */
    const char *left_out;       /**< a file that is no text, or NULL */
};

/** Reads at most 200 of the files, 256 KiB of each; `names` are below `folder`. LM_INVALID: nothing
 *  of it is text; LM_IO, LM_NOT_FOUND, LM_NOMEM. */
enum lm_status lm_init_look(struct lm_init_look *out, struct lm_arena *arena, const char *folder,
                            const struct lm_names *names, struct lm_err *err);

#endif
