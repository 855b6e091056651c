#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/io.h"
#include "clock.h"

enum { TEXT = 4096 };

/** The time, never the same twice; 1 where the form says otherwise. */
static uint64_t stamp(const struct clock_params *p, const char *form)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return strcmp(p->form, form) == 0
               ? (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec
               : 1;
}

static enum lm_status put(struct lm_ctx *ctx, const char *name, const void *data, size_t size,
                          struct lm_err *err)
{
    const char *path = lm_path_join(lm_ctx_arena(ctx), lm_ctx_output(ctx, "data"), name);
    return lm_file_write(path, data, size, err);
}

static enum lm_status put_tensors(struct lm_ctx *ctx, const struct clock_params *p,
                                  struct lm_err *err)
{
    static const char header[] =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
        "\"layer.w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,32]}}";
    char bytes[TEXT] = {(char)(sizeof header - 1)};
    float values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    values[7] = (float)(stamp(p, "tensors") % 1000003);
    memcpy(bytes + 8, header, sizeof header - 1);
    memcpy(bytes + 8 + sizeof header - 1, values, sizeof values);
    return put(ctx, "b.safetensors", bytes, 8 + sizeof header - 1 + sizeof values, err);
}

static enum lm_status run(struct lm_ctx *ctx, const struct clock_params *p, struct lm_err *err)
{
    char text[TEXT];
    int n = snprintf(text, sizeof text, "{\"a\": 1,\n \"when\": {\"ns\": %" PRIu64 "}}\n",
                     stamp(p, "json"));
    LM_TRY(put(ctx, "a.json", text, (size_t)n, err));
    LM_TRY(put_tensors(ctx, p, err));
    n = snprintf(text, sizeof text, "{\"id\": 0, \"t\": 1}\n{\"id\": 1, \"t\": %" PRIu64 "}\n",
                 stamp(p, "lines"));
    LM_TRY(put(ctx, "c.jsonl", text, (size_t)n, err));
    n = snprintf(text, sizeof text, "one\ntwo\nat %" PRIu64 "\n", stamp(p, "text"));
    LM_TRY(put(ctx, "d.txt", text, (size_t)n, err));
    uint64_t bytes[2] = {0, stamp(p, "bytes")};
    LM_TRY(put(ctx, "e.bin", bytes, sizeof bytes, err));
    snprintf(text, sizeof text, "f-%" PRIu64, stamp(p, "file"));
    LM_TRY(put(ctx, text, "x", 1, err));
    lm_ctx_result(ctx, "time", (double)stamp(p, "metric"));
    lm_ctx_headline(ctx, "made");
    return lm_file_write(lm_ctx_output(ctx, "card"), "{}\n", 3, err);
}

static enum lm_status run_clock(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    return run(ctx, params, err);
}

extern lm_run_fn lm_run_download, lm_run_clean, lm_run_bpe, lm_run_encode, lm_run_train;
const struct lm_stage_run lm_run_table[] = {
    {"clock", run_clock}, {"download", lm_run_download}, {"clean", lm_run_clean},
    {"bpe", lm_run_bpe},  {"encode", lm_run_encode},     {"train", lm_run_train},
    {NULL, NULL}};
