/** One file that `init` looks into, or the beginning of it. */
#ifndef LM_HEAVY_INIT_SAMPLE_H
#define LM_HEAVY_INIT_SAMPLE_H

#include "init_look.h"
#include "text/file_kind.h"

/** What it says of itself; the bytes are UTF-8 with LF. */
struct lm_init_sample {
    uint8_t *bytes;
    size_t size;
    uint64_t whole; /**< of the file, unpacked as far as that can be guessed */
    bool is_cut;
    const char *packing;  /**< it was packed so; NULL: it was not */
    const char *encoding; /**< it was not UTF-8; or NULL */
    struct lm_file_kind kind;
};

enum { LM_INIT_SAMPLE = 256 << 10 };

/** Reads and unpacks it (gzip; of another packing nothing is read). In the arena. */
enum lm_status lm_init_sample_read(struct lm_init_sample *out, struct lm_arena *arena,
                                   const char *path, struct lm_err *err);

/** What the text of a sample is like: `text` of its bytes are text, in so many documents. */
struct lm_init_shape {
    enum lm_documents_by by;
    const char *kind;
    char field[LM_INIT_FIELD];
    uint64_t text, documents;
    uint64_t paragraphs; /**< of plain text: parts between blank lines */
};

/** Looks for records, headings, entries, lines; `is_alone`: it is
 *  one of few files, each of which should be many documents. */
void lm_init_sample_shape(struct lm_init_shape *out, const struct lm_init_sample *sample,
                          struct lm_arena *arena, const char *name, bool is_alone);

#endif
