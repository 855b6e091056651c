/* Published rules at, just under and just over their thresholds, and beside a second, slow
 * implementation on random texts. */
#include "text/rule_passes.h"

#include <lmpipe/arena.h>
#include <lmpipe/rng.h>

#include "base/buf.h"
#include "base/io.h"
#include "tap.h"

/* ---- asking one rule ---- */

struct asked {
    size_t rule;
    bool is_kept;
    double value;
    bool is_unfit;
    char text[4096]; /* what is left, its start */
    struct lm_rule_measure measure;
};

static struct lm_rule published(const char *name)
{
    const struct lm_rule_kind *kind = lm_rule_find(name);
    if (kind == NULL)
        abort();
    return (struct lm_rule){kind, kind->min, kind->max, kind->length};
}

static struct asked ask_rules(const struct lm_rule *rules, size_t count, const char *text,
                              size_t size)
{
    struct asked out = {.is_kept = true};
    struct lm_ruleset set;
    struct lm_rule_scratch scratch;
    struct lm_rule_outcome outcome;
    struct lm_line_tally tallies[LM_C4_RULES] = {0};
    struct lm_buf copy;
    lm_buf_init(&copy, 0);
    lm_buf_append(&copy, text, size);
    lm_ruleset_init(&set, rules, count);
    lm_rule_scratch_init(&scratch);
    if (lm_text_measure(&out.measure.text, (const uint8_t *)text, size, NULL) != LM_OK ||
        lm_rules_ask(&outcome, &set, &copy, &out.measure, tallies, &scratch, NULL) != LM_OK)
        abort();
    out.rule = outcome.rule;
    out.is_kept = outcome.rule == count;
    out.value = outcome.value;
    out.is_unfit = outcome.unfit != 0;
    snprintf(out.text, sizeof out.text, "%s", copy.data != NULL ? copy.data : "");
    lm_rule_scratch_release(&scratch);
    lm_buf_release(&copy);
    return out;
}

static bool keeps(const char *rule, const struct lm_buf *text)
{
    struct lm_rule row = published(rule);
    return ask_rules(&row, 1, text->data, text->size).is_kept;
}

/* ---- texts with a number in them ---- */

static void words(struct lm_buf *out, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        lm_buf_printf(out, "%s ", word);
}

static void k_words(struct lm_buf *out, size_t k)
{
    words(out, k, "word");
    words(out, 3, "--"); /* made of punctuation alone: do not count */
}

static void k_chars(struct lm_buf *out, size_t k)
{
    for (size_t i = 0; i < k; i++)
        lm_buf_puts(out, "\xC3\xA9");
}

static void k_letters(struct lm_buf *out, size_t k) /* ten words of k letters together */
{
    static const char most[] = "abcdefghij";
    for (size_t i = 0; i < 9; i++)
        lm_buf_printf(out, "%.*s ", (int)(k / 10), most);
    k_words(out, 0);
    for (size_t i = 0; i < k - 9 * (k / 10); i++)
        lm_buf_putc(out, 'x');
}

static void k_of_100(struct lm_buf *out, size_t k, const char *these, const char *others)
{
    words(out, k, these);
    words(out, 100 - k, others);
}

static void k_hashes(struct lm_buf *out, size_t k)
{
    k_of_100(out, k, "#tag", "word");
}

static void k_ellipses(struct lm_buf *out, size_t k)
{
    k_of_100(out, k - 1, "so...", "word");
    out->size -= 5; /* one word less */
    lm_buf_puts(out, "so\xE2\x80\xA6");
}

static void k_alphabetic(struct lm_buf *out, size_t k)
{
    k_of_100(out, k, "a1", "11");
}

static void k_stop_words(struct lm_buf *out, size_t k)
{
    static const char *const stops[] = {"the", "be", "to"};
    words(out, 5, "The"); /* the case counts */
    for (size_t i = 0; i < k; i++)
        words(out, 3, stops[i]); /* distinct ones count */
}

static void k_lines(struct lm_buf *out, size_t k, size_t all, const char *these, const char *others)
{
    for (size_t i = 0; i < all; i++)
        lm_buf_printf(out, "%s%zu%s\n", i < k ? these : others, i, i < k ? "" : " on and on");
}

static void k_bullets(struct lm_buf *out, size_t k)
{
    k_lines(out, k - 1, 9, "  - item ", "line ");
    lm_buf_puts(out, "\xE2\x80\xA2 item\n");
}

