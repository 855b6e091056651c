/** What a program prints: into the stage's log, not without end, and its last words. */
#ifndef LM_COMMAND_LOG_H
#define LM_COMMAND_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/stage.h>

enum {
    COMMAND_LOG_HEAD = 16 << 20, /**< bytes that are kept from the beginning */
    COMMAND_LOG_TAIL = 64 << 10, /**< and from the end */
    COMMAND_WORDS = 4 << 10      /**< of the standard error */
};

/** The last bytes of a stream. */
struct command_tail {
    char *data; /**< of twice `most` */
    size_t size, most;
};

struct command_log {
    struct lm_ctx *ctx;
    uint64_t written, skipped;
    struct command_tail end;   /**< of what was skipped */
    struct command_tail words; /**< of the standard error */
};

/** LM_NOMEM. */
enum lm_status command_log_init(struct command_log *log, struct lm_ctx *ctx, struct lm_err *err);
/** Takes what was printed, on the standard error or not. */
void command_log_add(struct command_log *log, const char *data, size_t size, bool is_error);
/** Writes the end of what was too much, with a line that says how much is missing. */
void command_log_end(struct command_log *log);
/** The last line of the standard error that is not blank, as text: what is no character that shows
 *  is left out, and what is long cut. "" when there is none; in the arena, NULL: out of memory. */
const char *command_log_words(const struct command_log *log, struct lm_arena *arena);

#endif
