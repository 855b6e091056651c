#include "import_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"

enum { HEAD = 16, LARGEST_JSON = 256 << 20, LARGEST_HEADER = 16 << 20 };

/* ---- what a file without a name of its own is ---- */

/* Members that only one kind of JSON file has. The first row that fits counts. */
static const struct {
    const char *member, *name;
} json_kinds[] = {
    {"weight_map", "model.safetensors.index.json"},
    {"model_type", "config.json"},
    {"model", "tokenizer.json"},
    {"add_prefix_space", "tokenizer_config.json"},
    {"tokenizer_class", "tokenizer_config.json"},
    {"_from_model_config", "generation_config.json"},
};

static bool is_number(void *user, const char *key, const struct lm_json *value)
{
    bool *fits = user;
    (void)key;
    *fits = lm_json_is_number(value);
    return *fits;
}

static bool is_object_of_numbers(const struct lm_json *json)
{
    bool fits = false;
    lm_json_each(json, is_number, &fits);
    return fits;
}

static enum lm_status name_json(const char **name, const char *path, struct lm_err *err)
{
    char *text;
    size_t size;
    struct lm_json *json = NULL;
    struct lm_arena *arena = lm_arena_create();
    if (arena == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to read a file; free some");
    enum lm_status status = lm_file_read(&text, &size, arena, path, LARGEST_JSON, err);
    if (status == LM_OK)
        status = lm_json_parse_lenient(&json, text, size, err);
    for (size_t i = 0;
         status == LM_OK && *name == NULL && i < sizeof json_kinds / sizeof *json_kinds; i++)
        if (lm_json_get(json, json_kinds[i].member) != NULL)
            *name = json_kinds[i].name;
    if (status == LM_OK && *name == NULL && is_object_of_numbers(json))
        *name = "vocab.json";
    lm_json_free(json);
    lm_arena_free(arena);
    return status;
}

/* The length of a safetensors header, then the header, a JSON object. */
static bool is_safetensors(const unsigned char *head, size_t size)
{
    uint64_t length = 0;
    for (size_t i = 0; i < 8; i++)
        length |= (uint64_t)head[i] << (8 * i);
    return size > 8 && length <= LARGEST_HEADER && head[8] == '{';
}

static enum lm_status read_head(unsigned char head[HEAD], size_t *size, const char *path,
                                struct lm_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, head, HEAD) : -1;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return lm_fail_errno(err, error, "cannot read %s", path);
    *size = (size_t)got;
    return LM_OK;
}

/* NULL: nothing of a model. */
static enum lm_status name_by_content(const char **name, const char *path, struct lm_err *err)
{
    unsigned char head[HEAD] = {0};
    size_t size = 0;
    *name = NULL;
    LM_TRY(read_head(head, &size, path, err));
    if (size >= 4 && memcmp(head, "GGUF", 4) == 0)
        *name = "model.gguf";
    else if (is_safetensors(head, size))
        *name = "model.safetensors";
    else if (size >= 9 && memcmp(head, "#version:", 9) == 0)
        *name = "merges.txt";
    else if (size > 0 && head[0] == '{')
        return name_json(name, path, err);
    return LM_OK;
}

/* ---- links ---- */

enum lm_status import_link(const char *folder, struct lm_arena *arena, const char *name,
                           const char *file, struct lm_err *err)
{
    const char *link = lm_path_join(arena, folder, name);
    if (link == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    if (symlink(file, link) == 0)
        return LM_OK;
    if (errno == EEXIST)
        return lm_fail(err, LM_FORMAT,
                       "two files are %s; leave one out by `include`, or download one model alone",
                       name);
    return lm_fail_errno(err, errno, "cannot link %s", link);
}

/* "gpt2/data" or "gpt2/onnx/config.json", below files/. Of a folder in a source only the top
 * counts: what lies deeper belongs to other forms of the model. */
static enum lm_status link_member(const char *folder, struct lm_arena *arena, const char *files,
                                  const char *member, struct lm_err *err)
{
    const char *path = lm_path_join(arena, files, member), *slash = strchr(member, '/');
    const char *name = slash != NULL ? slash + 1 : member;
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    if (strcmp(name, "data") == 0) {
        enum lm_status status = name_by_content(&name, path, err);
        if (status != LM_OK)
            return lm_wrap(err, status, "source %.*s", (int)(slash - member), member);
        if (name == NULL)
            return lm_fail(err, LM_FORMAT,
                           "source %.*s is no part of a model: neither weights, config.json nor a "
                           "tokenizer; leave it out",
                           (int)(slash - member), member);
    }
    return strchr(name, '/') != NULL ? LM_OK : import_link(folder, arena, name, path, err);
}

enum lm_status import_link_corpus(const char *folder, struct lm_arena *arena, const char *corpus,
                                  struct lm_err *err)
{
    struct lm_names members = {0};
    const char *files = lm_path_join(arena, corpus, "files");
    if (files == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    LM_TRY(lm_dir_walk(&members, NULL, arena, files, err));
    for (size_t i = 0; i < members.count; i++)
        LM_TRY(link_member(folder, arena, files, members.items[i], err));
    return LM_OK;
}
