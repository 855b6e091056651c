#include "command_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

enum { LINE_LONGEST = 300 };

/** Keeps the last bytes: what is older goes when twice as many have come. */
static void keep(struct command_tail *tail, const char *data, size_t size)
{
    if (size > tail->most) {
        data += size - tail->most;
        size = tail->most;
        tail->size = 0;
    }
    if (tail->size + size > 2 * tail->most) {
        size_t old = tail->most < tail->size ? tail->most : tail->size;
        memmove(tail->data, tail->data + tail->size - old, old);
        tail->size = old;
    }
    memcpy(tail->data + tail->size, data, size);
    tail->size += size;
}

enum lm_status command_log_init(struct command_log *log, struct lm_ctx *ctx, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(ctx);
    *log = (struct command_log){
        .ctx = ctx, .end = {.most = COMMAND_LOG_TAIL}, .words = {.most = COMMAND_WORDS}};
    log->end.data = lm_arena_alloc(arena, 2 * log->end.most);
    log->words.data = lm_arena_alloc(arena, 2 * log->words.most);
    return log->end.data != NULL && log->words.data != NULL
               ? LM_OK
               : lm_fail(err, LM_NOMEM, "out of memory for what the program prints");
}

void command_log_add(struct command_log *log, const char *data, size_t size, bool is_error)
{
    uint64_t room = log->written < COMMAND_LOG_HEAD ? COMMAND_LOG_HEAD - log->written : 0;
    size_t now = size < room ? size : (size_t)room;
    if (is_error)
        keep(&log->words, data, size);
    if (now > 0)
        lm_ctx_log(log->ctx, data, now);
    log->written += now;
    if (now < size)
        keep(&log->end, data + now, size - now);
    log->skipped += size - now;
}

void command_log_end(struct command_log *log)
{
    char text[100];
    size_t kept = log->end.size < log->end.most ? log->end.size : log->end.most;
    if (log->skipped == 0)
        return;
    int length = snprintf(text, sizeof text, "\n[%" PRIu64 " bytes are left out here]\n",
                          log->skipped - kept);
    if (log->skipped > kept && length > 0)
        lm_ctx_log(log->ctx, text, (size_t)length);
    lm_ctx_log(log->ctx, log->end.data + log->end.size - kept, kept);
}

static bool is_blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] > ' ')
            return false;
    return true;
}

/** The characters of a line that show. */
static void put_visible(struct lm_buf *out, const char *line, size_t length)
{
    for (size_t at = 0, step; at < length; at += step) {
        uint32_t c;
        step = lm_utf8_decode(&c, (const uint8_t *)line + at, length - at);
        if (step == 0) {
            step = 1;
            lm_buf_puts(out, "\xef\xbf\xbd");
        } else if (c == '\t') {
            lm_buf_putc(out, ' ');
        } else if (c >= ' ' && c != 0x7f && !lm_utf8_is_hidden(c)) {
            lm_buf_append(out, line + at, step);
        }
        if (out->size > LINE_LONGEST) {
            lm_buf_puts(out, "…");
            return;
        }
    }
}

const char *command_log_words(const struct command_log *log, struct lm_arena *arena)
{
    const char *data = log->words.data;
    size_t end = log->words.size, begin;
    struct lm_buf out;
    for (;; end = begin - 1) {
        for (begin = end; begin > 0 && data[begin - 1] != '\n' && data[begin - 1] != '\r';)
            begin--;
        if (begin == 0 || !is_blank(data + begin, end - begin))
            break;
    }
    lm_buf_init(&out, 0);
    if (!is_blank(data + begin, end - begin))
        put_visible(&out, data + begin, end - begin);
    const char *text = out.failed ? NULL : lm_arena_strdup(arena, out.data != NULL ? out.data : "");
    lm_buf_release(&out);
    return text;
}
