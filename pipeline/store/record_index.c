#include "store/record_index.h"

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/stat_time.h"
#include "store/stat_index.h"
#include "store/table.h"

/** Byte offsets of a row, docs/formats/store.md. */
enum { AT_OFFSET = LM_DIGEST_SIZE, AT_SIZE = 40, AT_INO = 48, AT_MTIME = 56, ROW = 64 };

static struct lm_table *table_of(struct lm_record_index *index)
{
    return (struct lm_table *)index;
}

struct lm_record_index *lm_record_index_open(const char *path, bool *damaged)
{
    static const struct lm_table_form form = {
        .magic = "LMRECDS1", .row = ROW, .key = LM_DIGEST_SIZE, .has_blobs = true};
    return (struct lm_record_index *)lm_table_open(path, &form, damaged);
}

void lm_record_index_close(struct lm_record_index *index)
{
    lm_table_close(table_of(index));
}

void lm_record_index_clear(struct lm_record_index *index)
{
    lm_table_clear(table_of(index));
}

size_t lm_record_index_count(struct lm_record_index *index)
{
    return lm_table_count(table_of(index));
}

char *lm_record_index_find(struct lm_record_index *index, struct lm_arena *arena,
                           const struct lm_digest *key, const struct stat *st)
{
    uint8_t row[ROW];
    memcpy(row, key->bytes, LM_DIGEST_SIZE);
    if (!lm_table_find(table_of(index), row) ||
        lm_get_u64(row + AT_SIZE) != (uint64_t)st->st_size ||
        lm_get_u64(row + AT_INO) != (uint64_t)st->st_ino ||
        lm_get_u64(row + AT_MTIME) != (uint64_t)lm_stat_mtime_ns(st))
        return NULL;
    size_t size = (size_t)st->st_size;
    char *text = lm_arena_alloc(arena, size + 1);
    if (text == NULL || !lm_table_blob(table_of(index), row, text, size))
        return NULL;
    text[size] = '\0';
    return text;
}

void lm_record_index_put(struct lm_record_index *index, const struct lm_digest *key,
                         const struct stat *st, const char *text, size_t size)
{
    uint8_t row[ROW] = {0};
    if (size != (size_t)st->st_size)
        return;
    memcpy(row, key->bytes, LM_DIGEST_SIZE);
    lm_set_u64(row + AT_INO, (uint64_t)st->st_ino);
    lm_set_u64(row + AT_MTIME, (uint64_t)lm_stat_mtime_ns(st));
    lm_table_put(table_of(index), row, text, size);
}
