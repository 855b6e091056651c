#include "command_setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/io.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory preparing a program");
}

/* ---- files ---- */

static enum lm_status copy_file(struct lm_arena *arena, const char *to, const char *from,
                                struct lm_err *err)
{
    struct stat st;
    const char *folder = lm_path_dir(arena, to);
    if (folder == NULL)
        return no_memory(err);
    if (stat(from, &st) != 0)
        return lm_fail_errno(err, errno, "cannot copy %s", from);
    LM_TRY(lm_dir_create(folder, err));
    return lm_file_copy(to, from, (st.st_mode & 0777) | 0600, err);
}

static enum lm_status copy_folder(struct lm_arena *arena, const char *to, const char *from,
                                  struct lm_err *err)
{
    struct lm_names names = {0};
    LM_TRY(lm_dir_walk(&names, NULL, arena, from, err));
    LM_TRY(lm_dir_create(to, err));
    for (size_t i = 0; i < names.count; i++) {
        const char *source = lm_path_join(arena, from, names.items[i]);
        const char *target = lm_path_join(arena, to, names.items[i]);
        if (source == NULL || target == NULL)
            return no_memory(err);
        LM_TRY(copy_file(arena, target, source, err));
    }
    return LM_OK;
}

static enum lm_status copy_files(struct lm_arena *arena, const char *folder,
                                 const struct command_params *params, struct lm_err *err)
{
    const struct command_file *files = params->files.items;
    for (size_t i = 0; i < params->files.count; i++) {
        const char *to = lm_path_join(arena, folder, files[i].name);
        if (to == NULL)
            return no_memory(err);
        LM_TRY((lm_path_is_dir(files[i].path) ? copy_folder : copy_file)(arena, to, files[i].path,
                                                                         err));
    }
    return LM_OK;
}

/* ---- arguments ---- */

/** A growing list of texts, kept with a NULL behind its end. */
struct texts {
    struct lm_arena *arena;
    const char **items;
    size_t count, capacity;
    bool failed;
};

static void add(struct texts *texts, const char *text)
{
    const char **items = text != NULL ? lm_arena_grow(texts->arena, texts->items, texts->count,
                                                      &texts->capacity, sizeof *items)
                                      : NULL;
    if (items == NULL) {
        texts->failed = true;
        return;
    }
    texts->items = items;
    items[texts->count++] = text;
}

static const char *name_of(struct lm_arena *arena, const struct command_place *place)
{
    return lm_arena_strndup(arena, place->name, place->length);
}

/** The input of an argument that stands for several paths; *name NULL: none does. */
static enum lm_status find_list(const char **name, struct lm_ctx *ctx, const char *argument,
                                struct lm_err *err)
{
    struct command_place place;
    *name = NULL;
    for (const char *at = argument; command_place_next(&place, at); at = place.end) {
        if (place.is_output || place.is_literal)
            continue;
        const char *input = name_of(lm_ctx_arena(ctx), &place);
        if (input == NULL)
            return no_memory(err);
        if (lm_ctx_input_count(ctx, input) == 1)
            continue;
        if (*name != NULL && strcmp(*name, input) != 0)
            return lm_fail(err, LM_INVALID,
                           "an argument holds both {in.%s} and {in.%s}, which are several paths "
                           "each; write an argument for each",
                           *name, input);
        *name = input;
    }
    return LM_OK;
}

/** The argument with its places filled in; of an input with several paths with the `index`-th. */
static const char *fill(struct lm_ctx *ctx, const char *argument, size_t index)
{
    struct lm_arena *arena = lm_ctx_arena(ctx);
    struct command_place place;
    struct lm_buf out;
    const char *at = argument;
    lm_buf_init(&out, 0);
    for (; command_place_next(&place, at); at = place.end) {
        const char *name = name_of(arena, &place), *path = NULL;
        size_t count = name != NULL ? lm_ctx_input_count(ctx, name) : 0;
        lm_buf_append(&out, at, (size_t)(place.begin - at));
        if (place.is_literal) /* without the outer braces */
            lm_buf_append(&out, place.begin + 1, (size_t)(place.end - place.begin) - 2);
        else if (name != NULL)
            path = place.is_output ? lm_ctx_output(ctx, name)
                                   : lm_ctx_input_at(ctx, name, count > 1 ? index : 0);
        if (path != NULL)
            lm_buf_puts(&out, path);
        out.failed = out.failed || name == NULL;
    }
    lm_buf_puts(&out, at);
    const char *text = out.failed ? NULL : lm_arena_strdup(arena, out.data != NULL ? out.data : "");
    lm_buf_release(&out);
    return text;
}

