#include "verify_file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "loaded.h"

enum { HEAD = 1 << 16 /**< bytes in which a spec says that it is one */ };

/* ---- a spec, or a file ---- */

static bool ends_in(const char *path, const char *suffix)
{
    size_t length = strlen(path), tail = strlen(suffix);
    return length > tail && strcmp(path + length - tail, suffix) == 0;
}

static bool says_spec(const char *path)
{
    char head[HEAD + 1];
    FILE *file = fopen(path, "re");
    size_t size = file != NULL ? fread(head, 1, HEAD, file) : 0;
    if (file != NULL)
        fclose(file);
    head[size] = '\0';
    return strncmp(head, "lmpipe:", 7) == 0 || strstr(head, "\nlmpipe:") != NULL;
}

bool lm_verify_file_is_one(const char *path)
{
    if (lm_path_is_dir(path))
        return true;
    return lm_path_exists(path) && !ends_in(path, ".yaml") && !ends_in(path, ".yml") &&
           !says_spec(path);
}

/* ---- whose ---- */

static int fail(struct lm_cli *cli, int status, const char *text)
{
    return lm_cli_fail(cli, status, text != NULL ? text : "out of memory");
}

/** The root that a file lies below. */
static const char *root_of(struct lm_cli *cli, const char *path)
{
    char real[PATH_MAX];
    const char *folder = realpath(path, real) != NULL ? lm_path_dir(cli->arena, real) : NULL;
    return folder != NULL ? lm_root_find(cli->arena, folder) : NULL;
}

/** Of the stages that have one of these results, one whose experiment published the file, else any;
 *  NULL: there is none. */
static const struct lm_known_result *choose(struct lm_cli *cli, size_t *maker,
                                            const struct lm_verify_maker *makers, size_t count,
                                            const struct lm_known_result *known, size_t known_count,
                                            const char *path)
{
    const struct lm_known_result *found = NULL;
    for (size_t i = 0; i < known_count; i++)
        for (size_t k = 0; k < count; k++) {
            if (known[i].spec == NULL || lm_digest_compare(&known[i].key, &makers[k].key) != 0)
                continue;
            const char *home = lm_arena_printf(cli->arena, "artifacts/%s/", known[i].experiment);
            if (found == NULL || (home != NULL && strstr(path, home) != NULL)) {
                found = &known[i];
                *maker = k;
            }
        }
    return found;
}

/** A result that no experiment has as its last. */
static int no_experiment(struct lm_cli *cli, const char *path, const struct lm_verify_maker *maker,
                         const char *root)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, &maker->key);
    return fail(cli, LM_EXIT_FAILED,
                lm_arena_printf(cli->arena,
                                "%s is %s of a stage of type %s with key %.12s, whose result is "
                                "stored; no experiment below %s has it as its last result, so that "
                                "its spec is not known",
                                path, maker->port, maker->type, hex, root));
}

static int find(struct lm_verify_file *out, struct lm_cli *cli, struct lm_store *store,
                const char *root, const char *path)
{
    struct lm_err err = {0};
    struct lm_verify_maker *makers = NULL;
    struct lm_known_result *known = NULL;
    size_t count = 0, known_count = 0, maker = 0;
    enum lm_status status = lm_verify_makers(&makers, &count, cli->arena, store, path, &err);
    if (status == LM_OK)
        status = lm_known_results(&known, &known_count, cli->arena, root, &err);
    if (status != LM_OK)
        return lm_cli_fail(cli, lm_exit_of_input(status), err.text);
    if (count == 0)
        return fail(cli, LM_EXIT_FAILED,
                    lm_arena_printf(cli->arena,
                                    "%s has the bytes of no result in %s: it was edited since it "
                                    "was published, or made with another store",
                                    path, lm_store_path(store)));
    const struct lm_known_result *result =
        choose(cli, &maker, makers, count, known, known_count, path);
    if (result == NULL)
        return no_experiment(cli, path, &makers[0], root);
    *out = (struct lm_verify_file){.path = path,
                                   .store = lm_arena_strdup(cli->arena, lm_store_path(store)),
                                   .spec = lm_path_join(cli->arena, root, result->spec),
                                   .experiment = result->experiment,
                                   .stage = result->stage,
                                   .port = makers[maker].port,
                                   .file = makers[maker].file,
                                   .key = result->key};
    return out->store != NULL && out->spec != NULL ? LM_EXIT_OK : fail(cli, LM_EXIT_STORE, NULL);
}

int lm_verify_file_find(struct lm_verify_file *out, struct lm_cli *cli, const char *store,
                        const char *path)
{
    struct lm_err err = {0};
    struct lm_store *opened = NULL;
    const char *root = root_of(cli, path);
    const char *place = lm_store_place(cli, store, root);
    const char *version = place != NULL ? lm_path_join(cli->arena, place, "VERSION") : NULL;
    if (version == NULL || root == NULL)
        return fail(cli, LM_EXIT_STORE, NULL);
    if (!lm_path_exists(version))
        return fail(cli, LM_EXIT_STORE,
                    lm_arena_printf(cli->arena,
                                    "%s is no spec, and there is no store at %s that could know "
                                    "it; name one by --store=DIR or LMPIPE_STORE",
                                    path, place));
    if (lm_store_open(&opened, place, &err) != LM_OK)
        return lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    int status = find(out, cli, opened, root, path);
    lm_store_close(opened);
    return status;
}

/* ---- telling ---- */

void lm_verify_file_print(const struct lm_verify_file *file, struct lm_cli *cli)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, &file->key);
    fprintf(cli->out.file, "%s: %s%s%s of %s in %s, key %.12s\n", lm_cli_text(cli, file->path),
            file->port, file->file != NULL ? "/" : "", file->file != NULL ? file->file : "",
            file->stage, file->experiment, hex);
}

void lm_verify_file_write(const struct lm_verify_file *file, struct lm_json_writer *writer)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, &file->key);
    lm_json_key(writer, "file");
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "path", file->path);
    lm_json_member_string(writer, "experiment", file->experiment);
    lm_json_member_string(writer, "stage", file->stage);
    lm_json_member_string(writer, "port", file->port);
    if (file->file != NULL)
        lm_json_member_string(writer, "name", file->file);
    lm_json_member_string(writer, "key", hex);
    lm_json_close(writer, '}');
}

int lm_verify_file_is_old(struct lm_cli *cli, const struct lm_spec *spec)
{
    return fail(cli, LM_EXIT_FAILED,
                lm_arena_printf(cli->arena,
                                "%s has changed since this file was made: no stage of it has that "
                                "key now; restore it, or give the -S that the run had",
                                lm_spec_path(spec)));
}
