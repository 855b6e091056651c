/* tokenizer.json of Hugging Face's tokenizers: a BPE model behind a byte-level pretokenizer. What
 * would change text or ids in a way that cannot be done here is refused. A post-processor is passed
 * over: it frames texts with special tokens, which encoding here never adds. */
#include "tokenizer/formats/vocab_import.h"

#include <string.h>

#include "base/json.h"
#include "tokenizer/alphabet.h"
#include "tokenizer/formats/foreign_regex.h"
#include "tokenizer/formats/import_shared.h"
#include "tokenizer/formats/pair_source.h"
#include "tokenizer/formats/published.h"

struct reading {
    const struct lm_json *root, *model;
    struct lm_pair_source source;
    struct lm_token_list names; /* added tokens */
    struct lm_buf bytes;
    enum lm_pattern pattern;
    struct lm_buf expression; /* of LM_PATTERN_REGEX, as PCRE2 reads it */
    enum lm_status status;
    struct lm_err *err;
};

/* ---- values ---- */

static bool is_bool(const struct lm_json *value, bool want)
{
    return lm_json_bool(value, !want) == want;
}

/* A member that is a bool of this value, or missing when that means the same. */
static bool has_bool(const struct lm_json *object, const char *key, bool want, bool missing)
{
    const struct lm_json *value = lm_json_get(object, key);
    return value == NULL ? want == missing : is_bool(value, want);
}

static bool is_text(const struct lm_json *value, const char *want)
{
    const char *text = lm_json_string(value, NULL);
    return text != NULL && strcmp(text, want) == 0;
}

static bool has_type(const struct lm_json *object, const char *want)
{
    return is_text(lm_json_get(object, "type"), want);
}

/* Nothing, or the text that stands for it. */
static bool is_nothing(const struct lm_json *value)
{
    return lm_is_null(value) || is_text(value, "");
}

static bool is_zero(const struct lm_json *value)
{
    return lm_is_null(value) || lm_json_double(value, 1) == 0;
}

/* ---- what cannot be reproduced ---- */

static const struct lm_must root_musts[] = {
    {"normalizer", lm_is_null, "which changes the text; here every byte is kept"},
    {"truncation", lm_is_null, "which drops tokens; here a text is encoded whole"},
    {"padding", lm_is_null, "which adds tokens; here a text is encoded as it is"},
    {NULL, NULL, NULL},
};

static const struct lm_must model_musts[] = {
    {"dropout", is_zero, "which draws tokens"},
    {"continuing_subword_prefix", is_nothing, "which no byte-level vocabulary has"},
    {"end_of_word_suffix", is_nothing, "which no byte-level vocabulary has"},
    {"byte_fallback", lm_is_off, "which no byte-level vocabulary needs"},
    {NULL, NULL, NULL},
};

/* ---- the pattern ---- */

static enum lm_status unsupported_split(const char *what, struct lm_err *err)
{
    return lm_fail(err, LM_UNSUPPORTED,
                   "%s; only ByteLevel, or Split by one expression and then ByteLevel, can be "
                   "imported so that ids stay the same",
                   what);
}

static enum lm_status check_byte_level(const struct lm_json *step, bool uses_regex,
                                       struct lm_err *err)
{
    if (!has_type(step, "ByteLevel"))
        return unsupported_split("the pre_tokenizer does not end in ByteLevel", err);
    if (!has_bool(step, "add_prefix_space", false, true))
        return unsupported_split("the pre_tokenizer adds a space before the text", err);
    if (!has_bool(step, "use_regex", uses_regex, true))
        return unsupported_split(uses_regex ? "the pre_tokenizer cuts no words"
                                            : "the pre_tokenizer cuts by two expressions",
                                 err);
    return LM_OK;
}

