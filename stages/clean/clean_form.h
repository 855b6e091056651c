/**
 * How a file is read: cut into pieces one after the other, each of which is at most one document;
 * what of a piece is the document's text is found out by the tasks that clean it.
 */
#ifndef LM_STAGES_CLEAN_FORM_H
#define LM_STAGES_CLEAN_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"
#include "clean_admit.h"
#include "clean_params.h"
#include "text/clean_text.h"
#include "text/csv.h"
#include "text/documents.h"
#include "text/json_field.h"
#include "web/warc.h"

/** A file on its way; in an arena that outlives its pieces. */
struct clean_form {
    enum lm_documents_by by; /**< never LM_BY_AUTO */
    const struct clean_documents *options;
    const struct clean_reading *reading;
    size_t file;                 /**< its place in the corpus */
    const char *label;           /**< "source 'web', a.jsonl", for messages */
    const char *source, *member; /**< "web", "a.jsonl" */
    uint8_t *text;
    size_t size;
    size_t line, counted; /**< the line that begins behind `counted` bytes */
    struct lm_documents documents;
    struct lm_json_records json;
    struct lm_csv csv;
    size_t column;     /**< of a table */
    size_t url_column; /**< its column `url`; SIZE_MAX: it has none */
    size_t *kept;      /**< its columns that are kept, by documents.keep; SIZE_MAX: it has none */
    struct lm_warc warc;
    int64_t types[LM_WARC_TYPE_COUNT]; /**< records of a web archive */
};

/** A piece of a file. */
struct clean_piece {
    uint8_t *raw;
    size_t size;
    size_t line; /**< where it begins, of a web archive its record, counted from 1; 0: not said */
    unsigned arc_tail; /**< of a web archive: how its records' heads end (web/warc.h) */
};

enum { CLEAN_HOST_SIZE = 256 };

/** What a piece holds. */
struct clean_extract {
    const uint8_t *text; /**< NULL: the piece has no text where it is looked for */
    size_t size;
    struct lm_buf made;            /**< where the text lies when it is not in the piece; owned */
    struct lm_clean_counts counts; /**< what was repaired on the way */
    struct lm_buf meta;            /**< what is kept beside the text, as a JSON object; owned */
    size_t read, wrong; /**< bytes of a page or record that were decoded; that became U+FFFD */
    uint64_t kept;      /**< which of documents.keep there was, a bit each */
    bool is_rejected;   /**< something was wrong, and the policy is to reject */
    char host[CLEAN_HOST_SIZE]; /**< of the document's address, where that is asked for; the last
                                   member: what sets it up need not clear it all */
};

/** Are newlines made LF in the whole file before it is cut? Else they are in what is found. */
bool clean_form_is_text(enum lm_documents_by by);
/** Are its documents parts of plain text? */
bool clean_form_is_plain(enum lm_documents_by by);
/** Starts on text[0..size), which it may change; form->kept has room for documents.keep. LM_FORMAT:
 *  no such column. */
enum lm_status clean_form_open(struct clean_form *form, uint8_t *text, size_t size,
                               struct lm_err *err);
/** The next piece; *is_end after the last. LM_FORMAT: where the file is not what it should be. */
enum lm_status clean_form_next(struct clean_form *form, struct clean_piece *piece, bool *is_end,
                               struct lm_err *err);
/** The text of a piece, in its own bytes or in out->made, which is to be released in any case, as
 *  out->meta is; may run in any thread. LM_FORMAT: where the piece is not what it should be. When
 * there is none, *err says what the piece has instead ("its members are id, body"). */
enum lm_status clean_form_extract(const struct clean_form *form, const struct clean_piece *piece,
                                  struct clean_extract *out, struct lm_err *err);

#endif
