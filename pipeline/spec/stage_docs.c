/* Stage types described from their tables: a list, help, JSON, a Markdown page. */
#include <string.h>

#include <lmpipe/pipeline.h>

#include "base/json.h"
#include "param/metrics.h"
#include "param/param_rows.h"
#include "param/synonyms.h"

/** "float", "list of str", "list of records". */
static void put_type(struct lm_buf *out, const struct lm_param *row)
{
    if (row->type != LM_P_LIST)
        lm_buf_puts(out, lm_param_type_name(row->type));
    else if (row->flags & LM_PARAM_NAMED)
        lm_buf_printf(out, "mapping of %s by name, or list", lm_param_type_name(row->fields->type));
    else if (row->item == LM_P_RECORD)
        lm_buf_puts(out, "list of records");
    else
        lm_buf_printf(out, "list of %s", lm_param_type_name(row->item));
}

/** The default of a number; one that a record gives by being there is told as if it were there. */
static void put_number(struct lm_buf *out, const struct lm_param *row)
{
    bool is_int = row->type == LM_P_INT || row->type == LM_P_SIZE;
    const void *value = is_int ? (const void *)&row->def_int : (const void *)&row->def_float;
    if (row->given != 0 && is_int)
        lm_buf_put_int(out, (int64_t)row->given);
    else if (row->given != 0)
        lm_buf_put_double(out, row->given);
    else if (lm_param_is_unset(row->type, value))
        lm_buf_puts(out, "derived");
    else
        lm_param_print(out, row->type, value);
}

/** What the default is, in words: "0.001", "required", "derived", "none". */
static void put_default(struct lm_buf *out, const struct lm_param *row)
{
    if (row->flags & LM_PARAM_REQUIRED)
        lm_buf_puts(out, "required");
    else if (row->type == LM_P_LIST)
        lm_buf_puts(out, "empty");
    else if (row->type == LM_P_RECORD)
        lm_buf_puts(out, "");
    else if (row->type == LM_P_BOOL)
        lm_param_print(out, row->type, &row->def_bool);
    else if (row->type == LM_P_INT || row->type == LM_P_SIZE || row->type == LM_P_FLOAT ||
             row->type == LM_P_DURATION)
        put_number(out, row);
    else if (row->def_str == NULL || row->def_str[0] == '\0')
        lm_buf_puts(out, "none");
    else
        lm_param_print(out, row->type, &row->def_str);
}

static void put_bound(struct lm_buf *out, const struct lm_param *row, double v)
{
    int64_t whole = v >= 9.2e18 ? INT64_MAX : v <= -9.2e18 ? INT64_MIN + 1 : (int64_t)v;
    enum lm_param_type type = row->type == LM_P_LIST ? row->item : row->type; /* of each item */
    bool is_int = type == LM_P_INT || type == LM_P_SIZE;
    lm_param_print(out, type, is_int ? (const void *)&whole : (const void *)&v);
}

/** "a | b | c", "(0, 1]", or nothing. */
static void put_range(struct lm_buf *out, const struct lm_param *row)
{
    for (size_t i = 0; row->choices != NULL && row->choices[i] != NULL; i++)
        lm_buf_printf(out, "%s%s", i ? " | " : "", row->choices[i]);
    if (row->choices != NULL || (row->min == 0 && row->max == 0))
        return;
    lm_buf_putc(out, row->flags & LM_PARAM_OPEN_MIN ? '(' : '[');
    put_bound(out, row, row->min);
    lm_buf_puts(out, ", ");
    put_bound(out, row, row->max);
    lm_buf_putc(out, row->flags & LM_PARAM_OPEN_MAX ? ')' : ']');
}

static enum lm_status flush(struct lm_buf *text, FILE *out)
{
    enum lm_status status = lm_buf_print(text, out, NULL);
    lm_buf_release(text);
    return status;
}

static const struct lm_stage *find(const struct lm_stage *const *types, const char *name)
{
    for (size_t i = 0; types[i] != NULL; i++)
        if (strcmp(types[i]->name, name) == 0)
            return types[i];
    return NULL;
}

/* ---- help ---- */

static void put_ports(struct lm_buf *out, const char *title, const struct lm_port *ports)
{
    if (ports == NULL || ports->name == NULL)
        return;
    lm_buf_printf(out, "\n%s\n", title);
    for (; ports->name != NULL; ports++)
        lm_buf_printf(out, "  %-10s %-10s %s%s%s%s\n", ports->name, ports->kind, ports->help,
                      ports->flags & LM_PORT_FOLDER ? " (folder)" : "",
                      ports->flags & LM_PORT_LIST ? " (several)" : "",
                      ports->flags & LM_PORT_OPTIONAL ? " (optional)" : "");
}

