/**
 * Text from a corpus, a model, a log or a file name, made harmless for a terminal and a CI log:
 * control characters (but newline and tab), bidirectional controls, line separators and ill-formed
 * UTF-8 become \xNN or \uNNNN; "::" that begins a line and "##[" become \x3a: and #\x23[, so that
 * no CI reads a command.
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
    bool line_begun; /**< something other than blanks stands on the line */
    bool one_line;   /**< newlines and tabs are escaped too */
};

void lm_safe_init(struct lm_safe *safe, FILE *out);
void lm_safe_write(struct lm_safe *safe, const void *data, size_t size);
/** Writes what was held back; the writer may be used again. */
void lm_safe_finish(struct lm_safe *safe);
/** A whole text, newlines and tabs kept. */
void lm_safe_print(FILE *out, const char *text);

/** A JSON text, in whose strings what is not harmless stands as \uNNNN: the same values. */
void lm_safe_json(FILE *out, const char *json, size_t size);

/** What others print, gathered and then printed harmlessly. */
struct lm_safe_page {
    FILE *file; /**< print here */
    char *text;
    size_t size;
};

/** False when memory is out. */
bool lm_safe_page_open(struct lm_safe_page *page);
/** Prints what was gathered to `out` and frees it. */
void lm_safe_page_close(struct lm_safe_page *page, FILE *out);
/** A whole text on one line, in the arena: newlines and tabs are escaped too. Returns "" when
 *  memory is out. */
const char *lm_safe_line(struct lm_arena *arena, const char *text);

#endif
