/** Lines that were broken at a width, joined again. */
#ifndef LM_TEXT_UNWRAP_H
#define LM_TEXT_UNWRAP_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

/**
 * Joins the lines of paragraphs in place where they were broken because the next word did not fit
 * into the text's width, which is its longest line but for one in two hundred. A text most of whose
 * breaks are of other reasons (verse, lists, code, a paragraph a line) stays as it is; so do lines
 * that are indented, or begin an item of a list or a heading's mark. No space is put behind a
 * hyphen or dash, nor between letters of scripts written without. *joined counts. LM_NOMEM.
 */
enum lm_status lm_unwrap(struct lm_buf *text, int64_t *joined, struct lm_err *err);

#endif
