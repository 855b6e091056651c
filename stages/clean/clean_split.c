#include "clean_split.h"

#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "data/split.h"

enum lm_status clean_splitter_open(struct clean_splitter *out, struct lm_arena *arena,
                                   const char *folder, const struct clean_split *options,
                                   struct clean_source *sources, struct lm_err *err)
{
    *out = (struct clean_splitter){.options = *options,
                                   .sources = sources,
                                   .is_by_position = strcmp(options->by, "position") == 0};
    for (size_t i = 0; i < LM_SPLITS; i++) {
        char *path = lm_arena_printf(arena, "%s/%s.jsonl", folder, lm_split_names[i]);
        if (path == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
        LM_TRY(lm_jsonl_create(&out->writers[i], path, err));
    }
    if (!out->is_by_position)
        return LM_OK;
    out->all_path = lm_path_join(arena, folder, "all.jsonl");
    if (out->all_path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    return lm_jsonl_create(&out->all, out->all_path, err);
}

static enum lm_status put_side(struct clean_splitter *splitter, enum lm_split side, size_t source,
                               const void *text, size_t size, struct lm_err *err)
{
    splitter->sources[source].shared[side]++;
    splitter->sides[side].documents++;
    splitter->sides[side].bytes += (int64_t)size;
    return lm_jsonl_put(splitter->writers[side], text, size, err);
}

enum lm_status clean_split_identity(struct lm_digest *out, const struct clean_split *options,
                                    const struct lm_digest *document, const char *source,
                                    const char *member, const char *host, struct lm_err *err)
{
    char hex[LM_DIGEST_HEX];
    const char *group = options->group;
    bool is_document = strcmp(group, "document") == 0, is_file = strcmp(group, "file") == 0;
    if (is_document && options->salt[0] == '\0') {
        *out = *document;
        return LM_OK;
    }
    lm_digest_hex(hex, document);
    const char *const parts[] = {options->salt, group,
                                 is_document                  ? hex
                                 : strcmp(group, "host") == 0 ? host
                                                              : source,
                                 is_file ? member : NULL};
    struct lm_sha256 *hash = lm_sha256_create();
    if (hash == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to split documents; free some");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && parts[i] != NULL; i++)
        lm_sha256_update(hash, parts[i], strlen(parts[i]) + 1);
    lm_sha256_final(hash, out);
    lm_sha256_free(hash);
    return LM_OK;
}

enum lm_status clean_splitter_put(struct clean_splitter *splitter, size_t source, const void *text,
                                  size_t size, const struct lm_digest *identity, struct lm_err *err)
{
    splitter->total.documents++;
    splitter->total.bytes += (int64_t)size;
    if (splitter->is_by_position)
        return lm_jsonl_put(splitter->all, text, size, err);
    return put_side(splitter,
                    lm_split_draw(identity, splitter->options.valid, splitter->options.test),
                    source, text, size, err);
}

/* ---- by position ---- */

/* Where train and valid end, in bytes of all text. */
struct borders {
    double ends[LM_SPLITS];
};

static struct borders find_borders(const struct clean_splitter *splitter)
{
    double bytes = (double)splitter->total.bytes;
    double valid = splitter->options.valid, test = splitter->options.test;
    return (struct borders){{bytes * (1 - valid - test), bytes * (1 - test), bytes}};
}

/* The last line border at or before `want`, the first after it when there is none. */
static size_t line_border(const uint8_t *text, size_t size, size_t want)
{
    const uint8_t *newline = memrchr(text, '\n', want);
    if (newline == NULL)
        newline = memchr(text + want, '\n', size - want);
    return newline == NULL ? size : (size_t)(newline - text) + 1;
}

static enum lm_status cut_single(struct clean_splitter *splitter, const struct borders *borders,
                                 size_t source, const struct lm_jsonl_document *document,
                                 struct lm_err *err)
{
    size_t start = 0;
    for (size_t side = 0; side < LM_SPLITS; side++) {
        size_t end = document->size, want = (size_t)borders->ends[side];
        if (want < end)
            end = line_border(document->text, document->size, want);
        if (end > start)
            LM_TRY(put_side(splitter, (enum lm_split)side, source, document->text + start,
                            end - start, err));
        start = end > start ? end : start;
    }
    return LM_OK;
}

/* A document belongs where its middle lies. */
static enum lm_status share_out(struct clean_splitter *splitter, struct lm_jsonl_reader *reader,
                                struct lm_err *err)
{
    const struct borders borders = find_borders(splitter);
    double at = 0;
    size_t source = 0;
    for (int64_t of_source = 0;; of_source++) {
        struct lm_jsonl_document document;
        bool is_end = false;
        LM_TRY(lm_jsonl_next(reader, &document, &is_end, err));
        if (is_end)
            return LM_OK;
        for (; of_source == splitter->sources[source].kept; of_source = 0)
            source++;
        if (splitter->total.documents == 1)
            return cut_single(splitter, &borders, source, &document, err);
        double middle = at + (double)document.size / 2;
        size_t side = 0;
        while (side < LM_TEST && middle >= borders.ends[side])
            side++;
        LM_TRY(put_side(splitter, (enum lm_split)side, source, document.text, document.size, err));
        at += (double)document.size;
    }
}

static enum lm_status finish_by_position(struct clean_splitter *splitter, struct lm_err *err)
{
    struct lm_jsonl_reader *reader = NULL;
    struct lm_jsonl_writer *all = splitter->all;
    splitter->all = NULL;
    LM_TRY(lm_jsonl_finish(all, err));
    LM_TRY(lm_jsonl_open(&reader, splitter->all_path, err));
    enum lm_status status = share_out(splitter, reader, err);
    lm_jsonl_close(reader);
    if (status == LM_OK && unlink(splitter->all_path) != 0)
        return lm_fail(err, LM_IO, "cannot remove %s; run again", splitter->all_path);
    return status;
}

/* ---- the end ---- */

/* Advice that is not followed already. */
static enum lm_status check_sides(const struct clean_splitter *splitter, struct lm_err *err)
{
    long long count = splitter->total.documents;
    const char *advice = splitter->is_by_position && count == 1
                             ? "raise its share, or add text of more lines"
                         : splitter->is_by_position
                             ? "raise its share, add text, or cut files into smaller documents"
                         : strcmp(splitter->options.group, "document") != 0
                             ? "raise its share, use a finer group, or another salt"
                             : "raise its share, cut files into smaller documents, or use split: "
                               "{by: position}";
    for (size_t side = 0; side <= LM_VALID; side++)
        if (splitter->sides[side].documents == 0)
            return lm_fail(err, LM_INVALID,
                           "split: no text falls into %s (%lld document%s in all); %s",
                           lm_split_names[side], count, count == 1 ? "" : "s", advice);
    return LM_OK;
}

enum lm_status clean_splitter_finish(struct clean_splitter *splitter, struct lm_err *err)
{
    if (splitter->is_by_position)
        LM_TRY(finish_by_position(splitter, err));
    LM_TRY(check_sides(splitter, err));
    for (size_t i = 0; i < LM_SPLITS; i++) {
        struct lm_jsonl_writer *writer = splitter->writers[i];
        splitter->writers[i] = NULL;
        LM_TRY(lm_jsonl_finish(writer, err));
    }
    return LM_OK;
}

void clean_splitter_abandon(struct clean_splitter *splitter)
{
    for (size_t i = 0; i < LM_SPLITS; i++)
        lm_jsonl_abandon(splitter->writers[i]);
    lm_jsonl_abandon(splitter->all);
}
