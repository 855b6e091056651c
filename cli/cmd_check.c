/* lmpipe check: is this spec sound? */
#include "base/json.h"
#include "commands.h"
#include "loaded.h"

struct check_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    bool json;
};

static const struct lm_option options[] = {
    LM_SPEC_ROWS,
    LM_JSON_ROW(struct check_args, json, "an object for programs, with all findings"),
    {0},
};

static void put_findings(struct lm_json_writer *writer, const struct lm_diags *diags)
{
    for (size_t i = 0; i < diags->count; i++) {
        const struct lm_diag *diag = &diags->items[i];
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "kind", diag->warning ? "warning" : "error");
        lm_json_member_string(writer, "file", diag->file != NULL ? diag->file : "");
        lm_json_member_int(writer, "line", diag->line);
        lm_json_member_int(writer, "column", diag->column);
        lm_json_member_string(writer, "field", diag->field);
        lm_json_member_string(writer, "text", diag->text);
        lm_json_close(writer, '}');
    }
}

static enum lm_status print_json(const char *path, const struct lm_loaded *loaded,
                                 const struct lm_diags *warnings, FILE *out, struct lm_err *err)
{
    struct lm_json_writer writer;
    struct lm_buf text;
    size_t stages = loaded->spec != NULL ? lm_spec_stages(loaded->spec) : 0;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "spec", path);
    lm_json_member_bool(&writer, "ok", loaded->spec != NULL);
    lm_json_member_int(&writer, "stages", (int64_t)stages);
    lm_json_key(&writer, "findings");
    lm_json_open(&writer, '[');
    put_findings(&writer, &loaded->found);
    put_findings(&writer, warnings);
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    return lm_cli_put(&text, out, err);
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct check_args *args = given;
    struct lm_diags warnings = {0};
    struct lm_err err = {0};
    struct lm_loaded loaded = {0};
    (void)count;
    size_t threads;
    int status = lm_loaded_threads(&threads, cli, 0);
    if (status == LM_EXIT_OK)
        status = lm_loaded_spec(&loaded, cli, operands[0], &args->spec, 0);
    if (status == LM_EXIT_OK) {
        warnings = lm_spec_warnings(loaded.spec, threads);
        lm_loaded_findings(cli, &warnings);
    }
    bool is_read = loaded.spec != NULL || loaded.found.errors > 0;
    if (args->json && is_read) {
        enum lm_status printed = print_json(operands[0], &loaded, &warnings, cli->out.file, &err);
        if (printed != LM_OK)
            status = lm_cli_fail(cli, lm_exit_of(printed), err.text);
    } else if (status == LM_EXIT_OK) {
        size_t stages = lm_spec_stages(loaded.spec);
        fprintf(cli->out.file, "%s: ok, %zu stage%s\n", lm_cli_text(cli, operands[0]), stages,
                stages == 1 ? "" : "s");
    }
    lm_loaded_release(&loaded);
    return status;
}

const struct lm_command lm_command_check = {
    .name = "check",
    .summary = "validate a spec; every error in one pass, with file:line:col",
    .operands = "SPEC",
    .min_operands = 1,
    .max_operands = 1,
    .options = options,
    .args_size = sizeof(struct check_args),
    .example = "lmpipe check experiments/jargon.yaml",
    .run = run,
};
