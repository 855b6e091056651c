#include "wanted.h"

#include <string.h>

#include "base/glob.h"
#include "base/io.h"
#include "base/name_map.h"
#include "base/url.h"

#include "member.h"
#include "source_list.h"

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory for a list of files");
}

/** What is being built. */
struct builder {
    struct lm_wanted_list *out;
    struct lm_arena *arena;
    const struct lm_download_source *source;
    size_t index;
    struct lm_err *err;
};

/** One that `pin` and `size` are not known of yet. */
static struct lm_wanted blank(const struct builder *b)
{
    return (struct lm_wanted){.source = b->source,
                              .index = b->index,
                              .sha256 = "",
                              .pinned_at = "",
                              .size = LM_UNSET_INT};
}

/* ---- one file ---- */

static enum lm_status take_one(struct builder *b)
{
    const struct lm_download_source *source = b->source;
    const char *const *mirrors = source->mirrors.items;
    struct lm_wanted *wanted = LM_NEW_ARRAY(b->arena, struct lm_wanted, 1);
    size_t count = 1 + source->mirrors.count;
    if (wanted == NULL)
        return no_memory(b->err);
    *wanted = blank(b);
    wanted->locations = LM_NEW_ARRAY(b->arena, struct lm_location, count);
    wanted->count = count;
    wanted->size = source->size;
    wanted->sha256 = source->sha256;
    wanted->pinned = given(source->sha256);
    wanted->pinned_at = lm_arena_printf(b->arena, "sources.%zu.sha256", b->index);
    if (wanted->pinned && !lm_digest_parse(&wanted->pin, source->sha256))
        return lm_fail(b->err, LM_INVALID, "sources.%zu.sha256: must be 64 hex digits", b->index);
    if (wanted->locations == NULL || wanted->pinned_at == NULL)
        return no_memory(b->err);
    if (given(source->path))
        wanted->locations[0] = lm_location_of_path(source->path);
    else
        LM_TRY(lm_location_of_url(&wanted->locations[0], b->arena, source->url, b->err));
    for (size_t i = 1; i < count; i++)
        LM_TRY(lm_location_of_url(&wanted->locations[i], b->arena, mirrors[i - 1], b->err));
    *b->out = (struct lm_wanted_list){wanted, 1};
    return LM_OK;
}

/* ---- the files of a list ---- */

/** Without `include` all that are not hidden. */
static bool is_included(const struct lm_download_source *source, const char *name)
{
    const char *const *globs = source->include.items;
    for (size_t i = 0; i < source->include.count; i++)
        if (lm_glob_matches(globs[i], name))
            return true;
    return source->include.count == 0 && !lm_member_is_hidden(name);
}

static enum lm_status add(struct builder *b, const char *name, size_t locations)
{
    struct lm_wanted *wanted = &b->out->items[b->out->count];
    *wanted = blank(b);
    wanted->name = name;
    wanted->locations = LM_NEW_ARRAY(b->arena, struct lm_location, locations);
    if (wanted->locations == NULL)
        return no_memory(b->err);
    b->out->count++;
    return LM_OK;
}

static enum lm_status pin(struct builder *b, struct lm_wanted *wanted, const struct lm_sum *sum)
{
    wanted->pinned = lm_digest_parse(&wanted->pin, sum->sha256);
    wanted->sha256 = sum->sha256;
    wanted->pinned_at =
        lm_arena_printf(b->arena, "%s:%zu", lm_path_base(b->source->sums), sum->line);
    return wanted->pinned_at != NULL ? LM_OK : no_memory(b->err);
}

/** Those that sums name, in the folders that url or path and mirrors are. */
static enum lm_status place_in_folders(struct builder *b, struct lm_wanted *wanted)
{
    const struct lm_download_source *source = b->source;
    const char *const *mirrors = source->mirrors.items;
    for (size_t i = 0; i <= source->mirrors.count; i++) {
        const char *base = i > 0 ? mirrors[i - 1] : source->url;
        bool path = i == 0 && given(source->path);
        const char *place = path ? lm_path_join(b->arena, source->path, wanted->name)
                                 : lm_url_join(b->arena, base, wanted->name);
        struct lm_location *location = &wanted->locations[wanted->count++];
        if (place == NULL)
            return no_memory(b->err);
        if (path)
            *location = lm_location_of_path(place);
        else
            LM_TRY(lm_location_of_url(location, b->arena, place, b->err));
    }
    return LM_OK;
}

