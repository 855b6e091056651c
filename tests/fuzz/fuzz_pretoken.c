/* Any bytes through every pattern: pieces cover the text, and batches of any size give the same. */
#include <lmpipe/tokenizer.h>

#include <stdlib.h>

static void check(enum lm_pattern pattern, const char *regex, const uint8_t *text, size_t size)
{
    struct lm_pretokenizer *pretokenizer = NULL;
    size_t ends[64], count, at = 0, last = 0, next = 0, single, one;
    if (lm_pretokenizer_create(&pretokenizer, pattern, regex, NULL) != LM_OK)
        abort();
    do {
        if (lm_pretokenize(pretokenizer, text, size, &at, ends, 64, &count, NULL) != LM_OK)
            break;
        for (size_t i = 0; i < count; last = ends[i++]) {
            lm_pretokenize(pretokenizer, text, size, &next, &single, 1, &one, NULL);
            if (ends[i] <= last || one != 1 || single != ends[i])
                abort();
        }
    } while (count > 0);
    if (last != size)
        abort();
    lm_pretokenizer_free(pretokenizer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < LM_PATTERN_REGEX; i++)
        check((enum lm_pattern)i, NULL, data, size);
    check(LM_PATTERN_REGEX, "\\w+|(?<=\\s)\\W", data, size);
    return 0;
}
