#include "base/json_flat.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"
#include "base/json_text.h"
#include "base/utf8.h"

/* ---- bytes ---- */

static const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;

/* Well-formed UTF-8 without control characters (line breaks are some)? */
static bool is_plain(const char *text, size_t size)
{
    uint64_t controls = 0, beyond = 0, word;
    size_t at = 0;
    for (; at + sizeof word <= size; at += sizeof word) {
        memcpy(&word, text + at, sizeof word);
        controls |= (word - 0x20 * ones) & ~word;
        beyond |= word;
    }
    word = 0x20 * ones;
    memcpy(&word, text + at, size - at);
    controls |= (word - 0x20 * ones) & ~word;
    beyond |= word;
    return (controls & highs) == 0 &&
           ((beyond & highs) == 0 || lm_utf8_valid_prefix((const uint8_t *)text, size) == size);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && *at == ' ')
        at++;
    return at;
}

/* ---- values ---- */

/* Are all escapes of a text escapes? */
static bool has_sound_escapes(const char *text, size_t size)
{
    const char *end = text + size, *at = memchr(text, '\\', size);
    while (at != NULL) {
        uint8_t bytes[4];
        size_t count, taken = lm_json_unescape(bytes, &count, at, (size_t)(end - at));
        if (taken == 0)
            return false;
        at = memchr(at + taken, '\\', (size_t)(end - at) - taken);
    }
    return true;
}

/* A text from its quote on; behind it, or NULL. */
static const char *take_text(struct lm_json_flat_value *out, const char *at, const char *end)
{
    const char *start = at + 1, *quote = lm_json_text_end(start, end);
    if (quote == NULL)
        return NULL;
    *out = (struct lm_json_flat_value){.kind = '"', .at = start, .size = (size_t)(quote - start)};
    out->has_escapes = memchr(start, '\\', out->size) != NULL;
    return !out->has_escapes || has_sound_escapes(start, out->size) ? quote + 1 : NULL;
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

static const char *take_number(struct lm_json_flat_value *out, const char *at, const char *end)
{
    const char *start = at, *first;
    at += at < end && *at == '-';
    first = at;
    at = skip_digits(at, end);
    if (at == first || (*first == '0' && at - first > 1))
        return NULL;
    if (at < end && *at == '.') {
        first = ++at;
        at = skip_digits(at, end);
        if (at == first)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at += at + 1 < end && (at[1] == '+' || at[1] == '-') ? 2 : 1;
        first = at;
        at = skip_digits(at, end);
        if (at == first)
            return NULL;
    }
    *out = (struct lm_json_flat_value){.kind = '0', .at = start, .size = (size_t)(at - start)};
    return at;
}

static const char *take_word(struct lm_json_flat_value *out, const char *at, const char *end)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t size = strlen(words[i]);
        if ((size_t)(end - at) < size || memcmp(at, words[i], size) != 0)
            continue;
        *out = (struct lm_json_flat_value){.kind = *at, .at = at, .size = size};
        return at + size;
    }
    return NULL;
}

/* A text, a number or a word; behind it, or NULL. */
static const char *take_plain(struct lm_json_flat_value *out, const char *at, const char *end)
{
    if (at < end && *at == '"')
        return take_text(out, at, end);
    return at < end && (*at == '-' || is_digit(*at)) ? take_number(out, at, end)
                                                     : take_word(out, at, end);
}

/* ---- lists ---- */

/* The next element, or one of kind '\0' for the bracket. False: it is none of a list. */
static bool take_element(struct lm_json_flat_list *list, struct lm_json_flat_value *out)
{
    const char *at = skip_space(list->at, list->end);
    if (at < list->end && *at == ']') {
        *out = (struct lm_json_flat_value){0};
        list->at = at + 1;
        return true;
    }
    if (!list->is_first) {
        if (at == list->end || *at != ',')
            return false;
        at = skip_space(at + 1, list->end);
    }
    at = take_plain(out, at, list->end);
    list->is_first = false;
    list->at = at;
    return at != NULL && at < list->end;
}

