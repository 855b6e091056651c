/** Records of JSON files, and the text at a path. */
#include "text/json_field.h"

#include "tap.h"

/* The records of a file, each in <>; then what is wrong. */
static const char *cut(char *out, size_t room, const char *text)
{
    struct lm_json_records records = {.walk = {.text = text, .size = strlen(text)}};
    size_t at, size, used = 0;
    bool is_end = false;
    out[0] = '\0';
    for (;;) {
        if (!lm_json_records_next(&records, &at, &size, &is_end)) {
            snprintf(out + used, room - used, "!%s", records.walk.wrong);
            return out;
        }
        if (is_end)
            return out;
        used += (size_t)snprintf(out + used, room - used, "<%.*s>", (int)size, text + at);
    }
}

static void records(struct tap *tap)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ""},
        {" \n", ""},
        {"{\"a\":1}\n{\"a\":2}", "<{\"a\":1}><{\"a\":2}>"},
        {"{\"a\":1}\r\n\n {\"a\":2} \n", "<{\"a\":1}><{\"a\":2}>"},
        {"{\n \"a\": {\"b\": 1\n}}\n{}", "<{\n \"a\": {\"b\": 1\n}}><{}>"},
        {"[{\"a\":1}, {\"a\":[2]}]", "<{\"a\":1}><{\"a\":[2]}>"},
        {"[]\n[ ]", ""},
        {"[\"x\",\"y\"]\n[\"z\"]", "<\"x\"><\"y\"><\"z\">"},
        {"\"x\"\n\"y\"", "<\"x\"><\"y\">"},
        {"[{\"a\":1}", "<{\"a\":1}>!it ends within a value"},
        {"[{} {}]", "<{}>!no comma or ] follows"},
        {"{\"a\":\n", "!it ends within a value"},
        {"nonsense", "!no JSON value"},
    };

    char out[256];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_STR(cut(out, sizeof out, rows[i].text), rows[i].want);
}

static const struct {
    const char *record, *path, *want; /**< "-": none; "!…": wrong */
} fields[] = {
    {"{\"text\":\"a\\nb\"}", "text", "a\nb"},
    {"{\"id\":7,\"text\":\"\"}", "text", ""},
    {"{\"text\":null}", "text", "-"},
    {"{\"body\":\"a\"}", "text", "-"},
    {"{}", "text", "-"},
    {"{\"a\":{\"b\":\"x\"}}", "a.b", "x"},
    {"{\"a.b\":\"x\"}", "a.b", "x"},
    {"{\"a\":\"x\"}", "a.b", "-"},
    {"{\"te\\u0078t\":\"x\"}", "text", "x"},
    {"{\"text\":[\"a\",\"b\\tc\",null,\"\",\"d\"]}", "text", "a\nb\tc\n\nd"},
    {"{\"text\":[]}", "text", "-"},
    {"{\"m\":[{\"role\":\"user\",\"content\":\"hi\"},{\"content\":\"ho\\u00e9\"}]}", "m.content",
     "hi\nho\xC3\xA9"},
    {"\"bare \\\"text\\\"\"", "text", "bare \"text\""},
    {"{\"text\":\"a\"} ", "text", "a"},
    {"{\"text\":3}", "text", "!is a number"},
    {"{\"text\":{\"x\":1}}", "text", "!is an object"},
    {"{\"text\":[\"a\",true]}", "text", "!is true or false"},
    {"{\"text\":\"a\",\"text\":\"b\"}", "text", "!a member's name stands twice"},
    {"{\"text\":\"a\",\"x\":1,\"x\":2}", "text", "a"},
    {"{\"text\":\"a\"", "text", "!it ends within a value"},
    {"{\"text\":\"a\"}}", "text", "!something follows the record on its line"},
    {"{\"text\":\"\\q\"}", "text", "!an escape is none of JSON's"},
    {"7", "text", "!a record must be an object or a text"},
    {"{\"text\":[[[\"a\"],\"b\"]]}", "text", "a\nb"},
};

static void texts(struct tap *tap)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char record[256], got[256];
        struct lm_json_field field;
        size_t size = strlen(fields[i].record);
        memcpy(record, fields[i].record, size + 1);
        lm_json_field_take(&field, (uint8_t *)record, size, fields[i].path);
        if (field.wrong != NULL)
            snprintf(got, sizeof got, "!%s", field.wrong);
        else
            snprintf(got, sizeof got, "%.*s", field.text ? (int)field.size : 1,
                     field.text ? (const char *)field.text : "-");
        CHECK_STR(got, fields[i].want);
        CHECK(field.wrong == NULL || field.at <= size);
    }
}

static void nests_no_deeper(struct tap *tap)
{
    char record[256];
    struct lm_json_field field;
    size_t size = 0;
    size += (size_t)snprintf(record, sizeof record, "{\"text\":");
    memset(record + size, '[', 64);
    memset(record + size + 64, ']', 64);
    record[size + 128] = '}';
    lm_json_field_take(&field, (uint8_t *)record, size + 129, "text");
    CHECK_STR(field.wrong, "it is nested too deeply");
}

static void values_for_others(struct tap *tap)
{
    static const char record[] = "{\"url\":\"http:\\/\\/a\",\"n\":-1.5e3,\"bad\":01,\"ok\":true,"
                                 "\"o\":{\"x\":1},\"l\":[\"a\",\"b\"],\"m\":[1,2],\"z\":null}";

    static const struct {
        const char *path, *want;
    } rows[] = {{"url", "\"http://a\""}, {"n", "-1.5e3"}, {"bad", "null"},    {"ok", "true"},
                {"o", "null"},           {"o.x", "1"},    {"l", "\"a\\nb\""}, {"m", "null"},
                {"z", "null"},           {"none", "null"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_buf out;
        struct lm_json_writer writer;
        lm_buf_init(&out, 0);
        lm_json_begin(&writer, &out, false);
        lm_json_field_put(&writer, (const uint8_t *)record, sizeof record - 1, rows[i].path);
        CHECK_STR(out.data, rows[i].want);
        lm_buf_release(&out);
    }
}

static void names(struct tap *tap)
{
    static const char record[] = "{\"id\":1,\"text\":[\"x\"],\"url\":{}}";
    char out[64];
    lm_json_field_names(out, sizeof out, (const uint8_t *)record, sizeof record - 1);
    CHECK_STR(out, "id, text, url");
    lm_json_field_names(out, 10, (const uint8_t *)record, sizeof record - 1);
    CHECK_STR(out, "id, text");
    lm_json_field_names(out, sizeof out, (const uint8_t *)"\"x\"", 3);
    CHECK_STR(out, "");
}

static const struct tap_test tests[] = {TAP_ROW(records) TAP_ROW(texts) TAP_ROW(nests_no_deeper)
                                            TAP_ROW(values_for_others) TAP_ROW(names)};

LM_TEST_FILE(tests)
