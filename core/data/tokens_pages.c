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

struct lm_pages {
    int fd;
    const char *path;
    size_t page_size;
    uint64_t last_page, depth, root;
    struct lm_arena *arena;
    uint8_t *pages; /* one page a level */
    /* While something is checked: */
    struct lm_err *err;
    uint64_t visited;
};

static enum lm_status unsound(struct lm_err *err, const char *path, const char *what)
{
    return lm_fail(err, LM_FORMAT, "%s: not a sound token file: %s; make it anew", path, what);
}

static enum lm_status bad(const struct lm_pages *check, const char *what)
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
static enum lm_status read_at(const struct lm_pages *check, uint8_t *out, size_t size,
                              uint64_t offset)
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

static enum lm_status check_meta(const struct lm_pages *check, const uint8_t *meta)
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
static enum lm_status read_metas(struct lm_pages *check, uint64_t file_size)
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
static enum lm_status read_page(struct lm_pages *check, uint8_t *page, size_t size, uint64_t number,
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
static enum lm_status check_value(struct lm_pages *check, uint64_t number, uint64_t size)
{
    uint8_t header[HEADER];
    LM_TRY(read_page(check, header, sizeof header, number, OVERFLOW));
    uint64_t pages = load(header + 12, 4);
    if (pages * check->page_size < HEADER + size || pages - 1 > check->last_page - number)
        return bad(check, "a value does not fit its pages");
    return LM_OK;
}

/* ---- nodes ---- */

/* A node: of a leaf low and high half of the value's size and flags, of a branch three parts of a
 * page number; then the size of its key and the key; in a leaf the value, or the number of its
 * first page. */
struct node {
    const uint8_t *at, *key;
    size_t key_size, room; /* bytes to the end of the page */
};

static struct node node_of(const struct lm_pages *check, const uint8_t *page, size_t index)
{
    const size_t at = (size_t)load(page + HEADER + 2 * index, 2);
    return (struct node){page + at, page + at + NODE, (size_t)load(page + at + 6, 2),
                         check->page_size - at};
}

static uint64_t size_of(const struct node *node)
{
    return load(node->at, 2) | load(node->at + 2, 2) << 16;
}

static bool is_big(const struct node *node)
{
    return load(node->at + 4, 2) == BIG_DATA;
}

static uint64_t child_of(const struct node *node)
{
    return size_of(node) | load(node->at + 4, 2) << 32;
}

static enum lm_status check_node(const struct lm_pages *check, const struct node *node,
                                 bool is_leaf)
{
    const size_t least = is_leaf ? 1 : 0;
    if (node->key_size < least || node->key_size > LONGEST_KEY ||
        (is_leaf && load(node->at + 4, 2) > BIG_DATA))
        return bad(check, "impossible key");
    const uint64_t value = !is_leaf ? 0 : is_big(node) ? 8 : size_of(node);
    return NODE + node->key_size + value > node->room ? bad(check, "a key lies outside its page")
                                                      : LM_OK;
}

static enum lm_status check_node_value(struct lm_pages *check, const struct node *node)
{
    return is_big(node) ? check_value(check, load(node->key + node->key_size, 8), size_of(node))
                        : LM_OK;
}

/* As LMDB compares keys without flags. */
static int compare_keys(const void *a, size_t a_size, const void *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

/* ---- pages of the tree ---- */

static bool is_leaf_level(const struct lm_pages *check, uint64_t level)
{
    return level + 1 == check->depth;
}

/* Nodes lie in the page, behind `upper`, in the order of their keys; the first key of a branch is
 * never looked at. */
static enum lm_status check_nodes(const struct lm_pages *check, const uint8_t *page, size_t upper,
                                  size_t count, bool is_leaf)
{
    struct node last = {.at = NULL};
    for (size_t i = 0; i < count; i++) {
        size_t at = (size_t)load(page + HEADER + 2 * i, 2);
        if (at < upper || at % 2 != 0 || at + NODE > check->page_size)
            return bad(check, "a key lies outside its page");
        struct node node = node_of(check, page, i);
        LM_TRY(check_node(check, &node, is_leaf));
        if (last.at != NULL && compare_keys(last.key, last.key_size, node.key, node.key_size) >= 0)
            return bad(check, "its keys are out of order");
        if (is_leaf || i > 0)
            last = node;
    }
    return LM_OK;
}

/* A page of the tree, checked, and *count, the number of its nodes. */
static enum lm_status read_tree_page(struct lm_pages *check, uint64_t number, uint64_t level,
                                     size_t *count)
{
    const bool is_leaf = is_leaf_level(check, level);
    uint8_t *page = check->pages + level * check->page_size;
    LM_TRY(read_page(check, page, check->page_size, number, is_leaf ? LEAF : BRANCH));
    size_t lower = (size_t)load(page + 12, 2), upper = (size_t)load(page + 14, 2);
    if (lower < HEADER || lower % 2 != 0 || lower > upper || upper > check->page_size)
        return bad(check, "a page's free space is impossible");
    *count = (lower - HEADER) / 2;
    if (*count < (is_leaf ? 1 : 2))
        return bad(check, "a page is empty");
    return check_nodes(check, page, upper, *count, is_leaf);
}

static enum lm_status check_page(struct lm_pages *check, uint64_t number, uint64_t level)
{
    const uint8_t *page = check->pages + level * check->page_size;
    size_t count = 0;
    LM_TRY(read_tree_page(check, number, level, &count));
    for (size_t i = 0; i < count; i++) {
        struct node node = node_of(check, page, i);
        LM_TRY(is_leaf_level(check, level) ? check_node_value(check, &node)
                                           : check_page(check, child_of(&node), level + 1));
    }
    return LM_OK;
}

/* The node that leads to a key: of a branch the last whose key is not beyond it. */
static size_t find_node(const struct lm_pages *check, const uint8_t *page, size_t count,
                        const void *key, size_t size)
{
    size_t found = 0;
    for (size_t i = 1; i < count; i++) {
        struct node node = node_of(check, page, i);
        if (compare_keys(node.key, node.key_size, key, size) <= 0)
            found = i;
    }
    return found;
}

enum lm_status lm_pages_check_key(struct lm_pages *pages, const void *key, size_t size,
                                  struct lm_err *err)
{
    uint64_t number = pages->root;
    pages->err = err;
    pages->visited = 0;
    for (uint64_t level = 0; level < pages->depth; level++) {
        const uint8_t *page = pages->pages + level * pages->page_size;
        size_t count = 0;
        LM_TRY(read_tree_page(pages, number, level, &count));
        struct node node = node_of(pages, page, find_node(pages, page, count, key, size));
        if (!is_leaf_level(pages, level))
            number = child_of(&node);
        else if (compare_keys(node.key, node.key_size, key, size) == 0)
            return check_node_value(pages, &node);
    }
    return lm_fail(err, LM_NOT_FOUND, "%s has no such row", pages->path);
}

enum lm_status lm_pages_check_all(struct lm_pages *pages, struct lm_err *err)
{
    pages->err = err;
    pages->visited = 0;
    return pages->depth > 0 ? check_page(pages, pages->root, 0) : LM_OK;
}

uint64_t lm_pages_bytes(const struct lm_pages *pages)
{
    return (pages->last_page + 1) * pages->page_size;
}

/* ---- the file ---- */

static enum lm_status check_file(struct lm_pages *check)
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
    return check->pages != NULL
               ? LM_OK
               : lm_fail(check->err, LM_NOMEM, "no memory to check %s; free some", check->path);
}

enum lm_status lm_pages_open(struct lm_pages **out, const char *path, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_pages *pages = arena != NULL ? LM_NEW(arena, struct lm_pages) : NULL;
    if (pages == NULL) {
        lm_arena_free(arena);
        return lm_fail(err, LM_NOMEM, "no memory to check %s; free some", path);
    }
    pages->arena = arena;
    pages->path = path;
    pages->err = err;
    pages->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum lm_status status =
        pages->fd < 0 ? lm_fail_errno(err, errno, "cannot open %s", path) : check_file(pages);
    if (status == LM_OK)
        *out = pages;
    else
        lm_pages_close(pages);
    return status;
}

void lm_pages_close(struct lm_pages *pages)
{
    if (pages == NULL)
        return;
    if (pages->fd >= 0)
        close(pages->fd);
    lm_arena_free(pages->arena);
}
