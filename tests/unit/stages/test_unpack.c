/** Damaged archives and files are refused whatever their format; what is legal passes. */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "stages/download/unpack.h"
#include "tests/tap.h"

enum { TEXT = 40000, MOST = 1 << 20 };

/** A file in memory, and the folder where it is put to be read. */
struct made {
    char folder[64];
    struct lm_arena *arena;
    char *bytes;
    size_t size;
    struct lm_err err;
};

static void made_open(struct made *m)
{
    *m = (struct made){0};
    snprintf(m->folder, sizeof m->folder, "/tmp/lmpipe-test-XXXXXX");
    m->arena = lm_arena_create();
    m->bytes = malloc(MOST);
    if (m->arena == NULL || m->bytes == NULL || mkdtemp(m->folder) == NULL)
        abort();
}

static void made_close(struct made *m)
{
    lm_dir_remove(m->folder, NULL);
    lm_arena_free(m->arena);
    free(m->bytes);
}

/** Text that does not compress away. */
static void make_text(char *out, size_t size)
{
    uint32_t state = 7;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525 + 1013904223;
        out[i] = i % 60 == 59 ? '\n' : (char)('a' + (state >> 24) % 26);
    }
}

static void put_member(struct archive *a, const char *name, const char *text, size_t size)
{
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, (int64_t)size);
    if (archive_write_header(a, e) < ARCHIVE_WARN ||
        archive_write_data(a, text, size) != (la_ssize_t)size)
        abort();
    archive_entry_free(e);
}

/** Appends an archive of "one" and "two" (raw: of one stream) to the bytes. */
static void pack(struct made *m, const char *format, const char *filter)
{
    static char text[TEXT];
    size_t used = 0;
    struct archive *a = archive_write_new();
    make_text(text, TEXT);
    archive_write_set_format_by_name(a, format);
    if (filter != NULL)
        archive_write_add_filter_by_name(a, filter);
    archive_write_set_bytes_in_last_block(a, 1);
    if (archive_write_open_memory(a, m->bytes + m->size, MOST - m->size, &used) != ARCHIVE_OK)
        abort();
    put_member(a, "one", text, TEXT / 2);
    if (strcmp(format, "raw") != 0)
        put_member(a, "two", text + TEXT / 2, TEXT / 2);
    if (archive_write_close(a) != ARCHIVE_OK)
        abort();
    archive_write_free(a);
    m->size += used;
}

static void append(struct made *m, const void *bytes, size_t size)
{
    memcpy(m->bytes + m->size, bytes, size);
    m->size += size;
}

/** Reads all members of the file; *bytes: of them together. */
static enum lm_status read_all(struct made *m, size_t *bytes, size_t *members)
{
    static char block[65536];
    struct lm_archive *archive = NULL;
    struct lm_archive_member member;
    const char *path = lm_path_join(m->arena, m->folder, "file");
    bool end = false;
    *bytes = *members = 0;
    m->err = (struct lm_err){0};
    LM_TRY(lm_file_write(path, m->bytes, m->size, &m->err));
    LM_TRY(lm_archive_open(&archive, path, NULL, NULL, &m->err));
    enum lm_status status = lm_archive_next(archive, &member, &end, &m->err);
    while (status == LM_OK && !end) {
        size_t got = sizeof block;
        while (status == LM_OK && got == sizeof block) {
            status = lm_archive_read(archive, block, sizeof block, &got, &m->err);
            *bytes += status == LM_OK ? got : 0;
        }
        ++*members;
        if (status == LM_OK)
            status = lm_archive_next(archive, &member, &end, &m->err);
    }
    lm_archive_close(archive);
    return status;
}

static bool is_refused(struct made *m)
{
    size_t bytes, members;
    return read_all(m, &bytes, &members) == LM_FORMAT && strchr(m->err.text, '\n') == NULL &&
           strchr(m->err.text, ';') != NULL; /* says what to do */
}

