/* JSON Schema (2020-12) of specs, for editors: from the tables of the stage types. */
#include <string.h>

#include <lmpipe/pipeline.h>

#include "base/json.h"
#include "param/param_rows.h"
#include "param/synonyms.h"

static void open_key(struct lm_json_writer *writer, const char *key, char bracket)
{
    lm_json_key(writer, key);
    lm_json_open(writer, bracket);
}

static void put_ref(struct lm_json_writer *writer, const char *name)
{
    char text[64];
    snprintf(text, sizeof text, "#/$defs/%s", name);
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "$ref", text);
    lm_json_close(writer, '}');
}

static void member_ref(struct lm_json_writer *writer, const char *key, const char *name)
{
    lm_json_key(writer, key);
    put_ref(writer, name);
}

/** Members of a number's schema: type and bounds. */
static void put_number(struct lm_json_writer *writer, const struct lm_param *row, const char *type)
{
    lm_json_member_string(writer, "type", type);
    if (row->min == 0 && row->max == 0)
        return;
    lm_json_member_double(writer, row->flags & LM_PARAM_OPEN_MIN ? "exclusiveMinimum" : "minimum",
                          row->min);
    lm_json_member_double(writer, row->flags & LM_PARAM_OPEN_MAX ? "exclusiveMaximum" : "maximum",
                          row->max);
}

static void put_record(struct lm_json_writer *writer, const struct lm_param *rows, bool numerics);

static void put_choices(struct lm_json_writer *writer, const char *const *choices)
{
    open_key(writer, "enum", '[');
    for (; *choices != NULL; choices++) {
        bool is_true = strcmp(*choices, "true") == 0,
             is_flag = is_true || strcmp(*choices, "false") == 0;
        if (is_flag) /* as YAML reads them */
            lm_json_put_bool(writer, is_true);
        else
            lm_json_put_string(writer, *choices);
    }
    lm_json_close(writer, ']');
}

/** Schema of a literal value of a scalar type. */
static void put_literal(struct lm_json_writer *writer, const struct lm_param *row,
                        enum lm_param_type type)
{
    lm_json_open(writer, '{');
    if (type == LM_P_BOOL)
        lm_json_member_string(writer, "type", "boolean");
    else if (type == LM_P_INT)
        put_number(writer, row, "integer");
    else if (type == LM_P_FLOAT)
        put_number(writer, row, "number");
    else if (type == LM_P_ENUM)
        put_choices(writer, row->choices);
    else if (type == LM_P_DURATION)
        lm_json_member_string(writer, "$ref", "#/$defs/duration");
    else if (type == LM_P_SIZE)
        lm_json_member_string(writer, "$ref", "#/$defs/size");
    else if (type == LM_P_URL)
        lm_json_member_string(writer, "pattern", "^(file|https?)://.");
    else if (type == LM_P_STR) /* an unquoted number is taken as it is written */
        lm_json_member_string(writer, "$ref", "#/$defs/text");
    else
        lm_json_member_string(writer, "type", "string");
    lm_json_close(writer, '}');
}

/** A value or a "${variable}". */
static void put_scalar(struct lm_json_writer *writer, const struct lm_param *row,
                       enum lm_param_type type)
{
    open_key(writer, "anyOf", '[');
    put_literal(writer, row, type);
    put_ref(writer, "variable");
    lm_json_close(writer, ']');
}

/** A record, or the value of its first field alone. */
static void put_short(struct lm_json_writer *writer, const struct lm_param *row)
{
    open_key(writer, "anyOf", '[');
    lm_json_open(writer, '{');
    put_record(writer, row->fields, false);
    lm_json_close(writer, '}');
    lm_json_open(writer, '{');
    put_scalar(writer, row->fields, row->fields->type);
    lm_json_close(writer, '}');
    lm_json_close(writer, ']');
}

/** {name: value, …} for a list of records that may be given so. */
static void put_mapping(struct lm_json_writer *writer, const struct lm_param *row)
{
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "type", "object");
    open_key(writer, "additionalProperties", '{');
    put_scalar(writer, row->fields, row->fields->type);
    lm_json_close(writer, '}');
    lm_json_close(writer, '}');
}

