/* Which rows a training sees: documents, mixtures, and that any row is found at once. */
#include "stages/train/train_data.h"

#include <unistd.h>

#include "tests/tap.h"
#include "train_fixture.h"

enum { CONTEXT = 8, END = 99, SETS = 3 };

static const size_t sizes[] = {5, 0, 8, 17, 1, 7, 40, 16, 9};

/* Documents of the sizes above; ids count on, so that a token tells where it is. */
static struct lm_tokens *make_set(const char *path, size_t documents, int32_t first)
{
    struct lm_tokens_writer *writer = NULL;
    struct lm_tokens *tokens = NULL;
    struct lm_digest digest = {{0}};
    int32_t next = first, ids[40];
    unlink(path);
    if (lm_tokens_create(&writer, path, 70000, END, &digest, NULL) != LM_OK)
        return NULL;
    for (size_t i = 0; i < documents; i++) {
        size_t size = sizes[i % 9];
        for (size_t k = 0; k < size; k++)
            ids[k] = next++;
        if (lm_tokens_add(writer, LM_TRAIN, ids, size, i, 1, NULL) != LM_OK)
            return NULL;
    }
    if (lm_tokens_finish(writer, NULL, NULL) != LM_OK ||
        lm_tokens_open(&tokens, path, NULL) != LM_OK)
        return NULL;
    return tokens;
}

struct sets {
    struct place place;
    struct lm_tokens *tokens[SETS];
};

static bool open_sets(struct sets *sets)
{
    static const size_t documents[SETS] = {9, 900, 90};
    if (!place_open(&sets->place))
        return false;
    for (size_t i = 0; i < SETS; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%zu.mdb", sets->place.dir, i);
        sets->tokens[i] = make_set(path, documents[i], (int32_t)(100 + 20000 * i));
        if (sets->tokens[i] == NULL)
            return false;
    }
    return true;
}

static void close_sets(struct sets *sets)
{
    for (size_t i = 0; i < SETS; i++)
        lm_tokens_close(sets->tokens[i]);
    place_close(&sets->place);
}

/* A row is right: inputs are what stands before the targets; none follow the last. */
static bool is_row(const int32_t *inputs, const int32_t *targets, size_t *scored)
{
    size_t count = 0;
    while (count < CONTEXT && targets[count] >= 0)
        count++;
    for (size_t i = 0; i < CONTEXT; i++) {
        bool is_next = targets[i] == END || i == 0 || targets[i] == inputs[i] + 1;
        if (i > 0 && i < count && inputs[i] != targets[i - 1])
            return false;
        if (i < count ? !is_next || (i > 0 && inputs[i] == END)
                      : inputs[i] != END || targets[i] != -1)
            return false;
    }
    *scored = count;
    return count > 0;
}

/* Each token of each document with text is a target once an epoch, and no row leaves its document.
 */
static void documents_come_once_an_epoch(struct tap *tap)
{
    struct sets sets;
    struct train_data data;
    struct lm_err err = {LM_OK, ""};
    const struct train_data_options options = {.seed = 3, .context = CONTEXT, .by_documents = true};
    int32_t inputs[CONTEXT], targets[CONTEXT], firsts[3] = {0};
    REQUIRE(open_sets(&sets));
    REQUIRE(train_data_init(&data, sets.tokens, 1, &options, &err) == LM_OK);
    uint64_t rows = data.sources[0].rows;
    CHECK_INT(rows, 1 + 2 + 3 + 1 + 1 + 6 + 3 + 2);
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        int seen[300] = {0}, ends = 0;
        for (uint64_t i = 0; i < rows; i++) {
            size_t scored = 0;
            REQUIRE(train_data_batch(&data, epoch * rows + i, 1, inputs, targets, &err) == LM_OK);
            CHECK(is_row(inputs, targets, &scored));
            CHECK_INT(train_data_scored(&data, epoch * rows + i, 1), scored);
            firsts[epoch] = i == 0 ? targets[0] : firsts[epoch];
            for (size_t k = 0; k < scored; k++)
                if (targets[k] == END)
                    ends++;
                else
                    seen[targets[k]]++;
        }
        CHECK_INT(ends, 8); /* all but the empty one */
        for (int id = 100; id < 100 + 5 + 8 + 17 + 1 + 7 + 40 + 16 + 9; id++)
            CHECK_INT(seen[id], 1);
    }
    CHECK(firsts[0] != firsts[1] || firsts[1] != firsts[2]);
    train_data_release(&data);
    close_sets(&sets);
}

