/* What a run leaves in its store (docs/formats/runs.md). What many runs share, the parameters of a
 * spec and the results of its keys, is kept once, by digest, and outlives the results themselves.
 */
#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/new_file.h"
#include "plan/key.h"
#include "runs/ledger.h"
#include "runs/run_files.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to record the run; free some");
}

/** A file below runs/ in the plan's arena; NULL: out of memory. */
static const char *path_of(const struct lm_run_facts *facts, const char *folder, const char *name)
{
    return lm_arena_printf(facts->plan->arena, "%s/runs/%s/%s", lm_store_path(facts->plan->store),
                           folder, name);
}

/** Is every line of a file whole? A power cut may leave an empty one, a disk a damaged one: the
 * next run that has the same to tell writes it again. */
static bool is_sound(const struct lm_run_facts *facts, const char *path)
{
    struct lm_ledger ledger;
    struct lm_arena_mark mark = lm_arena_mark(facts->plan->arena);
    char *text;
    size_t size, count = 0;
    enum lm_status status = lm_ledger_open(&ledger, facts->plan->arena, path, NULL);
    while (status == LM_OK && lm_ledger_next(&ledger, &text, &size))
        count++;
    lm_arena_rewind(facts->plan->arena, mark);
    return status == LM_OK && count > 0 && ledger.damaged == 0;
}

/** Writes a file whose folder need not exist; what is there is replaced. */
static enum lm_status write_file(const struct lm_run_facts *facts, const char *path,
                                 const struct lm_buf *text, struct lm_err *err)
{
    enum lm_status status = lm_new_file_write_buf(path, text, LM_NEW_ASIDE, err);
    if (status != LM_NOT_FOUND)
        return status;
    const char *folder = lm_path_dir(facts->plan->arena, path);
    LM_TRY(folder != NULL ? lm_dir_create(folder, err) : no_memory(err));
    return lm_new_file_write_buf(path, text, LM_NEW_ASIDE, err);
}

/* ---- parameters, by what they were resolved from ---- */

/** What makes the parameters of the selected stages what they are. */
static void put_spec_identity(struct lm_buf *out, const struct lm_run_facts *facts)
{
    const struct lm_spec *spec = facts->spec;
    lm_buf_puts(out, "parameters 1 " LM_VERSION);
    lm_buf_append(out, spec->source.bytes, LM_DIGEST_SIZE);
    for (size_t i = 0; i < spec->stage_count; i++) {
        bool is_first = i == 0 || spec->stages[i].family != spec->stages[i - 1].family;
        lm_buf_putc(out, facts->plan->stages[i].selected ? '+' : '-');
        if (is_first)
            lm_buf_put_u32(out, spec->stages[i].type->version);
    }
}

void lm_run_parameters_put(struct lm_buf *out, const struct lm_spec *spec, size_t i)
{
    const struct lm_spec_stage *stage = &spec->stages[i];
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "stage", stage->id);
    lm_json_member_string(&writer, "type", stage->type->name);
    lm_json_member_int(&writer, "version", stage->type->version);
    lm_run_params_put(&writer, spec, i);
    lm_json_close(&writer, '}');
}

static void put_parameters(struct lm_buf *out, const struct lm_run_facts *facts)
{
    struct lm_buf line;
    lm_buf_init(&line, 0);
    for (size_t i = 0; i < facts->spec->stage_count; i++) {
        if (!facts->plan->stages[i].selected)
            continue;
        lm_buf_clear(&line);
        lm_run_parameters_put(&line, facts->spec, i);
        if (!line.failed)
            lm_ledger_put(out, line.data, line.size);
        out->failed = out->failed || line.failed;
    }
    lm_buf_release(&line);
}

/** Writes the file of the parameters, unless it is there; *hex is its name. */
static enum lm_status keep_parameters(char hex[LM_DIGEST_HEX], const struct lm_run_facts *facts,
                                      struct lm_err *err)
{
    struct lm_digest digest;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    put_spec_identity(&text, facts);
    lm_sha256_bytes(&digest, text.data, text.failed ? 0 : text.size);
    lm_digest_hex(hex, &digest);
    const char *path = path_of(facts, "parameters", hex);
    enum lm_status status = path != NULL ? lm_buf_status(&text, err) : no_memory(err);
    if (status == LM_OK && !is_sound(facts, path)) {
        lm_buf_clear(&text);
        put_parameters(&text, facts);
        status = write_file(facts, path, &text, err);
    }
    lm_buf_release(&text);
    return status;
}

/* ---- results, by their keys and outputs ---- */

/** The name of what is known of a key: of equal keys with equal outputs it is equal. */
static void name_result(struct lm_digest *out, const struct lm_plan_stage *planned,
                        struct lm_buf *room)
{
    const struct lm_record *record = planned->record;
    lm_buf_clear(room);
    lm_buf_append(room, planned->key.bytes, LM_DIGEST_SIZE);
    for (size_t i = 0; record != NULL && i < record->output_count; i++) {
        lm_buf_append(room, record->outputs[i].port, strlen(record->outputs[i].port) + 1);
        lm_buf_append(room, record->outputs[i].digest, strlen(record->outputs[i].digest) + 1);
    }
    lm_sha256_bytes(out, room->data, room->size);
}