static void put_items(struct lm_json_writer *writer, const struct lm_param *row)
{
    open_key(writer, "items", '{');
    if (row->item == LM_P_RECORD && (row->flags & LM_PARAM_SHORT))
        put_short(writer, row);
    else if (row->item == LM_P_RECORD)
        put_record(writer, row->fields, false);
    else
        put_scalar(writer, row, row->item);
    lm_json_close(writer, '}');
    if (row->flags & (LM_PARAM_REQUIRED | LM_PARAM_FILLED))
        lm_json_member_int(writer, "minItems", 1);
}

/** Help, and what else the parameter is called: editors search in it. */
static void put_description(struct lm_json_writer *writer, const struct lm_param *row)
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_buf_puts(&text, row->help);
    lm_synonyms_print(&text, row->also);
    lm_json_member_string(writer, "description", text.data ? text.data : "");
    writer->out->failed = writer->out->failed || text.failed;
    lm_buf_release(&text);
}

static void put_row(struct lm_json_writer *writer, const struct lm_param *row)
{
    open_key(writer, row->name, '{');
    put_description(writer, row);
    if (row->type == LM_P_RECORD && (row->flags & LM_PARAM_SHORT)) {
        put_short(writer, row);
    } else if (row->type == LM_P_RECORD) {
        put_record(writer, row->fields, false);
    } else if (row->type == LM_P_LIST) {
        open_key(writer, "anyOf", '[');
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "type", "array");
        put_items(writer, row);
        lm_json_close(writer, '}');
        if (row->flags & LM_PARAM_NAMED)
            put_mapping(writer, row);
        put_ref(writer, "variable");
        lm_json_close(writer, ']');
    } else {
        put_scalar(writer, row, row->type);
    }
    lm_json_close(writer, '}');
}

/** Members of an object's schema from rows. */
static void put_record(struct lm_json_writer *writer, const struct lm_param *rows, bool numerics)
{
    lm_json_member_string(writer, "type", "object");
    lm_json_member_bool(writer, "additionalProperties", false);
    open_key(writer, "properties", '{');
    for (const struct lm_param *row = rows; row->name != NULL; row++)
        put_row(writer, row);
    if (numerics)
        member_ref(writer, "numerics", "numerics");
    lm_json_close(writer, '}');
    open_key(writer, "required", '[');
    for (const struct lm_param *row = rows; row->name != NULL; row++)
        if (row->flags & LM_PARAM_REQUIRED)
            lm_json_put_string(writer, row->name);
    lm_json_close(writer, ']');
}

static bool needs_with(const struct lm_stage *type)
{
    for (const struct lm_param *row = type->params; row->name != NULL; row++)
        if (row->flags & LM_PARAM_REQUIRED)
            return true;
    return false;
}

/** `in` of a stage type; whether it is required goes to *required. */
static void put_inputs(struct lm_json_writer *writer, const struct lm_stage *type, bool *required)
{
    *required = false;
    open_key(writer, "in", '{');
    lm_json_member_string(writer, "type", "object");
    if (type->flags & LM_STAGE_OPEN)
        member_ref(writer, "additionalProperties", "sources");
    else
        lm_json_member_bool(writer, "additionalProperties", false);
    open_key(writer, "properties", '{');
    for (const struct lm_port *port = type->inputs; port != NULL && port->name; port++) {
        open_key(writer, port->name, '{');
        lm_json_member_string(writer, "description", port->help);
        lm_json_member_string(writer, "$ref",
                              port->flags & LM_PORT_LIST ? "#/$defs/sources" : "#/$defs/source");
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, '}');
    open_key(writer, "required", '[');
    for (const struct lm_port *port = type->inputs; port != NULL && port->name; port++)
        if (!(port->flags & LM_PORT_OPTIONAL)) {
            lm_json_put_string(writer, port->name);
            *required = true;
        }
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
}

static void put_publish(struct lm_json_writer *writer, const struct lm_stage *type)
{
    open_key(writer, "publish", '{');
    lm_json_member_string(writer, "type", "object");
    if (type->bind == NULL)
        lm_json_member_bool(writer, "additionalProperties", false);
    open_key(writer, "properties", '{');
    for (const struct lm_port *port = type->outputs; port->name != NULL; port++) {
        open_key(writer, port->name, '{');
        lm_json_member_string(writer, "description", port->help);
        lm_json_member_string(writer, "type", "string");
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, '}');
    lm_json_close(writer, '}');
}

