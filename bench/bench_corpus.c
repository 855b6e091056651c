/*
 * What cleaning costs, in memory: raw bytes to JSON lines.
 *   bench_corpus WHAT FILE… [--threads N] [--bytes N] [--repeats N]
 * WHAT: clean (NFC, no rules, ids, exact duplicates, JSON lines), fineweb (the same with all rules
 * of fineweb@1), minhash (the keys of 14 bands of 8 hashes of word 5-grams), compare (sets of the
 * same and the Jaccard coefficient of each with the next), sketch (what is estimated by), repeats
 * (what stood before for 100 bytes, by a suffix array over all), html (pages to their main text),
 * warc (records of an archive), gzip (the same archive's bytes, only unpacked), write (shards of a
 * text: their lines written again beside where it is called, compressed where they are, and hashed
 * as a stage's outputs are; reading them is not counted). Texts are cut into documents of about
 * --bytes (default 4096; 0: a file each). One line of JSON: CPU time of all threads and wall time
 * of the best repeat, and how many tasks each thread did.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/tokens.h>

#include "base/batches.h"
#include "base/grow.h"
#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"
#include "corpus/minhash.h"
#include "corpus/repeats.h"
#include "corpus/shingles.h"
#include "corpus/sketch.h"
#include "data/jsonl.h"
#include "data/zstd_stream.h"
#include "text/clean_text.h"
#include "text/digest_set.h"
#include "text/documents.h"
#include "text/rule_passes.h"
#include "web/gunzip.h"
#include "web/html_page.h"
#include "web/warc.h"

enum { MOST_FILES = 1000, RULES = 64, TASK = 16, BATCH = 2 << 20 };

struct file {
    const char *path;
    uint8_t *bytes, *work; /* as read; a copy that is worked on */
    size_t size;
};

struct document {
    const uint8_t *text;
    size_t size;
    struct lm_buf line;
    struct lm_digest digest;
};

/* Documents that are cleaned while the ones before are written and the next ones are cut. */
struct batch {
    struct document *documents;
    size_t count, capacity;
};

struct bench {
    const char *what;
    struct file files[MOST_FILES];
    size_t file_count, threads, bytes, repeats;
    struct batch batches[LM_BATCHES];
    size_t next; /* file */
    struct lm_digest_set met;
    struct lm_rule rules[RULES];
    struct lm_ruleset set;
    struct lm_rule_scratch *scratch;
    struct lm_arena *arena;
    struct lm_pool *pool;
    struct lm_minhash minhash;
    struct lm_buf out; /* JSON lines; its memory is kept */
    size_t made;       /* bytes that came out, or records */
    size_t unpacked;   /* bytes of archives, or of lines */
    double paused[2];  /* seconds that are not counted, of processor and wall */
    struct worker *workers;
};

/* What a thread works with, and did. */
struct worker {
    struct lm_shingles sets[2];
    size_t tasks, made;
    double sum;
};

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void fail(const char *text)
{
    fprintf(stderr, "bench_corpus: %s\n", text);
    exit(1);
}

/* ---- texts ---- */

/* fineweb@1: the rules of three papers, without C4's line ends. */
static void choose_rules(struct bench *bench)
{
    static const char *const prefixes[] = {"gopher.", "c4.", "fineweb."};
    size_t count = 0;
    for (const struct lm_rule_kind *kind = lm_rule_kinds; kind->name != NULL; kind++)
        for (size_t i = 0; i < 3 && strcmp(bench->what, "fineweb") == 0; i++)
            if (strncmp(kind->name, prefixes[i], strlen(prefixes[i])) == 0 &&
                strcmp(kind->name, "c4.ended_lines") != 0)
                bench->rules[count++] = (struct lm_rule){kind, kind->min, kind->max, kind->length};
    lm_ruleset_init(&bench->set, bench->rules, count);
}

static void add_document(struct batch *batch, const uint8_t *text, size_t size)
{
    struct document *documents =
        lm_grow(batch->documents, &batch->capacity, batch->count, sizeof *documents);
    if (documents == NULL)
        fail("no memory");
    batch->documents = documents;
    documents[batch->count] = (struct document){.text = text, .size = size};
    lm_buf_init(&documents[batch->count++].line, 0);
}

