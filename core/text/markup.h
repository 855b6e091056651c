/** Text with light markup, Markdown (CommonMark) and reStructuredText: what is no text goes, what
 * is marked up stays as it is written. Newlines must have been made LF first. */
#ifndef LM_TEXT_MARKUP_H
#define LM_TEXT_MARKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Drops front matter (lines between --- or +++ at the start), comments (<!-- -->, outside of code)
 *  and, when `drops_code`, fenced code; in place. Returns the new size. */
size_t lm_markdown_strip(uint8_t *text, size_t size, bool drops_code);
/** Drops comments (".. " that is no directive, target, note or substitution, with what is indented
 *  below) and, when `drops_code`, code directives, literal blocks and doctests; in place. Returns
 *  the new size. */
size_t lm_rst_strip(uint8_t *text, size_t size, bool drops_code);

#endif
