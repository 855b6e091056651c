#include "clean_left.h"

bool clean_left_has(const struct clean_left *left, size_t index)
{
    return clean_near_first(left->near, index) == index &&
           !clean_classifier_drops(left->classifier, index);
}

enum lm_status clean_left_read(const struct clean_left *left, size_t index,
                               struct clean_waiter *out, struct lm_buf *room, bool *is_cut,
                               struct lm_err *err)
{
    LM_TRY(clean_waiting_read(left->waiting, index, out, room, err));
    bool has_cut = clean_substring_cut(left->substring, index, out, room);
    if (is_cut != NULL)
        *is_cut = has_cut;
    return LM_OK;
}
