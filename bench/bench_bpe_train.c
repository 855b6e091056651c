/*
 * How fast a BPE vocabulary is learned from a text file: seconds of counting and of merging,
 * memory.
 *
 *   bench_bpe_train FILE [--vocab N] [--threads N] [--lines] [--gpt2-order] [--min-frequency N]
 *                   [--memory MB] [--merges FILE]
 *
 * Documents are parts of about 64 KiB that end at a newline, or lines with --lines. The file is
 * read in blocks by one thread while the others wait, as the stage does. One JSON object on stdout.
 */
#include <lmpipe/tokenizer.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/pool.h"
#include "bench.h"
#include "tokenizer/alphabet.h"

enum { PART = 64 << 10, SPARE = 4 << 10, MAX_THREADS = 64 };

/* Part i is what begins in [i * PART, (i + 1) * PART): from the first line that starts there to the
 * first one that starts beyond. */
struct bench {
    struct lm_bpe_trainer *trainer;
    int fd;
    uint64_t size;
    bool is_by_line;
    struct lm_buf buffers[MAX_THREADS];
    atomic_int failed;
};

/* Reads [at, at + size) of the file, less at its end. */
static bool read_range(const struct bench *bench, struct lm_buf *buf, uint64_t at, size_t size)
{
    static const char zeros[PART];
    lm_buf_clear(buf);
    while (buf->size < size && !buf->failed)
        lm_buf_append(buf, zeros, size - buf->size < PART ? size - buf->size : PART);
    size_t have = 0;
    if (buf->failed)
        return false;
    for (ssize_t got = 1; got > 0 && have < size; have += (size_t)got)
        if ((got = pread(bench->fd, buf->data + have, size - have, (off_t)(at + have))) < 0)
            return false;
    buf->size = have;
    return true;
}

/* Where the first line starts at or after `at` in a buffer whose first byte is the one before. */
static size_t line_start(const struct lm_buf *buf, size_t at)
{
    const char *newline = at < buf->size ? memchr(buf->data + at, '\n', buf->size - at) : NULL;
    return newline != NULL ? (size_t)(newline - buf->data) + 1 : buf->size;
}

static bool count_range(const struct bench *bench, size_t worker, const char *text, size_t size)
{
    for (size_t at = 0, end; at < size; at = end) {
        const char *newline = bench->is_by_line ? memchr(text + at, '\n', size - at) : NULL;
        end = newline != NULL ? (size_t)(newline - text) + 1 : size;
        if (lm_bpe_trainer_add(bench->trainer, worker, (const uint8_t *)text + at, end - at,
                               NULL) != LM_OK)
            return false;
    }
    return true;
}

static void count_part(void *user, size_t task, size_t worker)
{
    struct bench *bench = user;
    struct lm_buf *buf = &bench->buffers[worker];
    uint64_t from = (uint64_t)task * PART;
    uint64_t before = task > 0; /* one byte more, to see whether a line starts right here */
    size_t start, end, size = PART + SPARE;
    bool is_fine;
    do { /* until the line that goes beyond the part is there as a whole */
        is_fine = read_range(bench, buf, from - before, size);
        start = task > 0 ? line_start(buf, 0) : 0;
        end = line_start(buf, PART + before - 1);
        size *= 4;
    } while (is_fine && end == buf->size && from - before + end < bench->size);
    if (is_fine && start < PART + before)
        is_fine = count_range(bench, worker, buf->data + start, end - start);
    if (!is_fine)
        atomic_store(&bench->failed, 1);
}

static int write_merges(const char *path, const struct lm_vocab *vocab)
{
    FILE *file = fopen(path, "w");
    struct lm_buf line;
    lm_buf_init(&line, 0);
    for (int64_t i = 0; file != NULL && i < lm_vocab_merges(vocab); i++) {
        int32_t parts[2] = {0, 0}, id;
        size_t size;
        lm_vocab_merge(vocab, i, &parts[0], &parts[1], &id);
        lm_buf_clear(&line);
        for (size_t side = 0; side < 2; side++) {
            const uint8_t *bytes = lm_vocab_token(vocab, parts[side], &size);
            lm_alphabet_write(&line, bytes, size);
            lm_buf_putc(&line, side == 0 ? ' ' : '\n');
        }
        fwrite(line.data, 1, line.size, file);
    }
    lm_buf_release(&line);
    return file != NULL && fclose(file) == 0 ? 0 : 1;
}

