/* The report's own words: both languages whole, and Chinese as Chinese is written. */
#define TOP "test_report_text.tmp"
#include "report_fixture.h"

#include "stages/report/report_text.h"

/* Is a row a mark between groups? */
static bool is_mark(int text)
{
    return text == TEXT_WORD_FIRST || text == TEXT_WORD_LAST || text == TEXT_KEY_FIRST ||
           text == TEXT_KEY_LAST;
}

static bool is_han(uint32_t c)
{
    return c >= 0x4e00 && c <= 0x9fff;
}

/* The places of a phrase, a bit each. */
static unsigned places_of(const char *text)
{
    unsigned places = 0;
    for (; *text != '\0'; text++)
        if (text[0] == '{' && text[1] >= '1' && text[1] <= '9' && text[2] == '}')
            places |= 1U << (text[1] - '0');
    return places;
}

static void both_languages_are_whole(struct tap *tap)
{
    for (int i = 0; i < REPORT_TEXTS; i++) {
        const char *en = report_texts[i][REPORT_EN], *zh = report_texts[i][REPORT_ZH];
        if (is_mark(i))
            continue;
        bool is_whole = en != NULL && zh != NULL && en[0] != '\0' && zh[0] != '\0';
        CHECK(is_whole);
        if (!is_whole)
            continue;
        /* what a phrase drops is a plural's number, or a noun that the other language repeats */
        CHECK_INT(places_of(zh) & ~places_of(en), 0);
        CHECK_INT(lm_utf8_valid_prefix((const uint8_t *)zh, strlen(zh)), strlen(zh));
    }
}

/* A phrase that is the same in both is a name or holds places alone. */
static void chinese_is_not_english(struct tap *tap)
{
    static const char *const names[] = {"BLEU",       "chrF2",      "distinct-1", "distinct-2",
                                        "distinct-3", "distinct-4", "rep-4",      "top-k {1}",
                                        "top-p {1}",  "min-p {1}",  "{1} {2}"};
    for (int i = 0; i < REPORT_TEXTS; i++) {
        const char *en = report_texts[i][REPORT_EN], *zh = report_texts[i][REPORT_ZH];
        bool is_name = is_mark(i);
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
            is_name = is_name || strcmp(en, names[k]) == 0;
        if (!is_name && strcmp(en, zh) == 0)
            printf("# not translated: %s\n", en);
        CHECK(is_name || strcmp(en, zh) != 0);
    }
}

/* Between Chinese characters stands the punctuation of Chinese. */
static void chinese_punctuation_is_full_width(struct tap *tap)
{
    for (int i = 0; i < REPORT_TEXTS; i++) {
        const uint8_t *zh = (const uint8_t *)report_texts[i][REPORT_ZH];
        size_t size = strlen((const char *)zh);
        uint32_t before = ' ', c;
        for (size_t k = 0, length; k < size; k += length) {
            length = lm_utf8_decode(&c, zh + k, size - k);
            bool is_narrow = c < 0x80 && strchr(",.;:?!()", (int)c) != NULL;
            if (is_narrow && is_han(before))
                printf("# narrow punctuation: %s\n", zh);
            CHECK(!(is_narrow && is_han(before)));
            before = c;
        }
    }
}

/* ---- what the run says of gates ---- */

/* Every kind has a phrase in every language, which fills in what English does and nothing else. */
static void reasons_are_whole_in_all_languages(struct tap *tap)
{
    for (size_t kind = LM_REASON_NONE + 1; kind < LM_REASON_KINDS; kind++) {
        const char *en = report_reason_phrases[REPORT_EN][kind];
        const char *zh = report_reason_phrases[REPORT_ZH][kind];
        bool is_whole = en != NULL && zh != NULL && en[0] != '\0' && zh[0] != '\0';
        CHECK(is_whole);
        CHECK(is_whole && strcmp(en, zh) != 0);
        CHECK(is_whole && places_of(zh) == places_of(en));
        for (size_t part = 0; is_whole && part < LM_PHRASE_PLACES; part++)
            CHECK(!lm_reason_is_word((enum lm_reason_kind)kind, part) ||
                  (places_of(en) >> (part + 1) & 1) || kind == LM_REASON_NOT_PAIRED);
    }
}

