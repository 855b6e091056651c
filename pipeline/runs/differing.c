#include "runs/differing.h"

#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "runs/ledger.h"
#include "store/store.h"

const char *lm_verify_state_name(enum lm_verify_state state)
{
    static const char *const names[] = {
        [LM_VERIFY_SAME] = "same",           [LM_VERIFY_DIFFERS] = "differs",
        [LM_VERIFY_NO_RESULT] = "no result", [LM_VERIFY_FAILED] = "failed",
        [LM_VERIFY_STOPPED] = "stopped",     [LM_VERIFY_UNINTERRUPTED] = "not interrupted"};
    return names[state];
}

const char *lm_difference_text(struct lm_arena *arena, const struct lm_difference *d)
{
    return lm_arena_printf(arena, "%s%s%s: %s%s%s was stored, now %s", d->port,
                           d->file != NULL ? "/" : "", d->file != NULL ? d->file : "", d->place,
                           d->place[0] != '\0' ? ": " : "", d->stored, d->now);
}

static const char *path_of(struct lm_arena *arena, const struct lm_store *store)
{
    return lm_path_join(arena, lm_store_path(store), "runs/differing");
}

/* ---- writing ---- */

/** The texts of a line by their names; one home for writing and reading. */
struct text_row {
    const char *name;
    size_t offset;
};

#define ROW(name, field)                                                                           \
    {                                                                                              \
        name, offsetof(struct lm_differing, field)                                                 \
    }
static const struct text_row texts[] = {
    ROW("experiment", experiment),
    ROW("stage", stage),
    ROW("type", type),
    ROW("found", found),
    ROW("host", host),
    ROW("port", difference.port),
    ROW("file", difference.file),
    ROW("place", difference.place),
    ROW("stored", difference.stored),
    ROW("now", difference.now),
    ROW("stored_digest", difference.stored_digest),
    ROW("now_digest", difference.now_digest),
};
#undef ROW

enum { TEXTS = sizeof texts / sizeof texts[0] };

static const char **text_at(struct lm_differing *differing, size_t i)
{
    return (const char **)(void *)((char *)differing + texts[i].offset);
}

static void write_json(struct lm_buf *out, const struct lm_differing *differing)
{
    char hex[LM_DIGEST_HEX];
    struct lm_json_writer writer;
    struct lm_differing copy = *differing;
    lm_digest_hex(hex, &copy.key);
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "key", hex);
    lm_json_member_int(&writer, "when", copy.when);
    for (size_t i = 0; i < TEXTS; i++)
        if (*text_at(&copy, i) != NULL)
            lm_json_member_string(&writer, texts[i].name, *text_at(&copy, i));
    lm_json_close(&writer, '}');
}

enum lm_status lm_differing_note(const struct lm_store *store, const struct lm_differing *differing,
                                 struct lm_err *err)
{
    struct lm_buf json, line;
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena != NULL ? path_of(arena, store) : NULL;
    enum lm_status status = LM_NOMEM;
    lm_buf_init(&json, 0);
    lm_buf_init(&line, 0);
    write_json(&json, differing);
    if (!json.failed && json.data != NULL)
        lm_ledger_put(&line, json.data, json.size);
    if (path == NULL || json.failed)
        lm_fail(err, LM_NOMEM, "out of memory noting that results differ");
    else
        status = lm_ledger_append(path, &line, err);
    lm_buf_release(&json);
    lm_buf_release(&line);
    lm_arena_free(arena);
    return status;
}

/* ---- reading ---- */

/** False: it is no such line, or memory is out. */
static bool read_json(struct lm_differing *out, struct lm_arena *arena, const struct lm_json *root)
{
    const char *hex = lm_json_string(lm_json_get(root, "key"), NULL);
    *out = (struct lm_differing){.when = lm_json_int(lm_json_get(root, "when"), 0)};
    if (hex == NULL || !lm_digest_parse(&out->key, hex))
        return false;
    for (size_t i = 0; i < TEXTS; i++) {
        const char *text = lm_json_string(lm_json_get(root, texts[i].name), NULL);
        bool optional = strcmp(texts[i].name, "file") == 0;
        if (text != NULL)
            *text_at(out, i) = lm_arena_strdup(arena, text);
        if (*text_at(out, i) == NULL && (!optional || text != NULL))
            return false;
    }
    return true;
}

enum lm_status lm_differing_load(struct lm_differings *out, struct lm_arena *arena,
                                 const struct lm_store *store, struct lm_err *err)
{
    struct lm_ledger ledger;
    char *text;
    size_t size;
    const char *path = path_of(arena, store);
    *out = (struct lm_differings){0};
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory reading %s", lm_store_path(store));
    LM_TRY(lm_ledger_open(&ledger, arena, path, err));
    out->rows = LM_NEW_ARRAY(arena, struct lm_differing, lm_ledger_count(&ledger));
    if (out->rows == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory reading %s", path);
    while (lm_ledger_next(&ledger, &text, &size)) {
        struct lm_json *root = NULL;
        if (lm_json_parse(&root, text, size, NULL) == LM_OK &&
            read_json(&out->rows[out->count], arena, root))
            out->count++;
        lm_json_free(root);
    }
    return LM_OK;
}

const struct lm_differing *lm_differing_find(const struct lm_differings *all,
                                             const struct lm_digest *key, size_t *times)
{
    const struct lm_differing *last = NULL;
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++)
        if (lm_digest_compare(&all->rows[i].key, key) == 0) {
            last = &all->rows[i];
            count++;
        }
    if (times != NULL)
        *times = count;
    return last;
}

/* ---- for people ---- */

enum lm_status lm_verify_seen(const struct lm_store *store, FILE *out, struct lm_err *err)
{
    struct lm_differings all;
    struct lm_arena *arena = lm_arena_create();
    if (arena == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory reading %s", lm_store_path(store));
    enum lm_status status = lm_differing_load(&all, arena, store, err);
    for (size_t i = 0; status == LM_OK && i < all.count; i++) {
        const struct lm_differing *row = &all.rows[i];
        char hex[LM_DIGEST_HEX], day[32];
        size_t times = 0;
        if (lm_differing_find(&all, &row->key, &times) != row)
            continue; /* another line tells the last time */
        lm_digest_hex(hex, &row->key);
        const char *text = lm_difference_text(arena, &row->difference);
        fprintf(out, "seen to differ: stage %s of %s, key %.12s, %zu time%s, last %s by %s: %s\n",
                row->stage, row->experiment, hex, times, times > 1 ? "s" : "",
                lm_clock_format(day, row->when), row->found, text != NULL ? text : "");
    }
    lm_arena_free(arena);
    return status;
}
