/** Numbers as people read them: grouped counts, fixed digits, sizes. Locale-free, deterministic. */
#ifndef LM_PAGE_NUMTEXT_H
#define LM_PAGE_NUMTEXT_H

#include <stddef.h>
#include <stdint.h>

#define LM_NUM_SIZE 64

/** A short text by value, so that calls may stand side by side in one format. */
struct lm_num {
    char text[LM_NUM_SIZE];
};

/** "1,234,567"; the minus sign is U+2212. */
struct lm_num lm_num_count(int64_t v);
/** Exactly `digits` (0…15) digits after the point, grouped before it; "n/a" when not finite. */
struct lm_num lm_num_fixed(double v, int digits);
/** At most `significant` digits for any magnitude: "0.00083", "1,240", "3.2e-08". */
struct lm_num lm_num_short(double v, int significant);
/** 0.3071 → "30.7 %" with `digits` digits. */
struct lm_num lm_num_percent(double share, int digits);
/** "812 B", "1.42 MB" (powers of 1,000). */
struct lm_num lm_num_bytes(uint64_t bytes);
/** "0.02 s", "61.2 s", "4m10s", "2h05m"; below 0: 0. */
struct lm_num lm_num_seconds(double v);
/** "2.14 M" for tiles: k, M, G, T with three significant digits; below 10,000 grouped. */
struct lm_num lm_num_large(double v);

/** The same text with plain spaces, for terminals and logs. */
struct lm_num lm_num_plain(struct lm_num text);

#endif
