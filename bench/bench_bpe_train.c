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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/pool.h"
#include "text/alphabet.h"

enum { PART = 64 << 10, BLOCK = 4 << 20 };

struct part {
    size_t start, end;
    enum lm_status status;
};

struct bench {
    struct lm_bpe_trainer *trainer;
    bool is_by_line;
    char *block;
    struct part parts[BLOCK / PART + 2];
};

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void count_part(void *user, size_t task, size_t worker)
{
    struct bench *bench = user;
    struct part *part = &bench->parts[task];
    for (size_t at = part->start, end; at < part->end && part->status == LM_OK; at = end) {
        const char *newline = memchr(bench->block + at, '\n', part->end - at);
        end =
            bench->is_by_line && newline != NULL ? (size_t)(newline - bench->block) + 1 : part->end;
        part->status = lm_bpe_trainer_add(bench->trainer, worker,
                                          (const uint8_t *)bench->block + at, end - at, NULL);
    }
}

/* Cuts `size` bytes into parts; those after the last newline are left unless it is the end. Returns
 * the number of parts, and in *used the bytes in them. */
static size_t cut(struct bench *bench, size_t size, bool is_end, size_t *used)
{
    size_t count = 0;
    for (*used = 0; *used < size;) {
        size_t start = *used, stop = start + PART < size ? start + PART : size;
        const char *newline = NULL;
        if (stop < size || !is_end)
            newline = memrchr(bench->block + start, '\n', stop - start);
        if (newline != NULL)
            stop = (size_t)(newline - bench->block) + 1;
        else if (stop == size && !is_end && start > 0)
            break;
        bench->parts[count++] = (struct part){start, stop, LM_OK};
        *used = stop;
        if (newline == NULL && stop == size)
            break;
    }
    return count;
}

static enum lm_status count_file(struct bench *bench, FILE *file, struct lm_pool *pool)
{
    size_t have = 0, used = 0;
    for (bool is_end = false; !is_end;) {
        size_t got = fread(bench->block + have, 1, BLOCK - have, file);
        is_end = have + got < BLOCK;
        have += got;
        size_t parts = cut(bench, have, is_end, &used);
        lm_pool_run(pool, parts, count_part, bench);
        for (size_t i = 0; i < parts; i++)
            if (bench->parts[i].status != LM_OK)
                return bench->parts[i].status;
        memmove(bench->block, bench->block + used, have - used);
        have -= used;
    }
    return LM_OK;
}

static int write_merges(const char *path, const struct lm_vocab *vocab)
{
    FILE *file = fopen(path, "w");
    struct lm_buf line;
    lm_buf_init(&line, 0);
    for (int64_t i = 0; file != NULL && i < lm_vocab_merges(vocab); i++) {
        int32_t parts[2] = {0, 0};
        size_t size;
        lm_vocab_merge(vocab, (int32_t)i + 256, &parts[0], &parts[1]);
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

static int train(FILE *file, int count, char **words)
{
    static struct bench bench;
    size_t threads = (size_t)number(count, words, "--threads", 1);
    struct lm_pool *pool = lm_pool_create(threads);
    const struct lm_bpe_options options = {
        .vocab_size = number(count, words, "--vocab", 30000),
        .min_frequency = number(count, words, "--min-frequency", 2),
        .byte_order = option(count, words, "--gpt2-order") ? LM_BYTES_GPT2 : LM_BYTES_RAW,
        .threads = threads,
        .table_memory = (size_t)number(count, words, "--memory", 0) << 20,
        .spill_folder = "/tmp",
    };
    struct lm_err err = {LM_OK, ""};
    struct lm_vocab *vocab = NULL;
    bench.is_by_line = option(count, words, "--lines") != NULL;
    bench.block = malloc(BLOCK);
    double start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    enum lm_status status = lm_bpe_trainer_create(&bench.trainer, &options, &err);
    if (status == LM_OK)
        status = count_file(&bench, file, pool);
    double counted = now(CLOCK_MONOTONIC), count_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    double count_peak = peak_mb();
    if (status == LM_OK)
        status = lm_bpe_trainer_learn(&vocab, bench.trainer, NULL, NULL, &err);
    double end = now(CLOCK_MONOTONIC), end_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    double megabytes = (double)ftell(file) / 1e6;
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
    free(bench.block);
    return failed;
}

int main(int count, char **words)
{
    FILE *file = count > 1 ? fopen(words[1], "rb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: bench_bpe_train FILE [--vocab N] [--threads N] [--lines] "
                        "[--gpt2-order] [--min-frequency N] [--memory MB] [--merges FILE]\n");
        return 2;
    }
    int failed = train(file, count, words);
    fclose(file);
    return failed;
}
