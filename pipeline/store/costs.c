#include "store/costs.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/c_locale.h"
#include "base/io.h"
#include "base/new_file.h"

#define HEAD "lmpipe-costs 1\n"
#define CHECK "check xxh3:"
#define CHECK_SIZE (sizeof CHECK - 1 + 17)
#define CEILING ((size_t)16 << 20)
#define ALIKE 1.02 /**< values within this ratio are of one shape */

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for what stages have cost; free some");
}

static const char *path_of(const struct lm_store *store, struct lm_arena *arena)
{
    return lm_path_join(arena, lm_store_path(store), "costs");
}

bool lm_costs_add(struct lm_costs *costs, const struct lm_cost *row)
{
    struct lm_cost *rows =
        lm_arena_grow(costs->arena, costs->rows, costs->count, &costs->capacity, sizeof *rows);
    if (rows == NULL)
        return false;
    costs->rows = rows;
    struct lm_cost *copy = &costs->rows[costs->count];
    *copy = *row;
    for (size_t i = 0; i < LM_COST_TEXTS; i++)
        if ((copy->text[i] = lm_arena_strdup(costs->arena, row->text[i])) == NULL)
            return false;
    costs->count++;
    return true;
}

/* ---- reading ---- */

/** Cuts the next field off a line; NULL: there is none. */
static char *field(char **rest)
{
    char *begin = *rest, *tab = begin != NULL ? strchr(begin, '\t') : NULL;
    if (tab != NULL)
        *tab++ = '\0';
    *rest = tab;
    return begin;
}

static bool parse(struct lm_cost *row, char *line)
{
    char *rest = line, *end;
    for (size_t i = 0; i < LM_COST_TEXTS; i++)
        if ((row->text[i] = field(&rest)) == NULL)
            return false;
    for (size_t i = 0; i < LM_COST_VALUES; i++) {
        const char *number = field(&rest);
        if (number == NULL || *number == '\0')
            return false;
        row->value[i] = lm_c_strtod(number, &end);
        if (*end != '\0' || !isfinite(row->value[i]) || row->value[i] < 0)
            return false;
    }
    return rest == NULL;
}

/** Does the text end in the sum of what stands before it? Cuts it off. */
static bool is_sound(char *text, size_t size)
{
    char want[CHECK_SIZE + 1];
    if (size < strlen(HEAD) + CHECK_SIZE || memcmp(text, HEAD, strlen(HEAD)) != 0)
        return false;
    snprintf(want, sizeof want, CHECK "%016" PRIx64 "\n", lm_hash64(text, size - CHECK_SIZE, 0));
    bool sound = memcmp(text + size - CHECK_SIZE, want, CHECK_SIZE) == 0;
    text[size - CHECK_SIZE] = '\0';
    return sound;
}

enum lm_status lm_costs_load(struct lm_costs *out, struct lm_arena *arena,
                             const struct lm_store *store, struct lm_err *err)
{
    char *text = NULL;
    size_t size = 0;
    const char *path = path_of(store, arena);
    *out = (struct lm_costs){.arena = arena};
    if (path == NULL)
        return no_memory(err);
    if (!lm_path_exists(path) || lm_path_is_dir(path) ||
        lm_file_read(&text, &size, arena, path, CEILING, NULL) != LM_OK || !is_sound(text, size))
        return LM_OK;
    for (char *line = text + strlen(HEAD), *next; *line != '\0'; line = next) {
        struct lm_cost row;
        next = line + strcspn(line, "\n");
        if (*next != '\0')
            *next++ = '\0';
        if (parse(&row, line) && !lm_costs_add(out, &row))
            return no_memory(err);
    }
    return LM_OK;
}

/* ---- writing ---- */

static bool is_near(double a, double b)
{
    return a == b || (a > 0 && b > 0 && a < b * ALIKE && b < a * ALIKE);
}

static bool has_same(const struct lm_cost *a, const struct lm_cost *b, const size_t *texts,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(a->text[texts[i]], b->text[texts[i]]) != 0)
            return false;
    return true;
}

static bool is_of_one_kind(const struct lm_cost *a, const struct lm_cost *b)
{
    static const size_t texts[] = {LM_COST_TYPE, LM_COST_HOST, LM_COST_CPU};
    return has_same(a, b, texts, sizeof texts / sizeof texts[0]);
}

/** Would one tell nothing that the other does not? */
static bool is_of_one_shape(const struct lm_cost *a, const struct lm_cost *b)
{
    static const size_t text = LM_COST_VARIANT;
    static const size_t values[] = {LM_COST_THREADS, LM_COST_WORK, LM_COST_READ};
    bool same = is_of_one_kind(a, b) && has_same(a, b, &text, 1);
    for (size_t i = 0; same && i < sizeof values / sizeof values[0]; i++)
        same = is_near(a->value[values[i]], b->value[values[i]]);
    for (size_t i = 0; same && i < LM_SHAPE_MAX; i++)
        same = is_near(a->value[LM_COST_SHAPE + i], b->value[LM_COST_SHAPE + i]);
    return same;
}

/** Is row i worth keeping beside those after it? */
static bool is_kept(const struct lm_costs *costs, size_t i)
{
    size_t newer = 0;
    for (size_t k = i + 1; k < costs->count && newer < LM_COSTS_KEPT; k++) {
        if (is_of_one_shape(&costs->rows[i], &costs->rows[k]))
            return false;
        newer += is_of_one_kind(&costs->rows[i], &costs->rows[k]);
    }
    return newer < LM_COSTS_KEPT;
}

static void put_row(struct lm_buf *out, const struct lm_cost *row)
{
    for (size_t i = 0; i < LM_COST_TEXTS; i++) {
        for (const char *c = row->text[i]; *c != '\0'; c++)
            lm_buf_putc(out, (unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c);
        lm_buf_putc(out, '\t');
    }
    for (size_t i = 0; i < LM_COST_VALUES; i++) {
        lm_buf_put_double(out, row->value[i]);
        lm_buf_putc(out, i + 1 < LM_COST_VALUES ? '\t' : '\n');
    }
}

static enum lm_status write_all(const struct lm_costs *costs, const char *path, struct lm_err *err)
{
    struct lm_buf text;
    lm_buf_init(&text, CEILING);
    lm_buf_puts(&text, HEAD);
    for (size_t i = 0; i < costs->count; i++)
        if (is_kept(costs, i))
            put_row(&text, &costs->rows[i]);
    enum lm_status status = lm_buf_status(&text, err);
    if (status == LM_OK)
        lm_buf_printf(&text, CHECK "%016" PRIx64 "\n", lm_hash64(text.data, text.size, 0));
    if (status == LM_OK)
        status = lm_new_file_write_buf(path, &text, LM_NEW_ASIDE, err);
    lm_buf_release(&text);
    return status;
}

enum lm_status lm_costs_save(const struct lm_costs *added, const struct lm_store *store,
                             struct lm_err *err)
{
    struct lm_costs all;
    if (added->count == 0)
        return LM_OK;
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena != NULL ? path_of(store, arena) : NULL;
    enum lm_status status = path != NULL ? lm_costs_load(&all, arena, store, err) : no_memory(err);
    for (size_t i = 0; status == LM_OK && i < added->count; i++)
        if (!lm_costs_add(&all, &added->rows[i]))
            status = no_memory(err);
    if (status == LM_OK)
        status = write_all(&all, path, err);
    lm_arena_free(arena);
    return status;
}
