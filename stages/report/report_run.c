#include <lmpipe/stage.h>

#include "base/io.h"

#include "report_changes.h"
#include "report_files.h"
#include "report_input.h"
#include "report_lineage.h"
#include "report_page.h"
#include "report_summary.h"

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
        if (*report->lacks_memory)
            status = lm_fail(err, LM_NOMEM, "no memory for the report; free some and run again");
        else
            status = lm_file_write_buf(lm_ctx_output(ctx, files[i].port), &out, err);
        lm_ctx_progress(ctx, i + 1, FILES, "files");
    }
    lm_buf_release(&out);
    return status;
}

/* What follows from the inputs, each from those before. */
static enum lm_status conclude(struct report *report, struct lm_err *err)
{
    LM_TRY(report_lineage_find(report, err));
    LM_TRY(report_gates_read(report, err));
    return report_summary_write(report, err);
}

lm_run_fn lm_run_report;

enum lm_status lm_run_report(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    struct report report;
    bool lacks_memory = false;
    enum lm_status status = report_load(&report, &lacks_memory, ctx, params, err);
    if (status == LM_OK)
        status = report_digests_take(&report, ctx, err);
    if (status == LM_OK)
        status = report_changes_find(&report, ctx, err);
    if (status == LM_OK)
        status = conclude(&report, err);
    if (status == LM_OK)
        status = write_files(&report, ctx, err);
    if (status == LM_OK) {
        lm_ctx_headline(ctx, "%s", report.summary.headline);
        lm_ctx_note(ctx, "%s", report.summary.text);
    }
    report_release(&report);
    return status;
}
