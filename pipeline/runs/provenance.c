/* provenance.json (docs/formats/ci.md): an in-toto Statement v1 with a SLSA provenance v1
 * predicate. https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md,
 * https://slsa.dev/spec/v1.0/provenance */
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/name_map.h"
#include "base/url.h"
#include "param/param_rows.h"
#include "plan/key.h"
#include "runs/run_files.h"

#define BUILD_TYPE "urn:lmpipe:run:1"
#define BUILDER "urn:lmpipe:builder:unknown"

struct provenance {
    struct lm_json_writer *writer;
    const struct lm_run_facts *facts;
    struct lm_arena *arena;
    struct lm_name_map seen; /**< dependencies that were written */
    size_t stage;            /**< whose parameters are being walked */
};

static void put_text(struct lm_json_writer *writer, const char *key, const char *text)
{
    lm_json_key(writer, key);
    lm_json_put_bytes(writer, text, strlen(text));
}

/** "digest": {algorithm: hex} */
static void put_digest(struct lm_json_writer *writer, const char *algorithm, const char *hex)
{
    lm_json_key(writer, "digest");
    lm_json_open(writer, '{');
    lm_json_member_string(writer, algorithm, hex);
    lm_json_close(writer, '}');
}

static void put_sha256(struct lm_json_writer *writer, const struct lm_digest *digest)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, digest);
    put_digest(writer, "sha256", hex);
}

/* ---- what was published ---- */

/** The file itself, or every file of a folder. */
static void put_published(struct lm_json_writer *writer, const struct lm_output *output,
                          const char *path)
{
    for (size_t i = 0; i < output->file_count; i++) {
        struct lm_buf name;
        lm_buf_init(&name, 0);
        lm_buf_puts(&name, path);
        if (output->folder)
            lm_buf_printf(&name, "/%s", output->files[i].name);
        lm_json_open(writer, '{');
        put_text(writer, "name", name.failed ? "" : name.data);
        put_sha256(writer, &output->files[i].object);
        lm_json_close(writer, '}');
        writer->out->failed = writer->out->failed || name.failed;
        lm_buf_release(&name);
    }
}

/** Those that were published are the first, in the order of stages. */
static void put_subjects(const struct provenance *provenance)
{
    const struct lm_run_facts *facts = provenance->facts;
    size_t left = facts->published;
    lm_json_key(provenance->writer, "subject");
    lm_json_open(provenance->writer, '[');
    for (size_t i = 0; i < facts->spec->stage_count; i++) {
        const struct lm_spec_stage *stage = &facts->spec->stages[i];
        const struct lm_record *record = facts->plan->stages[i].record;
        bool is_here = facts->plan->stages[i].selected && lm_state_is_fine(facts->stages[i].state);
        for (size_t k = 0; is_here && record != NULL && left > 0 && k < stage->publish_count; k++) {
            const struct lm_output *output =
                lm_record_output(record, lm_port_key(stage->publish[k].port));
            if (output != NULL)
                put_published(provenance->writer, output, stage->publish[k].path);
            left--;
        }
    }
    lm_json_close(provenance->writer, ']');
}

/* ---- what it was made of ---- */

/** An entry of resolvedDependencies; what is NULL has no member. */
struct dependency {
    const char *name, *location; /**< an address without secrets */
    const char *algorithm, *hex; /**< of its digest */
    bool is_pinned, is_commit;
};

/** Writes an entry, once: instances of a sweep share most of theirs. */
static void put_dependency(struct provenance *provenance, const struct dependency *d)
{
    struct lm_json_writer *writer = provenance->writer;
    const char *location = d->location != NULL ? d->location : "";
    const char *identity =
        lm_arena_printf(provenance->arena, "%s\n%s\n%s", location, d->hex != NULL ? d->hex : "",
                        location[0] != '\0' ? "" : d->name);
    bool is_uri = strstr(location, "://") != NULL && strstr(location, "${") == NULL;
    if (identity == NULL || lm_name_map_find(&provenance->seen, identity) != SIZE_MAX ||
        (d->hex == NULL && !is_uri))
        return;
    lm_name_map_put(&provenance->seen, identity, provenance->seen.count);
    lm_json_open(writer, '{');
    put_text(writer, "name", d->name);
    if (is_uri)
        put_text(writer, "uri", location);
    if (d->hex != NULL)
        put_digest(writer, d->algorithm, d->hex);
    if (!d->is_commit) {
        lm_json_key(writer, "annotations");
        lm_json_open(writer, '{');
        lm_json_member_bool(writer, "pinned", d->is_pinned);
        if (!is_uri && location[0] != '\0')
            put_text(writer, "location", location);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, '}');
}