static void cut(const struct bench *bench, struct batch *batch, const struct file *file,
                size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t end = bench->bytes == 0 || size - at < bench->bytes ? size : at + bench->bytes;
        while (end < size && (file->work[end] & 0xC0) == 0x80)
            end++;
        add_document(batch, file->work + at, end - at);
        at = end;
    }
}

static void put_line(struct document *document, const struct lm_buf *text)
{
    char id[LM_DIGEST_HEX];
    struct lm_json_writer json;
    lm_sha256_bytes(&document->digest, text->data, text->size);
    lm_digest_hex(id, &document->digest);
    lm_json_begin(&json, &document->line, false);
    lm_json_open(&json, '{');
    lm_json_member_string(&json, "id", id);
    lm_json_key(&json, "text");
    lm_json_put_bytes(&json, text->data, text->size);
    lm_json_close(&json, '}');
    lm_buf_putc(&document->line, '\n');
}

static void clean_one(struct bench *bench, struct document *document,
                      struct lm_rule_scratch *scratch)
{
    static const struct lm_clean_options options = {
        .nfc = true, .trim = true, .max_blank_lines = -1};
    struct lm_clean_counts counts = {0};
    struct lm_rule_measure measure = {.none = 0};
    struct lm_rule_outcome outcome;
    struct lm_buf text;
    bool is_rejected = false;
    lm_buf_init(&text, 0);
    if (lm_clean(&text, document->text, document->size, &options, &counts, &is_rejected, NULL) !=
        LM_OK)
        fail("no memory");
    lm_text_count(&measure.text, (const uint8_t *)text.data, text.size);
    if (lm_rules_ask(&outcome, &bench->set, &text, &measure, NULL, scratch, NULL) != LM_OK)
        fail("no memory");
    if (outcome.rule == bench->set.count && text.size > 0)
        put_line(document, &text);
    lm_buf_release(&text);
}

/* The steps of the stage: cut, clean on all threads, write in order, all at the same time. */
static enum lm_status cut_step(void *user, void *data, size_t *tasks, bool *is_end,
                               struct lm_err *err)
{
    struct bench *bench = user;
    struct batch *batch = data;
    int64_t marks = 0, newlines = 0;
    (void)err;
    for (size_t bytes = 0; bytes < BATCH && bench->next < bench->file_count; bench->next++) {
        struct file *file = &bench->files[bench->next];
        cut(bench, batch, file, lm_newlines_normalise(file->work, file->size, &marks, &newlines));
        bytes += file->size;
    }
    *is_end = bench->next == bench->file_count;
    *tasks = (batch->count + TASK - 1) / TASK;
    return LM_OK;
}

static enum lm_status clean_step(void *user, void *data, size_t task, size_t worker,
                                 struct lm_err *err)
{
    struct bench *bench = user;
    struct batch *batch = data;
    (void)err;
    bench->workers[worker].tasks++;
    for (size_t i = task * TASK; i < (task + 1) * TASK && i < batch->count; i++)
        clean_one(bench, &batch->documents[i], &bench->scratch[worker]);
    return LM_OK;
}

static enum lm_status write_step(void *user, void *data, struct lm_err *err)
{
    struct bench *bench = user;
    struct batch *batch = data;
    for (size_t i = 0; i < batch->count; i++) {
        struct document *document = &batch->documents[i];
        uint32_t mark = 0;
        bool is_new = true;
        if (document->line.size > 0)
            LM_TRY(lm_digest_set_add(&bench->met, &document->digest, &mark, &is_new, err));
        if (is_new)
            lm_buf_append(&bench->out, document->line.data, document->line.size);
        lm_buf_release(&document->line);
    }
    batch->count = 0;
    return LM_OK;
}

static void clean(struct bench *bench)
{
    struct lm_batch_steps steps = {
        .user = bench, .read = cut_step, .work = clean_step, .write = write_step};
    for (size_t i = 0; i < LM_BATCHES; i++)
        steps.batches[i] = &bench->batches[i];
    lm_buf_clear(&bench->out);
    bench->next = 0;
    bench->met = (struct lm_digest_set){.slots = NULL};
    if (lm_batches_run(&steps, bench->pool, NULL) != LM_OK)
        fail("no memory");
    bench->made = bench->out.size;
    lm_digest_set_release(&bench->met);
}

/* ---- near-duplicates ---- */

