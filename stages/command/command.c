/* Stage type command: the descriptor. The work is in command_run.c. */
#include <lmpipe/stage.h>

#include <ctype.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command_params.h"

static const struct lm_port inputs[] = {{NULL, NULL, NULL, 0}};
static const struct lm_port no_outputs[] = {{NULL, NULL, NULL, 0}};

/** What an output may be: as the other types have it, or just a file or a folder. */
static const char *const kinds[] = {"file",     "folder", "scores", "items",          "samples",
                                    "text",     "corpus", "model",  "vocab",          "tokens",
                                    "log",      "card",   "html",   "tokenizer_card", "csv",
                                    "markdown", "json",   "junit",  "sources",        "meta",
                                    "removals", NULL};

/* ---- which program ---- */

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/** As a shell looks for it, but never in a folder that depends on where one is. */
static const char *search(struct lm_arena *arena, const char *path, const char *word)
{
    while (path != NULL && *path != '\0') {
        size_t length = strcspn(path, ":");
        const char *found =
            path[0] == '/' ? lm_arena_printf(arena, "%.*s/%s", (int)length, path, word) : NULL;
        if (found != NULL && is_program(found))
            return found;
        path += length + (path[length] == ':');
    }
    return NULL;
}

/** The program is in the key by its content. A relative path is one of `files`, which are. */
static void follow_program(const struct lm_follow *follow)
{
    const char *word = follow->path, *path = follow->env(follow->user, "PATH"), *text;
    if (strcmp(follow->param, "run.0") != 0 || (word[0] != '/' && strchr(word, '/') != NULL))
        return;
    const char *found = word[0] != '/'     ? search(follow->arena, path, word)
                        : is_program(word) ? word
                                           : NULL;
    if (found != NULL) {
        follow->file(follow->user, "program", found, NULL, 0, 0);
        return;
    }
    if (word[0] == '/')
        text = lm_arena_printf(follow->arena,
                               "the program '%s' is not there or not executable; "
                               "name another, or install it",
                               word);
    else
        text = lm_arena_printf(follow->arena,
                               "the program '%s' was not found in PATH (%.300s); install it, write "
                               "its path, or give a script of your own in files and run it as ./%s",
                               word, path != NULL ? path : "which is not set", word);
    if (text != NULL)
        follow->lacking(follow->user, "program", text);
}

/* ---- rows ---- */

#define P(f) LM_FIELD(struct command_params, f)
#define F(f) LM_FIELD(struct command_file, f)
#define O(f) LM_FIELD(struct command_output, f)
#define V(f) LM_FIELD(struct command_variable, f)

/* clang-format off */
static const struct lm_param file_rows[] = {
    {F(path), .type = LM_P_PATH, .flags = LM_PARAM_REQUIRED | LM_PARAM_ENV, .named_by = "name",
     .help = "a file, or a folder with all in it; relative to the file that names it"},
    {F(name), .type = LM_P_STR, .def_str = "",
     .help = "where its copy lies in the private folder; when not given, the path as written"},
    {.name = NULL},
};

static const struct lm_param output_rows[] = {
    {O(name), .type = LM_P_STR, .flags = LM_PARAM_REQUIRED, .def_str = "",
     .help = "the output port's name: letters, digits, _ and -"},
    {O(kind), .type = LM_P_ENUM, .flags = LM_PARAM_REQUIRED, .def_str = "file", .choices = kinds,
     .help = "what it is, and whether it is a file or a folder"},
    {.name = NULL},
};

static const struct lm_param variable_rows[] = {
    {V(value), .type = LM_P_STR, .flags = LM_PARAM_REQUIRED, .def_str = "",
     .help = "its value"},
    {V(name), .type = LM_P_STR, .flags = LM_PARAM_REQUIRED, .def_str = "",
     .help = "name of the variable"},
    {.name = NULL},
};

