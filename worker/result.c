#include "result.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

#define CEILING ((size_t)1 << 30)

static void put_outputs(struct lm_json_writer *writer, const struct lm_output *outputs,
                        size_t count)
{
    lm_json_key(writer, "outputs");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < count; i++) {
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "port", outputs[i].port);
        lm_json_member_bool(writer, "folder", outputs[i].folder);
        lm_json_key(writer, "files");
        lm_json_open(writer, '[');
        for (size_t k = 0; k < outputs[i].file_count; k++) {
            const struct lm_output_file *file = &outputs[i].files[k];
            char hex[LM_DIGEST_HEX];
            lm_digest_hex(hex, &file->object);
            lm_json_open(writer, '{');
            if (file->name != NULL)
                lm_json_member_string(writer, "name", file->name);
            lm_json_member_string(writer, "object", hex);
            lm_json_member_int(writer, "size", (int64_t)file->size);
            lm_json_member_string(writer, "logical", file->logical);
            lm_json_member_int(writer, "mtime", file->mtime_ns);
            lm_json_close(writer, '}');
        }
        lm_json_close(writer, ']');
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

/** As text, so that values that are not finite survive. */
static void put_metrics(struct lm_json_writer *writer, const struct lm_ctx *ctx)
{
    lm_json_key(writer, "metrics");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < lm_ctx_result_count(ctx); i++) {
        char text[32];
        const char *name;
        double value = lm_ctx_result_at(ctx, i, &name);
        lm_json_open(writer, '[');
        lm_json_put_string(writer, name);
        lm_json_put_string(writer, lm_format_double(text, value));
        lm_json_close(writer, ']');
    }
    lm_json_close(writer, ']');
}

enum lm_status lm_result_write(FILE *events, const struct lm_ctx *ctx,
                               const struct lm_output *outputs, size_t output_count,
                               enum lm_status status, const struct lm_err *stage_err,
                               struct lm_err *err)
{
    struct lm_buf buf;
    struct lm_json_writer writer;
    lm_buf_init(&buf, CEILING);
    lm_json_begin(&writer, &buf, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "event", "result");
    lm_json_member_string(&writer, "status", lm_status_text(status));
    if (status == LM_OK) {
        put_outputs(&writer, outputs, output_count);
        put_metrics(&writer, ctx);
        lm_json_key(&writer, "headline");
        lm_json_put_bytes(&writer, lm_ctx_headline_text(ctx), strlen(lm_ctx_headline_text(ctx)));
    } else {
        lm_json_key(&writer, "error");
        lm_json_put_bytes(&writer, stage_err->text, strlen(stage_err->text));
        if (stage_err->error_number != 0)
            lm_json_member_int(&writer, "errno", stage_err->error_number);
    }
    lm_json_close(&writer, '}');
    lm_buf_putc(&buf, '\n');
    enum lm_status written = lm_buf_status(&buf, err);
    if (written == LM_OK &&
        (fwrite(buf.data, 1, buf.size, events) != buf.size || fflush(events) != 0))
        written = lm_fail_errno(err, errno, "cannot report the result");
    lm_buf_release(&buf);
    return written;
}
