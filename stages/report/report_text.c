#include "report_text.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

enum { PLACES = 9 };

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

/* The place at text[0..] ("{3}" is 2), or -1. */
static int place_at(const char *text)
{
    return text[0] == '{' && text[1] >= '1' && text[1] <= '9' && text[2] == '}' ? text[1] - '1'
                                                                                : -1;
}

/* Length of the text filled with `parts`; written to out unless it is NULL. */
static size_t fill(char *out, const char *text, const char *const parts[PLACES])
{
    size_t size = 0;
    for (size_t i = 0, length; text[i] != '\0'; i += length) {
        int place = place_at(text + i);
        const char *part = place >= 0 ? parts[place] != NULL ? parts[place] : "" : text + i;
        size_t count = place >= 0 ? strlen(part) : 1;
        for (size_t k = 0; k < count && out != NULL; k++)
            out[size + k] = part[k];
        size += count;
        length = place >= 0 ? 3 : 1;
    }
    return size;
}

static const char *say(const struct report *report, enum report_text text,
                       const char *const parts[PLACES])
{
    const char *phrase = report_texts[text][report->language];
    size_t size = fill(NULL, phrase, parts);
    char *out = lm_arena_alloc(report->arena, size + 1);
    if (out == NULL)
        return lacking(report, NULL);
    fill(out, phrase, parts);
    out[size] = '\0';
    return out;
}

const char *report_say_all(const struct report *report, enum report_text text, ...)
{
    const char *parts[PLACES] = {NULL}, *part;
    size_t count = 0;
    va_list arguments;
    va_start(arguments, text);
    while (count < PLACES && (part = va_arg(arguments, const char *)) != NULL)
        parts[count++] = part;
    va_end(arguments);
    return count == 0 ? report_texts[text][report->language] : say(report, text, parts);
}

const char *report_join(const struct report *report, const char *text, const char *more)
{
    if (text[0] == '\0' || more[0] == '\0')
        return text[0] == '\0' ? more : text;
    return lacking(report,
                   lm_arena_printf(report->arena, "%s%s%s", text, spaces[report->language], more));
}

/* ---- phrases read backwards ---- */

/* The parts of a text that a phrase's English would give; a part ends where what follows its place
 * begins. */
static bool match(const struct report *report, const char *phrase, const char *text,
                  const char *parts[PLACES])
{
    while (*phrase != '\0') {
        int place = place_at(phrase);
        if (place < 0) {
            if (*phrase++ != *text++)
                return false;
            continue;
        }
        phrase += 3;
        size_t next = strcspn(phrase, "{");
        char *wanted = lm_arena_strndup(report->arena, phrase, next);
        const char *end = next == 0 ? text + strlen(text) : strstr(text, lacking(report, wanted));
        if (end == NULL || end == text)
            return false;
        parts[place] = lacking(report, lm_arena_strndup(report->arena, text, (size_t)(end - text)));
        text = end;
    }
    return *text == '\0';
}

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

const char *report_retell(const struct report *report, const char *text)
{
    for (int i = TEXT_REASON_FIRST + 1; i < TEXT_REASON_LAST && report->language != REPORT_EN;
         i++) {
        const char *parts[PLACES] = {NULL};
        if (!match(report, report_texts[i][REPORT_EN], text, parts))
            continue;
        for (size_t k = 0; k < PLACES; k++)
            parts[k] = parts[k] != NULL ? report_key(report, parts[k]) : NULL;
        return say(report, (enum report_text)i, parts);
    }
    return text;
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
