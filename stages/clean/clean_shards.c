#include "clean_shards.h"

#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "data/shards.h"

#define BLOCK_BYTES ((size_t)256 << 10)

/* Ends the shard of a split that is being written, and begins the next one. */
static enum lm_status next_shard(struct clean_shards *shards, enum lm_split split,
                                 struct lm_err *err)
{
    struct lm_jsonl_writer *writer = shards->writers[split];
    struct lm_arena_mark mark = lm_arena_mark(shards->arena);
    const char *name = lm_shard_name(shards->arena, lm_split_names[split], shards->next[split],
                                     shards->layout.count, shards->layout.is_packed);
    const char *path = name != NULL ? lm_path_join(shards->arena, shards->folder, name) : NULL;
    shards->writers[split] = NULL;
    if (writer != NULL)
        LM_TRY(lm_jsonl_finish(writer, err));
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    LM_TRY(lm_jsonl_create(&shards->writers[split], path, err));
    lm_arena_rewind(shards->arena, mark);
    shards->next[split]++;
    return LM_OK;
}

enum lm_status clean_shards_open(struct clean_shards *out, struct lm_arena *arena,
                                 const char *folder, const struct clean_layout *layout,
                                 struct lm_err *err)
{
    *out = (struct clean_shards){.layout = *layout, .arena = arena, .folder = folder};
    for (size_t i = 0; i < LM_SPLITS; i++)
        LM_TRY(next_shard(out, (enum lm_split)i, err));
    if (!layout->is_by_position)
        return LM_OK;
    out->all_path = lm_path_join(arena, folder, "all.jsonl");
    if (out->all_path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    return lm_jsonl_create(&out->all, out->all_path, err);
}

enum lm_status clean_shards_at(struct lm_jsonl_writer **out, struct clean_shards *shards,
                               enum lm_split split, double place, struct lm_err *err)
{
    const size_t last = shards->layout.count - 1;
    size_t shard = place > 0 ? (size_t)(place * (double)shards->layout.count) : 0;
    shard = shard < last ? shard : last;
    while (shards->next[split] <= shard)
        LM_TRY(next_shard(shards, split, err));
    *out = shards->writers[split];
    return LM_OK;
}

enum lm_status clean_shards_turn(struct clean_shards *shards, struct lm_err *err)
{
    struct lm_jsonl_writer *all = shards->all;
    shards->all = NULL;
    LM_TRY(lm_jsonl_finish(all, err));
    return lm_jsonl_open(&shards->reader, shards->all_path, err);
}

enum lm_status clean_shards_line(struct clean_shards *shards, const char **line, size_t *size,
                                 struct lm_err *err)
{
    struct lm_jsonl_block *block = &shards->lines;
    if (block->at == block->size)
        LM_TRY(lm_jsonl_read_block(shards->reader, block, BLOCK_BYTES, err));
    if (block->at == block->size)
        return lm_fail(err, LM_INTERNAL, "%s lacks a line; report this", shards->all_path);
    *line = block->data + block->at;
    const char *newline = memchr(*line, '\n', block->size - block->at);
    *size = (size_t)(newline - *line);
    block->at += *size + 1;
    return LM_OK;
}

enum lm_status clean_shards_finish(struct clean_shards *shards, struct lm_err *err)
{
    if (shards->all_path != NULL && unlink(shards->all_path) != 0)
        return lm_fail(err, LM_IO, "cannot remove %s; run again", shards->all_path);
    for (size_t i = 0; i < LM_SPLITS; i++) {
        struct lm_jsonl_writer *writer = NULL;
        LM_TRY(clean_shards_at(&writer, shards, (enum lm_split)i, 1, err));
        shards->writers[i] = NULL;
        LM_TRY(lm_jsonl_finish(writer, err));
    }
    return LM_OK;
}

void clean_shards_abandon(struct clean_shards *shards)
{
    for (size_t i = 0; i < LM_SPLITS; i++)
        lm_jsonl_abandon(shards->writers[i]);
    lm_jsonl_abandon(shards->all);
    lm_jsonl_close(shards->reader);
    lm_jsonl_block_release(&shards->lines);
    *shards = (struct clean_shards){.all = NULL};
}
