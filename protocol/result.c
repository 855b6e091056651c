#include "protocol/result.h"

#include <string.h>

#include "base/buf.h"
#include "base/c_locale.h"
#include "base/json.h"
#include "protocol/event_line.h"

#define CEILING ((size_t)1 << 30)

/* ---- writing ---- */

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

/** Values as text, so that those that are not finite survive. */
static void put_metrics(struct lm_json_writer *writer, const struct lm_result *result)
{
    lm_json_key(writer, "metrics");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < result->metric_count; i++) {
        char text[32];
        lm_json_open(writer, '[');
        lm_json_put_string(writer, result->metrics[i].name);
        lm_json_put_string(writer, lm_format_double(text, result->metrics[i].value));
        lm_json_close(writer, ']');
    }
    lm_json_close(writer, ']');
}

static void put_sources(struct lm_json_writer *writer, const struct lm_result *result)
{
    if (result->source_count == 0)
        return;
    lm_json_key(writer, "sources");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < result->source_count; i++) {
        char hex[LM_DIGEST_HEX];
        lm_digest_hex(hex, &result->sources[i].digest);
        lm_json_open(writer, '[');
        lm_json_put_string(writer, result->sources[i].param);
        lm_json_put_string(writer, hex);
        lm_json_close(writer, ']');
    }
    lm_json_close(writer, ']');
}

static void put_text(struct lm_json_writer *writer, const char *key, const char *text)
{
    lm_json_key(writer, key);
    lm_json_put_bytes(writer, text, strlen(text));
}

enum lm_status lm_result_write(FILE *events, const struct lm_result *result, struct lm_err *err)
{
    struct lm_buf buf;
    struct lm_json_writer writer;
    lm_buf_init(&buf, CEILING);
    lm_json_begin(&writer, &buf, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "event", "result");
    lm_json_member_string(&writer, "status", lm_status_text(result->status));
    if (result->status == LM_OK) {
        put_outputs(&writer, result->outputs, result->output_count);
        put_metrics(&writer, result);
        put_sources(&writer, result);
        put_text(&writer, "headline", result->headline);
    } else {
        put_text(&writer, "error", result->error);
        if (result->error_number != 0)
            lm_json_member_int(&writer, "errno", result->error_number);
    }
    lm_json_close(&writer, '}');
    return lm_event_line_write(events, &buf, "report the result", err);
}

/* ---- reading ---- */

static bool read_file_row(struct lm_output_file *file, const struct lm_json *row,
                          struct lm_arena *arena, bool folder)
{
    const char *name = lm_json_string(lm_json_get(row, "name"), NULL);
    const char *object = lm_json_string(lm_json_get(row, "object"), NULL);
    const char *logical = lm_json_string(lm_json_get(row, "logical"), NULL);
    if (object == NULL || logical == NULL || !lm_digest_parse(&file->object, object) ||
        folder != (name != NULL))
        return false;
    file->name = name != NULL ? lm_arena_strdup(arena, name) : NULL;
    file->logical = lm_arena_strdup(arena, logical);
    file->size = (uint64_t)lm_json_int(lm_json_get(row, "size"), 0);
    file->mtime_ns = lm_json_int(lm_json_get(row, "mtime"), 0);
    return file->logical != NULL && (file->name != NULL) == folder;
}

static bool read_output(struct lm_output *output, const struct lm_json *row, struct lm_arena *arena)
{
    const struct lm_json *files = lm_json_get(row, "files");
    const char *port = lm_json_string(lm_json_get(row, "port"), NULL);
    output->port = port != NULL ? lm_arena_strdup(arena, port) : NULL;
    output->folder = lm_json_bool(lm_json_get(row, "folder"), false);
    output->file_count = lm_json_count(files);
    output->files = LM_NEW_ARRAY(arena, struct lm_output_file, output->file_count);
    if (output->port == NULL || output->files == NULL || output->file_count == 0)
        return false;
    for (size_t i = 0; i < output->file_count; i++)
        if (!read_file_row(&output->files[i], lm_json_at(files, i), arena, output->folder))
            return false;
    return true;
}

