/** What is kept of a document beside its text: a JSON line of the members that documents.keep
 * names, in that order, null where the document has none. For the sources of the ways
 * (clean_way.h). */
#ifndef LM_STAGES_CLEAN_META_H
#define LM_STAGES_CLEAN_META_H

#include "base/json.h"
#include "clean_form.h"

/** Writes the value of a member; false when there is none, and nothing was written. `index` is its
 *  place in documents.keep. */
typedef bool clean_meta_fn(const void *user, struct lm_json_writer *writer, const char *name,
                           size_t index);

/** Makes out->meta, when anything is kept: by `find` (NULL: nothing has members), else "source" and
 *  "file" are the names of those. LM_NOMEM. */
enum lm_status clean_meta_make(struct clean_extract *out, const struct clean_form *form,
                               clean_meta_fn *find, const void *user, struct lm_err *err);
/** A clean_meta_fn; user is a struct clean_piece of JSON. */
bool clean_meta_of_json(const void *user, struct lm_json_writer *writer, const char *name,
                        size_t index);

/** A page, and the record it was archived in. */
struct clean_meta_page {
    const struct lm_buf *meta;           /**< web/html_meta.h */
    const struct lm_warc_record *record; /**< NULL: a saved page */
};

/** A clean_meta_fn; user is a struct clean_meta_page. The record's url, date, mime and headers go
 *  before what the page says. */
bool clean_meta_of_page(const void *user, struct lm_json_writer *writer, const char *name,
                        size_t index);

/** Fields of a record of a table. */
struct clean_meta_fields {
    const size_t *columns; /**< of each name; SIZE_MAX: none */

    struct clean_meta_field {
        const uint8_t *text;
        size_t size;
    } * fields; /**< of each name */
};

/** A clean_meta_fn; user is a struct clean_meta_fields. */
bool clean_meta_of_fields(const void *user, struct lm_json_writer *writer, const char *name,
                          size_t index);

#endif
