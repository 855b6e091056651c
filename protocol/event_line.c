#include "protocol/event_line.h"

#include <errno.h>

enum lm_status lm_event_line_write(FILE *events, struct lm_buf *object, const char *what,
                                   struct lm_err *err)
{
    lm_buf_putc(object, '\n');
    enum lm_status status = lm_buf_status(object, err);
    if (status == LM_OK &&
        (fwrite(object->data, 1, object->size, events) != object->size || fflush(events) != 0))
        status = lm_fail_errno(err, errno, "cannot %s", what);
    lm_buf_release(object);
    return status;
}
