/* The LMDB door. */
#include "data/tokens_lmdb.h"

#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "data/tokens_pages.h"

enum { FIRST_MAP = 1 << 20, SCARCE = 1 << 20 };

struct lm_rows_writer {
    MDB_env *env;
    MDB_dbi dbi;
    size_t map_size;
    char *path;
};

struct lm_rows {
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
    mdb_env_close(writer->env);
    free(writer->path);
    free(writer);
}

static int put_once(struct lm_rows_writer *writer, MDB_val *key, MDB_val *value)
{
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(writer->env, NULL, 0, &txn);
    if (code == 0)
        code = mdb_put(txn, writer->dbi, key, value, MDB_APPEND);
    if (code != 0) {
        mdb_txn_abort(txn);
        return code;
    }
    return mdb_txn_commit(txn);
}

enum lm_status lm_rows_put(struct lm_rows_writer *writer, const void *key, size_t key_size,
                           const void *value, size_t value_size, struct lm_err *err)
{
    /* One transaction a row: when the map is full nothing but this row has to be done again, and
     * map sizes double at places that only the data decide. */
    for (;;) {
        MDB_val k = {key_size, (void *)(uintptr_t)key}, v = {value_size, (void *)(uintptr_t)value};
        int code = put_once(writer, &k, &v);
        if (code == 0)
            return LM_OK;
        if (code != MDB_MAP_FULL)
            return fail(err, code, "write", writer->path);
        if (writer->map_size > SIZE_MAX / 4)
            return fail(err, ENOMEM, "write", writer->path);
        writer->map_size *= 2;
        code = mdb_env_set_mapsize(writer->env, writer->map_size);
        if (code != 0)
            return fail(err, code, "grow the map of", writer->path);
    }
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
    LM_TRY(lm_pages_check(path, err));
    struct lm_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to open %s; free some", path);
    rows->path = strdup(path);
    int code = rows->path ? start_reader(rows) : ENOMEM;
    if (code != 0) {
        lm_rows_close(rows);
        return fail(err, code, "open", path);
    }
    *out = rows;
    return LM_OK;
}

void lm_rows_close(struct lm_rows *rows)
{
    if (rows == NULL)
        return;
    mdb_txn_abort(rows->txn);
    mdb_env_close(rows->env);
    free(rows->path);
    free(rows);
}

enum lm_status lm_rows_each(const struct lm_rows *rows, lm_row_fn *visit, void *user,
                            struct lm_err *err)
{
    MDB_cursor *cursor;
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
