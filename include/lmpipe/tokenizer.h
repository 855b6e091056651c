/**
 * Byte-level BPE: train, load, encode, decode.
 *
 * In a vocabulary that was trained here ids 0…255 are the bytes, then the merges in order, special
 * tokens last (end-of-text the very last); imported ones keep their own ids, which may have gaps.
 * Merging is by rank, leftmost first (Sennrich et al. 2016; byte-level as in GPT-2, Radford et al.
 * 2019). decode(encode(x)) = x for every byte string. A vocabulary is immutable after loading and
 * may be shared by threads; encoders hold scratch and may not.
 */
#ifndef LMPIPE_TOKENIZER_H
#define LMPIPE_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

struct lm_vocab;
struct lm_encoder;

/** Pretokenization patterns: where text is cut before merging. GPT2, CL100K and O200K as published
 *  with GPT-2 and in tiktoken, CHARS after each character, BYTES after each byte, REGEX by an
 *  expression of the user's own (PCRE2). */
enum lm_pattern {
    LM_PATTERN_GPT2,
    LM_PATTERN_CL100K,
    LM_PATTERN_O200K,
    LM_PATTERN_CHARS,
    LM_PATTERN_BYTES,
    LM_PATTERN_REGEX
};

/** NULL-terminated names in enum order. */
extern const char *const lm_pattern_names[];

/* ---- pieces ---- */

/** Cuts documents into pieces, which no token crosses. Holds scratch: one a thread. */
struct lm_pretokenizer;

/** A pretokenizer for `pattern`; `regex`, with LM_PATTERN_REGEX only, is its expression. LM_NOMEM;
 *  LM_INVALID for an expression that is none, with the place. */
enum lm_status lm_pretokenizer_create(struct lm_pretokenizer **out, enum lm_pattern pattern,
                                      const char *regex, struct lm_err *err);
void lm_pretokenizer_free(struct lm_pretokenizer *pretokenizer); /**< NULL is fine */
/** The next pieces of the document text[0..size): from *at on they end at ends[0..*count), with
 *  *count ≤ capacity, 0 only at the end of the text; *at becomes the last of these ends. Every byte
 *  is in a piece; an ill-formed one counts as an "other" character, and a regex matches none.
 *  LM_RANGE for a regex that passes its limits on this text. */
enum lm_status lm_pretokenize(struct lm_pretokenizer *pretokenizer, const uint8_t *text,
                              size_t size, size_t *at, size_t *ends, size_t capacity, size_t *count,
                              struct lm_err *err);

/* ---- vocabulary ---- */

/** Which neighbours merge, and whether a piece that is a token is taken whole.
 *  PAIRS: those of the list of merges, by their place in it (GPT-2; Hugging Face).
 *  RANKS: any two whose bytes together are a token, by the token's rank; whole first (tiktoken).
 *  PAIRS_WHOLE: as PAIRS, whole first (Hugging Face with `ignore_merges`, as in Llama 3). */
enum lm_merging { LM_MERGING_PAIRS, LM_MERGING_RANKS, LM_MERGING_PAIRS_WHOLE };

/** NULL-terminated names in enum order: "pairs", "ranks", "pairs_whole". */
extern const char *const lm_merging_names[];

/** Reads a vocabulary file (docs/formats/vocab.md). LM_NOT_FOUND, LM_IO; LM_FORMAT with the line
 *  that is wrong. Free with lm_vocab_free. */
