/* A cleaning that was stopped, and one of a corpus that has another file: the bytes are those of a
 * whole run, what was cleaned is not cleaned again, and what is damaged or of others is a miss. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "clean_fixture.h"

enum { LINES = 160, FILES = 7 };

static const char page[] =
    "<html><head><title>t</title><meta name=\"date\" content=\"2001\"></head>"
    "<body><p>A page of some words, none of which is anywhere else.</p>"
    "<p>And an address: someone@example.com &amp; more.</p></body></html>";

/* Lines for every rule: some equal, some nearly so, some too short, some not UTF-8. */
static const char *make_text(struct fixture *f, unsigned seed)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (unsigned i = 0; i < LINES; i++) {
        unsigned k = i * 7919 + seed;
        if (i % 5 == 0)
            lm_buf_printf(&out, "The same line stands in every file, said %u.\r\n\r\n", i);
        else if (i % 11 == 0)
            lm_buf_puts(&out, "x\n\n");
        else
            lm_buf_printf(
                &out,
                "Document %u tells of %u things, \"quoted\" and\ttabbed, e\xCC\x81 %s.  \n"
                "Its second line is {%u}.\n\n",
                k, k % 97, i % 17 == 0 ? "\xFF\xFE" : "plain", k % 31);
    }
    const char *text = lm_arena_strdup(f->arena, out.data);
    lm_buf_release(&out);
    return text;
}

static const char *make_json(struct fixture *f, unsigned seed)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (unsigned i = 0; i < LINES; i++)
        lm_buf_printf(
            &out,
            i % 9 == 0 ? "{\"url\":\"u%u\",\"body\":1}\n"
                       : "{\"url\":\"u%u\",\"text\":\"Record "
                         "\\u00e9 of a file; it has words, and one \\\"more\\\" line.\\n%u.\"}\n",
            i + seed, i * seed);
    const char *text = lm_arena_strdup(f->arena, out.data);
    lm_buf_release(&out);
    return text;
}

static void make_corpus(struct fixture *f, struct corpus_text texts[FILES])
{
    const char *warc = lm_arena_printf(
        f->arena, "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\n"
                  "Content-Length: 34\r\n\r\nPlain text of a record, all of it.\r\n\r\n"
                  "WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Type: x/y\r\n"
                  "Content-Length: 3\r\n\r\na:b\r\n\r\n");
    const struct corpus_text all[FILES] = {
        {"a", "one.txt", make_text(f, 1), 0},
        {"a", "three.jsonl", make_json(f, 3), 0},
        {"a", "two.txt", make_text(f, 2), 0},
        {"b", "again.txt", make_text(f, 1), 0},
        {"b", "page.html", page, 0},
        {"b", "table.csv", "url,date,file,text\nu1,2,3,\"A cell, quoted\"\nu2,,,Another cell\n", 0},
        {"c", "web.warc", warc, 0}};
    memcpy(texts, all, sizeof all);
}

/* What is asked for, and how. */
static const struct setting {
    const char *name, *by;
    bool near, exact, keeps, removes, c4, position;
} settings[] = {{"lines", "blank_line", false, false, false, false, false, false},
                {"all kinds", "auto", false, false, true, true, false, false},
                {"near", "blank_line", true, true, false, true, false, false},
                {"rules", "blank_line", false, false, false, false, true, true}};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

static void open_setting(struct fixture *f, const struct setting *s,
                         struct corpus_text texts[FILES])
{
    static const char *const keep[] = {"url", "date", "file"}, *const exact[] = {"document",
                                                                                 "line"};
    fixture_open(f);
    f->has_digests = true;
    f->threads = 2;
    f->memory = 1 << 16; /* batches of some documents */
    f->params.documents.by = s->by;
    f->params.removals = s->removes;
    if (s->keeps)
        f->params.documents.keep = (struct lm_list){(void *)(uintptr_t)keep, 3};
    if (s->exact)
        f->params.dedup.exact = (struct lm_list){(void *)(uintptr_t)exact, 2};
    f->params.dedup.near.threshold = s->near ? 0.7 : f->params.dedup.near.threshold;
    f->params.profile = s->c4 ? "c4" : f->params.profile;
    if (s->position)
        split_by_position(f, 0.1, 0.1);
    make_corpus(f, texts);
}

/* Files of the corpus that can be read in this way. */
static size_t files_of(const struct setting *s, struct corpus_text texts[FILES])
{
    if (strcmp(s->by, "auto") == 0)
        return FILES;
    texts[1] = texts[2];
    texts[2] = texts[3];
    return 3;
}

static const char *all_outputs(struct fixture *f)
{
    return lm_arena_printf(f->arena, "%s==\n%s==\n%s==\n%s%s%s==\n%s", all_text(f),
                           output(f, "card"), output(f, "sources"), output(f, "meta/train.jsonl"),
                           output(f, "meta/valid.jsonl"), output(f, "meta/test.jsonl"),
                           output(f, "removals"));
}

