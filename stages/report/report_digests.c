#include "base/io.h"

#include "report_input.h"

static const char *const ports[] = {"scores", "log",   "items",    "samples",
                                    "card",   "vocab", "tokenizer"};

enum { PORTS = sizeof ports / sizeof ports[0] };

struct digests {
    struct report *report;
    size_t capacity;
};

static enum lm_status add(struct digests *digests, const char *port, const char *file,
                          const char *path, struct lm_err *err)
{
    struct report *report = digests->report;
    const struct lm_json *wiring = lm_json_get(report->experiment, "in");
    struct lm_digest digest;
    report->inputs = lm_arena_grow(report->arena, report->inputs, report->input_count,
                                   &digests->capacity, sizeof *report->inputs);
    if (report->inputs == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for digests; free some and run again");
    LM_TRY(lm_sha256_file(&digest, NULL, path, err));
    struct report_digest *out = &report->inputs[report->input_count++];
    *out = (struct report_digest){
        .port = port,
        .file = file,
        .from = lm_json_string(lm_json_at(lm_json_get(wiring, port), 0), NULL)};
    lm_digest_hex(out->hex, &digest);
    return LM_OK;
}

enum lm_status report_digests_take(struct report *report, struct lm_ctx *ctx, struct lm_err *err)
{
    struct digests digests = {report, 0};
    for (size_t p = 0; p < PORTS; p++) {
        const char *path = lm_ctx_input(ctx, ports[p]);
        struct lm_names names;
        if (path == NULL)
            continue;
        if (!lm_path_is_dir(path)) {
            LM_TRY(add(&digests, ports[p], NULL, path, err));
            continue;
        }
        LM_TRY(lm_dir_list(&names, report->arena, path, err));
        for (size_t i = 0; i < names.count; i++) {
            const char *file = lm_path_join(report->arena, path, names.items[i]);
            if (file == NULL)
                return lm_fail(err, LM_NOMEM, "no memory for paths; free some and run again");
            if (!lm_path_is_dir(file))
                LM_TRY(add(&digests, ports[p], names.items[i], file, err));
        }
    }
    return LM_OK;
}
