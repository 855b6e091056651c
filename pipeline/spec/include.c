/* Files of a spec: reading, include with deep merge. */
#include "spec/load.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

#define STDIN_NAME "<stdin>"

enum { INCLUDE_DEPTH = 16, INCLUDE_FILES = 100 };

/** A file being read and the files that include it. */
struct chain {
    const struct chain *up;
    const char *real; /* canonical path */
};

static enum lm_status read_regular(char **data, size_t *size, struct lm_arena *arena,
                                   const char *path, struct lm_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return lm_fail_errno(err, errno, "%s: cannot be read", path);
    if (!S_ISREG(st.st_mode))
        return lm_fail(err, LM_IO, "%s: is %s; name a YAML file, or - for standard input", path,
                       S_ISDIR(st.st_mode) ? "a folder" : "no regular file");
    return lm_file_read(data, size, arena, path, LM_YAML_BYTES + 1, err);
}

/** Registers a file; false when memory is out. */
static bool add_file(struct lm_load *load, const char *name, const char *real, const char *data,
                     size_t size)
{
    struct lm_load_file *files =
        lm_load_keep(load, lm_arena_grow(load->arena, load->files, load->file_count,
                                         &load->file_capacity, sizeof *files));
    const char *kept = lm_load_keep(load, lm_arena_strdup(load->arena, real));
    const char *folder = lm_load_keep(load, lm_path_dir(load->arena, real));
    if (files == NULL || kept == NULL || folder == NULL)
        return false;
    load->files = files;
    struct lm_load_file *file = &files[load->file_count++];
    *file = (struct lm_load_file){.name = name, .real = kept, .folder = folder};
    lm_sha256_bytes(&file->digest, data, size);
    return true;
}

const char *lm_load_folder(const struct lm_load *load, const struct lm_origin *at)
{
    for (size_t i = 0; i < load->file_count; i++)
        if (at->file != NULL && strcmp(load->files[i].name, at->file) == 0)
            return load->files[i].folder;
    return load->files[0].folder;
}

/** The keys of a map by their places. */
static struct lm_name_map keys_of(struct lm_load *load, const struct lm_node *map)
{
    struct lm_name_map keys;
    lm_name_map_init(&keys, load->arena);
    for (size_t i = 0; i < map->count; i++)
        if (!lm_name_map_put(&keys, map->entries[i].key, i))
            lm_load_keep(load, NULL);
    return keys;
}

/** `over` laid on `under`: maps are merged, anything else replaced. */
static const struct lm_node *merge(struct lm_load *load, const struct lm_node *over,
                                   const struct lm_node *under)
{
    if (under == NULL || over->kind != LM_NODE_MAP || under->kind != LM_NODE_MAP)
        return over;
    struct lm_node *out = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    struct lm_entry *entries =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_entry, over->count + under->count));
    if (out == NULL || entries == NULL)
        return over;
    *out = *over;
    out->entries = entries;
    struct lm_name_map above = keys_of(load, over), below = keys_of(load, under);
    for (size_t i = 0; i < over->count; i++) {
        size_t place = lm_name_map_find(&below, over->entries[i].key);
        entries[i] = over->entries[i];
        entries[i].value = merge(load, over->entries[i].value,
                                 place != SIZE_MAX ? under->entries[place].value : NULL);
    }
    for (size_t i = 0; i < under->count; i++)
        if (lm_name_map_find(&above, under->entries[i].key) == SIZE_MAX)
            entries[out->count++] = under->entries[i];
    return out;
}

static const struct lm_node *read_file(struct lm_load *load, const char *name, const char *data,
                                       size_t size, const struct chain *chain, size_t depth);

/** The name of an included file for places and for opening: beside its includer, as that was typed
 *  where this leads there, else (it was reached by a link from elsewhere) by its real folder. */
static char *include_name(struct lm_load *load, const char *includer, const char *real,
                          const char *typed)
{
    char own[PATH_MAX];
    const char *shown = lm_load_keep(load, lm_path_dir(load->arena, includer));
    const char *folder = lm_load_keep(load, lm_path_dir(load->arena, real));
    if (shown == NULL || folder == NULL)
        return NULL;
    if (realpath(shown, own) == NULL || strcmp(own, folder) != 0)
        return lm_load_keep(load, lm_path_join(load->arena, folder, typed));
    if (strchr(includer, '/') == NULL)
        return lm_load_keep(load, lm_arena_strdup(load->arena, typed));
    return lm_load_keep(load, lm_path_join(load->arena, shown, typed));
}

static bool includes_itself(const struct chain *chain, const char *real)
{
    for (; chain != NULL; chain = chain->up)
        if (strcmp(chain->real, real) == 0)
            return true;
    return false;
}

/** Have the files read so far all that a spec may have? */
static bool is_much(const struct lm_load *load)
{
    return load->file_count >= INCLUDE_FILES || load->bytes > LM_YAML_BYTES ||
           load->values > LM_YAML_NODES;
}

