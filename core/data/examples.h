/**
 * Examples: items of a task in JSON lines (docs/formats/examples.md), each with an id of its own.
 *
 *   choice      {"id", "prompt", "choices": […], "gold": index}: a text and its label
 *   generate    {"id", "prompt", "references": […], "stop": […]}: a text and what follows it
 *   similarity  {"id", "a", "b", "score"}: two texts and how alike they are
 *
 * Further members are passed over. Which split an example belongs to is a function of its id and
 * texts alone, whatever stands beside it.
 */
#ifndef LM_DATA_EXAMPLES_H
#define LM_DATA_EXAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>
#include <lmpipe/tokens.h>

enum lm_example_form { LM_EXAMPLE_CHOICE, LM_EXAMPLE_GENERATE, LM_EXAMPLE_SIMILARITY };

/** "choice", "generate", "similarity", NULL. */
extern const char *const lm_example_form_names[];

/** UTF-8, NUL-terminated; size counts bytes without the NUL. */
struct lm_example_text {
    const char *data;
    size_t size;
};

struct lm_example {
    const char *id;
    struct lm_example_text prompt;      /**< choice, generate: the prompt; similarity: a */
    struct lm_example_text other;       /**< similarity: b */
    struct lm_example_text *references; /**< generate: at least one */
    size_t reference_count;
    struct lm_example_text *stops; /**< generate: what ends an answer; may be none */
    size_t stop_count;
    int64_t label; /**< choice: index into the labels */
    double score;  /**< similarity: in [0, 1] */
    enum lm_split split;
    const char *file; /**< where it was read, for messages */
    uint64_t line;
};

struct lm_examples {
    struct lm_example *items; /**< sorted by the bytes of their ids */
    size_t count;
    size_t splits[LM_SPLITS];       /**< how many are in each */
    struct lm_example_text *labels; /**< choice: the choices, equal in all examples */
    size_t label_count;
};

/** What is expected of them. */
struct lm_example_options {
    enum lm_example_form form;
    double valid, test;     /**< shares held out, each in [0, 1), together below 1 */
    double lowest, highest; /**< similarity: scores as they stand, mapped to 0 and 1 */
};

/**
 * Reads all files of a corpus folder (docs/formats/corpus.md) into the arena. The split is that of
 * u = (first 8 bytes of SHA-256, big-endian) / 2^64 over "lmpipe-examples" with its NUL, then the
 * id and the texts (prompt and references, or a and b), each after its length (8 bytes,
 * little-endian): test below `test`, valid below `test` + `valid`, else train. LM_FORMAT with file
 * and line: no JSON, a member that is missing or of another type, an item of another form, choices
 * other than the first item's; LM_RANGE: a gold or score out of its range; LM_INVALID: an id twice,
 * no example at all; LM_IO, LM_NOMEM.
 */
enum lm_status lm_examples_read(struct lm_examples *out, struct lm_arena *arena, const char *folder,
                                const struct lm_example_options *options, struct lm_err *err);

#endif
