/**
 * Numbers as the C locale has them. The programs set no locale, but a host of the library may have:
 * after its setlocale(LC_ALL, "") a decimal comma must neither get into files nor be expected
 * there. What reads or writes floating-point numbers by the C library does so between enter and
 * leave.
 */
#ifndef LM_BASE_C_LOCALE_H
#define LM_BASE_C_LOCALE_H

#include <locale.h>
#include <stdarg.h>
#include <stddef.h>

/** Gives the calling thread the C locale; returns what it had, for lm_c_locale_leave. */
locale_t lm_c_locale_enter(void);
void lm_c_locale_leave(locale_t before);

/** strtod in the C locale. */
double lm_c_strtod(const char *text, char **end);
/** vsnprintf in the C locale. */
int lm_c_vsnprintf(char *out, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#endif