/** Reads one included file; NULL after a finding. */
static const struct lm_node *include_one(struct lm_load *load, const struct lm_node *node,
                                         const char *includer, const struct chain *up, size_t depth)
{
    const char *typed = lm_read_text(load, node, "include");
    if (typed != NULL && lm_load_first_reference(typed) != NULL) {
        lm_diag_error(&load->diags, &node->at, "include",
                      "%s: includes are read before variables are known; write the name out",
                      lm_quote(load->arena, typed));
        load->broken = true;
        return NULL;
    }
    typed = typed != NULL ? lm_load_unescape(load, typed) : NULL;
    char *name = typed ? include_name(load, includer, up->real, typed) : NULL;
    struct lm_err why = {.status = LM_OK};
    char *data = NULL, real[PATH_MAX];
    size_t size = 0;
    if (name == NULL)
        return NULL;
    if (depth >= INCLUDE_DEPTH || is_much(load))
        lm_diag_error(&load->diags, &node->at, "include",
                      "more than 16 levels, 100 files, 64 MiB or 1,000,000 values of includes; "
                      "flatten them");
    else if (read_regular(&data, &size, load->arena, name, &why) != LM_OK ||
             realpath(name, real) == NULL)
        lm_diag_error(&load->diags, &node->at, "include", "%s; paths are relative to this file",
                      why.status ? why.text : "cannot be read");
    else if (includes_itself(up, real))
        lm_diag_error(&load->diags, &node->at, "include",
                      "%s includes itself; remove one include of this cycle",
                      lm_quote(load->arena, typed));
    else
        return read_file(load, name, data, size, &(struct chain){.up = up, .real = real},
                         depth + 1);
    load->broken = true;
    return NULL;
}

/** Lays `root` on everything it includes: later includes win over earlier ones. */
static const struct lm_node *merge_includes(struct lm_load *load, const struct lm_node *root,
                                            const char *name, const struct chain *chain,
                                            size_t depth)
{
    const struct lm_node *list = lm_node_get(root, "include"), *under = NULL;
    if (list == NULL)
        return root;
    if (list->kind == LM_NODE_MAP) {
        lm_read_kind(load, list, "include", LM_NODE_LIST);
        return root;
    }
    size_t count = list->kind == LM_NODE_LIST ? list->count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct lm_node *one = list->kind == LM_NODE_LIST ? list->entries[i].value : list;
        const struct lm_node *tree = include_one(load, one, name, chain, depth);
        if (tree != NULL)
            under = under ? merge(load, tree, under) : tree;
    }
    return merge(load, root, under);
}

static const struct lm_node *read_file(struct lm_load *load, const char *name, const char *data,
                                       size_t size, const struct chain *chain, size_t depth)
{
    const struct lm_node *root;
    if (!add_file(load, name, chain->real, data, size))
        return NULL;
    size_t errors = load->diags.errors;
    lm_yaml_parse(&root, &load->diags, name, data, size);
    load->bytes += size;
    load->values += root != NULL ? root->expanded : 0;
    load->broken = load->broken || root == NULL || root->kind != LM_NODE_MAP;
    if (root == NULL) {
        struct lm_origin at = {.file = name, .line = 1, .column = 1};
        if (load->diags.errors == errors)
            lm_diag_error(&load->diags, &at, "", "the file is empty; begin with 'lmpipe: 1'");
        return NULL;
    }
    if (root->kind != LM_NODE_MAP) {
        lm_diag_error(&load->diags, &root->at, "", "expected a mapping; begin with 'lmpipe: 1'");
        return NULL;
    }
    return merge_includes(load, root, name, chain, depth);
}

/** A spec on standard input lies in the working folder, by a name that no file has. */
static enum lm_status read_stdin(char **data, size_t *size, char real[PATH_MAX],
                                 struct lm_arena *arena, struct lm_err *err)
{
    if (getcwd(real, PATH_MAX - sizeof STDIN_NAME - 1) == NULL)
        return lm_fail_errno(err, errno, "the working folder cannot be found");
    size_t length = strlen(real);
    snprintf(real + length, PATH_MAX - length, "%s%s", length == 1 ? "" : "/", STDIN_NAME);
    return lm_fd_read(data, size, arena, STDIN_FILENO, LM_YAML_BYTES + 1, STDIN_NAME, err);
}

static enum lm_status read_spec(char **data, size_t *size, char real[PATH_MAX],
                                struct lm_arena *arena, const char *path, struct lm_err *err)
{
    LM_TRY(read_regular(data, size, arena, path, err));
    return realpath(path, real) != NULL ? LM_OK
                                        : lm_fail_errno(err, errno, "%s: cannot be read", path);
}

enum lm_status lm_load_files(struct lm_load *load, const char *path, struct lm_err *err)
{
    char *data = NULL;
    size_t size = 0;
    char real[PATH_MAX];
    bool from_stdin = strcmp(path, "-") == 0;
    const char *name = from_stdin ? STDIN_NAME : path;
    enum lm_status status = from_stdin ? read_stdin(&data, &size, real, load->arena, err)
                                       : read_spec(&data, &size, real, load->arena, path, err);
    if (status == LM_RANGE) {
        struct lm_origin at = {.file = name};
        lm_diag_error(&load->diags, &at, "", "larger than 64 MiB; split it");
        return LM_OK;
    }
    if (status != LM_OK)
        return status;
    struct chain chain = {.real = real};
    load->root = read_file(load, name, data, size, &chain, 0);
    return LM_OK;
}
