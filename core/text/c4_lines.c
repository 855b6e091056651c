#include "text/c4_lines.h"

#include <string.h>

#include <lmpipe/hash.h>

#include "base/utf8.h"
#include "text/lines.h"

const char *const lm_c4_names[LM_C4_RULES] = {"c4.long_words", "c4.citations",  "c4.ended_lines",
                                              "c4.line_words", "c4.javascript", "c4.policies"};

/* A line on its way. */
struct line {
    const uint8_t *text; /* stripped, later without citations */
    size_t size;
    int64_t words;
    uint32_t longest; /* characters of its longest word */
    const char *lower;
};

static void count_words(struct line *line)
{
    struct lm_word_scan scan = {.text = line->text, .size = line->size};
    line->words = 0;
    line->longest = 0;
    for (struct lm_word word; lm_word_next(&scan, &word); line->words++)
        line->longest = word.chars > line->longest ? word.chars : line->longest;
}

/* Length of a citation at text[0], which is '[', or 0. */
static size_t citation_length(const uint8_t *text, size_t size)
{
    static const char *const words[] = {"[edit]", "[citation needed]"};
    size_t length = 1;
    for (size_t i = 0; i < 2; i++) {
        size_t whole = strlen(words[i]);
        if (size >= whole && memcmp(text, words[i], whole) == 0)
            return whole;
    }
    while (length < size && text[length] >= '0' && text[length] <= '9')
        length++;
    return length < size && text[length] == ']' ? length + 1 : 0;
}

static void remove_citations(struct line *line, struct lm_buf *made)
{
    for (size_t at = 0; at < line->size;) {
        const uint8_t *open = memchr(line->text + at, '[', line->size - at);
        size_t end = open == NULL ? line->size : (size_t)(open - line->text);
        size_t length = open == NULL ? 0 : citation_length(open, line->size - end);
        end += open != NULL && length == 0;
        lm_buf_append(made, line->text + at, end - at);
        at = end + length;
    }
    if (made->failed)
        return;
    line->text = (const uint8_t *)made->data;
    line->size = made->size;
}

static bool ends_sentence(const struct line *line, bool is_english)
{
    static const char ellipsis[] = "...";
    if (line->size == 0 ||
        (line->size >= 3 && memcmp(line->text + line->size - 3, ellipsis, 3) == 0))
        return false;
    size_t start = line->size - 1;
    uint32_t c = line->text[start];
    while (start > 0 && line->size - start < 4 && (line->text[start] & 0xC0) == 0x80)
        start--;
    if (c >= 0x80)
        lm_utf8_decode(&c, line->text + start, line->size - start);
    if (c < 0x80)
        return c == '.' || c == '?' || c == '!' || c == '"' || c == '\'';
    return !is_english && c != 0x2026 && lm_is_line_end(c);
}

static bool has(const struct line *line, const char *what)
{
    return memmem(line->lower, line->size, what, strlen(what)) != NULL;
}

static bool is_policy(const struct line *line)
{
    static const char *const phrases[] = {"terms of use", "privacy policy", "cookie policy",
                                          "uses cookies", "use of cookies", "use cookies"};
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (has(line, phrases[i]))
            return true;
    return false;
}

static void lower(struct line *line, struct lm_buf *made)
{
    lm_buf_append(made, line->text, line->size);
    if (made->failed || line->size == 0)
        return;
    char *copy = made->data;
    for (size_t i = 0; i < line->size; i++)
        copy[i] = copy[i] >= 'A' && copy[i] <= 'Z' ? (char)(copy[i] | 32) : copy[i];
    line->lower = copy;
}

