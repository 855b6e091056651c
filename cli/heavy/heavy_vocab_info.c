/* lmpipe tokenizer info: what a vocabulary holds. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "heavy_tokenizer.h"
#include "human.h"
#include "safe_text.h"
#include "tokenizer_commands.h"

enum { LONGEST = 10 };

struct facts {
    int64_t tokens;           /* ids that have one */
    int64_t merges;           /* pairs of the list; with ranks, tokens that any pair may make */
    int32_t longest[LONGEST]; /* ids of text, longest first, then by id */
    size_t longest_count;
};

static size_t size_of(const struct lm_vocab *vocab, int32_t id)
{
    size_t size;
    lm_vocab_token(vocab, id, &size);
    return size;
}

/* Puts an id where its size belongs among the longest. */
static void consider(struct facts *facts, const struct lm_vocab *vocab, int32_t id)
{
    size_t place = facts->longest_count;
    while (place > 0 && size_of(vocab, facts->longest[place - 1]) < size_of(vocab, id))
        place--;
    if (place == LONGEST)
        return;
    size_t last = facts->longest_count < LONGEST ? facts->longest_count++ : LONGEST - 1;
    memmove(&facts->longest[place + 1], &facts->longest[place],
            (last - place) * sizeof facts->longest[0]);
    facts->longest[place] = id;
}

static struct facts gather(const struct lm_vocab *vocab)
{
    struct facts facts = {0};
    for (int32_t id = 0; id < lm_vocab_size(vocab); id++) {
        size_t size;
        if (lm_vocab_token(vocab, id, &size) == NULL)
            continue;
        facts.tokens++;
        if (!lm_vocab_is_special(vocab, id))
            consider(&facts, vocab, id);
    }
    bool is_ranks = lm_vocab_merging(vocab) == LM_MERGING_RANKS;
    for (int64_t rank = 0; rank < lm_vocab_merges(vocab); rank++) {
        int32_t left, right, id;
        facts.merges += lm_vocab_merge(vocab, rank, &left, &right, &id) || is_ranks;
    }
    return facts;
}

/* ---- for people ---- */

void lm_heavy_token_print(FILE *out, const struct lm_vocab *vocab, int32_t id)
{
    struct lm_safe safe;
    size_t size;
    const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
    lm_safe_init(&safe, out);
    safe.one_line = true;
    safe.line_begun = true;
    fputc('"', out);
    lm_safe_write(&safe, bytes, size < 200 ? size : 200);
    lm_safe_finish(&safe);
    fputs(size < 200 ? "\"" : "…\"", out);
}

static void print_text(const struct lm_vocab *vocab, const struct facts *facts, FILE *out)
{
    char text[32], unicode[24];
    const char *regex = lm_vocab_regex(vocab);
    const char *title = "specials";
    lm_vocab_unicode(unicode, vocab);
    fprintf(out, "tokens      %s\n", lm_human_count(text, (uint64_t)facts->tokens));
    fprintf(out, "ids         below %s\n", lm_human_count(text, (uint64_t)lm_vocab_size(vocab)));
    fprintf(out, "merges      %s\n", lm_human_count(text, (uint64_t)facts->merges));
    fprintf(out, "merging     %s\n", lm_merging_names[lm_vocab_merging(vocab)]);
    fprintf(out, "pattern     %s\n", lm_pattern_names[lm_vocab_pattern(vocab)]);
    if (regex != NULL) {
        fputs("regex       ", out);
        fputs(regex, out);
        fputc('\n', out);
    }
    fprintf(out, "unicode     %s\n", unicode);
    for (int32_t id = 0; id < lm_vocab_size(vocab); id++) {
        if (!lm_vocab_is_special(vocab, id))
            continue;
        fprintf(out, "%-11s %d ", title, id);
        lm_heavy_token_print(out, vocab, id);
        fputs(id == lm_vocab_end_of_text(vocab) ? ", ends a text\n" : "\n", out);
        title = "";
    }
    title = "longest";
    for (size_t i = 0; i < facts->longest_count; i++, title = "") {
        fprintf(out, "%-11s %d %zu bytes ", title, facts->longest[i],
                size_of(vocab, facts->longest[i]));
        lm_heavy_token_print(out, vocab, facts->longest[i]);
        fputc('\n', out);
    }
}

/* ---- for programs ---- */

static void put_token(struct lm_json_writer *writer, const struct lm_vocab *vocab, int32_t id)
{
    size_t size;
    const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "id", id);
    lm_json_member_int(writer, "bytes", (int64_t)size);
    lm_json_key(writer, "text");
    lm_json_put_bytes(writer, bytes, size);
    lm_json_close(writer, '}');
}

static void put_facts(struct lm_json_writer *writer, const struct lm_vocab *vocab,
                      const struct facts *facts)
{
    char unicode[24];
    lm_vocab_unicode(unicode, vocab);
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "tokens", facts->tokens);
    lm_json_member_int(writer, "ids_below", lm_vocab_size(vocab));
    lm_json_member_int(writer, "merges", facts->merges);
    lm_json_member_string(writer, "merging", lm_merging_names[lm_vocab_merging(vocab)]);
    lm_json_member_string(writer, "pattern", lm_pattern_names[lm_vocab_pattern(vocab)]);
    if (lm_vocab_regex(vocab) != NULL)
        lm_json_member_string(writer, "regex", lm_vocab_regex(vocab));
    lm_json_member_string(writer, "unicode", unicode);
    lm_json_member_int(writer, "end_of_text", lm_vocab_end_of_text(vocab));
    lm_json_key(writer, "specials");
    lm_json_open(writer, '[');
    for (int32_t id = 0; id < lm_vocab_size(vocab); id++)
        if (lm_vocab_is_special(vocab, id))
            put_token(writer, vocab, id);
    lm_json_close(writer, ']');
    lm_json_key(writer, "longest");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < facts->longest_count; i++)
        put_token(writer, vocab, facts->longest[i]);
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
}

static enum lm_status print_json(const struct lm_vocab *vocab, const struct facts *facts, FILE *out,
                                 struct lm_err *err)
{
    struct lm_json_writer writer;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    put_facts(&writer, vocab, facts);
    enum lm_status status = lm_buf_status(&text, err);
    if (status == LM_OK)
        fprintf(out, "%s\n", text.data);
    lm_buf_release(&text);
    return status;
}

int lm_heavy_tokenizer_info(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_tokenizer_info_args *args = given;
    struct lm_vocab *vocab = NULL;
    struct lm_err err = {0};
    (void)count;
    int status = lm_heavy_vocab_load(&vocab, cli, operands[0], &args->spec);
    if (status != LM_EXIT_OK)
        return status;
    struct facts facts = gather(vocab);
    if (!args->json)
        print_text(vocab, &facts, cli->out.file);
    else if (print_json(vocab, &facts, cli->out.file, &err) != LM_OK)
        status = lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    lm_vocab_free(vocab);
    return status;
}
