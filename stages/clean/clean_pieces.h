/** A sample of pieces of documents for the classifier, by their digests: it depends on no order. */
#ifndef LM_STAGES_CLEAN_PIECES_H
#define LM_STAGES_CLEAN_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

#include "corpus/quality.h"

enum {
    CLEAN_PIECE =
        LM_QUALITY_PIECE, /**< bytes of a piece, about; what is left at a document's end is none */
    CLEAN_PIECES_MOST = 4096 /**< of a sample */
};

/** A piece that is in the sample. */
struct clean_sampled {
    struct lm_digest key; /**< of the document's digest and the piece's place in it */
    size_t document, piece;
    unsigned half; /**< of the document, or of the piece itself */
    char *text;    /**< owned; NULL: not read yet */
    size_t size;
};

/** Those of the smallest keys, each key once. Zero-initialise. */
struct clean_pieces {
    struct clean_sampled *items; /**< a heap, the greatest key first; after clean_pieces_sort sorted
                                    by document, place */
    size_t count, capacity;
};

/** The half that a document, or a piece, is of: 0 or 1. */
unsigned clean_half_of(const struct lm_digest *digest);
/** Takes the pieces of document `index`, of `size` bytes. `text` NULL: it is given later, by
 *  clean_pieces_fill. is_apart: its pieces are of both halves. LM_NOMEM. */
enum lm_status clean_pieces_add(struct clean_pieces *pieces, const struct lm_digest *digest,
                                size_t index, const char *text, size_t size, bool is_apart,
                                struct lm_err *err);
/** Sorted by document and place; none may be added any more. */
void clean_pieces_sort(struct clean_pieces *pieces);
/** Gives a piece its text, of that of its document. LM_NOMEM. */
enum lm_status clean_pieces_fill(struct clean_sampled *piece, const char *text, size_t size,
                                 struct lm_err *err);
void clean_pieces_release(struct clean_pieces *pieces);

#endif
