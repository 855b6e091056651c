/** Findings about a spec: where a value stands, what is wrong with it, what was probably meant. */
#ifndef LM_YAML_DIAG_H
#define LM_YAML_DIAG_H

#include <stdarg.h>

#include <lmpipe/pipeline.h>

/** Where a value came from. file NULL: not from the spec. line 0: no line ("-S steps"). */
struct lm_origin {
    const char *file;
    int line, column;
    const char *via; /**< "vars.steps", "-S steps", without a file "derived", or NULL */
};

/** Findings are kept up to this number; then one more line says that there are more. */
#define LM_DIAG_MAX 200

/** A growing list of findings. failed: memory ran out; the list is then incomplete. */
struct lm_diag_list {
    struct lm_arena *arena;
    struct lm_diag *items;
    size_t count, capacity, errors;
    bool failed;
};

/** Adds an error at `at` (NULL: no place) about `field` ("model.lr"; copied; "" for none). */
void lm_diag_error(struct lm_diag_list *list, const struct lm_origin *at, const char *field,
                   const char *format, ...) LM_PRINTF(4, 5);
/** Adds a warning. */
void lm_diag_warn(struct lm_diag_list *list, const struct lm_origin *at, const char *field,
                  const char *format, ...) LM_PRINTF(4, 5);
/** Sorts by place: `first` (a file) first, other files by name, then line and column; stable. Of
 *  equal ones in a row the first stays. */
void lm_diag_sort(struct lm_diag_list *list, const char *first);

/** 'text' in quotes for messages: control characters escaped, addresses without their secrets
 *  (lm_url_show), cut after 60 bytes. In the arena;
 *  never NULL ("" when memory is out). */
const char *lm_quote(struct lm_arena *arena, const char *text);
/** "; did you mean 'x'?" when a name is near, else "; known: a, b, c" (at most 100). In the list's
 *  arena; never NULL; "" when the list is full anyway. */
const char *lm_hint(const struct lm_diag_list *list, const char *word, const char *const *names,
                    size_t count);
/** "spec.yaml:14", "-S lr", "derived" or "default", with " (vars.lr)" when it came by a var. In the
 * arena; never NULL. */
const char *lm_origin_text(struct lm_arena *arena, const struct lm_origin *origin);

#endif
