#include "protocol/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmpipe/hash.h>

#include "base/buf.h"
#include "base/io.h"

#define MAGIC "LMCKPT1\n"
#define SLOTS 2

/** Byte offsets of the header, docs/formats/checkpoint.md. */
enum { AT_SERIAL = 8, AT_POSITION = 16, AT_SIZE = 24, AT_OWNER = 32, AT_DATA = 40, AT_SUM = 56 };

enum { HEADER = 64 };

static const char *const slot_names[SLOTS] = {"a", "b"};

struct slot {
    bool sound; /**< the header is */
    uint64_t serial, position, size, checksum;
};

static uint64_t get_u64(const uint8_t *at)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | at[i];
    return v;
}

static bool slot_path(char out[PATH_MAX], const char *folder, size_t slot, const char *suffix)
{
    int n = snprintf(out, PATH_MAX, "%s/%s%s", folder, slot_names[slot], suffix);
    return n > 0 && n < PATH_MAX;
}

/** Ties a slot to the key its folder is named by: a slot moved elsewhere is not sound. */
static uint64_t owner_of(const char *folder)
{
    const char *name = lm_path_base(folder);
    return lm_hash64(name, strlen(name), 0);
}

static bool read_all(int fd, void *data, size_t size)
{
    uint8_t *at = data;
    while (size > 0) {
        ssize_t n = read(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/** Reads and checks a header; the file must have exactly the length it states. */
static struct slot header_read(int fd, uint64_t owner)
{
    struct slot slot = {.sound = false};
    uint8_t raw[HEADER];
    struct stat st;
    if (fstat(fd, &st) != 0 || !read_all(fd, raw, sizeof raw))
        return slot;
    slot.serial = get_u64(raw + AT_SERIAL);
    slot.position = get_u64(raw + AT_POSITION);
    slot.size = get_u64(raw + AT_SIZE);
    slot.checksum = get_u64(raw + AT_DATA);
    slot.sound = memcmp(raw, MAGIC, 8) == 0 && get_u64(raw + AT_OWNER) == owner &&
                 get_u64(raw + AT_SUM) == lm_hash64(raw, AT_SUM, 0) &&
                 slot.size <= (uint64_t)INT64_MAX - HEADER &&
                 (uint64_t)st.st_size == slot.size + HEADER && slot.position <= INT64_MAX;
    return slot;
}

static struct slot slot_peek(const char *folder, size_t index)
{
    struct slot slot = {.sound = false};
    char path[PATH_MAX];
    if (!slot_path(path, folder, index, ""))
        return slot;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) {
        slot = header_read(fd, owner_of(folder));
        close(fd);
    }
    return slot;
}

static size_t newest(const struct slot slots[SLOTS])
{
    return slots[1].sound && (!slots[0].sound || slots[1].serial > slots[0].serial) ? 1 : 0;
}

int64_t lm_checkpoint_peek(const char *folder)
{
    struct slot slots[SLOTS] = {slot_peek(folder, 0), slot_peek(folder, 1)};
    const struct slot *best = &slots[newest(slots)];
    return best->sound ? (int64_t)best->position : -1;
}

static enum lm_status header_write(struct lm_buf *out, const char *folder, uint64_t serial,
                                   uint64_t position, const void *data, size_t size,
                                   struct lm_err *err)
{
    lm_buf_append(out, MAGIC, 8);
    lm_buf_put_u64(out, serial);
    lm_buf_put_u64(out, position);
    lm_buf_put_u64(out, size);
    lm_buf_put_u64(out, owner_of(folder));
    lm_buf_put_u64(out, lm_hash64(data, size, 0));
    lm_buf_put_u64(out, 0);
    if (!out->failed)
        lm_buf_put_u64(out, lm_hash64(out->data, out->size, 0));
    return lm_buf_status(out, err);
}

/** Writes both parts to a temporary file and makes them durable. */
static enum lm_status file_write(const char *path, const struct lm_buf *header, const void *data,
                                 size_t size, struct lm_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return lm_fail_errno(err, errno, "cannot write the checkpoint %s", path);
    enum lm_status status = lm_write_all(fd, header->data, header->size, path, err);
    if (status == LM_OK)
        status = lm_write_all(fd, data, size, path, err);
    if (status == LM_OK && fsync(fd) != 0)
        status = lm_fail_errno(err, errno, "cannot write the checkpoint %s", path);
    if (close(fd) != 0 && status == LM_OK)
        status = lm_fail_errno(err, errno, "cannot write the checkpoint %s", path);
    if (status != LM_OK)
        unlink(path);
    return status;
}

enum lm_status lm_checkpoint_save(const char *folder, uint64_t position, const void *data,
                                  size_t size, struct lm_err *err)
{
    LM_TRY(lm_dir_create(folder, err));
    struct slot slots[SLOTS] = {slot_peek(folder, 0), slot_peek(folder, 1)};
    size_t best = newest(slots), goal = slots[best].sound ? 1 - best : 0;
    uint64_t serial = slots[best].sound ? slots[best].serial + 1 : 1;
    char path[PATH_MAX], temporary[PATH_MAX];
    if (!slot_path(path, folder, goal, "") || !slot_path(temporary, folder, goal, ".tmp"))
        return lm_fail(err, LM_RANGE, "%s: the path is too long; use a store with a shorter one",
                       folder);
    struct lm_buf header;
    lm_buf_init(&header, HEADER * 2);
    enum lm_status status = header_write(&header, folder, serial, position, data, size, err);
    if (status == LM_OK)
        status = file_write(temporary, &header, data, size, err);
    lm_buf_release(&header);
    if (status == LM_OK && rename(temporary, path) != 0)
        status = lm_fail_errno(err, errno, "cannot write the checkpoint %s", path);
    return status == LM_OK ? lm_fsync_path(folder, err) : status;
}

/** Reads the data behind a sound header; *data NULL when its checksum does not hold. */
static enum lm_status slot_read(void **data, size_t *size, uint64_t *position,
                                struct lm_arena *arena, const char *folder, const char *path,
                                struct lm_err *err)
{
    *data = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? LM_OK
                               : lm_fail_errno(err, errno, "cannot read the checkpoint %s", path);
    enum lm_status status = LM_OK;
    struct lm_arena_mark mark = lm_arena_mark(arena);
    struct slot slot = header_read(fd, owner_of(folder));
    void *bytes = slot.sound ? lm_arena_alloc(arena, (size_t)slot.size) : NULL;
    if (slot.sound && bytes == NULL)
        status = lm_fail(err, LM_NOMEM, "%s: no memory for a checkpoint of %llu bytes", path,
                         (unsigned long long)slot.size);
    if (bytes != NULL && read_all(fd, bytes, (size_t)slot.size) &&
        lm_hash64(bytes, (size_t)slot.size, 0) == slot.checksum) {
        *data = bytes;
        *size = (size_t)slot.size;
        *position = slot.position;
    } else {
        lm_arena_rewind(arena, mark);
    }
    close(fd);
    return status;
}

enum lm_status lm_checkpoint_load(uint64_t *position, void **data, size_t *size,
                                  struct lm_arena *arena, const char *folder, struct lm_err *err)
{
    struct slot slots[SLOTS] = {slot_peek(folder, 0), slot_peek(folder, 1)};
    size_t first = newest(slots);
    const size_t order[SLOTS] = {first, 1 - first};
    void *bytes = NULL;
    for (size_t i = 0; i < SLOTS && bytes == NULL; i++) {
        char path[PATH_MAX];
        if (!slot_path(path, folder, order[i], ""))
            continue;
        LM_TRY(slot_read(&bytes, size, position, arena, folder, path, err));
        if (bytes == NULL)
            unlink(path);
    }
    *data = bytes;
    return LM_OK;
}

uint64_t lm_checkpoint_wait_ns(uint64_t cost_ns)
{
    const uint64_t second = UINT64_C(1000000000), least = 10 * second, most = 50 * second;
    uint64_t wait = cost_ns < UINT64_MAX / 50 ? 50 * cost_ns : UINT64_MAX;
    wait = wait < least ? least : wait > most ? most : wait;
    return cost_ns < wait / 10 ? wait : cost_ns < UINT64_MAX / 10 ? 10 * cost_ns : UINT64_MAX;
}