static const struct {
    const char *format, *filter;
} kinds[] = {
    {"raw", "gzip"}, {"raw", "xz"},      {"raw", "bzip2"},   {"raw", "zstd"}, {"ustar", "gzip"},
    {"pax", "xz"},   {"ustar", "bzip2"}, {"gnutar", "zstd"}, {"ustar", NULL}, {"zip", NULL},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void whole_ones_pass(struct tap *tap)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct made m;
        size_t bytes, members;
        bool is_raw = strcmp(kinds[i].format, "raw") == 0;
        made_open(&m);
        pack(&m, kinds[i].format, kinds[i].filter);
        CHECK_INT(read_all(&m, &bytes, &members), LM_OK);
        CHECK_INT(bytes, is_raw ? TEXT / 2 : TEXT);
        CHECK_INT(members, is_raw ? 1 : 2);
        made_close(&m);
    }
}

/* Wherever it is cut, but a plain tar's padding behind its end. */
static void cut_ones_are_refused(struct tap *tap)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct made m;
        made_open(&m);
        pack(&m, kinds[i].format, kinds[i].filter);
        size_t whole = m.size,
               tail = kinds[i].filter == NULL && kinds[i].format[0] == 'u' ? 1024 : 1;
        for (size_t part = 1; part < 40; part++) {
            m.size = (whole - tail) * part / 40 + 6;
            CHECK(is_refused(&m));
        }
        for (size_t less = tail; less < tail + 9; less++) {
            m.size = whole - less;
            CHECK(is_refused(&m));
        }
        made_close(&m);
    }
}

/* A tar has no checksum over what its members hold, nor has zstd as libarchive writes it. Some bits
 * of a header mean nothing (a time), and then all must come out as it was. */
static void changed_bits_are_refused(struct tap *tap)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct made m;
        size_t bytes, members, whole_bytes, whole_members;
        bool is_zip = strcmp(kinds[i].format, "zip") == 0;
        if (!is_zip && (kinds[i].filter == NULL || strcmp(kinds[i].filter, "zstd") == 0))
            continue;
        made_open(&m);
        pack(&m, kinds[i].format, kinds[i].filter);
        REQUIRE(read_all(&m, &whole_bytes, &whole_members) == LM_OK);
        size_t refused = 0;
        for (size_t part = 1; part < 60; part++) {
            size_t at = m.size * part / 60;
            m.bytes[at] ^= 0x10;
            enum lm_status status = read_all(&m, &bytes, &members);
            refused += status != LM_OK;
            CHECK(status == LM_FORMAT || (status == LM_OK && bytes == whole_bytes));
            m.bytes[at] ^= 0x10;
        }
        CHECK(refused >= 57);
        made_close(&m);
    }
}

static void checksums_and_lengths_of_gzip(struct tap *tap)
{
    struct made m;
    made_open(&m);
    pack(&m, "raw", "gzip");
    for (size_t back = 1; back <= 8; back++) { /* CRC-32, then ISIZE */
        m.bytes[m.size - back] ^= 1;
        CHECK(is_refused(&m));
        m.bytes[m.size - back] ^= 1;
    }
    size_t bytes, members;
    CHECK_INT(read_all(&m, &bytes, &members), LM_OK);
    made_close(&m);
}

static void later_parts(struct tap *tap)
{
    static const char *const filters[] = {"gzip", "xz", "bzip2", "zstd"};
    for (size_t i = 0; i < 4; i++) {
        struct made m;
        size_t bytes, members;
        made_open(&m);
        pack(&m, "raw", filters[i]);
        size_t first = m.size;
        pack(&m, "raw", filters[i]);
        CHECK_INT(read_all(&m, &bytes, &members), LM_OK);
        CHECK_INT(bytes, TEXT);
        size_t whole = m.size;
        for (size_t byte = 0; byte < 3; byte++) {
            m.bytes[first + byte] ^= 0x55;
            CHECK(is_refused(&m));
            m.bytes[first + byte] ^= 0x55;
        }
        m.size = first + (whole - first) / 2;
        CHECK(is_refused(&m));
        m.size = first;
        append(&m, "trailing garbage", 16);
        CHECK(is_refused(&m));
        made_close(&m);
    }
}

