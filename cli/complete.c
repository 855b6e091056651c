#include "complete.h"

#include <stdlib.h>
#include <string.h>

#include <lmpipe/runs.h>

#include "base/io.h"
#include "command_table.h"
#include "loaded.h"
#include "safe_text.h"

/** The words up to the cursor, as the command's table reads them. */
struct completion {
    struct lm_cli *cli;
    const struct lm_command *command;
    const char *word;             /**< that is to be completed, as far as it is typed */
    const char *ahead;            /**< what stands before it in the same word: "--format=" */
    const struct lm_option *open; /**< the option whose value it is, or NULL */
    const char *first;            /**< the first operand, or NULL */
    size_t operands;              /**< before it */
    struct lm_spec_args spec;     /**< -S and --store as given */
};

static void offer(void *user, const char *candidate, const char *description)
{
    const struct completion *completion = user;
    if (candidate == NULL || strncmp(candidate, completion->word, strlen(completion->word)) != 0)
        return;
    FILE *out = completion->cli->out.file;
    fprintf(out, "%s%s\t%s\n", completion->ahead, lm_cli_text(completion->cli, candidate),
            lm_cli_text(completion->cli, description != NULL ? description : ""));
}

static void let_shell(const struct completion *completion, const char *what)
{
    fprintf(completion->cli->out.file, ":%s\n", what);
}

/* ---- what the words of operands and values stand for ---- */

static void offer_files(struct completion *completion)
{
    let_shell(completion, "files");
}

static void offer_specs(struct completion *completion)
{
    let_shell(completion, "specs");
}

static void offer_folders(struct completion *completion)
{
    let_shell(completion, "folders");
}

/* The spec that the first operand names; NULL when it cannot be read, of which nothing is said. */
static struct lm_spec *load(struct completion *completion)
{
    struct lm_spec *spec = NULL;
    struct lm_diags diags = {0};
    struct lm_spec_options options = {.types = lm_stage_table,
                                      .settings = completion->spec.settings.items,
                                      .setting_count = completion->spec.settings.count,
                                      .env = lm_cli_env};
    if (completion->first == NULL)
        return NULL;
    enum lm_status status =
        lm_spec_load(&spec, &diags, completion->cli->arena, completion->first, &options, NULL);
    return status == LM_OK ? spec : NULL;
}

/* Families, or, once '@' is typed, instances. */
static void offer_stages(struct completion *completion)
{
    struct lm_spec *spec = load(completion);
    bool instances = strchr(completion->word, '@') != NULL;
    size_t count = spec != NULL ? lm_spec_stages(spec) : 0, last = 0;
    const char *before = "";
    for (size_t i = 0; i < count; i++) {
        const char *id = lm_spec_stage_id(spec, i), *summary = lm_spec_stage_type(spec, i)->summary;
        size_t length = strcspn(id, "@");
        if (instances)
            offer(completion, id, summary);
        else if (length != last || strncmp(id, before, length) != 0)
            offer(completion, lm_arena_strndup(completion->cli->arena, id, length), summary);
        before = id;
        last = length;
    }
}

static void offer_ports(struct completion *completion)
{
    struct lm_spec *spec = load(completion);
    size_t count = spec != NULL ? lm_spec_stages(spec) : 0;
    for (size_t i = 0; i < count; i++) {
        const struct lm_port *port = lm_spec_stage_type(spec, i)->outputs;
        for (; port != NULL && port->name != NULL; port++) {
            const char *text = lm_arena_printf(completion->cli->arena, "%s.%s",
                                               lm_spec_stage_id(spec, i), port->name);
            if (lm_spec_stage_has(spec, i, port))
                offer(completion, text, lm_spec_stage_type(spec, i)->name);
        }
    }
}

static void offer_setting(void *user, const char *name, const char *help)
{
    struct completion *completion = user;
    offer(completion, lm_arena_printf(completion->cli->arena, "%s=", name), help);
}

static void offer_settings(struct completion *completion)
{
    struct lm_spec *spec = load(completion);
    if (spec != NULL && strchr(completion->word, '=') == NULL)
        lm_spec_each_setting(spec, offer_setting, completion);
}

static void offer_types(struct completion *completion)
{
    for (size_t i = 0; lm_stage_table[i] != NULL; i++)
        offer(completion, lm_stage_table[i]->name, lm_stage_table[i]->summary);
}

/* The store of --store, LMPIPE_STORE or the working folder, if there is one. */
static struct lm_store *find_store(const struct completion *completion)
{
    struct lm_store *store = NULL;
    const struct lm_cli *cli = completion->cli;
    const char *place = lm_store_place(cli, completion->spec.store, lm_root_here(cli));
    const char *version = place != NULL ? lm_path_join(cli->arena, place, "VERSION") : NULL;
    if (version == NULL || !lm_path_exists(version))
        return NULL;
    return lm_store_open(&store, place, NULL) == LM_OK ? store : NULL;
}

