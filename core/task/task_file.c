#include "task/task_file.h"

#include <string.h>

#include "base/io.h"
#include "task/task_slot.h"

const char *const lm_task_kinds[] = {"stream", "choice", "cloze", "generate", "similarity", NULL};
const char *const lm_task_norms[] = {"sum", "token", "byte", "pmi", NULL};

/* Names that other members of scores and items have. */
static const char *const reserved[] = {"train",     "valid",    "test",     "model",
                                       "examples",  "curves",   "passages", "tasks",
                                       "signature", "diverged", "objective"};

struct reading {
    struct lm_task *task;
    struct lm_diag_list *diags;
    const char *file;
    uint32_t given; /* of the fields, by place in the table */
};

static bool read_template(const struct lm_slot *slot, struct lm_template *out)
{
    const char *text = lm_slot_text(slot);
    return text != NULL && lm_template_parse(out, slot->diags->arena, text, &slot->node->at,
                                             slot->field, slot->diags);
}

/* A list of templates; or a single one, which may stand for a list (*is_list). */
static struct lm_template *read_templates(const struct lm_slot *slot, size_t *count, bool *is_list)
{
    *is_list = slot->node->kind != LM_NODE_LIST;
    *count = *is_list ? 1 : slot->node->count;
    if (*count == 0 || *count > LM_TASK_CHOICES) {
        lm_slot_error(slot, "a list of %zu; 1 to %d are allowed", *count, LM_TASK_CHOICES);
        *count = 0;
        return NULL;
    }
    struct lm_template *out =
        lm_slot_keep(slot->diags, LM_NEW_ARRAY(slot->diags->arena, struct lm_template, *count));
    for (size_t i = 0; out != NULL && i < *count; i++) {
        struct lm_slot item = *is_list ? *slot : lm_slot_element(slot, i);
        read_template(&item, &out[i]);
    }
    return out;
}

/* ---- data ---- */

static const char *read_name(const struct lm_slot *slot)
{
    const char *text = lm_slot_text(slot);
    if (text != NULL && text[0] == '\0') {
        lm_slot_error(slot, "an empty name; give one or remove the key");
        return NULL;
    }
    return text;
}

static void data_file(const struct lm_slot *slot, void *out)
{
    ((struct lm_task_data *)out)->file = read_name(slot);
}

static void data_source(const struct lm_slot *slot, void *out)
{
    ((struct lm_task_data *)out)->source = read_name(slot);
}

static void data_files(const struct lm_slot *slot, void *out)
{
    ((struct lm_task_data *)out)->files = read_name(slot);
}

static void data_format(const struct lm_slot *slot, void *out)
{
    int choice = lm_slot_choice(slot, lm_row_formats);
    if (choice >= 0)
        ((struct lm_task_data *)out)->format = (enum lm_row_format)choice;
}

static void data_columns(const struct lm_slot *slot, void *out)
{
    struct lm_task_data *data = out;
    data->columns = lm_slot_texts(slot, &data->column_count, false);
    for (size_t i = 0; data->columns != NULL && i < data->column_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(data->columns[i], data->columns[k]) == 0)
                lm_slot_error(slot, "%s is named twice; give each column a name of its own",
                              lm_quote(slot->diags->arena, data->columns[i]));
}

static const struct lm_slot_key data_keys[] = {{"file", data_file},
                                               {"source", data_source},
                                               {"files", data_files},
                                               {"format", data_format},
                                               {"columns", data_columns}};

/* The bare name of a file, or a mapping. */
static void read_data(const struct lm_slot *slot, struct lm_task_data *out)
{
    size_t errors = slot->diags->errors;
    *out = (struct lm_task_data){.format = LM_ROWS_AUTO, .at = slot->node->at};
    if (slot->node->kind == LM_NODE_SCALAR)
        data_file(slot, out);
    else
        lm_slot_map(slot, data_keys, sizeof data_keys / sizeof data_keys[0], out);
    if (slot->diags->errors > errors)
        return;
    if ((out->file != NULL) == (out->source != NULL))
        lm_slot_error(slot, "give either file: PATH or source: NAME (of task_data)");
    else if (out->files != NULL && out->source == NULL)
        lm_slot_error(slot, "files: chooses members of a source; with file: leave it out");
    else if (out->columns != NULL && out->format != LM_ROWS_AUTO && out->format != LM_ROWS_CSV &&
             out->format != LM_ROWS_TSV)
        lm_slot_error(slot, "columns: is for csv and tsv; with format: %s leave it out",
                      lm_row_formats[out->format]);
}