/** What an address that nothing pins gave; NULL: it is not known. */
static const char *find_fetched(const struct provenance *provenance, const char *param)
{
    const struct lm_record *record = provenance->facts->plan->stages[provenance->stage].record;
    char hex[LM_DIGEST_HEX];
    for (size_t i = 0; record != NULL && i < record->source_count; i++) {
        if (strcmp(record->sources[i].param, param) != 0)
            continue;
        lm_digest_hex(hex, &record->sources[i].digest);
        return lm_arena_strdup(provenance->arena, hex);
    }
    return NULL;
}

/** The digest that the stage's key text has in the place of a file or folder; NULL: none. */
static const char *find_in_key(const struct provenance *provenance, const char *param)
{
    const struct lm_plan_stage *planned = &provenance->facts->plan->stages[provenance->stage];
    const char *line = lm_arena_printf(provenance->arena, "\nfile %s sha256:", param);
    const char *found = planned->keyed && line != NULL ? strstr(planned->key_text, line) : NULL;
    return found != NULL ? lm_arena_strndup(provenance->arena, found + strlen(line),
                                            strcspn(found + strlen(line), "\n"))
                         : NULL;
}

/** The location as people may see it: with ${env.NAME} unfilled, an address without its secrets, a
 *  path below the root from there. */
static const char *show_location(const struct provenance *provenance,
                                 const struct lm_param_leaf *leaf, const char *text)
{
    const struct lm_spec *spec = provenance->facts->spec;
    const struct lm_spec_value *given = lm_spec_value(spec, provenance->stage, leaf->name);
    if (given != NULL && given->written != NULL)
        text = given->written;
    if (leaf->type == LM_P_URL)
        return lm_url_show(provenance->arena, text);
    const char *below = lm_path_below(text, spec->root);
    return below != NULL ? below : text;
}

/** A parameter that names something outside: an address, a file, a folder. Mirrors are further
 *  places of the same. */
static void visit(void *user, const struct lm_param_leaf *leaf)
{
    struct provenance *provenance = user;
    const char *text, *id = provenance->facts->spec->stages[provenance->stage].id;
    if (leaf->type != LM_P_URL && leaf->type != LM_P_PATH)
        return;
    memcpy(&text, leaf->value, sizeof text);
    if (text == NULL || text[0] == '\0' || (leaf->row->flags & LM_PARAM_NOT_IN_KEY))
        return;
    struct dependency d = {.name = lm_arena_printf(provenance->arena, "%s.%s", id, leaf->name),
                           .location = show_location(provenance, leaf, text),
                           .algorithm = "sha256",
                           .is_pinned = leaf->pin != NULL && leaf->pin[0] != '\0'};
    d.hex = d.is_pinned               ? leaf->pin
            : leaf->type == LM_P_PATH ? find_in_key(provenance, leaf->key)
                                      : find_fetched(provenance, leaf->name);
    if (d.name != NULL)
        put_dependency(provenance, &d);
}

static void put_commit(struct provenance *provenance)
{
    const struct lm_run_job *job = provenance->facts->job;
    if (job == NULL || job->repository == NULL || job->commit == NULL)
        return;
    const char *url = lm_url_show(provenance->arena, job->repository);
    const struct dependency d = {.name = "repository",
                                 .location = lm_arena_printf(provenance->arena, "git+%s%s%s", url,
                                                             job->ref != NULL ? "@" : "",
                                                             job->ref != NULL ? job->ref : ""),
                                 .algorithm = "gitCommit",
                                 .hex = job->commit,
                                 .is_commit = true};
    put_dependency(provenance, &d);
}