static bool read_metrics(struct lm_result *result, const struct lm_json *rows,
                         struct lm_arena *arena)
{
    result->metric_count = lm_json_count(rows);
    result->metrics = LM_NEW_ARRAY(arena, struct lm_metric, result->metric_count);
    for (size_t i = 0; result->metrics != NULL && i < result->metric_count; i++) {
        const struct lm_json *pair = lm_json_at(rows, i);
        const char *name = lm_json_string(lm_json_at(pair, 0), NULL);
        const char *value = lm_json_string(lm_json_at(pair, 1), NULL);
        if (name == NULL || value == NULL)
            return false;
        result->metrics[i] =
            (struct lm_metric){lm_arena_strdup(arena, name), lm_c_strtod(value, NULL)};
        if (result->metrics[i].name == NULL)
            return false;
    }
    return result->metrics != NULL;
}

static bool read_sources(struct lm_result *result, const struct lm_json *rows,
                         struct lm_arena *arena)
{
    size_t count = lm_json_count(rows);
    struct lm_source_digest *sources = LM_NEW_ARRAY(arena, struct lm_source_digest, count);
    for (size_t i = 0; sources != NULL && i < count; i++) {
        const struct lm_json *pair = lm_json_at(rows, i);
        const char *param = lm_json_string(lm_json_at(pair, 0), NULL);
        const char *hex = lm_json_string(lm_json_at(pair, 1), NULL);
        sources[i].param = param != NULL ? lm_arena_strdup(arena, param) : NULL;
        if (sources[i].param == NULL || hex == NULL || !lm_digest_parse(&sources[i].digest, hex))
            return false;
    }
    result->sources = sources;
    result->source_count = count;
    return sources != NULL;
}

/** What a stage made: at least one output. */
static bool read_success(struct lm_result *result, const struct lm_json *root,
                         struct lm_arena *arena)
{
    const struct lm_json *outputs = lm_json_get(root, "outputs");
    const char *headline = lm_json_string(lm_json_get(root, "headline"), NULL);
    result->status = LM_OK;
    result->output_count = lm_json_count(outputs);
    result->outputs = LM_NEW_ARRAY(arena, struct lm_output, result->output_count);
    result->headline = lm_arena_strdup(arena, headline != NULL ? headline : "");
    if (result->outputs == NULL || result->headline == NULL || result->output_count == 0)
        return false;
    for (size_t i = 0; i < result->output_count; i++)
        if (!read_output(&result->outputs[i], lm_json_at(outputs, i), arena))
            return false;
    return read_metrics(result, lm_json_get(root, "metrics"), arena) &&
           read_sources(result, lm_json_get(root, "sources"), arena);
}

/** The status itself does not come back: to the runner a failure is one. */
static bool read_failure(struct lm_result *result, const struct lm_json *root,
                         struct lm_arena *arena)
{
    const char *error = lm_json_string(lm_json_get(root, "error"), NULL);
    result->status = LM_INVALID;
    result->error = error != NULL ? lm_arena_strdup(arena, error) : NULL;
    result->error_number = (int)lm_json_int(lm_json_get(root, "errno"), 0);
    return result->error != NULL;
}

enum lm_status lm_result_read(struct lm_result *out, struct lm_arena *arena, const char *text,
                              size_t size, struct lm_err *err)
{
    struct lm_json *root = NULL;
    LM_TRY(lm_json_parse(&root, text, size, err));
    *out = (struct lm_result){.headline = ""};
    bool is_complete = lm_json_get(root, "error") != NULL ? read_failure(out, root, arena)
                                                          : read_success(out, root, arena);
    lm_json_free(root);
    if (is_complete)
        return LM_OK;
    return lm_fail(err, LM_FORMAT,
                   "the worker's result is not complete; install lmpipe and its worker together");
}
