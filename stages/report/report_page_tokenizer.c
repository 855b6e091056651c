#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/tokens.h>

#include "base/utf8.h"
#include "page/html.h"
#include "page/numtext.h"

#include "report_page.h"
#include "report_tokenizer.h"

enum { LONGEST = 12, MERGES = 24, LINES_SHOWN = 4, ID_SHOWN = 12, COLUMNS = 8 };

bool report_has_tokenizer(const struct report *report)
{
    return report->vocab != NULL || lm_json_is_object(report->tokenizer);
}

/* ---- the vocabulary ---- */

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
static void put_longest(struct lm_buf *out, const struct report *report, enum report_text label,
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
    lm_html_printf(out, "<tr><th scope=\"row\">%s</th><td>", report_say(report, label));
    for (int64_t i = 0; i < used && i < LONGEST; i++)
        report_token_write(out, report, rows[i].id);
    lm_buf_puts(out, "</td></tr>\n");
}

static void put_merges(struct lm_buf *out, const struct report *report)
{
    lm_html_printf(out, "<tr><th scope=\"row\">%s</th><td>", report_say(report, TEXT_FIRST_MERGES));
    for (int32_t rank = 0; rank < MERGES && rank < lm_vocab_merges(report->vocab); rank++) {
        int32_t left, right, id;
        lm_vocab_merge(report->vocab, rank, &left, &right, &id);
        report_token_write(out, report, id);
    }
    lm_buf_puts(out, "</td></tr>\n");
}

static void put_vocabulary(struct lm_buf *out, const struct report *report, int64_t size,
                           int64_t merges, const char *pattern)
{
    struct lm_num tokens = lm_num_count(size), pairs = lm_num_count(merges);
    report_fact_write(out, report_say(report, TEXT_VOCABULARY), tokens.text);
    report_fact_write(out, report_say(report, TEXT_MERGES), pairs.text);
    report_fact_write(out, report_say(report, TEXT_PRETOKENIZATION), pattern);
}

static void put_size(struct lm_buf *out, const struct report *report)
{
    const struct lm_json *card = lm_json_get(report->tokenizer, "vocabulary");
    const char *pattern = lm_json_string(lm_json_get(card, "pattern"), NULL);
    if (report->vocab != NULL)
        put_vocabulary(out, report, lm_vocab_size(report->vocab), lm_vocab_merges(report->vocab),
                       lm_pattern_names[lm_vocab_pattern(report->vocab)]);
    else
        put_vocabulary(out, report, lm_json_int(lm_json_get(card, "size"), 0),
                       lm_json_int(lm_json_get(card, "merges"), 0),
                       pattern != NULL ? pattern : "?");
}

static void put_tokens(struct lm_buf *out, const struct report *report)
{
    put_longest(out, report, TEXT_LONGEST_WORDS, true);
    put_longest(out, report, TEXT_LONGEST_TOKENS, false);
    put_merges(out, report);
}

/* ---- the card ---- */

/* Bytes a token over all that was scored, end-of-text included: what is known without a card. */
static void put_density(struct lm_buf *out, const struct report *report)
{
    double bytes = report_score(report, report->split, "bytes");
    double tokens = report_score(report, report->split, "tokens");
    struct lm_num density = lm_num_fixed(bytes / tokens, 3);
    if (isfinite(bytes / tokens))
        report_fact_write(out, report_say(report, TEXT_BYTES_PER_HELD_OUT_TOKEN), density.text);
}

static void put_unused(struct lm_buf *out, const struct report *report)
{
    const struct lm_json *held_out = lm_json_get(report->tokenizer, "held_out");
    const struct lm_json *unused = lm_json_get(held_out, "unused_tokens");
    struct lm_num count = lm_num_count(lm_json_int(unused, 0));
    struct lm_num share =
        report_share(report, lm_json_double(lm_json_get(held_out, "unused_share"), (double)NAN), 1);
    if (unused != NULL)
        report_fact_write(out, report_say(report, TEXT_NOT_IN_HELD_OUT),
                          report_say(report, TEXT_TOKENS_AND_SHARE, count.text, share.text));
}

static void put_row(struct lm_buf *out, const struct report *report, const char *label,
                    const struct lm_json *row)
{
    lm_html_printf(out, "<tr><th scope=\"row\">%s</th>", label);
    for (size_t i = 0; report_tokenizer_columns[i].key != NULL; i++) {
        struct lm_num text = report_tokenizer_cell(report, row, i);
        lm_html_printf(out, "<td class=\"n\">%s</td>", text.text);
    }
    lm_buf_puts(out, "</tr>\n");
}

static void open_table(struct lm_buf *out, const struct report *report, enum report_text heading,
                       enum report_text first)
{
    struct report_column columns[COLUMNS] = {{first, false}};
    size_t count = 1;
    for (; report_tokenizer_columns[count - 1].key != NULL && count < COLUMNS; count++)
        columns[count] = (struct report_column){report_tokenizer_columns[count - 1].label, true};
    lm_html_printf(out, "<h3>%s</h3>\n", report_say(report, heading));
    report_table(out, report, NULL, columns, count);
}

static void put_splits(struct lm_buf *out, const struct report *report)
{
    const struct lm_json *splits = lm_json_get(report->tokenizer, "splits");
    if (splits == NULL)
        return;
    open_table(out, report, TEXT_BY_SPLIT, TEXT_SPLIT);
    for (size_t i = 0; i < LM_SPLITS; i++)
        put_row(out, report, report_split_text(report, lm_split_names[i]),
                lm_json_get(splits, lm_split_names[i]));
    report_table_end(out);
    lm_html_printf(out, "<p class=\"sum\">%s</p>\n", report_say(report, TEXT_RENYI_NOTE));
}

