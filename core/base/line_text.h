/** Texts that may hold line breaks, such as paths, in files of lines. */
#ifndef LM_BASE_LINE_TEXT_H
#define LM_BASE_LINE_TEXT_H

#include "base/buf.h"

/** Appends a text on one line: a line break as %0a, a percent sign as %25. */
void lm_line_escape(struct lm_buf *out, const char *text);
/** The text again, in its place. */
void lm_line_unescape(char *text);

#endif
