/* Why an attempt failed, in words. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"
#include "exec/exec.h"
#include "protocol/result.h"

#define TAIL 4096
#define TAIL_LINE 300

/** The last line of a log that is not empty, cut to TAIL_LINE bytes; "" when there is none. */
static const char *log_tail(struct lm_arena *arena, const char *path)
{
    char text[TAIL + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return "";
    off_t size = lseek(fd, 0, SEEK_END), from = size > TAIL ? size - TAIL : 0;
    ssize_t n = pread(fd, text, TAIL, from);
    close(fd);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    if (n <= 0)
        return "";
    text[n] = '\0';
    const char *line = strrchr(text, '\n');
    line = line != NULL ? line + 1 : text;
    const char *copy = lm_arena_printf(arena, "%.*s", TAIL_LINE, line);
    return copy != NULL ? copy : "";
}

/** A process that uses most of the machine's memory and is killed from outside was most likely
 *  chosen by the kernel. */
static bool is_out_of_memory(const struct lm_attempt *attempt)
{
    return attempt->end.signal == SIGKILL && !attempt->killed &&
           attempt->end.memory > lm_memory_limit() / 2;
}

static const char *crash_text(const struct lm_exec *exec, const struct lm_attempt *attempt)
{
    const struct lm_child_end *end = &attempt->end;
    double mib = (double)end->memory / (1 << 20);
    const char *see = exec->verify == NULL /* whose logs are removed */
                          ? lm_arena_printf(attempt->arena, "; see %s", attempt->log)
                          : "";
    see = see != NULL ? see : "";
    const char *tail = log_tail(attempt->arena, attempt->log);
    if (is_out_of_memory(attempt))
        return lm_arena_printf(exec->arena,
                               "killed by the kernel for want of memory (peak %.0f MiB); give it "
                               "more memory, or make batch or model smaller",
                               mib);
    if (end->signal != 0)
        return lm_arena_printf(
            exec->arena, "crashed with signal %d (%s), peak memory %.0f MiB%s%s%s", end->signal,
            lm_signal_name(end->signal), mib, tail[0] ? ", last words: " : "", tail, see);
    return lm_arena_printf(exec->arena, "the worker ended with status %d%s%s%s", end->exit_code,
                           tail[0] ? ": " : "", tail, see);
}

/** Faults that can only be the store's: nothing else is written to. */
static bool is_of_store(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EROFS || error == EFBIG;
}

const char *lm_exec_failure(const struct lm_exec *exec, const struct lm_task *task, bool *store)
{
    const struct lm_attempt *attempt = task->attempt;
    struct lm_result result = {.error = NULL};
    *store = false;
    if (attempt->timed_out)
        return lm_arena_printf(exec->arena, "took longer than its timeout of %g s; raise timeout",
                               exec->spec->stages[task->index].timeout);
    if (attempt->end.signal == 0 && attempt->result != NULL)
        lm_result_read(&result, exec->arena, attempt->result, strlen(attempt->result), NULL);
    if (result.error == NULL)
        return crash_text(exec, attempt);
    bool is_program = exec->spec->stages[task->index].type->program != NULL;
    if (!is_of_store(result.error_number) && is_program && exec->verify == NULL)
        return lm_arena_printf(exec->arena, "%s; see %s", result.error, attempt->log);
    if (!is_of_store(result.error_number))
        return result.error;
    struct lm_err err;
    lm_fail(&err, LM_IO, "%s", result.error);
    err.error_number = result.error_number;
    lm_store_explain(exec->store, &err);
    *store = true;
    return lm_arena_strdup(exec->arena, err.text);
}
