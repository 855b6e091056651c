/* lmpipe init: a spec that runs, on a starter text or on the user's own, which is looked at. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lmpipe/model.h>

#include "base/glob.h"
#include "base/new_file.h"
#include "base/pool.h"
#include "heavy_model.h"
#include "human.h"
#include "init_command.h"
#include "init_look.h"
#include "init_sample.h"
#include "init_spec.h"

enum { MOST_SOURCES = 20, MOST_UPS = 2 };

/** What is being made. */
struct making {
    struct lm_cli *cli;
    struct lm_arena *arena;
    const char *folder; /* of the spec, as given */
    const char *place;  /* the same, absolute, links resolved */
    struct lm_init_corpus corpus;
    struct lm_init_look look;
    struct lm_init_source sources[MOST_SOURCES];
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory");
}

/* ---- places ---- */

static const char *real_path(struct lm_arena *arena, const char *path)
{
    char *found = realpath(path, NULL);
    const char *kept = found != NULL ? lm_arena_strdup(arena, found) : NULL;
    free(found);
    return kept;
}

/* The path as the spec names it: relative to its folder when it is below that or a folder or two
 * above, so that both can be moved together; else absolute. */
static const char *path_for_spec(struct lm_arena *arena, const char *base, const char *full)
{
    size_t common = 0, ups = base[1] != '\0';
    for (size_t i = 0; base[i] == full[i] && base[i] != '\0'; i++)
        if (full[i] == '/')
            common = i;
    if (strncmp(full, base, strlen(base)) == 0 && full[strlen(base)] == '/')
        return lm_arena_strdup(arena, full + strlen(base) + 1);
    for (const char *at = base + common + 1; *at != '\0'; at++)
        ups += *at == '/';
    if (common == 0 || ups > MOST_UPS)
        return lm_arena_strdup(arena, full);
    return lm_arena_printf(arena, "%s%s", ups == 2 ? "../../" : "../", full + common + 1);
}

/* ---- sources ---- */

static enum lm_status add_source(struct making *making, const char *path, struct lm_err *err)
{
    struct lm_init_corpus *corpus = &making->corpus;
    char name[41];
    const char *full = real_path(making->arena, path);
    struct lm_init_source *source = &making->sources[corpus->source_count];
    if (full == NULL)
        return lm_fail_errno(err, errno, "%s", path);
    size_t length = strlen(full);
    if (strncmp(making->place, full, length) == 0 &&
        (making->place[length] == '/' || making->place[length] == '\0'))
        return lm_fail(
            err, LM_INVALID,
            "%s holds the folder of the experiment, whose results would become its text; "
            "put the texts into a folder of their own",
            path);
    lm_init_experiment_name(name, lm_path_base(full));
    bool is_taken = false;
    for (size_t i = 0; i < corpus->source_count; i++)
        is_taken = is_taken || strcmp(making->sources[i].name, name) == 0;
    source->path = path_for_spec(making->arena, making->place, full);
    source->name = is_taken
                       ? lm_arena_printf(making->arena, "%.36s-%zu", name, corpus->source_count + 1)
                       : lm_arena_strdup(making->arena, name);
    if (source->path == NULL || source->name == NULL)
        return no_memory(err);
    corpus->source_count++;
    return LM_OK;
}

/* ["*.txt", "*.md"], when something else lies there that is no text. */
static enum lm_status put_include(struct making *making, const char *folder, struct lm_err *err)
{
    const struct lm_init_look *look = &making->look;
    struct lm_buf list;
    if (look->left_out == NULL || making->corpus.source_count != 1)
        return LM_OK;
    lm_buf_init(&list, 4096);
    for (size_t i = 0; i < look->extensions.count; i++) {
        const char *pattern = lm_arena_printf(making->arena, "*%s", look->extensions.items[i]);
        if (pattern == NULL || pattern[1] == '\0' || lm_glob_matches(pattern, look->left_out)) {
            lm_buf_release(&list);
            return lm_fail(
                err, LM_INVALID,
                "%s/%s is no text; move it away, or the texts into a folder of their own", folder,
                look->left_out);
        }
        lm_buf_puts(&list, i > 0 ? ", " : "[");
        lm_init_quote(&list, pattern);
    }
    lm_buf_putc(&list, ']');
    enum lm_status status = lm_buf_status(&list, err);
    if (status == LM_OK)
        making->sources[0].include = lm_arena_strdup(making->arena, list.data);
    lm_buf_release(&list);
    return status;
}

/* A file, or a folder of them. */
static enum lm_status take_given(struct making *making, const char *path, struct lm_err *err)
{
    struct lm_names names = {0};
    bool is_folder = lm_path_is_dir(path);
    const char *folder = is_folder ? path : lm_path_dir(making->arena, path);
    char *alone = lm_arena_strdup(making->arena, lm_path_base(path));
    if (folder == NULL || alone == NULL)
        return no_memory(err);
    LM_TRY(add_source(making, path, err));
    if (is_folder)
        LM_TRY(lm_dir_walk(&names, NULL, making->arena, path, err));
    else
        names = (struct lm_names){&alone, 1};
    if (names.count == 0)
        return lm_fail(err, LM_INVALID, "%s holds no file; give a text", path);
    LM_TRY(lm_init_look(&making->look, making->arena, folder, &names, err));
    return put_include(making, path, err);
}