static void field_data(const struct lm_slot *slot, void *out)
{
    read_data(slot, &((struct lm_task *)out)->data);
}

/* ---- few_shot, limit ---- */

static void shots_data(const struct lm_slot *slot, void *out)
{
    read_data(slot, &((struct lm_task *)out)->shots);
}

static void shots_count(const struct lm_slot *slot, void *out)
{
    lm_slot_count(slot, 1, 1000, &((struct lm_task *)out)->shot_count);
}

static void shots_join(const struct lm_slot *slot, void *out)
{
    const char *text = lm_slot_text(slot);
    if (text != NULL)
        ((struct lm_task *)out)->shot_join = text;
}

static const struct lm_slot_key shot_keys[] = {
    {"data", shots_data}, {"count", shots_count}, {"join", shots_join}};

static void field_few_shot(const struct lm_slot *slot, void *out)
{
    struct lm_task *task = out;
    size_t errors = slot->diags->errors;
    task->shot_join = "\n\n";
    lm_slot_map(slot, shot_keys, sizeof shot_keys / sizeof shot_keys[0], task);
    if (slot->diags->errors > errors)
        return;
    if (task->shot_count == 0)
        lm_slot_error(slot, "count is missing; say how many examples stand before an item");
    else if (task->shots.file == NULL && task->shots.source == NULL)
        lm_slot_error(slot, "data is missing; name a file of examples that is not the items' own");
}

static void limit_items(const struct lm_slot *slot, void *out)
{
    lm_slot_count(slot, 1, INT32_MAX, &((struct lm_task *)out)->limit);
}

static void limit_per(const struct lm_slot *slot, void *out)
{
    static const char *const names[] = {"task", "group", NULL};
    ((struct lm_task *)out)->is_limit_by_group = lm_slot_choice(slot, names) == 1;
}

static const struct lm_slot_key limit_keys[] = {{"items", limit_items}, {"per", limit_per}};

static void field_limit(const struct lm_slot *slot, void *out)
{
    struct lm_task *task = out;
    size_t errors = slot->diags->errors;
    if (slot->node->kind == LM_NODE_SCALAR) {
        limit_items(slot, out);
        return;
    }
    lm_slot_map(slot, limit_keys, sizeof limit_keys / sizeof limit_keys[0], out);
    if (slot->diags->errors == errors && task->limit == 0)
        lm_slot_error(slot, "items is missing; say how many");
}

/* ---- the other fields ---- */

static void field_version(const struct lm_slot *slot, void *out)
{
    int64_t version;
    (void)out;
    lm_slot_count(slot, 1, 1, &version);
}

static bool is_name(const char *text)
{
    size_t length = strlen(text);
    bool is_good = length > 0 && length <= LM_TASK_NAME && text[0] != '-';
    for (size_t i = 0; i < length; i++)
        is_good =
            is_good && ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') ||
                        text[i] == '_' || text[i] == '-');
    return is_good;
}

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcmp(reserved[i], name) == 0)
            return true;
    return false;
}

static void field_name(const struct lm_slot *slot, void *out)
{
    const char *text = lm_slot_text(slot);
    if (text == NULL)
        return;
    if (!is_name(text))
        lm_slot_error(slot, "%s is no name: a-z, 0-9, _ and -, at most %d bytes",
                      lm_quote(slot->diags->arena, text), LM_TASK_NAME);
    else if (is_reserved(text))
        lm_slot_error(slot, "%s is taken by evaluate itself; choose another",
                      lm_quote(slot->diags->arena, text));
    else
        ((struct lm_task *)out)->name = text;
}

static void field_kind(const struct lm_slot *slot, void *out)
{
    int choice = lm_slot_choice(slot, lm_task_kinds);
    ((struct lm_task *)out)->kind = choice >= 0 ? (enum lm_task_kind)choice : LM_TASK_KINDS;
}

static void field_group(const struct lm_slot *slot, void *out)
{
    struct lm_task *task = out;
    bool is_single;
    struct lm_template *groups = read_templates(slot, &task->group_count, &is_single);
    if (task->group_count > LM_TASK_LEVELS) {
        lm_slot_error(slot, "more than %d levels of groups; name fewer", LM_TASK_LEVELS);
        task->group_count = 0;
    }
    if (groups != NULL)
        memcpy(task->groups, groups, task->group_count * sizeof *groups);
}

