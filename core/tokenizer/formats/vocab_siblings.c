#include "tokenizer/formats/vocab_siblings.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "tokenizer/alphabet.h"
#include "tokenizer/formats/import_shared.h"

#define LARGEST_FILE ((size_t)16 << 20)

/* One file on its way. */
struct reading {
    struct lm_siblings *out;
    struct lm_arena *arena;
    const char *file;
    bool is_pair;
    enum lm_status status; /* of a visit */
    struct lm_err *err;
};

/* ---- tokens ---- */

static bool reserve(struct reading *reading)
{
    struct lm_siblings *out = reading->out;
    struct lm_named_token *tokens =
        lm_arena_grow(reading->arena, out->tokens, out->count, &out->capacity, sizeof *tokens);
    if (tokens != NULL)
        out->tokens = tokens;
    return tokens != NULL;
}

static enum lm_status add(struct reading *reading, const char *text, size_t size, int64_t id)
{
    if (text == NULL || size == 0)
        return lm_fail(reading->err, LM_FORMAT, "a token has no text; give it one");
    char *copy = lm_arena_alloc(reading->arena, size);
    if (copy == NULL || !reserve(reading))
        return lm_fail(reading->err, LM_NOMEM, "no memory for tokens; free some");
    memcpy(copy, text, size);
    reading->out->tokens[reading->out->count++] =
        (struct lm_named_token){copy, size, id, reading->file};
    return LM_OK;
}

/* "<s>", or {"content": "<s>", …}; anything else, such as null, names none. */
static enum lm_status add_name(struct reading *reading, const struct lm_json *value, int64_t id)
{
    size_t size = 0;
    const char *text = lm_json_string(value, &size);
    if (lm_json_is_object(value)) {
        LM_TRY(lm_import_check(value, lm_added_musts, "a special token", reading->err));
        text = lm_json_string(lm_json_get(value, "content"), &size);
    } else if (text == NULL) {
        return LM_OK;
    }
    return add(reading, text, size, id);
}

/* The names of special tokens, which two of the files have. */
static enum lm_status add_specials(struct reading *reading, const struct lm_json *root)
{
    static const char *const keys[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                       "pad_token", "cls_token", "mask_token"};
    const struct lm_json *more = lm_json_get(root, "additional_special_tokens");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        LM_TRY(add_name(reading, lm_json_get(root, keys[i]), -1));
    for (size_t i = 0; i < lm_json_count(more); i++)
        LM_TRY(add_name(reading, lm_json_at(more, i), -1));
    return LM_OK;
}

/* An entry {"TOKEN": ID}. */
static bool take_added(void *user, const char *key, const struct lm_json *value)
{
    struct reading *reading = user;
    char shown[LM_SHOWN];
    int64_t id = lm_json_int(value, -1);
    reading->status = id >= 0 ? add(reading, key, strlen(key), id)
                              : lm_fail(reading->err, LM_FORMAT, "\"%s\" has no id; give it one",
                                        lm_alphabet_show(shown, key, strlen(key)));
    return reading->status == LM_OK;
}

static enum lm_status read_added(struct reading *reading, const struct lm_json *root)
{
    lm_json_each(root, take_added, reading);
    return reading->status;
}

/* An entry {"ID": {"content": TOKEN, …}}. */
static bool take_decoded(void *user, const char *key, const struct lm_json *value)
{
    struct reading *reading = user;
    char *end;
    long id = strtol(key, &end, 10);
    bool is_id = key[0] >= '0' && key[0] <= '9' && *end == '\0' && lm_json_is_object(value);
    reading->status = is_id ? add_name(reading, value, id)
                            : lm_fail(reading->err, LM_FORMAT,
                                      "\"added_tokens_decoder\" is no list of ids and tokens; "
                                      "correct it");
    return reading->status == LM_OK;
}

/* ---- tokenizer_config.json ---- */

static const struct lm_must config_musts[] = {
    {"add_prefix_space", lm_is_off, "which adds a space before the text"},
    {"do_lower_case", lm_is_off, "which changes the text"},
    {NULL, NULL, NULL},
};

/* Without tokenizer.json the class decides how text is cut: these do as GPT-2. */
static enum lm_status check_class(struct reading *reading, const struct lm_json *root)
{
    static const char *const known[] = {"GPT2Tokenizer", "RobertaTokenizer",    "BartTokenizer",
                                        "LEDTokenizer",  "LongformerTokenizer", "CodeGenTokenizer"};
    const char *name = lm_json_string(lm_json_get(root, "tokenizer_class"), NULL);
    char shown[LM_SHOWN];
    if (name == NULL || !reading->is_pair)
        return LM_OK;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t size = strlen(known[i]);
        if (strncmp(name, known[i], size) == 0 &&
            (name[size] == '\0' || strcmp(name + size, "Fast") == 0))
            return LM_OK;
    }
    return lm_fail(reading->err, LM_UNSUPPORTED,
                   "\"tokenizer_class\" is %s, which may cut text otherwise than GPT-2's; import "
                   "its tokenizer.json",
                   lm_alphabet_show(shown, name, strlen(name)));
}

static enum lm_status read_config(struct reading *reading, const struct lm_json *root)
{
    LM_TRY(lm_import_check(root, config_musts, "the tokenizer", reading->err));
    LM_TRY(check_class(reading, root));
    lm_json_each(lm_json_get(root, "added_tokens_decoder"), take_decoded, reading);
    LM_TRY(reading->status);
    return add_specials(reading, root);
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    enum lm_status (*read)(struct reading *reading, const struct lm_json *root);
} files[] = {{"added_tokens.json", read_added},
             {"special_tokens_map.json", add_specials},
             {"tokenizer_config.json", read_config}};

static enum lm_status read_file(struct reading *reading, size_t which, const char *path)
{
    struct lm_json *root = NULL;
    char *bytes;
    size_t size;
    LM_TRY(lm_file_read(&bytes, &size, reading->arena, path, LARGEST_FILE, reading->err));
    const char *text = bytes;
    enum lm_status status = lm_import_text(&text, &size, reading->err);
    if (status == LM_OK)
        status = lm_json_parse(&root, text, size, reading->err);
    if (status == LM_OK && !lm_json_is_object(root))
        status = lm_fail(reading->err, LM_FORMAT, "not an object; correct it");
    if (status == LM_OK)
        status = files[which].read(reading, root);
    lm_json_free(root);
    return status == LM_OK ? LM_OK : lm_import_tell(reading->err, status, path, 0);
}

enum lm_status lm_siblings_read(struct lm_siblings *out, struct lm_arena *arena, const char *folder,
                                bool is_pair, struct lm_err *err)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct reading reading = {out, arena, files[i].name, is_pair, LM_OK, err};
        const char *path = lm_path_join(arena, folder, files[i].name);
        if (path == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
        if (lm_path_exists(path))
            LM_TRY(read_file(&reading, i, path));
    }
    return LM_OK;
}
