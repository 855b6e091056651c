#include <stdint.h>

#include "base/json.h"
#include "tap.h"

static void write_sample(struct lm_json_writer *json)
{
    lm_json_open(json, '{');
    lm_json_member_string(json, "name", "a\"b\\c\n\x01/é");
    lm_json_member_int(json, "least", INT64_MIN);
    lm_json_member_double(json, "lr", 6e-4);
    lm_json_member_bool(json, "on", true);
    lm_json_key(json, "list");
    lm_json_open(json, '[');
    lm_json_put_int(json, 1);
    lm_json_put_double(json, HUGE_VAL);
    lm_json_put_null(json);
    lm_json_open(json, '[');
    lm_json_close(json, ']');
    lm_json_open(json, '{');
    lm_json_close(json, '}');
    lm_json_put_bool(json, false);
    lm_json_close(json, ']');
    lm_json_close(json, '}');
}

static void test_compact(struct tap *tap)
{
    struct lm_buf buf;
    struct lm_json_writer json;
    lm_buf_init(&buf, 0);
    lm_json_begin(&json, &buf, false);
    write_sample(&json);
    CHECK_STR(buf.data, "{\"name\":\"a\\\"b\\\\c\\n\\u0001/é\",\"least\":-9223372036854775808,"
                        "\"lr\":0.0006,\"on\":true,\"list\":[1,null,null,[],{},false]}");
    lm_buf_release(&buf);
}

static void test_pretty(struct tap *tap)
{
    struct lm_buf buf;
    struct lm_json_writer json;
    lm_buf_init(&buf, 0);
    lm_json_begin(&json, &buf, true);
    write_sample(&json);
    CHECK_STR(buf.data, "{\n  \"name\": \"a\\\"b\\\\c\\n\\u0001/é\",\n"
                        "  \"least\": -9223372036854775808,\n  \"lr\": 0.0006,\n  \"on\": true,\n"
                        "  \"list\": [\n    1,\n    null,\n    null,\n    [],\n    {},\n    false\n"
                        "  ]\n}");
    lm_buf_release(&buf);
}

/* Every byte string comes back as itself, or with U+FFFD for each bad byte. */
static void test_strings_round_trip(struct tap *tap)
{
    struct lm_buf buf;
    struct lm_json_writer json;
    lm_buf_init(&buf, 0);
    char bytes[128];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    lm_json_begin(&json, &buf, false);
    lm_json_put_bytes(&json, bytes, sizeof bytes);
    for (size_t i = 0; i < buf.size; i++)
        CHECK((unsigned char)buf.data[i] >= ' ' && buf.data[i] != 127);
    struct lm_json *root = NULL;
    size_t size = 0;
    REQUIRE(lm_json_parse(&root, buf.data, buf.size, NULL) == LM_OK);
    const char *back = lm_json_string(root, &size);
    CHECK(size == sizeof bytes && memcmp(back, bytes, size) == 0);
    lm_json_free(root);
    lm_buf_clear(&buf);
    lm_json_begin(&json, &buf, false);
    lm_json_put_bytes(&json, "a\xFF\xE2\x82z", 5);
    CHECK_STR(buf.data, "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
    lm_buf_release(&buf);
}

/* Runs of plain text are taken eight bytes at once: a byte that is none is found at each place. */
static void test_every_byte_at_every_place(struct tap *tap)
{
    struct lm_buf buf;
    struct lm_json_writer json;
    lm_buf_init(&buf, 0);
    for (unsigned byte = 0; byte < 128; byte++)
        for (size_t place = 0; place < 17; place++) {
            char text[18] = "abcdefgh~ !#[]^_{";
            text[place] = (char)byte;
            lm_buf_clear(&buf);
            lm_json_begin(&json, &buf, false);
            lm_json_put_bytes(&json, text, 17);
            struct lm_json *root = NULL;
            size_t size = 0, escapes = 0;
            REQUIRE(lm_json_parse(&root, buf.data, buf.size, NULL) == LM_OK);
            const char *back = lm_json_string(root, &size);
            CHECK(size == 17 && memcmp(back, text, 17) == 0);
            lm_json_free(root);
            for (size_t i = 0; i < buf.size; i++)
                escapes += buf.data[i] == '\\' && (i == 0 || buf.data[i - 1] != '\\');
            CHECK_INT(escapes, byte < ' ' || byte == '"' || byte == '\\' || byte == 127);
        }
    lm_buf_release(&buf);
}

static void test_doubles_round_trip(struct tap *tap)
{
    static const double values[] = {0,    -0.0, 0.1, 1.0 / 3, 1e-310, 1.7976931348623157e308,
                                    1e16, -7};
    struct lm_buf buf;
    struct lm_json_writer json;
    lm_buf_init(&buf, 0);
    lm_json_begin(&json, &buf, false);
    lm_json_open(&json, '[');
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        lm_json_put_double(&json, values[i]);
    lm_json_close(&json, ']');
    struct lm_json *root = NULL;
    REQUIRE(lm_json_parse(&root, buf.data, buf.size, NULL) == LM_OK);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        CHECK(lm_json_double(lm_json_at(root, i), 99) == values[i]);
    lm_json_free(root);
    lm_buf_release(&buf);
}

static void test_misuse_is_noticed(struct tap *tap)
{
    struct lm_buf buf;
    struct lm_json_writer json;
    lm_buf_init(&buf, 0);
    lm_json_begin(&json, &buf, false);
    for (int i = 0; i < 63; i++)
        lm_json_open(&json, '[');
    CHECK(!buf.failed);
    lm_json_open(&json, '[');
    CHECK(buf.failed);
    lm_buf_clear(&buf);
    lm_json_begin(&json, &buf, false);
    lm_json_close(&json, ']');
    CHECK_INT(lm_buf_status(&buf, NULL), LM_NOMEM);
    lm_buf_release(&buf);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_compact) TAP_ROW(test_pretty) TAP_ROW(test_strings_round_trip)
        TAP_ROW(test_every_byte_at_every_place) TAP_ROW(test_doubles_round_trip)
            TAP_ROW(test_misuse_is_noticed)};
LM_TEST_FILE(tests)