void lm_run_key_put(struct lm_buf *out, const struct lm_plan_stage *planned)
{
    char hex[LM_DIGEST_HEX];
    struct lm_json_writer writer;
    lm_digest_hex(hex, &planned->key);
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "key", hex);
    lm_json_key(&writer, "key_text");
    lm_json_put_bytes(&writer, planned->key_text, strlen(planned->key_text));
    if (planned->record != NULL)
        lm_run_result_put(&writer, planned->record);
    lm_json_close(&writer, '}');
}

/** Appends a line with what is known of a key. */
static void put_key(struct lm_buf *out, struct lm_buf *room, const struct lm_plan_stage *planned,
                    const char *name)
{
    lm_buf_clear(room);
    lm_buf_printf(room, "%s ", name);
    lm_run_key_put(room, planned);
    out->failed = out->failed || room->failed;
    if (!room->failed)
        lm_ledger_put(out, room->data, room->size);
}

/** Names of what is known of the keys of all stages, zeros where there is no key; NULL: no memory.
 */
static struct lm_digest *name_results(const struct lm_run_facts *facts)
{
    struct lm_digest *names =
        LM_NEW_ARRAY(facts->plan->arena, struct lm_digest, facts->spec->stage_count);
    struct lm_buf room;
    lm_buf_init(&room, 0);
    for (size_t i = 0; names != NULL && i < facts->spec->stage_count; i++)
        if (facts->plan->stages[i].selected && facts->plan->stages[i].keyed)
            name_result(&names[i], &facts->plan->stages[i], &room);
    bool failed = room.failed;
    lm_buf_release(&room);
    return failed ? NULL : names;
}

/** The files that are written when the results of a run are new. */
struct pack {
    struct lm_buf keys;       /**< what is known of keys that the newest run before did not have */
    struct lm_buf results;    /**< a line a stage, then a line a gate */
    struct lm_name_map known; /**< places in `files` by the names of what is known of keys */
    const char **files;
    size_t file_count;
};

/** Notes where what is known of keys stands, as the results of the experiment's newest run say. */
static void learn(struct pack *pack, const struct lm_run_facts *facts)
{
    struct lm_arena *arena = facts->plan->arena;
    struct lm_ledger ledger;
    char *text, *newest = NULL;
    size_t size;
    const char *pointer = path_of(facts, "newest", facts->spec->experiment);
    lm_name_map_init(&pack->known, arena);
    if (pointer == NULL ||
        lm_file_read(&newest, &size, arena, pointer, 2 * LM_DIGEST_HEX, NULL) != LM_OK)
        return;
    newest[strcspn(newest, "\n/")] = '\0';
    const char *path = path_of(facts, "results", newest);
    if (path == NULL || lm_ledger_open(&ledger, arena, path, NULL) != LM_OK)
        return;
    pack->files = LM_NEW_ARRAY(arena, const char *, lm_ledger_count(&ledger));
    while (pack->files != NULL && lm_ledger_next(&ledger, &text, &size)) {
        if (size != LM_RESULT_LINE || text[0] == '{')
            continue;
        text[LM_DIGEST_HEX - 1] = '\0';
        pack->files[pack->file_count] = text + LM_DIGEST_HEX;
        if (lm_name_map_put(&pack->known, text, pack->file_count))
            pack->file_count++;
    }
}

/** A line a stage in the order of its parameters' file: the name of what is known of its key and
 *  that of the file which tells it, or "-"; then a line a gate. */
static void fill(struct pack *pack, const struct lm_run_facts *facts, const char *own,
                 const struct lm_digest *names)
{
    struct lm_buf room;
    lm_buf_init(&room, 0);
    for (size_t i = 0; i < facts->spec->stage_count; i++) {
        char line[LM_RESULT_LINE + 1] = "-";
        if (!facts->plan->stages[i].selected)
            continue;
        if (facts->plan->stages[i].keyed) {
            lm_digest_hex(line, &names[i]);
            size_t place = lm_name_map_find(&pack->known, line);
            if (place == SIZE_MAX)
                put_key(&pack->keys, &room, &facts->plan->stages[i], line);
            line[LM_DIGEST_HEX - 1] = ' ';
            memcpy(line + LM_DIGEST_HEX, place != SIZE_MAX ? pack->files[place] : own,
                   LM_DIGEST_HEX);
        }
        lm_ledger_put(&pack->results, line, strlen(line));
    }
    for (size_t i = 0; i < facts->result->gate_count; i++) {
        struct lm_json_writer writer;
        lm_buf_clear(&room);
        lm_json_begin(&writer, &room, false);
        lm_run_gate_put(&writer, &facts->result->gates[i]);
        pack->results.failed = pack->results.failed || room.failed;
        if (!room.failed)
            lm_ledger_put(&pack->results, room.data, room.size);
    }
    lm_buf_release(&room);
}

