#include "task/task_data.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/io.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for the files of a task; free some");
}

enum lm_status lm_task_data_file(struct lm_task_files *out, struct lm_arena *arena,
                                 const struct lm_task_data *data, const char *path,
                                 struct lm_err *err)
{
    out->items = LM_NEW(arena, struct lm_task_file);
    if (out->items == NULL || path == NULL)
        return no_memory(err);
    out->items[0] = (struct lm_task_file){data->file, path};
    out->count = 1;
    return LM_OK;
}

/* What is found while the corpora are walked. */
struct finding {
    struct lm_arena *arena;
    const struct lm_task_data *data;
    struct lm_task_files *out;
    size_t capacity, name_capacity, name_count;
    const char **names; /* of all sources, for "did you mean" */
    bool has_source;
};

static enum lm_status note_source(struct finding *finding, const char *name, struct lm_err *err)
{
    size_t count = finding->name_count;
    if (count > 0 && strcmp(finding->names[count - 1], name) == 0)
        return LM_OK;
    void *grown = lm_arena_grow(finding->arena, finding->names, count, &finding->name_capacity,
                                sizeof *finding->names);
    if (grown == NULL)
        return no_memory(err);
    finding->names = grown;
    finding->names[finding->name_count++] = name;
    return LM_OK;
}

/* "SOURCE/MEMBER" below the folder of files. */
static enum lm_status take(struct finding *finding, const char *folder, const char *name,
                           struct lm_err *err)
{
    const struct lm_task_data *data = finding->data;
    struct lm_task_files *out = finding->out;
    const char *member = strchr(name, '/');
    if (member == NULL)
        return LM_OK;
    const char *source = lm_arena_strndup(finding->arena, name, (size_t)(member++ - name));
    if (source == NULL)
        return no_memory(err);
    LM_TRY(note_source(finding, source, err));
    if (!lm_glob_matches(data->source, source))
        return LM_OK;
    finding->has_source = true;
    if (data->files != NULL && !lm_glob_matches(data->files, member))
        return LM_OK;
    void *grown = lm_arena_grow(finding->arena, out->items, out->count, &finding->capacity,
                                sizeof *out->items);
    const char *path = lm_path_join(finding->arena, folder, name);
    if (grown == NULL || path == NULL)
        return no_memory(err);
    out->items = grown;
    bool is_single = strcmp(member, "data") == 0; /* a source that is one file */
    out->items[out->count++] = (struct lm_task_file){is_single ? source : name, path};
    return LM_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct lm_task_file *)a)->name, ((const struct lm_task_file *)b)->name);
}

enum lm_status lm_task_data_sources(struct lm_task_files *out, struct lm_arena *arena,
                                    const struct lm_task_data *data, const char *const *corpora,
                                    size_t corpus_count, struct lm_err *err)
{
    struct finding finding = {.arena = arena, .data = data, .out = out};
    struct lm_diag_list list = {.arena = arena};
    *out = (struct lm_task_files){.items = NULL};
    for (size_t i = 0; i < corpus_count; i++) {
        struct lm_names names;
        const char *folder = lm_path_join(arena, corpora[i], "files");
        if (folder == NULL)
            return no_memory(err);
        LM_TRY(lm_dir_walk(&names, NULL, arena, folder, err));
        for (size_t k = 0; k < names.count; k++)
            LM_TRY(take(&finding, folder, names.items[k], err));
    }
    if (!finding.has_source)
        return lm_fail(err, LM_INVALID, "data.source: no source of task_data is called %s%s",
                       lm_quote(arena, data->source),
                       lm_hint(&list, data->source, finding.names, finding.name_count));
    if (out->count == 0)
        return lm_fail(err, LM_INVALID, "data.files: no member of these sources is called %s",
                       lm_quote(arena, data->files));
    qsort(out->items, out->count, sizeof *out->items, by_name);
    return LM_OK;
}
