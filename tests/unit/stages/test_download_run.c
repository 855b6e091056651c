/** The stage type `download` on local files: formats, names, bounds, pins, rules of the spec. */
#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include "download_fixture.h"

/* ---- archives made for the tests ---- */

struct entry {
    const char *name, *text;
    int type;         /**< AE_IFREG … */
    const char *link; /**< target of a link */
};

static bool fill_entry(struct archive *a, const struct entry *from)
{
    struct archive_entry *e = archive_entry_new();
    size_t size = from->text != NULL ? strlen(from->text) : 0;
    archive_entry_set_pathname(e, from->name);
    archive_entry_set_filetype(e, (unsigned)from->type);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, (int64_t)size);
    if (from->type == AE_IFLNK)
        archive_entry_set_symlink(e, from->link);
    else if (from->link != NULL)
        archive_entry_set_hardlink(e, from->link);
    bool ok = archive_write_header(a, e) >= ARCHIVE_WARN;
    if (ok && size > 0)
        ok = archive_write_data(a, from->text, size) == (la_ssize_t)size;
    archive_entry_free(e);
    return ok;
}

static bool pack(const char *path, const char *format, const char *filter,
                 const struct entry *entries, size_t count)
{
    struct archive *a = archive_write_new();
    bool ok = archive_write_set_format_by_name(a, format) == ARCHIVE_OK;
    if (filter != NULL)
        ok = ok && archive_write_add_filter_by_name(a, filter) >= ARCHIVE_WARN;
    ok = ok && archive_write_open_filename(a, path) == ARCHIVE_OK;
    for (size_t i = 0; ok && i < count; i++)
        ok = fill_entry(a, &entries[i]);
    ok = archive_write_close(a) == ARCHIVE_OK && ok;
    archive_write_free(a);
    return ok;
}

/** A single stream: a raw member through a filter. */
static bool compress(const char *path, const char *filter, const char *text)
{
    return pack(path, "raw", filter, &(struct entry){"data", text, AE_IFREG, NULL}, 1);
}

static bool put(struct fixture *f, const char *name, const char *text)
{
    const char *path = at(f, name);
    return lm_dir_create(lm_path_dir(f->arena, path), NULL) == LM_OK &&
           lm_file_write(path, text, strlen(text), NULL) == LM_OK;
}

static char *file_url(struct fixture *f, const char *name)
{
    return lm_arena_printf(f->arena, "file://%s/%s", f->folder, name);
}

static const struct entry two[] = {
    {"b/two.txt", "second\n", AE_IFREG, NULL},
    {"a.txt", "first\n", AE_IFREG, NULL},
};

/* ---- what comes in ---- */

static void test_file_by_path(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(put(&f, "my.txt", "hello\n"));
    f.sources[0].name = "mine";
    f.sources[0].license = "CC0";
    f.sources[0].path = at(&f, "my.txt");
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_STR(corpus_file(&f, "files/mine/data"), "hello\n");
    CHECK_STR(manifest(&f),
              "{\n  \"lmpipe_corpus\": 1,\n  \"sources\": [\n    {\n      \"name\": \"mine\",\n"
              "      \"license\": \"CC0\",\n      \"files\": [\n        {\n"
              "          \"path\": \"files/mine/data\",\n          \"bytes\": 6,\n"
              "          \"sha256\": "
              "\"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\"\n"
              "        }\n      ]\n    }\n  ]\n}\n");
    CHECK_INT(lm_ctx_result_value(f.ctx, "files"), 1);
    CHECK_INT(lm_ctx_result_value(f.ctx, "bytes"), 6);
    fixture_close(&f);
}

