#include "data/tokens_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmpipe/arena.h>

#include "base/io.h"

/*
 * LMDB's data file, version 1, as 64-bit little-endian machines write it (LMDB itself reads no
 * other machine's files). A page starts with a header of 16 bytes: its number (8), unused (2),
 * flags (2), then lower and upper end of its free space (2 + 2) or its count of overflow pages
 * (4). Pages 0 and 1 hold a meta record each; the one with the larger transaction counts.
 */
enum {
    HEADER = 16,
    META = 136,
    NODE = 8,
    SMALLEST_PAGE = 512,
    LARGEST_PAGE = 32768,
    DEEPEST = 32,
    LONGEST_KEY = 511,
    LMDB_VERSION = 1
};

enum { BRANCH = 1, LEAF = 2, OVERFLOW = 4, META_PAGE = 8 }; /* page flags */

enum { BIG_DATA = 1 }; /* node flag: value in its own pages */

static const uint32_t magic = 0xBEEFC0DE;
static const uint64_t no_root = UINT64_MAX;

struct check {
    int fd;
    const char *path;
    struct lm_err *err;
    size_t page_size;
    uint64_t last_page, depth, root;
    uint64_t visited;
    struct lm_arena *arena;
    uint8_t *pages; /* one page a level */
};

static enum lm_status unsound(struct lm_err *err, const char *path, const char *what)
{
    return lm_fail(err, LM_FORMAT, "%s: not a sound token file: %s; make it anew", path, what);
}

static enum lm_status bad(const struct check *check, const char *what)
{
    return unsound(check->err, check->path, what);
}

static uint64_t load(const uint8_t *data, size_t size)
{
    uint64_t v8 = 0;
    uint32_t v4 = 0;
    uint16_t v2 = 0;
    memcpy(size == 8 ? (void *)&v8 : size == 4 ? (void *)&v4 : (void *)&v2, data, size);
    return size == 8 ? v8 : size == 4 ? v4 : v2;
}

/* Exactly `size` bytes at `offset`. */
static enum lm_status read_at(const struct check *check, uint8_t *out, size_t size, uint64_t offset)
{
    if (lm_read_at(check->fd, out, size, offset) == size)
        return LM_OK;
    return errno != 0 ? lm_fail_errno(check->err, errno, "cannot read %s", check->path)
                      : bad(check, "it ends too early");
}

/* Offsets in a page that holds a meta record; a database record is 48 bytes. */
enum {
    AT_FLAGS = 10,
    AT_MAGIC = HEADER,
    AT_VERSION = HEADER + 4,
    AT_ADDRESS = HEADER + 8,
    AT_FREE_DB = HEADER + 24,
    AT_MAIN_DB = AT_FREE_DB + 48,
    DB_PAGE_SIZE = 0,
    DB_FLAGS = 4,
    DB_DEPTH = 6,
    DB_ENTRIES = 32,
    DB_ROOT = 40,
    AT_LAST_PAGE = AT_MAIN_DB + 48,
    AT_TRANSACTION = AT_LAST_PAGE + 8
};

static bool is_page_size(uint64_t size)
{
    return size >= SMALLEST_PAGE && size <= LARGEST_PAGE && (size & (size - 1)) == 0;
}

static enum lm_status check_meta(const struct check *check, const uint8_t *meta)
{
    if (!(load(meta + AT_FLAGS, 2) & META_PAGE) || load(meta + AT_MAGIC, 4) != magic)
        return bad(check, "no LMDB meta page");
    if (load(meta + AT_VERSION, 4) != LMDB_VERSION)
        return bad(check, "another version of LMDB wrote it");
    if (!is_page_size(load(meta + AT_FREE_DB + DB_PAGE_SIZE, 4)))
        return bad(check, "impossible page size");
    if (load(meta + AT_ADDRESS, 8) != 0)
        return bad(check, "it wants a fixed address");
    return LM_OK;
}

/* Reads both meta records and takes the tree's place from the newer one. */
static enum lm_status read_metas(struct check *check, uint64_t file_size)
{
    uint8_t metas[2][HEADER + META];
    LM_TRY(read_at(check, metas[0], sizeof metas[0], 0));
    LM_TRY(check_meta(check, metas[0]));
    check->page_size = (size_t)load(metas[0] + AT_FREE_DB + DB_PAGE_SIZE, 4);
    LM_TRY(read_at(check, metas[1], sizeof metas[1], check->page_size));
    LM_TRY(check_meta(check, metas[1]));
    if (load(metas[1] + AT_FREE_DB + DB_PAGE_SIZE, 4) != check->page_size)
        return bad(check, "its meta pages differ in page size");
    const uint8_t *meta =
        metas[load(metas[0] + AT_TRANSACTION, 8) < load(metas[1] + AT_TRANSACTION, 8)];
    const uint8_t *main_db = meta + AT_MAIN_DB;
    check->last_page = load(meta + AT_LAST_PAGE, 8);
    check->depth = load(main_db + DB_DEPTH, 2);
    check->root = load(main_db + DB_ROOT, 8);
    if (check->last_page < 1 || check->last_page >= file_size / check->page_size)
        return bad(check, "it is shorter than its pages");
    if (load(main_db + DB_FLAGS, 2) != 0)
        return bad(check, "its main database has flags");
    bool is_empty = check->root == no_root;
    if (check->depth > DEEPEST || is_empty != (check->depth == 0) ||
        is_empty != (load(main_db + DB_ENTRIES, 8) == 0))
        return bad(check, "impossible tree");
    return LM_OK;
}

