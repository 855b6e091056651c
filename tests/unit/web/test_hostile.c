/** The fuzz targets of formats (tests/fuzz), run for a short while on mutations of small files that
 * are committed here: what finds more runs by itself, for hours. */
#include <lmpipe/rng.h>

#include "tests/tap.h"

#define LLVMFuzzerTestOneInput try_records
#include "tests/fuzz/fuzz_records.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput try_web
#include "tests/fuzz/fuzz_web.c"
#undef LLVMFuzzerTestOneInput

enum { ROUNDS = 4000, LARGEST = 1024 };

static const char *const records[] = {
    "0{\"a\":{\"b\":\"x\\u00e9\\ud83d\\ude00\"}}\n{\"a\":[{\"b\":[\"y\",\"z\\n\"]},{\"b\":null}]}",
    "0[{\"a.b\":\"x\",\"c\":[1,{\"d\":-1.5e3}]}, \"text\"]",
    "2id,text\n1,\"a \"\"b\"\"\nc\"\n2,d\n",
    "1id\ttext\n1\t\"a\tb\"\n2\t\"c\n",
    "2sep=;\na;b\n1;\"2\"\n",
};
static const char *const web[] = {
    "0<!doctype html><meta charset=gbk><title>t</title><nav><a href=x>y</a></nav><div "
    "class=post><p>"
    "a, b, c, d &eacute;&#x4e00;</p><pre> x </pre><ul><li>i<li>j</ul><table><tr><td>1<td>2</table>",
    "0\xFF\xFE<\0p\0>\0",
    "1HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=x\r\nTransfer-Encoding: "
    "chunked\r\n\r\n3\r\n"
    "abc\r\n0\r\n\r\n",
    "1HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08xxxxxxxx",
    "2WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 17\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n",
    "2filedesc://x 0 2014 text/plain 4\n1 0\n\nhttp://a b 1.2.3.4 2014 text/html 3\nabc\n",
};

/* Bytes are changed, dropped, doubled; pieces are moved. */
static size_t mutate(uint8_t *data, size_t size, struct lm_rng rng, uint64_t round)
{
    uint64_t changes = 1 + lm_rng_below(rng, round, 0, 4);
    for (uint64_t i = 1; i <= changes && size > 1; i++) {
        size_t at = 1 + (size_t)lm_rng_below(rng, round, 4 * i, size - 1);
        size_t length = 1 + (size_t)lm_rng_below(rng, round, 4 * i + 1, size - at);
        uint64_t kind = lm_rng_below(rng, round, 4 * i + 2, 4);
        uint8_t byte = (uint8_t)lm_rng_below(rng, round, 4 * i + 3, 256);
        if (kind == 0) {
            data[at] = byte;
        } else if (kind == 1) {
            memmove(data + at, data + at + length, size - at - length);
            size -= length;
        } else if (kind == 2 && size + length <= LARGEST) {
            memmove(data + at + length, data + at, size - at);
            size += length;
        } else {
            data[at] = (uint8_t) "\"\\{}[],\n\r<>&;: 0"[byte % 16];
        }
    }
    return size;
}

static void run(int (*target)(const uint8_t *, size_t), const char *const *seeds, size_t count,
                const char *stream)
{
    struct lm_rng rng = lm_rng_stream(1, stream);
    uint8_t data[LARGEST];
    for (size_t i = 0; i < count; i++)
        for (uint64_t round = 0; round < ROUNDS; round++) {
            size_t size = strlen(seeds[i]);
            memcpy(data, seeds[i], size);
            size = mutate(data, size, rng, round * count + i);
            uint8_t *exact = malloc(size); /* so that a byte too far is seen */
            if (exact == NULL)
                return;
            memcpy(exact, data, size);
            target(exact, size);
            free(exact);
        }
}

static void hostile_records(struct tap *tap)
{
    run(try_records, records, sizeof records / sizeof records[0], "records");
    CHECK(true);
}

static void hostile_web(struct tap *tap)
{
    run(try_web, web, sizeof web / sizeof web[0], "web");
    CHECK(true);
}

static const struct tap_test tests[] = {TAP_ROW(hostile_records) TAP_ROW(hostile_web)};

LM_TEST_MAIN(tests)
