/** Names with digests or numbers, as members of a JSON object: outputs, metrics. */
#ifndef LM_COMPARE_NAMED_H
#define LM_COMPARE_NAMED_H

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "base/json.h"

/** "tokens" "lmdb:<hex>": a name and the digest of what it stands for. */
struct lm_named_digest {
    const char *name, *digest;
};

/** NaN: it was not finite. An interval is two values more, "valid.bpb.lo" and "valid.bpb.hi". */
struct lm_named_value {
    const char *name;
    double value;
};

/** A copy of a JSON text in the arena. LM_FORMAT: it is no text; LM_NOMEM. */
enum lm_status lm_named_text(const char **out, struct lm_arena *arena, const struct lm_json *value);
/** The members of an object of texts. LM_FORMAT (no words: the caller knows what it reads),
 *  LM_NOMEM. */
enum lm_status lm_named_digests(struct lm_named_digest **out, size_t *count, struct lm_arena *arena,
                                const struct lm_json *object);
/** The members of an object of numbers; null is NaN. The same. */
enum lm_status lm_named_values(struct lm_named_value **out, size_t *count, struct lm_arena *arena,
                               const struct lm_json *object);

/** A name and a value as JSON writes it: "0.001", "\"cosine\"", "null". */
struct lm_named_text {
    const char *name, *text;
};
/** The members of an object of anything. The same. */
enum lm_status lm_named_texts(struct lm_named_text **out, size_t *count, struct lm_arena *arena,
                              const struct lm_json *object);
/** Writes a value that was read. */
void lm_named_put(struct lm_json_writer *writer, const struct lm_json *value);
/** Writes a member whose value is JSON already. */
void lm_named_put_text(struct lm_json_writer *writer, const char *key, const char *text);
/** Write a member that is an object of all of them, in their order. */
void lm_named_digests_put(struct lm_json_writer *writer, const char *key,
                          const struct lm_named_digest *rows, size_t count);
void lm_named_values_put(struct lm_json_writer *writer, const char *key,
                         const struct lm_named_value *rows, size_t count);
void lm_named_texts_put(struct lm_json_writer *writer, const char *key,
                        const struct lm_named_text *rows, size_t count);
/** Text of a name, or NULL. */
const char *lm_named_text_find(const struct lm_named_text *rows, size_t count, const char *name);
/** Digest of a name, or NULL. */
const char *lm_named_digest_find(const struct lm_named_digest *rows, size_t count,
                                 const char *name);
/** Value of a name, or NaN. */
double lm_named_value_find(const struct lm_named_value *rows, size_t count, const char *name);
/** Sorts by the bytes of the names. */
void lm_named_digests_sort(struct lm_named_digest *rows, size_t count);
void lm_named_values_sort(struct lm_named_value *rows, size_t count);

#endif
