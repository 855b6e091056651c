#include "plan/key.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <lmpipe/hash.h>

#include "base/json.h"
#include "base/url.h"
#include "compare/reason.h"
#include "param/param_rows.h"
#include "spec/upstream.h"

/** A text so that it cannot be taken for anything else: as JSON. */
static void put_quoted(struct lm_buf *out, const char *text)
{
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, false);
    lm_json_put_string(&writer, text);
}

/** "input tokens sha256:…": a line of two words behind its head. */
static void put_words(struct lm_buf *out, const char *head, const char *name, const char *word)
{
    lm_buf_puts(out, head);
    lm_buf_puts(out, name);
    lm_buf_putc(out, ' ');
    lm_buf_puts(out, word);
    lm_buf_putc(out, '\n');
}

struct writing {
    struct lm_buf *out;
    const struct lm_spec *spec;
    size_t stage;
    const struct lm_key_facts *facts;
    const char *prefix; /* "param " or "experiment param model." */
};

static bool is_in_key(const struct lm_param_leaf *leaf)
{
    bool compact = (leaf->row->flags & LM_PARAM_COMPACT) && !leaf->item &&
                   lm_param_is_default(leaf->row, leaf->value);
    return !leaf->hidden && !compact;
}

/** An address without secrets. Its query decides what comes from it, so that stands as a digest. */
static void put_url(struct writing *writing, const char *url)
{
    struct lm_arena_mark mark = lm_arena_mark(writing->facts->arena);
    const char *query = lm_url_query(url);
    put_quoted(writing->out, lm_url_show(writing->facts->arena, url));
    if (query[0] != '\0') {
        struct lm_digest digest;
        char hex[LM_DIGEST_HEX];
        lm_sha256_bytes(&digest, query, strlen(query));
        lm_digest_hex(hex, &digest);
        lm_buf_printf(writing->out, " query %s", hex);
    }
    lm_arena_rewind(writing->facts->arena, mark);
}

static void put_value(struct writing *writing, const struct lm_param_leaf *leaf)
{
    struct lm_buf *out = writing->out;
    bool text = leaf->type == LM_P_STR || leaf->type == LM_P_ENUM || leaf->type == LM_P_PATH ||
                leaf->type == LM_P_URL;
    lm_buf_puts(out, writing->prefix);
    lm_buf_puts(out, leaf->key);
    lm_buf_putc(out, ' ');
    lm_buf_puts(out, lm_param_type_name(leaf->type));
    lm_buf_putc(out, ' ');
    const char *value = NULL;
    if (text)
        memcpy(&value, leaf->value, sizeof value);
    if (text && value != NULL) { /* never what ${env.NAME} stands for */
        const struct lm_spec_value *given =
            lm_spec_value(writing->spec, writing->stage, leaf->name);
        const char *written = given && given->written ? given->written : value;
        if (leaf->type == LM_P_URL)
            put_url(writing, written);
        else
            put_quoted(out, written);
    } else if (leaf->type == LM_P_DURATION && !lm_param_is_unset(leaf->type, leaf->value))
        lm_buf_put_double(out, *(const double *)leaf->value);
    else if (leaf->type == LM_P_SIZE && !lm_param_is_unset(leaf->type, leaf->value))
        lm_buf_put_int(out, *(const int64_t *)leaf->value);
    else
        lm_param_print(out, leaf->type, leaf->value);
    lm_buf_putc(out, '\n');
}

/** The digests of the files that a parameter's file names, or that its word stands for: "file
 *  tasks.0.data sha256:…". */
static void put_followed(struct writing *writing, const struct lm_param_leaf *leaf)
{
    const struct lm_spec_stage *stage = &writing->spec->stages[writing->stage];
    size_t length = strlen(leaf->name);
    for (size_t i = 0; i < stage->file_count; i++)
        if (strncmp(stage->files[i].param, leaf->name, length) == 0 &&
            stage->files[i].param[length] == '.')
            lm_buf_printf(writing->out, "file %s%s %s\n", leaf->key, stage->files[i].param + length,
                          writing->facts->files[i]);
}

