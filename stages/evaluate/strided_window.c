#include "strided_window.h"

uint64_t strided_window_count(uint64_t count, uint64_t context, uint64_t stride)
{
    if (count <= context)
        return count > 0;
    return 1 + (count - context + stride - 1) / stride;
}

struct strided_window strided_window_at(uint64_t index, uint64_t count, uint64_t context,
                                        uint64_t stride)
{
    struct strided_window window = {.first = index * stride};
    window.end = window.first + context < count ? window.first + context : count;
    window.fresh = index == 0 ? 0 : window.first + context - stride;
    return window;
}
