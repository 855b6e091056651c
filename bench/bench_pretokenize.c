/*
 * Pretokenizing beside PCRE2 with machine code: for each pattern that has been published both cut
 * the text in turn, 5 times; prints MB/s of the best and the ratio. bench_pretokenize TEXT The text
 * is cut into documents of about 64 KB that end with a line.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <lmpipe/tokenizer.h>

#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "bench.h"

enum { DOCUMENT = 64 << 10, REPEATS = 5, BATCH = 64 };

/* GPT-2's encoder.py; tiktoken's openai_public.py. */
static const struct {
    enum lm_pattern pattern;
    const char *expression;
} patterns[] = {
    {LM_PATTERN_GPT2,
     "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s"},
    {LM_PATTERN_CL100K, "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| "
                        "?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|"
                        "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},
    {LM_PATTERN_O200K,
     "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
     "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
     "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},
};

struct sides {
    struct lm_pretokenizer *pretokenizer;
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static size_t cut_ours(struct sides *sides, const uint8_t *text, size_t size)
{
    size_t ends[BATCH], count, at = 0, pieces = 0;
    do {
        lm_pretokenize(sides->pretokenizer, text, size, &at, ends, BATCH, &count, NULL);
        pieces += count;
    } while (count > 0);
    return pieces;
}

static size_t cut_pcre2(struct sides *sides, const uint8_t *text, size_t size)
{
    size_t pieces = 0;
    const PCRE2_SIZE *found = pcre2_get_ovector_pointer(sides->match);
    for (size_t at = 0; at < size; at = found[1], pieces++)
        if (pcre2_jit_match(sides->code, text, size, at, PCRE2_NO_UTF_CHECK, sides->match,
                            sides->context) < 1)
            break;
    return pieces;
}

typedef size_t cut_fn(struct sides *sides, const uint8_t *text, size_t size);

/* CPU seconds to cut all documents; *pieces: how many. */
static double measure(cut_fn *cut, struct sides *sides, const char *text, size_t size,
                      size_t *pieces)
{
    double start = bench_now(CLOCK_PROCESS_CPUTIME_ID);
    *pieces = 0;
    for (size_t at = 0; at < size;) {
        size_t end = at + DOCUMENT < size ? at + DOCUMENT : size;
        const char *newline = end < size ? memchr(text + end, '\n', size - end) : NULL;
        end = newline != NULL ? (size_t)(newline + 1 - text) : size;
        *pieces += cut(sides, (const uint8_t *)text + at, end - at);
        at = end;
    }
    return bench_now(CLOCK_PROCESS_CPUTIME_ID) - start;
}

static bool prepare(struct sides *sides, enum lm_pattern pattern, const char *expression)
{
    int error;
    PCRE2_SIZE offset;
    sides->code =
        pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
                      PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY, &error, &offset, NULL);
    if (sides->code == NULL || pcre2_jit_compile(sides->code, PCRE2_JIT_COMPLETE) != 0)
        return false;
    sides->match = pcre2_match_data_create(1, NULL);
    sides->context = pcre2_match_context_create(NULL);
    sides->stack = pcre2_jit_stack_create(1u << 16, 8u << 20, NULL);
    pcre2_jit_stack_assign(sides->context, NULL, sides->stack);
    return lm_pretokenizer_create(&sides->pretokenizer, pattern, NULL, NULL) == LM_OK;
}

static void release(struct sides *sides)
{
    lm_pretokenizer_free(sides->pretokenizer);
    pcre2_match_data_free(sides->match);
    pcre2_match_context_free(sides->context);
    pcre2_jit_stack_free(sides->stack);
    pcre2_code_free(sides->code);
}

int main(int argc, char **argv)
{
    struct lm_err err = {LM_OK, ""};
    struct lm_arena *arena = lm_arena_create();
    char *text;
    size_t size;
    if (argc != 2 || lm_file_read(&text, &size, arena, argv[1], (size_t)1 << 33, &err) != LM_OK) {
        fprintf(stderr, "usage: bench_pretokenize TEXT %s\n", err.text);
        return 2;
    }
    printf("pretokenize %s, %.1f MB\n", argv[1], (double)size / 1e6);
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        struct sides sides;
        size_t ours = 0, theirs = 0;
        double best = 1e30, other = 1e30;
        if (!prepare(&sides, patterns[i].pattern, patterns[i].expression))
            return 1;
        for (int k = 0; k < REPEATS; k++) {
            double a = measure(cut_ours, &sides, text, size, &ours);
            double b = measure(cut_pcre2, &sides, text, size, &theirs);
            best = a < best ? a : best;
            other = b < other ? b : other;
        }
        printf("  %-7s %7.1f MB/s  PCRE2 %7.1f MB/s  x %5.2f  %zu pieces%s\n",
               lm_pattern_names[patterns[i].pattern], (double)size / 1e6 / best,
               (double)size / 1e6 / other, other / best, ours,
               ours == theirs ? "" : " (not the same number)");
        release(&sides);
    }
    lm_arena_free(arena);
    return 0;
}
