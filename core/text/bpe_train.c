#include <lmpipe/tokenizer.h>

#include <stdlib.h>
#include <string.h>

#include "text/bpe_pairs.h"
#include "text/piece_table.h"
#include "text/vocab.h"

enum { BATCH = 64 }; /* pieces cut at once */

/* A distinct piece as symbols: symbols[start .. start + length). */
struct word {
    size_t start;
    uint32_t length;
    int64_t count;
};

struct trainer {
    const struct lm_bpe_options *options;
    struct lm_pretokenizer *pretokenizer;
    struct lm_piece_table pieces;
    struct word *words;
    size_t word_count;
    int32_t *symbols;
    struct lm_pair_set pairs;
    struct lm_vocab *vocab;
    struct lm_err *err;
};

static enum lm_status no_memory(const struct trainer *trainer)
{
    return lm_fail(trainer->err, LM_NOMEM,
                   "no memory to learn merges from %zu distinct pieces; free some, or set "
                   "max_piece_bytes",
                   trainer->pieces.count);
}

/* ---- words ---- */

static enum lm_status count_document(struct trainer *trainer, const uint8_t *text, size_t size)
{
    const struct lm_bpe_options *options = trainer->options;
    size_t longest =
        options->max_piece_bytes > 0 ? (size_t)options->max_piece_bytes : (size_t)UINT32_MAX;
    size_t ends[BATCH], pieces, at = 0, start = 0;
    do {
        LM_TRY(lm_pretokenize(trainer->pretokenizer, text, size, &at, ends, BATCH, &pieces,
                              trainer->err));
        for (size_t i = 0; i < pieces; start = ends[i++]) {
            size_t length = ends[i] - start;
            /* A piece of one byte has nothing to merge. */
            if (length > 1 && length <= longest &&
                !lm_piece_table_add(&trainer->pieces, text + start, length, 1))
                return no_memory(trainer);
        }
    } while (pieces > 0);
    return LM_OK;
}

static enum lm_status count_pieces(struct trainer *trainer, lm_document_fn *next, void *user)
{
    const uint8_t *text;
    size_t size;
    LM_TRY(lm_pretokenizer_create(&trainer->pretokenizer, trainer->options->pattern,
                                  trainer->options->regex, trainer->err));
    while (next(user, &text, &size))
        LM_TRY(count_document(trainer, text, size));
    return LM_OK;
}

/* Turns pieces into words of byte symbols and lets go of the pieces. */
static enum lm_status make_words(struct trainer *trainer)
{
    const struct lm_piece_table *pieces = &trainer->pieces;
    trainer->word_count = pieces->count;
    trainer->words = calloc(pieces->count + 1, sizeof *trainer->words);
    trainer->symbols = calloc(pieces->bytes_size + 1, sizeof *trainer->symbols);
    if (trainer->words == NULL || trainer->symbols == NULL)
        return no_memory(trainer);
    for (size_t i = 0; i < pieces->bytes_size; i++)
        trainer->symbols[i] = pieces->bytes[i];
    for (size_t i = 0; i < pieces->count; i++) {
        const struct lm_piece *piece = &pieces->pieces[i];
        trainer->words[i] = (struct word){piece->offset, (uint32_t)piece->size, piece->count};
    }
    lm_piece_table_release(&trainer->pieces);
    return LM_OK;
}

static enum lm_status make_pairs(struct trainer *trainer)
{
    if (!lm_pair_set_init(&trainer->pairs))
        return no_memory(trainer);
    for (size_t i = 0; i < trainer->word_count; i++) {
        const struct word *word = &trainer->words[i];
        const int32_t *symbols = trainer->symbols + word->start;
        for (uint32_t j = 0; j + 1 < word->length; j++)
            lm_pair_set_add(&trainer->pairs, symbols[j], symbols[j + 1], word->count, (uint32_t)i);
    }
    lm_pair_set_queue(&trainer->pairs);
    return trainer->pairs.failed ? no_memory(trainer) : LM_OK;
}

/* ---- merging ---- */

/* Replaces left right by `id` in one word, from left to right, and keeps the counts true. */
static void merge_word(struct trainer *trainer, uint32_t index, struct lm_pair pair, int32_t id)
{
    struct word *word = &trainer->words[index];
    int32_t *symbols = trainer->symbols + word->start;
    struct lm_pair_set *pairs = &trainer->pairs;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < word->length; i++) {
        bool is_match =
            symbols[i] == pair.left && i + 1 < word->length && symbols[i + 1] == pair.right;
        if (!is_match) {
            symbols[kept++] = symbols[i];
            continue;
        }
        if (kept > 0) {
            lm_pair_set_add(pairs, symbols[kept - 1], pair.left, -word->count, index);
            lm_pair_set_add(pairs, symbols[kept - 1], id, word->count, index);
        }
        if (i + 2 < word->length) {
            lm_pair_set_add(pairs, pair.right, symbols[i + 2], -word->count, index);
            lm_pair_set_add(pairs, id, symbols[i + 2], word->count, index);
        }
        symbols[kept++] = id;
        i++;
    }
    word->length = kept;
}