static void reasons_are_told_in_chinese(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    bool lacks_memory = false;
    struct report report = {.arena = arena, .lacks_memory = &lacks_memory, .language = REPORT_ZH};
    const struct lm_reason below = {.kind = LM_REASON_BELOW, .parts = {"0.34", "0.35"}};
    const struct lm_reason worse = {.kind = LM_REASON_WORSE,
                                    .parts = {"0.02", "bits per byte", "0.01", "0.03", "95",
                                              "1,200", "document", "beyond", "0.01"}};
    const struct lm_reason plain = {
        .kind = LM_REASON_BETTER,
        .parts = {"0.02", "", "0.01", "0.03", "95", "800", "item", "within", "0.01"}};
    const struct lm_reason bleu = {
        .kind = LM_REASON_NOT_PAIRED, .because = LM_REASON_BLEU, .parts = {"example"}};
    const struct lm_reason stage = {.kind = LM_REASON_FAILED, .parts = {"within"}};
    CHECK_STR(report_reason(&report, &below), "0.34 低于 0.35");
    CHECK_STR(report_reason(&report, &worse),
              "变差 0.02 比特/字节（单侧 95% 的界为 0.01 至 0.03；覆盖 1,200 个文档，"
              "不覆盖随机种子），超出允许的幅度 0.01");
    CHECK_STR(report_reason(&report, &plain),
              "变好 0.02（单侧 95% 的界为 0.01 至 0.03；覆盖 800 个条目，"
              "不覆盖随机种子），未超出允许的幅度 0.01");
    CHECK_STR(report_reason(&report, &bleu),
              "无法逐项比较：BLEU 属于整个文本，不是对样例的平均；请使用 min 或 max");
    CHECK_STR(report_reason(&report, &stage), "within 已失败");
    report.language = REPORT_EN;
    CHECK_STR(report_reason(&report, &plain),
              "better by 0.02 (0.01 to 0.03 at 95 % on each side, over 800 items, not over seeds), "
              "within the margin of 0.01");
    CHECK_STR(report_reason(&report, &bleu), "it cannot be compared item by item: BLEU is of the "
                                             "whole text, no mean over examples; use min or max");
    CHECK(!lacks_memory);
    lm_arena_free(arena);
}

static void names_of_data_become_words(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    bool lacks_memory = false;
    struct report report = {.arena = arena, .lacks_memory = &lacks_memory};
    CHECK_STR(report_key(&report, "replaced_bytes"), "replaced bytes");
    CHECK_STR(report_key(&report, "a_b__c"), "a b  c");
    CHECK_STR(report_say(&report, TEXT_GATES_FAIL, "2", "7"), "2 of 7 gates fail.");
    CHECK_STR(report_share(&report, 0.25, 1).text, "25.0\xc2\xa0%");
    CHECK_STR(report_fixed((double)NAN, 1).text, "\xe2\x80\x93");
    report.language = REPORT_ZH;
    CHECK_STR(report_key(&report, "documents"), "\xe6\x96\x87\xe6\xa1\xa3");
    CHECK_STR(report_key(&report, "a_b"), "a b");
    CHECK_STR(report_say(&report, TEXT_GATES_FAIL, "2", "7"),
              "7 \xe9\x81\x93\xe9\x97\xa8\xe7\xa6\x81\xe4\xb8\xad\xe6\x9c\x89 2 "
              "\xe9\x81\x93\xe6\x9c\xaa\xe9\x80\x9a\xe8\xbf\x87\xe3\x80\x82");
    CHECK_STR(report_share(&report, 0.25, 1).text, "25.0%");
    CHECK_STR(report_join(&report, "\xe4\xb8\x80\xe3\x80\x82", "\xe4\xba\x8c\xe3\x80\x82"),
              "\xe4\xb8\x80\xe3\x80\x82\xe4\xba\x8c\xe3\x80\x82");
    lm_arena_free(arena);
}

/* ---- pages in Chinese ---- */

/* Longest piece of a phrase between its places. */
static void longest_piece(char *out, size_t size, const char *text)
{
    size_t most = 0;
    out[0] = '\0';
    while (*text != '\0') {
        size_t length = strcspn(text, "{");
        if (length > most && length < size) {
            most = length;
            snprintf(out, size, "%.*s", (int)length, text);
        }
        text += length;
        text += *text == '{' ? strcspn(text, "}") + 1 : 0;
    }
}

