/* The parts of an expression that stand for one character: literals, escapes, sets. */
#include "tokenizer/formats/regex_reader.h"

#include <string.h>

#include "base/utf8.h"
#include "tokenizer/formats/regex_names.h"

/* ---- escapes for sets ---- */

#define WORD "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"
#define LATIN_1                                                                                    \
    "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}" /* Oniguruma's \w has them outside of sets              \
                                            */

/* Texts that mean the same to each, by dialect, outside of sets and in them; NULL: there is none. A
 * longer one stands before its beginning. PCRE2's \s has U+180E, and its \w depends on its version.
 */
static const struct same {
    const char *outside[2], *inside[2];
} sames[] = {
    {{"\\s", "[\\s\\x{180E}]"}, {"\\s", "\\s\\x{180E}"}},
    {{"\\S", "[^\\s\\x{180E}]"}, {"\\S", "[^\\s\\x{180E}]"}},
    {{"\\p{White_Space}", "\\s"}, {"\\p{White_Space}", "\\s"}},
    {{"\\P{White_Space}", "\\S"}, {"\\P{White_Space}", "\\S"}},
    {{"[" WORD LATIN_1 "]", "\\w"}, {WORD, "\\w"}},
    {{"[^" WORD LATIN_1 "]", "\\W"}, {NULL, NULL}},
    {{"\\d", "\\d"}, {"\\d", "\\d"}},
    {{"\\D", "\\D"}, {"\\D", "\\D"}},
};

static enum lm_regex_dialect other(enum lm_regex_dialect dialect)
{
    return dialect == LM_REGEX_PCRE2 ? LM_REGEX_ONIGURUMA : LM_REGEX_PCRE2;
}

/* Reads one of these, if one stands here. */
static bool take_same(struct lm_regex_reader *reader, bool is_inside)
{
    for (size_t i = 0; i < sizeof sames / sizeof sames[0]; i++) {
        const char *const *texts = is_inside ? sames[i].inside : sames[i].outside;
        const char *text = texts[reader->from];
        if (text == NULL || strncmp(reader->at, text, strlen(text)) != 0)
            continue;
        reader->at += strlen(text);
        lm_buf_puts(reader->out, texts[other(reader->from)]);
        return true;
    }
    return false;
}

/* \p{…} and \P{…}, each with a ^ that turns it round. */
static enum lm_status read_property(struct lm_regex_reader *reader)
{
    struct lm_regex_name name;
    const char *at = reader->at + 2, *end = *at == '{' ? strchr(at, '}') : NULL;
    bool is_not = reader->at[1] == 'P';
    if (end == NULL)
        return lm_regex_refuse(reader, "\\p without braces");
    if (*++at == '^') {
        is_not = !is_not;
        at++;
    }
    if (!lm_regex_name_find(&name, at, (size_t)(end - at), reader->from))
        return lm_regex_refuse(
            reader, reader->from == LM_REGEX_PCRE2
                        ? "a property that is neither a general category nor \\p{sc:SCRIPT}"
                        : "a property that is neither a general category nor a script");
    lm_buf_printf(reader->out, "\\%c{%s%s}", is_not ? 'P' : 'p', name.prefix[other(reader->from)],
                  name.name);
    reader->at = end + 1;
    return LM_OK;
}

/* ---- single characters ---- */

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Digits of a character's number: exactly `exact` of them, or up to eight (0). */
static bool read_hex(const char **at, int exact, uint32_t *value)
{
    int digits = 0;
    *value = 0;
    for (; hex_digit(**at) >= 0 && digits < (exact > 0 ? exact : 8); digits++)
        *value = *value << 4 | (uint32_t)hex_digit(*(*at)++);
    uint8_t bytes[4];
    return digits > 0 && (exact == 0 || digits == exact) && lm_utf8_encode(bytes, *value) > 0;
}

/* \x{…}, for Oniguruma \uXXXX too; false when it is neither. */
static bool take_number(struct lm_regex_reader *reader, uint32_t *value)
{
    const char *at = reader->at + 2;
    bool is_braced = reader->at[1] == 'x' && *at == '{';
    bool is_short = reader->at[1] == 'u' && reader->from == LM_REGEX_ONIGURUMA;
    at += is_braced;
    if ((!is_braced && !is_short) || !read_hex(&at, is_short ? 4 : 0, value) ||
        (is_braced && *at++ != '}'))
        return false;
    lm_buf_printf(reader->out, "\\x{%X}", *value);
    reader->at = at;
    return true;
}

/* A backslash before what stands for one character: punctuation, controls, numbers. */
static bool take_character(struct lm_regex_reader *reader, uint32_t *value)
{
    static const char letters[] = "nrtfae", values[] = "\n\r\t\f\a\033";
    char c = reader->at[1];
    const char *letter = c == '\0' ? NULL : strchr(letters, c);
    if (c < ' ' || c > '~')
        return false;
    if (letter == NULL && is_alphanumeric(c))
        return take_number(reader, value);
    *value = letter != NULL ? (uint32_t)values[letter - letters] : (uint32_t)c;
    lm_buf_append(reader->out, reader->at, 2);
    reader->at += 2;
    return true;
}

