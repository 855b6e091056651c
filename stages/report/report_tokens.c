#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "page/html.h"

#include "report_page.h"

/* Surprisal in bits, seven steps of 1.6: the last is open. */
static const double step_bits = 1.6;
static const double nats_of_bit = 0.69314718055994530942;

enum { LEVELS = 7, LONGEST_CHIP = 40, MOST_LINE_ENDS = 3 };

static char level_of(double nll)
{
    double level = floor(nll / nats_of_bit / step_bits);
    return (char)(level >= LEVELS - 1 ? LEVELS - 1 : level > 0 ? level : 0);
}

/* Bytes of a token of text; NULL and 0 for a special token and for an id out of range. */
static const uint8_t *token_bytes(const struct report *report, int64_t id, size_t *size)
{
    *size = 0;
    if (id < 0 || id >= lm_vocab_size(report->vocab) ||
        lm_vocab_is_special(report->vocab, (int32_t)id))
        return NULL;
    return lm_vocab_token(report->vocab, (int32_t)id, size);
}

bool report_tokens_bytes(struct lm_buf *out, const struct report *report, const struct lm_json *ids)
{
    if (report->vocab == NULL)
        return false;
    for (size_t i = 0; i < lm_json_count(ids); i++) {
        size_t size;
        const uint8_t *bytes = token_bytes(report, lm_json_int(lm_json_at(ids, i), -1), &size);
        if (bytes != NULL)
            lm_buf_append(out, bytes, size);
    }
    return true;
}

/* ---- one token as a chip ---- */

/* White space that a chip shows as a sign; NULL for anything else. */
static const char *space_sign(char c)
{
    static const char *const signs[][2] = {
        {" ", "\xe2\x90\xa3"}, {"\n", "\xe2\x86\xb5"}, {"\t", "\xe2\x87\xa5"}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (signs[i][0][0] == c)
            return signs[i][1];
    }
    return NULL;
}

static void put_chip_text(struct lm_buf *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t length = 0;
        const char *sign = space_sign(text[i]);
        if (sign != NULL) {
            lm_html_printf(out, "<u>%s</u>", sign);
            i++;
            continue;
        }
        while (i + length < size && space_sign(text[i + length]) == NULL)
            length++;
        lm_html_text(out, text + i, length);
        i += length;
    }
}

void report_token_write(struct lm_buf *out, const struct report *report, int64_t id)
{
    size_t size = 0;
    bool is_known = id >= 0 && id < lm_vocab_size(report->vocab);
    const uint8_t *bytes = is_known ? lm_vocab_token(report->vocab, (int32_t)id, &size) : NULL;
    if (bytes == NULL)
        return;
    size_t shown = size < LONGEST_CHIP ? size : LONGEST_CHIP;
    while (shown < size && shown > LONGEST_CHIP - 4 && (bytes[shown] & 0xc0) == 0x80)
        shown--; /* cut between characters */
    lm_buf_puts(out, "<code class=\"tok\">");
    put_chip_text(out, (const char *)bytes, shown);
    if (shown < size)
        lm_html_printf(out, "<u>\xe2\x80\xa6 %s</u>",
                       report_say(report, TEXT_COUNT_BYTES, lm_num_count((int64_t)size).text));
    lm_buf_puts(out, "</code>");
}

/* ---- a text ---- */

/* For every byte of ids the level of its token. */
static void put_levels(struct lm_buf *levels, const struct report *report,
                       const struct lm_json *ids, const struct lm_json *nll)
{
    for (size_t i = 0; i < lm_json_count(ids); i++) {
        size_t size;
        token_bytes(report, lm_json_int(lm_json_at(ids, i), -1), &size);
        char level = level_of(lm_json_double(lm_json_at(nll, i), 0));
        for (size_t b = 0; b < size; b++)
            lm_buf_putc(levels, level);
    }
}

/* Largest level of the character at text[i..]: one that several tokens share counts as the
 * most surprising of them. */
static char character_level(const char *levels, size_t length)
{
    char most = 0;
    for (size_t i = 0; i < length; i++)
        most = levels[i] > most ? levels[i] : most;
    return most;
}

/* Text with `sign` before each line end. More than MOST_LINE_ENDS in a row become one, and a tile
 * that counts them: a model that has nothing to say says it in lines, and would fill pages. */