/** Writes the files, the one that refers to the other last, and says that they are the newest. */
static enum lm_status write_pack(const struct pack *pack, const struct lm_run_facts *facts,
                                 const char *hex, struct lm_err *err)
{
    struct lm_buf pointer;
    const char *keys = path_of(facts, "keys", hex), *results = path_of(facts, "results", hex);
    const char *newest = path_of(facts, "newest", facts->spec->experiment);
    if (keys == NULL || results == NULL || newest == NULL)
        return no_memory(err);
    if (pack->keys.size > 0 || pack->keys.failed)
        LM_TRY(write_file(facts, keys, &pack->keys, err));
    LM_TRY(write_file(facts, results, &pack->results, err));
    lm_buf_init(&pointer, 0);
    lm_buf_printf(&pointer, "%s\n", hex);
    enum lm_status status = write_file(facts, newest, &pointer, err);
    lm_buf_release(&pointer);
    return status;
}

static void put_results_identity(struct lm_buf *out, const struct lm_run_facts *facts,
                                 const struct lm_digest *names, const char *parameters)
{
    lm_buf_puts(out, "results 1 ");
    lm_buf_puts(out, parameters);
    lm_buf_append(out, names, facts->spec->stage_count * sizeof *names);
    for (size_t i = 0; i < facts->result->gate_count; i++) {
        const struct lm_gate_row *gate = &facts->result->gates[i];
        lm_buf_put_u32(out, gate->verdict);
        lm_buf_append(out, gate->text, strlen(gate->text) + 1);
    }
}

/** Writes the files of the results, unless they are there; *hex is their name. */
static enum lm_status keep_results(char hex[LM_DIGEST_HEX], const struct lm_run_facts *facts,
                                   const char *parameters, struct lm_err *err)
{
    const struct lm_digest *names = name_results(facts);
    struct lm_digest digest;
    struct lm_buf identity;
    if (names == NULL)
        return no_memory(err);
    lm_buf_init(&identity, 0);
    put_results_identity(&identity, facts, names, parameters);
    lm_sha256_bytes(&digest, identity.data, identity.failed ? 0 : identity.size);
    lm_digest_hex(hex, &digest);
    enum lm_status status = lm_buf_status(&identity, err);
    lm_buf_release(&identity);
    const char *path = path_of(facts, "results", hex);
    if (status != LM_OK || path == NULL)
        return path == NULL ? no_memory(err) : status;
    if (is_sound(facts, path))
        return LM_OK;
    struct pack pack = {.file_count = 0};
    lm_buf_init(&pack.keys, 0);
    lm_buf_init(&pack.results, 0);
    if (!lm_path_exists(path)) /* else later ones refer to what it told: all of it, again */
        learn(&pack, facts);
    fill(&pack, facts, hex, names);
    status = write_pack(&pack, facts, hex, err);
    lm_buf_release(&pack.keys);
    lm_buf_release(&pack.results);
    return status;
}

/* ---- the run itself ---- */

static enum lm_status write_brief(const struct lm_run_facts *facts, const char *parameters,
                                  const char *results, struct lm_err *err)
{
    struct lm_buf out;
    const char *path = path_of(facts, facts->id, "run.json");
    if (path == NULL)
        return no_memory(err);
    lm_buf_init(&out, 0);
    lm_run_brief_write(&out, facts, parameters, results);
    enum lm_status status = write_file(facts, path, &out, err);
    lm_buf_release(&out);
    return status;
}

enum lm_status lm_run_keep_begin(const struct lm_run_facts *facts, struct lm_err *err)
{
    char parameters[LM_DIGEST_HEX];
    LM_TRY(keep_parameters(parameters, facts, err));
    return write_brief(facts, parameters, NULL, err);
}

enum lm_status lm_run_keep_end(struct lm_run_facts *facts, struct lm_err *err)
{
    char parameters[LM_DIGEST_HEX], results[LM_DIGEST_HEX];
    struct lm_buf summary, line;
    const char *index =
        lm_arena_printf(facts->plan->arena, "%s/runs/index", lm_store_path(facts->plan->store));
    LM_TRY(keep_parameters(parameters, facts, err));
    LM_TRY(keep_results(results, facts, parameters, err));
    facts->results = lm_arena_strdup(facts->plan->arena, results);
    LM_TRY(write_brief(facts, parameters, results, err));
    lm_buf_init(&summary, 0);
    lm_buf_init(&line, 0);
    lm_run_summary_write(&summary, facts);
    enum lm_status status = lm_buf_status(&summary, err);
    if (status == LM_OK) {
        lm_ledger_put(&line, summary.data, summary.size);
        status = index != NULL ? lm_ledger_append(index, &line, err) : no_memory(err);
    }
    lm_buf_release(&summary);
    lm_buf_release(&line);
    return status;
}
