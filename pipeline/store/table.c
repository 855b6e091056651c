#include "store/table.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/new_file.h"

enum {
    HEADER = 64,
    WINDOW = 32, /**< a row lies at most so many slots behind the place its key hashes to */
    SUM = 8,
    SLOT_MAX = LM_TABLE_ROW_MAX + SUM,
    LOCK_TRIES = 20, /**< of a millisecond */
    COPY = 1 << 16,
    LARGEST_IMAGE = 256 << 20, /**< bytes of memory */
    PAGE = 4096                /**< bytes that cost about as much to copy as a system call */
};

#define CAPACITY_MIN UINT64_C(1024)
#define CAPACITY_MAX (UINT64_C(1) << 32)

struct lm_table {
    struct lm_table_form form;
    char *path;
    pthread_rwlock_t guard; /**< of what follows: readers find, a writer puts */
    int fd;                 /**< -1: no table */
    bool writable;
    bool is_private;         /**< in memory, for a disk that cannot be written */
    uint64_t capacity;       /**< a power of two; WINDOW more slots follow */
    struct lm_arena *memory; /**< of the image */
    /** Header, slots, and when many were asked for the blobs, as they were some time ago, and rows
     * put since; or NULL. */
    uint8_t *image;
    size_t image_size;
    atomic_size_t asked; /**< rows looked for in the file */
    atomic_size_t blobs; /**< blobs read from it one by one since the image was taken */
};

static size_t slot_size(const struct lm_table *table)
{
    return table->form.row + SUM;
}

static off_t slot_at(const struct lm_table *table, uint64_t slot)
{
    return (off_t)(HEADER + slot * slot_size(table));
}

static uint64_t home_of(const struct lm_table *table, const void *row)
{
    return lm_hash64(row, table->form.key, 0) & (table->capacity - 1);
}

/** Is a slot's row whole? An empty slot is not. */
static bool is_row(const struct lm_table *table, const uint8_t *slot)
{
    uint64_t sum = lm_get_u64(slot + table->form.row);
    return sum != 0 && sum == lm_hash64(slot, table->form.row, 0);
}

/* ---- the file ---- */

static void encode_header(uint8_t header[HEADER], const struct lm_table *table)
{
    memset(header, 0, HEADER);
    memcpy(header, table->form.magic, 8);
    lm_set_u64(header + 8, table->form.row);
    lm_set_u64(header + 16, table->capacity);
    lm_set_u64(header + 24, lm_hash64(header, 24, 0));
}

static void drop_image(struct lm_table *table)
{
    lm_arena_free(table->memory);
    table->memory = NULL;
    table->image = NULL;
    table->image_size = 0;
}

/** Bytes of the file that are worth having: all of them when so many blobs were read one by one
 * that it would have been cheaper, else the slots. */
static size_t worth_having(const struct lm_table *table, size_t slots)
{
    struct stat st;
    size_t blobs = atomic_load(&table->blobs);
    bool many = blobs > 0 && fstat(table->fd, &st) == 0 && st.st_size <= LARGEST_IMAGE &&
                blobs >= (size_t)st.st_size / PAGE / 2;
    return many && (size_t)st.st_size > slots ? (size_t)st.st_size : slots;
}

/** Reads all slots when so many rows were looked for that it would have been cheaper.
 * From then on they are found there without asking the kernel; what others put later is found in
 * the file, or not at all: the table only remembers. */
static void take_image(struct lm_table *table)
{
    size_t slots = (size_t)slot_at(table, table->capacity + WINDOW), done = 0;
    if (table->fd < 0 || atomic_load(&table->asked) < slots / PAGE)
        return;
    size_t size = worth_having(table, slots);
    if (size <= table->image_size)
        return;
    drop_image(table);
    table->memory = lm_arena_create();
    uint8_t *image = table->memory != NULL ? lm_arena_alloc(table->memory, size) : NULL;
    if (image != NULL)
        done = lm_read_at(table->fd, image, size, 0);
    table->image = image;
    table->image_size = done;
    atomic_store(&table->blobs, 0);
    if (image == NULL)
        drop_image(table);
}

