#include "tokenizer/bpe_train.h"

#include <stdlib.h>
#include <string.h>

#include "tokenizer/alphabet.h"
#include "tokenizer/bpe_learn.h"
#include "tokenizer/piece_kept.h"
#include "tokenizer/piece_runs.h"
#include "tokenizer/vocab.h"

/* What one worker counts; nobody else touches it, hence a cache line of its own. */
struct worker {
    _Alignas(128) struct lm_pretokenizer *pretokenizer;
    struct lm_piece_table pieces;
    struct lm_piece_spill spill;
    struct lm_bpe_left_out left_out;
};

struct lm_bpe_trainer {
    struct lm_bpe_options options;
    struct worker *workers;
    size_t count;
    size_t share;                    /* bytes of a worker's table */
    struct lm_piece_spill kept;      /* runs of all workers that lie in a spool */
    struct lm_bpe_left_out left_out; /* before the workers began */
};

static enum lm_status no_memory(struct lm_err *err)
{
    lm_fail(err, LM_NOMEM,
            "no memory to count pieces; free some, or set max_piece_bytes or a smaller "
            "count_memory");
    return LM_NOMEM;
}

/* ---- life ---- */

static enum lm_status check_options(const struct lm_bpe_options *options, struct lm_err *err)
{
    int64_t least = LM_BYTES + (int64_t)options->special_count;
    if (options->vocab_size < least)
        return lm_fail(err, LM_RANGE,
                       "a vocabulary of %lld is too small for the 256 bytes and %zu special "
                       "tokens; ask for %lld or more",
                       (long long)options->vocab_size, options->special_count, (long long)least);
    if (options->vocab_size > LM_VOCAB_LARGEST)
        return lm_fail(err, LM_RANGE, "a vocabulary of more than %d tokens; ask for fewer",
                       LM_VOCAB_LARGEST);
    if (options->count_memory > 0 && options->spill_folder == NULL)
        return lm_fail(err, LM_INVALID,
                       "a bound on the memory of tables needs a folder for what they do not hold; "
                       "set spill_folder");
    return LM_OK;
}

enum lm_status lm_bpe_trainer_create(struct lm_bpe_trainer **out,
                                     const struct lm_bpe_options *options, struct lm_err *err)
{
    LM_TRY(check_options(options, err));
    size_t count = options->threads > 0 ? options->threads : 1;
    struct lm_bpe_trainer *trainer = calloc(1, sizeof *trainer);
    struct worker *workers = count < SIZE_MAX / sizeof *workers
                                 ? aligned_alloc(_Alignof(struct worker), count * sizeof *workers)
                                 : NULL;
    if (trainer == NULL || workers == NULL) {
        free(trainer);
        free(workers);
        return no_memory(err);
    }
    *trainer = (struct lm_bpe_trainer){.options = *options, .workers = workers, .count = count};
    lm_piece_spill_init(&trainer->kept);
    trainer->share = options->count_memory > 0 ? options->count_memory / count : SIZE_MAX;
    enum lm_status status = LM_OK;
    for (size_t i = 0; i < count; i++) {
        memset(&workers[i], 0, sizeof workers[i]);
        lm_piece_spill_init(&workers[i].spill);
        if (status == LM_OK)
            status = lm_pretokenizer_create(&workers[i].pretokenizer, options->pattern,
                                            options->regex, err);
    }
    if (status == LM_OK)
        *out = trainer;
    else
        lm_bpe_trainer_free(trainer);
    return status;
}

void lm_bpe_trainer_free(struct lm_bpe_trainer *trainer)
{
    if (trainer == NULL)
        return;
    for (size_t i = 0; i < trainer->count; i++) {
        lm_pretokenizer_free(trainer->workers[i].pretokenizer);
        lm_piece_table_release(&trainer->workers[i].pieces);
        lm_piece_spill_release(&trainer->workers[i].spill);
    }
    lm_piece_spill_release(&trainer->kept);
    free(trainer->workers);
    free(trainer);
}

/* ---- counting ---- */

