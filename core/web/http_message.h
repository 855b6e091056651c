/** An HTTP response as it was archived: status, type, and the body without its encodings. */
#ifndef LM_WEB_HTTP_MESSAGE_H
#define LM_WEB_HTTP_MESSAGE_H

#include <lmpipe/status.h>

#include "base/buf.h"
#include "web/warc.h"

/** Bodies of more bytes are not unpacked. */
#define LM_HTTP_LARGEST ((size_t)256 << 20)

struct lm_http_message {
    unsigned status;     /**< 0: no status line */
    struct lm_span type; /**< "text/html; charset=utf-8" */
    struct lm_span body; /**< within the message, or within `unpacked` */
};

/** Takes a message apart. Chunks are joined and gzip and deflate unpacked into *unpacked (empty;
 *  the caller's) where the body is what the headers say; else it is taken as it lies, since many
 *  archives keep headers of bodies that they have unpacked. LM_FORMAT: packed by something else, or
 *  damaged; LM_RANGE: of more than LM_HTTP_LARGEST; LM_NOMEM. */
enum lm_status lm_http_message_read(struct lm_http_message *out, struct lm_span message,
                                    struct lm_buf *unpacked, struct lm_err *err);

#endif
