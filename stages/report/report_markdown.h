/** What blocks of the Markdown are made of (report_markdown.c). */
#ifndef LM_REPORT_MARKDOWN_H
#define LM_REPORT_MARKDOWN_H

#include "base/buf.h"

#include "report_text.h"

/** A text, ours or foreign, cut between characters when it is long. */
void report_markdown_text(struct lm_buf *out, const char *text);
/** The head of a table: a column a phrase, those from `numbers` on to the right. */
void report_markdown_head(struct lm_buf *out, const struct report *report,
                          const enum report_text *heads, size_t count, size_t numbers);

#endif
