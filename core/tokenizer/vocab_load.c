/* docs/formats/vocab.md, read strictly: what is not exactly as lm_vocab_save writes it is an error
 * with its line. */
#include "tokenizer/vocab.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <lmpipe/hash.h>

#include "base/io.h"
#include "text/unicode.h"
#include "tokenizer/alphabet.h"
#include "tokenizer/regex.h"

enum { CHECK_LINE = 6 + 16 + 1, LONGEST_NUMBER = 9 };

#define LARGEST_FILE ((size_t)1 << 30)

struct reader {
    const char *path, *at, *end;
    long line;
    struct lm_buf left, right; /* tokens of the line */
    struct lm_err *err;
};

static enum lm_status fault(struct reader *reader, const char *what)
{
    lm_fail(reader->err, LM_FORMAT,
            "%s:%ld: %s; the file is damaged or was edited by hand: train the vocabulary again",
            reader->path, reader->line, what);
    return LM_FORMAT;
}

/* The next line without its newline. */
static enum lm_status next_line(struct reader *reader, const char **line, size_t *size)
{
    reader->line++;
    const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    if (newline == NULL)
        return fault(reader, "the file ends too early");
    *line = reader->at;
    *size = (size_t)(newline - reader->at);
    reader->at = newline + 1;
    return LM_OK;
}

/* Value of a line "NAME VALUE". */
static enum lm_status header(struct reader *reader, const char *name, const char **value,
                             size_t *size)
{
    const char *line;
    size_t length = strlen(name);
    LM_TRY(next_line(reader, &line, size));
    if (*size <= length || memcmp(line, name, length) != 0 || line[length] != ' ')
        return fault(reader, "not the header line that belongs here");
    *value = line + length + 1;
    *size -= length + 1;
    return LM_OK;
}

static enum lm_status header_word(struct reader *reader, const char *name, const char *want)
{
    const char *value;
    size_t size;
    LM_TRY(header(reader, name, &value, &size));
    if (size != strlen(want) || memcmp(value, want, size) != 0)
        return lm_fail(
            reader->err, LM_UNSUPPORTED,
            "%s:%ld: %s is \"%.*s\", this lmpipe reads \"%s\"; train the vocabulary again",
            reader->path, reader->line, name, (int)(size < 40 ? size : 40), value, want);
    return LM_OK;
}

/* Value of a line that is one of `names`; its index. */
static enum lm_status header_choice(struct reader *reader, const char *name,
                                    const char *const *names, size_t *out)
{
    const char *value;
    size_t size;
    LM_TRY(header(reader, name, &value, &size));
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strlen(names[i]) == size && memcmp(names[i], value, size) == 0) {
            *out = i;
            return LM_OK;
        }
    }
    return fault(reader, "not a value this lmpipe knows");
}

/* A plain decimal up to LM_VOCAB_LARGEST, without leading zeros; -1 for anything else. */
static int64_t number_of(const char *text, size_t size)
{
    int64_t number = 0;
    bool is_good = size > 0 && size <= LONGEST_NUMBER && (size == 1 || text[0] != '0');
    for (size_t i = 0; i < size && is_good; i++) {
        is_good = text[i] >= '0' && text[i] <= '9';
        number = number * 10 + (text[i] - '0');
    }
    return is_good && number <= LM_VOCAB_LARGEST ? number : -1;
}

static enum lm_status header_number(struct reader *reader, const char *name, int64_t *out)
{
    const char *value;
    size_t size;
    LM_TRY(header(reader, name, &value, &size));
    *out = number_of(value, size);
    return *out >= 0 ? LM_OK : fault(reader, "not a number that fits here");
}

/* The same, or -1. */
static enum lm_status header_end_of_text(struct reader *reader, int64_t *out)
{
    const char *value;
    size_t size;
    LM_TRY(header(reader, "end_of_text", &value, &size));
    *out = number_of(value, size);
    bool is_none = size == 2 && memcmp(value, "-1", 2) == 0;
    return *out >= 0 || is_none ? LM_OK : fault(reader, "not a number that fits here");
}

/* "bytes ID ID …", the ids of the bytes 00 to FF. */
static enum lm_status read_byte_ids(struct reader *reader, struct lm_vocab *vocab)
{
    const char *value;
    size_t size;
    int32_t ids[LM_BYTES];
    LM_TRY(header(reader, "bytes", &value, &size));
    const char *end = value + size;
    for (size_t i = 0; i < LM_BYTES; i++) {
        const char *space = memchr(value, ' ', (size_t)(end - value));
        const char *stop = i + 1 < LM_BYTES ? space : end;
        int64_t id = stop == NULL ? -1 : number_of(value, (size_t)(stop - value));
        if (id < 0)
            return fault(reader, "not the 256 ids of the bytes");
        ids[i] = (int32_t)id;
        value = i + 1 < LM_BYTES ? stop + 1 : end;
    }
    enum lm_merge_fault merge = lm_vocab_set_bytes(vocab, ids);
    return merge == LM_MERGE_FINE ? LM_OK : fault(reader, lm_merge_fault_text(merge));
}

