/* Stored bytes read again: `cache verify`, `verify --store`. */
#include "store_report.h"

#include <string.h>

#include "base/pool.h"
#include "human.h"
#include "loaded.h"

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

static void put_members(struct lm_json_writer *writer, const struct lm_store_check *check)
{
    const struct {
        const char *name;
        uint64_t count;
    } rows[] = {{"objects", check->objects}, {"bytes", check->bytes},
                {"records", check->records}, {"damaged", check->damaged},
                {"missing", check->missing}, {"unreadable", check->unreadable}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        lm_json_member_int(writer, rows[i].name, (int64_t)rows[i].count);
}

static enum lm_status check_stored(struct lm_store *store, const struct lm_plan *plan,
                                   const struct lm_selection *selection,
                                   const struct lm_store_check_options *how,
                                   struct lm_store_check *check, struct lm_err *err)
{
    return plan == NULL ? lm_store_check(store, how, check, err)
                        : lm_verify_stored(plan, selection->targets, selection->target_count, how,
                                           check, err);
}

int lm_store_report(struct lm_cli *cli, struct lm_store *store, const struct lm_store_reread *what,
                    struct lm_json_writer *json)
{
    struct lm_err err = {0};
    struct lm_store_check check = {0};
    struct lm_known_result *known = NULL;
    struct report report = {.cli = cli, .arena = cli->arena, .json = json, .out = cli->out.file};
    const struct lm_store_check_options how = {.threads = what->threads > 0 ? what->threads
                                                                            : lm_cpu_count(),
                                               .found = take_finding,
                                               .user = &report};
    if (what->root != NULL &&
        lm_known_results(&known, &report.known_count, cli->arena, what->root, NULL) == LM_OK)
        report.known = known;
    if (json != NULL) {
        lm_json_open(json, '{');
        lm_json_key(json, "findings");
        lm_json_open(json, '[');
    }
    if (check_stored(store, what->plan, what->selection, &how, &check, &err) != LM_OK)
        return lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    if (json != NULL) {
        lm_json_close(json, ']');
        put_members(json, &check);
        lm_json_close(json, '}');
    } else {
        put_summary(cli->out.file, &check);
    }
    return check.damaged + check.missing + check.unreadable > 0 ? LM_EXIT_STORE : LM_EXIT_OK;
}
