#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "compare/item_record.h"

#include "evaluation.h"

enum { SHORT_PASSAGE = 48 }; /* documents with fewer tokens make dull passages */

static enum lm_status write_buf(struct evaluation *evaluation, const char *name,
                                const struct lm_buf *out, struct lm_err *err)
{
    const char *folder = lm_ctx_output(evaluation->ctx, "items");
    const char *path = lm_path_join(evaluation->arena, folder, name);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    return lm_file_write_buf(path, out, err);
}

/* ---- a line a document ---- */

enum { ID = 17 };

static const char *id_text(char text[ID], uint64_t id)
{
    snprintf(text, ID, "%016llx", (unsigned long long)id);
    return text;
}

static void put_document(struct lm_buf *out, const struct evaluate_split *split,
                         const struct lm_document *document, uint64_t d)
{
    char id[ID];
    struct lm_json_writer writer;
    struct lm_item_record record = lm_item_record_empty(id_text(id, document->id));
    record.score = split->document_hits[d] / split->document_tokens[d];
    record.nll = split->document_nll[d];
    record.bytes = document->bytes;
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_item_record_put(&writer, &record);
    lm_json_member_int(&writer, "tokens", document->tokens);
    lm_json_member_int(&writer, "correct", (int64_t)split->document_hits[d]);
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}

static enum lm_status write_documents(struct evaluation *evaluation, struct lm_buf *out,
                                      enum lm_split split, struct lm_err *err)
{
    char name[32];
    const struct evaluate_split *results = &evaluation->splits[split];
    lm_buf_clear(out);
    for (uint64_t d = 0; d < results->documents; d++) {
        struct lm_document document = lm_tokens_document(evaluation->tokens, split, d);
        LM_TRY(evaluate_poll(evaluation, err));
        put_document(out, results, &document, d);
    }
    snprintf(name, sizeof name, "%s.jsonl", lm_split_names[split]);
    return write_buf(evaluation, name, out, err);
}

/* ---- curves ---- */

/* The first border ≥ 1 after `border`: 1, 2, 3, 4, 6, 8, 12, 16, 24 … */
static uint64_t next_border(uint64_t border)
{
    uint64_t power = 1;
    while (2 * power <= border)
        power *= 2;
    return border < 4 ? border + 1 : border == power ? power + power / 2 : 2 * power;
}