/* Documents that the last run has taken as they were kept; 0: none. *all: of how many. */
static long taken_of(struct fixture *f, long *all)
{
    char notes[20000] = "";
    rewind(f->events);
    notes[fread(notes, 1, sizeof notes - 1, f->events)] = '\0';
    const char *end = strstr(notes, " documents were cleaned before and taken");
    const char *of = end;
    while (of != NULL && of > notes && *of != '"')
        of--;
    fclose(f->events);
    f->events = tmpfile();
    char *rest;
    *all = 0;
    if (of == NULL)
        return 0;
    long count = strtol(of + 1, &rest, 10);
    *all = strtol(rest + strlen(" of "), NULL, 10);
    return count;
}

static long taken(struct fixture *f)
{
    long all;
    return taken_of(f, &all);
}

/* Was every document taken? */
static bool all_taken(struct fixture *f)
{
    long all, count = taken_of(f, &all);
    return count > 0 && count == all;
}

static bool runs(struct fixture *f, const char *corpus)
{
    bool is_done = fixture_run_on(f, corpus) == LM_OK;
    if (!is_done)
        printf("# %s\n", f->err.text);
    return is_done;
}

static uint64_t corpus_bytes(const struct corpus_text *texts, size_t count)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(texts[i].text);
    return bytes;
}

/* ---- stopped ---- */

/* Stopped at many places, each time going on from the one before, with any number of threads. */
static void stopped_is_as_if_never(struct tap *tap)
{
    for (size_t s = 0; s < SETTINGS; s++) {
        struct fixture f;
        struct corpus_text texts[FILES];
        open_setting(&f, &settings[s], texts);
        size_t count = files_of(&settings[s], texts);
        const char *corpus = write_corpus(&f, texts, count);
        REQUIRE(runs(&f, corpus));
        const char *want = all_outputs(&f);
        const uint64_t bytes = corpus_bytes(texts, count);
        f.events = tmpfile();
        for (uint64_t i = 0; i <= 6; i++) {
            f.interrupt_at = i > 0 ? bytes * i / 6 : 1;
            f.threads = 1 + (size_t)i % 3;
            CHECK_INT(fixture_run_on(&f, corpus), LM_CANCELLED);
        }
        f.interrupt_at = INT64_MAX;
        CHECK_INT(fixture_run_on(&f, corpus), LM_OK);
        CHECK(all_taken(&f)); /* none was cleaned twice */
        if (strcmp(all_outputs(&f), want) != 0) {
            tap->failed++;
            printf("# %s: other bytes\n", settings[s].name);
        }
        fclose(f.events);
        fixture_close(&f);
    }
}

/* ---- damage ---- */

static char *work_path(struct fixture *f)
{
    return lm_arena_printf(f->arena, "%s/keep/work-%s", f->folder, lm_path_base(f->folder));
}

static bool flip(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");
    int byte = file != NULL && fseek(file, at, SEEK_SET) == 0 ? fgetc(file) : EOF;
    bool is_done = byte != EOF && fseek(file, at, SEEK_SET) == 0 && fputc(byte ^ 1, file) != EOF;
    return file != NULL && fclose(file) == 0 && is_done;
}

/* Whatever bit is wrong, and wherever the file ends: what is sound is taken, the rest is done. */
static void damage_is_a_miss(struct tap *tap)
{
    struct fixture f;
    struct corpus_text texts[FILES];
    struct stat info;
    open_setting(&f, &settings[1], texts);
    const char *corpus = write_corpus(&f, texts, FILES);
    REQUIRE(runs(&f, corpus));
    const char *want = all_outputs(&f);
    f.events = tmpfile();
    f.interrupt_at = INT64_MAX;
    REQUIRE(fixture_run_on(&f, corpus) == LM_OK && stat(work_path(&f), &info) == 0);
    CHECK_INT(taken(&f), 0);
    for (long i = 0; i < 12; i++) {
        long at = (long)info.st_size * i / 12 + i * 7;
        CHECK(i % 3 == 2 ? truncate(work_path(&f), at) == 0 : flip(work_path(&f), at));
        CHECK_INT(fixture_run_on(&f, corpus), LM_OK);
        CHECK(strcmp(all_outputs(&f), want) == 0);
        CHECK(taken(&f) >= 0);
    }
    /* All that was mended is there again. */
    CHECK_INT(fixture_run_on(&f, corpus), LM_OK);
    CHECK(taken(&f) > LINES);
    /* What stands in front of a damaged frame is taken still. */
    REQUIRE(stat(work_path(&f), &info) == 0 && flip(work_path(&f), (long)info.st_size - 40));
    CHECK_INT(fixture_run_on(&f, corpus), LM_OK);
    CHECK(strcmp(all_outputs(&f), want) == 0);
    CHECK(taken(&f) > LINES);
    fclose(f.events);
    fixture_close(&f);
}

