/** The stage type `download`: descriptor, parameter rows and their rules; no library is touched. */
#include "download.h"

#include <stdio.h>
#include <string.h>

#include <lmpipe/hash.h>
#include <lmpipe/stage.h>

#define S(f) LM_FIELD(struct lm_download_source, f)
#define A(f) LM_FIELD(struct lm_download_auth, f)
#define P(f) LM_FIELD(struct lm_download_params, f)
#define KIB INT64_C(1024)

static const struct lm_param auth_rows[] = {
    {A(bearer_env), .also = "token_env token bearer env", .type = LM_P_STR,
     .flags = LM_PARAM_SECRET, .def_str = "",
     .help = "name of the environment variable that holds a token for the host of url"},
    {0},
};

static const struct lm_param source_rows[] = {
    {S(name), .type = LM_P_STR, .flags = LM_PARAM_REQUIRED,
     .help = "short name, [a-z0-9_-]+; the folder of its files and its row in the data card"},
    {S(url), .also = "uri href", .type = LM_P_URL, .flags = LM_PARAM_ENV, .def_str = "",
     .pinned_by = "sha256", .sized_by = "size", .hidden_by = "sums",
     .help = "https:// or file:// location; http:// only with sha256"},
    {S(path), .also = "file filename", .type = LM_P_PATH, .flags = LM_PARAM_ENV, .def_str = "",
     .pinned_by = "sha256", .sized_by = "size", .hidden_by = "sums",
     .help = "local file, or folder of text files; instead of url"},
    {S(urls), .also = "url_list", .type = LM_P_PATH, .flags = LM_PARAM_ENV | LM_PARAM_COMPACT,
     .def_str = "", .hidden_by = "sums", .help = "file of locations, one a line; instead of url"},
    {S(sums), .also = "sha256sums checksums", .type = LM_P_PATH,
     .flags = LM_PARAM_ENV | LM_PARAM_COMPACT, .def_str = "",
     .help = "file as sha256sum prints it: the files of the folder that url is, and their pins"},
    {S(mirrors), .type = LM_P_LIST, .item = LM_P_URL, .flags = LM_PARAM_ENV | LM_PARAM_NOT_IN_KEY,
     .pinned_by = "sha256", .sized_by = "size",
     .help = "further locations of the same bytes, tried in order; needs sha256"},
    {S(sha256), .also = "hash checksum digest", .type = LM_P_STR, .def_str = "",
     .help = "SHA-256 of the file as fetched, before unpacking; 64 hex digits",
     .source = "FIPS 180-4"},
    {S(size), .also = "bytes", .type = LM_P_SIZE, .flags = LM_PARAM_NOT_IN_KEY,
     .def_int = LM_UNSET_INT, .unit = "bytes",
     .help = "size of the file as fetched; checked when given"},
    {S(license), .also = "licence", .type = LM_P_STR, .def_str = "unspecified",
     .help = "licence in words or as an SPDX identifier, for the data card"},
    {S(include), .also = "members glob", .type = LM_P_LIST, .item = LM_P_STR,
     .help = "members of an archive or folder to take: globs, where * matches / too"},
    {S(allow_unpinned), .type = LM_P_BOOL, .flags = LM_PARAM_NOT_IN_KEY,
     .help = "accept a url without sha256; the line to pin it with is printed"},
    {S(unpack), .also = "extract decompress", .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .def_bool = true,
     .help = "take archives apart and out of their compression; false: as fetched"},
    {S(auth), .also = "token headers", .type = LM_P_RECORD, .flags = LM_PARAM_NOT_IN_KEY,
     .fields = auth_rows, .fields_size = sizeof(struct lm_download_auth),
     .help = "how to prove that one may read it, as {bearer_env: HF_TOKEN}"},
    {0},
};