static void put_positions(struct lm_json_writer *writer, const struct evaluation *evaluation,
                          const struct evaluate_split *split)
{
    lm_json_key(writer, "positions");
    lm_json_open(writer, '[');
    for (uint64_t from = 0, to = 1; from < evaluation->context; from = to, to = next_border(to)) {
        uint64_t tokens = 0, end = to < evaluation->context ? to : evaluation->context;
        double nll = 0;
        for (uint64_t t = from; t < end; t++) {
            tokens += split->position_count[t];
            nll += split->position_nll[t];
        }
        if (tokens == 0)
            continue;
        lm_json_open(writer, '{');
        lm_json_member_int(writer, "from", (int64_t)from + 1);
        lm_json_member_int(writer, "to", (int64_t)end);
        lm_json_member_int(writer, "tokens", (int64_t)tokens);
        lm_json_member_double(writer, "nll", nll / (double)tokens);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void put_confidence(struct lm_json_writer *writer, const struct evaluate_split *split)
{
    lm_json_key(writer, "calibration");
    lm_json_open(writer, '[');
    for (size_t b = 0; b < EVALUATE_BINS; b++) {
        const struct evaluate_bin *bin = &split->confidence[b];
        double tokens = (double)bin->tokens;
        if (bin->tokens == 0)
            continue;
        lm_json_open(writer, '{');
        lm_json_member_int(writer, "tokens", (int64_t)bin->tokens);
        lm_json_member_double(writer, "entropy", bin->entropy / tokens);
        lm_json_member_double(writer, "nll", bin->nll / tokens);
        lm_json_member_double(writer, "acc", (double)bin->hits / tokens);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void put_reliability(struct lm_json_writer *writer, const struct evaluate_split *split)
{
    lm_json_key(writer, "reliability");
    lm_json_open(writer, '[');
    for (size_t b = 0; b < LM_CALIBRATION_BINS; b++) {
        const struct lm_calibration_bin *bin = &split->reliability[b];
        if (bin->count == 0)
            continue;
        lm_json_open(writer, '{');
        lm_json_member_int(writer, "tokens", (int64_t)bin->count);
        lm_json_member_double(writer, "confidence", bin->confidence / bin->count);
        lm_json_member_double(writer, "acc", bin->correct / bin->count);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void put_frequency(struct lm_json_writer *writer, const struct evaluate_split *split)
{
    lm_json_key(writer, "frequency");
    lm_json_open(writer, '[');
    for (size_t b = 0; b < EVALUATE_BINS; b++) {
        const struct evaluate_bin *bin = &split->frequency[b];
        double tokens = bin->tokens > 0 ? (double)bin->tokens : (double)NAN;
        lm_json_open(writer, '{');
        lm_json_member_int(writer, "types", (int64_t)bin->types);
        lm_json_member_int(writer, "tokens", (int64_t)bin->tokens);
        lm_json_member_double(writer, "nll", bin->nll / tokens);
        lm_json_member_double(writer, "bigram", bin->bigram / tokens);
        lm_json_member_double(writer, "acc", (double)bin->hits / tokens);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static enum lm_status write_curves(struct evaluation *evaluation, struct lm_buf *out,
                                   struct lm_err *err)
{
    struct lm_json_writer writer;
    lm_buf_clear(out);
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    for (size_t k = 0; k < 2; k++) {
        const struct evaluate_split *split = &evaluation->splits[evaluate_held_out[k]];
        if (split->tokens == 0)
            continue;
        lm_json_key(&writer, lm_split_names[evaluate_held_out[k]]);
        lm_json_open(&writer, '{');
        put_positions(&writer, evaluation, split);
        put_confidence(&writer, split);
        put_reliability(&writer, split);
        if (evaluation->counts != NULL)
            put_frequency(&writer, split);
        lm_json_close(&writer, '}');
    }
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
    return write_buf(evaluation, "curves.json", out, err);
}

/* ---- passages ---- */

/* A document's first tokens; nll is rounded to 1e-4. */
static enum lm_status put_passage(struct lm_buf *out, struct evaluation *evaluation,
                                  enum lm_split split, const struct lm_document *document,
                                  struct lm_err *err)
{
    const struct evaluate_split *results = &evaluation->splits[split];
    struct lm_json_writer writer;
    char id[ID];
    size_t count = (size_t)evaluation->params->passage_tokens, first = (size_t)document->first;
    count = document->tokens < count ? document->tokens : count;
    int32_t *ids = LM_NEW_ARRAY(evaluation->arena, int32_t, count);
    if (ids == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a passage; give fewer passage_tokens");
    LM_TRY(lm_tokens_read(evaluation->tokens, split, document->first, count, ids, err));
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "split", lm_split_names[split]);
    lm_json_member_string(&writer, "document", id_text(id, document->id));
    lm_json_key(&writer, "ids");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < count; i++)
        lm_json_put_int(&writer, ids[i]);
    lm_json_close(&writer, ']');
    lm_json_key(&writer, "nll");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < count; i++)
        lm_json_put_double(&writer, floor((double)results->nll[first + i] * 1e4 + 0.5) / 1e4);
    lm_json_close(&writer, ']');
    lm_json_key(&writer, "rank");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < count; i++)
        lm_json_put_int(&writer, results->rank[first + i]);
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
    return LM_OK;
}

/* Documents in a random order; those too short are passed over while there are others. */
static enum lm_status write_passages(struct evaluation *evaluation, struct lm_buf *out,
                                     struct lm_err *err)
{
    enum lm_split split = evaluation->splits[LM_VALID].tokens > 0 ? LM_VALID : LM_TEST;
    uint64_t count = evaluation->splits[split].documents;
    struct lm_rng rng = lm_rng_stream(lm_ctx_seed(evaluation->ctx), "passages");
    int64_t wanted = evaluation->params->passages, kept = 0;
    lm_buf_clear(out);
    for (int pass = 0; pass < 2; pass++) {
        for (uint64_t i = 0; i < count && kept < wanted; i++) {
            struct lm_document document =
                lm_tokens_document(evaluation->tokens, split, lm_rng_permute(rng, 0, i, count));
            LM_TRY(evaluate_poll(evaluation, err));
            bool is_short = document.tokens < SHORT_PASSAGE;
            if (is_short != (pass == 1))
                continue;
            LM_TRY(put_passage(out, evaluation, split, &document, err));
            kept++;
        }
    }
    return write_buf(evaluation, "passages.jsonl", out, err);
}

enum lm_status evaluate_write_items(struct evaluation *evaluation, struct lm_err *err)
{
    struct lm_buf out;
    enum lm_status status = LM_OK;
    lm_buf_init(&out, 0);
    for (size_t k = 0; k < 2 && status == LM_OK; k++) {
        if (evaluation->splits[evaluate_held_out[k]].tokens > 0)
            status = write_documents(evaluation, &out, evaluate_held_out[k], err);
    }
    if (status == LM_OK)
        status = write_curves(evaluation, &out, err);
    if (status == LM_OK)
        status = write_passages(evaluation, &out, err);
    lm_buf_release(&out);
    return status;
}
