/** A line of the events that a worker tells its runner (docs/formats/events.md). */
#ifndef LM_PROTOCOL_EVENT_LINE_H
#define LM_PROTOCOL_EVENT_LINE_H

#include <stdio.h>

#include <lmpipe/status.h>

#include "base/buf.h"

/** Writes a JSON object and a newline, flushes, and releases the buffer. `what` cannot be done
 *  otherwise: "report the result". LM_IO, LM_NOMEM. */
enum lm_status lm_event_line_write(FILE *events, struct lm_buf *object, const char *what,
                                   struct lm_err *err);

#endif
