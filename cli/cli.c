#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/io.h"
#include "safe_text.h"
#include "worker_start.h"

/* ---- the environment ---- */

const char *lm_cli_env(void *user, const char *name)
{
    (void)user;
    return getenv(name);
}

/* A variable that is set and not empty, or NULL. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool names_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = variable(names[i]);
        if (value != NULL)
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

static const char *find_folder(struct lm_arena *arena)
{
    char *here = getcwd(NULL, 0);
    const char *folder = here != NULL ? lm_arena_strdup(arena, here) : NULL;
    free(here);
    return folder;
}

/* Installed: PREFIX/bin/lmpipe and PREFIX/libexec/lmpipe/lmpipe-worker; in the build tree cli/ and
 * worker/ are neighbours; else side by side. */
static const char *find_worker(struct lm_arena *arena)
{
    static const char *const places[] = {"../libexec/lmpipe/lmpipe-worker", "lmpipe-worker",
                                         "../worker/lmpipe-worker"};
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0)
        return NULL;
    self[length] = '\0';
    const char *folder = lm_path_dir(arena, self);
    for (size_t i = 0; folder != NULL && i < sizeof places / sizeof places[0]; i++) {
        const char *path = lm_path_join(arena, folder, places[i]);
        if (path != NULL && access(path, X_OK) == 0)
            return path;
    }
    return NULL;
}

enum lm_status lm_cli_init(struct lm_cli *cli, struct lm_err *err)
{
    *cli = (struct lm_cli){.arena = lm_arena_create()};
    if (cli->arena == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    const char *term = variable("TERM");
    bool no_color = variable("NO_COLOR") != NULL;
    LM_TRY(lm_stream_open(&cli->out, stdout, term, no_color, err));
    LM_TRY(lm_stream_open(&cli->err, stderr, term, no_color, err));
    cli->utf8 = names_utf8();
    cli->ci = variable("CI") != NULL;
    cli->store = variable("LMPIPE_STORE");
    cli->threads = variable("LMPIPE_THREADS");
    cli->kernels = variable("LMPIPE_KERNELS");
    const char *allowed = variable("LMPIPE_ALLOW_COMMANDS");
    cli->allow_commands = allowed != NULL && strcmp(allowed, "1") == 0;
    cli->folder = find_folder(cli->arena);
    cli->worker = find_worker(cli->arena);
    return LM_OK;
}

void lm_cli_release(struct lm_cli *cli)
{
    lm_stream_close(&cli->out);
    lm_stream_close(&cli->err);
    lm_arena_free(cli->arena);
    cli->arena = NULL;
}

/* ---- printing ---- */

static void say(struct lm_cli *cli, const char *color, const char *kind, const char *text)
{
    fputs("lmpipe: ", cli->err.file);
    lm_stream_paint(&cli->err, color);
    fprintf(cli->err.file, "%s:", kind);
    lm_stream_paint(&cli->err, "reset");
    fprintf(cli->err.file, " %s\n", lm_cli_text(cli, text));
    lm_stream_flush(&cli->err);
}

static void note(struct lm_cli *cli, const struct lm_diag *diag)
{
    if (cli->job != NULL)
        lm_ci_note(cli->job, cli->arena, diag);
}

void lm_cli_tell(struct lm_cli *cli, const char *text)
{
    lm_stream_flush(&cli->out);
    say(cli, "red", "error", text);
}

int lm_cli_fail(struct lm_cli *cli, int status, const char *text)
{
    lm_cli_tell(cli, text);
    note(cli, &(struct lm_diag){.field = "", .text = text});
    return status;
}

void lm_cli_warn(struct lm_cli *cli, const char *text)
{
    say(cli, "yellow", "warning", text);
    note(cli, &(struct lm_diag){.field = "", .text = text, .warning = true});
}

void lm_cli_find(struct lm_cli *cli, const struct lm_diag *diag)
{
    const char *text = lm_diag_format(cli->arena, diag);
    text = text != NULL ? text : diag->text;
    if (diag->warning)
        say(cli, "yellow", "warning", text);
    else
        lm_cli_tell(cli, text);
    note(cli, diag);
}

const char *lm_cli_text(const struct lm_cli *cli, const char *text)
{
    return lm_safe_line(cli->arena, text);
}

const char *lm_cli_path(const struct lm_cli *cli, const char *path)
{
    const char *below = cli->folder != NULL ? lm_path_below(path, cli->folder) : NULL;
    return below != NULL ? below : path;
}

enum lm_status lm_cli_put(struct lm_buf *text, FILE *out, struct lm_err *err)
{
    lm_buf_putc(text, '\n');
    enum lm_status status = lm_buf_print(text, out, err);
    lm_buf_release(text);
    return status;
}

int lm_cli_finish(struct lm_cli *cli, int status)
{
    int error = lm_stream_flush(&cli->out);
    if (error == 0)
        return status;
    const char *text = lm_arena_printf(
        cli->arena, "standard output: %s; not all of the result was written", strerror(error));
    return lm_cli_fail(cli, status != LM_EXIT_OK ? status : LM_EXIT_STORE,
                       text != NULL ? text : "standard output: write error");
}

/* ---- commands ---- */

int lm_cli_run(struct lm_cli *cli, const struct lm_command *command, int argc, char **argv)
{
    struct lm_err err;
    struct lm_parsed parsed;
    cli->argc = argc;
    cli->argv = argv;
    if (lm_options_parse(&parsed, command, argc, argv, cli->arena, &err) != LM_OK) {
        const char *text = lm_arena_printf(cli->arena, "%s: %s", command->name, err.text);
        return lm_cli_fail(cli, LM_EXIT_USAGE, text != NULL ? text : err.text);
    }
    if (parsed.help) {
        lm_options_help(command, cli->out.file);
        return lm_cli_finish(cli, LM_EXIT_OK);
    }
    if (command->run == NULL)
        return lm_worker_become(cli, command->name);
    int status = command->run(cli, parsed.args, parsed.operands, parsed.operand_count);
    return lm_cli_finish(cli, status);
}
