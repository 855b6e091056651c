/** A small table of stage types with every kind of row, for the tests of pipeline/: they do not
 *  move when real stages do. Also: a folder of files for a test, and loading a spec from a text. */
#ifndef LM_TESTS_FAKES_H
#define LM_TESTS_FAKES_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lmpipe/pipeline.h>

#include "base/io.h"
#include "spec/spec.h"

struct fake_source {
    const char *name, *url, *path, *sha256, *license;
    struct lm_list mirrors; /* const char * */
    bool allow_unpinned;
};

struct fake_fetch {
    struct lm_list sources; /* struct fake_source */
    double patience;
};

static const struct lm_param fake_source_rows[] = {
    {LM_FIELD(struct fake_source, name), .type = LM_P_STR, .flags = LM_PARAM_REQUIRED,
     .help = "name of the source"},
    {LM_FIELD(struct fake_source, url), .type = LM_P_URL, .flags = LM_PARAM_ENV, .help = "address",
     .pinned_by = "sha256"},
    {LM_FIELD(struct fake_source, path), .type = LM_P_PATH, .flags = LM_PARAM_ENV,
     .help = "file or folder", .pinned_by = "sha256"},
    {LM_FIELD(struct fake_source, mirrors), .type = LM_P_LIST, .item = LM_P_URL,
     .flags = LM_PARAM_ENV, .help = "further addresses", .pinned_by = "sha256"},
    {LM_FIELD(struct fake_source, sha256), .type = LM_P_STR, .help = "pin"},
    {LM_FIELD(struct fake_source, license), .type = LM_P_STR, .def_str = "unknown",
     .help = "license"},
    {LM_FIELD(struct fake_source, allow_unpinned), .type = LM_P_BOOL, .help = "take what comes",
     .flags = LM_PARAM_COMPACT},
    {0},
};

static const struct lm_param fake_fetch_rows[] = {
    {LM_FIELD(struct fake_fetch, sources), .type = LM_P_LIST, .item = LM_P_RECORD,
     .flags = LM_PARAM_REQUIRED, .fields = fake_source_rows,
     .fields_size = sizeof(struct fake_source), .help = "what to fetch"},
    {LM_FIELD(struct fake_fetch, patience), .type = LM_P_DURATION, .flags = LM_PARAM_NOT_IN_KEY,
     .def_float = 60, .help = "longest wait"},
    {0},
};

struct fake_split {
    const char *by;
    double valid;
};

struct fake_clean {
    struct fake_split split;
    bool dedup;
    struct lm_list rules; /* const char * */
};

static const char *const fake_by[] = {"hash", "position", NULL};
static const struct lm_param fake_split_rows[] = {
    {LM_FIELD(struct fake_split, by), .type = LM_P_ENUM, .def_str = "hash", .choices = fake_by,
     .help = "how sides are chosen"},
    {LM_FIELD(struct fake_split, valid), .type = LM_P_FLOAT, .def_float = 0.05, .min = 0, .max = 1,
     .flags = LM_PARAM_OPEN_MAX, .help = "share of validation"},
    {0},
};
static const struct lm_param fake_clean_rows[] = {
    {LM_FIELD(struct fake_clean, split), .type = LM_P_RECORD, .flags = LM_PARAM_SHORT,
     .fields = fake_split_rows, .fields_size = sizeof(struct fake_split), .help = "sides"},
    {LM_FIELD(struct fake_clean, dedup), .type = LM_P_BOOL, .def_bool = true,
     .help = "drop copies"},
    {LM_FIELD(struct fake_clean, rules), .type = LM_P_LIST, .item = LM_P_STR,
     .help = "rules in order"},
    {0},
};

struct fake_train {
    int64_t steps, warmup, cache;
    double lr, min_lr;
    const char *schedule;
};

static const char *const fake_schedules[] = {"cosine", "linear", "constant", NULL};
static const struct lm_param fake_train_rows[] = {
    {LM_FIELD(struct fake_train, steps), .type = LM_P_INT, .def_int = 100, .min = 1, .max = 1e9,
     .unit = "steps", .help = "updates"},
    {LM_FIELD(struct fake_train, warmup), .type = LM_P_INT, .def_int = LM_UNSET_INT,
     .help = "steps of warm-up; a tenth of steps by default"},
    {LM_FIELD(struct fake_train, lr), .type = LM_P_FLOAT, .def_float = 6e-4, .min = 0, .max = 1,
     .flags = LM_PARAM_OPEN_MIN, .help = "peak learning rate",
     .source = "Brown et al. 2020, table 2.1"},
    {LM_FIELD(struct fake_train, min_lr), .type = LM_P_FLOAT, .def_float = 0,
     .help = "last learning rate"},
    {LM_FIELD(struct fake_train, schedule), .type = LM_P_ENUM, .def_str = "cosine",
     .choices = fake_schedules, .help = "shape of the learning rate"},
    {LM_FIELD(struct fake_train, cache), .type = LM_P_SIZE, .def_int = 1048576,
     .flags = LM_PARAM_NOT_IN_KEY, .help = "read-ahead"},
    {0},
};

