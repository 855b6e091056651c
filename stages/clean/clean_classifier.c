#include "clean_classifier.h"

#include <stdlib.h>
#include <string.h>

#include "clean_pieces.h"
#include "clean_positive.h"

enum {
    TASK = 16, /* documents of a task */
    ROUND = 64 /* tasks between two looks at whether to stop */
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for a classifier; free some");
}

static enum lm_status stopped(struct lm_err *err)
{
    return lm_fail(err, LM_CANCELLED, "stopped while scoring documents; run again");
}

bool clean_classifier_is_wanted(const struct clean_classifier_params *params)
{
    return params->alpha == params->alpha;
}

void clean_classifier_release(struct clean_classifier *own)
{
    lm_quality_release(&own->quality[0]);
    lm_quality_release(&own->quality[1]);
    free(own->scores);
    *own = (struct clean_classifier){.params = NULL};
}

bool clean_classifier_drops(const struct clean_classifier *own, size_t index)
{
    return own->scores != NULL && own->scores[index] < 0;
}

double clean_classifier_score(const struct clean_classifier *own, size_t index)
{
    const double score = (double)own->scores[index];
    return score < 0 ? -1 - score : score;
}

/* ---- examples ---- */

/* Both samples, and the document that comes next. */
struct sampling {
    struct clean_pieces pieces[2]; /* of the corpus, positive ones */
    size_t next;
};

static enum lm_status take_positive(void *user, const void *text, size_t size, struct lm_err *err)
{
    struct sampling *own = user;
    struct lm_digest digest;
    if (size == 0)
        return LM_OK;
    lm_sha256_bytes(&digest, text, size);
    return clean_pieces_add(&own->pieces[1], &digest, own->next++, text, size, true, err);
}

static enum lm_status choose(struct sampling *own, const struct clean_waiting *waiting,
                             const struct clean_near *near, struct lm_ctx *ctx, struct lm_err *err)
{
    struct clean_waiter head;
    for (size_t i = 0; i < waiting->count; i++) {
        if (clean_near_first(near, i) != i)
            continue;
        LM_TRY(clean_waiting_head(waiting, i, &head, err));
        LM_TRY(clean_pieces_add(&own->pieces[0], &head.digest, i, NULL, head.size, false, err));
        if (lm_ctx_cancelled(ctx))
            return stopped(err);
    }
    return LM_OK;
}

/* Texts of the pieces that were chosen. */
static enum lm_status fill(struct sampling *own, const struct clean_waiting *waiting,
                           struct lm_buf *room, struct lm_err *err)
{
    struct clean_pieces *pieces = &own->pieces[0];
    struct clean_waiter waiter = {.size = 0};
    clean_pieces_sort(pieces);
    for (size_t i = 0; i < pieces->count; i++) {
        struct clean_sampled *piece = &pieces->items[i];
        if (i == 0 || piece->document != piece[-1].document)
            LM_TRY(clean_waiting_read(waiting, piece->document, &waiter, room, err));
        LM_TRY(clean_pieces_fill(piece, waiter.text, waiter.size, err));
    }
    return LM_OK;
}

static int compare_keys(const void *a, const void *b)
{
    const struct clean_sampled *x = *(struct clean_sampled *const *)a,
                               *y = *(struct clean_sampled *const *)b;
    return lm_digest_compare(&x->key, &y->key);
}

/* Pieces by their keys; NULL: out of memory. */
static struct clean_sampled **sort_keys(const struct clean_pieces *pieces)
{
    struct clean_sampled **sorted = malloc((pieces->count + 1) * sizeof(struct clean_sampled *));
    for (size_t i = 0; sorted != NULL && i < pieces->count; i++)
        sorted[i] = &pieces->items[i];
    if (sorted != NULL && pieces->count > 1)
        qsort(sorted, pieces->count, sizeof(struct clean_sampled *), compare_keys);
    return sorted;
}

/* A window of a piece of this many bytes, of whole characters: another one each time round. */
static const char *window(const struct clean_sampled *piece, size_t round, size_t *size)
{
    const size_t room = piece->size - *size;
    size_t from = room > 0 ? round * *size % (room + 1) : 0, end = from + *size;
    while (from < piece->size && ((uint8_t)piece->text[from] & 0xC0) == 0x80)
        from++;
    while (end < piece->size && ((uint8_t)piece->text[end] & 0xC0) == 0x80)
        end++;
    *size = end > from ? end - from : 0;
    return piece->text + from;
}

/* A piece of each kind after the other, the fewer again and again, both of one length: how long a
 * text is must tell nothing. Those of the half are held out. */