/* The first rule that drops the line, LM_C4_RULES when none does. */
static enum lm_c4_rule judge(struct line *line, const struct lm_c4_options *options,
                             struct lm_rule_measure *measure, struct lm_c4_scratch *scratch)
{
    const bool *on = options->on;
    if (on[LM_C4_LONG_WORDS] && line->longest > options->longest_word)
        return LM_C4_LONG_WORDS;
    if (on[LM_C4_CITATIONS] && memchr(line->text, '[', line->size) != NULL)
        remove_citations(line, &scratch->edited);
    if (on[LM_C4_ENDED_LINES] && !ends_sentence(line, options->is_english))
        return LM_C4_ENDED_LINES;
    if (on[LM_C4_LINE_WORDS] && (double)line->words < options->fewest_words)
        return LM_C4_LINE_WORDS;
    lower(line, &scratch->lower);
    if (scratch->lower.failed || line->size == 0)
        return LM_C4_RULES;
    measure->lorem_lines += has(line, "lorem ipsum");
    if (on[LM_C4_JAVASCRIPT] && has(line, "javascript"))
        return LM_C4_JAVASCRIPT;
    measure->brace_lines += memchr(line->text, '{', line->size) != NULL;
    return on[LM_C4_POLICIES] && is_policy(line) ? LM_C4_POLICIES : LM_C4_RULES;
}

static void count(struct lm_line_tally *tally, const uint8_t *text, size_t size, int64_t words,
                  size_t left)
{
    uint64_t key = lm_hash64(text, size, 0);
    if (tally->lines++ == 0 || key < tally->key) {
        size_t length = size < LM_LINE_EXAMPLE ? size : LM_LINE_EXAMPLE;
        while (length < size && length > 0 && (text[length] & 0xC0) == 0x80)
            length--;
        memcpy(tally->example, text, length);
        tally->example_size = length;
        tally->key = key;
    }
    tally->bytes += (int64_t)(size - left);
    tally->words += words;
    tally->chars += lm_count_chars(text, size);
}

static void count_edit(struct lm_line_tally *tally, const struct line *before,
                       const struct line *after)
{
    struct line counted = *after;
    count_words(&counted);
    count(tally, before->text, before->size, before->words - counted.words, after->size);
    tally->chars -= lm_count_chars(after->text, after->size);
}

static void take(struct lm_buf *out, struct lm_rule_measure *measure,
                 const struct lm_c4_options *options, const struct line *line, bool is_first)
{
    if (!is_first)
        lm_buf_putc(out, '\n');
    lm_buf_append(out, line->text, line->size);
    measure->sentences += lm_count_sentences(line->text, line->size);
    measure->long_lines += (double)lm_count_chars(line->text, line->size) >= options->long_line;
}

enum lm_status lm_c4_lines(struct lm_buf *out, struct lm_rule_measure *measure,
                           struct lm_line_tally tallies[LM_C4_RULES],
                           const struct lm_c4_options *options, const uint8_t *text, size_t size,
                           struct lm_c4_scratch *scratch, struct lm_err *err)
{
    struct lm_line_scan scan = {.text = text, .size = size};
    bool is_first = true;
    measure->lorem_lines = measure->brace_lines = measure->sentences = measure->long_lines = 0;
    for (struct lm_line each; lm_line_next(&scan, &each);) {
        struct lm_line core = lm_line_strip(&each, text);
        struct line line = {.text = text + core.at, .size = core.size}, before;
        lm_buf_clear(&scratch->edited);
        lm_buf_clear(&scratch->lower);
        count_words(&line);
        before = line;
        enum lm_c4_rule rule = judge(&line, options, measure, scratch);
        LM_TRY(lm_buf_status(&scratch->edited, err));
        LM_TRY(lm_buf_status(&scratch->lower, err));
        if (rule < LM_C4_RULES) {
            count(&tallies[rule], before.text, before.size, before.words, 0);
            continue;
        }
        if (line.size != before.size)
            count_edit(&tallies[LM_C4_CITATIONS], &before, &line);
        take(out, measure, options, &line, is_first);
        is_first = false;
    }
    return lm_buf_status(out, err);
}