static void k_ellipsis_lines(struct lm_buf *out, size_t k)
{
    for (size_t i = 0; i < 10; i++)
        lm_buf_puts(out, i >= k ? "It ends.\n" : i % 2 == 0 ? "So... \n" : "So\xE2\x80\xA6\n");
}

static void k_sentences(struct lm_buf *out, size_t k)
{
    for (size_t i = 0; i < k; i++)
        lm_buf_puts(out, i % 2 == 0 ? "It is said so. " : "Is it really so?\n");
    lm_buf_puts(out, out->size > 0 && out->data[out->size - 1] == ' ' ? "\n" : "");
}

static void k_lorem(struct lm_buf *out, size_t k)
{
    k_sentences(out, 6);
    lm_buf_puts(out, k > 0 ? "It says Lorem Ipsum here.\n" : "");
}

static void k_braces(struct lm_buf *out, size_t k)
{
    k_sentences(out, 6);
    lm_buf_puts(out, k > 0 ? "It says { here.\n" : "");
}

static void k_paragraphs(struct lm_buf *out, size_t k)
{
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < (i < k ? 200 : 199); j++)
            lm_buf_putc(out, 'x');
        lm_buf_putc(out, '\n');
    }
}

static void k_ended(struct lm_buf *out, size_t k)
{
    for (size_t i = 0; i < 25; i++)
        lm_buf_printf(out, i < k ? "Line %zu ends.\n" : "Line %zu does not\n\n", i);
}

static void k_short(struct lm_buf *out, size_t k)
{
    for (size_t i = 0; i < 100; i++)
        lm_buf_printf(out, "%0*zu\n", i < k ? 30 : 31, i);
}

static void k_repeated(struct lm_buf *out, size_t k) /* of 1000 characters k in a line met before */
{
    for (size_t i = 0; i < 2; i++)
        lm_buf_printf(out, "%0*d\n", (int)k, 7);
    lm_buf_printf(out, "%0*d", (int)(1000 - 2 * k), 8);
}

static void k_newlines(struct lm_buf *out, size_t k)
{
    words(out, 10, "word");
    for (size_t i = 0; i < k; i++)
        lm_buf_putc(out, '\n');
}

static void k_known_paragraphs(struct lm_buf *out, size_t k)
{
    for (size_t i = 0; i < 10; i++)
        lm_buf_printf(out, "a\nparagraph %zu\n\n\n", i <= k ? 0 : i);
}

static void k_known_lines(struct lm_buf *out, size_t k)
{
    for (size_t i = 0; i < 10; i++)
        lm_buf_printf(out, "line %zu\n\n", i <= k ? 0 : i);
}

/* Of 1000 characters k in parts met before. */
static void known_chars(struct lm_buf *out, size_t k, const char *separator)
{
    for (size_t i = 0; i < 2; i++)
        lm_buf_printf(out, "%0*d%s", (int)k, 7, separator);
    lm_buf_printf(out, "%0*d", (int)(1000 - 2 * (k + strlen(separator))), 8);
}

static void k_known_paragraph_chars(struct lm_buf *out, size_t k)
{
    known_chars(out, k, "\n\n");
}

static void k_known_line_chars(struct lm_buf *out, size_t k)
{
    known_chars(out, k, "\n");
}

/* ---- thresholds ---- */

static const struct {
    const char *rule;
    void (*make)(struct lm_buf *out, size_t k);
    size_t kept, dropped; /* numbers at the threshold, and one beyond it */
} edges[] = {
    {"cc_net.chars", k_chars, 300, 299},
    {"gopher.words", k_words, 50, 49},
    {"gopher.words", k_words, 100000, 100001},
    {"gopher.mean_word_length", k_letters, 30, 29},
    {"gopher.mean_word_length", k_letters, 100, 101},
    {"gopher.hash_signs", k_hashes, 10, 11},
    {"gopher.ellipses", k_ellipses, 10, 11},
    {"gopher.bullet_lines", k_bullets, 9, 10},
    {"gopher.ellipsis_lines", k_ellipsis_lines, 3, 4},
    {"gopher.alphabetic_words", k_alphabetic, 80, 79},
    {"gopher.stop_words", k_stop_words, 2, 1},
    {"c4.lorem_ipsum", k_lorem, 0, 1},
    {"c4.braces", k_braces, 0, 1},
    {"c4.sentences", k_sentences, 5, 4},
    {"mc4.paragraphs", k_paragraphs, 3, 2},
    {"fineweb.ended_lines", k_ended, 3, 2},
    {"fineweb.short_lines", k_short, 67, 68},
    {"fineweb.duplicate_line_chars", k_repeated, 10, 11},
    {"fineweb.newlines", k_newlines, 3, 4},
    {"gopher.duplicate_paragraphs", k_known_paragraphs, 3, 4},
    {"gopher.duplicate_paragraph_chars", k_known_paragraph_chars, 200, 201},
    {"gopher.duplicate_lines", k_known_lines, 3, 4},
    {"gopher.duplicate_line_chars", k_known_line_chars, 200, 201},
};

