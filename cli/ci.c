#include "ci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "cli.h"
#include "page/markdown.h"
#include "safe_text.h"

enum { NOTED_MAX = 10000, SUMMARY_MAX = 60000 };

/* ---- where it runs ---- */

struct environment {
    const char *(*get)(void *user, const char *name);
    void *user;
};

/* A variable that is set and not empty, or NULL. */
static const char *variable(const struct environment *env, const char *name)
{
    const char *value = env->get(env->user, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool is_true(const struct environment *env, const char *name)
{
    const char *value = variable(env, name);
    return value != NULL && strcmp(value, "true") == 0;
}

static const char *resolve(struct lm_arena *arena, const char *path)
{
    char *real = path != NULL ? realpath(path, NULL) : NULL;
    const char *copy = real != NULL ? lm_arena_strdup(arena, real) : NULL;
    free(real);
    return copy;
}

/* "a/b", or NULL when one of them is not known. */
static const char *join(struct lm_arena *arena, const char *a, const char *b)
{
    return a != NULL && b != NULL ? lm_arena_printf(arena, "%s/%s", a, b) : NULL;
}

static void read_github(struct lm_ci *ci, struct lm_arena *arena, const struct environment *env)
{
    const char *server = variable(env, "GITHUB_SERVER_URL");
    ci->system = LM_CI_GITHUB;
    ci->workspace = resolve(arena, variable(env, "GITHUB_WORKSPACE"));
    ci->job = (struct lm_run_job){
        .builder = join(arena, server, variable(env, "GITHUB_WORKFLOW_REF")),
        .repository = join(arena, server, variable(env, "GITHUB_REPOSITORY")),
        .ref = variable(env, "GITHUB_REF"),
        .commit = variable(env, "GITHUB_SHA"),
    };
}

static void read_gitlab(struct lm_ci *ci, struct lm_arena *arena, const struct environment *env)
{
    const char *project = variable(env, "CI_PROJECT_URL");
    ci->system = LM_CI_GITLAB;
    ci->job = (struct lm_run_job){
        .builder = join(arena, join(arena, project, "-/runners"), variable(env, "CI_RUNNER_ID")),
        .repository = project,
        .ref = variable(env, "CI_COMMIT_REF_NAME"),
        .commit = variable(env, "CI_COMMIT_SHA"),
    };
}

void lm_ci_init(struct lm_ci *ci, struct lm_arena *arena,
                const char *(*env)(void *user, const char *name), void *user)
{
    const struct environment environment = {env, user};
    *ci = (struct lm_ci){.summary = variable(&environment, "GITHUB_STEP_SUMMARY")};
    if (is_true(&environment, "GITHUB_ACTIONS"))
        read_github(ci, arena, &environment);
    else if (is_true(&environment, "GITLAB_CI"))
        read_gitlab(ci, arena, &environment);
}

void lm_ci_note(struct lm_ci *ci, struct lm_arena *arena, const struct lm_diag *diag)
{
    struct lm_diag *items = ci->count < NOTED_MAX ? lm_arena_grow(arena, ci->items, ci->count,
                                                                  &ci->capacity, sizeof *items)
                                                  : NULL;
    const char *text = items != NULL ? lm_arena_strdup(arena, diag->text) : NULL;
    const char *field = text != NULL ? lm_arena_strdup(arena, diag->field) : NULL;
    const char *file = diag->file != NULL ? lm_arena_strdup(arena, diag->file) : NULL;
    if (items == NULL)
        return;
    ci->items = items;
    if (field == NULL)
        return;
    items[ci->count] = *diag;
    items[ci->count].text = text;
    items[ci->count].field = field;
    items[ci->count++].file = file;
}

/* ---- annotations ---- */

/* A value of a command: without line ends, and without what ends a property, when it is one.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
static void put_escaped(struct lm_buf *out, struct lm_arena *arena, const char *text,
                        bool is_property)
{
    for (const char *p = lm_safe_line(arena, text); *p != '\0'; p++)
        if (*p == '%' || (is_property && (*p == ':' || *p == ',')))
            lm_buf_printf(out, "%%%02X", (unsigned char)*p);
        else
            lm_buf_putc(out, *p);
}

/* The file as the site knows it; NULL: it is none. */
static const char *find_file(const struct lm_ci *ci, struct lm_arena *arena, const char *file)
{
    const char *real = file != NULL ? resolve(arena, file) : NULL;
    const char *below =
        real != NULL && ci->workspace != NULL ? lm_path_below(real, ci->workspace) : NULL;
    return below != NULL ? below : real != NULL && ci->workspace == NULL ? file : real;
}

static void put_annotation(struct lm_buf *out, const struct lm_ci *ci, struct lm_arena *arena,
                           const struct lm_diag *diag)
{
    const char *file = find_file(ci, arena, diag->file);
    bool is_placed = file != NULL && diag->line > 0;
    lm_buf_puts(out, diag->warning ? "::warning " : "::error ");
    if (file != NULL) {
        lm_buf_puts(out, "file=");
        put_escaped(out, arena, file, true);
        lm_buf_putc(out, ',');
    }
    if (is_placed)
        lm_buf_printf(out, "line=%d,", diag->line);
    if (is_placed && diag->column > 0)
        lm_buf_printf(out, "col=%d,", diag->column);
    lm_buf_puts(out, "title=");
    put_escaped(out, arena, diag->field[0] != '\0' ? diag->field : "lmpipe", true);
    lm_buf_puts(out, "::");
    if (!is_placed && diag->line > 0) /* standard input */
        lm_buf_printf(out, "line %d, column %d: ", diag->line, diag->column);
    put_escaped(out, arena, diag->text, false);
    lm_buf_putc(out, '\n');
}

static void put_kind(struct lm_buf *out, const struct lm_ci *ci, struct lm_arena *arena,
                     bool warning)
{
    size_t count = 0, done = 0;
    for (size_t i = 0; i < ci->count; i++)
        count += ci->items[i].warning == warning;
    size_t shown = count > LM_CI_ANNOTATIONS ? LM_CI_ANNOTATIONS - 1 : count;
    for (size_t i = 0; i < ci->count && done < shown; i++) {
        if (ci->items[i].warning != warning)
            continue;
        put_annotation(out, ci, arena, &ci->items[i]);
        done++;
    }
    if (count > shown)
        lm_buf_printf(out, "::%s title=lmpipe::%zu more are in the log\n",
                      warning ? "warning" : "error", count - shown);
}

void lm_ci_annotations_write(struct lm_buf *out, const struct lm_ci *ci, struct lm_arena *arena)
{
    put_kind(out, ci, arena, false);
    put_kind(out, ci, arena, true);
}

/* ---- the summary ---- */

void lm_ci_refusal_write(struct lm_buf *out, const struct lm_ci *ci, int status)
{
    size_t extra = 0;
    lm_buf_printf(out,
                  "### lmpipe&#58; the run did not begin\n\nexit status %d · nothing was "
                  "executed\n\n",
                  status);
    for (size_t i = 0; i < ci->count; i++) {
        const struct lm_diag *diag = &ci->items[i];
        struct lm_buf row;
        if (diag->warning)
            continue;
        lm_buf_init(&row, 0);
        lm_buf_puts(&row, "- ");
        if (diag->file != NULL) {
            lm_markdown_text(&row, diag->file, strlen(diag->file));
            lm_buf_printf(&row, " line %d, column %d: ", diag->line, diag->column);
        }
        lm_markdown_text(&row, diag->field, strlen(diag->field));
        lm_buf_puts(&row, diag->field[0] != '\0' ? ": " : "");
        lm_markdown_text(&row, diag->text, strlen(diag->text));
        lm_buf_putc(&row, '\n');
        if (extra == 0 && !row.failed && out->size + row.size < SUMMARY_MAX)
            lm_buf_append(out, row.data, row.size);
        else
            extra++;
        lm_buf_release(&row);
    }
    if (extra > 0)
        lm_buf_printf(out, "- %zu more are in the log\n", extra);
    lm_buf_putc(out, '\n');
}

/* Appends at once, so that steps which share the file stay apart. */
static enum lm_status append(const char *path, const char *text, struct lm_err *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return lm_fail_errno(err, errno, "cannot write the summary to %s", path);
    enum lm_status status = lm_write_all(fd, text, strlen(text), path, err);
    if (close(fd) != 0 && status == LM_OK)
        status = lm_fail_errno(err, errno, "cannot write the summary to %s", path);
    return status;
}

void lm_ci_show(struct lm_cli *cli, const char *summary)
{
    struct lm_ci *ci = cli->job;
    struct lm_err err = {LM_OK, ""};
    struct lm_buf out;
    if (summary != NULL && ci->summary != NULL && append(ci->summary, summary, &err) != LM_OK)
        lm_cli_warn(cli, err.text);
    if (ci->system != LM_CI_GITHUB)
        return;
    lm_buf_init(&out, 0);
    lm_ci_annotations_write(&out, ci, cli->arena);
    lm_stream_flush(&cli->out); /* the log shows both streams in the order of their writes */
    lm_stream_flush(&cli->err);
    if (!out.failed && out.size > 0)
        fwrite(out.data, 1, out.size, cli->err.raw);
    lm_stream_flush(&cli->err);
    lm_buf_release(&out);
}