static void put_rows(struct lm_buf *out, const struct lm_param *rows, const char *prefix)
{
    for (; rows->name != NULL; rows++) {
        char name[LM_PARAM_NAME];
        snprintf(name, sizeof name, "%s%s", prefix, rows->name);
        lm_buf_printf(out, "  %-24s ", name);
        put_type(out, rows);
        bool bounded = rows->choices != NULL || rows->min != 0 || rows->max != 0;
        bool has_default = !(rows->flags & LM_PARAM_REQUIRED) && rows->type != LM_P_RECORD;
        lm_buf_puts(out, has_default ? ", default " : rows->type == LM_P_RECORD ? "" : ", ");
        put_default(out, rows);
        lm_buf_puts(out, bounded ? rows->choices ? ", one of " : ", in " : "");
        put_range(out, rows);
        lm_buf_printf(out, "\n  %-24s   %s%s%s", "", rows->help, rows->source ? "; " : "",
                      rows->source ? rows->source : "");
        lm_synonyms_print(out, rows->also);
        lm_buf_putc(out, '\n');
        if (rows->fields == NULL)
            continue;
        snprintf(name, sizeof name, "%s%s%s.", prefix, rows->name,
                 rows->type == LM_P_LIST ? ".N" : "");
        put_rows(out, rows->fields, name);
    }
}

static void put_metrics(struct lm_buf *out, const struct lm_metric_row *row)
{
    if (row != NULL && row->name != NULL)
        lm_buf_puts(out, "\nmetrics (gates name them STAGE.METRIC):\n");
    for (; row != NULL && row->name != NULL; row++) {
        const char *better = lm_better_name(row->better);
        lm_buf_printf(out, "  %s\n      %s%s%s%s%s%s\n", row->name, row->help,
                      row->unit ? ", in " : "", row->unit ? row->unit : "", better ? "; " : "",
                      better ? better : "", better ? " is better" : "");
    }
}

/** Of a type whose ports follow from how it is used. */
static const char open_inputs[] =
    "any names, each with an artifact of any kind, or several of them",
                  open_outputs[] = "those that its parameter `outputs` declares";

static void put_help(struct lm_buf *out, const struct lm_stage *type)
{
    lm_buf_printf(out, "%s (version %u): %s\n", type->name, type->version, type->summary);
    put_ports(out, "in:", type->inputs);
    if (type->flags & LM_STAGE_OPEN)
        lm_buf_printf(out, "\nin:\n  %s\n", open_inputs);
    put_ports(out, "out:", type->outputs);
    if (type->bind != NULL)
        lm_buf_printf(out, "\nout:\n  %s\n", open_outputs);
    if (type->params->name != NULL)
        lm_buf_puts(out, "\nwith:\n");
    put_rows(out, type->params, "");
    if (type->flags & LM_STAGE_NUMERIC)
        lm_buf_printf(
            out, "  %-24s enum, default the experiment's, one of blas | portable\n  %-24s   %s\n",
            "numerics", "", "how matrices are multiplied");
    put_metrics(out, type->metrics);
}

/* ---- JSON ---- */

static void json_ports(struct lm_json_writer *writer, const char *key, const struct lm_port *ports)
{
    lm_json_key(writer, key);
    lm_json_open(writer, '[');
    for (; ports != NULL && ports->name != NULL; ports++) {
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "name", ports->name);
        lm_json_member_string(writer, "kind", ports->kind);
        lm_json_member_string(writer, "help", ports->help);
        lm_json_member_bool(writer, "folder", ports->flags & LM_PORT_FOLDER);
        lm_json_member_bool(writer, "list", ports->flags & LM_PORT_LIST);
        lm_json_member_bool(writer, "optional", ports->flags & LM_PORT_OPTIONAL);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void json_text(struct lm_json_writer *writer, const char *key, const struct lm_param *row,
                      void (*put)(struct lm_buf *out, const struct lm_param *row))
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    put(&text, row);
    if (text.size > 0)
        lm_json_member_string(writer, key, text.data);
    writer->out->failed = writer->out->failed || text.failed;
    lm_buf_release(&text);
}

static void put_word(struct lm_json_writer *writer, const char *word, size_t length)
{
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)length, word);
    lm_json_put_string(writer, text);
}

