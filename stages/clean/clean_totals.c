#include "clean_totals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

enum lm_status clean_totals_init(struct clean_totals *out, struct lm_arena *arena,
                                 const struct lm_rule *rules, size_t count, struct lm_err *err)
{
    static const char *const reasons[CLEAN_RULES] = {
        [CLEAN_INVALID] = "invalid",       [CLEAN_EMPTY] = "empty",
        [CLEAN_DUPLICATE] = "duplicate",   [CLEAN_ALIKE] = "duplicate_words",
        [CLEAN_MISSING] = "missing",       [CLEAN_LINELESS] = "no_line_left",
        [CLEAN_LANGUAGE] = "language",     [CLEAN_NEAR] = "near_duplicate",
        [CLEAN_CLASSIFIED] = "classifier", [CLEAN_REPEATED] = "repeated",
        [CLEAN_LEAKED] = "contaminated"};

    *out = (struct clean_totals){.drop_count = CLEAN_RULES + count};
    out->drops = LM_NEW_ARRAY(arena, struct clean_drop, out->drop_count);
    if (out->drops == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu rules; free some", count);
    for (size_t i = 0; i < CLEAN_RULES; i++)
        out->drops[i].name = reasons[i];
    for (size_t i = 0; i < count; i++) {
        out->drops[CLEAN_RULES + i].name = rules[i].kind->name;
        out->drops[CLEAN_RULES + i].rule = &rules[i];
    }
    return LM_OK;
}

void clean_flow_add(struct clean_flow *flow, size_t size, const struct lm_text_measure *measure)
{
    flow->documents++;
    flow->bytes += (int64_t)size;
    flow->chars += measure != NULL ? measure->chars : 0;
    flow->words += measure != NULL ? measure->words : 0;
}

void clean_flow_sum(struct clean_flow *a, const struct clean_flow *b)
{
    a->documents += b->documents;
    a->bytes += b->bytes;
    a->chars += b->chars;
    a->words += b->words;
}

void clean_flow_less(struct clean_flow *a, const struct clean_flow *b)
{
    a->documents -= b->documents;
    a->bytes -= b->bytes;
    a->chars -= b->chars;
    a->words -= b->words;
}

void clean_drop_show(struct clean_drop *drop, const struct lm_digest *key, const void *text,
                     size_t size)
{
    size_t place = 0, length = size < CLEAN_EXAMPLE_BYTES ? size : CLEAN_EXAMPLE_BYTES;
    int order = 1;
    while (place < drop->example_count &&
           (order = lm_digest_compare(&drop->examples[place].key, key)) < 0)
        place++;
    if (place == CLEAN_EXAMPLES || (place < drop->example_count && order == 0))
        return;
    drop->example_count += drop->example_count < CLEAN_EXAMPLES;
    memmove(&drop->examples[place + 1], &drop->examples[place],
            (drop->example_count - 1 - place) * sizeof drop->examples[0]);
    struct clean_example *example = &drop->examples[place];
    const uint8_t *bytes = text;
    while (length < size && length > 0 && (bytes[length] & 0xC0) == 0x80)
        length--;
    *example = (struct clean_example){.key = *key, .size = length};
    if (length > 0)
        memcpy(example->text, text, length);
}

void clean_totals_drop(struct clean_totals *totals, size_t reason, const uint8_t *text, size_t size,
                       const struct lm_text_measure *measure, const struct lm_digest *key)
{
    struct clean_drop *drop = &totals->drops[reason];
    struct lm_digest own;
    if (key == NULL)
        lm_sha256_bytes(&own, text, size);
    clean_drop_show(drop, key != NULL ? key : &own, text, size);
    clean_flow_add(&drop->gone, size, measure);
}

static void add_lines(struct clean_drop *drop, const struct lm_line_tally *tally)
{
    struct lm_digest key = {{0}};
    if (tally->lines == 0)
        return;
    for (size_t i = 0; i < sizeof tally->key; i++) /* the order of numbers is that of bytes */
        key.bytes[i] = (uint8_t)(tally->key >> (56 - 8 * i));
    clean_drop_show(drop, &key, tally->example, tally->example_size);
    drop->lines += tally->lines;
    drop->gone.bytes += tally->bytes;
    drop->gone.chars += tally->chars;
    drop->gone.words += tally->words;
}

void clean_totals_lines(struct clean_totals *totals, const struct lm_ruleset *rules,
                        const struct lm_line_tally *tallies, const struct lm_rule_outcome *outcome)
{
    for (size_t k = 0; tallies != NULL && k < LM_C4_RULES; k++)
        if (rules->lines[k] != SIZE_MAX)
            add_lines(&totals->drops[CLEAN_RULES + rules->lines[k]], &tallies[k]);
    for (size_t i = 0; outcome->unfit != 0 && i < rules->count; i++)
        totals->drops[CLEAN_RULES + i].unfit += (int64_t)(outcome->unfit >> i & 1);
}

const char *clean_totals_language(struct clean_totals *totals, const char *code, size_t size,
                                  bool is_kept)
{
    size_t i = 0;
    while (i < totals->language_count && strcmp(totals->languages[i].code, code) != 0)
        i++;
    if (i == CLEAN_LANGUAGES)
        return "";
    struct clean_spoken *row = &totals->languages[i];
    if (i == totals->language_count) { /* else the code may be the row's own */
        totals->language_count++;
        snprintf(row->code, sizeof row->code, "%s", code);
    }
    row->kept += is_kept;
    row->documents += !is_kept;
    row->bytes += is_kept ? 0 : (int64_t)size;
    return row->code;
}

enum lm_status clean_totals_shared(struct clean_totals *totals, uint32_t first, uint32_t again,
                                   struct lm_err *err)
{
    size_t low = 0, high = totals->overlap_count;
    const uint64_t wanted = (uint64_t)first << 32 | again;
    if (first == again)
        return LM_OK;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct clean_overlap *row = &totals->overlaps[middle];
        if (((uint64_t)row->first << 32 | row->again) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    struct clean_overlap *row = low < totals->overlap_count ? &totals->overlaps[low] : NULL;
    if (row != NULL && row->first == first && row->again == again) {
        row->documents++;
        return LM_OK;
    }
    row = lm_grow(totals->overlaps, &totals->overlap_capacity, totals->overlap_count, sizeof *row);
    if (row == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for more than %zu overlaps; free some",
                       totals->overlap_count);
    totals->overlaps = row;
    row = &totals->overlaps[low];
    memmove(row + 1, row, (totals->overlap_count++ - low) * sizeof *row);
    *row = (struct clean_overlap){first, again, 1};
    return LM_OK;
}

void clean_totals_release(struct clean_totals *totals)
{
    free(totals->overlaps);
    totals->overlaps = NULL;
    clean_sizes_release(&totals->sizes);
}

enum lm_status clean_totals_keep(struct clean_totals *totals, const struct lm_text_measure *measure,
                                 size_t size, struct lm_err *err)
{
    LM_TRY(clean_sizes_add(&totals->sizes, (int64_t)size, err));
    lm_text_measure_add(&totals->kept, measure);
    totals->documents++;
    totals->bytes += (int64_t)size;
    return LM_OK;
}
