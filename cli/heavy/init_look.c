#include "init_look.h"

#include <string.h>
#include <sys/stat.h>

#include "base/utf8.h"
#include "init_sample.h"

enum { MOST_READ = 200, FEW = 20, CODES = 0x30000, MOST_EXTENSIONS = 8, LINE = 60 };

/* ---- scripts ---- */

static const struct script {
    const char *name;
    bool is_dense;

    struct {
        uint32_t from, to;
    } ranges[3];
} scripts[] = {
    {"Latin", false, {{'A', 'Z'}, {'a', 'z'}, {0xC0, 0x24F}}},
    {"Han", true, {{0x4E00, 0x9FFF}, {0x3400, 0x4DBF}, {0x20000, 0x2FFFF}}},
    {"Japanese", true, {{0x3041, 0x30FF}}},
    {"Hangul", true, {{0xAC00, 0xD7A3}, {0x1100, 0x11FF}}},
    {"Cyrillic", false, {{0x400, 0x52F}}},
    {"Greek", false, {{0x370, 0x3FF}, {0x1F00, 0x1FFF}}},
    {"Arabic", false, {{0x600, 0x6FF}, {0x750, 0x77F}}},
    {"Hebrew", false, {{0x590, 0x5FF}}},
    {"Indic", false, {{0x900, 0xDFF}}},
    {"Thai", true, {{0xE01, 0xE5B}}},
};

enum { SCRIPTS = sizeof scripts / sizeof scripts[0], JAPANESE = 2 };

struct letters {
    uint64_t of[SCRIPTS];
    uint8_t seen[CODES / 8];
    size_t characters;
};

static void add_letter(struct letters *letters, uint32_t code)
{
    if (code < CODES && (letters->seen[code / 8] & (1u << code % 8)) == 0) {
        letters->seen[code / 8] |= (uint8_t)(1u << code % 8);
        letters->characters++;
    }
    for (size_t i = 0; i < SCRIPTS; i++)
        for (size_t k = 0; k < 3; k++)
            letters->of[i] += code >= scripts[i].ranges[k].from &&
                              code <= scripts[i].ranges[k].to && scripts[i].ranges[k].to > 0;
}

static void add_letters(struct letters *letters, const uint8_t *text, size_t size)
{
    for (size_t at = 0, length; at<size; at += length> 0 ? length : 1) {
        uint32_t code = 0;
        length = lm_utf8_decode(&code, text + at, size - at);
        if (length > 0)
            add_letter(letters, code);
    }
}

/* Most of the letters; Han with a tenth of kana is Japanese. */
static const struct script *script_of(const struct letters *letters)
{
    size_t best = 0;
    for (size_t i = 1; i < SCRIPTS; i++)
        if (letters->of[i] > letters->of[best])
            best = i;
    return &scripts[letters->of[best] > 0 && scripts[best].is_dense &&
                            10 * letters->of[JAPANESE] > letters->of[best]
                        ? JAPANESE
                        : best];
}

/* ---- files ---- */

struct looking {
    struct lm_init_look *out;
    struct lm_arena *arena, *scratch; /* the caller's; of one file */
    const char *folder;
    struct letters letters;
    /* Of the files that were read, estimated for the whole of each. */
    uint64_t read, text, documents, paragraphs;
    size_t texts; /* that were read and are text */
};

static const char *extension_of(const char *name)
{
    const char *base = lm_path_base(name), *dot = strrchr(base, '.');
    return dot != NULL && dot != base ? dot : "";
}

static void keep_extension(struct looking *looking, const char *name)
{
    struct lm_names *known = &looking->out->extensions;
    const char *extension = extension_of(name);
    for (size_t i = 0; i < known->count; i++)
        if (strcmp(known->items[i], extension) == 0)
            return;
    if (known->count < MOST_EXTENSIONS)
        known->items[known->count++] = lm_arena_strdup(looking->arena, extension);
}

/* What is not alike in all files is read by the content of each. */
static void merge(struct looking *looking, const struct lm_init_shape *shape)
{
    struct lm_init_look *out = looking->out;
    if (looking->texts++ == 0) {
        out->by = shape->by;
        out->kind = shape->kind;
        memcpy(out->field, shape->field, sizeof out->field);
        return;
    }
    bool is_same = out->by == shape->by && strcmp(out->field, shape->field) == 0;
    if (is_same)
        return;
    out->kind = out->by == shape->by ? out->kind : "several kinds";
    out->by = LM_BY_AUTO;
}

/* Where files differ, each is told by its content. */
static void merge_encoding(struct looking *looking, const char *encoding)
{
    const char *known = looking->out->encoding;
    bool is_same = known != NULL && encoding != NULL && strcmp(known, encoding) == 0;
    if (looking->texts == 0)
        looking->out->encoding = encoding;
    else if (!is_same && (known != NULL || encoding != NULL))
        looking->out->encoding = "auto";
}