static enum lm_status read_split(struct reading *reading, const struct lm_json *step)
{
    const struct lm_json *expression = lm_json_get(lm_json_get(step, "pattern"), "Regex");
    size_t size = 0;
    const char *text = lm_json_string(expression, &size);
    if (!has_type(step, "Split") || text == NULL || size != strlen(text) || size == 0)
        return unsupported_split("the pre_tokenizer does not start with Split by a Regex",
                                 reading->err);
    if (!is_text(lm_json_get(step, "behavior"), "Isolated") ||
        !has_bool(step, "invert", false, false))
        return unsupported_split("the pre_tokenizer's Split is not \"Isolated\"", reading->err);
    if (lm_published_pattern(&reading->pattern, text))
        return LM_OK;
    LM_TRY(lm_foreign_regex(&reading->expression, text, LM_REGEX_ONIGURUMA, reading->err));
    reading->pattern = LM_PATTERN_REGEX;
    return LM_OK;
}

static enum lm_status read_pattern(struct reading *reading, const struct lm_import *import)
{
    const struct lm_json *splitter = lm_json_get(reading->root, "pre_tokenizer");
    const struct lm_json *steps = lm_json_get(splitter, "pretokenizers");
    if (has_type(splitter, "ByteLevel")) {
        LM_TRY(check_byte_level(splitter, true, reading->err));
        reading->pattern = LM_PATTERN_GPT2;
    } else if (has_type(splitter, "Sequence") && lm_json_count(steps) == 2) {
        LM_TRY(read_split(reading, lm_json_at(steps, 0)));
        LM_TRY(check_byte_level(lm_json_at(steps, 1), false, reading->err));
    } else {
        return unsupported_split("the pre_tokenizer is of another kind", reading->err);
    }
    if (import->has_pattern && import->pattern != reading->pattern)
        return lm_fail(reading->err, LM_INVALID,
                       "it says where to cut, and that is %s, not %s; leave the pattern out",
                       lm_pattern_names[reading->pattern], lm_pattern_names[import->pattern]);
    return LM_OK;
}

/* ---- tokens ---- */

/* Tokens with and without "normalized" are looked for one after the other: which of two that
 * overlap is found would depend on it. */
static enum lm_status read_added(struct reading *reading)
{
    const struct lm_json *list = lm_json_get(reading->root, "added_tokens");
    size_t count = lm_json_count(list), normalized = 0;
    if (!lm_is_null(list) && !lm_json_is_array(list))
        return lm_fail(reading->err, LM_FORMAT, "\"added_tokens\" is no list");
    for (size_t i = 0; i < count; i++) {
        const struct lm_json *token = lm_json_at(list, i);
        size_t size = 0;
        const char *content = lm_json_string(lm_json_get(token, "content"), &size);
        LM_TRY(lm_import_check(token, lm_added_musts, "an added token", reading->err));
        if (content == NULL)
            return lm_fail(reading->err, LM_FORMAT, "an added token has no \"content\"");
        normalized += is_bool(lm_json_get(token, "normalized"), true);
        LM_TRY(lm_token_list_add(&reading->names, content, size,
                                 lm_json_int(lm_json_get(token, "id"), -1), reading->err));
    }
    if (normalized != 0 && normalized != count)
        return lm_fail(reading->err, LM_UNSUPPORTED,
                       "some added tokens are \"normalized\" and some are not, so that they are "
                       "looked for in two rounds; make them equal");
    return lm_token_list_index(&reading->names, reading->err);
}

/* An entry of "vocab": text in the printable alphabet, or the name of an added token. */
static bool take_token(void *user, const char *key, const struct lm_json *value)
{
    struct reading *reading = user;
    char shown[LM_SHOWN];
    size_t size = strlen(key);
    int64_t id = lm_json_int(value, -1);
    int32_t place = lm_token_list_find(&reading->names, key, size);
    lm_buf_clear(&reading->bytes);
    if (place >= 0)
        reading->status =
            reading->names.entries[place].id == id
                ? LM_OK
                : lm_fail(reading->err, LM_FORMAT, "token \"%s\" has two ids; drop one",
                          lm_alphabet_show(shown, key, size));
    else if (lm_alphabet_read(&reading->bytes, key, size) != size)
        reading->status = lm_fail(reading->err, LM_UNSUPPORTED,
                                  "token \"%s\" is in no byte-level alphabet; only byte-level "
                                  "vocabularies can be imported",
                                  lm_alphabet_show(shown, key, size));
    else
        reading->status = lm_token_list_add(&reading->source.tokens, reading->bytes.data,
                                            reading->bytes.size, id, reading->err);
    return reading->status == LM_OK;
}

