#include "store/stat_index.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"

#define MAGIC "LMINDEX1"
#define NS INT64_C(1000000000)
/** Some file systems keep whole or even seconds: then a time without nanoseconds is taken as this
 * wide. */
#define COARSE (2 * NS)
#define KEEP_DAYS 400
#define ENTRIES_MAX ((size_t)1 << 22)

enum { ROW = 80, HEADER = 32, SETTLE_TRIES = 20 };

struct entry {
    uint64_t dev, ino, size;
    int64_t mtime, ctime;
    uint64_t day; /**< unix day it was entered */
    struct lm_digest digest;
};

struct lm_stat_index {
    char *path;
    struct entry *items; /**< `sorted` by (dev, ino), then what was added since */
    size_t count, sorted, capacity;
    bool changed;
};

int64_t lm_stat_clock_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (int64_t)now.tv_sec * NS + now.tv_nsec;
}

int64_t lm_stat_mtime_ns(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * NS + st->st_mtim.tv_nsec;
}

static int64_t ctime_ns(const struct stat *st)
{
    return (int64_t)st->st_ctim.tv_sec * NS + st->st_ctim.tv_nsec;
}

void lm_stat_settle(int64_t mtime_ns)
{
    const struct timespec millisecond = {.tv_nsec = 1000000};
    for (int i = 0; i < SETTLE_TRIES && lm_stat_clock_ns() <= mtime_ns; i++)
        nanosleep(&millisecond, NULL);
}

/* ---- the table ---- */

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->dev != y->dev)
        return x->dev < y->dev ? -1 : 1;
    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return 0;
}

/** The entry of an inode: the newest addition, else the sorted one, else NULL. */
static struct entry *lookup(const struct lm_stat_index *index, const struct entry *key)
{
    for (size_t i = index->count; i > index->sorted; i--)
        if (compare(&index->items[i - 1], key) == 0)
            return &index->items[i - 1];
    return index->sorted > 0
               ? bsearch(key, index->items, index->sorted, sizeof *index->items, compare)
               : NULL;
}

static struct entry entry_of(const struct stat *st)
{
    return (struct entry){.dev = (uint64_t)st->st_dev,
                          .ino = (uint64_t)st->st_ino,
                          .size = (uint64_t)st->st_size,
                          .mtime = lm_stat_mtime_ns(st),
                          .ctime = ctime_ns(st)};
}

bool lm_stat_index_find(const struct lm_stat_index *index, const struct stat *st,
                        struct lm_digest *out)
{
    struct entry key = entry_of(st);
    const struct entry *found = lookup(index, &key);
    if (found == NULL || found->size != key.size || found->mtime != key.mtime ||
        found->ctime != key.ctime)
        return false;
    *out = found->digest;
    return true;
}

static bool reserve(struct lm_stat_index *index, size_t count)
{
    if (count <= index->capacity)
        return true;
    size_t capacity = index->capacity * 2 > count ? index->capacity * 2 : count + 64;
    struct entry *items = realloc(index->items, capacity * sizeof *items);
    if (items == NULL)
        return false;
    index->items = items;
    index->capacity = capacity;
    return true;
}

/** Sorts the additions in; they win over sorted entries of the same inode (among themselves there
 *  is one an inode). Without memory they stay where they are. */
static void merge(struct lm_stat_index *index)
{
    size_t added = index->count - index->sorted;
    struct entry *fresh = added > 0 ? malloc(added * sizeof *fresh) : NULL;
    if (fresh == NULL)
        return;
    memcpy(fresh, index->items + index->sorted, added * sizeof *fresh);
    qsort(fresh, added, sizeof *fresh, compare);
    size_t from = index->sorted, to = index->count;
    for (size_t k = added; k > 0;) { /* from the back, so that nothing is overwritten unread */
        int order = from > 0 ? compare(&index->items[from - 1], &fresh[k - 1]) : -1;
        if (order == 0)
            from--;
        index->items[--to] = order > 0 ? index->items[--from] : fresh[--k];
    }
    memmove(index->items + from, index->items + to, (index->count - to) * sizeof *index->items);
    index->sorted = index->count = from + (index->count - to);
    free(fresh);
}

void lm_stat_index_put(struct lm_stat_index *index, const struct stat *st,
                       const struct lm_digest *digest, int64_t hashed_ns)
{
    struct entry entry = entry_of(st);
    int64_t width = entry.mtime % NS == 0 ? COARSE : 0;
    if (entry.mtime + width >= hashed_ns || index->count >= ENTRIES_MAX)
        return;
    entry.day = (uint64_t)(hashed_ns / NS / 86400);
    entry.digest = *digest;
    struct entry *known = lookup(index, &entry);
    if (known != NULL) {
        *known = entry;
    } else {
        if (!reserve(index, index->count + 1))
            return;
        index->items[index->count++] = entry;
        if (index->count - index->sorted > 1000)
            merge(index);
    }
    index->changed = true;
}

