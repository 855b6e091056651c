#include "worker_start.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int cannot_start(struct lm_cli *cli, int error_number)
{
    if (cli->worker == NULL)
        return lm_cli_fail(cli, LM_EXIT_STORE,
                           "the program lmpipe-worker was not found beside lmpipe or in "
                           "../libexec/lmpipe; install lmpipe again");
    const char *text =
        lm_arena_printf(cli->arena, "cannot start %s: %s", cli->worker, strerror(error_number));
    return lm_cli_fail(cli, LM_EXIT_STORE, text != NULL ? text : cli->worker);
}

int lm_worker_become(struct lm_cli *cli, const char *command)
{
    const char **words = LM_NEW_ARRAY(cli->arena, const char *, (size_t)cli->argc + 2);
    if (words == NULL)
        return cannot_start(cli, ENOMEM);
    words[0] = "lmpipe-worker";
    words[1] = command;
    for (int i = 1; i < cli->argc; i++)
        words[i + 1] = cli->argv[i];
    lm_stream_flush(&cli->out);
    if (cli->worker != NULL)
        execv(cli->worker, (char *const *)words);
    return cannot_start(cli, errno);
}

static int wait_for(struct lm_cli *cli, pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return cannot_start(cli, errno);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int lm_worker_call(struct lm_cli *cli, const char *command)
{
    const char *words[] = {"lmpipe-worker", command, NULL};
    pid_t child = -1;
    lm_stream_flush(&cli->out);
    int error = cli->worker == NULL
                    ? ENOENT
                    : posix_spawn(&child, cli->worker, NULL, NULL, (char *const *)words, environ);
    return error != 0 ? cannot_start(cli, error) : wait_for(cli, child);
}

/* Starts it with its standard output in `to`. An errno. */
static int start_into(pid_t *child, const struct lm_cli *cli, const char *command, int to)
{
    const char *words[] = {"lmpipe-worker", command, "--json", NULL};
    posix_spawn_file_actions_t actions;
    int error = cli->worker == NULL ? ENOENT : posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn(child, cli->worker, &actions, NULL, (char *const *)words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int lm_worker_ask(struct lm_cli *cli, const char *command, struct lm_buf *out)
{
    int ends[2];
    char chunk[4096];
    ssize_t got;
    pid_t child = -1;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return cannot_start(cli, errno);
    int error = start_into(&child, cli, command, ends[1]);
    close(ends[1]);
    while (error == 0 &&
           ((got = read(ends[0], chunk, sizeof chunk)) > 0 || (got < 0 && errno == EINTR)))
        if (got > 0)
            lm_buf_append(out, chunk, (size_t)got);
    close(ends[0]);
    return error != 0 ? cannot_start(cli, error) : wait_for(cli, child);
}
