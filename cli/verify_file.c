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

/** Of a stage that has one of these results as its last one, when no run is on record any more. */
static const struct lm_known_result *recall(struct lm_cli *cli, size_t *maker, const char *root,
                                            const struct lm_verify_maker *makers, size_t count)
{
    struct lm_known_result *known = NULL;
    size_t known_count = 0;
    if (lm_known_results(&known, &known_count, cli->arena, root, NULL) != LM_OK)
        return NULL;
    for (size_t i = 0; i < known_count; i++)
        for (size_t k = 0; k < count && known[i].spec != NULL; k++)
            if (lm_digest_compare(&known[i].key, &makers[k].key) == 0) {
                *maker = k;
                return &known[i];
            }
    return NULL;
}

static int of_nobody(struct lm_cli *cli, const char *path, const struct lm_store *store)
{
    return fail(cli, LM_EXIT_FAILED,
                lm_arena_printf(cli->arena,
                                "%s has the bytes of no result in %s: it was edited since it was "
                                "published, or made with another store",
                                path, lm_store_path(store)));
}

/** A result that is stored, and whose spec is forgotten. */
static int of_no_spec(struct lm_cli *cli, const char *path, const struct lm_verify_maker *maker)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, &maker->key);
    return fail(cli, LM_EXIT_FAILED,
                lm_arena_printf(cli->arena,
                                "%s is %s of a stage of type %s with key %.12s, whose result is "
                                "stored; no run on record has it, so that its spec is not known",
                                path, maker->port, maker->type, hex));
}

/** Fills in experiment, stage, spec and settings of one of the makers. */
static enum lm_status trace(struct lm_verify_file *out, struct lm_cli *cli,
                            const struct lm_store *store, const char *root, size_t *maker,
                            const struct lm_verify_maker *makers, size_t count, struct lm_err *err)
{
    struct lm_verify_origin origin;
    enum lm_status status = lm_verify_origin(&origin, cli->arena, store, makers, count, err);
    *maker = origin.maker;
    if (status == LM_OK) {
        out->experiment = origin.experiment;
        out->stage = origin.stage;
        out->spec = lm_path_join(cli->arena, root, origin.spec);
        out->settings = (struct lm_settings){origin.settings, origin.setting_count};
        return out->spec != NULL ? LM_OK : lm_fail(err, LM_NOMEM, "out of memory");
    }
    const struct lm_known_result *known =
        status == LM_NOT_FOUND ? recall(cli, maker, root, makers, count) : NULL;
    if (known == NULL)
        return status;
    out->experiment = known->experiment;
    out->stage = known->stage;
    out->spec = lm_path_join(cli->arena, root, known->spec);
    return out->spec != NULL ? LM_OK : lm_fail(err, LM_NOMEM, "out of memory");
}

static int find(struct lm_verify_file *out, struct lm_cli *cli, struct lm_store *store,
                const char *root, const char *path)
{
    struct lm_err err = {0};
    struct lm_verify_maker *makers = NULL;
    size_t count = 0, maker = 0;
    enum lm_status status = lm_verify_makers(&makers, &count, cli->arena, store, path, &err);
    if (status != LM_OK)
        return lm_cli_fail(cli, lm_exit_of_input(status), err.text);
    if (count == 0)
        return of_nobody(cli, path, store);
    *out = (struct lm_verify_file){.path = path,
                                   .store = lm_arena_strdup(cli->arena, lm_store_path(store))};
    status = trace(out, cli, store, root, &maker, makers, count, &err);
    if (status == LM_NOT_FOUND)
        return of_no_spec(cli, path, &makers[0]);
    if (status != LM_OK || out->store == NULL)
        return lm_cli_fail(cli, LM_EXIT_STORE, status != LM_OK ? err.text : "out of memory");
    out->port = makers[maker].port;
    out->file = makers[maker].file;
    out->key = makers[maker].key;
    return LM_EXIT_OK;
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
                                "key now; restore it, and give the -S that the run had",
                                lm_spec_path(spec)));
}
