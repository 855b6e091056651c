/** Web archives: sound ones, and every way in which one lies. */
#include "web/warc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/tap.h"
#include "web/gunzip.h"

/* "info response …", then what is wrong and at which byte. */
static const char *read_all(char *out, size_t room, const char *text, size_t size)
{
    struct lm_warc warc = {.data = (const uint8_t *)text, .size = size};
    struct lm_warc_record record;
    size_t used = 0;
    bool is_end = false;
    out[0] = '\0';
    for (;;) {
        if (!lm_warc_next(&warc, &record, &is_end)) {
            snprintf(out + used, room - used, "!%s", warc.wrong);
            return out;
        }
        if (is_end)
            return out;
        used +=
            (size_t)snprintf(out + used, room - used, "%s%s:%zu ", lm_warc_type_names[record.type],
                             record.is_http ? "*" : "", record.block.size);
    }
}

#define CRLF "\r\n"
#define HEAD(type, length)                                                                         \
    "WARC/1.0" CRLF "WARC-Type: " type CRLF "Content-Length: " length CRLF CRLF

static void records(struct tap *tap)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ""},
        {CRLF CRLF, ""},
        {HEAD("warcinfo", "3") "abc" CRLF CRLF HEAD("conversion", "0") CRLF CRLF,
         "warcinfo:3 conversion:0 "},
        {HEAD("response", "15") "HTTP/1.1 200 OK" CRLF CRLF, "response*:15 "},
        {"WARC/0.18" CRLF "content-length:2" CRLF "warc-type:\tMETADATA " CRLF CRLF "ab",
         "metadata:2 "},
        {"WARC/1.1\nWARC-Type: resource\nContent-Length: 2\n\nab\n\n", "resource:2 "},
        {HEAD("unheard-of", "1") "x" CRLF CRLF, "other:1 "},
        {"WARC/1.0" CRLF "X: a" CRLF " Content-Length: 9" CRLF "Content-Length: 1" CRLF CRLF "x",
         "other:1 "},
        {HEAD("response", "9") "abc",
         "!it is cut off: the file is shorter than its Content-Length says"},
        {HEAD("response", "-1") "abc", "!its Content-Length is missing or no number"},
        {HEAD("response", "99999999999999999999") "abc",
         "!its Content-Length is missing or no number"},
        {"WARC/1.0" CRLF CRLF, "!its Content-Length is missing or no number"},
        {"WARC/1.0" CRLF "Content-Length: 1" CRLF, "!it ends within the lines that describe it"},
        {"WARC/2.0" CRLF CRLF,
         "!it does not begin with WARC/1.0, or the length before it is wrong"},
        {HEAD("warcinfo", "2") "abc" CRLF CRLF HEAD("request", "1") "x",
         "warcinfo:2 !it does not begin with WARC/1.0, or the length before it is wrong"},
    };

    char out[512];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_STR(read_all(out, sizeof out, rows[i].text, strlen(rows[i].text)), rows[i].want);
}

#define ARC1                                                                                       \
    "filedesc://x.arc 0.0.0.0 20140216050221 text/plain 75\n1 0 LiveWeb Capture\n"                 \
    "URL IP-address Archive-date Content-type Archive-length\n"
#define ARC2                                                                                       \
    "filedesc://x.arc 0.0.0.0 20140216050221 text/plain 200 - - 0 x.arc 24\n2 0 Alexa\nURL and "   \
    "so on\n"

static void arcs(struct tap *tap)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {ARC1, "warcinfo:75 "},
        {ARC1 "\nhttp://a/?b c 1.2.3.4 20140216050221 text/html 12\nHTTP/1.0 200\n\n",
         "warcinfo:75 response*:12 "},
        {ARC2 "\nhttp://a/ 1.2.3.4 20140216050221 text/html 200 - - 0 x.arc 4\nabcd\n",
         "warcinfo:24 response:4 "},
        {"filedesc://bad.arc 127.0.0.1 20140301000000 text/plain -1\n1 0 Bad\n",
         "!its length is no number"},
        {ARC1 "\nhttp://a/ 1.2.3.4\n", "warcinfo:75 !its first line has too few fields"},
        {ARC1 "\nhttp://a/ 1.2.3.4 2014 text/html 99\nabc",
         "warcinfo:75 !it is cut off: the file is shorter than its length says"},
    };

    char out[512];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_STR(read_all(out, sizeof out, rows[i].text, strlen(rows[i].text)), rows[i].want);
}

static void what_records_say(struct tap *tap)
{
    static const char text[] =
        "WARC/1.0" CRLF "WARC-Type: response" CRLF "WARC-Target-URI: <http://a.b/c d>" CRLF
        "WARC-Date: 2018-11-02T18:55:11Z" CRLF "Content-Type: application/http;" CRLF
        "  msgtype=response" CRLF "Content-Length: 4" CRLF CRLF "body";
    struct lm_warc warc = {.data = (const uint8_t *)text, .size = sizeof text - 1};
    struct lm_warc_record record;
    bool is_end = false;
    REQUIRE(lm_warc_next(&warc, &record, &is_end) && !is_end);
    CHECK(record.url.size == 14 && memcmp(record.url.data, "http://a.b/c d", 14) == 0);
    CHECK(record.date.size == 20 && record.is_http);
    CHECK(record.block.size == 4 && memcmp(record.block.data, "body", 4) == 0);
    struct lm_span head = {(const uint8_t *)"A: 1\nb:2\n", 9};
    CHECK(lm_warc_header(head, "B").size == 1 && lm_warc_header(head, "C").data == NULL);
}

