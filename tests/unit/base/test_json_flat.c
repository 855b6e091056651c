/** Records where they lie, held against the document tree that Jansson makes of the same text. */
#include "base/json_flat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/rng.h>

#include "base/buf.h"
#include "base/json.h"
#include "tap.h"

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* A plain value beside that of the tree. */
static bool same_value(struct lm_arena *arena, const struct lm_json_flat_value *value,
                       const struct lm_json *tree)
{
    bool failed = false;
    const char *text = lm_json_flat_text(value, arena, &failed), *want = lm_json_string(tree, NULL);
    bool is_word = value->kind == 't' || value->kind == 'f';
    if (failed || (text == NULL) != (want == NULL) || (text != NULL && strcmp(text, want) != 0))
        return false;
    if (is_word && lm_json_bool(tree, value->kind == 'f') != (value->kind == 't'))
        return false;
    return same_bits(lm_json_flat_double(value, -77), lm_json_double(tree, -77));
}

static bool same_list(struct lm_arena *arena, const struct lm_json_flat_value *value,
                      const struct lm_json *tree)
{
    struct lm_json_flat_list list;
    struct lm_json_flat_value element;
    size_t i = 0;
    if (!lm_json_is_array(tree) || !lm_json_flat_list_open(&list, value->at - 1, value->size + 2))
        return false;
    for (; lm_json_flat_list_next(&list, &element) && element.kind != '\0'; i++)
        if (!same_value(arena, &element, lm_json_at(tree, i)))
            return false;
    return element.kind == '\0' && i == lm_json_count(tree);
}

/* Of a record that was read: whether the tree says the same. */
static bool same_record(struct lm_arena *arena, const struct lm_json_flat *record,
                        const struct lm_json *tree)
{
    if (!lm_json_is_object(tree) || lm_json_count(tree) != record->count)
        return false;
    for (size_t i = 0; i < record->count; i++) {
        const struct lm_json_flat_member *member = &record->members[i];
        const char *key = lm_arena_strndup(arena, member->key, member->key_size);
        struct lm_json_flat_value value = lm_json_flat_get(record, key);
        const struct lm_json *want = lm_json_get(tree, key);
        if (want == NULL || value.at != member->value.at)
            return false;
        if (value.kind == '[' ? !same_list(arena, &value, want) : !same_value(arena, &value, want))
            return false;
    }
    return lm_json_flat_get(record, "no such key").kind == '\0';
}

/* What is read is what Jansson reads. Returns whether it was. */
static bool check(struct tap *tap, const char *text, size_t size)
{
    struct lm_json_flat record;
    struct lm_json *tree = NULL;
    char *exact = malloc(size > 0 ? size : 1); /* so that a sanitizer sees a byte too many */
    struct lm_arena *arena = lm_arena_create();
    if (exact == NULL || arena == NULL)
        exit(1);
    memcpy(exact, text, size);
    bool is_read = lm_json_flat_read(&record, exact, size);
    bool is_json = lm_json_parse_lenient(&tree, text, size, NULL) == LM_OK;
    bool is_same = !is_read || (is_json && same_record(arena, &record, tree));
    CHECK(is_same);
    if (!is_same)
        printf("# %.*s\n", (int)size, text);
    lm_json_free(tree);
    lm_arena_free(arena);
    free(exact);
    return is_read;
}

static const char *const seeds[] = {
    "{\"id\":\"adjunct_island-17\",\"group\":\"islands\",\"score\":1,\"nll\":31.841796875123456,"
    "\"bytes\":61,\"choice\":0,\"tie\":false,\"answer\":0,\"context\":\"\",\"expected\":\"Who\"}",
    "{\"id\":\"a\\\"b\\u00e9\\ud83d\\ude00\\n\",\"group\":null,\"score\":null,\"nll\":1e-05,"
    "\"bytes\":0,\"choice\":null,\"tie\":true,\"list\":[1,\"x\",null,-2.5e3,true]}",
    "{\"step\": 20000, \"tokens\": 81920000, \"loss\": 2.503126, \"lr\": 0.001, \"none\": []}",
    "{\"\xe4\xb8\xad\xe6\x96\x87\":\"\xe4\xbd\xa0\xe5\xa5\xbd\",\"far\":1e999,\"deep\":-0.0,"
    "\"whole\":-0,\"large\":9223372036854775807,\"larger\":9223372036854775808}",
    "{}",
};

