#include "encode_source.h"

#include "base/io.h"
#include "base/json.h"

#define LARGEST_CARD ((size_t)1 << 28)

static enum lm_status fill(struct encode_source *source, struct lm_arena *arena,
                           const struct lm_json *json, struct lm_err *err)
{
    const char *name = lm_json_string(lm_json_get(json, "name"), NULL);
    for (size_t split = 0; split < LM_SPLITS; split++)
        source->documents[split] = lm_json_int(lm_json_get(json, lm_split_names[split]), -1);
    if (name == NULL || source->documents[LM_TRAIN] < 0 || source->documents[LM_VALID] < 0 ||
        source->documents[LM_TEST] < 0)
        return lm_fail(err, LM_INVALID,
                       "sources: the data card does not tell the documents of each split by "
                       "source; connect the card of a clean stage");
    source->name = lm_arena_strdup(arena, name);
    return source->name != NULL ? LM_OK
                                : lm_fail(err, LM_NOMEM, "no memory for sources; free some");
}

enum lm_status encode_sources_read(struct encode_source **out, size_t *count,
                                   struct lm_arena *arena, const char *path, struct lm_err *err)
{
    struct lm_json *card = NULL;
    char *text;
    size_t size;
    LM_TRY(lm_file_read(&text, &size, arena, path, LARGEST_CARD, err));
    enum lm_status status = lm_json_parse(&card, text, size, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "sources");
    const struct lm_json *sources = lm_json_get(card, "sources");
    struct encode_source *list = LM_NEW_ARRAY(arena, struct encode_source, lm_json_count(sources));
    for (size_t i = 0; list != NULL && i < lm_json_count(sources) && status == LM_OK; i++)
        status = fill(&list[i], arena, lm_json_at(sources, i), err);
    *out = list;
    *count = lm_json_count(sources);
    lm_json_free(card);
    return list != NULL ? status : lm_fail(err, LM_NOMEM, "no memory for sources; free some");
}
