#include "text/c4_lines.h"

#include <string.h>

#include <lmpipe/hash.h>

#include "base/utf8.h"
#include "text/line_scan.h"

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

/* What of the phrases a text may have at all, found by one look at all of it. */
struct phrases {
    bool lorem, javascript, policies;
};

static void count_words(struct line *line)
{
    struct lm_word_scan scan = {.text = line->text, .size = line->size};
    line->words = 0;
    line->longest = 0;
    for (struct lm_word word; lm_word_next(&scan, &word); line->words++)
        line->longest = word.chars > line->longest ? word.chars : line->longest;
}

/* The words before `end`, from words->items[*at] on. */
static void take_words(struct line *line, const struct lm_word_list *words, size_t *at, size_t end)
{
    size_t first = *at;
    for (; *at < words->count && words->items[*at].at < end; ++*at)
        line->longest =
            words->items[*at].chars > line->longest ? words->items[*at].chars : line->longest;
    line->words = (int64_t)(*at - first);
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
    line->text = (const uint8_t *)(made->data != NULL ? made->data : "");
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
    return line->size > 0 && memmem(line->lower, line->size, what, strlen(what)) != NULL;
}

/* Lower-case ASCII into an empty buffer. */
static const char *lower(const uint8_t *text, size_t size, struct lm_buf *made)
{
    lm_buf_append(made, text, size);
    if (made->failed || size == 0)
        return "";
    uint8_t *copy = (uint8_t *)made->data;
    for (size_t i = 0; i < size; i++)
        copy[i] |= (uint8_t)(((uint8_t)(copy[i] - 'A') < 26) << 5);
    return made->data;
}

/* A citation that goes may leave a phrase behind: then each line is looked at. */
static struct phrases find_phrases(const uint8_t *text, size_t size, struct lm_buf *made)
{
    bool may_join = memchr(text, '[', size) != NULL;
    const struct line all = {.size = size, .lower = lower(text, size, made)};
    if (made->failed || may_join)
        return (struct phrases){true, true, true};
    return (struct phrases){has(&all, "lorem ipsum"), has(&all, "javascript"),
                            has(&all, "cookie") || has(&all, "privacy policy") ||
                                has(&all, "terms of use")};
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

/* Phrases and braces, of a line that no other rule drops. */
static enum lm_c4_rule judge_phrases(struct line *line, const bool *on,
                                     const struct phrases *phrases, struct lm_rule_measure *measure,
                                     struct lm_c4_scratch *scratch)
{
    bool is_looked_at = phrases->lorem || phrases->javascript || phrases->policies;
    if (line->size == 0)
        return LM_C4_RULES;
    if (is_looked_at)
        line->lower = lower(line->text, line->size, &scratch->lower);
    measure->lorem_lines += phrases->lorem && has(line, "lorem ipsum");
    if (on[LM_C4_JAVASCRIPT] && phrases->javascript && has(line, "javascript"))
        return LM_C4_JAVASCRIPT;
    measure->brace_lines += memchr(line->text, '{', line->size) != NULL;
    return on[LM_C4_POLICIES] && phrases->policies && is_policy(line) ? LM_C4_POLICIES
                                                                      : LM_C4_RULES;
}

/* The first rule that drops the line, LM_C4_RULES when none does. */
static enum lm_c4_rule judge(struct line *line, const struct lm_c4_options *options,
                             const struct phrases *phrases, struct lm_rule_measure *measure,
                             struct lm_c4_scratch *scratch)
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
    return judge_phrases(line, on, phrases, measure, scratch);
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
                           struct lm_word_list *words, bool *has_words,
                           struct lm_c4_scratch *scratch, struct lm_err *err)
{
    struct lm_line_scan scan = {.text = text, .size = size};
    bool is_first = true;
    size_t word = 0, kept = 0; /* the first one of the line; those of `out` */
    *has_words = true;
    lm_buf_clear(&scratch->lower);
    const struct phrases phrases = find_phrases(text, size, &scratch->lower);
    measure->lorem_lines = measure->brace_lines = measure->sentences = measure->long_lines = 0;
    for (struct lm_line each; lm_line_next(&scan, &each);) {
        struct lm_line core = lm_line_strip(&each, text);
        struct line line = {.text = text + core.at, .size = core.size}, before;
        lm_buf_clear(&scratch->edited);
        lm_buf_clear(&scratch->lower);
        size_t first = word;
        take_words(&line, words, &word, core.at + core.size);
        before = line;
        enum lm_c4_rule rule = judge(&line, options, &phrases, measure, scratch);
        LM_TRY(lm_buf_status(&scratch->edited, err));
        LM_TRY(lm_buf_status(&scratch->lower, err));
        if (rule < LM_C4_RULES) {
            count(&tallies[rule], before.text, before.size, before.words, 0);
            continue;
        }
        if (line.size != before.size)
            count_edit(&tallies[LM_C4_CITATIONS], &before, &line);
        *has_words = *has_words && line.size == before.size;
        take(out, measure, options, &line, is_first);
        for (size_t i = first; i < word; i++, kept++) {
            words->items[kept] = words->items[i];
            words->items[kept].at = words->items[i].at - core.at + out->size - line.size;
        }
        is_first = false;
    }
    words->count = kept;
    return lm_buf_status(out, err);
}