static void reads_what_is_written(struct tap *tap)
{
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        CHECK(check(tap, seeds[i], strlen(seeds[i])));
}

static void leaves_the_rest_alone(struct tap *tap)
{
    static const char *const rows[] = {
        "",
        "{",
        "[]",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\" 1}",
        "{\"a\":{}}",
        "{\"a\":[[1]]}",
        "{\"a\":[1,]}",
        "{\"a\":[1 2]}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":+1}",
        "{\"a\":1e}",
        "{\"a\":NaN}",
        "{\"a\":nul}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":1}\n",
        "{\"a\":1} {\"b\":2}",
        "{\"\\u0061\":1}",
        "{\"a\":\"\\\"}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK(!check(tap, rows[i], strlen(rows[i])));
    CHECK(!check(tap, "{\"a\":\"\0\"}", 9));
}

/* Records with bytes changed, put in, taken out and doubled: most are no JSON any more. */
static void agrees_on_mutated_records(struct tap *tap)
{
    static const char pieces[] = "{}[]\",:\\ tnfu019e.-+/\n\x01\x80\xc3\xa9";
    struct lm_rng rng = lm_rng_stream(11, "flat");
    size_t read = 0, count = 60000;
    for (uint64_t i = 0; i < count; i++) {
        char text[400];
        const char *seed = seeds[lm_rng_below(rng, i, 0, sizeof seeds / sizeof seeds[0])];
        size_t size = strlen(seed), changes = 1 + (size_t)lm_rng_below(rng, i, 1, 3);
        memcpy(text, seed, size);
        for (uint64_t k = 0; k < changes; k++) {
            size_t at = (size_t)lm_rng_below(rng, i, 4 * k + 2, size);
            char piece = pieces[lm_rng_below(rng, i, 4 * k + 3, sizeof pieces - 1)];
            switch (lm_rng_below(rng, i, 4 * k + 4, 3)) {
            case 0:
                text[at] = piece;
                break;
            case 1:
                memmove(text + at + 1, text + at, size - at);
                text[at] = piece;
                size++;
                break;
            default:
                memmove(text + at, text + at + 1, size - at - 1);
                size -= size > 1;
            }
        }
        read += check(tap, text, size);
    }
    CHECK(read > count / 20); /* changes within texts and numbers leave records */
}

/* Numbers of all lengths and scales, as decimals, are those of strtod. */
static void rounds_as_the_library_does(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(12, "decimals");
    for (uint64_t i = 0; i < 60000; i++) {
        char text[80], shortest[32];
        size_t digits = 1 + (size_t)lm_rng_below(rng, i, 0, 21);
        size_t before = (size_t)lm_rng_below(rng, i, 1, digits + 1), size = 0;
        size += (size_t)snprintf(text, sizeof text, "{\"a\":%s", i % 2 ? "-" : "");
        if (before == 0)
            text[size++] = '0';
        for (size_t k = 0; k < digits; k++) {
            if (k == before)
                text[size++] = '.';
            bool is_first = k == 0 && before > 1;
            text[size++] =
                (char)('0' + is_first + (int)lm_rng_below(rng, i, k + 3, is_first ? 9 : 10));
        }
        if (i % 5 == 0)
            size += (size_t)snprintf(text + size, sizeof text - size, "e%d",
                                     (int)lm_rng_below(rng, i, 2, 640) - 330);
        text[size++] = '}';
        CHECK(check(tap, text, size));
        uint64_t bits = lm_rng_u64(rng, i, 40);
        double any;
        memcpy(&any, &bits, sizeof any);
        any = i % 3 ? lm_rng_normal(rng, i, 41) * 30 : any;
        size = (size_t)snprintf(text, sizeof text, "{\"a\":%s}", lm_format_double(shortest, any));
        struct lm_json_flat record;
        if (!isfinite(any))
            continue;
        CHECK(lm_json_flat_read(&record, text, size));
        CHECK(same_bits(lm_json_flat_double(&record.members[0].value, 0), any));
    }
}