static enum lm_status look_into(struct looking *looking, const char *name, bool is_alone,
                                struct lm_err *err)
{
    struct lm_init_look *out = looking->out;
    struct lm_init_sample sample;
    struct lm_init_shape shape;
    struct lm_arena_mark mark = lm_arena_mark(looking->scratch);
    const char *path = lm_path_join(looking->arena, looking->folder, name);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory looking into %s", looking->folder);
    LM_TRY(lm_init_sample_read(&sample, looking->scratch, path, err));
    if (out->packing == NULL)
        out->packing = sample.packing;
    if (sample.kind.class == LM_FILE_BINARY) {
        out->left_out = name;
        return LM_OK;
    }
    keep_extension(looking, name);
    if (sample.size == 0 && sample.packing == NULL)
        return LM_OK;
    if (sample.size == 0)
        shape = (struct lm_init_shape){.by = LM_BY_AUTO, .kind = "packed", .documents = 1};
    else
        lm_init_sample_shape(&shape, &sample, looking->scratch, name, is_alone);
    double times = sample.size > 0 ? (double)sample.whole / (double)sample.size : 1;
    looking->read += sample.whole;
    looking->text += sample.size > 0 ? (uint64_t)(times * (double)shape.text) : sample.whole;
    looking->documents += (uint64_t)(times * (double)shape.documents);
    looking->paragraphs += (uint64_t)(times * (double)shape.paragraphs);
    add_letters(&looking->letters, sample.bytes, sample.size);
    merge_encoding(looking, sample.encoding);
    merge(looking, &shape);
    lm_arena_rewind(looking->scratch, mark);
    return LM_OK;
}

static enum lm_status weigh(struct looking *looking, const struct lm_names *names,
                            struct lm_err *err)
{
    for (size_t i = 0; i < names->count; i++) {
        struct stat facts;
        const char *path = lm_path_join(looking->arena, looking->folder, names->items[i]);
        if (path == NULL)
            return lm_fail(err, LM_NOMEM, "out of memory looking into %s", looking->folder);
        if (stat(path, &facts) == 0)
            looking->out->bytes += (uint64_t)facts.st_size;
    }
    looking->out->files = names->count;
    return LM_OK;
}

/* A few long files are too few documents to share out: their paragraphs are, else their lines. */
static void cut_finer(struct looking *looking)
{
    struct lm_init_look *out = looking->out;
    if (out->by != LM_BY_FILE || looking->texts < 2 || looking->texts >= FEW)
        return;
    bool has_paragraphs = looking->paragraphs >= FEW;
    out->by = has_paragraphs ? LM_BY_BLANK_LINE : LM_BY_LINE;
    out->kind = has_paragraphs ? "plain text in few files: by paragraphs"
                               : "plain text in few files: by lines";
    looking->documents = has_paragraphs ? looking->paragraphs : looking->text / LINE;
}

static enum lm_status look_all(struct looking *looking, const struct lm_names *names,
                               struct lm_err *err)
{
    struct lm_init_look *out = looking->out;
    LM_TRY(weigh(looking, names, err));
    size_t step = (names->count + MOST_READ - 1) / MOST_READ;
    for (size_t i = 0; i < names->count; i += step)
        LM_TRY(look_into(looking, names->items[i], names->count < FEW, err));
    if (looking->texts == 0 && out->left_out != NULL)
        return lm_fail(err, LM_INVALID, "%s holds no text: %s is none", looking->folder,
                       out->left_out);
    if (looking->texts == 0)
        return lm_fail(err, LM_INVALID, "%s is empty; give a text", looking->folder);
    cut_finer(looking);
    double all = step > 1 ? (double)out->bytes / (double)(looking->read + 1) : 1;
    out->text = (uint64_t)(all * (double)looking->text);
    out->documents = (uint64_t)(all * (double)looking->documents);
    const struct script *script = script_of(&looking->letters);
    out->script = script->name;
    out->is_dense = script->is_dense;
    out->characters = looking->letters.characters;
    return LM_OK;
}

enum lm_status lm_init_look(struct lm_init_look *out, struct lm_arena *arena, const char *folder,
                            const struct lm_names *names, struct lm_err *err)
{
    struct looking *looking = LM_NEW(arena, struct looking);
    *out = (struct lm_init_look){.by = LM_BY_FILE, .kind = "plain text"};
    out->extensions.items = LM_NEW_ARRAY(arena, char *, MOST_EXTENSIONS);
    if (looking == NULL || out->extensions.items == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory looking into %s", folder);
    *looking = (struct looking){.out = out, .arena = arena, .folder = folder};
    looking->scratch = lm_arena_create();
    enum lm_status status = looking->scratch != NULL
                                ? look_all(looking, names, err)
                                : lm_fail(err, LM_NOMEM, "out of memory looking into %s", folder);
    lm_arena_free(looking->scratch);
    return status;
}
