#include "plan/locked.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/new_file.h"
#include "param/param_rows.h"
#include "store/record.h"

#define SHA256 "sha256:"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory for a lock file; free some");
}

/* ---- which file ---- */

/** "STEM.lock" of "STEM.yaml", "STEM.yml" or "STEM". */
static const char *lock_name(struct lm_arena *arena, const char *spec)
{
    static const char *const endings[] = {".yaml", ".yml"};
    size_t length = strlen(spec);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending && strcmp(spec + length - ending, endings[i]) == 0) {
            length -= ending;
            break;
        }
    }
    return lm_arena_printf(arena, "%.*s.lock", (int)length, spec);
}

/** A lock file that is a link is the one it leads to: that one is replaced, and the link stays. */
static enum lm_status follow(const char **path, struct lm_arena *arena, const char *shown,
                             struct lm_err *err)
{
    struct stat info;
    char target[PATH_MAX];
    if (lstat(*path, &info) != 0 || !S_ISLNK(info.st_mode))
        return LM_OK;
    if (realpath(*path, target) == NULL)
        return lm_fail(err, LM_INVALID,
                       "%s: is a link that leads nowhere; remove it, or restore what it names",
                       shown);
    *path = lm_arena_strdup(arena, target);
    return *path != NULL ? LM_OK : no_memory(err);
}

/** The file's name beside the spec as typed; the whole path where that would be another file. */
static const char *shown_name(struct lm_arena *arena, const struct lm_spec *spec, const char *path)
{
    struct stat typed, real;
    const char *name = lock_name(arena, spec->path);
    const char *here = name != NULL ? lm_path_dir(arena, name) : NULL;
    const char *there = lm_path_dir(arena, path);
    if (here == NULL || there == NULL)
        return NULL;
    bool same = strcmp(lm_path_base(name), lm_path_base(path)) == 0 && stat(here, &typed) == 0 &&
                stat(there, &real) == 0 && typed.st_dev == real.st_dev &&
                typed.st_ino == real.st_ino;
    return same ? name : path;
}

enum lm_status lm_locked_open(struct lm_locked *out, struct lm_arena *arena,
                              const struct lm_spec *spec, struct lm_err *err)
{
    struct lm_err why = {.status = LM_OK};
    struct lm_locked locked = {.file = {0}};
    if (strcmp(spec->path, "-") == 0)
        return lm_fail(err, LM_INVALID,
                       "a spec on standard input has no lock file; save it as a file");
    locked.path = lock_name(arena, spec->real);
    locked.shown = locked.path != NULL ? shown_name(arena, spec, locked.path) : NULL;
    if (locked.shown == NULL)
        return no_memory(err);
    LM_TRY(follow(&locked.path, arena, locked.shown, err));
    enum lm_status status = lm_lockfile_load(&locked.file, arena, locked.path, locked.shown, &why);
    locked.is_there = status == LM_OK;
    if (status != LM_OK && status != LM_NOT_FOUND) /* an input that cannot be read */
        return lm_fail(err, status == LM_NOMEM ? LM_NOMEM : LM_INVALID, "%s", why.text);
    *out = locked;
    return LM_OK;
}

/* ---- what there is to pin of a stage ---- */

enum { FACTS = 8 };

/** A row, and where in the spec it is decided. */
struct fact {
    struct lm_lock_row row; /**< value NULL: not known */
    const char *field;      /**< "model.log", "corpus.sources.0.url" */
    struct lm_origin origin;
    bool fetched; /**< from an address that nothing pins: only a result knows what it gave */
};

struct facts {
    const struct lm_plan *plan;
    size_t stage;
    struct lm_arena *arena;
    struct fact *items;
    size_t count, capacity;
    const char *record, *called; /**< of a record of parameters: "sources.0", and its `name` */
    enum lm_status status;
    struct lm_err *err;
};

static void add(struct facts *facts, const struct fact *fact)
{
    facts->items = lm_arena_grow(facts->arena, facts->items, facts->count, &facts->capacity,
                                 sizeof *facts->items);
    if (facts->items == NULL || fact->row.name == NULL || fact->field == NULL)
        facts->status = no_memory(facts->err);
    else
        facts->items[facts->count++] = *fact;
}

