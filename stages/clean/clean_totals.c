#include "clean_totals.h"

#include <string.h>

enum lm_status clean_totals_init(struct clean_totals *out, struct lm_arena *arena,
                                 const struct lm_rule *rules, size_t count, struct lm_err *err)
{
    *out = (struct clean_totals){.drop_count = CLEAN_RULES + count};
    out->drops = LM_NEW_ARRAY(arena, struct clean_drop, out->drop_count);
    if (out->drops == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu rules; free some", count);
    out->drops[CLEAN_INVALID].name = "invalid";
    out->drops[CLEAN_EMPTY].name = "empty";
    out->drops[CLEAN_DUPLICATE].name = "duplicate";
    out->drops[CLEAN_MISSING].name = "missing";
    for (size_t i = 0; i < count; i++) {
        out->drops[CLEAN_RULES + i].name = rules[i].kind->name;
        out->drops[CLEAN_RULES + i].rule = &rules[i];
    }
    return LM_OK;
}

enum lm_status clean_totals_drop(struct clean_totals *totals, struct lm_arena *arena, size_t reason,
                                 const uint8_t *text, size_t size, struct lm_err *err)
{
    struct clean_drop *drop = &totals->drops[reason];
    if (drop->documents < CLEAN_EXAMPLES) {
        size_t length = size < CLEAN_EXAMPLE_BYTES ? size : CLEAN_EXAMPLE_BYTES;
        while (length < size && length > 0 && (text[length] & 0xC0) == 0x80)
            length--;
        char *example = lm_arena_strndup(arena, (const char *)text, length);
        if (example == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for examples; free some");
        drop->examples[drop->documents] = example;
    }
    drop->documents++;
    drop->bytes += (int64_t)size;
    return LM_OK;
}

void clean_totals_lines(struct clean_totals *totals, const struct lm_ruleset *rules,
                        const struct lm_line_tally *tallies, const struct lm_rule_outcome *outcome)
{
    for (size_t k = 0; tallies != NULL && k < LM_C4_RULES; k++) {
        if (rules->lines[k] == SIZE_MAX)
            continue;
        struct clean_drop *drop = &totals->drops[CLEAN_RULES + rules->lines[k]];
        drop->lines += tallies[k].lines;
        drop->bytes += tallies[k].bytes;
    }
    for (size_t i = 0; outcome->unfit != 0 && i < rules->count; i++)
        totals->drops[CLEAN_RULES + i].unfit += (int64_t)(outcome->unfit >> i & 1);
}

static bool keep_size(struct clean_totals *totals, struct lm_arena *arena, int64_t size)
{
    if ((size_t)totals->documents == totals->size_capacity) {
        size_t capacity = totals->size_capacity ? totals->size_capacity * 2 : 1024;
        int64_t *sizes = LM_NEW_ARRAY(arena, int64_t, capacity);
        if (sizes == NULL)
            return false;
        if (totals->documents > 0)
            memcpy(sizes, totals->sizes, (size_t)totals->documents * sizeof *sizes);
        totals->sizes = sizes;
        totals->size_capacity = capacity;
    }
    totals->sizes[totals->documents] = size;
    return true;
}

enum lm_status clean_totals_keep(struct clean_totals *totals, struct lm_arena *arena,
                                 const struct lm_text_measure *measure, size_t size,
                                 struct lm_err *err)
{
    if (!keep_size(totals, arena, (int64_t)size))
        return lm_fail(err, LM_NOMEM, "no memory for sizes of documents; free some");
    lm_text_measure_add(&totals->kept, measure);
    totals->documents++;
    totals->bytes += (int64_t)size;
    return LM_OK;
}