/* An added token outside of "vocab" is given the next free id behind it, whatever "id" says: one
 * that says another would be read in two ways. */
static enum lm_status check_added_ids(const struct reading *reading)
{
    const struct lm_json *list = lm_json_get(reading->root, "added_tokens");
    const struct lm_json *vocab = lm_json_get(reading->model, "vocab");
    int64_t size = (int64_t)lm_json_count(vocab), highest = -1;
    char shown[LM_SHOWN];
    for (size_t i = 0; i < lm_json_count(list); i++) {
        const struct lm_json *token = lm_json_at(list, i);
        const char *content = lm_json_string(lm_json_get(token, "content"), NULL);
        int64_t id = lm_json_int(lm_json_get(token, "id"), -1);
        int64_t given = highest >= size ? highest + 1 : size;
        given = lm_json_int(lm_json_get(vocab, content), given);
        if (id != given)
            return lm_fail(reading->err, LM_UNSUPPORTED,
                           "added token \"%s\" has id %lld, but Hugging Face's program gives it "
                           "%lld; correct the id, or put the token into the model's \"vocab\"",
                           lm_alphabet_show(shown, content, strlen(content)), (long long)id,
                           (long long)given);
        highest = id > highest ? id : highest;
    }
    return LM_OK;
}

static enum lm_status read_vocab(struct reading *reading)
{
    const struct lm_json *vocab = lm_json_get(reading->model, "vocab");
    if (!lm_json_is_object(vocab))
        return lm_fail(reading->err, LM_FORMAT, "its model has no \"vocab\"");
    lm_json_each(vocab, take_token, reading);
    LM_TRY(reading->status);
    LM_TRY(check_added_ids(reading));
    return lm_token_list_index(&reading->source.tokens, reading->err);
}

/* "LEFT RIGHT", or ["LEFT", "RIGHT"]. */
static enum lm_status read_merge(struct reading *reading, const struct lm_json *merge)
{
    size_t left_size = 0, right_size = 0;
    const char *left = lm_json_string(merge, &right_size), *right;
    if (left != NULL) {
        const char *space = memchr(left, ' ', right_size);
        left_size = space == NULL ? right_size : (size_t)(space - left);
        right = space == NULL ? NULL : space + 1;
        right_size -= left_size + (space != NULL);
    } else {
        left = lm_json_string(lm_json_at(merge, 0), &left_size);
        right = lm_json_string(lm_json_at(merge, 1), &right_size);
    }
    if (left == NULL || right == NULL || (lm_json_is_array(merge) && lm_json_count(merge) != 2))
        return lm_fail(reading->err, LM_FORMAT, "not two tokens");
    return lm_pair_source_add(&reading->source, left, left_size, right, right_size, reading->err);
}

static enum lm_status read_merges(struct reading *reading)
{
    const struct lm_json *merges = lm_json_get(reading->model, "merges");
    if (!lm_json_is_array(merges))
        return lm_fail(reading->err, LM_FORMAT, "its model has no \"merges\"");
    for (size_t i = 0; i < lm_json_count(merges); i++) {
        enum lm_status status = read_merge(reading, lm_json_at(merges, i));
        if (status != LM_OK)
            return lm_wrap(reading->err, status, "merge %zu", i);
    }
    return LM_OK;
}

/* A token that another file of the folder names must be one that this file adds: its program would
 * add it, or look for its name in texts. */
