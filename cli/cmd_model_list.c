/* lmpipe model list: the presets, from their table. */
#include <lmpipe/model.h>

#include "base/json.h"
#include "commands.h"
#include "human.h"

struct list_args {
    bool json;
};

static const struct lm_option options[] = {
    LM_JSON_ROW(struct list_args, json, "an array for programs"),
    {0},
};

enum { GPT2_VOCAB = 50257 }; /* with which published models are counted */

static int64_t parameters_of(const struct lm_model_preset *preset)
{
    struct lm_model_config config = preset->config;
    config.vocab = GPT2_VOCAB;
    return lm_model_parameters(&config);
}

static void print_rows(FILE *out, const struct lm_model_preset *presets, size_t count)
{
    char parameters[32];
    fprintf(out, "%-16s %6s %5s %6s %8s %16s  %s\n", "preset", "layers", "heads", "width",
            "context", "parameters", "source");
    for (size_t i = 0; i < count; i++) {
        const struct lm_model_config *shape = &presets[i].config;
        fprintf(out, "%-16s %6lld %5lld %6lld %8lld %16s  %s\n", presets[i].name,
                (long long)shape->layers, (long long)shape->heads, (long long)shape->width,
                (long long)shape->context,
                lm_human_count(parameters, (uint64_t)parameters_of(&presets[i])),
                presets[i].source != NULL ? presets[i].source : presets[i].summary);
    }
}

static void put_preset(struct lm_json_writer *writer, const struct lm_model_preset *preset)
{
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "name", preset->name);
    lm_json_member_int(writer, "layers", preset->config.layers);
    lm_json_member_int(writer, "heads", preset->config.heads);
    lm_json_member_int(writer, "width", preset->config.width);
    lm_json_member_int(writer, "context", preset->config.context);
    lm_json_member_int(writer, "parameters", parameters_of(preset));
    lm_json_member_string(writer, "summary", preset->summary);
    lm_json_key(writer, "source");
    if (preset->source != NULL)
        lm_json_put_string(writer, preset->source);
    else
        lm_json_put_null(writer);
    lm_json_close(writer, '}');
}

static enum lm_status print_json(FILE *out, const struct lm_model_preset *presets, size_t count,
                                 struct lm_err *err)
{
    struct lm_json_writer writer;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < count; i++)
        put_preset(&writer, &presets[i]);
    lm_json_close(&writer, ']');
    enum lm_status status = lm_buf_status(&text, err);
    if (status == LM_OK)
        fprintf(out, "%s\n", text.data);
    lm_buf_release(&text);
    return status;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct list_args *args = given;
    size_t presets = 0;
    const struct lm_model_preset *table = lm_model_presets(&presets);
    struct lm_err err;
    (void)operands, (void)count;
    if (args->json)
        return print_json(cli->out.file, table, presets, &err) == LM_OK
                   ? LM_EXIT_OK
                   : lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    print_rows(cli->out.file, table, presets);
    return LM_EXIT_OK;
}

const struct lm_command lm_command_model_list = {
    .name = "model list",
    .summary = "the presets: their shapes, sizes and sources",
    .operands = "",
    .options = options,
    .args_size = sizeof(struct list_args),
    .example = "lmpipe model list",
    .notes = "Parameters are those with GPT-2's vocabulary of 50,257 tokens.",
    .run = run,
};