/* One document of so many ids, each once. */
static struct lm_tokens *make_text(const struct sets *sets, size_t ids)
{
    char path[200];
    struct lm_tokens_writer *writer = NULL;
    struct lm_tokens *tokens = NULL;
    struct lm_digest digest = {{0}};
    int32_t text[4000];
    for (size_t i = 0; i < ids; i++)
        text[i] = 100 + (int32_t)i;
    snprintf(path, sizeof path, "%s/text.mdb", sets->place.dir);
    unlink(path);
    if (lm_tokens_create(&writer, path, 70000, END, &digest, NULL) != LM_OK ||
        lm_tokens_add(writer, LM_TRAIN, text, ids, 1, 1, NULL) != LM_OK ||
        lm_tokens_finish(writer, NULL, NULL) != LM_OK ||
        lm_tokens_open(&tokens, path, NULL) != LM_OK)
        return NULL;
    return tokens;
}

/* Each token of one epoch is a target once, whatever stands before it; returns where it began. */
static int32_t count_epoch(struct tap *tap, struct train_data *data, uint64_t epoch, size_t tokens)
{
    int seen[5000] = {0};
    int32_t inputs[1024], targets[1024];
    size_t context = (size_t)data->context, begin = 0, failed = 0;
    uint64_t rows = data->sources[0].rows, shortest = context;
    for (uint64_t i = 0; i < rows; i++) {
        uint64_t scored = train_data_scored(data, epoch * rows + i, 1);
        failed += train_data_batch(data, epoch * rows + i, 1, inputs, targets, NULL) != LM_OK;
        shortest = scored < shortest ? scored : shortest;
        for (size_t k = 0; k < context; k++) {
            int32_t want = targets[k] == 100             ? END
                           : targets[k] == END && k == 0 ? (int32_t)(100 + tokens - 2)
                           : k == 0                      ? targets[k] - 1
                                                         : targets[k - 1];
            failed += k < scored ? inputs[k] != want : targets[k] != -1 || inputs[k] != END;
            seen[targets[k] < 0 ? 0 : targets[k]]++;
        }
        begin = lm_rng_permute(data->sources[0].order, epoch, i, rows) == 0 ? (size_t)targets[0]
                                                                            : begin;
    }
    CHECK_INT(failed, 0);
    CHECK_INT(shortest, tokens % context == 0 ? context : tokens % context);
    CHECK_INT(seen[END], 1);
    for (size_t id = 100; id < 100 + tokens - 1; id++)
        failed += seen[id] != 1;
    CHECK_INT(failed, 0);
    return (int32_t)begin;
}

/* Whatever the size of the text beside the context: 3,000 tokens of 1,024 are no 2,048. */
static void windows_come_once_an_epoch(struct tap *tap)
{
    static const size_t shapes[][2] = {{3000, 1024}, {1025, 1024}, {2047, 1024}, {2048, 1024},
                                       {2049, 1024}, {9, 8},       {16, 8},      {17, 8},
                                       {23, 8},      {24, 8},      {25, 8},      {4000, 7},
                                       {2, 1},       {5, 3},       {129, 128},   {1000, 128}};
    struct sets sets;
    REQUIRE(open_sets(&sets));
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        size_t tokens = shapes[i][0], moved = 0;
        const struct train_data_options options = {.seed = i, .context = (int64_t)shapes[i][1]};
        struct lm_tokens *text = make_text(&sets, tokens - 1);
        struct train_data data;
        REQUIRE(text != NULL && lm_tokens_count(text, LM_TRAIN) == tokens);
        REQUIRE(train_data_init(&data, &text, 1, &options, NULL) == LM_OK);
        int32_t first = count_epoch(tap, &data, 0, tokens);
        for (uint64_t epoch = 1; epoch < 6; epoch++)
            moved += count_epoch(tap, &data, epoch, tokens) != first;
        CHECK(moved > 0);
        train_data_release(&data);
        lm_tokens_close(text);
    }
    close_sets(&sets);
}

/* In a mixture each set goes round by itself: when its rows were all taken, so were its tokens. */
static void mixtures_leave_nothing_out(struct tap *tap)
{
    struct sets sets;
    struct train_data data;
    const double weights[SETS] = {1, 2, 1};
    const struct train_data_options options = {.seed = 3, .context = CONTEXT, .mixture = weights};
    int *seen = calloc(70000, sizeof *seen);
    int32_t inputs[CONTEXT], targets[CONTEXT];
    REQUIRE(open_sets(&sets) && seen != NULL);
    REQUIRE(train_data_init(&data, sets.tokens, SETS, &options, NULL) == LM_OK);
    for (uint64_t row = 0; row < 2 * (uint64_t)TRAIN_ROUND; row++) {
        REQUIRE(train_data_batch(&data, row, 1, inputs, targets, NULL) == LM_OK);
        for (size_t k = 0; k < CONTEXT; k++)
            seen[targets[k] < 0 ? 0 : targets[k]]++;
    }
    for (size_t set = 0; set < SETS; set++) {
        size_t tokens = lm_tokens_count(sets.tokens[set], LM_TRAIN), first = 100 + 20000 * set;
        size_t ids = tokens - lm_tokens_documents(sets.tokens[set], LM_TRAIN), missed = 0;
        REQUIRE(data.sources[set].rows < 2 * data.shares[set]);
        for (size_t id = first; id < first + ids; id++)
            missed += seen[id] == 0;
        CHECK_INT(missed, 0);
    }
    free(seen);
    train_data_release(&data);
    close_sets(&sets);
}

