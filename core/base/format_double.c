#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/c_locale.h"

enum { MOST_DIGITS = 17, SAFE_DIGITS = 15, SMALLEST_PLAIN = -4, LARGEST_PLAIN = 15 };

/* Decimal significand without trailing zeros and its exponent: 0.d1d2d3… * 10^(exponent + 1). */
struct decimal {
    char digits[MOST_DIGITS + 1];
    int count, exponent;
};

static int round_trips(const char *text, double v)
{
    return strtod(text, NULL) == v;
}

/* Digits of a whole number > 0, without the zeros it ends with. */
static struct decimal digits_of(uint64_t number)
{
    struct decimal d = {.count = 0};
    char reversed[MOST_DIGITS + 3];
    int count = 0;
    for (; number > 0; number /= 10)
        reversed[count++] = (char)('0' + number % 10);
    d.exponent = count - 1;
    int zeros = 0;
    while (zeros < count && reversed[zeros] == '0')
        zeros++;
    while (count > zeros)
        d.digits[d.count++] = reversed[--count];
    return d;
}

/* The same for numbers with few digits behind the point, as most are: a whole number of at most 15
 * digits over a power of ten is the only one of so many digits that reads back as this double,
 * since both are exact and division rounds as reading does. */
static bool is_short(struct decimal *out, double v)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

    if (!(v >= 1e-4) || !(v < 1e15))
        return false;
    for (int i = 0; i < (int)(sizeof powers / sizeof powers[0]); i++) {
        double scaled = v * powers[i];
        if (!(scaled < 1e15))
            return false;
        uint64_t whole = (uint64_t)(scaled + 0.5);
        if (whole > 0 && (double)whole / powers[i] == v) {
            *out = digits_of(whole);
            out->exponent -= i;
            return true;
        }
    }
    return false;
}

/* The form that reads back with the fewest digits, in scientific notation. */
static void search(char text[40], double v)
{
    locale_t before = lm_c_locale_enter();
    for (int digits = isnormal(v) ? SAFE_DIGITS : 1;; digits++) {
        snprintf(text, 40, "%.*e", digits - 1, v);
        if (digits >= MOST_DIGITS || round_trips(text, v))
            break;
    }
    lm_c_locale_leave(before);
}

/* Fewest digits that read back as v > 0. Up to 15 digits every normal double's shortest form is
 * the 15-digit form without its zeros; subnormals have fewer bits, so they are tried one by one. */
static struct decimal shortest(double v)
{
    char text[40];
    search(text, v);
    struct decimal d = {.count = 0};
    const char *at = text;
    for (; *at != 'e'; at++)
        if (*at != '.')
            d.digits[d.count++] = *at;
    while (d.count > 1 && d.digits[d.count - 1] == '0')
        d.count--;
    d.exponent = (int)strtol(at + 1, NULL, 10);
    return d;
}

/* 1e-05, 1.5e+300 */
static void print_scientific(char *out, size_t room, const struct decimal *d)
{
    snprintf(out, room, "%c%s%.*se%c%02d", d->digits[0], d->count > 1 ? "." : "", d->count - 1,
             d->digits + 1, d->exponent < 0 ? '-' : '+', abs(d->exponent));
}

/* 0.001, 12.5, 1200: at most 4 zeros before the digits and 15 behind them. */
static void print_plain(char *out, const struct decimal *d)
{
    int whole = d->exponent + 1, digit = 0;
    if (whole <= 0) {
        memcpy(out, "0.0000", 6);
        out += 2 - whole;
    }
    for (; digit < d->count; digit++) {
        if (digit > 0 && digit == whole)
            *out++ = '.';
        *out++ = d->digits[digit];
    }
    for (; digit < whole; digit++)
        *out++ = '0';
    *out = '\0';
}

char *lm_format_double(char out[32], double v)
{
    size_t sign = signbit(v) && !isnan(v) ? 1 : 0;
    out[0] = '-';
    char *body = out + sign;
    double size = fabs(v);
    if (isnan(v) || isinf(v) || size == 0) {
        snprintf(body, 4, "%s", isnan(v) ? "nan" : size == 0 ? "0" : "inf");
        return out;
    }
    struct decimal d;
    if (!is_short(&d, size))
        d = shortest(size);
    if (d.exponent < SMALLEST_PLAIN || d.exponent > LARGEST_PLAIN)
        print_scientific(body, 32 - sign, &d);
    else
        print_plain(body, &d);
    return out;
}
