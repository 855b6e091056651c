/* Rank files of tiktoken: a line "BASE64 RANK" a token. Any two neighbours whose bytes together are
 * a token merge, lowest rank first. */
#include "tokenizer/formats/vocab_import.h"

#include <string.h>

#include "tokenizer/formats/base64.h"
#include "tokenizer/formats/import_shared.h"
#include "tokenizer/formats/published.h"
#include "tokenizer/formats/text_lines.h"
#include "tokenizer/formats/token_list.h"
#include "tokenizer/vocab.h"

enum { LONGEST_NUMBER = 8 };

static int64_t number_of(const char *text, size_t size)
{
    int64_t number = 0;
    if (size == 0 || size > LONGEST_NUMBER || (size > 1 && text[0] == '0'))
        return -1;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

static enum lm_status read_line(struct lm_token_list *tokens, struct lm_buf *bytes,
                                const struct lm_words *words, struct lm_err *err)
{
    lm_buf_clear(bytes);
    if (words->count != 2 || !lm_base64_read(bytes, words->at[0], words->size[0]) || bytes->failed)
        return lm_fail(err, LM_FORMAT,
                       "not a token in base64, a space and a rank; only tokenizer.json, vocab.json "
                       "with merges.txt and rank files can be imported");
    int64_t rank = number_of(words->at[1], words->size[1]);
    return lm_token_list_add(tokens, bytes->data, bytes->size, rank, err);
}

static enum lm_status read_lines(struct lm_token_list *tokens, const struct lm_import *import,
                                 struct lm_buf *bytes, struct lm_err *err)
{
    struct lm_lines lines = lm_lines_of(import->text, import->size);
    struct lm_words words;
    while (lm_lines_next(&lines, &words)) {
        enum lm_status status = read_line(tokens, bytes, &words, err);
        if (status != LM_OK)
            return lm_import_tell(err, status, import->path, lines.number);
    }
    enum lm_status status = lm_token_list_index(tokens, err);
    return status == LM_OK ? LM_OK : lm_import_tell(err, status, import->path, 0);
}

/* The pattern: as given, or that of a known file. */
static enum lm_status choose_pattern(enum lm_pattern *out, const struct lm_import *import,
                                     struct lm_err *err)
{
    const struct lm_published_ranks *known = lm_published_by_digest(import->sha256);
    *out = import->has_pattern ? import->pattern : known != NULL ? known->pattern : LM_PATTERN_GPT2;
    if (known == NULL && !import->has_pattern)
        return lm_fail(err, LM_INVALID,
                       "a rank file does not say where text is cut; name the pattern it was made "
                       "with: gpt2, cl100k or o200k");
    if (known != NULL && *out != known->pattern)
        return lm_fail(err, LM_INVALID, "this is %s, whose pattern is %s; leave the pattern out",
                       known->name, lm_pattern_names[known->pattern]);
    return LM_OK;
}

static enum lm_status merge_fault(enum lm_merge_fault fault, int32_t rank, struct lm_err *err)
{
    if (fault == LM_MERGE_FINE)
        return LM_OK;
    return lm_fail(err, fault == LM_MERGE_NOMEM ? LM_NOMEM : LM_FORMAT, "rank %d: %s", rank,
                   lm_merge_fault_text(fault));
}

static enum lm_status add_tokens(struct lm_vocab *vocab, const struct lm_token_list *tokens,
                                 struct lm_err *err)
{
    int32_t ids[LM_BYTES];
    LM_TRY(lm_token_list_byte_ids(tokens, ids, err));
    LM_TRY(merge_fault(lm_vocab_set_bytes(vocab, ids), ids[0], err));
    for (size_t i = 0; i < tokens->count; i++) {
        const struct lm_token_entry *entry = &tokens->entries[i];
        const uint8_t *bytes = lm_token_list_bytes(tokens, entry);
        if (entry->size > 1)
            LM_TRY(merge_fault(lm_vocab_add_token(vocab, bytes, entry->size, entry->id), entry->id,
                               err));
    }
    return LM_OK;
}

/* Rank files do not hold them. Published ids fit files of the published length; in any other an end
 * of text follows the highest rank. */
static enum lm_status add_specials(struct lm_vocab *vocab, struct lm_err *err)
{
    int32_t ranks = vocab->size;
    const struct lm_published_special own[] = {{LM_END_OF_TEXT_NAME, ranks}, {NULL, 0}};
    const struct lm_published_ranks *known = lm_published_by_ranks(vocab->pattern, ranks);
    const struct lm_published_special *special = known != NULL ? known->specials : own;
    for (; special->name != NULL; special++)
        LM_TRY(lm_vocab_add_special(vocab, special->name, strlen(special->name), special->id, err));
    vocab->end_of_text = lm_published_end_of_text(vocab);
    return lm_vocab_seal(vocab, err);
}

static enum lm_status make(struct lm_vocab **out, const struct lm_token_list *tokens,
                           const struct lm_import *import, struct lm_err *err)
{
    enum lm_pattern pattern = LM_PATTERN_GPT2;
    struct lm_vocab *vocab = NULL;
    LM_TRY(choose_pattern(&pattern, import, err));
    LM_TRY(lm_vocab_create(&vocab, pattern, NULL, LM_MERGING_RANKS, err));
    enum lm_status status = add_tokens(vocab, tokens, err);
    if (status == LM_OK)
        status = add_specials(vocab, err);
    if (status == LM_OK)
        *out = vocab;
    else
        lm_vocab_free(vocab);
    return status;
}

enum lm_status lm_import_tiktoken(struct lm_vocab **out, const struct lm_import *import,
                                  struct lm_err *err)
{
    struct lm_token_list tokens;
    struct lm_buf bytes;
    lm_token_list_init(&tokens);
    lm_buf_init(&bytes, LM_TOKEN_LONGEST);
    enum lm_status status = read_lines(&tokens, import, &bytes, err);
    if (status == LM_OK) {
        status = make(out, &tokens, import, err);
        if (status != LM_OK)
            lm_import_tell(err, status, import->path, 0);
    }
    lm_buf_release(&bytes);
    lm_token_list_release(&tokens);
    return status;
}