/* A list from its bracket on; behind it, or NULL. */
static const char *take_list(struct lm_json_flat_value *out, const char *at, const char *end)
{
    struct lm_json_flat_list list = {at + 1, end, true};
    struct lm_json_flat_value value;
    do {
        if (!take_element(&list, &value))
            return NULL;
    } while (value.kind != '\0');
    *out =
        (struct lm_json_flat_value){.kind = '[', .at = at + 1, .size = (size_t)(list.at - at) - 2};
    return list.at;
}

bool lm_json_flat_list_open(struct lm_json_flat_list *out, const char *text, size_t size)
{
    *out = (struct lm_json_flat_list){text + 1, text + size, true};
    return size > 1 && *text == '[' && is_plain(text, size);
}

bool lm_json_flat_list_next(struct lm_json_flat_list *list, struct lm_json_flat_value *out)
{
    return take_element(list, out) && (out->kind != '\0' || list->at == list->end);
}

/* ---- records ---- */

/* The bits of all keys so far; a key whose bit is there may be one of them. */
static bool is_new_key(const struct lm_json_flat *record, uint64_t *seen,
                       const struct lm_json_flat_value *key)
{
    unsigned hash = (unsigned)key->size;
    if (key->size > 0)
        hash += 7U * (unsigned char)key->at[0] + 31U * (unsigned char)key->at[key->size - 1];
    uint64_t bit = (uint64_t)1 << hash % 64;
    for (size_t i = 0; (*seen & bit) != 0 && i < record->count; i++)
        if (record->members[i].key_size == key->size &&
            memcmp(record->members[i].key, key->at, key->size) == 0)
            return false;
    *seen |= bit;
    return true;
}

/* A member from its key's quote on; behind it, or NULL. */
static const char *take_member(struct lm_json_flat *record, uint64_t *seen, const char *at,
                               const char *end)
{
    struct lm_json_flat_member *member = &record->members[record->count];
    struct lm_json_flat_value key;
    if (record->count == LM_JSON_FLAT_MEMBERS || *at != '"')
        return NULL;
    at = take_text(&key, at, end);
    if (at == NULL || key.has_escapes || !is_new_key(record, seen, &key))
        return NULL;
    at = skip_space(at, end);
    if (at == end || *at != ':')
        return NULL;
    at = skip_space(at + 1, end);
    at = at < end && *at == '[' ? take_list(&member->value, at, end)
                                : take_plain(&member->value, at, end);
    member->key = key.at;
    member->key_size = key.size;
    record->count += at != NULL;
    return at;
}

bool lm_json_flat_read(struct lm_json_flat *out, const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    uint64_t seen = 0;
    out->count = 0;
    if (size < 2 || *at != '{' || end[-1] != '}' || !is_plain(text, size))
        return false;
    end--;
    for (at = skip_space(at + 1, end); at < end; at = skip_space(at + 1, end)) {
        at = take_member(out, &seen, at, end);
        if (at == NULL)
            return false;
        at = skip_space(at, end);
        if (at == end)
            return true;
        if (*at != ',')
            return false;
    }
    return out->count == 0; /* else there is a comma too many */
}

struct lm_json_flat_value lm_json_flat_get(const struct lm_json_flat *record, const char *key)
{
    size_t size = strlen(key);
    for (size_t i = 0; i < record->count; i++)
        if (record->members[i].key_size == size && memcmp(record->members[i].key, key, size) == 0)
            return record->members[i].value;
    return (struct lm_json_flat_value){0};
}

/* ---- what values say ---- */

/* digits · 10^exponent, negative or not. */
struct decimal {
    uint64_t digits;
    int exponent;
    bool is_negative, is_whole;
};

enum { MOST_DIGITS = 19, /* that 64 bits hold */ MOST_SCALE = 27 /* 5^27 < 2^63 */ };