static void put_param(void *user, const struct lm_param_leaf *leaf)
{
    struct writing *writing = user;
    if (!is_in_key(leaf))
        return;
    const struct lm_spec_stage *stage = &writing->spec->stages[writing->stage];
    const struct lm_spec_file *file = lm_spec_file(stage, leaf->name);
    if (file == NULL)
        put_value(writing, leaf);
    else if (writing->facts->files != NULL)
        put_words(writing->out, "file ", leaf->key, writing->facts->files[file - stage->files]);
    if (leaf->row->follow != NULL && leaf->type != LM_P_LIST && writing->facts->files != NULL)
        put_followed(writing, leaf);
}

/** All but those at the port `less`; NULL: all. */
static void put_inputs(struct lm_buf *out, const struct lm_taken *taken, const char *const *digests,
                       const char *less)
{
    size_t index = 0;
    for (size_t i = 0; i < taken->count; i++) {
        const struct lm_port *port = taken->rows[i].port;
        if (less != NULL && strcmp(port->name, less) == 0)
            continue;
        const char *digest = digests[i] != NULL ? digests[i] : "failed";
        index = i > 0 && taken->rows[i - 1].port == port ? index + 1 : 0;
        if (!(port->flags & LM_PORT_LIST))
            put_words(out, "input ", lm_port_key(port), digest);
        else
            lm_buf_printf(out, "input %s.%zu %s\n", lm_port_key(port), index, digest);
        if (port->flags & LM_PORT_LABELS)
            lm_buf_printf(out, "label %s.%zu %s\n", lm_port_key(port), index,
                          taken->rows[i].label[0] ? taken->rows[i].label : "-");
    }
}

/* ---- facts about the experiment ---- */

static int by_id(const void *a, const void *b)
{
    const struct lm_spec_stage *const *x = a, *const *y = b;
    return strcmp((*x)->id, (*y)->id);
}

/** Stages upstream of `stage`, sorted by id, in the arena; NULL: out of memory. */
static const struct lm_spec_stage **upstream(const struct lm_spec *spec,
                                             const struct lm_taken *taken, size_t stage,
                                             struct lm_arena *arena, size_t *count)
{
    struct lm_upstream_walk walk;
    const struct lm_spec_stage **out = LM_NEW_ARRAY(arena, const struct lm_spec_stage *, 0);
    size_t capacity = 0;
    *count = 0;
    lm_upstream_begin(&walk, spec, taken, arena, stage);
    for (size_t i; out != NULL && (i = lm_upstream_next(&walk)) != SIZE_MAX;) {
        out = lm_arena_grow(arena, out, *count, &capacity, sizeof(const struct lm_spec_stage *));
        if (out != NULL)
            out[(*count)++] = &spec->stages[i];
    }
    if (out == NULL || walk.failed)
        return NULL;
    qsort(out, *count, sizeof(const struct lm_spec_stage *), by_id);
    return out;
}

/** Parameters of upstream stages as values: no addresses, no paths. */
static bool is_experiment_fact(const struct lm_param_leaf *leaf)
{
    const struct lm_param *row = leaf->row;
    enum lm_param_type type = row->type == LM_P_LIST ? row->item : row->type;
    bool place = type == LM_P_URL || type == LM_P_PATH || (row->flags & LM_PARAM_ENV);
    return !place && is_in_key(leaf);
}

static void put_experiment_param(void *user, const struct lm_param_leaf *leaf)
{
    if (is_experiment_fact(leaf))
        put_value(user, leaf);
}

/** "experiment in model.tokens.0 tokens.tokens", without a head for the stage's own inputs. */
static void put_wiring(struct lm_buf *out, const struct lm_spec *spec, const struct lm_taken *taken,
                       const char *head, const char *dot)
{
    for (size_t i = 0, index = 0; i < taken->count; i++) {
        const struct lm_spec_input *input = &taken->rows[i];
        index = i > 0 && input[-1].port == input->port ? index + 1 : 0;
        lm_buf_printf(out, "experiment in %s%s%s.%zu %s.%s\n", head, dot, input->port->name, index,
                      spec->stages[input->stage].id, input->from->name);
    }
}

const char *lm_gate_verdict_name(enum lm_gate_verdict verdict)
{
    static const char *const names[] = {[LM_GATE_PASS] = "pass",
                                        [LM_GATE_FAIL] = "fail",
                                        [LM_GATE_UNDECIDED] = "undecided",
                                        [LM_GATE_UNSELECTED] = "skipped"};

    return names[verdict];
}

