/** The report for machines and CI: Markdown, JSON, JUnit. Pure functions of the inputs. */
#ifndef LM_REPORT_FILES_H
#define LM_REPORT_FILES_H

#include "base/buf.h"

#include "report_input.h"

enum { REPORT_MARKDOWN_MAX = 60000 }; /**< a comment on a pull request holds 64 KB */

/** Markdown without images, at most REPORT_MARKDOWN_MAX bytes: what does not fit is left out whole.
 */
void report_markdown_write(struct lm_buf *out, const struct report *report);
/** Its part about cleaning: a table of what took documents or lines; nothing where none did. */
void report_markdown_card(struct lm_buf *out, const struct report *report);
/** Everything the page shows as numbers. */
void report_json_write(struct lm_buf *out, const struct report *report);
/** Gates as test cases; an undecided gate is an error, a failed one a failure. */
void report_junit_write(struct lm_buf *out, const struct report *report);

#endif