static enum lm_status add_pairs(struct lm_quality *quality, unsigned half,
                                struct clean_sampled **const sorted[2], const size_t counts[2],
                                struct lm_quality_words *words, struct lm_err *err)
{
    const size_t most = counts[0] > counts[1] ? counts[0] : counts[1];
    for (size_t i = 0; i < most && counts[0] > 0 && counts[1] > 0; i++) {
        const struct clean_sampled *pair[2];
        for (size_t kind = 0; kind < 2; kind++)
            pair[kind] = sorted[kind][i % counts[kind]];
        const size_t shared = pair[0]->size < pair[1]->size ? pair[0]->size : pair[1]->size;
        for (size_t kind = 0; kind < 2; kind++) {
            size_t size = shared;
            const char *text = window(pair[kind], i / counts[kind], &size);
            LM_TRY(lm_quality_add(quality, words, text, size, kind == 1, pair[kind]->half == half,
                                  err));
        }
    }
    return LM_OK;
}

static enum lm_status learn(struct clean_classifier *own, const struct sampling *sampling,
                            struct lm_quality_words *words, struct lm_err *err)
{
    struct clean_sampled **sorted[2];
    size_t counts[2];
    for (size_t kind = 0; kind < 2; kind++) {
        sorted[kind] = sort_keys(&sampling->pieces[kind]);
        counts[kind] = sampling->pieces[kind].count;
        own->examples[kind] = (int64_t)counts[kind];
    }
    enum lm_status status = sorted[0] != NULL && sorted[1] != NULL ? LM_OK : no_memory(err);
    for (unsigned half = 0; half < 2 && status == LM_OK; half++) {
        status = add_pairs(&own->quality[half], half, sorted, counts, words, err);
        if (status == LM_OK)
            status = lm_quality_train(&own->quality[half], err);
    }
    free(sorted[0]);
    free(sorted[1]);
    return status == LM_OK ? LM_OK : lm_wrap(err, status, "classifier.positive");
}

static enum lm_status sample(struct clean_classifier *own, struct sampling *sampling,
                             const struct clean_waiting *waiting, const struct clean_near *near,
                             struct lm_ctx *ctx, struct lm_err *err)
{
    struct lm_quality_words words = {.counts = NULL};
    struct lm_buf room;
    LM_TRY(clean_positive_each(own->params, ctx, take_positive, sampling, err));
    LM_TRY(choose(sampling, waiting, near, ctx, err));
    lm_buf_init(&room, 0);
    enum lm_status status = fill(sampling, waiting, &room, err);
    if (status == LM_OK)
        status = learn(own, sampling, &words, err);
    lm_quality_words_release(&words);
    lm_buf_release(&room);
    return status;
}

static enum lm_status train(struct clean_classifier *own, const struct clean_waiting *waiting,
                            const struct clean_near *near, struct lm_ctx *ctx, struct lm_err *err)
{
    struct sampling sampling = {.next = 0};
    LM_TRY(lm_quality_begin(&own->quality[0], err));
    LM_TRY(lm_quality_begin(&own->quality[1], err));
    enum lm_status status = sample(own, &sampling, waiting, near, ctx, err);
    clean_pieces_release(&sampling.pieces[0]);
    clean_pieces_release(&sampling.pieces[1]);
    return status;
}

/* ---- scores ---- */

struct scoring {
    struct clean_classifier *own;
    const struct clean_waiting *waiting;
    const struct clean_near *near;
    size_t from; /* the first document of this round */

    struct worker {
        struct lm_quality_words words;
        struct lm_buf room;
        enum lm_status status; /* what the first document failed with */
        struct lm_err err;
    } * workers;
};

static enum lm_status score_document(const struct scoring *scoring, size_t index,
                                     struct worker *worker)
{
    struct clean_classifier *own = scoring->own;
    struct clean_waiter waiter;
    double score;
    if (clean_near_first(scoring->near, index) != index)
        return LM_OK;
    LM_TRY(clean_waiting_read(scoring->waiting, index, &waiter, &worker->room, &worker->err));
    LM_TRY(lm_quality_score(&own->quality[clean_half_of(&waiter.digest)], &score, &worker->words,
                            waiter.text, waiter.size, &worker->err));
    const bool is_kept = lm_quality_keeps(score, own->params->alpha, &waiter.digest);
    own->scores[index] = (float)(is_kept ? score : -1 - score);
    return LM_OK;
}

static void score_task(void *user, size_t task, size_t index)
{
    const struct scoring *scoring = user;
    struct worker *worker = &scoring->workers[index];
    const size_t from = scoring->from + task * TASK;
    for (size_t i = from; i < from + TASK && i < scoring->waiting->count; i++)
        if (worker->status == LM_OK)
            worker->status = score_document(scoring, i, worker);
}

