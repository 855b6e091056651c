#include "verify_table.h"

#include "page/numtext.h"
#include "width.h"

static const char *const colors[LM_VERIFY_STATES] = {
    [LM_VERIFY_SAME] = "green",     [LM_VERIFY_DIFFERS] = "red",
    [LM_VERIFY_NO_RESULT] = "dim",  [LM_VERIFY_FAILED] = "red",
    [LM_VERIFY_STOPPED] = "yellow", [LM_VERIFY_UNINTERRUPTED] = "yellow"};

static void print_row(const struct lm_verify_row *row, size_t width, struct lm_cli *cli)
{
    FILE *out = cli->out.file;
    const char *text = lm_cli_text(cli, row->text);
    lm_stream_paint(&cli->out, colors[row->state]);
    fprintf(out, "%-15s", lm_verify_state_name(row->state));
    lm_stream_paint(&cli->out, "reset");
    fprintf(out, "  %s%*s", row->stage, (int)(width - lm_text_width(row->stage)), "");
    fprintf(out, "  %8s", row->seconds > 0 ? lm_num_seconds(row->seconds).text : "-");
    fprintf(out, text[0] != '\0' ? "  %s\n" : "%s\n", text);
}

void lm_verify_table_print(const struct lm_verify_result *result, struct lm_cli *cli)
{
    size_t width = 5;
    for (size_t i = 0; i < result->row_count; i++) {
        size_t columns = lm_text_width(result->rows[i].stage);
        width = columns > width ? columns : width;
    }
    for (size_t i = 0; i < result->row_count; i++)
        print_row(&result->rows[i], width, cli);
}

static void write_difference(struct lm_json_writer *writer, const struct lm_difference *difference)
{
    lm_json_key(writer, "difference");
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "port", difference->port);
    if (difference->file != NULL)
        lm_json_member_string(writer, "file", difference->file);
    lm_json_member_string(writer, "place", difference->place);
    lm_json_member_string(writer, "stored", difference->stored);
    lm_json_member_string(writer, "now", difference->now);
    lm_json_member_string(writer, "stored_digest", difference->stored_digest);
    lm_json_member_string(writer, "now_digest", difference->now_digest);
    lm_json_close(writer, '}');
}

static void write_row(struct lm_json_writer *writer, const struct lm_verify_row *row)
{
    static const struct lm_digest unknown;
    char hex[LM_DIGEST_HEX];
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "stage", row->stage);
    lm_json_member_string(writer, "state", lm_verify_state_name(row->state));
    lm_digest_hex(hex, &row->key);
    if (lm_digest_compare(&row->key, &unknown) != 0)
        lm_json_member_string(writer, "key", hex);
    if (row->seconds > 0) {
        lm_json_member_double(writer, "seconds", row->seconds);
        lm_json_member_int(writer, "threads", (int64_t)row->threads);
        lm_json_member_int(writer, "interruptions", (int64_t)row->interruptions);
    }
    if (row->text[0] != '\0')
        lm_json_member_string(writer, "text", row->text);
    if (row->difference != NULL)
        write_difference(writer, row->difference);
    lm_json_close(writer, '}');
}

void lm_verify_table_write(const struct lm_verify_result *result, struct lm_json_writer *writer)
{
    lm_json_key(writer, "stages");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < result->row_count; i++)
        write_row(writer, &result->rows[i]);
    lm_json_close(writer, ']');
}
