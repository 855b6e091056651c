#include "bleu.h"

#include <stdbool.h>
#include <string.h>

#include <lmpipe/hash.h>

#include "base/elem.h"
#include "base/utf8.h"
#include "ngrams.h"
#include "text/unicode.h"

/* ---- tokens: the substitutions of mteval-v13a, one after the other ---- */

static const struct {
    const char *from, *to;
} entities[] = {{"<skipped>", ""}, {"-\n", ""},   {"\n", " "},  {"&quot;", "\""},
                {"&amp;", "&"},    {"&lt;", "<"}, {"&gt;", ">"}};

static void replace(struct lm_buf *out, const struct lm_buf *in, const char *from, const char *to)
{
    size_t length = strlen(from);
    for (size_t i = 0; i < in->size;) {
        bool is_here = in->size - i >= length && memcmp(in->data + i, from, length) == 0;
        if (is_here)
            lm_buf_puts(out, to);
        else
            lm_buf_putc(out, in->data[i]);
        i += is_here ? length : 1;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_point(char c)
{
    return c == '.' || c == ',';
}

static bool is_symbol(char c)
{
    return c != '\0' && strchr("{|}~[\\]^_` !\"#$%&()*+:;<=>?@/", c) != NULL;
}

static void space_symbols(struct lm_buf *out, const struct lm_buf *in)
{
    for (size_t i = 0; i < in->size; i++)
        if (is_symbol(in->data[i]))
            lm_buf_printf(out, " %c ", in->data[i]);
        else
            lm_buf_putc(out, in->data[i]);
}

/* Two bytes that stand side by side and are set apart. Bytes will do for characters: all that is
 * looked for is ASCII. */
struct rule {
    bool (*is_first)(char), (*is_second)(char);
    const char *format;
};

static bool is_no_digit(char c)
{
    return !is_digit(c);
}

static bool is_dash(char c)
{
    return c == '-';
}

static const struct rule rules[] = {
    {is_no_digit, is_point, "%c %c "},
    {is_point, is_no_digit, " %c %c"},
    {is_digit, is_dash, "%c %c "},
};

static void space_pairs(struct lm_buf *out, const struct lm_buf *in, const struct rule *rule)
{
    for (size_t i = 0; i < in->size; i++) {
        bool is_pair =
            i + 1 < in->size && rule->is_first(in->data[i]) && rule->is_second(in->data[i + 1]);
        if (!is_pair) {
            lm_buf_putc(out, in->data[i]);
            continue;
        }
        char pair[8];
        const char *at = rule->format;
        size_t length = 0;
        for (size_t which = 0; *at != '\0'; at++) {
            bool is_byte = at[0] == '%';
            pair[length++] = is_byte ? in->data[i + which++] : *at;
            at += is_byte;
        }
        lm_buf_append(out, pair, length);
        i++;
    }
}

/* White space as Python's str.split has it: Unicode's, and the four separators of ASCII. */
static bool is_space(uint32_t c)
{
    return (c >= 0x1c && c <= 0x1f) || (lm_unicode(c) & LM_UC_SPACE) != 0;
}

static void join_words(struct lm_buf *out, const struct lm_buf *in)
{
    bool is_due = false, is_inside = false;
    for (size_t i = 0; i < in->size;) {
        uint32_t c;
        const uint8_t *at = (const uint8_t *)in->data + i;
        size_t length = lm_utf8_decode(&c, at, in->size - i);
        bool is_gap = length > 0 && is_space(c);
        length = length > 0 ? length : 1;
        if (!is_gap) {
            if (is_due && is_inside)
                lm_buf_putc(out, ' ');
            lm_buf_append(out, at, length);
            is_inside = true;
        }
        is_due = is_gap;
        i += length;
    }
}

static void swap(struct lm_buf *a, struct lm_buf *b)
{
    struct lm_buf c = *a;
    *a = *b;
    *b = c;
    lm_buf_clear(b);
}

void bleu_tokenize(struct lm_buf *out, const char *text, size_t size)
{
    struct lm_buf now, next;
    lm_buf_init(&now, 0);
    lm_buf_init(&next, 0);
    lm_buf_append(&now, text, size);
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        replace(&next, &now, entities[i].from, entities[i].to);
        swap(&now, &next);
    }
    lm_buf_putc(&next, ' ');
    lm_buf_append(&next, now.data, now.size);
    lm_buf_putc(&next, ' ');
    swap(&now, &next);
    space_symbols(&next, &now);
    swap(&now, &next);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        space_pairs(&next, &now, &rules[i]);
        swap(&now, &next);
    }
    join_words(out, &now);
    out->failed = out->failed || now.failed || next.failed;
    lm_buf_release(&now);
    lm_buf_release(&next);
}

