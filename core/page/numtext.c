#include "page/numtext.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MINUS "\xe2\x88\x92"

/* Groups the digits of an unsigned decimal ("1234.5" → "1,234.5") behind an optional sign. */
static struct lm_num grouped(const char *digits, int negative)
{
    struct lm_num out = {""};
    size_t whole = strcspn(digits, ".e"), used = 0;
    if (negative) {
        memcpy(out.text, MINUS, strlen(MINUS));
        used = strlen(MINUS);
    }
    for (size_t i = 0; digits[i] != '\0' && used + 2 < LM_NUM_SIZE; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0)
            out.text[used++] = ',';
        out.text[used++] = digits[i];
    }
    out.text[used] = '\0';
    return out;
}

struct lm_num lm_num_count(int64_t v)
{
    char digits[32];
    uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)magnitude);
    return grouped(digits, v < 0);
}

struct lm_num lm_num_fixed(double v, int digits)
{
    char text[400];
    if (!isfinite(v))
        return (struct lm_num){"n/a"};
    snprintf(text, sizeof text, "%.*f", digits, fabs(v));
    if (strlen(text) > 40)
        snprintf(text, sizeof text, "%.3e", fabs(v));
    int is_zero = strspn(text, "0.") == strlen(text);
    return grouped(text, v < 0 && !is_zero);
}

struct lm_num lm_num_short(double v, int significant)
{
    char text[64];
    if (!isfinite(v))
        return (struct lm_num){"n/a"};
    snprintf(text, sizeof text, "%.*g", significant, fabs(v));
    if (strchr(text, 'e') != NULL && fabs(v) >= 1 && fabs(v) < 1e15)
        snprintf(text, sizeof text, "%.0f", fabs(v));
    return grouped(text, v < 0);
}

struct lm_num lm_num_percent(double share, int digits)
{
    struct lm_num out = lm_num_fixed(100 * share, digits);
    if (isfinite(share))
        strncat(out.text, "\xc2\xa0%", LM_NUM_SIZE - strlen(out.text) - 1);
    return out;
}

/* Three significant digits of v with the first unit that keeps it below 1,000. */
static struct lm_num scaled(double v, const char *const *units, size_t count)
{
    struct lm_num out;
    size_t unit = 0;
    while (unit + 1 < count && fabs(v) >= 999.5) {
        v /= 1000;
        unit++;
    }
    int digits = unit == 0 || fabs(v) >= 99.95 ? 0 : fabs(v) >= 9.995 ? 1 : 2;
    struct lm_num figure = lm_num_fixed(v, digits);
    snprintf(out.text, sizeof out.text, "%.40s%s%s", figure.text, units[unit][0] ? "\xc2\xa0" : "",
             units[unit]);
    return out;
}

struct lm_num lm_num_bytes(uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    return scaled((double)bytes, units, sizeof units / sizeof units[0]);
}

struct lm_num lm_num_large(double v)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P"};
    if (fabs(v) < 10000)
        return lm_num_fixed(v, 0);
    return scaled(v, units, sizeof units / sizeof units[0]);
}

struct lm_num lm_num_seconds(double v)
{
    struct lm_num out;
    v = v > 0 && v < 1e15 ? v : 0;
    long long whole = (long long)(v + 0.5);
    if (v < 120)
        snprintf(out.text, sizeof out.text, v < 1 ? "%.2f s" : "%.1f s", v);
    else if (v < 3600)
        snprintf(out.text, sizeof out.text, "%lldm%02llds", whole / 60, whole % 60);
    else
        snprintf(out.text, sizeof out.text, "%lldh%02lldm", whole / 3600, whole / 60 % 60);
    return out;
}

struct lm_num lm_num_plain(struct lm_num text)
{
    static const char hard[] = "\xc2\xa0";
    for (char *at = text.text; (at = strstr(at, hard)) != NULL;) {
        *at = ' ';
        memmove(at + 1, at + strlen(hard), strlen(at + strlen(hard)) + 1);
    }
    return text;
}
