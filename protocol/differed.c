#include "protocol/differed.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "protocol/event_line.h"

enum lm_status lm_differed_write(FILE *events, const struct lm_differed *differed,
                                 struct lm_err *err)
{
    struct lm_buf buf;
    struct lm_json_writer writer;
    lm_buf_init(&buf, 0);
    lm_json_begin(&writer, &buf, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "event", "differed");
    lm_json_member_string(&writer, "place", differed->place);
    lm_json_member_string(&writer, "stored", differed->stored);
    lm_json_member_string(&writer, "now", differed->now);
    lm_json_close(&writer, '}');
    return lm_event_line_write(events, &buf, "tell where files differ", err);
}

static const char *copy(const struct lm_json *root, const char *key, struct lm_arena *arena)
{
    const char *text = lm_json_string(lm_json_get(root, key), NULL);
    return text != NULL ? lm_arena_strdup(arena, text) : NULL;
}

enum lm_status lm_differed_read(struct lm_differed *out, struct lm_arena *arena, const char *text,
                                size_t size, struct lm_err *err)
{
    struct lm_json *root = NULL;
    LM_TRY(lm_json_parse(&root, text, size, err));
    const char *event = lm_json_string(lm_json_get(root, "event"), NULL);
    bool is_one = event != NULL && strcmp(event, "differed") == 0;
    *out = (struct lm_differed){copy(root, "place", arena), copy(root, "stored", arena),
                                copy(root, "now", arena)};
    lm_json_free(root);
    if (!is_one || out->place == NULL || out->stored == NULL || out->now == NULL)
        return lm_fail(err, LM_FORMAT, "not a line that tells where files differ");
    return LM_OK;
}
