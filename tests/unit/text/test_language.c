/* Languages by CLD2's plugin; what is said where it is absent is tests/cli/language.t. */
#include "text/language.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"
#include "text/language_list.h"

static void shares(struct tap *tap)
{
    static const struct {
        struct lm_language_told told;
        const char *keep[2];
        double want;
    } rows[] = {
        {{{"en", "", ""}, {0.99}}, {"en", "de"}, 0.99},
        {{{"en", "de", ""}, {0.39, 0.6}}, {"en", "de"}, 0.99},
        {{{"en", "de", ""}, {0.39, 0.6}}, {"en", "fr"}, 0.39},
        {{{"en", "de", "fr"}, {0.5, 0.3, 0.15}}, {"fr", "de"}, 0.45},
        {{{"zh-Hant", "en", ""}, {0.65, 0.2}}, {"zh", "ja"}, 0.65}, /* either script */
        {{{"zh", "", ""}, {0.9}}, {"zh-Hant", "ja"}, 0},
        {{{"en", "", ""}, {0.9}}, {"e", "eng"}, 0},
        {{{"", "", ""}, {0}}, {"en", "de"}, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK(lm_language_share(&rows[i].told, rows[i].keep, 2) == rows[i].want);
}

static bool is_listed(const char *code)
{
#define CODE(code, name) code,
    static const char *const codes[] = {LM_LANGUAGE_LIST(CODE)};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

/* Texts, and what a reader would say of them. */
static void texts(struct tap *tap)
{
    static const struct {
        const char *code, *text;
    } rows[] = {
        {"en", "It was the best of times, it was the worst of times, it was the age of wisdom."},
        {"de", "Es war einmal ein König, der hatte eine Tochter, die war so schön wie die Sonne."},
        {"fr", "Longtemps, je me suis couché de bonne heure, et mes yeux se fermaient si vite."},
        {"es", "En un lugar de la Mancha, de cuyo nombre no quiero acordarme, vivía un hidalgo."},
        {"ru", "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива."},
        {"uk", "Садок вишневий коло хати, хрущі над вишнями гудуть, плугатарі з плугами йдуть."},
        {"ar", "كان يا ما كان في قديم الزمان ملك له ثلاثة أبناء وكان يحبهم حبا شديدا."},
        {"he", "בראשית ברא אלהים את השמים ואת הארץ והארץ היתה תהו ובהו וחשך על פני תהום"},
        {"zh", "此开卷第一回也。作者自云：因曾历过一番梦幻之后，故将真事隐去。"},
        {"zh-Hant", "此開卷第一回也。作者自云：因曾歷過一番夢幻之後，故將真事隱去。"},
        {"ja", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"},
        {"ko", "나라의 말이 중국과 달라 한자와는 서로 통하지 아니하므로 어린 백성이 있다."},
        {"", "12 34 56 !! --"},
        {"", ""},
    };
    struct lm_language_told told;
    struct lm_language *language = NULL;
    struct lm_err err = {0};
    if (lm_language_open(&language, &err) != LM_OK) {
        CHECK(err.status == LM_UNSUPPORTED && strstr(err.text, "libcld2") != NULL);
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lm_language_tell(&told, language, rows[i].text, strlen(rows[i].text));
        CHECK_STR(told.codes[0], rows[i].code);
        CHECK(rows[i].code[0] == '\0' || (told.shares[0] > 0.65 && is_listed(told.codes[0])));
    }
    /* What no language has, and more than is looked at. */
    static const char odd[] = "a\xEF\xBF\xBF b\xEF\xB7\x90 \xF4\x8F\xBF\xBF \xEF\xBF\xBD <b>&#1;";
    lm_language_tell(&told, language, odd, sizeof odd - 1);
    size_t size = ((size_t)17 << 20) + 1;
    char *large = malloc(size);
    CHECK(large != NULL);
    for (size_t i = 0; large != NULL && i < size; i++) /* the limit lies within a character */
        large[i] = rows[1].text[i % strlen(rows[1].text)];
    if (large != NULL)
        lm_language_tell(&told, language, large,
                         size / strlen(rows[1].text) * strlen(rows[1].text));
    CHECK_STR(told.codes[0], "de");
    free(large);
    CHECK(strchr(lm_language_version(language), ' ') == NULL &&
          lm_language_version(language)[0] == 'V');
    CHECK(strstr(lm_language_library(language), "libcld2") != NULL);
    lm_language_close(language);
}

static const struct tap_test tests[] = {TAP_ROW(shares) TAP_ROW(texts)};

LM_TEST_FILE(tests)