/** An argument with an input of several paths becomes as many arguments. */
static enum lm_status fill_arguments(struct texts *argv, struct lm_ctx *ctx,
                                     const struct command_params *params, struct lm_err *err)
{
    const char *const *run = params->run.items;
    for (size_t i = 0; i < params->run.count; i++) {
        const char *list;
        LM_TRY(find_list(&list, ctx, run[i], err));
        size_t times = list != NULL ? lm_ctx_input_count(ctx, list) : 1;
        for (size_t k = 0; k < times; k++)
            add(argv, fill(ctx, run[i], k));
    }
    return argv->failed ? no_memory(err) : LM_OK;
}

/* ---- environment ---- */

/** NAME=value; what was set before of that name goes. */
static void set(struct texts *envp, const char *name, const char *value)
{
    size_t length = strlen(name);
    const char *row = lm_arena_printf(envp->arena, "%s=%s", name, value);
    for (size_t i = 0; i < envp->count && row != NULL; i++)
        if (strncmp(envp->items[i], name, length) == 0 && envp->items[i][length] == '=') {
            envp->items[i] = row;
            return;
        }
    add(envp, row);
}

static void fill_environment(struct texts *envp, const struct lm_ctx *ctx, const char *home,
                             const struct command_params *params)
{
    const struct command_variable *env = params->env.items;
    const char *const *pass = params->pass.items, *path = lm_ctx_search_path(ctx);
    char threads[24];
    snprintf(threads, sizeof threads, "%zu", lm_ctx_threads(ctx));
    if (path != NULL)
        set(envp, "PATH", path);
    set(envp, "HOME", home);
    set(envp, "LC_ALL", "C.UTF-8");
    set(envp, "OMP_NUM_THREADS", threads);
    for (size_t i = 0; i < params->pass.count; i++) {
        const char *value = lm_ctx_secret(ctx, pass[i]);
        if (value != NULL)
            set(envp, pass[i], value);
    }
    for (size_t i = 0; i < params->env.count; i++)
        set(envp, env[i].name, env[i].value);
}

enum lm_status command_setup(struct command_start *out, struct lm_ctx *ctx,
                             const struct command_params *params, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(ctx);
    struct texts argv = {.arena = arena}, envp = {.arena = arena};
    const char *scratch, *const *run = params->run.items;
    LM_TRY(lm_ctx_scratch(ctx, &scratch, err));
    const char *folder = lm_path_join(arena, scratch, "work");
    const char *home = lm_path_join(arena, scratch, "home");
    if (folder == NULL || home == NULL)
        return no_memory(err);
    LM_TRY(lm_dir_create(folder, err));
    LM_TRY(lm_dir_create(home, err));
    LM_TRY(copy_files(arena, folder, params, err));
    LM_TRY(fill_arguments(&argv, ctx, params, err));
    fill_environment(&envp, ctx, home, params);
    size_t arguments = argv.count, variables = envp.count;
    add(&argv, "");
    add(&envp, "");
    if (argv.failed || envp.failed)
        return no_memory(err);
    argv.items[arguments] = envp.items[variables] = NULL;
    const char *found = lm_ctx_file(ctx, COMMAND_PROGRAM);
    *out = (struct command_start){.program = found != NULL ? found : run[0],
                                  .argv = argv.items,
                                  .envp = envp.items,
                                  .folder = folder};
    return LM_OK;
}