/* What evaluate says of how it scored is no phrase of the report's: blanked. */
static void blank_signature(char *page)
{
    char *at = page;
    while ((at = strstr(at, "<p class=\"sig\" lang=\"en\">")) != NULL)
        for (; *at != '\0' && strncmp(at, "</p>", 4) != 0; at++)
            *at = ' ';
}

/* No phrase of the table's English stands in a file, as HTML or as Markdown writes it. */
static void check_no_english(struct tap *tap, const char *text, bool is_markdown)
{
    const char *body = strstr(text, "<body");
    struct lm_buf want;
    lm_buf_init(&want, 0);
    body = body != NULL ? body : text;
    for (int i = 0; i < TEXT_KEY_FIRST; i++) {
        char piece[600];
        longest_piece(piece, sizeof piece, report_texts[i][REPORT_EN]);
        bool is_same = strstr(report_texts[i][REPORT_ZH], piece) != NULL;
        if (strlen(piece) < 8 || strchr(piece, ' ') == NULL || is_same)
            continue;
        lm_buf_clear(&want);
        if (is_markdown)
            lm_markdown_text(&want, piece, strlen(piece));
        else
            lm_html_text(&want, piece, strlen(piece));
        lm_buf_putc(&want, '\0');
        if (strstr(body, want.data) != NULL)
            printf("# in English: %s\n", piece);
        CHECK(strstr(body, want.data) == NULL);
    }
    lm_buf_release(&want);
}

static void pages_in_chinese_hold_no_english(struct tap *tap)
{
    static const struct inputs sets[] = {
        {DATA "/scores.json", DATA "/log.jsonl", DATA "/items", DATA "/samples.jsonl",
         DATA "/card.json", TOP "/vocab", DATA "/tokenizer.json", DATA "/experiment.json"},
        {.scores = DATA "/scores.json"},
        {.scores = DATA "/tasks.json"},
        {.scores = DATA "/classify/scores.json", .items = DATA "/classify/items"},
        {.scores = DATA "/translate/scores.json", .items = DATA "/translate/items"},
        {.scores = DATA "/similar/scores.json", .items = DATA "/similar/items"}};
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start());
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        const struct report_params params = {.title = "", .language = "zh", .samples_shown = 1};
        REQUIRE(run_with(TOP "/a", &sets[i], &params, NULL) == LM_OK);
        char *page = read_output(arena, TOP "/a", "html"), *md = read_output(arena, TOP "/a", "md");
        REQUIRE(page != NULL && md != NULL);
        check_wellformed(tap, page, 40);
        CHECK(strstr(page, "<html lang=\"zh-Hans\"") != NULL);
        blank_signature(page);
        check_no_english(tap, page, false);
        check_no_english(tap, md, true);
    }
    lm_arena_free(arena);
}

/* The numbers of the JSON, the gates of JUnit are of no language. */
static void numbers_have_no_language(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    const struct report_params params = {.title = "", .language = "zh", .samples_shown = 4};
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK &&
            run_with(TOP "/b", &all, &params, NULL) == LM_OK);
    char *en = read_output(arena, TOP "/a", "junit"), *zh = read_output(arena, TOP "/b", "junit");
    REQUIRE(en != NULL && zh != NULL);
    CHECK_STR(zh, en);
    en = strstr(read_output(arena, TOP "/a", "json"), "\"gates\"");
    zh = strstr(read_output(arena, TOP "/b", "json"), "\"gates\"");
    REQUIRE(en != NULL && zh != NULL);
    CHECK_STR(zh, en);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    TAP_ROW(both_languages_are_whole) TAP_ROW(chinese_is_not_english)
        TAP_ROW(chinese_punctuation_is_full_width) TAP_ROW(reasons_are_whole_in_all_languages)
            TAP_ROW(reasons_are_told_in_chinese) TAP_ROW(names_of_data_become_words)
                TAP_ROW(pages_in_chinese_hold_no_english) TAP_ROW(numbers_have_no_language)};
LM_TEST_FILE(tests)
