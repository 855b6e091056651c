/*
 * The token store beside a flat file of the same ids: writing, overhead, opening, reading in order,
 * and random windows of 1,024 ids by the store and by a memory map of the flat file, turn by turn
 * in one run. Both files are in the page cache. Both sides end with the same int32 ids in the same
 * array. The best of several rounds counts. One JSON object.
 *
 *   bench_tokens FOLDER [MEGABYTES [VOCABULARY [LONGEST]]]
 *
 * LONGEST: tokens of a document at most; few of them make many documents.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmpipe/rng.h>
#include <lmpipe/tokens.h>

#include "bench.h"
#include "data/tokens_format.h"

enum { WINDOW = 1024, PART = 1 << 16, WINDOWS = 50000, ROUNDS = 9, LONGEST = 4096, LARGEST = 4096 };

struct bench {
    char store[400], flat[400];
    int64_t vocab;
    size_t width, count, longest,
        documents; /* bytes of an id; all ids of the store, ends of text included */
    int32_t *ids;  /* a document's, one after the other, ends of text included */
    uint32_t *lengths;
    uint8_t *map; /* the flat file */
    struct lm_tokens *tokens;
    int32_t part[PART];     /* where ids are read to */
    size_t places[WINDOWS]; /* of a round */
};

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* Documents of 1 to `longest` ids until there are `count`. */
static void make_ids(struct bench *bench)
{
    struct lm_rng rng = lm_rng_stream(1, "bench");
    for (size_t at = 0; at < bench->count;) {
        size_t length = 1 + (size_t)lm_rng_below(rng, bench->documents, 0, bench->longest);
        length = length < bench->count - at ? length : bench->count - at;
        for (size_t i = at; i + 1 < at + length; i++)
            bench->ids[i] = (int32_t)lm_rng_below(rng, i, 1, (uint64_t)bench->vocab);
        at += length;
        bench->ids[at - 1] = (int32_t)bench->vocab - 1;
        bench->lengths[bench->documents++] = (uint32_t)length;
    }
}

static enum lm_status write_store(const struct bench *bench, struct lm_err *err)
{
    struct lm_tokens_writer *writer = NULL;
    struct lm_digest vocab = {{0}};
    unlink(bench->store);
    LM_TRY(lm_tokens_create(&writer, bench->store, bench->vocab, (int32_t)bench->vocab - 1, &vocab,
                            err));
    enum lm_status status = LM_OK;
    const int32_t *ids = bench->ids;
    for (size_t i = 0; i < bench->documents && status == LM_OK; i++) {
        status = lm_tokens_add(writer, LM_TRAIN, ids, bench->lengths[i] - 1, i, 1, err);
        ids += bench->lengths[i];
    }
    if (status == LM_OK)
        return lm_tokens_finish(writer, NULL, err);
    lm_tokens_abandon(writer);
    return status;
}

