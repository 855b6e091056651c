/** JSON text without a tree: escapes, and a walk over values where they lie (RFC 8259). */
#ifndef LM_BASE_JSON_TEXT_H
#define LM_BASE_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Values may lie this many containers deep. */
#define LM_JSON_DEEPEST 512

/** One escape at text[0] == '\\': its UTF-8 goes to out[0..*out_size). Returns the bytes it took; 0
 *  when it is none, or half of a surrogate pair. */
size_t lm_json_unescape(uint8_t out[4], size_t *out_size, const char *text, size_t size);

/** The quote that ends the string whose inside begins at `at`; NULL when there is none before
 * `end`.
 */
const char *lm_json_text_end(const char *at, const char *end);

/** A walk; set text and size. After a failure `wrong` says what is wrong at `at`. */
struct lm_json_walk {
    const char *text;
    size_t size, at;
    const char *wrong;
};

/** A value where it lies: the inside of a string, the whole text of all others. */
struct lm_json_span {
    char kind;        /**< '"', '{', '[', '0' for numbers, 't' for true and false, 'n' for null */
    bool has_escapes; /**< of a string */
    size_t at, size;
};

/** Passes white space. */
void lm_json_walk_space(struct lm_json_walk *walk);
/** The byte that comes after white space, which is passed; '\0' at the end. */
char lm_json_walk_peek(struct lm_json_walk *walk);
/** Passes white space and a whole value. Brackets, commas, colons, words and depth are held to the
 *  grammar; NaN and Infinity count as numbers, as Python writes them; the inside of strings is not
 *  looked at. *out may be NULL. False: see `wrong`. */
bool lm_json_walk_value(struct lm_json_walk *walk, struct lm_json_span *out);
/** Within a container, at its bracket ('{', '[') or behind one of its values: passes on to the next
 *  member's key (an object; *key is set, the value follows) or the next element (an array; key is
 *  NULL). *is_end: the closing bracket was passed. `is_first`: at the opening bracket. False: see
 *  `wrong`. */
bool lm_json_walk_next(struct lm_json_walk *walk, bool is_first, struct lm_json_span *key,
                       bool *is_end);
/** Unescapes text[0..size) to `to`, which may be `text` or lie before it (it never grows); half a
 *  surrogate pair becomes U+FFFD and is counted in *halves. Returns the new size; SIZE_MAX when an
 *  escape is none, at *bad. */
size_t lm_json_unescape_all(char *to, const char *text, size_t size, size_t *halves, size_t *bad);

#endif