static enum lm_status fake_train_resolve(void *params, struct lm_arena *arena, struct lm_err *err)
{
    struct fake_train *p = params;
    (void)arena;
    if (p->warmup == LM_UNSET_INT)
        p->warmup = p->steps / 10;
    if (p->min_lr > p->lr)
        return lm_fail_field(err, LM_INVALID, "min_lr: must not exceed lr; lower it");
    return LM_OK;
}

/* Of each thread beyond the first. */
enum { FAKE_THREAD_BYTES = 1000 };

static void fake_train_estimate(const void *params, const struct lm_upstream *upstream,
                                struct lm_estimate *out)
{
    const struct fake_train *p = params;
    int64_t size = 1;
    upstream->get_int(upstream->user, "encode", "vocab_size", &size);
    out->memory = (uint64_t)p->steps * (uint64_t)size * 1000000 +
                  (uint64_t)(upstream->threads - 1) * FAKE_THREAD_BYTES;
    out->sizes[0] = (uint64_t)p->cache;
    out->sizes[1] = 1;
    snprintf(out->text, sizeof out->text, "%lld steps", (long long)p->steps);
}

struct fake_encode {
    int64_t vocab_size;
};

static const struct lm_param fake_encode_rows[] = {
    {LM_FIELD(struct fake_encode, vocab_size), .type = LM_P_INT, .def_int = 300, .min = 257,
     .max = 65536, .help = "entries"},
    {0},
};

struct fake_none {
    char unused;
};

static const struct lm_param fake_no_rows[] = {{0}};
static const struct lm_port fake_no_ports[] = {{0}};
static const struct lm_port fake_corpus[] = {
    {"corpus", "corpus", "what was fetched", LM_PORT_FOLDER}, {0}};
static const struct lm_port fake_text_out[] = {
    {"text", "text", "documents", LM_PORT_FOLDER}, {"card", "card", "facts", 0}, {0}};
static const struct lm_port fake_text_in[] = {{"text", "text", "documents", LM_PORT_FOLDER}, {0}};
static const struct lm_port fake_tokens[] = {{"tokens", "tokens", "token store", LM_PORT_FOLDER},
                                             {0}};
static const struct lm_port fake_train_in[] = {
    {"tokens", "tokens", "token store", LM_PORT_FOLDER},
    {"init", "model", "model to start from", LM_PORT_FOLDER | LM_PORT_OPTIONAL},
    {0}};
static const struct lm_port fake_model[] = {
    {"model", "model", "trained model", LM_PORT_FOLDER}, {"log", "log", "losses", 0}, {0}};
static const struct lm_port fake_report_in[] = {{"logs", "log", "training logs", LM_PORT_LIST},
                                                {"card", "card", "facts", LM_PORT_OPTIONAL},
                                                {0}};
static const struct lm_port fake_report_out[] = {
    {"html", "html", "page", 0}, {"md", "markdown", "text", 0}, {0}};
static const struct lm_port fake_two_out[] = {
    {"first", "log", "one", 0}, {"second", "log", "two", 0}, {0}};

static const struct lm_metric_row fake_clean_metrics[] = {
    {"kept", "documents", LM_BETTER_NONE, "documents left"}, {0}};
static const struct lm_metric_row fake_train_metrics[] = {
    {"{valid,test}.loss", "nats", LM_BETTER_LOWER, "held-out loss"},
    {"loss", "nats", LM_BETTER_LOWER, "last loss"},
    {0}};

static const struct lm_metric_row fake_twins_metrics[] = {
    {"x", NULL, LM_BETTER_NONE, "one"}, {"y", NULL, LM_BETTER_NONE, "two"}, {0}};

static const struct lm_stage fake_stage_download = {.name = "download",
                                                    .version = 2,
                                                    .summary = "Fetches files",
                                                    .flags = LM_STAGE_NETWORK,
                                                    .inputs = fake_no_ports,
                                                    .outputs = fake_corpus,
                                                    .params = fake_fetch_rows,
                                                    .params_size = sizeof(struct fake_fetch)};
