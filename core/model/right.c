#include "model/right.h"

size_t lm_right_parts(const struct lm_model *model, const struct lm_right *right)
{
    if (model->products->pack == NULL)
        return 0;
    return lm_packed_parts(model->products->depth, right->packed.n, right->packed.k);
}

void lm_right_pack(const struct lm_model *model, const struct lm_right *right, size_t part)
{
    model->products->pack(&right->packed, &right->from, part);
}

void lm_right_pack_all(const struct lm_model *model, const struct lm_right *right)
{
    for (size_t part = 0; part < lm_right_parts(model, right); part++)
        lm_right_pack(model, right, part);
}

void lm_right_pack_rows(const struct lm_model *model, const struct lm_right *right, size_t first,
                        size_t rows)
{
    if (model->products->pack != NULL)
        model->products->pack_rows(&right->packed, &right->from, first, rows);
}

struct lm_right lm_right_from(const struct lm_model *model, struct lm_right right, size_t first)
{
    right.packed.first = first;
    if (model->products->pack == NULL) /* never stored: elements are float32 */
        right.from.data += right.from.form == LM_NT ? first * right.from.ld : first;
    return right;
}

void lm_right_multiply(const struct lm_model *model, size_t worker, size_t m, size_t n, size_t k,
                       struct lm_operand left, const struct lm_right *right, bool accumulate,
                       float *c, size_t ldc, struct lm_causal causal)
{
    float *scratch = lm_scratch(model, worker) + model->layout.scratch_gemm;
    if (model->products->pack != NULL)
        model->products->multiply(m, n, k, left, &right->packed, accumulate, c, ldc, causal,
                                  scratch);
    else
        model->products->gemm(left.form == LM_TN ? LM_TN : right->from.form, m, n, k, left.data,
                              left.ld, right->from.data, right->from.ld, accumulate, c, ldc, causal,
                              scratch);
}
