#include "yaml/scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/c_locale.h"

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
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
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
            return true;
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
