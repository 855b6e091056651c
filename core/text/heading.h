/** Lines that begin a section, in Markdown, reStructuredText and books. */
#ifndef LM_TEXT_HEADING_H
#define LM_TEXT_HEADING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The bytes of the heading that text[0..size), which begins a line, begins with, up to the end of
 * its last line; 0 when it is none. Headings are: one to six "#" and a space; a line that a line of
 * one punctuation mark (= - ~ ^ " ' ` * + # : . _), three or more of them, stands under, and
 * possibly above, at least as long as half the line; "CHAPTER IV", "Book 2. The …" and the like in
 * English, 第…回 (章 卷 节 節 部 篇) in Chinese, alone between blank lines. All but the first need
 * a blank line before them, or the start of the text.
 */
size_t lm_heading_size(const uint8_t *text, size_t size, bool is_after_blank);

#endif