/* Page `number` into `page`; its header must name it and have exactly these flags. */
static enum lm_status read_page(struct check *check, uint8_t *page, size_t size, uint64_t number,
                                unsigned flags)
{
    if (number < 2 || number > check->last_page)
        return bad(check, "a page number is out of range");
    if (++check->visited > check->last_page)
        return bad(check, "its pages form a cycle");
    LM_TRY(read_at(check, page, size, number * check->page_size));
    if (load(page, 8) != number || load(page + AT_FLAGS, 2) != flags)
        return bad(check, "a page is not what it should be");
    return LM_OK;
}

/* The value that starts at overflow page `number`: all its pages must be in the file. */
static enum lm_status check_value(struct check *check, uint64_t number, uint64_t size)
{
    uint8_t header[HEADER];
    LM_TRY(read_page(check, header, sizeof header, number, OVERFLOW));
    uint64_t pages = load(header + 12, 4);
    if (pages * check->page_size < HEADER + size || pages - 1 > check->last_page - number)
        return bad(check, "a value does not fit its pages");
    return LM_OK;
}

/* One node of a leaf: low and high half of the value's size, flags, key size, key, then the value
 * or the number of its first page. */
static enum lm_status check_leaf_node(struct check *check, const uint8_t *node, size_t room)
{
    uint64_t size = load(node, 2) | load(node + 2, 2) << 16, flags = load(node + 4, 2);
    size_t key_size = (size_t)load(node + 6, 2);
    if (key_size < 1 || key_size > LONGEST_KEY || flags > BIG_DATA)
        return bad(check, "impossible key");
    if (NODE + key_size + (flags == BIG_DATA ? 8 : size) > room)
        return bad(check, "a key lies outside its page");
    return flags == BIG_DATA ? check_value(check, load(node + NODE + key_size, 8), size) : LM_OK;
}

/* One node of a branch: three parts of a page number, key size, key. */
static enum lm_status check_branch_node(struct check *check, const uint8_t *node, size_t room,
                                        uint64_t *child)
{
    size_t key_size = (size_t)load(node + 6, 2);
    if (key_size > LONGEST_KEY || NODE + key_size > room)
        return bad(check, "a key lies outside its page");
    *child = load(node, 2) | load(node + 2, 2) << 16 | load(node + 4, 2) << 32;
    return LM_OK;
}

static enum lm_status check_page(struct check *check, uint64_t number, uint64_t level)
{
    bool is_leaf = level + 1 == check->depth;
    uint8_t *page = check->pages + level * check->page_size;
    LM_TRY(read_page(check, page, check->page_size, number, is_leaf ? LEAF : BRANCH));
    size_t lower = (size_t)load(page + 12, 2), upper = (size_t)load(page + 14, 2);
    if (lower < HEADER || lower % 2 != 0 || lower > upper || upper > check->page_size)
        return bad(check, "a page's free space is impossible");
    size_t count = (lower - HEADER) / 2;
    if (count < (is_leaf ? 1 : 2))
        return bad(check, "a page is empty");
    for (size_t i = 0; i < count; i++) {
        size_t at = (size_t)load(page + HEADER + 2 * i, 2);
        uint64_t child = 0;
        if (at < upper || at % 2 != 0 || at + NODE > check->page_size)
            return bad(check, "a key lies outside its page");
        if (is_leaf)
            LM_TRY(check_leaf_node(check, page + at, check->page_size - at));
        else {
            LM_TRY(check_branch_node(check, page + at, check->page_size - at, &child));
            LM_TRY(check_page(check, child, level + 1));
        }
    }
    return LM_OK;
}

static enum lm_status check_file(struct check *check)
{
    struct stat info;
    if (fstat(check->fd, &info) != 0)
        return lm_fail_errno(check->err, errno, "cannot look at %s", check->path);
    if (!S_ISREG(info.st_mode))
        return bad(check, "it is no regular file");
    LM_TRY(read_metas(check, (uint64_t)info.st_size));
    if (check->depth == 0)
        return LM_OK;
    check->pages = lm_arena_alloc_array(check->arena, check->depth, check->page_size, 16);
    if (check->pages == NULL)
        return lm_fail(check->err, LM_NOMEM, "no memory to check %s; free some", check->path);
    return check_page(check, check->root, 0);
}

enum lm_status lm_pages_check(const char *path, struct lm_err *err)
{
    struct check check = {.path = path, .err = err};
    check.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (check.fd < 0)
        return lm_fail_errno(err, errno, "cannot open %s", path);
    check.arena = lm_arena_create();
    enum lm_status status = check.arena != NULL
                                ? check_file(&check)
                                : lm_fail(err, LM_NOMEM, "no memory to check %s; free some", path);
    lm_arena_free(check.arena);
    close(check.fd);
    return status;
}
