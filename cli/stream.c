#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static void note_error(struct lm_stream *stream)
{
    if (stream->error == 0 && ferror(stream->raw) != 0)
        stream->error = errno != 0 ? errno : EIO;
}

/* What the C library hands on when the buffer of `file` is full or flushed. */
static ssize_t write_safe(void *cookie, const char *data, size_t size)
{
    struct lm_stream *stream = cookie;
    errno = 0;
    lm_safe_write(&stream->safe, data, size);
    fflush(stream->raw);
    note_error(stream);
    errno = stream->error;
    return stream->error == 0 ? (ssize_t)size : 0;
}

enum lm_status lm_stream_open(struct lm_stream *stream, FILE *raw, const char *term, bool no_color,
                              struct lm_err *err)
{
    bool terminal = isatty(fileno(raw)) == 1;
    *stream = (struct lm_stream){.raw = raw, .terminal = terminal};
    stream->moving = terminal && term != NULL && strcmp(term, "dumb") != 0;
    stream->color = stream->moving && !no_color;
    lm_safe_init(&stream->safe, raw);
    stream->file = fopencookie(stream, "w", (cookie_io_functions_t){.write = write_safe});
    if (stream->file == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    bool prompt = terminal || raw == stderr;
    setvbuf(stream->file, NULL, prompt ? _IOLBF : _IOFBF, BUFSIZ);
    setvbuf(raw, NULL, _IOFBF, BUFSIZ);
    return LM_OK;
}

int lm_stream_flush(struct lm_stream *stream)
{
    fflush(stream->file);
    errno = 0;
    lm_safe_finish(&stream->safe);
    fflush(stream->raw);
    note_error(stream);
    return stream->error;
}

bool lm_stream_wait(struct lm_stream *stream, int milliseconds)
{
    struct pollfd reader = {.fd = fileno(stream->raw)};
    if (lm_stream_flush(stream) == 0 && poll(&reader, 1, milliseconds) > 0 &&
        (reader.revents & (POLLERR | POLLHUP)) != 0)
        stream->error = EPIPE;
    return stream->error == 0;
}

void lm_stream_close(struct lm_stream *stream)
{
    if (stream->file == NULL)
        return;
    lm_stream_flush(stream);
    fclose(stream->file);
    stream->file = NULL;
}

const char *lm_stream_code(const struct lm_stream *stream, const char *color)
{
    static const struct {
        const char *name, *code;
    } codes[] = {{"reset", "\033[0m"}, {"bold", "\033[1m"},   {"dim", "\033[2m"},
                 {"red", "\033[31m"},  {"green", "\033[32m"}, {"yellow", "\033[33m"},
                 {"blue", "\033[34m"}};

    for (size_t i = 0; stream->color && i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(codes[i].name, color) == 0)
            return codes[i].code;
    }
    return "";
}

void lm_stream_paint(struct lm_stream *stream, const char *color)
{
    const char *code = lm_stream_code(stream, color);
    if (code[0] == '\0')
        return;
    lm_stream_flush(stream);
    fputs(code, stream->raw);
}
