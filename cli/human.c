#include "human.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { SIZE = 32 };

char *lm_human_count(char out[32], uint64_t v)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)v), at = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

char *lm_human_si(char out[32], double v)
{
    static const char *const suffixes[] = {"", "k", "M", "G", "T", "P"};
    size_t i = 0;
    for (; v >= 999.5 && i < 5; i++)
        v /= 1000;
    bool whole = i == 0 ? v >= 9.95 : v >= 99.95;
    snprintf(out, SIZE, whole ? "%.0f%s" : "%.1f%s", v, suffixes[i]);
    return out;
}

char *lm_human_bytes(char out[32], uint64_t v)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)v;
    size_t i = 0;
    for (; value >= 999.95 && i < 6; i++)
        value /= 1000;
    snprintf(out, SIZE, i == 0 ? "%.0f %s" : "%.1f %s", value, units[i]);
    return out;
}

char *lm_human_clock(char out[32], double v)
{
    long whole = v > 0 && v < 1e9 ? (long)(v + 0.5) : 0;
    if (whole < 3600)
        snprintf(out, SIZE, "%ld:%02ld", whole / 60, whole % 60);
    else
        snprintf(out, SIZE, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    return out;
}

char *lm_human_age(char out[32], double v)
{
    static const struct {
        double seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}};

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (v >= units[i].seconds) {
            snprintf(out, SIZE, "%.0f %s", floor(v / units[i].seconds), units[i].unit);
            return out;
        }
    snprintf(out, SIZE, "%.0f s", v > 0 ? floor(v) : 0);
    return out;
}

char *lm_human_exponent(char out[32], double v)
{
    snprintf(out, SIZE, "%.1e", v);
    char *digits = strpbrk(out, "eE");
    if (digits == NULL)
        return out;
    digits += 1 + (digits[1] == '-');
    size_t zeros = strspn(digits, "+0");
    if (digits[zeros] == '\0')
        zeros--;
    memmove(digits, digits + zeros, strlen(digits + zeros) + 1);
    return out;
}
