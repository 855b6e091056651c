#include "protocol/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmpipe/hash.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/io.h"
#include "base/new_file.h"

#define MAGIC "LMCKPT1\n"
#define SLOTS 2

/** Byte offsets of the header, docs/formats/checkpoint.md. */
enum { AT_SERIAL = 8, AT_POSITION = 16, AT_SIZE = 24, AT_OWNER = 32, AT_DATA = 40, AT_SUM = 56 };

enum { HEADER = 64 };

static const char *const slot_names[SLOTS] = {"a", "b"};

/** ABSENT: no file; DAMAGED: something else than a slot of this key; UNREADABLE: nobody knows,
 * since reading failed: it may be sound, and stays. */
enum state { ABSENT, SOUND, DAMAGED, UNREADABLE };

struct slot {
    enum state state; /**< of the header */
    int error;        /**< UNREADABLE: errno */
    ino_t inode;      /**< of its file; 0: it has no header */
    uint64_t serial, position, size, checksum;
};

static bool slot_path(char out[PATH_MAX], const char *folder, size_t slot)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", folder, slot_names[slot]);
    return n > 0 && n < PATH_MAX;
}

/** Ties a slot to the key its folder is named by: a slot moved elsewhere is not sound. */
static uint64_t owner_of(const char *folder)
{
    const char *name = lm_path_base(folder);
    return lm_hash64(name, strlen(name), 0);
}

