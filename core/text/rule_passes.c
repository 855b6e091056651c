#include "text/rule_passes.h"

#include <string.h>

/* Asking about one document. */
struct asking {
    struct lm_rule_outcome *out;
    const struct lm_ruleset *set;
    struct lm_buf *text;
    struct lm_rule_measure *measure;
    struct lm_line_tally *tallies;
    struct lm_rule_scratch *scratch;
    bool is_english;
    bool has_words;     /* scratch->words are the text's */
    size_t unique_from; /* n-grams of so many words and more are met but once; 0: not known */
    struct lm_err *err;
};

static const uint8_t *bytes_of(const struct asking *asking)
{
    return (const uint8_t *)(asking->text->data != NULL ? asking->text->data : "");
}

void lm_ruleset_init(struct lm_ruleset *out, const struct lm_rule *rules, size_t count)
{
    static const size_t first_of_lines = offsetof(struct lm_text_measure, line_chars);
    *out = (struct lm_ruleset){.rules = rules, .count = count};
    for (size_t k = 0; k < LM_C4_RULES; k++)
        out->lines[k] = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct lm_rule *rule = &rules[i];
        out->has[rule->kind->pass] = true;
        out->measures_lines |=
            rule->kind->pass == LM_PASS_TEXT &&
            (rule->kind->count >= first_of_lines ||
             (rule->kind->over != LM_RULE_PLAIN && rule->kind->over >= first_of_lines));
        for (size_t k = 0; k < LM_C4_RULES; k++) {
            if (strcmp(rule->kind->name, lm_c4_names[k]) != 0)
                continue;
            out->lines[k] = i;
            out->c4.on[k] = out->edits_lines = true;
        }
        if (strcmp(rule->kind->name, "c4.long_words") == 0)
            out->c4.longest_word = rule->max;
        if (strcmp(rule->kind->name, "c4.line_words") == 0)
            out->c4.fewest_words = rule->min;
        if (strcmp(rule->kind->name, "mc4.paragraphs") == 0)
            out->c4.long_line = rule->length;
        if (strcmp(rule->kind->name, "fineweb.short_lines") == 0)
            out->short_line = rule->length;
    }
}

/* Are most of the letters Latin? So are those of a text that has none. */
static bool is_latin(const struct lm_text_measure *text)
{
    int64_t letters = 0;
    for (size_t i = 0; i < LM_SCRIPTS; i++)
        letters += text->scripts[i];
    return 2 * text->scripts[LM_SCRIPT_LATIN] >= letters;
}

static enum lm_status find_words(struct asking *asking)
{
    if (asking->has_words)
        return LM_OK;
    asking->has_words = true;
    return lm_word_list_find(&asking->scratch->words, bytes_of(asking), asking->text->size,
                             asking->err);
}

static enum lm_status measure_words(struct asking *asking)
{
    LM_TRY(find_words(asking));
    lm_measure_words(asking->measure, &asking->scratch->words, bytes_of(asking),
                     asking->text->size);
    return LM_OK;
}

static enum lm_status edit_lines(struct asking *asking)
{
    struct lm_c4_options options = asking->set->c4;
    struct lm_line_tally none[LM_C4_RULES] = {0};
    struct lm_buf made;
    bool has_words = true;
    options.is_english = asking->is_english;
    LM_TRY(find_words(asking));
    lm_buf_init(&made, 0);
    enum lm_status status =
        lm_c4_lines(&made, asking->measure, asking->tallies != NULL ? asking->tallies : none,
                    &options, bytes_of(asking), asking->text->size, &asking->scratch->words,
                    &has_words, &asking->scratch->c4, asking->err);
    bool is_same = made.size == asking->text->size &&
                   (made.size == 0 || memcmp(made.data, asking->text->data, made.size) == 0);
    if (status != LM_OK || !asking->set->edits_lines || is_same) {
        asking->has_words = is_same && has_words;
        lm_buf_release(&made);
        return status;
    }
    lm_buf_release(asking->text);
    *asking->text = made;
    asking->out->is_changed = true;
    asking->has_words = has_words;
    lm_text_count(&asking->measure->text, bytes_of(asking), asking->text->size);
    return LM_OK;
}

static enum lm_status measure_shape(struct asking *asking)
{
    LM_TRY(find_words(asking));
    asking->measure->all_words = (int64_t)asking->scratch->words.count;
    return lm_measure_shape(asking->measure, &asking->scratch->seen, bytes_of(asking),
                            asking->text->size, asking->set->short_line, asking->err);
}