/** "if uses is TYPE, then …" */
static void put_type_rule(struct lm_json_writer *writer, const struct lm_stage *type)
{
    bool needs_in;
    lm_json_open(writer, '{');
    open_key(writer, "if", '{');
    open_key(writer, "properties", '{');
    open_key(writer, "uses", '{');
    lm_json_member_string(writer, "const", type->name);
    lm_json_close(writer, '}');
    lm_json_close(writer, '}');
    lm_json_close(writer, '}');
    open_key(writer, "then", '{');
    open_key(writer, "properties", '{');
    open_key(writer, "with", '{');
    put_record(writer, type->params, type->flags & LM_STAGE_NUMERIC);
    lm_json_close(writer, '}');
    put_inputs(writer, type, &needs_in);
    put_publish(writer, type);
    lm_json_close(writer, '}');
    open_key(writer, "required", '[');
    if (needs_with(type))
        lm_json_put_string(writer, "with");
    if (needs_in)
        lm_json_put_string(writer, "in");
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
    lm_json_close(writer, '}');
}

/* ---- what does not depend on stage types ---- */

static const char fixed_defs[] =
    "{\"variable\":{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{[A-Za-z_][A-Za-z0-9_.-]*\\\\}\"},"
    "\"text\":{\"type\":[\"string\",\"number\",\"boolean\"]},"
    "\"duration\":{\"type\":\"string\",\"pattern\":\"^[0-9.]+(e[0-9]+)?[smhd]$\"},"
    "\"size\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0},"
    "{\"type\":\"string\",\"pattern\":\"^[0-9]+[KMGT]?$\"}]},"
    "\"seed\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0},{\"$ref\":\"#/$defs/variable\"}]},"
    "\"numerics\":{\"anyOf\":[{\"enum\":[\"blas\",\"portable\"]},{\"$ref\":\"#/$defs/variable\"}]},"
    "\"stage_name\":{\"type\":\"string\",\"pattern\":\"^[a-z][a-z0-9_-]*(@[^ "
    "]+)?([.][A-Za-z0-9_-]+)?$\"},"
    "\"axes\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"source\":{\"anyOf\":[{\"$ref\":\"#/$defs/stage_name\"},"
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"gather\"],\"properties\":{"
    "\"gather\":{\"$ref\":\"#/$defs/stage_name\"},\"over\":{\"$ref\":\"#/$defs/axes\"},"
    "\"failed\":{\"const\":\"drop\"}}},"
    "{\"type\":\"object\",\"required\":[\"select\"],\"minProperties\":2,\"properties\":{"
    "\"select\":{\"$ref\":\"#/$defs/stage_name\"}},\"additionalProperties\":"
    "{\"$ref\":\"#/$defs/text\"}},"
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"best\",\"by\",\"mode\"],"
    "\"properties\":{\"best\":{\"$ref\":\"#/$defs/stage_name\"},\"by\":{\"type\":\"string\"},"
    "\"mode\":{\"enum\":[\"min\",\"max\"]},\"over\":{\"$ref\":\"#/$defs/axes\"},"
    "\"mean_over\":{\"$ref\":\"#/$defs/axes\"}}}]},"
    "\"axis\":{\"anyOf\":[{\"$ref\":\"#/$defs/variable\"},"
    "{\"type\":\"array\",\"minItems\":1,\"items\":{\"anyOf\":[{\"$ref\":\"#/$defs/text\"},"
    "{\"type\":\"object\",\"required\":[\"name\"]}]}},"
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"from\",\"to\",\"n\"],"
    "\"properties\":{\"from\":{\"type\":\"number\"},\"to\":{\"type\":\"number\"},"
    "\"n\":{\"type\":\"integer\",\"minimum\":2},\"scale\":{\"enum\":[\"linear\",\"log\"]}}}]},"
    "\"points\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},"
    "\"matrix\":{\"type\":\"object\",\"properties\":{\"include\":{\"$ref\":\"#/$defs/points\"},"
    "\"exclude\":{\"$ref\":\"#/$defs/points\"},\"zip\":{\"type\":\"array\"}},"
    "\"additionalProperties\":{\"$ref\":\"#/$defs/axis\"}},"
    "\"margin\":{\"anyOf\":[{\"type\":\"number\",\"minimum\":0},"
    "{\"type\":\"string\",\"pattern\":\"^[0-9.]+%$\"}]},"
    "\"sources\":{\"anyOf\":[{\"$ref\":\"#/$defs/source\"},"
    "{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/source\"}}]},"
    "\"resources\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"threads\":{\"type\":\"integer\",\"minimum\":1},\"memory\":{\"$ref\":\"#/$defs/size\"},"
    "\"mutex\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"type\":"
    "\"string\"}}]}}},"
    "\"gate\":{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"metric\"],"
    "\"properties\":{\"metric\":{\"type\":\"string\",\"pattern\":\"^[a-z][a-z0-9_-]*[.].\"},"
    "\"min\":{\"type\":\"number\"},\"max\":{\"type\":\"number\"},"
    "\"worse_by_at_most\":{\"$ref\":\"#/$defs/margin\"},\"vs\":{\"const\":\"baseline\"},"
    "\"confidence\":{\"type\":\"number\",\"minimum\":0.5,\"exclusiveMaximum\":1},"
    "\"better\":{\"enum\":[\"lower\",\"higher\"]}},"
    "\"anyOf\":[{\"required\":[\"min\"]},{\"required\":[\"max\"]},"
    "{\"required\":[\"worse_by_at_most\"]}]},\"stage\":";