/* ---- what lies in the folder already ---- */

/* What people keep beside texts. */
static bool is_passed_over(const char *name)
{
    static const char *const patterns[] = {".*",     "artifacts", "*.yaml",     "*.yml",
                                           "*.lock", "README*",   "LICENSE*",   "Makefile",
                                           "*.py",   "*.sh",      "CMakeLists*"};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        if (lm_glob_matches(patterns[i], name))
            return true;
    return false;
}

static bool is_text(struct making *making, const char *path)
{
    struct lm_init_sample sample;
    struct lm_arena_mark mark = lm_arena_mark(making->arena);
    bool is_one = lm_init_sample_read(&sample, making->arena, path, NULL) == LM_OK &&
                  sample.kind.class != LM_FILE_BINARY &&
                  (sample.size > 0 || sample.packing != NULL);
    lm_arena_rewind(making->arena, mark);
    return is_one;
}

/* Files below an entry of the folder, by their paths from the folder. */
static enum lm_status add_names(struct making *making, struct lm_names *all, size_t *room,
                                const char *entry, const char *path, struct lm_err *err)
{
    struct lm_names below = {0};
    bool is_folder = lm_path_is_dir(path);
    if (is_folder)
        LM_TRY(lm_dir_walk(&below, NULL, making->arena, path, err));
    for (size_t i = 0; i < (is_folder ? below.count : 1); i++) {
        char **items = lm_arena_grow(making->arena, all->items, all->count, room, sizeof *items);
        if (items == NULL)
            return no_memory(err);
        all->items = items;
        items[all->count] = is_folder ? lm_path_join(making->arena, entry, below.items[i])
                                      : lm_arena_strdup(making->arena, entry);
        if (items[all->count++] == NULL)
            return no_memory(err);
    }
    return LM_OK;
}

/* Every text file and folder in it is a source. */
static enum lm_status take_found(struct making *making, struct lm_err *err)
{
    struct lm_names entries = {0}, all = {0};
    size_t room = 0;
    LM_TRY(lm_dir_list(&entries, making->arena, making->folder, err));
    for (size_t i = 0; i < entries.count; i++) {
        const char *path = lm_path_join(making->arena, making->folder, entries.items[i]);
        if (path == NULL)
            return no_memory(err);
        if (is_passed_over(entries.items[i]) || (!lm_path_is_dir(path) && !is_text(making, path)))
            continue;
        if (making->corpus.source_count == MOST_SOURCES)
            return lm_fail(err, LM_INVALID,
                           "more than %d texts lie in %s itself; put them into a folder of it, or "
                           "give another folder for the experiment and these by --corpus",
                           MOST_SOURCES, making->folder);
        LM_TRY(add_source(making, path, err));
        LM_TRY(add_names(making, &all, &room, entries.items[i], path, err));
    }
    if (all.count == 0) {
        making->corpus.source_count = 0;
        return LM_OK;
    }
    LM_TRY(lm_init_look(&making->look, making->arena, making->folder, &all, err));
    return put_include(making, making->folder, err);
}

/* ---- what follows from it ---- */

static enum lm_status describe(struct making *making, struct lm_err *err)
{
    const struct lm_init_look *look = &making->look;
    struct lm_init_corpus *corpus = &making->corpus;
    struct lm_arena *arena = making->arena;
    char files[32], bytes[32], documents[32];
    bool is_record = look->field[0] != '\0';
    struct lm_buf cut;
    lm_human_count(files, look->files);
    lm_human_bytes(bytes, look->bytes);
    lm_human_count(documents, look->documents);
    corpus->bytes = look->text;
    corpus->is_dense = look->is_dense;
    corpus->characters = look->characters;
    corpus->description = lm_arena_printf(arena, "A small GPT on %s", making->sources[0].name);
    corpus->found = lm_arena_printf(
        arena, "%s file%s, %s%s%s: %s, about %s document%s; letters: %s", files,
        look->files == 1 ? "" : "s", bytes, look->packing != NULL ? " packed by " : "",
        look->packing != NULL ? look->packing : "", look->kind, documents,
        look->documents == 1 ? "" : "s", look->script);
    lm_buf_init(&cut, 1024);
    lm_buf_printf(&cut, "by: %s", lm_documents_by_names[look->by]);
    bool is_table = look->by == LM_BY_CSV || look->by == LM_BY_TSV;
    if (is_record && (is_table || look->by == LM_BY_JSONL)) {
        lm_buf_puts(&cut, is_table ? ", column: " : ", field: ");
        lm_init_quote(&cut, look->field);
    }
    enum lm_status status = lm_buf_status(&cut, err);
    if (status == LM_OK)
        corpus->documents = lm_arena_strdup(arena, cut.data);
    lm_buf_release(&cut);
    corpus->documents_why = look->kind;
    corpus->count = look->documents;
    corpus->encoding = look->encoding;
    return corpus->description == NULL || corpus->found == NULL || corpus->documents == NULL
               ? no_memory(err)
               : status;
}

