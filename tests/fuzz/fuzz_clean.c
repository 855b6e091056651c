/* Hostile texts through all that cleaning does to them: told, converted, cut, repaired, changed,
 * asked about and compared. The first byte says which policy and which way. What comes out is
 * well-formed UTF-8, and cleaning it again changes nothing. */
#include "text/clean_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "text/documents.h"
#include "text/encoding.h"
#include "text/encoding_guess.h"
#include "text/exact.h"
#include "text/file_kind.h"
#include "text/gutenberg.h"
#include "text/markup.h"
#include "text/mojibake.h"
#include "text/pii.h"
#include "text/rule_passes.h"
#include "text/unwrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool is_so)
{
    if (!is_so)
        __builtin_trap();
}

static void demand_text(const struct lm_buf *text)
{
    demand(text->size == 0 ||
           lm_utf8_valid_prefix((const uint8_t *)text->data, text->size) == text->size);
}

static void demand_same(const struct lm_buf *text, const struct lm_clean_options *options)
{
    struct lm_clean_counts counts = {0};
    struct lm_buf again;
    bool is_rejected = false;
    lm_buf_init(&again, 0);
    if (text->size > 0 && lm_clean(&again, (const uint8_t *)text->data, text->size, options,
                                   &counts, &is_rejected, NULL) == LM_OK)
        demand(again.size == text->size && memcmp(again.data, text->data, text->size) == 0);
    lm_buf_release(&again);
}

/* Every rule there is, none of which may drop a document before all have been measured. */
static void ask_rules(struct lm_buf *text)
{
    static struct lm_rule rules[LM_RULES_MAX];
    static struct lm_ruleset set;
    static struct lm_rule_scratch scratch;
    struct lm_rule_measure measure = {.none = 0};
    struct lm_rule_outcome outcome;
    size_t count = 0;
    if (set.rules == NULL) {
        for (const struct lm_rule_kind *kind = lm_rule_kinds; kind->name != NULL; kind++) {
            bool is_of_lines = (kind->traits & LM_RULE_LINE) != 0;
            rules[count++] = (struct lm_rule){kind, is_of_lines ? kind->min : LM_RULE_NONE,
                                              is_of_lines ? kind->max : LM_RULE_NONE, 30};
        }
        lm_ruleset_init(&set, rules, count);
        lm_rule_scratch_init(&scratch);
    }
    demand(lm_text_measure(&measure.text, (const uint8_t *)text->data, text->size, NULL) == LM_OK);
    demand(lm_rules_ask(&outcome, &set, text, &measure, NULL, &scratch, NULL) == LM_OK);
    demand(outcome.rule == set.count);
    demand_text(text);
}

static void change(struct lm_buf *text)
{
    struct lm_exact_unit unit;
    struct lm_buf made;
    int64_t counts[LM_PII_KINDS] = {0}, joined = 0;
    bool is_changed = false;
    size_t start, end;
    lm_buf_init(&made, 0);
    demand(lm_mojibake_repair(&made, (const uint8_t *)text->data, text->size, &is_changed, &joined,
                              NULL) == LM_OK);
    demand_text(&made);
    if (lm_gutenberg_find(text->data, text->size, &start, &end))
        demand(start <= end && end <= text->size);
    demand(lm_unwrap(text, &joined, NULL) == LM_OK);
    demand(lm_pii_mask(text, 7, counts, NULL) == LM_OK);
    demand_text(text);
    if (text->size > 0)
        demand(lm_exact_unit(&unit, (const uint8_t *)text->data, text->size, &made, NULL) == LM_OK);
    lm_buf_release(&made);
    if (text->size > 0)
        ask_rules(text);
}

static void clean(const uint8_t *data, size_t size, unsigned way)
{
    const struct lm_clean_options options = {.repair = (enum lm_repair)(way % 3),
                                             .nfc = true,
                                             .strip_trailing_space = (way & 4) != 0,
                                             .trim = (way & 8) != 0,
                                             .max_blank_lines = (way & 16) != 0 ? 1 : -1};
    struct lm_clean_counts counts = {0};
    struct lm_buf text;
    bool is_rejected = false;
    lm_buf_init(&text, 0);
    demand(lm_clean(&text, data, size, &options, &counts, &is_rejected, NULL) == LM_OK);
    if (!is_rejected) {
        demand_text(&text);
        demand_same(&text, &options);
    }
    if (!is_rejected && text.size > 0)
        change(&text);
    lm_buf_release(&text);
}

static void cut(uint8_t *text, size_t size, unsigned way)
{
    int64_t marks = 0, newlines = 0;
    const uint8_t *piece;
    size_t piece_size;
    size = lm_newlines_normalise(text, size, &marks, &newlines);
    if (way % 8 == LM_BY_JSONL)
        size = way & 32 ? lm_markdown_strip(text, size, way & 64) : lm_rst_strip(text, size, true);
    struct lm_documents documents = {.text = text,
                                     .size = size,
                                     .by = (enum lm_documents_by)(way % LM_BY_JSONL),
                                     .separator = "\n%\n"};
    while (lm_documents_next(&documents, &piece, &piece_size)) {
        demand(piece_size > 0 && piece >= text && piece + piece_size <= text + size);
        clean(piece, piece_size, way);
    }
}

static void convert(const uint8_t *data, size_t size)
{
    struct lm_buf out;
    size_t bad = 0;
    const struct lm_file_kind kind = lm_file_kind(data, size);
    const char *name = lm_encoding_detect(data, size);
    lm_buf_init(&out, 0);
    (void)lm_utf8_census(data, size);
    (void)lm_encoding_guess(data, size);
    if (kind.class == LM_FILE_UTF16)
        demand(lm_utf_decode(&out, &kind.utf, data, size, &bad, NULL) == LM_OK);
    else if (name != NULL)
        (void)lm_encoding_convert(&out, name, data, size, &bad, NULL);
    if (bad == 0) /* the byte FF stands for one that is wrong */
        demand_text(&out);
    lm_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    uint8_t *text = malloc(size - 1);
    if (text == NULL)
        return 0;
    memcpy(text, data + 1, size - 1);
    convert(text, size - 1);
    cut(text, size - 1, data[0]);
    free(text);
    return 0;
}
