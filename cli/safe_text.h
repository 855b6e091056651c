/**
 * Text from a corpus, a model, a log or a file name, made harmless for a terminal and a CI log:
 * control characters (but newline and tab) and ill-formed UTF-8 become \xNN, bidirectional
 * controls, line separators, tag characters and other hidden ones \uNNNN as in JSON, whose strings
 * keep their meaning; "::" that begins a line and "##[" become \u003a: and \u0023#[, the bracket of
 * "##vso[" \u005b, so that no CI reads a command. What is harmless stays as it is. Everything
 * printed through lm_stream.file passes here.
 */
#ifndef LM_CLI_SAFE_TEXT_H
#define LM_CLI_SAFE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <lmpipe/arena.h>

/** A writer that may be fed in pieces that cut characters. */
struct lm_safe {
    FILE *out;
    unsigned char held[8]; /**< bytes that wait for what follows them */
    size_t held_count;
    unsigned hashes; /**< 2: "##" or more, then letters alone, stand before */
    bool line_begun; /**< something other than white space stands on the line */
    bool one_line;   /**< newlines and tabs are escaped too */
};

void lm_safe_init(struct lm_safe *safe, FILE *out);
void lm_safe_write(struct lm_safe *safe, const void *data, size_t size);
/** Writes what was held back; the writer may be used again. */
void lm_safe_finish(struct lm_safe *safe);
/** A whole text on one line, in the arena: newlines and tabs are escaped too. Returns "" when
 *  memory is out. */
const char *lm_safe_line(struct lm_arena *arena, const char *text);

#endif