/** Takes over a file that holds a table; false for any other. */
static bool adopt(struct lm_table *table, int fd, bool writable)
{
    uint8_t header[HEADER];
    struct stat st;
    if (pread(fd, header, sizeof header, 0) != (ssize_t)sizeof header || fstat(fd, &st) != 0 ||
        memcmp(header, table->form.magic, 8) != 0 || lm_get_u64(header + 8) != table->form.row ||
        lm_get_u64(header + 24) != lm_hash64(header, 24, 0))
        return false;
    uint64_t capacity = lm_get_u64(header + 16);
    if (capacity < CAPACITY_MIN || capacity > CAPACITY_MAX || (capacity & (capacity - 1)) != 0)
        return false;
    uint64_t before = table->capacity;
    table->capacity = capacity;
    if (st.st_size < slot_at(table, capacity + WINDOW)) {
        table->capacity = before;
        return false;
    }
    if (table->fd >= 0)
        close(table->fd);
    drop_image(table);
    table->fd = fd;
    table->writable = writable;
    return true;
}

/** Opens what is at the path; false: no table is there. *damaged: but something else. */
static bool open_file(struct lm_table *table, bool *damaged)
{
    char magic[8] = "";
    struct stat st;
    bool writable = true;
    int fd = open(table->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM)) {
        writable = false;
        fd = open(table->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    }
    if (fd < 0) {
        *damaged = errno != ENOENT && errno != ENOTDIR;
        return false;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && adopt(table, fd, writable))
        return true;
    *damaged = pread(fd, magic, sizeof magic, 0) != (ssize_t)sizeof magic ||
               memcmp(magic, table->form.magic, 7) != 0 || magic[7] == table->form.magic[7];
    close(fd);
    return false;
}

struct lm_table *lm_table_open(const char *path, const struct lm_table_form *form, bool *damaged)
{
    bool ignored;
    struct lm_table *table = calloc(1, sizeof *table);
    char *copy = strdup(path);
    damaged = damaged != NULL ? damaged : &ignored;
    *damaged = false;
    if (table == NULL || copy == NULL || pthread_rwlock_init(&table->guard, NULL) != 0) {
        free(table);
        free(copy);
        return NULL;
    }
    table->form = *form;
    table->path = copy;
    table->fd = -1;
    open_file(table, damaged);
    return table;
}

void lm_table_close(struct lm_table *table)
{
    if (table == NULL)
        return;
    if (table->fd >= 0)
        close(table->fd);
    drop_image(table);
    pthread_rwlock_destroy(&table->guard);
    free(table->path);
    free(table);
}

/* ---- finding ---- */

/** Reads the slots where a key may lie; how many were read. */
static size_t read_window(const struct lm_table *table, uint8_t *slots, uint64_t home)
{
    ssize_t size = pread(table->fd, slots, WINDOW * slot_size(table), slot_at(table, home));
    return size > 0 ? (size_t)size / slot_size(table) : 0;
}

/** The row of a key among slots; NULL when it is not there. */
static const uint8_t *seek(const struct lm_table *table, const uint8_t *slots, size_t count,
                           const void *key)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *slot = slots + i * slot_size(table);
        if (memcmp(slot, key, table->form.key) == 0 && is_row(table, slot))
            return slot;
    }
    return NULL;
}

/** The row of a key in the image; NULL when it is not there. */
static const uint8_t *seek_image(const struct lm_table *table, const void *key)
{
    size_t at = (size_t)slot_at(table, home_of(table, key)), window = WINDOW * slot_size(table);
    bool inside = table->image_size >= window && at <= table->image_size - window;
    return inside ? seek(table, table->image + at, WINDOW, key) : NULL;
}

bool lm_table_find(struct lm_table *table, void *row)
{
    enum { OFTEN = 64 };

    uint8_t slots[WINDOW * SLOT_MAX];
    const uint8_t *found = NULL;
    if (atomic_fetch_add(&table->asked, 1) % OFTEN == OFTEN - 1) {
        pthread_rwlock_wrlock(&table->guard);
        take_image(table);
        pthread_rwlock_unlock(&table->guard);
    }
    pthread_rwlock_rdlock(&table->guard);
    if (table->fd >= 0)
        found = seek_image(table, row);
    if (table->fd >= 0 && found == NULL)
        found = seek(table, slots, read_window(table, slots, home_of(table, row)), row);
    if (found != NULL)
        memcpy(row, found, table->form.row);
    pthread_rwlock_unlock(&table->guard);
    return found != NULL;
}

bool lm_table_blob(struct lm_table *table, const void *row, void *out, size_t size)
{
    const uint8_t *place = (const uint8_t *)row + table->form.key;
    uint64_t offset = lm_get_u64(place);
    if (lm_get_u64(place + 8) != size || offset > INT64_MAX - size)
        return false;
    pthread_rwlock_rdlock(&table->guard);
    bool known =
        table->image != NULL && offset <= table->image_size && size <= table->image_size - offset;
    if (known) {
        memcpy(out, table->image + offset, size);
    } else {
        atomic_fetch_add(&table->blobs, 1);
        known = table->fd >= 0 && pread(table->fd, out, size, (off_t)offset) == (ssize_t)size;
    }
    pthread_rwlock_unlock(&table->guard);
    return known;
}

