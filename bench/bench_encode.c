/*
 * One side of bench/tokenizer: encodes a text and prints one line of JSON.
 *   bench_encode VOCAB TEXT [threads N] [repeats N] [ids FILE]
 * The text is cut into documents of about 64 KB that end with a line, the same for all sides. The
 * ids of the last repeat go to FILE, 4 bytes each. `seconds` is the best wall time of a repeat.
 */
#include <lmpipe/tokenizer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/pool.h"
#include "bench.h"

enum { DOCUMENT = 64 << 10, MOST_THREADS = 64 };

struct bench {
    const char *vocab, *text, *threads, *repeats, *ids;
};

static const struct bench_option options[] = {
    {"threads", offsetof(struct bench, threads)},
    {"repeats", offsetof(struct bench, repeats)},
    {"ids", offsetof(struct bench, ids)},
};

struct document {
    const char *text;
    size_t size;
    struct lm_buf ids;
};

struct work {
    struct document *documents;
    size_t count;
    struct lm_encoder *encoders[MOST_THREADS];
};

static bool parse(struct bench *bench, int argc, char **argv)
{
    if (argc < 3)
        return false;
    bench->vocab = argv[1];
    bench->text = argv[2];
    return bench_take_options(bench, options, sizeof options / sizeof options[0], 3, argc, argv);
}

static void cut(struct work *work, const char *text, size_t size)
{
    work->documents = calloc(size / DOCUMENT + 1, sizeof *work->documents);
    for (size_t at = 0; at < size && work->documents != NULL;) {
        size_t end = at + DOCUMENT < size ? at + DOCUMENT : size;
        const char *newline = end < size ? memchr(text + end, '\n', size - end) : NULL;
        end = newline != NULL ? (size_t)(newline + 1 - text) : size;
        struct document *document = &work->documents[work->count++];
        *document = (struct document){.text = text + at, .size = end - at};
        lm_buf_init(&document->ids, 0);
        at = end;
    }
}

static void encode(void *user, size_t task, size_t worker)
{
    struct work *work = user;
    struct document *document = &work->documents[task];
    const int32_t *ids;
    size_t count;
    if (lm_encode(work->encoders[worker], document->text, document->size, &ids, &count, NULL) !=
        LM_OK)
        exit(1);
    lm_buf_clear(&document->ids);
    lm_buf_append(&document->ids, ids, count * sizeof *ids);
}

static void save_ids(const struct work *work, const char *path)
{
    FILE *file = fopen(path, "wb");
    for (size_t i = 0; i < work->count && file != NULL; i++)
        fwrite(work->documents[i].ids.data, 1, work->documents[i].ids.size, file);
    if (file == NULL || fclose(file) != 0)
        exit(1);
}

static void fail(const struct lm_err *err)
{
    fprintf(stderr, "bench_encode: %s\n", err->text);
    exit(1);
}

int main(int argc, char **argv)
{
    struct bench bench = {.threads = "1", .repeats = "3"};
    struct lm_err err = {LM_OK, ""};
    struct work work = {NULL, 0, {NULL}};
    struct lm_vocab *vocab = NULL;
    char *text;
    size_t size, tokens = 0;
    if (!parse(&bench, argc, argv)) {
        fprintf(stderr, "usage: bench_encode VOCAB TEXT [threads N] [repeats N] [ids FILE]\n");
        return 2;
    }
    double start = bench_now(CLOCK_MONOTONIC);
    if (lm_vocab_load(&vocab, bench.vocab, &err) != LM_OK)
        fail(&err);
    double load = bench_now(CLOCK_MONOTONIC) - start, best = 1e30;
    struct lm_arena *arena = lm_arena_create();
    if (lm_file_read(&text, &size, arena, bench.text, (size_t)1 << 33, &err) != LM_OK)
        fail(&err);
    cut(&work, text, size);
    size_t threads = (size_t)atoi(bench.threads);
    struct lm_pool *pool = lm_pool_create(threads);
    for (size_t i = 0; i < threads && i < MOST_THREADS; i++)
        work.encoders[i] = lm_encoder_create(vocab);
    for (int i = 0; i < atoi(bench.repeats); i++) {
        start = bench_now(CLOCK_MONOTONIC);
        lm_pool_run(pool, work.count, encode, &work);
        double seconds = bench_now(CLOCK_MONOTONIC) - start;
        best = seconds < best ? seconds : best;
    }
    for (size_t i = 0; i < work.count; i++)
        tokens += work.documents[i].ids.size / sizeof(int32_t);
    if (bench.ids != NULL)
        save_ids(&work, bench.ids);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"bytes\": %zu, \"tokens\": %zu, \"seconds\": %.4f, \"mb_per_s\": %.1f, "
           "\"load_seconds\": %.4f, \"rss_mb\": %ld}\n",
           size, tokens, best, (double)size / 1e6 / best, load, usage.ru_maxrss / 1024);
    for (size_t i = 0; i < work.count; i++)
        lm_buf_release(&work.documents[i].ids);
    for (size_t i = 0; i < threads && i < MOST_THREADS; i++)
        lm_encoder_free(work.encoders[i]);
    free(work.documents);
    lm_pool_free(pool);
    lm_arena_free(arena);
    lm_vocab_free(vocab);
    return 0;
}