struct counts {
    int64_t merges, specials, end_of_text;
};

static const char *const byte_orders[] = {"raw", "gpt2", "listed", NULL};

enum { ORDER_RAW, ORDER_GPT2, ORDER_LISTED };

static enum lm_status read_byte_order(struct reader *reader, struct lm_vocab *vocab, size_t order)
{
    int32_t ids[LM_BYTES];
    if (order == ORDER_LISTED)
        return read_byte_ids(reader, vocab);
    lm_alphabet_ids(ids);
    if (order == ORDER_GPT2 && lm_vocab_set_bytes(vocab, ids) != LM_MERGE_FINE)
        return lm_fail(reader->err, LM_NOMEM, "no memory for a vocabulary; free some");
    return LM_OK;
}

/* The expression behind `pattern regex`, in the alphabet, without zero bytes. */
static enum lm_status read_regex(struct reader *reader)
{
    const char *value;
    size_t size;
    struct lm_buf *regex = &reader->left;
    LM_TRY(header(reader, "regex", &value, &size));
    lm_buf_clear(regex);
    if (lm_alphabet_read(regex, value, size) != size || regex->size == 0 || regex->failed ||
        memchr(regex->data, '\0', regex->size) != NULL)
        return fault(reader, "not an expression");
    return LM_OK;
}

/* The Unicode whose classes cut the text: lmpipe's, or with an expression PCRE2's. */
static enum lm_status check_unicode(struct reader *reader, enum lm_pattern pattern)
{
    char pcre2[24];
    lm_regex_unicode(pcre2);
    return header_word(reader, "unicode", pattern == LM_PATTERN_REGEX ? pcre2 : lm_unicode_version);
}

/* The header; *out is the caller's also when reading fails. */
static enum lm_status read_header(struct reader *reader, struct lm_vocab **out,
                                  struct counts *counts)
{
    size_t pattern, order, merging;
    const char *regex = NULL;
    LM_TRY(header_word(reader, "lmpipe-vocab", "1"));
    LM_TRY(header_choice(reader, "pattern", lm_pattern_names, &pattern));
    if (pattern == LM_PATTERN_REGEX) {
        LM_TRY(read_regex(reader));
        regex = reader->left.data;
    }
    LM_TRY(check_unicode(reader, (enum lm_pattern)pattern));
    LM_TRY(header_choice(reader, "byte_order", byte_orders, &order));
    LM_TRY(header_choice(reader, "merging", lm_merging_names, &merging));
    LM_TRY(header_number(reader, "merges", &counts->merges));
    LM_TRY(header_number(reader, "specials", &counts->specials));
    LM_TRY(header_end_of_text(reader, &counts->end_of_text));
    LM_TRY(lm_vocab_create(out, (enum lm_pattern)pattern, regex, (enum lm_merging)merging,
                           reader->err));
    return read_byte_order(reader, *out, order);
}

static enum lm_status read_token(struct reader *reader, struct lm_buf *out, const char *text,
                                 size_t size)
{
    lm_buf_clear(out);
    if (size == 0 || lm_alphabet_read(out, text, size) != size)
        return fault(reader, "a character that stands for no byte, or no token");
    return lm_buf_status(out, reader->err);
}

static int32_t find(const struct lm_vocab *vocab, const struct lm_buf *token)
{
    return lm_vocab_find(vocab, (const uint8_t *)token->data, token->size);
}

/* The next line; an id behind a tab is cut off, without one the id is the next. */
static enum lm_status token_line(struct reader *reader, const struct lm_vocab *vocab,
                                 const char **line, size_t *size, int32_t *id)
{
    LM_TRY(next_line(reader, line, size));
    const char *tab = memchr(*line, '\t', *size);
    *id = vocab->next_id;
    if (tab == NULL)
        return LM_OK;
    int64_t number = number_of(tab + 1, *size - (size_t)(tab + 1 - *line));
    if (number < 0 || number == vocab->next_id)
        return fault(reader, "not an id, or one that need not be written");
    *id = (int32_t)number;
    *size = (size_t)(tab - *line);
    return LM_OK;
}

