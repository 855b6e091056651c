/* Files and folders that parameters name: their content enters the key. */
#include "spec/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/pool.h"
#include "base/url.h"
#include "param/param_rows.h"

enum { FEW = 64 }; /**< files that one thread has looked at before another one has begun */

/* ---- which ---- */

struct place {
    struct lm_load *load;
    struct lm_spec_stage *stage;
    const struct lm_load_stage *build;
    size_t capacity;
};

static void add_file(struct place *place, const char *param, const struct lm_spec_file *file)
{
    struct lm_load *load = place->load;
    struct lm_spec_stage *stage = place->stage;
    struct lm_spec_file *files =
        lm_load_keep(load, lm_arena_grow(load->arena, stage->files, stage->file_count,
                                         &place->capacity, sizeof *files));
    const char *name = lm_load_keep(load, lm_arena_strdup(load->arena, param));
    if (files == NULL || name == NULL)
        return;
    stage->files = files;
    stage->file_map.arena = load->arena;
    if (!lm_name_map_put(&stage->file_map, name, stage->file_count))
        lm_load_keep(load, NULL);
    files[stage->file_count] = *file;
    files[stage->file_count++].param = name;
}

/* ---- files that files name ---- */

/** A file that is being followed. */
struct following {
    struct place *place;
    const char *param, *shown;
    const struct lm_load_stage *build;
};

