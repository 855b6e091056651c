#include "task/task_follow.h"

#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "task/task_file.h"

static void complain(const struct lm_follow *follow, const struct lm_origin *at, const char *field,
                     const char *format, const char *what)
{
    char text[1200];
    snprintf(text, sizeof text, format, what);
    follow->error(follow->user, at->line, at->column, field, text);
}

static const char *ask_env(void *user, const char *name)
{
    const struct lm_follow *follow = user;
    return follow->env(follow->user, name);
}

/* A file of rows, or sources of the port. */
static void follow_data(const struct lm_follow *follow, const struct lm_task_data *data,
                        const char *name)
{
    const char *unset, *folder = lm_path_dir(follow->arena, follow->path);
    if (data->source != NULL) {
        if (!follow->has_input(follow->user, LM_TASK_PORT))
            complain(follow, &data->at, name,
                     "its source is one of the port %s, to which nothing is connected; give in: "
                     "{" LM_TASK_PORT ": STAGE}",
                     LM_TASK_PORT);
        return;
    }
    const char *path = folder != NULL ? lm_task_path(follow->arena, folder, data->file, ask_env,
                                                     (void *)(uintptr_t)follow, &unset)
                                      : NULL;
    if (path != NULL)
        follow->file(follow->user, name, path, data->file, data->at.line, data->at.column);
    else if (folder != NULL && unset != NULL)
        complain(follow, &data->at, name,
                 "the environment variable %s is not set; set it or write the path out", unset);
}

static void add_name(const struct lm_follow *follow, const struct lm_task *task,
                     struct lm_list *names)
{
    const struct lm_origin top = {.line = 1, .column = 1};
    const char **known = names->items;
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(known[i], task->name) == 0) {
            complain(follow, &top, "name",
                     "another task of this stage is called %s; give each a name of its own",
                     task->name);
            return;
        }
    const char **more = LM_NEW_ARRAY(follow->arena, const char *, names->count + 1);
    if (more == NULL)
        return;
    if (names->count > 0)
        memcpy(more, known, names->count * sizeof *more);
    more[names->count] = task->name;
    *names = (struct lm_list){more, names->count + 1};
}

void lm_task_follow(const struct lm_follow *follow, struct lm_list *names)
{
    struct lm_diag_list diags = {.arena = follow->arena};
    struct lm_task task;
    struct lm_err err;
    const struct lm_origin whole = {.line = 0};
    char *text;
    size_t size;
    enum lm_status status =
        lm_file_read(&text, &size, follow->arena, follow->path, LM_TASK_FILE_BYTES + 1, &err);
    if (status == LM_NOT_FOUND)
        return;
    if (status != LM_OK) {
        complain(follow, &whole, "", "%s", err.text);
        return;
    }
    if (!lm_task_read(&task, &diags, follow->shown, text, size)) {
        for (size_t i = 0; i < diags.count; i++)
            follow->error(follow->user, diags.items[i].line, diags.items[i].column,
                          diags.items[i].field, diags.items[i].text);
        return;
    }
    follow_data(follow, &task.data, "data");
    if (task.shot_count > 0)
        follow_data(follow, &task.shots, "few_shot");
    add_name(follow, &task, names);
}
