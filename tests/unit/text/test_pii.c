/* What identifies people: what is found, and what looks like it. */
#include "text/pii.h"

#include "tests/tap.h"

static const char *mask(struct lm_buf *text, const char *from, unsigned kinds,
                        int64_t counts[LM_PII_KINDS])
{
    struct lm_err err = {LM_OK, ""};
    lm_buf_release(text);
    lm_buf_init(text, 0);
    lm_buf_puts(text, from);
    if (lm_pii_mask(text, kinds, counts, &err) != LM_OK)
        return "failed";
    return text->data;
}

static void is_found(struct tap *tap)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"a@b.org", "[EMAIL]"},
        {"write to <John.O_Neil+x@mail.example.co.uk>, now", "write to <[EMAIL]>, now"},
        {"see x@y.de.", "see [EMAIL]."},
        {"a@b.c1", "a@b.c1"},
        {"@home a@ a@b @b.org", "@home a@ a@b @b.org"},
        {"a@b.orgx@c.org", "[EMAIL]@c.org"},
        {"from 192.168.0.1 to 8.8.8.8:53.", "from [IP] to [IP]:53."},
        {"256.1.1.1 1.2.3 1.2.3.4.5 01.2.3.4 v1.2.3.4 1.2.3.4a",
         "256.1.1.1 1.2.3 1.2.3.4.5 01.2.3.4 v1.2.3.4 1.2.3.4a"},
        {"2001:db8::8a2e:370:7334, fe80::1:2.", "[IP], [IP]."},
        {"at 12:30:45 std::a::b::c a::b ::1 dead:beef",
         "at 12:30:45 std::a::b::c a::b ::1 dead:beef"},
        {"call (555) 123-4567 or 555-123-4567.", "call [PHONE] or [PHONE]."},
        {"+49 30 1234567, +1 (212) 555-0100", "[PHONE], [PHONE]"},
        {"1-800-555-0199 and 555.123.4567", "[PHONE] and [PHONE]"},
        {"ISBN 978-020-1234 or #555-123-4567, 1234-555-123-4567",
         "ISBN 978-020-1234 or #555-123-4567, 1234-555-123-4567"},
        {"+1 or 2+12345678901234567890 555-123-45678",
         "+1 or 2+12345678901234567890 555-123-45678"},
        {"1914-1918, 100-200-300, 3.14159265", "1914-1918, 100-200-300, 3.14159265"},
        {"\xC3\xA9t\xC3\xA9@b.org", "\xC3\xA9t\xC3\xA9@b.org"},
        {"", ""},
    };

    struct lm_buf text = {0};
    int64_t counts[LM_PII_KINDS] = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].text[0] != '\0')
            CHECK_STR(mask(&text, rows[i].text, 7, counts), rows[i].want);
    CHECK_INT(counts[LM_PII_EMAIL], 4);
    CHECK_INT(counts[LM_PII_IP], 4);
    CHECK_INT(counts[LM_PII_PHONE], 6);
    lm_buf_release(&text);
}

static void only_what_is_asked_for(struct tap *tap)
{
    struct lm_buf text = {0};
    int64_t counts[LM_PII_KINDS] = {0};
    const char *from = "a@b.org 8.8.8.8 555-123-4567";
    CHECK_STR(mask(&text, from, 1U << LM_PII_EMAIL, counts), "[EMAIL] 8.8.8.8 555-123-4567");
    CHECK_STR(mask(&text, from, 1U << LM_PII_IP, counts), "a@b.org [IP] 555-123-4567");
    CHECK_STR(mask(&text, from, 1U << LM_PII_PHONE, counts), "a@b.org 8.8.8.8 [PHONE]");
    CHECK_STR(mask(&text, from, 0, counts), from);
    lm_buf_release(&text);
}

static const struct tap_test tests[] = {TAP_ROW(is_found) TAP_ROW(only_what_is_asked_for)};

LM_TEST_FILE(tests)
