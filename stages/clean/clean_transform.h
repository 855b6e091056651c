/** Changes of a text that are asked for, in this order: mojibake is repaired in what was found,
 *  before invalid bytes and controls are looked at; in the cleaned text a book's front and back
 *  matter go, wrapped lines are joined, and what identifies people is replaced. */
#ifndef LM_STAGES_CLEAN_TRANSFORM_H
#define LM_STAGES_CLEAN_TRANSFORM_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"
#include "base/json.h"
#include "clean_params.h"
#include "text/clean_text.h"

/** Which of them. */
struct clean_transform {
    bool mojibake, gutenberg, unwrap;
    unsigned pii; /**< a bit each, of text/pii.h */
};

/** What they did, X(field, name in the data card). */
#define CLEAN_TRANSFORM_COUNTS(X)                                                                  \
    X(mojibake, "mojibake_lines")                                                                  \
    X(gutenberg, "gutenberg_documents")                                                            \
    X(unwrap, "joined_lines")                                                                      \
    X(email, "emails")                                                                             \
    X(ip, "ip_addresses")                                                                          \
    X(phone, "phone_numbers")

struct clean_transform_counts {

#define CLEAN_TRANSFORM_COUNT(field, name) int64_t field;
    CLEAN_TRANSFORM_COUNTS(CLEAN_TRANSFORM_COUNT)
#undef CLEAN_TRANSFORM_COUNT
};

struct clean_transform clean_transform_of(const struct clean_params *params);
/** Is anything to be done? */
bool clean_transform_any(const struct clean_transform *transform);
/** Before cleaning: the text as it was found, in *text and *size, or repaired in `made` (empty), to
 * which they then point. LM_NOMEM. */
enum lm_status clean_transform_before(const struct clean_transform *transform, struct lm_buf *made,
                                      const uint8_t **text, size_t *size,
                                      struct clean_transform_counts *counts, struct lm_err *err);
/** After it, in place. *is_changed: lines are to be cleaned again. LM_NOMEM. */
enum lm_status clean_transform_after(const struct clean_transform *transform, struct lm_buf *text,
                                     bool *is_changed, struct clean_transform_counts *counts,
                                     struct lm_err *err);
/** Adds b to a. */
void clean_transform_add(struct clean_transform_counts *a, const struct clean_transform_counts *b);
/** The member "transformed" of the data card; nothing when nothing was asked for. */
void clean_transform_put(struct lm_json_writer *writer, const struct clean_transform *transform,
                         const struct clean_transform_counts *counts);

#endif
