/* GPT-2's two files: vocab.json (encoder.json), tokens and ids; merges.txt (vocab.bpe), a line
 * "LEFT RIGHT" a pair after a line "#version". Special tokens are among the tokens, unmarked. */
#include "tokenizer/formats/vocab_import.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tokenizer/alphabet.h"
#include "tokenizer/formats/import_shared.h"
#include "tokenizer/formats/pair_source.h"
#include "tokenizer/formats/published.h"
#include "tokenizer/formats/text_lines.h"

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

static enum lm_status read_merge(struct lm_pair_source *source, const struct lm_words *words,
                                 struct lm_err *err)
{
    if (words->count != 2)
        return lm_fail(err, LM_FORMAT, "not two tokens with a space between them");
    return lm_pair_source_add(source, words->at[0], words->size[0], words->at[1], words->size[1],
                              err);
}

/* Hugging Face's program passes over every line that begins with "#version", GPT-2's over the
 * first. */
static enum lm_status read_merges(struct lm_pair_source *source, const struct lm_import *import,
                                  struct lm_err *err)
{
    static const char version[] = "#version";
    struct lm_lines lines = lm_lines_of(import->merges, import->merges_size);
    struct lm_words words;
    while (lm_lines_next(&lines, &words)) {
        bool is_header = strncmp(words.at[0], version, sizeof version - 1) == 0;
        if (is_header && lines.number == 1)
            continue;
        enum lm_status status =
            is_header ? lm_fail(err, LM_FORMAT,
                                "a line \"#version\" behind the first, which programs read "
                                "differently; drop it")
                      : read_merge(source, &words, err);
        if (status != LM_OK)
            return lm_import_tell(err, status, import->merges_path, lines.number);
    }
    return LM_OK;
}

/* ---- special tokens ---- */

/* Place among names that are not sorted yet; -1. */
static int64_t find_name(const struct lm_token_list *names, const char *text, size_t size)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->entries[i].size == size &&
            memcmp(lm_token_list_bytes(names, &names->entries[i]), text, size) == 0)
            return (int64_t)i;
    return -1;
}

static enum lm_status disagree(const struct lm_named_token *token, const char *how,
                               struct lm_err *err)
{
    char shown[LM_SHOWN];
    return lm_fail(err, LM_UNSUPPORTED,
                   "%s names the special token \"%s\", which %s; make the files agree", token->file,
                   lm_alphabet_show(shown, token->text, token->size), how);
}

/* A token that a file beside this one names: it leaves the tokens of the text, or is new. */
static enum lm_status take_named(struct lm_pair_source *source, struct lm_token_list *names,
                                 const struct lm_named_token *token, const bool *is_made,
                                 struct lm_err *err)
{
    struct lm_token_list *tokens = &source->tokens;
    int64_t name = find_name(names, token->text, token->size);
    lm_buf_clear(&source->left);
    bool is_text = lm_alphabet_read(&source->left, token->text, token->size) == token->size;
    int32_t place = name >= 0 || !is_text
                        ? -1
                        : lm_token_list_find(tokens, source->left.data, source->left.size);
    const struct lm_token_entry *known = name >= 0    ? &names->entries[name]
                                         : place >= 0 ? &tokens->entries[place]
                                                      : NULL;
    if (known == NULL && token->id < 0)
        return disagree(token, "no file gives an id", err);
    if (known != NULL && token->id >= 0 && token->id != known->id)
        return disagree(token, "has another id in another file", err);
    if (name >= 0)
        return LM_OK;
    if (place < 0 || known == NULL)
        return lm_token_list_add(names, token->text, token->size, token->id, err);
    if (known->size == 1 || is_made[place])
        return disagree(token, "is a token of the text too", err);
    int32_t id = known->id;
    tokens->entries[place].size = 0;
    return lm_token_list_add(names, token->text, token->size, id, err);
}

/* Tokens that no pair makes are special when they read as they are written, as names do: they leave
 * the tokens of the text. */
static enum lm_status take_unmade(struct lm_token_list *tokens, struct lm_token_list *names,
                                  const bool *is_made, struct lm_err *err)
{
    for (size_t i = 0; i < tokens->count; i++) {
        struct lm_token_entry *entry = &tokens->entries[i];
        const uint8_t *bytes = lm_token_list_bytes(tokens, entry);
        bool is_name = entry->size > 1 && !is_made[i];
        for (size_t k = 0; k < entry->size && is_name; k++)
            is_name = bytes[k] > ' ' && bytes[k] < 0x7F;
        if (!is_name)
            continue;
        LM_TRY(lm_token_list_add(names, bytes, entry->size, entry->id, err));
        entry->size = 0;
    }
    return LM_OK;
}

static enum lm_status part_specials(struct lm_pair_source *source, struct lm_token_list *names,
                                    const struct lm_siblings *beside, struct lm_err *err)
{
    bool *is_made = calloc(source->tokens.count + 1, sizeof *is_made);
    enum lm_status status = LM_OK;
    if (is_made == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu tokens; free some", source->tokens.count);
    for (size_t i = 0; i < source->count; i++)
        is_made[source->pairs[i].made] = true;
    for (size_t i = 0; i < beside->count && status == LM_OK; i++)
        status = take_named(source, names, &beside->tokens[i], is_made, err);
    if (status == LM_OK)
        status = take_unmade(&source->tokens, names, is_made, err);
    free(is_made);
    return status == LM_OK ? lm_token_list_index(names, err) : status;
}

static enum lm_status read_json(struct lm_pair_source *source, struct lm_token_list *names,
                                const struct lm_import *import, struct lm_err *err)
{
    struct lm_json *root = NULL;
    enum lm_status status = lm_json_parse(&root, import->text, import->size, err);
    if (status == LM_OK)
        status = read_tokens(source, names, root, err);
    lm_json_free(root);
    return status == LM_OK ? LM_OK : lm_import_tell(err, status, import->path, 0);
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

static enum lm_status make(struct lm_vocab **out, struct lm_pair_source *source,
                           struct lm_token_list *names, const struct lm_import *import,
                           struct lm_err *err)
{
    struct lm_vocab *vocab = NULL;
    LM_TRY(part_specials(source, names, &import->beside, err));
    LM_TRY(lm_vocab_create(&vocab, import->has_pattern ? import->pattern : LM_PATTERN_GPT2, NULL,
                           LM_MERGING_PAIRS, err));
    enum lm_status status = build(vocab, source, names, err);
    if (status == LM_OK)
        *out = vocab;
    else
        lm_vocab_free(vocab);
    return status;
}

enum lm_status lm_import_gpt2(struct lm_vocab **out, const struct lm_import *import,
                              struct lm_err *err)
{
    struct lm_pair_source source;
    struct lm_token_list names;
    lm_pair_source_init(&source);
    lm_token_list_init(&names);
    enum lm_status status = read_json(&source, &names, import, err);
    if (status == LM_OK)
        status = read_merges(&source, import, err);
    if (status == LM_OK) {
        status = make(out, &source, &names, import, err);
        if (status != LM_OK)
            lm_import_tell(err, status, import->path, 0);
    }
    lm_token_list_release(&names);
    lm_pair_source_release(&source);
    return status;
}