/** "sources.0" of "sources.0.url", "" of "path"; in the arena. */
static const char *record_of(struct lm_arena *arena, const char *name)
{
    const char *dot = strrchr(name, '.');
    return lm_arena_strndup(arena, name, dot != NULL ? (size_t)(dot - name) : 0);
}

static bool is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._+-";
    return text[0] != '\0' && text[strspn(text, plain)] == '\0';
}

static const char *text_of(const struct lm_param_leaf *leaf)
{
    const char *text;
    memcpy(&text, leaf->value, sizeof text);
    return text != NULL ? text : "";
}

static const char *digest_text(struct lm_arena *arena, const struct lm_digest *digest)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, digest);
    return lm_arena_printf(arena, SHA256 "%s", hex);
}

/** What a file or folder of the user's holds: as the key says, when there is one, else by now. */
static const char *file_digest(struct facts *facts, const struct lm_spec_file *file,
                               const char *key)
{
    struct lm_digest digest;
    const struct lm_plan_stage *planned = &facts->plan->stages[facts->stage];
    const char *line = lm_arena_printf(facts->arena, "\nfile %s ", key);
    const char *at = line != NULL && planned->keyed ? strstr(planned->key_text, line) : NULL;
    if (at != NULL)
        return lm_arena_strndup(facts->arena, at + strlen(line), strcspn(at + strlen(line), "\n"));
    return lm_store_hash_path(facts->plan->store, &digest, file->path, NULL) == LM_OK
               ? digest_text(facts->arena, &digest)
               : NULL;
}

/** What an address that nothing pins gave, when there is a result; NULL: that is not known. */
static const char *fetched_digest(const struct facts *facts, const char *param)
{
    const struct lm_record *record = facts->plan->stages[facts->stage].record;
    for (size_t i = 0; record != NULL && i < record->source_count; i++)
        if (strcmp(record->sources[i].param, param) == 0)
            return digest_text(facts->arena, &record->sources[i].digest);
    return NULL;
}

/** What a lock file calls a place: by the `name` of the record of parameters that it is in, else by
 *  that record's own, else by its own. */
static const char *place_name(const struct facts *facts, const struct lm_param_leaf *leaf)
{
    const char *record = record_of(facts->arena, leaf->name);
    if (record == NULL)
        return NULL;
    bool named = facts->record != NULL && facts->called != NULL &&
                 strcmp(record, facts->record) == 0 && is_plain(facts->called);
    const char *own = record[0] != '\0' ? record : leaf->name;
    return lm_arena_printf(facts->arena, "source.%s", named ? facts->called : own);
}

/** Adds a place that something is taken from, and that could be pinned. */
static void add_place(struct facts *facts, const struct lm_param_leaf *leaf)
{
    const struct lm_spec_stage *stage = &facts->plan->spec->stages[facts->stage];
    const struct lm_spec_file *file = lm_spec_file(stage, leaf->name);
    struct lm_digest pin;
    struct fact fact = {.row = {place_name(facts, leaf), NULL},
                        .field = lm_arena_printf(facts->arena, "%s.%s", stage->id, leaf->name),
                        .origin = lm_spec_origin(facts->plan->spec, facts->stage, leaf->name)};
    if (leaf->pin != NULL && lm_digest_parse(&pin, leaf->pin))
        fact.row.value = digest_text(facts->arena, &pin);
    else if (file != NULL)
        fact.row.value = file_digest(facts, file, leaf->key);
    else
        fact.row.value = fetched_digest(facts, leaf->name);
    fact.fetched = leaf->pin == NULL && file == NULL;
    add(facts, &fact);
}

static void visit(void *user, const struct lm_param_leaf *leaf)
{
    struct facts *facts = user;
    bool is_place = leaf->type == LM_P_PATH || leaf->type == LM_P_URL;
    if (facts->status != LM_OK || leaf->item)
        return;
    if (leaf->type == LM_P_STR && strcmp(leaf->row->name, "name") == 0) {
        facts->record = record_of(facts->arena, leaf->name);
        facts->called = lm_arena_strdup(facts->arena, text_of(leaf));
    } else if (is_place && leaf->row->pinned_by != NULL && text_of(leaf)[0] != '\0') {
        add_place(facts, leaf);
    }
}