/** False: with errno, or 0 when the file ends before. */
static bool read_all(int fd, void *data, size_t size)
{
    uint8_t *at = data;
    while (size > 0) {
        ssize_t n = read(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = 0;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/** A slot that could not be opened or read. What is no file, or nobody may read, is no slot. */
static struct slot failed(int error)
{
    bool odd = error == 0 || error == ELOOP || error == EISDIR || error == EACCES || error == ENXIO;
    return (struct slot){.state = error == ENOENT ? ABSENT
                                  : odd           ? DAMAGED
                                                  : UNREADABLE,
                         .error = error};
}

/** Reads and checks a header; the file must have exactly the length it states. */
static struct slot header_read(int fd, uint64_t owner)
{
    uint8_t raw[HEADER];
    struct stat st;
    if (fstat(fd, &st) != 0 || !read_all(fd, raw, sizeof raw))
        return failed(errno);
    struct slot slot = {.state = DAMAGED,
                        .inode = st.st_ino,
                        .serial = lm_get_u64(raw + AT_SERIAL),
                        .position = lm_get_u64(raw + AT_POSITION),
                        .size = lm_get_u64(raw + AT_SIZE),
                        .checksum = lm_get_u64(raw + AT_DATA)};
    if (memcmp(raw, MAGIC, 8) == 0 && lm_get_u64(raw + AT_OWNER) == owner &&
        lm_get_u64(raw + AT_SUM) == lm_hash64(raw, AT_SUM, 0) &&
        slot.size <= (uint64_t)INT64_MAX - HEADER && (uint64_t)st.st_size == slot.size + HEADER &&
        slot.position <= INT64_MAX)
        slot.state = SOUND;
    return slot;
}

/** Opens a slot and reads its header; *out -1 unless it is sound. */
static struct slot slot_open(int *out, const char *folder, size_t index)
{
    char path[PATH_MAX];
    *out = -1;
    if (!slot_path(path, folder, index))
        return failed(ENOENT);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return failed(errno);
    struct slot slot = header_read(fd, owner_of(folder));
    if (slot.state == SOUND)
        *out = fd;
    else
        close(fd);
    return slot;
}

static struct slot slot_peek(const char *folder, size_t index)
{
    int fd;
    struct slot slot = slot_open(&fd, folder, index);
    if (fd >= 0)
        close(fd);
    return slot;
}

static size_t newest(const struct slot slots[SLOTS])
{
    return slots[1].state == SOUND && (slots[0].state != SOUND || slots[1].serial > slots[0].serial)
               ? 1
               : 0;
}

/** The slot a save replaces: not the newest sound one; when there is none, one that is surely none.
 */
static size_t expendable(const struct slot slots[SLOTS])
{
    size_t best = newest(slots);
    return slots[best].state == SOUND || slots[best].state == UNREADABLE ? 1 - best : best;
}

int64_t lm_checkpoint_peek(const char *folder)
{
    struct slot slots[SLOTS] = {slot_peek(folder, 0), slot_peek(folder, 1)};
    const struct slot *best = &slots[newest(slots)];
    return best->state == SOUND ? (int64_t)best->position : -1;
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

/** Writes a slot beside its name; *file is to be committed or dropped. */
static enum lm_status slot_write(struct lm_new_file *file, const char *folder, size_t index,
                                 uint64_t serial, uint64_t position, const void *data, size_t size,
                                 struct lm_err *err)
{
    char path[PATH_MAX];
    struct lm_buf header;
    if (!slot_path(path, folder, index))
        return lm_fail(err, LM_RANGE, "%s: the path is too long; use a store with a shorter one",
                       folder);
    lm_buf_init(&header, HEADER * 2);
    enum lm_status status = header_write(&header, folder, serial, position, data, size, err);
    if (status == LM_OK)
        status = lm_new_file_open(file, path, 0666, err);
    if (status == LM_OK)
        status = lm_write_all(file->fd, header.data, header.size, path, err);
    if (status == LM_OK)
        status = lm_write_all(file->fd, data, size, path, err);
    lm_buf_release(&header);
    return status;
}

enum lm_status lm_checkpoint_save(const char *folder, uint64_t position, const void *data,
                                  size_t size, struct lm_err *err)
{
    LM_TRY(lm_dir_create(folder, err));
    struct slot slots[SLOTS] = {slot_peek(folder, 0), slot_peek(folder, 1)};
    size_t best = newest(slots);
    uint64_t serial = slots[best].state == SOUND ? slots[best].serial + 1 : 1;
    struct lm_new_file file = {.fd = -1};
    enum lm_status status =
        slot_write(&file, folder, expendable(slots), serial, position, data, size, err);
    if (status == LM_OK)
        status = lm_new_file_commit(&file, LM_NEW_DURABLE | LM_NEW_ASIDE, err);
    lm_new_file_drop(&file);
    return status;
}

/** Reads the data behind a sound header into the arena; *data NULL when it is not all there. Then
 *  *slot says whether it is damaged or could not be read. */
static enum lm_status slot_read(void **data, struct slot *slot, struct lm_arena *arena,
                                const char *folder, size_t index, struct lm_err *err)
{
    int fd;
    struct lm_arena_mark mark = lm_arena_mark(arena);
    *data = NULL;
    *slot = slot_open(&fd, folder, index);
    if (fd < 0)
        return LM_OK;
    void *bytes = lm_arena_alloc(arena, (size_t)slot->size);
    bool whole = bytes != NULL && read_all(fd, bytes, (size_t)slot->size);
    int error = errno;
    close(fd);
    if (bytes == NULL)
        return lm_fail(err, LM_NOMEM, "%s: no memory for a checkpoint of %llu bytes; free some",
                       folder, (unsigned long long)slot->size);
    if (whole && lm_hash64(bytes, (size_t)slot->size, 0) == slot->checksum) {
        *data = bytes;
        return LM_OK;
    }
    lm_arena_rewind(arena, mark);
    ino_t inode = slot->inode;
    *slot = failed(whole ? 0 : error);
    slot->inode = inode;
    return LM_OK;
}

/** What is damaged is of no use: a file goes, anything else moves aside. */
static void slot_clear(const char *folder, size_t index)
{
    char path[PATH_MAX];
    if (!slot_path(path, folder, index) || unlink(path) == 0)
        return;
    char *aside = lm_path_beside(path, "aside");
    if (aside != NULL)
        rename(path, aside);
    free(aside);
}

enum lm_status lm_checkpoint_load(uint64_t *position, void **data, size_t *size,
                                  struct lm_arena *arena, const char *folder, struct lm_err *err)
{
    struct slot slots[SLOTS] = {slot_peek(folder, 0), slot_peek(folder, 1)};
    size_t first = newest(slots);
    const size_t order[SLOTS] = {first, 1 - first};
    int error = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        void *bytes = NULL;
        struct slot slot;
        LM_TRY(slot_read(&bytes, &slot, arena, folder, order[i], err));
        if (bytes != NULL) {
            *position = slot.position;
            *size = (size_t)slot.size;
            *data = bytes;
            return LM_OK;
        }
        if (slot.state == DAMAGED)
            slot_clear(folder, order[i]);
        if (slot.state == UNREADABLE)
            error = slot.error;
    }
    if (error != 0)
        return lm_fail_errno(err, error,
                             "cannot read the checkpoint in %s; try again, or remove the folder to "
                             "begin anew",
                             folder);
    *data = NULL;
    return LM_OK;
}

/* ---- states ---- */

enum { STATE_SLOT = 0 };

int64_t lm_state_peek(const char *folder)
{
    struct slot slot = slot_peek(folder, STATE_SLOT);
    return slot.state == SOUND ? (int64_t)slot.position : -1;
}

const char *lm_state_path(struct lm_arena *arena, const char *folder)
{
    return lm_path_join(arena, folder, slot_names[STATE_SLOT]);
}

/** Waits until nobody else exchanges the state of the folder; -1 where there are no such locks, and
 *  the last one to write stays. */
static int lock_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && flock(fd, LOCK_EX) != 0)
        if (errno != EINTR) {
            close(fd);
            return -1;
        }
    return fd;
}

static void unlock_folder(int fd)
{
    if (fd >= 0)
        close(fd);
}

static bool is_outdone(const char *folder, uint64_t position)
{
    int64_t stands = lm_state_peek(folder);
    return stands >= 0 && (uint64_t)stands >= position;
}

enum lm_status lm_state_save(const char *folder, uint64_t position, const void *data, size_t size,
                             struct lm_err *err)
{
    struct lm_new_file file = {.fd = -1};
    LM_TRY(lm_dir_create(folder, err));
    if (is_outdone(folder, position))
        return LM_OK;
    enum lm_status status = slot_write(&file, folder, STATE_SLOT, 1, position, data, size, err);
    if (status == LM_OK)
        status = lm_new_file_sync(&file, err);
    if (status == LM_OK) {
        int lock = lock_folder(folder);
        if (!is_outdone(folder, position))
            status = lm_new_file_commit(&file, LM_NEW_DURABLE | LM_NEW_ASIDE, err);
        unlock_folder(lock);
    }
    lm_new_file_drop(&file);
    return status;
}

/** Removes a state that was found damaged, unless another has taken its place meanwhile. */
static void state_clear(const char *folder, const struct slot *damaged)
{
    int lock = lock_folder(folder);
    if (slot_peek(folder, STATE_SLOT).inode == damaged->inode)
        slot_clear(folder, STATE_SLOT);
    unlock_folder(lock);
}

static enum lm_state_finding finding_of(enum state state)
{
    static const enum lm_state_finding findings[] = {[ABSENT] = LM_STATE_NONE,
                                                     [SOUND] = LM_STATE_SOUND,
                                                     [DAMAGED] = LM_STATE_DAMAGED,
                                                     [UNREADABLE] = LM_STATE_UNREADABLE};

    return findings[state];
}

enum lm_status lm_state_check(enum lm_state_finding *found, uint64_t *size, struct lm_arena *arena,
                              const char *folder, struct lm_err *err)
{
    void *bytes = NULL;
    struct slot slot;
    struct lm_arena_mark mark = lm_arena_mark(arena);
    LM_TRY(slot_read(&bytes, &slot, arena, folder, STATE_SLOT, err));
    *found = finding_of(slot.state);
    *size = slot.state == SOUND ? slot.size + HEADER : 0;
    lm_arena_rewind(arena, mark);
    return LM_OK;
}

enum lm_status lm_state_load(enum lm_state_finding *found, uint64_t *position, void **data,
                             size_t *size, struct lm_arena *arena, const char *folder,
                             uint64_t least, uint64_t most, struct lm_err *err)
{
    struct slot slot = slot_peek(folder, STATE_SLOT);
    struct lm_arena_mark mark = lm_arena_mark(arena);
    bool is_meant = slot.state != SOUND || (slot.position >= least && slot.position <= most);
    *data = NULL;
    *found = LM_STATE_NONE;
    if (!is_meant)
        return LM_OK;
    LM_TRY(slot_read(data, &slot, arena, folder, STATE_SLOT, err));
    *found = finding_of(slot.state);
    if (slot.state == DAMAGED)
        state_clear(folder, &slot);
    if (*data == NULL)
        return LM_OK;
    if (slot.position < least || slot.position > most) { /* another has just taken its place */
        lm_arena_rewind(arena, mark);
        *data = NULL;
        *found = LM_STATE_NONE;
        return LM_OK;
    }
    *position = slot.position;
    *size = (size_t)slot.size;
    return LM_OK;
}

uint64_t lm_checkpoint_wait_ns(uint64_t cost_ns)
{
    const uint64_t second = UINT64_C(1000000000), least = 10 * second, most = 50 * second;
    uint64_t wait = cost_ns < UINT64_MAX / 50 ? 50 * cost_ns : UINT64_MAX;
    wait = wait < least ? least : wait > most ? most : wait;
    return cost_ns < wait / 10 ? wait : cost_ns < UINT64_MAX / 10 ? 10 * cost_ns : UINT64_MAX;
}