static enum lm_status write_flat(const struct bench *bench, struct lm_err *err)
{
    uint8_t part[LM_TOKENS_BLOCK];
    int fd = open(bench->flat, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool is_good = fd >= 0;
    size_t each = sizeof part / bench->width;
    for (size_t at = 0; at < bench->count && is_good; at += each) {
        size_t n = bench->count - at < each ? bench->count - at : each;
        lm_tokens_narrow(part, bench->ids + at, n, bench->width);
        is_good = write(fd, part, n * bench->width) == (ssize_t)(n * bench->width);
    }
    is_good = is_good && fsync(fd) == 0; /* the store does it, too */
    int error = errno;
    if (fd >= 0)
        close(fd);
    return is_good ? LM_OK : lm_fail_errno(err, error, "cannot write %s", bench->flat);
}

typedef enum lm_status write_fn(const struct bench *bench, struct lm_err *err);

/* Seconds on the wall and of CPU time, the best of three. */
static enum lm_status time_write(double out[2], write_fn *fn, const struct bench *bench,
                                 struct lm_err *err)
{
    for (int i = 0; i < 3; i++) {
        double wall = bench_now(CLOCK_MONOTONIC), cpu = bench_now(CLOCK_PROCESS_CPUTIME_ID);
        LM_TRY(fn(bench, err));
        wall = bench_now(CLOCK_MONOTONIC) - wall;
        cpu = bench_now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        out[0] = i == 0 ? wall : least(out[0], wall);
        out[1] = i == 0 ? cpu : least(out[1], cpu);
    }
    return LM_OK;
}

/* out[0]: opening; out[1]: opening, and checking where documents lie. */
static enum lm_status time_open(struct bench *bench, double out[2], struct lm_err *err)
{
    out[0] = out[1] = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        lm_tokens_close(bench->tokens);
        bench->tokens = NULL;
        double start = bench_now(CLOCK_MONOTONIC);
        LM_TRY(lm_tokens_open(&bench->tokens, bench->store, err));
        out[0] = least(out[0], bench_now(CLOCK_MONOTONIC) - start);
        LM_TRY(lm_tokens_check_documents(bench->tokens, LM_TRAIN, err));
        out[1] = least(out[1], bench_now(CLOCK_MONOTONIC) - start);
    }
    int fd = open(bench->flat, O_RDONLY | O_CLOEXEC);
    bench->map =
        mmap(NULL, bench->count * bench->width, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    close(fd);
    return bench->map != MAP_FAILED ? LM_OK
                                    : lm_fail_errno(err, errno, "cannot map %s", bench->flat);
}

/* out[0]: the first time, with every block's check; out[1]: afterwards. Compares every id. */
static enum lm_status time_in_order(struct bench *bench, double out[2], struct lm_err *err)
{
    int32_t *part = bench->part;
    for (int round = 0; round < 2; round++) {
        double start = bench_now(CLOCK_MONOTONIC), compare = 0;
        for (size_t at = 0; at < bench->count; at += PART) {
            size_t n = bench->count - at < PART ? bench->count - at : PART;
            LM_TRY(lm_tokens_read(bench->tokens, LM_TRAIN, at, n, part, err));
            double before = bench_now(CLOCK_MONOTONIC);
            if (memcmp(part, bench->ids + at, n * sizeof *part) != 0)
                return lm_fail(err, LM_MISMATCH, "other ids came back than were written");
            compare += bench_now(CLOCK_MONOTONIC) - before;
        }
        out[round] = bench_now(CLOCK_MONOTONIC) - start - compare;
    }
    return LM_OK;
}

/* Seconds of CPU time for WINDOWS windows at the places of a round: [0] the store, [1] the map. */
static enum lm_status time_windows(struct bench *bench, double best[2], struct lm_err *err)
{
    int32_t *window = bench->part;
    size_t *places = bench->places;
    struct lm_rng rng = lm_rng_stream(2, "windows");
    best[0] = best[1] = 1e9;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        for (uint64_t i = 0; i < WINDOWS; i++)
            places[i] = (size_t)lm_rng_below(rng, i, round, bench->count - WINDOW);
        for (int side = 0; side < 2; side++) {
            double start = bench_now(CLOCK_PROCESS_CPUTIME_ID);
            for (uint64_t i = 0; i < WINDOWS; i++) {
                size_t at = places[i];
                if (side == 0)
                    LM_TRY(lm_tokens_read(bench->tokens, LM_TRAIN, at, WINDOW, window, err));
                else
                    lm_tokens_widen(window, bench->map + at * bench->width, WINDOW, bench->width);
            }
            best[side] = least(best[side], bench_now(CLOCK_PROCESS_CPUTIME_ID) - start);
        }
    }
    return LM_OK;
}

static double size_of(const char *path)
{
    struct stat info = {0};
    return stat(path, &info) == 0 ? (double)info.st_size : 0;
}

