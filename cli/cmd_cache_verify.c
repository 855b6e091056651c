/* lmpipe cache verify: every byte of the store read again. */
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"
#include "commands.h"
#include "human.h"
#include "loaded.h"

struct verify_args {
    const char *store;
    bool json;
    int64_t threads;
};

static const struct lm_option options[] = {
    {.name = "store",
     .kind = LM_O_TEXT,
     .offset = offsetof(struct verify_args, store),
     .metavar = "DIR",
     .help = "the store (else LMPIPE_STORE, else artifacts/store below the root)"},
    {.name = "threads",
     .kind = LM_O_INT,
     .offset = offsetof(struct verify_args, threads),
     .metavar = "N",
     .min = 1,
     .max = 4096,
     .help = "threads that read (else LMPIPE_THREADS, else the cores allowed)"},
    {.name = "json",
     .kind = LM_O_FLAG,
     .offset = offsetof(struct verify_args, json),
     .help = "an object for programs"},
    {0},
};

/** Where findings go as they come. */
struct report {
    struct lm_cli *cli;
    struct lm_arena *arena;
    const struct lm_known_result *known; /**< which stages had which results last */
    size_t known_count;
    struct lm_json_writer *json; /**< or NULL: lines of text */
    FILE *out;
};

/** "experiment/stage", else what is known without a spec. */
static const char *name_of(const struct report *report, const struct lm_store_user *user)
{
    char hex[LM_DIGEST_HEX];
    for (size_t i = 0; i < report->known_count; i++)
        if (lm_digest_compare(&report->known[i].key, &user->key) == 0)
            return lm_arena_printf(report->arena, "%s/%s", report->known[i].experiment,
                                   report->known[i].stage);
    lm_digest_hex(hex, &user->key);
    return lm_arena_printf(report->arena, "%s%skey %.12s", user->type,
                           user->type[0] ? " with " : "", hex);
}

static void put_text(struct report *report, const struct lm_store_finding *finding)
{
    fprintf(report->out, "%-10s %s", finding->what, finding->path);
    for (size_t i = 0; i < finding->user_count; i++) {
        const char *name = name_of(report, &finding->users[i]);
        fputs(i == 0 ? ": " : ", ", report->out);
        fputs(lm_cli_text(report->cli, name != NULL ? name : "a stage"), report->out);
    }
    fputs(finding->user_count > 0 ? finding->user_count > 1 ? " run again\n" : " runs again\n"
                                  : ": no result needs it\n",
          report->out);
}

static void put_json(struct report *report, const struct lm_store_finding *finding)
{
    lm_json_open(report->json, '{');
    lm_json_member_string(report->json, "what", finding->what);
    lm_json_member_string(report->json, "path", finding->path);
    lm_json_key(report->json, "stages");
    lm_json_open(report->json, '[');
    for (size_t i = 0; i < finding->user_count; i++) {
        const char *name = name_of(report, &finding->users[i]);
        lm_json_put_string(report->json, name != NULL ? name : "");
    }
    lm_json_close(report->json, ']');
    lm_json_close(report->json, '}');
}

static void take_finding(void *user, const struct lm_store_finding *finding)
{
    struct report *report = user;
    if (report->json != NULL)
        put_json(report, finding);
    else
        put_text(report, finding);
}

static void put_summary(FILE *out, const struct lm_store_check *check)
{
    char objects[32], bytes[32], records[32];
    fprintf(out, "%s objects (%s) and %s records were read",
            lm_human_count(objects, check->objects), lm_human_bytes(bytes, check->bytes),
            lm_human_count(records, check->records));

    const struct {
        uint64_t count;
        const char *text;
    } rows[] = {{check->damaged, "damaged and set aside in damaged/"},
                {check->missing, "missing"},
                {check->unreadable, "unreadable"}};

    const char *between = ": ";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].count > 0) {
            fprintf(out, "%s%llu %s", between, (unsigned long long)rows[i].count, rows[i].text);
            between = ", ";
        }
    fputs(check->damaged + check->missing + check->unreadable > 0
              ? "; run the experiments again to make them anew\n"
              : ": all are as they were stored\n",
          out);
}

/** Closes the object whose findings are written; prints it. */
static enum lm_status put_object(struct lm_json_writer *writer, struct lm_buf *text, FILE *out,
                                 const struct lm_store_check *check, struct lm_err *err)
{
    const struct {
        const char *name;
        uint64_t count;
    } rows[] = {{"objects", check->objects}, {"bytes", check->bytes},
                {"records", check->records}, {"damaged", check->damaged},
                {"missing", check->missing}, {"unreadable", check->unreadable}};

    lm_json_close(writer, ']');
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        lm_json_member_int(writer, rows[i].name, (int64_t)rows[i].count);
    lm_json_close(writer, '}');
    lm_buf_putc(text, '\n');
    LM_TRY(lm_buf_status(text, err));
    fwrite(text->data, 1, text->size, out);
    return LM_OK;
}

/** Verifies and prints; the exit status. */
static int verify(struct lm_cli *cli, struct lm_store *store, size_t threads, bool json)
{
    struct lm_err err = {0};
    struct lm_buf text;
    struct lm_json_writer writer;
    struct lm_store_check check = {0};
    struct lm_known_result *known = NULL;
    struct report report = {.cli = cli, .arena = cli->arena, .out = cli->out.file};
    const struct lm_store_check_options how = {
        .threads = threads > 0 ? threads : lm_cpu_count(), .found = take_finding, .user = &report};
    const char *root = lm_root_here(cli);
    if (root != NULL &&
        lm_known_results(&known, &report.known_count, cli->arena, root, NULL) == LM_OK)
        report.known = known;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    if (json) {
        report.json = &writer;
        lm_json_open(&writer, '{');
        lm_json_key(&writer, "findings");
        lm_json_open(&writer, '[');
    }
    enum lm_status status = lm_store_check(store, &how, &check, &err);
    if (status == LM_OK && json)
        status = put_object(&writer, &text, cli->out.file, &check, &err);
    else if (status == LM_OK)
        put_summary(cli->out.file, &check);
    lm_buf_release(&text);
    if (status != LM_OK)
        return lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    return check.damaged + check.missing + check.unreadable > 0 ? LM_EXIT_STORE : LM_EXIT_OK;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct verify_args *args = given;
    struct lm_store *store = NULL;
    size_t threads = 0;
    (void)operands, (void)count;
    int status = lm_loaded_threads(&threads, cli, args->threads);
    if (status == LM_EXIT_OK)
        status = lm_loaded_store(&store, cli, args->store);
    if (status == LM_EXIT_OK)
        status = verify(cli, store, threads, args->json);
    lm_store_close(store);
    return status;
}

const struct lm_command lm_command_cache_verify = {
    .name = "cache verify",
    .summary =
        "read every stored byte again; set aside what is damaged, say which stages run again",
    .operands = "",
    .options = options,
    .args_size = sizeof(struct verify_args),
    .example = "lmpipe cache verify --store artifacts/store",
    .notes = "Exit status 3: something is damaged, missing or unreadable. What is damaged has been "
             "set aside, so that the next run makes it anew.",
    .run = run,
};