/* False: of more digits than are taken. `at` is a number that ends at `end`. */
static bool read_decimal(struct decimal *out, const char *at, const char *end)
{
    int count = 0;
    *out = (struct decimal){.is_negative = *at == '-', .is_whole = true};
    at += out->is_negative;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            out->is_whole = false;
            continue;
        }
        count += count > 0 || *at != '0';
        if (count > MOST_DIGITS)
            return false;
        out->digits = 10 * out->digits + (uint64_t)(*at - '0');
        out->exponent -= !out->is_whole;
    }
    if (at == end)
        return true;
    out->is_whole = false;
    bool is_down = at[1] == '-';
    int exponent = 0;
    for (at += at[1] == '-' || at[1] == '+' ? 2 : 1; at < end && exponent < 1000; at++)
        exponent = 10 * exponent + (*at - '0');
    out->exponent += is_down ? -exponent : exponent;
    return true;
}

/* 2^power, of normal numbers. */
static double power_of_two(int power)
{
    uint64_t bits = (uint64_t)(1023 + power) << 52;
    double out;
    memcpy(&out, &bits, sizeof out);
    return out;
}

/* digits / 10^scale, to the nearest double, ties to even: a quotient of 63 bits at least, whose
 * lowest one says whether anything is left, is rounded once. digits > 0, scale ≤ MOST_SCALE. */
static double divide(uint64_t digits, int scale)
{
    __extension__ typedef unsigned __int128 wide;
    uint64_t five = 1;
    for (int i = 0; i < scale; i++)
        five *= 5;
    int up = __builtin_clzll(digits), over = __builtin_clzll(five);
    wide dividend = (wide)(digits << up) << 63;
    uint64_t divisor = five << over, quotient = (uint64_t)(dividend / divisor);
    quotient |= (wide)quotient * divisor != dividend;
    return (double)quotient * power_of_two(over - up - 63 - scale);
}

/* The C library's reading; a record has something behind each number. */
static double read_slowly(const struct lm_json_flat_value *value, double fallback)
{
    bool is_whole = true;
    for (size_t i = 0; i < value->size; i++)
        is_whole = is_whole && (is_digit(value->at[i]) || value->at[i] == '-');
    errno = 0;
    double out = is_whole ? (double)strtoll(value->at, NULL, 10) : lm_c_strtod(value->at, NULL);
    bool is_fine = is_whole ? errno != ERANGE : isfinite(out);
    return is_fine ? out : fallback;
}

double lm_json_flat_double(const struct lm_json_flat_value *value, double fallback)
{
    struct decimal number;
    if (value->kind != '0')
        return fallback;
    bool is_short = read_decimal(&number, value->at, value->at + value->size);
    if (is_short && number.is_whole && number.digits <= INT64_MAX)
        return (double)(number.is_negative ? -(int64_t)number.digits : (int64_t)number.digits);
    if (!is_short || number.is_whole || number.digits == 0 || number.exponent > 0 ||
        number.exponent < -MOST_SCALE)
        return read_slowly(value, fallback);
    double out = divide(number.digits, -number.exponent);
    return number.is_negative ? -out : out;
}

const char *lm_json_flat_text(const struct lm_json_flat_value *value, struct lm_arena *arena,
                              bool *failed)
{
    if (value->kind != '"')
        return NULL;
    char *copy = lm_arena_strndup(arena, value->at, value->size);
    *failed = *failed || copy == NULL;
    if (copy != NULL && value->has_escapes) {
        size_t halves = 0, bad;
        copy[lm_json_unescape_all(copy, copy, value->size, &halves, &bad)] = '\0';
    }
    return copy;
}

bool lm_json_flat_is(const struct lm_json_flat_value *value, const char *text)
{
    return value->kind == '"' && !value->has_escapes &&
           strncmp(text, value->at, value->size) == 0 && text[value->size] == '\0';
}
