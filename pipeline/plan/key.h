/**
 * The key of an action: canonical text (docs/formats/key.md), a fact a line, e.g.
 *   lmpipe-key 1 / stage train 1 / param lr float 0.001 / input tokens sha256:… / seed 1337 /
 *   numerics blas openblas 0.3.21 SkylakeX f32
 * Its SHA-256 names the action.
 */
#ifndef LM_PLAN_KEY_H
#define LM_PLAN_KEY_H

#include "base/buf.h"
#include "spec/spec.h"

/** Digests a key needs, as text ("sha256:<hex>" or "lmdb:<hex>"), in the order of the stage's
 * inputs and files. */
struct lm_key_facts {
    const struct lm_taken *taken; /**< parallel to spec->stages: what they take */
    const char *const *inputs;    /**< parallel to the stage's taken rows: digest of the producing
                                     port;    an entry NULL: it has failed */
    const char *const *files;     /**< parallel to stage->files: "sha256:<hex>" of content */
    const char *numerics; /**< "blas openblas …" or "portable 2"; NULL for other stage types */
    const struct lm_gate_row *gates; /**< parallel to spec->gates, where held; NULL: not known */
    const char *const *libraries; /**< "pcre2 10.42 Unicode 14.0.0", NULL-terminated; NULL: none */
    const char *baseline;   /**< digest of the experiment's baseline, for types that describe it;
                               NULL:   there is none, or its file is not there */
    struct lm_arena *arena; /**< for what is needed while writing; NULL: the spec's */
};

/** Writes the key text. inputs NULL: without the input lines; files NULL: without the file lines;
 *  gates NULL: without the verdict lines (then it is no key, but what of it is known). */
void lm_key_write(struct lm_buf *out, const struct lm_spec *spec, size_t stage,
                  const struct lm_key_facts *given);
/** Writes the text that names a state (lm_stage.prefix): the same facts but for the input whose
 *  parts it is of, of `params` in place of the stage's own, for a type that is no
 *  LM_STAGE_EXPERIMENT. */
void lm_key_write_prefix(struct lm_buf *out, const struct lm_spec *spec, size_t stage,
                         const struct lm_key_facts *given, const void *params,
                         const struct lm_prefix *prefix);
/** JSON handed to LM_STAGE_EXPERIMENT types (see lm_ctx_experiment): the facts of the key's
 *  `experiment` lines, no others; stages sorted by id. `gates`, `taken`: as in lm_key_facts, known.
 */
void lm_key_write_experiment(struct lm_buf *out, const struct lm_spec *spec,
                             const struct lm_taken *taken, size_t stage,
                             const struct lm_gate_row *gates);
/** "pass", "fail", "undecided", "skipped". */
const char *lm_gate_verdict_name(enum lm_gate_verdict verdict);

#endif