static void json_also(struct lm_json_writer *writer, const char *also)
{
    if (also == NULL)
        return;
    lm_json_key(writer, "also");
    lm_json_open(writer, '[');
    for (; *also != '\0'; also += strcspn(also, " "), also += strspn(also, " "))
        put_word(writer, also, strcspn(also, " "));
    lm_json_close(writer, ']');
}

static void json_metrics(struct lm_json_writer *writer, const struct lm_metric_row *row)
{
    lm_json_key(writer, "metrics");
    lm_json_open(writer, '[');
    for (; row != NULL && row->name != NULL; row++) {
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "name", row->name);
        if (row->unit != NULL)
            lm_json_member_string(writer, "unit", row->unit);
        if (lm_better_name(row->better) != NULL)
            lm_json_member_string(writer, "better", lm_better_name(row->better));
        lm_json_member_string(writer, "help", row->help);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void json_rows(struct lm_json_writer *writer, const char *key, const struct lm_param *rows)
{
    lm_json_key(writer, key);
    lm_json_open(writer, '[');
    for (; rows->name != NULL; rows++) {
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "name", rows->name);
        json_text(writer, "type", rows, put_type);
        json_text(writer, "default", rows, put_default);
        json_text(writer, "range", rows, put_range);
        lm_json_member_string(writer, "help", rows->help);
        if (rows->unit != NULL)
            lm_json_member_string(writer, "unit", rows->unit);
        if (rows->source != NULL)
            lm_json_member_string(writer, "source", rows->source);
        json_also(writer, rows->also);
        lm_json_member_bool(writer, "in_key", !(rows->flags & LM_PARAM_NOT_IN_KEY));
        if (rows->fields != NULL)
            json_rows(writer, "fields", rows->fields);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void json_type(struct lm_json_writer *writer, const struct lm_stage *type)
{
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "name", type->name);
    lm_json_member_int(writer, "version", type->version);
    lm_json_member_string(writer, "summary", type->summary);
    lm_json_member_bool(writer, "seed", type->flags & LM_STAGE_SEED);
    lm_json_member_bool(writer, "numeric", type->flags & LM_STAGE_NUMERIC);
    lm_json_member_bool(writer, "experiment", type->flags & LM_STAGE_EXPERIMENT);
    lm_json_member_bool(writer, "network", type->flags & LM_STAGE_NETWORK);
    lm_json_member_bool(writer, "open_inputs", type->flags & LM_STAGE_OPEN);
    lm_json_member_bool(writer, "declared_outputs", type->bind != NULL);
    lm_json_member_bool(writer, "executes_programs", type->program != NULL);
    json_ports(writer, "inputs", type->inputs);
    json_ports(writer, "outputs", type->outputs);
    json_rows(writer, "params", type->params);
    json_metrics(writer, type->metrics);
    lm_json_close(writer, '}');
}

enum lm_status lm_stages_print(const struct lm_stage *const *types, const char *type, bool json,
                               FILE *out)
{
    struct lm_buf text;
    struct lm_json_writer writer;
    const struct lm_stage *one = type ? find(types, type) : NULL;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    if (json && type == NULL)
        lm_json_open(&writer, '[');
    for (size_t i = 0; types[i] != NULL; i++) {
        if (type != NULL && types[i] != one)
            continue;
        if (json)
            json_type(&writer, types[i]);
        else if (type != NULL)
            put_help(&text, types[i]);
        else
            lm_buf_printf(&text, "%-10s %s\n", types[i]->name, types[i]->summary);
    }
    if (json && type == NULL)
        lm_json_close(&writer, ']');
    if (json)
        lm_buf_putc(&text, '\n');
    return flush(&text, out);
}

/* ---- Markdown ---- */

/** Text of a table's cell: bars escaped. */
static void put_cell(struct lm_buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        lm_buf_puts(out, *text == '|' ? "\\|" : (char[]){*text, '\0'});
}

/** `open`: what they are when they follow from how the type is used; or NULL. */
static void markdown_ports(struct lm_buf *out, const char *title, const struct lm_port *ports,
                           const char *open)
{
    lm_buf_printf(out, "\n## %s\n\n", title);
    if (open != NULL) {
        lm_buf_printf(out, "%c%s.\n", open[0] - 'a' + 'A', open + 1);
        return;
    }
    if (ports == NULL || ports->name == NULL) {
        lm_buf_puts(out, "None.\n");
        return;
    }
    lm_buf_puts(out, "| port | kind | what |\n|---|---|---|\n");
    for (; ports->name != NULL; ports++) {
        lm_buf_printf(out, "| `%s` | %s | ", ports->name, ports->kind);
        put_cell(out, ports->help);
        lm_buf_printf(out, "%s%s%s |\n", ports->flags & LM_PORT_FOLDER ? "; a folder" : "",
                      ports->flags & LM_PORT_LIST ? "; several" : "",
                      ports->flags & LM_PORT_OPTIONAL ? "; optional" : "");
    }
}

static void markdown_text(struct lm_buf *out, const struct lm_param *row,
                          void (*put)(struct lm_buf *out, const struct lm_param *row))
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    put(&text, row);
    put_cell(out, text.data ? text.data : "");
    lm_buf_puts(out, " | ");
    out->failed = out->failed || text.failed;
    lm_buf_release(&text);
}