/** The place in `map` of the longest name that the path of an address ends in. */
static size_t find_name(const struct lm_name_map *map, const char *path)
{
    for (const char *p = strchr(path, '/'); p != NULL; p = strchr(p + 1, '/')) {
        size_t found = lm_name_map_find(map, p + 1);
        if (found != SIZE_MAX)
            return found;
    }
    return SIZE_MAX;
}

/** Which file of the sums each address leads to; an address that leads to none is an error. */
static enum lm_status match_urls(struct builder *b, const struct lm_url_lines *urls, size_t *of,
                                 size_t *uses, const struct lm_sums *sums)
{
    struct lm_name_map map = {0};
    lm_name_map_init(&map, b->arena);
    for (size_t i = 0; i < sums->count; i++)
        if (!lm_name_map_put(&map, sums->items[i].name, i))
            return no_memory(b->err);
    for (size_t i = 0; i < urls->count; i++) {
        const char *path = lm_url_path(b->arena, urls->items[i].url);
        of[i] = path != NULL ? find_name(&map, path) : SIZE_MAX;
        if (of[i] == SIZE_MAX)
            return lm_fail(b->err, LM_INVALID, "%s:%zu: no line of %s is of %s; add its sum",
                           lm_path_base(b->source->urls), urls->items[i].line,
                           lm_path_base(b->source->sums),
                           lm_url_show(b->arena, urls->items[i].url));
        uses[of[i]]++;
    }
    return LM_OK;
}

/** The addresses of a list, each with the file of the sums that it leads to; several of one file
 * are mirrors of one another. */
static enum lm_status place_by_urls(struct builder *b, const struct lm_sums *sums)
{
    struct lm_url_lines urls;
    LM_TRY(lm_url_lines_read(&urls, b->arena, b->source->urls, b->err));
    size_t *of = LM_NEW_ARRAY(b->arena, size_t, urls.count);
    size_t *uses = LM_NEW_ARRAY(b->arena, size_t, sums->count);
    struct lm_wanted **wanted = LM_NEW_ARRAY(b->arena, struct lm_wanted *, sums->count);
    if (of == NULL || uses == NULL || wanted == NULL)
        return no_memory(b->err);
    LM_TRY(match_urls(b, &urls, of, uses, sums));
    for (size_t i = 0; i < sums->count; i++) {
        if (!is_included(b->source, sums->items[i].name))
            continue;
        if (uses[i] == 0)
            return lm_fail(
                b->err, LM_INVALID,
                "%s:%zu: no address of %s leads to \"%s\"; add one, or leave it out with "
                "include",
                lm_path_base(b->source->sums), sums->items[i].line, lm_path_base(b->source->urls),
                sums->items[i].name);
        wanted[i] = &b->out->items[b->out->count];
        LM_TRY(add(b, sums->items[i].name, uses[i]));
        LM_TRY(pin(b, wanted[i], &sums->items[i]));
    }
    for (size_t i = 0; i < urls.count; i++) {
        struct lm_wanted *to = wanted[of[i]];
        if (to != NULL)
            LM_TRY(lm_location_of_url(&to->locations[to->count++], b->arena, urls.items[i].url,
                                      b->err));
    }
    return LM_OK;
}

static enum lm_status take_sums(struct builder *b)
{
    struct lm_sums sums;
    LM_TRY(lm_sums_read(&sums, b->arena, b->source->sums, b->err));
    b->out->items = LM_NEW_ARRAY(b->arena, struct lm_wanted, sums.count);
    if (b->out->items == NULL)
        return no_memory(b->err);
    if (given(b->source->urls))
        return place_by_urls(b, &sums);
    for (size_t i = 0; i < sums.count; i++) {
        struct lm_wanted *wanted = &b->out->items[b->out->count];
        if (!is_included(b->source, sums.items[i].name))
            continue;
        LM_TRY(add(b, sums.items[i].name, 1 + b->source->mirrors.count));
        LM_TRY(pin(b, wanted, &sums.items[i]));
        LM_TRY(place_in_folders(b, wanted));
    }
    return LM_OK;
}