/* ---- writing ---- */

static bool write_at(int fd, const void *data, size_t size, off_t at)
{
    return pwrite(fd, data, size, at) == (ssize_t)size;
}

/** Writes a row into its slot, or the first free one; false: there is none (or no room). */
static bool write_slot(const struct lm_table *table, const uint8_t *row, bool *full)
{
    uint8_t slots[WINDOW * SLOT_MAX], slot[SLOT_MAX];
    uint64_t home = home_of(table, row);
    size_t size = slot_size(table), count = read_window(table, slots, home);
    const uint8_t *place = seek(table, slots, count, row);
    for (size_t i = 0; i < count && place == NULL; i++)
        if (!is_row(table, slots + i * size))
            place = slots + i * size;
    *full = place == NULL;
    if (place == NULL)
        return false;
    memcpy(slot, row, table->form.row);
    lm_set_u64(slot + table->form.row, lm_hash64(row, table->form.row, 0));
    off_t at = slot_at(table, home + (size_t)(place - slots) / size);
    if (table->image != NULL && (size_t)at + size <= table->image_size)
        memcpy(table->image + at, slot, size);
    return write_at(table->fd, slot, size, at);
}

static bool append_blob(const struct lm_table *table, uint8_t *row, const void *blob, size_t size)
{
    struct stat st;
    if (fstat(table->fd, &st) != 0 || !write_at(table->fd, blob, size, st.st_size))
        return false;
    lm_set_u64(row + table->form.key, (uint64_t)st.st_size);
    lm_set_u64(row + table->form.key + 8, size);
    return true;
}

static bool put_row(const struct lm_table *table, const void *given, const void *blob, size_t size,
                    bool *full)
{
    uint8_t row[LM_TABLE_ROW_MAX];
    memcpy(row, given, table->form.row);
    *full = false;
    if (table->form.has_blobs && !append_blob(table, row, blob, size))
        return false;
    return write_slot(table, row, full);
}

/** Puts one row of the old table into the new one; what is damaged or unwanted stays behind. */
static void carry_row(const struct lm_table *from, const struct lm_table *to, const uint8_t *row)
{
    bool full;
    const uint8_t *place = row + from->form.key;
    if (from->form.keep != NULL && !from->form.keep(row))
        return;
    if (!from->form.has_blobs) {
        put_row(to, row, NULL, 0, &full);
        return;
    }
    struct stat st;
    uint64_t offset = lm_get_u64(place), size = lm_get_u64(place + 8);
    if (fstat(from->fd, &st) != 0 || offset > (uint64_t)st.st_size ||
        size > (uint64_t)st.st_size - offset)
        return;
    void *blob = malloc((size_t)size + 1);
    if (blob != NULL && pread(from->fd, blob, (size_t)size, (off_t)offset) == (ssize_t)size)
        put_row(to, row, blob, (size_t)size, &full);
    free(blob);
}

/** Calls visit for every row. */
static void each_row(const struct lm_table *table, void (*visit)(void *user, const uint8_t *row),
                     void *user)
{
    size_t size = slot_size(table), many = COPY / size;
    uint8_t *slots = table->fd >= 0 ? malloc(many * size) : NULL;
    uint64_t all = table->capacity + WINDOW;
    for (uint64_t at = 0; slots != NULL && at < all; at += many) {
        size_t want = all - at < many ? (size_t)(all - at) : many;
        ssize_t got = pread(table->fd, slots, want * size, slot_at(table, at));
        for (size_t i = 0; got > 0 && i < (size_t)got / size; i++)
            if (is_row(table, slots + i * size))
                visit(user, slots + i * size);
    }
    free(slots);
}

struct carriage {
    const struct lm_table *from, *to;
    size_t count;
};

static void carry(void *user, const uint8_t *row)
{
    const struct carriage *carriage = user;
    carry_row(carriage->from, carriage->to, row);
}

static void count_row(void *user, const uint8_t *row)
{
    const struct lm_table *table = ((struct carriage *)user)->from;
    ((struct carriage *)user)->count += table->form.keep == NULL || table->form.keep(row);
}

