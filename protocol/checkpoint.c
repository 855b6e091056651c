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
#include "protocol/saved.h"

#define MAGIC "LMCKPT1\n"
#define SLOTS 2

/** Byte offsets of the header, docs/formats/checkpoint.md. */
enum { AT_SERIAL = 8, AT_POSITION = 16, AT_SIZE = 24, AT_OWNER = 32, AT_DATA = 40, AT_SUM = 56 };

enum { HEADER = 64, LOOKS = 3 };

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

/** What is to be written, at which progress. */
struct content {
    uint64_t position;
    const struct lm_save_part *parts;
    size_t count;
};

/** Checksum and size of all parts, as of one block of memory. */
static enum lm_status content_sum(const struct content *content, uint64_t *sum, uint64_t *size,
                                  struct lm_err *err)
{
    struct lm_hash64 *hash = lm_hash64_create();
    if (hash == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a checksum");
    *size = 0;
    for (size_t i = 0; i < content->count; i++) {
        lm_hash64_update(hash, content->parts[i].data, content->parts[i].size);
        *size += content->parts[i].size;
    }
    *sum = lm_hash64_final(hash);
    lm_hash64_free(hash);
    return LM_OK;
}

static enum lm_status header_write(struct lm_buf *out, const char *folder, uint64_t serial,
                                   const struct content *content, struct lm_err *err)
{
    uint64_t sum = 0, size = 0;
    LM_TRY(content_sum(content, &sum, &size, err));
    lm_buf_append(out, MAGIC, 8);
    lm_buf_put_u64(out, serial);
    lm_buf_put_u64(out, content->position);
    lm_buf_put_u64(out, size);
    lm_buf_put_u64(out, owner_of(folder));
    lm_buf_put_u64(out, sum);
    lm_buf_put_u64(out, 0);
    if (!out->failed)
        lm_buf_put_u64(out, lm_hash64(out->data, out->size, 0));
    return lm_buf_status(out, err);
}

/** Writes a slot beside its name; *file is to be committed or dropped. */
static enum lm_status slot_write(struct lm_new_file *file, const char *folder, size_t index,
                                 uint64_t serial, const struct content *content, struct lm_err *err)
{
    char path[PATH_MAX];
    struct lm_buf header;
    if (!slot_path(path, folder, index))
        return lm_fail(err, LM_RANGE, "%s: the path is too long; use a store with a shorter one",
                       folder);
    lm_buf_init(&header, HEADER * 2);
    enum lm_status status = header_write(&header, folder, serial, content, err);
    if (status == LM_OK)
        status = lm_new_file_open(file, path, 0666, err);
    if (status == LM_OK)
        status = lm_write_all(file->fd, header.data, header.size, path, err);
    for (size_t i = 0; i < content->count && status == LM_OK; i++)
        status = lm_write_all(file->fd, content->parts[i].data, content->parts[i].size, path, err);
    lm_buf_release(&header);
    return status;
}

enum lm_status lm_checkpoint_save(const char *folder, uint64_t position,
                                  const struct lm_save_part *parts, size_t count,
                                  struct lm_err *err)
{
    const struct content content = {position, parts, count};
    LM_TRY(lm_dir_create(folder, err));
    struct slot slots[SLOTS] = {slot_peek(folder, 0), slot_peek(folder, 1)};
    size_t best = newest(slots);
    uint64_t serial = slots[best].state == SOUND ? slots[best].serial + 1 : 1;
    struct lm_new_file file = {.fd = -1};
    enum lm_status status = slot_write(&file, folder, expendable(slots), serial, &content, err);
    if (status == LM_OK)
        status = lm_new_file_commit(&file, LM_NEW_DURABLE | LM_NEW_ASIDE, err);
    lm_new_file_drop(&file);
    return status;
}

/** Opens the data behind a sound header, all of which is looked at; *out NULL when it is not all
 *  there. Then *slot says whether it is damaged or could not be read. */
static enum lm_status slot_take(struct lm_saved **out, struct slot *slot, const char *folder,
                                size_t index, struct lm_err *err)
{
    int fd, error;
    *out = NULL;
    *slot = slot_open(&fd, folder, index);
    if (fd < 0)
        return LM_OK;
    struct lm_saved *saved = lm_saved_open(fd, HEADER, slot->size, slot->position, slot->checksum);
    if (saved == NULL)
        return lm_fail(err, LM_NOMEM, "%s: no memory to read a checkpoint; free some", folder);
    if (lm_saved_verify(saved, &error)) {
        *out = saved;
        return LM_OK;
    }
    lm_saved_close(saved);
    ino_t inode = slot->inode;
    *slot = failed(error);
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

static enum lm_status open_newest(struct lm_saved **out, const char *folder, bool is_own,
                                  struct lm_err *err)
{
    struct slot slots[SLOTS] = {slot_peek(folder, 0), slot_peek(folder, 1)};
    size_t first = newest(slots);
    const size_t order[SLOTS] = {first, 1 - first};
    int error = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot slot;
        LM_TRY(slot_take(out, &slot, folder, order[i], err));
        if (*out != NULL)
            return LM_OK;
        if (slot.state == DAMAGED && is_own)
            slot_clear(folder, order[i]);
        if (slot.state == UNREADABLE)
            error = slot.error;
    }
    if (error != 0)
        return lm_fail_errno(err, error,
                             "cannot read the checkpoint in %s; try again, or remove the folder to "
                             "begin anew",
                             folder);
    return LM_OK;
}

enum lm_status lm_checkpoint_open(struct lm_saved **out, const char *folder, struct lm_err *err)
{
    return open_newest(out, folder, true, err);
}

/** A writer replaces one slot at a time, and leaves the other: what is missed once is there
 * when one looks again, unless nothing is. */
enum lm_status lm_checkpoint_look(struct lm_saved **out, const char *folder, struct lm_err *err)
{
    *out = NULL;
    for (int i = 0; i < LOOKS && *out == NULL; i++)
        LM_TRY(open_newest(out, folder, false, err));
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

enum lm_status lm_state_save(const char *folder, uint64_t position,
                             const struct lm_save_part *parts, size_t count, struct lm_err *err)
{
    const struct content content = {position, parts, count};
    struct lm_new_file file = {.fd = -1};
    LM_TRY(lm_dir_create(folder, err));
    if (is_outdone(folder, position))
        return LM_OK;
    enum lm_status status = slot_write(&file, folder, STATE_SLOT, 1, &content, err);
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

enum lm_status lm_state_check(enum lm_state_finding *found, uint64_t *size, const char *folder,
                              struct lm_err *err)
{
    struct lm_saved *saved = NULL;
    struct slot slot;
    LM_TRY(slot_take(&saved, &slot, folder, STATE_SLOT, err));
    lm_saved_close(saved);
    *found = finding_of(slot.state);
    *size = slot.state == SOUND ? slot.size + HEADER : 0;
    return LM_OK;
}

enum lm_status lm_state_open(enum lm_state_finding *found, struct lm_saved **out,
                             const char *folder, uint64_t least, uint64_t most, struct lm_err *err)
{
    struct slot slot = slot_peek(folder, STATE_SLOT);
    bool is_meant = slot.state != SOUND || (slot.position >= least && slot.position <= most);
    *out = NULL;
    *found = LM_STATE_NONE;
    if (!is_meant)
        return LM_OK;
    LM_TRY(slot_take(out, &slot, folder, STATE_SLOT, err));
    *found = finding_of(slot.state);
    if (slot.state == DAMAGED)
        state_clear(folder, &slot);
    if (*out != NULL && (slot.position < least || slot.position > most)) {
        lm_saved_close(*out); /* another has just taken its place */
        *out = NULL;
        *found = LM_STATE_NONE;
    }
    return LM_OK;
}

uint64_t lm_checkpoint_wait_ns(uint64_t cost_ns)
{
    const uint64_t second = UINT64_C(1000000000), least = 10 * second, most = 50 * second;
    uint64_t wait = cost_ns < UINT64_MAX / 50 ? 50 * cost_ns : UINT64_MAX;
    wait = wait < least ? least : wait > most ? most : wait;
    return cost_ns < wait / 10 ? wait : cost_ns < UINT64_MAX / 10 ? 10 * cost_ns : UINT64_MAX;
}
