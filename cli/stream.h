/** Where a program prints: whatever goes through `file` is harmless, by construction. */
#ifndef LM_CLI_STREAM_H
#define LM_CLI_STREAM_H

#include <stdbool.h>
#include <stdio.h>

#include <lmpipe/status.h>

#include "safe_text.h"

/** A terminal, a file or a pipe. Does not move in memory once open. */
struct lm_stream {
    FILE *file;    /**< text: made harmless (safe_text.h) on its way to `raw` */
    FILE *raw;     /**< bytes as they are: artifacts for programs, colours, the moving view */
    bool terminal; /**< a terminal: nothing foreign goes to it raw */
    bool moving;   /**< a terminal that understands cursor movement */
    bool color;
    struct lm_safe safe;
    int error; /**< errno of the first write that failed, or 0 */
};

/** Opens a stream over stdout or stderr; `term` is TERM, or NULL, `no_color` that NO_COLOR is set.
 *  LM_NOMEM. */
enum lm_status lm_stream_open(struct lm_stream *stream, FILE *raw, const char *term, bool no_color,
                              struct lm_err *err);
/** Writes all that is held back. Returns 0, or the errno of the first write that failed ever. */
int lm_stream_flush(struct lm_stream *stream);
/** Flushes and waits, but not for a reader that is gone: false when nobody will read. */
bool lm_stream_wait(struct lm_stream *stream, int milliseconds);
/** Flushes; `raw` stays open. */
void lm_stream_close(struct lm_stream *stream);
/** Changes the colour of what follows: "bold", "red", …, "reset"; nothing when the stream takes
 *  none. */
void lm_stream_paint(struct lm_stream *stream, const char *color);
/** ANSI code of a colour for `raw`; "" when the stream takes none. */
const char *lm_stream_code(const struct lm_stream *stream, const char *color);

#endif