void lm_stat_index_clear(struct lm_stat_index *index)
{
    index->count = index->sorted = 0;
    index->changed = false;
    unlink(index->path);
}

size_t lm_stat_index_count(const struct lm_stat_index *index)
{
    return index->count;
}

/* ---- the file ---- */

static uint64_t get_u64(const char *at)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | (uint8_t)at[i];
    return v;
}

/** Number of rows of a sound file, or SIZE_MAX. */
static size_t sound_rows(const char *data, size_t size)
{
    if (size < HEADER || memcmp(data, MAGIC, 8) != 0 ||
        get_u64(data + 24) != lm_hash64(data, 24, 0))
        return SIZE_MAX;
    uint64_t rows = get_u64(data + 8);
    if (rows > ENTRIES_MAX || size != HEADER + rows * ROW ||
        get_u64(data + 16) != lm_hash64(data + HEADER, (size_t)rows * ROW, 0))
        return SIZE_MAX;
    return (size_t)rows;
}

static struct entry decode(const char *at)
{
    struct entry entry = {.dev = get_u64(at),
                          .ino = get_u64(at + 8),
                          .size = get_u64(at + 16),
                          .mtime = (int64_t)get_u64(at + 24),
                          .ctime = (int64_t)get_u64(at + 32),
                          .day = get_u64(at + 40)};
    memcpy(entry.digest.bytes, at + 48, LM_DIGEST_SIZE);
    return entry;
}

static void encode(struct lm_buf *out, const struct entry *entry)
{
    const uint64_t words[] = {
        entry->dev, entry->ino, entry->size, (uint64_t)entry->mtime, (uint64_t)entry->ctime,
        entry->day};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        lm_buf_put_u64(out, words[i]);
    lm_buf_append(out, entry->digest.bytes, LM_DIGEST_SIZE);
}

/** Appends the rows of the file; false when it is there but not sound. */
static bool load(struct lm_stat_index *index)
{
    struct lm_arena *arena = lm_arena_create();
    char *data = NULL;
    size_t size = 0;
    bool sound = true;
    if (arena != NULL &&
        lm_file_read(&data, &size, arena, index->path, HEADER + ENTRIES_MAX * ROW, NULL) == LM_OK) {
        size_t rows = sound_rows(data, size);
        sound = rows != SIZE_MAX;
        if (sound && reserve(index, index->count + rows))
            for (size_t i = 0; i < rows; i++)
                index->items[index->count++] = decode(data + HEADER + i * ROW);
    }
    lm_arena_free(arena);
    return sound;
}

struct lm_stat_index *lm_stat_index_open(const char *path, bool *damaged)
{
    struct lm_stat_index *index = calloc(1, sizeof *index);
    char *copy = strdup(path);
    if (index == NULL || copy == NULL) {
        free(index);
        free(copy);
        return NULL;
    }
    index->path = copy;
    bool sound = load(index);
    index->sorted = index->count; /* written sorted, under a checksum */
    if (damaged != NULL)
        *damaged = !sound;
    return index;
}

static void save(const struct lm_stat_index *index)
{
    uint64_t today = (uint64_t)(lm_stat_clock_ns() / NS / 86400);
    struct lm_buf rows, file;
    lm_buf_init(&rows, 0);
    lm_buf_init(&file, 0);
    for (size_t i = 0; i < index->count; i++)
        if (index->items[i].day + KEEP_DAYS >= today)
            encode(&rows, &index->items[i]);
    if (!rows.failed) {
        lm_buf_append(&file, MAGIC, 8);
        lm_buf_put_u64(&file, rows.size / ROW);
        lm_buf_put_u64(&file, lm_hash64(rows.data, rows.size, 0));
        if (!file.failed)
            lm_buf_put_u64(&file, lm_hash64(file.data, file.size, 0));
        lm_buf_append(&file, rows.data, rows.size);
    }
    if (!rows.failed && !file.failed)
        lm_file_write_atomic(index->path, file.data, file.size, NULL);
    lm_buf_release(&rows);
    lm_buf_release(&file);
}

void lm_stat_index_close(struct lm_stat_index *index)
{
    if (index == NULL)
        return;
    if (index->changed) {
        /* Others may have written meanwhile: their rows, then ours, which are newer. */
        struct lm_stat_index both = {.path = index->path};
        load(&both);
        both.sorted = both.count;
        if (reserve(&both, both.count + index->count)) {
            for (size_t i = 0; i < index->count; i++)
                both.items[both.count++] = index->items[i];
            merge(&both);
            save(&both);
        }
        free(both.items);
    }
    free(index->items);
    free(index->path);
    free(index);
}