static void field_context(const struct lm_slot *slot, void *out)
{
    read_template(slot, &((struct lm_task *)out)->context);
}

static void field_choices(const struct lm_slot *slot, void *out)
{
    struct lm_task *task = out;
    task->choices = read_templates(slot, &task->choice_count, &task->is_choice_list);
}

static void field_answer(const struct lm_slot *slot, void *out)
{
    read_template(slot, &((struct lm_task *)out)->answer);
}

static void field_target(const struct lm_slot *slot, void *out)
{
    ((struct lm_task *)out)->has_target = true;
    read_template(slot, &((struct lm_task *)out)->target);
}

static void field_references(const struct lm_slot *slot, void *out)
{
    struct lm_task *task = out;
    task->references = read_templates(slot, &task->reference_count, &task->is_reference_list);
}

static void field_stop(const struct lm_slot *slot, void *out)
{
    struct lm_task *task = out;
    task->stops = lm_slot_texts(slot, &task->stop_count, false);
}

static void field_norm(const struct lm_slot *slot, void *out)
{
    struct lm_task *task = out;
    bool is_list = slot->node->kind == LM_NODE_LIST;
    size_t count = is_list ? slot->node->count : 1;
    uint32_t seen = 0;
    task->norm_count = 0;
    if (count == 0)
        lm_slot_error(slot, "an empty list; name sum, token, byte or pmi");
    for (size_t i = 0; i < count; i++) {
        struct lm_slot item = is_list ? lm_slot_element(slot, i) : *slot;
        int choice = lm_slot_choice(&item, lm_task_norms);
        if (choice < 0)
            return;
        if (seen & 1u << choice) {
            lm_slot_error(&item, "%s is named twice; name it once", lm_task_norms[choice]);
            return;
        }
        seen |= 1u << choice;
        task->norms[task->norm_count++] = (enum lm_task_norm)choice;
    }
}

/* ---- the whole ---- */

#define K(kind) (1u << LM_TASK_##kind)
#define ALL (K(STREAM) | K(CHOICE) | K(CLOZE) | K(GENERATE) | K(SIMILARITY))
#define CONTINUES (K(CHOICE) | K(CLOZE) | K(GENERATE))

