#include <lmpipe/hash.h>

#include <unistd.h>

#include "base/io.h"
#include "tap.h"

static void check_hex(struct tap *tap, const struct lm_digest *digest, const char *want)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, digest);
    CHECK_STR(hex, want);
}

/* FIPS 180-4 examples (NIST "SHA256.pdf" and the one-million-a message of FIPS 180-2). */
static void test_published_vectors(struct tap *tap)
{
    static const struct {
        const char *text, *hex;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
         "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    struct lm_digest digest;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lm_sha256_bytes(&digest, rows[i].text, strlen(rows[i].text));
        check_hex(tap, &digest, rows[i].hex);
    }
}

static void test_running(struct tap *tap)
{
    char thousand[1000];
    memset(thousand, 'a', sizeof thousand);
    struct lm_sha256 *hash = lm_sha256_create();
    struct lm_digest digest;
    REQUIRE(hash != NULL);
    for (int round = 0; round < 2; round++) { /* final starts anew */
        for (int i = 0; i < 1000; i++) {
            lm_sha256_update(hash, thousand, 1000);
            lm_sha256_update(hash, NULL, 0);
        }
        lm_sha256_final(hash, &digest);
        check_hex(tap, &digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
    lm_sha256_free(hash);
    lm_sha256_free(NULL);
}

static void test_file(struct tap *tap)
{
    static const char path[] = "test_hash.tmp";
    static char content[1000000];
    memset(content, 'a', sizeof content);
    struct lm_digest digest = {{0}};
    uint64_t size = 0;
    REQUIRE(lm_file_write(path, content, sizeof content, NULL) == LM_OK);
    CHECK(lm_sha256_file(&digest, &size, path, NULL) == LM_OK);
    check_hex(tap, &digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    CHECK_INT(size, sizeof content);
    CHECK(lm_sha256_file(&digest, NULL, path, NULL) == LM_OK);
    unlink(path);
    struct lm_err err = {0};
    CHECK_INT(lm_sha256_file(&digest, NULL, path, &err), LM_NOT_FOUND);
    CHECK(strstr(err.text, path) != NULL);
    CHECK_INT(lm_sha256_file(&digest, NULL, ".", &err), LM_IO);
}

static void test_hex(struct tap *tap)
{
    static const char *const bad[] = {
        "",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015adb",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ag",
        " a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    };
    struct lm_digest digest, want, untouched;
    lm_sha256_bytes(&want, "abc", 3);
    CHECK(lm_digest_parse(&digest,
                          "BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015AD"));
    CHECK_INT(lm_digest_compare(&digest, &want), 0);
    untouched = digest;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!lm_digest_parse(&digest, bad[i]));
    CHECK_INT(lm_digest_compare(&digest, &untouched), 0);
    digest.bytes[0]++;
    CHECK(lm_digest_compare(&digest, &want) > 0 && lm_digest_compare(&want, &digest) < 0);
}

static const struct tap_test tests[] = {TAP_ROW(test_published_vectors) TAP_ROW(test_running)
                                            TAP_ROW(test_file) TAP_ROW(test_hex)};
LM_TEST_FILE(tests)
