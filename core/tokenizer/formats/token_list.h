/** Tokens and their ids as an external file lists them: gathered in any order, then sorted by
 *  id and found by their bytes. */
#ifndef LM_TOKENIZER_TOKEN_LIST_H
#define LM_TOKENIZER_TOKEN_LIST_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"
#include "tokenizer/token_map.h"

struct lm_token_entry {
    int32_t id;
    uint32_t size;   /**< 0: taken out */
    uint64_t offset; /**< into lm_token_list.bytes */
};

struct lm_token_list {
    struct lm_buf bytes;
    struct lm_token_entry *entries; /**< by id once indexed */
    size_t count, capacity;
    struct lm_token_map places; /**< bytes to the place among the entries */
};

/** An empty list. */
void lm_token_list_init(struct lm_token_list *list);
void lm_token_list_release(struct lm_token_list *list);

/** Adds a token. LM_FORMAT for one without bytes, longer than LM_TOKEN_LONGEST, or with an id that
 *  no vocabulary can have; LM_NOMEM. */
enum lm_status lm_token_list_add(struct lm_token_list *list, const void *bytes, size_t size,
                                 int64_t id, struct lm_err *err);

/** Sorts by id and makes tokens findable; nothing may be added afterwards. LM_FORMAT for an id or
 *  a token that is there twice, LM_NOMEM. */
enum lm_status lm_token_list_index(struct lm_token_list *list, struct lm_err *err);

/** Place of a token among the entries, or -1. */
int32_t lm_token_list_find(const struct lm_token_list *list, const void *bytes, size_t size);

/** Ids of the tokens that are single bytes. LM_FORMAT when one is missing. */
enum lm_status lm_token_list_byte_ids(const struct lm_token_list *list, int32_t ids[256],
                                      struct lm_err *err);

/** Bytes of an entry; their count is entry->size. */
static inline const uint8_t *lm_token_list_bytes(const struct lm_token_list *list,
                                                 const struct lm_token_entry *entry)
{
    return (const uint8_t *)list->bytes.data + entry->offset;
}

#endif