/** Room for all rows kept and as many again; more than there was. */
static uint64_t next_capacity(const struct lm_table *table)
{
    struct carriage carriage = {.from = table};
    uint64_t capacity = table->fd >= 0 ? table->capacity * 2 : CAPACITY_MIN;
    each_row(table, count_row, &carriage);
    while (capacity < carriage.count * 3 && capacity < CAPACITY_MAX)
        capacity *= 2;
    return capacity <= CAPACITY_MAX ? capacity : CAPACITY_MAX;
}

/** Fills an empty file: header, free slots, the old rows. */
static bool fill(const struct lm_table *old, struct lm_table *fresh)
{
    uint8_t header[HEADER];
    encode_header(header, fresh);
    struct carriage carriage = {.from = old, .to = fresh};
    if (ftruncate(fresh->fd, slot_at(fresh, fresh->capacity + WINDOW)) != 0)
        return false;
    each_row(old, carry, &carriage);
    return write_at(fresh->fd, header, sizeof header, 0);
}

/** A larger table beside the old one, then in its place. */
static bool rebuild(struct lm_table *table)
{
    struct lm_new_file file;
    bool damaged;
    struct lm_table fresh = {.form = table->form, .capacity = next_capacity(table)};
    if (lm_new_file_open(&file, table->path, 0666, NULL) != LM_OK)
        return false;
    fresh.fd = file.fd;
    if (!fill(table, &fresh)) {
        lm_new_file_drop(&file);
        return false;
    }
    return lm_new_file_commit(&file, LM_NEW_ASIDE, NULL) == LM_OK && open_file(table, &damaged);
}

/** The same in memory. */
static bool go_private(struct lm_table *table)
{
    struct lm_table fresh = {.form = table->form, .capacity = next_capacity(table)};
    fresh.fd = memfd_create("lmpipe-table", MFD_CLOEXEC);
    if (fresh.fd < 0)
        return false;
    if (!fill(table, &fresh) || !adopt(table, fresh.fd, true)) {
        close(fresh.fd);
        return false;
    }
    table->is_private = true;
    return true;
}

/** Locks the file that has the table's name now. */
static bool lock_file(struct lm_table *table)
{
    const struct timespec millisecond = {.tv_nsec = 1000000};
    struct stat open_one, named;
    bool damaged;
    for (int i = 0; i < LOCK_TRIES && table->fd >= 0; i++) {
        if (flock(table->fd, LOCK_EX | LOCK_NB) != 0) {
            nanosleep(&millisecond, NULL);
            continue;
        }
        if (fstat(table->fd, &open_one) == 0 && lstat(table->path, &named) == 0 &&
            open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev)
            return true;
        flock(table->fd, LOCK_UN);
        if (!open_file(table, &damaged)) {
            close(table->fd); /* it was removed, or something else took its place */
            table->fd = -1;
            drop_image(table);
        }
    }
    return false;
}

/** Makes sure that there is a table rows can be written to. */
static bool make_writable(struct lm_table *table)
{
    bool damaged; /* another process may have made one meanwhile */
    if (table->fd < 0 && !open_file(table, &damaged))
        return rebuild(table) || go_private(table);
    return table->writable || table->is_private || go_private(table);
}

/** The file's lock; a table that was removed meanwhile is made anew. */
static bool hold(struct lm_table *table)
{
    if (table->is_private || lock_file(table))
        return true;
    return table->fd < 0 && rebuild(table) && lock_file(table);
}

static bool put(struct lm_table *table, const void *row, const void *blob, size_t size)
{
    bool full = false;
    if (!make_writable(table))
        return false;
    for (int i = 0; i < 2; i++) {
        bool held = hold(table);
        bool done = held && put_row(table, row, blob, size, &full);
        if (held && !table->is_private)
            flock(table->fd, LOCK_UN);
        if (!full)
            return done;
        if (!(table->is_private ? go_private(table) : rebuild(table)))
            return false;
    }
    return false;
}

bool lm_table_put(struct lm_table *table, const void *row, const void *blob, size_t size)
{
    pthread_rwlock_wrlock(&table->guard);
    bool done = put(table, row, blob, size);
    pthread_rwlock_unlock(&table->guard);
    return done;
}

void lm_table_clear(struct lm_table *table)
{
    pthread_rwlock_wrlock(&table->guard);
    unlink(table->path);
    if (table->fd >= 0)
        close(table->fd);
    table->fd = -1;
    table->is_private = false;
    drop_image(table);
    pthread_rwlock_unlock(&table->guard);
}

size_t lm_table_count(struct lm_table *table)
{
    struct carriage carriage = {.from = table};
    pthread_rwlock_rdlock(&table->guard);
    each_row(table, count_row, &carriage);
    pthread_rwlock_unlock(&table->guard);
    return carriage.count;
}
