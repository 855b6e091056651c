/** A comparison as a page and as files: each a pure function of it. */
#ifndef LM_COMPARE_COMPARE_PAGE_H
#define LM_COMPARE_COMPARE_PAGE_H

#include "base/buf.h"
#include "page/numtext.h"

#include "compare/comparison.h"

/** The page: self-contained, no script. */
void lm_compare_page_write(struct lm_buf *out, const struct lm_comparison *comparison);
/** Markdown for a pull request: the summary, the table (at most 30 runs), the differences. */
void lm_compare_markdown_write(struct lm_buf *out, const struct lm_comparison *comparison);
/** The same in plain text, for a terminal: names as they are. */
void lm_compare_text_write(struct lm_buf *out, const struct lm_comparison *comparison);
/** A line a run, RFC 4180 with a header; numbers as shortest decimals, nothing where there is none.
 */
void lm_compare_csv_write(struct lm_buf *out, const struct lm_comparison *comparison);
/** Every number of the page (docs/formats/compare.md). */
void lm_compare_json_write(struct lm_buf *out, const struct lm_comparison *comparison);

/* Sections (compare_page_*.c), each written only when its has_… says so. */
bool lm_compare_has_runs(const struct lm_comparison *comparison);
void lm_compare_page_runs(struct lm_buf *out, const struct lm_comparison *comparison);
bool lm_compare_has_left_out(const struct lm_comparison *comparison);
void lm_compare_page_left_out(struct lm_buf *out, const struct lm_comparison *comparison);
bool lm_compare_has_parallel(const struct lm_comparison *comparison);
void lm_compare_page_parallel(struct lm_buf *out, const struct lm_comparison *comparison);
bool lm_compare_has_axes(const struct lm_comparison *comparison);
void lm_compare_page_axes(struct lm_buf *out, const struct lm_comparison *comparison);
bool lm_compare_has_groups(const struct lm_comparison *comparison);
void lm_compare_page_groups(struct lm_buf *out, const struct lm_comparison *comparison);
bool lm_compare_has_differences(const struct lm_comparison *comparison);
void lm_compare_page_differences(struct lm_buf *out, const struct lm_comparison *comparison);
bool lm_compare_has_curves(const struct lm_comparison *comparison);
void lm_compare_page_curves(struct lm_buf *out, const struct lm_comparison *comparison);
bool lm_compare_has_cost(const struct lm_comparison *comparison);
void lm_compare_page_cost(struct lm_buf *out, const struct lm_comparison *comparison);
bool lm_compare_has_method(const struct lm_comparison *comparison);
void lm_compare_page_method(struct lm_buf *out, const struct lm_comparison *comparison);

/* What the sections share. */

/** A metric's value as people read it; "–" where there is none. */
struct lm_num lm_compare_value(double value);
/** A difference, with its sign. */
struct lm_num lm_compare_signed(double value);
/** Lowest and highest place worth drawing on an axis of the metric: all ranked runs, but for the
 *  far end of bad ones, which would flatten the rest. */
void lm_compare_range(const struct lm_comparison *comparison, double *low, double *high);
/** The confidence of differences and repeats, "95 %"; a page may have another than the scores. */
struct lm_num lm_compare_confidence(const struct lm_comparison *comparison);
/** "documents", "examples". */
const char *lm_compare_items_word(const struct lm_comparison *comparison);
/** Class of a verdict's word in the style sheet. */
const char *lm_compare_verdict_class(enum lm_compare_verdict verdict);

#endif
