#include "task_pack.h"

/* A text: its first `shared` rows are those of the text before it, the others its own. Of the last
 * row that it shares it may want another target: which, or -1. */
struct task_pack_text {
    size_t shared, length, first;
    int32_t other;
};

/* Values of `from` that are no row: the row stands behind the one before it, or begins a text. */
enum { BEHIND_LAST = -2, BEHIND_NONE = -1 };

enum lm_status task_pack_create(struct task_pack *pack, struct lm_arena *arena, size_t room,
                                size_t context, struct lm_err *err)
{
    *pack = (struct task_pack){.room = room, .context = context};
    pack->tokens = LM_NEW_ARRAY(arena, int32_t, 9 * room + 5 * context);
    pack->text = LM_NEW_ARRAY(arena, struct task_pack_text, room);
    if (pack->tokens == NULL || pack->text == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to score tasks; give a smaller batch");
    pack->targets = pack->tokens + room;
    pack->from = pack->targets + room;
    pack->lengths = pack->from + room;
    pack->prefixes = pack->lengths + room;
    pack->segment_of = pack->prefixes + room;
    pack->others = pack->segment_of + room;
    pack->other_targets = pack->others + room;
    pack->other_next = pack->other_targets + room;
    pack->fresh_tokens = pack->other_next + room;
    pack->fresh_targets = pack->fresh_tokens + context;
    pack->path = pack->fresh_targets + context;
    pack->path_targets = pack->path + context;
    pack->path_places = pack->path_targets + context;
    return LM_OK;
}

void task_pack_clear(struct task_pack *pack)
{
    pack->rows = pack->texts = pack->path_length = pack->other_count = 0;
}

/* Whether the last text's row `t` has the fresh one's token. */
static bool is_alike(const struct task_pack *pack, size_t length, size_t t)
{
    return t < length && t < pack->path_length &&
           pack->tokens[pack->path[t]] == pack->fresh_tokens[t];
}

/* Rows of the last text that are also the fresh one's: the same token, place and target. */
static size_t count_shared(const struct task_pack *pack, size_t length)
{
    size_t t = 0;
    while (is_alike(pack, length, t) && pack->path_targets[t] == pack->fresh_targets[t])
        t++;
    return t;
}

/* Another target of a row. */
static int32_t add_other(struct task_pack *pack, int32_t row, int32_t target)
{
    int32_t other = (int32_t)pack->other_count++;
    pack->other_targets[other] = target;
    pack->other_next[other] = pack->others[row];
    pack->others[row] = other;
    return other;
}

bool task_pack_add(struct task_pack *pack, size_t length)
{
    size_t shared = count_shared(pack, length);
    bool has_other = is_alike(pack, length, shared) && pack->path_targets[shared] >= 0 &&
                     pack->fresh_targets[shared] >= 0;
    shared += has_other ? 1 : 0;
    if (length - shared > pack->room - pack->rows || pack->texts == pack->room)
        return false;
    struct task_pack_text *text = &pack->text[pack->texts++];
    *text = (struct task_pack_text){shared, length, pack->rows, -1};
    if (has_other) {
        text->other = add_other(pack, pack->path[shared - 1], pack->fresh_targets[shared - 1]);
        pack->path_targets[shared - 1] = pack->fresh_targets[shared - 1];
    }
    for (size_t t = shared; t < length; t++, pack->rows++) {
        pack->tokens[pack->rows] = pack->fresh_tokens[t];
        pack->targets[pack->rows] = pack->path_targets[t] = pack->fresh_targets[t];
        pack->others[pack->rows] = -1;
        pack->from[pack->rows] = BEHIND_LAST;
        if (t == shared)
            pack->from[pack->rows] = t > 0 ? pack->path[t - 1] : BEHIND_NONE;
        pack->path[t] = (int32_t)pack->rows;
    }
    /* what another text goes on from must end there: the row behind it begins a segment */
    int32_t next = shared > 0 ? pack->path[shared - 1] + 1 : 0;
    if (shared < length && shared > 0 && pack->from[next] == BEHIND_LAST)
        pack->from[next] = next - 1;
    pack->path_length = length;
    return true;
}

struct lm_packed_texts task_pack_texts(struct task_pack *pack)
{
    size_t segments = 0;
    for (size_t row = 0; row < pack->rows; row++) {
        int32_t from = pack->from[row];
        if (from != BEHIND_LAST) {
            pack->lengths[segments] = 0;
            pack->prefixes[segments++] = from < 0 ? -1 : pack->segment_of[from];
        }
        pack->lengths[segments - 1]++;
        pack->segment_of[row] = (int32_t)segments - 1;
    }
    return (struct lm_packed_texts){.tokens = pack->tokens,
                                    .targets = pack->targets,
                                    .lengths = pack->lengths,
                                    .prefixes = pack->prefixes,
                                    .count = segments,
                                    .others = pack->others,
                                    .other_targets = pack->other_targets,
                                    .other_next = pack->other_next,
                                    .other_count = pack->other_count};
}

const int32_t *task_pack_path(struct task_pack *pack, size_t i, size_t *length)
{
    const struct task_pack_text *text = &pack->text[i];
    int32_t *places = pack->path_places;
    if (text->other >= 0)
        places[text->shared - 1] = (int32_t)pack->rows + text->other;
    for (size_t t = text->shared; t < text->length; t++)
        places[t] = (int32_t)(text->first + t - text->shared);
    *length = text->length;
    return places;
}