static const struct lm_stage fake_stage_clean = {.name = "clean",
                                                 .version = 1,
                                                 .summary = "Cleans text",
                                                 .inputs = fake_corpus,
                                                 .outputs = fake_text_out,
                                                 .params = fake_clean_rows,
                                                 .params_size = sizeof(struct fake_clean),
                                                 .metrics = fake_clean_metrics};
static const struct lm_stage fake_stage_encode = {.name = "encode",
                                                  .version = 1,
                                                  .summary = "Makes tokens",
                                                  .inputs = fake_text_in,
                                                  .outputs = fake_tokens,
                                                  .params = fake_encode_rows,
                                                  .params_size = sizeof(struct fake_encode)};
static const struct lm_stage fake_stage_train = {.name = "train",
                                                 .version = 3,
                                                 .summary = "Trains a model",
                                                 .flags = LM_STAGE_SEED | LM_STAGE_NUMERIC,
                                                 .inputs = fake_train_in,
                                                 .outputs = fake_model,
                                                 .params = fake_train_rows,
                                                 .params_size = sizeof(struct fake_train),
                                                 .metrics = fake_train_metrics,
                                                 .resolve = fake_train_resolve,
                                                 .estimate = fake_train_estimate};
static const struct lm_stage fake_stage_report = {.name = "report",
                                                  .version = 1,
                                                  .summary = "Writes a page",
                                                  .flags = LM_STAGE_EXPERIMENT,
                                                  .inputs = fake_report_in,
                                                  .outputs = fake_report_out,
                                                  .params = fake_no_rows,
                                                  .params_size = sizeof(struct fake_none)};
static const struct lm_stage fake_stage_twins = {.name = "twins",
                                                 .version = 1,
                                                 .summary = "Has two outputs of one kind",
                                                 .inputs = fake_no_ports,
                                                 .outputs = fake_two_out,
                                                 .metrics = fake_twins_metrics,
                                                 .params = fake_no_rows,
                                                 .params_size = sizeof(struct fake_none)};

static const struct lm_stage *const fake_types[] = {&fake_stage_download,
                                                    &fake_stage_clean,
                                                    &fake_stage_encode,
                                                    &fake_stage_train,
                                                    &fake_stage_report,
                                                    &fake_stage_twins,
                                                    NULL};

static inline const char *fake_env(void *user, const char *name)
{
    return strcmp(name, "DATA") == 0 ? (const char *)user : NULL;
}

/** A folder of its own under the system's temporary one; removed by fake_folder_remove. */
struct fake_folder {
    char path[64];
    struct lm_arena *arena;
};

static inline bool fake_folder_make(struct fake_folder *folder)
{
    strcpy(folder->path, "/tmp/lmpipe-test-XXXXXX");
    folder->arena = lm_arena_create();
    return folder->arena != NULL && mkdtemp(folder->path) != NULL;
}

static inline void fake_folder_remove(struct fake_folder *folder)
{
    lm_dir_remove(folder->path, NULL);
    lm_arena_free(folder->arena);
}

/** Writes a file into the folder; its path. */
static inline const char *fake_write(struct fake_folder *folder, const char *name, const char *text)
{
    const char *path = lm_path_join(folder->arena, folder->path, name);
    if (path == NULL || lm_file_write(path, text, strlen(text), NULL) != LM_OK)
        return NULL;
    return path;
}

/** Loads `text` as spec.yaml of the folder with the fake types. */
static inline enum lm_status fake_load(struct fake_folder *folder, const char *text,
                                       const struct lm_setting *settings, size_t setting_count,
                                       struct lm_spec **spec, struct lm_diags *diags)
{
    struct lm_err err = {.status = LM_OK};
    struct lm_spec_options options = {.types = fake_types,
                                      .settings = settings,
                                      .setting_count = setting_count,
                                      .env = fake_env,
                                      .env_user = folder->path};
    const char *path = fake_write(folder, "spec.yaml", text);
    return lm_spec_load(spec, diags, folder->arena, path, &options, &err);
}

/** The i-th finding without the folder's path in front; "" when there is none. */
static inline const char *fake_diag(struct fake_folder *folder, const struct lm_diags *diags,
                                    size_t i)
{
    if (i >= diags->count)
        return "";
    const char *text = lm_diag_format(folder->arena, &diags->items[i]);
    size_t length = strlen(folder->path);
    return strncmp(text, folder->path, length) == 0 ? text + length + 1 : text;
}

#endif
