/* A plan for people, a line a stage, and for machines. */
#include "plan/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "page/numtext.h"

/** Columns: what a reason may move the numbers to, and an id of a table the reasons. */
enum { HEAD_MOST = 100, ID_MOST = 40 };

/* ---- words and numbers ---- */

/** "hit", "run", "maybe", "resume@120". */
static void put_state(struct lm_buf *out, const struct lm_plan_stage *stage)
{
    if (stage->state == LM_RESUME)
        lm_buf_printf(out, "resume@%" PRId64, stage->resume);
    else
        lm_buf_puts(out, stage->state == LM_HIT ? "hit" : stage->state == LM_RUN ? "run" : "maybe");
}

/** About so long: "<1 s", "45 s", "12 min", "3.5 h", "4 days". */
static void put_time(struct lm_buf *out, double seconds)
{
    static const struct {
        double below, unit;
        const char *format;
    } rows[] = {{0.95, 1, "<1 s"},
                {99.5, 1, "~%.0f s"},
                {5970, 60, "~%.0f min"},
                {172800, 3600, "~%.1f h"},
                {8.64e9, 86400, "~%.0f days"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (seconds < rows[i].below) {
            char text[32];
            snprintf(text, sizeof text, rows[i].format, seconds / rows[i].unit);
            lm_buf_puts(out, text);
            return;
        }
    lm_buf_puts(out, "for ever");
}

static void put_memory(struct lm_buf *out, uint64_t bytes)
{
    lm_buf_printf(out, "%.0f MiB of memory", (double)bytes / 1048576);
}

static void put_disk(struct lm_buf *out, uint64_t bytes)
{
    struct lm_num text = lm_num_plain(lm_num_bytes(bytes));
    lm_buf_printf(out, "%s of disk", text.text);
}

/** Columns of UTF-8 text, a character each. */
static size_t columns_of(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static void pad(struct lm_buf *out, size_t have, size_t want)
{
    for (; have < want; have++)
        lm_buf_putc(out, ' ');
}

/* ---- columns ---- */

enum number { TIME, MEMORY, DISK, NUMBERS };

/** What is printed of a stage, measured before the first line is written. */
struct row {
    size_t head; /**< columns of all before the numbers */

    struct piece {
        size_t at, size;
    } numbers[NUMBERS]; /**< in the printer's text */
};

struct printer {
    struct lm_buf *out, *text; /**< text: of states and numbers, once made */
    bool is_table;             /**< states and ids stand in columns, too */
    size_t state, id, head;    /**< columns of the widest */
    size_t numbers[NUMBERS];
};

static bool has_forecast(const struct lm_plan_stage *stage)
{
    return stage->state != LM_HIT;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/** A number of the forecast, "?" behind it when it is a guess; nothing when there is none. */
static void put_number(struct lm_buf *out, const struct lm_forecast *forecast, enum number number)
{
    enum lm_basis basis = number == TIME     ? forecast->time_from
                          : number == MEMORY ? forecast->memory_from
                                             : forecast->disk_from;
    if (basis == LM_BASIS_NONE && number == TIME)
        lm_buf_puts(out, "time unknown");
    if (basis == LM_BASIS_NONE)
        return;
    if (number == TIME)
        put_time(out, forecast->seconds);
    else if (number == MEMORY)
        put_memory(out, forecast->memory);
    else
        put_disk(out, forecast->disk);
    lm_buf_putc(out, basis == LM_BASIS_GUESS ? '?' : ' ');
}

static size_t state_width(const struct printer *printer, const struct lm_plan_stage *stage)
{
    size_t begin = printer->text->size;
    put_state(printer->text, stage);
    return printer->text->size - begin;
}

/** Columns of a state or an id in front of what follows it. */
static size_t column(const struct printer *printer, size_t own, size_t widest)
{
    return printer->is_table ? most(own, widest) : own;
}

/** Of a table: the columns of states and ids. */
static void measure_names(struct printer *printer, const struct lm_plan *plan)
{
    for (size_t i = 0; i < plan->spec->stage_count && printer->is_table; i++) {
        if (!plan->stages[i].selected)
            continue;
        printer->state = most(printer->state, state_width(printer, &plan->stages[i]));
        printer->id = most(printer->id, least(strlen(plan->spec->stages[i].id), ID_MOST));
    }
}

static void measure_row(struct printer *printer, struct row *row, const char *id,
                        const struct lm_plan_stage *stage)
{
    row->head = column(printer, state_width(printer, stage), printer->state) + 1 +
                column(printer, strlen(id), printer->id) + 1 + columns_of(stage->reason);
    printer->head = most(printer->head, least(row->head, HEAD_MOST));
    for (size_t k = 0; k < NUMBERS; k++) {
        size_t begin = printer->text->size;
        put_number(printer->text, &stage->forecast, (enum number)k);
        row->numbers[k] = (struct piece){begin, printer->text->size - begin};
        printer->numbers[k] = most(printer->numbers[k], row->numbers[k].size);
    }
}

/** Numbers right-aligned in their columns, then what they are of. */
static void put_forecast(const struct printer *printer, const struct row *row,
                         const struct lm_plan_stage *stage)
{
    pad(printer->out, row->head, printer->head);
    for (size_t k = 0; k < NUMBERS; k++) {
        const struct piece *piece = &row->numbers[k];
        lm_buf_puts(printer->out, printer->numbers[k] > 0 ? "  " : "");
        pad(printer->out, piece->size, printer->numbers[k]);
        lm_buf_append(printer->out, printer->text->data + piece->at, piece->size);
    }
    if (stage->estimate.text[0] != '\0')
        lm_buf_printf(printer->out, " %s", stage->estimate.text);
    if (stage->estimate.flops > 0)
        lm_buf_printf(printer->out, ", %.1e FLOP", stage->estimate.flops);
    while (printer->out->size > 0 && printer->out->data[printer->out->size - 1] == ' ')
        printer->out->size--;
}

static void put_line(const struct printer *printer, const struct row *row, const char *id,
                     const struct lm_plan_stage *stage)
{
    size_t begin = printer->out->size;
    put_state(printer->out, stage);
    pad(printer->out, printer->out->size - begin, printer->state);
    lm_buf_printf(printer->out, " %s", id);
    pad(printer->out, strlen(id), printer->id);
    lm_buf_printf(printer->out, " %s", stage->reason);
    if (has_forecast(stage) && !printer->text->failed)
        put_forecast(printer, row, stage);
    lm_buf_putc(printer->out, '\n');
}

static enum lm_status put_lines(struct lm_buf *out, struct lm_buf *text, const struct lm_plan *plan,
                                bool is_table)
{
    struct printer printer = {.out = out, .text = text, .is_table = is_table};
    struct row *rows = calloc(plan->spec->stage_count + 1, sizeof *rows);
    if (rows == NULL)
        return LM_NOMEM;
    measure_names(&printer, plan);
    for (size_t i = 0; i < plan->spec->stage_count; i++)
        if (plan->stages[i].selected && has_forecast(&plan->stages[i]))
            measure_row(&printer, &rows[i], plan->spec->stages[i].id, &plan->stages[i]);
    for (size_t i = 0; i < plan->spec->stage_count; i++)
        if (plan->stages[i].selected)
            put_line(&printer, &rows[i], plan->spec->stages[i].id, &plan->stages[i]);
    free(rows);
    return lm_buf_status(text, NULL);
}

/* ---- for machines ---- */

static void put_basis(struct lm_json_writer *writer, const char *key, enum lm_basis basis)
{
    static const char *const names[] = {"none", "guess", "computed", "record"};
    lm_json_member_string(writer, key, names[basis]);
}

static void put_numbers(struct lm_json_writer *writer, const struct lm_plan_stage *stage)
{
    const struct lm_forecast *forecast = &stage->forecast;
    if (stage->estimate.flops > 0)
        lm_json_member_double(writer, "flops", stage->estimate.flops);
    if (forecast->time_from != LM_BASIS_NONE) {
        lm_json_member_double(writer, "seconds", forecast->seconds);
        lm_json_member_double(writer, "cpu_seconds", forecast->busy);
        put_basis(writer, "seconds_from", forecast->time_from);
    }
    if (forecast->memory_from != LM_BASIS_NONE) {
        lm_json_member_int(writer, "memory", (int64_t)forecast->memory);
        put_basis(writer, "memory_from", forecast->memory_from);
    }
    if (forecast->disk_from != LM_BASIS_NONE) {
        lm_json_member_int(writer, "disk", (int64_t)forecast->disk);
        put_basis(writer, "disk_from", forecast->disk_from);
    }
    if (stage->estimate.scratch > 0)
        lm_json_member_int(writer, "checkpoints", (int64_t)stage->estimate.scratch);
    if (stage->estimate.state > 0)
        lm_json_member_int(writer, "state_bytes", (int64_t)stage->estimate.state);
    if (stage->estimate.text[0])
        lm_json_member_string(writer, "estimate", stage->estimate.text);
}

static void put_object(struct lm_json_writer *writer, const char *id,
                       const struct lm_plan_stage *stage)
{
    char hex[LM_DIGEST_HEX];
    struct lm_buf state;
    lm_buf_init(&state, 64);
    put_state(&state, stage);
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "stage", id);
    lm_json_member_string(writer, "state", state.data ? state.data : "");
    lm_json_member_string(writer, "reason", stage->reason);
    if (stage->state == LM_RESUME)
        lm_json_member_int(writer, "resume", stage->resume);
    if (stage->state == LM_RUN && stage->resume >= 0) {
        lm_json_member_int(writer, "continues_at", stage->resume);
        lm_json_member_int(writer, "continues_of", (int64_t)stage->all_steps);
    }
    if (stage->kept > 0)
        lm_json_member_int(writer, "kept_bytes", (int64_t)stage->kept);
    if (stage->keyed) {
        lm_digest_hex(hex, &stage->key);
        lm_json_member_string(writer, "key", hex);
    }
    if (has_forecast(stage))
        put_numbers(writer, stage);
    if (stage->last_record != NULL && stage->last_record->seconds > 0)
        lm_json_member_double(writer, "last_seconds", stage->last_record->seconds);
    lm_json_close(writer, '}');
    lm_buf_release(&state);
}

static void put_json(struct lm_buf *out, const struct lm_plan *plan)
{
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < plan->spec->stage_count; i++)
        if (plan->stages[i].selected)
            put_object(&writer, plan->spec->stages[i].id, &plan->stages[i]);
    lm_json_close(&writer, ']');
    lm_buf_putc(out, '\n');
}

enum lm_status lm_plan_print(const struct lm_plan *plan, enum lm_plan_form form, FILE *out)
{
    struct lm_buf text, pieces;
    enum lm_status status = LM_OK;
    lm_buf_init(&text, 0);
    lm_buf_init(&pieces, 0);
    if (form == LM_PLAN_JSON)
        put_json(&text, plan);
    else
        status = put_lines(&text, &pieces, plan, form == LM_PLAN_TABLE);
    if (status == LM_OK)
        status = lm_buf_print(&text, out, NULL);
    lm_buf_release(&text);
    lm_buf_release(&pieces);
    return status;
}

/* ---- totals ---- */

static void put_stages(struct lm_buf *out, const struct lm_plan_totals *totals)
{
    size_t first = totals->run > 0 ? totals->run : totals->maybe;
    lm_buf_printf(out, "%s stage%s %s", lm_num_count((int64_t)first).text, first == 1 ? "" : "s",
                  totals->run > 0 ? "to run" : "maybe");
    if (totals->run > 0 && totals->maybe > 0)
        lm_buf_printf(out, ", %s maybe", lm_num_count((int64_t)totals->maybe).text);
}

static void put_totals(struct lm_buf *out, const struct lm_plan_totals *totals)
{
    put_stages(out, totals);
    lm_buf_puts(out, ": ");
    if (totals->timeless == totals->run + totals->maybe) {
        lm_buf_puts(out, "time unknown");
    } else {
        put_time(out, totals->seconds);
        lm_buf_printf(out, "%s on %zu thread%s", totals->guessed ? "?" : "", totals->threads,
                      totals->threads == 1 ? "" : "s");
        if (totals->timeless > 0)
            lm_buf_printf(out, " and %zu of unknown time", totals->timeless);
    }
    lm_buf_puts(out, ", at most ");
    put_memory(out, totals->memory);
    lm_buf_puts(out, " a stage, ");
    put_disk(out, totals->disk);
    if (totals->disk_free > 0)
        lm_buf_printf(out, " (%s free)", lm_num_plain(lm_num_bytes(totals->disk_free)).text);
    if (totals->guessed)
        lm_buf_puts(out, "; ? is a guess");
}

const char *lm_plan_summary(const struct lm_plan *plan, struct lm_arena *arena)
{
    struct lm_buf text;
    if (plan->totals.run + plan->totals.maybe == 0)
        return "";
    lm_buf_init(&text, 0);
    put_totals(&text, &plan->totals);
    const char *copy =
        lm_buf_status(&text, NULL) == LM_OK ? lm_arena_strndup(arena, text.data, text.size) : NULL;
    lm_buf_release(&text);
    return copy != NULL ? copy : "";
}