static const char fixed_head[] =
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
    "\"title\":\"lmpipe experiment\",\"type\":\"object\",\"additionalProperties\":false,"
    "\"properties\":{\"lmpipe\":{\"const\":1},"
    "\"experiment\":{\"type\":\"string\",\"pattern\":\"^[a-z0-9_-]+$\",\"not\":{\"const\":"
    "\"store\"}},\"description\":{\"type\":\"string\"},"
    "\"include\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"type\":"
    "\"string\"}}]},"
    "\"seed\":{\"$ref\":\"#/$defs/seed\"},\"numerics\":{\"$ref\":\"#/$defs/numerics\"},"
    "\"vars\":{\"type\":\"object\"},\"derived\":{\"type\":\"object\"},"
    "\"origins\":{\"type\":\"object\"},"
    "\"stages\":{\"type\":\"object\",\"minProperties\":1,\"propertyNames\":{\"pattern\":"
    "\"^[a-z][a-z0-9_-]*$\"},\"additionalProperties\":{\"$ref\":\"#/$defs/stage\"}},"
    "\"matrix\":{\"$ref\":\"#/$defs/matrix\"},"
    "\"baseline\":{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"run\"],"
    "\"properties\":{\"run\":{\"type\":\"string\"}}},"
    "\"gates\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/gate\"}}},"
    "\"anyOf\":[{\"required\":[\"include\"]},"
    "{\"required\":[\"lmpipe\",\"experiment\",\"stages\"]}],\"$defs\":";

static void put_stage(struct lm_json_writer *writer, const struct lm_stage *const *types)
{
    static const char *const objects[] = {"in", "with", "publish", NULL};
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "type", "object");
    lm_json_member_bool(writer, "additionalProperties", false);
    open_key(writer, "properties", '{');
    open_key(writer, "uses", '{');
    open_key(writer, "enum", '[');
    for (size_t i = 0; types[i] != NULL; i++)
        lm_json_put_string(writer, types[i]->name);
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
    for (size_t i = 0; objects[i] != NULL; i++) {
        open_key(writer, objects[i], '{');
        lm_json_member_string(writer, "type", "object");
        lm_json_close(writer, '}');
    }
    member_ref(writer, "seed", "seed");
    member_ref(writer, "resources", "resources");
    open_key(writer, "retries", '{');
    lm_json_member_string(writer, "type", "integer");
    lm_json_member_int(writer, "minimum", 0);
    lm_json_close(writer, '}');
    member_ref(writer, "timeout", "duration");
    lm_json_close(writer, '}');
    open_key(writer, "required", '[');
    lm_json_put_string(writer, "uses");
    lm_json_close(writer, ']');
    open_key(writer, "allOf", '[');
    for (size_t i = 0; types[i] != NULL; i++)
        put_type_rule(writer, types[i]);
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
}

enum lm_status lm_schema_print(const struct lm_stage *const *types, FILE *out)
{
    struct lm_buf text;
    struct lm_json_writer writer;
    lm_buf_init(&text, 0);
    lm_buf_puts(&text, fixed_head);
    lm_buf_puts(&text, fixed_defs);
    lm_json_begin(&writer, &text, false);
    put_stage(&writer, types);
    lm_buf_puts(&text, "}}\n");
    enum lm_status status = lm_buf_print(&text, out, NULL);
    lm_buf_release(&text);
    return status;
}
