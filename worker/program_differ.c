/* lmpipe-worker differ STORED NOW: where two files first differ, as an event on descriptor 3.
 * Another process than the runner, which opens no file whose format it does not know. */
#include <stdio.h>
#include <unistd.h>

#include "differ/differ.h"
#include "programs.h"
#include "protocol/differed.h"

enum { EVENTS_FD = 3 };

int lm_program_differ(int argc, char **argv)
{
    struct lm_differ found = {.place = ""};
    struct lm_err err = {LM_OK, ""};
    bool differs = false;
    FILE *events = argc == 3 ? fdopen(EVENTS_FD, "w") : NULL;
    enum lm_status status =
        events != NULL
            ? lm_differ_files(&found, &differs, argv[1], argv[2], &err)
            : lm_fail(&err, LM_INVALID, "usage: lmpipe-worker differ STORED NOW 3>EVENTS");
    if (status == LM_OK && differs)
        status = lm_differed_write(
            events, &(struct lm_differed){found.place, found.stored, found.now}, &err);
    if (status != LM_OK)
        fprintf(stderr, "error: %s\n", err.text);
    if (events != NULL && fclose(events) != 0)
        status = LM_IO;
    return status == LM_OK ? 0 : 1;
}
