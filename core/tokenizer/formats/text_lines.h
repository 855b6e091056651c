/** Text of lines and words: ends of lines of any system, blank lines and spaces at either end
 * passed over, as the programs do that read such files by splitting them. */
#ifndef LM_TOKENIZER_TEXT_LINES_H
#define LM_TOKENIZER_TEXT_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum { LM_WORDS = 3 };

/** Words of a line; `count` stops at LM_WORDS, so that too many are seen. */
struct lm_words {
    const char *at[LM_WORDS];
    size_t size[LM_WORDS], count;
};

struct lm_lines {
    const char *at, *end;
    long number; /**< of the line that was last given, from 1 */
};

/** Before the first line of a text. */
static inline struct lm_lines lm_lines_of(const char *text, size_t size)
{
    return (struct lm_lines){text, text + size, 0};
}

/** The next line with words; false at the end. Words are parted by spaces and tabs. */
bool lm_lines_next(struct lm_lines *lines, struct lm_words *words);

#endif