/* ---- addresses without sums ---- */

/** How many bytes all paths begin with, up to and with a slash; names are what follows. */
static size_t common_folder(const char *const *paths, size_t count)
{
    size_t common = strlen(paths[0]);
    for (size_t i = 1; i < count; i++) {
        size_t n = 0;
        while (n < common && paths[i][n] == paths[0][n])
            n++;
        common = n;
    }
    while (common > 0 && paths[0][common - 1] != '/')
        common--;
    return common;
}

static enum lm_status name_line(struct builder *b, const char **name, const char *path,
                                const struct lm_url_line *line, struct lm_name_map *map)
{
    struct lm_err fault = {0};
    const char *list = lm_path_base(b->source->urls);
    enum lm_status status = lm_member_clean(name, b->arena, path, &fault);
    if (status != LM_OK)
        return lm_fail(b->err, status, "%s:%zu: its name %s", list, line->line, fault.text);
    size_t known = lm_name_map_find(map, *name);
    if (known != SIZE_MAX)
        return lm_fail(b->err, LM_INVALID,
                       "%s:%zu: leads to the same name as line %zu; remove one of the two", list,
                       line->line, known);
    return lm_name_map_put(map, *name, line->line) ? LM_OK : no_memory(b->err);
}

static enum lm_status take_urls(struct builder *b)
{
    struct lm_url_lines urls;
    struct lm_name_map map = {0};
    lm_name_map_init(&map, b->arena);
    LM_TRY(lm_url_lines_read(&urls, b->arena, b->source->urls, b->err));
    const char **paths = LM_NEW_ARRAY(b->arena, const char *, urls.count);
    b->out->items = LM_NEW_ARRAY(b->arena, struct lm_wanted, urls.count);
    if (paths == NULL || b->out->items == NULL)
        return no_memory(b->err);
    for (size_t i = 0; i < urls.count; i++) {
        paths[i] = lm_url_path(b->arena, urls.items[i].url);
        size_t n = paths[i] != NULL ? strlen(paths[i]) : 0;
        if (n == 0 || paths[i][n - 1] == '/')
            return lm_fail(b->err, LM_INVALID, "%s:%zu: ends in no name of a file",
                           lm_path_base(b->source->urls), urls.items[i].line);
        if (strncmp(urls.items[i].url, "http://", 7) == 0)
            return lm_fail(b->err, LM_INVALID,
                           "%s:%zu: http:// can be altered on its way; pin it by sums, or use "
                           "https://",
                           lm_path_base(b->source->urls), urls.items[i].line);
    }
    size_t common = common_folder(paths, urls.count);
    for (size_t i = 0; i < urls.count; i++) {
        const char *name = NULL;
        LM_TRY(name_line(b, &name, paths[i] + common, &urls.items[i], &map));
        if (!is_included(b->source, name))
            continue;
        struct lm_wanted *wanted = &b->out->items[b->out->count];
        LM_TRY(add(b, name, 1));
        wanted->count = 1;
        LM_TRY(lm_location_of_url(wanted->locations, b->arena, urls.items[i].url, b->err));
    }
    return LM_OK;
}

enum lm_status lm_wanted_of(struct lm_wanted_list *out, struct lm_arena *arena,
                            const struct lm_download_source *source, size_t index,
                            struct lm_err *err)
{
    struct builder b = {out, arena, source, index, err};
    *out = (struct lm_wanted_list){0};
    if (!given(source->sums) && !given(source->urls))
        return take_one(&b);
    LM_TRY(given(source->sums) ? take_sums(&b) : take_urls(&b));
    return out->count > 0 ? LM_OK
                          : lm_fail(err, LM_INVALID,
                                    "no file of the list matches include; * matches any run of "
                                    "characters");
}
