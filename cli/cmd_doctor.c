/* lmpipe doctor: the machine, the libraries, the store; what is wrong with them. */
#include <lmpipe/verify.h>

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"
#include "commands.h"
#include "human.h"
#include "loaded.h"
#include "worker_start.h"

struct doctor_args {
    const char *store;
    bool json;
};

static const struct lm_option options[] = {
    LM_STORE_ROW(struct doctor_args, store),
    LM_JSON_ROW(struct doctor_args, json, "an object for programs, in bytes"),
    {0},
};

static void print_machine(struct lm_cli *cli)
{
    struct utsname name;
    char memory[32], available[32];
    FILE *out = cli->out.file;
    char cpu[64];
    lm_cpu_name(cpu);
    fputs("lmpipe      " LM_VERSION "\n", out);
    if (uname(&name) == 0)
        fprintf(out, "system      %s %s %s\n", name.sysname, name.release, name.machine);
    fprintf(out, "processor   %s\n", cpu);
    fprintf(out, "threads     %zu allowed%s%s\n", lm_cpu_count(),
            cli->threads != NULL ? ", LMPIPE_THREADS=" : "",
            cli->threads != NULL ? lm_cli_text(cli, cli->threads) : "");
    fprintf(out, "memory      %s allowed, %s available now\n",
            lm_human_bytes(memory, lm_memory_limit()),
            lm_human_bytes(available, lm_memory_available()));
}

static void print_data(struct lm_cli *cli)
{
    const char *data = lm_cli_env(NULL, "LMPIPE_DATA");
    bool set = data != NULL && data[0] != '\0';
    fprintf(cli->out.file, "LMPIPE_DATA %s%s\n", set ? lm_cli_text(cli, data) : "not set",
            set && !lm_path_is_dir(data) ? " (no such folder: unset it or make it)" : "");
}

/* Where the store is, and whether there is one: one that is not there is not made, and is no fault.
 */
static const char *find_store(struct lm_cli *cli, const char *option, bool *is_there)
{
    const char *place = lm_store_place(cli, option, lm_root_here(cli));
    const char *version = place != NULL ? lm_path_join(cli->arena, place, "VERSION") : NULL;
    *is_there = version != NULL && lm_path_exists(version);
    return place;
}

/* What is to be said of a store, a line each. */
static int print_health(struct lm_cli *cli, const char *place, FILE *out)
{
    struct lm_store *store = NULL;
    struct lm_err err = {0};
    if (lm_store_open(&store, place, &err) != LM_OK || lm_store_doctor(store, out, &err) != LM_OK ||
        lm_verify_seen(store, out, &err) != LM_OK)
        lm_cli_fail(cli, 0, err.text);
    lm_store_close(store);
    return err.status == LM_OK ? LM_EXIT_OK : LM_EXIT_STORE;
}

static int print_store(struct lm_cli *cli, const char *option)
{
    bool is_there;
    const char *place = find_store(cli, option, &is_there);
    const char *shown = place != NULL ? lm_cli_text(cli, lm_cli_path(cli, place)) : "?";
    fprintf(cli->out.file, "store       %s%s\n", is_there ? "" : "none yet at ", shown);
    return is_there ? print_health(cli, place, cli->out.file) : LM_EXIT_OK;
}

/* ---- for programs ---- */

static void put_machine(struct lm_cli *cli, struct lm_json_writer *writer)
{
    struct utsname name;
    char cpu[64];
    const char *data = lm_cli_env(NULL, "LMPIPE_DATA");
    lm_cpu_name(cpu);
    lm_json_member_string(writer, "lmpipe", LM_VERSION);
    if (uname(&name) == 0)
        lm_json_member_string(
            writer, "system",
            lm_arena_printf(cli->arena, "%s %s %s", name.sysname, name.release, name.machine));
    lm_json_member_string(writer, "processor", cpu);
    lm_json_member_int(writer, "threads", (int64_t)lm_cpu_count());
    lm_json_member_int(writer, "memory", (int64_t)lm_memory_limit());
    lm_json_member_int(writer, "memory_available", (int64_t)lm_memory_available());
    lm_json_key(writer, "data");
    if (data != NULL && data[0] != '\0')
        lm_json_put_string(writer, data);
    else
        lm_json_put_null(writer);
}

/* The lines of its health; the exit status. */
static int put_health(struct lm_cli *cli, struct lm_json_writer *writer, const char *place)
{
    char *text = NULL;
    size_t size = 0;
    FILE *lines = open_memstream(&text, &size);
    if (lines == NULL)
        return lm_cli_fail(cli, LM_EXIT_STORE, "out of memory looking at the store");
    int status = print_health(cli, place, lines);
    fclose(lines);
    lm_json_key(writer, "health");
    lm_json_open(writer, '[');
    for (char *at = text, *end; at != NULL && (end = strchr(at, '\n')) != NULL; at = end + 1)
        lm_json_put_bytes(writer, at, (size_t)(end - at));
    lm_json_close(writer, ']');
    free(text);
    return status;
}

static int put_store(struct lm_cli *cli, struct lm_json_writer *writer, const char *option)
{
    bool is_there;
    const char *place = find_store(cli, option, &is_there);
    lm_json_key(writer, "store");
    lm_json_open(writer, '{');
    if (place != NULL)
        lm_json_member_string(writer, "path", place);
    lm_json_member_bool(writer, "is_there", is_there);
    int status = is_there ? put_health(cli, writer, place) : LM_EXIT_OK;
    lm_json_close(writer, '}');
    return status;
}

static int put_worker(struct lm_cli *cli, struct lm_json_writer *writer)
{
    struct lm_buf said;
    lm_buf_init(&said, 1 << 20);
    int status = lm_worker_ask(cli, "doctor", &said);
    lm_json_key(writer, "worker");
    if (status == LM_EXIT_OK && !said.failed && said.size > 1)
        lm_json_put_raw(writer, said.data, said.size - 1); /* without its line end */
    else
        lm_json_put_null(writer);
    lm_buf_release(&said);
    return status;
}

static int print_json(struct lm_cli *cli, const char *store)
{
    struct lm_json_writer writer;
    struct lm_buf text;
    struct lm_err err = {0};
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    lm_json_open(&writer, '{');
    put_machine(cli, &writer);
    if (cli->worker != NULL)
        lm_json_member_string(&writer, "worker_path", cli->worker);
    int worker = put_worker(cli, &writer);
    int health = put_store(cli, &writer, store);
    lm_json_close(&writer, '}');
    if (lm_cli_put(&text, cli->out.file, &err) != LM_OK)
        return lm_cli_fail(cli, LM_EXIT_STORE, err.text);
    return worker != LM_EXIT_OK ? worker : health;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct doctor_args *args = given;
    (void)operands, (void)count;
    if (args->json)
        return print_json(cli, args->store);
    print_machine(cli);
    print_data(cli);
    fprintf(cli->out.file, "worker      %s\n",
            cli->worker != NULL ? lm_cli_text(cli, cli->worker) : "not found");
    int worker = lm_worker_call(cli, "doctor");
    int store = print_store(cli, args->store);
    return worker != LM_EXIT_OK ? worker : store;
}

const struct lm_command lm_command_doctor = {
    .name = "doctor",
    .summary = "machine, kernels, libraries and store: what is there, what is wrong",
    .operands = "",
    .options = options,
    .args_size = sizeof(struct doctor_args),
    .example = "lmpipe doctor",
    .run = run,
};
