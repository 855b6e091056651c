#include "store/stat_index.h"

#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/stat_time.h"
#include "store/table.h"

#define NS INT64_C(1000000000)
/** Some file systems keep whole or even seconds: then a time without nanoseconds is taken as this
 * wide. */
#define COARSE (2 * NS)
#define KEEP_DAYS 400

/** Byte offsets of a row, docs/formats/store.md. */
enum {
    AT_DEV = 0,
    AT_INO = 8,
    AT_SIZE = 16,
    AT_MTIME = 24,
    AT_CTIME = 32,
    AT_DAY = 40,
    AT_DIGEST = 48
};

enum { ROW = AT_DIGEST + LM_DIGEST_SIZE, KEY = AT_SIZE, STAT = AT_DAY };

static uint64_t day_of(int64_t ns)
{
    return (uint64_t)(ns / NS / 86400);
}

static bool is_young(const void *row)
{
    return lm_get_u64((const uint8_t *)row + AT_DAY) + KEEP_DAYS >= day_of(lm_stat_clock_ns());
}

static void encode(uint8_t row[ROW], const struct stat *st)
{
    memset(row, 0, ROW);
    lm_set_u64(row + AT_DEV, (uint64_t)st->st_dev);
    lm_set_u64(row + AT_INO, (uint64_t)st->st_ino);
    lm_set_u64(row + AT_SIZE, (uint64_t)st->st_size);
    lm_set_u64(row + AT_MTIME, (uint64_t)lm_stat_mtime_ns(st));
    lm_set_u64(row + AT_CTIME, (uint64_t)((int64_t)st->st_ctim.tv_sec * NS + st->st_ctim.tv_nsec));
}

static struct lm_table *table_of(const struct lm_stat_index *index)
{
    return (struct lm_table *)index;
}

struct lm_stat_index *lm_stat_index_open(const char *path, bool *damaged)
{
    static const struct lm_table_form form = {
        .magic = "LMINDEX2", .row = ROW, .key = KEY, .keep = is_young};
    return (struct lm_stat_index *)lm_table_open(path, &form, damaged);
}

void lm_stat_index_close(struct lm_stat_index *index)
{
    lm_table_close(table_of(index));
}

void lm_stat_index_clear(struct lm_stat_index *index)
{
    lm_table_clear(table_of(index));
}

size_t lm_stat_index_count(const struct lm_stat_index *index)
{
    return lm_table_count(table_of(index));
}

bool lm_stat_index_find(const struct lm_stat_index *index, const struct stat *st,
                        struct lm_digest *out)
{
    uint8_t want[ROW], row[ROW];
    encode(want, st);
    memcpy(row, want, ROW);
    if (!lm_table_find(table_of(index), row) || memcmp(row, want, STAT) != 0)
        return false;
    memcpy(out->bytes, row + AT_DIGEST, LM_DIGEST_SIZE);
    return true;
}

void lm_stat_index_put(struct lm_stat_index *index, const struct stat *st,
                       const struct lm_digest *digest, int64_t hashed_ns)
{
    uint8_t row[ROW];
    int64_t mtime = lm_stat_mtime_ns(st), width = mtime % NS == 0 ? COARSE : 0;
    if (mtime + width >= hashed_ns)
        return;
    encode(row, st);
    lm_set_u64(row + AT_DAY, day_of(hashed_ns));
    memcpy(row + AT_DIGEST, digest->bytes, LM_DIGEST_SIZE);
    lm_table_put(table_of(index), row, NULL, 0);
}