static void find_shingles(const struct document *document, struct lm_shingles *out)
{
    enum { NGRAM = 5 };

    if (lm_shingles_find(out, document->text, document->size, NGRAM, NULL) != LM_OK)
        fail("no memory");
}

static struct batch *all_documents(struct bench *bench)
{
    struct batch *batch = &bench->batches[0];
    batch->count = 0;
    for (size_t i = 0; i < bench->file_count; i++)
        cut(bench, batch, &bench->files[i], bench->files[i].size);
    return batch;
}

/* Documents in tasks, as a batch of the stage has them. */
static void on_all_threads(struct bench *bench, lm_task_fn *task)
{
    const struct batch *batch = all_documents(bench);
    lm_pool_run(bench->pool, (batch->count + TASK - 1) / TASK, task, bench);
    for (size_t i = 0; i < bench->threads; i++)
        bench->made += bench->workers[i].made + (size_t)bench->workers[i].sum;
}

static size_t last_of(const struct bench *bench, size_t task)
{
    const size_t end = (task + 1) * TASK;
    return end < bench->batches[0].count ? end : bench->batches[0].count;
}

static void hash_task(void *user, size_t task, size_t worker)
{
    enum { BANDS = 14 };

    struct bench *bench = user;
    struct worker *own = &bench->workers[worker];
    struct lm_shingles *shingles = &own->sets[0];
    uint64_t keys[BANDS];
    own->tasks++;
    for (size_t i = task * TASK; i < last_of(bench, task); i++) {
        find_shingles(&bench->batches[0].documents[i], shingles);
        lm_minhash_keys(&bench->minhash, keys, shingles->items, shingles->count);
        own->made += (size_t)(keys[0] & 1);
    }
}

/* Each with the next one, the last of a task with none. */
static void compare_task(void *user, size_t task, size_t worker)
{
    static const double THRESHOLD = 0.8;

    struct bench *bench = user;
    struct worker *own = &bench->workers[worker];
    own->tasks++;
    own->sets[1].count = 0;
    for (size_t i = task * TASK; i < last_of(bench, task); i++) {
        struct lm_shingles *set = &own->sets[i % 2], *last = &own->sets[(i + 1) % 2];
        find_shingles(&bench->batches[0].documents[i], set);
        if (lm_shingles_unite(set, NULL) != LM_OK)
            fail("no memory");
        own->sum +=
            lm_shingles_jaccard(set->items, set->count, last->items, last->count, THRESHOLD);
    }
}

static void sketch_task(void *user, size_t task, size_t worker)
{
    struct bench *bench = user;
    struct lm_sketch sketch;
    bench->workers[worker].tasks++;
    for (size_t i = task * TASK; i < last_of(bench, task); i++) {
        const struct document *document = &bench->batches[0].documents[i];
        lm_sketch_make(&sketch, document->text, document->size);
        bench->workers[worker].made += sketch.count;
    }
}

static void hash_documents(struct bench *bench)
{
    lm_minhash_init(&bench->minhash, 14, 8);
    on_all_threads(bench, hash_task);
}

static void compare_documents(struct bench *bench)
{
    on_all_threads(bench, compare_task);
}

static void sketch_documents(struct bench *bench)
{
    on_all_threads(bench, sketch_task);
}

static void find_repeats(struct bench *bench)
{
    enum { BYTES = 100 };

    struct lm_repeats repeats;
    struct lm_repeat cut = {0, 0};
    size_t all = 0;
    for (size_t i = 0; i < bench->file_count; i++)
        all += bench->files[i].size;
    if (lm_repeats_begin(&repeats, BYTES, all, bench->file_count, NULL) != LM_OK)
        fail("too much text");
    for (size_t i = 0; i < bench->file_count; i++)
        lm_repeats_add(&repeats, bench->files[i].work, bench->files[i].size);
    if (lm_repeats_find(&repeats, bench->pool, NULL, NULL) != LM_OK)
        fail("no memory");
    for (; lm_repeats_next(&repeats, 0, repeats.size, cut.end, &cut); bench->made++)
        ;
    lm_repeats_release(&repeats);
}

/* ---- pages and archives ---- */

