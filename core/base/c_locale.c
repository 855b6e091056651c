#include "base/c_locale.h"

#include <stdio.h>
#include <stdlib.h>

/* glibc has the C locale ready: nothing is allocated, so nothing can fail or is to be freed. */
locale_t lm_c_locale_enter(void)
{
    return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

void lm_c_locale_leave(locale_t before)
{
    uselocale(before);
}

double lm_c_strtod(const char *text, char **end)
{
    locale_t before = lm_c_locale_enter();
    double value = strtod(text, end);
    lm_c_locale_leave(before);
    return value;
}

int lm_c_vsnprintf(char *out, size_t size, const char *format, va_list arguments)
{
    locale_t before = lm_c_locale_enter();
    int length = vsnprintf(out, size, format, arguments);
    lm_c_locale_leave(before);
    return length;
}
