/**
 * Items as their authors published them: files of JSON lines, CSV (RFC 4180: quotes, line ends
 * inside them), TSV (IANA text/tab-separated-values: no quotes), lines, or one text; read row by
 * row, all bytes checked to be UTF-8. A byte order mark is passed over; lines may end in CR LF.
 */
#ifndef LM_TASK_ROW_H
#define LM_TASK_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "base/json.h"

/** Bytes; NUL-terminated where they were made here. */
struct lm_text {
    const char *data;
    size_t size;
};

enum lm_row_format {
    LM_ROWS_JSONL,
    LM_ROWS_CSV,
    LM_ROWS_TSV,
    LM_ROWS_LINES,
    LM_ROWS_TEXT,
    LM_ROWS_AUTO
};

/** "jsonl", "csv", "tsv", "lines", "text", NULL. */
extern const char *const lm_row_formats[];

/** A row: of JSON lines its object, else its fields by name. */
struct lm_row {
    const struct lm_json *object; /**< NULL: a table's row */
    const char *const *names;     /**< (count) */
    const struct lm_text *values; /**< (count) */
    size_t count;
    uint64_t line; /**< where it begins, from 1 */
    const char *file;
};

/** What a field holds. */
struct lm_row_value {
    enum lm_row_kind { LM_VALUE_NONE, LM_VALUE_TEXT, LM_VALUE_LIST, LM_VALUE_OTHER } kind;

    struct lm_text text;        /**< numbers as JSON writes them, true and false as words */
    const struct lm_json *list; /**< LM_VALUE_LIST */
};

/** The field `name` of a row; in JSON "a.b" is the field b of a, "a.0" the first element of the
 * list a, unless a field has that very name. A number's text goes to the arena. null is no value.
 * "_file" is the name of the row's file, unless it has such a field. */
enum lm_status lm_row_get(struct lm_row_value *out, struct lm_arena *arena,
                          const struct lm_row *row, const char *name, struct lm_err *err);
/** A JSON value as a field's value, likewise. */
enum lm_status lm_row_value_of(struct lm_row_value *out, struct lm_arena *arena,
                               const struct lm_json *json, struct lm_err *err);
/** Names of the row's fields for "did you mean": an array in the arena, its length to *count. */
enum lm_status lm_row_names(const char *const **out, size_t *count, struct lm_arena *arena,
                            const struct lm_row *row, struct lm_err *err);

/** Takes one row; what it is given lives until it returns. */
typedef enum lm_status lm_row_fn(void *user, const struct lm_row *row, struct lm_err *err);

/** What a file of rows is. */
struct lm_row_source {
    const char *file; /**< for messages, and to tell the format from its ending */
    const char *data; /**< its bytes; borrowed */
    size_t size;
    enum lm_row_format format; /**< LM_ROWS_AUTO: by the ending, else by the first byte */
    const char *const
        *columns; /**< names of a headerless table's columns; NULL: a header is there */
    size_t column_count;
};

/** Calls `take` for every row. LM_FORMAT "file:line: …": not in this format, a field too many or
 * too few, a name twice; LM_INVALID: the format cannot be told; LM_NOMEM; what `take` returns, with
 *  the row's place in front. */
enum lm_status lm_rows_read(const struct lm_row_source *source, struct lm_arena *arena,
                            lm_row_fn *take, void *user, struct lm_err *err);

#endif