static void documents_at_the_thresholds(struct tap *tap)
{
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        bool kept[2];
        for (size_t k = 0; k < 2; k++) {
            struct lm_buf text;
            lm_buf_init(&text, 0);
            edges[i].make(&text, k == 0 ? edges[i].kept : edges[i].dropped);
            kept[k] = keeps(edges[i].rule, &text);
            lm_buf_release(&text);
        }
        if (!kept[0] || kept[1])
            printf("# %s, %zu\n", edges[i].rule, edges[i].kept);
        CHECK(kept[0] && !kept[1]);
    }
}

/* A text in which a gram of n words of `width` letters stands `times` times, one after the other,
 * and other words up to `chars` characters. */
static void make_grams(struct lm_buf *out, size_t n, size_t width, size_t times, size_t chars)
{
    for (size_t i = 0; i < times; i++)
        for (size_t k = 0; k < n; k++)
            lm_buf_printf(out, "%0*zu ", (int)width, k + 1);
    for (size_t i = 0; out->size + 16 < chars; i++)
        lm_buf_printf(out, "u%zu ", i);
    while (out->size < chars)
        lm_buf_putc(out, 'v');
}

static void grams_at_the_thresholds(struct tap *tap)
{
    static const struct {
        size_t n, percent;
    } rows[] = {{2, 20}, {3, 18}, {4, 16}, {5, 15}, {6, 14}, {7, 13}, {8, 12}, {9, 11}, {10, 10}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char rule[64];
        size_t n = rows[i].n, width = 4;
        bool is_top = n < 5;
        snprintf(rule, sizeof rule, "gopher.%s_%zu_grams", is_top ? "top" : "duplicate", n);
        size_t gram = is_top ? n * width + n - 1 : n * width;
        size_t times = rows[i].percent, chars = 100 * gram;
        for (size_t more = 0; more < 3; more++) {
            struct lm_buf text;
            lm_buf_init(&text, 0);
            make_grams(&text, n, width, times + !is_top + more - 1, chars);
            CHECK_INT(text.size, chars);
            if (keeps(rule, &text) != (more < 2))
                printf("# %s, %zu\n", rule, more);
            CHECK(keeps(rule, &text) == (more < 2));
            lm_buf_release(&text);
        }
    }
}

