#include "init_spec.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Embedded from cli/init/ by cli/CMakeLists.txt. */
const char lm_init_starter[] = {
#include "starter.inc"
    0};
static const char template[] = {
#include "spec.inc"
    0};

/* Sizes by the size of the corpus: a vocabulary that the text supports, a model that it can teach,
 * about ten passes over small texts and fewer over large ones. */
static const struct size_row {
    uint64_t below; /* bytes */
    int vocab, steps, batch;
    const char *preset, *lr, *part;
} sizes[] = {
    {20000, 320, 300, 8, "gpt2-micro", "3.0e-3", "0.1"},
    {200000, 512, 500, 8, "gpt2-micro", "3.0e-3", "0.1"},
    {1000000, 2048, 800, 8, "gpt2-nano", "1.0e-3", "0.05"},
    {8000000, 4096, 1400, 8, "gpt2-nano", "1.0e-3", "0.05"},
    {100000000, 8192, 4000, 16, "gpt2-nano", "1.0e-3", "0.02"},
    {UINT64_MAX, 16384, 20000, 16, "gpt2-mini", "6.0e-4", "0.005"},
};

static const struct size_row *row_of(uint64_t bytes)
{
    const struct size_row *row = sizes;
    while (bytes >= row->below && row->below != UINT64_MAX)
        row++;
    return row;
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

static bool put_number(struct lm_buf *out, const struct size_row *row, const char *key)
{
    const struct {
        const char *key;
        int value;
    } numbers[] = {{"vocab", row->vocab}, {"steps", row->steps}, {"batch", row->batch}};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(numbers[i].key, key) == 0) {
            lm_buf_printf(out, "%d", numbers[i].value);
            return true;
        }
    }
    return false;
}

static bool put_text(struct lm_buf *out, const struct lm_init_corpus *corpus, const char *key)
{
    const struct size_row *row = row_of(corpus->bytes);

    const struct {
        const char *key, *value;
        bool quoted;
    } texts[] = {{"file", corpus->file, false},
                 {"experiment", corpus->experiment, false},
                 {"description", corpus->description, true},
                 {"path", corpus->path, true},
                 {"license", corpus->license, true},
                 {"documents", corpus->documents, false},
                 {"split", corpus->split, false},
                 {"part", row->part, false},
                 {"lr", row->lr, false},
                 {"preset", row->preset, false}};

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
    char key[32];
    for (const char *at = template; *at != '\0';) {
        size_t plain = strcspn(at, "@");
        lm_buf_append(out, at, plain);
        at += plain;
        if (*at == '\0')
            break;
        size_t length = strcspn(at + 1, "@");
        snprintf(key, sizeof key, "%.*s", (int)length, at + 1);
        if (!put_number(out, row_of(corpus->bytes), key) && !put_text(out, corpus, key))
            out->failed = true; /* a placeholder nobody fills: the tests catch it */
        at += length + 2;
    }
}