/* A full disk: the store's error; and what was done by then is not done again. */
static void a_full_disk_loses_nothing(struct tap *tap)
{
    struct fixture f;
    struct corpus_text texts[FILES];
    struct rlimit before;
    open_setting(&f, &settings[0], texts);
    size_t count = files_of(&settings[0], texts);
    const char *corpus = write_corpus(&f, texts, count);
    REQUIRE(fixture_run_on(&f, corpus) == LM_OK && getrlimit(RLIMIT_FSIZE, &before) == 0);
    const char *want = all_outputs(&f);
    signal(SIGXFSZ, SIG_IGN);
    f.events = tmpfile();
    f.interrupt_at = INT64_MAX;
    const struct rlimit low = {30000, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &low) == 0);
    CHECK_INT(fixture_run_on(&f, corpus), LM_IO);
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK_INT(f.err.error_number, EFBIG);
    taken(&f);
    CHECK_INT(fixture_run_on(&f, corpus), LM_OK);
    CHECK(taken(&f) > 0);
    CHECK(strcmp(all_outputs(&f), want) == 0);
    fclose(f.events);
    fixture_close(&f);
}

/* ---- other corpora ---- */

/* The state of one key, in a folder that others share. */
static void as_key(struct fixture *f, const char *key)
{
    f->key = lm_path_join(f->arena, f->folder, key);
    f->state = lm_path_join(f->arena, f->folder, "shared");
}

static void a_corpus_with_another_file(struct tap *tap)
{
    struct fixture f;
    struct corpus_text texts[FILES];
    open_setting(&f, &settings[2], texts);
    size_t count = files_of(&settings[2], texts);
    REQUIRE(fixture_run(&f, texts, count) == LM_OK);
    const char *want = all_outputs(&f);
    f.events = tmpfile();
    f.interrupt_at = INT64_MAX;
    as_key(&f, "k1");
    REQUIRE(fixture_run(&f, texts, count - 1) == LM_OK);
    CHECK_INT(taken(&f), 0);
    as_key(&f, "k2");
    REQUIRE(fixture_run(&f, texts, count) == LM_OK);
    CHECK(strcmp(all_outputs(&f), want) == 0);
    long most = taken(&f); /* two of three files, of which the third has the bytes of the first */
    CHECK(most > LINES);
    /* Another split, another way to lay it down, another threshold: nothing is cleaned again. */
    as_key(&f, "k3");
    f.params.split.salt = "other";
    f.params.shards = 2;
    f.params.dedup.near.threshold = 0.9;
    REQUIRE(fixture_run(&f, texts, count) == LM_OK);
    CHECK(all_taken(&f));
    CHECK(
        !lm_path_exists(lm_path_join(f.arena, f.state, "work-k3"))); /* it has nothing of its own */
    /* Forced: nothing is taken. Of another owner: nothing is there. */
    f.afresh = true;
    REQUIRE(fixture_run(&f, texts, count) == LM_OK);
    CHECK_INT(taken(&f), 0);
    f.afresh = false;
    char *other = lm_path_join(f.arena, f.folder, "other");
    REQUIRE(rename(f.state, other) == 0);
    as_key(&f, "k4");
    f.state = other;
    REQUIRE(fixture_run(&f, texts, count) == LM_OK);
    CHECK_INT(taken(&f), 0);
    fclose(f.events);
    fixture_close(&f);
}

/* What is kept for no file of the corpus goes when it is more than twice the corpus. */
static void what_is_kept_is_bounded(struct tap *tap)
{
    struct fixture f;
    struct corpus_text texts[FILES];
    open_setting(&f, &settings[0], texts);
    files_of(&settings[0], texts);
    f.interrupt_at = INT64_MAX;
    f.events = tmpfile();
    for (unsigned i = 0; i < 6; i++) {
        as_key(&f, lm_arena_printf(f.arena, "k%u", i));
        texts[0].text = make_text(&f, 100 + i);
        REQUIRE(fixture_run(&f, texts, 1) == LM_OK);
        CHECK_INT(taken(&f), 0);
    }
    struct lm_names names;
    REQUIRE(lm_dir_list(&names, f.arena, f.state, NULL) == LM_OK);
    CHECK(names.count >= 2 && names.count <= 4); /* with the slot */
    CHECK(lm_path_exists(lm_path_join(f.arena, f.state, "work-k5")));
    fclose(f.events);
    fixture_close(&f);
}

/* Small corpora are not kept. */
static void small_ones_are_done_anew(struct tap *tap)
{
    struct fixture f;
    struct corpus_text texts[FILES];
    open_setting(&f, &settings[0], texts);
    as_key(&f, "k1");
    REQUIRE(fixture_run(&f, texts, files_of(&settings[0], texts)) == LM_OK);
    CHECK(!lm_path_exists(f.state));
    CHECK(!lm_path_exists(f.key));
    fixture_close(&f);
}

static const struct tap_test tests[] = {
    TAP_ROW(stopped_is_as_if_never) TAP_ROW(damage_is_a_miss) TAP_ROW(a_full_disk_loses_nothing)
        TAP_ROW(a_corpus_with_another_file) TAP_ROW(what_is_kept_is_bounded)
            TAP_ROW(small_ones_are_done_anew)};

LM_TEST_FILE(tests)