static const struct lm_param rows[] = {
    {P(sources), .also = "source datasets files", .type = LM_P_LIST, .item = LM_P_RECORD,
     .flags = LM_PARAM_REQUIRED, .fields = source_rows,
     .fields_size = sizeof(struct lm_download_source),
     .help = "where the text comes from, in the order of the corpus"},
    {P(max_bytes), .type = LM_P_SIZE, .flags = LM_PARAM_NOT_IN_KEY, .def_int = 16 * KIB * KIB * KIB,
     .min = 1, .max = 0x1p50, .unit = "bytes",
     .help = "most bytes a source may have as fetched, and the corpus as unpacked"},
    {P(max_files), .type = LM_P_INT, .flags = LM_PARAM_NOT_IN_KEY, .def_int = 100000, .min = 1,
     .max = 1e6, .unit = "files", .help = "most files the corpus may have"},
    {P(parallel), .also = "jobs concurrency connections", .type = LM_P_INT,
     .flags = LM_PARAM_NOT_IN_KEY, .def_int = 4, .min = 1, .max = LM_DOWNLOAD_PARALLEL,
     .unit = "transfers", .help = "transfers at once"},
    {P(per_host), .type = LM_P_INT, .flags = LM_PARAM_NOT_IN_KEY, .def_int = 2, .min = 1,
     .max = LM_DOWNLOAD_PARALLEL, .unit = "transfers", .help = "of these, with one host"},
    {P(max_rate), .also = "rate rate_limit limit_rate bandwidth", .type = LM_P_SIZE,
     .flags = LM_PARAM_NOT_IN_KEY, .def_int = LM_UNSET_INT, .min = 1024, .max = 0x1p50,
     .unit = "bytes/s",
     .help = "most bytes a second of all transfers together; any when not given"},
    {P(retries), .type = LM_P_INT, .flags = LM_PARAM_NOT_IN_KEY, .def_int = 4, .max = 100,
     .unit = "rounds", .help = "further rounds over url and mirrors after a failure that may pass"},
    {P(retry_delay), .type = LM_P_DURATION, .flags = LM_PARAM_NOT_IN_KEY, .def_float = 1,
     .max = 3600, .unit = "seconds",
     .help = "longest wait before the first retry; doubles up to 60 s; Retry-After is honoured"},
    {P(connect_timeout), .type = LM_P_DURATION, .flags = LM_PARAM_NOT_IN_KEY, .def_float = 10,
     .min = 0.001, .max = 3600, .unit = "seconds", .help = "longest wait for a connection"},
    {P(stall_timeout), .type = LM_P_DURATION, .flags = LM_PARAM_NOT_IN_KEY, .def_float = 30,
     .min = 1, .max = 3600, .unit = "seconds",
     .help = "give up on a transfer slower than 1 KiB/s for this long"},
    {P(ca_file), .type = LM_P_PATH, .flags = LM_PARAM_ENV | LM_PARAM_NOT_IN_KEY, .def_str = "",
     .help = "PEM file of certificates to trust instead of the system's"},
    {0},
};

static const struct lm_port inputs[] = {{0}};

static const struct lm_port outputs[] = {
    {.name = "corpus",
     .kind = "corpus",
     .flags = LM_PORT_FOLDER,
     .help = "manifest.json and files/SOURCE/MEMBER"},
    {0},
};

static const struct lm_metric_row metrics[] = {
    {"sources", NULL, LM_BETTER_NONE, "sources that were fetched"},
    {"files", NULL, LM_BETTER_NONE, "files of the corpus"},
    {"bytes", "bytes", LM_BETTER_NONE, "size of the corpus as unpacked"},
    {NULL},
};

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool name_is_sound(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= 64 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

/** A location must be one this stage can read, and http:// only under a pin. */
static enum lm_status check_url(const char *url, bool pinned, size_t i, const char *field,
                                struct lm_err *err)
{
    if (starts_with(url, "file:///") || starts_with(url, "file://localhost/") ||
        starts_with(url, "https://"))
        return LM_OK;
    if (!starts_with(url, "http://"))
        return lm_fail_field(err, LM_INVALID,
                             "sources.%zu.%s: must begin with https://, file:/// or http://; "
                             "use path for a local file",
                             i, field);
    if (!pinned)
        return lm_fail_field(err, LM_INVALID,
                             "sources.%zu.%s: http:// can be altered on its way; add sha256 or use "
                             "https://",
                             i, field);
    return LM_OK;
}

/** Beside lists, what is of one file alone has no meaning. */
static enum lm_status check_list(const struct lm_download_source *source, size_t i,
                                 struct lm_err *err)
{
    const char *list = given(source->sums) ? "sums" : "urls";
    if (!given(source->sums) && !given(source->urls))
        return LM_OK;
    if (given(source->sha256))
        return lm_fail_field(err, LM_INVALID,
                             "sources.%zu.sha256: is of one file, and %s gives several; sums pins "
                             "them",
                             i, list);
    if (source->size != LM_UNSET_INT)
        return lm_fail_field(err, LM_INVALID,
                             "sources.%zu.size: is of one file, and %s gives several; remove it", i,
                             list);
    if (given(source->urls) && source->mirrors.count > 0)
        return lm_fail_field(err, LM_INVALID,
                             "sources.%zu.mirrors: stand in the file that urls names, too; remove "
                             "it",
                             i);
    return LM_OK;
}

static enum lm_status check_pin(const struct lm_download_source *source, size_t i,
                                struct lm_err *err)
{
    struct lm_digest digest;
    bool pinned = given(source->sha256) || given(source->sums);
    const char *pin = given(source->urls) ? "sums" : "sha256";
    if (given(source->sha256) && !lm_digest_parse(&digest, source->sha256))
        return lm_fail_field(
            err, LM_INVALID,
            "sources.%zu.sha256: must be 64 hex digits; `sha256sum FILE` prints them", i);
    if (pinned && source->allow_unpinned)
        return lm_fail_field(err, LM_INVALID,
                             "sources.%zu.allow_unpinned: contradicts %s; remove one of the two", i,
                             given(source->sums) ? "sums" : "sha256");
    if (!pinned && !given(source->path) && !source->allow_unpinned)
        return lm_fail_field(
            err, LM_INVALID,
            "sources.%zu.%s: is missing; add it, or allow_unpinned: true to have it "
            "printed",
            i, pin);
    if (!pinned && source->mirrors.count > 0)
        return lm_fail_field(
            err, LM_INVALID,
            "sources.%zu.mirrors: without sha256 nothing says that mirrors hold the "
            "same bytes; add sha256",
            i);
    return LM_OK;
}

/** A pasted token must neither work nor be shown. */
static enum lm_status check_auth(const struct lm_download_source *source, size_t i,
                                 struct lm_err *err)
{
    const char *name = source->auth.bearer_env;
    if (!given(name))
        return LM_OK;
    if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(name) ||
        (name[0] >= '0' && name[0] <= '9'))
        return lm_fail_field(err, LM_INVALID,
                             "sources.%zu.auth.bearer_env: must be the name of an environment "
                             "variable (A-Z, 0-9, _), not a token",
                             i);
    if (given(source->path) || starts_with(source->url, "file:"))
        return lm_fail_field(err, LM_INVALID,
                             "sources.%zu.auth: is for locations on the network; remove it", i);
    return LM_OK;
}