/* The lines that a function prints: each up to `stop` is offered. */
static void offer_lines(struct completion *completion, char *lines, const char *stop,
                        const char *description)
{
    char *rest = NULL;
    for (char *line = strtok_r(lines, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        size_t length = strcspn(line, stop);
        const char *tail = line[length] != '\0' ? line + length + 1 : "";
        line[length] = '\0';
        offer(completion, line, description != NULL ? description : tail);
    }
}

static void offer_recorded(struct completion *completion, struct lm_store *store, bool tags)
{
    char *lines = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&lines, &size);
    if (out == NULL)
        return;
    enum lm_status status = tags ? lm_run_tags(store, false, out, NULL)
                                 : lm_runs_list(store, NULL, LM_RUNS_CSV, out, NULL);
    bool written = fclose(out) == 0;
    char *header = lines != NULL && !tags ? strchr(lines, '\n') : NULL;
    if (written && status == LM_OK && (tags || header != NULL))
        offer_lines(completion, tags ? lines : header + 1, tags ? " " : ",",
                    tags ? NULL : "recorded run");
    free(lines);
}

/* A run: a tag, `last`, an id; or a spec, or an exported file. */
static void offer_runs(struct completion *completion)
{
    struct lm_store *store = find_store(completion);
    offer(completion, "last", "the last recorded run");
    if (store != NULL) {
        offer_recorded(completion, store, true);
        offer_recorded(completion, store, false);
    }
    lm_store_close(store);
    let_shell(completion, "files");
}

static const struct source {
    const char *word; /* as the tables write it */
    void (*offer)(struct completion *completion);
} sources[] = {
    {"SPEC", offer_specs},       {"STAGE", offer_stages},
    {"STAGE.PORT", offer_ports}, {"NAME=VALUE", offer_settings},
    {"TYPE", offer_types},       {"RUN", offer_runs},
    {"A", offer_runs},           {"B", offer_runs},
    {"DIR", offer_folders},      {"FILE", offer_files},
    {"MODEL", offer_files},      {"VOCAB", offer_files},
    {"SPEC|FILE", offer_files},
};

static void offer_word(struct completion *completion, const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (strlen(sources[i].word) == length && strncmp(sources[i].word, word, length) == 0)
            sources[i].offer(completion);
}

/* The word for operand `index` of "SPEC STAGE.PORT[/NAME]", "A [B…]": the last one that ends in …
 * stands for all that follow. */
static void offer_operand(struct completion *completion)
{
    const char *at = completion->command->operands;
    for (size_t index = 0; *at != '\0'; index++) {
        at += strspn(at, " [");
        size_t length = strcspn(at, " []…");
        bool repeats = strncmp(at + length, "…", strlen("…")) == 0;
        if (index == completion->operands || repeats) {
            offer_word(completion, at, length);
            return;
        }
        at += strcspn(at, " ");
    }
}

/* ---- the words before ---- */

static const struct lm_option *find_long(const struct lm_command *command, const char *name,
                                         size_t length)
{
    for (const struct lm_option *row = command->options; row != NULL && row->name != NULL; row++)
        if (strlen(row->name) == length && strncmp(row->name, name, length) == 0)
            return row;
    return NULL;
}

static const struct lm_option *find_short(const struct lm_command *command, char letter)
{
    for (const struct lm_option *row = command->options; row != NULL && row->name != NULL; row++)
        if (row->letter != 0 && row->letter == letter)
            return row;
    return NULL;
}

static bool takes_value(const struct lm_option *row)
{
    return row != NULL && row->kind != LM_O_FLAG;
}

static void keep_setting(struct completion *completion, const char *value)
{
    struct lm_settings *settings = &completion->spec.settings;
    struct lm_arena *arena = completion->cli->arena;
    const char *equals = strchr(value, '=');
    struct lm_setting *items = LM_NEW_ARRAY(arena, struct lm_setting, settings->count + 1);
    if (equals == NULL || equals == value || items == NULL)
        return;
    if (settings->count > 0)
        memcpy(items, settings->items, settings->count * sizeof *items);
    items[settings->count] = (struct lm_setting){
        .name = lm_arena_strndup(arena, value, (size_t)(equals - value)), .value = equals + 1};
    if (items[settings->count].name == NULL)
        return;
    settings->items = items;
    settings->count++;
}

static void keep_value(struct completion *completion, const struct lm_option *row,
                       const char *value)
{
    if (row->kind == LM_O_SETTINGS)
        keep_setting(completion, value);
    else if (strcmp(row->name, "store") == 0)
        completion->spec.store = value;
}

