/** Lines that were broken at a width, joined again. */
#ifndef LM_TEXT_UNWRAP_H
#define LM_TEXT_UNWRAP_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

/**
 * Joins the lines of paragraphs in place where they were broken because the next word did not fit
 * into the text's width. A paragraph is lines that begin at the margin, but for the first, or where
 * the text of an item of a list does. It tells of a width when a greedy filler would have broken it
 * just so. Where a third of the paragraphs of three lines and more do, the narrowest of their
 * widths counts, but for one in twenty: texts of several hands have several. Else, as where no
 * blank lines cut paragraphs, it is the longest line but for one in two hundred, when most breaks
 * are of it. A text of which neither holds (verse, lists, code, a paragraph a line) stays as it is;
 * so does one most of whose broken lines begin with a capital, and so do headings, rows of tables,
 * fields and code that is indented. No space is put behind a hyphen or dash, nor between letters of
 * scripts written without. *joined counts. LM_NOMEM.
 */
enum lm_status lm_unwrap(struct lm_buf *text, int64_t *joined, struct lm_err *err);

#endif
