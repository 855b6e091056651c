#include "clean_pieces.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for examples; free some");
}

/* ---- the heap ---- */

static bool is_less(const struct clean_pieces *pieces, size_t a, size_t b)
{
    return lm_digest_compare(&pieces->items[a].key, &pieces->items[b].key) < 0;
}

static void swap(struct clean_pieces *pieces, size_t a, size_t b)
{
    struct clean_sampled kept = pieces->items[a];
    pieces->items[a] = pieces->items[b];
    pieces->items[b] = kept;
}

static void rise(struct clean_pieces *pieces, size_t at)
{
    for (; at > 0 && is_less(pieces, (at - 1) / 2, at); at = (at - 1) / 2)
        swap(pieces, at, (at - 1) / 2);
}

static void sink(struct clean_pieces *pieces)
{
    for (size_t at = 0;;) {
        size_t most = at, left = 2 * at + 1;
        if (left < pieces->count && is_less(pieces, most, left))
            most = left;
        if (left + 1 < pieces->count && is_less(pieces, most, left + 1))
            most = left + 1;
        if (most == at)
            return;
        swap(pieces, at, most);
        at = most;
    }
}

/* ---- pieces ---- */

/* Where a character begins at or behind `at`. */
static size_t border(const char *text, size_t size, size_t at)
{
    while (at < size && ((uint8_t)text[at] & 0xC0) == 0x80)
        at++;
    return at < size ? at : size;
}

enum lm_status clean_pieces_fill(struct clean_sampled *piece, const char *text, size_t size,
                                 struct lm_err *err)
{
    const size_t from = border(text, size, piece->piece * CLEAN_PIECE);
    const size_t end = border(text, size, (piece->piece + 1) * CLEAN_PIECE);
    piece->size = end - from;
    piece->text = malloc(piece->size + 1);
    if (piece->text == NULL)
        return no_memory(err);
    memcpy(piece->text, text + from, piece->size);
    return LM_OK;
}

unsigned clean_half_of(const struct lm_digest *digest)
{
    return digest->bytes[sizeof digest->bytes - 1] & 1; /* nothing else looks at the last ones */
}

static void key_of(struct lm_digest *out, const struct lm_digest *digest, size_t piece)
{
    uint8_t bytes[sizeof digest->bytes + 8];
    memcpy(bytes, digest->bytes, sizeof digest->bytes);
    for (size_t i = 0; i < 8; i++)
        bytes[sizeof digest->bytes + i] = (uint8_t)((uint64_t)piece >> 8 * i);
    lm_sha256_bytes(out, bytes, sizeof bytes);
}

static enum lm_status add(struct clean_pieces *pieces, const struct clean_sampled *piece,
                          struct lm_err *err)
{
    struct clean_sampled *items =
        lm_grow(pieces->items, &pieces->capacity, pieces->count, sizeof *items);
    if (items == NULL)
        return no_memory(err);
    pieces->items = items;
    pieces->items[pieces->count++] = *piece;
    rise(pieces, pieces->count - 1);
    return LM_OK;
}

enum lm_status clean_pieces_add(struct clean_pieces *pieces, const struct lm_digest *digest,
                                size_t index, const char *text, size_t size, bool is_apart,
                                struct lm_err *err)
{
    const size_t count = size < CLEAN_PIECE ? 1 : size / CLEAN_PIECE;
    for (size_t i = 0; i < count; i++) {
        struct clean_sampled piece = {.document = index, .piece = i};
        const bool is_full = pieces->count == CLEAN_PIECES_MOST;
        key_of(&piece.key, digest, i);
        piece.half = clean_half_of(is_apart ? &piece.key : digest);
        if (is_full && lm_digest_compare(&piece.key, &pieces->items[0].key) >= 0)
            continue;
        if (text != NULL)
            LM_TRY(clean_pieces_fill(&piece, text, size, err));
        if (!is_full) {
            enum lm_status status = add(pieces, &piece, err);
            if (status != LM_OK)
                free(piece.text);
            LM_TRY(status);
            continue;
        }
        free(pieces->items[0].text);
        pieces->items[0] = piece;
        sink(pieces);
    }
    return LM_OK;
}

static int compare(const void *a, const void *b)
{
    const struct clean_sampled *x = a, *y = b;
    if (x->document != y->document)
        return x->document < y->document ? -1 : 1;
    return x->piece < y->piece ? -1 : x->piece > y->piece;
}

void clean_pieces_sort(struct clean_pieces *pieces)
{
    if (pieces->count > 1)
        qsort(pieces->items, pieces->count, sizeof *pieces->items, compare);
}

void clean_pieces_release(struct clean_pieces *pieces)
{
    for (size_t i = 0; i < pieces->count; i++)
        free(pieces->items[i].text);
    free(pieces->items);
    *pieces = (struct clean_pieces){.items = NULL};
}
