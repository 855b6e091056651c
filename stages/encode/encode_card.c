#include "encode_card.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/elem.h"
#include "base/io.h"
#include "base/json.h"

enum { LONGEST = 20 };

double encode_renyi_efficiency(const int64_t *counts, size_t ids, int64_t tokens)
{
    int64_t total = 0;
    double sum = 0;
    for (size_t id = 0; id < ids; id++)
        total += counts[id];
    if (total == 0)
        return (double)NAN;
    for (size_t id = 0; id < ids; id++) {
        double p = (double)counts[id] / (double)total;
        sum += p * p * sqrt(p);
    }
    return lm_log(sum) / (1 - 2.5) / lm_log((double)tokens);
}

/* NaN, which is written as null, when there is nothing to divide by. */
static double ratio(int64_t a, int64_t b)
{
    return b > 0 ? (double)a / (double)b : (double)NAN;
}

/* A token that text can become. */
static bool is_token(const struct lm_vocab *vocab, size_t id)
{
    size_t size;
    return lm_vocab_token(vocab, (int32_t)id, &size) != NULL &&
           !lm_vocab_is_special(vocab, (int32_t)id);
}

static int64_t count_tokens(const struct lm_vocab *vocab)
{
    int64_t count = 0;
    for (size_t id = 0; id < (size_t)lm_vocab_size(vocab); id++)
        count += is_token(vocab, id);
    return count;
}

/* ---- the vocabulary ---- */

static void put_vocabulary(struct lm_json_writer *writer, const struct lm_vocab *vocab)
{
    int64_t specials = 0, end = lm_vocab_end_of_text(vocab);
    for (int64_t id = 0; id < lm_vocab_size(vocab); id++)
        specials += lm_vocab_is_special(vocab, (int32_t)id);
    lm_json_key(writer, "vocabulary");
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "size", lm_vocab_size(vocab));
    lm_json_member_int(writer, "tokens", count_tokens(vocab));
    lm_json_member_int(writer, "merges", lm_vocab_merges(vocab));
    lm_json_member_int(writer, "specials", specials);
    lm_json_key(writer, "end_of_text");
    if (end >= 0)
        lm_json_put_int(writer, end);
    else
        lm_json_put_null(writer);
    lm_json_member_string(writer, "pattern", lm_pattern_names[lm_vocab_pattern(vocab)]);
    lm_json_member_string(writer, "merging", lm_merging_names[lm_vocab_merging(vocab)]);
    lm_json_close(writer, '}');
}

struct length {
    size_t size;
    int32_t id;
};

static int compare_lengths(const void *a, const void *b)
{
    const struct length *x = a, *y = b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* An item of a list, on one line. */
static void open_item(struct lm_json_writer *writer)
{
    lm_json_open(writer, '{');
    writer->pretty = false;
}

static void close_item(struct lm_json_writer *writer)
{
    lm_json_close(writer, '}');
    writer->pretty = true;
}

static enum lm_status put_longest(struct lm_json_writer *writer, struct lm_arena *arena,
                                  const struct lm_vocab *vocab, struct lm_err *err)
{
    size_t ids = (size_t)lm_vocab_size(vocab), count = 0;
    struct length *lengths = LM_NEW_ARRAY(arena, struct length, ids);
    if (lengths == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to sort tokens; free some");
    for (size_t id = 0; id < ids; id++) {
        size_t size;
        lm_vocab_token(vocab, (int32_t)id, &size);
        if (is_token(vocab, id))
            lengths[count++] = (struct length){size, (int32_t)id};
    }
    if (count > 0)
        qsort(lengths, count, sizeof *lengths, compare_lengths);
    lm_json_key(writer, "longest");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < count && i < LONGEST; i++) {
        open_item(writer);
        lm_json_member_int(writer, "id", lengths[i].id);
        lm_json_member_int(writer, "bytes", (int64_t)lengths[i].size);
        lm_json_key(writer, "text");
        lm_json_put_bytes(writer, lm_vocab_token(vocab, lengths[i].id, &lengths[i].size),
                          lengths[i].size);
        close_item(writer);
    }
    lm_json_close(writer, ']');
    return LM_OK;
}

/* ---- the text ---- */

static void put_tally(struct lm_json_writer *writer, const struct encode_tally *tally)
{
    lm_json_member_int(writer, "documents", tally->documents);
    lm_json_member_int(writer, "bytes", tally->bytes);
    lm_json_member_int(writer, "tokens", tally->tokens);
    lm_json_member_int(writer, "words", tally->words);
    lm_json_member_double(writer, "bytes_per_token", ratio(tally->bytes, tally->tokens));
    lm_json_member_double(writer, "tokens_per_word", ratio(tally->tokens, tally->words));
    lm_json_member_double(writer, "single_byte_share", ratio(tally->single_bytes, tally->tokens));
}

static void put_splits(struct lm_json_writer *writer, const struct encode_census *census,
                       const struct lm_vocab *vocab)
{
    size_t ids = (size_t)lm_vocab_size(vocab);
    int64_t tokens = count_tokens(vocab);
    lm_json_key(writer, "splits");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < LM_SPLITS; i++) {
        lm_json_key(writer, lm_split_names[i]);
        lm_json_open(writer, '{');
        put_tally(writer, &census->splits[i]);
        lm_json_member_double(writer, "renyi_efficiency",
                              encode_renyi_efficiency(census->counts[i], ids, tokens));
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, '}');
}