/* Before pieces are added: a table that might outgrow its share becomes a run. */
static enum lm_status keep_share(const struct lm_bpe_trainer *trainer, struct worker *worker,
                                 struct lm_err *err)
{
    if (worker->pieces.count == 0 || lm_piece_table_need(&worker->pieces) <= trainer->share)
        return LM_OK;
    return lm_piece_spill_table(&worker->spill, &worker->pieces, trainer->options.spill_folder,
                                err);
}

/* Notes the pieces that are too long to be counted. */
static void note_long(struct lm_bpe_left_out *left_out, size_t start, const size_t *ends,
                      size_t count, size_t longest)
{
    for (size_t i = 0; i < count; start = ends[i], i++) {
        size_t size = ends[i] - start;
        if (size <= longest)
            continue;
        left_out->pieces++;
        left_out->bytes += (int64_t)size;
    }
}

enum lm_status lm_bpe_trainer_add(struct lm_bpe_trainer *trainer, size_t worker,
                                  const uint8_t *text, size_t size, struct lm_err *err)
{
    struct worker *own = &trainer->workers[worker];
    int64_t bound = trainer->options.max_piece_bytes;
    size_t longest = bound > 0 && bound < UINT32_MAX ? (size_t)bound : UINT32_MAX - 1;
    size_t ends[LM_PIECE_BATCH], count, at = 0;
    own->left_out.of_bytes += (int64_t)size;
    for (size_t start = 0;; start = at) {
        LM_TRY(
            lm_pretokenize(own->pretokenizer, text, size, &at, ends, LM_PIECE_BATCH, &count, err));
        if (count == 0)
            return LM_OK;
        LM_TRY(keep_share(trainer, own, err));
        note_long(&own->left_out, start, ends, count, longest);
        if (!lm_piece_table_add(&own->pieces, text, size, start, ends, count, longest))
            return no_memory(err);
    }
}

enum lm_status lm_bpe_trainer_put(struct lm_bpe_trainer *trainer, size_t worker,
                                  const uint8_t *piece, size_t size, int64_t times,
                                  struct lm_err *err)
{
    struct worker *own = &trainer->workers[worker];
    LM_TRY(keep_share(trainer, own, err));
    return lm_piece_table_put(&own->pieces, piece, size, times) ? LM_OK : no_memory(err);
}

struct lm_bpe_left_out lm_bpe_trainer_left_out(const struct lm_bpe_trainer *trainer)
{
    struct lm_bpe_left_out sum = trainer->left_out;
    for (size_t i = 0; i < trainer->count; i++) {
        const struct lm_bpe_left_out *own = &trainer->workers[i].left_out;
        sum.pieces += own->pieces;
        sum.bytes += own->bytes;
        sum.of_bytes += own->of_bytes;
    }
    return sum;
}

size_t lm_bpe_trainer_runs(const struct lm_bpe_trainer *trainer)
{
    size_t runs = 0;
    for (size_t i = 0; i < trainer->count; i++)
        runs += trainer->workers[i].spill.count;
    return runs;
}

/* ---- counts that are kept ---- */

enum lm_status lm_bpe_trainer_keep(struct lm_bpe_trainer *trainer, struct lm_spool *spool,
                                   struct lm_err *err)
{
    for (size_t i = 0; i < trainer->count; i++) {
        struct worker *worker = &trainer->workers[i];
        LM_TRY(lm_piece_keep_spill(&trainer->kept, spool, &worker->spill, err));
        LM_TRY(lm_piece_keep_table(&trainer->kept, spool, &worker->pieces, err));
    }
    return LM_OK;
}

enum lm_status lm_bpe_trainer_take_up(struct lm_bpe_trainer *trainer, bool *is_sound,
                                      struct lm_spool *spool,
                                      const struct lm_bpe_left_out *left_out, struct lm_err *err)
{
    LM_TRY(lm_piece_keep_open(&trainer->kept, is_sound, spool, err));
    if (*is_sound)
        trainer->left_out = *left_out;
    return LM_OK;
}

/* ---- merging ---- */

struct packing {
    struct lm_words *words;
    const int32_t *byte_ids;
    int64_t least; /* occurrences */
};

static bool pack_word(void *user, const uint8_t *bytes, size_t size, int64_t count)
{
    struct packing *packing = user;
    return count < packing->least ||
           lm_words_add(packing->words, bytes, size, count, packing->byte_ids);
}