/* One source says what the splits say already. */
static void put_sources(struct lm_buf *out, const struct report *report)
{
    const struct lm_json *sources = lm_json_get(report->tokenizer, "sources");
    if (lm_json_count(sources) < 2)
        return;
    open_table(out, report, TEXT_BY_SOURCE, TEXT_SOURCE);
    for (size_t i = 0; i < lm_json_count(sources); i++) {
        const struct lm_json *row = lm_json_at(sources, i);
        const char *name = lm_json_string(lm_json_get(row, "name"), NULL);
        put_row(out, report, name != NULL ? name : "?", row);
    }
    report_table_end(out);
}

/* ---- lines with their tokens marked ---- */

/* Bytes of the next tokens up to the end of a character; *count: how many they are. */
static size_t next_mark(const struct report *report, const struct lm_json *ids, size_t first,
                        const char *text, size_t size, size_t *count)
{
    size_t end = 0;
    for (*count = 0; first + *count < lm_json_count(ids) && end <= size;) {
        int64_t id = lm_json_int(lm_json_at(ids, first + *count), -1);
        size_t length = 0;
        if (id >= 0 && id < lm_vocab_size(report->vocab))
            lm_vocab_token(report->vocab, (int32_t)id, &length);
        end += length;
        ++*count;
        if (end >= size || ((unsigned char)text[end] & 0xC0) != 0x80)
            break;
    }
    return end > 0 && end <= size ? end : size;
}

/* Every token a mark; where tokens share a character, one mark for all, with their number. */
static void put_marked(struct lm_buf *out, const struct report *report, const struct lm_json *line)
{
    size_t size = 0, at = 0, count;
    const char *text = lm_json_string(lm_json_get(line, "text"), &size);
    const struct lm_json *ids = lm_json_get(line, "ids");
    size_t id_count = report->vocab != NULL ? lm_json_count(ids) : 0;
    for (size_t i = 0; i < id_count && at < size; i += count) {
        size_t length = next_mark(report, ids, i, text + at, size - at, &count);
        lm_buf_puts(out, "<i>");
        lm_html_text(out, text + at, length);
        if (count > 1)
            lm_html_printf(out, "<small>%zu</small>", count);
        lm_buf_puts(out, "</i>");
        at += length;
    }
    if (text != NULL)
        lm_html_text(out, text + at, size - at);
    if (lm_json_int(lm_json_get(line, "bytes"), 0) > (int64_t)size)
        lm_buf_puts(out, "\xe2\x80\xa6");
}

static void put_line(struct lm_buf *out, const struct report *report, const struct lm_json *line)
{
    int64_t bytes = lm_json_int(lm_json_get(line, "bytes"), 0);
    int64_t tokens = lm_json_int(lm_json_get(line, "tokens"), 0);
    const char *split = lm_json_string(lm_json_get(line, "split"), NULL);
    const char *document = lm_json_string(lm_json_get(line, "document"), NULL);
    const char *head = document != NULL ? lm_arena_strndup(report->arena, document, ID_SHOWN) : "?";
    struct lm_num ratio = lm_num_fixed((double)bytes / (double)tokens, 3);
    struct lm_num of_bytes = lm_num_count(bytes), of_tokens = lm_num_count(tokens);
    struct lm_num number = lm_num_count(lm_json_int(lm_json_get(line, "line"), 0));
    lm_html_printf(out,
                   "<article class=\"sample\"><h4>%s <span>%s</span></h4>\n"
                   "<div class=\"text cut\" tabindex=\"0\" dir=\"auto\">",
                   report_say(report, TEXT_IS_BYTES_PER_TOKEN, ratio.text),
                   report_say(report, TEXT_LINE_IS, of_bytes.text, of_tokens.text,
                              split != NULL ? report_split_text(report, split) : "?",
                              head != NULL ? head : "?", number.text));
    put_marked(out, report, line);
    lm_buf_puts(out, "</div>\n</article>\n");
}

static void put_worst(struct lm_buf *out, const struct report *report)
{
    const struct lm_json *lines =
        lm_json_get(lm_json_get(report->tokenizer, "held_out"), "worst_lines");
    size_t count = lm_json_count(lines);
    if (count == 0)
        return;
    lm_html_printf(out, "<h3>%s</h3>\n<p class=\"sum\">%s</p>\n",
                   report_say(report, TEXT_WORST_LINES), report_say(report, TEXT_WORST_LINES_NOTE));
    for (size_t i = 0; i < count; i++) {
        if (i == LINES_SHOWN)
            lm_html_printf(
                out, "<details><summary>%s</summary>\n",
                report_say(report, TEXT_COUNT_MORE, lm_num_count((int64_t)(count - i)).text));
        put_line(out, report, lm_json_at(lines, i));
    }
    if (count > LINES_SHOWN)
        lm_buf_puts(out, "</details>\n");
}

void report_page_tokenizer(struct lm_buf *out, const struct report *report)
{
    bool has_card = lm_json_is_object(report->tokenizer);
    report_section(out, report, "tokenizer", TEXT_TOKENIZER, TEXT_TOKENIZER_NOTE);
    lm_buf_puts(out, "<table class=\"facts\"><tbody>\n");
    put_size(out, report);
    if (has_card)
        put_unused(out, report);
    else
        put_density(out, report);
    if (report->vocab != NULL)
        put_tokens(out, report);
    lm_buf_puts(out, "</tbody></table>\n");
    if (has_card) {
        put_splits(out, report);
        put_sources(out, report);
        put_worst(out, report);
    }
    report_section_end(out);
}