static bool has_places(const struct lm_param *rows)
{
    for (; rows->name != NULL; rows++)
        if (rows->pinned_by != NULL || (rows->fields != NULL && has_places(rows->fields)))
            return true;
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct fact *)a)->row.name, ((const struct fact *)b)->row.name);
}

/** All that a lock file says of a stage, sorted by name; `outputs`: of its result, too. */
static enum lm_status collect(struct facts *facts, const struct lm_plan *plan, size_t stage,
                              bool outputs, struct lm_arena *arena, struct lm_err *err)
{
    const struct lm_spec_stage *s = &plan->spec->stages[stage];
    const struct lm_record *record = plan->stages[stage].record;
    *facts = (struct facts){.plan = plan,
                            .stage = stage,
                            .arena = arena,
                            .items = LM_NEW_ARRAY(arena, struct fact, FACTS),
                            .capacity = FACTS,
                            .err = err};
    if (facts->items == NULL)
        return no_memory(err);
    const char *type = lm_arena_printf(arena, "%s %u", s->type->name, s->type->version);
    add(facts, &(const struct fact){
                   {"uses", type}, type != NULL ? s->id : NULL, s->origin, .fetched = false});
    for (const struct lm_port *port = s->type->outputs; outputs && port->name != NULL; port++) {
        const struct lm_output *output = lm_record_output(record, lm_port_key(port));
        if (output != NULL && facts->status == LM_OK)
            add(facts, &(const struct fact){
                           {lm_arena_printf(arena, "out.%s", output->port), output->digest},
                           lm_arena_printf(arena, "%s.%s", s->id, port->name),
                           s->origin,
                           .fetched = false});
    }
    if (has_places(s->type->params))
        lm_params_walk(s->type->params, s->params, visit, facts);
    if (facts->status == LM_OK)
        qsort(facts->items, facts->count, sizeof *facts->items, by_name);
    return facts->status;
}

/** Are a stage's outputs to be held? Not those of one that tells what changed against the baseline:
 * that is none of its inputs, and changes without it. */
static bool are_pinned(const struct lm_spec *spec, size_t stage)
{
    if (!(spec->stages[stage].type->flags & LM_STAGE_EXPERIMENT))
        return true;
    return spec->baseline == NULL;
}

/* ---- as locked? ---- */

#define ACCEPT "; accept it with 'lmpipe run %s --lock'"

static struct lm_diag tell(const struct lm_origin *origin, const char *field, const char *text)
{
    return (struct lm_diag){.file = origin->file,
                            .line = origin->line,
                            .column = origin->column,
                            .field = field,
                            .text = text != NULL ? text : "is not as locked"};
}

/** "sha256 1a2b3c4d5e6f…" in brief: enough to tell two apart. */
static const char *brief(struct lm_arena *arena, const char *value)
{
    enum { DIGITS = 12 };

    const char *colon = strchr(value, ':');
    return colon != NULL
               ? lm_arena_printf(arena, "%.*s %.*s", (int)(colon - value), value, DIGITS, colon + 1)
               : value;
}

struct comparison {
    const struct lm_locked *locked;
    const struct facts *facts;
    bool outputs; /**< they are known */
};

/** Does this differ: a fact and its row in the block, of which one may be missing? What is not
 *  known differs from nothing. */
static bool differs(const struct comparison *c, const struct fact *fact,
                    const struct lm_lock_row *row)
{
    if (fact == NULL)
        return c->outputs || strncmp(row->name, "out.", 4) != 0;
    if (fact->row.value == NULL)
        return false;
    return row != NULL ? strcmp(fact->row.value, row->value) != 0 : !fact->fetched;
}

static struct lm_diag tell_row(const struct comparison *c, const struct fact *fact,
                               const struct lm_lock_row *row)
{
    const struct lm_spec_stage *stage = &c->facts->plan->spec->stages[c->facts->stage];
    const char *spec = c->facts->plan->spec->path, *shown = c->locked->shown, *text;
    struct lm_arena *arena = c->facts->arena;
    if (fact == NULL)
        return tell(
            &stage->origin, stage->id,
            lm_arena_printf(arena, "has no %s, which %s pins" ACCEPT, row->name, shown, spec));
    const char *is = brief(arena, fact->row.value);
    if (row == NULL)
        text = lm_arena_printf(arena, "is %s, and is not in %s" ACCEPT, is, shown, spec);
    else if (strcmp(row->name, "uses") == 0)
        text = lm_arena_printf(arena, "is of type %s, and %s pins a result of type %s" ACCEPT,
                               fact->row.value, shown, row->value, spec);
    else
        text = lm_arena_printf(arena, "is %s, and %s pins %s" ACCEPT, is, shown,
                               brief(arena, row->value), spec);
    return tell(&fact->origin, fact->field, text);
}

