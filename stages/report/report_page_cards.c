#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "data/html.h"
#include "data/numtext.h"

#include "report_page.h"

enum { LONGEST = 12, MERGES = 24 };

/* ---- tokenizer ---- */

bool report_has_vocab(const struct report *report)
{
    return report->vocab != NULL;
}

static void put_fact(struct lm_buf *out, const char *label, const char *value)
{
    lm_html_printf(out, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", label, value);
}

struct length_row {
    size_t size;
    int32_t id;
};

static int compare_lengths(const void *a, const void *b)
{
    const struct length_row *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Letters, after at most one space: no rulers, no indentation, no parts of characters. */
static bool is_word(const uint8_t *text, size_t size)
{
    size_t start = size > 1 && text[0] == ' ';
    for (size_t i = start; i < size;) {
        uint32_t code_point;
        size_t length = lm_utf8_decode(&code_point, text + i, size - i);
        bool is_ascii = (code_point | 0x20) >= 'a' && (code_point | 0x20) <= 'z';
        bool is_symbol = code_point >= 0x2000 && code_point < 0x3040;
        if (length == 0 || (code_point < 0x80 ? !is_ascii : is_symbol || code_point < 0xaa))
            return false;
        i += length;
    }
    return size > 0;
}

/* Tokens from the longest on; only words, or all. */
static void put_longest(struct lm_buf *out, const struct report *report, const char *label,
                        bool only_words)
{
    int64_t count = lm_vocab_size(report->vocab), used = 0;
    struct length_row *rows = LM_NEW_ARRAY(report->arena, struct length_row, count);
    for (int32_t id = 0; id < count && rows != NULL; id++) {
        size_t size = 0;
        const uint8_t *bytes = lm_vocab_token(report->vocab, id, &size);
        if (bytes == NULL || lm_vocab_is_special(report->vocab, id) ||
            (only_words && !is_word(bytes, size)))
            continue;
        rows[used++] = (struct length_row){size, id};
    }
    if (used == 0)
        return;
    qsort(rows, (size_t)used, sizeof *rows, compare_lengths);
    lm_html_printf(out, "<tr><th scope=\"row\">%s</th><td>", label);
    for (int64_t i = 0; i < used && i < LONGEST; i++)
        report_token_write(out, report, rows[i].id);
    lm_buf_puts(out, "</td></tr>\n");
}

static void put_merges(struct lm_buf *out, const struct report *report)
{
    lm_buf_puts(out, "<tr><th scope=\"row\">First merges</th><td>");
    for (int32_t rank = 0; rank < MERGES && rank < lm_vocab_merges(report->vocab); rank++) {
        int32_t left, right, id;
        lm_vocab_merge(report->vocab, rank, &left, &right, &id);
        report_token_write(out, report, id);
    }
    lm_buf_puts(out, "</td></tr>\n");
}

void report_page_vocab(struct lm_buf *out, const struct report *report)
{
    struct lm_num size = lm_num_count(lm_vocab_size(report->vocab));
    struct lm_num merges = lm_num_count(lm_vocab_merges(report->vocab));
    double bytes = report_score(report, report->split, "bytes");
    double tokens = report_score(report, report->split, "tokens");
    struct lm_num density = lm_num_fixed(bytes / tokens, 3);
    lm_html_section(out, "tokenizer", "Tokenizer",
                    "Byte-level byte pair encoding: every text can be written, and read back "
                    "byte for byte.");
    lm_buf_puts(out, "<table class=\"facts\"><tbody>\n");
    put_fact(out, "Vocabulary", size.text);
    put_fact(out, "Merges", merges.text);
    put_fact(out, "Pretokenization", lm_pattern_names[lm_vocab_pattern(report->vocab)]);
    if (isfinite(bytes / tokens))
        put_fact(out, "Bytes per held-out token", density.text);
    put_longest(out, report, "Longest words", true);
    put_longest(out, report, "Longest tokens", false);
    put_merges(out, report);
    lm_buf_puts(out, "</tbody></table>\n");
    lm_html_section_end(out);
}

/* ---- model ---- */

static const struct {
    const char *key, *label;
} model_rows[] = {
    {"model.parameters", "Parameters"},
    {"model.layers", "Layers"},
    {"model.heads", "Heads"},
    {"model.width", "Width"},
    {"model.context", "Context, tokens"},
    {"model.vocab", "Vocabulary"},
    {"train.tokens", "Training tokens"},
    {"train.bytes", "Bytes of training text"},
    {"train.documents", "Training documents"},
};

bool report_has_model(const struct report *report)
{
    return lm_json_get(report->scores, "model.parameters") != NULL;
}

void report_page_model(struct lm_buf *out, const struct report *report)
{
    const struct report_log *log = &report->log;
    lm_html_section(out, "model", "Model",
                    "A decoder-only transformer after GPT-2: pre-norm, GELU, learned positions, "
                    "tied output.");
    lm_buf_puts(out, "<table class=\"facts\"><tbody>\n");
    for (size_t i = 0; i < sizeof model_rows / sizeof model_rows[0]; i++) {
        const struct lm_json *value = lm_json_get(report->scores, model_rows[i].key);
        struct lm_num text = lm_num_count(lm_json_int(value, 0));
        if (value != NULL)
            put_fact(out, model_rows[i].label, text.text);
    }
    if (log->count > 0 && isfinite(log->tokens[log->count - 1])) {
        struct lm_num seen = lm_num_fixed(log->tokens[log->count - 1], 0);
        struct lm_num steps = lm_num_fixed(log->step[log->count - 1], 0);
        put_fact(out, "Steps", steps.text);
        put_fact(out, "Tokens seen in training", seen.text);
    }
    lm_buf_puts(out, "</tbody></table>\n<p>It was trained on the data described above and nothing "
                     "else. It continues text; it does not answer questions, and what it writes "
                     "is not fact.</p>\n");
    lm_html_section_end(out);
}

/* ---- provenance ---- */

bool report_has_provenance(const struct report *report)
{
    return lm_json_count(lm_json_get(report->experiment, "stages")) > 0;
}

static bool put_stage(void *user, const char *key, const struct lm_json *value)
{
    struct lm_buf *out = user;
    const char *uses = lm_json_string(lm_json_get(value, "uses"), NULL);
    const struct lm_json *params = lm_json_get(value, "params");
    lm_html_printf(out, "<details><summary><code>%s</code> %s</summary>", key,
                   uses != NULL ? uses : "");
    report_value_write(out, params, 0);
    lm_buf_puts(out, "</details>\n");
    return true;
}

void report_page_provenance(struct lm_buf *out, const struct report *report)
{
    lm_html_section(out, "provenance", "Provenance",
                    "Every parameter of every stage, defaults included. Equal parameters and "
                    "inputs give this page again, byte for byte.");
    lm_json_each(lm_json_get(report->experiment, "stages"), put_stage, out);
    lm_html_section_end(out);
}
