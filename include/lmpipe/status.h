/**
 * Status codes and the explicit error argument.
 *
 * Every function that can fail returns `enum lm_status`, writes its results through
 * out-parameters (first) and describes a failure in `struct lm_err *err` (last; NULL is
 * allowed). On failure out-parameters are untouched. Storage is fixed, so reporting
 * "out of memory" allocates nothing. Only cli/ and worker/ print or exit.
 */
#ifndef LMPIPE_STATUS_H
#define LMPIPE_STATUS_H

#include <stddef.h>

/** X(code, word): the one list of status codes. */
#define LM_STATUS_LIST(X)                                                                          \
    X(LM_OK, "ok")                                                                                 \
    X(LM_INVALID, "invalid argument or input")                                                     \
    X(LM_RANGE, "value out of range")                                                              \
    X(LM_FORMAT, "malformed data")                                                                 \
    X(LM_NOT_FOUND, "not found")                                                                   \
    X(LM_IO, "input/output error")                                                                 \
    X(LM_NOMEM, "out of memory")                                                                   \
    X(LM_NUMERIC, "non-finite number")                                                             \
    X(LM_NETWORK, "network error")                                                                 \
    X(LM_MISMATCH, "digest mismatch")                                                              \
    X(LM_UNSUPPORTED, "not supported")                                                             \
    X(LM_CANCELLED, "interrupted")                                                                 \
    X(LM_INTERNAL, "internal error")

enum lm_status {

#define LM_STATUS_ENUM(code, word) code,
    LM_STATUS_LIST(LM_STATUS_ENUM)
#undef LM_STATUS_ENUM
};

#define LM_FIELD_SIZE 96

/** A failure in words: one line, no trailing newline, ends in what to do about it. What a program
 *  decides by stands beside the text, so that no text is searched. */
struct lm_err {
    enum lm_status status;
    char text[1000];
    int error_number;          /**< errno of the system call that failed, or 0 */
    char field[LM_FIELD_SIZE]; /**< the field at fault, with which the text begins; or "" */
};

#if defined(__GNUC__)
#define LM_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#else
#define LM_PRINTF(format_index, first)
#endif

/** Fixed phrase for a code, e.g. "out of memory"; borrowed, never NULL. */
const char *lm_status_text(enum lm_status status);

/** Sets *err (if not NULL) to `status` and the formatted text; returns `status`. */
enum lm_status lm_fail(struct lm_err *err, enum lm_status status, const char *format, ...)
    LM_PRINTF(3, 4);

/** lm_fail for a finding about one field: the text begins with its name, "lr: must exceed 0", which
 *  is also kept in err->field (cut at LM_FIELD_SIZE - 1 bytes). */
enum lm_status lm_fail_field(struct lm_err *err, enum lm_status status, const char *format, ...)
    LM_PRINTF(3, 4);

/** What an error says behind the name of its field; the whole text when it names none. Borrowed
 *  from *err. */
const char *lm_err_message(const struct lm_err *err);

/** Puts "context: " in front of the text of *err on the way up; returns err's status, or
 *  `status` when err is NULL. error_number stays; the text no longer begins with a field, so
 * `field` is emptied. */
enum lm_status lm_wrap(struct lm_err *err, enum lm_status status, const char *format, ...)
    LM_PRINTF(3, 4);

/** lm_fail with ": strerror(error_number)" appended, which is kept; picks LM_NOT_FOUND for ENOENT,
 *  LM_NOMEM for ENOMEM, else LM_IO. */
enum lm_status lm_fail_errno(struct lm_err *err, int error_number, const char *format, ...)
    LM_PRINTF(3, 4);

/** Returns from the calling function when `call` fails (for functions without cleanup). */
#define LM_TRY(call)                                                                               \
    do {                                                                                           \
        enum lm_status lm_try_status = (call);                                                     \
        if (lm_try_status != LM_OK)                                                                \
            return lm_try_status;                                                                  \
    } while (0)

#endif
