/** What a run of `clean` counts on its way; the data card is made of it. */
#ifndef LM_STAGES_CLEAN_TOTALS_H
#define LM_STAGES_CLEAN_TOTALS_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "clean_transform.h"
#include "text/clean_text.h"
#include "text/rule_passes.h"
#include "text/text_measure.h"
#include "web/warc.h"

enum { CLEAN_EXAMPLES = 3, CLEAN_EXAMPLE_BYTES = 160 };

/** Why documents went: invalid UTF-8, nothing left, a text met before, a record without text, a
 *  rule. */
struct clean_drop {
    const char *name;
    const struct lm_rule *rule; /**< NULL for reasons that are no rule */
    int64_t documents, bytes;
    int64_t lines; /**< of a rule of lines; `bytes` are theirs then */
    int64_t unfit; /**< documents that the rule, being for English, was not asked about */
    const char *examples[CLEAN_EXAMPLES]; /**< starts of the first of them */
};

enum clean_reason { CLEAN_INVALID, CLEAN_EMPTY, CLEAN_DUPLICATE, CLEAN_MISSING, CLEAN_RULES };

struct clean_totals {
    struct lm_clean_counts repairs;
    struct clean_transform transform; /**< what was asked for */
    struct clean_transform_counts transformed;
    int64_t marks, newlines;              /**< of files */
    int64_t converted;                    /**< files in another encoding */
    int64_t replaced_bytes;               /**< that became U+FFFD, as they came */
    int64_t loud_files;                   /**< files with more of them than is fine */
    int64_t archived[LM_WARC_TYPE_COUNT]; /**< records of web archives */
    int64_t dropped_paragraphs, dropped_lines, dropped_parts; /**< met before; bytes of both */
    int64_t documents_in;                                     /**< as cut */
    int64_t documents, bytes;                                 /**< kept */
    struct lm_text_measure kept;                              /**< of what is kept */
    struct clean_drop *drops; /**< by enum clean_reason, then a row a rule */
    size_t drop_count;
    int64_t *sizes; /**< bytes of each kept document; grows by doubling in the arena */
    size_t size_capacity;
};

/** Rows for `count` rules. LM_NOMEM. */
enum lm_status clean_totals_init(struct clean_totals *out, struct lm_arena *arena,
                                 const struct lm_rule *rules, size_t count, struct lm_err *err);
/** Counts a dropped document and keeps its start as an example. LM_NOMEM. */
enum lm_status clean_totals_drop(struct clean_totals *totals, struct lm_arena *arena, size_t reason,
                                 const uint8_t *text, size_t size, struct lm_err *err);
/** Counts what rules did to lines of a document (tallies NULL: nothing), and which were not asked.
 */
void clean_totals_lines(struct clean_totals *totals, const struct lm_ruleset *rules,
                        const struct lm_line_tally *tallies, const struct lm_rule_outcome *outcome);
/** Counts a kept document. LM_NOMEM. */
enum lm_status clean_totals_keep(struct clean_totals *totals, struct lm_arena *arena,
                                 const struct lm_text_measure *measure, size_t size,
                                 struct lm_err *err);

#endif