static void zeros_may_pad(struct tap *tap)
{
    static const struct {
        const char *format, *filter;
    } rows[] = {{"ustar", NULL}, {"raw", "gzip"}, {"raw", "bzip2"}, {"pax", "gzip"}};

    static const char zeros[20480];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made m;
        size_t bytes, members;
        made_open(&m);
        pack(&m, rows[i].format, rows[i].filter);
        append(&m, zeros, sizeof zeros);
        CHECK_INT(read_all(&m, &bytes, &members), LM_OK);
        append(&m, "x", 1);
        CHECK(is_refused(&m));
        made_close(&m);
    }
}

static void a_second_archive_is_not_lost(struct tap *tap)
{
    static const char *const formats[] = {"ustar", "pax", "zip"};
    for (size_t i = 0; i < 3; i++) {
        struct made m;
        made_open(&m);
        pack(&m, formats[i], NULL);
        pack(&m, formats[i], NULL);
        size_t bytes, members;
        enum lm_status status = read_all(&m, &bytes, &members);
        /* of zips, the last one counts, and the first is like a program before it */
        CHECK_INT(status, strcmp(formats[i], "zip") == 0 ? LM_OK : LM_FORMAT);
        made_close(&m);
    }
}

static void damaged_headers_of_tar(struct tap *tap)
{
    struct made m;
    made_open(&m);
    pack(&m, "ustar", NULL);
    size_t second = 512 + (TEXT / 2 + 511) / 512 * 512;
    m.bytes[3] ^= 1;
    CHECK(is_refused(&m));
    CHECK(strstr(m.err.text, "first header") != NULL);
    m.bytes[3] ^= 1;
    m.bytes[second + 3] ^= 1;
    CHECK(is_refused(&m));
    m.bytes[second + 3] ^= 1;
    m.size = second; /* cut between members */
    CHECK(is_refused(&m));
    CHECK(strstr(m.err.text, "end-of-archive") != NULL);
    made_close(&m);
}

static void zips(struct tap *tap)
{
    static const char empty[22] = "PK\5\6";
    static const char program[] = "#!/bin/sh\nexec unzip \"$0\"\n";
    struct made m;
    size_t bytes, members;
    made_open(&m);
    append(&m, empty, sizeof empty);
    CHECK_INT(read_all(&m, &bytes, &members), LM_OK);
    CHECK_INT(members, 0);
    m.size = 0;
    append(&m, program, sizeof program - 1);
    pack(&m, "zip", NULL);
    CHECK_INT(read_all(&m, &bytes, &members), LM_OK);
    CHECK_INT(members, 2);
    m.bytes[m.size - 12]++; /* the directory says one member more */
    m.bytes[m.size - 14]++;
    CHECK(is_refused(&m));
    made_close(&m);
}

static void packings_that_are_not_read(struct tap *tap)
{
    struct made m;
    size_t bytes, members;
    made_open(&m);
    append(&m, "\x04\x22\x4d\x18 not read", 13);
    CHECK_INT(read_all(&m, &bytes, &members), LM_UNSUPPORTED);
    CHECK(strstr(m.err.text, "lz4") != NULL);
    made_close(&m);
}

static bool always(void *user)
{
    ++*(int *)user;
    return true;
}

static void passing_over_members_can_be_stopped(struct tap *tap)
{
    struct made m;
    struct lm_archive *archive = NULL;
    int asked = 0;
    made_open(&m);
    pack(&m, "ustar", "gzip");
    const char *path = lm_path_join(m.arena, m.folder, "file");
    REQUIRE(lm_file_write(path, m.bytes, m.size, &m.err) == LM_OK);
    CHECK_INT(lm_archive_open(&archive, path, always, &asked, &m.err), LM_CANCELLED);
    CHECK(asked > 0);
    made_close(&m);
}

static const struct tap_test tests[] = {
    TAP_ROW(whole_ones_pass) TAP_ROW(cut_ones_are_refused) TAP_ROW(changed_bits_are_refused)
        TAP_ROW(checksums_and_lengths_of_gzip) TAP_ROW(later_parts) TAP_ROW(zeros_may_pad)
            TAP_ROW(a_second_archive_is_not_lost) TAP_ROW(damaged_headers_of_tar) TAP_ROW(zips)
                TAP_ROW(packings_that_are_not_read) TAP_ROW(passing_over_members_can_be_stopped)};
LM_TEST_FILE(tests)