static void merge_all(struct trainer *trainer, uint32_t pair, struct lm_pair parts, int32_t id)
{
    uint32_t word;
    while (lm_pair_set_take(&trainer->pairs, pair, &word))
        merge_word(trainer, word, parts, id);
    lm_pair_set_queue(&trainer->pairs);
}

static bool is_too_long(const struct trainer *trainer, struct lm_pair pair)
{
    size_t left, right;
    lm_vocab_token(trainer->vocab, pair.left, &left);
    lm_vocab_token(trainer->vocab, pair.right, &right);
    int64_t bound = trainer->options->max_token_length;
    return bound > 0 && left + right > (size_t)bound;
}

/* Learns the next merge; *is_done when nothing is left to merge. */
static enum lm_status merge_next(struct trainer *trainer, bool *is_done)
{
    uint32_t pair = lm_pair_set_pop(&trainer->pairs);
    *is_done =
        pair == LM_NO_PLACE || trainer->pairs.pairs[pair].count < trainer->options->min_frequency;
    if (*is_done)
        return LM_OK;
    uint64_t key = trainer->pairs.pairs[pair].key;
    const struct lm_pair parts = {(int32_t)(key >> 32), (int32_t)(uint32_t)key};
    enum lm_merge_fault fault = is_too_long(trainer, parts)
                                    ? LM_MERGE_LONG
                                    : lm_vocab_add(trainer->vocab, parts.left, parts.right);
    if (fault == LM_MERGE_NOMEM)
        return no_memory(trainer);
    /* Too long, or another pair already gave these bytes: such a pair is never merged. */
    if (fault == LM_MERGE_FINE)
        merge_all(trainer, pair, parts, trainer->vocab->next_id - 1);
    return trainer->pairs.failed ? no_memory(trainer) : LM_OK;
}

static enum lm_status learn(struct trainer *trainer, lm_bpe_progress_fn *progress, void *user)
{
    enum { EVERY = 64 };

    const struct lm_bpe_options *options = trainer->options;
    int64_t total = options->vocab_size - LM_BYTES - (int64_t)options->special_count;
    bool is_done = false;
    while (!is_done && lm_vocab_merges(trainer->vocab) < total) {
        int64_t done = lm_vocab_merges(trainer->vocab);
        if (progress != NULL && done % EVERY == 0 && !progress(user, done, total))
            return lm_fail(trainer->err, LM_CANCELLED, "stopped after %lld merges; run again",
                           (long long)done);
        LM_TRY(merge_next(trainer, &is_done));
    }
    return LM_OK;
}

/* ---- all of it ---- */

static enum lm_status add_specials(struct trainer *trainer)
{
    const struct lm_bpe_options *options = trainer->options;
    for (size_t i = 0; i < options->special_count; i++)
        LM_TRY(lm_vocab_add_special(trainer->vocab, options->specials[i],
                                    strlen(options->specials[i]), trainer->vocab->next_id,
                                    trainer->err));
    if (options->special_count > 0)
        trainer->vocab->end_of_text = trainer->vocab->next_id - 1;
    return lm_vocab_seal(trainer->vocab, trainer->err);
}

static enum lm_status train(struct trainer *trainer, lm_document_fn *next, void *documents,
                            lm_bpe_progress_fn *progress, void *user)
{
    const struct lm_bpe_options *options = trainer->options;
    if (options->vocab_size < LM_BYTES + (int64_t)options->special_count)
        return lm_fail(trainer->err, LM_RANGE,
                       "a vocabulary of %lld is too small for the 256 bytes and %zu special "
                       "tokens; ask for %zu or more",
                       (long long)options->vocab_size, options->special_count,
                       LM_BYTES + options->special_count);
    if (options->vocab_size > LM_VOCAB_LARGEST)
        return lm_fail(trainer->err, LM_RANGE, "a vocabulary of more than %d tokens; ask for fewer",
                       LM_VOCAB_LARGEST);
    LM_TRY(lm_vocab_create(&trainer->vocab, options->pattern, options->regex, LM_MERGING_PAIRS,
                           trainer->err));
    LM_TRY(count_pieces(trainer, next, documents));
    LM_TRY(make_words(trainer));
    LM_TRY(make_pairs(trainer));
    LM_TRY(learn(trainer, progress, user));
    return add_specials(trainer);
}

enum lm_status lm_bpe_train(struct lm_vocab **out, const struct lm_bpe_options *options,
                            lm_document_fn *next, void *documents, lm_bpe_progress_fn *progress,
                            void *user, struct lm_err *err)
{
    struct trainer trainer = {.options = options, .err = err};
    enum lm_status status = train(&trainer, next, documents, progress, user);
    lm_pretokenizer_free(trainer.pretokenizer);
    lm_piece_table_release(&trainer.pieces);
    lm_pair_set_release(&trainer.pairs);
    free(trainer.words);
    free(trainer.symbols);
    if (status == LM_OK)
        *out = trainer.vocab;
    else
        lm_vocab_free(trainer.vocab);
    return status;
}
