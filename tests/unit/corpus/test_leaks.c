/** Evaluation items in texts, and what is cut. */
#include "corpus/leaks.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "tests/tap.h"

static void find(struct tap *tap, struct lm_leak_words *out, const char *text)
{
    struct lm_err err;
    REQUIRE(lm_leak_words_find(out, (const uint8_t *)text, strlen(text), &err) == LM_OK);
}

static void add(struct tap *tap, struct lm_leaks *leaks, uint32_t task, const char *item)
{
    struct lm_leak_words words = {0};
    struct lm_err err;
    find(tap, &words, item);
    CHECK(lm_leaks_add(leaks, task, &words, &err) == LM_OK);
    lm_leak_words_release(&words);
}

static bool has(struct tap *tap, const struct lm_leaks *leaks, const char *text)
{
    struct lm_leak_words words = {0};
    find(tap, &words, text);
    bool out = lm_leaks_has(leaks, &words);
    lm_leak_words_release(&words);
    return out;
}

static void reads_words(struct tap *tap)
{
    static const struct {
        const char *a, *b; /* the same words */
        size_t count;
    } rows[] = {
        {"", " \n\t ", 0},
        {"Hello, World!", "hello world", 2},
        {"well-known", "WELLKNOWN", 1},
        {"-- . !", "", 0},
        {"a\xC2\xA0"
         "b",
         "a b", 2},
        {"\xC3\x89t\xC3\xA9", "\xC3\xA9T\xC3\x89", 1},
        {"\xE7\xAC\xAC\xE3\x80\x82\xE4\xB8\x80", "\xE7\xAC\xAC \xE4\xB8\x80", 2},
        {"a\xE7\xAC\xAC"
         "b",
         "a \xE7\xAC\xAC b", 3},
    };

    struct lm_leak_words a = {0}, b = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        find(tap, &a, rows[i].a);
        find(tap, &b, rows[i].b);
        CHECK_INT(a.count, rows[i].count);
        CHECK_INT(b.count, rows[i].count);
        for (size_t k = 0; k < a.count && k < b.count; k++)
            CHECK(a.items[k].hash == b.items[k].hash);
    }
    find(tap, &a, "  (one) two ");
    CHECK(a.items[0].at == 3 && a.items[0].end == 6 && a.items[1].at == 8);
    lm_leak_words_release(&a);
    lm_leak_words_release(&b);
}

static void finds(struct tap *tap)
{
    struct lm_leaks leaks;
    lm_leaks_init(&leaks, 13);
    CHECK(!has(tap, &leaks, "anything at all"));
    add(tap, &leaks, 0, "a b c d e f g h i j k l m n");
    add(tap, &leaks, 0, "One two three four five six seven eight.");
    add(tap, &leaks, 0, "Only four words here");
    add(tap, &leaks, 0, "two words");
    CHECK(has(tap, &leaks, "x A, b c d e f g h i j k l m x"));
    CHECK(has(tap, &leaks, "b c d e f g h i j k l m n"));
    CHECK(!has(tap, &leaks, "a b c d e f g h i j k l x m n"));
    CHECK(has(tap, &leaks, "it says one two three four five six seven eight there"));
    CHECK(!has(tap, &leaks, "it says one two three four five six seven there"));
    CHECK(has(tap, &leaks, "\"only four words here\""));
    CHECK(!has(tap, &leaks, "there are only four words here"));
    CHECK(has(tap, &leaks, "a line\n  Only four words here.\nand another"));
    CHECK(has(tap, &leaks, "1\tOnly four words here\t2"));
    CHECK(!has(tap, &leaks, "only four\nwords here\n"));
    CHECK(!has(tap, &leaks, "only four words here\xC2\xA0too\n"));
    CHECK(!has(tap, &leaks, "two words"));
    lm_leaks_release(&leaks);
}