/* An option, as far as it is typed. Its row when its value is the next word. */
static const struct lm_option *read_option(struct completion *completion, const char *word)
{
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        const struct lm_option *row = find_long(completion->command, word + 2, length);
        if (takes_value(row) && word[2 + length] == '=')
            keep_value(completion, row, word + 2 + length + 1);
        bool open = takes_value(row) && row->kind != LM_O_MAYBE;
        return open && word[2 + length] == '\0' ? row : NULL;
    }
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct lm_option *row = find_short(completion->command, *letter);
        if (!takes_value(row))
            continue;
        if (letter[1] != '\0')
            keep_value(completion, row, letter + 1);
        return letter[1] == '\0' ? row : NULL;
    }
    return NULL;
}

/* Whether options may still follow. */
static bool read_words(struct completion *completion, int count, char **words)
{
    bool options = true;
    for (int i = 0; i < count; i++) {
        if (completion->open != NULL) {
            keep_value(completion, completion->open, words[i]);
            completion->open = NULL;
        } else if (options && strcmp(words[i], "--") == 0) {
            options = false;
        } else if (options && words[i][0] == '-' && words[i][1] != '\0') {
            completion->open = read_option(completion, words[i]);
        } else if (completion->operands++ == 0) {
            completion->first = words[i];
        }
    }
    return options;
}

/* ---- the word itself ---- */

static void offer_value(struct completion *completion)
{
    const struct lm_option *row = completion->open;
    for (size_t i = 0; row->kind == LM_O_CHOICE && row->choices[i] != NULL; i++)
        offer(completion, row->choices[i], row->help);
    if (row->metavar != NULL)
        offer_word(completion, row->metavar, strlen(row->metavar));
}

static void offer_options(struct completion *completion)
{
    const struct lm_option *row = completion->command->options;
    for (; row != NULL && row->name != NULL; row++) {
        offer(completion, lm_arena_printf(completion->cli->arena, "--%s", row->name), row->help);
    }
    offer(completion, "--help", "what the command does, with an example");
}

/* "--format=te": the value that begins behind the sign. */
static bool is_value_inside(struct completion *completion)
{
    const char *equals = strchr(completion->word, '=');
    if (strncmp(completion->word, "--", 2) != 0 || equals == NULL)
        return false;
    completion->open = find_long(completion->command, completion->word + 2,
                                 (size_t)(equals - completion->word - 2));
    if (!takes_value(completion->open))
        return false;
    size_t length = (size_t)(equals + 1 - completion->word);
    completion->ahead = lm_arena_strndup(completion->cli->arena, completion->word, length);
    completion->word = equals + 1;
    return completion->ahead != NULL;
}

static void offer_argument(struct completion *completion, int count, char **words)
{
    bool options = read_words(completion, count, words);
    if (completion->open != NULL || (options && is_value_inside(completion)))
        offer_value(completion);
    else if (options && completion->word[0] == '-')
        offer_options(completion);
    else
        offer_operand(completion);
}

/* The first word of every command, or, of a family, the second. */
static void offer_commands(struct completion *completion, const char *family)
{
    const char *before = "";
    for (size_t i = 0; lm_commands[i] != NULL; i++) {
        const char *name = lm_commands[i]->name, *space = strchr(name, ' ');
        if (family != NULL && lm_command_is_of(lm_commands[i], family))
            offer(completion, space + 1, lm_commands[i]->summary);
        if (family != NULL)
            continue;
        const char *first =
            space != NULL ? lm_arena_strndup(completion->cli->arena, name, (size_t)(space - name))
                          : name;
        if (first != NULL && strcmp(first, before) != 0)
            offer(completion, first,
                  space != NULL ? "a family of commands" : lm_commands[i]->summary);
        before = first != NULL ? first : "";
    }
    if (family == NULL)
        offer(completion, "help", "what a command does, with an example");
}

int lm_complete(struct lm_cli *cli, int count, char **words)
{
    int named = 0;
    if (count < 1)
        return LM_EXIT_OK;
    struct completion completion = {.cli = cli, .word = words[count - 1], .ahead = ""};
    int before = count - 1; /* words ahead of the one that is typed */
    if (before > 0 && strcmp(words[0], "help") == 0) {
        words++;
        before--;
        if (before < 2)
            offer_commands(&completion, before == 1 ? words[0] : NULL);
        return lm_cli_finish(cli, LM_EXIT_OK);
    }
    completion.command = lm_command_find(&named, before, words);
    if (completion.command != NULL)
        offer_argument(&completion, before - named, words + named);
    else if (before < 2)
        offer_commands(&completion, before == 1 ? words[0] : NULL);
    return lm_cli_finish(cli, LM_EXIT_OK);
}