static enum lm_status take_starter(struct making *making, const char **starter, struct lm_err *err)
{
    struct lm_init_corpus *corpus = &making->corpus;
    *starter = lm_path_join(making->arena, making->folder, LM_INIT_STARTER);
    if (*starter == NULL)
        return no_memory(err);
    if (lm_path_exists(*starter))
        return lm_fail(err, LM_INVALID, "%s is there already; choose another folder", *starter);
    making->sources[0] = (struct lm_init_source){.name = "text", .path = LM_INIT_STARTER};
    corpus->source_count = 1;
    corpus->bytes = strlen(lm_init_starter);
    corpus->description = "A tiny GPT on some entries of the Jargon File";
    corpus->license = "public-domain";
    corpus->found = "no text, and put some entries of the Jargon File here";
    corpus->documents = "by: unindented";
    corpus->documents_why = "plain text in entries";
    corpus->count = 36;
    return LM_OK;
}

static void measure(struct making *making)
{
    struct lm_machine_peak peak;
    making->corpus.threads = lm_cpu_count();
    if (lm_machine_peak(&peak, NULL, making->corpus.threads, NULL) == LM_OK)
        making->corpus.peak = peak.fp32;
}

/* ---- files ---- */

/* Results are no part of what is kept under version control. What is there stays. */
static enum lm_status write_ignore(const struct making *making, struct lm_err *err)
{
    const char *root = lm_root_find(making->arena, making->place);
    const char *path = lm_path_join(making->arena, making->folder, ".gitignore");
    if (root == NULL || path == NULL)
        return no_memory(err);
    if (strcmp(root, making->place) != 0 || lm_path_exists(path)) {
        fprintf(making->cli->err.file, "lmpipe: results go to %s/artifacts; let git ignore it\n",
                lm_cli_text(making->cli, lm_cli_path(making->cli, root)));
        return LM_OK;
    }
    return lm_file_write_atomic(path, "artifacts/\n", 11, err);
}

static enum lm_status write_spec(struct making *making, const char *path, struct lm_err *err)
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_init_spec_write(&text, &making->corpus);
    enum lm_status status = lm_new_file_write_buf(path, &text, LM_NEW_DURABLE, err);
    lm_buf_release(&text);
    return status;
}

static enum lm_status make(struct making *making, const char *spec, const char *own,
                           struct lm_err *err)
{
    char name[41];
    const char *starter = NULL;
    if (lm_path_exists(spec))
        return lm_fail(err, LM_INVALID, "%s is there already; choose another folder", spec);
    LM_TRY(lm_dir_create(making->folder, err));
    making->place = real_path(making->arena, making->folder);
    if (making->place == NULL)
        return lm_fail_errno(err, errno, "%s", making->folder);
    LM_TRY(own != NULL ? take_given(making, own, err) : take_found(making, err));
    LM_TRY(making->corpus.source_count == 0 ? take_starter(making, &starter, err)
                                            : describe(making, err));
    lm_init_experiment_name(name, lm_path_base(making->place));
    making->corpus.experiment = lm_arena_strdup(making->arena, name);
    if (making->corpus.experiment == NULL)
        return no_memory(err);
    making->corpus.sources = making->sources;
    measure(making);
    LM_TRY(write_spec(making, spec, err));
    if (starter != NULL)
        LM_TRY(lm_file_write_atomic(starter, lm_init_starter, strlen(lm_init_starter), err));
    return write_ignore(making, err);
}

int lm_heavy_init(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_init_args *args = given;
    struct lm_err err = {0};
    struct making making = {.cli = cli,
                            .arena = cli->arena,
                            .folder = count > 0 ? operands[0] : ".",
                            .corpus = {.file = LM_INIT_SPEC, .license = "unspecified"}};
    const char *spec = lm_path_join(cli->arena, making.folder, LM_INIT_SPEC);
    enum lm_status made = spec != NULL ? make(&making, spec, args->corpus, &err) : no_memory(&err);
    if (made != LM_OK)
        return lm_cli_fail(cli, made == LM_NOMEM || made == LM_IO ? LM_EXIT_STORE : LM_EXIT_USAGE,
                           err.text);
    fprintf(cli->out.file, "%s\n", lm_cli_text(cli, spec));
    fprintf(cli->err.file, "lmpipe: found %s\n", lm_cli_text(cli, making.corpus.found));
    fprintf(cli->err.file, "lmpipe: next: lmpipe run %s\n", lm_cli_text(cli, spec));
    return LM_EXIT_OK;
}
