#include "clean_substring.h"

#include <stdlib.h>
#include <string.h>

#include "text/clean_text.h"

static enum lm_status refuse(const struct clean_substring *own, uint64_t need, uint64_t bytes,
                             struct lm_err *err)
{
    const uint64_t mib = (uint64_t)1 << 20;
    if (bytes >= LM_SUFFIXES_MOST)
        return lm_fail(err, LM_RANGE,
                       "dedup.substring: finds repeats in 2 GiB of text at most, and there are "
                       "about %llu MB; clean parts of the corpus one by one",
                       (unsigned long long)(bytes / 1000000));
    return lm_fail(
        err, LM_RANGE,
        "dedup.substring: %llu MB of text take %llu MiB of memory, and %llu MiB are "
        "granted; set resources: {memory: %lluM}, or clean parts of the corpus one by "
        "one",
        (unsigned long long)(bytes / 1000000), (unsigned long long)((need + mib - 1) / mib),
        (unsigned long long)(own->memory / mib), (unsigned long long)((need + mib - 1) / mib));
}

enum lm_status clean_substring_begin(struct clean_substring *out,
                                     const struct clean_substring_params *params,
                                     const struct lm_clean_options *options, const char *folder,
                                     size_t memory, uint64_t bytes, struct lm_err *err)
{
    *out = (struct clean_substring){.params = params,
                                    .options = options,
                                    .memory = memory,
                                    .met = {.folder = folder, .most = memory / 8}};
    const uint64_t need = clean_substring_need(bytes, 0);
    return need > memory || bytes >= LM_SUFFIXES_MOST ? refuse(out, need, bytes, err) : LM_OK;
}

void clean_substring_release(struct clean_substring *own)
{
    lm_repeats_release(&own->repeats);
    lm_digest_set_release(&own->met);
    free(own->starts);
    own->starts = NULL;
}

/* ---- documents come ---- */

enum lm_status clean_substring_wait(struct clean_substring *own, size_t size, double share,
                                    bool stays, struct lm_err *err)
{
    if (own->params == NULL || size < (size_t)own->params->bytes)
        return LM_OK;
    own->waiting += size;
    own->waiting_count++;
    const uint64_t need = clean_substring_need(own->waiting, own->waiting_count);
    if (!stays || (need <= own->memory && own->waiting < LM_SUFFIXES_MOST))
        return LM_OK;
    share = share > 0 && share < 1 ? share : 1;
    return refuse(own, (uint64_t)((double)need / share), (uint64_t)((double)own->waiting / share),
                  err);
}

/* ---- finding ---- */

static bool is_cancelled(void *user)
{
    return lm_ctx_cancelled(user);
}

/* How much there is. */
static enum lm_status measure(struct clean_substring *own, const struct clean_waiting *waiting,
                              clean_has_fn *has, const void *user, struct lm_err *err)
{
    struct clean_waiter head;
    own->waiting = own->waiting_count = 0;
    for (size_t i = 0; i < waiting->count; i++) {
        own->starts[i] = SIZE_MAX;
        if (!has(user, i))
            continue;
        LM_TRY(clean_waiting_head(waiting, i, &head, err));
        if (head.size < (size_t)own->params->bytes)
            continue;
        own->starts[i] = 0;
        own->waiting += head.size;
        own->waiting_count++;
    }
    const uint64_t need = clean_substring_need(own->waiting, own->waiting_count);
    return need > own->memory || own->waiting + own->waiting_count >= LM_SUFFIXES_MOST
               ? refuse(own, need, own->waiting + own->waiting_count, err)
               : LM_OK;
}