/** The gates that reports hold, and what became of them: a reason says all that was measured. */
static void put_gates(struct lm_buf *out, const struct lm_spec *spec,
                      const struct lm_gate_row *gates)
{
    for (size_t i = 0, n = 0; i < spec->gate_count; i++) {
        if (!spec->gates[i].held)
            continue;
        lm_buf_printf(out, "experiment gate.%zu ", n);
        put_quoted(out, spec->gates[i].text);
        lm_buf_putc(out, '\n');
        if (gates != NULL) {
            lm_buf_printf(out, "experiment verdict.%zu %s ", n,
                          lm_gate_verdict_name(gates[i].verdict));
            put_quoted(out, gates[i].reason);
            lm_buf_putc(out, '\n');
        }
        n++;
    }
}

static void put_experiment(struct lm_buf *out, const struct lm_spec *spec, size_t stage,
                           const struct lm_key_facts *facts)
{
    size_t count;
    struct lm_arena_mark mark = lm_arena_mark(facts->arena);
    const struct lm_spec_stage **stages = upstream(spec, facts->taken, stage, facts->arena, &count);
    out->failed = out->failed || stages == NULL;
    lm_buf_puts(out, "experiment name ");
    put_quoted(out, spec->experiment);
    lm_buf_puts(out, "\nexperiment description ");
    put_quoted(out, spec->description);
    lm_buf_putc(out, '\n');
    put_gates(out, spec, facts->gates);
    if (facts->baseline != NULL)
        put_words(out, "experiment ", "baseline", facts->baseline);
    put_wiring(out, spec, &facts->taken[stage], "", "");
    for (size_t i = 0; stages != NULL && i < count; i++) {
        const char *prefix = lm_arena_printf(facts->arena, "experiment param %s.", stages[i]->id);
        struct writing writing = {.out = out,
                                  .spec = spec,
                                  .stage = (size_t)(stages[i] - spec->stages),
                                  .facts = facts,
                                  .prefix = prefix ? prefix : ""};
        lm_buf_printf(out, "experiment stage %s %s\n", stages[i]->id, stages[i]->type->name);
        if (stages[i]->type->flags & LM_STAGE_SEED)
            lm_buf_printf(out, "experiment seed %s %" PRIu64 "\n", stages[i]->id, stages[i]->seed);
        lm_params_walk(stages[i]->type->params, stages[i]->params, put_experiment_param, &writing);
        put_wiring(out, spec, &facts->taken[stages[i] - spec->stages], stages[i]->id, ".");
        for (size_t k = 0; k < stages[i]->file_count; k++)
            lm_buf_printf(out, "experiment file %s.%s\n", stages[i]->id, stages[i]->files[k].param);
    }
    lm_arena_rewind(facts->arena, mark);
}

/** What keys and states are named by: all but the first lines. */
static void put_facts(struct lm_buf *out, const struct lm_spec *spec, size_t stage,
                      const struct lm_key_facts *given, const void *params, const char *less)
{
    const struct lm_spec_stage *s = &spec->stages[stage];
    struct lm_key_facts own = *given;
    const struct lm_key_facts *facts = &own;
    own.arena = given->arena != NULL ? given->arena : spec->arena;
    struct writing writing = {
        .out = out, .spec = spec, .stage = stage, .facts = facts, .prefix = "param "};
    lm_params_walk(s->type->params, params, put_param, &writing);
    if (facts->inputs != NULL)
        put_inputs(out, &facts->taken[stage], facts->inputs, less);
    if (s->type->flags & LM_STAGE_SEED)
        lm_buf_printf(out, "seed %" PRIu64 "\n", s->seed);
    if (s->type->flags & LM_STAGE_NUMERIC)
        lm_buf_printf(out, "numerics %s\n", facts->numerics ? facts->numerics : "unknown");
    for (size_t i = 0; facts->libraries != NULL && facts->libraries[i] != NULL; i++)
        lm_buf_printf(out, "library %s\n", facts->libraries[i]);
    if (s->type->flags & LM_STAGE_EXPERIMENT)
        put_experiment(out, spec, stage, facts);
}

void lm_key_write(struct lm_buf *out, const struct lm_spec *spec, size_t stage,
                  const struct lm_key_facts *given)
{
    const struct lm_spec_stage *s = &spec->stages[stage];
    lm_buf_printf(out, "lmpipe-key 1\nstage %s %u\n", s->type->name, s->type->version);
    put_facts(out, spec, stage, given, s->params, NULL);
}