/* "LEFT RIGHT", or "TOKEN" for one that comes from no listed pair. */
static enum lm_status read_merge(struct reader *reader, struct lm_vocab *vocab)
{
    const char *line;
    size_t size;
    int32_t id;
    LM_TRY(token_line(reader, vocab, &line, &size, &id));
    const char *space = memchr(line, ' ', size);
    if (space != NULL && vocab->merging == LM_MERGING_RANKS)
        return fault(reader, "two tokens where ranks want one");
    size_t left = space == NULL ? size : (size_t)(space - line);
    LM_TRY(read_token(reader, &reader->left, line, left));
    enum lm_merge_fault merge;
    if (space == NULL) {
        merge =
            lm_vocab_add_token(vocab, (const uint8_t *)reader->left.data, reader->left.size, id);
    } else {
        LM_TRY(read_token(reader, &reader->right, space + 1, size - left - 1));
        merge =
            lm_vocab_add_merge(vocab, find(vocab, &reader->left), find(vocab, &reader->right), id);
    }
    return merge == LM_MERGE_FINE ? LM_OK : fault(reader, lm_merge_fault_text(merge));
}

static enum lm_status read_special(struct reader *reader, struct lm_vocab *vocab)
{
    const char *line;
    size_t size;
    int32_t id;
    LM_TRY(token_line(reader, vocab, &line, &size, &id));
    LM_TRY(read_token(reader, &reader->left, line, size));
    enum lm_status status =
        lm_vocab_add_special(vocab, reader->left.data, reader->left.size, id, reader->err);
    return status == LM_OK ? LM_OK
                           : lm_wrap(reader->err, status, "%s:%ld", reader->path, reader->line);
}

static enum lm_status read_body(struct reader *reader, struct lm_vocab *vocab,
                                const struct counts *counts)
{
    for (int64_t i = 0; i < counts->merges; i++)
        LM_TRY(read_merge(reader, vocab));
    for (int64_t i = 0; i < counts->specials; i++)
        LM_TRY(read_special(reader, vocab));
    reader->line++;
    if (reader->at != reader->end)
        return fault(reader, "more lines than announced");
    if (counts->end_of_text >= 0 && !lm_vocab_is_special(vocab, (int32_t)counts->end_of_text))
        return fault(reader, "end_of_text is not the id of a special token");
    vocab->end_of_text = (int32_t)counts->end_of_text;
    return lm_vocab_seal(vocab, reader->err);
}

/* The last line is a checksum over everything before it. */
static enum lm_status check_sum(struct reader *reader)
{
    size_t size = (size_t)(reader->end - reader->at);
    char want[CHECK_LINE + 1];
    if (size >= CHECK_LINE) {
        const char *last = reader->end - CHECK_LINE;
        snprintf(want, sizeof want, "check %016" PRIx64 "\n",
                 lm_hash64(reader->at, size - CHECK_LINE, 0));
        if (memcmp(last, want, CHECK_LINE) == 0) {
            reader->end = last;
            return LM_OK;
        }
    }
    return lm_fail(reader->err, LM_FORMAT,
                   "%s: not a vocabulary of lmpipe, or its check line does not fit its content; "
                   "train the vocabulary again",
                   reader->path);
}

static enum lm_status load(struct lm_vocab **out, struct reader *reader)
{
    struct counts counts;
    struct lm_vocab *vocab = NULL;
    LM_TRY(check_sum(reader));
    enum lm_status status = read_header(reader, &vocab, &counts);
    if (status == LM_OK)
        status = read_body(reader, vocab, &counts);
    if (status == LM_OK)
        *out = vocab;
    else
        lm_vocab_free(vocab);
    return status;
}

enum lm_status lm_vocab_load(struct lm_vocab **out, const char *path, struct lm_err *err)
{
    struct reader reader = {.path = path, .err = err};
    lm_buf_init(&reader.left, LM_TOKEN_LONGEST);
    lm_buf_init(&reader.right, LM_TOKEN_LONGEST);
    enum lm_status status = LM_NOMEM;
    struct lm_arena *arena = lm_arena_create();
    char *text;
    size_t size;
    if (arena == NULL) {
        status = lm_fail(err, LM_NOMEM, "no memory to read %s; free some", path);
        goto out;
    }
    status = lm_file_read(&text, &size, arena, path, LARGEST_FILE, err);
    if (status != LM_OK)
        goto out;
    reader.at = text;
    reader.end = text + size;
    status = load(out, &reader);
out:
    lm_buf_release(&reader.left);
    lm_buf_release(&reader.right);
    lm_arena_free(arena);
    return status;
}
