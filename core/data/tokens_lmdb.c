/* The LMDB door. */
#include "data/tokens_lmdb.h"

#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "data/tokens_pages.h"

enum {
    FIRST_MAP = 1 << 20,
    SCARCE = 1 << 20,
    /* Pages beside the value's that a transaction of one row may take: a path of the tree copied
     * and split, the same in the tree of free pages. Depths are at most a handful. */
    SPARE_PAGES = 64
};

struct lm_rows_writer {
    MDB_env *env;
    MDB_dbi dbi;
    MDB_txn *txn; /* of the row that was reserved; NULL between rows */
    size_t map_size;
    char *path;
    MDB_val value;
    uint8_t key[LM_ROWS_LONGEST_KEY];
    size_t key_size;
};

struct lm_rows {
    struct lm_pages *pages;
    pthread_mutex_t mutex; /* of all below and the pages, while a row is looked for */
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    char *path;
};

/* LMDB reports a full disk as EIO. */
static int is_disk_full(const char *path, int code)
{
    struct statvfs info;
    return code == EIO && statvfs(path, &info) == 0 && info.f_bavail * info.f_frsize < SCARCE;
}

static enum lm_status fail(struct lm_err *err, int code, const char *what, const char *path)
{
    if (is_disk_full(path, code))
        code = ENOSPC;
    if (code > 0)
        return lm_fail_errno(err, code, "cannot %s %s", what, path);
    return lm_fail(err, code == MDB_KEYEXIST ? LM_INVALID : LM_FORMAT,
                   "cannot %s %s: %s; make the file anew", what, path, mdb_strerror(code));
}

static int open_main(MDB_dbi *dbi, MDB_txn **txn, MDB_env *env, unsigned flags)
{
    int code = mdb_txn_begin(env, NULL, flags, txn);
    if (code == 0)
        code = mdb_dbi_open(*txn, NULL, 0, dbi);
    return code;
}

static int start_writer(struct lm_rows_writer *writer)
{
    MDB_txn *txn = NULL;
    int code = mdb_env_create(&writer->env);
    if (code == 0)
        code = mdb_env_set_mapsize(writer->env, writer->map_size);
    if (code == 0) /* synced once, at the end */
        code = mdb_env_open(writer->env, writer->path,
                            MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS | MDB_NOSYNC, 0666);
    if (code == 0)
        code = open_main(&writer->dbi, &txn, writer->env, 0);
    if (code == 0) {
        code = mdb_txn_commit(txn);
        txn = NULL;
    }
    mdb_txn_abort(txn);
    return code;
}

enum lm_status lm_rows_create(struct lm_rows_writer **out, const char *path, struct lm_err *err)
{
    struct stat info;
    if (lstat(path, &info) == 0)
        return lm_fail_errno(err, EEXIST, "cannot create %s", path);
    struct lm_rows_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to write %s; free some", path);
    writer->map_size = FIRST_MAP;
    writer->path = strdup(path);
    int code = writer->path ? start_writer(writer) : ENOMEM;
    if (code != 0) {
        lm_rows_abandon(writer);
        return fail(err, code, "create", path);
    }
    *out = writer;
    return LM_OK;
}

void lm_rows_abandon(struct lm_rows_writer *writer)
{
    if (writer == NULL)
        return;
    mdb_txn_abort(writer->txn);
    mdb_env_close(writer->env);
    free(writer->path);
    free(writer);
}

/* Doubles the map until a row of `size` bytes is sure to fit: LMDB must not find out half-way that
 * it is full. The places of growth are decided by the data alone. */
static int make_room(struct lm_rows_writer *writer, size_t size)
{
    MDB_envinfo info;
    MDB_stat stat;
    int code = mdb_env_info(writer->env, &info);
    if (code == 0)
        code = mdb_env_stat(writer->env, &stat);
    if (code != 0)
        return code;
    size_t page = stat.ms_psize, map = writer->map_size;
    size_t pages = info.me_last_pgno + 1 + size / page + 1 + SPARE_PAGES;
    while (map / page < pages) {
        if (map > SIZE_MAX / 4)
            return ENOMEM;
        map *= 2;
    }
    if (map == writer->map_size)
        return 0;
    writer->map_size = map;
    return mdb_env_set_mapsize(writer->env, map);
}

/* A transaction of its own a row: 256 of them in one were twice as slow (fresh memory for every
 * page), 16 no faster. */
static int begin_row(struct lm_rows_writer *writer, size_t size)
{
    MDB_val key = {writer->key_size, writer->key};
    writer->value = (MDB_val){size, NULL};
    int code = make_room(writer, size);
    if (code == 0)
        code = mdb_txn_begin(writer->env, NULL, 0, &writer->txn);
    if (code == 0)
        code =
            mdb_put(writer->txn, writer->dbi, &key, &writer->value, MDB_RESERVE | MDB_NOOVERWRITE);
    if (code != 0) {
        mdb_txn_abort(writer->txn);
        writer->txn = NULL;
    }
    return code;
}