static const struct lm_param params[] = {
    {P(run), .also = "command cmd argv args", .type = LM_P_LIST, .item = LM_P_STR, .flags = LM_PARAM_REQUIRED, .follow = follow_program,
     .help = "the program and its arguments; {in.NAME} and {out.NAME} are paths"},
    {P(files), .also = "scripts deps", .type = LM_P_LIST, .item = LM_P_RECORD, .flags = LM_PARAM_SHORT, .fields = file_rows, .fields_size = sizeof(struct command_file),
     .help = "copied to the private folder in which it runs; in the key by name and content"},
    {P(outputs), .also = "outs out", .type = LM_P_LIST, .item = LM_P_RECORD, .flags = LM_PARAM_REQUIRED, .fields = output_rows, .fields_size = sizeof(struct command_output),
     .help = "what it makes: its output ports"},
    {P(env), .also = "environment", .type = LM_P_LIST, .item = LM_P_RECORD, .flags = LM_PARAM_NAMED, .fields = variable_rows, .fields_size = sizeof(struct command_variable),
     .help = "variables of its environment, as {NAME: value}"},
    {P(pass), .also = "pass_env secrets", .type = LM_P_LIST, .item = LM_P_STR, .flags = LM_PARAM_NOT_IN_KEY | LM_PARAM_SECRET,
     .help = "names of your own variables that are handed on, such as secrets"},
    {P(version), .type = LM_P_STR, .def_str = "",
     .help = "change it when what the program does has changed and nothing else here shows it"},
    {.name = NULL},
};

/* clang-format on */

static const struct lm_metric_row score_metrics[] = {
    {"**", NULL, LM_BETTER_NONE, "a number of an output of kind scores, by its name there"},
    {NULL},
};

/* ---- ports ---- */

static bool bind(struct lm_stage *own, const void *data, struct lm_arena *arena)
{
    const struct command_params *p = data;
    const struct command_output *rows = p->outputs.items;
    struct lm_port *ports = LM_NEW_ARRAY(arena, struct lm_port, p->outputs.count + 1);
    own->metrics = NULL;
    for (size_t i = 0; ports != NULL && i < p->outputs.count; i++) {
        ports[i] = (struct lm_port){.name = rows[i].name,
                                    .kind = rows[i].kind,
                                    .help = "what the program writes to {out.NAME}",
                                    .flags = command_is_folder(rows[i].kind) ? LM_PORT_FOLDER : 0};
        if (strcmp(rows[i].kind, "scores") == 0)
            own->metrics = score_metrics;
    }
    own->outputs = ports;
    return ports != NULL;
}

/* ---- what is wrong ---- */

/** Letters, then letters, digits and what else may stand in it. */
static bool is_word(const char *text, const char *others)
{
    bool good = isalpha((unsigned char)text[0]) || (text[0] == '_' && strchr(others, '-') == NULL);
    for (const char *at = text; good && *at != '\0'; at++)
        good = isalnum((unsigned char)*at) || strchr(others, *at) != NULL;
    return good && strlen(text) <= 64;
}

static enum lm_status check_outputs(const struct command_params *p, struct lm_err *err)
{
    const struct command_output *rows = p->outputs.items;
    for (size_t i = 0; i < p->outputs.count; i++) {
        if (!is_word(rows[i].name, "_-"))
            return lm_fail_field(err, LM_INVALID,
                                 "outputs.%zu.name: not a name of an output; use letters, then "
                                 "letters 0-9 _ - (at most 64)",
                                 i);
        for (size_t k = 0; k < i; k++)
            if (strcmp(rows[k].name, rows[i].name) == 0)
                return lm_fail_field(err, LM_INVALID,
                                     "outputs.%zu.name: there are two outputs '%s'; rename one", i,
                                     rows[i].name);
    }
    return LM_OK;
}

/** The path without "." and with ".." carried out, in the arena; NULL: it leads upwards, is
 *  absolute, is of nothing, or there is no memory. */
static const char *normalise(struct lm_arena *arena, const char *path)
{
    char *out = lm_arena_alloc(arena, strlen(path) + 1);
    size_t size = 0, length;
    if (out == NULL || path[0] == '/')
        return NULL;
    for (; *path != '\0'; path += length, path += strspn(path, "/")) {
        length = strcspn(path, "/");
        if (length == 2 && memcmp(path, "..", 2) == 0) {
            if (size == 0)
                return NULL;
            while (size > 0 && out[--size] != '/')
                continue;
        } else if (length > 0 && !(length == 1 && path[0] == '.')) {
            if (size > 0)
                out[size++] = '/';
            memcpy(out + size, path, length);
            size += length;
        }
    }
    out[size] = '\0';
    return size > 0 ? out : NULL;
}