static enum lm_status measure_repeats(struct asking *asking)
{
    LM_TRY(find_words(asking));
    return lm_measure_repeats(asking->measure, &asking->scratch->seen, bytes_of(asking),
                              asking->text->size, asking->err);
}

/* n-grams are measured one n after the other, each when its rule is asked. */
static enum lm_status measure_gram(struct asking *asking, const struct lm_rule_kind *kind)
{
    static const size_t tops = offsetof(struct lm_rule_measure, top_2),
                        duplicates = offsetof(struct lm_rule_measure, duplicate_5),
                        end = sizeof(struct lm_rule_measure);
    int64_t chars = 0;
    struct lm_rule_scratch *scratch = asking->scratch;
    if (kind->count < tops || kind->count >= end)
        return LM_OK;
    size_t n = kind->count < duplicates ? 2 + (kind->count - tops) / sizeof chars
                                        : 5 + (kind->count - duplicates) / sizeof chars;
    bool is_unique = asking->unique_from > 0 && n >= asking->unique_from;
    if (kind->count < duplicates)
        LM_TRY(lm_top_gram(&chars, &scratch->seen, &scratch->words, n, asking->err));
    else if (!is_unique) /* what is met twice begins with fewer words that are */
        LM_TRY(lm_duplicate_grams(&chars, &scratch->seen, &scratch->words, n, asking->err));
    if (kind->count >= duplicates && chars == 0 && !is_unique)
        asking->unique_from = n;
    memcpy((char *)asking->measure + kind->count, &chars, sizeof chars);
    return LM_OK;
}

/* Asks the rules of a pass, which has been measured. */
static enum lm_status ask(struct asking *asking, enum lm_rule_pass pass)
{
    const struct lm_ruleset *set = asking->set;
    for (size_t i = 0; i < set->count; i++) {
        const struct lm_rule *rule = &set->rules[i];
        if (rule->kind->pass != pass || (rule->kind->traits & LM_RULE_LINE))
            continue;
        if ((rule->kind->traits & LM_RULE_ENGLISH) && !asking->is_english) {
            asking->out->unfit |= (uint64_t)1 << i;
            continue;
        }
        if (pass == LM_PASS_REPEATS)
            LM_TRY(measure_gram(asking, rule->kind));
        if (lm_rule_drops(rule, asking->measure)) {
            asking->out->rule = i;
            asking->out->value = lm_rule_value(rule->kind, asking->measure);
            return LM_OK;
        }
    }
    return LM_OK;
}

enum lm_status lm_rules_ask(struct lm_rule_outcome *out, const struct lm_ruleset *set,
                            struct lm_buf *text, struct lm_rule_measure *measure,
                            struct lm_line_tally *tallies, struct lm_rule_scratch *scratch,
                            struct lm_err *err)
{
    static enum lm_status (*const passes[])(struct asking * asking) = {
        [LM_PASS_TEXT] = NULL,
        [LM_PASS_WORDS] = measure_words,
        [LM_PASS_LINES] = edit_lines,
        [LM_PASS_SHAPE] = measure_shape,
        [LM_PASS_REPEATS] = measure_repeats,
    };
    struct asking asking = {.out = out,
                            .set = set,
                            .text = text,
                            .measure = measure,
                            .tallies = tallies,
                            .scratch = scratch,
                            .is_english = is_latin(&measure->text),
                            .err = err};
    *out = (struct lm_rule_outcome){.rule = set->count};
    for (size_t pass = 0; pass <= LM_PASS_REPEATS && out->rule == set->count; pass++) {
        if (!set->has[pass])
            continue;
        if (passes[pass] != NULL)
            LM_TRY(passes[pass](&asking));
        LM_TRY(ask(&asking, (enum lm_rule_pass)pass));
    }
    return LM_OK;
}

void lm_rule_scratch_init(struct lm_rule_scratch *scratch)
{
    *scratch = (struct lm_rule_scratch){.words = {0}};
    lm_buf_init(&scratch->c4.edited, 0);
    lm_buf_init(&scratch->c4.lower, 0);
}

void lm_rule_scratch_release(struct lm_rule_scratch *scratch)
{
    lm_word_list_release(&scratch->words);
    lm_seen_release(&scratch->seen);
    lm_buf_release(&scratch->c4.edited);
    lm_buf_release(&scratch->c4.lower);
}
