#include "init_spec.h"

#include <stdio.h>
#include <string.h>

#include <lmpipe/model.h>
#include <lmpipe/stage.h>

#include "base/utf8.h"
#include "human.h"
#include "page/numtext.h"

/* Embedded from cli/init/ by cli/CMakeLists.txt. */
const char lm_init_starter[] = {
#include "starter.inc"
    0};
static const char template[] = {
#include "spec.inc"
    0};

/* Sizes by the size of the corpus: a vocabulary that the text supports, a model that it can teach,
 * about five passes over small texts and fewer over large ones: Muon's, with half of AdamW's steps
 * and a better loss. */
static const struct size_row {
    uint64_t below; /* bytes */
    int vocab, steps, batch;
    const char *preset, *lr;
    double part;
} sizes[] = {
    {20000, 320, 150, 8, "micro-2026", "0.02", 0.1},
    {200000, 512, 250, 8, "micro-2026", "0.02", 0.1},
    {1000000, 2048, 400, 8, "nano-2026", "0.01", 0.05},
    {8000000, 4096, 700, 8, "nano-2026", "0.01", 0.05},
    {100000000, 8192, 2000, 16, "nano-2026", "0.01", 0.02},
    {UINT64_MAX, 16384, 10000, 16, "mini-2026", "0.005", 0.005},
};

enum { LONGEST = 1800 /**< seconds */, FEWEST = 150, DENSE_STEP = 512, SURELY = 20 };

#define BYTES_A_TOKEN 3.5
#define OTHER_WORK 1.1 /**< validation passes */

static const struct size_row *row_of(uint64_t bytes)
{
    const struct size_row *row = sizes;
    while (bytes >= row->below && row->below != UINT64_MAX)
        row++;
    return row;
}

/* Each character of such a script is three bytes, which two merges make one token. */
static int dense_vocab(const struct lm_init_corpus *corpus, int usual)
{
    uint64_t wanted = 257 + 2 * (uint64_t)corpus->characters;
    uint64_t most = corpus->bytes / 20;
    wanted = (wanted < most ? wanted : most) / DENSE_STEP * DENSE_STEP;
    return wanted > (uint64_t)usual && wanted <= 1 << 15 ? (int)wanted : usual;
}

/* Of a step: by the shape, the peak, and the share of it that training reaches. */
static double step_seconds(const struct lm_init_corpus *corpus, const struct lm_init_sizes *chosen,
                           const char *name, struct lm_model_config *config)
{
    const struct lm_model_preset *preset = lm_model_preset_find(name);
    double share = 0;
    for (size_t i = 0; lm_stage_table[i] != NULL; i++)
        if (strcmp(lm_stage_table[i]->name, "train") == 0)
            share = lm_stage_table[i]->cost->pace;
    *config = preset->config;
    config->vocab = chosen->vocab;
    double flops = lm_model_step_flops(config, chosen->batch, config->context);
    return corpus->peak > 0 && share > 0 ? OTHER_WORK * flops / (share * corpus->peak) : 0;
}

/* Shared out by content, each side gets its part of many; of few documents the last ones, two a
 * side at least; one document is cut. */
static void choose_split(struct lm_init_sizes *chosen, uint64_t documents)
{
    double expected = chosen->part * (double)documents;
    chosen->is_hashed = expected >= SURELY;
    if (!chosen->is_hashed && documents > 1 && expected < 2)
        chosen->part = documents < 10 ? 0.2 : 2 / (double)documents;
}

struct lm_init_sizes lm_init_sizes(const struct lm_init_corpus *corpus)
{
    const struct size_row *row = row_of(corpus->bytes), *shape = row;
    struct lm_model_config config;
    struct lm_init_sizes chosen = {
        .vocab = row->vocab, .steps = row->steps, .batch = row->batch, .part = row->part};
    if (corpus->is_dense)
        chosen.vocab = dense_vocab(corpus, row->vocab);
    choose_split(&chosen, corpus->count);
    double seconds = step_seconds(corpus, &chosen, shape->preset, &config);
    while (seconds * FEWEST > LONGEST && shape > sizes)
        seconds = step_seconds(corpus, &chosen, (--shape)->preset, &config);
    chosen.preset = shape->preset;
    chosen.lr = shape->lr;
    while (seconds * chosen.steps > LONGEST && chosen.steps / 2 >= FEWEST) {
        chosen.steps /= 2;
        chosen.is_cut = true;
    }
    chosen.is_cut = chosen.is_cut || shape != row;
    chosen.seconds = seconds * chosen.steps;
    double tokens = (double)chosen.steps * (double)chosen.batch * (double)config.context;
    chosen.passes = tokens * BYTES_A_TOKEN / (double)(corpus->bytes > 0 ? corpus->bytes : 1);
    return chosen;
}

void lm_init_experiment_name(char out[41], const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t at = 0;
    for (; *text != '\0' && at < 40; text++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
        if (strchr(plain, c) != NULL)
            out[at++] = c;
        else if (at > 0 && out[at - 1] != '-')
            out[at++] = '-';
    }
    while (at > 0 && out[at - 1] == '-')
        at--;
    out[at] = '\0';
    if (at == 0 || strcmp(out, "store") == 0)
        memcpy(out, "mine", 5);
}