enum lm_status lm_vocab_load(struct lm_vocab **out, const char *path, struct lm_err *err);
/** docs/formats/vocab.md; equal vocabularies give equal bytes. */
enum lm_status lm_vocab_save(const struct lm_vocab *vocab, const char *path, struct lm_err *err);
void lm_vocab_free(struct lm_vocab *vocab);
int64_t lm_vocab_size(const struct lm_vocab *vocab);   /**< the highest id + 1 */
int64_t lm_vocab_merges(const struct lm_vocab *vocab); /**< lines of the list of merges */
enum lm_pattern lm_vocab_pattern(const struct lm_vocab *vocab);
/** The expression of LM_PATTERN_REGEX; NULL with any other pattern. Borrowed. */
const char *lm_vocab_regex(const struct lm_vocab *vocab);
/** Version of the Unicode data that tell letters, numbers and white space: PCRE2's with a regex. */
void lm_vocab_unicode(char out[24], const struct lm_vocab *vocab);
enum lm_merging lm_vocab_merging(const struct lm_vocab *vocab);
int32_t lm_vocab_end_of_text(const struct lm_vocab *vocab); /**< -1 when it has none */
bool lm_vocab_is_special(const struct lm_vocab *vocab, int32_t id);
/** Bytes of a token (for specials their name); borrowed; NULL and 0 for an id without a token. */
const uint8_t *lm_vocab_token(const struct lm_vocab *vocab, int32_t id, size_t *size);
/** Line `rank` of the list of merges: the token it makes, and of which two. False for a token that
 *  comes from no pair of its own (*id is still told), and beyond the list. */
bool lm_vocab_merge(const struct lm_vocab *vocab, int64_t rank, int32_t *left, int32_t *right,
                    int32_t *id);

/* ---- vocabularies made elsewhere (docs/formats/vocab.md) ---- */

/** A vocabulary in another program's file. */
struct lm_vocab_source {
    /** Hugging Face's tokenizer.json; a rank file of tiktoken; GPT-2's vocab.json or merges.txt
     *  (encoder.json, vocab.bpe) with the other beside it; a folder that holds one of these;
     *  FILE.gguf with a byte-level tokenizer. */
    const char *path;
    const char *pattern; /**< one of lm_pattern_names; NULL: what the file says, or is known for */
    const char *sha256;  /**< 64 hex digits of the one file at path; NULL: any */
    bool is_alone;       /**< nothing beside the file at path may be read */
};

/** Reads one. The vocabulary gives the ids that the other program gives, or it is refused.
 *  LM_NOT_FOUND, LM_IO; LM_FORMAT: damaged; LM_UNSUPPORTED: it says something that cannot be
 *  reproduced exactly; LM_INVALID: the pattern is missing or another; LM_MISMATCH: not the pinned
 *  file; LM_RANGE: larger than 64 MiB; LM_NOMEM. */
enum lm_status lm_vocab_import(struct lm_vocab **out, const struct lm_vocab_source *source,
                               struct lm_err *err);

enum lm_vocab_format { LM_VOCAB_HF, LM_VOCAB_GPT2, LM_VOCAB_TIKTOKEN };

/** NULL-terminated names in enum order: "hf", "gpt2", "tiktoken". */
extern const char *const lm_vocab_format_names[];

/** Writes tokenizer.json (hf), vocab.json and merges.txt (gpt2) or vocab.tiktoken into a folder,
 *  which is made; each file is replaced as a whole. LM_UNSUPPORTED when the format cannot say the
 *  vocabulary so that it gives the same ids. LM_IO, LM_NOMEM. */
enum lm_status lm_vocab_export(const struct lm_vocab *vocab, enum lm_vocab_format format,
                               const char *folder, struct lm_err *err);

/* ---- encode, decode ---- */

/** An encoder with own scratch and a cache that never changes results; NULL when memory is out. */
struct lm_encoder *lm_encoder_create(const struct lm_vocab *vocab);
void lm_encoder_free(struct lm_encoder *encoder);
/** Whether names of special tokens in a text mean these tokens; at first they are text like all
 *  other, so that no document can end itself. Leftmost first, then the longest. */
void lm_encoder_read_specials(struct lm_encoder *encoder, bool is_on);
/** Ids of text; *ids is owned by the encoder and valid until its next call. LM_NOMEM; LM_RANGE for
 *  a piece of 4 GiB, or a regex that passes its limits. */
enum lm_status lm_encode(struct lm_encoder *encoder, const void *text, size_t size,
                         const int32_t **ids, size_t *count, struct lm_err *err);
/** Bytes of ids appended to a caller's array of *capacity; *size is the full length, also when
 *  it does not fit (then nothing is written beyond). Specials decode to nothing when skip_special.
 */
