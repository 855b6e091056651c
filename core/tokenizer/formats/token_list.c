#include "tokenizer/formats/token_list.h"

#include <stdlib.h>

#include "base/grow.h"
#include "tokenizer/alphabet.h"
#include "tokenizer/vocab.h"

void lm_token_list_init(struct lm_token_list *list)
{
    *list = (struct lm_token_list){0};
    lm_buf_init(&list->bytes, LM_VOCAB_BYTES);
}

void lm_token_list_release(struct lm_token_list *list)
{
    lm_buf_release(&list->bytes);
    lm_token_map_release(&list->places);
    free(list->entries);
    *list = (struct lm_token_list){0};
}

static bool reserve(struct lm_token_list *list)
{
    struct lm_token_entry *entries =
        lm_grow(list->entries, &list->capacity, list->count, sizeof *entries);
    if (entries != NULL)
        list->entries = entries;
    return entries != NULL;
}

enum lm_status lm_token_list_add(struct lm_token_list *list, const void *bytes, size_t size,
                                 int64_t id, struct lm_err *err)
{
    char shown[LM_SHOWN];
    if (size == 0 || size > LM_TOKEN_LONGEST)
        return lm_fail(err, LM_FORMAT, "a token of %zu bytes; they have 1 to %zu", size,
                       LM_TOKEN_LONGEST);
    if (id < 0 || id >= LM_VOCAB_LARGEST)
        return lm_fail(err, LM_FORMAT, "token \"%s\" has no id from 0 to %d; give it one",
                       lm_alphabet_show(shown, bytes, size), LM_VOCAB_LARGEST - 1);
    size_t offset = list->bytes.size;
    lm_buf_append(&list->bytes, bytes, size);
    LM_TRY(lm_buf_status(&list->bytes, err));
    if (!reserve(list))
        return lm_fail(err, LM_NOMEM, "no memory for %zu tokens; free some", list->count);
    list->entries[list->count++] = (struct lm_token_entry){(int32_t)id, (uint32_t)size, offset};
    return LM_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct lm_token_entry *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

enum lm_status lm_token_list_index(struct lm_token_list *list, struct lm_err *err)
{
    char shown[LM_SHOWN];
    if (list->count > 0)
        qsort(list->entries, list->count, sizeof *list->entries, by_id);
    for (size_t i = 0; i < list->count; i++) {
        const struct lm_token_entry *entry = &list->entries[i];
        const uint8_t *bytes = lm_token_list_bytes(list, entry);
        if (i > 0 && entry->id == list->entries[i - 1].id)
            return lm_fail(err, LM_FORMAT, "id %d is there twice; drop one", entry->id);
        if (lm_token_list_find(list, bytes, entry->size) >= 0)
            return lm_fail(err, LM_FORMAT, "token \"%s\" is there twice; drop one",
                           lm_alphabet_show(shown, bytes, entry->size));
        if (!lm_token_map_add(&list->places, lm_token_key(bytes, entry->size), entry->offset,
                              (int32_t)i))
            return lm_fail(err, LM_NOMEM, "no memory for %zu tokens; free some", list->count);
    }
    return LM_OK;
}

int32_t lm_token_list_find(const struct lm_token_list *list, const void *bytes, size_t size)
{
    if (size == 0 || size > LM_TOKEN_LONGEST)
        return -1;
    return lm_token_map_find(&list->places, lm_token_key(bytes, size), bytes,
                             (const uint8_t *)list->bytes.data);
}

enum lm_status lm_token_list_byte_ids(const struct lm_token_list *list, int32_t ids[256],
                                      struct lm_err *err)
{
    for (unsigned byte = 0; byte < LM_BYTES; byte++) {
        const uint8_t text = (uint8_t)byte;
        int32_t place = lm_token_list_find(list, &text, 1);
        if (place < 0)
            return lm_fail(err, LM_FORMAT,
                           "no token is the byte 0x%02X, so not every text could be encoded; only "
                           "byte-level vocabularies can be imported",
                           byte);
        ids[byte] = list->entries[place].id;
    }
    return LM_OK;
}
