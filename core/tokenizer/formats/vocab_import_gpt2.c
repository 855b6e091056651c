/* GPT-2's two files: vocab.json (encoder.json), tokens and ids; merges.txt (vocab.bpe), a line
 * "LEFT RIGHT" a pair after a line "#version". Special tokens are among the tokens, unmarked. */
#include "tokenizer/formats/vocab_import.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tokenizer/alphabet.h"
#include "tokenizer/formats/pair_source.h"
#include "tokenizer/formats/published.h"

/* The tokens of vocab.json on their way to where they belong. */
struct sorting {
    struct lm_pair_source *source;
    struct lm_token_list *names; /* those that cannot be text, as they are written */
    struct lm_buf bytes;
    enum lm_status status;
    struct lm_err *err;
};

/* Bytes of a token in the printable alphabet; false when it is not in it. */
static bool read_token(struct lm_buf *bytes, const char *text)
{
    lm_buf_clear(bytes);
    size_t size = strlen(text);
    return lm_alphabet_read(bytes, text, size) == size && !bytes->failed;
}

static bool take_text(void *user, const char *key, const struct lm_json *value)
{
    struct sorting *sorting = user;
    int64_t id = lm_json_int(value, -1);
    bool is_text = read_token(&sorting->bytes, key);
    struct lm_token_list *list = is_text ? &sorting->source->tokens : sorting->names;
    sorting->status = is_text ? lm_token_list_add(list, sorting->bytes.data, sorting->bytes.size,
                                                  id, sorting->err)
                              : lm_token_list_add(list, key, strlen(key), id, sorting->err);
    return sorting->status == LM_OK;
}

static enum lm_status read_tokens(struct lm_pair_source *source, struct lm_token_list *names,
                                  const struct lm_json *root, struct lm_err *err)
{
    struct sorting sorting = {.source = source, .names = names, .err = err};
    if (!lm_json_is_object(root))
        return lm_fail(err, LM_FORMAT, "not an object of tokens and their ids");
    lm_buf_init(&sorting.bytes, LM_TOKEN_LONGEST);
    lm_json_each(root, take_text, &sorting);
    lm_buf_release(&sorting.bytes);
    LM_TRY(sorting.status);
    return lm_token_list_index(&source->tokens, err);
}

static enum lm_status read_merge(struct lm_pair_source *source, const char *line, size_t size,
                                 struct lm_err *err)
{
    const char *space = memchr(line, ' ', size);
    if (space == NULL)
        return lm_fail(err, LM_FORMAT, "not two tokens with a space between them");
    size_t left = (size_t)(space - line);
    return lm_pair_source_add(source, line, left, space + 1, size - left - 1, err);
}

static enum lm_status read_merges(struct lm_pair_source *source, const struct lm_import *import,
                                  struct lm_err *err)
{
    static const char version[] = "#version";
    const char *at = import->merges, *end = import->merges + import->merges_size;
    for (long line = 1; at < end; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        bool is_header = line == 1 && strncmp(at, version, sizeof version - 1) == 0;
        enum lm_status status =
            is_header ? LM_OK : read_merge(source, at, (size_t)(stop - at), err);
        if (status != LM_OK)
            return lm_wrap(err, status, "line %ld of the merges", line);
        at = newline == NULL ? end : newline + 1;
    }
    return LM_OK;
}

/* Tokens that no pair makes are special when they read as they are written, as names do: they leave
 * the tokens of the text. */
static enum lm_status part_specials(struct lm_pair_source *source, struct lm_token_list *names,
                                    struct lm_err *err)
{
    struct lm_token_list *tokens = &source->tokens;
    bool *is_made = calloc(tokens->count + 1, sizeof *is_made);
    if (is_made == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu tokens; free some", tokens->count);
    for (size_t i = 0; i < source->count; i++)
        is_made[source->pairs[i].made] = true;
    enum lm_status status = LM_OK;
    for (size_t i = 0; i < tokens->count && status == LM_OK; i++) {
        struct lm_token_entry *entry = &tokens->entries[i];
        const uint8_t *bytes = lm_token_list_bytes(tokens, entry);
        bool is_name = entry->size > 1 && !is_made[i];
        for (size_t k = 0; k < entry->size && is_name; k++)
            is_name = bytes[k] > ' ' && bytes[k] < 0x7F;
        if (!is_name)
            continue;
        status = lm_token_list_add(names, bytes, entry->size, entry->id, err);
        entry->size = 0;
    }
    free(is_made);
    return status == LM_OK ? lm_token_list_index(names, err) : status;
}

static enum lm_status read_source(struct lm_pair_source *source, struct lm_token_list *names,
                                  const struct lm_import *import, struct lm_err *err)
{
    struct lm_json *root = NULL;
    LM_TRY(lm_json_parse(&root, import->text, import->size, err));
    enum lm_status status = read_tokens(source, names, root, err);
    lm_json_free(root);
    LM_TRY(status);
    LM_TRY(read_merges(source, import, err));
    return part_specials(source, names, err);
}

static enum lm_status build(struct lm_vocab *vocab, const struct lm_pair_source *source,
                            const struct lm_token_list *names, struct lm_err *err)
{
    LM_TRY(lm_pair_source_build(source, vocab, err));
    for (size_t i = 0; i < names->count; i++)
        LM_TRY(lm_vocab_add_special(vocab, lm_token_list_bytes(names, &names->entries[i]),
                                    names->entries[i].size, names->entries[i].id, err));
    vocab->end_of_text = lm_published_end_of_text(vocab);
    return lm_vocab_seal(vocab, err);
}

enum lm_status lm_import_gpt2(struct lm_vocab **out, const struct lm_import *import,
                              struct lm_err *err)
{
    enum lm_pattern pattern = import->has_pattern ? import->pattern : LM_PATTERN_GPT2;
    struct lm_vocab *vocab = NULL;
    struct lm_pair_source source;
    struct lm_token_list names;
    lm_pair_source_init(&source);
    lm_token_list_init(&names);
    enum lm_status status = read_source(&source, &names, import, err);
    if (status == LM_OK)
        status = lm_vocab_create(&vocab, pattern, NULL, LM_MERGING_PAIRS, err);
    if (status == LM_OK)
        status = build(vocab, &source, &names, err);
    lm_token_list_release(&names);
    lm_pair_source_release(&source);
    if (status == LM_OK)
        *out = vocab;
    else
        lm_vocab_free(vocab);
    return status;
}
