#include "worker_start.h"

#include <errno.h>
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

int lm_worker_call(struct lm_cli *cli, const char *command)
{
    const char *words[] = {"lmpipe-worker", command, NULL};
    pid_t child = -1;
    int status = 0;
    lm_stream_flush(&cli->out);
    int error = cli->worker == NULL
                    ? ENOENT
                    : posix_spawn(&child, cli->worker, NULL, NULL, (char *const *)words, environ);
    if (error != 0)
        return cannot_start(cli, error);
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return cannot_start(cli, errno);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