static void read_pages(struct bench *bench)
{
    for (size_t i = 0; i < bench->file_count; i++) {
        struct lm_clean_counts counts = {0};
        struct lm_buf out;
        bool is_rejected = false;
        struct lm_html_page page = {.bytes = bench->files[i].work,
                                    .size = bench->files[i].size,
                                    .encoding = "utf-8",
                                    .repair = LM_REPAIR_REPLACE};
        lm_buf_init(&out, 0);
        if (lm_html_page_text(&out, &page, &counts, &is_rejected, NULL) == LM_OK)
            bench->made += out.size;
        lm_buf_release(&out);
    }
}

/* The whole file, unpacked. */
static void unpack(struct bench *bench, const struct file *file, struct lm_buf *out)
{
    enum { CHUNK = 1 << 16 };

    struct lm_gunzip *gunzip = NULL;
    char chunk[CHUNK];
    size_t got = 1;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || lm_gunzip_open(&gunzip, fd, NULL) != LM_OK)
        fail("cannot read a file");
    while (lm_gunzip_read(gunzip, chunk, sizeof chunk, &got, NULL) == LM_OK && got > 0)
        lm_buf_append(out, chunk, got);
    lm_gunzip_close(gunzip);
    close(fd);
    bench->unpacked += out->size;
}

static void read_packed(struct bench *bench)
{
    for (size_t i = 0; i < bench->file_count; i++) {
        struct lm_warc_record record;
        struct lm_buf out;
        bool is_end = strcmp(bench->what, "gzip") == 0;
        lm_buf_init(&out, 0);
        unpack(bench, &bench->files[i], &out);
        struct lm_warc warc = {.data = (const uint8_t *)out.data, .size = out.size};
        while (!is_end && lm_warc_next(&warc, &record, &is_end))
            bench->made += !is_end;
        lm_buf_release(&out);
    }
}

/* ---- writing ---- */

static void resume_clocks(struct bench *bench, double cpu, double wall)
{
    bench->paused[0] += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    bench->paused[1] += seconds(CLOCK_MONOTONIC) - wall;
}

/* The lines of a shard, a block at a time: so they are near, as they are to a stage. */
static void write_lines(struct bench *bench, const char *from, struct lm_jsonl_writer *writer)
{
    struct lm_jsonl_reader *reader = NULL;
    struct lm_jsonl_block block = {.data = NULL};
    if (lm_jsonl_open(&reader, from, NULL) != LM_OK)
        fail("cannot read a shard");
    for (;;) {
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
        if (lm_jsonl_read_block(reader, &block, BATCH / 2, NULL) != LM_OK)
            fail("cannot read a shard");
        resume_clocks(bench, cpu, wall);
        if (block.size == 0)
            break;
        bench->unpacked += block.size;
        for (const char *line = block.data; line < block.data + block.size;) {
            const char *end = memchr(line, '\n', (size_t)(block.data + block.size - line));
            if (lm_jsonl_put_line(writer, line, (size_t)(end - line), NULL) != LM_OK)
                fail("cannot write");
            line = end + 1;
        }
    }
    lm_jsonl_block_release(&block);
    lm_jsonl_close(reader);
}

static void write_again(struct bench *bench)
{
    for (size_t i = 0; i < bench->file_count; i++) {
        struct lm_jsonl_writer *writer = NULL;
        struct lm_digest digest;
        uint64_t size = 0;
        const char *from = bench->files[i].path;
        const bool is_packed = lm_zstd_is_name(from);
        const char *path = is_packed ? "bench_corpus.tmp.jsonl.zst" : "bench_corpus.tmp.jsonl";
        if (lm_jsonl_create(&writer, path, NULL) != LM_OK)
            fail("cannot write");
        write_lines(bench, from, writer);
        if (lm_jsonl_finish(writer, NULL) != LM_OK ||
            lm_sha256_file(&digest, &size, path, NULL) != LM_OK ||
            (is_packed && lm_shard_digest(&digest, path, NULL) != LM_OK))
            fail("cannot write");
        bench->made += (size_t)size;
        unlink(path);
    }
}

/* ---- all of it ---- */

static const struct {
    const char *name;
    void (*run)(struct bench *bench);
    bool is_streamed; /* its files are not read into memory before */
} kinds[] = {{"clean", clean},
             {"fineweb", clean},
             {"minhash", hash_documents},
             {"compare", compare_documents},
             {"sketch", sketch_documents},
             {"repeats", find_repeats},
             {"html", read_pages},
             {"warc", read_packed},
             {"gzip", read_packed},
             {"write", write_again, true}};