void lm_decode(const struct lm_vocab *vocab, const int32_t *ids, size_t count, bool skip_special,
               uint8_t *out, size_t capacity, size_t *size);

/* ---- train ---- */

/** Ids of the bytes, and so the order in which ties take them. */
enum lm_byte_order {
    LM_BYTES_RAW, /**< 0 to 255 */
    LM_BYTES_GPT2 /**< as GPT-2 numbers them: the printable ones of Latin-1 first; what others'
                     trainers do, to compare merges with theirs */
};

struct lm_bpe_options {
    int64_t vocab_size; /**< bytes + merges + specials, ≥ 256 + specials */
    enum lm_pattern pattern;
    const char *regex;           /**< with LM_PATTERN_REGEX */
    int64_t min_frequency;       /**< pairs seen less often are not merged; ≥ 1 */
    int64_t min_piece_frequency; /**< pieces seen less often are not learned from; 0 and 1: any */
    int64_t max_token_length;    /**< bytes, inclusive; 0: no bound */
    int64_t max_piece_bytes;     /**< longer pieces are not learned from; 0: no bound */
    const char *const *specials; /**< in id order, end-of-text last; borrowed by the trainer */
    size_t special_count;
    enum lm_byte_order byte_order;
    /* Nothing below changes what is learned. */
    size_t threads;      /**< workers that may count at once; 0: 1 */
    size_t count_memory; /**< bytes for tables of distinct pieces, all workers' together, before
                            they are written to a file; 0: no bound */
    const char
        *spill_folder; /**< for such files, which have no name there; borrowed by the trainer */
};

/** Counts documents, then learns. */
struct lm_bpe_trainer;

/** Called now and then with merges done; returns false to cancel. May be NULL. */
typedef bool lm_bpe_progress_fn(void *user, int64_t done, int64_t total);

/** A trainer that has counted nothing. LM_RANGE when vocab_size is too small, LM_INVALID when
 *  count_memory has no spill_folder, LM_NOMEM. */
enum lm_status lm_bpe_trainer_create(struct lm_bpe_trainer **out,
                                     const struct lm_bpe_options *options, struct lm_err *err);
void lm_bpe_trainer_free(struct lm_bpe_trainer *trainer); /**< NULL is fine */
/** Counts the pieces of a document as worker `worker` < threads. Workers may call at once, each
 * with a number of its own; which of them counts a document never matters. LM_NOMEM, LM_IO. */
enum lm_status lm_bpe_trainer_add(struct lm_bpe_trainer *trainer, size_t worker,
                                  const uint8_t *text, size_t size, struct lm_err *err);

/** What was not counted, as its pieces are longer than max_piece_bytes: how many, their bytes, and
 *  those of all text. */
struct lm_bpe_left_out {
    int64_t pieces, bytes, of_bytes;
};

/** Sums over all workers, none of which may be counting. */
struct lm_bpe_left_out lm_bpe_trainer_left_out(const struct lm_bpe_trainer *trainer);
/** Learns merges from all that was counted, once: most frequent pair first, ties by left id, then
 *  right id; overlapping occurrences all count and merge from the left; a pair whose bytes are a
 *  token already is never merged. When the text supports fewer merges the vocabulary is smaller
 *  (lm_vocab_size tells). The trainer can only be freed afterwards. LM_RANGE, LM_NOMEM, LM_IO,
 *  LM_CANCELLED. */
enum lm_status lm_bpe_trainer_learn(struct lm_vocab **out, struct lm_bpe_trainer *trainer,
                                    lm_bpe_progress_fn *progress, void *user, struct lm_err *err);

/** Gives the next document; returns false at the end; *text stays valid until the next call. */
typedef bool lm_document_fn(void *user, const uint8_t **text, size_t *size);
/** All of it for documents that come one by one: create, add, learn, free. */
enum lm_status lm_bpe_train(struct lm_vocab **out, const struct lm_bpe_options *options,
                            lm_document_fn *next, void *documents, lm_bpe_progress_fn *progress,
                            void *user, struct lm_err *err);

#endif
