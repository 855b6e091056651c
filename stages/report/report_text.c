#include "report_text.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

enum { PLACES = LM_PHRASE_PLACES };

const char *const report_texts[REPORT_TEXTS][REPORT_LANGUAGES] = {
#define TEXT(name, en, zh) [TEXT_##name] = {en, zh},
#include "report_texts.inc"
#undef TEXT
};

static const char *const tags[REPORT_LANGUAGES] = {"en", "zh-Hans"};
static const char *const spaces[REPORT_LANGUAGES] = {" ", ""};

const char *report_language_tag(const struct report *report)
{
    return tags[report->language];
}

static const char *lacking(const struct report *report, const char *text)
{
    if (text == NULL)
        *report->lacks_memory = true;
    return text != NULL ? text : "";
}

/* ---- phrases ---- */

const char *report_say_all(const struct report *report, enum report_text text, ...)
{
    const char *parts[PLACES] = {NULL}, *part;
    size_t count = 0;
    va_list arguments;
    va_start(arguments, text);
    while (count < PLACES && (part = va_arg(arguments, const char *)) != NULL)
        parts[count++] = part;
    va_end(arguments);
    const char *phrase = report_texts[text][report->language];
    return count == 0 ? phrase : lacking(report, lm_phrase_fill(report->arena, phrase, parts));
}

const char *report_join(const struct report *report, const char *text, const char *more)
{
    if (text[0] == '\0' || more[0] == '\0')
        return text[0] == '\0' ? more : text;
    return lacking(report,
                   lm_arena_printf(report->arena, "%s%s%s", text, spaces[report->language], more));
}

/* ---- names and words ---- */

/* Is a name of data that of a phrase, underscores being spaces? */
static bool is_named(const char *phrase, const char *key)
{
    for (; *key != '\0' && *phrase == (*key == '_' ? ' ' : *key); key++)
        phrase++;
    return *key == '\0' && *phrase == '\0';
}

const char *report_key(const struct report *report, const char *key)
{
    for (int i = TEXT_KEY_FIRST + 1; i < TEXT_KEY_LAST; i++)
        if (is_named(report_texts[i][REPORT_EN], key))
            return report_texts[i][report->language];
    char *words = lm_arena_strdup(report->arena, key);
    for (char *at = words; at != NULL && *at != '\0'; at++)
        *at = *at == '_' ? ' ' : *at;
    return lacking(report, words);
}

const char *report_word(const struct report *report, const char *word)
{
    for (int i = TEXT_WORD_FIRST + 1; i < TEXT_WORD_LAST; i++)
        if (strcmp(report_texts[i][REPORT_EN], word) == 0)
            return report_texts[i][report->language];
    return word;
}

/* ---- numbers ---- */

static const struct lm_num none = {"\xe2\x80\x93"};

struct lm_num report_fixed(double value, int digits)
{
    return isfinite(value) ? lm_num_fixed(value, digits) : none;
}

struct lm_num report_share(const struct report *report, double share, int digits)
{
    struct lm_num out = isfinite(share) ? lm_num_percent(share, digits) : none;
    char *space = strstr(out.text, "\xc2\xa0");
    if (space != NULL && report->language == REPORT_ZH)
        memmove(space, space + 2, strlen(space + 2) + 1);
    return out;
}

const char *report_number(const struct report *report, struct lm_num number)
{
    return lacking(report, lm_arena_strdup(report->arena, number.text));
}

const char *report_range(const struct report *report, struct lm_num low, struct lm_num high)
{
    bool is_none = strcmp(low.text, none.text) == 0 || strcmp(high.text, none.text) == 0;
    if (is_none)
        return none.text;
    return lacking(report, lm_arena_printf(report->arena, "%s\xe2\x80\x93%s", low.text, high.text));
}
