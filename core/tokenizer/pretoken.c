#include <lmpipe/tokenizer.h>

#include <stdlib.h>

#include "tokenizer/regex.h"
#include "tokenizer/scan.h"

const char *const lm_pattern_names[] = {"gpt2", "cl100k", "o200k", "chars", "bytes", "regex", NULL};

static size_t scan_char(const uint8_t *text, size_t size, size_t at)
{
    return at + lm_scan_char(text, size, at).length;
}

static size_t scan_byte(const uint8_t *text, size_t size, size_t at)
{
    (void)text;
    (void)size;
    return at + 1;
}

static lm_scan_fn *const scanners[] = {lm_scan_gpt2, lm_scan_cl100k, lm_scan_o200k,
                                       scan_char,    scan_byte,      NULL};

struct lm_pretokenizer {
    lm_scan_fn *scan;
    struct lm_regex *regex; /* when there is no scanner */
};

enum lm_status lm_pretokenizer_create(struct lm_pretokenizer **out, enum lm_pattern pattern,
                                      const char *regex, struct lm_err *err)
{
    struct lm_pretokenizer *pretokenizer = calloc(1, sizeof *pretokenizer);
    if (pretokenizer == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a pretokenizer; free some");
    pretokenizer->scan = scanners[pattern];
    enum lm_status status = LM_OK;
    if (pattern == LM_PATTERN_REGEX)
        status = lm_regex_create(&pretokenizer->regex, regex, err);
    if (status == LM_OK)
        *out = pretokenizer;
    else
        lm_pretokenizer_free(pretokenizer);
    return status;
}

void lm_pretokenizer_free(struct lm_pretokenizer *pretokenizer)
{
    if (pretokenizer == NULL)
        return;
    lm_regex_free(pretokenizer->regex);
    free(pretokenizer);
}

/* What lies before a match is a piece, then the match. */
static enum lm_status find_pieces(struct lm_regex *regex, const uint8_t *text, size_t size,
                                  size_t *at, size_t *ends, size_t capacity, size_t *count,
                                  struct lm_err *err)
{
    *count = 0;
    while (*at < size && *count < capacity) {
        size_t start, end;
        LM_TRY(lm_regex_find(regex, text, size, *at, &start, &end, err));
        if (start > *at)
            ends[(*count)++] = *at = start;
        if (end > *at && *count < capacity)
            ends[(*count)++] = *at = end;
    }
    return LM_OK;
}

enum lm_status lm_pretokenize(struct lm_pretokenizer *pretokenizer, const uint8_t *text,
                              size_t size, size_t *at, size_t *ends, size_t capacity, size_t *count,
                              struct lm_err *err)
{
    if (pretokenizer->regex != NULL)
        return find_pieces(pretokenizer->regex, text, size, at, ends, capacity, count, err);
    size_t place = *at, pieces = 0;
    while (place < size && pieces < capacity)
        ends[pieces++] = place = pretokenizer->scan(text, size, place);
    *at = place;
    *count = pieces;
    return LM_OK;
}