static void put_dependencies(struct provenance *provenance)
{
    const struct lm_run_facts *facts = provenance->facts;
    const struct lm_spec *spec = facts->spec;
    struct lm_digest digest;
    char hex[LM_DIGEST_HEX];
    lm_json_key(provenance->writer, "resolvedDependencies");
    lm_json_open(provenance->writer, '[');
    put_commit(provenance);
    for (size_t i = 0; i < spec->stage_count; i++) {
        if (!facts->plan->stages[i].selected)
            continue;
        provenance->stage = i;
        lm_params_walk(spec->stages[i].type->params, spec->stages[i].params, visit, provenance);
    }
    if (spec->baseline != NULL && lm_sha256_file(&digest, NULL, spec->baseline, NULL) == LM_OK) {
        lm_digest_hex(hex, &digest);
        const struct dependency d = {.name = "baseline", .algorithm = "sha256", .hex = hex};
        put_dependency(provenance, &d);
    }
    lm_json_close(provenance->writer, ']');
}

/* ---- how, by whom ---- */

static void put_definition(struct provenance *provenance)
{
    const struct lm_run_facts *facts = provenance->facts;
    struct lm_json_writer *writer = provenance->writer;
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, &facts->spec->file_digest);
    lm_json_key(writer, "buildDefinition");
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "buildType", BUILD_TYPE);
    lm_json_key(writer, "externalParameters");
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "experiment", facts->spec->experiment);
    lm_json_key(writer, "spec");
    lm_json_open(writer, '{');
    put_text(writer, "name", facts->spec->home);
    put_digest(writer, "sha256", hex);
    lm_json_close(writer, '}');
    lm_run_settings_put(writer, facts->spec);
    lm_json_close(writer, '}');
    lm_json_key(writer, "internalParameters");
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "threads", (int64_t)facts->budget);
    if (facts->plan->numerics_blas != NULL)
        lm_json_member_string(writer, "numerics", facts->plan->numerics_blas);
    lm_json_close(writer, '}');
    put_dependencies(provenance);
    lm_json_close(writer, '}');
}

static void put_details(struct lm_json_writer *writer, const struct lm_run_facts *facts)
{
    const struct lm_run_job *job = facts->job;
    char began[32], ended[32];
    lm_json_key(writer, "runDetails");
    lm_json_open(writer, '{');
    lm_json_key(writer, "builder");
    lm_json_open(writer, '{');
    put_text(writer, "id", job != NULL && job->builder != NULL ? job->builder : BUILDER);
    lm_json_key(writer, "version");
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "lmpipe", LM_VERSION);
    lm_json_close(writer, '}');
    lm_json_close(writer, '}');
    lm_json_key(writer, "metadata");
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "invocationId", facts->id);
    lm_json_member_string(writer, "startedOn", lm_clock_format(began, facts->started));
    lm_json_member_string(writer, "finishedOn",
                          lm_clock_format(ended, facts->started + (int64_t)(facts->seconds + 0.5)));
    lm_json_close(writer, '}');
    lm_json_close(writer, '}');
}

void lm_run_provenance_write(struct lm_buf *out, const struct lm_run_facts *facts)
{
    struct lm_json_writer writer;
    if (facts->published ==
        0) /* a statement without a subject says nothing, and readers refuse it */
        return;
    struct provenance provenance = {.writer = &writer, .facts = facts, .arena = lm_arena_create()};
    out->failed = out->failed || provenance.arena == NULL;
    if (provenance.arena == NULL)
        return;
    lm_name_map_init(&provenance.seen, provenance.arena);
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "_type", "https://in-toto.io/Statement/v1");
    put_subjects(&provenance);
    lm_json_member_string(&writer, "predicateType", "https://slsa.dev/provenance/v1");
    lm_json_key(&writer, "predicate");
    lm_json_open(&writer, '{');
    put_definition(&provenance);
    put_details(&writer, facts);
    lm_json_close(&writer, '}');
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
    lm_arena_free(provenance.arena);
}
