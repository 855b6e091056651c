#include <lmpipe/status.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *lm_status_text(enum lm_status status)
{
    static const char *const words[] = {
#define LM_STATUS_WORD(code, word) [code] = word,
        LM_STATUS_LIST(LM_STATUS_WORD)
#undef LM_STATUS_WORD
    };
    size_t index = (size_t)status;
    return index < sizeof words / sizeof words[0] ? words[index] : "unknown status";
}

/* Formats at offset `at` of the text; a text too long is cut. Returns the new length. */
static size_t format_at(struct lm_err *err, size_t at, const char *format, va_list arguments)
{
    int length = vsnprintf(err->text + at, sizeof err->text - at, format, arguments);
    if (length < 0) {
        err->text[at] = '\0';
        return at;
    }
    size_t end = at + (size_t)length;
    return end < sizeof err->text ? end : sizeof err->text - 1;
}

/* Makes *err anew; returns the length of its text. */
static size_t set(struct lm_err *err, enum lm_status status, int error_number, const char *format,
                  va_list arguments)
{
    err->status = status;
    err->error_number = error_number;
    err->field[0] = '\0';
    return format_at(err, 0, format, arguments);
}

enum lm_status lm_fail(struct lm_err *err, enum lm_status status, const char *format, ...)
{
    if (err == NULL)
        return status;
    va_list arguments;
    va_start(arguments, format);
    set(err, status, 0, format, arguments);
    va_end(arguments);
    return status;
}

enum lm_status lm_fail_field(struct lm_err *err, enum lm_status status, const char *format, ...)
{
    if (err == NULL)
        return status;
    va_list arguments;
    va_start(arguments, format);
    set(err, status, 0, format, arguments);
    va_end(arguments);
    size_t length = strcspn(err->text, ":");
    length = length < LM_FIELD_SIZE ? length : LM_FIELD_SIZE - 1;
    memcpy(err->field, err->text, length);
    err->field[length] = '\0';
    return status;
}

const char *lm_err_message(const struct lm_err *err)
{
    if (err->field[0] == '\0')
        return err->text;
    const char *rest = err->text + strcspn(err->text, ":");
    return rest + strspn(rest, ": ");
}

enum lm_status lm_wrap(struct lm_err *err, enum lm_status status, const char *format, ...)
{
    if (err == NULL)
        return status;
    struct lm_err old = *err;
    err->field[0] = '\0';
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_at(err, 0, format, arguments);
    va_end(arguments);
    const char *const parts[] = {": ", old.text};
    for (size_t i = 0; i < 2; i++) {
        size_t room = sizeof err->text - 1 - length, size = strlen(parts[i]);
        size = size < room ? size : room;
        memcpy(err->text + length, parts[i], size);
        length += size;
    }
    err->text[length] = '\0';
    return err->status;
}

static enum lm_status status_of_errno(int error_number)
{
    return error_number == ENOENT ? LM_NOT_FOUND : error_number == ENOMEM ? LM_NOMEM : LM_IO;
}

enum lm_status lm_fail_errno(struct lm_err *err, int error_number, const char *format, ...)
{
    enum lm_status status = status_of_errno(error_number);
    if (err == NULL)
        return status;
    va_list arguments;
    va_start(arguments, format);
    size_t length = set(err, status, error_number, format, arguments);
    va_end(arguments);
    char scratch[128];
    /* The GNU strerror_r: it may return a constant instead of filling scratch. */
    const char *reason = strerror_r(error_number, scratch, sizeof scratch);
    snprintf(err->text + length, sizeof err->text - length, ": %s", reason);
    return status;
}