/** Is `path` the file or folder `name`, or below it? */
static bool is_in(const char *path, const char *name)
{
    size_t length = strlen(name);
    return strncmp(path, name, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static enum lm_status resolve_files(const struct command_params *p, struct lm_arena *arena,
                                    struct lm_err *err)
{
    struct command_file *rows = p->files.items;
    for (size_t i = 0; i < p->files.count; i++) {
        const char *name = normalise(arena, rows[i].name);
        if (rows[i].name[0] == '\0')
            return lm_fail_field(err, LM_INVALID,
                                 "files.%zu: no name for its copy; write {path: FILE, name: NAME}",
                                 i);
        if (name == NULL)
            return lm_fail_field(err, LM_INVALID,
                                 "files.%zu: '%s' leads out of the private folder; write "
                                 "{path: FILE, name: NAME} with the name its copy shall have",
                                 i, rows[i].name);
        rows[i].name = name;
        for (size_t k = 0; k < i; k++)
            if (is_in(name, rows[k].name) || is_in(rows[k].name, name))
                return lm_fail_field(err, LM_INVALID,
                                     "files.%zu: '%s' and '%s' would lie in one place; drop or "
                                     "rename one",
                                     i, rows[k].name, name);
    }
    return LM_OK;
}

/** A program of one's own is copied like everything else that it needs. */
static enum lm_status check_program(const struct command_params *p, struct lm_arena *arena,
                                    struct lm_err *err)
{
    const char *const *run = p->run.items;
    const struct command_file *files = p->files.items;
    struct command_place place;
    if (run[0][0] == '\0')
        return lm_fail_field(err, LM_INVALID, "run.0: no program; name one");
    if (command_place_next(&place, run[0]))
        return lm_fail_field(err, LM_INVALID,
                             "run.0: the program is named, and no input; run it by another one");
    if (run[0][0] == '/' || strchr(run[0], '/') == NULL)
        return LM_OK;
    const char *name = normalise(arena, run[0]);
    for (size_t i = 0; name != NULL && i < p->files.count; i++)
        if (is_in(name, files[i].name))
            return LM_OK;
    return lm_fail_field(err, LM_INVALID,
                         "run.0: '%s' is not among files; name it there, as the program runs in a "
                         "private folder",
                         run[0]);
}

/** Does an argument hold the place of this output? */
static bool is_written(const struct command_params *p, const char *output)
{
    const char *const *run = p->run.items;
    struct command_place place;
    for (size_t i = 0; i < p->run.count; i++)
        for (const char *at = run[i]; command_place_next(&place, at); at = place.end)
            if (place.is_output && !place.is_literal && command_place_is(&place, output))
                return true;
    return false;
}

static enum lm_status check_places(const struct command_params *p, struct lm_err *err)
{
    const char *const *run = p->run.items;
    const struct command_output *rows = p->outputs.items;
    struct command_place place;
    for (size_t i = 0; i < p->run.count; i++)
        for (const char *at = run[i]; command_place_next(&place, at); at = place.end) {
            bool known = !place.is_output || place.is_literal;
            for (size_t k = 0; k < p->outputs.count; k++)
                known = known || command_place_is(&place, rows[k].name);
            if (!known)
                return lm_fail_field(err, LM_INVALID,
                                     "run.%zu: {out.%.*s} is not among outputs; declare it, or "
                                     "write {{out.%.*s}} when these very characters are meant",
                                     i, (int)place.length, place.name, (int)place.length,
                                     place.name);
        }
    for (size_t k = 0; k < p->outputs.count; k++)
        if (!is_written(p, rows[k].name))
            return lm_fail_field(err, LM_INVALID,
                                 "outputs.%zu: no argument of run holds {out.%s}, so that the "
                                 "program cannot know where to write it",
                                 k, rows[k].name);
    return LM_OK;
}

static enum lm_status check_variables(const struct command_params *p, struct lm_err *err)
{
    static const char rule[] = "is no name of a variable; use letters, digits and _";
    const struct command_variable *env = p->env.items;
    const char *const *pass = p->pass.items;
    for (size_t i = 0; i < p->env.count; i++) {
        if (!is_word(env[i].name, "_"))
            return lm_fail_field(err, LM_INVALID, "env: '%s' %s", env[i].name, rule);
        for (size_t k = 0; k < i; k++)
            if (strcmp(env[i].name, env[k].name) == 0)
                return lm_fail_field(err, LM_INVALID, "env: '%s' is given twice; drop one",
                                     env[i].name);
    }
    for (size_t i = 0; i < p->pass.count; i++) {
        if (!is_word(pass[i], "_"))
            return lm_fail_field(err, LM_INVALID, "pass.%zu: '%s' %s", i, pass[i], rule);
        for (size_t k = 0; k < p->env.count; k++)
            if (strcmp(pass[i], env[k].name) == 0)
                return lm_fail_field(err, LM_INVALID,
                                     "pass.%zu: '%s' has its value from env; drop one", i, pass[i]);
    }
    return LM_OK;
}

static enum lm_status resolve(void *data, struct lm_arena *arena, struct lm_err *err)
{
    struct command_params *p = data;
    LM_TRY(check_outputs(p, err));
    LM_TRY(resolve_files(p, arena, err));
    LM_TRY(check_program(p, arena, err));
    LM_TRY(check_places(p, err));
    return check_variables(p, err);
}

static enum lm_status check_ports(const void *data, bool (*has)(const void *user, const char *port),
                                  const void *user, struct lm_err *err)
{
    const struct command_params *p = data;
    const char *const *run = p->run.items;
    struct command_place place;
    for (size_t i = 0; i < p->run.count; i++)
        for (const char *at = run[i]; command_place_next(&place, at); at = place.end) {
            char name[65] = "";
            if (place.is_output || place.is_literal)
                continue;
            if (place.length < sizeof name)
                memcpy(name, place.name, place.length);
            if (name[0] == '\0' || !has(user, name))
                return lm_fail_field(err, LM_INVALID,
                                     "run.%zu: {in.%.*s} is no input of this stage; name it in "
                                     "`in`, or write {{in.%.*s}} when these very characters are "
                                     "meant",
                                     i, (int)place.length, place.name, (int)place.length,
                                     place.name);
        }
    return LM_OK;
}

/* ---- in words ---- */

/** Can a word stand in a line as it is? */
static bool is_plain(const char *word)
{
    return word[0] != '\0' && word[strcspn(word, " \t\n'\"\\$`;&|<>()*?")] == '\0';
}

static const char *program(const void *data, struct lm_arena *arena)
{
    const struct command_params *p = data;
    const char *const *run = p->run.items, *text = "";
    for (size_t i = 0; i < p->run.count && text != NULL; i++) {
        const char *quote = is_plain(run[i]) ? "" : strchr(run[i], '\'') != NULL ? "\"" : "'";
        text = lm_arena_printf(arena, "%s%s%s%s%s", text, i > 0 ? " " : "", quote, run[i], quote);
    }
    return text;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/** What another program took tells nothing. */
static void estimate(const void *data, const struct lm_upstream *upstream, struct lm_estimate *out)
{
    const struct command_params *p = data;
    const char *const *run = p->run.items;
    const struct command_file *files = p->files.items;
    (void)upstream;
    snprintf(out->variant, sizeof out->variant, "%s%s%s", base_of(run[0]),
             p->files.count > 0 ? " " : "", p->files.count > 0 ? base_of(files[0].name) : "");
}

extern const struct lm_stage lm_stage_command;
const struct lm_stage lm_stage_command = {
    .name = "command",
    .version = 1,
    .summary = "runs a program of your own, in any language: a scorer, a converter",
    .flags = LM_STAGE_OPEN,
    .inputs = inputs,
    .outputs = no_outputs,
    .params = params,
    .params_size = sizeof(struct command_params),
    .metrics = score_metrics,
    .resolve = resolve,
    .check_ports = check_ports,
    .bind = bind,
    .program = program,
    .estimate = estimate,
};