/** The last difference of a stage and its block in the order of names: the type, which says most,
 *  then sources, then outputs. False: there is none. `why` may be NULL. */
static bool find_difference(struct lm_diag *why, const struct comparison *c,
                            const struct lm_lock_block *block)
{
    size_t i = c->facts->count, k = block->count;
    while (i > 0 || k > 0) {
        const struct fact *fact = i > 0 ? &c->facts->items[i - 1] : NULL;
        const struct lm_lock_row *row = k > 0 ? &block->rows[k - 1] : NULL;
        int order = fact == NULL ? -1 : row == NULL ? 1 : strcmp(fact->row.name, row->name);
        fact = order >= 0 ? fact : NULL;
        row = order <= 0 ? row : NULL;
        i -= fact != NULL;
        k -= row != NULL;
        if (!differs(c, fact, row))
            continue;
        if (why != NULL)
            *why = tell_row(c, fact, row);
        return true;
    }
    return false;
}

static enum lm_status compare(struct lm_diag *why, const struct lm_locked *locked,
                              const struct lm_plan *plan, size_t stage, bool outputs,
                              struct lm_err *err)
{
    struct facts facts;
    const struct lm_spec_stage *s = &plan->spec->stages[stage];
    const struct lm_lock_block *block = lm_lockfile_find(&locked->file, s->id);
    struct lm_arena_mark mark = lm_arena_mark(plan->arena);
    if (block == NULL) {
        *why = tell(
            &s->origin, s->id,
            lm_arena_printf(plan->arena, "is not in %s" ACCEPT, locked->shown, plan->spec->path));
        return LM_OK;
    }
    outputs = outputs && are_pinned(plan->spec, stage);
    LM_TRY(collect(&facts, plan, stage, outputs, plan->arena, err));
    const struct comparison comparison = {locked, &facts, outputs};
    if (!find_difference(why, &comparison, block))
        lm_arena_rewind(plan->arena, mark);
    return LM_OK;
}

enum lm_status lm_locked_expect(struct lm_diag *why, const struct lm_locked *locked,
                                const struct lm_plan *plan, size_t stage, struct lm_err *err)
{
    struct lm_diag_list broken = {.arena = plan->arena};
    *why = (struct lm_diag){.text = NULL};
    lm_plan_check_pins(plan, stage, &broken);
    if (broken.failed)
        return no_memory(err);
    if (broken.count == 0)
        return compare(why, locked, plan, stage, false, err);
    *why = broken.items[0];
    return LM_OK;
}

enum lm_status lm_locked_compare(struct lm_diag *why, const struct lm_locked *locked,
                                 const struct lm_plan *plan, size_t stage, struct lm_err *err)
{
    *why = (struct lm_diag){.text = NULL};
    return compare(why, locked, plan, stage, true, err);
}

/* ---- writing ---- */

/** The block of a stage. What is not known of its sources stays as it was, when the outputs do. */
static enum lm_status make_block(struct lm_lock_block *out, const struct lm_plan *plan,
                                 size_t stage, const struct lm_lockfile *old,
                                 struct lm_arena *arena, struct lm_err *err)
{
    struct facts facts;
    const char *id = plan->spec->stages[stage].id;
    const struct lm_lock_block *before = lm_lockfile_find(old, id);
    bool outputs = are_pinned(plan->spec, stage);
    LM_TRY(collect(&facts, plan, stage, outputs, arena, err));
    struct lm_locked locked = {.file = *old};
    const struct comparison comparison = {&locked, &facts, outputs};
    bool same = before != NULL && !find_difference(NULL, &comparison, before);
    *out = (struct lm_lock_block){id, LM_NEW_ARRAY(arena, struct lm_lock_row, facts.count), 0};
    if (out->rows == NULL)
        return no_memory(err);
    for (size_t i = 0; i < facts.count; i++) {
        struct lm_lock_row row = facts.items[i].row;
        for (size_t k = 0; same && row.value == NULL && k < before->count; k++)
            if (strcmp(before->rows[k].name, row.name) == 0)
                row.value = before->rows[k].value;
        if (row.value != NULL)
            out->rows[out->count++] = row;
    }
    return LM_OK;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct lm_lock_block *)a)->id, ((const struct lm_lock_block *)b)->id);
}

