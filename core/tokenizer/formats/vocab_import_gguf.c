/* The tokenizer of a GGUF file: byte-level BPE, which llama.cpp calls "gpt2". Tokens for control
 * and those that users defined are special here; what frames texts with them is passed over, as
 * encoding here never adds any. */
#include <lmpipe/gguf.h>

#include <string.h>

#include "base/utf8.h"
#include "gguf/gguf.h"
#include "tokenizer/alphabet.h"
#include "tokenizer/formats/gguf_vocab.h"
#include "tokenizer/formats/import_shared.h"
#include "tokenizer/formats/pair_source.h"
#include "tokenizer/formats/published.h"
#include "tokenizer/formats/vocab_import.h"

#define MODEL "tokenizer.ggml.model"
#define PRE "tokenizer.ggml.pre"
#define END "tokenizer.ggml.eos_token_id"
#define SPACE "tokenizer.ggml.add_space_prefix"

struct reading {
    const struct lm_gguf_pre *pre;
    struct lm_gguf_items tokens, kinds, merges;
    int64_t end_of_text; /* -1: not said */
    struct lm_pair_source source;
    struct lm_token_list names;
    struct lm_buf bytes;
};

bool lm_gguf_has_vocab(const struct lm_gguf *gguf)
{
    return lm_gguf_has(gguf, MODEL);
}

/* ---- what the keys say ---- */

static enum lm_status unsupported(const struct lm_gguf *gguf, const char *key, const char *text,
                                  size_t size, const char *why, struct lm_err *err)
{
    return lm_fail(err, LM_UNSUPPORTED, "%s: %s is \"%.*s\"; %s", lm_gguf_path(gguf), key,
                   size < 80 ? (int)size : 80, text, why);
}

static enum lm_status read_pre(struct reading *reading, const struct lm_gguf *gguf,
                               struct lm_err *err)
{
    const char *text;
    size_t size;
    LM_TRY(lm_gguf_get_text(gguf, MODEL, &text, &size, err));
    if (size != 4 || memcmp(text, "gpt2", 4) != 0)
        return unsupported(gguf, MODEL, text, size,
                           "only \"gpt2\", byte-level BPE, can be imported", err);
    LM_TRY(lm_gguf_get_text(gguf, PRE, &text, &size, err));
    reading->pre = lm_gguf_pre_find(text, size);
    if (reading->pre == NULL)
        return unsupported(gguf, PRE, text, size,
                           "that cuts text in a way that is not known here, so that ids would not "
                           "stay the same; import its tokenizer.json",
                           err);
    return LM_OK;
}

static enum lm_status read_keys(struct reading *reading, const struct lm_gguf *gguf,
                                struct lm_err *err)
{
    bool adds_space = false;
    LM_TRY(read_pre(reading, gguf, err));
    if (lm_gguf_has(gguf, SPACE))
        LM_TRY(lm_gguf_get_bool(gguf, SPACE, &adds_space, err));
    if (adds_space)
        return unsupported(gguf, SPACE, "true", 4, "text is encoded as it is here", err);
    LM_TRY(lm_gguf_get_texts(gguf, "tokenizer.ggml.tokens", &reading->tokens, err));
    LM_TRY(lm_gguf_get_ints(gguf, "tokenizer.ggml.token_type", &reading->kinds, err));
    LM_TRY(lm_gguf_get_texts(gguf, "tokenizer.ggml.merges", &reading->merges, err));
    reading->end_of_text = -1;
    if (lm_gguf_has(gguf, END))
        LM_TRY(lm_gguf_get_int(gguf, END, &reading->end_of_text, err));
    return LM_OK;
}

/* ---- tokens and merges ---- */

static enum lm_status take_text(struct reading *reading, const char *text, size_t size, int64_t id,
                                struct lm_err *err)
{
    char shown[LM_SHOWN];
    lm_buf_clear(&reading->bytes);
    if (lm_alphabet_read(&reading->bytes, text, size) != size || reading->bytes.failed)
        return lm_fail(
            err, LM_UNSUPPORTED,
            "token \"%s\" is in no byte-level alphabet; only byte-level vocabularies can "
            "be imported",
            lm_alphabet_show(shown, text, size));
    return lm_token_list_add(&reading->source.tokens, reading->bytes.data, reading->bytes.size, id,
                             err);
}

static enum lm_status take_token(struct reading *reading, const char *text, size_t size,
                                 int64_t kind, int64_t id, struct lm_err *err)
{
    if (kind == LM_GGUF_TOKEN_UNUSED)
        return LM_OK;
    if (kind == LM_GGUF_TOKEN_NORMAL)
        return take_text(reading, text, size, id, err);
    if (kind != LM_GGUF_TOKEN_CONTROL && kind != LM_GGUF_TOKEN_USER_DEFINED)
        return lm_fail(
            err, LM_UNSUPPORTED,
            "token %lld is of kind %lld, which no byte-level vocabulary has; it cannot be "
            "imported",
            (long long)id, (long long)kind);
    if (lm_utf8_valid_prefix((const uint8_t *)text, size) != size)
        return lm_fail(err, LM_FORMAT, "special token %lld is not UTF-8", (long long)id);
    return lm_token_list_add(&reading->names, text, size, id, err);
}