/* Shares are exact in each round, and a source's own rows come one after the other, none twice. */
static void mixtures_have_their_shares(struct tap *tap)
{
    struct sets sets;
    struct train_data data;
    struct lm_err err = {LM_OK, ""};
    const double weights[SETS] = {1, 6, 3};
    static const uint64_t shares[SETS] = {410, 2457, 1229};
    const struct train_data_options options = {.seed = 3, .context = CONTEXT, .mixture = weights};
    int32_t inputs[CONTEXT], targets[CONTEXT], alone[CONTEXT], alone_targets[CONTEXT], window[9];
    REQUIRE(open_sets(&sets));
    REQUIRE(train_data_init(&data, sets.tokens, SETS, &options, &err) == LM_OK);
    for (uint64_t round = 0; round < 2; round++) {
        char taken[SETS][TRAIN_ROUND] = {{0}};
        for (uint64_t i = 0; i < TRAIN_ROUND && tap->failed == 0; i++) {
            REQUIRE(train_data_batch(&data, round * TRAIN_ROUND + i, 1, inputs, targets, &err) ==
                    LM_OK);
            size_t source = 0;
            for (size_t k = 0; k < CONTEXT; k++)
                source = targets[k] != END ? ((size_t)targets[k] - 100) / 20000 : source;
            bool is_found = false;
            for (uint64_t row = 0; row < shares[source] && !is_found; row++) {
                REQUIRE(train_source_row(&data.sources[source], round * shares[source] + row, alone,
                                         alone_targets, window, &err) == LM_OK);
                is_found = !taken[source][row] && memcmp(alone, inputs, sizeof alone) == 0 &&
                           memcmp(alone_targets, targets, sizeof alone) == 0;
                taken[source][row] |= is_found;
            }
            CHECK(is_found);
        }
        for (size_t source = 0; source < SETS; source++)
            for (uint64_t row = 0; row < shares[source]; row++)
                CHECK(taken[source][row]);
    }
    train_data_release(&data);
    close_sets(&sets);
}

static void weights_are_checked(struct tap *tap)
{
    struct sets sets;
    struct train_data data;
    struct lm_err err = {LM_OK, ""};
    double weights[SETS] = {1, 1e-5, 1};
    struct train_data_options options = {.seed = 3, .context = CONTEXT, .mixture = weights};
    REQUIRE(open_sets(&sets));
    CHECK_INT(train_data_init(&data, sets.tokens, SETS, &options, &err), LM_RANGE);
    CHECK(strstr(err.text, "token set 2 of the mixture") != NULL);
    options.mixture = NULL; /* by size: 9, 900 and 90 documents */
    REQUIRE(train_data_init(&data, sets.tokens, SETS, &options, &err) == LM_OK);
    CHECK_INT(data.shares[0] + data.shares[1] + data.shares[2], TRAIN_ROUND);
    CHECK(data.shares[1] > 9 * data.shares[2] && data.shares[2] > 8 * data.shares[0]);
    train_data_prefetch(&data, 0, 100); /* only advice */
    train_data_release(&data);
    options.context = 100000;
    CHECK_INT(train_data_init(&data, sets.tokens, 1, &options, &err), LM_RANGE);
    close_sets(&sets);
}

/* The source whose document an id is of: parts of 2, 5 and 2 documents of nine. */
static size_t part_of(int32_t id)
{
    static const int32_t ends[] = {100 + 5, 100 + 5 + 8 + 17 + 1 + 7};
    return (size_t)(id >= ends[0]) + (size_t)(id >= ends[1]);
}

/* Parts of one token set: shares are of targets, every row is of one part, each part goes round by
 * itself, and what is counted is what is seen. */