static void put_sources(struct lm_json_writer *writer, const struct encode_census *census)
{
    lm_json_key(writer, "sources");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < census->source_count; i++) {
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "name", census->sources[i].name);
        put_tally(writer, &census->tallies[i]);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static int64_t count_unused(const struct encode_census *census, const struct lm_vocab *vocab)
{
    int64_t unused = 0;
    for (size_t id = 0; id < (size_t)lm_vocab_size(vocab); id++)
        unused +=
            is_token(vocab, id) && census->counts[LM_VALID][id] + census->counts[LM_TEST][id] == 0;
    return unused;
}

static void put_line(struct lm_json_writer *writer, const struct encode_line *line)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, &line->id);
    open_item(writer);
    lm_json_member_string(writer, "split", lm_split_names[line->split]);
    lm_json_member_string(writer, "document", hex);
    lm_json_member_int(writer, "line", line->line);
    lm_json_member_int(writer, "bytes", line->bytes);
    lm_json_member_int(writer, "tokens", line->tokens);
    lm_json_key(writer, "text");
    lm_json_put_bytes(writer, line->text, line->text_size);
    lm_json_key(writer, "ids");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < line->id_count; i++)
        lm_json_put_int(writer, line->ids[i]);
    lm_json_close(writer, ']');
    close_item(writer);
}

static void put_held_out(struct lm_json_writer *writer, const struct encode_census *census,
                         const struct lm_vocab *vocab)
{
    int64_t unused = count_unused(census, vocab);
    lm_json_key(writer, "held_out");
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "unused_tokens", unused);
    lm_json_member_double(writer, "unused_share", ratio(unused, count_tokens(vocab)));
    lm_json_key(writer, "worst_lines");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < census->worst.count; i++)
        put_line(writer, &census->worst.lines[i]);
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
}

/* ---- the card ---- */

static void tell(struct lm_ctx *ctx, const struct encode_census *census,
                 const struct lm_vocab *vocab)
{
    size_t ids = (size_t)lm_vocab_size(vocab);
    int64_t tokens = count_tokens(vocab);
    for (size_t i = 0; i < LM_SPLITS; i++) {
        const struct encode_tally *tally = &census->splits[i];

        const struct {
            const char *name;
            double value;
        } figures[] = {
            {"bytes_per_token", ratio(tally->bytes, tally->tokens)},
            {"tokens_per_word", ratio(tally->tokens, tally->words)},
            {"renyi_efficiency", encode_renyi_efficiency(census->counts[i], ids, tokens)},
        };

        for (size_t k = 0; k < sizeof figures / sizeof figures[0]; k++) {
            char name[64];
            snprintf(name, sizeof name, "%s.%s", lm_split_names[i], figures[k].name);
            if (!isnan(figures[k].value))
                lm_ctx_result(ctx, name, figures[k].value);
        }
    }
    lm_ctx_result(ctx, "held_out.unused_share", ratio(count_unused(census, vocab), tokens));
}

static enum lm_status put_card(struct lm_buf *out, struct lm_arena *arena,
                               const struct encode_census *census, const struct lm_vocab *vocab,
                               struct lm_err *err)
{
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    lm_json_member_int(&writer, "lmpipe_tokenizer_card", 1);
    put_vocabulary(&writer, vocab);
    LM_TRY(put_longest(&writer, arena, vocab, err));
    put_splits(&writer, census, vocab);
    put_sources(&writer, census);
    put_held_out(&writer, census, vocab);
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
    return LM_OK;
}

enum lm_status encode_card_write(struct lm_ctx *ctx, const struct encode_census *census,
                                 const struct lm_vocab *vocab, struct lm_err *err)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    enum lm_status status = put_card(&out, lm_ctx_arena(ctx), census, vocab, err);
    if (status == LM_OK)
        status = lm_file_write_buf(lm_ctx_output(ctx, "card"), &out, err);
    lm_buf_release(&out);
    if (status == LM_OK)
        tell(ctx, census, vocab);
    return status;
}