static double peak_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

/* The value after `name`, or NULL. */
static const char *option(int count, char **words, const char *name)
{
    for (int i = 2; i < count; i++)
        if (strcmp(words[i], name) == 0)
            return i + 1 < count ? words[i + 1] : "";
    return NULL;
}

static long long number(int count, char **words, const char *name, long long otherwise)
{
    const char *text = option(count, words, name);
    return text != NULL ? atoll(text) : otherwise;
}

static int train(int fd, int count, char **words)
{
    struct bench bench = {.fd = fd, .size = (uint64_t)lseek(fd, 0, SEEK_END)};
    size_t threads = (size_t)number(count, words, "--threads", 1);
    threads = threads < 1 ? 1 : threads > MAX_THREADS ? MAX_THREADS : threads;
    for (size_t i = 0; i < threads; i++)
        lm_buf_init(&bench.buffers[i], 0);
    struct lm_pool *pool = lm_pool_create(threads);
    const struct lm_bpe_options options = {
        .vocab_size = number(count, words, "--vocab", 30000),
        .min_frequency = number(count, words, "--min-frequency", 2),
        .byte_order = option(count, words, "--gpt2-order") ? LM_BYTES_GPT2 : LM_BYTES_RAW,
        .threads = threads,
        .count_memory = (size_t)number(count, words, "--memory", 0) << 20,
        .spill_folder = "/tmp",
    };
    struct lm_err err = {LM_OK, ""};
    struct lm_vocab *vocab = NULL;
    bench.is_by_line = option(count, words, "--lines") != NULL;
    double start = bench_now(CLOCK_MONOTONIC), cpu = bench_now(CLOCK_PROCESS_CPUTIME_ID);
    enum lm_status status = lm_bpe_trainer_create(&bench.trainer, &options, &err);
    if (status == LM_OK)
        lm_pool_run(pool, (size_t)((bench.size + PART - 1) / PART), count_part, &bench);
    if (atomic_load(&bench.failed))
        status = lm_fail(&err, LM_IO, "cannot read or count the file");
    double counted = bench_now(CLOCK_MONOTONIC), count_cpu = bench_now(CLOCK_PROCESS_CPUTIME_ID);
    double count_peak = peak_mb();
    if (status == LM_OK)
        status = lm_bpe_trainer_learn(&vocab, bench.trainer, NULL, NULL, &err);
    double end = bench_now(CLOCK_MONOTONIC), end_cpu = bench_now(CLOCK_PROCESS_CPUTIME_ID);
    double megabytes = (double)bench.size / 1e6;
    if (status == LM_OK)
        printf("{\"mb\":%.1f,\"threads\":%zu,\"merges\":%lld,\"count_s\":%.3f,\"merge_s\":%.3f,"
               "\"seconds\":%.3f,\"count_cpu_s\":%.3f,\"cpu_s\":%.3f,\"mb_per_s\":%.1f,"
               "\"count_peak_mb\":%.0f,\"peak_mb\":%.0f}\n",
               megabytes, threads, (long long)lm_vocab_merges(vocab), counted - start,
               end - counted, end - start, count_cpu - cpu, end_cpu - cpu,
               megabytes / (end - start), count_peak, peak_mb());
    else
        fprintf(stderr, "bench_bpe_train: %s\n", err.text[0] ? err.text : lm_status_text(status));
    const char *merges = option(count, words, "--merges");
    int failed = status != LM_OK || (merges != NULL && write_merges(merges, vocab) != 0);
    lm_vocab_free(vocab);
    lm_bpe_trainer_free(bench.trainer);
    lm_pool_free(pool);
    for (size_t i = 0; i < threads; i++)
        lm_buf_release(&bench.buffers[i]);
    return failed;
}

int main(int count, char **words)
{
    int fd = count > 1 ? open(words[1], O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        fprintf(stderr, "usage: bench_bpe_train FILE [--vocab N] [--threads N] [--lines] "
                        "[--gpt2-order] [--min-frequency N] [--memory MB] [--merges FILE]\n");
        return 2;
    }
    int failed = train(fd, count, words);
    close(fd);
    return failed;
}