static void lines_at_the_thresholds(struct tap *tap)
{
    static const char word[] = "0123456789012345678901234567890123456789012345678901234567890123456"
                               "789012345678901234567890123456789";

    static const struct {
        const char *rule, *text, *left;
    } rows[] = {
        {"c4.citations", "A town[1] is[] here[citation needed].[edit]\n\n[12a] stays [x].",
         "A town is here.\n\n[12a] stays [x]."},
        {"c4.ended_lines", "One.\nTwo?\nThree!\nFour\"\nFive'\nSix\nSeven...\nSo,\n\nNine.  ",
         "One.\nTwo?\nThree!\nFour\"\nFive'\nNine."},
        {"c4.line_words", "one two three\none two\n\n  four  five six ",
         "one two three\nfour  five six"},
        {"c4.javascript", "It is JavaScript.\nIt is Java script.\nnojavascripthere",
         "It is Java script."},
        {"c4.policies",
         "See our Privacy Policy here.\nThey use cookies.\nThis site uses cookies\nterms "
         "of useful things\nThe use of cookie jars",
         "The use of cookie jars"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_rule rule = published(rows[i].rule);
        CHECK_STR(ask_rules(&rule, 1, rows[i].text, strlen(rows[i].text)).text, rows[i].left);
    }
    struct lm_rule longest = published("c4.long_words");
    for (size_t more = 0; more < 2; more++) {
        char text[1200] = "";
        for (size_t i = 0; i < 10; i++)
            strcat(text, word);
        strcat(text, more ? "x" : "");
        CHECK_INT(strlen(ask_rules(&longest, 1, text, strlen(text)).text), more ? 0 : 1000);
    }
}

/* Words are counted before citations go; braces and lorem ipsum count in lines that are left. */
static void traps_of_c4(struct tap *tap)
{
    struct lm_rule rules[] = {published("c4.citations"),  published("c4.ended_lines"),
                              published("c4.line_words"), published("c4.lorem_ipsum"),
                              published("c4.javascript"), published("c4.braces"),
                              published("c4.policies")};
    const size_t count = sizeof rules / sizeof rules[0];
    const char text[] =
        "Two words [1].\nNo end mark here {\njavascript { in a line.\nlorem ipsum x\n"
        "We use cookies every day.";
    struct asked asked = ask_rules(rules, count, text, strlen(text));
    CHECK(asked.is_kept);
    CHECK_STR(asked.text, "Two words .");
    const char policy[] = "We use cookies { here.";
    CHECK(!ask_rules(rules, count, policy, strlen(policy)).is_kept);
}

/* ---- the unit of a word ---- */

static void words_by_script(struct tap *tap)
{
    static const struct {
        const char *text;
        int64_t all, plain, alphabetic;
    } rows[] = {
        {"Dog, and - cat 12!", 5, 4, 3},
        {"\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C\xE4\xB8\x96\xE7\x95\x8C\xE3\x80\x82", 4, 4, 4},
        {"\xE3\x80\x8C\xE4\xBD\xA0\xE3\x80\x8D GPT\xEF\xBC\x8C\xE4\xBD\xA0", 3, 3, 3},
        {"", 0, 0, 0},
        {"\xD0\xB4\xD0\xB0 \xD0\xBD\xD0\xB5\xD1\x82", 2, 2, 2},
        {"\xE0\xB8\x81\xE0\xB8\xB5\xE0\xB8\x81", 2, 2, 2}, /* a mark on its letter */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_rule rule = published("gopher.words");
        struct asked asked = ask_rules(&rule, 1, rows[i].text, strlen(rows[i].text));
        CHECK_INT(asked.measure.all_words, rows[i].all);
        CHECK_INT(asked.measure.plain_words, rows[i].plain);
        CHECK_INT(asked.measure.alphabetic_words, rows[i].alphabetic);
    }
}

static void english_rules_ask_english(struct tap *tap)
{
    const char russian[] = "\xD0\xB4\xD0\xB0 \xD0\xBD\xD0\xB5\xD1\x82 the";
    struct lm_rule rules[] = {published("gopher.mean_word_length"), published("gopher.stop_words")};
    struct asked asked = ask_rules(rules, 2, russian, strlen(russian));
    CHECK(asked.is_kept && asked.is_unfit);
    asked = ask_rules(rules, 2, "ab ab ab", 8);
    CHECK(!asked.is_kept && !asked.is_unfit);
    struct lm_rule ended = published("c4.ended_lines");
    const char chinese[] = "\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82\n\xE4\xBD\xA0";
    CHECK_STR(ask_rules(&ended, 1, chinese, strlen(chinese)).text,
              "\xE4\xBD\xA0\xE5\xA5\xBD\xE3\x80\x82");
}

static void sentences(struct tap *tap)
{
    static const struct {
        const char *line;
        int64_t count;
    } rows[] = {{"One. Two? \"Three!\" Four", 4},
                {"It cost 3.50 at e.g. home.", 1},
                {"Wait... what?! No.", 2},
                {"", 0},
                {" \t", 0},
                {"...", 0},
                {"\xE5\xA5\xBD\xE3\x80\x82\xE5\xA5\xBD\xEF\xBC\x81\xE3\x80\x8D\xE5\xA5\xBD", 3}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(lm_count_sentences((const uint8_t *)rows[i].line, strlen(rows[i].line)),
                  rows[i].count);
}

/* ---- a second implementation ---- */

enum { WORDS = 400 };

/* Words of ASCII text, cut at spaces and newlines. */
static size_t cut(char *text, char *out[WORDS])
{
    size_t count = 0;
    char *place = NULL;
    for (char *word = strtok_r(text, " \n", &place); word != NULL && count < WORDS;
         word = strtok_r(NULL, " \n", &place))
        out[count++] = word;
    return count;
}

static bool same_gram(char *const *a, char *const *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

static size_t gram_size(char *const *words_, size_t n, size_t gap)
{
    size_t size = gap * (n - 1);
    for (size_t i = 0; i < n; i++)
        size += strlen(words_[i]);
    return size;
}

static size_t slow_top(char *const *all, size_t count, size_t n)
{
    size_t most = 0, size = 0;
    for (size_t i = 0; i + n <= count; i++) {
        size_t times = 0;
        for (size_t k = 0; k + n <= count; k++)
            times += same_gram(all + i, all + k, n);
        if (times > most) { /* the first of equals stays */
            most = times;
            size = gram_size(all + i, n, 1);
        }
    }
    return most * size;
}

static size_t slow_duplicates(char *const *all, size_t count, size_t n)
{
    size_t met[WORDS], met_count = 0, size = 0;
    for (size_t i = 0; i + n <= count;) {
        bool is_met = false;
        for (size_t k = 0; k < met_count; k++)
            is_met = is_met || same_gram(all + i, all + met[k], n);
        if (is_met)
            size += gram_size(all + i, n, 0);
        else
            met[met_count++] = i;
        i += is_met ? n : 1;
    }
    return size;
}

/* The n-grams of what is left, beside the slow ones. */
static void check_grams(struct tap *tap, struct asked *asked)
{
    char *all[WORDS];
    const int64_t *tops = &asked->measure.top_2, *duplicates = &asked->measure.duplicate_5;
    size_t count = cut(asked->text, all);
    for (size_t n = 2; n < 5; n++)
        CHECK_INT(tops[n - 2], slow_top(all, count, n));
    for (size_t n = 5; n <= 10; n++)
        CHECK_INT(duplicates[n - 5], slow_duplicates(all, count, n));
}

/* By themselves, and behind rules of lines, which drop some and edit others. */
static void random_texts_agree(struct tap *tap)
{
    static const char *const parts[] = {"a",  "bb", "ccc", "d1",    "--",    "the",
                                        "of", "#x", "[1]", "so...", "e[2]f", "longer-than-eight"};
    struct lm_rng rng = lm_rng_stream(3, "rules");
    struct lm_rule rules[11] = {published("c4.citations"), published("c4.line_words")};
    for (size_t n = 2; n <= 10; n++) {
        char name[64];
        snprintf(name, sizeof name, "gopher.%s_%zu_grams", n < 5 ? "top" : "duplicate", n);
        rules[n] = published(name);
        rules[n].max = 100;
    }
    for (uint64_t i = 0; i < 300; i++) {
        struct lm_buf text;
        lm_buf_init(&text, 0);
        lm_buf_puts(&text, "");
        for (uint64_t k = 0, n = lm_rng_below(rng, i, 0, 120); k < n; k++)
            lm_buf_printf(&text, "%s%s", parts[lm_rng_below(rng, i, 2 * k + 1, 3 + i % 10)],
                          lm_rng_below(rng, i, 2 * k + 2, 8) == 0 ? "\n" : " ");
        for (size_t from = 0; from <= 2; from++) { /* both, one, none of the rules of lines */
            struct asked asked =
                ask_rules(rules + from, 11 - from, text.data ? text.data : "", text.size);
            check_grams(tap, &asked);
        }
        lm_buf_release(&text);
    }
}

/* Nothing: shares of nothing are 0. */
static void empty_texts(struct tap *tap)
{
    for (const struct lm_rule_kind *kind = lm_rule_kinds; kind->name != NULL; kind++) {
        struct lm_rule rule = published(kind->name);
        bool is_asked = !(kind->traits & LM_RULE_LINE);
        CHECK(ask_rules(&rule, 1, "", 0).is_kept == (!is_asked || !(kind->min > 0)));
    }
}

/* ---- real texts ---- */

/* Tolstoy, Anna Karenina (1878); the Universal Declaration of Human Rights, articles 1 to 4. */
static const char russian[] =
    "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему. "
    "Все смешалось в доме Облонских.\nЖена узнала, что муж был в связи с бывшею в их доме "
    "француженкою-гувернанткой, и объявила мужу, что не может жить с ним в одном доме. Положение "
    "это "
    "продолжалось уже третий день и мучительно чувствовалось и самими супругами, и всеми членами "
    "семьи, и домочадцами.\nВсе члены семьи и домочадцы чувствовали, что нет смысла в их "
    "сожительстве "
    "и что на каждом постоялом дворе случайно сошедшиеся люди более связаны между собой. Жена не "
    "выходила из своих комнат, мужа третий день не было дома.\n";
static const char arabic[] =
    "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميراً وعليهم أن يعامل "
    "بعضهم بعضاً بروح الإخاء.\nلكل إنسان حق التمتع بكافة الحقوق والحريات الواردة في هذا الإعلان، "
    "دون أي تمييز، كالتمييز بسبب العنصر أو اللون أو الجنس أو اللغة أو الدين أو الرأي السياسي أو أي "
    "رأي آخر.\nلكل فرد الحق في الحياة والحرية وسلامة شخصه.\nلا يجوز استرقاق أو استعباد أي شخص، "
    "ويحظر "
    "الاسترقاق وتجارة الرقيق بكافة أوضاعهما. هل يكفي هذا؟ نعم يكفي.\n";

/* All rules of fineweb@1, with C4's line ends. */
static size_t all_rules(struct lm_rule *rules)
{
    static const char *const prefixes[] = {"gopher.", "c4.", "fineweb."};
    size_t count = 0;
    for (const struct lm_rule_kind *kind = lm_rule_kinds; kind->name != NULL; kind++)
        for (size_t i = 0; i < 3; i++)
            if (strncmp(kind->name, prefixes[i], strlen(prefixes[i])) == 0)
                rules[count++] = published(kind->name);
    return count;
}

static void prose_in_other_scripts_stays(struct tap *tap)
{
    struct lm_rule rules[LM_RULES_MAX];
    size_t count = all_rules(rules);
    struct asked asked = ask_rules(rules, count, russian, sizeof russian - 1);
    CHECK(asked.is_kept && asked.is_unfit);
    CHECK_INT(strlen(asked.text), sizeof russian - 2); /* but for the last newline */
    asked = ask_rules(rules, count, arabic, sizeof arabic - 1);
    CHECK(asked.is_kept && asked.is_unfit);
    CHECK_INT(strlen(asked.text), sizeof arabic - 2);
}

/* How many of a file's pieces of 4 KiB stay; says what took the others. */
static size_t kept_pieces(struct tap *tap, const char *name, size_t most)
{
    struct lm_rule rules[LM_RULES_MAX];
    size_t gone[LM_RULES_MAX + 1] = {0}, size, at = 20000, left = most;
    size_t count = all_rules(rules);
    struct lm_arena *arena = lm_arena_create();
    char *text, path[400];
    snprintf(path, sizeof path, "%s/%s", getenv("LMPIPE_DATA"), name);
    if (lm_file_read(&text, &size, arena, path, 1 << 26, NULL) != LM_OK) {
        CHECK(path[0] == '\0'); /* cannot be read */
        size = 0;
    }
    for (; left > 0 && at + 4200 < size; left--) {
        size_t start = at;
        while ((text[start] & 0xC0) == 0x80)
            start++;
        for (at = start + 4096; (text[at] & 0xC0) == 0x80;)
            at++;
        gone[ask_rules(rules, count, text + start, at - start).rule]++;
    }
    printf("# %s: %zu of %zu kept", name, gone[count], most - left);
    for (size_t i = 0; i < count; i++)
        if (gone[i] > 0)
            printf(", %s took %zu", rules[i].kind->name, gone[i]);
    printf("\n");
    lm_arena_free(arena);
    return gone[count];
}

/* fineweb@1 with C4's line ends; novels are hard-wrapped, so that many of their lines do not end.
 */
static void real_books(struct tap *tap)
{
    if (getenv("LMPIPE_DATA") == NULL)
        SKIP("LMPIPE_DATA is not set");
    CHECK(kept_pieces(tap, "zh-classical/红楼梦.txt", 40) >= 36);
    CHECK(kept_pieces(tap, "zh-classical/三国演义.txt", 40) >= 36);
    CHECK(kept_pieces(tap, "english-novels/Anon_Clara_1864.txt", 40) >= 20);
}

static const struct tap_test tests[] = {
    TAP_ROW(documents_at_the_thresholds) TAP_ROW(grams_at_the_thresholds)
        TAP_ROW(lines_at_the_thresholds) TAP_ROW(traps_of_c4) TAP_ROW(words_by_script)
            TAP_ROW(english_rules_ask_english) TAP_ROW(sentences) TAP_ROW(random_texts_agree)
                TAP_ROW(empty_texts) TAP_ROW(prose_in_other_scripts_stays) TAP_ROW(real_books)};

LM_TEST_FILE(tests)
