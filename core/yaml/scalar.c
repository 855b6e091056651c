#include "yaml/scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/c_locale.h"
#include "base/utf8.h"

struct word {
    const char *text;
    struct lm_scalar value;
};

#define NULL_WORD(t)                                                                               \
    {                                                                                              \
        t,                                                                                         \
        {                                                                                          \
            .type = LM_SCALAR_NULL                                                                 \
        }                                                                                          \
    }
#define BOOL_WORD(t, v)                                                                            \
    {                                                                                              \
        t,                                                                                         \
        {                                                                                          \
            .type = LM_SCALAR_BOOL, .boolean = v                                                   \
        }                                                                                          \
    }
#define REAL_WORD(t, v)                                                                            \
    {                                                                                              \
        t,                                                                                         \
        {                                                                                          \
            .type = LM_SCALAR_FLOAT, .real = v                                                     \
        }                                                                                          \
    }

static const struct word words[] = {
    NULL_WORD(""),
    NULL_WORD("~"),
    NULL_WORD("null"),
    NULL_WORD("Null"),
    NULL_WORD("NULL"),
    BOOL_WORD("true", true),
    BOOL_WORD("True", true),
    BOOL_WORD("TRUE", true),
    BOOL_WORD("false", false),
    BOOL_WORD("False", false),
    BOOL_WORD("FALSE", false),
    REAL_WORD(".inf", INFINITY),
    REAL_WORD(".Inf", INFINITY),
    REAL_WORD(".INF", INFINITY),
    REAL_WORD("+.inf", INFINITY),
    REAL_WORD("+.Inf", INFINITY),
    REAL_WORD("+.INF", INFINITY),
    REAL_WORD("-.inf", -INFINITY),
    REAL_WORD("-.Inf", -INFINITY),
    REAL_WORD("-.INF", -INFINITY),
    REAL_WORD(".nan", NAN),
    REAL_WORD(".NaN", NAN),
    REAL_WORD(".NAN", NAN),
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(const char *text)
{
    size_t n = 0;
    while (is_digit(text[n]))
        n++;
    return n;
}

static struct lm_scalar integer(const char *digits_text, int base, bool negative)
{
    errno = 0;
    unsigned long long v = strtoull(digits_text, NULL, base);
    unsigned long long most = (unsigned long long)INT64_MAX + (negative ? 1 : 0);
    if (errno == ERANGE || v > most)
        return (struct lm_scalar){.type = LM_SCALAR_TOO_LARGE};
    int64_t value = negative ? (int64_t)(0 - v) : (int64_t)v;
    return (struct lm_scalar){.type = LM_SCALAR_INT, .integer = value, .real = (double)value};
}

/** 0o17 and 0x1F; type STR when it is neither. */
static struct lm_scalar based(const char *text)
{
    static const char octal[] = "01234567", hex[] = "0123456789abcdefABCDEF";
    struct lm_scalar none = {.type = LM_SCALAR_STR};
    if (text[0] != '0' || (text[1] != 'o' && text[1] != 'x') || text[2] == '\0')
        return none;
    const char *allowed = text[1] == 'o' ? octal : hex;
    if (text[2 + strspn(text + 2, allowed)] != '\0')
        return none;
    return integer(text + 2, text[1] == 'o' ? 8 : 16, false);
}

static struct lm_scalar decimal(const char *text)
{
    struct lm_scalar none = {.type = LM_SCALAR_STR};
    const char *p = text + (*text == '-' || *text == '+');
    size_t whole = digits(p), fraction = 0;
    const char *end = p + whole;
    bool point = *end == '.';
    if (point) {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if (whole + fraction == 0)
        return none;
    bool exponent = *end == 'e' || *end == 'E';
    if (exponent) {
        end += 1 + (end[1] == '-' || end[1] == '+');
        size_t n = digits(end);
        if (n == 0)
            return none;
        end += n;
    }
    if (*end != '\0')
        return none;
    if (whole > 1 && *p == '0')
        return (struct lm_scalar){.type = LM_SCALAR_ZERO_LED};
    if (!point && !exponent)
        return integer(p, 10, *text == '-');
    double value = lm_c_strtod(text, NULL);
    return (struct lm_scalar){.type = LM_SCALAR_FLOAT, .real = value == 0 ? 0.0 : value};
}

struct lm_scalar lm_scalar_resolve(const char *text, bool plain)
{
    if (!plain)
        return (struct lm_scalar){.type = LM_SCALAR_STR};
    /* Most texts begin with a letter or digit that no word begins with. */
    bool maybe = text[0] == '\0' || strchr("~nNtTfF.+-", text[0]) != NULL;
    for (size_t i = 0; maybe && i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i].text) == 0)
            return words[i].value;
    struct lm_scalar value = based(text);
    return value.type != LM_SCALAR_STR ? value : decimal(text);
}

