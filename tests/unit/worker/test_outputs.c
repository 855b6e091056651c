#include "worker/outputs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmpipe/tokens.h>

#include "base/io.h"
#include "tap.h"

static const struct lm_port ports[] = {
    {"text", "tokens", "", LM_PORT_FOLDER}, {"card", "card", "", 0}, {0}};
static const struct lm_stage type = {.name = "make", .version = 1, .outputs = ports};

struct fixture {
    char root[64];
    struct lm_arena *arena;
    struct lm_job job;
    struct lm_output *outputs;
    size_t count;
    struct lm_err err;
};

static const char *put(struct fixture *f, const char *name, const char *text)
{
    const char *path = lm_arena_printf(f->arena, "%s/out/%s", f->root, name);
    lm_dir_create(lm_path_dir(f->arena, path), NULL);
    if (lm_file_write(path, text, strlen(text), NULL) != LM_OK)
        abort();
    return path;
}

static void setup(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    snprintf(f->root, sizeof f->root, "/tmp/lmpipe-test-outputs-XXXXXX");
    if (mkdtemp(f->root) == NULL)
        abort();
    f->arena = lm_arena_create();
    f->job = (struct lm_job){.stage = &type, .folder = f->root};
    put(f, "text/sub/words", "abc");
    put(f, "card", "");
}

static void teardown(struct fixture *f)
{
    lm_dir_remove(f->root, NULL);
    lm_arena_free(f->arena);
}

static enum lm_status collect(struct fixture *f)
{
    return lm_outputs_collect(&f->outputs, &f->count, f->arena, &f->job, &f->err);
}

static void test_plain(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    REQUIRE(collect(&f) == LM_OK && f.count == 2);
    CHECK_STR(f.outputs[0].port, "text");
    CHECK(f.outputs[0].folder && !f.outputs[1].folder);
    CHECK_STR(f.outputs[0].files[0].name, "sub/words");
    CHECK_STR(f.outputs[0].files[0].logical,
              "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK_INT(f.outputs[0].files[0].size, 3);
    CHECK_STR(f.outputs[1].files[0].logical,
              "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    teardown(&f);
}

/** A token set is known by what it holds. */
static void test_tokens(struct tap *tap)
{
    struct fixture f;
    struct lm_digest vocab, digest;
    struct lm_tokens_writer *writer = NULL;
    const int32_t ids[] = {1, 2, 3};
    char hex[LM_DIGEST_HEX];
    setup(&f);
    lm_sha256_bytes(&vocab, "v", 1);
    const char *path = lm_arena_printf(f.arena, "%s/out/text/data.mdb", f.root);
    REQUIRE(lm_tokens_create(&writer, path, 300, 299, &vocab, &f.err) == LM_OK);
    REQUIRE(lm_tokens_add(writer, LM_TRAIN, ids, 3, 1, 3, &f.err) == LM_OK);
    REQUIRE(lm_tokens_finish(writer, &digest, &f.err) == LM_OK);
    lm_digest_hex(hex, &digest);
    REQUIRE(collect(&f) == LM_OK && f.outputs[0].file_count == 2);
    CHECK_STR(f.outputs[0].files[0].logical, lm_arena_printf(f.arena, "lmdb:%s", hex));
    teardown(&f);
}

/** Anybody's file may end so. */
static void test_no_tokens(struct tap *tap)
{
    static const struct lm_port corpus[] = {{"corpus", "corpus", "", LM_PORT_FOLDER}, {0}};
    static const struct lm_stage fetch = {.name = "fetch", .version = 1, .outputs = corpus};
    struct fixture f;
    setup(&f);
    f.job.stage = &fetch;
    lm_dir_remove(lm_arena_printf(f.arena, "%s/out", f.root), NULL);
    put(&f, "corpus/data.mdb", "abc");
    REQUIRE(collect(&f) == LM_OK);
    CHECK_STR(f.outputs[0].files[0].logical,
              "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    teardown(&f);
}

static void test_refused(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    const char *extra = put(&f, "extra", "x");
    CHECK(collect(&f) == LM_INVALID && strstr(f.err.text, "'extra'") != NULL);
    unlink(extra);
    const char *odd = put(&f, "text/a\nb", "x");
    CHECK(collect(&f) == LM_INVALID && strstr(f.err.text, "control characters") != NULL);
    unlink(odd);
    const char *card = lm_arena_printf(f.arena, "%s/out/card", f.root);
    const char *words = lm_arena_printf(f.arena, "%s/out/text/sub/words", f.root);
    unlink(card);
    CHECK(collect(&f) == LM_INVALID && strstr(f.err.text, "without its output card") != NULL);
    REQUIRE(link(words, card) == 0);
    CHECK(collect(&f) == LM_INVALID && strstr(f.err.text, "no plain file") != NULL);
    unlink(card);
    REQUIRE(mkdir(card, 0777) == 0);
    CHECK(collect(&f) == LM_INVALID);
    rmdir(card);
    put(&f, "card", "");
    unlink(words);
    CHECK(collect(&f) == LM_INVALID && strstr(f.err.text, "0 files in its output text") != NULL);
    teardown(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_plain) TAP_ROW(test_tokens)
                                            TAP_ROW(test_no_tokens) TAP_ROW(test_refused)};
LM_TEST_FILE(tests)
