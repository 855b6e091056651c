#include "compare/reason.h"

#include <string.h>

/* What a kind is called in JSON. */
static const char *const names[LM_REASON_KINDS] = {
    [LM_REASON_NONE] = "none",
    [LM_REASON_BELOW] = "below",
    [LM_REASON_ABOVE] = "above",
    [LM_REASON_AT_MOST] = "at_most",
    [LM_REASON_AT_LEAST] = "at_least",
    [LM_REASON_BETWEEN] = "between",
    [LM_REASON_NOT_SELECTED] = "not_selected",
    [LM_REASON_FAILED] = "failed",
    [LM_REASON_NO_RESULT] = "no_result",
    [LM_REASON_NOT_FINITE] = "not_finite",
    [LM_REASON_NO_METRIC] = "no_metric",
    [LM_REASON_WORSE] = "worse",
    [LM_REASON_BETTER] = "better",
    [LM_REASON_SAME] = "same",
    [LM_REASON_FEW] = "few",
    [LM_REASON_NO_SIZE] = "no_size",
    [LM_REASON_NO_ITEMS] = "no_items",
    [LM_REASON_NO_SIDE] = "no_side",
    [LM_REASON_NO_BASELINE] = "no_baseline",
    [LM_REASON_UNREAD_BASELINE] = "unread_baseline",
    [LM_REASON_NO_STAGE] = "no_stage",
    [LM_REASON_NOT_PAIRED] = "not_paired",
    [LM_REASON_NO_ITEMS_OF] = "no_items_of",
    [LM_REASON_OTHER_ITEMS] = "other_items",
    [LM_REASON_OTHER_TOKENS] = "other_tokens",
    [LM_REASON_OTHER_BYTES] = "other_bytes",
    [LM_REASON_NOT_A_NUMBER] = "not_a_number",
    [LM_REASON_OF_ALL_TOKENS] = "of_all_tokens",
    [LM_REASON_F1] = "f1",
    [LM_REASON_BLEU] = "bleu",
    [LM_REASON_CHRF] = "chrf",
    [LM_REASON_CORRELATION] = "correlation",
    [LM_REASON_BY_WORDS] = "by_words",
    [LM_REASON_OVER_GROUPS] = "over_groups",
    [LM_REASON_BY_PLACE] = "by_place",
    [LM_REASON_NOT_IN_ITEMS] = "not_in_items",
    [LM_REASON_UNKNOWN] = "unknown",
};

const char *const lm_reason_phrases[LM_REASON_KINDS] = {
    [LM_REASON_NONE] = "",
    [LM_REASON_BELOW] = "{1} is below {2}",
    [LM_REASON_ABOVE] = "{1} is above {2}",
    [LM_REASON_AT_MOST] = "{1} is at most {2}",
    [LM_REASON_AT_LEAST] = "{1} is at least {2}",
    [LM_REASON_BETWEEN] = "{1} is between {2} and {3}",
    [LM_REASON_NOT_SELECTED] = "{1} was not selected",
    [LM_REASON_FAILED] = "{1} has failed",
    [LM_REASON_NO_RESULT] = "{1} has no result",
    [LM_REASON_NOT_FINITE] = "the metric is not finite",
    [LM_REASON_NO_METRIC] = "the result of {1} has no such metric",
    [LM_REASON_WORSE] = "worse by {1} {2} ({3} to {4} at {5} % on each side, over {6} {7}s, not "
                        "over seeds), {8} the margin of {9}",
    [LM_REASON_BETTER] = "better by {1} {2} ({3} to {4} at {5} % on each side, over {6} {7}s, not "
                         "over seeds), {8} the margin of {9}",
    [LM_REASON_SAME] = "every {1} has the number it had",
    [LM_REASON_FEW] = "there are fewer than {1} items: no interval",
    [LM_REASON_NO_SIZE] = "what the metric divides by adds up to 0 over all {1}s: no interval",
    [LM_REASON_NO_ITEMS] = "there are no items",
    [LM_REASON_NO_SIDE] = "the metric has no better side; give `better`",
    [LM_REASON_NO_BASELINE] =
        "there is no baseline: its file does not exist; write it with lmpipe exp export",
    [LM_REASON_UNREAD_BASELINE] = "there is no baseline: {1}",
    [LM_REASON_NO_STAGE] = "the baseline has no stage {1}",
    [LM_REASON_NOT_PAIRED] = "it cannot be compared item by item: {9}; use min or max",
    [LM_REASON_NO_ITEMS_OF] = "{1} has no items of {2}",
    [LM_REASON_OTHER_ITEMS] = "other {1}s: {1} {2} is not among those of both {3} and {4}",
    [LM_REASON_OTHER_TOKENS] = "another tokenizer: {1} {2} has {3} tokens in {4}, {5} in {6}",
    [LM_REASON_OTHER_BYTES] = "another text: {1} {2} has {3} bytes in {4}, {5} in {6}",
    [LM_REASON_NOT_A_NUMBER] = "{1} has no finite number for {2} {3}",
    [LM_REASON_OF_ALL_TOKENS] = "calibration is of all tokens or items together, no mean over {1}s",
    [LM_REASON_F1] = "F1 is of all {1}s together, no mean over them",
    [LM_REASON_BLEU] = "BLEU is of the whole text, no mean over {1}s",
    [LM_REASON_CHRF] = "chrF is of the whole text, no mean over {1}s",
    [LM_REASON_CORRELATION] = "a correlation is of all {1}s together, no mean over them",
    [LM_REASON_BY_WORDS] = "a perplexity by words is not in the items; compare bpb",
    [LM_REASON_OVER_GROUPS] = "a mean over groups is no mean over items; compare acc",
    [LM_REASON_BY_PLACE] = "it is by place in the window, no mean over {1}s",
    [LM_REASON_NOT_IN_ITEMS] = "it is not in the records of {1}s",
    [LM_REASON_UNKNOWN] = "it is not known to be a mean over items",
};