static enum lm_status run(struct bench *bench, struct lm_err *err)
{
    double store[2], flat[2], opening[2], order[2], windows[2];
    make_ids(bench);
    LM_TRY(time_write(flat, write_flat, bench, err));
    LM_TRY(time_write(store, write_store, bench, err));
    LM_TRY(time_open(bench, opening, err));
    LM_TRY(time_in_order(bench, order, err));
    LM_TRY(time_windows(bench, windows, err));
    double bytes = (double)(bench->count * bench->width), mb = 1e-6 * bytes;
    double index = (double)(bench->documents * LM_TOKENS_ENTRY);
    printf("{\"bytes\": %.0f, \"documents\": %zu, \"width\": %zu, \"file\": %.0f, "
           "\"overhead\": %.5f,\n",
           bytes, bench->documents, bench->width, size_of(bench->store),
           (size_of(bench->store) - index) / bytes - 1);
    printf(" \"write_mb_s\": %.0f, \"write_cpu_mb_s\": %.0f, \"flat_write_mb_s\": %.0f, "
           "\"flat_write_cpu_mb_s\": %.0f,\n",
           mb / store[0], mb / store[1], mb / flat[0], mb / flat[1]);
    printf(" \"open_ms\": %.3f, \"open_documents_ms\": %.3f, \"first_read_mb_s\": %.0f, "
           "\"read_mb_s\": %.0f,\n",
           1e3 * opening[0], 1e3 * opening[1], mb / order[0], mb / order[1]);
    printf(" \"windows_m_s\": %.3f, \"flat_windows_m_s\": %.3f, \"windows_ratio\": %.3f}\n",
           1e-6 * WINDOWS / windows[0], 1e-6 * WINDOWS / windows[1], windows[1] / windows[0]);
    return LM_OK;
}

/* The sizes and names of a run; NULL when memory is out. Freed by bench_free. */
static struct bench *bench_create(const char *folder, size_t megabytes, int64_t vocab,
                                  size_t longest)
{
    struct bench *bench = calloc(1, sizeof *bench);
    if (bench == NULL)
        return NULL;
    snprintf(bench->store, sizeof bench->store, "%s/bench_tokens.mdb", folder);
    snprintf(bench->flat, sizeof bench->flat, "%s/bench_tokens.flat", folder);
    bench->vocab = vocab;
    bench->longest = longest;
    bench->width = vocab <= LM_TOKENS_SMALL_VOCAB ? 2 : 4;
    bench->count = megabytes * 1000000 / bench->width;
    bench->ids = malloc(bench->count * sizeof *bench->ids);
    bench->lengths = malloc(bench->count * sizeof *bench->lengths);
    return bench;
}

static void bench_free(struct bench *bench)
{
    if (bench == NULL)
        return;
    lm_tokens_close(bench->tokens);
    free(bench->ids);
    free(bench->lengths);
    unlink(bench->store);
    unlink(bench->flat);
    free(bench);
}

int main(int argc, char **argv)
{
    struct lm_err err = {0};
    size_t megabytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 100;
    int64_t vocab = argc > 3 ? strtol(argv[3], NULL, 10) : 50257;
    size_t longest = argc > 4 ? strtoul(argv[4], NULL, 10) : LONGEST;
    if (argc < 2 || megabytes < 1 || megabytes > LARGEST || vocab < 2 || vocab > INT32_MAX ||
        longest < 1) {
        fprintf(stderr, "usage: bench_tokens FOLDER [MEGABYTES [VOCABULARY [LONGEST]]]\n");
        return 2;
    }
    struct bench *bench = bench_create(argv[1], megabytes, vocab, longest);
    enum lm_status status = bench != NULL && bench->ids != NULL && bench->lengths != NULL
                                ? run(bench, &err)
                                : lm_fail(&err, LM_NOMEM, "no memory; take fewer megabytes");
    if (status != LM_OK)
        fprintf(stderr, "bench_tokens: %s\n", err.text);
    bench_free(bench);
    return status == LM_OK ? 0 : 1;
}
