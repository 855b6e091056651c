/** What a run of `clean` counts on its way; the data card is made of it. */
#ifndef LM_STAGES_CLEAN_TOTALS_H
#define LM_STAGES_CLEAN_TOTALS_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/status.h>

#include "clean_sizes.h"
#include "clean_transform.h"
#include "text/clean_text.h"
#include "text/documents.h"
#include "text/rule_passes.h"
#include "text/text_measure.h"
#include "web/warc.h"

enum { CLEAN_EXAMPLES = 3, CLEAN_EXAMPLE_BYTES = 160 };

/** Documents, and what is in them. */
struct clean_flow {
    int64_t documents, bytes, chars, words;
};

/** A dropped text: those of the smallest keys are shown, so that no order decides which. */
struct clean_example {
    struct lm_digest key;
    char text[CLEAN_EXAMPLE_BYTES]; /**< its start, whole characters */
    size_t size;
};

/** Why texts went: a reason that is no rule, or a rule. */
struct clean_drop {
    const char *name;
    const struct lm_rule *rule;            /**< NULL for reasons that are no rule */
    const struct clean_language *language; /**< of CLEAN_LANGUAGE; NULL: not asked */
    const struct clean_near_params *near;  /**< of CLEAN_NEAR; NULL: not asked */
    struct clean_flow gone;                /**< of a rule of lines, what is in these */
    int64_t lines;                         /**< of a rule of lines */
    int64_t unfit; /**< documents that the rule, being for English, was not asked about */
    struct clean_example examples[CLEAN_EXAMPLES]; /**< smallest keys first */
    size_t example_count;
};

/** Invalid UTF-8; nothing in it; equal bytes, or the same words, met before; a record without text;
 *  nothing left by rules of lines; too little in the languages that are kept; nearly the same as
 *  another; too little like good text; nothing left of it that did not stand before; nothing left
 * without evaluation items; then rules. */
enum clean_reason {
    CLEAN_INVALID,
    CLEAN_EMPTY,
    CLEAN_DUPLICATE,
    CLEAN_ALIKE,
    CLEAN_MISSING,
    CLEAN_LINELESS,
    CLEAN_LANGUAGE,
    CLEAN_NEAR,
    CLEAN_CLASSIFIED,
    CLEAN_REPEATED,
    CLEAN_LEAKED,
    CLEAN_RULES
};

enum { CLEAN_LANGUAGE_CODE = 16 }; /**< bytes of a code, with its NUL */

/** Documents whose most frequent language has this code; "": none was told. */
struct clean_spoken {
    char code[CLEAN_LANGUAGE_CODE];
    int64_t documents, bytes, kept;
};

enum { CLEAN_LANGUAGES = 256 }; /**< more than there are */

/** Documents of source `again` that were met before in source `first`. */
struct clean_overlap {
    uint32_t first, again;
    int64_t documents;
};

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
    struct clean_flow formats[LM_BY_AUTO]; /**< texts that were found, by how files were read */
    struct clean_flow cleaned;             /**< what rules are asked about */
    struct clean_flow cut;       /**< evaluation items; documents less those that pieces became */
    struct clean_flow ruled;     /**< and what they leave */
    struct lm_text_measure kept; /**< of what is kept */
    struct clean_drop *drops;    /**< by enum clean_reason, then a row a rule */
    size_t drop_count;
    struct clean_spoken languages[CLEAN_LANGUAGES]; /**< in the order they came in */
    size_t language_count;
    struct clean_overlap *overlaps; /**< sorted; owned */
    size_t overlap_count, overlap_capacity;
    struct clean_sizes sizes; /**< of kept documents */
};

/** Rows for `count` rules. LM_NOMEM. */
enum lm_status clean_totals_init(struct clean_totals *out, struct lm_arena *arena,
                                 const struct lm_rule *rules, size_t count, struct lm_err *err);
/** Adds a document of `size` bytes; measure NULL: its characters and words are not counted. */
void clean_flow_add(struct clean_flow *flow, size_t size, const struct lm_text_measure *measure);
/** Keeps a text as an example when its key is one of the smallest, each key once. */
void clean_drop_show(struct clean_drop *drop, const struct lm_digest *key, const void *text,
                     size_t size);
/** Adds b to a. */
void clean_flow_sum(struct clean_flow *a, const struct clean_flow *b);
/** Takes b from a. */
void clean_flow_less(struct clean_flow *a, const struct clean_flow *b);
/** Counts a dropped document; its start is an example when its digest is small enough. `key` NULL:
 *  the text's SHA-256; measure NULL: not counted. */
void clean_totals_drop(struct clean_totals *totals, size_t reason, const uint8_t *text, size_t size,
                       const struct lm_text_measure *measure, const struct lm_digest *key);
/** Counts what rules did to lines of a document (tallies NULL: nothing), and which were not asked.
 */
void clean_totals_lines(struct clean_totals *totals, const struct lm_ruleset *rules,
                        const struct lm_line_tally *tallies, const struct lm_rule_outcome *outcome);
/** Counts a document by its language: one that came in, or one that is kept. Returns the code,
 * which stays as long as *totals. */
const char *clean_totals_language(struct clean_totals *totals, const char *code, size_t size,
                                  bool is_kept);
/** Counts a document that another source had before; nothing where it is the same one. LM_NOMEM. */
enum lm_status clean_totals_shared(struct clean_totals *totals, uint32_t first, uint32_t again,
                                   struct lm_err *err);
/** Counts a kept document. LM_NOMEM. */
enum lm_status clean_totals_keep(struct clean_totals *totals, const struct lm_text_measure *measure,
                                 size_t size, struct lm_err *err);
void clean_totals_release(struct clean_totals *totals);

#endif
