#include <lmpipe/stage.h>

#include "page/numtext.h"

#include "base/io.h"

#include "report_files.h"
#include "report_objective.h"
#include "report_page.h"

static const struct {
    const char *port;
    void (*write)(struct lm_buf *out, const struct report *report);
} files[] = {
    {"html", report_page_write},
    {"md", report_markdown_write},
    {"json", report_json_write},
    {"junit", report_junit_write},
};

enum { FILES = sizeof files / sizeof files[0] };

static enum lm_status write_files(const struct report *report, struct lm_ctx *ctx,
                                  struct lm_err *err)
{
    struct lm_buf out;
    enum lm_status status = LM_OK;
    lm_buf_init(&out, 0);
    for (size_t i = 0; i < FILES && status == LM_OK; i++) {
        lm_buf_clear(&out);
        files[i].write(&out, report);
        status = lm_buf_status(&out, err);
        if (status == LM_OK)
            status = lm_file_write(lm_ctx_output(ctx, files[i].port), out.data, out.size, err);
        lm_ctx_progress(ctx, i + 1, FILES, "files");
    }
    lm_buf_release(&out);
    return status;
}

static void put_headline(const struct report *report, struct lm_ctx *ctx)
{
    const struct report_objective *objective = report_objective_of(report);
    if (!report_has_scores(report) && objective != NULL) {
        const struct report_figure *figure = &objective->headline;
        struct lm_num value =
            report_figure_text(figure, report_score(report, report->examples_split, figure->key));
        lm_ctx_headline(ctx, "%s %s %s", report->examples_split, value.text, figure->key);
        return;
    }
    struct lm_num bpb = lm_num_fixed(report_score(report, report->split, "bpb"), 2);
    lm_ctx_headline(ctx, "%s %s bpb", report->split, bpb.text);
}

lm_run_fn lm_run_report;

enum lm_status lm_run_report(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    struct report report;
    enum lm_status status = report_load(&report, ctx, params, err);
    if (status == LM_OK)
        status = write_files(&report, ctx, err);
    if (status == LM_OK) {
        put_headline(&report, ctx);
        lm_ctx_note(ctx, "%s", report.verdict);
    }
    report_release(&report);
    return status;
}