static enum lm_status check_places(const struct lm_download_source *source, size_t i,
                                   struct lm_err *err)
{
    int places = given(source->url) + given(source->path) + given(source->urls);
    if (places != 1)
        return lm_fail_field(err, LM_INVALID,
                             "sources.%zu.%s: give exactly one of url, path and urls", i,
                             places == 0 || !given(source->url) ? "url"
                             : given(source->path)              ? "path"
                                                                : "urls");
    LM_TRY(check_list(source, i, err));
    LM_TRY(check_pin(source, i, err));
    bool pinned = given(source->sha256) || given(source->sums);
    if (given(source->url))
        LM_TRY(check_url(source->url, pinned, i, "url", err));
    const char *const *mirrors = source->mirrors.items;
    for (size_t m = 0; m < source->mirrors.count; m++) {
        char field[40];
        snprintf(field, sizeof field, "mirrors.%zu", m);
        LM_TRY(check_url(mirrors[m], true, i, field, err));
    }
    return LM_OK;
}

static enum lm_status check_source(const struct lm_download_source *source, size_t i,
                                   struct lm_err *err)
{
    if (!name_is_sound(source->name))
        return lm_fail_field(err, LM_INVALID,
                             "sources.%zu.name: must be 1 to 64 of a-z, 0-9, _ and -", i);
    LM_TRY(check_places(source, i, err));
    LM_TRY(check_auth(source, i, err));
    if (source->size != LM_UNSET_INT && source->size < 0)
        return lm_fail_field(err, LM_RANGE, "sources.%zu.size: must not be negative", i);
    if (!source->unpack && source->include.count > 0 && !given(source->sums) &&
        !given(source->urls) && !given(source->path))
        return lm_fail_field(err, LM_INVALID,
                             "sources.%zu.include: chooses members, and unpack: false leaves the "
                             "file whole; remove one of the two",
                             i);
    return LM_OK;
}

/** One spelling of a pin, so that the key does not depend on the case of its digits. */
static enum lm_status fold_pin(struct lm_download_source *source, struct lm_arena *arena,
                               struct lm_err *err)
{
    struct lm_digest digest;
    if (!lm_digest_parse(&digest, source->sha256))
        return LM_OK; /* not pinned */
    char *hex = lm_arena_alloc(arena, LM_DIGEST_HEX);
    if (hex == NULL)
        return lm_fail_field(err, LM_NOMEM, "sources: out of memory");
    lm_digest_hex(hex, &digest);
    source->sha256 = hex;
    return LM_OK;
}

static enum lm_status resolve(void *params, struct lm_arena *arena, struct lm_err *err)
{
    const struct lm_download_params *p = params;
    struct lm_download_source *sources = p->sources.items;
    if (p->sources.count == 0)
        return lm_fail_field(err, LM_INVALID, "sources: is empty; name at least one source");
    for (size_t i = 0; i < p->sources.count; i++) {
        LM_TRY(check_source(&sources[i], i, err));
        LM_TRY(fold_pin(&sources[i], arena, err));
        for (size_t j = 0; j < i; j++)
            if (strcmp(sources[i].name, sources[j].name) == 0)
                return lm_fail_field(
                    err, LM_INVALID,
                    "sources.%zu.name: '%s' is also the name of sources.%zu; names must "
                    "differ",
                    i, sources[i].name, j);
    }
    return LM_OK;
}

static const struct lm_stage_cost cost = {.pace = 200e6, .memory = 11e6, .sizes = {1.0}};

extern const struct lm_stage lm_stage_download;
const struct lm_stage lm_stage_download = {
    .name = "download",
    .version = 1,
    .summary = "fetch pinned text by https, file or path, and unpack it",
    .flags = LM_STAGE_NETWORK,
    .max_threads = 1,
    .inputs = inputs,
    .outputs = outputs,
    .params = rows,
    .params_size = sizeof(struct lm_download_params),
    .metrics = metrics,
    .resolve = resolve,
    .cost = &cost,
};