static void put_lines(struct lm_buf *out, const struct report *report, const char *text,
                      size_t size, const char *sign)
{
    for (size_t i = 0; i < size;) {
        const char *end = memchr(text + i, '\n', size - i);
        size_t length = end != NULL ? (size_t)(end - text) - i : size - i, run = 0;
        lm_html_text(out, text + i, length);
        for (i += length; i < size && text[i] == '\n'; i++)
            run++;
        if (run > MOST_LINE_ENDS)
            lm_html_printf(
                out, "%s<b class=\"x\">%s</b>\n", sign,
                report_say(report, TEXT_COUNT_LINE_ENDS, lm_num_count((int64_t)run).text));
        for (size_t k = 0; k < run && run <= MOST_LINE_ENDS; k++)
            lm_html_printf(out, "%s\n", sign);
    }
}

/* A run of characters of one level. A surprising line end would have no width: it gets a sign. */
static void put_run(struct lm_buf *out, const struct report *report, const char *text, size_t size,
                    int level)
{
    if (size == 0)
        return;
    if (level > 0)
        lm_buf_printf(out, "<i class=\"s%d\">", level);
    put_lines(out, report, text, size, level > 0 ? "\xe2\x86\xb5" : "");
    if (level > 0)
        lm_buf_puts(out, "</i>");
}

static void put_coloured(struct lm_buf *out, const struct report *report, const struct lm_buf *text,
                         const struct lm_buf *levels)
{
    size_t start = 0;
    int level = 0;
    for (size_t i = 0; i < text->size;) {
        uint32_t code_point;
        size_t length =
            lm_utf8_decode(&code_point, (const uint8_t *)text->data + i, text->size - i);
        length = length > 0 ? length : 1;
        int next = character_level(levels->data + i, length);
        if (next != level) {
            put_run(out, report, text->data + start, i - start, level);
            start = i;
            level = next;
        }
        i += length;
    }
    put_run(out, report, text->data + start, text->size - start, level);
}

/* A text that ends with its special token (end-of-text) shows that, coloured like the rest. */
static void put_end(struct lm_buf *out, const struct report *report,
                    const struct report_tokens *tokens)
{
    size_t count = lm_json_count(tokens->ids);
    int64_t id = count > 0 ? lm_json_int(lm_json_at(tokens->ids, count - 1), -1) : -1;
    if (id < 0 || id >= lm_vocab_size(report->vocab) ||
        !lm_vocab_is_special(report->vocab, (int32_t)id))
        return;
    int level = level_of(lm_json_double(lm_json_at(tokens->nll, count - 1), 0));
    lm_html_printf(out, "<i class=\"s%d\"><b class=\"x\">%s</b></i>", level,
                   report_say(report, TEXT_END_OF_TEXT));
}

void report_tokens_write(struct lm_buf *out, const struct report *report,
                         const struct report_tokens *tokens)
{
    struct lm_buf text, levels;
    lm_buf_init(&text, 0);
    lm_buf_init(&levels, 0);
    if (lm_json_count(tokens->lead) > 0 && report_tokens_bytes(&text, report, tokens->lead)) {
        lm_buf_puts(out, "<span class=\"p\">");
        lm_html_text(out, text.data, text.size);
        lm_buf_puts(out, "</span>");
    }
    lm_buf_clear(&text);
    if (report_tokens_bytes(&text, report, tokens->ids) && text.size > 0) {
        put_levels(&levels, report, tokens->ids, tokens->nll);
        if (!levels.failed && levels.size == text.size)
            put_coloured(out, report, &text, &levels);
    }
    if (report->vocab != NULL)
        put_end(out, report, tokens);
    out->failed = out->failed || text.failed || levels.failed;
    lm_buf_release(&text);
    lm_buf_release(&levels);
}

void report_ramp_write(struct lm_buf *out, const struct report *report)
{
    lm_html_printf(out, "<p class=\"ramp\"><span>%s</span>",
                   report_say(report, TEXT_SURPRISAL_BITS));
    for (int level = 0; level < LEVELS; level++) {
        struct lm_num from = report_fixed(step_bits * level, 1);
        struct lm_num to = report_fixed(step_bits * (level + 1), 1);
        lm_html_printf(out, "<i class=\"s%d\">%s</i>", level,
                       level == LEVELS - 1 ? report_say(report, TEXT_AND_MORE, from.text)
                                           : report_range(report, from, to));
    }
    lm_buf_puts(out, "</p>\n");
}