/* ---- counts ---- */

/* The tokens of a text as hashes. */
static enum lm_status read_symbols(uint64_t **out, size_t *count, struct lm_arena *arena,
                                   const struct lm_example_text *text, struct lm_err *err)
{
    struct lm_buf line;
    lm_buf_init(&line, 0);
    bleu_tokenize(&line, text->data, text->size);
    enum lm_status status = lm_buf_status(&line, err);
    uint64_t *symbols = LM_NEW_ARRAY(arena, uint64_t, line.size + 1);
    if (status == LM_OK && symbols == NULL)
        status = lm_fail(err, LM_NOMEM, "no memory for words; give shorter texts");
    *count = 0;
    for (size_t at = 0; status == LM_OK && at < line.size;) {
        const char *end = memchr(line.data + at, ' ', line.size - at);
        size_t length = end != NULL ? (size_t)(end - line.data) - at : line.size - at;
        symbols[(*count)++] = lm_hash64(line.data + at, length, 0) | 1;
        at += length + 1;
    }
    lm_buf_release(&line);
    *out = symbols;
    return status;
}

static size_t distance(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

/* Of the reference whose length is closest, the shorter of two. */
static size_t closest(const size_t *lengths, size_t count, size_t length)
{
    size_t best = lengths[0];
    for (size_t i = 1; i < count; i++) {
        size_t own = distance(lengths[i], length), least = distance(best, length);
        if (own < least || (own == least && lengths[i] < best))
            best = lengths[i];
    }
    return best;
}

static enum lm_status count_all(struct bleu_stats *out, struct lm_arena *arena,
                                const struct lm_example_text *answer,
                                const struct lm_example_text *references, size_t count,
                                struct lm_err *err)
{
    uint64_t *own, **others = LM_NEW_ARRAY(arena, uint64_t *, count);
    size_t length, *lengths = LM_NEW_ARRAY(arena, size_t, count);
    struct ngrams mine, *theirs = LM_NEW_ARRAY(arena, struct ngrams, count);
    if (others == NULL || lengths == NULL || theirs == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for references; give fewer");
    LM_TRY(read_symbols(&own, &length, arena, answer, err));
    for (size_t i = 0; i < count; i++)
        LM_TRY(read_symbols(&others[i], &lengths[i], arena, &references[i], err));
    for (size_t order = 1; order <= BLEU_ORDER; order++) {
        LM_TRY(ngrams_count(&mine, arena, own, length, order, err));
        for (size_t i = 0; i < count; i++)
            LM_TRY(ngrams_count(&theirs[i], arena, others[i], lengths[i], order, err));
        out->matches[order - 1] = (double)ngrams_matches(&mine, theirs, count);
        out->totals[order - 1] = (double)mine.total;
    }
    out->answer_length = (double)length;
    out->reference_length = (double)closest(lengths, count, length);
    return LM_OK;
}

enum lm_status bleu_count(struct bleu_stats *out, struct lm_arena *arena,
                          const struct lm_example_text *answer,
                          const struct lm_example_text *references, size_t count,
                          struct lm_err *err)
{
    struct lm_arena_mark mark = lm_arena_mark(arena);
    enum lm_status status = count_all(out, arena, answer, references, count, err);
    lm_arena_rewind(arena, mark);
    return status;
}

void bleu_add(struct bleu_stats *sum, const struct bleu_stats *segment, double times)
{
    for (size_t n = 0; n < BLEU_ORDER; n++) {
        sum->matches[n] += times * segment->matches[n];
        sum->totals[n] += times * segment->totals[n];
    }
    sum->answer_length += times * segment->answer_length;
    sum->reference_length += times * segment->reference_length;
}

/* An order without a match counts as half a match, the next as a quarter, and so on (Chen & Cherry
 * 2014, smoothing 3). */
double bleu_score(const struct bleu_stats *sum)
{
    double logs = 0, halves = 1;
    if (sum->matches[0] == 0)
        return 0;
    for (size_t n = 0; n < BLEU_ORDER; n++) {
        if (sum->totals[n] == 0)
            return 0;
        if (sum->matches[n] == 0)
            halves *= 2;
        logs += lm_log(sum->matches[n] > 0 ? sum->matches[n] / sum->totals[n]
                                           : 1 / (halves * sum->totals[n]));
    }
    double brevity = sum->answer_length < sum->reference_length
                         ? 1 - sum->reference_length / sum->answer_length
                         : 0;
    return 100 * lm_exp(brevity + logs / BLEU_ORDER);
}
