#include "model/formats/hf_shards.h"

#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"

enum { INDEX_MAX = 1 << 24 };

/* A model.safetensors.index.json while it is read. */
struct index {
    const char *folder, *path;
    struct lm_arena *arena;
    const char *names[LM_HF_SHARDS]; /* of the files, in the order they are first named */
    size_t count;
    const struct lm_json *map; /* tensor → file */
    enum lm_status status;
    struct lm_err *err;
};

static bool is_file_name(const char *name)
{
    return name != NULL && name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static bool visit_tensor(void *user, const char *tensor, const struct lm_json *value)
{
    struct index *index = user;
    size_t size = 0, i = 0;
    const char *name = lm_json_string(value, &size);
    if (!is_file_name(name) || strlen(name) != size) {
        index->status = lm_fail(index->err, LM_FORMAT,
                                "%s: tensor \"%.80s\" lies in no file of this folder; take the "
                                "file again",
                                index->path, tensor);
        return false;
    }
    while (i < index->count && strcmp(index->names[i], name) != 0)
        i++;
    if (i == LM_HF_SHARDS)
        index->status = lm_fail(index->err, LM_FORMAT,
                                "%s: names more than %d files; save the model in larger ones",
                                index->path, LM_HF_SHARDS);
    else if (i == index->count)
        index->names[index->count++] = name;
    return index->status == LM_OK;
}

/* Every tensor of a file is listed as its own. */
static enum lm_status check_listed(const struct index *index, const struct lm_safetensors *file,
                                   const char *name)
{
    for (size_t i = 0; i < lm_safetensors_count(file); i++) {
        const char *tensor = lm_safetensors_at(file, i)->name;
        const char *listed = lm_json_string(lm_json_get(index->map, tensor), NULL);
        if (listed == NULL || strcmp(listed, name) != 0)
            return lm_fail(index->err, LM_FORMAT,
                           "%s does not say that tensor \"%s\" lies in %.80s; the files do not "
                           "belong together: take them again",
                           index->path, tensor, name);
    }
    return LM_OK;
}

static enum lm_status open_listed(struct lm_hf_shards *out, const struct index *index)
{
    size_t tensors = 0;
    for (size_t i = 0; i < index->count; i++) {
        const char *path = lm_path_join(index->arena, index->folder, index->names[i]);
        if (path == NULL)
            return lm_fail(index->err, LM_NOMEM, "out of memory for %s", index->path);
        LM_TRY(lm_safetensors_open(&out->files[i], path, index->err));
        out->count = i + 1;
        tensors += lm_safetensors_count(out->files[i]);
        LM_TRY(check_listed(index, out->files[i], index->names[i]));
    }
    if (tensors != lm_json_count(index->map))
        return lm_fail(index->err, LM_FORMAT,
                       "%s lists %zu tensors, its files hold %zu; take them again", index->path,
                       lm_json_count(index->map), tensors);
    return LM_OK;
}

static enum lm_status parse_index(struct lm_hf_shards *out, struct index *index, const char *text,
                                  size_t size)
{
    struct lm_json *root = NULL;
    enum lm_status status = lm_json_parse(&root, text, size, index->err);
    if (status != LM_OK)
        return lm_wrap(index->err, status, "%s", index->path);
    index->map = lm_json_get(root, "weight_map");
    if (!lm_json_is_object(index->map) || lm_json_count(index->map) == 0)
        status = lm_fail(index->err, LM_FORMAT,
                         "%s: weight_map is no list of tensors; take it again", index->path);
    if (status == LM_OK) {
        lm_json_each(index->map, visit_tensor, index);
        status = index->status;
    }
    if (status == LM_OK)
        status = open_listed(out, index);
    lm_json_free(root);
    return status;
}

static enum lm_status open_index(struct lm_hf_shards *out, struct lm_arena *arena,
                                 const char *folder, const char *path, struct lm_err *err)
{
    struct index index = {.folder = folder, .path = path, .arena = arena, .err = err};
    char *text = NULL;
    size_t size = 0;
    LM_TRY(lm_file_read(&text, &size, arena, path, INDEX_MAX, err));
    return parse_index(out, &index, text, size);
}

static enum lm_status open_all(struct lm_hf_shards *out, struct lm_arena *arena, const char *path,
                               struct lm_err *err)
{
    const char *one = path, *index = NULL;
    if (lm_path_is_dir(path)) {
        one = lm_path_join(arena, path, "model.safetensors");
        index = lm_path_join(arena, path, "model.safetensors.index.json");
        if (one == NULL || index == NULL)
            return lm_fail(err, LM_NOMEM, "out of memory for %s", path);
        if (!lm_path_exists(one) && lm_path_exists(index))
            return open_index(out, arena, path, index, err);
    }
    LM_TRY(lm_safetensors_open(&out->files[0], one, err));
    out->count = 1;
    return LM_OK;
}

enum lm_status lm_hf_shards_open(struct lm_hf_shards *out, const char *path, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_hf_shards shards = {.count = 0};
    enum lm_status status = arena == NULL ? lm_fail(err, LM_NOMEM, "out of memory for %s", path)
                                          : open_all(&shards, arena, path, err);
    lm_arena_free(arena);
    if (status == LM_OK)
        *out = shards;
    else
        lm_hf_shards_close(&shards);
    return status;
}

void lm_hf_shards_close(struct lm_hf_shards *shards)
{
    for (size_t i = 0; i < shards->count; i++)
        lm_safetensors_close(shards->files[i]);
    shards->count = 0;
}
