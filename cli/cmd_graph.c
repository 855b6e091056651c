/* lmpipe graph: the stages and what they hand to each other. */
#include "commands.h"
#include "loaded.h"

struct graph_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    int format;               /* enum lm_graph_format */
    bool json;
};

static const char *const formats[] = {"text", "dot", "mermaid", NULL};

static const struct lm_option options[] = {
    LM_SPEC_ROWS,
    {.name = "format",
     .kind = LM_O_CHOICE,
     .offset = offsetof(struct graph_args, format),
     .metavar = "text|dot|mermaid",
     .choices = formats,
     .help = "notation (default text)"},
    LM_JSON_ROW(struct graph_args, json, "an array for programs, an object a stage"),
    {0},
};

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct graph_args *args = given;
    struct lm_loaded loaded = {0};
    (void)count;
    int status = lm_loaded_spec(&loaded, cli, operands[0], &args->spec, 0);
    if (status == LM_EXIT_OK) {
        enum lm_graph_format format =
            args->json ? LM_GRAPH_JSON : (enum lm_graph_format)args->format;
        enum lm_status printed = lm_spec_print_graph(loaded.spec, format, cli->out.file);
        if (printed != LM_OK)
            status = lm_cli_fail(cli, lm_exit_of(printed), lm_status_text(printed));
    }
    lm_loaded_release(&loaded);
    return status;
}

const struct lm_command lm_command_graph = {
    .name = "graph",
    .summary = "the DAG of stages",
    .operands = "SPEC",
    .min_operands = 1,
    .max_operands = 1,
    .options = options,
    .args_size = sizeof(struct graph_args),
    .notes =
        "A stage that waits for gates, such as report, is joined to the stages they judge by a\n"
        "double line (text) or a dashed arrow (dot, mermaid) besides what it takes.",
    .example = "lmpipe graph experiments/jargon.yaml --format mermaid",
    .run = run,
};
