/* docs/formats/vocab.md, read strictly: what is not exactly as lm_vocab_save writes it is an error
 * with its line. */
#include "text/vocab.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <lmpipe/hash.h>

#include "base/io.h"
#include "text/alphabet.h"
#include "text/unicode.h"

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

static enum lm_status header_pattern(struct reader *reader, enum lm_pattern *out)
{
    const char *value;
    size_t size;
    LM_TRY(header(reader, "pattern", &value, &size));
    for (size_t i = 0; lm_pattern_names[i] != NULL; i++) {
        if (strlen(lm_pattern_names[i]) == size && memcmp(lm_pattern_names[i], value, size) == 0) {
            *out = (enum lm_pattern)i;
            return LM_OK;
        }
    }
    return fault(reader, "not a known pattern");
}

/* A plain decimal from -1 (only "-1") to LM_VOCAB_LARGEST, without leading zeros. */
static enum lm_status header_number(struct reader *reader, const char *name, int64_t *out)
{
    const char *value;
    size_t size;
    LM_TRY(header(reader, name, &value, &size));
    if (size == 2 && memcmp(value, "-1", 2) == 0) {
        *out = -1;
        return LM_OK;
    }
    int64_t number = 0;
    bool is_good = size > 0 && size <= LONGEST_NUMBER && (size == 1 || value[0] != '0');
    for (size_t i = 0; i < size && is_good; i++) {
        is_good = value[i] >= '0' && value[i] <= '9';
        number = number * 10 + (value[i] - '0');
    }
    if (!is_good || number > LM_VOCAB_LARGEST)
        return fault(reader, "not a number that fits here");
    *out = number;
    return LM_OK;
}

struct counts {
    int64_t merges, specials, end_of_text;
};

static enum lm_status read_header(struct reader *reader, enum lm_pattern *pattern,
                                  struct counts *counts)
{
    LM_TRY(header_word(reader, "lmpipe-vocab", "1"));
    LM_TRY(header_pattern(reader, pattern));
    LM_TRY(header_word(reader, "unicode", lm_unicode_version));
    LM_TRY(header_word(reader, "byte_order", "raw"));
    LM_TRY(header_word(reader, "merging", "pairs"));
    LM_TRY(header_number(reader, "merges", &counts->merges));
    LM_TRY(header_number(reader, "specials", &counts->specials));
    LM_TRY(header_number(reader, "end_of_text", &counts->end_of_text));
    /* A merge takes 4 bytes of file or more, a special 2: the file bounds what is allocated. */
    int64_t room = reader->end - reader->at;
    if (counts->merges < 0 || counts->specials < 0 ||
        counts->merges * 4 + counts->specials * 2 > room)
        return fault(reader, "more tokens announced than the file holds");
    int64_t first = LM_BYTES + counts->merges;
    if (counts->end_of_text >= 0 &&
        (counts->end_of_text < first || counts->end_of_text >= first + counts->specials))
        return fault(reader, "end_of_text is not the id of a special token");
    return LM_OK;
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
    const uint8_t *bytes = (const uint8_t *)token->data;
    if (token->size == 1)
        return bytes[0];
    return lm_vocab_find(vocab, bytes, token->size, lm_hash64(bytes, token->size, 0));
}

static enum lm_status read_merge(struct reader *reader, struct lm_vocab *vocab)
{
    const char *line;
    size_t size;
    LM_TRY(next_line(reader, &line, &size));
    const char *space = memchr(line, ' ', size);
    size_t left = space == NULL ? size : (size_t)(space - line);
    if (space == NULL)
        return fault(reader, "not two tokens with a space between");
    LM_TRY(read_token(reader, &reader->left, line, left));
    LM_TRY(read_token(reader, &reader->right, space + 1, size - left - 1));
    enum lm_merge_fault merge =
        lm_vocab_add(vocab, find(vocab, &reader->left), find(vocab, &reader->right));
    return merge == LM_MERGE_FINE ? LM_OK : fault(reader, lm_merge_fault_text(merge));
}

static enum lm_status read_special(struct reader *reader, struct lm_vocab *vocab)
{
    const char *line;
    size_t size;
    LM_TRY(next_line(reader, &line, &size));
    LM_TRY(read_token(reader, &reader->left, line, size));
    enum lm_status status =
        lm_vocab_add_special(vocab, reader->left.data, reader->left.size, reader->err);
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
    if (reader->at != reader->end) {
        reader->line++;
        return fault(reader, "more lines than announced");
    }
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
    enum lm_pattern pattern;
    struct counts counts;
    struct lm_vocab *vocab = NULL;
    LM_TRY(check_sum(reader));
    LM_TRY(read_header(reader, &pattern, &counts));
    LM_TRY(lm_vocab_create(&vocab, pattern, counts.merges, (size_t)counts.specials, reader->err));
    enum lm_status status = read_body(reader, vocab, &counts);
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
