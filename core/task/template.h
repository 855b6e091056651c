/**
 * Texts of a task with places for an item's fields: "Q: {question}\nA:". `{field}` stands for the
 * field's text, `{a.b}` for a field inside a field, `{field|cut|cut}` for what the cuts leave of
 * it,
 * `{{` and `}}` for braces. That is all: no conditions, no code.
 */
#ifndef LM_TASK_TEMPLATE_H
#define LM_TASK_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "task/row.h"
#include "yaml/diag.h"

enum { LM_TASK_CUTS = 8 /**< of one place, at most */ };

/** A literal, or a place for a field. */
struct lm_template_part {
    struct lm_text text;              /**< the literal, when `field` is NULL */
    const char *field;                /**< "a.b" */
    unsigned char cuts[LM_TASK_CUTS]; /**< places in lm_cut_names */
    size_t cut_count;
};

struct lm_template {
    struct lm_template_part *parts;
    size_t count;
    struct lm_origin at; /**< where it stands in the task file */
};

/** Names of the cuts, NULL-terminated: last_word, without_last_word, last_char, without_last_char,
 *  first_line, strip, without_end_marks, from_one. */
extern const char *const lm_cut_names[];

/** Takes `text` apart into `arena`. What is wrong goes to `diags` under `field`; then false. */
bool lm_template_parse(struct lm_template *out, struct lm_arena *arena, const char *text,
                       const struct lm_origin *at, const char *field, struct lm_diag_list *diags);
/** Does it hold no place at all? */
bool lm_template_is_constant(const struct lm_template *template);
/**
 * The text of an item, in the arena. LM_FORMAT: a field is not there (with the nearest name), or is
 * a list or a mapping; a cut cannot be made; LM_RANGE: longer than 16 MiB; LM_NOMEM. The texts of
 * errors begin with the field's name.
 */
enum lm_status lm_template_fill(struct lm_text *out, struct lm_arena *arena,
                                const struct lm_template *template, const struct lm_row *row,
                                struct lm_err *err);
/** The texts of an item where one of the fields may hold a list: one for each of its elements; a
 *  single one without such a field. LM_FORMAT as well: two fields hold lists, a list is empty or
 *  longer than 1,000. */
enum lm_status lm_template_fill_list(struct lm_text **out, size_t *count, struct lm_arena *arena,
                                     const struct lm_template *template, const struct lm_row *row,
                                     struct lm_err *err);

#endif
