/** The list of architecture options: what a configuration says beyond GPT-2's sizes. It yields the
 *  keys of config.json, and what other programs' forms of GPT-2 cannot say. */
#ifndef LM_MODEL_ARCH_H
#define LM_MODEL_ARCH_H

#include <stddef.h>

#include <lmpipe/model.h>

enum lm_arch_kind { LM_ARCH_INT, LM_ARCH_REAL, LM_ARCH_FLAG, LM_ARCH_CHOICE };

struct lm_arch_row {
    const char *name;  /**< in config.json */
    const char *param; /**< what people type, where it is the opposite; NULL: the name */
    enum lm_arch_kind kind;
    size_t offset;              /**< of the field in struct lm_model_config */
    const char *const *choices; /**< names of a choice's values, NULL-terminated */
};

enum { LM_ARCH_ROWS = 17 };

extern const struct lm_arch_row lm_arch_rows[LM_ARCH_ROWS];

/** Value of an option: an integer, a flag, or the place of a choice; of LM_ARCH_REAL 1 when it is
 * not 0. GPT-2's is 0. */
int64_t lm_arch_value(const struct lm_arch_row *row, const struct lm_model_config *config);
void lm_arch_set(const struct lm_arch_row *row, struct lm_model_config *config, int64_t value);
double *lm_arch_real(const struct lm_arch_row *row, struct lm_model_config *config);

/** Name of the first option that is not GPT-2's; NULL when all are. */
const char *lm_arch_first(const struct lm_model_config *config);

#endif