/* Halves between two doubles, and what lies just beside them. */
static void rounds_halves_to_even(struct tap *tap)
{
    static const struct {
        const char *text;
        double value;
    } rows[] = {
        {"{\"a\":9007199254740993.0}", 0x1p53},       /* 2^53 + 1: down to even */
        {"{\"a\":9007199254740995.0}", 0x1p53 + 4},   /* 2^53 + 3: up to even */
        {"{\"a\":9007199254740993.001}", 0x1p53 + 2}, /* just above the half */
        {"{\"a\":1.1102230246251565e-16}", 0x1p-53},  /* the shortest of its double */
        {"{\"a\":0.1}", 0.1},
        {"{\"a\":0.000000000000000000000000001}", 1e-27}, /* the smallest scale */
        {"{\"a\":18446744073709551615e-27}", 18446744073709551615e-27},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_json_flat record;
        REQUIRE(lm_json_flat_read(&record, rows[i].text, strlen(rows[i].text)));
        CHECK(same_bits(lm_json_flat_double(&record.members[0].value, 0), rows[i].value));
    }
}

static void takes_no_more_members_than_there_is_room(struct tap *tap)
{
    for (size_t count = LM_JSON_FLAT_MEMBERS; count <= LM_JSON_FLAT_MEMBERS + 1; count++) {
        struct lm_buf text;
        lm_buf_init(&text, 0);
        for (size_t i = 0; i < count; i++)
            lm_buf_printf(&text, "%s\"k%zu\": %zu", i == 0 ? "{" : ", ", i, i);
        lm_buf_putc(&text, '}');
        CHECK(check(tap, text.data, text.size) == (count == LM_JSON_FLAT_MEMBERS));
        lm_buf_release(&text);
    }
}

static void knows_a_text(struct tap *tap)
{
    struct lm_json_flat record;
    static const char text[] = "{\"a\":\"verbs\",\"b\":\"ver\\u0062s\",\"c\":5}";
    REQUIRE(lm_json_flat_read(&record, text, sizeof text - 1));
    CHECK(lm_json_flat_is(&record.members[0].value, "verbs"));
    CHECK(!lm_json_flat_is(&record.members[0].value, "verb"));
    CHECK(!lm_json_flat_is(&record.members[0].value, "verbs "));
    CHECK(!lm_json_flat_is(&record.members[1].value, "verbs"));
    CHECK(!lm_json_flat_is(&record.members[2].value, "5"));
}

static void walks_lists_that_stand_alone(struct tap *tap)
{
    static const char *const refused[] = {"",     "[",    "[1",   "[1,", "[1]x",
                                          "[1,]", "[\n]", "[[]]", "1]"};
    struct lm_json_flat_list list;
    struct lm_json_flat_value value = {.kind = 'x'};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        bool is_fine = lm_json_flat_list_open(&list, refused[i], strlen(refused[i]));
        value.kind = 'x';
        while (is_fine && value.kind != '\0')
            is_fine = lm_json_flat_list_next(&list, &value);
        CHECK(!is_fine);
    }
    REQUIRE(lm_json_flat_list_open(&list, "[ 1, \"b\" ]", 10));
    CHECK(lm_json_flat_list_next(&list, &value) && value.kind == '0');
    CHECK(lm_json_flat_list_next(&list, &value) && value.kind == '"');
    CHECK(lm_json_flat_list_next(&list, &value) && value.kind == '\0');
}

static const struct tap_test tests[] = {
    TAP_ROW(reads_what_is_written) TAP_ROW(leaves_the_rest_alone) TAP_ROW(agrees_on_mutated_records)
        TAP_ROW(rounds_as_the_library_does) TAP_ROW(rounds_halves_to_even)
            TAP_ROW(takes_no_more_members_than_there_is_room) TAP_ROW(knows_a_text)
                TAP_ROW(walks_lists_that_stand_alone)};
LM_TEST_FILE(tests)