struct unit {
    char letter;
    double factor;
};

static const struct unit duration_units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
static const struct unit size_units[] = {
    {'T', 1099511627776.0}, {'G', 1073741824}, {'M', 1048576}, {'K', 1024}};

bool lm_scalar_duration(double *seconds, const char *text)
{
    size_t length = strlen(text);
    if (length < 2 || length > 31)
        return false;
    char number[32];
    memcpy(number, text, length - 1);
    number[length - 1] = '\0';
    struct lm_scalar value = lm_scalar_resolve(number, true);
    if ((value.type != LM_SCALAR_INT && value.type != LM_SCALAR_FLOAT) || !isfinite(value.real) ||
        value.real < 0)
        return false;
    for (size_t i = 0; i < sizeof duration_units / sizeof duration_units[0]; i++)
        if (text[length - 1] == duration_units[i].letter) {
            *seconds = value.real * duration_units[i].factor;
            return isfinite(*seconds);
        }
    return false;
}

bool lm_scalar_size(int64_t *bytes, const char *text)
{
    size_t length = strlen(text);
    if (length < 1 || length > 31)
        return false;
    char number[32];
    double factor = 1;
    memcpy(number, text, length + 1);
    for (size_t i = 0; i < sizeof size_units / sizeof size_units[0]; i++)
        if (text[length - 1] == size_units[i].letter) {
            factor = size_units[i].factor;
            number[length - 1] = '\0';
        }
    struct lm_scalar value = lm_scalar_resolve(number, true);
    if (value.type != LM_SCALAR_INT || value.integer < 0 ||
        value.integer > INT64_MAX / (int64_t)factor)
        return false;
    *bytes = value.integer * (int64_t)factor;
    return true;
}

char *lm_scalar_print_duration(char out[40], double seconds)
{
    char number[32];
    size_t i = 0, last = sizeof duration_units / sizeof duration_units[0] - 1;
    while (i < last && (seconds == 0 || fmod(seconds, duration_units[i].factor) != 0))
        i++;
    lm_format_double(number, seconds / duration_units[i].factor);
    snprintf(out, 40, "%s%c", number, duration_units[i].letter);
    return out;
}

char *lm_scalar_print_size(char out[40], int64_t bytes)
{
    for (size_t i = 0; i < sizeof size_units / sizeof size_units[0]; i++) {
        int64_t factor = (int64_t)size_units[i].factor;
        if (bytes != 0 && bytes % factor == 0) {
            snprintf(out, 40, "%" PRId64 "%c", bytes / factor, size_units[i].letter);
            return out;
        }
    }
    snprintf(out, 40, "%" PRId64, bytes);
    return out;
}

/** Can a text stand without quotes? Simple names that are no null, boolean or number. */
static bool is_bare(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789./-";
    return text[0] != '\0' && strchr(first, text[0]) != NULL && text[strspn(text, rest)] == '\0' &&
           lm_scalar_resolve(text, true).type == LM_SCALAR_STR;
}

/** A character in double quotes (YAML 1.2.2, section 5.7): escaped when a reader might refuse it,
 *  fold it or not show it. */
static void put_quoted(struct lm_buf *out, uint32_t c, const char *bytes, size_t length)
{
    static const struct {
        char c;
        const char *escape;
    } escapes[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\t', "\\t"}, {'\r', "\\r"}};

    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
        if (c == (unsigned char)escapes[i].c) {
            lm_buf_puts(out, escapes[i].escape);
            return;
        }
    if (length > 0 && !lm_utf8_is_hidden(c))
        lm_buf_append(out, bytes, length);
    else
        lm_buf_printf(out, c <= 0xffff ? "\\u%04x" : "\\U%08x", length > 0 ? (unsigned)c : 0xfffdU);
}

void lm_scalar_print_text(struct lm_buf *out, const char *text)
{
    if (is_bare(text)) {
        lm_buf_puts(out, text);
        return;
    }
    lm_buf_putc(out, '"');
    for (size_t left = strlen(text), length; left > 0; text += length, left -= length) {
        uint32_t c;
        length = lm_utf8_decode(&c, (const uint8_t *)text, left);
        put_quoted(out, c, text, length);
        length += length == 0;
    }
    lm_buf_putc(out, '"');
}
