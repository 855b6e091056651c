/* lmpipe init: a spec that runs, on a starter text or on the user's own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "commands.h"
#include "init_spec.h"

#define SPEC_NAME "experiment.yaml"
#define STARTER_NAME "starter.txt"

enum { MANY_FILES = 100 };

struct init_args {
    const char *corpus;
};

static const struct lm_option options[] = {
    {.name = "corpus",
     .kind = LM_O_TEXT,
     .offset = offsetof(struct init_args, corpus),
     .metavar = "FILE",
     .help = "your own text: a file, or a folder of text files"},
    {0},
};

static enum lm_status measure(uint64_t *bytes, size_t *files, struct lm_arena *arena,
                              const char *path, struct lm_err *err)
{
    struct lm_names names = {0};
    struct stat facts;
    *bytes = 0;
    if (!lm_path_is_dir(path)) {
        if (stat(path, &facts) != 0)
            return lm_fail_errno(err, errno, "%s", path);
        *bytes = (uint64_t)facts.st_size;
        return LM_OK;
    }
    LM_TRY(lm_dir_walk(&names, NULL, arena, path, err));
    *files = names.count;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = lm_path_join(arena, path, names.items[i]);
        if (name != NULL && stat(name, &facts) == 0)
            *bytes += (uint64_t)facts.st_size;
    }
    return LM_OK;
}

/* The path as the spec names it: relative to the spec when below its folder, else absolute. */
static const char *path_for_spec(struct lm_arena *arena, const char *folder, const char *path)
{
    char *base = realpath(folder, NULL), *full = realpath(path, NULL);
    const char *result = NULL;
    if (base != NULL && full != NULL) {
        size_t length = strlen(base);
        bool below = strncmp(full, base, length) == 0 && full[length] == '/';
        result = lm_arena_strdup(arena, below ? full + length + 1 : full);
    }
    free(base);
    free(full);
    return result;
}

static enum lm_status describe_own(struct lm_init_corpus *corpus, struct lm_arena *arena,
                                   const char *folder, const char *path, struct lm_err *err)
{
    size_t files = 1;
    LM_TRY(measure(&corpus->bytes, &files, arena, path, err));
    if (corpus->bytes == 0)
        return lm_fail(err, LM_INVALID, "%s is empty; give a text", path);
    corpus->path = path_for_spec(arena, folder, path);
    corpus->description = lm_arena_printf(arena, "A small GPT on %s", lm_path_base(path));
    corpus->license = "unspecified";
    /* Many files are shared out whole; few, or one, are cut: the end of the text is held out. */
    corpus->documents = "file";
    corpus->split = files >= MANY_FILES ? "hash" : "position";
    if (corpus->path == NULL || corpus->description == NULL)
        return lm_fail(err, LM_IO, "%s: cannot be found; give an existing file", path);
    return LM_OK;
}

static enum lm_status write_starter(struct lm_init_corpus *corpus, struct lm_arena *arena,
                                    const char *folder, struct lm_err *err)
{
    const char *path = lm_path_join(arena, folder, STARTER_NAME);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    if (lm_path_exists(path))
        return lm_fail(err, LM_INVALID, "%s is there already; choose another folder", path);
    corpus->path = STARTER_NAME;
    corpus->bytes = strlen(lm_init_starter);
    corpus->description = "A tiny GPT on some entries of the Jargon File";
    corpus->license = "public-domain";
    corpus->documents = "unindented";
    corpus->split = "hash";
    return lm_file_write_atomic(path, lm_init_starter, corpus->bytes, err);
}

static enum lm_status make(const char **spec, struct lm_cli *cli, const char *folder,
                           const char *own, struct lm_err *err)
{
    char name[41];
    struct lm_buf text;
    struct lm_init_corpus corpus = {.file = SPEC_NAME};
    *spec = lm_path_join(cli->arena, folder, SPEC_NAME);
    if (*spec == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    if (lm_path_exists(*spec))
        return lm_fail(err, LM_INVALID, "%s is there already; choose another folder", *spec);
    LM_TRY(lm_dir_create(folder, err));
    LM_TRY(own != NULL ? describe_own(&corpus, cli->arena, folder, own, err)
                       : write_starter(&corpus, cli->arena, folder, err));
    lm_init_experiment_name(name, own != NULL ? lm_path_base(own) : "starter");
    corpus.experiment = name;
    lm_buf_init(&text, 0);
    lm_init_spec_write(&text, &corpus);
    enum lm_status status = lm_buf_status(&text, err);
    if (status == LM_OK)
        status = lm_file_write_atomic(*spec, text.data, text.size, err);
    lm_buf_release(&text);
    return status;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct init_args *args = given;
    const char *folder = count > 0 ? operands[0] : ".", *spec = NULL;
    struct lm_err err = {0};
    enum lm_status made = make(&spec, cli, folder, args->corpus, &err);
    if (made != LM_OK)
        return lm_cli_fail(cli, made == LM_NOMEM || made == LM_IO ? LM_EXIT_STORE : LM_EXIT_USAGE,
                           err.text);
    fprintf(cli->out.file, "%s\n", lm_cli_text(cli, spec));
    fprintf(cli->err.file, "lmpipe: next: lmpipe run %s\n", lm_cli_text(cli, spec));
    return LM_EXIT_OK;
}

const struct lm_command lm_command_init = {
    .name = "init",
    .summary = "write a commented spec that runs, on a starter text or on your own",
    .operands = "[DIR]",
    .max_operands = 1,
    .options = options,
    .args_size = sizeof(struct init_args),
    .example = "lmpipe init mine --corpus my.txt",
    .notes = "Writes DIR/" SPEC_NAME " (DIR is the working folder when not given) and prints its\n"
             "path. Vocabulary, model and steps are chosen from the size of the text.",
    .run = run,
};