static enum lm_status check_beside(const struct reading *reading, const struct lm_siblings *beside)
{
    char shown[LM_SHOWN];
    for (size_t i = 0; i < beside->count; i++) {
        const struct lm_named_token *token = &beside->tokens[i];
        int32_t place = lm_token_list_find(&reading->names, token->text, token->size);
        if (place >= 0 && (token->id < 0 || token->id == reading->names.entries[place].id))
            continue;
        return lm_fail(reading->err, LM_UNSUPPORTED,
                       "%s names the special token \"%s\"%s, which \"added_tokens\" here does not; "
                       "make them agree, or name this file alone",
                       token->file, lm_alphabet_show(shown, token->text, token->size),
                       place >= 0 ? " with another id" : "");
    }
    return LM_OK;
}

/* ---- the whole ---- */

static enum lm_status read_root(struct reading *reading, const struct lm_import *import)
{
    const struct lm_json *type, *decoder = lm_json_get(reading->root, "decoder");
    reading->model = lm_json_get(reading->root, "model");
    type = lm_json_get(reading->model, "type");
    if (!lm_json_is_object(reading->model))
        return lm_fail(reading->err, LM_FORMAT, "no tokenizer.json: it has no \"model\"");
    if (type != NULL && !is_text(type, "BPE"))
        return lm_fail(reading->err, LM_UNSUPPORTED,
                       "its model is not BPE; no other kind can be imported");
    if (!lm_is_null(decoder) && !has_type(decoder, "ByteLevel"))
        return lm_fail(
            reading->err, LM_UNSUPPORTED,
            "its decoder is not ByteLevel; only byte-level vocabularies can be imported");
    LM_TRY(lm_import_check(reading->root, root_musts, "the tokenizer", reading->err));
    LM_TRY(lm_import_check(reading->model, model_musts, "its model", reading->err));
    LM_TRY(read_pattern(reading, import));
    LM_TRY(read_added(reading));
    LM_TRY(check_beside(reading, &import->beside));
    LM_TRY(read_vocab(reading));
    return read_merges(reading);
}

static enum lm_status build(struct lm_vocab *vocab, const struct reading *reading)
{
    const struct lm_token_list *names = &reading->names;
    LM_TRY(lm_pair_source_build(&reading->source, vocab, reading->err));
    for (size_t i = 0; i < names->count; i++)
        LM_TRY(lm_vocab_add_special(vocab, lm_token_list_bytes(names, &names->entries[i]),
                                    names->entries[i].size, names->entries[i].id, reading->err));
    vocab->end_of_text = lm_published_end_of_text(vocab);
    return lm_vocab_seal(vocab, reading->err);
}

static enum lm_status make(struct lm_vocab **out, struct reading *reading,
                           const struct lm_import *import)
{
    struct lm_vocab *vocab = NULL;
    LM_TRY(read_root(reading, import));
    bool is_whole = is_bool(lm_json_get(reading->model, "ignore_merges"), true);
    LM_TRY(lm_vocab_create(&vocab, reading->pattern, reading->expression.data,
                           is_whole ? LM_MERGING_PAIRS_WHOLE : LM_MERGING_PAIRS, reading->err));
    enum lm_status status = build(vocab, reading);
    if (status == LM_OK)
        *out = vocab;
    else
        lm_vocab_free(vocab);
    return status;
}

static enum lm_status import_root(struct lm_vocab **out, const struct lm_json *root,
                                  const struct lm_import *import, struct lm_err *err)
{
    struct reading reading = {.root = root, .err = err};
    lm_pair_source_init(&reading.source);
    lm_token_list_init(&reading.names);
    lm_buf_init(&reading.bytes, LM_TOKEN_LONGEST);
    lm_buf_init(&reading.expression, 0);
    enum lm_status status = make(out, &reading, import);
    lm_buf_release(&reading.bytes);
    lm_buf_release(&reading.expression);
    lm_token_list_release(&reading.names);
    lm_pair_source_release(&reading.source);
    return status;
}

enum lm_status lm_import_hf(struct lm_vocab **out, const struct lm_import *import,
                            struct lm_err *err)
{
    struct lm_json *root = NULL;
    enum lm_status status = lm_json_parse(&root, import->text, import->size, err);
    if (status == LM_OK)
        status = import_root(out, root, import, err);
    lm_json_free(root);
    return status == LM_OK ? LM_OK : lm_import_tell(err, status, import->path, 0);
}
