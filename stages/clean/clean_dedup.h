/** Finding what was met before: equal bytes, and documents, paragraphs and lines that say the same
 *  (text/exact.h). The first stays; documents come in one order. */
#ifndef LM_STAGES_CLEAN_DEDUP_H
#define LM_STAGES_CLEAN_DEDUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"
#include "clean_params.h"
#include "text/digest_set.h"
#include "text/exact.h"

/** What is compared. */
struct clean_compared {
    bool same; /**< bytes */
    bool document, paragraph, line;
};

/** What of a document is compared, found by its task; zero-initialise. */
struct clean_units {
    struct lm_exact_unit document;

    struct clean_unit {
        struct lm_exact_unit unit;
        bool is_paragraph; /**< else a line of the paragraph before */
    } * items;

    size_t count, capacity;
};

/** All that was met so far. */
struct clean_dedup {
    struct clean_compared compared;
    struct lm_digest_set bytes, documents, paragraphs, lines;
    int64_t dropped_paragraphs, dropped_lines, dropped_bytes;
};

struct clean_compared clean_compared_of(const struct clean_dedup_params *params);
/** Finds the units of a cleaned text. LM_NOMEM. */
enum lm_status clean_units_find(struct clean_units *out, const struct clean_compared *compared,
                                const uint8_t *text, size_t size, struct lm_err *err);
void clean_units_release(struct clean_units *units);

/** Nothing was met yet. What takes more than `memory` bytes goes to files in `folder`, borrowed. */
void clean_dedup_begin(struct clean_dedup *out, const struct clean_compared *compared,
                       const char *folder, size_t memory);
/** Was a document that says the same met before? *source: in, where this one is from; out, where
 * the first one was. LM_NOMEM; LM_IO: the disk is full. */
enum lm_status clean_dedup_document(struct clean_dedup *dedup, const struct clean_units *units,
                                    uint32_t *source, bool *is_new, struct lm_err *err);
/** Takes out of the text what was met before; *is_changed when something was. LM_NOMEM, LM_IO. */
enum lm_status clean_dedup_parts(struct clean_dedup *dedup, const struct clean_units *units,
                                 struct lm_buf *text, bool *is_changed, struct lm_err *err);

/** The document of this digest will be asked for soon. */
static inline void clean_dedup_foresee(const struct clean_dedup *dedup,
                                       const uint8_t digest[LM_DIGEST_SIZE])
{
    lm_digest_set_foresee(&dedup->bytes, digest);
}

/** Were these very bytes met before? *source as above. LM_NOMEM, LM_IO. */
enum lm_status clean_dedup_bytes(struct clean_dedup *dedup, const struct lm_digest *digest,
                                 uint32_t *source, bool *is_new, struct lm_err *err);
void clean_dedup_release(struct clean_dedup *dedup);

#endif