static enum lm_status check_case(struct lm_regex_reader *reader, uint32_t letter)
{
    return reader->is_caseless && letter >= 0x80
               ? lm_regex_refuse(reader, "before it a character beyond ASCII without case")
               : LM_OK;
}

enum lm_status lm_regex_literal(struct lm_regex_reader *reader, uint32_t *letter)
{
    size_t left = strlen(reader->at);
    size_t size = lm_utf8_decode(letter, (const uint8_t *)reader->at, left < 4 ? left : 4);
    if (size == 0)
        return lm_regex_refuse(reader, "bytes that are not UTF-8");
    lm_buf_append(reader->out, reader->at, size);
    reader->at += size;
    return check_case(reader, *letter);
}

enum lm_status lm_regex_escape(struct lm_regex_reader *reader, uint32_t *letter)
{
    bool is_property = reader->at[1] == 'p' || reader->at[1] == 'P';
    *letter = 0;
    if (take_character(reader, letter))
        return check_case(reader, *letter);
    if (reader->is_caseless)
        return lm_regex_refuse(reader, "a class without case");
    if (take_same(reader, false))
        return LM_OK;
    if (!is_property)
        return lm_regex_refuse(reader,
                               "an escape other than \\s \\S \\d \\D \\p{…} \\n \\r \\t and "
                               "\\x{…}");
    return read_property(reader);
}

/* ---- sets ---- */

/* A member that is one character, or with *is_class a class. */
static enum lm_status read_member(struct lm_regex_reader *reader, uint32_t *letter, bool *is_class)
{
    bool is_property = reader->at[1] == 'p' || reader->at[1] == 'P';
    *is_class = take_same(reader, true);
    if (!*is_class && *reader->at == '[')
        return lm_regex_refuse(reader, "a set within a set; write \\[");
    if (!*is_class && strncmp(reader->at, "&&", 2) == 0)
        return lm_regex_refuse(reader, "an intersection of sets");
    if (!*is_class && *reader->at != '\\')
        return lm_regex_literal(reader, letter);
    if (!*is_class && take_character(reader, letter))
        return check_case(reader, *letter);
    if (!*is_class && !is_property)
        return lm_regex_refuse(reader,
                               "an escape other than \\s \\S \\d \\D \\p{…} \\n \\r \\t and "
                               "\\x{…}");
    if (reader->is_caseless)
        return lm_regex_refuse(reader, "a class without case");
    bool was_same = *is_class;
    *is_class = true;
    return was_same ? LM_OK : read_property(reader);
}

/* The end of a range, behind a hyphen that does not end the set. */
static enum lm_status read_range(struct lm_regex_reader *reader, uint32_t first)
{
    uint32_t last = 0;
    bool is_class;
    lm_buf_putc(reader->out, *reader->at++);
    LM_TRY(read_member(reader, &last, &is_class));
    if (is_class || last < first)
        return lm_regex_refuse(reader, "before it a range that is none");
    if (*reader->at == '-' && reader->at[1] != ']')
        return lm_regex_refuse(reader, "a hyphen behind a range; write \\-");
    return LM_OK;
}

/* One part of a set: a class, a range, or a character, which becomes *letter (else 0). A hyphen
 * stands for itself at either end only. */
static enum lm_status read_part(struct lm_regex_reader *reader, bool is_first, uint32_t *letter)
{
    bool is_class, is_hyphen = *reader->at == '-';
    if (*reader->at == '\0' || *reader->at == ']')
        return lm_regex_refuse(reader, "an empty set, or one that does not end");
    if (is_hyphen && !is_first && reader->at[1] != ']')
        return lm_regex_refuse(reader, "a hyphen between classes; write \\-");
    LM_TRY(read_member(reader, letter, &is_class));
    bool is_range = !is_class && !is_hyphen && *reader->at == '-' && reader->at[1] != ']';
    if (is_range)
        LM_TRY(read_range(reader, *letter));
    if (is_class || is_range)
        *letter = 0;
    return LM_OK;
}

enum lm_status lm_regex_class(struct lm_regex_reader *reader, uint32_t *letter)
{
    uint32_t member = 0;
    size_t members = 0;
    *letter = 0;
    if (!reader->is_caseless && take_same(reader, false))
        return LM_OK;
    lm_buf_putc(reader->out, *reader->at++);
    bool is_not = *reader->at == '^';
    if (is_not && reader->is_caseless)
        return lm_regex_refuse(reader, "a set of all others without case");
    if (is_not)
        lm_buf_putc(reader->out, *reader->at++);
    for (; *reader->at != ']' || members == 0; members++)
        LM_TRY(read_part(reader, members == 0, &member));
    lm_buf_putc(reader->out, *reader->at++);
    *letter = members == 1 && !is_not ? member : 0;
    return LM_OK;
}