void lm_key_write_prefix(struct lm_buf *out, const struct lm_spec *spec, size_t stage,
                         const struct lm_key_facts *given, const void *params,
                         const struct lm_prefix *prefix)
{
    const struct lm_spec_stage *s = &spec->stages[stage];
    lm_buf_printf(out, "lmpipe-state 1\nstage %s %u\nformat %u\n", s->type->name, s->type->version,
                  prefix->format);
    put_facts(out, spec, stage, given, params, prefix->parts);
}

/* ---- the same facts for the stage itself ---- */

static void list_gates(struct lm_json_writer *writer, const struct lm_spec *spec,
                       const struct lm_gate_row *rows)
{
    lm_json_key(writer, "gates");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < spec->gate_count; i++) {
        const struct lm_spec_gate *gate = &spec->gates[i];
        if (!gate->held)
            continue;
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "name", rows[i].name);
        lm_json_member_string(writer, "metric", rows[i].metric);
        if (!lm_is_unset(gate->min))
            lm_json_member_double(writer, "min", gate->min);
        if (!lm_is_unset(gate->max))
            lm_json_member_double(writer, "max", gate->max);
        if (!isnan(rows[i].value))
            lm_json_member_double(writer, "value", rows[i].value);
        lm_json_member_string(writer, "verdict", lm_gate_verdict_name(rows[i].verdict));
        if (gate->is_against) {
            lm_json_member_double(writer, "margin", gate->margin);
            lm_json_key(writer, "relative");
            lm_json_put_bool(writer, gate->is_relative);
        }
        lm_json_key(writer, "why");
        lm_reason_put(writer, rows[i].why);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

/** "in": the artifacts at each port of a stage, as STAGE.PORT. */
static void list_wiring(struct lm_json_writer *writer, const struct lm_spec *spec,
                        const struct lm_taken *taken)
{
    lm_json_key(writer, "in");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < taken->count; i++) {
        const struct lm_spec_input *input = &taken->rows[i];
        const char *from =
            lm_arena_printf(spec->arena, "%s.%s", spec->stages[input->stage].id, input->from->name);
        if (i == 0 || input[-1].port != input->port) {
            lm_json_key(writer, input->port->name);
            lm_json_open(writer, '[');
        }
        lm_json_put_string(writer, from != NULL ? from : "");
        writer->out->failed = writer->out->failed || from == NULL;
        if (i + 1 == taken->count || input[1].port != input->port)
            lm_json_close(writer, ']');
    }
    lm_json_close(writer, '}');
}

/** "files": the parameters that name a file or folder, by name alone. */
static void list_files(struct lm_json_writer *writer, const struct lm_spec_stage *stage)
{
    if (stage->file_count == 0)
        return;
    lm_json_key(writer, "files");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < stage->file_count; i++)
        lm_json_put_string(writer, stage->files[i].param);
    lm_json_close(writer, ']');
}

void lm_key_write_experiment(struct lm_buf *out, const struct lm_spec *spec,
                             const struct lm_taken *taken, size_t stage,
                             const struct lm_gate_row *gates)
{
    size_t count;
    struct lm_json_writer writer;
    struct lm_arena_mark mark = lm_arena_mark(spec->arena);
    const struct lm_spec_stage **stages = upstream(spec, taken, stage, spec->arena, &count);
    out->failed = out->failed || stages == NULL;
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "name", spec->experiment);
    lm_json_member_string(&writer, "description", spec->description);
    list_gates(&writer, spec, gates);
    list_wiring(&writer, spec, &taken[stage]);
    lm_json_key(&writer, "stages");
    lm_json_open(&writer, '{');
    for (size_t i = 0; stages != NULL && i < count; i++) {
        lm_json_key(&writer, stages[i]->id);
        lm_json_open(&writer, '{');
        lm_json_member_string(&writer, "uses", stages[i]->type->name);
        if (stages[i]->type->flags & LM_STAGE_SEED)
            lm_json_member_int(&writer, "seed", (int64_t)stages[i]->seed);
        lm_json_key(&writer, "params");
        lm_params_write_json_if(stages[i]->type->params, stages[i]->params, is_experiment_fact,
                                &writer);
        list_wiring(&writer, spec, &taken[stages[i] - spec->stages]);
        list_files(&writer, stages[i]);
        lm_json_close(&writer, '}');
    }
    lm_json_close(&writer, '}');
    lm_json_close(&writer, '}');
    lm_arena_rewind(spec->arena, mark);
}