/* Many n-grams: the table grows, and all are found again. */
static void grows(struct tap *tap)
{
    struct lm_leaks leaks;
    struct lm_buf text;
    size_t wrong = 0;
    lm_buf_init(&text, 0);
    lm_leaks_init(&leaks, 3);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3000; i++) {
            lm_buf_clear(&text);
            lm_buf_printf(&text, "w%d of item %d", i, i * (1 - 2 * round));
            if (round == 0)
                add(tap, &leaks, 0, text.data);
            else
                wrong += has(tap, &leaks, text.data) != true;
        }
    CHECK_INT(wrong, 0);
    CHECK_INT(leaks.count, 6000); /* "w of item", "of item n" */
    CHECK(!has(tap, &leaks, "w1 of thing 1"));
    lm_buf_release(&text);
    lm_leaks_release(&leaks);
}

/* Cuts a text against one item, and writes pieces joined by '|'. */
static void cut(struct tap *tap, struct lm_buf *out, const char *item, const char *text,
                size_t window, size_t documents)
{
    struct lm_leaks leaks;
    struct lm_leak_words words = {0};
    struct lm_leak_cut left = {0};
    struct lm_err err;
    lm_leaks_init(&leaks, 3);
    add(tap, &leaks, 7, item);
    find(tap, &words, text);
    for (size_t i = 0; i < documents; i++)
        lm_leaks_count(&leaks, &words, i);
    REQUIRE(lm_leaks_cut(&leaks, &left, &words, (const uint8_t *)text, strlen(text), window,
                         &err) == LM_OK);
    lm_buf_clear(out);
    lm_buf_printf(out, "%zu:", left.cut_count);
    for (size_t i = 0; i < left.piece_count; i++) {
        lm_buf_puts(out, i > 0 ? "|" : "");
        lm_buf_append(out, text + left.pieces[i].at, left.pieces[i].end - left.pieces[i].at);
    }
    CHECK(left.cut_count == 0 || left.cuts[0].task == 7);
    CHECK_INT(lm_leaks_phrases(&leaks, 7), documents > LM_LEAK_DOCUMENTS);
    find(tap, &words, item);
    CHECK(lm_leaks_is_cut(&leaks, &words) == (left.cut_count > 0));
    lm_leak_cut_release(&left);
    lm_leak_words_release(&words);
    lm_leaks_release(&leaks);
}

static void cuts(struct tap *tap)
{
    static const struct {
        const char *text;
        size_t window;
        const char *left;
    } rows[] = {
        {"nothing of it", 0, "0:"},
        {"x y z", 0, "1:"},
        {"before x y z, behind", 0, "1:before|, behind"},
        {"12345 X, Y z 67890", 2, "1:1234|7890"},
        {"before x y z behind", 6, "1:"}, /* pieces of fewer than 6 characters go */
        {"123456789 x y z 123456789", 4, "1:123456|456789"},
        {"a x y z b x y z c", 0, "2:a|b|c"},
        {"aaa x y z b x y z ccc", 2, "1:aa|cc"}, /* the windows meet */
        {"x y z x y z", 0, "2:"},
        {"\xE4\xB8\x80\xE4\xBA\x8C x y z \xE4\xB8\x80\xE4\xBA\x8C", 2,
         "1:"}, /* by characters: one is left of each side */
        {"\xE4\xB8\x80\xE4\xBA\x8C\xE4\xB8\x89 x y z", 2, "1:\xE4\xB8\x80\xE4\xBA\x8C"},
        {"a x y z a x y z a x y z a x y z a x y z a x y z a x y z a x y z a x y z a", 0,
         "9:a|a|a|a|a|a|a|a|a|a"},
        {"a x y z a x y z a x y z a x y z a x y z a x y z a x y z a x y z a x y z a x y z a", 0,
         "10:"}, /* eleven pieces */
    };

    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cut(tap, &out, "X y Z", rows[i].text, rows[i].window, 1);
        CHECK_STR(out.data, rows[i].left);
    }
    cut(tap, &out, "x y z", "before x y z behind", 0, 10);
    CHECK_STR(out.data, "1:before|behind");
    cut(tap, &out, "x y z", "before x y z behind", 0, 11); /* a phrase */
    CHECK_STR(out.data, "0:");
    lm_buf_release(&out);
}

static const struct tap_test tests[] = {TAP_ROW(reads_words) TAP_ROW(finds) TAP_ROW(grows)
                                            TAP_ROW(cuts)};
LM_TEST_FILE(tests)
