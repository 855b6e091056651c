/* Local files that a spec pins by digest or size: are they still what it says? A key has the pin in
 * the place of the file, so a result hides that the file was edited since. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/url.h"
#include "param/param_rows.h"
#include "spec/spec.h"

struct pins {
    const struct lm_spec *spec;
    size_t stage;
    lm_file_digest_fn *digest;
    void *user;
    struct lm_diag_list *diags;
};

/** Path of the local file or folder a parameter names, in the arena; NULL: none, or nothing that
 *  can be read is there. */
static const char *local_path(struct lm_arena *arena, const struct lm_param_leaf *leaf,
                              struct stat *st)
{
    const char *text;
    if (leaf->type != LM_P_PATH && leaf->type != LM_P_URL)
        return NULL;
    memcpy(&text, leaf->value, sizeof text);
    if (text == NULL || text[0] == '\0')
        return NULL;
    const char *path = leaf->type == LM_P_URL ? lm_url_file(arena, text) : text;
    bool is_there = path != NULL && stat(path, st) == 0;
    return is_there && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) ? path : NULL;
}

/** Bytes of a file, or of all files of a folder; false when they cannot be counted. */
static bool count_bytes(int64_t *out, struct lm_arena *arena, const char *path,
                        const struct stat *st)
{
    struct lm_names names = {0};
    *out = st->st_size;
    if (!S_ISDIR(st->st_mode))
        return true;
    if (lm_dir_walk(&names, NULL, arena, path, NULL) != LM_OK)
        return false;
    *out = 0;
    for (size_t i = 0; i < names.count; i++) {
        struct stat file;
        const char *name = lm_path_join(arena, path, names.items[i]);
        if (name == NULL || stat(name, &file) != 0)
            return false;
        *out += file.st_size;
    }
    return true;
}

/** Says that `found` is there, where the sibling `row` of a parameter pins something else. */
static void warn(const struct pins *pins, const struct lm_param_leaf *leaf, const char *row,
                 const char *found)
{
    const struct lm_spec *spec = pins->spec;
    struct lm_arena *arena = pins->diags->arena;
    size_t length = strlen(leaf->name);
    for (int parts = leaf->item ? 2 : 1; parts > 0; parts--) {
        const char *dot = memrchr(leaf->name, '.', length);
        length = dot != NULL ? (size_t)(dot - leaf->name) : 0;
    }
    const char *name =
        lm_arena_printf(arena, "%.*s%s%s", (int)length, leaf->name, length > 0 ? "." : "", row);
    const char *field = lm_arena_printf(arena, "%s.%s", spec->stages[pins->stage].id, name);
    if (name == NULL || field == NULL) {
        pins->diags->failed = true;
        return;
    }
    struct lm_origin at = lm_spec_origin(spec, pins->stage, name);
    lm_diag_warn(pins->diags, &at, field,
                 "%s; a stored result hides this; restore the file or correct %s", found, row);
}

/** The path for people: as it is written with ${env.NAME}, else from the spec's folder. */
static const char *shown_path(const struct pins *pins, const struct lm_param_leaf *leaf,
                              const char *path)
{
    const struct lm_spec_value *given = lm_spec_value(pins->spec, pins->stage, leaf->name);
    const char *folder = lm_path_dir(pins->diags->arena, pins->spec->real);
    const char *below = folder != NULL ? lm_path_below(path, folder) : NULL;
    const char *written = given != NULL ? given->written : NULL;
    return lm_quote(pins->diags->arena, written != NULL ? written : below != NULL ? below : path);
}

static void visit(void *user, const struct lm_param_leaf *leaf)
{
    const struct pins *pins = user;
    struct lm_arena *arena = pins->diags->arena;
    struct lm_digest pin, digest;
    struct stat st;
    char hex[LM_DIGEST_HEX];
    int64_t size;
    bool pinned = leaf->pin != NULL && lm_digest_parse(&pin, leaf->pin);
    bool sized = leaf->size != LM_UNSET_INT;
    const char *path = pinned || sized ? local_path(arena, leaf, &st) : NULL;
    if (path == NULL)
        return;
    const char *shown = shown_path(pins, leaf, path);
    if (pinned && pins->digest(pins->user, &digest, path, NULL) == LM_OK &&
        lm_digest_compare(&pin, &digest) != 0) {
        lm_digest_hex(hex, &digest);
        warn(pins, leaf, leaf->row->pinned_by,
             lm_arena_printf(arena, "%s has another sha256 by now, %s", shown, hex));
    } else if (sized && count_bytes(&size, arena, path, &st) && size != leaf->size) {
        warn(pins, leaf, leaf->row->sized_by,
             lm_arena_printf(arena, "%s has %" PRId64 " bytes by now, not %" PRId64, shown, size,
                             leaf->size));
    }
}

void lm_spec_check_pins(const struct lm_spec *spec, size_t stage, lm_file_digest_fn *digest,
                        void *user, struct lm_diag_list *diags)
{
    struct pins pins = {spec, stage, digest, user, diags};
    const struct lm_spec_stage *s = &spec->stages[stage];
    if (s->is_pinned)
        lm_params_walk(s->type->params, s->params, visit, &pins);
}
