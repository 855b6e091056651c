/** A folder with a store, a fake worker and plans made in it. */
#ifndef LM_TESTS_PLAN_BENCH_H
#define LM_TESTS_PLAN_BENCH_H

#include "tap.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/stat_time.h"
#include "plan/plan.h"
#include "store/ahead.h"
#include "store/record.h"
#include "store/stat_index.h"
#include "unit/pipeline/fakes.h"

#define CORPUS                                                                                     \
    "  corpus: {uses: download, with: {sources: [{name: a, path: text.txt}]}}\n"                   \
    "  text: {uses: clean, in: {corpus: corpus}}\n"                                                \
    "  tokens: {uses: encode, in: {text: text}}\n"
#define MODEL(with) "  model: {uses: train, in: {tokens: tokens}, with: {" with "}}\n"
#define PAGE "  page: {uses: report, in: {logs: model, card: text}}\n"
#define RESOURCES(memory)                                                                          \
    "lmpipe: 1\nexperiment: t\nstages:\n" CORPUS                                                   \
    "  model: {uses: train, in: {tokens: tokens}, with: {steps: 3}, resources: {memory: " memory   \
    "}}\n"
#define SPEC(with) "lmpipe: 1\nexperiment: t\nstages:\n" CORPUS MODEL(with) PAGE

/** A folder with a store, a fake worker and the last spec and plan made in it. */
struct bench {
    struct fake_folder folder;
    struct lm_store *store;
    struct lm_spec *spec;
    struct lm_plan *plan;
    struct lm_err err;
    const char *worker;
    size_t threads; /* 0: those of the machine */
};

static inline bool bench_open(struct bench *b)
{
    memset(b, 0, sizeof *b);
    if (!fake_folder_make(&b->folder))
        return false;
    fake_write(&b->folder, "text.txt", "some words\n");
    b->worker = fake_write(&b->folder, "worker",
                           "#!/bin/sh\n"
                           "echo asked >> \"$(dirname \"$0\")/asked\"\n"
                           "echo \"numerics blas openblas 9.9.9 ${OPENBLAS_CORETYPE:-Toy} f32\"\n"
                           "echo numerics portable 1\n");
    chmod(b->worker, 0700);
    lm_dir_create(lm_path_join(b->folder.arena, b->folder.path, "artifacts"), NULL);
    return lm_store_open(&b->store,
                         lm_path_join(b->folder.arena, b->folder.path, "artifacts/store"),
                         &b->err) == LM_OK;
}

static inline void bench_close(struct bench *b)
{
    lm_plan_free(b->plan);
    lm_store_close(b->store);
    fake_folder_remove(&b->folder);
}

static inline const char *bench_env(void *user, const char *name)
{
    return strcmp(name, "OPENBLAS_CORETYPE") == 0 ? user : NULL;
}

static inline enum lm_status make_plan_env(struct bench *b, const char *text,
                                           const struct lm_selection *selection, char *coretype)
{
    struct lm_diags diags;
    struct lm_plan_options options = {
        .worker = b->worker, .env = bench_env, .env_user = coretype, .threads = b->threads};
    if (selection != NULL)
        options.selection = *selection;
    lm_plan_free(b->plan);
    b->plan = NULL;
    b->spec = NULL;
    enum lm_status status = fake_load(&b->folder, text, NULL, 0, &b->spec, &diags);
    for (size_t i = 0; i < diags.count; i++)
        printf("# %s\n", fake_diag(&b->folder, &diags, i));
    if (status != LM_OK)
        return status;
    return lm_plan_create(&b->plan, b->spec, b->store, &options, &b->err);
}

static inline enum lm_status make_plan(struct bench *b, const char *text)
{
    return make_plan_env(b, text, NULL, NULL);
}

/** One output file of a fake run: written, hashed, entered. */
static inline bool make_output(struct bench *b, struct lm_output *output,
                               const struct lm_port *port, const char *folder, const char *content)
{
    struct lm_arena *arena = b->folder.arena;
    struct stat st;
    char hex[LM_DIGEST_HEX];
    struct lm_output_file *file = LM_NEW(arena, struct lm_output_file);
    const char *base = lm_arena_printf(arena, "%s/out/%s", folder, port->name);
    const char *path = port->flags & LM_PORT_FOLDER ? lm_path_join(arena, base, "data") : base;
    lm_dir_create(lm_path_dir(arena, path), NULL);
    if (lm_file_write(path, content, strlen(content), NULL) != LM_OK || stat(path, &st) != 0)
        return false;
    lm_sha256_bytes(&file->object, content, strlen(content));
    lm_digest_hex(hex, &file->object);
    file->name = port->flags & LM_PORT_FOLDER ? "data" : NULL;
    file->size = strlen(content);
    file->mtime_ns = lm_stat_mtime_ns(&st);
    file->logical = lm_arena_printf(arena, "sha256:%s", hex);
    *output = (struct lm_output){
        .port = port->name, .folder = port->flags & LM_PORT_FOLDER, .files = file, .file_count = 1};
    return true;
}

