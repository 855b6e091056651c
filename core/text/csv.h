/** Tables as text: records of fields cut by commas, semicolons or tabs (RFC 4180). Newlines must
 *  have been made LF first. */
#ifndef LM_TEXT_CSV_H
#define LM_TEXT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A table that is gone through; plain value, by lm_csv_open. */
struct lm_csv {
    const uint8_t *text;
    size_t size, at;
    uint8_t delimiter;
    bool is_quoted;    /**< quotes have a meaning; without, a record is a line */
    size_t fields;     /**< of the first record; all others must have as many. 0: not known yet */
    const char *wrong; /**< what is wrong with the record that begins at `at` */
    size_t wrong_at;   /**< where that shows */
};

/**
 * Starts at the first record. With tabs, quotes have a meaning only when all records can be read
 * so, each with as many fields as the first: tables in which a quote is a character like any other
 * are common. Without, the delimiter is what stands oftenest in the first record outside of quotes,
 * comma, semicolon, tab or bar; a line "sep=;" at the start says it.
 */
void lm_csv_open(struct lm_csv *out, const uint8_t *text, size_t size, bool is_tsv);
/** The next record that is no blank line, text[*at..*at + *size); *is_end after the last. False:
 *  see `wrong`. */
bool lm_csv_next(struct lm_csv *csv, size_t *at, size_t *size, bool *is_end);
/** The fields one after the other, unquoted in place; *at is 0 for the first. False behind the
 * last.
 */
bool lm_csv_take(const struct lm_csv *csv, uint8_t *record, size_t record_size, size_t *at,
                 const uint8_t **text, size_t *size);

#endif
