/** What keys need to know of the heavy libraries, asked from the worker program once and
 *  remembered in the store until a library, the worker, the processor or a setting changes. */
#ifndef LM_PLAN_PROBE_H
#define LM_PLAN_PROBE_H

#include <lmpipe/pipeline.h>

struct lm_probe {
    const char *blas;     /**< "blas openblas 0.3.21 SkylakeX f32" */
    const char *portable; /**< "portable 2" */
    const char *answer;   /**< all that the worker said */
};

/** Version of a library whose tables decide bytes ("utf8proc", "pcre2"), or of our own products
 *  ("portable"), as "2.8.0 Unicode 14.0.0",
 *  in the arena; NULL: the worker does not know it. */
const char *lm_probe_tables(const struct lm_probe *probe, struct lm_arena *arena, const char *name);
/** Why the worker is without a library that is optional ("cld2"), or NULL. */
const char *lm_probe_lacks(const struct lm_probe *probe, struct lm_arena *arena, const char *name);
/** Texts go to the arena. `env` (or NULL) tells OPENBLAS_CORETYPE and LD_LIBRARY_PATH, under which
 *  stages will run. LM_NOT_FOUND, LM_IO: as
 *  lm_probe_ask; LM_FORMAT: its answer is not understood. A cache that cannot be written is no
 * error. */
enum lm_status lm_probe(struct lm_probe *out, struct lm_arena *arena, const struct lm_store *store,
                        const char *worker, const char *(*env)(void *user, const char *name),
                        void *env_user, struct lm_err *err);

enum { LM_PROBE_BYTES = 65536 };

/** What `worker QUESTION` ("probe", "peak") prints, with a NUL. LM_IO: it cannot be run, was
 * killed, failed, or gave no answer within `seconds` (then it is killed). `coretype`,
 * `library_path`: of its environment, or NULL. */
enum lm_status lm_probe_ask(char answer[LM_PROBE_BYTES], const char *worker, const char *question,
                            const char *coretype, const char *library_path, double seconds,
                            struct lm_err *err);
/** *peak: floating-point operations a second that one thread can do at most, as the worker has just
 *  measured it. LM_IO: as lm_probe_ask; LM_FORMAT, LM_NOMEM. */
enum lm_status lm_probe_peak(double *peak, struct lm_arena *arena, const char *worker,
                             double seconds, struct lm_err *err);

#endif
