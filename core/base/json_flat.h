/**
 * Flat JSON: records, objects whose members hold texts, numbers, words or lists of such. They are
 * read where they lie, without a tree and many times faster than lm_json_parse does it.
 *
 * What is not read is no error: it may be JSON of another kind (objects within objects, lists of
 * lists, escapes in keys, line breaks) or none, which lm_json_parse tells apart. What is read is
 * JSON, and lm_json_parse_lenient has the same values of it, bit by bit.
 */
#ifndef LM_BASE_JSON_FLAT_H
#define LM_BASE_JSON_FLAT_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/arena.h>

enum { LM_JSON_FLAT_MEMBERS = 48 /**< most of a record */ };

/** A value where it lies: the inside of a text or a list, else all of it. */
struct lm_json_flat_value {
    char kind;        /**< '"', '[', '0' a number, 't', 'f', 'n' the words; '\0': there is none */
    bool has_escapes; /**< of a text */
    const char *at;   /**< borrowed from what was read */
    size_t size;
};

/** Its members in their order; keys are borrowed and differ. */
struct lm_json_flat {
    struct lm_json_flat_member {
        const char *key;
        size_t key_size;
        struct lm_json_flat_value value;
    } members[LM_JSON_FLAT_MEMBERS];

    size_t count;
};

/** Reads text[0..size), a whole record. False: it is not read. */
bool lm_json_flat_read(struct lm_json_flat *out, const char *text, size_t size);
/** The value of a member; of kind '\0' when there is none. */
struct lm_json_flat_value lm_json_flat_get(const struct lm_json_flat *record, const char *key);

/** A number, correctly rounded; the fallback for what is none, and for numbers that neither a
 *  double nor (whole ones) 64 bits can hold. */
double lm_json_flat_double(const struct lm_json_flat_value *value, double fallback);
/** A text as a copy that ends with a NUL, as it would at the first one it holds; NULL for what is
 *  no text, and when memory is out, which *failed then says. */
const char *lm_json_flat_text(const struct lm_json_flat_value *value, struct lm_arena *arena,
                              bool *failed);

/** Is it this text? One with escapes is none. */
bool lm_json_flat_is(const struct lm_json_flat_value *value, const char *text);

/** A walk over the elements of a list. */
struct lm_json_flat_list {
    const char *at, *end;
    bool is_first;
};

/** Of text[0..size), from bracket to bracket. False: it is not read. */
bool lm_json_flat_list_open(struct lm_json_flat_list *out, const char *text, size_t size);
/** The next element: a text, a number, a word; one of kind '\0' behind the last. False: the rest is
 *  not read. */
bool lm_json_flat_list_next(struct lm_json_flat_list *list, struct lm_json_flat_value *out);

#endif