static void test_file_by_url_and_pin(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(put(&f, "my text.txt", "hello\n"));
    f.sources[0].url = file_url(&f, "my%20text.txt");
    f.sources[0].sha256 = "5891B5B522D5DF086D0FF0B110FBD9D21BB4FC7163AF34D08286A2E846F6BE03";
    f.sources[0].size = 6;
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_STR(f.sources[0].sha256,
              "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    CHECK_STR(corpus_file(&f, "files/source0/data"), "hello\n");

    REQUIRE(put(&f, "my text.txt", "hullo\n"));
    CHECK_INT(fixture_run(&f), LM_MISMATCH);
    CHECK_HAS(f.err.text, hex_of(&f, "hullo\n", 6));
    CHECK_HAS(f.err.text, f.sources[0].sha256);
    CHECK_HAS(f.err.text, "sources.0.sha256");
    CHECK_STR(manifest(&f), "");

    f.sources[0].sha256 = hex_of(&f, "hullo\n", 6);
    f.sources[0].size = 7;
    CHECK_INT(fixture_run(&f), LM_MISMATCH);
    CHECK_HAS(f.err.text, "has 6 bytes, but sources.0.size says 7");
    fixture_close(&f);
}

static void test_unpinned_prints_the_pin(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(put(&f, "my.txt", "hello\n"));
    f.sources[0].url = file_url(&f, "my.txt");
    f.sources[0].allow_unpinned = true;
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_HAS(notes(&f),
              "  sha256: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    size_t count = 0;
    char hex[LM_DIGEST_HEX];
    const struct lm_source_digest *told = lm_ctx_sources(f.ctx, &count);
    REQUIRE(count == 1);
    CHECK_STR(told->param, "sources.0.url");
    lm_digest_hex(hex, &told->digest);
    CHECK_STR(hex, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    fixture_close(&f);
}

static void test_every_compression(struct tap *tap)
{
    static const char *const filters[] = {"gzip", "zstd", "xz", "bzip2"};
    for (size_t i = 0; i < 4; i++) {
        struct fixture f;
        fixture_open(&f, 1);
        REQUIRE(compress(at(&f, "packed"), filters[i], "inside\n"));
        f.sources[0].path = at(&f, "packed");
        CHECK_INT(fixture_run(&f), LM_OK);
        CHECK_STR(corpus_file(&f, "files/source0/data"), "inside\n");

        /* cut off: an error, however much came out before */
        struct stat info;
        REQUIRE(stat(f.sources[0].path, &info) == 0);
        REQUIRE(truncate(f.sources[0].path, info.st_size - 5) == 0);
        CHECK_INT(fixture_run(&f), LM_FORMAT);
        CHECK_STR(manifest(&f), "");
        fixture_close(&f);
    }
}

static void test_gzip_of_several_members(struct tap *tap)
{
    struct fixture f;
    char *both = NULL, *half = NULL;
    size_t size = 0, n = 0;
    fixture_open(&f, 1);
    REQUIRE(compress(at(&f, "1.gz"), "gzip", "one\n") && compress(at(&f, "2.gz"), "gzip", "two\n"));
    REQUIRE(lm_file_read(&both, &size, f.arena, at(&f, "1.gz"), 4096, NULL) == LM_OK);
    REQUIRE(lm_file_read(&half, &n, f.arena, at(&f, "2.gz"), 4096, NULL) == LM_OK);
    char *all = lm_arena_alloc(f.arena, size + n);
    memcpy(all, both, size);
    memcpy(all + size, half, n);
    REQUIRE(lm_file_write(at(&f, "both.gz"), all, size + n, NULL) == LM_OK);
    f.sources[0].path = at(&f, "both.gz");
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_STR(corpus_file(&f, "files/source0/data"), "one\ntwo\n");
    fixture_close(&f);
}

static void test_every_archive(struct tap *tap)
{
    static const struct {
        const char *format, *filter;
    } kinds[] = {{"ustar", NULL},   {"pax", NULL},   {"gnutar", NULL},   {"zip", NULL},
                 {"ustar", "gzip"}, {"pax", "zstd"}, {"ustar", "bzip2"}, {"pax", "xz"}};

    char first[4096] = "";
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct fixture f;
        fixture_open(&f, 1);
        REQUIRE(pack(at(&f, "packed"), kinds[i].format, kinds[i].filter, two, 2));
        f.sources[0].path = at(&f, "packed");
        CHECK_INT(fixture_run(&f), LM_OK);
        CHECK_STR(corpus_file(&f, "files/source0/a.txt"), "first\n");
        CHECK_STR(corpus_file(&f, "files/source0/b/two.txt"), "second\n");
        /* the same text gives the same manifest, however it was packed */
        if (i == 0)
            snprintf(first, sizeof first, "%s", manifest(&f));
        CHECK_STR(manifest(&f), first);
        fixture_close(&f);
    }
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(put(&f, "folder/b/two.txt", "second\n") && put(&f, "folder/a.txt", "first\n"));
    f.sources[0].path = at(&f, "folder");
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_STR(manifest(&f), first);
    fixture_close(&f);
}

static void test_names_of_every_script(struct tap *tap)
{
    static const struct entry entries[] = {{"红楼梦/第一回.txt", "x", AE_IFREG, NULL}};
    static const char *const formats[] = {"ustar", "gnutar", "zip", "pax"};
    for (size_t i = 0; i < 4; i++) {
        struct fixture f;
        fixture_open(&f, 1);
        if (!pack(at(&f, "packed"), formats[i], NULL, entries, 1)) {
            fixture_close(&f);
            continue; /* pax needs a UTF-8 locale to be written, not to be read */
        }
        f.sources[0].path = at(&f, "packed");
        CHECK_INT(fixture_run(&f), LM_OK);
        CHECK_STR(corpus_file(&f, "files/source0/红楼梦/第一回.txt"), "x");
        fixture_close(&f);
    }
}

static void test_folder_and_its_pin(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(put(&f, "folder/b.txt", "B") && put(&f, "folder/a.txt", "A") &&
            put(&f, "folder/.hidden", "H"));
    const char *lines = lm_arena_printf(f.arena, "%s  .hidden\n%s  a.txt\n%s  b.txt\n",
                                        hex_of(&f, "H", 1), hex_of(&f, "A", 1), hex_of(&f, "B", 1));
    f.sources[0].path = at(&f, "folder");
    f.sources[0].sha256 = hex_of(&f, lines, strlen(lines));
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_INT(lm_ctx_result_value(f.ctx, "files"), 2);
    CHECK_HAS(notes(&f), "1 hidden files left out");
    REQUIRE(put(&f, "folder/c.txt", "C"));
    CHECK_INT(fixture_run(&f), LM_MISMATCH);
    fixture_close(&f);
}

static void test_include(struct tap *tap)
{
    static const struct entry entries[] = {
        {"./x/keep.txt", "1", AE_IFREG, NULL},
        {"x/drop.html", "2", AE_IFREG, NULL},
        {".keep.txt", "3", AE_IFREG, NULL},
    };
    static const char *globs[] = {"*.txt"};
    static const char *none[] = {"?.csv"};
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(pack(at(&f, "t.tar"), "ustar", NULL, entries, 3));
    f.sources[0].path = at(&f, "t.tar");
    f.sources[0].include = (struct lm_list){globs, 1};
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_STR(corpus_file(&f, "files/source0/x/keep.txt"), "1");
    CHECK_STR(corpus_file(&f, "files/source0/.keep.txt"), "3");
    CHECK_STR(corpus_file(&f, "files/source0/x/drop.html"), "");
    f.sources[0].include = (struct lm_list){none, 1};
    CHECK_INT(fixture_run(&f), LM_INVALID);
    CHECK_HAS(f.err.text, "none of 3 files matches include");
    REQUIRE(put(&f, "one.txt", "x"));
    f.sources[0].path = at(&f, "one.txt");
    CHECK_INT(fixture_run(&f), LM_INVALID);
    CHECK_HAS(f.err.text, "remove include");
    fixture_close(&f);
}

static void test_several_sources_keep_their_order(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 2);
    REQUIRE(put(&f, "1", "one") && put(&f, "2", "two"));
    f.sources[0].name = "zebra";
    f.sources[0].path = at(&f, "1");
    f.sources[1].name = "ant";
    f.sources[1].path = at(&f, "2");
    CHECK_INT(fixture_run(&f), LM_OK);
    const char *text = manifest(&f);
    const char *zebra = strstr(text, "zebra"), *ant = strstr(text, "ant");
    CHECK(zebra != NULL && ant != NULL && zebra < ant);
    fixture_close(&f);
}

/* ---- hostile archives ---- */

static void test_hostile_names(struct tap *tap)
{
    static const struct {
        const char *name, *complaint;
    } rows[] = {
        {"/etc/passwd", "is absolute"},
        {"../evil", "holds \"..\""},
        {"a/../../evil", "holds \"..\""},
        {"a\\b", "holds a backslash"},
        {"a\nb", "control character"},
        {"a\xff", "not UTF-8"},
        {".", "is empty"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct entry entries[] = {two[0], {rows[i].name, "evil", AE_IFREG, NULL}};
        struct fixture f;
        fixture_open(&f, 1);
        REQUIRE(pack(at(&f, "t.tar"), "gnutar", NULL, entries, 2));
        f.sources[0].path = at(&f, "t.tar");
        CHECK_INT(fixture_run(&f), LM_FORMAT);
        CHECK_HAS(f.err.text, rows[i].complaint);
        CHECK(strpbrk(f.err.text, "\n\xff") == NULL);
        CHECK_STR(manifest(&f), "");
        fixture_close(&f);
    }
}

/* A name that cannot be one stops nothing that include leaves out. */
static void test_include_passes_bad_names(struct tap *tap)
{
    static const char *globs[] = {"a.txt"};

    static const struct {
        const char *format, *name;
    } rows[] = {{"zip", "../evil"}, {"gnutar", "/etc/passwd"}, {"gnutar", "a\xff"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct entry entries[] = {{rows[i].name, "evil", AE_IFREG, NULL}, two[1]};
        struct fixture f;
        fixture_open(&f, 1);
        REQUIRE(pack(at(&f, "packed"), rows[i].format, NULL, entries, 2));
        f.sources[0].path = at(&f, "packed");
        CHECK_INT(fixture_run(&f), LM_FORMAT);
        f.sources[0].include = (struct lm_list){globs, 1};
        CHECK_INT(fixture_run(&f), LM_OK);
        CHECK_STR(corpus_file(&f, "files/source0/a.txt"), "first\n");
        fixture_close(&f);
    }
}

/* The flag of an encrypted member in both records of a zip. */
static void test_encrypted_members(struct tap *tap)
{
    static const char *globs[] = {"b/*"};
    char *text = NULL;
    size_t size = 0;
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(pack(at(&f, "t.zip"), "zip", NULL, two, 2));
    REQUIRE(lm_file_read(&text, &size, f.arena, at(&f, "t.zip"), 4096, NULL) == LM_OK);
    char *name = memmem(text, size, "a.txt", 5);
    REQUIRE(name != NULL);
    name[-30 + 6] |= 1;
    name = memmem(name + 5, size - (size_t)(name + 5 - text), "a.txt", 5);
    REQUIRE(name != NULL);
    name[-46 + 8] |= 1;
    REQUIRE(lm_file_write(at(&f, "t.zip"), text, size, NULL) == LM_OK);
    f.sources[0].path = at(&f, "t.zip");
    CHECK_INT(fixture_run(&f), LM_UNSUPPORTED);
    CHECK_HAS(f.err.text, "t.zip: member \"a.txt\": is encrypted");
    f.sources[0].include = (struct lm_list){globs, 1};
    CHECK_INT(fixture_run(&f), LM_OK);
    fixture_close(&f);
}

static void test_hostile_long_names(struct tap *tap)
{
    char longest[1200];
    memset(longest, 'x', sizeof longest);
    longest[300] = '\0';
    struct entry entries[] = {{longest, "evil", AE_IFREG, NULL}};
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(pack(at(&f, "t.tar"), "gnutar", NULL, entries, 1));
    f.sources[0].path = at(&f, "t.tar");
    CHECK_INT(fixture_run(&f), LM_FORMAT);
    CHECK_HAS(f.err.text, "longer than 255 bytes");
    longest[300] = 'x';
    for (size_t i = 0; i < sizeof longest; i += 10)
        longest[i] = i ? '/' : 'x';
    longest[sizeof longest - 1] = '\0';
    REQUIRE(pack(at(&f, "t.tar"), "gnutar", NULL, entries, 1));
    CHECK_INT(fixture_run(&f), LM_FORMAT);
    CHECK_HAS(f.err.text, "longer than 900 bytes");
    fixture_close(&f);
}

static void test_links_and_devices_are_left_out(struct tap *tap)
{
    static const struct entry entries[] = {
        {"d", NULL, AE_IFDIR, NULL},
        {"d/link", NULL, AE_IFLNK, "/etc"},
        {"d/link/passwd", "not through the link", AE_IFREG, NULL},
        {"hard", NULL, AE_IFREG, "d/link/passwd"},
        {"pipe", NULL, AE_IFIFO, NULL},
        {"device", NULL, AE_IFCHR, NULL},
    };
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(pack(at(&f, "t.tar"), "gnutar", NULL, entries, 6));
    f.sources[0].path = at(&f, "t.tar");
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_INT(lm_ctx_result_value(f.ctx, "files"), 1);
    CHECK_STR(corpus_file(&f, "files/source0/d/link/passwd"), "not through the link");
    CHECK_HAS(notes(&f), "4 links and devices left out");
    fixture_close(&f);
}

static void test_duplicates(struct tap *tap)
{
    static const struct {
        const char *first, *second, *complaint;
    } rows[] = {
        {"a.txt", "a.txt", "two members are named"},
        {"a.txt", "./a.txt", "two members are named"},
        {"x//a.txt", "x/a.txt", "two members are named"},
        {"a.txt", "A.TXT", "upper and lower case"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct entry entries[] = {{rows[i].first, "1", AE_IFREG, NULL},
                                        {rows[i].second, "2", AE_IFREG, NULL}};
        struct fixture f;
        fixture_open(&f, 1);
        REQUIRE(pack(at(&f, "t.zip"), "zip", NULL, entries, 2));
        f.sources[0].path = at(&f, "t.zip");
        CHECK_INT(fixture_run(&f), LM_FORMAT);
        CHECK_HAS(f.err.text, rows[i].complaint);
        fixture_close(&f);
    }
    /* a file where another member needs a folder */
    static const struct entry clash[] = {{"a", "1", AE_IFREG, NULL}, {"a/b", "2", AE_IFREG, NULL}};
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(pack(at(&f, "t.tar"), "ustar", NULL, clash, 2));
    f.sources[0].path = at(&f, "t.tar");
    CHECK(fixture_run(&f) != LM_OK);
    fixture_close(&f);
}

static void test_bombs(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 1);
    size_t size = 1 << 20;
    char *zeros = lm_arena_alloc(f.arena, size + 1);
    memset(zeros, '0', size);
    REQUIRE(compress(at(&f, "bomb.gz"), "gzip", zeros));
    f.sources[0].path = at(&f, "bomb.gz");
    f.params.max_bytes = 1 << 20;
    CHECK_INT(fixture_run(&f), LM_OK);
    f.params.max_bytes = (1 << 20) - 1;
    CHECK_INT(fixture_run(&f), LM_RANGE);
    CHECK_HAS(f.err.text, "raise max_bytes");

    REQUIRE(pack(at(&f, "many.zip"), "zip", NULL, two, 2));
    f.sources[0].path = at(&f, "many.zip");
    f.params.max_files = 1;
    CHECK_INT(fixture_run(&f), LM_RANGE);
    CHECK_HAS(f.err.text, "raise max_files");
    fixture_close(&f);
}

static void test_packed_twice(struct tap *tap)
{
    struct fixture f;
    char *text = NULL;
    size_t size = 0;
    fixture_open(&f, 1);
    REQUIRE(compress(at(&f, "1.gz"), "gzip", "inside\n"));
    REQUIRE(lm_file_read(&text, &size, f.arena, at(&f, "1.gz"), 4096, NULL) == LM_OK);
    struct archive *a = archive_write_new();
    archive_write_set_format_raw(a);
    archive_write_add_filter_zstd(a);
    archive_write_open_filename(a, at(&f, "2.zst"));
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_filetype(e, AE_IFREG);
    CHECK_INT(archive_write_header(a, e), ARCHIVE_OK);
    CHECK_INT(archive_write_data(a, text, size), size);
    archive_entry_free(e);
    archive_write_free(a);
    f.sources[0].path = at(&f, "2.zst");
    CHECK_INT(fixture_run(&f), LM_UNSUPPORTED);
    CHECK_HAS(f.err.text, "compressed twice");

    REQUIRE(lm_dir_create(at(&f, "folder"), NULL) == LM_OK);
    REQUIRE(compress(at(&f, "folder/text.gz"), "gzip", "inside\n"));
    f.sources[0].path = at(&f, "folder");
    CHECK_INT(fixture_run(&f), LM_UNSUPPORTED);
    CHECK_HAS(f.err.text, "packed itself (gzip)");
    fixture_close(&f);
}

static void test_truncated_archives(struct tap *tap)
{
    static const struct {
        const char *format;
        long less;
    } rows[] = {{"zip", 1}, {"zip", 60}, {"ustar", 1024}, {"ustar", 1300}, {"ustar", 1536}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct stat info;
        fixture_open(&f, 1);
        REQUIRE(pack(at(&f, "cut"), rows[i].format, NULL, two, 2));
        REQUIRE(stat(at(&f, "cut"), &info) == 0 && info.st_size > rows[i].less);
        REQUIRE(truncate(at(&f, "cut"), info.st_size - rows[i].less) == 0);
        f.sources[0].path = at(&f, "cut");
        CHECK_INT(fixture_run(&f), LM_FORMAT);
        CHECK_STR(manifest(&f), "");
        fixture_close(&f);
    }
}

/* ---- other failures ---- */

static void test_missing_and_odd_files(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 1);
    f.sources[0].path = at(&f, "nowhere.txt");
    CHECK_INT(fixture_run(&f), LM_NOT_FOUND);
    CHECK_HAS(f.err.text, "source 'source0': cannot open");
    REQUIRE(put(&f, "empty.txt", ""));
    f.sources[0].path = at(&f, "empty.txt");
    CHECK_INT(fixture_run(&f), LM_INVALID);
    CHECK_HAS(f.err.text, "holds no file");
    REQUIRE(lm_dir_create(at(&f, "nothing"), NULL) == LM_OK);
    f.sources[0].path = at(&f, "nothing");
    CHECK_INT(fixture_run(&f), LM_INVALID);
    f.sources[0].path = "/dev/null";
    CHECK_INT(fixture_run(&f), LM_INVALID);
    CHECK_HAS(f.err.text, "neither a file nor a folder");
    f.sources[0].path = "";
    f.sources[0].url = "file:///a%zz";
    f.sources[0].allow_unpinned = true;
    CHECK_INT(fixture_run(&f), LM_INVALID);
    fixture_close(&f);
}

static void test_mirror_files(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(put(&f, "wrong", "hullo\n") && put(&f, "right", "hello\n"));
    const char *mirrors[] = {file_url(&f, "wrong"), file_url(&f, "right")};
    f.sources[0].url = file_url(&f, "gone");
    f.sources[0].sha256 = hex_of(&f, "hello\n", 6);
    f.sources[0].mirrors = (struct lm_list){mirrors, 2};
    f.offline = true; /* needs no network */
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_STR(corpus_file(&f, "files/source0/data"), "hello\n");
    f.sources[0].mirrors.count = 1;
    CHECK_INT(fixture_run(&f), LM_MISMATCH);
    CHECK_HAS(f.err.text, "no location will do");
    CHECK_HAS(f.err.text, "gone");
    CHECK_HAS(f.err.text, "wrong has sha256");
    fixture_close(&f);
}

static void test_cancel(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f, 1);
    REQUIRE(put(&f, "my.txt", "hello\n"));
    f.sources[0].path = at(&f, "my.txt");
    long polls = 0;
    for (; polls < 20; polls++) {
        f.cancel_after = polls;
        enum lm_status status = fixture_run(&f);
        if (status == LM_OK)
            break;
        CHECK_INT(status, LM_CANCELLED);
        CHECK_STR(manifest(&f), "");
    }
    CHECK(polls > 0 && polls < 20);
    fixture_close(&f);
}

static void test_jargon_file(struct tap *tap)
{
    struct fixture f;
    if (access("/usr/share/dictd/jargon.dict.dz", R_OK) != 0)
        SKIP("the package dict-jargon is not installed");
    fixture_open(&f, 1);
    f.sources[0].url = "file:///usr/share/dictd/jargon.dict.dz";
    f.sources[0].sha256 = "856ced964d3a3cfd79a3dc251df04365eefd848966e3ae94e58f2671d6e79ca5";
    CHECK_INT(fixture_run(&f), LM_OK);
    CHECK_INT(lm_ctx_result_value(f.ctx, "bytes"), 1418350);
    fixture_close(&f);
}

/* ---- rules of the spec ---- */

static void check_rule(struct tap *tap, const struct lm_download_source *source,
                       const char *complaint)
{
    struct fixture f;
    fixture_open(&f, 2);
    f.sources[0].path = "/a";
    if (source != NULL)
        f.sources[1] = *source;
    else
        f.params.sources.count = 0;
    struct lm_err err = {0};
    CHECK(lm_stage_download.resolve(&f.params, f.arena, &err) != LM_OK);
    CHECK_HAS(err.text, complaint);
    CHECK(strncmp(err.text, complaint, strlen(complaint)) == 0);
    fixture_close(&f);
}

static void test_rules(struct tap *tap)
{
    static const char *mirrors[] = {"https://b/", "ftp://c/"};
    static const char pin[] = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    struct lm_download_source good = {.name = "x",
                                      .url = "https://a/",
                                      .path = "",
                                      .sha256 = pin,
                                      .license = "",
                                      .size = LM_UNSET_INT};
    struct lm_download_source s;
    check_rule(tap, NULL, "sources: is empty");
    s = good, s.name = "X";
    check_rule(tap, &s, "sources.1.name: must be");
    s = good, s.name = "source0";
    check_rule(tap, &s, "sources.1.name: 'source0' is also");
    s = good, s.path = "/b";
    check_rule(tap, &s, "sources.1.path: give exactly one");
    s = good, s.url = "";
    check_rule(tap, &s, "sources.1.url: give exactly one");
    s = good, s.sha256 = "12";
    check_rule(tap, &s, "sources.1.sha256: must be 64 hex digits");
    s = good, s.sha256 = "";
    check_rule(tap, &s, "sources.1.sha256: is missing");
    s = good, s.allow_unpinned = true;
    check_rule(tap, &s, "sources.1.allow_unpinned: contradicts");
    s = good, s.sha256 = "", s.allow_unpinned = true, s.url = "http://a/";
    check_rule(tap, &s, "sources.1.url: http:// can be altered");
    s = good, s.url = "ftp://a/";
    check_rule(tap, &s, "sources.1.url: must begin with");
    s = good, s.mirrors = (struct lm_list){mirrors, 2};
    check_rule(tap, &s, "sources.1.mirrors.1: must begin with");
    s.sha256 = "", s.allow_unpinned = true;
    check_rule(tap, &s, "sources.1.mirrors: without sha256");
    s = good, s.size = -1;
    check_rule(tap, &s, "sources.1.size: must not be negative");
}

static const struct tap_test tests[] = {
    TAP_ROW(test_file_by_path) TAP_ROW(test_file_by_url_and_pin)
        TAP_ROW(test_unpinned_prints_the_pin) TAP_ROW(test_every_compression)
            TAP_ROW(test_gzip_of_several_members) TAP_ROW(test_every_archive)
                TAP_ROW(test_names_of_every_script) TAP_ROW(test_folder_and_its_pin)
                    TAP_ROW(test_include) TAP_ROW(test_several_sources_keep_their_order)
                        TAP_ROW(test_hostile_names) TAP_ROW(test_include_passes_bad_names)
                            TAP_ROW(test_encrypted_members) TAP_ROW(test_hostile_long_names)
                                TAP_ROW(test_links_and_devices_are_left_out)
                                    TAP_ROW(test_duplicates) TAP_ROW(test_bombs)
                                        TAP_ROW(test_packed_twice) TAP_ROW(test_truncated_archives)
                                            TAP_ROW(test_missing_and_odd_files)
                                                TAP_ROW(test_mirror_files) TAP_ROW(test_cancel)
                                                    TAP_ROW(test_jargon_file) TAP_ROW(test_rules)};
LM_TEST_FILE(tests)