/** Commits a result for a keyed stage and updates the plan, as the executor does. */
static inline bool fake_run(struct bench *b, size_t stage, const char *content)
{
    struct lm_plan_stage *s = &b->plan->stages[stage];
    struct lm_arena *arena = b->folder.arena;
    struct lm_record *record = LM_NEW(arena, struct lm_record);
    const char *folder = lm_arena_printf(arena, "%s/artifacts/store/tmp/job", b->folder.path);
    const struct lm_port *ports = b->spec->stages[stage].type->outputs;
    if (lm_plan_update(b->plan, stage, &b->err) != LM_OK || !s->keyed)
        return false;
    if (s->state == LM_HIT)
        return true;
    *record = (struct lm_record){.key = s->key, .key_text = s->key_text, .seconds = 151};
    record->outputs = LM_NEW_ARRAY(arena, struct lm_output, 4);
    for (; ports->name != NULL; ports++)
        if (!make_output(b, &record->outputs[record->output_count++], ports, folder, content))
            return false;
    if (lm_record_seal(record, arena, &b->err) != LM_OK ||
        lm_store_commit(b->store, folder, record, &b->err) != LM_OK)
        return false;
    s->record = record;
    s->state = LM_DONE;
    return lm_dir_remove(folder, NULL) == LM_OK;
}

/** Runs all; what each stage makes is its own key text, or `same`. Remembers the keys as last. */
static inline bool run_all(struct bench *b, const char *same)
{
    size_t count = b->spec->stage_count;
    if (lm_last_claim(b->spec, NULL, &b->err) != LM_OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (lm_plan_update(b->plan, i, &b->err) != LM_OK)
            return false;
        const char *text =
            same && b->plan->stages[i].state != LM_HIT ? same : b->plan->stages[i].key_text;
        if (!fake_run(b, i, text)) {
            printf("# %s: %s\n", b->spec->stages[i].id, b->err.text);
            return false;
        }
        if (lm_last_note(b->spec, b->spec->stages[i].id, &b->plan->stages[i].key, &b->err) != LM_OK)
            return false;
    }
    return true;
}

/** What a printing function writes, in the folder's arena. */
static inline char *caught(struct bench *b, FILE *file, char **data)
{
    fclose(file);
    char *copy = lm_arena_strdup(b->folder.arena, *data);
    free(*data);
    return copy;
}

static inline const char *printed(struct bench *b, bool json)
{
    char *data = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&data, &size);
    lm_plan_print(b->plan, json, file);
    return caught(b, file, &data);
}

/** The answer of `why` with the spec's folder cut out. */
static inline const char *explained(struct bench *b, const char *stage, bool json)
{
    char *data = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&data, &size);
    lm_plan_explain(b->plan, lm_spec_find(b->spec, stage, NULL), json, file, &b->err);
    char *text = caught(b, file, &data);
    const char *cut = lm_arena_printf(b->folder.arena, "%s/", b->folder.path);
    for (char *p; (p = strstr(text, cut)) != NULL;)
        memmove(p, p + strlen(cut), strlen(p + strlen(cut)) + 1);
    return text;
}

static inline const char *reason(struct bench *b, const char *stage)
{
    const char *text = b->plan->stages[lm_spec_find(b->spec, stage, NULL)].reason;
    char *copy = lm_arena_strdup(b->folder.arena, text);
    const char *cut = lm_arena_printf(b->folder.arena, "%s/", b->folder.path);
    for (char *p; (p = strstr(copy, cut)) != NULL;)
        memmove(p, p + strlen(cut), strlen(p + strlen(cut)) + 1);
    return copy;
}

static inline enum lm_state state(struct bench *b, const char *stage)
{
    return b->plan->stages[lm_spec_find(b->spec, stage, NULL)].state;
}

#endif
