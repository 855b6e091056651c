/**
 * Web archives: WARC 0.17 to 1.1 (ISO 28500), of which WET is a use, and ARC 1 and 2. A reader of
 * bytes in memory that trusts no length.
 */
#ifndef LM_WEB_WARC_H
#define LM_WEB_WARC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A stretch of an archive, borrowed. */
struct lm_span {
    const uint8_t *data; /**< NULL: none */
    size_t size;
};

/** X(code, name): kinds of records, as WARC-Type has them; ARC's are responses. */
#define LM_WARC_TYPES(X)                                                                           \
    X(LM_WARC_INFO, "warcinfo")                                                                    \
    X(LM_WARC_RESPONSE, "response")                                                                \
    X(LM_WARC_RESOURCE, "resource")                                                                \
    X(LM_WARC_CONVERSION, "conversion")                                                            \
    X(LM_WARC_REQUEST, "request")                                                                  \
    X(LM_WARC_METADATA, "metadata")                                                                \
    X(LM_WARC_REVISIT, "revisit")                                                                  \
    X(LM_WARC_CONTINUATION, "continuation")                                                        \
    X(LM_WARC_OTHER, "other")

enum lm_warc_type {

#define LM_WARC_ENUM(code, name) code,
    LM_WARC_TYPES(LM_WARC_ENUM)
#undef LM_WARC_ENUM
        LM_WARC_TYPE_COUNT
};

/** Names in enum order. */
extern const char *const lm_warc_type_names[LM_WARC_TYPE_COUNT];

struct lm_warc_record {
    enum lm_warc_type type;
    struct lm_span url, date; /**< WARC-Target-URI without brackets, WARC-Date; ARC's own */
    struct lm_span head;      /**< its lines "Name: value"; of a WARC */
    struct lm_span mime;      /**< type of the block's content */
    struct lm_span block;     /**< what was archived */
    bool is_http;             /**< the block is an HTTP message */
};

/** An archive on its way; set data and size. */
struct lm_warc {
    const uint8_t *data;
    size_t size, at;
    size_t records;    /**< so far */
    unsigned arc_tail; /**< of an ARC: fields behind the URL; 0: a WARC, or not known yet */
    const char *wrong; /**< what is wrong with the record that begins at `at` */
};

/** The next record; *is_end after the last. False: see `wrong`. */
bool lm_warc_next(struct lm_warc *warc, struct lm_warc_record *out, bool *is_end);

/** The value of a header line by its name, in any case of letters, without the spaces around it;
 *  `head` is lines "Name: value". */
struct lm_span lm_warc_header(struct lm_span head, const char *name);
/** Takes a line from the start of `rest`, without its newline. */
struct lm_span lm_warc_line(struct lm_span *rest);

#endif