static void parts_have_their_tokens(struct tap *tap)
{
    struct sets sets;
    struct train_data data;
    struct lm_err err = {LM_OK, ""};
    static const struct train_part parts[] = {{"a", 0, 2}, {"b", 2, 4}, {"c", 6, 3}};
    static const double weights[] = {20, 50, 30};
    struct train_data_options options = {
        .seed = 3, .context = 4, .mixture = weights, .parts = parts, .part_count = 3};
    int32_t inputs[4], targets[4];
    REQUIRE(open_sets(&sets));
    for (size_t way = 0; way < 2; way++) {
        uint64_t rows = 3 * TRAIN_ROUND + 777, ids[300] = {0}, counted = 0;
        options.by_documents = way == 1;
        REQUIRE(train_data_init(&data, sets.tokens, 1, &options, &err) == LM_OK);
        for (uint64_t row = 0; row < rows; row++) {
            size_t part = 3;
            REQUIRE(train_data_batch(&data, row, 1, inputs, targets, &err) == LM_OK);
            for (size_t k = 0; k < 4; k++)
                part = targets[k] >= 100 ? part_of(targets[k]) : part;
            for (size_t k = 0; k < 4 && part < 3; k++) {
                CHECK(targets[k] < 100 || part_of(targets[k]) == part);
                ids[targets[k] >= 100 ? targets[k] - 100 : 299]++;
            }
        }
        uint64_t all = train_data_scored(&data, 0, (int64_t)rows);
        for (size_t part = 0; part < 3; part++) {
            uint64_t tokens = train_data_scored_of(&data, part, rows);
            counted += tokens;
            CHECK(fabs((double)tokens / (double)all - weights[part] / 100) < 0.004);
        }
        CHECK_INT(counted, all);
        for (size_t id = 0; id < 5 + 8 + 17 + 1 + 7 + 40 + 16 + 9; id++)
            CHECK(ids[id] > 0);
        train_data_release(&data);
    }
    close_sets(&sets);
}

/* A part's own order is the same beside whatever else is mixed in; small shares have longer rounds.
 */
static void parts_do_not_shift_each_other(struct tap *tap)
{
    struct sets sets;
    struct train_data data, fewer;
    struct lm_err err = {LM_OK, ""};
    static const struct train_part three[] = {{"a", 0, 30}, {"b", 30, 400}, {"c", 430, 470}};
    static const struct train_part two[] = {{"b", 30, 400}, {"c", 430, 470}};
    double weights[] = {1e-5, 2e300, 1e300};
    struct train_data_options options = {
        .seed = 3, .context = CONTEXT, .mixture = weights, .parts = three, .part_count = 3};
    int32_t inputs[2][CONTEXT], targets[2][CONTEXT], window[CONTEXT + 1];
    REQUIRE(open_sets(&sets));
    struct lm_tokens *const *large = &sets.tokens[1];
    CHECK_INT(train_data_init(&data, large, 1, &options, &err), LM_RANGE);
    CHECK(strstr(err.text, "mixture: 'a' would be less than one of") != NULL);
    weights[0] = 3e294;
    REQUIRE(train_data_init(&data, large, 1, &options, &err) == LM_OK);
    CHECK(data.round > TRAIN_ROUND && data.shares[0] >= 60 && data.shares[0] < 150);
    CHECK_INT(data.shares[0] + data.shares[1] + data.shares[2], data.round);
    options.parts = two;
    options.part_count = 2;
    options.mixture = weights + 1;
    REQUIRE(train_data_init(&fewer, large, 1, &options, &err) == LM_OK);
    CHECK_INT(fewer.round, TRAIN_ROUND);
    for (uint64_t row = 0; row < 500; row++) {
        for (size_t i = 0; i < 2; i++)
            REQUIRE(train_source_row(i == 0 ? &data.sources[2] : &fewer.sources[1], row, inputs[i],
                                     targets[i], window, &err) == LM_OK);
        CHECK(memcmp(inputs[0], inputs[1], sizeof inputs[0]) == 0 &&
              memcmp(targets[0], targets[1], sizeof targets[0]) == 0);
    }
    train_data_release(&data);
    train_data_release(&fewer);
    options.context = 4000;
    CHECK_INT(train_data_init(&data, large, 1, &options, &err), LM_OK);
    train_data_release(&data);
    options.context = 40000;
    CHECK_INT(train_data_init(&data, large, 1, &options, &err), LM_RANGE);
    CHECK(strstr(err.text, "the source 'b' has") != NULL);
    close_sets(&sets);
}

static const struct tap_test tests[] = {
    TAP_ROW(documents_come_once_an_epoch) TAP_ROW(windows_come_once_an_epoch)
        TAP_ROW(mixtures_leave_nothing_out) TAP_ROW(mixtures_have_their_shares)
            TAP_ROW(weights_are_checked) TAP_ROW(parts_have_their_tokens)
                TAP_ROW(parts_do_not_shift_each_other)};
LM_TEST_FILE(tests)
