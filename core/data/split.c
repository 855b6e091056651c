#include "data/split.h"

enum lm_split lm_split_draw(const struct lm_digest *digest, double valid, double test)
{
    uint64_t head = 0;
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | digest->bytes[i];
    double place = (double)(head >> 11) * 0x1p-53;
    return place < test ? LM_TEST : place < test + valid ? LM_VALID : LM_TRAIN;
}