static void markdown_rows(struct lm_buf *out, const struct lm_param *rows, const char *prefix)
{
    for (; rows->name != NULL; rows++) {
        char name[LM_PARAM_NAME];
        lm_buf_printf(out, "| `%s%s` | ", prefix, rows->name);
        markdown_text(out, rows, put_type);
        markdown_text(out, rows, put_default);
        markdown_text(out, rows, put_range);
        put_cell(out, rows->help);
        if (rows->source != NULL) {
            lm_buf_puts(out, " (");
            put_cell(out, rows->source);
            lm_buf_putc(out, ')');
        }
        lm_synonyms_print(out, rows->also);
        lm_buf_printf(out, "%s |\n", rows->flags & LM_PARAM_NOT_IN_KEY ? "; not in the key" : "");
        if (rows->fields == NULL)
            continue;
        snprintf(name, sizeof name, "%s%s%s.", prefix, rows->name,
                 rows->type == LM_P_LIST ? "[]" : "");
        markdown_rows(out, rows->fields, name);
    }
}

static void markdown_metrics(struct lm_buf *out, const struct lm_metric_row *row)
{
    lm_buf_puts(out, "\n## Metrics\n\n");
    if (row == NULL || row->name == NULL) {
        lm_buf_puts(out, "None.\n");
        return;
    }
    lm_buf_puts(out,
                "What gates may name, as `STAGE.METRIC`. `{a,b}` is either, `*` any text without "
                "a dot, `#` a number,\n`<methods.name>` one of these parameters.\n\n"
                "| name | unit | better | what |\n|---|---|---|---|\n");
    for (; row->name != NULL; row++) {
        const char *better = lm_better_name(row->better);
        lm_buf_printf(out, "| `%s` | %s | %s | ", row->name, row->unit ? row->unit : "",
                      better ? better : "");
        put_cell(out, row->help);
        lm_buf_puts(out, " |\n");
    }
}

enum lm_status lm_stages_print_markdown(const struct lm_stage *type, FILE *out)
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_buf_printf(&text,
                  "# `%s`\n\n<!-- Generated from the tables of stages/%s/%s.c. -->\n\n%s. "
                  "Version %u.\n",
                  type->name, type->name, type->name, type->summary, type->version);
    if (type->flags & LM_STAGE_SEED)
        lm_buf_puts(&text, "\nDraws random numbers: the seed is in its key.\n");
    if (type->flags & LM_STAGE_NUMERIC)
        lm_buf_puts(&text, "\nNumeric: `numerics: blas | portable` is in its key and may be set in "
                           "its `with`.\n");
    if (type->flags & LM_STAGE_NETWORK)
        lm_buf_puts(&text, "\nMay use the network; `--offline` forbids it.\n");
    if (type->flags & LM_STAGE_EXPERIMENT)
        lm_buf_puts(&text, "\nIts key also holds the experiment's name, description, gates and the "
                           "parameters of all stages upstream.\n");
    if (type->program != NULL)
        lm_buf_puts(&text, "\nExecutes programs: only after `--allow-commands` or "
                           "`LMPIPE_ALLOW_COMMANDS=1`.\n");
    markdown_ports(&text, "Inputs", type->inputs, type->flags & LM_STAGE_OPEN ? open_inputs : NULL);
    markdown_ports(&text, "Outputs", type->outputs, type->bind != NULL ? open_outputs : NULL);
    lm_buf_puts(&text, "\n## Parameters\n\n");
    if (type->params->name == NULL)
        lm_buf_puts(&text, "None.\n");
    else
        lm_buf_puts(&text, "| name | type | default | range | what |\n|---|---|---|---|---|\n");
    markdown_rows(&text, type->params, "");
    markdown_metrics(&text, type->metrics);
    return flush(&text, out);
}