/** The blocks of all stages that are selected, sorted. */
static enum lm_status make_blocks(struct lm_lockfile *out, const struct lm_plan *plan,
                                  const struct lm_lockfile *old, struct lm_arena *arena,
                                  struct lm_err *err)
{
    size_t stages = plan->spec->stage_count;
    out->blocks = LM_NEW_ARRAY(arena, struct lm_lock_block, stages);
    if (out->blocks == NULL)
        return no_memory(err);
    for (size_t i = 0; i < stages; i++)
        if (plan->stages[i].selected)
            LM_TRY(make_block(&out->blocks[out->count++], plan, i, old, arena, err));
    qsort(out->blocks, out->count, sizeof *out->blocks, by_id);
    return LM_OK;
}

/** Puts new blocks in the place of old ones; those of no stage stay when `keeps`. */
static enum lm_status renew(struct lm_lockfile *out, const struct lm_lockfile *old,
                            const struct lm_lockfile *new, bool keeps,
                            struct lm_locked_changes *changes, struct lm_arena *arena,
                            struct lm_err *err)
{
    size_t i = 0, k = 0;
    out->blocks = LM_NEW_ARRAY(arena, struct lm_lock_block, old->count + new->count);
    if (out->blocks == NULL)
        return no_memory(err);
    while (i < old->count || k < new->count) {
        const struct lm_lock_block *was = i < old->count ? &old->blocks[i] : NULL;
        const struct lm_lock_block *is = k < new->count ? &new->blocks[k] : NULL;
        int order = was == NULL ? 1 : is == NULL ? -1 : by_id(was, is);
        i += order <= 0;
        k += order >= 0;
        changes->added += order > 0;
        changes->changed += order == 0 && !lm_lock_block_equal(was, is);
        changes->removed += order < 0 && !keeps;
        const struct lm_lock_block *stays = order >= 0 ? is : keeps ? was : NULL;
        if (stays != NULL)
            out->blocks[out->count++] = *stays;
    }
    return LM_OK;
}

/** Reads, renews and writes the file, alone. */
static enum lm_status update(const struct lm_locked *locked, const struct lm_plan *plan,
                             struct lm_locked_changes *changes, struct lm_arena *arena,
                             struct lm_err *err)
{
    struct lm_err why = {.status = LM_OK};
    struct lm_lockfile old = {0}, new = {0}, all = {0};
    struct lm_buf text;
    bool keeps = !plan->is_whole || plan->spec->is_overridden;
    enum lm_status status = lm_lockfile_load(&old, arena, locked->path, locked->shown, &why);
    if (status != LM_OK && status != LM_NOT_FOUND)
        return lm_fail(err, status, "%s", why.text);
    LM_TRY(make_blocks(&new, plan, &old, arena, err));
    LM_TRY(renew(&all, &old, &new, keeps, changes, arena, err));
    if (status == LM_OK && changes->added + changes->changed + changes->removed == 0)
        return LM_OK;
    all.crlf = old.crlf;
    lm_buf_init(&text, 0);
    lm_lockfile_print(&text, &all);
    status = lm_new_file_write_buf(locked->path, &text, LM_NEW_DURABLE, err);
    lm_buf_release(&text);
    return status;
}

enum lm_status lm_locked_write(const struct lm_locked *locked, const struct lm_plan *plan,
                               struct lm_locked_changes *changes, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    const char *folder = arena != NULL ? lm_path_dir(arena, locked->path) : NULL;
    enum lm_status status = folder != NULL ? LM_OK : no_memory(err);
    *changes = (struct lm_locked_changes){0};
    if (folder != NULL) {
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
            flock(fd, LOCK_EX); /* where a folder cannot be locked, one of two writers may win */
        lm_new_file_sweep(folder);
        status = update(locked, plan, changes, arena, err);
        if (fd >= 0)
            close(fd);
    }
    lm_arena_free(arena);
    return status;
}
