/** One row in one call, for the tests of the LMDB door. */
#ifndef LM_TESTS_ROWS_PUT_H
#define LM_TESTS_ROWS_PUT_H

#include <string.h>

#include "data/tokens_lmdb.h"

static inline enum lm_status rows_put(struct lm_rows_writer *writer, const void *key,
                                      size_t key_size, const void *value, size_t size,
                                      struct lm_err *err)
{
    uint8_t *place = NULL;
    LM_TRY(lm_rows_reserve(&place, writer, key, key_size, size, err));
    memcpy(place, value, size);
    return lm_rows_commit(writer, err);
}

#endif