static const char *follow_env(void *user, const char *name)
{
    const struct following *following = user;
    const struct lm_spec_options *options = following->place->load->options;
    const char *value = options->env != NULL ? options->env(options->env_user, name) : NULL;
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool follow_has(void *user, const char *port)
{
    const struct following *following = user;
    return lm_load_has_input(following->build, port);
}

static void follow_file(void *user, const char *name, const char *path, const char *written,
                        int line, int column)
{
    const struct following *following = user;
    const struct lm_spec_file file = {
        .path = path,
        .written = written,
        .at = {.file = following->shown, .line = line, .column = column}};
    add_file(following->place, lm_load_field(following->place->load, following->param, name),
             &file);
}

static void follow_lacking(void *user, const char *name, const char *text)
{
    const struct following *following = user;
    const struct lm_spec_file file = {.path = "", .lacking = text};
    add_file(following->place, lm_load_field(following->place->load, following->param, name),
             &file);
}

static void follow_error(void *user, int line, int column, const char *field, const char *text)
{
    const struct following *following = user;
    const struct lm_origin at = {.file = following->shown, .line = line, .column = column};
    lm_diag_error(&following->place->load->diags, &at, field, "%s", text);
}

/** A path as findings call it: from where the spec was named, as the spec's own places are. */
static const char *shown_path(struct lm_load *load, const struct lm_origin *at, const char *path)
{
    const char *below = lm_path_below(path, lm_load_folder(load, at));
    const char *dir = lm_path_dir(load->arena, at->file != NULL ? at->file : load->files[0].name);
    if (below == NULL || dir == NULL)
        return path;
    return strcmp(dir, ".") == 0 ? below
                                 : lm_load_keep(load, lm_path_join(load->arena, dir, below));
}

static void follow_path(struct place *place, const struct lm_param_leaf *leaf, const char *path)
{
    struct lm_load *load = place->load;
    const struct lm_origin at = lm_load_origin(place->stage, leaf->name);
    struct following following = {.place = place,
                                  .param =
                                      lm_load_keep(load, lm_arena_strdup(load->arena, leaf->name)),
                                  .shown = shown_path(load, &at, path),
                                  .build = place->build};
    const struct lm_follow follow = {.param = following.param,
                                     .path = path,
                                     .shown = following.shown,
                                     .arena = load->arena,
                                     .params = place->stage->params,
                                     .env = follow_env,
                                     .has_input = follow_has,
                                     .file = follow_file,
                                     .lacking = follow_lacking,
                                     .error = follow_error,
                                     .user = &following};
    if (following.param != NULL && following.shown != NULL)
        leaf->row->follow(&follow);
}

/** An address that config has printed: its result may be in the store, but nothing can be fetched.
 * An error where the query it had is in the key. */
static void check_masked(struct place *place, const struct lm_param_leaf *leaf, const char *url)
{
    static const char text[] = "the secret of this address was left out where it was printed "
                               "(***): nothing can be fetched from it; write it as ${env.NAME}";
    struct lm_load *load = place->load;
    struct lm_origin at = lm_load_origin(place->stage, leaf->name);
    const char *field = lm_load_field(load, place->stage->id, leaf->name);
    if (!lm_url_is_masked(url))
        return;
    if (leaf->hidden || lm_url_query(url)[0] == '\0')
        lm_diag_warn(&load->diags, &at, field, "%s", text);
    else
        lm_diag_error(&load->diags, &at, field, "%s", text);
}

/** The file that a path, an address or a word that is followed stands for; NULL: none. */
static const char *text_of(const struct lm_param_leaf *leaf)
{
    const char *text;
    bool is_word = leaf->type == LM_P_STR && leaf->row->follow != NULL;
    if (leaf->type != LM_P_PATH && leaf->type != LM_P_URL && !is_word)
        return NULL;
    memcpy(&text, leaf->value, sizeof text);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/** Files whose content enters the key: paths and file:// addresses without a pin. */
static void visit_file(void *user, const struct lm_param_leaf *leaf)
{
    struct place *place = user;
    struct lm_load *load = place->load;
    const char *text = text_of(leaf), *path = text;
    place->stage->is_pinned |= leaf->pin != NULL || leaf->size != LM_UNSET_INT;
    if (text == NULL)
        return;
    if (leaf->type == LM_P_STR) {
        follow_path(place, leaf, text);
        return;
    }
    if (leaf->type == LM_P_URL)
        check_masked(place, leaf, text);
    if (leaf->hidden)
        return;
    if (leaf->type == LM_P_URL) {
        if (leaf->item || strncasecmp(text, "file://", 7) != 0)
            return;
        path = lm_url_file(load->arena, text);
        if (path == NULL) {
            struct lm_origin at = lm_load_origin(place->stage, leaf->name);
            lm_diag_error(&load->diags, &at, lm_load_field(load, place->stage->id, leaf->name),
                          "no absolute path; write file:///folder/file, or use path:");
            return;
        }
    }
    add_file(place, leaf->name, &(struct lm_spec_file){.path = path});
    if (leaf->row->follow != NULL)
        follow_path(place, leaf, path);
}

void lm_load_note_files(struct lm_load *load, const struct lm_load_stage *build)
{
    struct lm_spec_stage *stage = build->stage;
    struct place place = {.load = load, .stage = stage, .build = build};
    lm_params_walk(stage->type->params, stage->params, visit_file, &place);
}

/* ---- are they there? ---- */

/** A file with a stage that names it. */
struct named_file {
    struct lm_spec_file *file;
    const struct lm_spec_stage *stage;
    int error; /**< errno, or 0 */
};

struct looking {
    struct named_file *files;
    struct stat *seen; /**< parallel */
};

static void look(void *user, size_t task, size_t worker)
{
    const struct looking *looking = user;
    struct named_file *named = &looking->files[task];
    (void)worker;
    if (stat(named->file->path, &looking->seen[task]) != 0)
        named->error = errno;
}

static void say_missing(struct lm_load *load, const struct named_file *named)
{
    const struct lm_spec_stage *stage = named->stage;
    const char *param = named->file->param, *path = named->file->path, *shown = path;
    struct lm_origin at = lm_load_origin(stage, param);
    const char *folder = lm_load_folder(load, &at);
    const char *field = lm_load_field(load, load->spec->families[stage->family].id, param);
    if (named->file->written != NULL) {
        lm_diag_error(&load->diags, &named->file->at, field,
                      "%s: %s; paths are relative to the file that names them",
                      lm_quote(load->arena, named->file->written), strerror(named->error));
        return;
    }
    if (lm_path_below(path, folder) != NULL)
        shown = lm_path_below(path, folder);
    size_t given = lm_name_map_find(&stage->value_map, param);
    if (given != SIZE_MAX && stage->values[given].written != NULL)
        shown = stage->values[given].written;
    lm_diag_error(&load->diags, &at, field,
                  "%s: %s; paths are relative to the file that names them",
                  lm_quote(load->arena, shown), strerror(named->error));
}

/** All files, each once: instances whose parameters are the same share theirs. */
static size_t list_files(const struct lm_spec *spec, struct named_file *out)
{
    static const struct stat listed = {.st_size = 0};
    size_t count = 0;
    for (size_t i = 0; i < spec->stage_count; i++)
        for (size_t k = 0; k < spec->stages[i].file_count; k++) {
            struct lm_spec_file *file = &spec->stages[i].files[k];
            if (file->seen == NULL && file->lacking == NULL)
                out[count++] = (struct named_file){.file = file, .stage = &spec->stages[i]};
            if (file->lacking == NULL)
                file->seen = &listed;
        }
    return count;
}

const struct lm_spec_file *lm_spec_lacking(const struct lm_spec_stage *stage)
{
    for (size_t i = 0; i < stage->file_count; i++)
        if (stage->files[i].lacking != NULL)
            return &stage->files[i];
    return NULL;
}

bool lm_spec_check_lacking(const struct lm_spec *spec, size_t stage, struct lm_diag_list *diags)
{
    const struct lm_spec_stage *s = &spec->stages[stage];
    const struct lm_spec_file *file = lm_spec_lacking(s);
    if (file == NULL)
        return false;
    const struct lm_origin at = lm_load_origin(s, file->param);
    lm_diag_warn(diags, &at, spec->families[s->family].id, "%s", file->lacking);
    return true;
}

void lm_load_look_at_files(struct lm_load *load)
{
    struct looking looking = {.seen = NULL};
    size_t most = 0, count = 0, threads = load->options->threads;
    for (size_t i = 0; i < load->spec->stage_count; i++)
        most += load->spec->stages[i].file_count;
    looking.files = malloc((most + 1) * sizeof *looking.files);
    if (lm_load_keep(load, looking.files) != NULL)
        count = list_files(load->spec, looking.files);
    looking.seen = lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct stat, count));
    if (looking.seen != NULL) {
        struct lm_pool *pool =
            count > FEW ? lm_pool_create(threads > 0 ? threads : lm_cpu_count()) : NULL;
        lm_pool_run(pool, count, look, &looking);
        lm_pool_free(pool);
    }
    for (size_t i = 0; i < count && looking.seen != NULL; i++) {
        looking.files[i].file->seen = &looking.seen[i];
        if (looking.files[i].error != 0)
            say_missing(load, &looking.files[i]);
    }
    free(looking.files);
}
