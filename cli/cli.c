#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/io.h"
#include "safe_text.h"

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

static void open_stream(struct lm_stream *stream, FILE *file)
{
    const char *term = variable("TERM");
    stream->file = file;
    stream->terminal = isatty(fileno(file)) == 1 && term != NULL && strcmp(term, "dumb") != 0;
    stream->color = stream->terminal && variable("NO_COLOR") == NULL;
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
    open_stream(&cli->out, stdout);
    open_stream(&cli->err, stderr);
    cli->utf8 = names_utf8();
    cli->ci = variable("CI") != NULL;
    cli->store = variable("LMPIPE_STORE");
    cli->threads = variable("LMPIPE_THREADS");
    cli->kernels = variable("LMPIPE_KERNELS");
    cli->folder = find_folder(cli->arena);
    cli->worker = find_worker(cli->arena);
    return LM_OK;
}

void lm_cli_release(struct lm_cli *cli)
{
    lm_arena_free(cli->arena);
    cli->arena = NULL;
}

/* ---- printing ---- */

static void say(const struct lm_cli *cli, const char *color, const char *kind, const char *text)
{
    fprintf(cli->err.file, "lmpipe: %s%s:%s ", lm_cli_color(&cli->err, color), kind,
            lm_cli_color(&cli->err, "reset"));
    fprintf(cli->err.file, "%s\n", lm_safe_line(cli->arena, text));
}

int lm_cli_fail(const struct lm_cli *cli, int status, const char *text)
{
    fflush(cli->out.file);
    say(cli, "red", "error", text);
    return status;
}

void lm_cli_warn(const struct lm_cli *cli, const char *text)
{
    say(cli, "yellow", "warning", text);
}

const char *lm_cli_path(const struct lm_cli *cli, const char *path)
{
    const char *below = cli->folder != NULL ? lm_path_below(path, cli->folder) : NULL;
    return below != NULL ? below : path;
}

int lm_cli_finish(const struct lm_cli *cli, int status)
{
    if (fflush(cli->out.file) == 0 && ferror(cli->out.file) == 0)
        return status;
    const char *text = lm_arena_printf(cli->arena, "standard output: %s", strerror(errno));
    return lm_cli_fail(cli, LM_EXIT_STORE, text != NULL ? text : "standard output: write error");
}

const char *lm_cli_color(const struct lm_stream *stream, const char *name)
{
    static const struct {
        const char *name, *code;
    } codes[] = {{"reset", "\033[0m"}, {"bold", "\033[1m"},   {"dim", "\033[2m"},
                 {"red", "\033[31m"},  {"green", "\033[32m"}, {"yellow", "\033[33m"},
                 {"blue", "\033[34m"}};

    for (size_t i = 0; stream->color && i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(codes[i].name, name) == 0)
            return codes[i].code;
    }
    return "";
}

size_t lm_cli_columns(const struct lm_stream *stream)
{
    struct winsize size;
    if (ioctl(fileno(stream->file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

/* ---- verbs ---- */

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
    int status = command->run(cli, parsed.args, parsed.operands, parsed.operand_count);
    return lm_cli_finish(cli, status);
}
