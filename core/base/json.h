/**
 * JSON (RFC 8259). Reading: a document tree by Jansson, behind this door; duplicate keys and
 * more than 64 levels are errors; integers stay 64-bit. Writing: into a buffer, in the order
 * given, deterministic bytes (shortest doubles, no spaces but one after ':' and ',' when pretty).
 */
#ifndef LM_BASE_JSON_H
#define LM_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

struct lm_json; /**< a value; children are borrowed from their root */

/** Parses a document; the caller frees the root with lm_json_free. LM_FORMAT: "line L, column C:
 * …". */
enum lm_status lm_json_parse(struct lm_json **out, const char *text, size_t size,
                             struct lm_err *err);
/** The same, but a number that neither a double nor 64 bits can hold (1e999) is null: for lines of
 *  which only some members are wanted. */
enum lm_status lm_json_parse_lenient(struct lm_json **out, const char *text, size_t size,
                                     struct lm_err *err);
void lm_json_free(struct lm_json *root); /**< only for roots; NULL is fine */

/** Member of an object, or NULL (also when `value` is no object or NULL). */
const struct lm_json *lm_json_get(const struct lm_json *value, const char *key);
/** Elements of an array or members of an object; 0 for anything else. */
size_t lm_json_count(const struct lm_json *value);
/** i-th element of an array, or NULL. */
const struct lm_json *lm_json_at(const struct lm_json *value, size_t index);
/** Visits members in document order; stops when `visit` returns false. */
void lm_json_each(const struct lm_json *object,
                  bool (*visit)(void *user, const char *key, const struct lm_json *value),
                  void *user);

bool lm_json_is_object(const struct lm_json *value);
bool lm_json_is_array(const struct lm_json *value);
bool lm_json_is_string(const struct lm_json *value);
bool lm_json_is_number(const struct lm_json *value); /**< integer or real */
bool lm_json_is_null(const struct lm_json *value);
/** Value or the fallback when it is missing or of another type. Integers convert to double. */
int64_t lm_json_int(const struct lm_json *value, int64_t fallback);
double lm_json_double(const struct lm_json *value, double fallback);
bool lm_json_bool(const struct lm_json *value, bool fallback);
/** NUL-terminated UTF-8, borrowed; *size (may be NULL) counts bytes, which may include NUL. */
const char *lm_json_string(const struct lm_json *value, size_t *size);

/** Writer: nesting and commas are kept here; the text goes to `out`. */
struct lm_json_writer {
    struct lm_buf *out;
    bool pretty; /**< two-space indentation */
    unsigned depth;
    bool first[64], is_key_done;
};

void lm_json_begin(struct lm_json_writer *writer, struct lm_buf *out, bool pretty);
void lm_json_open(struct lm_json_writer *writer, char bracket);  /**< '{' or '[' */
void lm_json_close(struct lm_json_writer *writer, char bracket); /**< '}' or ']' */
void lm_json_key(struct lm_json_writer *writer, const char *key);
void lm_json_put_string(struct lm_json_writer *writer, const char *text);
/** Bytes that may hold NUL or ill-formed UTF-8 (each bad byte becomes U+FFFD). */
void lm_json_put_bytes(struct lm_json_writer *writer, const void *data, size_t size);
void lm_json_put_int(struct lm_json_writer *writer, int64_t v);
void lm_json_put_double(struct lm_json_writer *writer, double v); /**< non-finite: null */
void lm_json_put_bool(struct lm_json_writer *writer, bool v);
void lm_json_put_null(struct lm_json_writer *writer);
/** A value that is JSON already. */
void lm_json_put_raw(struct lm_json_writer *writer, const char *text, size_t size);
/** Key and value in one call. */
void lm_json_member_string(struct lm_json_writer *writer, const char *key, const char *text);
void lm_json_member_int(struct lm_json_writer *writer, const char *key, int64_t v);
void lm_json_member_double(struct lm_json_writer *writer, const char *key, double v);
void lm_json_member_bool(struct lm_json_writer *writer, const char *key, bool v);

#endif