static enum lm_status score_all(struct scoring *scoring, struct lm_ctx *ctx, struct lm_pool *pool,
                                struct lm_err *err)
{
    const size_t count = scoring->waiting->count;
    for (; scoring->from < count; scoring->from += (size_t)TASK * ROUND) {
        size_t tasks = (count - scoring->from + TASK - 1) / TASK;
        lm_pool_run(pool, tasks < ROUND ? tasks : ROUND, score_task, scoring);
        for (size_t i = 0; i < lm_pool_threads(pool); i++)
            if (scoring->workers[i].status != LM_OK)
                return lm_fail(err, scoring->workers[i].status, "%s", scoring->workers[i].err.text);
        if (lm_ctx_cancelled(ctx))
            return stopped(err);
    }
    return LM_OK;
}

static enum lm_status score(struct clean_classifier *own, const struct clean_waiting *waiting,
                            const struct clean_near *near, struct lm_ctx *ctx, struct lm_pool *pool,
                            struct lm_err *err)
{
    const size_t threads = lm_pool_threads(pool);
    struct scoring scoring = {.own = own, .waiting = waiting, .near = near};
    own->scores = calloc(waiting->count + 1, sizeof *own->scores);
    scoring.workers = calloc(threads, sizeof *scoring.workers);
    if (own->scores == NULL || scoring.workers == NULL) {
        free(scoring.workers);
        return no_memory(err);
    }
    for (size_t i = 0; i < threads; i++)
        lm_buf_init(&scoring.workers[i].room, 0);
    enum lm_status status = score_all(&scoring, ctx, pool, err);
    for (size_t i = 0; i < threads; i++) {
        lm_quality_words_release(&scoring.workers[i].words);
        lm_buf_release(&scoring.workers[i].room);
    }
    free(scoring.workers);
    return status;
}

static void count(struct clean_classifier *own, const struct clean_waiting *waiting,
                  const struct clean_near *near)
{
    for (size_t i = 0; i < waiting->count; i++) {
        if (clean_near_first(near, i) != i)
            continue;
        size_t row = (size_t)(clean_classifier_score(own, i) * CLEAN_SCORES);
        row = row < CLEAN_SCORES ? row : CLEAN_SCORES - 1;
        own->documents[row]++;
        own->kept[row] += !clean_classifier_drops(own, i);
    }
}

enum lm_status clean_classifier_judge(struct clean_classifier *own,
                                      const struct clean_waiting *waiting,
                                      const struct clean_near *near, struct lm_ctx *ctx,
                                      struct lm_pool *pool, struct lm_err *err)
{
    if (own->params == NULL)
        return LM_OK;
    lm_ctx_doing(ctx, "training the classifier");
    LM_TRY(train(own, waiting, near, ctx, err));
    lm_ctx_doing(ctx, "scoring documents");
    LM_TRY(score(own, waiting, near, ctx, pool, err));
    count(own, waiting, near);
    return LM_OK;
}

/* ---- what is told ---- */

static void put_pair(struct lm_json_writer *writer, const char *name, const int64_t values[2])
{
    lm_json_key(writer, name);
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "positive", values[1]);
    lm_json_member_int(writer, "negative", values[0]);
    lm_json_close(writer, '}');
}

/* The mean over both kinds of the share that is told right by those that were not trained on it. */
static double accuracy(const struct clean_classifier *own)
{
    double sum = 0;
    for (size_t i = 0; i < 2; i++) {
        const int64_t held = own->quality[0].held[i] + own->quality[1].held[i];
        const int64_t missed = own->quality[0].missed[i] + own->quality[1].missed[i];
        sum += held > 0 ? 1 - (double)missed / (double)held : 0;
    }
    return sum / 2;
}

void clean_classifier_put(struct lm_json_writer *writer, const struct clean_classifier *own)
{
    int64_t all = 0, kept = 0;
    if (own->params == NULL)
        return;
    for (size_t i = 0; i < CLEAN_SCORES; i++) {
        all += own->documents[i];
        kept += own->kept[i];
    }
    lm_json_key(writer, "classifier");
    lm_json_open(writer, '{');
    lm_json_member_double(writer, "alpha", own->params->alpha);
    put_pair(writer, "examples", own->examples);
    lm_json_member_double(writer, "accuracy", accuracy(own));
    lm_json_member_int(writer, "documents", all);
    lm_json_member_int(writer, "kept", kept);
    lm_json_member_double(writer, "kept_share", all > 0 ? (double)kept / (double)all : 0);
    lm_json_key(writer, "scores");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < CLEAN_SCORES; i++) {
        lm_json_open(writer, '{');
        lm_json_member_double(writer, "from", (double)i / CLEAN_SCORES);
        lm_json_member_int(writer, "documents", own->documents[i]);
        lm_json_member_int(writer, "kept", own->kept[i]);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
}