/* Cut anywhere, it is whole records and an error, or an end between two. */
static void cut_anywhere(struct tap *tap)
{
    static const char whole[] = HEAD("warcinfo", "3") "abc" CRLF CRLF HEAD(
        "response", "12") "HTTP/1.0 200" CRLF CRLF HEAD("conversion", "2") "ab" CRLF CRLF;
    char out[512];
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        char *copy = malloc(size + 1);
        REQUIRE(copy != NULL);
        memcpy(copy, whole, size);
        read_all(out, sizeof out, copy, size);
        CHECK(strlen(out) < sizeof out);
        free(copy);
    }
    CHECK_STR(read_all(out, sizeof out, whole, sizeof whole - 1),
              "warcinfo:3 response*:12 conversion:2 ");
}

/* The archives of LMPIPE_DATA that lie unpacked there; tests/cli/corpora.t reads the packed ones.
 */
/* A file's bytes, unpacked where they are packed, in text[0..1 MiB). */
static size_t read_file(char *text, const char *path)
{
    struct lm_gunzip *gunzip = NULL;
    size_t size = 0, got = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && strstr(path, ".gz") == NULL) {
        ssize_t whole = read(fd, text, 1 << 20);
        size = whole > 0 ? (size_t)whole : 0;
    } else if (fd >= 0 && lm_gunzip_open(&gunzip, fd, NULL) == LM_OK) {
        while (got > 0 &&
               lm_gunzip_read(gunzip, text + size, (1 << 20) - size, &got, NULL) == LM_OK)
            size += got;
    }
    lm_gunzip_close(gunzip);
    if (fd >= 0)
        close(fd);
    return size;
}

/* All that people have published to try readers on; what they hold was counted by other programs.
 */
static void real_archives(struct tap *tap)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"whirlwind.warc", "warcinfo:486 request:265 response*:74581 metadata:201 "},
        {"whirlwind.warc.wet", "warcinfo:368 conversion:4456 "},
        {"warcio/example.warc",
         "warcinfo:249 warcinfo:470 response*:975 request:493 revisit:369 request:493 "},
        {"warcio/example.arc", "warcinfo:75 response*:1591 "},
        {"warcio/bad.arc", "!its length is no number"},
        {"warcio/example-trunc.warc", "warcinfo:249 warcinfo:470 response*:973 !it does not begin "
                                      "with WARC/1.0, or the length before it is wrong"},
        {"warcio/example-space-in-url.arc",
         "warcinfo:75 !it is cut off: the file is shorter than its length says"},
        {"ccnet-sample.wet.txt",
         "warcinfo:370 !it does not begin with WARC/1.0, or the length before it is wrong"},
        {"warcio/example-iana.org-chunked.warc", "warcinfo:137 response*:7566 request:76 "},
        {"warcio/example-digest.warc", "request:493 request:493 request:493 request:493 "},
        {"whirlwind.warc.gz", "warcinfo:486 request:265 response*:74581 metadata:201 "},
        {"whirlwind.warc.wet.gz", "warcinfo:368 conversion:4456 "},
        {"whirlwind.warc.wat.gz", "warcinfo:278 metadata:1386 "},
        {"warcio/example.warc.gz",
         "warcinfo:249 warcinfo:470 response*:975 request:493 revisit:369 request:493 "},
        {"warcio/example.arc.gz", "warcinfo:75 response*:1591 "},
        {"warcio/example-bad-non-chunked.warc.gz",
         "warcinfo:249 warcinfo:470 response*:975 request:493 revisit:369 request:493 "},
        {"warcio/example-bad.warc.gz.bad",
         "warcinfo:196 response*:1610 request:323 revisit:340 request:323 response*:471 "},
        {"warcio/example-resource.warc.gz", "warcinfo:249 warcinfo:399 resource:1303 "},
        {"warcio/example-space-in-target-uri.warc.gz", "warcinfo:73 resource:70 "},
        {"warcio/example-wget-bad-target-uri.warc.gz",
         "warcinfo:232 request:141 response*:1598 metadata:48 resource:49 resource:471 "},
        {"warcio/example-wrong-chunks.warc.gz", "response*:1613 request:137 "},
        {"warcio/post-test.warc.gz",
         "response*:733 request:227 response*:740 request:223 response*:739 request:224 "},
    };

    const char *folder = getenv("LMPIPE_DATA");
    if (folder == NULL)
        SKIP("LMPIPE_DATA is not set");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[1024], out[1024];
        snprintf(path, sizeof path, "%s/warc/%s", folder, rows[i].name);
        char *text = calloc(1, 1 << 20);
        REQUIRE(text != NULL);
        size_t size = read_file(text, path);
        CHECK_STR(read_all(out, sizeof out, text, size), rows[i].want);
        free(text);
    }
}

static const struct tap_test tests[] = {TAP_ROW(records) TAP_ROW(arcs) TAP_ROW(what_records_say)
                                            TAP_ROW(cut_anywhere) TAP_ROW(real_archives)};

LM_TEST_FILE(tests)