static enum lm_status gather(struct clean_substring *own, const struct clean_waiting *waiting,
                             struct lm_ctx *ctx, struct lm_err *err)
{
    struct clean_waiter waiter;
    struct lm_buf room;
    enum lm_status status = LM_OK;
    lm_buf_init(&room, 0);
    for (size_t i = 0; i < waiting->count && status == LM_OK; i++) {
        if (own->starts[i] == SIZE_MAX)
            continue;
        status = clean_waiting_read(waiting, i, &waiter, &room, err);
        if (status == LM_OK)
            own->starts[i] = lm_repeats_add(&own->repeats, waiter.text, waiter.size);
        if (status == LM_OK && lm_ctx_cancelled(ctx))
            status = lm_fail(err, LM_CANCELLED, "stopped while finding repeats; run again");
    }
    lm_buf_release(&room);
    return status;
}

enum lm_status clean_substring_find(struct clean_substring *own,
                                    const struct clean_waiting *waiting, clean_has_fn *has,
                                    const void *user, struct lm_ctx *ctx, struct lm_pool *pool,
                                    struct lm_err *err)
{
    const struct lm_suffix_watch watch = {is_cancelled, ctx};
    if (own->params == NULL)
        return LM_OK;
    lm_ctx_doing(ctx, "finding repeated text");
    own->count = waiting->count;
    own->starts = malloc((own->count + 1) * sizeof *own->starts);
    if (own->starts == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to find repeats; free some");
    LM_TRY(measure(own, waiting, has, user, err));
    LM_TRY(lm_repeats_begin(&own->repeats, (size_t)own->params->bytes, own->waiting,
                            own->waiting_count, err));
    LM_TRY(gather(own, waiting, ctx, err));
    return lm_repeats_find(&own->repeats, pool, &watch, err);
}

/* ---- cutting ---- */

static bool is_there(const struct clean_substring *own, size_t index)
{
    return own->params != NULL && own->starts != NULL && own->starts[index] != SIZE_MAX;
}

bool clean_substring_cut(const struct clean_substring *own, size_t index,
                         struct clean_waiter *waiter, struct lm_buf *room)
{
    struct lm_clean_counts counts = {0}; /* what cutting leaves at ends of lines is no repair */
    struct lm_repeat cut = {0, 0};
    size_t kept = 0, from = 0;
    if (!is_there(own, index))
        return false;
    while (lm_repeats_next(&own->repeats, own->starts[index], waiter->size, from, &cut)) {
        memmove(room->data + kept, room->data + from, cut.at - from);
        kept += cut.at - from;
        from = cut.end;
    }
    if (from == 0)
        return false;
    memmove(room->data + kept, room->data + from, waiter->size - from);
    kept += waiter->size - from;
    room->data[kept] = '\0'; /* less than there was: what lies behind the text stays */
    struct lm_buf text = *room;
    text.size = kept;
    lm_clean_lines(&text, own->options, &counts);
    waiter->size = text.size;
    return true;
}

const char *clean_substring_whole(const struct clean_substring *own, size_t index)
{
    return is_there(own, index) ? (const char *)own->repeats.texts + own->starts[index] : NULL;
}

void clean_substring_tell(struct clean_substring *own, size_t index, size_t size)
{
    struct lm_repeat cut = {0, 0};
    while (lm_repeats_next(&own->repeats, own->starts[index], size, cut.end, &cut)) {
        const uint8_t *text = own->repeats.texts + own->starts[index] + cut.at;
        struct lm_digest key;
        lm_sha256_bytes(&key, text, cut.end - cut.at);
        clean_drop_show(&own->shown, &key, text, cut.end - cut.at);
        own->spans++;
        own->bytes += (int64_t)(cut.end - cut.at);
    }
    own->documents++;
}

/* ---- what is told ---- */

void clean_substring_put(struct lm_json_writer *writer, const struct clean_substring *own)
{
    if (own->params == NULL)
        return;
    lm_json_key(writer, "substring");
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "min_bytes", own->params->bytes);
    lm_json_member_int(writer, "documents", own->documents);
    lm_json_member_int(writer, "spans", own->spans);
    lm_json_member_int(writer, "bytes", own->bytes);
    lm_json_key(writer, "examples");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < own->shown.example_count; i++)
        lm_json_put_bytes(writer, own->shown.examples[i].text, own->shown.examples[i].size);
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
}