enum lm_status lm_rows_reserve(uint8_t **value, struct lm_rows_writer *writer, const void *key,
                               size_t key_size, size_t size, struct lm_err *err)
{
    if (writer->txn != NULL || key_size > sizeof writer->key)
        return lm_fail(err, LM_INTERNAL, "%s: a row was not committed, or its key is too long",
                       writer->path);
    memcpy(writer->key, key, key_size);
    writer->key_size = key_size;
    int code = begin_row(writer, size);
    if (code != 0)
        return fail(err, code, "write", writer->path);
    *value = writer->value.mv_data;
    return LM_OK;
}

enum lm_status lm_rows_shrink(uint8_t **value, struct lm_rows_writer *writer, size_t size,
                              struct lm_err *err)
{
    void *copy = malloc(size + 1);
    if (copy == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to write %s; free some", writer->path);
    memcpy(copy, writer->value.mv_data, size);
    mdb_txn_abort(writer->txn);
    writer->txn = NULL;
    int code = begin_row(writer, size);
    if (code == 0)
        memcpy(writer->value.mv_data, copy, size);
    free(copy);
    if (code != 0)
        return fail(err, code, "write", writer->path);
    *value = writer->value.mv_data;
    return LM_OK;
}

enum lm_status lm_rows_commit(struct lm_rows_writer *writer, struct lm_err *err)
{
    int code = mdb_txn_commit(writer->txn);
    writer->txn = NULL;
    return code == 0 ? LM_OK : fail(err, code, "write", writer->path);
}

enum lm_status lm_rows_finish(struct lm_rows_writer *writer, struct lm_err *err)
{
    int code = mdb_env_sync(writer->env, 1);
    enum lm_status status = code == 0 ? LM_OK : fail(err, code, "make durable", writer->path);
    lm_rows_abandon(writer);
    return status;
}

static int start_reader(struct lm_rows *rows)
{
    int code = mdb_env_create(&rows->env);
    if (code == 0)
        code = mdb_env_open(rows->env, rows->path,
                            MDB_RDONLY | MDB_NOLOCK | MDB_NOSUBDIR | MDB_NOTLS, 0);
    return code == 0 ? open_main(&rows->dbi, &rows->txn, rows->env, MDB_RDONLY) : code;
}

enum lm_status lm_rows_open(struct lm_rows **out, const char *path, struct lm_err *err)
{
    struct lm_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to open %s; free some", path);
    pthread_mutex_init(&rows->mutex, NULL);
    rows->path = strdup(path);
    enum lm_status status = rows->path != NULL
                                ? lm_pages_open(&rows->pages, rows->path, err)
                                : lm_fail(err, LM_NOMEM, "no memory to open %s; free some", path);
    int code = status == LM_OK ? start_reader(rows) : 0;
    if (code != 0)
        status = fail(err, code, "open", path);
    if (status == LM_OK)
        *out = rows;
    else
        lm_rows_close(rows);
    return status;
}

void lm_rows_close(struct lm_rows *rows)
{
    if (rows == NULL)
        return;
    mdb_txn_abort(rows->txn);
    mdb_env_close(rows->env);
    lm_pages_close(rows->pages);
    pthread_mutex_destroy(&rows->mutex);
    free(rows->path);
    free(rows);
}

uint64_t lm_rows_bytes(const struct lm_rows *rows)
{
    return lm_pages_bytes(rows->pages);
}

static enum lm_status get(struct lm_rows *rows, MDB_val *key, MDB_val *value, struct lm_err *err)
{
    LM_TRY(lm_pages_check_key(rows->pages, key->mv_data, key->mv_size, err));
    int code = mdb_get(rows->txn, rows->dbi, key, value);
    return code == 0 ? LM_OK : fail(err, code, "read", rows->path);
}

enum lm_status lm_rows_get(struct lm_rows *rows, const void *key, size_t key_size,
                           const uint8_t **value, size_t *size, struct lm_err *err)
{
    uint8_t copy[LM_ROWS_LONGEST_KEY]; /* LMDB's keys are not const */
    MDB_val wanted = {key_size, copy}, found;
    if (key_size > sizeof copy)
        return lm_fail(err, LM_INTERNAL, "%s: a key is too long", rows->path);
    memcpy(copy, key, key_size);
    pthread_mutex_lock(&rows->mutex);
    enum lm_status status = get(rows, &wanted, &found, err);
    pthread_mutex_unlock(&rows->mutex);
    if (status != LM_OK)
        return status;
    *value = found.mv_data;
    *size = found.mv_size;
    return LM_OK;
}

enum lm_status lm_rows_each(struct lm_rows *rows, lm_row_fn *visit, void *user, struct lm_err *err)
{
    MDB_cursor *cursor;
    LM_TRY(lm_pages_check_all(rows->pages, err));
    int code = mdb_cursor_open(rows->txn, rows->dbi, &cursor);
    if (code != 0)
        return fail(err, code, "read", rows->path);
    enum lm_status status = LM_OK;
    MDB_val key, value;
    while (status == LM_OK && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
        status = visit(user, key.mv_data, key.mv_size, value.mv_data, value.mv_size, err);
    mdb_cursor_close(cursor);
    if (status == LM_OK && code != MDB_NOTFOUND)
        status = fail(err, code, "read", rows->path);
    return status;
}
