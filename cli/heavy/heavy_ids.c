/* lmpipe tokenizer encode and decode: standard input to ids, and back. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "heavy_input.h"
#include "heavy_tokenizer.h"
#include "tokenizer_commands.h"

enum { U16_IDS = 1 << 16 };

/* ---- encode ---- */

static void write_text(FILE *out, const int32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%d", i > 0 ? " " : "", ids[i]);
    fputc('\n', out);
}

static void write_binary(FILE *out, const int32_t *ids, size_t count, size_t width)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < width; k++)
            putc((int)((uint32_t)ids[i] >> (8 * k) & 0xFF), out);
}

static enum lm_status write_ids(FILE *out, const int32_t *ids, size_t count,
                                enum lm_ids_format format, struct lm_err *err)
{
    for (size_t i = 0; i < count && format == LM_IDS_U16; i++)
        if (ids[i] >= U16_IDS)
            return lm_fail(err, LM_RANGE,
                           "the text has id %d, which 16 bits do not hold; use --format u32",
                           ids[i]);
    if (format == LM_IDS_TEXT)
        write_text(out, ids, count);
    else
        write_binary(out, ids, count, format == LM_IDS_U16 ? 2 : 4);
    return LM_OK;
}

static enum lm_status encode(struct lm_cli *cli, const struct lm_vocab *vocab,
                             const struct lm_tokenizer_ids_args *args, const struct lm_buf *text,
                             struct lm_err *err)
{
    const int32_t *ids = NULL;
    size_t count = 0;
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    if (encoder == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for an encoder; free some");
    lm_encoder_read_specials(encoder, args->specials);
    enum lm_status status = lm_encode(encoder, text->data, text->size, &ids, &count, err);
    if (status == LM_OK)
        status = write_ids(cli->out.raw, ids, count, (enum lm_ids_format)args->format, err);
    lm_encoder_free(encoder);
    return status;
}

int lm_heavy_tokenizer_encode(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_tokenizer_ids_args *args = given;
    struct lm_vocab *vocab = NULL;
    struct lm_err err = {0};
    struct lm_buf text;
    (void)count;
    int status = lm_heavy_vocab_load(&vocab, cli, operands[0], &args->spec);
    if (status != LM_EXIT_OK)
        return status;
    lm_buf_init(&text, 0);
    enum lm_status done = lm_heavy_input(&text, NULL, &err);
    if (done == LM_OK)
        done = encode(cli, vocab, args, &text, &err);
    lm_buf_release(&text);
    lm_vocab_free(vocab);
    return done == LM_OK ? LM_EXIT_OK : lm_cli_fail(cli, lm_exit_of_input(done), err.text);
}

/* ---- decode ---- */

/* Where ids are read from, and how far; `start` is where the last one began. */
struct cursor {
    const unsigned char *start, *at, *end;
    size_t width; /* bytes of an id; 0: decimals */
};

static bool is_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next decimal; false at the end. *id -1 for what is none. */
static bool next_decimal(struct cursor *cursor, int64_t *id)
{
    while (cursor->at < cursor->end && is_blank(*cursor->at))
        cursor->at++;
    cursor->start = cursor->at;
    *id = 0;
    for (; cursor->at < cursor->end && !is_blank(*cursor->at); cursor->at++) {
        bool is_digit = *cursor->at >= '0' && *cursor->at <= '9';
        *id = *id < 0 || !is_digit || *id > INT32_MAX ? -1 : *id * 10 + (*cursor->at - '0');
    }
    return cursor->at > cursor->start;
}

static bool next_id(struct cursor *cursor, int64_t *id)
{
    if (cursor->width == 0)
        return next_decimal(cursor, id);
    if (cursor->at == cursor->end)
        return false;
    *id = 0;
    cursor->start = cursor->at;
    for (size_t k = 0; k < cursor->width; k++)
        *id |= (int64_t)cursor->at[k] << (8 * k);
    cursor->at += cursor->width;
    return true;
}

/* As it was typed; of binary ids the number. */
static enum lm_status invalid_id(const struct cursor *cursor, int64_t id, size_t number,
                                 const struct lm_vocab *vocab, struct lm_err *err)
{
    char shown[24];
    int size = cursor->at - cursor->start < 20 ? (int)(cursor->at - cursor->start) : 20;
    if (cursor->width > 0)
        snprintf(shown, sizeof shown, "%lld", (long long)id);
    else
        snprintf(shown, sizeof shown, "%.*s", size, (const char *)cursor->start);
    return lm_fail(
        err, LM_INVALID,
        "%s, at place %zu of standard input, is not a valid token id of this vocabulary, "
        "whose ids are below %lld; give ids that were made with it",
        shown, number, (long long)lm_vocab_size(vocab));
}

static enum lm_status decode(struct lm_buf *out, const struct lm_vocab *vocab,
                             const struct lm_buf *input, enum lm_ids_format format,
                             struct lm_err *err)
{
    static const size_t widths[] = {[LM_IDS_TEXT] = 0, [LM_IDS_U16] = 2, [LM_IDS_U32] = 4};
    const unsigned char *data = (const unsigned char *)(input->size > 0 ? input->data : "");
    struct cursor cursor = {data, data, data + input->size, widths[format]};
    int64_t id;
    if (cursor.width > 0 && input->size % cursor.width != 0)
        return lm_fail(
            err, LM_INVALID,
            "standard input is %zu bytes, not a whole number of ids; give --format as it "
            "was encoded with",
            input->size);
    for (size_t number = 1; next_id(&cursor, &id); number++) {
        size_t size;
        const uint8_t *bytes =
            id < 0 || id > INT32_MAX ? NULL : lm_vocab_token(vocab, (int32_t)id, &size);
        if (bytes == NULL)
            return invalid_id(&cursor, id, number, vocab, err);
        lm_buf_append(out, bytes, size);
    }
    return lm_buf_status(out, err);
}

static void print_bytes(const struct lm_stream *out, const struct lm_buf *text)
{
    if (text->size > 0)
        fwrite(text->data, 1, text->size, out->terminal ? out->file : out->raw);
}

int lm_heavy_tokenizer_decode(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_tokenizer_ids_args *args = given;
    struct lm_vocab *vocab = NULL;
    struct lm_err err = {0};
    struct lm_buf input, text;
    (void)count;
    int status = lm_heavy_vocab_load(&vocab, cli, operands[0], &args->spec);
    if (status != LM_EXIT_OK)
        return status;
    lm_buf_init(&input, 0);
    lm_buf_init(&text, 0);
    enum lm_status done = lm_heavy_input(&input, NULL, &err);
    if (done == LM_OK)
        done = decode(&text, vocab, &input, (enum lm_ids_format)args->format, &err);
    if (done == LM_OK)
        print_bytes(&cli->out, &text);
    lm_buf_release(&input);
    lm_buf_release(&text);
    lm_vocab_free(vocab);
    return done == LM_OK ? LM_EXIT_OK : lm_cli_fail(cli, lm_exit_of_input(done), err.text);
}
