/** Records in JSON: cutting a file into them, and the text that one holds at a path. */
#ifndef LM_TEXT_JSON_FIELD_H
#define LM_TEXT_JSON_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/json_text.h"

/**
 * Cutting in progress: JSON lines, values one after the other in any layout, or the elements of
 * arrays. Set walk.text and walk.size.
 */
struct lm_json_records {
    struct lm_json_walk walk;
    bool is_in_array, is_past_first;
};

/** The next record, text[*at..*at + *size) of walk; *is_end after the last. A line that begins with
 *  a brace and ends with one is a record and is not looked into, so that another thread may. False:
 *  walk.wrong at walk.at. */
bool lm_json_records_next(struct lm_json_records *records, size_t *at, size_t *size, bool *is_end);

/** What a record holds at a path. */
struct lm_json_field {
    const uint8_t *text; /**< NULL when there is none: no such member, or null */
    size_t size;
    size_t halves;     /**< of surrogate pairs, that became U+FFFD */
    size_t at;         /**< of what is wrong, in the record */
    const char *wrong; /**< "is a number", "no colon follows a member's name"; else NULL */
    bool is_of_type;   /**< what is wrong is the field's type, not the JSON */
};

/**
 * The text at `path`, "a.b" for member b of member a; a member whose whole name is "a.b" is found,
 * too. Lists on the way are gone through, and their texts joined by newlines. A record that is a
 * string is the text itself. The record's own bytes are overwritten: the text lies in them. Of two
 * members of one name, that are on the path, the second is wrong.
 */
void lm_json_field_take(struct lm_json_field *out, uint8_t *record, size_t size, const char *path);

/** Writes the first value at `path` to `writer`: texts, numbers, true and false, lists of texts as
 *  the text that lm_json_field_take would find; null when there is none or it is something else.
 * The record stays. */
void lm_json_field_put(struct lm_json_writer *writer, const uint8_t *record, size_t size,
                       const char *path);

/** Appends the first value at `path`, as lm_json_field_put writes it, but unescaped and without
 *  quotes; returns its kind (struct lm_json_span), 0 when there is none or it is something else.
 * The record stays. */
char lm_json_field_copy(struct lm_buf *out, const uint8_t *record, size_t size, const char *path);

/** The names of a record's members, at most `size` - 1 bytes: "id, text, url"; "" for others than
 *  objects. */
void lm_json_field_names(char *out, size_t size, const uint8_t *record, size_t record_size);

#endif
