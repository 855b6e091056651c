/* lmpipe publish: put results into the workspace again. */
#include <string.h>

#include "base/json.h"
#include "commands.h"
#include "loaded.h"
#include "run_table.h"

struct publish_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    bool json;
};

static const struct lm_option options[] = {
    LM_SPEC_ROWS,
    LM_JSON_ROW(struct publish_args, json, "an object for programs: the paths"),
    {0},
};

static void print_json(const struct lm_run_result *result, struct lm_cli *cli)
{
    struct lm_json_writer writer;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    lm_json_open(&writer, '{');
    lm_json_key(&writer, "published");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < result->published_count; i++) {
        const char *path = lm_cli_path(cli, result->published[i]);
        lm_json_put_bytes(&writer, path, strlen(path));
    }
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    lm_cli_put(&text, cli->out.file, NULL);
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct publish_args *args = given;
    struct lm_loaded loaded = {0};
    struct lm_run_result result = {0};
    struct lm_err err = {0};
    (void)count;
    int status = lm_loaded_plan(&loaded, cli, operands[0], &args->spec, NULL, 0);
    if (status == LM_EXIT_OK) {
        enum lm_status published = lm_publish(loaded.plan, &result, &err);
        status = published == LM_OK ? result.exit_code
                                    : lm_cli_fail(cli, lm_exit_of(published), err.text);
        if (args->json && published == LM_OK)
            print_json(&result, cli);
        else
            lm_run_table_published(&result, cli);
        lm_run_result_release(&result);
    }
    lm_loaded_release(&loaded);
    return status;
}

const struct lm_command lm_command_publish = {
    .name = "publish",
    .summary = "publish again what the spec declares, for stages that are up to date",
    .operands = "SPEC",
    .min_operands = 1,
    .max_operands = 1,
    .options = options,
    .args_size = sizeof(struct publish_args),
    .example = "lmpipe publish experiments/jargon.yaml",
    .run = run,
};
