/** LM_SANITIZED: 1 where every access is checked, which takes tests ten times as long. */
#ifndef LM_TESTS_SANITIZED_H
#define LM_TESTS_SANITIZED_H

/* gcc says so by a macro, clang by a feature. */
#if defined(__SANITIZE_ADDRESS__)
#define LM_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LM_SANITIZED 1
#endif
#endif
#ifndef LM_SANITIZED
#define LM_SANITIZED 0
#endif

#endif
