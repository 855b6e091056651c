#include "tokenizer/formats/published.h"

#include <string.h>

#include "tokenizer/vocab.h"

static const struct lm_published_special gpt2_specials[] = {{LM_END_OF_TEXT_NAME, 50256},
                                                            {NULL, 0}};
static const struct lm_published_special cl100k_specials[] = {
    {LM_END_OF_TEXT_NAME, 100257}, {"<|fim_prefix|>", 100258},  {"<|fim_middle|>", 100259},
    {"<|fim_suffix|>", 100260},    {"<|endofprompt|>", 100276}, {NULL, 0}};
static const struct lm_published_special o200k_specials[] = {
    {LM_END_OF_TEXT_NAME, 199999}, {"<|endofprompt|>", 200018}, {NULL, 0}};

static const struct lm_published_ranks files[] = {
    {"r50k_base", "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
     LM_PATTERN_GPT2, 50256, gpt2_specials},
    {"p50k_base", "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
     LM_PATTERN_GPT2, 50281, gpt2_specials},
    {"cl100k_base", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
     LM_PATTERN_CL100K, 100256, cl100k_specials},
    {"o200k_base", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
     LM_PATTERN_O200K, 199998, o200k_specials},
};

enum { FILES = sizeof files / sizeof files[0] };

const struct lm_published_ranks *lm_published_by_digest(const char *sha256)
{
    for (size_t i = 0; i < FILES; i++)
        if (strcmp(files[i].sha256, sha256) == 0)
            return &files[i];
    return NULL;
}

const struct lm_published_ranks *lm_published_by_ranks(enum lm_pattern pattern, int32_t ranks)
{
    for (size_t i = 0; i < FILES; i++)
        if (files[i].pattern == pattern && files[i].ranks == ranks)
            return &files[i];
    return NULL;
}

/* ---- expressions ---- */

/* The first of a pattern is the one to write; others cut the same pieces. None has a quantifier
 * such as {1,3}+, which is possessive for some engines and a repetition for others. */
static const struct {
    enum lm_pattern pattern;
    const char *expression;
} expressions[] = {
    {LM_PATTERN_GPT2, "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+"
                      "|\\s+(?!\\S)|\\s+"},
    {LM_PATTERN_GPT2, "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+"
                      "|\\s+(?!\\S)|\\s+"},
    {LM_PATTERN_CL100K, "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                        "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},
    {LM_PATTERN_CL100K, "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}"
                        "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"},
    {LM_PATTERN_O200K,
     "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
     "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
     "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},
};

enum { EXPRESSIONS = sizeof expressions / sizeof expressions[0] };

bool lm_published_pattern(enum lm_pattern *pattern, const char *expression)
{
    for (size_t i = 0; i < EXPRESSIONS; i++) {
        if (strcmp(expressions[i].expression, expression) == 0) {
            *pattern = expressions[i].pattern;
            return true;
        }
    }
    return false;
}

const char *lm_published_expression(enum lm_pattern pattern)
{
    for (size_t i = 0; i < EXPRESSIONS; i++)
        if (expressions[i].pattern == pattern)
            return expressions[i].expression;
    return NULL;
}

int32_t lm_published_end_of_text(const struct lm_vocab *vocab)
{
    static const char *const names[] = {LM_END_OF_TEXT_NAME, "<|end_of_text|>", "</s>"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t size = strlen(names[i]);
        const uint8_t *name = (const uint8_t *)names[i];
        int32_t id =
            lm_token_map_find(&vocab->names, lm_token_key(name, size), name, lm_vocab_bytes(vocab));
        if (id >= 0)
            return id;
    }
    return -1;
}