/* Turns the pieces of all workers into words and lets go of them. */
static enum lm_status make_words(struct lm_bpe_trainer *trainer, struct packing *packing,
                                 struct lm_err *err)
{
    const size_t count = trainer->count;
    struct lm_piece_table none = {.slots = NULL};
    struct lm_piece_table **tables = calloc(count + 1, sizeof(struct lm_piece_table *));
    const struct lm_piece_spill **spills = calloc(count + 1, sizeof(struct lm_piece_spill *));
    enum lm_status status = tables != NULL && spills != NULL ? LM_OK : no_memory(err);
    for (size_t i = 0; i < count && status == LM_OK; i++) {
        tables[i] = &trainer->workers[i].pieces;
        spills[i] = &trainer->workers[i].spill;
    }
    if (status == LM_OK) {
        tables[count] = &none;
        spills[count] = &trainer->kept;
        status = lm_piece_union(tables, spills, count + 1, pack_word, packing, err);
    }
    for (size_t i = 0; i < count; i++) {
        lm_piece_table_release(&trainer->workers[i].pieces);
        lm_piece_spill_release(&trainer->workers[i].spill);
    }
    free(tables);
    free(spills);
    return status;
}

static enum lm_status add_specials(struct lm_vocab *vocab, const struct lm_bpe_options *options,
                                   struct lm_err *err)
{
    for (size_t i = 0; i < options->special_count; i++)
        LM_TRY(lm_vocab_add_special(vocab, options->specials[i], strlen(options->specials[i]),
                                    vocab->next_id, err));
    if (options->special_count > 0)
        vocab->end_of_text = vocab->next_id - 1;
    return lm_vocab_seal(vocab, err);
}

static enum lm_status learn(struct lm_bpe_trainer *trainer, struct lm_vocab *vocab,
                            struct lm_words *words, lm_bpe_progress_fn *progress, void *user,
                            struct lm_err *err)
{
    const struct lm_bpe_options *options = &trainer->options;
    struct packing packing = {words, vocab->byte_ids, options->min_piece_frequency};
    const struct lm_merge_bounds bounds = {
        .merges = options->vocab_size - LM_BYTES - (int64_t)options->special_count,
        .least = options->min_frequency > 1 ? options->min_frequency : 1,
        .longest = options->max_token_length > 0 ? (size_t)options->max_token_length : SIZE_MAX};
    int32_t ids[LM_BYTES];
    lm_alphabet_ids(ids);
    if (options->byte_order == LM_BYTES_GPT2 && lm_vocab_set_bytes(vocab, ids) != LM_MERGE_FINE)
        return no_memory(err);
    LM_TRY(make_words(trainer, &packing, err));
    LM_TRY(lm_bpe_learn(vocab, words, &bounds, progress, user, err));
    return add_specials(vocab, options, err);
}

enum lm_status lm_bpe_trainer_learn(struct lm_vocab **out, struct lm_bpe_trainer *trainer,
                                    lm_bpe_progress_fn *progress, void *user, struct lm_err *err)
{
    const struct lm_bpe_options *options = &trainer->options;
    struct lm_vocab *vocab = NULL;
    struct lm_words words = {0};
    LM_TRY(lm_vocab_create(&vocab, options->pattern, options->regex, LM_MERGING_PAIRS, err));
    enum lm_status status = learn(trainer, vocab, &words, progress, user, err);
    lm_words_release(&words);
    if (status == LM_OK)
        *out = vocab;
    else
        lm_vocab_free(vocab);
    return status;
}

enum lm_status lm_bpe_train(struct lm_vocab **out, const struct lm_bpe_options *options,
                            lm_document_fn *next, void *documents, lm_bpe_progress_fn *progress,
                            void *user, struct lm_err *err)
{
    struct lm_bpe_trainer *trainer = NULL;
    const uint8_t *text;
    size_t size;
    LM_TRY(lm_bpe_trainer_create(&trainer, options, err));
    enum lm_status status = LM_OK;
    while (status == LM_OK && next(documents, &text, &size))
        status = lm_bpe_trainer_add(trainer, 0, text, size, err);
    if (status == LM_OK)
        status = lm_bpe_trainer_learn(out, trainer, progress, user, err);
    lm_bpe_trainer_free(trainer);
    return status;
}
