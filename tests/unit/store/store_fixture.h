/** A store in a folder of its own, results for it, and ways to damage it. */
#ifndef LM_TESTS_STORE_FIXTURE_H
#define LM_TESTS_STORE_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmpipe/rng.h>

#include "base/io.h"
#include "base/stat_time.h"
#include "protocol/checkpoint.h"
#include "store/lock.h"
#include "store/record.h"
#include "store/stat_index.h"
#include "store/store.h"
#include "tap.h"

struct fixture {
    char root[64], path[96], work[96];
    struct lm_arena *arena;
    struct lm_store *store;
    struct lm_err err;
};

static inline void setup(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    snprintf(f->root, sizeof f->root, "/tmp/lmpipe-test-store-XXXXXX");
    if (mkdtemp(f->root) == NULL)
        abort();
    snprintf(f->path, sizeof f->path, "%s/store", f->root);
    snprintf(f->work, sizeof f->work, "%s/work", f->root);
    f->arena = lm_arena_create();
    if (lm_store_open(&f->store, f->path, NULL) != LM_OK)
        abort();
}

static inline void reopen(struct fixture *f)
{
    lm_store_close(f->store);
    if (lm_store_open(&f->store, f->path, NULL) != LM_OK)
        abort();
}

static inline void teardown(struct fixture *f)
{
    lm_store_close(f->store);
    lm_arena_free(f->arena);
    lm_dir_remove(f->root, NULL);
}

/** Puts one file into the private folder and describes it as a worker would. */
static inline struct lm_output_file *stage_file(struct fixture *f, const char *relative,
                                                const char *name, const char *text)
{
    struct lm_output_file *file = LM_NEW(f->arena, struct lm_output_file);
    const char *path = lm_arena_printf(f->arena, "%s/out/%s", f->work, relative);
    char hex[LM_DIGEST_HEX];
    struct stat st;
    lm_dir_create(lm_path_dir(f->arena, path), NULL);
    if (lm_file_write(path, text, strlen(text), NULL) != LM_OK || stat(path, &st) != 0)
        abort();
    lm_stat_settle(lm_stat_mtime_ns(&st));
    lm_sha256_bytes(&file->object, text, strlen(text));
    lm_digest_hex(hex, &file->object);
    file->name = name;
    file->size = strlen(text);
    file->mtime_ns = lm_stat_mtime_ns(&st);
    file->logical = lm_arena_printf(f->arena, "sha256:%s", hex);
    return file;
}

static inline struct lm_record *stage_result(struct fixture *f, const char *key_text,
                                             const char *text)
{
    struct lm_record *record = LM_NEW(f->arena, struct lm_record);
    record->key_text = key_text;
    record->headline = "";
    record->host = "here";
    record->finished = 1;
    record->output_count = 2;
    record->outputs = LM_NEW_ARRAY(f->arena, struct lm_output, 2);
    record->outputs[0] =
        (struct lm_output){.port = "text",
                           .folder = true,
                           .file_count = 1,
                           .files = stage_file(f, "text/sub/words", "sub/words", text)};
    record->outputs[1] = (struct lm_output){
        .port = "card", .file_count = 1, .files = stage_file(f, "card", NULL, "card")};
    lm_sha256_bytes(&record->key, key_text, strlen(key_text));
    if (lm_record_seal(record, f->arena, NULL) != LM_OK)
        abort();
    return record;
}

static inline enum lm_status commit(struct fixture *f, const char *key_text, const char *text,
                                    struct lm_digest *key)
{
    struct lm_record *record = stage_result(f, key_text, text);
    *key = record->key;
    return lm_store_commit(f->store, f->work, record, &f->err);
}

static inline enum lm_status find(struct fixture *f, const struct lm_digest *key,
                                  struct lm_record **out)
{
    return lm_store_find(f->store, out, f->arena, key, &f->err);
}

static inline const char *object_of(struct fixture *f, const char *text)
{
    struct lm_digest digest;
    lm_sha256_bytes(&digest, text, strlen(text));
    return lm_store_object_path(f->store, f->arena, &digest);
}

static inline void edit(const char *path, struct lm_rng rng, uint64_t i)
{
    struct stat st;
    uint8_t byte = 0;
    chmod(path, 0644);
    int fd = open(path, O_RDWR);
    if (fd < 0 || fstat(fd, &st) != 0)
        abort();
    off_t at = (off_t)lm_rng_below(rng, i, 1, (uint64_t)st.st_size);
    switch (lm_rng_below(rng, i, 2, 4)) {
    case 0:
        if (ftruncate(fd, at) != 0)
            abort();
        break;
    case 1:
        if (ftruncate(fd, st.st_size + 1) != 0)
            abort();
        break;
    case 2:
        close(fd);
        unlink(path);
        return;
    default:
        if (pread(fd, &byte, 1, at) != 1)
            abort();
        byte ^= (uint8_t)(1u << lm_rng_below(rng, i, 3, 8));
        if (pwrite(fd, &byte, 1, at) != 1)
            abort();
        break;
    }
    close(fd);
}

static inline const char *record_of(struct fixture *f, const struct lm_digest *key)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, key);
    return lm_arena_printf(f->arena, "%s/actions/%.2s/%s", f->path, hex, hex + 2);
}

/** What may stand where an object or a record should be. */
static inline void put_in_place(const char *path, int kind)
{
    chmod(path, 0644);
    if (kind < 3)
        unlink(path);
    if (kind == 0)
        lm_dir_create(path, NULL);
    else if (kind == 1 && symlink("/etc/hostname", path) != 0)
        abort();
    else if (kind == 2 && mkfifo(path, 0600) != 0)
        abort();
    else if (kind == 3 && truncate(path, 0) != 0)
        abort();
    else if (kind == 4 && truncate(path, 1000) != 0)
        abort();
    else if (kind == 5)
        lm_file_write(path, "other", 5, NULL);
}

#endif
