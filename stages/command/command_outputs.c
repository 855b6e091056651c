#include "command_outputs.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/json.h"

enum { SCORES_MOST = 16 << 20, METRICS_MOST = 10000, NAME_LONGEST = 200, TOLD = 2 };

/** Reading a file of scores. */
struct reading {
    struct lm_ctx *ctx;
    const char *output;
    struct lm_err *err;
    enum lm_status status;
    size_t count; /**< of all outputs */
    char headline[160];
};

static enum lm_status refuse(struct reading *reading, const char *name, const char *what)
{
    return lm_fail(reading->err, LM_INVALID, "its output %s is no flat JSON of numbers: '%.*s' %s",
                   reading->output, NAME_LONGEST, name, what);
}

static bool is_name(const char *name)
{
    for (const char *at = name; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f)
            return false;
    return name[0] != '\0' && strlen(name) <= NAME_LONGEST;
}

static void tell(struct reading *reading, const char *name, double value)
{
    size_t used = strlen(reading->headline);
    if (reading->count <= TOLD)
        snprintf(reading->headline + used, sizeof reading->headline - used, "%s%.60s %.4g",
                 used > 0 ? ", " : "", name, value);
}

static bool take_number(void *user, const char *name, const struct lm_json *value)
{
    struct reading *reading = user;
    double number = lm_json_double(value, (double)NAN);
    if (!lm_json_is_number(value))
        reading->status = refuse(reading, name, "is no number");
    else if (!isfinite(number))
        reading->status = refuse(reading, name, "is not finite");
    else if (!is_name(name))
        reading->status = refuse(reading, name,
                                 "is no name: a blank or a control character is in "
                                 "it, or it is too long");
    else if (++reading->count > METRICS_MOST)
        reading->status = refuse(reading, name, "is one too many: at most 10,000 are taken");
    if (reading->status != LM_OK)
        return false;
    lm_ctx_result(reading->ctx, name, number);
    tell(reading, name, number);
    return true;
}

static enum lm_status read_scores(struct reading *reading, const char *path, struct lm_err *err)
{
    struct lm_err why = {.status = LM_OK};
    struct lm_json *root = NULL;
    char *text;
    size_t size;
    LM_TRY(lm_file_read(&text, &size, lm_ctx_arena(reading->ctx), path, SCORES_MOST, err));
    enum lm_status status = lm_json_parse(&root, text, size, &why);
    if (status == LM_NOMEM)
        return lm_fail(err, LM_NOMEM, "%s", why.text);
    if (status != LM_OK)
        return lm_fail(err, LM_INVALID, "its output %s is no flat JSON of numbers: %s%s",
                       reading->output, why.text,
                       strstr(text, "NaN") || strstr(text, "Infinity")
                           ? "; NaN and Infinity are no JSON: leave such numbers out"
                           : "");
    if (lm_json_is_object(root))
        lm_json_each(root, take_number, reading);
    else
        reading->status = lm_fail(err, LM_INVALID,
                                  "its output %s is no flat JSON of numbers, such as "
                                  "{\"accuracy\": 0.5}: it is no object",
                                  reading->output);
    lm_json_free(root);
    return reading->status;
}

/** Why an output cannot be taken, or NULL. */
static const char *check_shape(const char *path, bool folder)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? "is missing: the program ended well without writing it"
                               : "cannot be looked at";
    if (S_ISLNK(st.st_mode))
        return "is a link; write a copy";
    if (folder && !S_ISDIR(st.st_mode))
        return "is a file, and a folder of its kind was declared; write files below it";
    if (!folder && S_ISDIR(st.st_mode))
        return "is a folder, and a file of its kind was declared";
    return S_ISDIR(st.st_mode) || S_ISREG(st.st_mode) ? NULL : "is no plain file";
}

enum lm_status command_outputs_take(struct lm_ctx *ctx, const struct command_params *params,
                                    struct lm_err *err)
{
    const struct command_output *rows = params->outputs.items;
    struct reading reading = {.ctx = ctx, .err = err};
    for (size_t i = 0; i < params->outputs.count; i++) {
        const char *path = lm_ctx_output(ctx, rows[i].name);
        const char *wrong = check_shape(path, command_is_folder(rows[i].kind));
        if (wrong != NULL)
            return lm_fail(err, LM_INVALID, "its output %s (%s) %s", rows[i].name, rows[i].kind,
                           wrong);
        reading.output = rows[i].name;
        if (strcmp(rows[i].kind, "scores") == 0)
            LM_TRY(read_scores(&reading, path, err));
    }
    if (reading.headline[0] != '\0')
        lm_ctx_headline(ctx, "%s", reading.headline);
    return LM_OK;
}