void lm_init_quote(struct lm_buf *out, const char *text)
{
    size_t size = strlen(text);
    lm_buf_putc(out, '"');
    for (size_t at = 0, length; at < size; at += length) {
        uint32_t c = 0;
        length = lm_utf8_decode(&c, (const uint8_t *)text + at, size - at);
        if (length == 0)
            length = 1;
        if (c == '"' || c == '\\')
            lm_buf_printf(out, "\\%c", (char)c);
        else if (c < 0x20 || c == 0x7F || (c >= 0x80 && c < 0xA0))
            lm_buf_printf(out, "\\x%02x", (unsigned)c);
        else if (c == 0x2028 || c == 0x2029 || c == 0xFEFF)
            lm_buf_printf(out, "\\u%04x", (unsigned)c);
        else if (strncmp(text + at, "${", 2) == 0)
            lm_buf_puts(out, "$$");
        else
            lm_buf_append(out, text + at, length);
    }
    lm_buf_putc(out, '"');
}

/* ---- the template ---- */

/* What fills the placeholders. */
struct filling {
    const struct lm_init_corpus *corpus;
    struct lm_init_sizes sizes;
};

static void put_sources(struct lm_buf *out, const struct filling *filling)
{
    for (size_t i = 0; i < filling->corpus->source_count; i++) {
        const struct lm_init_source *source = &filling->corpus->sources[i];
        lm_buf_printf(out, "%s        - name: %s\n          path: ", i > 0 ? "\n" : "",
                      source->name);
        lm_init_quote(out, source->path);
        if (source->include != NULL)
            lm_buf_printf(out, "\n          include: %s   # other files lie there, too",
                          source->include);
        lm_buf_printf(out, "\n          license: %s", filling->corpus->license);
    }
}

static void put_encoding(struct lm_buf *out, const struct filling *filling)
{
    if (filling->corpus->encoding != NULL)
        lm_buf_printf(out, "\n      encoding: %s   # not UTF-8", filling->corpus->encoding);
}

static void put_part_held_out(struct lm_buf *out, const struct filling *filling)
{
    lm_buf_printf(out, "%.3g", filling->sizes.part);
}

static void put_vocab_why(struct lm_buf *out, const struct filling *filling)
{
    char size[32];
    lm_buf_printf(out, "for %s of text", lm_human_bytes(size, filling->corpus->bytes));
    if (filling->corpus->is_dense)
        lm_buf_printf(out, " of %zu distinct characters", filling->corpus->characters);
}

static void put_steps_why(struct lm_buf *out, const struct filling *filling)
{
    const struct lm_init_sizes *chosen = &filling->sizes;
    lm_buf_printf(out, "about %.*f passes over the text", chosen->passes < 10 ? 1 : 0,
                  chosen->passes);
    if (chosen->seconds > 0)
        lm_buf_printf(out, ", about %s here by the measured speed of %zu thread%s",
                      lm_num_seconds(chosen->seconds).text, filling->corpus->threads,
                      filling->corpus->threads == 1 ? "" : "s");
    if (chosen->is_cut)
        lm_buf_puts(out, "; on a quicker one more, or a larger model");
}

static void put_pattern_why(struct lm_buf *out, const struct filling *filling)
{
    lm_buf_puts(out, filling->corpus->is_dense
                         ? "runs of characters are cut at punctuation; words are learnt"
                         : "words, numbers and punctuation, as GPT-2 cuts them");
}

static const struct {
    const char *key;
    void (*put)(struct lm_buf *out, const struct filling *filling);
} parts[] = {{"sources", put_sources},     {"encoding", put_encoding},
             {"part", put_part_held_out},  {"vocab.why", put_vocab_why},
             {"steps.why", put_steps_why}, {"pattern.why", put_pattern_why}};

static bool put_part(struct lm_buf *out, const struct filling *filling, const char *key)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(parts[i].key, key) == 0) {
            parts[i].put(out, filling);
            return true;
        }
    return false;
}

static bool put_number(struct lm_buf *out, const struct lm_init_sizes *chosen, const char *key)
{
    const struct {
        const char *key;
        int value;
    } numbers[] = {{"vocab", chosen->vocab}, {"steps", chosen->steps}, {"batch", chosen->batch}};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(numbers[i].key, key) == 0) {
            lm_buf_printf(out, "%d", numbers[i].value);
            return true;
        }
    }
    return false;
}

static bool put_text(struct lm_buf *out, const struct filling *filling, const char *key)
{
    const struct lm_init_corpus *corpus = filling->corpus;

    const struct {
        const char *key, *value;
        bool quoted;
    } texts[] = {{"file", corpus->file, false},
                 {"experiment", corpus->experiment, false},
                 {"description", corpus->description, true},
                 {"found", corpus->found, false},
                 {"documents", corpus->documents, false},
                 {"documents.why", corpus->documents_why, false},
                 {"split", filling->sizes.is_hashed ? "hash" : "position", false},
                 {"split.why",
                  filling->sizes.is_hashed ? "documents are shared out by content, for good"
                                           : "few documents: the end of the text is held out",
                  false},
                 {"lr", filling->sizes.lr, false},
                 {"preset", filling->sizes.preset, false}};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(texts[i].key, key) != 0)
            continue;
        if (texts[i].quoted)
            lm_init_quote(out, texts[i].value);
        else
            lm_buf_puts(out, texts[i].value);
        return true;
    }
    return false;
}

void lm_init_spec_write(struct lm_buf *out, const struct lm_init_corpus *corpus)
{
    const struct filling filling = {corpus, lm_init_sizes(corpus)};
    char key[32];
    for (const char *at = template; *at != '\0';) {
        size_t plain = strcspn(at, "@");
        lm_buf_append(out, at, plain);
        at += plain;
        if (*at == '\0')
            break;
        size_t length = strcspn(at + 1, "@");
        snprintf(key, sizeof key, "%.*s", (int)length, at + 1);
        if (!put_number(out, &filling.sizes, key) && !put_text(out, &filling, key) &&
            !put_part(out, &filling, key))
            out->failed = true; /* a placeholder nobody fills: the tests catch it */
        at += length + 2;
    }
}
