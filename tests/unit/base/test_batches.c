/* Batches of numbers: each task squares one, and the writer checks that they come in order. */
#include "base/batches.h"

#include <stdio.h>
#include <string.h>

#include "tap.h"

enum { MOST = 8 };

struct batch {
    long numbers[MOST], results[MOST];
    size_t count;
};

struct line {
    struct batch batches[LM_BATCHES];
    long next, end, written;                       /* numbers read, in all, and written */
    long bad_read, bad_work, bad_write, cancel_at; /* numbers at which a step fails; -1: none */
    long turns, reads;
    bool is_ordered;
};

static enum lm_status read_numbers(void *user, void *data, size_t *tasks, bool *is_end,
                                   struct lm_err *err)
{
    struct line *line = user;
    struct batch *batch = data;
    size_t size = (size_t)(++line->reads % MOST); /* of any size, and some are empty */
    for (batch->count = 0; batch->count < size && line->next < line->end; batch->count++) {
        *tasks = batch->count;
        if (line->next == line->bad_read)
            return lm_fail(err, LM_IO, "cannot read %ld", line->next);
        batch->numbers[batch->count] = line->next++;
    }
    *tasks = batch->count;
    *is_end = line->next >= line->end;
    return LM_OK;
}

static enum lm_status square(void *user, void *data, size_t task, size_t worker, struct lm_err *err)
{
    const struct line *line = user;
    struct batch *batch = data;
    (void)worker;
    long number = batch->numbers[task];
    if (line->bad_work >= 0 && number >= line->bad_work)
        return lm_fail(err, LM_FORMAT, "cannot work on %ld", number);
    batch->results[task] = number * number;
    return LM_OK;
}

static enum lm_status write_numbers(void *user, void *data, struct lm_err *err)
{
    struct line *line = user;
    const struct batch *batch = data;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->numbers[i] == line->bad_write)
            return lm_fail(err, LM_IO, "cannot write %ld", batch->numbers[i]);
        line->is_ordered = line->is_ordered && batch->numbers[i] > line->written &&
                           batch->results[i] == batch->numbers[i] * batch->numbers[i];
        line->written = batch->numbers[i];
    }
    return LM_OK;
}

static enum lm_status turn(void *user, void *batch, struct lm_err *err)
{
    struct line *line = user;
    (void)batch;
    line->turns++;
    return line->cancel_at >= 0 && line->next >= line->cancel_at
               ? lm_fail(err, LM_CANCELLED, "stopped at %ld", line->next)
               : LM_OK;
}

static enum lm_status run_line(struct line *line, size_t threads, struct lm_err *err)
{
    struct lm_batch_steps steps = {
        .user = line, .read = read_numbers, .work = square, .write = write_numbers, .turn = turn};
    for (size_t i = 0; i < LM_BATCHES; i++)
        steps.batches[i] = &line->batches[i];
    struct lm_pool *pool = threads > 0 ? lm_pool_create(threads) : NULL;
    enum lm_status status = lm_batches_run(&steps, pool, err);
    lm_pool_free(pool);
    return status;
}

static struct line make_line(long end)
{
    return (struct line){.next = 1,
                         .end = end,
                         .bad_read = -1,
                         .bad_work = -1,
                         .bad_write = -1,
                         .cancel_at = -1,
                         .is_ordered = true};
}

static void all_are_written_in_order(struct tap *tap)
{
    static const long ends[] = {0, 2, 3, 9, 100, 1000};
    for (size_t threads = 0; threads < 4; threads++) {
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
            struct line line = make_line(ends[i]);
            struct lm_err err = {LM_OK, ""};
            CHECK(run_line(&line, threads, &err) == LM_OK);
            CHECK(line.is_ordered);
            if (ends[i] > 1)
                CHECK_INT(line.written, ends[i] - 1);
        }
    }
}

static void the_first_failure_is_told(struct tap *tap)
{
    static const struct {
        long bad_read, bad_work, bad_write;
        const char *text;
    } cases[] = {
        {-1, 50, -1, "cannot work on 50"}, {50, -1, -1, "cannot read 50"},
        {-1, -1, 50, "cannot write 50"},   {51, 50, -1, "cannot work on 50"},
        {50, 51, -1, "cannot read 50"},    {52, 50, 50, "cannot work on 50"},
        {60, 60, 20, "cannot write 20"},
    };

    for (size_t threads = 0; threads < 4; threads++) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct line line = make_line(300);
            struct lm_err err = {LM_OK, ""};
            line.bad_read = cases[i].bad_read;
            line.bad_work = cases[i].bad_work;
            line.bad_write = cases[i].bad_write;
            CHECK(run_line(&line, threads, &err) != LM_OK);
            CHECK_STR(err.text, cases[i].text);
        }
    }
}

static void a_turn_ends_it(struct tap *tap)
{
    struct line line = make_line(1000);
    struct lm_err err = {LM_OK, ""};
    line.cancel_at = 200;
    CHECK(run_line(&line, 2, &err) == LM_CANCELLED);
    CHECK(line.written < 200 && line.turns > 3);
}

static const struct tap_test tests[] = {
    TAP_ROW(all_are_written_in_order) TAP_ROW(the_first_failure_is_told) TAP_ROW(a_turn_ends_it)};

LM_TEST_FILE(tests)