static enum lm_status read_tokens(struct reading *reading, struct lm_err *err)
{
    const char *text;
    size_t size;
    int64_t kind;
    if (reading->tokens.left != reading->kinds.left || reading->tokens.left > LM_VOCAB_LARGEST)
        return lm_fail(err, LM_FORMAT, "there are not as many kinds as tokens, or too many");
    for (int64_t id = 0; lm_gguf_next_text(&reading->tokens, &text, &size) &&
                         lm_gguf_next_int(&reading->kinds, &kind);
         id++)
        LM_TRY(take_token(reading, text, size, kind, id, err));
    LM_TRY(lm_token_list_index(&reading->names, err));
    return lm_token_list_index(&reading->source.tokens, err);
}

static enum lm_status read_merges(struct reading *reading, struct lm_err *err)
{
    const char *text;
    size_t size;
    for (long line = 0; lm_gguf_next_text(&reading->merges, &text, &size); line++) {
        const char *space = size > 0 ? memchr(text, ' ', size) : NULL;
        if (space == NULL)
            return lm_fail(err, LM_FORMAT, "merge %ld is not two tokens with a space between",
                           line);
        size_t left = (size_t)(space - text);
        enum lm_status status =
            lm_pair_source_add(&reading->source, text, left, space + 1, size - left - 1, err);
        if (status != LM_OK)
            return lm_wrap(err, status, "merge %ld", line);
    }
    return LM_OK;
}

/* ---- the whole ---- */

static enum lm_status build(struct lm_vocab *vocab, const struct reading *reading,
                            struct lm_err *err)
{
    const struct lm_token_list *names = &reading->names;
    LM_TRY(lm_pair_source_build(&reading->source, vocab, err));
    for (size_t i = 0; i < names->count; i++)
        LM_TRY(lm_vocab_add_special(vocab, lm_token_list_bytes(names, &names->entries[i]),
                                    names->entries[i].size, names->entries[i].id, err));
    bool is_said = reading->end_of_text >= 0 && reading->end_of_text < vocab->size &&
                   lm_vocab_is_special(vocab, (int32_t)reading->end_of_text);
    vocab->end_of_text = is_said ? (int32_t)reading->end_of_text : lm_published_end_of_text(vocab);
    return lm_vocab_seal(vocab, err);
}

static enum lm_status make(struct lm_vocab **out, struct reading *reading, struct lm_err *err)
{
    struct lm_vocab *vocab = NULL;
    LM_TRY(read_tokens(reading, err));
    LM_TRY(read_merges(reading, err));
    LM_TRY(lm_vocab_create(&vocab, reading->pre->pattern, NULL,
                           reading->pre->is_whole ? LM_MERGING_PAIRS_WHOLE : LM_MERGING_PAIRS,
                           err));
    enum lm_status status = build(vocab, reading, err);
    if (status == LM_OK)
        *out = vocab;
    else
        lm_vocab_free(vocab);
    return status;
}

enum lm_status lm_gguf_load_vocab(struct lm_vocab **out, const struct lm_gguf *gguf,
                                  struct lm_err *err)
{
    struct reading reading;
    LM_TRY(read_keys(&reading, gguf, err));
    lm_pair_source_init(&reading.source);
    lm_token_list_init(&reading.names);
    lm_buf_init(&reading.bytes, LM_TOKEN_LONGEST);
    enum lm_status status = make(out, &reading, err);
    if (status != LM_OK)
        lm_import_tell(err, status, lm_gguf_path(gguf), 0);
    lm_buf_release(&reading.bytes);
    lm_token_list_release(&reading.names);
    lm_pair_source_release(&reading.source);
    return status;
}

enum lm_status lm_import_gguf(struct lm_vocab **out, const struct lm_import *import,
                              struct lm_err *err)
{
    struct lm_gguf *gguf = NULL;
    struct lm_vocab *vocab = NULL;
    LM_TRY(lm_gguf_open(&gguf, import->path, err));
    enum lm_status status = lm_gguf_load_vocab(&vocab, gguf, err);
    lm_gguf_close(gguf);
    LM_TRY(status);
    if (import->has_pattern && import->pattern != vocab->pattern) {
        status = lm_fail(err, LM_INVALID,
                         "%s: it says where to cut, and that is %s, not %s; leave the pattern out",
                         import->path, lm_pattern_names[vocab->pattern],
                         lm_pattern_names[import->pattern]);
        lm_vocab_free(vocab);
        return status;
    }
    *out = vocab;
    return LM_OK;
}
