#include "text/unicode.h"

const struct lm_script_range *lm_unicode_script_range(uint32_t code_point)
{
    size_t low = 0, high = lm_script_range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct lm_script_range *range = &lm_script_ranges[middle];
        if (code_point < range->first)
            high = middle;
        else if (code_point > range->last)
            low = middle + 1;
        else
            return range;
    }
    return NULL;
}

size_t lm_unicode_script(uint32_t code_point)
{
    const struct lm_script_range *range = lm_unicode_script_range(code_point);
    return range != NULL ? range->script : 0;
}
