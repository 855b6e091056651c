#include "run_table.h"

#include <string.h>

#include "human.h"
#include "page/numtext.h"
#include "width.h"

static const struct {
    const char *word, *color;
} states[] = {
    [LM_HIT] = {"hit", "dim"},         [LM_RUN] = {"run", "blue"},
    [LM_MAYBE] = {"maybe", "yellow"},  [LM_RESUME] = {"resume", "blue"},
    [LM_DONE] = {"done", "green"},     [LM_FAILED] = {"failed", "red"},
    [LM_SKIPPED] = {"skipped", "dim"}, [LM_STOPPED] = {"stopped", "yellow"},
};

const char *lm_state_word(enum lm_state state)
{
    return states[state].word;
}

const char *lm_state_color(enum lm_state state)
{
    return states[state].color;
}

static void print_word(struct lm_stream *out, const char *color, int width, const char *word)
{
    lm_stream_paint(out, color);
    fprintf(out->file, "%-*s", width, word);
    lm_stream_paint(out, "reset");
}

static void print_row(const struct lm_run_row *row, size_t width, struct lm_cli *cli)
{
    char seconds[32] = "-";
    FILE *out = cli->out.file;
    if (row->seconds > 0 && row->state != LM_HIT && row->state != LM_SKIPPED)
        snprintf(seconds, sizeof seconds, "%.31s", lm_num_seconds(row->seconds).text);
    fprintf(out, "%-*s  ", (int)width, row->stage);
    print_word(&cli->out, states[row->state].color, 7, states[row->state].word);
    fprintf(out, "  %8s", seconds);
    /* Why a stage was not reached stands in its row; why it failed deserves a line on stderr. */
    const char *told = row->state == LM_SKIPPED && row->error != NULL ? row->error : row->headline;
    const char *headline = told != NULL ? lm_cli_text(cli, told) : "";
    fprintf(out, headline[0] != '\0' ? "  %s\n" : "%s\n", headline);
}

static void print_gates(const struct lm_run_result *result, struct lm_cli *cli)
{
    static const struct {
        const char *word, *color;
    } verdicts[] = {[LM_GATE_PASS] = {"pass", "green"},
                    [LM_GATE_FAIL] = {"FAIL", "red"},
                    [LM_GATE_UNDECIDED] = {"undecided", "yellow"},
                    [LM_GATE_UNSELECTED] = {"skipped", "dim"}};

    for (size_t i = 0; i < result->gate_count; i++) {
        const struct lm_gate_row *gate = &result->gates[i];
        fputs("gate  ", cli->out.file);
        print_word(&cli->out, verdicts[gate->verdict].color, 9, verdicts[gate->verdict].word);
        fprintf(cli->out.file, "  %s\n", lm_cli_text(cli, gate->text));
    }
}

/* The error of the whole run says what this row does, and where. */
static bool is_told(const struct lm_run_result *result, const struct lm_run_row *row)
{
    if (result->error == NULL)
        return false;
    size_t whole = strlen(result->error), part = strlen(row->error);
    return part <= whole && strcmp(result->error + whole - part, row->error) == 0;
}

void lm_run_table_print(const struct lm_run_result *result, struct lm_cli *cli)
{
    size_t width = 5;
    for (size_t i = 0; i < result->row_count; i++) {
        size_t columns = lm_text_width(result->rows[i].stage);
        width = columns > width ? columns : width;
    }
    lm_stream_paint(&cli->out, "bold");
    fprintf(cli->out.file, "%-*s  %-7s  %8s  result", (int)width, "stage", "state", "time");
    lm_stream_paint(&cli->out, "reset");
    fputc('\n', cli->out.file);
    for (size_t i = 0; i < result->row_count; i++)
        print_row(&result->rows[i], width, cli);
    print_gates(result, cli);
    lm_stream_flush(&cli->out);
    for (size_t i = 0; i < result->row_count; i++) {
        const struct lm_run_row *row = &result->rows[i];
        if (row->error == NULL || row->state == LM_SKIPPED || is_told(result, row))
            continue;
        const char *text = lm_arena_printf(cli->arena, "stage %s: %s", row->stage, row->error);
        lm_cli_tell(cli, text != NULL ? text : row->error);
    }
}

void lm_run_table_published(const struct lm_run_result *result, struct lm_cli *cli)
{
    for (size_t i = 0; i < result->published_count; i++)
        fprintf(cli->out.file, "%s\n", lm_cli_text(cli, lm_cli_path(cli, result->published[i])));
}