static bool parse(struct bench *bench, int argc, char **argv)
{
    const struct {
        const char *name;
        size_t *value;
    } options[] = {
        {"--threads", &bench->threads}, {"--bytes", &bench->bytes}, {"--repeats", &bench->repeats}};

    if (argc < 3)
        return false;
    bench->what = argv[1];
    for (int i = 2; i < argc; i++) {
        size_t k = 0;
        while (k < 3 && strcmp(argv[i], options[k].name) != 0)
            k++;
        if (k < 3 && i + 1 == argc)
            return false;
        if (k < 3)
            *options[k].value = (size_t)strtoul(argv[++i], NULL, 10);
        else if (bench->file_count < MOST_FILES)
            bench->files[bench->file_count++].path = argv[i];
    }
    return bench->file_count > 0 && bench->threads > 0 && bench->repeats > 0;
}

static size_t read_files(struct bench *bench)
{
    size_t all = 0;
    for (size_t i = 0; i < bench->file_count; i++) {
        struct file *file = &bench->files[i];
        char *bytes;
        if (lm_file_read(&bytes, &file->size, bench->arena, file->path, (size_t)1 << 34, NULL) !=
            LM_OK)
            fail("cannot read a file");
        file->bytes = (uint8_t *)bytes;
        file->work = lm_arena_alloc(bench->arena, file->size + 1);
        if (file->work == NULL)
            fail("no memory");
        all += file->size;
    }
    return all;
}

int main(int argc, char **argv)
{
    struct bench bench = {.threads = 1, .bytes = 4096, .repeats = 3};
    size_t kind = 0;
    if (!parse(&bench, argc, argv))
        fail("bench_corpus clean|fineweb|minhash|compare|sketch|repeats|html|warc|gzip|write "
             "FILE... "
             "[--threads N] [--bytes N] [--repeats N]");
    while (kind < sizeof kinds / sizeof kinds[0] && strcmp(kinds[kind].name, bench.what) != 0)
        kind++;
    if (kind == sizeof kinds / sizeof kinds[0])
        fail("unknown kind");
    bench.arena = lm_arena_create();
    lm_buf_init(&bench.out, 0);
    bench.pool = lm_pool_create(bench.threads);
    bench.scratch = calloc(bench.threads, sizeof *bench.scratch);
    bench.workers = calloc(bench.threads, sizeof *bench.workers);
    if (bench.scratch == NULL || bench.workers == NULL)
        fail("no memory");
    for (size_t i = 0; i < bench.threads; i++)
        lm_rule_scratch_init(&bench.scratch[i]);
    choose_rules(&bench);
    size_t all = kinds[kind].is_streamed ? 0 : read_files(&bench);
    double best_cpu = 1e30, best_wall = 1e30;
    for (size_t i = 0; i < bench.repeats; i++) {
        for (size_t k = 0; k < bench.file_count && all > 0; k++)
            memcpy(bench.files[k].work, bench.files[k].bytes, bench.files[k].size);
        bench.made = bench.unpacked = 0;
        bench.paused[0] = bench.paused[1] = 0;
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
        kinds[kind].run(&bench);
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu - bench.paused[0];
        wall = seconds(CLOCK_MONOTONIC) - wall - bench.paused[1];
        best_cpu = cpu < best_cpu ? cpu : best_cpu;
        best_wall = wall < best_wall ? wall : best_wall;
    }
    all = bench.unpacked > 0 ? bench.unpacked : all;
    printf("{\"what\": \"%s\", \"threads\": %zu, \"bytes\": %zu, \"made\": %zu, \"cpu\": %.4f, "
           "\"wall\": %.4f, \"mb_per_cpu_second\": %.1f, \"mb_per_second\": %.1f, \"tasks\": [",
           bench.what, bench.threads, all, bench.made, best_cpu, best_wall,
           (double)all / 1e6 / best_cpu, (double)all / 1e6 / best_wall);
    for (size_t i = 0; i < bench.threads; i++)
        printf("%s%zu", i > 0 ? ", " : "", bench.workers[i].tasks);
    printf("]}\n");
    return 0;
}