static const struct {
    const char *name;
    void (*read)(const struct lm_slot *slot, void *out);
    uint32_t allowed, required; /* for kinds */
} fields[] = {
    {"lmpipe_task", field_version, ALL, ALL},
    {"name", field_name, ALL, 0},
    {"kind", field_kind, ALL, ALL},
    {"data", field_data, ALL, ALL},
    {"group", field_group, ALL, 0},
    {"context", field_context, CONTINUES, 0},
    {"choices", field_choices, K(CHOICE) | K(SIMILARITY), K(CHOICE) | K(SIMILARITY)},
    {"answer", field_answer, K(CHOICE) | K(SIMILARITY), K(CHOICE) | K(SIMILARITY)},
    {"target", field_target, K(STREAM) | K(CHOICE) | K(CLOZE), K(STREAM) | K(CLOZE)},
    {"references", field_references, K(GENERATE), K(GENERATE)},
    {"stop", field_stop, K(GENERATE), 0},
    {"few_shot", field_few_shot, CONTINUES, 0},
    {"limit", field_limit, ALL, 0},
    {"norm", field_norm, K(CHOICE), 0},
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

/* Calls the readers of the keys that are there. */
static void read_fields(struct reading *reading, const struct lm_node *root)
{
    const char *names[FIELDS];
    for (size_t i = 0; i < FIELDS; i++)
        names[i] = fields[i].name;
    for (size_t i = 0; i < root->count; i++) {
        const struct lm_entry *entry = &root->entries[i];
        struct lm_slot slot = {reading->diags, entry->value, entry->key};
        size_t k = 0;
        while (k < FIELDS && strcmp(fields[k].name, entry->key) != 0)
            k++;
        if (k == FIELDS) {
            lm_diag_error(reading->diags, &entry->key_at, entry->key, "unknown field of a task%s",
                          lm_hint(reading->diags, entry->key, names, FIELDS));
            continue;
        }
        reading->given |= 1u << k;
        fields[k].read(&slot, reading->task);
    }
}

/* What the kind wants and does not want. */
static void check_kind(struct reading *reading, const struct lm_node *root)
{
    uint32_t kind = 1u << reading->task->kind;
    for (size_t k = 0; k < FIELDS; k++) {
        bool is_given = reading->given & 1u << k;
        const struct lm_entry *entry = lm_node_entry(root, fields[k].name);
        bool is_known = reading->task->kind < LM_TASK_KINDS;
        if (!is_given && (is_known ? fields[k].required & kind : fields[k].required == ALL))
            lm_diag_error(reading->diags, &root->at, fields[k].name, "missing; a task%s%s needs it",
                          is_known ? " of kind " : "",
                          is_known ? lm_task_kinds[reading->task->kind] : "");
        if (is_given && is_known && !(fields[k].allowed & kind))
            lm_diag_error(reading->diags, &entry->key_at, fields[k].name,
                          "a task of kind %s has no use for it; remove it",
                          lm_task_kinds[reading->task->kind]);
    }
}

/* What fields ask of one another. */
static void check_together(struct reading *reading, const struct lm_node *root)
{
    const struct lm_task *task = reading->task;
    const struct lm_entry *choices = lm_node_entry(root, "choices");
    const struct lm_entry *limit = lm_node_entry(root, "limit");
    if (task->kind == LM_TASK_SIMILARITY && !task->is_choice_list && task->choice_count != 2)
        lm_diag_error(reading->diags, &choices->value->at, "choices",
                      "similarity compares two texts; this names %zu", task->choice_count);
    if (task->kind == LM_TASK_CHOICE && !task->is_choice_list && task->choice_count < 2)
        lm_diag_error(reading->diags, &choices->value->at, "choices",
                      "a choice needs at least two; this names %zu", task->choice_count);
    if (task->is_limit_by_group && task->group_count == 0)
        lm_diag_error(reading->diags, &limit->value->at, "limit.per",
                      "the task has no groups; give group, or limit: ITEMS");
}

/* What a task without a name is called: the file without folder and ending, if that is a name. */
static void default_name(struct reading *reading, const struct lm_node *root)
{
    const char *base = lm_path_base(reading->file), *dot = strrchr(base, '.');
    if (reading->task->name != NULL || lm_node_entry(root, "name") != NULL)
        return;
    size_t size = dot != NULL && dot > base ? (size_t)(dot - base) : strlen(base);
    const char *name =
        lm_slot_keep(reading->diags, lm_arena_strndup(reading->diags->arena, base, size));
    if (name != NULL && is_name(name) && !is_reserved(name))
        reading->task->name = name;
    else
        lm_diag_error(reading->diags, &root->at, "name",
                      "missing, and the file's own name is none; give name: a-z, 0-9, _ and -");
}

bool lm_task_read(struct lm_task *out, struct lm_diag_list *diags, const char *file,
                  const char *text, size_t size)
{
    struct reading reading = {.task = out, .diags = diags, .file = file};
    const struct lm_origin whole = {.file = file};
    const struct lm_node *root = NULL;
    size_t errors = diags->errors;
    *out = (struct lm_task){
        .kind = LM_TASK_KINDS, .norms = {LM_TASK_SUM}, .norm_count = 1, .shot_join = "\n\n"};
    if (size > LM_TASK_FILE_BYTES) {
        lm_diag_error(diags, &whole, "",
                      "larger than 1 MiB; items belong into a file of their own");
        return false;
    }
    if (!lm_yaml_parse(&root, diags, file, text, size) && root == NULL)
        return false;
    if (root == NULL || root->kind != LM_NODE_MAP) {
        lm_diag_error(diags, root != NULL ? &root->at : &whole, "",
                      "no task: expected a mapping that begins with lmpipe_task: 1");
        return false;
    }
    read_fields(&reading, root);
    check_kind(&reading, root);
    default_name(&reading, root);
    if (diags->errors == errors)
        check_together(&reading, root);
    return diags->errors == errors && !diags->failed;
}

enum lm_status lm_task_open(struct lm_task *out, struct lm_arena *arena, const char *path,
                            struct lm_err *err)
{
    struct lm_diag_list diags = {.arena = arena};
    char *text;
    size_t size;
    LM_TRY(lm_file_read(&text, &size, arena, path, LM_TASK_FILE_BYTES + 1, err));
    if (lm_task_read(out, &diags, path, text, size))
        return LM_OK;
    if (diags.failed || diags.count == 0)
        return lm_fail(err, LM_NOMEM, "no memory for tasks; give them a limit");
    return lm_fail(err, LM_FORMAT, "%s", lm_diag_format(arena, &diags.items[0]));
}
