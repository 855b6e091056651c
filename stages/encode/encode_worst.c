#include "encode_worst.h"

#include <string.h>

/* 0 only for one and the same line. Sizes are below 2^31 (lm_jsonl), so products fit. */
static int compare(const struct encode_line *a, const struct encode_line *b)
{
    const int64_t keys[][2] = {{a->bytes * b->tokens, b->bytes * a->tokens},
                               {b->bytes, a->bytes},
                               {a->split, b->split},
                               {a->document, b->document},
                               {a->line, b->line}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

/* Index of the line with equal text, count when there is none. */
static size_t find_equal(const struct encode_worst *worst, const struct encode_line *line)
{
    size_t i = 0;
    while (i < worst->count &&
           (worst->lines[i].hash != line->hash || worst->lines[i].bytes != line->bytes))
        i++;
    return i;
}

bool encode_worst_takes(const struct encode_worst *worst, const struct encode_line *line)
{
    if (worst->count == ENCODE_WORST_LINES &&
        compare(line, &worst->lines[ENCODE_WORST_LINES - 1]) >= 0)
        return false;
    size_t equal = find_equal(worst, line);
    return equal == worst->count || compare(line, &worst->lines[equal]) < 0;
}

void encode_worst_put(struct encode_worst *worst, const struct encode_line *line)
{
    if (!encode_worst_takes(worst, line))
        return;
    size_t gap = find_equal(worst, line); /* its place, else a new one, else the last one's */
    if (gap == worst->count)
        worst->count += worst->count < ENCODE_WORST_LINES;
    gap = gap < worst->count ? gap : worst->count - 1;
    for (; gap > 0 && compare(line, &worst->lines[gap - 1]) < 0; gap--)
        worst->lines[gap] = worst->lines[gap - 1];
    worst->lines[gap] = *line;
}

void encode_line_excerpt(struct encode_line *line, const uint8_t *text,
                         const struct encode_ids *ids, const uint32_t *sizes)
{
    size_t size = (size_t)line->bytes, end = ids->lead;
    if (size > ENCODE_EXCERPT)
        for (size = ENCODE_EXCERPT; size > 0 && (text[size] & 0xC0) == 0x80;)
            size--;
    memcpy(line->text, text, size);
    line->text_size = size;
    line->id_count = 0;
    for (size_t i = 0; i < ids->count; i++) {
        end += sizes[ids->ids[i]];
        if (end > size)
            break;
        line->ids[line->id_count++] = ids->ids[i];
    }
}
