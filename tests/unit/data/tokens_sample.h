/** A token set made by a formula, for the tests of writer, reader and pages. */
#ifndef LM_TESTS_TOKENS_SAMPLE_H
#define LM_TESTS_TOKENS_SAMPLE_H

#include <stdint.h>
#include <unistd.h>

#include <lmpipe/tokens.h>

enum { SAMPLE_LONGEST = 300000 };

struct sample {
    int64_t vocab;
    size_t documents[LM_SPLITS];
    size_t scale; /* mean length, roughly */
};

static inline uint64_t sample_mix(uint64_t x)
{
    x = (x ^ (x >> 31)) * 0x9E3779B97F4A7C15u;
    return x ^ (x >> 29);
}

/* Ids of document i of a split; returns their number: 0 now and then, sometimes very long. */
static inline size_t sample_document(int32_t *ids, const struct sample *s, size_t split, size_t i)
{
    uint64_t seed = sample_mix(split * 1000003 + i + 1);
    size_t count = i % 17 == 3 ? 0 : (size_t)(seed % (2 * s->scale + 1));
    count = i % 50 == 49 ? count * 20 : count;
    count = count > SAMPLE_LONGEST ? SAMPLE_LONGEST : count;
    for (size_t k = 0; k < count; k++)
        ids[k] = (int32_t)(sample_mix(seed + k) % (uint64_t)s->vocab);
    return count;
}

static inline enum lm_status sample_write(const char *path, const struct sample *s,
                                          struct lm_digest *digest, struct lm_err *err)
{
    struct lm_digest vocab;
    struct lm_tokens_writer *writer = NULL;
    lm_sha256_bytes(&vocab, "vocab", 5);
    unlink(path);
    int32_t eot = (int32_t)s->vocab - 1;
    LM_TRY(lm_tokens_create(&writer, path, s->vocab, eot, &vocab, err));
    int32_t *ids = malloc(SAMPLE_LONGEST * sizeof *ids);
    enum lm_status status = ids ? LM_OK : LM_NOMEM;
    for (size_t split = 0; split < LM_SPLITS; split++)
        for (size_t i = 0; i < s->documents[split] && status == LM_OK; i++) {
            size_t count = sample_document(ids, s, split, i);
            status = lm_tokens_add(writer, (enum lm_split)split, ids, count, sample_mix(i),
                                   (uint32_t)(3 * count), err);
        }
    free(ids);
    if (status == LM_OK)
        return lm_tokens_finish(writer, digest, err);
    lm_tokens_abandon(writer);
    return status;
}

/* Whether every document of an open set is as the formula says, by windows of `window` tokens. */
static inline bool sample_matches(struct lm_tokens *tokens, const struct sample *s, size_t window,
                                  struct lm_err *err)
{
    int32_t *want = malloc((SAMPLE_LONGEST + 1) * sizeof *want);
    int32_t *got = malloc((SAMPLE_LONGEST + 1) * sizeof *got);
    bool is_equal = want != NULL && got != NULL && lm_tokens_vocab(tokens) == s->vocab;
    for (size_t split = 0; split < LM_SPLITS && is_equal; split++) {
        enum lm_split e = (enum lm_split)split;
        uint64_t first = 0, bytes = 0;
        is_equal = lm_tokens_documents(tokens, e) == s->documents[split] &&
                   lm_tokens_check_documents(tokens, e, err) == LM_OK;
        for (size_t i = 0; i < s->documents[split] && is_equal; i++) {
            size_t count = sample_document(want, s, split, i);
            want[count] = (int32_t)s->vocab - 1;
            struct lm_document d = lm_tokens_document(tokens, e, i);
            is_equal = d.first == first && d.tokens == count + 1 && d.bytes == 3 * count &&
                       d.id == sample_mix(i);
            for (size_t at = 0; at <= count && is_equal; at += window) {
                size_t part = count + 1 - at < window ? count + 1 - at : window;
                is_equal = lm_tokens_read(tokens, e, first + at, part, got, err) == LM_OK &&
                           memcmp(got, want + at, part * sizeof *got) == 0;
            }
            first += count + 1;
            bytes += 3 * count;
        }
        is_equal =
            is_equal && lm_tokens_count(tokens, e) == first && lm_tokens_bytes(tokens, e) == bytes;
    }
    free(want);
    free(got);
    return is_equal;
}

#endif