/* A bit a part. */
static const unsigned words[LM_REASON_KINDS] = {
    [LM_REASON_WORSE] = 1U << 1 | 1U << 6 | 1U << 7,
    [LM_REASON_BETTER] = 1U << 1 | 1U << 6 | 1U << 7,
    [LM_REASON_SAME] = 1,
    [LM_REASON_NO_SIZE] = 1,
    [LM_REASON_NOT_PAIRED] = 1,
    [LM_REASON_NO_ITEMS_OF] = 1,
    [LM_REASON_OTHER_ITEMS] = 1 | 1U << 2 | 1U << 3,
    [LM_REASON_OTHER_TOKENS] = 1 | 1U << 3 | 1U << 5,
    [LM_REASON_OTHER_BYTES] = 1 | 1U << 3 | 1U << 5,
    [LM_REASON_NOT_A_NUMBER] = 1 | 1U << 1,
    [LM_REASON_OF_ALL_TOKENS] = 1,
    [LM_REASON_F1] = 1,
    [LM_REASON_BLEU] = 1,
    [LM_REASON_CHRF] = 1,
    [LM_REASON_CORRELATION] = 1,
    [LM_REASON_BY_PLACE] = 1,
    [LM_REASON_NOT_IN_ITEMS] = 1,
};

bool lm_reason_is_word(enum lm_reason_kind kind, size_t part)
{
    return words[kind] >> part & 1;
}

const char *lm_reason_say(struct lm_arena *arena, const struct lm_reason *reason,
                          const char *const phrases[LM_REASON_KINDS])
{
    const char *parts[LM_PHRASE_PLACES];
    memcpy(parts, reason->parts, sizeof parts);
    if (reason->because != LM_REASON_NONE) {
        parts[LM_PHRASE_PLACES - 1] =
            lm_phrase_fill(arena, phrases[reason->because], reason->parts);
        if (parts[LM_PHRASE_PLACES - 1] == NULL)
            return NULL;
    }
    return lm_phrase_fill(arena, phrases[reason->kind], parts);
}

const char *lm_reason_text(struct lm_arena *arena, const struct lm_reason *reason)
{
    return lm_reason_say(arena, reason, lm_reason_phrases);
}

void lm_reason_put(struct lm_json_writer *writer, const struct lm_reason *reason)
{
    size_t count = LM_PHRASE_PLACES;
    while (count > 0 && reason->parts[count - 1] == NULL)
        count--;
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "kind", names[reason->kind]);
    lm_json_member_string(writer, "because", names[reason->because]);
    lm_json_key(writer, "parts");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < count; i++) {
        const char *part = reason->parts[i] != NULL ? reason->parts[i] : "";
        lm_json_put_bytes(writer, part, strlen(part));
    }
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
}

static bool read_kind(enum lm_reason_kind *out, const struct lm_json *word)
{
    const char *name = lm_json_string(word, NULL);
    for (size_t i = 0; name != NULL && i < LM_REASON_KINDS; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum lm_reason_kind)i;
            return true;
        }
    return false;
}

bool lm_reason_read(struct lm_reason *out, struct lm_arena *arena, const struct lm_json *object)
{
    const struct lm_json *parts = lm_json_get(object, "parts");
    struct lm_reason reason = {0};
    if (!read_kind(&reason.kind, lm_json_get(object, "kind")) ||
        !read_kind(&reason.because, lm_json_get(object, "because")) ||
        lm_json_count(parts) > LM_PHRASE_PLACES)
        return false;
    for (size_t i = 0; i < lm_json_count(parts); i++) {
        const char *part = lm_json_string(lm_json_at(parts, i), NULL);
        reason.parts[i] = part != NULL ? lm_arena_strdup(arena, part) : NULL;
        if (reason.parts[i] == NULL)
            return false;
    }
    *out = reason;
    return true;
}
