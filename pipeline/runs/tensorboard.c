/* A training's log as TensorBoard reads it: an event file, that is records of protocol buffers
 * (tensorflow/core/util/event.proto, framework/summary.proto) in TFRecord framing: length, masked
 * CRC-32C of it, data, masked CRC-32C of that. Times are steps: nothing in it depends on a clock.
 */
#include <stdlib.h>
#include <string.h>

#include <lmpipe/runs.h>

#include "base/io.h"
#include "base/json.h"
#include "base/new_file.h"
#include "plan/plan.h"

#define LARGEST ((size_t)1 << 30)
#define EVENT_FILE "events.out.tfevents.0000000000.lmpipe"

/** What is being written: the file, one event, one list of values, one value. */
struct events {
    struct lm_buf file, event, summary, value;
    uint32_t crc[256];
};

/* ---- framing ---- */

/* CRC-32C (Castagnoli), reflected: RFC 3720, appendix B.4. */
static void fill_crc(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t rest = i;
        for (int bit = 0; bit < 8; bit++)
            rest = (rest >> 1) ^ ((rest & 1) != 0 ? 0x82f63b78u : 0);
        table[i] = rest;
    }
}

/* As record_writer.h of TensorFlow masks it: a checksum of a checksum is no good one. */
static uint32_t masked_crc(const uint32_t table[256], const void *data, size_t size)
{
    const unsigned char *at = data;
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++)
        crc = (crc >> 8) ^ table[(crc ^ at[i]) & 0xff];
    crc ^= 0xffffffffu;
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

static void put_record(struct events *events)
{
    struct lm_buf *file = &events->file;
    size_t begin = file->size;
    lm_buf_put_u64(file, events->event.size);
    if (!file->failed)
        lm_buf_put_u32(file, masked_crc(events->crc, file->data + begin, 8));
    lm_buf_append(file, events->event.data, events->event.size);
    lm_buf_put_u32(file, masked_crc(events->crc, events->event.data, events->event.size));
    file->failed |= events->event.failed;
}

/* ---- protocol buffers ---- */

enum wire { WIRE_VARINT = 0, WIRE_DOUBLE = 1, WIRE_BYTES = 2, WIRE_FLOAT = 5 };

static void put_varint(struct lm_buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        lm_buf_putc(out, (char)(unsigned char)(value | 0x80));
    lm_buf_putc(out, (char)(unsigned char)value);
}

static void put_tag(struct lm_buf *out, unsigned field, enum wire wire)
{
    put_varint(out, field << 3 | (unsigned)wire);
}

static void put_double(struct lm_buf *out, unsigned field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_tag(out, field, WIRE_DOUBLE);
    lm_buf_put_u64(out, bits);
}

static void put_float(struct lm_buf *out, unsigned field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_tag(out, field, WIRE_FLOAT);
    lm_buf_put_u32(out, bits);
}

static void put_bytes(struct lm_buf *out, unsigned field, const void *data, size_t size)
{
    put_tag(out, field, WIRE_BYTES);
    put_varint(out, size);
    lm_buf_append(out, data, size);
}

/* ---- a log ---- */

/* Event: 1 wall_time, 2 step, 3 file_version, 5 summary */
static void begin_event(struct events *events, int64_t step)
{
    lm_buf_clear(&events->event);
    put_double(&events->event, 1, (double)step);
    put_tag(&events->event, 2, WIRE_VARINT);
    put_varint(&events->event, (uint64_t)step);
}

/* Summary: 1 value; of it 1 tag, 2 simple_value */
static bool put_value(void *user, const char *key, const struct lm_json *json)
{
    struct events *events = user;
    if (strcmp(key, "step") == 0 || !lm_json_is_number(json))
        return true;
    lm_buf_clear(&events->value);
    put_bytes(&events->value, 1, key, strlen(key));
    put_float(&events->value, 2, (float)lm_json_double(json, 0));
    put_bytes(&events->summary, 1, events->value.data, events->value.size);
    events->summary.failed |= events->value.failed;
    return true;
}

static enum lm_status put_line(struct events *events, const char *text, size_t size,
                               struct lm_err *err)
{
    struct lm_json *line = NULL;
    LM_TRY(lm_json_parse_lenient(&line, text, size, err));
    int64_t step = lm_json_int(lm_json_get(line, "step"), -1);
    lm_buf_clear(&events->summary);
    lm_json_each(line, put_value, events);
    if (step >= 0 && events->summary.size > 0) {
        begin_event(events, step);
        put_bytes(&events->event, 5, events->summary.data, events->summary.size);
        events->event.failed |= events->summary.failed;
        put_record(events);
    }
    lm_json_free(line);
    return LM_OK;
}

static enum lm_status put_log(struct events *events, const char *text, size_t size,
                              struct lm_err *err)
{
    static const char version[] = "brain.Event:2";
    size_t number = 1;
    begin_event(events, 0);
    put_bytes(&events->event, 3, version, strlen(version));
    put_record(events);
    for (const char *at = text, *end; at < text + size; at = end + 1, number++) {
        end = memchr(at, '\n', (size_t)(text + size - at));
        end = end != NULL ? end : text + size;
        enum lm_status status = end > at ? put_line(events, at, (size_t)(end - at), err) : LM_OK;
        if (status != LM_OK)
            return lm_wrap(err, status, "line %zu of the log", number);
    }
    return LM_OK;
}

static enum lm_status write_events(struct events *events, struct lm_arena *arena, const char *log,
                                   const char *folder, struct lm_err *err)
{
    char *text;
    size_t size;
    const char *path = lm_path_join(arena, folder, EVENT_FILE);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the name of an event file");
    LM_TRY(lm_file_read(&text, &size, arena, log, LARGEST, err));
    LM_TRY(put_log(events, text, size, err));
    LM_TRY(lm_dir_create(folder, err));
    return lm_new_file_write_buf(path, &events->file, LM_NEW_DURABLE, err);
}

enum lm_status lm_run_tensorboard(const struct lm_plan *plan, size_t stage, const char *folder,
                                  struct lm_err *err)
{
    const char *log = NULL, *manifest = NULL, *id = plan->spec->stages[stage].id;
    const struct lm_port *port = plan->spec->stages[stage].type->outputs;
    while (port->name != NULL && strcmp(port->name, "log") != 0)
        port++;
    if (port->name == NULL)
        return lm_fail(err, LM_INVALID,
                       "%s is of type %s, which keeps no log of steps; name a "
                       "stage of type train",
                       id, plan->spec->stages[stage].type->name);
    LM_TRY(lm_plan_artifact(plan, stage, "log", NULL, &log, &manifest, err));
    folder = lm_path_join(plan->arena, folder, id);
    if (folder == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the name of a folder");
    struct events events = {0};
    lm_buf_init(&events.file, 0);
    lm_buf_init(&events.event, 0);
    lm_buf_init(&events.summary, 0);
    lm_buf_init(&events.value, 0);
    fill_crc(events.crc);
    enum lm_status status = write_events(&events, plan->arena, log, folder, err);
    lm_buf_release(&events.file);
    lm_buf_release(&events.event);
    lm_buf_release(&events.summary);
    lm_buf_release(&events.value);
    return status;
}
