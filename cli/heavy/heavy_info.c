/* lmpipe model info: what a model folder holds. */
#include "base/json.h"
#include "heavy_model.h"
#include "human.h"
#include "model_commands.h"

static void print_text(const struct lm_heavy_model *model, FILE *out)
{
    const struct lm_model_config *config = lm_model_config(model->model);
    char parameters[32], tokens[32], merges[32], hex[LM_DIGEST_HEX], differs[300];
    struct lm_digest digest;
    lm_model_digest(model->model, &digest);
    lm_digest_hex(hex, &digest);
    lm_model_config_describe(differs, sizeof differs, config);
    fprintf(out, "model       %s\n", model->name);
    fprintf(out, "form        %s\n", model->form);
    fprintf(out, "parameters  %s\n",
            lm_human_count(parameters, (uint64_t)lm_model_parameters(config)));
    fprintf(out, "shape       %lld layers, %lld heads, width %lld, context %lld\n",
            (long long)config->layers, (long long)config->heads, (long long)config->width,
            (long long)config->context);
    if (differs[0] != '\0')
        fprintf(out, "not GPT-2's %s\n", differs);
    if (model->vocab != NULL)
        fprintf(out, "vocabulary  %s tokens, %s merges, pattern %s\n",
                lm_human_count(tokens, (uint64_t)lm_vocab_size(model->vocab)),
                lm_human_count(merges, (uint64_t)lm_vocab_merges(model->vocab)),
                lm_pattern_names[lm_vocab_pattern(model->vocab)]);
    else
        fprintf(out, "vocabulary  none that can be read, for %s tokens\n",
                lm_human_count(tokens, (uint64_t)config->vocab));
    fprintf(out, "weights     sha256:%s\n", hex);
    fprintf(out, "kernels     %s\n", lm_model_kernels(model->model));
}

static void print_tensors(const struct lm_heavy_model *model, FILE *out)
{
    for (size_t i = 0; i < lm_model_tensors(model->model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model->model, i);
        if (tensor.dims == 2)
            fprintf(out, "tensor      %s (%lld, %lld)\n", tensor.name, (long long)tensor.shape[0],
                    (long long)tensor.shape[1]);
        else
            fprintf(out, "tensor      %s (%lld)\n", tensor.name, (long long)tensor.shape[0]);
    }
}

static void write_tensors(const struct lm_heavy_model *model, struct lm_json_writer *writer)
{
    lm_json_key(writer, "tensors");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < lm_model_tensors(model->model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model->model, i);
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "name", tensor.name);
        lm_json_key(writer, "shape");
        lm_json_open(writer, '[');
        for (int dim = 0; dim < tensor.dims; dim++)
            lm_json_put_int(writer, tensor.shape[dim]);
        lm_json_close(writer, ']');
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static enum lm_status print_json(const struct lm_heavy_model *model, bool tensors, FILE *out,
                                 struct lm_err *err)
{
    const struct lm_model_config *config = lm_model_config(model->model);
    struct lm_json_writer writer;
    struct lm_buf text;
    char hex[LM_DIGEST_HEX], differs[300];
    struct lm_digest digest;
    lm_model_digest(model->model, &digest);
    lm_digest_hex(hex, &digest);
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "model", model->name);
    lm_json_member_int(&writer, "parameters", lm_model_parameters(config));
    lm_json_member_int(&writer, "layers", config->layers);
    lm_json_member_int(&writer, "heads", config->heads);
    lm_json_member_int(&writer, "width", config->width);
    lm_json_member_int(&writer, "context", config->context);
    lm_json_member_int(&writer, "vocab", config->vocab);
    lm_model_config_describe(differs, sizeof differs, config);
    lm_json_member_string(&writer, "beyond_gpt2", differs);
    lm_json_member_string(&writer, "form", model->form);
    lm_json_key(&writer, "pattern");
    if (model->vocab != NULL)
        lm_json_put_string(&writer, lm_pattern_names[lm_vocab_pattern(model->vocab)]);
    else
        lm_json_put_null(&writer);
    lm_json_member_string(&writer, "sha256", hex);
    if (tensors)
        write_tensors(model, &writer);
    lm_json_close(&writer, '}');
    return lm_cli_put(&text, out, err);
}

int lm_heavy_info(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_model_info_args *args = given;
    struct lm_heavy_model model = {0};
    struct lm_err err = {0};
    (void)count;
    int status = lm_heavy_model_load(&model, cli, operands[0], &args->spec, 1);
    if (status == LM_EXIT_OK) {
        enum lm_status printed = LM_OK;
        if (args->json)
            printed = print_json(&model, args->tensors, cli->out.file, &err);
        else
            print_text(&model, cli->out.file);
        if (!args->json && args->tensors)
            print_tensors(&model, cli->out.file);
        if (printed != LM_OK)
            status = lm_cli_fail(cli, lm_exit_of(printed), err.text);
    }
    lm_heavy_model_release(&model);
    return status;
}
